/* SPDX-License-Identifier: BSD-3-Clause */
/* The decoder `plate`: what each camera's events become, and that nothing but the plate is ever reported as the plate. */
#include <inttypes.h>
#include <math.h>

#include "decode_check.h"

extern const struct tp_decoder tp_decoder_plate;

#define READ (&check_record.plate_read)
#define NONE (-1.0)

static const struct sample {
	const char *file;
	const char *plate;
	const char *jurisdiction;
	const char *camera_id;
	double confidence;
	double latitude; /* NONE: none */
	int64_t time;    /* us */
	enum tp_plate_format format;
} samples[] = {
        {"axis_lpv_push_event.json", "RLE11684", "POL", "ACCC8ED3290D", 0.719034, 50.418114, 1623405938252000,
                TP_plate_format_axis_lpv},
        {"axis_lpv_vapix_new_blocklist_unicode.json", "T\xc3\x96LSL123", "DEU", "ACCC8E9BB16D", 0.725149, 55.70421,
                1702299266977000, TP_plate_format_axis_lpv},
        {"axis_lpv_vapix_update.json", "HWR6677", "DEU", "ACCC8EBFB452", 0.737210, 55.70421, 1702297625507000,
                TP_plate_format_axis_lpv},
        {"cammra_ai_axis_push.json", "1AB1234", "CZE", "B8A44F960ACE", 0.8688, 55.70421, 1718373876372000,
                TP_plate_format_axis_lpv},
        {"axis_to_genetec_lpringestion_reads.json", "AXIS1234", "AXIS", "ACCC8E9BB16D", 0.95, NONE, 1702305026703000,
                TP_plate_format_axis_genetec},
        {"genetec_sharpv_http_read.json", "AA7D2", NULL, "SHARPV12345", NONE, 0, 1472460165797000, TP_plate_format_genetec_sharpv},
        {"openalpr_alpr_results_v2.json", "BAU7690", "tx", NULL, 0.6877668762207031, NONE, 1521140533533000,
                TP_plate_format_rekor_results},
        {"openalpr_group_v1_docs.json", "A13709", "mo", "1414799424", 0.92075203, NONE, 1448326208789000,
                TP_plate_format_rekor_group},
        {"openalpr_rekor_alpr_group_v3_noimage.json", "19462SH", "us-ma", "1000", 0.9325465393, 39.6505, 1634475947845000,
                TP_plate_format_rekor_group},
        {"openalpr_rekor_alpr_group_v3_full.json", "19462SH", "us-ma", "1000", 0.9325465393, 39.6505, 1634475947845000,
                TP_plate_format_rekor_group},
        {"openalpr_rekor_alpr_alert_noimage.json", "2BH375", "us-ma", "1000", 0.9325465393, 39.0391, 1630695989342000,
                TP_plate_format_rekor_alert},
        {"openalpr_rekor_alpr_alert_full.json", "2BH375", "us-ma", "1000", 0.9325465393, 39.0391, 1630695989342000,
                TP_plate_format_rekor_alert},
        {"platerecognizer_snapshot_api.json", "nhk552", "gb", NULL, 0.898, NONE, 1633931038514896, TP_plate_format_platerecognizer},
        {"platerecognizer_stream_webhook.json", "9jub11", "gb", "camera-1", 0.839, NONE, 1632894973606935,
                TP_plate_format_platerecognizer},
        {"platerecognizer_stream_webhook_mmc.json", "pl8rec", "us-ca", "camera-1", 0.902, NONE, 1784136997000000,
                TP_plate_format_platerecognizer},
        {"verkada_lpr_webhook.json", "ABCD123", "us-ca", "38718198-8a78-4718-a60f-68e1a8de30ac", 0.9630414285714286, NONE,
                1758302865879000, TP_plate_format_verkada},
};
#define N_SAMPLES (sizeof(samples) / sizeof(*samples))

static const char *const no_reads[] = {"openalpr_rekor_vehicle_noimage.json", "openalpr_rekor_vehicle_full.json"};

