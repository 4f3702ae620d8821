#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Plate lists behind the short way: where a rule looks at plate reads, too, they go through all nodes; without one, usual reads go from their text into their
batch and lists look at them behind that. The same recording both ways into Kafka: records and alerts are the same, and so are the books."""
import datetime
import json

import _lib
from _lib import OK, config, expect, expect_balanced, expect_equal, kafka_reader, make_pcap, need_kafka, replay, topic_name, unique

READS = 400
SENDERS = ("10.1.0.1", "10.1.0.2", "fd00::1", "10.1.0.9")  # the last is not known
CLAMPED = 1  # in `flags`
NO_TIMES = range(200, 250)  # so many that the short way is not tried for a while
NOW = datetime.datetime.now(datetime.timezone.utc)

brokers = need_kafka()


def read(n):
    """Every fourth is of another shape, every tenth has a time that is clamped, some have none or one that is none; one in eight is on the list."""
    event = {"plate": f"HIT{n % 64}" if n % 8 == 0 else f"MISS{n}", "time": f"2001-01-01T00:00:{n % 60:02}.5Z" if n % 10 == 3 else f"{NOW:%Y-%m-%dT%H:%M:%S}.{n:03}Z",
             "confidence": n % 100 / 100, "jurisdiction": "US-CA" if n % 16 else "US-NV", "camera": f"cam-{n % 5}", "read_id": "r" * (1 + n % 90)}
    if n % 4 == 1:
        del event["camera"], event["jurisdiction"]
    if n % 50 == 49:
        event["time"] = "soon"
    if n % 50 == 48 or n in NO_TIMES:
        del event["time"]
    return json.dumps(event, separators=(",", ":"))


lines = [f"{{src={sender} dst={'fd00::ff' if ':' in sender else '10.0.0.1'} sport=4000}} {read(n).encode().hex()}\n"
         for n in range(READS) for sender in SENDERS]
listing = _lib.FOLDER / "plates.hex"
listing.write_text("".join(lines))
pcap = make_pcap([listing], port=47001)
(_lib.FOLDER / "list.csv").write_text("plate,jurisdiction,category\nHIT8,,stolen\nHIT16,US-CA,stolen\nHIT24,US-NV,wanted\nHIT0,,wanted\n")
listeners = [{"name": "plates", "port": 47001, "format": "plate", "unknown_sources": "accept",
              "sources": [{"address": sender, "device": f"cam-{i}", "site": "north"} for i, sender in enumerate(SENDERS[:-1])]}]
RULE = {"name": "never", "regex": "^no such camera$", "kind": "plate_read", "field": "camera_id"}


def recorded(name, **sections):
    """Records and alerts by identity, without what is of the run; and the books."""
    prefix = unique(name) + "."
    tree = config(sink="kafka", brokers=brokers, prefix=prefix, listeners=listeners, lists=[{"name": "watched", "path": "list.csv"}], **sections)
    total = expect_balanced(replay(tree, pcap).expect(OK))
    found = {}
    for kind in ("plate_read", "alert_match"):
        values = [message.value for message in kafka_reader(brokers).read(topic_name(kind, prefix), contract=topic_name(kind))]
        for value in values:
            del value["received_at"]
            if value["device_time"] is None or value["flags"] & CLAMPED:
                del value["event_time"]
        found[kind] = sorted((bytes(value["event_id"]), sorted(value.items(), key=str)) for value in values)
    return found, {counter: count for counter, count in total.items() if isinstance(count, int)}


straight, books = recorded("straight")
through, others = recorded("through", rules=[RULE])
expect_equal(len(straight["plate_read"]), READS * len(SENDERS), "records")
expect(len([1 for _, value in straight["plate_read"] if "event_time" in dict(value)]) > len(lines) / 2, "usual times")
expect(len(straight["alert_match"]) > 50, f"{len(straight['alert_match'])} alerts")
for kind, values in straight.items():
    expect_equal(len(values), len(through[kind]), f"number of {kind}")
    for one, other in zip(values, through[kind]):
        expect_equal(one, other, kind)
expect_equal(books, others, "the books")
