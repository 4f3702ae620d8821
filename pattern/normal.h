/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_PATTERN_NORMAL_H
#define TP_PATTERN_NORMAL_H
/*
 * Normal form of a plate, sixteen octets a step. A step loads without reading past the plate, makes the ASCII letters upper case
 * and finds in one table look-up the octets to leave out; mostly there are none and the block is stored as it is.
 */
#include <immintrin.h>
#include <stdint.h>
#include <string.h>

#include "tp_pattern.h"

#define NORMAL_BLOCK 16
#define NORMAL_ROOM  (TP_PLATE_NORMAL_MAX + NORMAL_BLOCK) /* octets that normal_write may touch */

static inline uint32_t normal_load32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint64_t normal_load64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* n (1..16) octets, zeros behind them. The two loads of a case overlap; where they do, both bring the same octet. */
static inline __m128i normal_load(const uint8_t *p, uint32_t n)
{
	if (n > 8)
		return _mm_set_epi64x((int64_t)(normal_load64(p + n - 8) >> (8 * (16 - n))), (int64_t)normal_load64(p));
	if (n >= 4)
		return _mm_cvtsi64_si128((int64_t)(normal_load32(p) | (uint64_t)normal_load32(p + n - 4) << (8 * (n - 4))));
	return _mm_cvtsi64_si128((int64_t)p[0] | (int64_t)p[n >> 1] << (8 * (n >> 1)) | (int64_t)p[n - 1] << (8 * (n - 1)));
}

static inline __m128i normal_upper(__m128i x)
{
	__m128i from_a = _mm_sub_epi8(x, _mm_set1_epi8('a'));
	__m128i lower = _mm_cmpeq_epi8(_mm_min_epu8(from_a, _mm_set1_epi8(25)), from_a);

	return _mm_xor_si128(x, _mm_and_si128(lower, _mm_set1_epi8(0x20)));
}

/*
 * Which octets to leave out. They differ in their low four bits, which index the table; an octet equal to its table entry is one
 * of them. The other entries (0xff) equal no octet but 0xff, and that one has the high bit, for which pshufb says 0.
 */
static inline __m128i normal_ignored(__m128i x)
{
	const __m128i table = _mm_setr_epi8(' ', -1, -1, -1, -1, -1, -1, '\'', -1, -1, -1, -1, -1, '-', '.', -1);

	return _mm_cmpeq_epi8(_mm_shuffle_epi8(table, x), x);
}

static inline __m128i normal_control(__m128i x)
{
	__m128i low = _mm_cmpeq_epi8(_mm_min_epu8(x, _mm_set1_epi8(0x1f)), x);

	return _mm_or_si128(low, _mm_cmpeq_epi8(x, _mm_set1_epi8(0x7f)));
}

static inline uint32_t normal_mask(__m128i x)
{
	return (uint32_t)_mm_movemask_epi8(x);
}

/* Stores the octets of x that are not ignored; returns the place behind those of the first n. */
static inline uint8_t *normal_squeeze(__m128i x, __m128i ignored, uint32_t n, uint8_t *out)
{
	uint32_t keep = ~normal_mask(ignored) & ((1u << n) - 1);
	uint64_t low = _pext_u64((uint64_t)_mm_cvtsi128_si64(x), ~(uint64_t)_mm_cvtsi128_si64(ignored));
	uint64_t high = _pext_u64((uint64_t)_mm_extract_epi64(x, 1), ~(uint64_t)_mm_extract_epi64(ignored, 1));

	memcpy(out, &low, sizeof(low));
	out += __builtin_popcount(keep & 0xff);
	memcpy(out, &high, sizeof(high));
	return out + __builtin_popcount(keep >> 8);
}

/* Any plate; normal_write has the contract. */
static inline uint32_t normal_write_blocks(const uint8_t *p, uint32_t n, uint8_t *out)
{
	uint8_t *o = out;

	for (uint32_t step; n > 0; p += step, n -= step) {
		step = n < NORMAL_BLOCK ? n : NORMAL_BLOCK;
		__m128i x = normal_upper(normal_load(p, step));

		if ((normal_mask(normal_control(x)) & ((1u << step) - 1)) != 0)
			return 0;
		o = normal_squeeze(x, normal_ignored(x), step, o);
		if (o - out > TP_PLATE_NORMAL_MAX)
			return 0;
	}
	return (uint32_t)(o - out);
}

/*
 * Normal form of the plate at p; out has NORMAL_ROOM octets. Returns its length, or 0: empty, too long, or a control character.
 * The common plate has one block and nothing in it to leave out.
 */
static inline uint32_t normal_write(const uint8_t *p, uint32_t n, uint8_t *out)
{
	if (__builtin_expect(n - 1 < NORMAL_BLOCK, 1)) {
		__m128i x = normal_upper(normal_load(p, n));
		__m128i other = _mm_or_si128(normal_ignored(x), normal_control(x));

		if (__builtin_expect((normal_mask(other) & ((1u << n) - 1)) == 0, 1)) {
			_mm_storeu_si128((__m128i *)(void *)out, x);
			return n;
		}
	}
	return normal_write_blocks(p, n, out);
}

#endif
