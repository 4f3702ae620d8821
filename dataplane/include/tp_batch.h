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
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct tp_batch_entry {
	int64_t timestamp_ms; /* Kafka timestamp: arrival, ms since 1970 UTC */
	uint32_t value_off;   /* of the value in data; the key ends there */
	uint32_t value_len;   /* octets */
	uint16_t key_len;     /* octets; key at value_off - key_len */
	uint16_t source;      /* index into plan->sources, for the books */
	uint8_t kind;         /* enum tp_kind */
	uint8_t failed;       /* control: it was given up; 0 while it has not ended and where it was delivered */
	bool covert;          /* an alert that nobody is told of but by itself */
	uint32_t headers_len; /* octets behind the value: headers of the record, see tp_batch_header_next() */
};

/* A record somebody waits for (tp_waiter.h). */
struct tp_batch_waiter {
	uint32_t entry;
	uint32_t waiter;
};

/* A record that is traced (tp_trace.h). */
#define TP_BATCH_TRACED 64
struct tp_batch_traced {
	uint32_t entry;
	uint32_t trace;
};

struct tp_batch {
	/* Set once, when the pool is made. */
	uint16_t worker;
	uint16_t index;          /* among those of the worker */
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
	bool headers;     /* some entry has headers */
	bool covert;      /* some entry is covert */
	uint16_t bucket;  /* of partitions: records of one batch go to partitions of one bucket, see node/batches.h */
	uint8_t n_traced; /* records whose end is to be reported */
	/* Control: rw after the hand-over, worker: never. */
	uint32_t outstanding; /* entries without a delivery report */
	uint32_t next;        /* first entry not yet given to the sink */
	void *sink_data;
	struct tp_batch_traced traced[TP_BATCH_TRACED]; /* worker: w while open */
};

/*
 * Headers are pairs of name and value, each with its length in front, two octets as the processor has them. False at the end; *at starts at 0.
 */
static inline bool tp_batch_header_next(const struct tp_batch *batch, const struct tp_batch_entry *e, uint32_t *at,
        const uint8_t **name, uint16_t *name_n, const uint8_t **value, uint16_t *value_n)
{
	const uint8_t *p = batch->data + e->value_off + e->value_len + *at;

	if (*at >= e->headers_len)
		return false;
	memcpy(name_n, p, 2);
	*name = p + 2;
	memcpy(value_n, *name + *name_n, 2);
	*value = *name + *name_n + 2;
	*at += 4U + *name_n + *value_n;
	return true;
}

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
