# SPDX-License-Identifier: BSD-3-Clause
"""Steps: the clock goes from chrony to PTP and back, and never has two that set it.

The grandmaster is a ptp4l in the network behind the shared interface, so PTP also shows that the XDP program leaves to the kernel what is not the
appliance's. No NIC of this machine has a clock: timestamps are those of software, and phc2sys, which carries a NIC's clock to the system's, has
nothing to run on; only that it would be started behind its ptp4l is looked at.
"""
import contextlib
import json
import subprocess
import time

from bed import FOLDER, expect, expect_equal
from guest import SHARED_INTERFACE

DOMAIN, WRONG_S = 7, 100
PTP = {"host_time": "ptp", "host_ptp_interface": SHARED_INTERFACE, "host_ptp_domain": DOMAIN}
SOFTWARE = {**PTP, "host_ptp_timestamping": "software"}
KEEPERS = ("chrony", f"ptp4l@{SHARED_INTERFACE}", f"phc2sys@{SHARED_INTERFACE}", "timemaster")


def keepers(bed):
    """Those of KEEPERS that run, and those that start at boot."""
    rows = bed.guest.ssh(f"for unit in {' '.join(KEEPERS)}; do echo $unit $(systemctl is-active $unit) $(systemctl is-enabled $unit 2>/dev/null); done")
    words = [row.split() for row in rows.splitlines()]
    return ([row[0] for row in words if row[1] not in ("inactive", "failed")], [row[0] for row in words if row[2:] == ["enabled"]])


def set_clock(bed, log, variables, expected=0):
    return bed.playbook("site.yml", log, "--limit", "appliances", "--tags", "preflight,time", "-e", json.dumps(variables), expected=expected)


@contextlib.contextmanager
def grandmaster(bed):
    """The guest's own program on this host, told to leave the host's clock alone."""
    program, config = FOLDER / "ptp4l", FOLDER / "grandmaster.conf"
    with open(program, "wb") as file:
        subprocess.run(["ssh", *bed.guest.ssh_options(), "root@127.0.0.1", "cat /usr/sbin/ptp4l"], stdin=subprocess.DEVNULL, stdout=file, check=True)
    program.chmod(0o755)
    config.write_text(f"[global]\ndomainNumber {DOMAIN}\nmasterOnly 1\nfree_running 1\ntime_stamping software\n"
                      f"uds_address {FOLDER}/ptp\n")
    with open(FOLDER / "grandmaster.log", "w", encoding="utf-8") as log, subprocess.Popen(
            bed.wire.command([program, "-f", config, "-i", "shared0", "-m"]), stdin=subprocess.DEVNULL, stdout=log, stderr=log) as child:
        try:
            yield child
        finally:
            child.terminate()


def offset(bed):
    """How far the guest's clock is ahead of the host's, in seconds, to within half the time that asking took."""
    begin = time.time()
    there = float(bed.guest.ssh("date +%s.%N"))
    return there - (begin + time.time()) / 2


def follow(bed, limit=180):
    """Until the guest's clock has the grandmaster's time. It was wrong before."""
    with grandmaster(bed) as master:
        deadline = time.monotonic() + limit
        while "portState               SLAVE" not in bed.guest.ssh(f"pmc -u -b 0 -d {DOMAIN} 'GET PORT_DATA_SET'", check=False):
            expect(master.poll() is None, f"the grandmaster ended: {(FOLDER / 'grandmaster.log').read_text()[-1000:]}")
            expect(time.monotonic() < deadline, f"no SLAVE within {limit} s: {bed.guest.ssh('journalctl -u ptp4l@* | tail -20')}")
            time.sleep(2)
        expect(abs(offset(bed)) < WRONG_S / 10, f"the guest's clock is {offset(bed):.3f} s ahead of the grandmaster's")


def expect_ptp_alone(bed):
    expect_equal(keepers(bed), ([f"ptp4l@{SHARED_INTERFACE}"],) * 2, "what sets the clock, now and at boot")


def clock_follows_a_grandmaster(bed):
    said = set_clock(bed, "ptp-hardware", PTP, expected=1)
    expect(f"{SHARED_INTERFACE} has no clock that PTP could set" in " ".join(said.split()), said[-2000:])
    expect_equal(keepers(bed), (["chrony"],) * 2, "what sets the clock behind a run that was refused")
    set_clock(bed, "ptp", SOFTWARE)
    expect_ptp_alone(bed)
    expect_equal(bed.changes(set_clock(bed, "ptp-second", SOFTWARE)), {"appliance": 0}, "changes of a second run")
    shown = bed.guest.ssh(f"systemctl show phc2sys@{SHARED_INTERFACE} -p LoadState -p Requires")
    expect("LoadState=loaded" in shown and f"ptp4l@{SHARED_INTERFACE}.service" in shown, f"phc2sys would not start: {shown}")
    bed.guest.ssh(f"systemctl stop ptp4l@{SHARED_INTERFACE}; date -s @{time.time() - WRONG_S:.0f}; systemctl start ptp4l@{SHARED_INTERFACE}")
    expect(offset(bed) < -WRONG_S / 2, f"the guest's clock is {offset(bed):.3f} s ahead although it was set wrong")
    follow(bed)


def chrony_takes_the_clock_back(bed):
    set_clock(bed, "chrony", {})
    expect_equal(keepers(bed), (["chrony"],) * 2, "what sets the clock, now and at boot")
