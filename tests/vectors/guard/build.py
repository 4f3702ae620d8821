#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Writes the *.txt of this folder: frames, and what steering and guard say of each. The frames are made with scapy, an implementation that is not ours, so
this needs `pip install scapy`; the test needs just the files.

A file is read from top to bottom. `setup MODE` begins anew, with an empty memory; what follows it up to the first packet are the rules:

  setup own|shared|any|off             addresses of its own; the host's; none; nothing was configured yet
  address ADDRESS   mac MAC
  listen udp|tcp ADDRESS|any PORT [BURST]       a bucket of so many packets, which never fills again
  deny PREFIX   allow PREFIX
  source BURST   syn BURST
  fragments MS                         how long the verdict on a first fragment holds; left out: an hour
  wait MS                              so much time goes by, at least
  packet NAME | VERDICT | HEX
"""
import pathlib

from scapy.all import ARP, ICMP, IP, TCP, UDP, Dot1AD, Dot1Q, Ether, Raw
from scapy.layers.inet import IPOption_RR
from scapy.layers.inet6 import (ICMPv6EchoReply, ICMPv6EchoRequest, ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6ND_RA, ICMPv6ND_RS, ICMPv6ND_Redirect,
                                ICMPv6NDOptSrcLLAddr, IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop, IPv6ExtHdrRouting, PadN)

FOLDER = pathlib.Path(__file__).parent
MAC, PEER_MAC, OTHER_MAC, BROADCAST = "02:00:00:00:00:01", "02:00:00:00:00:99", "02:00:00:00:00:55", "ff:ff:ff:ff:ff:ff"
OWN4, OWN4B, HOST4, PEER4 = "192.0.2.1", "192.0.2.2", "192.0.2.200", "192.0.2.99"
OWN6, LINK6, HOST6, PEER6, PEERLINK6 = "2001:db8::1", "fe80::1", "2001:db8::200", "2001:db8::99", "fe80::99"
V2X, PLATES, MQTT, SSH, BGP, DNS = 46800, 47001, 1883, 22, 179, 53
BODY = Raw(b"0123456789")
TAGS = {"": [], ", VLAN": [Dot1Q(vlan=7, prio=3)], ", two tags": [Dot1AD(vlan=100), Dot1Q(vlan=7)]}
RULES = {"own": f"address {OWN4}\naddress {OWN4B}\naddress {OWN6}\naddress {LINK6}\nmac {MAC}\n",
         "shared": f"address {OWN4}\naddress {OWN6}\naddress {LINK6}\nmac {MAC}\n", "any": ""}
LISTENERS = f"listen udp any {V2X}\nlisten udp {OWN4} {PLATES}\nlisten tcp any {MQTT}\n"


def octets(packet, tags=(), dst=MAC):
    frame = Ether(src=PEER_MAC, dst=dst)
    for tag in tags:
        frame /= tag.copy()
    return bytes(frame / packet)


class File:
    def __init__(self, name, text):
        self.path, self.lines, self.count = FOLDER / f"{name}.txt", ["# SPDX-License-Identifier: BSD-3-Clause", f"# {text} Written by build.py."], 0

    def setup(self, mode, rules=""):
        self.lines += ["", f"setup {mode}"] + (RULES.get(mode, "") + LISTENERS + rules).splitlines()

    def packet(self, name, verdict, data):
        self.lines.append(f"packet {name} | {verdict} | {data.hex()}")
        self.count += 1

    def wait(self, ms):
        self.lines.append(f"wait {ms}")

    def write(self):
        self.path.write_text("\n".join(self.lines) + "\n", encoding="ascii")
        print(f"{self.path.name}: {self.count}")
        return self.count


def udp4(port=V2X, src=PEER4, dst=OWN4, **options):
    return IP(src=src, dst=dst, **options) / UDP(sport=40000, dport=port) / BODY


def udp6(port=V2X, src=PEER6, dst=OWN6, extensions=(), **options):
    packet = IPv6(src=src, dst=dst, **options)
    for extension in extensions:
        packet /= extension
    return packet / UDP(sport=40000, dport=port) / BODY


def tcp4(port=MQTT, flags="A", src=PEER4, dst=OWN4):
    return IP(src=src, dst=dst) / TCP(sport=40000, dport=port, flags=flags)


def tcp6(port=MQTT, flags="A", src=PEER6, dst=OWN6):
    return IPv6(src=src, dst=dst) / TCP(sport=40000, dport=port, flags=flags)


def solicit(target, dst=None):
    return IPv6(src=PEER6, dst=dst or "ff02::1:ff00:1", hlim=255) / ICMPv6ND_NS(tgt=target) / ICMPv6NDOptSrcLLAddr(lladdr=PEER_MAC)


def forwarded(packet):
    packet.hlim = 254
    return packet


def options(n):
    return IPv6ExtHdrDestOpt(options=[PadN(optdata=b"\0" * n)])


T, N, A, P = "taken", "taken_neighbour", "kernel_address", "kernel_port"
X, S, M = "kernel_not_ip", "kernel_short", "kernel_mac"
# name, packet, verdict on a port with own addresses, with the host's, with none; destination MAC address
STEERING = [
    ("UDP to a listener", udp4(), T, T, T),
    ("UDP to a listener of one address", udp4(PLATES), T, T, T),
    ("UDP to a listener of another address", udp4(PLATES, dst=OWN4B), T, A, P),
    ("UDP to nobody's port", udp4(DNS), T, P, P),
    ("UDP to an address of the host", udp4(dst=HOST4), A, A, T),
    ("UDP to nobody's port of the host", udp4(DNS, dst=HOST4), A, A, P),
    ("UDP broadcast", udp4(dst="192.0.2.255"), A, A, T, BROADCAST),
    ("UDP multicast", udp4(dst="224.0.0.251"), A, A, T, "01:00:5e:00:00:fb"),
    ("UDP, options of IPv4", udp4(options=[IPOption_RR(routers=["0.0.0.0"] * 3)]), T, T, T),
    ("UDP to nobody's port, options of IPv4", udp4(DNS, options=[IPOption_RR(routers=["0.0.0.0"] * 3)]), T, P, P),
    ("UDP without data", IP(src=PEER4, dst=OWN4) / UDP(sport=40000, dport=V2X), T, T, T),
    ("UDP of zero ports", IP(src=PEER4, dst=OWN4) / UDP(sport=0, dport=0), T, P, P),
    ("TCP SYN to MQTT", tcp4(flags="S"), T, T, T),
    ("TCP to MQTT", tcp4(), T, T, T),
    ("TCP RST to MQTT", tcp4(flags="R"), T, T, T),
    ("TCP SYN to SSH", tcp4(SSH, "S"), T, P, P),
    ("TCP to SSH", tcp4(SSH), T, P, P),
    ("TCP to SSH of the host", tcp4(SSH, dst=HOST4), A, A, P),
    ("TCP to BGP of the host", tcp4(BGP, dst=HOST4), A, A, P),
    ("TCP to the number of a UDP listener", tcp4(V2X), T, P, P),
    ("UDP to the number of an MQTT listener", udp4(MQTT), T, P, P),
    ("ping", IP(src=PEER4, dst=OWN4) / ICMP() / BODY, T, P, P),
    ("ping to the host", IP(src=PEER4, dst=HOST4) / ICMP() / BODY, A, A, P),
    ("ping reply", IP(src=PEER4, dst=OWN4) / ICMP(type=0) / BODY, T, P, P),
    ("OSPF", IP(src=PEER4, dst="224.0.0.5", proto=89) / BODY, A, A, P, "01:00:5e:00:00:05"),
    ("VRRP to an own address", IP(src=PEER4, dst=OWN4, proto=112) / BODY, T, P, P),
    ("ARP request", ARP(op=1, hwsrc=PEER_MAC, psrc=PEER4, pdst=OWN4), N, X, X, BROADCAST),
    ("ARP request to this MAC address", ARP(op=1, hwsrc=PEER_MAC, psrc=PEER4, pdst=OWN4), N, X, X),
    ("ARP request for the host", ARP(op=1, hwsrc=PEER_MAC, psrc=PEER4, pdst=HOST4), X, X, X, BROADCAST),
    ("ARP probe", ARP(op=1, hwsrc=PEER_MAC, psrc="0.0.0.0", pdst=OWN4), N, X, X, BROADCAST),
    ("ARP reply", ARP(op=2, hwsrc=PEER_MAC, psrc=PEER4, pdst=OWN4, hwdst=MAC), X, X, X),
    ("ARP announcement", ARP(op=1, hwsrc=PEER_MAC, psrc=PEER4, pdst=PEER4), X, X, X, BROADCAST),
    ("UDP over IPv6 to a listener", udp6(), T, T, T),
    ("UDP over IPv6 to the link-local address", udp6(src=PEERLINK6, dst=LINK6), T, T, T),
    ("UDP over IPv6 to a listener of an IPv4 address", udp6(PLATES), T, P, P),
    ("UDP over IPv6 to nobody's port", udp6(DNS), T, P, P),
    ("UDP over IPv6 to the host", udp6(dst=HOST6), A, A, T),
    ("UDP over IPv6, hop-by-hop options", udp6(extensions=[IPv6ExtHdrHopByHop(options=[PadN(optdata=b"\0" * 4)])]), T, T, T),
    ("UDP over IPv6, destination options", udp6(extensions=[options(12)]), T, T, T),
    ("UDP over IPv6, three extension headers", udp6(extensions=[IPv6ExtHdrHopByHop(options=[PadN(optdata=b"\0" * 4)]), options(4),
                                                               IPv6ExtHdrRouting(addresses=[])]), T, T, T),
    ("UDP over IPv6, eight extension headers", udp6(extensions=[options(4)] * 8), T, T, T),
    ("UDP over IPv6, nine extension headers", udp6(extensions=[options(4)] * 9), T, P, P),
    ("UDP over IPv6 to nobody's port, extension header", udp6(DNS, extensions=[options(4)]), T, P, P),
    ("UDP over IPv6, a long extension header", udp6(extensions=[options(250)]), T, T, T),
    ("UDP over IPv6, atomic fragment", udp6(extensions=[IPv6ExtHdrFragment(offset=0, m=0, id=77)]), T, T, T),
    ("TCP SYN over IPv6 to MQTT", tcp6(flags="S"), T, T, T),
    ("TCP over IPv6 to SSH", tcp6(SSH), T, P, P),
    ("TCP over IPv6 to SSH of the host", tcp6(SSH, dst=HOST6), A, A, P),
    ("ESP over IPv6", IPv6(src=PEER6, dst=OWN6, nh=50) / BODY, T, P, P),
    ("ping over IPv6", IPv6(src=PEER6, dst=OWN6) / ICMPv6EchoRequest(), T, P, P),
    ("ping over IPv6 to the host", IPv6(src=PEER6, dst=HOST6) / ICMPv6EchoRequest(), A, A, P),
    ("ping over IPv6 to all nodes", IPv6(src=PEERLINK6, dst="ff02::1") / ICMPv6EchoRequest(), A, A, P, "33:33:00:00:00:01"),
    ("ping reply over IPv6", IPv6(src=PEER6, dst=OWN6) / ICMPv6EchoReply(), T, P, P),
    ("solicitation", solicit(OWN6), N, A, P, "33:33:ff:00:00:01"),
    ("solicitation of the link-local address", solicit(LINK6), N, A, P, "33:33:ff:00:00:01"),
    ("solicitation to the address itself", solicit(OWN6, OWN6), N, P, P),
    ("solicitation of the host", solicit(HOST6, "ff02::1:ff00:200"), A, A, P, "33:33:ff:00:02:00"),
    ("solicitation of another address with the same group", solicit("2001:db8:1::1"), A, A, P, "33:33:ff:00:00:01"),
    ("advertisement", IPv6(src=PEER6, dst=OWN6, hlim=255) / ICMPv6ND_NA(tgt=PEER6), N, P, P),
    ("advertisement to all nodes", IPv6(src=PEER6, dst="ff02::1", hlim=255) / ICMPv6ND_NA(tgt=PEER6), A, A, P, "33:33:00:00:00:01"),
    ("solicitation that was forwarded", forwarded(solicit(OWN6, OWN6)), T, P, P),
    ("solicitation by multicast that was forwarded", forwarded(solicit(OWN6)), A, A, P, "33:33:ff:00:00:01"),
    ("advertisement that was forwarded", forwarded(IPv6(src=PEER6, dst=OWN6) / ICMPv6ND_NA(tgt=PEER6)), T, P, P),
    ("router advertisement", IPv6(src=PEERLINK6, dst="ff02::1", hlim=255) / ICMPv6ND_RA(), A, A, P, "33:33:00:00:00:01"),
    ("router solicitation", IPv6(src=PEERLINK6, dst="ff02::2", hlim=255) / ICMPv6ND_RS(), A, A, P, "33:33:00:00:00:02"),
    ("redirect", IPv6(src=PEERLINK6, dst=OWN6, hlim=255) / ICMPv6ND_Redirect(), N, P, P),
    ("frame to another MAC address", udp4(), M, M, T, OTHER_MAC),
    ("LLDP", Raw(b"\x02\x07\x04" + b"\0" * 43), X, X, X, "01:80:c2:00:00:0e", 0x88cc),
    ("802.3 length in place of a type", Raw(b"\x42\x42\x03" + b"\0" * 43), X, X, X, "01:80:c2:00:00:00", 0x0026),
]


def steering():
    for at, mode in enumerate(("own", "shared", "any")):
        file = File(f"steering_{mode}", "Whose a packet is.")
        for suffix, tags in TAGS.items():
            file.setup(mode)
            for name, packet, *rest in STEERING:
                dst = rest[3] if len(rest) > 3 else MAC
                data = octets(packet, tags, dst)
                if len(rest) > 4:  # an EtherType of its own, where scapy has none
                    at_type = 12 + 4 * len(tags)
                    data = data[:at_type] + rest[4].to_bytes(2, "big") + data[at_type + 2:]
                file.packet(name + suffix, rest[at], data)
        yield file


def short():
    """Frames that end early: whatever is missing, nothing behind the end is read, and what has no addresses is the kernel's."""
    file = File("short", "Frames that end inside their headers.")
    cases = [("Ethernet", octets(udp4())[:13], S), ("Ethernet and no more", octets(udp4())[:14], S), ("IPv4", octets(udp4())[:33], S),
             ("IPv4 and no more", octets(udp4())[:34], T), ("UDP", octets(udp4())[:37], T), ("ARP", octets(ARP(pdst=OWN4), dst=BROADCAST)[:41], S),
             ("first tag", octets(udp4(), TAGS[", VLAN"])[:17], S), ("second tag", octets(udp4(), TAGS[", two tags"])[:21], S),
             ("IPv6", octets(udp6())[:53], S), ("IPv6 and no more", octets(udp6())[:54], T), ("TCP flags", octets(tcp4(flags="S"))[:47], T),
             ("extension header", octets(udp6(extensions=[options(12)]))[:60], T), ("solicitation", octets(solicit(OWN6, OWN6))[:77], N),
             ("solicitation by multicast", octets(solicit(OWN6), dst="33:33:ff:00:00:01")[:77], A),
             ("IPv4 header length 4", octets(udp4(ihl=4)), S), ("IPv4 version 5", octets(udp4(version=5)), S),
             ("IPv6 version 4", octets(udp6(version=4)), S), ("three tags", octets(udp4(), [Dot1Q(vlan=1), Dot1Q(vlan=2), Dot1Q(vlan=3)]), X),
             ("IPv4 header longer than the frame", octets(udp4(ihl=15, options=[]))[:46], T)]
    file.setup("own")
    for name, data, verdict in cases:
        file.packet(name, verdict, data)
    file.setup("shared")
    for name, data, verdict in cases:
        ports = name == "TCP flags"  # are there all the same
        file.packet(name, verdict if ports else {T: P, N: P}.get(verdict, verdict), data)
    file.packet("UDP ports and no more", T, octets(udp4())[:38])
    file.setup("off")
    for name, packet, *_ in STEERING[:4]:
        file.packet(name, "kernel_off", octets(packet))
    yield file


