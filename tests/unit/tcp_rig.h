/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_TEST_TCP_RIG_H
#define TP_TEST_TCP_RIG_H
/*
 * A TCP endpoint between a scripted peer and a scripted application. The peer writes segments octet by octet, by code of its own; what the endpoint
 * sends is read back into struct seen. The clock moves only where a test moves it.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tcp.h"

#define FIN 0x01
#define SYN 0x02
#define RST 0x04
#define PSH 0x08
#define ACK 0x10
#define URG 0x20

#define RIG_SEEN  4096
#define RIG_TAKEN (1u << 20)
#define MS        1000u
#define S         1000000u

/* A segment of the endpoint. */
struct seen {
	struct tcp_tuple tuple;
	struct tcp_link link;
	uint32_t seq, ack, n;
	uint16_t wnd, mss;
	uint8_t flags, header_n;
	bool has_scale, sack_permitted, has_ts;
	uint8_t scale, sacks;
	uint32_t ts_val, ts_ecr;
	struct {
		uint32_t begin, end;
	} sack[4];
	uint64_t at; /* microseconds */
	uint8_t p[1600];
};

struct rig;
typedef void (*rig_hook)(struct rig *r, struct tcp_conn *c);

struct rig {
	struct tcp *t;
	struct tcp_spec spec;
	struct tp_book book;
	uint64_t now, inputs; /* inputs: segments given */
	struct seen seen[RIG_SEEN];
	unsigned int n;
	/* the application */
	struct tcp_conn *conn; /* the last that opened */
	unsigned int opened, ended, closed, writable;
	enum tcp_closed why;
	uint32_t room; /* octets it still takes */
	rig_hook on_data, on_opened, on_ended, on_closed, on_writable;
	void *tag;
	uint32_t taken_n;
	uint8_t taken[RIG_TAKEN];
};

/* The other end. */
struct peer {
	struct rig *r;
	struct tcp_tuple tuple; /* as the endpoint sees it */
	struct tcp_link link;
	uint32_t seq, ack; /* what comes next, both ways */
	uint32_t irs, iss;
	uint16_t wnd, listener;
	bool ts;
	uint32_t ts_val, ts_ecr;
};

static inline uint32_t rig_get(const uint8_t *p, unsigned int n)
{
	uint32_t v = 0;

	while (n--)
		v = v << 8 | *p++;
	return v;
}

static inline uint8_t *rig_put(uint8_t *p, uint32_t v, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		p[i] = (uint8_t)(v >> (8 * (n - 1 - i)));
	return p + n;
}

static inline void rig_read_options(struct seen *s, const uint8_t *p, unsigned int n)
{
	unsigned int end = 0;

	for (; end < n && p[end] != 0; end += p[end] == 1 ? 1 : p[end + 1])
		;
	while (end < n)
		assert_int_equal(p[end++], 0); /* MUST-69 */
	for (unsigned int i = 0; i < n && p[i] != 0;) {
		unsigned int length = p[i] == 1 ? 1 : p[i + 1];

		assert_true(length >= 1 && i + length <= n);
		if (p[i] == 2)
			s->mss = (uint16_t)rig_get(p + i + 2, 2);
		if (p[i] == 3) {
			s->has_scale = true;
			s->scale = p[i + 2];
		}
		if (p[i] == 4)
			s->sack_permitted = true;
		if (p[i] == 5) {
			s->sacks = (uint8_t)((length - 2) / 8);
			for (unsigned int k = 0; k < s->sacks; k++) {
				s->sack[k].begin = rig_get(p + i + 2 + 8 * k, 4);
				s->sack[k].end = rig_get(p + i + 6 + 8 * k, 4);
			}
		}
		if (p[i] == 8) {
			s->has_ts = true;
			s->ts_val = rig_get(p + i + 2, 4);
			s->ts_ecr = rig_get(p + i + 6, 4);
		}
		i += length;
	}
}

static inline void rig_output(void *ctx, const struct tcp_output *out)
{
	struct rig *r = ctx;
	struct seen *s = &r->seen[r->n++ % RIG_SEEN];
	const uint8_t *h = out->header;

	memset(s, 0, offsetof(struct seen, p));
	s->tuple = *out->tuple;
	s->link = *out->link;
	s->at = r->now;
	assert_in_range(out->header_n, 20, 60);
	assert_int_equal((h[12] >> 4) * 4, out->header_n);
	assert_int_equal(h[12] & 15, 0);
	assert_int_equal(rig_get(h, 2), out->tuple->local_port);
	assert_int_equal(rig_get(h + 2, 2), out->tuple->remote_port);
	assert_int_equal(rig_get(h + 16, 4), 0); /* checksum and urgent pointer */
	s->seq = rig_get(h + 4, 4);
	s->ack = rig_get(h + 8, 4);
	s->flags = h[13];
	s->wnd = (uint16_t)rig_get(h + 14, 2);
	s->header_n = (uint8_t)out->header_n;
	rig_read_options(s, h + 20, out->header_n - 20);
	assert_true(out->parts <= TCP_PARTS);
	for (uint32_t i = 0; i < out->parts; i++) {
		assert_true(out->part[i].n > 0 && s->n + out->part[i].n <= sizeof(s->p));
		memcpy(s->p + s->n, out->part[i].p, out->part[i].n);
		s->n += out->part[i].n;
	}
}

