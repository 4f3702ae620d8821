#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""udp.bsm: every BSM datagram of the shared road data, bare, in IEEE 1609.2 and in WSMP, in the mix and order in which it was recorded."""
import pathlib
import tempfile

import udp


def main():
    files = sorted((udp.SHARED / "data" / "j2735").glob("*bsm*.hex"))
    if not files:
        udp.skip(f"udp_bsm: no *bsm*.hex in {udp.SHARED / 'j2735'} (TP_SHARED)")
    packets = sum(1 for f in files for line in f.read_text().splitlines() if line.strip() and not line.startswith("#"))
    with tempfile.TemporaryDirectory() as folder:
        pcap = pathlib.Path(folder) / "bsm.pcap"
        udp.build_pcap(pcap, 46800, *files)
        udp.compare("udp.bsm", pcap, packets, "j2735", 46800)


if __name__ == "__main__":
    main()
