#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What connections cost is told before they come: --check says what is reserved for one, what of it one uses that is idle and plain (at most 1 KiB), and how
many more fit, and that many do; a start says every budget as it holds."""
import re
import subprocess

from _lib import DAEMON, LIMIT, OK, Daemon, a_roadside, af_xdp_port, config, expect, expect_equal, need_roadside, write_config

IDLE_MOST = 1024
MOST = 16777216  # connections of a worker that a configuration may ask for
TCP = {"connections": 3000, "half_open": 77, "time_wait": 555, "chunks": 9999, "receive_window": 20000, "reassembly_octets": 4096, "reassembly_gaps": 5,
       "send_octets": 6000}
MEMORY = {"mqtt_clients": 4000, "mqtt_waiters": 5000, "mqtt_window": 7, "mqtt_assembly_bytes": 3 << 20, "mqtt_prefixes": 99}
LISTENER = {"name": "m", "port": 1883, "anonymous": True, "unknown_devices": "accept", "unmapped": "raw"}


def tree(workers=1, **sections):
    return config(mqtt=[LISTENER], workers={"count": workers}, **sections)


def check(connections, workers):
    """(reserved for one, used by one that is idle, how many more fit)"""
    path = write_config(tree(workers, tcp={"connections": connections}))
    done = subprocess.run([DAEMON, "--config", path, "--check"], capture_output=True, text=True, timeout=LIMIT, check=False)
    expect_equal((done.returncode, done.stderr), (0, ""), f"--check with {connections} connections on each of {workers} workers")
    found = re.search(r"^connections (\d+) on each of (\d+) workers, (\d+) octets reserved for each, of which one that is idle and plain uses (\d+); "
                      r"this machine's memory holds (\d+) more$", done.stdout, re.MULTILINE)
    expect(found, f"--check says nothing of connections:\n{done.stdout}")
    expect_equal([int(n) for n in found.groups()[:2]], [connections, workers], "connections and workers")
    return tuple(int(n) for n in found.groups()[2:])


def told_by_check():
    for connections, workers in ((100, 1), (10000, 2), (300000, 1)):
        reserved, idle, more = check(connections, workers)
        expect(0 < idle <= IDLE_MOST, f"an idle connection takes {idle} octets")
        expect(idle < reserved, f"{reserved} octets are reserved, {idle} used by one that is idle")
        fits = min(MOST, connections + more * 19 // 20 // workers)  # some tables grow by doubling, so the number is true within 5 %
        check(fits, workers)
        print(f"{connections} on each of {workers}: {idle} of {reserved} octets while idle, {fits} on each fit")


def told_at_start():
    with a_roadside() as road, Daemon(tree(port=af_xdp_port(road), tcp=TCP, memory=MEMORY)) as daemon:
        daemon.wait_for_answer(road)
        ended = daemon.stop()
    ended.expect(OK, "TCP, a worker: 3000 connections, 77 half open, 555 in TIME-WAIT, 9999 chunks",
                 "TCP, a connection: window 20000 octets, 4096 octets and 5 gaps out of order, 6000 octets to send",
                 "MQTT, a worker: 4000 client identifiers with a window of 7 messages, 5000 messages without acknowledgement, 3.0 MiB for packets in pieces, "
                 "99 prefixes")
    idle = int(re.search(r"TCP and MQTT, all workers: [\d.]+ MiB, (\d+) octets for a connection that is idle and plain", ended.text)[1])
    expect(0 < idle <= IDLE_MOST, f"an idle connection takes {idle} octets")


need_roadside()
told_by_check()
told_at_start()
