/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The packet codec of MQTT: packets written by hand from the standards, what is wrong with others and which statement says so, every truncation and
 * many mutations against a guard page, and the check of UTF-8 beside one that decodes code points.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "guard.h"
#include "packet.h"
#include "utf8.h"

static struct guard guard;
static uint64_t seed = 0x9e3779b97f4a7c15;

static uint32_t dice(uint32_t sides)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 32) % sides;
}

#define OCTETS(literal) (literal), sizeof(literal) - 1
#define V5              "\x00\x04MQTT\x05"
#define V311            "\x00\x04MQTT\x04"
#define V31             "\x00\x06MQIsdp\x03"
#define FIRST(type, f)  ((uint8_t)((type) << 4 | (f)))

/* Any packet of a client. */
union any {
	struct mqtt_connect connect;
	struct mqtt_publish publish;
	struct mqtt_ack ack;
	struct mqtt_subscribe subscribe;
};

static int read_any(uint8_t version, uint8_t first, const uint8_t *p, uint32_t n, union any *any, struct mqtt_fault *fault)
{
	uint8_t type = first >> 4, flags = first & 15;

	memset(fault, 0, sizeof(*fault));
	switch (type) {
	case MQTT_CONNECT:
		return mqtt_connect_read(flags, p, n, &any->connect, fault);
	case MQTT_PUBLISH:
		return mqtt_publish_read(version, flags, p, n, &any->publish, fault);
	case MQTT_SUBSCRIBE:
	case MQTT_UNSUBSCRIBE:
		return mqtt_subscribe_read(version, type, flags, p, n, &any->subscribe, fault);
	case MQTT_PINGREQ:
		return mqtt_empty_read(flags, n, fault);
	default:
		return mqtt_ack_read(version, type, flags, p, n, &any->ack, fault);
	}
}

static void assert_slice(struct tp_slice s, const char *text)
{
	assert_non_null(s.p);
	assert_int_equal(s.n, strlen(text));
	assert_memory_equal(s.p, text, s.n);
}

/* ---- fixed header ------------------------------------------------------------------------------------------------------------- */
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

/* ---- packets in order ------------------------------------------------------------------------------------------------------- */
static const char connect_full[] =
        V5 "\xf6\x00\x3c"                                                     /* user, password, will retain, QoS 2, clean; 60 s */
           "\x36"                                                             /* 54 octets of properties */
           "\x11\x00\x00\x0e\x10\x21\x00\x0a\x27\x00\x01\x00\x00\x22\x00\x05" /* expiry 3600, receive 10, packet 65536, alias 5 */
           "\x19\x01\x17\x00\x26\x00\x01"                                     /* response information, no problem information */
           "a\x00\x01"                                                        /* user property */
           "b\x26\x00\x04name\x00\x05value\x15\x00\x05SCRAM\x16\x00\x02\x00\xff" /* another; method and data */
           "\x00\x06lane-7"                                                      /* client identifier */
           "\x32"                                                                /* 50 octets of will properties */
           "\x18\x00\x00\x00\x1e\x01\x01\x02\x00\x00\x00\x78\x03\x00\x0a"        /* delay 30, text, expiry 120 */
           "text/plain\x08\x00\x05r/a/b\x09\x00\x03"                             /* content type, response topic */
           "\x00\x01\x02\x26\x00\x03"
           "key\x00\x03val\x00\x09" /* correlation, user property */
           "gone/lane\x00\x03"
           "off\x00\x05"
           "alice\x00\x04p\x00w!";

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
	static const char sub5[] = "\x00\x09\x02\x0b\x7f\x00\x03"
	                           "a/#\x2d\x00\x01+\x02\x00\x0c$share/g/a/+\x00",
	                  unsub[] = "\x00\x09\x00\x03"
	                            "a/b\x00\x01#";
	struct mqtt_subscribe s;
	struct mqtt_fault fault;

	(void)state;
	assert_int_equal(
	        mqtt_subscribe_read(MQTT_5, MQTT_SUBSCRIBE, 2, guard_put(&guard, OCTETS(sub5)), sizeof(sub5) - 1, &s, &fault), 0);
	assert_int_equal(s.packet_id, 9);
	assert_int_equal(s.filters, 3);
	assert_int_equal(s.properties.subscription_id, 127);
	assert_int_equal(mqtt_subscribe_read(
	                         MQTT_3_1_1, MQTT_UNSUBSCRIBE, 2, guard_put(&guard, OCTETS(unsub)), sizeof(unsub) - 1, &s, &fault),
	        0);
	assert_int_equal(s.filters, 2);
	assert_int_equal(mqtt_subscribe_read(
	                         MQTT_3_1, MQTT_UNSUBSCRIBE, 0xa, guard_put(&guard, OCTETS(unsub)), sizeof(unsub) - 1, &s, &fault),
	        0);
}

