#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A SIGHUP that comes when the one before has had the file read, and nothing else yet, has it read again: what was written in between is in force in the end. A library
in front of turnpiked holds it at that moment. No Kafka."""
import json
import os
import signal
import subprocess

import _lib
from _control import SOCKET
from _lib import DAEMON, FOLDER, OK, Ctl, Daemon, config, expect_balanced, until

HOLD, READ, GO, SHIM = FOLDER / "hold", FOLDER / "read", FOLDER / "go", FOLDER / "shim.so"
# While HOLD is there, who starts a thread goes on when that has ended, READ says so and GO is there.
CODE = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

static void *(*routine)(void *);
static int ended;

static void *run(void *arg)
{
	void *result = routine(arg);

	__atomic_store_n(&ended, 1, __ATOMIC_RELEASE);
	return result;
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*start)(void *), void *arg)
{
	int (*create)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *) = dlsym(RTLD_NEXT, "pthread_create");
	int rc;

	if (access(HOLD, F_OK) != 0)
		return create(thread, attr, start, arg);
	routine = start;
	rc = create(thread, attr, run, arg);
	while (rc == 0 && !__atomic_load_n(&ended, __ATOMIC_ACQUIRE))
		usleep(1000);
	close(open(READ, O_CREAT | O_WRONLY, 0600));
	while (access(GO, F_OK) != 0)
		usleep(1000);
	return rc;
}
"""


def tree(device):
    listener = {"name": "plates", "port": 47001, "format": "plate", "sources": [{"address": "10.1.0.1", "device": device}]}
    return config(port={"name": "p0", "type": "pcap", "device": str(FOLDER / "traffic.pcap"), "repeat": True}, listeners=[listener], sink="null",
                  control={"socket": str(SOCKET)})


def write(device):
    (FOLDER / "turnpike.yaml").write_text(json.dumps(tree(device)))


def is_in_force(device):
    rows = {row["device"]: row.get("note") for row in Ctl("devices").data()["devices"]}
    return device in rows and rows[device] is None


def build():
    names = [f'-D{name}="{path}"' for name, path in (("HOLD", HOLD), ("READ", READ), ("GO", GO))]
    subprocess.run([os.environ.get("CC", "cc"), "-shared", "-fPIC", "-x", "c", "-", *names, "-o", str(SHIM), "-ldl"], input=CODE, text=True, check=True)


build()
_lib.make_pcap([_lib.hex_file("plates.hex", [b'{"plate":"S000001"}'])], port=47001)
with Daemon(tree("first"), command=("env", f"LD_PRELOAD={SHIM}", DAEMON)) as daemon:
    until(lambda: SOCKET.exists() and Ctl("status").status == OK, "an answer", 4 * _lib.LIMIT)
    until(lambda: Ctl("status").data()["state"] == "running", "it runs")
    HOLD.touch()
    write("second")
    daemon.process.send_signal(signal.SIGHUP)
    until(READ.exists, "the file was read")
    write("third")
    daemon.process.send_signal(signal.SIGHUP)
    HOLD.unlink()
    GO.touch()
    until(lambda: is_in_force("third"), "what was written before the second signal is in force")
    run = daemon.stop().expect(OK)
expect_balanced(run)
