/* SPDX-License-Identifier: BSD-3-Clause */
/* The TCP endpoint: out of order and SACK, what attacks cost, SYN cookies. */
#include "chunks.h"
#include "tcp_rig.h"

static uint32_t chunks_used(const struct rig *r)
{
	struct tcp_usage u;

	tcp_usage(r->t, &u);
	return r->spec.chunks - u.chunks_free;
}

/* Text at `at` octets behind what comes next in order. */
static void peer_ahead(struct peer *p, uint32_t at, uint32_t n)
{
	uint32_t base = p->seq - (p->irs + 1);

	peer_send(p, ACK, p->seq + at, p->ack, rig_bytes(1 << 17) + base + at, n);
}

static void check_taken(const struct rig *r, uint32_t n)
{
	assert_int_equal(r->taken_n, n);
	assert_memory_equal(r->taken, rig_bytes(1 << 17), n);
}

/* ---- reassembly ------------------------------------------------------------------------------------------------------------------ */

static void out_of_order_is_put_together(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);

	(void)state;
	peer_open(&p, true);
	peer_ahead(&p, 2000, 1000);
	assert_int_equal(rig_last(r)->ack, p.seq); /* RFC 5681 4.2: a duplicate ACK at once */
	peer_ahead(&p, 1000, 1000);
	assert_int_equal(r->n, 2);
	assert_int_equal(r->taken_n, 0);
	peer_ahead(&p, 0, 1000);
	check_taken(r, 3000);
	rig_flush(r);
	assert_int_equal(r->n, 3); /* the gap is filled: at once */
	assert_int_equal(rig_last(r)->ack, p.seq + 3000);
	assert_int_equal(chunks_used(r), 0);
	rig_free(r);
}

static void overlaps_of_every_kind(void **state)
{
	(void)state;
	for (uint32_t seed = 1; seed <= 300; seed++) {
		struct rig *r = rig_new(NULL);
		struct peer p = rig_peer(r, (uint16_t)(4000 + seed));
		uint32_t x = seed, total = 12000;

		p.seq = seed % 3 == 0 ? 0u - x * 17 : p.seq; /* across 2^32 */
		peer_open(&p, seed & 1);
		for (int i = 0; r->taken_n < total; i++) {
			uint32_t at, n;

			x = x * 1664525 + 1013904223;
			at = (x >> 8) % total;
			n = 1 + (x >> 4) % 1400;
			if (i > 400)
				at = r->taken_n;
			if (at + n > total)
				n = total - at;
			r->room = (x >> 29) == 0 ? (x >> 20) % 500 : UINT32_MAX;
			tcp_resume(r->t, r->conn, r->now);
			peer_send(&p, ACK, p.seq + at, p.ack, rig_bytes(1 << 17) + at, n);
			rig_flush(r);
			assert_true(i < 100000);
		}
		check_taken(r, total);
		rig_flush(r);
		assert_int_equal(chunks_used(r), 0);
		rig_free(r);
	}
}

static void fin_out_of_order(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);

	(void)state;
	peer_open(&p, true);
	peer_send(&p, ACK | FIN, p.seq + 3, p.ack, rig_bytes(10) + 3, 7);
	rig_flush(r);
	assert_int_equal(rig_last(r)->ack, p.seq);
	assert_int_equal(r->ended, 0);
	peer_ahead(&p, 0, 3);
	check_taken(r, 10);
	assert_int_equal(r->ended, 1);
	rig_flush(r);
	assert_int_equal(rig_last(r)->ack, p.seq + 11);
	rig_free(r);
}

/* RFC 2018 4: the block of the segment that just came is first, then the latest others; three with time stamps. */
static void rfc2018_s4_latest_block_first(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);
	const struct seen *s;

	(void)state;
	peer_open(&p, true);
	for (uint32_t i = 1; i <= 4; i++)
		peer_ahead(&p, i * 1000, 100);
	s = rig_last(r);
	assert_int_equal(s->sacks, 3);
	assert_int_equal(s->header_n, 60);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(s->sack[i].begin, p.seq + (4 - i) * 1000);
		assert_int_equal(s->sack[i].end, p.seq + (4 - i) * 1000 + 100);
	}
	peer_ahead(&p, 2100, 50); /* grows an older one */
	s = rig_last(r);
	assert_int_equal(s->sack[0].begin, p.seq + 2000);
	assert_int_equal(s->sack[0].end, p.seq + 2150);
	assert_int_equal(s->sack[1].begin, p.seq + 4000);
	assert_int_equal(s->sack[2].begin, p.seq + 3000);
	peer_ahead(&p, 1050, 3000); /* all one */
	assert_int_equal(rig_last(r)->sacks, 1);
	assert_int_equal(rig_last(r)->sack[0].begin, p.seq + 1000);
	assert_int_equal(rig_last(r)->sack[0].end, p.seq + 4100);
	peer_ahead(&p, 0, 1000);
	rig_flush(r);
	assert_int_equal(rig_last(r)->sacks, 0);
	assert_int_equal(rig_last(r)->ack, p.seq + 4100);
	rig_free(r);
}

