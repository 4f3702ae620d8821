#!/usr/bin/python
# SPDX-License-Identifier: BSD-3-Clause
"""Brings topics, ACLs and quotas of a Kafka cluster to what is wanted, with Kafka's own command line tools. Adds and raises, never deletes."""
import os
import re

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: turnpike_kafka
short_description: Topics, ACLs and quotas of a Kafka cluster
description:
  - Describes the cluster with Kafka's tools, and changes only what differs.
  - Topics are never deleted, partitions never reduced, ACLs and quotas that are not named stay as they are.
options:
  bin: {description: Folder with kafka-topics.sh and the other tools, type: path, default: /opt/kafka/bin}
  bootstrap: {description: "Brokers to start from, host:port,host:port", type: str, required: true}
  command_config: {description: File with properties of an administrator's client, type: path, default: ""}
  topics: {description: "Topics, each with name, partitions, replication, config", type: list, elements: dict, default: []}
  acls: {description: "Rights, each with principal, operations, and topics or group", type: list, elements: dict, default: []}
  quotas: {description: "Quotas, each with user or client_id, and limits", type: list, elements: dict, default: []}
author: [turnpike]
"""
EXAMPLES = r"""
- name: The topic of plate reads
  turnpike_kafka:
    bootstrap: kafka-1:9092
    topics:
      - {name: raw.plate.read.v1, partitions: 12, replication: 3, config: {min.insync.replicas: "2"}}
"""
RETURN = r"""
changes: {description: What was or would be changed in sentences, type: list, returned: always}
"""
RESOURCE = re.compile(r"ResourcePattern\(resourceType=(\w+), name=(.*?), patternType=(\w+)\)")
RIGHT = re.compile(r"\(principal=(.*?), host=(.*?), operation=(\w+), permissionType=(\w+)\)")
QUOTA = re.compile(r"(user-principal|client-id) '(.*?)'")
ENTITY = {"user": ("users", "user-principal"), "client_id": ("clients", "client-id")}


def parse_config(text):
    """k=v,k=v, where a value may hold commas itself."""
    return dict(part.split("=", 1) for part in re.split(r",\s*(?=[A-Za-z_.]+=)", text.strip()) if "=" in part)


def parse_topics(text):
    topics = {}
    for line in text.splitlines():
        fields = dict(field.split(":", 1) for field in line.strip().split("\t") if ":" in field)
        if "PartitionCount" in fields:
            topics[fields["Topic"].strip()] = {"partitions": int(fields["PartitionCount"]), "replication": int(fields["ReplicationFactor"]),
                                               "config": parse_config(fields.get("Configs", ""))}
    return topics


def parse_acls(text):
    """{(resource type, name, pattern, principal, operation)} that are allowed from every host."""
    found, resource = set(), None
    for line in text.splitlines():
        if match := RESOURCE.search(line):
            resource = match.groups()
        elif (match := RIGHT.search(line)) and resource and match[4] == "ALLOW" and match[2] == "*":
            found.add((*resource, match[1], match[3]))
    return found


def parse_quotas(text):
    found = {}
    for line in text.splitlines():
        if (match := QUOTA.search(line)) and " are " in line:
            limits = parse_config(line.split(" are ", 1)[1])
            found[match.groups()] = {key: float(value) for key, value in limits.items()}
    return found


class Cluster:
    def __init__(self, module):
        self.module, self.changes = module, []

    def tool(self, name, *words):
        params = self.module.params
        path = os.path.join(params["bin"], name)
        if not os.access(path, os.X_OK):
            self.module.fail_json(msg=f"{path} is not there. kafka_bin names the folder of Kafka's tools (kafka-topics.sh and others); "
                                      "they come with Apache Kafka.")
        config = ["--command-config", params["command_config"]] if params["command_config"] else []
        status, out, err = self.module.run_command([path, "--bootstrap-server", params["bootstrap"], *config, *words])
        if status:
            said = (err.strip() or out.strip()).splitlines()
            self.module.fail_json(msg=f"{name} {' '.join(words)} ended with {status}: {said[-1] if said else 'it said nothing'}", stderr=err, stdout=out)
        return out

    def change(self, sentence, name, *words):
        self.changes.append(sentence)
        if not self.module.check_mode:
            self.tool(name, *words)

    def topics(self, wanted):
        have = parse_topics(self.tool("kafka-topics.sh", "--describe")) if wanted else {}
        for topic in wanted:
            config = {key: str(value) for key, value in (topic.get("config") or {}).items()}
            if topic["name"] not in have:
                self.create(topic, config)
            else:
                self.alter(topic, config, have[topic["name"]])

    def create(self, topic, config):
        words = [word for key, value in sorted(config.items()) for word in ("--config", f"{key}={value}")]
        self.change(f"topic {topic['name']}: created with {topic['partitions']} partitions and {topic['replication']} replicas",
                    "kafka-topics.sh", "--create", "--topic", topic["name"], "--partitions", str(topic["partitions"]),
                    "--replication-factor", str(topic["replication"]), *words)

    def alter(self, topic, config, have):
        name, wanted = topic["name"], int(topic["partitions"])
        if have["replication"] != int(topic["replication"]):
            self.module.warn(f"topic {name} has {have['replication']} replicas, {topic['replication']} are wanted: use kafka-reassign-partitions.sh")
        if have["partitions"] > wanted:
            self.module.warn(f"topic {name} has {have['partitions']} partitions, {wanted} are wanted: partitions are never taken away")
        elif have["partitions"] < wanted:
            self.change(f"topic {name}: {wanted} partitions, before {have['partitions']}", "kafka-topics.sh", "--alter", "--topic", name,
                        "--partitions", str(wanted))
        other = {key: value for key, value in config.items() if have["config"].get(key) != value}
        if other:
            text = ",".join(f"{key}=[{value}]" if "," in value else f"{key}={value}" for key, value in sorted(other.items()))
            self.change(f"topic {name}: {text}", "kafka-configs.sh", "--alter", "--entity-type", "topics", "--entity-name", name,
                        "--add-config", text)

    def acls(self, wanted):
        have = parse_acls(self.tool("kafka-acls.sh", "--list")) if wanted else set()
        for row in wanted:
            kind, option = ("TOPIC", "--topic") if row.get("topics") else ("GROUP", "--group")
            pattern = "PREFIXED" if row.get("prefixed") else "LITERAL"
            names = row.get("topics") or [row["group"]]
            operations = [operation.upper() for operation in row["operations"]]
            lacking = [name for name in names for operation in operations
                       if (kind, name, pattern, row["principal"], operation) not in have]
            if lacking:
                lacking = sorted(set(lacking))
                words = [word for operation in operations for word in ("--operation", operation.capitalize())]
                words += [word for name in lacking for word in (option, name)]
                self.change(f"{row['principal']} may {', '.join(operations).lower()} {', '.join(lacking)}", "kafka-acls.sh", "--add",
                            "--allow-principal", row["principal"], "--resource-pattern-type", pattern.lower(), *words)

    def quotas(self, wanted):
        have = {}
        for kind in sorted({kind for row in wanted for kind in ENTITY if row.get(kind)}):
            have.update(parse_quotas(self.tool("kafka-configs.sh", "--describe", "--entity-type", ENTITY[kind][0])))
        for row in wanted:
            kind = "user" if row.get("user") else "client_id"
            plural, label = ENTITY[kind]
            other = {key: value for key, value in row["limits"].items() if have.get((label, row[kind]), {}).get(key) != float(value)}
            if other:
                text = ",".join(f"{key}={value}" for key, value in sorted(other.items()))
                self.change(f"quota of {kind} {row[kind]}: {text}", "kafka-configs.sh", "--alter", "--entity-type", plural, "--entity-name",
                            row[kind], "--add-config", text)


def main():
    module = AnsibleModule(supports_check_mode=True, argument_spec={
        "bin": {"type": "path", "default": "/opt/kafka/bin"},
        "bootstrap": {"type": "str", "required": True},
        "command_config": {"type": "path", "default": ""},
        "topics": {"type": "list", "elements": "dict", "default": []},
        "acls": {"type": "list", "elements": "dict", "default": []},
        "quotas": {"type": "list", "elements": "dict", "default": []}})
    cluster = Cluster(module)
    cluster.topics(module.params["topics"])
    cluster.acls(module.params["acls"])
    cluster.quotas(module.params["quotas"])
    text = "".join(f"{change}\n" for change in cluster.changes)
    module.exit_json(changed=bool(cluster.changes), changes=cluster.changes, diff={"before": "", "after": text})


if __name__ == "__main__":
    main()
