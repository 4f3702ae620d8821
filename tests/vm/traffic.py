# SPDX-License-Identifier: BSD-3-Clause
"""MQTT clients at QoS 1 that publish all the time, and remember what was acknowledged. They connect again by themselves, as devices do."""
import threading
import time

import paho.mqtt.client as paho

from guest import inside


class Publisher:
    def __init__(self, wire, host, name):
        self.wire, self.host, self.name, self.number = wire, host, name, 0
        self.bodies, self.acknowledged, self.connections = {}, [], 0
        self.client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id=name, protocol=paho.MQTTv311, clean_session=False)
        self.client.reconnect_delay_set(1, 4)
        self.client.connect_timeout = 20
        self.client.on_connect = self.on_connect
        self.client.on_publish = self.on_publish
        with inside(wire.name):
            self.client.connect_async(host, 1883, keepalive=20)
            self.client.loop_start()

    def on_connect(self, _client, _data, _flags, code, _properties):
        self.connections += not code.is_failure

    def on_publish(self, _client, _data, identifier, _code, _properties):
        self.acknowledged.append(identifier)

    def publish(self):
        body = f"{self.name} {self.number}"
        self.number += 1
        self.bodies[self.client.publish("raw/test", body, 1).mid] = body

    def messages(self):
        """What was acknowledged. An identifier is used again only after 65,535 others."""
        return [self.bodies[identifier] for identifier in self.acknowledged if identifier in self.bodies]

    def end(self):
        self.client.disconnect()
        self.client.loop_stop()


class Traffic:
    """with Traffic(wire, host) as traffic: ...; traffic.finish()"""

    def __init__(self, wire, host, prefix, clients=4, pause_s=0.1):
        self.clients = [Publisher(wire, host, f"{prefix}-{n}") for n in range(clients)]
        self.pause_s, self.over = pause_s, threading.Event()
        self.thread = threading.Thread(target=self.publish, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()
        for client in self.clients:
            client.end()

    def publish(self):
        while not self.over.wait(self.pause_s):
            for client in self.clients:
                client.publish()

    def count(self):
        return sum(len(client.acknowledged) for client in self.clients)

    def connections(self):
        return [client.connections for client in self.clients]

    def until(self, condition, what, limit=300):
        deadline = time.monotonic() + limit
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError(f"{what}: not within {limit} s; acknowledged {self.count()}, connections {self.connections()}")
            time.sleep(0.2)

    def until_more(self, count=20):
        """Until so many more are acknowledged."""
        before = self.count()
        self.until(lambda: self.count() >= before + count, f"{count} more acknowledgements")

    def finish(self):
        """Publishes no more and waits until all that was published is acknowledged. {client: messages}."""
        self.over.set()
        self.thread.join()
        self.until(lambda: all(len(c.acknowledged) >= c.number for c in self.clients), "the last acknowledgements")
        return {client.name: client.messages() for client in self.clients}
