#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The envelope as Avro and as JSON, which two encoders write: senders over IPv4 and IPv6, known and unknown, with short names and with
names longer than what the Avro encoder copies at a stroke. The same recording goes into files and into Kafka; both must say the same."""
import collections

import _lib
from _lib import OK, config, expect, expect_balanced, expect_equal, kafka_reader, make_pcap, need_kafka, read_files, replay, topic_name, unique

SENDERS = {"10.1.0.1": ("cam", "s", None), "10.1.0.255": ("d" * 70, "site " + "x" * 90, "lane " + "y" * 60), "10.1.0.3": None,
           "fd00::1": ("cam6", "s6", "1"), "fd00::1:0:0:a:0": ("e" * 33, "z" * 64, None), "2001:db8::ffff": None}
SAME = ("site", "device", "lane", "transport", "source_ip", "source_port", "flags", "plate", "jurisdiction", "confidence")

brokers = need_kafka()
lines = []
for n in range(200):
    for address in SENDERS:
        time = ',"time":"2026-11-22T10:00:00.5Z"' if n % 2 else ""
        text = f'{{"plate":"P{n:03}","jurisdiction":"US-CA","confidence":0.{n + 1}{time}}}'
        other = "10.0.0.1" if "." in address else "fd00::ff"
        lines.append(f"{{src={address} dst={other} sport={1 + n * 300}}} {text.encode().hex()}\n")
listing = _lib.FOLDER / "plates.hex"
listing.write_text("".join(lines))
pcap = make_pcap([listing], port=47001)

sources = [{"address": address, "device": names[0], "site": names[1], **({"lane": names[2]} if names[2] else {})}
           for address, names in SENDERS.items() if names]
prefix = unique("envelope") + "."
listeners = [{"name": "plates", "port": 47001, "format": "plate", "unknown_sources": "accept", "sources": sources}]


def record(sink):
    tree = config(sink=sink, brokers=brokers, prefix=prefix, topic={"keep_payload": True}, listeners=listeners)
    total = expect_balanced(replay(tree, pcap).expect(OK))
    expect_equal(total["emitted"], len(lines), f"records in {sink}")


record("file")
record("kafka")
printed = {row["event_id"]: row for row in read_files("plate_read", prefix)}
arrived = kafka_reader(brokers).read(topic_name("plate_read", prefix), contract="raw.plate.read.v1")
expect_equal(len(printed), len(lines), "different records in the file")
expect_equal(len(arrived), len(lines), "records in Kafka")
seen = collections.Counter()
for message in arrived:
    value = message.value
    text = printed.pop(bytes(value["event_id"]).hex())
    for name in SAME:
        expect_equal(value[name], text.get(name), f"{name} of {value['plate']} from {value['source_ip']}")
    expect_equal((value["device_time"] is None), ("device_time" not in text), "device_time")
    expect_equal(bytes(value["payload"]).hex(), text["payload"], "payload")
    names = SENDERS[value["source_ip"]]
    expect_equal((value["device"], value["site"], value["lane"]), names or ("unknown", "test", None), f"names of {value['source_ip']}")
    seen[value["source_ip"]] += 1
expect_equal(dict(seen), {address: 200 for address in SENDERS}, "records by sender")
expect(not printed, "records that are only in the file")
