/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Control's side of captures and traces beside a worker that is late to give its memory back: it may look at it until it does. And beside XDP programs, whose
 * packets are captured as those of workers are, and counted where they are not.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "capture.h"
#include "port.h"
#include "trace.h"
#include "worker.h"

struct tp_worker_slot *tp_worker_slots[TP_MAX_WORKERS];
unsigned int tp_worker_slots_n;
struct tp_worker_orders tp_worker_orders;

static struct tp_worker_slot slot;
static struct tp_capture *capture; /* of the worker */
static struct tp_trace *trace;
static bool late;
static unsigned int answering; /* workers; the others are always late */

/* ---- stand-ins: a worker that is asked at once or not at all --------------------------------------------------------------------- */
int tp_worker_ask(unsigned int worker, void (*run)(struct tp_worker_slot *slot, void *arg), void *arg)
{
	if (late || worker >= answering)
		return -ETIMEDOUT;
	run(tp_worker_slots[worker], arg);
	return 0;
}

struct tp_capture *tp_capture_new(struct tp_capture_shared *shared)
{
	struct tp_capture *c = calloc(1, sizeof(*c));

	assert_non_null(c);
	c->shared = shared;
	return c;
}

void tp_capture_free(struct tp_capture *c)
{
	free(c);
}

void tp_capture_install(struct tp_worker *w, struct tp_capture *c)
{
	(void)w;
	capture = c;
}

void tp_capture_remove(struct tp_worker *w)
{
	(void)w;
	capture = NULL;
}

const struct tp_capture_packet *tp_capture_next(struct tp_capture *c)
{
	(void)c;
	return NULL;
}

struct tp_trace *tp_trace_new(struct tp_worker *w, struct rte_graph *graph, struct tp_trace_shared *shared)
{
	struct tp_trace *t = calloc(1, sizeof(*t));

	(void)w;
	(void)graph;
	assert_non_null(t);
	t->shared = shared;
	return t;
}

void tp_trace_free(struct tp_trace *t)
{
	free(t);
}

void tp_trace_install(struct tp_trace *t)
{
	trace = t;
}

void tp_trace_remove(struct tp_trace *t)
{
	(void)t;
	trace = NULL;
}

bool tp_trace_next(struct tp_trace *t, struct tp_trace_step *step)
{
	(void)t;
	(void)step;
	return false;
}

/* ---- stand-ins: the XDP program of port 1 ---------------------------------------------------------------------------------------- */
struct tp_port tp_ports[TP_MAX_PORTS] = {[1] = {.id = 7}};

static struct {
	uint32_t watched[TP_GUARD_WATCHERS]; /* reasons */
	struct tp_xdp_watch watch;           /* the one that came last */
	unsigned int events;                 /* in the ring of a watcher that asks for it */
	uint32_t kept, n, reason;
	uint64_t unseen;
	int rc;
} xdp;

int tp_ports_watch(enum tp_guard_watcher watcher, const struct tp_xdp_watch *of)
{
	xdp.watch = *of;
	xdp.watched[watcher] = xdp.rc ? 0 : of->reasons;
	return xdp.rc;
}

bool tp_ports_event(enum tp_guard_watcher watcher, unsigned int *port, struct tp_guard_event *event)
{
	(void)watcher;
	if (xdp.events == 0)
		return false;
	xdp.events--;
	*port = 1;
	*event = (struct tp_guard_event){.at = 5000, .n = xdp.n, .kept = xdp.kept, .queue = 3, .reason = xdp.reason};
	memset(event->octets, 0xa5, xdp.kept);
	return true;
}

uint64_t tp_ports_unseen(enum tp_guard_watcher watcher, enum tp_guard_reason reason)
{
	(void)watcher;
	return reason == TP_GUARD_guard_denied ? xdp.unseen : 0;
}

void tp_ports_unwatch(enum tp_guard_watcher watcher)
{
	xdp.watched[watcher] = 0;
}

