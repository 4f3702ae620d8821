/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * PUBLISH: what a message carries, where it may go, and the order of the answers, by examples and by random ones.
 */
#include "mqtt_check.h"

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

/* ---- order --------------------------------------------------------------------------------------------------------------------------------- */

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

/* Records end in a random order, a few at a time; refused and repeated ones stand between; never is one answered before those in front of it. */
static void test_order_random(void **state)
{
	enum { N = 200 };

	(void)state;
	srandom(11);
	rig_listener.in_flight = N;
	rig_spec.waiters = N;
	for (unsigned int round = 0; round < 200; round++) {
		struct rig_conn *c;
		uint8_t qos[N + 1];
		int message[N + 1];
		unsigned int answered = 0, given = 0, left = 0;

		rig_start(1);
		c = up(5, "device-1");
		while (answered < N) {
			const uint8_t *body;
			uint32_t n;
			uint8_t first;

			if (given < N && given - answered < 100 && random() % 2) {
				bool refused = random() % 8 == 0;

				given++;
				qos[given] = (uint8_t)(1 + random() % 2);
				message[given] = refused ? -1 : (int)rig.n_messages;
				rig_publish_give(c, 5, (unsigned int)qos[given] << 1, given, refused ? "nowhere" : "exact", "x");
				left += !refused;
			}
			if (left && random() % 3 == 0) {
				unsigned int i = (unsigned int)random() % rig.n_messages;

				if (!rig.messages[i].ended) {
					rig_end(i, random() % 16 != 0);
					left--;
				}
			}
			if (random() % 4 == 0)
				rig_flush();
			while ((first = rig_answer(c, &body, &n)) != 0) {
				if (first == PUBCOMP)
					continue;
				answered++;
				assert_int_equal(body[0] << 8 | body[1], answered);
				assert_int_equal(first, qos[answered] == 2 ? PUBREC : PUBACK);
				if (message[answered] < 0) {
					assert_int_equal(body[2], MQTT_BAD_TOPIC);
				} else {
					assert_true(rig.messages[message[answered]].ended);
					assert_int_equal(
					        n > 2 ? body[2] : 0, rig.messages[message[answered]].ok ? 0 : MQTT_UNSPECIFIED);
				}
				if (first == PUBREC && n == 2)
					rig_ack_give(c, PUBREL, answered);
			}
		}
		rig_stop();
	}
}

/* ---- what may be published, and where it goes ---------------------------------------------------------------------------------------------- */

static void test_refused5(void **state)
{
	const char *const may[] = {"plates/%c/+", "shed/%%/%d", "only/%u/#"};
	struct rig_conn *c;

	(void)state;
	rig_listener.may_publish = may;
	rig_listener.n_may_publish = 3;
	rig_start(1);
	c = up(5, "g1");
	rig_publish_give(c, 5, QOS1, 1, "plates/g1/2", "x");
	rig_publish_give(c, 5, QOS1, 2, "plates/g2/2", "x");
	rig_publish_give(c, 5, QOS2, 3, "exact", "x");
	rig_publish_give(c, 5, 0, 0, "exact", "x");
	rig_publish_give(c, 5, QOS1, 4, "shed/%/g1", "x");
	rig_publish_give(c, 5, QOS1, 5, "only//x", "x"); /* nobody logged in */
	assert_int_equal(rig.n_messages, 2);
	rig_end(0, true);
	rig_end(1, true);
	rig_flush();
	check_ack(c, PUBACK, 1, 0);
	check_ack(c, PUBACK, 2, MQTT_NOT_AUTHORIZED);
	check_ack(c, PUBREC, 3, MQTT_NOT_AUTHORIZED);
	check_ack(c, PUBACK, 4, 0);
	check_ack(c, PUBACK, 5, MQTT_NOT_AUTHORIZED);
	assert_int_equal(rig_counted(TP_C_mqtt_not_authorized), 4);
	assert_int_equal(rig_counted(TP_C_received), 6);
	rig_stop();
}

