#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Connections that break between PUBLISH and its acknowledgement, and clients that send again; on one worker, and from one worker to another.

A message sent again has the same event_id; one whose record is acknowledged is acknowledged again and makes no record (mqtt_duplicate).
QoS 2 makes one record whatever happens within the session.
"""
import collections

import _threads
from _lib import OK, Daemon, a_roadside, af_xdp_port, config, counted, expect, expect_balanced, expect_equal, forget_records, need_roadside, \
    records_so_far, until
from _mqtt_raw import CLOSED, DISCONNECT, PUBACK, PUBCOMP, PUBREC, PUBREL, Raw, packet

LEVELS = (4, 5)
HOPS = [f"10.77.0.{n}" for n in range(11, 19)]  # as many, so that some are on either worker
EXPIRY = 600


def published():
    return collections.Counter((r["device"], r["body"]) for r in records_so_far("mqtt_message"))


def again(road, device, level, **options):
    client = Raw(road, device, level, expiry=EXPIRY, **options)
    expect_equal(client.session_present, 1, f"{device}: session present")
    return client


def drop(client):
    """Resets the connection. When this returns its worker knows, which may not be the one that gets the next connection."""
    resets = counted("tcp_reset_received")
    client.drop()
    until(lambda: counted("tcp_reset_received") == resets + 1, "the end of the connection")


def lost_acknowledgement(road, level):
    """PUBACKs that were read, or were under way when the connection was reset: sent again, acknowledged again, no second record."""
    device = f"qos1-{level}"
    client = Raw(road, device, level, clean=True)
    client.disconnect()
    client, before = Raw(road, device, level, expiry=EXPIRY), counted("mqtt_acknowledged")
    for n in range(1, 9):
        client.publish("raw/a", b"%d" % n, n)
    for n in range(1, 5):
        client.expect(PUBACK, n)
    until(lambda: counted("mqtt_acknowledged") == before + 8, f"{device}: acknowledgements")
    drop(client)
    client = again(road, device, level)
    for n in range(1, 9):
        client.publish("raw/a", b"%d" % n, n, dup=True)
    client.publish("raw/a", b"new", 9)
    for n in range(1, 10):
        client.expect(PUBACK, n)
    client.disconnect()


def exactly_once(road, level, pid):
    """A cut behind each packet of QoS 2, with the client's next step each time on the next worker or address."""
    device, hops = f"qos2-{level}", iter(HOPS * 4)
    client = Raw(road, device, level, expiry=EXPIRY, source=next(hops))
    emitted = counted("emitted")
    with _threads.held(pid, "turnpiked"):  # control, which writes records: the connection is gone before one of them can be acknowledged
        for n in range(1, 6):
            client.publish("raw/b", b"%d" % n, n, qos=2)
        until(lambda: counted("emitted") == emitted + 5, f"{device}: records")
        drop(client)
    for reads in (False, True, True):
        client, before = again(road, device, level, source=next(hops)), counted("mqtt_acknowledged")
        for n in range(1, 6):
            client.publish("raw/b", b"%d" % n, n, qos=2, dup=True)
        for n in range(1, 6) if reads else ():
            client.expect(PUBREC, n)
        until(lambda: counted("mqtt_acknowledged") == before + 5, f"{device}: PUBRECs")
        drop(client)
    for n in range(1, 6):
        for unknown in (False, True):
            client = again(road, device, level, source=next(hops))
            client.send(packet(PUBREL, n.to_bytes(2, "big"), 2))
            client.expect(PUBCOMP, n, 0x92 if unknown and level == 5 else 0)
            drop(client)
    client = again(road, device, level, source=next(hops))
    client.publish("raw/b", b"identifier used again", 1, qos=2)
    client.expect(PUBREC, 1)
    client.disconnect()


def takeover(road, level):
    """The same client identifier from one address after the other, without a goodbye: the older connection is told, or just closed."""
    device, older = f"moving-{level}", None
    for n, hop in enumerate(HOPS, 1):
        client = Raw(road, device, level, expiry=EXPIRY, source=hop)
        if older:
            expect_equal(client.session_present, 1, f"{device}: session present at {hop}")
            kind, body = older.read()
            expect_equal((kind, body[:1]), (DISCONNECT, b"\x8e") if level == 5 else (CLOSED, b""), f"{device}: the older connection")
            expect(level == 4 or older.read()[0] is CLOSED, f"{device}: the older connection is open")
        client.publish("raw/c", hop.encode(), n)
        client.expect(PUBACK, n)
        older = client
    older.disconnect()


def run(workers):
    with a_roadside(*HOPS) as road:
        mqtt = [{"name": "m", "port": 1883, "anonymous": True, "unknown_devices": "accept", "unmapped": "raw"}]
        with Daemon(config(port=af_xdp_port(road), workers={"count": workers}, mqtt=mqtt)) as daemon:
            daemon.wait_for_answer(road)
            for level in LEVELS:
                lost_acknowledgement(road, level)
                exactly_once(road, level, daemon.process.pid)
                takeover(road, level)
            return daemon.stop().expect(OK)


def check(total):
    wanted = collections.Counter()
    for level in LEVELS:
        wanted.update((f"qos1-{level}", body.hex()) for body in [b"%d" % n for n in range(1, 9)] + [b"new"])
        wanted.update((f"qos2-{level}", body.hex()) for body in [b"%d" % n for n in range(1, 6)] + [b"identifier used again"])
        wanted.update((f"moving-{level}", hop.encode().hex()) for hop in HOPS)
    expect_equal(published(), wanted, "records")
    again = len(LEVELS) * (8 + 3 * 5)
    expect_equal(total["mqtt_duplicate"], again, "messages sent again, in the books")
    # The first 5 of QoS 2 had no connection left to be acknowledged on.
    expect_equal(total["mqtt_acknowledged"], wanted.total() + again - len(LEVELS) * 5, "acknowledged, in the books")
    expect_equal(total["mqtt_taken_over"], len(LEVELS) * (len(HOPS) - 1), "taken over, in the books")


need_roadside()
for count in (1, 2):
    check(expect_balanced(run(count)))
    forget_records()
