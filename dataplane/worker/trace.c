/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Control's side of a trace (arming.h); see node/trace.h for what workers do. What XDP programs tell of meets the same filter here, and becomes steps as those of
 * workers are.
 */
#include "trace.h"

#include <stdlib.h>
#include <string.h>

#include "arming.h"
#include "port.h"
#include "tp_clock.h"

#define TRACE_SESSION 0x10000u /* numbers of one trace; those of the next begin behind it */

static uint32_t trace_first; /* number of the trace that is armed, or was armed last */

/* ---- a worker's own ------------------------------------------------------------------------------------------------------------ */
static void *trace_make(struct tp_worker_slot *slot, void *shared)
{
	return tp_trace_new(&slot->w, slot->graph, shared);
}

static void trace_free(void *own)
{
	tp_trace_free(own);
}

static void trace_install(struct tp_worker_slot *slot, void *own)
{
	(void)slot;
	tp_trace_install(own);
}

static void trace_remove(struct tp_worker_slot *slot, void *own)
{
	(void)slot;
	tp_trace_remove(own);
}

static void trace_stop(void *shared)
{
	__atomic_store_n(&((struct tp_trace_shared *)shared)->left, 0, __ATOMIC_RELAXED);
}

static bool trace_next(void *own, void *to)
{
	return tp_trace_next(own, to);
}

static const struct tp_arming_ops trace_ops = {.make = trace_make,
        .free = trace_free,
        .install = trace_install,
        .remove = trace_remove,
        .stop = trace_stop,
        .next = trace_next};
static struct tp_arming trace_arming = {.ops = &trace_ops};

/* ---- XDP programs ---------------------------------------------------------------------------------------------------------------- */
static struct {
	const struct tp_worker_view *view; /* by which it was said what they look for */
	uint32_t reasons;                  /* bits of those that are looked at */
	uint64_t unseen;                   /* before that */
	struct trace_firsts firsts;
	struct tp_trace_step next; /* behind the one taken last */
	bool more;                 /* there is one */
} trace_xdp;

/* What is dropped; and what is the kernel's, where the filter says which packets are meant. */
static uint32_t trace_xdp_reasons(const struct tp_trace_filter *f)
{
	bool some = f->family || f->port || f->listener[0] || f->device[0];
	uint32_t reasons = 0;

	for (uint32_t i = 0; i < TP_GUARD_REASON_COUNT && f->topic[0] == '\0'; i++)
		if (tp_guard_action_of(i) == TP_GUARD_DROP || (some && tp_guard_action_of(i) == TP_GUARD_KERNEL))
			reasons |= UINT32_C(1) << i;
	return reasons;
}

/* The port of all listeners of that name; 0: there is not one. */
static uint16_t trace_xdp_port(const struct tp_plan_spec *spec, const char *name)
{
	uint16_t port = 0;

	for (unsigned int i = 0; i < spec->n_listeners; i++) {
		const struct tp_listener *l = &spec->listeners[i];

		if (l->port == 0 || strcmp(l->name, name) != 0)
			continue;
		if (port && port != l->port)
			return 0;
		port = l->port;
	}
	return port;
}

/* Cuts the watcher's prefix down to what it has in common with another one; none where that is nothing. */
static void trace_xdp_join(struct tp_xdp_watch *watch, const struct tp_prefix *p)
{
	if (watch->family != p->family)
		watch->length = 0;
	watch->length = RTE_MIN(watch->length, p->length);
	while (watch->length && !tp_prefix_holds(watch->family, watch->length, watch->addr, p->family, p->addr))
		watch->length--;
	if (watch->length == 0)
		watch->family = 0;
}

/* The prefix of all senders of that device's name; none where one may come from anywhere. */
static void trace_xdp_senders(const struct tp_plan_spec *spec, const char *device, struct tp_xdp_watch *watch)
{
	bool first = true;

	for (unsigned int i = 1; i < spec->n_sources; i++)
		if (spec->sources[i].unknown && tp_slice_is(spec->sources[i].device, device))
			return;
	for (unsigned int i = 0; i < spec->n_prefixes && (first || watch->family); i++) {
		const struct tp_prefix *p = &spec->prefixes[i];

		if (!tp_slice_is(spec->sources[p->source].device, device))
			continue;
		if (first) {
			watch->family = p->family;
			watch->length = p->length;
			memcpy(watch->addr, p->addr, sizeof(watch->addr));
		}
		trace_xdp_join(watch, p);
		first = false;
	}
}

/*
 * Has the programs tell of what the filter may fit. They look at one prefix and one port in front of their bound, so that whatever else they drop takes nothing of it: those of the
 * filter, or those of the device and of the listener in it. Wider is fine: the filter itself looks again.
 */
static int trace_xdp_watch(const struct tp_trace_filter *f)
{
	struct tp_xdp_watch watch = {.reasons = trace_xdp.reasons, .port = f->port, .family = f->family, .length = f->length};

	memcpy(watch.addr, f->addr, sizeof(watch.addr));
	trace_xdp.view = __atomic_load_n(&tp_workers_view, __ATOMIC_ACQUIRE);
	if (trace_xdp.view && f->device[0] && f->family == 0)
		trace_xdp_senders(trace_xdp.view->spec, f->device, &watch);
	if (trace_xdp.view && f->listener[0] && f->port == 0)
		watch.port = trace_xdp_port(trace_xdp.view->spec, f->listener);
	return tp_ports_watch(TP_GUARD_TRACE, &watch);
}

static int trace_xdp_arm(const struct tp_trace_filter *f)
{
	memset(&trace_xdp, 0, sizeof(trace_xdp));
	trace_xdp.reasons = trace_xdp_reasons(f);
	return trace_xdp_watch(f);
}

