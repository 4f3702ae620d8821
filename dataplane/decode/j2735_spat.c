/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SPAT: lists within lists, so one walk from front to back. Each list tells its count first; its array is taken from the arena then,
 * after a look at whether so many elements can fit into what is left of the message.
 */
#include "j2735.h"

/* Fewest bits of one element. */
#define MIN_INTERSECTION 68
#define MIN_MOVEMENT     24
#define MIN_EVENT        8
#define MIN_SPEED        9
#define MIN_ASSIST       14
#define TIME_MARK_MAX    36111 /* 36001 before the edition of 2024 */
#define MINUTE_MAX       527040

static int32_t spat_time_mark(struct uper *u)
{
	return (int32_t)uper_int(u, 16, 0, TIME_MARK_MAX);
}

static void spat_speed(struct uper *u, struct tp_spat_speed *s)
{
	uint32_t preamble = (uint32_t)uper_bits(u, 6);

	s->has = 0;
	s->type = (uint8_t)uper_enum_ext(u, 2, 3, TP_advisory_speed_type_extension);
	J2735_OPT(s, spat_speed, speed, preamble & 16, (int32_t)uper_int(u, 9, 0, 500));
	J2735_OPT(s, spat_speed, confidence, preamble & 8, (uint8_t)uper_bits(u, 3));
	J2735_OPT(s, spat_speed, distance, preamble & 4, (int32_t)uper_int(u, 14, 0, 10000));
	J2735_OPT(s, spat_speed, restriction_class, preamble & 2, (int32_t)uper_bits(u, 8));
	s->regional_count = preamble & 1 ? uper_regional(u) : 0;
	if (preamble & 32)
		uper_skip_extensions(u);
}

static void spat_speeds(struct uper *u, struct tp_spat_event *e)
{
	uint32_t count = uper_count(u, 4, 16, MIN_SPEED);
	struct tp_spat_speed *speeds = uper_alloc(u, count, sizeof(*speeds));

	if (!speeds)
		return;
	for (uint32_t i = 0; i < count && !u->error; i++)
		spat_speed(u, &speeds[i]);
	e->speeds.items = speeds;
	e->speeds.count = count;
}

static void spat_timing(struct uper *u, struct tp_spat_event *e)
{
	uint32_t has = (uint32_t)uper_bits(u, 5);

	J2735_OPT(e, spat_event, start_time, has & 16, spat_time_mark(u));
	TP_SET(e, spat_event, min_end_time, spat_time_mark(u));
	J2735_OPT(e, spat_event, max_end_time, has & 8, spat_time_mark(u));
	J2735_OPT(e, spat_event, likely_time, has & 4, spat_time_mark(u));
	J2735_OPT(e, spat_event, confidence, has & 2, (int32_t)uper_bits(u, 4));
	J2735_OPT(e, spat_event, next_time, has & 1, spat_time_mark(u));
}

static void spat_event(struct uper *u, struct tp_spat_event *e)
{
	uint32_t preamble = (uint32_t)uper_bits(u, 4);

	e->has = 0;
	e->event_state = (uint8_t)uper_int(u, 4, 0, 9);
	e->speeds.items = NULL;
	e->speeds.count = 0;
	if (preamble & 4)
		spat_timing(u, e);
	if (preamble & 2)
		spat_speeds(u, e);
	e->regional_count = preamble & 1 ? uper_regional(u) : 0;
	if (preamble & 8)
		uper_skip_extensions(u);
}

static void spat_maneuver_assist(struct uper *u, struct tp_spat_maneuver_assist *a)
{
	uint32_t preamble = (uint32_t)uper_bits(u, 6);

	a->has = 0;
	a->connection_id = (int32_t)uper_bits(u, 8);
	J2735_OPT(a, spat_maneuver_assist, queue_length, preamble & 16, (int32_t)uper_int(u, 14, 0, 10000));
	J2735_OPT(a, spat_maneuver_assist, available_storage_length, preamble & 8, (int32_t)uper_int(u, 14, 0, 10000));
	J2735_OPT(a, spat_maneuver_assist, wait_on_stop, preamble & 4, uper_bool(u));
	J2735_OPT(a, spat_maneuver_assist, ped_bicycle_detect, preamble & 2, uper_bool(u));
	a->regional_count = preamble & 1 ? uper_regional(u) : 0;
	if (preamble & 32)
		uper_skip_extensions(u);
}

/* ManeuverAssistList; returns its items and sets *count. */
static const struct tp_spat_maneuver_assist *spat_maneuver_assist_list(struct uper *u, uint32_t *count)
{
	uint32_t n = uper_count(u, 4, 16, MIN_ASSIST);
	struct tp_spat_maneuver_assist *list = uper_alloc(u, n, sizeof(*list));

	if (!list)
		return NULL;
	for (uint32_t i = 0; i < n && !u->error; i++)
		spat_maneuver_assist(u, &list[i]);
	*count = n;
	return list;
}

static void spat_events(struct uper *u, struct tp_spat_movement *m)
{
	uint32_t count = uper_count(u, 4, 16, MIN_EVENT);
	struct tp_spat_event *events = uper_alloc(u, count, sizeof(*events));

	if (!events)
		return;
	for (uint32_t i = 0; i < count && !u->error; i++)
		spat_event(u, &events[i]);
	m->state_time_speed.items = events;
	m->state_time_speed.count = count;
}

