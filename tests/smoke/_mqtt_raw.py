# SPDX-License-Identifier: BSD-3-Clause
"""An MQTT client that does what it is told, for what well-behaved libraries do not do. 3.1.1 with level 4, 5 with level 5."""
import socket
import struct

from _lib import LIMIT, expect, expect_equal
from _mqtt import APPLIANCE, inside

CONNECT, CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP, SUBSCRIBE, SUBACK = 1, 2, 3, 4, 5, 6, 7, 8, 9
PINGREQ, PINGRESP, DISCONNECT, CLOSED = 12, 13, 14, None


def text(value):
    value = value.encode() if isinstance(value, str) else value
    return struct.pack("!H", len(value)) + value


def packet(kind, body=b"", flags=0):
    length, n = b"", len(body)
    while True:
        n, octet = n >> 7, n & 127
        length += bytes([octet | (128 if n else 0)])
        if n == 0:
            return bytes([kind << 4 | flags]) + length + body


def publish(topic, payload, packet_id=0, qos=1, level=4, dup=False, retain=False):
    body = text(topic) + (struct.pack("!H", packet_id) if qos else b"") + (b"\0" if level == 5 else b"") + payload
    return packet(PUBLISH, body, dup << 3 | qos << 1 | retain)


class Raw:
    """One connection. Expects a CONNACK with `code`; read() gives (kind, body), or (None, b'') where the appliance closed."""

    def __init__(self, road, client_id, level=4, clean=False, expiry=0, host=APPLIANCE, port=1883, code=0, user=None, password=None,
                 keep_alive=60, will=None, will_delay=0, source="", patience=LIMIT):
        self.level, self.data = level, b""
        with inside(road):
            self.socket = socket.create_connection((host, port), patience, (source, 0))
        self.socket.settimeout(LIMIT)
        flags = clean << 1 | (will is not None) << 2 | (user is not None) << 7 | (password is not None) << 6
        properties = (bytes([5, 0x11]) + struct.pack("!I", expiry) if expiry else b"\0") if level == 5 else b""
        body = text("MQTT") + bytes([level, flags]) + struct.pack("!H", keep_alive) + properties + text(client_id)
        if will:
            delay = bytes([5, 0x18]) + struct.pack("!I", will_delay) if will_delay else b"\0"
            body += (delay if level == 5 else b"") + text(will[0]) + text(will[1])
        body += b"".join(text(value) for value in (user, password) if value is not None)
        self.send(packet(CONNECT, body))
        kind, answer = self.read()
        expect_equal((kind, answer[1:2]), (CONNACK, bytes([code])), f"{client_id}: answer to CONNECT")
        self.session_present = answer[0] & 1

    def send(self, octets):
        self.socket.sendall(octets)

    def publish(self, topic, payload, packet_id=0, qos=1, **flags):
        self.send(publish(topic, payload, packet_id, qos, self.level, **flags))

    def take(self, n):
        while len(self.data) < n:
            more = self.socket.recv(65536)
            if not more:
                raise EOFError
            self.data += more
        taken, self.data = self.data[:n], self.data[n:]
        return taken

    def read(self):
        try:
            kind, length, shift = self.take(1)[0] >> 4, 0, 0
            while True:
                octet = self.take(1)[0]
                length |= (octet & 127) << shift
                shift += 7
                if octet < 128:
                    return kind, self.take(length)
        except (EOFError, ConnectionResetError):
            return CLOSED, b""

    def expect(self, kind, packet_id=None, code=0):
        """The next packet; code: the reason code of MQTT 5."""
        found, body = self.read()
        expect_equal(found, kind, f"packet, with body {body.hex()}")
        if packet_id is not None:
            expect_equal(struct.unpack("!H", body[:2])[0], packet_id, "packet identifier")
            expect_equal(body[2] if len(body) > 2 else 0, code, "reason code")
        return body

    def drop(self):
        """Reset, so that nothing of what was sent is sent again by TCP, and no answer is read."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def disconnect(self):
        self.send(packet(DISCONNECT))
        expect(self.read()[0] is CLOSED, "the appliance did not close after DISCONNECT")
        self.socket.close()
