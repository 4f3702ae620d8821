/* SPDX-License-Identifier: BSD-3-Clause */
/* The interface: memory, the way in and the clock. */
#include "endpoint.h"

#include <stdlib.h>

#define VECTOR      32 /* segments whose look-ups are prefetched together */
#define CACHE_LINE  64
#define FLUSH_AHEAD 4 /* connections */

void tcp_free_list_init(struct tcp_free_list *f, uint32_t n)
{
	*f = (struct tcp_free_list){.n = n};
}

/* ---- memory ---------------------------------------------------------------------------------------------------------------------- */

/* Gives the next piece of the block, or only counts where there is none yet. */
static void *memory_piece(uint8_t *block, uint64_t *at, uint64_t n, uint64_t each)
{
	uint64_t begin = *at;

	*at = (begin + n * each + CACHE_LINE - 1) & ~(uint64_t)(CACHE_LINE - 1);
	return block ? block + begin : NULL;
}

static uint64_t memory_table(struct tcp_table *table, uint8_t *block, uint64_t at, uint32_t items)
{
	table->n = tcp_table_buckets(items);
	table->buckets = memory_piece(block, &at, table->n, sizeof(struct tcp_bucket));
	return at;
}

/* Lays everything out in the block. Returns its size; with block NULL that is all it does. */
static uint64_t memory_lay_out(struct tcp *t, const struct tcp_spec *spec, uint8_t *block)
{
	uint64_t at = 0;
	struct tcp_chunk *chunks;
	struct tcp_timer *timers;
	uint32_t *heads;

	t->conns = memory_piece(block, &at, spec->connections, sizeof(*t->conns));
	t->halves = memory_piece(block, &at, spec->half_open, sizeof(*t->halves));
	t->waits = memory_piece(block, &at, spec->time_wait, sizeof(*t->waits));
	t->dirty = memory_piece(block, &at, spec->connections, sizeof(*t->dirty));
	at = memory_table(&t->conn_table, block, at, spec->connections);
	at = memory_table(&t->half_table, block, at, spec->half_open);
	at = memory_table(&t->wait_table, block, at, spec->time_wait);
	timers = memory_piece(block, &at, tcp_wheel_timers(spec->connections + spec->half_open), sizeof(*timers));
	chunks = memory_piece(block, &at, spec->chunks, sizeof(*chunks));
	heads = memory_piece(block, &at, tcp_max(spec->chunks, 1), sizeof(*heads));
	if (block) {
		uint64_t key;

		memcpy(&key, spec->secret + 16, sizeof(key));
		tcp_wheel_init(&t->wheel, timers, spec->connections + spec->half_open, t->now_ms);
		tcp_chunks_init(&t->chunks, chunks, heads, spec->chunks, key);
	}
	return at;
}

uint64_t tcp_memory(const struct tcp_spec *spec)
{
	struct tcp t;

	return sizeof(t) + CACHE_LINE + memory_lay_out(&t, spec, NULL);
}

static void tables_init(struct tcp *t)
{
	t->conn_table.items = (uint8_t *)t->conns;
	t->conn_table.stride = sizeof(struct tcp_conn);
	t->conn_table.chain_at = offsetof(struct tcp_conn, chain);
	t->half_table.items = (uint8_t *)t->halves;
	t->half_table.stride = sizeof(struct tcp_half);
	t->half_table.chain_at = offsetof(struct tcp_half, chain);
	t->wait_table.items = (uint8_t *)t->waits;
	t->wait_table.stride = sizeof(struct tcp_time_wait);
	t->wait_table.chain_at = offsetof(struct tcp_time_wait, chain);
}

/* The smallest that lets a header say the whole window. */
static uint8_t window_scale(uint32_t window)
{
	uint8_t scale = 0;

	while (window >> scale > UINT16_MAX)
		scale++;
	return scale;
}

