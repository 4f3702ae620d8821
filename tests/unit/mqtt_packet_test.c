/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packets of MQTT written by hand from the standards, and what a server writes.
 */
#include "mqtt_packet_rig.h"

/* ---- fixed header --------------------------------------------------------------------------------------------------------- */
static void test_fixed(void **state)
{
	static const struct {
		const char *p;
		uint32_t n;
		int rc;
		uint32_t length;
		uint8_t octets;
	} cases[] = {{OCTETS("\xc0\x00"), 0, 0, 2}, {OCTETS("\x3d\x7f"), 0, 127, 2}, {OCTETS("\x30\x80\x01"), 0, 128, 3},
	        {OCTETS("\x30\xff\x7f"), 0, 16383, 3}, {OCTETS("\x30\x80\x80\x01"), 0, 16384, 4},
	        {OCTETS("\x30\xff\xff\x7f"), 0, 2097151, 4}, {OCTETS("\x30\x80\x80\x80\x01"), 0, 2097152, 5},
	        {OCTETS("\x30\xff\xff\xff\x7f"), 0, 268435455, 5}, {OCTETS(""), -EAGAIN, 0, 0}, {OCTETS("\x30"), -EAGAIN, 0, 0},
	        {OCTETS("\x30\x80"), -EAGAIN, 0, 0}, {OCTETS("\x30\xff\xff\xff"), -EAGAIN, 0, 0},
	        {OCTETS("\x30\xff\xff\xff\xff"), -EBADMSG, 0, 0}, {OCTETS("\x30\x80\x80\x80\x80\x01"), -EBADMSG, 0, 0},
	        {OCTETS("\x00\x00"), -EBADMSG, 0, 0}, {OCTETS("\x0f"), -EBADMSG, 0, 0}, {OCTETS("\x30\x80\x00"), -EBADMSG, 0, 0},
	        {OCTETS("\x30\x81\x00"), -EBADMSG, 0, 0}, {OCTETS("\x30\x80\x80\x00"), -EBADMSG, 0, 0}};
	struct mqtt_fixed fixed;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const uint8_t *p = guard_put(&guard, cases[i].p, cases[i].n);

		assert_int_equal(mqtt_fixed_read(p, cases[i].n, &fixed), cases[i].rc);
		if (cases[i].rc != 0)
			continue;
		assert_int_equal(fixed.length, cases[i].length);
		assert_int_equal(fixed.n, cases[i].octets);
		assert_int_equal(fixed.type, p[0] >> 4);
		assert_int_equal(fixed.flags, p[0] & 15);
	}
}

/* ---- packets in order ----------------------------------------------------------------------------------------------------- */
static void test_connect_full(void **state)
{
	struct mqtt_connect c;
	struct mqtt_fault fault;
	struct tp_slice name, value;
	uint32_t at = 0;

	(void)state;
	assert_int_equal(mqtt_connect_read(0, guard_put(&guard, connect_full, sizeof(connect_full) - 1), sizeof(connect_full) - 1,
	                         &c, &fault),
	        0);
	assert_int_equal(c.version, MQTT_5);
	assert_true(c.clean && c.has_will && c.will_retain && c.has_user && c.has_password);
	assert_int_equal(c.will_qos, 2);
	assert_int_equal(c.keep_alive, 60);
	assert_int_equal(c.properties.session_expiry, 3600);
	assert_int_equal(c.properties.receive_maximum, 10);
	assert_int_equal(c.properties.maximum_packet_size, 65536);
	assert_int_equal(c.properties.topic_alias_maximum, 5);
	assert_int_equal(c.properties.request_response, 1);
	assert_int_equal(c.properties.request_problem, 0);
	assert_true(MQTT_HAS(&c.properties, MQTT_P_REQUEST_PROBLEM));
	assert_false(MQTT_HAS(&c.properties, MQTT_P_WILL_DELAY));
	assert_slice(c.properties.authentication_method, "SCRAM");
	assert_int_equal(c.properties.authentication_data.n, 2);
	assert_int_equal(c.properties.user_count, 2);
	assert_true(mqtt_user_next(c.properties.user, &at, &name, &value));
	assert_slice(name, "a");
	assert_slice(value, "b");
	assert_true(mqtt_user_next(c.properties.user, &at, &name, &value));
	assert_slice(name, "name");
	assert_slice(value, "value");
	assert_false(mqtt_user_next(c.properties.user, &at, &name, &value));
	assert_slice(c.client_id, "lane-7");
	assert_int_equal(c.will_properties.will_delay, 30);
	assert_int_equal(c.will_properties.payload_format, 1);
	assert_int_equal(c.will_properties.message_expiry, 120);
	assert_slice(c.will_properties.content_type, "text/plain");
	assert_slice(c.will_properties.response_topic, "r/a/b");
	assert_int_equal(c.will_properties.correlation.n, 3);
	assert_int_equal(c.will_properties.user_count, 1);
	assert_slice(c.will_topic, "gone/lane");
	assert_slice(c.will_payload, "off");
	assert_slice(c.user, "alice");
	assert_int_equal(c.password.n, 4);
	assert_memory_equal(c.password.p, "p\0w!", 4);
}

