#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A signal that comes when the workers have begun to receive and the start is not at its end: what was received is delivered and in the books. A library in front of
turnpiked holds the start at that moment."""
import os
import subprocess

import _lib
from _lib import DAEMON, FOLDER, OK, Daemon, config, expect, expect_balanced, expect_equal, make_pcap, read_files, until

PACKETS = 2000  # many times what is read of the file at once
GO, SHIM = FOLDER / "go", FOLDER / "shim.so"
# Who has launched a worker goes on when GO is there; what DPDK launches of its own is left alone.
CODE = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <string.h>
#include <unistd.h>

int rte_eal_remote_launch(int (*work)(void *), void *arg, unsigned int lcore)
{
	int (*launch)(int (*)(void *), void *, unsigned int) = dlsym(RTLD_NEXT, "rte_eal_remote_launch");
	int rc = launch(work, arg, lcore);
	Dl_info of;

	if (dladdr((void *)work, &of) && strstr(of.dli_fname, "librte_"))
		return rc;
	while (access(GO, F_OK) != 0)
		usleep(1000);
	return rc;
}
"""


def read_whole(daemon, path):
    """Whether it has read that file to its end, so most of its packets were received."""
    for link in os.scandir(f"/proc/{daemon.process.pid}/fd"):
        if os.readlink(link.path) == str(path):
            with open(f"/proc/{daemon.process.pid}/fdinfo/{link.name}", encoding="ascii") as info:
                return int(info.readline().split()[1]) == path.stat().st_size
    return False


subprocess.run([os.environ.get("CC", "cc"), "-shared", "-fPIC", "-x", "c", "-", f'-DGO="{GO}"', "-o", str(SHIM), "-ldl"], input=CODE, text=True, check=True)
pcap = make_pcap([_lib.hex_file("plates.hex", [b'{"plate":"E%06d"}' % n for n in range(PACKETS)])], port=47001)
listener = {"name": "plates", "port": 47001, "format": "plate", "unknown_sources": "accept"}
with Daemon(config(port={"name": "p0", "type": "pcap", "device": str(pcap)}, listeners=[listener]), command=("env", f"LD_PRELOAD={SHIM}", DAEMON)) as daemon:
    until(lambda: read_whole(daemon, pcap), "the recording is read")
    daemon.process.terminate()
    GO.touch()
    ended = daemon.wait().expect(OK, "finishing what was received")
expect("nothing was received" not in ended.text, "it says that nothing was received")
total = expect_balanced(ended)
expect(0 < total["received"] <= PACKETS, f"received {total['received']} of {PACKETS}")
expect_equal(len(read_files("plate_read")), total["received"], "records in the file")
