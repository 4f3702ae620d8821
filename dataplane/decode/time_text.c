/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A reader of time stamps: a pattern of fixed digits, then a fraction, then an offset. The pattern of RFC 3339 is what devices
 * send, so it is read all at once: its fourteen digits are moved together and become seven numbers by one multiplication. What
 * is not in that pattern, and what it holds that is out of range, goes through the reader that takes one number after the
 * other. The usual time of a live event, in milliseconds and of the same minute as the one before, needs only its seconds to be
 * read.
 */
#include <immintrin.h>

#include "time_text.h"

#define US          INT64_C(1000000)
#define TIME_USUAL  19 /* octets of YYYY-MM-DDTHH:MM:SS */
#define TIME_MINUTE 16 /* without the seconds */

/* The minute that was read last in the usual pattern: live events are of one minute. Nothing but time depends on it. */
static _Thread_local struct {
	uint8_t text[TIME_MINUTE];
	int64_t us; /* where it begins */
} time_minute;

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

/*
 * Any number of digits as a fraction of a second, in us. The text before the fraction has more than eight octets, so eight
 * octets can be looked at however few there are left; zeros come in from behind, and end the digits like anything else that is
 * none. The digits, made eight by zeros, become pairs, then pairs of pairs, then one number.
 */
static inline int time_fraction(struct time_text *t)
{
	size_t left = (size_t)(t->end - t->p);
	uint64_t v, other;

	if (left == 0)
		return 0;
	memcpy(&v, left < 8 ? t->end - 8 : t->p, 8);
	v = (left < 8 ? v >> (64 - 8 * left) : v) ^ UINT64_C(0x3030303030303030);
	other = ((v + UINT64_C(0x7676767676767676)) | v) & UINT64_C(0x8080808080808080);
	if (other) {
		unsigned int digits = (unsigned int)__builtin_ctzll(other) / 8;

		v = _bzhi_u64(v, digits * 8);
		t->p += digits;
	} else {
		for (t->p += 8; t->p < t->end && (uint8_t)(*t->p - '0') < 10;)
			t->p++;
	}
	v = v * 10 + (v >> 8);
	v = (v & UINT64_C(0xff000000ff)) * (100 + (UINT64_C(1000000) << 32)) +
	    (v >> 16 & UINT64_C(0xff000000ff)) * (1 + (UINT64_C(10000) << 32));
	return (int)((v >> 32) / 100);
}

/*
 * Days from 1970-01-01 to the first of that month, in the Gregorian calendar; the year begins in March, so the leap day is its
 * last.
 */
