/* SPDX-License-Identifier: BSD-3-Clause */
/* Times of J2735 are parts of a date; what is missing comes from the arrival: whatever puts the message nearest to it. */
#include <stdlib.h>

#include "j2735.h"

#define US_SECOND INT64_C(1000000)
#define US_MINUTE (60 * US_SECOND)
#define US_DAY    (1440 * US_MINUTE)

/* Days from 1970-01-01 to January 1 of the year, in the Gregorian calendar; year > 0. */
static int64_t time_days_of_year(int64_t year)
{
	int64_t y = year - 1;

	return 365 * (year - 1970) + (y / 4 - 1969 / 4) - (y / 100 - 1969 / 100) + (y / 400 - 1969 / 400);
}

static bool time_is_leap(int64_t year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* The year of a time from 1970 to 9999. */
static int64_t time_year(int64_t us)
{
	int64_t days = us / US_DAY;
	int64_t year = 1970 + days * 400 / 146097; /* at most one off */

	if (time_days_of_year(year) > days)
		return year - 1;
	return time_days_of_year(year + 1) <= days ? year + 1 : year;
}

static void time_set(struct tp_record *rec, int64_t us)
{
	rec->device_time = us;
	rec->has_device_time = 1;
}

void j2735_time_of_second(struct tp_record *rec, uint32_t second)
{
	int64_t us = rec->received_at - rec->received_at % US_MINUTE + second * INT64_C(1000);

	if (second > J2735_SECOND_MAX)
		return;
	if (us - rec->received_at > US_MINUTE / 2)
		us -= US_MINUTE;
	else if (rec->received_at - us > US_MINUTE / 2)
		us += US_MINUTE;
	time_set(rec, us);
}

void j2735_time_of_minute(struct tp_record *rec, uint32_t minute, uint32_t second)
{
	int64_t year, us = INT64_MIN;

	if (second > J2735_SECOND_MAX)
		return;
	if (minute >= J2735_MINUTE_UNAVAILABLE) {
		j2735_time_of_second(rec, second);
		return;
	}
	year = time_year(rec->received_at);
	for (int64_t y = year - 1; y <= year + 1; y++) {
		int64_t t = time_days_of_year(y) * US_DAY + minute * US_MINUTE + second * INT64_C(1000);

		if (us == INT64_MIN || llabs(t - rec->received_at) < llabs(us - rec->received_at))
			us = t;
	}
	time_set(rec, us);
}

void j2735_time_of_date(struct tp_record *rec, const struct tp_bsm_date_time *d)
{
	static const uint16_t days_before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
	const uint64_t need = TP_HAS(bsm_date_time, year) | TP_HAS(bsm_date_time, month) | TP_HAS(bsm_date_time, day) |
	                      TP_HAS(bsm_date_time, hour) | TP_HAS(bsm_date_time, minute) | TP_HAS(bsm_date_time, second);
	int64_t days, us;

	if ((d->has & need) != need || d->year < 1970 || d->month < 1 || d->month > 12 || d->day < 1 || d->hour > 23 ||
	        d->minute > 59 || d->second > J2735_SECOND_MAX)
		return;
	days = time_days_of_year(d->year) + days_before[d->month - 1] + (d->month > 2 && time_is_leap(d->year)) + d->day - 1;
	us = days * US_DAY + (d->hour * 60 + d->minute) * US_MINUTE + d->second * INT64_C(1000);
	if (d->has & TP_HAS(bsm_date_time, offset))
		us -= d->offset * US_MINUTE;
	time_set(rec, us);
}
