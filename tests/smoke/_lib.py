# SPDX-License-Identifier: BSD-3-Clause
"""What the smoke tests share: a folder, a configuration, turnpiked as a process, the roadside namespace, and reading back what arrived.

A test is a short session: it ends with 0, with 77 through skip(), or by an exception. Environment: TP_BUILD (default build/dev), TP_SHARED
(default ../shared), TP_KAFKA (host:port of a broker; tests that need one are skipped without).
"""
import atexit
import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("TP_BUILD", TOP / "build/dev"))
SHARED = pathlib.Path(os.environ.get("TP_SHARED", TOP.parent / "shared"))
DAEMON = str(BUILD / "control/main/turnpiked")
CTL = str(BUILD / "control/cli/turnpikectl")
sys.path[:0] = [str(TOP / "demo"), str(TOP / "tests")]

import records  # noqa: E402
import roadside  # noqa: E402

OK, FAILED, BAD_CONFIG, UNBALANCED = 0, 1, 2, 3
LIMIT = 120  # seconds that anything may take, on a machine that is slow and busy
os.environ["TURNPIKE_TIMEOUT"] = str(LIMIT)  # turnpikectl's own is for people

# A test that is stopped still removes what it made.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
FOLDER = pathlib.Path(tempfile.mkdtemp(prefix="turnpike-test-"))
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
# Maps that a turnpiked left pinned which a test has killed: nobody starts under that name again.
atexit.register(shutil.rmtree, f"/sys/fs/bpf/turnpike/t-{os.getpid()}", ignore_errors=True)


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(77)


def need_shared(path):
    found = SHARED / path
    if not found.exists():
        skip(f"{path} is not in {SHARED} (TP_SHARED)")
    return found


def need_roadside(ping=True):
    reason = roadside.unavailable()
    if reason:
        skip(f"no AF_XDP port here: {reason}")


def need_kafka():
    """Address of the broker, after checking that the packages to read it are there."""
    try:
        import confluent_kafka  # noqa: F401
        import fastavro  # noqa: F401
    except ImportError as error:
        skip(f"{error}: run with the interpreter of tools/python.sh")
    return os.environ.get("TP_KAFKA") or skip("no broker (TP_KAFKA)")


def expect(condition, text):
    if not condition:
        raise AssertionError(text)


def expect_equal(found, wanted, what):
    expect(found == wanted, f"{what}: found {found!r}, expected {wanted!r}")


def unique(name):
    """A name no other test uses on the shared broker or machine."""
    return f"{name}-{os.getpid()}"


RAW_TOPICS = {"plate_read": "raw.plate.read.v1", "toll_passage": "raw.toll.passage.v1", "bsm": "raw.v2x.bsm.v1", "spat": "raw.v2x.spat.v1",
              "v2x_message": "raw.v2x.message.v1", "vehicle_telemetry": "raw.vehicle.telemetry.v1"}
TOPICS = {**RAW_TOPICS, "alert_match": "alert.match.v1", "dlq": "dlq.v1", "edge_stats": "ops.edge.stats.v1", "mqtt_message": "raw.mqtt.v1",
          "device_event": "ops.device.v1"}


def topic_name(kind, prefix=""):
    return f"{prefix}{TOPICS[kind]}"


def config(*, port=None, listeners=None, prefix="", sink="file", brokers="127.0.0.1:9", topic=None, **sections):
    """A configuration as a dict: one worker, J2735 on port 46800, and what the test says. JSON is YAML, so it is written as JSON."""
    topics = [{"name": topic_name(kind, prefix), "kind": kind, "schema_id": 1000 + i, **(topic or {})} for i, kind in enumerate(TOPICS)]
    return {
        "name": unique("t"), "site": "test", "workers": {"count": 1},
        "ports": [port or {"name": "p0", "type": "pcap", "device": str(FOLDER / "none.pcap")}],
        "listeners": listeners or [{"name": "v2x", "port": 46800, "format": "j2735", "unknown_sources": "accept"}],
        "topics": topics,
        "sink": {"type": sink, "kafka": {"brokers": brokers, "partitions": 1}, "file": {"directory": str(FOLDER / "records")}},
        "books": {"interval_s": 0, "stats_interval_ms": 0},
        "control": {"socket": str(FOLDER / "control.sock")},
        **sections,
    }


def af_xdp_port(road, addresses=(roadside.APPLIANCE, roadside.APPLIANCE6)):
    return {"name": "road", "type": "af_xdp", "device": road.interface, "addresses": list(addresses)}


def write_config(tree, name="turnpike.yaml"):
    path = FOLDER / name
    path.write_text(json.dumps(tree, indent=1) if isinstance(tree, dict) else tree)
    (FOLDER / "records").mkdir(exist_ok=True)
    return path


class Run:
    """How a run of turnpiked ended."""

    def __init__(self, status, text, books):
        self.status, self.text, self.books = status, text, books

    def expect(self, status, *words):
        expect_equal(self.status, status, f"exit status; it said\n{self.text}\n")
        for word in words:
            expect(word in self.text, f"'{word}' is not in what it said:\n{self.text}")
        return self


