#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The control socket and turnpikectl beside a worker that never rests: answers that agree with the books, who may connect, and clients that misbehave."""
import contextlib
import json
import os
import shlex
import signal
import socket
import stat
import subprocess
import threading

import _lib
from _control import SOCKET, ask, connect, counters, lines
from _lib import BAD_CONFIG, FAILED, FOLDER, OK, Ctl, Daemon, config, expect, expect_balanced, expect_equal, until

DEVICES = 40
A_FILE = 5  # how turnpikectl --complete ends where a file's name is meant


def traffic():
    """Nearly all of it is malformed and makes no record, so that there is memory for the records of many seconds, should control get no CPU: nothing is dropped."""
    plates = _lib.hex_file("plates.hex", [b'{"plate":"S%06d"}' % n for n in range(200)])
    others = FOLDER / "others.hex"
    others.write_text("".join(f"{{src=10.1.0.{DEVICES + 1 + n % 200}}} {b'no plate'.hex()}\n" for n in range(2000)))
    both, more = _lib.make_pcap([plates], port=47001), _lib.make_pcap([others], port=47001, name="others.pcap")
    with open(both, "ab") as file:
        file.write(more.read_bytes()[24:] * 50)


def tree(**sections):
    sources = [{"address": f"10.1.0.{n}", "device": f"cam-{n}"} for n in range(1, DEVICES + 1)]
    listener = {"name": "plates", "port": 47001, "format": "plate", "sources": sources, "unknown_sources": "accept"}
    return config(port={"name": "p0", "type": "pcap", "device": str(FOLDER / "traffic.pcap"), "repeat": True}, listeners=[listener],
                  sink="null", **{"control": {"socket": str(SOCKET)}, **sections})


def full():
    """Something for each command to show."""
    (FOLDER / "list.csv").write_text("plate,list,valid_to\nS000001,,\nS000002,,\nGONE,,2001-01-01\nS000003,watch,\n")
    return {
        "lists": [{"name": "stolen", "path": "list.csv"}],
        "rules": [{"name": "seven", "kind": "plate_read", "field": "plate", "regex": "0007", "priority": 3},
                  {"name": "raw", "kind": "plate_read", "regex": "nowhere"}],
        "mqtt": [{"name": "gantries", "port": 1883, "anonymous": True, "routes": [{"filter": "plates/+", "format": "plate"}],
                  "sources": [{"identity": "g1", "device": "gantry-1"}]}],
        "tcp": {"connections": 100},
    }


# ---- what is answered ------------------------------------------------------------------------------------------------------------------

def answers():
    until(lambda: Ctl("status").data()["state"] == "running", "the state running")
    until(lambda: Ctl("status").data()["received"] > 10000, "10,000 packets")
    status = Ctl("status").data()
    expect_equal((status["state"], status["sink"], status["workers"], status["plausible"]), ("running", "null", 1, True), "status")
    expect_equal((status["listeners"], status["devices"]), (2, DEVICES + 2), "listeners; cameras, a gantry, and the unknown ones")
    until(lambda: Ctl("status").data()["control_silent_s"] < 1, "control turns")

    before = Ctl("status").data()["received"]
    books = Ctl("books", "--limit", 3).data()
    meanwhile = Ctl("status").data()["received"] - before
    expect_equal(len(books["devices"]), 3, "devices")
    for _ in range(20):
        received = [row["received"] for row in Ctl("books", "--limit", 20).data()["devices"]]
        expect_equal(received, sorted(received, reverse=True), "the busiest first, while their lines move")
    total = books["total"]
    # Counters are read one after the other, what came in last: at most what came in while they were read is without an end.
    expect(0 <= total["in_workers"] < 100000 + meanwhile and total["in_flight"] >= 0, f"books that cannot be: {total}")
    expect_equal([row["reason"] for row in books["reasons"]], ["json_syntax"], "reasons")
    expect_equal([row["device"] for row in Ctl("books", "--device", "cam-17").data()["devices"]], ["cam-17@test"], "one device")
    expect_equal(Ctl("books", "--limit", 0).data()["devices"], [], "no device")

    one = {row["counter"]: row["count"] for row in Ctl("stats", "--device", "cam-17").data()["counters"]}
    expect(one["received"] > 0 and "json_syntax" not in one, f"stats of a camera: {one}")
    expect(len(Ctl("stats", "--all").data()["counters"]) > 100, "all counters")
    senders(Ctl("top", "--count", 1, "--devices", 3).data())


