/* SPDX-License-Identifier: BSD-3-Clause */
/* Values of camera events that are more than one field: plates, times, results, candidates, vehicles, boxes. */
#include "plate_event.h"

#define CANDIDATES_MAX 16

#define TEXT_OF(f)    &(const struct member)MEMBER_TEXT_OF(plate_read, f)
#define RATIO_OF(f)   &(const struct member)MEMBER_RATIO_OF(plate_read, f)
#define PERCENT_OF(f) &(const struct member)MEMBER_PERCENT_OF(plate_read, f)

static bool parts_failed(const struct plate_event *e)
{
	return e->j.error || e->j.no_room;
}

/* The text of a plate; *given where the key is there at all. Anything but text and null is no plate. */
static void parts_plate(struct plate_event *e, struct tp_slice *plate, bool *given)
{
	struct tp_slice text;

	*given = true;
	if (tp_json_peek(&e->j) == TP_JSON_NULL)
		tp_json_skip(&e->j);
	else if (tp_json_string(&e->j, &text) && text.n)
		*plate = text;
}

void plate_read_slot(struct plate_event *e, const struct plate_key *key)
{
	bool given;

	parts_plate(e, &e->plate[key->arg], &given);
	e->given |= 1u << key->arg;
}

void plate_read_time(struct plate_event *e, const struct plate_key *key)
{
	struct tp_slice text;
	int64_t us = 0;
	bool there;

	if (!member_time(&e->j, &us, &there, &text))
		return;
	if (!there) {
		if (text.p)
			e->read->time_text = text;
		return;
	}
	plate_set_time(e, key->arg, us);
}

void plate_read_last_seen(struct plate_event *e, const struct plate_key *key)
{
	struct tp_slice text;
	int64_t us = 0;
	bool there;

	(void)key;
	if (member_time(&e->j, &us, &there, &text) && there)
		TP_SET(e->read, plate_read, last_seen, us);
}

void plate_read_scope(struct plate_event *e, const struct plate_key *key)
{
	if (member_object(&e->j))
		plate_object(e, (enum plate_scope)key->arg);
}

void plate_read_data_type(struct plate_event *e, const struct plate_key *key)
{
	struct tp_slice inner;

	(void)key;
	member_text(&e->j, e->scope == IN_ROOT ? &e->data_type : &inner);
}

void plate_read_webhook_type(struct plate_event *e, const struct plate_key *key)
{
	(void)key;
	member_text(&e->j, &e->webhook_type);
}

void plate_read_iso_region(struct plate_event *e, const struct plate_key *key)
{
	(void)key;
	member_text(&e->j, &e->iso_region);
}

/* "in" or "north" is a direction, 210 a heading. */
void plate_read_direction(struct plate_event *e, const struct plate_key *key)
{
	static const struct member heading = MEMBER_FLOAT_OF(plate_read, heading_deg, -360, 360);

	(void)key;
	if (tp_json_peek(&e->j) == TP_JSON_NUMBER)
		member_read(&e->j, &heading, e->read);
	else
		member_read(&e->j, TEXT_OF(direction), e->read);
}

/* ---- candidates ------------------------------------------------------------------------------------------------------------- */
static void parts_candidate(struct plate_event *e, struct tp_plate_candidate *candidate)
{
	static const struct member confidence = MEMBER_FLOAT_OF(plate_candidate, confidence, 0, 0);
	struct tp_slice key;

	*candidate = (struct tp_plate_candidate){0};
	while (tp_json_key(&e->j, &key)) {
		if (KEY_IS(key, "plate"))
			member_text(&e->j, &candidate->plate);
		else if (KEY_IS(key, "confidence") || KEY_IS(key, "score"))
			member_read(&e->j, &confidence, candidate);
		else
			tp_json_skip(&e->j);
	}
}

/* Replaces the candidates of the read by those at the cursor. */
static void parts_candidates(struct plate_event *e)
{
	struct tp_plate_candidate kept[CANDIDATES_MAX + 1];
	uint32_t n = 0;
	int32_t all = 0;

	if (!member_array(&e->j))
		return;
	while (tp_json_item(&e->j)) {
		if (!member_object(&e->j))
			continue;
		parts_candidate(e, &kept[n]);
		n += kept[n].plate.p && n < CANDIDATES_MAX;
		all++;
	}
	if (parts_failed(e))
		return;
	e->candidates = tp_arena_get(e->j.arena, n * sizeof(*kept));
	if (!e->candidates) {
		tp_json_full(&e->j);
		return;
	}
	memcpy(e->candidates, kept, n * sizeof(*kept));
	e->read->candidates.items = e->candidates;
	e->read->candidates.count = n;
	TP_SET(e->read, plate_read, candidate_count, all);
}

