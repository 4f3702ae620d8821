/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_TIME_TEXT_H
#define TP_TIME_TEXT_H
/* Points in time as devices write them. Pure; any thread. Results are microseconds since 1970 UTC; finer digits are cut off. */
#include "json.h"

/*
 * RFC 3339 (2026-11-22T12:53:00.123456Z, also with a space or an offset), the same without an offset, which is taken as UTC, and the
 * compact form of Axis (20210611 130538252). Years 1970 to 9999. False where the text is none of these.
 */
bool tp_time_from_text(struct tp_slice text, int64_t *us);

/* A count since 1970 in seconds, ms, us or ns: which one is decided by its magnitude (below 1e11 s, 1e14 ms, 1e17 us). */
bool tp_time_from_number(const struct tp_number *number, int64_t *us);

#endif
