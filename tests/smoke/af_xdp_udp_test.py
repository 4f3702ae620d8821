#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Datagrams of ordinary sockets through an AF_XDP port into a real Kafka: 100,000 at a rate with no drop, and then too many at once.

Sent no faster than they are taken, every one arrives. Sent into a small appliance as fast as a socket can, some are lost; then the books say how many,
they still balance, and what was received plus what the port missed is no more than what left the namespace.
"""
import subprocess
import sys

import _lib
from _lib import OK, SHARED, Daemon, a_roadside, af_xdp_port, config, expect, expect_balanced, expect_equal, kafka_reader, need_kafka, \
    need_roadside, topic_name, unique

SLOW = 100000
FAST = 200000

# Sends N datagrams. With a window, it waits for the answer to a ping after each so many: the appliance answers in the order of its queue, so
# the queue is empty then, however slow this machine is. With 0 it sends as fast as it can. The link has a queue of 256 places in front of the appliance's,
# and the kernel says nothing of what it drops there.
SENDER = """
import itertools, socket, struct, sys
count, window, address, names = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4:]
lines = [bytes.fromhex(line) for name in names for line in open(name).read().split()]
out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
out.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
out.connect((address, 46800))
echo = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
echo.settimeout(30)

def checksum(data):
    total = sum(struct.unpack('!%dH' % (len(data) // 2), data))
    total = (total & 0xffff) + (total >> 16)
    return ~((total & 0xffff) + (total >> 16)) & 0xffff

def barrier(sequence):
    request = struct.pack('!BBHHH', 8, 0, 0, 4711, sequence & 0xffff)
    echo.sendto(request[:2] + struct.pack('!H', checksum(request)) + request[4:], (address, 0))
    while True:
        reply = echo.recv(2048)
        reply = reply[(reply[0] & 15) * 4:]
        if reply[0] == 0 and struct.unpack('!HH', reply[4:8]) == (4711, sequence & 0xffff):
            return

for n, line in enumerate(itertools.islice(itertools.cycle(lines), count)):
    if window and n % window == 0:
        barrier(n // window)
    out.send(line)
"""
WINDOW = 200


def payload_files():
    files = sorted((SHARED / "data/j2735").glob("*bsm*.hex"))
    if files:
        return files
    import samples

    return [_lib.hex_file("bsm.hex", samples.v2x(1000))]


def send(road, count, window):
    command = [sys.executable, "-c", SENDER, str(count), str(window), _lib.roadside.APPLIANCE, *map(str, payload_files())]
    expect_equal(road.run(command).returncode, 0, "sender")


def frames_sent(road):
    """All frames that left the namespace: the kernel there sends some of its own, which the port may miss as well."""
    return int(road.run(["cat", f"/sys/class/net/{road.far}/statistics/tx_packets"], stdout=subprocess.PIPE, text=True).stdout)


def session(brokers, count, window, descriptors=2048, **sections):
    prefix = unique(f"xdp{count}") + "."
    with a_roadside("10.77.0.11") as road:
        port = {**af_xdp_port(road), "rx_descriptors": descriptors}
        tree = config(port=port, sink="kafka", brokers=brokers, prefix=prefix, **sections)
        with Daemon(tree) as daemon:
            daemon.wait_for_answer(road)
            send(road, count, window)
            ended = daemon.stop().expect(OK)
            frames = frames_sent(road)
    total = expect_balanced(ended)
    seen = total["decoded"] + total["malformed"] + total["refused"] - total["extra"]
    counts = kafka_reader(brokers).counts()
    raw = sum(counts.get(topic_name(kind, prefix), 0) for kind in _lib.RAW_TOPICS)
    expect_equal(raw, total["emitted"], "records on the raw topics against the books")
    expect_equal(counts.get(topic_name("dlq", prefix), 0), total["dead_letters"], "dead letters against the books")
    expect(total["received"] + ended.books["ports"]["missed"] <= frames, "more frames were received or missed than were sent")
    return ended.books, total, seen


def without_drops(brokers):
    books, total, seen = session(brokers, SLOW, WINDOW, dead_letters={"rate": 1000000})
    # The kernel's own multicast is dropped as not ours; it is nobody's.
    expect_equal(sum(row["dropped"] for row in books["sources"] if row["device"] != "nobody"), 0, "dropped")
    expect_equal(books["ports"]["missed"], 0, "missed by the port")
    expect_equal(seen, SLOW, "datagrams that became a record, a dead letter or a refusal")


def with_drops(brokers):
    """A worker that sleeps long behind a queue of 64 packets: what comes meanwhile is lost."""
    weak = {"workers": {"count": 1, "idle_sleep_us": 100000}}
    books, total, seen = session(brokers, FAST, 0, descriptors=64, dead_letters={"rate": 1000000}, **weak)
    dropped = sum(row["dropped"] for row in books["sources"] if row["device"] != "nobody")
    print(f"sent {FAST}, seen {seen}, dropped {dropped}, missed by the port {books['ports']['missed']}")
    expect(seen + dropped <= FAST, "more datagrams were received than sent")
    expect(0 < seen < FAST, "nothing was lost: this case shows nothing")


need_roadside()
broker = need_kafka()
without_drops(broker)
with_drops(broker)
