/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_NODE_CTX_H
#define TP_NODE_CTX_H
/* Contexts of the nodes that need more than their worker; filled by worker/ when a graph is made. The worker comes first in all. */
#include "node.h"

enum { TP_PORT_RX_ETH, TP_PORT_RX_GUARD }; /* edges of port_rx */
struct tp_port_rx_ctx {
	struct tp_worker *worker;
	uint16_t port; /* ethdev id */
	uint16_t queue;
	uint16_t guarded; /* edge where there are rules: past the guard where the port has an XDP program */
};

struct tp_decode_ctx {
	struct tp_worker *worker;
	struct tp_format *format; /* of the worker */
};

_Static_assert(sizeof(struct tp_port_rx_ctx) <= RTE_NODE_CTX_SZ && sizeof(struct tp_decode_ctx) <= RTE_NODE_CTX_SZ,
        "a node's context has 16 octets");

#endif
