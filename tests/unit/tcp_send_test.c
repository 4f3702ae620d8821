/* SPDX-License-Identifier: BSD-3-Clause */
/* The TCP endpoint as a sender: the peer's window, retransmission (RFC 6298) and congestion (RFC 5681, 6582). */
#include "tcp_rig.h"

/* ---- the peer's window ---------------------------------------------------------------------------------------------------------------- */

static uint32_t sent_octets(const struct rig *r)
{
	uint32_t n = 0;

	for (unsigned int i = 0; i < r->n; i++)
		n += r->seen[i].n;
	return n;
}

static void peers_window_is_kept_to(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);
	struct tcp_conn *c;

	(void)state;
	p.wnd = 3000;
	c = peer_open(&p, false);
	tcp_send(r->t, c, rig_bytes(10000), 10000);
	rig_flush(r);
	assert_int_equal(sent_octets(r), 2920); /* 80 would be silly */
	p.ack += 1460;
	p.wnd = 1540;
	rig_clear(r);
	peer_ack(&p);
	rig_flush(r);
	assert_int_equal(r->n, 0);
	rig_free(r);
}

/* SND.WL1, SND.WL2: a segment that was overtaken does not set the window. */
static void window_of_an_older_segment_is_not_taken(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);
	struct tcp_conn *c = peer_open(&p, false);

	(void)state;
	p.wnd = 3000;
	peer_send(&p, ACK, p.seq + 10, p.ack, NULL, 0);
	p.wnd = 100;
	peer_ack(&p);
	tcp_send(r->t, c, rig_bytes(2000), 2000);
	rig_flush(r);
	assert_int_equal(sent_octets(r), 2000);
	rig_free(r);
}

/* MUST-34: what shrinks is not fatal; what is out is sent again as the window allows, new data waits. */
static void must_34_peer_shrinks_window(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);
	struct tcp_conn *c = peer_open(&p, false);

	(void)state;
	tcp_send(r->t, c, rig_bytes(6000), 6000);
	rig_flush(r);
	assert_int_equal(sent_octets(r), 4380);
	p.wnd = 100;
	peer_ack(&p);
	rig_clear(r);
	rig_flush(r);
	assert_int_equal(r->n, 0);
	rig_wait(r, 1100 * MS);
	assert_int_equal(rig_only(r)->seq, p.ack);
	assert_int_equal(rig_only(r)->n, 100);
	p.ack += 100;
	p.wnd = 65535;
	rig_clear(r);
	peer_ack(&p);
	rig_flush(r);
	for (int i = 0; i < 20 && tcp_unsent(c); i++) {
		assert_int_equal(r->seen[0].seq, p.ack);
		for (unsigned int k = 0; k < r->n; k++)
			p.ack += r->seen[k].seq == p.ack ? r->seen[k].n : 0;
		rig_clear(r);
		peer_ack(&p);
		rig_flush(r);
	}
	assert_int_equal(tcp_unsent(c), 0);
	rig_free(r);
}

static void must_34_peer_shrinks_window_to_zero(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);
	struct tcp_conn *c = peer_open(&p, false);

	(void)state;
	tcp_send(r->t, c, rig_bytes(3000), 3000);
	rig_flush(r);
	p.wnd = 0;
	peer_ack(&p);
	rig_clear(r);
	peer_data(&p, rig_bytes(1460), 1460); /* our ACK stays inside its window */
	peer_data(&p, rig_bytes(1460), 1460);
	rig_flush(r);
	assert_int_equal(rig_only(r)->n, 0);
	assert_int_equal(rig_only(r)->seq, p.ack);
	rig_clear(r);
	rig_wait(r, 1100 * MS);
	assert_int_equal(rig_only(r)->n, 1);
	assert_int_equal(rig_only(r)->seq, p.ack);
	assert_int_equal(r->closed, 0);
	rig_free(r);
}

