#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Provisions a bare virtual machine with ansible/ and uses it: packets into its NIC, records out of a real Kafka on this host.

The steps build on each other, so after one that failed the rest is skipped. Each is a case; the last line counts them. Logs, also of Ansible and of
the guest's console, stay in build/check-vm. TP_VM_BARE=1 takes an image without the libraries of Debian that the package needs, so that everything is
installed under emulation.

For work on a step: with --keep the guest is kept behind every step, and as it was when a step failed; Kafka's data stay, too. --from STEP then goes
on from what the step before left, and --look shows where something failed. Kafka does not go back in time with the guest, so what is sent has other
names in each run.
"""
import argparse
import json
import re
import signal
import subprocess
import sys
import time

from bed import ANSIBLE, FOLDER, TOP, Bed, breaks, expect, expect_equal, repacked, under_traffic
from guest import say
from step_apt import apt_remove_stops_the_service, apt_upgrade_loses_nothing
from step_dry_run import dry_run_finds_nothing_to_change, dry_run_on_a_bare_machine_changes_nothing
from step_kernel import kernel_gives_the_verdicts_of_the_vectors
from step_prometheus import prometheus_watches_the_appliance
from step_ptp import chrony_takes_the_clock_back, clock_follows_a_grandmaster, expect_ptp_alone
from step_shared_interface import expect_as_before_the_boot, interface_is_shared_with_the_host, rings_change_while_turnpike_runs


# ---- the steps, in their order ---------------------------------------------------------------------------------------------------------


def bare_machine_boots(bed):
    say(f"ssh after {bed.guest.until_ssh():.0f} s")
    given = bed.guest.ssh("cat /proc/cmdline /proc/sys/vm/nr_hugepages").split()
    expect("intel_iommu=on" not in given and given[-1] == "0", f"the machine is not bare: {given}")
    expect_equal(bed.driver(), "virtio-pci", "driver of the data port")


def management_port_is_refused(bed):
    pci = bed.guest.ssh("basename $(dirname $(dirname $(dirname $(readlink -f /sys/class/net/$(ip -j route show default | "
                        "python3 -c 'import json,sys; print(json.load(sys.stdin)[0][\"dev\"])')))))")
    said = bed.playbook("site.yml", "refused", "--limit", "appliances", "--tags", "nic", "-e",
                        json.dumps({"nic_ports": [{"name": "roadside", "pci": pci}]}), expected=1)
    expect("carries the default route" in said and "carries this ssh session" in said, f"what it said: {said[-2000:]}")
    expect_equal(bed.driver(), "virtio-pci", "driver of the data port")


def site_provisions(bed):
    bed.playbook("site.yml", "site")
    given = bed.guest.ssh("cat /proc/cmdline").split()
    for word in ("intel_iommu=on", "hugepages=512", "isolcpus=managed_irq,domain,2", "irqaffinity=0-1"):
        expect(word in given, f"{word} is not on the kernel command line: {given}")
    facts = bed.guest.ssh("cat /proc/sys/vm/nr_hugepages /sys/devices/system/cpu/isolated; ls /sys/class/iommu; systemctl is-active turnpike").split()
    expect_equal(facts, ["512", "2", "dmar0", "active"], "hugepages, isolated CPUs, IOMMU, service")
    expect_equal(bed.driver(), "vfio-pci", "driver of the data port")
    expect_equal(bed.guest.console().count("reboot: Restarting system"), 1, "reboots")


def packets_reach_kafka(bed):
    bed.expect_plates(bed.send_plates("AA"))
    used = bed.guest.ssh("grep -c . /dev/null; awk '/HugePages_Free/ {print $2}' /proc/meminfo; "
                         "ps -o user= -p $(systemctl show turnpike -p MainPID --value)").split()
    expect(int(used[1]) < 512, "turnpiked does not use the hugepages")
    expect_equal(used[2], "turnpike", "user of the daemon")


def worker_runs_on_the_isolated_cpu(bed):
    rows = bed.guest.ssh("ps -L -o psr=,comm= -p $(systemctl show turnpike -p MainPID --value); "
                         "grep -h Cpus_allowed_list /proc/$(systemctl show turnpike -p MainPID --value)/task/*/status").splitlines()
    expect(any(row.split()[-1] == "2" for row in rows if "Cpus_allowed_list" in row), f"no thread is bound to CPU 2: {rows}")


def verify_passes(bed):
    said = bed.playbook("verify.yml", "verify")
    expect("1000 datagrams were sent, received, and acknowledged by Kafka" in " ".join(said.split()), said[-2000:])


def verify_notices_loss(bed):
    """Nobody listens on this port, so the books do not move."""
    said = bed.playbook("verify.yml", "verify-loss", "-e", "verify_port=46998 verify_timeout_s=4 verify_count=50", expected=1)
    expect("50 datagrams were sent; the books of device verify moved by" in " ".join(said.split()), said[-2000:])


def rights_are_granted(bed):
    def tool(name, *words):
        return subprocess.run([str(bed.broker.tools / name), "--bootstrap-server", bed.broker.address, *words], check=True, text=True,
                              capture_output=True).stdout

    topics = tool("kafka-topics.sh", "--describe")
    contracts = {path.stem for path in (TOP / "contracts").glob("*.avsc")}
    found = {m[1]: int(m[2]) for m in re.finditer(r"^Topic: (\S+)\s.*PartitionCount: (\d+)", topics, re.MULTILINE)}
    expect_equal(set(found) - {"__consumer_offsets"}, contracts, "topics")
    expect_equal((found["raw.plate.read.v1"], found["ops.edge.stats.v1"]), (2, 1), "partitions")
    acls = tool("kafka-acls.sh", "--list")
    expect_equal(acls.count("principal=User:turnpike, host=*, operation=WRITE"), len(contracts), "topics that appliances may write")
    expect("patternType=PREFIXED" in acls and "principal=User:reader, host=*, operation=READ" in acls, f"rights of the reader: {acls}")
    quotas = tool("kafka-configs.sh", "--describe", "--entity-type", "users")
    expect("'reader' are consumer_byte_rate=1048576.0" in quotas, f"quotas: {quotas}")


def second_run_changes_nothing(bed):
    before = bed.guest.ssh("systemctl show turnpike -p MainPID --value")
    expect_equal(bed.changes(bed.playbook("site.yml", "second")), {"appliance": 0, "broker": 0}, "changes of a second run")
    expect_equal(bed.guest.ssh("systemctl show turnpike -p MainPID --value"), before, "process of the daemon")


def wrong_configuration_is_not_put_in_place(bed):
    before = bed.guest.ssh("sha256sum /etc/turnpike/turnpike.yaml; systemctl show turnpike -p MainPID --value")
    wrong = {"turnpike_config": {"ports": [{"name": "roadside", "addresses": ["10.88.0.10"]}], "listeners": [{"name": "x", "port": 1, "format": "plaet"}]}}
    said = bed.playbook("site.yml", "wrong", "--limit", "appliances", "--tags", "nic,config", "-e", json.dumps(wrong), expected=1)
    expect("plaet" in said and "did you mean 'plate'" in said, f"what it said: {said[-3000:]}")
    expect_equal(bed.guest.ssh("sha256sum /etc/turnpike/turnpike.yaml; systemctl show turnpike -p MainPID --value"), before, "file and process")


def systemd_sees_it_as_the_unit_says(bed):
    shown = dict(line.split("=", 1) for line in bed.guest.ssh(
        "systemctl show turnpike -p Type,SubState,NRestarts,WatchdogUSec,StatusText,User,Result,UnitFileState").splitlines())
    level = bed.guest.ssh("systemd-analyze security turnpike --no-pager | tail -1")
    say(f"{shown}; {level}")
    expect_equal({key: shown[key] for key in shown if key != "StatusText"},
                 {"Type": "notify", "SubState": "running", "NRestarts": "0", "WatchdogUSec": "30s", "User": "turnpike", "Result": "success",
                  "UnitFileState": "enabled"}, "systemctl show")
    expect(float(re.search(r"level for turnpike.service: ([0-9.]+)", level)[1]) <= 3.0, f"exposure: {level}")


def reload_breaks_no_connection(bed):
    before = bed.guest.ssh("systemctl show turnpike -p MainPID --value")
    lines = int(bed.guest.ssh("journalctl -u turnpike -o cat | grep -c ': in force, '", check=False))

    def change():
        bed.guest.ssh("systemctl reload turnpike")
        deadline = time.monotonic() + 120
        while int(bed.guest.ssh("journalctl -u turnpike -o cat | grep -c ': in force, '", check=False)) == lines:
            expect(time.monotonic() < deadline, "the journal does not say within 120 s that the configuration is in force")
            time.sleep(1)

    under_traffic(bed, "reload", change, interrupts=False)
    expect_equal(bed.guest.ssh("systemctl show turnpike -p MainPID --value"), before, "process of the daemon")


def stopping_and_starting_loses_nothing(bed):
    under_traffic(bed, "restart", lambda: bed.guest.ssh("systemctl stop turnpike && systemctl start turnpike", limit=300))
    expect(json.loads(bed.guest.ssh("cat /var/lib/turnpike/books.json"))["balanced"], "the books that were written at the stop do not balance")


def watchdog_starts_again_what_stands_still(bed):
    def change():
        bed.guest.ssh("kill -STOP $(systemctl show turnpike -p MainPID --value)")
        deadline = time.monotonic() + 180
        while bed.guest.ssh("systemctl show turnpike -p NRestarts --value") == "0":
            expect(time.monotonic() < deadline, "the watchdog has not bitten within 180 s")
            time.sleep(2)
        bed.until_active()

    under_traffic(bed, "watchdog", change)
    said = bed.guest.ssh("journalctl -u turnpike -o cat | grep -i watchdog | tail -3")
    expect("Watchdog timeout" in said, f"what the journal says: {said}")


def change_is_put_in_force_without_a_restart(bed):
    """One more listener: the process is the same, no connection breaks, and the listener receives."""
    before = bed.guest.ssh("systemctl show turnpike -p MainPID --value")
    said = subprocess.run(["ansible-inventory", "-i", "inventories/test-bed", "--host", "appliance"], cwd=ANSIBLE, check=True, stdout=subprocess.PIPE)
    config = json.loads(said.stdout)["turnpike_config"]
    config["listeners"].append({**config["listeners"][0], "name": "more-plates", "port": 47002})

    def change():
        said = bed.playbook("site.yml", "change", "--limit", "appliances", "--tags", "nic,config", "-e", json.dumps({"turnpike_config": config}))
        expect("Apply the configuration while traffic runs" in said, said[-3000:])

    under_traffic(bed, "change", change, interrupts=False)
    expect_equal(bed.guest.ssh("systemctl show turnpike -p MainPID --value"), before, "process of the daemon")
    bed.expect_plates(bed.send_plates("CC", 47002))


def upgrade_loses_nothing(bed):
    new, version = repacked(bed.package, "+vm1", FOLDER)
    under_traffic(bed, "upgrade", lambda: bed.playbook("upgrade.yml", "upgrade", "-e", f"turnpike_package={new}"))
    expect_equal(bed.guest.ssh("dpkg-query -W -f '${Version}' turnpike; systemctl is-active turnpike"), f"{version}active", "after the upgrade")
    balanced = json.loads(bed.guest.ssh("cat /var/lib/turnpike/books.json"))["balanced"]
    expect(balanced, "the books that were written when the version before was drained do not balance")
    bed.package = new


def bad_version_is_rolled_back(bed):
    bad, _ = repacked(bed.package, "+vm2", FOLDER, breaks)
    before = bed.guest.ssh("dpkg-query -W -f '${Version}' turnpike")

    def change():
        said = bed.playbook("upgrade.yml", "rollback", "-e", f"turnpike_package={bad} turnpike_health_timeout_s=60", expected=1)
        expect(f"{before} runs again" in " ".join(said.split()), said[-2000:])  # Ansible breaks lines

    under_traffic(bed, "rollback", change)
    expect_equal(bed.guest.ssh("dpkg-query -W -f '${Version}' turnpike; systemctl is-active turnpike"), f"{before}active", "after going back")


def power_cut_is_survived(bed):
    say(f"ssh after {bed.guest.power_cut():.0f} s")
    bed.until_active()
    expect_equal(bed.driver(), "vfio-pci", "driver of the data port")
    bed.expect_plates(bed.send_plates("BB"))
    expect_as_before_the_boot(bed)
    expect_ptp_alone(bed)


def removing_gives_the_nic_back(bed):
    bed.playbook("remove.yml", "remove")
    expect_equal(bed.driver(), "virtio-pci", "driver of the data port")
    expect_equal(bed.guest.ssh("cat /sys/class/net/enp0s16/address"), "52:54:00:00:01:01", "MAC of its interface")
    left = bed.guest.ssh("dpkg-query -W -f '${db:Status-Status}' turnpike 2>/dev/null; ls -d /etc/turnpike /var/cache/turnpike /var/lib/turnpike "
                         "/etc/default/grub.d/50-turnpike.cfg /etc/driverctl.d/pci-* /etc/modules-load.d/turnpike-vfio.conf "
                         "/etc/ansible/facts.d/turnpike_nic.fact /etc/systemd/system/turnpike-nic-* 2>/dev/null; grep -o isolcpus /boot/grub/grub.cfg | head -1", check=False)
    expect_equal(left, "", "what is left")


STEPS = (bare_machine_boots, management_port_is_refused, dry_run_on_a_bare_machine_changes_nothing, site_provisions, packets_reach_kafka,
         worker_runs_on_the_isolated_cpu, kernel_gives_the_verdicts_of_the_vectors, interface_is_shared_with_the_host,
         prometheus_watches_the_appliance, verify_passes, verify_notices_loss, rights_are_granted, dry_run_finds_nothing_to_change,
         second_run_changes_nothing, wrong_configuration_is_not_put_in_place, change_is_put_in_force_without_a_restart,
         systemd_sees_it_as_the_unit_says, reload_breaks_no_connection, stopping_and_starting_loses_nothing,
         watchdog_starts_again_what_stands_still, upgrade_loses_nothing, bad_version_is_rolled_back, apt_upgrade_loses_nothing,
         apt_remove_stops_the_service, rings_change_while_turnpike_runs, clock_follows_a_grandmaster, power_cut_is_survived,
         chrony_takes_the_clock_back, removing_gives_the_nic_back)


def run_step(bed, step):
    """None, or what went wrong."""
    try:
        step(bed)
    except (AssertionError, subprocess.SubprocessError, OSError, KeyError, ValueError, TimeoutError) as error:
        return f"{type(error).__name__}: {error}"
    return None


def run_steps(bed, first, last):
    counts, skipping = {"passed": 0, "failed": 0, "skipped": 0}, False
    for number, step in enumerate(STEPS):
        name, begin, outcome = step.__name__.replace("_", " "), time.monotonic(), "skipped"
        if not skipping and first <= number <= last:
            say(name)
            wrong = run_step(bed, step)
            outcome, skipping = ("failed", True) if wrong else ("passed", False)
            print("".join(f"    | {line}\n" for line in (wrong or "").splitlines()[-60:]), end="", flush=True)
            if bed.keep and bed.guest.process.poll() is None:
                bed.guest.keep("failed" if wrong else step.__name__)
        counts[outcome] += 1
        print(f"  {outcome:8}{name} ({time.monotonic() - begin:.0f} s)", flush=True)
    return counts


def look(bed):
    say(f"ssh {' '.join(bed.guest.ssh_options())} root@127.0.0.1; Kafka is on {bed.broker.address}; ends with Control-C")
    bed.guest.process.wait()


def number_of(text):
    word = text.replace(" ", "_")
    found = [number for number, step in enumerate(STEPS) if word == step.__name__] or [number for number, step in enumerate(STEPS) if word in step.__name__]
    if len(found) != 1:
        raise argparse.ArgumentTypeError(f"'{text}' is in the names of {len(found)} steps, expected one of: {', '.join(s.__name__ for s in STEPS)}")
    return found[0]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0], epilog="A step is named by its name, or by any part of it that no other has.")
    parser.add_argument("--from", dest="first", metavar="STEP", type=number_of, default=0, help="go on from what the step before left; means --keep")
    parser.add_argument("--to", dest="last", metavar="STEP", type=number_of, default=len(STEPS) - 1, help="end behind this step")
    parser.add_argument("--keep", action="store_true", help="keep the guest behind each step")
    parser.add_argument("--look", metavar="STEP", nargs="?", const="failed", help="the guest as the step left it, or as it failed, to be looked at by ssh")
    return parser.parse_args()


def main():
    options = arguments()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(143))
    snapshot = STEPS[options.first - 1].__name__ if options.first else None
    if options.look:
        snapshot = options.look if options.look == "failed" else STEPS[number_of(options.look)].__name__
    bed = Bed(snapshot, options.keep or bool(snapshot))
    try:
        bed.open()
        if options.look:
            return look(bed)
        counts = run_steps(bed, options.first, options.last)
    finally:
        bed.close()
    print(f"vm: logs are in {FOLDER.relative_to(TOP)}")
    print(", ".join(f"{count} {outcome}" for outcome, count in counts.items()), flush=True)
    return 1 if counts["failed"] or not counts["passed"] else 0


if __name__ == "__main__":
    sys.exit(main())
