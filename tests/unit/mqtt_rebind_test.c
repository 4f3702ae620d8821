/* SPDX-License-Identifier: BSD-3-Clause */
/* Another plan under connections: who is connected stays, its next message goes by the plan that holds then, and a listener that has gone lets its clients go. */
#include "mqtt_check.h"

static struct tp_mqtt_listener next;
static struct tp_mqtt_route next_routes[3];
static struct mqtt_routes *next_compiled;

/* The plan as it is, for a test to change. */
static void begin(void)
{
	rig_start(1);
	next = rig_listener;
	memcpy(next_routes, rig_routes, sizeof(next_routes));
	next.routes = next_routes;
}

static void rebind(void)
{
	struct mqtt_routes *before = next_compiled;

	next_compiled = mqtt_routes_new(&next, 1);
	assert_non_null(next_compiled);
	mqtt_rebind(rig.g[0], next_compiled);
	mqtt_routes_free(before);
}

static void end(void)
{
	rig_stop();
	mqtt_routes_free(next_compiled);
	next_compiled = NULL;
}

static void give(struct rig_conn *c, uint8_t version, uint16_t id, const char *topic)
{
	rig_publish_give(c, version, 1 << 1, id, topic, "x");
}

static void test_route(void **state)
{
	struct rig_conn *c;

	(void)state;
	begin();
	c = up(4, "a");
	give(c, 4, 1, "exact");
	assert_int_equal(rig.messages[0].listener, 3);
	next_routes[2].listener = 7;
	rebind();
	give(c, 4, 2, "exact");
	assert_int_equal(rig.messages[1].listener, 7);
	rig_end(0, true);
	rig_end(1, true);
	rig_flush();
	check_ack(c, 0x40, 1, 0);
	check_ack(c, 0x40, 2, 0);
	assert_false(c->closing);
	end();
}

static void test_permission(void **state)
{
	static const char *const may[] = {"plates/#"};
	struct rig_conn *old, *new;

	(void)state;
	begin();
	old = up(4, "a");
	new = up(5, "b");
	give(old, 4, 1, "exact");
	give(new, 5, 1, "exact");
	next.may_publish = may;
	next.n_may_publish = 1;
	rebind();
	give(old, 4, 2, "exact");
	give(new, 5, 2, "exact");
	assert_int_equal(rig.n_messages, 2);
	assert_int_equal(rig_counted(TP_C_mqtt_not_authorized), 2);
	rig_end(0, true);
	rig_end(1, true);
	rig_flush();
	check_ack(new, 0x40, 1, 0);
	check_ack(new, 0x40, 2, MQTT_NOT_AUTHORIZED);
	assert_true(old->closing);
	assert_false(new->closing);
	end();
}

static void test_source(void **state)
{
	struct rig_conn *c;

	(void)state;
	begin();
	c = up(5, "a");
	give(c, 5, 1, "exact");
	rig.source = 3;
	give(c, 5, 2, "exact"); /* the plan is the same, so nobody asks */
	rebind();
	give(c, 5, 3, "exact");
	assert_int_equal(rig.messages[0].source, 1);
	assert_int_equal(rig.messages[1].source, 1);
	assert_int_equal(rig.messages[2].source, 3);
	rig.source = 0; /* nobody knows the device any more */
	rebind();
	give(c, 5, 4, "exact");
	assert_int_equal(rig.n_messages, 3);
	assert_int_equal(rig.books[0][3].c[TP_C_mqtt_not_authorized], 1);
	end();
}

/* What a client was told holds while it is there; who comes later is told the new limits. */
static void test_limits(void **state)
{
	struct rig_conn *c, *later;

	(void)state;
	begin();
	c = up(5, "a");
	next.in_flight = 2;
	next.max_packet = 20;
	next.alias_max = 0;
	rebind();
	for (uint16_t i = 1; i <= 20; i++)
		give(c, 5, i, "plates/gantry-7/lane-3");
	assert_false(c->closing);
	assert_int_equal(rig.n_messages, 20);
	later = up(5, "b");
	for (uint16_t i = 1; i <= 3; i++)
		give(later, 5, i, "exact");
	assert_true(later->closing);
	check_event(false, MQTT_GONE_PROTOCOL_ERROR);
	end();
}

