/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_NODE_MQTT_H
#define TP_NODE_MQTT_H
/*
 * MQTT on a worker: where the pure parts (dataplane/tcp, tls, mqtt) meet packets, records and batches.
 *
 *   tcp_input     takes segments, gives them to the endpoint                                  (graph node)
 *   mqtt_poll     everything that does not come from a port: batches that came back, notes of other workers, verdicts on logins, timers,
 *                 connections that may go on                                                  (source node)
 *   mqtt_host.c   what the gateway asks for: messages become records, octets go out
 *   mqtt_stream.c what the endpoint and TLS ask for: octets go to the gateway
 *   tcp_frame.c   segments become frames
 *   mqtt_end_walk the end of a walk, called by the worker's loop: acknowledgements that are due leave
 *
 * A message becomes a packet buffer of its own without data, whose record points to where the payload lies: in the segment, in the gateway's
 * memory, or in the arena. Segments are kept until the walk ends, and no longer.
 *
 * Worker only, but for what says otherwise.
 */
#include "gateway.h"
#include "node.h"
#include "tcp.h"
#include "tls.h"

#define TP_MQTT_SPENT 4096 /* segments of one walk */
#define TP_MQTT_MADE  4096 /* messages of one walk; above it the gateway holds */
#define TP_MQTT_TX    512  /* frames under way to a port */
#define TP_MQTT_STOCK 32   /* packet buffers taken from the pool at a time */

/* One connection, as all layers know it. */
struct tp_mqtt_worker;

struct tp_mqtt_conn {
	struct tp_mqtt_worker *q;
	struct tcp_conn *tcp; /* NULL: free */
	struct mqtt_session *session;
	struct tls *tls; /* NULL: plain */
	uint32_t index;
	uint16_t listener; /* of the plan's mqtt_listeners */
	bool resume;       /* stands in the list of those that go on in the next walk */
	bool stepping;     /* stands in the list of those with a handshake step */
	bool in_use : 1;   /* not among the free ones */
	bool in_tls : 1;   /* a call of TLS is under way, which must not lose its session */
	bool secured : 1;  /* the handshake is complete */
	bool ended : 1;    /* the peer has sent its last octet, and TLS still holds some */
	bool hung_up : 1;  /* this side closed it */
};

/* A ring: a connection that is taken out may enter again while others still wait. */
struct tp_mqtt_list {
	uint32_t *index; /* of connections; as many as there are */
	uint32_t first, n;
};

struct tp_mqtt_worker {
	struct tp_worker *worker;
	struct tcp *tcp;
	struct mqtt_gateway *gateway;
	struct tp_waiters *waiters;
	struct tp_mqtt_conn *conns; /* n_conns */
	uint32_t *free_conns;
	uint32_t n_free, n_conns;
	struct tp_mqtt_list resume, stepping;
	struct rte_mbuf **made; /* messages of this walk that wait for their edge */
	struct rte_mbuf **spent;
	struct rte_mbuf **tx;
	uint32_t *on_way; /* waiters of the messages of this walk */
	uint32_t n_made, n_spent, n_tx, n_on_way;
	struct rte_mbuf **buffers; /* a stock of empty packet buffers, for messages and frames */
	uint32_t n_buffers;
	uint32_t tls_open[TP_MAX_MQTT_LISTENERS]; /* connections of TLS, a listener of this plan or of a later one */
	uint32_t conns_of[TP_MAX_MQTT_LISTENERS]; /* of n_conns, those in use; written by atomic stores: control looks */
	uint32_t handshakes;                      /* handshake steps a walk */
	uint64_t next_tick_us, next_room_us;
	uint64_t now_us;                         /* monotonic, of this walk */
	uint64_t us_per_cycle;                   /* microseconds of a cycle, times 2^32 */
	uint64_t made_octets;                    /* what the messages of this walk may need of batches, about */
	struct rte_ring *logins;                 /* to control: struct tp_mqtt_login */
	struct rte_ring *verdicts;               /* from control: struct tp_mqtt_verdict */
	struct rte_ring **notes_out, **notes_in; /* n_workers, NULL for itself: struct mqtt_note */
	uint64_t events;                         /* of devices that came or went */
	struct mqtt_watch watch;                 /* see mqtt_trace.h */
	bool held;                               /* a message found no room: say so when there is some */
	bool stopping, stopped;
};

