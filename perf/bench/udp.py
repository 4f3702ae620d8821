# SPDX-License-Identifier: BSD-3-Clause
"""What the udp_*_perf.py benchmarks share: the packet path of one worker beside dpdk-testpmd in rxonly mode, on the same capture in memory
and the same CPU, in turn. Both run without hugepages and cache 512 buffers; bursts are of 32 here and of 64 there; medians count.

Rates are packets a second of CPU time of the polling thread. A thread that has its CPU to itself polls all the time, so that is packets a
second; where something else takes part of the CPU, it is what the thread would do without that. (Caches that others empty still count.)
Cycles by node are of the time stamp counter and do contain what others took."""
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import time

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("TP_BUILD", TOP / "build" / "release"))
SHARED = pathlib.Path(os.environ.get("TP_SHARED", TOP.parent / "shared"))
RUNS = int(os.environ.get("TP_RUNS", 3))
SECONDS = float(os.environ.get("TP_SECONDS", 2))
CPU = int(os.environ.get("TP_CPU", max(os.sched_getaffinity(0))))
TESTPMD = "dpdk-testpmd"
WORKER_THREAD = "rte-worker-1"  # as the EAL calls it
SKIPPED = 77
PREFIX = "10.1.0.0/28"
# Counters that may move without the run being worthless; any other means that the path did less than it should have.
FINE = {"received", "extra", "decoded", "emitted", "received_bytes", "emitted_bytes", "alerts", "dead_letters", "dead_letters_limited"}


def skip(why):
    print(why, file=sys.stderr)
    sys.exit(SKIPPED)


def build_pcap(out, port, *files):
    subprocess.run([sys.executable, str(TOP / "tests" / "pcap_build.py"), str(out), "--src", PREFIX, "--port", str(port),
                    *map(str, files)], check=True)


def check(result, decoded_least):
    """Raises where the run did not do the work that it is said to measure."""
    counters = result["counters"]
    lost = {k: v for k, v in counters.items() if k not in FINE}
    bad = sum(lost.values())
    if counters.get("decoded", 0) < decoded_least * counters["received"] or bad > (1 - decoded_least) * counters["received"]:
        raise RuntimeError(f"the path did not do its work: {counters}")
    if "batch_exhausted" in counters or "arena_full" in counters:
        raise RuntimeError(f"the control thread did not get enough CPU: {counters}")


def path_run(pcap, decoder, port, plates, decoded_least):
    """One run of our packet path; again where the machine was too busy for the control thread."""
    command = [str(BUILD / "perf" / "udp_path"), str(pcap), decoder, str(port), PREFIX, str(SECONDS), str(CPU)]
    for attempt in range(3):
        done = subprocess.run(command + ([str(plates)] if plates else []), stdout=subprocess.PIPE, check=True, text=True)
        result = json.loads(done.stdout)
        result["rate"] = result["packets"] / result["cpu_seconds"]
        try:
            check(result, decoded_least)
            return result
        except RuntimeError:
            if attempt == 2:
                raise
    return None


def testpmd_command(pcap, packets):
    other = [c for c in sorted(os.sched_getaffinity(0)) if c != CPU] or [CPU]
    mbufs = packets + 8192
    command = ["stdbuf", "-oL", TESTPMD, f"--lcores=0@{other[0]},1@{CPU}", "--main-lcore=0", "--no-huge", f"-m{mbufs * 4096 // 1000000 + 128}",
               "--iova-mode=va", "--no-pci", "--file-prefix=turnpike_testpmd", f"--vdev=net_pcap0,rx_pcap={pcap},infinite_rx=1"]
    if os.geteuid() != 0:
        command += ["--no-shconf", "--no-telemetry"]
    return command + ["--", "-i", "--forward-mode=rxonly", "--no-flush-rx", "--nb-cores=1", "--burst=64", "--mbcache=512",
                      f"--total-num-mbufs={mbufs}"]


def thread_seconds(pid, name):
    """CPU time of the thread of that name."""
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        if (task / "comm").read_text().strip() == name:
            return int((task / "schedstat").read_text().split()[0]) / 1e9
    raise RuntimeError(f"process {pid} has no thread {name}")


def testpmd_read(process, command):
    """Sends a command that ends with the statistics of port 0; packets received and CPU time of the forwarding thread."""
    process.stdin.write(command + "\n")
    process.stdin.flush()
    packets = None
    for line in process.stdout:
        found = re.search(r"RX-packets:\s*(\d+)", line)
        packets = int(found.group(1)) if found else packets
        if packets is not None and "Tx-pps" in line:
            return packets, thread_seconds(process.pid, WORKER_THREAD)
    raise RuntimeError("dpdk-testpmd ended early")


def testpmd_run(pcap, packets):
    """Packets of testpmd in rxonly mode a second of CPU time. It ends when its standard input is closed, so that stays open while it counts."""
    with subprocess.Popen(testpmd_command(pcap, packets), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True) as process:
        process.stdin.write("start\n")
        testpmd_read(process, "show port stats 0")
        time.sleep(0.5)
        before = testpmd_read(process, "show port stats 0")
        time.sleep(SECONDS)
        after = testpmd_read(process, "show port stats 0")
        process.communicate("stop\nquit\n")
    if process.returncode != 0 or after[0] == before[0]:
        raise RuntimeError("dpdk-testpmd did not measure")
    return (after[0] - before[0]) / (after[1] - before[1])


def print_nodes(name, result):
    print(f"{name}: cycles by node (the run with the median rate); the last column spreads them over all packets")
    print(f"  {'node':<20} {'a call':>8} {'cycles each':>12} {'a packet':>9}")
    for node in result["nodes"]:
        print(f"  {node['node']:<20} {node['a_call']:>8.1f} {node['cycles']:>12.1f} {node['cycles_a_packet']:>9.1f}")
    total = sum(n["cycles_a_packet"] for n in result["nodes"])
    print(f"  {'all nodes':<20} {'':>8} {'':>12} {total:>9.1f}   (loop and walk: {result['cycles_a_packet'] - total:.1f})")


def compare(name, pcap, packets, decoder, port, plates=None, decoded_least=0.99):
    """Measures both in turn and prints the row."""
    ours, theirs = [], []
    for _ in range(RUNS):
        ours.append(path_run(pcap, decoder, port, plates, decoded_least))
        theirs.append(testpmd_run(pcap, packets))
    ours.sort(key=lambda r: r["rate"])
    median = ours[(len(ours) - 1) // 2]
    reference = statistics.median(theirs)
    value = statistics.median(r["rate"] for r in ours)
    print_nodes(name, median)
    print(f"{name}: {value:,.0f} packets/s of CPU, rxonly {reference:,.0f}; CPU {median['cpu_seconds'] / median['seconds']:.0%}; records {median['records']:,} in {median['batches']:,} batches, "
          f"counters {median['counters']}")
    print(json.dumps({"name": name, "value": round(value), "unit": "packets/CPU s", "reference": "dpdk-testpmd rxonly",
                      "ratio": round(value / reference, 4), "runs": RUNS, "cycles_a_packet": median["cycles_a_packet"],
                      "reference_value": round(reference), "nodes": {n["node"]: n["cycles_a_packet"] for n in median["nodes"]}}))
