#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Keys of session tickets are renewed while clients are connected: a ticket is good over a reload, none outlives two new keys, and a client that is there
notices nothing. Only TLS 1.3: of TLS 1.2 a client of OpenSSL forgets a session with its first use, so nobody could say whose refusal it was."""
import signal
import socket
import ssl

import _credentials
from _lib import LIMIT, OK, Daemon, a_roadside, af_xdp_port, config, expect, expect_balanced, expect_equal, need_roadside, until
from _mqtt import APPLIANCE, inside
from _mqtt_raw import CONNECT, packet, publish, text

PORT, KEY_S = 8883, 5


class Clients:
    """Connections to the appliance, counted."""

    def __init__(self, road, authority):
        self.road, self.count, self.resumed = road, 0, 0
        self.context = ssl.create_default_context(cafile=authority[0])
        self.context.minimum_version = ssl.TLSVersion.TLSv1_3

    def connect(self, session=None):
        self.count += 1
        with inside(self.road):
            plain = socket.create_connection((APPLIANCE, PORT), LIMIT)
        secure = self.context.wrap_socket(plain, server_hostname=APPLIANCE, session=session)
        secure.sendall(packet(CONNECT, text("MQTT") + b"\x04\x02\x00\x3c" + text(f"client-{self.count}")))
        expect_equal(secure.recv(4), b"\x20\x02\x00\x00", f"client {self.count}: CONNACK")
        self.resumed += secure.session_reused
        return secure

    def visit(self, session=None):
        """Comes and goes; whether its session was resumed, and the one to come back with."""
        secure = self.connect(session)
        reused, ticket = secure.session_reused, secure.session
        try:
            secure.unwrap()  # or OpenSSL would make the session worthless
        except OSError:
            pass
        return reused, ticket


def served(secure, packet_id):
    secure.sendall(publish("raw/x", f"words {packet_id}".encode(), packet_id))
    expect_equal(secure.recv(4), b"\x40\x02" + packet_id.to_bytes(2, "big"), f"PUBACK {packet_id}")


def reload(daemon):
    before = daemon.log.read_text(errors="replace").count(": in force, ")
    daemon.process.send_signal(signal.SIGHUP)
    until(lambda: daemon.log.read_text(errors="replace").count(": in force, ") > before, "reload")


def good_over_a_reload(daemon, clients):
    """Twice, with a ticket that is new: unless two keys came in between, it resumes both times."""
    reused, ticket = clients.visit()
    expect(not reused, "resumed without a ticket")
    reload(daemon)
    return clients.visit(ticket)[0] and clients.visit(ticket)[0]


def session(daemon, clients):
    there = clients.connect()
    served(there, 1)
    until(lambda: good_over_a_reload(daemon, clients), "a ticket is good")
    old = clients.visit()[1]
    until(lambda: not clients.visit(old)[0], "a ticket is not good any more")
    served(there, 2)
    until(lambda: good_over_a_reload(daemon, clients), "a ticket of another key is good")
    expect(not clients.visit(old)[0], "a ticket was good again")
    served(there, 3)


def main():
    need_roadside()
    authority = _credentials.certificate("authority")
    certificate, key = _credentials.server(authority)
    listener = {"name": "tls", "port": PORT, "anonymous": True, "unknown_devices": "accept", "unmapped": "raw",
                "tls": {"certificate": certificate, "key": key, "ticket_key_s": KEY_S}}
    with a_roadside() as road:
        clients = Clients(road, authority)
        with Daemon(config(port=af_xdp_port(road), mqtt=[listener])) as daemon:
            daemon.wait_for_answer(road)
            session(daemon, clients)
            ended = daemon.stop().expect(OK)
    total = expect_balanced(ended)
    expect_equal(total["tls_handshake"], clients.count, "handshakes")
    expect_equal(total["tls_resumed"], clients.resumed, "of them with a ticket")
    expect_equal(total["mqtt_acknowledged"], 3, "of a client over all new keys")
    print(f"{clients.count} clients came, {clients.resumed} with a ticket; one stayed while keys were renewed")


main()
