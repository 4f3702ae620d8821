/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The life of a session: it is opened with a connection, ends once, and its place is free when nobody may speak of it any more. Ending is the logic of it:
 * the device's event, orphans, will and release; the connection may last longer (its close is under way) or be gone before.
 */
#include "state.h"

int gw_send(struct mqtt_gateway *g, struct mqtt_session *s, const uint8_t *p, uint32_t n)
{
	if (s->state == GW_ENDED || !s->attached)
		return -EPIPE;
	if (n > s->max_packet || n == 0)
		return 0; /* MQTT-3.1.2-24: as if it had been sent */
	if (g->host.send(g->host.ctx, s->conn, p, n) == 0)
		return 0;
	gw_count(g, 0, TP_C_mqtt_not_reading, 1);
	gw_session_end(g, s, MQTT_GONE_NOT_READING);
	g->host.close(g->host.ctx, s->conn, true);
	return -EPIPE;
}

void gw_session_names(const struct mqtt_gateway *g, const struct mqtt_session *s, struct mqtt_names *names)
{
	names->user = gw_text(&g->arena, s->user);
	names->client_id = gw_text(&g->arena, s->client_id);
	names->device = gw_text(&g->arena, s->device);
}

static void session_gone_event(struct mqtt_gateway *g, struct mqtt_session *s, enum mqtt_gone why)
{
	struct mqtt_event event = {
	        .why = why,
	        .source = s->source,
	        .listener = gw_spec(g, s),
	        .device = gw_text(&g->arena, s->device),
	        .client_id = gw_text(&g->arena, s->client_id),
	        .user = gw_text(&g->arena, s->user),
	        .conn = s->attached ? s->conn : NULL,
	        .version = s->version,
	        .session_present = s->present,
	        .clean = s->clean,
	        .keep_alive = s->keep_alive,
	        .messages = s->messages,
	        .connected_ms = (int64_t)((g->now_us - s->connected_us) / 1000),
	};

	g->host.event(g->host.ctx, &event);
}

void gw_session_end(struct mqtt_gateway *g, struct mqtt_session *s, enum mqtt_gone why)
{
	uint8_t was = s->state;

	if (was == GW_ENDED)
		return;
	s->state = GW_ENDED;
	s->hold = GW_HOLD_NOT;
	gw_timer_stop(g, gw_session_timer(g, s));
	gw_room_leave(g, s);
	gw_assembly_drop(g, s);
	gw_alias_drop(g, s);
	if (was == GW_UP) {
		session_gone_event(g, s, why);
		gw_flights_orphan(g, s);
		gw_will_ended(g, s, why);
	} else {
		gw_arena_put(&g->arena, &s->will);
	}
	if (s->owner && (s->will == 0 || s->will_due))
		gw_release(g, s);
	gw_session_arm(g, s);
}

void gw_session_close(struct mqtt_gateway *g, struct mqtt_session *s, enum mqtt_gone why, uint8_t reason)
{
	uint8_t out[MQTT_DISCONNECT_ROOM];
	void *conn = s->conn;

	if (s->state == GW_ENDED)
		return;
	if (reason && s->state == GW_UP && s->version == MQTT_5)
		gw_send(g, s, out, (uint32_t)(mqtt_disconnect_write(out, reason, (struct tp_slice){0}) - out));
	if (s->state == GW_ENDED)
		return;
	gw_session_end(g, s, why);
	if (s->attached)
		g->host.close(g->host.ctx, conn, false);
}

void gw_session_fault(struct mqtt_gateway *g, struct mqtt_session *s, uint8_t reason)
{
	gw_count(g, 0, TP_C_mqtt_protocol_error, 1);
	gw_session_close(g, s, MQTT_GONE_PROTOCOL_ERROR, reason);
}

static void session_counted(struct mqtt_gateway *g, const struct mqtt_session *s, int more)
{
	uint32_t *n = &g->sessions_of[s->listener];

	__atomic_store_n(n, *n + (uint32_t)more, __ATOMIC_RELEASE);
}

uint32_t mqtt_sessions_of(const struct mqtt_gateway *g, unsigned int listener)
{
	return __atomic_load_n(&g->sessions_of[listener], __ATOMIC_ACQUIRE);
}

void gw_session_settle(struct mqtt_gateway *g, struct mqtt_session *s)
{
	if (s->state != GW_ENDED || s->attached || s->busy || s->listed || s->queued || s->login || s->claim || s->owner || s->will)
		return;
	gw_timer_stop(g, gw_session_timer(g, s));
	gw_arena_put(&g->arena, &s->client_id);
	gw_arena_put(&g->arena, &s->device);
	gw_arena_put(&g->arena, &s->user);
	gw_arena_put(&g->arena, &s->qos2);
	gw_arena_put(&g->arena, &s->window);
	session_counted(g, s, -1);
	s->state = GW_FREE;
	s->generation++;
	s->next = g->session_free;
	g->session_free = gw_index(g, s);
	g->n_sessions--;
}

/* ---- timers ---------------------------------------------------------------------------------------------------------------------------- */

/* Ticks of silence a session may have; 0: any. */
static uint32_t session_patience(const struct mqtt_session *s)
{
	if (s->keep_alive)
		return s->keep_alive * 15u + 1;
	return s->head_n || s->part ? GW_PART_TICKS : 0;
}

