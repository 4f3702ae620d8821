/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What belongs to a walk of the graph as a whole: messages go on to their decoders in runs of one format, and when the walk is over its waiters
 * are answered, frames leave and segments are freed.
 */
#include "mqtt.h"

void tp_mqtt_enqueue_made(struct tp_mqtt_worker *q, struct rte_graph *graph, struct rte_node *node)
{
	struct tp_worker *w = q->worker;
	uint16_t edge = TP_NO_EDGE;
	uint32_t from = 0;

	for (uint32_t i = 0; i < q->n_made; i++) {
		uint16_t e = w->decode_edge[w->decoder_of[tp_rec(q->made[i])->listener]];

		if (e == edge)
			continue;
		if (i > from)
			rte_node_enqueue(graph, node, edge, (void **)&q->made[from], (uint16_t)(i - from));
		from = i;
		edge = e;
	}
	if (q->n_made > from)
		rte_node_enqueue(graph, node, edge, (void **)&q->made[from], (uint16_t)(q->n_made - from));
	q->n_made = 0;
}

static void walk_free_spent(struct tp_mqtt_worker *q)
{
	rte_pktmbuf_free_bulk(q->spent, q->n_spent);
	q->n_spent = 0;
}

/* The messages of this walk have become records, or have not. */
static void walk_messages_made(struct tp_mqtt_worker *q)
{
	for (uint32_t i = 0; i < q->n_on_way; i++)
		tp_waiter_ended(q->waiters, q->on_way[i], false);
	q->n_on_way = 0;
}

void tp_mqtt_end_walk(struct tp_worker *w)
{
	struct tp_mqtt_worker *q = w->mqtt;

	walk_messages_made(q);
	q->made_octets = 0;
	mqtt_flush(q->gateway, q->now_us); /* may make messages, wills, which are the next walk's */
	tcp_flush(q->tcp, q->now_us);
	tp_mqtt_transmit(q);
	walk_free_spent(q);
}

bool tp_mqtt_stop(struct tp_worker *w)
{
	struct tp_mqtt_worker *q = w->mqtt;

	if (!q->stopping)
		tp_mqtt_part_hung_up(q);
	q->stopping = true;
	/* What was made has to go through the graph first; so the gateway is not flushed here. */
	q->stopped = mqtt_stop(q->gateway, q->now_us) && q->n_made == 0;
	tcp_flush(q->tcp, q->now_us);
	tp_mqtt_transmit(q);
	return q->stopped;
}
