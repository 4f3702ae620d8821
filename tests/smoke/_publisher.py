# SPDX-License-Identifier: BSD-3-Clause
"""MQTT publishers of the tests' own, which show what a client library hides: what the socket still holds, each acknowledgement, the close.

Sockets are made in the roadside's namespace and stay there; one thread serves all clients: pump(clients) moves octets, until_pumped() does so until
something is true.
"""
import collections
import contextlib
import ctypes
import itertools
import os
import pathlib
import socket
import struct
import time

import _lib

CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)
CONNACK, PUBACK, PINGRESP, DISCONNECT = 2, 4, 13, 14


@contextlib.contextmanager
def inside(road):
    """This thread makes its sockets out there."""
    with open("/proc/thread-self/ns/net", "rb") as home, open(f"/var/run/netns/{road.name}", "rb") as away:
        if LIBC.setns(away.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")
        try:
            yield
        finally:
            LIBC.setns(home.fileno(), CLONE_NEWNET)


def counter(road, name):
    """A counter of the roadside's kernel, as TcpExt:TCPWinProbe."""
    table, name = name.split(":")
    with inside(road), open("/proc/thread-self/net/netstat", encoding="ascii") as file:
        rows = [line.split() for line in file if line.startswith(table + ":")]
    return int(dict(zip(rows[0], rows[1]))[name])


def text(value):
    data = value if isinstance(value, bytes) else value.encode()
    return struct.pack("!H", len(data)) + data


def packet(first, body):
    n, length = len(body), b""
    while True:
        n, low = divmod(n, 128)
        length += bytes([low | (128 if n else 0)])
        if not n:
            return bytes([first]) + length + body


def connect(client_id, version=4, keep_alive=0, clean=True):
    properties = b"\0" if version == 5 else b""
    return packet(0x10, text("MQTT") + bytes([version, 2 if clean else 0]) + struct.pack("!H", keep_alive) + properties + text(client_id))


def publish(topic, body, qos=0, identifier=0, version=4, dup=False):
    return packet(0x30 | qos << 1 | dup << 3, text(topic) + (struct.pack("!H", identifier) if qos else b"") +
                  (b"\0" if version == 5 else b"") + body)


class Client:
    """One connection. sent: bodies by identifier without an answer; acked and refused: bodies in the order of their answers. MQTT 5 allows so many
    unanswered as CONNACK says; where `most` is set, the rest waits here.
    """

    def __init__(self, road, client_id, version=4, source=None, port=1883, greet=True, most=None):
        self.client_id, self.version, self.most, self.waiting = client_id, version, most, collections.deque()
        self.out, self.read, self.sent, self.acked, self.refused, self.reasons = bytearray(), bytearray(), {}, [], [], []
        self.code, self.closed, self.identifier, self.written, self.goodbye = None, None, 0, 0, None
        with inside(road):
            self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 32768)
        if source:
            self.socket.bind((source, 0))
        self.socket.setblocking(False)
        self.socket.connect_ex((_lib.roadside.APPLIANCE, port))
        if greet:
            self.out += connect(client_id, version)

    def publish(self, topic, body, qos=1):
        if qos and self.most and len(self.sent) >= self.most:
            self.waiting.append((topic, body))
            return
        if qos:
            self.identifier = self.identifier % 65535 + 1
            self.sent[self.identifier] = body
        self.out += publish(topic, body, qos, self.identifier, self.version)

    def done(self):
        return not (self.sent or self.out or self.waiting)

    def pump(self):
        if self.closed is None:
            try:
                self.move()
            except BlockingIOError:
                pass
            except OSError as error:
                self.closed = error.strerror
        return self

    def move(self):
        self.flush()
        while data := self.socket.recv(65536):
            self.read += data
            self.parse()
        self.closed = "closed"

    def flush(self):
        with contextlib.suppress(BlockingIOError):
            while self.out:
                n = self.socket.send(self.out[:16384])
                self.written += n
                del self.out[:n]

    def parse(self):
        while len(self.read) >= 2 and len(self.read) >= 2 + self.read[1]:
            self.take(self.read[0] >> 4, bytes(self.read[2:2 + self.read[1]]))
            del self.read[:2 + self.read[1]]

    def take(self, kind, body):
        if kind == CONNACK:
            self.code = body[1]
        elif kind == PUBACK:
            mine = self.sent.pop(struct.unpack("!H", body[:2])[0])
            reason = body[2] if len(body) > 2 else 0
            (self.refused if reason >= 0x80 else self.acked).append(mine)
            self.reasons.append(reason)
            if self.waiting:
                self.publish(*self.waiting.popleft())
        elif kind == DISCONNECT:
            self.goodbye = body[0] if body else 0

    def backed_off(self):
        """How often the kernel doubled its wait: with a peer that answers, for probes of a window that is closed."""
        return self.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)[4]

    def end(self):
        """All that was sent is taken by then: the appliance closes when it reads the DISCONNECT."""
        self.out += b"\xe0\0"
        until_pumped([self], lambda: self.closed, f"the end of {self.client_id}")
        self.socket.close()


def until_pumped(clients, condition, what, limit=_lib.LIMIT):
    deadline = time.monotonic() + limit
    while True:
        for client in clients:
            client.pump()
        if condition():
            return
        _lib.expect(time.monotonic() < deadline, f"{what}: not within {limit} s")
        time.sleep(0.002)


def connected(clients):
    until_pumped(clients, lambda: all(c.code is not None or c.closed for c in clients), "CONNACK")
    for c in clients:
        _lib.expect_equal((c.code, c.closed), (0, None), f"CONNACK of {c.client_id}")
    return clients


def serve(client, finished=None, rounds=100):
    """The client publishes and is acknowledged, one message at a time, so many times and until the rest is over. Returns how often."""
    for n in itertools.count(1):
        client.publish("a/topic", b"payload")
        until_pumped([client], lambda: not client.sent or client.closed, "an acknowledgement")
        _lib.expect_equal(client.closed, None, "the connection of the client that publishes")
        if n >= rounds and (not finished or finished()):
            return n


def memory(daemon):
    """Address space of the process and what is used of it, octets."""
    pages = pathlib.Path(f"/proc/{daemon.process.pid}/statm").read_text(encoding="ascii").split()
    return int(pages[0]) * 4096, int(pages[1]) * 4096


def expect_same_memory(before, after):
    """All memory is reserved at start; what is used of it may grow."""
    print(f"address space {before[0] >> 20} MiB, then {after[0] >> 20}; used {before[1] >> 20} MiB, then {after[1] >> 20}")
    _lib.expect(after[0] - before[0] < 4 << 20, "the process took more memory")
