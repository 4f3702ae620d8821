/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The TCP endpoint over a wire that drops, duplicates, delays past each other, corrupts (which the checksum turns into a drop) and is cut again and again. At the other end
 * is a host written for this test alone: go-back-N, one timer, no options but those it offers. Octets go both ways at once; the application pauses
 * and goes on. Whatever the seed: every octet arrives in order exactly once on both sides, the connection closes in order, and
 * no chunk is left behind. Time is the simulation's; a millisecond is a step.
 */
#include <stdio.h>

#include "tcp_rig.h"

#define HOSTS     4
#define PACKET    1600
#define SLOTS     128 /* milliseconds a packet may be under way */
#define SLOT_MAX  512
#define HOST_MSS  1000
#define TIME_OUT  (40 * 60 * 1000) /* of a simulation, in milliseconds */
#define IN_FLIGHT 24000

struct packet {
	bool to_endpoint;
	uint8_t host;
	uint16_t n;
	uint8_t p[PACKET];
};

struct slot {
	unsigned int n;
	struct packet packet[SLOT_MAX];
};

/* Per mille. */
struct faults {
	unsigned int drop, duplicate, reorder, corrupt;
	unsigned int cut_every, cut; /* ms: cut for `cut` of them, again and again */
};

/* An end of a stream: octet i of stream s is stream_octet(s, i). */
struct stream {
	uint32_t id, total, sent, got;
};

struct host {
	struct tcp_tuple tuple;
	struct stream out, in;
	uint32_t iss, una, nxt, rcv_nxt, wnd, ts_recent;
	bool modern, established, fin_sent, fin_acked, fin_got, ack_due;
	uint8_t scale;
	uint32_t timer_at, rto;
	/* the application's side of the same connection */
	struct tcp_conn *conn;
	struct stream app_out, app_in;
	bool paused, app_ended, app_closing;
	unsigned int app_closed;
	enum tcp_closed why;
};

enum closing { HOST_FIRST, ENDPOINT_FIRST, BOTH_AT_ONCE };

struct wire {
	struct tcp *t;
	struct tcp_spec spec;
	struct tp_book book;
	struct faults faults;
	enum closing closing;
	uint32_t random, now; /* ms */
	uint64_t inputs, dropped;
	uint32_t under_way; /* packets */
	struct host host[HOSTS];
	struct slot slot[SLOTS];
};

static uint32_t wire_random(struct wire *w)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 17;
	w->random ^= w->random << 5;
	return w->random;
}

static bool wire_chance(struct wire *w, unsigned int per_mille)
{
	return wire_random(w) % 1000 < per_mille;
}

static uint8_t stream_octet(uint32_t id, uint32_t at)
{
	uint32_t x = (at ^ id * 0x9e3779b9u) * 0x85ebca6bu;

	return (uint8_t)(x >> 24);
}

static void stream_take(struct stream *s, const uint8_t *p, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(p[i], stream_octet(s->id, s->got + i));
	s->got += n;
	assert_true(s->got <= s->total);
}

/* ---- the wire ---------------------------------------------------------------------------------------------------------------------- */

static void wire_put(struct wire *w, const struct packet *packet)
{
	uint32_t delay = 1 + wire_random(w) % 4 + (wire_chance(w, w->faults.reorder) ? 5 + wire_random(w) % 60 : 0);
	struct slot *slot = &w->slot[(w->now + delay) % SLOTS];

	if (wire_chance(w, w->faults.drop) || wire_chance(w, w->faults.corrupt) ||
	        (w->faults.cut && w->now % w->faults.cut_every < w->faults.cut)) {
		w->dropped++;
		return;
	}
	assert_true(slot->n < SLOT_MAX);
	slot->packet[slot->n++] = *packet;
	w->under_way++;
}

static void wire_send(struct wire *w, const struct packet *packet)
{
	wire_put(w, packet);
	if (wire_chance(w, w->faults.duplicate))
		wire_put(w, packet);
}

