# SPDX-License-Identifier: BSD-3-Clause
"""A virtual machine that stands for the appliance: QEMU, an emulated Intel IOMMU, a management port, a data port and a shared port.

The management port is QEMU's user networking: ssh comes in on a free port of 127.0.0.1, and the guest sees the host as 10.0.2.2. The data port,
for vfio-pci, is a tap in a network namespace of its own, opened here and handed over as a descriptor, so QEMU itself stays in the host's namespace.
The shared port, for AF_XDP, is another one, with two queues and rings whose sizes can be set. Emulation is used unless the host has real KVM (kvm_amd or kvm_intel): that /dev/kvm opens proves nothing (see PVM).

A guest can be kept as it is at a moment, memory and disk, under a name in its disk, and go on from there in another run: a snapshot of QEMU.
"""
import contextlib
import ctypes
import fcntl
import json
import os
import pathlib
import socket
import struct
import subprocess
import time

HERE = pathlib.Path(__file__).resolve().parent
TUNSETIFF, IFF_TAP, IFF_NO_PI, IFF_MULTI_QUEUE = 0x400454CA, 0x0002, 0x1000, 0x0100
TUNSETQUEUE, IFF_ATTACH_QUEUE = 0x400454D9, 0x0200
CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)
MANAGEMENT_MAC, DATA_MAC, DATA_PCI = "52:54:00:00:00:01", "52:54:00:00:01:01", "0000:00:10.0"
SHARED_MAC, SHARED_INTERFACE, SHARED_QUEUES = "52:54:00:00:01:02", "enp0s17", 2
HOST_SEEN_BY_GUEST = "10.0.2.2"
BOOT_LIMIT = 600


def say(text):
    print(f"vm: {text}", flush=True)


def run(command, **options):
    return subprocess.run([str(word) for word in command], check=True, **options)


def image(*options):
    """The folder of the bare machine's disk; made where it is not there. Ends the program with 77 where it cannot be."""
    done = subprocess.run([str(HERE / "image.sh"), *options], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.returncode)
    return pathlib.Path(done.stdout.strip())


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as held:
        return held.getsockname()[1]