static void test_connect_old(void **state)
{
	static const char plain[] = V311 "\x02\x00\x00\x00\x00", login[] = V31 "\xc2\x00\x0a\x00\x01x",
	                  half[] = V31 "\xc2\x00\x0a\x00\x01x\x00\x01u", will[] = V311 "\x2c\x01\x00\x00\x02id\x00\x01t\x00\x00";
	struct mqtt_connect c;
	struct mqtt_fault fault;

	(void)state;
	assert_int_equal(mqtt_connect_read(0, guard_put(&guard, plain, sizeof(plain) - 1), sizeof(plain) - 1, &c, &fault), 0);
	assert_int_equal(c.version, MQTT_3_1_1);
	assert_int_equal(c.client_id.n, 0);
	assert_false(c.has_will || c.has_user || c.has_password);
	/* 3.1: flags whose fields the remaining length leaves out, and flags of the fixed header that are not used. */
	assert_int_equal(mqtt_connect_read(0xd, guard_put(&guard, login, sizeof(login) - 1), sizeof(login) - 1, &c, &fault), 0);
	assert_int_equal(c.version, MQTT_3_1);
	assert_false(c.has_user || c.has_password);
	assert_int_equal(mqtt_connect_read(0, guard_put(&guard, half, sizeof(half) - 1), sizeof(half) - 1, &c, &fault), 0);
	assert_slice(c.user, "u");
	assert_false(c.has_password);
	assert_int_equal(mqtt_connect_read(0, guard_put(&guard, will, sizeof(will) - 1), sizeof(will) - 1, &c, &fault), 0);
	assert_true(c.has_will && c.will_retain && !c.clean);
	assert_int_equal(c.will_qos, 1);
	assert_slice(c.will_topic, "t");
	assert_slice(c.will_payload, "");
}

static void test_publish(void **state)
{
	static const char plain[] = "\x00\x03"
	                            "a/bhello",
	                  qos1[] = "\x00\x01t\x12\x34", alias[] = "\x00\x00\x00\x07\x05\x23\x00\x03\x01\x01\xff";
	struct mqtt_publish p;
	struct mqtt_fault fault;

	(void)state;
	assert_int_equal(mqtt_publish_read(MQTT_3_1_1, 1, guard_put(&guard, OCTETS(plain)), sizeof(plain) - 1, &p, &fault), 0);
	assert_int_equal(p.qos, 0);
	assert_true(p.retain && !p.dup);
	assert_int_equal(p.packet_id, 0);
	assert_slice(p.topic, "a/b");
	assert_slice(p.payload, "hello");
	assert_int_equal(p.properties.has, 0);
	assert_int_equal(mqtt_publish_read(MQTT_3_1_1, 0xa, guard_put(&guard, OCTETS(qos1)), sizeof(qos1) - 1, &p, &fault), 0);
	assert_int_equal(p.qos, 1);
	assert_true(p.dup && !p.retain);
	assert_int_equal(p.packet_id, 0x1234);
	assert_slice(p.payload, "");
	assert_int_equal(mqtt_publish_read(MQTT_5, 4, guard_put(&guard, OCTETS(alias)), sizeof(alias) - 1, &p, &fault), 0);
	assert_int_equal(p.qos, 2);
	assert_int_equal(p.packet_id, 7);
	assert_int_equal(p.topic.n, 0);
	assert_int_equal(p.properties.topic_alias, 3);
	assert_int_equal(p.properties.payload_format, 1);
	assert_int_equal(p.payload.n, 1);
}

