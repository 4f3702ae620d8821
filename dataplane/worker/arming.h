/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_WORKER_ARMING_H
#define TP_WORKER_ARMING_H
/*
 * What control arms on all workers for a while, a trace or a capture: memory for each of them and what they share, made when it is armed, taken and given back by
 * errands. A worker that is late to give its own back keeps it, and what is shared is then kept too: memory that is lost is better than memory that is
 * used by two. What is armed next has its own.
 *
 * Control's side; one thread at a time.
 */
#include "worker.h"

struct tp_arming_ops {
	void *(*make)(struct tp_worker_slot *slot, void *shared); /* for a worker, or NULL */
	void (*free)(void *own);
	/* Errands. */
	void (*install)(struct tp_worker_slot *slot, void *own);
	void (*remove)(struct tp_worker_slot *slot, void *own);
	/* Has workers do nothing more with it, those too that are late. Control. */
	void (*stop)(void *shared);
	/* Puts the next thing that a worker has told of into `to`; false: none. */
	bool (*next)(void *own, void *to);
};

struct tp_arming {
	const struct tp_arming_ops *ops;
	void *shared; /* NULL: not armed */
	void *own[TP_MAX_WORKERS];
	unsigned int n, turn;
};

/*
 * Arms it on all workers. shared: of malloc(), taken over, also where it fails; NULL: there was no memory. 0; -EBUSY: it is armed; -ENOTCONN: no worker runs; -ENOMEM;
 * -ETIMEDOUT: a worker did not take it within a second. Where it fails nothing is armed.
 */
int tp_arming_arm(struct tp_arming *a, void *shared);
/* Back to how it was. What was not taken is gone. Fine where it is not armed. */
void tp_arming_disarm(struct tp_arming *a);
/* The next thing of any worker, one worker after the other, so that none of them waits for a busy one; false: none. */
bool tp_arming_take(struct tp_arming *a, void *to);

#endif
