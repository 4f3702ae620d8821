/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_TCP_ENDPOINT_H
#define TP_TCP_ENDPOINT_H
/*
 * The inside of the endpoint: what its files share. Items (connections, half-open entries, TIME-WAIT entries, chunks) are named by numbers that
 * start at 1; 0 is none. Time is milliseconds since tcp_new() plus one; 32 bits of it are compared modulo 2^32.
 *
 *   table.c       items by their four-tuple        options.c     TCP options           listen.c      SYN, half-open entries, handshakes
 *   wheel.c       timers                           secret.c      keyed hashes          cookie.c      SYN cookies
 *   chunks.c      the pool, and cells of streams   connection.c  life of a connection  input.c       segments of connections
 *   reassembly.c  out of order, kept, SACK         output.c      segments, windows     acknowledge.c what an ACK does
 *   time_wait.c   TIME-WAIT entries                retransmit.c  RTO, probes, timers   endpoint.c    the interface
 */
#include <arpa/inet.h>
#include <string.h>

#include "chunks.h"
#include "table.h"
#include "tcp.h"
#include "wheel.h"

/* Flags of a TCP header. */
#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_PSH 0x08
#define TCP_ACK 0x10

#define TCP_HEADER          20
#define TCP_TS_OCTETS       12    /* time stamps with their padding */
#define TCP_MIN_MSS         48    /* a peer that announces less gets segments of this size */
#define TCP_DELAYED_ACK_MS  40    /* RFC 9293 3.8.6.3: below 500 */
#define TCP_RTO_FIRST_MS    1000  /* RFC 6298 2.1 */
#define TCP_RTO_MIN_MS      1000  /* RFC 6298 2.4 */
#define TCP_RTO_MAX_MS      60000 /* RFC 6298 2.5 */
#define TCP_RTO_LOST_SYN_MS 3000  /* RFC 6298 5.7 */
#define TCP_CHALLENGE_MS    500   /* one challenge ACK a connection */
#define TCP_EMPTY_REPLY_MS  50    /* one answer to segments without text outside the window: ends ACK loops */
#define TCP_TS_RECENT_UNITS ((24u * 86400u * 1000u) >> 10) /* RFC 7323 5.5: 24 days, in units of 1,024 ms */

/* RFC 9293 3.3.2, without LISTEN, SYN-RECEIVED and TIME-WAIT, which have entries of their own. */
enum tcp_state {
	TCP_STATE_CLOSED,
	TCP_STATE_ESTABLISHED,
	TCP_STATE_CLOSE_WAIT, /* the peer's FIN came first */
	TCP_STATE_FIN_WAIT_1, /* tcp_close() came first; the FIN may still be queued */
	TCP_STATE_FIN_WAIT_2,
	TCP_STATE_CLOSING,
	TCP_STATE_LAST_ACK,
};

/* struct tcp_conn.flags */
#define TCP_F_TS          0x0001 /* time stamps are in use */
#define TCP_F_SACK        0x0002 /* the peer takes SACK blocks */
#define TCP_F_ACK_NOW     0x0004 /* an ACK leaves at the next flush */
#define TCP_F_ACK_LATER   0x0008 /* a delayed ACK waits, until ack_at */
#define TCP_F_DIRTY       0x0010 /* in tcp.dirty; outlives the connection */
#define TCP_F_PAUSED      0x0020 /* the application did not take everything */
#define TCP_F_DELIVERING  0x0040 /* inside app->data */
#define TCP_F_RESUMED     0x0080 /* tcp_resume() came inside app->data */
#define TCP_F_FIN_SEEN    0x0100 /* a FIN at fin_seq, not yet in order */
#define TCP_F_FIN_RCVD    0x0200 /* rcv_nxt is behind the peer's FIN */
#define TCP_F_ENDED       0x0400 /* app->ended was called */
#define TCP_F_FIN_QUEUED  0x0800 /* our FIN is behind what is queued, until it is acknowledged */
#define TCP_F_TIMER       0x1000 /* rto_at is set: retransmission, probe or FIN-WAIT-2 */
#define TCP_F_TIMING      0x2000 /* rtt_seq is being timed (RFC 6298 3) */
#define TCP_F_RECOVERY    0x4000 /* fast recovery until `recover` is acknowledged */
#define TCP_F_WINDOW_SHUT 0x8000 /* the last window announced was 0 */

