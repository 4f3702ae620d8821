/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libFuzzer target for the TCP endpoint: the input is a list of events (segments of a few peers, steps of the clock, what the application does, ICMP
 * errors). Sequence and acknowledgement numbers are offsets from where the connection is, so that the interesting ones are near. Whatever comes:
 *
 *   every segment is counted exactly once; no budget is exceeded; the right edge of a window goes back by less than one unit of its scale
 *   the application gets the octets of the sequence space in order, each once, and none between closed and opened
 *   what is sent at a sequence number is what the application queued there
 *   when all connections are gone every chunk is back
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "tcp.h"

#define PEERS 4

enum { FIN = 1, SYN = 2, RST = 4, ACK = 16 };

struct fuzz_peer {
	struct tcp_tuple tuple;
	struct tcp_conn *conn;
	uint32_t isn;         /* acknowledged by the last SYN-ACK, less one */
	uint32_t nxt, ack;    /* of the endpoint's last segment */
	uint32_t expected;    /* next octet for the application */
	uint32_t iss, queued; /* of the connection */
	uint32_t right;
	uint8_t scale;
	bool has_right, ended, closing;
	uint32_t ts_val;
};

struct fuzz {
	const uint8_t *p, *end;
	struct tcp *t;
	struct tp_book book;
	struct tcp_spec spec;
	uint64_t now, inputs;
	struct fuzz_peer peer[PEERS];
	uint32_t room;
	uint8_t app; /* what the application does from within its calls */
	uint32_t in_seq, in_ack;
};

static uint32_t fuzz_take(struct fuzz *f, unsigned int octets)
{
	return fuzz_octets(&f->p, f->end, octets);
}

static uint8_t fuzz_in_octet(uint32_t seq)
{
	return (uint8_t)((seq * 0x9e3779b9u) >> 24);
}

static uint8_t fuzz_out_octet(uint32_t at)
{
	return (uint8_t)((at * 0x85ebca6bu) >> 23);
}

static uint32_t get(const uint8_t *p, unsigned int n)
{
	uint32_t v = 0;

	while (n--)
		v = v << 8 | *p++;
	return v;
}

static void put(uint8_t *p, uint32_t v, unsigned int n)
{
	while (n--) {
		p[n] = (uint8_t)v;
		v >>= 8;
	}
}

static struct fuzz_peer *fuzz_peer_of(struct fuzz *f, const struct tcp_tuple *tuple)
{
	EXPECT(tuple->remote_port >= 4000 && tuple->remote_port < 4000 + PEERS);
	return &f->peer[tuple->remote_port - 4000];
}

/* ---- what the endpoint sends -------------------------------------------------------------------------------------------------- */

static void fuzz_syn_ack(struct fuzz_peer *peer, const uint8_t *h, uint32_t n)
{
	peer->isn = get(h + 8, 4) - 1;
	peer->has_right = false;
	peer->scale = 0;
	for (uint32_t i = 20; i < n; i += h[i] == 1 ? 1 : h[i + 1])
		if (h[i] == 3)
			peer->scale = h[i + 2];
}

static void fuzz_window(struct fuzz_peer *peer, uint32_t ack, uint32_t wnd)
{
	uint32_t right = ack + (wnd << peer->scale);

	EXPECT(!peer->has_right || (int32_t)(right - peer->right) > -(int32_t)(1u << peer->scale));
	if (!peer->has_right || (int32_t)(right - peer->right) > 0)
		peer->right = right;
	peer->has_right = true;
}

