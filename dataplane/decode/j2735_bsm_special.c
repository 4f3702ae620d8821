/* SPDX-License-Identifier: BSD-3-Clause */
/* BSM Part II, SpecialVehicleExtensions: alerts of emergency vehicles, a description of an event, trailers. */
#include "j2735.h"

static const struct tp_bsm_emergency_details *special_emergency_details(struct uper *u)
{
	struct tp_bsm_emergency_details *d = uper_alloc(u, 1, sizeof(*d));
	uint32_t preamble = (uint32_t)uper_bits(u, 3);

	if (!d)
		return NULL;
	d->has = 0;
	uper_skip(u, 5); /* notUsed */
	d->siren_use = (uint8_t)uper_bits(u, 2);
	d->lights_use = (uint8_t)uper_bits(u, 3);
	d->multi = (uint8_t)uper_bits(u, 2);
	if (preamble & 2) {
		bool ext = uper_bool(u);

		uper_skip(u, 5); /* notUsed */
		TP_SET(d, bsm_emergency_details, events, (int32_t)uper_flags(u, 16));
		if (ext)
			uper_skip_extensions(u);
	}
	J2735_OPT(
	        d, bsm_emergency_details, response_type, preamble & 1, (uint8_t)uper_enum_ext(u, 3, 6, TP_response_type_extension));
	if (preamble & 4)
		uper_skip_extensions(u);
	return d;
}

static void special_itis_codes(struct uper *u, struct tp_bsm_event_description *d)
{
	uint32_t count = uper_count(u, 3, 8, 16);
	struct tp_bsm_itis_code *codes = uper_alloc(u, count, sizeof(*codes));

	if (!codes)
		return;
	for (uint32_t i = 0; i < count; i++)
		codes[i].code = (int32_t)uper_bits(u, 16);
	d->description.items = codes;
	d->description.count = count;
}

static const struct tp_bsm_event_description *special_event_description(struct uper *u)
{
	struct tp_bsm_event_description *d = uper_alloc(u, 1, sizeof(*d));
	uint32_t preamble = (uint32_t)uper_bits(u, 6);

	if (!d)
		return NULL;
	d->has = 0;
	d->description.items = NULL;
	d->description.count = 0;
	d->type_event = (int32_t)uper_bits(u, 16);
	if (preamble & 16)
		special_itis_codes(u, d);
	J2735_OPT(d, bsm_event_description, priority, preamble & 8, (int32_t)uper_bits(u, 8));
	J2735_OPT(d, bsm_event_description, heading, preamble & 4, (int32_t)uper_flags(u, 16));
	J2735_OPT(d, bsm_event_description, extent, preamble & 2, (uint8_t)uper_bits(u, 4));
	d->regional_count = preamble & 1 ? uper_regional(u) : 0;
	if (preamble & 32)
		uper_skip_extensions(u);
	return d;
}

static const struct tp_bsm_pivot_point *special_pivot_point(struct uper *u)
{
	struct tp_bsm_pivot_point *pivot = uper_alloc(u, 1, sizeof(*pivot));
	bool ext = uper_bool(u);

	if (!pivot)
		return NULL;
	pivot->has = 0;
	pivot->pivot_offset = (int32_t)uper_int(u, 11, -1024, 2047);
	pivot->pivot_angle = (int32_t)uper_int(u, 15, 0, 28800);
	pivot->pivots = uper_bool(u);
	if (ext)
		uper_skip_extensions(u);
	return pivot;
}

