/* SPDX-License-Identifier: BSD-3-Clause */
/* Values as people read them. Whatever comes from the other side is text for a terminal: control characters are shown as ?. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli.h"

/* 1234567 as 1,234,567. */
static void value_count(int64_t n, char *text, size_t len)
{
	char digits[32];
	size_t used = 0, left;

	snprintf(digits, sizeof(digits), "%" PRId64, n);
	left = strlen(digits);
	for (const char *d = digits; *d && used + 1 < len; d++) {
		text[used++] = *d;
		left--;
		if (*d != '-' && left && left % 3 == 0 && used + 1 < len)
			text[used++] = ',';
	}
	text[used] = '\0';
}

static void value_rate(double rate, char *text, size_t len)
{
	if (fabs(rate) >= 100 || rate == 0)
		value_count((int64_t)llround(rate), text, len);
	else
		snprintf(text, len, "%.1f", rate);
}

static void value_octets(double octets, char *text, size_t len)
{
	static const char *const names[] = {"octets", "KiB", "MiB", "GiB", "TiB", "PiB"};
	unsigned int i = 0;

	while (fabs(octets) >= 1024 && i + 1 < sizeof(names) / sizeof(names[0])) {
		octets /= 1024;
		i++;
	}
	snprintf(text, len, i ? "%.1f %s" : "%.0f %s", octets, names[i]);
}

static void value_seconds(double seconds, char *text, size_t len)
{
	int64_t s = (int64_t)seconds;

	if (seconds < 60)
		snprintf(text, len, seconds < 10 ? "%.3f s" : "%.1f s", seconds);
	else if (s < 3600)
		snprintf(text, len, "%" PRId64 " min %" PRId64 " s", s / 60, s % 60);
	else if (s < 86400)
		snprintf(text, len, "%" PRId64 " h %" PRId64 " min", s / 3600, s % 3600 / 60);
	else
		snprintf(text, len, "%" PRId64 " d %" PRId64 " h", s / 86400, s % 86400 / 3600);
}

static void value_time(int64_t us, char *text, size_t len)
{
	time_t seconds = (time_t)(us / 1000000);
	struct tm utc;
	size_t n;

	if (us == 0 || !gmtime_r(&seconds, &utc)) {
		snprintf(text, len, "-");
		return;
	}
	n = strftime(text, len, "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(text + n, len - n, ".%03dZ", (int)(us % 1000000 / 1000));
}

static void value_number(const json_t *value, const char *unit, char *text, size_t len)
{
	double real = json_number_value(value);

	if (strcmp(unit, "rate") == 0)
		value_rate(real, text, len);
	else if (strcmp(unit, "octets") == 0)
		value_octets(real, text, len);
	else if (strcmp(unit, "share") == 0)
		snprintf(text, len, "%.1f %%", real * 100);
	else if (strcmp(unit, "seconds") == 0)
		value_seconds(real, text, len);
	else if (strcmp(unit, "time") == 0)
		value_time(json_integer_value(value), text, len);
	else if (strcmp(unit, "count") == 0 && json_is_integer(value))
		value_count(json_integer_value(value), text, len);
	else if (json_is_integer(value))
		snprintf(text, len, "%" PRId64, (int64_t)json_integer_value(value));
	else
		snprintf(text, len, "%.6g", real);
}

/* Also C1 controls, which UTF-8 writes as 0xc2 0x80 to 0xc2 0x9f: some terminals obey them. */
static void value_clean(char *text)
{
	for (unsigned char *c = (unsigned char *)text; *c; c++) {
		if (*c < 0x20 || *c == 0x7f)
			*c = '?';
		else if (*c == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0)
			c[0] = c[1] = '?';
	}
}

/* Cut at a whole character. */
static void value_text(const char *from, char *text, size_t len)
{
	size_t n = strlen(from);

	if (n >= len) {
		n = len - 1;
		while (n && ((unsigned char)from[n] & 0xc0) == 0x80)
			n--;
	}
	memcpy(text, from, n);
	text[n] = '\0';
}

void cli_value(const json_t *value, const char *unit, char *text, size_t len)
{
	char *dump;

	if (!value || json_is_null(value)) {
		snprintf(text, len, "-");
	} else if (json_is_string(value)) {
		value_text(json_string_value(value), text, len);
	} else if (json_is_boolean(value)) {
		snprintf(text, len, "%s", json_is_true(value) ? "yes" : "no");
	} else if (json_is_number(value)) {
		value_number(value, unit, text, len);
	} else {
		dump = json_dumps(value, JSON_COMPACT);
		value_text(dump ? dump : "-", text, len);
		free(dump);
	}
	value_clean(text);
}

unsigned int cli_width(const char *text)
{
	unsigned int n = 0;

	for (const unsigned char *c = (const unsigned char *)text; *c; c++)
		n += (*c & 0xc0) != 0x80;
	return n;
}
