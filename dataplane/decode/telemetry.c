/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The decoder `telemetry`: signals of one vehicle as JSON under VSS names, flat ("Vehicle.Speed": 53.2), nested ({"Vehicle": {"Speed":
 * 53.2}}) or mixed, with or without an envelope (docs/formats.md). A value is read first and then fitted: into its column where the
 * signal has one and the value suits it, into the array of signals otherwise. So nothing is dropped.
 */
#include "member.h"
#include "telemetry_vss.h"
#include "time_text.h"

#define REJECT(reason, offset) tp_reject(verdict, TP_STAGE_telemetry, TP_C_##reason, offset)
#define PATH_MAX_KNOWN         96 /* octets: longer than every name with a column */
#define SIGNALS_FIRST          16

/* The objects around a value, the innermost first. */
struct telemetry_level {
	struct tp_slice name;
	const struct telemetry_level *around;
	uint32_t length; /* of the names from the outermost to here, joined by dots */
};

struct telemetry_event {
	struct tp_json j;
	struct tp_vehicle_telemetry *body;
	struct tp_vehicle_signal *signals;
	uint32_t n_signals;
	uint32_t room; /* in signals */
	int64_t time;
	bool has_time;
	bool enveloped; /* vin, time or signals were there */
	bool is_vss;    /* a name of the VSS tree, or the object `signals`, was there */
	bool any;       /* a signal was there */
};

struct telemetry_value {
	enum tp_json_type type; /* ARRAY: text is its JSON */
	struct tp_slice text;
	double number;
	bool boolean;
};

#define FLOAT_MEMBER(column) MEMBER_FLOAT_OF(vehicle_telemetry, column, 0, 0)
#define BOOL_MEMBER(column)  MEMBER_BOOL_OF(vehicle_telemetry, column)
#define TEXT_MEMBER(column)  MEMBER_TEXT_OF(vehicle_telemetry, column)
#define VSS_TEST(column, type, text)                                                                                               \
	if (KEY_IS(name, text)) {                                                                                                  \
		static const struct member member = type##_MEMBER(column);                                                         \
		return &member;                                                                                                    \
	}
#define VSS_CASE(n)                                                                                                                \
	case n:                                                                                                                    \
		VSS_##n(VSS_TEST) break;

/* The column of a signal, or NULL. */
static const struct member *telemetry_column(struct tp_slice name)
{
	switch (name.n) {
		VSS_LENGTHS(VSS_CASE)
	}
	return NULL;
}

/* Writes the joined names so that they end at `end`. */
static void telemetry_join(uint8_t *end, const struct telemetry_level *level)
{
	for (; level; level = level->around) {
		end -= level->name.n;
		memcpy(end, level->name.p, level->name.n);
		if (level->around)
			*--end = '.';
	}
}

/* The full name in the arena, or as it stands in the input where there is nothing to join. */
static bool telemetry_name(struct telemetry_event *e, const struct telemetry_level *level, struct tp_slice *name)
{
	uint8_t *text;

	*name = level->name;
	if (!level->around)
		return true;
	text = tp_arena_get(e->j.arena, level->length);
	if (!text)
		return tp_json_full(&e->j);
	telemetry_join(text + level->length, level);
	*name = (struct tp_slice){text, level->length};
	return true;
}

/* Room for one more signal: twice as much as before, where it is full. */
static bool telemetry_grow(struct telemetry_event *e)
{
	uint32_t room = e->room ? 2 * e->room : SIGNALS_FIRST;
	struct tp_vehicle_signal *signals;

	if (e->n_signals < e->room)
		return true;
	signals = tp_arena_get(e->j.arena, room * sizeof(*signals));
	if (!signals)
		return tp_json_full(&e->j);
	if (e->n_signals)
		memcpy(signals, e->signals, e->n_signals * sizeof(*signals));
	e->signals = signals;
	e->room = room;
	return true;
}

static bool telemetry_keep(struct telemetry_event *e, const struct telemetry_level *level, const struct telemetry_value *value)
{
	struct tp_vehicle_signal *signal;

	if (!telemetry_grow(e))
		return false;
	signal = &e->signals[e->n_signals];
	*signal = (struct tp_vehicle_signal){0};
	if (!telemetry_name(e, level, &signal->name))
		return false;
	if (value->type == TP_JSON_NUMBER)
		TP_SET(signal, vehicle_signal, number, value->number);
	else if (value->type == TP_JSON_BOOL)
		TP_SET(signal, vehicle_signal, boolean, value->boolean);
	else if (value->type != TP_JSON_NULL)
		signal->text = value->text;
	e->n_signals++;
	return true;
}

/* A number of which a double keeps every digit that was written, or its text. */
static bool telemetry_number(struct telemetry_event *e, struct telemetry_value *value)
{
	const uint8_t *first = e->j.p;
	struct tp_number number;

	if (!tp_json_number(&e->j, &number))
		return false;
	value->text = (struct tp_slice){first, (uint32_t)(e->j.p - first)};
	if (!tp_number_double(&number, &value->number) || (number.integral && (number.cut || number.digits > UINT64_C(1) << 53)))
		value->type = TP_JSON_STRING;
	return true;
}

/* Reads any value but an object. */
static bool telemetry_value(struct telemetry_event *e, struct telemetry_value *value)
{
	*value = (struct telemetry_value){.type = tp_json_peek(&e->j)};
	switch (value->type) {
	case TP_JSON_STRING:
		return tp_json_quoted(&e->j, &value->text, true);
	case TP_JSON_NUMBER:
		return telemetry_number(e, value);
	case TP_JSON_BOOL:
		return tp_json_bool(&e->j, &value->boolean);
	default:
		return tp_json_raw(&e->j, &value->text);
	}
}

