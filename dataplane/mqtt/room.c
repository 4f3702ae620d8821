/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who holds and who goes on, at most GW_TURNS a call. Sessions whose message found no room stand in a queue, and so do wills of sessions that have ended. When there
 * is room they have a turn of GW_TURN messages each; one that got nowhere keeps its place at the front.
 */
#include "state.h"

static void room_insert(struct mqtt_gateway *g, struct mqtt_session *s, bool front)
{
	uint32_t i = gw_index(g, s);

	s->prev = front ? GW_NONE : g->room_last;
	s->next = front ? g->room_first : GW_NONE;
	if (s->prev == GW_NONE)
		g->room_first = i;
	else
		g->sessions[s->prev].next = i;
	if (s->next == GW_NONE)
		g->room_last = i;
	else
		g->sessions[s->next].prev = i;
	s->queued = true;
	g->room_n++;
}

void gw_room_enter(struct mqtt_gateway *g, struct mqtt_session *s)
{
	if (!s->queued)
		room_insert(g, s, false);
}

void gw_room_leave(struct mqtt_gateway *g, struct mqtt_session *s)
{
	if (!s->queued)
		return;
	if (s->prev == GW_NONE)
		g->room_first = s->next;
	else
		g->sessions[s->prev].next = s->next;
	if (s->next == GW_NONE)
		g->room_last = s->prev;
	else
		g->sessions[s->next].prev = s->prev;
	s->queued = false;
	g->room_n--;
}

void gw_hold(struct mqtt_gateway *g, struct mqtt_session *s, enum gw_hold why)
{
	if ((why == GW_HOLD_IN_FLIGHT || why == GW_HOLD_ROOM) && !s->held) {
		gw_count(g, 0, TP_C_mqtt_held, 1);
		s->held = true;
	}
	s->hold = why;
	if (why == GW_HOLD_ROOM || why == GW_HOLD_MEMORY)
		gw_room_enter(g, s);
	if (why == GW_HOLD_MEMORY)
		g->memory_short = true;
}

bool gw_reserve(struct mqtt_gateway *g, struct mqtt_session *s, uint32_t octets)
{
	return g->host.reserve(g->host.ctx, s->conn, octets) == 0;
}

void gw_unreserve(struct mqtt_gateway *g, struct mqtt_session *s)
{
	if (s->flights == 0 && s->attached)
		g->host.reserve(g->host.ctx, s->conn, 0);
}

/* Within mqtt_input() its loop goes on by itself. */
void gw_go_on(struct mqtt_gateway *g, struct mqtt_session *s)
{
	s->hold = GW_HOLD_NOT;
	s->active = gw_tick_of(g, g->now_us);
	if (!s->busy && s->attached)
		g->host.resume(g->host.ctx, s->conn);
}

/* One session's turn; whether it got anywhere. */
static bool room_turn(struct mqtt_gateway *g, struct mqtt_session *s)
{
	uint64_t before = s->messages;
	uint32_t generation = s->generation;

	gw_room_leave(g, s);
	if (s->state == GW_ENDED) {
		gw_will_send(g, s);
		gw_session_settle(g, s);
		return !s->queued;
	}
	s->turn = GW_TURN;
	gw_go_on(g, s);
	if (s->generation != generation || !s->queued || s->messages != before)
		return true;
	if (g->refused) {
		gw_room_leave(g, s);
		room_insert(g, s, true);
	}
	return false;
}

void gw_room_turns(struct mqtt_gateway *g)
{
	uint32_t left = GW_TURNS;
	bool moved = true;

	if (g->in_room)
		return;
	g->in_room = true;
	g->refused = false;
	while (moved && !g->refused && g->room_n && left) {
		moved = false;
		for (uint32_t turns = g->room_n; turns && left && g->room_n && !g->refused; turns--, left--)
			moved |= room_turn(g, &g->sessions[g->room_first]);
	}
	g->in_room = false;
}

bool mqtt_room(struct mqtt_gateway *g, uint64_t now_us)
{
	g->now_us = now_us;
	gw_room_turns(g);
	return g->room_n > 0;
}
