/* SPDX-License-Identifier: BSD-3-Clause */
/* The TCP endpoint: opening, closing, the states between them, TIME-WAIT, and what the application may do from within its calls. */
#include "tcp_rig.h"

static struct tcp_usage usage(const struct rig *r)
{
	struct tcp_usage u;

	tcp_usage(r->t, &u);
	return u;
}

static void handshake_data_close(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);
	struct tcp_conn *c = peer_open(&p, true);
	struct tcp_tuple tuple;

	(void)state;
	assert_int_equal(tcp_conn_listener(c), 3);
	tcp_conn_tuple(r->t, c, &tuple);
	assert_memory_equal(&tuple, &p.tuple, sizeof(tuple));
	peer_data(&p, "hello", 5);
	assert_int_equal(r->taken_n, 5);
	assert_memory_equal(r->taken, "hello", 5);
	assert_int_equal(tcp_send(r->t, c, (const uint8_t *)"world!", 6), 0);
	rig_flush(r);
	assert_int_equal(rig_only(r)->flags, ACK | PSH);
	assert_int_equal(rig_only(r)->ack, p.seq);
	assert_int_equal(rig_only(r)->seq, p.ack);
	assert_int_equal(rig_only(r)->n, 6);
	assert_memory_equal(rig_only(r)->p, "world!", 6);
	assert_memory_equal(&rig_only(r)->link, &p.link, sizeof(p.link));
	p.ack += 6;
	peer_fin(&p);
	assert_int_equal(r->ended, 1);
	assert_int_equal(tcp_unsent(c), 0);
	rig_clear(r);
	tcp_close(r->t, c);
	rig_flush(r);
	assert_int_equal(rig_only(r)->flags, ACK | FIN);
	p.ack++;
	peer_ack(&p);
	assert_int_equal(r->closed, 1);
	assert_int_equal(r->why, TCP_CLOSED_DONE);
	rig_check_idle(r);
	rig_free(r);
}

static void ipv6_handshake_and_data(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);

	(void)state;
	memcpy(p.tuple.local, (const uint8_t[16]){0x20, 1, 0x0d, 0xb8, [15] = 1}, 16);
	memcpy(p.tuple.remote, (const uint8_t[16]){0x20, 1, 0x0d, 0xb8, [15] = 2}, 16);
	p.tuple.family = 6;
	peer_saw_syn_ack(&p, peer_syn(&p, true));
	assert_int_equal(rig_last(r)->mss, 1440);
	peer_ack(&p);
	peer_data(&p, "six", 3);
	assert_memory_equal(r->taken, "six", 3);
	tcp_abort(r->t, r->conn);
	rig_free(r);
}

/* RFC 9293 3.10.7.2; MUST-41, 42: connections of one listener are told apart by their other end. */
static void must_41_42_many_connections_of_one_listener(void **state)
{
	struct rig *r = rig_new(NULL);
	struct tcp_conn *c[64];

	(void)state;
	for (uint16_t i = 0; i < 64; i++) {
		struct peer p = rig_peer(r, (uint16_t)(4000 + i));

		c[i] = peer_open(&p, i & 1);
	}
	assert_int_equal(usage(r).connections, 64);
	for (uint16_t i = 0; i < 64; i++) {
		struct tcp_tuple tuple;

		tcp_conn_tuple(r->t, c[i], &tuple);
		assert_int_equal(tuple.remote_port, 4000 + i);
		tcp_abort(r->t, c[i]);
	}
	assert_int_equal(r->closed, 64);
	rig_check_idle(r);
	rig_free(r);
}

static void connections_full_handshake_waits(void **state)
{
	struct tcp_spec spec = rig_spec();
	struct rig *r;

	(void)state;
	spec.connections = 1;
	r = rig_new(&spec);
	{
		struct peer p = rig_peer(r, 4001), q = rig_peer(r, 4002);
		struct tcp_conn *c = peer_open(&p, true);

		peer_saw_syn_ack(&q, peer_syn(&q, true));
		peer_ack(&q);
		assert_int_equal(r->opened, 1);
		assert_int_equal(r->book.c[TP_C_tcp_syn_full], 1);
		tcp_abort(r->t, c);
		peer_ack(&q); /* the backlog has kept it */
		assert_int_equal(r->opened, 2);
	}
	rig_free(r);
}

/* MUST-8, SHLD-1 (RFC 6528). */
static void must_8_isn_differs_by_time_and_tuple(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001), q = rig_peer(r, 4002);
	uint32_t first = peer_syn(&p, true)->seq, other = peer_syn(&q, true)->seq, later;

	(void)state;
	assert_int_not_equal(first, other);
	peer_send(&p, RST, p.irs + 1, 0, NULL, 0);
	r->now += 400;
	p.seq = p.irs;
	later = peer_syn(&p, true)->seq;
	assert_int_equal(later - first, 100); /* 4 microseconds a number */
	rig_free(r);
}

