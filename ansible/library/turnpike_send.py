#!/usr/bin/python
# SPDX-License-Identifier: BSD-3-Clause
"""Sends numbered datagrams to an appliance from one socket, at a rate, and says how many left."""
import socket
import time

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: turnpike_send
short_description: Send datagrams to an appliance
description: [Sends datagrams over UDP at a rate. A number takes the place of NUMBER in the payload.]
options:
  address: {description: Address of the appliance's port, type: str, required: true}
  port: {description: UDP port of the listener, type: int, required: true}
  source: {description: Address to send from; empty for whichever the route gives, type: str, default: ""}
  payload: {description: Text of each datagram, type: str, default: turnpike verify NUMBER}
  count: {description: How many, type: int, default: 1000}
  rate: {description: How many a second, type: int, default: 500}
  namespace: {description: Network namespace to send from; empty for the host's, type: str, default: ""}
author: [turnpike]
"""
EXAMPLES = r"""
- name: Send
  turnpike_send:
    address: 192.0.2.10
    port: 46999
"""
RETURN = r"""
sent: {description: Datagrams that left, type: int, returned: always}
"""
CLONE_NEWNET = 0x40000000


def enter(module, name):
    """This process makes its sockets in the namespace."""
    import ctypes
    try:
        with open(f"/run/netns/{name}") as file:
            if ctypes.CDLL(None, use_errno=True).setns(file.fileno(), CLONE_NEWNET):
                module.fail_json(msg=f"namespace: cannot enter '{name}': {ctypes.get_errno()}; this needs root")
    except OSError as error:
        module.fail_json(msg=f"namespace: '{name}' is not there: {error}")


def send(params):
    family = socket.AF_INET6 if ":" in params["address"] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as out:
        if params["source"]:
            out.bind((params["source"], 0))
        out.connect((params["address"], params["port"]))
        begin = time.monotonic()
        for number in range(params["count"]):
            time.sleep(max(0.0, begin + number / params["rate"] - time.monotonic()))
            out.send(params["payload"].replace("NUMBER", str(number)).encode())


def main():
    module = AnsibleModule(supports_check_mode=True, argument_spec={
        "address": {"type": "str", "required": True},
        "port": {"type": "int", "required": True},
        "source": {"type": "str", "default": ""},
        "payload": {"type": "str", "default": "turnpike verify NUMBER"},
        "count": {"type": "int", "default": 1000},
        "rate": {"type": "int", "default": 500},
        "namespace": {"type": "str", "default": ""}})
    if module.check_mode:
        module.exit_json(changed=False, sent=0)
    if module.params["namespace"]:
        enter(module, module.params["namespace"])
    try:
        send(module.params)
    except OSError as error:
        module.fail_json(msg=f"cannot send to {module.params['address']} port {module.params['port']}: {error}. Is there a route from here?")
    module.exit_json(changed=False, sent=module.params["count"])


if __name__ == "__main__":
    main()
