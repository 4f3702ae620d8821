/* SPDX-License-Identifier: BSD-3-Clause */
/* CONNECT: who is let in, as what, and what the others are told; SUBSCRIBE and the packets that end a connection. */
#include "mqtt_check.h"

static const struct rig_connect plain = {.version = 4, .clean = true, .id = "device-1"};

/* Refusals that are counted under their reason too. */
static uint64_t told(void)
{
	return rig_counted(TP_C_mqtt_connect_device) + rig_counted(TP_C_mqtt_connect_version) +
	       rig_counted(TP_C_mqtt_connect_client_id) + rig_counted(TP_C_mqtt_connect_memory);
}

/* The answer to a CONNECT that is refused; the return code of 3.1.1 or the reason of MQTT 5. */
static void refused(const struct rig_connect *k, uint8_t reason)
{
	struct rig_conn *c = rig_open(0);
	uint64_t before = rig_counted(TP_C_mqtt_connect_refused);
	unsigned int events = rig.n_events;

	rig_connect(c, k);
	check_connack(c, false, reason);
	assert_true(c->closing);
	check_nothing(c);
	assert_int_equal(rig_counted(TP_C_mqtt_connect_refused), before + 1);
	assert_int_equal(rig.n_events, events);
	rig_gone(c, MQTT_GONE_CLOSED);
}

/* One that is, and under which. */
static void refused_as(const struct rig_connect *k, uint8_t reason, enum tp_counter why)
{
	uint64_t before = rig_counted(why), all = told();

	refused(k, reason);
	assert_int_equal(rig_counted(why), before + 1);
	assert_int_equal(told(), all + 1);
}

static void test_versions(void **state)
{
	struct rig_connect k = plain;

	(void)state;
	rig_listener.versions = TP_MQTT_3_1_1;
	rig_start(1);
	up(4, "device-1");
	k.version = 3;
	refused_as(&k, 1, TP_C_mqtt_connect_version);
	k.version = 5;
	refused_as(&k, MQTT_UNSUPPORTED_VERSION, TP_C_mqtt_connect_version);
	k.version = 6;
	refused_as(&k, MQTT_UNSUPPORTED_VERSION, TP_C_mqtt_connect_version);
	k.version = 2;
	refused_as(&k, 1, TP_C_mqtt_connect_version);
	rig_stop();
}

static void test_empty_identifier(void **state)
{
	struct rig_connect k = plain;
	const uint8_t *body = NULL;
	struct rig_conn *c;
	uint32_t n = 0;
	char id[24] = "";

	(void)state;
	rig_start(1);
	k.id = "";
	c = up_with(0, &k, false);
	rig_publish_give(c, 4, 0, 0, "exact", "x");
	memcpy(id, rig.messages[0].client_id, 23);
	k.clean = false;
	refused_as(&k, 2, TP_C_mqtt_connect_client_id);
	k.version = 3;
	k.clean = true;
	refused_as(&k, 2, TP_C_mqtt_connect_client_id);
	k.version = 5;
	c = rig_open(0);
	rig_connect(c, &k);
	assert_int_equal(rig_answer(c, &body, &n), 0x20);
	rig_publish_give(c, 5, 0, 0, "exact", "x");
	assert_int_equal(strlen(rig.messages[1].client_id), 23);
	assert_string_not_equal(rig.messages[1].client_id, id);
	assert_non_null(memmem(body, n, rig.messages[1].client_id, 23));
	rig_stop();
}

static void test_long_identifier(void **state)
{
	struct rig_connect k = plain;
	char id[300];

	(void)state;
	rig_start(1);
	memset(id, 'x', sizeof(id));
	id[255] = '\0';
	k.id = id;
	up_with(0, &k, false);
	id[255] = 'x';
	id[256] = '\0';
	refused_as(&k, 2, TP_C_mqtt_connect_client_id);
	k.version = 5;
	refused_as(&k, MQTT_BAD_CLIENT_ID, TP_C_mqtt_connect_client_id);
	rig_stop();
}

