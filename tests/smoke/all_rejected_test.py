#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Nothing but input that is rejected, from the very first packet on: the nodes behind the decoder have never seen a packet then."""
from _lib import OK, config, expect_balanced, expect_equal, hex_file, make_pcap, read_files, replay

NOT_JSON = [b"\0" * 22, b"{", b"plate"]
tree = config(listeners=[{"name": "plates", "port": 47001, "format": "plate", "unknown_sources": "accept"}])
ended = replay(tree, make_pcap([hex_file("rejected.hex", NOT_JSON)], port=47001)).expect(OK)
total = expect_balanced(ended)
expect_equal(total["malformed"], 3, "malformed")
expect_equal(total["decoded"], 0, "decoded")
expect_equal([letter["reason"] for letter in read_files("dlq")], ["json_syntax", "truncated", "json_syntax"], "reasons")
