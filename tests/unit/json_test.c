/* SPDX-License-Identifier: BSD-3-Clause */
/* The JSON reader: what RFC 8259 allows and forbids, each with the exact place, in front of a guard page. */
#include <float.h>
#include <inttypes.h>
#include <math.h>

#include "../../dataplane/decode/json.h"
#include "../../dataplane/decode/time_text.h"
#include "decode_check.h"

static struct tp_arena arena;
static struct tp_json json;

static void start_n(const void *text, size_t n)
{
	if (!check_guard.map)
		check_guard = guard_new(CHECK_MAX);
	arena = (struct tp_arena){check_memory, check_memory + sizeof(check_memory)};
	tp_json_init(&json, (struct tp_slice){guard_put(&check_guard, text, n), (uint32_t)n}, &arena);
}

static void start(const char *text)
{
	start_n(text, strlen(text));
}

static bool skip_all(void)
{
	return tp_json_skip(&json) && tp_json_end(&json);
}

/* Reads everything, wanting all of it, by a walk of its own. */
static bool read_value(void);

static bool read_container(void)
{
	bool object = *json.p == '{';
	struct tp_slice key;

	if (!(object ? tp_json_object(&json) : tp_json_array(&json)))
		return false;
	while (object ? tp_json_key(&json, &key) : tp_json_item(&json))
		if (!read_value())
			return false;
	return !json.error && !json.no_room;
}

static bool read_value(void)
{
	struct tp_number number;
	struct tp_slice text;
	double value;
	bool yes;

	switch (tp_json_peek(&json)) {
	case TP_JSON_OBJECT:
	case TP_JSON_ARRAY:
		return read_container();
	case TP_JSON_STRING:
		return tp_json_string(&json, &text);
	case TP_JSON_NUMBER:
		if (!tp_json_number(&json, &number))
			return false;
		tp_number_double(&number, &value);
		return true;
	case TP_JSON_BOOL:
		return tp_json_bool(&json, &yes);
	default:
		return tp_json_skip(&json);
	}
}

static const char *const accepted[] = {"{}", "[]", "\"\"", "0", "-0", "1", "-1", "12345678901234567890123", "0.5", "-0.0", "1.25e3",
        "1E+2", "1e-2", "0e0", "0E-0", "1e400", "true", "false", "null", " {} ", "\t\n\r []\r\n", "[1]", "[1,2]", "[ 1 , 2 ]",
        "[[],{},\"\",0,null,true,false]", "{\"a\":1}", "{\"a\":1,\"a\":2}", "{\"\":0}", "{ \"a\" : { \"b\" : [ 1 ] } , \"c\" : 2 }",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\u0041\"", "\"\\uabCD\"", "\"\\ud83d\\ude97\"", "\"\\u0000\"", "\"\x7f\"",
        "\"\xc2\x80\"", "\"\xdf\xbf\"", "\"\xe0\xa0\x80\"", "\"\xed\x9f\xbf\"", "\"\xee\x80\x80\"", "\"\xef\xbf\xbf\"",
        "\"\xf0\x90\x80\x80\"", "\"\xf4\x8f\xbf\xbf\"", "\"T\xc3\x96LSL123\"", "{\"\\u0061\":1}",
        "\"0123456789012345678901234567890123456789012345678901234567890123456789\"",
        "\"0123456789012345678901234567890123456789\\n0123456789012345678901234567890123\xc3\x96\"",
        "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"};

static void test_accepted(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(accepted) / sizeof(*accepted); i++) {
		start(accepted[i]);
		if (!skip_all())
			fail_msg("%s: skipping fails with %s", accepted[i], tp_counter_descs[json.error].name);
		start(accepted[i]);
		if (!read_value() || !tp_json_end(&json))
			fail_msg("%s: reading fails with %s", accepted[i], tp_counter_descs[json.error].name);
		assert_int_equal(json.depth, 0);
	}
}

/* No prefix of a JSON text whose last octet closes it is one; numbers are left out. */
static void test_truncated(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(accepted) / sizeof(*accepted); i++) {
		size_t n = strlen(accepted[i]);

		while (strchr(" \t\r\n", accepted[i][n - 1]))
			n--;
		if (strchr("0123456789", accepted[i][n - 1]))
			continue;
		for (size_t cut = 0; cut < n; cut++) {
			start_n(accepted[i], cut);
			assert_false(skip_all());
			assert_int_equal(json.error, TP_C_truncated);
			assert_ptr_equal(json.error_at, json.end);
		}
	}
}

