/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_BATCH_H
#define TP_BATCH_H
/*
 * The batch: the unit of everything behind the worker. A worker owns it while it is open, appends encoded records, seals it by size or
 * age and hands it over through its channel; then control owns it until its last record is acknowledged or given up, and gives it
 * back through the same channel. There is never a copy and never a lock.
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
	uint8_t reserved[3];
};

struct tp_batch {
	/* Set once, when the pool is made. */
	uint16_t worker;
	uint32_t capacity;       /* octets of data */
	uint32_t entry_capacity; /* entries */
	uint8_t *data;
	struct tp_batch_entry *entries;
	/* Worker: rw while open; control: ro after. */
	uint16_t topic;     /* index into plan->topics */
	uint32_t count;     /* entries used */
	uint32_t used;      /* octets of data used */
	uint64_t opened_at; /* TSC */
	/* Control: rw after the hand-over, worker: never. */
	uint32_t outstanding; /* entries without a delivery report */
	uint32_t next;        /* first entry not yet given to the sink */
	void *sink_data;
};

#endif