static void rfc2018_no_sack_where_not_agreed(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);

	(void)state;
	peer_open(&p, false);
	peer_ahead(&p, 1000, 100);
	assert_int_equal(rig_last(r)->sacks, 0);
	assert_int_equal(rig_last(r)->header_n, 20);
	rig_free(r);
}

static void rfc2018_four_blocks_without_time_stamps(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);

	(void)state;
	p.irs = p.seq;
	peer_raw(&p, SYN, p.seq, 0, (const uint8_t[]){4, 2, 1, 1}, 4, NULL, 0);
	peer_saw_syn_ack(&p, rig_last(r));
	peer_ack(&p);
	for (uint32_t i = 1; i <= 6; i++)
		peer_ahead(&p, i * 1000, 100);
	assert_int_equal(rig_last(r)->sacks, 4);
	rig_free(r);
}

/* ---- bounds ---------------------------------------------------------------------------------------------------------------------- */

static void gaps_are_bounded_a_connection(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);

	(void)state;
	peer_open(&p, true);
	for (uint32_t i = 1; i <= 30; i++)
		peer_ahead(&p, i * 1000, 1);
	assert_int_equal(r->book.c[TP_C_tcp_gaps], 14);
	assert_int_equal(r->book.c[TP_C_tcp_out_of_order], 16);
	peer_ahead(&p, 1001, 999); /* what makes none is still taken */
	assert_int_equal(r->book.c[TP_C_tcp_gaps], 14);
	rig_free(r);
}

/* Only a part of a segment found room, and that part makes a gap of its own: it is one too many. */
static void gaps_are_bounded_where_memory_ends(void **state)
{
	struct tcp_spec spec = rig_spec();
	struct rig *r;
	struct peer p, q;
	uint32_t cell;

	(void)state;
	spec.chunks = 100;
	r = rig_new(&spec);
	p = rig_peer(r, 4001);
	q = rig_peer(r, 4002);
	peer_open(&p, true);
	peer_open(&q, true);
	cell = TCP_CELL - p.seq % TCP_CELL; /* where a cell begins */
	for (uint32_t i = 0; i < 15; i++)
		peer_ahead(&p, cell + 2 * i, 1);
	peer_ahead(&p, cell + 2 * TCP_CELL, 1);
	for (uint32_t at = 1000; chunks_used(r) < 50; at += 1000)
		peer_ahead(&q, at, 1000);
	peer_ahead(&p, cell + 100, 2 * TCP_CELL - 100); /* touches the last range, but its second half finds no chunk */
	assert_int_equal(r->book.c[TP_C_tcp_gaps], 1);
	for (uint32_t i = 1; i <= 100; i++)
		peer_ahead(&p, cell + 2 * TCP_CELL + 2 * i, 1);
	assert_int_equal(r->book.c[TP_C_tcp_gaps], 101);
	peer_ahead(&p, 0, cell + 1);
	check_taken(r, cell + 1);
	peer_send(&q, RST, q.seq, 0, NULL, 0);
	rig_flush(r);
	p.seq += cell + 1;
	for (uint32_t at = 0; at < 2 * TCP_CELL; at += 496)
		peer_data(&p, rig_bytes(1 << 17) + cell + 1 + at, 496);
	check_taken(r, cell + 1 + 2 * TCP_CELL);
	rig_flush(r);
	assert_int_equal(chunks_used(r), 0);
	rig_free(r);
}

static void octets_out_of_order_are_bounded_a_connection(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);

	(void)state;
	peer_open(&p, true);
	for (uint32_t at = 1000; at + 1400 < 65000; at += 1400)
		peer_ahead(&p, at, 1400);
	assert_true(r->book.c[TP_C_tcp_memory_full] > 0);
	assert_true(chunks_used(r) <= 32768 / TCP_CELL + 3);
	rig_free(r);
}

