/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_PATTERN_RFC3339_H
#define TP_PATTERN_RFC3339_H
/*
 * RFC 3339 full-date or date-time (a space or a small t for the T, a small z for the Z) -> microseconds since 1970-01-01T00:00:00Z.
 * No offset means UTC; a date is its midnight; what is finer than a microsecond is cut off; second 60 is the one after 59. Years
 * 0000 to 9999.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* False: not such a text, from the first to the last octet, or a day that is not in the calendar. */
bool rfc3339_parse(const uint8_t *p, size_t n, int64_t *us);

#endif
