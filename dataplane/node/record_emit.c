/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * record_emit: the end of the graph. Encodes each record into the open batch of its topic and gives the packets back at once; nothing
 * behind this point refers to a packet.
 */
#include "node.h"
#include "packet.h"

static uint16_t record_emit_process(struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n)
{
	struct tp_worker *w = tp_node_worker(node);

	RTE_SET_USED(graph);
	tp_emit_records(w, (struct rte_mbuf **)objs, n);
	tp_packets_give_back((struct rte_mbuf **)objs, n);
	return n;
}

static struct rte_node_register record_emit_node = {
        .name = "record_emit",
        .process = record_emit_process,
};
RTE_NODE_REGISTER(record_emit_node)
