/* SPDX-License-Identifier: BSD-3-Clause */
/* The TCP endpoint: what is acceptable, resets and SYNs (RFC 5961), urgent data, ICMP. */
#include "tcp_rig.h"

/* ---- acceptability -------------------------------------------------------------------------------------------------------------- */

/* RFC 9293 3.10.7.4, the four cases of length and window, at their edges. */
static void acceptability_four_cases(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);
	struct tcp_conn *c = peer_open(&p, false);
	uint64_t before;

	(void)state;
	/* no text, window open */
	peer_send(&p, ACK, p.seq, p.ack, NULL, 0);
	peer_send(&p, ACK, p.seq + 65534, p.ack, NULL, 0);
	assert_int_equal(r->book.c[TP_C_tcp_not_acceptable], 0);
	peer_send(&p, ACK, p.seq + 65535, p.ack, NULL, 0);
	r->now += S;
	peer_send(&p, ACK, p.seq - 1, p.ack, NULL, 0);
	assert_int_equal(r->book.c[TP_C_tcp_not_acceptable], 2);
	assert_int_equal(r->n, 2); /* both answered */
	/* text, window open */
	peer_send(&p, ACK, p.seq + 65535, p.ack, "x", 1);
	assert_int_equal(r->book.c[TP_C_tcp_not_acceptable], 3);
	peer_send(&p, ACK, p.seq + 65534, p.ack, "x", 1);
	assert_int_equal(r->book.c[TP_C_tcp_not_acceptable], 3);
	peer_send(&p, ACK, p.seq - 3, p.ack, "abc", 3);
	assert_int_equal(r->book.c[TP_C_tcp_duplicate], 1);
	assert_int_equal(rig_last(r)->ack, p.seq);
	/* window closed */
	r->room = 0;
	while (r->n == 0 || rig_last(r)->wnd) {
		peer_data(&p, rig_bytes(1311), tcp_kept(c) + 1311 <= 65535 ? 1311 : 65535 - tcp_kept(c));
		rig_wait(r, 50 * MS);
	}
	before = r->book.c[TP_C_tcp_segments];
	peer_send(&p, ACK, p.seq, p.ack, NULL, 0);
	assert_int_equal(r->book.c[TP_C_tcp_segments], before + 1);
	peer_send(&p, ACK, p.seq + 1, p.ack, NULL, 0);
	peer_send(&p, ACK, p.seq + 1, p.ack, "x", 1);
	assert_int_equal(r->book.c[TP_C_tcp_not_acceptable], 5);
	rig_free(r);
}

static void both_edges_are_trimmed(void **state)
{
	struct tcp_spec spec = rig_spec();
	struct rig *r;
	struct peer p;
	struct tcp_conn *c;

	(void)state;
	spec.receive_window = 2000;
	r = rig_new(&spec);
	p = rig_peer(r, 4001);
	c = peer_open(&p, false);
	peer_data(&p, rig_bytes(100), 100);
	peer_send(&p, ACK, p.seq - 50, p.ack, rig_bytes(200) + 50, 100);
	p.seq += 50;
	assert_int_equal(r->taken_n, 150);
	r->room = 0;
	peer_send(&p, ACK, p.seq - 50, p.ack, rig_bytes(3000) + 100, 2500); /* both edges at once */
	assert_int_equal(tcp_kept(c), 1850);                                /* the window as announced before */
	r->room = UINT32_MAX;
	tcp_resume(r->t, c, r->now);
	assert_int_equal(r->taken_n, 2000);
	assert_memory_equal(r->taken, rig_bytes(2000), 2000);
	rig_free(r);
}

static void fin_behind_the_window_is_not_taken(void **state)
{
	struct tcp_spec spec = rig_spec();
	struct rig *r;
	struct peer p;
	struct tcp_conn *c;

	(void)state;
	spec.receive_window = 2000;
	r = rig_new(&spec);
	p = rig_peer(r, 4001);
	c = peer_open(&p, false);
	r->room = 0;
	peer_send(&p, ACK | FIN, p.seq, p.ack, rig_bytes(2000), 2000);
	rig_wait(r, 50 * MS);
	assert_int_equal(rig_last(r)->ack, p.seq + 2000);
	assert_int_equal(rig_last(r)->wnd, 0);
	p.seq += 2000;
	peer_fin(&p);
	assert_int_equal(rig_last(r)->ack, p.seq - 1);
	r->room = UINT32_MAX;
	tcp_resume(r->t, c, r->now);
	assert_int_equal(r->ended, 0);
	p.seq--;
	peer_fin(&p);
	assert_int_equal(r->ended, 1);
	assert_int_equal(r->taken_n, 2000);
	rig_free(r);
}