/* ---- packets that are wrong -------------------------------------------------------------------------------------------------- */
#define MAL          MQTT_MALFORMED
#define PRO          MQTT_PROTOCOL_ERROR
#define ANY          "MQTT-4.13.1-1"
#define CON(body)    FIRST(MQTT_CONNECT, 0), OCTETS(body)
#define PUB(f, body) FIRST(MQTT_PUBLISH, f), OCTETS(body)
/* CONNECT of MQTT 5 with these properties and nothing else of note */
#define CONP(n, props) CON(V5 "\x02\x00\x00" n props "\x00\x01x")
#define PUBP(n, props) PUB(0, "\x00\x01t" n props)

static const struct wrong {
	uint8_t version, first;
	const char *p;
	uint32_t n;
	enum mqtt_reason reason;
	const char *statement;
} wrongs[] = {
        /* CONNECT */
        {5, CON("\x00\x04MQTX\x05\x02\x00\x00\x00\x00\x00"), MQTT_UNSUPPORTED_VERSION, "MQTT-3.1.2-1"},
        {5, CON("\x00\x04mqtt\x05\x02\x00\x00\x00\x00\x00"), MQTT_UNSUPPORTED_VERSION, "MQTT-3.1.2-1"},
        {5, CON("\x00\x04MQTT\x06\x02\x00\x00\x00\x00\x00"), MQTT_UNSUPPORTED_VERSION, "MQTT-3.1.2-2"},
        {5, CON("\x00\x04MQTT\x03\x02\x00\x00\x00\x00"), MQTT_UNSUPPORTED_VERSION, "MQTT-3.1.2-2"},
        {5, CON("\x00\x06MQIsdp\x04\x02\x00\x00\x00\x00"), MQTT_UNSUPPORTED_VERSION, "MQTT-3.1.2-2"},
        {5, CON("\x00\x04MQTT\x84\x02\x00\x00\x00\x00"), MQTT_UNSUPPORTED_VERSION, "MQTT-3.1.2-2"},
        {5, FIRST(MQTT_CONNECT, 1), OCTETS(V5 "\x02\x00\x00\x00\x00\x00"), MAL, "MQTT-2.1.3-1"},
        {5, CON(V5 "\x03\x00\x00\x00\x00\x00"), MAL, "MQTT-3.1.2-3"},
        {4, CON(V311 "\x03\x00\x00\x00\x00"), MAL, "MQTT-3.1.2-3"},
        {5, CON(V5 "\x0a\x00\x00\x00\x00\x00"), MAL, "MQTT-3.1.2-11"},
        {4, CON(V311 "\x12\x00\x00\x00\x00"), MAL, "MQTT-3.1.2-11"},
        {5, CON(V5 "\x1e\x00\x00\x00\x00\x00\x00\x00\x01t\x00\x00"), MAL, "MQTT-3.1.2-12"},
        {5, CON(V5 "\x22\x00\x00\x00\x00\x00"), MAL, "MQTT-3.1.2-13"},
        {4, CON(V311 "\x42\x00\x00\x00\x00\x00\x01p"), MAL, "MQTT-3.1.2-22"},
        {4, CON(V311 "\x00\x00\x00\x00\x00"), MQTT_BAD_CLIENT_ID, "MQTT-3.1.3-8"},
        {3, CON(V31 "\x02\x00\x00\x00\x00"), MQTT_BAD_CLIENT_ID, "MQTT-3.1.3-8"},
        {5,
                CON(V5 "\x02\x00\x00\x00\x00\x03"
                       "a\xc0\x80"),
                MAL, "MQTT-1.5.4-1"},
        {5,
                CON(V5 "\x02\x00\x00\x00\x00\x03"
                       "a\x00"
                       "b"),
                MAL, "MQTT-1.5.4-2"},
        {5, CON(V5 "\x02\x00\x00\x00\x00\x01x\x00"), MAL, ANY},
        {5, CON(V5 "\x82\x00\x00\x00\x00\x01x"), MAL, ANY},
        {5, CON(V5 "\x82\x00\x00\x00\x00\x01x\x00\x02\xed\xa0"), MAL, "MQTT-1.5.4-1"},
        {5,
                CON(V5 "\x06\x00\x00\x00\x00\x01x\x00\x00\x03"
                       "a/#\x00\x00"),
                MAL, "MQTT-3.3.2-2"},
        {5, CON(V5 "\x06\x00\x00\x00\x00\x01x\x00\x00\x00\x00\x00"), MAL, "MQTT-4.7.3-1"},
        {5, CON(V5 "\x06\x00\x00\x00\x00\x01x"), MAL, ANY},
        {5, CON(V5 "\x02\x00\x00\x80\x00\x00\x01x"), MAL, "MQTT-1.5.5-1"},
        {5, CON(V5 "\x02\x00\x00\x09\x00\x01x"), MAL, ANY},
        {5, CONP("\x03", "\x21\x00\x00"), PRO, ANY},
        {5, CONP("\x05", "\x27\x00\x00\x00\x00"), PRO, ANY},
        {5, CONP("\x02", "\x17\x02"), PRO, ANY},
        {5, CONP("\x02", "\x19\x02"), PRO, ANY},
        {5, CONP("\x04", "\x17\x01\x17\x01"), PRO, ANY},
        {5, CONP("\x0a", "\x11\x00\x00\x00\x01\x11\x00\x00\x00\x01"), PRO, ANY},
        {5, CONP("\x06", "\x21\x00\x01\x21\x00\x01"), PRO, ANY},
        {5, CONP("\x05", "\x16\x00\x02xy"), PRO, ANY},
        {5, CONP("\x02", "\x01\x00"), MAL, ANY},             /* payload format: not in CONNECT */
        {5, CONP("\x05", "\x18\x00\x00\x00\x00"), MAL, ANY}, /* will delay: only in the will */
        {5, CONP("\x03", "\x23\x00\x01"), MAL, ANY},         /* topic alias */
        {5, CONP("\x02", "\x24\x01"), MAL, ANY},             /* maximum QoS: servers only */
        {5, CONP("\x02", "\x7f\x01"), MAL, ANY},             /* nobody knows it */
        {5, CONP("\x03", "\x91\x01\x00"), MAL, ANY},         /* 145: its low seven bits are one that exists */
        {5,
                CONP("\x04", "\x26\x00\x01"
                             "a"),
                MAL, ANY}, /* a name without value */
        {5, CONP("\x06", "\x26\x00\x01\xff\x00\x00"), MAL, "MQTT-1.5.4-1"},
        {5, CONP("\x06", "\x26\x00\x00\x00\x01\x00"), MAL, "MQTT-1.5.4-2"},
        {5, CONP("\x02", "\x11\x00"), MAL, ANY}, /* ends within a value, though the packet goes on */
        /* PUBLISH */
        {4, PUB(6, "\x00\x01t\x00\x01"), MAL, "MQTT-3.3.1-4"},
        {5, PUB(8, "\x00\x01t\x00"), MAL, "MQTT-3.3.1-2"},
        {4, PUB(8, "\x00\x01t"), MAL, "MQTT-3.3.1-2"},
        {4, PUB(0, ""), MAL, ANY},
        {4, PUB(0, "\x00"), MAL, ANY},
        {4, PUB(0, "\x00\x02t"), MAL, ANY},
        {4, PUB(0, "\x00\x00"), MAL, "MQTT-4.7.3-1"},
        {5, PUB(0, "\x00\x00\x00"), PRO, "MQTT-4.7.3-1"},
        {4,
                PUB(0, "\x00\x03"
                       "a/+"),
                MAL, "MQTT-3.3.2-2"},
        {4, PUB(0, "\x00\x01#"), MAL, "MQTT-3.3.2-2"},
        {4, PUB(0, "\x00\x01\x00"), MAL, "MQTT-1.5.4-2"},
        {4, PUB(0, "\x00\x03\xed\xa0\x80"), MAL, "MQTT-1.5.4-1"},
        {4, PUB(2, "\x00\x01t"), MAL, ANY},
        {4, PUB(2, "\x00\x01t\x00"), MAL, ANY},
        {4, PUB(2, "\x00\x01t\x00\x00"), PRO, "MQTT-2.2.1-3"},
        {5, PUB(4, "\x00\x01t\x00\x00\x00"), PRO, "MQTT-2.2.1-3"},
        {5, PUB(0, "\x00\x01t"), MAL, ANY},
        {5, PUB(0, "\x00\x01t\x01"), MAL, ANY},
        {5, PUB(0, "\x00\x01t\x80\x80\x80\x80\x01"), MAL, "MQTT-1.5.5-1"},
        {5, PUBP("\x03", "\x23\x00\x00"), MQTT_BAD_ALIAS, "MQTT-3.3.2-8"},
        {5, PUBP("\x06", "\x23\x00\x01\x23\x00\x01"), PRO, ANY},
        {5, PUBP("\x02", "\x01\x02"), PRO, ANY},
        {5, PUBP("\x02", "\x0b\x01"), PRO, "MQTT-3.3.4-6"},
        {5,
                PUBP("\x06", "\x08\x00\x03"
                             "a/#"),
                MAL, "MQTT-3.3.2-14"},
        {5, PUBP("\x03", "\x08\x00\x00"), PRO, "MQTT-4.7.3-1"},
        {5, PUBP("\x04", "\x03\x00\x01\x80"), MAL, "MQTT-1.5.4-1"},
        {5, PUBP("\x05", "\x11\x00\x00\x00\x00"), MAL, ANY},
        {5, PUBP("\x03", "\x1f\x00\x00"), MAL, ANY},
        /* acknowledgements, DISCONNECT, AUTH, PINGREQ */
        {4, FIRST(MQTT_PUBREL, 0), OCTETS("\x00\x01"), MAL, "MQTT-3.6.1-1"},
        {5, FIRST(MQTT_PUBREL, 3), OCTETS("\x00\x01"), MAL, "MQTT-3.6.1-1"},
        {5, FIRST(MQTT_PUBREL, 10), OCTETS("\x00\x01"), MAL, "MQTT-3.6.1-1"},
        {5, FIRST(MQTT_PUBREC, 2), OCTETS("\x00\x01"), MAL, "MQTT-2.1.3-1"},
        {5, FIRST(MQTT_PUBREL, 2), OCTETS("\x00\x00"), PRO, "MQTT-2.2.1-3"},
        {5, FIRST(MQTT_PUBREL, 2), OCTETS("\x00"), MAL, ANY},
        {5, FIRST(MQTT_PUBREL, 2), OCTETS("\x00\x01\x80"), PRO, "MQTT-3.6.2-1"},
        {5, FIRST(MQTT_PUBACK, 0), OCTETS("\x00\x01\x92"), PRO, "MQTT-3.4.2-1"},
        {5, FIRST(MQTT_PUBREC, 0), OCTETS("\x00\x01\x01"), PRO, "MQTT-3.5.2-1"},
        {5, FIRST(MQTT_PUBCOMP, 0), OCTETS("\x00\x01\x10"), PRO, "MQTT-3.7.2-1"},
        {5, FIRST(MQTT_PUBREL, 2), OCTETS("\x00\x01\x00\x00\x00"), MAL, ANY},
        {5, FIRST(MQTT_PUBREL, 2), OCTETS("\x00\x01\x00\x05\x11\x00\x00\x00\x00"), MAL, ANY},
        {4, FIRST(MQTT_PUBREL, 2), OCTETS("\x00\x01\x00"), MAL, ANY},
        {4, FIRST(MQTT_DISCONNECT, 0), OCTETS("\x00"), MAL, ANY},
        {4, FIRST(MQTT_DISCONNECT, 1), OCTETS(""), MAL, "MQTT-3.14.1-1"},
        {5, FIRST(MQTT_DISCONNECT, 2), OCTETS(""), MAL, "MQTT-3.14.1-1"},
        {5, FIRST(MQTT_DISCONNECT, 0), OCTETS("\x8e"), PRO, "MQTT-3.14.2-1"},
        {5, FIRST(MQTT_DISCONNECT, 0), OCTETS("\x00\x02\x22\x00"), MAL, ANY},
        {5, FIRST(MQTT_AUTH, 1), OCTETS("\x18\x04\x15\x00\x01m"), MAL, "MQTT-3.15.1-1"},
        {5, FIRST(MQTT_AUTH, 0), OCTETS(""), PRO, "MQTT-3.15.2-1"},
        {5, FIRST(MQTT_AUTH, 0), OCTETS("\x18\x00"), PRO, "MQTT-4.12.0-5"},
        {4, FIRST(MQTT_AUTH, 0), OCTETS("\x18\x04\x15\x00\x01m"), PRO, ANY},
        {5, FIRST(MQTT_PINGREQ, 0), OCTETS("\x00"), MAL, ANY},
        {5, FIRST(MQTT_PINGREQ, 1), OCTETS(""), MAL, "MQTT-2.1.3-1"},
        {5, FIRST(MQTT_CONNACK, 0), OCTETS("\x00\x00\x00"), PRO, ANY},
        {5, FIRST(MQTT_SUBACK, 0), OCTETS("\x00\x01\x00\x00"), PRO, ANY},
        {5, FIRST(MQTT_PINGRESP, 0), OCTETS(""), PRO, ANY},
        /* SUBSCRIBE, UNSUBSCRIBE */
        {5, FIRST(MQTT_SUBSCRIBE, 0), OCTETS("\x00\x01\x00\x00\x01t\x00"), MAL, "MQTT-3.8.1-1"},
        {5, FIRST(MQTT_UNSUBSCRIBE, 3), OCTETS("\x00\x01\x00\x00\x01t"), MAL, "MQTT-3.10.1-1"},
        {5, FIRST(MQTT_SUBSCRIBE, 2), OCTETS("\x00\x00\x00\x00\x01t\x00"), PRO, "MQTT-2.2.1-3"},
        {5, FIRST(MQTT_SUBSCRIBE, 2), OCTETS("\x00\x01\x00"), PRO, "MQTT-3.8.3-2"},
        {4, FIRST(MQTT_SUBSCRIBE, 2), OCTETS("\x00\x01"), PRO, "MQTT-3.8.3-2"},
        {5, FIRST(MQTT_UNSUBSCRIBE, 2), OCTETS("\x00\x01\x00"), PRO, "MQTT-3.10.3-2"},
        {5, FIRST(MQTT_SUBSCRIBE, 2), OCTETS("\x00\x01\x00\x00\x01t"), MAL, ANY},
        {5, FIRST(MQTT_SUBSCRIBE, 2), OCTETS("\x00\x01\x00\x00\x01t\x40"), MAL, "MQTT-3.8.3-5"},
        {5, FIRST(MQTT_SUBSCRIBE, 2), OCTETS("\x00\x01\x00\x00\x01t\x03"), PRO, ANY},
        {5, FIRST(MQTT_SUBSCRIBE, 2), OCTETS("\x00\x01\x00\x00\x01t\x30"), PRO, ANY},
        {4, FIRST(MQTT_SUBSCRIBE, 2), OCTETS("\x00\x01\x00\x01t\x04"), MAL, "MQTT-3.8.3-5"},
        {4, FIRST(MQTT_SUBSCRIBE, 2), OCTETS("\x00\x01\x00\x01t\x03"), PRO, "MQTT-3.8.3-5"},
        {5, FIRST(MQTT_SUBSCRIBE, 2), OCTETS("\x00\x01\x00\x00\x00\x00"), PRO, "MQTT-4.7.3-1"},
        {5, FIRST(MQTT_SUBSCRIBE, 2),
                OCTETS("\x00\x01\x00\x00\x03"
                       "a#b\x00"),
                MAL, "MQTT-4.7.1-1"},
        {5, FIRST(MQTT_SUBSCRIBE, 2), OCTETS("\x00\x01\x00\x00\x03#/b\x00"), MAL, "MQTT-4.7.1-1"},
        {5, FIRST(MQTT_SUBSCRIBE, 2),
                OCTETS("\x00\x01\x00\x00\x02"
                       "a+\x00"),
                MAL, "MQTT-4.7.1-2"},
        {5, FIRST(MQTT_SUBSCRIBE, 2), OCTETS("\x00\x01\x00\x00\x01\xff\x00"), MAL, "MQTT-1.5.4-1"},
        {5, FIRST(MQTT_SUBSCRIBE, 2), OCTETS("\x00\x01\x02\x0b\x00\x00\x01t\x00"), PRO, ANY},
        {5, FIRST(MQTT_SUBSCRIBE, 2), OCTETS("\x00\x01\x00\x00\x0a$share/g/t\x04"), PRO, "MQTT-3.8.3-4"},
        {5, FIRST(MQTT_SUBSCRIBE, 2), OCTETS("\x00\x01\x00\x00\x07$share/\x00"), MAL, "MQTT-4.8.2-1"},
        {5, FIRST(MQTT_SUBSCRIBE, 2), OCTETS("\x00\x01\x00\x00\x09$share//t\x00"), MAL, "MQTT-4.8.2-1"},
        {5, FIRST(MQTT_SUBSCRIBE, 2), OCTETS("\x00\x01\x00\x00\x08$share/g\x00"), MAL, "MQTT-4.8.2-2"},
        {5, FIRST(MQTT_SUBSCRIBE, 2), OCTETS("\x00\x01\x00\x00\x0a$share/+/t\x00"), MAL, "MQTT-4.8.2-2"},
        {5, FIRST(MQTT_UNSUBSCRIBE, 2), OCTETS("\x00\x01\x02\x0b\x01\x00\x01t"), MAL, ANY},
};