static void test_alias(void **state)
{
	static const uint8_t set[] = {0x32, 14, 0, 5, 'e', 'x', 'a', 'c', 't', 0, 1, 3, 0x23, 0, 4, 'x'};
	static const uint8_t use[] = {0x32, 9, 0, 0, 0, 2, 3, 0x23, 0, 4, 'x'};
	struct rig_conn *c;

	(void)state;
	begin();
	c = up(5, "a");
	rig_give(c, set, sizeof(set));
	next.alias_max = 64;
	rebind();
	rig_give(c, use, sizeof(use));
	assert_int_equal(rig.n_messages, 2);
	assert_string_equal(rig.messages[1].topic, "exact");
	next.alias_max = 0;
	rebind();
	rig_give(c, use, sizeof(use));
	assert_false(c->closing);
	end();
}

static void test_will(void **state)
{
	const struct rig_connect with = {
	        .version = 4, .clean = true, .id = "a", .will_topic = "exact", .will = "dead", .will_qos = 1};
	struct rig_conn *c;

	(void)state;
	begin();
	c = up_with(0, &with, false);
	next_routes[2].listener = 6;
	rebind();
	rig_gone(c, MQTT_GONE_CLOSED);
	assert_int_equal(rig.messages[0].listener, 6);
	c = up_with(0, &with, false);
	next.n_routes = 2; /* no route takes it */
	rebind();
	rig_gone(c, MQTT_GONE_CLOSED);
	assert_int_equal(rig.n_messages, 1);
	assert_int_equal(rig_counted(TP_C_mqtt_unmapped), 1);
	end();
}

static void test_listener_gone(void **state)
{
	struct rig_conn *idle, *busy, *silent;

	(void)state;
	begin();
	idle = up(5, "idle");
	busy = up(5, "busy");
	silent = rig_open(0);
	give(busy, 5, 1, "exact");
	next.retired = true;
	rebind();
	assert_null(mqtt_opened(rig.g[0], idle, 0, rig.now_us));
	rig_pass(1000);
	check_disconnect(idle, MQTT_SHUTTING_DOWN);
	assert_true(idle->closing);
	assert_true(silent->closing);
	assert_false(busy->closing);
	give(busy, 5, 2, "exact"); /* not taken, so not acknowledged */
	assert_int_equal(rig.n_messages, 1);
	rig_end(0, true);
	rig_flush();
	check_ack(busy, 0x40, 1, 0);
	check_disconnect(busy, MQTT_SHUTTING_DOWN);
	assert_true(busy->closing);
	check_event(false, MQTT_GONE_SHUTTING_DOWN);
	end();
}

static void test_listener_comes_back(void **state)
{
	struct rig_conn *c;

	(void)state;
	begin();
	next.retired = true;
	rebind();
	assert_null(rig_open(0));
	next.retired = false;
	rebind();
	c = up(4, "a");
	rig_pass(1000);
	assert_false(c->closing);
	end();
}

/* Another listener gets the index of one that has gone. */
static void take_over(void)
{
	static struct tp_mqtt_listener other;

	other = rig_listener;
	other.serial = 1;
	other.connect_rate = next.connect_rate;
	next_compiled = mqtt_routes_new(&other, 1);
	assert_non_null(next_compiled);
	mqtt_rebind(rig.g[0], next_compiled);
}

static void retire(void)
{
	next.retired = true;
	rebind();
	rig_pass(1000);
}

