#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Kafka is paused, killed and started again, and away for longer than a delivery may take, while MQTT clients publish.

Whatever happens: what was acknowledged is in Kafka, once. Under `hold` the receive windows of those who wait close and nothing is lost; they open
again when Kafka is back, without waiting for the clients' probes. Under `shed` QoS 0 is dropped and counted, and what was not is in Kafka. What could
not be delivered in time is said with a reason code in MQTT 5 and by the end of the connection in 3.1.1; sent again, it arrives. That brokers which were
killed are reachable again is said, with how long they were away.

--seconds N: how long Kafka is paused at least (15).
"""
import argparse
import collections
import re
import time

import _lib
from _brokers import Brokers
from _lib import LIMIT, Daemon, a_roadside, af_xdp_port, config, expect, expect_balanced, expect_equal, kafka_reader, need_roadside
from _publisher import Client, connected, counter, until_pumped

options = argparse.ArgumentParser()
options.add_argument("--seconds", type=float, default=15)
AWAY = options.parse_args().seconds
BODY = b"." * 900
IN_FLIGHT = 64
MANY = 400  # messages of a client in an outage: more than its connection may have in flight, and than windows and batches hold

ROUTES = [{"filter": "hold/#", "format": "raw"}, {"filter": "shed/#", "format": "raw", "when_slow": "shed"}]


def tree_for(road, kafka, **changes):
    tree = config(port=af_xdp_port(road), listeners=[], sink="kafka", brokers=kafka.bootstrap, memory={"batches": 32, "batch_bytes": 65536},
                  mqtt=[{"name": "m", "port": 1883, "anonymous": True, "unknown_devices": "accept", "routes": ROUTES, "in_flight": IN_FLIGHT}])
    tree["topics"] = []
    tree["sink"]["kafka"].update(changes)
    return tree


def publish(client, topic, n, qos=1):
    first = client.numbered = getattr(client, "numbered", 0)
    for i in range(first, first + n):
        client.publish(topic, f"{client.client_id} {i} ".encode() + BODY, qos)
    client.numbered += n


def in_kafka(kafka):
    """How often each body is there."""
    reader = kafka_reader(kafka.bootstrap)
    return collections.Counter(record.value["body"] for record in reader.read("raw.mqtt.v1"))


def expect_arrived(kafka, clients):
    found = in_kafka(kafka)
    for client in clients:
        missing = [body for body in client.acked if found[body] != 1]
        expect(not missing, f"{client.client_id}: {len(missing)} of {len(client.acked)} acknowledged messages are not in Kafka once")
    return found


def stuck(clients):
    """Nothing moves: each has octets it cannot send and has probed a closed window; MQTT 5 may not send so much, it waits by its own account."""
    return all(client.waiting if client.most else client.out and client.backed_off() >= 3 for client in clients)


def said_back(daemon):
    """How many lines say that brokers are reachable again, and for how long they were away."""
    return len(re.findall(r"kafka: brokers are reachable again(, after|; they were away \d+ times,) [0-9.]+ s", daemon.log.read_text(errors="replace")))


def outage(road, kafka, name, away, back, seconds=0, said=False):
    """Returns the books. said: that brokers are reachable again must be. The clients of QoS 1 wait because so much is unacknowledged, that of QoS 0 because no batch is free."""
    with Daemon(tree_for(road, kafka)) as daemon:
        daemon.wait_for_answer(road)
        firm = connected([Client(road, f"{name}-hold4"), Client(road, f"{name}-hold5", 5, most=IN_FLIGHT), Client(road, f"{name}-shed-q1")])
        loose = connected([Client(road, f"{name}-hold-q0"), Client(road, f"{name}-shed-q0")])
        everyone = firm + loose
        for client in firm:
            publish(client, "hold/a" if "hold" in client.client_id else "shed/a", 20)
        until_pumped(everyone, lambda: all(len(client.acked) == 20 for client in firm), "acknowledgements before the outage")
        told = said_back(daemon)
        away()
        begin = time.monotonic()
        before = sum(len(client.acked) for client in firm)
        for client in firm:
            publish(client, "hold/a" if "hold" in client.client_id else "shed/a", MANY)
        publish(loose[0], "hold/a", 10 * MANY, qos=0)
        until_pumped(everyone, lambda: stuck(firm + loose[:1]), "windows that close")
        publish(loose[1], "shed/a", MANY, qos=0)  # no batch is free now: they are taken, and dropped
        until_pumped(everyone, lambda: not loose[1].out, "messages that are shed")
        until_pumped(everyone, lambda: time.monotonic() - begin >= seconds, "the outage", seconds + 30)
        expect_equal(sum(len(client.acked) for client in firm), before, "acknowledged while Kafka was away")
        probes = counter(road, "TcpExt:TCPWinProbe")
        back()
        begin = time.monotonic()
        until_pumped(everyone, lambda: sum(len(client.acked) for client in firm) > before, "the first acknowledgement")
        first = time.monotonic() - begin
        until_pumped(everyone, lambda: all(client.done() for client in everyone), "all acknowledgements")
        print(f"{name}: first acknowledgement {first:.3f} s after Kafka's return, all after {time.monotonic() - begin:.3f} s; window probes "
              f"meanwhile {counter(road, 'TcpExt:TCPWinProbe') - probes}")
        if said:
            until_pumped(everyone, lambda: said_back(daemon) > told, "a line that says that Kafka is back", 2 * LIMIT)
        for client in everyone:
            expect_equal(client.closed, None, f"connection of {client.client_id}")
            client.end()
        ended = daemon.stop().expect(_lib.OK)
    found = expect_arrived(kafka, firm)
    return expect_balanced(ended), firm, loose, found


def check_outage(total, firm, loose, found):
    for client in firm:
        expect_equal(len(client.acked), 20 + MANY, f"acknowledged to {client.client_id}")
    arrived = {client.client_id: sum(n for body, n in found.items() if body.startswith(client.client_id.encode() + b" ")) for client in loose}
    held, shed = arrived.values()
    expect_equal(held, 10 * MANY, "messages of QoS 0 under hold in Kafka")
    expect(total["mqtt_shed"] > 0, "nothing was shed: this case shows nothing")
    expect_equal(shed + total["mqtt_shed"], MANY, "messages of QoS 0 under shed: in Kafka and dropped")
    expect_equal(total["failed"], 0, "failed")
    expect(total["tcp_zero_window"] >= 3 and total["mqtt_held"] >= 3, "windows were not closed")
    expect(total["tcp_window_update"] >= 3, "windows were not opened by updates")


def answers(road):
    """Until Kafka acknowledges a message again: it may take longer than the time of a delivery until it does, and the next ones are acknowledged at once.
    Returns how many were refused before."""
    probe = connected([Client(road, "probe", 5)])[0]

    def acknowledged():
        if not probe.sent and not probe.acked:
            publish(probe, "hold/a", 1)
        return probe.acked
    until_pumped([probe], acknowledged, "Kafka's return")
    probe.end()
    return len(probe.refused)


def too_late(road, kafka):
    """The delivery time-out passes: said, not acknowledged; the same messages, sent again when Kafka is back, arrive."""
    with Daemon(tree_for(road, kafka, delivery_timeout_ms=10000)) as daemon:
        daemon.wait_for_answer(road)
        old, new = connected([Client(road, "late4", 4), Client(road, "late5", 5)])
        kafka.pause()
        for client in (old, new):
            publish(client, "hold/a", 10)
        until_pumped([old, new], lambda: old.closed and not new.sent, "the end of a delivery's time")
        expect_equal((len(old.acked), len(new.acked), len(new.refused)), (0, 0, 10), "acknowledged, acknowledged, refused")
        expect(all(reason >= 0x80 for reason in new.reasons), f"reason codes {new.reasons}")
        print(f"too late: 3.1.1 {old.closed}, 5 got reason codes {sorted(set(new.reasons))}")
        kafka.go_on()
        refused = answers(road)
        again = connected([Client(road, "late4", 4)])[0]
        publish(again, "hold/a", 10)
        publish(new, "hold/a", 10)
        until_pumped([again, new], lambda: len(again.acked) == 10 and len(new.acked) == 10, "acknowledgements")
        old.socket.close()
        again.end()
        new.end()
        ended = daemon.stop().expect(_lib.OK, "records were not delivered")
    total = expect_balanced(ended)
    expect_equal((total["mqtt_acknowledged"], total["failed"]), (20 + 1, total["failed_by"]["timed_out"]), "acknowledged; failed, all timed out")
    expect(total["mqtt_not_acknowledged"] >= 11 + refused, "messages that were not acknowledged")
    found = in_kafka(kafka)
    expect(all(found[body] for body in again.acked + new.acked), "an acknowledged message is not in Kafka")


need_roadside()
with Brokers() as broker, a_roadside("10.77.0.11") as out_there:
    check_outage(*outage(out_there, broker, "paused", broker.pause, broker.go_on, AWAY))
    check_outage(*outage(out_there, broker, "killed", broker.kill, broker.up, said=True))
    too_late(out_there, broker)
