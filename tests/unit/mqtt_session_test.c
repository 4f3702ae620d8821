/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What outlives a connection: QoS 2 over reconnects, the window of messages acknowledged lately, takeover on one worker and across workers with
 * notes in every legal order, and records that end when their connection is gone.
 */
#include "mqtt_check.h"

static const struct rig_connect keeps = {.version = 4, .id = "device-1"};
static const struct rig_connect keeps5 = {.version = 5, .id = "device-1", .expiry = 600};

/* Client identifiers whose home is that worker of n. */
static const char *id_of_home(unsigned int home)
{
	static char id[32];
	unsigned int homes = rig.workers;

	/* Found by asking: a claim from the home itself posts nothing. */
	for (unsigned int i = 0;; i++) {
		struct rig_connect k = {.version = 4, .clean = true, .id = id};
		struct rig_conn *c = rig_open(home);
		bool local;

		snprintf(id, sizeof(id), "home-%u-%u", home, i);
		rig_connect(c, &k);
		local = c->out_n > 0;
		for (unsigned int to = 0; to < homes; to++)
			rig_deliver(home, to);
		rig_deliver_all();
		rig_gone(c, MQTT_GONE_CLOSED);
		rig_deliver_all();
		if (local)
			return id;
	}
}

/* ---- QoS 2 ------------------------------------------------------------------------------------------------------------------------------- */

static void test_qos2_same_identifier(void **state)
{
	struct rig_conn *c;

	(void)state;
	rig_start(1);
	c = up(4, "device-1");
	rig_publish_give(c, 4, QOS2, 5, "exact", "a");
	/* Before its records have ended: no second message, and no answer yet. */
	rig_publish_give(c, 4, QOS2 | DUP, 5, "exact", "a");
	rig_flush();
	check_nothing(c);
	assert_int_equal(rig.n_messages, 1);
	rig_end(0, true);
	rig_flush();
	check_ack(c, PUBREC, 5, 0);
	check_ack(c, PUBREC, 5, 0);
	rig_publish_give(c, 4, QOS2 | DUP, 5, "exact", "a");
	rig_flush();
	check_ack(c, PUBREC, 5, 0);
	rig_ack_give(c, PUBREL, 5);
	check_ack(c, PUBCOMP, 5, 0);
	/* Again: 3.1.1 completes what it does not know. */
	rig_ack_give(c, PUBREL, 5);
	check_ack(c, PUBCOMP, 5, 0);
	rig_publish_give(c, 4, QOS2, 5, "exact", "a");
	assert_int_equal(rig.n_messages, 2);
	assert_int_equal(rig_counted(TP_C_mqtt_duplicate), 2);
	rig_stop();
}

/* A client of MQTT 5 that says the same thing over and over takes no more of the waiters than one that does not. */
static void test_qos2_repeats_are_bounded(void **state)
{
	struct mqtt_usage usage;
	struct rig_conn *c;

	(void)state;
	rig_listener.in_flight = 3;
	rig_start(1);
	c = up(5, "device-1");
	rig_publish_give(c, 5, QOS2, 5, "exact", "a");
	for (unsigned int i = 0; i < 20; i++)
		rig_publish_give(c, 5, QOS2 | DUP, 5, "exact", "a");
	mqtt_usage(rig.g[0], &usage);
	assert_int_equal(usage.waiters, 3);
	assert_true(c->in_at < c->in_n);
	rig_end(0, true);
	rig_flush();
	for (unsigned int i = 0; i < 21; i++)
		check_ack(c, PUBREC, 5, 0);
	assert_int_equal(c->in_at, c->in_n);
	assert_int_equal(rig.n_messages, 1);
	rig_stop();
}

/* Its answer waits behind another message's when the identifier is released: it was published well. */
static void test_qos2_released_before_its_repeat(void **state)
{
	struct rig_conn *c;

	(void)state;
	rig_start(1);
	c = up(3, "device-1");
	rig_publish_give(c, 3, QOS2, 5, "exact", "a");
	rig_publish_give(c, 3, QOS1, 6, "exact", "b");
	rig_publish_give(c, 3, QOS2 | DUP, 5, "exact", "a");
	rig_end(0, true);
	rig_flush();
	check_ack(c, PUBREC, 5, 0);
	rig_ack_give(c, PUBREL, 5);
	check_ack(c, PUBCOMP, 5, 0);
	rig_end(1, true);
	rig_flush();
	check_ack(c, PUBACK, 6, 0);
	check_ack(c, PUBREC, 5, 0);
	assert_false(c->closing);
	assert_int_equal(rig_counted(TP_C_mqtt_not_acknowledged), 0);
	rig_stop();
}