static void wire_output(void *ctx, const struct tcp_output *out)
{
	struct wire *w = ctx;
	struct packet packet = {.host = (uint8_t)(out->tuple->remote_port - 4000), .n = (uint16_t)out->header_n};

	memcpy(packet.p, out->header, out->header_n);
	for (uint32_t i = 0; i < out->parts; i++) {
		assert_true(packet.n + out->part[i].n <= PACKET);
		memcpy(packet.p + packet.n, out->part[i].p, out->part[i].n);
		packet.n = (uint16_t)(packet.n + out->part[i].n);
	}
	wire_send(w, &packet);
}

/* ---- the application ------------------------------------------------------------------------------------------------------------------ */

static struct host *app_host(struct wire *w, struct tcp_conn *c)
{
	struct tcp_tuple tuple;

	tcp_conn_tuple(w->t, c, &tuple);
	return &w->host[tuple.remote_port - 4000];
}

static void app_opened(void *ctx, struct tcp_conn *c)
{
	struct host *h = app_host(ctx, c);

	assert_null(h->conn);
	h->conn = c;
	tcp_conn_set_app(c, h);
}

static uint32_t app_data(void *ctx, struct tcp_conn *c, const uint8_t *p, uint32_t n)
{
	struct host *h = tcp_conn_app(c);
	struct wire *w = ctx;

	assert_false(h->paused);
	if (wire_chance(w, 20)) {
		n = wire_random(w) % n;
		h->paused = true;
	}
	stream_take(&h->app_in, p, n);
	return n;
}

static void app_ended(void *ctx, struct tcp_conn *c)
{
	struct host *h = tcp_conn_app(c);

	(void)ctx;
	assert_int_equal(h->app_in.got, h->app_in.total);
	assert_false(h->app_ended);
	h->app_ended = true;
}

static void app_closed(void *ctx, struct tcp_conn *c, enum tcp_closed why)
{
	struct host *h = tcp_conn_app(c);

	(void)ctx;
	h->app_closed++;
	h->why = why;
	h->conn = NULL;
}

static void app_send(struct wire *w, struct host *h)
{
	uint8_t piece[700];

	while (h->app_out.sent < h->app_out.total) {
		uint32_t n = 1 + wire_random(w) % sizeof(piece);

		if (n > h->app_out.total - h->app_out.sent)
			n = h->app_out.total - h->app_out.sent;
		for (uint32_t i = 0; i < n; i++)
			piece[i] = stream_octet(h->app_out.id, h->app_out.sent + i);
		if (tcp_send(w->t, h->conn, piece, n) != 0)
			return;
		h->app_out.sent += n;
	}
}

static void app_run(struct wire *w, struct host *h)
{
	if (h->conn && h->paused && wire_chance(w, 50)) {
		h->paused = false;
		tcp_resume(w->t, h->conn, (uint64_t)w->now * 1000);
	}
	if (!h->conn || h->app_closing)
		return;
	app_send(w, h);
	if (h->app_out.sent < h->app_out.total || h->app_in.got < h->app_in.total)
		return;
	if (w->closing == HOST_FIRST && !h->app_ended)
		return;
	h->app_closing = true;
	tcp_close(w->t, h->conn);
}

/* ---- the host -------------------------------------------------------------------------------------------------------------------------- */

static void host_send(struct wire *w, struct host *h, uint8_t flags, uint32_t seq, uint32_t n)
{
	struct packet packet = {.to_endpoint = true, .host = (uint8_t)(h - w->host)};
	uint8_t *p = packet.p + 20;

	if (flags & SYN) {
		p = rig_put(p, 0x02040000 | HOST_MSS, 4);
		if (h->modern)
			p = rig_put(rig_put(p, 0x01030302, 4), 0x01010402, 4);
	}
	if (h->modern) {
		p = rig_put(p, 0x0101080a, 4);
		p = rig_put(rig_put(p, w->now, 4), h->ts_recent, 4);
	}
	rig_put(packet.p, h->tuple.remote_port, 2);
	rig_put(packet.p + 2, h->tuple.local_port, 2);
	rig_put(packet.p + 4, seq, 4);
	rig_put(packet.p + 8, flags & ACK ? h->rcv_nxt : 0, 4);
	packet.p[12] = (uint8_t)((p - packet.p) / 4 << 4);
	packet.p[13] = flags;
	rig_put(packet.p + 14, flags & SYN || !h->modern ? 20000 : 20000 >> 2, 2);
	for (uint32_t i = 0; i < n; i++)
		*p++ = stream_octet(h->out.id, seq - h->iss - 1 + i);
	packet.n = (uint16_t)(p - packet.p);
	h->ack_due = false;
	wire_send(w, &packet);
}

