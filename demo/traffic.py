#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The traffic of the demo: who sends what to which port. Sent with ordinary sockets, or written to a recording (pcap).

    traffic.py send --to ADDRESS --count N --rate R [--shared DIR]      inside the roadside namespace
    traffic.py record --to ADDRESS --count N --out FILE [--shared DIR]

Each device has an address of its own. With --shared, real J2735 payloads of DIR/data/j2735 go to the shared V2X port as well.
"""
import argparse
import itertools
import pathlib
import socket
import subprocess
import sys
import tempfile
import time

import samples

TOP = pathlib.Path(__file__).resolve().parent.parent

RSU, JUNCTION, RSU_LOG, CAMERA, GANTRY, VAN = ("10.77.0.11", "10.77.0.12", "10.77.0.13", "10.77.0.21", "10.77.0.31", "10.77.0.41")
DEVICES = (RSU, JUNCTION, RSU_LOG, CAMERA, GANTRY, VAN)
PORT_BSM, PORT_SPAT, PORT_V2X, PORT_PLATE, PORT_TOLL, PORT_TELEMETRY = 46800, 44910, 44990, 47001, 47002, 47003


def own_v2x(count, now, fleet):
    for payload in samples.v2x(count, now, fleet):
        yield (JUNCTION, PORT_SPAT, payload) if payload[:2] == b"\x00\x13" else (RSU, PORT_BSM, payload)


def real_v2x(shared):
    files = sorted(pathlib.Path(shared, "data/j2735").glob("*.hex")) if shared else []
    lines = [bytes.fromhex(line) for path in files for line in path.read_text().split()[:60]]
    return ((RSU_LOG, PORT_V2X, line) for line in itertools.cycle(lines))


def stream(count, now, shared=None):
    """(source address, destination port, payload) of `count` datagrams, the sources mixed as they would be at a busy junction."""
    sources = [own_v2x(count, now, 0), own_v2x(count, now, 1), real_v2x(shared), ((CAMERA, PORT_PLATE, p) for p in samples.plates(count, now)),
               ((GANTRY, PORT_TOLL, p) for p in samples.tolls(count, now)), ((VAN, PORT_TELEMETRY, p) for p in samples.telemetry(count, now))]
    turns = (item for turn in itertools.repeat(sources) for item in (next(source, None) for source in turn) if item)
    return itertools.islice(turns, count)


def send(to, count, rate, shared):
    sockets = {}
    for address in DEVICES:
        sockets[address] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sockets[address].bind((address, 0))
    begin = time.monotonic()
    for n, (source, port, payload) in enumerate(stream(count, time.time(), shared)):
        ahead = n / rate - (time.monotonic() - begin)
        if ahead > 0:
            time.sleep(ahead)
        sockets[source].sendto(payload, (to, port))
    print(f"sent {count} datagrams in {time.monotonic() - begin:.1f} s", flush=True)


def record(to, count, out, shared):
    """The same as a recording; what does not fit into one packet is in fragments, as on a wire."""
    with tempfile.NamedTemporaryFile("w", suffix=".hex") as file:
        for source, port, payload in stream(count, time.time(), shared):
            file.write(f"{{src={source} port={port}}} {payload.hex()}\n")
        file.flush()
        subprocess.run([sys.executable, str(TOP / "tests/pcap_build.py"), str(out), "--dst", to, "--mtu", "1500", file.name], check=True)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("what", choices=("send", "record"))
    options.add_argument("--to", required=True)
    options.add_argument("--count", type=int, required=True)
    options.add_argument("--rate", type=float, default=1000.0, help="datagrams a second (1000)")
    options.add_argument("--out")
    options.add_argument("--shared")
    args = options.parse_args()
    if args.what == "send":
        send(args.to, args.count, args.rate, args.shared)
    else:
        record(args.to, args.count, args.out, args.shared)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        raise SystemExit(130) from None
