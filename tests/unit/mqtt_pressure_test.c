/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * When Kafka is slow or away, and when clients mean harm: hold and resume, shed, fairness, budgets, memory, silence, those who do not read, stop.
 */
#include "mqtt_check.h"

/* ---- hold and shed ------------------------------------------------------------------------------------------------------------------------ */

static void test_in_flight_holds(void **state)
{
	struct rig_conn *c;

	(void)state;
	rig_listener.in_flight = 3;
	rig_start(1);
	c = up(4, "device-1");
	for (unsigned int i = 1; i <= 5; i++)
		rig_publish_give(c, 4, QOS1, i, "exact", "x");
	assert_int_equal(rig.n_messages, 3);
	assert_true(c->in_at < c->in_n);
	assert_int_equal(rig_counted(TP_C_mqtt_held), 1);
	rig_end(1, true);
	rig_flush();
	assert_int_equal(c->resumes, 0);
	rig_end(0, true);
	rig_flush();
	assert_int_equal(c->resumes, 1);
	assert_int_equal(rig.n_messages, 5);
	assert_int_equal(c->in_at, c->in_n);
	rig_stop();
}

static void test_receive_maximum(void **state)
{
	struct rig_conn *c;

	(void)state;
	rig_listener.in_flight = 3;
	rig_start(1);
	c = up(5, "device-1");
	for (unsigned int i = 1; i <= 3; i++)
		rig_publish_give(c, 5, i == 2 ? QOS2 : QOS1, i, "exact", "x");
	rig_publish_give(c, 5, 0, 0, "exact", "x"); /* not counted */
	assert_int_equal(rig.n_messages, 4);
	for (unsigned int i = 0; i < 4; i++)
		rig_end(i, true);
	rig_flush();
	/* The one of QoS 2 counts until its PUBCOMP. */
	rig_publish_give(c, 5, QOS1, 4, "exact", "x");
	rig_publish_give(c, 5, QOS1, 5, "exact", "x");
	rig_ack_give(c, PUBREL, 2);
	rig_publish_give(c, 5, QOS1, 6, "exact", "x");
	assert_false(c->closing);
	c->out_at = c->out_n;
	rig_publish_give(c, 5, QOS1, 7, "exact", "x");
	check_disconnect(c, MQTT_RECEIVE_MAXIMUM);
	rig_stop();
}

static void test_room(void **state)
{
	struct rig_conn *c[3];

	(void)state;
	for (unsigned int late = 0; late < 2; late++) {
		rig_start(1);
		rig.resume_late = late;
		for (unsigned int i = 0; i < 3; i++)
			c[i] = up(4, (const char *[]){"a", "b", "c"}[i]);
		rig.room = 0;
		for (unsigned int i = 0; i < 3; i++)
			for (unsigned int n = 1; n <= 2; n++)
				rig_publish_give(c[i], 4, QOS1, n, "exact", "x");
		assert_int_equal(rig.n_messages, 0);
		assert_int_equal(rig_counted(TP_C_mqtt_held), 3);
		assert_int_equal(rig_counted(TP_C_received), 0);
		if (!late)
			mqtt_room(rig.g[0], rig.now_us); /* none yet: the first stays the first */
		rig.room = 1;
		mqtt_room(rig.g[0], rig.now_us);
		for (unsigned int i = 0; i < 3 && late; i++)
			rig_feed(c[i]);
		assert_int_equal(rig.n_messages, 1);
		assert_int_equal(rig.messages[0].conn, rig_index(c[0]));
		rig.room = 1;
		mqtt_room(rig.g[0], rig.now_us);
		for (unsigned int i = 1; i < 4 && late; i++)
			rig_feed(c[i % 3]);
		assert_int_equal(rig.n_messages, 2);
		assert_int_equal(rig.messages[1].conn, rig_index(c[1]));
		rig.room = -1;
		mqtt_room(rig.g[0], rig.now_us);
		for (unsigned int i = 0; i < 3 && late; i++)
			rig_feed(c[i]);
		assert_int_equal(rig.n_messages, 6);
		rig_stop();
	}
}

/* One of QoS 2 that is held is not taken for its own duplicate afterwards. */
static void test_room_qos2(void **state)
{
	struct rig_conn *c;

	(void)state;
	rig_start(1);
	c = up(4, "device-1");
	rig.room = 0;
	rig_publish_give(c, 4, QOS2, 1, "exact", "x");
	rig.room = -1;
	mqtt_room(rig.g[0], rig.now_us);
	assert_int_equal(rig.n_messages, 1);
	rig_end(0, true);
	rig_flush();
	check_ack(c, PUBREC, 1, 0);
	assert_int_equal(rig_counted(TP_C_mqtt_duplicate), 0);
	rig_stop();
}