static void test_acks(void **state)
{
	static const char reason[] = "\x00\x07\x92\x0b\x1f\x00\x03why\x26\x00\x00\x00\x00";
	struct mqtt_ack ack;
	struct mqtt_fault fault;

	(void)state;
	for (uint8_t type = MQTT_PUBACK; type <= MQTT_PUBCOMP; type++) {
		uint8_t flags = type == MQTT_PUBREL ? 2 : 0;

		assert_int_equal(mqtt_ack_read(MQTT_3_1_1, type, flags, guard_put(&guard, "\x12\x34", 2), 2, &ack, &fault), 0);
		assert_int_equal(ack.packet_id, 0x1234);
		assert_int_equal(mqtt_ack_read(MQTT_5, type, flags, guard_put(&guard, "\x12\x34", 2), 2, &ack, &fault), 0);
		assert_int_equal(ack.reason, 0);
		assert_int_equal(mqtt_ack_read(MQTT_5, type, flags, guard_put(&guard, "\x12\x34\x00\x00", 4), 4, &ack, &fault), 0);
	}
	assert_int_equal(mqtt_ack_read(MQTT_3_1, MQTT_PUBREL, 0xa, guard_put(&guard, "\x12\x34", 2), 2, &ack, &fault), 0);
	assert_int_equal(
	        mqtt_ack_read(MQTT_5, MQTT_PUBREL, 2, guard_put(&guard, OCTETS(reason)), sizeof(reason) - 1, &ack, &fault), 0);
	assert_int_equal(ack.reason, MQTT_ID_NOT_FOUND);
	assert_slice(ack.properties.reason_string, "why");
	assert_int_equal(ack.properties.user_count, 1);
	assert_int_equal(mqtt_ack_read(MQTT_5, MQTT_DISCONNECT, 0, guard_put(&guard, "", 0), 0, &ack, &fault), 0);
	assert_int_equal(ack.reason, 0);
	assert_int_equal(mqtt_ack_read(MQTT_5, MQTT_DISCONNECT, 0, guard_put(&guard, OCTETS("\x04\x05\x11\x00\x00\x00\x09")), 7,
	                         &ack, &fault),
	        0);
	assert_int_equal(ack.reason, MQTT_DISCONNECT_WITH_WILL);
	assert_int_equal(ack.properties.session_expiry, 9);
	assert_int_equal(
	        mqtt_ack_read(MQTT_5, MQTT_AUTH, 0, guard_put(&guard, OCTETS("\x19\x04\x15\x00\x01m")), 6, &ack, &fault), 0);
	assert_slice(ack.properties.authentication_method, "m");
	assert_int_equal(mqtt_empty_read(0, 0, &fault), 0);
}

static void test_subscribe(void **state)
{
	static const char sub5[] = "\x00\x09\x09\x0b\x7f\x26\x00\x01"
	                           "a\x00\x01"
	                           "b\x00\x03"
	                           "a/#\x2d\x00\x01+\x02\x00\x0c$share/g/a/+\x00",
	                  unsub[] = "\x00\x09\x00\x03"
	                            "a/b\x00\x01#";
	struct mqtt_subscribe s;
	struct tp_slice name, value;
	uint32_t at = 0;
	struct mqtt_fault fault;

	(void)state;
	assert_int_equal(
	        mqtt_subscribe_read(MQTT_5, MQTT_SUBSCRIBE, 2, guard_put(&guard, OCTETS(sub5)), sizeof(sub5) - 1, &s, &fault), 0);
	assert_int_equal(s.packet_id, 9);
	assert_int_equal(s.filters, 3);
	assert_int_equal(s.properties.subscription_id, 127);
	assert_true(mqtt_user_next(s.properties.user, &at, &name, &value));
	assert_slice(name, "a");
	assert_slice(value, "b");
	assert_false(mqtt_user_next(s.properties.user, &at, &name, &value));
	assert_int_equal(mqtt_subscribe_read(
	                         MQTT_3_1_1, MQTT_UNSUBSCRIBE, 2, guard_put(&guard, OCTETS(unsub)), sizeof(unsub) - 1, &s, &fault),
	        0);
	assert_int_equal(s.filters, 2);
	assert_int_equal(mqtt_subscribe_read(
	                         MQTT_3_1, MQTT_UNSUBSCRIBE, 0xa, guard_put(&guard, OCTETS(unsub)), sizeof(unsub) - 1, &s, &fault),
	        0);
}

