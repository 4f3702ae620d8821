/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_NODE_H
#define TP_NODE_H
/*
 * What a graph node sees: its worker, the record of a packet, and the one loop that all packet stages share.
 *
 * A stage is a function (worker, mbuf) -> edge. The loop moves runs of packets that take the same edge in one go, and the whole vector by
 * pointer where all take it. A node's context holds just the worker. Edges are an enum in the node's file, in the order of next_nodes[].
 *
 * Packets travel with their data pointer on the Ethernet header; m->l2_len and m->l3_len are set by eth_input and ip*_input, so a stage
 * finds its header without searching and an answer can be written in place. Datagrams of the short way (udp_fast.h) do not have them.
 *
 * Counting: a stage that gives a packet up counts it once, tp_drop(), and returns its drop edge; the drop node only frees.
 * Before udp_input a packet belongs to nobody (source 0); its record is not written and must not be read.
 */
#include <time.h>

#include <rte_branch_prediction.h>
#include <rte_cycles.h>
#include <rte_graph.h>
#include <rte_graph_worker.h>
#include <rte_mbuf.h>
#include <rte_ring.h>

#include "port.h"
#include "tp_batch.h"
#include "tp_decoder.h"
#include "tp_pattern.h"
#include "tp_plan.h"
#include "tp_record.h"
#include "tp_stats.h"
#include "tp_waiter.h"

#define TP_BURST        32 /* packets taken from a port or spread ring a walk */
#define TP_MAX_DECODERS 16
/* The first edge to a decoder: of udp_input, spread_rx, tcp_input and mqtt_poll; of eth_input, for the short way of datagrams. */
#define TP_DECODE_EDGE_UDP 2
#define TP_DECODE_EDGE_ETH 4
#define TP_BUCKETS         8    /* of partitions, see batches.h */
#define TP_WORKER_HITS     1024 /* pattern hits of one walk */
/* In m->ol_flags: put together from fragments. The bit is free, because flow director marks are never asked for. */
#define TP_MBUF_REASSEMBLED RTE_MBUF_F_RX_FDIR

struct tp_fragments;
struct tp_guard_rules;
struct tp_guard_state;
struct tp_mqtt_worker;
struct tp_trace;
struct tp_capture;

/* What udp_input knows of the datagrams from one IPv4 address and port to another. One cache line. */
#define TP_FLOWS     256
#define TP_FLOW_HEAD 12 /* octet of the frame */
struct tp_flow {
	uint8_t head[32];   /* from that octet on, of an untagged frame: what all frames of the flow have there; else 0 */
	uint64_t addresses; /* source and destination, as in the packet */
	uint64_t who;       /* source, listener, port, family and transport, as they stand in a record */
	uint32_t ports;     /* source and destination, as in the packet */
	uint32_t came;      /* nb_segs of one segment and ethdev id it came in by, as they stand in an mbuf */
	uint16_t source;    /* index into plan->sources; 0: free */
	uint16_t edge;      /* of udp_input, to the decoder */
	uint16_t port;      /* ethdev id it came in by */
} __rte_cache_aligned;

/* What a record says of who sent it, in Avro: from the site to the port. The same for all datagrams of a sender, so it is kept; see emit.c. */
#define TP_SENDERS 256
struct tp_sender {
	uint64_t who;  /* source, listener, port, family and transport, as they stand in a record */
	uint32_t addr; /* IPv4, as in the packet */
	uint32_t n;    /* octets; 0: free */
	uint8_t octets[112];
};

/* The front of a sender's records in an Avro topic and what else they have in common, for the short way; see direct_avx512.c. */
#define TP_FRONTS 256
struct tp_front {
	uint64_t who;                  /* source, listener, port, family and transport, as they stand in a record; 0: free */
	uint32_t addr;                 /* IPv4, as in the packet */
	uint32_t room;                 /* octets that a record may take beside twice its payload */
	uint64_t seed;                 /* of event_id */
	uint64_t entry;                /* of an entry of a batch, from key_len to kind */
	int64_t skew_least, skew_most; /* device_time - received_at beyond which it is clamped */
	struct tp_book *book;
	uint16_t topic;
	uint8_t n, key_n; /* octets of all, and of the key in front of it */
	uint8_t flags;    /* enum tp_record_flag, of the source */
	uint8_t octets[192] __rte_cache_aligned;
};

/* A format as this worker reads it. */
struct tp_format {
	const struct tp_decoder *decoder;
	tp_direct_fn direct; /* its short way into a batch (direct.h); NULL: none, or an alert rule looks at what it makes */
	bool listed;         /* plate lists look at it behind that */
	uint8_t rest;        /* vectors for which the short way is not tried, see decode.c */
	uint32_t through;    /* the last walk in which some of its packets went on through the nodes */
};

