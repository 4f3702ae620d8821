#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What broken or greedy MQTT clients do: they say nothing, begin a CONNECT and do not end it, announce a packet of 256 MB, never read an
acknowledgement, connect far too often. Each is counted under its name, memory stays what it was, and a client that publishes at QoS 1 is served.
"""
import socket

import _lib
from _lib import Daemon, a_roadside, af_xdp_port, config, expect_balanced, expect_equal, need_roadside
from _publisher import Client, connect, connected, expect_same_memory, memory, publish, serve, until_pumped

HUGE = b"\xff\xff\xff\x7f"  # a remaining length of 256 MB
IDLE, HASTY, RATE = 10, 200, 10
# Only who says nothing has to hurry: how long the others take is a matter of the machine.
PORTS = {"plain": (1883, {}), "hurried": (1886, {"connect_timeout_ms": 2000}), "rated": (1884, {"connect_rate": RATE}), "by-prefix": (1885, {"connect_rate_prefix": RATE})}


def tree_for(road):
    common = {"anonymous": True, "unknown_devices": "accept", "unmapped": "raw", "connect_timeout_ms": 600000}
    return config(port=af_xdp_port(road), sink="null", tcp={"connections": 2000},
                  mqtt=[{"name": name, "port": port, **common, **limits} for name, (port, limits) in PORTS.items()])


def silent(road):
    """Connections that say nothing, and such as begin a CONNECT and do not end it."""
    clients = [Client(road, f"idle-{i}", port=PORTS["hurried"][0], greet=False) for i in range(2 * IDLE)]
    for client in clients[IDLE:]:
        client.out += connect("slow")[:5]
    until_pumped(clients, lambda: all(client.closed for client in clients), "the end of idle connections")
    return {"mqtt_connect_timeout": 2 * IDLE}


def too_long(road):
    clients = connected([Client(road, "long4"), Client(road, "long5", 5)]) + [Client(road, "long-connect", greet=False)]
    for client, first in zip(clients, (b"\x30", b"\x32", b"\x10")):
        client.out += first + HUGE + b"x" * 100
    until_pumped(clients, lambda: all(client.closed for client in clients), "the end of those with a packet of 256 MB")
    expect_equal(clients[1].goodbye, 0x95, "reason code of MQTT 5: packet too large")
    return {"mqtt_protocol_error": 3}


def not_reading(road):
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


def hasty(road):
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


def main(road):
    with Daemon(tree_for(road)) as daemon:
        daemon.wait_for_answer(road)
        client, wanted = connected([Client(road, "good")])[0], {}
        serve(client)
        before = memory(daemon)
        for abuse in (silent, too_long, not_reading, hasty):
            wanted.update(abuse(road))
            serve(client)
        expect_same_memory(before, memory(daemon))
        client.end()
        total = expect_balanced(daemon.stop().expect(_lib.OK))
    expect_equal({name: total[name] for name in wanted}, wanted, "counted")
    expect_equal((total["failed"], total["mqtt_not_acknowledged"]), (0, 0), "failed, not acknowledged")


need_roadside()
with a_roadside("10.77.0.11", "10.78.0.11") as out_there:
    main(out_there)
