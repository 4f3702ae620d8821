# SPDX-License-Identifier: BSD-3-Clause
"""What Linux says of processors, memory, IOMMU and NICs, read from files below a root.

The root is / on a machine. A test gives a folder with the same files, so that every sentence of the pre-flight can be tried without the
hardware it is about.
"""
import json
import os


class System:
    def __init__(self, root="/", run=None):
        self.root, self.run = root, run

    def path(self, name):
        return os.path.join(self.root, name.lstrip("/"))

    def read(self, name, default=""):
        try:
            with open(self.path(name), encoding="utf-8", errors="replace") as file:
                return file.read().strip()
        except OSError:
            return default

    def entries(self, name):
        try:
            return sorted(os.listdir(self.path(name)))
        except OSError:
            return []

    def exists(self, name):
        return os.path.lexists(self.path(name))

    def link_name(self, name):
        """Last part of what a symbolic link points to."""
        try:
            return os.path.basename(os.readlink(self.path(name)))
        except OSError:
            return ""

    def output(self, command, recorded):
        """What a command prints; under another root, the file that was recorded there."""
        if self.root != "/":
            return self.read(recorded)
        return self.run(command)[1]

    # ---- processors and memory

    def cpu_flags(self):
        for line in self.read("/proc/cpuinfo").splitlines():
            if line.startswith("flags"):
                return set(line.split(":", 1)[1].split())
        return set()

    def cpus(self):
        return parse_cpus(self.read("/sys/devices/system/cpu/present"))

    def isolated(self):
        return parse_cpus(self.read("/sys/devices/system/cpu/isolated"))

    def memory_mb(self):
        for line in self.read("/proc/meminfo").splitlines():
            if line.startswith("MemTotal:"):
                return int(line.split()[1]) // 1024
        return 0

    def hugepages(self, size_kb):
        """Pages of this size the kernel has, or None where it has no such size."""
        count = self.read(f"/sys/kernel/mm/hugepages/hugepages-{size_kb}kB/nr_hugepages")
        return int(count) if count else None

    def command_line(self):
        return self.read("/proc/cmdline").split()

    # ---- IOMMU

    def iommu_table(self):
        """The firmware's table about an IOMMU, whether or not the kernel uses it."""
        return next((name for name in ("DMAR", "IVRS") if self.exists(f"/sys/firmware/acpi/tables/{name}")), "")

    def iommu_on(self):
        return bool(self.entries("/sys/class/iommu"))

    # ---- NICs

    def nics(self):
        return [self.nic(pci) for pci in self.entries("/sys/bus/pci/devices")
                if self.read(f"/sys/bus/pci/devices/{pci}/class").startswith("0x02")]

    def nic(self, pci):
        device = f"/sys/bus/pci/devices/{pci}"
        folders = [f"{device}/net"] + [f"{device}/{name}/net" for name in self.entries(device) if name.startswith("virtio")]
        interface = next((name for folder in folders for name in self.entries(folder)), "")
        return {"pci": pci, "interface": interface, "driver": self.link_name(f"{device}/driver"),
                "mac": self.read(f"/sys/class/net/{interface}/address").lower() if interface else "",
                "group": self.link_name(f"{device}/iommu_group")}

    def group_others(self, nic):
        """Other devices of the NIC's IOMMU group, which go to user space with it or not at all; bridges do not count."""
        members = self.entries(f"/sys/kernel/iommu_groups/{nic['group']}/devices") if nic["group"] else []
        return [pci for pci in members
                if pci != nic["pci"] and not self.read(f"/sys/bus/pci/devices/{pci}/class").startswith("0x06")]

    def default_routes(self):
        """Interfaces that a default route leaves through."""
        four = [line.split() for line in self.read("/proc/net/route").splitlines()[1:]]
        six = [line.split() for line in self.read("/proc/net/ipv6_route").splitlines()]
        return ({row[0] for row in four if len(row) > 7 and row[1] == row[7] == "00000000"}
                | {row[9] for row in six if len(row) > 9 and row[0] == "0" * 32 and row[1] == "00" and row[9] != "lo"})

    def addresses(self):
        """{interface: its addresses}."""
        text = self.output(["ip", "-j", "address"], "/run/ip-address.json")
        return {entry["ifname"]: [info["local"] for info in entry.get("addr_info", []) if "local" in info]
                for entry in json.loads(text or "[]") if "ifname" in entry}

    def uses(self, interface, ssh_address):
        """Why this interface is not free, each a sentence without its subject."""
        if not interface:
            return []
        base = f"/sys/class/net/{interface}"
        reasons = ["carries the default route"] if interface in self.default_routes() else []
        if ssh_address and ssh_address in self.addresses().get(interface, []):
            reasons.append(f"carries this ssh session (to {ssh_address})")
        if self.exists(f"{base}/master"):
            reasons.append(f"is part of {self.link_name(base + '/master')}")
        reasons += [f"has {name[len('upper_'):]} on top" for name in self.entries(base) if name.startswith("upper_")
                    and name[len("upper_"):] != self.link_name(base + "/master")]
        return reasons


def parse_cpus(text):
    """A list of the kernel's form, 0-2,5, as numbers. ValueError where it is none."""
    found = []
    for part in text.split(",") if text.strip() else []:
        first, _, last = part.partition("-")
        if not first.strip().isdigit() or (last and not last.strip().isdigit()) or (last and int(last) < int(first)):
            raise ValueError(text)
        found += range(int(first), int(last or first) + 1)
    return sorted(set(found))


def format_cpus(cpus):
    """Numbers as a list of the kernel's form."""
    runs = []
    for cpu in sorted(set(cpus)):
        if runs and cpu == runs[-1][1] + 1:
            runs[-1][1] = cpu
        else:
            runs.append([cpu, cpu])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)
