#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The package in a clean Debian: installed, it checks its configuration and runs a replay as its own user; an upgrade keeps what the administrator changed;
removing keeps the configuration, purging leaves nothing but the account. The chroot holds what the package depends on and is made once."""
import gzip
import hashlib
import os
import pathlib
import re
import shutil
import subprocess

import _lib
from _lib import FOLDER, TOP, expect, expect_equal, skip

PACKAGES = TOP / "build/deb"
CACHE = pathlib.Path(os.environ.get("TURNPIKE_CACHE", pathlib.Path.home() / ".cache/turnpike"))
ROOT = FOLDER / "root"
# What a package manager and the account leave.
LEFT = re.compile(r"/(run/systemd|var/lib/(dpkg|apt|systemd/deb-systemd-[^/]*|ucf)|var/cache|var/log|etc/(passwd|group|shadow|gshadow|subuid|subgid)-?$|etc/ld\.so\.cache|tmp|dev|proc|sys)(/|$)")
CONFIG = "etc/turnpike/turnpike.yaml"
# /proc, /sys and devices, in a mount namespace of its own; the file system of BPF is an empty one, because what is pinned in that of the machine is not the package's.
ENTER = ('mount -t proc proc "$1/proc" && mount --bind /dev "$1/dev" && mount --rbind /sys "$1/sys" && mount -t bpf bpf "$1/sys/fs/bpf" && root=$1 && shift && '
         'exec chroot "$root" "$@"')


def package(name):
    found = list(PACKAGES.glob(f"{name}_[0-9]*_amd64.deb"))
    expect(len(found) == 1, f"packages '{name}' in {PACKAGES}: found {len(found)}, expected 1; make deb")
    return found[0]


def field(deb, name):
    return subprocess.run(["dpkg-deb", "-f", str(deb), name], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def base(dependencies):
    """A tar of Debian with these packages; made where it is not there."""
    tar = CACHE / f"chroot-{hashlib.sha256(dependencies.encode()).hexdigest()[:12]}.tar"
    if not tar.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        part = tar.with_suffix(f".{os.getpid()}.tar")
        done = subprocess.run(["mmdebstrap", "--variant=minbase", "--mode=root", "--aptopt=Apt::Install-Recommends false",
                               "--dpkgopt=path-exclude=/usr/share/doc/*", "--dpkgopt=path-include=/usr/share/doc/turnpike*",
                               f"--include={dependencies}", "bookworm", str(part)], check=False, capture_output=True, text=True)
        if done.returncode != 0:
            part.unlink(missing_ok=True)
            print(done.stderr[-4000:])
            skip("a Debian chroot could not be made; is a mirror reachable?")
        part.rename(tar)
    ROOT.mkdir()
    subprocess.run(["tar", "-C", str(ROOT), "-xf", str(tar), "--exclude=./dev/*"], check=True)


def names(dependencies):
    """First alternatives without versions."""
    return ",".join(sorted({re.split(r"[ |(]", entry.strip())[0] for entry in dependencies.split(",")}))


def inside(*command, status=0):
    done = subprocess.run(["unshare", "--mount", "--propagation", "private", "sh", "-c", ENTER, "sh", str(ROOT), *command], check=False,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"})
    print(f"$ {' '.join(command)}\n{done.stdout}")
    expect_equal(done.returncode, status, f"exit status of {command}")
    return done.stdout


def told(*command):
    """What a service manager is told while the command runs and the daemon's program is there."""
    tool, heard, manager = ROOT / "told/systemctl", ROOT / "told/heard", ROOT / "run/systemd/system"
    tool.parent.mkdir()
    tool.write_text('#!/bin/sh\n[ ! -x /usr/sbin/turnpiked ] || echo "$*" >>/told/heard\n')
    tool.chmod(0o755)
    heard.touch()
    manager.mkdir(parents=True)
    inside("env", "PATH=/told:/usr/sbin:/usr/bin:/sbin:/bin", *command)
    manager.rmdir()
    lines = heard.read_text().splitlines()
    shutil.rmtree(tool.parent)
    print("\n".join(lines))
    return [line for line in lines if "turnpike.service" in line]


def files():
    """Every path of the chroot with its kind, but those that a package manager keeps."""
    found = {}
    for folder, folders, others in os.walk(ROOT):
        for name in folders + others:
            path = "/" + os.path.relpath(os.path.join(folder, name), ROOT)
            if not LEFT.match(path):
                found[path] = os.lstat(ROOT / path[1:]).st_mode
    return found


def newer(deb):
    """The same package under a higher version."""
    tree, version = FOLDER / "newer", field(deb, "Version") + "+1"
    subprocess.run(["dpkg-deb", "-R", str(deb), str(tree)], check=True)
    control = tree / "DEBIAN/control"
    control.write_text(re.sub(r"^Version: .*$", f"Version: {version}", control.read_text(), flags=re.MULTILINE))
    with open(tree / CONFIG, "a", encoding="ascii") as config:  # the maintainers changed it too
        config.write("# newer\n")
    sums = tree / "DEBIAN/md5sums"
    sums.write_text("".join(line for line in sums.read_text().splitlines(True) if "etc/turnpike" not in line))
    out = ROOT / "newer.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "-b", str(tree), str(out)], check=True, stdout=subprocess.DEVNULL)
    return version


def mode_of(path):
    status = os.stat(ROOT / path)
    return oct(status.st_mode & 0o7777), status.st_uid, status.st_gid


def account():
    entry = [line.split(":") for line in (ROOT / "etc/passwd").read_text().splitlines() if line.startswith("turnpike:")]
    expect(len(entry) == 1 and entry[0][6].endswith("nologin"), f"account of the daemon: {entry}")
    return int(entry[0][2]), int(entry[0][3])