static void test_qos2_unknown_release(void **state)
{
	struct rig_conn *c;

	(void)state;
	rig_start(1);
	c = up(5, "device-1");
	rig_ack_give(c, PUBREL, 77);
	check_ack(c, PUBCOMP, 77, MQTT_ID_NOT_FOUND);
	rig_stop();
}

/* At every point of the flow the connection dies and comes back on a worker; one record in all. */
static void test_qos2_reconnect(void **state)
{
	(void)state;
	for (unsigned int workers = 1; workers <= 2; workers++) {
		for (unsigned int point = 0; point < 4; point++) {
			struct rig_conn *c;

			rig_start(workers);
			c = up_with(0, &keeps5, false);
			rig_publish_give(c, 5, QOS2, 9, "exact", "once");
			if (point >= 1)
				rig_end(0, true);
			if (point >= 2)
				rig_flush();
			if (point >= 2)
				check_ack(c, PUBREC, 9, 0);
			rig_gone(c, MQTT_GONE_RESET);
			rig_deliver_all();
			c = up_with(workers - 1, &keeps5, true);
			if (point < 3) {
				rig_publish_give(c, 5, QOS2 | DUP, 9, "exact", "once");
				rig_flush();
				rig_deliver_all();
				if (point == 0) {
					check_nothing(c);
					rig_end(0, true);
				}
				rig_flush();
				rig_deliver_all();
				check_ack(c, PUBREC, 9, 0);
			}
			rig_ack_give(c, PUBREL, 9);
			check_ack(c, PUBCOMP, 9, 0);
			assert_int_equal(rig.n_messages, 1);
			rig_stop();
		}
	}
}

/* The first sending failed after its connection was gone: then the second is a message of its own. */
static void test_qos2_failed_orphan(void **state)
{
	struct rig_conn *c;

	(void)state;
	rig_start(2);
	c = up_with(0, &keeps5, false);
	rig_publish_give(c, 5, QOS2, 9, "exact", "x");
	rig_gone(c, MQTT_GONE_RESET);
	rig_deliver_all();
	c = up_with(1, &keeps5, true);
	rig_publish_give(c, 5, QOS2 | DUP, 9, "exact", "x");
	rig_end(0, false);
	rig_flush();
	rig_deliver_all();
	check_ack(c, PUBREC, 9, MQTT_UNSPECIFIED);
	rig_publish_give(c, 5, QOS2, 9, "exact", "x");
	assert_int_equal(rig.n_messages, 2);
	rig_stop();
}

/* A session that was discarded takes its identifiers with it, and what ends late does not touch the new one. */
static void test_qos2_discarded(void **state)
{
	const struct rig_connect clean = {.version = 5, .id = "device-1", .clean = true, .expiry = 600};
	struct rig_conn *c;

	(void)state;
	rig_start(2);
	c = up_with(0, &keeps5, false);
	rig_publish_give(c, 5, QOS2, 9, "exact", "old");
	rig_gone(c, MQTT_GONE_RESET);
	rig_deliver_all();
	c = up_with(1, &clean, false);
	rig_publish_give(c, 5, QOS2, 9, "exact", "new");
	assert_int_equal(rig.n_messages, 2);
	rig_end(0, false);
	rig_flush();
	rig_deliver_all();
	rig_flush();
	check_nothing(c);
	rig_end(1, true);
	rig_flush();
	check_ack(c, PUBREC, 9, 0);
	rig_publish_give(c, 5, QOS2 | DUP, 9, "exact", "new");
	rig_flush();
	check_ack(c, PUBREC, 9, 0);
	assert_int_equal(rig.n_messages, 2);
	rig_stop();
}

