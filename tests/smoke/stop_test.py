#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""SIGTERM and SIGINT while datagrams arrive: the daemon delivers what it received, balances its books, prints them and leaves nothing."""
import signal
import subprocess
import sys

import _lib
from _lib import OK, Daemon, a_roadside, af_xdp_port, config, expect, expect_balanced, expect_equal, need_roadside, read_files, until
from roadside import APPLIANCE

# Sends plate reads until it is ended.
SENDER = """
import itertools, socket, sys, time
out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for n in itertools.count():
    out.sendto(b'{"plate":"S%06d"}' % n, (sys.argv[1], 47001))
    if n % 20 == 19:
        time.sleep(0.002)
"""


def session(number):
    _lib.forget_records()
    with a_roadside("10.77.0.11") as road:
        tree = config(port=af_xdp_port(road), listeners=[{"name": "plates", "port": 47001, "format": "plate", "unknown_sources": "accept"}])
        with Daemon(tree) as daemon:
            daemon.wait_for_answer(road)
            sender = subprocess.Popen(road.command([sys.executable, "-c", SENDER, APPLIANCE]))
            try:
                until(lambda: len(_lib.records_so_far("plate_read")) > 2000, "2,000 records in the file")
                ended = daemon.stop(number).expect(OK)
            finally:
                sender.kill()
                sender.wait()
    total = expect_balanced(ended)
    expect_equal(len(read_files("plate_read")), total["decoded"], "records in the file against the books")
    expect(total["decoded"] > 2000, f"decoded {total['decoded']}")
    for word in ("received", "decoded", "the books balance", "exit status 0"):
        expect(word in ended.text, f"the printed books do not say '{word}'")


need_roadside()
session(signal.SIGTERM)
session(signal.SIGINT)
