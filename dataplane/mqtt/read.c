/* SPDX-License-Identifier: BSD-3-Clause */
#include "read.h"

uint32_t mqtt_read_varint_long(struct mqtt_reader *r)
{
	uint32_t from = r->at, value = 0;
	uint8_t octet;

	for (unsigned int shift = 0; shift < 28; shift += 7) {
		octet = mqtt_read_u8(r);
		value |= (uint32_t)(octet & 0x7f) << shift;
		if (octet >= 0x80)
			continue;
		if (octet == 0 && shift > 0)
			mqtt_read_fail(r, MQTT_MALFORMED, "MQTT-1.5.5-1", from);
		return r->failed ? 0 : value;
	}
	mqtt_read_fail(r, MQTT_MALFORMED, "MQTT-1.5.5-1", from);
	return 0;
}

/* What is wrong with a text, as a fault. */
static void read_text_fail(struct mqtt_reader *r, enum mqtt_text text, const char *wildcard, uint32_t at)
{
	if (text == MQTT_TEXT_ILL_FORMED)
		mqtt_read_fail(r, MQTT_MALFORMED, "MQTT-1.5.4-1", at);
	else if (text == MQTT_TEXT_NUL)
		mqtt_read_fail(r, MQTT_MALFORMED, "MQTT-1.5.4-2", at);
	else if (text == MQTT_TEXT_WILDCARD)
		mqtt_read_fail(r, MQTT_MALFORMED, wildcard, at);
}

struct tp_slice mqtt_read_string(struct mqtt_reader *r)
{
	struct tp_slice s = mqtt_read_binary(r);
	uint32_t at = 0, from = r->at - s.n;

	if (!mqtt_utf8_plain(s.p, s.n, false))
		read_text_fail(r, mqtt_utf8_check(s.p, s.n, false, &at), NULL, from + at);
	return s;
}

struct tp_slice mqtt_read_topic_slow(struct mqtt_reader *r, const char *statement)
{
	struct tp_slice s = mqtt_read_binary(r);
	uint32_t at = 0, from = r->at - s.n;

	read_text_fail(r, mqtt_utf8_check(s.p, s.n, true, &at), statement, from + at);
	return s;
}

void mqtt_read_end(struct mqtt_reader *r)
{
	if (r->at < r->n)
		mqtt_read_fail(r, MQTT_MALFORMED, MQTT_ST_MALFORMED, r->at);
}

/* The statement that says what the flags of a packet are; only those of MQTT 5 that have one of their own. */
static const char *read_flags_statement(uint8_t type)
{
	switch (type) {
	case MQTT_PUBREL:
		return "MQTT-3.6.1-1";
	case MQTT_SUBSCRIBE:
		return "MQTT-3.8.1-1";
	case MQTT_UNSUBSCRIBE:
		return "MQTT-3.10.1-1";
	case MQTT_DISCONNECT:
		return "MQTT-3.14.1-1";
	case MQTT_AUTH:
		return "MQTT-3.15.1-1";
	default:
		return "MQTT-2.1.3-1";
	}
}

bool mqtt_read_flags(struct mqtt_reader *r, uint8_t version, uint8_t type, uint8_t flags)
{
	uint8_t want = type == MQTT_PUBREL || type == MQTT_SUBSCRIBE || type == MQTT_UNSUBSCRIBE ? 2 : 0;

	/* In MQTT 3.1 these three have QoS 1 and may have DUP, and of other packets the flags are "not used". */
	if (version == MQTT_3_1 && (want == 0 || (flags & 6) == want))
		return true;
	if (flags == want)
		return true;
	mqtt_read_fail(r, MQTT_MALFORMED, read_flags_statement(type), 0);
	return false;
}
