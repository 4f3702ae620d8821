/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * BSM Part II, VehicleSafetyExtensions: nearly every BSM carries it, and nearly all of it is path history. The history is walked point
 * by point so that its length is known, and copied out as it is.
 *
 * There are two readers. j2735_history_usual() knows the one shape that nearly all units send - points without extensions, then a prediction -
 * and says where its parts lie, or nothing; j2735_safety() reads every shape and is the one that finds errors.
 */
#include "j2735.h"

#define ALWAYS_INLINE static inline __attribute__((always_inline))

#define POINT_OFFSETS 64 /* bits: latOffset 18, lonOffset 18, elevationOffset 12, timeOffset 16 */

static void safety_date_time(struct uper *u)
{
	uint32_t has = (uint32_t)uper_bits(u, 7);

	uper_skip(u, has & 0x40 ? 12 : 0); /* year */
	if (has & 0x20)
		uper_int(u, 4, 0, 12);                             /* month */
	uper_skip(u, (has & 0x10 ? 5 : 0) + (has & 0x08 ? 5 : 0)); /* day, hour */
	if (has & 0x04)
		uper_int(u, 6, 0, 60);     /* minute */
	uper_skip(u, has & 0x02 ? 16 : 0); /* second */
	if (has & 0x01)
		uper_int(u, 11, -840, 1680); /* offset */
}

static void safety_full_position(struct uper *u)
{
	bool ext = uper_bool(u);
	uint32_t has = (uint32_t)uper_bits(u, 8);

	if (has & 0x80)
		safety_date_time(u);
	uper_int(u, 32, -1799999999, 3600000000); /* long */
	uper_int(u, 31, -900000000, 1800000001);  /* lat */
	uper_skip(u, has & 0x40 ? 16 : 0);        /* elevation */
	if (has & 0x20)
		uper_int(u, 15, 0, 28800);                           /* heading */
	uper_skip(u, (has & 0x10 ? 16 : 0) + (has & 0x08 ? 32 : 0)); /* speed, posAccuracy */
	if (has & 0x04)
		uper_int(u, 6, 0, 39);                             /* timeConfidence */
	uper_skip(u, (has & 0x02 ? 8 : 0) + (has & 0x01 ? 8 : 0)); /* posConfidence, speedConfidence */
	if (ext)
		uper_skip_extensions(u);
}

static void safety_point(struct uper *u)
{
	uint32_t preamble = (uint32_t)uper_bits(u, 4);

	uper_skip(u, POINT_OFFSETS - 16);
	uper_int(u, 16, 1, 65534);                                       /* timeOffset */
	uper_skip(u, (preamble & 4 ? 13 : 0) + (preamble & 2 ? 32 : 0)); /* speed, posAccuracy */
	if (preamble & 1)
		uper_int(u, 8, 0, 240); /* heading */
	if (preamble & 8)
		uper_skip_extensions(u);
}

static void safety_path_history(struct uper *u, struct tp_bsm_safety *safety)
{
	uint32_t from = u->bit, count;
	uint32_t preamble = (uint32_t)uper_bits(u, 3);

	if (preamble & 2)
		safety_full_position(u);
	uper_skip(u, preamble & 1 ? 8 : 0); /* currGNSSstatus */
	count = uper_int(u, 5, 1, 22);
	for (uint32_t i = 0; i < count && !u->error; i++)
		safety_point(u);
	if (preamble & 4)
		uper_skip_extensions(u);
	safety->path_history = uper_copy(u, from);
	TP_SET(safety, bsm_safety, path_history_points, (int32_t)count);
}

static void safety_path_prediction(struct uper *u, struct tp_bsm_safety *safety)
{
	bool ext = uper_bool(u);

	TP_SET(safety, bsm_safety, radius_of_curve, (int32_t)uper_int(u, 16, -32767, 65534));
	TP_SET(safety, bsm_safety, prediction_confidence, (int32_t)uper_int(u, 8, 0, 200));
	if (ext)
		uper_skip_extensions(u);
}

