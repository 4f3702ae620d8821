/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sends answers on the port they came from. The packets were counted by the node that answered; what a port does not take is counted once
 * more under the flow counter tx_full, and freed: whoever asked will ask again.
 *
 * Worker w sends on queue w of a port. Where it has none, because the port has fewer queues than there are workers, a frame goes to a worker
 * that has: segments of TCP connections that live on another worker than their port's.
 */
#include <rte_ethdev.h>

#include "node.h"
#include "spread.h"

#define PORT_TX_MIN_FRAME 60 /* IEEE 802.3, 3.2.8: 64 octets with the frame check sequence */

/* Short frames are padded with zeros: not every port does it. */
static void port_tx_pad(struct rte_mbuf *m)
{
	uint16_t missing;
	char *end;

	if (m->pkt_len >= PORT_TX_MIN_FRAME)
		return;
	missing = (uint16_t)(PORT_TX_MIN_FRAME - m->pkt_len);
	end = rte_pktmbuf_append(m, missing);
	if (end != NULL)
		memset(end, 0, missing);
}

/* To a worker that has a send queue of that port. */
static uint16_t port_tx_hand_over(struct tp_worker *w, const struct tp_port *port, struct rte_mbuf **packets, uint16_t n)
{
	struct rte_ring *ring = w->spread_out && port->tx_queues ? w->spread_out[w->id % port->tx_queues] : NULL;

	if (!ring)
		return 0;
	for (uint16_t i = 0; i < n; i++)
		tp_rec(packets[i])->transport = TP_SPREAD_FRAME;
	return (uint16_t)rte_ring_sp_enqueue_burst(ring, (void **)packets, n, NULL);
}

void tp_port_send(struct tp_worker *w, struct rte_mbuf **packets, uint16_t n)
{
	uint16_t id = packets[0]->port, sent;

	if (likely(w->id < tp_port_by_id[id]->tx_queues)) {
		for (uint16_t i = 0; i < n; i++)
			port_tx_pad(packets[i]);
		sent = rte_eth_tx_burst(id, w->id, packets, n);
	} else {
		sent = port_tx_hand_over(w, tp_port_by_id[id], packets, n);
	}
	if (unlikely(sent < n)) {
		w->books[0].c[TP_C_tx_full] += n - sent;
		rte_pktmbuf_free_bulk(packets + sent, n - sent);
	}
}

/* Runs of packets of one port go out together. */
static uint16_t port_tx_process(struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n)
{
	struct tp_worker *w = tp_node_worker(node);
	struct rte_mbuf **packets = (struct rte_mbuf **)objs;
	uint16_t from = 0;

	RTE_SET_USED(graph);
	for (uint16_t i = 1; i <= n; i++) {
		if (i < n && packets[i]->port == packets[from]->port)
			continue;
		tp_port_send(w, packets + from, i - from);
		from = i;
	}
	return n;
}

static struct rte_node_register port_tx_node = {
        .name = "port_tx",
        .process = port_tx_process,
};
RTE_NODE_REGISTER(port_tx_node)