struct tcp_conn {
	/* ---- hot: what a segment in order and its answer touch */
	struct tcp_tuple tuple;
	struct tcp_link link;
	void *app;
	uint32_t snd_una, snd_nxt;
	uint32_t snd_max; /* highest sequence number sent; snd_nxt falls back to snd_una when the retransmission timer fires */
	uint32_t snd_wnd;
	uint32_t snd_wl1, snd_wl2;
	uint32_t rcv_nxt;
	uint32_t rcv_right;       /* right edge of the window as announced; never goes back */
	uint32_t last_ack;        /* Last.ACK.sent of RFC 7323 */
	uint32_t ts_recent;       /* TS.Recent */
	uint32_t ts_recent_units; /* when, in units of 1,024 ms */
	uint32_t ts_offset;       /* what our time stamps are ahead of the clock */
	uint32_t send_n;          /* octets queued from snd_una on */
	uint32_t taken;           /* sequence number of the first octet the application has not taken */
	uint16_t flags;
	uint8_t state;
	uint8_t scales;   /* of what we announce << 4 | of what the peer announces */
	uint16_t snd_mss; /* octets of text in a segment without options other than time stamps */
	uint16_t rcv_mss; /* of the largest segment that came */
	/* ---- cold */
	uint32_t send_first, send_last; /* chunks */
	uint16_t send_skip;             /* octets of the first that are acknowledged */
	uint16_t listener;
	uint32_t cwnd, ssthresh;
	uint32_t recover; /* RFC 6582 */
	uint32_t max_wnd; /* MAX.SND.WND of RFC 5961 */
	uint32_t srtt;    /* ms << 3; 0: no sample yet */
	uint32_t rttvar;  /* ms << 2 */
	uint32_t rto;     /* ms */
	uint32_t rtt_seq, rtt_at;
	uint32_t rto_at, ack_at;
	uint32_t heard_at;      /* the last segment that may be the peer's */
	uint32_t spare;         /* chunk for what is reserved; 0: what there is suffices */
	uint32_t sent_at;       /* the last segment with text */
	uint32_t map;           /* chunk with the ranges out of order */
	uint32_t out_of_order;  /* octets in them */
	uint32_t fin_seq;       /* of the peer's FIN */
	uint32_t chain;         /* of the table; free list */
	uint32_t challenged_at; /* the last challenge ACK */
	uint32_t replied_at;    /* the last answer to a segment without text outside the window */
	uint32_t kept;          /* octets in order that the application has not taken */
	uint16_t reserved_n;    /* octets the application may still send for certain */
	uint8_t duplicates;     /* duplicate ACKs in a row */
	uint8_t retries;        /* time-outs in a row */
	bool refused;           /* tcp_send() was, and the application has not heard yet that it may try again */
	uint8_t align[3];
	uint32_t irs, iss; /* initial sequence numbers: the peer's, ours */
	uint8_t reserved[12];
};
_Static_assert(offsetof(struct tcp_conn, send_first) == 128, "the hot state is two cache lines");
_Static_assert(sizeof(struct tcp_conn) == 256, "a connection is four cache lines");

/* SYN-RECEIVED: a connection whose handshake is not complete. */
struct tcp_half {
	struct tcp_tuple tuple;
	struct tcp_link link;
	uint32_t chain;
	uint32_t irs, iss;
	uint32_t ts_recent;
	uint32_t sent_at; /* the SYN-ACK */
	uint16_t wnd;
	uint16_t mss; /* the peer's */
	uint16_t listener;
	uint8_t scale; /* the peer's */
	uint8_t flags; /* TCP_F_TS, TCP_F_SACK, TCP_H_* */
	uint8_t retries;
	uint8_t reserved[3];
};
#define TCP_H_SCALE 0x80 /* the peer scales its window */
_Static_assert(sizeof(struct tcp_half) <= 96, "a half-open entry is small");

struct tcp_time_wait {
	struct tcp_tuple tuple;
	uint32_t chain;
	uint32_t older, newer; /* by when they end */
	uint32_t end_at;
	uint32_t rcv_nxt, snd_nxt;
	uint32_t ts_recent;
	uint32_t replied_at;
	uint16_t wnd;
	uint8_t flags; /* TCP_F_TS */
	uint8_t reserved;
};

/* Items of one kind that are not in use; those that never were are not touched. */
struct tcp_free_list {
	uint32_t first, fresh, n, used;
};

struct tcp {
	struct tcp_spec spec;
	struct tcp_io io;
	struct tcp_app app;
	struct tp_book *book;
	uint64_t origin_us, now_us;
	uint64_t now_ms;
	uint8_t scale;   /* of the windows we announce */
	uint64_t memory; /* octets of `block` */
	void *block;     /* everything below lies in it */
	struct tcp_conn *conns;
	struct tcp_half *halves;
	struct tcp_time_wait *waits;
	struct tcp_free_list free_conns, free_halves, free_waits;
	struct tcp_table conn_table, half_table, wait_table;
	struct tcp_wheel wheel; /* connections, then half-open entries */
	struct tcp_chunks chunks;
	uint32_t *dirty; /* connections with something to send */
	uint32_t dirty_n;
	uint32_t oldest_wait, newest_wait;
	uint64_t cookies_until_ms; /* cookies that may come back */
	uint64_t challenge_second; /* RFC 5961, 7: the budget of this second */
	uint32_t challenges_left;
	uint64_t reset_second; /* the budget of resets in this second */
	uint32_t resets_left;
	uint64_t random;
};

