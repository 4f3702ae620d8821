/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The decoder `plate`: camera events with plate reads as JSON. The event is read once into a struct plate_event (plate_event.h,
 * rows of keys in plate_keys.c, nested objects in plate_parts.c); here it is decided what it was and which text is the plate.
 */
#include "json_usual.h"
#include "plate_event.h"
#include "plate_shape.h"
#include "time_text.h"
#include "tp_cpu.h"

#define REJECT(reason, offset) tp_reject(verdict, TP_STAGE_plate, TP_C_##reason, offset)

static bool plate_shapes; /* written before anybody decodes */

bool plate_shapes_possible(void)
{
	return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
	       __builtin_cpu_supports("avx512vbmi2");
}

void plate_shapes_use(bool use)
{
	plate_shapes = use && plate_shapes_possible();
}

static __attribute__((constructor)) void plate_shapes_choose(void)
{
	plate_shapes_use(true);
}

/* Where a format keeps its plate, in order of preference. */
struct plate_source {
	uint8_t format; /* enum tp_plate_format */
	uint8_t slots[4];
	uint8_t n_slots;
};

/* Keeps a text in its usual form; false where it is not what the key needs. */
static inline bool plate_keep_text(struct plate_event *e, const struct plate_key *key, struct tp_slice text)
{
	int64_t us;

	if (text.n == 0)
		return false;
	if (__builtin_expect(key->usual == USUAL_FIELD, 1)) {
		*(struct tp_slice *)((uint8_t *)e->read + key->member.offset) = text;
		return true;
	}
	if (key->usual == USUAL_SLOT) {
		plate_set_slot(e, key->arg, text);
		return true;
	}
	if (key->usual != USUAL_TIME || !tp_time_from_text(text, &us))
		return false;
	plate_set_time(e, key->arg, us);
	return true;
}

/*
 * Reads the value at p where it is in its usual form (json_usual.h) and in that of its key; returns the place behind it, or
 * NULL.
 */
static inline const uint8_t *plate_usual_value(struct plate_event *e, const struct plate_key *key, const uint8_t *p)
{
	struct tp_slice text;
	double v;

	if (*p == '"') {
		p = json_usual_text(&e->j, p, &text);
		return p && plate_keep_text(e, key, text) ? p : NULL;
	}
	if (key->usual != USUAL_REAL)
		return NULL;
	p = json_usual_number(p, &v);
	return p && member_set_float(&key->member, v, e->read) ? p : NULL;
}

/* Reads the value at p, in whatever form. */
static __attribute__((noinline)) const uint8_t *plate_value(struct plate_event *e, const struct plate_key *key, const uint8_t *p)
{
	e->j.p = p;
	if (!tp_json_token(&e->j))
		return e->j.p;
	if (!key)
		tp_json_skip(&e->j);
	else if (key->reader)
		key->reader(e, key);
	else
		member_read(&e->j, &key->member, e->read);
	return e->j.p;
}

/* plate_expected where less than a token's room is left: what stands in front is loaded too, and left out. */
static __attribute__((noinline)) bool plate_expected_last(
        const struct plate_event *e, const struct plate_key *expected, const uint8_t *p)
{
	size_t left = (size_t)(e->j.end - p), front = PLATE_TOKEN - left;
	__m256i token, text;

	if (e->j.end - e->j.start < PLATE_TOKEN || expected->length > left)
		return false;
	token = _mm256_loadu_si256(
	        (const __m256i *)(const void *)((const char *)expected + offsetof(struct plate_key, token) - front));
	text = _mm256_loadu_si256((const __m256i *)(p - front));
	return _bzhi_u32(~(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(token, text)) >> front, expected->length) == 0;
}

/* True where the expected key stands at p. `ignored`: bit i set where octet i need not be the same. */
static inline bool plate_expected(const struct plate_event *e, const struct plate_key *expected, const uint8_t *p, uint32_t ignored)
{
	__m256i token, text;
	uint32_t other;

	if (!expected)
		return false;
	if (__builtin_expect(e->j.end - p < PLATE_TOKEN, 0))
		return !ignored && plate_expected_last(e, expected, p);
	token = _mm256_loadu_si256((const __m256i *)(const void *)expected->token);
	text = _mm256_loadu_si256((const __m256i *)p);
	other = ~((uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(token, text)) | ignored);
	return _bzhi_u32(other, expected->length) == 0;
}

/*
 * The key at p, where the member in front of it ends, or at its own quote where it is the first. Where its value begins, and
 * its row, in *known; NULL behind the last key.
 */
static __attribute__((noinline)) const uint8_t *plate_next(struct plate_event *e, const uint8_t *p, const struct plate_key **known)
{
	struct tp_slice key;

	e->j.p = p;
	if (!tp_json_key(&e->j, &key))
		return NULL;
	*known = plate_key_find(key);
	return e->j.p;
}

