/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The decoder `toll`: one passage of a toll point as JSON (docs/formats.md). An outer object with the objects tag, plate, vehicle and
 * entry in it; each has a table of its keys. Other keys are read over.
 */
#include "member.h"

#define REJECT(reason, offset) tp_reject(verdict, TP_STAGE_toll, TP_C_##reason, offset)

struct toll_event {
	struct tp_json j;
	struct tp_toll_passage *passage;
	int64_t time;
	bool has_time;
	bool known; /* one key at least was one of ours */
};

struct toll_key {
	struct tp_slice key;
	struct member member;
	void (*reader)(struct toll_event *e); /* instead of member */
};

struct toll_keys {
	const struct toll_key *rows;
	unsigned int count;
};

#define ROW(text, ...)                                                                                                             \
	{                                                                                                                          \
		{(const uint8_t *)text, sizeof(text) - 1}, __VA_ARGS__                                                             \
	}
#define TEXT(f)             .member = MEMBER_TEXT_OF(toll_passage, f)
#define FLAG(f)             .member = MEMBER_BOOL_OF(toll_passage, f)
#define REAL(f, low, high)  .member = MEMBER_FLOAT_OF(toll_passage, f, low, high)
#define WHOLE(f, low, high) .member = MEMBER_INT_OF(toll_passage, f, low, high)
#define LONG(f)             .member = MEMBER_LONG_OF(toll_passage, f)
#define SYMBOL(f, E)        .member = MEMBER_ENUM_OF(toll_passage, f, E)
#define BY(name)            .reader = toll_read_##name
#define KEYS_OF(table)                                                                                                             \
	{                                                                                                                          \
		table, sizeof(table) / sizeof(*table)                                                                              \
	}

/* The row of a key, or NULL. Senders keep an order, so the search begins behind the row found last; *next is where. */
static const struct toll_key *toll_find(const struct toll_keys *keys, struct tp_slice key, unsigned int *next)
{
	for (unsigned int n = 0, i = *next; n < keys->count; n++, i++) {
		const struct toll_key *row;

		i = i < keys->count ? i : 0;
		row = &keys->rows[i];
		if (row->key.n == key.n && memcmp(row->key.p, key.p, key.n) == 0) {
			*next = i + 1;
			return row;
		}
	}
	return NULL;
}

/* Reads the members of the object that was just opened. */
static void toll_members(struct toll_event *e, const struct toll_keys *keys)
{
	const struct toll_key *row;
	unsigned int next = 0;
	struct tp_slice key;

	while (tp_json_key(&e->j, &key)) {
		row = toll_find(keys, key, &next);
		e->known |= row != NULL;
		if (!row)
			tp_json_skip(&e->j);
		else if (row->reader)
			row->reader(e);
		else
			member_read(&e->j, &row->member, e->passage);
	}
}

/* An object with its own keys, or null. */
static void toll_object(struct toll_event *e, const struct toll_keys *keys)
{
	if (tp_json_peek(&e->j) == TP_JSON_NULL)
		tp_json_skip(&e->j);
	else if (tp_json_object(&e->j))
		toll_members(e, keys);
}

/* The same, or just its text. */
static void toll_object_or_text(struct toll_event *e, const struct toll_keys *keys, struct tp_slice *text)
{
	struct tp_slice value;

	if (tp_json_peek(&e->j) != TP_JSON_STRING)
		toll_object(e, keys);
	else if (member_text(&e->j, &value) && value.p)
		*text = value;
}

static void toll_read_time(struct toll_event *e)
{
	struct tp_slice text;
	int64_t us = 0;
	bool there;

	if (!member_time(&e->j, &us, &there, &text) || !text.p)
		return;
	e->has_time = there;
	e->time = us;
	e->passage->time_text = there ? (struct tp_slice){0} : text;
}

static void toll_read_entry_time(struct toll_event *e)
{
	const uint8_t *first = e->j.p;
	struct tp_slice text;
	int64_t us = 0;
	bool there;

	if (!member_time(&e->j, &us, &there, &text) || !text.p)
		return;
	if (there)
		TP_SET(e->passage, toll_passage, entry_time, us);
	else
		tp_json_fail(&e->j, TP_C_out_of_range, first);
}

/* [left, top, width, height] */
static void toll_read_box(struct toll_event *e)
{
	static const struct member edges[] = {
	        MEMBER_FLOAT_OF(toll_passage, plate_left, 0, 0),
	        MEMBER_FLOAT_OF(toll_passage, plate_top, 0, 0),
	        MEMBER_FLOAT_OF(toll_passage, plate_width, 0, 0),
	        MEMBER_FLOAT_OF(toll_passage, plate_height, 0, 0),
	};
	const uint8_t *first = e->j.p;
	unsigned int n = 0;

	if (tp_json_peek(&e->j) == TP_JSON_NULL) {
		tp_json_skip(&e->j);
		return;
	}
	if (!tp_json_array(&e->j))
		return;
	while (tp_json_item(&e->j)) {
		if (n < 4)
			member_read(&e->j, &edges[n], e->passage);
		else
			tp_json_skip(&e->j);
		n++;
	}
	if (n != 4)
		tp_json_fail(&e->j, TP_C_json_type, first);
}

