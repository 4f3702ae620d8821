# SPDX-License-Identifier: BSD-3-Clause
"""Step: the kernel of Debian 12 takes the XDP program, which its verifier does not do of all that newer kernels take, and gives the verdicts that the
vectors say. The tests are those of `make check`, which runs them in the kernel of the build machine."""
import re
import subprocess

from bed import TOP, expect
from guest import say

TESTS, VECTORS, THERE = ("guard_vectors_test", "xdp_watch_test"), "tests/vectors/guard", "/var/tmp/turnpike-kernel"
VECTORS_MIN = 200


def into_guest(bed):
    """The tests, their vectors, and the library that the package does not need."""
    subprocess.run(["make", "-s", "-C", str(TOP), "vm-programs"], check=True, stdout=subprocess.DEVNULL)
    linked = subprocess.run(["ldd", str(TOP / "build/dev/tests/unit" / TESTS[0])], check=True, stdout=subprocess.PIPE, text=True).stdout
    cmocka = re.search(r"libcmocka\S* => (\S+)", linked)[1]
    pack = ["tar", "-chP", "--transform", "s,.*/,,", "-C", str(TOP), *(f"build/dev/tests/unit/{name}" for name in TESTS),
            *(str(path.relative_to(TOP)) for path in sorted((TOP / VECTORS).glob("*.txt"))), cmocka]
    with subprocess.Popen(pack, stdout=subprocess.PIPE) as child:
        subprocess.run(["ssh", *bed.guest.ssh_options(), "root@127.0.0.1", f"mkdir -p {THERE} && tar -x -C {THERE}"], stdin=child.stdout, check=True,
                       timeout=120)
    expect(child.returncode == 0, f"tar ended with {child.returncode}")


def expect_passes(bed, test):
    """Every case of it passes; one that is skipped has loaded nothing."""
    said = bed.guest.ssh(f"cd {THERE} && LD_LIBRARY_PATH=. ./{test} . 2>&1; echo \"ended with $?\"", limit=600)
    expect(said.endswith("ended with 0") and re.search(r"\[  PASSED  \]", said) and "SKIPPED" not in said, f"{test}: {said[-4000:]}")
    return said


def kernel_gives_the_verdicts_of_the_vectors(bed):
    into_guest(bed)
    said = "".join(expect_passes(bed, test) for test in TESTS)
    found = {name: int(count) for name, count in re.findall(r"^(.*): (\d+) vectors$", said, re.MULTILINE)}
    expect(min(found.get(name, 0) for name in ("the node", "the XDP program")) >= VECTORS_MIN, f"vectors: {found}, expected {VECTORS_MIN} of each")
    say(f"Linux {bed.guest.ssh('uname -r')}: {found}")
    bed.guest.ssh(f"rm -r {THERE}")