static void shld_1_isn_depends_on_the_secret(void **state)
{
	struct tcp_spec spec = rig_spec();
	struct rig *r = rig_new(&spec), *q;
	struct peer p = rig_peer(r, 4001);
	uint32_t isn = peer_syn(&p, true)->seq;

	(void)state;
	spec.secret[0] ^= 1;
	q = rig_new(&spec);
	p = rig_peer(q, 4001);
	assert_int_not_equal(peer_syn(&p, true)->seq, isn);
	rig_free(r);
	rig_free(q);
}

/* MUST-46, 57, 63: no answer, not even a reset. */
static void must_46_57_63_syn_from_or_to_wrong_address(void **state)
{
	static const uint8_t wrong[][4] = {{0, 0, 0, 0}, {224, 0, 0, 1}, {255, 255, 255, 255}, {127, 0, 0, 1}, {240, 1, 1, 1}};
	struct rig *r = rig_new(NULL);

	(void)state;
	for (unsigned int i = 0; i < 5; i++) {
		struct peer p = rig_peer(r, 4001);

		memcpy(p.tuple.remote, wrong[i], 4);
		peer_send(&p, SYN, 1, 0, NULL, 0);
		peer_send(&p, ACK, 1, 9, NULL, 0);
	}
	for (unsigned int i = 1; i < 3; i++) {
		struct peer p = rig_peer(r, 4001);

		memcpy(p.tuple.local, wrong[i], 4);
		peer_send(&p, SYN, 1, 0, NULL, 0);
	}
	assert_int_equal(r->n, 0);
	assert_int_equal(r->book.c[TP_C_tcp_address], 12);
	{
		struct peer p = rig_peer(r, 4001);

		p.tuple.family = 6;
		memset(p.tuple.remote, 0, 16);
		peer_send(&p, SYN, 1, 0, NULL, 0);
		p.tuple.remote[0] = 0xff;
		peer_send(&p, SYN, 1, 0, NULL, 0);
	}
	assert_int_equal(r->n, 0);
	assert_int_equal(r->book.c[TP_C_tcp_address], 14);
	rig_free(r);
}

/* MUST-11: a reset in SYN-RECEIVED that came from LISTEN goes back to LISTEN; the application hears nothing. */
static void must_11_reset_in_syn_received_returns_to_listen(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);

	(void)state;
	peer_saw_syn_ack(&p, peer_syn(&p, true));
	peer_send(&p, RST, p.seq, 0, NULL, 0);
	assert_int_equal(usage(r).half_open, 0);
	assert_int_equal(r->opened + r->closed, 0);
	p.seq = p.irs;
	peer_open(&p, true);
	assert_int_equal(r->opened, 1);
	rig_free(r);
}

static void syn_received_reset_elsewhere_is_challenged(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);

	(void)state;
	peer_saw_syn_ack(&p, peer_syn(&p, true));
	rig_clear(r);
	peer_send(&p, RST, p.seq + 5, 0, NULL, 0);
	assert_int_equal(rig_only(r)->flags, ACK);
	assert_int_equal(r->book.c[TP_C_tcp_bad_reset], 1);
	peer_send(&p, RST, p.seq + 100000, 0, NULL, 0);
	assert_int_equal(r->n, 1);
	assert_int_equal(usage(r).half_open, 1);
	rig_free(r);
}

static void syn_received_wrong_ack_is_reset(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);

	(void)state;
	peer_saw_syn_ack(&p, peer_syn(&p, true));
	rig_clear(r);
	peer_send(&p, ACK, p.seq, p.ack + 1, NULL, 0);
	assert_int_equal(rig_only(r)->flags, RST);
	assert_int_equal(rig_only(r)->seq, p.ack + 1);
	assert_int_equal(r->opened, 0);
	assert_int_equal(usage(r).half_open, 1);
	rig_free(r);
}

/* picotcp#148: no reset for a SYN that comes twice; mtcp#78: the SYN-ACK sent again has the numbers of the first. */
static void duplicate_syn_gets_the_same_syn_ack(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);
	uint32_t isn = peer_syn(&p, true)->seq;

	(void)state;
	r->now += 300 * MS;
	p.ts_val += 300;
	assert_int_equal(peer_syn(&p, true)->flags, SYN | ACK);
	assert_int_equal(rig_last(r)->seq, isn);
	assert_int_equal(rig_last(r)->ack, p.irs + 1);
	rig_wait(r, 2 * S);
	assert_int_equal(rig_last(r)->flags, SYN | ACK);
	assert_int_equal(rig_last(r)->seq, isn);
	assert_int_equal(rig_last(r)->ack, p.irs + 1);
	assert_int_equal(usage(r).half_open, 1);
	rig_free(r);
}

