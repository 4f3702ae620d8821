/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mqtt_poll: everything of MQTT that does not come from a port: batches that came back with what they carried, notes of other workers, verdicts on
 * logins, connections that may go on, handshake steps within their budget, timers. A source node, so that messages which become ready
 * this way go through the graph like those of a segment. Its edges are those of udp_input.
 */
#include "batches.h"
#include "mqtt.h"

#define POLL_TIMERS  64    /* timers a look */
#define POLL_TICK_US 1000U /* between looks at the timers: what is set meanwhile may be due before what they said */

static uint16_t poll_notes(struct tp_mqtt_worker *q)
{
	struct mqtt_note note;
	uint16_t total = 0;

	for (uint16_t from = 0; q->notes_in && from < q->worker->n_workers; from++)
		while (q->notes_in[from] && rte_ring_sc_dequeue_elem(q->notes_in[from], &note, sizeof(note)) == 0) {
			mqtt_note(q->gateway, &note, q->now_us);
			total++;
		}
	return total;
}

static uint16_t poll_verdicts(struct tp_mqtt_worker *q)
{
	struct tp_mqtt_verdict verdict;
	uint16_t total = 0;

	while (q->verdicts && rte_ring_sc_dequeue_elem(q->verdicts, &verdict, sizeof(verdict)) == 0) {
		mqtt_login_done(q->gateway, verdict.ticket, verdict.ok, q->now_us);
		total++;
	}
	return total;
}

static void poll_room(struct tp_mqtt_worker *q)
{
	if (!q->held || q->now_us < q->next_room_us || !tp_mqtt_has_room(q))
		return;
	q->held = false;
	q->next_room_us = q->now_us + POLL_TICK_US;
	q->held |= mqtt_room(q->gateway, q->now_us);
}

static void poll_timers(struct tp_mqtt_worker *q)
{
	uint32_t tcp, mqtt;

	if (likely(q->now_us < q->next_tick_us))
		return;
	tcp = tcp_tick(q->tcp, q->now_us, POLL_TIMERS);
	mqtt = mqtt_tick(q->gateway, q->now_us, POLL_TIMERS);
	if (mqtt < tcp)
		tcp = mqtt;
	q->next_tick_us = q->now_us + (tcp < POLL_TICK_US ? tcp : POLL_TICK_US);
}

static uint16_t mqtt_poll_process(struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n)
{
	struct tp_worker *w = tp_node_worker(node);
	struct tp_mqtt_worker *q = w->mqtt;

	RTE_SET_USED(objs);
	if (!q)
		return 0;
	tp_mqtt_clock(q, rte_rdtsc());
	tp_batches_take_back(w);
	n = poll_notes(q) + poll_verdicts(q);
	poll_room(q);
	tp_mqtt_go_on(q);
	tp_mqtt_handshakes(q);
	poll_timers(q);
	n += (uint16_t)q->n_made;
	w->received += n + q->waiters->n_ready;
	tp_mqtt_enqueue_made(q, graph, node);
	return n;
}

static struct rte_node_register mqtt_poll_node = {
        .name = "mqtt_poll",
        .flags = RTE_NODE_SOURCE_F,
        .process = mqtt_poll_process,
        .nb_edges = 2,
        .next_nodes = {"drop", "drop"},
};
RTE_NODE_REGISTER(mqtt_poll_node)