static void host_arm(struct wire *w, struct host *h)
{
	h->timer_at = w->now + h->rto;
}

/* Octet 0 of the stream has number iss + 1; the FIN is behind the last. */
static void host_output(struct wire *w, struct host *h)
{
	uint32_t end = h->iss + 1 + h->out.total, limit = h->una + (h->wnd < IN_FLIGHT ? h->wnd : IN_FLIGHT);

	while (h->established && (int32_t)(end - h->nxt) > 0 && (int32_t)(limit - h->nxt) > 0) {
		uint32_t n = end - h->nxt;

		n = n < HOST_MSS - 12 ? n : HOST_MSS - 12;
		n = n < limit - h->nxt ? n : limit - h->nxt;
		if (n < 300 && n < end - h->nxt && h->nxt != h->una)
			break;
		host_send(w, h, ACK | PSH, h->nxt, n);
		h->nxt += n;
	}
	if (h->established && h->nxt == end && (w->closing != ENDPOINT_FIRST || h->fin_got)) {
		host_send(w, h, ACK | FIN, h->nxt++, 0);
		h->fin_sent = true;
	}
	if (h->ack_due)
		host_send(w, h, ACK, h->nxt, 0);
}

static void host_time_out(struct wire *w, struct host *h)
{
	h->rto = h->rto < 2000 ? h->rto * 2 : 2000;
	host_arm(w, h);
	h->timer_at += wire_random(w) % 100; /* so that it is not this host that meets the same cut for ever */
	if (!h->established) {
		host_send(w, h, SYN, h->iss, 0);
		return;
	}
	if (h->fin_acked || (h->una == h->nxt && h->nxt == h->iss + 1 + h->out.total))
		return;
	h->nxt = h->una;
	if (h->wnd == 0 && h->una != h->iss + 1 + h->out.total)
		host_send(w, h, ACK, h->una, 1); /* a probe */
	else
		host_output(w, h);
}

/* Returns where the text begins. */
static uint32_t host_options(struct host *h, const uint8_t *p)
{
	uint32_t header = (uint32_t)(p[12] >> 4) * 4;

	for (uint32_t i = 20; i < header && p[i] != 0; i += p[i] == 1 ? 1 : p[i + 1]) {
		if (p[i] == 3)
			h->scale = p[i + 2];
		if (p[i] == 8)
			h->ts_recent = rig_get(p + i + 2, 4);
	}
	return header;
}

static void host_syn_ack(struct wire *w, struct host *h, uint32_t seq, uint32_t ack)
{
	h->ack_due = true;
	if (h->established || ack != h->iss + 1)
		return;
	h->established = true;
	h->una = h->nxt = h->iss + 1;
	h->rcv_nxt = seq + 1;
	h->rto = 250;
	host_arm(w, h);
}

static void host_acked(struct wire *w, struct host *h, uint32_t ack, uint32_t wnd)
{
	uint32_t highest = h->iss + 1 + h->out.total + h->fin_sent;

	assert_true((int32_t)(highest - ack) >= 0);
	h->wnd = wnd;
	if ((int32_t)(ack - h->una) <= 0)
		return;
	h->una = ack;
	if ((int32_t)(h->nxt - ack) < 0)
		h->nxt = ack;
	h->rto = 250;
	host_arm(w, h);
	h->fin_acked = h->fin_sent && ack == highest;
}