static void syn_received_new_syn_in_window_starts_over(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);

	(void)state;
	peer_syn(&p, true);
	p.seq += 10;
	peer_saw_syn_ack(&p, peer_syn(&p, true));
	assert_int_equal(usage(r).half_open, 1);
	peer_ack(&p);
	assert_int_equal(r->opened, 1);
	rig_free(r);
}

/* MUST-20..23 of a SYN-ACK: sent again with doubling time, bounded; then forgotten. */
static void syn_ack_is_retransmitted_and_given_up(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);
	uint64_t start = r->now;

	(void)state;
	peer_syn(&p, true);
	rig_wait(r, 60 * S);
	assert_int_equal(r->n, 4); /* syn_retries 3 */
	assert_in_range(r->seen[1].at - start, 1 * S, 1 * S + 5 * MS);
	assert_in_range(r->seen[2].at - start, 3 * S, 3 * S + 5 * MS);
	assert_in_range(r->seen[3].at - start, 7 * S, 7 * S + 5 * MS);
	assert_int_equal(usage(r).half_open, 0);
	assert_int_equal(r->book.c[TP_C_tcp_half_open_expired], 1);
	assert_int_equal(r->opened + r->closed, 0);
	rig_free(r);
}

static void handshake_ack_with_text_and_fin(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);

	(void)state;
	peer_saw_syn_ack(&p, peer_syn(&p, true));
	peer_send(&p, ACK | FIN, p.seq, p.ack, "bye", 3);
	assert_int_equal(r->opened, 1);
	assert_int_equal(r->taken_n, 3);
	assert_int_equal(r->ended, 1);
	rig_free(r);
}

static void no_listener_is_answered_with_a_reset(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);

	(void)state;
	p.listener = TCP_NO_LISTENER;
	peer_send(&p, SYN, 77, 0, NULL, 0);
	assert_int_equal(rig_only(r)->flags, RST | ACK);
	assert_int_equal(rig_only(r)->seq, 0);
	assert_int_equal(rig_only(r)->ack, 78);
	rig_clear(r);
	peer_send(&p, RST, 77, 0, NULL, 0);
	assert_int_equal(r->n, 0);
	assert_int_equal(r->book.c[TP_C_tcp_no_listener], 2);
	rig_free(r);
}

/* RFC 9293 3.5.2, group 1. */
static void segment_of_no_connection_is_reset(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);

	(void)state;
	peer_send(&p, ACK, 500, 900, "abc", 3);
	assert_int_equal(rig_only(r)->flags, RST);
	assert_int_equal(rig_only(r)->seq, 900);
	rig_clear(r);
	peer_send(&p, SYN | ACK, 500, 900, NULL, 0);
	assert_int_equal(rig_only(r)->flags, RST);
	rig_clear(r);
	peer_send(&p, RST | ACK, 500, 900, NULL, 0);
	peer_send(&p, 0, 500, 900, NULL, 0);
	peer_send(&p, FIN, 500, 900, NULL, 0);
	assert_int_equal(r->n, 0);
	assert_int_equal(r->book.c[TP_C_tcp_no_connection], 3);
	assert_int_equal(r->book.c[TP_C_tcp_flags], 2);
	rig_free(r);
}

/* ---- closing -------------------------------------------------------------------------------------------------------------- */

static void half_close_by_the_peer_data_still_goes_out(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);
	struct tcp_conn *c = peer_open(&p, true);

	(void)state;
	peer_fin(&p);
	assert_int_equal(rig_only(r)->ack, p.seq);
	assert_int_equal(r->ended, 1);
	assert_int_equal(r->closed, 0);
	rig_clear(r);
	assert_int_equal(tcp_send(r->t, c, rig_bytes(100), 100), 0);
	rig_flush(r);
	assert_int_equal(rig_only(r)->n, 100);
	rig_clear(r);
	p.ack += 100;
	peer_ack(&p);
	tcp_close(r->t, c);
	assert_int_equal(tcp_send(r->t, c, rig_bytes(1), 1), -EPIPE);
	rig_flush(r);
	assert_int_equal(rig_only(r)->flags, FIN | ACK);
	p.ack++;
	peer_ack(&p);
	assert_int_equal(r->why, TCP_CLOSED_DONE);
	assert_int_equal(r->closed, 1);
	assert_int_equal(usage(r).time_wait, 0); /* the peer closed first: it waits */
	rig_check_idle(r);
	rig_free(r);
}

