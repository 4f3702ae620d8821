#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Ports that would lose packets without a word are refused with what to do about it; a port without addresses takes what comes; a
memif server starts again after it was killed."""
import socket
import subprocess
import sys

import _lib
from _lib import FAILED, FOLDER, OK, Daemon, af_xdp_port, config, expect, expect_balanced, expect_equal, need_roadside, read_files, records_so_far, until
from roadside import APPLIANCE, Roadside

PLATES = [{"name": "plates", "port": 47001, "format": "plate", "unknown_sources": "accept"}]


def refused(port, *words):
    with Daemon(config(port=port, listeners=PLATES)) as daemon:
        daemon.wait().expect(FAILED, *words)


def queues_of_their_own():
    """The kernel would hand half of the packets to a queue nobody has opened."""
    with Roadside(["10.77.0.11"], queues=2) as road:
        refused(af_xdp_port(road), f"interface '{road.interface}' has 2 receive queues", f"ethtool -L {road.interface} rx 1")


def frames_too_long():
    with Roadside(["10.77.0.11"]) as road:
        subprocess.run(["ip", "link", "set", road.interface, "mtu", "9000"], check=True)
        refused(af_xdp_port(road), f"interface '{road.interface}' has an MTU of 9000 octets", f"ip link set {road.interface} mtu ")


def memif_port(path):
    return {"name": "memory", "type": "memif", "device": str(path), "memif_server": True}


def memif_again():
    path = FOLDER / "memif.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as left_behind:
        left_behind.bind(str(path))
    with Daemon(config(port=memif_port(path), listeners=PLATES)) as daemon:
        until(lambda: daemon.process.poll() is not None or "is running" in daemon.log.read_text(), "start")
        daemon.stop().expect(OK)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as in_use:
        in_use.bind(str(path))
        in_use.listen()
        refused(memif_port(path), "another process listens on it")
        expect(path.exists(), "the socket of another process was removed")


def any_destination():
    """Nobody can ask a port without addresses for its MAC address, so the frames go to another one."""
    with Roadside(["10.77.0.11"]) as road:
        road.run(["ip", "neigh", "add", APPLIANCE, "lladdr", "02:00:00:00:00:99", "dev", road.far])
        send = "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'{\"plate\":\"SPAN1\"}', ('%s', 47001))" % APPLIANCE
        with Daemon(config(port=af_xdp_port(road, ()), listeners=PLATES)) as daemon:
            until(lambda: daemon.process.poll() is not None or "is running" in daemon.log.read_text(), "start")
            expect_equal(road.run([sys.executable, "-c", send]).returncode, 0, "sending")
            until(lambda: records_so_far("plate_read"), "the record")
            ended = daemon.stop().expect(OK)
    expect_equal(expect_balanced(ended)["eth_not_ours"], 0, "frames to another MAC address that were dropped")
    expect_equal([record["plate"] for record in read_files("plate_read")], ["SPAN1"], "plates")


need_roadside()
queues_of_their_own()
frames_too_long()
memif_again()
any_destination()
