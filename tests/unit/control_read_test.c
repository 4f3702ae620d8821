/* SPDX-License-Identifier: BSD-3-Clause */
/* Requests of the control socket: what is taken, and what is said to what is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api.h"

static struct api_read got;
static struct api_error error;

static int take(const char *line)
{
	return api_read(line, strlen(line), &got, &error);
}

static void refused(const char *line, enum api_error_code code, const char *message)
{
	assert_int_equal(take(line), -22);
	assert_string_equal(api_error_words[error.code], api_error_words[code]);
	if (!strstr(error.message, message))
		fail_msg("'%s' is not in '%s'", message, error.message);
	api_read_release(&got);
}

static void takes_requests(void **state)
{
	(void)state;
	assert_int_equal(take("{\"command\":\"status\"}"), 0);
	assert_ptr_equal(got.command, &tp_commands[TP_COMMAND_status]);
	assert_null(got.id);
	assert_false(got.show);
	api_read_release(&got);
	assert_int_equal(take("{\"id\":7,\"command\":\"books\",\"args\":{\"limit\":5,\"device\":\"a\"},\"show\":true}\r"), 0);
	assert_int_equal(json_integer_value(got.id), 7);
	assert_true(got.show);
	assert_int_equal(got.alive_ms, 0);
	assert_int_equal(api_arg_number(got.args, "limit"), 5);
	assert_string_equal(api_arg_text(got.args, "device"), "a");
	api_read_release(&got);
}

static void fills_defaults(void **state)
{
	(void)state;
	assert_int_equal(take("{\"id\":\"x\",\"command\":\"books\"}"), 0);
	assert_string_equal(json_string_value(got.id), "x");
	assert_int_equal(api_arg_number(got.args, "limit"), 20);
	assert_null(api_arg_text(got.args, "device"));
	api_read_release(&got);
	assert_int_equal(take("{\"command\":\"stats\",\"args\":{}}"), 0);
	assert_true(json_is_false(json_object_get(got.args, "all")));
	api_read_release(&got);
}

static void refuses_lines(void **state)
{
	(void)state;
	refused("", API_MALFORMED, "expected a line of JSON");
	refused("status", API_MALFORMED, "invalid token near 'status'");
	refused("{\"command\":\"status\"", API_MALFORMED, "expected a line of JSON");
	refused("{\"command\":\"status\"} {}", API_MALFORMED, "expected a line of JSON");
	refused("[]", API_MALFORMED, "found [], expected an object");
	refused("7", API_MALFORMED, "found 7, expected an object");
	refused("{}", API_MALFORMED, "command: found nothing, expected a text");
	refused("{\"command\":7}", API_MALFORMED, "command: found 7, expected a text");
	refused("{\"command\":\"status\",\"command\":\"books\"}", API_MALFORMED, "duplicate");
	refused("{\"command\":\"status\",\"arg\":{}}", API_MALFORMED, "found \"arg\"");
	assert_int_equal(take("{\"command\":\"status\",\"arg\":{}}"), -22);
	assert_string_equal(error.suggest, "did you mean 'args'?");
	api_read_release(&got);
	refused("{\"command\":\"status\",\"args\":[1]}", API_MALFORMED, "args: found [1], expected an object");
	refused("{\"id\":{},\"command\":\"status\"}", API_MALFORMED, "id: found {}");
	refused("{\"alive_ms\":0,\"command\":\"status\"}", API_MALFORMED,
	        "alive_ms: found 0, expected a whole number from 100 to 3600000");
	refused("{\"alive_ms\":\"1000\",\"command\":\"status\"}", API_MALFORMED, "alive_ms: found \"1000\"");
	refused("{\"alive_ms\":9223372036854775807,\"command\":\"status\"}", API_MALFORMED, "alive_ms: found 9223372036854775807");
	refused("{\"id\":1.5,\"command\":\"status\"}", API_MALFORMED, "id: found 1.5");
	refused("\xff\xfe", API_MALFORMED, "expected a line of JSON");
}

static void refuses_commands(void **state)
{
	(void)state;
	refused("{\"command\":\"\"}", API_UNKNOWN, "found \"\", expected a command");
	assert_int_equal(take("{\"id\":1,\"command\":\"statsu\"}"), -22);
	assert_string_equal(error.suggest, "did you mean 'status'?");
	assert_int_equal(json_integer_value(got.id), 1); /* so that the client knows which request it is about */
	api_read_release(&got);
	refused("{\"command\":\"../../etc/passwd\"}", API_UNKNOWN, "expected a command");
	refused("{\"command\":\"\\u001b[2J\"}", API_UNKNOWN, "\\u001B[2J"); /* nothing that a terminal would obey */
}

