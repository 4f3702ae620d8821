/* SPDX-License-Identifier: BSD-3-Clause */
/* The raw decoder: any content and length goes through as it is, with what MQTT said about it where MQTT brought it. */
#include "decode_check.h"
#include "tp_mqtt.h"

#define RAW tp_decoder_by_name("raw")

static const struct tp_mqtt_message *body(void)
{
	assert_int_equal(check_record.kind, TP_KIND_mqtt_message);
	return &check_record.mqtt_message;
}

/* The record is not cleared before, and a datagram's may hold any pointer where MQTT has its own. */
static void dirty(uint8_t transport)
{
	memset(&check_record, 0xa5, sizeof(check_record));
	check_record.transport = transport;
}

static void a_datagram_is_its_octets(void **state)
{
	uint8_t octets[256];

	(void)state;
	for (unsigned int i = 0; i < sizeof(octets); i++)
		octets[i] = (uint8_t)i;
	for (size_t n = 0; n <= sizeof(octets); n++) {
		dirty(TP_transport_udp);
		assert_int_equal(check_decode(RAW, octets, n, 0, 0), 1);
		assert_int_equal(body()->body.n, n);
		assert_ptr_equal(body()->body.p, check_record.payload.p);
		assert_non_null(body()->body.p);
		assert_null(body()->topic.p);
		assert_null(body()->client_id.p);
		assert_null(body()->content_type.p);
		assert_null(body()->response_topic.p);
		assert_null(body()->correlation.p);
		assert_int_equal(body()->has, 0);
		assert_int_equal(check_record.has_device_time, 0);
		assert_int_equal(check_record.trailing, 0);
	}
}

static void mqtt_says_what_it_is(void **state)
{
	struct tp_mqtt_meta meta = {.topic = TP_SLICE("a/b"),
	        .client_id = TP_SLICE("c1"),
	        .content_type = TP_SLICE("text/plain"),
	        .response_topic = TP_SLICE("r"),
	        .correlation = TP_SLICE(""),
	        .expiry_s = 0,
	        .packet_id = 65535,
	        .qos = 2,
	        .text = 0};

	(void)state;
	dirty(TP_transport_mqtt);
	check_record.mqtt = &meta;
	assert_int_equal(check_decode(RAW, "x", 1, 0, 0), 1);
	check_slice(body()->body, "x");
	check_slice(body()->topic, "a/b");
	check_slice(body()->client_id, "c1");
	check_slice(body()->content_type, "text/plain");
	check_slice(body()->response_topic, "r");
	check_slice(body()->correlation, "");
	assert_int_equal(body()->has, TP_HAS(mqtt_message, qos) | TP_HAS(mqtt_message, packet_id) | TP_HAS(mqtt_message, text) |
	                                      TP_HAS(mqtt_message, expiry_s));
	assert_int_equal(body()->qos, 2);
	assert_int_equal(body()->packet_id, 65535);
	assert_int_equal(body()->expiry_s, 0);
	assert_false(body()->text);
}

/* QoS 0 of version 3.1.1 has neither packet identifier nor properties. */
static void what_mqtt_did_not_say_is_null(void **state)
{
	struct tp_mqtt_meta meta = {.topic = TP_SLICE("a"), .client_id = TP_SLICE("c"), .expiry_s = -1, .text = -1};

	(void)state;
	dirty(TP_transport_mqtt);
	check_record.mqtt = &meta;
	assert_int_equal(check_decode(RAW, "", 0, 0, 0), 1);
	assert_int_equal(body()->has, TP_HAS(mqtt_message, qos));
	assert_int_equal(body()->qos, 0);
	assert_null(body()->content_type.p);
	assert_null(body()->correlation.p);
	assert_int_equal(body()->body.n, 0);
	meta.text = 1;
	assert_int_equal(check_decode(RAW, "", 0, 0, 0), 1);
	assert_true(body()->text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_datagram_is_its_octets),
	        cmocka_unit_test(mqtt_says_what_it_is),
	        cmocka_unit_test(what_mqtt_did_not_say_is_null),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
