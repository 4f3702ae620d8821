# SPDX-License-Identifier: BSD-3-Clause
"""Streams of turnpikectl in the background: what they print as JSON, line by line; captures."""
import contextlib
import json
import signal
import subprocess

from _lib import CTL, FOLDER, LIMIT, expect, expect_equal, until


class Stream:
    """turnpikectl --json ARGUMENTS, begun: its first line has been read. end() waits for it and returns all lines."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen([CTL, "--socket", str(FOLDER / "control.sock"), "--json", *map(str, arguments)],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.first = self.process.stdout.readline()

    def end(self, limit=LIMIT):
        with self.process as process:  # it ends by itself, within its --seconds
            lines = [self.first, *process.stdout]
            err = process.stderr.read()
            process.wait(limit)
        expect_equal(process.returncode, 0, f"exit status of turnpikectl; it said {err}")
        return [json.loads(line) for line in lines]

    def interrupt(self, number=signal.SIGINT):
        self.process.send_signal(number)

    def stop(self):
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        self.process.communicate()


class Trace(Stream):
    """A trace that is armed."""

    def __init__(self, *arguments):
        super().__init__("trace", *arguments)
        expect('"armed":true' in self.first, f"first line of a trace: {self.first}{self.process.stderr.read() if not self.first else ''}")

    def packets(self):
        """The stories, and what is said at the end."""
        lines = self.end()
        expect_equal(lines[-1]["steps_lost"], 0, "steps lost")
        return lines[1:-1]


class Capture:
    """turnpikectl capture FILE in the background; the file is there as soon as it is armed."""

    def __init__(self, *arguments, file):
        file.unlink(missing_ok=True)
        self.process = subprocess.Popen([CTL, "--socket", str(FOLDER / "control.sock"), "capture", str(file), *map(str, arguments)],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, umask=0o022)
        until(lambda: file.exists() and file.stat().st_size > 0, "a capture that is armed")

    def interrupt(self, number=signal.SIGINT):
        self.process.send_signal(number)

    def end(self):
        out, err = self.process.communicate(timeout=LIMIT)
        expect_equal((self.process.returncode, out), (0, ""), f"exit status and output of turnpikectl; it said {err}")
        return err


def nodes(story):
    return [step["node"] for step in story["steps"] if step["step"] == "node"]


def counters(story):
    """All that moved, by node."""
    return {(step.get("node", step["step"]), name) for step in story["steps"] for name in step.get("counters", {})}