void plate_read_candidates(struct plate_event *e, const struct plate_key *key)
{
	(void)key;
	e->own_candidates = true;
	parts_candidates(e);
}

/* ---- vehicle ---------------------------------------------------------------------------------------------------------------- */
/* The best of several guesses: its name, or make and model. */
struct parts_guess {
	struct tp_slice name;
	struct tp_slice model;
	double weight;
};

static void parts_guess_item(struct plate_event *e, struct parts_guess *guess)
{
	struct tp_number number;
	struct tp_slice key;
	bool there;

	*guess = (struct parts_guess){.weight = -1};
	while (tp_json_key(&e->j, &key)) {
		if (KEY_IS(key, "name") || KEY_IS(key, "color") || KEY_IS(key, "orientation") || KEY_IS(key, "make"))
			member_text(&e->j, &guess->name);
		else if (KEY_IS(key, "model"))
			member_text(&e->j, &guess->model);
		else if (!KEY_IS(key, "confidence") && !KEY_IS(key, "score"))
			tp_json_skip(&e->j);
		else if (member_number(&e->j, &number, &there) && there)
			tp_number_double(&number, &guess->weight);
	}
}

/* A list of guesses at the cursor: the one with the highest confidence, the first of equals. Text instead of a list is a guess too. */
static void parts_guesses(struct plate_event *e, struct tp_slice *name, struct tp_slice *model)
{
	struct parts_guess best = {.weight = -2}, guess;
	enum tp_json_type type = tp_json_peek(&e->j);

	if (type == TP_JSON_STRING || type == TP_JSON_NUMBER || type == TP_JSON_NULL) {
		member_text(&e->j, &best.name);
	} else if (member_array(&e->j)) {
		while (tp_json_item(&e->j)) {
			if (!member_object(&e->j))
				continue;
			parts_guess_item(e, &guess);
			if (guess.weight > best.weight)
				best = guess;
		}
	}
	if (best.name.p)
		*name = best.name;
	if (model && best.model.p)
		*model = best.model;
}

static struct tp_slice *parts_vehicle_field(struct tp_plate_read *read, struct tp_slice key)
{
	if (KEY_IS(key, "make") || KEY_IS(key, "brand"))
		return &read->vehicle_make;
	if (KEY_IS(key, "model") || KEY_IS(key, "make_model"))
		return &read->vehicle_model;
	if (KEY_IS(key, "color") || KEY_IS(key, "colour"))
		return &read->vehicle_color;
	if (KEY_IS(key, "type") || KEY_IS(key, "body_type"))
		return &read->vehicle_type;
	if (KEY_IS(key, "year"))
		return &read->vehicle_year;
	if (KEY_IS(key, "view") || KEY_IS(key, "orientation"))
		return &read->vehicle_view;
	return NULL;
}

void plate_read_vehicle(struct plate_event *e, const struct plate_key *key)
{
	struct tp_slice name, *field;

	(void)key;
	if (!member_object(&e->j))
		return;
	while (tp_json_key(&e->j, &name)) {
		field = parts_vehicle_field(e->read, name);
		if (field)
			parts_guesses(e, field, NULL);
		else if (KEY_IS(name, "score") || KEY_IS(name, "confidence"))
			member_read(&e->j, RATIO_OF(vehicle_confidence), e->read);
		else
			tp_json_skip(&e->j);
	}
}

/* ---- places ----------------------------------------------------------------------------------------------------------------- */
void plate_read_camera_info(struct plate_event *e, const struct plate_key *key)
{
	struct tp_slice name;

	(void)key;
	if (!member_object(&e->j))
		return;
	while (tp_json_key(&e->j, &name)) {
		if (KEY_IS(name, "SerialNumber"))
			member_read(&e->j, TEXT_OF(camera_id), e->read);
		else if (KEY_IS(name, "ProdShortName"))
			member_read(&e->j, TEXT_OF(camera_name), e->read);
		else
			tp_json_skip(&e->j);
	}
}

void plate_read_geotag(struct plate_event *e, const struct plate_key *key)
{
	static const struct member latitude = MEMBER_FLOAT_OF(plate_read, latitude, -90, 90),
	                           longitude = MEMBER_FLOAT_OF(plate_read, longitude, -180, 180);
	struct tp_slice name;

	(void)key;
	if (!member_object(&e->j))
		return;
	while (tp_json_key(&e->j, &name)) {
		if (KEY_IS(name, "lat"))
			member_read(&e->j, &latitude, e->read);
		else if (KEY_IS(name, "lon"))
			member_read(&e->j, &longitude, e->read);
		else
			tp_json_skip(&e->j);
	}
}