/* MUST-35..37, SHLD-29, 30: first after the RTO, then doubling; for ever while the peer answers. */
static void must_35_37_zero_window_is_probed(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);
	struct tcp_conn *c;
	uint64_t start, gap = 1 * S;

	(void)state;
	p.wnd = 0;
	c = peer_open(&p, false);
	start = r->now;
	tcp_send(r->t, c, rig_bytes(100), 100);
	rig_flush(r);
	assert_int_equal(r->n, 0);
	for (int i = 0; i < 40; i++) {
		while (r->n == 0)
			rig_wait(r, 10 * MS);
		assert_int_equal(rig_only(r)->n, 1);
		assert_int_equal(rig_only(r)->seq, p.ack);
		assert_int_equal(rig_only(r)->p[0], rig_bytes(1)[0]);
		assert_in_range(rig_only(r)->at - start, gap, (i ? gap + gap / 4 : gap) + 20 * MS);
		start = rig_only(r)->at;
		gap = gap < 32 * S ? 2 * gap : 60 * S;
		rig_clear(r);
		peer_ack(&p); /* the window is still 0 */
		assert_int_equal(r->n, 0);
	}
	assert_int_equal(r->closed, 0);
	p.wnd = 500;
	peer_ack(&p);
	rig_flush(r);
	assert_int_equal(rig_only(r)->n, 100); /* at once */
	assert_int_equal(rig_only(r)->seq, p.ack);
	rig_clear(r);
	rig_wait(r, 1100 * MS); /* and the backoff of the probes is over */
	assert_int_equal(r->n, 1);
	rig_free(r);
}

/* RFC 6429: a client that never reads does not keep what is closed. */
static void closed_connection_does_not_wait_for_a_window_for_ever(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);
	struct tcp_conn *c;

	(void)state;
	p.wnd = 0;
	c = peer_open(&p, false);
	tcp_send(r->t, c, rig_bytes(100), 100);
	tcp_close(r->t, c);
	for (int i = 0; i < 200 && !r->closed; i++) {
		rig_wait(r, 1 * S);
		peer_ack(&p);
	}
	assert_int_equal(r->closed, 1);
	assert_int_equal(r->why, TCP_CLOSED_TIMED_OUT);
	rig_check_idle(r);
	rig_free(r);
}

static void probe_that_is_taken_goes_on(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);
	struct tcp_conn *c;

	(void)state;
	p.wnd = 0;
	c = peer_open(&p, false);
	tcp_send(r->t, c, rig_bytes(100), 100);
	rig_wait(r, 1100 * MS);
	p.ack++;
	p.wnd = 1000;
	rig_clear(r);
	peer_ack(&p);
	rig_flush(r);
	assert_int_equal(rig_only(r)->n, 99);
	assert_memory_equal(rig_only(r)->p, rig_bytes(100) + 1, 99);
	rig_free(r);
}

static void probes_nobody_answers_end_the_connection(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);
	struct tcp_conn *c;

	(void)state;
	p.wnd = 0;
	c = peer_open(&p, false);
	tcp_send(r->t, c, rig_bytes(100), 100);
	rig_wait(r, 300 * S);
	assert_int_equal(r->closed, 1);
	assert_int_equal(r->why, TCP_CLOSED_TIMED_OUT);
	rig_check_idle(r);
	rig_free(r);
}

/* MUST-38: a window that takes only a part waits, but not for ever. */
static void must_38_silly_window_is_overridden_by_time(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);
	struct tcp_conn *c = peer_open(&p, false);

	(void)state;
	p.wnd = 200;
	peer_ack(&p);
	tcp_send(r->t, c, rig_bytes(1000), 1000);
	rig_flush(r);
	assert_int_equal(r->n, 0);
	rig_wait(r, 1100 * MS);
	assert_int_equal(rig_only(r)->n, 200);
	rig_free(r);
}

/* ---- retransmission ---------------------------------------------------------------------------------------------------------------------- */

