/* SPDX-License-Identifier: BSD-3-Clause */
/* Wills: when they become a message and when not, their delay, and that none is lost for want of room. */
#include "mqtt_check.h"

static const struct rig_connect will4 = {
        .version = 4, .clean = true, .id = "device-1", .will_topic = "exact", .will = "dead", .will_qos = 1};
static const struct rig_connect will5 = {
        .version = 5, .id = "device-1", .expiry = 60, .will_topic = "plates/g1/2", .will = "dead", .will_delay = 10};

static void check_will(unsigned int i)
{
	assert_int_equal(rig.n_messages, i + 1);
	assert_int_equal(rig.messages[i].flags, TP_FLAG_WILL);
	assert_int_equal(rig.messages[i].waiter, TP_NOBODY_WAITS);
	assert_int_equal(rig.messages[i].packet_id, 0);
	assert_memory_equal(rig.messages[i].payload, "dead", 4);
	assert_string_equal(rig.messages[i].device, "device-1");
	assert_int_equal(rig_counted(TP_C_received), i + 1);
}

static void test_death(void **state)
{
	const enum mqtt_gone why[] = {MQTT_GONE_CLOSED, MQTT_GONE_RESET, MQTT_GONE_TIMED_OUT};
	struct rig_conn *c;

	(void)state;
	for (unsigned int i = 0; i < 3; i++) {
		rig_start(1);
		c = up_with(0, &will4, false);
		rig_gone(c, why[i]);
		check_event(false, why[i]);
		check_will(0);
		assert_int_equal(rig.messages[0].qos, 1);
		rig_stop();
	}
	/* A protocol error, silence, a half-closed connection. */
	rig_start(1);
	c = up_with(0, &will4, false);
	rig_give(c, (const uint8_t *)"\x00\x00", 2);
	assert_true(c->closing);
	check_event(false, MQTT_GONE_PROTOCOL_ERROR);
	check_will(0);
	rig_stop();
	rig_start(1);
	c = up_with(0, &will4, false);
	mqtt_ended(rig.g[0], c->s, rig.now_us);
	assert_true(c->closing);
	check_will(0);
	rig_stop();
}

static void test_disconnect(void **state)
{
	struct rig_conn *c;

	(void)state;
	rig_start(1);
	c = up_with(0, &will4, false);
	rig_give(c, (const uint8_t *)"\xe0\x00", 2);
	assert_int_equal(rig.n_messages, 0);
	rig_reap();
	c = up_with(0, &will5, false);
	rig_give(c, (const uint8_t *)"\xe0\x01\x00", 3);
	assert_int_equal(rig.n_messages, 0);
	rig_reap();
	c = up_with(0, &will5, true);
	rig_give(c, (const uint8_t *)"\xe0\x01\x04", 3);
	check_event(false, MQTT_GONE_WITH_WILL);
	rig_reap();
	assert_int_equal(rig.n_messages, 0);
	rig_pass(10100000);
	check_will(0);
	rig_stop();
}

static void test_delay(void **state)
{
	struct rig_conn *c;

	(void)state;
	rig_start(1);
	c = up_with(0, &will5, false);
	rig_gone(c, MQTT_GONE_CLOSED);
	rig_pass(9900000);
	assert_int_equal(rig.n_messages, 0);
	rig_pass(300000);
	check_will(0);
	assert_string_equal(rig.messages[0].site, "g1");
	assert_int_equal(rig.messages[0].conn, -1);
	/* The session goes on for the rest of its expiry. */
	rig_pass(49 * UINT64_C(1000000));
	c = up_with(0, &will5, true);
	rig_stop();
}

/* Back in time: nobody died. On any worker, and whether the connection is dead or still there. */
static void test_cancelled(void **state)
{
	(void)state;
	for (unsigned int workers = 1; workers <= 3; workers++) {
		for (unsigned int alive = 0; alive < 2; alive++) {
			struct rig_conn *c;

			rig_start(workers);
			c = up_with(0, &will5, false);
			if (!alive)
				rig_gone(c, MQTT_GONE_CLOSED);
			rig_deliver_all();
			rig_pass(5000000);
			up_with(workers - 1, &will5, true);
			rig_reap();
			rig_pass(20 * UINT64_C(1000000));
			assert_int_equal(rig.n_messages, 0);
			rig_stop();
		}
	}
}