static int decode(const char *text)
{
	return check_text(&tp_decoder_plate, text);
}

static void check_real(bool has, double got, double expected)
{
	assert_int_equal(has, expected != NONE);
	if (has && fabs(got - expected) > 1e-12)
		fail_msg("%.17g, expected %.17g", got, expected);
}

static void check_one_sample(const struct sample *s)
{
	size_t n;
	uint8_t *data = check_sample(s->file, &n);
	int rc = check_decode(&tp_decoder_plate, data, n, 0, sizeof(check_memory));

	free(data);
	if (rc != 1)
		fail_msg("%s: %d, %s at %u", s->file, rc, tp_counter_descs[check_verdict.reason % TP_COUNTER_COUNT].name,
		        check_verdict.offset);
	assert_int_equal(check_record.kind, TP_KIND_plate_read);
	check_slice(READ->plate, s->plate);
	check_slice(READ->jurisdiction, s->jurisdiction);
	check_slice(READ->camera_id, s->camera_id);
	check_real(READ->has & TP_HAS(plate_read, confidence), READ->confidence, s->confidence);
	check_real(READ->has & TP_HAS(plate_read, latitude), READ->latitude, s->latitude);
	assert_int_equal(READ->format, s->format);
	assert_int_equal(check_record.has_device_time, 1);
	assert_int_equal(check_record.device_time, s->time);
	check_slice(READ->time_text, NULL);
}

static void test_samples(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_SAMPLES; i++)
		check_one_sample(&samples[i]);
}

static void load(const char *file)
{
	size_t n;
	uint8_t *data = check_sample(file, &n);

	assert_int_equal(check_decode(&tp_decoder_plate, data, n, 0, sizeof(check_memory)), 1);
	free(data);
}

static void check_box(double left, double top, double right, double bottom)
{
	assert_true(READ->has & TP_HAS(plate_read, box_left));
	assert_true(READ->box_left == left && READ->box_top == top && READ->box_right == right && READ->box_bottom == bottom);
}

static void test_axis_details(void **state)
{
	(void)state;
	load("axis_lpv_vapix_new_blocklist_unicode.json");
	check_slice(READ->camera_list, "Block list");
	check_slice(READ->camera_list_mode, "block");
	check_slice(READ->camera_list_note, "car_test_1");
	check_slice(READ->region, "Bad T\xc3\xb6lz");
	check_slice(READ->region_code, "T\xc3\x96L");
	check_slice(READ->state, "new");
	check_slice(READ->vehicle_type, "CAR");
	check_slice(READ->vehicle_color, "BLUE");
	check_slice(READ->vehicle_view, "front");
	check_slice(READ->read_id, "8104955");
	check_slice(READ->track_id, "34939");
	check_slice(READ->camera_name, "AXIS P1447-LE");
	check_slice(READ->camera_lane, "1");
	check_box(670, 496, 946, 540);
	load("cammra_ai_axis_push.json");
	check_slice(READ->vehicle_make, "Skoda");
	check_slice(READ->vehicle_model, "Rapid/Scala");
	check_slice(READ->camera_list, NULL);
	check_slice(READ->direction, "in");
	check_slice(READ->agent_id, "PRG-82");
}