/* One with much to say does not keep the others from theirs. */
static void test_room_is_shared(void **state)
{
	struct rig_conn *a, *b;
	unsigned int of_b = 0;

	(void)state;
	rig_start(1);
	a = up(4, "a");
	b = up(4, "b");
	rig.room = 0;
	for (unsigned int i = 0; i < 500; i++)
		rig_publish_give(a, 4, 0, 0, "exact", "much");
	rig_publish_give(b, 4, 0, 0, "exact", "little");
	rig.room = 100;
	mqtt_room(rig.g[0], rig.now_us);
	for (unsigned int i = 0; i < rig.n_messages; i++)
		of_b += rig.messages[i].conn == rig_index(b);
	assert_int_equal(of_b, 1);
	assert_int_equal(rig.n_messages, 100);
	rig.room = -1;
	mqtt_room(rig.g[0], rig.now_us);
	assert_int_equal(rig.n_messages, 501);
	rig_stop();
}

static void test_waiters_run_out(void **state)
{
	struct rig_conn *a, *b;

	(void)state;
	rig_spec.waiters = 4;
	rig_start(1);
	a = up(4, "a");
	b = up(4, "b");
	for (unsigned int i = 1; i <= 6; i++)
		rig_publish_give(i % 2 ? a : b, 4, QOS1, i, "exact", "x");
	assert_int_equal(rig.n_messages, 4);
	for (unsigned int i = 0; i < 4; i++)
		rig_end(i, true);
	rig_flush();
	assert_int_equal(rig.n_messages, 6);
	rig_stop();
}

static void test_shed(void **state)
{
	struct rig_conn *c;

	(void)state;
	rig_start(1);
	c = up(4, "device-1");
	rig.room = 0;
	rig_publish_give(c, 4, 0, 0, "shed/x", "dropped");
	rig_publish_give(c, 4, 0, 0, "shed/x", "dropped");
	rig_publish_give(c, 4, QOS1, 1, "shed/x", "held");
	rig_publish_give(c, 4, 0, 0, "shed/x", "behind it");
	assert_int_equal(rig_counted(TP_C_mqtt_shed), 2);
	rig.room = -1;
	mqtt_room(rig.g[0], rig.now_us);
	assert_int_equal(rig.n_messages, 2);
	assert_int_equal(rig_counted(TP_C_mqtt_shed), 2);
	rig_stop();
}

/* ---- failures ------------------------------------------------------------------------------------------------------------------------------ */

static void test_failed(void **state)
{
	struct rig_conn *c;
	struct tp_waiters *w;

	(void)state;
	rig_start(1);
	w = mqtt_waiters(rig.g[0]);
	c = up(5, "device-1");
	rig_publish_give(c, 5, QOS1, 1, "exact", "x");
	rig_publish_give(c, 5, QOS2, 2, "exact", "x");
	rig_publish_give(c, 5, QOS1, 3, "exact", "x");
	rig_publish_give(c, 5, QOS1, 4, "exact", "x");
	rig_end(0, false);
	rig_end(1, false);
	w->list[rig.messages[2].waiter].made = 0; /* nothing could be made */
	rig_end(2, true);
	rig_end(3, true);
	rig_flush();
	check_ack(c, PUBACK, 1, MQTT_UNSPECIFIED);
	check_ack(c, PUBREC, 2, MQTT_UNSPECIFIED);
	check_ack(c, PUBACK, 3, MQTT_QUOTA);
	check_ack(c, PUBACK, 4, 0);
	assert_int_equal(rig_counted(TP_C_mqtt_not_acknowledged), 3);
	rig_gone(c, MQTT_GONE_CLOSED);

	c = up(4, "device-2");
	rig_publish_give(c, 4, QOS1, 1, "exact", "x");
	rig_publish_give(c, 4, QOS1, 2, "exact", "x");
	rig_publish_give(c, 4, QOS1, 3, "exact", "x");
	for (unsigned int i = 4; i < 7; i++)
		rig_end(i, i != 5);
	rig_flush();
	check_ack(c, PUBACK, 1, 0);
	check_nothing(c);
	assert_true(c->closing);
	check_event(false, MQTT_GONE_REFUSED);
	rig_stop();
}

/* ---- time ---------------------------------------------------------------------------------------------------------------------------------- */

