/* SPDX-License-Identifier: BSD-3-Clause */
/* spread_tx: hands datagrams to the worker they belong to; what its ring cannot take is dropped as spread_full. */
#include "spread.h"

static uint16_t spread_tx_process(struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n)
{
	struct tp_worker *w = tp_node_worker(node);

	for (uint16_t i = 0; i < n; i++) {
		struct tp_record *rec = tp_rec(objs[i]);

		if (unlikely(rte_ring_sp_enqueue(w->spread_out[tp_spread_target(w, rec)], objs[i]) != 0)) {
			tp_book(w, rec)[TP_C_spread_full]++;
			tp_tell_given_up(w, objs[i], rec->source ? rec : NULL, TP_C_spread_full, NULL);
			rte_node_enqueue_x1(graph, node, 0, objs[i]);
		}
	}
	return n;
}

static struct rte_node_register spread_tx_node = {
        .name = "spread_tx",
        .process = spread_tx_process,
        .nb_edges = 1,
        .next_nodes = {"drop"},
};
RTE_NODE_REGISTER(spread_tx_node)
