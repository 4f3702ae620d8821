/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Control's side of a trace: memory for each worker and what they share, made when it is armed and given back when it is not; see node/trace.h for what workers do.
 * A worker that is late to give it back keeps its own and what is shared; the next trace has its own.
 */
#include "trace.h"

#include <errno.h>
#include <stdlib.h>

#include "worker.h"

#define TRACE_SESSION 0x10000u /* numbers of one trace; those of the next begin behind it */

static struct {
	bool armed;
	struct tp_trace_shared *shared;
	uint32_t first; /* number */
	struct tp_trace *of[TP_MAX_WORKERS];
	unsigned int n, turn;
} arming;

static void trace_install(struct tp_worker_slot *slot, void *arg)
{
	(void)slot;
	tp_trace_install(arg);
}

static void trace_remove(struct tp_worker_slot *slot, void *arg)
{
	(void)slot;
	tp_trace_remove(arg);
}

/* What a worker did not give back in time stays its own: memory that is lost is better than memory that is used by two. */
void tp_trace_disarm(void)
{
	bool late = false;

	if (!arming.armed)
		return;
	for (unsigned int i = 0; i < arming.n; i++) {
		if (tp_worker_ask(i, trace_remove, arming.of[i]) == 0)
			tp_trace_free(arming.of[i]);
		else
			late = true;
	}
	if (late)
		__atomic_store_n(&arming.shared->left, 0, __ATOMIC_RELAXED);
	else
		free(arming.shared);
	arming.shared = NULL;
	arming.n = 0;
	arming.armed = false;
}

int tp_trace_arm(const struct tp_trace_filter *filter)
{
	int rc = 0;

	if (arming.armed)
		return -EBUSY;
	if (tp_worker_slots_n == 0)
		return -ENOTCONN;
	arming.shared = malloc(sizeof(*arming.shared));
	if (!arming.shared)
		return -ENOMEM;
	arming.first += TRACE_SESSION;
	*arming.shared = (struct tp_trace_shared){.filter = *filter, .numbers = arming.first};
	arming.shared->topic = tp_slice_of(arming.shared->filter.topic);
	arming.armed = true;
	for (arming.n = 0; rc == 0 && arming.n < tp_worker_slots_n; arming.n += rc == 0) {
		struct tp_worker_slot *slot = tp_worker_slots[arming.n];
		struct tp_trace *t = tp_trace_new(&slot->w, slot->graph, arming.shared);

		arming.of[arming.n] = t;
		rc = t ? tp_worker_ask(arming.n, trace_install, t) : -ENOMEM;
		if (rc < 0)
			tp_trace_free(t); /* the worker never took it */
	}
	if (rc < 0)
		tp_trace_disarm();
	else /* not before: a marked packet may be handed over to any worker */
		__atomic_store_n(&arming.shared->left, (int32_t)filter->count, __ATOMIC_RELAXED);
	return rc;
}

/* One worker after the other, so that none of them waits for a busy one. */
bool tp_trace_take(struct tp_trace_step *step)
{
	for (unsigned int i = 0; i < arming.n; i++)
		if (tp_trace_next(arming.of[(arming.turn + i) % arming.n], step)) {
			arming.turn = (arming.turn + i + 1) % arming.n;
			return true;
		}
	return false;
}

bool tp_trace_is(uint32_t number)
{
	return arming.armed && number - arming.first < TRACE_SESSION;
}

void tp_trace_state(struct tp_trace_state *state)
{
	*state = (struct tp_trace_state){0};
	if (arming.armed)
		state->marked = __atomic_load_n(&arming.shared->numbers, __ATOMIC_RELAXED) - arming.first;
	for (unsigned int i = 0; i < arming.n; i++)
		state->lost += __atomic_load_n(&arming.of[i]->lost, __ATOMIC_RELAXED);
}
