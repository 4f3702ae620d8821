/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The core data of a BasicSafetyMessage with AVX-512: every field of it has the same place in every message, and the struct of the record has
 * them in the same order. So it is written as two vectors of lanes of 32 bits, each lane with two octet permutations and two shifts; five
 * fields of two bits, which are octets in the record, are picked out of one word by bit position.
 */
#include <immintrin.h>

#include "j2735.h"

/*
 * The lanes: X(bit in the message, bits, largest raw value, value of raw 0). NONE is a lane of zeros: padding, or the upper half of a LONG. A
 * vector is taken from the 32 octets that begin at octet FROM of the message.
 */
#define NONE(X) X(0, 0, 0, 0)
#define ANY     UINT32_MAX
#define FROM_A  0
/* clang-format off */
#define LANES_A(X) \
	X(3, 7, ANY, 0)                      /* msg_cnt */ \
	NONE(X) X(10, 32, ANY, 0) NONE(X)    /* id */ \
	X(42, 16, ANY, 0)                    /* sec_mark */ \
	X(58, 31, 1800000001u, -900000000)   /* lat */ \
	X(89, 32, 3600000000u, -1799999999)  /* lon */ \
	X(121, 16, ANY, -4096)               /* elev */ \
	X(137, 8, ANY, 0) X(145, 8, ANY, 0)  /* semi_major, semi_minor */ \
	X(153, 16, ANY, 0)                   /* orientation */ \
	X(169, 3, ANY, 0)                    /* transmission */ \
	X(172, 13, ANY, 0)                   /* speed */ \
	X(185, 15, 28800, 0)                 /* heading */ \
	X(200, 8, 253, -126)                 /* angle */ \
	X(208, 12, 4001, -2000)              /* accel_long */
#define FROM_B 5
#define LANES_B(X) \
	X(220, 12, 4001, -2000)              /* accel_lat */ \
	X(232, 8, 254, -127)                 /* accel_vert */ \
	X(240, 16, 65534, -32767)            /* accel_yaw */ \
	X(256, 5, ANY, 0)                    /* wheel_brakes, as it is in the message */ \
	X(0, 0, ANY, 0) X(256, 32, ANY, 0)   /* traction to aux_brakes: octets, see SMALL */ \
	X(271, 10, ANY, 0) X(281, 12, ANY, 0) /* width, length */
/* clang-format on */
/* Where the word of LANES_B that begins with octet 32 of the message has two bits from `bit` on. */
#define SMALL(bit)   (64 - ((bit)-256) - 2)
#define SMALL_OCTETS 0xff0000 /* of vector B */

#define OCTET(from, bit, n)          ((bit) / 8 - (from) + (n))
#define HIGH_A(bit, bits, max, low)  OCTET(FROM_A, bit, 3), OCTET(FROM_A, bit, 2), OCTET(FROM_A, bit, 1), OCTET(FROM_A, bit, 0),
#define BELOW_A(bit, bits, max, low) 0, 0, 0, OCTET(FROM_A, bit, 4),
#define HIGH_B(bit, bits, max, low)  OCTET(FROM_B, bit, 3), OCTET(FROM_B, bit, 2), OCTET(FROM_B, bit, 1), OCTET(FROM_B, bit, 0),
#define BELOW_B(bit, bits, max, low) 0, 0, 0, OCTET(FROM_B, bit, 4),
#define LEFT(bit, bits, max, low)    (bit) % 8,
#define RIGHT(bit, bits, max, low)   32 - (bits),
#define MOST(bit, bits, max, low)    (max),
#define LOW(bit, bits, max, low)     (low),

#define FIELD(name) offsetof(struct tp_bsm, name)
_Static_assert(FIELD(id) == FIELD(msg_cnt) + 8 && FIELD(sec_mark) == FIELD(msg_cnt) + 16 &&
                       FIELD(transmission) == FIELD(msg_cnt) + 44 && FIELD(speed) == FIELD(msg_cnt) + 48 &&
                       FIELD(accel_lat) == FIELD(msg_cnt) + 64 && FIELD(wheel_brakes) == FIELD(accel_lat) + 12 &&
                       FIELD(traction) == FIELD(accel_lat) + 16 && FIELD(aux_brakes) == FIELD(accel_lat) + 20 &&
                       FIELD(width) == FIELD(accel_lat) + 24 && FIELD(length) == FIELD(accel_lat) + 28,
        "the lanes are the fields of the record");

