/* SPDX-License-Identifier: BSD-3-Clause */
/* Control's side of a capture (arming.h): a ring for each worker; see node/capture.h for what workers do. */
#include "capture.h"

#include <stdlib.h>

#include "arming.h"

/* ---- a worker's own ------------------------------------------------------------------------------------------------------------ */
static void *capture_make(struct tp_worker_slot *slot, void *shared)
{
	(void)slot;
	return tp_capture_new(shared);
}

static void capture_free(void *own)
{
	tp_capture_free(own);
}

static void capture_install(struct tp_worker_slot *slot, void *own)
{
	tp_capture_install(&slot->w, own);
}

static void capture_remove(struct tp_worker_slot *slot, void *own)
{
	(void)own;
	tp_capture_remove(&slot->w);
}

static void capture_stop(void *shared)
{
	__atomic_store_n(&((struct tp_capture_shared *)shared)->left, 0, __ATOMIC_RELAXED);
}

static bool capture_next(void *own, void *to)
{
	const struct tp_capture_packet **packet = to;

	*packet = tp_capture_next(own);
	return *packet != NULL;
}

static const struct tp_arming_ops capture_ops = {.make = capture_make,
        .free = capture_free,
        .install = capture_install,
        .remove = capture_remove,
        .stop = capture_stop,
        .next = capture_next};
static struct tp_arming capture_arming = {.ops = &capture_ops};

/* ---- all of them --------------------------------------------------------------------------------------------------------------- */
int tp_capture_arm(const struct tp_capture_filter *filter)
{
	struct tp_capture_shared *shared = malloc(sizeof(*shared));

	if (shared)
		*shared = (struct tp_capture_shared){.filter = *filter, .left = (int32_t)filter->count};
	return tp_arming_arm(&capture_arming, shared);
}

void tp_capture_stop(void)
{
	if (capture_arming.shared)
		capture_stop(capture_arming.shared);
}

void tp_capture_disarm(void)
{
	tp_arming_disarm(&capture_arming);
}

const struct tp_capture_packet *tp_capture_take(void)
{
	const struct tp_capture_packet *packet = NULL;

	tp_arming_take(&capture_arming, &packet);
	return packet;
}

uint64_t tp_capture_lost(enum tp_counter reason)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < capture_arming.n; i++)
		sum += __atomic_load_n(&((const struct tp_capture *)capture_arming.own[i])->lost[reason], __ATOMIC_RELAXED);
	return sum;
}