static void octets_in_order_again_do_not_count(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);

	(void)state;
	peer_open(&p, true);
	for (int i = 0; i < 60; i++) {
		peer_ahead(&p, 1000, 1000);
		peer_ahead(&p, 0, 1000);
		p.seq += 2000;
		rig_flush(r);
	}
	check_taken(r, 120000);
	assert_int_equal(r->book.c[TP_C_tcp_memory_full], 0);
	rig_free(r);
}

/* The class of SegmentSmack: one octet each, all over the window, from the front, the back and at random. */
static void million_tiny_segments_out_of_order(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001), q = rig_peer(r, 4002);
	uint32_t x = 1, before, most = 0;

	(void)state;
	peer_open(&p, true);
	peer_open(&q, true);
	for (uint32_t i = 0; i < 1000000; i++) {
		uint32_t at;

		x = x * 1664525 + 1013904223;
		at = i % 3 == 0 ? (x >> 8) % 65000 + 1 : i % 3 == 1 ? 65000 - i % 65000 : 2 * (i % 30000) + 1;
		peer_ahead(&p, at, 1);
		if (chunks_used(r) > most)
			most = chunks_used(r);
		if (i % 100 == 0) {
			before = r->taken_n;
			q.ts_val++;
			peer_data(&q, "alive", 5);
			assert_int_equal(r->taken_n, before + 5);
			rig_flush(r);
			r->now += MS;
		}
	}
	assert_true(most <= 32768 / TCP_CELL + 2 * 16 + 1);
	peer_send(&p, RST, p.seq, 0, NULL, 0);
	rig_flush(r);
	assert_int_equal(chunks_used(r), 0);
	rig_free(r);
}

/* Many connections with gaps do not take what acknowledgements and kept data need. */
static void pool_is_shared_by_need(void **state)
{
	struct tcp_spec spec = rig_spec();
	struct peer p[64];
	struct rig *r;
	struct tcp_conn *c;

	(void)state;
	spec.chunks = 100;
	r = rig_new(&spec);
	for (uint16_t i = 0; i < 64; i++) {
		p[i] = rig_peer(r, (uint16_t)(4000 + i));
		c = peer_open(&p[i], true);
		for (uint32_t at = 1000; at < 30000; at += 2000)
			peer_ahead(&p[i], at, 1000);
	}
	assert_int_equal(chunks_used(r), 50);
	assert_true(r->book.c[TP_C_tcp_memory_full] > 0);
	r->room = 0;
	for (int i = 0; i < 40; i++)
		peer_data(&p[63], rig_bytes(1400), 1400);
	assert_int_equal(chunks_used(r), 75);
	for (int i = 0; i < 25; i++)
		assert_int_equal(tcp_send(r->t, c, rig_bytes(TCP_QUEUE), TCP_QUEUE), 0);
	assert_int_equal(tcp_send(r->t, c, rig_bytes(1), 1), -ENOBUFS);
	assert_int_equal(chunks_used(r), 100);
	rig_free(r);
}

/* What did not fit is not acknowledged: it comes again, and nothing is lost. */
static void kept_without_memory_is_not_acknowledged(void **state)
{
	struct tcp_spec spec = rig_spec();
	struct rig *r;
	struct peer p;
	struct tcp_conn *c;
	uint32_t kept;

	(void)state;
	spec.chunks = 8;
	r = rig_new(&spec);
	p = rig_peer(r, 4001);
	c = peer_open(&p, true);
	r->room = 0;
	for (int i = 0; i < 10; i++)
		peer_send(&p, ACK, p.seq + tcp_kept(c), p.ack, rig_bytes(1 << 17) + tcp_kept(c), 1400);
	kept = tcp_kept(c);
	assert_in_range(kept, 5 * TCP_CELL, 6 * TCP_CELL);
	rig_wait(r, 50 * MS);
	assert_int_equal(rig_last(r)->ack, p.seq + kept);
	assert_true(r->book.c[TP_C_tcp_memory_full] > 0);
	r->room = UINT32_MAX;
	tcp_resume(r->t, c, r->now);
	rig_flush(r);
	peer_send(&p, ACK, p.seq + kept, p.ack, rig_bytes(1 << 17) + kept, 1400);
	check_taken(r, kept + 1400);
	rig_free(r);
}

/* ---- SYN flood, cookies ------------------------------------------------------------------------------------------------------------ */

static struct rig *rig_cookies(void)
{
	struct tcp_spec spec = rig_spec();

	spec.half_open = 0;
	spec.receive_window = 1 << 20;
	return rig_new(&spec);
}

