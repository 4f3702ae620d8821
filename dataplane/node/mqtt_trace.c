/* SPDX-License-Identifier: BSD-3-Clause */
/* See mqtt_trace.h. */
#include "mqtt_trace.h"

#include "mqtt.h"
#include "trace.h"

static void mqtt_trace_answered(void *ctx, uint32_t waiter, bool recorded, uint16_t packet_id, uint8_t reason)
{
	struct tp_trace *t = ((struct tp_mqtt_worker *)ctx)->worker->trace;

	if (t)
		t->told->answered(t, waiter, recorded, packet_id, reason);
}

static void mqtt_trace_gone(void *ctx, uint32_t waiter)
{
	struct tp_trace *t = ((struct tp_mqtt_worker *)ctx)->worker->trace;

	if (t)
		t->told->gone(t, waiter);
}

/* The record that the message would have been. */
static void mqtt_trace_ended(void *ctx, const struct mqtt_message *message, enum tp_counter why)
{
	struct tp_worker *w = ((struct tp_mqtt_worker *)ctx)->worker;
	const struct tp_source named = {.device = message->device};
	struct tp_record rec = {.payload = message->payload,
	        .source = message->source,
	        .listener = TP_NO_LISTENER,
	        .transport = TP_transport_mqtt,
	        .who = &named,
	        .mqtt = &message->meta};

	tp_mqtt_address(message->conn, &rec);
	if (w->trace)
		w->trace->told->ended(w->trace, &rec, why);
	if (tp_counter_descs[why].class >= TP_CLASS_REFUSED)
		tp_tell_given_up(w, NULL, &rec, why, NULL);
}

void tp_mqtt_trace_set(struct tp_worker *w)
{
	struct tp_mqtt_worker *q = w->mqtt;

	if (!q)
		return;
	q->watch =
	        (struct mqtt_watch){.answered = mqtt_trace_answered, .gone = mqtt_trace_gone, .ended = mqtt_trace_ended, .ctx = q};
	mqtt_set_watch(q->gateway, w->trace || w->given_up ? &q->watch : NULL);
}
