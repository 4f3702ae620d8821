#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Steering of an AF_XDP interface: what is the appliance's comes to it, everything else stays with the kernel. SSH and a UDP service of the host work
through the interface, over IPv4, IPv6 and a VLAN and while listeners are flooded; listeners get their datagrams, whole and in fragments; and
what the XDP program took is what the books have.

Twice: the appliance with addresses of its own, beside the host's on the same interface, and with the host's addresses, for which the kernel answers.
"""
import json
import pathlib
import socket
import struct
import subprocess
import sys

import _host
import _lib
from _lib import OK, Daemon, a_roadside, config, expect, expect_balanced, expect_equal, need_roadside, read_files, until
from _publisher import inside
from _raw import ip

SECONDS, SESSIONS = 600, 3  # of the flood at most, which lasts as long as so many sessions of the host do
HOST, HOST6, TAGGED = "10.77.0.5", "fd77::5", "10.78.0.5"
OWN, OWN6 = _lib.roadside.APPLIANCE, _lib.roadside.APPLIANCE6
PORT = 47001
SEND = "import socket, sys; s = socket.socket(socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM); " \
       "s.sendto(sys.argv[3].encode(), (sys.argv[1], int(sys.argv[2])))"


def read(plate, octets=0):
    """A plate read, padded to so many octets."""
    event = {"plate": plate, "note": ""}
    event["note"] = "x" * max(0, octets - len(json.dumps(event)))
    return json.dumps(event)


def send(road, address, plate, octets=0):
    expect_equal(road.run([sys.executable, "-c", SEND, address, str(PORT), read(plate, octets)]).returncode, 0, f"sending to {address}")


def tagged(road):
    """VLAN 7 on both sides of the cable, with tags in the frames. The host's addresses there: none where this kernel has no VLAN devices."""
    vlan = f"{road.interface}.7"
    add = ["ip", "link", "add", "link", road.interface, "name", vlan, "type", "vlan", "id", "7"]
    if subprocess.run(add, capture_output=True, check=False).returncode:
        print("this kernel has no VLAN devices: tags are tested towards the appliance only")
        return []
    for command in (["ip", "addr", "add", f"{TAGGED}/24", "dev", vlan], ["ip", "link", "set", vlan, "up"]):
        subprocess.run(command, check=True)
    for command in (["ip", "link", "add", "link", road.far, "name", "road7", "type", "vlan", "id", "7"],
                    ["ip", "addr", "add", "10.78.0.11/24", "dev", "road7"], ["ip", "link", "set", "road7", "up"],
                    ["ethtool", "-K", road.far, "txvlan", "off"], ["ethtool", "-K", "road7", "tx", "off", "tso", "off", "gso", "off"]):
        expect_equal(road.run(command).returncode, 0, " ".join(command))
    return [TAGGED]


def datagram(road, source, target, body, tag=b""):
    """A whole frame to the listener, from an address that nobody has."""
    with open(f"/sys/class/net/{road.interface}/address", encoding="ascii") as file:
        head = bytes.fromhex(file.read().strip().replace(":", "")) + b"\2\0\0\0\0\x77" + tag + b"\x08\0"
    return head + ip(source, target, 17, struct.pack("!HHHH", 40000, PORT, 8 + len(body), 0) + body)


def send_tagged(road, target):
    """To the listener, in VLAN 7, and in VLAN 8 of VLAN 7."""
    with inside(road), socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as wire:
        wire.bind((road.far, 0))
        for tag in (b"\x81\0\0\7", b"\x88\xa8\0\7\x81\0\0\x08"):
            wire.send(datagram(road, "10.77.1.200", target, read("TAGGED").encode(), tag))


def flood_frames(road, target):
    """To the listener from 64 addresses; what is in them is no plate read."""
    return [datagram(road, f"10.77.1.{i + 1}", target, b"flood" * 10) for i in range(64)]


def xdp(ended, name):
    return ended.books["ports"][f"xdp_{name}"]


def dealt_with():
    """Packets of the flood that have had their end."""
    return _lib.counted("json_syntax") + _lib.counted("port_missed")


