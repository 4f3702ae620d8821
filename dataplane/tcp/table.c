/* SPDX-License-Identifier: BSD-3-Clause */
/* The tables: see table.h. */
#define XXH_INLINE_ALL
#include "table.h"

#include <string.h>
#include <xxhash.h>

#define ITEMS_A_BUCKET 6 /* on average, when full */

static uint16_t table_tag(uint64_t hash)
{
	return (uint16_t)(hash >> 48);
}

static uint32_t *table_link(const struct tcp_table *table, uint32_t item)
{
	return (uint32_t *)((uint8_t *)tcp_table_item(table, item) + table->chain_at);
}

uint32_t tcp_table_buckets(uint32_t items)
{
	return items / ITEMS_A_BUCKET + 1;
}

uint64_t tcp_table_hash(const struct tcp_tuple *tuple, uint64_t key)
{
	return XXH3_64bits_withSeed(tuple, sizeof(*tuple), key);
}

uint32_t tcp_table_candidate(const struct tcp_table *table, uint64_t hash)
{
	const struct tcp_bucket *b = tcp_table_bucket(table, hash);
	uint16_t tag = table_tag(hash);

	for (unsigned int i = 0; i < TCP_BUCKET_ITEMS; i++)
		if (b->tag[i] == tag && b->item[i])
			return b->item[i];
	return b->chain;
}

uint32_t tcp_table_find(const struct tcp_table *table, uint64_t hash, const struct tcp_tuple *tuple)
{
	const struct tcp_bucket *b = tcp_table_bucket(table, hash);
	uint16_t tag = table_tag(hash);

	for (unsigned int i = 0; i < TCP_BUCKET_ITEMS; i++)
		if (b->tag[i] == tag && b->item[i] && memcmp(tcp_table_item(table, b->item[i]), tuple, sizeof(*tuple)) == 0)
			return b->item[i];
	for (uint32_t item = b->chain; item; item = *table_link(table, item))
		if (memcmp(tcp_table_item(table, item), tuple, sizeof(*tuple)) == 0)
			return item;
	return 0;
}

void tcp_table_insert(struct tcp_table *table, uint64_t hash, uint32_t item)
{
	struct tcp_bucket *b = tcp_table_bucket(table, hash);

	for (unsigned int i = 0; i < TCP_BUCKET_ITEMS; i++) {
		if (b->item[i])
			continue;
		b->tag[i] = table_tag(hash);
		b->item[i] = item;
		return;
	}
	*table_link(table, item) = b->chain;
	b->chain = item;
}

void tcp_table_remove(struct tcp_table *table, uint64_t hash, uint32_t item)
{
	struct tcp_bucket *b = tcp_table_bucket(table, hash);

	for (unsigned int i = 0; i < TCP_BUCKET_ITEMS; i++) {
		if (b->item[i] == item) {
			b->item[i] = 0;
			return;
		}
	}
	for (uint32_t *link = &b->chain; *link; link = table_link(table, *link)) {
		if (*link == item) {
			*link = *table_link(table, item);
			return;
		}
	}
}
