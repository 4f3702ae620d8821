/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_JSON_H
#define TP_JSON_H
/*
 * A JSON reader (RFC 8259) for datagrams: a cursor that is pulled over the text once.
 *
 * The caller opens an object or array, asks for the next key or item, and reads or skips its value; what it skips is checked as
 * strictly as what it reads. Strings are slices of the input; only one that has an escape and is wanted is written to the
 * arena.
 *
 * Where a string ends is looked up in a block of 64 bits, one for each octet that may end the plain part of a string. A block
 * is made from 64 octets at once and serves all the short strings in them, and the next one begins where it ends, so the
 * processor can make it before it knows where the strings are. Nothing outside the input is read: near the end the last 64
 * octets are loaded and shifted.
 *
 * The first error sticks: every later call returns false, and `error` and `error_at` say what was wrong and where:
 *   truncated    the text ended too early; error_at is its end
 *   json_syntax  at the octet that the grammar does not allow there
 *   json_string  at the octet of a control character or broken escape, the first octet of a broken UTF-8 sequence, or the backslash
 *                of a surrogate without its partner
 *   json_depth   at the bracket that is one too deep
 *   json_type    at the value that is not what the caller needs
 *   out_of_range at the number that does not fit
 * no_room stands apart: the arena was full, which says nothing about the text.
 *
 * Keys that occur twice are given twice; what that means is for the caller. Pure; any thread.
 */
#include "tp_decoder.h"

#define TP_JSON_DEPTH_MAX 32

struct tp_json {
	const uint8_t *p; /* next octet */
	const uint8_t *end;
	const uint8_t *start;
	const uint8_t *error_at;
	struct tp_arena *arena;
	/* Read together at the end, so nothing that changes all the time stands beside them: the load would have to wait for the store. */
	uint16_t error; /* enum tp_counter; 0: none */
	bool no_room;
	const uint8_t *block; /* where the block begins */
	uint64_t stops;       /* bit i: octet i of the block is a quote, backslash, control character or not ASCII */
	uint8_t depth;
	bool fresh;  /* just behind an opening bracket: no comma is due */
	bool braced; /* the text ends in a closing brace, but for white space */
};

/* A number as written: digits * 10^exponent. */
struct tp_number {
	uint64_t digits; /* the first 19 significant ones */
	int32_t exponent;
	bool negative;
	bool integral; /* no fraction and no exponent */
	bool cut;      /* there were more than 19 significant digits */
};

enum tp_json_type {
	TP_JSON_NONE, /* nothing that a value can begin with */
	TP_JSON_OBJECT,
	TP_JSON_ARRAY,
	TP_JSON_STRING,
	TP_JSON_NUMBER,
	TP_JSON_BOOL,
	TP_JSON_NULL,
};

extern const uint8_t tp_json_types[256];

void tp_json_init(struct tp_json *j, struct tp_slice text, struct tp_arena *arena);

/* Records the first error and moves to the end, so that every later call fails. Always false. */
bool tp_json_fail(struct tp_json *j, enum tp_counter reason, const uint8_t *at);
bool tp_json_full(struct tp_json *j); /* the same for a full arena */

/* Slow halves of the inline functions below. */
bool tp_json_space(struct tp_json *j);
bool tp_json_string_rest(struct tp_json *j, struct tp_slice *out, bool wanted);
bool tp_json_close(struct tp_json *j);
const uint8_t *tp_json_stop_beyond(struct tp_json *j, const uint8_t *s);

/* Moves to the next octet that is not white space; false at the end of the text. */
static inline bool tp_json_token(struct tp_json *j)
{
	if (__builtin_expect(j->p<j->end && * j->p> ' ', 1))
		return true;
	return tp_json_space(j);
}

/*
 * The first octet from s on that is a quote, backslash, control character or not ASCII; NULL where there is none. s is not
 * behind the end.
 */
static inline const uint8_t *tp_json_stop(struct tp_json *j, const uint8_t *s)
{
	size_t at = (size_t)(s - j->block);

	if (__builtin_expect(at < 64 && j->stops >> at != 0, 1))
		return s + __builtin_ctzll(j->stops >> at);
	return tp_json_stop_beyond(j, s);
}

/* Reads the string at the cursor, which stands on its quote. */
static inline bool tp_json_quoted(struct tp_json *j, struct tp_slice *out, bool wanted)
{
	const uint8_t *s = j->p + 1, *stop = tp_json_stop(j, s);

	if (__builtin_expect(stop && *stop == '"', 1)) {
		*out = (struct tp_slice){s, (uint32_t)(stop - s)};
		j->p = stop + 1;
		return true;
	}
	return tp_json_string_rest(j, out, wanted);
}