static void half_close_by_us_data_still_comes_in_and_is_thrown_away(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);
	struct tcp_conn *c = peer_open(&p, true);

	(void)state;
	tcp_close(r->t, c);
	rig_flush(r);
	p.ack++;
	peer_ack(&p); /* FIN-WAIT-2 */
	rig_clear(r);
	for (int i = 0; i < 100; i++) {
		peer_data(&p, rig_bytes(1400), 1400);
		rig_flush(r);
	}
	assert_int_equal(rig_last(r)->ack, p.seq);
	assert_int_equal(r->taken_n, 0);
	assert_int_equal(r->closed, 0);
	peer_fin(&p);
	assert_int_equal(rig_last(r)->ack, p.seq);
	assert_int_equal(r->closed, 1);
	assert_int_equal(r->why, TCP_CLOSED_DONE);
	assert_int_equal(r->ended, 0);
	assert_int_equal(usage(r).time_wait, 1);
	rig_check_idle(r);
	rig_free(r);
}

static void fin_waits_behind_what_is_queued(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);
	struct tcp_conn *c = peer_open(&p, true);

	(void)state;
	assert_int_equal(tcp_send(r->t, c, rig_bytes(20000), 20000), 0);
	tcp_close(r->t, c);
	rig_flush(r);
	for (unsigned int done = 0; done < 20000;) {
		for (unsigned int i = 0; i < r->n; i++) {
			assert_int_equal(r->seen[i].seq, p.ack);
			assert_memory_equal(r->seen[i].p, rig_bytes(20000) + done, r->seen[i].n);
			done += r->seen[i].n;
			p.ack += r->seen[i].n + !!(r->seen[i].flags & FIN);
			assert_int_equal(!!(r->seen[i].flags & FIN), done == 20000);
		}
		rig_clear(r);
		peer_ack(&p);
		rig_flush(r);
	}
	peer_fin(&p);
	assert_int_equal(r->closed, 1);
	rig_check_idle(r);
	rig_free(r);
}

/* Both FINs on the way at once: CLOSING, TIME-WAIT. smoltcp PR#1026: the peer's FIN again in CLOSING is acknowledged again. */
static void simultaneous_close(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);
	struct tcp_conn *c = peer_open(&p, true);

	(void)state;
	tcp_close(r->t, c);
	rig_flush(r);
	assert_int_equal(rig_only(r)->flags, FIN | ACK);
	peer_fin(&p); /* it does not acknowledge ours */
	assert_int_equal(rig_last(r)->ack, p.seq);
	assert_int_equal(r->closed, 0);
	rig_clear(r);
	peer_send(&p, FIN | ACK, p.seq - 1, p.ack, NULL, 0);
	rig_flush(r);
	assert_int_equal(rig_only(r)->ack, p.seq);
	p.ack++;
	peer_ack(&p);
	assert_int_equal(r->closed, 1);
	assert_int_equal(r->why, TCP_CLOSED_DONE);
	assert_int_equal(usage(r).time_wait, 1);
	rig_check_idle(r);
	rig_free(r);
}

static void fin_and_ack_of_ours_in_one_segment(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);
	struct tcp_conn *c = peer_open(&p, true);

	(void)state;
	tcp_close(r->t, c);
	rig_flush(r);
	p.ack++;
	peer_fin(&p);
	assert_int_equal(r->closed, 1);
	assert_int_equal(usage(r).time_wait, 1);
	rig_free(r);
}

static void fin_is_retransmitted_in_each_state(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);
	struct tcp_conn *c = peer_open(&p, true);

	(void)state;
	tcp_close(r->t, c);
	rig_flush(r);
	rig_clear(r);
	rig_wait(r, 1100 * MS); /* FIN-WAIT-1 */
	assert_int_equal(rig_only(r)->flags, FIN | ACK);
	assert_int_equal(rig_only(r)->seq, p.ack);
	peer_fin(&p);
	rig_clear(r);
	rig_wait(r, 2100 * MS); /* CLOSING */
	assert_int_equal(rig_only(r)->flags, FIN | ACK);
	assert_int_equal(rig_only(r)->seq, p.ack);
	assert_int_equal(rig_only(r)->ack, p.seq);
	rig_free(r);
}

static void last_ack_retransmits_and_times_out(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);
	struct tcp_conn *c = peer_open(&p, true);

	(void)state;
	peer_fin(&p);
	tcp_close(r->t, c);
	rig_flush(r);
	rig_wait(r, 200 * S);
	assert_int_equal(r->closed, 1);
	assert_int_equal(r->why, TCP_CLOSED_TIMED_OUT);
	rig_check_idle(r);
	rig_free(r);
}

