/* SPDX-License-Identifier: BSD-3-Clause */
/* Topics and filters: the examples of 4.7, names within filters, and a walk beside one that splits into levels first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "chance.h"
#include "guard.h"
#include "packet.h"

static struct guard guards[2];
static uint64_t seed = 88172645463325252u;

static uint32_t dice(uint32_t sides)
{
	return (uint32_t)(chance64(&seed) >> 32) % sides;
}

/* A text that ends at a guard page. */
static struct tp_slice at_guard(unsigned int which, const char *text)
{
	return (struct tp_slice){guard_put(&guards[which], text, strlen(text)), (uint32_t)strlen(text)};
}

static bool matches(const char *filter, const char *topic)
{
	return mqtt_filter_matches(at_guard(0, filter), at_guard(1, topic));
}

static void test_examples(void **state)
{
	static const struct {
		const char *filter, *topic;
		bool fits;
	} cases[] = {
	        {"sport/tennis/player1/#", "sport/tennis/player1", true},
	        {"sport/tennis/player1/#", "sport/tennis/player1/ranking", true},
	        {"sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true},
	        {"sport/tennis/player1/#", "sport/tennis/player10", false}, {"sport/#", "sport", true},
	        {"sport/#", "sports", false}, {"#", "a", true}, {"#", "/", true}, {"#", "a/b/c", true}, {"#", "$SYS/x", false},
	        {"+/monitor/Clients", "$SYS/monitor/Clients", false}, {"$SYS/#", "$SYS/x", true},
	        {"$SYS/monitor/+", "$SYS/monitor/Clients", true}, {"a/#", "a/$b", true}, {"a/+", "a/$b", true},
	        {"sport/tennis/+", "sport/tennis/player1", true}, {"sport/tennis/+", "sport/tennis/player1/ranking", false},
	        {"sport/+", "sport", false}, {"sport/+", "sport/", true}, {"+/+", "/finance", true}, {"/+", "/finance", true},
	        {"+", "/finance", false}, {"+", "", false}, {"", "a", false}, {"+/#", "a", true}, {"+/#", "a/b", true},
	        {"/", "/", true}, {"/", "a", false}, {"a/b", "a/b", true}, {"a/b", "A/b", false}, {"a/b", "a/b/", false},
	        {"a/b/", "a/b", false}, {"a/b", "a", false}, {"a", "a/b", false}, {"a//b", "a//b", true}, {"a/+/b", "a//b", true},
	        {"+/b", "a/b", true}, {"%u", "%u", true}, /* a name only where names are asked for */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (matches(cases[i].filter, cases[i].topic) != cases[i].fits)
			fail_msg("\"%s\" and \"%s\": expected %d", cases[i].filter, cases[i].topic, cases[i].fits);
}

static void test_valid(void **state)
{
	static const char *const topics[] = {"a", "/", "a/b", "//", " ", "$SYS", "caf\xc3\xa9/\xe2\x82\xac", "a b/c"};
	static const char *const no_topics[] = {"", "#", "+", "a/#", "a+", "\xff", "a/\xed\xa0\x80"};
	static const char *const filters[] = {"a", "#", "+", "a/#", "+/#", "/#", "a/+/b", "+/+/+", "/", "+/", "/+", "\xc3\xa9/#"};
	static const char *const no_filters[] = {"", "a#", "#a", "#/a", "a/#/b", "##", "a+", "+a", "a/+b/c", "++", "a/b#", "\x80"};

	(void)state;
	for (size_t i = 0; i < sizeof(topics) / sizeof(topics[0]); i++)
		assert_true(mqtt_topic_valid(at_guard(0, topics[i])));
	for (size_t i = 0; i < sizeof(no_topics) / sizeof(no_topics[0]); i++)
		assert_false(mqtt_topic_valid(at_guard(0, no_topics[i])));
	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++)
		assert_true(mqtt_filter_valid(at_guard(0, filters[i])));
	for (size_t i = 0; i < sizeof(no_filters) / sizeof(no_filters[0]); i++)
		assert_false(mqtt_filter_valid(at_guard(0, no_filters[i])));
	assert_false(mqtt_topic_valid((struct tp_slice){(const uint8_t *)"a\0b", 3}));
	assert_false(mqtt_filter_valid((struct tp_slice){(const uint8_t *)"a\0b", 3}));
}

/* MQTT-4.7.3-3: at most 65,535 octets. */
static void test_longest(void **state)
{
	static uint8_t topic[65536];

	(void)state;
	memset(topic, 'a', sizeof(topic));
	assert_true(mqtt_topic_valid((struct tp_slice){topic, 65535}));
	assert_false(mqtt_topic_valid((struct tp_slice){topic, 65536}));
	assert_true(mqtt_filter_valid((struct tp_slice){topic, 65535}));
	assert_false(mqtt_filter_valid((struct tp_slice){topic, 65536}));
}

static void test_levels(void **state)
{
	struct tp_slice topic = at_guard(0, "site/a1//lane");

	(void)state;
	assert_true(tp_slice_is(mqtt_topic_level(topic, 1), "site"));
	assert_true(tp_slice_is(mqtt_topic_level(topic, 2), "a1"));
	assert_true(tp_slice_is(mqtt_topic_level(topic, 3), "") && mqtt_topic_level(topic, 3).p != NULL);
	assert_true(tp_slice_is(mqtt_topic_level(topic, 4), "lane"));
	assert_null(mqtt_topic_level(topic, 5).p);
	assert_null(mqtt_topic_level(topic, 0).p);
	topic = at_guard(0, "a/");
	assert_non_null(mqtt_topic_level(topic, 2).p);
	assert_int_equal(mqtt_topic_level(topic, 2).n, 0);
	assert_null(mqtt_topic_level(topic, 3).p);
}

static void test_names(void **state)
{
	static const struct {
		const char *filter, *user, *client, *device, *topic;
		bool fits;
	} cases[] = {
	        {"d/%c/#", "u", "rsu-1", NULL, "d/rsu-1/bsm", true},
	        {"d/%c/#", "u", "rsu-1", NULL, "d/rsu-1", true},
	        {"d/%c/#", "u", "rsu-1", NULL, "d/rsu-10/bsm", false},
	        {"d/%c/#", "u", "rsu-1", NULL, "d/rsu-/bsm", false},
	        {"d/%c/#", "u", NULL, NULL, "d//bsm", false},
	        {"d/%c/#", "u", "", NULL, "d//bsm", false},
	        {"%u/%c/%d", "u", "c", "d", "u/c/d", true},
	        {"%u/%c/%d", "u", "c", "d", "u/d/c", false},
	        {"lane-%d/x", NULL, NULL, "7", "lane-7/x", true},
	        {"%u%c", "a", "b", NULL, "ab", true},
	        {"a%%b", "u", "c", "d", "a%b", true},
	        {"a%%u", "u", "c", "d", "a%u", true},
	        {"%u/x", "a/b", "c", "d", "a/b/x", false},
	        {"%u/x", "+", "c", "d", "a/x", false},
	        {"%u/x", "+", "c", "d", "+/x", false},
	        {"%u", "#", "c", "d", "#", false},
	        {"%u", "$SYS", "c", "d", "$SYS", true},
	        {"%u/+", "u", "c", "d", "u/x", true},
	        {"%u/+", "u", "c", "d", "u/x/y", false},
	        {"%x", "u", "c", "d", "%x", false}, /* stands for nothing */
	        {"a%", "u", "c", "d", "a%", true},
	        {"#", "u", "c", "d", "$SYS/a", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mqtt_names names = {tp_slice_of(cases[i].user), tp_slice_of(cases[i].client), tp_slice_of(cases[i].device)};

		if (mqtt_filter_matches_names(at_guard(0, cases[i].filter), &names, at_guard(1, cases[i].topic)) != cases[i].fits)
			fail_msg("\"%s\" and \"%s\": expected %d", cases[i].filter, cases[i].topic, cases[i].fits);
	}
}

/* Level by level, without looking at anything but levels. */
static bool naive(struct tp_slice filter, struct tp_slice topic)
{
	for (unsigned int level = 1;; level++) {
		struct tp_slice f = mqtt_topic_level(filter, level), t = mqtt_topic_level(topic, level);

		if (f.p == NULL || t.p == NULL)
			return f.p == t.p || (f.p != NULL && tp_slice_is(f, "#"));
		if (level == 1 && t.n > 0 && t.p[0] == '$' && (tp_slice_is(f, "#") || tp_slice_is(f, "+")))
			return false;
		if (tp_slice_is(f, "#"))
			return true;
		if (!tp_slice_is(f, "+") && (f.n != t.n || memcmp(f.p, t.p, f.n) != 0))
			return false;
	}
}

static void test_beside_naive(void **state)
{
	char filter[12], topic[12];
	uint32_t fits = 0, valid = 0;

	(void)state;
	for (uint32_t round = 0; round < 1000000; round++) {
		uint32_t nf = 1 + dice(8), nt = 1 + dice(8);

		for (uint32_t i = 0; i < nf; i++)
			filter[i] = "ab///$++#"[dice(9)];
		for (uint32_t i = 0; i < nt; i++)
			topic[i] = "ab///$"[dice(6)];
		filter[nf] = topic[nt] = 0;
		if (!mqtt_filter_valid(at_guard(0, filter)))
			continue;
		valid++;
		if (matches(filter, topic) != naive(tp_slice_of(filter), tp_slice_of(topic)))
			fail_msg("\"%s\" and \"%s\": expected %d", filter, topic, !matches(filter, topic));
		fits += matches(filter, topic);
	}
	assert_true(valid > 100000 && fits > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_examples),
	        cmocka_unit_test(test_valid),
	        cmocka_unit_test(test_longest),
	        cmocka_unit_test(test_levels),
	        cmocka_unit_test(test_names),
	        cmocka_unit_test(test_beside_naive),
	};

	guards[0] = guard_new(4096);
	guards[1] = guard_new(4096);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
