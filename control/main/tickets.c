/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Keys of session tickets: each MQTT listener has its own, by its index, which stays over all configurations; a listener that gets the index of one that has gone gets
 * new keys, so that no ticket of that one opens a session here. The control loop makes a new one when tls.ticket_key_s
 * have passed, and wipes what it replaced when every worker has begun a walk since. None is ever written anywhere.
 */
#include "daemon.h"
#include "tls.h"
#include "tp_clock.h"
#include "tp_log.h"
#include "tp_worker.h"

#define TICKETS_LOOK_MS 1000 /* between two looks at which keys are due */

static struct {
	struct tls_tickets *keys[TP_MAX_MQTT_LISTENERS];
	int64_t since_ms[TP_MAX_MQTT_LISTENERS]; /* monotonic */
	int64_t next_look_ms;
	uint64_t mark; /* of the workers, when keys were replaced; 0: none waits to be wiped */
} tickets;

bool tp_tickets_start(void)
{
	for (unsigned int i = 0; i < TP_MAX_MQTT_LISTENERS; i++) {
		tickets.keys[i] = tls_tickets_new();
		tickets.since_ms[i] = tp_clock_ms(CLOCK_MONOTONIC);
		if (!tickets.keys[i]) {
			tp_tickets_stop();
			return false;
		}
	}
	return true;
}

void tp_tickets_stop(void)
{
	for (unsigned int i = 0; i < TP_MAX_MQTT_LISTENERS; i++) {
		tls_tickets_free(tickets.keys[i]);
		tickets.keys[i] = NULL;
	}
	tickets.mark = 0;
}

const struct tls_tickets *tp_tickets_of(unsigned int listener)
{
	return tickets.keys[listener];
}

bool tp_tickets_begin(const struct tp_plan_spec *now, const struct tp_plan_spec *next)
{
	for (unsigned int i = 0; i < now->n_mqtt_listeners && i < next->n_mqtt_listeners; i++) {
		if (now->mqtt_listeners[i].serial == next->mqtt_listeners[i].serial)
			continue;
		if (!tls_tickets_anew(tickets.keys[i]))
			return false;
		tickets.since_ms[i] = tp_clock_ms(CLOCK_MONOTONIC);
	}
	return true;
}

static bool tickets_due(const struct tp_conf_mqtt *conf, unsigned int i, int64_t now_ms)
{
	return conf->tls && conf->tls->tickets && now_ms - tickets.since_ms[i] >= (int64_t)conf->tls->ticket_key_s * 1000;
}

static bool tickets_renew(const struct tp_conf *conf, int64_t now_ms)
{
	bool any = false;

	for (unsigned int i = 0; i < conf->mqtt_count; i++) {
		if (!tickets_due(&conf->mqtt[i], i, now_ms))
			continue;
		tickets.since_ms[i] = now_ms;
		any = true;
		if (!tls_tickets_renew(tickets.keys[i]))
			tp_log_at(TP_LOG_ERROR, "no random numbers for new keys of session tickets; those there are stay");
	}
	return any;
}

void tp_tickets_turn(const struct tp_conf *conf, int64_t now_ms)
{
	if (tickets.mark && tp_workers_passed(tickets.mark)) {
		for (unsigned int i = 0; i < TP_MAX_MQTT_LISTENERS; i++)
			tls_tickets_forget(tickets.keys[i]);
		tickets.mark = 0;
	}
	if (tickets.mark || now_ms < tickets.next_look_ms)
		return;
	tickets.next_look_ms = now_ms + TICKETS_LOOK_MS;
	if (tickets_renew(conf, now_ms))
		tickets.mark = tp_workers_mark();
}
