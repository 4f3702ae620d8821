/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_WORKER_PRIVATE_H
#define TP_WORKER_PRIVATE_H
/* What the files of worker/ share. */
#include "node.h"
#include "tp_worker.h"

struct tp_worker_slot;

/* What another thread asks of a worker, see errand.c. */
struct tp_errand {
	void (*run)(struct tp_worker_slot *slot, void *arg);
	void *arg;
	uint32_t state;
};

/* A worker with what only its loop and control need. */
struct tp_worker_slot {
	struct tp_worker w;
	struct rte_graph *graph;
	rte_graph_t graph_id;
	unsigned int lcore;
	struct tp_batch *batches;
	uint8_t *batch_data;
	struct tp_batch_entry *batch_entries;
	struct tp_batch_waiter *batch_waiters; /* NULL: nobody waits */
	/* worker: rw, control: ro */
	struct tp_worker_load load;
	uint64_t mark;                     /* the last one it saw when a walk began */
	const struct tp_worker_view *view; /* what it works from */
	/* control: rw, worker: ro, looked at when the mark has moved */
	const struct tp_worker_view *next_view;
	struct tp_errand errand;
	bool rx_done;
	bool drained;
} __rte_cache_aligned;

/* A plan, and what workers need of their own to work from it. Made by control, immutable but for the scratch, which is its worker's. */
struct tp_worker_view {
	const struct tp_plan *plan;
	const struct tp_plan_spec *spec;
	struct tp_pattern_scratch *scratch[TP_MAX_WORKERS]; /* NULL: no patterns */
	struct mqtt_routes *routes;
	uint8_t decoder_of[TP_MAX_LISTENERS];
	struct tp_format formats[TP_MAX_DECODERS];
};

/* Orders from control to all workers, read once a walk. */
struct tp_worker_orders {
	uint64_t mark; /* tp_workers_mark() */
	bool stop_rx;
	bool stop;
};

extern struct tp_worker_slot *tp_worker_slots[TP_MAX_WORKERS];
extern unsigned int tp_worker_slots_n;
extern struct tp_worker_orders tp_worker_orders;
extern struct tp_worker_view *tp_workers_view; /* control: the one published last */

/* graph.c: clones nodes, joins edges and makes the graph of each worker. 0 or -errno with a sentence in err. */
int tp_graphs_make(char *err, size_t err_len);
void tp_graphs_destroy(void);
/* mqtt.c: what a worker needs for TCP and MQTT, and the rings between workers. 0 or -errno. */
int tp_worker_make_mqtt(struct tp_worker *w);
void tp_worker_free_mqtt(struct tp_worker *w);
int tp_workers_make_notes(void);
/* loop.c: the body of a worker thread; arg is its slot. */
int tp_worker_loop(void *arg);
/* Where a walk begins: nothing is held of the one before (mark.c). True where control has moved the mark since. */
static inline bool tp_worker_see_mark(struct tp_worker_slot *slot)
{
	uint64_t mark = __atomic_load_n(&tp_worker_orders.mark, __ATOMIC_ACQUIRE);

	if (likely(mark == slot->mark))
		return false;
	__atomic_store_n(&slot->mark, mark, __ATOMIC_RELEASE);
	return true;
}
/* view.c: the view that control has published, where it is another one. Between walks. */
void tp_worker_take_view(struct tp_worker_slot *slot);
/* guard.c: the same for the rules of the guard. */
void tp_worker_take_guard(struct tp_worker_slot *slot);
/* Frees the rules, when no worker is left. */
void tp_worker_guard_free(void);
/*
 * errand.c: has the worker run a short function between two walks, and waits for it. 0; -ETIMEDOUT: it did not come to it within a second, and will not
 * run it. Any thread but a worker's.
 */
int tp_worker_ask(unsigned int worker, void (*run)(struct tp_worker_slot *slot, void *arg), void *arg);
void tp_worker_run_errand(struct tp_worker_slot *slot);
/* One walk of its graph, and what belongs to the end of one. */
void tp_worker_walk(struct tp_worker_slot *slot);

#endif
