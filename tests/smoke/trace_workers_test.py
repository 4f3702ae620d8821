#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Traces while packets pour in, over two workers of which one has the port: a packet that is handed over is followed on the other worker, each one to
its end, and a trace that is armed all the time loses nothing."""
import json
import socket

import _lib
from _lib import FOLDER, OK, Ctl, Daemon, config, expect, expect_balanced, expect_equal, make_pcap, until
from _watch import Stream, Trace, nodes

MANY = 60


def tree(workers):
    traffic = make_pcap([_lib.hex_file("plates.hex", [b'{"plate":"S%06d"}' % n for n in range(200)] + [b'{"plate":!}'])], port=47001)
    listener = {"name": "plates", "port": 47001, "format": "plate", "unknown_sources": "accept"}
    return config(port={"name": "p0", "type": "pcap", "device": str(traffic), "repeat": True}, listeners=[listener], sink="null",
                  workers={"count": workers})


def check(stories):
    expect_equal(len(stories), MANY, "packets traced")
    for story in stories:
        expect(story["result"] in ("acknowledged", "malformed", "dropped"), f"a packet without an end: {story['lines']}")
        expect(story["result"] != "dropped" or "spread_full" in story["why"], f"dropped: {story['lines']}")
        expect_equal(nodes(story)[:3], ["eth_input", "ip4_input", "udp_input"], f"the way of {story['lines']}")
    expect_equal(sorted(story["trace"] for story in stories), list(range(1, MANY + 1)), "numbers")


def moved_of(stories):
    return [story for story in stories if "spread_tx" in nodes(story) and story["result"] != "dropped"]


def handed_over(stories):
    """While the other worker has no CPU, its ring is full and everything for it is dropped: then once more."""
    for _ in range(20):
        moved = moved_of(stories)
        if moved:
            break
        stories = Trace("--count", MANY, "--seconds", _lib.LIMIT).packets()
        check(stories)
    expect(0 < len(moved) < MANY, f"{len(moved)} of {MANY} packets were handed over")
    for story in moved:
        workers = [step["worker"] for step in story["steps"] if step["step"] in ("node", "record")]
        expect_equal((workers[0], workers[-1]), (0, 1), f"workers of {story['lines']}")


def asked_meanwhile():
    """A trace, and how many others asked for one before it had ended."""
    trace = Trace("--count", MANY, "--seconds", _lib.LIMIT)
    with socket.socket(socket.AF_UNIX) as control:
        control.connect(str(FOLDER / "control.sock"))
        answers, refused = control.makefile("r"), 0
        for _ in range(2000):
            control.sendall(b'{"command": "trace"}\n')
            answer = json.loads(answers.readline())
            if answer.get("ok", True):  # the first one has ended
                break
            expect("armed already" in answer["error"]["message"], f"to who asks for another trace: {answer}")
            refused += 1
    check(trace.packets())
    return refused


def others_ask():
    """Who asks while a trace is armed is told so, and takes nothing of it. Without a CPU for a while one comes too late: then once more."""
    expect(any(asked_meanwhile() > 0 for _ in range(20)), "nobody asked while a trace was armed")


for count in (1, 2):
    with Daemon(tree(count)) as daemon:
        until(lambda: Ctl("status").status == 0, "the control socket")
        # One that sees every packet and marks none, then some that mark: nothing is lost because of them.
        idle = Stream("trace", "--source", "198.51.100.1", "--seconds", 2)
        expect_equal([line for line in idle.end() if "trace" in line], [], "packets of nobody")
        traced = Trace("--count", MANY, "--seconds", _lib.LIMIT).packets()
        check(traced)
        if count == 2:
            handed_over(traced)
        others_ask()
        expect(any(s["result"] == "malformed" for s in Trace("--count", 300, "--seconds", _lib.LIMIT).packets()), "none of 300 packets is malformed")
        total = expect_balanced(daemon.stop().expect(OK))
    expect(total["arena_full"] + total["mbuf_exhausted"] + total["record_too_large"] == 0, "lost in the workers")
