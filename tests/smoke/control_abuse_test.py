#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The control socket against clients that stall, never read, vanish or ask nonsense, of turnpiked as it is built and with sanitizers; and the audit log.

Each case leaves a counter behind and a daemon that still answers; at the end its books balance and it ends well.
"""
import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time

import _credentials
import _lib
from _control import SOCKET, connect, counters, line_of, lines
from _lib import FOLDER, OK, TOP, Ctl, Daemon, config, expect, expect_balanced, expect_equal, until

AUDIT = FOLDER / "audit.log"
SANITIZED = TOP / "build/san/control/main/turnpiked"


def tree():
    (FOLDER / "users.txt").touch()
    (FOLDER / "users.txt").chmod(0o600)
    listener = {"name": "plates", "port": 47001, "format": "plate", "unknown_sources": "accept",
                "sources": [{"address": f"10.1.{n // 250}.{n % 250 + 1}", "device": f"camera-{n:04}-" + "x" * 200} for n in range(2000)]}
    mqtt = {"name": "gantries", "port": 1883, "users": str(FOLDER / "users.txt"), "routes": [{"filter": "plates/+", "format": "plate"}],
            "sources": [{"identity": "g1", "device": "gantry-1"}]}
    return config(port={"name": "p0", "type": "pcap", "device": str(FOLDER / "traffic.pcap"), "repeat": True}, listeners=[listener], mqtt=[mqtt],
                  sink="null", tcp={"connections": 100}, control={"socket": str(SOCKET), "audit": "audit.log", "clients": 40})


def one(request):
    with connect() as client:
        client.sendall(line_of(request))
        return json.loads(client.makefile("rb").readline())


# ---- nonsense --------------------------------------------------------------------------------------------------------------------------

def table():
    """{command: [(argument, whether it takes a number)]} as turnpikectl's help has them."""
    commands = re.findall(r"^  (\S+(?: \S+)?)  ", Ctl("--help", json_data=False).out.split("\nCommands\n")[1], re.M)
    found = {}
    for words in commands:
        text = Ctl(*words.split(), "--help", json_data=False).out
        found[words] = [(name.lower().replace("-", "_"), "; " in rest and " to " in rest) for name, rest in
                        re.findall(r"^  (?:--)?([A-Za-z_-]+) +(.*)$", text.split("\n\n", 1)[1] if "\n\n" in text else "", re.M)]
    return found


HOSTILE = [None, {}, [], [[]], {"a": 1}, 1.5, -1, 2**62, "x" * 60000, "", "\x1b[2J", "'; --", "../../../etc/shadow", "%s%n%s", "\U0001f980" * 100]


def ask_beside(client, answers, request):
    """The answer, or None where it is a stream or a change that takes longer than what is asked behind it."""
    client.sendall(json.dumps(request).encode() + b'\n{"id":"behind","command":"listeners"}\n')
    found = None
    while (answer := json.loads(answers.readline()))["id"] != "behind":
        found = answer if "ok" in answer else found
    return found


def nonsense():
    """Every argument of every command with values of the wrong kind, out of range, huge, and made for a terminal or a shell."""
    commands = table()
    expect(len(commands) > 10 and commands["books"], f"commands of the help: {commands}")
    asked = refused = 0
    for words, arguments in commands.items():
        for name in [name for name, _ in arguments] + ["no_such_argument"]:
            with connect() as client:
                answers = client.makefile("rb")
                for value in HOSTILE:
                    answer = ask_beside(client, answers, {"id": asked, "command": words, "args": {name: value}})
                    asked += 1
                    if answer is None:
                        break  # what goes on ends with its connection
                    if answer["ok"]:
                        continue
                    refused += 1
                    expect(answer["error"]["code"] in ("unknown", "invalid", "malformed", "busy", "failed"), f"code of {answer}")
                    text = answer["error"]["message"] + answer["error"].get("suggest", "")
                    expect(0 < len(text) < 1300 and text.isprintable(), f"a message fit to be read: {text!r}")
    expect(asked > 300 and refused > 250, f"{asked} requests, {refused} refused")