#define SYNTAX TP_C_json_syntax
#define STRING TP_C_json_string
#define ENDED  TP_C_truncated
static const struct {
	const char *text;
	enum tp_counter reason;
	size_t at;
} refused[] = {
        {"", ENDED, 0},
        {" ", ENDED, 1},
        {"<a/>", SYNTAX, 0},
        {"\xef\xbb\xbf{}", SYNTAX, 0},
        {"{} x", SYNTAX, 3},
        {"{}{}", SYNTAX, 2},
        {"[] ]", SYNTAX, 3},
        {"1 2", SYNTAX, 2},
        {"01", SYNTAX, 1},
        {"-01", SYNTAX, 2},
        {"1.", ENDED, 2},
        {"[1.]", SYNTAX, 3},
        {"[.5]", SYNTAX, 1},
        {"[+1]", SYNTAX, 1},
        {"[-]", SYNTAX, 2},
        {"-", ENDED, 1},
        {"[1e]", SYNTAX, 3},
        {"[1e+]", SYNTAX, 4},
        {"[1.e1]", SYNTAX, 3},
        {"[0x1]", SYNTAX, 2},
        {"[1_0]", SYNTAX, 2},
        {"[NaN]", SYNTAX, 1},
        {"[Infinity]", SYNTAX, 1},
        {"[-Infinity]", SYNTAX, 2},
        {"[1,]", SYNTAX, 3},
        {"[,1]", SYNTAX, 1},
        {"[1 2]", SYNTAX, 3},
        {"[1,,2]", SYNTAX, 3},
        {"[1", ENDED, 2},
        {"[", ENDED, 1},
        {"]", SYNTAX, 0},
        {"[1}", SYNTAX, 2},
        {"{\"a\":1]", SYNTAX, 6},
        {"{", ENDED, 1},
        {"}", SYNTAX, 0},
        {"{1:2}", SYNTAX, 1},
        {"{a:1}", SYNTAX, 1},
        {"{'a':1}", SYNTAX, 1},
        {"{\"a\"}", SYNTAX, 4},
        {"{\"a\":}", SYNTAX, 5},
        {"{\"a\" 1}", SYNTAX, 5},
        {"{\"a\":1,}", SYNTAX, 7},
        {"{,\"a\":1}", SYNTAX, 1},
        {"{\"a\":1 \"b\":2}", SYNTAX, 7},
        {"{\"a\"::1}", SYNTAX, 5},
        {"tru", ENDED, 3},
        {"trux", SYNTAX, 3},
        {"True", SYNTAX, 0},
        {"nul", ENDED, 3},
        {"nulL", SYNTAX, 3},
        {"falsx", SYNTAX, 4},
        {"truefalse", SYNTAX, 4},
        {"\"a", ENDED, 2},
        {"\"a\\", ENDED, 3},
        {"\"\\x\"", STRING, 2},
        {"\"\\ \"", STRING, 2},
        {"\"\\u12\"", STRING, 5},
        {"\"\\u12g4\"", STRING, 5},
        {"\"\\u", ENDED, 3},
        {"\"\\u00", ENDED, 5},
        {"\"\\U0041\"", STRING, 2},
        {"\"\\ud800\"", STRING, 1},
        {"\"\\ud800x\"", STRING, 1},
        {"\"\\ud800\\n\"", STRING, 1},
        {"\"\\ud800\\u0041\"", STRING, 1},
        {"\"a\\udc00\"", STRING, 2},
        {"\"\\ud800\\ud800\"", STRING, 1},
        {"\"\\ud800\\u12\"", STRING, 11},
        {"\"\t\"", STRING, 1},
        {"\"a\nb\"", STRING, 2},
        {"\"\x01\"", STRING, 1},
        {"\"\x1f\"", STRING, 1},
        {"\"\x80\"", STRING, 1},
        {"\"\xc0\x80\"", STRING, 1},
        {"\"\xc1\xbf\"", STRING, 1},
        {"\"\xc3\"", STRING, 1},
        {"\"\xc3(\"", STRING, 1},
        {"\"\xe0\x80\x80\"", STRING, 1},
        {"\"\xe0\x9f\xbf\"", STRING, 1},
        {"\"\xed\xa0\x80\"", STRING, 1},
        {"\"\xe2\x82\"", STRING, 1},
        {"\"\xf0\x80\x80\x80\"", STRING, 1},
        {"\"\xf4\x90\x80\x80\"", STRING, 1},
        {"\"\xf5\x80\x80\x80\"", STRING, 1},
        {"\"\xff\"", STRING, 1},
        {"\"\xc3\x96\xc3\"", STRING, 3},
        {"\"\xe2\x82", ENDED, 3},
        {"\"0123456789012345678901234567890123456789\t\"", STRING, 41},
        {"{\"a\":\"\x02\"}", STRING, 6},
        {"{\"\x02\":1}", STRING, 2},
        {"[1]\x00", SYNTAX, 3},
        {"\v1", SYNTAX, 0},
        {"\f1", SYNTAX, 0},
        {"\xc2\xa0"
         "1",
                SYNTAX, 0},
        {"/**/1", SYNTAX, 0},
        {"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", TP_C_json_depth, 32},
        {"{\"a\":[{\"b\":[1,2}]}", SYNTAX, 15},
};

