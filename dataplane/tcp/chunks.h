/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_TCP_CHUNKS_H
#define TP_TCP_CHUNKS_H
/*
 * The pool of chunks of all connections, and its cells. A chunk is one of three things:
 *
 *   queue   octets to send, in a list a connection
 *   cell    received octets of one connection at a fixed place of its sequence space (sequence number / TCP_CELL), found by hash: a place is found at once,
 *           however many there are, and octets never move
 *   map     the ranges a connection has out of order (reassembly.c)
 *
 * A cell that is not needed any more keeps its octets until tcp_chunks_settle(), because whoever was handed them may still look at them.
 *
 * What was received may not use the whole pool, so that there is always something left for acknowledgements to be sent.
 */
#include <stdbool.h>
#include <stdint.h>

#include "tcp.h"

#define TCP_QUEUE 504 /* octets of a queue chunk */
#define TCP_CELL  496 /* octets of a cell */

struct tcp_chunk {
	uint32_t next; /* in the queue, the free list or the hash chain */
	union {
		struct {
			uint16_t n;
			uint16_t reserved;
			uint8_t octets[TCP_QUEUE];
		} queue;
		struct {
			uint32_t owner; /* connection */
			uint32_t place;
			uint16_t used; /* octets held */
			uint16_t reserved;
			uint8_t octets[TCP_CELL];
		} cell;
		uint8_t map[TCP_CHUNK - 4];
	};
};
_Static_assert(sizeof(struct tcp_chunk) == TCP_CHUNK, "a chunk has its size");

/* What a chunk is for says how much of the pool must be free. */
enum tcp_chunk_use {
	TCP_CHUNK_SEND,         /* all of it */
	TCP_CHUNK_KEPT,         /* three quarters: in order, not taken */
	TCP_CHUNK_OUT_OF_ORDER, /* one half */
};

struct tcp_chunks {
	struct tcp_chunk *chunk; /* number 1 is chunk[0] */
	uint32_t *heads;         /* of the cells' hash chains */
	uint32_t n_heads;
	uint32_t n, free;
	uint32_t first, fresh;               /* the free list, and the first that was never used */
	uint32_t spent, spent_last, spent_n; /* cells not needed any more */
	uint64_t key;
};

void tcp_chunks_init(struct tcp_chunks *pool, struct tcp_chunk *chunk, uint32_t *heads, uint32_t n, uint64_t key);
uint32_t tcp_chunk_take(struct tcp_chunks *pool, enum tcp_chunk_use use); /* 0: none */
void tcp_chunk_give(struct tcp_chunks *pool, uint32_t id);

static inline struct tcp_chunk *tcp_chunk_at(const struct tcp_chunks *pool, uint32_t id)
{
	return &pool->chunk[id - 1];
}

/* Writes octets [seq, seq + n) of a connection. Returns how many found room; those must not be there yet. */
uint32_t tcp_cells_write(
        struct tcp_chunks *pool, uint32_t owner, uint32_t seq, const uint8_t *p, uint32_t n, enum tcp_chunk_use use);
/* Where octet seq lies; *run: how many behind it lie there too, at most n. They must be there. */
const uint8_t *tcp_cells_read(const struct tcp_chunks *pool, uint32_t owner, uint32_t seq, uint32_t n, uint32_t *run);
/* All spent cells are free. */
void tcp_chunks_settle(struct tcp_chunks *pool);
/* Octets [seq, seq + n) are needed no more. They must be there. */
void tcp_cells_drop(struct tcp_chunks *pool, uint32_t owner, uint32_t seq, uint32_t n);

#endif