/* Its index is free when nothing of it is left: neither a connection, nor what a connection sent, nor a will. */
static void test_places_of_one_that_has_gone(void **state)
{
	const struct rig_connect with = {.version = 5,
	        .clean = true,
	        .id = "mourned",
	        .will_topic = "exact",
	        .will = "dead",
	        .will_qos = 1,
	        .expiry = 100,
	        .will_delay = 10};
	struct rig_conn *busy, *mourned;

	(void)state;
	begin();
	assert_int_equal(mqtt_sessions_of(rig.g[0], 0), 0);
	busy = up(5, "busy");
	mourned = up_with(0, &with, false);
	assert_int_equal(mqtt_sessions_of(rig.g[0], 0), 2);
	give(busy, 5, 1, "exact");
	rig_gone(mourned, MQTT_GONE_CLOSED);
	retire();
	assert_int_equal(mqtt_sessions_of(rig.g[0], 0), 2);
	rig_end(0, true);
	rig_flush();
	check_ack(busy, PUBACK, 1, 0);
	rig_reap();
	assert_int_equal(mqtt_sessions_of(rig.g[0], 0), 1);
	rig_pass(11 * 1000000);
	assert_int_equal(rig.n_messages, 2);
	assert_memory_equal(rig.messages[1].payload, "dead", 4);
	rig_pass(200000);
	assert_int_equal(mqtt_sessions_of(rig.g[0], 0), 0);
	end();
}

/* What was kept of a client by its listener is nothing to a client of that name at the listener which has the index now. */
static void test_nothing_is_taken_over(void **state)
{
	const struct rig_connect keeps = {.version = 4, .clean = false, .id = "a"};
	struct mqtt_routes *before;
	struct rig_conn *c;

	(void)state;
	begin();
	c = up_with(0, &keeps, false);
	give(c, 4, 1, "exact");
	rig_end(0, true);
	rig_flush();
	check_ack(c, PUBACK, 1, 0);
	retire();
	rig_reap();
	assert_int_equal(mqtt_sessions_of(rig.g[0], 0), 0);
	before = next_compiled;
	take_over();
	mqtt_routes_free(before);
	c = up_with(0, &keeps, false); /* no session is present */
	rig_publish_give(c, 4, QOS1 | DUP, 1, "exact", "x");
	assert_int_equal(rig.n_messages, 2); /* and the message is no repetition */
	assert_int_equal(rig_counted(TP_C_mqtt_duplicate), 0);
	end();
}

static void test_budget_is_whole_again(void **state)
{
	struct mqtt_routes *before;
	struct rig_conn *c;

	(void)state;
	rig_listener.connect_rate = 1;
	begin();
	c = up(4, "a");
	retire();
	rig_reap();
	assert_true(c->closing || !c->used);
	before = next_compiled;
	take_over();
	mqtt_routes_free(before);
	up(4, "b");
	end();
}

/* Where the table of clients is full, those go that nobody can come back to, however long their sessions were to be kept. */
static void test_clients_of_one_that_has_gone_give_way(void **state)
{
	const struct rig_connect keeps = {.version = 4, .clean = false, .id = "a"},
	                         other = {.version = 4, .clean = false, .id = "b"};
	struct mqtt_routes *before;

	(void)state;
	rig_spec.clients = 1;
	begin();
	up_with(0, &keeps, false);
	retire();
	rig_reap();
	before = next_compiled;
	take_over();
	mqtt_routes_free(before);
	up_with(0, &other, false);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup(test_route, check_setup),
	        cmocka_unit_test_setup(test_permission, check_setup),
	        cmocka_unit_test_setup(test_source, check_setup),
	        cmocka_unit_test_setup(test_limits, check_setup),
	        cmocka_unit_test_setup(test_alias, check_setup),
	        cmocka_unit_test_setup(test_will, check_setup),
	        cmocka_unit_test_setup(test_listener_gone, check_setup),
	        cmocka_unit_test_setup(test_listener_comes_back, check_setup),
	        cmocka_unit_test_setup(test_places_of_one_that_has_gone, check_setup),
	        cmocka_unit_test_setup(test_nothing_is_taken_over, check_setup),
	        cmocka_unit_test_setup(test_budget_is_whole_again, check_setup),
	        cmocka_unit_test_setup(test_clients_of_one_that_has_gone_give_way, check_setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
