#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Thousands of MQTT clients lose their connections at one moment and all come again at once, above the rate of CONNECTs that the listener takes.

Each is accepted, or refused as busy and served when it tries again; every message that was acknowledged has arrived, and the books show each
CONNECT and each refusal.

--clients N: how many (10000); one source address for each 50,000 of them.
"""
import argparse
import collections
import json
import re
import subprocess
import time

import _lib
from _lib import BUILD, Daemon, a_roadside, af_xdp_port, config, expect, expect_balanced, expect_equal, need_roadside

options = argparse.ArgumentParser()
options.add_argument("--clients", type=int, default=10000)
CLIENTS = options.parse_args().clients
ROUNDS = 2
SOURCES = [f"10.77.0.{11 + i}" for i in range(2 + CLIENTS // 50000)]
RATE = CLIENTS // 4  # CONNECTs a second


def tree_for(road):
    tree = config(port=af_xdp_port(road), sink="file", tcp={"connections": 2 * CLIENTS},
                  mqtt=[{"name": "m", "port": 1883, "anonymous": True, "unknown_devices": "accept", "unmapped": "raw", "connect_rate": RATE}])
    tree["stop"] = {"timeout_ms": 60000}
    return tree


def storm(road, daemon):
    """What the clients say of each round."""
    road.run(["sh", "-c", "echo 1024 65535 >/proc/sys/net/ipv4/ip_local_port_range"])
    command = [str(BUILD / "tests/load/mqtt_storm"), _lib.roadside.APPLIANCE, "1883", str(CLIENTS), str(ROUNDS), *SOURCES]
    with subprocess.Popen(road.command(command), stdout=subprocess.PIPE, text=True) as clients:
        for line in clients.stdout:
            used = re.search(r"VmRSS:\s+(\d+)", open(f"/proc/{daemon.process.pid}/status", encoding="ascii").read())
            print(line.strip(), f"turnpiked uses {int(used[1]) // 1024} MiB", flush=True)
            yield json.loads(line)
    expect_equal(clients.returncode, 0, "clients")


def arrived():
    """How often each message is in the file."""
    return collections.Counter(bytes.fromhex(record["body"]) for record in _lib.read_files("mqtt_message"))


need_roadside()
_lib.TOPICS["mqtt_message"] = "raw.mqtt.v1"
with a_roadside(*SOURCES) as out_there, Daemon(tree_for(out_there)) as turnpiked:
    turnpiked.wait_for_answer(out_there)
    rounds = list(storm(out_there, turnpiked))
    begin = time.monotonic()
    ended = turnpiked.stop().expect(_lib.OK)
    print(f"stopped in {time.monotonic() - begin:.1f} s")
total = expect_balanced(ended)
expect_equal([found["served"] for found in rounds], [CLIENTS] * ROUNDS, "clients served in each round")
busy, again = sum(found["busy"] for found in rounds), sum(found["reset"] + found["late"] for found in rounds)
expect(busy > 0, "nobody was refused as busy: this case shows nothing")
expect(busy <= total["mqtt_connect_rate"] <= busy + again, f"refused as busy: the clients saw {busy}, the books have {total['mqtt_connect_rate']}")
expect(0 <= total["mqtt_connected"] - ROUNDS * CLIENTS <= again, f"accepted: {total['mqtt_connected']} of {ROUNDS * CLIENTS}")
bodies = arrived()
missing = [f"storm-{i} {n}" for i in range(CLIENTS) for n in range(ROUNDS) if not bodies[f"storm-{i} {n}".encode()]]
expect(not missing, f"{len(missing)} acknowledged messages did not arrive, the first is {missing[:1]}")