static void test_rekor_details(void **state)
{
	(void)state;
	load("openalpr_rekor_alpr_group_v3_noimage.json");
	check_slice(READ->vehicle_make, "bmw");
	check_slice(READ->vehicle_model, "bmw_x3");
	check_slice(READ->vehicle_color, "white");
	check_slice(READ->vehicle_type, "suv-crossover");
	check_slice(READ->vehicle_year, "2010-2014");
	check_slice(READ->vehicle_view, "225");
	check_slice(READ->read_id, "63PHH1MHEXF9U245NFI66RGPUXTQEREKAJI7K44Y-177622-1627675927855");
	assert_true(READ->heading_deg == 296.55792236);
	assert_true(READ->jurisdiction_confidence == 84.06666565 / 100);
	assert_true((READ->has & TP_HAS(plate_read, is_parked)) && !READ->is_parked);
	assert_int_equal(READ->last_seen, 1634475950845000);
	assert_int_equal(READ->candidate_count, 1);
	check_slice(READ->candidates.items[0].plate, "19462SH");
	check_box(601, 284, 659, 325);
	load("openalpr_group_v1_docs.json");
	assert_int_equal(READ->candidate_count, 10);
	assert_int_equal(READ->candidates.count, 10);
	check_slice(READ->candidates.items[1].plate, "A137O9");
	assert_true(READ->candidates.items[1].confidence == 83.32373 / 100);
	load("openalpr_rekor_alpr_alert_noimage.json");
	check_slice(READ->alert_plate, "2BH375");
	check_slice(READ->camera_list, "blacklist");
	check_slice(READ->camera_list_mode, "Blacklist");
	check_slice(READ->camera_list_note, "test");
}

static void test_platerecognizer_details(void **state)
{
	(void)state;
	load("platerecognizer_stream_webhook_mmc.json");
	check_slice(READ->vehicle_make, "Porsche");
	check_slice(READ->vehicle_model, "911");
	check_slice(READ->vehicle_color, "red");
	check_slice(READ->vehicle_view, "Rear");
	check_slice(READ->vehicle_type, "Sedan");
	assert_true(READ->heading_deg == 210);
	assert_true(READ->detection_confidence == 0.757);
	assert_int_equal(READ->candidates.count, 2);
	check_box(337, 270, 412, 305);
}

static void test_plain(void **state)
{
	(void)state;
	assert_int_equal(
	        decode("{\"plate\":\"7ABC123\",\"jurisdiction\":\"US-CA\",\"confidence\":0.97,\"time\":\"2023-12-11T14:30:26."
	               "703Z\","
	               "\"camera\":\"cam-3\",\"lane\":2,\"direction\":\"north\",\"speed_kmh\":97.5,\"vehicle\":{\"make\":\"BMW\","
	               "\"color\":\"white\",\"year\":2020},\"heading\":359.5,\"latitude\":-33.9,\"longitude\":151.2,"
	               "\"candidates\":[{\"plate\":\"7A8C123\",\"confidence\":0.4}],\"unknown\":[{\"plate\":\"WRONG\"}]}"),
	        1);
	check_slice(READ->plate, "7ABC123");
	check_slice(READ->jurisdiction, "US-CA");
	check_slice(READ->camera_id, "cam-3");
	check_slice(READ->camera_lane, "2");
	check_slice(READ->direction, "north");
	check_slice(READ->vehicle_make, "BMW");
	check_slice(READ->vehicle_color, "white");
	check_slice(READ->vehicle_year, "2020");
	assert_int_equal(READ->format, TP_plate_format_plain);
	assert_true(READ->confidence == 0.97 && READ->speed_kmh == 97.5 && READ->heading_deg == 359.5);
	assert_true(READ->latitude == -33.9 && READ->longitude == 151.2);
	assert_true(READ->candidates.count == 1 && READ->candidates.items[0].confidence == 0.4);
	assert_int_equal(check_record.device_time, 1702305026703000);
	assert_int_equal(decode("{\"plate\":\"A\"}"), 1);
	assert_int_equal(check_record.has_device_time, 0);
	assert_int_equal(READ->has, 0);
	check_slice(READ->jurisdiction, NULL);
	assert_null(READ->candidates.items);
}

