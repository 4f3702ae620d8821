# SPDX-License-Identifier: BSD-3-Clause
"""One thread of a process held still while the others run, as a worker that hangs would be: a signal stops all of them, ptrace(2) can stop one."""
import contextlib
import ctypes
import os

from _lib import expect

SEIZE, INTERRUPT, DETACH, WALL = 0x4206, 0x4207, 17, 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]


def thread(pid, name):
    for tid in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{tid}/comm", encoding="ascii") as comm:
            if comm.read().strip() == name:
                return int(tid)
    raise AssertionError(f"no thread {name}")


def ptrace(request, tid):
    expect(LIBC.ptrace(request, tid, None, None) == 0, f"ptrace: {os.strerror(ctypes.get_errno())}")


@contextlib.contextmanager
def held(pid, name):
    """Of a child of this process."""
    tid = thread(pid, name)
    ptrace(SEIZE, tid)
    ptrace(INTERRUPT, tid)
    os.waitpid(tid, WALL)
    try:
        yield
    finally:
        ptrace(DETACH, tid)
