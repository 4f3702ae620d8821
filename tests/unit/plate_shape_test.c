/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Shapes of plate events: an event of a shape is taken at once, and whatever comes, the decoder says the same with shapes and
 * without: verdict, octet, every field of the record. So does the short way from a shape to Avro, in what it takes; its octets lie against a
 * PROT_NONE page, and so does the end of the room for the value.
 */
#include <dirent.h>

#include "decode_check.h"
#include "plate_shape.h"

extern const struct tp_decoder tp_decoder_plate;

#define OFFERS  200 /* more than a shape needs */
#define TEXT    4096
#define ARRIVAL INT64_C(1700000000123456)

/* What a decoder made of a text. */
struct outcome {
	int rc;
	struct tp_verdict verdict;
	bool has_time;
	int64_t time;
	size_t n;
	uint8_t json[1 << 16];
};

static struct outcome without, with;
static struct guard room;
static uint8_t value[1 << 16];
static unsigned int direct_taken;

/* Flat events, each of a shape of its own. */
static const char *const events[] = {
        "{\"plate\":\"FKU7544\",\"jurisdiction\":\"US-CA\",\"time\":\"2026-03-01T12:00:00.250Z\",\"confidence\":0.669,\"camera\":"
        "\"cam-00\",\"lane\":\"1\",\"read_id\":\"92228ec121340\"}",
        "{\"plate\": \"A 1\", \"latitude\": -33.8688, \"longitude\": 151.2093, \"heading\": 12, \"time\": "
        "\"2026-03-01T12:00:59Z\"}",
        " { \"confidence\":1.0 ,\"plate\":\"X\" , \"speed_kmh\":-0.0} \n",
        "{\"Plate\":\"AXIS1234\",\"ReferenceReadId\":\"12\",\"Confidence\":0.95,\"note\":\"\",\"weight\":12.50}",
        "{\"Id\":\"7\",\"PlateRead\":\"AA7D2\",\"LprCameraName\":\"x\",\"Timestamp\":\"2016-08-29T10:56:05.797Z\",\"Latitude\":0}",
        "{\"plate\":\"B-MW 1\",\"created_at\":\"no time\",\"timestamp\":\"2026-03-01 "
        "12:00:00+01:00\",\"direction\":\"in\",\"camera\":\"c\"}",
        "{\"plate\":\"K1\",\"lane\":\"1\",\"state\":\"new\",\"track_id\":\"t\",\"picture\":\"http://camera.example/1/2/3/4/5/6/7/8/"
        "9/"
        "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890"
        "0123456789012345678901234567890123456789012345678901234567890123456789.jpg\",\"read_id\":\"r\",\"note\":\"\",\"heading\":"
        "359.99}",
};
#define N_EVENTS (sizeof(events) / sizeof(*events))

static void run(struct outcome *o, const void *data, size_t n, unsigned int result, bool shapes)
{
	struct tp_envelope envelope = {0};

	plate_shapes_use(shapes);
	/* A decoder writes all of a body; what was in it before must not show. */
	memset(&check_record, 0xa5, sizeof(check_record));
	check_record.flags = 0;
	o->rc = check_decode(&tp_decoder_plate, data, n, result, sizeof(check_memory));
	o->verdict = check_verdict;
	o->n = 0;
	if (o->rc < 1)
		return;
	assert_int_equal(check_record.kind, TP_KIND_plate_read);
	assert_int_equal(check_record.flags, 0);
	assert_int_equal(check_record.trailing, 0);
	o->has_time = check_record.has_device_time;
	o->time = o->has_time ? check_record.device_time : 0;
	assert_true(tp_record_json_bound(&envelope, TP_KIND_plate_read, &check_record.plate_read) <= sizeof(o->json));
	o->n = (size_t)(tp_record_json(o->json, &envelope, TP_KIND_plate_read, &check_record.plate_read) - o->json);
}

static void same_slice(struct tp_slice a, struct tp_slice b)
{
	assert_ptr_equal(a.p, b.p);
	assert_int_equal(a.n, b.n);
}

