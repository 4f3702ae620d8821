# SPDX-License-Identifier: BSD-3-Clause
"""Steps: an interface that turnpiked shares with the host through AF_XDP. The role has set its queues, rings and MTU; datagrams come through it while
the NIC on vfio-pci receives; ping and ssh to the host's own address on it go on meanwhile."""
import concurrent.futures
import json
import subprocess

from bed import SHARED_APPLIANCE, SHARED_CAMERA, SHARED_HOST, expect, expect_equal
from guest import DATA_MAC, SHARED_INTERFACE, SHARED_MAC

PORTS = [{"name": "roadside", "mac": DATA_MAC},
         {"name": "shared", "mac": SHARED_MAC, "driver": "af_xdp", "queues": 1, "rx_ring": 256, "tx_ring": 128, "mtu": 1460}]
UNIT = f"turnpike-nic-{SHARED_INTERFACE}"


def settings(bed, part):
    """Queues, rings and MTU: the current ones, or with part 'Pre-set' the largest that the NIC has."""
    return [int(word) for word in bed.guest.ssh(
        f"ethtool -l {SHARED_INTERFACE} | awk '/^(Pre-set|Current)/ {{ part = $1 }} part == \"{part}\" && /^Combined/ {{ print $2 }}'; "
        f"ethtool -g {SHARED_INTERFACE} | awk '/^(Pre-set|Current)/ {{ part = $1 }} part == \"{part}\" && /^(RX|TX):/ {{ print $2 }}'; "
        f"cat /sys/class/net/{SHARED_INTERFACE}/mtu").split()]


def expect_set(bed, wanted):
    largest = settings(bed, "Pre-set")
    expect(all(a < b for a, b in zip(wanted[:3], largest)), f"the NIC could have {largest} by itself, so {wanted} would show nothing")
    expect_equal(settings(bed, "Current"), wanted, "combined queues, RX ring, TX ring, MTU")
    expect_equal(bed.guest.ssh(f"systemctl is-enabled {UNIT}; systemctl is-active {UNIT}").split(), ["enabled", "active"], f"{UNIT}.service")


def expect_native_program(bed):
    link = json.loads(bed.guest.ssh(f"ip -j link show {SHARED_INTERFACE}"))[0]
    expect_equal(link.get("xdp", {}).get("mode"), 1, "mode of the XDP program (1: native)")
    pins = bed.guest.ssh("ls /sys/fs/bpf/turnpike/appliance/shared", check=False).split()
    expect("guard_prefixes" in pins, f"its maps are not pinned: {pins}; {bed.guest.ssh('journalctl -u turnpike -o cat | grep ^port')[-500:]}")


def reach_the_host(bed):
    """Ping and ssh through the shared interface. What was wrong, or None."""
    ping = bed.wire.run(["ping", "-c", "3", "-W", "10", SHARED_HOST], stdout=subprocess.PIPE, text=True)
    ssh = bed.wire.run(["ssh", *bed.guest.ssh_options(22), f"root@{SHARED_HOST}", "echo $SSH_CONNECTION"], stdin=subprocess.DEVNULL,
                       stdout=subprocess.PIPE, text=True, timeout=120)
    expect_equal(ping.returncode, 0, f"ping of {SHARED_HOST}: {ping.stdout}")
    expect_equal(ssh.stdout.split()[:1] + ssh.stdout.split()[2:3], [SHARED_CAMERA, SHARED_HOST], "ends of the ssh session through the interface")


def expect_both_ports_receive(bed, shared, own):
    """Datagrams into both NICs at once, each with plates of its own prefix, while the host is reached through one of them."""
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        jobs = [pool.submit(bed.send_plates, shared, source=SHARED_CAMERA, target=SHARED_APPLIANCE), pool.submit(bed.send_plates, own),
                pool.submit(reach_the_host, bed)]
        sent = [job.result() for job in jobs]
    for plates in sent[:2]:
        bed.expect_plates(plates)


def interface_is_shared_with_the_host(bed):
    expect_set(bed, [1, 512, 128, 1460])
    expect_native_program(bed)
    expect_both_ports_receive(bed, "SA", "SB")


def rings_change_while_turnpike_runs(bed):
    """A driver does not change them under an AF_XDP socket, so the role stops turnpike and starts it again."""
    before = bed.guest.ssh("systemctl show turnpike -p MainPID --value")
    said = bed.playbook("site.yml", "rings", "--limit", "appliances", "--tags", "nic", "-e", json.dumps({"nic_ports": PORTS}))
    expect("Set queues and rings" in said, said[-2000:])
    expect_set(bed, [1, 256, 128, 1460])
    bed.until_active()
    expect(bed.guest.ssh("systemctl show turnpike -p MainPID --value") != before, "turnpike was not stopped for it")
    expect(json.loads(bed.guest.ssh("cat /var/lib/turnpike/books.json"))["balanced"], "the books that were written at the stop do not balance")
    expect_both_ports_receive(bed, "SC", "SD")


def expect_as_before_the_boot(bed):
    """Behind a boot: the rings of the step above."""
    expect_set(bed, [1, 256, 128, 1460])
    expect_native_program(bed)
    expect_both_ports_receive(bed, "SE", "SF")
