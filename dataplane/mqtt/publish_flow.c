/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A PUBLISH to a message: its topic (an alias or not), whether it may be published and where to, whether it came before, and the host. It is
 * counted as received only with its outcome, so that one that is held, and read again later, counts once.
 */
#include "state.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

struct publish {
	struct mqtt_gateway *g;
	struct mqtt_session *s;
	struct mqtt_publish p;
	uint64_t topic_hash;
	uint16_t route;
};

/* Somebody wants to know what becomes of single messages. */
static __attribute__((noinline)) void publish_ended(const struct publish *f, enum tp_counter why)
{
	const struct mqtt_message m = {.conn = f->s->conn,
	        .source = f->s->source,
	        .device = gw_text(&f->g->arena, f->s->device),
	        .payload = f->p.payload,
	        .meta = {.topic = f->p.topic,
	                .client_id = gw_text(&f->g->arena, f->s->client_id),
	                .packet_id = f->p.packet_id,
	                .qos = f->p.qos}};

	f->g->watch->ended(f->g->watch->ctx, &m, why);
}

static void publish_count(const struct publish *f, enum tp_counter outcome)
{
	struct tp_book *book = &f->g->books[f->s->source];

	book->c[TP_C_received]++;
	book->c[TP_C_received_bytes] += f->p.payload.n;
	if (outcome != TP_C_received) {
		book->c[outcome]++;
		if (f->g->watch)
			publish_ended(f, outcome);
	}
	f->s->messages++;
	f->s->held = false;
}

static bool publish_no_room(struct mqtt_gateway *g, struct mqtt_session *s)
{
	g->refused = true;
	gw_hold(g, s, GW_HOLD_ROOM);
	return false;
}

/* A message whose answer is known already, behind those before it. */
static bool publish_answer(struct publish *f, enum gw_flight_state state, uint8_t reason, enum tp_counter outcome)
{
	uint32_t i = gw_flight_get(f->g, f->s, &f->p);

	if (i == 0)
		return publish_no_room(f->g, f->s);
	f->g->flights[i].state = (uint8_t)state;
	f->g->flights[i].reason = reason;
	publish_count(f, outcome);
	gw_flight_append(f->g, f->s, i);
	return true;
}

/* MQTT-3.3.5-2: 3.1.1 has no word for it, so the connection is closed; what nobody waits for is counted. */
static bool publish_refuse(struct publish *f, enum tp_counter why, uint8_t reason)
{
	if (f->p.qos && f->s->version == MQTT_5)
		return publish_answer(f, GW_FLIGHT_DONE, reason, why);
	publish_count(f, why);
	if (f->p.qos)
		gw_session_close(f->g, f->s, MQTT_GONE_REFUSED, 0);
	return true;
}

/* 0, or the reason to disconnect: what a packet alone does not show. */
static uint8_t publish_check(struct publish *f)
{
	const struct mqtt_properties *props = &f->p.properties;

	if (f->s->version == MQTT_5) {
		if (MQTT_HAS(props, MQTT_P_SUBSCRIPTION_ID)) /* MQTT-3.3.4-6 */
			return MQTT_PROTOCOL_ERROR;
		if (MQTT_HAS(props, MQTT_P_TOPIC_ALIAS)) {
			uint8_t reason = gw_alias(f->g, f->s, props->topic_alias, &f->p.topic);

			if (reason)
				return reason;
		}
	}
	return f->p.topic.n ? 0 : MQTT_PROTOCOL_ERROR;
}

static bool publish_known(const struct publish *f)
{
	return f->p.qos == 2 && gw_qos2_find(f->g, f->s->qos2, f->s->n_qos2, f->p.packet_id) != NULL;
}

/* Has to wait for answers. In MQTT 5 the Receive Maximum bounds new messages; those that are sent again are not counted there. */
static bool publish_too_many(const struct publish *f)
{
	return f->p.qos && f->s->flights >= gw_in_flight(f->g, f->s) && (f->s->version != MQTT_5 || publish_known(f));
}

