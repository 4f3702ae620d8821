#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""MQTT over a wire that drops, repeats, reorders, corrupts and is cut: every acknowledged message arrives once, whole, in order a device.

Clients never connect twice here, so that nothing but TCP repairs what the wire does. That throughput does not collapse is said in segments, not
in seconds: the appliance sends again at most a few for each that was lost.
"""
import concurrent.futures
import json
import os
import time

import _credentials
from _lib import BUILD, OK, Daemon, af_xdp_port, config, expect, expect_balanced, expect_equal, need_roadside, read_files, skip, topic_name
from _lossy import LossyRoadside
from _mqtt import APPLIANCE, APPLIANCE6, Session, paho

SEED = int(os.environ.get("TP_SEED", 7))
WIRES = {
    "good": (25, []),
    "1 %": (100, ["--drop", 1, "--duplicate", 1, "--reorder", 1, "--corrupt", 1]),
    "10 % lost": (60, ["--drop", 10]),
    "10 % twice or late": (100, ["--duplicate", 10, "--reorder", 10]),
    "10 % corrupt": (60, ["--corrupt", 10]),
    "10 %": (30, ["--drop", 5, "--duplicate", 10, "--reorder", 10, "--corrupt", 5]),
    "cut": (100, ["--cut", "700,200", "--drop", 1]),
    "cut twice a second": (60, ["--cut", "500,200"]),  # time-outs of just 1, 2, 4 s would all meet the same cut
}
# Faults end after this time. What was lost each time it was sent until then waits for the next time-out, which is at most about as long as all before it:
# within LIMIT everything is acknowledged, not just nearly always.
FAULTS_MS = 15000
# Each once, and those with every fault again with other seeds, for fewer messages.
RUNS = [(name, messages, options, SEED) for name, (messages, options) in WIRES.items()]
RUNS += [(f"{name}, seed {seed}", 15, WIRES[name][1], seed) for seed in (SEED + 1, SEED + 2, SEED + 3) for name in ("1 %", "10 %")]

# Version, QoS, address, whether over TLS.
CLIENTS = [("3.1.1", 1, APPLIANCE, False), ("3.1.1", 2, APPLIANCE6, True), ("5", 1, APPLIANCE6, False), ("5", 2, APPLIANCE, False),
           ("5", 1, APPLIANCE, True)]


def sessions_of(number, messages, ca):
    for version, qos, host, tls in CLIENTS:
        device = f"wire{number}-{version}-{qos}{'-tls' if tls else ''}"
        yield Session("paho", version, qos, device, [f"{device} {n} {chr(65 + n % 26) * (n * 131 % 1300)}" for n in range(messages)],
                      host=host, port=8883 if tls else 1883, ca=ca if tls else None)


def hold(road, sessions):
    with concurrent.futures.ThreadPoolExecutor(len(sessions)) as pool:
        return dict(zip((s.device for s in sessions), pool.map(lambda s: paho(road, s), sessions)))


def check(sessions, acknowledged, records):
    arrived = {}
    for record in records:
        arrived.setdefault(record["device"], []).append(bytes.fromhex(record["body"]).decode())
    for s in sessions:
        expect_equal(sorted(acknowledged[s.device]), sorted(s.messages), f"{s.device}: acknowledged")
        expect_equal(arrived[s.device], s.messages, f"{s.device}: records, in this order")
    expect_equal(len({record["event_id"] for record in records}), len(records), "different event_id")
    expect_equal(len(records), sum(len(s.messages) for s in sessions), "records")


need_roadside()
if not (BUILD / "tests/wire/lossy_wire").exists():
    skip("tests/wire/lossy_wire is not built")
sessions, acknowledged, did = [], {}, {}
authority = _credentials.certificate("authority")
certificate, key = _credentials.server(authority)
# A handshake whose segments are lost four times takes more than the usual 10 s.
open_to_all = {"anonymous": True, "unknown_devices": "accept", "unmapped": "raw", "connect_timeout_ms": 60000}
with LossyRoadside(["10.77.0.11", "fd77::11"]) as road:
    with Daemon(config(port=af_xdp_port(road), mqtt=[
            {"name": "plain", "port": 1883, **open_to_all},
            {"name": "tls", "port": 8883, **open_to_all, "tls": {"certificate": certificate, "key": key}}])) as daemon:
        with road.wire():
            daemon.wait_for_answer(road)
        for number, (name, messages, options, seed) in enumerate(RUNS):
            these = list(sessions_of(number, messages, authority[0]))
            begin = time.monotonic()
            with road.wire(*options, "--until", FAULTS_MS, "--seed", seed) as did[name]:
                acknowledged.update(hold(road, these))
            print(f"{name}: {time.monotonic() - begin:.1f} s, {json.dumps(did[name])}", flush=True)
            sessions += these
        ended = daemon.stop().expect(OK)
total = expect_balanced(ended)
check(sessions, acknowledged, read_files("mqtt_message"))
expect_equal(total["mqtt_acknowledged"], sum(len(s.messages) for s in sessions), "the books' acknowledgements")
expect_equal(total["mqtt_connected"], len(sessions), "connections: nobody had to connect again")
lost = {way: sum(d[way][what] for d in did.values() for what in ("dropped", "corrupted", "cut")) for way in ("out", "back")}
late = sum(d["back"]["reordered"] for d in did.values())
print(json.dumps({"lost": lost, "retransmitted": total["tcp_retransmitted"], "checksum": total["tcp_checksum"]}))
expect(total["tcp_checksum"] > 0, "no segment had a wrong checksum: nothing was corrupted")
expect(total["tcp_out_of_order"] > 0 and total["tcp_duplicate"] > 0, "no segment was out of order, or none came twice")
expect(total["tcp_retransmitted"] <= 20 + 3 * (sum(lost.values()) + late), "the appliance sent too many segments again")
