/* SPDX-License-Identifier: BSD-3-Clause */
/* What is shown of a session while its messages wait, and what the gateway tells of single messages to who watches. */
#include "mqtt_check.h"

static struct {
	unsigned int answered, gone, ended;
	uint32_t waiter;
	uint16_t packet_id;
	uint8_t reason;
	bool recorded;
	enum tp_counter why;
	char topic[64];
} told;

static void on_answered(void *ctx, uint32_t waiter, bool recorded, uint16_t packet_id, uint8_t reason)
{
	assert_ptr_equal(ctx, &told);
	told.answered++;
	told.waiter = waiter;
	told.recorded = recorded;
	told.packet_id = packet_id;
	told.reason = reason;
}

static void on_gone(void *ctx, uint32_t waiter)
{
	assert_ptr_equal(ctx, &told);
	told.gone++;
	told.waiter = waiter;
}

static void on_ended(void *ctx, const struct mqtt_message *message, enum tp_counter why)
{
	assert_ptr_equal(ctx, &told);
	told.ended++;
	told.why = why;
	told.packet_id = message->meta.packet_id;
	rig_text(told.topic, sizeof(told.topic), message->meta.topic);
}

static const struct mqtt_watch watch = {.answered = on_answered, .gone = on_gone, .ended = on_ended, .ctx = &told};

static struct rig_conn *watched(uint8_t version)
{
	struct rig_conn *c;

	memset(&told, 0, sizeof(told));
	rig_start(1);
	mqtt_set_watch(rig.g[0], &watch);
	c = up(version, "device-1");
	return c;
}

static void test_shown(void **state)
{
	struct mqtt_shown shown;
	struct rig_conn *c;

	(void)state;
	rig_start(1);
	c = up(5, "device-1");
	rig_publish_give(c, 5, QOS1, 5, "exact", "a");
	rig_publish_give(c, 5, QOS1, 6, "exact", "b");
	rig_flush();
	rig_end(1, true); /* the second: it has to wait for the first */
	rig_flush();
	mqtt_show(rig.g[0], c->s, rig.now_us + 2000000, &shown);
	assert_int_equal(shown.state, TP_CONNECTION_up);
	assert_int_equal(shown.version, 5);
	assert_int_equal(shown.in_flight, 2);
	assert_int_equal(shown.waiting, 1);
	assert_int_equal(shown.messages, 2);
	assert_in_range(shown.since_us, 2000000, 3000000);
	assert_in_range(shown.idle_us, 1900000, 2100000);
	assert_true(tp_slice_is(shown.client_id, "device-1"));
	rig_end(0, true);
	rig_flush();
	check_ack(c, PUBACK, 5, 0);
	check_ack(c, PUBACK, 6, 0);
	mqtt_show(rig.g[0], c->s, rig.now_us, &shown);
	assert_int_equal(shown.in_flight, 0);
	rig_stop();
}

static void test_answers(void **state)
{
	struct rig_conn *c = watched(5);

	(void)state;
	rig_publish_give(c, 5, QOS1, 5, "exact", "a");
	rig_flush();
	assert_int_equal(told.answered, 0);
	rig_end(0, true);
	rig_flush();
	check_ack(c, PUBACK, 5, 0);
	assert_int_equal(told.answered, 1);
	assert_int_equal(told.waiter, rig.messages[0].waiter);
	assert_int_equal(told.packet_id, 5);
	assert_int_equal(told.reason, 0);
	assert_false(told.recorded);
	rig_publish_give(c, 5, QOS2, 6, "exact", "b");
	rig_end(1, false);
	rig_flush();
	check_ack(c, PUBREC, 6, told.reason);
	assert_true(told.recorded);
	assert_true(told.reason >= 0x80);
	mqtt_set_watch(rig.g[0], NULL);
	rig_publish_give(c, 5, QOS1, 7, "exact", "c");
	rig_end(2, true);
	rig_flush();
	check_ack(c, PUBACK, 7, 0);
	assert_int_equal(told.answered, 2);
	rig_stop();
}

static void test_gone(void **state)
{
	struct rig_conn *c = watched(4);

	(void)state;
	rig_publish_give(c, 4, QOS1, 5, "exact", "a");
	rig_flush();
	rig_gone(c, MQTT_GONE_RESET);
	assert_int_equal(told.gone, 1);
	assert_int_equal(told.waiter, rig.messages[0].waiter);
	rig_end(0, true);
	rig_flush();
	assert_int_equal(told.answered, 0);
	rig_stop();
}

static void test_ended(void **state)
{
	struct rig_conn *c = watched(5);

	(void)state;
	rig_publish_give(c, 5, QOS1, 5, "nobody/takes/this", "a");
	rig_flush();
	check_ack(c, PUBACK, 5, MQTT_BAD_TOPIC);
	assert_int_equal(told.ended, 1);
	assert_int_equal(told.why, TP_C_mqtt_unmapped);
	assert_int_equal(told.packet_id, 5);
	assert_string_equal(told.topic, "nobody/takes/this");
	rig_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup(test_shown, check_setup),
	        cmocka_unit_test_setup(test_answers, check_setup),
	        cmocka_unit_test_setup(test_gone, check_setup),
	        cmocka_unit_test_setup(test_ended, check_setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
