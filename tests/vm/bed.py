# SPDX-License-Identifier: BSD-3-Clause
"""What the steps of check.py need: a Kafka on this host, the virtual machine, the network behind its ports, playbooks, senders, and packages of
later versions.

A step is a function that takes the bed and raises AssertionError where something is not as it should be.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent.parent
sys.path[:0] = [str(HERE), str(TOP / "demo")]

import records  # noqa: E402
from guest import DATA_PCI, HOST_SEEN_BY_GUEST, Guest, Wire, image, say  # noqa: E402

FOLDER = TOP / "build/check-vm"
ANSIBLE = TOP / "ansible"
APPLIANCE, CAMERA, VERIFIER = "10.88.0.10", "10.88.0.1", "10.88.0.9"
SHARED_APPLIANCE, SHARED_HOST, SHARED_CAMERA = "10.89.0.10", "10.89.0.20", "10.89.0.1"
PLATES = 500
AUTHORIZER = "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer\nsuper.users=User:ANONYMOUS"
TOOLS = {"kafka-topics.sh": "org.apache.kafka.tools.TopicCommand", "kafka-acls.sh": "org.apache.kafka.tools.AclCommand",
         "kafka-configs.sh": "kafka.admin.ConfigCommand"}


def expect(condition, text):
    if not condition:
        raise AssertionError(text)


def expect_equal(found, wanted, what):
    expect(found == wanted, f"{what}: found {found!r}, expected {wanted!r}")


class Broker:
    """A Kafka on this host, for guests too, that knows rights; and its command line tools. `again`: with the data and the ports it had."""

    def __init__(self, folder, again):
        self.folder, self.tools = folder / "kafka", folder / "kafka-tools"
        env = {**os.environ, "TP_KAFKA_GUEST": HOST_SEEN_BY_GUEST, "TP_KAFKA_PROPERTIES": AUTHORIZER}
        done = subprocess.run([str(TOP / "tests/kafka.sh"), *(["up", str(self.folder), "1"] if again else ["start", str(self.folder)])], env=env,
                              check=False)
        if done.returncode:
            raise SystemExit(done.returncode)
        self.address, self.guest_address = ((self.folder / name).read_text().strip() for name in ("bootstrap", "guest"))
        self.tools.mkdir(exist_ok=True)
        libraries = next(path.parent for path in self.cache().glob("kafka-*/complete"))
        for name, program in TOOLS.items():
            path = self.tools / name
            path.write_text(f"#!/bin/sh\nexec java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xmx128m -cp '{libraries}/*' {program} \"$@\"\n")
            path.chmod(0o755)

    @staticmethod
    def cache():
        return pathlib.Path(os.environ.get("TURNPIKE_CACHE", pathlib.Path.home() / ".cache/turnpike"))

    def records(self, topic):
        reader = records.Kafka(self.address)
        try:
            return reader.read(topic)
        finally:
            reader.close()

    def stop(self, keep=False):
        subprocess.run([str(TOP / "tests/kafka.sh"), *(["down", str(self.folder), "1"] if keep else ["stop", str(self.folder)])], check=False)


def package():
    found = [path for path in (TOP / "build/deb").glob("turnpike_*.deb")]
    expect(len(found) == 1, f"expected one package build/deb/turnpike_*.deb, found {found}: make deb")
    return found[0]


def repacked(original, suffix, folder, change=lambda tree: None):
    """The package again under a later version, with what `change` does to its files."""
    tree = folder / f"tree{suffix}"
    shutil.rmtree(tree, ignore_errors=True)
    subprocess.run(["dpkg-deb", "-R", str(original), str(tree)], check=True)
    control = (tree / "DEBIAN/control").read_text()
    version = re.search(r"^Version: (.*)$", control, re.MULTILINE)[1] + suffix
    (tree / "DEBIAN/control").write_text(re.sub(r"^Version: .*$", f"Version: {version}", control, flags=re.MULTILINE))
    change(tree)
    path = folder / f"turnpike_{version}_amd64.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "-b", str(tree), str(path)], check=True, stdout=subprocess.DEVNULL)
    return path, version


def breaks(tree):
    program = tree / "usr/sbin/turnpiked"
    program.rename(tree / "usr/sbin/turnpiked.real")
    program.write_text('#!/bin/sh\ncase "$*" in *--check*) exit 0 ;; esac\necho "a fault of this version" >&2\nexit 1\n')
    program.chmod(0o755)


class Bed:
    """Everything a step needs. With `snapshot` it goes on from there; with `keep` what it leaves can be gone on from."""

    def __init__(self, snapshot, keep):
        self.broker = self.wire = self.guest = None
        self.snapshot, self.keep = snapshot, keep

    def open(self):
        if not self.snapshot:
            shutil.rmtree(FOLDER, ignore_errors=True)
            FOLDER.mkdir(parents=True)
        elif not (FOLDER / "guest/disk.qcow2").exists() or not (FOLDER / "kafka/bootstrap").exists():
            raise SystemExit("vm: nothing was kept in build/check-vm; run with --keep first")
        self.package, self.run = package(), self.next_run()
        base = image("--bare") if os.environ.get("TP_VM_BARE") else image()
        self.broker = Broker(FOLDER, bool(self.snapshot))
        self.wire = Wire([f"{CAMERA}/24", f"{VERIFIER}/24"], [f"{SHARED_CAMERA}/24"])
        self.guest = Guest(FOLDER / "guest", self.wire, base, self.snapshot)
        if self.snapshot:  # a producer that goes back in time would use sequence numbers again, which Kafka takes for records that it has
            self.guest.ssh("[ ! -e /usr/sbin/turnpiked ] || systemctl try-restart turnpike", limit=300)

    @staticmethod
    def next_run():
        """How many runs the folder has seen."""
        file = FOLDER / "runs"
        count = int(file.read_text()) + 1 if file.exists() else 0
        file.write_text(str(count))
        return count % 100

    def close(self):
        if self.guest:
            self.guest.end()
        if self.wire:
            self.wire.close()
        if self.broker:
            self.broker.stop(self.keep)

    def playbook(self, name, log, *options, expected=0, limit=5400):
        """Runs a playbook against the guest and shows its tasks. Returns what it said."""
        env = {**os.environ, "TP_VM_SSH_PORT": str(self.guest.port), "TP_VM_SSH_KEY": str(self.guest.key), "TP_VM_PACKAGE": str(self.package),
               "TP_VM_NAMESPACE": self.wire.name, "TP_VM_KAFKA": self.broker.guest_address, "TP_KAFKA": self.broker.address,
               "TP_KAFKA_BIN": str(self.broker.tools), "ANSIBLE_NOCOLOR": "1"}
        command = ["timeout", str(limit), "ansible-playbook", "-i", "inventories/test-bed", name, *options]
        begin, text = time.monotonic(), []
        with open(FOLDER / f"{log}.log", "w", encoding="utf-8") as file, subprocess.Popen(
                command, cwd=ANSIBLE, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as child:
            for line in child.stdout:
                file.write(line)
                file.flush()
                text.append(line)
                if line.startswith(("TASK", "PLAY [", "RUNNING HANDLER", "fatal")):
                    print(f"    {time.monotonic() - begin:5.0f} s  {line.strip(' *' + chr(10))[:150]}", flush=True)
        said = "".join(text)
        expect((child.returncode == 0) == (expected == 0), f"{name} ended with {child.returncode}:\n{said[-4000:]}")
        return said

    def changes(self, said):
        return {host: int(count) for host, count in re.findall(r"^(\S+)\s+: ok=\d+\s+changed=(\d+)", said, re.MULTILINE)}

    def driver(self):
        return self.guest.ssh(f"basename $(readlink /sys/bus/pci/devices/{DATA_PCI}/driver)", check=False)

    def until_active(self, limit=300):
        """Until the service runs."""
        deadline = time.monotonic() + limit
        while self.guest.ssh("systemctl is-active turnpike", check=False) != "active":
            expect(time.monotonic() < deadline, f"turnpike does not run: {self.guest.ssh('journalctl -u turnpike | tail -20')}")
            time.sleep(2)

    def send_plates(self, prefix, port=47001, source=CAMERA, target=APPLIANCE):
        """Plate reads through a tap, paced; the plates that were sent."""
        plates = [f"{prefix}{self.run:02}{n:03}" for n in range(PLATES)]
        sender = ("import json,socket,sys,time\n"
                  "out=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); out.bind((sys.argv[1],0)); out.connect((sys.argv[2],int(sys.argv[3])))\n"
                  "for plate in sys.stdin.read().split():\n"
                  "  out.send(json.dumps({'plate':plate,'camera':'camera-1','confidence':0.9}).encode()); time.sleep(0.01)\n")
        done = self.wire.run([sys.executable, "-c", sender, source, target, str(port)], input="\n".join(plates), text=True)
        expect_equal(done.returncode, 0, "sender")
        return plates

    def expect_plates(self, plates, limit=120):
        """Every plate has arrived in Kafka, once."""
        deadline = time.monotonic() + limit
        while True:
            found = [r.value["plate"] for r in self.broker.records("raw.plate.read.v1") if r.value["plate"][:4] == plates[0][:4]]
            if len(found) >= len(plates) or time.monotonic() > deadline:
                break
            time.sleep(1)
        expect_equal((len(found), sorted(found) == sorted(plates)), (len(plates), True), "plates in Kafka, and whether they are those that were sent")


def under_traffic(bed, prefix, change, interrupts=True):
    """Clients publish at QoS 1 before, during and after `change`. Everything that was acknowledged is in Kafka. Whether `change` broke connections."""
    from traffic import Traffic

    with Traffic(bed.wire, APPLIANCE, f"{prefix}{bed.run}") as traffic:
        traffic.until_more()
        change()
        traffic.until_more()
        acknowledged = traffic.finish()
        broken = [count - 1 for count in traffic.connections()]
    kept = {(r.value["device"], bytes(r.value["body"]).decode()) for r in bed.broker.records("raw.mqtt.v1")}
    sent = {(name, body) for name, bodies in acknowledged.items() for body in bodies}
    say(f"{len(sent)} messages acknowledged, connections broken {broken}")
    expect(sent, "nothing was acknowledged: this case shows nothing")
    expect(min(broken) >= 1 if interrupts else max(broken) == 0, f"connections were broken {broken}, expected {'each' if interrupts else 'none'}")
    expect_equal(sorted(sent - kept)[:10], [], f"acknowledged, but not in Kafka ({len(sent - kept)} of {len(sent)})")
