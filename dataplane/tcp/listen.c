/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * LISTEN and SYN-RECEIVED (RFC 9293 3.10.7.2 and .4). A SYN becomes an entry of the backlog, which is small and of its own, or, when that is full, a
 * cookie (cookie.c). A connection is made only when its handshake is complete. Every one of them came from LISTEN, so that a reset or a
 * second SYN makes it be forgotten (MUST-11), and a segment that is wrong is answered without touching it.
 */
#include "endpoint.h"

#define DEFAULT_MSS4   536 /* MUST-15 */
#define DEFAULT_MSS6   1220
#define COOKIE_LIFE_MS 131072

static void half_timer_set(struct tcp *t, struct tcp_half *h)
{
	uint32_t ms = tcp_min(TCP_RTO_FIRST_MS << h->retries, TCP_RTO_MAX_MS);

	if (h->retries)
		ms = tcp_timer_jitter(t, ms);

	tcp_wheel_set(&t->wheel, t->spec.connections + (uint32_t)(h - t->halves) + 1, t->now_ms + ms);
}

void tcp_half_free(struct tcp *t, struct tcp_half *h)
{
	uint32_t id = (uint32_t)(h - t->halves) + 1;

	tcp_wheel_clear(&t->wheel, t->spec.connections + id);
	tcp_table_remove(&t->half_table, tcp_table_hash(&h->tuple, t->chunks.key), id);
	TCP_GIVE(&t->free_halves, t->halves, id);
}

void tcp_half_timer(struct tcp *t, struct tcp_half *h)
{
	if (h->retries >= t->spec.syn_retries) {
		tcp_count(t, TP_C_tcp_half_open_expired);
		tcp_half_free(t, h);
		return;
	}
	h->retries++;
	tcp_count(t, TP_C_tcp_retransmitted);
	tcp_half_syn_ack(t, h, tcp_ms(t) + tcp_secret_ts_offset(t, &h->tuple));
	half_timer_set(t, h);
}

/* What a SYN says, before an initial sequence number is chosen. */
static void half_from_syn(const struct tcp *t, struct tcp_half *h, const struct tcp_in *s)
{
	struct tcp_options o;
	bool four = s->segment->tuple->family == 4;

	tcp_options_read(&o, s->segment->p + TCP_HEADER, (uint32_t)(s->p - s->segment->p) - TCP_HEADER);
	*h = (struct tcp_half){
	        .tuple = *s->segment->tuple,
	        .link = *s->segment->link,
	        .irs = s->seq,
	        .ts_recent = o.ts_val,
	        .sent_at = tcp_ms(t),
	        .wnd = s->wnd,
	        .mss = o.mss  ? o.mss
	               : four ? DEFAULT_MSS4
	                      : DEFAULT_MSS6,
	        .listener = s->segment->listener,
	        .scale = o.scale,
	        .flags = (o.has_scale ? TCP_H_SCALE : 0) | (o.has_ts ? TCP_F_TS : 0) | (o.sack_permitted ? TCP_F_SACK : 0),
	};
}

static enum tp_counter listen_cookie(struct tcp *t, struct tcp_half *h)
{
	uint32_t ts_val = 0;

	h->iss = tcp_cookie_make(t, h, &ts_val);
	tcp_half_syn_ack(t, h, ts_val);
	t->cookies_until_ms = t->now_ms + COOKIE_LIFE_MS;
	tcp_count(t, TP_C_tcp_cookie_sent);
	return TP_C_tcp_segments;
}

/*
 * A SYN for LISTEN. again: it takes the place of a connection in TIME-WAIT, and its sequence numbers must be above isn_above (RFC 6191); a
 * cookie cannot promise that, so it is given only where time stamps protect the new connection.
 */
enum tp_counter tcp_listen_syn(struct tcp *t, struct tcp_in *s, uint32_t isn_above, bool again)
{
	struct tcp_half half, *h;
	uint32_t id;

