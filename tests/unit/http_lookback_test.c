/* SPDX-License-Identifier: BSD-3-Clause */
/* What the page looks back on: devices that are silent or whose clock is off, the worst first, however many there are; alerts of the last minute. The books are the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "http.h"
#include "tp_sample.h"
#include "tp_view.h"

#define S       INT64_C(1000000)
#define SOURCES 40000 /* more than are looked at in a second */

static struct tp_sample sample;
static struct tp_seen seen[SOURCES];
static struct tp_source sources[SOURCES];
static struct tp_plan_spec spec = {.sources = sources};
static struct tp_view view = {.spec = &spec};
static unsigned int asked; /* lines of the books */

const struct tp_sample *tp_sample(void)
{
	return &sample;
}

const struct tp_view *tp_view_hold(void)
{
	return &view;
}

void tp_view_release(void)
{
}

unsigned int tp_workers_count(void)
{
	return 2;
}

void tp_book_seen(unsigned int source, struct tp_seen *to)
{
	asked++;
	*to = seen[source];
}

static void seconds(unsigned int n)
{
	for (; n > 0; n--)
		http_lookback_second();
}

static int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * S + now.tv_nsec / 1000;
}

/* One for all that a case lets be heard: the order of the worst must not depend on how long the case takes. */
static int64_t began_us;

static int setup(void **state)
{
	(void)state;
	began_us = now_us();
	memset(seen, 0, sizeof(seen));
	for (unsigned int i = 0; i < SOURCES; i++)
		sources[i] = (struct tp_source){.device = TP_SLICE("d"), .site = TP_SLICE("s")};
	spec.n_sources = 100;
	http_lookback_reset();
	return 0;
}

static void heard(unsigned int source, int64_t ago_us, int64_t longest_us)
{
	seen[source] = (struct tp_seen){.last_us = began_us - ago_us, .first_us = 1, .longest_us = longest_us};
}

static void expect_counts(unsigned int heard_n, unsigned int silent, unsigned int skewed)
{
	unsigned int found[3];

	http_lookback_counts(&found[0], &found[1], &found[2]);
	assert_int_equal(found[0], heard_n);
	assert_int_equal(found[1], silent);
	assert_int_equal(found[2], skewed);
}

static const char *worst(json_t *devices, const char *list, size_t i)
{
	return json_string_value(json_object_get(json_array_get(json_object_get(devices, list), i), "device"));
}

/* ---- silent ------------------------------------------------------------------------------------------------------------------------ */
static void silent_is_three_times_the_longest_gap(void **state)
{
	(void)state;
	heard(1, 30 * S, 1 * S);      /* a minute is not over */
	heard(2, 62 * S, 1 * S);      /* silent */
	heard(3, 200 * S, 100 * S);   /* 300 s are not over */
	heard(4, 310 * S, 100 * S);   /* silent */
	heard(5, 3500 * S, 3000 * S); /* an hour is not over */
	heard(6, 3700 * S, 3000 * S); /* silent: an hour is the most */
	seconds(1);
	expect_counts(6, 3, 0);
}

static void never_heard_is_not_silent(void **state)
{
	(void)state;
	seconds(3);
	expect_counts(0, 0, 0);
}

/* Nobody waits for a device that a configuration left out, whatever it was when it was last heard. */
static void left_out_is_not_silent(void **state)
{
	json_t *devices;

	(void)state;
	heard(1, 100 * S, 0);
	heard(2, 200 * S, 0);
	seen[2].skew_us = 60 * S;
	seen[2].skew_width = 1;
	seconds(1);
	expect_counts(2, 2, 1);
	sources[2].retired = true;
	devices = http_lookback_devices(&view); /* of the round before */
	assert_int_equal(json_array_size(json_object_get(devices, "silent_most")), 1);
	assert_int_equal(json_array_size(json_object_get(devices, "skewed_most")), 0);
	json_decref(devices);
	seconds(1);
	expect_counts(1, 1, 0);
}

