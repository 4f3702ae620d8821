#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What hostile peers do below MQTT, with segments made by hand: SYNs without an end, a flood of SYNs from many addresses, octets one at a time with
a gap before each, ICMP errors that lie. Each is counted under its name, memory stays what it was, and a client that publishes at QoS 1 all the while
gets its acknowledgements.

--seconds N: how long a flood lasts (8).
"""
import argparse
import random
import struct

import _lib
from _lib import Daemon, a_roadside, af_xdp_port, config, expect, expect_balanced, expect_equal, need_roadside
from _publisher import Client, connect, connected, expect_same_memory, memory, serve
from _raw import ACK, RST, SYN, Handmade, Wire, apart, checksum, ip, tcp

options = argparse.ArgumentParser()
options.add_argument("--seconds", type=float, default=8)
SECONDS = options.parse_args().seconds
APPLIANCE, HALF_OPEN, LIES = _lib.roadside.APPLIANCE, 50, 500


def tree_for(road):
    return config(port=af_xdp_port(road), sink="null", tcp={"connections": 2000, "half_open": 256, "syn_retries": 1},
                  mqtt=[{"name": "m", "port": 1883, "anonymous": True, "unknown_devices": "accept", "unmapped": "raw"}])


def half_open(wire):
    """SYNs without a third segment."""
    for i in range(HALF_OPEN):
        wire.send(tcp("10.77.0.100", APPLIANCE, (1000 + i, 1883), i, 0, SYN))


def lies(wire, client):
    """ICMP errors about the connection of the client that publishes, with sequence numbers that cannot be."""
    ports = (1883, client.socket.getsockname()[1])
    for i in range(LIES):
        quoted = tcp(APPLIANCE, "10.77.0.11", ports, random.getrandbits(32), 0, ACK)[:28]
        body = struct.pack("!BBHHH", 3, (2, 3, 4)[i % 3], 0, 0, 68) + quoted
        wire.send(ip("10.77.0.11", APPLIANCE, 1, body[:2] + struct.pack("!H", checksum(body)) + body[4:]))


def flood(wire, name, packets, client):
    """As fast as they can be sent from here, while the client publishes."""
    sender = apart(lambda: print(f"{name}: {wire.flood(packets, SECONDS) / SECONDS:.0f} a second", flush=True))
    print(f"{name}: {serve(client, lambda: not sender.is_alive())} acknowledgements meanwhile")
    sender.join()
    expect_equal(sender.exitcode, 0, f"sending {name}")
    serve(client)


def syns():
    """SYNs of many addresses."""
    return [tcp(f"10.77.{random.randrange(256)}.{random.randrange(2, 255)}", APPLIANCE, (random.randrange(1024, 65536), 1883),
                random.getrandbits(32), 0, SYN) for _ in range(4096)]


def crumbs(wire, client):
    """Segments of one octet with a gap before each, all over the window of a connection that is in order otherwise."""
    conn, greeting = Handmade(wire, "10.77.0.101").open(), connect("crumbs")
    wire.send(conn.octets(0, greeting))
    flood(wire, "crumbs", [conn.octets(len(greeting) + 1 + 2 * i, b"x") for i in random.sample(range(8000), 8000)], client)
    wire.send(conn.segment(conn.iss + 1 + len(greeting), conn.next, RST))


def main(road):
    with Daemon(tree_for(road)) as daemon:
        daemon.wait_for_answer(road)
        wire, client = Wire(road), connected([Client(road, "good")])[0]
        serve(client)
        before = memory(daemon)
        half_open(wire)
        lies(wire, client)
        serve(client)
        flood(wire, "SYNs", syns(), client)
        crumbs(wire, client)
        expect_same_memory(before, memory(daemon))
        client.end()
        total = expect_balanced(daemon.stop().expect(_lib.OK))
    print({name: n for name, n in total.items() if name.startswith(("tcp_", "icmp")) and n})
    for name in ("tcp_half_open_expired", "tcp_cookie_sent", "tcp_gaps", "tcp_out_of_order"):
        expect(total[name] > 0, f"{name} was not counted")
    expect_equal(total["icmp_error"], LIES, "ICMP errors")
    expect_equal((total["mqtt_connected"], total["tcp_reset_received"]), (2, 1), "CONNECTs, connections that were reset")
    expect_equal((total["failed"], total["mqtt_not_acknowledged"]), (0, 0), "failed, not acknowledged")


need_roadside()
with a_roadside("10.77.0.11") as out_there:
    main(out_there)