def senders(top):
    """top: three of many, who send most first."""
    rates = [row["rate"] for row in top["devices"]]
    expect(len(rates) == 3 and rates == sorted(rates, reverse=True) and rates[-1] > 0, f"devices that send most: {top['devices']}")


def shown():
    """For people: titles and thousands, and nothing that a terminal would obey."""
    text = Ctl("status", json_data=False).out
    for word in ("state", "running", "books are plausible", "yes"):
        expect(word in text, f"'{word}' is not in\n{text}")
    expect("the busiest devices" in Ctl("books", json_data=False).out, "title of a table")


def mistakes():
    Ctl("bokos").fails(2, "found 'bokos', expected a command", "did you mean 'books'?")
    Ctl().fails(2, "Usage: turnpikectl")
    Ctl("books", "--limti", 3).fails(2, "found '--limti', expected an option of books; did you mean '--limit'?\ntry 'turnpikectl books --help'")
    Ctl("books", "--limit").fails(2, "expected a value")
    Ctl("books", "--limit", "three").fails(2, "found 'three', expected a whole number")
    Ctl("books", "--limit", 1001).fails(1, "found 1001, expected a whole number from 0 to 1000")
    Ctl("books", "--limit", "99999999999999999999").fails(2, "expected a whole number")
    Ctl("books", "more").fails(2, "found 'more', expected no further argument")
    Ctl("stats", "--device", "nosuch").fails(1, "found 'nosuch', expected a device")
    Ctl("stats", "--device", "x" * 300).fails(1, "expected a text of 1 to 255 octets")
    Ctl("status", socket=FOLDER / "none.sock").fails(3, "cannot connect", "is turnpiked running")
    Ctl("status", socket="/" + "x" * 120).fails(2, "at most 107 octets")
    for form in ((), ("--json",)):
        with open("/dev/full", "wb") as full_disk:
            done = subprocess.run([_lib.CTL, "--socket", str(SOCKET), *form, "books"], stdout=full_disk, stderr=subprocess.PIPE, text=True, check=False)
        expect_equal((done.returncode, done.stderr), (1, "turnpikectl: cannot write the standard output\n"), f"books {form} to a full disk")
    Ctl("config").fails(2, "config: found '', expected check, diff, apply, rollback")
    Ctl("config", "put").fails(2, "config: found 'put', expected check, diff, apply, rollback")
    for words in (("config", "--help"), ("help", "config"), ("config", "-h")):
        asked = Ctl(*words)
        expect_equal((asked.status, asked.err, [name for name in ("check", "diff", "apply", "rollback") if f"config {name} " not in asked.out]), (0, "", []), f"{words}")
    Ctl("--name").fails(2, "--name: found nothing behind it, expected a value")
    Ctl("guard", "drop").fails(2, "guard: found 'drop', expected deny, allow, remove")
    Ctl("--timeout", 86400, "status").data()
    for command in ("status", "books", "stats", "top", "workers", "ports", "listeners", "devices", "lists", "rules", "log"):
        expect(command in Ctl("--help").out and "Usage: turnpikectl" in Ctl(command, "--help").out, f"help of {command}")


