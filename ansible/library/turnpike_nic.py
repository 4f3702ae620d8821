#!/usr/bin/python
# SPDX-License-Identifier: BSD-3-Clause
"""Finds the NICs that an inventory names, by PCI address or MAC, and says in sentences why one cannot be taken.

A NIC bound to vfio-pci has no interface any more, and so no MAC that could be read. What a NIC was before is therefore remembered in a file,
from which it is found again and given back. state=remember and state=forget write that file; nothing else is changed.
"""
import json
import os
import re

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.turnpike_sysfs import System

DOCUMENTATION = r"""
module: turnpike_nic
short_description: Find the dedicated NICs of a turnpike appliance
description:
  - Resolves ports to PCI addresses, interfaces and drivers, and lists in plain words why a NIC cannot be taken.
  - Remembers what a NIC was before it was taken, so that it can be given back.
options:
  root: {description: Folder that stands for /; for tests., type: path, default: /}
  state: {description: Only look; or write what is remembered; or forget it, type: str, default: look, choices: [look, remember, forget]}
  memory: {description: File that remembers what taken NICs were, type: path, default: /etc/ansible/facts.d/turnpike_nic.fact}
  ports: {description: "Ports, each with name, driver, and pci or mac", type: list, elements: dict, default: []}
author: [turnpike]
"""
EXAMPLES = r"""
- name: Find the NIC of the roadside
  turnpike_nic:
    ports:
      - {name: roadside, mac: "52:54:00:00:01:01", driver: vfio-pci}
"""
RETURN = r"""
ports: {description: "The ports with pci, interface, driver_now, override (driverctl) and former", type: list, returned: always}
problems: {description: Why NICs cannot be taken in sentences, type: list, returned: always}
given_up: {description: NICs that are remembered but no longer wanted or wanted for another driver, type: list, returned: always}
"""
PCI = re.compile(r"^[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$")
MAC = re.compile(r"^([0-9a-f]{2}:){5}[0-9a-f]{2}$")


def read_memory(system, name):
    try:
        return json.loads(system.read(name) or "[]")
    except ValueError:
        return []


def known(nics):
    return "; ".join(f"{nic['pci']} {nic['interface'] or '(no interface)'} {nic['mac']} driver {nic['driver'] or 'none'}".replace("  ", " ")
                     for nic in nics) or "none"


def address_problem(port):
    pci, mac = port.get("pci") or "", (port.get("mac") or "").lower()
    if bool(pci) == bool(mac):
        return "expected either pci or mac, found " + ("both" if pci else "neither")
    if pci and not PCI.match(pci):
        return f"pci: found '{pci}', expected a form like 0000:03:00.0"
    if mac and not MAC.match(mac):
        return f"mac: found '{mac}', expected a form like 52:54:00:12:34:56"
    return ""


def find(port, nics, memory):
    """The NIC of a port and what is remembered of it."""
    pci, mac = port.get("pci") or "", (port.get("mac") or "").lower()
    former = next((row for row in memory if (pci and row["pci"] == pci) or (mac and row["mac"] == mac)), None)
    pci = pci or (former["pci"] if former else "")
    nic = next((nic for nic in nics if nic["pci"] == pci or (not pci and nic["mac"] == mac)), None)
    return nic, former


def take_problems(system, nic, driver, ssh_address, taken):
    """Why the kernel should not give this NIC away."""
    if driver != "vfio-pci" or nic["driver"] == "vfio-pci":
        return []
    problems = [f"{nic['interface']} {reason}: binding it to vfio-pci would cut this machine off. Name another NIC."
                for reason in system.uses(nic["interface"], ssh_address)]
    others = [pci for pci in system.group_others(nic) if pci not in taken]
    if others:
        problems.append(f"it shares IOMMU group {nic['group']} with {', '.join(others)}, which would have to leave the kernel too. Put the NIC in "
                        "another slot, or switch on ACS in the firmware's setup.")
    return problems


def examine(system, params, ssh_address):
    nics, memory = system.nics(), read_memory(system, params["memory"])
    found, ports, problems = [], [], []
    for port in params["ports"]:
        name, problem = port.get("name", "?"), address_problem(port)
        nic, former = (None, None) if problem else find(port, nics, memory)
        if not problem and nic is None:
            problem = f"no NIC has {'PCI address ' + port['pci'] if port.get('pci') else 'MAC ' + port['mac']}. NICs here: {known(nics)}"
        if problem:
            problems.append(f"nic_ports, {name}: {problem}")
            continue
        found.append((name, port, nic))
        ports.append({**port, "pci": nic["pci"], "mac": nic["mac"] or (former or {}).get("mac", ""), "driver_now": nic["driver"],
                      "interface": nic["interface"] or (former or {}).get("interface", ""),
                      "override": system.read(f"/etc/driverctl.d/pci-{nic['pci']}"), "former": (former or nic)["driver"], "name": name})
    taken = {nic["pci"]: port.get("driver", "vfio-pci") for _, port, nic in found}
    for name, port, nic in found:
        problems += [f"nic_ports, {name} ({nic['pci']}): {text}"
                     for text in take_problems(system, nic, port.get("driver", "vfio-pci"), ssh_address, taken)]
    if len(taken) < len(found):
        problems.append("nic_ports: two ports name the same NIC.")
    return {"ports": ports, "problems": problems, "given_up": [row for row in memory if row["taken_by"] != taken.get(row["pci"])]}


def remember(module, result):
    """Rows of the ports, with the driver each NIC had when it was first seen."""
    rows = [{"name": port["name"], "pci": port["pci"], "mac": port["mac"], "interface": port["interface"], "driver": port["former"],
             "taken_by": port.get("driver", "vfio-pci")} for port in result["ports"]]
    return write(module, rows)


def write(module, rows):
    """Whether the file had to change."""
    path = os.path.join(module.params["root"], module.params["memory"].lstrip("/"))
    text = json.dumps(rows, indent=1) + "\n"
    before = System(module.params["root"]).read(module.params["memory"])
    if before == text.strip() or (not rows and not os.path.exists(path)):
        return False
    if module.check_mode:
        return True
    if not rows:
        os.unlink(path)
        return True
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path + ".part", "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(path + ".part", path)
    return True


def main():
    module = AnsibleModule(supports_check_mode=True, argument_spec={
        "root": {"type": "path", "default": "/"},
        "state": {"type": "str", "default": "look", "choices": ["look", "remember", "forget"]},
        "memory": {"type": "path", "default": "/etc/ansible/facts.d/turnpike_nic.fact"},
        "ports": {"type": "list", "elements": "dict", "default": []}})
    system = System(module.params["root"], module.run_command)
    ssh = os.environ.get("SSH_CONNECTION", "").split() if module.params["root"] == "/" else system.read("/run/ssh-connection").split()
    result = examine(system, module.params, ssh[2] if len(ssh) > 2 else "")
    changed = False
    if module.params["state"] == "remember" and not result["problems"]:
        changed = remember(module, result)
    elif module.params["state"] == "forget":
        changed = write(module, [])
    module.exit_json(changed=changed, **result)


if __name__ == "__main__":
    main()