static void test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
		/* "[1]" stands for a text with a NUL behind it. */
		size_t n = strlen(refused[i].text) + (strcmp(refused[i].text, "[1]") == 0);

		for (int wanted = 0; wanted < 2; wanted++) {
			start_n(refused[i].text, n);
			if ((wanted ? read_value() : tp_json_skip(&json)) && tp_json_end(&json))
				fail_msg("%s: accepted", refused[i].text);
			if (json.error != refused[i].reason || json.error_at != json.start + refused[i].at)
				fail_msg("%s (%d): %s at %zd, expected %s at %zu", refused[i].text, wanted,
				        tp_counter_descs[json.error].name, json.error_at - json.start,
				        tp_counter_descs[refused[i].reason].name, refused[i].at);
		}
	}
	assert_true(sizeof(refused) / sizeof(*refused) + sizeof(accepted) / sizeof(*accepted) >= 80);
}

static void expect_decoded(const char *text, const char *expected, size_t n)
{
	struct tp_slice got;

	start(text);
	assert_true(tp_json_string(&json, &got));
	assert_true(tp_json_end(&json));
	assert_int_equal(got.n, n);
	assert_memory_equal(got.p, expected, n);
}

static void test_strings(void **state)
{
	(void)state;
	expect_decoded("\"ABC123\"", "ABC123", 6);
	expect_decoded("\"\\u0052\\u004c\\u0045\\u0031\"", "RLE1", 4);
	expect_decoded("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t", 8);
	expect_decoded("\"x\\u0000y\"", "x\0y", 3);
	expect_decoded("\"\\u00d6\\u20AC\\ud83d\\uDE97\"", "\xc3\x96\xe2\x82\xac\xf0\x9f\x9a\x97", 9);
	expect_decoded("\"T\xc3\x96L\\u0020x\"", "T\xc3\x96L x", 6);
	expect_decoded("\"012345678901234567890123456789012345678901234567\\u0041\"",
	        "012345678901234567890123456789012345678901234567A", 49);
}

/* An unescaped string is a slice of the input; an escaped one that is not wanted takes no memory. */
static void test_memory(void **state)
{
	struct tp_slice got;

	(void)state;
	start("\"ABC\"");
	assert_true(tp_json_string(&json, &got));
	assert_ptr_equal(got.p, json.start + 1);
	assert_ptr_equal(arena.next, check_memory);
	start("[\"\\u0041\",{\"\\n\":\"\\t\"}]");
	assert_true(skip_all());
	assert_ptr_equal(arena.next, check_memory);
	start("\"\\u0041\"");
	arena.end = arena.next;
	assert_false(tp_json_string(&json, &got));
	assert_true(json.no_room);
	assert_int_equal(json.error, 0);
	assert_int_equal(tp_json_verdict(&json, TP_STAGE_json, &check_verdict), TP_DECODE_NO_ROOM);
}