/* RFC 4987: window scale and SACK survive in the time stamp, the MSS in the number. */
static void rfc4987_cookie_keeps_scale_sack_and_mss(void **state)
{
	struct rig *r = rig_cookies();
	struct peer p = rig_peer(r, 4001);
	struct tcp_conn *c;
	struct tcp_usage u;

	(void)state;
	peer_saw_syn_ack(&p, peer_syn(&p, true));
	assert_true(rig_last(r)->has_scale && rig_last(r)->sack_permitted && rig_last(r)->has_ts);
	tcp_usage(r->t, &u);
	assert_int_equal(u.half_open, 0);
	assert_int_equal(r->book.c[TP_C_tcp_cookie_sent], 1);
	rig_wait(r, 100 * S); /* the minute has changed once */
	rig_clear(r);
	p.wnd = 4; /* << 7 = 512 */
	p.ts_val += 100000;
	peer_data(&p, "x", 1); /* the ACK was lost: the text opens */
	c = r->conn;
	assert_int_equal(r->opened, 1);
	assert_int_equal(r->taken_n, 1);
	assert_int_equal(r->book.c[TP_C_tcp_cookie_accepted], 1);
	tcp_send(r->t, c, rig_bytes(600), 600);
	rig_flush(r);
	assert_int_equal(rig_last(r)->n, 512);
	peer_ahead(&p, 100, 10);
	assert_int_equal(rig_last(r)->sacks, 1);
	p.wnd = 65535;
	p.ack += 512;
	peer_ack(&p);
	tcp_send(r->t, c, rig_bytes(6000), 6000);
	rig_flush(r);
	assert_int_equal(r->seen[r->n - 1].has_ts, true);
	rig_free(r);
}

static void rfc4987_cookie_time_stamps_do_not_go_back(void **state)
{
	struct rig *r = rig_cookies();

	(void)state;
	for (uint16_t i = 0; i < 200; i++) {
		struct peer p = rig_peer(r, (uint16_t)(4000 + i % 60));
		uint32_t ts;

		r->now += 7 * MS;
		peer_saw_syn_ack(&p, peer_syn(&p, true));
		ts = p.ts_ecr;
		peer_ack(&p);
		tcp_send(r->t, r->conn, rig_bytes(1), 1);
		rig_flush(r);
		assert_true((int32_t)(rig_last(r)->ts_val - ts) >= 0);
		assert_true((int32_t)(rig_last(r)->ts_val - ts) < 128);
		tcp_abort(r->t, r->conn);
	}
	rig_free(r);
}

static void rfc4987_cookie_without_time_stamps(void **state)
{
	struct rig *r = rig_cookies();
	struct peer p = rig_peer(r, 4001);

	(void)state;
	p.irs = p.seq;
	peer_raw(&p, SYN, p.seq, 0, (const uint8_t[]){2, 4, 1000 >> 8, 1000 & 255, 4, 2, 3, 3, 7, 0}, 10, NULL, 0);
	assert_false(rig_last(r)->has_scale || rig_last(r)->sack_permitted);
	peer_saw_syn_ack(&p, rig_last(r));
	peer_ack(&p);
	assert_int_equal(r->opened, 1);
	rig_clear(r);
	tcp_send(r->t, r->conn, rig_bytes(3000), 3000);
	rig_flush(r);
	assert_int_equal(r->seen[0].n, 1000);
	rig_free(r);
}

static void rfc4987_wrong_cookies_are_refused(void **state)
{
	struct rig *r = rig_cookies();
	struct peer p = rig_peer(r, 4001), q = rig_peer(r, 4002);
	uint32_t ecr;

	(void)state;
	peer_ack(&q); /* none was sent yet */
	peer_saw_syn_ack(&p, peer_syn(&p, true));
	ecr = p.ts_ecr;
	for (unsigned int bit = 0; bit < 32; bit++)
		peer_send(&p, ACK, p.seq, p.ack ^ 1u << bit, NULL, 0);
	peer_send(&p, ACK, p.seq + 1, p.ack, NULL, 0);
	for (unsigned int bit = 0; bit < 6; bit++) {
		p.ts_ecr = ecr ^ 1u << bit;
		peer_ack(&p);
	}
	p.ts_ecr = ecr;
	q.seq = p.seq;
	q.ts = true;
	q.ts_ecr = ecr;
	peer_send(&q, ACK, p.seq, p.ack, NULL, 0); /* somebody else's */
	rig_wait(r, 140 * S);
	peer_ack(&p); /* too late */
	assert_int_equal(r->opened, 0);
	assert_int_equal(r->book.c[TP_C_tcp_no_connection] + r->book.c[TP_C_tcp_cookie_wrong], 42);
	assert_int_equal(rig_last(r)->flags, RST);
	rig_free(r);
}

