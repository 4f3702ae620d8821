/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Received text. In order, and the application takes it: it is handed over where it lies in the packet. Everything else goes to cells
 * (chunks.h), which do not care for order:
 *
 *   [taken, rcv_nxt)     kept: in order, the application has not taken it yet
 *   behind rcv_nxt       ranges, sorted, neither touching nor overlapping, in the connection's map chunk; when the gap before
 *                        the first one closes it becomes kept without moving
 *
 * A connection may have out of order at most reassembly_octets and reassembly_gaps ranges, so at most octets / TCP_CELL + 2 * gaps cells,
 * however small the segments are; all together at most half of the pool.
 */
#include "endpoint.h"

#include <arpa/inet.h>

#define SACK_BLOCKS 4

struct range {
	uint32_t begin, end;
};

struct map {
	uint32_t n;
	uint32_t recent[SACK_BLOCKS]; /* an octet of the range reported first, second, ... (RFC 2018 4); 0 beyond n_recent */
	uint32_t n_recent;
	struct range range[TCP_MAX_GAPS];
};
_Static_assert(sizeof(struct map) <= sizeof(((struct tcp_chunk *)0)->map), "a map fits into a chunk");

static struct map *reassembly_map(const struct tcp *t, const struct tcp_conn *c)
{
	return c->map ? (struct map *)tcp_chunk_at(&t->chunks, c->map)->map : NULL;
}

static struct map *reassembly_map_make(struct tcp *t, struct tcp_conn *c)
{
	struct map *m;

	if (!c->map) {
		c->map = tcp_chunk_take(&t->chunks, TCP_CHUNK_OUT_OF_ORDER);
		if (!c->map)
			return NULL;
		m = reassembly_map(t, c);
		m->n = m->n_recent = 0;
	}
	return reassembly_map(t, c);
}

static void reassembly_map_drop_if_empty(struct tcp *t, struct tcp_conn *c)
{
	const struct map *m = reassembly_map(t, c);

	if (!m || m->n)
		return;
	tcp_chunk_give(&t->chunks, c->map);
	c->map = 0;
}

/* ---- out of order ------------------------------------------------------------------------------------------------------------ */

/* The first range that touches or lies behind seq. */
static uint32_t map_from(const struct map *m, uint32_t seq)
{
	uint32_t i = 0;

	while (i < m->n && seq_lt(m->range[i].end, seq))
		i++;
	return i;
}

static bool map_touches(const struct map *m, uint32_t begin, uint32_t end)
{
	uint32_t i = map_from(m, begin);

	return i < m->n && seq_le(m->range[i].begin, end);
}

static void map_remove(struct map *m, uint32_t at, uint32_t n)
{
	m->n -= n;
	memmove(&m->range[at], &m->range[at + n], (m->n - at) * sizeof(m->range[0]));
}

/* Puts [begin, end) in, joined with what it touches. There must be a free place, or something that it touches. */
static void map_insert(struct map *m, uint32_t begin, uint32_t end)
{
	uint32_t i = map_from(m, begin), joined = 0;

	while (i + joined < m->n && seq_le(m->range[i + joined].begin, end))
		joined++;
	if (!joined) {
		memmove(&m->range[i + 1], &m->range[i], (m->n - i) * sizeof(m->range[0]));
		m->n++;
		m->range[i] = (struct range){begin, end};
		return;
	}
	if (seq_lt(begin, m->range[i].begin))
		m->range[i].begin = begin;
	if (seq_lt(end, m->range[i + joined - 1].end))
		end = m->range[i + joined - 1].end;
	m->range[i].end = end;
	map_remove(m, i + 1, joined - 1);
}

static const struct range *map_find(const struct map *m, uint32_t seq)
{
	uint32_t i = map_from(m, seq + 1);

	return i < m->n && seq_le(m->range[i].begin, seq) ? &m->range[i] : NULL;
}

/* The range of seq becomes the first to be reported. */
static void map_report(struct map *m, uint32_t seq)
{
	const struct range *first = map_find(m, seq);
	uint32_t recent[SACK_BLOCKS] = {seq}, n = 1;

	for (uint32_t i = 0; i < m->n_recent && n < SACK_BLOCKS; i++) {
		const struct range *r = map_find(m, m->recent[i]);

		if (r && r != first)
			recent[n++] = m->recent[i];
	}
	memcpy(m->recent, recent, sizeof(recent));
	m->n_recent = n;
}

