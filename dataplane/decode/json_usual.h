/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_JSON_USUAL_H
#define TP_JSON_USUAL_H
/*
 * Values in the form in which nearly all of them are written: no escape, ASCII, short numbers. Each function takes the place
 * where a part begins and returns the place behind it; or NULL where that part is written in any other way, right or wrong.
 * Then the functions of json.h, from the same place on, say what it is, so these here decide nothing and have no errors.
 *
 * They are for texts that end in a closing brace (tp_json.braced). They go on only from an octet that is not a brace, so they
 * need not look for the end of the text.
 */
#include "json.h"

#define JSON_USUAL_DIGITS 15 /* fewer than 2^53 says */

extern const double tp_number_tens[23];

/* A string. */
static inline __attribute__((always_inline)) const uint8_t *json_usual_text(
        struct tp_json *j, const uint8_t *p, struct tp_slice *text)
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