static void fin_wait_2_ends_where_the_peer_never_closes(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);
	struct tcp_conn *c = peer_open(&p, true);

	(void)state;
	tcp_close(r->t, c);
	rig_flush(r);
	p.ack++;
	peer_ack(&p);
	rig_wait(r, 29 * S);
	assert_int_equal(r->closed, 0);
	rig_wait(r, 2 * S);
	assert_int_equal(r->closed, 1);
	assert_int_equal(r->why, TCP_CLOSED_TIMED_OUT);
	assert_int_equal(rig_last(r)->flags, RST | ACK);
	rig_check_idle(r);
	rig_free(r);
}

/* ---- TIME-WAIT -------------------------------------------------------------------------------------------------------------- */

static struct peer in_time_wait(struct rig *r, bool modern)
{
	struct peer p = rig_peer(r, 4001);
	struct tcp_conn *c = peer_open(&p, modern);

	tcp_close(r->t, c);
	rig_flush(r);
	p.ack++;
	peer_fin(&p);
	assert_int_equal(r->closed, 1);
	rig_clear(r);
	return p;
}

static void must_13_time_wait_lasts_2_msl(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = in_time_wait(r, true);

	(void)state;
	rig_wait(r, 59 * S);
	assert_int_equal(usage(r).time_wait, 1);
	peer_ack(&p);
	assert_int_equal(r->n, 0);
	rig_wait(r, 2 * S);
	assert_int_equal(usage(r).time_wait, 0);
	rig_free(r);
}

static void time_wait_acknowledges_a_second_fin_and_starts_anew(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = in_time_wait(r, true);

	(void)state;
	rig_wait(r, 50 * S);
	peer_send(&p, FIN | ACK, p.seq - 1, p.ack, NULL, 0);
	assert_int_equal(rig_only(r)->flags, ACK);
	assert_int_equal(rig_only(r)->ack, p.seq);
	assert_int_equal(rig_only(r)->seq, p.ack);
	assert_true(rig_only(r)->has_ts);
	rig_wait(r, 50 * S);
	assert_int_equal(usage(r).time_wait, 1);
	rig_wait(r, 11 * S);
	assert_int_equal(usage(r).time_wait, 0);
	rig_free(r);
}

/* RFC 1337, F1. */
static void time_wait_is_not_ended_by_a_reset(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = in_time_wait(r, true);

	(void)state;
	peer_send(&p, RST, p.seq, 0, NULL, 0);
	assert_int_equal(usage(r).time_wait, 1);
	assert_int_equal(r->n, 0);
	rig_free(r);
}

/* MAY-2, RFC 6191: with a later time stamp; the new numbers are above the old ones. */
static void may_2_time_wait_reused_by_later_time_stamp(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = in_time_wait(r, true);
	uint32_t last = p.ack;
	uint8_t o[20];

	(void)state;
	p.ts_val += 1000;
	p.irs = p.seq = p.seq - 500000; /* lower than before: the time stamp decides */
	peer_raw(&p, SYN, p.seq, 0, o, peer_options(&p, o, true), NULL, 0);
	assert_int_equal(usage(r).time_wait, 0);
	peer_saw_syn_ack(&p, rig_last(r));
	assert_true((int32_t)(p.iss - last) > 0);
	peer_ack(&p);
	assert_int_equal(r->opened, 2);
	rig_free(r);
}

static void may_2_time_wait_reused_by_higher_isn_without_time_stamps(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = in_time_wait(r, false);

	(void)state;
	p.seq += 1000;
	peer_saw_syn_ack(&p, peer_syn(&p, false));
	peer_ack(&p);
	assert_int_equal(r->opened, 2);
	rig_free(r);
}

static void time_wait_old_syn_is_answered_with_an_ack(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = in_time_wait(r, false);
	uint8_t o[20];

	(void)state;
	peer_raw(&p, SYN, p.seq - 5000, 0, o, peer_options(&p, o, false), NULL, 0);
	assert_int_equal(rig_only(r)->flags, ACK);
	assert_int_equal(rig_only(r)->ack, p.seq);
	assert_int_equal(usage(r).time_wait, 1);
	assert_int_equal(r->book.c[TP_C_tcp_bad_reset], 1);
	rig_free(r);
}

static void time_wait_syn_with_an_older_time_stamp_is_not_new(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = in_time_wait(r, true);

	(void)state;
	p.ts_val -= 1;
	peer_send(&p, SYN, p.seq + 1000, 0, NULL, 0);
	assert_int_equal(rig_only(r)->flags, ACK);
	assert_int_equal(usage(r).time_wait, 1);
	rig_free(r);
}