/* Route and permission of the topic; 0, or the counter of the refusal. */
static enum tp_counter publish_route(struct publish *f)
{
	struct mqtt_session *s = f->s;

	f->topic_hash = XXH3_64bits_withSeed(f->p.topic.p, f->p.topic.n, f->g->seed) | 1;
	if ((f->topic_hash ^ f->g->bound) != s->topic_hash) {
		if (!gw_source_again(f->g, s) || !gw_route_allowed(f->g, s, f->p.topic))
			return TP_C_mqtt_not_authorized;
		f->route = gw_route(f->g, s->listener, f->p.topic);
		if (f->route == GW_NO_ROUTE)
			return TP_C_mqtt_unmapped;
		s->topic_hash = f->topic_hash ^ f->g->bound;
		s->route = f->route;
		s->levels = gw_route_levels(f->g, s->listener, f->route, f->p.topic);
	}
	f->route = s->route;
	return TP_C_received;
}

static struct tp_slice publish_property(const struct mqtt_properties *props, enum mqtt_property id, struct tp_slice value)
{
	return MQTT_HAS(props, id) ? value : (struct tp_slice){NULL, 0};
}

static void publish_meta(const struct publish *f, struct mqtt_message *m)
{
	const struct mqtt_properties *props = &f->p.properties;

	m->meta = (struct tp_mqtt_meta){
	        .topic = f->p.topic,
	        .client_id = gw_text(&f->g->arena, f->s->client_id),
	        .expiry_s = -1,
	        .packet_id = f->p.packet_id,
	        .qos = f->p.qos,
	        .text = -1,
	};
	gw_route_message(f->g, f->s->listener, f->route, &f->s->levels, m);
	if (f->s->version != MQTT_5)
		return;
	m->meta.content_type = publish_property(props, MQTT_P_CONTENT_TYPE, props->content_type);
	m->meta.response_topic = publish_property(props, MQTT_P_RESPONSE_TOPIC, props->response_topic);
	m->meta.correlation = publish_property(props, MQTT_P_CORRELATION, props->correlation);
	if (MQTT_HAS(props, MQTT_P_MESSAGE_EXPIRY))
		m->meta.expiry_s = props->message_expiry;
	if (MQTT_HAS(props, MQTT_P_PAYLOAD_FORMAT))
		m->meta.text = (int8_t)props->payload_format;
	if (m->route && m->route->keep_properties && props->user_count)
		m->meta.properties = props->user;
}

static int publish_hand_over(const struct publish *f, uint32_t waiter)
{
	struct mqtt_message m = {
	        .conn = f->s->conn,
	        .source = f->s->source,
	        .flags = (uint8_t)((f->p.retain ? TP_FLAG_RETAINED : 0) | (f->p.dup ? TP_FLAG_DUP : 0)),
	        .waiter = waiter,
	        .device = gw_text(&f->g->arena, f->s->device),
	        .payload = f->p.payload,
	};

	publish_meta(f, &m);
	return f->g->host.publish(f->g->host.ctx, &m);
}

/* QoS 0: nobody waits. */
static bool publish_once(struct publish *f)
{
	const struct tp_mqtt_listener *l = gw_spec(f->g, f->s);

	if (publish_hand_over(f, TP_NOBODY_WAITS) == 0) {
		publish_count(f, TP_C_received);
		return true;
	}
	if (f->route == GW_UNMAPPED || l->routes[f->route].slow != TP_MQTT_SHED)
		return publish_no_room(f->g, f->s);
	publish_count(f, TP_C_mqtt_shed);
	return true;
}

