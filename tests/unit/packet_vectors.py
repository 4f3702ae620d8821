#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Writes packet_vectors.h: frames, and what the nodes in front of udp_input make of each.

Requests and expected replies are both made with scapy, an implementation of these protocols that is not ours, so this needs
`pip install scapy`; the tests need just the header. Usage: packet_vectors.py > packet_vectors.h
"""
from scapy.all import ARP, ICMP, IP, UDP, Dot1AD, Dot1Q, Ether, Raw
from scapy.layers.inet import IPOption_NOP, IPOption_RR
from scapy.layers.inet6 import (HBHOptUnknown, ICMPv6DestUnreach, ICMPv6EchoReply, ICMPv6EchoRequest, ICMPv6MLQuery, ICMPv6ND_NA,
                                ICMPv6ND_NS, ICMPv6ND_RA, ICMPv6ND_RS, ICMPv6NDOptDstLLAddr, ICMPv6NDOptSrcLLAddr, IPv6,
                                IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop, IPv6ExtHdrRouting, Pad1, PadN, RouterAlert, in6_chksum)

OWN_MAC, PEER_MAC = "02:00:00:00:00:01", "02:00:00:00:00:99"
OWN4, OWN4B, PEER4 = "192.0.2.1", "192.0.2.2", "192.0.2.99"
OWN6, LINK6, PEER6, PEERLINK6 = "2001:db8::1", "fe80::1", "2001:db8::99", "fe80::99"
SOLICITED = "ff02::1:ff00:1"
SOLICITED_MAC = "33:33:ff:00:00:01"
BROADCAST = "ff:ff:ff:ff:ff:ff"
VLAN = [Dot1Q(vlan=7, prio=3)]
QINQ = [Dot1AD(vlan=100), Dot1Q(vlan=7)]
rows = []


def row(name, frame, counter, edge, out=b""):
    rows.append((name, bytes(frame), counter, edge, bytes(out)))


def frame(tags, payload, dst=OWN_MAC, src=PEER_MAC):
    p = Ether(dst=dst, src=src)
    for t in tags:
        p = p / t.copy()
    return p / payload


def back(tags, payload, dst=PEER_MAC):
    return frame(tags, payload, dst=dst, src=OWN_MAC)


def arp_rows():
    def request(target, sender=PEER4, op=1, **more):
        return ARP(op=op, hwsrc=PEER_MAC, psrc=sender, hwdst="00:00:00:00:00:00", pdst=target, **more)

    def reply(own, to=PEER4):
        return ARP(op=2, hwsrc=OWN_MAC, psrc=own, hwdst=PEER_MAC, pdst=to)

    for name, tags in (("", []), (" vlan", VLAN), (" qinq", QINQ)):
        row("arp request" + name, frame(tags, request(OWN4), dst=BROADCAST), "arp", "TX", back(tags, reply(OWN4)))
    row("arp request, padded", bytes(frame([], request(OWN4B), dst=BROADCAST)) + b"\xaa" * 18, "arp", "TX", back([], reply(OWN4B)))
    row("arp probe", frame([], request(OWN4, "0.0.0.0"), dst=BROADCAST), "arp", "TX", back([], reply(OWN4, "0.0.0.0")))
    row("arp for somebody else", frame([], request("192.0.2.50"), dst=BROADCAST), "arp_not_ours", "DROP")
    row("arp announcement", frame([], request(PEER4), dst=BROADCAST), "arp", "DROP")
    row("arp reply", frame([], request(OWN4, op=2)), "arp", "DROP")
    row("arp reverse request", frame([], request(OWN4, op=3)), "arp_malformed", "DROP")
    row("arp hardware length", frame([], request(OWN4, hwlen=8)), "arp_malformed", "DROP")
    row("arp protocol length", frame([], request(OWN4, plen=16)), "arp_malformed", "DROP")
    row("arp protocol", frame([], request(OWN4, ptype=0x86dd)), "arp_malformed", "DROP")
    row("arp hardware type", frame([], request(OWN4, hwtype=6)), "arp_malformed", "DROP")


def icmp_rows():
    def echo(**ip):
        return IP(src=PEER4, dst=OWN4, ttl=3, id=0x4711, tos=0x28, **ip) / ICMP(type=8, id=5, seq=6)

    def answer(payload, own=OWN4):
        return IP(src=own, dst=PEER4, ttl=64, id=0x4711, tos=0x28) / ICMP(type=0, id=5, seq=6) / payload

    data = Raw(bytes(range(57)))
    for name, tags in (("", []), (" vlan", VLAN), (" qinq", QINQ)):
        row("icmp echo" + name, frame(tags, echo() / data), "icmp_echo", "TX", back(tags, answer(data)))
    row("icmp echo, dont fragment", frame([], echo(flags="DF") / data), "icmp_echo", "TX", back([], answer(data)))
    row("icmp echo, options", frame(VLAN, echo(options=[IPOption_NOP(), IPOption_RR(length=11, routers=["0.0.0.0"] * 2)]) / data),
        "icmp_echo", "TX", back(VLAN, answer(data)))
    row("icmp echo, no data, padded", bytes(frame([], echo())) + b"\xaa" * 18, "icmp_echo", "TX", back([], answer(b"")))
    # A reply that is all zeros but for its checksum.
    zeros = Raw(bytes(8))
    row("icmp echo, all zeros", frame([], IP(src=PEER4, dst=OWN4) / ICMP(id=0, seq=0) / zeros), "icmp_echo", "TX",
        back([], IP(src=OWN4, dst=PEER4) / ICMP(type=0, id=0, seq=0) / zeros))
    row("icmp echo to a group mac", frame([], echo() / data, dst=BROADCAST), "eth_not_ours", "DROP")
    row("icmp echo to a broadcast address", frame([], IP(src=PEER4, dst="192.0.2.255") / ICMP() / data, dst=BROADCAST),
        "ip4_not_ours", "DROP")
    row("icmp checksum", frame([], IP(src=PEER4, dst=OWN4) / ICMP(chksum=1) / data), "icmp_malformed", "DROP")
    row("icmp echo code", frame([], IP(src=PEER4, dst=OWN4) / ICMP(type=8, code=1) / data), "icmp_malformed", "DROP")
    row("icmp shorter than its header", frame([], IP(src=PEER4, dst=OWN4, proto=1) / Raw(b"\x08\x00\xf7\xff\0\0")), "icmp_malformed",
        "DROP")
    for kind in (0, 3, 5, 11, 13, 17):
        times = dict.fromkeys(("ts_ori", "ts_rx", "ts_tx"), 0x02e9df6c) if kind == 13 else {}  # else those of now
        row("icmp type %d" % kind, frame([], IP(src=PEER4, dst=OWN4) / ICMP(type=kind, **times) / data), "icmp_type", "DROP")


def echo6_rows():
    data = Raw(b"odd number of octets!")

    def echo(src=PEER6, dst=OWN6, ext=None, **more):
        ip = IPv6(src=src, dst=dst, hlim=9, tc=3, fl=77)
        return (ip / ext if ext else ip) / ICMPv6EchoRequest(id=5, seq=6, data=data.load, **more)

    def answer(src=OWN6, dst=PEER6):
        return IPv6(src=src, dst=dst, hlim=64, tc=3, fl=77) / ICMPv6EchoReply(id=5, seq=6, data=data.load)

    for name, tags in (("", []), (" vlan", VLAN), (" qinq", QINQ)):
        row("icmp6 echo" + name, frame(tags, echo()), "icmp_echo", "TX", back(tags, answer()))
    row("icmp6 echo, extensions", frame(QINQ, echo(ext=IPv6ExtHdrHopByHop(options=[RouterAlert()]) / IPv6ExtHdrDestOpt())), "icmp_echo",
        "TX", back(QINQ, answer()))
    row("icmp6 echo, padded", bytes(frame([], echo())) + b"\xaa" * 7, "icmp_echo", "TX", back([], answer()))
    row("icmp6 echo to all nodes", frame([], echo(src=PEERLINK6, dst="ff02::1"), dst="33:33:00:00:00:01"), "icmp_echo", "TX",
        back([], answer(LINK6, PEERLINK6)))
    row("icmp6 echo to all nodes from afar", frame([], echo(dst="ff02::1"), dst="33:33:00:00:00:01"), "ip6_not_ours", "DROP")
    row("icmp6 echo to solicited node", frame([], echo(dst=SOLICITED), dst=SOLICITED_MAC), "ip6_not_ours", "DROP")
    row("icmp6 echo to a group mac", frame([], echo(), dst=BROADCAST), "eth_not_ours", "DROP")
    row("icmp6 echo from nobody", frame([], echo(src="::")), "ip6_source", "DROP")
    row("icmp6 echo code", frame([], echo(code=1)), "icmp_malformed", "DROP")
    row("icmp6 checksum", frame([], echo(cksum=1)), "icmp_malformed", "DROP")
    row("icmp6 unreachable", frame([], IPv6(src=PEER6, dst=OWN6) / ICMPv6DestUnreach() / data), "icmp_type", "DROP")
    row("icmp6 listener query", frame([], IPv6(src=PEERLINK6, dst="ff02::1", hlim=1) / IPv6ExtHdrHopByHop(options=[RouterAlert()]) /
        ICMPv6MLQuery(), dst="33:33:00:00:00:01"), "icmp_type", "DROP")
    short = IPv6(src=PEER6, dst=OWN6, nh=58)
    checksum = in6_chksum(58, short, b"\x80\0\0\0\0\5")
    row("icmp6 shorter than its header", frame([], short / Raw(b"\x80\0" + checksum.to_bytes(2, "big") + b"\0\5")), "icmp_malformed",
        "DROP")


def neighbour_rows():
    link = ICMPv6NDOptSrcLLAddr(lladdr=PEER_MAC)

    def ns(src=PEER6, dst=SOLICITED, target=OWN6, option=link, hlim=255, **more):
        p = IPv6(src=src, dst=dst, hlim=hlim) / ICMPv6ND_NS(tgt=target, **more)
        return p / option if option else p

    def na(dst=PEER6, target=OWN6, solicited=1):
        return IPv6(src=target, dst=dst, hlim=255) / ICMPv6ND_NA(R=0, S=solicited, O=1, tgt=target) / ICMPv6NDOptDstLLAddr(lladdr=OWN_MAC)

    for name, tags in (("", []), (" vlan", VLAN), (" qinq", QINQ)):
        row("solicitation" + name, frame(tags, ns(), dst=SOLICITED_MAC), "neighbour", "TX", back(tags, na()))
    row("solicitation, unicast", frame([], ns(dst=OWN6)), "neighbour", "TX", back([], na()))
    row("solicitation, no option", frame(QINQ, ns(dst=OWN6, option=None)), "neighbour", "TX", back(QINQ, na()))
    row("solicitation, link local", frame([], ns(src=PEERLINK6, target=LINK6), dst=SOLICITED_MAC), "neighbour", "TX",
        back([], na(PEERLINK6, LINK6)))
    row("solicitation, unknown option", frame([], ns(option=link / Raw(b"\x0e\x02" + b"n" * 14))), "neighbour", "TX", back([], na()))
    row("solicitation, padded", bytes(frame([], ns(option=None), dst=SOLICITED_MAC)) + b"\xaa" * 3, "neighbour", "TX", back([], na()))
    row("duplicate address detection", frame([], ns(src="::", option=None), dst=SOLICITED_MAC), "neighbour", "TX",
        back([], na("ff02::1", solicited=0), dst="33:33:00:00:00:01"))
    row("duplicate detection with an address", frame([], ns(src="::"), dst=SOLICITED_MAC), "icmp_malformed", "DROP")
    row("duplicate detection to unicast", frame([], ns(src="::", dst=OWN6, option=None)), "icmp_malformed", "DROP")
    row("duplicate detection to all nodes", frame([], ns(src="::", dst="ff02::1", option=None)), "icmp_malformed", "DROP")
    row("solicitation, hop limit", frame([], ns(hlim=254)), "icmp_malformed", "DROP")
    row("solicitation, code", frame([], ns(code=1)), "icmp_malformed", "DROP")
    row("solicitation, option of no length", frame([], ns(option=Raw(b"\x01\x00" + b"n" * 6))), "icmp_malformed", "DROP")
    row("solicitation, option too long", frame([], ns(option=Raw(b"\x01\x02" + b"n" * 6))), "icmp_malformed", "DROP")
    row("solicitation, half an option", frame([], ns(option=Raw(b"\x01\x01nn"))), "icmp_malformed", "DROP")
    row("solicitation, group target", frame([], ns(target="ff02::1")), "icmp_malformed", "DROP")
    row("solicitation, no target", frame([], IPv6(src=PEER6, dst=OWN6, hlim=255) / ICMPv6EchoRequest(type=135)), "icmp_malformed",
        "DROP")
    row("solicitation for somebody else", frame([], ns(target="2001:db8:1::1"), dst=SOLICITED_MAC), "neighbour_not_ours", "DROP")
    row("advertisement", frame([], IPv6(src=PEER6, dst=OWN6, hlim=255) / ICMPv6ND_NA(tgt=PEER6)), "neighbour", "DROP")
    row("advertisement, hop limit", frame([], IPv6(src=PEER6, dst=OWN6, hlim=64) / ICMPv6ND_NA(tgt=PEER6)), "icmp_malformed", "DROP")
    row("router advertisement", frame([], IPv6(src=PEERLINK6, dst="ff02::1", hlim=255) / ICMPv6ND_RA()), "neighbour", "DROP")
    row("router solicitation from nobody", frame([], IPv6(src="::", dst="ff02::1", hlim=255) / ICMPv6ND_RS()), "neighbour", "DROP")


def ip4_rows():
    udp = UDP(sport=0x1234, dport=46800) / Raw(b"payload")
    row("ip4 TCP", frame([], IP(src=PEER4, dst=OWN4, proto=6) / udp), None, "TCP")
    for name, tags in (("", []), (" vlan", VLAN), (" qinq", QINQ)):
        p = frame(tags, IP(src=PEER4, dst=OWN4) / udp)
        row("ip4 udp" + name, p, None, "UDP", p)
        row("ip4 udp, padded" + name, bytes(p) + b"\xaa" * 20, None, "UDP", p)
    p = frame(VLAN, IP(src=PEER4, dst=OWN4, options=[IPOption_NOP()] * 40) / udp)
    row("ip4 udp, options", p, None, "UDP", p)

    def piece(off, flags, payload, proto=17, **ip):
        return frame(QINQ, IP(src=PEER4, dst=OWN4, id=9, proto=proto, frag=off, flags=flags, **ip) / Raw(payload))

    row("ip4 fragment, first", piece(0, "MF", b"x" * 16), None, "HELD")
    row("ip4 fragment, last", piece(3, 0, b"x" * 5), None, "HELD")
    row("ip4 fragment, options", piece(3, "MF", b"x" * 8, options=[IPOption_NOP()] * 40), None, "HELD")
    row("ip4 fragment, largest", piece(8189, 0, b"x" * 3), None, "HELD")
    row("ip4 fragment, beyond the largest", piece(8189, 0, b"x" * 4), "fragment_malformed", "FREED")
    row("ip4 fragment, odd length", piece(0, "MF", b"x" * 15), "fragment_malformed", "FREED")
    row("ip4 fragment, empty", piece(3, "MF", b""), "fragment_malformed", "FREED")
    row("ip4 fragment of ICMP", piece(0, "MF", b"x" * 16, proto=1), "ip4_protocol", "FREED")


def ip6(*headers, **more):
    p = IPv6(**{**dict(src=PEER6, dst=OWN6), **more})
    for h in headers:
        p = p / h.copy()
    return p / UDP(sport=0x1234, dport=46800) / Raw(b"payload")


def ip6_passes(name, *headers, tags=(), **more):
    p = frame(tags, ip6(*headers, **more))
    row(name, p, None, "UDP", p)


def ip6_fails(name, counter, *headers, **more):
    row(name, frame([], ip6(*headers, **more)), counter, "DROP")


def ip6_option(kind, cls=IPv6ExtHdrDestOpt):
    return cls(options=[HBHOptUnknown(otype=kind, optdata=b"abc")])


def ip6_rows():
    ip6_passes("ip6 udp")
    ip6_passes("ip6 udp vlan", tags=VLAN)
    ip6_passes("ip6 udp qinq", tags=QINQ)
    ip6_passes("ip6 udp, link local", src=PEERLINK6, dst=LINK6)
    ip6_passes("ip6 udp to all nodes", dst="ff02::1")
    row("ip6 udp, padded", bytes(frame([], ip6())) + b"\xaa" * 9, None, "UDP", frame([], ip6()))
    ip6_fails("ip6 version", "ip6_header", version=5)
    ip6_fails("ip6 payload length", "ip6_header", plen=16)
    ip6_fails("ip6 to somebody else", "ip6_not_ours", dst="2001:db8::2")
    ip6_fails("ip6 to a group", "ip6_not_ours", dst="ff02::2")
    ip6_fails("ip6 to somebody's solicited node", "ip6_not_ours", dst="ff02::1:ff00:2")
    ip6_fails("ip6 from a group", "ip6_source", src="ff02::1")
    ip6_fails("ip6 from loopback", "ip6_source", src="::1")
    ip6_fails("ip6 from nobody", "ip6_source", src="::")


def ip6_extension_rows():
    ip6_passes("ip6 hop by hop", IPv6ExtHdrHopByHop(options=[RouterAlert()]))
    ip6_passes("ip6 all extensions", IPv6ExtHdrHopByHop(options=[PadN(optdata=b"\0" * 4)]), IPv6ExtHdrDestOpt(options=[Pad1()] * 6),
               IPv6ExtHdrRouting(addresses=[PEER6], segleft=0), IPv6ExtHdrDestOpt(), tags=QINQ)
    ip6_passes("ip6 eight extensions", *[IPv6ExtHdrDestOpt()] * 8)
    ip6_fails("ip6 nine extensions", "ip6_extension", *[IPv6ExtHdrDestOpt()] * 9)
    ip6_passes("ip6 long options", IPv6ExtHdrDestOpt(options=[PadN(optdata=b"\0" * 220), PadN(optdata=b"\0" * 238)]), tags=QINQ)
    ip6_fails("ip6 options too long", "ip6_extension", IPv6ExtHdrDestOpt(options=[PadN(optdata=b"\0" * 220), PadN(optdata=b"\0" * 246)]))
    ip6_fails("ip6 hop by hop second", "ip6_extension", IPv6ExtHdrDestOpt(), IPv6ExtHdrHopByHop())
    ip6_fails("ip6 segments left", "ip6_extension", IPv6ExtHdrRouting(addresses=[PEER6], segleft=1))
    ip6_fails("ip6 extension longer than the packet", "ip6_extension", IPv6ExtHdrDestOpt(len=9))
    ip6_passes("ip6 unknown option to skip", ip6_option(0x3e))
    ip6_passes("ip6 unknown hop by hop option to skip", ip6_option(0x3e, IPv6ExtHdrHopByHop))
    for kind in (0x40, 0x80, 0xc2):
        ip6_fails("ip6 unknown option %02x" % kind, "ip6_extension", ip6_option(kind))
        ip6_fails("ip6 unknown hop by hop option %02x" % kind, "ip6_extension", ip6_option(kind, IPv6ExtHdrHopByHop))
    ip6_fails("ip6 option longer than its header", "ip6_extension",
              IPv6ExtHdrDestOpt(options=[HBHOptUnknown(otype=0x3e, optlen=5, optdata=b"abcd")], autopad=0))
    ip6_fails("ip6 option without a length", "ip6_extension", IPv6ExtHdrDestOpt(options=[Pad1()] * 5 + [Raw(b"\x3e")], autopad=0))
    for number, name in ((59, "no next header"), (50, "ESP"), (51, "AH"), (6, "TCP"), (1, "ICMP of IPv4"), (135, "mobility")):
        row("ip6 " + name, frame([], ip6(nh=number)), *((None, "TCP") if number == 6 else ("ip6_protocol", "DROP")))
    ip6_passes("ip6 atomic fragment", IPv6ExtHdrFragment(id=7), tags=VLAN)
    ip6_passes("ip6 atomic fragment, reserved bits", IPv6ExtHdrFragment(id=7, res1=0xff, res2=3))
    ip6_fails("ip6 fragment twice", "ip6_extension", IPv6ExtHdrFragment(id=7), IPv6ExtHdrFragment(id=7))


def ip6_fragment_rows():
    def piece(name, off, more, payload, counter, ext=(), nh=17):
        p = IPv6(src=PEER6, dst=OWN6)
        for h in ext:
            p = p / h.copy()
        p = frame(VLAN, p / IPv6ExtHdrFragment(id=9, offset=off, m=more, nh=nh) / Raw(payload))
        row("ip6 fragment, " + name, p, counter, "FREED" if counter else "HELD")

    options = b"\x11\x00\x01\x04\0\0\0\0"
    piece("first", 0, 1, b"x" * 16, None)
    piece("last", 3, 0, b"x" * 5, None)
    piece("extensions in front", 0, 1, b"x" * 16, None, ext=[IPv6ExtHdrHopByHop(), IPv6ExtHdrDestOpt()])
    piece("extensions within", 0, 1, options + b"x" * 16, None, nh=60)
    piece("largest", 8191, 0, b"x" * 7, None)
    piece("beyond the largest", 8191, 0, b"x" * 7, "fragment_malformed", ext=[IPv6ExtHdrDestOpt()])
    piece("odd length", 0, 1, b"x" * 15, "fragment_malformed")
    piece("empty", 3, 1, b"", "fragment_malformed")
    piece("first without UDP", 0, 1, options, "fragment_malformed", nh=60)
    piece("broken extension within", 0, 1, b"\x11\x09" + options[2:], "ip6_extension", nh=60)
    piece("hop by hop within", 0, 1, b"\x00\x00" + options[2:] + options, "ip6_extension", nh=60)
    piece("fragment within", 0, 1, b"\x2c\x00" + options[2:] + b"\x11\0\0\1\0\0\0\1" + b"x" * 8, "ip6_extension", nh=60)
    piece("ICMPv6 within", 0, 1, b"\x3a\x00" + options[2:] + b"x" * 8, "ip6_protocol", nh=60)
    piece("of ICMPv6", 3, 1, b"x" * 8, "ip6_protocol", nh=58)


def literal(data):
    return '"%s"' % data.hex()


def main():
    for make in (arp_rows, icmp_rows, echo6_rows, neighbour_rows, ip4_rows, ip6_rows, ip6_extension_rows, ip6_fragment_rows):
        make()
    print("/* SPDX-License-Identifier: BSD-3-Clause */")
    print("/* Written by packet_vectors.py (which see); not edited by hand. */")
    print("/* clang-format off */")
    print("static const struct vector vectors[] = {")
    for name, data, counter, edge, out in rows:
        print('\t{"%s", EDGE_%s, %s,\n\t\t%s,\n\t\t%s},' % (name, edge, "TP_C_" + counter if counter else "NO_COUNTER", literal(data),
                                                            literal(out)))
    print("};")
    print("/* clang-format on */")


if __name__ == "__main__":
    main()
