/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_TCP_H
#define TP_TCP_H
/*
 * The TCP endpoint of one worker: passive opens only (RFC 9293), pure of packets' transport: it takes a segment and a clock, and gives
 * segments and octets in order. It knows neither DPDK nor MQTT, so that a test needs no port.
 *
 *   tcp_input()  a segment arrived            ─►  app->opened, app->data, app->ended, app->closed
 *   tcp_tick()   time passed: timers              io->output, a segment to send
 *   tcp_flush()  the vector is over: what was queued and the acknowledgements that are due leave now, one segment where one does
 *
 * Memory is reserved when the endpoint is made: connections in a table of their own, and chunks of TCP_CHUNK octets that hold data out of
 * order, data the application did not take yet, and data sent and not acknowledged. Nothing is allocated afterwards. A connection lives
 * on one worker; all calls come from its thread. There is no lock.
 *
 * In order and complete is the fast path: app->data gets the octets where they lie in the packet. Only what the application does not take is
 * copied, and then the window closes by as much.
 *
 * Standards: RFC 9293 (with the MUSTs of its appendix B as far as they concern a passive endpoint), 6298, 5961, 7323, 2018 (receiver),
 * 6528, 4987 (cookies that carry window scale and SACK in the time stamp), 6691, 5681 (initial window, slow start), 5927 (ICMP).
 *
 * Counters (TP_C_tcp_*) go to the book that tcp_new() is given. tcp_input() counts each segment exactly once: under tcp_segments (answered or
 * kept) or under the name of the reason it was dropped for.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tp_stats.h"

#define TCP_CHUNK       512 /* octets of a chunk, its link included */
#define TCP_MAX_HEADER  60
#define TCP_MAX_WINDOW  (1u << 22)
#define TCP_MAX_GAPS    56
#define TCP_PARTS       4 /* pieces a segment's payload may have in tcp_output */
#define TCP_NO_LISTENER UINT16_MAX

struct tcp;      /* the endpoint of one worker */
struct tcp_conn; /* one connection; its hot state is two cache lines */

/* Both ends of a connection. Compared as a whole: unused octets are 0. */
struct tcp_tuple {
	uint8_t local[16]; /* network order; IPv4 in the first four */
	uint8_t remote[16];
	uint16_t local_port; /* host order */
	uint16_t remote_port;
	uint8_t family; /* 4 or 6 */
	uint8_t reserved[3];
};

/* Where answers go: kept a connection, renewed by every acceptable segment; the endpoint does not look into it. */
struct tcp_link {
	uint8_t octets[16];
};

/* A segment as it came. Its checksum has been verified. */
struct tcp_segment {
	const struct tcp_tuple *tuple;
	const struct tcp_link *link;
	const uint8_t *p; /* the TCP header, contiguous with its payload */
	uint32_t n;       /* octets of header and payload */
	/* What the caller found for the local address and port, given back by tcp_conn_listener(); TCP_NO_LISTENER: nobody listens. */
	uint16_t listener;
	bool congestion; /* reserved for ECN: ignored */
};

/* A segment to send. Everything is valid during the call only. */
struct tcp_output {
	const struct tcp_tuple *tuple;
	const struct tcp_link *link;
	const uint8_t *header; /* network order, checksum field 0 */
	uint32_t header_n;     /* 20..60 */
	struct {
		const uint8_t *p;
		uint32_t n;
	} part[TCP_PARTS]; /* the payload */
	uint32_t parts;
};

enum tcp_closed {
	TCP_CLOSED_DONE,      /* both sides closed in order */
	TCP_CLOSED_RESET,     /* the peer reset it (RFC 9293 3.10.7.4) */
	TCP_CLOSED_TIMED_OUT, /* R2 passed without an acknowledgement (RFC 9293 3.8.3) */
	TCP_CLOSED_ABORTED,   /* tcp_abort() */
	TCP_CLOSED_NO_MEMORY, /* a budget was used up and this connection was the one to go */
	TCP_CLOSED_STOPPED,   /* tcp_free() */
};

/* What the endpoint asks of its worker. */
struct tcp_io {
	void (*output)(void *ctx, const struct tcp_output *out);
	void *ctx;
};

/* What runs over it. Calls may use every function below but tcp_input, tcp_tick and tcp_free. */
struct tcp_app {
	/* The handshake is complete. */
	void (*opened)(void *ctx, struct tcp_conn *c);
	/*
	 * n octets in order. Returns how many were taken; the rest is kept, and no further call comes until tcp_resume(). Never called with
	 * n 0. Where fewer are taken than given, the receive window closes by the rest and by what follows. The octets stay where they are
	 * as long as the segment does or, where they come from what was kept, until the next tcp_flush(). After tcp_close() or tcp_abort()
	 * of c from within it does not matter what is returned.
	 */
	uint32_t (*data)(void *ctx, struct tcp_conn *c, const uint8_t *p, uint32_t n);
	/* The peer has sent its FIN and everything before it was taken: it sends nothing more (half close). */
	void (*ended)(void *ctx, struct tcp_conn *c);
	/* The last call for c, after which it must not be used. Not called for what never was opened. */
	void (*closed)(void *ctx, struct tcp_conn *c, enum tcp_closed why);
	/* tcp_send() of c has refused since the last call, and some of what was queued is acknowledged now: try again. NULL: nobody asks. */
	void (*writable)(void *ctx, struct tcp_conn *c);
	void *ctx;
};