/* A segment, its header read. */
struct tcp_in {
	const struct tcp_segment *segment;
	uint64_t hash; /* of the tuple */
	uint32_t seq, ack;
	uint32_t len;     /* SEG.LEN: SYN and FIN count */
	const uint8_t *p; /* text */
	uint32_t n;
	uint32_t ts_val, ts_ecr;
	uint16_t wnd; /* as in the header */
	uint8_t flags;
	bool has_ts;
};

struct tcp_options {
	uint16_t mss; /* 0: absent */
	uint8_t scale;
	bool has_scale, has_ts, sack_permitted;
	uint32_t ts_val, ts_ecr;
};

/* ---- sequence numbers and times modulo 2^32 */
static inline bool seq_lt(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

static inline bool seq_le(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) <= 0;
}

static inline uint32_t tcp_ms(const struct tcp *t)
{
	return (uint32_t)t->now_ms;
}

/* A number of a header, wherever it lies. */
static inline uint32_t tcp_read32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, 4);
	return ntohl(v);
}

static inline uint32_t tcp_min(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static inline uint32_t tcp_max(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

/* Time goes forward only. */
static inline void tcp_clock(struct tcp *t, uint64_t now_us)
{
	if (now_us <= t->now_us)
		return;
	t->now_us = now_us;
	t->now_ms = (now_us - t->origin_us) / 1000 + 1;
}

static inline void tcp_count(struct tcp *t, enum tp_counter counter)
{
	t->book->c[counter]++;
}

static inline uint32_t conn_id(const struct tcp *t, const struct tcp_conn *c)
{
	return (uint32_t)(c - t->conns) + 1;
}

static inline struct tcp_conn *conn_at(const struct tcp *t, uint32_t id)
{
	return &t->conns[id - 1];
}

/* Octets and FIN sent and not acknowledged. */
static inline uint32_t conn_flight(const struct tcp_conn *c)
{
	return c->snd_max - c->snd_una;
}

static inline bool conn_fin_sent(const struct tcp_conn *c)
{
	return (c->flags & TCP_F_FIN_QUEUED) && conn_flight(c) > c->send_n;
}

/* tcp_close() was called: what comes is thrown away. */
static inline bool conn_is_closing(const struct tcp_conn *c)
{
	return c->state >= TCP_STATE_FIN_WAIT_1;
}

static inline void conn_mark_dirty(struct tcp *t, struct tcp_conn *c)
{
	if (c->flags & TCP_F_DIRTY)
		return;
	c->flags |= TCP_F_DIRTY;
	t->dirty[t->dirty_n++] = conn_id(t, c);
}

/* ---- options.c */
void tcp_options_read(struct tcp_options *o, const uint8_t *p, uint32_t n);
uint8_t *tcp_options_time_stamp(uint8_t *p, uint32_t val, uint32_t ecr);
uint8_t *tcp_options_syn(uint8_t *p, uint16_t mss, const struct tcp_half *h, uint8_t scale, uint32_t ts_val);

/* ---- secret.c */
uint64_t tcp_secret_hash(const struct tcp *t, const struct tcp_tuple *tuple, uint64_t use, uint64_t more);
uint32_t tcp_secret_isn(const struct tcp *t, const struct tcp_tuple *tuple);
uint32_t tcp_secret_ts_offset(const struct tcp *t, const struct tcp_tuple *tuple);
uint32_t tcp_random(struct tcp *t);

/* ---- cookie.c */
uint32_t tcp_cookie_make(const struct tcp *t, struct tcp_half *h, uint32_t *ts_val);
bool tcp_cookie_possible(const struct tcp *t, const struct tcp_in *s);
bool tcp_cookie_check(const struct tcp *t, const struct tcp_in *s, struct tcp_half *h);

/* ---- listen.c: each returns the counter of the segment */
enum tp_counter tcp_listen_input(struct tcp *t, struct tcp_in *s);
enum tp_counter tcp_half_input(struct tcp *t, struct tcp_half *h, struct tcp_in *s);
enum tp_counter tcp_listen_syn(struct tcp *t, struct tcp_in *s, uint32_t isn_above, bool again);
void tcp_half_timer(struct tcp *t, struct tcp_half *h);
void tcp_half_free(struct tcp *t, struct tcp_half *h);

/* ---- connection.c */
void tcp_free_list_init(struct tcp_free_list *f, uint32_t n);
struct tcp_conn *tcp_conn_new(struct tcp *t, const struct tcp_half *h, uint64_t hash);
void tcp_conn_end(struct tcp *t, struct tcp_conn *c, enum tcp_closed why);
void tcp_conn_reset(struct tcp *t, struct tcp_conn *c, enum tcp_closed why); /* the same, with a RST */
void tcp_conn_fin_acked(struct tcp *t, struct tcp_conn *c);
void tcp_conn_fin_received(struct tcp *t, struct tcp_conn *c);

/* ---- input.c */
enum tp_counter tcp_conn_input(struct tcp *t, struct tcp_conn *c, struct tcp_in *s);
enum tp_counter tcp_conn_text(struct tcp *t, struct tcp_conn *c, struct tcp_in *s);
void tcp_conn_fin(struct tcp *t, struct tcp_conn *c);
void tcp_challenge_ack(struct tcp *t, struct tcp_conn *c);
bool tcp_challenge_allowed(struct tcp *t);

/* ---- acknowledge.c */
void tcp_conn_acknowledged(struct tcp *t, struct tcp_conn *c, const struct tcp_in *s);
void tcp_rtt_to_rto(struct tcp_conn *c);
void tcp_rtt_sample(struct tcp_conn *c, uint32_t ms);

/* ---- reassembly.c */
enum tp_counter tcp_reassembly_text(struct tcp *t, struct tcp_conn *c, uint32_t seq, const uint8_t *p, uint32_t n);
void tcp_reassembly_drain(struct tcp *t, struct tcp_conn *c);
void tcp_reassembly_discard(struct tcp *t, struct tcp_conn *c);
uint8_t *tcp_reassembly_sack(const struct tcp *t, const struct tcp_conn *c, uint8_t *p, uint32_t blocks);

/* ---- output.c */
void tcp_conn_output(struct tcp *t, struct tcp_conn *c);
void tcp_conn_ack(struct tcp *t, struct tcp_conn *c);
/* One segment: n octets of the queue, `skip` behind snd_una, and the FIN if it is next. Returns what it takes of the sequence space. */
uint32_t tcp_conn_send_at(struct tcp *t, struct tcp_conn *c, uint32_t skip, uint32_t n);
uint32_t tcp_conn_room(const struct tcp *t, const struct tcp_conn *c);
void tcp_conn_rst(struct tcp *t, struct tcp_conn *c);
bool tcp_conn_window_opened(const struct tcp *t, const struct tcp_conn *c);
void tcp_queue_drop(struct tcp *t, struct tcp_conn *c, uint32_t n);
void tcp_queue_unreserve(struct tcp *t, struct tcp_conn *c);
void tcp_half_syn_ack(struct tcp *t, const struct tcp_half *h, uint32_t ts_val);
/* A segment without text and of no connection: an answer to s. */
void tcp_answer(
        struct tcp *t, const struct tcp_in *s, uint32_t seq, uint32_t ack, uint8_t flags, uint16_t wnd, const uint32_t *ts_val);
void tcp_answer_rst(struct tcp *t, const struct tcp_in *s);

/* ---- retransmit.c */
/* A time-out that follows one: `ms` and up to a quarter more (see retransmit.c). */
uint32_t tcp_timer_jitter(struct tcp *t, uint32_t ms);
void tcp_timer_start(struct tcp *t, struct tcp_conn *c, uint32_t ms);
void tcp_timer_stop(struct tcp_conn *c);
void tcp_timer_ack_later(struct tcp *t, struct tcp_conn *c);
void tcp_conn_timer(struct tcp *t, struct tcp_conn *c);

/* ---- time_wait.c */
void tcp_time_wait_add(struct tcp *t, const struct tcp_conn *c);
enum tp_counter tcp_time_wait_input(struct tcp *t, struct tcp_time_wait *w, struct tcp_in *s);
uint32_t tcp_time_wait_tick(struct tcp *t, uint32_t budget);

/* ---- a free list: items are numbered from 1 and have a link at `chain` */
#define TCP_TAKE(list, items, id)                                                                                                  \
	do {                                                                                                                       \
		if ((list)->first) {                                                                                               \
			(id) = (list)->first;                                                                                      \
			(list)->first = (items)[(id)-1].chain;                                                                     \
		} else {                                                                                                           \
			(id) = (list)->fresh < (list)->n ? ++(list)->fresh : 0;                                                    \
		}                                                                                                                  \
		(list)->used += (id) != 0;                                                                                         \
	} while (0)
#define TCP_GIVE(list, items, id)                                                                                                  \
	do {                                                                                                                       \
		(items)[(id)-1].chain = (list)->first;                                                                             \
		(list)->first = (id);                                                                                              \
		(list)->used--;                                                                                                    \
	} while (0)

#endif
