#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""HTTP: metrics that promtool accepts and that agree with the books, health, the page's data; every kind of bad request; clients that are slow, many or
gone; scrapes without a pause, after which the daemon is as large as before."""
import contextlib
import http.client
import re
import shutil
import socket
import ssl
import subprocess
import threading
import time

import _credentials
import _lib
import _threads
from _http import free_port, get, metric, promtool, raw, rest, rss, status, tree, wait_ready
from _lib import BAD_CONFIG, FAILED, FOLDER, OK, Ctl, Daemon, expect, expect_equal, skip, until

TOKEN = "correct-horse-battery-staple"
HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer"}


def code_of(answer):
    match = re.match(rb"HTTP/1\.1 (\d{3}) ", answer or b"")
    return int(match[1]) if match else None


def good(port):
    """What each path answers."""
    expect_equal(get(port, "/healthz")[::2], (200, "ok\n"), "/healthz")
    expect_equal(get(port, "/readyz")[::2], (200, "ok\n"), "/readyz")
    code, headers, page = get(port)
    expect_equal((code, headers["Content-Type"]), (200, "text/html; charset=utf-8"), "the page")
    expect("default-src 'none'" in headers["Content-Security-Policy"] and "unsafe" not in headers["Content-Security-Policy"], "policy of the page")
    expect(not re.search(r"https?://|<link|<img|@import", page), "the page names another place")
    for path in ("/", "/metrics", "/api/status", "/nothing"):
        found = get(port, path)[1]
        expect_equal({name: found[name] for name in HEADERS}, HEADERS, f"headers of {path}")
        expect(found["Access-Control-Allow-Origin"] is None, "others may read it")
    head = raw(port, b"HEAD /metrics HTTP/1.0\r\n\r\n")
    expect(code_of(head) == 200 and head.endswith(b"\r\n\r\n") and b"Content-Length: 0\r\n" not in head, f"HEAD: {head[:300]}")


def metrics(port):
    text = get(port, "/metrics")[2]
    promtool("check", "metrics", text=text)
    expect("camera-" not in text, "a device is a label")
    expect("turnpike_sink_reachable" in text and "turnpike_sink_sent_" not in text and "turnpike_sink_brokers" not in text,
           "a sink without brokers has counters of the client library")
    expect("loud" not in text and "_hits_" not in text, "a rule is a label, where http.hits does not ask for it")
    until(lambda: metric(get(port, "/metrics")[2], "turnpike_received_total") > 1000, "packets are counted")
    text = get(port, "/metrics")[2]
    book = {name: metric(text, f"turnpike_{name}_total") for name in ("received", "extra", "decoded")}
    for name in ("malformed", "refused", "dropped", "answered"):
        book[name] = sum(float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(f"turnpike_{name}_total{{"))
    expect(book["decoded"] > 0 and book["malformed"] > 0, f"books: {book}")
    expect_equal(book["received"] + book["extra"] - sum(book[name] for name in ("decoded", "malformed", "refused", "dropped", "answered")),
                 metric(text, "turnpike_in_workers"), f"what workers hold; {book}")
    expect(metric(text, "turnpike_port_received_total", port="p0") > 0, "packets of the port")
    expect_equal(metric(text, "turnpike_ready"), 1, "ready")
    expect(metric(text, "turnpike_worker_walks_total", worker="0") > 0, "walks of the worker")
    expect(metric(text, "turnpike_node_objects_total", node="decode-plate") > 0, "packets of a node")


def data(port):
    """/api/status says the same as /metrics, and names devices."""
    looks = [status(port)]

    def looked_twice():
        looks.append(status(port))
        return looks[-1]["devices"]["heard"] > 0 and looks[-1]["seconds"] > 0
    until(looked_twice, "devices are heard, and there are rates")
    found = looks[-1]
    expect(found["ready"] and found["state"] == "running" and found["seconds"] > 0, f"state: {found['state']}")
    book = {line["name"]: line for line in found["books"]}
    expect(book["received"]["rate"] > 0 and book["received"]["count"] >= book["decoded"]["count"], f"books: {book}")
    expect(found["devices"]["configured"] == 40 and found["devices"]["silent"] == 0, f"devices: {found['devices']}")
    expect(0 < found["workers"][0]["busy"] <= 1 and found["workers"][0]["walks"], f"workers: {found['workers']}")
    expect(set(found["alerts"]) == {"a_minute", "over_s"}, "alerts say more than how many")


def bad(port):
    host = b"Host: localhost\r\n"
    for octets, wanted in (
            (b"GET /../../etc/passwd HTTP/1.1\r\n" + host + b"Connection: close\r\n\r\n", 404),
            (b"GET /%2e%2e/etc/passwd HTTP/1.1\r\n" + host + b"Connection: close\r\n\r\n", 404),
            (b"GET //metrics HTTP/1.1\r\n" + host + b"Connection: close\r\n\r\n", 404),
            (b"GET /metrics/ HTTP/1.1\r\n" + host + b"Connection: close\r\n\r\n", 404),
            (b"POST /metrics HTTP/1.1\r\n" + host + b"Content-Length: 3\r\n\r\nabc", 405),
            (b"GET /metrics HTTP/1.1\r\n" + host + b"Content-Length: 3\r\n\r\nabc", 413),
            (b"GET /metrics HTTP/1.1\r\n" + host + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 413),
            (b"GET /metrics HTTP/1.1\r\n\r\n", 400),
            (b"GET /metrics HTTP/1.1\r\n" + host + host + b"\r\n", 400),
            (b"GET /metrics HTTP/1.1\n" + host + b"\n", 400),
            (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
            (b"GET /metrics HTTP/3.0\r\n" + host + b"\r\n", 505),
            (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500) + b"\n", 400),
            (b"GET /" + b"a" * 2000 + b" HTTP/1.1\r\n" + host + b"\r\n", 414),
            (b"GET /" + b"a" * 500000, 414),
            (b"GET / HTTP/1.1\r\n" + host + b"X: " + b"a" * 500000, 431),
            (b"GET / HTTP/1.1\r\n" + host + b"X: y\r\n" * 5000, 431),
            (b"GET /metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421),
            (b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1.evil.example:80\r\n\r\n", 421)):
        answer = raw(port, octets)
        expect_equal(code_of(answer), wanted, f"answer to {octets[:80]}, {len(octets)} octets")
    two = raw(port, b"GET /healthz HTTP/1.1\r\n" + host + b"\r\nGET /readyz HTTP/1.1\r\n" + host + b"Connection: close\r\n\r\n")
    expect_equal(two.count(b"HTTP/1.1 200 OK"), 2, f"two requests at once: {two}")
    text = get(port, "/metrics")[2]
    expect(metric(text, "turnpike_http_malformed_total") >= 13 and metric(text, "turnpike_http_not_permitted_total") == 2, "bad requests are counted")


def slow(port):
    """A client that sends octet by octet, one that never reads, and one that says nothing: each is closed, and others are served meanwhile."""
    dripping, silent = (socket.create_connection(("127.0.0.1", port)) for _ in range(2))
    begin, ended = time.monotonic(), threading.Event()

    def drip():
        try:
            for octet in b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 1000:
                dripping.send(bytes([octet]))
                if ended.wait(0.2):
                    return
        except OSError:
            return
    thread = threading.Thread(target=drip)
    thread.start()
    until(lambda: get(port, "/healthz")[0] == 200, "others are served")
    expect(rest(silent, 40) is not None, "a client that says nothing is kept")
    expect(rest(dripping, 40) is not None, "a client that drips is kept")
    ended.set()
    thread.join()
    expect(time.monotonic() - begin < 40, "it took too long")
    expect(metric(get(port, "/metrics")[2], "turnpike_http_too_slow_total") >= 2, "slow clients are counted")
    dripping.close()
    silent.close()


def many(port, clients):
    """More than http.clients at a time: who has said nothing for longest makes room, whether between two requests or in the middle of one."""
    ask = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    for octets in (ask, ask[:-2]):
        held = [socket.create_connection(("127.0.0.1", port)) for _ in range(clients)]
        for s in held:
            s.sendall(octets)
            expect(octets != ask or s.recv(65536).startswith(b"HTTP/1.1 200"), "one of as many clients as may be is not served")
        late = socket.create_connection(("127.0.0.1", port))
        late.sendall(ask)
        expect(late.recv(65536).startswith(b"HTTP/1.1 200"), "one client more is kept out")
        expect_equal(rest(held[0]) is not None, True, "the one that has waited longest is closed")
        for s in held[1:]:
            s.sendall(ask[len(octets) % len(ask):])
            expect(s.recv(65536).startswith(b"HTTP/1.1 200"), "another one is closed")
        for s in (*held, late):
            s.close()
    wait_ready(port)
    expect(metric(get(port, "/metrics")[2], "turnpike_http_too_many_clients_total") >= 2, "clients that were closed are counted")


def without_a_pause(port, pid):
    """Scrapes and the page's questions every 10 ms, on connections that stay and on new ones, some of which go away in the middle: nothing grows."""
    def burst(rounds):
        kept = socket.create_connection(("127.0.0.1", port))
        for n in range(rounds):
            last = n % 50 == 49
            kept.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n" if last else b"GET /api/status HTTP/1.1\r\nHost: localhost\r\n\r\n")
            if last:
                expect(rest(kept).endswith(b"</html>\n"), "the page is not whole")
                kept = socket.create_connection(("127.0.0.1", port))
            else:
                expect(kept.recv(65536).startswith(b"HTTP/1.1 200"), "the page's question is not answered")
            expect_equal(get(port, "/metrics")[0], 200, "a scrape")
            with socket.create_connection(("127.0.0.1", port)) as gone:
                gone.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
            time.sleep(0.01)
        kept.close()
    burst(50)
    before = rss(pid)
    burst(150)
    grown = rss(pid) - before
    expect(grown < 1 << 20, f"it grew by {grown} octets in 150 rounds")


