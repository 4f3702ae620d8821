#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""On a processor below x86-64-v3 the daemon names what is missing and ends with 1; an emulated one has exactly what its model had."""
import shutil
import subprocess

from _lib import DAEMON, FAILED, OK, expect, expect_equal, skip

QEMU = shutil.which("qemu-x86_64") or skip("'qemu-x86_64' is not installed: make deps")


def run(model):
    return subprocess.run([QEMU, "-cpu", model, DAEMON, "--version"], capture_output=True, text=True, timeout=300, check=False)


for model, missing in (("Nehalem", "AVX, AVX2, BMI1"), ("max,-bmi2", "BMI2; expected x86-64-v3")):
    ended = run(model)
    expect_equal(ended.returncode, FAILED, f"exit status on {model}: {ended.stderr}")
    expect(f"lacks {missing}" in ended.stderr and ended.stderr.count("\n") == 1, f"on {model} it said: {ended.stderr}")
ended = run("max")
expect_equal((ended.returncode, ended.stdout[:10]), (OK, "turnpiked "), f"on a processor that has all: {ended.stderr}")
