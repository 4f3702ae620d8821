# SPDX-License-Identifier: BSD-3-Clause
"""Kafka nodes of a test's own, which it may pause, kill and start again: with Brokers(3) as kafka: ...

The process of a node leads a group of its own and is named by its file, so nothing else is ever signalled.
"""
import os
import pathlib
import signal
import subprocess

import _lib

SCRIPT = str(_lib.TOP / "tests/kafka.sh")


class Brokers:
    def __init__(self, nodes=1):
        self.folder = _lib.FOLDER / "kafka"
        self.nodes = nodes

    def __enter__(self):
        env = {**os.environ, "TP_KAFKA_NODES": str(self.nodes), "TP_KAFKA_HEAP": "400m"}
        status = subprocess.run([SCRIPT, "start", str(self.folder)], env=env, check=False).returncode
        if status == 77:
            _lib.skip("no Kafka can be started here")
        _lib.expect_equal(status, 0, "starting Kafka")
        self.bootstrap = (self.folder / "bootstrap").read_text().strip()
        return self

    def __exit__(self, *_):
        subprocess.run([SCRIPT, "stop", str(self.folder)], check=False)

    def pid(self, node):
        return int(pathlib.Path(self.folder / str(node) / "pid").read_text())

    def pause(self, node=1):
        os.kill(self.pid(node), signal.SIGSTOP)

    def go_on(self, node=1):
        os.kill(self.pid(node), signal.SIGCONT)

    def kill(self, node=1):
        """As a machine that loses its power; its files stay."""
        os.kill(self.pid(node), signal.SIGKILL)

    def up(self, node=1):
        _lib.expect_equal(subprocess.run([SCRIPT, "up", str(self.folder), str(node)], check=False).returncode, 0, f"starting node {node}")
