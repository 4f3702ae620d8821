# SPDX-License-Identifier: BSD-3-Clause
"""What every client must be able to do: each version and QoS over each way in, with Kafka behind."""
import collections
import itertools

import _credentials
from _lib import OK, Daemon, a_roadside, af_xdp_port, config, expect, expect_balanced, expect_equal, kafka_reader, need_kafka, need_roadside, \
    topic_name, unique
from _mqtt import APPLIANCE, APPLIANCE6, Session, expect_once_in_order, publish_all

MESSAGES = 25
OPEN = {"anonymous": True, "unknown_devices": "accept", "unmapped": "raw"}
PLAIN, LOGIN, TLS, MUTUAL = 1883, 1884, 8883, 8884
WAYS = {"plain": (PLAIN, APPLIANCE), "plain6": (PLAIN, APPLIANCE6), "login": (LOGIN, APPLIANCE), "tls": (TLS, APPLIANCE), "tls6": (TLS, APPLIANCE6),
        "mutual": (MUTUAL, APPLIANCE)}


def sessions_of(client, authority):
    for (way, (port, host)), version, qos in itertools.product(WAYS.items(), ("3.1.1", "5"), (0, 1, 2)):
        device = f"{client}-{way}-{version}-{qos}"
        messages = [f"{device} {n} {'x' * (n * 97 % 400)}" for n in range(MESSAGES)]
        s = Session(client, version, qos, device, messages, f"raw/{device}", host, port)
        if port in (TLS, MUTUAL):
            s.ca = authority[0]
        if port == MUTUAL:
            s.cert, s.key = _credentials.certificate(device, authority)
        if port == LOGIN:
            s.user, s.password = device, _credentials.PASSWORD
        yield s


def listeners(sessions, authority):
    certificate, key = _credentials.server(authority)
    names = [s.user for s in sessions if s.user]
    return [{"name": "plain", "port": PLAIN, **OPEN},
            {"name": "login", "port": LOGIN, **OPEN, "anonymous": False, "identity": "user", "users": _credentials.users(names),
             "may_publish": ["raw/%u"]},
            {"name": "tls", "port": TLS, **OPEN, "tls": {"certificate": certificate, "key": key}},
            {"name": "mutual", "port": MUTUAL, **OPEN, "identity": "certificate", "may_publish": ["raw/%d"],
             "tls": {"certificate": certificate, "key": key, "client": "required", "client_ca": authority[0]}}]


def run(*clients):
    need_roadside()
    brokers, prefix = need_kafka(), unique("mqtt") + "."
    authority = _credentials.certificate("authority")
    sessions = [s for client in clients for s in sessions_of(client, authority)]
    with a_roadside() as road:
        tree = config(port=af_xdp_port(road), prefix=prefix, sink="kafka", brokers=brokers, mqtt=listeners(sessions, authority))
        tree["sink"]["kafka"]["partitions"] = 4
        with Daemon(tree) as daemon:
            daemon.wait_for_answer(road)
            acknowledged = publish_all(road, sessions)
            ended = daemon.stop().expect(OK)
    compare(ended, sessions, acknowledged, kafka_reader(brokers), prefix)


def compare(ended, sessions, acknowledged, reader, prefix):
    total = expect_balanced(ended)
    records = reader.read(topic_name("mqtt_message", prefix), contract="raw.mqtt.v1")
    for s in sessions:
        expect_equal(acknowledged[s.device], s.messages, f"{s.device}: acknowledged, in this order")
    expect_once_in_order(records, acknowledged)
    expect_equal(len(records), len(sessions) * MESSAGES, "records, of all sessions")
    expect_equal(total["emitted"], len(records), "the books' records")
    with_qos = sum(len(s.messages) for s in sessions if s.qos)
    expect_equal(total["mqtt_acknowledged"], with_qos, "the books' acknowledgements")
    expect_equal(total["tls_handshake"], sum(bool(s.ca) for s in sessions), "the books' handshakes")
    for record in records:
        expect_equal(record.value["topic"], f"raw/{record.value['device']}", "topic")
        expect_equal(record.value["qos"], int(record.value["device"][-1]), "QoS")
        expect_equal(record.key.decode(), record.value["device"], "key")
    expect(len({r.partition for r in records}) > 1, "all devices are in one partition")
    events = collections.Counter((e.value["event"], e.value["why"], e.value["protocol"], e.value["messages"])
                                 for e in reader.read(topic_name("device_event", prefix), contract="ops.device.v1"))
    per_version = len(sessions) // 2
    expect_equal(events, {(event, why, f"MQTT {version}", n): per_version for version in ("3.1.1", "5")
                          for event, why, n in (("connected", None, None), ("disconnected", "disconnect", MESSAGES))}, "device events")
    print(f"{len(sessions)} sessions, {len(records)} records, {with_qos} acknowledged")