def parts4(ident, port=V2X, src=PEER4, dst=OWN4, proto=17, size=3000):
    """First, middle and last fragment."""
    whole = bytes(UDP(sport=40000, dport=port, len=8 + size, chksum=0) / Raw(bytes(size)))
    cut = [whole[:1480], whole[1480:2960], whole[2960:]]
    return [octets(IP(src=src, dst=dst, id=ident, proto=proto, flags="MF" if i < 2 else 0, frag=185 * i) / Raw(piece)) for i, piece in enumerate(cut)]


def parts6(ident, port=V2X, src=PEER6, dst=OWN6, before=()):
    whole = bytes(UDP(sport=40000, dport=port, len=3008, chksum=1) / Raw(bytes(3000)))
    frames = []
    for i, piece in enumerate([whole[:1448], whole[1448:2896], whole[2896:]]):
        packet = IPv6(src=src, dst=dst)
        for extension in before:
            packet /= extension
        frames.append(octets(packet / IPv6ExtHdrFragment(nh=17, offset=181 * i, m=int(i < 2), id=ident) / Raw(piece)))
    return frames


F, E, GONE = "kernel_fragment", "kernel_fragment_early", "guard_fragment"


def fragments():
    file = File("fragments", "All fragments of a datagram follow its first.")

    def row(name, frames, verdicts, order=None):
        order = order or range(len(frames))
        for i, verdict in zip(order, verdicts):
            file.packet(f"{name}, fragment {i + 1}", verdict, frames[i])

    for part in (fragments_steered, fragments_under_rules, fragments_aged):
        part(file, row)
    yield file