static void test_login(void **state)
{
	struct rig_connect k = plain;
	struct rig_conn *c;

	(void)state;
	rig_listener.anonymous = false;
	rig_listener.check_users = true;
	rig_start(1);
	refused(&k, 4);
	k.user = "lane";
	refused(&k, 4); /* without a password */
	k.password = "secret";
	assert_int_equal(rig_counted(TP_C_mqtt_bad_login), 2);

	c = rig_open(0);
	rig_connect(c, &k);
	rig_publish_give(c, 4, 0, 0, "exact", "behind it");
	assert_string_equal(rig.login_user, "lane");
	assert_string_equal(rig.login_password, "secret");
	check_nothing(c);
	assert_int_equal(rig.n_messages, 0);
	mqtt_login_done(rig.g[0], rig.logins[0], true, rig.now_us);
	check_connack(c, false, 0);
	assert_int_equal(rig.n_messages, 1);

	c = rig_open(0);
	k.version = 5;
	rig_connect(c, &k);
	mqtt_login_done(rig.g[0], rig.logins[1], false, rig.now_us);
	check_connack(c, false, MQTT_BAD_LOGIN);
	assert_true(c->closing);
	assert_int_equal(rig_counted(TP_C_mqtt_bad_login), 3);
	rig.n_logins = 0;
	rig.login_busy = true;
	refused(&k, MQTT_BUSY);
	rig_stop();
}

/* As long as hashes take them; a longer one is wrong, not in the way of others. */
static void test_login_lengths(void **state)
{
	char user[TP_MQTT_USER_MAX + 2], password[TP_MQTT_PASSWORD_MAX + 2];
	struct rig_connect k = plain;

	(void)state;
	rig_listener.check_users = true;
	rig_start(1);
	memset(user, 'u', sizeof(user));
	memset(password, 'p', sizeof(password));
	user[TP_MQTT_USER_MAX] = password[TP_MQTT_PASSWORD_MAX] = 0;
	k.user = user;
	k.password = password;
	rig_connect(rig_open(0), &k);
	assert_int_equal(rig.n_logins, 1);
	password[TP_MQTT_PASSWORD_MAX] = 'p';
	password[TP_MQTT_PASSWORD_MAX + 1] = 0;
	refused(&k, 4);
	k.password = "p";
	user[TP_MQTT_USER_MAX] = 'u';
	user[TP_MQTT_USER_MAX + 1] = 0;
	refused(&k, 4);
	assert_int_equal(rig.n_logins, 1);
	assert_int_equal(rig_counted(TP_C_mqtt_bad_login), 2);
	rig_stop();
}

/* The verdict comes after the connection is gone, and its place is not another's meanwhile. */
static void test_login_outlives(void **state)
{
	struct rig_connect k = plain;
	struct rig_conn *c, *other;

	(void)state;
	rig_spec.connections = 2;
	rig_listener.check_users = true;
	rig_start(1);
	k.user = k.password = "x";
	c = rig_open(0);
	rig_connect(c, &k);
	rig_gone(c, MQTT_GONE_RESET);
	other = rig_open(0);
	assert_non_null(other);
	assert_null(rig_open(0));
	rig_connect(other, &k);
	mqtt_login_done(rig.g[0], rig.logins[0], true, rig.now_us);
	check_nothing(other);
	assert_int_equal(rig_counted(TP_C_mqtt_connected), 0);
	assert_non_null(rig_open(0));
	mqtt_login_done(rig.g[0], rig.logins[1], true, rig.now_us);
	mqtt_login_done(rig.g[0], rig.logins[1], true, rig.now_us);
	mqtt_login_done(rig.g[0], 12345, true, rig.now_us);
	check_connack(other, false, 0);
	rig.n_logins = 0;
	rig_stop();
}

