/* SPDX-License-Identifier: BSD-3-Clause */
/* The plan's look-ups: listeners by address and port, sources by longest prefix against a plain search. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tp_plan.h"

static struct tp_prefix prefix4(uint16_t listener, uint32_t addr, uint8_t length, uint16_t source)
{
	struct tp_prefix p = {.family = 4, .length = length, .listener = listener, .source = source};

	addr = __builtin_bswap32(addr);
	memcpy(p.addr, &addr, 4);
	return p;
}

static struct tp_plan *build(const struct tp_plan_spec *spec)
{
	struct tp_plan *plan = NULL;
	char err[256];

	assert_int_equal(tp_plan_build(spec, &plan, err, sizeof(err)), 0);
	return plan;
}

static void specific_address_wins_over_any(void **state)
{
	struct tp_listener listeners[] = {
	        {.name = "any", .port = 46800, .unknown_source = 1},
	        {.name = "one", .port = 46800, .family = 4, .addr = {10, 0, 0, 1}},
	        {.name = "six", .port = 46800, .family = 6, .addr = {0xfe, 0x80}},
	        {.name = "other", .port = 46801},
	};
	struct tp_plan *plan = build(&(struct tp_plan_spec){.listeners = listeners, .n_listeners = 4});
	const uint8_t one[4] = {10, 0, 0, 1}, two[4] = {10, 0, 0, 2}, six[16] = {0xfe, 0x80}, seven[16] = {0xfe, 0x81};

	(void)state;
	assert_int_equal(tp_plan_listener(plan, 4, one, 46800), 1);
	assert_int_equal(tp_plan_listener(plan, 4, two, 46800), 0);
	assert_int_equal(tp_plan_listener(plan, 6, six, 46800), 2);
	assert_int_equal(tp_plan_listener(plan, 6, seven, 46800), 0);
	assert_int_equal(tp_plan_listener(plan, 4, one, 46801), 3);
	assert_int_equal(tp_plan_listener(plan, 4, one, 46802), TP_NO_LISTENER);
	assert_int_equal(tp_plan_source(plan, 0, 4, one), 1);
	assert_int_equal(tp_plan_source(plan, 1, 4, one), 0);
	tp_plan_free(plan);
}

static void same_listener_twice_is_refused(void **state)
{
	struct tp_listener listeners[] = {{.name = "a", .port = 1}, {.name = "b", .port = 1}};
	struct tp_plan *plan = NULL;
	char err[256];

	(void)state;
	assert_int_equal(
	        tp_plan_build(&(struct tp_plan_spec){.listeners = listeners, .n_listeners = 2}, &plan, err, sizeof(err)), -EINVAL);
	assert_non_null(strstr(err, "'b' and 'a'") ? err : strstr(err, "'a' and 'b'"));
}

static void same_prefix_twice_is_refused(void **state)
{
	struct tp_listener listener = {.name = "a", .port = 1};
	struct tp_prefix prefixes[] = {prefix4(0, 0x0a000001, 24, 1), prefix4(0, 0x0a0000ff, 24, 2)};
	struct tp_plan *plan = NULL;
	char err[256];

	(void)state;
	assert_int_equal(
	        tp_plan_build(
	                &(struct tp_plan_spec){.listeners = &listener, .n_listeners = 1, .prefixes = prefixes, .n_prefixes = 2},
	                &plan, err, sizeof(err)),
	        -EINVAL);
	assert_non_null(strstr(err, "twice"));
}

static void device_gives_the_seed(void **state)
{
	struct tp_source sources[] = {{.device = TP_SLICE("(nobody)")}, {.device = TP_SLICE("rsu-1")},
	        {.device = TP_SLICE("rsu-2")}, {.device = TP_SLICE("rsu-1")}};
	struct tp_plan *plan = build(&(struct tp_plan_spec){.sources = sources, .n_sources = 4});
	const struct tp_source *s = tp_plan_spec(plan)->sources;

	(void)state;
	assert_true(s[1].seed == s[3].seed);
	assert_true(s[1].seed != s[2].seed);
	for (int i = 0; i < 4; i++) {
		assert_true(tp_slice_is(s[i].key, (const char *)sources[i].device.p));
		assert_int_equal(s[i].identity.n, s[i].device.n + 3); /* no site, no lane */
	}
	tp_plan_free(plan);
}