static void test_texts(void **state)
{
	(void)state;
	assert_int_equal(decode("{\"plate\":\"\\u00d6\\u0041 \\ud83d\\ude97\"}"), 1);
	check_slice(READ->plate, "\xc3\x96"
	                         "A \xf0\x9f\x9a\x97");
	assert_int_equal(decode("{\"pl\\u0061te\":\"T\xc3\x96L\"}"), 1);
	check_slice(READ->plate, "T\xc3\x96L");
	assert_int_equal(decode("{\"plate\":\"A\",\"plate\":\"B\",\"plate\":null}"), 1);
	check_slice(READ->plate, "B");
	assert_int_equal(decode("{\"plate\":\"A\",\"time\":\"yesterday\"}"), 1);
	assert_int_equal(check_record.has_device_time, 0);
	check_slice(READ->time_text, "yesterday");
	assert_int_equal(decode("{\"plateText\":\"\\u0041B\",\"carState\":\"lost\"}"), 1);
	check_slice(READ->plate, "AB");
}

/* The plate is the plate, wherever the candidates stand; without it there is no record. */
static void test_candidate_traps(void **state)
{
	static const char *const group =
	        "{\"candidates\":[{\"plate\":\"WRONG1\",\"confidence\":99}],\"best_plate\":{\"candidates\":["
	        "{\"plate\":\"WRONG2\"}],\"plate\":\"RIGHT\",\"confidence\":80},\"data_type\":\"alpr_group\"}";

	(void)state;
	assert_int_equal(decode(group), 1);
	check_slice(READ->plate, "RIGHT");
	assert_true(READ->confidence == 0.8);
	assert_int_equal(decode("{\"candidates\":[{\"plate\":\"WRONG\"}],\"plate\":\"RIGHT\"}"), 1);
	check_slice(READ->plate, "RIGHT");
	assert_int_equal(
	        decode("{\"results\":[{\"candidates\":[{\"plate\":\"wrong\",\"score\":0.9}],\"plate\":\"right\",\"score\":0.5,"
	               "\"vehicle\":{\"plate\":\"wrong\"}}]}"),
	        1);
	check_slice(READ->plate, "right");
	assert_true(READ->confidence == 0.5);
	check_rejected(&tp_decoder_plate, "{\"candidates\":[{\"plate\":\"WRONG\"}]}", TP_C_missing_field, 34);
	check_rejected(&tp_decoder_plate, "{\"confidence\":0.9,\"jurisdiction\":\"US-CA\"}", TP_C_missing_field, 41);
	check_rejected(&tp_decoder_plate,
	        "{\"data_type\":\"alpr_group\",\"best_plate\":{\"candidates\":[{\"plate\":\"WRONG\"}]},\"candidates\":[{\"plate\":"
	        "\"WRONG\"}]}",
	        TP_C_missing_field, 107);
	check_rejected(&tp_decoder_plate, "{\"results\":[{\"candidates\":[{\"plate\":\"wrong\"}]}]}", TP_C_missing_field, 46);
	check_rejected(&tp_decoder_plate, "{\"data\":{\"results\":[{\"score\":0.9}]},\"hook\":{}}", TP_C_missing_field, 33);
	check_rejected(&tp_decoder_plate, "{\"carState\":\"new\",\"candidates\":[{\"plate\":\"WRONG\"}]}", TP_C_missing_field, 51);
	/* A plate key where its format does not have it is not one. */
	check_rejected(&tp_decoder_plate, "{\"data\":{\"plate\":\"WRONG\"}}", TP_C_unknown_format, 0);
	check_rejected(&tp_decoder_plate, "{\"group\":{\"plate\":\"WRONG\"}}", TP_C_unknown_format, 0);
	check_rejected(&tp_decoder_plate, "{\"a\":{\"plate\":\"WRONG\",\"plateUTF8\":\"WRONG\"}}", TP_C_unknown_format, 0);
	check_rejected(&tp_decoder_plate, "{\"note\":\"\\\"plate\\\":\\\"WRONG\\\"\"}", TP_C_unknown_format, 0);
}

