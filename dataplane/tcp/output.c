/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Segments out, and the queue they come from. A segment carries the acknowledgement and the window that hold when it leaves; what the application
 * queued while a vector came in leaves behind it in as few segments as it takes. Small segments are not held back for an ACK (no
 * Nagle: acknowledgements of messages are small and wanted soon), but a window that takes only a part of the queue is not nibbled at (MUST-38).
 *
 * The window: its right edge is what the application has taken plus receive_window; it moves only in steps of the smaller of half the window and
 * one segment (MUST-39), and never back. In units of the scale the edge in a header may lie up to one unit before it
 * (RFC 7323 2.4); what was announced once is accepted.
 */
#include "endpoint.h"

#include <arpa/inet.h>
#include <errno.h>

struct header {
	uint16_t source, destination;
	uint32_t seq, ack;
	uint8_t offset, flags;
	uint16_t window, checksum, urgent;
};
_Static_assert(sizeof(struct header) == TCP_HEADER, "a header is 20 octets");

static void output_header(
        uint8_t *p, const uint8_t *end, const struct tcp_tuple *u, uint32_t seq, uint32_t ack, uint8_t flags, uint16_t wnd)
{
	struct header h = {
	        .source = htons(u->local_port),
	        .destination = htons(u->remote_port),
	        .seq = htonl(seq),
	        .ack = htonl(flags & TCP_ACK ? ack : 0),
	        .offset = (uint8_t)((end - p) << 2),
	        .flags = flags,
	        .window = htons(wnd),
	};

	memcpy(p, &h, sizeof(h));
}

/* ---- without a connection ------------------------------------------------------------------------------------------------------- */

void tcp_answer(
        struct tcp *t, const struct tcp_in *s, uint32_t seq, uint32_t ack, uint8_t flags, uint16_t wnd, const uint32_t *ts_val)
{
	uint8_t header[TCP_MAX_HEADER], *end = header + TCP_HEADER;
	struct tcp_output out = {.tuple = s->segment->tuple, .link = s->segment->link, .header = header};

	if (ts_val)
		end = tcp_options_time_stamp(end, *ts_val, s->has_ts ? s->ts_val : 0);
	output_header(header, end, out.tuple, seq, ack, flags, wnd);
	out.header_n = (uint32_t)(end - header);
	t->io.output(t->io.ctx, &out);
}

/* Whoever forges addresses must not have us send as much to somebody else as he sends to us. */
static bool reset_allowed(struct tcp *t)
{
	uint64_t second = t->now_ms / 1000;

	if (t->spec.reset_rate == 0)
		return true;
	if (second != t->reset_second) {
		t->reset_second = second;
		t->resets_left = t->spec.reset_rate;
	}
	if (!t->resets_left)
		return false;
	t->resets_left--;
	return true;
}

/* RFC 9293 3.5.2, group 1: a sequence number the sender of s will take. */
void tcp_answer_rst(struct tcp *t, const struct tcp_in *s)
{
	if (s->flags & TCP_RST)
		return;
	if (!reset_allowed(t)) {
		tcp_count(t, TP_C_tcp_reset_limited);
		return;
	}
	tcp_count(t, TP_C_tcp_reset_sent);
	if (s->flags & TCP_ACK)
		tcp_answer(t, s, s->ack, 0, TCP_RST, 0, NULL);
	else
		tcp_answer(t, s, 0, s->seq + s->len, TCP_RST | TCP_ACK, 0, NULL);
}

void tcp_half_syn_ack(struct tcp *t, const struct tcp_half *h, uint32_t ts_val)
{
	uint8_t header[TCP_MAX_HEADER], *end;
	struct tcp_output out = {.tuple = &h->tuple, .link = &h->link, .header = header};

	end = tcp_options_syn(header + TCP_HEADER, h->tuple.family == 4 ? t->spec.mss4 : t->spec.mss6, h, t->scale, ts_val);
	output_header(header, end, &h->tuple, h->iss, h->irs + 1, TCP_SYN | TCP_ACK,
	        (uint16_t)tcp_min(t->spec.receive_window, UINT16_MAX));
	out.header_n = (uint32_t)(end - header);
	t->io.output(t->io.ctx, &out);
}

