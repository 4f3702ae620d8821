/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_EVENT_ID_H
#define TP_EVENT_ID_H
/*
 * The identity of a record: XXH3 with 128 bits and a seed over its payload, the low half first.
 *
 * Where a file is compiled for AVX-512, payloads of 17 to 240 octets, which is nearly all, are hashed by vectors: blocks of 16 octets from the
 * front and from the end make up to four pairs, and what XXH3 does to one pair after the other begins with eight products that do not depend on each
 * other. Two pairs, of 33 to 64 octets, need half a vector and no masks; more than 128 octets are four pairs from the front, and further ones. A test holds the result equal to the library's. Pure.
 */
#include <stdint.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#ifdef __AVX512VBMI2__
#include <immintrin.h>

#define EVENT_ID_LEAST 17
#define EVENT_ID_MOST  128

/* The secret of XXH3, its first 128 octets: the words that meet the first halves of blocks, and those that meet the second. */
static const uint64_t event_secret_first[8] __attribute__((aligned(64))) = {UINT64_C(0xbe4ba423396cfeb8),
        UINT64_C(0xdb979083e96dd4de), UINT64_C(0x78e5c0cc4ee679cb), UINT64_C(0x8e2443f7744608b8), UINT64_C(0xcb00c391bb52283c),
        UINT64_C(0x4ef90da297486471), UINT64_C(0x3f349ce33f76faa8), UINT64_C(0x3159b4cd4be0518a)};
static const uint64_t event_secret_second[8] __attribute__((aligned(64))) = {UINT64_C(0x1cad21f72c81017c),
        UINT64_C(0x1f67b3b7a4a44072), UINT64_C(0x2172ffcc7dd05a82), UINT64_C(0x4c263a81e69035e0), UINT64_C(0xa32e531b8b65d088),
        UINT64_C(0xd8acdea946ef1938), UINT64_C(0x1d4f0bc7c7bbdcf9), UINT64_C(0x647378d9c97e9fc8)};

/* In every lane the product of 128 bits, its halves combined by XOR; 0 in lanes that do not count. */
static inline __m512i event_product(__m512i a, __m512i b, __mmask8 counts)
{
	const __m512i half = _mm512_set1_epi64(0xffffffff);
	__m512i a_high = _mm512_srli_epi64(a, 32), b_high = _mm512_srli_epi64(b, 32);
	__m512i low = _mm512_mul_epu32(a, b), high = _mm512_mul_epu32(a_high, b_high);
	__m512i one = _mm512_add_epi64(_mm512_mul_epu32(a_high, b), _mm512_srli_epi64(low, 32));
	__m512i other = _mm512_add_epi64(_mm512_mul_epu32(a, b_high), _mm512_and_si512(one, half));

	high = _mm512_add_epi64(high, _mm512_add_epi64(_mm512_srli_epi64(one, 32), _mm512_srli_epi64(other, 32)));
	low = _mm512_mask_shuffle_epi32(low, 0xaaaa, other, _MM_PERM_CCAA);
	return _mm512_maskz_xor_epi64(counts, low, high);
}

/* The same for four lanes that all count. */
static inline __m256i event_half_product(__m256i a, __m256i b)
{
	const __m256i half = _mm256_set1_epi64x(0xffffffff);
	__m256i a_high = _mm256_srli_epi64(a, 32), b_high = _mm256_srli_epi64(b, 32);
	__m256i low = _mm256_mul_epu32(a, b), high = _mm256_mul_epu32(a_high, b_high);
	__m256i one = _mm256_add_epi64(_mm256_mul_epu32(a_high, b), _mm256_srli_epi64(low, 32));
	__m256i other = _mm256_add_epi64(_mm256_mul_epu32(a, b_high), _mm256_and_si256(one, half));

	high = _mm256_add_epi64(high, _mm256_add_epi64(_mm256_srli_epi64(one, 32), _mm256_srli_epi64(other, 32)));
	return _mm256_xor_si256(_mm256_blend_epi32(low, _mm256_slli_epi64(other, 32), 0xaa), high);
}

static inline __m128i event_avalanche(__m128i sums)
{
	sums = _mm_xor_si128(sums, _mm_srli_epi64(sums, 37));
	sums = _mm_mullo_epi64(sums, _mm_set1_epi64x(INT64_C(0x165667919e3779f9)));
	return _mm_xor_si128(sums, _mm_srli_epi64(sums, 32));
}

