/* SPDX-License-Identifier: BSD-3-Clause */
/* The TCP endpoint: opening, closing and the states between them. */
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

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(handshake_data_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