/* ---- stand-ins: the filter ------------------------------------------------------------------------------------------------------- */
static const struct tp_plan_spec no_spec;
static struct tp_worker_view view = {.spec = &no_spec};
struct tp_worker_view *tp_workers_view = &view;
static bool fits;

bool tp_trace_octets_fit(
        const struct tp_trace_filter *f, const struct tp_plan *plan, struct trace_firsts *firsts, const uint8_t *p, uint32_t n)
{
	(void)f;
	(void)plan;
	(void)firsts;
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(p[i], 0xa5);
	return fits;
}

uint8_t tp_trace_sender(const uint8_t *p, uint32_t n, uint8_t addr[16])
{
	(void)p;
	(void)n;
	memset(addr, 9, 16);
	return 6;
}

static int start(void **state)
{
	(void)state;
	memset(&xdp, 0, sizeof(xdp));
	tp_worker_slots[0] = &slot;
	tp_worker_slots_n = answering = 1;
	late = false;
	fits = true;
	view.spec = &no_spec;
	return 0;
}

/* ---- cases ------------------------------------------------------------------------------------------------------------------------ */
static void a_late_worker_keeps_the_filter_of_its_capture(void **state)
{
	const struct tp_capture_filter one = {.snap = 100, .count = 5}, two = {.snap = 200, .count = 7};
	struct tp_capture *kept;

	(void)state;
	assert_int_equal(tp_capture_arm(&one), 0);
	kept = capture;
	late = true;
	tp_capture_disarm();
	late = false;
	assert_int_equal(tp_capture_arm(&two), 0);
	assert_ptr_not_equal(capture, kept);
	assert_int_equal(kept->shared->filter.snap, 100);
	assert_int_equal(kept->shared->left, 0); /* and captures nothing more */
	assert_int_equal(capture->shared->filter.snap, 200);
	assert_int_equal(capture->shared->left, 7);
	tp_capture_disarm();
	assert_null(capture);
	free(kept->shared);
	free(kept);
}

static void a_late_worker_keeps_the_filter_of_its_trace(void **state)
{
	const struct tp_trace_filter one = {.topic = "one", .count = 5}, two = {.topic = "two", .count = 7};
	struct tp_trace_state seen;
	struct tp_trace *kept;

	(void)state;
	assert_int_equal(tp_trace_arm(&one), 0);
	kept = trace;
	late = true;
	tp_trace_disarm();
	late = false;
	assert_int_equal(tp_trace_arm(&two), 0);
	assert_ptr_not_equal(trace, kept);
	assert_memory_equal(kept->shared->topic.p, "one", 3);
	assert_int_equal(kept->shared->left, 0); /* and marks nothing more */
	assert_memory_equal(trace->shared->topic.p, "two", 3);
	assert_int_equal(trace->shared->left, 7);
	tp_trace_state(&seen);
	assert_int_equal(seen.marked, 0);
	tp_trace_disarm();
	assert_null(trace);
	free(kept->shared);
	free(kept);
}

/* Who reads slowly has no more to read than there is. */
static void a_capture_that_is_stopped_takes_no_more(void **state)
{
	const struct tp_capture_filter filter = {.count = 5};

	(void)state;
	assert_int_equal(tp_capture_arm(&filter), 0);
	assert_int_equal(capture->shared->left, 5);
	tp_capture_stop();
	assert_int_equal(capture->shared->left, 0);
	assert_int_equal(tp_capture_arm(&filter), -EBUSY); /* until it is disarmed */
	tp_capture_disarm();
	tp_capture_stop(); /* of nothing */
	assert_int_equal(tp_capture_arm(&filter), 0);
	tp_capture_disarm();
}

/* A worker that does not take it at all: nothing is armed, and the next one may try. */
static void what_no_worker_takes_is_not_armed(void **state)
{
	const struct tp_capture_filter c = {.count = 1};
	const struct tp_trace_filter t = {.count = 1};

	(void)state;
	late = true;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(tp_capture_arm(&c), -ETIMEDOUT);
		assert_int_equal(tp_trace_arm(&t), -ETIMEDOUT);
	}
	tp_capture_disarm(); /* of nothing */
	tp_trace_disarm();
}

