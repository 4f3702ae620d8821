#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""SYNs as fast as this machine can send them, each from another address, while a thousand clients publish at QoS 1: every message is acknowledged, no
connection is lost, memory stays what it was, and the books have each SYN that came.

--seconds N: how long the flood lasts (5); --clients N (1000); --every N: milliseconds between two messages of a client (100).
"""
import argparse
import contextlib
import json
import subprocess
import time

import _lib
from _lib import BUILD, Daemon, a_roadside, af_xdp_port, config, expect, expect_balanced, expect_equal, need_roadside
from _publisher import expect_same_memory, memory

options = argparse.ArgumentParser()
options.add_argument("--seconds", type=float, default=5)
options.add_argument("--clients", type=int, default=1000)
options.add_argument("--every", type=int, default=100)
ARGS = options.parse_args()
APPLIANCE, LEAST_SYNS = _lib.roadside.APPLIANCE, 5000  # a second: below, nothing is shown
SLOWEST_MS = 20000  # retransmission time-outs of clients whose segments found the port's queue full included


def tree_for(road):
    return config(port=af_xdp_port(road), sink="null", tcp={"connections": 2 * ARGS.clients, "half_open": 1024},
                  mqtt=[{"name": "m", "port": 1883, "anonymous": True, "unknown_devices": "accept", "unmapped": "raw"}])


class Publishers:
    def __init__(self, road, stack):
        command = [str(BUILD / "tests/load/mqtt_publishers"), APPLIANCE, "1883", str(ARGS.clients), str(ARGS.every)]
        self.process = stack.enter_context(subprocess.Popen(road.command(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        stack.callback(self.process.kill)
        self.said()

    def said(self):
        line = self.process.stdout.readline()
        expect(line, f"the clients ended with {self.process.poll()}")
        return json.loads(line)

    def phase(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return self.said()

    def end(self):
        self.process.stdin.close()
        last = self.said()
        expect_equal(self.process.wait(), 0, "clients")
        return last


def flood(road):
    with open(f"/sys/class/net/{road.interface}/address", encoding="ascii") as file:
        mac = file.read().strip()
    command = [str(BUILD / "tests/load/syn_flood"), road.far, mac, APPLIANCE, "1883", str(ARGS.seconds)]
    return json.loads(road.run(command, stdout=subprocess.PIPE, text=True, timeout=ARGS.seconds + 60).stdout)


def scene(road, daemon):
    with contextlib.ExitStack() as stack:
        clients = Publishers(road, stack)
        time.sleep(1)
        phases = [clients.phase()]
        before = memory(daemon)
        sent = flood(road)
        phases.append(clients.phase())
        after = memory(daemon)
        time.sleep(1)
        phases += [clients.phase(), clients.end()]
    return sent, phases, before, after


need_roadside()
with a_roadside("10.77.0.11") as out_there, Daemon(tree_for(out_there)) as turnpiked:
    turnpiked.wait_for_answer(out_there)
    flooded, said, used_before, used_after = scene(out_there, turnpiked)
    ended = turnpiked.stop().expect(_lib.OK)
total = expect_balanced(ended)
for name, phase in zip(("before", "flood", "after", "end"), said):
    print(f"{name}: {phase}")
print(f"{flooded['a_second']:.0f} SYNs a second sent, {total['tcp_cookie_sent'] / ARGS.seconds:.0f} answered with cookies; port: {ended.books['ports']}")
print(f"used {used_before[1] >> 10} KiB before, {used_after[1] >> 10} KiB after the flood")
expect_same_memory(used_before, used_after)
expect(used_after[1] - used_before[1] < 4 << 20, "the flood made the process use more memory")
expect(flooded["a_second"] > LEAST_SYNS, f"only {flooded['a_second']} SYNs a second: this case shows little")
expect(total["tcp_cookie_sent"] > LEAST_SYNS * ARGS.seconds / 2, f"only {total['tcp_cookie_sent']} cookies")
expect_equal([phase["lost"] for phase in said], [0] * 4, "connections lost")
# Where the port's queue overflows, segments of clients are lost with the SYNs, and their kernels wait longer each time.
expect(said[1]["least"] > 0 or ended.books["ports"]["missed"], "a client got no acknowledgement during the flood, though the port missed nothing")
expect(said[1]["slowest_ms"] < SLOWEST_MS, f"an acknowledgement took {said[1]['slowest_ms']} ms")
expect_equal(total["mqtt_acknowledged"], sum(phase["acknowledged"] for phase in said), "acknowledged, by the books and by the clients")
expect_equal((total["mqtt_connected"], total["failed"], total["mqtt_not_acknowledged"]), (ARGS.clients, 0, 0), "CONNECTs, failed, not acknowledged")
