#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""turnpikectl capture: what is dropped, refused or malformed stands in the file as it came, under its reason, as often as the books say; read back by
a reader that is not ours. While packets pour in, what the capture has no room for is counted, and the path loses nothing more."""
import collections
import json
import os
import signal
import socket
import subprocess
import threading

import _lib
from _lib import CTL, FAILED, FOLDER, OK, Ctl, Daemon, a_roadside, af_xdp_port, config, expect, expect_balanced, expect_equal, make_pcap, \
    need_roadside, skip, until
from _mqtt import inside
from _mqtt_raw import PUBACK, Raw
from _watch import Capture, Trace
from roadside import APPLIANCE

try:
    from scapy.layers.inet import IP, UDP
    from scapy.layers.l2 import Ether
    from scapy.utils import PcapNgReader, RawPcapNgReader
except ImportError as error:
    skip(f"{error}: run with the interpreter of tools/python.sh")

KNOWN, STRANGER, DENIED = "10.77.0.11", "10.77.0.12", "10.77.0.13"
DEVICE = "cam-1" + "-of-the-northern-bridge" * 10  # 235 octets; 255 are allowed
FILE = FOLDER / "bad.pcapng"
BAD = [(47999, KNOWN, b"nobody listens", "udp_no_listener")] * 5 + [(47001, STRANGER, b"{}", "unknown_source")] * 2 + \
      [(47001, KNOWN, b'{"plate":!}', "json_syntax")] * 3
UNWANTED = [(47001, DENIED, b"denied" * 100, "guard_denied")] * 4  # dropped by the XDP program, which tells of 256 octets


def send(road, port, source, payload):
    with inside(road), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind((source, 0))
        s.sendto(payload, (APPLIANCE, port))


def read(path):
    """(reason, comment, octets, link type, octets it had) of each packet."""
    found = []
    with RawPcapNgReader(str(path)) as reader:
        for data, meta in reader:
            comment = meta.comments[0] if getattr(meta, "comments", None) else meta.comment
            text = comment.decode() if isinstance(comment, bytes) else comment
            found.append((text.split(":")[0], text, data, meta.linktype, meta.wirelen))
    return found


def denied_by_xdp():
    return sum(row["count"] for row in Ctl("guard").data()["packets"] if (row["where"], row["reason"]) == ("road", "guard_denied"))


def check_unwanted(packet, comment, data, octets):
    """What the XDP program dropped: its beginning, its length, and where."""
    port, source, payload, _ = UNWANTED[0]
    expect_equal((packet[UDP].dport, packet[IP].src, bytes(packet[UDP].payload)), (port, source, payload[:256 - 42]), "the frame of guard_denied")
    expect_equal((len(data), octets), (256, 42 + len(payload)), "octets that are kept, and that it had")
    expect("a source that the guard denies" in comment and comment.endswith("; XDP program of port road, queue 0"), f"comment: {comment}")


def roadside(road):
    """Each reason, as often as it was provoked; good packets are in no capture, and none that came before it."""
    for _ in range(3):
        send(road, 47001, DENIED, b"before the capture")
    until(lambda: denied_by_xdp() == 3, "packets that the XDP program dropped")
    capture = Capture("--count", len(BAD + UNWANTED) + 1, "--seconds", 30, "--reason",
                      "udp_no_listener,unknown_source,json_syntax,mqtt_unmapped,guard_denied", file=FILE)
    send(road, 47001, KNOWN, b'{"plate":"GOOD"}')
    for port, source, payload, _ in BAD + UNWANTED:
        send(road, port, source, payload)
    client = Raw(road, "obu-7", 5)
    client.publish("nobody/takes/this", b"payload of a message", 12, 1)
    expect_equal(client.read()[0], PUBACK, "to the client")
    client.socket.close()
    text = capture.end()
    expect("15 packets captured, 0 not" in text, f"summary: {text}")
    expect_equal(oct(FILE.stat().st_mode & 0o777), "0o600", "mode of the file, with a umask that lets others read")
    found = read(FILE)
    expect_equal(collections.Counter(reason for reason, *_ in found),
                 collections.Counter([reason for *_, reason in BAD + UNWANTED] + ["mqtt_unmapped"]), "reasons in the file")
    for reason, comment, data, link, octets in found:
        if reason == "mqtt_unmapped":
            expect_equal((link, data), (147, b"payload of a message"), "the message")
            continue
        packet = Ether(data)
        if reason == "guard_denied":
            check_unwanted(packet, comment, data, octets)
            continue
        sent = [(port, source, payload) for port, source, payload, why in BAD if why == reason][0]
        expect_equal((packet[UDP].dport, packet[IP].src, bytes(packet[UDP].payload)), sent, f"the frame of {reason}")
        expect(reason != "json_syntax" or "octet 9 of the payload" in comment, f"no octet in '{comment}'")
        expect(reason != "json_syntax" or f"; device {DEVICE};" in comment, f"no device in '{comment}'")
    expect_equal(len(list(PcapNgReader(str(FILE)))), len(found), "packets by scapy's other reader")


def arguments():
    Ctl("capture", FILE, "--reason", "no_such_thing").fails(FAILED, "no_such_thing", "names of counters")
    Ctl("capture", FILE, "--reason", "received").fails(FAILED, "received")
    Ctl("capture", FILE, "--snap", 1).fails(FAILED, "from 64 to 16384")
    Ctl("capture", FOLDER / "no" / "such" / "folder.pcapng", "--seconds", 1, json_data=False).fails(FAILED, "cannot write")
    FILE.unlink(missing_ok=True)
    said = [json.loads(line) for line in Ctl("capture", FILE, "--seconds", 1).out.splitlines()]
    expect_equal(([list(line) for line in said], FILE.read_bytes()[:4]), ([["lines"]], b"\x0a\x0d\x0d\x0a"), "JSON beside a file")
    done = subprocess.run([CTL, "--socket", str(FOLDER / "control.sock"), "capture", "-", "--seconds", "1"], capture_output=True, check=False)
    expect_equal((done.returncode, done.stdout[:4]), (0, b"\x0a\x0d\x0d\x0a"), "a capture to the standard output")


PLATES = {"name": "plates", "port": 47001, "format": "plate", "unknown_sources": "accept"}


def flooded():
    """A recording nearly all of whose packets nobody listens for: there is memory for what becomes of the others, however long control waits for a CPU."""
    traffic = make_pcap([_lib.hex_file("plates.hex", [b'{"plate":"S%06d"}' % n for n in range(2)])], port=47001)
    other = make_pcap([_lib.hex_file("others.hex", [b'{"plate":"N%06d"}' % n for n in range(998)])], port=47002, name="others.pcap")
    both = FOLDER / "both.pcap"
    both.write_bytes(traffic.read_bytes() + other.read_bytes()[24:])
    return both


def flood():
    """A port that never rests: nothing is lost for the capture, what it cannot keep is counted."""
    both = flooded()
    with Daemon(config(port={"name": "p0", "type": "pcap", "device": str(both), "repeat": True}, listeners=[PLATES], sink="null")) as daemon:
        until(lambda: Ctl("status").status == 0, "the control socket")
        capture = Capture("--count", 200000, "--seconds", 3, "--snap", 64, file=FILE)
        text = capture.end()
        found = read(FILE)
        row = next(line.split() for line in text.splitlines() if line.startswith("udp_no_listener"))
        expect_equal((int(row[1]), {reason for reason, *_ in found}), (len(found), {"udp_no_listener"}), f"packets in the file; {text}")
        expect(int(row[1]) > 1000 and int(row[3]) > 0, f"captured and not: {text}")
        total = expect_balanced(daemon.stop().expect(OK))
    expect(total["udp_no_listener"] >= int(row[1]) + int(row[3]), f"{row} of {total['udp_no_listener']}")
    lost = {name: total[name] for name in ("batch_exhausted", "arena_full", "spread_full") if total[name]}
    expect(total["decoded"] > 1000 and not lost, f"lost: {json.dumps(lost)} of {total['received']}, {total['decoded']} decoded")


def read_slowly(client, enough):
    """Fast enough to count as one who reads, and far too slow for what is captured."""
    while not enough.wait(0.5):
        client.recv(20000)


def slow_reader():
    """Who asks for a capture under a flood and reads hardly anything holds it no longer than it may: then another one is taken."""
    both = flooded()
    with Daemon(config(port={"name": "p0", "type": "pcap", "device": str(both), "repeat": True}, listeners=[PLATES], sink="null")) as daemon:
        until(lambda: Ctl("status").status == 0, "the control socket")
        with socket.socket(socket.AF_UNIX) as slow:
            slow.connect(str(FOLDER / "control.sock"))
            slow.sendall(b'{"command":"capture","args":{"file":"-","count":1000000,"seconds":1,"snap":64}}\n')
            expect_equal(slow.recv(1), b"{", "the beginning of a capture")
            Ctl("capture", FILE, "--seconds", 1).fails(FAILED, "a capture runs already")
            enough = threading.Event()
            reader = threading.Thread(target=read_slowly, args=(slow, enough))
            reader.start()
            try:
                until(lambda: Ctl("capture", FILE, "--count", 1, "--seconds", 30).status == OK, "another capture", 120)
            finally:
                enough.set()
                reader.join()
            slow.shutdown(socket.SHUT_WR)
            last = slow.makefile("rb").readlines()[-1]
        expect(b"was not read within 10 s behind its end" in last, f"the end of the slow one: {last[-200:]}")
        expect_balanced(daemon.stop().expect(OK))


def interrupted():
    """Ctrl-C ends a capture and a trace as their time does, with the summary; once more, and turnpikectl ends at once."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # where this runs in the background of a shell, its children would ignore it
    both = flooded()
    with Daemon(config(port={"name": "p0", "type": "pcap", "device": str(both), "repeat": True}, listeners=[PLATES], sink="null")) as daemon:
        until(lambda: Ctl("status").status == 0, "the control socket")
        for number in (signal.SIGINT, signal.SIGTERM):
            capture = Capture("--count", 1000000, "--seconds", 3600, "--snap", 64, file=FILE)
            until(lambda: FILE.stat().st_size > 100000, "packets in the file")
            capture.interrupt(number)
            text = capture.end()
            expect_equal(text.splitlines()[-1].split()[:3], [str(len(read(FILE))), "packets", "captured,"], f"the last line, by what is in the file; {text}")
        trace = Trace("--port", 9, "--seconds", 3600)
        trace.interrupt()
        last = trace.end()[-1]
        expect_equal((last["traced"], last["steps_lost"]), (0, 0), "the end of a trace")
        expect_equal(Ctl("trace", "--port", 9, "--seconds", 1).status, OK, "another trace")
        twice(daemon)
        expect_balanced(daemon.stop().expect(OK))