/* The same, but both connections are gone when the old one's records fail. */
static void test_qos2_discarded_both_gone(void **state)
{
	const struct rig_connect clean = {.version = 5, .id = "device-1", .clean = true, .expiry = 600};
	struct rig_conn *c;

	(void)state;
	rig_start(1);
	c = up_with(0, &keeps5, false);
	rig_publish_give(c, 5, QOS2, 9, "exact", "old");
	rig_gone(c, MQTT_GONE_RESET);
	c = up_with(0, &clean, false);
	rig_publish_give(c, 5, QOS2, 9, "exact", "new");
	rig_gone(c, MQTT_GONE_RESET);
	rig_end(0, false);
	rig_flush();
	rig_end(1, true);
	rig_flush();
	c = up_with(0, &keeps5, true);
	rig_publish_give(c, 5, QOS2 | DUP, 9, "exact", "new");
	rig_flush();
	check_ack(c, PUBREC, 9, 0);
	assert_int_equal(rig.n_messages, 2);
	rig_stop();
}

/* The home tells the owner that records have ended, and meanwhile that one is gone too: whoever comes next is told. */
static void test_qos2_chased(void **state)
{
	struct rig_connect k = keeps5;
	struct rig_conn *c;

	(void)state;
	for (unsigned int busy = 0; busy < 2; busy++) {
		rig_start(3);
		k.id = id_of_home(2);
		c = up_with(0, &k, false);
		rig_publish_give(c, 5, QOS2, 9, "exact", "x");
		rig_gone(c, MQTT_GONE_RESET);
		rig_deliver_all();
		c = up_with(1, &k, true);
		rig_end(0, true);
		rig_flush();
		if (busy)
			rig.note_room = 0;
		rig_deliver(0, 2);
		rig.note_room = busy ? 1 : RIG_NOTES;
		rig_gone(c, MQTT_GONE_RESET);
		rig_deliver_all();
		rig_pass(200000);
		rig_deliver_all();
		c = up_with(1, &k, true);
		rig_publish_give(c, 5, QOS2 | DUP, 9, "exact", "x");
		rig_flush();
		check_ack(c, PUBREC, 9, 0);
		assert_int_equal(rig.n_messages, 1);
		rig_stop();
	}
}

static void test_qos2_too_many(void **state)
{
	struct rig_conn *c;

	(void)state;
	rig_listener.in_flight = 1000;
	rig_start(1);
	rig.immediate = true;
	c = up(4, "device-1");
	for (unsigned int i = 1; i <= MQTT_QOS2_MAX; i++) {
		rig_publish_give(c, 4, QOS2, i, "exact", "a");
		rig_flush();
		check_ack(c, PUBREC, i, 0);
	}
	rig_publish_give(c, 4, QOS2, 1000, "exact", "a");
	assert_true(c->closing);
	assert_int_equal(rig.n_messages, MQTT_QOS2_MAX);
	rig_stop();
}

static void test_expiry(void **state)
{
	struct rig_conn *c;

	(void)state;
	rig_start(1);
	rig.immediate = true;
	c = up_with(0, &keeps5, false);
	rig_publish_give(c, 5, QOS2, 9, "exact", "x");
	rig_gone(c, MQTT_GONE_CLOSED);
	rig_flush();
	rig_pass(599 * UINT64_C(1000000));
	c = up_with(0, &keeps5, true);
	rig_gone(c, MQTT_GONE_CLOSED);
	rig_pass(601 * UINT64_C(1000000));
	c = up_with(0, &keeps5, false);
	rig_publish_give(c, 5, QOS2, 9, "exact", "x");
	assert_int_equal(rig.n_messages, 2);
	rig_stop();
}

/* ---- the window --------------------------------------------------------------------------------------------------------------------------- */

