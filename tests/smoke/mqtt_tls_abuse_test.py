#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""TLS with clients that mean harm: one that never begins its handshake, and some that never read what they are answered. A proper one beside them is served."""
import socket
import ssl

import _credentials
from _lib import LIMIT, OK, Daemon, a_roadside, af_xdp_port, config, expect, expect_balanced, expect_equal, need_roadside
from _mqtt import APPLIANCE, inside
from _mqtt_raw import CONNECT, packet, publish, text

PORT, HURRIED = 8883, 8884  # only who never begins a handshake has to hurry: how long the others take is a matter of the machine
DEAF = 8


def client(road, authority, name):
    with inside(road):
        plain = socket.create_connection((APPLIANCE, PORT), LIMIT)
    secure = ssl.create_default_context(cafile=authority[0]).wrap_socket(plain, server_hostname=APPLIANCE)
    secure.sendall(packet(CONNECT, text("MQTT") + b"\x04\x02\x00\x3c" + text(name)))
    expect_equal(secure.recv(4), b"\x20\x02\x00\x00", f"{name}: CONNACK")
    return secure


def deaf(road, authority, name):
    """Asks until the appliance hangs up."""
    asking = client(road, authority, name)
    asking.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    try:
        for _ in range(20000):
            asking.sendall(packet(12) * 200)
    except OSError:
        return
    expect(False, f"{name}: was never closed")


def main():
    need_roadside()
    authority = _credentials.certificate("authority")
    certificate, key = _credentials.server(authority)
    common = {"anonymous": True, "unknown_devices": "accept", "unmapped": "raw", "tls": {"certificate": certificate, "key": key}}
    listeners = [{"name": "tls", "port": PORT, "connect_timeout_ms": 600000, **common}, {"name": "hurried", "port": HURRIED, "connect_timeout_ms": 2000, **common}]
    with a_roadside() as road:
        with Daemon(config(port=af_xdp_port(road), mqtt=listeners)) as daemon:
            daemon.wait_for_answer(road)
            with inside(road):
                silent = socket.create_connection((APPLIANCE, HURRIED), LIMIT)
            proper = client(road, authority, "proper")
            for n in range(DEAF):
                deaf(road, authority, f"deaf-{n}")
            expect_equal(silent.recv(1), b"", "silent: closed")
            proper.sendall(publish("raw/x", b"alive", 1))
            expect_equal(proper.recv(4), b"\x40\x02\x00\x01", "proper: PUBACK")
            ended = daemon.stop().expect(OK)
    total = expect_balanced(ended)
    expect_equal(total["mqtt_not_reading"], DEAF, "closed because they do not read")
    expect_equal(total["mqtt_connect_timeout"], 1, "closed without a CONNECT")
    print(f"{DEAF} deaf clients and a silent one were closed, another was served")


main()