/* RFC 6298 2.1, 2.4, 5.5; each but the first lasts up to a quarter longer. MUST-20: R2 ends it. */
static void must_20_rfc6298_rto_doubles_until_r2(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);
	struct tcp_conn *c = peer_open(&p, true);
	uint64_t gap = 1 * S;
	unsigned int exact = 0;

	(void)state;
	tcp_send(r->t, c, rig_bytes(10), 10);
	rig_flush(r);
	rig_wait(r, 300 * S);
	assert_int_equal(r->n, 1 + 5 + 1); /* max_retries, and the reset */
	for (unsigned int i = 1; i < 6; i++) {
		assert_int_equal(r->seen[i].seq, p.ack);
		assert_int_equal(r->seen[i].n, 10);
		assert_in_range(r->seen[i].at - r->seen[i - 1].at, gap, (i > 1 ? gap + gap / 4 : gap) + 5 * MS);
		exact += r->seen[i].at - r->seen[i - 1].at < gap + 5 * MS;
		gap *= 2;
	}
	assert_true(exact <= 2); /* they differ by chance */
	assert_int_equal(r->seen[6].flags, RST | ACK);
	assert_int_equal(r->closed, 1);
	assert_int_equal(r->why, TCP_CLOSED_TIMED_OUT);
	assert_int_equal(r->book.c[TP_C_tcp_timed_out], 1);
	assert_int_equal(r->book.c[TP_C_tcp_retransmitted], 5);
	rig_check_idle(r);
	rig_free(r);
}

/* MUST-21; with the 8 of the configuration it is more than the 100 s of SHLD-11. */
static void must_21_r2_is_set_by_the_application(void **state)
{
	static const struct {
		uint32_t retries;
		uint64_t least;
	} r2[] = {{3, 7 * S}, {8, 100 * S}, {15, 100 * S}};

	(void)state;
	for (size_t i = 0; i < sizeof(r2) / sizeof(r2[0]); i++) {
		struct tcp_spec spec = rig_spec();
		struct rig *r;
		struct peer p;

		spec.max_retries = r2[i].retries;
		r = rig_new(&spec);
		p = rig_peer(r, 4001);
		tcp_send(r->t, peer_open(&p, true), rig_bytes(10), 10);
		rig_flush(r);
		while (!r->closed)
			rig_wait(r, 1 * S);
		assert_int_equal(r->n, 1 + r2[i].retries + 1);
		assert_true(rig_last(r)->at - r->seen[0].at >= r2[i].least);
		assert_int_equal(r->why, TCP_CLOSED_TIMED_OUT);
		rig_free(r);
	}
}

/* 5.7. */
static void rfc6298_rto_3_s_where_the_syn_ack_was_lost(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);

	(void)state;
	peer_syn(&p, false);
	rig_wait(r, 1100 * MS);
	peer_saw_syn_ack(&p, rig_last(r));
	peer_ack(&p);
	rig_clear(r);
	tcp_send(r->t, r->conn, rig_bytes(3000), 3000);
	rig_flush(r);
	assert_int_equal(rig_only(r)->n, 1460); /* RFC 5681 3.1: one segment */
	rig_wait(r, 2900 * MS);
	assert_int_equal(r->n, 1);
	rig_wait(r, 200 * MS);
	assert_int_equal(r->n, 2);
	rig_free(r);
}

/* One round trip of `ms`: what is sent is acknowledged then. */
static void round_trip(struct rig *r, struct peer *p, uint32_t ms)
{
	tcp_send(r->t, r->conn, rig_bytes(10), 10);
	rig_flush(r);
	p->ts_ecr = rig_last(r)->ts_val;
	rig_wait(r, (uint64_t)ms * MS);
	p->ack += 10;
	peer_ack(p);
}

/* How long until a segment is sent again. */
static uint64_t rto_of(struct rig *r)
{
	uint64_t start = r->now;

	rig_clear(r);
	tcp_send(r->t, r->conn, rig_bytes(10), 10);
	rig_flush(r);
	while (r->n < 2)
		rig_wait(r, 1 * MS);
	return (r->now - start) / MS;
}

