#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""udp.plate.10k: plate reads of 150 octets in the plain form, matched against a list of 10,000 plates; one read in a hundred is on it."""
import json
import pathlib
import random
import string
import tempfile

import udp

READS = 4096
LIST = 10000
HIT_ONE_IN = 100
OCTETS = 150


def plate(rng):
    return "".join(rng.choices(string.ascii_uppercase, k=3) + rng.choices(string.digits, k=4))


def read(rng, text, number, octets=OCTETS):
    """One event of exactly so many octets; the identifier takes up what is left."""
    event = {"plate": text, "jurisdiction": "US-CA", "time": f"2026-03-01T12:{number // 60 % 60:02}:{number % 60:02}.250Z",
             "confidence": round(rng.uniform(0.5, 0.999), 3), "camera": f"cam-{number % 14:02}", "lane": str(number % 5 + 1), "read_id": ""}
    rest = octets - len(json.dumps(event, separators=(",", ":")))
    event["read_id"] = "".join(rng.choices("0123456789abcdef", k=rest))
    return json.dumps(event, separators=(",", ":"))


def main():
    rng = random.Random(10)
    listed = sorted({plate(rng) for _ in range(LIST + 100)})[:LIST]
    known = set(listed)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "list.csv").write_text("plate,category,priority\n" + "".join(f"{p},stolen,5\n" for p in listed))
        with open(folder / "reads.jsonl", "w", encoding="ascii") as out:
            for i in range(READS):
                text = rng.choice(listed) if i % HIT_ONE_IN == 0 else plate(rng)
                while i % HIT_ONE_IN and text in known:
                    text = plate(rng)
                line = read(rng, text, i)
                assert len(line) == OCTETS
                out.write(line + "\n")
        udp.build_pcap(folder / "plate.pcap", 5000, folder / "reads.jsonl")
        udp.compare("udp.plate.10k", folder / "plate.pcap", READS, "plate", 5000, folder / "list.csv", decoded_least=0.999)


if __name__ == "__main__":
    main()
