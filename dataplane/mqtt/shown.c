/* SPDX-License-Identifier: BSD-3-Clause */
/* A session as its operator is shown it. */
#include "state.h"

static uint32_t shown_waiting(const struct mqtt_gateway *g, const struct mqtt_session *s)
{
	uint32_t n = 0;

	for (uint32_t i = s->first; i; i = g->flights[i].next)
		n += g->flights[i].state == GW_FLIGHT_WAITS;
	return n;
}

static enum tp_connection_state shown_state(const struct mqtt_session *s)
{
	static const uint8_t states[] = {[GW_FREE] = TP_CONNECTION_ending,
	        [GW_OPENED] = TP_CONNECTION_opened,
	        [GW_LOGIN] = TP_CONNECTION_login,
	        [GW_CLAIM] = TP_CONNECTION_claim,
	        [GW_UP] = TP_CONNECTION_up,
	        [GW_ENDED] = TP_CONNECTION_ending};
	static const uint8_t holds[] = {[GW_HOLD_NOT] = TP_CONNECTION_up,
	        [GW_HOLD_VERDICT] = TP_CONNECTION_held_verdict,
	        [GW_HOLD_IN_FLIGHT] = TP_CONNECTION_held_in_flight,
	        [GW_HOLD_ROOM] = TP_CONNECTION_held_room,
	        [GW_HOLD_MEMORY] = TP_CONNECTION_held_memory};

	return (enum tp_connection_state)(s->state == GW_UP ? holds[s->hold] : states[s->state]);
}

void mqtt_show(const struct mqtt_gateway *g, const struct mqtt_session *s, uint64_t now_us, struct mqtt_shown *shown)
{
	*shown = (struct mqtt_shown){
	        .client_id = gw_text(&g->arena, s->client_id),
	        .user = gw_text(&g->arena, s->user),
	        .device = gw_text(&g->arena, s->device),
	        .state = shown_state(s),
	        .version = s->version,
	        .in_flight = s->flights,
	        .waiting = shown_waiting(g, s),
	        .messages = s->messages,
	};
	if (s->state != GW_UP)
		return;
	shown->since_us = (int64_t)(now_us - s->connected_us);
	shown->idle_us = (int64_t)(gw_tick_of(g, now_us) - s->active) * GW_TICK_US;
}