/* One of two does not take it: the other one gives it back. */
static void what_one_worker_took_is_given_back(void **state)
{
	const struct tp_capture_filter c = {.count = 1};
	const struct tp_trace_filter t = {.count = 1};

	(void)state;
	tp_worker_slots[1] = &slot;
	tp_worker_slots_n = 2;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(tp_capture_arm(&c), -ETIMEDOUT);
		assert_null(capture);
		assert_int_equal(tp_trace_arm(&t), -ETIMEDOUT);
		assert_null(trace);
	}
	answering = 2;
	assert_int_equal(tp_trace_arm(&t), 0);
	assert_non_null(trace);
	assert_int_equal(tp_trace_arm(&t), -EBUSY);
	tp_trace_disarm();
	tp_worker_slots_n = 0;
	assert_int_equal(tp_trace_arm(&t), -ENOTCONN);
}

/* ---- what XDP programs drop ------------------------------------------------------------------------------------------------------- */
#define DENIED (UINT32_C(1) << TP_GUARD_guard_denied)

static void arm_denied(uint32_t snap, uint32_t count)
{
	struct tp_capture_filter filter = {.snap = snap, .count = count};

	filter.reason[TP_C_guard_denied] = true;
	filter.reason[TP_C_json_syntax] = true;
	assert_int_equal(tp_capture_arm(&filter), 0);
}

static void what_a_program_drops_is_captured(void **state)
{
	const struct tp_capture_packet *p;

	(void)state;
	arm_denied(100, 5);
	assert_int_equal(xdp.watched[TP_GUARD_CAPTURE], DENIED);
	xdp.events = 1;
	xdp.n = 1500;
	xdp.kept = 256;
	xdp.reason = TP_GUARD_guard_denied;
	p = tp_capture_take();
	assert_non_null(p);
	assert_int_equal(p->reason, TP_C_guard_denied);
	assert_int_equal(p->n, 1500);
	assert_int_equal(p->kept, 100); /* as the filter says */
	assert_int_equal(p->octets[99], 0xa5);
	assert_int_equal(p->stage, TP_CAPTURE_NO_STAGE);
	assert_int_equal(p->listener, TP_NO_LISTENER);
	assert_int_equal(p->xdp, 1);
	assert_int_equal(p->port, 7);
	assert_int_equal(p->queue, 3);
	assert_false(p->message);
	assert_null(tp_capture_take());
	assert_int_equal(tp_capture_lost(TP_C_guard_denied), 0);
	tp_capture_disarm();
	assert_int_equal(xdp.watched[TP_GUARD_CAPTURE], 0);
	assert_null(tp_capture_take()); /* nothing is armed */
}

/* Each packet is captured or counted, whoever had no room for it. */
static void what_is_not_captured_is_counted(void **state)
{
	unsigned int captured = 0;

	(void)state;
	arm_denied(64, 3);
	xdp.events = 10;
	xdp.n = xdp.kept = 60;
	xdp.reason = TP_GUARD_guard_denied;
	xdp.unseen = 1000;
	while (tp_capture_take())
		captured++;
	assert_int_equal(captured, 3);
	assert_int_equal(tp_capture_lost(TP_C_guard_denied), 1007);
	assert_int_equal(tp_capture_lost(TP_C_json_syntax), 0);
	assert_int_equal(tp_capture_lost(TP_C_guard_syn_rate), 0);
	assert_int_equal(capture->shared->left, 0); /* workers capture no more either */
	tp_capture_disarm();
	arm_denied(64, 3);
	xdp.unseen = 0;
	assert_int_equal(tp_capture_lost(TP_C_guard_denied), 0); /* of another one */
	tp_capture_disarm();
}

