#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Reads back what turnpiked delivered, from Kafka or from the files of the file sink, with readers that are not ours.

Both classes offer counts() -> {topic: records} and read(topic, limit) -> [Record]; the value of a Record is a dict. Needs the packages of
deps/python.txt for Kafka: run with the interpreter that tools/python.sh prints.
"""
import collections
import io
import json
import pathlib
import time

CONTRACTS = pathlib.Path(__file__).resolve().parent.parent / "contracts"
ANSWER_S = 60  # a broker on a busy machine
Record = collections.namedtuple("Record", "key value timestamp_ms partition offset schema_id")


class Files:
    """The folder of the file sink: one file of JSON lines a topic."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.seen = {}

    def path(self, topic):
        return next(iter(sorted(self.folder.glob(f"{topic}*"))), None)

    def counts(self):
        """Counts only what was added since the last call."""
        for path in self.folder.iterdir():
            at, lines = self.seen.get(path, (0, 0))
            with open(path, "rb") as file:
                file.seek(at)
                text = file.read()
            self.seen[path] = (at + len(text), lines + text.count(b"\n"))
        return {path.name.removesuffix(".ndjson"): lines for path, (_, lines) in self.seen.items()}

    def read(self, topic, limit=None):
        path = self.path(topic)
        if not path:
            return []
        with open(path, "rb") as file:
            lines = [line for _, line in zip(range(limit), file)] if limit else file.readlines()
        return [Record(None, json.loads(line), None, 0, n, None) for n, line in enumerate(lines)]

    def close(self):
        pass


class Kafka:
    """Topics of a broker, read from their beginning to their end as it is at the time of the call."""

    def __init__(self, brokers, contracts=CONTRACTS):
        import confluent_kafka

        self.library = confluent_kafka
        self.consumer = confluent_kafka.Consumer({"bootstrap.servers": brokers, "group.id": "turnpike-reader", "enable.auto.commit": False,
                                                  "enable.partition.eof": False, "fetch.wait.max.ms": 50})
        self.contracts = contracts
        self.schemas = {}

    def ends(self, topic):
        """{partition: (first offset, offset behind the last)}; empty where the topic does not exist."""
        known = self.consumer.list_topics(topic, timeout=ANSWER_S).topics[topic]
        if known.error is not None:
            return {}
        return {p: self.consumer.get_watermark_offsets(self.library.TopicPartition(topic, p), timeout=ANSWER_S) for p in known.partitions}

    def topics(self):
        return sorted(name for name in self.consumer.list_topics(timeout=ANSWER_S).topics if not name.startswith("__"))

    def counts(self):
        return {topic: sum(high - low for low, high in self.ends(topic).values()) for topic in self.topics()}

    def raw(self, topic, limit=None):
        """Messages as they are, at most `limit`, in the order of each partition."""
        ends = self.ends(topic)
        todo = {p: high for p, (low, high) in ends.items() if high > low}
        self.consumer.assign([self.library.TopicPartition(topic, p, ends[p][0]) for p in todo])
        messages, deadline = [], time.monotonic() + 60
        while todo and (limit is None or len(messages) < limit):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{topic}: no more messages came, {sum(todo.values())} expected")
            for message in self.consumer.consume(10000, timeout=1.0):
                if message.error():
                    raise RuntimeError(f"{topic}: {message.error()}")
                messages.append(message)
                deadline = time.monotonic() + 60
                if message.offset() + 1 >= todo.get(message.partition(), 0):
                    todo.pop(message.partition(), None)
        self.consumer.unassign()
        return messages[:limit]

    def decode(self, kind_topic, value):
        """(schema id, dict) of an Avro value, or (None, dict) of a JSON value. kind_topic: the contract to read it with."""
        import fastavro

        if value[:1] == b"{":
            return None, json.loads(value)
        if kind_topic not in self.schemas:
            self.schemas[kind_topic] = fastavro.parse_schema(json.loads((self.contracts / f"{kind_topic}.avsc").read_text()))
        if value[0] != 0:
            raise ValueError(f"{kind_topic}: a value starts with {value[0]:#x}")
        body = io.BytesIO(value[5:])
        record = fastavro.schemaless_reader(body, self.schemas[kind_topic], None)
        if body.read(1):
            raise ValueError(f"{kind_topic}: octets behind the Avro body")
        return int.from_bytes(value[1:5], "big"), record

    def read(self, topic, limit=None, contract=None):
        records = []
        for m in self.raw(topic, limit):
            schema_id, value = self.decode(contract or topic, m.value())
            records.append(Record(m.key(), value, m.timestamp()[1], m.partition(), m.offset(), schema_id))
        return records

    def close(self):
        self.consumer.close()
