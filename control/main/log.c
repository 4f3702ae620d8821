/* SPDX-License-Identifier: BSD-3-Clause */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

void tp_log(const char *fmt, ...)
{
	struct timespec now;
	struct tm utc;
	char text[2048];
	va_list args;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	fprintf(stderr, "%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ %s\n", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour,
	        utc.tm_min, utc.tm_sec, now.tv_nsec / 1000000, text);
}
