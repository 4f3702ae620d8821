/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An orderly stop: nothing new is taken, and each connection is closed as soon as all it sent is answered. Devices are not dead because the
 * appliance stops, so their wills are dropped; those that waited for their delay are sent.
 */
#include "state.h"

void gw_stop_quiet(struct mqtt_gateway *g, struct mqtt_session *s)
{
	if ((g->stopping || s->leaving) && s->state != GW_ENDED && s->flights == 0)
		gw_session_close(g, s, MQTT_GONE_SHUTTING_DOWN, MQTT_SHUTTING_DOWN);
}

static void stop_session(struct mqtt_gateway *g, struct mqtt_session *s)
{
	s->busy++;
	if (s->state == GW_ENDED && s->will && !s->will_due) {
		gw_will_send(g, s);
		if (s->owner)
			gw_release(g, s);
	} else if (s->state == GW_UP || s->state == GW_OPENED) {
		gw_stop_quiet(g, s);
	} else if (s->state != GW_FREE && s->state != GW_ENDED) {
		gw_accept_refuse(g, s, MQTT_SHUTTING_DOWN);
	}
	s->busy--;
	gw_session_settle(g, s);
}

/* What somebody outside waits for: connections, wills, messages. */
static bool stop_open(const struct mqtt_session *s)
{
	return s->state != GW_FREE && (s->attached || s->will);
}

bool mqtt_stop(struct mqtt_gateway *g, uint64_t now_us)
{
	bool open = g->n_flights > 0;

	g->now_us = now_us;
	if (!g->stopping) {
		g->stopping = true;
		for (uint32_t i = 0; i < g->session_fresh; i++)
			stop_session(g, &g->sessions[i]);
	}
	for (uint32_t i = 0; i < g->session_fresh && !open && g->n_sessions; i++)
		open = stop_open(&g->sessions[i]);
	return !open;
}
