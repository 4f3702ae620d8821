#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A password that was checked is nowhere in the memory of the process any more: not in the packet it came in, nor on its way to the check and back."""
import pathlib
import re

import _credentials
from _lib import OK, Daemon, a_roadside, af_xdp_port, config, expect, expect_balanced, expect_equal, need_roadside
from _mqtt_raw import Raw

PORT = 1883


def places(daemon, wanted):
    """The parts of the process's memory that hold it."""
    found = []
    with open(f"/proc/{daemon.process.pid}/mem", "rb", buffering=0) as memory:
        for line in pathlib.Path(f"/proc/{daemon.process.pid}/maps").read_text(encoding="ascii").splitlines():
            begin, end, access = re.match(r"(\w+)-(\w+) (\S+)", line).groups()
            if not access.startswith("rw"):
                continue
            try:
                memory.seek(int(begin, 16))
                octets = memory.read(int(end, 16) - int(begin, 16))
            except (OSError, ValueError, OverflowError):
                continue
            found += [f"{line} at {at.start():#x}" for at in re.finditer(re.escape(wanted), octets)]
    return found


def main():
    need_roadside()
    listeners = [{"name": "users", "port": PORT, "unknown_devices": "accept", "unmapped": "raw", "users": _credentials.users(["lane"])}]
    with a_roadside() as road, Daemon(config(port=af_xdp_port(road), sink="null", mqtt=listeners)) as daemon:
        daemon.wait_for_answer(road)
        Raw(road, "right", user="lane", password=_credentials.PASSWORD, port=PORT)
        Raw(road, "wrong", user="lane", password="not-this-one-at-all", port=PORT, code=4)
        expect(places(daemon, b"right"), "not even a client identifier was found: this case shows nothing")
        for password in (_credentials.PASSWORD, "not-this-one-at-all"):
            expect_equal(places(daemon, password.encode()), [], f"places that hold '{password}'")
        total = expect_balanced(daemon.stop().expect(OK))
    expect_equal((total["mqtt_connected"], total["mqtt_bad_login"]), (1, 1), "CONNECTs accepted, refused")


main()
