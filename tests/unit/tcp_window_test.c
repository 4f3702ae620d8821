/* SPDX-License-Identifier: BSD-3-Clause */
/* The TCP endpoint: windows of both sides, delayed acknowledgements, retransmission (RFC 6298) and congestion (RFC 5681, 6582). */
#include "tcp_rig.h"

/* ---- our window ---------------------------------------------------------------------------------------------------------------- */

/* Sends until the endpoint's window is closed; returns the octets. The application takes nothing. */
static uint32_t close_window(struct rig *r, struct peer *p)
{
	uint32_t sent = 0;

	r->room = 0;
	for (uint32_t wnd = 65535; wnd; wnd = rig_last(r)->wnd) {
		uint32_t n = wnd < 1400 ? wnd : 1400;

		peer_data(p, rig_bytes(1 << 17) + sent, n);
		sent += n;
		rig_wait(r, 50 * MS);
	}
	rig_clear(r);
	return sent;
}

static void window_closes_by_what_is_not_taken(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);
	struct tcp_conn *c = peer_open(&p, false);

	(void)state;
	assert_int_equal(close_window(r, &p), 65535);
	assert_int_equal(tcp_kept(c), 65535);
	assert_int_equal(r->book.c[TP_C_tcp_zero_window], 1);
	rig_free(r);
}

static void right_edge_never_goes_back(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);
	struct tcp_conn *c = peer_open(&p, false);
	uint32_t right = p.seq + 65535, x = 5;

	(void)state;
	for (int i = 0; i < 3000; i++) {
		uint32_t n = (x >> 16) % 1400 + 1, left = right - p.seq;

		x = x * 1664525 + 1013904223;
		r->room = (x >> 8) % 3 ? 0 : (x >> 10) % 5000;
		tcp_resume(r->t, c, r->now);
		if (left)
			peer_data(&p, rig_bytes(1 << 17), n < left ? n : left);
		rig_wait(r, 50 * MS);
		for (unsigned int k = 0; k < r->n; k++) {
			assert_true((int32_t)(r->seen[k].ack + r->seen[k].wnd - right) >= 0);
			right = r->seen[k].ack + r->seen[k].wnd;
		}
		rig_clear(r);
	}
	assert_true(r->taken_n > 100000);
	rig_free(r);
}

/* With a scale the edge in a header may lie less than one unit before (RFC 7323 2.4), and what was announced once is taken. */
static void right_edge_with_scale_goes_back_by_less_than_a_unit(void **state)
{
	struct tcp_spec spec = rig_spec();
	struct rig *r;
	struct peer p;
	uint32_t right;

	(void)state;
	spec.receive_window = 1 << 18; /* scale 3 */
	r = rig_new(&spec);
	p = rig_peer(r, 4001);
	peer_open(&p, true);
	peer_data(&p, rig_bytes(1000), 1000);
	rig_wait(r, 50 * MS);
	right = rig_last(r)->ack + ((uint32_t)rig_last(r)->wnd << 3);
	r->room = 0;
	for (int i = 0; i < 300; i++) {
		peer_data(&p, rig_bytes(1001), 1001);
		rig_wait(r, 50 * MS);
		assert_true((int32_t)(rig_last(r)->ack + ((uint32_t)rig_last(r)->wnd << 3) - right) > -8);
		if (right - p.seq < 1001)
			break;
	}
	peer_data(&p, rig_bytes(1001), right - p.seq);
	assert_int_equal(tcp_kept(r->conn), right - (p.irs + 1) - 1000);
	rig_free(r);
}

/* MUST-66. */
static void must_66_zero_window_takes_ack_and_rst(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);
	struct tcp_conn *c = peer_open(&p, false);

	(void)state;
	tcp_send(r->t, c, rig_bytes(100), 100);
	close_window(r, &p);
	assert_int_equal(tcp_unsent(c), 100);
	p.ack += 50;
	peer_ack(&p);
	assert_int_equal(tcp_unsent(c), 50);
	p.ack += 50;
	peer_send(&p, ACK, p.seq, p.ack, "x", 1); /* the ACK of a probe counts, too */
	assert_int_equal(tcp_unsent(c), 0);
	assert_int_equal(tcp_kept(c), 65535);
	peer_send(&p, ACK | URG, p.seq, p.ack, "x", 1);
	assert_int_equal(rig_last(r)->ack, p.seq);
	peer_send(&p, RST, p.seq, 0, NULL, 0);
	assert_int_equal(r->why, TCP_CLOSED_RESET);
	rig_check_idle(r);
	rig_free(r);
}

/* Every one, however it looks: with text, without, one before. */
static void zero_window_probe_answered(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);

	(void)state;
	peer_open(&p, true);
	close_window(r, &p);
	for (int i = 0; i < 30; i++) {
		r->now += 200 * MS;
		rig_clear(r);
		if (i % 3 == 0)
			peer_send(&p, ACK, p.seq, p.ack, "x", 1);
		else if (i % 3 == 1)
			peer_send(&p, ACK, p.seq - 1, p.ack, NULL, 0);
		else
			peer_send(&p, ACK, p.seq - 1, p.ack, "y", 1);
		assert_int_equal(rig_only(r)->flags, ACK);
		assert_int_equal(rig_only(r)->ack, p.seq);
		assert_int_equal(rig_only(r)->wnd, 0);
	}
	assert_int_equal(r->closed, 0);
	rig_free(r);
}