static void fuzz_output(void *ctx, const struct tcp_output *out)
{
	struct fuzz_peer *peer = fuzz_peer_of(ctx, out->tuple);
	uint32_t seq = get(out->header + 4, 4), ack = get(out->header + 8, 4), at = seq - peer->iss - 1, n = 0;
	uint8_t flags = out->header[13];

	EXPECT(out->header_n >= 20 && out->header_n <= 60 && (uint32_t)(out->header[12] >> 4) * 4 == out->header_n);
	EXPECT(out->parts <= TCP_PARTS);
	for (uint32_t i = 0; i < out->parts; i++) {
		EXPECT(peer->conn && out->part[i].n);
		for (uint32_t k = 0; k < out->part[i].n; k++)
			EXPECT(out->part[i].p[k] == fuzz_out_octet(at + n + k));
		n += out->part[i].n;
	}
	EXPECT(n == 0 || at + n <= peer->queued);
	EXPECT(n + out->header_n <= 1500);
	EXPECT(!(flags & FIN) || peer->closing);
	if (flags & SYN)
		fuzz_syn_ack(peer, out->header, out->header_n);
	else if ((flags & ACK) && !(flags & RST) && peer->conn)
		fuzz_window(peer, ack, get(out->header + 14, 2));
	if (flags & RST)
		return;
	peer->nxt = seq + n + !!(flags & SYN) + !!(flags & FIN);
	peer->ack = ack;
}

/* ---- the application ------------------------------------------------------------------------------------------------------------ */

static void fuzz_send(struct fuzz *f, struct fuzz_peer *peer, uint32_t n)
{
	uint8_t octets[4096];

	n %= sizeof(octets);
	for (uint32_t i = 0; i < n; i++)
		octets[i] = fuzz_out_octet(peer->queued + i);
	if (peer->conn && tcp_send(f->t, peer->conn, octets, n) == 0) {
		EXPECT(!peer->closing);
		peer->queued += n;
	}
}

static void fuzz_act(struct fuzz *f, struct fuzz_peer *peer, uint8_t what)
{
	if (!peer->conn)
		return;
	switch (what & 15) {
	case 1:
	case 2:
		fuzz_send(f, peer, what * 37u);
		break;
	case 3:
		peer->closing = true;
		tcp_close(f->t, peer->conn);
		break;
	case 4:
		tcp_abort(f->t, peer->conn);
		EXPECT(!peer->conn);
		break;
	case 5:
		tcp_resume(f->t, peer->conn, f->now);
		break;
	case 6:
		tcp_flush(f->t, f->now);
		break;
	case 7: /* a neighbour goes */
		peer = &f->peer[what >> 6];
		if (peer->conn)
			tcp_abort(f->t, peer->conn);
		break;
	default:
		break;
	}
}

static void fuzz_opened(void *ctx, struct tcp_conn *c)
{
	struct fuzz *f = ctx;
	struct tcp_tuple tuple;
	struct fuzz_peer *peer;

	tcp_conn_tuple(f->t, c, &tuple);
	peer = fuzz_peer_of(f, &tuple);
	EXPECT(!peer->conn);
	peer->conn = c;
	peer->expected = f->spec.half_open ? peer->isn + 1 : f->in_seq; /* a cookie is opened by the segment in order only */
	peer->iss = f->in_ack - 1;
	peer->queued = 0;
	peer->ended = peer->closing = peer->has_right = false;
	tcp_conn_set_app(c, peer);
	fuzz_act(f, peer, f->app >> 4);
}

static uint32_t fuzz_data(void *ctx, struct tcp_conn *c, const uint8_t *p, uint32_t n)
{
	struct fuzz *f = ctx;
	struct fuzz_peer *peer = tcp_conn_app(c);
	uint32_t take = n < f->room ? n : f->room;

	EXPECT(peer->conn == c && n > 0 && !peer->ended && !peer->closing);
	for (uint32_t i = 0; i < n; i++)
		EXPECT(p[i] == fuzz_in_octet(peer->expected + i));
	peer->expected += take;
	f->room -= take;
	if (take < n && (f->app & 15) == 5)
		f->room += 1000;
	fuzz_act(f, peer, f->app);
	return take;
}

static void fuzz_ended(void *ctx, struct tcp_conn *c)
{
	struct fuzz *f = ctx;
	struct fuzz_peer *peer = tcp_conn_app(c);

	EXPECT(peer->conn == c && !peer->ended && tcp_kept(c) == 0);
	peer->ended = true;
	fuzz_act(f, peer, f->app);
}

