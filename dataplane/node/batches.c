/* SPDX-License-Identifier: BSD-3-Clause */
/* See batches.h. */
#include "batches.h"

#include <errno.h>

#include "trace.h"

uint32_t tp_topic_partitions[TP_MAX_TOPICS];

static void batches_seal_one(struct tp_worker *w, struct tp_batch **open)
{
	if (unlikely(w->trace))
		w->trace->told->sealed(w->trace, (uint32_t)(open - w->open));
	w->under_way[(*open)->bucket]++;
	/* The ring holds every batch there is: this cannot fail. */
	rte_ring_sp_enqueue(w->sealed, *open);
	*open = NULL;
}

/* ---- back from control ------------------------------------------------------------------------------------------------------- */
static void batches_tell(struct tp_worker *w, const struct tp_batch *b)
{
	for (uint32_t i = 0; i < b->n_waiters; i++)
		tp_waiter_ended(w->waiters, b->waiters[i].waiter, b->entries[b->waiters[i].entry].failed);
}

void tp_batches_take_back(struct tp_worker *w)
{
	uint32_t n = rte_ring_sc_dequeue_burst(
	        w->free_batches, (void **)w->free_stack + w->free_count, w->n_batches - w->free_count, NULL);

	for (uint32_t i = 0; i < n; i++) {
		struct tp_batch *b = w->free_stack[w->free_count + i];

		w->under_way[b->bucket]--;
		batches_tell(w, b);
	}
	w->free_count += n;
}

/*
 * Alerts and dead letters follow a message that was taken already, and whether there will be any, and of what key, nobody knew then: their bucket may
 * have used up its share. They find room while any batch is free, so that their message waits for its acknowledgement and is not refused. They are few,
 * and the messages are not: when no more batches are free than those may need, nothing is taken in.
 */
static bool batches_follows(const struct tp_worker *w, uint16_t topic)
{
	enum tp_kind kind = w->spec->topics[topic].kind;

	return kind == TP_KIND_alert_match || kind == TP_KIND_dlq;
}

/* ---- open ------------------------------------------------------------------------------------------------------------------ */
static struct tp_batch *batches_open(struct tp_worker *w, uint16_t topic, uint16_t bucket)
{
	struct tp_batch *batch;

	tp_batches_take_back(w);
	if (w->free_count == 0 || (!batches_follows(w, topic) && !tp_batch_bucket_open(w, bucket, 1)))
		return NULL;
	batch = w->free_stack[--w->free_count];
	batch->topic = topic;
	batch->bucket = bucket;
	batch->count = 0;
	batch->used = 0;
	batch->n_waiters = 0;
	batch->headers = false;
	batch->covert = false;
	batch->n_traced = 0;
	batch->opened_at = w->now_tsc;
	w->open[topic * w->n_buckets + bucket] = batch;
	return batch;
}

struct tp_batch *tp_batch_next(struct tp_worker *w, uint16_t topic, uint16_t bucket, size_t need, int *error)
{
	struct tp_batch **open = &w->open[topic * w->n_buckets + bucket], *b;

	if (*open && (*open)->count == 0) {
		*error = -EMSGSIZE;
		return NULL;
	}
	if (*open)
		batches_seal_one(w, open);
	b = batches_open(w, topic, bucket);
	if (unlikely(!b)) {
		*error = -ENOBUFS;
	} else if (unlikely(b->capacity < need)) {
		*error = -EMSGSIZE;
		b = NULL;
	}
	return b;
}

/* ---- age ------------------------------------------------------------------------------------------------------------------- */
/*
 * Whether batches of the bucket may be sealed for their age. While it has many under way the sink is slower than its traffic: half-filled batches would
 * only use up the free ones, and their records would not arrive any sooner. Where none is under way nothing will come back, so age decides
 * again. Of one bucket among several, many is half as many as are free: what another one waits for does not keep its records back.
 */
static bool batches_age_counts(const struct tp_worker *w, uint32_t bucket)
{
	uint32_t n_free = tp_batches_free(w), under_way = w->under_way[bucket];

	if (under_way == 0)
		return true;
	return w->n_buckets == 1 ? n_free >= w->n_batches / 2 : 2 * under_way <= n_free;
}

static void batches_seal_topic(struct tp_worker *w, uint16_t topic)
{
	for (uint32_t i = (uint32_t)topic * w->n_buckets; i < (uint32_t)(topic + 1) * w->n_buckets; i++)
		if (w->open[i] && w->open[i]->count)
			batches_seal_one(w, &w->open[i]);
}

/* Records of a key would be in two open batches otherwise, and might come to control in the wrong order. */
static void batches_partitions(struct tp_worker *w)
{
	for (uint16_t topic = 0; topic < w->spec->n_topics; topic++) {
		uint32_t partitions = __atomic_load_n(&tp_topic_partitions[topic], __ATOMIC_RELAXED);

		if (likely(partitions == w->partitions[topic]))
			continue;
		batches_seal_topic(w, topic);
		w->partitions[topic] = partitions;
	}
}

void tp_batches_seal(struct tp_worker *w, bool all)
{
	uint64_t age = w->spec->batch_age_us * w->tsc_hz / 1000000;

	if (w->n_buckets > 1)
		batches_partitions(w);

	for (uint32_t i = 0; i < (uint32_t)w->spec->n_topics * w->n_buckets; i++) {
		struct tp_batch *b = w->open[i];

		if (b && b->count && (all || (w->now_tsc - b->opened_at >= age && batches_age_counts(w, b->bucket))))
			batches_seal_one(w, &w->open[i]);
	}
}