/* Reads the value of a key; returns the place behind it. */
static inline const uint8_t *plate_member(
        struct plate_event *e, const struct plate_key *known, enum plate_scope scope, const uint8_t *value)
{
	const uint8_t *p = NULL;

	if (__builtin_expect(!known || !(known->scopes & scope), 0))
		return plate_value(e, NULL, value);
	e->evidence |= known->evidence;
	if (e->j.braced)
		p = plate_usual_value(e, known, value);
	return p ? p : plate_value(e, known, value);
}

/*
 * Nearly all members are in their usual form and order, for which the cursor stays in a register; e->j gets it back for the
 * others. The brace stands where the first key would have its comma.
 */
void plate_object(struct plate_event *e, enum plate_scope scope)
{
	const struct plate_key **after = &plate_key_after[PLATE_AFTER_BRACE + scope], *known = *after, *next;
	const uint8_t *p = e->j.p - 1, *value;
	uint8_t outside = e->scope;
	uint32_t first = 1;

	e->scope = (uint8_t)scope;
	for (;; first = 0, known = *after) {
		if (__builtin_expect(plate_expected(e, known, p, first), 1)) {
			value = p + known->length;
			e->j.fresh = false;
		} else {
			value = plate_next(e, p + first, &next);
			if (!value)
				break;
			known = *after = next;
		}
		after = &plate_key_after[known ? known->index : PLATE_AFTER_UNKNOWN];
		p = plate_member(e, known, scope, value);
		if (p < e->j.end && *p == '}') {
			e->j.p = p;
			tp_json_close(&e->j);
			break;
		}
	}
	e->scope = outside;
}

static const struct plate_source *plate_rekor(const struct plate_event *e)
{
	static const struct plate_source group = {TP_plate_format_rekor_group, {SLOT_REKOR_NUMBER, SLOT_REKOR_BEST}, 2},
	                                 alert = {TP_plate_format_rekor_alert,
	                                         {SLOT_REKOR_NUMBER, SLOT_REKOR_BEST, SLOT_REKOR_ALERT}, 3},
	                                 results = {TP_plate_format_rekor_results, {0}, 0};
	bool has_results = e->evidence & HAS_RESULTS;

	if (KEY_IS(e->data_type, "alpr_group"))
		return has_results ? NULL : &group;
	if (KEY_IS(e->data_type, "alpr_alert"))
		return has_results ? NULL : &alert;
	return KEY_IS(e->data_type, "alpr_results") && has_results && !e->ratio_items ? &results : NULL;
}

/* What the event was, or NULL where its keys belong to no format or to several. */
static const struct plate_source *plate_source_of(const struct plate_event *e)
{
	static const struct plate_source plain = {TP_plate_format_plain, {SLOT_PLAIN}, 1},
	                                 axis = {TP_plate_format_axis_lpv,
	                                         {SLOT_AXIS_UTF8, SLOT_AXIS_UNICODE, SLOT_AXIS_TEXT, SLOT_AXIS_ASCII}, 4},
	                                 ingestion = {TP_plate_format_axis_genetec, {SLOT_INGESTION}, 1},
	                                 sharpv = {TP_plate_format_genetec_sharpv, {SLOT_SHARPV}, 1},
	                                 verkada = {TP_plate_format_verkada, {SLOT_VERKADA}, 1},
	                                 platerecognizer = {TP_plate_format_platerecognizer, {0}, 0};

	switch (e->evidence & ~(uint32_t)MAYBE_PLAIN) {
	case IS_PLAIN:
		return &plain;
	case IS_REKOR:
	case IS_REKOR | HAS_RESULTS:
		return plate_rekor(e);
	case IS_AXIS:
		return &axis;
	case IS_INGESTION:
		return &ingestion;
	case IS_SHARPV:
		return &sharpv;
	case IS_VERKADA:
		return &verkada;
	case HAS_RESULTS:
	case IS_PLATERECOGNIZER | HAS_RESULTS:
		return e->percent_items ? NULL : &platerecognizer;
	default:
		return e->evidence == MAYBE_PLAIN ? &plain : NULL;
	}
}

/* Events of cameras we know that are about something else than a plate. */
static bool plate_is_no_read(const struct plate_event *e)
{
	if (e->evidence & IS_REKOR)
		return KEY_IS(e->data_type, "vehicle") || KEY_IS(e->data_type, "heartbeat");
	if (e->evidence & IS_VERKADA)
		return e->webhook_type.p && !KEY_IS(e->webhook_type, "lpr");
	return (e->evidence & (IS_PLATERECOGNIZER | HAS_RESULTS)) == IS_PLATERECOGNIZER;
}

