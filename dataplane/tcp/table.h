/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_TCP_TABLE_H
#define TP_TCP_TABLE_H
/*
 * Items by their four-tuple. A bucket is one cache line: ten tags of 16 bits and ten item numbers, and the head of a chain for what does not
 * fit, which is rare at six items a bucket on average. So a look-up is two cache misses, bucket and item, and both can be
 * prefetched. The hash is keyed, so that a peer cannot choose its bucket.
 *
 * An item starts with its struct tcp_tuple and has a uint32_t link for the chain.
 */
#include <stdint.h>

#include "tcp.h"

#define TCP_BUCKET_ITEMS 10

struct tcp_bucket {
	uint16_t tag[TCP_BUCKET_ITEMS];
	uint32_t item[TCP_BUCKET_ITEMS]; /* 0: free */
	uint32_t chain;
};
_Static_assert(sizeof(struct tcp_bucket) == 64, "a bucket is a cache line");

struct tcp_table {
	struct tcp_bucket *buckets;
	uint32_t n;
	uint32_t stride, chain_at; /* of items, in octets */
	uint8_t *items;
};

uint32_t tcp_table_buckets(uint32_t items); /* how many buckets for that many */
uint64_t tcp_table_hash(const struct tcp_tuple *tuple, uint64_t key);
uint32_t tcp_table_find(const struct tcp_table *table, uint64_t hash, const struct tcp_tuple *tuple); /* 0: none */
void tcp_table_insert(struct tcp_table *table, uint64_t hash, uint32_t item);
void tcp_table_remove(struct tcp_table *table, uint64_t hash, uint32_t item);

static inline struct tcp_bucket *tcp_table_bucket(const struct tcp_table *table, uint64_t hash)
{
	return &table->buckets[((hash & UINT32_MAX) * table->n) >> 32];
}

static inline void *tcp_table_item(const struct tcp_table *table, uint32_t item)
{
	return table->items + (uint64_t)(item - 1) * table->stride;
}

/* The item a look-up will read first, without reading it; 0: none. */
uint32_t tcp_table_candidate(const struct tcp_table *table, uint64_t hash);

#endif