/* A segment that overtakes the one which opens the connection is not answered with a reset. */
static void cookie_is_not_reset_by_reordering(void **state)
{
	struct rig *r = rig_cookies();
	struct peer p = rig_peer(r, 4001);

	(void)state;
	peer_saw_syn_ack(&p, peer_syn(&p, true));
	rig_clear(r);
	peer_ahead(&p, 1000, 1000);
	assert_int_equal(r->n, 0);
	assert_int_equal(r->book.c[TP_C_tcp_cookie_wrong], 1);
	peer_ahead(&p, 0, 1000);
	peer_ahead(&p, 1000, 1000);
	check_taken(r, 2000);
	rig_free(r);
}

/* RFC 7323 5.5 and RFC 6191 with cookies: TIME-WAIT gives way only to what time stamps prove new. */
static void time_wait_and_cookies(void **state)
{
	struct rig *r = rig_cookies();

	(void)state;
	for (int modern = 0; modern < 2; modern++) {
		struct peer p = rig_peer(r, (uint16_t)(4001 + modern));

		tcp_close(r->t, peer_open(&p, modern));
		rig_flush(r);
		p.ack++;
		peer_fin(&p);
		rig_clear(r);
		p.seq += 1000;
		p.ts_val = 60000;
		peer_send(&p, SYN, p.seq, 0, NULL, 0);
		assert_int_equal(r->n, modern);
	}
	assert_int_equal(r->book.c[TP_C_tcp_syn_full], 1);
	rig_free(r);
}

static void syn_flood_leaves_connections_unharmed(void **state)
{
	struct tcp_spec spec = rig_spec();
	struct peer p, q;
	struct tcp_usage u;
	struct rig *r;

	(void)state;
	spec.half_open = 16;
	r = rig_new(&spec);
	p = rig_peer(r, 4001);
	peer_open(&p, true);
	for (uint32_t i = 0; i < 300000; i++) {
		struct peer flood = rig_peer(r, (uint16_t)(5000 + i % 50000));

		rig_put(flood.tuple.remote, 0x0a000000 + i, 4);
		peer_syn(&flood, i & 1);
		if (i % 1000 == 0) {
			uint32_t before = r->taken_n;

			r->now += MS;
			p.ts_val++;
			peer_data(&p, "alive", 5);
			assert_int_equal(r->taken_n, before + 5);
			q = rig_peer(r, (uint16_t)(60000 + i / 1000)); /* somebody honest comes */
			peer_saw_syn_ack(&q, peer_syn(&q, true));
			peer_ack(&q);
			assert_int_equal(r->opened, 2 + i / 1000);
			tcp_abort(r->t, r->conn);
		}
	}
	tcp_usage(r->t, &u);
	assert_int_equal(u.connections, 1);
	assert_int_equal(u.half_open, 16);
	assert_int_equal(chunks_used(r), 0);
	assert_true(r->book.c[TP_C_tcp_cookie_sent] > 299900);
	rig_wait(r, 100 * S);
	tcp_usage(r->t, &u);
	assert_int_equal(u.half_open, 0);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(out_of_order_is_put_together),
	        cmocka_unit_test(overlaps_of_every_kind),
	        cmocka_unit_test(fin_out_of_order),
	        cmocka_unit_test(rfc2018_s4_latest_block_first),
	        cmocka_unit_test(rfc2018_no_sack_where_not_agreed),
	        cmocka_unit_test(rfc2018_four_blocks_without_time_stamps),
	        cmocka_unit_test(gaps_are_bounded_a_connection),
	        cmocka_unit_test(gaps_are_bounded_where_memory_ends),
	        cmocka_unit_test(octets_out_of_order_are_bounded_a_connection),
	        cmocka_unit_test(octets_in_order_again_do_not_count),
	        cmocka_unit_test(million_tiny_segments_out_of_order),
	        cmocka_unit_test(pool_is_shared_by_need),
	        cmocka_unit_test(kept_without_memory_is_not_acknowledged),
	        cmocka_unit_test(rfc4987_cookie_keeps_scale_sack_and_mss),
	        cmocka_unit_test(rfc4987_cookie_time_stamps_do_not_go_back),
	        cmocka_unit_test(rfc4987_cookie_without_time_stamps),
	        cmocka_unit_test(rfc4987_wrong_cookies_are_refused),
	        cmocka_unit_test(cookie_is_not_reset_by_reordering),
	        cmocka_unit_test(time_wait_and_cookies),
	        cmocka_unit_test(syn_flood_leaves_connections_unharmed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