def completion():
    """What bash is told: words of commands, options of a command, choices; a file name is the shell's affair, and only where a file is meant."""
    def candidates(*words):
        said = subprocess.run([_lib.CTL, "--complete", *words], capture_output=True, text=True, check=False)
        expect(said.returncode in (0, A_FILE) and not (said.returncode and said.stdout), f"{words}: {said}")
        return A_FILE if said.returncode else said.stdout.split()

    expect({"status", "books", "top"} <= set(candidates("")), f"commands: {candidates('')}")
    expect_equal(len(candidates("")), len(set(candidates(""))), "each once")
    expect({"--limit", "--device", "--json"} <= set(candidates("--json", "books", "-")), f"options: {candidates('books', '-')}")
    expect({"deny", "remove"} <= set(candidates("guard", "")), f"second words: {candidates('guard', '')}")
    expect_equal(candidates("devices", "--by", ""), ["rate", "received", "name"], "choices")
    for words in (("--socket", ""), ("config", "apply", ""), ("config", "diff", "tur"), ("--json", "config", "check", "/"), ("capture", ""),
                  ("capture", "--count", "5", "")):
        expect_equal(candidates(*words), A_FILE, f"{words}: a file")
    for words in (("--name", "x", "devices", "--limit", "1"), ("--timeout", ""), ("stats", "--device", ""), ("trace", "--listener", ""), ("rules", ""),
                  ("ports", "--port", ""), ("guard", "deny", ""), ("config", "apply", "x", ""), ("capture", "x", ""), ("no such", "")):
        expect_equal(candidates(*words), [], f"{words}: nothing that turnpikectl knows")
    in_bash(["boo"], "books")
    in_bash(["config", "apply", "t"], "compopt -o default")
    in_bash(["stats", "--device", ""], "")


def in_bash(words, wanted):
    """What bash offers for the last of the words, or that it is told to complete a file's name; compopt itself works only within a real completion."""
    typed = (f"compopt() {{ said=\"compopt $*\"; }}; source {_lib.TOP}/control/cli/turnpikectl.bash; COMP_WORDS=({_lib.CTL} {shlex.join(words)}); "
             f"COMP_CWORD={len(words)}; _turnpikectl; echo \"$said${{COMPREPLY[*]}}\"; complete -p turnpikectl")
    said = subprocess.run(["bash", "-c", typed], capture_output=True, text=True, check=True).stdout
    expect_equal(said, f"{wanted}\ncomplete -F _turnpikectl turnpikectl\n", f"in bash: {words}")


# ---- the other commands ------------------------------------------------------------------------------------------------------------------