/* Writes what of [seq, seq + n) is in no range. Returns how far it came. */
static uint32_t reassembly_write(struct tcp *t, struct tcp_conn *c, const struct map *m, uint32_t seq, const uint8_t *p, uint32_t n)
{
	uint32_t done = 0;

	while (done < n) {
		uint32_t at = seq + done, i = map_from(m, at + 1), run = n - done, wrote;

		if (i < m->n && seq_le(m->range[i].begin, at)) {
			done += m->range[i].end - at;
			continue;
		}
		if (i < m->n)
			run = tcp_min(run, m->range[i].begin - at);
		wrote = tcp_cells_write(&t->chunks, conn_id(t, c), at, p + done, run, TCP_CHUNK_OUT_OF_ORDER);
		c->out_of_order += wrote;
		done += wrote;
		if (wrote < run)
			break;
	}
	return tcp_min(done, n);
}

/* Whether [begin, end) would be a range more than a connection may have. */
static bool reassembly_gap_too_many(const struct tcp *t, const struct map *m, uint32_t begin, uint32_t end)
{
	return m->n >= t->spec.reassembly_gaps && !map_touches(m, begin, end);
}

static enum tp_counter reassembly_keep(struct tcp *t, struct tcp_conn *c, uint32_t seq, const uint8_t *p, uint32_t n)
{
	struct map *m;
	uint32_t done;

	if (conn_is_closing(c))
		return TP_C_tcp_segments;
	m = reassembly_map_make(t, c);
	if (!m || c->out_of_order + n > t->spec.reassembly_octets) {
		reassembly_map_drop_if_empty(t, c);
		return TP_C_tcp_memory_full;
	}
	if (reassembly_gap_too_many(t, m, seq, seq + n))
		return TP_C_tcp_gaps;
	done = reassembly_write(t, c, m, seq, p, n);
	if (done && reassembly_gap_too_many(t, m, seq, seq + done)) {
		/* Not all of it found room, and what did touches nothing: so all of it was written just now. */
		tcp_cells_drop(&t->chunks, conn_id(t, c), seq, done);
		c->out_of_order -= done;
		return TP_C_tcp_gaps;
	}
	if (done) {
		map_insert(m, seq, seq + done);
		map_report(m, seq);
		tcp_count(t, TP_C_tcp_out_of_order);
	}
	reassembly_map_drop_if_empty(t, c);
	return done ? TP_C_tcp_segments : TP_C_tcp_memory_full;
}

/* SACK blocks, the range of the latest segment first. Returns p behind them. */
uint8_t *tcp_reassembly_sack(const struct tcp *t, const struct tcp_conn *c, uint8_t *p, uint32_t blocks)
{
	const struct map *m = reassembly_map(t, c);
	uint8_t *start = p;

	if (!m || !m->n)
		return p;
	p += 4;
	for (uint32_t i = 0; i < m->n_recent && blocks; i++) {
		const struct range *r = map_find(m, m->recent[i]);
		uint32_t edge[2];

		if (!r)
			continue;
		edge[0] = htonl(r->begin);
		edge[1] = htonl(r->end);
		memcpy(p, edge, 8);
		p += 8;
		blocks--;
	}
	if (p == start + 4)
		return start;
	memcpy(start, (const uint8_t[4]){1, 1, 5, (uint8_t)(p - start - 2)}, 4);
	return p;
}

/* ---- to the application -------------------------------------------------------------------------------------------------------- */

/* Returns how many octets are done with: taken, or nobody's any more. Beyond a smaller number than n the application is paused. */
static uint32_t reassembly_offer(struct tcp *t, struct tcp_conn *c, const uint8_t *p, uint32_t n)
{
	uint32_t done = 0;

	do {
		c->flags = (uint16_t)((c->flags | TCP_F_DELIVERING) & ~TCP_F_RESUMED);
		done += tcp_min(t->app.data(t->app.ctx, c, p + done, n - done), n - done);
		c->flags &= (uint16_t)~TCP_F_DELIVERING;
		if (c->state == TCP_STATE_CLOSED || conn_is_closing(c))
			return n;
	} while (done < n && (c->flags & TCP_F_RESUMED));
	if (done < n)
		c->flags |= TCP_F_PAUSED;
	return done;
}