static void segment_without_ack_is_dropped(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);

	(void)state;
	peer_open(&p, false);
	peer_send(&p, PSH, p.seq, p.ack, "x", 1);
	peer_send(&p, FIN, p.seq, p.ack, NULL, 0);
	peer_send(&p, 0, p.seq, p.ack, "x", 1);
	assert_int_equal(r->taken_n + r->ended, 0);
	assert_int_equal(r->book.c[TP_C_tcp_flags], 3);
	rig_free(r);
}

/* gvisor#10243: a keep-alive, one octet before the window and without text. */
static void keep_alive_probe_is_answered(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);

	(void)state;
	peer_open(&p, true);
	for (int i = 0; i < 5; i++) {
		rig_clear(r);
		r->now += 75 * S;
		p.ts_val += 75000;
		peer_send(&p, ACK, p.seq - 1, p.ack, NULL, 0);
		assert_int_equal(rig_only(r)->flags, ACK);
		assert_int_equal(rig_only(r)->ack, p.seq);
	}
	rig_free(r);
}

/* esp-idf#2425: two ends that find each other's ACKs wrong do not answer for ever. */
static void ack_loop_ends(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);

	(void)state;
	peer_open(&p, false);
	for (int i = 0; i < 1000; i++)
		peer_send(&p, ACK, p.seq - 1, p.ack, NULL, 0);
	assert_int_equal(r->n, 1);
	rig_free(r);
}

/* ---- RFC 5961 -------------------------------------------------------------------------------------------------------------------- */

static void rfc5961_s3_rst_at_rcv_nxt_resets(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);

	(void)state;
	peer_open(&p, false);
	peer_data(&p, "abc", 3);
	peer_send(&p, RST, p.seq, 0, NULL, 0);
	assert_int_equal(r->why, TCP_CLOSED_RESET);
	assert_int_equal(r->closed, 1);
	rig_free(r);
}

static void rfc5961_s3_rst_in_window_gets_challenge_ack(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);

	(void)state;
	peer_open(&p, true);
	peer_send(&p, RST, p.seq + 1, 0, NULL, 0);
	assert_int_equal(rig_only(r)->flags, ACK);
	assert_int_equal(rig_only(r)->seq, p.ack);
	assert_int_equal(rig_only(r)->ack, p.seq);
	assert_int_equal(r->closed, 0);
	assert_int_equal(r->book.c[TP_C_tcp_bad_reset], 1);
	assert_int_equal(r->book.c[TP_C_tcp_challenge_ack], 1);
	peer_send(&p, RST, p.seq, 0, NULL, 0); /* what a peer without the connection answers */
	assert_int_equal(r->closed, 1);
	rig_free(r);
}

static void rfc5961_s3_rst_outside_is_dropped_silently(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);

	(void)state;
	peer_open(&p, true);
	peer_send(&p, RST, p.seq - 1, 0, NULL, 0);
	peer_send(&p, RST, p.seq + 65535, 0, NULL, 0);
	assert_int_equal(r->n + r->closed, 0);
	assert_int_equal(r->book.c[TP_C_tcp_not_acceptable], 2);
	rig_free(r);
}

static void rfc5961_s4_syn_gets_challenge_ack_wherever_it_is(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);
	uint32_t at[] = {0, 100, 70000, UINT32_MAX - 5};

	(void)state;
	peer_open(&p, true);
	for (int i = 0; i < 4; i++) {
		rig_clear(r);
		peer_send(&p, SYN, p.seq + at[i], 0, NULL, 0);
		assert_int_equal(rig_only(r)->flags, ACK);
		assert_int_equal(rig_only(r)->ack, p.seq);
		rig_wait(r, 600 * MS);
	}
	assert_int_equal(r->closed, 0);
	assert_int_equal(r->book.c[TP_C_tcp_challenge_ack], 4);
	rig_free(r);
}

