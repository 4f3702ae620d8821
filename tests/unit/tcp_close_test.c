/* SPDX-License-Identifier: BSD-3-Clause */
/* The TCP endpoint: closing, from either side and from both, and TIME-WAIT. */
#include "tcp_rig.h"

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
	rig_wait(r, 2600 * MS); /* CLOSING */
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

/* RFC 9293 3.10.7.4: only their FIN, sent again, begins the wait anew; else whoever guesses the tuple keeps the entry for ever. */
static void time_wait_is_not_prolonged_by_other_fins(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = in_time_wait(r, true);

	(void)state;
	rig_wait(r, 50 * S);
	peer_send(&p, FIN | ACK, p.seq + 100, p.ack, NULL, 0);
	peer_send(&p, FIN | ACK, p.seq - 100, p.ack, NULL, 0);
	peer_send(&p, FIN | ACK, p.seq, p.ack, "x", 1);
	assert_int_equal(r->book.c[TP_C_tcp_not_acceptable], 3);
	assert_int_equal(rig_last(r)->flags, ACK);
	assert_int_equal(rig_last(r)->ack, p.seq);
	rig_wait(r, 11 * S);
	assert_int_equal(usage(r).time_wait, 0);
	rig_free(r);
}

/* With text before it, as it may have been sent. */
static void time_wait_knows_their_fin_behind_text(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = in_time_wait(r, true);

	(void)state;
	rig_wait(r, 50 * S);
	peer_send(&p, FIN | ACK, p.seq - 4, p.ack, "abc", 3);
	rig_wait(r, 50 * S);
	assert_int_equal(usage(r).time_wait, 1);
	rig_free(r);
}

/* A SYN that can get neither an entry nor a cookie leaves the old connection guarded. */
static void time_wait_stays_where_its_syn_is_refused(void **state)
{
	struct tcp_spec spec = rig_spec();
	struct rig *r;
	struct peer p;
	uint8_t o[20];

	(void)state;
	spec.half_open = 1;
	r = rig_new(&spec);
	p = in_time_wait(r, false);
	{
		struct peer other = rig_peer(r, 4777);

		peer_syn(&other, false);
	}
	rig_clear(r);
	peer_raw(&p, SYN, p.seq + 1000, 0, o, peer_options(&p, o, false), NULL, 0);
	assert_int_equal(r->book.c[TP_C_tcp_syn_full], 1);
	assert_int_equal(r->n, 0);
	assert_int_equal(usage(r).time_wait, 1);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
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
	        cmocka_unit_test(time_wait_is_not_prolonged_by_other_fins),
	        cmocka_unit_test(time_wait_knows_their_fin_behind_text),
	        cmocka_unit_test(time_wait_stays_where_its_syn_is_refused),
	        cmocka_unit_test(time_wait_is_not_ended_by_a_reset),
	        cmocka_unit_test(may_2_time_wait_reused_by_later_time_stamp),
	        cmocka_unit_test(may_2_time_wait_reused_by_higher_isn_without_time_stamps),
	        cmocka_unit_test(time_wait_old_syn_is_answered_with_an_ack),
	        cmocka_unit_test(time_wait_syn_with_an_older_time_stamp_is_not_new),
	        cmocka_unit_test(time_wait_store_full_the_oldest_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
