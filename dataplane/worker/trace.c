/* SPDX-License-Identifier: BSD-3-Clause */
/* Control's side of a trace (arming.h); see node/trace.h for what workers do. */
#include "trace.h"

#include <stdlib.h>

#include "arming.h"

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
	/* Not before: a marked packet may be handed over to any worker. */
	__atomic_store_n(&shared->left, (int32_t)filter->count, __ATOMIC_RELAXED);
	return 0;
}

void tp_trace_disarm(void)
{
	tp_arming_disarm(&trace_arming);
}

bool tp_trace_take(struct tp_trace_step *step)
{
	return tp_arming_take(&trace_arming, step);
}

bool tp_trace_is(uint32_t number)
{
	return trace_arming.shared && number - trace_first < TRACE_SESSION;
}

void tp_trace_state(struct tp_trace_state *state)
{
	const struct tp_trace_shared *shared = trace_arming.shared;

	*state = (struct tp_trace_state){0};
	if (shared)
		state->marked = __atomic_load_n(&shared->numbers, __ATOMIC_RELAXED) - trace_first;
	for (unsigned int i = 0; i < trace_arming.n; i++)
		state->lost += __atomic_load_n(&((const struct tp_trace *)trace_arming.own[i])->lost, __ATOMIC_RELAXED);
}