static void fuzz_closed(void *ctx, struct tcp_conn *c, enum tcp_closed why)
{
	struct fuzz_peer *peer = tcp_conn_app(c);

	(void)ctx;
	EXPECT(peer->conn == c && why <= TCP_CLOSED_STOPPED);
	peer->conn = NULL;
}

static void fuzz_writable(void *ctx, struct tcp_conn *c)
{
	struct fuzz *f = ctx;

	EXPECT(((struct fuzz_peer *)tcp_conn_app(c))->conn == c);
	fuzz_send(f, tcp_conn_app(c), fuzz_take(f, 1));
}

/* ---- events ------------------------------------------------------------------------------------------------------------------------ */

static void fuzz_segment(
        struct fuzz *f, struct fuzz_peer *peer, uint8_t flags, uint32_t seq, uint32_t ack, uint16_t wnd, bool usual)
{
	static const struct tcp_link link;
	uint32_t options = usual ? (flags & SYN ? 24 : 12) : fuzz_take(f, 1) % 11 * 4, n = fuzz_take(f, 1), header = 20 + options;
	struct tcp_segment s = {.tuple = &peer->tuple, .link = &link, .listener = 0};
	uint8_t *p;

	n = n < 250 ? n : 1460;
	if (flags & SYN)
		n &= 3;
	p = malloc(header + n);
	EXPECT(p != NULL);
	memset(p, 0, 20);
	put(p, peer->tuple.remote_port, 2);
	put(p + 2, peer->tuple.local_port, 2);
	put(p + 4, seq, 4);
	put(p + 8, ack, 4);
	p[12] = (uint8_t)(header / 4 << 4);
	p[13] = flags;
	put(p + 14, wnd, 2);
	for (uint32_t i = 0; i < options; i++)
		p[20 + i] = (uint8_t)fuzz_take(f, usual ? 0 : 1);
	if (usual && (flags & SYN)) {
		put(p + 32, 0x020405b4, 4);
		put(p + 36, 0x01030303, 4);
		put(p + 40, 0x01010402, 4);
	}
	if (usual) {
		put(p + 20, 0x0101080a, 4);
		put(p + 24, peer->ts_val, 4);
		put(p + 28, (uint32_t)(f->now / 1000), 4);
	}
	for (uint32_t i = 0; i < n; i++)
		p[header + i] = fuzz_in_octet(seq + !!(flags & SYN) + i);
	s.p = p;
	s.n = header + n;
	f->in_seq = seq;
	f->in_ack = ack;
	f->inputs++;
	tcp_input(f->t, &s, f->now);
	free(p);
}

static void fuzz_handshake(struct fuzz *f, struct fuzz_peer *peer)
{
	uint32_t isn = fuzz_take(f, 2) << 16;
	uint16_t wnd = (uint16_t)fuzz_take(f, 2);

	peer->ts_val += 5;
	fuzz_segment(f, peer, SYN, isn, 0, wnd, isn & 0x10000);
	fuzz_segment(f, peer, ACK, isn + 1, peer->nxt, wnd, isn & 0x10000);
}