/* A peer that has forgotten the connection: SYN, challenge ACK, RST, SYN. */
static void rfc5961_s4_restarted_peer_gets_through(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001), again = rig_peer(r, 4001);

	(void)state;
	peer_open(&p, true);
	again.seq += 1000000;
	peer_syn(&again, true);
	assert_int_equal(rig_last(r)->flags, ACK);
	peer_send(&again, RST, rig_last(r)->ack, 0, NULL, 0);
	assert_int_equal(r->why, TCP_CLOSED_RESET);
	peer_open(&again, true);
	assert_int_equal(r->opened, 2);
	rig_free(r);
}

static void rfc5961_s5_ack_range(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);
	struct tcp_conn *c;

	(void)state;
	p.wnd = 1000;
	c = peer_open(&p, false);
	tcp_send(r->t, c, rig_bytes(300), 300);
	rig_flush(r);
	rig_clear(r);
	peer_send(&p, ACK, p.seq, p.ack + 301, "x", 1); /* never sent */
	assert_int_equal(r->taken_n, 0);
	assert_int_equal(rig_only(r)->flags, ACK);
	peer_send(&p, ACK, p.seq, p.ack - 1001, "x", 1); /* too old */
	assert_int_equal(r->taken_n, 0);
	assert_int_equal(r->book.c[TP_C_tcp_bad_ack], 2);
	peer_send(&p, ACK, p.seq, p.ack - 1000, "x", 1); /* old, but plausible */
	assert_int_equal(r->taken_n, 1);
	assert_int_equal(tcp_unsent(c), 300);
	rig_free(r);
}

static void rfc5961_s7_challenge_acks_are_throttled_a_connection(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);

	(void)state;
	peer_open(&p, true);
	for (int i = 0; i < 100; i++)
		peer_send(&p, RST, p.seq + 10, 0, NULL, 0);
	assert_int_equal(r->n, 1);
	r->now += 499 * MS;
	peer_send(&p, RST, p.seq + 10, 0, NULL, 0);
	assert_int_equal(r->n, 1);
	r->now += 2 * MS;
	peer_send(&p, RST, p.seq + 10, 0, NULL, 0);
	assert_int_equal(r->n, 2);
	rig_free(r);
}

/* In all, and by a budget that differs from second to second (CVE-2016-5696). */
static void rfc5961_s7_challenge_acks_are_throttled_in_all(void **state)
{
	struct tcp_spec spec = rig_spec();
	unsigned int differ = 0, last = 0;
	struct peer p[64];
	struct rig *r;

	(void)state;
	spec.challenge_rate = 40;
	r = rig_new(&spec);
	for (uint16_t i = 0; i < 64; i++) {
		p[i] = rig_peer(r, (uint16_t)(4000 + i));
		peer_open(&p[i], false);
	}
	for (int second = 0; second < 10; second++) {
		rig_clear(r);
		for (int i = 0; i < 64; i++)
			peer_send(&p[i], SYN, p[i].seq, 0, NULL, 0);
		assert_in_range(r->n, 20, 40);
		differ += second && r->n != last;
		last = r->n;
		r->now += S;
	}
	assert_true(differ >= 5);
	rig_free(r);
}

/* Forged segments of no connection do not make us send as many resets. */
static void rfc5961_s7_resets_are_limited(void **state)
{
	struct tcp_spec spec = rig_spec();
	struct rig *r;

	(void)state;
	spec.reset_rate = 7;
	r = rig_new(&spec);
	for (int second = 1; second <= 3; second++) {
		rig_clear(r);
		for (uint16_t i = 0; i < 20; i++) {
			struct peer p = rig_peer(r, (uint16_t)(4000 + i));

			peer_send(&p, ACK, p.seq, 77, NULL, 0);
		}
		assert_int_equal(r->n, 7);
		assert_int_equal(rig_last(r)->flags, RST);
		assert_int_equal(r->book.c[TP_C_tcp_reset_sent], 7 * second);
		assert_int_equal(r->book.c[TP_C_tcp_reset_limited], 13 * second);
		r->now += S;
	}
	rig_free(r);
}

/* ---- urgent data, ICMP ---------------------------------------------------------------------------------------------------------------- */

