/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_TEST_MQTT_PACKETS_H
#define TP_TEST_MQTT_PACKETS_H
/* Packets of clients made by hand, given to a connection of mqtt_rig.h, and the packets that come back. */
#include "mqtt_rig.h"

struct rig_packet {
	uint8_t p[RIG_OCTETS];
	uint32_t n;
};

static inline void rig_u8(struct rig_packet *b, unsigned int v)
{
	b->p[b->n++] = (uint8_t)v;
}

static inline void rig_u16(struct rig_packet *b, unsigned int v)
{
	rig_u8(b, v >> 8);
	rig_u8(b, v);
}

static inline void rig_u32(struct rig_packet *b, uint32_t v)
{
	rig_u16(b, v >> 16);
	rig_u16(b, v);
}

static inline void rig_octets(struct rig_packet *b, const void *p, uint32_t n)
{
	memcpy(b->p + b->n, p, n);
	b->n += n;
}

static inline void rig_string(struct rig_packet *b, const char *text)
{
	rig_u16(b, (unsigned int)strlen(text));
	rig_octets(b, text, (uint32_t)strlen(text));
}

/* Gives the packet with that first octet and body. */
static inline void rig_packet_give(struct rig_conn *c, unsigned int first, const struct rig_packet *body)
{
	static struct rig_packet out;
	uint32_t length = body->n;

	out.n = 0;
	rig_u8(&out, first);
	do {
		rig_u8(&out, (length & 0x7f) | (length > 0x7f ? 0x80 : 0));
		length >>= 7;
	} while (length);
	rig_octets(&out, body->p, body->n);
	rig_give(c, out.p, out.n);
}

struct rig_connect {
	uint8_t version;
	bool clean;
	const char *id, *user, *password, *will_topic, *will;
	uint8_t will_qos;
	uint16_t keep_alive;
	uint32_t expiry, will_delay, max_packet;
};

static inline void rig_connect(struct rig_conn *c, const struct rig_connect *k)
{
	static struct rig_packet b;
	unsigned int flags =
	        (k->clean ? 2 : 0) | (k->will_topic ? 4 | k->will_qos << 3 : 0) | (k->user ? 0x80 : 0) | (k->password ? 0x40 : 0);

	b.n = 0;
	rig_string(&b, k->version == 3 ? "MQIsdp" : "MQTT");
	rig_u8(&b, k->version);
	rig_u8(&b, flags);
	rig_u16(&b, k->keep_alive);
	if (k->version == 5) {
		rig_u8(&b, (k->expiry ? 5 : 0) + (k->max_packet ? 5 : 0));
		if (k->expiry) {
			rig_u8(&b, MQTT_P_SESSION_EXPIRY);
			rig_u32(&b, k->expiry);
		}
		if (k->max_packet) {
			rig_u8(&b, MQTT_P_MAXIMUM_PACKET_SIZE);
			rig_u32(&b, k->max_packet);
		}
	}
	rig_string(&b, k->id);
	if (k->will_topic) {
		if (k->version == 5) {
			rig_u8(&b, k->will_delay ? 5 : 0);
			if (k->will_delay) {
				rig_u8(&b, MQTT_P_WILL_DELAY);
				rig_u32(&b, k->will_delay);
			}
		}
		rig_string(&b, k->will_topic);
		rig_string(&b, k->will);
	}
	if (k->user)
		rig_string(&b, k->user);
	if (k->password)
		rig_string(&b, k->password);
	rig_packet_give(c, 0x10, &b);
}

/* flags: DUP 8, QoS << 1, retain 1. */
static inline void rig_publish_give(
        struct rig_conn *c, unsigned int version, unsigned int flags, unsigned int id, const char *topic, const char *payload)
{
	static struct rig_packet b;

	b.n = 0;
	rig_string(&b, topic);
	if (flags & 6)
		rig_u16(&b, id);
	if (version == 5)
		rig_u8(&b, 0);
	rig_octets(&b, payload, (uint32_t)strlen(payload));
	rig_packet_give(c, 0x30 | flags, &b);
}

static inline void rig_ack_give(struct rig_conn *c, unsigned int first, unsigned int id)
{
	static struct rig_packet b;

	b.n = 0;
	rig_u16(&b, id);
	rig_packet_give(c, first, &b);
}

/* ---- answers ---------------------------------------------------------------------------------------------------------------------------- */

/* The next packet that was sent: its first octet, 0 where there is none. Its body is at *body. */
static inline uint8_t rig_answer(struct rig_conn *c, const uint8_t **body, uint32_t *n)
{
	struct mqtt_fixed f;

	if (c->out_at == c->out_n)
		return 0;
	RIG_CHECK(mqtt_fixed_read(c->out + c->out_at, c->out_n - c->out_at, &f) == 0 && f.n + f.length <= c->out_n - c->out_at);
	*body = c->out + c->out_at + f.n;
	*n = f.length;
	c->out_at += f.n + f.length;
	return c->out[c->out_at - f.n - f.length];
}

#endif