static void rfc6298_rto_follows_the_round_trip(void **state)
{
	(void)state;
	for (int modern = 0; modern < 2; modern++) {
		struct rig *r = rig_new(NULL);
		struct peer p = rig_peer(r, 4001);

		peer_open(&p, modern);
		for (int i = 0; i < 60; i++)
			round_trip(r, &p, 900);
		assert_in_range(rto_of(r), 1000, 1100); /* the variation has died away, the floor is 1 s */
		p.ack += 10;
		p.ts_ecr = rig_last(r)->ts_val;
		peer_ack(&p);
		round_trip(r, &p, 100);
		/* And now it is there again: 100 ms after 900; with time stamps the ACK of the repetition was a sample, too. */
		assert_in_range(rto_of(r), modern ? 2050 : 1590, modern ? 2080 : 1620);
		rig_free(r);
	}
}

/* MUST-18 (Karn): an ACK of what was sent twice is no sample, and the backoff stays until there is one. */
static void must_18_karn(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);

	(void)state;
	peer_open(&p, false);
	round_trip(r, &p, 10);
	assert_in_range(rto_of(r), 1000, 1010);
	rig_wait(r, 100 * MS);
	p.ack += 10;
	peer_ack(&p);
	assert_in_range(rto_of(r), 2000, 2010);
	p.ack += 10;
	peer_ack(&p);
	round_trip(r, &p, 10);
	assert_in_range(rto_of(r), 1000, 1010);
	rig_free(r);
}

static void must_18_karn_after_fast_retransmit(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);
	struct tcp_conn *c = peer_open(&p, false);

	(void)state;
	for (int i = 0; i < 20; i++)
		round_trip(r, &p, 10);
	tcp_send(r->t, c, rig_bytes(100), 100);
	rig_flush(r);
	for (int i = 0; i < 3; i++)
		peer_ack(&p);
	rig_wait(r, 900 * MS);
	p.ack += 100;
	peer_ack(&p);
	assert_in_range(rto_of(r), 1000, 1010);
	rig_free(r);
}

/* seastar#91: what is sent again is what was sent first, and no SYN. */
static void retransmission_is_the_same_octets(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);
	struct tcp_conn *c = peer_open(&p, true);

	(void)state;
	tcp_send(r->t, c, rig_bytes(3000), 3000);
	rig_flush(r);
	tcp_send(r->t, c, rig_bytes(1 << 17) + 3000, 500);
	rig_flush(r);
	rig_clear(r);
	for (int i = 0; i < 3; i++) {
		rig_wait(r, 4100 * MS);
		assert_int_equal(r->seen[0].seq, p.ack);
		assert_true(r->seen[0].n >= 1448);
		assert_memory_equal(r->seen[0].p, rig_bytes(1 << 17), r->seen[0].n);
		assert_int_equal(r->seen[0].flags & (SYN | FIN | RST), 0);
	}
	rig_free(r);
}

static void retransmission_goes_on_from_what_was_lost(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);
	struct tcp_conn *c = peer_open(&p, true);
	uint32_t start = p.ack;

	(void)state;
	tcp_send(r->t, c, rig_bytes(8000), 8000);
	rig_flush(r);
	assert_int_equal(r->n, 3);
	rig_clear(r);
	rig_wait(r, 1100 * MS);
	assert_int_equal(rig_only(r)->n, 1448);
	p.ack = start + 1448;
	rig_clear(r);
	peer_ack(&p);
	rig_flush(r);
	assert_int_equal(r->n, 2); /* slow start */
	assert_int_equal(r->seen[0].seq, start + 1448);
	assert_int_equal(r->seen[1].seq, start + 2896);
	p.ack = start + 4344;
	rig_clear(r);
	peer_ack(&p);
	rig_flush(r);
	assert_int_equal(r->n, 2); /* congestion avoidance */
	assert_int_equal(r->seen[0].seq, start + 4344);
	p.ack = start + 7240;
	peer_ack(&p);
	rig_flush(r);
	assert_int_equal(r->n, 3);
	p.ack = start + 8000;
	peer_ack(&p);
	assert_int_equal(tcp_unsent(c), 0);
	rig_wait(r, 10 * S);
	assert_int_equal(r->n, 3);
	rig_free(r);
}

