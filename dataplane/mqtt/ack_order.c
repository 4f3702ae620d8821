/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The order of acknowledgements (MQTT-4.6.0-2, -3): a session has its unanswered PUBLISHes in a list, and only what is at the front is
 * answered, when its waiter is ready. One write for all that are.
 *
 * When the connection dies the list is taken apart: what still waits becomes an orphan, which holds the client identifier and, when it has
 * ended, tells the home of that identifier: the window grows, or an identifier of QoS 2 may be answered on the connection that came after.
 */
#include "state.h"

#define ACK_OCTETS 1024

uint32_t gw_flight_get(struct mqtt_gateway *g, struct mqtt_session *s, const struct mqtt_publish *p)
{
	uint32_t i = 0;

	if (!gw_reserve(g, s, (s->flights + 1u) * GW_ANSWER_OCTETS))
		return 0;
	i = g->flight_free;
	if (i)
		g->flight_free = g->flights[i].next;
	else if (g->flight_fresh <= g->spec.waiters)
		i = g->flight_fresh++;
	if (i == 0) {
		g->waiters_short = true;
		return 0;
	}
	g->n_flights++;
	g->flights[i] = (struct gw_flight){
	        .session = gw_index(g, s),
	        .packet_id = p->packet_id,
	        .source = s->source,
	        .epoch = s->epoch,
	        .qos = p->qos,
	        .state = GW_FLIGHT_WAITS,
	};
	return i;
}

void gw_flight_put(struct mqtt_gateway *g, uint32_t i)
{
	g->flights[i].state = GW_FLIGHT_FREE;
	g->flights[i].next = g->flight_free;
	g->waiters.list[i] = (struct tp_waiter){0};
	g->flight_free = i;
	g->n_flights--;
}

/* Answered in the next flush. */
static void ack_list(struct mqtt_gateway *g, struct mqtt_session *s)
{
	if (s->listed)
		return;
	s->listed = true;
	s->answer = g->answer_first;
	g->answer_first = gw_index(g, s);
}

void gw_flight_append(struct mqtt_gateway *g, struct mqtt_session *s, uint32_t i)
{
	g->flights[i].next = 0;
	if (s->last)
		g->flights[s->last].next = i;
	else
		s->first = i;
	s->last = i;
	s->flights++;
	if (s->version == MQTT_5 && g->flights[i].state != GW_FLIGHT_KNOWN)
		s->outstanding++;
	if (g->flights[i].state != GW_FLIGHT_WAITS)
		ack_list(g, s);
}

void gw_flights_orphan(struct mqtt_gateway *g, struct mqtt_session *s)
{
	for (uint32_t i = s->first, next; i; i = next) {
		struct gw_flight *f = &g->flights[i];

		next = f->next;
		if (g->watch)
			g->watch->gone(g->watch->ctx, i);
		if (f->state != GW_FLIGHT_WAITS) {
			gw_flight_put(g, i);
			continue;
		}
		f->session = GW_NONE;
		f->name = s->client_id;
		f->listener = gw_spec(g, s)->serial;
		gw_arena_hold(&g->arena, s->client_id);
	}
	s->first = s->last = 0;
	s->flights = 0;
}

/* ---- orphans ---------------------------------------------------------------------------------------------------------------------------- */

static int orphan_tell(struct mqtt_gateway *g, const struct gw_flight *f)
{
	struct mqtt_note note;

	if (f->qos == 1 && f->reason)
		return 0;
	gw_note_name(&note, MQTT_NOTE_ACKNOWLEDGED, f->listener, gw_text(&g->arena, f->name));
	note.epoch = f->epoch;
	note.reason = f->reason;
	note.n_qos2 = f->qos == 2;
	note.qos2[0] = f->packet_id;
	note.n_window = f->qos == 1;
	note.window[0] = f->hash;
	return gw_ended_tell(g, &note);
}

static bool orphan_ended(struct mqtt_gateway *g, uint32_t i)
{
	struct gw_flight *f = &g->flights[i];

	if (orphan_tell(g, f) != 0)
		return false;
	gw_arena_put(&g->arena, &f->name);
	gw_flight_put(g, i);
	return true;
}

void gw_late(struct mqtt_gateway *g)
{
	uint32_t i = g->late_first;

	g->late_first = 0;
	for (uint32_t next; i; i = next) {
		next = g->flights[i].next;
		if (orphan_ended(g, i))
			continue;
		g->flights[i].next = g->late_first;
		g->late_first = i;
	}
}

/* ---- answers ---------------------------------------------------------------------------------------------------------------------------- */

/* The records of a message have ended. */
static void ack_ready(struct mqtt_gateway *g, uint32_t i)
{
	const struct tp_waiter *w = &g->waiters.list[i];
	struct gw_flight *f = &g->flights[i];
	struct mqtt_session *s;
	bool ok = !w->failed && w->made;

	f->reason = ok ? MQTT_SUCCESS : w->made ? MQTT_UNSPECIFIED : MQTT_QUOTA;
	if (!ok)
		gw_count(g, f->source, TP_C_mqtt_not_acknowledged, 1);
	f->state = GW_FLIGHT_DONE;
	if (f->session == GW_NONE) {
		if (!orphan_ended(g, i)) {
			f->next = g->late_first;
			g->late_first = i;
		}
		return;
	}
	s = &g->sessions[f->session];
	if (f->qos == 2)
		gw_qos2_ended(g, &s->qos2, &s->n_qos2, f->packet_id, ok);
	else if (ok)
		gw_window_add(g, &s->window, f->hash, true);
	ack_list(g, s);
}

