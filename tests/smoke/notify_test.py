#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What the service manager hears of the daemon: ready, reloading, all is well, stopping. Of a worker that stands still, and of a daemon that is stopped as a
whole, it hears nothing more. Where standard error is the journal, lines carry a level in place of the time."""
import os
import re
import signal
import socket
import subprocess
import time

import _lib
import _threads
from _lib import BAD_CONFIG, DAEMON, FOLDER, LIMIT, OK, config, expect, expect_equal, until

WATCHDOG_US = 1200000


class Manager:
    """The socket of a service manager, and a daemon that is told of it."""

    def __init__(self, tree, journal=None):
        path = FOLDER / "notify"
        path.unlink(missing_ok=True)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        self.socket.setblocking(False)
        self.heard, self.log = [], FOLDER / "log"
        environment = {**os.environ, "NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": str(WATCHDOG_US)}
        with open(self.log, "wb") as log:
            if journal:
                stat = os.fstat(log.fileno())
                environment["JOURNAL_STREAM"] = journal(stat)
            self.process = subprocess.Popen([DAEMON, "--config", str(_lib.write_config(tree))], stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=subprocess.STDOUT, env=environment)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.socket.close()
        print(self.text())

    def text(self):
        return self.log.read_text()

    def listen(self):
        try:
            while True:
                self.heard += self.socket.recv(4096).decode().splitlines()
        except BlockingIOError:
            return self.heard

    def count(self, word):
        return sum(line.startswith(word) for line in self.listen())

    def until(self, word, times=1):
        until(lambda: self.count(word) >= times, f"{times} times {word}, heard {self.heard}")

    def silent(self):
        """Whether nothing says that all is well for two times the limit."""
        self.listen()
        before, end = self.count("WATCHDOG=1"), time.monotonic() + 2 * WATCHDOG_US / 1e6
        while time.monotonic() < end:
            time.sleep(0.05)
        return self.count("WATCHDOG=1") == before

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        expect_equal(self.process.wait(LIMIT), OK, "exit status")
        self.listen()


def tree(**sections):
    """A port that has a packet again and again, so that there is something to do."""
    pcap = _lib.make_pcap([_lib.hex_file("plates.hex", [b'{"plate":"N0T1FY"}'])], 47001)
    return config(port={"name": "p0", "type": "pcap", "device": str(pcap)}, sink="null",
                  listeners=[{"name": "plates", "port": 47001, "format": "plate", "unknown_sources": "accept"}], **sections)


def life():
    with Manager(tree(stop={"timeout_ms": 45000})) as m:
        m.until("WATCHDOG=1", 3)
        expect(m.heard.index("READY=1") < m.heard.index("WATCHDOG=1"), f"all is well before it is ready: {m.heard}")
        m.process.send_signal(signal.SIGHUP)
        m.until("READY=1", 2)
        reloading = m.heard.index("RELOADING=1")
        expect(m.heard[reloading + 1].startswith("MONOTONIC_USEC="), f"no time of the reload: {m.heard}")
        m.end()
        stopping = m.heard.index("STOPPING=1")
        expect("READY=1" not in m.heard[stopping:], f"ready behind stopping: {m.heard}")
        extend = [int(line.partition("=")[2]) for line in m.heard[stopping:] if line.startswith("EXTEND_TIMEOUT_USEC=")]
        expect(extend and extend[0] > 45000000, f"time for a stop of 45 s: {extend}")
        expect(re.search(r"^\d{4}-\d\d-\d\dT", m.text(), re.MULTILINE) is not None, "no time in front of lines")


def a_worker_stands_still():
    with Manager(tree()) as m:
        m.until("WATCHDOG=1")
        m.until("WATCHDOG=1", m.count("WATCHDOG=1") + 1)  # just now all was well

        def said():
            return m.text().count("worker 0 stands still")
        before = said()  # on a busy machine it may have had no CPU for that long
        with _threads.held(m.process.pid, "rte-worker-1"):
            held = said()
            until(lambda: said() > before, "a line that names the worker")
            if said() > held:
                expect(m.silent(), "a worker stands still, and all is said to be well")
            else:  # it had stood still already, and may have walked once more
                until(m.silent, "all is said to be well no more")
            expect(said() <= held + 1, f"{said() - held} lines say that it stands still, expected one")
        m.until("WATCHDOG=1", m.count("WATCHDOG=1") + 2)
        m.end()


def a_stopped_process():
    with Manager(tree()) as m:
        m.until("WATCHDOG=1")
        m.process.send_signal(signal.SIGSTOP)
        until(lambda: open(f"/proc/{m.process.pid}/stat", encoding="ascii").read().split()[2] == "T", "the daemon is stopped")
        expect(m.silent(), "a stopped daemon says that all is well")
        m.process.send_signal(signal.SIGCONT)
        m.until("WATCHDOG=1", m.count("WATCHDOG=1") + 1)
        m.end()


def journal():
    with Manager(tree(), here) as m:
        m.until("READY=1")
        m.end()
        expect("\n<6>turnpiked " in m.text(), f"no level in front of a line:\n{m.text()}")
        expect(re.search(r"^(<6>)?\d{4}-\d\d-\d\dT", m.text(), re.MULTILINE) is None, "the time stands in front of lines")
    with Manager(tree(), lambda stat: f"{stat.st_dev}:{stat.st_ino + 1}") as m:  # the journal of somebody else
        m.until("READY=1")
        m.end()
        expect("<6>" not in m.text(), "a level stands in front of lines that do not go to the journal")


def here(stat):
    return f"{stat.st_dev}:{stat.st_ino}"


def is_an_error(text, words):
    lines = [line for line in text.splitlines() if words in line]
    expect(lines and all(line.startswith("<3>") for line in lines), f"lines with '{words}' that are errors of the journal:\n{text}")


def mistakes():
    """What `journalctl -p err` shows says which mistake it is: of the configuration and of a file it names, at start and at a reload."""
    listener = {"name": "m", "port": 1883, "anonymous": True, "unknown_devices": "accept", "routes": [{"filter": "#", "format": "raw"}]}
    misspelt, listed = tree(), tree(lists=[{"name": "wanted", "path": "wanted.csv"}])
    misspelt["listeners"][0]["nme"] = "x"
    of_users = tree(mqtt=[{**listener, "anonymous": False, "users": "users", "identity": "user"}])
    users = FOLDER / "users"
    users.write_text("somebody\n")
    users.chmod(0o640)
    (FOLDER / "wanted.csv").write_text("plate,priority\nABC123,high\n")
    for right, wrong, words in ((tree(), misspelt, "listeners[0].nme"), (tree(mqtt=[listener]), of_users, "users:1"),
                                (tree(), listed, "wanted.csv:2")):
        with Manager(wrong, here) as m:
            expect_equal(m.process.wait(LIMIT), BAD_CONFIG, "exit status")
            is_an_error(m.text(), words)
        with Manager(right, here) as m:
            m.until("READY=1")
            _lib.write_config(wrong)
            m.process.send_signal(signal.SIGHUP)
            until(lambda: "nothing was changed" in m.text(), "the reload is refused")
            is_an_error(m.text(), words)
            m.end()


life()
a_worker_stands_still()
a_stopped_process()
journal()
mistakes()
