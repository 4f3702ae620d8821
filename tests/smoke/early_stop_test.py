#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A signal while the daemon waits for Kafka to answer, and in the middle of a recording: it ends soon and does not call half a job done."""
import array
import fcntl
import os
import signal
import socket
import termios
import time

import _lib
from _lib import FAILED, FOLDER, OK, Daemon, config, expect, expect_balanced, make_pcap, until

WAIT_MS = 300000


def unanswered():
    """A broker that takes connections and never says a word."""
    return socket.create_server(("127.0.0.1", 0))


def while_connecting(status, *options):
    with unanswered() as broker:
        tree = config(port={"name": "p0", "type": "pcap", "device": str(pcap)}, sink="kafka", brokers=f"127.0.0.1:{broker.getsockname()[1]}")
        tree["sink"]["kafka"]["connect_timeout_ms"] = WAIT_MS
        with Daemon(tree, *options) as daemon:
            broker.settimeout(_lib.LIMIT)
            broker.accept()[0].close()
            daemon.stop().expect(status, "asked to stop while starting", f"exit status {status}")


def waiting(pipe):
    """Octets that lie in it."""
    room = array.array("i", [0])
    fcntl.ioctl(pipe, termios.FIONREAD, room)
    return room[0]


def within_a_recording():
    """The pipe takes a first piece of the records and no more, so the recording is still being read when the signal comes."""
    _lib.forget_records()
    tree = config(memory={"batch_bytes": 65536, "batches": 32}, dead_letters={"rate": 100000000})
    folder = FOLDER / "records"
    folder.mkdir(exist_ok=True)
    pipe = folder / "dlq.v1.ndjson"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with Daemon(tree, "--replay", str(pcap)) as daemon:
        until(lambda: "is running" in daemon.log.read_text(errors="replace"), "the daemon runs")
        until(lambda: waiting(reader) > 0, "the first records")
        daemon.process.send_signal(signal.SIGTERM)
        while daemon.process.poll() is None:
            try:
                os.read(reader, 1 << 20)
            except BlockingIOError:
                time.sleep(0.01)
        ended = daemon.wait().expect(FAILED, "replay: asked to stop behind ", "exit status 1")
    os.close(reader)
    total = expect_balanced(ended)
    expect(0 < total["received"] < PACKETS, f"received {total['received']} of {PACKETS}")


PACKETS = 100000
pcap = make_pcap([_lib.hex_file("malformed.hex", [b"no message %06d" % n for n in range(PACKETS)])])
while_connecting(OK)
while_connecting(FAILED, "--replay", str(pcap))
within_a_recording()
