/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_WAITER_H
#define TP_WAITER_H
/*
 * Who waits for what a message became. A message of QoS 1 or 2 has one waiter; every record made of it (raw, alerts, dead letter) carries
 * its index into a batch. When the last of them has ended, the waiter is ready, and the gateway answers in the order of its connection.
 *
 * Worker only. Index 0 is nobody: the records of datagrams and of QoS 0.
 */
#include <stdbool.h>
#include <stdint.h>

#define TP_NOBODY_WAITS 0

struct tp_waiter {
	uint32_t open;  /* records that have not ended, and one while the message is on its way through the graph */
	uint16_t made;  /* records made: 0 at the end means that the message became nothing, which is a failure */
	uint8_t failed; /* one of them was given up */
	uint8_t owned;  /* taken */
};

struct tp_waiters {
	struct tp_waiter *list; /* count entries, 0 unused */
	uint32_t count;
	uint32_t *ready; /* indices whose open has come to 0, in that order; count entries */
	uint32_t n_ready;
};

/* A record of waiter i went into a batch. */
static inline void tp_waiter_made(struct tp_waiters *w, uint32_t i)
{
	w->list[i].open++;
	w->list[i].made++;
}

/* One that was counted in `open` ended. */
static inline void tp_waiter_ended(struct tp_waiters *w, uint32_t i, bool failed)
{
	struct tp_waiter *waiter = &w->list[i];

	waiter->failed |= failed;
	if (--waiter->open == 0)
		w->ready[w->n_ready++] = i;
}

/* A record of waiter i could not be made: the message must not be acknowledged. */
static inline void tp_waiter_lost(struct tp_waiters *w, uint32_t i)
{
	w->list[i].failed = 1;
}

#endif