def look():
    """Each command that looks, against what the configuration says and against the others."""
    top = [json.loads(line) for line in Ctl("top", "--count", 2, "--devices", 5).out.splitlines()]
    expect_equal(len(top), 2, "looks of top")
    expect(top[0]["rates"]["at_us"] < top[1]["rates"]["at_us"], "looks at two times")
    for one in top:
        rates = one["rates"]
        expect(rates["received"] > 0 and 0 < rates["busy"] <= 1, f"rates {rates}")
        expect(0.5 < (rates["decoded"] + rates["malformed"]) / rates["received"] < 2, f"what came in against what became of it: {rates}")
        expect_equal(len(one["devices"]), 5, "devices of top")
        expect_equal(one["devices"][0]["device"], "unknown@test (plates)", "most comes from unknown senders")
        expect(all(device["rate"] > 0 for device in one["devices"]), f"rates of devices {one['devices']}")

    workers = Ctl("workers").data()
    expect_equal([row["worker"] for row in workers["workers"]], [0], "workers")
    nodes = {row["node"]: row for row in workers["nodes"]}
    expect(nodes["decode-plate"]["packets"] > 0 and nodes["decode-plate"]["cycles_a_packet"] > 1, f"nodes {nodes}")
    for name, row in ((name, row) for name, row in nodes.items() if row["packets"]):
        expect(row["cycles"] > 0 and abs(row["cycles"] - row["cycles_a_packet"] * row["packets"]) <= 1e-6 * row["cycles"], f"cycles of {name}: {row}")
    expect(0.99 < sum(row["share"] for row in nodes.values()) < 1.01, "shares of the nodes")

    port = Ctl("ports", "--xstats").data()
    expect_equal([(row["port"], row["type"], row["rx_queues"], row["up"]) for row in port["ports"]], [("p0", "pcap", 1, True)], "ports")
    expect("rx_good_packets" in {row["counter"] for row in port["xstats"]}, f"the driver's counters: {port['xstats']}")
    Ctl("ports", "--port", "p1").fails(1, "found 'p1', expected a port of the configuration")

    listeners = Ctl("listeners").data()
    expect_equal([(row["listener"], row["protocol"], row["port"], row["format"], row["devices"], row["unknown"]) for row in
                  listeners["listeners"]], [("plates", "udp", 47001, "plate", DEVICES, "accepted"),
                                            ("gantries", "mqtt", 1883, "by route", 1, "refused")], "listeners")
    expect_equal(listeners["listeners"][0]["topics"].split(), ["raw.plate.read.v1", "alert.match.v1", "dlq.v1"], "topics of a listener")
    expect_equal([(row["filter"], row["format"]) for row in listeners["routes"]], [("plates/+", "plate")], "routes")

    expect_equal([(row["list"], row["entries"], row["valid"]) for row in Ctl("lists").data()["lists"]],
                 [("stolen", 3, 2), ("watch", 1, 1)], "lists")
    found = Ctl("rules").data()
    expect_equal([(row["rule"], row["kind"], row["field"], row["priority"]) for row in found["rules"]],
                 [("seven", "plate_read", "plate", 3), ("raw", "plate_read", "payload", 0)], "rules")
    until(lambda: min(hits()[name] for name in ("stolen", "watch", "seven")) > 0, "hits of lists and of a rule")
    before = hits()
    expect_equal((before["raw"], len(before)), (0, 4), "hits of a rule that nothing fits, and rows")
    expect_equal(Ctl("reload").status, OK, "reload")
    until(lambda: all(count >= before[name] for name, count in hits().items()), "hits that go on over a reload")
    expect_equal([row["rule"] for row in Ctl("rules", "sev").data()["rules"]], ["seven"], "rules by name")


def hits():
    """By list and by rule."""
    return {row[what]: row["hits"] for what in ("list", "rule") for row in Ctl(f"{what}s").data()[f"{what}s"]}


def devices():
    rows = Ctl("devices").data()["devices"]
    expect_equal((rows[0]["device"], rows[0]["worst"]), ("unknown", "json_syntax"), "who sends most")
    expect_equal(rows[0]["listener"], "plates", "whose unknown senders they are")
    expect(all("listener" not in row for row in rows if row["device"] != "unknown"), f"devices of no listener in particular: {rows}")
    names = [row["device"] for row in Ctl("devices", "--device", "cam-", "--by", "name", "--limit", 1000).data()["devices"]]
    expect_equal(names, sorted(f"cam-{n}" for n in range(1, DEVICES + 1)), "devices by name")
    part = Ctl("devices", "--device", "cam-", "--by", "name", "--limit", 3, "--skip", 10).data()
    expect_equal(([row["device"] for row in part["devices"]], part["fit"]), (names[10:13], DEVICES), "a part of them")
    one = Ctl("devices", "--device", "cam-17", "--by", "received").data()["devices"][0]
    expect(one["received"] > 0 and one["site"] == "test" and one["rate"] > 0, f"a device: {one}")
    silent = Ctl("devices", "--silent", "--limit", 1000).data()["devices"]
    expect_equal((silent[-1]["device"], "last_seen_us" in silent[-1]), ("gantry-1", False), "who was never heard is last")
    expect(all(row["last_seen_us"] > 0 for row in silent[:-1]), f"the others were heard: {silent}")
    Ctl("devices", "--by", "size").fails(1, 'found "size", expected one of rate|received|name')


