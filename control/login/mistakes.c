/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdarg.h>
#include <stdio.h>

#include "mistakes.h"

static void __attribute__((format(printf, 2, 0))) mistakes_add(struct login_mistakes *m, const char *fmt, va_list args)
{
	size_t room = m->len - m->n;
	int n = room > 1 ? vsnprintf(m->text + m->n, room, fmt, args) : 0;

	if (n > 0)
		m->n += (size_t)n < room ? (size_t)n : room - 1;
}

static void __attribute__((format(printf, 2, 3))) mistakes_print(struct login_mistakes *m, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	mistakes_add(m, fmt, args);
	va_end(args);
}

void login_mistake(struct login_mistakes *m, uint32_t line, const char *fmt, ...)
{
	va_list args;

	if (m->count++ >= LOGIN_MISTAKES_TOLD)
		return;
	mistakes_print(m, "%s%s:%u: ", m->n > 0 ? "\n" : "", m->path, line);
	va_start(args, fmt);
	mistakes_add(m, fmt, args);
	va_end(args);
}

void login_mistakes_end(struct login_mistakes *m)
{
	if (m->count > LOGIN_MISTAKES_TOLD)
		mistakes_print(m, "\n%s: and %u more", m->path, m->count - LOGIN_MISTAKES_TOLD);
}
