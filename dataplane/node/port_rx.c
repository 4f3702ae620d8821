/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * port_rx: takes a burst from one receive queue. Cloned once a (port, queue); a worker's graph holds the clones of its own queues.
 */
#include <rte_ethdev.h>

#include "node.h"
#include "node_ctx.h"

static uint16_t port_rx_process(struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n)
{
	const struct tp_port_rx_ctx *ctx = (const struct tp_port_rx_ctx *)node->ctx;
	struct tp_worker *w = ctx->worker;

	RTE_SET_USED(objs);
	if (unlikely(w->stop_rx || !tp_may_take(w)))
		return 0;
	n = rte_eth_rx_burst(ctx->port, ctx->queue, (struct rte_mbuf **)node->objs, TP_BURST);
	if (n == 0)
		return 0;
	tp_worker_read_clock(w);
	w->received += n;
	w->books[0].c[TP_C_received] += n;
	node->idx = n;
	rte_node_next_stream_move(graph, node, w->guard ? ctx->guarded : TP_PORT_RX_ETH);
	return n;
}

static struct rte_node_register port_rx_node = {
        .name = "port_rx",
        .flags = RTE_NODE_SOURCE_F,
        .process = port_rx_process,
        .nb_edges = 2,
        .next_nodes = {[TP_PORT_RX_ETH] = "eth_input", [TP_PORT_RX_GUARD] = "guard"},
};
RTE_NODE_REGISTER(port_rx_node)
