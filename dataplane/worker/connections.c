/* SPDX-License-Identifier: BSD-3-Clause */
/* Connections of a worker for control: an errand that copies some of them (tp_connections.h). */
#include "tp_connections.h"

#include "mqtt.h"
#include "worker.h"

#define CONNECTIONS_A_LOOK 64 /* connections an errand looks at */

struct look {
	const struct tp_connection_filter *filter;
	struct tp_connection *to;
	unsigned int n, max;
	uint32_t at;
};

static void look_text(char to[TP_CONNECTION_NAME], struct tp_slice text)
{
	uint32_t n = RTE_MIN(text.n, TP_CONNECTION_NAME - 1U);

	memcpy(to, text.p ? text.p : (const uint8_t *)"", n);
	to[n] = '\0';
}

static bool look_contains(struct tp_slice text, const char *part)
{
	return part[0] == '\0' || (text.p && memmem(text.p, text.n, part, strlen(part)));
}

static bool look_prefix(const struct tp_connection_filter *f, const struct tcp_tuple *tuple)
{
	return tp_prefix_holds(f->family, f->length, f->addr, tuple->family, tuple->remote);
}

static void look_copy(struct tp_mqtt_worker *q, const struct tp_mqtt_conn *c, const struct tcp_tuple *tuple,
        const struct mqtt_shown *shown, struct tp_connection *to)
{
	struct tcp_shown tcp;

	tcp_show(c->tcp, &tcp);
	*to = (struct tp_connection){.family = tuple->family,
	        .port = tuple->remote_port,
	        .listener = q->worker->spec->mqtt_listeners[tcp_conn_listener(c->tcp)].serial,
	        .worker = q->worker->id,
	        .state = (uint8_t)(c->tls && !c->secured ? TP_CONNECTION_handshake : shown->state),
	        .version = shown->version,
	        .tls = c->tls != NULL,
	        .user_known = shown->user.p != NULL,
	        .in_flight = shown->in_flight,
	        .waiting = shown->waiting,
	        .messages = shown->messages,
	        .received = tcp.received,
	        .sent = tcp.sent,
	        .window = tcp.window,
	        .kept = tcp_kept(c->tcp),
	        .unsent = tcp_unsent(c->tcp),
	        .since_us = shown->since_us,
	        .idle_us = shown->idle_us};
	memcpy(to->addr, tuple->remote, sizeof(to->addr));
	look_text(to->client_id, shown->client_id);
	look_text(to->user, shown->user);
	look_text(to->device, shown->device);
}

static void look_one(struct tp_mqtt_worker *q, const struct tp_mqtt_conn *c, struct look *l)
{
	struct mqtt_shown shown = {.state = TP_CONNECTION_ending};
	struct tcp_tuple tuple;

	if (!c->in_use || !c->tcp)
		return;
	tcp_conn_tuple(q->tcp, c->tcp, &tuple);
	if (c->session)
		mqtt_show(q->gateway, c->session, q->now_us, &shown);
	if (look_prefix(l->filter, &tuple) && look_contains(shown.client_id, l->filter->client_id) &&
	        look_contains(shown.device, l->filter->device))
		look_copy(q, c, &tuple, &shown, &l->to[l->n++]);
}

static void connections_look(struct tp_worker_slot *slot, void *arg)
{
	struct tp_mqtt_worker *q = slot->w.mqtt;
	struct look *l = arg;

	for (unsigned int i = 0; q && i < CONNECTIONS_A_LOOK && l->n < l->max && l->at < q->n_conns; i++)
		look_one(q, &q->conns[l->at++], l);
	if (!q || l->at >= q->n_conns)
		l->at = UINT32_MAX;
}

int tp_worker_connections(
        unsigned int worker, const struct tp_connection_filter *filter, uint32_t *at, struct tp_connection *to, unsigned int max)
{
	struct look l = {.filter = filter, .to = to, .max = max, .at = *at};
	int rc = tp_worker_ask(worker, connections_look, &l);

	if (rc < 0)
		return rc;
	*at = l.at;
	return (int)l.n;
}