def fragments_steered(file, row):
    file.setup("own")
    row("to a listener", parts4(1), [T, T, T])
    row("to nobody's port", parts4(2, DNS), [T, T, T])
    row("backwards", parts4(3), [T, T, T], [2, 1, 0])
    row("to the host", parts4(4, dst=HOST4), [A, A, A])
    row("over IPv6", parts6(5), [T, T, T])
    row("over IPv6 backwards", parts6(6), [T, T, T], [2, 1, 0])
    for mode in ("shared", "any"):
        file.setup(mode)
        row(f"{mode}: to a listener", parts4(1), [T, T, T])
        row(f"{mode}: to nobody's port", parts4(2, DNS), [P, F, F])
        row(f"{mode}: backwards", parts4(3), [E, E, T], [2, 1, 0])
        row(f"{mode}: first in the middle", parts4(4), [E, T, T], [1, 0, 2])
        row(f"{mode}: same number, another sender", parts4(1, src="192.0.2.98")[1:], [E, E])
        row(f"{mode}: same number, another protocol", parts4(1, proto=6)[1:], [E, E])
        row(f"{mode}: the number comes again, to nobody's port", parts4(1, DNS), [P, F, F])
        row(f"{mode}: over IPv6", parts6(0x10001), [T, T, T])
        row(f"{mode}: over IPv6 to nobody's port", parts6(0x20001, DNS), [P, F, F])
        row(f"{mode}: over IPv6 backwards", parts6(0x30001), [E, E, T], [2, 1, 0])
        row(f"{mode}: over IPv6 behind an option", parts6(0x40001, before=[options(4)]), [T, T, T])
        row(f"{mode}: over IPv6, upper half of the number", parts6(0x50001)[1:], [E, E])
    file.setup("shared")
    row("to another address", parts4(1, dst=HOST4), [A, A, A])