/* What was told before the end can be read behind it; nothing is told behind it. */
static void what_was_told_can_be_read_behind_the_end(void **state)
{
	(void)state;
	arm_denied(64, 2);
	xdp.events = 3;
	xdp.n = xdp.kept = 60;
	xdp.reason = TP_GUARD_guard_denied;
	tp_capture_stop();
	tp_capture_stop();
	assert_int_equal(xdp.watched[TP_GUARD_CAPTURE], 0);
	assert_int_equal(capture->shared->left, 0);
	assert_non_null(tp_capture_take());
	assert_non_null(tp_capture_take());
	assert_null(tp_capture_take());
	assert_int_equal(tp_capture_lost(TP_C_guard_denied), 1);
	tp_capture_disarm();
}

static void reasons_that_were_not_asked_for_are_not_captured(void **state)
{
	struct tp_capture_filter filter = {.snap = 64, .count = 2};

	(void)state;
	filter.reason[TP_C_json_syntax] = true;
	xdp.events = 1;
	xdp.n = xdp.kept = 60;
	xdp.reason = TP_GUARD_guard_denied;
	assert_int_equal(tp_capture_arm(&filter), 0);
	assert_int_equal(xdp.watched[TP_GUARD_CAPTURE], 0);
	assert_null(tp_capture_take());
	tp_capture_disarm();
	arm_denied(64, 2);
	xdp.events = 1;
	xdp.reason = TP_GUARD_kernel_port; /* not dropped */
	assert_null(tp_capture_take());
	assert_int_equal(tp_capture_lost(TP_C_guard_denied), 0);
	tp_capture_disarm();
}

static void a_program_that_cannot_be_watched_ends_the_arming(void **state)
{
	const struct tp_capture_filter filter = {.count = 1};

	(void)state;
	xdp.rc = -ENOMEM;
	assert_int_equal(tp_capture_arm(&filter), -ENOMEM);
	assert_null(capture);
	xdp.rc = 0;
	assert_int_equal(tp_capture_arm(&filter), 0);
	tp_capture_disarm();
}

/* ---- what XDP programs tell a trace ------------------------------------------------------------------------------------------------ */
#define KERNEL_PORT (UINT32_C(1) << TP_GUARD_kernel_port)
#define NO_SOCKET   (UINT32_C(1) << TP_GUARD_no_socket)
#define TAKEN       (UINT32_C(1) << TP_GUARD_taken | UINT32_C(1) << TP_GUARD_taken_neighbour)

static uint32_t watched_for(const struct tp_trace_filter *filter)
{
	uint32_t reasons;

	assert_int_equal(tp_trace_arm(filter), 0);
	reasons = xdp.watched[TP_GUARD_TRACE];
	tp_trace_disarm();
	assert_int_equal(xdp.watched[TP_GUARD_TRACE], 0);
	return reasons;
}

static void a_trace_asks_for_what_its_filter_may_fit(void **state)
{
	const struct tp_trace_filter any = {.count = 1}, topic = {.topic = "a/#", .family = 4, .count = 1},
	                             device = {.device = "cam", .count = 1},
	                             source = {.family = 4, .length = 24, .addr = {10, 1, 2}, .port = 47001, .count = 1};

	(void)state;
	assert_int_equal(watched_for(&any) & (DENIED | KERNEL_PORT | NO_SOCKET | TAKEN), DENIED);
	assert_int_equal(watched_for(&topic), 0);
	assert_int_equal(watched_for(&device) & (DENIED | KERNEL_PORT | NO_SOCKET | TAKEN), DENIED | KERNEL_PORT | NO_SOCKET);
	assert_int_equal(watched_for(&source) & (DENIED | KERNEL_PORT | NO_SOCKET | TAKEN), DENIED | KERNEL_PORT | NO_SOCKET);
	assert_int_equal(xdp.watch.family, 4);
	assert_int_equal(xdp.watch.length, 24);
	assert_int_equal(xdp.watch.port, 47001);
	assert_memory_equal(xdp.watch.addr, source.addr, 16);
}

#define NAME(text)                                                                                                                 \
	{                                                                                                                          \
		.device = {(const uint8_t *)(text), sizeof(text) - 1 }                                                             \
	}

/* "one" has one address, "two" has two in one /30, "both" has both families, "some" may be anybody. */
static const struct tp_source sources[] = {
        NAME(""), NAME("one"), NAME("two"), NAME("both"), {.device = {(const uint8_t *)"some", 4}, .unknown = true}};