class Daemon:
    """turnpiked in the background: with Daemon(tree) as d: ...; d.stop().expect(OK)."""

    def __init__(self, tree, *options, command=(DAEMON,)):
        self.log, self.books = FOLDER / "turnpiked.log", FOLDER / "books.json"
        self.books.unlink(missing_ok=True)
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([*command, "--config", str(write_config(tree)), "--books", str(self.books), *options],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
            print(self.log.read_text(errors="replace"))

    def wait(self, limit=LIMIT):
        try:
            status = self.process.wait(limit)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"turnpiked still runs after {limit} s") from None
        text = self.log.read_text(errors="replace")
        print(text)
        return Run(status, text, json.loads(self.books.read_text()) if self.books.exists() else None)

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.wait()

    def wait_for_answer(self, road, address=roadside.APPLIANCE):
        """Until the appliance answers ping, so it is receiving."""
        for _ in range(LIMIT):
            expect(self.process.poll() is None, f"turnpiked ended early:\n{self.log.read_text(errors='replace')}")
            if road.run(["ping", "-c", "1", "-W", "1", address], stdout=subprocess.DEVNULL).returncode == 0:
                return self
        raise AssertionError(f"no answer from {address}")


class Ctl:
    """turnpikectl once: status, what it printed, and with --json the data."""

    def __init__(self, *arguments, json_data=True, socket=None, env=None):
        command = [CTL, "--socket", str(socket or FOLDER / "control.sock"), *(["--json"] if json_data else []), *map(str, arguments)]
        ended = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=LIMIT, check=False, env=env)
        self.status, self.out, self.err = ended.returncode, ended.stdout.decode(), ended.stderr.decode()

    def data(self):
        """Of an answer that went well."""
        expect_equal(self.status, 0, f"exit status of turnpikectl; it said {self.err}")
        return json.loads(self.out)

    def fails(self, status, *words):
        expect_equal(self.status, status, f"exit status of turnpikectl; it said {self.out}{self.err}")
        for word in words:
            expect(word in self.err, f"'{word}' is not in what turnpikectl said: {self.err}")
        return self


def counted(name):
    """A counter of tp_stats.h as it is now."""
    [row] = [row for row in Ctl("stats", "--all").data()["counters"] if row["counter"] == name]
    return row["count"]


def replay(tree, pcap, *options):
    with Daemon(tree, "--replay", str(pcap), *options) as daemon:
        return daemon.wait()


def until(condition, what, limit=LIMIT):
    """Asks until it is true."""
    deadline = time.monotonic() + limit
    while not condition():
        expect(time.monotonic() < deadline, f"{what}: not within {limit} s")
        time.sleep(0.05)


def settled(*words, json_data=True):
    """Until the workers hold nothing any more of the one before: until then it is busy, in words."""
    ended = [Ctl(*words, json_data=json_data)]

    def answered():
        if ended[0].status and "another configuration is under way" in ended[0].err:
            ended[0] = Ctl(*words, json_data=json_data)
            return False
        return True
    until(answered, f"{words} while another one is under way")
    expect_equal(ended[0].status, 0, f"{words}: {ended[0].err}")
    return ended[0]


def hex_file(name, payloads):
    path = FOLDER / name
    path.write_text("".join(payload.hex() + "\n" for payload in payloads))
    return path


def make_pcap(hex_files, port=46800, name="traffic.pcap"):
    path = FOLDER / name
    subprocess.run([sys.executable, str(TOP / "tests/pcap_build.py"), str(path), "--src", "10.1.0.0/24", "--dst", "10.0.0.1", "--port",
                    str(port), *map(str, hex_files)], check=True)
    return path


def expect_balanced(run):
    expect(run.books is not None, "no books were written")
    expect(run.books["balanced"], f"books do not balance: {run.books['differences']}")
    total = run.books["total"]
    expect_equal(total["received"] + total["extra"],
                 total["decoded"] + total["malformed"] + total["refused"] + total["dropped"] + total["answered"],
                 "received + extra against what became of it")
    expect_equal(total["in_flight"], 0, "in flight at the end")
    return total


def kafka_reader(brokers):
    reader = records.Kafka(brokers)
    atexit.register(reader.close)
    return reader


def read_files(kind, prefix=""):
    return [record.value for record in records.Files(FOLDER / "records").read(topic_name(kind, prefix))]


def records_so_far(kind):
    """The same while turnpiked writes: the last line may not be whole yet."""
    path = records.Files(FOLDER / "records").path(topic_name(kind))
    text = path.read_bytes() if path else b""
    return [json.loads(line) for line in text[:text.rfind(b"\n") + 1].splitlines()]


def forget_records():
    shutil.rmtree(FOLDER / "records", ignore_errors=True)


@contextlib.contextmanager
def a_roadside(*addresses):
    with roadside.Roadside(addresses or ("10.77.0.11", "fd77::11")) as road:
        yield road