/* One worker. Everything here is written by that worker alone, but for what says otherwise. */
struct tp_worker {
	const struct tp_plan *plan;      /* taken between walks, see worker/view.c; so are spec, scratch and decoder_of */
	const struct tp_plan_spec *spec; /* of plan */
	struct tp_book *books;           /* n_sources; control reads */
	int64_t now_us;                  /* wall clock of this walk, us since 1970 UTC */
	uint64_t now_tsc;                /* TSC of this walk */
	uint32_t walk;                   /* number of this one, from 1 */
	uint64_t tsc_hz;
	struct tp_arena arena; /* emptied before each walk */
	uint8_t *arena_base;
	struct tp_batch **open;             /* by topic * n_buckets + bucket; NULL where none is open */
	uint16_t n_buckets;                 /* 1..TP_BUCKETS */
	uint32_t under_way[TP_BUCKETS];     /* batches that control has, by bucket */
	uint32_t partitions[TP_MAX_TOPICS]; /* of each topic, as buckets are made from them now; see batches.h */
	struct tp_waiters *waiters;         /* NULL: nobody waits */
	struct rte_ring *sealed;            /* to control, single producer and consumer */
	struct rte_ring *free_batches;      /* from control, single producer and consumer */
	struct tp_batch **free_stack; /* taken from free_batches; the one that came back last is used first: it is in the cache */
	uint32_t free_count;
	uint32_t n_batches;
	struct rte_ring **spread_out; /* n_workers, NULL for itself: where to hand a datagram of that worker; NULL: no spreading */
	struct rte_ring **spread_in;  /* n_workers, NULL for itself: what the others hand to this one */
	struct tp_fragments *fragments;     /* reassembly store of this worker */
	const struct tp_guard_rules *guard; /* NULL: none; taken between walks, see worker/guard.c */
	struct tp_guard_state *guard_state;
	struct tp_mqtt_worker *mqtt;        /* NULL: nothing listens for TCP */
	struct tp_pattern_scratch *scratch; /* NULL: no patterns */
	struct tp_pattern_hit *hit_list;    /* TP_WORKER_HITS */
	uint64_t scans_refused;             /* by the scratches before this one */
	struct tp_trace *trace;             /* NULL: none is armed (trace.h) */
	struct tp_verdict rejected;         /* what a decoder rejected last */
	struct tp_capture *capture;         /* NULL: none is armed (capture.h) */
	/* Told of what is given up; NULL: nobody asks. rec, verdict: NULL where there is none; m is NULL where there is no packet. */
	void (*given_up)(struct tp_worker *w, const struct rte_mbuf *m, const struct tp_record *rec, enum tp_counter reason,
	        const struct tp_verdict *verdict);
	uint32_t received;   /* packets this walk: tells a busy walk from an idle one */
	uint64_t dlq_tokens; /* dead letters that may still be sent this second */
	uint64_t dlq_refill_tsc;
	uint64_t dlq_suppressed; /* since the last one sent */
	uint16_t id;             /* 0..n_workers-1 */
	uint16_t n_workers;
	uint16_t decode_edge[TP_MAX_DECODERS];     /* edge of udp_input and spread_rx by decoder; the same in both */
	uint8_t decoder_of[TP_MAX_LISTENERS];      /* index into tp_decoders by listener */
	struct tp_format formats[TP_MAX_DECODERS]; /* by decoder */
	struct tp_flow flows[TP_FLOWS];            /* seen lately, by a hash of addresses and ports */
	struct tp_flow flow6;                      /* of the IPv6 datagram at hand */
	struct tp_sender senders[TP_SENDERS];      /* seen lately, by a hash of address and port */
	struct tp_front fronts[TP_FRONTS];         /* of those, of the short way */
	uint32_t short_way_taken;                  /* datagrams of the vector at hand that went from eth_input to their decoder */
	bool short_way;                            /* the next one may */
	bool marked;                               /* a packet of this walk is traced: nothing goes the short way */
	bool clock_read;                           /* now_us is of this walk */
	bool stop_rx;                              /* ports are not read any more */
	bool paced;                                /* take packets only while there is room for what they become */
};

static inline struct tp_worker *tp_node_worker(const struct rte_node *node)
{
	struct tp_worker *w;

	memcpy(&w, node->ctx, sizeof(w));
	return w;
}

static inline struct tp_record *tp_rec(struct rte_mbuf *m)
{
	return rte_mbuf_to_priv(m);
}

/* The source of a record as the record shall show it. */
static inline const struct tp_source *tp_source_of(const struct tp_worker *w, const struct tp_record *rec)
{
	return likely(!rec->who) ? &w->spec->sources[rec->source] : rec->who;
}

/* Tells who asks that a packet is given up; it is counted by the caller. */
static inline void tp_tell_given_up(struct tp_worker *w, const struct rte_mbuf *m, const struct tp_record *rec,
        enum tp_counter reason, const struct tp_verdict *verdict)
{
	if (unlikely(w->given_up))
		w->given_up(w, m, rec, reason, verdict);
}

/* Counts a packet that is given up before it has a source. */
static inline void tp_drop(struct tp_worker *w, const struct rte_mbuf *m, enum tp_counter reason)
{
	w->books[0].c[reason]++;
	tp_tell_given_up(w, m, NULL, reason, NULL);
}

/* The shared loop. `stage` is inlined. */
#define TP_NO_EDGE UINT16_MAX
typedef uint16_t (*tp_stage_fn)(struct tp_worker *w, struct rte_mbuf *m);