static void test_wrong(void **state)
{
	union any any;
	struct mqtt_fault fault;

	(void)state;
	for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
		const struct wrong *w = &wrongs[i];

		if (read_any(w->version, w->first, guard_put(&guard, w->p, w->n), w->n, &any, &fault) != -EBADMSG)
			fail_msg("packet %zu was read, expected %s", i, w->statement);
		if (fault.reason != w->reason || strcmp(fault.statement, w->statement) != 0 || fault.offset > w->n)
			fail_msg("packet %zu: 0x%02x %s at %u, expected 0x%02x %s", i, fault.reason, fault.statement, fault.offset,
			        w->reason, w->statement);
	}
}

/* What 3.1 leaves open is not refused there. */
static void test_lenient(void **state)
{
	struct mqtt_publish p;
	struct mqtt_fault fault;

	(void)state;
	assert_int_equal(mqtt_publish_read(MQTT_3_1, 8, guard_put(&guard, "\x00\x01t", 3), 3, &p, &fault), 0);
}

/* ---- every truncation, many mutations --------------------------------------------------------------------------------------- */
static const struct good {
	uint8_t version, first;
	const char *p;
	uint32_t n, whole; /* no prefix shorter than `whole` is a packet */
} goods[] = {
        {5, FIRST(MQTT_CONNECT, 0), OCTETS(connect_full), sizeof(connect_full) - 1},
        {4, FIRST(MQTT_CONNECT, 0), OCTETS(V311 "\xc6\x00\x0a\x00\x02id\x00\x01t\x00\x02ok\x00\x01u\x00\x01p"), 27},
        {4, FIRST(MQTT_PUBLISH, 0), OCTETS("\x00\x14site/gantry-12/lane3payload"), 22},
        {4, FIRST(MQTT_PUBLISH, 2), OCTETS("\x00\x14site/gantry-12/lane3\x00\x01payload"), 24},
        {5, FIRST(MQTT_PUBLISH, 4),
                OCTETS("\x00\x03t\xc3\xa9\x00\x01\x18\x02\x00\x00\x00\x05\x03\x00\x01t\x08\x00\x01r\x09\x00\x01"
                       "c\x26\x00\x01"
                       "a\x00\x01"
                       "bpayload"),
                32},
        {5, FIRST(MQTT_PUBREL, 2), OCTETS("\x00\x01\x92\x06\x1f\x00\x03why"), 2},
        {5, FIRST(MQTT_DISCONNECT, 0), OCTETS("\x04\x05\x11\x00\x00\x00\x09"), 0},
        {5, FIRST(MQTT_AUTH, 0), OCTETS("\x18\x04\x15\x00\x01m"), 6},
        {5, FIRST(MQTT_SUBSCRIBE, 2),
                OCTETS("\x00\x01\x02\x0b\x01\x00\x03"
                       "a/b\x01"),
                11},
        {4, FIRST(MQTT_UNSUBSCRIBE, 2),
                OCTETS("\x00\x01\x00\x03"
                       "a/+"),
                7},
};

