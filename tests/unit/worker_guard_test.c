/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What control makes of plan and rules for those who hold to them. The ports are stand-ins: ports 0 and 2 are of AF_XDP, port 0 keeps the listeners it was
 * given, both the prefixes; port 1 has neither an XDP program nor addresses.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <rte_cycles.h>

#include "packet_guard.h"
#include "tp_guard.h"
#include "worker.h"

#define MQTT_PORT 1883
#define NODE_PORT 5 /* ethdev id */

struct tp_worker_slot *tp_worker_slots[TP_MAX_WORKERS];
unsigned int tp_worker_slots_n;
struct tp_worker_orders tp_worker_orders;
struct tp_port tp_ports[TP_MAX_PORTS];

static struct tp_guard_listener_entry given[4];
static unsigned int n_given;
static unsigned int prefixes_of[3]; /* a port has now */
static int refusals[3];             /* how often a port is still to refuse */
static struct tp_worker_slot slot;

unsigned int tp_ports_count(void)
{
	return 3;
}

int tp_port_guard_apply(unsigned int i, const struct tp_guard_tables *tables)
{
	assert_int_not_equal(i, 1);
	prefixes_of[i] = tables->n_prefixes; /* one that refuses may have some of them already */
	if (refusals[i]) {
		refusals[i]--;
		return -E2BIG;
	}
	if (i == 2)
		return 0;
	assert_true(tables->n_listeners <= RTE_DIM(given));
	n_given = tables->n_listeners;
	memcpy(given, tables->listeners, n_given * sizeof(*given));
	return 0;
}

void tp_port_guard_config(const struct tp_port *port, struct tp_guard_config *config)
{
	(void)port;
	config->flags |= TP_GUARD_ON | TP_GUARD_ANY_ADDRESS;
}

uint64_t rte_get_tsc_hz(void)
{
	return 1000000000;
}

static int start(void **state)
{
	(void)state;
	memset(tp_ports, 0, sizeof(tp_ports));
	memset(refusals, 0, sizeof(refusals));
	tp_ports[0].spec.type = tp_ports[2].spec.type = TP_PORT_AF_XDP;
	tp_ports[2].spec.name = "p2";
	tp_ports[1].spec.type = TP_PORT_PCI;
	tp_ports[1].id = NODE_PORT;
	return 0;
}

static void apply(const struct tp_plan_spec *plan, const struct tp_guard_spec *spec)
{
	char err[256] = "";

	assert_int_equal(tp_guard_apply(plan, spec, err, sizeof(err)), 0);
	tp_worker_take_guard(&slot);
}

/* The listener of another name at the address of one that has gone: its rate counts. */
static void the_rate_is_that_of_who_listens_now(void **state)
{
	const struct tp_mqtt_listener listeners[] = {{.name = "gone", .port = MQTT_PORT, .retired = true},
	        {.name = "other", .port = MQTT_PORT + 1, .retired = true}, {.name = "now", .port = MQTT_PORT}};
	const struct tp_guard_listener_limit limit = {.name = "now", .limit = {.rate = 10}};
	const struct tp_plan_spec plan = {.mqtt_listeners = listeners, .n_mqtt_listeners = RTE_DIM(listeners)};
	const struct tp_guard_spec spec = {.listeners = &limit, .n_listeners = 1};

	(void)state;
	apply(&plan, &spec);
	assert_int_equal(n_given, 2); /* who is connected to the other one is still served */
	assert_int_equal(given[0].target.port, htons(MQTT_PORT));
	assert_int_equal(given[0].listener.rate.interval, 100000000);
	assert_int_equal(given[1].target.port, htons(MQTT_PORT + 1));
	assert_int_equal(given[1].listener.rate.interval, 0);
	tp_worker_guard_free();
}