/* Vector A: msg_cnt to accel_long. Returns a bit for each lane out of its range. */
static inline unsigned int core_a(const uint8_t *p, struct tp_bsm *bsm)
{
	static const uint8_t high[64] __attribute__((aligned(64))) = {LANES_A(HIGH_A)};
	static const uint8_t below[64] __attribute__((aligned(64))) = {LANES_A(BELOW_A)};
	static const uint32_t left[16] __attribute__((aligned(64))) = {LANES_A(LEFT)};
	static const uint32_t right[16] __attribute__((aligned(64))) = {LANES_A(RIGHT)};
	static const uint32_t most[16] __attribute__((aligned(64))) = {LANES_A(MOST)};
	static const int32_t low[16] __attribute__((aligned(64))) = {LANES_A(LOW)};
	__m512i octets = _mm512_castsi256_si512(_mm256_loadu_si256((const __m256i *)(p + FROM_A)));
	__m512i raw = _mm512_permutexvar_epi8(_mm512_load_si512(high), octets);

	octets = _mm512_permutexvar_epi8(_mm512_load_si512(below), octets);
	raw = _mm512_shldv_epi32(raw, octets, _mm512_load_si512(left));
	raw = _mm512_srlv_epi32(raw, _mm512_load_si512(right));
	_mm512_storeu_si512(&bsm->msg_cnt, _mm512_add_epi32(raw, _mm512_load_si512(low)));
	return _mm512_cmpgt_epu32_mask(raw, _mm512_load_si512(most));
}

/* Vector B: accel_lat to length. */
static inline unsigned int core_b(const uint8_t *p, struct tp_bsm *bsm)
{
	static const uint8_t high[32] __attribute__((aligned(32))) = {LANES_B(HIGH_B)};
	static const uint8_t below[32] __attribute__((aligned(32))) = {LANES_B(BELOW_B)};
	static const uint32_t left[8] __attribute__((aligned(32))) = {LANES_B(LEFT)};
	static const uint32_t right[8] __attribute__((aligned(32))) = {LANES_B(RIGHT)};
	static const uint32_t most[8] __attribute__((aligned(32))) = {LANES_B(MOST)};
	static const int32_t low[8] __attribute__((aligned(32))) = {LANES_B(LOW)};
	static const uint8_t small[32]
	        __attribute__((aligned(32))) = {[16] = SMALL(261), SMALL(263), SMALL(265), SMALL(267), SMALL(269)};
	static const uint8_t small_bits[32] __attribute__((aligned(32))) = {[16] = 3, 3, 3, 3, 3};
	static const uint8_t small_most[32] __attribute__((aligned(32))) = {[16] = 3, 3, 3, 2, 3};
	__m256i octets = _mm256_loadu_si256((const __m256i *)(p + FROM_B));
	__m256i raw = _mm256_permutexvar_epi8(*(const __m256i *)high, octets);
	unsigned int wrong;

	octets = _mm256_permutexvar_epi8(*(const __m256i *)below, octets);
	raw = _mm256_shldv_epi32(raw, octets, *(const __m256i *)left);
	raw = _mm256_srlv_epi32(raw, *(const __m256i *)right);
	raw = _mm256_mask_multishift_epi64_epi8(raw, SMALL_OCTETS, *(const __m256i *)small, raw);
	wrong = _mm256_cmpgt_epu32_mask(raw, *(const __m256i *)most);
	raw = _mm256_add_epi32(raw, *(const __m256i *)low);
	raw = _mm256_mask_and_epi32(raw, 3 << 4, raw, *(const __m256i *)small_bits);
	wrong |= _mm256_mask_cmpgt_epu8_mask(SMALL_OCTETS, raw, *(const __m256i *)small_most);
	_mm256_storeu_si256((__m256i *)&bsm->accel_lat, raw);
	bsm->wheel_brakes = j2735_brake_flags[p[32] >> 3];
	return wrong;
}

bool j2735_bsm_core_avx512(const uint8_t *p, struct tp_bsm *bsm)
{
	return (core_a(p, bsm) | core_b(p, bsm)) == 0;
}
