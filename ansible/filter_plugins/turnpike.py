# SPDX-License-Identifier: BSD-3-Clause
"""What the roles work out of variables: the configuration with the NICs in it. Errors name the variable, what was found and what was expected."""
import copy
import re

from ansible.errors import AnsibleFilterError

TYPES = {"vfio-pci": "pci", "af_xdp": "af_xdp"}
FILES = (("lists", "path"), ("mqtt", "users"))
TLS_FILES = ("certificate", "key", "client_ca", "crl")
HTTP_FILES = ("certificate", "key", "token_file")


def with_nics(port, nics):
    """A port of the configuration that is named like a NIC has that NIC's address and type."""
    nic = nics.get(port.get("name"))
    if nic is None:
        if "device" not in port:
            raise AnsibleFilterError(f"turnpike_config, ports, {port.get('name', '?')}: it has no device, and nic_ports has no port of this name; "
                                     f"found there: {', '.join(sorted(nics)) or 'none'}.")
        return port
    if "device" in port or "type" in port:
        raise AnsibleFilterError(f"turnpike_config, ports, {port['name']}: type and device come from nic_ports, so leave them out here.")
    kind = TYPES[nic.get("driver") or "vfio-pci"]
    return {**port, "type": kind, "device": nic["pci"] if kind == "pci" else nic["interface"]}


def absolute(where, path):
    """The file is checked in another folder before it is put in place, where a relative path would lead elsewhere."""
    if path and not str(path).startswith("/"):
        raise AnsibleFilterError(f"turnpike_config, {where}: found '{path}', expected a path from / on; files that turnpike_files brings are in "
                                 f"/etc/turnpike, so perhaps '/etc/turnpike/{path}'.")


def turnpike_configuration(config, nics, isolated, properties):
    """The file as the daemon is to read it: NICs, isolated CPUs and secret properties filled in."""
    if not isinstance(config, dict):
        return config  # the role has said what is wrong
    config = copy.deepcopy(config)
    config["ports"] = [with_nics(port, {nic["name"]: nic for nic in nics}) for port in config.get("ports") or []]
    for section, key in FILES:
        for row in config.get(section) or []:
            absolute(f"{section}, {row.get('name', '?')}, {key}", row.get(key))
    for row in config.get("mqtt") or []:
        for key in TLS_FILES:
            absolute(f"mqtt, {row.get('name', '?')}, tls, {key}", (row.get("tls") or {}).get(key))
    for key in HTTP_FILES:
        absolute(f"http, {key}", (config.get("http") or {}).get(key))
    if isolated and "cpus" not in (config.get("workers") or {}):
        config["workers"] = with_cpus(config.get("workers") or {}, isolated)
    if properties:
        kafka = config.setdefault("sink", {}).setdefault("kafka", {})
        kafka["properties"] = list(kafka.get("properties") or []) + list(properties)
    return config


def with_cpus(workers, isolated):
    """One isolated CPU for each worker."""
    count = workers.get("count") or len(isolated)
    if count > len(isolated):
        raise AnsibleFilterError(f"turnpike_config, workers, count: found {count}, but host_isolated_cpus has {len(isolated)} "
                                 "CPUs. Isolate more, or start fewer workers, or name workers.cpus.")
    return {**workers, "count": count, "cpus": isolated[:count]}


def turnpike_cpus(text):
    """A list of CPUs like 2-5,8 as numbers."""
    found = []
    for part in str(text).split(",") if str(text).strip() else []:
        first, _, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found


def turnpike_topics(names, rows, partitions, replication, config):
    """Every topic with what it has of its own, and the defaults."""
    own = {row["name"]: row for row in rows}
    return [{"name": name, "partitions": own.get(name, {}).get("partitions") or partitions,
             "replication": own.get(name, {}).get("replication") or replication,
             "config": {**config, **(own.get(name, {}).get("config") or {})}} for name in names]


def turnpike_rights(producers, readers, names):
    """Appliances write, others read; a reader's group is a prefix, so that one name serves all its jobs."""
    rights = [{"principal": principal, "operations": ["Write", "Describe"], "topics": names} for principal in producers]
    for row in readers:
        rights.append({"principal": row["principal"], "operations": ["Read", "Describe"], "topics": row.get("topics") or names})
        rights.append({"principal": row["principal"], "operations": ["Read"], "group": row["group"], "prefixed": True})
    return rights


def turnpike_books(after, before, device):
    """How far the books of a device moved between two answers of `turnpikectl books --json`."""
    def row(answer):  # lines are called device/lane@site
        return next((row for row in answer.get("devices", []) if re.split("[/@]", row.get("device", ""))[0] == device), {})

    return {key: int(row(after).get(key, 0)) - int(row(before).get(key, 0))
            for key in ("received", "decoded", "malformed", "refused", "dropped", "emitted", "acknowledged", "failed")}


def turnpike_certificate_problems(rows):
    """What is wrong with certificates, without showing them."""
    problems = []
    for row in rows:
        if "-----BEGIN CERTIFICATE-----" not in str(row.get("certificate")):
            problems.append(f"turnpike_certificates, {row.get('name')}, certificate: expected a PEM text (-----BEGIN CERTIFICATE-----); the name of a "
                            "file, or a vault variable that was not decrypted, looks different.")
        if row.get("key") is not None and "PRIVATE KEY-----" not in str(row["key"]):
            problems.append(f"turnpike_certificates, {row.get('name')}, key: expected a PEM text (-----BEGIN PRIVATE KEY-----).")
    return problems


class FilterModule:
    def filters(self):
        return {"turnpike_configuration": turnpike_configuration, "turnpike_cpus": turnpike_cpus, "turnpike_topics": turnpike_topics,
                "turnpike_rights": turnpike_rights, "turnpike_books": turnpike_books,
                "turnpike_certificate_problems": turnpike_certificate_problems}