static void time_wait_store_full_the_oldest_goes(void **state)
{
	struct tcp_spec spec = rig_spec();
	struct rig *r;

	(void)state;
	spec.time_wait = 4;
	r = rig_new(&spec);
	for (uint16_t i = 0; i < 10; i++) {
		struct peer p = rig_peer(r, (uint16_t)(4000 + i));
		struct tcp_conn *c = peer_open(&p, true);

		tcp_close(r->t, c);
		rig_flush(r);
		p.ack++;
		peer_fin(&p);
		r->now += 10 * MS;
	}
	assert_int_equal(usage(r).time_wait, 4);
	rig_wait(r, 61 * S);
	assert_int_equal(usage(r).time_wait, 0);
	rig_free(r);
}

/* ---- the application ---------------------------------------------------------------------------------------------------------- */

/* MUST-12. */
static void must_12_application_is_told_of_a_reset(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);

	(void)state;
	peer_open(&p, true);
	peer_send(&p, RST, p.seq, 0, NULL, 0);
	assert_int_equal(r->closed, 1);
	assert_int_equal(r->why, TCP_CLOSED_RESET);
	assert_int_equal(r->book.c[TP_C_tcp_reset_received], 1);
	assert_int_equal(r->n, 0);
	rig_check_idle(r);
	rig_free(r);
}

static void abort_sends_a_reset(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);
	struct tcp_conn *c = peer_open(&p, true);

	(void)state;
	tcp_send(r->t, c, rig_bytes(10), 10);
	tcp_abort(r->t, c);
	assert_int_equal(rig_only(r)->flags, RST | ACK);
	assert_int_equal(rig_only(r)->seq, p.ack);
	assert_int_equal(r->why, TCP_CLOSED_ABORTED);
	rig_flush(r);
	assert_int_equal(r->n, 1);
	rig_check_idle(r);
	rig_free(r);
}

static void hook_abort(struct rig *r, struct tcp_conn *c)
{
	tcp_abort(r->t, c);
	assert_int_equal(tcp_send(r->t, c, rig_bytes(1), 1), -EPIPE);
}

static void hook_close(struct rig *r, struct tcp_conn *c)
{
	tcp_close(r->t, c);
}

static void hook_send(struct rig *r, struct tcp_conn *c)
{
	assert_int_equal(tcp_send(r->t, c, rig_bytes(4), 4), 0);
}

static void hook_resume_once(struct rig *r, struct tcp_conn *c)
{
	if (r->room == 0) {
		r->room = UINT32_MAX;
		tcp_resume(r->t, c, r->now);
	}
}

static void abort_inside_each_call(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);

	(void)state;
	r->on_data = hook_abort;
	peer_open(&p, true);
	peer_data(&p, rig_bytes(3), 3);
	assert_int_equal(r->closed, 1);
	p = rig_peer(r, 4002);
	r->on_opened = hook_abort;
	peer_open(&p, true);
	assert_int_equal(r->closed, 2);
	p = rig_peer(r, 4003);
	r->on_opened = NULL;
	r->on_ended = hook_abort;
	peer_open(&p, true);
	peer_fin(&p);
	assert_int_equal(r->closed, 3);
	rig_check_idle(r);
	rig_free(r);
}

static void abort_inside_data_from_what_was_kept(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);
	struct tcp_conn *c = peer_open(&p, true);

	(void)state;
	r->room = 0;
	for (int i = 0; i < 3; i++)
		peer_data(&p, rig_bytes(1000), 1000);
	peer_send(&p, ACK, p.seq + 100, p.ack, rig_bytes(10), 10);
	assert_int_equal(tcp_kept(c), 3000);
	r->room = UINT32_MAX;
	r->on_data = hook_abort;
	tcp_resume(r->t, c, r->now);
	assert_int_equal(r->closed, 1);
	rig_check_idle(r);
	rig_free(r);
}

/* A connection that goes with something to send, and another in its place, within one vector. */
static void place_used_again_before_flush(void **state)
{
	struct tcp_spec spec = rig_spec();
	struct rig *r;

	(void)state;
	spec.connections = 1;
	r = rig_new(&spec);
	for (uint16_t i = 0; i < 3000; i++) {
		struct peer p = rig_peer(r, (uint16_t)(4000 + i));

		peer_saw_syn_ack(&p, peer_syn(&p, true));
		peer_ack(&p);
		assert_int_equal(r->opened, i + 1);
		peer_data(&p, "x", 1);
		assert_int_equal(r->taken_n, i + 1);
		tcp_send(r->t, r->conn, rig_bytes(1), 1);
		if (i < 2999)
			tcp_abort(r->t, r->conn);
	}
	rig_clear(r);
	rig_flush(r);
	assert_int_equal(rig_only(r)->n, 1);
	tcp_abort(r->t, r->conn);
	rig_check_idle(r);
	rig_free(r);
}

