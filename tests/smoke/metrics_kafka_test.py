#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What Kafka's client library counts is in the metrics of a daemon whose sink is Kafka, and agrees with what is acknowledged; what it has sent is not there
where a list is covert, since covert alerts are among it."""
import re

from _http import free_port, get, promtool, tree, wait_ready
from _lib import FOLDER, OK, TOP, Ctl, Daemon, config, expect, expect_balanced, expect_equal, need_kafka, unique, until, write_config

PLATES = [b'{"plate":"H%05d"}' % n for n in range(90)]
SENT = ("turnpike_sink_sent_records_total", "turnpike_sink_sent_bytes_total")


def look(port):
    text = get(port, "/metrics")[2]
    return {line.split()[0]: float(line.split()[1]) for line in text.splitlines() if line.startswith(("turnpike_sink_", "turnpike_acknowledged_"))}


def no_longer(port, made):
    """They are not there either once the list is covert no more: they are counted since the start."""
    made["lists"][0]["covert"] = False
    write_config(made)
    expect_equal(Ctl("reload").status, OK, "reload")
    until(lambda: not Ctl("lists").data()["lists"][0]["covert"], "a list that is covert no longer")
    expect(not set(SENT) & set(look(port)), f"what was sent since the start, covert alerts among it, is shown: {look(port)}")


def run(covert):
    """What /metrics says of the sink when all records are acknowledged and the client library has told of them."""
    port = free_port()
    made = tree(port, payloads=PLATES, lists=[{"name": "watched", "path": "watched.csv", "covert": covert}])
    made |= {key: value for key, value in config(sink="kafka", brokers=brokers, prefix=unique("metrics") + ".").items() if key in ("sink", "topics")}
    made["ports"][0]["repeat"] = False
    with Daemon(made) as daemon:
        wait_ready(port)
        until(lambda: look(port)["turnpike_acknowledged_total"] >= len(PLATES), f"records: {look(port)}")
        until(lambda: look(port)["turnpike_sink_brokers"] > 0 and look(port)["turnpike_sink_queued_records"] == 0, f"what it knows: {look(port)}")
        until(lambda: all(look(port)[name] >= len(PLATES) for name in SENT if not covert),
              f"what the client library tells: {look(port)}")
        promtool("check", "metrics", text=get(port, "/metrics")[2])
        seen = look(port)
        if covert:
            no_longer(port, made)
        expect_balanced(daemon.stop().expect(OK))
    return seen


brokers = need_kafka()
(FOLDER / "watched.csv").write_text("plate\nH00001\n")
found = run(covert=False)
expect(found[SENT[1]] > 1000, "octets sent")
shown = {name for board in (TOP / "monitoring/dashboards").glob("*.json") for name in re.findall(r"turnpike_sink_\w+", board.read_text())}
expect(shown and shown <= set(found), f"dashboards show {shown}, there are {set(found)}")
found = run(covert=True)
expect(not set(SENT) & set(found), f"what the client library has sent is shown: {found}")
