#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The status page in a real Chromium: it shows what the daemon says, loads nothing from elsewhere, has no error on its console, is light, dark and fits a phone, can be
walked by keyboard, does not grow, takes no markup from a name, and says when the appliance is gone. Pictures are in build/check/page/."""
import json
import re
import shutil
import subprocess
import threading

import _http
import _lib
from _lib import FOLDER, TOP, Daemon, expect, expect_equal, skip

PICTURES = TOP / "build/check/page"
NAME = "<img src=x onerror=injected=1>"


def node_path():
    done = subprocess.run([str(TOP / "tools/node.sh")], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else skip(done.stderr.strip() or "tools/node.sh failed")


def light(colour):
    return sum(map(int, re.findall(r"\d+", colour)[:3])) > 384


def check(seen, port):
    expect_equal(seen["console"], [], "what the console says")
    expect_equal(sorted(url for url in seen["requests"] if not url.startswith(f"http://127.0.0.1:{port}/")), [], "requests to elsewhere")
    expect(seen["page"]["port"] == NAME and not seen["page"]["injected"], f"name of the port: {seen['page']}")
    expect(seen["page"]["tiles"] == 5 and seen["page"]["workers"] == 1, f"parts of the page: {seen['page']}")
    expect(int(seen["page"]["received"].replace(",", "")) > 0, "nothing was received")
    expect(light(seen["light"]["background"]) and not light(seen["light"]["color"]), f"light: {seen['light']}")
    expect(not light(seen["dark"]["background"]) and light(seen["dark"]["color"]), f"dark: {seen['dark']}")
    for view in ("light", "dark", "phone"):
        expect_equal((seen[view]["overflow"], seen[view]["small"]), (0, 0), f"{view}: scrolls sideways, or buttons too small")
    expect_equal([walked for walked in seen["walk"] if walked[0] != walked[1] or not walked[2]], [], "buttons that Tab did not reach in order, or without a mark")
    expect(len(seen["walk"]) == 7 and seen["entered"] == ["Ports", True], f"Enter on the last one: {seen['entered']}")
    expect(seen["grown"]["nodes"] <= 12 and seen["grown"]["heap"] < 1 << 20, f"a page left open grows: {seen['grown']}")


def main():
    if not shutil.which("chromium"):
        skip("'chromium' is not installed: make deps")
    modules, port = node_path(), _http.free_port()
    PICTURES.mkdir(parents=True, exist_ok=True)
    tree = _http.tree(port)
    tree["ports"][0]["name"] = NAME
    with Daemon(tree) as daemon:
        _http.wait_ready(port, daemon)
        browser = subprocess.Popen(["node", str(TOP / "tests/smoke/browser.js"), str(port), str(FOLDER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   text=True, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(FOLDER), "NODE_PATH": modules})
        timer = threading.Timer(5 * _lib.LIMIT, browser.kill)
        timer.start()
        try:
            line = browser.stdout.readline()
            expect(line, "the browser did not get to the end")
            print(line)
            for picture in FOLDER.glob("*.png"):
                shutil.copy(picture, PICTURES)
            check(json.loads(line), port)
            daemon.stop().expect(_lib.OK)
            browser.stdin.write("gone\n")
            browser.stdin.flush()
            expect("does not answer" in json.loads(browser.stdout.readline())["gone"], "the page does not say that the appliance is gone")
            expect_equal(browser.wait(_lib.LIMIT), 0, "exit status of the browser")
        finally:
            timer.cancel()
            browser.kill()
            browser.wait()


main()
