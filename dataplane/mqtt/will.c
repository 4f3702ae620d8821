/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The will (MQTT 5, 3.1.2.5 and 3.1.3.2): kept in one block from the CONNECT on, and a message when the connection dies without DISCONNECT 0x00. Where it has a
 * delay, the session that ended keeps the client identifier until the delay is over: so whoever connects with it has to take it over first, and
 * that is where the will is cancelled, or sent if the session is discarded. A will is never lost for want of room.
 */
#include "state.h"

enum will_part { WILL_TOPIC, WILL_PAYLOAD, WILL_CONTENT_TYPE, WILL_RESPONSE_TOPIC, WILL_CORRELATION, WILL_USER, WILL_PARTS };

struct will {
	int64_t expiry_s;
	uint32_t delay_s;
	uint16_t route;
	uint8_t qos, retain;
	int8_t text;
	uint8_t has; /* 1 << part */
	uint32_t n[WILL_PARTS];
	uint8_t octets[];
};

static struct will *will_of(const struct mqtt_gateway *g, const struct mqtt_session *s)
{
	return (struct will *)gw_octets(&g->arena, s->will);
}

static struct tp_slice will_part(const struct will *w, enum will_part part)
{
	const uint8_t *p = w->octets;

	for (unsigned int i = 0; i < (unsigned int)part; i++)
		p += w->n[i];
	return w->has >> part & 1 ? (struct tp_slice){p, w->n[part]} : (struct tp_slice){NULL, 0};
}

static void will_fill(struct will *w, const struct mqtt_connect *c, const struct tp_slice part[WILL_PARTS])
{
	const struct mqtt_properties *props = &c->will_properties;
	bool v5 = c->version == MQTT_5;
	uint8_t *p = w->octets;

	*w = (struct will){
	        .expiry_s = v5 && MQTT_HAS(props, MQTT_P_MESSAGE_EXPIRY) ? (int64_t)props->message_expiry : -1,
	        .delay_s = v5 ? props->will_delay : 0,
	        .qos = c->will_qos,
	        .retain = c->will_retain,
	        .text = v5 && MQTT_HAS(props, MQTT_P_PAYLOAD_FORMAT) ? (int8_t)props->payload_format : -1,
	};
	for (unsigned int i = 0; i < WILL_PARTS; i++) {
		w->n[i] = part[i].n;
		w->has |= (uint8_t)((part[i].p != NULL) << i);
		if (part[i].n)
			memcpy(p, part[i].p, part[i].n);
		p += part[i].n;
	}
}

uint8_t gw_will_keep(struct mqtt_gateway *g, struct mqtt_session *s, const struct mqtt_connect *c)
{
	const struct mqtt_properties *props = &c->will_properties;
	struct tp_slice part[WILL_PARTS] = {[WILL_TOPIC] = c->will_topic, [WILL_PAYLOAD] = c->will_payload};
	uint64_t octets = sizeof(struct will);

	if (!mqtt_topic_valid(c->will_topic))
		return MQTT_BAD_TOPIC;
	if (part[WILL_PAYLOAD].p == NULL)
		part[WILL_PAYLOAD].p = (const uint8_t *)"";
	if (c->version == MQTT_5) {
		if (MQTT_HAS(props, MQTT_P_CONTENT_TYPE))
			part[WILL_CONTENT_TYPE] = props->content_type;
		if (MQTT_HAS(props, MQTT_P_RESPONSE_TOPIC))
			part[WILL_RESPONSE_TOPIC] = props->response_topic;
		if (MQTT_HAS(props, MQTT_P_CORRELATION))
			part[WILL_CORRELATION] = props->correlation;
		if (props->user_count)
			part[WILL_USER] = props->user;
	}
	for (unsigned int i = 0; i < WILL_PARTS; i++)
		octets += part[i].n;
	s->will = gw_arena_get(&g->arena, (uint32_t)octets);
	if (s->will == 0)
		return MQTT_QUOTA;
	will_fill(will_of(g, s), c, part);
	return 0;
}

/* Like a PUBLISH; but said at once, while the client can still be told. */
bool gw_will_refused(struct mqtt_gateway *g, struct mqtt_session *s, uint8_t *reason)
{
	struct will *w;
	struct tp_slice topic;

	*reason = 0;
	if (s->will == 0)
		return false;
	w = will_of(g, s);
	topic = will_part(w, WILL_TOPIC);
	w->route = gw_route(g, s->listener, topic);
	if (!gw_route_allowed(g, s, topic))
		*reason = MQTT_NOT_AUTHORIZED;
	else if (w->route == GW_NO_ROUTE)
		*reason = MQTT_BAD_TOPIC;
	return *reason != 0;
}

