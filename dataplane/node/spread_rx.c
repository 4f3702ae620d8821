/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * spread_rx: takes what other workers handed to this one: datagrams to decode, TCP segments, frames to send. The edges of decoders are those of
 * udp_input, so that decode_edge serves both. It goes on when ports are not read any more: what was handed over is finished.
 */
#include "spread.h"

enum { NEXT_TCP, NEXT_PORT_TX };

static inline uint16_t spread_edge(const struct tp_worker *w, const struct tp_record *rec)
{
	if (likely(rec->transport == TP_transport_udp))
		return w->decode_edge[w->decoder_of[rec->listener]];
	return rec->transport == TP_SPREAD_FRAME ? NEXT_PORT_TX : NEXT_TCP;
}

static uint16_t spread_rx_process(struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n)
{
	struct tp_worker *w = tp_node_worker(node);
	uint16_t total = 0;

	RTE_SET_USED(objs);
	if (unlikely(!tp_may_take(w)))
		return 0;
	for (uint16_t from = 0; from < w->n_workers; from++) {
		if (!w->spread_in[from])
			continue;
		n = (uint16_t)rte_ring_sc_dequeue_burst(w->spread_in[from], node->objs, TP_BURST, NULL);
		if (n)
			tp_worker_read_clock(w);
		for (uint16_t i = 0; i < n; i++) {
			struct rte_mbuf *m = node->objs[i];

			rte_node_enqueue_x1(graph, node, spread_edge(w, tp_rec(m)), m);
		}
		total += n;
	}
	w->received += total;
	return total;
}

static struct rte_node_register spread_rx_node = {
        .name = "spread_rx",
        .flags = RTE_NODE_SOURCE_F,
        .process = spread_rx_process,
        .nb_edges = 2,
        .next_nodes = {[NEXT_TCP] = "tcp_input", [NEXT_PORT_TX] = "port_tx"},
};
RTE_NODE_REGISTER(spread_rx_node)
