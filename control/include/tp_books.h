/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_BOOKS_H
#define TP_BOOKS_H
/*
 * The books: the workers' counters and the ledger's side of them brought together, for every source and in total, and the proof
 * that they balance. See tp_stats.h for the equations.
 *
 * Records that control makes itself (ops.edge.stats.v1) belong to source 0. They never were a packet, so they enter the third
 * equation only: the ledger counts them as `published` when they are put into a batch, and
 *
 *   emitted + alerts + covert_alerts + dead_letters + device_events + published = acknowledged + in flight + spooled + failed
 *
 * The whole account, covert alerts included, is that of a snapshot: for the verdict, the journal and the file of the books. What others are shown is the open
 * account, in which covert alerts are on neither side of an equation, so that it balances as well and nothing in it moves with them.
 *
 * All calls come from the control thread, but for those that say otherwise.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "tp_guard_map.h"
#include "tp_plan.h"
#include "tp_sink.h"
#include "tp_stats.h"

/* One line of the books. */
struct tp_account {
	struct tp_seen seen; /* when it was heard, and its clock; of the total: nothing */
	uint64_t c[TP_COUNTER_COUNT];
	uint64_t acknowledged;
	uint64_t failed[TP_FAILURE_COUNT];
	uint64_t spooled;
	uint64_t published;                                            /* records of control's own; source 0 and total */
	uint64_t covert_acknowledged, covert_failed[TP_FAILURE_COUNT]; /* of those above; 0 in the open account */
	/* Sums by class, derived from the above. `refused` includes `refused_by_decoder`. */
	uint64_t answered, refused, refused_by_decoder, dropped, malformed, failed_sum, emitted_all;
	/* What is between the sides: 0 at the end of an orderly stop. */
	int64_t in_workers; /* received + extra - everything it became */
	int64_t in_flight;  /* emitted_all - acknowledged - failed - spooled */
	/* Differences that must always be 0 once the workers are drained. */
	int64_t decoded_difference;     /* decoded - suppressed - emitted */
	int64_t dead_letter_difference; /* dead_letters + limited + lost - malformed - refused_by_decoder */
};

struct tp_books_snapshot {
	int64_t at_us; /* us since 1970 UTC */
	unsigned int n_sources;
	struct tp_account total;
	struct tp_account *source; /* n_sources; owned by the snapshot */
	uint64_t outstanding;      /* records the sink says it holds */
	uint64_t port_received, port_missed, port_no_mbuf, port_errors;
	uint64_t port_xdp[TP_GUARD_REASON_COUNT]; /* what the XDP programs of the ports decided: never in the equations */
};

/* The ledger's memory, one line a source. Before the sink opens. 0 or -ENOMEM. */
int tp_ledger_init(unsigned int n_sources);
/* Frees it and the pool of control's own batches; all of them must be back. */
void tp_ledger_fini(void);
/* Counts n records of control's own into source 0, when they are put into a batch. */
void tp_ledger_published(unsigned int n);

/*
 * An empty batch of control's own with room for at least `octets` of data, worker number TP_BATCH_OF_CONTROL, from a pool that
 * grows to TP_CONTROL_BATCHES; NULL where all of them are under way or there is no memory. tp_ledger_batch_done() takes it back.
 */
#define TP_CONTROL_BATCHES 16
struct tp_batch *tp_control_batch_take(size_t octets);
/* Gives it back. Called by tp_ledger_batch_done(), and by who took it and has no use for it. */
void tp_control_batch_give_back(struct tp_batch *batch);

/*
 * Reads everything. Counters of the outcome side are read before those of the input side, so that in_workers and in_flight are
 * never negative. 0 or -ENOMEM. The snapshot is the caller's, to be released.
 */
int tp_books_take(struct tp_books_snapshot *snap, unsigned int n_sources, uint64_t outstanding);
void tp_books_release(struct tp_books_snapshot *snap);

/*
 * Open accounts as they are now, without memory of their own; the same order of reading. Also for the admin thread, which reads beside control: the
 * line of one source, and the sum over all of them (about 1,200 octets are read a source and worker).
 */
void tp_books_line(struct tp_account *account, unsigned int source);
void tp_books_sum(struct tp_account *total, unsigned int n_sources);
/* The open account of a whole one. Pure. */
void tp_books_open(struct tp_account *account);

/*
 * Whether every equation holds in every line with nothing left between the sides. Where not, one sentence a difference goes to out
 * (NULL: none).
 */
bool tp_books_balanced(const struct tp_books_snapshot *snap, const struct tp_plan_spec *plan, FILE *out);

/* How a traced record ended (tp_trace.h). */
struct tp_traced_end {
	int64_t at_us; /* wall clock */
	uint32_t trace;
	uint32_t entry;
	uint16_t batch, worker, topic;
	int outcome;       /* TP_DELIVERED or enum tp_failure */
	int32_t partition; /* -1: none */
	int64_t offset;    /* in the partition; -1: not known */
};
/* The oldest end that was not taken; false: none. At most 1,024 are kept. Any thread. */
bool tp_traced_take(struct tp_traced_end *end);

enum tp_books_print {
	TP_BOOKS_INTERVAL, /* while packets move: the busiest sources, no verdict */
	TP_BOOKS_FINAL,    /* after the drain: the same and the verdict, with each difference by name */
};
/*
 * "nobody", or device, lane and site of the source as "device/lane@site"; the unknown senders of a listener are "unknown@site (listener)". text is cut to
 * len octets. Returns text. Any thread.
 */
const char *tp_books_name(const struct tp_plan_spec *plan, unsigned int source, char *text, size_t len);
/* As a table for people, 132 columns. */
void tp_books_print(const struct tp_books_snapshot *snap, const struct tp_plan_spec *plan, enum tp_books_print when, FILE *out);
/* JSON object, as --books writes it; replaces the file as a whole. 0 or -errno. Sources without traffic are left out. */
int tp_books_write_json(const struct tp_books_snapshot *snap, const struct tp_plan_spec *plan, const char *path);

/*
 * ops.edge.stats.v1: a snapshot as records, one for the total and one a source with traffic, in batches of control's own. They
 * go to the topic of the plan that has the kind edge_stats, in its encoding.
 */
struct tp_stats_publisher;
/*
 * appliance: name of this machine, the device and key of the records; NULL: its host name. 0, -ENOMEM, or -ENOENT where the plan
 * has no such topic. The plan must outlive it.
 */
int tp_stats_publisher_new(const struct tp_plan_spec *plan, const char *appliance, struct tp_stats_publisher **publisher);
/*
 * Encodes the snapshot and submits it. Returns how many records were submitted. Where no batch is free (the sink is slow or
 * away) the rest of the snapshot is left out: the next one carries the same counters, further on.
 */
unsigned int tp_stats_publish(struct tp_stats_publisher *publisher, const struct tp_books_snapshot *snap,
        const struct tp_sink_ops *ops, struct tp_sink *sink);
void tp_stats_publisher_free(struct tp_stats_publisher *publisher); /* NULL is fine */

#endif