/* What the value at the cursor is, by its first octet; TP_JSON_NONE at the end of the text. */
static inline enum tp_json_type tp_json_peek(struct tp_json *j)
{
	return tp_json_token(j) ? (enum tp_json_type)tp_json_types[*j->p] : TP_JSON_NONE;
}

/* Opens the object (or array) at the cursor; json_type where there is none. Every one opened is read to its end. */
static inline bool tp_json_open(struct tp_json *j, uint8_t bracket)
{
	if (!tp_json_token(j))
		return false;
	if (*j->p != bracket)
		return tp_json_fail(j, tp_json_types[*j->p] ? TP_C_json_type : TP_C_json_syntax, j->p);
	if (j->depth == TP_JSON_DEPTH_MAX)
		return tp_json_fail(j, TP_C_json_depth, j->p);
	j->depth++;
	j->p++;
	j->fresh = true;
	return true;
}

static inline bool tp_json_object(struct tp_json *j)
{
	return tp_json_open(j, '{');
}

static inline bool tp_json_array(struct tp_json *j)
{
	return tp_json_open(j, '[');
}

/* Stands in front of the next member or item, or closes the container and returns false. */
static inline bool tp_json_next(struct tp_json *j, uint8_t bracket)
{
	if (!tp_json_token(j))
		return false;
	if (*j->p == bracket)
		return tp_json_close(j);
	if (!j->fresh) {
		if (*j->p != ',')
			return tp_json_fail(j, TP_C_json_syntax, j->p);
		j->p++;
		if (!tp_json_token(j))
			return false;
	}
	j->fresh = false;
	return true;
}

/*
 * The next key of the open object, the cursor in front of its value. False behind the last (the object is closed then) or on
 * error.
 */
static inline bool tp_json_key_as(struct tp_json *j, struct tp_slice *key, bool wanted)
{
	if (!tp_json_next(j, '}'))
		return false;
	if (*j->p != '"')
		return tp_json_fail(j, TP_C_json_syntax, j->p);
	if (!tp_json_quoted(j, key, wanted) || !tp_json_token(j))
		return false;
	if (*j->p != ':')
		return tp_json_fail(j, TP_C_json_syntax, j->p);
	j->p++;
	return tp_json_token(j);
}

static inline bool tp_json_key(struct tp_json *j, struct tp_slice *key)
{
	return tp_json_key_as(j, key, true);
}

/* The cursor in front of the next item of the open array. False behind the last (the array is closed then) or on error. */
static inline bool tp_json_item(struct tp_json *j)
{
	return tp_json_next(j, ']') && (*j->p != ']' || tp_json_fail(j, TP_C_json_syntax, j->p));
}

/* The string at the cursor, without its quotes and escapes; json_type where there is none. */
static inline bool tp_json_string(struct tp_json *j, struct tp_slice *out)
{
	enum tp_json_type type = tp_json_peek(j);

	if (__builtin_expect(type != TP_JSON_STRING, 0))
		return tp_json_fail(j, type ? TP_C_json_type : TP_C_json_syntax, j->p);
	return tp_json_quoted(j, out, true);
}

bool tp_json_bool(struct tp_json *j, bool *out);
/* The number at the cursor; json_type where there is none. */
bool tp_json_number(struct tp_json *j, struct tp_number *out);
/* Reads over the value at the cursor, checking all of it. */
bool tp_json_skip(struct tp_json *j);
/* The same, and the text of the value as it stands in the input. */
bool tp_json_raw(struct tp_json *j, struct tp_slice *out);
/* True where nothing but white space follows. To be called behind the outermost value. */
bool tp_json_end(struct tp_json *j);

/*
 * Reads a number at p. Returns the first octet behind it; or NULL, with the octet that is not allowed (`end` where the text
 * ended too early) in *bad. `end` may be p.
 */
const uint8_t *tp_number_scan(const uint8_t *p, const uint8_t *end, struct tp_number *out, const uint8_t **bad);
/*
 * As a double: correctly rounded up to 19 significant digits and exponents of ten within +-27, within one unit of the last place
 * beyond. False where it is not finite. No locale, no allocation.
 */
bool tp_number_double(const struct tp_number *n, double *out);
/* As an integer: false where it has a fraction that is not zero, or does not fit. 1.0 and 1e3 are integers. */
bool tp_number_int64(const struct tp_number *n, int64_t *out);

/* The verdict of a failed reader: `stage`, or json where the text itself is wrong. TP_DECODE_REJECTED or TP_DECODE_NO_ROOM. */
int tp_json_verdict(const struct tp_json *j, enum tp_stage stage, struct tp_verdict *verdict);

#endif
