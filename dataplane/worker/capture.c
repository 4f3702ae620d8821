/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Control's side of a capture: rings for each worker and what they share, made when it is armed and given back when it is not. A worker that is late to give its
 * ring back keeps that and what is shared; the next capture has its own.
 */
#include "capture.h"

#include <errno.h>
#include <stdlib.h>

#include "worker.h"

static struct {
	bool armed;
	struct tp_capture_shared *shared;
	struct tp_capture *of[TP_MAX_WORKERS];
	unsigned int n, turn;
} arming;

static void capture_install(struct tp_worker_slot *slot, void *arg)
{
	tp_capture_install(&slot->w, arg);
}

static void capture_remove(struct tp_worker_slot *slot, void *arg)
{
	(void)arg;
	tp_capture_remove(&slot->w);
}

void tp_capture_stop(void)
{
	if (arming.armed)
		__atomic_store_n(&arming.shared->left, 0, __ATOMIC_RELAXED);
}

/* What a worker did not give back in time stays its own. */
void tp_capture_disarm(void)
{
	bool late = false;

	if (!arming.armed)
		return;
	for (unsigned int i = 0; i < arming.n; i++) {
		if (tp_worker_ask(i, capture_remove, NULL) == 0)
			tp_capture_free(arming.of[i]);
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

int tp_capture_arm(const struct tp_capture_filter *filter)
{
	int rc = 0;

	if (arming.armed)
		return -EBUSY;
	if (tp_worker_slots_n == 0)
		return -ENOTCONN;
	arming.shared = malloc(sizeof(*arming.shared));
	if (!arming.shared)
		return -ENOMEM;
	*arming.shared = (struct tp_capture_shared){.filter = *filter, .left = (int32_t)filter->count};
	arming.armed = true;
	for (arming.n = 0; rc == 0 && arming.n < tp_worker_slots_n; arming.n += rc == 0) {
		struct tp_capture *c = tp_capture_new(arming.shared);

		arming.of[arming.n] = c;
		rc = c ? tp_worker_ask(arming.n, capture_install, c) : -ENOMEM;
		if (rc < 0)
			tp_capture_free(c); /* the worker never took it */
	}
	if (rc < 0)
		tp_capture_disarm();
	return rc;
}

const struct tp_capture_packet *tp_capture_take(void)
{
	for (unsigned int i = 0; i < arming.n; i++) {
		const struct tp_capture_packet *p = tp_capture_next(arming.of[(arming.turn + i) % arming.n]);

		if (p) {
			arming.turn = (arming.turn + i + 1) % arming.n;
			return p;
		}
	}
	return NULL;
}

uint64_t tp_capture_lost(enum tp_counter reason)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < arming.n; i++)
		sum += __atomic_load_n(&arming.of[i]->lost[reason], __ATOMIC_RELAXED);
	return sum;
}