@contextlib.contextmanager
def inside(namespace):
    """Sockets and interfaces that this thread makes are the namespace's."""
    with open("/proc/thread-self/ns/net") as home, open(f"/run/netns/{namespace}") as away:
        if LIBC.setns(away.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"setns {namespace}")
        try:
            yield
        finally:
            if LIBC.setns(home.fileno(), CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns back")


class Wire:
    """The network behind the data port and the shared port: a namespace with a tap for each, and the addresses of those who send."""

    def __init__(self, addresses, shared=(), name=None):
        self.name, self.interface = name or f"tpvm-{os.getpid()}", "road0"
        self.taps, self.shared_taps = [], []
        run(["ip", "netns", "add", self.name])
        try:
            self.run(["ip", "link", "set", "lo", "up"], check=True)
            self.taps = self.add(self.interface, addresses)
            self.shared_taps = self.add("shared0", shared, SHARED_QUEUES)
        except BaseException:
            self.close()
            raise

    def add(self, interface, addresses, queues=1):
        """A tap with these addresses. Returns its descriptors, one a queue."""
        taps = self.open_tap(interface, queues)
        self.run(["ip", "link", "set", interface, "up"], check=True)
        for address in addresses:
            self.run(["ip", "address", "add", address, "dev", interface, *(["nodad"] if ":" in address else [])], check=True)
        # Checksums must be finished when frames leave: the port takes them as a wire would bring them. Without IFF_VNET_HDR nobody switches this on again.
        self.run(["ethtool", "-K", interface, "tx", "off", "tso", "off", "gso", "off"], check=True, stdout=subprocess.DEVNULL)
        return taps

    def open_tap(self, interface, queues):
        flags = IFF_TAP | IFF_NO_PI | (IFF_MULTI_QUEUE if queues > 1 else 0)
        with inside(self.name):
            taps = [os.open("/dev/net/tun", os.O_RDWR) for _ in range(queues)]
            for tap in taps:
                fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH22x", interface.encode(), flags))
        return taps

    def attach_queues(self):
        """All queues as they were at first: a guest that uses fewer has them detached, and the QEMU behind it ends where it finds one that is."""
        for tap in self.shared_taps:
            with contextlib.suppress(OSError):  # EINVAL: it is attached
                fcntl.ioctl(tap, TUNSETQUEUE, struct.pack("16sH22x", b"", IFF_ATTACH_QUEUE))

    def command(self, command):
        return ["ip", "netns", "exec", self.name, *(str(word) for word in command)]

    def run(self, command, **options):
        return subprocess.run(self.command(command), **{"check": False, **options})

    def statistic(self, name):
        return int(self.run(["cat", f"/sys/class/net/{self.interface}/statistics/{name}"], stdout=subprocess.PIPE, text=True).stdout)

    def close(self):
        for tap in self.taps + self.shared_taps:
            os.close(tap)
        run(["ip", "netns", "del", self.name])


def accelerator():
    real = any(os.path.exists(f"/sys/module/{module}") for module in ("kvm_amd", "kvm_intel")) and os.access("/dev/kvm", os.W_OK)
    if real:
        return ["-machine", "q35,kernel-irqchip=split", "-accel", "kvm", "-cpu", "host"]
    return ["-machine", "q35", "-accel", "tcg,thread=multi,tb-size=512", "-cpu", "max,la57=off"]


class Monitor:
    """QEMU's monitor: commands of a person over QMP."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(path))
        self.file = self.socket.makefile("rw", encoding="utf-8")
        self.answer()
        self.command("qmp_capabilities")

    def answer(self):
        """The next line that is no event."""
        while True:
            answer = json.loads(self.file.readline())
            if "event" not in answer:
                return answer

    def command(self, name, **arguments):
        self.file.write(json.dumps({"execute": name, "arguments": arguments}) + "\n")
        self.file.flush()
        return self.answer()

    def say(self, line):
        """AssertionError where QEMU has something to say about the line: it is silent where all is well."""
        answer = self.command("human-monitor-command", **{"command-line": line})
        if answer.get("return") != "":
            raise AssertionError(f"QEMU's monitor, '{line}': {answer}")

    def close(self):
        self.file.close()
        self.socket.close()


class Guest:
    """One running machine. `folder` keeps its disk, its console and its monitor's socket. It boots a new disk over `base`, or goes on from the
    snapshot that is named, in the disk that an earlier run left in the folder."""

    def __init__(self, folder, wire, base, snapshot=None, cpus=3, memory_mb=3072):
        self.folder, self.wire, self.base, self.cpus, self.memory_mb = pathlib.Path(folder), wire, base, cpus, memory_mb
        self.key, self.port, self.disk = base / "id", free_port(), self.folder / "disk.qcow2"
        self.folder.mkdir(parents=True, exist_ok=True)
        if not snapshot:
            run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", base / "disk.raw", self.disk])
        self.process = self.launch(["-loadvm", snapshot] if snapshot else [])
        if snapshot:
            self.until_ssh()
            self.ssh(f"date -s @{time.time():.0f}")

    def arguments(self):
        return [
            "nice", "-n", "10", "qemu-system-x86_64", "-nodefaults", "-display", "none", *accelerator(),
            "-smp", self.cpus, "-m", self.memory_mb,
            "-object", f"memory-backend-memfd,id=ram,size={self.memory_mb}M,share=on", "-machine", "memory-backend=ram",
            "-device", "intel-iommu,intremap=on,caching-mode=on,device-iotlb=on",
            "-drive", f"if=none,id=root,file={self.disk},format=qcow2,cache=unsafe", "-device", "virtio-blk-pci,drive=root",
            "-device", "virtio-rng-pci", "-serial", f"file:{self.folder / 'console.log'}",
            "-qmp", f"unix:{self.folder / 'qmp.sock'},server=on,wait=off",
            "-netdev", f"user,id=mgmt,hostfwd=tcp:127.0.0.1:{self.port}-:22",
            "-device", f"virtio-net-pci,netdev=mgmt,mac={MANAGEMENT_MAC}",
            "-netdev", f"tap,id=data,fd={self.wire.taps[0]}",
            "-device", f"virtio-net-pci,netdev=data,mac={DATA_MAC},bus=pcie.0,addr=0x10,disable-legacy=on,iommu_platform=on,ats=on",
            "-netdev", f"tap,id=shared,fds={':'.join(map(str, self.wire.shared_taps))}",
            "-device", f"virtio-net-pci,netdev=shared,mac={SHARED_MAC},bus=pcie.0,addr=0x11,mq=on,vectors={2 * SHARED_QUEUES + 2},rx_queue_size=1024"]

    def launch(self, more=()):
        self.wire.attach_queues()
        log = open(self.folder / "qemu.log", "ab")
        return subprocess.Popen([str(word) for word in (*self.arguments(), *more)], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                pass_fds=self.wire.taps + self.wire.shared_taps, start_new_session=True)

    def ssh_options(self, port=None):
        return ["-i", str(self.key), "-p", str(port or self.port), "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
                "-o", "LogLevel=ERROR", "-o", "ConnectTimeout=20", "-o", "ServerAliveInterval=15"]

    def ssh(self, command, check=True, limit=120, **options):
        """Standard output of a command in the guest."""
        done = subprocess.run(["ssh", *self.ssh_options(), "root@127.0.0.1", command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              text=True, check=False, timeout=limit, **options)
        if check and done.returncode:
            raise AssertionError(f"'{command}' ended with {done.returncode} in the guest: {done.stdout[-2000:]}")
        return done.stdout.strip()

    def until_ssh(self, limit=BOOT_LIMIT):
        begin = time.monotonic()
        while time.monotonic() - begin < limit:
            if self.process.poll() is not None:
                raise AssertionError(f"QEMU ended with {self.process.returncode}: {(self.folder / 'qemu.log').read_text()[-2000:]}")
            with contextlib.suppress(AssertionError, subprocess.TimeoutExpired):
                self.ssh("true", limit=30, stderr=subprocess.DEVNULL)
                return time.monotonic() - begin
            time.sleep(1)
        raise AssertionError(f"the guest does not answer ssh after {limit} s; its console ends with\n{self.console()[-3000:]}")

    def console(self):
        return (self.folder / "console.log").read_text(errors="replace")

    def keep(self, name):
        """Memory and disk as they are now. The guest stands still meanwhile, some seconds."""
        monitor = Monitor(self.folder / "qmp.sock")
        try:
            monitor.say(f"savevm {name}")
        finally:
            monitor.close()

    def power_cut(self):
        """Ends QEMU as if the plug were pulled, and boots the same disk again."""
        self.end()
        self.process = self.launch()
        return self.until_ssh()

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
