# SPDX-License-Identifier: BSD-3-Clause
"""Machines as folders: the files of /proc and /sys that the roles read, of a good machine with what a case has changed."""
import json

from _lib import FOLDER

ROUTES = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
NIC = {"driver": "ixgbe", "interface": "enp3s0", "mac": "3c:fd:fe:00:01:10", "group": "12"}


def write(root, name, text):
    path = root / name.lstrip("/")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{text}\n")


def link(root, name, target):
    path = root / name.lstrip("/")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)


def nic(root, pci, driver, interface, mac, group, kind="0x020000"):
    device = f"/sys/bus/pci/devices/{pci}"
    write(root, f"{device}/class", kind)
    link(root, f"{device}/driver", f"../../drivers/{driver}")
    link(root, f"{device}/iommu_group", f"../../../kernel/iommu_groups/{group}")
    write(root, f"/sys/kernel/iommu_groups/{group}/devices/{pci}", "")
    if interface:
        write(root, f"{device}/net/{interface}/address", mac)
        write(root, f"/sys/class/net/{interface}/address", mac)


def box(name, flags="avx2 bmi2 fma pdpe1gb", memory_mb=8192, cpus="0-7", table="DMAR", grub=True, pages=(2048, 1048576), files=None, links=None,
        nics=None):
    """The folder of a machine."""
    root = FOLDER / "boxes" / name
    write(root, "/proc/cpuinfo", f"processor\t: 0\nflags\t\t: fpu {flags}")
    write(root, "/proc/meminfo", f"MemTotal:       {memory_mb * 1024} kB")
    write(root, "/proc/cmdline", "root=/dev/sda1 ro quiet")
    write(root, "/proc/net/route", ROUTES + "eno1\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0")
    write(root, "/sys/devices/system/cpu/present", cpus)
    write(root, "/run/ssh-connection", "192.0.2.66 50000 192.0.2.2 22")
    write(root, "/run/ip-address.json", json.dumps([{"ifname": "eno1", "addr_info": [{"local": "192.0.2.2"}]}]))
    for size in pages:
        write(root, f"/sys/kernel/mm/hugepages/hugepages-{size}kB/nr_hugepages", "0")
    if table:
        write(root, f"/sys/firmware/acpi/tables/{table}", "")
    if grub:
        write(root, "/usr/sbin/update-grub", "")
    nic(root, "0000:00:1f.6", "e1000e", "eno1", "3c:fd:fe:00:00:01", "7")
    for pci, own in (nics or {"0000:03:00.0": {}}).items():
        nic(root, pci, **{**NIC, **own})
    for path, text in (files or {}).items():
        write(root, path, text)
    for path, target in (links or {}).items():
        link(root, path, target)
    return str(root)