/* MUST-30..33, 62: taken as what it is, octets in order. */
static void must_30_62_urgent_data_is_normal_data(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);

	(void)state;
	peer_open(&p, true);
	peer_send(&p, ACK | URG, p.seq, p.ack, "urgent", 6);
	assert_int_equal(r->taken_n, 6);
	assert_memory_equal(r->taken, "urgent", 6);
	rig_free(r);
}

/* MUST-54..56; RFC 5927. */
static void must_54_56_icmp_does_not_abort(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);
	struct tcp_conn *c = peer_open(&p, true);

	(void)state;
	tcp_send(r->t, c, rig_bytes(10), 10);
	rig_flush(r);
	tcp_icmp(r->t, &p.tuple, p.ack, false, 0, r->now);
	tcp_icmp(r->t, &p.tuple, p.ack, true, 0, r->now);
	assert_int_equal(r->closed, 0);
	rig_free(r);
}

static void icmp_hard_error_ends_a_half_open_connection(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);
	struct tcp_usage u;
	uint32_t isn = peer_syn(&p, true)->seq;

	(void)state;
	tcp_icmp(r->t, &p.tuple, isn + 1, true, 0, r->now);
	tcp_icmp(r->t, &p.tuple, isn, false, 0, r->now);
	tcp_usage(r->t, &u);
	assert_int_equal(u.half_open, 1);
	tcp_icmp(r->t, &p.tuple, isn, true, 0, r->now);
	tcp_usage(r->t, &u);
	assert_int_equal(u.half_open, 0);
	rig_free(r);
}

static void icmp_smaller_mtu_acts_only_for_what_is_under_way(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);
	struct tcp_conn *c = peer_open(&p, true);

	(void)state;
	tcp_icmp(r->t, &p.tuple, p.ack, false, 600, r->now); /* nothing is */
	tcp_send(r->t, c, rig_bytes(1448), 1448);
	rig_flush(r);
	assert_int_equal(rig_only(r)->n, 1448);
	tcp_icmp(r->t, &p.tuple, p.ack + 1448, false, 600, r->now);
	tcp_icmp(r->t, &p.tuple, p.ack - 1, false, 600, r->now);
	rig_clear(r);
	rig_flush(r);
	assert_int_equal(r->n, 0);
	tcp_icmp(r->t, &p.tuple, p.ack, false, 1000, r->now);
	rig_flush(r);
	assert_int_equal(r->n, 2);
	assert_int_equal(r->seen[0].seq, p.ack);
	assert_int_equal(r->seen[0].n, 948);
	assert_int_equal(r->seen[1].n, 500);
	rig_clear(r);
	tcp_icmp(r->t, &p.tuple, p.ack, false, 68, r->now); /* never below what every path carries */
	rig_flush(r);
	assert_int_equal(r->seen[0].n, 524);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(acceptability_four_cases),
	        cmocka_unit_test(both_edges_are_trimmed),
	        cmocka_unit_test(fin_behind_the_window_is_not_taken),
	        cmocka_unit_test(segment_without_ack_is_dropped),
	        cmocka_unit_test(keep_alive_probe_is_answered),
	        cmocka_unit_test(ack_loop_ends),
	        cmocka_unit_test(rfc5961_s3_rst_at_rcv_nxt_resets),
	        cmocka_unit_test(rfc5961_s3_rst_in_window_gets_challenge_ack),
	        cmocka_unit_test(rfc5961_s3_rst_outside_is_dropped_silently),
	        cmocka_unit_test(rfc5961_s4_syn_gets_challenge_ack_wherever_it_is),
	        cmocka_unit_test(rfc5961_s4_restarted_peer_gets_through),
	        cmocka_unit_test(rfc5961_s5_ack_range),
	        cmocka_unit_test(rfc5961_s7_challenge_acks_are_throttled_a_connection),
	        cmocka_unit_test(rfc5961_s7_challenge_acks_are_throttled_in_all),
	        cmocka_unit_test(rfc5961_s7_resets_are_limited),
	        cmocka_unit_test(must_30_62_urgent_data_is_normal_data),
	        cmocka_unit_test(must_54_56_icmp_does_not_abort),
	        cmocka_unit_test(icmp_hard_error_ends_a_half_open_connection),
	        cmocka_unit_test(icmp_smaller_mtu_acts_only_for_what_is_under_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
