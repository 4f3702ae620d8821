/* SPDX-License-Identifier: BSD-3-Clause */
/* The pool of chunks and its cells: see chunks.h. */
#include "chunks.h"

#include <string.h>

void tcp_chunks_init(struct tcp_chunks *pool, struct tcp_chunk *chunk, uint32_t *heads, uint32_t n, uint64_t key)
{
	*pool = (struct tcp_chunks){.chunk = chunk, .heads = heads, .n_heads = n, .n = n, .free = n, .key = key | 1};
}

static uint32_t chunk_reserve(const struct tcp_chunks *pool, enum tcp_chunk_use use)
{
	return use == TCP_CHUNK_SEND ? 0 : use == TCP_CHUNK_KEPT ? pool->n / 4 : pool->n / 2;
}

uint32_t tcp_chunk_take(struct tcp_chunks *pool, enum tcp_chunk_use use)
{
	uint32_t id;

	if (pool->free <= chunk_reserve(pool, use))
		return 0;
	pool->free--;
	if (!pool->first)
		return ++pool->fresh;
	id = pool->first;
	pool->first = tcp_chunk_at(pool, id)->next;
	return id;
}

void tcp_chunk_give(struct tcp_chunks *pool, uint32_t id)
{
	tcp_chunk_at(pool, id)->next = pool->first;
	pool->first = id;
	pool->free++;
}

static uint32_t *cells_head(const struct tcp_chunks *pool, uint32_t owner, uint32_t place)
{
	uint64_t h = ((uint64_t)owner << 32 | place) * pool->key;

	h = (h ^ h >> 32) * UINT64_C(0x9e3779b97f4a7c15);
	return &pool->heads[(h >> 32) * pool->n_heads >> 32];
}

/* The link that holds the cell's number, or the end of its chain. */
static uint32_t *cells_link(const struct tcp_chunks *pool, uint32_t owner, uint32_t place)
{
	uint32_t *link = cells_head(pool, owner, place);

	for (; *link; link = &tcp_chunk_at(pool, *link)->next) {
		const struct tcp_chunk *chunk = tcp_chunk_at(pool, *link);

		if (chunk->cell.owner == owner && chunk->cell.place == place)
			break;
	}
	return link;
}

/* Octets from seq to the end of its cell, at most n. The last cell before sequence numbers wrap is shorter. */
static uint32_t cells_run(uint32_t seq, uint32_t n)
{
	uint32_t run = TCP_CELL - seq % TCP_CELL, wrap = 0u - seq;

	if (wrap && wrap < run)
		run = wrap;
	return n < run ? n : run;
}

static struct tcp_chunk *cells_get(struct tcp_chunks *pool, uint32_t owner, uint32_t place, enum tcp_chunk_use use)
{
	uint32_t *link = cells_link(pool, owner, place), id = *link;
	struct tcp_chunk *chunk;

	if (id)
		return tcp_chunk_at(pool, id);
	id = tcp_chunk_take(pool, use);
	if (!id)
		return NULL;
	*link = id;
	chunk = tcp_chunk_at(pool, id);
	chunk->next = 0;
	chunk->cell.owner = owner;
	chunk->cell.place = place;
	chunk->cell.used = 0;
	return chunk;
}

uint32_t tcp_cells_write(
        struct tcp_chunks *pool, uint32_t owner, uint32_t seq, const uint8_t *p, uint32_t n, enum tcp_chunk_use use)
{
	uint32_t done = 0;

	while (done < n) {
		uint32_t at = seq + done, run = cells_run(at, n - done);
		struct tcp_chunk *chunk = cells_get(pool, owner, at / TCP_CELL, use);

		if (!chunk)
			break;
		memcpy(chunk->cell.octets + at % TCP_CELL, p + done, run);
		chunk->cell.used = (uint16_t)(chunk->cell.used + run);
		done += run;
	}
	return done;
}

const uint8_t *tcp_cells_read(const struct tcp_chunks *pool, uint32_t owner, uint32_t seq, uint32_t n, uint32_t *run)
{
	*run = cells_run(seq, n);
	return tcp_chunk_at(pool, *cells_link(pool, owner, seq / TCP_CELL))->cell.octets + seq % TCP_CELL;
}

static void chunk_spend(struct tcp_chunks *pool, uint32_t id)
{
	tcp_chunk_at(pool, id)->next = pool->spent;
	if (!pool->spent)
		pool->spent_last = id;
	pool->spent = id;
	pool->spent_n++;
}

void tcp_chunks_settle(struct tcp_chunks *pool)
{
	if (!pool->spent)
		return;
	tcp_chunk_at(pool, pool->spent_last)->next = pool->first;
	pool->first = pool->spent;
	pool->free += pool->spent_n;
	pool->spent = pool->spent_n = 0;
}

void tcp_cells_drop(struct tcp_chunks *pool, uint32_t owner, uint32_t seq, uint32_t n)
{
	while (n) {
		uint32_t run = cells_run(seq, n), *link = cells_link(pool, owner, seq / TCP_CELL), id = *link;
		struct tcp_chunk *chunk = tcp_chunk_at(pool, id);

		chunk->cell.used = (uint16_t)(chunk->cell.used - run);
		if (!chunk->cell.used) {
			*link = chunk->next;
			chunk_spend(pool, id);
		}
		seq += run;
		n -= run;
	}
}
