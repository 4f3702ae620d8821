/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A segment of a connection, in the order of RFC 9293 3.10.7.4: time stamp (RFC 7323 5.3), acceptability, RST, SYN, ACK, text, FIN. What is
 * dropped for a reason of its own is named by the counter that is returned; resets and SYNs are taken only as RFC 5961 says.
 */
#include "endpoint.h"

/* The budget of challenge ACKs in this second, with jitter so that it cannot be measured from outside (RFC 5961, 7). */
bool tcp_challenge_allowed(struct tcp *t)
{
	uint64_t second = t->now_ms / 1000;

	if (second != t->challenge_second) {
		uint32_t half = t->spec.challenge_rate / 2;

		t->challenge_second = second;
		t->challenges_left = half + tcp_random(t) % (t->spec.challenge_rate + 1 - half);
	}
	if (!t->challenges_left)
		return false;
	t->challenges_left--;
	return true;
}

void tcp_challenge_ack(struct tcp *t, struct tcp_conn *c)
{
	if (tcp_ms(t) - c->challenged_at < TCP_CHALLENGE_MS || !tcp_challenge_allowed(t))
		return;
	c->challenged_at = tcp_ms(t);
	tcp_count(t, TP_C_tcp_challenge_ack);
	tcp_conn_ack(t, c);
}

/* ---- what is not acceptable ---------------------------------------------------------------------------------------------------- */

/*
 * Answered with an ACK, always where there is text, for it may be a probe of a closed window or a FIN whose ACK was lost. Two ends that
 * find each other's ACKs out of the window would answer for ever, so segments without text are answered once in a while only.
 */
static void conn_answer(struct tcp *t, struct tcp_conn *c, const struct tcp_in *s)
{
	if (!s->len) {
		if (tcp_ms(t) - c->replied_at < TCP_EMPTY_REPLY_MS)
			return;
		c->replied_at = tcp_ms(t);
	}
	tcp_conn_ack(t, c);
}

static bool conn_acceptable(const struct tcp_conn *c, const struct tcp_in *s)
{
	if (!s->len)
		return s->seq == c->rcv_nxt || (seq_le(c->rcv_nxt, s->seq) && seq_lt(s->seq, c->rcv_right));
	return seq_lt(s->seq, c->rcv_right) && seq_lt(c->rcv_nxt, s->seq + s->len);
}

static enum tp_counter conn_not_acceptable(struct tcp *t, struct tcp_conn *c, const struct tcp_in *s)
{
	conn_answer(t, c, s);
	if (s->len && seq_le(s->seq + s->len, c->rcv_nxt) && c->rcv_nxt - s->seq <= TCP_MAX_WINDOW) {
		tcp_count(t, TP_C_tcp_duplicate);
		return TP_C_tcp_segments;
	}
	return TP_C_tcp_not_acceptable;
}

/* A closed window takes no text, but what else is in a segment at its edge counts (MUST-66), and it is answered (a probe). */
static bool conn_is_probe(const struct tcp_conn *c, const struct tcp_in *s)
{
	return s->len && c->rcv_right == c->rcv_nxt && s->seq == c->rcv_nxt;
}

/* ---- time stamps --------------------------------------------------------------------------------------------------------------- */

static bool conn_paws_refuses(const struct tcp *t, const struct tcp_conn *c, const struct tcp_in *s)
{
	if (!(c->flags & TCP_F_TS) || !seq_lt(s->ts_val, c->ts_recent))
		return false;
	return (uint32_t)(t->now_ms >> 10) - c->ts_recent_units < TCP_TS_RECENT_UNITS;
}

static void conn_time_stamp(const struct tcp *t, struct tcp_conn *c, const struct tcp_in *s)
{
	if (!s->has_ts || !seq_le(s->seq, c->last_ack))
		return;
	c->ts_recent = s->ts_val;
	c->ts_recent_units = (uint32_t)(t->now_ms >> 10);
}

/* ---- RST and SYN (RFC 5961, 3 and 4) ---------------------------------------------------------------------------------------------- */

static enum tp_counter conn_rst(struct tcp *t, struct tcp_conn *c, const struct tcp_in *s)
{
	if (s->seq == c->rcv_nxt) {
		tcp_count(t, TP_C_tcp_reset_received);
		tcp_conn_end(t, c, TCP_CLOSED_RESET);
		return TP_C_tcp_segments;
	}
	if (!seq_lt(c->rcv_nxt, s->seq) || !seq_lt(s->seq, c->rcv_right))
		return TP_C_tcp_not_acceptable;
	tcp_challenge_ack(t, c);
	return TP_C_tcp_bad_reset;
}

