#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""turnpikectl config check, diff, apply and rollback beside a worker that never rests: what is said of a right file and of wrong ones, that those change nothing, who may
have which file read, and the guard's rules changed under traffic. No Kafka."""
import json
import os
import subprocess

import _lib
from _control import SOCKET, ask
from _lib import CTL, FAILED, FOLDER, OK, Ctl, Daemon, config, expect, expect_balanced, expect_equal, settled, until

AUDIT, NEW = FOLDER / "audit.log", FOLDER / "new.yaml"
SECRET = "correct-horse-battery"
STAGES = ("reading the configuration", "reading certificates and users", "compiling lists and rules", "making the plan")


def tree(device="cam-1", **sections):
    listener = {"name": "plates", "port": 47001, "format": "plate", "unknown_sources": "accept", "sources": [{"address": "10.1.0.1", "device": device}]}
    return config(port={"name": "p0", "type": "pcap", "device": str(FOLDER / "traffic.pcap"), "repeat": True}, listeners=[listener], sink="null",
                  control={"socket": str(SOCKET), "audit": str(AUDIT), "group": "nogroup"}, **sections)


def write(content, path=NEW):
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    path.chmod(0o644)
    return path


def devices():
    return {row["device"] for row in Ctl("devices").data()["devices"]}


def in_force():
    return Ctl("listeners").data()["listeners"]


def audit():
    return [json.loads(line) for line in AUDIT.read_text().splitlines()]


def changes(data):
    return {row["option"]: (row["before"], row["after"], row["restart"]) for row in data["changes"]}


# ---- looking ---------------------------------------------------------------------------------------------------------------------------

def looks():
    """check and diff say what there is and change nothing."""
    before = in_force()
    data = Ctl("config", "check", write(tree())).data()
    expect_equal((data["path"], data["result"], data["differences"], data["need_restart"]), (str(NEW), "right, it can be put in force", 0, 0), "the same")

    write(tree("cam-2", books={"interval_s": 7, "stats_interval_ms": 0}))
    for words in ("check", "diff"):
        data = Ctl("config", words, NEW).data()
        expect_equal(changes(data)["books.interval_s"][1:], ("7", False), f"{words}: the new interval")
        expect(any("cam-2" in f"{option}{after}" for option, (_, after, _) in changes(data).items()), f"{words}: the new device: {data}")
    shown = Ctl("config", "diff", NEW, json_data=False).out
    expect("books.interval_s" in shown and "differences" in shown, shown)
    expect("keeps what it has" not in shown, f"a note that nothing asks for: {shown}")
    note = "one that exists keeps what it has"
    more = tree()
    [topic for topic in more["topics"] if topic["name"] == "raw.plate.read.v1"][0]["partitions"] = 6
    write(more)
    data = Ctl("config", "diff", NEW).data()
    expect_equal([row["option"] for row in data["changes"] if note in row.get("note", "")], ["topics[raw.plate.read.v1].partitions"], f"partitions of a topic: {data}")
    expect(note in Ctl("config", "diff", NEW, json_data=False).out, "what people see of it")
    expect_equal(Ctl("config", "diff").data()["differences"], 0, "the file in force is as it was read")
    expect_equal(in_force(), before, "nothing was changed")
    expect("cam-2" not in devices(), "nothing was changed")


def restart():
    """What needs a restart is named by diff and check, and refused by apply."""
    bad = tree("cam-2")
    bad["workers"]["count"] = 3
    write(bad)
    data = Ctl("config", "diff", NEW).data()
    expect_equal((data["result"], data["need_restart"]), ("needs a restart", 1), "diff")
    expect_equal(changes(data)["workers.count"], ("1", "3", True), "diff")
    Ctl("config", "apply", NEW).fails(FAILED, "differences that need a restart, nothing was changed", "workers.count: 1 -> 3: this needs a restart")
    expect("cam-2" not in devices(), "half of it was put in force")


# ---- wrong files -----------------------------------------------------------------------------------------------------------------------

