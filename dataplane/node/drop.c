/* SPDX-License-Identifier: BSD-3-Clause */
/* The end of a packet that was given up or needs no answer. Whoever sent it here has counted it. */
#include "node.h"

static uint16_t drop_process(struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n)
{
	RTE_SET_USED(graph);
	RTE_SET_USED(node);
	rte_pktmbuf_free_bulk((struct rte_mbuf **)objs, n);
	return n;
}

static struct rte_node_register drop_node = {
        .name = "drop",
        .process = drop_process,
};
RTE_NODE_REGISTER(drop_node)
