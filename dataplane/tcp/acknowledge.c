/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What an acceptable ACK does (RFC 9293 3.10.7.4, fifth): the queue and the timers move on, the round trip is measured (RFC 6298), the
 * congestion window grows (RFC 5681), three duplicates send the lost segment again (RFC 6582), and the peer's window is taken over.
 */
#include "endpoint.h"

/* Without a backoff. */
void tcp_rtt_to_rto(struct tcp_conn *c)
{
	c->rto = tcp_min(tcp_max((c->srtt >> 3) + tcp_max(c->rttvar, 1), TCP_RTO_MIN_MS), TCP_RTO_MAX_MS);
}

/* RFC 6298 2.2 and 2.3, with the scaled integers of its references. */
void tcp_rtt_sample(struct tcp_conn *c, uint32_t ms)
{
	ms = tcp_min(ms, TCP_RTO_MAX_MS);
	if (!c->srtt) {
		c->srtt = tcp_max(ms << 3, 1);
		c->rttvar = ms << 1;
	} else {
		int32_t error = (int32_t)ms - (int32_t)(c->srtt >> 3);

		c->srtt = (uint32_t)tcp_max((uint32_t)((int32_t)c->srtt + error), 1);
		c->rttvar = (uint32_t)((int32_t)c->rttvar + ((error < 0 ? -error : error) - (int32_t)(c->rttvar >> 2)));
	}
	tcp_rtt_to_rto(c);
}

/* Karn (MUST-18): what was sent twice is not timed, but a time stamp says which sending it was. */
static void ack_measure(const struct tcp *t, struct tcp_conn *c, const struct tcp_in *s)
{
	if (c->flags & TCP_F_TS) {
		uint32_t sent = s->ts_ecr - c->ts_offset;

		if (s->ts_ecr && seq_le(sent, tcp_ms(t)) && tcp_ms(t) - sent <= 4 * TCP_RTO_MAX_MS)
			tcp_rtt_sample(c, tcp_ms(t) - sent);
	} else if ((c->flags & TCP_F_TIMING) && seq_le(c->rtt_seq, s->ack)) {
		c->flags &= (uint16_t)~TCP_F_TIMING;
		tcp_rtt_sample(c, tcp_ms(t) - c->rtt_at);
	}
}

/* Slow start, then congestion avoidance (MUST-19); never beyond what this endpoint could use. */
static void ack_grow(const struct tcp *t, struct tcp_conn *c, uint32_t acked)
{
	uint32_t mss = c->snd_mss;

	if (c->cwnd < c->ssthresh)
		c->cwnd += tcp_min(acked, mss);
	else
		c->cwnd += tcp_max((uint32_t)((uint64_t)mss * mss / c->cwnd), 1);
	c->cwnd = tcp_min(c->cwnd, t->spec.send_octets + 4 * mss);
}

static void ack_resend_first(struct tcp *t, struct tcp_conn *c)
{
	c->flags &= (uint16_t)~TCP_F_TIMING;
	tcp_conn_send_at(t, c, 0, tcp_min(tcp_min(c->send_n, tcp_conn_room(t, c)), tcp_max(c->snd_wnd, 1)));
}

/* RFC 6582 3.2: an ACK of a part says that the next segment was lost, too. */
static void ack_recovery(struct tcp *t, struct tcp_conn *c, uint32_t ack)
{
	if (!(c->flags & TCP_F_RECOVERY))
		return;
	if (seq_lt(ack, c->recover)) {
		ack_resend_first(t, c);
		return;
	}
	c->flags &= (uint16_t)~TCP_F_RECOVERY;
	c->cwnd = tcp_min(c->ssthresh, tcp_max(conn_flight(c), c->snd_mss) + c->snd_mss);
}

