#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Covert lists and rules: their alerts are records as any, in the books, and in nothing that others are shown. The same traffic twice, with covert entries that
fit it and with some that do not: the page's data, the metrics and what turnpikectl says are the same. Once more without rules, where plate events with a
time go the short way to a sink of Avro and lists look at them behind that."""
import datetime
import json

import _lib
from _http import free_port, get, status, tree, wait_ready
from _lib import FOLDER, OK, Ctl, Daemon, expect, expect_balanced, expect_equal, read_files, until

NOW = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds").encode()
WARM = 2000  # events until their shape is known and all go the short way (it is not tried for 31 vectors behind one that had none)
PLATES = [b'{"plate":"%c%05d","time":"%s"}' % (b"W" if n < WARM else b"H", n % WARM, NOW) for n in range(WARM + 90)] + [b'{"plate":'] * 10
MOVES = ("_time_seconds", "process_", "worker_", "node_", "http_", "control_", "build_info", "sink_round_trip", "devices_")  # with time, or with who asks


def sections(fits, ruled):
    """One open list and rule, one covert list and rule; H00001 is on the open and on the covert list."""
    first = "H" if fits else "X"
    (FOLDER / "open.csv").write_text("plate\nH00001\n")
    (FOLDER / "covert.csv").write_text(f"plate\n{first}00001\n{first}00002\n{first}00003\n")
    rule = {"kind": "plate_read", "field": "plate"}
    return {"sink": "file" if ruled else "null", "lists": [{"name": "stolen", "path": "open.csv"}, {"name": "watched", "path": "covert.csv", "covert": True}],
            "rules": ruled * [{"name": "loud", "regex": "H00005", **rule}, {"name": "quiet", "regex": f"{first}00004", "covert": True, **rule}]}


def counted(port):
    """What /metrics says, but for what moves with time."""
    lines = [line for line in get(port, "/metrics")[2].splitlines() if not line.startswith("#")]
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if not any(word in line for word in MOVES)}


def shown(port):
    """All that somebody may see who can reach the page and the control socket, without what moves with time or names this run."""
    page, rows = status(port), Ctl("devices", "--by", "name", "--limit", 1000).data()["devices"]  # by rate their order moves with time
    device = [{key: value for key, value in row.items() if not key.endswith(("_us", "_s")) and key != "rate"} for row in rows]
    return {"metrics": counted(port), "page": [(row["name"], row["count"]) for part in ("books", "counters") for row in page[part]],
            "in_flight": page["in_flight"], "devices": device, "books": Ctl("books").data(), "lists": Ctl("lists").data()["lists"],
            "stats": [(row["counter"], row["count"]) for row in Ctl("stats", "--all").data()["counters"] if row["class"] != "control"],
            "rules": [(row["rule"], row["covert"], row["hits"]) for row in Ctl("rules").data()["rules"]]}


def run(fits, ruled=True):
    """What was shown, the alerts in the file, and the books at the end."""
    port = free_port()
    _lib.forget_records()
    made = tree(port, payloads=PLATES, http={"listen": f"127.0.0.1:{port}", "hits": True}, **sections(fits, ruled))
    made["ports"][0]["repeat"] = False
    with Daemon(made) as daemon:
        wait_ready(port)
        until(lambda: counted(port)["turnpike_acknowledged_total"] == WARM + 101 + ruled, f"records: {counted(port)}")
        if ruled:
            until(lambda: len(_lib.records_so_far("alert_match")) == (6 if fits else 2), "alerts in the file")
        seen = shown(port)
        not_named(port)
        no_longer(port, made)
        total = expect_balanced(daemon.stop().expect(OK))
    return seen, read_files("alert_match") if ruled else [], total


def not_named(port):
    """Not by name either, but where lists and rules are."""
    for text in (get(port, "/metrics")[2], json.dumps(status(port)), json.dumps(Ctl("stats", "--all").data()), json.dumps(Ctl("devices").data())):
        expect("covert_" not in text and "watched" not in text and "quiet" not in text, "a covert list or its counter is named")


def no_longer(port, made):
    """The mark alone is a change, for which lists are compiled again."""
    for section in ("lists", "rules"):
        made[section] = [{**one, "covert": False} for one in made[section]]
    _lib.write_config(made)
    expect_equal(Ctl("reload").status, OK, "reload")
    until(lambda: [(row["covert"], row["hits"]) for row in Ctl("lists").data()["lists"]] == [(False, 0)] * 2, "lists that are covert no longer")
    expect_equal([row["covert"] for row in Ctl("rules").data()["rules"]], [False] * len(made["rules"]), "rules that are covert no longer")


def without_rules():
    hit, _, total = run(fits=True, ruled=False)
    not_hit, _, _ = run(fits=False, ruled=False)
    for what, found in hit.items():
        expect_equal(found, not_hit[what], f"{what} without rules")
    for name, count in (("alerts", 1), ("covert_alerts", 3), ("acknowledged", WARM + 104), ("emitted_all", WARM + 104), ("failed", 0)):
        expect_equal(total[name], count, f"{name} in the books without rules")


def main():
    without_rules()
    hit, alerts, total = run(fits=True)
    not_hit, fewer, without = run(fits=False)
    for what, found in hit.items():
        expect_equal(found, not_hit[what], what)
    expect_equal(hit["metrics"]["turnpike_alerts_total"], 2, "alerts in /metrics")
    expect_equal({name: count for name, count in hit["metrics"].items() if "_hits_" in name},
                 {'turnpike_list_hits_total{list="stolen"}': 1, 'turnpike_rule_hits_total{rule="loud"}': 1}, "hits in /metrics")
    expect_equal([(row["list"], row["covert"], row["hits"]) for row in hit["lists"]], [("stolen", False, 1), ("watched", True, None)], "lists")
    expect_equal(hit["rules"], [("loud", False, 1), ("quiet", True, None)], "rules")

    expect_equal(sorted((alert["list"], alert["text"]) for alert in alerts if alert["matched_by"] == "list"),
                 [("stolen", "H00001"), ("watched", "H00001"), ("watched", "H00002"), ("watched", "H00003")], "alerts of lists")
    expect_equal(sorted(alert["entry"] for alert in alerts if alert["matched_by"] == "rule"), ["loud", "quiet"], "alerts of rules")
    expect_equal(len(fewer), 2, "alerts without covert hits")
    for name, count in (("alerts", 2), ("covert_alerts", 4), ("acknowledged", WARM + 106), ("emitted_all", WARM + 106), ("failed", 0)):
        expect_equal(total[name], count, f"{name} in the books at the end")
    expect(total["covert_bytes"] > 0 and without["covert_alerts"] == 0, "covert octets")


main()
