# SPDX-License-Identifier: BSD-3-Clause
"""MQTT clients of other people, in the namespace of a roadside: mosquitto_pub, Paho and MQTT.js hold a Session and say what was acknowledged."""
import contextlib
import ctypes
import dataclasses
import json
import os
import ssl
import subprocess
import threading

from _lib import LIMIT, TOP, expect, expect_equal, roadside, skip

APPLIANCE, APPLIANCE6 = roadside.APPLIANCE, roadside.APPLIANCE6
CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)


@dataclasses.dataclass
class Session:
    client: str  # mosquitto, paho, js
    version: str  # 3.1.1, 5
    qos: int
    device: str  # also the client identifier
    messages: list  # texts; Paho also takes (topic, payload, retain)
    topic: str = "raw/x"
    host: str = APPLIANCE
    port: int = 1883
    user: str = None
    password: str = None
    ca: str = None  # files; with ca: TLS
    cert: str = None
    key: str = None


def need(module):
    try:
        return __import__(module)
    except ImportError as error:
        return skip(f"{error}: run with the interpreter of tools/python.sh")


@contextlib.contextmanager
def inside(road):
    """Sockets that this thread, and threads it starts, make are the roadside's."""
    with open("/proc/thread-self/ns/net") as home, open(f"/var/run/netns/{road.name}") as away:
        expect_equal(LIBC.setns(away.fileno(), CLONE_NEWNET), 0, "setns")
        try:
            yield
        finally:
            expect_equal(LIBC.setns(home.fileno(), CLONE_NEWNET), 0, "setns back")


def mosquitto_command(s):
    command = ["timeout", str(LIMIT), "mosquitto_pub", "-h", s.host, "-p", str(s.port), "-V", {"3.1": "mqttv31", "3.1.1": "311", "5": "5"}[s.version],
               "-q", str(s.qos), "-i", s.device, "-t", s.topic]
    for option, value in (("-u", s.user), ("-P", s.password), ("--cafile", s.ca), ("--cert", s.cert), ("--key", s.key)):
        command += [option, value] if value else []
    return command


def mosquitto(road, s):
    """It ends with 0 when all its messages are acknowledged."""
    done = road.run([*mosquitto_command(s), "-l"], input="".join(f"{m}\n" for m in s.messages), text=True, capture_output=True)
    expect_equal((done.returncode, done.stderr), (0, ""), f"{s.device}: mosquitto_pub")
    return list(s.messages)


def paho_client(s, **options):
    paho = need("paho.mqtt.client").mqtt.client
    client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id=s.device, protocol={"3.1.1": paho.MQTTv311, "5": paho.MQTTv5}[s.version],
                         **options)
    client.connect_timeout = LIMIT
    if s.user:
        client.username_pw_set(s.user, s.password)
    if s.ca:
        client.tls_set(s.ca, s.cert, s.key, tls_version=ssl.PROTOCOL_TLS_CLIENT)
    return client


def paho(road, s):
    client, acknowledged, answer, order = paho_client(s), [], [], {}
    told = threading.Event()
    client.on_connect = lambda c, u, flags, code, properties: (answer.append(code), told.set())
    client.on_publish = lambda c, u, mid, code, properties: acknowledged.append((mid, code.value))
    with inside(road):
        client.connect(s.host, s.port)
        client.loop_start()
    try:
        expect(told.wait(LIMIT), f"{s.device}: no CONNACK")
        expect(not answer[0].is_failure, f"{s.device}: CONNACK {answer[0]}")
        infos = [client.publish(m[0], m[1], s.qos, m[2]) if isinstance(m, tuple) else client.publish(s.topic, m, s.qos) for m in s.messages]
        order = {info.mid: m for info, m in zip(infos, s.messages)}
        for info in infos:
            info.wait_for_publish(LIMIT)
            expect(info.is_published(), f"{s.device}: '{order[info.mid]}' is not acknowledged")
        client.disconnect()
    finally:
        client.loop_stop()
    expect_equal({code for _, code in acknowledged}, {0}, f"{s.device}: reason codes")
    return [order[mid] for mid, _ in acknowledged]


def node_path():
    done = subprocess.run([str(TOP / "tools/node.sh")], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else skip(f"MQTT.js: {done.stderr.strip() or 'tools/node.sh failed'}")


def js(road, sessions):
    """All of them in one process; one list of acknowledged messages a session."""
    todo = [{"url": f"{'mqtts' if s.ca else 'mqtt'}://{'[' + s.host + ']' if ':' in s.host else s.host}:{s.port}", "qos": s.qos,
             "topic": s.topic, "messages": s.messages,
             "options": {"clientId": s.device, "protocolVersion": {"3.1.1": 4, "5": 5}[s.version], "username": s.user,
                         "password": s.password, "ca": s.ca, "cert": s.cert, "key": s.key, "connectTimeout": LIMIT * 1000}} for s in sessions]
    done = road.run(["timeout", str(LIMIT), "node", str(TOP / "tests/smoke/mqtt_js_client.js")], input=json.dumps(todo), text=True,
                    capture_output=True, env={**os.environ, "NODE_PATH": node_path()})
    expect_equal(done.returncode, 0, f"MQTT.js said {done.stderr}; status")
    answers = json.loads(done.stdout)
    for s, answer in zip(sessions, answers):
        expect(isinstance(answer, list), f"{s.device}: {answer}")
    return answers


def publish_all(road, sessions):
    """{device: acknowledged messages}, with whichever clients the sessions name."""
    of_js = [s for s in sessions if s.client == "js"]
    found = {s.device: {"mosquitto": mosquitto, "paho": paho}[s.client](road, s) for s in sessions if s.client != "js"}
    found.update(zip((s.device for s in of_js), js(road, of_js) if of_js else ()))
    return found


def expect_once_in_order(records, devices):
    """Every acknowledged message is there once, with an event_id of its own, and those of a device are in one partition in order."""
    ids = [record.value["event_id"] for record in records]
    expect_equal(len(ids), len(set(ids)), "different event_id")
    for device, messages in devices.items():
        own = sorted((r for r in records if r.value["device"] == device), key=lambda r: r.offset)
        expect_equal([bytes(r.value["body"]).decode() for r in own], messages, f"{device}: what is in Kafka against what was acknowledged")
        expect_equal(len({r.partition for r in own}), 1, f"{device}: partitions")
