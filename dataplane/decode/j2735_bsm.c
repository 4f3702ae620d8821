/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * BasicSafetyMessage, the message most datagrams carry. Its core data begins at bit 3 and every field of it has the same place in every
 * message, so it is taken from six overlapping 64-bit words with constant shifts, and eight of its fields in one vector; with AVX-512 all of
 * it in two vectors (j2735_bsm_avx512.c). The fields whose width allows values outside the standard's range are checked together, with one
 * branch; which of them it was is found out afterwards.
 */
#include <immintrin.h>

#include "j2735.h"
#include "tp_cpu.h"

#define BSM_EXTENSION    0 /* bits of the message */
#define BSM_HAS_PART_II  1
#define BSM_HAS_REGIONAL 2
#define BSM_CORE_END     293
#define BSM_CORE_OCTETS  37 /* their last three bits are not of the core: the count of Part II, where there is one */

/* Octets at which the words begin; the last one ends with the core. */
#define W0 0
#define W1 7
#define W2 11
#define W3 18
#define W4 26
#define W5 29
/* n bits from bit `bit` of the message, out of the word w that begins at that octet. */
#define AT(w, octet, bit, n) ((uint32_t)(w << ((bit)-8 * (octet)) >> (64 - (n))))

/* Raw ranges that are narrower than their bits: X(bit, bits, largest raw value) */
#define BSM_RANGES(X)                                                                                                              \
	X(58, 31, 1800000001u)                                                                                                     \
	X(89, 32, 3600000000u)                                                                                                     \
	X(185, 15, 28800)                                                                                                          \
	X(200, 8, 253)                                                                                                             \
	X(208, 12, 4001)                                                                                                           \
	X(220, 12, 4001)                                                                                                           \
	X(232, 8, 254)                                                                                                             \
	X(240, 16, 65534)                                                                                                          \
	X(267, 2, 2)

static void bsm_core_range(struct uper *u)
{
	static const struct {
		uint16_t bit, bits;
		uint32_t max;
	} ranges[] = {
#define BSM_RANGE(bit, bits, max) {bit, bits, max},
	        BSM_RANGES(BSM_RANGE)};

	for (unsigned int i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		u->bit = ranges[i].bit;
		uper_int(u, ranges[i].bits, 0, ranges[i].max);
	}
}

const uint8_t j2735_brake_flags[32] = {
        0, 16, 8, 24, 4, 20, 12, 28, 2, 18, 10, 26, 6, 22, 14, 30, 1, 17, 9, 25, 5, 21, 13, 29, 3, 19, 11, 27, 7, 23, 15, 31};

/*
 * Speed to wheelBrakes: eight fields beside each other in the message and in the record, taken at once out of 16 octets.
 * X(octet from BSM_MOTION, bit in it, bits, largest raw value, value of raw 0)
 */
#define BSM_MOTION 21
#define BSM_MOTION_FIELDS(X)                                                                                                       \
	X(0, 4, 13, 8191, 0)                                                                                                       \
	X(2, 1, 15, 28800, 0)                                                                                                      \
	X(4, 0, 8, 253, -126)                                                                                                      \
	X(5, 0, 12, 4001, -2000)                                                                                                   \
	X(6, 4, 12, 4001, -2000)                                                                                                   \
	X(8, 0, 8, 254, -127)                                                                                                      \
	X(9, 0, 16, 65534, -32767)                                                                                                 \
	X(11, 0, 5, 31, 0)
#define MOTION_PICK(octet, bit, bits, max, low)  (octet) + 3, (octet) + 2, (octet) + 1, (octet),
#define MOTION_LEFT(octet, bit, bits, max, low)  (bit),
#define MOTION_RIGHT(octet, bit, bits, max, low) 32 - (bits),
#define MOTION_MAX(octet, bit, bits, max, low)   (max),
#define MOTION_LOW(octet, bit, bits, max, low)   (low),
_Static_assert(
        offsetof(struct tp_bsm, wheel_brakes) == offsetof(struct tp_bsm, speed) + 7 * sizeof(int32_t), "eight fields in a row");

/* wheelBrakes stays as it is in the message. Returns 0 where all fields are in their ranges. */
static inline int bsm_motion(const uint8_t *p, struct tp_bsm *bsm)
{
	static const uint8_t pick[32] __attribute__((aligned(32))) = {BSM_MOTION_FIELDS(MOTION_PICK)};
	static const int32_t left[8] __attribute__((aligned(32))) = {BSM_MOTION_FIELDS(MOTION_LEFT)};
	static const int32_t right[8] __attribute__((aligned(32))) = {BSM_MOTION_FIELDS(MOTION_RIGHT)};
	static const int32_t max[8] __attribute__((aligned(32))) = {BSM_MOTION_FIELDS(MOTION_MAX)};
	static const int32_t low[8] __attribute__((aligned(32))) = {BSM_MOTION_FIELDS(MOTION_LOW)};
	__m256i raw = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(p + BSM_MOTION)));
	__m256i wrong;

	raw = _mm256_shuffle_epi8(raw, *(const __m256i *)pick);
	raw = _mm256_srlv_epi32(_mm256_sllv_epi32(raw, *(const __m256i *)left), *(const __m256i *)right);
	wrong = _mm256_cmpgt_epi32(raw, *(const __m256i *)max);
	_mm256_storeu_si256((__m256i *)&bsm->speed, _mm256_add_epi32(raw, *(const __m256i *)low));
	return !_mm256_testz_si256(wrong, wrong);
}

