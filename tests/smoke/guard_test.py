#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The guard, in the XDP program of an AF_XDP port and in the node of a port that has none.

AF_XDP: while a flood hits a listener, its senders are denied and let in again by turnpikectl; SSH to the host works all the while, a sender that is
not denied gets every datagram through, and one that the configuration denies gets none, however often rules change. Maps are pinned while it runs,
gone behind an orderly stop, and gone behind the start that follows a kill. A driver that refuses native XDP gets generic XDP, and a line that says why.

Without XDP: prefixes and rates on a recording, whose packets are counted by this test, and rules changed while it is repeated.
"""
import math
import pathlib
import signal
import struct
import subprocess
import sys
import time

import _host
import _http
import _lib
from _lib import FOLDER, OK, Ctl, Daemon, a_roadside, af_xdp_port, config, expect, expect_balanced, expect_equal, need_roadside, replay, until
from _raw import ip

HOST, APPLIANCE, PORT = "10.77.0.5", _lib.roadside.APPLIANCE, 47001
NOISY, DENIED = "10.77.1.0/24", "10.66.0.0/16"
SOCKET = FOLDER / "control.sock"
PINS = pathlib.Path("/sys/fs/bpf/turnpike")
# One datagram each 5 ms until it is killed or has sent so many; it waits where many are under way.
SEND = """
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8192)
for n in range(int(sys.argv[3])):
    s.sendto(b'{"plate":"P%06d"}' % n, (sys.argv[1], int(sys.argv[2])))
    time.sleep(0.005)