static void refuses_arguments(void **state)
{
	(void)state;
	refused("{\"command\":\"books\",\"args\":{\"limti\":5}}", API_UNKNOWN, "books has no argument \"limti\"");
	assert_int_equal(take("{\"command\":\"books\",\"args\":{\"limti\":5}}"), -22);
	assert_string_equal(error.suggest, "did you mean 'limit'?");
	api_read_release(&got);
	refused("{\"command\":\"books\",\"args\":{\"limit\":-1}}", API_INVALID, "found -1, expected a whole number from 0 to 1000");
	refused("{\"command\":\"books\",\"args\":{\"limit\":1001}}", API_INVALID, "found 1001");
	refused("{\"command\":\"books\",\"args\":{\"limit\":5.0}}", API_INVALID, "found 5.0");
	refused("{\"command\":\"books\",\"args\":{\"limit\":\"5\"}}", API_INVALID, "found \"5\"");
	refused("{\"command\":\"books\",\"args\":{\"limit\":null}}", API_INVALID, "found null");
	refused("{\"command\":\"books\",\"args\":{\"limit\":9223372036854775808}}", API_MALFORMED, "too big");
	refused("{\"command\":\"books\",\"args\":{\"device\":\"\"}}", API_INVALID, "expected a text of 1 to 255 octets");
	refused("{\"command\":\"books\",\"args\":{\"device\":{}}}", API_INVALID, "found {}");
	refused("{\"command\":\"stats\",\"args\":{\"all\":1}}", API_INVALID, "found 1, expected true or false");
	refused("{\"command\":\"books\",\"args\":{\"device\":\"a\\u0000b\"}}", API_MALFORMED, "\\u0000");
}

/* A message holds the beginning of a huge value, and a deep one is no problem. */
static void bounds_messages(void **state)
{
	static char line[60000];
	size_t n = (size_t)sprintf(line, "{\"command\":\"books\",\"args\":{\"device\":\"");

	(void)state;
	memset(line + n, 'x', 50000);
	strcpy(line + n + 50000, "\"}}");
	refused(line, API_INVALID, "xxx..., expected");
	assert_true(strlen(error.message) < 200);
	memset(line, '[', sizeof(line) - 1);
	refused(line, API_MALFORMED, "maximum parsing depth reached");
	n = (size_t)sprintf(line, "{\"id\":\"");
	memset(line + n, 'y', 65);
	strcpy(line + n + 65, "\",\"command\":\"status\"}");
	refused(line, API_MALFORMED, "text of at most 64 octets");
}

/* Every row of the tables can be used: defaults are within their limits, words are words. */
static void tables_are_sound(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < TP_COMMAND_COUNT; i++) {
		const struct tp_command *c = &tp_commands[i];
		const char *near;

		assert_ptr_equal(tp_command_find(c->words, &near), c);
		for (unsigned int k = 0; k < c->n_arguments; k++) {
			const struct tp_argument *a = &c->arguments[k];
			long long n = a->text ? strtoll(a->text, NULL, 10) : 0;

			assert_ptr_equal(tp_command_argument(c, a->name), a);
			assert_true(a->min <= a->max);
			if (a->type == TP_ARGUMENT_NUMBER && a->text)
				assert_true(n >= a->min && n <= a->max);
			if (a->type == TP_ARGUMENT_CHOICE)
				assert_non_null(a->text);
			if (a->type == TP_ARGUMENT_FLAG)
				assert_int_equal(a->place, TP_PLACE_OPTION);
			if (a->type == TP_ARGUMENT_WORDS)
				assert_int_not_equal(a->place, TP_PLACE_OPTION);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(takes_requests),
	        cmocka_unit_test(fills_defaults),
	        cmocka_unit_test(refuses_lines),
	        cmocka_unit_test(refuses_commands),
	        cmocka_unit_test(refuses_arguments),
	        cmocka_unit_test(bounds_messages),
	        cmocka_unit_test(tables_are_sound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
