#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Runs every test of what is built and says how many cases passed, failed and were skipped, on the last line.

Unit tests run twice, from build/dev and from build/san (address and undefined-behaviour sanitizers); their cases are the lines that
cmocka prints. Every fuzz target runs for a few seconds. Smoke tests (tests/smoke/*_test.py, *_test.sh) run one after the other
against build/dev with one real Kafka for all of them; they end with 0 (passed), 77 (skipped) or anything else (failed).

Logs: build/check/<case>.log, and build/check/junit.xml for machines. `tests/run.py NAME...` runs what contains one of the names.
"""
import argparse
import concurrent.futures
import dataclasses
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as xml

TOP = pathlib.Path(__file__).resolve().parent.parent
SKIPPED = 77
SMOKE_LIMIT = 1200  # seconds, ten times what the longest takes: a machine may be slow and busy
CMOCKA = re.compile(r"^\[\s*(OK|FAILED|SKIPPED)\s*\]\s+(\S+)\s*$")


@dataclasses.dataclass
class Case:
    suite: str
    name: str
    outcome: str  # passed, failed, skipped
    seconds: float = 0.0
    text: str = ""


class Report:
    def __init__(self, folder):
        self.folder = folder
        self.cases = []
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)

    def log(self, suite, name):
        return self.folder / f"{suite}-{name}.log"

    def add(self, case, show=False):
        self.cases.append(case)
        if show or case.outcome == "failed":
            reason = f": {case.text.strip().splitlines()[-1]}" if case.outcome == "skipped" and case.text.strip() else ""
            print(f"  {case.outcome:8}{case.suite}/{case.name} ({case.seconds:.1f} s){reason}", flush=True)
        if case.outcome == "failed":
            print("".join(f"    | {line}\n" for line in case.text.splitlines()[-40:]), flush=True)

    def count(self, outcome):
        return sum(case.outcome == outcome for case in self.cases)

    def failures(self):
        """Once more at the end, where somebody looks who has only the end of a long output."""
        for case in (case for case in self.cases if case.outcome == "failed"):
            print(f"check: failed: {case.suite}/{case.name}")
            print("".join(f"    | {line}\n" for line in case.text.splitlines()[-12:]), flush=True)

    def finish(self):
        root = xml.Element("testsuites")
        for suite in sorted({case.suite for case in self.cases}):
            node = xml.SubElement(root, "testsuite", name=suite)
            for case in (case for case in self.cases if case.suite == suite):
                leaf = xml.SubElement(node, "testcase", name=case.name, time=f"{case.seconds:.3f}")
                if case.outcome != "passed":
                    tag = "failure" if case.outcome == "failed" else "skipped"
                    printable = re.sub(r"[^\t\n\x20-\ud7ff]", "?", case.text)
                    xml.SubElement(leaf, tag).text = printable[-4000:]
        xml.ElementTree(root).write(self.folder / "junit.xml", encoding="unicode")
        summary = f"{self.count('passed')} passed, {self.count('failed')} failed, {self.count('skipped')} skipped"
        (self.folder / "summary").write_text(summary + "\n")
        return summary


def run(command, log, limit, env=None, folder=TOP):
    """Runs a command in a process group of its own. Returns (exit status, seconds); at the limit the group is killed."""
    begin = time.monotonic()
    with open(log, "wb") as out:
        child = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, cwd=folder,
                                 env={**os.environ, **(env or {})}, start_new_session=True)
        try:
            status = child.wait(limit)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGTERM)
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                pass
            out.write(f"\nended after its limit of {limit} s\n".encode())
            status = 1
        finally:
            try:
                os.killpg(child.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            child.wait()
    return status, time.monotonic() - begin


def outcome_of(status):
    return {0: "passed", SKIPPED: "skipped"}.get(status, "failed")


def cmocka_cases(suite, program, status, seconds, text):
    """The cases that one cmocka program reported, and the program itself where it did not end as its cases say."""
    cases, started, inside, own = [], None, False, []
    for line in text.splitlines():
        if line.startswith("[=====") and "Running" in line:
            inside = True
        elif line.startswith("[====="):
            inside = False
        elif line.startswith("[ RUN"):
            started, own = line.split("]", 1)[1].strip(), []
        own.append(line)
        match = CMOCKA.match(line)
        if match and inside:
            result = {"OK": "passed", "FAILED": "failed", "SKIPPED": "skipped"}[match[1]]
            cases.append(Case(suite, f"{program}.{match[2]}", result, 0.0, "\n".join(own) if result == "failed" else ""))
            started = None
    failed = any(case.outcome == "failed" for case in cases)
    if started is not None:
        cases.append(Case(suite, f"{program}.{started}", "failed", seconds, "\n".join(own)))
    elif not cases or (status != 0 and not failed):
        cases.append(Case(suite, program, outcome_of(status), seconds, text))
    return cases


def unit_tests(build, suite, wanted):
    listing = subprocess.run(["meson", "introspect", "--tests", str(build)], capture_output=True, text=True, check=True).stdout
    return [(build, suite, test) for test in json.loads(listing)
            if "unit" in " ".join(test["suite"]) and wanted(f"{suite}/{test['name']}")]


def unit_one(report, build, suite, test):
    """Runs one program, in its build folder as meson does."""
    env = {**test["env"], "ASAN_OPTIONS": "detect_stack_use_after_return=1", "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1"}
    log = report.log(suite, test["name"])
    status, seconds = run(test["cmd"], log, test["timeout"] or 900, env, build)
    return suite, test["name"], seconds, cmocka_cases(suite, test["name"], status, seconds, log.read_text(errors="replace"))


def unit(report, wanted):
    """As many programs at a time as there are processors, the long ones of the sanitizers first."""
    tests = unit_tests(TOP / "build/san", "unit-san", wanted) + unit_tests(TOP / "build/dev", "unit", wanted)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = [pool.submit(unit_one, report, *test) for test in tests]
        for job in concurrent.futures.as_completed(jobs):
            suite, name, seconds, cases = job.result()
            for case in cases:
                report.add(case)
            passed, skipped = (sum(case.outcome == what for case in cases) for what in ("passed", "skipped"))
            print(f"  {suite}/{name}: {passed} of {len(cases)} passed, {skipped} skipped ({seconds:.1f} s)", flush=True)


def fuzz(report, seconds):
    log = report.log("fuzz", "targets")
    folder = report.folder / "fuzz"
    run([str(TOP / "tests/fuzz/run.py"), "--seconds", str(seconds), "--results", str(folder)], log, 60 + 20 * seconds)
    results = sorted(folder.glob("*.status")) if folder.exists() else []
    if not results:
        report.add(Case("fuzz", "targets", "failed", 0.0, log.read_text(errors="replace")))
    for path in results:
        report.add(Case("fuzz", path.stem, outcome_of(int(path.read_text())), seconds,
                        path.with_suffix(".log").read_text(errors="replace")), show=True)


class Kafka:
    """The broker that all smoke tests share. It starts while the unit tests run; `env` is empty where there is none."""

    def __init__(self, report):
        self.dir, self.log, self.begin = report.folder / "kafka", report.log("smoke", "kafka"), time.monotonic()
        with open(self.log, "wb") as out:
            self.starting = subprocess.Popen([str(TOP / "tests/kafka.sh"), "start", str(self.dir)], stdout=out, stderr=subprocess.STDOUT,
                                             stdin=subprocess.DEVNULL)

    def env(self, report):
        """Waits until it is there."""
        status = self.starting.wait()
        report.add(Case("smoke", "kafka", outcome_of(status), time.monotonic() - self.begin, self.log.read_text(errors="replace")), show=True)
        return {"TP_KAFKA": (self.dir / "bootstrap").read_text().strip()} if status == 0 else {}

    def stop(self):
        self.starting.wait()
        subprocess.run([str(TOP / "tests/kafka.sh"), "stop", str(self.dir)], check=False)


def smoke_tests(wanted):
    return [path for path in sorted((TOP / "tests/smoke").glob("*_test.*")) if wanted(f"smoke/{path.stem}")]


def smoke(report, build, tests, kafka):
    python = subprocess.run([str(TOP / "tools/python.sh")], stdout=subprocess.PIPE, text=True, check=False).stdout.strip()
    env = {"TP_BUILD": str(build), "TP_SHARED": os.environ.get("TP_SHARED", str(TOP.parent / "shared")), **kafka.env(report)}
    for path in tests:
        command = [python or sys.executable, str(path)] if path.suffix == ".py" else ["bash", str(path)]
        log = report.log("smoke", path.stem)
        status, seconds = run(command, log, SMOKE_LIMIT, env)
        report.add(Case("smoke", path.stem, outcome_of(status), seconds, log.read_text(errors="replace")), show=True)


def run_all(report, args, wanted, tests, kafka):
    print("check: unit tests, plain and under the sanitizers", flush=True)
    unit(report, wanted)
    if wanted("fuzz"):
        print(f"check: fuzz targets, {args.fuzz_seconds} s each", flush=True)
        fuzz(report, args.fuzz_seconds)
    if tests:
        print("check: smoke tests", flush=True)
        smoke(report, TOP / "build/dev", tests, kafka)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--fuzz-seconds", type=int, default=5, help="seconds a fuzz target (5)")
    options.add_argument("names", nargs="*", help="parts of suite/name; none: everything")
    args = options.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))

    def wanted(name):
        return not args.names or any(part in name for part in args.names)

    report = Report(TOP / "build/check")
    tests = smoke_tests(wanted)
    kafka = Kafka(report) if tests else None
    try:
        run_all(report, args, wanted, tests, kafka)
    finally:
        if kafka:
            kafka.stop()
    print(f"check: logs are in {report.folder.relative_to(TOP)}")
    report.failures()
    summary = report.finish()
    print(summary, flush=True)
    return 1 if report.count("failed") or not report.cases else 0


if __name__ == "__main__":
    sys.exit(main())
