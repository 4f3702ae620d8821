/* SPDX-License-Identifier: BSD-3-Clause */
/* The plan's look-ups: listeners by address and port, sources by longest prefix against a plain search. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
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

/* ---- MQTT -------------------------------------------------------------------------------------------------------------------- */
static void mqtt_specific_address_wins_over_any(void **state)
{
	/* 1883 and 0x5a06 share a bucket: 0x075b and 0x5a06 both fold to 0x5c. */
	struct tp_mqtt_listener listeners[] = {
	        {.name = "any", .port = 1883, .unmapped = -1},
	        {.name = "one", .port = 1883, .family = 4, .addr = {10, 0, 0, 1}, .unmapped = -1},
	        {.name = "six", .port = 1883, .family = 6, .addr = {0xfe, 0x80}, .unmapped = -1},
	        {.name = "other", .port = 0x5a06, .unmapped = -1},
	        {.name = "own", .port = 0x5a06, .family = 4, .addr = {10, 0, 0, 2}, .unmapped = -1},
	        {.name = "alone", .port = 8883, .family = 4, .addr = {10, 0, 0, 1}, .unmapped = -1},
	};
	struct tp_plan *plan = build(&(struct tp_plan_spec){.mqtt_listeners = listeners, .n_mqtt_listeners = 6});
	const uint8_t one[4] = {10, 0, 0, 1}, two[4] = {10, 0, 0, 2}, six[16] = {0xfe, 0x80}, seven[16] = {0xfe, 0x81};

	(void)state;
	assert_int_equal(tp_plan_mqtt_listener(plan, 4, one, 1883), 1);
	assert_int_equal(tp_plan_mqtt_listener(plan, 4, two, 1883), 0);
	assert_int_equal(tp_plan_mqtt_listener(plan, 6, six, 1883), 2);
	assert_int_equal(tp_plan_mqtt_listener(plan, 6, seven, 1883), 0);
	assert_int_equal(tp_plan_mqtt_listener(plan, 4, one, 0x5a06), 3);
	assert_int_equal(tp_plan_mqtt_listener(plan, 4, two, 0x5a06), 4);
	assert_int_equal(tp_plan_mqtt_listener(plan, 4, one, 8883), 5);
	assert_int_equal(tp_plan_mqtt_listener(plan, 4, two, 8883), TP_NO_LISTENER);
	for (unsigned int port = 0; port < 65536; port++)
		if (port != 1883 && port != 0x5a06 && port != 8883)
			assert_int_equal(tp_plan_mqtt_listener(plan, 4, one, (uint16_t)port), TP_NO_LISTENER);
	assert_int_equal(tp_plan_listener(plan, 4, one, 1883), TP_NO_LISTENER); /* TCP is not UDP */
	tp_plan_free(plan);
}

/* A client's name meets what the configuration says about the listener it came to, octet for octet. */
static void mqtt_names_are_of_their_listener(void **state)
{
	struct tp_mqtt_listener listeners[] = {{.name = "a", .port = 1, .unmapped = -1}, {.name = "b", .port = 2, .unmapped = -1}};
	struct tp_source sources[] = {{.device = TP_SLICE("(nobody)")}, {.device = TP_SLICE("x")}, {.device = TP_SLICE("y")}};
	struct tp_mqtt_name names[] = {{0, 1, TP_SLICE("gantry")}, {1, 2, TP_SLICE("gantry")}, {1, 1, TP_SLICE("Gantry")}};
	struct tp_plan *plan = build(&(struct tp_plan_spec){.mqtt_listeners = listeners,
	        .n_mqtt_listeners = 2,
	        .mqtt_names = names,
	        .n_mqtt_names = 3,
	        .sources = sources,
	        .n_sources = 3});

	(void)state;
	assert_int_equal(tp_plan_mqtt_source(plan, 0, TP_SLICE("gantry")), 1);
	assert_int_equal(tp_plan_mqtt_source(plan, 1, TP_SLICE("gantry")), 2);
	assert_int_equal(tp_plan_mqtt_source(plan, 1, TP_SLICE("Gantry")), 1);
	assert_int_equal(tp_plan_mqtt_source(plan, 0, TP_SLICE("Gantry")), 0);
	assert_int_equal(tp_plan_mqtt_source(plan, 0, TP_SLICE("gantr")), 0);
	assert_int_equal(tp_plan_mqtt_source(plan, 0, TP_SLICE("gantry\0")), 0);
	assert_int_equal(tp_plan_mqtt_source(plan, 0, (struct tp_slice){NULL, 0}), 0);
	tp_plan_free(plan);
}

#define NAMES 40000

static void mqtt_many_names_are_found(void **state)
{
	static struct tp_source sources[NAMES + 1];
	static struct tp_mqtt_name names[NAMES];
	static char text[2 * NAMES][16];
	struct tp_mqtt_listener listener = {.name = "a", .port = 1, .unmapped = -1};
	struct tp_plan *plan;

	(void)state;
	for (unsigned int i = 0; i < 2 * NAMES; i++)
		snprintf(text[i], sizeof(text[i]), "vehicle-%u", i);
	for (uint16_t i = 0; i < NAMES; i++)
		names[i] = (struct tp_mqtt_name){.source = (uint16_t)(i + 1), .name = tp_slice_of(text[i])};
	plan = build(&(struct tp_plan_spec){.mqtt_listeners = &listener,
	        .n_mqtt_listeners = 1,
	        .mqtt_names = names,
	        .n_mqtt_names = NAMES,
	        .sources = sources,
	        .n_sources = NAMES + 1});
	for (unsigned int i = 0; i < 2 * NAMES; i++)
		assert_int_equal(tp_plan_mqtt_source(plan, 0, tp_slice_of(text[i])), i < NAMES ? i + 1 : 0);
	tp_plan_free(plan);
}