def fragments_under_rules(file, row):
    file.setup("shared", "deny 192.0.2.99\n")
    row("of a denied source", parts4(1), ["guard_denied", GONE, GONE])
    row("of a denied source to nobody's port", parts4(2, DNS), [P, F, F])
    file.setup("own", "source 2\n")
    row("above the rate of the source", parts4(1), [T, T, "guard_source_rate"])
    row("and what comes behind", [parts4(1)[2]], [GONE])
    row("a first one without a token", parts4(2), ["guard_source_rate", GONE, GONE])
    row("of another source", parts4(1, src="192.0.2.98"), [T, T, "guard_source_rate"])
    file.setup("shared", f"listen udp any {PLATES} 1\n")
    row("a token of the listener a datagram", parts6(1, PLATES), [T, T, T])
    row("above the rate of the listener", parts6(2, PLATES), ["guard_listener_rate", GONE, GONE])


def fragments_aged(file, row):
    """The verdict on a first fragment has an age. Any wait that is longer gives the same."""
    for mode, late in (("own", T), ("shared", E), ("any", E)):
        for family, parts in (("", parts4), (" over IPv6", parts6)):
            file.setup(mode, "fragments 5\n")
            aged, again = parts(1), parts(2, DNS)
            row(f"{mode}{family}: to a listener", aged[:1], [T])
            row(f"{mode}{family}: to nobody's port", again[:1], [T if mode == "own" else P])
            file.wait(10)
            row(f"{mode}{family}: to a listener, too late", aged[1:], [late, late])
            row(f"{mode}{family}: to nobody's port, too late", again[1:], [late, late])
    file.setup("shared", "deny 192.0.2.99\nfragments 5\n")
    row("shared, denied", parts4(1)[:1], ["guard_denied"])
    file.wait(10)
    row("shared, denied, too late", parts4(1)[1:], [E, E])
    file.setup("own", "deny 192.0.2.99\nfragments 5\n")
    row("own, denied", parts4(1)[:1], ["guard_denied"])
    file.wait(10)
    row("own, denied, too late", parts4(1)[1:], ["guard_denied"] * 2)
    for mode in ("own", "shared"):
        file.setup(mode, "fragments 3600000\n")
        row(f"{mode}: in time", parts4(1)[:1], [T])
        row(f"{mode}: to nobody's port, in time", parts4(2, DNS)[:1], [T if mode == "own" else P])
        file.wait(20)
        row(f"{mode}: in time", parts4(1)[1:], [T, T])
        row(f"{mode}: to nobody's port, in time", parts4(2, DNS)[1:], [T, T] if mode == "own" else [F, F])
    file.setup("shared", "fragments 5\n")
    row("shared: an old number", parts4(1)[:1], [T])
    file.wait(10)
    row("shared: an old number comes again, to nobody's port", parts4(1, DNS)[:1], [P])