static void test_keep_alive(void **state)
{
	const struct rig_connect k = {.version = 5, .clean = true, .id = "device-1", .keep_alive = 10};
	struct rig_conn *c;

	(void)state;
	rig_start(1);
	c = up_with(0, &k, false);
	for (unsigned int i = 0; i < 10; i++) {
		rig_pass(14900000);
		assert_false(c->closing);
		rig_give(c, (const uint8_t *)"\xc0\x00", 2);
		check_packet(c, 0xd0, NULL, 0);
	}
	rig_pass(14900000);
	assert_false(c->closing);
	rig_pass(400000);
	check_disconnect(c, MQTT_KEEP_ALIVE_TIMEOUT);
	check_event(false, MQTT_GONE_KEEP_ALIVE);
	assert_int_equal(rig_counted(TP_C_mqtt_keep_alive), 1);
	rig_stop();
}

/* Who is held cannot be heard. */
static void test_keep_alive_held(void **state)
{
	const struct rig_connect k = {.version = 4, .clean = true, .id = "device-1", .keep_alive = 10};
	struct rig_conn *c;

	(void)state;
	rig_start(1);
	c = up_with(0, &k, false);
	rig.room = 0;
	rig_publish_give(c, 4, QOS1, 1, "exact", "x");
	rig_pass(100 * UINT64_C(1000000));
	assert_false(c->closing);
	rig.room = -1;
	mqtt_room(rig.g[0], rig.now_us);
	rig_pass(14 * UINT64_C(1000000));
	assert_false(c->closing);
	rig_pass(2 * UINT64_C(1000000));
	assert_true(c->closing);
	rig_stop();
}

/* A packet that comes octet by octet and never ends is no sign of life, with keep alive and without. */
static void test_slow_packet(void **state)
{
	struct rig_connect k = {.version = 4, .clean = true, .id = "device-1"};
	struct rig_conn *c;

	(void)state;
	for (unsigned int keep_alive = 0; keep_alive <= 40; keep_alive += 40) {
		rig_start(1);
		k.keep_alive = (uint16_t)keep_alive;
		c = up_with(0, &k, false);
		rig_pass(50 * UINT64_C(1000000));
		assert_false(c->closing);
		rig_give(c, (const uint8_t *)"\x30\x80\x10", 3);
		for (unsigned int i = 0; i < 70 && !c->closing; i++) {
			rig_pass(1000000);
			rig_give(c, (const uint8_t *)"x", 1);
		}
		assert_true(c->closing);
		rig_stop();
	}
}

static void test_connect_timeout(void **state)
{
	struct rig_conn *c;

	(void)state;
	rig_start(1);
	c = rig_open(0);
	rig_give(c, (const uint8_t *)"\x10\x7f\x00", 3);
	rig_pass(4900000);
	assert_false(c->closing);
	rig_pass(300000);
	assert_true(c->closing);
	assert_int_equal(rig_counted(TP_C_mqtt_connect_timeout), 1);
	assert_int_equal(rig.n_events, 0);
	rig_stop();
}

static void test_rate(void **state)
{
	const struct rig_connect k = {.version = 5, .clean = true, .id = ""};
	unsigned int accepted = 0;

	(void)state;
	rig_listener.connect_rate = 20;
	rig_listener.connect_rate_prefix = 5;
	rig_start(1);
	for (unsigned int i = 0; i < 60; i++) {
		struct rig_conn *c = rig_open(0);

		c->address[1] = (uint8_t)(i % 6); /* six prefixes */
		rig_connect(c, &k);
		accepted += c->out[3] == 0;
		assert_true(c->out[3] == 0 || c->out[3] == MQTT_BUSY);
		rig_gone(c, MQTT_GONE_CLOSED);
	}
	assert_int_equal(accepted, 20);
	rig_pass(10000000);
	for (unsigned int i = 0; i < 10; i++) {
		struct rig_conn *c = rig_open(0);

		rig_connect(c, &k);
		assert_int_equal(c->out[3], i < 5 ? 0 : MQTT_BUSY);
		rig_gone(c, MQTT_GONE_CLOSED);
	}
	assert_int_equal(rig_counted(TP_C_mqtt_connect_rate), 45);
	assert_int_equal(rig_counted(TP_C_mqtt_connect_refused), 45);
	rig_stop();
}