/* Finds the plate of an event with one read; false where there is none, *given says whether its key was there. */
static bool plate_pick(struct plate_event *e, const struct plate_source *source, bool *given)
{
	*given = false;
	for (unsigned int i = 0; i < source->n_slots; i++) {
		unsigned int slot = source->slots[i];

		*given |= e->given >> slot & 1;
		if (e->plate[slot].n) {
			/* By its members, as it was written: one load of both would have to wait for the stores. */
			e->read->plate.p = e->plate[slot].p;
			e->read->plate.n = e->plate[slot].n;
			return true;
		}
	}
	return false;
}

/* Puts the candidates' confidences on the scale 0..1; one that is outside says nothing. */
static void plate_scale_candidates(struct plate_event *e, bool percent)
{
	for (uint32_t i = 0; i < e->read->candidates.count; i++) {
		struct tp_plate_candidate *candidate = &e->candidates[i];

		if (percent)
			candidate->confidence /= 100;
		if (!(candidate->confidence >= 0 && candidate->confidence <= 1))
			candidate->has = 0;
	}
}

/* Values that a format has in a second place. */
static void plate_settle(struct plate_event *e)
{
	struct tp_plate_read *read = e->read;

	if (e->evidence & IS_REKOR) {
		if (!read->jurisdiction.p)
			read->jurisdiction = e->best_region;
		if (!(read->has & TP_HAS(plate_read, confidence)) && e->has_best_confidence)
			TP_SET(read, plate_read, confidence, e->best_confidence);
		if (!(read->has & TP_HAS(plate_read, jurisdiction_confidence)) && e->has_best_region_confidence)
			TP_SET(read, plate_read, jurisdiction_confidence, e->best_region_confidence);
		read->alert_plate = e->plate[SLOT_REKOR_ALERT];
	} else if (e->evidence & IS_AXIS) {
		read->jurisdiction = e->iso_region.p ? e->iso_region : read->country;
	}
	if (e->time_rank)
		read->time_text = (struct tp_slice){0};
}

static int plate_finish(struct plate_event *e, struct tp_record *rec, struct tp_verdict *verdict)
{
	const struct plate_source *source = plate_source_of(e);
	size_t end = rec->payload.n;
	bool given;

	if (plate_is_no_read(e))
		return REJECT(not_a_read, 0);
	if (!source)
		return REJECT(unknown_format, 0);
	if (source->n_slots == 0 && e->results == 0)
		return REJECT(not_a_read, 0);
	if (source->n_slots && !plate_pick(e, source, &given))
		return given ? REJECT(not_a_read, 0) : REJECT(missing_field, end);
	plate_scale_candidates(e, e->evidence & IS_REKOR);
	e->read->format = source->format;
	plate_settle(e);
	rec->has_device_time = e->time_rank != 0;
	rec->device_time = e->time;
	if (plate_shapes && source->n_slots == 1)
		plate_shape_offer(rec, e, source->slots[0]);
	return source->n_slots ? 1 : e->results;
}

/* Reads an event key by key, whatever it is. */
static __attribute__((noinline)) int plate_decode_any(struct tp_record *rec, struct tp_arena *arena, struct tp_verdict *verdict)
{
	struct plate_event e;

	rec->has_device_time = 0;
	member_clear(&rec->plate_read, sizeof(rec->plate_read));
	if (rec->payload.n == 0)
		return REJECT(empty, 0);
	member_clear(&e, sizeof(e));
	tp_json_init(&e.j, rec->payload, arena);
	e.read = &rec->plate_read;
	e.wanted = rec->result;
	if (tp_json_peek(&e.j) == TP_JSON_OBJECT) {
		tp_json_object(&e.j);
		plate_object(&e, IN_ROOT);
	} else {
		tp_json_skip(&e.j);
	}
	if (!tp_json_end(&e.j))
		return tp_json_verdict(&e.j, TP_STAGE_plate, verdict);
	return plate_finish(&e, rec, verdict);
}

static int plate_decode(struct tp_record *rec, struct tp_arena *arena, struct tp_verdict *verdict)
{
	rec->kind = TP_KIND_plate_read;
	rec->flags &= (uint8_t)~TP_FLAG_TRAILING_BYTES;
	rec->trailing = 0;
	if (plate_shapes && plate_shape_read(rec))
		return 1;
	return plate_decode_any(rec, arena, verdict);
}

static tp_direct_fn plate_direct(void)
{
	return tp_cpu_has_avx512() ? plate_shape_direct : NULL;
}

const struct tp_decoder tp_decoder_plate = {
        .name = "plate",
        .help = "Plate reads in JSON: Rekor, Plate Recognizer, Axis, Genetec, Verkada, and a plain form",
        .kinds = 1u << TP_KIND_plate_read,
        .decode = plate_decode,
        .direct = plate_direct,
        .direct_kind = TP_KIND_plate_read,
};
