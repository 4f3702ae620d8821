#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The demo's traffic without root and without Kafka: a recording of all formats, replayed into files of JSON lines.

Every kind of record is there in the number that was sent; plates on the list raise alerts that say why; one whose time is over does not; what
cannot be decoded is a dead letter; a second run appends.
"""
import json
import time

import _lib
import traffic
from _lib import OK, config, expect, expect_balanced, expect_equal, read_files, replay

COUNT = 3000


def listeners():
    known = [{"address": traffic.CAMERA, "device": "camera-2", "site": "junction-7", "lane": "2"}]
    return [
        {"name": "bsm", "port": traffic.PORT_BSM, "format": "j2735", "unknown_sources": "accept"},
        {"name": "spat", "port": traffic.PORT_SPAT, "format": "j2735", "unknown_sources": "accept"},
        {"name": "plates", "port": traffic.PORT_PLATE, "format": "plate", "sources": known},
        {"name": "tolls", "port": traffic.PORT_TOLL, "format": "toll", "unknown_sources": "accept"},
        {"name": "vans", "port": traffic.PORT_TELEMETRY, "format": "telemetry", "unknown_sources": "accept"},
    ]


def sent():
    now = time.time()
    return list(traffic.stream(COUNT, now))


def recording(datagrams):
    text = _lib.FOLDER / "traffic.hex"
    text.write_text("".join(f"{{src={source} port={port}}} {payload.hex()}\n" for source, port, payload in datagrams))
    return _lib.make_pcap([text])


def plates_of(port, payload):
    """The plate of a plate read or a toll passage, in a list; none of anything else."""
    if port == traffic.PORT_PLATE:
        return [json.loads(payload)["plate"]]
    return [json.loads(payload)["plate"]["text"]] if port == traffic.PORT_TOLL and b'"plate"' in payload else []


def check_alerts(datagrams):
    listed = {"TPK1984", "RDS4417", "GAN7RY"}
    wanted = sorted(plate for _, port, payload in datagrams for plate in plates_of(port, payload) if plate in listed)
    alerts = read_files("alert_match")
    expect(len(wanted) > 10, f"only {len(wanted)} listed plates were sent")
    expect_equal(sorted(alert["text"] for alert in alerts), wanted, "plates that raised an alert")
    reads = {record["event_id"]: record for kind in ("plate_read", "toll_passage") for record in read_files(kind)}
    for alert in alerts:
        expect_equal(alert["matched_by"], "list", "matched_by")
        expect_equal(alert["list"], "wanted", "list")
        expect_equal(reads[alert["record_event_id"]]["plate"], alert["text"], "plate of the record that the alert names")


def by_port(datagrams, port):
    return sum(to == port for _, to, _ in datagrams)


datagrams = sent()
bad = [(traffic.CAMERA, traffic.PORT_PLATE, b'{"plate":'), (traffic.CAMERA, traffic.PORT_PLATE, b"not JSON"),
       ("10.77.0.99", traffic.PORT_PLATE, b'{"plate":"ABC123"}')]
tree = config(listeners=listeners(), lists=[{"name": "wanted", "path": str(_lib.TOP / "demo/wanted.csv")}])
ended = replay(tree, recording(datagrams + bad)).expect(OK)
total = expect_balanced(ended)
expect_equal(total["received"], COUNT + len(bad), "received")
expect_equal(total["malformed"], 2, "malformed")
expect_equal(total["unknown_source"], 1, "unknown source")

spats = sum(payload[:2] == b"\0\x13" for _, _, payload in datagrams)
for kind, count in (("spat", spats), ("bsm", by_port(datagrams, traffic.PORT_BSM)), ("plate_read", by_port(datagrams, traffic.PORT_PLATE)),
                    ("toll_passage", by_port(datagrams, traffic.PORT_TOLL)),
                    ("vehicle_telemetry", by_port(datagrams, traffic.PORT_TELEMETRY)), ("dlq", 2)):
    expect_equal(len(read_files(kind)), count, f"{kind} records")
check_alerts(datagrams)

first = read_files("plate_read")[0]
expect_equal((first["device"], first["site"], first["lane"]), ("camera-2", "junction-7", "2"), "device, site and lane of the source")
dead = {letter["bytes"]: letter for letter in read_files("dlq")}
cut = dead[bad[0][2].hex()]
expect_equal((cut["listener"], cut["offset"]), ("plates", len(bad[0][2])), "listener and offset of a dead letter")

# The same bytes of the same source have the same event_id; a second run appends to the files.
before = len(read_files("bsm"))
replay(tree, recording([d for d in datagrams if d[1] == traffic.PORT_BSM])).expect(OK)
bsms = read_files("bsm")
expect_equal(len(bsms), 2 * before, "records after a second run")
expect_equal(len({record["event_id"] for record in bsms}), len({record["event_id"] for record in bsms[:before]}), "different event_ids")

# The books as records carry the name of the appliance, in a replay too.
replay({**tree, "books": {"interval_s": 0, "stats_interval_ms": 60000}}, recording(bad)).expect(OK)
expect_equal({record["device"] for record in read_files("edge_stats")}, {tree["name"]}, "device of the statistics")