static const struct tp_prefix prefixes[] = {{.family = 4, .length = 32, .source = 1, .addr = {10, 1, 2, 3}},
        {.family = 4, .length = 32, .source = 2, .addr = {10, 1, 2, 4}},
        {.family = 4, .length = 31, .source = 2, .addr = {10, 1, 2, 6}},
        {.family = 4, .length = 32, .source = 3, .addr = {10, 1, 2, 9}}, {.family = 6, .length = 128, .source = 3},
        {.family = 4, .length = 32, .source = 4, .addr = {10, 1, 2, 10}}};
static const struct tp_listener listeners[] = {
        {.name = "plates", .port = 47001}, {.name = "split", .port = 47002}, {.name = "split", .port = 47003}, {.name = "mqtt"}};
static const struct tp_plan_spec spec = {
        .sources = sources, .n_sources = 5, .prefixes = prefixes, .n_prefixes = 6, .listeners = listeners, .n_listeners = 4};

static void watches(const char *device, const char *listener, uint8_t family, uint8_t length, uint16_t port)
{
	struct tp_trace_filter filter = {.count = 1};

	strcpy(filter.device, device);
	strcpy(filter.listener, listener);
	assert_true(watched_for(&filter) & KERNEL_PORT);
	assert_int_equal(xdp.watch.family, family);
	assert_int_equal(xdp.watch.length, length);
	assert_int_equal(xdp.watch.port, port);
}

/* Names are looked at by the prefix and the port that the plan has for them, where there is one of each. */
static void names_narrow_what_is_told(void **state)
{
	const struct tp_trace_filter given = {
	        .family = 4, .length = 8, .addr = {10}, .port = 9, .device = "one", .listener = "plates", .count = 1};

	(void)state;
	view.spec = &spec;
	watches("one", "", 4, 32, 0);
	assert_memory_equal(xdp.watch.addr, prefixes[0].addr, 16);
	watches("two", "plates", 4, 30, 47001);
	watches("both", "", 0, 0, 0);
	watches("some", "", 0, 0, 0);
	watches("none", "split", 0, 0, 0);
	watches("", "mqtt", 0, 0, 0);
	watched_for(&given);
	assert_int_equal(xdp.watch.length, 8);
	assert_int_equal(xdp.watch.port, 9);
}

/* A plan that has the device elsewhere: it is looked for there, and what was not seen before stays counted. */
static void a_trace_follows_the_plan(void **state)
{
	static const struct tp_prefix moved[] = {{.family = 4, .length = 32, .source = 1, .addr = {10, 9, 9, 9}}};
	const struct tp_trace_filter filter = {.device = "one", .count = 1};
	struct tp_worker_view next = {0};
	struct tp_plan_spec other = spec;
	struct tp_trace_state seen;
	struct tp_trace_step step;

	(void)state;
	view.spec = &spec;
	other.prefixes = moved;
	other.n_prefixes = 1;
	next.spec = &other;
	assert_int_equal(tp_trace_arm(&filter), 0);
	xdp.unseen = 5;
	assert_false(tp_trace_take(&step));
	assert_int_equal(xdp.watch.addr[1], 1);
	tp_workers_view = &next;
	assert_false(tp_trace_take(&step));
	tp_workers_view = &view;
	assert_int_equal(xdp.watch.addr[1], 9);
	xdp.unseen = 2; /* of the new one */
	tp_trace_state(&seen);
	assert_int_equal(seen.unseen, 7);
	tp_trace_disarm();
}

