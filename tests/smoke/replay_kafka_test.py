#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""All real J2735 payloads, replayed from a recording into a real Kafka and read back with an independent Avro reader.

As many records as payloads decode; every BSM and SPAT field equal to what an independent decoder says; what is not a message in the
dead-letter topic, whole, with stage, reason and offset.
"""
import collections
import json

import _lib
import j2735_fields
from _lib import OK, RAW_TOPICS, config, expect, expect_balanced, expect_equal, kafka_reader, make_pcap, need_kafka, need_shared, replay, \
    topic_name, unique

brokers = need_kafka()
folder = need_shared("data/j2735")
files = sorted(folder.glob("*.hex"))
lines = [(path.stem, n, bytes.fromhex(text)) for path in files for n, text in enumerate(path.read_text().split(), 1)]
rejected = [bytes.fromhex(row.split("\t")[-1]) for row in (folder / "rejected.tsv").read_text().splitlines()[1:]]

prefix = unique("replay") + "."
tree = config(sink="kafka", brokers=brokers, prefix=prefix, topic={"keep_payload": True}, dead_letters={"rate": 1000000})
pcap = make_pcap([*files, _lib.hex_file("rejected.hex", rejected)])
ended = replay(tree, pcap).expect(OK)
total = expect_balanced(ended)

reader = kafka_reader(brokers)
arrived = {kind: reader.read(topic_name(kind, prefix), contract=topic) for kind, topic in RAW_TOPICS.items()}
dead = reader.read(topic_name("dlq", prefix), contract="dlq.v1")

# Every payload is there once, as a record or as a dead letter.
sent = collections.Counter(payload for _, _, payload in lines) + collections.Counter(rejected)
found = collections.Counter(r.value["payload"] for records in arrived.values() for r in records)
found += collections.Counter(r.value["bytes"] for r in dead)
expect_equal((sent - found).total(), 0, "payloads that did not arrive")
expect_equal((found - sent).total(), 0, "records that nobody sent")
expect_equal(sum(map(len, arrived.values())), total["emitted"], "records on the raw topics against the books")
expect_equal(len(dead), total["dead_letters"], "dead letters against the books")

# What the independent decoder reads, we read; what it rejects is a dead letter that says where and why.
dead_bytes = collections.Counter(r.value["bytes"] for r in dead)
for payload in rejected:
    expect(dead_bytes[payload], f"rejected payload is not in the dead letters: {payload.hex()}")
for letter in dead:
    value = letter.value
    expect(value["stage"] and value["reason"], f"a dead letter without a reason: {value}")
    expect(0 <= value["offset"] <= len(value["bytes"]), f"offset {value['offset']} of {len(value['bytes'])} octets")

by_payload = {kind: {r.value["payload"]: r for r in records} for kind, records in arrived.items()}
tables = {path.name.removesuffix(".decoded.jsonl"): j2735_fields.expected(path) for path in (folder / "expected").glob("*.decoded.jsonl")}
compared, wrong = collections.Counter(), []
for stem, n, payload in lines:
    row = tables.get(stem, {}).get(n)
    if row is None:
        continue
    if not j2735_fields.envelope_is_valid(payload, row):
        compared["wrong length"] += 1
        wrong += [] if dead_bytes[payload] else [f"{stem}:{n}: its envelope is wrong, and yet it was decoded"]
        continue
    kind = j2735_fields.kind(row["decoded"])
    record = by_payload[kind].get(payload)
    compared[kind] += 1
    wrong += [f"{stem}:{n}: {text}" for text in j2735_fields.differences(record.value, row["decoded"])] if record else [f"{stem}:{n}: is no {kind}"]
print(json.dumps({"compared": compared, "dead_letters": len(dead), "records": {k: len(v) for k, v in arrived.items()}}))
expect(not wrong, f"{len(wrong)} differences, the first:\n" + "\n".join(wrong[:20]))
expect(compared["bsm"] > 100 and compared["spat"] > 10 and compared["v2x_message"] > 100, f"too few compared: {compared}")

# The envelope: key, timestamp and schema id.
for kind, records in arrived.items():
    for record in records:
        expect_equal(record.key, record.value["device"].encode(), "key")
        expect_equal(record.timestamp_ms, j2735_fields.milliseconds(record.value["received_at"]), "Kafka timestamp")
        expect_equal(record.schema_id, tree["topics"][list(_lib.TOPICS).index(kind)]["schema_id"], "schema id")
