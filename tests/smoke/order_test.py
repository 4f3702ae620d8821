#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Records of a device are written in the order in which it sent them, also where some datagrams hold several and others one."""
import json

import _lib
from _lib import OK, config, expect, expect_balanced, expect_equal, read_files, replay

PORT, DATAGRAMS = 47001, 900


def sent():
    """Datagrams of one plate and of three, in turns that fit no length of a burst."""
    datagrams, n = [], 0
    for i in range(DATAGRAMS):
        several = 3 if i % 7 in (2, 3, 6) else 1
        plates = [{"plate": f"P{n + k:06d}"} for k in range(several)]
        datagrams.append({"results": plates} if several > 1 else plates[0])
        n += several
    return datagrams, n


def main():
    datagrams, n = sent()
    text = _lib.FOLDER / "order.hex"
    text.write_text("".join(f"{{src=192.0.2.9 port={PORT}}} {json.dumps(datagram).encode().hex()}\n" for datagram in datagrams))
    listeners = [{"name": "plates", "port": PORT, "format": "plate", "unknown_sources": "accept"}]
    ended = replay(config(listeners=listeners), _lib.make_pcap([text], port=PORT)).expect(OK)
    total = expect_balanced(ended)
    expect_equal(total["emitted"], n, "records")
    plates = [record["plate"] for record in read_files("plate_read")]
    expect_equal(len(plates), n, "records in the file")
    wrong = next((i for i in range(n) if plates[i] != f"P{i:06d}"), None)
    expect(wrong is None, f"record {wrong} is {plates[wrong or 0]}: {plates[max(0, (wrong or 0) - 3):(wrong or 0) + 8]}")


if __name__ == "__main__":
    main()
