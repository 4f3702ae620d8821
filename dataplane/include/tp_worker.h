/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_WORKER_H
#define TP_WORKER_H
/*
 * Workers as control sees them: start, stop, their counters, and the channel through which batches travel. No DPDK type shows.
 *
 * Life: tp_workers_start -> (traffic) -> tp_workers_stop_rx -> tp_workers_drain until true -> tp_workers_stop. Control thread.
 */
#include <stdbool.h>
#include <stdint.h>

#include "tp_batch.h"
#include "tp_plan.h"
#include "tp_port.h"
#include "tp_stats.h"

/* Builds one graph a worker and launches them. Returns 0 or -errno with a sentence in err. After tp_dataplane_init(). */
int tp_workers_start(const struct tp_plan *plan, char *err, size_t err_len);
/* Workers stop taking packets from ports, finish what they hold, give up incomplete fragments, and seal their batches. */
void tp_workers_stop_rx(void);
/* True once every worker has done so and nothing is left in spread rings. Control keeps taking batches meanwhile. */
bool tp_workers_drained(void);
/* Ends the worker threads. Open batches must have been drained. */
void tp_workers_stop(void);

unsigned int tp_workers_count(void);

/*
 * For what workers read through a pointer and control replaces: store the new pointer (release), then take a mark. What was there before may be freed
 * once tp_workers_passed(mark) is true: every worker has begun a walk since. Also true where no worker runs. Control thread.
 */
uint64_t tp_workers_mark(void);
bool tp_workers_passed(uint64_t mark);

/*
 * A new plan under traffic. A view is a plan with what workers need of their own for it (pattern scratch, tables); made by any thread, before it is published.
 * What is the same in both plans has the same index: listeners, sources, topics, MQTT listeners. The plan must outlive the view. 0 or -ENOMEM.
 */
struct tp_worker_view;
int tp_worker_view_new(const struct tp_plan *plan, unsigned int n_workers, struct tp_worker_view **view);
void tp_worker_view_free(struct tp_worker_view *view); /* NULL is fine */
/*
 * Workers take the view, which is theirs from now on, as their next walk begins. Returns the one before, which is the caller's: it, its plan and what they point to may be
 * freed once tp_workers_settled() is true, and no earlier may the next one be set. Control thread.
 */
struct tp_worker_view *tp_workers_set_view(struct tp_worker_view *view);
/*
 * Hits of a group of this database (tp_pattern.h) on all workers since it was compiled; 0 where the workers are given another one just now. Control; admin while it
 * holds the view of control, which keeps the database and the counts.
 */
struct tp_pattern_db;
uint64_t tp_workers_pattern_hits(const struct tp_pattern_db *db, uint32_t group);
/*
 * The same of all groups at once, into hits[tp_pattern_groups(db)], for who must not take a moment at which some workers have not brought their counts along yet
 * for a new beginning: false, and nothing of use in hits, while they take a view over.
 */
bool tp_workers_pattern_count(const struct tp_pattern_db *db, uint64_t *hits);
/*
 * Every worker has the view that was set last, and nothing is on its way that was begun with the one before; ask again until then. What a plan does not have any more
 * can give its index to something else only after that. Control thread.
 */
bool tp_workers_settled(void);
/*
 * No worker has a connection of that MQTT listener (index into mqtt_listeners), nor a will of one. It stays so where all workers know the listener as retired, so for one that
 * is retired in the view set last ask once that has settled. Control thread.
 */
bool tp_workers_mqtt_deserted(unsigned int listener);

/* The next sealed batch of that worker, or NULL. One thread only (the sink's), lock-free. */
struct tp_batch *tp_channel_take(unsigned int worker);
/* Gives a batch back to the worker it came from. The same thread as tp_channel_take. Never fails: the ring holds all batches. */
void tp_channel_give_back(struct tp_batch *batch);

/* ---- MQTT ------------------------------------------------------------------------------------------------------------------- */
#define TP_MQTT_LOGINS 1024 /* of a worker on their way to control, and verdicts on their way back */
/* The next login of that worker to be checked; false: none. Control, one thread, lock-free. */
bool tp_mqtt_login_take(unsigned int worker, struct tp_mqtt_login *login);
/* False where the worker has not taken earlier ones yet: try again. The same thread. */
bool tp_mqtt_login_answer(unsigned int worker, const struct tp_mqtt_verdict *verdict);
/*
 * How many partitions a topic (index into the plan's topics) has, as soon as the sink knows: batches are then kept apart by them, so that a partition whose leader
 * is gone holds back only its own devices. Control, any time.
 */
void tp_topic_partitions_set(uint16_t topic, uint32_t partitions);
/* Octets that TCP and MQTT take on all workers, and what one connection more would take. Pure. */
uint64_t tp_workers_mqtt_memory(const struct tp_dataplane_spec *spec, uint64_t *per_connection);

/* The books: counters move while they are read; each is read whole. Any thread. */

/* Sum over the workers of one counter of one source, relaxed loads. */
uint64_t tp_book_sum(unsigned int source, enum tp_counter counter);
/* Adds all counters of one source, of all workers, to c[TP_COUNTER_COUNT]: each read on all workers before the one above it in tp_stats.h, so that what came in
 * is read last. Relaxed loads. */
void tp_book_add(unsigned int source, uint64_t *c);
/* When the workers heard a source, and its clock; last_us 0: never. Relaxed loads. */
void tp_book_seen(unsigned int source, struct tp_seen *seen);

struct tp_worker_load {
	uint64_t busy_cycles;  /* in walks that found packets */
	uint64_t total_cycles; /* since start */
	uint64_t walks;
};
void tp_worker_load(unsigned int worker, struct tp_worker_load *load);
/* What a node cost since the start, from the graph's own statistics. */
struct tp_node_cost {
	char name[64];
	uint64_t calls, objects, cycles;
};
/* Fills at most max entries, returns how many nodes there are. Control and admin. */
unsigned int tp_workers_node_costs(struct tp_node_cost *costs, unsigned int max);

#endif
