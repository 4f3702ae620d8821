#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Runs the benchmarks and prints a table; the same as numbers in bench.json.

A benchmark is one file in perf/bench/: <name>_perf.c, built as BUILD/perf/<name>_perf, or a script <name>_perf.py. It prints one JSON
object a line, a row each:

  name       stable name of what was measured        reference  name of what it was measured beside, in the same run
  value      the number, in `unit`                   ratio      value / value of the reference, or null
  unit       of value                                runs       how often each was measured

Other lines are shown as they are. It ends with 0, with 77 where it cannot run here (said on the standard error output), or with anything
else where it failed. It finds in its environment:

  TP_BUILD    the build folder         TP_RUNS     runs wanted          TP_SECONDS  seconds a run
  TP_SHARED   folder of real input     TP_CPU      CPU for what is measured

A benchmark called kafka_* also gets TP_KAFKA, the address of a broker, and a program gets it as its first argument. The broker is the one
named by TP_KAFKA or --kafka; else tests/kafka.sh starts one.

Numbers mean something only in a release build and while nothing else runs.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent
SKIPPED = 77
COLUMNS = ("name", "value", "unit", "reference", "ratio", "runs")


def find(only, build):
    """Benchmarks by name: scripts, and programs by their sources or, where they are installed without, by themselves."""
    files = {p.stem: p for p in (build / "perf").glob("*_perf") if os.access(p, os.X_OK)}
    files |= {p.stem: p for p in (TOP / "perf" / "bench").glob("*_perf.*") if p.suffix in (".c", ".py")}
    files = [files[stem] for stem in sorted(files)]
    return [p for p in files if not only or any(o in p.stem or p.stem.removesuffix("_perf") in o.replace(".", "_") for o in only)]


def needs_kafka(path):
    return path.stem.startswith("kafka_")


class Kafka:
    """A broker, started when the first benchmark asks for it."""

    def __init__(self, address, folder):
        self.address, self.folder, self.started = address, str(folder), False
        self.script = str(TOP / "tests" / "kafka.sh")

    def get(self):
        if self.address or not os.access(self.script, os.X_OK):
            return self.address
        rc = subprocess.run([self.script, "start", self.folder], stdout=sys.stderr, check=False).returncode
        if rc != 0:
            return None
        self.started = True
        text = subprocess.run([self.script, "env", self.folder], stdout=subprocess.PIPE, text=True, check=True).stdout
        self.address = text.strip().partition("=")[2]
        return self.address

    def stop(self):
        if self.started:
            subprocess.run([self.script, "stop", self.folder], stdout=sys.stderr, check=False)


def command_of(path, build):
    return [sys.executable, str(path)] if path.suffix == ".py" else [str(build / "perf" / path.stem)]


def run_one(path, args, env, kafka):
    """(rows, outcome) of one benchmark."""
    command = command_of(path, args.build)
    if needs_kafka(path):
        address = kafka.get()
        if not address:
            print(f"{path.stem}: no Kafka could be started", file=sys.stderr)
            return [], "skipped"
        env = {**env, "TP_KAFKA": address}
        command += [address] if path.suffix != ".py" else []
    if path.suffix != ".py" and not os.access(command[0], os.X_OK):
        print(f"{path.stem}: {command[0]} is not built", file=sys.stderr)
        return [], "failed"
    rows = []
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True) as process:
        for line in process.stdout:
            if line.startswith("{"):
                rows.append(json.loads(line))
            else:
                print(line, end="", flush=True)
    outcome = {0: "done", SKIPPED: "skipped"}.get(process.returncode, "failed")
    return rows, outcome if rows or outcome != "done" else "failed"


def text_of(value):
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.3f}" if abs(value) < 100 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def print_table(rows):
    table = [COLUMNS] + [tuple(text_of(row.get(c)) for c in COLUMNS) for row in rows]
    widths = [max(len(line[i]) for line in table) for i in range(len(COLUMNS))]
    for line in table:
        cells = (c.rjust(w) if i in (1, 4, 5) else c.ljust(w) for i, (c, w) in enumerate(zip(line, widths)))
        print("  ".join(cells).rstrip())


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=TOP / "build" / "release", help="build folder (default %(default)s)")
    parser.add_argument("--out", type=pathlib.Path, default=TOP / "build" / "bench.json", help="default %(default)s")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="benchmarks with this in their name; repeatable")
    parser.add_argument("--runs", type=int, help="runs of each measurement (default 5, quick 3)")
    parser.add_argument("--seconds", type=float, help="seconds a run (default 3, quick 1)")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter runs")
    parser.add_argument("--cpu", type=int, default=max(os.sched_getaffinity(0)), help="CPU for what is measured (default %(default)s)")
    parser.add_argument("--kafka", default=os.environ.get("TP_KAFKA"), metavar="HOST:PORT", help="use this broker")
    parser.add_argument("--list", action="store_true", help="print the names of the benchmarks and end")
    return parser.parse_args()


def main():
    args = arguments()
    files = find(args.only, args.build)
    if args.list:
        print("\n".join(p.stem.removesuffix("_perf") for p in files))
        return 0
    env = {**os.environ, "TP_BUILD": str(args.build.resolve()), "TP_RUNS": str(args.runs or (3 if args.quick else 5)),
           "TP_SECONDS": str(args.seconds or (1 if args.quick else 3)), "TP_CPU": str(args.cpu),
           "TP_SHARED": os.environ.get("TP_SHARED", str(TOP.parent / "shared"))}
    kafka = Kafka(args.kafka, args.out.parent / "bench-kafka")
    rows, outcomes = [], {}
    try:
        for path in files:
            print(f"== {path.stem.removesuffix('_perf')}", flush=True)
            found, outcomes[path.stem] = run_one(path, args, env, kafka)
            rows += found
    finally:
        kafka.stop()
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    print()
    print_table(rows)
    for outcome in ("skipped", "failed"):
        names = [n for n, o in outcomes.items() if o == outcome]
        if names:
            print(f"{outcome}: {', '.join(names)}")
    return 1 if not files or "failed" in outcomes.values() else 0


if __name__ == "__main__":
    sys.exit(main())
