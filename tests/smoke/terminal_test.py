#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""turnpikectl on a terminal of 80 columns and 24 lines: a table that is wider comes in parts, each with what tells its rows apart, no line is broken by the terminal and no column
is missing; top stays on its screen and says what it had no room for. Into a pipe a row is one line, however long."""
import fcntl
import os
import pty
import struct
import subprocess
import termios

import _lib
from _lib import CTL, FAILED, FOLDER, OK, Ctl, Daemon, config, expect, expect_balanced, expect_equal, make_pcap, until

COLUMNS, LINES = 80, 24
SOURCES = [{"address": f"10.1.0.{i}", "device": f"camera-{i}", "site": "north"} for i in range(1, 30)]


def tree():
    traffic = make_pcap([_lib.hex_file("plates.hex", [b'{"plate":"S%06d"}' % n for n in range(200)] + [b'{"plate":!}'])], port=47001)
    listeners = [{"name": "plates", "port": 47001, "format": "plate", "unknown_sources": "accept", "sources": SOURCES},
                 {"name": "v2x", "port": 46800, "format": "j2735", "unknown_sources": "accept"}]
    return config(port={"name": "p0", "type": "pcap", "device": str(traffic), "repeat": True}, listeners=listeners, sink="null")


def on_terminal(*arguments, columns=COLUMNS):
    """What it writes."""
    control, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, columns, 0, 0))
    with subprocess.Popen([CTL, "--socket", str(FOLDER / "control.sock"), *arguments], stdin=subprocess.DEVNULL, stdout=terminal) as process:
        os.close(terminal)
        text = b""
        while True:
            try:
                part = os.read(control, 65536)
            except OSError:  # its end of the terminal is closed
                break
            text += part
    os.close(control)
    expect_equal(process.returncode, 0, f"exit status of {arguments}")
    return text.decode().replace("\r\n", "\n")


def columns_of(text):
    """Titles have two blanks between them, and none of more than one within."""
    return {title.strip() for title in text.split("  ") if title.strip()}


def tables():
    for command in ("devices", "listeners"):
        piped = Ctl(command, json_data=False).out.splitlines()
        expect(max(map(len, piped)) > COLUMNS, f"{command} is not wider than the terminal: this case shows nothing")
        parts = on_terminal(command).strip().split("\n\n")
        titles = [part.splitlines()[0] for part in parts]
        expect_equal({len(part.splitlines()) for part in parts}, {len(piped)}, f"lines of each part of {command}")
        expect_equal(set().union(*map(columns_of, titles)), columns_of(piped[0]), f"columns of {command}")
        first = [[line.split()[0] for line in part.splitlines()] for part in parts]
        expect_equal(first, [first[0]] * len(parts), f"first column of each part of {command}")
        broken = [line for title, part in zip(titles, parts) for line in part.splitlines() if len(line) > COLUMNS and len(columns_of(title)) > 2]
        expect_equal(broken, [], f"lines of {command} that the terminal breaks, with more than one column beside the first")
        expect_equal(on_terminal(command, columns=400).splitlines()[0], piped[0], f"{command} on a wide terminal")


def capture_stays_off():
    control, terminal = pty.openpty()
    ended = subprocess.run([CTL, "--socket", str(FOLDER / "control.sock"), "capture", "-", "--seconds", "1"], stdin=subprocess.DEVNULL, stdout=terminal,
                           stderr=subprocess.PIPE, text=True, timeout=_lib.LIMIT, check=False)
    os.close(terminal)
    os.close(control)
    expect(ended.returncode == FAILED and "it is a terminal; name a file" in ended.stderr, f"a capture onto a terminal: {ended}")


def screens():
    found = on_terminal("top", "--count", "2").split("\033[H\033[J")
    expect_equal((found[0], len(found)), ("", 3), "screens of top")
    for screen in found[1:]:
        lines = screen.splitlines()
        expect(len(lines) < LINES, f"top takes {len(lines)} lines of {LINES}:\n{screen}")
        expect_equal([line for line in lines if len(line) > COLUMNS], [], "lines of top that the terminal breaks")
        expect("received/s" in lines[0] and lines[-1].endswith("lines more, for which the terminal is too small)"), f"begin and end of a screen:\n{screen}")


with Daemon(tree()) as daemon:
    until(lambda: Ctl("status").status == 0, "the control socket")
    tables()
    screens()
    capture_stays_off()
    expect_balanced(daemon.stop().expect(OK))
