# SPDX-License-Identifier: BSD-3-Clause
"""kafka.cpu_per_record: CPU time of the whole process a record, from a packet in memory to Kafka's acknowledgement, beside a bare librdkafka
loop that sends the same bytes to the same broker with the same settings.

kafka_path runs the worker and the Kafka sink over a capture of plate reads whose records are about 200 octets; kafka_bare then reads those
records back and sends them once more, in the mix of partitions that the path sends them in (the reference), and in long runs of one partition, which is easier for
librdkafka and not what a road sends (kafka.cpu_per_record.runs). Both use the same allocator. They take turns. Neither includes its start: the one measures after a warming-up, the other sends
everything before it measures."""
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

import udp

PORT = 47001
DISTINCT = 4000  # payloads
RECORDS = int(os.environ.get("TP_RECORDS", 300000))
SETTINGS = {"compression.codec": "lz4", "linger.ms": "5", "enable.idempotence": "true", "acks": "all", "partitioner": "murmur2_random",
            "queue.buffering.max.messages": "100000"}


def read(i):
    return json.dumps({"plate": f"TPK{i:04d}", "jurisdiction": "US-CA", "camera_name": f"gantry {i % 40} northbound", "confidence": round(0.5 + i % 50 / 100, 2),
                       "time": f"2026-11-22T10:{i // 60 % 60:02d}:{i % 60:02d}.{i % 1000:03d}Z", "camera": f"cam-{i % 40:03d}", "direction": "north",
                       "speed_kmh": 40 + i % 60, "id": f"{i:032x}"}, separators=(",", ":"))


def program(name, *arguments):
    """Runs it; nanoseconds a record, octets a value, and the time by thread as it says it."""
    done = subprocess.run([str(udp.BUILD / "perf" / name), *map(str, arguments)], stdout=subprocess.PIPE, check=True, text=True)
    sums, threads = done.stdout.splitlines()
    ns, octets = sums.split()
    return float(ns), float(octets), threads


def main():
    brokers = os.environ["TP_KAFKA"]
    settings = [f"{name}={value}" for name, value in SETTINGS.items()]
    ours, reference, runs, octets = [], [], [], 0.0
    with tempfile.TemporaryDirectory() as name:
        reads, pcap = pathlib.Path(name) / "reads.jsonl", pathlib.Path(name) / "reads.pcap"
        reads.write_text("".join(read(i) + "\n" for i in range(DISTINCT)))
        udp.build_pcap(pcap, PORT, reads)
        # The broker's Java is slow at first: once for nothing, so that it is the same broker for both.
        program("kafka_path", pcap, "plate", PORT, udp.PREFIX, brokers, f"perf.path.{os.getpid()}.warm", RECORDS)
        for run in range(udp.RUNS):
            topic = f"perf.path.{os.getpid()}.{run}"
            ns, octets, threads = program("kafka_path", pcap, "plate", PORT, udp.PREFIX, brokers, topic, RECORDS)
            ours.append(ns)
            bare_ns, _, bare_threads = program("kafka_bare", brokers, topic, topic, RECORDS, "mixed", *settings)
            reference.append(bare_ns)
            runs.append(program("kafka_bare", brokers, topic, topic, RECORDS, "runs", *settings)[0])
            print(f"run {run + 1}: turnpike {ours[-1]:.0f} ns, bare loop {reference[-1]:.0f} ns, in runs {runs[-1]:.0f} ns a record of {octets:.0f} octets",
                  flush=True)
            print(f"  by thread: {threads}; bare loop: {bare_threads}", flush=True)
    value, beside = statistics.median(ours), statistics.median(reference)
    print(json.dumps({"name": "kafka.cpu_per_record", "value": round(value, 1), "unit": "ns/record", "reference": "bare librdkafka loop",
                      "ratio": round(value / beside, 3), "runs": udp.RUNS, "reference_value": round(beside, 1), "octets": round(octets, 1)}))
    print(json.dumps({"name": "kafka.cpu_per_record.runs", "value": round(value, 1), "unit": "ns/record", "reference": "bare librdkafka loop, one partition after the other",
                      "ratio": round(value / statistics.median(runs), 3), "runs": udp.RUNS, "reference_value": round(statistics.median(runs), 1)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