def prefixes():
    D = "guard_denied"
    file = File("prefixes", "Of those that fit, the longest prefix counts.")
    rules = ["deny 10.0.0.0/8", "allow 10.1.0.0/16", "deny 10.1.2.0/24", "allow 10.1.2.3", "deny 198.51.100.7/32", "deny 172.16.0.0/13",
             "deny 2001:db8:bad::/48", "allow 2001:db8:bad:1::/64", "deny 2001:db8:bad:1::7", "deny fe80::/10", "allow fe80::99"]
    file.setup("own", "\n".join(rules) + "\n")
    for src, verdict in (("192.0.2.99", T), ("10.0.0.1", D), ("10.255.255.255", D), ("11.0.0.0", T), ("9.255.255.255", T), ("10.1.0.1", T),
                         ("10.1.255.1", T), ("10.2.0.1", D), ("10.1.2.1", D), ("10.1.2.3", T), ("10.1.2.4", D), ("10.1.3.1", T),
                         ("198.51.100.7", D), ("198.51.100.6", T), ("198.51.100.8", T), ("172.15.255.255", T), ("172.16.0.1", D),
                         ("172.23.255.255", D), ("172.24.0.0", T)):
        file.packet(f"UDP of {src}", verdict, octets(udp4(src=src)))
        file.packet(f"TCP SYN of {src}", verdict, octets(tcp4(src=src, flags="S")))
        file.packet(f"ping of {src}", verdict, octets(IP(src=src, dst=OWN4) / ICMP() / BODY))
    for src, verdict in (("2001:db8::99", T), ("2001:db8:bad::1", D), ("2001:db8:bad:ffff::1", D), ("2001:db8:bae::1", T), ("2001:db8:bac::1", T),
                         ("2001:db8:bad:1::1", T), ("2001:db8:bad:1::7", D), ("2001:db8:bad:1::8", T), ("fe80::98", D), ("fe80::99", T),
                         ("febf::1", D), ("fec0::1", T), ("::ffff:10.0.0.1", T)):
        file.packet(f"UDP of {src}", verdict, octets(udp6(src=src)))
        file.packet(f"TCP of {src}", verdict, octets(tcp6(src=src)))
    file.packet("the kernel's is not looked at", A, octets(tcp4(SSH, "S", src="10.0.0.1", dst=HOST4)))
    file.packet("ARP of a denied source", N, octets(ARP(op=1, hwsrc=PEER_MAC, psrc="10.0.0.1", pdst=OWN4), dst=BROADCAST))
    file.packet("solicitation of a denied source", N, octets(IPv6(src="fe80::98", dst=OWN6, hlim=255) / ICMPv6ND_NS(tgt=OWN6)))
    file.packet("forwarded solicitation of a denied source", D, octets(forwarded(IPv6(src="2001:db8:bad::1", dst=OWN6) / ICMPv6ND_NS(tgt=OWN6))))
    file.setup("shared", "deny 0.0.0.0/0\ndeny ::/0\nallow 192.0.2.0/24\nallow 2001:db8::/32\n")
    for src, verdict in (("192.0.2.99", T), ("192.0.3.1", D), ("1.1.1.1", D), ("255.255.255.254", D)):
        file.packet(f"all denied: UDP of {src}", verdict, octets(udp4(src=src)))
        file.packet(f"all denied: SSH of {src}", P, octets(tcp4(SSH, src=src)))
    for src, verdict in (("2001:db8:1::1", T), ("2001:db9::1", D), ("fe80::99", D)):
        file.packet(f"all denied: UDP of {src}", verdict, octets(udp6(src=src)))
    file.setup("own", "deny 0.0.0.0/0\n")
    file.packet("IPv4 is denied", D, octets(udp4()))
    file.packet("IPv6 is not", T, octets(udp6()))
    file.setup("own", "deny ::/0\n")
    file.packet("IPv4 is not denied", T, octets(udp4()))
    file.packet("IPv6 is", D, octets(udp6()))
    yield file


