#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""MQTT 3.1 with mosquitto_pub, where the listener allows it and where it does not; and TLS tickets: a client that comes back with one needs no full
handshake, in TLS 1.2 and 1.3."""
import socket
import ssl

import _credentials
import _lib
from _lib import LIMIT, OK, Daemon, a_roadside, af_xdp_port, config, expect, expect_balanced, expect_equal, need_roadside, read_files
from _mqtt import APPLIANCE, Session, inside, mosquitto_command
from _mqtt_raw import CONNECT, packet, publish, text

OLD, NEW, TLS, MESSAGES = 1883, 1884, 8883, 10
OPEN = {"anonymous": True, "unknown_devices": "accept", "unmapped": "raw"}
VERSIONS = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)


def old(road, qos, port=OLD):
    """mosquitto_pub, a message for each line; its exit status."""
    session = Session("mosquitto", "3.1", qos, f"old-{qos}", [], "raw/old", port=port)
    lines = "".join(f"old-{qos} {n}\n" for n in range(MESSAGES))
    return road.run([*mosquitto_command(session), "-l"], input=lines, text=True).returncode


def client(road, context, name, session=None):
    """Connects, publishes one message and closes; the session with its ticket, and whether it resumed one."""
    with inside(road):
        plain = socket.create_connection((APPLIANCE, TLS), LIMIT)
    secure = context.wrap_socket(plain, server_hostname=APPLIANCE, session=session)
    secure.sendall(packet(CONNECT, text("MQTT") + b"\x04\x02\x00\x3c" + text(name)) + publish("raw/x", name.encode(), 1))
    octets = b""
    while len(octets) < 8:
        octets += secure.recv(8 - len(octets))
    expect_equal(octets, b"\x20\x02\x00\x00\x40\x02\x00\x01", f"{name}: CONNACK, PUBACK")
    after = secure.session, secure.session_reused
    secure.close()
    return after


def tickets(road, authority):
    for version in VERSIONS:
        context = ssl.create_default_context(cafile=authority[0])
        context.minimum_version = context.maximum_version = version
        session, resumed = client(road, context, f"first-{version.name}")
        expect(not resumed, "a first connection resumed something")
        expect(client(road, context, f"again-{version.name}", session)[1], f"{version.name}: the ticket was not taken")


def main():
    need_roadside()
    _lib.TOPICS["mqtt_message"] = "raw.mqtt.v1"
    authority = _credentials.certificate("authority")
    certificate, key = _credentials.server(authority)
    listeners = [{"name": "old", "port": OLD, **OPEN, "versions": ["3.1", "3.1.1", "5"]}, {"name": "new", "port": NEW, **OPEN},
                 {"name": "tls", "port": TLS, **OPEN, "tls": {"certificate": certificate, "key": key}}]
    with a_roadside() as road, Daemon(config(port=af_xdp_port(road), mqtt=listeners)) as daemon:
        daemon.wait_for_answer(road)
        expect_equal([old(road, qos) for qos in range(3)], [0, 0, 0], "mosquitto_pub -V mqttv31")
        expect(old(road, 1, NEW) != 0, "3.1 was accepted where it is not allowed")
        tickets(road, authority)
        total = expect_balanced(daemon.stop().expect(OK))
        expect("ends on" in daemon.log.read_text(), "nothing was said of a certificate that ends in two days")
    bodies = [bytes.fromhex(record["body"]).decode() for record in read_files("mqtt_message") if record["topic"] == "raw/old"]
    for qos in range(3):
        expect_equal([b for b in bodies if b.startswith(f"old-{qos}")], [f"old-{qos} {n}" for n in range(MESSAGES)], f"messages at QoS {qos}")
    expect_equal((total["tls_handshake"], total["tls_resumed"]), (2 * len(VERSIONS), len(VERSIONS)), "handshakes, resumed ones")


main()
