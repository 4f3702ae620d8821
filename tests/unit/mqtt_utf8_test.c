/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The check of UTF-8 beside one that decodes code points, in short strings all of them, in long ones by dice.
 */
#include "mqtt_packet_rig.h"
#include "utf8.h"

/* Decodes a code point and encodes it anew: what does not come back the same was not well-formed. */
static enum mqtt_text naive_text(const uint8_t *p, uint32_t n)
{
	for (uint32_t i = 0; i < n;) {
		uint32_t more = p[i] < 0x80 ? 0 : p[i] >> 5 == 6 ? 1 : p[i] >> 4 == 14 ? 2 : p[i] >> 3 == 30 ? 3 : 9;
		uint32_t code = p[i] & (more == 0 ? 0x7f : 0x3fu >> more);

		if (more == 9 || i + more >= n)
			return MQTT_TEXT_ILL_FORMED;
		for (uint32_t k = 1; k <= more; k++) {
			if (p[i + k] >> 6 != 2)
				return MQTT_TEXT_ILL_FORMED;
			code = code << 6 | (p[i + k] & 0x3f);
		}
		if (more != (code < 0x80             ? 0u
		                    : code < 0x800   ? 1u
		                    : code < 0x10000 ? 2u
		                                     : 3u) ||
		        code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
			return MQTT_TEXT_ILL_FORMED;
		if (code == 0)
			return MQTT_TEXT_NUL;
		i += more + 1;
	}
	return MQTT_TEXT_OK;
}

static void check_text(const uint8_t *octets, uint32_t n)
{
	const uint8_t *p = guard_put(&guard, octets, n);
	enum mqtt_text want = naive_text(p, n);
	uint32_t at = 0;
	bool plain = true, plain_topic = true;

	for (uint32_t i = 0; i < n; i++) {
		plain &= p[i] > 0 && p[i] < 0x80;
		plain_topic &= p[i] > 0 && p[i] < 0x80 && p[i] != '+' && p[i] != '#';
	}
	assert_int_equal(mqtt_utf8_check(p, n, false, &at), want);
	assert_int_equal(mqtt_utf8_plain(p, n, false), plain);
	assert_int_equal(mqtt_utf8_plain(p, n, true), plain_topic);
}

static void test_utf8_short(void **state)
{
	uint8_t s[4];

	(void)state;
	for (uint32_t v = 0; v < 1u << 16; v++) {
		s[0] = (uint8_t)(v >> 8);
		s[1] = (uint8_t)v;
		check_text(s, 2);
		/* Third and fourth: the edges of their ranges. */
		for (uint32_t k = 0; v >= 0xe000 && k < 16; k++) {
			s[2] = (uint8_t[]){0x00, 0x7f, 0x80, 0xbf, 0xc0, 0x8f, 0x90, 0xff}[k & 7];
			s[3] = k < 8 ? 0x80 : 0xc0;
			check_text(s, 3);
			check_text(s, 4);
		}
	}
}

static void test_utf8_long(void **state)
{
	static const char *const parts[] = {
	        "a", "lane", "/", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x9a\x97", "\xef\xbb\xbf", "\x7f", "\x01"};
	uint8_t s[256];

	(void)state;
	for (uint32_t round = 0; round < 100000; round++) {
		uint32_t n = 0, want = dice(150), kinds = 1 + dice(9);

		while (n < want) {
			const char *part = parts[dice(kinds)];

			memcpy(s + n, part, strlen(part));
			n += (uint32_t)strlen(part);
		}
		check_text(s, n);
		if (n == 0)
			continue;
		s[dice(n)] = (uint8_t[]){0, '+', '#', 0x80, 0xff, 0xc3, 0xed, 'x'}[dice(8)];
		check_text(s, n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_utf8_short),
	        cmocka_unit_test(test_utf8_long),
	};

	guard = guard_new(4096);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
