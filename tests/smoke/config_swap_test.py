#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Another configuration every moment, under load, into a real Kafka: listeners, sources, routes, permissions, lists, rules and certificates change, and files that are
wrong or need a restart come in between. Every message that was acknowledged is in Kafka, every datagram is counted, a listener that does not change
loses none, and the books balance.

--seconds N: how long (20), with one worker and with two.
"""
import argparse
import collections
import json
import os
import shutil
import signal
import socket
import ssl
import threading
import time

import _credentials
import _lib
from _lib import FOLDER, OK, Daemon, a_roadside, af_xdp_port, config, expect, expect_balanced, expect_equal, need_kafka, need_roadside, topic_name, until, write_config
from _mqtt import APPLIANCE, inside
from _mqtt_raw import CLOSED, CONNECT, DISCONNECT, PUBACK, Raw, packet, publish, text

options = argparse.ArgumentParser()
options.add_argument("--seconds", type=float, default=20)
SECONDS = options.parse_args().seconds
STILL, MOVING, PLAIN, TLS, EXTRA = 46800, 46801, 1883, 8883, 1884
WINDOW = 20


def tree_for(road, brokers, prefix, workers, files, step):
    """The configuration of that step: what stands below changes with its number."""
    odd, third = step % 2, step % 3
    still = {"name": "still", "port": STILL, "format": "plate", "sources": [{"address": "10.77.0.11", "device": "camera"}]}
    moving = {"name": f"moving-{third}", "port": MOVING, "format": "plate",
              "sources": [{"address": "10.77.0.11", "device": f"mover-{step % 5}"}] if third else [{"address": "10.99.0.0/24", "device": "nobody-here"}]}
    more = [{"name": "more", "port": 46900 + step % 7, "format": "plate", "unknown_sources": "accept"}] if odd else []
    m = {"name": "m", "port": PLAIN, "anonymous": True, "unknown_devices": "accept", "unmapped": "raw" if odd else "refuse",
         "in_flight": 100 if odd else 50, "may_publish": ["raw/#", "plate/%c/#"] if third else [],
         "routes": [{"filter": "plate/+/x", "format": "plate"}, {"filter": "raw/#", "format": "raw"}][:: 1 if odd else -1]}
    s = {"name": "s", "port": TLS, "unknown_devices": "accept", "unmapped": "raw",
         "tls": {"certificate": files["server"][0], "key": files["server"][1], "client": "required", "client_ca": files["authority"][0]}}
    extra = [{"name": "extra", "port": EXTRA, "anonymous": True, "unknown_devices": "accept", "unmapped": "raw"}] if third == 1 else []
    return config(port=af_xdp_port(road), workers={"count": workers}, sink="kafka", brokers=brokers, prefix=prefix,
                  listeners=[still, moving, *more][:: 1 if odd else -1], mqtt=[*extra, m, s],
                  lists=[{"name": "wanted", "path": files["list"]}] if third != 2 else [],
                  rules=[{"name": "late", "kind": "plate_read", "field": "plate", "regex": f"^LATE{step % 4}"}] if odd else [],
                  books={"interval_s": 0, "stats_interval_ms": 500 + 100 * odd})


class Load:
    """Threads that send until they are told to stop."""

    def __init__(self):
        self.going, self.threads, self.faults = True, [], []

    def start(self, work, *arguments):
        def guarded():
            try:
                work(*arguments)
            except BaseException as fault:  # pylint: disable=broad-except
                self.faults.append(f"{work.__name__}{arguments[1:]}: {fault!r}")
        self.threads.append(threading.Thread(target=guarded))
        self.threads[-1].start()

    def stop(self):
        self.going = False
        for thread in self.threads:
            thread.join(2 * _lib.LIMIT)
            expect(not thread.is_alive(), "a thread does not end")
        expect(not self.faults, f"load: {self.faults}")


def datagrams(load, road, port, sent, pause):
    with inside(road):
        sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sender.bind(("10.77.0.11", 0))
    sender.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16384)  # it waits where the link, which has 256 places, does not take them in time
    while load.going:
        for _ in range(4):
            sender.sendto(json.dumps({"plate": f"P{port}N{sent[port]}"}).encode(), (APPLIANCE, port))
            sent[port] += 1
        time.sleep(pause)


def talk(client, name, number, acked, going):
    """Messages with acknowledgements, a window of them at a time, until told to stop or closed. Returns the next number."""
    while going():
        first = number
        try:
            for _ in range(WINDOW):
                client.publish(f"raw/{name}" if number % 2 else f"plate/{name}/x", body(name, number), number % 60000 + 1)
                number += 1
        except OSError:
            return number
        for n in range(first, number):
            kind, answer = client.read()
            if kind in (CLOSED, DISCONNECT):
                return number
            expect_equal(kind, PUBACK, f"{name}: answer")
            reason = answer[2] if len(answer) > 2 else 0
            if reason == 0:
                acked.add(body(name, n))
    return number


def body(name, number):
    return (f'{{"plate":"{name}M{number}"}}').encode()


def stays(load, road, name, acked):
    """One connection over all changes of its listener: it is never closed."""
    client = Raw(road, name)
    number = talk(client, name, 0, acked, lambda: load.going)
    expect(not load.going, f"closed after {number} messages")
    client.send(packet(14))


def comes_and_goes(load, road, name, port, acked):
    """Connections one after the other, also to a listener that is there only now and then."""
    number = 0
    while load.going:
        try:
            with inside(road):  # where nobody listens nobody answers either: asked for a moment only
                socket.create_connection((APPLIANCE, port), 0.5).close()
            client = Raw(road, name, port=port, level=5, patience=2)
        except (OSError, AssertionError):
            time.sleep(0.02)
            continue
        until_then = time.monotonic() + 0.3
        number = talk(client, name, number, acked, lambda until_then=until_then: load.going and time.monotonic() < until_then)
        client.socket.close()


def secure(load, road, name, authority, own, acked, seen):
    number = 0
    while load.going:
        with inside(road):
            plain = socket.create_connection((APPLIANCE, TLS), _lib.LIMIT)
        context = ssl.create_default_context(cafile=authority[0])
        context.load_cert_chain(*own)
        with context.wrap_socket(plain, server_hostname=APPLIANCE) as s:
            seen.add(s.getpeercert(binary_form=True))
            s.sendall(packet(CONNECT, text("MQTT") + b"\x04\x02\x00\x3c" + text(name)))
            expect_equal(s.recv(4), b"\x20\x02\x00\x00", f"{name}: CONNACK")
            for _ in range(20):
                number += 1
                s.sendall(publish("raw/tls", body(name, number), number % 60000 + 1))
                expect_equal(s.recv(4)[:2], b"\x40\x02", f"{name}: PUBACK")
                acked.add(body(name, number))


def wrong(tree, step):
    """What must not be put in force."""
    if step % 4 == 0:
        return "listeners: [\n"
    bad = json.loads(json.dumps(tree))
    if step % 4 == 1:
        bad["listeners"][0]["format"] = "plaet"
    elif step % 4 == 2:
        bad["workers"]["count"] = bad["workers"]["count"] + 1
    else:
        (FOLDER / "bad.csv").write_text("plate,priority\nP1,not a number\n")
        bad["lists"] = [{"name": "bad", "path": str(FOLDER / "bad.csv")}]
    return bad


def ask(daemon, tree, words):
    """The file, the signal, and what came of it."""
    before = daemon.log.read_text(errors="replace").count(words)
    write_config(tree)
    daemon.process.send_signal(signal.SIGHUP)
    until(lambda: daemon.process.poll() is not None or daemon.log.read_text(errors="replace").count(words) > before, words)
    expect(daemon.process.poll() is None, "turnpiked ended")


def write_list(path, step):
    path.write_text("plate,category\n" + "".join(f"P{STILL}N{step * 100 + i},wanted\n" for i in range(500)))


def change(daemon, make, files, authority, enough):
    """For so long, and on a slow machine until all was met that the rest looks at."""
    begin, step, wrongs = time.monotonic(), 0, 0
    while time.monotonic() < begin + SECONDS or not (step >= 12 and enough()):
        expect(time.monotonic() < begin + SECONDS + 5 * _lib.LIMIT, f"{step} configurations did not bring all that is to be met")
        step += 1
        if step % 3 == 0:
            wrongs += 1
            ask(daemon, wrong(make(step), wrongs), "nothing was changed")
        if step % 4 == 0:
            for path, new in zip(files["server"], _credentials.server(authority, f"renewed{step}")):
                shutil.copy(new, path)
        write_list(files["list"], step)
        ask(daemon, make(step), ": in force, ")
    return step, wrongs


def run(road, brokers, workers):
    prefix = f"swap{os.getpid()}w{workers}."
    authority = _credentials.certificate(f"authority{workers}")
    files = {"authority": authority, "server": _credentials.server(authority), "list": FOLDER / "plates.csv"}
    files["list"].write_text("plate\nNONE\n")
    own = _credentials.certificate(f"device{workers}", authority)
    files = {**files, "server": files["server"]}

    def make(step):
        return json.loads(json.dumps(tree_for(road, brokers, prefix, workers, files, step), default=str))

    sent, acked, certificates, load = collections.Counter(), collections.defaultdict(set), set(), Load()
    with Daemon(make(1)) as daemon:
        daemon.wait_for_answer(road)
        load.start(datagrams, load, road, STILL, sent, 0.002)
        load.start(datagrams, load, road, MOVING, sent, 0.004)
        load.start(stays, load, road, "stay", acked["stay"])
        load.start(comes_and_goes, load, road, "go", PLAIN, acked["go"])
        load.start(comes_and_goes, load, road, "extra", EXTRA, acked["extra"])
        load.start(secure, load, road, "tls", authority, own, acked["tls"], certificates)
        try:
            steps, wrongs = change(daemon, make, files, authority, lambda: load.faults or len(certificates) > 1 and all(acked.values()))
        finally:
            load.stop()
        daemon.wait_for_answer(road)  # behind everything that was sent
        ended = daemon.stop().expect(OK)
    check(brokers, prefix, ended, sent, acked)
    expect(len(certificates) > 1, "no renewed certificate was met")
    print(f"{workers} workers: {steps} configurations, {wrongs} refused; {sum(len(a) for a in acked.values())} messages acknowledged, "
          f"{sum(sent.values())} datagrams counted")


def check(brokers, prefix, ended, sent, acked):
    total = expect_balanced(ended)
    missed = ended.books["ports"]["missed"] + ended.books["ports"]["no_mbuf"]
    rows = ended.books["sources"]
    camera = next(row for row in rows if row["device"] == "camera")
    movers = sum(row["decoded"] for row in rows if str(row["device"]).startswith("mover-"))
    expect_equal(camera["decoded"], camera["received"], "datagrams of the listener that does not change: decoded")
    # The listener that changes decodes them, or does not know their sender. What the port had to drop was of either, or a segment of TCP, which comes again.
    not_there = sent[STILL] - camera["received"], sent[MOVING] - movers - total["unknown_source"]
    expect(min(not_there) >= 0 and sum(not_there) <= missed,
           f"datagrams that neither listener received: found {not_there}, expected none but {missed} that the port dropped")
    expect(movers > 0 and total["unknown_source"] > 0, "the listener that changes did not change")
    expect_equal(total["failed"], 0, "failed")
    reader = _lib.kafka_reader(brokers)
    bodies = collections.Counter(r.value["body"] for r in reader.read(topic_name("mqtt_message", prefix), contract="raw.mqtt.v1"))
    plates = collections.Counter(r.value["plate"] for r in reader.read(topic_name("plate_read", prefix), contract="raw.plate.read.v1"))
    for name, messages in acked.items():
        missing = [m for m in messages if not bodies[m] and not plates[json.loads(m)["plate"]]]
        expect(messages and not missing, f"{name}: {len(missing)} of {len(messages)} acknowledged messages are not in Kafka: {missing[:3]}")
    lost = [n for n in range(sent[STILL]) if not plates[f"P{STILL}N{n}"]]
    expect_equal(len(lost), not_there[0], "datagrams of the listener that does not change that are not in Kafka")


def main():
    need_roadside()
    brokers = need_kafka()
    for workers in (1, 2):
        with a_roadside() as road:
            run(road, brokers, workers)


main()