static inline void rig_app_opened(void *ctx, struct tcp_conn *c)
{
	struct rig *r = ctx;

	r->opened++;
	r->conn = c;
	assert_null(tcp_conn_app(c));
	tcp_conn_set_app(c, r);
	if (r->on_opened)
		r->on_opened(r, c);
}

static inline uint32_t rig_app_data(void *ctx, struct tcp_conn *c, const uint8_t *p, uint32_t n)
{
	struct rig *r = ctx;
	uint32_t take = n < r->room ? n : r->room;

	assert_true(n > 0);
	assert_ptr_equal(tcp_conn_app(c), r);
	for (uint32_t i = 0; i < take; i++)
		r->taken[r->taken_n++ % RIG_TAKEN] = p[i];
	r->room -= r->room == UINT32_MAX ? 0 : take;
	if (r->on_data)
		r->on_data(r, c);
	return take;
}

static inline void rig_app_ended(void *ctx, struct tcp_conn *c)
{
	struct rig *r = ctx;

	r->ended++;
	if (r->on_ended)
		r->on_ended(r, c);
}

static inline void rig_app_closed(void *ctx, struct tcp_conn *c, enum tcp_closed why)
{
	struct rig *r = ctx;

	assert_ptr_equal(tcp_conn_app(c), r);
	r->closed++;
	r->why = why;
	if (r->on_closed)
		r->on_closed(r, c);
}

static inline void rig_app_writable(void *ctx, struct tcp_conn *c)
{
	struct rig *r = ctx;

	assert_ptr_equal(tcp_conn_app(c), r);
	r->writable++;
	if (r->on_writable)
		r->on_writable(r, c);
}

static inline struct tcp_spec rig_spec(void)
{
	struct tcp_spec spec = {
	        .connections = 64,
	        .half_open = 16,
	        .time_wait = 16,
	        .chunks = 4096,
	        .receive_window = 65535,
	        .reassembly_octets = 32768,
	        .reassembly_gaps = 16,
	        .send_octets = 32768,
	        .max_retries = 5,
	        .syn_retries = 3,
	        .time_wait_ms = 60000,
	        .fin_wait_2_ms = 30000,
	        .challenge_rate = 100,
	        .mss4 = 1460,
	        .mss6 = 1440,
	};

	for (unsigned int i = 0; i < sizeof(spec.secret); i++)
		spec.secret[i] = (uint8_t)(i * 41 + 3);
	return spec;
}

static inline struct rig *rig_new(const struct tcp_spec *spec)
{
	struct rig *r = calloc(1, sizeof(*r));
	struct tcp_io io = {rig_output, r};
	struct tcp_app app = {rig_app_opened, rig_app_data, rig_app_ended, rig_app_closed, rig_app_writable, r};

	assert_non_null(r);
	r->spec = spec ? *spec : rig_spec();
	r->now = 7 * S;
	r->room = UINT32_MAX;
	r->t = tcp_new(&r->spec, &io, &app, &r->book, r->now);
	assert_non_null(r->t);
	return r;
}

static inline struct tcp_usage usage(const struct rig *r)
{
	struct tcp_usage u;

	tcp_usage(r->t, &u);
	return u;
}

/* Every segment was counted once. */
static inline void rig_check_sum(const struct rig *r)
{
	uint64_t sum = r->book.c[TP_C_tcp_segments];

	for (unsigned int i = 0; i < TP_COUNTER_COUNT; i++)
		if (tp_counter_descs[i].class == TP_CLASS_DROPPED)
			sum += r->book.c[i];
	assert_int_equal(sum, r->inputs);
}

static inline void rig_free(struct rig *r)
{
	rig_check_sum(r);
	tcp_free(r->t);
	free(r);
}

/* No connection, and every chunk is back. */
static inline void rig_check_idle(struct rig *r)
{
	struct tcp_usage u;

	tcp_flush(r->t, r->now);
	tcp_usage(r->t, &u);
	assert_int_equal(u.connections, 0);
	assert_int_equal(u.chunks_free, r->spec.chunks);
}

static inline void rig_clear(struct rig *r)
{
	r->n = 0;
}

static inline void rig_flush(struct rig *r)
{
	tcp_flush(r->t, r->now);
}

/* Time passes, and timers run when they are due. */
static inline void rig_wait(struct rig *r, uint64_t us)
{
	uint64_t end = r->now + us;

	while (r->now < end) {
		uint32_t next = tcp_tick(r->t, r->now, 1000);
		uint64_t step = next < 1000 ? 1000 : next;

		tcp_flush(r->t, r->now);
		r->now = r->now + step < end ? r->now + step : end;
	}
	tcp_tick(r->t, r->now, 1000);
	tcp_flush(r->t, r->now);
}

