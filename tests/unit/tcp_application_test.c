/* SPDX-License-Identifier: BSD-3-Clause */
/* The TCP endpoint and its application: what it is told, what it may do from within its calls, what it may use. */
#include "tcp_rig.h"

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

/* What was reserved finds room when nothing is free any more, whatever was sent and acknowledged since. */
static void reserved_octets_find_room(void **state)
{
	struct tcp_spec spec = rig_spec();
	struct rig *r;

	(void)state;
	spec.chunks = 8;
	spec.send_octets = 8000;
	r = rig_new(&spec);
	{
		struct peer p = rig_peer(r, 4001), q = rig_peer(r, 4002);
		struct tcp_conn *c = peer_open(&p, false), *d = peer_open(&q, false);

		assert_int_equal(tcp_reserve(r->t, c, 20), 0);
		assert_int_equal(usage(r).chunks_free, 7);
		assert_int_equal(tcp_reserve(r->t, c, 30), 0);
		assert_int_equal(usage(r).chunks_free, 7); /* the same one */
		assert_int_equal(tcp_send(r->t, d, rig_bytes(7 * 504), 7 * 504), 0);
		assert_int_equal(usage(r).chunks_free, 0);
		assert_int_equal(tcp_reserve(r->t, d, 1), -EAGAIN);
		for (int i = 0; i < 4; i++) { /* each is acknowledged before the next, so that its chunk comes back */
			assert_int_equal(tcp_send(r->t, c, rig_bytes(5), 5), 0);
			rig_flush(r);
			p.ack += 5;
			peer_ack(&p);
			assert_int_equal(tcp_unsent(c), 0);
			assert_int_equal(usage(r).chunks_free, 0);
		}
		assert_int_equal(tcp_send(r->t, c, rig_bytes(10), 10), 0);
		assert_int_equal(tcp_reserve(r->t, c, 0), 0);
		rig_flush(r);
		p.ack += 10;
		peer_ack(&p);
		assert_int_equal(usage(r).chunks_free, 1); /* nothing is kept for it any more */
		assert_int_equal(tcp_reserve(r->t, c, 504), 0);
		assert_int_equal(tcp_send(r->t, c, rig_bytes(300), 300), 0);
		assert_int_equal(tcp_send(r->t, c, rig_bytes(204), 204), 0);
		assert_int_equal(tcp_send(r->t, c, rig_bytes(1), 1), -ENOBUFS);
		tcp_abort(r->t, d);
		assert_int_equal(tcp_reserve(r->t, c, 100), 0);
		tcp_close(r->t, c); /* lets go of it */
		assert_int_equal(usage(r).chunks_free, 7);
		assert_int_equal(tcp_reserve(r->t, c, 100), 0); /* nothing to be kept for */
		assert_int_equal(usage(r).chunks_free, 7);
		tcp_abort(r->t, c);
	}
	rig_check_idle(r);
	rig_free(r);
}

/* Requests for a closed window count, though they are not acceptable; text of long ago that PAWS refuses does not. */
static void silence_is_measured(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);
	struct tcp_conn *c = peer_open(&p, true);

	(void)state;
	rig_wait(r, 5 * S);
	assert_in_range(tcp_silence_ms(r->t, c), 4990, 5010);
	peer_send(&p, ACK, p.seq - 1, p.ack, NULL, 0);
	assert_int_equal(tcp_silence_ms(r->t, c), 0);
	rig_wait(r, 2 * S);
	p.ts_val -= 1000;
	peer_send(&p, ACK, p.seq, p.ack, NULL, 0);
	assert_in_range(tcp_silence_ms(r->t, c), 1990, 2010);
	rig_free(r);
}

/* ---- what does not fit ------------------------------------------------------------------------------------------------------------------ */

static void send_again(struct rig *r, struct tcp_conn *c)
{
	assert_int_equal(tcp_send(r->t, c, rig_bytes(1000), 1000), 0);
}

/* Whoever was refused hears of it once, when something was acknowledged; nobody else does. */
static void refused_sender_hears_of_room(void **state)
{
	struct tcp_spec spec = rig_spec();
	struct rig *r;
	struct peer p;
	struct tcp_conn *c;

	(void)state;
	spec.send_octets = 4000;
	r = rig_new(&spec);
	p = rig_peer(r, 4001);
	c = peer_open(&p, false);
	tcp_send(r->t, c, rig_bytes(1460), 1460);
	rig_flush(r);
	p.ack += 1460;
	peer_ack(&p);
	assert_int_equal(r->writable, 0); /* nothing was refused */
	assert_int_equal(tcp_send(r->t, c, rig_bytes(3500), 3500), 0);
	assert_int_equal(tcp_send(r->t, c, rig_bytes(1000), 1000), -ENOBUFS);
	rig_flush(r);
	peer_ack(&p);
	assert_int_equal(r->writable, 0); /* and nothing acknowledged */
	r->on_writable = send_again;
	p.ack += 1460;
	peer_ack(&p);
	assert_int_equal(r->writable, 1);
	assert_int_equal(tcp_unsent(c), 3040);
	p.ack += 1460;
	peer_ack(&p);
	assert_int_equal(r->writable, 1);
	rig_free(r);
}

static void abort_it(struct rig *r, struct tcp_conn *c)
{
	tcp_abort(r->t, c);
}

static void refused_sender_may_abort(void **state)
{
	struct tcp_spec spec = rig_spec();
	struct rig *r;
	struct peer p;
	struct tcp_conn *c;

	(void)state;
	spec.send_octets = 1000;
	r = rig_new(&spec);
	p = rig_peer(r, 4001);
	c = peer_open(&p, false);
	tcp_send(r->t, c, rig_bytes(1000), 1000);
	assert_int_equal(tcp_send(r->t, c, rig_bytes(1), 1), -ENOBUFS);
	rig_flush(r);
	r->on_writable = abort_it;
	p.ack += 1000;
	peer_data(&p, rig_bytes(10), 10);
	assert_int_equal(r->closed, 1);
	assert_int_equal(r->taken_n, 0);
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
	        cmocka_unit_test(reserved_octets_find_room),
	        cmocka_unit_test(silence_is_measured),
	        cmocka_unit_test(refused_sender_hears_of_room),
	        cmocka_unit_test(refused_sender_may_abort),
	        cmocka_unit_test(spec_out_of_range_is_refused),
	        cmocka_unit_test(memory_is_what_tcp_memory_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