/* smoltcp#199. */
static void window_update_at_once(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);
	struct tcp_conn *c = peer_open(&p, false);

	(void)state;
	close_window(r, &p);
	r->room = UINT32_MAX;
	tcp_resume(r->t, c, r->now);
	assert_int_equal(rig_only(r)->flags, ACK); /* without tcp_flush() */
	assert_int_equal(rig_only(r)->ack, p.seq);
	assert_int_equal(rig_only(r)->wnd, 65535);
	assert_int_equal(r->taken_n, 65535);
	assert_memory_equal(r->taken, rig_bytes(1 << 17), 65535);
	assert_int_equal(r->book.c[TP_C_tcp_window_update], 1);
	peer_data(&p, "x", 1);
	assert_int_equal(r->taken_n, 65536);
	rig_free(r);
}

/* MUST-39: the window opens by half of it or a segment, not less. */
static void must_39_no_silly_window_update(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);
	struct tcp_conn *c = peer_open(&p, false);

	(void)state;
	close_window(r, &p);
	r->room = 1459;
	tcp_resume(r->t, c, r->now);
	assert_int_equal(r->n, 0);
	peer_send(&p, ACK, p.seq, p.ack, "x", 1);
	assert_int_equal(rig_only(r)->wnd, 0);
	rig_clear(r);
	r->room = 1;
	tcp_resume(r->t, c, r->now);
	assert_int_equal(rig_only(r)->wnd, 1460);
	rig_free(r);
}

static void must_39_small_window_opens_by_half(void **state)
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
	peer_data(&p, rig_bytes(1000), 1000);
	peer_data(&p, rig_bytes(1000), 1000);
	rig_flush(r);
	assert_int_equal(rig_last(r)->wnd, 0);
	rig_clear(r);
	r->room = 999;
	tcp_resume(r->t, c, r->now);
	assert_int_equal(r->n, 0);
	r->room = 1;
	tcp_resume(r->t, c, r->now);
	assert_int_equal(rig_only(r)->wnd, 1000);
	rig_free(r);
}

static void one_paused_connection_does_not_slow_another(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001), q = rig_peer(r, 4002);
	uint32_t before;

	(void)state;
	peer_open(&p, false);
	close_window(r, &p);
	peer_open(&q, false);
	r->room = UINT32_MAX;
	before = r->taken_n;
	for (int i = 0; i < 200; i++) {
		peer_data(&q, rig_bytes(1400), 1400);
		rig_flush(r);
	}
	assert_int_equal(r->taken_n - before, 200 * 1400);
	assert_true(rig_last(r)->wnd > 60000);
	rig_free(r);
}

static void ended_comes_after_what_was_kept(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);
	struct tcp_conn *c = peer_open(&p, false);

	(void)state;
	r->room = 0;
	peer_data(&p, "last", 4);
	peer_fin(&p);
	assert_int_equal(rig_last(r)->ack, p.seq);
	assert_int_equal(r->ended, 0);
	r->room = 3;
	tcp_resume(r->t, c, r->now);
	assert_int_equal(r->ended, 0);
	r->room = 1;
	tcp_resume(r->t, c, r->now);
	assert_int_equal(r->ended, 1);
	tcp_resume(r->t, c, r->now);
	assert_int_equal(r->ended, 1);
	rig_free(r);
}

static void octets_kept_stay_until_flush(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);
	struct tcp_conn *c = peer_open(&p, false);
	struct tcp_usage u;

	(void)state;
	r->room = 0;
	peer_data(&p, rig_bytes(1000), 1000);
	r->room = UINT32_MAX;
	tcp_resume(r->t, c, r->now);
	tcp_usage(r->t, &u);
	assert_true(u.chunks_free < r->spec.chunks);
	rig_flush(r);
	tcp_usage(r->t, &u);
	assert_int_equal(u.chunks_free, r->spec.chunks);
	rig_free(r);
}

/* ---- acknowledgements -------------------------------------------------------------------------------------------------------------- */

/* MUST-40: below half a second. */
static void must_40_delayed_ack_by_time(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);

	(void)state;
	peer_open(&p, true);
	peer_data(&p, "abc", 3);
	rig_flush(r);
	assert_int_equal(r->n, 0);
	rig_wait(r, 39 * MS);
	assert_int_equal(r->n, 0);
	rig_wait(r, 3 * MS);
	assert_int_equal(rig_only(r)->ack, p.seq);
	rig_wait(r, 5 * S);
	assert_int_equal(r->n, 1);
	rig_free(r);
}

