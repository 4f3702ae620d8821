/* SPDX-License-Identifier: BSD-3-Clause */
/* When a source was heard: first, last, gaps; its clock: least, greatest, mean; and two workers' sight of it put together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tp_seen.h"

#define NOW INT64_C(1760000000000000)

static int64_t greatest(const struct tp_seen *s)
{
	return s->skew_least_us + (int64_t)s->skew_width - 1;
}

static void test_gaps(void **state)
{
	static const int64_t at[] = {NOW, NOW, NOW + 1000, NOW + 6000, NOW + 6000, NOW + 8000};
	struct tp_seen s = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++)
		tp_seen_arrival(&s, at[i]);
	assert_int_equal(s.first_us, NOW);
	assert_int_equal(s.last_us, NOW + 8000);
	assert_int_equal(s.gap_us, 2000);
	assert_int_equal(s.longest_us, 5000);
	assert_int_equal(s.longest_at_us, NOW + 6000);
}

/* One packet has no gap; a clock that was set back makes none that is the longest. */
static void test_first_and_back(void **state)
{
	struct tp_seen s = {0};

	(void)state;
	tp_seen_arrival(&s, NOW);
	assert_int_equal(s.gap_us, 0);
	assert_int_equal(s.longest_us, 0);
	tp_seen_arrival(&s, NOW + 10);
	tp_seen_arrival(&s, NOW - 5000);
	assert_int_equal(s.longest_us, 10);
	assert_int_equal(s.last_us, NOW - 5000);
	tp_seen_arrival(&s, NOW - 4000);
	assert_int_equal(s.longest_us, 1000);
}

static void test_clock(void **state)
{
	struct tp_seen s = {0};

	(void)state;
	assert_int_equal(s.skew_width, 0);
	tp_seen_clock(&s, 0);
	assert_int_equal(s.skew_width, 1);
	assert_int_equal(s.skew_us, 0);
	tp_seen_clock(&s, -3000);
	tp_seen_clock(&s, 800);
	tp_seen_clock(&s, 100);
	assert_int_equal(s.skew_least_us, -3000);
	assert_int_equal(greatest(&s), 800);
	for (int i = 0; i < 400; i++)
		tp_seen_clock(&s, 500);
	assert_in_range(s.skew_us, 500 - 16, 500);
	assert_int_equal(s.skew_least_us, -3000);
}

/* The farthest clocks that a device can claim do not overflow the width. */
static void test_far_clocks(void **state)
{
	struct tp_seen s = {0};

	(void)state;
	tp_seen_clock(&s, -INT64_C(4000000000000000000));
	tp_seen_clock(&s, INT64_C(4000000000000000000));
	assert_int_equal(s.skew_least_us, -INT64_C(4000000000000000000));
	assert_int_equal(greatest(&s), INT64_C(4000000000000000000));
	tp_seen_clock(&s, 5);
	assert_int_equal(greatest(&s), INT64_C(4000000000000000000));
}

static void test_join(void **state)
{
	struct tp_seen a = {0}, b = {0}, sum = {0};

	(void)state;
	tp_seen_arrival(&a, NOW);
	tp_seen_arrival(&a, NOW + 100);
	tp_seen_clock(&a, 70);
	tp_seen_arrival(&b, NOW + 50);
	tp_seen_arrival(&b, NOW + 550);
	tp_seen_clock(&b, -20);
	tp_seen_join(&sum, &b);
	tp_seen_join(&sum, &a);
	assert_int_equal(sum.first_us, NOW);
	assert_int_equal(sum.last_us, NOW + 550);
	assert_int_equal(sum.gap_us, 500);
	assert_int_equal(sum.longest_us, 500);
	assert_int_equal(sum.skew_us, -20);
	assert_int_equal(sum.skew_least_us, -20);
	assert_int_equal(greatest(&sum), 70);
	b = (struct tp_seen){0};
	tp_seen_join(&sum, &b);
	assert_int_equal(sum.last_us, NOW + 550);
	assert_int_equal(sum.skew_us, -20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_gaps),
	        cmocka_unit_test(test_first_and_back),
	        cmocka_unit_test(test_clock),
	        cmocka_unit_test(test_far_clocks),
	        cmocka_unit_test(test_join),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
