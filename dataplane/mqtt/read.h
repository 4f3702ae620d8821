/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_MQTT_READ_H
#define TP_MQTT_READ_H
/*
 * A cursor over what stands behind a fixed header. Its error is sticky: the first fault is kept, the cursor then stands at its end
 * and every later read gives 0; so a packet is read as a whole and looked at once. It never touches an octet outside [p, p + n).
 */
#include <errno.h>

#include "packet.h"
#include "utf8.h"

/* Where the standards have no number for a way to be malformed, the one that says what follows from it. */
#define MQTT_ST_MALFORMED "MQTT-4.13.1-1"

struct mqtt_reader {
	const uint8_t *p;
	uint32_t n, at;
	struct mqtt_fault *fault;
	bool failed;
};

static inline void mqtt_read_fail(struct mqtt_reader *r, enum mqtt_reason reason, const char *statement, uint32_t at)
{
	if (!r->failed)
		*r->fault = (struct mqtt_fault){.reason = reason, .statement = statement, .offset = at};
	r->failed = true;
	r->at = r->n;
}

static inline int mqtt_read_result(const struct mqtt_reader *r)
{
	return r->failed ? -EBADMSG : 0;
}

/* True where n more octets are there; else the packet is malformed. */
static inline bool mqtt_read_need(struct mqtt_reader *r, uint32_t n)
{
	if (__builtin_expect(r->n - r->at >= n, 1))
		return true;
	mqtt_read_fail(r, MQTT_MALFORMED, MQTT_ST_MALFORMED, r->n);
	return false;
}

static inline uint8_t mqtt_read_u8(struct mqtt_reader *r)
{
	return mqtt_read_need(r, 1) ? r->p[r->at++] : 0;
}

static inline uint16_t mqtt_read_u16(struct mqtt_reader *r)
{
	uint16_t v;

	if (!mqtt_read_need(r, 2))
		return 0;
	memcpy(&v, r->p + r->at, 2);
	r->at += 2;
	return __builtin_bswap16(v);
}

static inline uint32_t mqtt_read_u32(struct mqtt_reader *r)
{
	uint32_t v;

	if (!mqtt_read_need(r, 4))
		return 0;
	memcpy(&v, r->p + r->at, 4);
	r->at += 4;
	return __builtin_bswap32(v);
}

/* A packet identifier: not zero (MQTT-2.2.1-3). */
static inline uint16_t mqtt_read_packet_id(struct mqtt_reader *r)
{
	uint32_t at = r->at;
	uint16_t id = mqtt_read_u16(r);

	if (id == 0)
		mqtt_read_fail(r, MQTT_PROTOCOL_ERROR, "MQTT-2.2.1-3", at);
	return id;
}

/* n octets behind a length of two octets. The slice is never NULL. */
static inline struct tp_slice mqtt_read_binary(struct mqtt_reader *r)
{
	uint32_t n = mqtt_read_u16(r);
	struct tp_slice s;

	if (!mqtt_read_need(r, n))
		n = 0;
	s = (struct tp_slice){r->p + r->at, n};
	r->at += n;
	return s;
}

/* ---- read.c --------------------------------------------------------------------------------------------------------------- */
/* A variable byte integer of more than one octet. */
uint32_t mqtt_read_varint_long(struct mqtt_reader *r);
/* A UTF-8 encoded string (1.5.4). */
struct tp_slice mqtt_read_string(struct mqtt_reader *r);
/* A topic name: a string without wildcards; `statement` is named where it has one. It may be empty. */
struct tp_slice mqtt_read_topic_slow(struct mqtt_reader *r, const char *statement);
/* Nothing may stand behind what was read. */
void mqtt_read_end(struct mqtt_reader *r);
/*
 * The low four bits of the fixed header (MQTT-2.1.3-1 and the statement of each packet). False: they are wrong, and the fault is
 * set.
 */
bool mqtt_read_flags(struct mqtt_reader *r, uint8_t version, uint8_t type, uint8_t flags);

/* A variable byte integer (1.5.5), in its shortest form (MQTT-1.5.5-1). */
static inline uint32_t mqtt_read_varint(struct mqtt_reader *r)
{
	if (__builtin_expect(r->at < r->n && r->p[r->at] < 0x80, 1))
		return r->p[r->at++];
	return mqtt_read_varint_long(r);
}

static inline struct tp_slice mqtt_read_topic(struct mqtt_reader *r, const char *statement)
{
	uint32_t from = r->at;
	struct tp_slice s = mqtt_read_binary(r);

	if (__builtin_expect(mqtt_utf8_plain(s.p, s.n, true), 1))
		return s;
	r->at = from;
	return mqtt_read_topic_slow(r, statement);
}

/* Without the `rep stos` that compilers make of an assignment of this size, which costs more than the rest of a PUBLISH. */
static inline void mqtt_properties_clear(struct mqtt_properties *props)
{
	__m256i *p = (__m256i *)props;

	_Static_assert(sizeof(*props) == 5 * sizeof(*p), "as many stores as it takes");
	_mm256_storeu_si256(p, _mm256_setzero_si256());
	_mm256_storeu_si256(p + 1, _mm256_setzero_si256());
	_mm256_storeu_si256(p + 2, _mm256_setzero_si256());
	_mm256_storeu_si256(p + 3, _mm256_setzero_si256());
	_mm256_storeu_si256(p + 4, _mm256_setzero_si256());
}

/* ---- properties.c ---------------------------------------------------------------------------------------------------------- */
/* Where properties stand: a packet that clients send, or the will within a CONNECT. Values are bits. */
enum mqtt_place {
	MQTT_IN_CONNECT = 1 << 0,
	MQTT_IN_WILL = 1 << 1,
	MQTT_IN_PUBLISH = 1 << 2,
	MQTT_IN_ACK = 1 << 3, /* PUBACK, PUBREC, PUBREL, PUBCOMP */
	MQTT_IN_SUBSCRIBE = 1 << 4,
	MQTT_IN_UNSUBSCRIBE = 1 << 5,
	MQTT_IN_DISCONNECT = 1 << 6,
	MQTT_IN_AUTH = 1 << 7,
};
/* Length and properties (2.2.2). *props is cleared first. */
void mqtt_properties_read(struct mqtt_reader *r, enum mqtt_place place, struct mqtt_properties *props);

#endif
