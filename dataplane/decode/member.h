/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_MEMBER_H
#define TP_MEMBER_H
/*
 * Members of JSON objects that go into one field of a record each, described by a table row: which field, of what type, within
 * which limits. Devices are free with types, so text may be written as a number and a number or truth value as text. null and
 * "" leave the field as it is; where a key occurs twice, the last value that is not null counts.
 */
#include <immintrin.h>

#include "json.h"

enum member_type {
	MEMBER_OTHER, /* not a plain field */
	MEMBER_TEXT,
	MEMBER_FLOAT,
	MEMBER_INT,
	MEMBER_LONG,
	MEMBER_ENUM,
	MEMBER_BOOL,
};

struct member {
	uint8_t type;        /* enum member_type */
	uint8_t bit;         /* of the field in `has` */
	uint16_t offset;     /* of the field in the struct */
	float min, max;      /* FLOAT, INT: what is out_of_range; both 0: anything */
	bool percent;        /* FLOAT: written as 0..100 for 0..1 */
	const char *symbols; /* ENUM: each with its NUL, an empty one behind the last */
};

/* Rows: record kind (or nested struct), field. */
#define MEMBER_ROW(kind, field, kind_of_member)                                                                                    \
	.type = kind_of_member, .bit = TP_F_##kind##_##field, .offset = offsetof(struct tp_##kind, field)
#define MEMBER_TEXT_OF(kind, field)                                                                                                \
	{                                                                                                                          \
		MEMBER_ROW(kind, field, MEMBER_TEXT)                                                                               \
	}
#define MEMBER_LONG_OF(kind, field)                                                                                                \
	{                                                                                                                          \
		MEMBER_ROW(kind, field, MEMBER_LONG)                                                                               \
	}
#define MEMBER_SYMBOL(E, symbol) #symbol "\0"
#define MEMBER_ENUM_OF(kind, field, E)                                                                                             \
	{                                                                                                                          \
		MEMBER_ROW(kind, field, MEMBER_ENUM), .symbols = TP_SYMBOLS_##E(MEMBER_SYMBOL, E)                                  \
	}
#define MEMBER_BOOL_OF(kind, field)                                                                                                \
	{                                                                                                                          \
		MEMBER_ROW(kind, field, MEMBER_BOOL)                                                                               \
	}
#define MEMBER_FLOAT_OF(kind, field, low, high)                                                                                    \
	{                                                                                                                          \
		MEMBER_ROW(kind, field, MEMBER_FLOAT), .min = low, .max = high                                                     \
	}
#define MEMBER_INT_OF(kind, field, low, high)                                                                                      \
	{                                                                                                                          \
		MEMBER_ROW(kind, field, MEMBER_INT), .min = low, .max = high                                                       \
	}
/* 0..1, or per cent as 0..1. */
#define MEMBER_RATIO_OF(kind, field) MEMBER_FLOAT_OF(kind, field, 0, 1)
#define MEMBER_PERCENT_OF(kind, field)                                                                                             \
	{                                                                                                                          \
		MEMBER_ROW(kind, field, MEMBER_FLOAT), .min = 0, .max = 1, .percent = true                                         \
	}

/*
 * Clears a struct of at least 32 octets. The compiler turns an assignment, and a plain loop too, into `rep stos`, which takes
 * longer to start than a few hundred octets take to clear.
 */
static inline __attribute__((always_inline)) void member_clear(void *p, size_t n)
{
	const __m256i zero = _mm256_setzero_si256();
	uint8_t *at = p;

	/* The empty instructions keep it a loop of stores. */
	for (; n >= 128; n -= 128, at += 128) {
		__asm__("" : "+r"(at));
		for (unsigned int i = 0; i < 128; i += 32)
			_mm256_storeu_si256((__m256i *)(at + i), zero);
	}
	for (; n >= 32; n -= 32, at += 32) {
		__asm__("" : "+r"(at));
		_mm256_storeu_si256((__m256i *)at, zero);
	}
	_mm256_storeu_si256((__m256i *)(at + n - 32), zero);
}

/* True where the key is that literal; the length is compared first. */
#define KEY_IS(key, literal) ((key).n == sizeof(literal) - 1 && memcmp((key).p, literal, sizeof(literal) - 1) == 0)

/* Puts a number into a FLOAT of `base`; false where it is out of range. */
static inline bool member_set_float(const struct member *m, double v, void *base)
{
	if (m->percent)
		v /= 100;
	if (m->min < m->max && !(v >= (double)m->min && v <= (double)m->max))
		return false;
	*(double *)((uint8_t *)base + m->offset) = v;
	*(uint64_t *)base |= UINT64_C(1) << m->bit;
	return true;
}

/*
 * Reads the value at the cursor into the field of `base`, a struct that begins with `has`. False with j failed: json_type,
 * out_of_range, or an error of the text.
 */
bool member_read(struct tp_json *j, const struct member *m, void *base);

/* Text; a number as it is written. p == NULL for null and "". */
bool member_text(struct tp_json *j, struct tp_slice *out);

/* A number or a number as text. *there is false for null and "". */
bool member_number(struct tp_json *j, struct tp_number *out, bool *there);

/* A point in time, as text or number. Where it cannot be understood, *there is false and *text what was written. */
bool member_time(struct tp_json *j, int64_t *us, bool *there, struct tp_slice *text);

/* Opens the object (array) at the cursor; anything else is skipped. True where it was opened. */
bool member_object(struct tp_json *j);
bool member_array(struct tp_json *j);

#endif