/* A listener that moves keeps its connections, so where it was stays with the appliance, at its rate; nothing stands there twice. */
static void where_a_listener_was_is_still_served(void **state)
{
	const struct tp_mqtt_listener before = {.name = "m", .port = MQTT_PORT}, after = {.name = "m", .port = MQTT_PORT + 1};
	const struct tp_guard_listener_limit limit = {.name = "m", .limit = {.rate = 10}};
	const struct tp_plan_spec was = {.mqtt_listeners = &before, .n_mqtt_listeners = 1},
	                          is = {.mqtt_listeners = &after, .n_mqtt_listeners = 1};
	const struct tp_guard_spec spec = {.listeners = &limit, .n_listeners = 1};

	(void)state;
	apply(&was, &spec);
	assert_int_equal(n_given, 1);
	for (int i = 0; i < 2; i++) {
		apply(&is, &spec);
		assert_int_equal(n_given, 2);
		assert_int_equal(given[0].target.port, htons(MQTT_PORT + 1));
		assert_int_equal(given[1].target.port, htons(MQTT_PORT));
		assert_int_equal(given[1].listener.rate.interval, 100000000);
	}
	apply(&was, &spec);
	assert_int_equal(n_given, 2);
	tp_worker_guard_free();
	apply(&is, &spec);
	assert_int_equal(n_given, 1); /* another life */
	tp_worker_guard_free();
}

/* Where nobody is any more is given back, once; a listener that comes back there and goes again is served until that is said again. */
static void where_nobody_is_any_more_is_given_back(void **state)
{
	const struct tp_mqtt_listener there = {.name = "m", .port = MQTT_PORT},
	                              gone = {.name = "m", .port = MQTT_PORT, .retired = true};
	const struct tp_plan_spec with = {.mqtt_listeners = &there, .n_mqtt_listeners = 1},
	                          without = {.mqtt_listeners = &gone, .n_mqtt_listeners = 1};
	const struct tp_guard_spec spec = {.n_listeners = 0};

	(void)state;
	for (int i = 0; i < 2; i++) {
		apply(&with, &spec);
		assert_int_equal(n_given, 1);
		apply(&without, &spec);
		assert_int_equal(n_given, 1);
		apply(&without, &spec);
		assert_int_equal(n_given, 1);
		tp_guard_leave(1);
		apply(&without, &spec);
		assert_int_equal(n_given, 0);
	}
	tp_worker_guard_free();
}

/* Two listeners were at one place one after the other: connections of either may be there still. */
static void a_place_of_two_is_given_back_when_nobody_is_at_either(void **state)
{
	const struct tp_mqtt_listener first = {.name = "m", .port = MQTT_PORT};
	const struct tp_mqtt_listener both[] = {{.name = "m", .port = MQTT_PORT, .retired = true},
	        {.name = "n", .port = MQTT_PORT}},
	                              moved[] = {both[0], {.name = "n", .port = MQTT_PORT + 1}},
	                              none[] = {both[0], {.name = "n", .port = MQTT_PORT + 1, .retired = true}};
	const struct tp_plan_spec plans[] = {{.mqtt_listeners = &first, .n_mqtt_listeners = 1},
	        {.mqtt_listeners = both, .n_mqtt_listeners = 2}, {.mqtt_listeners = moved, .n_mqtt_listeners = 2},
	        {.mqtt_listeners = none, .n_mqtt_listeners = 2}};
	const struct tp_guard_spec spec = {.n_listeners = 0};

	(void)state;
	for (unsigned int i = 0; i < 3; i++)
		apply(&plans[i], &spec);
	tp_guard_leave(1);
	apply(&plans[2], &spec);
	assert_int_equal(n_given, 2);
	apply(&plans[3], &spec);
	assert_int_equal(n_given, 2);
	tp_guard_leave(2);
	apply(&plans[3], &spec);
	assert_int_equal(n_given, 0);
	tp_worker_guard_free();
}

