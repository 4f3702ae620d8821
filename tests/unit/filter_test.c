/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * MQTT topic filters: which texts are filters (MQTT-4.7.1), and which filter leaves another nothing, against a plain matcher over every topic of
 * three levels from a few letters.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "conf.h"

static void what_is_a_filter(void **state)
{
	static const char *const good[] = {"#", "+", "/", "//", "a", "/a", "a/", "a/#", "+/#", "/#", "+/+", "a/+/b", "a//b",
	        "$SYS/#", "a b", "$share", "\xc3\xb6/%"};
	static const char *const bad[] = {
	        "#/", "#/a", "a#", "a/#/b", "a/b#", "##", "a+", "+a", "a/+b/c", "++", "a/#+", "$share/g/a"};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (conf_filter(good[i]))
			fail_msg("'%s' is a filter, but expected %s", good[i], conf_filter(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (!conf_filter(bad[i]))
			fail_msg("'%s' is no filter", bad[i]);
}

static void what_is_a_pattern(void **state)
{
	(void)state;
	assert_null(conf_filter_pattern("a/%u/%c/%d/#"));
	assert_null(conf_filter_pattern("%d%c"));
	assert_null(conf_filter_pattern("+/x%d"));
	assert_non_null(conf_filter_pattern("a/%"));
	assert_non_null(conf_filter_pattern("a/%%"));
	assert_non_null(conf_filter_pattern("%D"));
	assert_non_null(conf_filter_pattern("%d#"));
	assert_non_null(conf_filter_pattern("+%d"));
}

static void levels_are_counted(void **state)
{
	static const struct {
		const char *filter;
		unsigned int levels;
		bool more;
	} cases[] = {{"a", 1, false}, {"a/b", 2, false}, {"/", 2, false}, {"+/+/+", 3, false}, {"#", 0, true}, {"a/#", 1, true},
	        {"a/+/#", 2, true}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool more;

		assert_int_equal(conf_filter_levels(cases[i].filter, &more), cases[i].levels);
		assert_int_equal(more, cases[i].more);
	}
}

/* ---- against a plain matcher --------------------------------------------------------------------------------------------------- */
#define LEVELS 3
#define WORDS  4 /* of a topic; a filter has two more */
static const char *const words[WORDS + 2] = {"a", "b", "", "$x", "+", "#"};

/* Text number n of up to LEVELS words out of the first `base`; nothing where its first word is none. */
static void make(char *text, unsigned int n, unsigned int base)
{
	text[0] = '\0';
	for (unsigned int level = 0; level < LEVELS; level++, n /= base + 1) {
		unsigned int word = n % (base + 1);

		if (word == base) /* no further level */
			return;
		if (level)
			strcat(text, "/");
		strcat(text, words[word]);
	}
}

static bool level_is(const char *a, size_t n, const char *b, size_t m)
{
	return n == m && memcmp(a, b, n) == 0;
}

/* MQTT-4.7, word for word. */
static bool takes(const char *filter, const char *topic, bool first)
{
	size_t n = strcspn(filter, "/"), m = strcspn(topic, "/");

	if (level_is(filter, n, "#", 1))
		return !(first && topic[0] == '$');
	if (level_is(filter, n, "+", 1) ? first && topic[0] == '$' : !level_is(filter, n, topic, m))
		return false;
	if (filter[n] == '\0' || topic[m] == '\0')
		return filter[n] == topic[m] || (topic[m] == '\0' && strcmp(filter + n, "/#") == 0);
	return takes(filter + n + 1, topic + m + 1, false);
}

static unsigned int power(unsigned int base)
{
	unsigned int n = 1;

	for (int i = 0; i < LEVELS; i++)
		n *= base + 1;
	return n;
}

/* Whether every topic of b is one of a, and b has any. */
static bool leaves_nothing(const char *a, const char *b)
{
	char topic[32];

	for (unsigned int n = 0; n < power(WORDS); n++) {
		make(topic, n, WORDS);
		if (n % (WORDS + 1) != WORDS && takes(b, topic, true) && !takes(a, topic, true))
			return false;
	}
	return true;
}

static void covering_is_what_a_plain_matcher_finds(void **state)
{
	unsigned int covered = 0;
	char a[32], b[32];

	(void)state;
	for (unsigned int i = 0; i < power(WORDS + 2); i++) {
		make(a, i, WORDS + 2);
		if (i % (WORDS + 3) == WORDS + 2 || conf_filter(a))
			continue;
		for (unsigned int k = 0; k < power(WORDS + 2); k++) {
			make(b, k, WORDS + 2);
			if (k % (WORDS + 3) == WORDS + 2 || conf_filter(b) || !conf_filter_covers(a, b))
				continue;
			covered++;
			if (!leaves_nothing(a, b))
				fail_msg("'%s' does not take all that '%s' takes", a, b);
		}
	}
	assert_true(covered > 1000);
}

/* The other way round: what is said to leave something does, but for filters whose difference is longer than the topics tried. */
static void not_covering_leaves_a_topic(void **state)
{
	static const char *const pairs[][2] = {{"a", "b"}, {"a", "a/b"}, {"a", "a/#"}, {"a/+", "a/#"}, {"a/+", "+/a"}, {"+", "$x"},
	        {"#", "$x/#"}, {"a/#", "+/#"}, {"+/b", "+/+"}, {"a/", "a"}, {"+/a/#", "b/+/#"}};

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		if (conf_filter_covers(pairs[i][0], pairs[i][1]))
			fail_msg("'%s' does not cover '%s'", pairs[i][0], pairs[i][1]);
		assert_false(leaves_nothing(pairs[i][0], pairs[i][1]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(what_is_a_filter),
	        cmocka_unit_test(what_is_a_pattern),
	        cmocka_unit_test(levels_are_counted),
	        cmocka_unit_test(covering_is_what_a_plain_matcher_finds),
	        cmocka_unit_test(not_covering_leaves_a_topic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
