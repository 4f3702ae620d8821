#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What MQTT messages become: records of every format by route, raw messages of any content and length, headers of user properties, and dead letters, which
are acknowledged too."""
import collections

import _lib  # noqa: F401, for the path of samples
import samples
from _lib import OK, RAW_TOPICS, Daemon, a_roadside, af_xdp_port, config, expect, expect_balanced, expect_equal, kafka_reader, need_kafka, \
    need_roadside, topic_name, unique
from _mqtt import Session, paho
from _mqtt_raw import CLOSED, DISCONNECT, PUBACK, PUBLISH, Raw, packet, publish, text

MAX_PACKET = 200000
RETAINED, WILL, DUP = 32, 64, 128
COUNT = 20
FORMATS = {"junction-3/v2x/rsu-1": samples.v2x, "plates/gantry-7/2": samples.plates, "tolls/any/depth": samples.tolls,
           "vehicles/v1/telemetry": samples.telemetry}
ROUTES = [{"filter": "+/v2x/+", "format": "j2735", "site_level": 1, "lane_level": 3},
          {"filter": "plates/+/+", "format": "plate", "site_level": 2, "lane_level": 3},
          {"filter": "tolls/#", "format": "toll"},
          {"filter": "vehicles/+/telemetry", "format": "telemetry", "lane_level": 2},
          {"filter": "kept/#", "format": "raw", "keep_properties": True},
          {"filter": "left/#", "format": "raw"}]
# Site and lane that records of these topics have; the device is the client.
WHERE = {"junction-3/v2x/rsu-1": ("junction-3", "rsu-1"), "plates/gantry-7/2": ("gantry-7", "2"), "tolls/any/depth": ("test", None),
         "vehicles/v1/telemetry": ("test", "v1")}
RAW = [b"", bytes(range(256)), b"\0", "Zürich €".encode(), b"x" * 1459, b"y" * 1461, bytes(range(251)) * 60, b"z" * 150000]
MALFORMED = [("plates/gantry-7/2", b"{no json", False), ("junction-3/v2x/rsu-1", b"\xff\xfe\xfd", False), ("tolls/x", b"", False)]


PROPERTIES = [("order", "1"), ("order", "2"), ("", ""), ("Zürich", "€ " * 200)]  # a name may come twice, and both may be empty


def largest(topic):
    """The payload of a PUBLISH at QoS 1 of 3.1.1 that has MAX_PACKET octets in all."""
    return b"m" * (MAX_PACKET - len(publish(topic, b"", 1)) - 2)


def refused_when_too_large(road):
    for level, answer in ((4, CLOSED), (5, DISCONNECT)):
        client = Raw(road, f"too-large-{level}", level)
        client.publish("raw/large", b"before", 1)
        client.expect(PUBACK, 1)
        client.publish("raw/large", b"m" * (MAX_PACKET + 1), 2)
        kind, body = client.read()
        expect_equal((kind, body[:1]), (answer, b"\x95" if answer else b""), "answer to a packet that is too large")
        client.socket.close()


def with_properties(road):
    """The same message on a topic whose route keeps user properties, and on one whose route does not."""
    client, pairs = Raw(road, "proper", 5), b"".join(b"\x26" + text(name) + text(value) for name, value in PROPERTIES)
    length = bytes([len(pairs) & 127 | 128, len(pairs) >> 7])
    for n, topic in enumerate(("kept/a", "left/a"), 1):
        client.send(packet(PUBLISH, text(topic) + n.to_bytes(2, "big") + length + pairs + b"body", 2))
        client.expect(PUBACK, n)
    client.disconnect()


def publish_everything(road):
    sent = {topic: list(make(COUNT)) for topic, make in FORMATS.items()}
    for version, device in (("3.1.1", "unit-4"), ("5", "unit-5")):
        messages = [(topic, body, False) for topic, bodies in sent.items() for body in bodies]
        messages += [(f"raw/{n}", body, n % 2 == 1) for n, body in enumerate(RAW)] + MALFORMED
        expect_equal(len(paho(road, Session("paho", version, 1, device, messages))), len(messages), f"{device}: acknowledged")
    client = Raw(road, "largest")
    client.publish("raw/largest", largest("raw/largest"), 9)
    client.expect(PUBACK, 9)
    client.disconnect()
    refused_when_too_large(road)
    with_properties(road)
    return sent


def check_formats(sent, reader, prefix):
    records = {kind: reader.read(topic_name(kind, prefix), contract=topic) for kind, topic in RAW_TOPICS.items()}
    found = collections.Counter((r.value["payload"], r.value["device"]) for kind in records for r in records[kind])
    expect_equal(found, collections.Counter((body, device) for bodies in sent.values() for body in bodies for device in ("unit-4", "unit-5")),
                 "payloads that became records")
    topic_of = {body: topic for topic, bodies in sent.items() for body in bodies}
    for record in (r.value for kind in records for r in records[kind]):
        expect_equal((record["site"], record["lane"]), WHERE[topic_of[record["payload"]]], "site and lane")
        expect_equal((record["transport"], record["source_ip"]), ("mqtt", "10.77.0.11"), "transport and sender")
    expect(all(records[kind] for kind in ("plate_read", "toll_passage", "bsm", "vehicle_telemetry")), "a kind of record is missing")


def check_raw(reader, prefix):
    records = [r.value for r in reader.read(topic_name("mqtt_message", prefix), contract="raw.mqtt.v1")]
    for device in ("unit-4", "unit-5"):
        own = [(r["topic"], r["body"], bool(r["flags"] & RETAINED)) for r in records if r["device"] == device]
        expect_equal(own, [(f"raw/{n}", body, n % 2 == 1) for n, body in enumerate(RAW)], f"{device}: raw messages")
    rest = sorted((r["device"], r["topic"], r["body"]) for r in records if not r["device"].startswith("unit"))
    expect_equal(rest, [("largest", "raw/largest", largest("raw/largest")), ("proper", "kept/a", b"body"), ("proper", "left/a", b"body"),
                        ("too-large-4", "raw/large", b"before"), ("too-large-5", "raw/large", b"before")], "raw messages of the others")


def check_headers(reader, prefix):
    """The record of the message whose route keeps its properties has them as headers, in their order; no other has any."""
    found = [(m.key(), [(name, value.decode()) for name, value in m.headers()]) for m in reader.raw(topic_name("mqtt_message", prefix)) if m.headers()]
    expect_equal(found, [(b"proper", PROPERTIES)], "headers")


def check_dead(reader, prefix, total):
    dead = collections.Counter(r.value["bytes"] for r in reader.read(topic_name("dlq", prefix), contract="dlq.v1"))
    expect_equal(dead, collections.Counter(body for _, body, _ in MALFORMED * 2), "dead letters")
    expect_equal(total["malformed"], 2 * len(MALFORMED), "malformed, in the books")


need_roadside()
broker, prefix = need_kafka(), unique("mqttf") + "."
with a_roadside("10.77.0.11") as road:
    tree = config(port=af_xdp_port(road), sink="kafka", brokers=broker, prefix=prefix, topic={"keep_payload": True},
                  memory={"batch_bytes": 1 << 20, "batches": 64},
                  mqtt=[{"name": "m", "port": 1883, "anonymous": True, "unknown_devices": "accept", "unmapped": "raw", "routes": ROUTES,
                         "max_packet": MAX_PACKET}])
    with Daemon(tree) as daemon:
        daemon.wait_for_answer(road)
        sent = publish_everything(road)
        ended = daemon.stop().expect(OK)
total, kafka = expect_balanced(ended), kafka_reader(broker)
check_formats(sent, kafka, prefix)
check_raw(kafka, prefix)
check_headers(kafka, prefix)
check_dead(kafka, prefix, total)
messages = 2 * (COUNT * len(FORMATS) + len(RAW) + len(MALFORMED)) + 5
expect_equal(total["mqtt_acknowledged"], messages, "acknowledged, in the books")
expect_equal(total["mqtt_protocol_error"], 2, "packets that were too large, in the books")
# Those two have not closed their side when the appliance stops; it does not wait for them.
expect_equal(total["tcp_timed_out"], 0, "connections that timed out, in the books")
