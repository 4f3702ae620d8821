/* SPDX-License-Identifier: BSD-3-Clause */
#include "compile/utf8.h"

static bool utf8_between(uint8_t c, uint8_t low, uint8_t high)
{
	return c >= low && c <= high;
}

/* Table 3-7: a row is a range of first octets, the range of the second one, and the length. */
/* clang-format off */
static const struct {
	uint8_t first_low, first_high, second_low, second_high, length;
} utf8_rows[] = {
	{0xc2, 0xdf, 0x80, 0xbf, 2},
	{0xe0, 0xe0, 0xa0, 0xbf, 3},
	{0xe1, 0xec, 0x80, 0xbf, 3},
	{0xed, 0xed, 0x80, 0x9f, 3},
	{0xee, 0xef, 0x80, 0xbf, 3},
	{0xf0, 0xf0, 0x90, 0xbf, 4},
	{0xf1, 0xf3, 0x80, 0xbf, 4},
	{0xf4, 0xf4, 0x80, 0x8f, 4},
};
/* clang-format on */

size_t utf8_length(const uint8_t *p, size_t n)
{
	if (n > 0 && p[0] < 0x80)
		return 1;
	for (size_t row = 0; n > 0 && row < sizeof(utf8_rows) / sizeof(utf8_rows[0]); row++) {
		size_t length = utf8_rows[row].length;

		if (!utf8_between(p[0], utf8_rows[row].first_low, utf8_rows[row].first_high))
			continue;
		if (n < length || !utf8_between(p[1], utf8_rows[row].second_low, utf8_rows[row].second_high))
			return 0;
		for (size_t i = 2; i < length; i++)
			if (!utf8_between(p[i], 0x80, 0xbf))
				return 0;
		return length;
	}
	return 0;
}

bool utf8_valid(const uint8_t *p, size_t n)
{
	for (size_t i = 0, step; i < n; i += step) {
		step = utf8_length(p + i, n - i);
		if (step == 0)
			return false;
	}
	return true;
}