"""
GOOD = 1000
WINDOW = 64  # frames of the flood that are under way at a time: no queue overflows


def tree(port, guard, **sections):
    sources = [{"address": "10.77.0.11", "device": "good"}, {"address": NOISY, "device": "noisy"}, {"address": DENIED, "device": "denied"}]
    listeners = [{"name": "plates", "port": PORT, "format": "plate", "sources": sources, "unknown_sources": "accept"}]
    return config(port=port, listeners=listeners, guard=guard, control={"socket": str(SOCKET)}, dead_letters={"rate": 0}, **sections)


def head(road):
    with open(f"/sys/class/net/{road.interface}/address", encoding="ascii") as file:
        return bytes.fromhex(file.read().strip().replace(":", "")) + b"\2\0\0\0\0\x77\x08\0"


def flood_frames(road):
    """Noisy senders and one that is denied, in turns."""
    udp = struct.pack("!HHHH", 40000, PORT, 8 + 50, 0) + b"x" * 50
    return [head(road) + ip(source, APPLIANCE, 17, udp) for n in range(1, 33) for source in (f"10.77.1.{n}", "10.66.0.1")]


def echo(road):
    return head(road) + ip("10.77.0.200", APPLIANCE, 1, struct.pack("!BBHHH", 8, 0, 0, 4711, 0))


def device(ended, name):
    rows = [row for row in ended.books["sources"] if row["device"] == name]
    return rows[0]["received"] if rows else 0


def received(name):
    """The same while it runs."""
    return sum(row["received"] for row in Ctl("books", "--device", name).data()["devices"])


def packets(where, reason):
    rows = Ctl("guard").data()["packets"]
    return sum(row["count"] for row in rows if (row["where"], row["reason"]) == (where, reason))


def dropped_by_link(road):
    return int(road.run(["cat", f"/sys/class/net/{road.far}/statistics/tx_dropped"], stdout=subprocess.PIPE, text=True).stdout)


def malformed():
    """What has come through of the noisy senders: nobody else sends what is no plate read."""
    return Ctl("books").data()["total"]["malformed"]


def rule_changes(ending):
    """Rules come and go while packets pass. Returns how often."""
    n = 0
    while ending.running() and n < 10:
        expect_equal(Ctl("guard", "deny", f"10.55.{n}.0/24").data()["done"], "denied", "outcome")
        expect_equal(Ctl("guard", "remove", f"10.55.{n}.0/24").data()["done"], "removed", "outcome")
        n += 1
    return n


def deny_and_allow(road, ssh):
    """Noisy senders are let in, denied, and let in again; nobody else notices."""
    good = subprocess.Popen(road.command([sys.executable, "-c", SEND, APPLIANCE, str(PORT), str(GOOD)]))
    ending = _host.flood(road, flood_frames(road), 4 * _lib.LIMIT, WINDOW, echo(road))
    until(lambda: packets("road", "taken") > 1000, "the flood")
    expect(ssh.session(road, HOST), "session during the flood")
    Ctl("guard", "deny", NOISY).data()
    dropped = packets("road", "guard_denied")
    until(lambda: packets("road", "guard_denied") > dropped + 100 * WINDOW, "packets of denied senders, and what came before them is dealt with")
    before = malformed()
    until(lambda: packets("road", "guard_denied") > dropped + 20000, "more packets of denied senders")
    expect(ssh.session(road, HOST), "session while senders are denied")
    expect(rule_changes(ending) > 0, "no rule was changed during the flood")
    expect_equal(malformed(), before, "what came through of senders while they were denied")
    Ctl("guard", "remove", NOISY).data()
    until(lambda: malformed() > before + 5000, "noisy senders that are let in again")
    sent = ending(now=True)
    expect_equal(good.wait(_lib.LIMIT), 0, "the good sender")
    expect(ssh.session(road, HOST), "session behind the flood")
    return sent


def refusals():
    said = Ctl("guard", "deny", "10.56.0.0/24", json_data=False).out + Ctl("guard", "remove", "10.56.0.0/24", json_data=False).out
    expect_equal([word for word in ("10.56.0.0/24", "denied", "removed", "the next start") if word not in said], [], f"what a change says: {said}")
    """What is said to a rule that cannot be."""
    for words, said in ((("deny", "10.66.0.1/16"), "expected zeros behind the prefix"), (("deny", "x.y"), "expected an IPv4 or IPv6 address"),
                        (("deny", DENIED), "is denied already, by the configuration"), (("remove", DENIED), "is of the configuration"),
                        (("remove", "10.99.0.0/16"), "there is no rule for"), (("allow", "10.0.0.0/33"), "a prefix length from 0 to 32")):
        ctl = Ctl("guard", *words)
        expect(ctl.status != 0 and said in ctl.err, f"guard {words}: {ctl.status} {ctl.err}")


def shown(port):
    """What the program dropped, where operators look: the counters, the page and the metrics have it under the name of the books."""
    dropped = packets("road", "guard_denied")
    [row] = [row for row in Ctl("stats").data()["counters"] if row["counter"] == "xdp_guard_denied"]
    expect(row["class"] == "xdp" and row["count"] >= dropped, f"in the counters: {row}, {dropped} by guard")

    def on_page():
        return [row for row in _http.status(port)["counters"] if row["name"] == "xdp_guard_denied" and row["count"] >= dropped]

    until(on_page, "the page has what the program dropped")
    expect_equal(on_page()[0]["class"], "xdp dropped", "class, by which the page marks it")
    expect('turnpike_port_steered_total{port="road",reason="guard_denied"}' in _http.get(port, "/metrics")[2], "no metric of it")


def on_af_xdp():
    http = _http.free_port()
    with a_roadside("10.77.0.11") as road, _host.service() as ssh:
        _host.addresses(road, f"{HOST}/24")
        with Daemon(tree(af_xdp_port(road, (APPLIANCE,)), {"deny": [DENIED]}, http={"listen": f"127.0.0.1:{http}"})) as daemon:
            daemon.wait_for_answer(road)
            refusals()
            pins = PINS / _lib.unique("t") / "road"
            expect("guard_prefixes" in [pin.name for pin in pins.iterdir()], "no pinned maps")
            sent = deny_and_allow(road, ssh)
            link_dropped = dropped_by_link(road)
            shown(http)
            expect_equal([row["prefix"] for row in Ctl("guard").data()["rules"]], [DENIED], "rules at the end")
            ended = daemon.stop().expect(OK)
        expect(not pins.exists(), f"{pins} is left")
    expect_balanced(ended)
    ports = ended.books["ports"]
    dropped = ports["xdp_guard_denied"]
    good = device(ended, "good")
    expect_equal(device(ended, "denied"), 0, "packets of the denied sender that came through")
    expect(dropped >= sent // 2, f"{dropped} dropped of {sent}")
    expect_equal(ports["received"] + ports["missed"], ports["xdp_taken"] + ports["xdp_taken_neighbour"], "received and missed")
    expect_equal((link_dropped, ports["missed"]), (0, 0), "dropped by the link, missed by the port")
    expect_equal(good, GOOD, "datagrams of the good sender")
    expect_equal(device(ended, "noisy") + dropped, sent, "packets of the flood that came through or were dropped")


def program_on(interface):
    return "xdp" in subprocess.run(["ip", "link", "show", interface], capture_output=True, text=True, check=True).stdout


def after_a_kill():
    with a_roadside("10.77.0.11") as road:
        pins = PINS / _lib.unique("t")
        with Daemon(tree(af_xdp_port(road, (APPLIANCE,)), {"deny": [DENIED]})) as daemon:
            daemon.wait_for_answer(road)
            expect(program_on(road.interface), "no program on the interface")
            (pins / "left_behind").mkdir()
            daemon.process.send_signal(signal.SIGKILL)
            daemon.process.wait()
        until(lambda: not program_on(road.interface), "the program goes with its process")
        expect((pins / "road").exists(), "nothing is left to clean: this case shows nothing")
        with Daemon(tree(af_xdp_port(road, (APPLIANCE,)), {"deny": [DENIED]})) as daemon:
            daemon.wait_for_answer(road)
            expect(not (pins / "left_behind").exists(), "the leavings of the killed process are there")
            daemon.stop().expect(OK, "native XDP")
        expect(not pins.exists(), f"{pins} is left")


def generic():
    """veth has no native XDP where the other end may send more than a page holds."""
    with a_roadside("10.77.0.11") as road:
        expect_equal(road.run(["ip", "link", "set", road.far, "mtu", "9000"]).returncode, 0, "mtu")
        with Daemon(tree(af_xdp_port(road, (APPLIANCE,)), {"source_rate": 5, "source_burst": 20})) as daemon:
            daemon.wait_for_answer(road)
            begin = time.monotonic()
            expect_equal(road.run([sys.executable, "-c", SEND, APPLIANCE, str(PORT), "100"]).returncode, 0, "sending")
            until(lambda: received("good") + packets("road", "guard_source_rate") >= 100, "all datagrams, received or dropped")
            took = time.monotonic() - begin
            ended = daemon.stop().expect(OK, "generic XDP, which is slower (native: ")
    expect_balanced(ended)
    expect_equal(device(ended, "good") + ended.books["ports"]["xdp_guard_source_rate"] >= 100, True, "received and dropped")
    expect(ended.books["ports"]["xdp_guard_source_rate"] > 0 and device(ended, "good") <= 20 + 5 * took + 1, f"the rate did not hold for {took} s: {ended.books}")


# ---- without XDP ----------------------------------------------------------------------------------------------------------------------
def sources_of(pcap):
    """How often each source is in the recording."""
    data, at, found = pcap.read_bytes(), 24, {}
    while at < len(data):
        n = struct.unpack_from("<I", data, at + 8)[0]
        source = ".".join(map(str, data[at + 16 + 26:at + 16 + 30]))
        found[source] = found.get(source, 0) + 1
        at += 16 + n
    return found


def recording(n):
    return _lib.make_pcap([_lib.hex_file("plates.hex", [b'{"plate":"R%06d"}' % i for i in range(n)])], port=PORT)


def replayed(guard, pcap):
    """What became of it, and how long it took with what is around it, in whole seconds begun: a rate allows so much more."""
    begin = time.monotonic()
    total = expect_balanced(replay(tree(None, guard), pcap).expect(OK))
    return total, math.ceil(time.monotonic() - begin)


def on_a_recording():
    pcap = recording(5000)
    found = sources_of(pcap)
    denied = next(iter(found))
    slow = {"deny": [denied], "source_rate": 1, "source_burst": 3}
    total, took = replayed(slow, pcap)
    expect_equal(total["received"], 5000, "received")
    expect_equal(total["guard_denied"], found[denied], "packets of the denied source")
    allowed = sum(min(count, 3) for source, count in found.items() if source != denied)
    most = sum(min(count, 3 + took) for source, count in found.items() if source != denied)
    expect(allowed <= total["decoded"] <= most, f"{total['decoded']} packets came through, expected {allowed} to {most} in {took} s")
    expect_equal(total["decoded"] + total["guard_source_rate"] + total["guard_denied"], 5000, "what became of them")
    limited = {"listeners": [{"listener": "plates", "rate": 1, "burst": 100}]}
    total, took = replayed(limited, pcap)
    expect(100 <= total["decoded"] <= 101 + took and total["decoded"] + total["guard_listener_rate"] == 5000, f"listener: {total['decoded']} came through")


def live_without_xdp():
    port = {"name": "p0", "type": "pcap", "device": str(recording(500)), "repeat": True}
    tree_ = tree(port, {}, **{"memory": {"batches": 32}})
    tree_["sink"]["type"] = "null"
    with Daemon(tree_) as daemon:
        until(lambda: Ctl("status").status == 0 and Ctl("status").data()["received"] > 10000, "packets")
        Ctl("guard", "deny", "10.1.0.0/16").data()
        until(lambda: packets("workers", "guard_denied") > 10000, "packets that are dropped")
        decoded, denied = Ctl("books").data()["total"]["decoded"], packets("workers", "guard_denied")
        until(lambda: packets("workers", "guard_denied") > denied + 10000, "more packets that are dropped")
        expect_equal(Ctl("books").data()["total"]["decoded"], decoded, "decoded while everybody is denied")
        Ctl("guard", "remove", "10.1.0.0/16").data()
        until(lambda: Ctl("books").data()["total"]["decoded"] > decoded + 10000, "packets that pass again")
        ended = daemon.stop().expect(OK)
    expect_balanced(ended)


on_a_recording()
live_without_xdp()
need_roadside()
on_af_xdp()
after_a_kill()
generic()
