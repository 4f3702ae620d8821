/* SPDX-License-Identifier: BSD-3-Clause */
/* Avro and JSON of records: exact octets worked out by hand, integers of every size, strings, numbers, and the bounds. */
#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "guard.h"
#include "tp_avro.h"
#include "tp_record.h"

static struct tp_envelope envelope(void)
{
	return (struct tp_envelope){.event_id = {1, 2, 3},
	        .received_at = 64,
	        .event_time = -1,
	        .site = TP_SLICE("s"),
	        .device = TP_SLICE("dev"),
	        .transport = TP_transport_mqtt,
	        .source_ip = TP_SLICE("10.0.0.1"),
	        .source_port = 300,
	        .flags = 2};
}

static const struct tp_dlq letter = {.listener = TP_SLICE("l"),
        .stage = TP_SLICE("json"),
        .reason = TP_SLICE("truncated"),
        .offset = 5,
        .bytes = TP_SLICE("\x00\xff\"")};

static void avro_is_what_the_standard_says(void **state)
{
	static const uint8_t expected[] = {/* event_id */ 1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	        /* received_at 64 */ 0x80, 0x01, /* event_time -1 */ 0x01, /* device_time null */ 0, /* site */ 2, 's',
	        /* device */ 6, 'd', 'e', 'v',
	        /* lane null */ 0, /* transport mqtt */ 2, /* source_ip */ 16, '1', '0', '.', '0', '.', '0', '.', '1',
	        /* source_port 300 */ 0xd8, 0x04, /* flags 2 */ 4, /* payload null */ 0,
	        /* listener */ 2, 'l', /* stage */ 8, 'j', 's', 'o', 'n', /* reason */ 18, 't', 'r', 'u', 'n', 'c', 'a', 't', 'e',
	        'd',
	        /* offset 5 */ 10, /* suppressed 0 */ 0, /* bytes */ 6, 0x00, 0xff, '"'};
	struct tp_envelope env = envelope();
	uint8_t out[512], *end;

	(void)state;
	assert_true(tp_record_avro_bound(&env, TP_KIND_dlq, &letter) <= sizeof(out));
	end = tp_record_avro(out, &env, TP_KIND_dlq, &letter);
	assert_int_equal(end - out, sizeof(expected));
	assert_memory_equal(out, expected, sizeof(expected));
}

static void json_leaves_null_fields_out(void **state)
{
	struct tp_envelope env = envelope();
	char out[2048];
	uint8_t *end = tp_record_json((uint8_t *)out, &env, TP_KIND_dlq, &letter);

	(void)state;
	*end = 0;
	assert_string_equal(out,
	        "{\"event_id\":\"01020300000000000000000000000000\",\"received_at\":64,\"event_time\":-1,\"site\":\"s\","
	        "\"device\":\"dev\",\"transport\":\"mqtt\",\"source_ip\":\"10.0.0.1\",\"source_port\":300,\"flags\":2,"
	        "\"listener\":\"l\",\"stage\":\"json\",\"reason\":\"truncated\",\"offset\":5,\"suppressed\":0,"
	        "\"bytes\":\"00ff22\"}");
}

/* A plain reader of an Avro long. */
static const uint8_t *read_long(const uint8_t *p, int64_t *v)
{
	uint64_t u = 0;
	int shift = 0;

	do {
		u |= (uint64_t)(*p & 0x7f) << shift;
		shift += 7;
	} while (*p++ & 0x80);
	*v = (int64_t)(u >> 1) ^ -(int64_t)(u & 1);
	return p;
}

/* Around both ends of what tp_avro_time() writes, and in the middle: 0 for the others, else the octets of tp_avro_long(). */
static void times_are_longs(void **state)
{
	static const struct {
		int64_t us;
		bool usual;
	} times[] = {{0, false}, {-1, false}, {INT64_MIN, false}, {INT64_MAX, false}, {(INT64_C(1) << 48) - 1, false},
	        {INT64_C(1) << 48, true}, {INT64_C(1694629907250000), true}, {(INT64_C(1) << 55) - 1, true},
	        {INT64_C(1) << 55, false}, {-(INT64_C(1) << 50), false}};

	(void)state;
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		uint64_t octets = tp_avro_time(times[i].us);
		uint8_t out[32];

		assert_int_equal(octets != 0, times[i].usual);
		if (!octets)
			continue;
		assert_int_equal(tp_avro_long(out, times[i].us) - out, sizeof(octets));
		assert_memory_equal(out, &octets, sizeof(octets));
	}
}

