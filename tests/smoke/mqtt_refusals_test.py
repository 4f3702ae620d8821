#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What MQTT clients may not do: each is told the reason that the standard has for it, it is counted, and nothing of it becomes a record.

Wrong passwords, unknown devices, topics of others or of nobody, subscriptions, certificates that are missing, of a stranger or revoked.
"""
import _credentials
from _lib import OK, Daemon, a_roadside, af_xdp_port, config, expect, expect_balanced, expect_equal, need_roadside, read_files
from _mqtt import Session, inside, mosquitto_command, need, paho_client
from _mqtt_raw import CLOSED, DISCONNECT, PINGREQ, PINGRESP, PUBACK, PUBREC, SUBACK, SUBSCRIBE, Raw, packet, text

PLAIN, CLOSING, MUTUAL = 1883, 1884, 8883
LEVELS = (4, 5)
NAME = "camera-7"


def connects(road):
    """[of 3.1.1, of 5]: the codes; the number of CONNECTs refused."""
    wrong = [("open sesam", 4, 0x86), (_credentials.PASSWORD + "!", 4, 0x86), ("", 4, 0x86)]
    for level in LEVELS:
        for password, *codes in wrong:
            Raw(road, "c", level, True, user=NAME, password=password, code=codes[level - 4])
        Raw(road, "c", level, True, user="nobody", password=_credentials.PASSWORD, code=(4, 0x86)[level - 4])
        Raw(road, "c", level, True, code=(4, 0x86)[level - 4])
        Raw(road, "c", level, True, user="stranger", password=_credentials.PASSWORD, code=(5, 0x87)[level - 4])
    return len(LEVELS) * (len(wrong) + 2)


def a_client(road, level, port=PLAIN):
    return Raw(road, f"c{port}{level}", level, True, port=port, user=NAME, password=_credentials.PASSWORD)


def topics(road):
    """A topic of another device, one that no route takes: 5 says it, 3.1.1 closes (MQTT-3.3.5-2); at QoS 0 nobody is told."""
    client = a_client(road, 5)
    for n, (topic, code) in enumerate((("plates/camera-8/1", 0x87), (f"plates/{NAME}/1", 0), (f"other/{NAME}", 0x90)), 1):
        for qos, kind in ((1, PUBACK), (2, PUBREC)):
            client.publish(topic, b'{"plate":"A%d"}' % (n * 10 + qos), n * 10 + qos, qos)
            client.expect(kind, n * 10 + qos, code)
    client.disconnect()
    for topic in ("plates/camera-8/1", f"other/{NAME}"):
        client = a_client(road, 4)
        client.publish(topic, b'{"plate":"B1"}', 0, 0)
        client.send(packet(PINGREQ))
        client.expect(PINGRESP)
        client.publish(topic, b'{"plate":"B2"}', 1)
        expect(client.read()[0] is CLOSED, "3.1.1 is not closed on a message that may not be published")


def subscriptions(road):
    """Paho subscribes, and so do bare packets, also where a listener closes."""
    for version, codes in (("3.1.1", [0x80, 0x80]), ("5", [0x87, 0x87])):
        answers = []
        client = paho_client(Session("paho", version, 0, f"s{version}", [], user=NAME, password=_credentials.PASSWORD))
        client.on_connect = lambda c, *_: c.subscribe([("#", 0), ("plates/+", 2)]) if version == "3.1.1" else c.subscribe(
            [("#", need("paho.mqtt.subscribeoptions").mqtt.subscribeoptions.SubscribeOptions(0)),
             ("plates/+", need("paho.mqtt.subscribeoptions").mqtt.subscribeoptions.SubscribeOptions(2))])
        client.on_subscribe = lambda c, u, mid, found, properties: (answers.append([code.value for code in found]), c.disconnect())
        with inside(road):
            client.connect("10.77.0.1", PLAIN)
            client.loop_forever()
        expect_equal(answers, [codes], f"{version}: answer to SUBSCRIBE")
    for level in LEVELS:
        client = a_client(road, level, CLOSING)
        client.send(packet(SUBSCRIBE, b"\0\1" + (b"\0" if level == 5 else b"") + text("#") + b"\0", 2))
        kind, body = client.read()
        expect_equal((kind, body[:1]), (DISCONNECT, b"\x87") if level == 5 else (CLOSED, b""), "answer to SUBSCRIBE where the listener closes")


def certificates(road, authority, other, revoked):
    """mosquitto_pub with each; only a certificate that is good gets through. Number of handshakes that shall fail."""
    good = _credentials.certificate(NAME, authority)
    cases = {"good": good, "none": (None, None), "stranger": _credentials.certificate("stranger", other), "revoked": revoked}
    for name, (cert, key) in cases.items():
        s = Session("mosquitto", "5", 1, f"tls-{name}", [], f"plates/{NAME}/1", port=MUTUAL, ca=authority[0], cert=cert, key=key)
        done = road.run([*mosquitto_command(s), "-m", '{"plate":"C1"}'], capture_output=True, text=True)
        expect_equal(done.returncode == 0, name == "good", f"mosquitto_pub with certificate {name}, which said {done.stderr}")
        expect("No such file" not in done.stderr and "rror: " in done.stderr or name == "good", done.stderr)
    return len(cases) - 1


def listeners(authority, crl):
    common = {"identity": "user", "users": _credentials.users([NAME, "stranger"]), "may_publish": ["+/%d/#", "+/%d"],
              "sources": [{"identity": NAME, "device": NAME}], "routes": [{"filter": "plates/+/+", "format": "plate"}]}
    certificate, key = _credentials.server(authority)
    tls = {"certificate": certificate, "key": key, "client": "required", "client_ca": authority[0], "crl": crl}
    return [{"name": "plain", "port": PLAIN, **common}, {"name": "closing", "port": CLOSING, **common, "subscribe": "close"},
            {"name": "mutual", "port": MUTUAL, **common, "identity": "certificate", "anonymous": True, "tls": tls, "users": None}]


def without_none(tree):
    return [{key: value for key, value in row.items() if value is not None} for row in tree]


need_roadside()
authority, other = _credentials.certificate("authority"), _credentials.certificate("other")
revoked = _credentials.certificate("revoked", authority)
crl = _credentials.revocation_list(authority, revoked)
with a_roadside("10.77.0.11") as road:
    with Daemon(config(port=af_xdp_port(road), mqtt=without_none(listeners(authority, crl)))) as daemon:
        daemon.wait_for_answer(road)
        bad_logins = connects(road)
        topics(road)
        subscriptions(road)
        bad_handshakes = certificates(road, authority, other, revoked)
        total = expect_balanced(daemon.stop().expect(OK))
expect_equal(sorted(r["plate"] for r in read_files("plate_read")), ["A21", "A22", "C1"], "plates that became records")
found = {name: total[name] for name in ("mqtt_bad_login", "mqtt_connect_refused", "mqtt_not_authorized", "mqtt_unmapped", "mqtt_subscribe_refused",
                                        "tls_handshake", "tls_failed", "refused")}
expect_equal(found, {"mqtt_bad_login": bad_logins, "mqtt_connect_refused": bad_logins + len(LEVELS), "mqtt_not_authorized": 4, "mqtt_unmapped": 4,
                     "mqtt_subscribe_refused": 6, "tls_handshake": 1, "tls_failed": bad_handshakes, "refused": 8}, "the books")
