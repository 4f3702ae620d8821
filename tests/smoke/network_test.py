#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The appliance as a host on its network, through an AF_XDP port: ARP, neighbour discovery, ping over IPv4 and IPv6, fragments of a
3,000-octet datagram, and what it does not answer."""
import json
import sys

import _lib
from _lib import OK, Daemon, a_roadside, af_xdp_port, config, expect, expect_balanced, expect_equal, need_roadside, read_files, until
from roadside import APPLIANCE, APPLIANCE6

SEND = "import socket, sys; s = socket.socket(socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM); " \
       "s.sendto(bytes.fromhex(sys.argv[3]), (sys.argv[1], int(sys.argv[2])))"


PATIENT = ("-W", str(_lib.LIMIT))  # for the last answer


def send(road, address, port, payload):
    expect_equal(road.run([sys.executable, "-c", SEND, address, str(port), payload.hex()]).returncode, 0, f"sending to {address}")


def long_read(plate):
    """A plate read of exactly 3,000 octets, most of them in a field nobody knows."""
    read = {"plate": plate, "confidence": 0.9, "note": ""}
    read["note"] = "x" * (3000 - len(json.dumps(read)))
    return json.dumps(read).encode()


def ping(road, address, *options):
    return road.run(["ping", "-n", "-c", "3", "-i", "0.2", *options, address]).returncode


need_roadside()
with a_roadside("10.77.0.11", "fd77::11") as road:
    tree = config(port=af_xdp_port(road), listeners=[{"name": "plates", "port": 47001, "format": "plate", "unknown_sources": "accept"}])
    with Daemon(tree) as daemon:
        daemon.wait_for_answer(road)
        expect_equal(ping(road, APPLIANCE, *PATIENT), 0, "ping")
        expect_equal(ping(road, APPLIANCE, *PATIENT, "-s", "1400"), 0, "ping of 1,400 octets")
        expect_equal(ping(road, APPLIANCE6, *PATIENT), 0, "ping over IPv6")
        expect(ping(road, "10.77.0.2", "-c", "1") != 0, "an address that is not ours was answered")
        # The neighbour caches hold one and the same MAC address for both protocols.
        macs = {row.split("lladdr ")[1].split()[0] for row in road.run(["ip", "neigh"], capture_output=True, text=True).stdout.splitlines()
                if row.startswith((APPLIANCE + " ", APPLIANCE6 + " "))}
        expect_equal(len(macs), 1, "MAC addresses of the appliance")

        send(road, APPLIANCE, 47001, b'{"plate":"SHORT1"}')
        send(road, APPLIANCE, 47001, long_read("LONG4"))
        send(road, APPLIANCE6, 47001, long_read("LONG6"))
        send(road, APPLIANCE6, 47001, b'{"plate":"SHORT6"}')
        send(road, APPLIANCE, 47999, b"nobody listens here")
        send(road, APPLIANCE, 47001, b'{"plate":"LAST1"}')
        until(lambda: any(record["plate"] == "LAST1" for record in _lib.records_so_far("plate_read")), "the last record")
        ended = daemon.stop().expect(OK)

total = expect_balanced(ended)
records = {record["plate"]: record for record in read_files("plate_read")}
expect_equal(sorted(records), ["LAST1", "LONG4", "LONG6", "SHORT1", "SHORT6"], "plates")
expect_equal({plate: bool(record["flags"] & 4) for plate, record in records.items()},
             {"LAST1": False, "LONG4": True, "LONG6": True, "SHORT1": False, "SHORT6": False}, "flag of a reassembled datagram")
expect_equal(records["LONG6"]["source_ip"], "fd77::11", "sender")
expect_equal(total["udp_no_listener"], 1, "datagrams to a port nobody listens on")
expect(total["icmp_echo"] >= 9, f"echo requests answered: {total['icmp_echo']}")
expect(total["arp"] >= 1 and total["neighbour"] >= 1, "ARP and neighbour discovery")
# Two datagrams of 3,000 octets are three fragments each; one of the three carries the whole on.
expect_equal(total["fragment_absorbed"], 4, "fragments absorbed")
expect_equal(total["udp_checksum"], 0, "wrong checksums")
