/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the log says when brokers are reachable again: once after each time, with how long it was, and once a minute at most where they come and go. The clock
 * is the test's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "kafka.h"
#include "tp_log.h"

#define BEGIN_MS 5000 /* a machine that has just started: nothing is said later because its clock is young */

static struct tp_sink sink;
static uint64_t said_before;

static int setup(void **state)
{
	(void)state;
	sink = (struct tp_sink){.state.reachable = 1};
	said_before = tp_log_last();
	return 0;
}

static void at(int64_t now_ms, bool reachable)
{
	sink.state.reachable = reachable;
	kafka_state_away(&sink, now_ms);
}

/* Lines since the last call; where there are any, the last one ends with text. */
static uint64_t said(const char *text)
{
	uint64_t last = tp_log_last(), lines = last - said_before;
	char line[TP_LOG_LINE];

	said_before = last;
	if (lines > 0) {
		assert_int_equal(tp_log_line(last, line), last);
		if (strlen(line) < strlen(text) || strcmp(line + strlen(line) - strlen(text), text) != 0)
			fail_msg("'%s' does not end with '%s'", line, text);
	}
	return lines;
}

static void return_is_said_once(void **state)
{
	(void)state;
	at(BEGIN_MS, true);
	assert_int_equal(said(""), 0);
	at(BEGIN_MS + 2000, false);
	at(BEGIN_MS + 4000, false); /* away since the first time it was seen */
	assert_int_equal(said(""), 0);
	at(BEGIN_MS + 14300, true);
	assert_int_equal(said("kafka: brokers are reachable again, after 12.3 s"), 1);
	at(BEGIN_MS + 16300, true);
	at(BEGIN_MS + 16300 + 10 * KAFKA_AWAY_SILENT_MS, true);
	assert_int_equal(said(""), 0);
}

static void each_return_is_said_where_they_are_far_apart(void **state)
{
	int64_t now = BEGIN_MS;

	(void)state;
	for (unsigned int i = 0; i < 5; i++) {
		at(now, false);
		at(now += 1500, true);
		assert_int_equal(said("kafka: brokers are reachable again, after 1.5 s"), 1);
		now += KAFKA_AWAY_SILENT_MS;
	}
}

/* Away for a second, back for a second, for ten minutes. */
static void coming_and_going_is_a_line_a_minute(void **state)
{
	int64_t now = BEGIN_MS;
	uint64_t lines = 0;

	(void)state;
	for (unsigned int i = 0; i < 300; i++) {
		at(now, false);
		at(now += 1000, true);
		lines += said(i == 0 ? "again, after 1.0 s" : "again; they were away 30 times, 30.0 s in all");
		now += 1000;
	}
	assert_int_equal(lines, 10);
}

/* The last line is never that they are away where they are not: what was held back is said when the minute is over. */
static void what_was_held_back_is_said(void **state)
{
	(void)state;
	at(BEGIN_MS, false);
	at(BEGIN_MS + 1000, true);
	assert_int_equal(said("again, after 1.0 s"), 1);
	at(BEGIN_MS + 2000, false);
	at(BEGIN_MS + 5000, true);
	at(BEGIN_MS + 1000 + KAFKA_AWAY_SILENT_MS - 1, true);
	assert_int_equal(said(""), 0);
	at(BEGIN_MS + 1000 + KAFKA_AWAY_SILENT_MS, true);
	assert_int_equal(said("again, after 3.0 s"), 1);
}

/* While it starts: what goes wrong then is said by open(). */
static void nothing_is_said_while_it_starts(void **state)
{
	(void)state;
	sink.log.quiet = true;
	at(BEGIN_MS, false);
	sink.log.quiet = false;
	at(BEGIN_MS + 1000, true);
	assert_int_equal(said(""), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup(return_is_said_once, setup),
	        cmocka_unit_test_setup(each_return_is_said_where_they_are_far_apart, setup),
	        cmocka_unit_test_setup(coming_and_going_is_a_line_a_minute, setup),
	        cmocka_unit_test_setup(what_was_held_back_is_said, setup),
	        cmocka_unit_test_setup(nothing_is_said_while_it_starts, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