	half_from_syn(t, &half, s);
	TCP_TAKE(&t->free_halves, t->halves, id);
	if (!id)
		return again && !(half.flags & TCP_F_TS) ? TP_C_tcp_syn_full : listen_cookie(t, &half);
	h = &t->halves[id - 1];
	*h = half;
	h->iss = tcp_secret_isn(t, &h->tuple);
	if (again && seq_le(h->iss, isn_above))
		h->iss = isn_above + (tcp_random(t) >> 8);
	tcp_table_insert(&t->half_table, s->hash, id);
	tcp_half_syn_ack(t, h, tcp_ms(t) + tcp_secret_ts_offset(t, &h->tuple));
	half_timer_set(t, h);
	return TP_C_tcp_segments;
}

/* Addresses nobody may open a connection from or to (MUST-46, 57, 63). Broadcasts of subnets are not known here. */
static bool address_wrong(const struct tcp_tuple *u)
{
	static const uint8_t zero[16];

	if (u->family == 4)
		return u->remote[0] == 0 || u->remote[0] == 127 || u->remote[0] >= 224 || u->local[0] >= 224 || u->local[0] == 0;
	return u->remote[0] == 0xff || u->local[0] == 0xff || memcmp(u->remote, zero, 16) == 0 || memcmp(u->local, zero, 16) == 0;
}

/* The handshake is complete. Text and FIN of the same segment go to the new connection. */
static enum tp_counter listen_open(struct tcp *t, const struct tcp_half *h, struct tcp_in *s)
{
	struct tcp_conn *c = tcp_conn_new(t, h, s->hash);

	if (!c)
		return TP_C_tcp_syn_full;
	c->snd_wnd = (uint32_t)s->wnd << (c->scales & 15);
	c->max_wnd = c->snd_wnd;
	c->snd_wl1 = s->seq;
	c->snd_wl2 = s->ack;
	if (h->retries == 0)
		tcp_rtt_sample(c, tcp_ms(t) - h->sent_at);
	else
		c->rto = TCP_RTO_LOST_SYN_MS;
	tcp_count(t, TP_C_tcp_opened);
	t->app.opened(t->app.ctx, c);
	return c->state == TCP_STATE_CLOSED ? TP_C_tcp_segments : tcp_conn_input(t, c, s);
}

static enum tp_counter listen_ack(struct tcp *t, struct tcp_in *s)
{
	struct tcp_half half;
	enum tp_counter counter;

	if (t->now_ms >= t->cookies_until_ms || (s->flags & TCP_SYN))
		return TP_C_tcp_no_connection;
	if (!tcp_cookie_check(t, s, &half))
		return tcp_cookie_possible(t, s) ? TP_C_tcp_cookie_wrong : TP_C_tcp_no_connection;
	counter = listen_open(t, &half, s);
	if (counter != TP_C_tcp_syn_full)
		tcp_count(t, TP_C_tcp_cookie_accepted);
	return counter;
}

/* No connection and no half-open one: LISTEN, or CLOSED where nobody listens. */
enum tp_counter tcp_listen_input(struct tcp *t, struct tcp_in *s)
{
	enum tp_counter counter = TP_C_tcp_no_connection;

	if (address_wrong(s->segment->tuple))
		return TP_C_tcp_address;
	if (s->segment->listener == TCP_NO_LISTENER)
		counter = TP_C_tcp_no_listener;
	else if (s->flags & TCP_RST)
		return TP_C_tcp_no_connection;
	else if (s->flags & TCP_ACK)
		counter = listen_ack(t, s);
	else if (s->flags & TCP_SYN)
		return tcp_listen_syn(t, s, 0, false);
	else
		return TP_C_tcp_flags;
	if (counter == TP_C_tcp_no_connection || counter == TP_C_tcp_no_listener)
		tcp_answer_rst(t, s);
	return counter;
}