static void test_truncated(void **state)
{
	union any any;
	struct mqtt_fault fault;

	(void)state;
	for (size_t i = 0; i < sizeof(goods) / sizeof(goods[0]); i++) {
		const struct good *g = &goods[i];

		assert_int_equal(read_any(g->version, g->first, guard_put(&guard, g->p, g->n), g->n, &any, &fault), 0);
		for (uint32_t n = 0; n < g->n; n++) {
			int rc = read_any(g->version, g->first, guard_put(&guard, g->p, n), n, &any, &fault);

			if (rc == 0 && n < g->whole)
				fail_msg("packet %zu: its first %u octets were read as one", i, n);
			if (rc != 0)
				assert_true(fault.offset <= n && fault.statement != NULL && fault.reason >= 0x80);
		}
	}
}

static void assert_within(struct tp_slice s, const uint8_t *p, uint32_t n)
{
	if (s.n > 0)
		assert_true(s.p >= p && s.p + s.n <= p + n);
}

static void check_properties(const struct mqtt_properties *props, const uint8_t *p, uint32_t n)
{
	struct tp_slice name, value;
	uint32_t at = 0, count = 0;

	assert_within(props->user, p, n);
	assert_within(props->correlation, p, n);
	assert_within(props->content_type, p, n);
	assert_within(props->response_topic, p, n);
	while (props->user_count > 0 && mqtt_user_next(props->user, &at, &name, &value)) {
		assert_within(name, p, n);
		assert_within(value, p, n);
		count++;
	}
	assert_int_equal(count, props->user_count);
}