bool j2735_bsm_core_plain(const uint8_t *p, struct tp_bsm *bsm)
{
	uint64_t w0 = uper_load64(p + W0), w1 = uper_load64(p + W1), w2 = uper_load64(p + W2);
	uint64_t w3 = uper_load64(p + W3), w4 = uper_load64(p + W4), w5 = uper_load64(p + W5);
	uint32_t lat, lon, boost;
	int wrong;

	bsm->msg_cnt = (int32_t)AT(w0, W0, 3, 7);
	bsm->id = AT(w0, W0, 10, 32);
	bsm->sec_mark = (int32_t)AT(w0, W0, 42, 16);
	lat = AT(w1, W1, 58, 31);
	lon = AT(w2, W2, 89, 32);
	bsm->lat = (int32_t)(lat - 900000000u);
	bsm->lon = (int32_t)(lon - 1799999999u);
	bsm->elev = (int32_t)AT(w2, W2, 121, 16) - 4096;
	bsm->semi_major = (int32_t)AT(w2, W2, 137, 8);
	bsm->semi_minor = (int32_t)AT(w3, W3, 145, 8);
	bsm->orientation = (int32_t)AT(w3, W3, 153, 16);
	bsm->transmission = (uint8_t)AT(w3, W3, 169, 3);
	wrong = bsm_motion(p, bsm);
	bsm->wheel_brakes = j2735_brake_flags[AT(w4, W4, 256, 5)];
	bsm->traction = (uint8_t)AT(w4, W4, 261, 2);
	bsm->abs = (uint8_t)AT(w4, W4, 263, 2);
	bsm->scs = (uint8_t)AT(w4, W4, 265, 2);
	boost = AT(w4, W4, 267, 2);
	bsm->brake_boost = (uint8_t)boost;
	bsm->aux_brakes = (uint8_t)AT(w4, W4, 269, 2);
	bsm->width = (int32_t)AT(w5, W5, 271, 10);
	bsm->length = (int32_t)AT(w5, W5, 281, 12);
	return !(wrong | (lat > 1800000001u) | (lon > 3600000000u) | (boost > 2));
}

static bool (*bsm_core)(const uint8_t *p, struct tp_bsm *bsm) = j2735_bsm_core_plain;

__attribute__((constructor)) static void bsm_choose(void)
{
	if (!tp_cpu_has_avx512())
		return;
	bsm_core = j2735_bsm_core_avx512;
	j2735_bsm_avro_prepare();
}

/* One PartIIcontent. An element that is not known, or of which there is one already, is counted and stays in the datagram. */
static void bsm_part_ii_element(struct uper *u, struct tp_bsm *bsm)
{
	uint32_t id = (uint32_t)uper_bits(u, 6);
	struct uper_outer outer = uper_enter(u);

	if (u->error)
		return;
	if (id == 0 && !bsm->safety)
		bsm->safety = j2735_safety(u);
	else if (id == 1 && !bsm->special)
		bsm->special = j2735_special(u);
	else if (id == 2 && !bsm->supplemental)
		bsm->supplemental = j2735_supplemental(u);
	else
		bsm->part_ii_skipped++;
	uper_leave(u, outer);
}

/* PartII; the core has been read, so the octet that holds its count is there. */
static inline void bsm_part_ii(struct uper *u, struct tp_bsm *bsm)
{
	uint32_t count = (u->p[BSM_CORE_END / 8] & 7) + 1, read;

	u->bit = BSM_CORE_END + 3;
	read = j2735_safety_usual(u, bsm);
	if (__builtin_expect(read == count, 1))
		return;
	if (!read) {
		u->bit = BSM_CORE_END;
		count = uper_count(u, 3, 8, 14);
	}
	for (; read < count && !u->error; read++)
		bsm_part_ii_element(u, bsm);
}

static void bsm_behind_core(struct uper *u, uint8_t preamble, struct tp_bsm *bsm)
{
	if (preamble & 0x80 >> BSM_HAS_PART_II)
		bsm_part_ii(u, bsm);
	if (preamble & 0x80 >> BSM_HAS_REGIONAL)
		bsm->regional_count = uper_regional(u);
	if (preamble & 0x80 >> BSM_EXTENSION)
		uper_skip_extensions(u);
}

void j2735_bsm(struct uper *u, const struct v2x_frame *frame, struct tp_record *rec)
{
	struct tp_bsm *bsm = &rec->bsm;
	uint8_t preamble;

	rec->kind = TP_KIND_bsm;
	J2735_SET_FRAME(bsm, bsm, frame);
	if (frame->content_len < BSM_CORE_OCTETS) {
		uper_fail(u, TP_C_truncated, u->end);
		return;
	}
	u->bit = BSM_CORE_END;
	if (__builtin_expect(!bsm_core(u->p, bsm), 0))
		bsm_core_range(u);
	bsm->safety = NULL;
	bsm->special = NULL;
	bsm->supplemental = NULL;
	bsm->part_ii_skipped = 0;
	bsm->regional_count = 0;
	preamble = u->p[0];
	if (preamble & 0xe0)
		bsm_behind_core(u, preamble, bsm);
	j2735_time_of_second(rec, (uint32_t)bsm->sec_mark);
}