def left_out():
    """What a configuration leaves out is shown no more as if it were there: an MQTT listener with its route, and a device, which keeps its line of the books."""
    less = tree(**{**full(), "mqtt": []})
    less["listeners"][0]["sources"].pop(0)
    devices_before = Ctl("status").data()["devices"]
    file = _lib.write_config(less, "less.yaml")
    until(lambda: Ctl("config", "apply", file).status == OK, "less is in force")
    found = Ctl("listeners").data()
    expect_equal(([row["listener"] for row in found["listeners"]], found["routes"]), (["plates"], []), "listeners")
    status = Ctl("status").data()
    expect_equal((status["listeners"], status["devices"]), (1, devices_before - 2), "listeners and devices of the configuration")
    rows = {row["device"]: row for row in Ctl("devices", "--limit", 1000).data()["devices"]}
    expect_equal([name for name, row in rows.items() if "note" in row], [name for name in rows if name in ("cam-1", "gantry-1")], "devices that are left out")
    expect("left out of the configuration" in Ctl("devices", "--device", "cam-1", json_data=False).out, "what people see of it")
    expect("cam-1" not in {row["device"] for row in Ctl("devices", "--silent", "--limit", 1000).data()["devices"]}, "nobody waits for cam-1")
    until(lambda: Ctl("config", "rollback").status == OK, "all is there again")
    expect_equal([row["listener"] for row in Ctl("listeners").data()["listeners"]], ["plates", "gantries"], "listeners")


def log():
    lines = Ctl("log", "--lines", 1000).data()["lines"]
    expect(any("is running" in line for line in lines), f"the log: {lines}")
    expect_equal(Ctl("log", "--lines", 1).data()["lines"], lines[-1:], "the last line")
    expect_equal(Ctl("log", "--lines", 0).data()["lines"], [], "no line")
    with connect() as client:  # follows what is said from now on
        client.sendall(b'{"command":"log","args":{"lines":0,"follow":true}}\n')
        os.kill(daemon_pid(), signal.SIGHUP)
        stream, said = client.makefile("rb"), []
        while not any(": in force, " in line for line in said):  # others may say something in front of it
            said += json.loads(stream.readline())["more"]["lines"]


def daemon_pid():
    return Ctl("status").data()["pid"]


# ---- clients that misbehave ------------------------------------------------------------------------------------------------------------

def stuck():
    """A turnpiked that does not move: it is said, within the time that was asked for, and it is no refusal."""
    pid = daemon_pid()
    os.kill(pid, signal.SIGSTOP)
    try:
        for command in (["status"], ["--timeout", "1", "trace"], ["config", "diff"]):
            Ctl("--timeout=1", *command).fails(4, "has said nothing for 1 s", str(SOCKET))
        Ctl("status", env={**os.environ, "TURNPIKE_TIMEOUT": "1"}).fails(4, "has said nothing for 1 s")
    finally:
        os.kill(pid, signal.SIGCONT)
    expect_equal(Ctl("status").status, OK, "it goes on")
    for wrong in ("", "-1", "1.5", "never", "86401"):
        Ctl("--timeout", wrong, "status").fails(2, "expected")
    Ctl("status", env={**os.environ, "TURNPIKE_TIMEOUT": "soon"}).fails(2, "TURNPIKE_TIMEOUT: found 'soon', expected seconds")


def signs_of_life():
    """A stream with nothing to say still says that it is there, to who asked for it."""
    with connect() as client:
        client.sendall(b'{"id":5,"command":"log","args":{"lines":0,"follow":true},"alive_ms":100}\n')
        stream = client.makefile("rb")
        for _ in range(3):
            expect_equal(json.loads(stream.readline()), {"id": 5, "more": None}, "a sign of life")
    with connect() as client:
        client.sendall(b'{"id":6,"command":"top","args":{"count":1},"alive_ms":99}\n')
        answer = json.loads(client.makefile("rb").readline())
    expect("found 99, expected a whole number from 100 to 3600000" in answer["error"]["message"], f"a wish that cannot be: {answer}")