/*
 * The bits in front of the history's points, behind the length of the element: preamble 5 (extension, events, history, prediction, lights), preamble
 * of the history 3, its number of points less one 5. What must stand where for the usual shape.
 */
#define USUAL_BITS         13
#define USUAL_ID           (UINT64_C(0x3f) << (USUAL_BITS + 8)) /* where the length has one octet */
#define USUAL_LONG         (UINT64_C(0x80) << USUAL_BITS)
#define USUAL_SHAPE        (0x1fu << 8)
#define USUAL_INNER        (0x07u << 5)
#define USUAL_POINTS(head) (((head)&0x1f) + 1)
#define USUAL_IS           (0x06u << 8) /* history and prediction, nothing else */

#define ELEMENT_BITS 14 /* id 6, length 8; a length of 128 octets or more has eight bits more */
#define ELEMENT_LONG 0x80
#define ELEMENT_MORE 0xc0 /* of these, what a length of two octets has as 10 */

#define PREDICTION_BITS 25 /* extension 1, radius 16, confidence 8 */

#define POINT_BITS(preamble) (4 + POINT_OFFSETS + usual_options[(preamble)&7])
static const uint8_t usual_options[8] = {0, 8, 32, 32 + 8, 13, 13 + 8, 13 + 32, 13 + 32 + 8}; /* bits by preamble */

/* Whether the point that ends at bit `to` and has that preamble has an extension or leaves its range. */
static inline uint32_t usual_point_bad(const uint8_t *p, uint32_t to, uint32_t preamble)
{
	uint32_t bad = preamble & 8;

	bad |= (uper_before(p, to - usual_options[preamble & 7]) & 0xffff) == 0xffff; /* timeOffset */
	return bad | ((preamble & 1) && (uper_before(p, to) & 0xff) > 240);           /* heading */
}

/* The bit behind `count` points, or 0 where one has an extension, leaves its range, or ends behind `end`. */
ALWAYS_INLINE uint32_t usual_points_each(const uint8_t *p, uint32_t bit, uint32_t count, uint32_t end)
{
	uint32_t bad = 0;

	while (count--) {
		uint32_t preamble;

		if (bit + 4 + POINT_OFFSETS > end)
			return 0;
		preamble = uper_before(p, bit + 4) & 15;
		bit += POINT_BITS(preamble);
		if (bit > end)
			return 0;
		bad |= usual_point_bad(p, bit, preamble);
	}
	return bad ? 0 : bit;
}

/* The same. Mostly all points have the preamble of the first: then it is known where each begins before the one in front of it is read. */
static inline uint32_t usual_points_alike(const uint8_t *p, uint32_t bit, uint32_t count, uint32_t end)
{
	uint32_t first, size, bad = 0, others = 0;

	if (bit + 4 > end)
		return 0;
	first = uper_before(p, bit + 4) & 15;
	size = POINT_BITS(first);
	if (bit + count * size > end)
		return usual_points_each(p, bit, count, end);
	for (uint32_t i = 0, at = bit; i < count; i++, at += size) {
		others |= (uper_before(p, at + 4) & 15) ^ first;
		bad |= usual_point_bad(p, at + size, first);
	}
	if (others != 0)
		return usual_points_each(p, bit, count, end);
	return bad ? 0 : bit + count * size;
}

/* The history of `count` points from bit `points` on, and the prediction, in an element that ends at `end`. */
ALWAYS_INLINE bool usual_read(
        const uint8_t *p, uint32_t limit, uint32_t points, uint32_t count, uint32_t end, struct j2735_history *h)
{
	uint32_t to, prediction;

	if (end > limit)
		return false;
	to = count == 1 ? usual_points_each(p, points, 1, end) : usual_points_alike(p, points, count, end);
	if (to == 0 || to + PREDICTION_BITS > end)
		return false;
	prediction = uper_before(p, to + PREDICTION_BITS) & 0x1ffffff;
	*h = (struct j2735_history){.from = points - 8, .to = to, .points = count, .prediction = prediction, .end = end};
	return j2735_prediction_usual(prediction);
}

