#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Records of a device are written in the order in which it sent them, also where some datagrams hold several and others one, some go the short way and others
not, and while a trace takes them apart."""
import datetime
import json

import _lib
from _lib import OK, Ctl, Daemon, config, expect, expect_balanced, expect_equal, read_files, replay, until
from _watch import Trace

PORT, DATAGRAMS = 47001, 900
NOW = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds")


def sent():
    """Datagrams of one plate, most of them with a time, and of three, in turns that fit no length of a burst."""
    datagrams, n = [], 0
    for i in range(DATAGRAMS):
        several = 3 if i % 7 in (2, 3, 6) else 1
        plates = [{"plate": f"P{n + k:06d}", **({"time": NOW} if several == 1 and i % 4 else {})} for k in range(several)]
        datagrams.append({"results": plates} if several > 1 else plates[0])
        n += several
    return datagrams, n


def replayed(listeners, pcap, n):
    ended = replay(config(listeners=listeners), pcap).expect(OK)
    total = expect_balanced(ended)
    expect_equal(total["emitted"], n, "records")
    plates = [record["plate"] for record in read_files("plate_read")]
    expect_equal(len(plates), n, "records in the file")
    wrong = next((i for i in range(n) if plates[i] != f"P{i:06d}"), None)
    expect(wrong is None, f"record {wrong} is {plates[wrong or 0]}: {plates[max(0, (wrong or 0) - 3):(wrong or 0) + 8]}")


def traced(listeners, pcap, n):
    """The same again and again, some of it lost where that is too fast; so it is records that came at the same moment that are compared, less the step from the last one
    to the first."""
    _lib.forget_records()
    with Daemon(config(listeners=listeners, port={"name": "p0", "type": "pcap", "device": str(pcap), "repeat": True})) as daemon:
        until(lambda: Ctl("status").status == OK, "the control socket")
        stories = Trace("--count", 100, "--seconds", _lib.LIMIT).packets()
        expect_balanced(daemon.stop().expect(OK))
    expect_equal(len(stories), 100, "packets that were traced")
    records = [(record["received_at"], int(record["plate"][1:])) for record in read_files("plate_read")]
    together = [(a, b) for (at, a), (when, b) in zip(records, records[1:]) if at == when]
    expect(len(together) > len(records) / 2, f"{len(together)} of {len(records)} records came at the moment of the one before")
    expect_equal([(a, b) for a, b in together if 0 <= a - b < n / 2], [], "records behind a later one")


def main():
    datagrams, n = sent()
    text = _lib.FOLDER / "order.hex"
    text.write_text("".join(f"{{src=192.0.2.9 port={PORT}}} {json.dumps(datagram).encode().hex()}\n" for datagram in datagrams))
    pcap = _lib.make_pcap([text], port=PORT)
    listeners = [{"name": "plates", "port": PORT, "format": "plate", "unknown_sources": "accept"}]
    replayed(listeners, pcap, n)
    traced(listeners, pcap, n)


if __name__ == "__main__":
    main()
