/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_BATCHES_H
#define TP_BATCHES_H
/*
 * The batches of a worker. It has at most one open batch a topic and bucket. A bucket is a set of partitions: a partition whose leader is gone keeps
 * its batches for as long as the delivery time-out, and must not keep the records of the others with them. One bucket may therefore
 * have no more batches with control than are free: half of them where one bucket is slow, a third each where two are, so that the others
 * always find some. Where nobody waits for records, there is one bucket only.
 *
 * A batch is sealed when the next record might not fit or when it gets old, and goes to control through a ring; free ones come back through another
 * and are used again last in, first out. Worker only.
 */
#include "node.h"
#include "tp_murmur2.h"

/* Partitions of each topic as control has seen them, by index into the plan's topics; 0: not known. control: w, workers: r, relaxed. */
extern uint32_t tp_topic_partitions[TP_MAX_TOPICS];

/* The bucket that a key of that topic belongs to: the same between two tp_batches_seal(). */
static inline uint16_t tp_batch_bucket(const struct tp_worker *w, uint16_t topic, struct tp_slice key)
{
	uint32_t partitions;

	if (likely(w->n_buckets == 1))
		return 0;
	partitions = w->partitions[topic];
	return partitions ? (uint16_t)((tp_murmur2(key.p, key.n) & 0x7fffffff) % partitions % w->n_buckets) : 0;
}

/* Batches that are free, here or on their way back. */
static inline uint32_t tp_batches_free(const struct tp_worker *w)
{
	return w->free_count + rte_ring_count(w->free_batches);
}

/* Whether records of that bucket would find so many batches more, beside those that are open. */
static inline bool tp_batch_bucket_open(const struct tp_worker *w, uint16_t bucket, uint32_t more)
{
	return w->n_buckets == 1 || w->under_way[bucket] + more <= tp_batches_free(w);
}

struct tp_batch *tp_batch_next(struct tp_worker *w, uint16_t topic, uint16_t bucket, size_t need, int *error);

/*
 * The open batch of the topic and the key's bucket with room for `need` octets. NULL with *error set: -ENOBUFS where no batch is free or the bucket has its share,
 * -EMSGSIZE where the record is larger than a batch.
 */
static inline struct tp_batch *tp_batch_room(struct tp_worker *w, uint16_t topic, struct tp_slice key, size_t need, int *error)
{
	uint16_t bucket = tp_batch_bucket(w, topic, key);
	struct tp_batch *b = w->open[topic * w->n_buckets + bucket];

	if (likely(b && b->capacity - b->used >= need && b->count < b->entry_capacity))
		return b;
	return tp_batch_next(w, topic, bucket, need, error);
}

/* The record that was appended last has somebody who waits for it. */
static inline void tp_batch_wait(struct tp_worker *w, struct tp_batch *b, uint32_t waiter)
{
	if (likely(waiter == TP_NOBODY_WAITS))
		return;
	b->waiters[b->n_waiters++] = (struct tp_batch_waiter){.entry = b->count - 1, .waiter = waiter};
	tp_waiter_made(w->waiters, waiter);
}

/* A record could not be made. */
static inline void tp_record_lost(struct tp_worker *w, const struct tp_record *rec)
{
	if (unlikely(rec->waiter != TP_NOBODY_WAITS))
		tp_waiter_lost(w->waiters, rec->waiter);
}

/* Takes back batches that control has done with; who waits for their records is told. */
void tp_batches_take_back(struct tp_worker *w);
/*
 * Seals open batches that are older than the plan's age (all of them where `all`), and those of a topic whose number of partitions has changed: its keys
 * get other buckets then, and what came before must not stay behind in the old ones. Between walks.
 */
void tp_batches_seal(struct tp_worker *w, bool all);

#endif
