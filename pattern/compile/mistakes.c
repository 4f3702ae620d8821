/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdarg.h>
#include <stdio.h>

#include "compile/mistakes.h"
#include "compile/utf8.h"

#define QUOTE_MAX 40

void mistakes_add(struct mistakes *m, int error, const char *format, ...)
{
	va_list args;

	if (m->n == 0)
		m->error = error;
	if (m->n < MISTAKES_SHOWN) {
		va_start(args, format);
		vsnprintf(m->text[m->n], sizeof(m->text[0]), format, args);
		va_end(args);
	}
	m->n++;
}

int mistakes_report(const struct mistakes *m, char *err, size_t err_len)
{
	unsigned int shown = m->n < MISTAKES_SHOWN ? m->n : MISTAKES_SHOWN;
	size_t used = 0;

	if (m->n == 0)
		return 0;
	if (m->n > shown)
		used = (size_t)snprintf(err, err_len, "%u mistakes, the first %u are:\n", m->n, shown);
	else if (m->n > 1)
		used = (size_t)snprintf(err, err_len, "%u mistakes:\n", m->n);
	for (unsigned int i = 0; i < shown && used < err_len; i++)
		used += (size_t)snprintf(err + used, err_len - used, "%s%s", i > 0 ? "\n" : "", m->text[i]);
	return m->error;
}

const char *mistakes_quote(char out[MISTAKES_VALUE], const uint8_t *p, size_t n)
{
	size_t shown = n < QUOTE_MAX ? n : QUOTE_MAX;
	size_t i = 0, step;
	char *o = out;

	*o++ = '"';
	for (; i < shown; i += step) {
		step = utf8_length(p + i, n - i);
		if (step == 0 || p[i] < 0x20 || p[i] == 0x7f) {
			o += snprintf(o, 5, "\\x%02x", p[i]);
			step = 1;
			continue;
		}
		for (size_t k = 0; k < step; k++)
			*o++ = (char)p[i + k];
	}
	*o++ = '"';
	snprintf(o, (size_t)(out + MISTAKES_VALUE - o), "%s", i < n ? "..." : "");
	return out;
}
