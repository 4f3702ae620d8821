/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_LOGIN_MISTAKES_H
#define TP_LOGIN_MISTAKES_H
/* The first mistakes of a file, one a line; the others are counted. */
#include <stddef.h>
#include <stdint.h>

#define LOGIN_MISTAKES_TOLD 10

struct login_mistakes {
	const char *path;
	char *text;
	size_t len;
	size_t n;       /* octets written */
	uint32_t count; /* mistakes */
};

void login_mistake(struct login_mistakes *m, uint32_t line, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Says how many were not told. */
void login_mistakes_end(struct login_mistakes *m);

#endif