/* ---- longest prefix against a plain search ------------------------------------------------------------------------------------ */
#define PREFIXES 600

static bool covers(const struct tp_prefix *p, uint8_t family, const uint8_t *addr)
{
	for (unsigned int bit = 0; bit < p->length; bit++)
		if (((p->addr[bit / 8] ^ addr[bit / 8]) >> (7 - bit % 8)) & 1)
			return false;
	return p->family == family;
}

static uint16_t plain_search(
        const struct tp_prefix *prefixes, unsigned int n, uint16_t listener, uint8_t family, const uint8_t *addr)
{
	int best = -1;

	for (unsigned int i = 0; i < n; i++)
		if (prefixes[i].listener == listener && covers(&prefixes[i], family, addr) &&
		        (best < 0 || prefixes[i].length > prefixes[best].length))
			best = (int)i;
	return best < 0 ? (uint16_t)(listener + 1) : prefixes[best].source;
}

/* Few distinct octets, so that prefixes nest and addresses hit. */
static void random_address(uint8_t *addr)
{
	for (int i = 0; i < 16; i++)
		addr[i] = (uint8_t)(rand() % 3 * 85);
}

static unsigned int random_prefixes(struct tp_prefix *prefixes)
{
	unsigned int n = 0;

	while (n < PREFIXES) {
		struct tp_prefix p = {
		        .family = rand() % 2 ? 4 : 6, .listener = (uint16_t)(rand() % 3), .source = (uint16_t)(10 + n)};
		bool twice = false;

		p.length = (uint8_t)(rand() % (p.family == 4 ? 33 : 129));
		random_address(p.addr);
		for (unsigned int bit = p.length; bit < 128; bit++)
			p.addr[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
		for (unsigned int i = 0; i < n; i++)
			twice |= prefixes[i].family == p.family && prefixes[i].listener == p.listener &&
			         prefixes[i].length == p.length && memcmp(prefixes[i].addr, p.addr, 16) == 0;
		if (!twice)
			prefixes[n++] = p;
		else if (rand() % 1000 == 0)
			break;
	}
	return n;
}

static void longest_prefix_equals_plain_search(void **state)
{
	struct tp_listener listeners[] = {{.name = "a", .port = 1, .unknown_source = 1},
	        {.name = "b", .port = 2, .unknown_source = 2}, {.name = "c", .port = 3, .unknown_source = 3}};
	static struct tp_prefix prefixes[PREFIXES];
	unsigned int n;
	struct tp_plan *plan;

	(void)state;
	srand(7);
	n = random_prefixes(prefixes);
	assert_true(n > 200);
	plan = build(&(struct tp_plan_spec){.listeners = listeners, .n_listeners = 3, .prefixes = prefixes, .n_prefixes = n});
	for (int i = 0; i < 20000; i++) {
		uint8_t addr[16], family = rand() % 2 ? 4 : 6;
		uint16_t listener = (uint16_t)(rand() % 3);

		random_address(addr);
		assert_int_equal(tp_plan_source(plan, listener, family, addr), plain_search(prefixes, n, listener, family, addr));
	}
	tp_plan_free(plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(specific_address_wins_over_any),
	        cmocka_unit_test(same_listener_twice_is_refused),
	        cmocka_unit_test(same_prefix_twice_is_refused),
	        cmocka_unit_test(device_gives_the_seed),
	        cmocka_unit_test(longest_prefix_equals_plain_search),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
