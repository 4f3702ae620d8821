#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""An AF_XDP port that shares the host's addresses: where an MQTT listener was, the appliance serves who is connected, and nobody else; when the last one has gone, the port is
the host's again, whose own service there can be reached. A listener that comes back has it again."""
import socket
import sys
import threading

import _host
from _lib import OK, Daemon, a_roadside, config, expect, expect_balanced, expect_equal, need_roadside, roadside, settled, until, write_config
from _mqtt_raw import PUBACK, Raw

HOST, PORT, OTHER = roadside.APPLIANCE, 21883, 21884
DISCONNECT, SHUTTING_DOWN = 14, 0x8B
ASK = "import socket, sys; s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 5); print(s.recv(100).decode())"


def tree(road, *ports):
    port = {"name": "road", "type": "af_xdp", "device": road.interface, "addresses": [HOST], "shared_with_host": True}
    routes = [{"filter": "raw/#", "format": "raw"}]
    return config(port=port, listeners=[], sink="null",
                  mqtt=[{"name": f"m{n}", "port": n, "anonymous": True, "unknown_devices": "accept", "routes": routes} for n in ports])


def the_hosts(road):
    """Whether the host's own service answers."""
    done = road.run([sys.executable, "-c", ASK, HOST, str(PORT)], capture_output=True, text=True)
    return done.stdout == "the host\n"


def serve(listening):
    while True:
        try:
            connection, _ = listening.accept()
        except OSError:
            return
        with connection:
            connection.sendall(b"the host")


def works(client, number):
    client.publish("raw/x", b"x", number)
    client.expect(PUBACK, number)


def run(road):
    stays, goes = Raw(road, "stays", clean=True, port=OTHER), Raw(road, "goes", 5, clean=True, port=PORT)
    works(stays, 1)
    works(goes, 1)
    expect(not the_hosts(road), "the listener's port is the host's")
    settled("config", "apply", write_config(tree(road, OTHER), "less.yaml"))
    expect_equal(goes.read(), (DISCONNECT, bytes([SHUTTING_DOWN])), "to who is connected where the listener was")
    expect_equal(goes.socket.recv(1), b"", "an end in order")
    goes.socket.close()
    until(lambda: the_hosts(road), "the host's service on the port of the listener that has gone")
    works(stays, 2)
    settled("config", "apply", write_config(tree(road, OTHER, PORT), "more.yaml"))
    back = Raw(road, "goes", 5, clean=True, port=PORT)
    works(back, 1)
    expect(not the_hosts(road), "the port of the listener that is back is the host's")
    works(stays, 3)


need_roadside()
with a_roadside() as road, socket.socket() as listening:
    _host.addresses(road, f"{HOST}/24")
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((HOST, PORT))
    listening.listen()
    threading.Thread(target=serve, args=(listening,), daemon=True).start()
    with Daemon(tree(road, PORT, OTHER)) as daemon:
        until(lambda: "is running" in daemon.log.read_text() or daemon.process.poll() is not None, "start")
        run(road)
        ended = daemon.stop().expect(OK)
expect_balanced(ended)