static enum tp_counter conn_syn(struct tcp *t, struct tcp_conn *c)
{
	tcp_challenge_ack(t, c);
	return TP_C_tcp_bad_reset;
}

/* ---- ACK -------------------------------------------------------------------------------------------------------------------------- */

/* RFC 5961, 5: [SND.UNA - MAX.SND.WND, SND.NXT]. */
static bool conn_ack_acceptable(const struct tcp_conn *c, uint32_t ack)
{
	return seq_le(c->snd_una - c->max_wnd, ack) && seq_le(ack, c->snd_max);
}

/* ---- text and FIN -------------------------------------------------------------------------------------------------------------------- */

/* Takes off what came before and what is beyond the window. */
static void conn_trim(const struct tcp_conn *c, struct tcp_in *s)
{
	if (seq_lt(s->seq, c->rcv_nxt)) {
		uint32_t before = tcp_min(c->rcv_nxt - s->seq, s->n);

		s->seq += before;
		s->p += before;
		s->n -= before;
	}
	if (!seq_lt(s->seq + s->n, c->rcv_right)) {
		s->n = seq_lt(s->seq, c->rcv_right) ? c->rcv_right - s->seq : 0;
		s->flags &= (uint8_t)~TCP_FIN; /* it would lie behind the window, too */
	}
}

/* An ACK is due at once for every second full-sized segment, else in a while (SHLD-18, 19). */
static void conn_ack_due(struct tcp *t, struct tcp_conn *c, uint32_t n)
{
	if (n > c->rcv_mss)
		c->rcv_mss = (uint16_t)tcp_min(n, UINT16_MAX);
	if (c->rcv_nxt - c->last_ack >= 2u * c->rcv_mss) {
		c->flags |= TCP_F_ACK_NOW;
		conn_mark_dirty(t, c);
	} else {
		tcp_timer_ack_later(t, c);
	}
}

void tcp_conn_fin(struct tcp *t, struct tcp_conn *c)
{
	if ((c->flags & TCP_F_FIN_SEEN) && c->fin_seq == c->rcv_nxt)
		tcp_conn_fin_received(t, c);
	/* The application hears of it when it has taken what was before. */
	if (c->state == TCP_STATE_CLOSE_WAIT && !c->kept && !(c->flags & (TCP_F_ENDED | TCP_F_DELIVERING))) {
		c->flags |= TCP_F_ENDED;
		t->app.ended(t->app.ctx, c);
	}
}

enum tp_counter tcp_conn_text(struct tcp *t, struct tcp_conn *c, struct tcp_in *s)
{
	enum tp_counter counter = TP_C_tcp_segments;
	uint32_t n = s->n;

	if (c->flags & TCP_F_FIN_RCVD)
		return TP_C_tcp_segments;
	conn_trim(c, s);
	if (s->flags & TCP_FIN) {
		c->flags |= TCP_F_FIN_SEEN;
		c->fin_seq = s->seq + s->n;
	}
	if (s->n) {
		counter = tcp_reassembly_text(t, c, s->seq, s->p, s->n);
		if (c->state == TCP_STATE_CLOSED)
			return counter;
		conn_ack_due(t, c, n);
	} else if (s->len) {
		c->flags |= TCP_F_ACK_NOW;
		conn_mark_dirty(t, c);
	}
	tcp_conn_fin(t, c);
	return counter;
}

enum tp_counter tcp_conn_input(struct tcp *t, struct tcp_conn *c, struct tcp_in *s)
{
	bool probe = conn_is_probe(c, s);

	if (s->flags & TCP_RST)
		return conn_rst(t, c, s);
	if (s->flags & TCP_SYN)
		return conn_syn(t, c);
	if ((c->flags & TCP_F_TS) && !s->has_ts)
		return TP_C_tcp_no_time_stamp;
	if (conn_paws_refuses(t, c, s)) {
		conn_answer(t, c, s);
		return TP_C_tcp_paws;
	}
	c->heard_at = tcp_ms(t);
	if (!probe && !conn_acceptable(c, s))
		return conn_not_acceptable(t, c, s);
	if (!(s->flags & TCP_ACK))
		return TP_C_tcp_flags;
	if (!conn_ack_acceptable(c, s->ack)) {
		tcp_challenge_ack(t, c);
		return TP_C_tcp_bad_ack;
	}
	c->link = *s->segment->link;
	conn_time_stamp(t, c, s);
	tcp_conn_acknowledged(t, c, s);
	if (c->state == TCP_STATE_CLOSED || !s->len)
		return TP_C_tcp_segments;
	if (probe) {
		tcp_conn_ack(t, c);
		return TP_C_tcp_segments;
	}
	return tcp_conn_text(t, c, s);
}