struct tcp_spec {
	uint32_t connections;       /* 1..16777216; half-open and TIME-WAIT ones are apart */
	uint32_t half_open;         /* entries of the SYN backlog; above it SYN cookies answer (RFC 4987). 0: cookies always */
	uint32_t time_wait;         /* entries of the TIME-WAIT store; when full the oldest goes */
	uint32_t chunks;            /* chunks of TCP_CHUNK octets for all connections */
	uint32_t receive_window;    /* octets a connection may be sent ahead of what the application took; 1460..TCP_MAX_WINDOW */
	uint32_t reassembly_octets; /* out of order, a connection; at most receive_window */
	uint32_t reassembly_gaps;   /* ranges out of order, a connection; 1..TCP_MAX_GAPS */
	uint32_t send_octets;       /* queued and not acknowledged, a connection; tcp_send() refuses above */
	uint32_t max_retries;       /* R2 of data and FIN; 3..15 */
	uint32_t syn_retries;       /* R2 of a SYN-ACK; 1..8 */
	uint32_t time_wait_ms;      /* 2 MSL */
	uint32_t fin_wait_2_ms;     /* a peer that never closes its side after ours */
	uint32_t challenge_rate;    /* challenge ACKs a second in all, before jitter (RFC 5961, 7); a connection: one in 500 ms */
	uint32_t reset_rate;        /* resets a second for segments of no connection; 0: no limit */
	uint16_t mss4, mss6;        /* to announce: MTU - 40, MTU - 60 */
	uint8_t secret[32];         /* of ISNs, cookies and time stamp offsets; random, made at start */
};

/* Octets tcp_new() will reserve. Pure. */
uint64_t tcp_memory(const struct tcp_spec *spec);
/* NULL where there is no memory, or a number of the spec is out of its range. `book` gets the counters; now_us: monotonic clock, microseconds. */
struct tcp *tcp_new(
        const struct tcp_spec *spec, const struct tcp_io *io, const struct tcp_app *app, struct tp_book *book, uint64_t now_us);
/* Closes what is open (TCP_CLOSED_STOPPED), sending nothing. NULL is fine. */
void tcp_free(struct tcp *t);

/* ---- the way in ------------------------------------------------------------------------------------------------------------ */
/* One segment. now_us never goes back. */
void tcp_input(struct tcp *t, const struct tcp_segment *segment, uint64_t now_us);
/* A vector: look-ups are prefetched over it. */
void tcp_input_vector(struct tcp *t, const struct tcp_segment *segments, uint32_t n, uint64_t now_us);
/*
 * An ICMP or ICMPv6 error that quotes a segment of ours (RFC 5927): tuple of the quoted segment as the connection knows it, its sequence
 * number, hard: a destination unreachable of protocol or port; mtu: of "fragmentation needed" or "packet too big", else 0. Acts only where the number
 * lies in what is sent and not acknowledged; a soft error never aborts.
 */
void tcp_icmp(struct tcp *t, const struct tcp_tuple *tuple, uint32_t seq, bool hard, uint16_t mtu, uint64_t now_us);
/* Timers that are due: at most `budget` of them. Returns microseconds until the next one, at most 1,000,000. */
uint32_t tcp_tick(struct tcp *t, uint64_t now_us, uint32_t budget);
/* Sends what is queued and the acknowledgements that are due. After each vector and after calls from outside tcp_input(). */
void tcp_flush(struct tcp *t, uint64_t now_us);

/* ---- the application's side ------------------------------------------------------------------------------------------------- */
/* Queues n octets. 0, -ENOBUFS where they would exceed send_octets or no chunk is free (nothing is queued), -EPIPE after tcp_close(). */
int tcp_send(struct tcp *t, struct tcp_conn *c, const uint8_t *p, uint32_t n);
/*
 * Sees to it that tcp_send() of the next n octets, 504 at most, does not fail for want of a chunk; n 0: no longer. What was asked for before is kept
 * where it fails, and what is sent meanwhile comes off. 0, or -EAGAIN: no chunk is free. Nothing is kept for a connection that cannot send.
 */
int tcp_reserve(struct tcp *t, struct tcp_conn *c, uint32_t n);
/* Milliseconds since a segment of the peer came that may be its own, acceptable or not. */
uint32_t tcp_silence_ms(const struct tcp *t, const struct tcp_conn *c);
/* Octets queued and not yet acknowledged. */
uint32_t tcp_unsent(const struct tcp_conn *c);
/*
 * The application takes data again: app->data gets what is kept, before this returns, and the window opens at once. From within app->data of
 * the same connection: what that call did not take is offered again when it has returned.
 */
void tcp_resume(struct tcp *t, struct tcp_conn *c, uint64_t now_us);
/* Octets in order that the application has not taken. */
uint32_t tcp_kept(const struct tcp_conn *c);
/* FIN behind what is queued; what the peer still sends is taken and thrown away; app->closed comes at the end. */
void tcp_close(struct tcp *t, struct tcp_conn *c);
/* RST now; app->closed comes before this returns. */
void tcp_abort(struct tcp *t, struct tcp_conn *c);

/* The application's own pointer; NULL at first. */
void tcp_conn_set_app(struct tcp_conn *c, void *app);
void *tcp_conn_app(const struct tcp_conn *c);
uint16_t tcp_conn_listener(const struct tcp_conn *c);
void tcp_conn_tuple(const struct tcp *t, const struct tcp_conn *c, struct tcp_tuple *tuple);

/* A connection as its operator is shown it. */
struct tcp_shown {
	uint32_t received, sent; /* octets of the streams, modulo 2^32; sent: acknowledged ones */
	uint32_t window;         /* octets the peer may send now */
};
void tcp_show(const struct tcp_conn *c, struct tcp_shown *shown);

struct tcp_usage {
	uint32_t connections, half_open, time_wait, chunks_free;
	uint64_t memory; /* octets reserved */
};
void tcp_usage(const struct tcp *t, struct tcp_usage *usage);

#endif
