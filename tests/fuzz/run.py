#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Runs every fuzz target of build/fuzz for some seconds, as many at a time as there are processors.

Each starts from seeds.py and from what earlier runs found (build/fuzz/corpus/<target>); an input that breaks a target is kept in
build/fuzz/crashes/ and named. Exit status 1 where there was one.
"""
import argparse
import concurrent.futures
import os
import pathlib
import subprocess
import sys

import seeds

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = TOP / "build/fuzz"


def fuzz(program, seconds, results):
    name = program.name.removeprefix("fuzz_")
    corpus, crashes = BUILD / "corpus" / name, BUILD / "crashes"
    crashes.mkdir(exist_ok=True)
    found = seeds.write(name, corpus)
    log = results / f"{name}.log"
    with open(log, "wb") as out:
        status = subprocess.run([str(program), f"-max_total_time={seconds}", "-max_len=9000", "-timeout=10", "-rss_limit_mb=2048",
                                 "-print_final_stats=1", f"-artifact_prefix={crashes}/{name}-", str(corpus)],
                                stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, check=False,
                                # Without this a report of UBSan is a line in the log and the target still ends with 0.
                                env={**os.environ, "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1"}).returncode
    (results / f"{name}.status").write_text(str(1 if status else 0))
    return name, status, f"{found} seeds, {runs_of(log)} runs"


def runs_of(log):
    for line in log.read_text(errors="replace").splitlines():
        if line.startswith("stat::number_of_executed_units:"):
            return line.split()[-1]
    return "?"


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=int, default=60, help="seconds a target (60)")
    options.add_argument("--results", type=pathlib.Path, default=BUILD / "results", help="folder for <target>.log and <target>.status")
    args = options.parse_args()
    programs = sorted(path for path in (BUILD / "tests/fuzz").glob("fuzz_*") if path.is_file() and os.access(path, os.X_OK))
    if not programs:
        print("fuzz: no target is built: make fuzz", file=sys.stderr)
        return 1
    args.results.mkdir(parents=True, exist_ok=True)
    print(f"fuzz: {len(programs)} targets, {args.seconds} s each", flush=True)
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = [pool.submit(fuzz, program, args.seconds, args.results) for program in programs]
        for job in concurrent.futures.as_completed(jobs):
            name, status, text = job.result()
            print(f"fuzz: {name}: {'FAILED, see ' + str(args.results / (name + '.log')) if status else 'ok'} ({text})", flush=True)
            failed += status != 0
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
