#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""One queue, two workers: datagrams are spread by their source. Every one arrives, both workers decode, the order of a device holds."""
import _lib
from _lib import OK, config, expect, expect_balanced, expect_equal, read_files, replay

DEVICES, EACH = 16, 1000  # many times what the ring between two workers holds: a replay waits and loses none


def plate(device, n):
    return f"D{device:02}N{n:04}"


payloads = [(device, plate(device, n)) for n in range(EACH) for device in range(DEVICES)]
listing = _lib.FOLDER / "plates.hex"
listing.write_text("".join(f"{{src=10.1.0.{device + 1}}} " + f'{{"plate":"{text}"}}'.encode().hex() + "\n" for device, text in payloads))
pcap = _lib.make_pcap([listing], port=47001)

sources = [{"address": f"10.1.0.{device + 1}", "device": f"camera-{device}"} for device in range(DEVICES)]
# Batches that only the end of the recording seals, so each holds what one worker decoded.
tree = config(workers={"count": 2}, memory={"batch_bytes": 16777216, "batches": 32, "batch_age_us": 60000000}, listeners=[{"name": "plates", "port": 47001, "format": "plate", "sources": sources}])
ended = replay(tree, pcap).expect(OK)
total = expect_balanced(ended)
expect_equal(total["decoded"], DEVICES * EACH, "decoded")
by_source = {row["device"]: row["decoded"] for row in ended.books["sources"] if row["decoded"]}
expect_equal(by_source, {f"camera-{device}": EACH for device in range(DEVICES)}, "decoded by source")

order = {}
for record in read_files("plate_read"):
    order.setdefault(record["device"], []).append(record["plate"])
for device in range(DEVICES):
    expect_equal(order[f"camera-{device}"], [plate(device, n) for n in range(EACH)], f"plates of camera-{device}, in order")

# The file is one batch behind the other; had one worker decoded all, its devices would appear in the order of the recording.
expect(list(order) != [f"camera-{device}" for device in range(DEVICES)], "all records are of one worker")