static void check_read(uint8_t type, const union any *any, const uint8_t *p, uint32_t n)
{
	if (type == MQTT_PUBLISH) {
		assert_within(any->publish.topic, p, n);
		assert_true(any->publish.payload.p + any->publish.payload.n == p + n);
		assert_true(any->publish.topic.n == 0 || mqtt_topic_valid(any->publish.topic));
		check_properties(&any->publish.properties, p, n);
	} else if (type == MQTT_CONNECT) {
		assert_within(any->connect.client_id, p, n);
		assert_within(any->connect.password, p, n);
		assert_true(!any->connect.has_will || mqtt_topic_valid(any->connect.will_topic));
		check_properties(&any->connect.properties, p, n);
		check_properties(&any->connect.will_properties, p, n);
	}
}

static void test_mutated(void **state)
{
	uint8_t octets[512];
	union any any;
	struct mqtt_fault fault;
	uint32_t read = 0;

	(void)state;
	for (uint32_t round = 0; round < 200000; round++) {
		const struct good *g = &goods[dice(sizeof(goods) / sizeof(goods[0]))];
		uint8_t version = (uint8_t)(3 + dice(3)), first = dice(4) ? g->first : (uint8_t)(g->first ^ 1 << dice(4));
		const uint8_t *p;

		memcpy(octets, g->p, g->n);
		for (uint32_t k = dice(4); k > 0; k--)
			octets[dice(g->n)] = dice(2) ? (uint8_t)dice(256) : (uint8_t)dice(8);
		p = guard_put(&guard, octets, g->n);
		if (read_any(dice(4) ? g->version : version, first, p, g->n, &any, &fault) == 0) {
			check_read(first >> 4, &any, p, g->n);
			read++;
		} else {
			assert_true(fault.offset <= g->n && fault.statement != NULL && fault.reason >= 0x80);
		}
	}
	assert_true(read > 10000); /* else it tested nothing but refusals */
}