def wrong():
    """Each is answered with what is wrong, and nothing is changed."""
    before = in_force()
    mistake = tree("cam-9")
    mistake["listeners"][0].update({"prot": 1, "colour": "x"})
    value = tree("cam-9")
    value["listeners"][0]["format"] = "plaet"
    (FOLDER / "bad.csv").write_text(f"plate,priority\nP1,{SECRET}\n")
    named = tree("cam-9", lists=[{"name": "bad", "path": str(FOLDER / "bad.csv")}])
    for words in ("check", "diff", "apply"):
        Ctl("config", words, write("listeners: [\n")).fails(FAILED, f"{NEW}:", "nothing was changed")
        Ctl("config", words, write("\x1b[2J: \x07\n")).fails(FAILED, "nothing was changed")
        Ctl("config", words, write(mistake)).fails(FAILED, f"{NEW}:1: listeners[0].prot: unknown key", "colour")
        Ctl("config", words, write(value)).fails(FAILED, "listeners[0].format", "plaet", "did you mean 'plate'")
        Ctl("config", words, FOLDER / "not-there.yaml").fails(FAILED, "cannot read", "No such file")
        Ctl("config", words, FOLDER).fails(FAILED, "found no regular file")
        Ctl("config", words, "/dev/zero").fails(FAILED, "found no regular file")
        failed = Ctl("config", words, write(named)).fails(FAILED, "a file that the configuration names has a mistake")
        expect(SECRET not in failed.err + Ctl("log", "--lines", 1024).out, "what stands in a file that the configuration names")
    answer = ask({"id": 1, "command": "config check", "args": {"file": "etc/new.yaml"}})[0]
    expect_equal((answer["ok"], answer["error"]["code"]), (False, "invalid"), "a path that is not absolute")
    answer = ask({"id": 1, "command": "config check", "args": {"file": str(write(mistake))}})[0]
    expect(len(answer["error"]["details"]) >= 2 and all(line.isprintable() for line in answer["error"]["details"]), f"lines: {answer}")
    expect_equal(in_force(), before, "nothing was changed")
    expect("cam-9" not in devices(), "nothing was changed")


def theirs():
    """turnpiked reads no file for somebody who may not."""
    if os.geteuid() != 0:
        print("not root: what another user may have read was left out")
        return
    FOLDER.chmod(0o711)
    write(tree("cam-9"))

    def nobody(words, path):
        return subprocess.run([CTL, "--socket", str(SOCKET), "config", words, str(path)], user="nobody", group="nogroup", extra_groups=[],
                              capture_output=True, text=True, timeout=_lib.LIMIT, check=False)
    expect_equal(nobody("check", NEW).returncode, 0, "a file for all")
    NEW.chmod(0o600)
    for words in ("check", "diff", "apply"):
        ended = nobody(words, NEW)
        expect(ended.returncode == FAILED and "you may not read it" in ended.stderr, f"{words}: {ended}")
    shadow = nobody("check", "/etc/shadow")
    expect(shadow.returncode == FAILED and "root" not in shadow.stderr and "you may not read it" in shadow.stderr, f"{shadow}")
    expect("cam-9" not in devices(), "nothing was changed")


# ---- changes ---------------------------------------------------------------------------------------------------------------------------

def applies():
    """There, back, there again; the reload of the same file in between is no step."""
    Ctl("config", "rollback").fails(FAILED, "no other configuration was in force before this one")
    AUDIT.write_text("")
    write(tree("cam-2"))
    data = Ctl("config", "apply", NEW).data()
    expect_equal((data["path"], data["result"], data["lists"]), (str(NEW), "in force", "the same"), "apply")
    expect(data["differences"] > 0 and len(data["changes"]) == data["differences"], f"what changed: {data}")
    expect("cam-2" in devices(), "cam-2 is there")
    settled("config", "apply")
    settled("reload")
    write("listeners: [\n")  # what is on the disk does not matter
    data = settled("config", "rollback").data()
    expect(data["path"] != str(NEW) and data["result"] == "in force" and "was not written" in data["note"], f"rollback: {data}")
    expect_equal(NEW.read_text(), "listeners: [\n", "the file")
    expect(any("cam-1" in f"{row}" for row in data["changes"]), f"what changed back: {data}")
    data = settled("config", "rollback").data()
    expect_equal(data["path"], str(NEW), "a second rollback undoes the first")
    settled("config", "rollback")
    shown = settled("config", "apply", json_data=False)
    expect("in force" in shown.out and "what changed" in shown.out, shown.out)
    found = audit()
    expect_equal((found[0]["command"], found[0]["args"], found[0]["outcome"], found[0]["uid"]), ("config apply", {"file": str(NEW)}, "ok", os.geteuid()), "audit")
    expect("config rollback" in {line["command"] for line in found}, f"audit: {found}")


