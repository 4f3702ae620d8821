#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Inputs that the fuzz targets start from: real samples where $TP_SHARED (default ../shared) has them, and a few of our own."""
import hashlib
import json
import os
import pathlib
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(TOP / "demo"))
import samples  # noqa: E402


def shared():
    return pathlib.Path(os.environ.get("TP_SHARED", TOP.parent / "shared"))


def j2735():
    for path in sorted((shared() / "data/j2735").glob("*.hex")):
        lines = path.read_text().split()
        # A few thousand lines of one road test hardly differ: every 40th of a long file.
        yield from (bytes.fromhex(line) for line in lines[:: 1 + len(lines) // 40])
    rejected = shared() / "data/j2735/rejected.tsv"
    if rejected.exists():
        yield from (bytes.fromhex(line.split("\t")[-1]) for line in rejected.read_text().splitlines()[1:])
    yield from samples.v2x(20)


def plate():
    for path in sorted((shared() / "data/alpr").glob("*.json")):
        text = path.read_bytes()
        yield text
        yield json.dumps(json.loads(text), separators=(",", ":")).encode()
    yield from samples.plates(10)


def csv():
    yield from (path.read_bytes() for path in sorted(TOP.glob("*/*.csv")))


def write(name, folder):
    """Writes the seeds of a target into its corpus; returns how many there are."""
    makers = {"j2735": j2735, "plate": plate, "toll": lambda: samples.tolls(20), "telemetry": lambda: samples.telemetry(20), "csv": csv}
    folder.mkdir(parents=True, exist_ok=True)
    inputs = {data for data in makers.get(name, list)() if data}
    for data in inputs:
        (folder / hashlib.sha1(data).hexdigest()).write_bytes(data)
    return len(inputs)
