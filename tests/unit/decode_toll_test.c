/* SPDX-License-Identifier: BSD-3-Clause */
/* The decoder `toll`. */
#include <inttypes.h>

#include "decode_check.h"

extern const struct tp_decoder tp_decoder_toll;

#define PASSAGE    (&check_record.toll_passage)
#define HAS(field) ((PASSAGE->has & TP_HAS(toll_passage, field)) != 0)

static const char *const whole =
        "{\"toll_point\":\"I95-N-12\",\"facility\":\"I-95\",\"lane\":\"3\",\"lane_mode\":\"open_road\",\"transaction_id\":\"t-1\","
        "\"sequence\":9007199254740993,\"time\":\"2023-12-11T14:30:26.703Z\",\"direction\":\"north\",\"speed_kmh\":101.3,"
        "\"over_speed\":false,\"occupancy\":2,\"hov\":true,\"amount_cents\":-250,\"entry\":{\"plaza\":\"P7\",\"time\":1702305000},"
        "\"tag\":{\"id\":\"3E00B1234567\",\"tid\":\"E200\",\"type\":\"IAG\",\"agency\":\"004\",\"serial\":1234567890,"
        "\"read_performance\":12,\"write_performance\":3,\"status\":\"S\",\"battery\":\"low\",\"tamper\":true,\"hov\":3,"
        "\"antenna\":2,"
        "\"rssi_dbm\":-55.5,\"tx_power_dbm\":30,\"user_data\":\"00FF\",\"validation\":\"low_balance\"},"
        "\"plate\":{\"text\":\"T\\u00d6L1\",\"jurisdiction\":\"US-NY\",\"type\":\"passenger\",\"confidence\":0.93,\"box\":[1,2,30,"
        "40.5],"
        "\"picture\":\"p.jpg\"},\"vehicle\":{\"id\":\"v9\",\"class\":\"2L\",\"class_confidence\":0.8,\"class_charged\":\"2\","
        "\"axles\":2,"
        "\"length_m\":4.6,\"width_m\":1.8,\"height_m\":1.5},\"extra\":{\"tag\":\"x\"}}";

static int decode(const char *text)
{
	return check_text(&tp_decoder_toll, text);
}

static void check_tag(void)
{
	check_slice(PASSAGE->tag_id, "3E00B1234567");
	check_slice(PASSAGE->tag_tid, "E200");
	check_slice(PASSAGE->tag_type, "IAG");
	check_slice(PASSAGE->tag_agency, "004");
	check_slice(PASSAGE->tag_serial, "1234567890");
	check_slice(PASSAGE->tag_status, "S");
	check_slice(PASSAGE->tag_user_data, "00FF");
	assert_true(HAS(tag_read_performance) && PASSAGE->tag_read_performance == 12 && PASSAGE->tag_write_performance == 3);
	assert_true(HAS(tag_battery) && PASSAGE->tag_battery == TP_toll_battery_low);
	assert_true(HAS(tag_tamper) && PASSAGE->tag_tamper);
	assert_true(HAS(tag_hov) && PASSAGE->tag_hov == 3 && PASSAGE->antenna == 2);
	assert_true(PASSAGE->rssi_dbm == -55.5 && PASSAGE->tx_power_dbm == 30);
	assert_true(HAS(validation) && PASSAGE->validation == TP_toll_validation_low_balance);
}

static void check_plate_and_vehicle(void)
{
	check_slice(PASSAGE->plate, "T\xc3\x96L1");
	check_slice(PASSAGE->plate_jurisdiction, "US-NY");
	check_slice(PASSAGE->plate_type, "passenger");
	check_slice(PASSAGE->picture, "p.jpg");
	assert_true(PASSAGE->plate_confidence == 0.93);
	assert_true(
	        PASSAGE->plate_left == 1 && PASSAGE->plate_top == 2 && PASSAGE->plate_width == 30 && PASSAGE->plate_height == 40.5);
	check_slice(PASSAGE->vehicle_id, "v9");
	check_slice(PASSAGE->vehicle_class, "2L");
	check_slice(PASSAGE->class_charged, "2");
	assert_true(PASSAGE->class_confidence == 0.8 && HAS(axles) && PASSAGE->axles == 2);
	assert_true(PASSAGE->length_m == 4.6 && PASSAGE->width_m == 1.8 && PASSAGE->height_m == 1.5);
}

static void test_whole(void **state)
{
	(void)state;
	assert_int_equal(decode(whole), 1);
	assert_int_equal(check_record.kind, TP_KIND_toll_passage);
	check_slice(PASSAGE->toll_point, "I95-N-12");
	check_slice(PASSAGE->facility_id, "I-95");
	check_slice(PASSAGE->toll_lane, "3");
	check_slice(PASSAGE->transaction_id, "t-1");
	check_slice(PASSAGE->direction, "north");
	check_slice(PASSAGE->entry_plaza, "P7");
	assert_true(HAS(lane_mode) && PASSAGE->lane_mode == TP_toll_lane_mode_open_road);
	assert_true(HAS(sequence) && PASSAGE->sequence == 9007199254740993);
	assert_true(HAS(entry_time) && PASSAGE->entry_time == 1702305000000000);
	assert_true(PASSAGE->speed_kmh == 101.3 && HAS(over_speed) && !PASSAGE->over_speed);
	assert_true(HAS(occupancy) && PASSAGE->occupancy == 2 && HAS(hov) && PASSAGE->hov && PASSAGE->amount_cents == -250);
	assert_true(check_record.has_device_time && check_record.device_time == 1702305026703000);
	check_tag();
	check_plate_and_vehicle();
}

