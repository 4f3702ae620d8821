/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_PATTERN_MISTAKES_H
#define TP_PATTERN_MISTAKES_H
/* What is wrong with lists and rules: all counted, the first five kept as text. */
#include <stddef.h>
#include <stdint.h>

#define MISTAKES_SHOWN 5
#define MISTAKES_TEXT  1024
#define MISTAKES_VALUE 192 /* room for a value as mistakes_quote writes it */

struct mistakes {
	unsigned int n;
	int error; /* of the first one: a negative errno */
	char text[MISTAKES_SHOWN][MISTAKES_TEXT];
};

void mistakes_add(struct mistakes *m, int error, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Writes the message; returns the error of the first mistake, or 0 where there is none. */
int mistakes_report(const struct mistakes *m, char *err, size_t err_len);
/* The value in quotes, fit for a message: at most 40 octets of it, other than printable ASCII and UTF-8 as \xNN. Returns out. */
const char *mistakes_quote(char out[MISTAKES_VALUE], const uint8_t *p, size_t n);

#endif