def rates():
    R, L, Y = "guard_source_rate", "guard_listener_rate", "guard_syn_rate"
    file = File("rates", "Token buckets that do not fill again.")

    def times(name, data, *verdicts):
        for i, verdict in enumerate(verdicts):
            file.packet(f"{name}, {i + 1}", verdict, data)

    file.setup("own", "source 3\n")
    times("a source", octets(udp4()), T, T, T, R, R)
    times("another source", octets(udp4(src="192.0.2.98")), T, T, T, R)
    times("the first again, another port", octets(udp4(DNS)), R)
    times("the first again, TCP", octets(tcp4()), R)
    times("its ARP", octets(ARP(op=1, hwsrc=PEER_MAC, psrc=PEER4, pdst=OWN4), dst=BROADCAST), N, N, N, N)
    times("its SSH to the host", octets(tcp4(SSH, dst=HOST4)), A, A, A, A)
    times("a /64 of IPv6", octets(udp6()), T, T)
    times("another host of it", octets(udp6(src="2001:db8::98:1:2:3")), T, R)
    times("a host of another /64", octets(udp6(src="2001:db8:0:1::99")), T, T, T, R)
    times("link-local", octets(udp6(src=PEERLINK6, dst=LINK6)), T, T, T, R)
    times("another link-local", octets(udp6(src="fe80::98", dst=LINK6)), T, T, T, R)
    file.setup("shared", "source 2\n")
    times("shared: the host's packets cost nothing", octets(tcp4(SSH)), P, P, P, P)
    times("shared: a source", octets(udp4()), T, T, R)
    file.setup("own", f"listen udp any {DNS} 2\nlisten tcp {OWN4} {BGP} 1\n")
    times("a listener", octets(udp4(DNS)), T, T, L)
    times("the same, other senders", octets(udp4(DNS, src="192.0.2.98")), L, L)
    times("the same over IPv6", octets(udp6(DNS)), L)
    times("another listener", octets(udp4()), T, T, T)
    times("one of TCP", octets(tcp4(BGP)), T, L)
    times("the same port of another address", octets(tcp4(BGP, dst=OWN4B)), T, T)
    times("an address without listener", octets(udp4(9999)), T, T)
    file.setup("own", "syn 2\n")
    times("SYNs", octets(tcp4(flags="S")), T, T, Y)
    times("SYNs of others", octets(tcp6(flags="S")), Y, Y)
    times("SYNs to no listener", octets(tcp4(SSH, "S")), Y)
    times("SYN and ACK", octets(tcp4(flags="SA")), T, T)
    times("ACK", octets(tcp4()), T, T)
    times("SYN and RST", octets(tcp4(flags="SR")), Y)
    file.setup("shared", "syn 1\n")
    times("shared: SYNs to SSH cost nothing", octets(tcp4(SSH, "S")), P, P, P)
    times("shared: SYNs to MQTT", octets(tcp4(flags="S")), T, Y)
    file.setup("own", f"deny 192.0.2.98\nsource 3\nsyn 1\nlisten udp any {PLATES} 2\n")
    times("denied comes first", octets(udp4(PLATES, src="192.0.2.98")), "guard_denied", "guard_denied", "guard_denied", "guard_denied")
    times("then the listener's rate", octets(udp6(PLATES)), T, T, L)
    times("which has cost the source a token", octets(udp6()), R)
    times("then that of SYNs", octets(tcp4(flags="S")), T, Y, Y, R)
    yield file


def main():
    total = sum(file.write() for make in (steering, short, fragments, prefixes, rates) for file in make())
    print(f"{total} vectors")


if __name__ == "__main__":
    main()
