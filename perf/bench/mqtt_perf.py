#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""MQTT 3.1.1 on one worker: plate reads of 200 octets in PUBLISH packets, one a segment, every client in turn.

  mqtt.qos0.1k     messages/s at QoS 0, 1,000 connections, beside the same reads as datagrams of 1,000 devices
  mqtt.qos1.1k     the same at QoS 1: the PUBACK of each has left
  mqtt.qos1.100k   the same with 100,000 connections of devices nobody listed, beside mqtt.qos1.1k
  mqtt.qos1.flood  SYNs/s of nobody that are answered with cookies while 1,000 clients publish at QoS 1, a message for every 15 SYNs, and each
                   message is acknowledged
  mqtt.connect     from SYN to CONNACK, 1,000,000 connections, one after the other; each event of a device becomes a record
  mqtt.idle_bytes  by how much the process grew for each of them; all are asked for a sign of life at the end

Clients, worker and a null sink that acknowledges at once share one thread (mqtt_path). Rates are per second of CPU time of the worker: in
its walks, with receiving, TCP, decoding, batches, acknowledgements and sending; making frames and reading answers is not in it. Cycles by node are of
the time stamp counter and do contain what others took.
Datagrams, QoS 0, QoS 1 and the flood take turns in one process; medians count."""
import json
import os
import pathlib
import random
import statistics
import subprocess
import tempfile

import udp_plate_perf

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("TP_BUILD", TOP / "build" / "release"))
RUNS = int(os.environ.get("TP_RUNS", 3))
SECONDS = float(os.environ.get("TP_SECONDS", 2)) / 3  # of each kind of message
CPU = int(os.environ.get("TP_CPU", max(os.sched_getaffinity(0))))
READS = 512
OCTETS = 200


def payloads(path):
    rng = random.Random(10)
    with open(path, "wb") as out:
        for i in range(READS):
            octets = udp_plate_perf.read(rng, udp_plate_perf.plate(rng), i, OCTETS).encode("ascii")
            assert len(octets) == OCTETS
            out.write(octets)


def path_run(connections, reads, seconds):
    command = [str(BUILD / "perf" / "mqtt_path"), str(connections), "plate", str(reads), str(OCTETS), str(RUNS), str(seconds), str(CPU)]
    return json.loads(subprocess.run(["taskset", "-c", str(CPU), *command], stdout=subprocess.PIPE, check=True, text=True).stdout)


def rate(result, kind):
    return statistics.median(result[kind]["rates"])


def print_nodes(title, result, kind):
    print(f"{title}: {result[kind]['cycles']:.0f} cycles a message at {result['hz'] / 1e9:.1f} GHz, by node")
    for node in result[kind]["nodes"]:
        print(f"  {node['node']:<16} {node['a_call']:>8.1f} a call {node['cycles_a_message']:>9.1f}")
    rest = result[kind]["cycles"] - sum(n["cycles_a_message"] for n in result[kind]["nodes"])
    print(f"  {'end of the walk':<16} {'':>15} {rest:>9.1f}")


def print_row(name, value, unit, reference=None, beside=None, **more):
    print(json.dumps({"name": name, "value": round(value), "unit": unit, "reference": reference,
                      "ratio": round(value / beside, 4) if beside else None, "runs": more.pop("runs", RUNS),
                      "reference_value": round(beside) if beside else None, **more}), flush=True)


def messages(reads):
    small, large = path_run(1000, reads, SECONDS), path_run(100000, reads, SECONDS)
    for title, result, kind in (("datagrams", small, "udp"), ("QoS 0", small, "qos0"), ("QoS 1", small, "qos1"),
                                ("datagrams of 100,000", large, "udp"), ("QoS 1 of 100,000", large, "qos1")):
        print_nodes(title, result, kind)
    print_row("mqtt.qos0.1k", rate(small, "qos0"), "messages/s", "UDP path, same payloads", rate(small, "udp"))
    print_row("mqtt.qos1.1k", rate(small, "qos1"), "messages/s", "UDP path, same payloads", rate(small, "udp"))
    print_nodes("QoS 1 and 15 SYNs", small, "flood")
    print_row("mqtt.qos1.flood", rate(small, "flood") * small["flood"]["syns"] / small["flood"]["messages"], "SYNs/s",
              messages=round(rate(small, "flood")))
    print_row("mqtt.qos1.100k", rate(large, "qos1"), "messages/s", "mqtt.qos1.1k", rate(small, "qos1"),
              udp_100k=round(rate(large, "udp")))


def connections(reads):
    results = [path_run(1000000, reads, 0) for _ in range(RUNS)]
    if any(r["alive"] != 1000000 for r in results):
        raise RuntimeError("connections were lost")
    print_row("mqtt.connect", statistics.median(r["connect"]["rate"] for r in results), "connections/s")
    print_row("mqtt.idle_bytes", statistics.median(r["idle"]["resident"] for r in results), "octets/connection",
              reserved=results[0]["idle"]["reserved_each"])


def main():
    with tempfile.TemporaryDirectory() as folder:
        reads = pathlib.Path(folder) / "reads"
        payloads(reads)
        messages(reads)
        connections(reads)


if __name__ == "__main__":
    main()