/* The window a SYN-ACK announces is all there is before the handshake is complete. */
static bool half_acceptable(const struct tcp *t, const struct tcp_half *h, const struct tcp_in *s)
{
	uint32_t nxt = h->irs + 1, right = nxt + tcp_min(t->spec.receive_window, UINT16_MAX);

	return s->len ? seq_lt(s->seq, right) && seq_lt(nxt, s->seq + s->len) : seq_le(nxt, s->seq) && seq_lt(s->seq, right);
}

static void half_challenge(struct tcp *t, const struct tcp_half *h, const struct tcp_in *s)
{
	uint32_t ts_val = tcp_ms(t) + tcp_secret_ts_offset(t, &h->tuple);

	if (!tcp_challenge_allowed(t))
		return;
	tcp_count(t, TP_C_tcp_challenge_ack);
	tcp_answer(t, s, h->iss + 1, h->irs + 1, TCP_ACK, (uint16_t)tcp_min(t->spec.receive_window, UINT16_MAX),
	        h->flags & TCP_F_TS ? &ts_val : NULL);
}

static enum tp_counter half_reset(struct tcp *t, struct tcp_half *h, const struct tcp_in *s)
{
	if (s->seq == h->irs + 1) {
		tcp_half_free(t, h);
		return TP_C_tcp_segments;
	}
	if (!half_acceptable(t, h, s))
		return TP_C_tcp_not_acceptable;
	half_challenge(t, h, s);
	return TP_C_tcp_bad_reset;
}

/* The same SYN again is answered with the same SYN-ACK; another one in the window starts over. */
static enum tp_counter half_syn(struct tcp *t, struct tcp_half *h, struct tcp_in *s)
{
	if (s->seq == h->irs && !(s->flags & TCP_ACK)) {
		tcp_half_syn_ack(t, h, tcp_ms(t) + tcp_secret_ts_offset(t, &h->tuple));
		return TP_C_tcp_segments;
	}
	if (half_acceptable(t, h, s) && !(s->flags & TCP_ACK)) {
		tcp_half_free(t, h);
		return tcp_listen_syn(t, s, 0, false);
	}
	half_challenge(t, h, s);
	return TP_C_tcp_bad_reset;
}

/* Nobody listens there any more. */
static enum tp_counter half_deserted(struct tcp *t, struct tcp_half *h, struct tcp_in *s)
{
	tcp_half_free(t, h);
	tcp_answer_rst(t, s);
	return TP_C_tcp_no_listener;
}

enum tp_counter tcp_half_input(struct tcp *t, struct tcp_half *h, struct tcp_in *s)
{
	struct tcp_half half = *h;
	enum tp_counter counter;

	if (s->flags & TCP_RST)
		return half_reset(t, h, s);
	if (s->flags & TCP_SYN)
		return half_syn(t, h, s);
	if ((h->flags & TCP_F_TS) && !s->has_ts)
		return TP_C_tcp_no_time_stamp;
	if ((h->flags & TCP_F_TS) && seq_lt(s->ts_val, h->ts_recent)) {
		half_challenge(t, h, s);
		return TP_C_tcp_paws;
	}
	if (!half_acceptable(t, h, s)) {
		half_challenge(t, h, s);
		return TP_C_tcp_not_acceptable;
	}
	if (!(s->flags & TCP_ACK))
		return TP_C_tcp_flags;
	if (s->ack != h->iss + 1) {
		tcp_answer_rst(t, s);
		return TP_C_tcp_bad_ack;
	}
	if (s->segment->listener == TCP_NO_LISTENER)
		return half_deserted(t, h, s);
	if (t->free_conns.used == t->spec.connections)
		return TP_C_tcp_syn_full;
	half.listener = s->segment->listener; /* whose the port is now, not when the SYN came */
	tcp_half_free(t, h);
	counter = listen_open(t, &half, s);
	return counter;
}