/* ---- clocks ------------------------------------------------------------------------------------------------------------------------ */
static void clocks_that_are_off(void **state)
{
	static const int64_t skews[] = {0, 4 * S, -4 * S, 6 * S, -7 * S, 600 * S};
	json_t *devices;

	(void)state;
	for (unsigned int i = 0; i < 6; i++) {
		heard(i + 1, 0, 0);
		seen[i + 1].skew_us = skews[i];
		seen[i + 1].skew_width = 1;
	}
	heard(7, 0, 0);
	seen[7].skew_us = 60 * S; /* no record had a time */
	sources[6].device = TP_SLICE("far");
	sources[5].device = TP_SLICE("behind");
	seconds(1);
	expect_counts(7, 0, 3);
	devices = http_lookback_devices(&view);
	assert_string_equal(worst(devices, "skewed_most", 0), "far");
	assert_string_equal(worst(devices, "skewed_most", 1), "behind");
	assert_int_equal(json_array_size(json_object_get(devices, "skewed_most")), 3);
	json_decref(devices);
}

/* ---- many -------------------------------------------------------------------------------------------------------------------------- */
static void the_worst_of_many_in_pieces(void **state)
{
	static char names[SOURCES][8];
	json_t *devices;
	char wanted[8];

	(void)state;
	spec.n_sources = SOURCES;
	for (unsigned int i = 1; i < SOURCES; i++) {
		snprintf(names[i], sizeof(names[i]), "%u", i);
		sources[i].device = tp_slice_of(names[i]);
		heard(i, (100 + (int64_t)(i * 7919 % SOURCES)) * S, 0); /* in no order */
	}
	asked = 0;
	seconds(1);
	assert_true(asked <= 16384 / 2);
	expect_counts(0, 0, 0); /* of no whole round yet */
	seconds(4);
	expect_counts(SOURCES - 1, SOURCES - 1, 0);
	devices = http_lookback_devices(&view);
	assert_int_equal(json_array_size(json_object_get(devices, "silent_most")), 20);
	for (unsigned int rank = 0; rank < 20; rank++)
		for (unsigned int i = 1; i < SOURCES; i++)
			if (i * 7919 % SOURCES == SOURCES - 1 - rank) {
				snprintf(wanted, sizeof(wanted), "%u", i);
				assert_string_equal(worst(devices, "silent_most", rank), wanted);
			}
	json_decref(devices);
}

static void fewer_sources_than_a_moment_ago(void **state)
{
	json_t *devices;

	(void)state;
	heard(90, 100 * S, 0);
	seconds(1);
	spec.n_sources = 50;
	devices = http_lookback_devices(&view);
	assert_int_equal(json_array_size(json_object_get(devices, "silent_most")), 0);
	json_decref(devices);
}

/* ---- alerts ------------------------------------------------------------------------------------------------------------------------ */
static void alerts_of_the_last_minute(void **state)
{
	unsigned int over;

	(void)state;
	assert_int_equal(http_lookback_alerts(&over), 0);
	assert_int_equal(over, 0);
	for (unsigned int second = 0; second <= 200; second++) {
		sample.now.total.c[TP_C_alerts] = second < 100 ? 2 * second : 200;
		seconds(1);
		assert_int_equal(http_lookback_alerts(&over), second < 60    ? 2 * second
		                                              : second < 100 ? 120
		                                              : second < 160 ? 2 * (160 - second)
		                                                             : 0);
		assert_int_equal(over, second < 60 ? second : 60);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup(silent_is_three_times_the_longest_gap, setup),
	        cmocka_unit_test_setup(never_heard_is_not_silent, setup),
	        cmocka_unit_test_setup(left_out_is_not_silent, setup),
	        cmocka_unit_test_setup(clocks_that_are_off, setup),
	        cmocka_unit_test_setup(the_worst_of_many_in_pieces, setup),
	        cmocka_unit_test_setup(fewer_sources_than_a_moment_ago, setup),
	        cmocka_unit_test_setup(alerts_of_the_last_minute, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
