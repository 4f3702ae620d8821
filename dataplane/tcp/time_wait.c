/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TIME-WAIT: what is left of a connection that we closed first, in an entry of its own, so that it holds no connection. All wait equally
 * long, so they lie in a list by age; when the store is full the oldest goes. A SYN that is certainly new takes the place of
 * the old connection (RFC 6191, MAY-2). Resets are ignored (RFC 1337, F1): one that is old must not end the wait.
 */
#include "endpoint.h"

static struct tcp_time_wait *wait_at(const struct tcp *t, uint32_t id)
{
	return &t->waits[id - 1];
}

static void wait_unlink(struct tcp *t, const struct tcp_time_wait *w)
{
	*(w->older ? &wait_at(t, w->older)->newer : &t->oldest_wait) = w->newer;
	*(w->newer ? &wait_at(t, w->newer)->older : &t->newest_wait) = w->older;
}

static void wait_link(struct tcp *t, struct tcp_time_wait *w)
{
	uint32_t id = (uint32_t)(w - t->waits) + 1;

	w->older = t->newest_wait;
	w->newer = 0;
	*(t->newest_wait ? &wait_at(t, t->newest_wait)->newer : &t->oldest_wait) = id;
	t->newest_wait = id;
	w->end_at = tcp_ms(t) + t->spec.time_wait_ms;
}

static void wait_free(struct tcp *t, struct tcp_time_wait *w)
{
	uint32_t id = (uint32_t)(w - t->waits) + 1;

	wait_unlink(t, w);
	tcp_table_remove(&t->wait_table, tcp_table_hash(&w->tuple, t->chunks.key), id);
	TCP_GIVE(&t->free_waits, t->waits, id);
}

void tcp_time_wait_add(struct tcp *t, const struct tcp_conn *c)
{
	struct tcp_time_wait *w;
	uint32_t id;

	if (t->free_waits.used == t->spec.time_wait && t->oldest_wait)
		wait_free(t, wait_at(t, t->oldest_wait));
	TCP_TAKE(&t->free_waits, t->waits, id);
	if (!id)
		return;
	w = wait_at(t, id);
	*w = (struct tcp_time_wait){
	        .tuple = c->tuple,
	        .rcv_nxt = c->rcv_nxt,
	        .snd_nxt = c->snd_max,
	        .ts_recent = c->ts_recent,
	        .replied_at = tcp_ms(t) - TCP_EMPTY_REPLY_MS,
	        .wnd = (uint16_t)tcp_min((c->rcv_right - c->rcv_nxt) >> (c->scales >> 4), UINT16_MAX),
	        .flags = c->flags & TCP_F_TS,
	};
	tcp_table_insert(&t->wait_table, tcp_table_hash(&w->tuple, t->chunks.key), id);
	wait_link(t, w);
}

uint32_t tcp_time_wait_tick(struct tcp *t, uint32_t budget)
{
	uint32_t done = 0;

	while (done < budget && t->oldest_wait && seq_le(wait_at(t, t->oldest_wait)->end_at, tcp_ms(t))) {
		wait_free(t, wait_at(t, t->oldest_wait));
		done++;
	}
	return done;
}

static void wait_answer(struct tcp *t, struct tcp_time_wait *w, const struct tcp_in *s)
{
	uint32_t ts_val = tcp_ms(t) + tcp_secret_ts_offset(t, &w->tuple);
	struct tcp_in answer = *s;

	if (!s->len && tcp_ms(t) - w->replied_at < TCP_EMPTY_REPLY_MS)
		return;
	w->replied_at = tcp_ms(t);
	answer.has_ts = true;
	answer.ts_val = w->ts_recent;
	tcp_answer(t, &answer, w->snd_nxt, w->rcv_nxt, TCP_ACK, w->wnd, w->flags & TCP_F_TS ? &ts_val : NULL);
}

/* RFC 6191: with time stamps a later one will do, or the same with a later sequence number; else the sequence number decides. */
static bool wait_is_new(const struct tcp_time_wait *w, const struct tcp_in *s)
{
	if ((w->flags & TCP_F_TS) && s->has_ts && s->ts_val != w->ts_recent)
		return seq_lt(w->ts_recent, s->ts_val);
	return seq_lt(w->rcv_nxt, s->seq);
}

static enum tp_counter wait_syn(struct tcp *t, struct tcp_time_wait *w, struct tcp_in *s)
{
	if (!(s->flags & TCP_ACK) && wait_is_new(w, s) && s->segment->listener != TCP_NO_LISTENER) {
		enum tp_counter counter = tcp_listen_syn(t, s, w->snd_nxt, true);

		if (counter != TP_C_tcp_syn_full) /* else the old connection still is to be guarded */
			wait_free(t, w);
		return counter;
	}
	if (tcp_challenge_allowed(t)) {
		tcp_count(t, TP_C_tcp_challenge_ack);
		wait_answer(t, w, s);
	}
	return TP_C_tcp_bad_reset;
}

/* RFC 9293 3.10.7.4: "the only thing that can arrive in this state is a retransmission of the remote FIN". One elsewhere prolongs nothing. */
static bool wait_is_their_fin(const struct tcp_time_wait *w, const struct tcp_in *s)
{
	return (s->flags & TCP_FIN) && s->seq + s->len == w->rcv_nxt;
}

enum tp_counter tcp_time_wait_input(struct tcp *t, struct tcp_time_wait *w, struct tcp_in *s)
{
	if (s->flags & TCP_RST)
		return TP_C_tcp_bad_reset;
	if (s->flags & TCP_SYN)
		return wait_syn(t, w, s);
	if ((w->flags & TCP_F_TS) && s->has_ts && seq_lt(s->ts_val, w->ts_recent)) {
		wait_answer(t, w, s);
		return TP_C_tcp_paws;
	}
	if (!(s->flags & TCP_ACK))
		return TP_C_tcp_flags;
	if (!s->len && s->seq == w->rcv_nxt)
		return TP_C_tcp_segments;
	wait_answer(t, w, s);
	if (!wait_is_their_fin(w, s))
		return TP_C_tcp_not_acceptable;
	wait_unlink(t, w); /* our ACK was lost, and the wait begins anew */
	wait_link(t, w);
	tcp_count(t, TP_C_tcp_duplicate);
	return TP_C_tcp_segments;
}
