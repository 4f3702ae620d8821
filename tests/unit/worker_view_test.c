/* SPDX-License-Identifier: BSD-3-Clause */
/* A new plan under traffic: workers take it between walks, and what was replaced may go only when nothing of it is on its way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>
#include <rte_eal.h>
#include <rte_memory.h>

#include "worker.h"

struct tp_worker_slot *tp_worker_slots[TP_MAX_WORKERS];
unsigned int tp_worker_slots_n;
struct tp_worker_orders tp_worker_orders;
struct tp_worker_view *tp_workers_view;

static const struct tp_decoder first = {.name = "first"}, second = {.name = "second"};
const struct tp_decoder *const tp_decoders[] = {&first, &second, NULL};

static struct rig {
	struct tp_worker_slot *slot[2];
	struct tp_listener listeners[2][2];
	struct tp_source sources[2][3];
	struct tp_plan *plan[2];
	struct tp_pattern_db *patterns; /* of both plans; NULL: none */
} rig;

/* Two plans: listener 0 and source 1 are in both, the rest is of one of them. */
static struct tp_plan *plan_of(unsigned int which)
{
	struct tp_listener *l = rig.listeners[which];
	struct tp_source *s = rig.sources[which];
	struct tp_plan_spec spec = {
	        .listeners = l, .n_listeners = 1 + which, .sources = s, .n_sources = 2 + which, .patterns = rig.patterns};
	struct tp_plan *plan = NULL;
	char err[256];

	l[0] = (struct tp_listener){.name = "a", .port = 1000, .decoder = which ? &second : &first, .next = TP_NO_LISTENER};
	l[1] = (struct tp_listener){.name = "b", .port = 2000, .decoder = &first, .next = TP_NO_LISTENER};
	s[0] = (struct tp_source){.device = TP_SLICE("(nobody)")};
	s[1] = (struct tp_source){.device = TP_SLICE("one"), .site = TP_SLICE("s")};
	s[2] = (struct tp_source){.device = TP_SLICE("two"), .site = TP_SLICE("s")};
	assert_int_equal(tp_plan_build(&spec, &plan, err, sizeof(err)), 0);
	return plan;
}

static struct tp_worker_view *view_of(unsigned int which)
{
	struct tp_worker_view *view = NULL;

	assert_int_equal(tp_worker_view_new(rig.plan[which], 2, &view), 0);
	return view;
}

static void walk_begins(unsigned int worker)
{
	if (tp_worker_see_mark(rig.slot[worker]))
		tp_worker_take_view(rig.slot[worker]);
}

static struct tp_worker_slot *worker_of(uint16_t id)
{
	struct tp_worker_slot *slot = aligned_alloc(RTE_CACHE_LINE_SIZE, sizeof(*slot));

	assert_non_null(slot);
	memset(slot, 0, sizeof(*slot));
	slot->w.id = id;
	slot->w.n_workers = 2;
	slot->w.books = calloc(3, sizeof(struct tp_book));
	slot->w.spread_in = calloc(2, sizeof(struct rte_ring *));
	slot->next_view = tp_workers_view;
	assert_true(slot->w.books && slot->w.spread_in);
	tp_worker_take_view(slot);
	return slot;
}

static int start(void **state)
{
	(void)state;
	tp_worker_orders = (struct tp_worker_orders){0};
	rig.plan[0] = plan_of(0);
	rig.plan[1] = plan_of(1);
	tp_workers_view = view_of(0);
	tp_worker_slots_n = 2;
	for (uint16_t i = 0; i < 2; i++)
		tp_worker_slots[i] = rig.slot[i] = worker_of(i);
	return 0;
}

static int start_with_a_rule(void **state)
{
	const struct tp_rule_spec rule = {.name = "r", .regex = "a"};
	const struct tp_pattern_spec spec = {.rules = &rule, .n_rules = 1, .n_channels = 1};
	char err[1024];

	return tp_pattern_compile(&spec, &rig.patterns, err, sizeof(err)) ? -1 : start(state);
}

static int stop(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		for (unsigned int from = 0; from < 2; from++)
			rte_ring_free(rig.slot[i]->w.spread_in[from]);
		free(rig.slot[i]->w.spread_in);
		free(rig.slot[i]->w.books);
		free(rig.slot[i]);
	}
	tp_worker_view_free(tp_workers_view);
	tp_plan_free(rig.plan[0]);
	tp_plan_free(rig.plan[1]);
	tp_pattern_free(rig.patterns);
	rig.patterns = NULL;
	return 0;
}

static void a_worker_begins_with_the_view_of_the_start(void **state)
{
	(void)state;
	assert_ptr_equal(rig.slot[0]->w.plan, rig.plan[0]);
	assert_ptr_equal(rig.slot[0]->w.spec, tp_plan_spec(rig.plan[0]));
	assert_int_equal(rig.slot[0]->w.decoder_of[0], 0);
	assert_true(tp_workers_settled());
}

static void the_view_is_taken_when_a_walk_begins(void **state)
{
	struct tp_worker_view *before = tp_workers_set_view(view_of(1));

	(void)state;
	assert_ptr_equal(rig.slot[0]->w.plan, rig.plan[0]);
	walk_begins(0);
	assert_ptr_equal(rig.slot[0]->w.plan, rig.plan[1]);
	assert_int_equal(rig.slot[0]->w.decoder_of[0], 1); /* listener a has another format now */
	assert_int_equal(rig.slot[0]->w.decoder_of[1], 0);
	assert_ptr_equal(rig.slot[1]->w.plan, rig.plan[0]);
	walk_begins(1);
	assert_ptr_equal(rig.slot[1]->w.plan, rig.plan[1]);
	tp_worker_view_free(before);
}