/* Does the short way take it? Then decoder and encoder, which made check_record of it, have to say the same. */
static void same_direct(const void *data, size_t n, int rc)
{
	tp_direct_fn direct = tp_decoder_plate.direct();
	uint8_t *out = room.map + room.size - (n + TP_DIRECT_ROOM), *end;
	static struct tp_record rec;
	ptrdiff_t octets;

	if (!direct)
		return;
	memset(&rec, 0xa5, sizeof(rec));
	rec.received_at = ARRIVAL;
	rec.flags = TP_FLAG_REASSEMBLED | TP_FLAG_TRAILING_BYTES;
	rec.payload = (struct tp_slice){guard_put(&check_guard, data, n), (uint32_t)n};
	end = direct(&rec, out);
	if (!end)
		return;
	direct_taken++;
	assert_int_equal(rc, 1);
	octets = tp_record_avro_body(value, TP_KIND_plate_read, &check_record.plate_read) - value;
	if (end - out != octets || memcmp(out, value, (size_t)octets) != 0)
		fail_msg("'%.*s': %td octets of Avro and %td", (int)n, (const char *)data, octets, end - out);
	assert_int_equal(rec.kind, TP_KIND_plate_read);
	assert_int_equal(rec.flags, TP_FLAG_REASSEMBLED);
	assert_int_equal(rec.trailing, 0);
	assert_int_equal(rec.has_device_time, 1);
	assert_true(check_record.has_device_time && rec.device_time == check_record.device_time);
	same_slice(rec.plate_read.plate, check_record.plate_read.plate);
	same_slice(rec.plate_read.jurisdiction, check_record.plate_read.jurisdiction);
}

/* All ways say the same; returns what they say. */
static int same(const void *data, size_t n)
{
	int rc;

	run(&without, data, n, 0, false);
	run(&with, data, n, 0, true);
	rc = without.rc;
	if (rc != with.rc || without.n != with.n || memcmp(without.json, with.json, with.n) != 0)
		fail_msg("'%.*s': %d '%.*s', with shapes %d '%.*s'", (int)n, (const char *)data, rc, (int)without.n, without.json,
		        with.rc, (int)with.n, with.json);
	if (rc == TP_DECODE_REJECTED) {
		assert_int_equal(without.verdict.reason, with.verdict.reason);
		assert_int_equal(without.verdict.stage, with.verdict.stage);
		assert_int_equal(without.verdict.offset, with.verdict.offset);
	}
	if (rc > 0) {
		assert_int_equal(without.has_time, with.has_time);
		assert_int_equal(without.time, with.time);
	}
	same_direct(data, n, rc);
	return rc;
}

/* Is the text taken by a shape, without the reader of plate.c? */
static bool taken(const char *text)
{
	memset(&check_record, 0xa5, sizeof(check_record));
	check_record.payload = (struct tp_slice){guard_put(&check_guard, text, strlen(text)), (uint32_t)strlen(text)};
	return plate_shape_read(&check_record);
}

static void learn(const char *text)
{
	for (unsigned int i = 0; i < OFFERS; i++)
		if (assert_int_equal(same(text, strlen(text)), 1), taken(text))
			return;
	fail_msg("no shape is made of '%s'", text);
}

static int group_setup(void **state)
{
	(void)state;
	check_guard = guard_new(CHECK_MAX);
	room = guard_new(CHECK_MAX);
	return 0;
}

static int needs_wide(void **state)
{
	(void)state;
	if (!plate_shapes_possible()) {
		print_message("this processor has no AVX-512 with VBMI2: shapes are not tested\n");
		skip();
	}
	return 0;
}

static void test_taken(void **state)
{
	needs_wide(state);
	for (size_t i = 0; i < N_EVENTS; i++)
		learn(events[i]);
	/* Each leaves the shapes of the others alone. */
	for (size_t i = 0; i < N_EVENTS; i++)
		assert_true(taken(events[i]));
	/* Other values of any length. */
	assert_true(taken(
	        "{\"Plate\":\"A\",\"ReferenceReadId\":\"1234567890\",\"Confidence\":0.5,\"note\":\"something\",\"weight\":-1}"));
	check_slice(check_record.plate_read.plate, "A");
	check_slice(check_record.plate_read.read_id, "1234567890");
	assert_true(check_record.plate_read.confidence == 0.5);
	assert_int_equal(check_record.plate_read.format, TP_plate_format_axis_genetec);
	assert_false(check_record.has_device_time);
	assert_null(check_record.plate_read.jurisdiction.p);
	assert_true(taken("{\"plate\":\"B\",\"created_at\":\"\",\"timestamp\":\"2026-03-01 "
	                  "12:00:00.5Z\",\"direction\":\"out\",\"camera\":\"c\"}"));
	assert_true(check_record.has_device_time);
	assert_int_equal(check_record.device_time, 1772366400500000);
	check_slice(check_record.plate_read.direction, "out");
}

