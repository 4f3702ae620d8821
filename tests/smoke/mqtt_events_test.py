#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What becomes known of devices: a record when one connects, one with the reason when it is gone, and its will where it did not say goodbye."""
import collections
import select
import signal
import subprocess

from _lib import LIMIT, OK, Daemon, a_roadside, af_xdp_port, config, expect, expect_balanced, expect_equal, need_roadside, read_files, \
    records_so_far, until
from _mqtt import Session, mosquitto_command
from _mqtt_raw import CLOSED, DISCONNECT, PUBACK, Raw, packet

RETAINED, WILL = 32, 64
LEVELS = (4, 5)
PROTOCOL = {4: "MQTT 3.1.1", 5: "MQTT 5"}
LAST = ("raw/last", "words")


def events():
    return records_so_far("device_event")


def gone(device):
    until(lambda: any(e["device"] == device and e["event"] == "disconnected" for e in events()), f"{device}: is gone")


def killed(road, version):
    """mosquitto_pub with a will, retained, killed when it has read the acknowledgement of its message, so that nothing lies unread in its kernel, which
    would reset the connection instead of closing it; and one that is asked to end, whose will is nobody's business."""
    for device, number in ((f"killed-{version}", signal.SIGKILL), (f"ended-{version}", None)):
        s = Session("mosquitto", version, 1, device, [])
        command = ["stdbuf", "-oL", *mosquitto_command(s)[2:], "-d", "--will-topic", LAST[0], "--will-payload", LAST[1], "--will-qos", "1",
                   "--will-retain", "-l"]
        with subprocess.Popen(road.command(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as client:
            client.stdin.write("first words\n")
            client.stdin.flush()
            expect(any("received PUBACK" in line for line in client.stdout), f"{device}: ended without a PUBACK")
            if number:
                client.send_signal(number)
            client.stdin.close()
            client.wait(LIMIT)
        gone(device)


def silent(road, level):
    """Nothing for 1.5 times its keep alive of 1 s: 5 is told, 3.1.1 is closed, and the will goes out."""
    client = Raw(road, f"silent-{level}", level, True, keep_alive=1, will=LAST)
    kind, body = client.read()
    expect_equal((kind, body[:1]), (DISCONNECT, b"\x8d") if level == 5 else (CLOSED, b""), "to a client that is silent")
    gone(f"silent-{level}")


def unread(road, level):
    """It closes while a PUBACK lies unread in its kernel, which therefore resets the connection."""
    client = Raw(road, f"unread-{level}", level, True, will=LAST)
    client.publish("raw/x", b"words", 1)
    expect(select.select([client.socket], [], [], LIMIT)[0], "no PUBACK")
    client.socket.close()
    gone(f"unread-{level}")


def others(road, level):
    Raw(road, f"reset-{level}", level, True, will=LAST).drop()
    gone(f"reset-{level}")
    unread(road, level)
    client = Raw(road, f"wrong-{level}", level, True, will=LAST)
    client.send(packet(15 if level == 4 else 2))
    kind, body = client.read()
    expect(kind is (DISCONNECT if level == 5 else CLOSED), f"to a packet that nobody may send: {kind} {body.hex()}")
    gone(f"wrong-{level}")
    older = Raw(road, f"twice-{level}", level, True)
    newer = Raw(road, f"twice-{level}", level, True)
    newer.publish("raw/x", b"newer", 1)
    newer.expect(PUBACK, 1)
    newer.disconnect()
    older.socket.close()
    polite = Raw(road, f"polite-{level}", level, True, will=LAST)
    polite.disconnect()
    gone(f"polite-{level}")
    if level == 5:
        with_will = Raw(road, "with-will", level, True, will=LAST)
        with_will.send(packet(14, b"\x04"))
        gone("with-will")
    return Raw(road, f"here-{level}", level, True, will=LAST)


def wanted():
    """(device, protocol, why, messages) of what ended; wills of which devices."""
    rows = collections.Counter({("with-will", "MQTT 5", "disconnect_with_will", 0): 1})
    for level in LEVELS:
        version = PROTOCOL[level]
        name = version.split()[1]
        rows.update([(f"killed-{name}", version, "closed", 1), (f"ended-{name}", version, "disconnect", 1),
                     (f"silent-{level}", version, "keep_alive", 0), (f"reset-{level}", version, "reset", 0),
                     (f"unread-{level}", version, "reset", 1), (f"wrong-{level}", version, "protocol_error", 0),
                     (f"twice-{level}", version, "taken_over", 0), (f"twice-{level}", version, "disconnect", 1), (f"polite-{level}", version, "disconnect", 0),
                     (f"here-{level}", version, "shutting_down", 0)])
    return rows


need_roadside()
with a_roadside("10.77.0.11") as road:
    with Daemon(config(port=af_xdp_port(road), mqtt=[{"name": "m", "port": 1883, "anonymous": True, "unknown_devices": "accept",
                                                      "unmapped": "raw"}])) as daemon:
        daemon.wait_for_answer(road)
        for level in LEVELS:
            killed(road, PROTOCOL[level].split()[1])
            silent(road, level)
        stay = [others(road, level) for level in LEVELS]
        ended = daemon.stop().expect(OK)
        for level, client in zip(LEVELS, stay):
            kind, body = client.read()
            expect_equal((kind, body[:1]), (DISCONNECT, b"\x8b") if level == 5 else (CLOSED, b""), "to clients when the appliance stops")
total = expect_balanced(ended)
found = collections.Counter((e["device"], e["protocol"], e["why"], e["messages"]) for e in events() if e["event"] == "disconnected")
expect_equal(found, wanted(), "devices that are gone, and why")
expect_equal(collections.Counter(e["device"] for e in events() if e["event"] == "connected"),
             collections.Counter(device for device, *_ in wanted().elements()), "devices that came")
wills = {r["device"]: (r["topic"], bytes.fromhex(r["body"]).decode(), r["flags"] & (WILL | RETAINED)) for r in read_files("mqtt_message")
         if r["flags"] & WILL}
expect_equal(wills, {**{f"killed-{v}": (*LAST, WILL | RETAINED) for v in ("3.1.1", "5")},
                     **{f"{why}-{level}": (*LAST, WILL) for level in LEVELS for why in ("silent", "reset", "unread", "wrong")},
                     "with-will": (*LAST, WILL)}, "wills")
expect_equal(total["device_events"], len(events()), "device events, in the books")
expect_equal(total["mqtt_keep_alive"], 2, "silent clients, in the books")