/* 3.1.1 cannot be told: QoS 0 is dropped, the others end the connection. What was refused once is refused again, not remembered as allowed. */
static void test_refused4(void **state)
{
	struct rig_conn *c;

	(void)state;
	for (unsigned int qos = 0; qos <= 2; qos++) {
		rig_start(1);
		c = up(4, "device-1");
		rig_publish_give(c, 4, 0, 0, "exact", "x");
		rig_publish_give(c, 4, qos << 1, 1, "nowhere", "x");
		assert_int_equal(c->closing, qos > 0);
		if (qos)
			check_event(false, MQTT_GONE_REFUSED);
		else
			rig_publish_give(c, 4, 0, 0, "nowhere", "x");
		check_nothing(c);
		assert_int_equal(rig.n_messages, 1);
		assert_int_equal(rig_counted(TP_C_mqtt_unmapped), qos ? 1 : 2);
		rig_stop();
	}
}

static void test_unmapped(void **state)
{
	struct rig_conn *c;

	(void)state;
	rig_listener.unmapped = 9;
	rig_start(1);
	c = up(4, "device-1");
	rig_publish_give(c, 4, QOS1, 1, "nowhere", "");
	rig_publish_give(c, 4, 1, 0, "plates/g/1", "retained");
	assert_int_equal(rig.messages[0].listener, 9);
	assert_int_equal(rig.messages[0].payload_n, 0);
	assert_string_equal(rig.messages[0].site, "-");
	assert_int_equal(rig.messages[1].listener, 1);
	assert_int_equal(rig.messages[1].flags, TP_FLAG_RETAINED);
	rig_stop();
}

/* The first route that fits counts; filters as the standard has them. */
static void test_routes(void **state)
{
	static const struct tp_mqtt_route routes[] = {{.filter = "a/b/c", .listener = 1}, {.filter = "a/+/c", .listener = 2},
	        {.filter = "a/#", .listener = 3}, {.filter = "+/b", .listener = 4}, {.filter = "abcdefghijkl/+", .listener = 5},
	        {.filter = "/#", .listener = 6}, {.filter = "+/+/+", .listener = 7}, {.filter = "#", .listener = 8},
	        {.filter = "$x/#", .listener = 9}};
	static const struct {
		const char *topic;
		int listener;
	} cases[] = {{"a/b/c", 1}, {"a/x/c", 2}, {"a//c", 2}, {"a", 3}, {"a/", 3}, {"a/b", 3}, {"x/b", 4}, {"abcdefghijkl/1", 5},
	        {"abcdefghijkX/1", 8}, {"/", 6}, {"/a/b", 6}, {"x/y/z", 7}, {"x/y/z/", 8}, {"ab", 8}, {"$x", 9}, {"$x/b", 9},
	        {"$y", 0}};
	struct rig_conn *c;

	(void)state;
	rig_listener.routes = routes;
	rig_listener.n_routes = sizeof(routes) / sizeof(routes[0]);
	rig_listener.unmapped = 0;
	rig_start(1);
	c = up(4, "device-1");
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		rig_publish_give(c, 4, 0, 0, cases[i].topic, "x");
		assert_int_equal(rig.n_messages, i + 1);
		assert_int_equal(rig.messages[i].listener, cases[i].listener);
	}
	rig_stop();
}

/* ---- MQTT 5 -------------------------------------------------------------------------------------------------------------------------------- */

/* A PUBLISH of QoS 0 with that topic and those properties. */
static void give5(struct rig_conn *c, const char *topic, const void *properties, unsigned int n)
{
	static struct rig_packet b;

	b.n = 0;
	rig_string(&b, topic);
	rig_u8(&b, n);
	rig_octets(&b, properties, n);
	rig_octets(&b, "x", 1);
	rig_packet_give(c, 0x30, &b);
}

static void test_alias(void **state)
{
	static const struct {
		const char *topic;
		uint8_t alias, reason;
	} bad[] = {{"exact", 0, MQTT_BAD_ALIAS}, {"exact", 5, MQTT_BAD_ALIAS}, {"", 3, MQTT_PROTOCOL_ERROR}};
	struct rig_conn *c;

	(void)state;
	rig_start(1);
	c = up(5, "device-1");
	give5(c, "plates/a/1", "\x23\x00\x01", 3);
	give5(c, "plates/b/1", "\x23\x00\x04", 3);
	give5(c, "", "\x23\x00\x01", 3);
	give5(c, "", "\x23\x00\x04", 3);
	give5(c, "exact", "\x23\x00\x01", 3);
	give5(c, "", "\x23\x00\x01", 3);
	assert_int_equal(rig.n_messages, 6);
	assert_string_equal(rig.messages[2].topic, "plates/a/1");
	assert_string_equal(rig.messages[3].topic, "plates/b/1");
	assert_string_equal(rig.messages[5].topic, "exact");
	rig_gone(c, MQTT_GONE_CLOSED);
	for (unsigned int i = 0; i < 3; i++) {
		const uint8_t property[3] = {0x23, 0, bad[i].alias};

		c = up(5, "device-1");
		give5(c, bad[i].topic, property, 3);
		check_disconnect(c, bad[i].reason);
		rig_reap();
	}
	rig_stop();
}

