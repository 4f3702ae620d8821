#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What the XDP program of an AF_XDP port drops or leaves to the kernel, seen by trace and capture: with the reason and the prefix that denies, by the filter
that workers use, to both of them at a time. Who armed a trace and is gone leaves nobody watching. Of a flood a bounded part is shown, the rest is counted, and a
sender that is asked for is found in it."""
import json
import socket
import struct
import time

import _host
import _lib
from _lib import FOLDER, OK, Ctl, Daemon, a_roadside, af_xdp_port, config, expect, expect_balanced, expect_equal, need_roadside, until
from _mqtt import inside
from _raw import ip
from _watch import Capture, Stream, Trace, counters, nodes

HOST, APPLIANCE, PORT = "10.77.0.5", _lib.roadside.APPLIANCE, 47001
KNOWN, DENIED = "10.77.0.11", "10.77.0.13"
NOISY = "10.66.0.0/16"
FILE = FOLDER / "denied.pcapng"
RATE, BURST = 5000, 1000  # that a port tells of, as docs/operate.md says


def send(road, source, target=APPLIANCE, port=PORT, payload=b'{"plate":"ABC123"}'):
    with inside(road), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind((source, 0))
        s.sendto(payload, (target, port))


def seen(reason):
    return sum(row["count"] for row in Ctl("guard").data()["packets"] if (row["where"], row["reason"]) == ("road", reason))


def only(trace):
    stories = trace.packets()
    expect_equal(len(stories), 1, "packets traced")
    return stories[0]


def expect_denied(story, source=DENIED, prefix=f"{DENIED}/32"):
    text = "\n".join(story["lines"])
    expect_equal((story["result"], nodes(story), counters(story)), ("dropped", [], {("xdp", "guard_denied")}), f"what became of it: {text}")
    expect_equal([step["step"] for step in story["steps"]], ["arrived", "xdp"], "steps")
    expect_equal((story["steps"][1]["port"], story["steps"][1]["prefix"]), ("road", prefix), "where, and by what")
    expect(f"UDP {source} port" in text and "by queue 0 of port road" in text, f"its arrival: {text}")
    expect(f"XDP guard        to drop; guard_denied by prefix {prefix}" in text, f"the step of the guard: {text}")


def expect_kernel(story, reason):
    expect_equal((story["result"], counters(story)), ("left_to_kernel", {("xdp", reason)}), f"what became of it: {story['lines']}")


def traces(road):
    trace = Trace("--source", DENIED, "--seconds", _lib.LIMIT)
    send(road, DENIED)
    expect_denied(only(trace))
    trace = Trace("--device", "unwanted", "--seconds", _lib.LIMIT)
    send(road, KNOWN)
    send(road, DENIED)
    expect_denied(only(trace))
    # What passes to the kernel, beside what is taken.
    trace = Trace("--source", KNOWN, "--count", 2, "--seconds", _lib.LIMIT)
    send(road, KNOWN, HOST, 9)
    send(road, KNOWN)
    results = {story["result"]: story for story in trace.packets()}
    expect_equal(set(results), {"left_to_kernel", "acknowledged"}, "what became of two packets")
    expect_kernel(results["left_to_kernel"], "kernel_address")
    trace = Trace("--port", 9, "--seconds", _lib.LIMIT)
    send(road, KNOWN, HOST, 10)
    send(road, KNOWN, HOST, 9)
    story = only(trace)
    expect_kernel(story, "kernel_address")
    expect(f"to {HOST} port 9" in "\n".join(story["lines"]), f"which one: {story['lines']}")


def nothing_unasked(road):
    """Packets from before, those of others, and without a filter those of the host, are not shown."""
    denied, kernel = seen("guard_denied"), seen("kernel_address")
    send(road, DENIED)
    until(lambda: seen("guard_denied") > denied, "a packet before the trace")
    other = Trace("--source", "10.77.0.99", "--seconds", 2)
    send(road, DENIED)
    expect_equal(other.packets(), [], "packets of another sender")
    every = Trace("--count", 1000, "--seconds", 600)
    send(road, KNOWN, HOST, 9)
    until(lambda: seen("kernel_address") > kernel, "a packet of the host")
    send(road, DENIED)
    stories = []
    while not stories or stories[-1]["result"] != "dropped":  # others may be there: ARP
        stories.append(json.loads(every.process.stdout.readline()))
    every.stop()
    expect_denied(stories[-1])
    expect("left_to_kernel" not in [story["result"] for story in stories], f"the host's own: {stories}")


def both(road):
    """A trace and a capture at a time: neither takes packets from the other."""
    capture = Capture("--count", 20, "--seconds", _lib.LIMIT, "--reason", "guard_denied", file=FILE)
    trace = Trace("--source", DENIED, "--count", 20, "--seconds", _lib.LIMIT)
    for _ in range(20):
        send(road, DENIED)
    for story in trace.packets():
        expect_denied(story)
    text = capture.end()
    expect("20 packets captured, 0 not" in text, f"summary: {text}")


def vanished(road):
    """Who armed a trace and is gone: another one can be armed, and sees what comes from then on."""
    gone = Trace("--source", DENIED, "--count", 50, "--seconds", 600)
    send(road, DENIED)
    gone.stop()
    begun = [Stream("trace", "--source", DENIED, "--seconds", _lib.LIMIT)]

    def armed():
        if "armed" in begun[-1].first:
            return True
        begun[-1].stop()
        begun.append(Stream("trace", "--source", DENIED, "--seconds", _lib.LIMIT))
        return False
    until(armed, "a trace behind one whose client is gone")
    send(road, DENIED)
    stories = [line for line in begun[-1].end() if "trace" in line]
    expect_equal(len(stories), 1, "packets traced")
    expect_denied(stories[0])


def frames(road):
    """Denied senders of the flood."""
    with open(f"/sys/class/net/{road.interface}/address", encoding="ascii") as file:
        head = bytes.fromhex(file.read().strip().replace(":", "")) + b"\2\0\0\0\0\x77\x08\0"
    udp = struct.pack("!HHHH", 40000, PORT, 8 + 50, 0) + b"x" * 50
    return [head + ip(f"10.66.0.{n}", APPLIANCE, 17, udp) for n in range(1, 65)]


def captured_of_flood():
    """A capture of some seconds. It and what it says it has not are all that was dropped meanwhile; returns how many it has not."""
    seconds, before, begun = 3, seen("guard_denied"), time.monotonic()
    capture = Capture("--count", 1000000, "--seconds", seconds, "--reason", "guard_denied", file=FILE)
    first = last = seen("guard_denied")
    while (now := seen("guard_denied")) and time.monotonic() < begun + seconds:  # it cannot have ended when that was read
        last = now
    text = capture.end()
    most, after = BURST + RATE * (time.monotonic() - begun), seen("guard_denied")
    row = next(line.split() for line in text.splitlines() if line.startswith("guard_denied"))
    captured, missed = int(row[1]), int(row[3])
    expect(0 < captured <= most, f"captured {captured}, expected {most} at most")
    expect(last - first <= captured + missed <= after - before,
           f"captured {captured} and not {missed}; dropped {last - first} while it was armed, {after - before} in all")
    expect(f"{captured} packets captured, {missed} not" in text, f"summary: {text}")
    return missed


def find_in_flood(road, *asked):
    """One that is asked for is found, whatever else is dropped; it may be lost in front of the program, where the link is full."""
    trace = Trace(*asked, "--seconds", 600)

    def found():
        send(road, DENIED)
        return trace.process.poll() is not None
    until(found, f"a packet that is asked for by {asked}, in a flood")
    lines = trace.end()
    expect_equal((len(lines), lines[-1]["not_looked_at"]), (3, 0), f"lines of the trace, and what was not looked at: {lines[-1]}")
    expect_denied(lines[1])


def flood(road):
    ending = _host.flood(road, frames(road), 600)
    until(lambda: seen("guard_denied") > 10000, "the flood")
    expect(any(captured_of_flood() > 0 for _ in range(5)), "the flood was never faster than what is told of it")
    find_in_flood(road, "--source", DENIED)
    find_in_flood(road, "--device", "unwanted")
    # Without a filter the flood is what is seen; what there was no room for is said.
    lines = Stream("trace", "--count", 1000, "--seconds", 600).end()
    noisy = [(line, line["steps"][0]["frame"].split()[1]) for line in lines if "trace" in line and "UDP 10.66.0." in line["steps"][0].get("frame", "")]
    expect(len(noisy) > 500, f"{len(noisy)} packets of the flood")
    for story, source in noisy:
        expect_denied(story, source, NOISY)
    expect("not_looked_at" in lines[-1], f"the end of the trace: {lines[-1]}")
    ending(now=True)


need_roadside()
with a_roadside(KNOWN, DENIED) as road_:
    _host.addresses(road_, f"{HOST}/24")
    listener = {"name": "plates", "port": PORT, "format": "plate", "sources": [{"address": KNOWN, "device": "cam"}, {"address": DENIED, "device": "unwanted"}]}
    with Daemon(config(port=af_xdp_port(road_, (APPLIANCE,)), listeners=[listener], guard={"deny": [DENIED, NOISY]})) as daemon_:
        daemon_.wait_for_answer(road_)
        traces(road_)
        nothing_unasked(road_)
        both(road_)
        vanished(road_)
        flood(road_)
        ended = daemon_.stop().expect(OK)
expect_balanced(ended)
