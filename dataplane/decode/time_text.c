/* SPDX-License-Identifier: BSD-3-Clause */
/* A reader of time stamps: a pattern of fixed digits, then a fraction, then an offset. */
#include "time_text.h"

#define US INT64_C(1000000)

struct time_text {
	const uint8_t *p;
	const uint8_t *end;
};

/* Exactly n digits as a number from low to high. */
static bool time_digits(struct time_text *t, int n, int low, int high, int *out)
{
	*out = 0;
	if (t->end - t->p < n)
		return false;
	for (; n; n--, t->p++) {
		if ((uint8_t)(*t->p - '0') > 9)
			return false;
		*out = *out * 10 + (*t->p - '0');
	}
	return *out >= low && *out <= high;
}

static bool time_sign(struct time_text *t, char c)
{
	if (t->p == t->end || *t->p != (uint8_t)c)
		return false;
	t->p++;
	return true;
}

/* Any number of digits as a fraction of a second, in us. */
static int time_fraction(struct time_text *t)
{
	int us = 0, unit = 100000;

	for (; t->p < t->end && (uint8_t)(*t->p - '0') < 10; t->p++, unit /= 10)
		us += (*t->p - '0') * unit;
	return us;
}

/* Days from 1970-01-01 to the first of that month, in the Gregorian calendar; the year begins in March, so the leap day is its last. */
static int64_t time_days(int year, int month)
{
	int y = month <= 2 ? year - 1 : year, m = (month + 9) % 12;

	return (int64_t)y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 - 719468;
}

static int time_month_length(int year, int month)
{
	static const uint8_t lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return lengths[month - 1] + (month == 2 && leap);
}

static bool time_offset(struct time_text *t, int64_t *us)
{
	bool west;
	int h, m = 0;

	*us = 0;
	if (t->p == t->end)
		return true;
	if (time_sign(t, 'Z') || time_sign(t, 'z'))
		return t->p == t->end;
	west = *t->p == '-';
	if (!west && *t->p != '+')
		return false;
	t->p++;
	if (!time_digits(t, 2, 0, 23, &h))
		return false;
	if (t->p != t->end) {
		time_sign(t, ':');
		if (!time_digits(t, 2, 0, 59, &m))
			return false;
	}
	*us = (h * 3600 + m * 60) * US * (west ? 1 : -1);
	return t->p == t->end;
}

bool tp_time_from_text(struct tp_slice text, int64_t *us)
{
	struct time_text t = {text.p, text.p + text.n};
	int year, month, day, h, m, s, fraction = 0;
	int64_t offset;
	bool dashes, colons;

	if (!time_digits(&t, 4, 1970, 9999, &year))
		return false;
	dashes = time_sign(&t, '-');
	if (!time_digits(&t, 2, 1, 12, &month) || (dashes && !time_sign(&t, '-')) ||
	        !time_digits(&t, 2, 1, time_month_length(year, month), &day))
		return false;
	if (!time_sign(&t, 'T') && !time_sign(&t, 't') && !time_sign(&t, ' '))
		return false;
	if (!time_digits(&t, 2, 0, 23, &h))
		return false;
	colons = time_sign(&t, ':');
	if (!time_digits(&t, 2, 0, 59, &m) || (colons && !time_sign(&t, ':')) || !time_digits(&t, 2, 0, 60, &s))
		return false;
	if (time_sign(&t, '.') || time_sign(&t, ',') || !colons)
		fraction = time_fraction(&t);
	if (!time_offset(&t, &offset))
		return false;
	*us = ((time_days(year, month) + day - 1) * 86400 + h * 3600 + m * 60 + s) * US + fraction + offset;
	return true;
}

bool tp_time_from_number(const struct tp_number *number, int64_t *us)
{
	int64_t whole;
	double v;

	if (tp_number_int64(number, &whole)) {
		if (whole < 0)
			return false;
		*us = whole < INT64_C(100000000000)         ? whole * US
		      : whole < INT64_C(100000000000000)    ? whole * 1000
		      : whole < INT64_C(100000000000000000) ? whole
		                                            : whole / 1000;
		return true;
	}
	if (!tp_number_double(number, &v) || !(v >= 0 && v < 1e17))
		return false;
	*us = (int64_t)(v < 1e11 ? v * 1e6 + 0.5 : v < 1e14 ? v * 1e3 + 0.5 : v);
	return true;
}
