/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a server says. Packets are short, so those with properties are written behind a gap for their lengths and moved to where
 * they belong.
 */
#include <string.h>

#include "packet.h"

static uint8_t *write_u8(uint8_t *out, uint8_t v)
{
	*out = v;
	return out + 1;
}

static uint8_t *write_u16(uint8_t *out, uint16_t v)
{
	v = __builtin_bswap16(v);
	memcpy(out, &v, sizeof(v));
	return out + sizeof(v);
}

static uint8_t *write_u32(uint8_t *out, uint32_t v)
{
	v = __builtin_bswap32(v);
	memcpy(out, &v, sizeof(v));
	return out + sizeof(v);
}

/* A variable byte integer, at most four octets. */
static uint8_t *write_varint(uint8_t *out, uint32_t v)
{
	for (; v >= 0x80; v >>= 7)
		*out++ = (uint8_t)(v | 0x80);
	*out++ = (uint8_t)v;
	return out;
}

static uint8_t *write_string(uint8_t *out, struct tp_slice s)
{
	out = write_u16(out, (uint16_t)s.n);
	return (uint8_t *)memcpy(out, s.p, s.n) + s.n;
}

static uint8_t *write_string_property(uint8_t *out, enum mqtt_property id, struct tp_slice s)
{
	return s.n == 0 ? out : write_string(write_u8(out, id), s);
}

static uint8_t *write_u16_property(uint8_t *out, enum mqtt_property id, uint16_t v)
{
	return write_u16(write_u8(out, id), v);
}

static uint8_t *write_u32_property(uint8_t *out, enum mqtt_property id, uint32_t v)
{
	return write_u32(write_u8(out, id), v);
}

/* ---- CONNACK ---------------------------------------------------------------------------------------------------------------- */
/* The return code of 3.1.1 (table 3.1) for a reason; -1: it has none for that (MQTT-3.2.2-6 there: close without CONNACK). */
static int write_return_code(uint8_t reason)
{
	switch (reason) {
	case MQTT_SUCCESS:
		return 0;
	case MQTT_UNSUPPORTED_VERSION:
		return 1;
	case MQTT_BAD_CLIENT_ID:
		return 2;
	case MQTT_UNAVAILABLE:
	case MQTT_BUSY:
	case MQTT_SHUTTING_DOWN:
	case MQTT_RATE:
	case MQTT_QUOTA:
	case MQTT_CONNECT_RATE:
		return 3;
	case MQTT_BAD_LOGIN:
		return 4;
	case MQTT_NOT_AUTHORIZED:
	case MQTT_BANNED:
		return 5;
	default:
		return -1;
	}
}

static uint8_t *write_connack_properties(uint8_t *out, const struct mqtt_connack *c)
{
	if (c->has_session_expiry)
		out = write_u32_property(out, MQTT_P_SESSION_EXPIRY, c->session_expiry);
	if (c->receive_maximum)
		out = write_u16_property(out, MQTT_P_RECEIVE_MAXIMUM, c->receive_maximum);
	if (c->maximum_packet_size)
		out = write_u32_property(out, MQTT_P_MAXIMUM_PACKET_SIZE, c->maximum_packet_size);
	out = write_string_property(out, MQTT_P_ASSIGNED_CLIENT_ID, c->assigned_client_id);
	if (c->topic_alias_maximum)
		out = write_u16_property(out, MQTT_P_TOPIC_ALIAS_MAXIMUM, c->topic_alias_maximum);
	if (c->has_server_keep_alive)
		out = write_u16_property(out, MQTT_P_SERVER_KEEP_ALIVE, c->server_keep_alive);
	return write_string_property(out, MQTT_P_REASON_STRING, c->reason_string);
}

/* Fixed header, `n_head` octets of variable header, property length, properties that stand at `props`. May overlap. */
static uint8_t *write_around(uint8_t *out, uint8_t first, const uint8_t *head, uint32_t n_head, const uint8_t *props, uint32_t n)
{
	uint8_t front[12], *p = write_u8(front, first);
	uint32_t lengths = n < 0x80 ? 1 : 2;

	p = write_varint(p, n_head + lengths + n);
	p = (uint8_t *)memcpy(p, head, n_head) + n_head;
	p = write_varint(p, n);
	memmove(out + (p - front), props, n);
	memcpy(out, front, (size_t)(p - front));
	return out + (p - front) + n;
}

uint8_t *mqtt_connack_write(uint8_t *out, const struct mqtt_connack *c)
{
	uint8_t head[2] = {c->session_present && c->reason == MQTT_SUCCESS, c->reason};
	int code = write_return_code(c->reason);
	uint8_t *end;

	if (c->version == MQTT_5) {
		end = write_connack_properties(out + 12, c);
		return write_around(out, MQTT_CONNACK << 4, head, 2, out + 12, (uint32_t)(end - out - 12));
	}
	if (code < 0)
		return out;
	out = write_u8(write_u8(out, MQTT_CONNACK << 4), 2);
	return write_u8(write_u8(out, c->version == MQTT_3_1 ? 0 : head[0]), (uint8_t)code); /* reserved in 3.1 */
}

/* ---- acknowledgements ------------------------------------------------------------------------------------------------------- */
uint8_t *mqtt_ack_write(uint8_t *out, uint8_t version, uint8_t type, uint16_t packet_id, uint8_t reason)
{
	bool said = version == MQTT_5 && reason != MQTT_SUCCESS;

	out = write_u8(out, (uint8_t)(type << 4 | (type == MQTT_PUBREL ? 2 : 0)));
	out = write_u8(out, said ? 3 : 2);
	out = write_u16(out, packet_id);
	return said ? write_u8(out, reason) : out;
}

uint8_t *mqtt_suback_write(uint8_t *out, uint8_t version, uint8_t type, uint16_t packet_id, uint8_t reason, uint32_t filters)
{
	if (type == MQTT_UNSUBACK && version != MQTT_5)
		filters = 0; /* 3.11 of 3.1.1: no payload */
	out = write_u8(out, (uint8_t)(type << 4));
	out = write_varint(out, 2u + (version == MQTT_5) + filters);
	out = write_u16(out, packet_id);
	if (version == MQTT_5)
		out = write_u8(out, 0);
	memset(out, reason, filters);
	return out + filters;
}

uint8_t *mqtt_pingresp_write(uint8_t *out)
{
	return write_u8(write_u8(out, MQTT_PINGRESP << 4), 0);
}

uint8_t *mqtt_disconnect_write(uint8_t *out, uint8_t reason, struct tp_slice reason_string)
{
	uint8_t *end;

	if (reason_string.n > 0) {
		end = write_string_property(out + 12, MQTT_P_REASON_STRING, reason_string);
		return write_around(out, MQTT_DISCONNECT << 4, &reason, 1, out + 12, (uint32_t)(end - out - 12));
	}
	out = write_u8(write_u8(out, MQTT_DISCONNECT << 4), reason != MQTT_SUCCESS);
	return reason == MQTT_SUCCESS ? out : write_u8(out, reason);
}