/* snd_una moves. Returns whether our FIN was acknowledged with it. */
static bool ack_advance(struct tcp *t, struct tcp_conn *c, const struct tcp_in *s)
{
	uint32_t acked = s->ack - c->snd_una;
	bool fin = conn_fin_sent(c) && s->ack == c->snd_max;

	ack_measure(t, c, s);
	tcp_queue_drop(t, c, tcp_min(acked, c->send_n));
	c->snd_una = s->ack;
	if (seq_lt(c->snd_nxt, c->snd_una))
		c->snd_nxt = c->snd_una;
	c->retries = c->duplicates = 0;
	if (c->flags & TCP_F_RECOVERY)
		ack_recovery(t, c, s->ack);
	else
		ack_grow(t, c, acked);
	tcp_timer_stop(c);
	if (conn_flight(c))
		tcp_timer_start(t, c, c->rto); /* RFC 6298 5.3 */
	return fin;
}

/* RFC 5681 2: nothing new in it, and something is missing on the other side. */
static bool ack_is_duplicate(const struct tcp_conn *c, const struct tcp_in *s)
{
	return s->ack == c->snd_una && !s->len && c->snd_wnd && conn_flight(c) &&
	       (uint32_t)s->wnd << (c->scales & 15) == c->snd_wnd;
}

static void ack_duplicate(struct tcp *t, struct tcp_conn *c)
{
	if (c->duplicates < UINT8_MAX)
		c->duplicates++;
	if (c->duplicates != 3 || (c->flags & TCP_F_RECOVERY))
		return;
	c->flags |= TCP_F_RECOVERY;
	c->recover = c->snd_max;
	c->ssthresh = tcp_max(conn_flight(c) / 2, 2u * c->snd_mss);
	c->cwnd = c->ssthresh;
	ack_resend_first(t, c);
}

/* A window opens that was closed: the backoff of the probes says nothing about losses. */
static void ack_opened(struct tcp *t, struct tcp_conn *c)
{
	tcp_rtt_to_rto(c);
	tcp_timer_stop(c);
	if (conn_flight(c))
		tcp_timer_start(t, c, c->rto);
}

/* SND.WL1 and SND.WL2 keep an old segment from setting the window. */
static void ack_window(struct tcp *t, struct tcp_conn *c, const struct tcp_in *s)
{
	uint32_t before = c->snd_wnd;

	if (!seq_lt(c->snd_wl1, s->seq) && !(c->snd_wl1 == s->seq && seq_le(c->snd_wl2, s->ack)))
		return;
	c->snd_wnd = (uint32_t)s->wnd << (c->scales & 15);
	c->snd_wl1 = s->seq;
	c->snd_wl2 = s->ack;
	c->max_wnd = tcp_max(c->max_wnd, c->snd_wnd);
	/* It is there, and says no: no reason to give up (MUST-37, SHLD-29), unless we only wait to be rid of it (RFC 6429). */
	if (!c->snd_wnd && !conn_is_closing(c))
		c->retries = 0;
	else if ((!before && c->snd_wnd) || (before < c->snd_wnd && !conn_flight(c)))
		ack_opened(t, c);
}

/* There is room in the queue that was not there. */
static void ack_writable(struct tcp *t, struct tcp_conn *c)
{
	c->refused = false;
	if (t->app.writable && c->state != TCP_STATE_CLOSED && !conn_is_closing(c))
		t->app.writable(t->app.ctx, c);
}

void tcp_conn_acknowledged(struct tcp *t, struct tcp_conn *c, const struct tcp_in *s)
{
	bool fin = false, duplicate = ack_is_duplicate(c, s), moves = seq_lt(c->snd_una, s->ack);

	if (moves)
		fin = ack_advance(t, c, s);
	if (seq_le(c->snd_una, s->ack))
		ack_window(t, c, s);
	if (duplicate)
		ack_duplicate(t, c);
	if (fin)
		tcp_conn_fin_acked(t, c);
	else if (c->send_n || (c->flags & TCP_F_FIN_QUEUED))
		conn_mark_dirty(t, c);
	if (moves && c->refused)
		ack_writable(t, c);
}