static void test_identity(void **state)
{
	static const char *const bad[] = {
	        "", "a\x01", "\x1f", "a\x7f", "a\xc2\x85", "\xff", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82"};
	struct rig_connect k = plain;

	(void)state;
	rig_listener.identity = TP_MQTT_IDENTITY_USER;
	rig_start(1);
	refused_as(&k, 5, TP_C_mqtt_connect_device);
	k.user = "lane-7";
	up_with(0, &k, false);
	assert_string_equal(rig.events[0].device, "lane-7");
	rig_stop();
	rig_listener.identity = TP_MQTT_IDENTITY_CERTIFICATE;
	rig_start(1);
	snprintf(rig.certificate, sizeof(rig.certificate), "CN=gantry \xc3\xa4\xe2\x82\xac\xf0\x9f\x9a\x97");
	up_with(0, &k, false);
	assert_string_equal(rig.events[0].device, rig.certificate);
	k.id = "other";
	k.version = 5;
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(rig.certificate, sizeof(rig.certificate), "%s", bad[i]);
		refused_as(&k, MQTT_NOT_AUTHORIZED, TP_C_mqtt_connect_device);
	}
	rig_stop();
}

static void test_source(void **state)
{
	struct rig_connect k = plain;
	struct rig_conn *c;

	(void)state;
	rig_start(1);
	rig.source = 0;
	refused_as(&k, 5, TP_C_mqtt_connect_device);
	k.version = 5;
	refused_as(&k, MQTT_NOT_AUTHORIZED, TP_C_mqtt_connect_device);
	rig_stop();
	rig_listener.unknown_source = 3;
	rig_start(1);
	rig.source = 0;
	c = up(4, "device-1");
	rig_publish_give(c, 4, 0, 0, "exact", "12345");
	assert_int_equal(rig.messages[0].source, 3);
	assert_int_equal(rig.books[0][3].c[TP_C_received], 1);
	assert_int_equal(rig.books[0][3].c[TP_C_received_bytes], 5);
	rig_stop();
}

/* What MQTT 5 is told of the listener's limits, and what it asked for that is not so. */
static void test_connack_properties(void **state)
{
	static const uint8_t expected[] = {0, 0, 21, 0x11, 0, 0, 0, 60, 0x21, 0, 20, 0x27, 0, 1, 0, 0, 0x22, 0, 4, 0x13, 0, 30};
	struct rig_connect k = {.version = 5, .clean = true, .id = "device-1", .expiry = 100, .keep_alive = 60};
	struct rig_conn *c;
	uint8_t whole[sizeof(expected)];

	(void)state;
	rig_listener.keep_alive_max = 30;
	rig_listener.expiry_max = 60;
	rig_start(1);
	c = rig_open(0);
	rig_connect(c, &k);
	memcpy(whole, expected, sizeof(whole));
	whole[2] = sizeof(whole) - 3;
	check_packet(c, 0x20, whole, sizeof(whole));
	rig_pass(44 * UINT64_C(1000000));
	assert_false(c->closing);
	rig_pass(2 * UINT64_C(1000000));
	assert_true(c->closing);
	rig_stop();
	/* Not more than identifiers of QoS 2 can be remembered. */
	rig_listener.in_flight = 1000;
	rig_start(1);
	c = rig_open(0);
	rig_connect(c, &k);
	assert_non_null(memmem(c->out, c->out_n, "\x21\x00\x80", 3));
	rig_stop();
}

/* The home has no memory for what a session leaves: that is counted, not silent. */
static void test_state_lost(void **state)
{
	const struct rig_connect k = {.version = 5, .id = "device-1", .expiry = 100};
	static char topic[21];
	struct rig_conn *c;

	(void)state;
	rig_listener.unmapped = 1;
	rig_listener.alias_max = 64;
	rig_spec.assembly_octets = 2048;
	rig_start(1);
	rig.immediate = true;
	c = up_with(0, &k, false);
	rig_publish_give(c, 5, QOS2, 1, "exact", "x");
	rig_flush();
	memset(topic, 't', 20);
	for (unsigned int i = 1; !c->closing && i <= 64; i++) {
		static struct rig_packet b;

		b.n = 0;
		rig_string(&b, topic);
		rig_octets(&b, "\x03\x23\x00", 3);
		rig_u8(&b, i);
		rig_packet_give(c, 0x30, &b);
	}
	assert_true(c->closing); /* no memory for another alias */
	assert_int_equal(rig_counted(TP_C_mqtt_state_lost), 1);
	rig_stop();
}