/* Ethernet, IPv4 with the last fragment of a UDP datagram from 10.1.2.3. */
static const uint8_t last_fragment[] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0x99, 8, 0, 0x45, 0, 0, 28, 0, 1, 0, 100, 64, 17, 0, 0, 10,
        1, 2, 3, 192, 0, 2, 1, 0, 1, 2, 3, 4, 5, 6, 7};

/* Fragments without their first one would fill the store of fragments otherwise. */
static void fragments_of_a_denied_source_do_not_pass_a_port_without_addresses(void **state)
{
	const struct tp_guard_rule deny = {.family = 4, .length = 8, .deny = true, .addr = {10}};
	const struct tp_guard_spec spec = {.rules = &deny, .n_rules = 1};
	const struct tp_plan_spec plan = {0};
	struct tp_guard_state *mine = tp_guard_state_new(4);

	(void)state;
	assert_non_null(mine);
	apply(&plan, &spec);
	assert_int_equal(
	        tp_guard_judge(slot.w.guard, mine, NODE_PORT, 1, last_fragment, sizeof(last_fragment)), TP_GUARD_guard_denied);
	tp_guard_state_free(mine);
	tp_worker_guard_free();
}

static const struct tp_guard_rule two_rules[] = {
        {.family = 4, .length = 8, .deny = true, .addr = {10}}, {.family = 4, .length = 8, .deny = true, .addr = {11}}};
static const struct tp_plan_spec no_plan;

/* One XDP program refuses: all ports and the workers have what they had before, and the operator is told. */
static void rules_that_a_port_refuses_hold_nowhere(void **state)
{
	const struct tp_guard_spec one = {.rules = two_rules, .n_rules = 1}, both = {.rules = two_rules, .n_rules = 2};
	const struct tp_guard_rules *before;
	char err[256] = "";

	(void)state;
	apply(&no_plan, &one);
	before = slot.w.guard;
	refusals[2] = 1;
	assert_int_equal(tp_guard_apply(&no_plan, &both, err, sizeof(err)), -E2BIG);
	assert_string_equal(
	        err, "port 'p2': the rules of the guard were not taken: Argument list too long; the rules from before hold");
	tp_worker_take_guard(&slot);
	assert_ptr_equal(slot.w.guard, before);
	assert_int_equal(prefixes_of[0], 1);
	assert_int_equal(prefixes_of[2], 1);
	apply(&no_plan, &both); /* and can be asked for again */
	assert_ptr_not_equal(slot.w.guard, before);
	assert_int_equal(prefixes_of[0], 2);
	assert_int_equal(prefixes_of[2], 2);
	tp_worker_guard_free();
}

static void a_port_that_cannot_be_given_its_rules_back_is_named(void **state)
{
	const struct tp_guard_spec one = {.rules = two_rules, .n_rules = 1}, both = {.rules = two_rules, .n_rules = 2};
	char err[256] = "";

	(void)state;
	apply(&no_plan, &one);
	refusals[2] = 2;
	assert_int_equal(tp_guard_apply(&no_plan, &both, err, sizeof(err)), -E2BIG);
	assert_non_null(strstr(err, "; the rules from before could not be put back on port 'p2' (Argument list too long)"));
	assert_int_equal(prefixes_of[0], 1);
	tp_worker_guard_free();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup(the_rate_is_that_of_who_listens_now, start),
	        cmocka_unit_test_setup(where_a_listener_was_is_still_served, start),
	        cmocka_unit_test_setup(where_nobody_is_any_more_is_given_back, start),
	        cmocka_unit_test_setup(a_place_of_two_is_given_back_when_nobody_is_at_either, start),
	        cmocka_unit_test_setup(fragments_of_a_denied_source_do_not_pass_a_port_without_addresses, start),
	        cmocka_unit_test_setup(rules_that_a_port_refuses_hold_nowhere, start),
	        cmocka_unit_test_setup(a_port_that_cannot_be_given_its_rules_back_is_named, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
