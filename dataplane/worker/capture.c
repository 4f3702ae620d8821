/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Control's side of a capture (arming.h): a ring for each worker; see node/capture.h for what workers do. Beside them stand the XDP programs of the ports, whose
 * packets are taken in turns with those of the workers and count as theirs do.
 */
#include "capture.h"

#include <stdlib.h>
#include <string.h>

#include "arming.h"
#include "packet_guard.h"
#include "port.h"
#include "tp_clock.h"

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

/* ---- XDP programs ---------------------------------------------------------------------------------------------------------------- */
static struct {
	uint32_t reasons;                /* bits of those that are captured */
	int32_t left;                    /* packets that may still be captured when workers capture no more */
	bool turn;                       /* it is theirs */
	uint64_t lost[TP_COUNTER_COUNT]; /* told, and not captured */
	union {
		struct tp_capture_packet packet; /* the one taken last */
		uint8_t room[sizeof(struct tp_capture_packet) + TP_GUARD_SNAP];
	};
} capture_xdp;

static uint32_t capture_xdp_reasons(const struct tp_capture_filter *filter)
{
	uint32_t reasons = 0;

	for (uint32_t i = 0; i < TP_GUARD_REASON_COUNT; i++)
		if (tp_guard_counter(i) < TP_COUNTER_COUNT && filter->reason[tp_guard_counter(i)])
			reasons |= UINT32_C(1) << i;
	return reasons;
}

/* One of those that may be captured, whose number workers and programs share. */
static bool capture_xdp_wanted(struct tp_capture_shared *shared)
{
	if (__atomic_load_n(&shared->left, __ATOMIC_RELAXED) > 0 && __atomic_fetch_sub(&shared->left, 1, __ATOMIC_RELAXED) > 0)
		return true;
	return capture_xdp.left > 0 && capture_xdp.left-- > 0;
}

static void capture_xdp_fill(const struct tp_capture_shared *shared, unsigned int port, const struct tp_guard_event *event)
{
	struct tp_capture_packet *p = &capture_xdp.packet;

	*p = (struct tp_capture_packet){
	        .at_us = tp_clock_us(CLOCK_REALTIME) - tp_clock_us(CLOCK_MONOTONIC) + (int64_t)(event->at / 1000),
	        .n = event->n,
	        .kept = RTE_MIN(event->kept, shared->filter.snap),
	        .reason = (uint16_t)tp_guard_counter(event->reason),
	        .stage = TP_CAPTURE_NO_STAGE,
	        .port = tp_ports[port].id,
	        .listener = TP_NO_LISTENER,
	        .xdp = (int16_t)port,
	        .queue = event->queue};
	memcpy(p->octets, event->octets, p->kept);
}

/* The next one that the programs have told of; what may not be captured any more is counted. */
static const struct tp_capture_packet *capture_xdp_take(struct tp_capture_shared *shared)
{
	struct tp_guard_event event;
	unsigned int port;

	while (tp_ports_event(TP_GUARD_CAPTURE, &port, &event)) {
		if (!(capture_xdp.reasons & UINT32_C(1) << event.reason))
			continue;
		if (capture_xdp_wanted(shared)) {
			capture_xdp_fill(shared, port, &event);
			return &capture_xdp.packet;
		}
		capture_xdp.lost[tp_guard_counter(event.reason)]++;
	}
	return NULL;
}

static uint64_t capture_xdp_lost(enum tp_counter counter)
{
	uint64_t sum = capture_xdp.lost[counter];

	for (uint32_t i = 0; i < TP_GUARD_REASON_COUNT; i++)
		if ((capture_xdp.reasons & UINT32_C(1) << i) && tp_guard_counter(i) == counter)
			sum += tp_ports_unseen(TP_GUARD_CAPTURE, (enum tp_guard_reason)i);
	return sum;
}

/* ---- all of them --------------------------------------------------------------------------------------------------------------- */
int tp_capture_arm(const struct tp_capture_filter *filter)
{
	struct tp_capture_shared *shared = malloc(sizeof(*shared));
	int rc;

	if (shared)
		*shared = (struct tp_capture_shared){.filter = *filter, .left = (int32_t)filter->count};
	rc = tp_arming_arm(&capture_arming, shared);
	if (rc < 0)
		return rc;
	memset(&capture_xdp, 0, sizeof(capture_xdp));
	capture_xdp.reasons = capture_xdp_reasons(filter);
	rc = tp_ports_watch(TP_GUARD_CAPTURE, &(struct tp_xdp_watch){.reasons = capture_xdp.reasons});
	if (rc < 0)
		tp_arming_disarm(&capture_arming);
	return rc;
}

void tp_capture_stop(void)
{
	struct tp_capture_shared *shared = capture_arming.shared;
	int32_t left;

	if (!shared)
		return;
	tp_ports_unwatch(TP_GUARD_CAPTURE);
	left = __atomic_exchange_n(&shared->left, 0, __ATOMIC_RELAXED);
	capture_xdp.left += RTE_MAX(left, 0);
}

void tp_capture_disarm(void)
{
	tp_ports_unwatch(TP_GUARD_CAPTURE);
	tp_arming_disarm(&capture_arming);
}

const struct tp_capture_packet *tp_capture_take(void)
{
	const struct tp_capture_packet *packet = NULL;

	if (!capture_arming.shared)
		return NULL;
	capture_xdp.turn = !capture_xdp.turn;
	if (capture_xdp.turn)
		packet = capture_xdp_take(capture_arming.shared);
	if (!packet)
		tp_arming_take(&capture_arming, &packet);
	if (!packet && !capture_xdp.turn)
		packet = capture_xdp_take(capture_arming.shared);
	return packet;
}

uint64_t tp_capture_lost(enum tp_counter reason)
{
	uint64_t sum = capture_xdp_lost(reason);

	for (unsigned int i = 0; i < capture_arming.n; i++)
		sum += __atomic_load_n(&((const struct tp_capture *)capture_arming.own[i])->lost[reason], __ATOMIC_RELAXED);
	return sum;
}
