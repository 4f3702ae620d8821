/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The life of a connection, from the complete handshake to the last call for the application. A connection that ends inside one of the
 * application's calls is CLOSED from then on, and its place is not used again before the next segment, so that whoever made the call looks at
 * the state when it returns.
 */
#include "endpoint.h"

#include <errno.h>

/* Segments of text, from what the peer takes, our MTU, and the room in tcp_output (MUST-16, RFC 6691: options come out of it). */
static uint16_t conn_mss(const struct tcp *t, const struct tcp_half *h)
{
	uint32_t own = h->tuple.family == 4 ? t->spec.mss4 : t->spec.mss6;
	uint32_t mss = tcp_min(tcp_max(h->mss, TCP_MIN_MSS), own);

	mss = tcp_min(mss, (TCP_PARTS - 1) * TCP_QUEUE);
	return (uint16_t)(mss - (h->flags & TCP_F_TS ? TCP_TS_OCTETS : 0));
}

/* RFC 5681 3.1; one segment where the SYN-ACK was lost. */
static uint32_t conn_initial_window(uint32_t mss, bool lost)
{
	if (lost)
		return mss;
	return mss > 2190 ? 2 * mss : mss > 1095 ? 3 * mss : 4 * mss;
}

static void conn_init(struct tcp *t, struct tcp_conn *c, const struct tcp_half *h)
{
	bool scaled = h->flags & TCP_H_SCALE;

	c->tuple = h->tuple;
	c->link = h->link;
	c->listener = h->listener;
	c->snd_una = c->snd_nxt = c->snd_max = h->iss + 1;
	c->rcv_nxt = c->taken = c->last_ack = h->irs + 1;
	c->irs = h->irs;
	c->iss = h->iss;
	c->rcv_right = c->rcv_nxt + tcp_min(t->spec.receive_window, UINT16_MAX);
	c->scales = scaled ? (uint8_t)(t->scale << 4 | h->scale) : 0;
	c->flags |= h->flags & (TCP_F_TS | TCP_F_SACK);
	c->ts_recent = h->ts_recent;
	c->ts_recent_units = (uint32_t)(t->now_ms >> 10);
	c->ts_offset = h->flags & TCP_F_TS ? tcp_secret_ts_offset(t, &h->tuple) : 0;
	c->snd_mss = conn_mss(t, h);
	c->rcv_mss = TCP_MIN_MSS;
	c->cwnd = conn_initial_window(c->snd_mss, h->retries > 0);
	c->ssthresh = UINT32_MAX;
	c->rto = TCP_RTO_FIRST_MS;
	c->heard_at = tcp_ms(t);
	c->challenged_at = c->replied_at = tcp_ms(t) - TCP_CHALLENGE_MS;
	c->state = TCP_STATE_ESTABLISHED;
}

struct tcp_conn *tcp_conn_new(struct tcp *t, const struct tcp_half *h, uint64_t hash)
{
	struct tcp_conn *c;
	uint16_t dirty;
	uint32_t id;

	TCP_TAKE(&t->free_conns, t->conns, id);
	if (!id)
		return NULL;
	c = conn_at(t, id);
	dirty = c->flags & TCP_F_DIRTY;
	memset(c, 0, sizeof(*c));
	c->flags = dirty;
	conn_init(t, c, h);
	tcp_table_insert(&t->conn_table, hash, id);
	return c;
}

void tcp_conn_end(struct tcp *t, struct tcp_conn *c, enum tcp_closed why)
{
	uint32_t id = conn_id(t, c);

	tcp_reassembly_discard(t, c);
	tcp_queue_unreserve(t, c);
	tcp_queue_drop(t, c, c->send_n);
	tcp_wheel_clear(&t->wheel, id);
	tcp_table_remove(&t->conn_table, tcp_table_hash(&c->tuple, t->chunks.key), id);
	c->state = TCP_STATE_CLOSED;
	t->app.closed(t->app.ctx, c, why);
	TCP_GIVE(&t->free_conns, t->conns, id);
}

void tcp_conn_reset(struct tcp *t, struct tcp_conn *c, enum tcp_closed why)
{
	tcp_conn_rst(t, c);
	tcp_conn_end(t, c, why);
}

static void conn_time_wait(struct tcp *t, struct tcp_conn *c)
{
	tcp_conn_ack(t, c);
	tcp_time_wait_add(t, c);
	tcp_conn_end(t, c, TCP_CLOSED_DONE);
}