static void special_trailer_crumbs(struct uper *u, struct tp_bsm_trailer_unit *unit)
{
	uint32_t count = (uint32_t)uper_int(u, 5, 1, 22);
	struct tp_bsm_trailer_crumb *crumbs = uper_alloc(u, count, sizeof(*crumbs));

	if (!crumbs)
		return;
	for (uint32_t i = 0; i < count; i++) {
		struct tp_bsm_trailer_crumb *c = &crumbs[i];
		uint32_t preamble = (uint32_t)uper_bits(u, 3);

		c->has = 0;
		c->pivot_angle = (int32_t)uper_int(u, 15, 0, 28800);
		c->time_offset = (int32_t)uper_int(u, 16, 1, 65534);
		c->x = (int32_t)uper_int(u, 12, -2048, 4095);
		c->y = (int32_t)uper_int(u, 12, -2048, 4095);
		J2735_OPT(c, bsm_trailer_crumb, elevation_offset, preamble & 2, (int32_t)uper_int(u, 7, -64, 127));
		J2735_OPT(c, bsm_trailer_crumb, heading, preamble & 1, (int32_t)uper_int(u, 8, 0, 240));
		if (preamble & 4)
			uper_skip_extensions(u);
	}
	unit->crumb_data.items = crumbs;
	unit->crumb_data.count = count;
}

static void special_trailer_unit(struct uper *u, struct tp_bsm_trailer_unit *unit)
{
	uint32_t preamble = (uint32_t)uper_bits(u, 9);

	unit->has = 0;
	unit->crumb_data.items = NULL;
	unit->crumb_data.count = 0;
	unit->is_dolly = uper_bool(u);
	unit->width = (int32_t)uper_bits(u, 10);
	unit->length = (int32_t)uper_bits(u, 12);
	J2735_OPT(unit, bsm_trailer_unit, height, preamble & 128, (int32_t)uper_bits(u, 7));
	J2735_OPT(unit, bsm_trailer_unit, mass, preamble & 64, (int32_t)uper_bits(u, 8));
	J2735_OPT(unit, bsm_trailer_unit, bumper_front, preamble & 32, (int32_t)uper_bits(u, 7));
	J2735_OPT(unit, bsm_trailer_unit, bumper_rear, preamble & 32, (int32_t)uper_bits(u, 7));
	J2735_OPT(unit, bsm_trailer_unit, center_of_gravity, preamble & 16, (int32_t)uper_bits(u, 7));
	unit->front_pivot = special_pivot_point(u);
	unit->rear_pivot = preamble & 8 ? special_pivot_point(u) : NULL;
	J2735_OPT(unit, bsm_trailer_unit, rear_wheel_offset, preamble & 4, (int32_t)uper_int(u, 12, -2048, 4095));
	unit->x = (int32_t)uper_int(u, 12, -2048, 4095);
	unit->y = (int32_t)uper_int(u, 12, -2048, 4095);
	J2735_OPT(unit, bsm_trailer_unit, elevation_offset, preamble & 2, (int32_t)uper_int(u, 7, -64, 127));
	if (preamble & 1)
		special_trailer_crumbs(u, unit);
	if (preamble & 256)
		uper_skip_extensions(u);
}

static const struct tp_bsm_trailer_data *special_trailer_data(struct uper *u)
{
	struct tp_bsm_trailer_data *t = uper_alloc(u, 1, sizeof(*t));
	bool ext = uper_bool(u);
	struct tp_bsm_trailer_unit *units;
	uint32_t count;

	if (!t)
		return NULL;
	t->has = 0;
	uper_skip(u, 5); /* notUsed */
	t->connection = special_pivot_point(u);
	count = uper_count(u, 3, 8, 84);
	units = uper_alloc(u, count, sizeof(*units));
	if (!units)
		return NULL;
	for (uint32_t i = 0; i < count; i++)
		special_trailer_unit(u, &units[i]);
	t->units.items = units;
	t->units.count = count;
	if (ext)
		uper_skip_extensions(u);
	return t;
}

const struct tp_bsm_special *j2735_special(struct uper *u)
{
	struct tp_bsm_special *special = uper_alloc(u, 1, sizeof(*special));
	uint32_t preamble = (uint32_t)uper_bits(u, 4);

	if (!special)
		return NULL;
	special->has = 0;
	special->vehicle_alerts = preamble & 4 ? special_emergency_details(u) : NULL;
	special->description = preamble & 2 ? special_event_description(u) : NULL;
	special->trailers = preamble & 1 ? special_trailer_data(u) : NULL;
	if (preamble & 8)
		uper_skip_extensions(u);
	return special;
}
