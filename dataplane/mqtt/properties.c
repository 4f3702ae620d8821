/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Properties of MQTT 5 (2.2.2). One table says of each identifier its type, where clients may use it and where in the struct its
 * value goes; what the standard says of single values beyond their type is in properties_value().
 */
#include "read.h"

enum property_type { P_NONE, P_U8, P_U16, P_U32, P_VARINT, P_BINARY, P_STRING, P_TOPIC, P_PAIR };

struct property_rule {
	uint8_t type;   /* enum property_type; P_NONE: nobody knows it, or only servers send it */
	uint8_t places; /* enum mqtt_place */
	uint16_t at;    /* offset in struct mqtt_properties */
};

#define RULE(type, field, places)                                                                                                  \
	{                                                                                                                          \
		type, places, offsetof(struct mqtt_properties, field)                                                              \
	}
#define ANYWHERE 0xff

static const struct property_rule properties_rules[0x2b] = {
        [MQTT_P_PAYLOAD_FORMAT] = RULE(P_U8, payload_format, MQTT_IN_PUBLISH | MQTT_IN_WILL),
        [MQTT_P_MESSAGE_EXPIRY] = RULE(P_U32, message_expiry, MQTT_IN_PUBLISH | MQTT_IN_WILL),
        [MQTT_P_CONTENT_TYPE] = RULE(P_STRING, content_type, MQTT_IN_PUBLISH | MQTT_IN_WILL),
        [MQTT_P_RESPONSE_TOPIC] = RULE(P_TOPIC, response_topic, MQTT_IN_PUBLISH | MQTT_IN_WILL),
        [MQTT_P_CORRELATION] = RULE(P_BINARY, correlation, MQTT_IN_PUBLISH | MQTT_IN_WILL),
        [MQTT_P_SUBSCRIPTION_ID] = RULE(P_VARINT, subscription_id, MQTT_IN_PUBLISH | MQTT_IN_SUBSCRIBE),
        [MQTT_P_SESSION_EXPIRY] = RULE(P_U32, session_expiry, MQTT_IN_CONNECT | MQTT_IN_DISCONNECT),
        [MQTT_P_AUTHENTICATION_METHOD] = RULE(P_STRING, authentication_method, MQTT_IN_CONNECT | MQTT_IN_AUTH),
        [MQTT_P_AUTHENTICATION_DATA] = RULE(P_BINARY, authentication_data, MQTT_IN_CONNECT | MQTT_IN_AUTH),
        [MQTT_P_REQUEST_PROBLEM] = RULE(P_U8, request_problem, MQTT_IN_CONNECT),
        [MQTT_P_WILL_DELAY] = RULE(P_U32, will_delay, MQTT_IN_WILL),
        [MQTT_P_REQUEST_RESPONSE] = RULE(P_U8, request_response, MQTT_IN_CONNECT),
        [MQTT_P_REASON_STRING] = RULE(P_STRING, reason_string, MQTT_IN_ACK | MQTT_IN_DISCONNECT | MQTT_IN_AUTH),
        [MQTT_P_RECEIVE_MAXIMUM] = RULE(P_U16, receive_maximum, MQTT_IN_CONNECT),
        [MQTT_P_TOPIC_ALIAS_MAXIMUM] = RULE(P_U16, topic_alias_maximum, MQTT_IN_CONNECT),
        [MQTT_P_TOPIC_ALIAS] = RULE(P_U16, topic_alias, MQTT_IN_PUBLISH),
        [MQTT_P_USER] = RULE(P_PAIR, user, ANYWHERE),
        [MQTT_P_MAXIMUM_PACKET_SIZE] = RULE(P_U32, maximum_packet_size, MQTT_IN_CONNECT),
};

static void properties_scalar(struct mqtt_reader *r, enum property_type type, uint8_t *to)
{
	uint32_t v32;
	uint16_t v16;

	if (type == P_U8) {
		*to = mqtt_read_u8(r);
	} else if (type == P_U16) {
		v16 = mqtt_read_u16(r);
		memcpy(to, &v16, sizeof(v16));
	} else {
		v32 = type == P_U32 ? mqtt_read_u32(r) : mqtt_read_varint(r);
		memcpy(to, &v32, sizeof(v32));
	}
}

static void properties_slice(struct mqtt_reader *r, enum property_type type, uint8_t *to)
{
	struct tp_slice s;

	if (type == P_BINARY)
		s = mqtt_read_binary(r);
	else if (type == P_STRING)
		s = mqtt_read_string(r);
	else
		s = mqtt_read_topic(r, "MQTT-3.3.2-14");
	memcpy(to, &s, sizeof(s));
}

