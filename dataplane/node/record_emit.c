/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * record_emit: the end of the graph. Encodes each record into the open batch of its topic and gives the packets back at once; nothing
 * behind this point refers to a packet.
 */
#include "node.h"

/*
 * Gives the packets back. Nearly always all of them are whole, unshared and of the one pool there is: then they go back as they are; those
 * in front of the first other one, that is.
 */
static inline void record_emit_free(struct rte_mbuf **m, uint16_t n)
{
	struct rte_mempool *pool;
	uint16_t i = 0;

	if (unlikely(n == 0))
		return;
	pool = m[0]->pool;
	while (i < n && m[i]->pool == pool && m[i]->next == NULL && RTE_MBUF_DIRECT(m[i]) && rte_mbuf_refcnt_read(m[i]) == 1)
		i++;
	rte_mempool_put_bulk(pool, (void **)m, i);
	if (unlikely(i < n))
		rte_pktmbuf_free_bulk(m + i, n - i);
}

static uint16_t record_emit_process(struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n)
{
	struct tp_worker *w = tp_node_worker(node);

	RTE_SET_USED(graph);
	tp_emit_records(w, (struct rte_mbuf **)objs, n);
	record_emit_free((struct rte_mbuf **)objs, n);
	return n;
}

static struct rte_node_register record_emit_node = {
        .name = "record_emit",
        .process = record_emit_process,
};
RTE_NODE_REGISTER(record_emit_node)