/* What would break something; whether the numbers make sense is the configuration's business. */
static bool spec_is_valid(const struct tcp_spec *spec)
{
	uint64_t items = (uint64_t)spec->connections + spec->half_open;

	return spec->connections && items <= UINT32_MAX / 2 && spec->chunks <= UINT32_MAX / 2 &&
	       spec->time_wait <= UINT32_MAX / 2 && spec->reassembly_gaps >= 1 && spec->reassembly_gaps <= TCP_MAX_GAPS &&
	       spec->receive_window >= TCP_MIN_MSS && spec->receive_window <= TCP_MAX_WINDOW &&
	       spec->reassembly_octets <= TCP_MAX_WINDOW && spec->mss4 >= TCP_MIN_MSS && spec->mss6 >= TCP_MIN_MSS &&
	       spec->max_retries < UINT8_MAX && spec->syn_retries < 16;
}

struct tcp *tcp_new(
        const struct tcp_spec *spec, const struct tcp_io *io, const struct tcp_app *app, struct tp_book *book, uint64_t now_us)
{
	struct tcp *t = spec_is_valid(spec) ? calloc(1, sizeof(*t)) : NULL;
	uint64_t size;

	if (!t)
		return NULL;
	size = memory_lay_out(t, spec, NULL);
	t->block = calloc(1, size + CACHE_LINE);
	if (!t->block) {
		free(t);
		return NULL;
	}
	t->spec = *spec;
	t->io = *io;
	t->app = *app;
	t->book = book;
	t->origin_us = t->now_us = now_us;
	t->now_ms = 1;
	t->memory = tcp_memory(spec);
	t->scale = window_scale(spec->receive_window);
	t->challenge_second = t->reset_second = UINT64_MAX;
	memcpy(&t->random, spec->secret + 24, sizeof(t->random));
	memory_lay_out(t, spec, (uint8_t *)(((uintptr_t)t->block + CACHE_LINE - 1) & ~(uintptr_t)(CACHE_LINE - 1)));
	tables_init(t);
	tcp_free_list_init(&t->free_conns, spec->connections);
	tcp_free_list_init(&t->free_halves, spec->half_open);
	tcp_free_list_init(&t->free_waits, spec->time_wait);
	return t;
}

void tcp_free(struct tcp *t)
{
	if (!t)
		return;
	for (uint32_t id = 1; id <= t->free_conns.fresh; id++)
		if (conn_at(t, id)->state != TCP_STATE_CLOSED)
			tcp_conn_end(t, conn_at(t, id), TCP_CLOSED_STOPPED);
	free(t->block);
	free(t);
}

void tcp_usage(const struct tcp *t, struct tcp_usage *usage)
{
	*usage = (struct tcp_usage){t->free_conns.used, t->free_halves.used, t->free_waits.used, t->chunks.free, t->memory};
}

/* ---- the way in -------------------------------------------------------------------------------------------------------------------- */

static bool input_header(struct tcp_in *s, const struct tcp_segment *segment)
{
	const uint8_t *p = segment->p;
	struct tcp_options options;
	uint32_t header;

	if (segment->n < TCP_HEADER)
		return false;
	header = (uint32_t)(p[12] >> 4) * 4;
	if (header < TCP_HEADER || header > segment->n)
		return false;
	s->segment = segment;
	s->seq = tcp_read32(p + 4);
	s->ack = tcp_read32(p + 8);
	s->flags = p[13];
	s->wnd = (uint16_t)(p[14] << 8 | p[15]);
	s->p = p + header;
	s->n = segment->n - header;
	s->len = s->n + !!(s->flags & TCP_SYN) + !!(s->flags & TCP_FIN);
	s->has_ts = false;
	if (header == TCP_HEADER)
		return true;
	tcp_options_read(&options, p + TCP_HEADER, header - TCP_HEADER);
	s->has_ts = options.has_ts;
	s->ts_val = options.ts_val;
	s->ts_ecr = options.ts_ecr;
	return true;
}

static enum tp_counter input_one(struct tcp *t, const struct tcp_segment *segment, uint64_t hash)
{
	struct tcp_in s = {.hash = hash};
	uint32_t id;

