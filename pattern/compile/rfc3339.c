/* SPDX-License-Identifier: BSD-3-Clause */
#include "compile/rfc3339.h"

struct reader {
	const uint8_t *p, *end;
};

static bool rfc3339_digits(struct reader *r, unsigned int n, int64_t low, int64_t high, int64_t *value)
{
	*value = 0;
	if ((size_t)(r->end - r->p) < n)
		return false;
	for (; n > 0; n--, r->p++) {
		if (*r->p < '0' || *r->p > '9')
			return false;
		*value = *value * 10 + (*r->p - '0');
	}
	return *value >= low && *value <= high;
}

static bool rfc3339_one_of(struct reader *r, uint8_t a, uint8_t b)
{
	if (r->p == r->end || (*r->p != a && *r->p != b))
		return false;
	r->p++;
	return true;
}

static bool rfc3339_leap_year(int64_t year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* Leap days before 1 January of the year (0..9999), counted from the year 0. */
static int64_t rfc3339_leap_days(int64_t year)
{
	return year == 0 ? 0 : (year - 1) / 4 - (year - 1) / 100 + (year - 1) / 400 + 1;
}

static bool rfc3339_date(struct reader *r, int64_t *days)
{
	static const int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365};
	int64_t year, month, day, length;

	if (!rfc3339_digits(r, 4, 0, 9999, &year) || !rfc3339_one_of(r, '-', '-') || !rfc3339_digits(r, 2, 1, 12, &month) ||
	        !rfc3339_one_of(r, '-', '-') || !rfc3339_digits(r, 2, 1, 31, &day))
		return false;
	length = before[month] - before[month - 1] + (month == 2 && rfc3339_leap_year(year));
	*days = (year - 1970) * 365 + rfc3339_leap_days(year) - rfc3339_leap_days(1970) + before[month - 1] +
	        (month > 2 && rfc3339_leap_year(year)) + day - 1;
	return day <= length;
}

/* Digits of a fraction, at least one, as microseconds. */
static bool rfc3339_fraction(struct reader *r, int64_t *us)
{
	const uint8_t *start = r->p;

	for (int64_t unit = 100000; r->p < r->end && *r->p >= '0' && *r->p <= '9'; r->p++, unit /= 10)
		*us += unit * (*r->p - '0');
	return r->p > start;
}

static bool rfc3339_time(struct reader *r, int64_t *us)
{
	int64_t hour, minute, second, fraction = 0;

	if (!rfc3339_digits(r, 2, 0, 23, &hour) || !rfc3339_one_of(r, ':', ':') || !rfc3339_digits(r, 2, 0, 59, &minute) ||
	        !rfc3339_one_of(r, ':', ':') || !rfc3339_digits(r, 2, 0, 60, &second))
		return false;
	if (rfc3339_one_of(r, '.', '.') && !rfc3339_fraction(r, &fraction))
		return false;
	*us = ((hour * 60 + minute) * 60 + second) * 1000000 + fraction;
	return true;
}

static bool rfc3339_offset(struct reader *r, int64_t *us)
{
	int64_t hour, minute, sign;

	*us = 0;
	if (r->p == r->end || rfc3339_one_of(r, 'Z', 'z'))
		return true;
	sign = *r->p == '-' ? -1 : 1;
	if (!rfc3339_one_of(r, '+', '-') || !rfc3339_digits(r, 2, 0, 23, &hour) || !rfc3339_one_of(r, ':', ':') ||
	        !rfc3339_digits(r, 2, 0, 59, &minute))
		return false;
	*us = sign * (hour * 60 + minute) * 60 * 1000000;
	return true;
}

bool rfc3339_parse(const uint8_t *p, size_t n, int64_t *us)
{
	struct reader r = {.p = p, .end = p + n};
	int64_t days, time = 0, offset = 0;

	if (!rfc3339_date(&r, &days))
		return false;
	if (r.p < r.end) {
		if (!rfc3339_one_of(&r, 'T', 't') && !rfc3339_one_of(&r, ' ', ' '))
			return false;
		if (!rfc3339_time(&r, &time) || !rfc3339_offset(&r, &offset) || r.p != r.end)
			return false;
	}
	*us = days * INT64_C(86400000000) + time - offset;
	return true;
}