/* More prefixes than the table has places: the one that is whole soonest gives way, not the one that asks too much. */
static void test_rate_table(void **state)
{
	const struct rig_connect k = {.version = 5, .clean = true, .id = ""};

	(void)state;
	rig_listener.connect_rate_prefix = 5;
	rig_spec.prefixes = 4;
	rig_start(1);
	for (unsigned int i = 0; i < 20; i++) {
		struct rig_conn *c = rig_open(0);

		c->address[1] = (uint8_t)(i < 5 || i == 19 ? 0 : i);
		rig_connect(c, &k);
		assert_int_equal(c->out[3], i == 19 ? MQTT_BUSY : 0);
		rig_gone(c, MQTT_GONE_CLOSED);
	}
	rig_stop();
}

/* ---- memory -------------------------------------------------------------------------------------------------------------------------------- */

static void test_too_large(void **state)
{
	struct mqtt_usage before, after;
	struct rig_conn *c;

	(void)state;
	rig_start(1);
	c = up(5, "device-1");
	mqtt_usage(rig.g[0], &before);
	rig_give(c, (const uint8_t *)"\x30\xff\xff\xff\x7f", 5);
	mqtt_usage(rig.g[0], &after);
	assert_int_equal(after.assembly_octets, before.assembly_octets);
	check_disconnect(c, MQTT_TOO_LARGE);
	/* Before CONNECT. */
	c = rig_open(0);
	for (unsigned int i = 0; i < 5 && !c->closing; i++)
		rig_give(c, (const uint8_t *)"\x10\xff\xff\xff\x7f" + i, 1);
	assert_true(c->closing);
	check_nothing(c);
	rig_stop();
}

/* Packets that are begun use up the budget; what is begun then is held until there is memory again, and CONNECTs still find their names. */
static void test_assembly_budget(void **state)
{
	static uint8_t part[40000] = {0x30, 0xbd, 0xb8, 0x02, 0x00, 0x05, 'e', 'x', 'a', 'c', 't'}; /* 40,000 octets in all */
	struct rig_conn *c[30], *late;
	unsigned int fit = 0;

	(void)state;
	rig_spec.assembly_octets = 400000;
	rig_start(1);
	part[1] = 0xbc;
	for (unsigned int i = 0; i < 12; i++) {
		char id[8];

		snprintf(id, sizeof(id), "c%u", i);
		c[i] = up(4, id);
		rig_give(c[i], part, 39999);
		fit += c[i]->in_at == c[i]->in_n;
	}
	assert_int_equal(fit, 7); /* three quarters */
	late = up(4, "late");
	rig_publish_give(late, 4, 0, 0, "exact", "small");
	assert_int_equal(rig.n_messages, 1);
	for (unsigned int i = 0; i < 8; i++) { /* each time some memory is free again, but not enough */
		rig_give(late, (const uint8_t *)"\xc0", 1);
		rig_give(late, (const uint8_t *)"\x00\x30\x08", 3);
		rig_give(late,
		        (const uint8_t *)"\x00\x05"
		                         "exactx",
		        8);
		rig_flush();
		assert_int_equal(rig.messages[1 + i].payload_n, 1);
	}
	rig_give(c[0], part, 1);
	assert_int_equal(rig.n_messages, 10);
	rig_flush();
	rig_give(c[fit], part, 1);
	assert_int_equal(rig.n_messages, 11);
	assert_int_equal(rig.messages[10].payload_n, 40000 - 11);
	rig_stop();
}

/* Those who have not connected may have a quarter of it. */
static void test_assembly_before_connect(void **state)
{
	unsigned int closed = 0;

	(void)state;
	rig_spec.assembly_octets = 400000;
	rig_start(1);
	for (unsigned int i = 0; i < 20; i++) {
		struct rig_conn *c = rig_open(0);

		rig_give(c, (const uint8_t *)"\x10\xc0\x9a\x01", 4); /* about 20,000 */
		closed += c->closing;
	}
	assert_int_equal(closed, 20 - 5);
	assert_non_null(up(4, "welcome"));
	/* When those are gone there is room for others again. */
	for (unsigned int i = 0; i < 20; i++)
		rig_gone(&rig.conns[i], MQTT_GONE_CLOSED);
	rig_flush();
	for (unsigned int i = 0; i < 5; i++) {
		struct rig_conn *c = rig_open(0);

		rig_give(c, (const uint8_t *)"\x10\xc0\x9a\x01", 4);
		assert_false(c->closing);
	}
	rig_stop();
}

static void test_not_reading(void **state)
{
	struct rig_conn *c;

	(void)state;
	rig_start(1);
	c = up(4, "device-1");
	rig_publish_give(c, 4, QOS1, 1, "exact", "x");
	c->not_reading = true;
	rig_end(0, true);
	rig_flush();
	assert_true(c->closing && c->closed_at_once);
	check_event(false, MQTT_GONE_NOT_READING);
	assert_int_equal(rig_counted(TP_C_mqtt_not_reading), 1);
	rig_stop();
}