/* ---- what is written ------------------------------------------------------------------------------------------------------ */
static void assert_written(const uint8_t *out, const uint8_t *end, const char *want, size_t n)
{
	assert_int_equal(end - out, n);
	assert_memory_equal(out, want, n);
}

static void test_connack(void **state)
{
	static const struct {
		uint8_t reason, code;
	} codes[] = {{MQTT_SUCCESS, 0}, {MQTT_UNSUPPORTED_VERSION, 1}, {MQTT_BAD_CLIENT_ID, 2}, {MQTT_UNAVAILABLE, 3},
	        {MQTT_BUSY, 3}, {MQTT_CONNECT_RATE, 3}, {MQTT_BAD_LOGIN, 4}, {MQTT_NOT_AUTHORIZED, 5}};
	struct mqtt_connack c = {.version = MQTT_5,
	        .session_present = true,
	        .has_session_expiry = true,
	        .session_expiry = 3600,
	        .receive_maximum = 20,
	        .maximum_packet_size = 65536,
	        .topic_alias_maximum = 16,
	        .has_server_keep_alive = true,
	        .server_keep_alive = 60,
	        .assigned_client_id = TP_SLICE("auto"),
	        .reason_string = TP_SLICE("hi")};
	uint8_t out[MQTT_CONNACK_ROOM];
	char longest[255];

	(void)state;
	assert_written(out, mqtt_connack_write(out, &c),
	        OCTETS("\x20\x22\x01\x00\x1f\x11\x00\x00\x0e\x10\x21\x00\x14\x27\x00\x01\x00\x00\x12\x00\x04"
	               "auto\x22\x00\x10\x13\x00\x3c\x1f\x00\x02hi"));
	c = (struct mqtt_connack){.version = MQTT_5, .reason = MQTT_BUSY, .session_present = true};
	assert_written(out, mqtt_connack_write(out, &c), OCTETS("\x20\x03\x00\x89\x00"));
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		c = (struct mqtt_connack){.version = MQTT_3_1_1, .reason = codes[i].reason, .session_present = true};
		mqtt_connack_write(out, &c);
		assert_memory_equal(out, ((uint8_t[]){0x20, 2, codes[i].code == 0, codes[i].code}), 4);
	}
	c = (struct mqtt_connack){.version = MQTT_3_1, .session_present = true};
	assert_written(out, mqtt_connack_write(out, &c), OCTETS("\x20\x02\x00\x00"));
	c = (struct mqtt_connack){.version = MQTT_3_1_1, .reason = MQTT_MALFORMED};
	assert_ptr_equal(mqtt_connack_write(out, &c), out);
	memset(longest, 'x', sizeof(longest));
	c = (struct mqtt_connack){
	        .version = MQTT_5, .assigned_client_id = {(uint8_t *)longest, 255}, .reason_string = {(uint8_t *)longest, 255}};
	assert_int_equal(mqtt_connack_write(out, &c) - out, 1 + 2 + 2 + 2 + 2 * 258);
	assert_memory_equal(out, "\x20\x88\x04\x00\x00\x84\x04\x12\x00\xffx", 11);
}