/* Whatever has a time goes the short way, with any of the fields that a flat event may have, and texts of any length. */
static void test_direct(void **state)
{
	static const char *const parts[] = {"\"jurisdiction\":\"US-CA\"", "\"confidence\":0.5", "\"camera\":\"c\"",
	        "\"lane\":\"1\"", "\"read_id\":\"r\"", "\"heading\":-1.25", "\"latitude\":1", "\"direction\":\"in\"",
	        "\"state\":\"new\"", "\"note\":\"\""};
	char text[TEXT];

	needs_wide(state);
	if (!tp_decoder_plate.direct())
		skip();
	for (unsigned int set = 0; set < 1u << (sizeof(parts) / sizeof(*parts)); set += 1 + set % 3) {
		int n = snprintf(text, sizeof(text), "{\"plate\":\"A%u\",\"time\":\"2026-03-01T12:00:00.250Z\"", set);

		for (unsigned int i = 0; i < sizeof(parts) / sizeof(*parts); i++)
			if (set >> i & 1)
				n += snprintf(text + n, sizeof(text) - (size_t)n, ",%s", parts[i]);
		strcpy(text + n, "}");
		learn(text);
		direct_taken = 0;
		same(text, strlen(text));
		assert_int_equal(direct_taken, 1);
	}
	for (int n = 1; n < 400; n++) {
		snprintf(text, sizeof(text), "{\"plate\":\"%.*s\",\"time\":\"2026-03-01T12:00:00.250Z\",\"lane\":\"%0*d\"}",
		        1 + n % 70, "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMNOPQRSTUVWXYZ", n, 7);
		learn(text);
		direct_taken = 0;
		same(text, strlen(text));
		assert_int_equal(direct_taken, 1);
	}
	/* Without a time, or with one that is none, it does not. */
	direct_taken = 0;
	learn("{\"plate\":\"A\",\"lane\":\"1\"}");
	same("{\"plate\":\"A\",\"time\":\"soon\",\"lane\":\"1\"}", 38);
	assert_int_equal(direct_taken, 0);
}

static void test_not_taken(void **state)
{
	static const char *const near[] = {
	        "{\"plate\":\"\",\"lane\":\"1\",\"heading\":2}",    /* no plate */
	        "{\"plate\":\"A\",\"lane\":\"\",\"heading\":2}",    /* an empty text is none */
	        "{\"plate\":\"A\",\"lane\":\"1\",\"heading\":361}", /* out of range */
	        "{\"plate\":\"A\",\"lane\":\"1\",\"heading\":01}",  /* no number */
	        "{\"plate\":\"A\",\"lane\":\"1\",\"heading\":}",
	        "{\"plate\":\"A\",\"lane\":\"1\",\"heading\":2 }",
	        "{\"plate\":\"A\",\"lane\":\"1\",\"heading\":2}}",
	        "{\"plate\":\"A\",\"lane\":\"1\",\"heading\":2},",
	        "{\"plate\":\"A\",\"lane\":\"1\";\"heading\":2}",        /* no comma */
	        "{\"plate\":\"A\",\"lane\":\"1\",\"Heading\":2}",        /* another key */
	        "{\"lane\":\"A\",\"plate\":\"1\",\"heading\":2}",        /* another order */
	        "{\"plate\":\"A\\n\",\"lane\":\"1\",\"heading\":2}",     /* an escape */
	        "{\"plate\":\"A\t\",\"lane\":\"1\",\"heading\":2}",      /* a control character */
	        "{\"plate\":\"\xc3\x84\",\"lane\":\"1\",\"heading\":2}", /* beyond ASCII */
	        "{\"plate\":\"\xc3\",\"lane\":\"1\",\"heading\":2}",     /* broken */
	        "{\"plate\":\"A\",\"lane\":\"1\",\"heading\":\"2\"}",
	        "{\"plate\":\"A\",\"candidates\":[],\"heading\":2}",
	        "{\"plate\":null,\"lane\":\"\\\"1\\\"\",\"heading\":2}",
	};
	static const char good[] = "{\"plate\":\"A\",\"lane\":\"1\",\"heading\":2}";

	needs_wide(state);
	for (size_t i = 0; i < sizeof(near) / sizeof(*near); i++) {
		learn(good);
		assert_true(taken(good));
		assert_false(taken(near[i]));
		same(near[i], strlen(near[i]));
	}
}

/* A better time that could not be understood when the shape was made is still the better one. */
static void test_times(void **state)
{
	static const char bad[] = "{\"plate\":\"A\",\"timestamp\":\"soon\",\"time\":\"2026-03-01T12:00:00Z\"}",
	                  good[] = "{\"plate\":\"A\",\"timestamp\":\"2026-03-01T13:00:00Z\",\"time\":\"2026-03-01T12:00:00Z\"}",
	                  none[] = "{\"plate\":\"A\",\"timestamp\":\"soon\",\"time\":\"later\"}";

	needs_wide(state);
	for (unsigned int i = 0; i < OFFERS; i++) {
		assert_int_equal(same(bad, strlen(bad)), 1);
		assert_int_equal(same(none, strlen(none)), 1);
		assert_false(taken(bad));
	}
	assert_int_equal(same(good, strlen(good)), 1);
	assert_int_equal(without.time, 1772370000000000);
	learn(good);
	assert_int_equal(same(bad, strlen(bad)), 1);
	assert_int_equal(same(none, strlen(none)), 1);
}