def replay():
    pcap = _lib.make_pcap([_lib.hex_file("plates.hex", [b'{"plate":"P%05d"}' % i for i in range(100)])], 47001)
    tree = _lib.config(sink="null", listeners=[{"name": "plates", "port": 47001, "format": "plate", "unknown_sources": "accept"}])
    shutil.copy(pcap, ROOT / "tmp/traffic.pcap")
    shutil.copy(_lib.write_config(tree), ROOT / "tmp/turnpike.yaml")
    said = inside("setpriv", "--reuid=turnpike", "--regid=turnpike", "--init-groups", "turnpiked", "--config", "/tmp/turnpike.yaml", "--replay", "/tmp/traffic.pcap")
    expect("the books balance" in said and re.search(r"^total +100 +0 +100 ", said, re.MULTILINE), "the replay is not accounted for")


def unit():
    said = inside("systemd-analyze", "verify", "--man=no", "/lib/systemd/system/turnpike.service")
    expect_equal([line for line in said.splitlines() if "turnpike" in line], [], "what systemd has to say about the unit")
    exposure = re.search(r"exposure level for \S+: ([0-9.]+)", inside("systemd-analyze", "security", "--offline=true", "/lib/systemd/system/turnpike.service"))
    expect(exposure and float(exposure[1]) <= 3.0, f"exposure: {exposure}")


def manuals():
    """What the programs say of themselves stands in their manual pages, and the shell knows how to complete turnpikectl."""
    pages = {name: gzip.decompress((ROOT / "usr/share/man" / name).read_bytes()).decode().replace("\\-", "-")
             for name in ("man1/turnpikectl.1.gz", "man5/turnpike.yaml.5.gz", "man8/turnpiked.8.gz")}
    commands = re.findall(r"^  (\S+(?: \S+)?)  ", inside("turnpikectl", "--help").split("\nCommands\n")[1], re.MULTILINE)
    expect(len(commands) > 20, f"commands: {commands}")
    expect_equal([words for words in commands if f".SS {words}\n" not in pages["man1/turnpikectl.1.gz"]], [], "commands that are not in turnpikectl(1)")
    options = re.findall(r"--[a-z-]+", inside("turnpiked", "--help"))
    expect_equal([option for option in options if option not in pages["man8/turnpiked.8.gz"]], [], "options that are not in turnpiked(8)")
    expect("source_rate" in pages["man5/turnpike.yaml.5.gz"], "options in turnpike.yaml(5)")
    expect((ROOT / "usr/share/bash-completion/completions/turnpikectl").exists(), "completion")


def installed(deb):
    inside("dpkg", "-i", "/turnpike.deb")
    uid, gid = account()
    expect_equal(mode_of("var/lib/turnpike"), ("0o750", uid, gid), "folder of the daemon")
    expect_equal(mode_of(CONFIG), ("0o640", 0, gid), "configuration, which may hold passwords")
    expect_equal(inside("turnpiked", "--version").strip(), f"turnpiked {field(deb, 'Version')}", "version")
    expect("configuration is valid" in inside("turnpiked", "--config", f"/{CONFIG}", "--check"), "the configuration as installed")
    expect(not list((ROOT / "etc/systemd/system").glob("*.wants/turnpike.service")), "the service starts by itself")
    unit()
    manuals()
    replay()


def upgraded(version):
    text = (ROOT / CONFIG).read_text().replace("name: turnpike-1", "name: north")
    (ROOT / CONFIG).write_text(text)
    (ROOT / CONFIG).chmod(0o600)
    (ROOT / "var/lib/turnpike/books.json").write_text("{}")
    expect_equal(told("dpkg", "-i", "--force-confdef", "--force-confold", "/newer.deb"), ["try-restart turnpike.service"], "the service at an upgrade")
    expect_equal(inside("dpkg-query", "-W", "-f", "${Version} ${Status}", "turnpike"), f"{version} install ok installed", "state")
    expect_equal((ROOT / CONFIG).read_text(), text, "configuration over the upgrade")
    expect_equal(mode_of(CONFIG)[0], "0o600", "mode that the administrator has given it")
    inside("turnpiked", "--config", f"/{CONFIG}", "--check")


def removed(before):
    expect_equal(told("dpkg", "--remove", "turnpike"), ["stop turnpike.service"], "the service when its package is removed")
    expect(not (ROOT / "usr/sbin/turnpiked").exists(), "the daemon is still there")
    expect("name: north" in (ROOT / CONFIG).read_text() and (ROOT / "var/lib/turnpike/books.json").exists(), "removing took configuration or books")
    # A turnpiked that was killed leaves its maps pinned.
    inside("sh", "-c", "mkdir -p /sys/fs/bpf/turnpike/north/p0 && dpkg --purge turnpike && test ! -e /sys/fs/bpf/turnpike")
    expect_equal(sorted(set(files().items()) - set(before.items())), [], "left behind")
    expect_equal(sorted(set(before) - set(files())), [], "taken away though not of the package")
    account()


def main():
    if os.geteuid() != 0 or not shutil.which("mmdebstrap"):
        skip("needs root and mmdebstrap")
    deb = package("turnpike")
    base(names(field(deb, "Depends")))
    before = files()
    shutil.copy(deb, ROOT / "turnpike.deb")
    version = newer(deb)
    before.update({"/turnpike.deb": os.lstat(ROOT / "turnpike.deb").st_mode, "/newer.deb": os.lstat(ROOT / "newer.deb").st_mode})
    installed(deb)
    upgraded(version)
    removed(before)


main()
