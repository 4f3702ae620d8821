# SPDX-License-Identifier: BSD-3-Clause
"""TCP segments and ICMP messages by hand, from addresses that nobody in the roadside's namespace has: no kernel interferes with them.

A Wire sends and sees whole frames of the roadside's interface. The appliance answers to the MAC address that a segment came from.
"""
import multiprocessing
import random
import socket
import struct
import time

import _lib
from _publisher import inside

SYN, RST, ACK = 2, 4, 16


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xffff) + (total >> 16)
    return ~((total & 0xffff) + (total >> 16)) & 0xffff


def ip(source, target, protocol, body):
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(body), 0, 0, 64, protocol, 0, socket.inet_aton(source), socket.inet_aton(target))
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + body


def tcp(source, target, ports, seq, ack, flags, body=b"", window=65535):
    options = b"\2\4\5\xb4" if flags & SYN else b""
    head = struct.pack("!HHIIBBHHH", *ports, seq & 0xffffffff, ack & 0xffffffff, (5 + len(options) // 4) << 4, flags, window, 0, 0) + options
    pseudo = socket.inet_aton(source) + socket.inet_aton(target) + struct.pack("!BBH", 0, 6, len(head) + len(body))
    return ip(source, target, 6, head[:16] + struct.pack("!H", checksum(pseudo + head + body)) + head[18:] + body)


class Wire:
    def __init__(self, road):
        with inside(road):
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800))
            self.socket.bind((road.far, 0))
        # It waits where some 40 frames are under way: the link has 256 places, and the kernel says nothing of what it drops where they are full.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16384)
        mac = self.socket.getsockname()[4]
        with open(f"/sys/class/net/{road.interface}/address", encoding="ascii") as file:
            self.head = bytes.fromhex(file.read().strip().replace(":", "")) + mac + b"\x08\0"
        self.socket.settimeout(0.5)

    def send(self, packet):
        self.socket.send(self.head + packet)

    def flood(self, packets, seconds):
        """The packets over and over. Returns how many were sent."""
        frames, end, sent = [self.head + packet for packet in packets], time.monotonic() + seconds, 0
        while time.monotonic() < end:
            for frame in frames:
                try:
                    self.socket.send(frame)
                    sent += 1
                except OSError:  # the queue of the interface is full
                    time.sleep(0.001)
        return sent

    def answer(self, source, ports):
        """(sequence number, acknowledgement number, flags) of the next segment to that address, or None."""
        deadline = time.monotonic() + _lib.LIMIT
        while time.monotonic() < deadline:
            try:
                frame = self.socket.recv(65536)
            except TimeoutError:
                return None
            if frame[23] == 6 and frame[30:34] == socket.inet_aton(source) and frame[34:38] == struct.pack("!HH", ports[1], ports[0]):
                return struct.unpack("!II", frame[38:46]) + (frame[47],)
        return None


class Handmade:
    """A connection without a kernel: after open(), send(offset, body) puts octets anywhere behind the handshake."""

    def __init__(self, wire, source, port=1883):
        self.wire, self.source, self.ports, self.iss = wire, source, (random.randrange(20000, 60000), port), random.getrandbits(32)

    def segment(self, seq, ack, flags, body=b""):
        return tcp(self.source, _lib.roadside.APPLIANCE, self.ports, seq, ack, flags, body)

    def open(self):
        for _ in range(_lib.LIMIT):
            self.wire.send(self.segment(self.iss, 0, SYN))
            found = self.wire.answer(self.source, self.ports)
            if found and found[2] & SYN:
                self.next = found[0] + 1
                self.wire.send(self.segment(self.iss + 1, self.next, ACK))
                return self
        raise AssertionError(f"no SYN-ACK for {self.source}")

    def octets(self, offset, body):
        return self.segment(self.iss + 1 + offset, self.next, ACK, body)


def apart(work, *arguments):
    """Runs it in a process of its own, which is returned: is_alive(), exitcode."""
    process = multiprocessing.get_context("fork").Process(target=work, args=arguments, daemon=True)
    process.start()
    return process