/* ---- UTF-8 ------------------------------------------------------------------------------------------------------------------- */
/* Decodes a code point and encodes it anew: what does not come back the same was not well-formed. */
static enum mqtt_text naive_text(const uint8_t *p, uint32_t n)
{
	for (uint32_t i = 0; i < n;) {
		uint32_t more = p[i] < 0x80 ? 0 : p[i] >> 5 == 6 ? 1 : p[i] >> 4 == 14 ? 2 : p[i] >> 3 == 30 ? 3 : 9;
		uint32_t code = p[i] & (more == 0 ? 0x7f : 0x3fu >> more);

		if (more == 9 || i + more >= n)
			return MQTT_TEXT_ILL_FORMED;
		for (uint32_t k = 1; k <= more; k++) {
			if (p[i + k] >> 6 != 2)
				return MQTT_TEXT_ILL_FORMED;
			code = code << 6 | (p[i + k] & 0x3f);
		}
		if (more != (code < 0x80             ? 0u
		                    : code < 0x800   ? 1u
		                    : code < 0x10000 ? 2u
		                                     : 3u) ||
		        code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
			return MQTT_TEXT_ILL_FORMED;
		if (code == 0)
			return MQTT_TEXT_NUL;
		i += more + 1;
	}
	return MQTT_TEXT_OK;
}

static void check_text(const uint8_t *octets, uint32_t n)
{
	const uint8_t *p = guard_put(&guard, octets, n);
	enum mqtt_text want = naive_text(p, n);
	uint32_t at = 0;
	bool plain = true, plain_topic = true;

	for (uint32_t i = 0; i < n; i++) {
		plain &= p[i] > 0 && p[i] < 0x80;
		plain_topic &= p[i] > 0 && p[i] < 0x80 && p[i] != '+' && p[i] != '#';
	}
	assert_int_equal(mqtt_utf8_check(p, n, false, &at), want);
	assert_int_equal(mqtt_utf8_plain(p, n, false), plain);
	assert_int_equal(mqtt_utf8_plain(p, n, true), plain_topic);
}

static void test_utf8_short(void **state)
{
	uint8_t s[4];

	(void)state;
	for (uint32_t v = 0; v < 1u << 16; v++) {
		s[0] = (uint8_t)(v >> 8);
		s[1] = (uint8_t)v;
		check_text(s, 2);
		/* Third and fourth: the edges of their ranges. */
		for (uint32_t k = 0; v >= 0xe000 && k < 16; k++) {
			s[2] = (uint8_t[]){0x00, 0x7f, 0x80, 0xbf, 0xc0, 0x8f, 0x90, 0xff}[k & 7];
			s[3] = k < 8 ? 0x80 : 0xc0;
			check_text(s, 3);
			check_text(s, 4);
		}
	}
}

static void test_utf8_long(void **state)
{
	static const char *const parts[] = {
	        "a", "lane", "/", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x9a\x97", "\xef\xbb\xbf", "\x7f", "\x01"};
	uint8_t s[256];

	(void)state;
	for (uint32_t round = 0; round < 100000; round++) {
		uint32_t n = 0, want = dice(150), kinds = 1 + dice(9);

		while (n < want) {
			const char *part = parts[dice(kinds)];

			memcpy(s + n, part, strlen(part));
			n += (uint32_t)strlen(part);
		}
		check_text(s, n);
		if (n == 0)
			continue;
		s[dice(n)] = (uint8_t[]){0, '+', '#', 0x80, 0xff, 0xc3, 0xed, 'x'}[dice(8)];
		check_text(s, n);
	}
}

/* ---- what is written -------------------------------------------------------------------------------------------------------- */
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
	        cmocka_unit_test(test_wrong),
	        cmocka_unit_test(test_lenient),
	        cmocka_unit_test(test_truncated),
	        cmocka_unit_test(test_mutated),
	        cmocka_unit_test(test_utf8_short),
	        cmocka_unit_test(test_utf8_long),
	        cmocka_unit_test(test_connack),
	        cmocka_unit_test(test_answers),
	        cmocka_unit_test(test_round_trip),
	};

	guard = guard_new(4096);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
