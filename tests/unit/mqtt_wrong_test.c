/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packets of MQTT that are wrong, and which statement of the standards says so; every truncation and many mutations of right ones.
 */
#include "mqtt_packet_rig.h"

/* ---- packets that are wrong ----------------------------------------------------------------------------------------------- */
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

/* ---- every truncation, many mutations ------------------------------------------------------------------------------------- */
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

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_wrong),
	        cmocka_unit_test(test_lenient),
	        cmocka_unit_test(test_truncated),
	        cmocka_unit_test(test_mutated),
	};

	guard = guard_new(4096);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
