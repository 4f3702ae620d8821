/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_JSON_USUAL_H
#define TP_JSON_USUAL_H
/*
 * Members in the form in which nearly all of them are written: no white space, no escape, ASCII, short numbers. Each function takes the
 * place where a part begins and returns the place behind it; or NULL where that part is written in any other way, right or wrong. Then
 * the functions of json.h, from the same place on, say what it is, so these here decide nothing and have no errors.
 *
 * They are for texts that end in a closing brace (tp_json.braced). They go on only from an octet that is not a brace, so they need not look
 * for the end of the text.
 */
#include "json.h"

#define JSON_USUAL_DIGITS 15 /* fewer than 2^53 says */

extern const double tp_number_tens[23];

/* The key of a member that is not the first of its object, `,"key":`. p is where the member in front of it ends. */
static inline __attribute__((always_inline)) const uint8_t *json_usual_key(struct tp_json *j, const uint8_t *p, struct tp_slice *key)
{
	const uint8_t *stop;

	if (p == j->end || p[0] != ',' || p[1] != '"')
		return NULL;
	stop = tp_json_stop(j, p + 2);
	if (!stop || stop[0] != '"' || stop[1] != ':')
		return NULL;
	*key = (struct tp_slice){p + 2, (uint32_t)(stop - (p + 2))};
	return stop + 2;
}

/*
 * To be called when a key was recognised as one of `length` octets, a number that does not come from the input. The result is `value`, where the
 * key ends; but the processor need not wait for the search of that place to go on from there, as it has predicted the branch that found the
 * key. The instruction keeps the compiler from seeing that nothing changes.
 */
static inline __attribute__((always_inline)) const uint8_t *json_usual_known(
        const struct tp_slice *key, size_t length, const uint8_t *value)
{
	if (__builtin_expect(key->p + length + 2 == value, 1))
		__asm__("lea 2(%1, %2), %0" : "=r"(value) : "r"(key->p), "r"(length));
	return value;
}

/* A string. */
static inline __attribute__((always_inline)) const uint8_t *json_usual_text(struct tp_json *j, const uint8_t *p, struct tp_slice *text)
{
	const uint8_t *stop;

	if (p[0] != '"')
		return NULL;
	stop = tp_json_stop(j, p + 1);
	if (!stop || stop[0] != '"')
		return NULL;
	*text = (struct tp_slice){p + 1, (uint32_t)(stop - (p + 1))};
	return stop + 1;
}

/* A number without exponent. Both operands of the division are exact, so its result is correctly rounded. */
static inline __attribute__((always_inline)) const uint8_t *json_usual_number(const uint8_t *p, double *v)
{
	bool negative = *p == '-';
	const uint8_t *first = p + negative, *whole;
	uint64_t digits = 0;
	unsigned int fraction = 0;
	uint8_t d;

	for (p = first; (d = (uint8_t)(*p - '0')) < 10; p++)
		digits = digits * 10 + d;
	whole = p;
	if (whole == first || (*first == '0' && whole != first + 1))
		return NULL;
	if (*p == '.') {
		for (p++; (d = (uint8_t)(*p - '0')) < 10; p++)
			digits = digits * 10 + d;
		fraction = (unsigned int)(p - whole) - 1;
		if (fraction == 0)
			return NULL;
	}
	if (p - first > JSON_USUAL_DIGITS || (*p | 0x20) == 'e')
		return NULL;
	*v = (double)(int64_t)digits / tp_number_tens[fraction];
	if (negative)
		*v = -*v;
	return p;
}

#endif