/* Whether the flight at the front can be answered. */
static bool ack_can(struct mqtt_gateway *g, const struct mqtt_session *s, struct gw_flight *f)
{
	const uint32_t *entry;

	if (f->state != GW_FLIGHT_KNOWN)
		return f->state == GW_FLIGHT_DONE;
	entry = gw_qos2_find(g, s->qos2, s->n_qos2, f->packet_id);
	if (entry && *entry & GW_QOS2_PENDING)
		return false;
	f->state = GW_FLIGHT_DONE;
	f->reason = entry ? MQTT_SUCCESS : MQTT_UNSPECIFIED;
	if (entry == NULL)
		gw_count(g, f->source, TP_C_mqtt_not_acknowledged, 1);
	return true;
}

/* Its identifier was released: what was said of it again, and is not answered yet, was published well. */
void gw_flights_released(struct mqtt_gateway *g, const struct mqtt_session *s, uint16_t packet_id)
{
	for (uint32_t i = s->first; i; i = g->flights[i].next)
		if (g->flights[i].state == GW_FLIGHT_KNOWN && g->flights[i].packet_id == packet_id)
			g->flights[i].state = GW_FLIGHT_DONE;
}

/* Takes the front and writes its answer. */
static uint8_t *ack_pop(struct mqtt_gateway *g, struct mqtt_session *s, uint8_t *out)
{
	uint32_t i = s->first;
	const struct gw_flight *f = &g->flights[i];

	out = mqtt_ack_write(out, s->version, f->qos == 2 ? MQTT_PUBREC : MQTT_PUBACK, f->packet_id, f->reason);
	if (f->reason == MQTT_SUCCESS)
		gw_count(g, f->source, TP_C_mqtt_acknowledged, 1);
	if (__builtin_expect(g->watch != NULL, 0))
		g->watch->answered(g->watch->ctx, i, f->qos == 2, f->packet_id, f->reason);
	if ((f->qos == 1 || f->reason) && s->outstanding)
		s->outstanding--;
	s->first = f->next;
	if (s->first == 0)
		s->last = 0;
	s->flights--;
	gw_flight_put(g, i);
	return out;
}

/* All that can be, as few writes as the peer's limit allows. 0, or the session has ended, or what cannot be said in its version stopped it. */
static int ack_write(struct mqtt_gateway *g, struct mqtt_session *s)
{
	uint8_t out[ACK_OCTETS], *end = out;
	uint32_t limit = s->max_packet < ACK_OCTETS ? MQTT_ACK_ROOM : ACK_OCTETS;

	while (s->first && ack_can(g, s, &g->flights[s->first])) {
		if (g->flights[s->first].reason && s->version != MQTT_5) {
			gw_send(g, s, out, (uint32_t)(end - out));
			return -EPROTO;
		}
		end = ack_pop(g, s, end);
		if (end - out + MQTT_ACK_ROOM > limit) {
			if (gw_send(g, s, out, (uint32_t)(end - out)) != 0)
				return -EPIPE;
			end = out;
		}
	}
	return gw_send(g, s, out, (uint32_t)(end - out));
}

void gw_answer(struct mqtt_gateway *g, struct mqtt_session *s)
{
	int rc;

	if (s->state != GW_UP)
		return;
	s->busy++;
	rc = ack_write(g, s);
	if (rc == -EPROTO)
		gw_session_close(g, s, MQTT_GONE_REFUSED, 0);
	else if (rc == 0 && s->half && s->flights == 0)
		gw_session_close(g, s, MQTT_GONE_CLOSED, 0);
	else if (rc == 0)
		gw_stop_quiet(g, s);
	gw_unreserve(g, s);
	s->busy--;
	if (s->state == GW_UP && s->hold == GW_HOLD_IN_FLIGHT && s->flights < gw_in_flight(g, s))
		gw_go_on(g, s);
}

static void ack_answers(struct mqtt_gateway *g)
{
	while (g->answer_first != GW_NONE) {
		struct mqtt_session *s = &g->sessions[g->answer_first];

		g->answer_first = s->answer;
		s->listed = false;
		gw_answer(g, s);
		gw_session_settle(g, s);
	}
}

/* A batch that comes back has messages of many sessions, none of which is in the cache: flights are fetched first, then what they lead to. */
#define ACK_AHEAD 4
static inline void ack_prefetch(const struct mqtt_gateway *g, uint32_t i)
{
	const struct tp_waiters *w = &g->waiters;
	uint32_t session;

	if (i + 2 * ACK_AHEAD < w->n_ready) {
		__builtin_prefetch(&g->flights[w->ready[i + 2 * ACK_AHEAD]], 1);
		__builtin_prefetch(&w->list[w->ready[i + 2 * ACK_AHEAD]], 1);
	}
	if (i + ACK_AHEAD >= w->n_ready)
		return;
	session = g->flights[w->ready[i + ACK_AHEAD]].session;
	if (session == GW_NONE)
		return;
	__builtin_prefetch(&g->sessions[session], 1);
	__builtin_prefetch((const char *)&g->sessions[session] + 64, 1);
}

void mqtt_flush(struct mqtt_gateway *g, uint64_t now_us)
{
	struct tp_waiters *w = &g->waiters;
	bool freed = w->n_ready > 0;

	g->now_us = now_us;
	gw_arena_flush(&g->arena);
	while (w->n_ready || g->answer_first != GW_NONE) {
		for (uint32_t i = 0; i < w->n_ready; i++) {
			ack_prefetch(g, i);
			ack_ready(g, w->ready[i]);
		}
		w->n_ready = 0;
		ack_answers(g);
	}
	if ((freed && g->waiters_short) || (g->arena.freed && g->memory_short)) {
		g->waiters_short = g->memory_short = false;
		gw_room_turns(g);
	}
	g->arena.freed = false;
}
