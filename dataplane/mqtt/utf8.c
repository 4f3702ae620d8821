/* SPDX-License-Identifier: BSD-3-Clause */
#include "utf8.h"

/*
 * What may follow a first octet (Unicode, table 3-7): how many octets, and the range of the second, which is where overlong forms,
 * surrogates and code points above U+10FFFF show.
 */
struct utf8_form {
	uint8_t more, low, high;
};

static struct utf8_form utf8_form(uint8_t first)
{
	if (first < 0xc2 || first > 0xf4)
		return (struct utf8_form){0};
	if (first < 0xe0)
		return (struct utf8_form){1, 0x80, 0xbf};
	if (first < 0xf0)
		return (struct utf8_form){2, first == 0xe0 ? 0xa0 : 0x80, first == 0xed ? 0x9f : 0xbf};
	return (struct utf8_form){3, first == 0xf0 ? 0x90 : 0x80, first == 0xf4 ? 0x8f : 0xbf};
}

/* Octets of the sequence that begins at p, or 0 where it is ill-formed. n >= 1, the first octet is not ASCII. */
static uint32_t utf8_sequence(const uint8_t *p, uint32_t n)
{
	struct utf8_form form = utf8_form(p[0]);

	if (form.more == 0 || form.more >= n || p[1] < form.low || p[1] > form.high)
		return 0;
	for (uint32_t i = 2; i <= form.more; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return form.more + 1u;
}

enum mqtt_text mqtt_utf8_check(const uint8_t *p, uint32_t n, bool wildcards_are_wrong, uint32_t *at)
{
	uint32_t length;

	for (uint32_t i = 0; i < n; i += length) {
		length = 1;
		*at = i;
		if (p[i] == 0)
			return MQTT_TEXT_NUL;
		if (wildcards_are_wrong && (p[i] == '+' || p[i] == '#'))
			return MQTT_TEXT_WILDCARD;
		if (p[i] >= 0x80)
			length = utf8_sequence(p + i, n - i);
		if (length == 0)
			return MQTT_TEXT_ILL_FORMED;
	}
	return MQTT_TEXT_OK;
}