def requests_under_way():
    """Streams count until they end: the ninth request of a client is refused, and there is room again for another client."""
    with connect() as client:
        client.sendall(b'{"id":"s","command":"log","args":{"follow":true}}\n' * 8 + b'{"id":"ninth","command":"status"}\n')
        for line in client.makefile("rb"):
            answer = json.loads(line)
            if answer["id"] == "ninth":
                break
    expect_equal((answer["ok"], answer["error"]["code"]), (False, "busy"), "the ninth")
    expect("found 8 requests under way" in answer["error"]["message"], answer["error"]["message"])


def answers_before_another():
    """How many of the answers to who asks for much at once are there when somebody else gets the one he asked for; both were asked for before turnpiked
    looked at either."""
    line, many = b'{"command":"devices","args":{"device":"camera-1","limit":1,"silent":true}}\n', 700
    pid = Ctl("status").data()["pid"]
    with connect() as greedy, connect() as modest:
        os.kill(pid, signal.SIGSTOP)
        greedy.sendall(line * many)
        greedy.shutdown(socket.SHUT_WR)
        modest.sendall(b'{"command":"listeners"}\n')
        os.kill(pid, signal.SIGCONT)
        expect(json.loads(modest.makefile("rb").readline())["ok"], "one request of another client")
        greedy.setblocking(False)
        octets = b""
        with contextlib.suppress(BlockingIOError):
            while more := greedy.recv(1 << 20):
                octets += more
        before = octets.count(b"\n")
        greedy.settimeout(_lib.LIMIT)
        while more := greedy.recv(1 << 20):
            octets += more
    answers = [json.loads(answer) for answer in octets.splitlines()]
    expect_equal((len(answers), all(answer["ok"] for answer in answers)), (many, True), "answers to many requests in one write")
    return before / many


def one_after_the_other():
    """Who asks for much at once waits for it; who asks for one thing meanwhile does not. Lines that came before the end of a client are answered. Were they
    answered in the order they came in, all would be there each time; else they are now and then, where this test gets no CPU."""
    until(lambda: answers_before_another() < 0.5, "an answer in between those of another client")


# ---- clients that do not do their part ---------------------------------------------------------------------------------------------------

def lines_until_closed(client):
    """The answers of a connection that turnpiked closes while octets still come: what it has not read makes a reset of the end."""
    found = []
    with contextlib.suppress(ConnectionResetError):
        for line in client.makefile("rb"):
            found.append(json.loads(line))
    return found


def stalls():
    """A line that does not end, although octets trickle in."""
    before = counters()
    with connect() as client, connect() as trickling:
        begun = time.monotonic()
        client.sendall(b'{"command":')
        ended = threading.Event()

        def trickle():
            with contextlib.suppress(OSError):
                while not ended.wait(0.5):
                    trickling.sendall(b" ")

        thread = threading.Thread(target=trickle)
        thread.start()
        found = lines(client) + lines_until_closed(trickling)
        took = time.monotonic() - begun
        ended.set()
        thread.join()
    expect_equal([line["error"]["message"] for line in found], ["the line did not end within 10 seconds: the connection is closed"] * 2, "answers")
    expect(9 < took < 40, f"closed after {took} s")
    expect_equal(counters()["too_slow"] - before["too_slow"], 2, "counted")


def never_reads():
    """Asks for much and reads nothing: what waits for it is bounded by octets, and by time."""
    before = counters()["not_reading"]
    with connect() as greedy, connect() as waiting:
        with contextlib.suppress(OSError):  # closed as soon as 8 MiB wait
            for _ in range(400):
                greedy.sendall(b'{"command":"devices","args":{"limit":1000}}\n')
        until(lambda: counters()["not_reading"] - before >= 1, "the one that asks and asks is closed")
        with contextlib.suppress(OSError):
            waiting.sendall(b'{"command":"devices","args":{"limit":1000}}\n' * 3)  # less than that, but more than the kernel takes
        until(lambda: counters()["not_reading"] - before >= 2, "the one that just does not read is closed")


def follows_without_reading():
    """A stream of a client that does not keep up, because of an answer that it does not read, leaves lines out; what waits for it does not grow."""
    before = counters()["skipped"]
    with connect() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.sendall(b'{"command":"devices","args":{"limit":1000}}\n{"command":"top","args":{"devices":100},"show":true}\n')
        until(lambda: counters()["skipped"] > before, "a line that is left out")


