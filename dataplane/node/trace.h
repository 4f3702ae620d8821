/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_NODE_TRACE_H
#define TP_NODE_TRACE_H
/*
 * The worker's side of a trace. Arming puts tp_trace_process() in the place of every node's function in the worker's own graph; it finds marked
 * packets, calls the node's own function with each of them alone, and writes down what moved. Disarming puts the functions back.
 *
 * Number and part of a marked packet lie in m->hash.fdir, which nothing else uses.
 */
#include "node.h"
#include "tp_trace.h"

/* In m->ol_flags: marked. The bit is free, because flow director marks are never asked for. */
#define TP_MBUF_TRACED RTE_MBUF_F_RX_FDIR_ID

#define TRACE_STEPS  8192                                  /* a worker; power of two */
#define TRACE_NODES  (128 + TP_MAX_PORTS * TP_MAX_WORKERS) /* node ids that can be traced: a port has one for each queue */
#define TRACE_EDGES  32
#define TRACE_VECTOR 8192 /* longest vector whose packets are traced */
#define TRACE_OPEN   256  /* messages whose acknowledgement is awaited */
#define TRACE_FIRSTS 16   /* datagrams whose later fragments are marked too */
#define TRACE_PIECE  256  /* packets a call: what every node has room for */

/* What all workers of a trace share. */
struct tp_trace_shared {
	struct tp_trace_filter filter;
	struct tp_slice topic;
	uint32_t numbers; /* the last number given; atomic */
	int32_t left;     /* packets that may still be marked; atomic */
};

struct trace_call;

struct trace_waiting {
	uint32_t waiter, trace;
	uint8_t part;
};

struct trace_first {
	uint8_t key[40]; /* family, protocol, identification, both addresses */
};

/* Datagrams whose first fragment fitted. */
struct trace_firsts {
	struct trace_first first[TRACE_FIRSTS];
	uint32_t n;
};

/* What is told by code outside of the graph; through pointers, so that it does not need this. Worker. */
struct tp_trace_told {
	void (*given_up)(struct tp_trace *t, const struct rte_mbuf *m, enum tp_counter reason);
	/* Of the gateway: see struct mqtt_watch. */
	void (*answered)(struct tp_trace *t, uint32_t waiter, bool recorded, uint16_t packet_id, uint8_t reason);
	void (*gone)(struct tp_trace *t, uint32_t waiter);
	void (*ended)(struct tp_trace *t, const struct tp_record *rec, enum tp_counter why);
	/* The open batch of that index is about to go to control, from where it may come back at once. */
	void (*sealed)(struct tp_trace *t, uint32_t index);
};

/* Of one worker. Made by control, filled by the worker, read by control through the ring. */
struct tp_trace {
	struct tp_worker *worker;
	struct rte_graph *graph;
	struct tp_trace_shared *shared;
	const struct tp_trace_told *told;
	rte_node_process_t process[TRACE_NODES]; /* the nodes' own */
	uint8_t role[TRACE_NODES];
	struct trace_call *call;                   /* under way; NULL: none */
	uint32_t seen[TP_MAX_TOPICS * TP_BUCKETS]; /* entries of each open batch from before the call, or told of */
	uint32_t n_open;
	struct tp_book nobody, source; /* before a node ran */
	void *vector[TRACE_VECTOR];
	struct trace_waiting waiting[TRACE_OPEN];
	uint32_t n_waiting;
	struct trace_firsts firsts;
	uint32_t head;                     /* of the ring. worker: w, control: r */
	uint64_t lost;                     /* worker: w, control: r */
	uint32_t tail __rte_cache_aligned; /* control: w, worker: r */
	struct tp_trace_step ring[TRACE_STEPS];
};

/* Memory for a worker's trace, or NULL. Any thread. */
struct tp_trace *tp_trace_new(struct tp_worker *w, struct rte_graph *graph, struct tp_trace_shared *shared);
void tp_trace_free(struct tp_trace *t); /* NULL is fine; after tp_trace_remove() */
/* Puts it into the graph and takes it out. The worker, between walks. */
void tp_trace_install(struct tp_trace *t);
void tp_trace_remove(struct tp_trace *t);
/* The next step; false: none. Control. */
bool tp_trace_next(struct tp_trace *t, struct tp_trace_step *step);

static inline bool tp_traced(const struct rte_mbuf *m)
{
	return (m->ol_flags & TP_MBUF_TRACED) != 0;
}

/* A packet that waited outside of the graph is given up. Worker. */
static inline void tp_trace_given_up(const struct tp_worker *w, const struct rte_mbuf *m, enum tp_counter reason)
{
	if (unlikely(w->trace && tp_traced(m)))
		w->trace->told->given_up(w->trace, m, reason);
}

/* ---- trace_filter.c ---------------------------------------------------------------------------------------------------------------------- */
/* Whether the n octets that a frame begins with fit: whatever stands in them. plan: for the names in the filter. Pure but for firsts. */
bool tp_trace_octets_fit(
        const struct tp_trace_filter *f, const struct tp_plan *plan, struct trace_firsts *firsts, const uint8_t *p, uint32_t n);
/* Whether a packet of the worker fits, while some may still be marked. Worker. */
bool tp_trace_frame_fits(struct tp_trace *t, const struct rte_mbuf *m);
/* Who sent a frame: 4 or 6, with the address in network order; 0: no IP. Pure. */
uint8_t tp_trace_sender(const uint8_t *p, uint32_t n, uint8_t addr[16]);
/* Whether an MQTT message fits. Worker. */
bool tp_trace_message_fits(const struct tp_trace *t, const struct tp_record *rec);

#endif