/* The site makes the identity as long as it is; what stands behind it is not zero, as in a plan with more sources. */
static void known_identity_is_what_the_envelope_says(void **state)
{
	static uint8_t site[200], expected[1024], out[1024], made[1024 + TP_IDENTITY_PAD];

	(void)state;
	for (uint32_t n = 0; n <= sizeof(site); n++) {
		struct tp_envelope env = envelope();
		struct tp_slice identity = {.p = made};
		uint8_t *end;

		memset(site, 'a' + (int)(n % 26), sizeof(site));
		env.site = (struct tp_slice){site, n};
		env.lane = n & 1 ? TP_SLICE("7") : (struct tp_slice){NULL, 0};
		assert_true(tp_record_avro_bound(&env, TP_KIND_dlq, &letter) <= sizeof(out));
		memset(made, 0xaa, sizeof(made));
		identity.n = (uint32_t)(tp_envelope_identity(made, &env) - made);
		memset(made + identity.n, 0x55, TP_IDENTITY_PAD);
		end = tp_record_avro(expected, &env, TP_KIND_dlq, &letter);
		env.site = env.device = env.lane = TP_SLICE("not looked at");
		memset(out, 0xcc, sizeof(out));
		assert_int_equal(tp_record_avro_known(out, &env, identity, TP_KIND_dlq, &letter) - out, end - expected);
		assert_memory_equal(out, expected, (size_t)(end - expected));
	}
}

/* Behind the envelope, with as much room in the bound as the envelope's last stores take. */
static void body_alone_is_the_end_of_the_record(void **state)
{
	struct tp_envelope env = envelope();
	uint8_t out[512], body[512], *end, *body_end;
	size_t n;

	(void)state;
	end = tp_record_avro(out, &env, TP_KIND_dlq, &letter);
	body_end = tp_record_avro_body(body, TP_KIND_dlq, &letter);
	n = (size_t)(body_end - body);
	assert_memory_equal(body, end - n, n);
	assert_int_equal(*(end - n - 1), 0); /* payload: null */
	assert_true(tp_record_avro_body_bound(TP_KIND_dlq, &letter) >= n + TP_IDENTITY_PAD);
}

static void integers_of_every_size_read_back(void **state)
{
	(void)state;
	for (int bits = 0; bits < 64; bits++) {
		for (int near = -2; near <= 2; near++) {
			for (int sign = 0; sign < 2; sign++) {
				uint64_t magnitude = (UINT64_C(1) << bits) + (uint64_t)near;
				struct tp_envelope env = {.received_at = (int64_t)(sign ? -magnitude : magnitude)};
				uint8_t out[512];
				const uint8_t *p;
				int64_t v;

				tp_record_avro(out, &env, TP_KIND_dlq, &letter);
				p = read_long(out + 16, &v);
				assert_true(v == env.received_at);
				assert_true(p - out - 16 <= 10);
				assert_int_equal(*p, 0); /* event_time */
			}
		}
	}
}

static void strings_of_every_length_read_back(void **state)
{
	struct guard guard = guard_new(4096);
	uint8_t text[256], out[4096];

	(void)state;
	for (unsigned int i = 0; i < sizeof(text); i++)
		text[i] = (uint8_t)(i * 7 + 1);
	for (uint32_t n = 0; n <= 200; n++) {
		struct tp_envelope env = {.site = {guard_put(&guard, text, n), n}};
		const uint8_t *p;
		int64_t v;

		tp_record_avro(out, &env, TP_KIND_dlq, &letter);
		p = read_long(out + 19, &v);
		assert_int_equal(v, n);
		assert_memory_equal(p, text, n);
		assert_int_equal(p[n], 0); /* device: empty */
	}
}

static void json_escapes_what_it_must(void **state)
{
	struct tp_envelope env = {.site = TP_SLICE("a\"b\\c\n\t\x01\x7f\xc3\x96")};
	char out[2048];
	uint8_t *end = tp_record_json((uint8_t *)out, &env, TP_KIND_dlq, &letter);

	(void)state;
	*end = 0;
	assert_non_null(strstr(out, "\"site\":\"a\\\"b\\\\c\\n\\t\\u0001\\u007f\xc3\x96\""));
}

