/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_BATCH_H
#define TP_BATCH_H
/*
 * The batch: the unit of everything behind the worker. A worker owns it while it is open, appends encoded records, seals it by size or
 * age and hands it over through its channel; then control owns it until its last record is acknowledged or given up, and gives it
 * back through the same channel, having marked the records that failed; who waits for one is told then. There is never a copy and never a lock.
 *
 *   data     | key | value | key | value | ...      keys and values back to back, each value behind its key
 *   entries  one a record, in order of arrival
 */
#include <stdint.h>

struct tp_batch_entry {
	int64_t timestamp_ms; /* Kafka timestamp: arrival, ms since 1970 UTC */
	uint32_t value_off;   /* of the value in data; the key ends there */
	uint32_t value_len;   /* octets */
	uint16_t key_len;     /* octets; key at value_off - key_len */
	uint16_t source;      /* index into plan->sources, for the books */
	uint8_t kind;         /* enum tp_kind */
	uint8_t failed;       /* control: it was given up; 0 while it has not ended and where it was delivered */
	uint8_t reserved[2];
};

/* A record somebody waits for (tp_waiter.h). */
struct tp_batch_waiter {
	uint32_t entry;
	uint32_t waiter;
};

struct tp_batch {
	/* Set once, when the pool is made. */
	uint16_t worker;
	uint32_t capacity;       /* octets of data */
	uint32_t entry_capacity; /* entries */
	uint8_t *data;
	struct tp_batch_entry *entries;
	struct tp_batch_waiter *waiters; /* entry_capacity; NULL: nobody ever waits on this worker */
	/* Worker: rw while open; control: ro after. */
	uint16_t topic;     /* index into plan->topics */
	uint32_t count;     /* entries used */
	uint32_t used;      /* octets of data used */
	uint64_t opened_at; /* TSC */
	uint32_t n_waiters;
	uint16_t bucket; /* of partitions: records of one batch go to partitions of one bucket, see node/batches.h */
	/* Control: rw after the hand-over, worker: never. */
	uint32_t outstanding; /* entries without a delivery report */
	uint32_t next;        /* first entry not yet given to the sink */
	void *sink_data;
};

/* The entry whose value begins there; entries lie in the order of their values. */
static inline struct tp_batch_entry *tp_batch_entry_of(const struct tp_batch *batch, uint32_t value_off)
{
	uint32_t low = 0, high = batch->count;

	while (low + 1 < high) {
		uint32_t middle = low + (high - low) / 2;

		if (batch->entries[middle].value_off <= value_off)
			low = middle;
		else
			high = middle;
	}
	return &batch->entries[low];
}

#endif
