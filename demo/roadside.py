#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A roadside on one machine: a network namespace, joined by a veth pair to an interface that turnpiked takes as an AF_XDP port.

What runs in the namespace are ordinary programs with ordinary sockets; they reach the appliance as they would over a cable.
"""
import os
import shutil
import subprocess

APPLIANCE = "10.77.0.1"
APPLIANCE6 = "fd77::1"


def unavailable():
    """Why there can be no roadside here, or None."""
    if os.geteuid() != 0:
        return "not root"
    for tool in ("ip", "ethtool"):
        if not shutil.which(tool):
            return f"'{tool}' is not installed"
    if not os.path.exists("/proc/sys/net/core/bpf_jit_enable") and not os.path.exists("/sys/fs/bpf"):
        return "this kernel has no BPF"
    if os.path.exists("/proc/config.gz"):
        text = subprocess.run(["zcat", "/proc/config.gz"], capture_output=True, text=True, check=False).stdout
        if text and "CONFIG_XDP_SOCKETS=y" not in text:
            return "this kernel has no XDP sockets"
    probe = subprocess.run(["ip", "link", "add", f"tpx{os.getpid()}", "type", "veth", "peer", "name", f"tpy{os.getpid()}"],
                           capture_output=True, text=True, check=False)
    if probe.returncode:
        return f"no veth pair: {probe.stderr.strip()}"
    subprocess.run(["ip", "link", "del", f"tpx{os.getpid()}"], check=False)
    return None


def call(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


class Roadside:
    """with Roadside(["10.77.0.11", ...]) as road: road.interface is turnpiked's side, road.run([...]) runs a command out there."""

    def __init__(self, addresses, queues=1):
        self.addresses = addresses
        self.name = f"roadside-{os.getpid()}"
        self.interface = f"tp{os.getpid()}"
        self.far = "road0"
        self.queues = str(queues)

    def __enter__(self):
        try:
            self.make()
        except BaseException:
            self.remove()
            raise
        return self

    def make(self):
        call("ip", "netns", "add", self.name)
        call("ip", "link", "add", self.interface, "numrxqueues", self.queues, "numtxqueues", self.queues, "type", "veth", "peer",
             "name", self.far, "netns", self.name, "numrxqueues", self.queues, "numtxqueues", self.queues)
        # turnpiked answers for this interface; the kernel must not do so as well.
        with open(f"/proc/sys/net/ipv6/conf/{self.interface}/disable_ipv6", "w") as setting:
            setting.write("1")
        call("ip", "link", "set", self.interface, "up")
        inside = ("ip", "-n", self.name)
        call(*inside, "link", "set", "lo", "up")
        # A veth pair leaves checksums to hardware that is not there; the appliance would see wrong ones.
        call("ip", "netns", "exec", self.name, "ethtool", "-K", self.far, "tx", "off", "tso", "off", "gso", "off")
        call(*inside, "link", "set", self.far, "up")
        for address in self.addresses:
            if ":" in address:
                call(*inside, "addr", "add", f"{address}/64", "dev", self.far, "nodad")
            else:
                call(*inside, "addr", "add", f"{address}/24", "dev", self.far)

    def remove(self):
        subprocess.run(["ip", "netns", "del", self.name], capture_output=True, check=False)
        subprocess.run(["ip", "link", "del", self.interface], capture_output=True, check=False)

    def __exit__(self, *_):
        self.remove()

    def command(self, command):
        return ["ip", "netns", "exec", self.name, *command]

    def run(self, command, **options):
        return subprocess.run(self.command(command), check=False, **options)
