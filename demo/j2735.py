#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Writes SAE J2735 messages in UPER, as many of them as the demo needs: BSM (core data) and SPAT, bare or in an envelope.

Numbers are given in the units of the standard's fields (lat and long in 1/10 microdegree, speed in 0.02 m/s, heading in 1/80
degree); what is not given is "unavailable".
"""


class Bits:
    def __init__(self):
        self.value, self.count = 0, 0

    def put(self, width, number):
        if not 0 <= number < 1 << width:
            raise ValueError(f"{number} does not fit into {width} bits")
        self.value = self.value << width | number
        self.count += width

    def octets(self):
        pad = -self.count % 8
        return (self.value << pad).to_bytes((self.count + pad) // 8, "big")


def length(n):
    """A length of UPER or COER-like envelopes here: one octet below 128, else two with the first bit set."""
    return bytes([n]) if n < 128 else (0x8000 | n).to_bytes(2, "big")


def frame(message_id, bits):
    body = bits.octets()
    return message_id.to_bytes(2, "big") + length(len(body)) + body


def bsm(vehicle, count, sec_mark, lat, long, speed=8191, heading=28800, elev=-4096, width=0, length_cm=0, brakes=0):
    """DSRCmsgID 20. vehicle: the temporary id, 32 bits; brakes: the five bits of wheelBrakes."""
    out = Bits()
    for size, number in (
            (3, 0), (7, count % 128), (32, vehicle), (16, sec_mark), (31, lat + 900000000), (32, long + 1799999999), (16, elev + 4096),
            (8, 255), (8, 255), (16, 65535),  # accuracy
            (3, 2), (13, speed), (15, heading), (8, 127 + 126),  # transmission in forward gear, steering angle unavailable
            (12, 2001 + 2000), (12, 2001 + 2000), (8, 0), (16, 32767),  # acceleration and yaw rate
            (5, brakes), (10, 0),  # brakes of the wheels; traction, abs, scs, boost, auxiliary
            (10, width), (12, length_cm)):
        out.put(size, number)
    return frame(20, out)


def spat(intersection, revision, minute_of_year, millisecond, phases):
    """DSRCmsgID 19 with one intersection. phases: (signal group, eventState, minEndTime, maxEndTime), times in 1/10 s of the hour."""
    out = Bits()
    for size, number in ((4, 0), (5, 0), (7, 0b0011000), (1, 0), (16, intersection), (7, revision % 128), (16, 0),
                         (20, minute_of_year), (16, millisecond), (8, len(phases) - 1)):
        out.put(size, number)
    for group, state, min_end, max_end in phases:
        for size, number in ((4, 0), (8, group), (4, 0), (4, 0b0100), (4, state), (5, 0b01000), (16, min_end), (16, max_end)):
            out.put(size, number)
    return frame(19, out)


def unsecured(message):
    """IEEE 1609.2 data that is neither signed nor encrypted."""
    n = len(message)
    size = bytes([n]) if n < 128 else bytes([0x81, n]) if n < 256 else b"\x82" + n.to_bytes(2, "big")
    return b"\x03\x80" + size + message


def wsmp(psid, message):
    """IEEE 1609.3 WSM version 3 without extensions; psid below 128."""
    return bytes([3, 0, psid]) + length(len(message)) + message


if __name__ == "__main__":
    import sys

    # An all-unavailable BSM must be this frame, bit by bit.
    plain = bsm(0, 0, 15416, 900000001, 1800000001, width=200, length_cm=500)
    sys.stdout.write(plain.hex() + "\n")