def ping(road, address):
    return road.run(["ping", "-n", "-c", "2", "-i", "0.2", "-W", "5", address], stdout=subprocess.DEVNULL).returncode


def run(shared):
    appliance, appliance6, host, host6 = (OWN, OWN6, OWN, OWN6) if shared else (OWN, OWN6, HOST, HOST6)
    _lib.forget_records()
    with a_roadside() as road, _host.service() as ssh, _host.echo():
        _host.addresses(road, f"{host}/24", f"{host6}/64")
        on_vlan = tagged(road)
        port = {"name": "road", "type": "af_xdp", "device": road.interface, "addresses": [appliance, appliance6],
                "shared_with_host": shared}
        listeners = [{"name": "plates", "port": PORT, "format": "plate", "unknown_sources": "accept"}]
        tree = config(port=port, listeners=listeners, dead_letters={"rate": 0})
        with Daemon(tree) as daemon:
            daemon.wait_for_answer(road, host)
            until(lambda: "is running" in daemon.log.read_text() or daemon.process.poll() is not None, "start")
            for address in (host, host6, *on_vlan):
                expect(ssh.session(road, address), f"session to {address}")
                _host.expect_echo(road, address)
            for address in (appliance, appliance6):
                expect_equal(ping(road, address), 0, f"ping {address}")
                send(road, address, "WHOLE")
                send(road, address, "PARTS", 3000)
            send_tagged(road, appliance)
            _host.expect_echo(road, host)
            ending = _host.flood(road, flood_frames(road, appliance), SECONDS)
            _host.sessions_during(ssh, road, host, ending.running, SESSIONS)
            sent = ending(now=True)
            until(lambda: dealt_with() == sent, "all of the flood is malformed or missed: the port has room again")
            send(road, appliance, "AFTER")
            until(lambda: any(r["plate"] == "AFTER" for r in _lib.records_so_far("plate_read")), "the datagram behind the flood")
            ended = daemon.stop().expect(OK, "native XDP")
    check(ended, sent, shared)


def kernel_may_choose():
    """Whether the listener's port may become one of a connection of the host's own, as this machine is set up."""
    first, last = map(int, pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    kept = [part.split("-") for part in pathlib.Path("/proc/sys/net/ipv4/ip_local_reserved_ports").read_text().strip().split(",") if part]
    return first <= PORT <= last and not any(int(part[0]) <= PORT <= int(part[-1]) for part in kept)


def check(ended, sent, shared):
    total = expect_balanced(ended)
    plates = sorted(record["plate"] for record in read_files("plate_read"))
    expect_equal(plates, ["AFTER", "PARTS", "PARTS", "TAGGED", "TAGGED", "WHOLE", "WHOLE"], "plates")
    ports = ended.books["ports"]
    expect_equal(xdp(ended, "taken") + xdp(ended, "taken_neighbour"), ports["received"] + ports["missed"],
                 "what the XDP program took against what the port has")
    expect(xdp(ended, "taken") >= total["received"] - xdp(ended, "taken_neighbour"), "more received than taken")
    expect_equal(xdp(ended, "no_socket"), 0, "packets for a queue without socket")
    expect_equal(total["malformed"] + ports["missed"], sent, "the flood: malformed or missed, all of it")
    # What belongs to the host was never the appliance's.
    expect_equal((total["tcp_no_listener"], total["udp_no_listener"], total["ip4_not_ours"], total["ip6_not_ours"]), (0, 0, 0, 0), "the host's packets")
    expect(xdp(ended, "kernel_port" if shared else "kernel_address") > 1000, "packets of the host's services")
    expect_equal(total["icmp_echo"], 0 if shared else 4, "echo requests that the appliance answered")
    expect_equal(total["arp"] > 0, not shared, "ARP of the appliance")
    expect_equal(f"the kernel may choose {PORT} for connections" in ended.text, shared and kernel_may_choose(), "what the start says of the listener's port")


need_roadside()
run(shared=False)
run(shared=True)