/* clang-format off */
static const struct toll_key toll_tag_rows[] = {
	ROW("id", TEXT(tag_id)),
	ROW("tid", TEXT(tag_tid)),
	ROW("type", TEXT(tag_type)),
	ROW("agency", TEXT(tag_agency)),
	ROW("serial", TEXT(tag_serial)),
	ROW("read_performance", WHOLE(tag_read_performance, 0, 65535)),
	ROW("write_performance", WHOLE(tag_write_performance, 0, 65535)),
	ROW("status", TEXT(tag_status)),
	ROW("battery", SYMBOL(tag_battery, toll_battery)),
	ROW("tamper", FLAG(tag_tamper)),
	ROW("hov", WHOLE(tag_hov, 0, 9)),
	ROW("antenna", WHOLE(antenna, 0, 65535)),
	ROW("rssi_dbm", REAL(rssi_dbm, -200, 100)),
	ROW("tx_power_dbm", REAL(tx_power_dbm, -200, 100)),
	ROW("user_data", TEXT(tag_user_data)),
	ROW("validation", SYMBOL(validation, toll_validation)),
};
static const struct toll_keys toll_tag_keys = KEYS_OF(toll_tag_rows);

static const struct toll_key toll_plate_rows[] = {
	ROW("text", TEXT(plate)),
	ROW("jurisdiction", TEXT(plate_jurisdiction)),
	ROW("type", TEXT(plate_type)),
	ROW("confidence", .member = MEMBER_RATIO_OF(toll_passage, plate_confidence)),
	ROW("box", BY(box)),
	ROW("picture", TEXT(picture)),
};
static const struct toll_keys toll_plate_keys = KEYS_OF(toll_plate_rows);

static const struct toll_key toll_vehicle_rows[] = {
	ROW("id", TEXT(vehicle_id)),
	ROW("class", TEXT(vehicle_class)),
	ROW("class_confidence", .member = MEMBER_RATIO_OF(toll_passage, class_confidence)),
	ROW("class_charged", TEXT(class_charged)),
	ROW("axles", WHOLE(axles, 0, 99)),
	ROW("length_m", REAL(length_m, 0, 1000)),
	ROW("width_m", REAL(width_m, 0, 100)),
	ROW("height_m", REAL(height_m, 0, 100)),
};
static const struct toll_keys toll_vehicle_keys = KEYS_OF(toll_vehicle_rows);

static const struct toll_key toll_entry_rows[] = {
	ROW("plaza", TEXT(entry_plaza)),
	ROW("time", BY(entry_time)),
};
static const struct toll_keys toll_entry_keys = KEYS_OF(toll_entry_rows);
/* clang-format on */

static void toll_read_tag(struct toll_event *e)
{
	toll_object_or_text(e, &toll_tag_keys, &e->passage->tag_id);
}

static void toll_read_plate(struct toll_event *e)
{
	toll_object_or_text(e, &toll_plate_keys, &e->passage->plate);
}

static void toll_read_vehicle(struct toll_event *e)
{
	toll_object(e, &toll_vehicle_keys);
}

static void toll_read_entry(struct toll_event *e)
{
	toll_object(e, &toll_entry_keys);
}

/* clang-format off */
static const struct toll_key toll_rows[] = {
	ROW("toll_point", TEXT(toll_point)),
	ROW("lane", TEXT(toll_lane)),
	ROW("time", BY(time)),
	ROW("tag", BY(tag)),
	ROW("plate", BY(plate)),
	ROW("vehicle", BY(vehicle)),
	ROW("speed_kmh", REAL(speed_kmh, 0, 1000)),
	ROW("direction", TEXT(direction)),
	ROW("occupancy", WHOLE(occupancy, 0, 999)),
	ROW("hov", FLAG(hov)),
	ROW("sequence", LONG(sequence)),
	ROW("transaction_id", TEXT(transaction_id)),
	ROW("facility", TEXT(facility_id)),
	ROW("lane_mode", SYMBOL(lane_mode, toll_lane_mode)),
	ROW("over_speed", FLAG(over_speed)),
	ROW("amount_cents", LONG(amount_cents)),
	ROW("entry", BY(entry)),
};
static const struct toll_keys toll_keys = KEYS_OF(toll_rows);
/* clang-format on */

static int toll_finish(struct toll_event *e, struct tp_record *rec, struct tp_verdict *verdict)
{
	const struct tp_toll_passage *passage = e->passage;

	if (!e->known)
		return REJECT(unknown_format, 0);
	if (!passage->toll_point.p || !(passage->tag_id.p || passage->tag_serial.p || passage->plate.p))
		return REJECT(missing_field, rec->payload.n);
	rec->has_device_time = e->has_time;
	rec->device_time = e->time;
	return 1;
}

static int toll_decode(struct tp_record *rec, struct tp_arena *arena, struct tp_verdict *verdict)
{
	struct toll_event e = {.passage = &rec->toll_passage};

	rec->kind = TP_KIND_toll_passage;
	rec->flags &= (uint8_t)~TP_FLAG_TRAILING_BYTES;
	rec->trailing = 0;
	rec->has_device_time = 0;
	member_clear(&rec->toll_passage, sizeof(rec->toll_passage));
	if (rec->payload.n == 0)
		return REJECT(empty, 0);
	tp_json_init(&e.j, rec->payload, arena);
	if (tp_json_peek(&e.j) != TP_JSON_OBJECT)
		tp_json_skip(&e.j);
	else if (tp_json_object(&e.j))
		toll_members(&e, &toll_keys);
	if (!tp_json_end(&e.j))
		return tp_json_verdict(&e.j, TP_STAGE_toll, verdict);
	return toll_finish(&e, rec, verdict);
}

const struct tp_decoder tp_decoder_toll = {
        .name = "toll",
        .help = "Toll passages in JSON, by tag, plate or both",
        .kinds = 1u << TP_KIND_toll_passage,
        .decode = toll_decode,
};
