#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""turnpikectl connections and devices: what is shown of MQTT clients while they are there, filtered and bounded, and of devices that fall silent."""
import time

from _lib import FAILED, OK, Ctl, Daemon, a_roadside, af_xdp_port, config, expect, expect_balanced, expect_equal, need_roadside, until
from _mqtt_raw import PUBACK, Raw

CLIENTS = 30


def connections(*arguments):
    return Ctl("connections", *arguments).data()


def names(*arguments):
    return sorted(row["client_id"] for row in connections(*arguments)["connections"])


def all_of_them(road):
    clients = [Raw(road, f"obu-{n:02}", 5 if n % 2 else 4, user=f"user-{n}", source="10.77.0.11") for n in range(CLIENTS)]
    until(lambda: len(connections()["connections"]) == CLIENTS, "all connections")
    for _ in range(3):
        clients[7].publish("raw/x", b"." * 100, 5, 1)
        expect_equal(clients[7].read()[0], PUBACK, "to the client")
    [row] = connections("--client", "obu-07")["connections"]
    expect_equal((row["device"], row["user"], row["listener"], row["state"], row["protocol"], row["messages"], row["in_flight"]),
                 ("obu-07", "user-7", "m", "up", "MQTT 5", 3, 0), "one connection")
    expect(row["address"].startswith("10.77.0.11:") and row["window"] > 1000, f"address and window: {row}")
    expect(300 < row["received_octets_modulo_2_32"] < 1000 and row["since_s"] >= 0, f"octets and age: {row}")
    expect_equal(names("--client", "obu-1"), [f"obu-{n}" for n in range(10, 20)], "by client identifier")
    expect_equal(names("--device", "obu-07"), ["obu-07"], "by device")
    expect_equal(len(names("--address", "10.77.0.0/24")), CLIENTS, "by prefix")
    expect_equal(names("--address", "10.77.1.0/24"), [], "by another prefix")
    part = connections("--limit", 4)
    expect_equal((len(part["connections"]), part["more"]), (4, True), "at most four")
    expect_equal(connections("--limit", CLIENTS)["more"], False, "as many as there are")
    for client in clients[:10]:
        client.socket.close()
    until(lambda: len(names()) == CLIENTS - 10, "those that stayed")
    return clients[10:]


def silent():
    """The one that published has been heard; its silence grows."""
    def silence():
        [row] = [d for d in Ctl("devices", "--device", "unknown").data()["devices"] if "last_seen_us" in d]
        return row["silent_s"]
    begin, first = time.monotonic(), silence()
    until(lambda: silence() >= first + 0.3, "a silence that grows")
    grown = silence() - first
    expect(0.3 <= grown <= time.monotonic() - begin + 0.01, f"silence of {first} s, which grew by {grown} s")


need_roadside()
with a_roadside("10.77.0.11", "10.77.0.12") as road:
    tree = config(port=af_xdp_port(road), listeners=[], mqtt=[{"name": "m", "port": 1883, "anonymous": True, "unknown_devices": "accept",
                                                            "routes": [{"filter": "raw/#", "format": "raw"}]}])
    with Daemon(tree) as daemon:
        daemon.wait_for_answer(road)
        Ctl("connections", "--address", "nowhere").fails(FAILED, "expected an IPv4 or IPv6 address or prefix")
        Ctl("connections", "--address", "10.77.0.1/24").fails(FAILED, "expected zeros behind the prefix")
        Ctl("connections", "--limit", 0).fails(FAILED, "from 1 to 1000")
        expect_equal(connections(), {"connections": [], "more": False}, "before anybody came")
        stay = all_of_them(road)
        silent()
        ended = daemon.stop().expect(OK)
expect_balanced(ended)
