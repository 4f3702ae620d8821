/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * decode: runs one decoder over a vector. Cloned once a format ("decode-j2735", ...), so that every format has cycles of its own.
 *
 * A usual datagram whose record no alert rule looks at goes straight into its batch (direct.h), and its buffer back; by way of the plate lists where
 * they look at it.
 *
 * A datagram that holds several records goes on as several packets: indirect ones that share its data, each with a record of its own. What
 * a decoder rejects becomes a dead letter here, while its bytes are at hand.
 */
#include "batches.h"
#include "direct.h"
#include "node_ctx.h"
#include "packet.h"
#include "record_finish.h"

enum {
	NEXT_DROP,
	NEXT_MATCH,
	DONE,    /* the record stands in a batch; an edge only where lists look at it */
	SEVERAL, /* no edge: the first of several records; the others are made when all in front of it have been sent on */
};

/* Flags of the whole datagram or message: each of its records has them. */
#define DECODE_CAME_WITH (TP_FLAG_REASSEMBLED | TP_FLAG_RETAINED | TP_FLAG_WILL | TP_FLAG_DUP)

/* Makes a chain contiguous in the arena. */
static bool decode_linearise(struct tp_worker *w, const struct rte_mbuf *m, struct tp_record *rec)
{
	uint32_t at = m->l2_len + m->l3_len + 8;
	uint8_t *copy = tp_arena_get(&w->arena, rec->payload.n);
	const uint8_t *data;

	if (!copy)
		return false;
	data = rte_pktmbuf_read(m, at, rec->payload.n, copy);
	rec->payload.p = data;
	return data != NULL;
}

static void decode_no_room(struct tp_worker *w, const struct rte_mbuf *m, const struct tp_record *rec)
{
	tp_book(w, rec)[TP_C_arena_full]++;
	tp_tell_given_up(w, m, rec, TP_C_arena_full, NULL);
	tp_record_lost(w, rec);
}

/* Records 1..n-1 of a datagram. What cannot be made for want of a buffer or of room is counted for its source. */
static void decode_more(struct rte_graph *graph, struct rte_node *node, struct rte_mbuf *first, int n)
{
	struct tp_worker *w = tp_node_worker(node);
	const struct tp_decoder *decoder = ((const struct tp_decode_ctx *)node->ctx)->format->decoder;
	const struct tp_record *head = tp_rec(first);
	struct rte_mempool *pool = tp_packet_pool();
	struct tp_verdict verdict;

	tp_book(w, head)[TP_C_extra] += (uint64_t)n - 1;
	for (int i = 1; i < n; i++) {
		struct rte_mbuf *m = rte_pktmbuf_clone(first, pool);
		struct tp_record *rec;

		if (unlikely(!m)) {
			tp_book(w, head)[TP_C_mbuf_exhausted]++;
			tp_tell_given_up(w, first, head, TP_C_mbuf_exhausted, NULL);
			tp_record_lost(w, head);
			continue;
		}
		rec = tp_rec(m);
		memcpy(rec, head, offsetof(struct tp_record, event_id));
		rec->flags = (head->flags & DECODE_CAME_WITH) | TP_FLAG_ONE_OF_SEVERAL;
		rec->result = (uint8_t)i;
		rec->has_device_time = 0;
		if (unlikely(decoder->decode(rec, &w->arena, &verdict) < 0)) {
			decode_no_room(w, m, rec);
			rte_node_enqueue_x1(graph, node, NEXT_DROP, m);
			continue;
		}
		record_finish(w, rec);
		rte_node_enqueue_x1(graph, node, NEXT_MATCH, m);
	}
}

static uint16_t decode_rejected(
        struct tp_worker *w, const struct rte_mbuf *m, struct tp_record *rec, int rc, const struct tp_verdict *verdict)
{
	if (rc == TP_DECODE_NO_ROOM) {
		decode_no_room(w, m, rec);
		return NEXT_DROP;
	}
	tp_book(w, rec)[verdict->reason]++;
	w->rejected = *verdict;
	tp_tell_given_up(w, m, rec, verdict->reason, verdict);
	rec->has_device_time = 0;
	record_finish(w, rec);
	tp_emit_dead_letter(w, rec, verdict);
	return NEXT_DROP;
}

