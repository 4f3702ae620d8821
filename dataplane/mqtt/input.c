/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Octets to packets: one that is whole is handled where it lies, one that is not goes through assembly.c. The loop stops where a session holds.
 */
#include "state.h"

/* What can be said of a packet before the rest of it is there: nothing of one that is too large is kept. */
bool gw_fixed_ok(struct mqtt_gateway *g, struct mqtt_session *s, const struct mqtt_fixed *f)
{
	if (s->state == GW_OPENED && f->type != MQTT_CONNECT) { /* MQTT-3.1.0-1 */
		gw_session_fault(g, s, MQTT_PROTOCOL_ERROR);
		return false;
	}
	if (f->n + f->length > s->max_taken) {
		gw_session_fault(g, s, MQTT_TOO_LARGE);
		return false;
	}
	return true;
}

/* Octets of the answer that is due at once, at most; what is longer, to a SUBSCRIBE of very many filters, takes its chance. */
static uint32_t packet_answer(const struct mqtt_fixed *f)
{
	switch (f->type) {
	case MQTT_CONNECT:
		return MQTT_CONNACK_ROOM;
	case MQTT_SUBSCRIBE:
	case MQTT_UNSUBSCRIBE:
		return 16 + f->length / 3;
	default:
		return MQTT_ACK_ROOM;
	}
}

/* A packet that is answered at once. */
static bool packet_answered(struct mqtt_gateway *g, struct mqtt_session *s, const struct mqtt_fixed *f, const uint8_t *body)
{
	if (!gw_reserve(g, s, s->flights * GW_ANSWER_OCTETS + packet_answer(f))) {
		g->refused = true;
		gw_hold(g, s, GW_HOLD_ROOM);
		return false;
	}
	if (s->state == GW_OPENED) { /* what is reserved is for the CONNACK, whenever it comes */
		gw_accept(g, s, f, body);
		return true;
	}
	gw_control_packet(g, s, f, body);
	gw_unreserve(g, s);
	return true;
}

bool gw_packet(struct mqtt_gateway *g, struct mqtt_session *s, const struct mqtt_fixed *f, const uint8_t *body)
{
	if (s->state != GW_OPENED)
		s->active = gw_tick_of(g, g->now_us);
	return f->type == MQTT_PUBLISH ? gw_publish(g, s, f, body) : packet_answered(g, s, f, body);
}

/* Octets taken; 0 where the session holds or has ended. */
static uint32_t input_packet(struct mqtt_gateway *g, struct mqtt_session *s, const uint8_t *p, uint32_t n)
{
	struct mqtt_fixed f;
	int rc;

	if (s->head_n || s->part)
		return gw_assembly_take(g, s, p, n);
	rc = mqtt_fixed_read(p, n, &f);
	if (rc == -EBADMSG) {
		gw_session_fault(g, s, MQTT_MALFORMED);
		return 0;
	}
	if (rc == 0) {
		if (!gw_fixed_ok(g, s, &f))
			return 0;
		if (f.n + f.length <= n)
			return gw_packet(g, s, &f, p + f.n) ? f.n + f.length : 0;
	}
	return gw_assembly_take(g, s, p, n);
}

uint32_t mqtt_input(struct mqtt_gateway *g, struct mqtt_session *s, const uint8_t *p, uint32_t n, uint64_t now_us)
{
	uint32_t at = 0;

	g->now_us = now_us;
	s->busy++;
	while (at < n && s->hold == GW_HOLD_NOT && s->state != GW_ENDED && !g->stopping && !s->leaving) {
		uint32_t taken = input_packet(g, s, p + at, n - at);

		at += taken;
		if (taken == 0)
			break;
	}
	if (s->state == GW_ENDED)
		at = n; /* nobody will want the rest */
	s->busy--;
	gw_session_settle(g, s);
	return at;
}
