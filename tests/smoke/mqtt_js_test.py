#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""MQTT.js publishes over an AF_XDP port: what it was acknowledged is in Kafka, once an event_id, in order a device."""
import _mqtt
import _mqtt_clients

_mqtt.node_path()
_mqtt_clients.run("js")
