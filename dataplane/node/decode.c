/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * decode: runs one decoder over a vector. Cloned once a format ("decode-j2735", ...), so that every format has cycles of its own.
 *
 * A datagram that holds several records goes on as several packets: indirect ones that share its data, each with a record of its own. What
 * a decoder rejects becomes a dead letter here, while its bytes are at hand.
 */
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "batches.h"
#include "node.h"
#include "node_ctx.h"

enum { NEXT_DROP, NEXT_MATCH };

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

/* event_id and event_time: what does not depend on the format. */
static inline void decode_finish(const struct tp_worker *w, struct tp_record *rec)
{
	const struct tp_source *source = tp_source_of(w, rec);
	const struct tp_listener *listener = &w->spec->listeners[rec->listener];
	uint64_t seed = source->seed + rec->result;
	XXH128_hash_t id;
	int64_t t;

	if (unlikely(rec->mqtt))
		seed ^= rec->mqtt->seed;
	else if (unlikely(source->unknown))
		seed ^= XXH3_64bits(rec->source_addr, rec->source_family == 4 ? 4 : 16);
	id = XXH3_128bits_withSeed(rec->payload.p, rec->payload.n, seed);
	memcpy(rec->event_id, &id.low64, 8);
	memcpy(rec->event_id + 8, &id.high64, 8);
	t = rec->has_device_time ? rec->device_time : rec->received_at;
	if (unlikely(t < rec->received_at - listener->clamp_past_us)) {
		t = rec->received_at - listener->clamp_past_us;
		rec->flags |= TP_FLAG_CLOCK_CLAMPED;
	} else if (unlikely(t > rec->received_at + listener->clamp_future_us)) {
		t = rec->received_at + listener->clamp_future_us;
		rec->flags |= TP_FLAG_CLOCK_CLAMPED;
	}
	rec->event_time = t;
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
	const struct tp_decoder *decoder = ((const struct tp_decode_ctx *)node->ctx)->decoder;
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
		decode_finish(w, rec);
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
	decode_finish(w, rec);
	tp_emit_dead_letter(w, rec, verdict);
	return NEXT_DROP;
}

static inline uint16_t decode_one(
        struct rte_graph *graph, struct rte_node *node, const struct tp_decode_ctx *ctx, struct rte_mbuf *m)
{
	struct tp_worker *w = ctx->worker;
	struct tp_record *rec = tp_rec(m);
	struct tp_verdict verdict;
	int n;

	if (unlikely(!rec->payload.p && !decode_linearise(w, m, rec))) {
		decode_no_room(w, m, rec);
		return NEXT_DROP;
	}
	n = ctx->decoder->decode(rec, &w->arena, &verdict);
	if (unlikely(n < 0))
		return decode_rejected(w, m, rec, n, &verdict);
	if (unlikely(n > 1)) {
		decode_more(graph, node, m, n);
		rec->flags |= TP_FLAG_ONE_OF_SEVERAL;
	}
	decode_finish(w, rec);
	return NEXT_MATCH;
}

static uint16_t decode_process(struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n)
{
	const struct tp_decode_ctx *ctx = (const struct tp_decode_ctx *)node->ctx;
	uint16_t from = 0, edge = NEXT_MATCH;

	for (uint16_t i = 0; i < n; i++) {
		uint16_t e = decode_one(graph, node, ctx, objs[i]);

		if (unlikely(e != edge)) {
			if (i > from)
				rte_node_enqueue(graph, node, edge, &objs[from], i - from);
			from = i;
			edge = e;
		}
	}
	if (likely(from == 0))
		rte_node_next_stream_move(graph, node, edge);
	else
		rte_node_enqueue(graph, node, edge, &objs[from], n - from);
	return n;
}

static struct rte_node_register decode_node = {
        .name = "decode",
        .process = decode_process,
        .nb_edges = 2,
        .next_nodes = {[NEXT_DROP] = "drop", [NEXT_MATCH] = "pattern_match"},
};
RTE_NODE_REGISTER(decode_node)
