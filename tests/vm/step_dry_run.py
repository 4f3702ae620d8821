# SPDX-License-Identifier: BSD-3-Clause
"""Steps: `ansible-playbook site.yml --check --diff` changes nothing. On a bare machine it says what it would change, on one that is provisioned that
there is nothing."""
import re

from bed import expect, expect_equal

# What a playbook could change on the machine: files, packages, units, drivers, sysctls. Not the lists of packages, which are not the machine's state.
STATE = ("find /etc /usr/local /boot /var/cache/turnpike /sys/bus/pci/drivers/*/ -maxdepth 6 \\( -type f -o -type l \\) -printf '%p %s %m %u %l\\n' "
         "2>/dev/null | sort; dpkg-query -W; systemctl list-unit-files --no-legend; sysctl vm.nr_hugepages")


def state(bed):
    return set(bed.guest.ssh(STATE).splitlines())


def dry_run(bed, log):
    """What the dry run said, after a look at whether it has changed anything."""
    before = state(bed)
    said = bed.playbook("site.yml", log, "--check", "--diff")
    expect_equal(sorted(state(bed) ^ before)[:10], [], "what a dry run has changed")
    return said


def dry_run_on_a_bare_machine_changes_nothing(bed):
    said = dry_run(bed, "dry-bare")
    for text in ("intel_iommu=on", "server 10.0.2.2 iburst", "ethtool -G enp0s17 rx 512 tx 128", "job_name: turnpike"):
        expect(text in said, f"the dry run does not show that it would write '{text}'")
    changes = bed.changes(said)
    expect(changes["appliance"] > 5 and changes["broker"] > 0, f"what it would change: {changes}")


def dry_run_finds_nothing_to_change(bed):
    said = dry_run(bed, "dry-second")
    expect_equal(bed.changes(said), {"appliance": 0, "broker": 0}, "changes that a dry run of what is provisioned announces")
    expect_equal(re.findall(r"^(?:---|\+\+\+|[-+]\S).*$", said, re.MULTILINE), [], "differences that it shows")
