/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_SINK_H
#define TP_SINK_H
/*
 * Where batches go. A sink takes a sealed batch, delivers each of its records, tells the ledger how each one ended, and gives
 * the batch back when the last one has. Kafka, files and nothing are sinks; a sink is one file that ends with its struct
 * tp_sink_ops.
 *
 * All calls come from the control thread.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tp_batch.h"
#include "tp_plan.h"

struct tp_sink;
struct tp_conf;

/* Why a record was given up. X(name, help). A counter a source; `failed` of the books by reason. */
#define TP_FAILURES(X)                                                                                                             \
	X(timed_out, "Not acknowledged within the delivery time-out")                                                              \
	X(too_large, "Refused by the broker as too large")                                                                         \
	X(topic_missing, "The topic does not exist and may not be created")                                                        \
	X(not_authorized, "The broker does not allow it")                                                                          \
	X(purged, "Not acknowledged when the time to stop was over")                                                               \
	X(write_error, "The file could not be written")                                                                            \
	X(broker_error, "Any other permanent error of the broker")
#define TP_FAILURE_ENUM(name, help) TP_FAILURE_##name,
enum tp_failure { TP_FAILURES(TP_FAILURE_ENUM) TP_FAILURE_COUNT, TP_DELIVERED = -1 };
extern const char *const tp_failure_names[TP_FAILURE_COUNT];
extern const char *const tp_failure_helps[TP_FAILURE_COUNT];

/* How the other side is, as far as the sink knows. */
struct tp_sink_state {
	int reachable; /* 1 yes, 0 no (files: one could not be written lately), -1 not known: it has no other side, or has not looked yet */
	uint32_t brokers, brokers_up;      /* that it knows, and has a connection to: it connects where it has something to send */
	uint32_t rtt_us;                   /* mean round trip of requests lately; 0: not known */
	uint64_t queued;                   /* records handed to the client library */
	uint64_t sent_records, sent_bytes; /* since the start */
	int64_t error_at_us;               /* us since 1970 UTC; 0: no error yet */
	char error[256];                   /* the last one */
};

struct tp_sink_ops {
	const char *name; /* value of sink.type and --sink */
	/*
	 * Opens it; checks what can be checked: the broker answers, topics exist or are created, the folder is writable. 0 or -errno with
	 * a sentence in err.
	 */
	int (*open)(const struct tp_conf *conf, const struct tp_plan_spec *plan, struct tp_sink **sink, char *err, size_t err_len);
	/* Takes over a batch. Never blocks; what the sink cannot take now it keeps and goes on with in poll(). */
	void (*submit)(struct tp_sink *sink, struct tp_batch *batch);
	/* Moves things on: delivery reports, retries, fsync. Waits at most timeout_ms. Returns how many records ended in this call. */
	unsigned int (*poll)(struct tp_sink *sink, int timeout_ms);
	/* Records submitted that have not ended. */
	uint64_t (*outstanding)(const struct tp_sink *sink);
	/* True while the sink would rather not be given more (its queue is full). */
	bool (*busy)(const struct tp_sink *sink);
	/* May be NULL. Called some times a second; cheap. */
	void (*state)(const struct tp_sink *sink, struct tp_sink_state *state);
	/* Gives up everything outstanding as `purged`. */
	void (*purge)(struct tp_sink *sink);
	void (*close)(struct tp_sink *sink);
};

extern const struct tp_sink_ops *const tp_sinks[]; /* NULL-terminated */
const struct tp_sink_ops *tp_sink_by_name(const char *name);

/*
 * How a record ended, for the books. A sink calls tp_ledger_record() once a record, or tp_ledger_batch_delivered() once for a whole
 * batch, and tp_ledger_batch_done() once a batch, after its last record. Defined in control/books/ledger.c.
 */
void tp_ledger_record(uint16_t source, int outcome /* TP_DELIVERED or enum tp_failure */);
void tp_ledger_covert(uint16_t source, int outcome); /* instead, where the entry is covert */
/* All records of the batch are delivered. */
void tp_ledger_batch_delivered(const struct tp_batch *batch);
/* The batch is no longer needed: back to its worker's channel, or to control's pool where batch->worker is TP_BATCH_OF_CONTROL. */
void tp_ledger_batch_done(struct tp_batch *batch);

/*
 * How a traced record ended, where batch->n_traced is not 0: called before the batch goes back. partition and offset: -1 where the sink has none or does not
 * know. tp_ledger_batch_delivered() does it itself.
 */
void tp_ledger_traced(const struct tp_batch *batch, uint32_t entry, int outcome, int32_t partition, int64_t offset);

/* The worker number of batches that control fills itself (see tp_books.h). */
#define TP_BATCH_OF_CONTROL 0xffff

#endif