static void will_message(const struct mqtt_gateway *g, const struct mqtt_session *s, struct mqtt_message *m)
{
	const struct will *w = will_of(g, s);
	struct gw_levels levels;

	*m = (struct mqtt_message){
	        .conn = s->attached ? s->conn : NULL,
	        .source = s->source,
	        .flags = (uint8_t)(TP_FLAG_WILL | (w->retain ? TP_FLAG_RETAINED : 0)),
	        .waiter = TP_NOBODY_WAITS,
	        .device = gw_text(&g->arena, s->device),
	        .payload = will_part(w, WILL_PAYLOAD),
	        .meta =
	                {
	                        .topic = will_part(w, WILL_TOPIC),
	                        .client_id = gw_text(&g->arena, s->client_id),
	                        .content_type = will_part(w, WILL_CONTENT_TYPE),
	                        .response_topic = will_part(w, WILL_RESPONSE_TOPIC),
	                        .correlation = will_part(w, WILL_CORRELATION),
	                        .expiry_s = w->expiry_s,
	                        .qos = w->qos,
	                        .text = w->text,
	                },
	};
	levels = gw_route_levels(g, s->listener, w->route, m->meta.topic);
	gw_route_message(g, s->listener, w->route, &levels, m);
	if (m->route && m->route->keep_properties)
		m->meta.properties = will_part(w, WILL_USER);
}

/* The plan may be another one than at the CONNECT: a will that it does not take is counted like a PUBLISH. */
static bool will_refused_now(struct mqtt_gateway *g, struct mqtt_session *s)
{
	uint8_t reason;

	if (!gw_source_again(g, s))
		reason = MQTT_NOT_AUTHORIZED;
	else if (!gw_will_refused(g, s, &reason))
		return false;
	gw_count(g, s->source, TP_C_received, 1);
	gw_count(g, s->source, TP_C_received_bytes, will_part(will_of(g, s), WILL_PAYLOAD).n);
	gw_count(g, s->source, reason == MQTT_NOT_AUTHORIZED ? TP_C_mqtt_not_authorized : TP_C_mqtt_unmapped, 1);
	gw_arena_put(&g->arena, &s->will);
	return true;
}

void gw_will_send(struct mqtt_gateway *g, struct mqtt_session *s)
{
	struct mqtt_message m;

	if (s->will == 0)
		return;
	s->will_due = true;
	if (will_refused_now(g, s))
		return;
	will_message(g, s, &m);
	if (g->host.publish(g->host.ctx, &m) != 0) {
		g->refused = true;
		gw_room_enter(g, s);
		return;
	}
	gw_count(g, s->source, TP_C_received, 1);
	gw_count(g, s->source, TP_C_received_bytes, m.payload.n);
	gw_arena_put(&g->arena, &s->will);
}

void gw_will_ended(struct mqtt_gateway *g, struct mqtt_session *s, enum mqtt_gone why)
{
	uint32_t delay;

	if (s->will == 0)
		return;
	delay = will_of(g, s)->delay_s;
	if (why == MQTT_GONE_DISCONNECT || why == MQTT_GONE_SHUTTING_DOWN || (why == MQTT_GONE_TAKEN_OVER && s->resumes && delay)) {
		gw_arena_put(&g->arena, &s->will);
		return;
	}
	if (delay > s->expiry_s)
		delay = s->expiry_s; /* MQTT-3.1.3-9: when the session ends, if that is sooner */
	if (delay == 0 || why == MQTT_GONE_TAKEN_OVER || g->stopping)
		gw_will_send(g, s);
	else
		s->active = gw_due(g, delay * UINT64_C(1000000));
}

void gw_will_cancel(struct mqtt_gateway *g, struct mqtt_session *s, bool clean)
{
	if (s->will == 0 || s->will_due)
		return;
	if (clean)
		gw_will_send(g, s);
	else
		gw_arena_put(&g->arena, &s->will);
}

void gw_will_due(struct mqtt_gateway *g, struct mqtt_session *s)
{
	uint32_t delay = will_of(g, s)->delay_s;

	if (s->expiry_s != GW_NEVER)
		s->expiry_s -= delay < s->expiry_s ? delay : s->expiry_s;
	gw_will_send(g, s);
	if (s->owner)
		gw_release(g, s);
}
