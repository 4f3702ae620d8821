/* SPDX-License-Identifier: BSD-3-Clause */
/* The decoder `telemetry`: the same signals in every form, and nothing dropped. */
#include <inttypes.h>

#include "decode_check.h"

extern const struct tp_decoder tp_decoder_telemetry;

#define BODY       (&check_record.vehicle_telemetry)
#define HAS(field) ((BODY->has & TP_HAS(vehicle_telemetry, field)) != 0)

static const char *const flat = "{\"vin\":\"WVWZZZ1JZXW000001\",\"time\":1702305026703,\"signals\":{\"Vehicle.Speed\":53.2,"
                                "\"Vehicle.CurrentLocation.Latitude\":48.1371,\"Vehicle.CurrentLocation.Longitude\":11.5754,"
                                "\"Vehicle.Powertrain.TractionBattery.StateOfCharge.Current\":71.5,\"Vehicle.IsMoving\":true,"
                                "\"Vehicle.LowVoltageSystemState\":\"ON\",\"Vehicle.Cabin.Door.Row1.DriverSide.IsOpen\":false}}";
static const char *const nested =
        "{\"Vehicle\":{\"Speed\":53.2,\"CurrentLocation\":{\"Latitude\":48.1371,\"Longitude\":11.5754},"
        "\"Powertrain\":{\"TractionBattery\":{\"StateOfCharge\":{\"Current\":71.5}}},\"IsMoving\":true,"
        "\"LowVoltageSystemState\":\"ON\",\"Cabin\":{\"Door\":{\"Row1\":{\"DriverSide\":{\"IsOpen\":false}}}}},"
        "\"time\":\"2023-12-11T14:30:26.703Z\",\"vin\":\"WVWZZZ1JZXW000001\"}";
static const char *const mixed =
        "{\"signals\":{\"Vehicle\":{\"Speed\":\"53.2\",\"CurrentLocation.Latitude\":48.1371},"
        "\"Vehicle.CurrentLocation\":{\"Longitude\":11.5754},\"Vehicle.Powertrain.TractionBattery\":{"
        "\"StateOfCharge.Current\":71.5},\"Vehicle.IsMoving\":true,\"Vehicle.LowVoltageSystemState\":\"ON\","
        "\"Vehicle.Cabin\":{\"Door.Row1.DriverSide.IsOpen\":false}},\"vin\":\"WVWZZZ1JZXW000001\",\"time\":1702305026.703}";

static int decode(const char *text)
{
	return check_text(&tp_decoder_telemetry, text);
}

static void check_form(const char *text)
{
	assert_int_equal(decode(text), 1);
	assert_int_equal(check_record.kind, TP_KIND_vehicle_telemetry);
	check_slice(BODY->vin, "WVWZZZ1JZXW000001");
	assert_true(check_record.has_device_time && check_record.device_time == 1702305026703000);
	assert_true(HAS(speed) && BODY->speed == 53.2);
	assert_true(HAS(latitude) && BODY->latitude == 48.1371 && HAS(longitude) && BODY->longitude == 11.5754);
	assert_true(HAS(battery_charge) && BODY->battery_charge == 71.5);
	assert_true(HAS(is_moving) && BODY->is_moving);
	assert_false(HAS(altitude));
	check_slice(BODY->low_voltage_state, "ON");
	assert_int_equal(BODY->signals.count, 1);
	check_slice(BODY->signals.items[0].name, "Vehicle.Cabin.Door.Row1.DriverSide.IsOpen");
	assert_int_equal(BODY->signals.items[0].has & TP_HAS(vehicle_signal, boolean), TP_HAS(vehicle_signal, boolean));
	assert_false(BODY->signals.items[0].boolean);
}

static void test_forms(void **state)
{
	(void)state;
	check_form(flat);
	check_form(nested);
	check_form(mixed);
}

/* Every column by its full name, so that a row in a wrong group of lengths shows. */
static void test_columns(void **state)
{
	const struct tp_schema *schema = &tp_schema_of_kind[TP_KIND_vehicle_telemetry];
	unsigned int columns = 0;

	(void)state;
	for (unsigned int i = 0; i < schema->count; i++) {
		const struct tp_field *field = &schema->fields[i];
		char text[256], name[128];
		double value;

		if (sscanf(field->doc, "%127[^, ]", name) != 1 || strncmp(name, "Vehicle.", 8) != 0)
			continue;
		snprintf(text, sizeof(text), "{\"%s\":%s}", name,
		        field->type == TP_TYPE_FLOAT  ? "12.5"
		        : field->type == TP_TYPE_BOOL ? "true"
		                                      : "\"x\"");
		if (decode(text) != 1 || BODY->signals.count != 0)
			fail_msg("%s is not a column", name);
		if (field->type == TP_TYPE_FLOAT) {
			memcpy(&value, (const uint8_t *)BODY + field->offset, sizeof(value));
			assert_true(value == 12.5 && (BODY->has >> field->index & 1));
		}
		columns++;
	}
	assert_true(columns >= 25);
	assert_int_equal(decode("{\"Vehicle.Powertrain.CombustionEngine.ECT\":90,\"Vehicle.Diagnostics.DTCCount\":3,"
	                        "\"Vehicle.VehicleIdentification.VIN\":\"V\"}"),
	        1);
	assert_true(BODY->engine_coolant_temperature == 90 && BODY->dtc_count == 3);
	check_slice(BODY->vin, "V");
	assert_int_equal(BODY->signals.count, 0);
}