static void fuzz_event(struct fuzz *f)
{
	uint8_t what = (uint8_t)fuzz_take(f, 1);
	struct fuzz_peer *peer = &f->peer[what >> 6];

	switch (what & 15) {
	case 0:
		fuzz_handshake(f, peer);
		break;
	case 1:
	case 2:
	case 3:
		fuzz_segment(f, peer, (uint8_t)fuzz_take(f, 1), peer->ack + (uint32_t)(int16_t)fuzz_take(f, 2),
		        peer->nxt + (uint32_t)(int16_t)fuzz_take(f, 2), (uint16_t)fuzz_take(f, 2), what & 16);
		break;
	case 4:
	case 5: /* what a peer would send */
		fuzz_segment(f, peer, (what & 32 ? FIN : 0) | ACK, peer->ack + (uint32_t)(int8_t)fuzz_take(f, 1), peer->nxt, 60000,
		        what & 16);
		break;
	case 6:
		f->now += 1000 * fuzz_take(f, 2);
		break;
	case 7:
		f->now += (uint64_t)fuzz_take(f, 2) << (what >> 4);
		break;
	case 8:
		tcp_icmp(f->t, &peer->tuple, peer->nxt - fuzz_take(f, 1), what & 16, (uint16_t)fuzz_take(f, 2), f->now);
		break;
	case 9:
		f->room = fuzz_take(f, 2);
		break;
	case 10:
		f->app = (uint8_t)fuzz_take(f, 1);
		break;
	case 11:
		peer->ts_val += (uint32_t)(int8_t)fuzz_take(f, 1);
		break;
	case 12:
		fuzz_send(f, peer, fuzz_take(f, 2));
		break;
	default:
		fuzz_act(f, peer, (uint8_t)fuzz_take(f, 1));
		break;
	}
	tcp_tick(f->t, f->now, 100);
	if (what & 1)
		tcp_flush(f->t, f->now);
}

static void fuzz_check(struct fuzz *f)
{
	uint64_t sum = f->book.c[TP_C_tcp_segments];
	struct tcp_usage u;
	uint32_t open = 0;

	for (unsigned int i = 0; i < TP_COUNTER_COUNT; i++)
		if (tp_counter_descs[i].class == TP_CLASS_DROPPED)
			sum += f->book.c[i];
	EXPECT(sum == f->inputs);
	for (unsigned int i = 0; i < PEERS; i++)
		open += f->peer[i].conn != NULL;
	tcp_usage(f->t, &u);
	EXPECT(u.connections == open && u.half_open <= f->spec.half_open && u.time_wait <= f->spec.time_wait);
	EXPECT(u.chunks_free <= f->spec.chunks);
}

static void fuzz_start(struct fuzz *f, const uint8_t *data, size_t size)
{
	struct tcp_io io = {fuzz_output, f};
	struct tcp_app app = {fuzz_opened, fuzz_data, fuzz_ended, fuzz_closed, fuzz_writable, f};
	uint8_t kind;

	*f = (struct fuzz){.p = data, .end = data + size, .now = 1000, .room = 3000};
	kind = (uint8_t)fuzz_take(f, 1);
	f->spec = (struct tcp_spec){
	        .connections = PEERS,
	        .half_open = kind & 1 ? PEERS : 0,
	        .time_wait = 2,
	        .chunks = kind & 2 ? 64 : 12,
	        .receive_window = kind & 4 ? 5000 : 200000,
	        .reassembly_octets = 5000,
	        .reassembly_gaps = kind & 8 ? 3 : 16,
	        .send_octets = 6000,
	        .max_retries = 3,
	        .syn_retries = 2,
	        .time_wait_ms = 20000,
	        .fin_wait_2_ms = 5000,
	        .challenge_rate = 10,
	        .reset_rate = 20,
	        .mss4 = 1460,
	        .mss6 = 1440,
	        .secret = {7},
	};
	for (unsigned int i = 0; i < PEERS; i++)
		f->peer[i].tuple = (struct tcp_tuple){.local = {192, 0, 2, 1},
		        .remote = {10, 0, 0, 1},
		        .local_port = 1883,
		        .remote_port = (uint16_t)(4000 + i),
		        .family = 4};
	f->t = tcp_new(&f->spec, &io, &app, &f->book, f->now);
	EXPECT(f->t != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tcp_usage u;
	struct fuzz f;

	fuzz_start(&f, data, size);
	while (f.p < f.end) {
		fuzz_event(&f);
		fuzz_check(&f);
	}
	for (unsigned int i = 0; i < PEERS; i++)
		if (f.peer[i].conn)
			tcp_abort(f.t, f.peer[i].conn);
	tcp_flush(f.t, f.now);
	tcp_usage(f.t, &u);
	EXPECT(u.connections == 0 && u.chunks_free == f.spec.chunks);
	tcp_free(f.t);
	return 0;
}