static void what_a_worker_kept_of_the_plan_before_is_forgotten(void **state)
{
	struct tp_worker *w = &rig.slot[0]->w;
	struct tp_worker_view *before;

	(void)state;
	w->flows[7] = (struct tp_flow){.source = 1, .edge = 3, .addresses = 5};
	w->senders[7] = (struct tp_sender){.n = 12, .who = 1};
	w->fronts[7] = (struct tp_front){.n = 12, .who = 1};
	w->books[0].c[TP_C_scans_refused] = 4;
	before = tp_workers_set_view(view_of(1));
	walk_begins(0);
	assert_int_equal(w->flows[7].source, 0);
	assert_int_equal(w->senders[7].n, 0);
	assert_int_equal(w->fronts[7].who, 0);
	assert_int_equal(w->scans_refused, 4);
	tp_worker_view_free(before);
}

static void a_mark_alone_changes_nothing(void **state)
{
	struct tp_worker *w = &rig.slot[0]->w;

	(void)state;
	w->flows[7].source = 1;
	tp_workers_mark();
	walk_begins(0);
	assert_ptr_equal(w->plan, rig.plan[0]);
	assert_int_equal(w->flows[7].source, 1);
}

/* Messages made at the end of a walk are the next one's: so each worker has to begin two. */
static void it_is_settled_when_every_worker_has_begun_two_walks(void **state)
{
	struct tp_worker_view *before = tp_workers_set_view(view_of(1));

	(void)state;
	assert_false(tp_workers_settled());
	walk_begins(0);
	assert_false(tp_workers_settled());
	walk_begins(1);
	assert_false(tp_workers_settled());
	walk_begins(0);
	assert_false(tp_workers_settled());
	walk_begins(1);
	assert_true(tp_workers_settled());
	assert_true(tp_workers_settled());
	tp_worker_view_free(before);
}

static void settle(void)
{
	for (unsigned int i = 0; i < 3 && !tp_workers_settled(); i++) {
		walk_begins(0);
		walk_begins(1);
	}
	assert_true(tp_workers_settled());
}

/* A worker brings its counts along when it takes a view; until all have, the sum would be less than it was. */
static void hits_are_counted_whole_or_not_at_all(void **state)
{
	const struct tp_pattern_entry *rule = tp_pattern_entry(rig.patterns, 0);
	struct tp_worker_view *before;
	uint64_t hits[8] = {0};

	(void)state;
	assert_true(tp_pattern_groups(rig.patterns) <= 8);
	before = tp_workers_set_view(view_of(0));
	settle();
	tp_worker_view_free(before);
	for (unsigned int i = 0; i < 5; i++)
		tp_pattern_count_hit(rig.slot[i % 2]->w.scratch, rule);
	assert_true(tp_workers_pattern_count(rig.patterns, hits));
	assert_int_equal(hits[rule->group], 5);
	before = tp_workers_set_view(view_of(1));
	assert_int_equal(tp_workers_pattern_hits(rig.patterns, rule->group), 0);
	assert_false(tp_workers_pattern_count(rig.patterns, hits));
	walk_begins(0);
	assert_false(tp_workers_pattern_count(rig.patterns, hits));
	settle();
	assert_true(tp_workers_pattern_count(rig.patterns, hits));
	assert_int_equal(hits[rule->group], 5);
	tp_worker_view_free(before);
	assert_false(tp_workers_pattern_count(NULL, hits));
}

static void packets_between_workers_are_waited_for(void **state)
{
	struct rte_ring *ring = rte_ring_create("view", 8, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
	struct tp_worker_view *before;
	void *packet = &rig;

	(void)state;
	assert_non_null(ring);
	rig.slot[1]->w.spread_in[0] = ring;
	assert_int_equal(rte_ring_sp_enqueue(ring, packet), 0);
	before = tp_workers_set_view(view_of(1));
	for (unsigned int i = 0; i < 4; i++) {
		walk_begins(0);
		walk_begins(1);
		assert_false(tp_workers_settled());
	}
	assert_int_equal(rte_ring_sp_enqueue(ring, packet), 0); /* begun with the new plan: nobody waits for it */
	assert_int_equal(rte_ring_sc_dequeue(ring, &packet), 0);
	assert_true(tp_workers_settled());
	tp_worker_view_free(before);
}

int main(int argc, char **argv)
{
	char *eal[] = {argv[0], (char[]){"--no-huge"}, (char[]){"-m"}, (char[]){"64"}, (char[]){"--no-pci"},
	        (char[]){"--no-shconf"}, (char[]){"--no-telemetry"}, (char[]){"--log-level=error"}, NULL};
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(a_worker_begins_with_the_view_of_the_start, start, stop),
	        cmocka_unit_test_setup_teardown(the_view_is_taken_when_a_walk_begins, start, stop),
	        cmocka_unit_test_setup_teardown(what_a_worker_kept_of_the_plan_before_is_forgotten, start, stop),
	        cmocka_unit_test_setup_teardown(a_mark_alone_changes_nothing, start, stop),
	        cmocka_unit_test_setup_teardown(it_is_settled_when_every_worker_has_begun_two_walks, start, stop),
	        cmocka_unit_test_setup_teardown(hits_are_counted_whole_or_not_at_all, start_with_a_rule, stop),
	        cmocka_unit_test_setup_teardown(packets_between_workers_are_waited_for, start, stop),
	};

	(void)argc;
	if (rte_eal_init((int)RTE_DIM(eal) - 1, eal) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
