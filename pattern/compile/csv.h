/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_PATTERN_CSV_H
#define TP_PATTERN_CSV_H
/*
 * CSV after RFC 4180, from a buffer, one record a call. Lines end with LF or CRLF; a byte order mark in front is left out, as are
 * lines of nothing but spaces and tabs. Quotes are taken off within the buffer, so the buffer must be the caller's to change;
 * fields point into it. No allocation, any octets, any thread.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CSV_FIELDS 128

struct csv_field {
	const uint8_t *p;
	size_t n;
};

struct csv {
	uint8_t *next, *end;
	unsigned int next_line;
	unsigned int line; /* where the record begins, from 1 */
	unsigned int n_fields;
	const char *found, *expected; /* of a CSV_MISTAKE */
	struct csv_field field[CSV_FIELDS];
};

enum csv_result {
	CSV_END,
	CSV_RECORD,
	CSV_MISTAKE, /* the line is passed over; the next call goes on behind it */
};

void csv_open(struct csv *c, uint8_t *data, size_t n);
enum csv_result csv_next(struct csv *c);

#endif
