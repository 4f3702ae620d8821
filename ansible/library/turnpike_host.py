#!/usr/bin/python
# SPDX-License-Identifier: BSD-3-Clause
"""Holds a machine against what an appliance needs, and says what is missing in sentences a person can act on. Changes nothing."""
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.turnpike_sysfs import System, format_cpus, parse_cpus

DOCUMENTATION = r"""
module: turnpike_host
short_description: Say what a machine lacks for turnpike
description:
  - Reads processors, memory, hugepages, IOMMU and kernel command line, and lists problems in plain words.
  - Works out the words of the kernel command line that the wanted settings need. Changes nothing.
options:
  root: {description: Folder that stands for /; for tests., type: path, default: /}
  hugepages: {description: Number of hugepages, type: int, default: 0}
  hugepage_kb: {description: Size of a hugepage in KiB, type: int, default: 2048}
  isolated: {description: CPUs kept free for workers as a list like 2-5, type: str, default: ""}
  iommu: {description: Whether a NIC is to be bound to vfio-pci, type: bool, default: true}
  words: {description: Further words of the kernel command line, type: list, elements: str, default: []}
  ptp: {description: Interface that shall hear PTP; empty for none, type: str, default: ""}
  ptp_clock: {description: Whether that interface must have a clock, type: bool, default: true}
author: [turnpike]
"""
EXAMPLES = r"""
- name: See what is missing
  turnpike_host:
    hugepages: 1024
    isolated: 2-3
"""
RETURN = r"""
problems: {description: What is missing in sentences, type: list, returned: always}
words: {description: Words the kernel command line must have, type: list, returned: always}
missing: {description: Those of them that the running kernel was not given, type: list, returned: always}
housekeeping: {description: CPUs that are not isolated, type: str, returned: always}
facts: {description: What was read, type: dict, returned: always}
"""
FLAGS = {"avx2": "AVX2", "bmi2": "BMI2", "fma": "FMA"}
KERNEL_MB = 512  # what Debian and the daemon's own memory need beside the hugepages


def processor_problems(system):
    lacking = [name for flag, name in FLAGS.items() if flag not in system.cpu_flags()]
    if not lacking:
        return []
    return [f"The processor has no {', '.join(lacking)}: turnpike needs x86-64-v3 (Intel Haswell, AMD Excavator, or later). "
            "In a virtual machine, give it the host's processor model (QEMU: -cpu host)."]


def hugepage_problems(system, count, size_kb):
    if not count:
        return []
    if system.hugepages(size_kb) is None:
        why = ("the processor has no 1 GiB pages (flag pdpe1gb)" if size_kb == 1048576 and "pdpe1gb" not in system.cpu_flags()
               else "the kernel offers no such size")
        return [f"Hugepages of {size_kb} KiB are wanted, but {why}. Choose host_hugepage_kb: 2048, or 1048576 where the processor has them."]
    need, have = count * size_kb // 1024, system.memory_mb()
    if need + KERNEL_MB > have:
        return [f"{count} hugepages of {size_kb} KiB are {need} MiB, and {KERNEL_MB} MiB must remain for the system, but the machine has "
                f"{have} MiB. Lower host_hugepages to {max(0, (have - KERNEL_MB) * 1024 // size_kb)} or fit more memory."]
    return []


def cpu_problems(system, isolated):
    present = system.cpus()
    absent = [cpu for cpu in isolated if cpu not in present]
    if absent:
        return [f"CPU {format_cpus(absent)} shall be isolated, but this machine has CPU {format_cpus(present)}. "
                "Correct host_isolated_cpus."]
    if 0 in isolated:
        return ["CPU 0 shall be isolated, but it must stay with the system: it takes interrupts and the clock. Take it out of host_isolated_cpus."]
    return []


