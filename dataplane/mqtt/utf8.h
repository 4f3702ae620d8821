/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_MQTT_UTF8_H
#define TP_MQTT_UTF8_H
/*
 * UTF-8 as MQTT wants it (1.5.4): well-formed by RFC 3629, no surrogates, no U+0000. Most strings here are short and ASCII, and
 * every PUBLISH has one, so the check is one compare of a vector that is filled by two overlapping loads; only what is not plain
 * ASCII is looked at octet by octet.
 */
#include <immintrin.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum mqtt_text {
	MQTT_TEXT_OK,
	MQTT_TEXT_ILL_FORMED, /* MQTT-1.5.4-1 */
	MQTT_TEXT_NUL,        /* MQTT-1.5.4-2 */
	MQTT_TEXT_WILDCARD,   /* + or #, where asked for */
};

/* The whole check, octet by octet. *at: where the first thing stands that is wrong. */
enum mqtt_text mqtt_utf8_check(const uint8_t *p, uint32_t n, bool wildcards_are_wrong, uint32_t *at);

/* n octets in a vector, some of them twice: what is true of all of one is true of all of the other. 4 <= n <= 32. */
static inline __m256i mqtt_utf8_short(const uint8_t *p, uint32_t n)
{
	uint64_t low64, high64;
	uint32_t low32, high32;

	if (n >= 16)
		return _mm256_set_m128i(_mm_loadu_si128((const __m128i *)(p + n - 16)), _mm_loadu_si128((const __m128i *)p));
	if (n >= 8) {
		memcpy(&low64, p, 8);
		memcpy(&high64, p + n - 8, 8);
		return _mm256_broadcastsi128_si256(_mm_set_epi64x((int64_t)high64, (int64_t)low64));
	}
	memcpy(&low32, p, 4);
	memcpy(&high32, p + n - 4, 4);
	return _mm256_set1_epi64x((int64_t)((uint64_t)high32 << 32 | low32));
}

/* The high bit of each octet that is not ASCII, is zero, or, where asked for, is a wildcard. */
static inline uint32_t mqtt_utf8_odd(__m256i v, bool wildcards)
{
	__m256i odd = _mm256_or_si256(v, _mm256_cmpeq_epi8(v, _mm256_setzero_si256()));

	if (wildcards) {
		odd = _mm256_or_si256(odd, _mm256_cmpeq_epi8(v, _mm256_set1_epi8('+')));
		odd = _mm256_or_si256(odd, _mm256_cmpeq_epi8(v, _mm256_set1_epi8('#')));
	}
	return (uint32_t)_mm256_movemask_epi8(odd);
}

/* True: ASCII without U+0000 (and without + and #). False: anything else, also well-formed text. */
static inline bool mqtt_utf8_plain(const uint8_t *p, uint32_t n, bool wildcards)
{
	uint32_t odd = 0;

	if (n >= 4 && n <= 32)
		return mqtt_utf8_odd(mqtt_utf8_short(p, n), wildcards) == 0;
	if (n < 4) {
		for (uint32_t i = 0; i < n; i++)
			odd |= p[i] == 0 || p[i] >= 0x80 || (wildcards && (p[i] == '+' || p[i] == '#'));
		return odd == 0;
	}
	for (uint32_t i = 0; i + 32 < n; i += 32)
		odd |= mqtt_utf8_odd(_mm256_loadu_si256((const __m256i *)(p + i)), wildcards);
	odd |= mqtt_utf8_odd(_mm256_loadu_si256((const __m256i *)(p + n - 32)), wildcards);
	return odd == 0;
}

#endif
