/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * BasicSafetyMessage, the message most datagrams carry. Its core data begins at bit 3 and every field of it has the same place in every
 * message, so it is taken from six overlapping 64-bit words with constant shifts. The fields whose width allows values outside the
 * standard's range are checked together, with one branch; which of them it was is found out afterwards.
 */
#include "j2735.h"

#define BSM_EXTENSION    0 /* bits of the message */
#define BSM_HAS_PART_II  1
#define BSM_HAS_REGIONAL 2
#define BSM_CORE_END     293
#define BSM_CORE_OCTETS  37

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

/* Named bit k of BrakeAppliedStatus is the k-th from the left; in a record it counts 1 << k. */
static const uint8_t brake_flags[32] = {
        0, 16, 8, 24, 4, 20, 12, 28, 2, 18, 10, 26, 6, 22, 14, 30, 1, 17, 9, 25, 5, 21, 13, 29, 3, 19, 11, 27, 7, 23, 15, 31};

static inline void bsm_core(struct uper *u, struct tp_bsm *bsm)
{
	const uint8_t *p = u->p;
	uint64_t w0 = uper_load64(p + W0), w1 = uper_load64(p + W1), w2 = uper_load64(p + W2);
	uint64_t w3 = uper_load64(p + W3), w4 = uper_load64(p + W4), w5 = uper_load64(p + W5);
	uint32_t lat, lon, heading, angle, accel_long, accel_lat, accel_vert, yaw, boost;

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
	bsm->speed = (int32_t)AT(w3, W3, 172, 13);
	heading = AT(w3, W3, 185, 15);
	bsm->heading = (int32_t)heading;
	angle = AT(w3, W3, 200, 8);
	bsm->angle = (int32_t)angle - 126;
	accel_long = AT(w4, W4, 208, 12);
	bsm->accel_long = (int32_t)accel_long - 2000;
	accel_lat = AT(w4, W4, 220, 12);
	bsm->accel_lat = (int32_t)accel_lat - 2000;
	accel_vert = AT(w4, W4, 232, 8);
	bsm->accel_vert = (int32_t)accel_vert - 127;
	yaw = AT(w4, W4, 240, 16);
	bsm->accel_yaw = (int32_t)yaw - 32767;
	bsm->wheel_brakes = brake_flags[AT(w4, W4, 256, 5)];
	bsm->traction = (uint8_t)AT(w4, W4, 261, 2);
	bsm->abs = (uint8_t)AT(w4, W4, 263, 2);
	bsm->scs = (uint8_t)AT(w4, W4, 265, 2);
	boost = AT(w4, W4, 267, 2);
	bsm->brake_boost = (uint8_t)boost;
	bsm->aux_brakes = (uint8_t)AT(w4, W4, 269, 2);
	bsm->width = (int32_t)AT(w5, W5, 271, 10);
	bsm->length = (int32_t)AT(w5, W5, 281, 12);
	u->bit = BSM_CORE_END;
	if (__builtin_expect((lat > 1800000001u) | (lon > 3600000000u) | (heading > 28800) | (angle > 253) | (accel_long > 4001) |
	                             (accel_lat > 4001) | (accel_vert > 254) | (yaw > 65534) | (boost > 2),
	            0))
		bsm_core_range(u);
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

static void bsm_behind_core(struct uper *u, uint8_t preamble, struct tp_bsm *bsm)
{
	if (preamble & 0x80 >> BSM_HAS_PART_II) {
		uint32_t count = uper_count(u, 3, 8, 14);

		for (uint32_t i = count && j2735_safety_usual(u, bsm); i < count && !u->error; i++)
			bsm_part_ii_element(u, bsm);
	}
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
	bsm_core(u, bsm);
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
