#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What hostile or broken peers do to the MQTT endpoint: each thing is counted under its name, memory stays what it was, and a client that publishes
at QoS 1 all the while gets its acknowledgements.

--seconds N: how long a flood lasts (8).
"""
import argparse
import itertools
import pathlib
import random
import socket
import struct

import _lib
from _lib import Daemon, a_roadside, af_xdp_port, config, expect, expect_balanced, expect_equal, need_roadside
from _publisher import Client, connect, connected, publish, until_pumped
from _raw import SYN, Handmade, Wire, apart, checksum, ip, tcp

options = argparse.ArgumentParser()
options.add_argument("--seconds", type=float, default=8)
SECONDS = options.parse_args().seconds
APPLIANCE, HUGE = _lib.roadside.APPLIANCE, b"\xff\xff\xff\x7f"  # a remaining length of 256 MB
IDLE, HALF_OPEN, HASTY, RATE = 10, 50, 200, 10
PORTS = {"plain": (1883, {}), "rated": (1884, {"connect_rate": RATE}), "by-prefix": (1885, {"connect_rate_prefix": RATE})}


def tree_for(road):
    common = {"anonymous": True, "unknown_devices": "accept", "unmapped": "raw", "connect_timeout_ms": 2000}
    return config(port=af_xdp_port(road), sink="null", tcp={"connections": 2000, "half_open": 256, "syn_retries": 1},
                  mqtt=[{"name": name, "port": port, **common, **limits} for name, (port, limits) in PORTS.items()])


def memory(daemon):
    """Address space and what is used of it, octets."""
    pages = pathlib.Path(f"/proc/{daemon.process.pid}/statm").read_text(encoding="ascii").split()
    return int(pages[0]) * 4096, int(pages[1]) * 4096


def serve(client, finished=None, rounds=100):
    """The client publishes and is acknowledged, one message at a time, so many times and until the flood is over. Returns how often."""
    for n in itertools.count(1):
        client.publish("a/topic", b"payload")
        until_pumped([client], lambda: not client.sent or client.closed, "an acknowledgement")
        expect_equal(client.closed, None, "the connection of the client that publishes")
        if n >= rounds and (not finished or finished()):
            return n


def silent(road, _):
    """Connections that say nothing, and such as begin a CONNECT and do not end it."""
    clients = [Client(road, f"idle-{i}", greet=False) for i in range(2 * IDLE)]
    for client in clients[IDLE:]:
        client.out += connect("slow")[:5]
    until_pumped(clients, lambda: all(client.closed for client in clients), "the end of idle connections")
    return {"mqtt_connect_timeout": 2 * IDLE}


def half_open(road, wire):
    """SYNs without a third segment."""
    for i in range(HALF_OPEN):
        wire.send(tcp("10.77.0.100", APPLIANCE, (1000 + i, 1883), i, 0, SYN))
    return {}


def too_long(road, _):
    clients = connected([Client(road, "long4"), Client(road, "long5", 5)]) + [Client(road, "long-connect", greet=False)]
    for client, first in zip(clients, (b"\x30", b"\x32", b"\x10")):
        client.out += first + HUGE + b"x" * 100
    until_pumped(clients, lambda: all(client.closed for client in clients), "the end of those with a packet of 256 MB")
    expect_equal(clients[1].goodbye, 0x95, "reason code of MQTT 5: packet too large")
    return {"mqtt_protocol_error": 3}


def not_reading(road, _):
    """Publishes and never reads an acknowledgement."""
    client = connected([Client(road, "deaf")])[0]
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    packets = b"".join(publish("a/topic", b"", 1, 1 + i % 65535) for i in range(20000))

    def shouted():
        try:
            nonlocal packets
            packets = packets[client.socket.send(packets[:65536]):] or packets
        except BlockingIOError:
            return False
        except OSError:
            return True
        return False

    until_pumped([], shouted, "the end of a client that does not read")
    return {"mqtt_not_reading": 1}


def hasty(road, _):
    """More CONNECTs than the listener, or than one prefix, may have: the rest is answered as busy."""
    refused = 0
    for name, source in (("rated", "10.77.0.11"), ("by-prefix", "10.77.0.11")):
        clients = [Client(road, f"{name}-{i}", 4 + i % 2, source, PORTS[name][0]) for i in range(HASTY)]
        until_pumped(clients, lambda: all(client.closed or client.code == 0 for client in clients), "answers to CONNECT")
        codes = {version: {client.code for client in clients if client.version == version} for version in (4, 5)}
        expect_equal(codes, {4: {0, 3}, 5: {0, 0x89}}, f"return codes of {name}")
        refused += sum(client.code != 0 for client in clients)
        if name == "by-prefix":
            connected([Client(road, "neighbour", 4, "10.78.0.11", PORTS[name][0])])
        for client in clients:
            client.socket.close()
    return {"mqtt_connect_rate": refused}


def syns(_):
    """SYNs of many addresses."""
    return [tcp(f"10.77.{random.randrange(256)}.{random.randrange(2, 255)}", APPLIANCE, (random.randrange(1024, 65536), 1883),
                random.getrandbits(32), 0, SYN) for _ in range(4096)]


def crumbs(wire):
    """Segments of one octet with a gap before each, all over the window of one connection."""
    conn = Handmade(wire, "10.77.0.101").open()
    return [conn.octets(2 + 2 * i, b"x") for i in random.sample(range(8000), 8000)]


def lies(road, wire, client):
    """ICMP errors about the connection of the client that publishes, with sequence numbers that cannot be."""
    ports = (1883, client.socket.getsockname()[1])
    for i in range(500):
        quoted = tcp(APPLIANCE, "10.77.0.11", ports, random.getrandbits(32), 0, 16)[:28]
        body = struct.pack("!BBHHH", 3, (2, 3, 4)[i % 3], 0, 0, 68) + quoted
        wire.send(ip("10.77.0.11", APPLIANCE, 1, body[:2] + struct.pack("!H", checksum(body)) + body[4:]))


def flood(wire, kind, client):
    """As fast as they can be sent from here, while the client publishes."""
    packets = kind(wire)
    sender = apart(lambda: print(f"{kind.__name__}: {wire.flood(packets, SECONDS) / SECONDS:.0f} a second", flush=True))
    print(f"{kind.__name__}: {serve(client, lambda: not sender.is_alive())} acknowledgements meanwhile")
    sender.join()
    expect_equal(sender.exitcode, 0, f"sending {kind.__name__}")


def main(road):
    with Daemon(tree_for(road)) as daemon:
        daemon.wait_for_answer(road)
        wire, client, wanted = Wire(road), connected([Client(road, "good")])[0], {}
        serve(client)
        before = memory(daemon)
        for abuse in (silent, half_open, too_long, not_reading, hasty):
            for name, n in abuse(road, wire).items():
                wanted[name] = wanted.get(name, 0) + n
            serve(client)
        lies(road, wire, client)
        for kind in (syns, crumbs):
            flood(wire, kind, client)
            serve(client)
        after = memory(daemon)
        print(f"address space {before[0] >> 20} MiB, then {after[0] >> 20}; used {before[1] >> 20} MiB, then {after[1] >> 20}")
        expect(after[0] - before[0] < 4 << 20, "the process took more memory")
        client.end()
        total = expect_balanced(daemon.stop().expect(_lib.OK))
    expect_equal({name: total[name] for name in wanted}, wanted, "counted")
    for name in ("tcp_half_open_expired", "tcp_cookie_sent", "tcp_gaps", "tcp_out_of_order", "icmp_error"):
        expect(total[name] > 0, f"{name} was not counted")
    expect_equal((total["failed"], total["mqtt_not_acknowledged"]), (0, 0), "failed, not acknowledged")


need_roadside()
with a_roadside("10.77.0.11", "10.78.0.11") as out_there:
    main(out_there)
