#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The demonstration behind `make demo`: a broker (or files), turnpiked, a roadside that sends, and what arrives.

With root and XDP sockets the roadside is a network namespace behind a veth pair and turnpiked takes its packets past the kernel; without,
turnpiked replays a recording of the same traffic. Whatever was started is stopped and removed at the end, also after Ctrl-C.
"""
import argparse
import contextlib
import json
import os
import pathlib
import signal
import string
import subprocess
import sys
import tempfile
import time

import records
import roadside
import traffic

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent
COUNT, RATE = 10000, 1000
SHOWN = ("raw.v2x.bsm.v1", "raw.v2x.spat.v1", "raw.v2x.message.v1", "raw.plate.read.v1", "raw.toll.passage.v1", "raw.vehicle.telemetry.v1",
         "alert.match.v1", "dlq.v1")


def say(text=""):
    print(text, flush=True)


def with_reader_packages():
    """Starts this program again with the interpreter that has the Kafka client and the Avro reader."""
    python = subprocess.run([str(TOP / "tools/python.sh")], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    if pathlib.Path(sys.prefix) != pathlib.Path(python).parent.parent:
        os.execv(python, [python, *sys.argv])


def open_sink(stack, folder, sink):
    """Returns (address of the broker, reader)."""
    if sink == "file":
        (folder / "records").mkdir()
        return "unused:9", records.Files(folder / "records")
    broker = folder / "kafka"
    stack.callback(subprocess.run, [str(TOP / "tests/kafka.sh"), "stop", str(broker)], check=False)
    subprocess.run([str(TOP / "tests/kafka.sh"), "start", str(broker)], check=True)
    address = (broker / "bootstrap").read_text().strip()
    reader = records.Kafka(address)
    stack.callback(reader.close)
    return address, reader


def write_config(folder, sink, broker, interface):
    text = string.Template((HERE / "turnpike.yaml").read_text()).substitute(
        NAME=f"demo-{os.getpid()}", INTERFACE=interface, LIST=HERE / "wanted.csv", SINK=sink, BROKERS=broker, RECORDS=folder / "records")
    path = folder / "turnpike.yaml"
    path.write_text(text)
    return path


def start(stack, command):
    """A process outside our terminal group, so that Ctrl-C reaches it through us, in order."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    stack.callback(stop, process)
    return process


def stop(process, limit=40):
    if process.poll() is None:
        process.terminate()
    try:
        return process.wait(limit)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def wait_for_answer(road, daemon):
    """The appliance is up when it answers ping."""
    for _ in range(60):
        if daemon.poll() is not None:
            raise RuntimeError(f"turnpiked ended with status {daemon.returncode}")
        if road.run(["ping", "-c", "1", "-W", "1", roadside.APPLIANCE], stdout=subprocess.DEVNULL).returncode == 0:
            return
    raise RuntimeError(f"turnpiked does not answer on {roadside.APPLIANCE}")


def show_counts(reader, begin):
    counts = reader.counts()
    cells = "".join(f"{topic.removeprefix('raw.').removesuffix('.v1'):>19} {counts[topic]:<5}" for topic in SHOWN if topic in counts)
    say(f"{time.monotonic() - begin:5.1f} s{cells}")
    return {topic: count for topic, count in counts.items() if topic in SHOWN}


def watch(reader, sender):
    """Shows the counts once a second until the sender is done and they stand still."""
    begin, last = time.monotonic(), None
    while True:
        counts = show_counts(reader, begin)
        if sender.poll() is not None and counts == last:
            return
        last = counts
        with contextlib.suppress(subprocess.TimeoutExpired):
            sender.wait(1)
            time.sleep(1)


def compact(value):
    if isinstance(value, dict):
        return {k: compact(v) for k, v in value.items() if v is not None and v != []}
    if isinstance(value, list):
        return [compact(v) for v in value[:2]] + (["..."] if len(value) > 2 else [])
    return value.hex() if isinstance(value, bytes) else value


def show_examples(reader, counts):
    for topic in SHOWN:
        if counts.get(topic) and topic != "alert.match.v1":
            say(f"\n{topic}: one of {counts[topic]}")
            text = json.dumps(compact(reader.read(topic, 1)[0].value), default=str)
            say("  " + (text if len(text) < 900 else text[:900] + " ..."))


