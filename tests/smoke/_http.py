# SPDX-License-Identifier: BSD-3-Clause
"""turnpiked with HTTP, for the tests of it: a daemon that reads a recording again and again, and a client that sends any octets."""
import contextlib
import json
import random
import socket
import subprocess
import urllib.error
import urllib.request

import _lib
from _lib import config, expect, expect_equal, until


def free_port():
    """Below those that the kernel gives to clients, so that nobody gets it before it is used."""
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as file:
        first = int(file.read().split()[0])
    for port in random.sample(range(max(first // 2, 1024), first), 100) if first > 4096 else []:
        with socket.socket() as s, contextlib.suppress(OSError):
            s.bind(("127.0.0.1", port))
            return port
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def tree(port, payloads=None, **sections):
    """Plates of three devices, some of them malformed, for ever."""
    hex_file = _lib.hex_file("plates.hex", payloads or [b'{"plate":"H%05d"}' % i for i in range(90)] + [b'{"plate":'] * 10)
    pcap = _lib.make_pcap([hex_file], 47001)
    sources = [{"address": f"10.1.0.{i}", "device": f"camera-{i}", "site": "north"} for i in range(1, 40)]
    return config(port={"name": "p0", "type": "pcap", "device": str(pcap), "repeat": True},
                  listeners=[{"name": "plates", "port": 47001, "format": "plate", "unknown_sources": "accept", "sources": sources}],
                  **{"sink": "null", "memory": {"batches": 32, "batch_bytes": 65536}, "http": {"listen": f"127.0.0.1:{port}"}, **sections})


def get(port, path="/", headers=None, scheme="http", context=None):
    """(status, headers, text)"""
    request = urllib.request.Request(f"{scheme}://127.0.0.1:{port}{path}", headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=_lib.LIMIT, context=context) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read().decode()


def status(port):
    return json.loads(get(port, "/api/status")[2])


def wait_ready(port, daemon=None, *how):
    """how: what get() takes behind the path."""
    def ready():
        expect(daemon is None or daemon.process.poll() is None, daemon and daemon.log.read_text())
        try:
            return get(port, "/readyz", *how)[0] == 200
        except OSError:
            return False
    until(ready, "/readyz says ok")


def raw(port, octets, limit=30):
    """What comes back until the other side closes, or None where it does not within the limit. It may close before all octets are sent: its answer is there then."""
    with socket.create_connection(("127.0.0.1", port), limit) as s:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            s.sendall(octets)
        return rest(s, limit)


def rest(s, limit=30):
    s.settimeout(limit)
    answer = b""
    try:
        while chunk := s.recv(65536):
            answer += chunk
    except TimeoutError:
        return None
    except ConnectionResetError:
        pass
    return answer


def metric(text, name, **labels):
    """One value of /metrics."""
    want = name + ("{" + ",".join(f'{k}="{v}"' for k, v in labels.items()) + "}" if labels else "")
    found = [line.rpartition(" ")[2] for line in text.splitlines() if line.rpartition(" ")[0] == want]
    expect_equal(len(found), 1, f"lines of {want}")
    return float(found[0])


def rss(pid):
    with open(f"/proc/{pid}/statm", encoding="ascii") as statm:
        return int(statm.read().split()[1]) * 4096


def promtool(*arguments, text=None):
    done = subprocess.run(["promtool", *arguments], input=text, capture_output=True, text=True, check=False)
    expect(done.returncode == 0 and not done.stderr.strip(), f"promtool {arguments}: {done.stdout}{done.stderr}")