/* *records: how many a datagram of SEVERAL holds. */
static inline uint16_t decode_one(const struct tp_decode_ctx *ctx, struct rte_mbuf *m, int *records)
{
	struct tp_worker *w = ctx->worker;
	struct tp_record *rec = tp_rec(m);
	struct tp_verdict verdict;
	int n;

	if (unlikely(!rec->payload.p && !decode_linearise(w, m, rec))) {
		decode_no_room(w, m, rec);
		return NEXT_DROP;
	}
	n = ctx->format->decoder->decode(rec, &w->arena, &verdict);
	if (unlikely(n < 0))
		return decode_rejected(w, m, rec, n, &verdict);
	if (unlikely(n > 1))
		rec->flags |= TP_FLAG_ONE_OF_SEVERAL;
	record_finish(w, rec);
	*records = n;
	return likely(n == 1) ? NEXT_MATCH : SEVERAL;
}

/* Whether there is nothing behind this node for what came to it. */
static inline bool decode_ends(const struct rte_node *node, uint16_t edge)
{
	return edge == DONE && !((const struct tp_decode_ctx *)node->ctx)->format->listed;
}

static inline void decode_send(struct rte_graph *graph, struct rte_node *node, uint16_t edge, void **objs, uint16_t n)
{
	if (decode_ends(node, edge))
		tp_packets_give_back((struct rte_mbuf **)objs, n);
	else if (n)
		rte_node_enqueue(graph, node, edge, objs, n);
}

/*
 * The short way: a record that no rule looks at is put into its batch at once. What is not usual is decoded and emitted here, too, so that
 * the records of a device stay in order; where one has to go through the nodes, all behind it in the walk do: this node may be called again in front of
 * those, for datagrams that were made of fragments or that a trace takes apart.
 *
 * To try the short way in vain and to emit one by one costs a third of a record more. So where most of a vector is not usual, the rest of it goes through the nodes,
 * and so do the next vectors of the format.
 */
#define LEFT_MOST 4
#define REST      31 /* vectors */
static inline void decode_left(struct tp_format *format, struct direct *d)
{
	if (likely(!d->write || ++d->left <= LEFT_MOST || d->left <= d->taken))
		return;
	d->write = NULL;
	format->rest = REST;
}

static inline uint16_t decode_direct(const struct tp_decode_ctx *ctx, struct direct *d, struct rte_mbuf *m, int *records)
{
	uint16_t edge = decode_one(ctx, m, records);

	decode_left(ctx->format, d);
	if (unlikely(edge == SEVERAL))
		d->write = NULL;
	if (edge != NEXT_MATCH || !d->write)
		return edge;
	tp_emit_records(ctx->worker, &m, 1);
	return DONE;
}

static uint16_t decode_process(struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n)
{
	const struct tp_decode_ctx *ctx = (const struct tp_decode_ctx *)node->ctx;
	uint16_t from = 0, edge;
	struct direct d;
	int records = 1;

	direct_begin(&d, ctx->worker, ctx->format);
	edge = d.write ? DONE : NEXT_MATCH;
	for (uint16_t i = 0; i < n; i++) {
		uint16_t e, taken = likely(d.write) ? tp_direct_run(ctx->worker, &d, &objs[i], n - i) : 0;

		if (unlikely(taken && edge != DONE)) {
			decode_send(graph, node, edge, &objs[from], i - from);
			from = i;
			edge = DONE;
		}
		i += taken;
		d.taken += taken;
		if (likely(i == n))
			break;
		e = ctx->format->direct ? decode_direct(ctx, &d, objs[i], &records) : decode_one(ctx, objs[i], &records);

		if (unlikely(e != edge)) {
			decode_send(graph, node, edge, &objs[from], i - from);
			from = i;
			edge = e;
		}
		if (unlikely(e == SEVERAL)) {
			decode_send(graph, node, NEXT_MATCH, &objs[i], 1);
			decode_more(graph, node, objs[i], records);
			from = i + 1;
			edge = NEXT_MATCH;
		}
	}
	if (likely(from == 0 && !decode_ends(node, edge)))
		rte_node_next_stream_move(graph, node, edge);
	else
		decode_send(graph, node, edge, &objs[from], n - from);
	if (unlikely(!d.write))
		ctx->format->through = ctx->worker->walk;
	return n;
}

static struct rte_node_register decode_node = {
        .name = "decode",
        .process = decode_process,
        .nb_edges = 3,
        .next_nodes = {[NEXT_DROP] = "drop", [NEXT_MATCH] = "pattern_match", [DONE] = "match_emitted"},
};
RTE_NODE_REGISTER(decode_node)