static void host_input(struct wire *w, struct host *h, const struct packet *packet)
{
	const uint8_t *p = packet->p;
	uint32_t seq = rig_get(p + 4, 4), ack = rig_get(p + 8, 4), header = host_options(h, p), n = packet->n - header, skip;
	uint8_t flags = p[13];

	if (flags & RST) {
		assert_true(!h->established || (h->fin_got && h->fin_acked));
		return;
	}
	if (flags & SYN) {
		h->wnd = rig_get(p + 14, 2);
		host_syn_ack(w, h, seq, ack);
		return;
	}
	if (!h->established)
		return;
	host_acked(w, h, ack, rig_get(p + 14, 2) << h->scale);
	if (n == 0 && !(flags & FIN))
		return;
	h->ack_due = true;
	skip = h->rcv_nxt - seq;
	if ((int32_t)skip < 0 || skip > n || h->fin_got)
		return;
	stream_take(&h->in, p + header + skip, n - skip);
	h->rcv_nxt += n - skip;
	if (flags & FIN) {
		assert_int_equal(h->in.got, h->in.total);
		h->fin_got = true;
		h->rcv_nxt++;
	}
}

/* ---- the simulation ---------------------------------------------------------------------------------------------------------------------- */

static void wire_deliver(struct wire *w)
{
	static const struct tcp_link link = {.octets = {1}};
	struct slot *slot = &w->slot[w->now % SLOTS];
	static struct tcp_segment vector[SLOT_MAX];
	unsigned int n = 0;

	for (unsigned int i = 0; i < slot->n; i++) {
		const struct packet *packet = &slot->packet[i];
		struct host *h = &w->host[packet->host];

		if (packet->to_endpoint)
			vector[n++] = (struct tcp_segment){
			        .tuple = &h->tuple, .link = &link, .p = packet->p, .n = packet->n, .listener = 1};
		else
			host_input(w, h, packet);
	}
	w->under_way -= slot->n;
	slot->n = 0;
	w->inputs += n;
	tcp_input_vector(w->t, vector, n, (uint64_t)w->now * 1000);
}

static bool host_done(const struct host *h)
{
	return h->fin_got && h->fin_acked && h->app_closed;
}

/* Nothing is under way and nobody does anything before a timer fires: the clock goes there. */
static void wire_skip(struct wire *w)
{
	uint32_t ms = tcp_tick(w->t, (uint64_t)w->now * 1000, 64) / 1000;

	for (const struct host *h = w->host; h < w->host + HOSTS; h++) {
		uint32_t left = h->timer_at - w->now;

		if (h->paused && h->conn)
			return;
		ms = left < ms ? left : ms;
	}
	if (!w->under_way && ms > 1)
		w->now += ms - 1;
}

static bool wire_step(struct wire *w)
{
	bool done = true;

	w->now++;
	wire_deliver(w);
	tcp_tick(w->t, (uint64_t)w->now * 1000, 64);
	for (struct host *h = w->host; h < w->host + HOSTS; h++) {
		app_run(w, h);
		host_output(w, h);
		if ((int32_t)(w->now - h->timer_at) >= 0)
			host_time_out(w, h);
		done = done && host_done(h);
	}
	tcp_flush(w->t, (uint64_t)w->now * 1000);
	wire_skip(w);
	return done;
}