static void parts_set_box(struct tp_plate_read *read, double left, double top, double right, double bottom)
{
	TP_SET(read, plate_read, box_left, left);
	TP_SET(read, plate_read, box_top, top);
	TP_SET(read, plate_read, box_right, right);
	TP_SET(read, plate_read, box_bottom, bottom);
}

static bool parts_number(struct plate_event *e, double *v)
{
	const uint8_t *first = e->j.p;
	struct tp_number number;
	bool there;

	if (!member_number(&e->j, &number, &there))
		return false;
	return there && (tp_number_double(&number, v) || tp_json_fail(&e->j, TP_C_out_of_range, first));
}

/* Four numbers; a box of any other length is none. */
static bool parts_four(struct plate_event *e, double v[4])
{
	bool four = true;
	unsigned int n = 0;
	double x;

	if (!member_array(&e->j))
		return false;
	while (tp_json_item(&e->j)) {
		if (!parts_number(e, &x) || n == 4)
			four = false;
		else
			v[n++] = x;
	}
	return four && n == 4 && !parts_failed(e);
}

void plate_read_box_sizes(struct plate_event *e, const struct plate_key *key)
{
	double v[4];

	(void)key;
	if (parts_four(e, v))
		parts_set_box(e->read, v[0], v[1], v[0] + v[2], v[1] + v[3]);
}

void plate_read_box_edges(struct plate_event *e, const struct plate_key *key)
{
	double v[4];

	(void)key;
	if (parts_four(e, v))
		parts_set_box(e->read, v[0], v[1], v[2], v[3]);
}

/* {"xmin":..,"ymin":..,"xmax":..,"ymax":..} */
static void parts_box(struct plate_event *e)
{
	double left = 0, top = 0, right = 0, bottom = 0;
	unsigned int edges = 0;
	struct tp_slice key;

	if (!member_object(&e->j))
		return;
	while (tp_json_key(&e->j, &key)) {
		if (KEY_IS(key, "xmin"))
			edges |= parts_number(e, &left) ? 1 : 0;
		else if (KEY_IS(key, "ymin"))
			edges |= parts_number(e, &top) ? 2 : 0;
		else if (KEY_IS(key, "xmax"))
			edges |= parts_number(e, &right) ? 4 : 0;
		else if (KEY_IS(key, "ymax"))
			edges |= parts_number(e, &bottom) ? 8 : 0;
		else
			tp_json_skip(&e->j);
	}
	if (edges == 15)
		parts_set_box(e->read, left, top, right, bottom);
}

static void parts_corner(struct plate_event *e, double *x, double *y, unsigned int *corners)
{
	struct tp_slice key;
	unsigned int axes = 0;

	while (tp_json_key(&e->j, &key)) {
		if (KEY_IS(key, "x"))
			axes |= parts_number(e, x) ? 1 : 0;
		else if (KEY_IS(key, "y"))
			axes |= parts_number(e, y) ? 2 : 0;
		else
			tp_json_skip(&e->j);
	}
	*corners += axes == 3;
}

/* [{"x":..,"y":..}, ...]: the box around all corners. */
static void parts_corners(struct plate_event *e)
{
	double left = 0, top = 0, right = 0, bottom = 0, x = 0, y = 0;
	unsigned int corners = 0, before;

	if (!member_array(&e->j))
		return;
	while (tp_json_item(&e->j)) {
		before = corners;
		if (member_object(&e->j))
			parts_corner(e, &x, &y, &corners);
		if (corners == before)
			continue;
		left = before && left < x ? left : x;
		top = before && top < y ? top : y;
		right = before && right > x ? right : x;
		bottom = before && bottom > y ? bottom : y;
	}
	if (corners)
		parts_set_box(e->read, left, top, right, bottom);
}

/* ---- the best plate of a group, and results ----------------------------------------------------------------------------------- */
static void parts_percent(struct plate_event *e, double *v, bool *has)
{
	const uint8_t *first = e->j.p;

	if (!parts_number(e, v))
		return;
	*v /= 100;
	if (!(*v >= 0 && *v <= 1))
		tp_json_fail(&e->j, TP_C_out_of_range, first);
	*has = true;
}

void plate_read_best_plate(struct plate_event *e, const struct plate_key *key)
{
	struct tp_slice name;
	bool given;

	(void)key;
	if (!member_object(&e->j))
		return;
	while (tp_json_key(&e->j, &name)) {
		if (KEY_IS(name, "plate")) {
			parts_plate(e, &e->plate[SLOT_REKOR_BEST], &given);
			e->given |= 1u << SLOT_REKOR_BEST;
		} else if (KEY_IS(name, "confidence")) {
			parts_percent(e, &e->best_confidence, &e->has_best_confidence);
		} else if (KEY_IS(name, "region")) {
			member_text(&e->j, &e->best_region);
		} else if (KEY_IS(name, "region_confidence")) {
			parts_percent(e, &e->best_region_confidence, &e->has_best_region_confidence);
		} else if (KEY_IS(name, "coordinates")) {
			parts_corners(e);
		} else if (KEY_IS(name, "candidates") && !e->own_candidates) {
			parts_candidates(e);
		} else {
			tp_json_skip(&e->j);
		}
	}
}