/* QoS 2: the identifier is remembered before its message can become a record. */
static bool publish_remember(struct publish *f)
{
	struct mqtt_session *s = f->s;

	if (f->p.qos != 2 || gw_qos2_add(f->g, &s->qos2, &s->n_qos2, f->p.packet_id | GW_QOS2_PENDING))
		return true;
	if (s->n_qos2 >= MQTT_QOS2_MAX)
		gw_session_close(f->g, s, MQTT_GONE_REFUSED, MQTT_QUOTA);
	else
		gw_hold(f->g, s, GW_HOLD_MEMORY);
	return false;
}

/* QoS 1 and 2: one waits for what it becomes. */
static bool publish_waited(struct publish *f, uint64_t hash)
{
	struct mqtt_gateway *g = f->g;
	struct mqtt_session *s = f->s;
	uint32_t i = gw_flight_get(g, s, &f->p);

	if (i == 0)
		return publish_no_room(g, s);
	if (!publish_remember(f)) {
		gw_flight_put(g, i);
		return s->state == GW_ENDED;
	}
	g->flights[i].hash = hash;
	g->waiters.list[i] = (struct tp_waiter){.open = 1, .owned = 1};
	if (publish_hand_over(f, i) != 0) {
		gw_flight_put(g, i);
		if (f->p.qos == 2)
			gw_qos2_remove(g, &s->qos2, &s->n_qos2, f->p.packet_id);
		return publish_no_room(g, s);
	}
	publish_count(f, TP_C_received);
	gw_flight_append(g, s, i);
	return true;
}

static bool publish_new(struct publish *f)
{
	struct mqtt_gateway *g = f->g;
	enum tp_counter refused = publish_route(f);
	uint64_t hash = 0;

	if (refused != TP_C_received)
		return publish_refuse(f, refused, refused == TP_C_mqtt_unmapped ? MQTT_BAD_TOPIC : MQTT_NOT_AUTHORIZED);
	if (f->p.qos == 0)
		return publish_once(f);
	if (g->spec.window && f->p.qos == 1)
		hash = XXH3_64bits_withSeed(
		        f->p.payload.p, f->p.payload.n, f->topic_hash + f->p.packet_id * UINT64_C(0x9e3779b97f4a7c15));
	/* 3.1 sends again on the same connection too. */
	if (f->p.qos == 1 && f->p.dup && gw_window_has(g, f->s->window, hash, f->s->version == MQTT_3_1))
		return publish_answer(f, GW_FLIGHT_DONE, MQTT_SUCCESS, TP_C_mqtt_duplicate);
	return publish_waited(f, hash);
}

bool gw_publish(struct mqtt_gateway *g, struct mqtt_session *s, const struct mqtt_fixed *fixed, const uint8_t *body)
{
	struct mqtt_fault fault;
	struct publish f; /* the reader writes all of f.p, so nothing needs to be cleared for it */
	uint8_t reason;

	f.g = g;
	f.s = s;
	if (mqtt_publish_read(s->version, fixed->flags, body, fixed->length, &f.p, &fault) != 0) {
		gw_session_fault(g, s, (uint8_t)fault.reason);
		return true;
	}
	if (g->in_room && g->room_n && s->turn == 0) {
		gw_hold(g, s, GW_HOLD_ROOM); /* its turn is over */
		return false;
	}
	if (publish_too_many(&f)) {
		gw_hold(g, s, GW_HOLD_IN_FLIGHT);
		return false;
	}
	reason = publish_check(&f);
	if (reason == 0 && publish_known(&f))
		return publish_answer(&f, GW_FLIGHT_KNOWN, MQTT_SUCCESS, TP_C_mqtt_duplicate);
	if (reason == 0 && f.p.qos && s->version == MQTT_5 && s->outstanding >= gw_in_flight(g, s))
		reason = MQTT_RECEIVE_MAXIMUM; /* MQTT-3.3.4-7 */
	if (reason) {
		gw_session_fault(g, s, reason);
		return true;
	}
	if (s->turn)
		s->turn--;
	return publish_new(&f);
}