def show_alerts(reader, counts):
    topic = "alert.match.v1"
    alerts = reader.read(topic) if counts.get(topic) else []
    say(f"\n{topic}: {len(alerts)} alerts for plates on the list {HERE.relative_to(TOP) / 'wanted.csv'}")
    seen = {}
    for alert in alerts:
        value = alert.value
        key = (value["text"], value["entry"], value["list"], value["category"], value["record_kind"])
        seen[key] = seen.get(key, 0) + 1
    for (text, entry, name, category, kind), times in sorted(seen.items()):
        say(f"  {times:4} x  {text:9} in {kind:13} matches entry '{entry}' of list '{name}' ({category})")


def show_books(path):
    if path.exists():
        total = json.loads(path.read_text())["total"]
        say(f"\ndemo: {COUNT} datagrams sent: {total['decoded']} records, {total['malformed'] + total['refused']} malformed or refused, "
            f"{total['dropped']} packets dropped, {total['alerts']} alerts, {total['acknowledged']} records acknowledged")


def run_live(stack, args, folder, config, road, reader):
    say(f"demo: turnpiked takes the packets of {road.interface}; the namespace {road.name} is the roadside")
    daemon = start(stack, [args.daemon, "--config", str(config), "--sink", args.sink, "--books", str(folder / "books.json")])
    wait_for_answer(road, daemon)
    say(f"demo: sending {COUNT} datagrams at {RATE} a second from {len(traffic.DEVICES)} devices; records in {args.sink} by topic:")
    shared = ["--shared", args.shared] if args.shared else []
    sender = start(stack, road.command([sys.executable, str(HERE / "traffic.py"), "send", "--to", roadside.APPLIANCE, "--count", str(COUNT),
                                        "--rate", str(RATE), *shared]))
    watch(reader, sender)
    if sender.returncode:
        raise RuntimeError("the sender failed")
    counts = reader.counts()
    show_examples(reader, counts)
    show_alerts(reader, counts)
    say("\ndemo: stopping turnpiked")
    return stop(daemon)


def run_replay(stack, args, folder, config, reader):
    recording = folder / "traffic.pcap"
    traffic.record(roadside.APPLIANCE, COUNT, recording, args.shared)
    say(f"demo: turnpiked replays a recording of {COUNT} datagrams from {len(traffic.DEVICES)} devices")
    daemon = start(stack, [args.daemon, "--config", str(config), "--replay", str(recording), "--sink", args.sink,
                           "--books", str(folder / "books.json")])
    status = daemon.wait()
    counts = reader.counts()
    show_counts(reader, time.monotonic())
    show_examples(reader, counts)
    show_alerts(reader, counts)
    return status


def run(stack, args, folder):
    reason = roadside.unavailable()
    if reason:
        say(f"demo: no AF_XDP port here ({reason}): turnpiked will replay a recording instead")
    broker, reader = open_sink(stack, folder, args.sink)
    if reason:
        return run_replay(stack, args, folder, write_config(folder, args.sink, broker, "none"), reader)
    road = stack.enter_context(roadside.Roadside([*traffic.DEVICES]))
    return run_live(stack, args, folder, write_config(folder, args.sink, broker, road.interface), road, reader)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--build", type=pathlib.Path, default=TOP / "build/release")
    options.add_argument("--sink", choices=("kafka", "file"), default="kafka")
    args = options.parse_args()
    if args.sink == "kafka":
        with_reader_packages()
    args.daemon = str(args.build.resolve() / "control/main/turnpiked")
    shared = pathlib.Path(os.environ.get("TP_SHARED", TOP.parent / "shared"))
    args.shared = str(shared) if (shared / "data/j2735").is_dir() else None
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    begin = time.monotonic()
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="turnpike-demo-")))
        status = run(stack, args, folder)
        show_books(folder / "books.json")
    say(f"demo: turnpiked ended with status {status}{' and balanced books' if status == 0 else ''}; {time.monotonic() - begin:.0f} s in all")
    return status


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
    except (RuntimeError, subprocess.CalledProcessError) as error:
        print(f"demo: {error}", file=sys.stderr)
        sys.exit(1)
