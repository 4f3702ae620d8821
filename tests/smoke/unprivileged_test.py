#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The daemon as the unit runs it: an ordinary user with the capabilities of debian/turnpike.service and no others, on an AF_XDP port, with ordinary memory
and with hugepages."""
import os
import re
import subprocess
import sys

import _lib
from _lib import DAEMON, FOLDER, OK, TOP, Daemon, a_roadside, af_xdp_port, config, expect, expect_balanced, expect_equal, need_roadside, until
from roadside import APPLIANCE

USER = 65534  # nobody
HUGEPAGES = "/proc/sys/vm/nr_hugepages"
NEEDED = 260  # of 2 MiB, for the small budgets below
# It waits where some 40 datagrams are under way: the link has 256 places.
SENDER = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16384)
for n in range(500):
    s.sendto(b'{"plate":"U%06d"}' % n, (sys.argv[1], 47001))
"""


def capabilities():
    """Of the unit, as setpriv names them."""
    unit = (TOP / "debian/turnpike.service").read_text()
    ambient, bounding = (re.search(rf"^{key}=(.*)$", unit, re.MULTILINE)[1].split() for key in ("AmbientCapabilities", "CapabilityBoundingSet"))
    expect_equal(ambient, bounding, "capabilities and their bounding set")
    return "-all," + ",".join("+" + name.removeprefix("CAP_").lower() for name in ambient)


def as_user():
    caps = capabilities()
    return ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "--no-new-privs", f"--inh-caps={caps}", f"--ambient-caps={caps}",
            f"--bounding-set={caps}", DAEMON]


def status_of(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return dict(line.rstrip("\n").split(":\t", 1) for line in status)


def session(hugepages):
    _lib.forget_records()
    tree_memory = {"hugepages": hugepages, "batches": 32, "batch_bytes": 65536}
    with a_roadside("10.77.0.11") as road:
        tree = config(port=af_xdp_port(road), memory=tree_memory,
                      listeners=[{"name": "plates", "port": 47001, "format": "plate", "unknown_sources": "accept"}])
        _lib.write_config(tree)
        subprocess.run(["chown", "-R", f"{USER}:{USER}", str(FOLDER)], check=True)
        with Daemon(tree, command=as_user()) as daemon:
            daemon.wait_for_answer(road)
            status = status_of(daemon.process.pid)
            expect_equal(status["Uid"].split(), [str(USER)] * 4, "user of the daemon")
            subprocess.run(road.command([sys.executable, "-c", SENDER, APPLIANCE]), check=True)
            until(lambda: len(_lib.records_so_far("plate_read")) >= 500, "500 records in the file")
            ended = daemon.stop().expect(OK, "MiB of hugepages" if hugepages == "auto" else "MiB of ordinary memory")
    expect_equal(expect_balanced(ended)["emitted"], 500, "emitted")


def reserve(pages):
    """So many hugepages; how many there were."""
    with open(HUGEPAGES, encoding="ascii") as file:
        before = int(file.read())
    with open(HUGEPAGES, "w", encoding="ascii") as file:
        file.write(str(pages))
    return before


def are_free():
    """Whether so many are; else they are asked for once more: the kernel has to move things first, and may have given up."""
    with open("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", encoding="ascii") as free:
        enough = int(free.read()) >= NEEDED
    if not enough:
        reserve(NEEDED)
    return enough


need_roadside()
FOLDER.chmod(0o755)
session(False)
was = reserve(NEEDED)
try:
    until(are_free, "the machine has memory for hugepages")
    session("auto")
finally:
    reserve(was)
