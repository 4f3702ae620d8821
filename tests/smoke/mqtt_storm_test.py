#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Thousands of MQTT clients lose their connections at one moment and all come again at once, above the rate of CONNECTs that the listener takes.

Each is accepted, or refused as busy and served when it tries again; every message that was acknowledged has arrived, and the books show each
CONNECT and each refusal.

--clients N: how many (10000); one source address for each 50,000 of them.
"""
import argparse
import collections
import contextlib
import json
import pathlib
import resource
import subprocess
import time

import _lib
from _lib import BUILD, Daemon, a_roadside, af_xdp_port, config, expect, expect_balanced, expect_equal, need_roadside
from _publisher import memory

options = argparse.ArgumentParser()
options.add_argument("--clients", type=int, default=10000)
CLIENTS = options.parse_args().clients
ROUNDS = 2
SOURCES = [f"10.77.0.{11 + i}" for i in range(2 + CLIENTS // 50000)]
RATE = 1000  # CONNECTs a second: many times fewer than come, also on a slow machine


def tree_for(road):
    tree = config(port=af_xdp_port(road), sink="file", tcp={"connections": 2 * CLIENTS},
                  mqtt=[{"name": "m", "port": 1883, "anonymous": True, "unknown_devices": "accept", "unmapped": "raw", "connect_rate": RATE}])
    tree["stop"] = {"timeout_ms": 60000}
    return tree


def processes(road, stack):
    """As many clients in each as it may have open files."""
    share = min(CLIENTS, resource.getrlimit(resource.RLIMIT_NOFILE)[1] - 1000)
    for first in range(0, CLIENTS, share):
        command = [str(BUILD / "tests/load/mqtt_storm"), _lib.roadside.APPLIANCE, "1883", str(min(share, CLIENTS - first)), str(first), *SOURCES]
        yield stack.enter_context(subprocess.Popen(road.command(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))


def storm(road, daemon):
    """What the clients say of each round, all processes together."""
    road.run(["sh", "-c", "echo 1024 65535 >/proc/sys/net/ipv4/ip_local_port_range"])
    mac = pathlib.Path(f"/sys/class/net/{road.interface}/address").read_text(encoding="ascii").strip()
    road.run(["ip", "neigh", "replace", _lib.roadside.APPLIANCE, "lladdr", mac, "dev", road.far, "nud", "permanent"])  # ARP gets lost in a storm
    with contextlib.ExitStack() as stack:
        clients = list(processes(road, stack))
        for number in range(ROUNDS):
            for process in clients:
                process.stdin.write("\n")
                process.stdin.flush()
            said = [json.loads(process.stdout.readline()) for process in clients]
            together = {name: (max if name == "ms" else sum)(one[name] for one in said) for name in ("served", "busy", "reset", "late", "ms")}
            print(f"round {number}: {together}, turnpiked uses {memory(daemon)[1] >> 20} MiB", flush=True)
            yield together
        for process in clients:
            process.stdin.close()
            expect_equal(process.wait(), 0, "clients")


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