def plain():
    port = free_port()
    rules = [{"name": "loud", "kind": "plate_read", "field": "plate", "regex": "H0000."}]
    with Daemon(tree(port, http={"listen": f"127.0.0.1:{port}", "clients": 8}, rules=rules)) as daemon:
        wait_ready(port)
        for check in (good, metrics, data, bad):
            check(port)
        a_worker_stands_still(port, daemon.process.pid)
        slow(port)
        many(port, 8)
        without_a_pause(port, daemon.process.pid)
        daemon.stop().expect(OK, "the books balance")


def tls_and_token():
    """On an address of other machines: certificate and token, or it does not start."""
    port, token, authority = free_port(), _credentials.secret("http.token", TOKEN + "\n"), _credentials.certificate("authority")
    certificate, key = _credentials.certificate("localhost", authority, "subjectAltName=DNS:localhost")
    served = {"listen": f"0.0.0.0:{port}", "certificate": certificate, "key": key, "token_file": str(token)}
    context = ssl.create_default_context(cafile=authority[0])
    with Daemon(tree(port, http=served)) as daemon:
        until(lambda: b"HTTP" in (raw_tls(port, context, "/healthz") or b""), "it answers over TLS")
        for authorization, wanted in ((None, 401), ("Bearer wrong-horse-battery-staple", 401), (f"Bearer {TOKEN}", 200), ("Basic eDp5", 401)):
            answer = raw_tls(port, context, "/metrics", authorization)
            expect_equal(code_of(answer), wanted, f"with {authorization}")
        expect(b"WWW-Authenticate: Basic" in raw_tls(port, context, "/"), "a browser is not asked for the token")
        hang_up(port, context)
        expect_equal(failed_tls(port, context), 0, "clients that hang up are counted as failed TLS")
        expect_equal(code_of(raw(port, b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")), None, "without TLS")
        until(lambda: failed_tls(port, context) == 1, "a client without TLS is counted")
        renewed(port, context, token, (certificate, key), authority)
        daemon.stop().expect(OK)


def presented(port, context):
    with socket.create_connection(("127.0.0.1", port), 30) as plain_socket, context.wrap_socket(plain_socket, server_hostname="localhost") as s:
        return s.getpeercert()["serialNumber"]


def code_on(connection, token):
    connection.request("GET", "/healthz", headers={"Authorization": f"Bearer {token}"})
    with connection.getresponse() as answer:
        answer.read()
        return answer.status


def renewed(port, context, token, files, authority):
    """Certificate and token are those of the files as they are at a reload, all or nothing; the socket stays, and so does who is connected."""
    first, second = presented(port, context), TOKEN[::-1]
    with contextlib.closing(http.client.HTTPSConnection("localhost", port, timeout=_lib.LIMIT, context=context)) as before:
        expect_equal(code_on(before, TOKEN), 200, "a client from before")
        kept = before.sock
        expect_equal(ends(port, context, TOKEN), _credentials.not_after(files[0]), "when the certificate ends")
        certificate, key = _credentials.certificate("localhost-2", authority, "subjectAltName=DNS:localhost", days=3)
        earlier = _credentials.not_after(files[0])
        shutil.copy(certificate, files[0])
        token.write_text(second + "\n")
        Ctl("reload").fails(FAILED, "nothing was changed")  # the key is that of the other certificate
        expect_equal((presented(port, context), code_of(raw_tls(port, context, "/metrics", f"Bearer {TOKEN}"))), (first, 200), "after a reload that failed")
        expect_equal(ends(port, context, TOKEN), earlier, "when the certificate ends, after a reload that failed")
        shutil.copy(key, files[1])
        expect_equal(Ctl("reload").status, OK, "reload")
        expect(presented(port, context) != first, "the certificate is still the one from before")
        for shown, wanted in ((TOKEN, 401), (second, 200)):
            expect_equal(code_of(raw_tls(port, context, "/metrics", f"Bearer {shown}")), wanted, f"with {shown}")
        expect_equal(ends(port, context, second), _credentials.not_after(certificate), "when the renewed certificate ends")
        expect(_credentials.not_after(certificate) > earlier, "both certificates end at the same time: this shows nothing")
        expect_equal((code_on(before, second), before.sock is kept), (200, True), "to the client from before, on its connection")
        expect_equal(code_on(before, TOKEN), 401, "to the client from before, with the token from before")


def hang_up(port, context):
    """Closes without a word of TLS, as many clients do."""
    with socket.create_connection(("127.0.0.1", port), 30) as plain_socket, context.wrap_socket(plain_socket, server_hostname="localhost") as s:
        s.sendall(f"GET /healthz HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n\r\n".encode())
        expect(s.recv(100).startswith(b"HTTP/1.1 200"), "one that hangs up later is not served")


def failed_tls(port, context):
    return metric(raw_tls(port, context, "/metrics", f"Bearer {TOKEN}").decode(), "turnpike_http_tls_failed_total")


def ends(port, context, token):
    """When the certificate of HTTP ends, as /metrics says."""
    text = raw_tls(port, context, "/metrics", f"Bearer {token}").decode()
    return metric(text, "turnpike_tls_certificate_not_after_seconds", protocol="http", listener=f"0.0.0.0:{port}")


def raw_tls(port, context, path, authorization=None):
    try:
        with socket.create_connection(("127.0.0.1", port), 30) as plain_socket, context.wrap_socket(plain_socket, server_hostname="localhost") as s:
            line = f"Authorization: {authorization}\r\n" if authorization else ""
            s.sendall(f"GET {path} HTTP/1.1\r\nHost: appliance.example\r\n{line}Connection: close\r\n\r\n".encode())
            return rest(s)
    except OSError:
        return None


def mistakes():
    """What the configuration is told, and a port that somebody else has."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with Daemon(tree(port)) as daemon:
            daemon.wait().expect(FAILED, f"http.listen: cannot listen on 127.0.0.1:{port}", "Address already in use")
    files_of_mistakes(port)
    with Daemon(tree(port, http={"listen": f"192.0.2.1:{port}"})) as daemon:
        daemon.wait().expect(BAD_CONFIG, "which other machines can reach, expected certificate, key and token_file")


def files_of_mistakes(port):
    """Token, certificate and key that cannot serve are mistakes of the configuration, and --check finds them."""
    short, locked, other = _credentials.secret("short.token", "short\n"), FOLDER / "locked.pem", _credentials.certificate("other")
    certificate, key = _credentials.certificate("localhost")
    subprocess.run(["openssl", "pkey", "-in", key, "-aes256", "-passout", "pass:sesame", "-out", str(locked)], check=True)
    for section, said in (({"token_file": str(short)}, "expected one line of 16 to 512 octets"), ({"token_file": "none.token"}, "No such file or directory"),
                       ({"certificate": "none.pem", "key": key}, "none.pem': No such file or directory"),
                       ({"certificate": str(short), "key": key}, "expected a certificate and its chain in PEM"),
                       ({"certificate": certificate, "key": str(short)}, "expected a private key in PEM"),
                       ({"certificate": certificate, "key": str(locked)}, "is encrypted, expected a key without passphrase"),
                       ({"certificate": certificate, "key": other[1]}, "does not belong to the certificate")):
        for arguments in ((), ("--check",)):
            with Daemon(tree(port, http={"listen": f"127.0.0.1:{port}", **section}), *arguments) as daemon:
                daemon.wait().expect(BAD_CONFIG, said)


def a_worker_stands_still(port, pid):
    """Traffic should go elsewhere then, but the daemon lives."""
    with _threads.held(pid, "rte-worker-1"):
        until(lambda: get(port, "/readyz")[::2] == (503, "a worker stands still\n"), "/readyz says why")
        expect_equal(get(port, "/healthz")[0], 200, "/healthz")
        expect(not status(port)["ready"] and not status(port)["workers"][0]["walks"], "the page's data do not say so")
        until(lambda: metric(get(port, "/metrics")[2], "turnpike_ready") == 0, "the metric says so")
    wait_ready(port)


if not shutil.which("promtool"):
    skip("'promtool' is not installed: make deps")
mistakes()
plain()
tls_and_token()
