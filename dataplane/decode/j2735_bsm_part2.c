/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * BSM Part II, VehicleSafetyExtensions: nearly every BSM carries it, and nearly all of it is path history. The history is walked point
 * by point so that its length is known, and copied out as it is; points without options, the usual ones, take one step each.
 */
#include "j2735.h"

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