static void check_signal(unsigned int i, const char *name, const char *text, const double *number)
{
	const struct tp_vehicle_signal *signal = &BODY->signals.items[i];

	assert_true(i < BODY->signals.count);
	check_slice(signal->name, name);
	check_slice(signal->text, text);
	assert_int_equal((signal->has & TP_HAS(vehicle_signal, number)) != 0, number != NULL);
	if (number)
		assert_true(signal->number == *number);
}

static void test_nothing_dropped(void **state)
{
	static const double number = 0.25;

	(void)state;
	assert_int_equal(decode("{\"Vehicle\":{\"Speed\":\"fast\",\"IsMoving\":1,\"A\":{\"B\":0.25,\"C\":null,\"D\":[1,\"x\"],"
	                        "\"\\u00c4\":\"\\n\"},"
	                        "\"Big\":9007199254740993,\"Huge\":1e999},\"Foo\":\"\",\"Vehicle.Speed\":null}"),
	        1);
	assert_false(HAS(speed) || HAS(is_moving));
	assert_int_equal(BODY->signals.count, 9);
	check_signal(0, "Vehicle.Speed", "fast", NULL);
	assert_true(BODY->signals.items[1].number == 1);
	check_slice(BODY->signals.items[1].name, "Vehicle.IsMoving");
	check_signal(2, "Vehicle.A.B", NULL, &number);
	check_signal(3, "Vehicle.A.C", NULL, NULL);
	check_signal(4, "Vehicle.A.D", "[1,\"x\"]", NULL);
	check_signal(5, "Vehicle.A.\xc3\x84", "\n", NULL);
	check_signal(6, "Vehicle.Big", "9007199254740993", NULL);
	check_signal(7, "Vehicle.Huge", "1e999", NULL);
	check_signal(8, "Foo", "", NULL);
}

static void test_many(void **state)
{
	static char text[65507];
	size_t n = (size_t)sprintf(text, "{\"Vehicle\":{\"X\":-1");
	unsigned int count = 1;

	(void)state;
	while (n < sizeof(text) - 20)
		n += (size_t)sprintf(text + n, ",\"S%u\":%u", count, count), count++;
	n += (size_t)sprintf(text + n, "}}");
	assert_int_equal(check_decode(&tp_decoder_telemetry, text, n, 0, sizeof(check_memory)), 1);
	assert_int_equal(BODY->signals.count, count);
	for (unsigned int i = 1; i < count; i++) {
		char name[32];
		double number = i;

		sprintf(name, "Vehicle.S%u", i);
		check_signal(i, name, NULL, &number);
	}
	assert_int_equal(check_decode(&tp_decoder_telemetry, text, n, 0, 4096), TP_DECODE_NO_ROOM);
}

static void test_refused(void **state)
{
	(void)state;
	check_rejected(&tp_decoder_telemetry, "", TP_C_empty, 0);
	check_rejected(&tp_decoder_telemetry, "{}", TP_C_unknown_format, 0);
	check_rejected(&tp_decoder_telemetry, "[]", TP_C_unknown_format, 0);
	check_rejected(&tp_decoder_telemetry, "{\"plate\":\"ABC\"}", TP_C_unknown_format, 0);
	check_rejected(&tp_decoder_telemetry, "{\"Vehicles\":1}", TP_C_unknown_format, 0);
	check_rejected(&tp_decoder_telemetry, "{\"vin\":\"V\"}", TP_C_missing_field, 11);
	check_rejected(&tp_decoder_telemetry, "{\"Vehicle\":{}}", TP_C_missing_field, 14);
	check_rejected(&tp_decoder_telemetry, "{\"signals\":[]}", TP_C_json_type, 11);
	check_rejected(&tp_decoder_telemetry, "{\"vin\":{}}", TP_C_json_type, 7);
	check_rejected(&tp_decoder_telemetry, "{\"Vehicle\":{\"Speed\":01}}", TP_C_json_syntax, 21);
	check_rejected(&tp_decoder_telemetry, "{\"Vehicle\":{\"Speed\":\"\\x\"}}", TP_C_json_string, 22);
	assert_int_equal(decode("{\"Vehicle.Speed\":1,\"time\":\"noon\"}"), 1);
	check_slice(BODY->time_text, "noon");
	assert_false(check_record.has_device_time);
}

static void test_depth(void **state)
{
	static char bomb[65507];

	(void)state;
	for (size_t i = 0; i + 5 <= sizeof(bomb); i += 5)
		memcpy(bomb + i, "{\"V\":", 5);
	assert_int_equal(check_decode(&tp_decoder_telemetry, bomb, sizeof(bomb), 0, sizeof(check_memory)), TP_DECODE_REJECTED);
	assert_int_equal(check_verdict.reason, TP_C_json_depth);
	assert_int_equal(check_verdict.offset, 5 * 32);
}

static void test_bad_input(void **state)
{
	static const char *const *const forms[] = {&flat, &nested, &mixed};

	(void)state;
	for (unsigned int i = 0; i < 3; i++) {
		check_truncations(&tp_decoder_telemetry, (const uint8_t *)*forms[i], strlen(*forms[i]));
		check_changes(&tp_decoder_telemetry, (const uint8_t *)*forms[i], strlen(*forms[i]), 10000, 3 + i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_forms),
	        cmocka_unit_test(test_columns),
	        cmocka_unit_test(test_nothing_dropped),
	        cmocka_unit_test(test_many),
	        cmocka_unit_test(test_refused),
	        cmocka_unit_test(test_depth),
	        cmocka_unit_test(test_bad_input),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