static void test_not_reads(void **state)
{
	(void)state;
	check_rejected(&tp_decoder_plate, "{\"data_type\":\"heartbeat\"}", TP_C_not_a_read, 0);
	check_rejected(&tp_decoder_plate, "{\"data_type\":\"vehicle\",\"vehicle\":{}}", TP_C_not_a_read, 0);
	check_rejected(&tp_decoder_plate, "{\"results\":[]}", TP_C_not_a_read, 0);
	check_rejected(&tp_decoder_plate, "{\"data_type\":\"alpr_results\",\"results\":[]}", TP_C_not_a_read, 0);
	check_rejected(&tp_decoder_plate, "{\"hook\":{\"event\":\"image\"},\"data\":{}}", TP_C_not_a_read, 0);
	check_rejected(&tp_decoder_plate, "{\"webhook_type\":\"notification\",\"data\":{}}", TP_C_not_a_read, 0);
	check_rejected(&tp_decoder_plate, "{\"plate\":\"\"}", TP_C_not_a_read, 0);
	check_rejected(&tp_decoder_plate, "{\"plateUTF8\":null}", TP_C_not_a_read, 0);
	check_rejected(&tp_decoder_plate, "{\"results\":[{\"plate\":null}]}", TP_C_not_a_read, 0);
}

static void test_unknown(void **state)
{
	static const char *const texts[] = {"{}", "[]", "1", "\"plate\"", "null", "{\"foo\":1}", "{\"data_type\":\"other\"}",
	        "[{\"plate\":\"A\"}]", "{\"plate\":\"A\",\"plateUTF8\":\"B\"}", "{\"plate\":\"A\",\"data_type\":\"alpr_group\"}",
	        "{\"Plate\":\"A\",\"PlateRead\":\"B\"}", "{\"plate\":\"A\",\"results\":[{\"plate\":\"B\"}]}",
	        "{\"best_plate_number\":\"A\"}", "{\"results\":[{\"plate\":\"B\",\"confidence\":90}]}"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		check_rejected(&tp_decoder_plate, texts[i], TP_C_unknown_format, 0);
}

static void test_values(void **state)
{
	(void)state;
	check_rejected(&tp_decoder_plate, "{\"plate\":123}", TP_C_json_type, 9);
	check_rejected(&tp_decoder_plate, "{\"plate\":[\"A\"]}", TP_C_json_type, 9);
	check_rejected(&tp_decoder_plate, "{\"plate\":\"A\",\"confidence\":97}", TP_C_out_of_range, 26);
	check_rejected(&tp_decoder_plate, "{\"plate\":\"A\",\"confidence\":\"high\"}", TP_C_json_type, 26);
	check_rejected(&tp_decoder_plate, "{\"plate\":\"A\",\"confidence\":{}}", TP_C_json_type, 26);
	check_rejected(&tp_decoder_plate, "{\"plate\":\"A\",\"latitude\":91}", TP_C_out_of_range, 24);
	check_rejected(&tp_decoder_plate, "{\"plate\":\"A\",\"speed_kmh\":1e999}", TP_C_out_of_range, 25);
	check_rejected(&tp_decoder_plate, "{\"plate\":\"A\"}x", TP_C_json_syntax, 13);
	check_rejected(&tp_decoder_plate, "{\"plate\":\"A\\q\"}", TP_C_json_string, 12);
	check_rejected(&tp_decoder_plate, "", TP_C_empty, 0);
	assert_int_equal(decode("{\"plate\":\"A\",\"confidence\":\"0.5\",\"speed_kmh\":null,\"lane\":\"\"}"), 1);
	assert_true(READ->confidence == 0.5);
	assert_false(READ->has & TP_HAS(plate_read, speed_kmh));
	check_slice(READ->camera_lane, NULL);
}

static void test_results(void **state)
{
	static const char *const text =
	        "{\"results\":[{\"plate\":\"a1\",\"score\":0.1,\"region\":{\"code\":\"gb\"}},{\"plate\":null,"
	        "\"region\":{\"code\":\"xx\"}},{\"score\":0.2,\"plate\":\"b\\u0032\",\"candidates\":[{\"plate\":\"x\"}]},"
	        "{\"plate\":\"c3\"}],\"camera_id\":\"c\",\"timestamp\":1758302865}";
	static const char *const plates[] = {"a1", "b2", "c3"};
	static const char *const regions[] = {"gb", NULL, NULL};

	(void)state;
	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(check_decode(&tp_decoder_plate, text, strlen(text), i, sizeof(check_memory)), 3);
		check_slice(READ->plate, plates[i]);
		check_slice(READ->jurisdiction, regions[i]);
		check_slice(READ->camera_id, "c");
		assert_int_equal(READ->candidates.count, i == 1);
		assert_int_equal(check_record.device_time, 1758302865000000);
	}
}