static void an_event_becomes_two_steps(void **state)
{
	const struct tp_trace_filter filter = {.count = 2};
	struct tp_trace_state seen;
	struct tp_trace_step step;
	uint32_t number;

	(void)state;
	xdp.events = 5;
	xdp.n = 1500;
	xdp.kept = 30; /* fewer than a step has room for */
	xdp.reason = TP_GUARD_guard_denied;
	assert_int_equal(tp_trace_arm(&filter), 0);
	for (int i = 0; i < 2; i++) {
		assert_true(tp_trace_take(&step));
		assert_int_equal(step.what, TP_TRACE_ARRIVED);
		assert_true(tp_trace_is(step.trace));
		assert_true(step.arrived.xdp);
		assert_int_equal(step.arrived.n, 1500);
		assert_int_equal(step.arrived.port, 1);
		assert_int_equal(step.arrived.queue, 3);
		assert_int_equal(step.arrived.head[29], 0xa5);
		assert_int_equal(step.arrived.head[30], 0);
		number = step.trace;
		assert_true(tp_trace_take(&step));
		assert_int_equal(step.what, TP_TRACE_STEERED);
		assert_int_equal(step.trace, number);
		assert_int_equal(step.steered.reason, TP_GUARD_guard_denied);
		assert_int_equal(step.steered.port, 1);
		assert_int_equal(step.steered.queue, 3);
		assert_int_equal(step.steered.family, 6);
		assert_int_equal(step.steered.addr[15], 9);
	}
	assert_false(tp_trace_take(&step)); /* there are enough */
	assert_int_equal(xdp.events, 0);
	xdp.unseen = 17;
	tp_trace_state(&seen);
	assert_int_equal(seen.marked, 2);
	assert_int_equal(seen.unseen, 17);
	tp_trace_disarm();
	assert_false(tp_trace_take(&step));
	tp_trace_state(&seen);
	assert_int_equal(seen.unseen, 0);
}

/* One that was taken half leaves nothing to the next trace. */
static void what_does_not_fit_is_no_step(void **state)
{
	const struct tp_trace_filter filter = {.count = 2};
	struct tp_trace_step step;

	(void)state;
	xdp.n = xdp.kept = 60;
	xdp.reason = TP_GUARD_guard_denied;
	fits = false;
	assert_int_equal(tp_trace_arm(&filter), 0);
	xdp.events = 3;
	assert_false(tp_trace_take(&step));
	fits = true;
	xdp.events = 3;
	xdp.reason = TP_GUARD_kernel_port; /* was not asked for */
	assert_false(tp_trace_take(&step));
	xdp.events = 1;
	xdp.reason = TP_GUARD_guard_syn_rate;
	assert_true(tp_trace_take(&step));
	tp_trace_disarm();
	assert_int_equal(tp_trace_arm(&filter), 0);
	assert_false(tp_trace_take(&step));
	tp_trace_disarm();
	xdp.rc = -EPERM;
	assert_int_equal(tp_trace_arm(&filter), -EPERM);
	xdp.rc = 0;
	assert_int_equal(tp_trace_arm(&filter), 0);
	tp_trace_disarm();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup(a_late_worker_keeps_the_filter_of_its_capture, start),
	        cmocka_unit_test_setup(a_late_worker_keeps_the_filter_of_its_trace, start),
	        cmocka_unit_test_setup(a_capture_that_is_stopped_takes_no_more, start),
	        cmocka_unit_test_setup(what_no_worker_takes_is_not_armed, start),
	        cmocka_unit_test_setup(what_one_worker_took_is_given_back, start),
	        cmocka_unit_test_setup(what_a_program_drops_is_captured, start),
	        cmocka_unit_test_setup(what_is_not_captured_is_counted, start),
	        cmocka_unit_test_setup(what_was_told_can_be_read_behind_the_end, start),
	        cmocka_unit_test_setup(reasons_that_were_not_asked_for_are_not_captured, start),
	        cmocka_unit_test_setup(a_program_that_cannot_be_watched_ends_the_arming, start),
	        cmocka_unit_test_setup(a_trace_asks_for_what_its_filter_may_fit, start),
	        cmocka_unit_test_setup(an_event_becomes_two_steps, start),
	        cmocka_unit_test_setup(names_narrow_what_is_told, start),
	        cmocka_unit_test_setup(a_trace_follows_the_plan, start),
	        cmocka_unit_test_setup(what_does_not_fit_is_no_step, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
