#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Builds a packet capture from payloads: one UDP datagram each, with right lengths and checksums.

A payload file is one of, by its name:
  *.hex         one payload a line in hexadecimal digits; empty lines and lines that start with # are skipped
  *.jsonl       one payload a line, as it stands
  *.tsv         the column that the first line calls "hex" is the payload in hexadecimal digits
  anything else the whole file is one payload (a JSON event, a raw datagram)

Options for single files stand behind the name, separated by commas: FILE,src=10.1.0.7,port=46800,sport=5000,repeat=3
A line of a .hex file may begin with its own options in braces:  {src=10.1.0.9 port=5000} 00142e...

--src takes an address or a prefix. With a prefix, payload n comes from host n of it (1, 2, ... and around again), so that many
devices are heard. The family of --src and --dst decides between IPv4 and IPv6.

Examples:
  pcap_build.py out.pcap --src 10.1.0.0/24 --dst 10.0.0.1 --port 46800 bsm.hex spat.hex,port=44910
  pcap_build.py out.pcap --src fd00::/64 --dst fd00::1 --port 5000 --vlan 100 read.json
  pcap_build.py out.pcap --src 10.1.0.5 --dst 10.0.0.1 --port 46800 --mtu 576 map.hex      # in fragments
"""
import argparse
import ipaddress
import random
import re
import struct
import sys

ETHERTYPE = {4: 0x0800, 6: 0x86DD}


def checksum(data: bytes) -> int:
    """The Internet checksum, RFC 1071."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def udp_datagram(src, dst, sport: int, dport: int, payload: bytes, no_checksum: bool) -> bytes:
    length = 8 + len(payload)
    if length > 0xFFFF:
        raise ValueError("a payload of %d octets does not fit into a UDP datagram" % len(payload))
    header = struct.pack("!HHHH", sport, dport, length, 0)
    if no_checksum and src.version == 4:
        return header + payload
    if src.version == 4:
        pseudo = src.packed + dst.packed + struct.pack("!BBH", 0, 17, length)
    else:
        pseudo = src.packed + dst.packed + struct.pack("!IxxxB", length, 17)
    value = checksum(pseudo + header + payload) or 0xFFFF
    return struct.pack("!HHHH", sport, dport, length, value) + payload


