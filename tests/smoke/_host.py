# SPDX-License-Identifier: BSD-3-Clause
"""The host behind an AF_XDP port: its own addresses on the interface, its SSH and UDP services, and a flood from the roadside.

Where sshd is installed, it is the service; else a TCP service of a few lines stands for it.
"""
import contextlib
import os
import pathlib
import shutil
import socket
import socketserver
import subprocess
import sys
import threading
import time

import _lib
from _lib import BUILD, FOLDER, expect, expect_equal, until

SSH_PORT, ECHO_PORT = 2222, 5353


def addresses(road, *rows):
    """Puts addresses on the appliance's interface, for the kernel."""
    if any(":" in row for row in rows):
        pathlib.Path(f"/proc/sys/net/ipv6/conf/{road.interface}/disable_ipv6").write_text("0", encoding="ascii")
    for row in rows:
        subprocess.run(["ip", "addr", "add", row, "dev", road.interface] + (["nodad"] if ":" in row else []), check=True)


class Ssh:
    """A real sshd with keys of its own; works(address) opens a session and has a command say something."""

    def __init__(self):
        self.key, self.process = FOLDER / "ssh_key", None

    def __enter__(self):
        host_key = FOLDER / "ssh_host_key"
        for key in (self.key, host_key):
            key.unlink(missing_ok=True)
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
        os.makedirs("/run/sshd", mode=0o755, exist_ok=True)
        settings = {"Port": SSH_PORT, "HostKey": host_key, "AuthorizedKeysFile": f"{self.key}.pub", "StrictModes": "no", "UsePAM": "no",
                    "PidFile": "none", "PermitRootLogin": "prohibit-password", "PasswordAuthentication": "no", "MaxStartups": 100}
        (FOLDER / "sshd_config").write_text("".join(f"{k} {v}\n" for k, v in settings.items()), encoding="ascii")
        with open(FOLDER / "sshd.log", "wb") as log:
            self.process = subprocess.Popen([shutil.which("sshd", path="/usr/sbin:/usr/bin"), "-D", "-e", "-f", str(FOLDER / "sshd_config")],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        until(lambda: listens(SSH_PORT), "sshd")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def session(self, road, address):
        command = ["ssh", "-i", str(self.key), "-p", str(SSH_PORT), "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
                   "-o", "LogLevel=ERROR", "-o", f"ConnectTimeout={_lib.LIMIT}", f"root@{address}", "head -c 300000 /dev/zero; cat"]
        done = road.run(command, input=b"x" * 300000, capture_output=True, timeout=_lib.LIMIT)
        return done.returncode == 0 and len(done.stdout) == 600000


class Handler(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.sendall(b"\0" * 300000)
        while data := self.request.recv(65536):
            self.request.sendall(data)


class Tcp6(socketserver.ThreadingTCPServer):
    address_family, allow_reuse_address, daemon_threads = socket.AF_INET6, True, True


class Stand:
    """A TCP service of the kernel in the place of sshd."""
    CLIENT = """
import socket, sys, threading
s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 60)
threading.Thread(target=lambda: (s.sendall(b"x" * 300000), s.shutdown(socket.SHUT_WR))).start()
n = 0
while data := s.recv(65536):
    n += len(data)
sys.exit(n != 600000)
"""

    def __enter__(self):
        self.server = Tcp6(("::", SSH_PORT), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def session(self, road, address):
        return road.run([sys.executable, "-c", self.CLIENT, address, str(SSH_PORT)], timeout=_lib.LIMIT).returncode == 0


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def service():
    if shutil.which("sshd", path="/usr/sbin:/usr/bin") and shutil.which("ssh"):
        return Ssh()
    print("sshd is not installed: a TCP service stands for it")
    return Stand()


@contextlib.contextmanager
def echo():
    """A UDP service of the kernel that sends back what comes."""
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as s:
        s.bind(("::", ECHO_PORT))

        def serve():
            with contextlib.suppress(OSError):
                while True:
                    data, sender = s.recvfrom(65536)
                    if data == b"end":
                        return
                    s.sendto(data, sender)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as stop:
            stop.sendto(b"end", ("::1", ECHO_PORT))
        thread.join(10)


ECHO_CLIENT = """
import socket, sys
s = socket.socket(socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(2)
data = bytes(range(256)) * 12
for _ in range(30):
    s.sendto(data, (sys.argv[1], int(sys.argv[2])))
    try:
        sys.exit(s.recv(65536) != data)
    except TimeoutError:
        pass
sys.exit(1)
"""


def expect_echo(road, address):
    """A datagram of 3,072 octets, in fragments, to the host and back."""
    expect_equal(road.run([sys.executable, "-c", ECHO_CLIENT, address, str(ECHO_PORT)]).returncode, 0, f"UDP echo of the host at {address}")


def narrow(road):
    """Nobody out there has more than a few segments of a TCP connection under way: the link has 256 places, and the kernel says nothing of what it drops
    where they are full."""
    for name in ("wmem", "rmem"):
        expect_equal(road.run(["sh", "-c", f"echo 4096 16384 65536 >/proc/sys/net/ipv4/tcp_{name}"]).returncode, 0, f"tcp_{name}")


def flood(road, frames, seconds, window=0, echo=b""):
    """Starts sending frames, as fast as the link takes them; with a window, never more than so many before the answer to that echo request has come, so
    nothing is lost behind the link either. Returns a function that waits for the end, or brings it about now, and says how many were sent."""
    path = FOLDER / "flood.hex"
    path.write_text("".join(frame.hex() + "\n" for frame in [*frames, *([echo] if window else [])]), encoding="ascii")
    narrow(road)
    begin = time.monotonic()
    command = [str(BUILD / "tests/load/packet_flood"), road.far, str(path), str(seconds), *([str(window)] if window else [])]
    process = subprocess.Popen(road.command(command), stdout=subprocess.PIPE, text=True)

    def end(now=False):
        if now:
            process.terminate()
        out = process.communicate(timeout=seconds + _lib.LIMIT)[0]
        expect_equal(process.returncode, 0, "packet_flood")
        sent = int(out)
        print(f"flood: {sent / (time.monotonic() - begin):.0f} packets a second", flush=True)
        return sent
    end.running = lambda: process.poll() is None
    return end


def sessions_during(ssh, road, address, running, sessions):
    """So many sessions one behind the other, each of which must work, and the flood is there to the end of the last one."""
    for n in range(sessions):
        expect(ssh.session(road, address), f"session {n + 1} to {address} during the flood")
        expect(running(), f"the flood ended before session {n + 1} did")