/* ---- congestion (MUST-19) -------------------------------------------------------------------------------------------------------------------- */

static void must_19_initial_window_and_slow_start(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);
	struct tcp_conn *c = peer_open(&p, false);

	(void)state;
	tcp_send(r->t, c, rig_bytes(30000), 30000);
	rig_flush(r);
	assert_int_equal(r->n, 3); /* RFC 5681: 1095 < MSS <= 2190 */
	rig_clear(r);
	for (int i = 0; i < 3; i++) {
		p.ack += 1460;
		peer_ack(&p);
	}
	rig_flush(r);
	assert_int_equal(r->n, 6);
	rig_free(r);
}

/* seastar#1015: the congestion window bounds what is under way, not a call. */
static void must_19_window_bounds_what_is_outstanding(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);
	struct tcp_conn *c = peer_open(&p, false);

	(void)state;
	for (int i = 0; i < 20; i++) {
		tcp_send(r->t, c, rig_bytes(1460), 1460);
		rig_flush(r);
	}
	assert_int_equal(r->n, 3);
	rig_free(r);
}

static void three_duplicates_send_the_segment_again(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);
	struct tcp_conn *c = peer_open(&p, false);

	(void)state;
	tcp_send(r->t, c, rig_bytes(20000), 4380);
	rig_flush(r);
	rig_clear(r);
	peer_ack(&p);
	peer_ack(&p);
	rig_flush(r);
	assert_int_equal(r->n, 0);
	peer_ack(&p);
	assert_int_equal(rig_only(r)->seq, p.ack);
	assert_int_equal(rig_only(r)->n, 1460);
	peer_ack(&p);
	assert_int_equal(r->n, 1);
	p.ack += 1460;
	peer_ack(&p); /* of a part: the next was lost, too (RFC 6582) */
	assert_int_equal(r->n, 2);
	assert_int_equal(r->seen[1].seq, p.ack);
	p.ack += 2920;
	peer_ack(&p);
	rig_flush(r);
	assert_int_equal(r->n, 2);
	assert_int_equal(tcp_unsent(c), 0);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(peers_window_is_kept_to),
	        cmocka_unit_test(window_of_an_older_segment_is_not_taken),
	        cmocka_unit_test(must_34_peer_shrinks_window),
	        cmocka_unit_test(must_34_peer_shrinks_window_to_zero),
	        cmocka_unit_test(must_35_37_zero_window_is_probed),
	        cmocka_unit_test(closed_connection_does_not_wait_for_a_window_for_ever),
	        cmocka_unit_test(probe_that_is_taken_goes_on),
	        cmocka_unit_test(probes_nobody_answers_end_the_connection),
	        cmocka_unit_test(must_38_silly_window_is_overridden_by_time),
	        cmocka_unit_test(must_20_rfc6298_rto_doubles_until_r2),
	        cmocka_unit_test(must_21_r2_is_set_by_the_application),
	        cmocka_unit_test(rfc6298_rto_3_s_where_the_syn_ack_was_lost),
	        cmocka_unit_test(rfc6298_rto_follows_the_round_trip),
	        cmocka_unit_test(must_18_karn),
	        cmocka_unit_test(must_18_karn_after_fast_retransmit),
	        cmocka_unit_test(retransmission_is_the_same_octets),
	        cmocka_unit_test(retransmission_goes_on_from_what_was_lost),
	        cmocka_unit_test(must_19_initial_window_and_slow_start),
	        cmocka_unit_test(must_19_window_bounds_what_is_outstanding),
	        cmocka_unit_test(three_duplicates_send_the_segment_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
