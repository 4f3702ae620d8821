/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a shortage of memory for answers does, which is to close windows and not connections; and the end of waiting: for a verdict on a password that does not
 * come, and of connections that are held while nobody is there any more.
 */
#include "mqtt_check.h"

#define SECOND UINT64_C(1000000)

/* ---- memory for answers -------------------------------------------------------------------------------------------------------- */
static void test_publish_waits_for_its_answers_memory(void **state)
{
	struct rig_conn *c;

	(void)state;
	rig_start(1);
	c = up(4, "device-1");
	assert_int_equal(c->reserved, 0); /* of the CONNACK nothing is left */
	rig.answers_short = true;
	rig_publish_give(c, 4, 0, 0, "exact", "nobody answers it");
	assert_int_equal(rig.n_messages, 1);
	rig_publish_give(c, 4, QOS1, 1, "exact", "x");
	rig_publish_give(c, 4, QOS1, 2, "exact", "y");
	assert_int_equal(rig.n_messages, 1);
	assert_true(c->in_at < c->in_n);
	assert_false(c->closing);
	rig.answers_short = false;
	mqtt_room(rig.g[0], rig.now_us);
	assert_int_equal(rig.n_messages, 3);
	assert_int_equal(c->reserved, 2 * 5);
	rig_end(1, true);
	rig_end(2, true);
	rig_flush();
	check_ack(c, PUBACK, 1, 0);
	check_ack(c, PUBACK, 2, 0);
	assert_int_equal(c->reserved, 0); /* an idle connection holds none */
	rig_stop();
}

/* A connection whose memory was reserved goes on meanwhile. */
static void test_reserved_before_the_shortage(void **state)
{
	struct rig_conn *c;

	(void)state;
	rig_start(1);
	c = up(5, "device-1");
	rig_publish_give(c, 5, QOS1, 1, "exact", "x");
	rig.answers_short = true;
	rig_end(0, true);
	rig_flush();
	check_ack(c, PUBACK, 1, 0);
	assert_false(c->closing);
	rig_stop();
}

static void test_other_packets_wait_for_their_answers_memory(void **state)
{
	static const uint8_t ping[] = {0xc0, 0};
	struct rig_conn *c;

	(void)state;
	rig_start(1);
	c = up(4, "device-1");
	rig.answers_short = true;
	rig_give(c, ping, 1); /* octet by octet: what was kept of it is not forgotten */
	rig_give(c, ping + 1, 1);
	check_nothing(c);
	assert_false(c->closing);
	rig.answers_short = false;
	mqtt_room(rig.g[0], rig.now_us);
	check_packet(c, 0xd0, NULL, 0);
	assert_int_equal(c->reserved, 0);
	rig_stop();
}

static void test_connect_waits_for_its_answers_memory(void **state)
{
	const struct rig_connect k = {.version = 4, .clean = true, .id = "device-1"};
	struct rig_conn *c;

	(void)state;
	rig_start(1);
	rig.answers_short = true;
	c = rig_open(0);
	rig_connect(c, &k);
	rig_deliver_all();
	check_nothing(c);
	assert_false(c->closing);
	rig.answers_short = false;
	mqtt_room(rig.g[0], rig.now_us);
	rig_deliver_all();
	check_connack(c, false, 0);
	rig_stop();
}

/* ---- the end of waiting ----------------------------------------------------------------------------------------------------------- */
static void test_login_without_a_verdict(void **state)
{
	struct rig_connect k = {.version = 5, .clean = true, .id = "device-1", .user = "lane", .password = "secret"};
	struct rig_conn *c;

	(void)state;
	rig_listener.check_users = true;
	rig_start(1);
	c = rig_open(0);
	rig_connect(c, &k);
	rig_pass(119 * SECOND);
	assert_false(c->closing);
	rig_pass(2 * SECOND);
	check_connack(c, false, MQTT_BUSY);
	assert_true(c->closing);
	assert_int_equal(rig_counted(TP_C_mqtt_login_timeout), 1);
	/* The verdict comes after all: nobody else gets it. */
	rig_reap();
	mqtt_login_done(rig.g[0], rig.logins[0], true, rig.now_us);
	rig.n_logins = 0;
	assert_int_equal(rig_counted(TP_C_mqtt_connected), 0);
	rig_stop();
}

static struct rig_conn *held(uint16_t keep_alive)
{
	const struct rig_connect k = {.version = 4, .clean = true, .id = "device-1", .keep_alive = keep_alive};
	struct rig_conn *c = up_with(0, &k, false);

	rig.room = 0;
	rig_publish_give(c, 4, QOS1, 1, "exact", "x");
	return c;
}

/* 1.5 times its keep alive, and what TCP may wait between two requests for the window. */
static void test_held_and_gone(void **state)
{
	struct rig_conn *c;

	(void)state;
	rig_start(1);
	c = held(60);
	rig.silence_ms = 90000 + 119999;
	rig_pass(1000 * SECOND);
	assert_false(c->closing);
	rig.silence_ms++;
	rig_pass(91 * SECOND);
	assert_true(c->closing);
	assert_int_equal(rig_counted(TP_C_mqtt_held_silent), 1);
	check_event(false, MQTT_GONE_KEEP_ALIVE);
	rig_stop();
}

/* Who did not promise to say anything may be silent. */
static void test_held_without_keep_alive(void **state)
{
	struct rig_conn *c;

	(void)state;
	rig_start(1);
	c = held(0);
	rig.silence_ms = UINT32_MAX;
	rig_pass(100000 * SECOND);
	assert_false(c->closing);
	rig_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup(test_publish_waits_for_its_answers_memory, check_setup),
	        cmocka_unit_test_setup(test_reserved_before_the_shortage, check_setup),
	        cmocka_unit_test_setup(test_other_packets_wait_for_their_answers_memory, check_setup),
	        cmocka_unit_test_setup(test_connect_waits_for_its_answers_memory, check_setup),
	        cmocka_unit_test_setup(test_login_without_a_verdict, check_setup),
	        cmocka_unit_test_setup(test_held_and_gone, check_setup),
	        cmocka_unit_test_setup(test_held_without_keep_alive, check_setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