/* ---- the window ------------------------------------------------------------------------------------------------------------------ */

/* How far the right edge could move now, where that is worth telling; else 0. */
static uint32_t window_step(const struct tcp *t, const struct tcp_conn *c)
{
	uint32_t right = c->taken + t->spec.receive_window, step = right - c->rcv_right;
	uint32_t limit = c->rcv_nxt + ((uint32_t)UINT16_MAX << (c->scales >> 4)); /* what a header can say */
	uint32_t mss = c->tuple.family == 4 ? t->spec.mss4 : t->spec.mss6;

	if (seq_lt(limit, right))
		step = limit - c->rcv_right;
	return (int32_t)step > 0 && step >= tcp_min(t->spec.receive_window / 2, mss) ? step : 0;
}

bool tcp_conn_window_opened(const struct tcp *t, const struct tcp_conn *c)
{
	return window_step(t, c) != 0;
}

static uint16_t window_announce(struct tcp *t, struct tcp_conn *c)
{
	uint32_t wnd;

	c->rcv_right += window_step(t, c);
	wnd = (c->rcv_right - c->rcv_nxt) >> (c->scales >> 4);
	if (wnd) {
		c->flags &= (uint16_t)~TCP_F_WINDOW_SHUT;
	} else if (!(c->flags & TCP_F_WINDOW_SHUT)) {
		c->flags |= TCP_F_WINDOW_SHUT;
		tcp_count(t, TP_C_tcp_zero_window);
	}
	return (uint16_t)tcp_min(wnd, UINT16_MAX);
}

/* ---- segments of a connection ------------------------------------------------------------------------------------------------------ */

static uint8_t *output_options(const struct tcp *t, const struct tcp_conn *c, uint8_t *p)
{
	if (c->flags & TCP_F_TS)
		p = tcp_options_time_stamp(p, tcp_ms(t) + c->ts_offset, c->ts_recent);
	if ((c->flags & TCP_F_SACK) && c->map)
		p = tcp_reassembly_sack(t, c, p, c->flags & TCP_F_TS ? 3 : 4);
	return p;
}

/* n octets of the queue, `skip` behind snd_una, as pieces. Returns how many there were room for. */
static uint32_t output_parts(const struct tcp *t, const struct tcp_conn *c, struct tcp_output *out, uint32_t skip, uint32_t n)
{
	uint32_t id = c->send_first, done = 0;

	skip += c->send_skip;
	for (; id && done < n && out->parts < TCP_PARTS; id = tcp_chunk_at(&t->chunks, id)->next) {
		const struct tcp_chunk *chunk = tcp_chunk_at(&t->chunks, id);

		if (skip >= chunk->queue.n) {
			skip -= chunk->queue.n;
			continue;
		}
		out->part[out->parts].p = chunk->queue.octets + skip;
		out->part[out->parts].n = tcp_min(chunk->queue.n - skip, n - done);
		done += out->part[out->parts++].n;
		skip = 0;
	}
	return done;
}

static void output_segment(struct tcp *t, struct tcp_conn *c, struct tcp_output *out, uint32_t seq, uint8_t flags)
{
	uint8_t header[TCP_MAX_HEADER], *end = output_options(t, c, header + TCP_HEADER);

	output_header(header, end, &c->tuple, seq, c->rcv_nxt, flags, window_announce(t, c));
	out->tuple = &c->tuple;
	out->link = &c->link;
	out->header = header;
	out->header_n = (uint32_t)(end - header);
	c->last_ack = c->rcv_nxt;
	c->flags &= (uint16_t) ~(TCP_F_ACK_NOW | TCP_F_ACK_LATER);
	t->io.output(t->io.ctx, out);
}

/* The sequence number of a segment without text: the next one, but not beyond a window that the peer has shrunk. */
static uint32_t output_empty_seq(const struct tcp_conn *c)
{
	return seq_le(c->snd_max, c->snd_una + c->snd_wnd) ? c->snd_max : c->snd_una + c->snd_wnd;
}

void tcp_conn_ack(struct tcp *t, struct tcp_conn *c)
{
	struct tcp_output out = {0};

	output_segment(t, c, &out, output_empty_seq(c), TCP_ACK);
}

