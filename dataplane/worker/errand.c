/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An errand: a short function that a worker runs for another thread between two walks, where nothing of its state is half done. So what belongs to a
 * worker can be looked at and changed without a lock and without a copy that might be torn. The worker looks for one only where the mark has
 * moved, so an errand costs nothing while there is none.
 */
#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#include "worker.h"

#define ERRAND_LOOK_US    50
#define ERRAND_PATIENCE_S 1

enum { ERRAND_NONE, ERRAND_ASKED, ERRAND_RUNS };

static pthread_mutex_t errand_one = PTHREAD_MUTEX_INITIALIZER; /* of those who ask; a worker never takes it */

void tp_worker_run_errand(struct tp_worker_slot *slot)
{
	uint32_t asked = ERRAND_ASKED;

	if (!__atomic_compare_exchange_n(&slot->errand.state, &asked, ERRAND_RUNS, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return;
	slot->errand.run(slot, slot->errand.arg);
	__atomic_store_n(&slot->errand.state, ERRAND_NONE, __ATOMIC_RELEASE);
}

/* True where the worker has not begun it, and will not. */
static bool errand_cancel(struct tp_worker_slot *slot)
{
	uint32_t asked = ERRAND_ASKED;

	return __atomic_compare_exchange_n(&slot->errand.state, &asked, ERRAND_NONE, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static int errand_wait(struct tp_worker_slot *slot)
{
	for (long waited_us = 0; __atomic_load_n(&slot->errand.state, __ATOMIC_ACQUIRE) != ERRAND_NONE;
	        waited_us += ERRAND_LOOK_US) {
		if (waited_us >= ERRAND_PATIENCE_S * 1000000L && errand_cancel(slot))
			return -ETIMEDOUT;
		usleep(ERRAND_LOOK_US);
	}
	return 0;
}

int tp_worker_ask(unsigned int worker, void (*run)(struct tp_worker_slot *slot, void *arg), void *arg)
{
	struct tp_worker_slot *slot = tp_worker_slots[worker];
	int rc;

	pthread_mutex_lock(&errand_one);
	slot->errand.run = run;
	slot->errand.arg = arg;
	__atomic_store_n(&slot->errand.state, ERRAND_ASKED, __ATOMIC_RELEASE);
	tp_workers_mark();
	rc = errand_wait(slot);
	pthread_mutex_unlock(&errand_one);
	return rc;
}