static void test_results_limit(void **state)
{
	char text[4096];
	size_t n = 0;

	(void)state;
	n += (size_t)sprintf(text, "{\"results\":[");
	for (int i = 0; i < TP_RESULTS_MAX; i++)
		n += (size_t)sprintf(text + n, "%s{\"plate\":\"P%d\"}", i ? "," : "", i);
	strcpy(text + n, "]}");
	for (unsigned int i = 0; i < TP_RESULTS_MAX; i++) {
		char plate[8];

		assert_int_equal(check_decode(&tp_decoder_plate, text, strlen(text), i, sizeof(check_memory)), TP_RESULTS_MAX);
		sprintf(plate, "P%u", i);
		check_slice(READ->plate, plate);
	}
	strcpy(text + n, ",{\"plate\":\"P\"}]}");
	check_rejected(&tp_decoder_plate, text, TP_C_too_many, (uint32_t)n + 1);
}

static void test_no_room(void **state)
{
	static const char *const escaped = "{\"plate\":\"\\u0041\"}",
	                         *const listed = "{\"plate\":\"A\",\"candidates\":[{\"plate\":\"B\"}]}";

	(void)state;
	assert_int_equal(check_decode(&tp_decoder_plate, escaped, strlen(escaped), 0, 0), TP_DECODE_NO_ROOM);
	assert_int_equal(check_decode(&tp_decoder_plate, listed, strlen(listed), 0, 16), TP_DECODE_NO_ROOM);
}

static void test_bad_input(void **state)
{
	const char *file;
	uint8_t *data;
	size_t n;

	(void)state;
	for (size_t i = 0; i < N_SAMPLES + 2; i++) {
		file = i < N_SAMPLES ? samples[i].file : no_reads[i - N_SAMPLES];
		data = check_sample(file, &n);
		check_truncations(&tp_decoder_plate, data, n);
		check_changes(&tp_decoder_plate, data, n, 10000, 7 + i);
		free(data);
	}
}

static void test_not_json(void **state)
{
	size_t n;
	uint8_t *data = check_sample("hikvision_isapi_anpr.xml", &n);

	(void)state;
	assert_int_equal(check_decode(&tp_decoder_plate, data, n, 0, sizeof(check_memory)), TP_DECODE_REJECTED);
	assert_int_equal(check_verdict.reason, TP_C_json_syntax);
	assert_int_equal(check_verdict.stage, TP_STAGE_json);
	assert_int_equal(check_verdict.offset, 0);
	free(data);
}

static void test_vehicle_samples(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		size_t n;
		uint8_t *data = check_sample(no_reads[i], &n);

		assert_int_equal(check_decode(&tp_decoder_plate, data, n, 0, sizeof(check_memory)), TP_DECODE_REJECTED);
		assert_int_equal(check_verdict.reason, TP_C_not_a_read);
		free(data);
	}
}

