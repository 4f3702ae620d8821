#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""MQTT listeners are renamed under traffic more often than there are indices for them, so later ones get the indices of earlier ones. Nothing that was acknowledged
is lost, the lines of the books say of each listener what came to it and nothing else, no ticket of TLS opens a session at a listener it is not from,
and a will that waits keeps the index of its listener."""
import collections
import socket
import ssl
import threading

import _credentials
from _lib import LIMIT, OK, Ctl, Daemon, a_roadside, af_xdp_port, config, counted, expect, expect_balanced, expect_equal, need_roadside, read_files, until, \
    write_config
from _mqtt import APPLIANCE, inside
from _mqtt_raw import CLOSED, CONNECT, DISCONNECT, PUBACK, Raw, packet, text

LISTENERS = 32  # TP_MAX_MQTT_LISTENERS
STEPS = 34  # two names each: every index serves a second listener, and some a third
PLAIN, TLS, CLIENTS, WINDOW = 1883, 8883, 3, 5
STAYS = "same"  # one client identifier all the time, of a source of its own
# It dies at the listener whose index would be that of the last one, and its will waits for longer than this test takes: so the index is nobody else's.
MOURNED, MOURNED_AT = "mourned", (STEPS - 1) % (LISTENERS // 2)


def tree_for(road, files, step):
    common = {"unknown_devices": "accept", "anonymous": True, "unmapped": "raw", "sources": [{"identity": STAYS, "device": STAYS}]}
    return config(port=af_xdp_port(road), workers={"count": 2},
                  mqtt=[{"name": f"plain-{step}", "port": PLAIN, **common},
                        {"name": f"safe-{step}", "port": TLS, **common, "tls": {"certificate": files[0], "key": files[1]}}])


class Load:
    """Clients that send and come again wherever they are sent away, until they are told to stop."""

    def __init__(self, road):
        self.road, self.going, self.faults = road, True, []
        self.acked = collections.defaultdict(set)  # by client identifier
        self.threads = [threading.Thread(target=self.guarded, args=(number,)) for number in range(CLIENTS + 1)]
        for thread in self.threads:
            thread.start()

    def guarded(self, number):
        try:
            self.work(number)
        except BaseException as fault:  # pylint: disable=broad-except
            self.faults.append(f"client {number}: {fault!r}")

    def work(self, number):
        connections = message = 0
        while self.going:
            name = f"c{number}-{connections}" if number < CLIENTS else STAYS
            connections += 1
            try:
                client = Raw(self.road, name, level=4 if number < CLIENTS else 5, expiry=0 if number < CLIENTS else 600)
            except (OSError, AssertionError):
                continue  # its listener was left out before it was in
            message = self.talk(client, name, message, number)
            client.socket.close()

    def talk(self, client, name, message, number):
        while self.going:
            first = message
            try:
                for _ in range(WINDOW):
                    client.publish("raw/x", f"{number} {message}".encode(), message % 60000 + 1)
                    message += 1
            except OSError:
                return message
            for n in range(first, message):
                kind, answer = client.read()
                if kind in (CLOSED, DISCONNECT):
                    return message
                expect_equal((kind, answer[2:]), (PUBACK, b""), f"{name}: answer")
                self.acked[name].add(f"{number} {n}")
        return message

    def everybody_is_at(self, step):
        """By what turnpiked says of them: a client cannot know which listener took it. Who sends more than a window has acknowledgements for the first one."""
        at = [row for row in Ctl("connections").data()["connections"] if row.get("listener") == f"plain-{step}" and row["messages"] > WINDOW]
        return self.faults or len(at) == CLIENTS + 1

    def stop(self):
        self.going = False
        for thread in self.threads:
            thread.join(2 * LIMIT)
            expect(not thread.is_alive(), "a client does not end")
        expect(not self.faults, f"clients: {self.faults}")


def visit(road, context, ticket=None):
    """Over TLS: whether the session of that ticket was resumed, and the ticket to come back with."""
    with inside(road):
        plain = socket.create_connection((APPLIANCE, TLS), LIMIT)
    with context.wrap_socket(plain, server_hostname=APPLIANCE, session=ticket) as secure:
        secure.sendall(packet(CONNECT, text("MQTT") + b"\x04\x02\x00\x3c" + text("visitor")))
        expect_equal(secure.recv(4), b"\x20\x02\x00\x00", "visitor: CONNACK")
        found = secure.session_reused, secure.session
        try:
            secure.unwrap()  # or OpenSSL would make the session worthless
        except OSError:
            pass
    return found


def apply(tree):
    """Where the one before is still under way, or earlier listeners have connections, it is asked for again, as the answer says."""
    path = write_config(tree, "next.yaml")

    def applied():
        done = Ctl("config", "apply", path, json_data=False)
        again = "another configuration is under way" in done.err or "apply it again when they have gone" in done.err
        expect(done.status == 0 or again, f"config apply said {done.out}{done.err}")
        return done.status == 0
    until(applied, "the configuration is in force")


def look(step):
    """What is shown is what is in force, and connections are at listeners by their names."""
    names = {f"plain-{step}", f"safe-{step}"}
    expect_equal({row["listener"] for row in Ctl("listeners").data()["listeners"] if "mqtt" in row["protocol"]}, names, "listeners shown")

    def moved():
        return {row.get("listener") for row in Ctl("connections").data()["connections"]} <= names
    until(moved, "connections of listeners that were left out are gone")


def dies(road):
    """Leaves a will at the listener that there is."""
    client = Raw(road, MOURNED, level=5, expiry=3600, will=("raw/x", "dead"), will_delay=3600)
    resets = counted("tcp_reset_received")
    client.drop()
    until(lambda: counted("tcp_reset_received") > resets, f"{MOURNED} is gone")


def rename(road, files, load, context):
    tickets = []
    for step in range(STEPS):
        if step:
            apply(tree_for(road, files, step))
        until(lambda step=step: load.everybody_is_at(step), f"acknowledgements at the listener of step {step}")
        expect(not load.faults, f"clients: {load.faults}")
        if step == MOURNED_AT:
            dies(road)
        tickets.append(visit(road, context)[1])
    look(STEPS - 1)
    resumed = [step for step, ticket in enumerate(tickets) if visit(road, context, ticket)[0]]
    expect_equal(resumed, [STEPS - 1], "steps whose tickets the listener of the last step takes")


def check(ended, acked):
    total = expect_balanced(ended)
    expect_equal(total["failed"], 0, "failed")
    records = collections.Counter((r["client_id"], bytes.fromhex(r["body"]).decode()) for r in read_files("mqtt_message"))
    for client, messages in acked.items():
        missing = [m for m in messages if not records[client, m]]
        expect(messages and not missing, f"{client}: {len(missing)} of {len(messages)} acknowledged messages are not in the file: {missing[:3]}")
    listener_of = {e["client_id"]: e["listener"] for e in read_files("device_event") if e["event"] == "connected"}
    expect_equal((records[MOURNED, "dead"], listener_of.get(MOURNED)), (1, f"plain-{MOURNED_AT}"), f"the will of {MOURNED}, and where it was")
    came = collections.Counter()
    for (client, _), n in records.items():
        came[STAYS if client == STAYS else listener_of[client]] += n
    rows = ended.books["sources"]
    expect_equal([row["decoded"] for row in rows if row["device"] == STAYS], [came[STAYS]], f"messages in the line of {STAYS}")
    at = [came[f"plain-{step}"] for step in range(STEPS)]
    expect(min(at) > 0, f"messages by listener: {at}")
    # Each listener has a line of its own for devices that nobody listed, and nothing was published at those of TLS.
    expect_equal(sorted(row["decoded"] for row in rows if row["device"] == "unknown"), [0] * STEPS + sorted(at),
                 "messages in the lines of the listeners against those whose connection came to one")
    return sum(map(len, acked.values()))


def main():
    need_roadside()
    expect(2 * STEPS > 2 * LISTENERS, "no index is used a third time")
    authority = _credentials.certificate("authority")
    files = _credentials.server(authority)
    context = ssl.create_default_context(cafile=authority[0])
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    with a_roadside() as road, Daemon(tree_for(road, files, 0)) as daemon:
        daemon.wait_for_answer(road)
        load = Load(road)
        try:
            rename(road, files, load, context)
        finally:
            load.stop()
        ended = daemon.stop().expect(OK)
    acknowledged = check(ended, load.acked)
    print(f"{2 * STEPS} listeners one after the other, {acknowledged} messages acknowledged and all there")


main()
