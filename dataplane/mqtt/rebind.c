/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Another plan under connections. Sessions stay: they know their listener by its index, which it keeps. What they remember of the plan before is forgotten by one number (g->bound), so that their
 * next message is routed, and its permission and source looked up, by the plan that holds then; a device that it does not know any more is told "not authorized". What a client was told
 * in its CONNACK holds until it goes: Receive Maximum, topic aliases, largest packet.
 *
 * What is kept of client identifiers goes by the listener's serial, so an index that becomes another listener's takes nothing over: neither sessions, nor
 * windows, nor budgets of CONNECTs.
 *
 * Who is connected to a listener that has gone is served until nothing it sent is unacknowledged, and then told that the server shuts down (0x8B). A few sessions
 * are looked at whenever time is.
 */
#include "state.h"

#define SWEEP_STEP 256u

/* Whoever has an index now begins with a whole budget. */
static void rebind_rates(struct mqtt_gateway *g, const struct mqtt_routes *routes)
{
	for (unsigned int i = 0; g->listeners && i < g->spec.n_listeners && i < routes->n_listeners; i++)
		if (g->listeners[i].spec->serial != routes->listeners[i].spec->serial)
			g->rate_at[i] = 0;
}

void mqtt_rebind(struct mqtt_gateway *g, const struct mqtt_routes *routes)
{
	rebind_rates(g, routes);
	g->listeners = routes->listeners;
	g->spec.n_listeners = routes->n_listeners;
	g->spec.listeners = NULL; /* each is in routes */
	g->bound += 2;
	g->sweep = 0;
}

bool gw_source_again(struct mqtt_gateway *g, struct mqtt_session *s)
{
	const struct tp_mqtt_listener *l = gw_spec(g, s);
	uint16_t source;

	if (l->retired)
		return true;
	source = g->host.source(g->host.ctx, s->listener, gw_text(&g->arena, s->device));
	if (source == 0)
		source = l->unknown_source;
	if (source)
		s->source = source;
	return source != 0;
}

static void rebind_leave(struct mqtt_gateway *g, struct mqtt_session *s)
{
	if (s->state == GW_FREE || s->state == GW_ENDED || s->leaving || !gw_spec(g, s)->retired)
		return;
	s->leaving = true;
	s->busy++;
	if (s->state == GW_UP || s->state == GW_OPENED)
		gw_stop_quiet(g, s);
	else
		gw_accept_refuse(g, s, MQTT_SHUTTING_DOWN);
	s->busy--;
	gw_session_settle(g, s);
}

void gw_sweep(struct mqtt_gateway *g)
{
	for (uint32_t i = 0; i < SWEEP_STEP && g->sweep < g->session_fresh; i++)
		rebind_leave(g, &g->sessions[g->sweep++]);
}