/* The largest datagram: one plate and one picture. */
static void test_largest(void **state)
{
	static char text[65507];

	(void)state;
	memset(text, 'A', sizeof(text));
	memcpy(text, "{\"plate\":\"BIG1\",\"image\":\"", 25);
	memcpy(text + sizeof(text) - 2, "\"}", 2);
	assert_int_equal(check_decode(&tp_decoder_plate, text, sizeof(text), 0, sizeof(check_memory)), 1);
	check_slice(READ->plate, "BIG1");
	text[60000] = '\n';
	assert_int_equal(check_decode(&tp_decoder_plate, text, sizeof(text), 0, sizeof(check_memory)), TP_DECODE_REJECTED);
	assert_int_equal(check_verdict.offset, 60000);
	memset(text, '[', sizeof(text));
	assert_int_equal(check_decode(&tp_decoder_plate, text, sizeof(text), 0, sizeof(check_memory)), TP_DECODE_REJECTED);
	assert_int_equal(check_verdict.reason, TP_C_json_depth);
}

/* The reader expects keys in the order of the event before. Whatever that was, nothing but time may depend on it. */
static void test_order(void **state)
{
	static const char *const before[] = {
	        "{\"plate\":\"AB1\",\"time\":\"2026-11-22T12:53:00Z\",\"confidence\":0.5,\"camera\":\"c7\",\"lane\":\"2\"}",
	        "{\"lane\":\"2\",\"camera\":\"c7\",\"confidence\":0.5,\"time\":\"2026-11-22T12:53:00Z\",\"plate\":\"AB1\"}",
	        "{\"confidence\":0.5,\"unknown\":[{\"plate\":1}],\"lane\":\"2\",\"plate\":\"AB1\",\"plate\":\"AB1\"}",
	};

	(void)state;
	for (unsigned int i = 0; i < sizeof(before) / sizeof(*before); i++) {
		for (unsigned int k = 0; k < sizeof(before) / sizeof(*before); k++) {
			assert_int_equal(decode(before[i]), 1);
			assert_int_equal(decode(before[k]), 1);
			check_slice(READ->plate, "AB1");
			check_slice(READ->camera_lane, "2");
			assert_true(READ->confidence == 0.5);
		}
		assert_int_equal(decode(before[i]), 1);
		assert_int_equal(
		        decode("{\"plate\": \"AB2\" ,\"time\": null,\"confidence\": 0.25,\"camera\":\"\",\"lane\":3}\n"), 1);
		check_slice(READ->plate, "AB2");
		check_slice(READ->camera_id, NULL);
		check_slice(READ->camera_lane, "3");
		assert_true(READ->confidence == 0.25 && !check_record.has_device_time);
		assert_int_equal(decode(before[i]), 1);
		check_rejected(&tp_decoder_plate, "{\"plate\":\"AB1\",\"time\":\"x\",\"confidence\": 1234,\"camera\":\"c7\"}",
		        TP_C_out_of_range, 40);
		assert_int_equal(decode(before[i]), 1);
		check_rejected(&tp_decoder_plate, "{\"plate\":\"AB1\",\"time\":\"x\",\"confidence\":", TP_C_truncated, 39);
		assert_int_equal(decode(before[i]), 1);
		check_rejected(&tp_decoder_plate, "{\"plate\":\"AB1\",\"time\":\"x\",\"confidence\":}", TP_C_json_syntax, 39);
		assert_int_equal(decode(before[i]), 1);
		check_rejected(&tp_decoder_plate, "{,\"plate\":\"AB1\",\"time\":\"x\",\"confidence\":1}", TP_C_json_syntax, 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_samples),
	        cmocka_unit_test(test_axis_details),
	        cmocka_unit_test(test_rekor_details),
	        cmocka_unit_test(test_platerecognizer_details),
	        cmocka_unit_test(test_plain),
	        cmocka_unit_test(test_texts),
	        cmocka_unit_test(test_candidate_traps),
	        cmocka_unit_test(test_not_reads),
	        cmocka_unit_test(test_unknown),
	        cmocka_unit_test(test_values),
	        cmocka_unit_test(test_results),
	        cmocka_unit_test(test_results_limit),
	        cmocka_unit_test(test_no_room),
	        cmocka_unit_test(test_bad_input),
	        cmocka_unit_test(test_not_json),
	        cmocka_unit_test(test_vehicle_samples),
	        cmocka_unit_test(test_largest),
	        cmocka_unit_test(test_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