static void test_window(void **state)
{
	struct rig_conn *c;

	(void)state;
	for (unsigned int workers = 1; workers <= 3; workers++) {
		rig_start(workers);
		c = up_with(0, &keeps, false);
		rig_publish_give(c, 4, QOS1, 1, "exact", "a");
		rig_end(0, true);
		rig_flush();
		check_ack(c, PUBACK, 1, 0);
		rig_gone(c, MQTT_GONE_RESET);
		rig_deliver_all();
		c = up_with(workers - 1, &keeps, true);
		rig_publish_give(c, 4, QOS1 | DUP, 1, "exact", "a");
		rig_flush();
		check_ack(c, PUBACK, 1, 0);
		assert_int_equal(rig.n_messages, 1);
		assert_int_equal(rig_counted(TP_C_mqtt_duplicate), 1);
		/* Another identifier, topic or payload, or without DUP: another message. */
		rig_publish_give(c, 4, QOS1 | DUP, 2, "exact", "a");
		rig_publish_give(c, 4, QOS1 | DUP, 1, "plates/a/b", "a");
		rig_publish_give(c, 4, QOS1 | DUP, 1, "exact", "b");
		rig_publish_give(c, 4, QOS1, 1, "exact", "a");
		assert_int_equal(rig.n_messages, 5);
		rig_stop();
	}
}

/* The records ended well, but the connection was gone: what comes again is known. A failed one is not. */
static void test_window_orphans(void **state)
{
	struct rig_conn *c;

	(void)state;
	for (unsigned int workers = 1; workers <= 2; workers++) {
		rig_start(workers);
		c = up_with(0, &keeps, false);
		rig_publish_give(c, 4, QOS1, 1, "exact", "a");
		rig_publish_give(c, 4, QOS1, 2, "exact", "b");
		rig_publish_give(c, 4, QOS1, 3, "exact", "c");
		rig_gone(c, MQTT_GONE_RESET);
		rig_deliver_all();
		rig_end(0, true);
		rig_end(1, false);
		rig_flush();
		rig_deliver_all();
		c = up_with(workers - 1, &keeps, true);
		rig_end(2, true); /* while its successor is connected */
		rig_flush();
		rig_deliver_all();
		for (unsigned int i = 1; i <= 3; i++)
			rig_publish_give(c, 4, QOS1 | DUP, i, "exact", (const char *[]){"a", "b", "c"}[i - 1]);
		assert_int_equal(rig.n_messages, 4);
		assert_int_equal(rig.messages[3].packet_id, 2);
		rig_flush();
		check_ack(c, PUBACK, 1, 0);
		check_nothing(c);
		rig_end(3, true);
		rig_flush();
		check_ack(c, PUBACK, 2, 0);
		check_ack(c, PUBACK, 3, 0);
		rig_stop();
	}
}

/* On the connection on which it was acknowledged it is a new message (MQTT-4.3.2-5); but MQTT 3.1 sends again there. */
static void test_window_same_connection(void **state)
{
	struct rig_conn *c;

	(void)state;
	for (uint8_t version = 3; version <= 5; version++) {
		rig_start(1);
		rig.immediate = true;
		c = up(version, "device-1");
		rig_publish_give(c, version, QOS1, 1, "exact", "a");
		rig_flush();
		rig_publish_give(c, version, QOS1 | DUP, 1, "exact", "a");
		rig_flush();
		check_ack(c, PUBACK, 1, 0);
		check_ack(c, PUBACK, 1, 0);
		assert_int_equal(rig.n_messages, version == 3 ? 1 : 2);
		rig_stop();
	}
}

/* The window is bounded: the oldest goes. */
static void test_window_bound(void **state)
{
	struct rig_conn *c;

	(void)state;
	rig_spec.window = 4;
	rig_start(1);
	rig.immediate = true;
	c = up_with(0, &keeps, false);
	for (unsigned int i = 1; i <= 5; i++)
		rig_publish_give(c, 4, QOS1, i, "exact", "a");
	rig_flush();
	rig_gone(c, MQTT_GONE_CLOSED);
	c = up_with(0, &keeps, true);
	rig_publish_give(c, 4, QOS1 | DUP, 2, "exact", "a");
	assert_int_equal(rig.n_messages, 5);
	rig_publish_give(c, 4, QOS1 | DUP, 1, "exact", "a");
	assert_int_equal(rig.n_messages, 6);
	rig_stop();
}

/* ---- takeover ----------------------------------------------------------------------------------------------------------------------------- */