static void test_connack_too_large(void **state)
{
	const struct rig_connect k = {.version = 5, .clean = true, .id = "device-1", .max_packet = 8};
	struct rig_conn *c;

	(void)state;
	rig_start(1);
	c = rig_open(0);
	rig_connect(c, &k);
	assert_true(c->closing);
	check_nothing(c);
	assert_int_equal(rig.n_events, 0);
	rig_stop();
}

static void test_subscribe(void **state)
{
	static const uint8_t packet[] = {0x82, 12, 0, 7, 0, 1, 'a', 0, 0, 3, 'b', '/', '#', 2};
	static const uint8_t packet5[] = {0x82, 7, 0, 7, 0, 0, 1, 'a', 0};
	static const uint8_t leave[] = {0xa2, 5, 0, 8, 0, 1, 'a'};
	struct rig_conn *c;

	(void)state;
	rig_start(1);
	c = up(4, "a");
	rig_give(c, packet, sizeof(packet));
	check_packet(c, 0x90, "\x00\x07\x80\x80", 4);
	rig_give(c, leave, sizeof(leave));
	check_packet(c, 0xb0, "\x00\x08", 2);
	c = up(5, "b");
	rig_give(c, packet5, sizeof(packet5));
	check_packet(c, 0x90, "\x00\x07\x00\x87", 4);
	assert_int_equal(rig_counted(TP_C_mqtt_subscribe_refused), 3);
	rig_stop();
	rig_listener.subscribe = TP_MQTT_SUBSCRIBE_CLOSE;
	rig_start(1);
	c = up(5, "b");
	rig_give(c, packet5, sizeof(packet5));
	check_disconnect(c, MQTT_NOT_AUTHORIZED);
	rig_stop();
}

/* An answer larger than the client takes is not sent (MQTT-3.1.2-24, -25); what it asked for is done otherwise. */
static void test_answer_too_large(void **state)
{
	const struct rig_connect k = {.version = 5, .clean = true, .id = "device-1", .max_packet = 40};
	static struct rig_packet b;
	struct rig_conn *c;

	(void)state;
	rig_start(1);
	c = up_with(0, &k, false);
	rig_u16(&b, 1);
	rig_u8(&b, 0);
	for (unsigned int i = 0; i < 50; i++) {
		rig_string(&b, "a");
		rig_u8(&b, 0);
	}
	rig_packet_give(c, 0x82, &b);
	check_nothing(c);
	assert_false(c->closing);
	rig_give(c, (const uint8_t *)"\xc0\x00", 2);
	check_packet(c, 0xd0, NULL, 0);
	rig_stop();
}

static void test_protocol_errors(void **state)
{
	/* What no client may send once it is connected. */
	static const struct {
		const char *octets;
		uint32_t n;
		uint8_t reason;
	} bad[] = {
	        {"\x20\x02\x00\x00", 4, MQTT_PROTOCOL_ERROR},
	        {"\x40\x02\x00\x01", 4, MQTT_PROTOCOL_ERROR},
	        {"\x50\x02\x00\x01", 4, MQTT_PROTOCOL_ERROR},
	        {"\x70\x02\x00\x01", 4, MQTT_PROTOCOL_ERROR},
	        {"\x90\x04\x00\x01\x00\x00", 6, MQTT_PROTOCOL_ERROR},
	        {"\xd0\x00", 2, MQTT_PROTOCOL_ERROR},
	        {"\xf0\x00", 2, MQTT_PROTOCOL_ERROR},
	        {"\x00\x00", 2, MQTT_MALFORMED},
	        {"\x30\xff\xff\xff\xff", 5, MQTT_MALFORMED},
	        {"\x36\x05\x00\x01x\x00\x01", 7, MQTT_MALFORMED},
	        {"\xc1\x00", 2, MQTT_MALFORMED},
	};

	(void)state;
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct rig_conn *c;

		rig_start(1);
		c = up(5, "device-1");
		rig_give(c, (const uint8_t *)bad[i].octets, bad[i].n);
		check_disconnect(c, bad[i].reason);
		check_event(false, MQTT_GONE_PROTOCOL_ERROR);
		assert_int_equal(rig_counted(TP_C_mqtt_protocol_error), 1);
		rig_stop();
	}
	rig_start(1);
	refused(&(struct rig_connect){.version = 5, .clean = true, .id = "\xff"}, MQTT_MALFORMED);
	rig_stop();
}