static void spat_movement(struct uper *u, struct tp_spat_movement *m)
{
	uint32_t preamble = (uint32_t)uper_bits(u, 4);

	m->has = 0;
	m->name = preamble & 4 ? uper_ia5(u, 6, 63) : (struct tp_slice){NULL, 0};
	m->signal_group = (int32_t)uper_bits(u, 8);
	spat_events(u, m);
	m->maneuver_assist_list.count = 0;
	m->maneuver_assist_list.items = preamble & 2 ? spat_maneuver_assist_list(u, &m->maneuver_assist_list.count) : NULL;
	m->regional_count = preamble & 1 ? uper_regional(u) : 0;
	if (preamble & 8)
		uper_skip_extensions(u);
}

static void spat_enabled_lanes(struct uper *u, struct tp_spat_intersection *x)
{
	uint32_t count = uper_count(u, 4, 16, 8);
	struct tp_spat_lane *lanes = uper_alloc(u, count, sizeof(*lanes));

	if (!lanes)
		return;
	for (uint32_t i = 0; i < count; i++)
		lanes[i].lane_id = (int32_t)uper_bits(u, 8);
	x->enabled_lanes.items = lanes;
	x->enabled_lanes.count = count;
}

static void spat_movements(struct uper *u, struct tp_spat_intersection *x)
{
	uint32_t count = uper_count(u, 8, 255, MIN_MOVEMENT);
	struct tp_spat_movement *states = uper_alloc(u, count, sizeof(*states));

	if (!states)
		return;
	for (uint32_t i = 0; i < count && !u->error; i++)
		spat_movement(u, &states[i]);
	x->states.items = states;
	x->states.count = count;
}

/* RoadAuthorityID: one of two object identifiers; anything else that may come is skipped with its open type. */
static void spat_road_authority(struct uper *u, struct tp_spat_intersection *x)
{
	bool relative;

	if (uper_bool(u))
		return;
	relative = uper_bool(u);
	if (relative)
		x->rel_rd_auth_id = uper_octets(u, uper_length(u));
	else
		x->full_rd_auth_id = uper_octets(u, uper_length(u));
}

static void spat_intersection_additions(struct uper *u, struct tp_spat_intersection *x)
{
	unsigned int count;
	uint64_t map = uper_extension_map(u, &count);

	for (; map; map &= map - 1) {
		struct uper_outer outer = uper_enter(u);

		if (__builtin_ctzll(map) == 0)
			spat_road_authority(u, x);
		uper_leave(u, outer);
	}
}

static void spat_intersection(struct uper *u, struct tp_spat_intersection *x)
{
	uint32_t preamble = (uint32_t)uper_bits(u, 7);

	memset(x, 0, sizeof(*x));
	if (preamble & 32)
		x->name = uper_ia5(u, 6, 63);
	J2735_OPT(x, spat_intersection, region, uper_bool(u), (int32_t)uper_bits(u, 16));
	x->id = (int32_t)uper_bits(u, 16);
	x->revision = (int32_t)uper_bits(u, 7);
	x->status = (int32_t)uper_flags(u, 16);
	J2735_OPT(x, spat_intersection, moy, preamble & 16, (int32_t)uper_int(u, 20, 0, MINUTE_MAX));
	J2735_OPT(x, spat_intersection, time_stamp, preamble & 8, (int32_t)uper_bits(u, 16));
	if (preamble & 4)
		spat_enabled_lanes(u, x);
	spat_movements(u, x);
	if (preamble & 2)
		x->maneuver_assist_list.items = spat_maneuver_assist_list(u, &x->maneuver_assist_list.count);
	if (preamble & 1)
		x->regional_count = uper_regional(u);
	if (preamble & 64)
		spat_intersection_additions(u, x);
}

static void spat_intersections(struct uper *u, struct tp_spat *spat)
{
	uint32_t count = uper_count(u, 5, 32, MIN_INTERSECTION);
	struct tp_spat_intersection *list = uper_alloc(u, count, sizeof(*list));

	if (!list)
		return;
	for (uint32_t i = 0; i < count && !u->error; i++)
		spat_intersection(u, &list[i]);
	spat->intersections.items = list;
	spat->intersections.count = count;
}

/* Device time: of the first intersection that tells a second, with its own minute or that of the message. */
static void spat_device_time(struct tp_record *rec, const struct tp_spat *spat)
{
	uint32_t minute = spat->has & TP_HAS(spat, time_stamp) ? (uint32_t)spat->time_stamp : J2735_MINUTE_UNAVAILABLE;

	for (uint32_t i = 0; i < spat->intersections.count && !rec->has_device_time; i++) {
		const struct tp_spat_intersection *x = &spat->intersections.items[i];

		if (x->has & TP_HAS(spat_intersection, time_stamp))
			j2735_time_of_minute(
			        rec, x->has & TP_HAS(spat_intersection, moy) ? (uint32_t)x->moy : minute, (uint32_t)x->time_stamp);
	}
}

void j2735_spat(struct uper *u, const struct v2x_frame *frame, struct tp_record *rec)
{
	struct tp_spat *spat = &rec->spat;
	uint32_t preamble = (uint32_t)uper_bits(u, 4);

	rec->kind = TP_KIND_spat;
	J2735_SET_FRAME(spat, spat, frame);
	J2735_OPT(spat, spat, time_stamp, preamble & 4, (int32_t)uper_int(u, 20, 0, MINUTE_MAX));
	spat->name = preamble & 2 ? uper_ia5(u, 6, 63) : (struct tp_slice){NULL, 0};
	spat->intersections.items = NULL;
	spat->intersections.count = 0;
	spat_intersections(u, spat);
	spat->regional_count = preamble & 1 ? uper_regional(u) : 0;
	if (preamble & 8)
		uper_skip_extensions(u);
	if (!u->error)
		spat_device_time(rec, spat);
}