def taken_away():
    """Whose file is in force may put another one in its place, such as one that only turnpiked may read: nobody is told then what stands in it."""
    if os.geteuid() != 0:
        print("not root: a file in force that becomes another one was left out")
        return
    FOLDER.chmod(0o711)
    secret, mine = FOLDER / "secret", write(tree("cam-1"), FOLDER / "mine.yaml")
    secret.write_text(SECRET)
    secret.chmod(0o600)
    settled("config", "apply", mine)
    settled("config", "diff")
    mine.unlink()
    mine.symlink_to(secret)
    for words in ("diff", "apply"):
        ended = subprocess.run([CTL, "--socket", str(SOCKET), "config", words], user="nobody", group="nogroup", extra_groups=[], capture_output=True, text=True,
                               timeout=_lib.LIMIT, check=False)
        expect(ended.returncode == FAILED and SECRET not in ended.stdout + ended.stderr and "you may not read it" in ended.stderr, f"{words}: {ended}")
    settled("config", "rollback")


def names(data):
    return {row["option"] for row in data["changes"]}


def at_once():
    """Two in one write: the first one is put in force, the second one is told that it is under way. Returns what people see of how far it is."""
    settled("config", "diff")
    got = ask(*({"id": n, "command": "config apply", "args": {"file": str(NEW)}, "show": True} for n in (1, 2)))
    answers = {a["id"]: a for a in got if "ok" in a}
    expect(answers[1]["ok"] and answers[1]["data"]["lists"] == "compiled again", f"the first: {answers[1]}")
    expect_equal((answers[2]["ok"], answers[2]["error"]["code"]), (False, "busy"), "the second")
    expect("cam-3" in devices(), "cam-3 is there")
    settled("config", "rollback")
    return {line for a in got for line in a.get("more", {}).get("progress", [])}


def twice():
    """While one is under way, a second one is told so. People see each stage that takes longer than a moment: on a slow machine also others, and none where
    the one who looks gets no CPU meanwhile."""
    (FOLDER / "many.csv").write_text("plate\n" + "".join(f"M{n:07}\n" for n in range(200000)))
    write(tree("cam-3", lists=[{"name": "many", "path": str(FOLDER / "many.csv")}]))
    stages = set()

    def compiled():
        stages.update(at_once())
        return STAGES[2] in stages
    until(compiled, "how far it is")
    expect(stages <= set(STAGES), f"stages: {stages}")


def guarded():
    """A rule of the guard comes and goes with the configuration, while packets pass."""
    def denied():
        return {row["counter"]: row["count"] for row in Ctl("stats", "--all").data()["counters"]}["guard_denied"]

    def rules():
        return [(row["prefix"], row["verdict"]) for row in Ctl("guard").data()["rules"]]
    expect_equal((rules(), denied()), ([], 0), "before")
    write(tree("cam-1", guard={"deny": ["10.1.0.0/16"]}))
    data = settled("config", "apply", NEW).data()
    expect(any(option.startswith("guard.") for option in names(data)), f"what changed: {data}")
    expect_equal(rules(), [("10.1.0.0/16", "deny")], "the rule of the file")
    until(lambda: denied() > 0, "packets that the new rule drops")
    settled("config", "rollback")
    expect_equal(rules(), [], "after the rollback")
    until(lambda: len({denied() for _ in range(3)}) == 1, "nothing more is denied")


def guarded_live():
    """A rule made live outlasts a configuration that says otherwise, and that one is told."""
    def notes(data):
        return {change["option"]: "turnpikectl guard" in change.get("note", "") for change in data["changes"]}
    Ctl("guard", "deny", "10.55.0.0/16").data()
    write(tree("cam-1", guard={"allow": ["10.55.0.0/16"], "source_rate": 1000000}))
    for word in ("diff", "apply"):
        expect_equal(notes(settled("config", word, NEW).data()), {"guard.allow": True, "guard.source_rate": False}, f"{word}: which change has the note")
    expect_equal([row["verdict"] for row in Ctl("guard").data()["rules"]], ["deny"], "the rule that holds")
    Ctl("guard", "remove", "10.55.0.0/16").data()
    expect_equal(notes(settled("config", "rollback").data()), {"guard.allow": False, "guard.source_rate": False}, "no live rule, no note")


_lib.make_pcap([_lib.hex_file("plates.hex", [b'{"plate":"S%06d"}' % n for n in range(200)])], port=47001)
with Daemon(tree()) as daemon:
    until(lambda: SOCKET.exists() and Ctl("status").status == 0, "an answer", 4 * _lib.LIMIT)
    until(lambda: Ctl("status").data()["received"] > 0, "packets")
    for case in (looks, restart, wrong, theirs, applies, twice, taken_away, guarded, guarded_live):
        case()
        print(case.__name__, flush=True)
    run = daemon.stop().expect(OK)
expect_balanced(run)
