/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who a client is: client identifier, user or certificate, as its listener says. The name becomes the key of records, so it is plain text; and
 * its source, which gives site, lane and the line of the books. Identifiers for clients that brought none are made here.
 */
#include "state.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

/* Octets of the UTF-8 sequence at p, 0 where it is none (RFC 3629). */
static uint32_t identity_utf8(const uint8_t *p, uint32_t n)
{
	uint32_t more = p[0] < 0x80 ? 0 : p[0] < 0xc2 ? 4 : p[0] < 0xe0 ? 1 : p[0] < 0xf0 ? 2 : p[0] < 0xf5 ? 3 : 4;
	uint32_t code = more == 0 ? p[0] : p[0] & (0x3fu >> more);

	if (more > 3 || more >= n)
		return 0;
	for (uint32_t i = 1; i <= more; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (p[i] & 0x3f);
	}
	if ((more == 2 && (code < 0x800 || (code >= 0xd800 && code < 0xe000))) ||
	        (more == 3 && (code < 0x10000 || code > 0x10ffff)))
		return 0;
	return code < 0x20 || (code >= 0x7f && code < 0xa0) ? 0 : more + 1;
}

bool gw_text_plain(struct tp_slice text)
{
	uint32_t at = 0, n = 1;

	if (text.n == 0 || text.n > TP_MQTT_NAME_MAX)
		return false;
	for (; at < text.n && n; at += n)
		n = identity_utf8(text.p + at, text.n - at);
	return n != 0;
}

/* As a block: shared with the client identifier or the user where it is that. 0: there is none, or no room. */
static uint32_t identity_device(struct mqtt_gateway *g, struct mqtt_session *s, const struct tp_mqtt_listener *l)
{
	uint32_t same = l->identity == TP_MQTT_IDENTITY_USER ? s->user : s->client_id;
	char text[TP_MQTT_NAME_MAX + 1];
	int n;

	if (l->identity != TP_MQTT_IDENTITY_CERTIFICATE) {
		if (same)
			gw_arena_hold(&g->arena, same);
		return same;
	}
	n = g->host.certificate(g->host.ctx, s->conn, l->certificate_name, text, sizeof(text));
	return n > 0 && n <= TP_MQTT_NAME_MAX ? gw_arena_text(&g->arena, (struct tp_slice){(const uint8_t *)text, (uint32_t)n}) : 0;
}

uint8_t gw_identity(struct mqtt_gateway *g, struct mqtt_session *s)
{
	const struct tp_mqtt_listener *l = gw_spec(g, s);
	struct tp_slice device;

	s->device = identity_device(g, s, l);
	device = gw_text(&g->arena, s->device);
	if (!gw_text_plain(device))
		return MQTT_NOT_AUTHORIZED;
	s->source = g->host.source(g->host.ctx, s->listener, device);
	if (s->source == 0)
		s->source = l->unknown_source;
	return s->source ? 0 : MQTT_NOT_AUTHORIZED;
}

/* Nobody can guess another's: 105 bits of a keyed hash in 23 characters that every version takes (MQTT-3.1.3-5). */
uint32_t gw_identity_assign(struct mqtt_gateway *g)
{
	const uint64_t what[5] = {g->assigned++, g->spec.worker, g->now_us, g->start_us, g->seed_hi};
	XXH128_hash_t hash = XXH3_128bits_withSeed(what, sizeof(what), g->seed);
	uint8_t text[23] = {'t', 'p'};

	for (unsigned int i = 2; i < sizeof(text); i++) {
		text[i] = (uint8_t) "0123456789abcdefghijklmnopqrstuv"[hash.low64 & 31];
		hash.low64 = hash.low64 >> 5 | hash.high64 << 59;
		hash.high64 >>= 5;
	}
	return gw_arena_text(&g->arena, (struct tp_slice){text, sizeof(text)});
}
