/* SPDX-License-Identifier: BSD-3-Clause */
/* The TCP endpoint: its window, and when it acknowledges. */
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
	        cmocka_unit_test(both_windows_closed),
	        cmocka_unit_test(must_40_delayed_ack_by_time),
	        cmocka_unit_test(shld_18_19_every_second_full_segment),
	        cmocka_unit_test(data_carries_the_ack_and_ends_the_delay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