static void test_clients_run_out(void **state)
{
	const struct rig_connect k = {.version = 5, .clean = true, .id = "one too many"};
	struct rig_conn *c;

	(void)state;
	rig_spec.clients = 3;
	rig_start(1);
	for (unsigned int i = 0; i < 3; i++)
		up(5, (const char *[]){"a", "b", "c"}[i]);
	c = rig_open(0);
	rig_connect(c, &k);
	check_connack(c, false, MQTT_QUOTA);
	assert_true(c->closing);
	rig_stop();
}

/* One of which only its window is left gives way. */
static void test_clients_give_way(void **state)
{
	struct rig_conn *c;

	(void)state;
	rig_spec.clients = 3;
	rig_start(1);
	rig.immediate = true;
	for (unsigned int i = 0; i < 10; i++) {
		char id[8];

		snprintf(id, sizeof(id), "c%u", i);
		c = up(4, id);
		rig_publish_give(c, 4, QOS1, 1, "exact", "x");
		rig_flush();
		rig_gone(c, MQTT_GONE_CLOSED);
	}
	rig_stop();
}

/* ---- stop ---------------------------------------------------------------------------------------------------------------------------------- */

static void test_stop(void **state)
{
	struct rig_conn *a, *b;

	(void)state;
	rig_start(1);
	a = up(5, "a");
	b = up(5, "b");
	rig_publish_give(b, 5, QOS1, 1, "exact", "x");
	assert_false(mqtt_stop(rig.g[0], rig.now_us));
	check_disconnect(a, MQTT_SHUTTING_DOWN);
	assert_false(b->closing);
	rig_publish_give(b, 5, QOS1, 2, "exact", "too late");
	assert_int_equal(rig.n_messages, 1);
	rig_end(0, true);
	rig_flush();
	check_ack(b, PUBACK, 1, 0);
	check_disconnect(b, MQTT_SHUTTING_DOWN);
	check_event(false, MQTT_GONE_SHUTTING_DOWN);
	assert_false(mqtt_stop(rig.g[0], rig.now_us));
	rig_reap();
	assert_true(mqtt_stop(rig.g[0], rig.now_us));
	assert_null(mqtt_opened(rig.g[0], a, 0, rig.now_us));
	rig_stop();
}

/* A million idle connections at the size that the budget says. */
static void test_idle_memory(void **state)
{
	struct mqtt_spec spec;
	uint64_t one, many;

	(void)state;
	rig_defaults();
	spec = rig_spec;
	spec.connections = spec.clients = 1;
	spec.assembly_octets = 0;
	one = mqtt_memory(&spec);
	spec.connections = spec.clients = 1 << 20;
	spec.assembly_octets = (uint64_t)64 << 20;
	many = mqtt_memory(&spec);
	printf("idle connection: %.1f octets\n", (double)(many - one) / (1 << 20));
	assert_true((many - one) >> 20 <= 400);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup(test_in_flight_holds, check_setup),
	        cmocka_unit_test_setup(test_receive_maximum, check_setup),
	        cmocka_unit_test_setup(test_room, check_setup),
	        cmocka_unit_test_setup(test_room_qos2, check_setup),
	        cmocka_unit_test_setup(test_room_is_shared, check_setup),
	        cmocka_unit_test_setup(test_waiters_run_out, check_setup),
	        cmocka_unit_test_setup(test_shed, check_setup),
	        cmocka_unit_test_setup(test_failed, check_setup),
	        cmocka_unit_test_setup(test_keep_alive, check_setup),
	        cmocka_unit_test_setup(test_keep_alive_held, check_setup),
	        cmocka_unit_test_setup(test_slow_packet, check_setup),
	        cmocka_unit_test_setup(test_connect_timeout, check_setup),
	        cmocka_unit_test_setup(test_rate, check_setup),
	        cmocka_unit_test_setup(test_rate_table, check_setup),
	        cmocka_unit_test_setup(test_too_large, check_setup),
	        cmocka_unit_test_setup(test_assembly_budget, check_setup),
	        cmocka_unit_test_setup(test_assembly_before_connect, check_setup),
	        cmocka_unit_test_setup(test_not_reading, check_setup),
	        cmocka_unit_test_setup(test_clients_run_out, check_setup),
	        cmocka_unit_test_setup(test_clients_give_way, check_setup),
	        cmocka_unit_test_setup(test_stop, check_setup),
	        cmocka_unit_test_setup(test_idle_memory, check_setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
