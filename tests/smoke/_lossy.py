# SPDX-License-Identifier: BSD-3-Clause
"""A roadside behind a bad wire: clients in a namespace, veth pair, tests/wire/lossy_wire, veth pair, appliance."""
import contextlib
import pathlib
import re
import signal
import subprocess

from _lib import BUILD, FOLDER, LIMIT, expect, expect_equal, roadside

COUNTS = ("frames", "dropped", "twice", "reordered", "corrupted", "cut")


def quiet(interface):
    """Up, and the kernel says nothing of its own there."""
    pathlib.Path(f"/proc/sys/net/ipv6/conf/{interface}/disable_ipv6").write_text("1")
    roadside.call("ip", "link", "set", interface, "up")


class LossyRoadside(roadside.Roadside):
    """Nothing passes outside `with road.wire(...)`. Its clients know the appliance's MAC address: a lost ARP answer is not what is tested."""

    def make(self):
        super().make()
        self.near_end, self.far_end = f"{self.interface}n", f"{self.interface}f"
        roadside.call("ip", "-n", self.name, "link", "del", self.far)
        roadside.call("ip", "link", "add", self.interface, "type", "veth", "peer", "name", self.near_end)
        roadside.call("ip", "link", "add", self.far_end, "type", "veth", "peer", "name", self.far, "netns", self.name)
        for interface in (self.interface, self.near_end, self.far_end):
            quiet(interface)
        self.dress_far_end()

    def dress_far_end(self):
        inside = ("ip", "-n", self.name)
        roadside.call("ip", "netns", "exec", self.name, "ethtool", "-K", self.far, "tx", "off", "tso", "off", "gso", "off")
        roadside.call(*inside, "link", "set", self.far, "up")
        mac = pathlib.Path(f"/sys/class/net/{self.interface}/address").read_text().strip()
        for address, length in ((a, 64 if ":" in a else 24) for a in self.addresses):
            roadside.call(*inside, "addr", "add", f"{address}/{length}", "dev", self.far, *(("nodad",) if length == 64 else ()))
        for address in (roadside.APPLIANCE, roadside.APPLIANCE6):
            roadside.call(*inside, "neigh", "replace", address, "lladdr", mac, "dev", self.far, "nud", "permanent")

    def remove(self):
        subprocess.run(["ip", "link", "del", f"{self.interface}f"], capture_output=True, check=False)
        super().remove()

    @contextlib.contextmanager
    def wire(self, *options):
        """Yields a dict that holds, behind the with, what the wire did: {"out": {...}, "back": {...}}, out being to the appliance."""
        did, log = {}, FOLDER / "wire.log"
        with open(log, "wb") as out:
            process = subprocess.Popen([str(BUILD / "tests/wire/lossy_wire"), self.far_end, self.near_end, *map(str, options)], stdout=out,
                                       stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        try:
            yield did
            expect_equal(process.poll(), None, f"lossy_wire ended: {log.read_text()}")
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(LIMIT)
        lines = [re.findall(r"\d+(?= (?:%s))" % "|".join(COUNTS), line.split(": ")[-1]) for line in log.read_text().splitlines()[-2:]]
        expect(all(len(line) == len(COUNTS) for line in lines), f"lossy_wire said {log.read_text()}")
        did.update({name: dict(zip(COUNTS, map(int, line))) for name, line in zip(("out", "back"), lines)})