/* Monotonic microseconds of a TSC value. */
static inline uint64_t tp_mqtt_us(const struct tp_mqtt_worker *q, uint64_t tsc)
{
	return (uint64_t)((unsigned __int128)tsc * q->us_per_cycle >> 32);
}

/* The clock of TCP and MQTT never goes back. */
static inline void tp_mqtt_clock(struct tp_mqtt_worker *q, uint64_t tsc)
{
	uint64_t now = tp_mqtt_us(q, tsc);

	if (now > q->now_us)
		q->now_us = now;
}

/*
 * An empty packet buffer, or NULL. Taken in bulk, so that cache misses of several overlap; what will be written of the next one, as a record or as a frame,
 * is prefetched.
 */
static inline struct rte_mbuf *tp_mqtt_buffer(struct tp_mqtt_worker *q)
{
	if (unlikely(q->n_buffers == 0)) {
		if (rte_pktmbuf_alloc_bulk(tp_packet_pool(), q->buffers, TP_MQTT_STOCK) != 0)
			return NULL;
		q->n_buffers = TP_MQTT_STOCK;
	}
	if (likely(--q->n_buffers)) {
		struct rte_mbuf *next = q->buffers[q->n_buffers - 1];

		__builtin_prefetch(tp_rec(next), 1);
		__builtin_prefetch(rte_pktmbuf_mtod(next, void *), 1);
	}
	return q->buffers[q->n_buffers];
}

/* ---- mqtt_stream.c --------------------------------------------------------------------------------------------------------- */
extern const struct tcp_app tp_mqtt_tcp_app; /* ctx: struct tp_mqtt_worker; copied with it */
/* Handshake steps, within the budget of a walk. */
void tp_mqtt_handshakes(struct tp_mqtt_worker *q);
/* Connections that may go on. */
void tp_mqtt_go_on(struct tp_mqtt_worker *q);
/* Octets of the gateway for the peer; after tp_mqtt_hang_up() they go nowhere. */
int tp_mqtt_write(struct tp_mqtt_conn *c, const uint8_t *p, uint32_t n);
void tp_mqtt_hang_up(struct tp_mqtt_conn *c, bool at_once);
/* The gateway waits no longer for peers to close after tp_mqtt_hang_up(): for when ports are not read any more. */
void tp_mqtt_part_hung_up(struct tp_mqtt_worker *q);
void tp_mqtt_go_on_later(struct tp_mqtt_conn *c);

/* ---- mqtt_host.c ----------------------------------------------------------------------------------------------------------- */
extern const struct mqtt_host tp_mqtt_host; /* ctx: struct tp_mqtt_worker; copied with it */
/* Where the messages of a connection come from, as their records say it; NULL: not known. */
void tp_mqtt_address(const struct tp_mqtt_conn *c, struct tp_record *rec);
/* Batches are free beyond those that what is on its way may need. */
bool tp_mqtt_has_room(const struct tp_mqtt_worker *q);

/* ---- tcp_frame.c ----------------------------------------------------------------------------------------------------------- */
/* What a link holds. */
struct tp_link {
	struct rte_ether_addr mac; /* the peer's, or its router's */
	uint16_t port;             /* ethdev id */
	uint32_t tag[2];           /* VLAN tags as they lie in the frame: EtherType and TCI; 0: none */
};
_Static_assert(sizeof(struct tp_link) == sizeof(struct tcp_link), "a link has 16 octets");
void tp_link_of(const struct rte_mbuf *m, struct tp_link *link);
/* tcp_io.output: ctx is a struct tp_mqtt_worker. */
void tp_tcp_frame(void *ctx, const struct tcp_output *out);
/* Sends what has been collected. */
void tp_mqtt_transmit(struct tp_mqtt_worker *q);

/* ---- mqtt_walk.c ----------------------------------------------------------------------------------------------------------- */
/* Messages made so far go on to their decoders; node has the decoders' edges of udp_input. */
void tp_mqtt_enqueue_made(struct tp_mqtt_worker *q, struct rte_graph *graph, struct rte_node *node);
/* After a walk of the graph: waiters are answered, frames leave, segments are freed. */
void tp_mqtt_end_walk(struct tp_worker *w);
/* An orderly stop; true once every connection is closed. Between walks. */
bool tp_mqtt_stop(struct tp_worker *w);

#endif