static void refused(const struct tp_plan_spec *spec, const char *why)
{
	struct tp_plan *plan = NULL;
	char err[256] = "";

	assert_int_equal(tp_plan_build(spec, &plan, err, sizeof(err)), -EINVAL);
	if (!strstr(err, why))
		fail_msg("'%s' does not say '%s'", err, why);
}

static void mqtt_mistakes_are_refused(void **state)
{
	struct tp_mqtt_route route = {.filter = "#", .listener = 1};
	struct tp_listener raw = {.name = "m"};
	struct tp_mqtt_listener twice[] = {{.name = "m", .port = 1, .unmapped = -1}, {.name = "n", .port = 1, .unmapped = -1}},
	                        bad_route = {.name = "m", .port = 1, .routes = &route, .n_routes = 1, .unmapped = -1},
	                        bad_unmapped = {.name = "m", .port = 1, .unmapped = 1},
	                        bad_unknown = {.name = "m", .port = 1, .unmapped = -1, .unknown_source = 2};
	struct tp_source sources[2] = {{.device = TP_SLICE("(nobody)")}, {.device = TP_SLICE("x")}};
	struct tp_mqtt_name names[] = {{0, 1, TP_SLICE("x")}, {0, 1, TP_SLICE("x")}}, nobody = {0, 0, TP_SLICE("x")},
	                    beyond = {0, 2, TP_SLICE("x")}, elsewhere = {1, 1, TP_SLICE("x")}, empty = {0, 1, TP_SLICE("")};
	struct tp_plan_spec spec = {.listeners = &raw, .n_listeners = 1, .sources = sources, .n_sources = 2, .n_mqtt_listeners = 1};

	(void)state;
	spec.mqtt_listeners = &bad_route;
	refused(&spec, "'m' refers to a listener");
	spec.mqtt_listeners = &bad_unmapped;
	refused(&spec, "'m' refers to a listener");
	spec.mqtt_listeners = &bad_unknown;
	refused(&spec, "'m' refers to a listener or source");
	spec.mqtt_listeners = twice;
	spec.n_mqtt_listeners = 2;
	refused(&spec, "'m' and 'n' have the same address and port 1");
	spec.n_mqtt_listeners = 1;
	spec.mqtt_names = names;
	spec.n_mqtt_names = 2;
	refused(&spec, "the name 'x' is there twice");
	spec.n_mqtt_names = 1;
	spec.mqtt_names = &nobody;
	refused(&spec, "the name 'x' refers to");
	spec.mqtt_names = &beyond;
	refused(&spec, "the name 'x' refers to");
	spec.mqtt_names = &elsewhere;
	refused(&spec, "the name 'x' refers to");
	spec.mqtt_names = &empty;
	refused(&spec, "is empty");
}

/* Entries that routes refer to have no UDP port; several of them are no double. */
static void route_entries_take_no_datagram(void **state)
{
	struct tp_listener listeners[] = {{.name = "m"}, {.name = "udp", .port = 5, .unknown_source = 1}, {.name = "m"}};
	struct tp_plan *plan = build(&(struct tp_plan_spec){.listeners = listeners, .n_listeners = 3});
	const uint8_t addr[4] = {10, 0, 0, 1};

	(void)state;
	assert_int_equal(tp_plan_listener(plan, 4, addr, 0), TP_NO_LISTENER);
	assert_int_equal(tp_plan_listener(plan, 4, addr, 5), 1);
	assert_int_equal(tp_plan_spec(plan)->listeners[0].next, TP_NO_LISTENER);
	assert_int_equal(tp_plan_spec(plan)->listeners[2].next, TP_NO_LISTENER);
	assert_int_equal(tp_plan_source(plan, 0, 4, addr), 0);
	tp_plan_free(plan);
}

static void first_topic_of_a_kind(void **state)
{
	struct tp_topic topics[] = {{.kind = TP_KIND_bsm}, {.kind = TP_KIND_dlq}, {.kind = TP_KIND_dlq}};
	struct tp_plan_spec spec = {.topics = topics, .n_topics = 3};

	(void)state;
	assert_int_equal(tp_plan_topic(&spec, TP_KIND_dlq), 1);
	assert_int_equal(tp_plan_topic(&spec, TP_KIND_spat), TP_NO_TOPIC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(specific_address_wins_over_any),
	        cmocka_unit_test(same_listener_twice_is_refused),
	        cmocka_unit_test(same_prefix_twice_is_refused),
	        cmocka_unit_test(device_gives_the_seed),
	        cmocka_unit_test(longest_prefix_equals_plain_search),
	        cmocka_unit_test(mqtt_specific_address_wins_over_any),
	        cmocka_unit_test(mqtt_names_are_of_their_listener),
	        cmocka_unit_test(mqtt_many_names_are_found),
	        cmocka_unit_test(mqtt_mistakes_are_refused),
	        cmocka_unit_test(route_entries_take_no_datagram),
	        cmocka_unit_test(first_topic_of_a_kind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
