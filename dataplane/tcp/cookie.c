/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SYN cookies (RFC 4987 3.6): when the backlog is full, the half-open connection is in what the peer has to send back, and nowhere else.
 *
 *   sequence number   5 bits: the minute (64 s) modulo 32 | 3 bits: index of the MSS | 24 bits of a keyed hash
 *   time stamp        the lowest 6 bits are 0 | SACK permitted | 4 bits: window scale, 15 for none; the rest is the clock, held back so
 *                     that it never is ahead of a later time stamp
 *
 * The hash covers the tuple, the peer's initial sequence number, the minute and all of these bits. A cookie is good for its minute and the next.
 * Without time stamps there is no scale and no SACK.
 */
#include "endpoint.h"

enum { USE_COOKIE = 16 };

#define MINUTE_MS   65536
#define HASH_MASK   0xffffffu
#define OPTION_MASK 0x3fu
#define NO_SCALE    15u
#define SACK_BIT    0x10u

static const uint16_t cookie_mss[8] = {216, 536, 1000, 1220, 1360, 1400, 1440, 1460};

static uint32_t cookie_hash(const struct tcp *t, const struct tcp_tuple *tuple, uint32_t irs, uint64_t minute, uint32_t bits)
{
	return (uint32_t)tcp_secret_hash(t, tuple, USE_COOKIE + (minute << 8), (uint64_t)irs << 32 | bits) & HASH_MASK;
}

/* The largest of the table that is not above; the smallest where all are. */
static uint32_t cookie_mss_index(uint16_t mss)
{
	uint32_t i = 7;

	while (i && cookie_mss[i] > mss)
		i--;
	return i;
}

static uint32_t cookie_options(const struct tcp_half *h)
{
	return (h->flags & TCP_H_SCALE ? h->scale : NO_SCALE) | (h->flags & TCP_F_SACK ? SACK_BIT : 0);
}

uint32_t tcp_cookie_make(const struct tcp *t, struct tcp_half *h, uint32_t *ts_val)
{
	uint64_t minute = t->now_ms / MINUTE_MS;
	uint32_t index = cookie_mss_index(h->mss), options = 0, clock = tcp_ms(t) + tcp_secret_ts_offset(t, &h->tuple);

	if (h->flags & TCP_F_TS) {
		options = cookie_options(h);
		*ts_val = (clock & ~OPTION_MASK) | options;
		if (seq_lt(clock, *ts_val))
			*ts_val -= OPTION_MASK + 1;
	} else {
		h->flags = 0;
		h->scale = 0;
	}
	return (uint32_t)(minute & 31) << 27 | index << 24 | cookie_hash(t, &h->tuple, h->irs, minute, index << 8 | options);
}

static void cookie_read_options(struct tcp_half *h, uint32_t options)
{
	h->flags = TCP_F_TS | (options & SACK_BIT ? TCP_F_SACK : 0);
	h->scale = options & 15;
	if (h->scale == NO_SCALE)
		h->scale = 0;
	else
		h->flags |= TCP_H_SCALE;
}

/* The minute of the cookie, if it is this one or the last. */
static bool cookie_minute(const struct tcp *t, uint32_t cookie, uint64_t *minute)
{
	*minute = t->now_ms / MINUTE_MS;
	if ((*minute & 31) == cookie >> 27)
		return true;
	return (*minute)-- && (*minute & 31) == cookie >> 27;
}

/*
 * Whether s could be a later segment of a connection that a cookie was sent for, and that has overtaken the one which opens it: a reset would end
 * what is about to begin. One in 16 of other segments looks so, too.
 */
bool tcp_cookie_possible(const struct tcp *t, const struct tcp_in *s)
{
	uint64_t minute;

	return cookie_minute(t, s->ack - 1, &minute);
}

/* Whether s acknowledges a cookie of ours; then *h is what would have been kept. */
bool tcp_cookie_check(const struct tcp *t, const struct tcp_in *s, struct tcp_half *h)
{
	uint32_t cookie = s->ack - 1, options = s->has_ts ? s->ts_ecr & OPTION_MASK : 0, index = cookie >> 24 & 7;
	uint64_t minute;

	if (!cookie_minute(t, cookie, &minute))
		return false;
	if (cookie_hash(t, s->segment->tuple, s->seq - 1, minute, index << 8 | options) != (cookie & HASH_MASK))
		return false;
	*h = (struct tcp_half){
	        .tuple = *s->segment->tuple,
	        .link = *s->segment->link,
	        .irs = s->seq - 1,
	        .iss = cookie,
	        .ts_recent = s->ts_val,
	        .mss = cookie_mss[index],
	        .listener = s->segment->listener,
	        .sent_at = tcp_ms(t),
	        .retries = 1, /* not known: no sample of the round trip */
	};
	if (s->has_ts)
		cookie_read_options(h, options);
	return true;
}