def ip4_packets(src, dst, ident: int, body: bytes, mtu: int, options: bytes):
    """The packet, or its fragments (RFC 791)."""
    options += b"\0" * (-len(options) % 4)
    head = 20 + len(options)
    step = len(body) if head + len(body) <= mtu else (mtu - head) // 8 * 8
    for offset in range(0, max(len(body), 1), max(step, 1)):
        part = body[offset:offset + step]
        more = offset + len(part) < len(body)
        header = struct.pack("!BBHHHBBH4s4s", 0x40 | head // 4, 0, head + len(part), ident & 0xFFFF,
                             (0x2000 if more else 0) | offset // 8, 64, 17, 0, src.packed, dst.packed) + options
        header = header[:10] + struct.pack("!H", checksum(header)) + header[12:]
        yield header + part


def ip6_packets(src, dst, ident: int, body: bytes, mtu: int):
    """The packet, or its fragments behind a fragment header (RFC 8200)."""
    def packet(next_header, data):
        return struct.pack("!IHBB16s16s", 6 << 28, len(data), next_header, 64, src.packed, dst.packed) + data

    if 40 + len(body) <= mtu:
        yield packet(17, body)
        return
    step = (mtu - 48) // 8 * 8
    for offset in range(0, len(body), step):
        part = body[offset:offset + step]
        more = offset + len(part) < len(body)
        yield packet(44, struct.pack("!BBHI", 17, 0, offset | more, ident) + part)


def mac(text: str) -> bytes:
    octets = bytes(int(x, 16) for x in text.split(":"))
    if len(octets) != 6:
        raise argparse.ArgumentTypeError("'%s' is not a MAC address" % text)
    return octets


class Sources:
    """Addresses of senders: one, or all hosts of a prefix in turn."""

    def __init__(self, text: str):
        self.network = ipaddress.ip_network(text, strict=False)
        self.single = ipaddress.ip_address(text) if "/" not in text else None
        self.hosts = max(1, min(self.network.num_addresses - 2, 1 << 24))

    def __getitem__(self, n: int):
        return self.single or self.network[1 + n % self.hosts]


def parse_options(text: str, separator) -> dict:
    """key=value pairs: src, dst, port, sport, repeat, vlan."""
    found = {}
    for part in re.split(separator, text):
        key, equals, value = part.partition("=")
        if key not in ("src", "dst", "port", "sport", "repeat", "vlan") or not equals:
            raise SystemExit("pcap_build: unknown option '%s'" % part)
        found[key] = value
    return found


def from_hex(text: str, name: str, number: int) -> bytes:
    try:
        return bytes.fromhex(text.strip())
    except ValueError:
        raise SystemExit("pcap_build: %s:%d: not hexadecimal" % (name, number)) from None


def read_table(name: str):
    """The column "hex" of a tab-separated file."""
    with open(name, encoding="utf-8") as f:
        columns = f.readline().rstrip("\r\n").split("\t")
        if "hex" not in columns:
            raise SystemExit("pcap_build: %s:1: no column is called hex" % name)
        for number, line in enumerate(f, 2):
            yield from_hex(line.rstrip("\r\n").split("\t")[columns.index("hex")], name, number), {}


def read_lines(name: str):
    """A payload a line, hexadecimal where the name ends in .hex."""
    with open(name, encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            line, own = line.rstrip("\r\n"), {}
            braces = re.match(r"\{([^}]*)\}\s*", line) if name.endswith(".hex") else None
            if braces:
                own, line = parse_options(braces.group(1), r"\s+"), line[braces.end():]
            if not line.strip() or line.startswith("#"):
                continue
            yield (from_hex(line, name, number) if name.endswith(".hex") else line.encode()), own


def read_payloads(name: str):
    """(payload, options of the line) for each payload of a file."""
    if name.endswith(".tsv"):
        yield from read_table(name)
    elif name.endswith((".hex", ".jsonl")):
        yield from read_lines(name)
    else:
        with open(name, "rb") as f:
            yield f.read(), {}


class Capture:
    """A capture file with microsecond times, link type Ethernet."""

    def __init__(self, name: str, start: float, gap_us: int):
        self.file = open(name, "wb")
        self.file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 0x40000, 1))
        self.time_us = int(start * 1000000)
        self.gap_us = gap_us
        self.frames = 0

    def add(self, frame: bytes):
        frame += b"\0" * (60 - len(frame))
        self.file.write(struct.pack("<IIII", self.time_us // 1000000, self.time_us % 1000000, len(frame), len(frame)) + frame)
        self.time_us += self.gap_us
        self.frames += 1


class Builder:
    def __init__(self, args):
        self.args = args
        self.capture = Capture(args.out, args.start, args.gap_us)
        self.datagrams = 0
        self.random = random.Random(args.seed)

    def ethernet(self, version: int, vlans) -> bytes:
        header = self.args.dst_mac + self.args.src_mac
        for i, vlan in enumerate(vlans):
            header += struct.pack("!HH", 0x88A8 if i + 1 < len(vlans) else 0x8100, vlan)
        return header + struct.pack("!H", ETHERTYPE[version])

    def add(self, payload: bytes, options: dict):
        args = self.args
        src = Sources(options.get("src", args.src))[self.datagrams]
        dst = ipaddress.ip_address(options.get("dst", args.dst))
        if src.version != dst.version:
            raise SystemExit("pcap_build: source %s and destination %s are of different families" % (src, dst))
        vlans = [int(v) for v in options["vlan"].split("/")] if "vlan" in options else args.vlan
        body = udp_datagram(src, dst, int(options.get("sport", args.sport)), int(options.get("port", args.port)), payload,
                            args.no_udp_checksum)
        if src.version == 4:
            packets = list(ip4_packets(src, dst, self.datagrams + 1, body, args.mtu, args.ip_options))
        else:
            packets = list(ip6_packets(src, dst, self.datagrams + 1, body, args.mtu))
        if args.shuffle_fragments:
            self.random.shuffle(packets)
        for packet in packets:
            self.capture.add(self.ethernet(src.version, vlans) + packet)
        self.datagrams += 1


def arguments():
    parser = argparse.ArgumentParser(prog="pcap_build.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", metavar="OUT.pcap", help="capture file to write")
    parser.add_argument("files", metavar="FILE[,option=value...]", nargs="*", help="payload files")
    parser.add_argument("--src", default="10.1.0.0/24", help="sender: an address or a prefix (default %(default)s)")
    parser.add_argument("--dst", default="10.0.0.1", help="destination address (default %(default)s)")
    parser.add_argument("--port", type=int, default=46800, help="UDP destination port (default %(default)s)")
    parser.add_argument("--sport", type=int, default=40000, help="UDP source port (default %(default)s)")
    parser.add_argument("--src-mac", type=mac, default=mac("02:00:00:00:00:02"), help="default 02:00:00:00:00:02")
    parser.add_argument("--dst-mac", type=mac, default=mac("02:00:00:00:00:01"), help="default 02:00:00:00:00:01")
    parser.add_argument("--vlan", type=int, action="append", default=[], help="VLAN id; twice for QinQ, outer first")
    parser.add_argument("--mtu", type=int, default=65535, help="larger IP packets are sent in fragments (default: never)")
    parser.add_argument("--shuffle-fragments", action="store_true", help="fragments of a datagram in another order")
    parser.add_argument("--ip-options", type=bytes.fromhex, default=b"", help="IPv4 options, hexadecimal")
    parser.add_argument("--no-udp-checksum", action="store_true", help="IPv4: checksum 0")
    parser.add_argument("--repeat", type=int, default=1, help="all files so many times (default %(default)s)")
    parser.add_argument("--start", type=float, default=1700000000.0, help="time of the first frame, seconds since 1970")
    parser.add_argument("--gap-us", type=int, default=100, help="time between frames, microseconds (default %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of the shuffling")
    parser.add_argument("--append-frame", type=bytes.fromhex, action="append", default=[], metavar="HEX",
                        help="a whole Ethernet frame, put at the end as it is")
    return parser.parse_intermixed_args()


def main():
    args = arguments()
    builder = Builder(args)
    for _ in range(args.repeat):
        for entry in args.files:
            name, comma, text = entry.partition(",")
            options = parse_options(text, ",") if comma else {}
            for _ in range(int(options.get("repeat", 1))):
                for payload, own in read_payloads(name):
                    builder.add(payload, {**options, **own})
    for frame in args.append_frame:
        builder.capture.add(frame)
    builder.capture.file.close()
    print("%s: %d datagrams in %d frames" % (args.out, builder.datagrams, builder.capture.frames), file=sys.stderr)


if __name__ == "__main__":
    main()