static void test_alias_memory(void **state)
{
	static char topic[10001];
	struct rig_conn *c;

	(void)state;
	rig_listener.unmapped = 1;
	rig_spec.assembly_octets = 65536;
	rig_start(1);
	memset(topic, 't', 10000);
	c = up(5, "device-1");
	for (unsigned int i = 0; i < 8; i++) {
		const uint8_t property[3] = {0x23, 0, (uint8_t)(1 + i % 3)};

		give5(c, topic, property, 3);
		assert_false(c->closing);
	}
	give5(c, "exact", "\x23\x00\x04", 3);
	assert_false(c->closing);
	give5(c, topic, "\x23\x00\x04", 3);
	check_disconnect(c, MQTT_QUOTA);
	rig_stop();
}

static void test_properties(void **state)
{
	static const uint8_t user[] = {0x26, 0, 1, 'k', 0, 1, 'v', 0x02, 0, 0, 0, 9, 0x03, 0, 4, 't', 'e', 'x', 't'};
	struct rig_conn *c;

	(void)state;
	rig_start(1);
	c = up(5, "device-1");
	give5(c, "shed/1", user, sizeof(user));
	give5(c, "exact", user, sizeof(user));
	give5(c, "exact", "", 0);
	assert_true(rig.messages[0].properties_n > 0);
	assert_int_equal(rig.messages[0].expiry_s, 9);
	assert_string_equal(rig.messages[0].content_type, "text");
	assert_int_equal(rig.messages[1].properties_n, 0); /* that route does not keep them */
	assert_int_equal(rig.messages[2].expiry_s, -1);
	assert_string_equal(rig.messages[2].content_type, "-");
	give5(c, "exact", "\x0b\x01", 2); /* a subscription identifier is the server's (MQTT-3.3.4-6) */
	check_disconnect(c, MQTT_PROTOCOL_ERROR);
	rig_stop();
}

/* Half closed: what was sent is answered, then it is over. */
static void test_half_close(void **state)
{
	struct rig_conn *c;

	(void)state;
	rig_start(1);
	c = up(4, "device-1");
	rig_publish_give(c, 4, QOS1, 1, "exact", "x");
	mqtt_ended(rig.g[0], c->s, rig.now_us);
	assert_false(c->closing);
	rig_end(0, true);
	rig_flush();
	check_ack(c, PUBACK, 1, 0);
	assert_true(c->closing);
	check_event(false, MQTT_GONE_CLOSED);
	rig_stop();
}

/* What stands behind the end of a session is thrown away, so that nobody keeps it. */
static void test_rest_is_taken(void **state)
{
	static const uint8_t octets[] = {0xc0, 0, 0xe0, 0, 0xc0, 0, 0xc0, 0, 0xc0};
	struct rig_conn *c;

	(void)state;
	rig_start(1);
	c = up(4, "device-1");
	assert_int_equal(mqtt_input(rig.g[0], c->s, octets, sizeof(octets), rig.now_us), sizeof(octets));
	assert_int_equal(mqtt_input(rig.g[0], c->s, octets, sizeof(octets), rig.now_us), sizeof(octets));
	check_packet(c, 0xd0, NULL, 0);
	check_nothing(c);
	rig_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup(test_connect_and_disconnect, check_setup),
	        cmocka_unit_test_setup(test_order, check_setup),
	        cmocka_unit_test_setup(test_order_random, check_setup),
	        cmocka_unit_test_setup(test_refused5, check_setup),
	        cmocka_unit_test_setup(test_refused4, check_setup),
	        cmocka_unit_test_setup(test_unmapped, check_setup),
	        cmocka_unit_test_setup(test_routes, check_setup),
	        cmocka_unit_test_setup(test_alias, check_setup),
	        cmocka_unit_test_setup(test_alias_memory, check_setup),
	        cmocka_unit_test_setup(test_properties, check_setup),
	        cmocka_unit_test_setup(test_half_close, check_setup),
	        cmocka_unit_test_setup(test_rest_is_taken, check_setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