/* "us-ca" of Rekor, {"code":"us-ca","score":0.9} of Plate Recognizer. */
static void parts_region(struct plate_event *e)
{
	struct tp_slice key;

	if (tp_json_peek(&e->j) != TP_JSON_OBJECT) {
		member_read(&e->j, TEXT_OF(jurisdiction), e->read);
		return;
	}
	tp_json_object(&e->j);
	while (tp_json_key(&e->j, &key)) {
		if (KEY_IS(key, "code"))
			member_read(&e->j, TEXT_OF(jurisdiction), e->read);
		else if (KEY_IS(key, "score"))
			member_read(&e->j, RATIO_OF(jurisdiction_confidence), e->read);
		else
			tp_json_skip(&e->j);
	}
}

/* Members that only results have. */
static void parts_result_rest(struct plate_event *e, struct tp_slice key)
{
	if (KEY_IS(key, "region_confidence"))
		member_read(&e->j, PERCENT_OF(jurisdiction_confidence), e->read);
	else if (KEY_IS(key, "dscore"))
		member_read(&e->j, RATIO_OF(detection_confidence), e->read);
	else if (KEY_IS(key, "coordinates"))
		parts_corners(e);
	else if (KEY_IS(key, "box"))
		parts_box(e);
	else if (KEY_IS(key, "model_make"))
		parts_guesses(e, &e->read->vehicle_make, &e->read->vehicle_model);
	else if (KEY_IS(key, "color"))
		parts_guesses(e, &e->read->vehicle_color, NULL);
	else if (KEY_IS(key, "orientation"))
		parts_guesses(e, &e->read->vehicle_view, NULL);
	else if (KEY_IS(key, "source_url"))
		member_read(&e->j, TEXT_OF(picture), e->read);
	else
		tp_json_skip(&e->j);
}

/* One member of a result; *given where it is the plate. */
static void parts_result_member(struct plate_event *e, struct tp_slice key, bool *given)
{
	if (KEY_IS(key, "plate")) {
		parts_plate(e, &e->read->plate, given);
	} else if (KEY_IS(key, "confidence")) {
		e->percent_items = true;
		member_read(&e->j, PERCENT_OF(confidence), e->read);
	} else if (KEY_IS(key, "score")) {
		e->ratio_items = true;
		member_read(&e->j, RATIO_OF(confidence), e->read);
	} else if (KEY_IS(key, "region")) {
		parts_region(e);
	} else if (KEY_IS(key, "candidates")) {
		parts_candidates(e);
	} else if (KEY_IS(key, "vehicle")) {
		plate_read_vehicle(e, NULL);
	} else if (KEY_IS(key, "direction")) {
		plate_read_direction(e, NULL);
	} else {
		parts_result_rest(e, key);
	}
}

/* Reads the result at the cursor into e->read. True where it has a plate. */
static bool parts_result(struct plate_event *e)
{
	const uint8_t *first = e->j.p;
	struct tp_slice key;
	bool given = false;

	e->read->plate = (struct tp_slice){0};
	if (!tp_json_object(&e->j))
		return false;
	while (tp_json_key(&e->j, &key))
		parts_result_member(e, key, &given);
	if (parts_failed(e))
		return false;
	if (!given)
		return tp_json_fail(&e->j, TP_C_missing_field, e->j.p);
	if (e->read->plate.p && e->results == TP_RESULTS_MAX)
		return tp_json_fail(&e->j, TP_C_too_many, first);
	return e->read->plate.p != NULL;
}

/*
 * Results in which the camera says that it read no plate (null or "") are passed over. The wanted one goes into the record, where the
 * members around the results go too; the others are read into the same place for the checks, and taken back.
 */
void plate_read_results(struct plate_event *e, const struct plate_key *key)
{
	(void)key;
	if (!member_array(&e->j))
		return;
	while (tp_json_item(&e->j)) {
		struct tp_plate_read before = *e->read;
		struct tp_plate_candidate *candidates = e->candidates;
		uint8_t *mark = e->j.arena->next;
		bool is_read = parts_result(e), keep = is_read && e->results == e->wanted;

		e->results += is_read;
		if (keep)
			continue;
		*e->read = before;
		e->candidates = candidates;
		e->j.arena->next = mark;
	}
}
