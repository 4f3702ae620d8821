/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_TEST_SINK_FIXTURE_H
#define TP_TEST_SINK_FIXTURE_H
/*
 * What a sink needs around it, without workers and ports: batches made by hand, a channel that counts what comes back, and
 * worker counters that a test sets. It defines the few functions of tp_worker.h and tp_port.h that control/ calls; include it
 * once a program.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tp_books.h"
#include "tp_conf.h"
#include "tp_port.h"
#include "tp_worker.h"

#define FIXTURE_SOURCES 4

static uint64_t fixture_counters[FIXTURE_SOURCES][TP_COUNTER_COUNT]; /* the workers' side of the books */
static struct tp_port_stats fixture_port = {.received = 1000};
static unsigned int fixture_given_back; /* batches */

uint64_t tp_book_sum(unsigned int source, enum tp_counter counter)
{
	return fixture_counters[source][counter];
}

void tp_book_add(unsigned int source, uint64_t *c)
{
	for (unsigned int i = 0; i < TP_COUNTER_COUNT; i++)
		c[i] += fixture_counters[source][i];
}

static struct tp_seen fixture_seen[FIXTURE_SOURCES];

void tp_book_seen(unsigned int source, struct tp_seen *seen)
{
	*seen = fixture_seen[source];
}

int tp_port_stats(unsigned int port, struct tp_port_stats *stats)
{
	if (port > 0)
		return -ENODEV;
	*stats = fixture_port;
	return 0;
}

static inline struct tp_batch *fixture_batch_new(uint32_t octets, uint32_t entries)
{
	struct tp_batch *batch = calloc(1, sizeof(*batch));

	batch->capacity = octets;
	batch->entry_capacity = entries;
	batch->data = malloc(octets);
	batch->entries = calloc(entries, sizeof(*batch->entries));
	return batch;
}

static inline void fixture_batch_free(struct tp_batch *batch)
{
	free(batch->data);
	free(batch->entries);
	free(batch);
}

/* As the worker would: the memory is gone at once, so that a sink that still looks at it is found out. */
void tp_topic_partitions_set(uint16_t topic, uint32_t partitions)
{
	(void)topic;
	(void)partitions;
}

void tp_channel_give_back(struct tp_batch *batch)
{
	assert_int_equal(batch->worker, 0);
	fixture_given_back++;
	fixture_batch_free(batch);
}

static inline void fixture_batch_add(
        struct tp_batch *batch, uint16_t source, const char *key, const void *value, uint32_t value_len)
{
	struct tp_batch_entry *e = &batch->entries[batch->count++];
	size_t key_len = strlen(key);

	assert_true(batch->count <= batch->entry_capacity && batch->used + key_len + value_len <= batch->capacity);
	memcpy(batch->data + batch->used, key, key_len);
	memcpy(batch->data + batch->used + key_len, value, value_len);
	*e = (struct tp_batch_entry){
	        .timestamp_ms = 1700000000000 + batch->count,
	        .value_off = batch->used + (uint32_t)key_len,
	        .value_len = value_len,
	        .key_len = (uint16_t)key_len,
	        .source = source,
	        .kind = TP_KIND_dlq,
	};
	batch->used += (uint32_t)key_len + value_len;
	fixture_counters[source][TP_C_emitted]++;
	fixture_counters[source][TP_C_decoded]++;
	fixture_counters[source][TP_C_received]++;
}

static inline void fixture_reset(void)
{
	memset(fixture_counters, 0, sizeof(fixture_counters));
	fixture_given_back = 0;
	assert_int_equal(tp_ledger_init(FIXTURE_SOURCES), 0);
}

/* The line of one source, or of all with source < 0. */
static inline struct tp_account fixture_account(int source)
{
	struct tp_books_snapshot snap;
	struct tp_account account;

	assert_int_equal(tp_books_take(&snap, FIXTURE_SOURCES, 0), 0);
	account = source < 0 ? snap.total : snap.source[source];
	tp_books_release(&snap);
	return account;
}

#endif
