#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The playbooks without a machine: lint, syntax, and what the roles say to wrong variables and to machines that lack something.

Every case is a host of one inventory, so all of them take one run of Ansible, in check mode. A machine is a folder with files of /proc and /sys
(_boxes.py). A case that is wrong must end with the sentence named; one that is right must not fail.
"""
import json
import os
import re
import shutil
import subprocess
import sys

import _credentials
import _http
import _lib
from _boxes import box
from _lib import DAEMON, FOLDER, TOP, Ctl, Daemon, expect, expect_equal, skip, until

ANSIBLE = TOP / "ansible"
PLAYBOOKS = ("site.yml", "upgrade.yml", "verify.yml", "remove.yml")
INVENTORIES = ("one-box", "city", "test-bed")
GROUP_MATE = {"driver": "ixgbe", "interface": "enp3s1", "mac": "3c:fd:fe:00:01:11"}

# Variables of the role host: what is wrong, and what it says.
HOSTS = {
    "good": ({}, None),
    "amd": ({"host_root": ("amd", {"table": "IVRS"})}, None),
    "no-avx2": ({"host_root": ("no-avx2", {"flags": "sse4_2"})}, "The processor has no AVX2, BMI2, FMA: turnpike needs x86-64-v3"),
    "no-iommu": ({"host_root": ("no-iommu", {"table": ""})}, 'The firmware offers no IOMMU.*Switch on "VT-d"'),
    "no-iommu-needed": ({"host_root": ("no-iommu-needed", {"table": ""}), "host_iommu": False}, None),
    "no-1g": ({"host_root": ("no-1g", {"flags": "avx2 bmi2 fma", "pages": [2048]}), "host_hugepage_kb": 1048576, "host_hugepages": 2},
              "the processor has no 1 GiB pages"),
    "little-memory": ({"host_root": ("little", {"memory_mb": 2048})}, "1024 hugepages of 2048 KiB are 2048 MiB.*Lower host_hugepages to 768"),
    "no-such-cpu": ({"host_root": ("no-cpu", {"cpus": "0-3"}), "host_isolated_cpus": "2-5"},
                    "CPU 4-5 shall be isolated, but this machine has CPU 0-3"),
    "cpu-0": ({"host_isolated_cpus": "0-1"}, "CPU 0 shall be isolated, but it must stay with the system"),
    "cpu-words": ({"host_isolated_cpus": "two"}, "found 'two', expected a list of CPUs like 2-5"),
    "no-grub": ({"host_root": ("no-grub", {"grub": False})}, "does not boot with GRUB"),
    "bad-clock": ({"host_time": "ntpd"}, "value of host_time must be one of: chrony, ptp, none, got: ntpd"),
    "ptp-where": ({"host_time": "ptp"}, "host_ptp_interface is empty"),
    "ptp-no-interface": ({"host_time": "ptp", "host_ptp_interface": "eth9"}, "no interface 'eth9'.*Found: eno1, enp3s0"),
    "ptp-no-clock": ({"host_time": "ptp", "host_ptp_interface": "enp3s0"}, "enp3s0 has no clock that PTP could set.*host_ptp_timestamping: software"),
    "ptp-clock": ({"host_time": "ptp", "host_ptp_interface": "enp3s0",
                   "host_root": ("ptp-clock", {"files": {"/sys/class/net/enp3s0/device/ptp/ptp0/clock_name": "ixgbe"}})}, None),
    "ptp-software": ({"host_time": "ptp", "host_ptp_interface": "enp3s0", "host_ptp_timestamping": "software"}, None),
    "ptp-how": ({"host_ptp_timestamping": "gps"}, "value of host_ptp_timestamping must be one of: hardware, software, got: gps"),
    "pages-text": ({"host_hugepages": "many"}, "host_hugepages.*we were unable to convert to int"),
    "page-size": ({"host_hugepage_kb": 4}, "value of host_hugepage_kb must be one of: 2048, 1048576, got: 4"),
    "debian-11": ({"ansible_distribution_major_version": "11"}, "turnpike needs Debian 12 on x86_64"),
}
ROADSIDE = [{"name": "roadside", "pci": "0000:03:00.0"}]
NICS = {
    "good": ({"nic_ports": ROADSIDE}, None),
    "by-mac": ({"nic_ports": [{"name": "roadside", "mac": "3C:FD:FE:00:01:10"}]}, None),
    "no-such-pci": ({"nic_ports": [{"name": "roadside", "pci": "0000:04:00.0"}]},
                    "no NIC has PCI address 0000:04:00.0. NICs here: 0000:00:1f.6 eno1.*0000:03:00.0 enp3s0"),
    "no-such-mac": ({"nic_ports": [{"name": "roadside", "mac": "3c:fd:fe:00:01:99"}]}, "no NIC has MAC 3c:fd:fe:00:01:99"),
    "pci-form": ({"nic_ports": [{"name": "roadside", "pci": "03:00.0"}]}, "found '03:00.0', expected a form like 0000:03:00.0"),
    "mac-form": ({"nic_ports": [{"name": "roadside", "mac": "3c-fd-fe-00-01-10"}]}, "expected a form like 52:54:00:12:34:56"),
    "neither": ({"nic_ports": [{"name": "roadside"}]}, "expected either pci or mac, found neither"),
    "both": ({"nic_ports": [{"name": "roadside", "pci": "0000:03:00.0", "mac": "3c:fd:fe:00:01:10"}]}, "expected either pci or mac, found both"),
    "twice": ({"nic_ports": ROADSIDE + [{"name": "other", "mac": "3c:fd:fe:00:01:10"}]}, "two ports name the same NIC"),
    "default-route": ({"nic_ports": [{"name": "roadside", "pci": "0000:00:1f.6"}]}, "eno1 carries the default route: binding it to vfio-pci would cut"),
    "ssh": ({"nic_ports": [{"name": "roadside", "pci": "0000:00:1f.6"}]}, r"carries this ssh session \(to 192.0.2.2\)"),
    "af-xdp-shares": ({"nic_ports": [{"name": "roadside", "pci": "0000:00:1f.6", "driver": "af_xdp"}]}, None),
    "bonded": ({"nic_ports": ROADSIDE, "nic_root": ("bonded", {"links": {"/sys/class/net/enp3s0/master": "../bond0"}})}, "enp3s0 is part of bond0"),
    "vlan": ({"nic_ports": ROADSIDE, "nic_root": ("vlan", {"links": {"/sys/class/net/enp3s0/upper_enp3s0.7": "../enp3s0.7"}})},
             "enp3s0 has enp3s0.7 on top"),
    "group": ({"nic_ports": ROADSIDE, "nic_root": ("group", {"nics": {"0000:03:00.0": {}, "0000:03:00.1": GROUP_MATE}})},
              "it shares IOMMU group 12 with 0000:03:00.1"),
    "bad-driver": ({"nic_ports": [{"name": "roadside", "pci": "0000:03:00.0", "driver": "uio"}]},
                   "value of driver must be one of: vfio-pci, af_xdp, got: uio"),
    "no-name": ({"nic_ports": [{"pci": "0000:03:00.0"}]}, "missing required arguments: name"),
}
CONFIG = {"ports": [{"name": "roadside"}], "listeners": [{"name": "v2x", "port": 44990, "format": "j2735", "unknown_sources": "accept"}]}
SEEN = {"ports": [{"name": "roadside", "pci": "0000:03:00.0", "driver": "vfio-pci", "interface": "enp3s0"}], "problems": []}
CONFIGS = {
    "none": ({"turnpike_config": {}}, "expected the sections of docs/configuration.md with a list of ports that is not empty, found nothing"),
    "empty": ({"turnpike_config": None}, "found nothing"),
    "unknown-port": ({"turnpike_config": {**CONFIG, "ports": [{"name": "roadsied"}]}}, "nic_ports has no port of this name; found there: roadside"),
    "device-twice": ({"turnpike_config": {**CONFIG, "ports": [{"name": "roadside", "device": "eth1"}]}}, "type and device come from nic_ports"),
    "relative": ({"turnpike_config": {**CONFIG, "lists": [{"name": "wanted", "path": "wanted.csv"}]}},
                 "lists, wanted, path: found 'wanted.csv', expected a path from / on"),
    "relative-http": ({"turnpike_config": {**CONFIG, "http": {"listen": "192.0.2.5:9464", "token_file": "http.token"}}},
                      "http, token_file: found 'http.token', expected a path from / on"),
    "workers": ({"turnpike_config": {**CONFIG, "workers": {"count": 3}}, "host_isolated_cpus": "2-3"},
                "workers, count: found 3, but host_isolated_cpus has 2 CPUs"),
    "good": ({"turnpike_config": CONFIG, "turnpike_kafka_properties": ["sasl.password=x"]}, None),
    "properties": ({"turnpike_config": CONFIG, "turnpike_kafka_properties": "sasl.password"}, "expected a list of name=value"),
    "certificate": ({"turnpike_config": CONFIG, "turnpike_certificates": [{"name": "server", "certificate": "server.pem", "key": "server.key"}]},
                    "turnpike_certificates, server, certificate: expected a PEM text.*server, key: expected a PEM text"),
    "file-both": ({"turnpike_config": CONFIG, "turnpike_files": [{"name": "wanted.csv", "src": "a", "content": "b"}]},
                  "turnpike_files, wanted.csv: expected either src or content, found both"),
    "file-neither": ({"turnpike_config": CONFIG, "turnpike_files": [{"name": "wanted.csv"}]}, "found neither"),
    "timeout": ({"turnpike_config": CONFIG, "turnpike_health_timeout_s": "soon"}, "turnpike_health_timeout_s.*we were unable to convert to int"),
}
CLUSTERS = {
    "no-bootstrap": ({}, "missing required arguments: kafka_bootstrap"),
    "no-tools": ({"kafka_bootstrap": "127.0.0.1:9", "kafka_bin": "/nowhere"}, "/nowhere/kafka-topics.sh is not there. kafka_bin names the folder"),
    "no-contracts": ({"kafka_bootstrap": "127.0.0.1:9", "kafka_contracts": "/nowhere"}, "no file \\*.avsc in '/nowhere'"),
    "reader": ({"kafka_bootstrap": "127.0.0.1:9", "kafka_readers": [{"group": "x"}]}, "missing required arguments: principal"),
    "quota": ({"kafka_bootstrap": "127.0.0.1:9", "kafka_quotas": [{"user": "x"}]}, "missing required arguments: limits"),
}
DEBIAN = {"ansible_distribution": "Debian", "ansible_distribution_major_version": "12", "ansible_distribution_version": "12.12",
          "ansible_architecture": "x86_64", "ansible_connection": "local", "ansible_python_interpreter": "/usr/bin/python3"}


def run(command, **options):
    return subprocess.run([str(word) for word in command], cwd=ANSIBLE, capture_output=True, text=True, check=False, timeout=_lib.LIMIT * 5,
                          env={**os.environ, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_LOCAL_TEMP": str(FOLDER / "tmp"), "NO_COLOR": "1",
                               **options.pop("env", {})}, **options)


def lint():
    done = run(["ansible-lint", "-p", "--offline", "--profile", "production"])
    text = "".join(line + "\n" for line in done.stderr.splitlines() if "Ignored exception" not in line)
    expect_equal(done.returncode, 0, f"ansible-lint:\n{done.stdout}{text}")


def syntax():
    for playbook in PLAYBOOKS:
        for inventory in INVENTORIES if playbook == "site.yml" else INVENTORIES[1:2]:
            done = run(["ansible-playbook", "-i", f"inventories/{inventory}", "--syntax-check", playbook])
            expect_equal(done.returncode, 0, f"{playbook} with {inventory}: {done.stdout}{done.stderr}")


def environment(**more):
    """For playbooks that are not in ansible/."""
    paths = {"ANSIBLE_ROLES_PATH": "roles", "ANSIBLE_LIBRARY": "library", "ANSIBLE_MODULE_UTILS": "module_utils",
             "ANSIBLE_FILTER_PLUGINS": "filter_plugins"}
    return {**{name: str(ANSIBLE / value) for name, value in paths.items()}, **more}


def examples():
    """The configuration of every appliance of the example inventories is one that turnpiked takes, but for CPUs this machine may not have."""
    folder = FOLDER / "tls"
    folder.mkdir()
    server = _credentials.certificate("server", _credentials.certificate("vehicles-ca"))
    for path in (*server, FOLDER / "vehicles-ca.pem", ANSIBLE / "inventories/city/files/wanted.csv"):
        shutil.copy(path, FOLDER if str(path).endswith(".csv") else folder)
    _credentials.secret("http.token", "0123456789abcdef\n")
    count = 0
    for inventory in INVENTORIES:
        written = FOLDER / inventory
        written.mkdir()
        done = run(["ansible-playbook", "-i", f"inventories/{inventory}", "-e", f"written={written} host_isolated_cpus=", TOP / "tests/smoke/ansible/examples.yml"],
                   env=environment(TP_VM_KAFKA="10.0.2.2:9092", TP_VM_SSH_PORT="22"))
        expect_equal(done.returncode, 0, f"{inventory}: {done.stdout}{done.stderr}")
        for path in written.iterdir():
            path.write_text(path.read_text().replace("/etc/turnpike/", f"{FOLDER}/"))
            done = run([DAEMON, "--config", path, "--check"])
            expect_equal(done.returncode, 0, f"{inventory}, {path.stem}: {done.stdout}{done.stderr}")
            count += 1
    expect_equal(count, 5, "appliances in the example inventories")


def scraped():
    """What Prometheus is told where an example inventory has a monitoring host: it takes it, and it is where the appliances listen."""
    for inventory, wanted in {"one-box": ["targets: ['127.0.0.1:9464']", "site: 'junction-7'", "scheme: http\n"],
                              "city": ["targets: ['turnpike-harbour-1:9464']", "site: 'harbour'", "site: 'north'", "scheme: https\n",
                                       "credentials_file: /etc/prometheus/turnpike.token"]}.items():
        path = FOLDER / f"prometheus-{inventory}.yml"
        done = run(["ansible-playbook", "-i", f"inventories/{inventory}", "-e", f"written={path} city_token=0123456789abcdef", TOP / "tests/smoke/ansible/prometheus.yml"],
                   env=environment())
        expect_equal(done.returncode, 0, f"{inventory}: {done.stdout}{done.stderr}")
        expect_equal([word for word in wanted if word not in path.read_text()], [], f"missing in {path.read_text()}")
        done = run(["promtool", "check", "config", "--syntax-only", path])
        expect_equal(done.returncode, 0, f"{inventory}: {done.stdout}{done.stderr}")


def a_tag_alone():
    """The configuration names NICs, so they are looked at whichever tag is given."""
    inventory = FOLDER / "tags.json"
    inventory.write_text(json.dumps({"appliances": {"hosts": {"only": {
        **DEBIAN, "ansible_become": False, "nic_root": box("tags"), "nic_ports": ROADSIDE, "turnpike_config": CONFIG}}}}))
    done = run(["ansible-playbook", "-i", inventory, "--check", "--tags", "config", "site.yml"])
    expect_equal((done.returncode, "Fill NICs and CPUs into the configuration" in done.stdout), (0, True), f"{done.stdout}{done.stderr}")
    done = run(["ansible-playbook", "-i", inventory, "--list-tasks", "--tags", "turnpike", "site.yml"])
    expect("nic : Look at the NICs" in done.stdout, f"tasks of the tag turnpike: {done.stdout}{done.stderr}")


def given_up():
    """A NIC that was taken is given back where it is no longer named, and where it is wanted for another driver."""
    row = {"name": "roadside", "pci": "0000:03:00.0", "mac": "3c:fd:fe:00:01:10", "interface": "enp3s0", "driver": "ixgbe", "taken_by": "af_xdp"}
    for case, ports, wanted in (("gone", [], [row["pci"]]), ("same", [{**ROADSIDE[0], "driver": "af_xdp"}], []),
                                ("sides", ROADSIDE, [row["pci"]])):
        root = box(f"given-up-{case}", files={"/etc/ansible/facts.d/turnpike_nic.fact": json.dumps([row])})
        done = run(["ansible", "localhost", "-i", "localhost,", "-c", "local", "-m", "turnpike_nic", "-a", json.dumps({"root": root, "ports": ports})],
                   env=environment(ANSIBLE_LOAD_CALLBACK_PLUGINS="1", ANSIBLE_STDOUT_CALLBACK="json"))
        expect_equal(done.returncode, 0, f"{case}: {done.stdout}{done.stderr}")
        result = json.loads(done.stdout)["plays"][0]["tasks"][0]["hosts"]["localhost"]
        expect_equal([nic["pci"] for nic in result["given_up"]], wanted, f"{case}: NICs that are given back")


def unit_of_an_interface():
    """A name with a hyphen is written as systemd writes it, and only what was set is set."""
    port = {"interface": "br-road", "queues": 2, "rx_ring": 1024, "tx_ring": 0, "mtu": 0}
    path = FOLDER / "nic.service"
    done = run(["ansible", "localhost", "-i", "localhost,", "-c", "local", "-m", "template", "-e", json.dumps({"item": port}), "-a",
                f"src={ANSIBLE}/roles/nic/templates/turnpike-nic.service.j2 dest={path} mode=0644"])
    expect_equal(done.returncode, 0, f"{done.stdout}{done.stderr}")
    words = [line for line in path.read_text().splitlines() if line.startswith(("BindsTo", "ExecStart"))]
    expect_equal(words, [r"BindsTo=sys-subsystem-net-devices-br\x2droad.device", "ExecStart=/usr/sbin/ethtool -L br-road combined 2",
                         "ExecStart=/usr/sbin/ethtool -G br-road rx 1024", "ExecStart=/usr/sbin/ip link set dev br-road up"], "the unit")


def configured_us():
    return Ctl("status").data()["configured_us"]


def in_force(tree):
    """One run of the tasks that see to it; how many things it changed."""
    inventory = FOLDER / "in-force.json"
    inventory.write_text(json.dumps({"all": {"hosts": {"only": {"ansible_connection": "local", "turnpike_config": tree}}}}))
    done = run(["ansible-playbook", "-i", inventory, "-e", f"turnpike_etc={FOLDER}/etc", TOP / "tests/smoke/ansible/in_force.yml"],
               env=environment(PATH=f"{_lib.BUILD}/control/cli:{os.environ['PATH']}"))
    expect_equal(done.returncode, 0, f"{done.stdout}{done.stderr}")
    return int(re.search(r"changed=(\d+)", done.stdout)[1])


def what_was_left_behind():
    """What a run wrote that never came to its handlers: the next one puts it in force, and the one behind that changes nothing."""
    folder = FOLDER / "etc"
    (folder / "tls").mkdir(parents=True)
    tree = {**_http.tree(0), "http": {"listen": "none"}}
    written = _lib.write_config(tree, "etc/turnpike.yaml")
    with Daemon(tree) as daemon:
        until(lambda: Ctl("status").status == 0, "it runs")
        expect_equal(in_force(tree), 0, "changes where all is in force")
        changed = {**tree, "guard": {"source_rate": 4711}}
        written.write_text(json.dumps(changed))
        expect_equal((in_force(changed) > 0, in_force(changed)), (True, 0), "changes of the run behind it, and of the one behind that")
        expect_equal([row["rate"] for row in Ctl("guard").data()["rates"]], [4711], "the rate in force")
        before = configured_us()
        (folder / "tls/server.pem").touch()
        expect_equal((in_force(changed) > 0, in_force(changed)), (True, 0), "changes where a certificate is younger")
        expect(configured_us() > before, "it was not read again")
        daemon.stop().expect(_lib.OK)


def verify_only_looks():
    """In check mode nothing is sent, so nothing is held against it."""
    inventory = FOLDER / "verify.json"
    inventory.write_text(json.dumps({"appliances": {"hosts": {"only": {**DEBIAN, "ansible_become": False, "verify_address": "192.0.2.10",
                                                                       "turnpike_config": CONFIG}}},
                                     "senders": {"hosts": {"road": DEBIAN}}}))
    done = run(["ansible-playbook", "-i", inventory, "--check", "verify.yml"])
    expect_equal(done.returncode, 0, f"{done.stdout}{done.stderr}")
    expect("TASK [verify : Send]" in done.stdout, f"tasks: {done.stdout}")


def verify_asks(**settings):
    """What the role says of an appliance, nothing sent; it has no NIC to send through here."""
    inventory = FOLDER / "verify-asks.json"
    inventory.write_text(json.dumps({"appliances": {"hosts": {"only": {**DEBIAN, "ansible_become": False, "verify_address": "192.0.2.10",
                                                                       "verify_count": 0, **settings}}},
                                     "senders": {"hosts": {"road": DEBIAN}}}))
    return run(["ansible-playbook", "-i", inventory, "verify.yml"], env={"PATH": f"{_lib.BUILD}/control/cli:{os.environ['PATH']}"})


def verify_where_its_socket_is():
    """The books are read at control.socket where the configuration names one, and by the name of the appliance else."""
    tree = {**_http.tree(0), "http": {"listen": "none"}}
    with Daemon(tree) as daemon:
        until(lambda: Ctl("status").status == 0, "it runs")
        done = verify_asks(turnpike_config=tree)
        expect_equal(done.returncode, 0, f"{done.stdout}{done.stderr}")
        done = verify_asks(turnpike_config={**tree, "control": None}, verify_timeout_s=0)
        expect(done.returncode and f"/run/turnpike/{tree['name']}.sock" in done.stdout, f"without control.socket: {done.stdout}")
        daemon.stop().expect(_lib.OK)


def variables(group, case, own):
    """A machine is made where the case names one."""
    root = {"host": "host_root", "nic": "nic_root"}.get(group)
    own = dict(own)
    if root:
        name, changes = own.get(root, (case, {}))
        own[root] = box(f"{group}-{name}", **changes)
    if group == "kafka":
        own.setdefault("kafka_contracts", str(TOP / "contracts"))
    if group == "turnpike":
        own.setdefault("nic_seen", SEEN)
    return {**DEBIAN, **own}


def outcomes(groups):
    """{host: message of its failure, or None} of one run over all cases."""
    tree = {"all": {"children": {group: {"hosts": {f"{group}-{case}": variables(group, case, own) for case, (own, _) in cases.items()}}
                                 for group, cases in groups.items()}}}
    inventory = FOLDER / "cases.json"
    inventory.write_text(json.dumps(tree))
    done = run(["ansible-playbook", "-i", inventory, "--check", "--tags", "preflight,config,kafka", TOP / "tests/smoke/ansible/wrong.yml"],
               env=environment(ANSIBLE_STDOUT_CALLBACK="json", ANSIBLE_FORKS="4"))
    expect("{" in done.stdout, f"Ansible said nothing: {done.stderr}")
    answer = json.loads(done.stdout[done.stdout.index("{"):])
    found = {}
    for play in answer["plays"]:
        for task in play["tasks"]:
            for host, result in task["hosts"].items():
                if result.get("failed"):
                    found.setdefault(host, json.dumps(result, ensure_ascii=False).replace('\\"', '"'))
    absent = {f"{group}-{case}" for group, cases in groups.items() for case in cases} - set(answer["stats"])
    expect(not absent, f"did not run: {sorted(absent)}\n{json.dumps(found, indent=1, ensure_ascii=False)}")
    return found


def wrong_variables():
    groups = {"host": HOSTS, "nic": NICS, "turnpike": CONFIGS, "kafka": CLUSTERS}
    found, bad = outcomes(groups), []
    for group, cases in groups.items():
        for case, (_, wanted) in cases.items():
            said = found.get(f"{group}-{case}")
            if wanted is None and said or wanted is not None and not re.search(wanted, said or "", re.DOTALL):
                bad.append(f"{group}, {case}: expected {wanted!r}, found {said!r}")
    expect(not bad, "\n".join(bad))
    print(f"{sum(map(len, groups.values()))} cases")


for program in ("ansible-playbook", "ansible-lint", "promtool"):
    if not shutil.which(program):
        skip(f"{program} is not installed: make deps")
for step in (wrong_variables, examples, scraped, a_tag_alone, given_up, unit_of_an_interface, what_was_left_behind, verify_only_looks,
             verify_where_its_socket_is, syntax, lint):
    if len(sys.argv) < 2 or step.__name__ in sys.argv[1:]:
        step()
