/* SPDX-License-Identifier: BSD-3-Clause */
/* The TCP endpoint: opening connections. */
#include "tcp_rig.h"

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

static void must_9_shld_1_isn_depends_on_the_secret(void **state)
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

/* Between SYN and ACK the port has become another listener's. */
static void handshake_opens_at_whose_the_port_is_then(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);

	(void)state;
	peer_saw_syn_ack(&p, peer_syn(&p, true));
	p.listener = 7;
	peer_ack(&p);
	assert_int_equal(r->opened, 1);
	assert_int_equal(tcp_conn_listener(r->conn), 7);
	rig_free(r);
}

static void handshake_where_nobody_listens_any_more_is_reset(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);

	(void)state;
	peer_saw_syn_ack(&p, peer_syn(&p, true));
	rig_clear(r);
	p.listener = TCP_NO_LISTENER;
	peer_ack(&p);
	assert_int_equal(r->opened, 0);
	assert_int_equal(usage(r).half_open, 0);
	assert_int_equal(rig_only(r)->flags, RST);
	assert_int_equal(rig_only(r)->seq, p.ack);
	assert_int_equal(r->book.c[TP_C_tcp_no_listener], 1);
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
	assert_in_range(r->seen[2].at - r->seen[1].at, 2 * S, 2500 * MS + 5 * MS);
	assert_in_range(r->seen[3].at - r->seen[2].at, 4 * S, 5 * S + 5 * MS);
	assert_int_equal(usage(r).half_open, 0);
	assert_int_equal(r->book.c[TP_C_tcp_half_open_expired], 1);
	assert_int_equal(r->opened + r->closed, 0);
	rig_free(r);
}

/* MUST-22: a SYN-ACK is sent again as data is. MUST-23: R2 of it can be set to the 3 minutes that are asked for; the default is less (tcp.md). */
static void must_22_23_syn_ack_for_three_minutes(void **state)
{
	struct tcp_spec spec = rig_spec();
	struct rig *r;
	struct peer p;
	uint64_t start;

	(void)state;
	spec.syn_retries = 8;
	r = rig_new(&spec);
	p = rig_peer(r, 4001);
	start = r->now;
	peer_syn(&p, true);
	while (usage(r).half_open)
		rig_wait(r, 1 * S);
	assert_int_equal(r->n, 9);
	assert_true(r->now - start >= 180 * S);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(handshake_data_close),
	        cmocka_unit_test(ipv6_handshake_and_data),
	        cmocka_unit_test(must_41_42_many_connections_of_one_listener),
	        cmocka_unit_test(connections_full_handshake_waits),
	        cmocka_unit_test(handshake_opens_at_whose_the_port_is_then),
	        cmocka_unit_test(handshake_where_nobody_listens_any_more_is_reset),
	        cmocka_unit_test(must_8_isn_differs_by_time_and_tuple),
	        cmocka_unit_test(must_9_shld_1_isn_depends_on_the_secret),
	        cmocka_unit_test(must_46_57_63_syn_from_or_to_wrong_address),
	        cmocka_unit_test(must_11_reset_in_syn_received_returns_to_listen),
	        cmocka_unit_test(syn_received_reset_elsewhere_is_challenged),
	        cmocka_unit_test(syn_received_wrong_ack_is_reset),
	        cmocka_unit_test(duplicate_syn_gets_the_same_syn_ack),
	        cmocka_unit_test(syn_received_new_syn_in_window_starts_over),
	        cmocka_unit_test(syn_ack_is_retransmitted_and_given_up),
	        cmocka_unit_test(must_22_23_syn_ack_for_three_minutes),
	        cmocka_unit_test(handshake_ack_with_text_and_fin),
	        cmocka_unit_test(no_listener_is_answered_with_a_reset),
	        cmocka_unit_test(segment_of_no_connection_is_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