static void doubles_read_back_equal(void **state)
{
	static const double values[] = {0, 1, -1, 0.1, 0.97, 53.2, -78.7661, 1e-7, 1.5e-8, 1e22, 123456789.1234567, 0.719034,
	        1.0 / 3, 5e-324, 1.7976931348623157e308, 899999999.9999999, -0.30667895079};
	struct tp_plate_read read = {.plate = TP_SLICE("A"), .has = TP_HAS(plate_read, confidence)};
	struct tp_envelope env = {0};

	(void)state;
	for (unsigned int i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		char out[2048], *at;

		read.confidence = values[i];
		*tp_record_json((uint8_t *)out, &env, TP_KIND_plate_read, &read) = 0;
		at = strstr(out, "\"confidence\":");
		assert_non_null(at);
		assert_true(strtod(at + strlen("\"confidence\":"), NULL) == values[i]);
	}
	read.confidence = 0.97;
	{
		char out[2048];

		*tp_record_json((uint8_t *)out, &env, TP_KIND_plate_read, &read) = 0;
		assert_non_null(strstr(out, "\"confidence\":0.97"));
		read.confidence = NAN;
		*tp_record_json((uint8_t *)out, &env, TP_KIND_plate_read, &read) = 0;
		assert_non_null(strstr(out, "\"confidence\":null"));
	}
}

static void bound_holds_for_the_worst_strings(void **state)
{
	static uint8_t bad[1000];
	struct tp_envelope env = {.site = {bad, sizeof(bad)}, .payload = {bad, sizeof(bad)}};
	size_t bound = tp_record_json_bound(&env, TP_KIND_dlq, &letter);
	struct guard guard = guard_new(bound);
	uint8_t *start = guard.map + guard.size - bound;

	(void)state;
	assert_true(tp_record_json(start, &env, TP_KIND_dlq, &letter) <= start + bound);
	bound = tp_record_avro_bound(&env, TP_KIND_dlq, &letter);
	start = guard.map + guard.size - bound;
	assert_true(tp_record_avro(start, &env, TP_KIND_dlq, &letter) <= start + bound);
}

/* A rejected datagram of any size must fit into a batch as hex. */
static void bound_of_octets_is_that_of_hex(void **state)
{
	static uint8_t datagram[65507];
	struct tp_envelope env = {0};
	struct tp_dlq large = {.bytes = {datagram, sizeof(datagram)}};

	(void)state;
	assert_true(tp_record_json_bound(&env, TP_KIND_dlq, &large) < 2 * sizeof(datagram) + 2000);
}

static void fields_have_text_for_rules(void **state)
{
	const struct tp_schema *schema = &tp_schema_of_kind[TP_KIND_dlq];
	char scratch[24];
	struct tp_envelope env = envelope();

	(void)state;
	assert_true(tp_slice_is(tp_field_text(tp_field_by_name(schema, TP_SLICE("stage")), &letter, scratch), "json"));
	assert_true(tp_slice_is(tp_field_text(tp_field_by_name(schema, TP_SLICE("offset")), &letter, scratch), "5"));
	assert_true(
	        tp_slice_is(tp_field_text(tp_field_by_name(&tp_schema_envelope, TP_SLICE("transport")), &env, scratch), "mqtt"));
	assert_null(tp_field_text(tp_field_by_name(&tp_schema_envelope, TP_SLICE("lane")), &env, scratch).p);
	assert_null(tp_field_by_name(schema, TP_SLICE("nothing")));
}

/* Behind the envelope; worked out by hand. */
static void avro_body_is(unsigned int kind, const void *body, const uint8_t *expected, size_t n)
{
	uint8_t out[512];

	assert_true(tp_record_avro_body_bound(kind, body) <= sizeof(out));
	assert_int_equal(tp_record_avro_body(out, kind, body) - out, n);
	assert_memory_equal(out, expected, n);
}

static void json_is(unsigned int kind, const void *body, const char *expected)
{
	struct tp_envelope env = envelope();
	char out[2048];

	assert_true(tp_record_json_bound(&env, kind, body) < sizeof(out));
	*tp_record_json((uint8_t *)out, &env, kind, body) = 0;
	assert_string_equal(strstr(out, "\"flags\":2,") + strlen("\"flags\":2,"), expected);
}