static void test_numbers(void **state)
{
	static const char *const numbers[] = {"0", "-0", "0.0", "-0.0", "1", "9", "10", "100000000", "123456789012345",
	        "1234567890123456", "0.30000000000000004", "0.1234567890123", "-0.123456789012", "12345678.9012345", "00", "-",
	        "--1", "-01", "1.", ".1", "1..2", "1.2.3", "1e3", "1E-3", "+1", "1,", "0x1", "1 ", " 1", "", "Infinity", "nan",
	        "1/2", "1:2", "0.", "-.5", "99999999999999.9"};
	char text[256];

	needs_wide(state);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		learn("{\"plate\":\"A\",\"weight\":1.5,\"latitude\":5,\"lane\":\"1\"}");
		for (unsigned int k = 0; k < 4; k++) {
			snprintf(text, sizeof(text), "{\"plate\":\"A\",\"weight\":%s,\"latitude\":%s,\"lane\":\"1\"}",
			        k & 1 ? "7" : numbers[i], k & 2 ? "8" : numbers[i]);
			same(text, strlen(text));
		}
	}
	assert_true(taken("{\"plate\":\"A\",\"weight\":123456789012345,\"latitude\":-0.3000000000001,\"lane\":\"1\"}"));
	assert_true(check_record.plate_read.latitude == -0.3000000000001);
	assert_false(taken("{\"plate\":\"A\",\"weight\":1234567890123456,\"latitude\":0,\"lane\":\"1\"}"));
}

/* Texts around the block size and the longest that shapes take, against the guard page. */
static void test_lengths(void **state)
{
	char text[1024];

	needs_wide(state);
	learn("{\"plate\":\"A\",\"read_id\":\"1\"}");
	for (int n = 1; n < 700; n++) {
		snprintf(text, sizeof(text), "{\"plate\":\"A\",\"read_id\":\"%0*d\"}", n, 7);
		assert_int_equal(same(text, strlen(text)), 1);
		assert_int_equal(taken(text), strlen(text) <= 512);
		/* Behind the end. */
		strcat(text, n % 2 ? "}" : "x");
		assert_false(taken(text));
		assert_int_equal(same(text, strlen(text)), TP_DECODE_REJECTED);
	}
}

static void check_all(const uint8_t *data, size_t n, unsigned int changes, uint64_t seed)
{
	uint8_t *copy = malloc(n);

	assert_non_null(copy);
	for (size_t i = 0; i <= n; i++)
		same(data, i);
	for (unsigned int i = 0; i < changes; i++) {
		static const char likely[] = "\"\"\"\\{}[],: 019.-eT\t\x80";
		uint64_t r = check_random(&seed);

		memcpy(copy, data, n);
		for (uint64_t k = r >> 60; k < 16; k += 5, r = check_random(&seed))
			copy[(r >> 16) % n] = (uint8_t)(r & 1 ? r >> 8 : (uint64_t)likely[(r >> 8) % (sizeof(likely) - 1)]);
		same(copy, n);
	}
	free(copy);
}

static void test_changes(void **state)
{
	needs_wide(state);
	for (size_t i = 0; i < N_EVENTS; i++) {
		learn(events[i]);
		check_all((const uint8_t *)events[i], strlen(events[i]), 50000, i + 1);
		/* Nothing that came in between has spoilt the shape, or it is made again. */
		learn(events[i]);
	}
}

/* Every sample there is, with events of our own in between. */
static void test_samples(void **state)
{
	static const char *const names[] = {"axis_lpv_push_event.json", "axis_lpv_vapix_update.json",
	        "axis_to_genetec_lpringestion_reads.json", "genetec_sharpv_http_read.json", "openalpr_alpr_results_v2.json",
	        "openalpr_group_v1_docs.json", "openalpr_rekor_alpr_group_v3_noimage.json",
	        "openalpr_rekor_alpr_alert_noimage.json", "openalpr_rekor_vehicle_noimage.json",
	        "platerecognizer_snapshot_api.json", "platerecognizer_stream_webhook.json", "verkada_lpr_webhook.json",
	        "hikvision_isapi_anpr.xml"};

	needs_wide(state);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		size_t n;
		uint8_t *data = check_sample(names[i], &n);

		for (unsigned int k = 0; k < OFFERS; k++)
			same(data, n);
		check_all(data, n, 300, i + 1);
		same(events[i % N_EVENTS], strlen(events[i % N_EVENTS]));
		free(data);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_taken),
	        cmocka_unit_test(test_direct),
	        cmocka_unit_test(test_not_taken),
	        cmocka_unit_test(test_times),
	        cmocka_unit_test(test_numbers),
	        cmocka_unit_test(test_lengths),
	        cmocka_unit_test(test_changes),
	        cmocka_unit_test(test_samples),
	};

	return cmocka_run_group_tests(tests, group_setup, NULL);
}
