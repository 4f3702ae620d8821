#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""mosquitto_pub and Paho publish over an AF_XDP port: what they were acknowledged is in Kafka, once an event_id, in order a device."""
import _mqtt_clients

_mqtt_clients.run("mosquitto", "paho")