/* Many points, or a length of two octets. */
static __attribute__((noinline)) bool usual_longer(const uint8_t *p, uint32_t bit, uint32_t limit, struct j2735_history *h)
{
	uint32_t at = bit + ELEMENT_BITS, points = at + USUAL_BITS, length, head;
	uint64_t word = uper_before(p, points);

	length = word >> USUAL_BITS & 0xff;
	if (word >> (USUAL_BITS + 8) & 0x3f) /* the id of another element */
		return false;
	if (length >= ELEMENT_LONG) {
		if (length >= ELEMENT_MORE || limit - points < 8)
			return false;
		at += 8;
		points += 8;
		word = uper_before(p, points);
		length = word >> USUAL_BITS & 0x3fff;
	}
	head = (uint32_t)word;
	if ((head & (USUAL_SHAPE | USUAL_INNER)) != USUAL_IS || USUAL_POINTS(head) > 23)
		return false;
	return usual_read(p, limit, points, USUAL_POINTS(head), at + 8 * length, h);
}

bool j2735_history_usual(const uint8_t *p, uint32_t bit, uint32_t limit, struct j2735_history *h)
{
	uint32_t at = bit + ELEMENT_BITS, points = at + USUAL_BITS;
	uint64_t head;

	if (limit - bit < ELEMENT_BITS + USUAL_BITS)
		return false;
	head = uper_before(p, points);
	if ((head & (USUAL_ID | USUAL_LONG | USUAL_SHAPE | USUAL_INNER | 0x1f)) != USUAL_IS)
		return usual_longer(p, bit, limit, h);
	return usual_read(p, limit, points, 1, at + 8 * (uint32_t)(head >> USUAL_BITS & 0x7f), h);
}

bool j2735_safety_usual(struct uper *u, struct tp_bsm *bsm)
{
	struct tp_bsm_safety *safety;
	struct j2735_history h;

	if (!j2735_history_usual(u->p, u->bit, u->end, &h))
		return false;
	safety = tp_arena_get(u->arena, sizeof(*safety) + (h.to - h.from) / 8 + UPER_COPY_SLACK);
	if (!safety)
		return false;
	if (h.points == 1)
		uper_copy_bits((uint8_t *)(safety + 1), u->p, u->octets, h.from, h.to - h.from);
	else
		uper_copy_many_bits((uint8_t *)(safety + 1), u->p, u->octets, h.from, h.to - h.from);
	safety->has = TP_HAS(bsm_safety, path_history_points) | TP_HAS(bsm_safety, radius_of_curve) |
	              TP_HAS(bsm_safety, prediction_confidence);
	safety->path_history = (struct tp_slice){(uint8_t *)(safety + 1), (h.to - h.from + 7) / 8};
	safety->path_history_points = (int32_t)h.points;
	safety->radius_of_curve = (int32_t)(h.prediction >> 8) - J2735_STRAIGHT;
	safety->prediction_confidence = (int32_t)(h.prediction & 0xff);
	bsm->safety = safety;
	u->bit = h.end;
	return true;
}

const struct tp_bsm_safety *j2735_safety(struct uper *u)
{
	struct tp_bsm_safety *safety = uper_alloc(u, 1, sizeof(*safety));
	uint32_t preamble = (uint32_t)uper_bits(u, 5);

	if (!safety)
		return NULL;
	safety->has = 0;
	safety->path_history = (struct tp_slice){NULL, 0};
	J2735_OPT(safety, bsm_safety, events, preamble & 8, (int32_t)uper_flags_ext(u, 13));
	if (preamble & 4)
		safety_path_history(u, safety);
	if (preamble & 2)
		safety_path_prediction(u, safety);
	J2735_OPT(safety, bsm_safety, lights, preamble & 1, (int32_t)uper_flags_ext(u, 9));
	if (preamble & 16)
		uper_skip_extensions(u);
	return safety;
}