/* The closing quote at every place around the ends of the vectors, and of the text. */
static void test_lengths(void **state)
{
	char text[300];

	(void)state;
	for (size_t before = 0; before < 70; before++) {
		for (size_t n = 0; n < 100; n++) {
			size_t all = before + n + 4;
			struct tp_slice got;

			memset(text, ' ', sizeof(text));
			memcpy(text + before, "[\"", 2);
			memset(text + before + 2, 'x', n);
			memcpy(text + before + 2 + n, "\"]", 2);
			start_n(text, all);
			assert_true(tp_json_array(&json) && tp_json_item(&json));
			assert_true(tp_json_string(&json, &got));
			assert_int_equal(got.n, n);
			assert_false(tp_json_item(&json));
			assert_true(tp_json_end(&json));
			start_n(text, all - 2);
			assert_false(skip_all());
			assert_int_equal(json.error, TP_C_truncated);
		}
	}
}

static void test_depth(void **state)
{
	static char bomb[65507];

	(void)state;
	memset(bomb, '[', sizeof(bomb));
	start_n(bomb, sizeof(bomb));
	assert_false(skip_all());
	assert_int_equal(json.error, TP_C_json_depth);
	assert_int_equal(json.error_at - json.start, TP_JSON_DEPTH_MAX);
	for (size_t i = 0; i + 5 <= sizeof(bomb); i += 5)
		memcpy(bomb + i, "{\"a\":", 5);
	start_n(bomb, sizeof(bomb));
	assert_false(skip_all());
	assert_int_equal(json.error, TP_C_json_depth);
	assert_int_equal(json.error_at - json.start, 5 * TP_JSON_DEPTH_MAX);
}

static bool number_of(const char *text, struct tp_number *number)
{
	const uint8_t *bad, *end = (const uint8_t *)text + strlen(text);

	return tp_number_scan((const uint8_t *)text, end, number, &bad) == end;
}

static const char *const decimals[] = {"0", "-0", "1", "0.1", "0.97", "0.719034", "93.25465393", "68.77668762207031",
        "0.9630414285714286", "0.99999999999999999", "1521140533533.0", "9007199254740992", "9007199254740993",
        "9007199254740993.00000000000000001", "18446744073709551615", "1844674407370955161", "123456789012345678",
        "0.000000000000000000000000012345", "1e22", "1e23", "8.5e-22", "4.35", "2.2250738585072014e-10", "-78.766100000000009",
        "5e-20", "179769313486231.57e5", "0.3066789507865906", "1e-27", "9.5367431640625e-7"};

static void test_doubles(void **state)
{
	uint64_t seed = 88172645463325252;
	char text[64];

	(void)state;
	for (unsigned int i = 0; i < 300000; i++) {
		struct tp_number number;
		double got, expected;

		if (i < sizeof(decimals) / sizeof(*decimals))
			snprintf(text, sizeof(text), "%s", decimals[i]);
		else if (i % 2)
			snprintf(text, sizeof(text), "%.17g",
			        (double)(int64_t)check_random(&seed) / (double)(1 + check_random(&seed) % 1000000007));
		else
			snprintf(text, sizeof(text), "%" PRIu64 "e%d",
			        check_random(&seed) % (UINT64_C(1) << (1 + check_random(&seed) % 63)),
			        (int)(check_random(&seed) % 55) - 27);
		assert_true(number_of(text, &number));
		assert_true(tp_number_double(&number, &got));
		expected = strtod(text, NULL);
		if (memcmp(&got, &expected, sizeof(got)) != 0 && !number.cut)
			fail_msg("%s: %.17g, expected %.17g", text, got, expected);
		if (number.cut)
			assert_true(fabs(got - expected) <= fabs(expected) * DBL_EPSILON);
	}
}