void tcp_conn_rst(struct tcp *t, struct tcp_conn *c)
{
	struct tcp_output out = {0};

	tcp_count(t, TP_C_tcp_reset_sent);
	output_segment(t, c, &out, output_empty_seq(c), TCP_RST | TCP_ACK);
}

static void output_sent(struct tcp *t, struct tcp_conn *c, uint32_t seq, uint32_t len)
{
	if (seq_lt(seq, c->snd_max))
		tcp_count(t, TP_C_tcp_retransmitted);
	else if (!(c->flags & (TCP_F_TS | TCP_F_TIMING))) {
		c->flags |= TCP_F_TIMING;
		c->rtt_seq = seq + len;
		c->rtt_at = tcp_ms(t);
	}
	if (seq_lt(c->snd_max, seq + len))
		c->snd_max = seq + len;
	c->sent_at = tcp_ms(t);
	if (!(c->flags & TCP_F_TIMER))
		tcp_timer_start(t, c, c->rto);
}

uint32_t tcp_conn_send_at(struct tcp *t, struct tcp_conn *c, uint32_t skip, uint32_t n)
{
	struct tcp_output out = {0};
	uint32_t seq = c->snd_una + skip, sent = output_parts(t, c, &out, skip, n);
	uint8_t flags = TCP_ACK;

	if (skip + sent == c->send_n) {
		flags |= sent ? TCP_PSH : 0;
		flags |= c->flags & TCP_F_FIN_QUEUED ? TCP_FIN : 0;
	}
	sent += flags & TCP_FIN ? 1 : 0;
	output_segment(t, c, &out, seq, flags);
	output_sent(t, c, seq, sent);
	return sent;
}

/* Octets of text in one segment now: SACK blocks take room of their own. */
uint32_t tcp_conn_room(const struct tcp *t, const struct tcp_conn *c)
{
	uint8_t options[TCP_MAX_HEADER];
	uint32_t usual = c->flags & TCP_F_TS ? TCP_TS_OCTETS : 0, n;

	if (!c->map || !(c->flags & TCP_F_SACK))
		return c->snd_mss;
	n = (uint32_t)(output_options(t, c, options) - options) - usual;
	return c->snd_mss > n + 8 ? c->snd_mss - n : 8;
}

/* What may be sent from snd_nxt on: bounded by the peer's window and by ours (MUST-19), of all that is under way. */
static uint32_t output_usable(const struct tcp_conn *c)
{
	uint32_t window = tcp_min(c->snd_wnd, c->cwnd), sent = c->snd_nxt - c->snd_una;

	return window > sent ? window - sent : 0;
}

/* Sends one segment of text, where there is any that may go. */
static bool output_next(struct tcp *t, struct tcp_conn *c)
{
	uint32_t sent = c->snd_nxt - c->snd_una, left = c->send_n > sent ? c->send_n - sent : 0;
	uint32_t room = tcp_conn_room(t, c), n = tcp_min(tcp_min(left, output_usable(c)), room);

	if (!n || (n < room && n < left && n < c->max_wnd / 2))
		return false;
	c->snd_nxt += tcp_conn_send_at(t, c, sent, n);
	return true;
}

/* RFC 5681 4.1: a connection that was silent starts slowly again. */
static void output_restart(const struct tcp *t, struct tcp_conn *c)
{
	if (c->snd_max == c->snd_una && tcp_ms(t) - c->sent_at > c->rto)
		c->cwnd = tcp_min(c->cwnd, 4u * c->snd_mss);
}

static bool output_fin_due(const struct tcp_conn *c)
{
	return (c->flags & TCP_F_FIN_QUEUED) && c->snd_nxt - c->snd_una == c->send_n;
}

void tcp_conn_output(struct tcp *t, struct tcp_conn *c)
{
	output_restart(t, c);
	while (c->send_n && output_next(t, c))
		;
	if (output_fin_due(c))
		c->snd_nxt += tcp_conn_send_at(t, c, c->send_n, 0);
	if (c->flags & TCP_F_ACK_NOW)
		tcp_conn_ack(t, c);
	/* Blocked with nothing under way: the window must be asked for (MUST-36). */
	if (c->send_n && c->snd_max == c->snd_una && !(c->flags & TCP_F_TIMER))
		tcp_timer_start(t, c, c->rto);
}