def twice(daemon):
    """While turnpiked stands still, the first one has no answer."""
    capture = Capture("--count", 1000000, "--seconds", 3600, "--timeout", 3600, file=FILE)
    daemon.process.send_signal(signal.SIGSTOP)
    try:
        def ended():
            capture.interrupt()
            return capture.process.poll() is not None
        until(ended, "turnpikectl ends without an answer")
        expect_equal(capture.process.wait(), -signal.SIGINT, "what ended it")
        capture.process.communicate()
    finally:
        daemon.process.send_signal(signal.SIGCONT)
    until(lambda: Ctl("capture", FILE, "--count", 1, "--seconds", 30).status == OK, "another capture")


need_roadside()
os.umask(0o077)
with a_roadside(KNOWN, STRANGER, DENIED) as road:
    tree = config(port=af_xdp_port(road), guard={"deny": [DENIED]}, listeners=[
        {"name": "plates", "port": 47001, "format": "plate", "sources": [{"address": KNOWN, "device": DEVICE}]}],
                  mqtt=[{"name": "m", "port": 1883, "anonymous": True, "unknown_devices": "accept", "routes": [{"filter": "raw/#", "format": "raw"}]}])
    with Daemon(tree) as daemon:
        daemon.wait_for_answer(road)
        roadside(road)
        arguments()
        books = daemon.stop().expect(OK)
total = expect_balanced(books)
expect_equal({name: total[name] for name in ("udp_no_listener", "unknown_source", "json_syntax", "mqtt_unmapped")},
             {"udp_no_listener": 5, "unknown_source": 2, "json_syntax": 3, "mqtt_unmapped": 1}, "the books beside the capture")
flood()
interrupted()
slow_reader()
