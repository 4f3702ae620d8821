# SPDX-License-Identifier: BSD-3-Clause
"""The control socket without turnpikectl: lines of JSON there and back."""
import json
import socket

from _lib import FOLDER, LIMIT, Ctl

SOCKET = FOLDER / "control.sock"


def connect():
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(LIMIT)
    client.connect(str(SOCKET))
    return client


def line_of(request):
    """A request, or octets that are none, as it is sent."""
    return (request if isinstance(request, bytes) else json.dumps(request).encode()) + b"\n"


def lines(client):
    """What comes until the other side closes."""
    return [json.loads(line) for line in client.makefile("rb")]


def ask(*requests):
    """Sends the lines at once and nothing further; the answers in their order of coming."""
    with connect() as client:
        client.sendall(b"".join(map(line_of, requests)))
        client.shutdown(socket.SHUT_WR)
        return lines(client)


def counters():
    """Those of the control socket."""
    return {row["counter"]: row["count"] for row in Ctl("stats", "--all").data()["counters"] if row["class"] == "control"}