/* From the two sums of all pairs to the 16 octets. */
static inline __m128i event_end(__m128i sums, uint64_t of_length)
{
	const __m128i factors = _mm_set_epi64x((int64_t)XXH_PRIME64_4, (int64_t)XXH_PRIME64_1), minus = _mm_set_epi64x(-1, 0);
	__m128i products = _mm_mullo_epi64(sums, factors);
	__m128i id = _mm_add_epi64(_mm_unpacklo_epi64(sums, products), _mm_unpackhi_epi64(sums, products));

	id = _mm_add_epi64(id, _mm_slli_si128(_mm_cvtsi64_si128((int64_t)of_length), 8));
	return _mm_sub_epi64(_mm_xor_si128(event_avalanche(id), minus), minus); /* the high half is the negative of it */
}

/* One pair of blocks more. */
#define EVENT_PAIR(i)                                                                                                              \
	sums = _mm_add_epi64(sums, _mm512_extracti64x2_epi64(products, i));                                                        \
	sums = _mm_xor_si128(sums, _mm512_extracti64x2_epi64(others, i))

static inline void event_id_vectors(uint8_t *out, const uint8_t *p, uint32_t n, uint64_t seed)
{
	unsigned int absent = ((n - 1) >> 4 & 6) ^ 6; /* halves of blocks that pairs do not have, of eight */
	__mmask8 counts = (__mmask8)(0xffu >> absent);
	__m512i front = _mm512_maskz_loadu_epi64(counts, p);
	__m512i back = _mm512_maskz_loadu_epi64((__mmask8)(0xffu << absent), p + n - 64);
	__m512i seeds = _mm512_set1_epi64((int64_t)seed), first, second, products, others;
	__m128i sums = _mm_cvtsi64_si128((int64_t)(n * XXH_PRIME64_1));

	back = _mm512_shuffle_i64x2(back, back, 0x1b); /* the last block first */
	first = _mm512_unpacklo_epi64(front, back);
	second = _mm512_unpackhi_epi64(front, back);
	/* the sum of one block of a pair goes where the product of the other goes */
	others = _mm512_shuffle_epi32(_mm512_add_epi64(first, second), _MM_PERM_BADC);
	first = _mm512_xor_si512(first, _mm512_add_epi64(_mm512_load_si512(event_secret_first), seeds));
	second = _mm512_xor_si512(second, _mm512_sub_epi64(_mm512_load_si512(event_secret_second), seeds));
	products = event_product(first, second, counts);
	EVENT_PAIR(3);
	EVENT_PAIR(2);
	EVENT_PAIR(1);
	EVENT_PAIR(0);
	_mm_storeu_si128((__m128i *)out, event_end(sums, (n - seed) * XXH_PRIME64_2));
}

/* A further pair of one that has more than four: its blocks, and its piece of the secret. */
static inline __m128i event_further_pair(__m128i sums, const uint8_t *a, const uint8_t *b, const uint8_t *secret, uint64_t seed)
{
	__m128i one = _mm_loadu_si128((const __m128i *)a), other = _mm_loadu_si128((const __m128i *)b);
	__m128i s = _mm_loadu_si128((const __m128i *)secret), t = _mm_loadu_si128((const __m128i *)(secret + 16));
	__m128i seeds = _mm_set1_epi64x((int64_t)seed);
	__m128i first = _mm_unpacklo_epi64(one, other), second = _mm_unpackhi_epi64(one, other);
	__m128i others = _mm_shuffle_epi32(_mm_add_epi64(first, second), 0x4e);
	__m256i products;

	first = _mm_xor_si128(first, _mm_add_epi64(_mm_unpacklo_epi64(s, t), seeds));
	second = _mm_xor_si128(second, _mm_sub_epi64(_mm_unpackhi_epi64(s, t), seeds));
	products = event_half_product(_mm256_castsi128_si256(first), _mm256_castsi128_si256(second));
	return _mm_xor_si128(_mm_add_epi64(sums, _mm256_castsi256_si128(products)), others);
}

