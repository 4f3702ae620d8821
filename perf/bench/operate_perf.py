#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""operate.overhead: what the packet path loses while people and monitoring look at it: three pages, a scraper and `turnpikectl top`, beside the same daemon while nobody looks. One daemon reads plate reads from a recording in memory without end; what counts is cycles of its graph a packet, of the time stamp counter, without the time in
which the worker waited for its CPU (/proc/.../schedstat). The questions are asked from another CPU.

A busy machine changes what a packet costs by more than is looked for, so short slices take turns: in every other one there is one question, so that in five of them, half a
second, all five have been asked once: twice as often as they ask by themselves. A block is these five slices and the five beside them; its two orders alternate. The row is the median of the blocks' losses, with the
interval in which the true median lies with a probability of 95 % (order statistics, so nothing is assumed of how the noise is spread). A block in which the control thread came
too late to take batches is left out, since the path does less then."""
import contextlib
import http.client
import json
import math
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import tempfile
import time

import udp

PORT = 47001
READS = 4000
SLICE_S = 0.1
PAGES = 3
BLOCKS = max(10, round(4 * udp.RUNS * udp.SECONDS))
EXHAUSTED_MOST = 0.0001  # of the packets of a block that counts


def program(path, name):
    built = udp.BUILD / path / name
    return str(built) if built.exists() else shutil.which(name) or udp.skip(f"operate: no {name}")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def other_cpus():
    return [cpu for cpu in sorted(os.sched_getaffinity(0)) if cpu != udp.CPU] or [udp.CPU]


def configuration(folder, port):
    reads, pcap = folder / "reads.jsonl", folder / "reads.pcap"
    reads.write_text("".join(f'{{"plate":"OPR{i:04d}","jurisdiction":"US-CA","confidence":0.9,"camera":"cam-{i % 40}"}}\n' for i in range(READS)))
    udp.build_pcap(pcap, PORT, reads)
    (folder / "turnpike.yaml").write_text(json.dumps({
        "name": f"operate-{os.getpid()}", "workers": {"count": 1, "cpus": [udp.CPU], "control_cpu": other_cpus()[0]}, "books": {"interval_s": 0, "stats_interval_ms": 0},
        "ports": [{"name": "p0", "type": "pcap", "device": str(pcap), "repeat": True}], "sink": {"type": "null"}, "memory": {"batches": 1024},
        "listeners": [{"name": "plates", "port": PORT, "format": "plate", "unknown_sources": "accept"}],
        "http": {"listen": f"127.0.0.1:{port}"}, "control": {"socket": str(folder / "control.sock")}}))
    return folder / "turnpike.yaml"


class Control:
    """A connection to the control socket."""

    def __init__(self, folder):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(30)
        self.socket.connect(str(folder / "control.sock"))
        self.lines = self.socket.makefile("rb")

    def ask(self, command, **args):
        self.socket.sendall(json.dumps({"command": command, "args": args, "show": command == "top"}).encode() + b"\n")
        answer = json.loads(self.lines.readline())
        while "more" in answer:
            answer = json.loads(self.lines.readline())
        if not answer["ok"]:
            raise RuntimeError(f"{command}: {answer}")
        return answer["data"]


class Page:
    """A connection over HTTP that stays."""

    def __init__(self, port, path):
        self.connection, self.path = http.client.HTTPConnection("127.0.0.1", port, timeout=30), path

    def ask(self):
        self.connection.request("GET", self.path)
        with self.connection.getresponse() as answer:
            if answer.status != 200 or not answer.read():
                raise RuntimeError(f"{self.path}: {answer.status}")


def task_of(pid, name):
    return next(task for task in pathlib.Path(f"/proc/{pid}/task").iterdir() if (task / "comm").read_text().strip() == name)


class Worker:
    """What the worker has done so far."""

    def __init__(self, folder, pid):
        self.control, self.task = Control(folder), task_of(pid, udp.WORKER_THREAD)
        self.hz = self.clock()

    @staticmethod
    def clock():
        """Cycles of the time stamp counter a second, as the kernel found them at its start."""
        with open("/proc/cpuinfo", encoding="ascii") as cpuinfo:
            mhz = next(line.split(":")[1] for line in cpuinfo if line.startswith("cpu MHz"))
        return float(mhz) * 1e6

    def look(self):
        """Packets, cycles of the graph, ns of waiting for the CPU."""
        waited = int((self.task / "schedstat").read_text().split()[1])
        nodes = self.control.ask("workers")["nodes"]
        return next(n["packets"] for n in nodes if n["node"].startswith("port_rx")), sum(n["cycles"] for n in nodes), waited

    def exhausted(self):
        return sum(c["count"] for c in self.control.ask("stats")["counters"] if c["counter"] == "batch_exhausted")


def slice_of(worker, question):
    """Packets and cycles of one slice."""
    before, end = worker.look(), time.monotonic() + SLICE_S
    if question:
        question()
    time.sleep(max(0, end - time.monotonic()))
    after = worker.look()
    packets, cycles, waited = (b - a for a, b in zip(before, after))
    return packets, cycles - waited * worker.hz / 1e9


def block(worker, questions, first):
    """Cycles a packet (nobody looks, somebody looks), or None where the path could not do all of its work."""
    sums, exhausted = {False: [0, 0], True: [0, 0]}, worker.exhausted()
    for question in questions:
        for looked in (first, not first):
            packets, cycles = slice_of(worker, question if looked else None)
            sums[looked][0] += packets
            sums[looked][1] += cycles
    if worker.exhausted() - exhausted > EXHAUSTED_MOST * (sums[False][0] + sums[True][0]):
        return None
    return tuple(sums[looked][1] / sums[looked][0] for looked in (False, True))


def interval(values):
    """Where the median of what the values are drawn from lies, with 95 %: two of the values, by the binomial distribution."""
    values, n = sorted(values), len(values)
    below, rank = 0.0, 0
    while rank < n // 2 and below + math.comb(n, rank) / 2**n <= 0.025:
        below += math.comb(n, rank) / 2**n
        rank += 1
    rank = max(rank - 1, 0)
    return values[rank], values[n - 1 - rank]


def ready(port):
    for _ in range(600):
        with contextlib.suppress(OSError, RuntimeError):
            return Page(port, "/readyz").ask()
        time.sleep(0.1)
    raise RuntimeError("turnpiked does not get ready")


def favour(pid):
    """Others get the CPU last, where that is allowed."""
    with contextlib.suppress(PermissionError):
        for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
            if (task / "comm").read_text().strip() != "admin":
                os.setpriority(os.PRIO_PROCESS, int(task.name), -20)


def measure(folder, port, pid):
    """[(cycles alone, cycles beside)], blocks left out, share of a CPU that the admin thread took."""
    ready(port)
    os.sched_setaffinity(0, other_cpus())
    favour(pid)
    worker, top, admin = Worker(folder, pid), Control(folder), task_of(pid, "admin")
    questions = [Page(port, "/api/status").ask for _ in range(PAGES)] + [Page(port, "/metrics").ask, lambda: top.ask("top", count=1)]
    slice_of(worker, None)
    begin, cpu = time.monotonic(), int((admin / "schedstat").read_text().split()[0])
    found = [block(worker, questions, first=n % 2 == 1) for n in range(BLOCKS)]
    share = (int((admin / "schedstat").read_text().split()[0]) - cpu) / 1e9 / (time.monotonic() - begin)
    good = [cycles for cycles in found if cycles]
    if len(good) < max(6, BLOCKS // 2):
        raise RuntimeError(f"the control thread did not get enough CPU in {BLOCKS - len(good)} of {BLOCKS} blocks")
    return good, BLOCKS - len(good), share


def main():
    with tempfile.TemporaryDirectory() as name:
        folder, port = pathlib.Path(name), free_port()
        command = [program("control/main", "turnpiked"), "--config", str(configuration(folder, port))]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as daemon:
            try:
                found, left_out, share = measure(folder, port, daemon.pid)
            finally:
                daemon.terminate()
    alone, beside = (statistics.median(side) for side in zip(*found))
    losses = [1 - a / b for a, b in found]
    lost, (low, high) = statistics.median(losses), interval(losses)
    print(f"operate.overhead: {lost:.2%} lost, 95 % interval {low:.2%} to {high:.2%}, {len(found)} blocks of {2 * (PAGES + 2) * SLICE_S:.0f} s ({left_out} left out); "
          f"{alone:.1f} cycles a packet while nobody looks; the admin thread takes {share:.2%} of a CPU; load {os.getloadavg()[0]:.1f}")
    print(json.dumps({"name": "operate.overhead", "value": round(beside, 1), "unit": "cycles/packet", "reference": "the same, nobody looks", "ratio": round(1 - lost, 4),
                      "runs": len(found), "reference_value": round(alone, 1), "lost": round(lost, 5), "lost_low": round(low, 5), "lost_high": round(high, 5),
                      "admin_cpu": round(share, 4)}))


if __name__ == "__main__":
    main()
