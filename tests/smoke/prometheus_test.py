#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A real Prometheus scrapes turnpiked with the alert rules of monitoring/: its target is up, every series that a rule or a dashboard names is there, what it says is what
the books say, and when the appliance is gone it notices. The rules' own tests run first."""
import json
import re
import shutil
import subprocess
import urllib.parse

import _credentials
import _http
import _lib
from _lib import FOLDER, OK, TOP, Daemon, expect, expect_equal, skip, until

RULES = TOP / "monitoring/turnpike.rules.yaml"
DASHBOARDS = sorted((TOP / "monitoring/dashboards").glob("*.json"))
INTERVAL = "1s"


def rules():
    _http.promtool("check", "rules", str(RULES))
    done = subprocess.run(["promtool", "test", "rules", str(RULES.with_name("turnpike.rules.test.yaml"))], capture_output=True, text=True, check=False)
    expect_equal(done.returncode, 0, f"tests of the rules: {done.stdout}{done.stderr}")
    tested = set(re.findall(r"Turnpike\w+", RULES.with_name("turnpike.rules.test.yaml").read_text()))
    expect_equal(set(re.findall(r"alert: (\w+)", RULES.read_text())) - tested, set(), "alerts without a test")


def expressions():
    """Of every panel, with Grafana's variables filled in."""
    for path in DASHBOARDS:
        board = json.loads(path.read_text())
        ids = [panel["id"] for panel in board["panels"]]
        expect_equal(len(ids), len(set(ids)), f"{path.name}: panels with a number of their own")
        for panel in board["panels"]:
            for target in panel["targets"]:
                yield f"{path.name}, {panel['title']}", target["expr"].replace("$__rate_interval", "10s").replace("$instance", ".*")


class Prometheus:
    def __init__(self, target):
        self.port = _http.free_port()
        config = FOLDER / "prometheus.yml"
        config.write_text(json.dumps({"global": {"scrape_interval": INTERVAL, "evaluation_interval": INTERVAL}, "rule_files": [str(RULES)],
                                      "scrape_configs": [{"job_name": "turnpike", "static_configs": [{"targets": [f"127.0.0.1:{target}"]}]}]}))
        with open(FOLDER / "prometheus.log", "wb") as log:
            self.process = subprocess.Popen(["prometheus", f"--config.file={config}", f"--storage.tsdb.path={FOLDER}/tsdb",
                                             f"--web.listen-address=127.0.0.1:{self.port}"], stdout=log, stderr=subprocess.STDOUT)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def ask(self, path):
        try:
            code, _, text = _http.get(self.port, path)
        except OSError:
            return {}
        return json.loads(text).get("data", {}) if code == 200 else {}

    def query(self, expression):
        return self.ask("/api/v1/query?" + urllib.parse.urlencode({"query": expression})).get("result", [])

    def value(self, expression):
        found = self.query(expression)
        return float(found[0]["value"][1]) if len(found) == 1 else None


OF_AF_XDP = {"turnpike_port_steered_total"}  # there is no such port here; guard_test.py asks for it
OF_KAFKA = {"turnpike_sink_brokers", "turnpike_sink_brokers_up", "turnpike_sink_round_trip_seconds"}  # nor Kafka; metrics_kafka_test.py asks for them


def series(prometheus):
    """What rules and dashboards name is there, and every panel's expression can be evaluated."""
    used = set(re.findall(r"\b((?:turnpike|process)_\w+)", RULES.read_text() + "".join(text for _, text in expressions())))
    named = {name for name in used if not name.startswith("turnpike_worker_busy:")} - OF_AF_XDP - OF_KAFKA
    until(lambda: named <= set(prometheus.ask("/api/v1/label/__name__/values")), f"series that are named are all there: {sorted(named)}")
    for panel, text in expressions():
        code, _, answer = _http.get(prometheus.port, "/api/v1/query?" + urllib.parse.urlencode({"query": text}))
        expect_equal((code, json.loads(answer)["status"]), (200, "success"), f"{panel}: {text}")
        if "> 0" not in text and not set(re.findall(r"\w+", text)) & OF_KAFKA:
            until(lambda text=text: prometheus.query(text), f"{panel} shows something: {text}")


def healths(prometheus):
    """Of the rules; of one that was not evaluated yet: unknown."""
    return {rule["health"] for group in prometheus.ask("/api/v1/rules").get("groups", []) for rule in group["rules"]}


def main():
    if not shutil.which("prometheus") or not shutil.which("promtool"):
        skip("'prometheus' is not installed: make deps")
    rules()
    port = _http.free_port()
    (FOLDER / "stolen.csv").write_text("plate\nH00001\n")
    authority = _credentials.certificate("authority")
    (certificate, key), crl = _credentials.server(authority), _credentials.revocation_list(authority, days=4)
    tls = {"certificate": certificate, "key": key}
    tree = _http.tree(port, mqtt=[{"name": "m", "port": 8883, "unknown_devices": "accept", "unmapped": "raw", "anonymous": True, "tls": tls},
                                  {"name": "listed", "port": 8884, "unknown_devices": "accept", "unmapped": "raw",
                                   "tls": {**tls, "client": "required", "client_ca": authority[0], "crl": crl}}],
                      lists=[{"name": "stolen", "path": "stolen.csv"}], rules=[{"name": "loud", "kind": "plate_read", "field": "plate", "regex": "H00005"}],
                      http={"listen": f"127.0.0.1:{port}", "hits": True})
    with Daemon(tree) as daemon, Prometheus(port) as prometheus:
        _http.wait_ready(port, daemon)
        until(lambda: prometheus.value('up{job="turnpike"}') == 1, "the target is up")
        until(lambda: (prometheus.value("rate(turnpike_received_total[10s])") or 0) > 0, "packets are counted over time")
        until(lambda: prometheus.value("turnpike:worker_busy:ratio") is not None, "the recorded share of a busy worker")
        _http.promtool("check", "metrics", text=_http.get(port, "/metrics")[2])
        series(prometheus)
        listed_until = _credentials.next_update(crl)
        until(lambda: prometheus.value("turnpike_tls_revocation_list_next_update_seconds") == listed_until, "the listener with a list, and no other, says when it ends")
        until(lambda: healths(prometheus) == {"ok"}, "all rules are evaluated")
        ended = daemon.stop().expect(OK)
        last = prometheus.value("max_over_time(turnpike_received_total[5m])")
        expect(0 < last <= ended.books["total"]["received"], f"received: Prometheus says {last}, the books {ended.books['total']['received']}")
        until(lambda: prometheus.value('up{job="turnpike"}') == 0, "the target is down")
        until(lambda: prometheus.query('ALERTS{alertname="TurnpikeDown"}'), "the alert is pending")


main()
