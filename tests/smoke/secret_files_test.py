#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Files with secrets that others may use are refused by --check, at start, by SIGHUP and by config apply; what the message says to run mends them, and a file
that the group may read is fine."""
import os
import re
import signal
import ssl
import subprocess

import _credentials
from _http import free_port, get, tree, wait_ready
from _lib import BAD_CONFIG, DAEMON, FAILED, FOLDER, LIMIT, OK, Ctl, Daemon, expect, expect_equal, settled, until, write_config

TOKEN = "correct-horse-battery-staple"
GOOD, EXPOSED = (0o600, 0o640), (0o644, 0o604)


def everything(port):
    """A configuration that names a file for each option that takes one with a secret: (tree, option -> path)."""
    certificate, key = _credentials.certificate("server")
    http_certificate, http_key = _credentials.certificate("http it's", None, "subjectAltName=IP:127.0.0.1")  # a path that a shell would cut
    files = {"mqtt[0].tls.key": key, "mqtt[0].users": _credentials.users(["rsu"]), "http.key": http_key,
             "http.token_file": _credentials.secret("http.token", f"{TOKEN}\n"), "sink.kafka.properties[0]": _credentials.secret("kafka.key", "a key\n"),
             "sink.kafka.properties[1]": _credentials.secret("kafka.p12", "a key store\n"), "sink.kafka.properties[2]": _credentials.secret("kafka.keytab", "a key table\n")}
    served = {"listen": f"127.0.0.1:{port}", "certificate": http_certificate, "key": http_key, "token_file": str(files["http.token_file"])}
    conf = tree(port, http=served, mqtt=[{"name": "m", "port": 8883, "users": files["mqtt[0].users"], "unknown_devices": "accept",
                                          "routes": [{"filter": "t/#", "format": "raw"}], "tls": {"certificate": certificate, "key": key}}])
    conf["sink"]["kafka"]["properties"] = [f"{name}={files[f'sink.kafka.properties[{i}]']}" for i, name in
                                           enumerate(("ssl.key.location", "ssl.keystore.location", "sasl.kerberos.keytab"))]
    return conf, {option: str(path) for option, path in files.items()}


def check(path, **who):
    """Status, and what it said but for that the certificate, which is made for two days, ends soon."""
    done = subprocess.run([DAEMON, "--config", str(path), "--check"], capture_output=True, text=True, timeout=LIMIT, check=False, **who)
    return done.returncode, "".join(line for line in done.stderr.splitlines(True) if ": ends on " not in line)


def said(text, option, path, mode):
    """The message of that option and file: what was found, what is expected. The command that mends it."""
    lines = [line for line in text.splitlines() if f" {option}: " in line]
    expect(len(lines) == 1 and path in lines[0], f"{option}: not one line names it with {path}:\n{text}")
    match = re.search(rf": found mode {mode:04o}, others may use it; expected 0640 or stricter: (ch(mod|grp) .*)$", lines[0])
    expect(match, f"{option}, mode {mode:04o}: {lines[0]}")
    return match[1]


def by_check(conf, files):
    path = write_config(conf)
    for option, file in files.items():
        for mode in GOOD:
            os.chmod(file, mode)
            expect_equal(check(path), (OK, ""), f"{option}, mode {mode:04o}")
        for mode in EXPOSED:
            os.chmod(file, mode)
            status, text = check(path)
            expect_equal((status, len(text.splitlines())), (BAD_CONFIG, 1), f"{option}, mode {mode:04o}: {text}")
            subprocess.run(["sh", "-c", said(text, option, file, mode)], check=True)
            expect_equal(os.stat(file).st_mode & 0o777, mode & 0o770, f"{option}: after the command of the message")
            expect_equal(check(path), (OK, ""), f"{option}: after the command of the message")
        os.chmod(file, 0o640)


def all_at_once(conf, files):
    """Who mends one sees all of them, but for users, whose file is read when everything else is right."""
    for file in files.values():
        os.chmod(file, 0o644)
    status, text = check(write_config(conf))
    expect_equal((status, len(text.splitlines())), (BAD_CONFIG, len(files) - 1), text)
    for file in files.values():
        os.chmod(file, 0o640)


def by_a_service(conf, files):
    """root writes a file, the service reads it by its group: allowed. Where it read the file as one of the others, the command gives it the group."""
    if os.geteuid() != 0:
        print("not root: what a service of another user says was left out")
        return
    nobody = {"user": "nobody", "group": "nogroup", "extra_groups": []}
    FOLDER.chmod(0o711)
    path = write_config(conf)
    path.chmod(0o644)
    group = os.stat(files["http.key"]).st_gid
    for file in files.values():
        subprocess.run(["chgrp", "nogroup", file], check=True)
    expect_equal(check(path, **nobody), (OK, ""), "files of root that the group may read")
    for option, file in files.items():
        os.chown(file, 0, group)
        os.chmod(file, 0o644)
        status, text = check(path, **nobody)
        expect_equal(status, BAD_CONFIG, f"{option}: {text}")
        command = said(text, option, file, 0o644)
        expect(command.startswith("chgrp nogroup ") and " && chmod 0640 " in command, f"{option}: {command}")
        subprocess.run(["sh", "-c", command], check=True)
        expect_equal(check(path, **nobody), (OK, ""), f"{option}: after the command of the message")


def at_start(conf, files):
    for option, file in files.items():
        os.chmod(file, 0o644)
        with Daemon(conf) as daemon:
            said(daemon.wait().expect(BAD_CONFIG).text, option, file, 0o644)
        os.chmod(file, 0o640)


def by_token(token):
    """What get() needs behind the path."""
    return {"Authorization": f"Bearer {token}"}, "https", ssl.create_default_context(cafile=str(FOLDER / "http it's.pem"))


def let_in(port, token):
    return get(port, "/healthz", *by_token(token))[0] == 200


def while_it_runs(port, conf, files):
    """The old ones stay in force until the file is mended."""
    with Daemon(conf) as daemon:
        wait_ready(port, daemon, *by_token(TOKEN))
        (FOLDER / "http.token").write_text(TOKEN[::-1] + "\n")
        for option, file in files.items():
            os.chmod(file, 0o644)
            for words in (["reload"], ["config", "apply"], ["config", "check", FOLDER / "turnpike.yaml"], ["config", "apply", FOLDER / "turnpike.yaml"]):
                failed = Ctl(*words).fails(FAILED, "nothing was changed")
                if words[0] == "config" and option != "mqtt[0].users":  # what is wrong with the content of a file is in the log alone
                    said(failed.err, option, file, 0o644)
            times = daemon.log.read_text().count("nothing was changed")
            daemon.process.send_signal(signal.SIGHUP)
            until(lambda: daemon.log.read_text().count("nothing was changed") > times, f"{option}: SIGHUP is answered")  # noqa: B023
            expect(let_in(port, TOKEN) and not let_in(port, TOKEN[::-1]), f"{option}: the token from before is not the one in force")
            os.chmod(file, 0o640)
        expect_equal(Ctl("reload").status, OK, "with the files mended")
        expect(let_in(port, TOKEN[::-1]) and not let_in(port, TOKEN), "the new token is not in force")
        run = daemon.stop().expect(OK, "the books balance")
    for option, file in files.items():
        said("\n".join(dict.fromkeys(line for line in run.text.splitlines() if f" {option}: " in line)), option, file, 0o644)


# ---- the configuration itself -----------------------------------------------------------------------------------------------------------

OWN, PASSWORD = "sink.kafka.properties[3]", "hunter2"


def own_said(text, path, mode):
    expect(PASSWORD not in text and "found a secret (sasl.password) in" in text, text)
    return said(text, OWN, str(path), mode)


def itself(port, conf):
    """A password in the configuration makes it a file with a secret. A rollback reads no file, and asks nothing of one."""
    path = write_config(conf)
    path.chmod(0o644)
    expect_equal(check(path), (OK, ""), "a configuration without a password that others may read")
    conf["sink"]["kafka"]["properties"].append(f"sasl.password={PASSWORD}")
    write_config(conf)
    for mode in EXPOSED:
        path.chmod(mode)
        status, text = check(path)
        expect_equal(status, BAD_CONFIG, text)
        subprocess.run(["sh", "-c", own_said(text, path, mode)], check=True)
        expect_equal(check(path), (OK, ""), "after the command of the message")
    path.chmod(0o644)
    with Daemon(conf) as daemon:
        own_said(daemon.wait().expect(BAD_CONFIG).text, path, 0o644)
    path.chmod(0o640)
    with Daemon(conf) as daemon:
        wait_ready(port, daemon, *by_token(TOKEN[::-1]))
        other = write_config({**conf, "site": "elsewhere"}, "other.yaml")
        other.chmod(0o604)
        for words in ("check", "apply"):
            own_said(Ctl("config", words, other).fails(FAILED, "nothing was changed").err, other, 0o604)
        path.chmod(0o644)
        Ctl("reload").fails(FAILED, "nothing was changed")
        own_said("\n".join(line for line in daemon.log.read_text().splitlines() if line.startswith(f"{path}:")), path, 0o644)
        other.chmod(0o640)
        expect_equal(Ctl("config", "apply", other).status, OK, "a file that others may not read")
        settled("config", "rollback")  # to what was read from a file that is exposed by now
        daemon.stop().expect(OK, "the books balance")
    path.chmod(0o644)
    conf["sink"]["kafka"]["properties"].pop()


PORT = free_port()
CONF, FILES = everything(PORT)
by_check(CONF, FILES)
all_at_once(CONF, FILES)
at_start(CONF, FILES)
while_it_runs(PORT, CONF, FILES)
itself(PORT, CONF)
by_a_service(CONF, FILES)
print(f"{len(FILES)} kinds of files with secrets are refused where others may use them")
