/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What must not be guessed: initial sequence numbers, cookies and offsets of time stamps, all from SipHash-2-4 under the secret of the
 * endpoint, with a number that says what it is for.
 */
#include "endpoint.h"

enum { USE_ISN = 1, USE_TS_OFFSET = 2 };

struct sip {
	uint64_t v0, v1, v2, v3;
};

static inline uint64_t rotate(uint64_t x, unsigned int by)
{
	return x << by | x >> (64 - by);
}

static inline void sip_round(struct sip *s)
{
	s->v0 += s->v1;
	s->v2 += s->v3;
	s->v1 = rotate(s->v1, 13) ^ s->v0;
	s->v3 = rotate(s->v3, 16) ^ s->v2;
	s->v0 = rotate(s->v0, 32);
	s->v2 += s->v1;
	s->v0 += s->v3;
	s->v1 = rotate(s->v1, 17) ^ s->v2;
	s->v3 = rotate(s->v3, 21) ^ s->v0;
	s->v2 = rotate(s->v2, 32);
}

static inline void sip_word(struct sip *s, uint64_t word)
{
	s->v3 ^= word;
	sip_round(s);
	sip_round(s);
	s->v0 ^= word;
}

static void sip_start(struct sip *s, const uint8_t key[16])
{
	uint64_t k[2];

	memcpy(k, key, 16);
	*s = (struct sip){k[0] ^ UINT64_C(0x736f6d6570736575), k[1] ^ UINT64_C(0x646f72616e646f6d),
	        k[0] ^ UINT64_C(0x6c7967656e657261), k[1] ^ UINT64_C(0x7465646279746573)};
}

static uint64_t sip_end(struct sip *s, uint64_t octets)
{
	sip_word(s, octets << 56);
	s->v2 ^= 0xff;
	for (int i = 0; i < 4; i++)
		sip_round(s);
	return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

uint64_t tcp_secret_hash(const struct tcp *t, const struct tcp_tuple *tuple, uint64_t use, uint64_t more)
{
	uint64_t words[sizeof(*tuple) / 8];
	struct sip s;

	_Static_assert(sizeof(*tuple) % 8 == 0, "a tuple is whole words");
	memcpy(words, tuple, sizeof(words));
	sip_start(&s, t->spec.secret);
	for (unsigned int i = 0; i < sizeof(words) / 8; i++)
		sip_word(&s, words[i]);
	sip_word(&s, use);
	sip_word(&s, more);
	return sip_end(&s, sizeof(words) + 16);
}

/* RFC 6528: M + F(tuple, secret), where M counts 4 microseconds. */
uint32_t tcp_secret_isn(const struct tcp *t, const struct tcp_tuple *tuple)
{
	return (uint32_t)(t->now_us >> 2) + (uint32_t)tcp_secret_hash(t, tuple, USE_ISN, 0);
}

/* RFC 7323 7.1: time stamps of different connections say nothing about each other or the uptime. */
uint32_t tcp_secret_ts_offset(const struct tcp *t, const struct tcp_tuple *tuple)
{
	return (uint32_t)tcp_secret_hash(t, tuple, USE_TS_OFFSET, 0);
}

/* For jitter; the secret's second half is its seed. */
uint32_t tcp_random(struct tcp *t)
{
	uint64_t x;

	t->random += UINT64_C(0x9e3779b97f4a7c15);
	x = t->random;
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return (uint32_t)(x >> 32);
}
