#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A port without a link: the cable is pulled, the interface is taken down, and it is removed, and everybody who shows ports says so. No counter moves for
any of it, and a service that nothing can reach must not be called ready. Behind the first two traffic goes on by itself."""
import subprocess

import _http
from _http import get, metric, status
from _lib import OK, Ctl, Daemon, a_roadside, af_xdp_port, config, expect_balanced, expect_equal, need_roadside, until
from roadside import APPLIANCE

LISTENERS = [{"name": "plates", "port": 47001, "format": "plate", "unknown_sources": "accept"}]


def of_host(road, state):
    return subprocess.run(["ip", "link", "set", road.interface, state], check=False).returncode


def of_road(road, state):
    return road.run(["ip", "link", "set", road.far, state]).returncode


def link():
    return Ctl("ports").data()["ports"][0]["link"].partition(",")[0]


def metrics(port):
    text = get(port, "/metrics")[2]
    return [metric(text, "turnpike_port_up", port="road"), metric(text, "turnpike_ready")]


def shown(port, state):
    """The same by turnpikectl, /readyz, metric and page."""
    until(lambda: link() == state, f"turnpikectl ports says {state}")
    ready = (200, "ok\n") if state == "up" else (503, "no port has a link\n")
    until(lambda: get(port, "/readyz")[::2] == ready, f"/readyz says {ready}")
    until(lambda: metrics(port) == [state == "up"] * 2, f"the metrics say {state}")
    until(lambda: status(port)["ports"][0]["link"] == state, f"the page's data say {state}")


need_roadside()
http = _http.free_port()
with a_roadside("10.77.0.11") as road:
    with Daemon(config(port=af_xdp_port(road, [APPLIANCE]), listeners=LISTENERS, http={"listen": f"127.0.0.1:{http}"})) as daemon:
        daemon.wait_for_answer(road)
        shown(http, "up")
        for change in (of_road, of_host):
            expect_equal(change(road, "down"), 0, "down")
            shown(http, "down")
            expect_equal(change(road, "up"), 0, "up")
            shown(http, "up")
            daemon.wait_for_answer(road)
        subprocess.run(["ip", "link", "del", road.interface], check=True)
        shown(http, "gone")
        # One of the same name is another one: the sockets are those of the one before.
        subprocess.run(["ip", "link", "add", road.interface, "type", "veth", "peer", "name", road.far, "netns", road.name], check=True)
        expect_equal((of_host(road, "up"), of_road(road, "up")), (0, 0), "up")
        shown(http, "gone")
        ended = daemon.stop().expect(OK, "port road: its link is down", "port road: its link is up", f"its interface {road.interface} was removed")
expect_balanced(ended)