/* Values that are no value of this property, though they are of its type. `at`: where the property stands. */
static void properties_value(struct mqtt_reader *r, uint8_t id, const struct mqtt_properties *props, uint32_t at)
{
	bool wrong = false;

	switch (id) {
	case MQTT_P_PAYLOAD_FORMAT:
		wrong = props->payload_format > 1;
		break;
	case MQTT_P_REQUEST_PROBLEM:
		wrong = props->request_problem > 1;
		break;
	case MQTT_P_REQUEST_RESPONSE:
		wrong = props->request_response > 1;
		break;
	case MQTT_P_RECEIVE_MAXIMUM:
		wrong = props->receive_maximum == 0;
		break;
	case MQTT_P_MAXIMUM_PACKET_SIZE:
		wrong = props->maximum_packet_size == 0;
		break;
	case MQTT_P_SUBSCRIPTION_ID:
		wrong = props->subscription_id == 0;
		break;
	case MQTT_P_RESPONSE_TOPIC:
		if (props->response_topic.n == 0)
			mqtt_read_fail(r, MQTT_PROTOCOL_ERROR, "MQTT-4.7.3-1", at);
		break;
	case MQTT_P_TOPIC_ALIAS:
		if (props->topic_alias == 0)
			mqtt_read_fail(r, MQTT_BAD_ALIAS, "MQTT-3.3.2-8", at);
		break;
	default:
		break;
	}
	if (wrong)
		mqtt_read_fail(r, MQTT_PROTOCOL_ERROR, MQTT_ST_MALFORMED, at);
}

/* One property. Identifiers are variable byte integers, but all that exist have one octet. */
static void properties_one(struct mqtt_reader *r, enum mqtt_place place, struct mqtt_properties *props)
{
	const struct property_rule *rule;
	uint32_t at = r->at, id = mqtt_read_varint(r);
	uint8_t *to;

	if (r->failed)
		return;
	rule = &properties_rules[id < sizeof(properties_rules) / sizeof(properties_rules[0]) ? id : 0];
	if ((rule->places & place) == 0) { /* 2.2.2.2: not known, or not in this packet */
		mqtt_read_fail(r, MQTT_MALFORMED, MQTT_ST_MALFORMED, at);
		return;
	}
	if (rule->type == P_PAIR) { /* MQTT-1.5.7-1; the only one that may come again */
		(void)mqtt_read_string(r);
		(void)mqtt_read_string(r);
		props->user_count++;
		props->has |= UINT64_C(1) << id;
		return;
	}
	if (MQTT_HAS(props, id)) {
		mqtt_read_fail(r, MQTT_PROTOCOL_ERROR, MQTT_ST_MALFORMED, at);
		return;
	}
	props->has |= UINT64_C(1) << id;
	to = (uint8_t *)props + rule->at;
	if (rule->type <= P_VARINT)
		properties_scalar(r, rule->type, to);
	else
		properties_slice(r, rule->type, to);
	if (!r->failed)
		properties_value(r, (uint8_t)id, props, at);
}

void mqtt_properties_read(struct mqtt_reader *r, enum mqtt_place place, struct mqtt_properties *props)
{
	uint32_t length = mqtt_read_varint(r), end = r->n, from;

	mqtt_properties_clear(props);
	if (length == 0 || !mqtt_read_need(r, length))
		return;
	/* A value must not reach beyond the properties, so they are the end of the cursor for a while. */
	from = r->at;
	r->n = from + length;
	while (r->at < r->n)
		properties_one(r, place, props);
	r->n = end;
	if (r->failed)
		r->at = end;
	if (props->user_count > 0)
		props->user = (struct tp_slice){r->p + from, length};
	if (MQTT_HAS(props, MQTT_P_AUTHENTICATION_DATA) && !MQTT_HAS(props, MQTT_P_AUTHENTICATION_METHOD))
		mqtt_read_fail(r, MQTT_PROTOCOL_ERROR, MQTT_ST_MALFORMED, from);
}

/* Moves over a property that has been checked before. */
static void properties_skip(struct mqtt_reader *r, uint8_t type)
{
	static const uint8_t octets[] = {[P_U8] = 1, [P_U16] = 2, [P_U32] = 4};

	if (type >= P_BINARY)
		(void)mqtt_read_binary(r);
	else if (type == P_VARINT)
		(void)mqtt_read_varint(r);
	else
		r->at += mqtt_read_need(r, octets[type]) ? octets[type] : 0;
}

bool mqtt_user_next(struct tp_slice area, uint32_t *at, struct tp_slice *name, struct tp_slice *value)
{
	struct mqtt_fault fault;
	struct mqtt_reader r = {.p = area.p, .n = area.n, .at = *at, .fault = &fault};
	uint8_t id;

	while (r.at < r.n) {
		id = r.p[r.at++];
		if (id == MQTT_P_USER) {
			*name = mqtt_read_binary(&r);
			*value = mqtt_read_binary(&r);
			*at = r.at;
			return !r.failed;
		}
		properties_skip(
		        &r, id < sizeof(properties_rules) / sizeof(properties_rules[0]) ? properties_rules[id].type : P_NONE);
	}
	*at = r.n;
	return false;
}