static void close_inside_data(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);

	(void)state;
	peer_open(&p, true);
	r->room = 0;
	r->on_data = hook_close;
	peer_data(&p, rig_bytes(1000), 1000);
	peer_data(&p, rig_bytes(1000), 1000);
	rig_flush(r);
	assert_int_equal(rig_last(r)->flags, FIN | ACK);
	assert_int_equal(rig_last(r)->ack, p.seq);
	p.ack++;
	peer_fin(&p);
	assert_int_equal(r->why, TCP_CLOSED_DONE);
	rig_check_idle(r);
	rig_free(r);
}

static void close_inside_ended(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);

	(void)state;
	r->on_ended = hook_close;
	peer_open(&p, true);
	peer_fin(&p);
	assert_int_equal(rig_only(r)->flags, FIN | ACK); /* one segment for both */
	assert_int_equal(rig_only(r)->ack, p.seq);
	rig_free(r);
}

static void resume_inside_data(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);
	struct tcp_conn *c = peer_open(&p, true);

	(void)state;
	r->room = 100;
	r->on_data = hook_resume_once;
	peer_data(&p, rig_bytes(1000), 1000);
	assert_int_equal(r->taken_n, 1000);
	assert_memory_equal(r->taken, rig_bytes(1000), 1000);
	assert_int_equal(tcp_kept(c), 0);
	rig_free(r);
}

/* One segment a connection at the end of the vector, with the acknowledgement in it (MUST-58, 59). */
static void must_58_59_answers_of_a_vector_ride_with_one_ack(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001), q = rig_peer(r, 4002);

	(void)state;
	peer_open(&p, true);
	peer_open(&q, true);
	r->on_data = hook_send;
	for (int i = 0; i < 16; i++) {
		peer_data(&p, rig_bytes(200), 200);
		peer_data(&q, rig_bytes(200), 200);
	}
	assert_int_equal(r->n, 0);
	rig_flush(r);
	assert_int_equal(r->n, 2);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(r->seen[i].n, 64);
		assert_int_equal(r->seen[i].ack, r->seen[i].tuple.remote_port == 4001 ? p.seq : q.seq);
	}
	rig_free(r);
}

static void vector_is_the_same_as_one_by_one(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p[40];
	static uint8_t octets[40][24];
	struct tcp_segment segments[40];

	(void)state;
	for (uint16_t i = 0; i < 40; i++) {
		p[i] = rig_peer(r, (uint16_t)(4000 + i));
		peer_open(&p[i], false);
		rig_put(octets[i], p[i].tuple.remote_port, 2);
		rig_put(octets[i] + 2, 1883, 2);
		rig_put(octets[i] + 4, p[i].seq, 4);
		rig_put(octets[i] + 8, p[i].ack, 4);
		rig_put(octets[i] + 12, 0x50180fff, 4);
		rig_put(octets[i] + 20, i, 4);
		segments[i] =
		        (struct tcp_segment){.tuple = &p[i].tuple, .link = &p[i].link, .p = octets[i], .n = 24, .listener = 3};
	}
	tcp_input_vector(r->t, segments, 40, r->now);
	r->inputs += 40;
	assert_int_equal(r->taken_n, 160);
	for (uint16_t i = 0; i < 40; i++)
		assert_int_equal(r->taken[4 * i + 3], i);
	rig_free(r);
}

static void free_tells_of_open_connections(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001), q = rig_peer(r, 4002);

	(void)state;
	peer_open(&p, true);
	peer_open(&q, true);
	tcp_free(r->t);
	assert_int_equal(r->closed, 2);
	assert_int_equal(r->why, TCP_CLOSED_STOPPED);
	assert_int_equal(r->n, 0);
	free(r);
}

static void send_is_bounded(void **state)
{
	struct tcp_spec spec = rig_spec();
	struct rig *r;

	(void)state;
	spec.chunks = 8;
	spec.send_octets = 3000;
	r = rig_new(&spec);
	{
		struct peer p = rig_peer(r, 4001), q = rig_peer(r, 4002);
		struct tcp_conn *c = peer_open(&p, true), *d = peer_open(&q, true);

		assert_int_equal(tcp_send(r->t, c, rig_bytes(3001), 3001), -ENOBUFS);
		assert_int_equal(tcp_send(r->t, c, rig_bytes(3000), 3000), 0);
		assert_int_equal(tcp_send(r->t, c, rig_bytes(1), 1), -ENOBUFS);
		assert_int_equal(tcp_unsent(c), 3000);
		assert_int_equal(tcp_send(r->t, d, rig_bytes(1009), 1009), -ENOBUFS); /* two chunks are left */
		assert_int_equal(tcp_unsent(d), 0);
		assert_int_equal(tcp_send(r->t, d, rig_bytes(1008), 1008), 0);
		tcp_abort(r->t, c);
		tcp_abort(r->t, d);
	}
	rig_check_idle(r);
	rig_free(r);
}