static int64_t time_days(int year, int month)
{
	static const uint16_t before[] = {306, 337, 0, 31, 61, 92, 122, 153, 184, 214, 245, 275};
	unsigned int y = (unsigned int)year - (month <= 2);

	return (int64_t)(y * 365 + y / 4 - y / 100 + y / 400 + before[month - 1]) - 719468;
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
	if (t->end - t->p == 1)
		return (*t->p | 0x20) == 'z';
	if (t->p == t->end)
		return true;
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

static bool time_by_parts(struct time_text *t, int64_t *us)
{
	int year, month, day, h, m, s, fraction = 0;
	int64_t offset;
	bool dashes, colons;

	if (!time_digits(t, 4, 1970, 9999, &year))
		return false;
	dashes = time_sign(t, '-');
	if (!time_digits(t, 2, 1, 12, &month) || (dashes && !time_sign(t, '-')) ||
	        !time_digits(t, 2, 1, time_month_length(year, month), &day))
		return false;
	if (!time_sign(t, 'T') && !time_sign(t, 't') && !time_sign(t, ' '))
		return false;
	if (!time_digits(t, 2, 0, 23, &h))
		return false;
	colons = time_sign(t, ':');
	if (!time_digits(t, 2, 0, 59, &m) || (colons && !time_sign(t, ':')) || !time_digits(t, 2, 0, 60, &s))
		return false;
	if (time_sign(t, '.') || time_sign(t, ',') || !colons)
		fraction = time_fraction(t);
	if (!time_offset(t, &offset))
		return false;
	*us = ((time_days(year, month) + day - 1) * 86400 + h * 3600 + m * 60 + s) * US + fraction + offset;
	return true;
}

/* YYYY-MM-DDTHH:MM:SS, 19 octets, as seconds; false where they are anything else. */
static inline bool time_usual(const uint8_t *p, int64_t *seconds)
{
	const __m128i order = _mm_setr_epi8(0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, -1, -1, -1, -1);
	const __m128i tens = _mm_setr_epi8(10, 1, 10, 1, 10, 1, 10, 1, 10, 1, 10, 1, 10, 1, 10, 1);
	const __m128i low = _mm_setr_epi16(19, 0, 1, 1, 0, 0, 0, 0), high = _mm_setr_epi16(99, 99, 12, 31, 23, 59, 60, 0);
	__m128i text = _mm_loadu_si128((const __m128i *)p), digits, v, bad;
	__m128i signs = _mm_cmpeq_epi8(text, _mm_setr_epi8(0, 0, 0, 0, '-', 0, 0, '-', 0, 0, 'T', 0, 0, ':', 0, 0));
	const __m128i units = _mm_setr_epi16(100, 1, 0, 1, 3600, 60, 1, 0);
	uint32_t month, day, year;
	uint64_t date, clock;
	uint16_t last;

	memcpy(&last, p + 17, 2);
	digits = _mm_insert_epi16(_mm_shuffle_epi8(text, order), last, 6);
	digits = _mm_sub_epi8(digits, _mm_setr_epi8('0', '0', '0', '0', '0', '0', '0', '0', '0', '0', '0', '0', '0', '0', 0, 0));
	v = _mm_maddubs_epi16(digits, tens);
	bad = _mm_or_si128(_mm_cmpgt_epi16(low, v), _mm_cmpgt_epi16(v, high));
	bad = _mm_or_si128(bad, _mm_cmpgt_epi8(digits, _mm_set1_epi8(9)));
	bad = _mm_or_si128(bad, _mm_cmpgt_epi8(_mm_setzero_si128(), digits));
	if (_mm_movemask_epi8(signs) != (1 << 4 | 1 << 7 | 1 << 10 | 1 << 13) || p[16] != ':' || !_mm_testz_si128(bad, bad))
		return false;
	month = (uint32_t)_mm_extract_epi16(v, 2);
	v = _mm_madd_epi16(v, units); /* year, day, seconds of whole minutes, seconds */
	date = (uint64_t)_mm_cvtsi128_si64(v);
	clock = (uint64_t)_mm_extract_epi64(v, 1);
	year = (uint32_t)date;
	day = (uint32_t)(date >> 32);
	*seconds = (time_days((int)year, (int)month) + day - 1) * 86400 + (uint32_t)clock + (uint32_t)(clock >> 32);
	return year >= 1970 && (day <= 28 || (int)day <= time_month_length((int)year, (int)month));
}

/* `:SS.mmmZ` as milliseconds; false where it is anything else. */
static inline bool time_milliseconds(const uint8_t *p, uint32_t *ms)
{
	uint64_t v, other;
	uint32_t s, thousandths;

	memcpy(&v, p, 8);
	v ^= UINT64_C(0x5a3030302e30303a);
	/* The high bit of each octet says that it is no digit, or not the sign it has to be. */
	other = (v + UINT64_C(0x7f7676767f76767f)) | v;
	s = (uint32_t)(v >> 8 & 0xff) * 10 + (uint32_t)(v >> 16 & 0xff);
	thousandths = (uint32_t)(v >> 32 & 0xff) * 100 + (uint32_t)(v >> 40 & 0xff) * 10 + (uint32_t)(v >> 48 & 0xff);
	*ms = s * 1000 + thousandths;
	return (other & UINT64_C(0x8080808080808080)) == 0 && s <= 60;
}

static __attribute__((noinline)) bool time_any(struct tp_slice text, int64_t *us)
{
	struct time_text t = {text.p, text.p + text.n};
	int fraction = 0;
	int64_t seconds, offset;

	if (text.n < TIME_USUAL || !time_usual(text.p, &seconds))
		return time_by_parts(&t, us);
	memcpy(time_minute.text, text.p, TIME_MINUTE);
	time_minute.us = (seconds - (text.p[17] - '0') * 10 - (text.p[18] - '0')) * US;
	t.p += TIME_USUAL;
	if (time_sign(&t, '.') || time_sign(&t, ','))
		fraction = time_fraction(&t);
	offset = 0;
	if (!(t.end - t.p == 1 && *t.p == 'Z') && !time_offset(&t, &offset))
		return false;
	*us = seconds * US + fraction + offset;
	return true;
}

bool tp_time_from_text(struct tp_slice text, int64_t *us)
{
	uint32_t ms;

	if (text.n == TIME_MINUTE + 8 && memcmp(text.p, time_minute.text, TIME_MINUTE) == 0 &&
	        time_milliseconds(text.p + TIME_MINUTE, &ms)) {
		*us = time_minute.us + (int64_t)ms * 1000;
		return true;
	}
	return time_any(text, us);
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
