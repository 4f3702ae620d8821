/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How traced records ended: a short list between the sink's thread and the one that shows a trace. The sink comes here for traced records only.
 */
#include <pthread.h>

#include "books.h"
#include "tp_clock.h"

#define TRACED_ENDS 1024 /* that nobody took yet; the oldest go first */

static pthread_mutex_t traced_lock = PTHREAD_MUTEX_INITIALIZER;
static struct tp_traced_end traced_ends[TRACED_ENDS]; /* under traced_lock */
static unsigned int traced_first, traced_n;

static void traced_add(const struct tp_traced_end *end)
{
	pthread_mutex_lock(&traced_lock);
	if (traced_n == TRACED_ENDS) {
		traced_first = (traced_first + 1) % TRACED_ENDS;
		traced_n--;
	}
	traced_ends[(traced_first + traced_n++) % TRACED_ENDS] = *end;
	pthread_mutex_unlock(&traced_lock);
}

void tp_ledger_traced(const struct tp_batch *batch, uint32_t entry, int outcome, int32_t partition, int64_t offset)
{
	struct tp_traced_end end = {.topic = batch->topic,
	        .batch = batch->index,
	        .worker = batch->worker,
	        .entry = entry,
	        .outcome = outcome,
	        .partition = partition,
	        .offset = offset};

	end.at_us = tp_clock_us(CLOCK_REALTIME);
	for (uint8_t i = 0; i < batch->n_traced; i++)
		if (batch->traced[i].entry == entry) {
			end.trace = batch->traced[i].trace;
			traced_add(&end);
		}
}

bool tp_traced_take(struct tp_traced_end *end)
{
	bool some;

	pthread_mutex_lock(&traced_lock);
	some = traced_n > 0;
	if (some) {
		*end = traced_ends[traced_first];
		traced_first = (traced_first + 1) % TRACED_ENDS;
		traced_n--;
	}
	pthread_mutex_unlock(&traced_lock);
	return some;
}
