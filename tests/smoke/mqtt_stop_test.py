#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A stop while wills of connections that died wait for their delay: they become records, and the stop does not wait for its time-out."""
import time

from _lib import OK, Daemon, a_roadside, af_xdp_port, config, expect, expect_balanced, expect_equal, forget_records, need_roadside, \
    read_files, records_so_far, until
from _mqtt_raw import Raw

FLAG_WILL = 64
DELAY_S = 600
COUNT = 20
HOPS = [f"10.77.0.{n}" for n in range(11, 15)]  # so that some are on either worker
STOP_MS = 100000


def gone():
    return {r["device"] for r in records_so_far("device_event") if r["event"] == "disconnected"}


def run(workers):
    names = [f"mortal-{n}" for n in range(COUNT)]
    with a_roadside(*HOPS) as road:
        mqtt = [{"name": "m", "port": 1883, "anonymous": True, "unknown_devices": "accept", "unmapped": "raw"}]
        with Daemon(config(port=af_xdp_port(road), workers={"count": workers}, mqtt=mqtt, stop={"timeout_ms": STOP_MS})) as daemon:
            daemon.wait_for_answer(road)
            for n, name in enumerate(names):
                Raw(road, name, 5, expiry=2 * DELAY_S, will=("wills/x", name), will_delay=DELAY_S, source=HOPS[n % len(HOPS)]).drop()
            until(lambda: gone() == set(names), "events of devices that went")
            began = time.monotonic()
            expect_balanced(daemon.stop().expect(OK))
            expect(time.monotonic() - began < STOP_MS / 2000, f"{workers} workers: the stop took {time.monotonic() - began:.1f} s")
    records = read_files("mqtt_message")
    expect_equal(sorted(r["device"] for r in records), sorted(names), "devices whose wills became records")
    expect(all(r["flags"] & FLAG_WILL for r in records), "flags of the wills")


need_roadside()
for count in (1, 2):
    run(count)
    forget_records()
