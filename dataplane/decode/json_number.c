/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Decimal numbers without locale and allocation.
 *
 * Up to 2^53 and 10^22 one division or multiplication of two exact doubles is correctly rounded. Up to 19 digits and 10^27 the
 * quotient or product is exact in 128 bits (5^27 < 2^63) with a remainder that says on which side of it the value lies, and is rounded once.
 * Beyond, which no device has a reason to send, 80-bit arithmetic is within one unit of the last place.
 */
#include <math.h>

#include "json_usual.h"

typedef unsigned __int128 u128;

#define EXACT_POWERS 27 /* of five, in 64 bits */

const double tp_number_tens[23] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17,
        1e18, 1e19, 1e20, 1e21, 1e22};

static inline const uint8_t *number_digits(const uint8_t *p, const uint8_t *end, uint64_t *digits)
{
	for (; p < end && (uint8_t)(*p - '0') < 10; p++)
		*digits = *digits * 10 + (uint8_t)(*p - '0');
	return p;
}

/* Long numbers again: 19 significant digits of those in p..end, which may hold one point; the exponent grows by what is left out. */
static __attribute__((cold)) void number_long(const uint8_t *p, const uint8_t *end, struct tp_number *out)
{
	unsigned int kept = 0;
	bool fraction = false;

	out->digits = 0;
	out->exponent = 0;
	for (; p < end; p++) {
		if (*p == '.') {
			fraction = true;
			continue;
		}
		if (kept == 19) {
			out->cut |= *p != '0';
			out->exponent += !fraction;
			continue;
		}
		out->digits = out->digits * 10 + (uint8_t)(*p - '0');
		out->exponent -= fraction;
		kept += out->digits != 0;
	}
}

static const uint8_t *number_exponent(const uint8_t *p, const uint8_t *end, struct tp_number *out, const uint8_t **bad)
{
	bool negative = false;
	const uint8_t *first;
	int32_t e = 0;

	if (p < end && (*p == '+' || *p == '-'))
		negative = *p++ == '-';
	for (first = p; p < end && (uint8_t)(*p - '0') < 10; p++)
		if (e < 1000000)
			e = e * 10 + (*p - '0');
	*bad = p;
	if (p == first)
		return NULL;
	out->exponent += negative ? -e : e;
	return p;
}

const uint8_t *tp_number_scan(const uint8_t *p, const uint8_t *end, struct tp_number *out, const uint8_t **bad)
{
	const uint8_t *first, *whole, *last;

	*out = (struct tp_number){.integral = true};
	if (p < end && *p == '-') {
		out->negative = true;
		p++;
	}
	first = p;
	/* A leading zero stands alone. */
	p = p < end && *p == '0' ? p + 1 : number_digits(p, end, &out->digits);
	*bad = p;
	if (p == first)
		return NULL;
	last = p;
	if (p < end && *p == '.') {
		whole = p + 1;
		p = number_digits(whole, end, &out->digits);
		*bad = p;
		if (p == whole)
			return NULL;
		out->exponent = (int32_t)(whole - p);
		out->integral = false;
		last = p;
	}
	if (__builtin_expect(last - first > 19, 0))
		number_long(first, last, out);
	if (__builtin_expect(p < end && (*p | 0x20) == 'e', 0)) {
		out->integral = false;
		return number_exponent(p + 1, end, out, bad);
	}
	return p;
}

static uint64_t number_five(unsigned int power)
{
	uint64_t five = 1;

	while (power--)
		five *= 5;
	return five;
}

static unsigned int number_bits(u128 v)
{
	uint64_t high = (uint64_t)(v >> 64);

	return high ? 128 - (unsigned int)__builtin_clzll(high) : 64 - (unsigned int)__builtin_clzll((uint64_t)v);
}

/* v * 2^e rounded to nearest, ties to even; `more` where the value lies a little above v. v != 0 and has more than 54 bits or is exact. */
static double number_round(u128 v, int e, bool more)
{
	unsigned int bits = number_bits(v), drop = bits > 53 ? bits - 53 : 0;
	uint64_t kept = (uint64_t)(v >> drop);

	if (drop) {
		u128 rest = v & (((u128)1 << drop) - 1), half = (u128)1 << (drop - 1);

		if (rest > half || (rest == half && (more || (kept & 1))))
			kept++;
	}
	return ldexp((double)kept, e + (int)drop);
}

/* digits * 10^exponent, exponent within +-EXACT_POWERS. */
static double number_exact(uint64_t digits, int exponent)
{
	unsigned int shift;
	u128 high;
	uint64_t five;

	if (exponent >= 0)
		return number_round((u128)digits * number_five((unsigned int)exponent), exponent, false);
	five = number_five((unsigned int)-exponent);
	shift = 128 - number_bits(digits);
	high = (u128)digits << shift;
	return number_round(high / five, exponent - (int)shift, high % five != 0);
}

static double number_wide(uint64_t digits, int exponent)
{
	long double v = digits, ten = 10;
	unsigned int left = (unsigned int)(exponent < 0 ? -exponent : exponent);

	if (left > 5000)
		left = 5000;
	for (; left; left >>= 1, ten *= ten)
		if (left & 1)
			v = exponent < 0 ? v / ten : v * ten;
	return (double)v;
}

bool tp_number_double(const struct tp_number *n, double *out)
{
	int e = n->exponent;
	double v;

	if (__builtin_expect(n->digits < UINT64_C(1) << 53 && e >= -22 && e <= 22, 1))
		v = e < 0 ? (double)n->digits / tp_number_tens[-e] : (double)n->digits * tp_number_tens[e];
	else if (n->digits == 0)
		v = 0;
	else if (e >= -EXACT_POWERS && e <= EXACT_POWERS)
		v = number_exact(n->digits, e);
	else
		v = number_wide(n->digits, e);
	*out = n->negative ? -v : v;
	return isfinite(v);
}

/* Takes the fraction out of a number like 12.0 or 1.2e1; false where it is not zero or the value does not fit. */
static bool number_whole(const struct tp_number *n, uint64_t *digits)
{
	int e = n->exponent;

	*digits = n->digits;
	if (*digits == 0)
		return true;
	for (; e < 0; e++) {
		if (*digits % 10)
			return false;
		*digits /= 10;
	}
	for (; e > 0; e--)
		if (__builtin_mul_overflow(*digits, 10, digits))
			return false;
	return true;
}

bool tp_number_int64(const struct tp_number *n, int64_t *out)
{
	uint64_t digits;

	if (n->cut || !number_whole(n, &digits) || digits > (uint64_t)INT64_MAX + n->negative)
		return false;
	*out = n->negative ? (int64_t)(0 - digits) : (int64_t)digits;
	return true;
}