/* Who said at CONNECT that its session ends with the connection cannot want to keep it in the end (3.14.2.2.2); others may change their mind. */
static void test_expiry_at_disconnect(void **state)
{
	struct rig_connect k = {.version = 5, .id = "device-1"};
	struct rig_conn *c;

	(void)state;
	rig_start(1);
	c = up_with(0, &k, false);
	rig_give(c, (const uint8_t *)"\xe0\x07\x00\x05\x11\x00\x00\x00\x09", 9);
	check_disconnect(c, MQTT_PROTOCOL_ERROR);
	k.expiry = 100;
	c = up_with(0, &k, false);
	rig_give(c, (const uint8_t *)"\xe0\x07\x00\x05\x11\x00\x00\x00\x09", 9);
	check_event(false, MQTT_GONE_DISCONNECT);
	rig_reap();
	rig_pass(8 * UINT64_C(1000000));
	c = up_with(0, &k, true);
	rig_give(c, (const uint8_t *)"\xe0\x07\x00\x05\x11\x00\x00\x00\x00", 9);
	rig_reap();
	up_with(0, &k, false);
	rig_stop();
}

static void test_connect_twice(void **state)
{
	struct rig_conn *c;

	(void)state;
	rig_start(1);
	c = up(5, "device-1");
	rig_connect(c, &(struct rig_connect){.version = 5, .clean = true, .id = "device-1"});
	check_disconnect(c, MQTT_PROTOCOL_ERROR);
	c = rig_open(0);
	rig_give(c, (const uint8_t *)"\xc0\x00", 2);
	assert_true(c->closing);
	check_nothing(c);
	rig_stop();
}

/* Before a CONNECT only the peer's own time counts. */
static void test_connect_timeout_of_the_peer(void **state)
{
	struct rig_conn *c;

	(void)state;
	rig_start(1);
	c = rig_open(0);
	rig_pass(3000000);
	mqtt_await(rig.g[0], c->s, true, rig.now_us);
	mqtt_await(rig.g[0], c->s, false, rig.now_us);
	rig_pass(60000000);
	mqtt_await(rig.g[0], c->s, false, rig.now_us);
	assert_false(c->closing);
	mqtt_await(rig.g[0], c->s, true, rig.now_us);
	rig_pass(1800000);
	assert_false(c->closing);
	rig_pass(400000);
	assert_true(c->closing);
	assert_int_equal(rig_counted(TP_C_mqtt_connect_timeout), 1);
	rig_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup(test_versions, check_setup),
	        cmocka_unit_test_setup(test_empty_identifier, check_setup),
	        cmocka_unit_test_setup(test_long_identifier, check_setup),
	        cmocka_unit_test_setup(test_login, check_setup),
	        cmocka_unit_test_setup(test_login_lengths, check_setup),
	        cmocka_unit_test_setup(test_login_outlives, check_setup),
	        cmocka_unit_test_setup(test_identity, check_setup),
	        cmocka_unit_test_setup(test_source, check_setup),
	        cmocka_unit_test_setup(test_connack_properties, check_setup),
	        cmocka_unit_test_setup(test_state_lost, check_setup),
	        cmocka_unit_test_setup(test_connack_too_large, check_setup),
	        cmocka_unit_test_setup(test_subscribe, check_setup),
	        cmocka_unit_test_setup(test_answer_too_large, check_setup),
	        cmocka_unit_test_setup(test_protocol_errors, check_setup),
	        cmocka_unit_test_setup(test_expiry_at_disconnect, check_setup),
	        cmocka_unit_test_setup(test_connect_twice, check_setup),
	        cmocka_unit_test_setup(test_connect_timeout_of_the_peer, check_setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