static __rte_always_inline uint16_t tp_node_each(
        struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n, tp_stage_fn stage)
{
	struct tp_worker *w = tp_node_worker(node);
	uint16_t from = 0, edge = TP_NO_EDGE;

	if (unlikely(n == 0))
		return 0;
	for (uint16_t i = 0; i < n; i++) { /* one place that calls the stage, so that it is inlined once */
		uint16_t e = stage(w, objs[i]);

		if (unlikely(e != edge)) {
			if (i > from)
				rte_node_enqueue(graph, node, edge, &objs[from], i - from);
			from = i;
			edge = e;
		}
	}
	if (from == 0)
		rte_node_next_stream_move(graph, node, edge);
	else
		rte_node_enqueue(graph, node, edge, &objs[from], n - from);
	return n;
}

/* The wall clock of this walk. Read once a walk, and only where packets came: through the vDSO, without a system call. */
static inline void tp_worker_read_clock(struct tp_worker *w)
{
	struct timespec now;

	if (w->clock_read)
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	w->now_us = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
	w->now_tsc = rte_rdtsc();
	w->clock_read = true;
}

/*
 * Whether a source node may take packets now. Always on a live port; where the worker is paced, only while half of its batches are free and
 * the rings to other workers have room for a burst.
 */
static inline bool tp_may_take(const struct tp_worker *w)
{
	if (likely(!w->paced))
		return true;
	if (2 * (w->free_count + rte_ring_count(w->free_batches)) < w->n_batches)
		return false;
	for (unsigned int i = 0; w->spread_out && i < w->n_workers; i++)
		if (w->spread_out[i] && rte_ring_free_count(w->spread_out[i]) < TP_BURST)
			return false;
	return true;
}

/* Counts for the source of a packet that has one. */
static inline uint64_t *tp_book(struct tp_worker *w, const struct tp_record *rec)
{
	return w->books[rec->source].c;
}

/* ---- emit.c: records into batches -------------------------------------------------------------------------------------------- */
/* The envelope of a record; its source_ip is valid until the next call, and may lie in ip_text, 48 octets. Worker. */
void tp_emit_envelope(struct tp_worker *w, const struct tp_record *rec, struct tp_envelope *env, char *ip_text);
/*
 * Appends one encoded record to the open batch of its topic, sealing and opening batches as needed; rec is what it was made of: whose it is, and who
 * waits for it. Returns 0, -ENOBUFS where no batch is free, or -EMSGSIZE where it is larger than a batch; counts nothing but
 * emitted_bytes. Worker.
 */
int tp_emit(struct tp_worker *w, uint16_t topic, const struct tp_envelope *env, unsigned int kind, const void *body,
        struct tp_slice key, const struct tp_record *rec);
/* The same for an alert of rec, to the topic of its listener. A covert one is marked in its batch and counts covert_bytes. */
int tp_emit_alert(struct tp_worker *w, const struct tp_envelope *env, const struct tp_alert_match *alert, struct tp_slice key,
        const struct tp_record *rec, bool covert);
/* Appends the records of n packets, encoded as their topics want them, and counts what became of each. Worker. */
void tp_emit_records(struct tp_worker *w, struct rte_mbuf **packets, uint16_t n);
/* A dead letter for a datagram that the decoder rejected, within the rate; counts it. Worker. */
void tp_emit_dead_letter(struct tp_worker *w, const struct tp_record *rec, const struct tp_verdict *verdict);

/* ---- pattern_match.c ------------------------------------------------------------------------------------------------------- */
/* The kinds of record that some list of the plan looks at, and those that some rule does, as sets of 1 << enum tp_kind. Control. */
static inline uint32_t tp_pattern_listed_kinds(const struct tp_plan_spec *spec)
{
	return spec->patterns && tp_pattern_has_lists(spec->patterns) ? 1u << TP_KIND_plate_read | 1u << TP_KIND_toll_passage : 0;
}

static inline uint32_t tp_pattern_ruled_kinds(const struct tp_plan_spec *spec)
{
	uint32_t kinds = 0;

	for (unsigned int c = 0; spec->patterns && c < spec->n_channels; c++)
		kinds |= 1u << spec->channels[c].kind;
	return kinds;
}

/* ---- port_tx.c --------------------------------------------------------------------------------------------------------------- */
/* Sends n >= 1 frames of one port (mbuf->port), which are the callee's from then on. Worker. */
void tp_port_send(struct tp_worker *w, struct rte_mbuf **packets, uint16_t n);

/* ---- fragments.c: the bounded reassembly store of a worker ------------------------------------------------------------------ */
struct tp_fragments *tp_fragments_new(uint32_t datagrams, uint32_t packets, uint64_t timeout_tsc);
void tp_fragments_free(struct tp_fragments *store); /* NULL is fine; frees what it holds */
/* Gives up datagrams older than the timeout (all of them where `all`); counts fragment_timeout in w->books[0]. Worker, between walks. */
void tp_fragments_expire(struct tp_worker *w, bool all);

#endif