def shows_no_signs():
    """What turnpikectl prints is as it would be without them. This turnpiked is one of this test, so that the order is certain."""
    path = FOLDER / "other.sock"
    asked = []

    def answer(server):
        client, _ = server.accept()
        with client:
            asked.append(json.loads(client.makefile("rb").readline()))
            show = [{"kind": "lines", "path": "lines"}]
            for line in ({"more": None}, {"more": {"lines": ["one"]}, "show": show}, {"more": None}, {"more": None},
                         {"more": {"lines": ["two"]}}, {"ok": True, "data": None}):
                client.sendall(json.dumps({"id": 1, **line}).encode() + b"\n")

    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        for json_data, wanted in ((False, "one\ntwo\n"), (True, '{"lines":["one"]}\n{"lines":["two"]}\n')):
            thread = threading.Thread(target=answer, args=(server,))
            thread.start()
            found = Ctl("log", "--follow", socket=path, json_data=json_data)
            thread.join()
            expect_equal((found.status, found.out), (0, wanted), f"printed; it said {found.err}")
        thread = threading.Thread(target=answer, args=(server,))
        thread.start()
        Ctl("--timeout", 0, "log", "--follow", socket=path)
        thread.join()
    expect_equal([request.get("alive_ms") for request in asked], [_lib.LIMIT * 250] * 2 + [None], "signs that were asked for")


def garbage():
    before = counters()
    found = ask(b"\x00\xff\x00", b"[[[[", {"command": "status", "id": 3}, {"command": "nosuch", "id": "a"}, b"", b"\r")
    expect_equal([(line["id"], line["ok"]) for line in found], [(None, False), (None, False), (3, True), ("a", False)], "answers to garbage")
    expect_equal(found[0]["error"]["code"], "malformed", "code")
    after = counters()
    expect_equal((after["malformed"] - before["malformed"], after["refused"] - before["refused"]), (2, 1), "counted")


def too_long():
    with connect() as client:
        client.sendall(b"x" * 65536)
        found = lines(client)
    expect_equal([line["error"]["message"] for line in found], ["the line is longer than 65536 octets: the connection is closed"], "answer")
    expect_equal(counters()["too_long"], 1, "counted")


def too_many_at_once():
    """As many connections as are allowed: the next one is told so."""
    clients = [connect() for _ in range(16)]
    found = Ctl("status").fails(1, "as many clients as control.clients allows")
    expect_equal(found.out, "", "nothing printed")
    for client in clients:
        client.close()
    until(lambda: Ctl("status").status == 0, "room for another client")
    expect(counters()["too_many_clients"] >= 1, "counted")


def vanishing():
    for _ in range(50):
        with connect() as client, contextlib.suppress(BrokenPipeError):  # turned away where those before are not gone yet
            client.sendall(b'{"command":"books","args":{"limit":1000}}\n' * 20)
    with connect() as client, contextlib.suppress(BrokenPipeError):
        client.sendall(b'{"command":"sta')
    until(lambda: Ctl("status").status == 0, "an answer after all that")


# ---- who may connect -------------------------------------------------------------------------------------------------------------------

def which():
    """Who does not say which turnpiked gets the one called turnpike, or the only one there is; where there are several, they are named."""
    if os.geteuid() != 0 or subprocess.run(["unshare", "--mount", "true"], check=False).returncode != 0:
        print("a folder of sockets of the test's own needs root")
        return

    def status_among(*names, words="status"):
        places = shlex.join(f"/run/turnpike/{name}.sock" for name in names)
        script = f'mount -t tmpfs none /run && mkdir /run/turnpike && for f in {places}; do ln -s "$1" "$f" || exit 99; done; exec "$2" {words}'
        return subprocess.run(["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh", str(SOCKET), _lib.CTL], capture_output=True, text=True,
                              timeout=_lib.LIMIT, check=False, env={name: value for name, value in os.environ.items() if name != "TURNPIKE_SOCKET"})

    for names in (("north",), ("turnpike",), ("north", "turnpike")):
        found = status_among(*names)
        expect("running" in found.stdout, f"{names}: {found.stdout}{found.stderr}")
    found = status_among("north", "south")
    expect_equal(found.returncode, 2, f"several: {found.stdout}{found.stderr}")
    expect("no turnpiked called 'turnpike'" in found.stderr and "north" in found.stderr and "south" in found.stderr, found.stderr)
    found = status_among("north", "south-2", "$(reboot)", "a b", words="--complete --name ''")
    expect_equal((found.returncode, sorted(found.stdout.splitlines())), (0, ["north", "south-2"]), f"names for completion: {found}")
    found = status_among()
    expect(found.returncode == 3 and "/run/turnpike/turnpike.sock" in found.stderr, f"none: {found.stderr}")