static uint64_t trace_xdp_unseen(void)
{
	uint64_t sum = trace_xdp.unseen;

	for (uint32_t i = 0; i < TP_GUARD_REASON_COUNT; i++)
		if (trace_xdp.reasons & UINT32_C(1) << i)
			sum += tp_ports_unseen(TP_GUARD_TRACE, (enum tp_guard_reason)i);
	return sum;
}

/* Another plan may have the device and the listener elsewhere. */
static void trace_xdp_follow(const struct tp_trace_filter *f)
{
	if (trace_xdp.view == __atomic_load_n(&tp_workers_view, __ATOMIC_ACQUIRE) ||
	        (f->device[0] == '\0' && f->listener[0] == '\0'))
		return;
	trace_xdp.unseen = trace_xdp_unseen();
	(void)trace_xdp_watch(f); /* it has worked before, with all that it needs */
}

static bool trace_xdp_fits(const struct tp_trace_shared *shared, const struct tp_guard_event *event)
{
	const struct tp_worker_view *view = __atomic_load_n(&tp_workers_view, __ATOMIC_ACQUIRE);

	return (trace_xdp.reasons & UINT32_C(1) << event->reason) && view &&
	       tp_trace_octets_fit(&shared->filter, view->plan, &trace_xdp.firsts, event->octets, event->kept);
}

/* One of those that may be marked, whose number workers and programs share; 0: there are enough. */
static uint32_t trace_xdp_number(struct tp_trace_shared *shared)
{
	if (__atomic_load_n(&shared->left, __ATOMIC_RELAXED) <= 0 || __atomic_fetch_sub(&shared->left, 1, __ATOMIC_RELAXED) <= 0)
		return 0;
	return __atomic_add_fetch(&shared->numbers, 1, __ATOMIC_RELAXED);
}

/* Its arrival, and behind that what became of it. */
static void trace_xdp_steps(uint32_t number, unsigned int port, const struct tp_guard_event *event, struct tp_trace_step *step)
{
	int64_t at_us = tp_clock_us(CLOCK_REALTIME) - tp_clock_us(CLOCK_MONOTONIC) + (int64_t)(event->at / 1000);
	struct tp_trace_step *next = &trace_xdp.next;

	*step = (struct tp_trace_step){.at_us = at_us, .trace = number, .what = TP_TRACE_ARRIVED, .listener = TP_NO_LISTENER};
	*next = *step;
	next->what = TP_TRACE_STEERED;
	step->arrived.n = event->n;
	step->arrived.queue = next->steered.queue = event->queue;
	step->arrived.port = next->steered.port = (uint16_t)port;
	step->arrived.xdp = true;
	memcpy(step->arrived.head, event->octets, RTE_MIN(event->kept, (uint32_t)TP_TRACE_HEAD));
	next->steered.reason = (uint8_t)event->reason;
	next->steered.family = tp_trace_sender(event->octets, event->kept, next->steered.addr);
	trace_xdp.more = true;
}

static bool trace_xdp_take(struct tp_trace_shared *shared, struct tp_trace_step *step)
{
	struct tp_guard_event event;
	unsigned int port;
	uint32_t number;

	if (trace_xdp.more) {
		*step = trace_xdp.next;
		trace_xdp.more = false;
		return true;
	}
	while (tp_ports_event(TP_GUARD_TRACE, &port, &event)) {
		number = trace_xdp_fits(shared, &event) ? trace_xdp_number(shared) : 0;
		if (number) {
			trace_xdp_steps(number, port, &event, step);
			return true;
		}
	}
	trace_xdp_follow(&shared->filter);
	return false;
}

/* ---- all of them --------------------------------------------------------------------------------------------------------------- */
int tp_trace_arm(const struct tp_trace_filter *filter)
{
	struct tp_trace_shared *shared = malloc(sizeof(*shared));
	int rc;

	if (shared) {
		*shared = (struct tp_trace_shared){.filter = *filter, .numbers = trace_first + TRACE_SESSION};
		shared->topic = tp_slice_of(shared->filter.topic);
	}
	rc = tp_arming_arm(&trace_arming, shared);
	if (rc < 0)
		return rc;
	trace_first += TRACE_SESSION;
	rc = trace_xdp_arm(filter);
	if (rc < 0) {
		tp_arming_disarm(&trace_arming);
		return rc;
	}
	/* Not before: a marked packet may be handed over to any worker. */
	__atomic_store_n(&shared->left, (int32_t)filter->count, __ATOMIC_RELAXED);
	return 0;
}

void tp_trace_disarm(void)
{
	tp_ports_unwatch(TP_GUARD_TRACE);
	tp_arming_disarm(&trace_arming);
}

bool tp_trace_take(struct tp_trace_step *step)
{
	return tp_arming_take(&trace_arming, step) || (trace_arming.shared && trace_xdp_take(trace_arming.shared, step));
}

bool tp_trace_is(uint32_t number)
{
	return trace_arming.shared && number - trace_first < TRACE_SESSION;
}

void tp_trace_state(struct tp_trace_state *state)
{
	const struct tp_trace_shared *shared = trace_arming.shared;

	*state = (struct tp_trace_state){0};
	if (shared) {
		state->marked = __atomic_load_n(&shared->numbers, __ATOMIC_RELAXED) - trace_first;
		state->unseen = trace_xdp_unseen();
	}
	for (unsigned int i = 0; i < trace_arming.n; i++)
		state->lost += __atomic_load_n(&((const struct tp_trace *)trace_arming.own[i])->lost, __ATOMIC_RELAXED);
}
