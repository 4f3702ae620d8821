#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Certificates, revocation list and users read again on SIGHUP while clients are connected: who is connected stays and is acknowledged, who comes
meets the new files, and a file with a mistake changes nothing. /metrics says when the certificate and the list end that who comes meets."""
import shutil
import signal
import socket
import ssl

import _credentials
import _http
from _lib import FOLDER, LIMIT, OK, Daemon, a_roadside, af_xdp_port, config, expect, expect_balanced, expect_equal, need_roadside, until
from _mqtt import APPLIANCE, inside
from _mqtt_raw import CONNECT, Raw, packet, publish, text

TLS, PLAIN, RELOADS = 8883, 1883, 20


def client(road, authority, name, own=None):
    """A connection with its CONNACK, and the server's certificate."""
    with inside(road):
        plain = socket.create_connection((APPLIANCE, TLS), LIMIT)
    context = ssl.create_default_context(cafile=authority[0])
    context.load_cert_chain(*own)
    secure = context.wrap_socket(plain, server_hostname=APPLIANCE)
    secure.sendall(packet(CONNECT, text("MQTT") + b"\x04\x02\x00\x3c" + text(name)))
    expect_equal(secure.recv(4), b"\x20\x02\x00\x00", f"{name}: CONNACK")
    return secure, secure.getpeercert(binary_form=True)


def served(secure, packet_id, name):
    secure.sendall(publish("raw/x", f"{name} {packet_id}".encode(), packet_id))
    expect_equal(secure.recv(4), b"\x40\x02" + packet_id.to_bytes(2, "big"), f"{name}: PUBACK {packet_id}")


def refused(road, authority, own):
    try:
        client(road, authority, "late", own)
    except (OSError, AssertionError):
        return
    expect(False, "a revoked certificate was accepted")


def reload(daemon, words, times):
    daemon.process.send_signal(signal.SIGHUP)
    until(lambda: daemon.log.read_text(errors="replace").count(words) == times, words)


def expect_ends(port, certificate, listed_until, what):
    """Of the one listener with TLS, and of no other."""
    found = {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in _http.get(port, "/metrics")[2].splitlines()
             if line.startswith(("turnpike_tls_certificate_", "turnpike_tls_revocation_"))}
    expect_equal(found, {'turnpike_tls_certificate_not_after_seconds{protocol="mqtt",listener="tls"}': _credentials.not_after(certificate),
                         'turnpike_tls_revocation_list_next_update_seconds{protocol="mqtt",listener="tls"}': listed_until}, what)


def session(road, daemon, authority, own, files, crl, port):
    done, kept = ": in force, ", "nothing was changed"
    until_first = _credentials.next_update(crl)
    first, before = client(road, authority, "first", own)
    served(first, 1, "first")
    Raw(road, "a", user="early", password=_credentials.PASSWORD, port=PLAIN)
    Raw(road, "b", user="late", password=_credentials.PASSWORD, port=PLAIN, code=4)

    expect_ends(port, files[0], until_first, "when certificate and list end")
    for path, new in zip(files, _credentials.server(authority, "renewed", days=3)):
        shutil.copy(new, path)
    _credentials.users(["late"])
    reload(daemon, done, 1)
    served(first, 2, "first, over the reload")
    second, after = client(road, authority, "second", own)
    expect(before != after, "a connection after the reload still met the old certificate")
    expect_ends(port, FOLDER / "renewed.pem", until_first, "when the renewed certificate ends")
    Raw(road, "a", user="early", password=_credentials.PASSWORD, port=PLAIN, code=4)
    Raw(road, "b", user="late", password=_credentials.PASSWORD, port=PLAIN)

    FOLDER.joinpath(files[0]).write_text("not a certificate\n")
    expect_equal(_credentials.revocation_list(authority, own, days=5), crl, "where the new list is")
    expect(_credentials.next_update(crl) > until_first, "both lists end at the same time: this shows nothing")
    reload(daemon, kept, 1)
    served(first, 3, "first, over a mistake")
    expect_equal(client(road, authority, "third", own)[1], after, "certificate after a file with a mistake")
    expect_ends(port, FOLDER / "renewed.pem", until_first, "when certificate and list end, after a file with a mistake")

    shutil.copy(FOLDER / "renewed.pem", files[0])
    reload(daemon, done, 2)
    expect_ends(port, FOLDER / "renewed.pem", _credentials.next_update(crl), "when the renewed list ends")
    served(second, 1, "second, revoked while connected")
    refused(road, authority, own)
    served(first, 4, "first, at the end")
    again(road, daemon, authority, files, done)


def again(road, daemon, authority, files, done):
    """Reload after reload, each as soon as the one before has freed what it replaced, while clients come."""
    late = _credentials.certificate("late", authority)
    for n in range(3, 3 + RELOADS):
        daemon.process.send_signal(signal.SIGHUP)
        client(road, authority, f"during {n}", late)[0].close()
        until(lambda n=n: daemon.log.read_text(errors="replace").count(done) >= n, f"reload {n}")


def main():
    need_roadside()
    authority = _credentials.certificate("authority")
    files, own = _credentials.server(authority), _credentials.certificate("device", authority)
    crl = _credentials.revocation_list(authority, days=4)
    listeners = [{"name": "tls", "port": TLS, "unknown_devices": "accept", "unmapped": "raw",
                  "tls": {"certificate": files[0], "key": files[1], "client": "required", "client_ca": authority[0], "crl": crl}},
                 {"name": "users", "port": PLAIN, "unknown_devices": "accept", "unmapped": "raw", "users": _credentials.users(["early"])}]
    port = _http.free_port()
    with a_roadside() as road:
        with Daemon(config(port=af_xdp_port(road), mqtt=listeners, http={"listen": f"127.0.0.1:{port}"})) as daemon:
            daemon.wait_for_answer(road)
            session(road, daemon, authority, own, files, crl, port)
            ended = daemon.stop().expect(OK)
    total = expect_balanced(ended)
    expect_equal(total["mqtt_acknowledged"], 5, "acknowledged over three reloads and a mistake")
    print("connections outlived three reloads; new ones met the new certificate, users and revocation list")


main()
