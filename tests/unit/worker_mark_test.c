/* SPDX-License-Identifier: BSD-3-Clause */
/* What was replaced is free to go only when every worker has begun a walk after it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "worker.h"

struct tp_worker_slot *tp_worker_slots[TP_MAX_WORKERS];
unsigned int tp_worker_slots_n;
struct tp_worker_orders tp_worker_orders;

static struct tp_worker_slot slots[2];

static int start(void **state)
{
	(void)state;
	memset(slots, 0, sizeof(slots));
	tp_worker_orders = (struct tp_worker_orders){0};
	tp_worker_slots[0] = &slots[0];
	tp_worker_slots[1] = &slots[1];
	tp_worker_slots_n = 2;
	return 0;
}

static void every_worker_has_to_begin_a_walk(void **state)
{
	uint64_t mark = tp_workers_mark();

	(void)state;
	assert_false(tp_workers_passed(mark));
	tp_worker_see_mark(&slots[0]);
	tp_worker_see_mark(&slots[0]);
	assert_false(tp_workers_passed(mark));
	tp_worker_see_mark(&slots[1]);
	assert_true(tp_workers_passed(mark));
	assert_true(tp_workers_passed(mark));
}

static void a_walk_before_the_mark_does_not_count(void **state)
{
	uint64_t first, second;

	(void)state;
	tp_worker_see_mark(&slots[0]);
	tp_worker_see_mark(&slots[1]);
	first = tp_workers_mark();
	assert_false(tp_workers_passed(first));
	tp_worker_see_mark(&slots[1]);
	second = tp_workers_mark();
	tp_worker_see_mark(&slots[0]);
	assert_true(tp_workers_passed(first));
	assert_false(tp_workers_passed(second)); /* the second worker may hold what stood between the two */
	tp_worker_see_mark(&slots[1]);
	assert_true(tp_workers_passed(second));
}

static void without_workers_nobody_holds_anything(void **state)
{
	(void)state;
	tp_worker_slots_n = 0;
	assert_true(tp_workers_passed(tp_workers_mark()));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup(every_worker_has_to_begin_a_walk, start),
	        cmocka_unit_test_setup(a_walk_before_the_mark_does_not_count, start),
	        cmocka_unit_test_setup(without_workers_nobody_holds_anything, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