/* SHLD-18, 19. */
static void shld_18_19_every_second_full_segment(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);

	(void)state;
	peer_open(&p, true);
	for (int i = 0; i < 10; i++) {
		peer_data(&p, rig_bytes(1300), 1300); /* its path takes no more */
		rig_flush(r);
		assert_int_equal(r->n, (i + 1) / 2);
	}
	rig_free(r);
}

static void data_carries_the_ack_and_ends_the_delay(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);
	struct tcp_conn *c = peer_open(&p, true);

	(void)state;
	peer_data(&p, "abc", 3);
	tcp_send(r->t, c, rig_bytes(4), 4);
	rig_flush(r);
	assert_int_equal(rig_only(r)->ack, p.seq);
	assert_int_equal(rig_only(r)->n, 4);
	p.ack += 4;
	peer_ack(&p);
	rig_wait(r, S);
	assert_int_equal(r->n, 1);
	rig_free(r);
}

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
		assert_in_range(rig_only(r)->at - start, gap, gap + 20 * MS);
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

/* zephyr#48471: with both windows closed each side probes, answers, and neither floods. */
static void both_windows_closed(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);
	struct tcp_conn *c = peer_open(&p, false);

	(void)state;
	close_window(r, &p);
	p.wnd = 0;
	peer_ack(&p);
	tcp_send(r->t, c, rig_bytes(100), 100);
	for (int i = 0; i < 20; i++) {
		rig_clear(r);
		rig_wait(r, 1 * S);
		assert_true(r->n <= 2);
		peer_send(&p, ACK, p.seq, p.ack, "x", 1);
	}
	assert_int_equal(r->closed, 0);
	p.wnd = 1000;
	r->room = UINT32_MAX;
	rig_clear(r);
	tcp_resume(r->t, c, r->now);
	assert_true(rig_last(r)->wnd > 0);
	rig_clear(r);
	peer_ack(&p);
	rig_flush(r);
	assert_int_equal(rig_only(r)->n, 100);
	rig_free(r);
}

/* ---- retransmission ---------------------------------------------------------------------------------------------------------------------- */

/* RFC 6298 2.1, 2.4, 5.5 and R2 (MUST-20..23). */
static void rfc6298_rto_doubles_until_r2(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);
	struct tcp_conn *c = peer_open(&p, true);
	uint64_t gap = 1 * S;

	(void)state;
	tcp_send(r->t, c, rig_bytes(10), 10);
	rig_flush(r);
	rig_wait(r, 300 * S);
	assert_int_equal(r->n, 1 + 5 + 1); /* max_retries, and the reset */
	for (unsigned int i = 1; i < 6; i++) {
		assert_int_equal(r->seen[i].seq, p.ack);
		assert_int_equal(r->seen[i].n, 10);
		assert_in_range(r->seen[i].at - r->seen[i - 1].at, gap, gap + 5 * MS);
		gap *= 2;
	}
	assert_int_equal(r->seen[6].flags, RST | ACK);
	assert_int_equal(r->closed, 1);
	assert_int_equal(r->why, TCP_CLOSED_TIMED_OUT);
	assert_int_equal(r->book.c[TP_C_tcp_timed_out], 1);
	assert_int_equal(r->book.c[TP_C_tcp_retransmitted], 5);
	rig_check_idle(r);
	rig_free(r);
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
	        cmocka_unit_test(window_closes_by_what_is_not_taken),
	        cmocka_unit_test(right_edge_never_goes_back),
	        cmocka_unit_test(right_edge_with_scale_goes_back_by_less_than_a_unit),
	        cmocka_unit_test(must_66_zero_window_takes_ack_and_rst),
	        cmocka_unit_test(zero_window_probe_answered),
	        cmocka_unit_test(window_update_at_once),
	        cmocka_unit_test(must_39_no_silly_window_update),
	        cmocka_unit_test(must_39_small_window_opens_by_half),
	        cmocka_unit_test(one_paused_connection_does_not_slow_another),
	        cmocka_unit_test(ended_comes_after_what_was_kept),
	        cmocka_unit_test(octets_kept_stay_until_flush),
	        cmocka_unit_test(must_40_delayed_ack_by_time),
	        cmocka_unit_test(shld_18_19_every_second_full_segment),
	        cmocka_unit_test(data_carries_the_ack_and_ends_the_delay),
	        cmocka_unit_test(peers_window_is_kept_to),
	        cmocka_unit_test(window_of_an_older_segment_is_not_taken),
	        cmocka_unit_test(must_34_peer_shrinks_window),
	        cmocka_unit_test(must_34_peer_shrinks_window_to_zero),
	        cmocka_unit_test(must_35_37_zero_window_is_probed),
	        cmocka_unit_test(closed_connection_does_not_wait_for_a_window_for_ever),
	        cmocka_unit_test(probe_that_is_taken_goes_on),
	        cmocka_unit_test(probes_nobody_answers_end_the_connection),
	        cmocka_unit_test(must_38_silly_window_is_overridden_by_time),
	        cmocka_unit_test(both_windows_closed),
	        cmocka_unit_test(rfc6298_rto_doubles_until_r2),
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
