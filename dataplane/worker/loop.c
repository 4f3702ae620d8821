/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The loop of a worker: walk the graph, look after what is older than a walk (batches, fragments), sleep only when told to.
 *
 * An orderly stop has three steps, so that nothing is lost between workers: ports are not read any more and incomplete fragments are given up
 * (rx_done); once all workers have come that far, what they handed to each other is finished; then the open batches are sealed (drained).
 */
#include <unistd.h>

#include "batches.h"
#include "mqtt.h"
#include "worker.h"

#define IDLE_WALKS      64    /* walks without a packet before a worker may sleep */
#define PACED_SLEEP_US  1000  /* while a paced worker has to wait for batches to come back */
#define PACED_SLEEPS    4     /* at most, one after the other */
#define HOUSEKEEPING_US 200   /* between looks at the age of batches */
#define FRAGMENTS_US    20000 /* between looks at the age of fragments */

struct loop {
	struct tp_worker_slot *slot;
	uint64_t next_batches, next_fragments; /* TSC */
	uint32_t idle;
};

static void loop_begin_walk(struct tp_worker *w)
{
	if (!w->mqtt || w->mqtt->n_made == 0) /* else messages wait that point into it */
		w->arena.next = w->arena_base;
	w->received = 0;
	w->walk++;
	w->clock_read = false;
	w->stop_rx = __atomic_load_n(&tp_worker_orders.stop_rx, __ATOMIC_ACQUIRE);
}

void tp_worker_walk(struct tp_worker_slot *slot)
{
	if (unlikely(tp_worker_see_mark(slot))) {
		tp_worker_take_view(slot);
		tp_worker_take_guard(slot);
		tp_worker_run_errand(slot);
	}
	loop_begin_walk(&slot->w);
	rte_graph_walk(slot->graph);
	if (slot->w.mqtt)
		tp_mqtt_end_walk(&slot->w);
}

static void loop_housekeeping(struct loop *l, uint64_t now)
{
	struct tp_worker *w = &l->slot->w;

	if (likely(now < l->next_batches))
		return;
	w->now_tsc = now;
	tp_batches_seal(w, false);
	l->next_batches = now + HOUSEKEEPING_US * w->tsc_hz / 1000000;
	if (now < l->next_fragments)
		return;
	tp_fragments_expire(w, false);
	l->next_fragments = now + FRAGMENTS_US * w->tsc_hz / 1000000;
}

static bool loop_nothing_handed_over(const struct tp_worker *w)
{
	for (unsigned int i = 0; i < tp_worker_slots_n; i++) {
		if (!__atomic_load_n(&tp_worker_slots[i]->rx_done, __ATOMIC_ACQUIRE))
			return false;
		if (w->spread_in && w->spread_in[i] && !rte_ring_empty(w->spread_in[i]))
			return false;
	}
	return true;
}

/*
 * Connections are closed as soon as what they sent is answered, for which their records have to be delivered: so batches are sealed as they are.
 * True once none is left.
 */
static bool loop_mqtt_stopped(struct tp_worker_slot *slot)
{
	struct tp_worker *w = &slot->w;

	if (w->mqtt->stopped)
		return true;
	if (slot->rx_done && loop_nothing_handed_over(w))
		tp_mqtt_stop(w);
	tp_batches_seal(w, true);
	return slot->rx_done ? w->mqtt->stopped : true;
}

static void loop_drain(struct tp_worker_slot *slot)
{
	struct tp_worker *w = &slot->w;

	if (w->mqtt && !loop_mqtt_stopped(slot))
		return;
	if (!slot->rx_done) {
		tp_fragments_expire(w, true);
		__atomic_store_n(&slot->rx_done, true, __ATOMIC_RELEASE);
	} else if (!slot->drained && w->received == 0 && loop_nothing_handed_over(w)) {
		tp_batches_seal(w, true);
		__atomic_store_n(&slot->drained, true, __ATOMIC_RELEASE);
	}
}

static void loop_account(struct loop *l, uint64_t began, uint64_t ended)
{
	struct tp_worker_load *load = &l->slot->load;

	load->walks++;
	load->total_cycles += ended - began;
	if (l->slot->w.received) {
		load->busy_cycles += ended - began;
		l->idle = 0;
	} else {
		l->idle++;
	}
}

/* Whether a paced worker that had to wait goes on: three quarters of its batches are free again, so that it works in long stretches. */
static bool loop_may_go_on(const struct tp_worker *w)
{
	return 4 * (w->free_count + rte_ring_count(w->free_batches)) >= 3 * w->n_batches ||
	       __atomic_load_n(&tp_worker_orders.stop_rx, __ATOMIC_RELAXED) ||
	       __atomic_load_n(&tp_worker_orders.stop, __ATOMIC_RELAXED);
}

/*
 * A paced worker (its packets wait in a file) that may not take any has nothing to do until the sink gets on, so it sleeps at once, and for
 * longer; not for so long that its open batches get old. Others poll on for a while.
 */
static void loop_sleep(const struct loop *l, uint32_t sleep_us)
{
	const struct tp_worker *w = &l->slot->w;

	if (w->paced && w->n_workers == 1 && !tp_may_take(w))
		for (int i = 0; i < PACED_SLEEPS && !loop_may_go_on(w); i++)
			usleep(PACED_SLEEP_US);
	else if (sleep_us && l->idle >= IDLE_WALKS)
		usleep(sleep_us);
}

int tp_worker_loop(void *arg)
{
	struct loop l = {.slot = arg};
	uint32_t sleep_us = tp_dataplane()->idle_sleep_us;
	uint64_t began = rte_rdtsc();

	while (!__atomic_load_n(&tp_worker_orders.stop, __ATOMIC_RELAXED)) {
		uint64_t ended;

		tp_worker_walk(l.slot);
		ended = rte_rdtsc();
		loop_account(&l, began, ended);
		began = ended;
		loop_housekeeping(&l, ended);
		if (unlikely(l.slot->w.stop_rx))
			loop_drain(l.slot);
		if (unlikely(l.idle))
			loop_sleep(&l, sleep_us);
	}
	return 0;
}
