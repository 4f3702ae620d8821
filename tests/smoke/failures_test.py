#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What cannot work ends with a clear message and a status that is not zero: no broker, no topic and no right to make one, no list."""
import os
import re
import socket

import _lib
from _lib import BAD_CONFIG, FAILED, OK, Daemon, config, expect, need_kafka, replay, topic_name, unique


def empty_pcap():
    path = _lib.FOLDER / "empty.pcap"
    path.write_bytes(bytes.fromhex("d4c3b2a1020004000000000000000000ffff000001000000"))
    return path


def run(tree, *options):
    return replay(tree, empty_pcap(), *options)


def broker_missing():
    with socket.create_server(("127.0.0.1", 0)) as held:
        free = f"127.0.0.1:{held.getsockname()[1]}"
    tree = config(sink="kafka", brokers=free)
    tree["sink"]["kafka"]["connect_timeout_ms"] = 500
    run(tree).expect(FAILED, free)


def topic_not_allowed(brokers):
    prefix = unique("absent") + "."
    tree = config(sink="kafka", brokers=brokers, prefix=prefix)
    tree["sink"]["kafka"]["create_topics"] = False
    ended = run(tree).expect(FAILED)
    expect(any(topic_name(kind, prefix) in ended.text for kind in _lib.TOPICS), f"no topic is named:\n{ended.text}")
    expect(not [t for t in _lib.kafka_reader(brokers).topics() if t.startswith(prefix)], "a topic was created")


def list_unreadable():
    path = str(_lib.FOLDER / "absent.csv")
    ended = run(config(lists=[{"name": "wanted", "path": path}]))
    expect(ended.status in (FAILED, BAD_CONFIG), f"status {ended.status}")
    ended.expect(ended.status, path, "No such file")


def list_broken():
    path = _lib.FOLDER / "broken.csv"
    path.write_text("plate,priority\nABC123,1\nXYZ987,high\n")
    ended = run(config(lists=[{"name": "wanted", "path": str(path)}]))
    expect(ended.status in (FAILED, BAD_CONFIG), f"status {ended.status}")
    ended.expect(ended.status, str(path), "high", "3")


def folder_missing():
    tree = config()
    tree["sink"]["file"]["directory"] = str(_lib.FOLDER / "absent" / "records")
    run(tree).expect(FAILED, "absent")


def recording_missing():
    with Daemon(config(), "--replay", str(_lib.FOLDER / "absent.pcap")) as daemon:
        ended = daemon.wait()
    expect(ended.status in (FAILED, BAD_CONFIG), f"status {ended.status}")
    ended.expect(ended.status, "absent.pcap")


def interface_missing():
    tree = config(port={"name": "road", "type": "af_xdp", "device": "absent0", "addresses": ["10.77.0.1"]})
    with Daemon(tree) as daemon:
        ended = daemon.wait()
    expect(ended.status in (FAILED, BAD_CONFIG), f"status {ended.status}")
    ended.expect(ended.status, "absent0")


def hugepages_missing():
    """None, or too few of them: three quarters of the machine are asked for. What the message says to configure is what the option takes."""
    asked = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") * 3 // 4 >> 20
    port = {"name": "p0", "type": "pcap", "device": str(empty_pcap())}
    with Daemon(config(port=port, memory={"hugepages": True, "total_mb": asked})) as daemon:
        ended = daemon.wait().expect(FAILED, f"{asked} MiB of free hugepages were not found", "nr_hugepages")
    found = re.search(r"configure memory\.hugepages: (\w+)", ended.text)
    expect(found, f"nothing to configure is named:\n{ended.text}")
    run(config(memory={"hugepages": found[1]})).expect(OK)


# The same configuration without a mistake runs, so it is the mistake that each case shows.
run(config()).expect(OK)
broker_missing()
list_unreadable()
list_broken()
folder_missing()
recording_missing()
interface_missing()
hugepages_missing()
topic_not_allowed(need_kafka())
