/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The timers of a connection. It has one timer on the wheel and two times it may wait for: a delayed ACK, and `rto_at`, which is the
 * retransmission time-out (RFC 6298 5), the probe of a closed window (RFC 9293 3.8.6.1) or the end of FIN-WAIT-2, whichever the state says. A
 * time that moves to later is not moved on the wheel: it is looked at when the timer fires, so that the usual segment costs no wheel.
 *
 * Time-outs of 1, 2, 4, 8 s are all whole numbers of half seconds: on a path that is interrupted for a while in every half second each of them would meet the
 * same interruption. So each time-out that follows another one lasts up to a quarter longer, at random. RFC 6298 leaves that open: a segment is not sent again
 * earlier than an RTO after the last time (its section 5), and what RTO there is computed from stays as it is.
 */
#include "endpoint.h"

static uint64_t timer_whole(const struct tcp *t, uint32_t at)
{
	return t->now_ms + (uint64_t)(int64_t)(int32_t)(at - tcp_ms(t));
}

/* Makes the wheel fire at `at` or before. */
static void timer_arm(struct tcp *t, struct tcp_conn *c, uint32_t at)
{
	uint32_t id = conn_id(t, c);

	if (!tcp_wheel_is_set(&t->wheel, id) || seq_lt(at, t->wheel.timers[id].due))
		tcp_wheel_set(&t->wheel, id, timer_whole(t, at));
}

void tcp_timer_start(struct tcp *t, struct tcp_conn *c, uint32_t ms)
{
	c->flags |= TCP_F_TIMER;
	c->rto_at = tcp_ms(t) + ms;
	timer_arm(t, c, c->rto_at);
}

void tcp_timer_stop(struct tcp_conn *c)
{
	c->flags &= (uint16_t)~TCP_F_TIMER;
}

void tcp_timer_ack_later(struct tcp *t, struct tcp_conn *c)
{
	if (c->flags & (TCP_F_ACK_NOW | TCP_F_ACK_LATER) || c->rcv_nxt == c->last_ack)
		return;
	c->flags |= TCP_F_ACK_LATER;
	c->ack_at = tcp_ms(t) + TCP_DELAYED_ACK_MS;
	timer_arm(t, c, c->ack_at);
}

uint32_t tcp_timer_jitter(struct tcp *t, uint32_t ms)
{
	return ms + tcp_random(t) % (ms / 4 + 1);
}

/* R2 (MUST-20..23). Returns whether the connection was given up. */
static bool timer_gives_up(struct tcp *t, struct tcp_conn *c)
{
	if (c->retries < t->spec.max_retries) {
		c->retries++;
		return false;
	}
	tcp_count(t, TP_C_tcp_timed_out);
	tcp_conn_reset(t, c, TCP_CLOSED_TIMED_OUT);
	return true;
}

/*
 * What is first in the queue, as much as the window takes, and into a closed one an octet (RFC 9293 3.8.6.1, and the override of
 * 3.8.6.2.1; also where the peer has shrunk its window, MUST-34). Returns what it takes of the sequence space.
 */
static uint32_t timer_first(struct tcp *t, struct tcp_conn *c)
{
	return tcp_conn_send_at(t, c, 0, tcp_min(tcp_min(c->send_n, tcp_conn_room(t, c)), tcp_max(c->snd_wnd, 1)));
}

/* RFC 6298 5.4..5.7 and RFC 5681 3.1: from snd_una on again, in slow start. */
static void timer_retransmit(struct tcp *t, struct tcp_conn *c)
{
	c->flags &= (uint16_t) ~(TCP_F_TIMING | TCP_F_RECOVERY);
	if (c->retries == 1)
		c->ssthresh = tcp_max(conn_flight(c) / 2, 2u * c->snd_mss);
	c->cwnd = c->snd_mss;
	c->duplicates = 0;
	c->snd_nxt = c->snd_una + timer_first(t, c);
}

/* The window is closed, or so small that nothing was sent into it. What the probe carries is sent again when the window opens. */
static void timer_probe(struct tcp *t, struct tcp_conn *c)
{
	timer_first(t, c);
	c->flags &= (uint16_t)~TCP_F_TIMING;
	c->snd_nxt = c->snd_una;
}

static void timer_rto(struct tcp *t, struct tcp_conn *c)
{
	if (!conn_flight(c) && !c->send_n && !(c->flags & TCP_F_FIN_QUEUED)) {
		if (c->state != TCP_STATE_FIN_WAIT_2)
			return;
		tcp_count(t, TP_C_tcp_timed_out);
		tcp_conn_reset(t, c, TCP_CLOSED_TIMED_OUT);
		return;
	}
	if (timer_gives_up(t, c))
		return;
	c->rto = tcp_min(c->rto * 2, TCP_RTO_MAX_MS);
	tcp_timer_start(t, c, tcp_timer_jitter(t, c->rto));
	if (c->snd_wnd == 0 || !conn_flight(c))
		timer_probe(t, c);
	else
		timer_retransmit(t, c);
}

static void timer_again(struct tcp *t, struct tcp_conn *c)
{
	if (c->flags & TCP_F_TIMER)
		timer_arm(t, c, c->rto_at);
	if (c->flags & TCP_F_ACK_LATER)
		timer_arm(t, c, c->ack_at);
}

/* The wheel has fired. */
void tcp_conn_timer(struct tcp *t, struct tcp_conn *c)
{
	if ((c->flags & TCP_F_ACK_LATER) && seq_le(c->ack_at, tcp_ms(t))) {
		c->flags |= TCP_F_ACK_NOW;
		tcp_conn_output(t, c);
	}
	if ((c->flags & TCP_F_TIMER) && seq_le(c->rto_at, tcp_ms(t))) {
		tcp_timer_stop(c);
		timer_rto(t, c);
	}
	if (c->state != TCP_STATE_CLOSED)
		timer_again(t, c);
}
