#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Paho, whose connection breaks again and again, connects and sends again by itself: nothing acknowledged is missing, QoS 2 is there once, and a
QoS 1 message that is there twice has one event_id."""
import collections
import socket
import threading

from _lib import LIMIT, OK, Daemon, a_roadside, af_xdp_port, config, expect, expect_balanced, expect_equal, need_roadside, read_files
from _mqtt import Session, inside, need, paho_client

EXPIRY, MESSAGES = 600, 400
EVERY = 40  # a cut at each so many acknowledgements; and Paho has as many messages at most, so it must connect again before the next cut
CUTS = MESSAGES // EVERY


def paho_is_cut(road, version, qos):
    """Paho connects again and sends again by itself, while its socket is shut down again and again. Its own thread gives it the messages:
    one of another thread, while it connects, may pass those that it has to send again."""
    s = Session("paho", version, qos, f"cut-{version}-{qos}", [f"message {n}" for n in range(MESSAGES)])
    client = paho_client(s, **({"clean_session": False} if version == "3.1.1" else {}))
    client.reconnect_delay_set(0.01, 0.01)
    acknowledged, todo, done = [], list(s.messages), threading.Event()

    def on_connect(client, *_):
        while len(todo) > MESSAGES - EVERY:
            client.publish("raw/d", todo.pop(0), qos)

    def on_publish(client, *_):
        acknowledged.append(True)
        if todo:
            client.publish("raw/d", todo.pop(0), qos)
        if len(acknowledged) == MESSAGES:
            done.set()
        elif len(acknowledged) % EVERY == EVERY // 2:
            shut(client)
    client.on_connect, client.on_publish = on_connect, on_publish
    start = {"clean_start": False, "properties": expiring()} if version == "5" else {}
    with inside(road):
        client.connect(s.host, s.port, **start)
        client.loop_start()
    expect(done.wait(LIMIT), f"{s.device}: {len(acknowledged)} of {MESSAGES} acknowledged")
    client.disconnect()
    client.loop_stop()
    return s


def expiring():
    from paho.mqtt.packettypes import PacketTypes
    from paho.mqtt.properties import Properties

    properties = Properties(PacketTypes.CONNECT)
    properties.SessionExpiryInterval = EXPIRY
    return properties


def shut(client):
    try:
        client.socket().shutdown(socket.SHUT_RDWR)
    except (OSError, AttributeError):
        pass  # it is just connecting again


def check(sessions, records):
    for s in sessions:
        own = [r for r in records if r["device"] == s.device]
        bodies = [bytes.fromhex(r["body"]).decode() for r in own]
        first = list(dict.fromkeys(bodies))
        expect_equal(first, s.messages, f"{s.device}: first records, in order")
        if s.qos == 2:
            expect_equal(bodies, s.messages, f"{s.device}: records of QoS 2")
        expect_equal(len({r["event_id"] for r in own}), MESSAGES, f"{s.device}: event_id")


need_roadside()
need("paho.mqtt.client")
with a_roadside("10.77.0.11") as road:
    with Daemon(config(port=af_xdp_port(road), mqtt=[{"name": "m", "port": 1883, "anonymous": True, "unknown_devices": "accept",
                                                      "unmapped": "raw"}])) as daemon:
        daemon.wait_for_answer(road)
        sessions = [paho_is_cut(road, version, qos) for version in ("3.1.1", "5") for qos in (1, 2)]
        total = expect_balanced(daemon.stop().expect(OK))
check(sessions, read_files("mqtt_message"))
# The last cut may come when all acknowledgements are there.
expect(total["mqtt_connected"] >= CUTS * len(sessions), "too few connections were cut")