static void mqtt_messages_of_any_content(void **state)
{
	static const uint8_t empty[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, /* body */ 0};
	static const uint8_t full[] = {/* topic */ 2, 6, 'a', '/', 'b', /* client_id */ 2, 2, 'c', /* qos 2 */ 2, 4,
	        /* packet_id 300 */ 2, 0xd8, 0x04, /* content_type null */ 0, /* text */ 2, 1, /* response_topic */ 2, 2, 'r',
	        /* correlation: there, empty */ 2, 0, /* expiry_s 0 */ 2, 0, /* body */ 6, 0x00, 0xff, '"'};
	struct tp_mqtt_message datagram = {.body = {NULL, 0}};
	struct tp_mqtt_message message = {.topic = TP_SLICE("a/b"),
	        .client_id = TP_SLICE("c"),
	        .response_topic = TP_SLICE("r"),
	        .correlation = TP_SLICE(""),
	        .body = TP_SLICE("\x00\xff\"")};

	(void)state;
	TP_SET(&message, mqtt_message, qos, 2);
	TP_SET(&message, mqtt_message, packet_id, 300);
	TP_SET(&message, mqtt_message, text, true);
	TP_SET(&message, mqtt_message, expiry_s, 0);
	avro_body_is(TP_KIND_mqtt_message, &datagram, empty, sizeof(empty));
	avro_body_is(TP_KIND_mqtt_message, &message, full, sizeof(full));
	json_is(TP_KIND_mqtt_message, &datagram, "\"body\":\"\"}");
	json_is(TP_KIND_mqtt_message, &message,
	        "\"topic\":\"a/b\",\"client_id\":\"c\",\"qos\":2,\"packet_id\":300,\"text\":true,\"response_topic\":\"r\","
	        "\"correlation\":\"\",\"expiry_s\":0,\"body\":\"00ff22\"}");
}

static void devices_come_and_go(void **state)
{
	static const uint8_t went[] = {/* event */ 2, /* why keep_alive */ 2, 10, /* listener */ 2, 'm', /* client_id */ 2, 'c',
	        /* user null */ 0, /* protocol */ 12, 'M', 'Q', 'T', 'T', ' ', '5', /* clean */ 0, /* session_present */ 1,
	        /* keep_alive 60 */ 120, /* messages 1 */ 2, 2, /* connected_ms 64 */ 2, 0x80, 0x01};
	struct tp_device_event came = {.event = TP_device_change_connected,
	        .listener = TP_SLICE("m"),
	        .client_id = TP_SLICE("c"),
	        .user = TP_SLICE("u"),
	        .protocol = TP_SLICE("MQTT 3.1.1"),
	        .clean = true,
	        .keep_alive = 60};
	struct tp_device_event gone = {.event = TP_device_change_disconnected,
	        .listener = TP_SLICE("m"),
	        .client_id = TP_SLICE("c"),
	        .protocol = TP_SLICE("MQTT 5"),
	        .session_present = true,
	        .keep_alive = 60};

	(void)state;
	TP_SET(&gone, device_event, why, TP_device_gone_keep_alive);
	TP_SET(&gone, device_event, messages, 1);
	TP_SET(&gone, device_event, connected_ms, 64);
	avro_body_is(TP_KIND_device_event, &gone, went, sizeof(went));
	json_is(TP_KIND_device_event, &came,
	        "\"event\":\"connected\",\"listener\":\"m\",\"client_id\":\"c\",\"user\":\"u\",\"protocol\":\"MQTT 3.1.1\","
	        "\"clean\":true,\"session_present\":false,\"keep_alive\":60}");
	json_is(TP_KIND_device_event, &gone,
	        "\"event\":\"disconnected\",\"why\":\"keep_alive\",\"listener\":\"m\",\"client_id\":\"c\",\"protocol\":\"MQTT 5\","
	        "\"clean\":false,\"session_present\":true,\"keep_alive\":60,\"messages\":1,\"connected_ms\":64}");
}

static void every_kind_has_a_topic_of_its_own(void **state)
{
	(void)state;
	for (int i = 0; i < TP_KIND_COUNT; i++) {
		assert_int_equal(tp_kind_by_name(tp_slice_of(tp_schema_of_kind[i].name)), i);
		for (int k = 0; k < i; k++)
			assert_string_not_equal(tp_schema_of_kind[i].topic, tp_schema_of_kind[k].topic);
	}
	assert_true(tp_kind_by_name(TP_SLICE("none")) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(avro_is_what_the_standard_says),
	        cmocka_unit_test(json_leaves_null_fields_out),
	        cmocka_unit_test(known_identity_is_what_the_envelope_says),
	        cmocka_unit_test(body_alone_is_the_end_of_the_record),
	        cmocka_unit_test(times_are_longs),
	        cmocka_unit_test(integers_of_every_size_read_back),
	        cmocka_unit_test(strings_of_every_length_read_back),
	        cmocka_unit_test(json_escapes_what_it_must),
	        cmocka_unit_test(doubles_read_back_equal),
	        cmocka_unit_test(bound_holds_for_the_worst_strings),
	        cmocka_unit_test(bound_of_octets_is_that_of_hex),
	        cmocka_unit_test(fields_have_text_for_rules),
	        cmocka_unit_test(mqtt_messages_of_any_content),
	        cmocka_unit_test(devices_come_and_go),
	        cmocka_unit_test(every_kind_has_a_topic_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