/* The application gets what is kept until it does not take it. */
void tcp_reassembly_drain(struct tcp *t, struct tcp_conn *c)
{
	while (c->kept && !(c->flags & TCP_F_PAUSED)) {
		uint32_t run, done;
		const uint8_t *p = tcp_cells_read(&t->chunks, conn_id(t, c), c->taken, c->kept, &run);

		done = reassembly_offer(t, c, p, run);
		if (c->state == TCP_STATE_CLOSED)
			return;
		if (conn_is_closing(c)) {
			tcp_reassembly_discard(t, c);
			return;
		}
		tcp_cells_drop(&t->chunks, conn_id(t, c), c->taken, done);
		c->taken += done;
		c->kept -= done;
	}
}

/* Everything received and not taken is given up; what was in order stays acknowledged. */
void tcp_reassembly_discard(struct tcp *t, struct tcp_conn *c)
{
	struct map *m = reassembly_map(t, c);

	tcp_cells_drop(&t->chunks, conn_id(t, c), c->taken, c->kept);
	c->taken += c->kept;
	c->kept = 0;
	for (uint32_t i = 0; m && i < m->n; i++)
		tcp_cells_drop(&t->chunks, conn_id(t, c), m->range[i].begin, m->range[i].end - m->range[i].begin);
	if (m)
		m->n = 0;
	c->out_of_order = 0;
	reassembly_map_drop_if_empty(t, c);
}

/* ---- in order -------------------------------------------------------------------------------------------------------------------- */

static uint32_t reassembly_take(struct tcp *t, struct tcp_conn *c, const uint8_t *p, uint32_t n)
{
	uint32_t done = 0, kept;

	if (conn_is_closing(c)) {
		c->rcv_nxt += n;
		c->taken = c->rcv_nxt;
		return n;
	}
	if (!c->kept && !(c->flags & TCP_F_PAUSED)) {
		done = reassembly_offer(t, c, p, n);
		if (c->state == TCP_STATE_CLOSED)
			return n;
		c->rcv_nxt += done;
		c->taken = c->rcv_nxt;
		if (conn_is_closing(c)) {
			tcp_reassembly_discard(t, c);
			return n;
		}
	}
	kept = tcp_cells_write(&t->chunks, conn_id(t, c), c->rcv_nxt, p + done, n - done, TCP_CHUNK_KEPT);
	c->rcv_nxt += kept;
	c->kept += kept;
	return done + kept;
}

/* The first range begins at rcv_nxt now: it is in order. Returns its octets. */
static uint32_t reassembly_join(struct tcp *t, struct tcp_conn *c, struct map *m)
{
	uint32_t n = m->range[0].end - c->rcv_nxt;

	c->rcv_nxt += n;
	c->kept += n;
	c->out_of_order -= n;
	map_remove(m, 0, 1);
	reassembly_map_drop_if_empty(t, c);
	return n;
}

/* [seq, seq + n) lies in the window and does not begin before rcv_nxt. An ACK is at once due for what is out of order or fills a gap (RFC 5681 4.2). */
enum tp_counter tcp_reassembly_text(struct tcp *t, struct tcp_conn *c, uint32_t seq, const uint8_t *p, uint32_t n)
{
	uint32_t all = n;
	struct map *m;

	if (seq != c->rcv_nxt) {
		enum tp_counter counter = reassembly_keep(t, c, seq, p, n);

		tcp_conn_ack(t, c);
		return counter;
	}
	while (n && c->state != TCP_STATE_CLOSED) {
		uint32_t run = n, done;

		m = reassembly_map(t, c);
		if (m)
			run = tcp_min(n, m->range[0].begin - c->rcv_nxt);
		done = reassembly_take(t, c, p, run);
		if (c->state == TCP_STATE_CLOSED)
			return TP_C_tcp_segments;
		p += done;
		n -= done;
		if (done < run)
			break;
		m = reassembly_map(t, c);
		if (!m)
			continue;
		c->flags |= TCP_F_ACK_NOW;
		conn_mark_dirty(t, c);
		if (m->range[0].begin == c->rcv_nxt) {
			done = tcp_min(n, reassembly_join(t, c, m));
			p += done;
			n -= done;
			tcp_reassembly_drain(t, c);
		}
	}
	return n == all ? TP_C_tcp_memory_full : TP_C_tcp_segments;
}
