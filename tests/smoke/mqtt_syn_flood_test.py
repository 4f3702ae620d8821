#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""SYNs as fast as this machine can send them, each from another address, while a thousand clients publish at QoS 1: every message is acknowledged, no
connection is lost, memory stays what it was, and the books have each SYN that came.

Without the guard, the SYNs take the port's queue from the clients: segments of theirs are lost there with the SYNs and sent again later. With a rate
for SYNs (guard.syn_rate), nothing of the clients is lost and each is served all the while: what is above the rate is dropped before it takes a place of
the queue, the rest is answered with cookies, and both together are the SYNs that were sent, exactly.

--seconds N: how long each flood lasts at least (5); --clients N (1000); --every N: milliseconds between two messages of a client (100).
"""
import argparse
import contextlib
import json
import subprocess
import time

import _lib
from _lib import BUILD, Ctl, Daemon, a_roadside, af_xdp_port, config, expect, expect_balanced, expect_equal, need_roadside, until
from _publisher import expect_same_memory, memory

options = argparse.ArgumentParser()
options.add_argument("--seconds", type=float, default=5)
options.add_argument("--clients", type=int, default=1000)
options.add_argument("--every", type=int, default=100)
ARGS = options.parse_args()
APPLIANCE, LEAST_SYNS = _lib.roadside.APPLIANCE, 25000  # of which half are answered with a cookie, or dropped by the guard: with fewer, nothing is shown
SLOWEST_MS = 15000  # and as long as the flood: retransmission time-outs of clients whose segments found the port's queue full included
GUARDED_MS = 2000  # nothing is lost: it is only a matter of who has the processor
SYN_RATE, SYN_BURST = 500, 100  # so few that the places of the port last for seconds in which the worker gets no CPU
# With the guard no queue may overflow, so few segments of the clients are under way at a time: the link has 256 places, the port 2048.
AT_ONCE = 64


def tree_for(road, half_open, **sections):
    return config(port=af_xdp_port(road), sink="null", tcp={"connections": 2 * ARGS.clients, "half_open": half_open},
                  mqtt=[{"name": "m", "port": 1883, "anonymous": True, "unknown_devices": "accept", "unmapped": "raw"}], **sections)


class Publishers:
    def __init__(self, road, stack, at_once):
        command = [str(BUILD / "tests/load/mqtt_publishers"), APPLIANCE, "1883", str(ARGS.clients), str(ARGS.every), str(at_once)]
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


@contextlib.contextmanager
def flood(road, said):
    """As fast as it goes; `said` has what the sender says, behind the with."""
    with open(f"/sys/class/net/{road.interface}/address", encoding="ascii") as file:
        mac = file.read().strip()
    command = [str(BUILD / "tests/load/syn_flood"), road.far, mac, APPLIANCE, "1883", str(10 * _lib.LIMIT)]
    with subprocess.Popen(road.command(command), stdout=subprocess.PIPE, text=True) as sender:
        try:
            yield
        finally:
            sender.terminate()
        said.update(json.loads(sender.communicate(timeout=_lib.LIMIT)[0]))
    expect_equal(sender.returncode, 0, "syn_flood")


def packets(where, reason):
    return sum(row["count"] for row in Ctl("guard").data()["packets"] if (row["where"], row["reason"]) == (where, reason))


def cookies():
    return sum(row["count"] for row in Ctl("stats", "--all").data()["counters"] if row["counter"] == "tcp_cookie_sent")


def dropped_by_link(road):
    return int(road.run(["cat", f"/sys/class/net/{road.far}/statistics/tx_dropped"], stdout=subprocess.PIPE, text=True).stdout)


def counts():
    """SYNs that the guard dropped, and cookies."""
    return packets("road", "guard_syn_rate"), cookies()


def since(before):
    return [now - then for now, then in zip(counts(), before)]


def enough(before):
    """Whether so many of the SYNs had an end that there were at least LEAST_SYNS; asked for now and then, as it takes time from the others."""
    time.sleep(0.5)
    return max(since(before)) > LEAST_SYNS / 2


def scene(road, daemon, at_once):
    """What was sent, what the clients say of each phase, memory before and behind the flood, and counts() before it."""
    with contextlib.ExitStack() as stack:
        clients, sent = Publishers(road, stack, at_once), {}
        time.sleep(1)
        phases, before, counted, begin = [clients.phase()], memory(daemon), counts(), time.monotonic()
        with flood(road, sent):
            until(lambda: enough(counted) and time.monotonic() - begin > ARGS.seconds, "the flood")
        phases.append(clients.phase())
        after = memory(daemon)
        time.sleep(1)
        phases.append(clients.phase())
        phases.append(clients.end())
    return sent, phases, (before, after), counted


def check(ended, sent, phases, used, syns):
    """What holds with the guard and without."""
    total = expect_balanced(ended)
    for name, phase in zip(("before", "flood", "after", "end"), phases):
        print(f"{name}: {phase}")
    seconds = sent["sent"] / sent["a_second"]
    print(f"{sent['a_second']:.0f} SYNs a second sent for {seconds:.1f} s, {syns[0] / seconds:.0f} a second dropped by the guard, {syns[1] / seconds:.0f} "
          f"answered with cookies; {phases[1]['acknowledged']} messages acknowledged meanwhile; port: {ended.books['ports']}", flush=True)
    expect_same_memory(*used)
    expect(used[1][1] - used[0][1] < 4 << 20, "the flood made the process use more memory")
    expect_equal([phase["lost"] for phase in phases], [0] * 4, "connections lost")
    expect_equal(total["mqtt_acknowledged"], sum(phase["acknowledged"] for phase in phases), "acknowledged, by the books and by the clients")
    expect_equal((total["mqtt_connected"], total["failed"], total["mqtt_not_acknowledged"]), (ARGS.clients, 0, 0), "CONNECTs, failed, not acknowledged")
    return total, seconds


def without_guard():
    with a_roadside("10.77.0.11") as road, Daemon(tree_for(road, half_open=1024)) as daemon:
        daemon.wait_for_answer(road)
        sent, phases, used, before = scene(road, daemon, ARGS.clients)
        syns = since(before)
        ended = daemon.stop().expect(_lib.OK)
    total, seconds = check(ended, sent, phases, used, syns)
    expect(total["tcp_cookie_sent"] > LEAST_SYNS / 2, f"only {total['tcp_cookie_sent']} cookies")
    expect(total["tcp_cookie_sent"] + total["tcp_half_open_expired"] <= sent["sent"], "more SYNs were answered than sent")
    # Where the port's queue overflows, segments of clients are lost with the SYNs, and their kernels wait longer each time.
    expect(phases[1]["least"] > 0 or ended.books["ports"]["missed"], "a client got no acknowledgement during the flood, though the port missed nothing")
    expect(phases[1]["slowest_ms"] < SLOWEST_MS + 1000 * seconds, f"an acknowledgement took {phases[1]['slowest_ms']} ms")


def with_guard():
    guard = {"syn_rate": SYN_RATE, "syn_burst": SYN_BURST}
    with a_roadside("10.77.0.11") as road, Daemon(tree_for(road, half_open=0, guard=guard)) as daemon:
        daemon.wait_for_answer(road)
        # An acknowledgement of TCP at once for each PUBACK, none later: what is under way is bounded.
        quick = ["ip", "route", "replace", "10.77.0.0/24", "dev", road.far, "src", "10.77.0.11", "quickack", "1"]
        expect_equal(road.run(quick).returncode, 0, "quickack")
        sent, phases, used, before = scene(road, daemon, AT_ONCE)
        until(lambda: sum(since(before)) >= sent["sent"], "an end of all SYNs")
        syns, link = since(before), dropped_by_link(road)
        ended = daemon.stop().expect(_lib.OK)
    total, _ = check(ended, sent, phases, used, syns)
    expect_equal((link, ended.books["ports"]["missed"]), (0, 0), "dropped by the link, missed by the port")
    expect_equal(sum(syns), sent["sent"], "SYNs that the guard dropped and those that were answered with cookies, against those sent")
    expect(all(syns), f"{syns[0]} SYNs dropped, {syns[1]} answered: this case shows nothing")
    mean = phases[1]["acknowledged"] / ARGS.clients
    expect(2 * phases[1]["least"] > mean > 1, f"a client got {phases[1]['least']} acknowledgements during the flood, {mean} is the mean")
    expect(phases[1]["slowest_ms"] < GUARDED_MS, f"an acknowledgement took {phases[1]['slowest_ms']} ms")
    expect_equal(total["tcp_timed_out"], 0, "connections given up")


need_roadside()
without_guard()
with_guard()