def iommu_problems(system, wanted):
    if not wanted or system.iommu_on() or system.iommu_table():
        return []
    return ["The firmware offers no IOMMU (no ACPI table DMAR or IVRS), without which vfio-pci cannot take a NIC. Switch on \"VT-d\" (Intel) or "
            "\"AMD-Vi\" / \"IOMMU\" (AMD) in the firmware's setup; in a virtual machine, give it an IOMMU (QEMU: -device intel-iommu). "
            "Or use the NIC through the kernel: driver af_xdp."]


def ptp_problems(system, interface, clock):
    if not interface:
        return []
    if interface not in system.entries("/sys/class/net"):
        return [f"host_ptp_interface: this machine has no interface '{interface}', or its NIC is bound to vfio-pci. "
                f"Found: {', '.join(system.entries('/sys/class/net')) or 'none'}."]
    if clock and not system.entries(f"/sys/class/net/{interface}/device/ptp"):
        return [f"{interface} has no clock that PTP could set ('ethtool -T {interface}' says what it has). Name another NIC in host_ptp_interface, "
                "or choose host_ptp_timestamping: software, which is far less exact, or host_time: chrony."]
    return []


def boot_problems(system, missing):
    if not missing or system.exists("/usr/sbin/update-grub"):
        return []
    return [f"The kernel must be given '{' '.join(missing)}', but this machine does not boot with GRUB (no /usr/sbin/update-grub). "
            "Set them in its boot loader, reboot, and run this again."]


def wanted_words(system, params, isolated, housekeeping):
    words = []
    if params["iommu"]:
        words += (["intel_iommu=on"] if system.iommu_table() == "DMAR" else []) + ["iommu=pt"]
    if params["hugepages"]:
        size = "1G" if params["hugepage_kb"] == 1048576 else "2M"
        words += [f"default_hugepagesz={size}", f"hugepagesz={size}", f"hugepages={params['hugepages']}"]
    if isolated:
        cpus = format_cpus(isolated)
        words += [f"isolcpus=managed_irq,domain,{cpus}", f"nohz_full={cpus}", f"rcu_nocbs={cpus}",
                  f"irqaffinity={format_cpus(housekeeping)}"]
    return words + params["words"]


def examine(system, params):
    try:
        isolated = parse_cpus(params["isolated"])
    except ValueError:
        return {"problems": [f"host_isolated_cpus: found '{params['isolated']}', expected a list of CPUs like 2-5 or 2,3,6."]}
    housekeeping = [cpu for cpu in system.cpus() if cpu not in isolated]
    words = wanted_words(system, params, isolated, housekeeping)
    given = system.command_line()
    missing = [word for word in words if word not in given]
    problems = (processor_problems(system) + hugepage_problems(system, params["hugepages"], params["hugepage_kb"])
                + cpu_problems(system, isolated) + iommu_problems(system, params["iommu"])
                + ptp_problems(system, params["ptp"], params["ptp_clock"]) + boot_problems(system, missing))
    return {"problems": problems, "words": words, "missing": missing, "housekeeping": format_cpus(housekeeping),
            "facts": {"hugepages": system.hugepages(params["hugepage_kb"]) or 0, "isolated": format_cpus(system.isolated()),
                      "iommu": system.iommu_on(), "memory_mb": system.memory_mb(), "cpus": format_cpus(system.cpus())}}


def main():
    module = AnsibleModule(supports_check_mode=True, argument_spec={
        "root": {"type": "path", "default": "/"},
        "hugepages": {"type": "int", "default": 0},
        "hugepage_kb": {"type": "int", "default": 2048},
        "isolated": {"type": "str", "default": ""},
        "iommu": {"type": "bool", "default": True},
        "words": {"type": "list", "elements": "str", "default": []},
        "ptp": {"type": "str", "default": ""},
        "ptp_clock": {"type": "bool", "default": True}})
    module.exit_json(changed=False, **examine(System(module.params["root"], module.run_command), module.params))


if __name__ == "__main__":
    main()
