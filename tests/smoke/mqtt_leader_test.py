#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Three brokers, of which the leader of a partition is gone, while MQTT clients publish at QoS 1.

Of a topic with one replica the partition is away with its broker: its clients are held, also when all batches it may have are full, and those of
the other partitions get their PUBACKs one after the other all the while. Of a topic with three, another broker becomes the leader. Either way, what
was acknowledged is in Kafka once and in order.
"""
import collections
import time

import _lib
from _brokers import Brokers
from _lib import Daemon, a_roadside, af_xdp_port, config, expect, expect_balanced, expect_equal, kafka_reader, need_roadside, until
from _publisher import Client, connected, until_pumped

PARTITIONS = 3
CLIENTS = 12
ROUNDS = 100  # PUBLISH and PUBACK of every healthy client, one after the other, while a partition is away
HELD = 100    # messages of a client of that partition
FLOOD = 20000  # and of one that publishes at QoS 0: more than the batches of one partition hold
BODY = b"." * 900
reader = None


def tree_for(road, kafka, replication):
    tree = config(port=af_xdp_port(road), sink="kafka", brokers=kafka.bootstrap, memory={"batches": 256, "batch_bytes": 65536},
                  mqtt=[{"name": "m", "port": 1883, "anonymous": True, "unknown_devices": "accept", "unmapped": "raw"}])
    tree["topics"] = [{"name": f"r{replication}.{kind}", "kind": kind} for kind in ("mqtt_message", "device_event")]
    tree["sink"]["kafka"].update(partitions=PARTITIONS, replication=replication)
    return tree


def publish(client, n, qos=1):
    first = client.numbered = getattr(client, "numbered", 0)
    for i in range(first, first + n):
        client.publish("some/topic", f"{client.client_id} {i} ".encode() + BODY, qos)
    client.numbered += n


def leaders(topic):
    """{partition: node that leads it}"""
    return {number: partition.leader for number, partition in reader.consumer.list_topics(topic, timeout=_lib.LIMIT).topics[topic].partitions.items()}


def homes(topic):
    """{client identifier: partition its records are in}"""
    return {record.value["client_id"]: record.partition for record in reader.read(topic, contract="raw.mqtt.v1")}


def lockstep(clients, rounds):
    """Each publishes one, and the next when that is acknowledged. Returns the longest time that a round took, s."""
    longest = 0
    for _ in range(rounds):
        begin = time.monotonic()
        for client in clients:
            publish(client, 1)
        until_pumped(clients, lambda: not any(client.sent for client in clients), "acknowledgements of healthy partitions")
        longest = max(longest, time.monotonic() - begin)
    return longest


def expect_in_order(topic, clients):
    found = collections.defaultdict(list)
    for record in reader.read(topic, contract="raw.mqtt.v1"):
        found[record.value["client_id"]].append(record.value["body"])
    for client in clients:
        acked = [body for body in found[client.client_id] if body in set(client.acked)]
        expect(acked == client.acked, f"{client.client_id}: {len(client.acked)} acknowledged, {len(acked)} of them in Kafka, or in another order")
    return found


def partition_away(road, kafka):
    topic = "r1.mqtt_message"
    with Daemon(tree_for(road, kafka, 1)) as daemon:
        daemon.wait_for_answer(road)
        clients = connected([Client(road, f"one-{i}") for i in range(CLIENTS)])
        before = lockstep(clients, 20)
        where, lead = homes(topic), leaders(topic)
        victim = next(node for node in (2, 3) if any(lead[where[client.client_id]] == node for client in clients))
        held = [client for client in clients if lead[where[client.client_id]] == victim]
        healthy = [client for client in clients if client not in held]
        expect(held and healthy, "all clients are in one partition: this case shows nothing")
        kafka.pause(victim)
        for client in held:
            publish(client, HELD)
        publish(held[0], FLOOD, qos=0)
        acked = [len(client.acked) for client in held]
        until_pumped(clients, lambda: held[0].backed_off() >= 2, "the window of the connection that floods")
        longest = lockstep(healthy, ROUNDS)
        for client in held:
            client.pump()
        expect_equal([len(client.acked) for client in held], acked, "acknowledged while the partition was away")
        kafka.go_on(victim)
        begin = time.monotonic()
        until_pumped(clients, lambda: all(client.done() for client in clients), "all acknowledgements")
        print(f"one replica: {len(held)} clients of a partition that was away, {len(healthy)} others; longest round of the others {longest:.3f} s, "
              f"before that {before:.3f} s; all acknowledged {time.monotonic() - begin:.3f} s after its return")
        for client in clients:
            client.end()
        total = expect_balanced(daemon.stop().expect(_lib.OK))
    expect_equal((total["failed"], total["mqtt_not_acknowledged"], total["batch_exhausted"]), (0, 0, 0), "failed, not acknowledged, exhausted")
    found = expect_in_order(topic, clients)
    expect_equal(sum(map(len, found.values())), total["emitted"], "records in Kafka")


def leader_moves(road, kafka):
    topic = "r3.mqtt_message"
    with Daemon(tree_for(road, kafka, 3)) as daemon:
        daemon.wait_for_answer(road)
        clients = connected([Client(road, f"three-{i}") for i in range(CLIENTS)])
        lockstep(clients, 5)
        before = leaders(topic)
        victim = next(node for node in (2, 3) if node in before.values())
        kafka.kill(victim)
        begin = time.monotonic()
        for client in clients:
            publish(client, HELD)
        until_pumped(clients, lambda: all(client.done() for client in clients), "acknowledgements of the new leaders")
        print(f"three replicas: all acknowledged {time.monotonic() - begin:.3f} s after a leader died")
        # The broker that is asked may hear of it later than the one that leads now.
        until(lambda: victim not in leaders(topic).values(), "the leader moves, or this case shows nothing")
        for client in clients:
            client.end()
        total = expect_balanced(daemon.stop().expect(_lib.OK))
    expect_equal((total["failed"], total["mqtt_not_acknowledged"]), (0, 0), "failed, not acknowledged")
    found = expect_in_order(topic, clients)
    expect_equal(sum(map(len, found.values())), total["emitted"], "records in Kafka")


need_roadside()
with Brokers(3) as cluster, a_roadside("10.77.0.11") as out_there:
    reader = kafka_reader(cluster.bootstrap)
    partition_away(out_there, cluster)
    leader_moves(out_there, cluster)
