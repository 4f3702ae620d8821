/* SPDX-License-Identifier: BSD-3-Clause */
/* Numbers, strings and octets as JSON text. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "text.h"

uint8_t *tp_text_long(uint8_t *p, int64_t v)
{
	uint8_t digits[20], *d = digits + sizeof(digits);
	uint64_t u = v < 0 ? -(uint64_t)v : (uint64_t)v;
	size_t n;

	do {
		*--d = '0' + u % 10;
		u /= 10;
	} while (u);
	if (v < 0)
		*p++ = '-';
	n = (size_t)(digits + sizeof(digits) - d);
	memcpy(p, d, n);
	return p + n;
}

/* A value that is a decimal of at most seven places: the division is correctly rounded, so equality proves that the text reads back equal. */
static uint8_t *text_decimal(uint8_t *p, double v)
{
	int64_t scaled = llround(v * 1e7);
	uint64_t u = scaled < 0 ? -(uint64_t)scaled : (uint64_t)scaled, fraction = u % 10000000;

	if (scaled < 0)
		*p++ = '-';
	p = tp_text_long(p, (int64_t)(u / 10000000));
	if (fraction) {
		*p++ = '.';
		for (uint64_t unit = 1000000; fraction; unit /= 10) {
			*p++ = '0' + (uint8_t)(fraction / unit);
			fraction %= unit;
		}
	}
	return p;
}

uint8_t *tp_text_double(uint8_t *p, double v)
{
	if (!isfinite(v)) {
		memcpy(p, "null", 4);
		return p + 4;
	}
	if (fabs(v) < 9e8 && (double)llround(v * 1e7) / 1e7 == v)
		return text_decimal(p, v);
	for (int precision = 15; precision <= 17; precision++) {
		int n = snprintf((char *)p, 32, "%.*g", precision, v);

		if (precision == 17 || strtod((char *)p, NULL) == v)
			return p + n;
	}
	return p;
}

static const char hex[] = "0123456789abcdef";

uint8_t *tp_text_hex(uint8_t *p, const uint8_t *octets, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		*p++ = hex[octets[i] >> 4];
		*p++ = hex[octets[i] & 15];
	}
	return p;
}

static uint8_t *text_escape(uint8_t *p, uint8_t c)
{
	static const char letters[] = "btn\0fr"; /* 8, 9, 10, -, 12, 13 */

	*p++ = '\\';
	if (c == '"' || c == '\\') {
		*p++ = c;
	} else if (c >= 8 && c <= 13 && c != 11) {
		*p++ = letters[c - 8];
	} else {
		memcpy(p, "u00", 3);
		p = tp_text_hex(p + 3, &c, 1);
	}
	return p;
}

uint8_t *tp_text_string(uint8_t *p, struct tp_slice s)
{
	*p++ = '"';
	for (uint32_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];

		if (__builtin_expect(c < 0x20 || c == '"' || c == '\\' || c == 0x7f, 0))
			p = text_escape(p, c);
		else
			*p++ = c;
	}
	*p++ = '"';
	return p;
}
