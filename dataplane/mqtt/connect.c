/* SPDX-License-Identifier: BSD-3-Clause */
/* CONNECT (3.1): variable header, then the payload in the order MQTT-3.1.3-1 gives. */
#include "read.h"

enum connect_flag {
	CONNECT_RESERVED = 1 << 0,
	CONNECT_CLEAN = 1 << 1,
	CONNECT_WILL = 1 << 2,
	CONNECT_WILL_QOS = 3 << 3,
	CONNECT_WILL_RETAIN = 1 << 5,
	CONNECT_PASSWORD = 1 << 6,
	CONNECT_USER = 1 << 7,
};

/* Protocol name and version. MQIsdp is MQTT 3.1, MQTT is 3.1.1 and later. */
static void connect_protocol(struct mqtt_reader *r, struct mqtt_connect *c)
{
	struct tp_slice name = mqtt_read_binary(r);
	bool old = tp_slice_is(name, "MQIsdp");

	if (!r->failed && !old && !tp_slice_is(name, "MQTT")) {
		mqtt_read_fail(r, MQTT_UNSUPPORTED_VERSION, "MQTT-3.1.2-1", 0);
		return;
	}
	c->version = mqtt_read_u8(r);
	if (old ? c->version != MQTT_3_1 : c->version != MQTT_3_1_1 && c->version != MQTT_5)
		mqtt_read_fail(r, MQTT_UNSUPPORTED_VERSION, "MQTT-3.1.2-2", r->at - 1);
}

static void connect_flags(struct mqtt_reader *r, struct mqtt_connect *c)
{
	uint32_t at = r->at;
	uint8_t flags = mqtt_read_u8(r);

	c->clean = flags & CONNECT_CLEAN;
	c->has_will = flags & CONNECT_WILL;
	c->will_qos = (flags & CONNECT_WILL_QOS) >> 3;
	c->will_retain = flags & CONNECT_WILL_RETAIN;
	c->has_password = flags & CONNECT_PASSWORD;
	c->has_user = flags & CONNECT_USER;
	if (flags & CONNECT_RESERVED && c->version != MQTT_3_1) /* "not used" there */
		mqtt_read_fail(r, MQTT_MALFORMED, "MQTT-3.1.2-3", at);
	if (!c->has_will && c->will_qos)
		mqtt_read_fail(r, MQTT_MALFORMED, "MQTT-3.1.2-11", at);
	if (c->will_qos == 3)
		mqtt_read_fail(r, MQTT_MALFORMED, "MQTT-3.1.2-12", at);
	if (!c->has_will && c->will_retain)
		mqtt_read_fail(r, MQTT_MALFORMED, "MQTT-3.1.2-13", at);
	if (c->version != MQTT_5 && c->has_password && !c->has_user) /* MQTT-3.1.2-22 of MQTT 3.1.1 has no match in MQTT 5 */
		mqtt_read_fail(r, MQTT_MALFORMED, "MQTT-3.1.2-22", at);
}

/*
 * What a server may not take as a client identifier. 3.1 has no empty one; 3.1.1 has it with a clean session only (MQTT-3.1.3-8
 * there as well). The 23 characters of 3.1 are not enforced: nobody does, and devices in the field have longer ones.
 */
static void connect_client_id(struct mqtt_reader *r, struct mqtt_connect *c)
{
	uint32_t at = r->at;

	c->client_id = mqtt_read_string(r);
	if (r->failed || c->client_id.n > 0 || c->version == MQTT_5)
		return;
	if (c->version == MQTT_3_1 || !c->clean)
		mqtt_read_fail(r, MQTT_BAD_CLIENT_ID, "MQTT-3.1.3-8", at);
}

/* The will topic is a topic name that will be published: it has to be one. */
static void connect_will(struct mqtt_reader *r, struct mqtt_connect *c)
{
	uint32_t at;

	if (c->version == MQTT_5)
		mqtt_properties_read(r, MQTT_IN_WILL, &c->will_properties);
	at = r->at;
	c->will_topic = mqtt_read_topic(r, "MQTT-3.3.2-2");
	if (c->will_topic.n == 0)
		mqtt_read_fail(r, MQTT_MALFORMED, "MQTT-4.7.3-1", at);
	c->will_payload = mqtt_read_binary(r);
}

/* MQTT 3.1: where the remaining length ends before them, user name and password are not there, whatever their flags say. */
static void connect_login(struct mqtt_reader *r, struct mqtt_connect *c)
{
	if (c->version == MQTT_3_1 && !r->failed)
		c->has_user = c->has_user && r->at < r->n;
	if (c->has_user)
		c->user = mqtt_read_string(r);
	if (c->version == MQTT_3_1 && !r->failed)
		c->has_password = c->has_password && r->at < r->n;
	if (c->has_password)
		c->password = mqtt_read_binary(r);
}

int mqtt_connect_read(uint8_t flags, const uint8_t *p, uint32_t n, struct mqtt_connect *c, struct mqtt_fault *fault)
{
	struct mqtt_reader r = {.p = p, .n = n, .fault = fault};

	memset(c, 0, sizeof(*c));
	connect_protocol(&r, c);
	if (r.failed || !mqtt_read_flags(&r, c->version, MQTT_CONNECT, flags))
		return -EBADMSG;
	connect_flags(&r, c);
	c->keep_alive = mqtt_read_u16(&r);
	if (c->version == MQTT_5)
		mqtt_properties_read(&r, MQTT_IN_CONNECT, &c->properties);
	connect_client_id(&r, c);
	if (c->has_will)
		connect_will(&r, c);
	connect_login(&r, c);
	mqtt_read_end(&r);
	return mqtt_read_result(&r);
}