static void test_answers(void **state)
{
	uint8_t out[MQTT_DISCONNECT_ROOM];

	(void)state;
	assert_written(out, mqtt_ack_write(out, MQTT_3_1_1, MQTT_PUBACK, 0x1234, 0x87), OCTETS("\x40\x02\x12\x34"));
	assert_written(out, mqtt_ack_write(out, MQTT_5, MQTT_PUBREC, 7, MQTT_SUCCESS), OCTETS("\x50\x02\x00\x07"));
	assert_written(out, mqtt_ack_write(out, MQTT_5, MQTT_PUBREC, 7, MQTT_QUOTA), OCTETS("\x50\x03\x00\x07\x97"));
	assert_written(out, mqtt_ack_write(out, MQTT_5, MQTT_PUBREL, 7, MQTT_ID_NOT_FOUND), OCTETS("\x62\x03\x00\x07\x92"));
	assert_written(out, mqtt_suback_write(out, MQTT_3_1_1, MQTT_SUBACK, 9, 0x80, 3), OCTETS("\x90\x05\x00\x09\x80\x80\x80"));
	assert_written(out, mqtt_suback_write(out, MQTT_5, MQTT_SUBACK, 9, 0x87, 2), OCTETS("\x90\x05\x00\x09\x00\x87\x87"));
	assert_written(out, mqtt_suback_write(out, MQTT_3_1_1, MQTT_UNSUBACK, 9, 0x11, 2), OCTETS("\xb0\x02\x00\x09"));
	assert_written(out, mqtt_suback_write(out, MQTT_5, MQTT_UNSUBACK, 9, 0x11, 2), OCTETS("\xb0\x05\x00\x09\x00\x11\x11"));
	assert_int_equal(mqtt_suback_write(out, MQTT_5, MQTT_SUBACK, 9, 0x87, 125) - out, 131);
	assert_memory_equal(out, "\x90\x80\x01\x00\x09\x00\x87", 7);
	assert_written(out, mqtt_pingresp_write(out), OCTETS("\xd0\x00"));
	assert_written(out, mqtt_disconnect_write(out, MQTT_SUCCESS, (struct tp_slice){0}), OCTETS("\xe0\x00"));
	assert_written(out, mqtt_disconnect_write(out, MQTT_TAKEN_OVER, (struct tp_slice){0}), OCTETS("\xe0\x01\x8e"));
	assert_written(
	        out, mqtt_disconnect_write(out, MQTT_TAKEN_OVER, TP_SLICE("why")), OCTETS("\xe0\x08\x8e\x06\x1f\x00\x03why"));
}

/* What a server writes in the shape of a client's packet is read back the same. */
static void test_round_trip(void **state)
{
	static const struct {
		uint8_t type, flags, reason;
	} acks[] = {{MQTT_PUBACK, 0, MQTT_QUOTA}, {MQTT_PUBREC, 0, MQTT_BAD_TOPIC}, {MQTT_PUBREL, 2, MQTT_ID_NOT_FOUND},
	        {MQTT_PUBCOMP, 0, MQTT_SUCCESS}};
	uint8_t out[MQTT_ACK_ROOM];
	struct mqtt_fixed fixed;
	struct mqtt_ack ack;
	struct mqtt_fault fault;

	(void)state;
	for (size_t i = 0; i < sizeof(acks) / sizeof(acks[0]); i++)
		for (uint32_t id = 1; id < 0x10000; id += 77) {
			uint8_t *end = mqtt_ack_write(out, MQTT_5, acks[i].type, (uint16_t)id, acks[i].reason);

			assert_int_equal(mqtt_fixed_read(out, (uint32_t)(end - out), &fixed), 0);
			assert_int_equal(fixed.type, acks[i].type);
			assert_int_equal(fixed.flags, acks[i].flags);
			assert_int_equal(fixed.n + fixed.length, end - out);
			assert_int_equal(
			        mqtt_ack_read(MQTT_5, fixed.type, fixed.flags, out + fixed.n, fixed.length, &ack, &fault), 0);
			assert_int_equal(ack.packet_id, id);
			assert_int_equal(ack.reason, acks[i].reason);
		}
}
int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_fixed),
	        cmocka_unit_test(test_connect_full),
	        cmocka_unit_test(test_connect_old),
	        cmocka_unit_test(test_publish),
	        cmocka_unit_test(test_acks),
	        cmocka_unit_test(test_subscribe),
	        cmocka_unit_test(test_connack),
	        cmocka_unit_test(test_answers),
	        cmocka_unit_test(test_round_trip),
	};

	guard = guard_new(4096);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
