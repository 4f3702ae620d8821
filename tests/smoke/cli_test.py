#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The command line and the configuration as a user meets them: every option, and what is answered to every mistake (cli/broken*.txt)."""
import pathlib
import re
import subprocess

import _credentials
import _lib
from _lib import BAD_CONFIG, BUILD, DAEMON, FAILED, FOLDER, OK, TOP, expect, expect_equal

HERE = pathlib.Path(__file__).resolve().parent / "cli"
BASE = (HERE / "base.yaml").read_text().splitlines()[1:]  # behind the licence


def run(*arguments):
    """(status, standard output, standard error)"""
    ended = subprocess.run([DAEMON, *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, timeout=_lib.LIMIT, check=False)
    return ended.returncode, ended.stdout.decode(errors="backslashreplace"), ended.stderr.decode(errors="backslashreplace")


def check(text, name="turnpike.yaml"):
    path = FOLDER / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path, *run("--config", path, "--check")


# ---- broken configurations ----------------------------------------------------------------------------------------------------------

def cases():
    """(title, edits, answer); an edit is (line of the base or None, lines in its place)."""
    case = None
    for line in [line for name in ("broken.txt", "broken_mqtt.txt") for line in (HERE / name).read_text().splitlines()]:
        mark, text = line[:1], line[2:]
        if mark == "=":
            if case:
                yield case
            case = (text, [], [])
        elif mark == "-":
            case[1].append((text, []))
        elif mark == "+":
            if not case[1]:
                case[1].append((None, []))
            case[1][-1][1].append(text)
        elif mark == ">":
            case[2].append(text)
    yield case


def edited(edits):
    if edits[0][0] is None:
        return "\n".join(edits[0][1]) + "\n"
    lines = list(BASE)
    for old, new in edits:
        at = [i for i, line in enumerate(lines) if line.strip() == old]
        expect_equal(len(at), 1, f"lines of base.yaml that are '{old}'")
        indent = len(lines[at[0]]) - len(lines[at[0]].lstrip())
        lines[at[0]:at[0] + 1] = [" " * indent + line for line in new]
    return "\n".join(lines) + "\n"


def octets(text):
    """\\t and \\x.. as the octets they name; two backslashes as one."""
    text = text.encode()
    text = re.sub(rb"(?<!\\)\\x([0-9a-f]{2})", lambda m: bytes([int(m[1], 16)]), text)
    return re.sub(rb"(?<!\\)\\t", b"\t", text).replace(rb"\\", b"\\")


def matches(found, wanted):
    pattern = "".join(".*" if part == "..." else re.escape(part) for part in re.split(r"(\.\.\.)", wanted))
    return re.fullmatch(pattern, found) is not None


def broken_configurations():
    count = 0
    for name in ("server.pem", "server.key", "ca.pem", "revoked.pem", "users.txt"):  # what broken_mqtt.txt refers to
        _credentials.secret(name, "")
    for title, edits, answer in cases():
        path, status, out, err = check(octets(edited(edits)))
        found = [re.sub("^" + re.escape(str(path)), "F", line) for line in err.splitlines()]
        where = f"case '{title}': status {status}, said\n{err}\nexpected\n" + "\n".join(answer)
        expect(status == BAD_CONFIG and out == "", where)
        expect(len(found) == len(answer) and all(map(matches, found, answer)), where)
        count += 1
    print(f"{count} broken configurations are answered as they should be")
    expect(count >= 150, "cases are missing")


def whole_file():
    status, _, err = run("--config", FOLDER / "absent.yaml", "--check")
    expect_equal((status, err), (BAD_CONFIG, f"{FOLDER}/absent.yaml: there is no such file; name one with --config\n"), "missing file")
    status, _, err = run("--config", FOLDER, "--check")
    expect_equal((status, err), (BAD_CONFIG, f"{FOLDER}: Is a directory\n"), "folder as file")
    _, status, _, err = check("wrong: 1\n" * 100)
    expect_equal(status, BAD_CONFIG, "status of 100 mistakes")
    expect("further mistakes are not shown" in err and len(err.splitlines()) == 21, f"100 mistakes are not cut off:\n{err}")
    for text in ("name: t\nsite: " + "[" * 300000, "name: t\nsite:\n" + "".join(" " * n + "-\n" for n in range(200))):  # the first would take libyaml minutes
        path, status, _, err = check(text)
        expect_equal((status, re.sub(":[0-9]+:", ":", err)), (BAD_CONFIG, f"{path}: found more than 64 lists and mappings in each other; expected a configuration\n"),
                     "a deep file")


def aliases():
    """Anchors and aliases are for those who write configurations; what they multiply is bounded before anything is made of it."""
    base = "\n".join(BASE)
    few = base.replace("sources:\n", "sources: &devices\n", 1).replace("listeners:\n", "  - {name: again, sources: *devices}\nlisteners:\n", 1)
    path, status, _, err = check(few)
    expect_equal((status, err), (OK, ""), "two groups of the same sources")

    sources = "\n".join(f"      - {{address: 10.0.{n >> 8}.{n & 255}, device: d{n}}}" for n in range(1000))  # 5 values each
    text = f"name: t\ngroups:\n  - name: g\n    sources: &s\n{sources}\n" + "".join(f"  - {{name: g{n}, sources: *s}}\n" for n in range(100000))
    line = 1004 + (1000000 - 4 - 5004 - 1) // (5001 + 4) + 1  # name and t, groups and its list; the first group; 5,001 values an alias and 4 beside them
    path, status, _, err = check(text)
    expect_equal((status, err), (BAD_CONFIG, f"{path}:{line}: found more than 1000000 values, with those that an alias (*name) stands for; "
                                             "expected a configuration\n"), "values of aliases")
    path, status, _, err = check("name: t\nsite: &s " + "x" * 65536 + "\nmqtt:\n  - may_publish:\n" + "      - *s\n" * 2000)
    expect_equal((status, err), (BAD_CONFIG, f"{path}:{4 + 1023}: found more than 64 MiB of text, with that which an alias (*name) stands for; "
                                             "expected a configuration\n"), "text of aliases")
    path, status, _, err = check("".join(f"a{n}: &a{n} 1\n" for n in range(2000)))
    expect_equal((status, err), (BAD_CONFIG, f"{path}:1001: found more than 1000 anchors (&name); expected a configuration\n"), "anchors")
    path, status, _, err = check("name: t\ngroups: &all\n  - {name: g, sources: *all}\n")
    expect_equal((status, err), (BAD_CONFIG, f"{path}:3: found the alias *all within what it stands for; expected a configuration\n"), "an alias of itself")
    path, status, _, err = check("name: t\nsite: *nobody\n")
    expect_equal((status, err), (BAD_CONFIG, f"{path}:2: not valid YAML: column 7: found undefined alias\n"), "an alias of nothing")


def too_many_sources():
    """The numbers of the answer are those of the file, without the lines of the books that no source of the file has."""
    each, groups = 5000, 13
    lines = "".join(f"      - {{address: 10.0.{n >> 8}.{n & 255}, device: d{n}}}\n" for n in range(each - 1))
    more = "".join(f"  - {{name: more-{n}, sources: *sources}}\n" for n in range(groups - 1))
    text = "\n".join(BASE).replace("    sources:\n", "    sources: &sources\n" + lines).replace("listeners:\n", more + "listeners:\n")
    path, status, _, err = check(text)
    expect_equal((status, re.sub(":[0-9]+:", ":", err)), (BAD_CONFIG, f"{path}: listeners: found {each * groups + 1} sources in all groups and "
                                                          "listeners, expected at most 64996 with 3 listeners\n"), "65,000 sources")


def too_many_routes():
    each, listeners = 256, 4
    routes = ", ".join(f"{{filter: t/{n}, format: raw}}" for n in range(each))
    lines = "".join(f"  - {{name: m{n}, port: {2000 + n}, anonymous: true, unknown_devices: accept, routes: [{routes}]}}\n" for n in range(listeners))
    path, status, _, err = check("\n".join(BASE).replace("mqtt:\n", "mqtt:\n" + lines))
    expect_equal((status, re.sub(":[0-9]+:", ":", err)), (BAD_CONFIG, f"{path}: mqtt: found {each * listeners + 1} routes of MQTT beside 2 "
                                                          "listeners, expected at most 1024 of both\n"), "more routes than listeners of a plan")


# ---- configurations that are right ---------------------------------------------------------------------------------------------------

def right_configurations():
    _, status, out, err = check("\n".join(BASE))
    expect(status == OK and out.endswith("configuration is valid\n") and out.startswith("memory "), f"base.yaml: {out}{err}")
    status, out, err = run("--config", TOP / "examples/turnpike.yaml", "--check")
    expect(status == OK and "configuration is valid" in out, f"examples/turnpike.yaml: {out}{err}")


def dump_config():
    status, dump, err = run("--dump-config")
    expect_equal((status, err), (OK, ""), "--dump-config")
    _, status, out, err = check(dump, "dump.yaml")
    expect(status == OK, f"what --dump-config prints is not valid: {out}{err}")
    # The comments are right too: without their marks everything loads, but for files that are not there, and with one of what excludes each other.
    bare = "\n".join(re.sub(r"^( *)# ((- )?[a-z0-9_]+:( [^(]*)?)$", r"\1\2", line) for line in dump.splitlines())
    (FOLDER / "stolen.csv").write_text("plate\nABC123\n")
    _credentials.certificate("server", _credentials.certificate("devices-ca"))
    _credentials.revoke_nobody("revoked", "devices-ca")
    _credentials.users(["rsu"], "users.txt")
    _credentials.certificate("http")
    _credentials.secret("http.token", "correct-horse-battery-staple\n")
    udp, mqtt, rest = re.fullmatch(r"(.*\n)(mqtt:\n.*\n)(topics:\n.*)", bare, re.DOTALL).groups()
    udp = re.sub(r"\n *identity: .*", "", udp)
    mqtt = re.sub(r"- address: .*\n.*\n *identity:", "- identity:", mqtt).replace("client: none", "client: required")
    bare = udp + mqtt + rest
    bare = re.sub(r"cpus: .*", "cpus: [0]", bare).replace("groups: [rsus]", "groups: []")
    expect("\nlists:\n" in bare and "addresses:" in bare and "\n    tls:\n" in mqtt and "- identity:" in mqtt, "nothing was uncommented")
    _, status, out, err = check(bare, "bare.yaml")
    expect(status == OK, f"the examples of --dump-config are not valid: {out}{err}")


def manual():
    status, text, err = run("--dump-config=markdown")
    expect_equal((status, err), (OK, ""), "--dump-config=markdown")
    expect(text == (TOP / "docs/configuration.md").read_text(), "docs/configuration.md is not what --dump-config=markdown prints")
    status, _, err = run("--dump-config=html")
    expect(status == BAD_CONFIG and "'html'" in err, f"--dump-config=html: {err}")


def signals(text):
    """What each signal that main.c handles does is in --help and in the manual page."""
    handled = re.findall(r"sigaction\((SIG\w+), &", (TOP / "control/main/main.c").read_text())
    expect(len(handled) >= 4, f"signals of main.c: {handled}")
    rows = re.findall(r"^  (SIG\S+(?:, SIG\S+)*)  +\S", text.partition("\nsignals:\n")[2].partition("\n\n")[0], re.MULTILINE)
    expect_equal(sorted(", ".join(rows).split(", ")), sorted(handled), "signals in --help")
    page = (BUILD / "docs/man/turnpiked.8").read_text().partition("\n.SH SIGNALS\n")[2].partition("\n.SH ")[0]
    expect_equal(re.findall(r"^\.TP\n\\fB(.*)\\fR\n\S", page, re.MULTILINE), rows, "signals in turnpiked(8)")


# ---- the command line ----------------------------------------------------------------------------------------------------------------

def command_line():
    status, out, err = run("--version")
    expect(status == OK and re.fullmatch(r"turnpiked \d+\.\d+\.\d+\n", out) and err == "", f"--version: {out}{err}")
    status, out, err = run("--help")
    expect(status == OK and err == "", f"--help: {err}")
    for option in ("config", "check", "replay", "sink", "books", "dump-config", "version", "help"):
        expect(f"  --{option}" in out, f"--help does not tell of --{option}")
    signals(out)
    for arguments, message in (
            (["--confg", "x"], "unknown option '--confg'; did you mean '--config'?"),
            (["--reply=x"], "unknown option '--reply=x'; did you mean '--replay'?"),
            (["-z"], "unknown option '-z'"),
            (["--config"], "an argument is missing behind '--config'"),
            (["--config", "--check"], "an option lacks its argument; found '--check'"),
            (["--config", "x", "y"], "expected options only, found 'y'"),
            ([], "--config FILE is missing"),
            (["--config", TOP / "examples/turnpike.yaml", "--sink", "filee"], "--sink: found 'filee', expected kafka, file or null; did you mean 'file'?")):
        status, out, err = run(*arguments)
        expect(status == BAD_CONFIG and out == "" and message in err, f"{arguments}: status {status}, {out}{err}")


# ---- recordings ------------------------------------------------------------------------------------------------------------------------

PCAP = bytes.fromhex("d4c3b2a1 02000400 00000000 00000000 ffff0000 01000000")


def recordings():
    config = FOLDER / "base.yaml"
    config.write_text("\n".join(BASE))
    for name, content, message in (
            ("absent.pcap", None, "No such file or directory"),
            ("empty.pcap", b"", "the file is empty"),
            ("text.pcap", b"this is no recording\n" * 10, "expected a recording in the form of pcap or pcapng"),
            ("loopback.pcap", PCAP[:20] + bytes([0, 0, 0, 0]), "found link type 0"),
            ("cut.pcap", PCAP + bytes.fromhex("00000000 00000000 40000000 40000000 0102"), "damaged behind packet 0")):
        path = FOLDER / name
        if content is not None:
            path.write_bytes(content)
        status, out, err = run("--config", config, "--replay", path)
        expect(status == FAILED and str(path) in err and message in err, f"{name}: status {status}, {out}{err}")


broken_configurations()
whole_file()
aliases()
too_many_sources()
too_many_routes()
right_configurations()
dump_config()
manual()
command_line()
recordings()
