/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The gateway of one worker: CONNECT and its refusals, PUBLISH and the order of its answers, hold, shed, time, and that nothing is left behind.
 */
#include "mqtt_check.h"

/* ---- connections -------------------------------------------------------------------------------------------------------------------------- */

static void test_connect_and_disconnect(void **state)
{
	struct rig_conn *c;

	(void)state;
	rig_start(1);
	for (unsigned int v = 3; v <= 5; v++) {
		c = up((uint8_t)v, "device-1");
		check_event(true, 0);
		rig_give(c, (const uint8_t *)"\xc0\x00", 2);
		check_packet(c, 0xd0, NULL, 0);
		rig_give(c, (const uint8_t *)"\xe0\x00", 2);
		assert_true(c->closing);
		check_event(false, MQTT_GONE_DISCONNECT);
		check_nothing(c);
		rig_reap();
	}
	assert_int_equal(rig_counted(TP_C_mqtt_connected), 3);
	assert_string_equal(rig.events[0].device, "device-1");
	rig_stop();
}

/* Acknowledgements leave in the order of the PUBLISHes, whatever the order in which their records end (MQTT-4.6.0-2). */
static void test_order(void **state)
{
	struct rig_conn *c;

	(void)state;
	rig_start(1);
	c = up(4, "device-1");
	rig_publish_give(c, 4, QOS1, 10, "plates/a/1", "x");
	rig_publish_give(c, 4, QOS2, 11, "plates/a/1", "y");
	rig_publish_give(c, 4, 0, 0, "plates/a/1", "none");
	rig_publish_give(c, 4, QOS1, 12, "exact", "z");
	assert_int_equal(rig.n_messages, 4);
	assert_string_equal(rig.messages[0].site, "a");
	assert_string_equal(rig.messages[0].lane, "1");
	assert_string_equal(rig.messages[3].site, "-");
	assert_int_equal(rig.messages[3].listener, 3);
	assert_int_equal(rig.messages[2].waiter, TP_NOBODY_WAITS);
	rig_end(3, true);
	rig_end(1, true);
	rig_flush();
	check_nothing(c);
	rig_end(0, true);
	rig_flush();
	check_ack(c, PUBACK, 10, 0);
	check_ack(c, PUBREC, 11, 0);
	check_ack(c, PUBACK, 12, 0);
	check_nothing(c);
	rig_ack_give(c, PUBREL, 11);
	check_ack(c, PUBCOMP, 11, 0);
	rig_end(2, true);
	assert_int_equal(rig_counted(TP_C_mqtt_acknowledged), 3);
	rig_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup(test_connect_and_disconnect, check_setup),
	        cmocka_unit_test_setup(test_order, check_setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