static void test_least(void **state)
{
	(void)state;
	assert_int_equal(decode("{\"tag\":{\"serial\":7},\"toll_point\":\"A\"}"), 1);
	check_slice(PASSAGE->tag_serial, "7");
	check_slice(PASSAGE->plate, NULL);
	assert_int_equal(PASSAGE->has, 0);
	assert_false(check_record.has_device_time);
	assert_int_equal(decode("{\"plate\":\"ABC\",\"toll_point\":\"A\",\"tag\":null,\"vehicle\":null}"), 1);
	check_slice(PASSAGE->plate, "ABC");
	assert_int_equal(decode("{\"tag\":\"3E00\",\"toll_point\":12,\"time\":\"noon\"}"), 1);
	check_slice(PASSAGE->tag_id, "3E00");
	check_slice(PASSAGE->toll_point, "12");
	check_slice(PASSAGE->time_text, "noon");
}

static void test_refused(void **state)
{
	(void)state;
	check_rejected(&tp_decoder_toll, "", TP_C_empty, 0);
	check_rejected(&tp_decoder_toll, "{}", TP_C_unknown_format, 0);
	check_rejected(&tp_decoder_toll, "[]", TP_C_unknown_format, 0);
	check_rejected(&tp_decoder_toll, "{\"a\":{\"tag\":\"x\",\"toll_point\":\"A\"}}", TP_C_unknown_format, 0);
	check_rejected(&tp_decoder_toll, "{\"toll_point\":\"A\"}", TP_C_missing_field, 18);
	check_rejected(&tp_decoder_toll, "{\"toll_point\":\"A\",\"plate\":\"\"}", TP_C_missing_field, 29);
	check_rejected(&tp_decoder_toll, "{\"toll_point\":\"A\",\"tag\":{\"agency\":\"4\"}}", TP_C_missing_field, 39);
	check_rejected(&tp_decoder_toll, "{\"plate\":\"ABC\"}", TP_C_missing_field, 15);
	check_rejected(&tp_decoder_toll, "{\"plate\":7}", TP_C_json_type, 9);
	check_rejected(&tp_decoder_toll, "{\"vehicle\":{\"axles\":-1}}", TP_C_out_of_range, 20);
	check_rejected(&tp_decoder_toll, "{\"vehicle\":{\"axles\":2.5}}", TP_C_out_of_range, 20);
	check_rejected(&tp_decoder_toll, "{\"tag\":{\"battery\":\"flat\"}}", TP_C_out_of_range, 18);
	check_rejected(&tp_decoder_toll, "{\"tag\":{\"tamper\":\"maybe\"}}", TP_C_json_type, 17);
	check_rejected(&tp_decoder_toll, "{\"plate\":{\"box\":[1,2,3]}}", TP_C_json_type, 16);
	check_rejected(&tp_decoder_toll, "{\"entry\":{\"time\":\"noon\"}}", TP_C_out_of_range, 17);
	check_rejected(&tp_decoder_toll, "{\"sequence\":9223372036854775808}", TP_C_out_of_range, 12);
	check_rejected(&tp_decoder_toll, "{\"toll_point\":\"A\",}", TP_C_json_syntax, 18);
	assert_int_equal(check_decode(&tp_decoder_toll, whole, strlen(whole), 0, 0), TP_DECODE_NO_ROOM);
}

static void test_bad_input(void **state)
{
	(void)state;
	check_truncations(&tp_decoder_toll, (const uint8_t *)whole, strlen(whole));
	check_changes(&tp_decoder_toll, (const uint8_t *)whole, strlen(whole), 10000, 11);
}

static void test_largest(void **state)
{
	static char text[65507];

	(void)state;
	memset(text, ' ', sizeof(text));
	memcpy(text, whole, strlen(whole));
	assert_int_equal(check_decode(&tp_decoder_toll, text, sizeof(text), 0, sizeof(check_memory)), 1);
	memset(text, '{', sizeof(text));
	assert_int_equal(check_decode(&tp_decoder_toll, text, sizeof(text), 0, sizeof(check_memory)), TP_DECODE_REJECTED);
	assert_int_equal(check_verdict.reason, TP_C_json_syntax);
	assert_int_equal(check_verdict.offset, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_whole),
	        cmocka_unit_test(test_least),
	        cmocka_unit_test(test_refused),
	        cmocka_unit_test(test_bad_input),
	        cmocka_unit_test(test_largest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
