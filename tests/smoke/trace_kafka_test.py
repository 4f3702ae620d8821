#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Where is my packet? Datagrams and MQTT messages through an AF_XDP port into Kafka, each traced to its end: in Kafka with partition and offset, where
the record then is; dropped, refused or malformed under the name that the books have; acknowledged to the client that sent it."""
import socket
import struct
import time

import _lib
from _lib import FAILED, OK, Ctl, Daemon, a_roadside, af_xdp_port, config, expect, expect_balanced, expect_equal, kafka_reader, need_kafka, \
    need_roadside, topic_name, unique
from _mqtt import inside
from _mqtt_raw import PUBACK, Raw
from _watch import Trace, counters, nodes
from roadside import APPLIANCE


KNOWN, STRANGER = "10.77.0.11", "10.77.0.12"
HEARD = []  # when something of cam-1 was sent, monotonic


def send(road, payload, port=47001, source=KNOWN):
    with inside(road), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind((source, 0))
        if (source, port) == (KNOWN, 47001):
            HEARD.append(time.monotonic())
        s.sendto(payload, (APPLIANCE, port))


def send_wrong_checksum(road):
    """By a raw socket, which leaves the UDP checksum to us."""
    payload = b'{"plate":"WRONG"}'
    with inside(road), socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP) as s:
        s.bind((KNOWN, 0))
        s.sendto(struct.pack("!HHHH", 5000, 47001, 8 + len(payload), 0xbad1) + payload, (APPLIANCE, 0))


def traced(road, act, *filters, count=1):
    trace = Trace("--count", count, "--seconds", _lib.LIMIT, *filters)
    act()
    return trace.packets()


def check(story, result, *words):
    expect_equal(story["result"], result, f"result of {story['lines']}")
    for word in words:
        expect(word in story["why"], f"'{word}' is not in '{story['why']}'")


def check_in_kafka(reader, story, kind):
    record = next(step for step in story["steps"] if step["step"] == "record")
    end = next(step for step in story["steps"] if step["step"] == "ended")
    found = {(r.partition, r.offset): r.value["event_id"] for r in reader.read(topic_name(kind, PREFIX), contract=topic_name(kind))}
    event_id = found.get((end["partition"], end["offset"]))
    expect(event_id is not None, f"nothing is at partition {end['partition']}, offset {end['offset']}: {found}")
    expect_equal(event_id.hex() if isinstance(event_id, bytes) else event_id, record["event_id"], "event_id of the record in Kafka")


def datagrams(road, reader):
    [story] = traced(road, lambda: send(road, b'{"plate":"GOOD"}'), "--source", KNOWN, "--port", 47001)
    check(story, "acknowledged", "partition", "offset")
    expect_equal(nodes(story)[:4], ["eth_input", "ip4_input", "udp_input", "decode-plate"], "nodes")
    expect(nodes(story)[4:] in ([], ["pattern_match", "record_emit"]), f"nodes behind the decoder: {nodes(story)}")  # the short way, or not
    check_in_kafka(reader, story, "plate_read")
    [story] = traced(road, lambda: send(road, b'{"plate":"AGAIN"}'), "--device", "cam-1")
    check(story, "acknowledged")
    [story] = traced(road, lambda: send(road, b"x", port=47999), "--source", KNOWN, "--port", 47999)
    check(story, "dropped", "udp_input", "udp_no_listener")
    [story] = traced(road, lambda: send_wrong_checksum(road), "--listener", "plates")
    check(story, "dropped", "udp_checksum")
    [story] = traced(road, lambda: send(road, b'{"plate":"WHO"}', source=STRANGER), "--source", STRANGER + "/32", "--port", 47001)
    check(story, "refused", "unknown_source")
    [story] = traced(road, lambda: send(road, b'{"plate":!}'), "--source", KNOWN, "--port", 47001)
    check(story, "malformed", "octet 9", "json_")
    expect(("decode-plate", "dead_letters") in counters(story), f"no dead letter in {counters(story)}")
    check_in_kafka(reader, story, "dlq")
    stories = traced(road, lambda: send(road, b'{"plate":"LONG","note":"' + b"x" * 3000 + b'"}'), "--source", KNOWN, "--port", 47001, count=3)
    check(next(s for s in stories if s["trace"] == 1), "acknowledged")
    expect_equal(sum("datagram of trace 1" in " ".join(s["lines"]) for s in stories), 1, "fragments that completed the datagram")


def messages(road, reader):
    client = Raw(road, "obu-7", 5)

    def publish(topic, packet_id):
        client.publish(topic, b"hello", packet_id, 1)

    [story] = traced(road, lambda: publish("raw/one", 11), "--topic", "raw/+")
    kind, body = client.read()
    expect_equal((kind, body[:2]), (PUBACK, b"\0\x0b"), "to the client")
    check(story, "acknowledged")
    [answer] = [step for step in story["steps"] if step["step"] == "answer"]
    expect_equal((answer["packet"], answer["packet_id"], answer["reason"]), ("PUBACK", 11, 0), "the PUBACK of the trace")
    check_in_kafka(reader, story, "mqtt_message")
    [story] = traced(road, lambda: publish("nobody/takes/this", 12), "--topic", "nobody/#")
    check(story, "refused", "mqtt_unmapped")
    client.read()
    [story] = traced(road, lambda: publish("raw/two", 13), "--source", KNOWN, "--port", 1883)
    client.read()
    check(story, "acknowledged")
    expect(("tcp_input", "tcp_segments") in counters(story), f"the segment is not in {story['lines']}")
    expect([s for s in story["steps"] if s["step"] == "answer"], "no PUBACK in the trace of the segment")
    client.socket.close()


def arguments():
    Ctl("trace", "--source", "10.0.0.0/33").fails(FAILED, "expected a prefix length from 0 to 32")
    Ctl("trace", "--source", "here").fails(FAILED, "found 'here'")
    Ctl("trace", "--listener", "plaets").fails(FAILED, "plaets", "did you mean 'plates'?")
    wrong = Ctl("trace", "--seconds", 1, "--device", "cam-l", json_data=False)
    expect("no device of the configuration is called 'cam-l' (did you mean 'cam-1'?)" in wrong.out, f"a trace of no device: {wrong.out}{wrong.err}")
    expect("no device" not in Ctl("trace", "--seconds", 1, "--device", "cam-1", json_data=False).out, "a trace of a device")
    Ctl("trace", "--topic", "a/#/b").fails(FAILED, "topic filter")
    Ctl("trace", "--count", 0).fails(FAILED, "from 1 to 1000")
    none = Ctl("trace", "--seconds", 1, "--source", "198.51.100.1", json_data=False)
    expect(none.status == 0 and "0 packets traced" in none.out and "'turnpikectl ports' says" in none.out, f"a trace that sees nothing: {none.out}{none.err}")
    first = Trace("--seconds", 60)
    Ctl("trace").fails(FAILED, "armed already")
    first.stop()
    _lib.until(lambda: Ctl("trace", "--seconds", 1, "--source", "198.51.100.1").status == 0, "a trace after one whose client is gone")


need_roadside()
brokers = need_kafka()
PREFIX = unique("trace.")
with a_roadside(KNOWN, STRANGER) as road:
    tree = config(port=af_xdp_port(road), sink="kafka", brokers=brokers, prefix=PREFIX, listeners=[
        {"name": "plates", "port": 47001, "format": "plate", "sources": [{"address": KNOWN, "device": "cam-1"}]}],
                  mqtt=[{"name": "m", "port": 1883, "anonymous": True, "unknown_devices": "accept", "routes": [{"filter": "raw/#", "format": "raw"}]}])
    for topic in tree["topics"]:
        topic["encoding"] = "json" if topic["kind"] == "dlq" else "avro"  # event_id stands elsewhere in each
    reader = kafka_reader(brokers)
    with Daemon(tree) as daemon:
        daemon.wait_for_answer(road)
        datagrams(road, reader)
        messages(road, reader)
        arguments()
        [cam] = [d for d in Ctl("devices", "--device", "cam-1").data()["devices"] if d["device"] == "cam-1"]
        silent = time.monotonic() - HEARD[-1]
        expect(cam["silent_s"] <= silent + 1 and cam["longest_gap_s"] > 0 and cam["bad"] >= 1, f"the device: {cam}")
        ended = daemon.stop().expect(OK)
total = expect_balanced(ended)
expect_equal((total["udp_no_listener"], total["udp_checksum"], total["unknown_source"], total["mqtt_unmapped"]), (1, 1, 1, 1), "the books")