/* Of 129 to 240 octets: four pairs from the front at once, then one by one, the last 32 octets twice where they are part of a pair. */
static inline void event_id_further(uint8_t *out, const uint8_t *p, uint32_t n, uint64_t seed)
{
	const __m512i even = _mm512_set_epi64(14, 12, 10, 8, 6, 4, 2, 0), odd = _mm512_set_epi64(15, 13, 11, 9, 7, 5, 3, 1);
	__m512i front = _mm512_loadu_si512(p), back = _mm512_loadu_si512(p + 64), seeds = _mm512_set1_epi64((int64_t)seed);
	__m512i first = _mm512_permutex2var_epi64(front, even, back), second = _mm512_permutex2var_epi64(front, odd, back);
	__m512i others = _mm512_shuffle_epi32(_mm512_add_epi64(first, second), _MM_PERM_BADC), products;
	__m128i sums = _mm_cvtsi64_si128((int64_t)(n * XXH_PRIME64_1));

	first = _mm512_xor_si512(first, _mm512_add_epi64(_mm512_load_si512(event_secret_first), seeds));
	second = _mm512_xor_si512(second, _mm512_sub_epi64(_mm512_load_si512(event_secret_second), seeds));
	products = event_product(first, second, 0xff);
	EVENT_PAIR(0);
	EVENT_PAIR(1);
	EVENT_PAIR(2);
	EVENT_PAIR(3);
	sums = event_avalanche(sums);
	for (uint32_t at = 128; at + 32 <= n; at += 32)
		sums = event_further_pair(sums, p + at, p + at + 16, XXH3_kSecret + XXH3_MIDSIZE_STARTOFFSET + at - 128, seed);
	sums = event_further_pair(
	        sums, p + n - 16, p + n - 32, XXH3_kSecret + XXH3_SECRET_SIZE_MIN - XXH3_MIDSIZE_LASTOFFSET - 16, 0 - seed);
	_mm_storeu_si128((__m128i *)out, event_end(sums, (n - seed) * XXH_PRIME64_2));
}
#undef EVENT_PAIR

/* Of 33 to 64 octets. */
static inline void event_id_half(uint8_t *out, const uint8_t *p, uint32_t n, uint64_t seed)
{
	__m256i front = _mm256_loadu_si256((const __m256i *)p);
	__m256i back = _mm256_permute4x64_epi64(_mm256_loadu_si256((const __m256i *)(p + n - 32)), 0x4e);
	__m256i seeds = _mm256_set1_epi64x((int64_t)seed), first, second, products, others;
	__m128i sums = _mm_cvtsi64_si128((int64_t)(n * XXH_PRIME64_1));

	first = _mm256_unpacklo_epi64(front, back);
	second = _mm256_unpackhi_epi64(front, back);
	others = _mm256_shuffle_epi32(_mm256_add_epi64(first, second), 0x4e);
	first = _mm256_xor_si256(first, _mm256_add_epi64(_mm256_load_si256((const __m256i *)event_secret_first), seeds));
	second = _mm256_xor_si256(second, _mm256_sub_epi64(_mm256_load_si256((const __m256i *)event_secret_second), seeds));
	products = event_half_product(first, second);
	sums = _mm_add_epi64(sums, _mm256_extracti128_si256(products, 1));
	sums = _mm_xor_si128(sums, _mm256_extracti128_si256(others, 1));
	sums = _mm_add_epi64(sums, _mm256_castsi256_si128(products));
	sums = _mm_xor_si128(sums, _mm256_castsi256_si128(others));
	_mm_storeu_si128((__m128i *)out, event_end(sums, (n - seed) * XXH_PRIME64_2));
}
#endif

/* Writes 16 octets. */
static inline void event_id(uint8_t *out, const uint8_t *p, uint32_t n, uint64_t seed)
{
	XXH128_hash_t id;

#ifdef __AVX512VBMI2__
	if (__builtin_expect(n - 33 <= 64 - 33, 1)) {
		event_id_half(out, p, n, seed);
		return;
	}
	if (__builtin_expect(n - EVENT_ID_LEAST <= EVENT_ID_MOST - EVENT_ID_LEAST, 1)) {
		event_id_vectors(out, p, n, seed);
		return;
	}
	if (__builtin_expect(n - EVENT_ID_MOST - 1 <= XXH3_MIDSIZE_MAX - EVENT_ID_MOST - 1, 1)) {
		event_id_further(out, p, n, seed);
		return;
	}
#endif
	id = XXH3_128bits_withSeed(p, n, seed);
	memcpy(out, &id.low64, 8);
	memcpy(out + 8, &id.high64, 8);
}

#endif