static void test_number_limits(void **state)
{
	struct tp_number number;
	int64_t whole;
	double real;

	(void)state;
	assert_true(number_of("9223372036854775807", &number) && tp_number_int64(&number, &whole) && whole == INT64_MAX);
	assert_true(number_of("-9223372036854775808", &number) && tp_number_int64(&number, &whole) && whole == INT64_MIN);
	assert_true(number_of("9223372036854775808", &number));
	assert_false(tp_number_int64(&number, &whole));
	assert_true(number_of("1521140533533.0", &number) && tp_number_int64(&number, &whole) && whole == INT64_C(1521140533533));
	assert_true(number_of("12e2", &number) && tp_number_int64(&number, &whole) && whole == 1200);
	assert_true(number_of("1.5", &number));
	assert_false(tp_number_int64(&number, &whole));
	assert_true(number_of("1e30", &number));
	assert_false(tp_number_int64(&number, &whole));
	assert_true(number_of("1e400", &number));
	assert_false(tp_number_double(&number, &real));
	assert_true(number_of("1e-400", &number) && tp_number_double(&number, &real) && real == 0);
	assert_true(number_of("1e99999999999999999999", &number));
	assert_false(tp_number_double(&number, &real));
	assert_true(number_of("1e300", &number) && tp_number_double(&number, &real) && fabs(real - 1e300) <= 1e300 * DBL_EPSILON);
	assert_true(number_of("123456789012345678901234567890", &number) && tp_number_double(&number, &real));
	assert_true(fabs(real - 123456789012345678901234567890.0) <= 1.3e29 * DBL_EPSILON);
}

static const struct {
	const char *text;
	int64_t us; /* -1: not a time */
} times[] = {{"1970-01-01T00:00:00Z", 0}, {"2021-09-29T05:56:13.606935Z", 1632894973606935},
        {"2021-09-29 05:56:13.606935+00:00", 1632894973606935}, {"2021-09-29T07:56:13.606935+02:00", 1632894973606935},
        {"2021-09-28T22:26:13.606935-0730", 1632894973606935}, {"20210611 130538252", 1623416738252000},
        {"2016-08-29T08:42:45.797", 1472460165797000}, {"2024-02-29t23:59:60z", 1709251200000000},
        {"2023-12-11T14:30:26.703Z", 1702305026703000}, {"9999-12-31T23:59:59.999999999Z", 253402300799999999},
        {"2000-03-01T00:00:00Z", 951868800000000}, {"", -1}, {"2023", -1}, {"2023-02-29T00:00:00Z", -1},
        {"2023-13-01T00:00:00Z", -1}, {"2023-00-01T00:00:00Z", -1}, {"2023-01-32T00:00:00Z", -1}, {"2023-01-01T24:00:00Z", -1},
        {"2023-01-01T00:60:00Z", -1}, {"2023-01-01T00:00:61Z", -1}, {"2023-01-01T00:00:00ZZ", -1}, {"2023-01-01T00:00:00+", -1},
        {"2023-01-01T00:00:00+25:00", -1}, {"2023-01-01X00:00:00Z", -1}, {"1969-12-31T23:59:59Z", -1}, {"yesterday", -1},
        {"2023-01-01T0:00:00Z", -1}};

static void test_times(void **state)
{
	static const struct {
		const char *text;
		int64_t us;
	} counts[] = {{"1758302865", 1758302865000000}, {"1758302865879", 1758302865879000}, {"1758302865879123", 1758302865879123},
	        {"1623405938252000000", 1623405938252000}, {"1758302865.25", 1758302865250000},
	        {"1521140533533.0", 1521140533533000}};
	struct tp_number number;
	int64_t us;

	(void)state;
	for (size_t i = 0; i < sizeof(times) / sizeof(*times); i++) {
		us = -1;
		if (tp_time_from_text(tp_slice_of(times[i].text), &us) != (times[i].us >= 0) ||
		        (times[i].us >= 0 && us != times[i].us))
			fail_msg("%s: %" PRId64 ", expected %" PRId64, times[i].text, us, times[i].us);
	}
	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
		assert_true(number_of(counts[i].text, &number) && tp_time_from_number(&number, &us));
		assert_int_equal(us, counts[i].us);
	}
	assert_true(number_of("-1", &number));
	assert_false(tp_time_from_number(&number, &us));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_accepted),
	        cmocka_unit_test(test_truncated),
	        cmocka_unit_test(test_refused),
	        cmocka_unit_test(test_strings),
	        cmocka_unit_test(test_memory),
	        cmocka_unit_test(test_lengths),
	        cmocka_unit_test(test_depth),
	        cmocka_unit_test(test_doubles),
	        cmocka_unit_test(test_number_limits),
	        cmocka_unit_test(test_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
