/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * MQTT topic filters (MQTT 5, 4.7): whether a text is one, and whether one leaves anything for another. That a text is UTF-8 without control
 * characters has been checked with the document.
 */
#include <string.h>

#include "conf.h"

/* Octets of the first level. */
static size_t filter_level(const char *filter)
{
	return strcspn(filter, "/");
}

static bool filter_is(const char *level, size_t n, char wildcard)
{
	return n == 1 && level[0] == wildcard;
}

const char *conf_filter(const char *text)
{
	if (strncmp(text, "$share/", 7) == 0)
		return "a topic filter: a shared subscription is for those who subscribe";
	for (;;) {
		size_t n = filter_level(text);

		if (n > 1 && memchr(text, '#', n))
			return "'#' alone in its level";
		if (n > 1 && memchr(text, '+', n))
			return "'+' alone in its level";
		if (text[n] == '\0')
			return NULL;
		if (filter_is(text, n, '#'))
			return "'#' as the last level only";
		text += n + 1;
	}
}

const char *conf_filter_pattern(const char *text)
{
	for (const char *c = strchr(text, '%'); c; c = strchr(c + 1, '%'))
		if (!c[1] || !strchr("ucd", c[1]))
			return "%u, %c or %d behind a '%'";
	return conf_filter(text);
}

unsigned int conf_filter_levels(const char *filter, bool *more)
{
	for (unsigned int levels = 0;; levels++) {
		size_t n = filter_level(filter);

		*more = filter_is(filter, n, '#');
		if (filter[n] == '\0')
			return levels + !*more;
		filter += n + 1;
	}
}

bool conf_filter_covers(const char *a, const char *b)
{
	/* MQTT-4.7.2-1: a wildcard in front does not take topics that begin with $. */
	if (b[0] == '$' && (filter_is(a, filter_level(a), '#') || filter_is(a, filter_level(a), '+')))
		return false;
	for (;;) {
		size_t n = filter_level(a), m = filter_level(b);

		if (filter_is(a, n, '#'))
			return true;
		if (filter_is(b, m, '#') || (!filter_is(a, n, '+') && (n != m || memcmp(a, b, n) != 0)))
			return false;
		if (b[m] == '\0') /* "a/#" takes "a" too */
			return a[n] == '\0' || strcmp(a + n, "/#") == 0;
		if (a[n] == '\0')
			return false;
		a += n + 1;
		b += m + 1;
	}
}