def reads_a_trace_slowly():
    """There is one trace at a time. A client that reads a little of it now and then, so that it never stalls, does not keep it for as long as that takes."""
    others = []
    with connect() as client:
        client.sendall(b'{"command":"trace","args":{"count":1000,"seconds":1}}\n')
        client.recv(64)

        def reads():
            time.sleep(1)
            client.recv(1 << 15)
            others.append(Ctl("trace", "--seconds", 1))
            return others[-1].status == OK
        until(reads, "a trace behind the one that is read slowly")
    print(f"the trace was held for {len(others) - 1} looks")


def vanish():
    """In the middle of a line, of an answer, of a stream."""
    for text in (b"{", b'{"command":"devices","args":{"limit":1000}}\n', b'{"command":"top"}\n', b'{"command":"log","args":{"follow":true}}\n',
                 b'{"command":"reload"}\n') * 20:
        with connect() as client, contextlib.suppress(OSError):
            client.sendall(text)
    until(lambda: Ctl("status").status == 0, "an answer after all that")
    expect(counters()["vanished"] > 0, "counted")


# ---- changes ---------------------------------------------------------------------------------------------------------------------------

def audited():
    """A change that works, one that does not, and one whose client is gone: each a line with who asked."""
    until(lambda: one({"command": "config diff"})["ok"], "the end of what those who vanished have asked for")
    AUDIT.write_text("")
    expect_equal(one({"id": 1, "command": "reload"}), {"id": 1, "ok": True, "data": {"reloaded": True}}, "reload")
    (FOLDER / "users.txt").write_text("alice:no hash at all\n")
    until(lambda: one({"command": "reload"})["error"]["code"] == "failed", "a file with a mistake")
    (FOLDER / "users.txt").write_text("")
    found = [json.loads(line) for line in AUDIT.read_text().splitlines()]
    expect_equal((found[0]["command"], found[0]["outcome"], found[0]["args"], found[0]["uid"]), ("reload", "ok", {}, os.geteuid()), "the first line")
    expect_equal((found[-1]["command"], found[-1]["outcome"]), ("reload", "failed"), "the last line")
    expect(any('audit: {"at"' in line for line in Ctl("log", "--lines", 50).data()["lines"]), "the audit in the log")

    AUDIT.rename(FOLDER / "audit.1")  # as logrotate does
    until(lambda: one({"command": "reload"})["ok"], "a reload after the rotation")
    expect(AUDIT.exists() and AUDIT.read_text().endswith('"outcome":"ok"}\n'), "goes on in a new file")


def secrets():
    """No answer holds anything of the file of users."""
    (FOLDER / "users.txt").write_text(f"alice:{_credentials.YESCRYPT}\n")
    until(lambda: one({"command": "reload"})["ok"], "a file with a user")
    for words in table():
        text = subprocess.run([_lib.CTL, "--socket", str(SOCKET), *words.split(), *(["--count", "1"] if words == "top" else [])],
                              capture_output=True, text=True, timeout=_lib.LIMIT, check=False).stdout if words not in ("trace", "reload") else ""
        expect("$y$" not in text and "alice" not in text, f"of the file of users in the answer of {words}: {text}")


def session(program):
    options = ("ASAN_OPTIONS=detect_leaks=0:detect_stack_use_after_return=1", "UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1")
    with Daemon(tree(), command=("env", *options, str(program))) as daemon:
        until(lambda: SOCKET.exists() and Ctl("status").status == 0, "an answer", 4 * _lib.LIMIT)
        until(lambda: Ctl("status").data()["received"] > 0, "packets")
        for case in (nonsense, requests_under_way, one_after_the_other, never_reads, follows_without_reading, reads_a_trace_slowly, vanish, audited, secrets, stalls):
            case()
            expect_equal(Ctl("status").status, 0, f"an answer after {case.__name__}")
        run = daemon.stop().expect(OK)
    expect("ERROR: AddressSanitizer" not in run.text and "runtime error" not in run.text, "a sanitizer found something")
    expect_balanced(run)


_lib.make_pcap([_lib.hex_file("plates.hex", [b'{"plate":"S%06d"}' % n for n in range(200)])], port=47001)
session(_lib.DAEMON)
if SANITIZED.exists() and str(SANITIZED) != _lib.DAEMON:
    session(SANITIZED)
else:
    print("build/san is not built: that part was left out")
