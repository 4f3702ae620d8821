# SPDX-License-Identifier: BSD-3-Clause
"""Step: the Prometheus that the role monitoring installed scrapes the appliance, knows the alert rules, and raises one when the appliance is gone."""
import json
import re
import time
import urllib.parse

from bed import TOP, expect, expect_equal

ASK = "python3 -c 'import sys, urllib.request as u; print(u.urlopen(sys.argv[1], timeout=30).read().decode())' "


def ask(bed, path):
    return json.loads(bed.guest.ssh(f"{ASK} 'http://127.0.0.1:9090/api/v1/{path}'"))["data"]


def value(bed, query):
    """The one value of a query, or None."""
    result = ask(bed, f"query?query={urllib.parse.quote(query)}")["result"]
    return float(result[0]["value"][1]) if len(result) == 1 else None


def until(condition, what, limit=180):
    deadline = time.monotonic() + limit
    while not condition():
        expect(time.monotonic() < deadline, f"not within {limit} s: {what}")
        time.sleep(1)


def expect_target(bed):
    targets = ask(bed, "targets?state=active")["activeTargets"]
    expect_equal([(target["scrapeUrl"], target["labels"], target["scrapeInterval"]) for target in targets],
                 [("http://127.0.0.1:9464/metrics", {"appliance": "appliance", "instance": "127.0.0.1:9464", "job": "turnpike", "site": "test"}, "5s")],
                 "targets")
    until(lambda: ask(bed, "targets?state=active")["activeTargets"][0]["health"] == "up", "the target is up")


def rules(bed):
    return {rule["name"]: rule for group in ask(bed, "rules?type=alert")["groups"] for rule in group["rules"]}


def expect_rules(bed):
    wanted = re.findall(r"^\s*- alert: (\S+)", (TOP / "monitoring/turnpike.rules.yaml").read_text(), re.MULTILINE)
    expect_equal(sorted(rules(bed)), sorted(wanted), "alert rules")
    until(lambda: all(rule["health"] == "ok" for rule in rules(bed).values()), "every rule was evaluated without an error")


def expect_it_notices_that_the_appliance_is_gone(bed):
    up = 'up{job="turnpike",appliance="appliance"}'
    bed.guest.ssh("systemctl stop turnpike", limit=300)
    until(lambda: value(bed, up) == 0 and rules(bed)["TurnpikeDown"]["state"] in ("pending", "firing"), "the alert TurnpikeDown is pending")
    bed.guest.ssh("systemctl start turnpike", limit=300)
    until(lambda: value(bed, up) == 1 and value(bed, "turnpike_ready") == 1, "the appliance is up and ready again")


def prometheus_watches_the_appliance(bed):
    expect_target(bed)
    expect_rules(bed)
    expect_it_notices_that_the_appliance_is_gone(bed)
    expect_equal(ask(bed, "status/flags")["storage.tsdb.retention.time"], "2d", "how long samples are kept")