void gw_session_arm(struct mqtt_gateway *g, struct mqtt_session *s)
{
	uint32_t due = 0;

	switch (s->state) {
	case GW_OPENED:
		due = s->active;
		break;
	case GW_LOGIN:
		due = gw_due(g, GW_LOGIN_TICKS * GW_TICK_US);
		break;
	case GW_CLAIM:
		due = gw_due(g, GW_CLAIM_TICKS * GW_TICK_US);
		break;
	case GW_UP:
		due = session_patience(s) ? s->active + session_patience(s) : 0;
		break;
	case GW_ENDED:
		if (s->claim)
			due = gw_due(g, GW_CLAIM_TICKS * GW_TICK_US);
		else if (s->owner)
			due = s->will && !s->will_due ? s->active : gw_due(g, GW_TICK_US);
		break;
	default:
		break;
	}
	if (due)
		gw_timer_start(g, gw_session_timer(g, s), due);
	else
		gw_timer_stop(g, gw_session_timer(g, s));
}

/*
 * Whose packets are not read cannot be heard by MQTT. But its TCP asks for the closed window again and again as soon as its keep alive makes it say
 * something: where no segment has come for that long, nobody is there, and the place is free before Kafka is back. True: it was closed.
 */
static bool session_lost(struct mqtt_gateway *g, struct mqtt_session *s)
{
	if (!s->keep_alive || !s->attached || g->host.silence_ms(g->host.ctx, s->conn) < s->keep_alive * 1500u + GW_HELD_MS)
		return false;
	gw_count(g, 0, TP_C_mqtt_held_silent, 1);
	gw_session_close(g, s, MQTT_GONE_KEEP_ALIVE, MQTT_KEEP_ALIVE_TIMEOUT);
	return true;
}

static void session_silent(struct mqtt_gateway *g, struct mqtt_session *s)
{
	uint32_t patience = session_patience(s);

	if (patience && s->hold != GW_HOLD_NOT) {
		if (session_lost(g, s))
			return;
		s->active = g->tick; /* it was not heard because nobody listened */
	} else if (patience && g->tick >= s->active + patience) {
		gw_count(g, 0, TP_C_mqtt_keep_alive, 1);
		gw_session_close(g, s, MQTT_GONE_KEEP_ALIVE, MQTT_KEEP_ALIVE_TIMEOUT);
		return;
	}
	gw_session_arm(g, s);
}

void gw_session_due(struct mqtt_gateway *g, struct mqtt_session *s)
{
	switch (s->state) {
	case GW_OPENED:
		gw_count(g, 0, TP_C_mqtt_connect_timeout, 1);
		gw_session_close(g, s, MQTT_GONE_TIMED_OUT, 0);
		break;
	case GW_LOGIN: /* its place stays taken until the verdict comes */
		gw_count(g, 0, TP_C_mqtt_login_timeout, 1);
		gw_accept_refuse(g, s, MQTT_BUSY);
		break;
	case GW_CLAIM:
		gw_claim(g, s, true);
		break;
	case GW_UP:
		session_silent(g, s);
		break;
	case GW_ENDED:
		if (s->claim)
			gw_claim(g, s, true);
		else if (s->will && !s->will_due)
			gw_will_due(g, s);
		else if (s->owner)
			gw_release(g, s);
		gw_session_settle(g, s);
		break;
	default:
		break;
	}
}

/* ---- the connection's side --------------------------------------------------------------------------------------------------------------- */

static struct mqtt_session *session_take(struct mqtt_gateway *g)
{
	struct mqtt_session *s;
	uint32_t generation;

	if (g->session_free != GW_NONE) {
		s = &g->sessions[g->session_free];
		g->session_free = s->next;
	} else if (g->session_fresh < g->spec.connections) {
		s = &g->sessions[g->session_fresh++];
	} else {
		return NULL;
	}
	generation = s->generation;
	*s = (struct mqtt_session){.generation = generation, .max_packet = UINT32_MAX};
	g->n_sessions++;
	return s;
}

struct mqtt_session *mqtt_opened(struct mqtt_gateway *g, void *conn, unsigned int listener, uint64_t now_us)
{
	struct mqtt_session *s;

	g->now_us = now_us;
	if (g->stopping || listener >= g->spec.n_listeners || g->listeners[listener].spec->retired)
		return NULL;
	s = session_take(g);
	if (s == NULL)
		return NULL;
	s->conn = conn;
	s->attached = true;
	s->listener = (uint16_t)listener;
	session_counted(g, s, 1);
	s->max_taken = gw_spec(g, s)->max_packet;
	s->in_flight = gw_spec(g, s)->in_flight;
	s->alias_max = (uint16_t)gw_spec(g, s)->alias_max;
	s->state = GW_OPENED;
	s->active = gw_due(g, gw_spec(g, s)->connect_timeout_ms * UINT64_C(1000));
	gw_session_arm(g, s);
	return s;
}

void mqtt_await(struct mqtt_gateway *g, struct mqtt_session *s, bool peer, uint64_t now_us)
{
	uint32_t tick = gw_tick_of(g, now_us);

	g->now_us = now_us;
	if (s->state != GW_OPENED || s->paused != peer)
		return;
	s->paused = !peer;
	if (peer) {
		s->active += tick;
		gw_session_arm(g, s);
	} else {
		s->active = s->active > tick ? s->active - tick : 1;
		gw_timer_stop(g, gw_session_timer(g, s));
	}
}

void mqtt_ended(struct mqtt_gateway *g, struct mqtt_session *s, uint64_t now_us)
{
	g->now_us = now_us;
	s->half = true;
	if (s->state == GW_UP && s->flights)
		return; /* it may still read: what it sent is answered first */
	gw_session_close(g, s, MQTT_GONE_CLOSED, 0);
}

void mqtt_closed(struct mqtt_gateway *g, struct mqtt_session *s, enum mqtt_gone why, uint64_t now_us)
{
	g->now_us = now_us;
	gw_session_end(g, s, why);
	s->attached = false;
	s->conn = NULL;
	gw_session_settle(g, s);
}