/* ---- the queue --------------------------------------------------------------------------------------------------------------------- */

static bool queue_has_room(const struct tcp *t, const struct tcp_conn *c, uint32_t octets)
{
	return t->chunks.free + (c->spare != 0) >= (octets + TCP_QUEUE - 1) / TCP_QUEUE;
}

/* Octets the last chunk still takes. */
static uint32_t queue_rest(const struct tcp *t, const struct tcp_conn *c)
{
	return c->send_last ? TCP_QUEUE - tcp_chunk_at(&t->chunks, c->send_last)->queue.n : 0;
}

void tcp_queue_unreserve(struct tcp *t, struct tcp_conn *c)
{
	c->reserved_n = 0;
	if (c->spare)
		tcp_chunk_give(&t->chunks, c->spare);
	c->spare = 0;
}

int tcp_reserve(struct tcp *t, struct tcp_conn *c, uint32_t n)
{
	n = tcp_min(n, TCP_QUEUE);
	if (n == 0 || (c->state != TCP_STATE_ESTABLISHED && c->state != TCP_STATE_CLOSE_WAIT)) {
		tcp_queue_unreserve(t, c);
		return 0;
	}
	if (queue_rest(t, c) >= n) {
		tcp_queue_unreserve(t, c);
	} else if (!c->spare) {
		c->spare = tcp_chunk_take(&t->chunks, TCP_CHUNK_SEND);
		if (!c->spare)
			return -EAGAIN;
	}
	c->reserved_n = (uint16_t)n;
	return 0;
}

static struct tcp_chunk *queue_grow(struct tcp *t, struct tcp_conn *c)
{
	uint32_t id = c->spare ? c->spare : tcp_chunk_take(&t->chunks, TCP_CHUNK_SEND);
	struct tcp_chunk *chunk = tcp_chunk_at(&t->chunks, id);

	c->spare = 0;
	chunk->next = 0;
	chunk->queue.n = 0;
	if (c->send_last)
		tcp_chunk_at(&t->chunks, c->send_last)->next = id;
	else
		c->send_first = id;
	c->send_last = id;
	return chunk;
}

int tcp_send(struct tcp *t, struct tcp_conn *c, const uint8_t *p, uint32_t n)
{
	struct tcp_chunk *last;
	uint32_t room;

	if (c->state != TCP_STATE_ESTABLISHED && c->state != TCP_STATE_CLOSE_WAIT)
		return -EPIPE;
	last = c->send_last ? tcp_chunk_at(&t->chunks, c->send_last) : NULL;
	room = last ? TCP_QUEUE - last->queue.n : 0;
	if (n > t->spec.send_octets - c->send_n || (n > room && !queue_has_room(t, c, n - room))) {
		c->refused = true;
		return -ENOBUFS;
	}
	c->send_n += n;
	c->reserved_n = (uint16_t)(c->reserved_n - tcp_min(n, c->reserved_n));
	while (n) {
		uint32_t run;

		if (!last || last->queue.n == TCP_QUEUE)
			last = queue_grow(t, c);
		run = tcp_min(n, TCP_QUEUE - last->queue.n);
		memcpy(last->queue.octets + last->queue.n, p, run);
		last->queue.n = (uint16_t)(last->queue.n + run);
		p += run;
		n -= run;
	}
	conn_mark_dirty(t, c);
	return 0;
}

/* The first n octets of the queue are acknowledged, or given up. */
void tcp_queue_drop(struct tcp *t, struct tcp_conn *c, uint32_t n)
{
	c->send_n -= n;
	n += c->send_skip;
	while (c->send_first) {
		uint32_t id = c->send_first;
		struct tcp_chunk *chunk = tcp_chunk_at(&t->chunks, id);

		if (n < chunk->queue.n)
			break;
		n -= chunk->queue.n;
		c->send_first = chunk->next;
		if (c->reserved_n && !c->spare) /* its rest was what is reserved */
			c->spare = id;
		else
			tcp_chunk_give(&t->chunks, id);
	}
	if (!c->send_first)
		c->send_last = 0;
	c->send_skip = (uint16_t)n;
}
