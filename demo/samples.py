#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Payloads of a small roadside, made anew at each run: BSM and SPAT in UPER, plate reads, toll passages and telemetry as JSON.

The same arguments give the same payloads. Plates are invented; those of LISTED stand in demo/wanted.csv.
"""
import datetime
import itertools
import json
import random

import j2735

LISTED = ("TPK1984", "RDS4417", "GAN7RY")


def stamp(now, offset=0.0):
    return datetime.datetime.fromtimestamp(now + offset, datetime.timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def minute_of_year(at):
    day = datetime.datetime.fromtimestamp(at, datetime.timezone.utc)
    return int((at - datetime.datetime(day.year, 1, 1, tzinfo=datetime.timezone.utc).timestamp()) // 60)


def v2x(count, now=1.7e9, fleet=0):
    """Four vehicles driving past a signalised junction, and its signals; some in the envelopes that roadside units keep."""
    envelopes = itertools.cycle((lambda m: m, j2735.unsecured, lambda m: j2735.wsmp(0x20, m), lambda m: m + bytes(24)))
    for n in range(count):
        at = now + n * 0.025
        minute_ms = int(at * 1000) % 60000
        vehicle = n % 4
        if n % 10 == 9:
            hour = int(at * 10) % 36000  # TimeMark: 1/10 s of the hour
            phases = [(group, 6 if group % 4 == 2 else 3, (hour + 50) % 36000, (hour + 120) % 36000) for group in (2, 4, 6, 8)]
            yield j2735.spat(7001 + fleet, n // 10, minute_of_year(at), minute_ms, phases)
            continue
        message = j2735.bsm(0x7E000001 + 16 * fleet + vehicle, n // 4, minute_ms, 420000000 + n % 10000 * 13 + vehicle * 900, -830000000 + n % 10000 * 17,
                            speed=600 + 20 * vehicle, heading=7200, elev=1900, width=180 + 10 * vehicle, length_cm=450 + 20 * vehicle)
        yield next(envelopes)(message)


def plate_text(rng):
    return "".join(rng.choices("ABCDEFGHJKLMNPRSTUVWXYZ", k=3)) + "".join(rng.choices("0123456789", k=4))


def plates(count, now=1.7e9):
    rng = random.Random(count)
    for n in range(count):
        listed = n % 25 == 7
        read = {"plate": LISTED[n // 25 % len(LISTED)] if listed else plate_text(rng), "jurisdiction": "US-MI",
                "confidence": round(rng.uniform(0.8, 0.999), 3), "time": stamp(now, n * 0.1), "camera": "cam-2", "lane": str(1 + n % 3)}
        yield json.dumps(read, separators=(",", ":")).encode()


def tolls(count, now=1.7e9):
    """Passages by tag, by plate and by both, in turn."""
    rng = random.Random(count + 1)
    for n in range(count):
        passage = {"toll_point": "gantry-7", "lane": str(1 + n % 4), "time": stamp(now, n * 0.1), "sequence": n,
                   "vehicle": {"class": "2", "axles": 2 + n % 4}, "speed_kmh": round(rng.uniform(70, 125), 1), "hov": n % 5 == 0}
        if n % 3 != 1:
            passage["tag"] = {"id": f"3E00{rng.getrandbits(64):016X}", "type": "ISOC", "rssi_dbm": -round(rng.uniform(40, 70), 1)}
        if n % 3 != 0:
            passage["plate"] = {"text": LISTED[0] if n % 40 == 4 else plate_text(rng), "jurisdiction": "US-MI", "confidence": 0.97}
        yield json.dumps(passage, separators=(",", ":")).encode()


def telemetry(count, now=1.7e9):
    rng = random.Random(count + 2)
    for n in range(count):
        signals = {"vin": f"TPDEMO0000000000{n % 3}", "time": stamp(now, n * 0.1), "Vehicle.Speed": round(rng.uniform(0, 120), 1),
                   "Vehicle.CurrentLocation.Latitude": round(42 + n * 1e-5, 6), "Vehicle.CurrentLocation.Longitude": -83.0,
                   "Vehicle.Body.Lights.Beam.High.IsOn": n % 2 == 0}
        yield json.dumps(signals, separators=(",", ":")).encode()