static inline struct seen *rig_last(struct rig *r)
{
	assert_true(r->n > 0);
	return &r->seen[(r->n - 1) % RIG_SEEN];
}

/* The only segment since rig_clear(). */
static inline struct seen *rig_only(struct rig *r)
{
	assert_int_equal(r->n, 1);
	return &r->seen[0];
}

static inline struct peer rig_peer(struct rig *r, uint16_t port)
{
	struct peer p = {
	        .r = r,
	        .tuple = {.local = {192, 0, 2, 1},
	                .remote = {198, 51, 100, 7},
	                .local_port = 1883,
	                .remote_port = port,
	                .family = 4},
	        .link = {.octets = {0xaa, (uint8_t)port}},
	        .seq = 1000u * port,
	        .wnd = 65535,
	        .listener = 3,
	};

	return p;
}

/* Gives the endpoint a segment made of these pieces. */
static inline void peer_raw(struct peer *p, uint8_t flags, uint32_t seq, uint32_t ack, const uint8_t *options,
        unsigned int options_n, const void *data, uint32_t n)
{
	uint32_t header = 20 + (options_n + 3) / 4 * 4;
	uint8_t *octets = malloc(header + n); /* so that a sanitizer sees a read behind it */
	struct tcp_segment s = {.tuple = &p->tuple, .link = &p->link, .p = octets, .n = header + n, .listener = p->listener};

	memset(octets, 0, header);
	rig_put(octets, p->tuple.remote_port, 2);
	rig_put(octets + 2, p->tuple.local_port, 2);
	rig_put(octets + 4, seq, 4);
	rig_put(octets + 8, ack, 4);
	octets[12] = (uint8_t)(header / 4 << 4);
	octets[13] = flags;
	rig_put(octets + 14, p->wnd, 2);
	if (options_n)
		memcpy(octets + 20, options, options_n);
	if (n)
		memcpy(octets + header, data, n);
	p->r->inputs++;
	tcp_input(p->r->t, &s, p->r->now);
	free(octets);
}

/* The same with a time stamp, where they are in use. */
static inline void peer_send(struct peer *p, uint8_t flags, uint32_t seq, uint32_t ack, const void *data, uint32_t n)
{
	uint8_t options[12] = {1, 1, 8, 10};

	rig_put(options + 4, p->ts_val, 4);
	rig_put(options + 8, p->ts_ecr, 4);
	peer_raw(p, flags, seq, ack, options, p->ts ? 12 : 0, data, n);
}

static inline const uint8_t *rig_bytes(uint32_t n)
{
	static uint8_t bytes[1 << 17];

	assert_true(n <= sizeof(bytes));
	if (!bytes[1])
		for (unsigned int i = 0; i < sizeof(bytes); i++)
			bytes[i] = (uint8_t)(i * 7 + (i >> 8) * 13 + 1);
	return bytes;
}

/* Text in order. */
static inline void peer_data(struct peer *p, const void *data, uint32_t n)
{
	peer_send(p, ACK | PSH, p->seq, p->ack, data, n);
	p->seq += n;
}

static inline void peer_ack(struct peer *p)
{
	peer_send(p, ACK, p->seq, p->ack, NULL, 0);
}

/* All a modern client offers: MSS, window scale 7, SACK, time stamps. */
static inline unsigned int peer_options(const struct peer *p, uint8_t o[20], bool modern)
{
	memcpy(o, (const uint8_t[]){2, 4, 1460 >> 8, 1460 & 255, 1, 3, 3, 7, 4, 2, 8, 10}, 12);
	rig_put(o + 12, p->ts_val, 4);
	rig_put(o + 16, 0, 4);
	return modern ? 20 : 4;
}

static inline struct seen *peer_syn(struct peer *p, bool modern)
{
	uint8_t o[20];

	p->irs = p->seq;
	p->ts = modern;
	p->ts_val = modern ? 50000 : 0;
	peer_raw(p, SYN, p->seq, 0, o, peer_options(p, o, modern), NULL, 0);
	return rig_last(p->r);
}

/* Takes over what a SYN-ACK says. */
static inline void peer_saw_syn_ack(struct peer *p, const struct seen *s)
{
	assert_int_equal(s->flags, SYN | ACK);
	assert_int_equal(s->ack, p->irs + 1);
	p->iss = s->seq;
	p->ack = s->seq + 1;
	p->seq = p->irs + 1;
	p->ts_ecr = s->ts_val;
}

static inline struct tcp_conn *peer_open(struct peer *p, bool modern)
{
	unsigned int before = p->r->opened;

	peer_saw_syn_ack(p, peer_syn(p, modern));
	peer_ack(p);
	assert_int_equal(p->r->opened, before + 1);
	rig_flush(p->r);
	rig_clear(p->r);
	return p->r->conn;
}

/* The peer's FIN, answered. */
static inline void peer_fin(struct peer *p)
{
	peer_send(p, FIN | ACK, p->seq++, p->ack, NULL, 0);
	rig_flush(p->r);
}

#endif