/* Back, but with a new session: the old one has ended, and its will is due (MQTT-3.1.3-9). */
static void test_session_ends(void **state)
{
	struct rig_connect clean = will5, short_lived = will5;
	struct rig_conn *c;

	(void)state;
	clean.clean = true;
	short_lived.expiry = 3;
	for (unsigned int workers = 1; workers <= 3; workers++) {
		for (unsigned int alive = 0; alive < 2; alive++) {
			rig_start(workers);
			c = up_with(0, &will5, false);
			if (!alive)
				rig_gone(c, MQTT_GONE_CLOSED);
			rig_deliver_all();
			rig_pass(1000000);
			up_with(workers - 1, &clean, false);
			check_will(0);
			rig_stop();
		}
	}
	rig_start(1);
	c = up_with(0, &short_lived, false);
	rig_gone(c, MQTT_GONE_CLOSED);
	rig_pass(3100000);
	check_will(0);
	rig_stop();
	short_lived.expiry = 0;
	rig_start(1);
	c = up_with(0, &short_lived, false);
	rig_gone(c, MQTT_GONE_CLOSED);
	check_will(0);
	rig_stop();
}

static void test_taken_over(void **state)
{
	struct rig_conn *c;

	(void)state;
	rig_start(1);
	c = up_with(0, &will4, false);
	up_with(0, &will4, false);
	assert_true(c->closing);
	check_will(0);
	rig_stop();
}

static void test_no_room(void **state)
{
	struct rig_conn *c;

	(void)state;
	rig_start(1);
	c = up_with(0, &will4, false);
	rig.room = 0;
	rig_gone(c, MQTT_GONE_RESET);
	assert_int_equal(rig.n_messages, 0);
	mqtt_room(rig.g[0], rig.now_us);
	assert_int_equal(rig.n_messages, 0);
	/* The client may be back before it: another will, the first is not lost. */
	c = up_with(0, &will4, false);
	rig_gone(c, MQTT_GONE_RESET);
	rig.room = 1;
	mqtt_room(rig.g[0], rig.now_us);
	check_will(0);
	rig.room = 1;
	mqtt_room(rig.g[0], rig.now_us);
	check_will(1);
	rig_stop();
}

static void test_not_allowed(void **state)
{
	const char *const may[] = {"plates/#"};
	struct rig_conn *c;

	(void)state;
	rig_listener.may_publish = may;
	rig_listener.n_may_publish = 1;
	rig_start(1);
	c = rig_open(0);
	rig_connect(c, &will4);
	check_connack(c, false, 5);
	assert_true(c->closing);
	rig_stop();
	rig_listener.n_may_publish = 0;
	rig_start(1);
	c = rig_open(0);
	rig_connect(c, &(struct rig_connect){.version = 5, .id = "x", .will_topic = "nowhere", .will = "dead"});
	check_connack(c, false, MQTT_BAD_TOPIC);
	rig_stop();
}

static void test_stop(void **state)
{
	struct rig_conn *c;

	(void)state;
	rig_start(1);
	up_with(0, &will4, false);
	assert_false(mqtt_stop(rig.g[0], rig.now_us));
	rig_reap();
	assert_int_equal(rig.n_messages, 0);
	assert_true(mqtt_stop(rig.g[0], rig.now_us));
	rig_stop();
	/* That device was dead before. */
	rig_start(1);
	c = up_with(0, &will5, false);
	rig_gone(c, MQTT_GONE_CLOSED);
	rig.room = 0;
	assert_false(mqtt_stop(rig.g[0], rig.now_us));
	rig.room = -1;
	mqtt_room(rig.g[0], rig.now_us);
	check_will(0);
	assert_true(mqtt_stop(rig.g[0], rig.now_us));
	rig_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup(test_death, check_setup),
	        cmocka_unit_test_setup(test_disconnect, check_setup),
	        cmocka_unit_test_setup(test_delay, check_setup),
	        cmocka_unit_test_setup(test_cancelled, check_setup),
	        cmocka_unit_test_setup(test_session_ends, check_setup),
	        cmocka_unit_test_setup(test_taken_over, check_setup),
	        cmocka_unit_test_setup(test_no_room, check_setup),
	        cmocka_unit_test_setup(test_not_allowed, check_setup),
	        cmocka_unit_test_setup(test_stop, check_setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
