#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Inputs that the fuzz targets start from: real samples where $TP_SHARED (default ../shared) has them, and a few of our own."""
import hashlib
import json
import os
import pathlib
import random
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(TOP / "demo"))
import samples  # noqa: E402


def shared():
    return pathlib.Path(os.environ.get("TP_SHARED", TOP.parent / "shared"))


def j2735():
    for path in sorted((shared() / "data/j2735").glob("*.hex")):
        lines = path.read_text().split()
        # A few thousand lines of one road test hardly differ: every 40th of a long file.
        yield from (bytes.fromhex(line) for line in lines[:: 1 + len(lines) // 40])
    rejected = shared() / "data/j2735/rejected.tsv"
    if rejected.exists():
        yield from (bytes.fromhex(line.split("\t")[-1]) for line in rejected.read_text().splitlines()[1:])
    yield from samples.v2x(20)


def plate():
    for path in sorted((shared() / "data/alpr").glob("*.json")):
        text = path.read_bytes()
        yield text
        yield json.dumps(json.loads(text), separators=(",", ":")).encode()
    yield from samples.plates(10)


def csv():
    yield from (path.read_bytes() for path in sorted(TOP.glob("*/*.csv")))


def control():
    """Requests, and lines that are nearly some."""
    for command, args in (("status", {}), ("books", {"limit": 5, "device": "cam"}), ("devices", {"by": "name", "silent": True, "skip": 3}),
                          ("log", {"lines": 0, "follow": False}), ("top", {"interval": 60}), ("trace", {"source": "192.0.2.0/24", "port": 44990}),
                          ("books", {"limit": -1}), ("books", {"limti": 5}), ("statsu", {}), ("stats", {"all": 1, "device": "\u001b[2J"})):
        yield json.dumps({"id": 1, "command": command, "args": args, "show": True}).encode()
    yield b'{"id":2,"command":"trace","alive_ms":2500}'
    yield from (b"[[[[[[", b'{"id":{"a":[1]},"command":7}', b'{"command":"status","command":"books"}', b'{"id":"x","command":"log"}\r', b"\xff")


def http():
    for fields in (b"", b"Host: localhost\r\n", b"Host: [::1]:9464\r\nAuthorization: Basic dXNlcjpwYXNzd29yZA==\r\n", b"Host: a\r\nContent-Length: 0\r\nConnection: close\r\n"):
        yield from (line + fields + b"\r\n" for line in (b"GET / HTTP/1.1\r\n", b"HEAD /metrics?a=b HTTP/1.0\r\n", b"POST / HTTP/1.1\r\n"))


def guard():
    """Rules and frames of guard_fuzz.c: those of tests/vectors/guard, ten frames each."""
    modes = {"own": 0x1b, "shared": 0x19, "any": 0x15, "off": 0x18}  # flags of tp_guard_map.h, prefixes always
    rate, prefixes = bytes([0, 3, 0xE8, 3]), bytes([2, 2, 8, 10, 0, 0, 0, 0, 16, 10, 1, 0, 0])
    listeners = bytes([2, 0, *(46800).to_bytes(2, "big"), *rate, 1, *(1883).to_bytes(2, "big"), *rate])
    for path in sorted((TOP / "tests/vectors/guard").glob("*.txt")):
        mode, frames = "own", []
        for line in path.read_text().splitlines():
            word, _, rest = line.partition(" ")
            if word == "packet":
                data = bytes.fromhex(rest.rsplit(" | ", 1)[1])[:690]
                frames.append(bytes([1]) + len(data).to_bytes(2, "big") + data)
            if frames and (word == "setup" or len(frames) == 10):
                yield bytes([modes[mode], len(frames) % 8]) + rate * 2 + (1 << 20).to_bytes(4, "big") + prefixes + listeners + b"".join(frames)
                frames = []
            mode = rest if word == "setup" else mode


def mqtt_packet():
    """A version and packets of it."""
    connect5 = bytes.fromhex("00044d515454 05 f6003c 05 1100000e10 0002 6964 05 180000001e 0003 612f62 0003 6f6666 0001 75 0001 70")
    connect4 = bytes.fromhex("00044d515454 04 c6000a 0002 6964 0001 74 0002 6f6b 0001 75 0001 70")
    publish5 = bytes.fromhex("0003 742f61 0001 18 0101 0200000005 030001 74 080001 72 230001 26000161000162") + b"payload"
    for version, first, body in ((2, 0x10, connect5), (1, 0x10, connect4), (0, 0x10, b"\0\6MQIsdp\3\2\0\0\0\1x"), (2, 0x34, publish5),
                                 (1, 0x32, b"\0\3a/b\0\1hello"), (1, 0x30, b"\0\4a/\xc3\xa9hello"), (2, 0x62, b"\0\1\x92\6\x1f\0\3why"),
                                 (2, 0xe0, bytes.fromhex("04 05 1100000009")), (2, 0xf0, b"\x18\4\x15\0\1m"),
                                 (2, 0x82, b"\0\1\2\x0b\1\0\3a/b\1\0\x0c$share/g/a/+\0"), (1, 0xa2, b"\0\1\0\3a/+"), (1, 0xc0, b"")):
        yield bytes([version, first, len(body)]) + body


def tls():
    """Fates of a session (tls_fuzz.c): handshake, octets both ways; then back pressure, a changed octet, new keys; octets without a client."""
    for choice in range(4):
        yield bytes([choice, 11, 0, 6, 20, 7, 9, 11, 0, 12, 0, 11, 0])
        yield bytes([choice, 11, 0, 8, 3, 9, 2, 6, 99, 0, 200, 10, 0, 8, 255, 9, 255, 10, 0, 13, 1, 6, 5, 11, 0])
        yield bytes([choice, 5, 0, 0, 255, 0, 255, 4, 0, 5, 0, 1, 17, 3, 0, 255, 4, 0, 11, 0])
    yield bytes.fromhex("16030100050100000103")


def tcp():
    """Events of tcp_fuzz.c: handshakes with and without options, text in and out of order, a queue, time, both ways to close."""
    for kind in range(16):
        for odd in (0, 1):
            opened = bytes([kind, 0x00, 0, 2 + odd, 0xFF, 0xFF, *([0] * (2 - odd)), *([0] * (2 - odd))])
            usual = 0x10 * odd
            text = bytes([0x04 | usual, 0, *([0] * (1 - odd)), 100])
            ahead = bytes([0x05 | usual, 90, *([0] * (1 - odd)), 20])
            sent = bytes([0x0C, 5, 0xFF, 6, 0, 50])
            fin = bytes([0x25 | usual, 0, *([0] * (1 - odd)), 0])
            close, resume, later = bytes([0x0D, 3]), bytes([0x0D, 5]), bytes([0x07, 8, 0])
            shut = bytes([0x09, 0, 0])
            yield opened + text * 3 + sent + text + fin + close + later * 3
            yield opened + ahead * 2 + text * 2 + close + text + fin + later * 40
            yield opened + shut + text * 30 + ahead + bytes([0x09, 0xFF, 0xFF]) + resume + sent * 3 + later * 9


def mqtt_gateway():
    """Steps of conversations: any octets are some."""
    steps = random.Random(5)
    return [steps.randbytes(2000) for _ in range(20)]


def write(name, folder):
    """Writes the seeds of a target into its corpus; returns how many there are."""
    makers = {
        "toll": lambda: samples.tolls(20),
        "telemetry": lambda: samples.telemetry(20),
        "http": http,
        "guard": guard,
        "j2735": j2735,
        "plate": plate,
        "csv": csv,
        "control": control,
        "mqtt_packet": mqtt_packet,
        "tls": tls,
        "tcp": tcp,
        "mqtt_gateway": mqtt_gateway,
    }
    folder.mkdir(parents=True, exist_ok=True)
    inputs = {data for data in makers.get(name, list)() if data}
    for data in inputs:
        (folder / hashlib.sha1(data).hexdigest()).write_bytes(data)
    return len(inputs)