static void wire_start(struct wire *w, uint32_t seed, const struct faults *faults)
{
	struct tcp_io io = {wire_output, w};
	struct tcp_app app = {app_opened, app_data, app_ended, app_closed, NULL, w};

	memset(w, 0, offsetof(struct wire, slot));
	for (unsigned int i = 0; i < SLOTS; i++)
		w->slot[i].n = 0;
	w->random = seed * 2654435761u | 1;
	w->now = 1000;
	w->faults = *faults;
	w->closing = (enum closing)(seed % 3);
	w->spec = rig_spec();
	w->spec.max_retries = 15;
	w->spec.syn_retries = 8;
	w->spec.half_open = seed % 5 ? 8 : 0; /* 0: cookies */
	w->spec.chunks = seed % 7 ? 1024 : 96;
	w->spec.receive_window = seed % 2 ? 65535 : 8000;
	w->spec.reassembly_octets = w->spec.receive_window;
	w->spec.send_octets = 5000 + seed % 20000;
	w->spec.secret[0] = (uint8_t)seed;
	w->t = tcp_new(&w->spec, &io, &app, &w->book, (uint64_t)w->now * 1000);
	assert_non_null(w->t);
	for (uint32_t i = 0; i < HOSTS; i++) {
		struct host *h = &w->host[i];

		h->tuple = (struct tcp_tuple){.local = {192, 0, 2, 1}, .remote = {10, 1, 1, 1}, .local_port = 1883, .family = 4};
		h->tuple.remote_port = (uint16_t)(4000 + i);
		h->out = (struct stream){.id = 2 * i, .total = wire_random(w) % 60000};
		h->in = (struct stream){.id = 2 * i + 1, .total = wire_random(w) % 60000};
		h->app_in = h->out;
		h->app_out = h->in;
		h->iss = i == 0 ? UINT32_MAX - wire_random(w) % 30000 : wire_random(w);
		h->modern = (seed + i) & 1;
		h->rto = 500;
		h->timer_at = w->now + 1;
	}
}

static void wire_check(struct wire *w)
{
	uint64_t sum = w->book.c[TP_C_tcp_segments];
	struct tcp_usage u;

	for (struct host *h = w->host; h < w->host + HOSTS; h++) {
		assert_int_equal(h->in.got, h->in.total);
		assert_int_equal(h->app_in.got, h->app_in.total);
		assert_int_equal(h->app_closed, 1);
		assert_int_equal(h->why, TCP_CLOSED_DONE);
	}
	for (unsigned int i = 0; i < TP_COUNTER_COUNT; i++)
		if (tp_counter_descs[i].class == TP_CLASS_DROPPED)
			sum += w->book.c[i];
	assert_int_equal(sum, w->inputs);
	tcp_usage(w->t, &u);
	assert_int_equal(u.connections, 0);
	assert_int_equal(u.chunks_free, w->spec.chunks);
}

static void wire_run(uint32_t seeds, const struct faults *faults)
{
	struct wire *w = malloc(sizeof(*w));
	uint64_t dropped = 0, ms = 0;

	assert_non_null(w);
	for (uint32_t seed = 1; seed <= seeds; seed++) {
		wire_start(w, seed, faults);
		while (!wire_step(w)) {
			if (w->now > TIME_OUT)
				fail_msg("seed %u does not come to an end", seed);
		}
		wire_check(w);
		dropped += w->dropped;
		ms += w->now;
		tcp_free(w->t);
	}
	assert_true(faults->drop == 0 || dropped > seeds);
	print_message("%u seeds, %u connections each: %llu s simulated, %llu packets lost\n", seeds, HOSTS,
	        (unsigned long long)ms / 1000, (unsigned long long)dropped);
	free(w);
}

static void clean_wire(void **state)
{
	(void)state;
	wire_run(100, &(struct faults){0});
}

static void wire_with_faults_of_1_percent(void **state)
{
	(void)state;
	wire_run(200, &(struct faults){10, 10, 10, 10});
}

static void wire_with_faults_of_10_percent(void **state)
{
	(void)state;
	wire_run(200, &(struct faults){100, 100, 100, 100});
}

static void wire_that_only_reorders(void **state)
{
	(void)state;
	wire_run(100, &(struct faults){0, 0, 400, 0});
}

static void wire_that_only_duplicates(void **state)
{
	(void)state;
	wire_run(100, &(struct faults){0, 500, 0, 0});
}

/* Time-outs of 1, 2, 4, ... s would all fall into the same cut. */
static void wire_cut_in_every_half_second(void **state)
{
	(void)state;
	wire_run(200, &(struct faults){.cut_every = 500, .cut = 200});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(clean_wire),
	        cmocka_unit_test(wire_with_faults_of_1_percent),
	        cmocka_unit_test(wire_with_faults_of_10_percent),
	        cmocka_unit_test(wire_that_only_reorders),
	        cmocka_unit_test(wire_that_only_duplicates),
	        cmocka_unit_test(wire_cut_in_every_half_second),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