/* Takes a number that is written as text. */
static void telemetry_text_number(struct telemetry_value *value)
{
	struct tp_number number;
	const uint8_t *bad, *end = value->text.p + value->text.n;

	if (value->text.n && tp_number_scan(value->text.p, end, &number, &bad) == end && tp_number_double(&number, &value->number))
		value->type = TP_JSON_NUMBER;
}

/* Puts the value into its column; false where it does not suit it. */
static bool telemetry_fit(struct telemetry_event *e, const struct member *m, struct telemetry_value *value)
{
	void *field = (uint8_t *)e->body + m->offset;

	if (value->type == TP_JSON_NULL)
		return true;
	if (m->type == MEMBER_FLOAT && value->type == TP_JSON_STRING)
		telemetry_text_number(value);
	if (m->type == MEMBER_FLOAT && value->type == TP_JSON_NUMBER)
		*(double *)field = value->number;
	else if (m->type == MEMBER_BOOL && value->type == TP_JSON_BOOL)
		*(bool *)field = value->boolean;
	else if (m->type == MEMBER_TEXT && value->type == TP_JSON_STRING && value->text.n)
		*(struct tp_slice *)field = value->text;
	else
		return false;
	e->body->has |= UINT64_C(1) << m->bit;
	return true;
}

static const struct member *telemetry_column_of(const struct telemetry_level *level)
{
	uint8_t path[PATH_MAX_KNOWN];

	if (!level->around)
		return telemetry_column(level->name);
	if (level->length > sizeof(path))
		return NULL;
	telemetry_join(path + level->length, level);
	return telemetry_column((struct tp_slice){path, level->length});
}

static void telemetry_leaf(struct telemetry_event *e, const struct telemetry_level *level)
{
	const struct member *column = telemetry_column_of(level);
	struct telemetry_value value;

	if (!telemetry_value(e, &value))
		return;
	e->any = true;
	if (!column || !telemetry_fit(e, column, &value))
		telemetry_keep(e, level, &value);
}

static bool telemetry_is_vss(struct tp_slice name)
{
	return name.n >= 7 && memcmp(name.p, "Vehicle", 7) == 0 && (name.n == 7 || name.p[7] == '.');
}

/* The value at the cursor: a signal, or an object of signals. The reader's depth limit bounds the recursion. */
static void telemetry_node(struct telemetry_event *e, const struct telemetry_level *around, struct tp_slice key)
{
	struct telemetry_level level = {key, around, around ? around->length + 1 + key.n : key.n};
	struct tp_slice inner;

	if (!around)
		e->is_vss |= telemetry_is_vss(key);
	if (tp_json_peek(&e->j) != TP_JSON_OBJECT) {
		telemetry_leaf(e, &level);
		return;
	}
	if (!tp_json_object(&e->j))
		return;
	while (tp_json_key(&e->j, &inner))
		telemetry_node(e, &level, inner);
}

static void telemetry_time(struct telemetry_event *e)
{
	struct tp_slice text;
	int64_t us = 0;
	bool there;

	e->enveloped = true;
	if (!member_time(&e->j, &us, &there, &text) || !text.p)
		return;
	e->has_time = there;
	e->time = us;
	e->body->time_text = there ? (struct tp_slice){0} : text;
}

static void telemetry_signals(struct telemetry_event *e)
{
	struct tp_slice key;

	e->enveloped = true;
	e->is_vss = true;
	if (!tp_json_object(&e->j))
		return;
	while (tp_json_key(&e->j, &key))
		telemetry_node(e, NULL, key);
}

static void telemetry_root(struct telemetry_event *e)
{
	static const struct member vin = MEMBER_TEXT_OF(vehicle_telemetry, vin);
	struct tp_slice key;

	while (tp_json_key(&e->j, &key)) {
		if (KEY_IS(key, "vin")) {
			e->enveloped = true;
			member_read(&e->j, &vin, e->body);
		} else if (KEY_IS(key, "time")) {
			telemetry_time(e);
		} else if (KEY_IS(key, "signals")) {
			telemetry_signals(e);
		} else {
			telemetry_node(e, NULL, key);
		}
	}
}

static int telemetry_decode(struct tp_record *rec, struct tp_arena *arena, struct tp_verdict *verdict)
{
	struct telemetry_event e = {.body = &rec->vehicle_telemetry};

	rec->kind = TP_KIND_vehicle_telemetry;
	rec->flags &= (uint8_t)~TP_FLAG_TRAILING_BYTES;
	rec->trailing = 0;
	rec->has_device_time = 0;
	member_clear(&rec->vehicle_telemetry, sizeof(rec->vehicle_telemetry));
	if (rec->payload.n == 0)
		return REJECT(empty, 0);
	tp_json_init(&e.j, rec->payload, arena);
	if (tp_json_peek(&e.j) != TP_JSON_OBJECT)
		tp_json_skip(&e.j);
	else if (tp_json_object(&e.j))
		telemetry_root(&e);
	if (!tp_json_end(&e.j))
		return tp_json_verdict(&e.j, TP_STAGE_telemetry, verdict);
	if (!e.is_vss && !(e.enveloped && !e.any))
		return REJECT(unknown_format, 0);
	if (!e.any)
		return REJECT(missing_field, rec->payload.n);
	rec->vehicle_telemetry.signals.items = e.signals;
	rec->vehicle_telemetry.signals.count = e.n_signals;
	rec->has_device_time = e.has_time;
	rec->device_time = e.time;
	return 1;
}

const struct tp_decoder tp_decoder_telemetry = {
        .name = "telemetry",
        .help = "Vehicle signals in JSON under COVESA VSS names, flat or nested",
        .kinds = 1u << TP_KIND_vehicle_telemetry,
        .decode = telemetry_decode,
};