static void test_takeover(void **state)
{
	(void)state;
	for (unsigned int home = 0; home < 3; home++) {
		for (unsigned int from = 0; from < 3; from++) {
			for (unsigned int to = 0; to < 3; to++) {
				struct rig_connect k = {.version = 5, .expiry = 60};
				struct rig_conn *a, *b;

				rig_start(3);
				k.id = id_of_home(home);
				a = up_with(from, &k, false);
				rig_publish_give(a, 5, QOS1, 1, "exact", "under way");
				b = up_with(to, &k, true);
				check_disconnect(a, MQTT_TAKEN_OVER);
				assert_int_equal(rig_counted(TP_C_mqtt_taken_over), 1);
				check_nothing(b);
				rig_publish_give(b, 5, QOS1, 1, "exact", "next");
				rig_end(1, true);
				rig_flush();
				check_ack(b, PUBACK, 1, 0);
				rig_stop();
			}
		}
	}
}

/*
 * One identifier, clients on two workers, its home on a third; connecting, leaving and the delivery of notes in a random order. There is never more than
 * one that is connected, and at the end the last one gets in.
 */
static void test_takeover_interleaved(void **state)
{
	(void)state;
	srandom(1);
	rig_listener.expiry_max = 60;
	for (unsigned int round = 0; round < 2000; round++) {
		struct rig_connect k = {.version = 5, .expiry = 60};
		struct rig_conn *conns[6] = {NULL};
		unsigned int workers = 1 + (unsigned int)random() % 3;
		struct rig_conn *last;

		rig_start(workers);
		k.id = "device-1";
		rig.note_room = 1 + (unsigned int)random() % 4;
		for (unsigned int step = 0; step < 60; step++) {
			unsigned int what = (unsigned int)random() % 8, i = (unsigned int)random() % 6, connected = 0;

			if (what == 0 && conns[i] == NULL) {
				conns[i] = rig_open((unsigned int)random() % workers);
				rig_connect(conns[i], &k);
			} else if (what == 1 && conns[i]) {
				rig_gone(conns[i], MQTT_GONE_RESET);
				conns[i] = NULL;
			} else if (what == 2) {
				rig_pass(300000);
			} else if (what == 3 && conns[i] && !conns[i]->closing && conns[i]->out_n) {
				rig_publish_give(conns[i], 5, QOS2, 1 + step, "exact", "x");
			} else if (what == 4) {
				for (unsigned int m = 0; m < rig.n_messages; m++)
					if (!rig.messages[m].ended)
						rig_end(m, random() % 2);
				rig_flush();
			} else {
				rig_deliver((unsigned int)random() % workers, (unsigned int)random() % workers);
			}
			for (i = 0; i < 6; i++)
				connected += conns[i] && !conns[i]->closing && conns[i]->out_n >= 4 && conns[i]->out[3] == 0;
			assert_true(connected <= 1);
		}
		for (unsigned int i = 0; i < 40; i++) {
			rig_deliver_all();
			rig_pass(300000);
		}
		last = rig_open(0);
		rig_connect(last, &k);
		for (unsigned int i = 0; i < 40; i++) {
			rig_deliver_all();
			rig_pass(300000);
		}
		assert_int_equal(last->out[3], 0);
		assert_false(last->closing);
		rig_stop();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup(test_qos2_same_identifier, check_setup),
	        cmocka_unit_test_setup(test_qos2_repeats_are_bounded, check_setup),
	        cmocka_unit_test_setup(test_qos2_released_before_its_repeat, check_setup),
	        cmocka_unit_test_setup(test_qos2_unknown_release, check_setup),
	        cmocka_unit_test_setup(test_qos2_reconnect, check_setup),
	        cmocka_unit_test_setup(test_qos2_failed_orphan, check_setup),
	        cmocka_unit_test_setup(test_qos2_discarded, check_setup),
	        cmocka_unit_test_setup(test_qos2_discarded_both_gone, check_setup),
	        cmocka_unit_test_setup(test_qos2_chased, check_setup),
	        cmocka_unit_test_setup(test_qos2_too_many, check_setup),
	        cmocka_unit_test_setup(test_expiry, check_setup),
	        cmocka_unit_test_setup(test_window, check_setup),
	        cmocka_unit_test_setup(test_window_orphans, check_setup),
	        cmocka_unit_test_setup(test_window_same_connection, check_setup),
	        cmocka_unit_test_setup(test_window_bound, check_setup),
	        cmocka_unit_test_setup(test_takeover, check_setup),
	        cmocka_unit_test_setup(test_takeover_interleaved, check_setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
