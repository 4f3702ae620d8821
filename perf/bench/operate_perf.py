#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""operate.overhead: what the packet path loses while people and monitoring look at it: three pages, a scrape a second and `turnpikectl top`, beside the same daemon while
nobody looks. One daemon reads plate reads from a recording in memory without end; phases with and without take turns. Its worker's packets a second of CPU time count, so that
other work on the machine does not; what looking takes from the worker by caches and locks does."""
import json
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import tempfile
import threading
import time
import urllib.request

import udp

PORT = 47001
READS = 4000


def program(path, name):
    built = udp.BUILD / path / name
    return str(built) if built.exists() else shutil.which(name) or udp.skip(f"operate: no {name}")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def configuration(folder, port):
    reads, pcap = folder / "reads.jsonl", folder / "reads.pcap"
    reads.write_text("".join(f'{{"plate":"OPR{i:04d}","jurisdiction":"US-CA","confidence":0.9,"camera":"cam-{i % 40}"}}\n' for i in range(READS)))
    udp.build_pcap(pcap, PORT, reads)
    others = [cpu for cpu in sorted(os.sched_getaffinity(0)) if cpu != udp.CPU] or [udp.CPU]
    (folder / "turnpike.yaml").write_text(json.dumps({
        "name": f"operate-{os.getpid()}", "workers": {"count": 1, "cpus": [udp.CPU], "control_cpu": others[0]}, "books": {"interval_s": 0, "stats_interval_ms": 0},
        "ports": [{"name": "p0", "type": "pcap", "device": str(pcap), "repeat": True}], "sink": {"type": "null"},
        "listeners": [{"name": "plates", "port": PORT, "format": "plate", "unknown_sources": "accept"}],
        "http": {"listen": f"127.0.0.1:{port}"}, "control": {"socket": str(folder / "control.sock")}}))
    return folder / "turnpike.yaml"


def ask(port, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
        return answer.read()


def look(port, pid):
    """Packets and CPU time of the worker at the moment of a new sample, of which there is one a second."""
    first = json.loads(ask(port, "/api/status"))["at_us"]
    while True:
        cpu = udp.thread_seconds(pid, udp.WORKER_THREAD)
        now = json.loads(ask(port, "/api/status"))
        if now["at_us"] != first:
            return next(line["count"] for line in now["books"] if line["name"] == "received"), cpu
        time.sleep(0.005)


def phase(port, pid):
    """The worker's rate, and the share of a CPU that the admin thread takes (what this script asks for at the ends of the phase is in neither)."""
    before, began, admin = look(port, pid), time.monotonic(), udp.thread_seconds(pid, "admin")
    time.sleep(max(udp.SECONDS, 2))
    share = (udp.thread_seconds(pid, "admin") - admin) / (time.monotonic() - began)
    after = look(port, pid)
    return (after[0] - before[0]) / (after[1] - before[1]), share


class Lookers:
    def __init__(self, port, folder):
        self.port, self.stop = port, threading.Event()
        self.threads = [threading.Thread(target=self.every_second, args=(path,)) for path in ["/api/status"] * 3 + ["/metrics"]]
        self.top = subprocess.Popen([program("control/cli", "turnpikectl"), "--socket", str(folder / "control.sock"), "top"], stdin=subprocess.DEVNULL,
                                    stdout=subprocess.DEVNULL)
        for thread in self.threads:
            thread.start()

    def every_second(self, path):
        while not self.stop.wait(1):
            ask(self.port, path)

    def end(self):
        if self.top.poll() is not None:
            raise RuntimeError("turnpikectl top ended early")
        self.stop.set()
        self.top.terminate()
        self.top.wait()
        for thread in self.threads:
            thread.join()


def ready(port):
    for _ in range(600):
        try:
            if ask(port, "/readyz"):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("turnpiked does not get ready")


def measure(folder, port, pid):
    alone, beside = [], []
    ready(port)
    time.sleep(2)
    for _ in range(udp.RUNS):
        alone.append(phase(port, pid))
        lookers = Lookers(port, folder)
        beside.append(phase(port, pid))
        lookers.end()
    return alone, beside


def main():
    with tempfile.TemporaryDirectory() as name:
        folder, port = pathlib.Path(name), free_port()
        command = [program("control/main", "turnpiked"), "--config", str(configuration(folder, port))]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as daemon:
            try:
                alone, beside = measure(folder, port, daemon.pid)
            finally:
                daemon.terminate()
    share = statistics.median(s for _, s in beside)
    alone, beside = [rate for rate, _ in alone], [rate for rate, _ in beside]
    value, reference = statistics.median(beside), statistics.median(alone)
    lost = statistics.median(1 - b / a for a, b in zip(alone, beside))
    print(f"operate.overhead: {lost:.2%} lost in the median of pairs; alone {[round(a) for a in alone]}, looked at {[round(b) for b in beside]}; "
          f"the admin thread takes {share:.2%} of a CPU meanwhile")
    print(json.dumps({"name": "operate.overhead", "value": round(value), "unit": "packets/CPU s", "reference": "the same, nobody looks", "ratio": round(1 - lost, 4),
                      "runs": udp.RUNS, "reference_value": round(reference), "admin_cpu": round(share, 4)}))


if __name__ == "__main__":
    main()