static void spec_out_of_range_is_refused(void **state)
{
	struct tcp_spec spec = rig_spec();
	struct tp_book book = {0};

	(void)state;
	spec.reassembly_gaps = TCP_MAX_GAPS + 1;
	assert_null(tcp_new(&spec, &(struct tcp_io){0}, &(struct tcp_app){0}, &book, 0));
	spec = rig_spec();
	spec.receive_window = TCP_MAX_WINDOW + 1;
	assert_null(tcp_new(&spec, &(struct tcp_io){0}, &(struct tcp_app){0}, &book, 0));
	spec = rig_spec();
	spec.connections = 0;
	assert_null(tcp_new(&spec, &(struct tcp_io){0}, &(struct tcp_app){0}, &book, 0));
}

static void memory_is_what_tcp_memory_says(void **state)
{
	struct tcp_spec spec = rig_spec(), more = spec;
	struct rig *r = rig_new(&spec);

	(void)state;
	assert_int_equal(usage(r).memory, tcp_memory(&spec));
	more.connections += 1 << 20;
	assert_in_range(tcp_memory(&more) - tcp_memory(&spec), 256u << 20, 320u << 20); /* at most 320 octets a connection */
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(handshake_data_close),
	        cmocka_unit_test(ipv6_handshake_and_data),
	        cmocka_unit_test(must_41_42_many_connections_of_one_listener),
	        cmocka_unit_test(connections_full_handshake_waits),
	        cmocka_unit_test(must_8_isn_differs_by_time_and_tuple),
	        cmocka_unit_test(shld_1_isn_depends_on_the_secret),
	        cmocka_unit_test(must_46_57_63_syn_from_or_to_wrong_address),
	        cmocka_unit_test(must_11_reset_in_syn_received_returns_to_listen),
	        cmocka_unit_test(syn_received_reset_elsewhere_is_challenged),
	        cmocka_unit_test(syn_received_wrong_ack_is_reset),
	        cmocka_unit_test(duplicate_syn_gets_the_same_syn_ack),
	        cmocka_unit_test(syn_received_new_syn_in_window_starts_over),
	        cmocka_unit_test(syn_ack_is_retransmitted_and_given_up),
	        cmocka_unit_test(handshake_ack_with_text_and_fin),
	        cmocka_unit_test(no_listener_is_answered_with_a_reset),
	        cmocka_unit_test(segment_of_no_connection_is_reset),
	        cmocka_unit_test(half_close_by_the_peer_data_still_goes_out),
	        cmocka_unit_test(half_close_by_us_data_still_comes_in_and_is_thrown_away),
	        cmocka_unit_test(fin_waits_behind_what_is_queued),
	        cmocka_unit_test(simultaneous_close),
	        cmocka_unit_test(fin_and_ack_of_ours_in_one_segment),
	        cmocka_unit_test(fin_is_retransmitted_in_each_state),
	        cmocka_unit_test(last_ack_retransmits_and_times_out),
	        cmocka_unit_test(fin_wait_2_ends_where_the_peer_never_closes),
	        cmocka_unit_test(must_13_time_wait_lasts_2_msl),
	        cmocka_unit_test(time_wait_acknowledges_a_second_fin_and_starts_anew),
	        cmocka_unit_test(time_wait_is_not_ended_by_a_reset),
	        cmocka_unit_test(may_2_time_wait_reused_by_later_time_stamp),
	        cmocka_unit_test(may_2_time_wait_reused_by_higher_isn_without_time_stamps),
	        cmocka_unit_test(time_wait_old_syn_is_answered_with_an_ack),
	        cmocka_unit_test(time_wait_syn_with_an_older_time_stamp_is_not_new),
	        cmocka_unit_test(time_wait_store_full_the_oldest_goes),
	        cmocka_unit_test(must_12_application_is_told_of_a_reset),
	        cmocka_unit_test(abort_sends_a_reset),
	        cmocka_unit_test(abort_inside_each_call),
	        cmocka_unit_test(abort_inside_data_from_what_was_kept),
	        cmocka_unit_test(place_used_again_before_flush),
	        cmocka_unit_test(close_inside_data),
	        cmocka_unit_test(close_inside_ended),
	        cmocka_unit_test(resume_inside_data),
	        cmocka_unit_test(must_58_59_answers_of_a_vector_ride_with_one_ack),
	        cmocka_unit_test(vector_is_the_same_as_one_by_one),
	        cmocka_unit_test(free_tells_of_open_connections),
	        cmocka_unit_test(send_is_bounded),
	        cmocka_unit_test(spec_out_of_range_is_refused),
	        cmocka_unit_test(memory_is_what_tcp_memory_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