void tcp_conn_fin_acked(struct tcp *t, struct tcp_conn *c)
{
	c->flags &= (uint16_t)~TCP_F_FIN_QUEUED;
	if (c->state == TCP_STATE_FIN_WAIT_1) {
		c->state = TCP_STATE_FIN_WAIT_2;
		tcp_timer_start(t, c, t->spec.fin_wait_2_ms);
	} else if (c->state == TCP_STATE_CLOSING) {
		conn_time_wait(t, c);
	} else if (c->state == TCP_STATE_LAST_ACK) {
		tcp_conn_end(t, c, TCP_CLOSED_DONE);
	}
}

/* The peer's FIN is in order: rcv_nxt moves over it. */
void tcp_conn_fin_received(struct tcp *t, struct tcp_conn *c)
{
	c->rcv_nxt++;
	c->flags = (uint16_t)((c->flags | TCP_F_FIN_RCVD | TCP_F_ACK_NOW) & ~TCP_F_FIN_SEEN);
	conn_mark_dirty(t, c);
	if (c->state == TCP_STATE_ESTABLISHED)
		c->state = TCP_STATE_CLOSE_WAIT;
	else if (c->state == TCP_STATE_FIN_WAIT_1)
		c->state = TCP_STATE_CLOSING;
	else if (c->state == TCP_STATE_FIN_WAIT_2)
		conn_time_wait(t, c);
}

/* ---- the application's side ------------------------------------------------------------------------------------------------- */

void tcp_close(struct tcp *t, struct tcp_conn *c)
{
	if (c->state == TCP_STATE_ESTABLISHED)
		c->state = TCP_STATE_FIN_WAIT_1;
	else if (c->state == TCP_STATE_CLOSE_WAIT)
		c->state = TCP_STATE_LAST_ACK;
	else
		return;
	c->flags |= TCP_F_FIN_QUEUED;
	tcp_queue_unreserve(t, c);
	if (!(c->flags & TCP_F_DELIVERING)) /* else whoever delivers sees it */
		tcp_reassembly_discard(t, c);
	conn_mark_dirty(t, c);
}

void tcp_abort(struct tcp *t, struct tcp_conn *c)
{
	if (c->state != TCP_STATE_CLOSED)
		tcp_conn_reset(t, c, TCP_CLOSED_ABORTED);
}

void tcp_resume(struct tcp *t, struct tcp_conn *c, uint64_t now_us)
{
	tcp_clock(t, now_us);
	if (c->flags & TCP_F_DELIVERING)
		c->flags |= TCP_F_RESUMED;
	if (!(c->flags & TCP_F_PAUSED) || (c->flags & TCP_F_DELIVERING) || c->state == TCP_STATE_CLOSED || conn_is_closing(c))
		return;
	c->flags &= (uint16_t)~TCP_F_PAUSED;
	tcp_reassembly_drain(t, c);
	if (c->state != TCP_STATE_CLOSED)
		tcp_conn_fin(t, c);
	if (c->state == TCP_STATE_CLOSED || conn_is_closing(c) || !tcp_conn_window_opened(t, c))
		return;
	tcp_count(t, TP_C_tcp_window_update);
	tcp_conn_ack(t, c);
}

uint32_t tcp_kept(const struct tcp_conn *c)
{
	return c->kept;
}

uint32_t tcp_silence_ms(const struct tcp *t, const struct tcp_conn *c)
{
	return tcp_ms(t) - c->heard_at;
}

uint32_t tcp_unsent(const struct tcp_conn *c)
{
	return c->send_n;
}

void tcp_show(const struct tcp_conn *c, struct tcp_shown *shown)
{
	*shown = (struct tcp_shown){
	        .received = c->rcv_nxt - c->irs - 1, .sent = c->snd_una - c->iss - 1, .window = c->rcv_right - c->rcv_nxt};
}

void tcp_conn_set_app(struct tcp_conn *c, void *app)
{
	c->app = app;
}

void *tcp_conn_app(const struct tcp_conn *c)
{
	return c->app;
}

uint16_t tcp_conn_listener(const struct tcp_conn *c)
{
	return c->listener;
}

void tcp_conn_tuple(const struct tcp *t, const struct tcp_conn *c, struct tcp_tuple *tuple)
{
	(void)t;
	*tuple = c->tuple;
}