	if (!input_header(&s, segment))
		return TP_C_tcp_header;
	id = tcp_table_find(&t->conn_table, hash, segment->tuple);
	if (id)
		return tcp_conn_input(t, conn_at(t, id), &s);
	id = tcp_table_find(&t->half_table, hash, segment->tuple);
	if (id)
		return tcp_half_input(t, &t->halves[id - 1], &s);
	id = tcp_table_find(&t->wait_table, hash, segment->tuple);
	if (id)
		return tcp_time_wait_input(t, &t->waits[id - 1], &s);
	return tcp_listen_input(t, &s);
}

void tcp_input(struct tcp *t, const struct tcp_segment *segment, uint64_t now_us)
{
	tcp_clock(t, now_us);
	tcp_count(t, input_one(t, segment, tcp_table_hash(segment->tuple, t->chunks.key)));
}

static void input_prefetch(const struct tcp *t, uint64_t hash)
{
	uint32_t id = tcp_table_candidate(&t->conn_table, hash);
	const char *c;

	if (!id)
		return;
	c = (const char *)conn_at(t, id);
	__builtin_prefetch(c, 1);
	__builtin_prefetch(c + CACHE_LINE, 1);
	__builtin_prefetch(c + 2 * CACHE_LINE, 1);
}

static void input_some(struct tcp *t, const struct tcp_segment *segments, uint32_t n)
{
	uint64_t hash[VECTOR];

	for (uint32_t i = 0; i < n; i++) {
		hash[i] = tcp_table_hash(segments[i].tuple, t->chunks.key);
		__builtin_prefetch(tcp_table_bucket(&t->conn_table, hash[i]));
	}
	for (uint32_t i = 0; i < n; i++)
		input_prefetch(t, hash[i]);
	for (uint32_t i = 0; i < n; i++)
		tcp_count(t, input_one(t, &segments[i], hash[i]));
}

void tcp_input_vector(struct tcp *t, const struct tcp_segment *segments, uint32_t n, uint64_t now_us)
{
	tcp_clock(t, now_us);
	for (uint32_t done = 0; done < n; done += VECTOR)
		input_some(t, segments + done, tcp_min(n - done, VECTOR));
}

/* ---- time -------------------------------------------------------------------------------------------------------------------------- */

static inline void flush_prefetch(const struct tcp_conn *c)
{
	for (uint32_t line = 0; line < sizeof(*c) / CACHE_LINE; line++)
		__builtin_prefetch((const char *)c + line * CACHE_LINE, 1);
}

void tcp_flush(struct tcp *t, uint64_t now_us)
{
	tcp_clock(t, now_us);
	while (t->dirty_n) {
		struct tcp_conn *c = conn_at(t, t->dirty[--t->dirty_n]);

		if (t->dirty_n >= FLUSH_AHEAD)
			flush_prefetch(conn_at(t, t->dirty[t->dirty_n - FLUSH_AHEAD]));
		c->flags &= (uint16_t)~TCP_F_DIRTY;
		if (c->state != TCP_STATE_CLOSED)
			tcp_conn_output(t, c);
	}
	tcp_chunks_settle(&t->chunks);
}

uint32_t tcp_tick(struct tcp *t, uint64_t now_us, uint32_t budget)
{
	uint32_t done, id = 0;
	uint64_t next;

	tcp_clock(t, now_us);
	done = tcp_time_wait_tick(t, budget);
	while (done < budget && (id = tcp_wheel_pop(&t->wheel, t->now_ms)) != 0) {
		if (id <= t->spec.connections)
			tcp_conn_timer(t, conn_at(t, id));
		else
			tcp_half_timer(t, &t->halves[id - t->spec.connections - 1]);
		done++;
	}
	if (done == budget)
		return 0;
	next = tcp_wheel_next(&t->wheel, t->now_ms, 1000) - t->now_ms;
	return (uint32_t)next * 1000;
}
