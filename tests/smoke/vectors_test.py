#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Frames that tests of nodes and of the guard are given are those that their generators write: nobody has changed either alone. The generators use scapy."""
import shutil
import subprocess
import sys

from _lib import FOLDER, LIMIT, TOP, expect_equal, skip

try:
    import scapy  # noqa: F401
except ImportError as error:
    skip(f"{error}: run with the interpreter of tools/python.sh")


def run(*command):
    return subprocess.run([sys.executable, "-B", *map(str, command)], stdout=subprocess.PIPE, timeout=4 * LIMIT, check=True).stdout


def first_difference(found, wanted):
    """None, or the number of the first line that differs, with both."""
    pairs = zip([*found.splitlines(), None], [*wanted.splitlines(), None])
    return next(((n, *pair) for n, pair in enumerate(pairs, 1) if pair[0] != pair[1]), None)


def nodes():
    unit = TOP / "tests/unit"
    expect_equal(first_difference((unit / "packet_vectors.h").read_bytes(), run(unit / "packet_vectors.py")), None, "packet_vectors.h against packet_vectors.py")


def guard():
    """build.py writes beside itself."""
    kept, made = TOP / "tests/vectors/guard", FOLDER / "guard"
    made.mkdir()
    shutil.copy(kept / "build.py", made)
    run(made / "build.py")
    expect_equal(sorted(path.name for path in kept.glob("*.txt")), sorted(path.name for path in made.glob("*.txt")), "files of the guard's vectors")
    for path in made.glob("*.txt"):
        expect_equal(first_difference((kept / path.name).read_bytes(), path.read_bytes()), None, f"{path.name} against build.py")


nodes()
guard()
