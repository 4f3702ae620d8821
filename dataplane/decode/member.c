/* SPDX-License-Identifier: BSD-3-Clause */
#include "member.h"

#include "time_text.h"

static bool member_wrong_type(struct tp_json *j, enum tp_json_type type)
{
	return tp_json_fail(j, type ? TP_C_json_type : TP_C_json_syntax, j->p);
}

bool member_text(struct tp_json *j, struct tp_slice *out)
{
	enum tp_json_type type = tp_json_peek(j);
	const uint8_t *first = j->p;
	struct tp_number number;

	*out = (struct tp_slice){0};
	if (type == TP_JSON_STRING) {
		if (!tp_json_quoted(j, out, true))
			return false;
		if (out->n == 0)
			out->p = NULL;
		return true;
	}
	if (type == TP_JSON_NULL)
		return tp_json_skip(j);
	if (type != TP_JSON_NUMBER)
		return member_wrong_type(j, type);
	if (!tp_json_number(j, &number))
		return false;
	*out = (struct tp_slice){first, (uint32_t)(j->p - first)};
	return true;
}

bool member_number(struct tp_json *j, struct tp_number *out, bool *there)
{
	enum tp_json_type type = tp_json_peek(j);
	const uint8_t *first = j->p, *bad;
	struct tp_slice text;

	*there = true;
	if (type == TP_JSON_NUMBER)
		return tp_json_number(j, out);
	if (type != TP_JSON_NULL && type != TP_JSON_STRING)
		return member_wrong_type(j, type);
	if (!member_text(j, &text))
		return false;
	*there = text.p != NULL;
	if (!*there || tp_number_scan(text.p, text.p + text.n, out, &bad) == text.p + text.n)
		return true;
	return tp_json_fail(j, TP_C_json_type, first);
}

static bool member_float(struct tp_json *j, const struct member *m, void *base)
{
	const uint8_t *first = j->p;
	struct tp_number number;
	bool there;
	double v;

	if (!member_number(j, &number, &there) || !there)
		return !j->error && !j->no_room;
	if (!tp_number_double(&number, &v))
		return tp_json_fail(j, TP_C_out_of_range, first);
	return member_set_float(m, v, base) || tp_json_fail(j, TP_C_out_of_range, first);
}

/* An integer from low to high. *there is false for null and "". */
static bool member_whole(struct tp_json *j, int64_t low, int64_t high, int64_t *v, bool *there)
{
	const uint8_t *first = j->p;
	struct tp_number number;

	if (!member_number(j, &number, there) || !*there)
		return !j->error && !j->no_room;
	return (tp_number_int64(&number, v) && *v >= low && *v <= high) || tp_json_fail(j, TP_C_out_of_range, first);
}

static bool member_int(struct tp_json *j, const struct member *m, int32_t *field, uint64_t *has)
{
	bool limited = m->min < m->max, there;
	int64_t v;

	if (!member_whole(j, limited ? (int64_t)m->min : INT32_MIN, limited ? (int64_t)m->max : INT32_MAX, &v, &there))
		return false;
	if (there) {
		*field = (int32_t)v;
		*has |= UINT64_C(1) << m->bit;
	}
	return true;
}

static bool member_long(struct tp_json *j, const struct member *m, int64_t *field, uint64_t *has)
{
	bool there;
	int64_t v;

	if (!member_whole(j, INT64_MIN, INT64_MAX, &v, &there))
		return false;
	if (there) {
		*field = v;
		*has |= UINT64_C(1) << m->bit;
	}
	return true;
}

static bool member_enum(struct tp_json *j, const struct member *m, uint8_t *field, uint64_t *has)
{
	const uint8_t *first = j->p;
	struct tp_slice text;
	uint8_t index = 0;

	if (!member_text(j, &text))
		return false;
	if (!text.p)
		return true;
	for (const char *symbol = m->symbols; *symbol; symbol += strlen(symbol) + 1, index++) {
		if (tp_slice_is(text, symbol)) {
			*field = index;
			*has |= UINT64_C(1) << m->bit;
			return true;
		}
	}
	return tp_json_fail(j, TP_C_out_of_range, first);
}

static bool member_bool_text(struct tp_json *j, bool *value, bool *there)
{
	const uint8_t *first = j->p;
	struct tp_slice text;

	if (!member_text(j, &text))
		return false;
	*there = text.p != NULL;
	if (!*there)
		return true;
	*value = KEY_IS(text, "true") || KEY_IS(text, "1");
	return *value || KEY_IS(text, "false") || KEY_IS(text, "0") || tp_json_fail(j, TP_C_json_type, first);
}

static bool member_bool(struct tp_json *j, const struct member *m, bool *field, uint64_t *has)
{
	bool value = false, there = true;

	if (!(tp_json_peek(j) == TP_JSON_BOOL ? tp_json_bool(j, &value) : member_bool_text(j, &value, &there)))
		return false;
	if (there) {
		*field = value;
		*has |= UINT64_C(1) << m->bit;
	}
	return true;
}

bool member_read(struct tp_json *j, const struct member *m, void *base)
{
	void *field = (uint8_t *)base + m->offset;
	struct tp_slice text;

	switch (m->type) {
	case MEMBER_TEXT:
		if (!member_text(j, &text))
			return false;
		if (text.p)
			*(struct tp_slice *)field = text;
		return true;
	case MEMBER_FLOAT:
		return member_float(j, m, base);
	case MEMBER_INT:
		return member_int(j, m, field, base);
	case MEMBER_LONG:
		return member_long(j, m, field, base);
	case MEMBER_ENUM:
		return member_enum(j, m, field, base);
	case MEMBER_BOOL:
		return member_bool(j, m, field, base);
	default:
		return tp_json_skip(j);
	}
}

bool member_time(struct tp_json *j, int64_t *us, bool *there, struct tp_slice *text)
{
	const uint8_t *bad, *end;
	struct tp_number number;

	if (!member_text(j, text))
		return false;
	if (!text->p) {
		*there = false;
		return true;
	}
	end = text->p + text->n;
	/* No text is both: a time has a T or space in it. */
	*there = tp_time_from_text(*text, us) ||
	         (tp_number_scan(text->p, end, &number, &bad) == end && tp_time_from_number(&number, us));
	return true;
}

bool member_object(struct tp_json *j)
{
	if (tp_json_peek(j) == TP_JSON_OBJECT)
		return tp_json_object(j);
	tp_json_skip(j);
	return false;
}

bool member_array(struct tp_json *j)
{
	if (tp_json_peek(j) == TP_JSON_ARRAY)
		return tp_json_array(j);
	tp_json_skip(j);
	return false;
}