def permissions():
    mode = stat.S_IMODE(SOCKET.stat().st_mode)
    expect_equal(mode, 0o600, "mode without control.group")
    if os.geteuid() != 0:
        return
    SOCKET.chmod(0o777)  # the file lets everybody in: what the kernel says of the peer counts
    FOLDER.chmod(0o755)
    nobody = subprocess.run([_lib.CTL, "--socket", str(SOCKET), "status"], user=65534, group=65534, extra_groups=[], capture_output=True,
                            text=True, timeout=_lib.LIMIT, check=False)
    expect_equal((nobody.returncode, nobody.stdout), (1, ""), "nobody's exit status and what he saw")
    expect("not permitted" in nobody.stderr, f"nobody was told {nobody.stderr}")
    expect_equal(counters()["not_permitted"], 1, "counted")


def one_daemon():
    traffic()
    with Daemon(tree(**full())) as daemon:
        until(lambda: Ctl("status").status == OK, "an answer")  # its file is there before anybody listens
        answers()
        shown()
        completion()
        look()
        devices()
        left_out()
        log()
        mistakes()
        stuck()
        signs_of_life()
        shows_no_signs()
        garbage()
        too_long()
        too_many_at_once()
        vanishing()
        which()
        permissions()
        run = daemon.stop().expect(OK)
    expect_balanced(run)
    expect(not SOCKET.exists(), "the socket is gone")


# ---- the socket's file -----------------------------------------------------------------------------------------------------------------

def with_group():
    """A member of control.group may; the file says so, too. A file that was left over is taken over."""
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(SOCKET))
    left.close()
    with Daemon(tree(control={"socket": str(SOCKET), "group": "nogroup"})) as daemon:
        until(lambda: Ctl("status").status == 0, "an answer")
        expect_equal(stat.S_IMODE(SOCKET.stat().st_mode), 0o660, "mode with control.group")
        if os.geteuid() == 0:
            FOLDER.chmod(0o755)
            for groups, status in (([65534], 0), ([], 3)):
                member = subprocess.run([_lib.CTL, "--socket", str(SOCKET), "status"], user=65533, group=65533, extra_groups=groups,
                                        capture_output=True, text=True, timeout=_lib.LIMIT, check=False)
                expect_equal(member.returncode, status, f"groups {groups}: {member.stderr}")
        daemon.stop().expect(OK)


def refused_starts():
    SOCKET.write_text("not a socket")
    with Daemon(tree()) as daemon:
        daemon.wait().expect(FAILED, "control.socket: found something that is no socket at")
    SOCKET.unlink()
    with Daemon(tree(control={"socket": str(FOLDER / "none/control.sock")})) as daemon:
        daemon.wait().expect(FAILED, "control.socket: cannot make")
    with Daemon(tree(control={"socket": str(SOCKET), "group": "no-such-group"})) as daemon:
        daemon.wait().expect(FAILED, "control.group: found 'no-such-group', expected a group of this machine")
    if os.geteuid() == 0:  # as somebody who is no member of the group
        FOLDER.chmod(0o777)
        with Daemon(tree(control={"socket": str(SOCKET), "group": "adm"}), command=("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", _lib.DAEMON)) as daemon:
            daemon.wait().expect(FAILED, "cannot give to control.group", "must be a member of that group: usermod")
    with Daemon(tree(control={"socket": "/" + "x" * 107})) as daemon:
        daemon.wait().expect(BAD_CONFIG, "control.socket")


one_daemon()
with_group()
refused_starts()
