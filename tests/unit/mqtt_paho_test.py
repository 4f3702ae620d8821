#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Compares what the codec reads, through mqtt_dump, with what Eclipse Paho wrote.

mqtt_paho.jsonl, beside this file, holds packets of MQTT 3.1, 3.1.1 and 5 of random values as the client of Paho MQTT Python 2.2.0
sent them, each with the values it was asked to send. With --make it is written anew, which needs that package.
"""
import json
import os
import random
import socket
import subprocess
import sys

VECTORS = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'mqtt_paho.jsonl')
TYPES = {'connect': 1, 'publish': 3, 'puback': 4, 'pubrec': 5, 'pubrel': 6, 'pubcomp': 7, 'subscribe': 8, 'unsubscribe': 10,
         'pingreq': 12, 'disconnect': 14}


def hexed(value):
    return value.hex() if isinstance(value, bytes) else value.encode().hex()


# ---- what Paho is asked to send ---------------------------------------------------------------------------------------------
class Maker:
    """Random packets. Names of properties: ours -> (Paho's, how a value is made)."""

    def __init__(self):
        self.random = random.Random(20190307)
        chance = self.random
        self.publish_properties = {
            'payload_format': ('PayloadFormatIndicator', lambda: chance.randrange(2)),
            'message_expiry': ('MessageExpiryInterval', lambda: chance.getrandbits(32)),
            'topic_alias': ('TopicAlias', lambda: chance.randint(1, 65535)),
            'response_topic': ('ResponseTopic', self.topic),
            'correlation': ('CorrelationData', self.octets),
            'content_type': ('ContentType', self.text)}
        self.will_properties = {**self.publish_properties, 'will_delay': ('WillDelayInterval', lambda: chance.getrandbits(32))}
        del self.will_properties['topic_alias']
        self.connect_properties = {
            'session_expiry': ('SessionExpiryInterval', lambda: chance.getrandbits(32)),
            'receive_maximum': ('ReceiveMaximum', lambda: chance.randint(1, 65535)),
            'maximum_packet_size': ('MaximumPacketSize', lambda: chance.randint(1, 268435460)),
            'topic_alias_maximum': ('TopicAliasMaximum', lambda: chance.randint(0, 65535)),
            'request_response': ('RequestResponseInformation', lambda: chance.randrange(2)),
            'request_problem': ('RequestProblemInformation', lambda: chance.randrange(2))}
        self.disconnect_properties = {
            'session_expiry': ('SessionExpiryInterval', lambda: chance.getrandbits(32)),
            'reason_string': ('ReasonString', self.text)}

    def text(self):
        letters = 'abcXYZ019 .-_é€𝛑車'
        return ''.join(self.random.choice(letters) for _ in range(self.random.choice((0, 1, 3, 10, 40, 130))))

    def topic(self):
        return '/'.join(self.text() or 'x' for _ in range(self.random.randint(1, 4)))

    def octets(self):
        return self.random.randbytes(self.random.choice((0, 1, 5, 60, 127, 128, 300)))

    def properties(self, packet, table, prefix, want):
        """Paho's properties of a packet; what was put into them goes to `want`."""
        from paho.mqtt.packettypes import PacketTypes
        from paho.mqtt.properties import Properties
        made = Properties(getattr(PacketTypes, packet))
        for name, (theirs, value) in table.items():
            if self.random.random() < 0.5:
                chosen = value()
                setattr(made, theirs, chosen)
                want[prefix + name] = chosen if isinstance(chosen, int) else hexed(chosen)
        users = [(self.text(), self.text()) for _ in range(self.random.choice((0, 0, 1, 3)))]
        if users:
            made.UserProperty = users
        want[prefix + 'user_properties'] = [[hexed(name), hexed(value)] for name, value in users]
        return made

    def client(self, version, **options):
        """A client whose packets are kept instead of sent."""
        import paho.mqtt.client as paho
        client = paho.Client(paho.CallbackAPIVersion.VERSION2, protocol=version, **options)
        client.sent = []
        client._packet_queue = lambda command, packet, *_: client.sent.append(bytes(packet)) or paho.MQTT_ERR_SUCCESS
        client._sock = socket.socket()  # it wants one, before it sends
        return client

    def connect(self, version):
        five = version == 5
        clean = bool(self.random.getrandbits(1))
        client_id = (self.text() or 'dev')
        client = self.client(version, client_id=client_id, **({} if five else {'clean_session': clean}))
        keep = self.random.choice((1, 60, 65535))
        want = {'version': version, 'clean': int(clean), 'keep_alive': keep, 'client_id': hexed(client_id)}
        want['user_properties'] = []
        client._connect_properties = self.properties('CONNECT', self.connect_properties, '', want) if five else None
        if five:
            client._clean_start = clean
        if self.random.getrandbits(1):
            user, password = self.text(), self.text() if self.random.getrandbits(1) else None
            client.username_pw_set(user, password)
            want['user'] = hexed(user)
            if password is not None:
                want['password'] = hexed(password)
        if self.random.getrandbits(1):
            topic, payload, qos, retain = self.topic(), self.octets(), self.random.randrange(3), bool(self.random.getrandbits(1))
            props = self.properties('WILLMESSAGE', self.will_properties, 'will_', want) if five else None
            want.setdefault('will_user_properties', [])
            client.will_set(topic, payload, qos, retain, properties=props)
            want.update(will_topic=hexed(topic), will_payload=hexed(payload), will_qos=qos, will_retain=int(retain))
        client._send_connect(keep)
        return client.sent[0], want

    def publish(self, version):
        client, want = self.client(version), {'user_properties': []}
        topic, payload, qos, retain = self.topic(), self.octets(), self.random.randrange(3), bool(self.random.getrandbits(1))
        props = self.properties('PUBLISH', self.publish_properties, '', want) if version == 5 else None
        if 'topic_alias' in want and self.random.getrandbits(1):
            topic = ''
        dup, mid = bool(qos) and bool(self.random.getrandbits(1)), self.random.randint(1, 65535)
        client._send_publish(mid, topic.encode(), payload, qos, retain, dup, properties=props)
        want.update(qos=qos, dup=int(dup), retain=int(retain), id=mid if qos else 0, topic=hexed(topic), payload=hexed(payload))
        return client.sent[0], want

    def acknowledgement(self, version, name):
        client, mid = self.client(version), self.random.randint(1, 65535)
        getattr(client, '_send_' + name)(mid)
        return client.sent[0], {'id': mid, 'reason': 0, 'user_properties': []}

    def subscribe(self, version):
        import paho.mqtt.client as paho
        client, count, want = self.client(version), self.random.randint(1, 5), {'user_properties': []}
        table = {'subscription_id': ('SubscriptionIdentifier', lambda: self.random.choice((1, 127, 128, 268435455)))}
        props = self.properties('SUBSCRIBE', table, '', want) if version == 5 else None
        if version == 5:
            options = paho.SubscribeOptions(self.random.randrange(3), True, False, 2)
            topics = [((self.topic() + '/#').encode(), options) for _ in range(count)]
        else:
            topics = [((self.topic() + '/+').encode(), self.random.randrange(3)) for _ in range(count)]
        client._send_subscribe(False, topics, props)
        want.update(id=client._last_mid, filters=count)
        return client.sent[0], want

    def unsubscribe(self, version):
        client, count, want = self.client(version), self.random.randint(1, 5), {'user_properties': []}
        props = self.properties('UNSUBSCRIBE', {}, '', want) if version == 5 else None
        client._send_unsubscribe(False, [self.topic().encode() for _ in range(count)], props)
        want.update(id=client._last_mid, filters=count)
        return client.sent[0], want

    def disconnect(self, version):
        from paho.mqtt.packettypes import PacketTypes
        from paho.mqtt.reasoncodes import ReasonCode
        client, want = self.client(version), {'id': 0, 'reason': 0, 'user_properties': []}
        if version != 5:
            client._send_disconnect()
            return client.sent[0], want
        want['reason'] = self.random.choice((0, 4, 0x80, 0x99))
        client._send_disconnect(ReasonCode(PacketTypes.DISCONNECT, identifier=want['reason']),
                                self.properties('DISCONNECT', self.disconnect_properties, '', want))
        return client.sent[0], want

    def pingreq(self, version):
        client = self.client(version)
        client._send_pingreq()
        return client.sent[0], {}

    def write(self, path):
        makers = {'connect': (self.connect, 16), 'publish': (self.publish, 20), 'subscribe': (self.subscribe, 5),
                  'unsubscribe': (self.unsubscribe, 4), 'disconnect': (self.disconnect, 6), 'pingreq': (self.pingreq, 1)}
        for name in ('puback', 'pubrec', 'pubrel', 'pubcomp'):
            makers[name] = (lambda version, name=name: self.acknowledgement(version, name), 2)
        with open(path, 'w', encoding='ascii') as out:
            for version in (3, 4, 5):
                for name, (maker, count) in makers.items():
                    for _ in range(count):
                        packet, want = maker(version)
                        vector = {'version': version, 'packet': packet.hex(), 'want': {'type': TYPES[name], **want}}
                        out.write(json.dumps(vector) + '\n')


# ---- what the codec reads ---------------------------------------------------------------------------------------------------
def main():
    if sys.argv[1:] == ['--make']:
        Maker().write(VECTORS)
        return 0
    with open(VECTORS, encoding='ascii') as lines:
        vectors = [json.loads(line) for line in lines]
    text = ''.join(f"{v['version']} {v['packet']}\n" for v in vectors)
    read = subprocess.run([sys.argv[1]], input=text, capture_output=True, text=True, check=True).stdout.splitlines()
    failed = compared = 0
    for vector, line in zip(vectors, read):
        have = json.loads(line)
        compared += len(vector['want'])
        if have != vector['want']:
            failed += 1
            names = sorted(name for name in have.keys() | vector['want'].keys() if have.get(name) != vector['want'].get(name))
            print(f"version {vector['version']}, {vector['packet'][:80]}: differs in {names}: {have}")
    print(f'{len(read)} packets, {compared} values compared, {failed} packets differ')
    return 1 if failed or len(read) != len(vectors) or compared < 500 else 0


if __name__ == '__main__':
    sys.exit(main())
