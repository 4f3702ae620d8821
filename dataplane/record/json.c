/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The JSON printer: walks the descriptions. Null fields are left out of the envelope and the body alike, so that a line stays readable;
 * octets are printed as hex, times as microseconds since 1970.
 */
#include "text.h"

/* ---- the bound ------------------------------------------------------------------------------------------------------------- */
static size_t json_bound_struct(const struct tp_schema *schema, const void *base);

static size_t json_bound_array(const struct tp_field *f, const void *at)
{
	const struct {
		const uint8_t *items;
		uint32_t count;
	} *array = at;
	size_t n = 2;

	for (uint32_t i = 0; i < array->count; i++)
		n += 3 + json_bound_struct(f->sub, array->items + i * f->sub->size);
	return n;
}

static size_t json_bound_value(const struct tp_field *f, const void *at)
{
	const struct tp_slice *s = at;

	switch (f->type) {
	case TP_TYPE_STR:
		return (size_t)s->n * 6 + 2;
	case TP_TYPE_BYTES:
		return (size_t)s->n * 2 + 2;
	case TP_TYPE_GROUP:
		return *(const void *const *)at ? json_bound_struct(f->sub, *(const void *const *)at) + 2 : 4;
	case TP_TYPE_ARRAY:
		return json_bound_array(f, at);
	case TP_TYPE_ENUM:
		return 64;
	default:
		return 34;
	}
}

static size_t json_bound_struct(const struct tp_schema *schema, const void *base)
{
	size_t n = 0;

	for (unsigned int i = 0; i < schema->count; i++) {
		const struct tp_field *f = &schema->fields[i];

		n += strlen(f->name) + 4 + json_bound_value(f, (const uint8_t *)base + f->offset);
	}
	return n;
}

size_t tp_record_json_bound(const struct tp_envelope *env, unsigned int kind, const void *body)
{
	return json_bound_struct(&tp_schema_envelope, env) + json_bound_struct(&tp_schema_of_kind[kind], body) + 4;
}

/* ---- the text -------------------------------------------------------------------------------------------------------------- */
static uint8_t *json_struct(uint8_t *p, const struct tp_schema *schema, const void *base);

static bool json_there(const struct tp_field *f, const void *base)
{
	const uint8_t *at = (const uint8_t *)base + f->offset;

	if (!f->optional)
		return true;
	switch (f->type) {
	case TP_TYPE_STR:
	case TP_TYPE_BYTES:
	case TP_TYPE_GROUP:
	case TP_TYPE_ARRAY: /* all start with the pointer that says so */
		return *(const void *const *)at != NULL;
	default:
		return *(const uint64_t *)base >> f->index & 1;
	}
}

static uint8_t *json_array(uint8_t *p, const struct tp_field *f, const void *at)
{
	const struct {
		const uint8_t *items;
		uint32_t count;
	} *array = at;

	*p++ = '[';
	for (uint32_t i = 0; i < array->count; i++) {
		if (i)
			*p++ = ',';
		*p++ = '{';
		p = json_struct(p, f->sub, array->items + i * f->sub->size);
		*p++ = '}';
	}
	*p++ = ']';
	return p;
}

static uint8_t *json_quoted_hex(uint8_t *p, const uint8_t *octets, size_t n)
{
	*p++ = '"';
	p = tp_text_hex(p, octets, n);
	*p++ = '"';
	return p;
}

static uint8_t *json_bool(uint8_t *p, bool v)
{
	memcpy(p, v ? "true" : "false", v ? 4 : 5);
	return p + (v ? 4 : 5);
}

static uint8_t *json_value(uint8_t *p, const struct tp_field *f, const void *at)
{
	switch (f->type) {
	case TP_TYPE_BOOL:
		return json_bool(p, *(const bool *)at);
	case TP_TYPE_INT:
		return tp_text_long(p, *(const int32_t *)at);
	case TP_TYPE_LONG:
	case TP_TYPE_TIME:
		return tp_text_long(p, *(const int64_t *)at);
	case TP_TYPE_FLOAT:
		return tp_text_double(p, *(const double *)at);
	case TP_TYPE_STR:
		return tp_text_string(p, *(const struct tp_slice *)at);
	case TP_TYPE_BYTES:
		return json_quoted_hex(p, ((const struct tp_slice *)at)->p, ((const struct tp_slice *)at)->n);
	case TP_TYPE_ID:
		return json_quoted_hex(p, at, 16);
	case TP_TYPE_ENUM:
		return tp_text_string(p, tp_slice_of(f->symbols->symbols[*(const uint8_t *)at]));
	case TP_TYPE_GROUP:
		*p++ = '{';
		p = json_struct(p, f->sub, *(const void *const *)at);
		*p++ = '}';
		return p;
	default:
		return json_array(p, f, at);
	}
}

static uint8_t *json_struct(uint8_t *p, const struct tp_schema *schema, const void *base)
{
	bool first = true;

	for (unsigned int i = 0; i < schema->count; i++) {
		const struct tp_field *f = &schema->fields[i];
		size_t n = strlen(f->name);

		if (!json_there(f, base))
			continue;
		if (!first)
			*p++ = ',';
		first = false;
		*p++ = '"';
		memcpy(p, f->name, n);
		p += n;
		*p++ = '"';
		*p++ = ':';
		p = json_value(p, f, (const uint8_t *)base + f->offset);
	}
	return p;
}

uint8_t *tp_record_json(uint8_t *out, const struct tp_envelope *env, unsigned int kind, const void *body)
{
	uint8_t *end;

	*out++ = '{';
	out = json_struct(out, &tp_schema_envelope, env);
	*out = ',';
	end = json_struct(out + 1, &tp_schema_of_kind[kind], body);
	out = end == out + 1 ? out : end; /* a body with nothing in it leaves no comma */
	*out++ = '}';
	return out;
}

/* ---- one field as text, for the alert rules ----------------------------------------------------------------------------------- */
struct tp_slice tp_field_text(const struct tp_field *f, const void *base, char *scratch)
{
	const uint8_t *at = (const uint8_t *)base + f->offset;
	uint8_t *end;

	if (!json_there(f, base))
		return (struct tp_slice){NULL, 0};
	switch (f->type) {
	case TP_TYPE_STR:
	case TP_TYPE_BYTES:
		return *(const struct tp_slice *)at;
	case TP_TYPE_ENUM:
		return tp_slice_of(f->symbols->symbols[*at]);
	case TP_TYPE_BOOL:
	case TP_TYPE_INT:
	case TP_TYPE_LONG:
	case TP_TYPE_TIME:
		end = json_value((uint8_t *)scratch, f, at);
		return (struct tp_slice){(const uint8_t *)scratch, (uint32_t)(end - (uint8_t *)scratch)};
	default:
		return (struct tp_slice){NULL, 0};
	}
}
