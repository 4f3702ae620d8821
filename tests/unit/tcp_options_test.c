/* SPDX-License-Identifier: BSD-3-Clause */
/* The TCP endpoint: headers, options and time stamps (RFC 7323). */
#include "tcp_rig.h"

/* ---- header and options ------------------------------------------------------------------------------------------------------ */

static void header_too_short_or_impossible(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);

	(void)state;
	for (uint32_t n = 0; n < 24; n++) {
		uint8_t *octets = calloc(1, n + 1);
		struct tcp_segment s = {.tuple = &p.tuple, .link = &p.link, .p = octets, .n = n};

		if (n > 12)
			octets[12] = n < 20 ? 0x50 : n < 22 ? 0x40 : 0x60;
		r->inputs++;
		tcp_input(r->t, &s, r->now);
		free(octets);
	}
	assert_int_equal(r->book.c[TP_C_tcp_header], 24);
	assert_int_equal(r->n, 0);
	rig_free(r);
}

/* The options of a SYN, as octets; what the SYN-ACK offers tells what was understood. */
static struct seen *syn_with(struct rig *r, struct peer *p, const uint8_t *options, unsigned int n)
{
	*p = rig_peer(r, (uint16_t)(4000 + r->inputs));
	p->irs = p->seq;
	peer_raw(p, SYN, p->seq, 0, options, n, NULL, 0);
	return rig_last(r);
}

#define SYN_WITH(r, p, ...) syn_with(r, p, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

/* MUST-4, 5, 6, 64, 68: end, NOP and MSS; unknown ones are skipped by their length, at any octet. */
static void must_4_5_6_64_68_options_are_read(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p;
	const struct seen *s;

	(void)state;
	s = SYN_WITH(r, &p, 254, 7, 1, 2, 3, 4, 5, 1, 3, 3, 2, 30, 2, 4, 2, 0);
	assert_true(s->has_scale && s->sack_permitted && !s->has_ts);
	s = SYN_WITH(r, &p, 1, 1, 1, 8, 10, 0, 0, 0, 9, 0, 0, 0, 0, 4, 2, 0);
	assert_true(s->has_ts && s->sack_permitted && !s->has_scale);
	assert_int_equal(s->ts_ecr, 9);
	s = SYN_WITH(r, &p, 4, 2, 0, 3, 3, 2, 1, 1); /* nothing behind the end */
	assert_true(s->sack_permitted && !s->has_scale);
	rig_free(r);
}

/* MUST-7: a length of 0 or 1, or beyond the header; a known kind with a length it does not have. */
static void must_7_illegal_option_length_is_survived(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p;
	const struct seen *s;

	(void)state;
	s = SYN_WITH(r, &p, 4, 2, 77, 0, 3, 3, 2, 1);
	assert_true(s->sack_permitted && !s->has_scale);
	s = SYN_WITH(r, &p, 77, 1, 4, 2);
	assert_false(s->sack_permitted);
	s = SYN_WITH(r, &p, 4, 2, 1, 77, 200, 1, 1, 1);
	assert_true(s->sack_permitted);
	s = SYN_WITH(r, &p, 1, 1, 1, 2);
	assert_int_equal(s->flags, SYN | ACK);
	s = SYN_WITH(r, &p, 3, 4, 2, 1, 4, 3, 0, 1, 8, 9, 1, 1, 1, 1, 1, 1, 1, 1);
	assert_true(!s->has_scale && !s->sack_permitted && !s->has_ts);
	rig_free(r);
}

static void options_of_any_octets_are_survived(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);
	uint32_t x = 1;

	(void)state;
	peer_open(&p, true);
	for (int i = 0; i < 200000; i++) {
		uint8_t o[40];
		unsigned int n;

		for (unsigned int k = 0; k < sizeof(o); k++) {
			x = x * 1664525 + 1013904223;
			o[k] = (uint8_t)(x >> 24) >> (x >> 8 & 7);
		}
		n = (x >> 16) % 41 & ~3u;
		peer_raw(&p, ACK, p.seq, p.ack, o, n, NULL, 0);
	}
	peer_data(&p, "x", 1);
	assert_int_equal(r->opened, 1);
	assert_int_equal(r->closed, 0);
	rig_free(r);
}

/* MUST-14 and SHLD-5: what we take is said in the SYN-ACK, without regard to options. MUST-65: and in no other segment. */
static void must_14_65_mss_in_syn_ack_only(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);

	(void)state;
	assert_int_equal(peer_syn(&p, true)->mss, 1460);
	assert_int_equal(rig_last(r)->header_n % 4, 0);
	peer_saw_syn_ack(&p, rig_last(r));
	peer_ack(&p);
	tcp_send(r->t, r->conn, rig_bytes(1), 1);
	rig_flush(r);
	assert_int_equal(rig_last(r)->mss, 0);
	rig_free(r);
}

/* MUST-67: not more than can be received, less the fixed headers: MTU - 40 and MTU - 60, as the endpoint was told. */
static void must_67_mss_is_what_the_mtu_leaves(void **state)
{
	static const uint16_t mtus[] = {576, 1280, 1500, 9000};

	(void)state;
	for (size_t i = 0; i < sizeof(mtus) / sizeof(mtus[0]); i++) {
		struct tcp_spec spec = rig_spec();
		struct rig *r;
		struct peer p;

		spec.mss4 = (uint16_t)(mtus[i] - 40);
		spec.mss6 = (uint16_t)(mtus[i] - 60);
		r = rig_new(&spec);
		p = rig_peer(r, 4001);
		assert_int_equal(peer_syn(&p, true)->mss, mtus[i] - 40);
		p = rig_peer(r, 4002);
		p.tuple = (struct tcp_tuple){.local = {0x20, 1, [15] = 1},
		        .remote = {0x20, 1, [15] = 2},
		        .local_port = 1883,
		        .remote_port = 4002,
		        .family = 6};
		assert_int_equal(peer_syn(&p, true)->mss, mtus[i] - 60);
		rig_free(r);
	}
}

/* MUST-69: whatever is behind the end of the options is 0. The rig looks at every segment of every test (rig_output); here are those with most options. */
static void must_69_padding_is_zero(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);

	(void)state;
	peer_open(&p, true);
	for (uint32_t at = 3000; at > 1000; at -= 700) {
		peer_send(&p, ACK, p.seq + at, p.ack, rig_bytes(100), 100);
		assert_true(rig_last(r)->sacks > 0);
		assert_int_equal(rig_last(r)->header_n % 4, 0);
	}
	rig_free(r);
}

/* How long the first segment of a long queue is. */
static uint32_t first_segment(struct rig *r, struct peer *p)
{
	peer_saw_syn_ack(p, rig_last(r));
	peer_ack(p);
	rig_clear(r);
	assert_int_equal(tcp_send(r->t, r->conn, rig_bytes(8000), 8000), 0);
	rig_flush(r);
	return r->seen[0].n;
}

/* MUST-15: 536 and 1220 where the peer says nothing. MUST-16: the smaller of both, options come out of it. */
static void must_15_16_send_mss(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);

	(void)state;
	peer_raw(&p, SYN, p.irs = p.seq, 0, NULL, 0, NULL, 0);
	assert_int_equal(first_segment(r, &p), 536);
	p = rig_peer(r, 4002);
	p.tuple.family = 6;
	p.tuple.local[15] = p.tuple.remote[15] = 1;
	peer_raw(&p, SYN, p.irs = p.seq, 0, NULL, 0, NULL, 0);
	assert_int_equal(first_segment(r, &p), 1220);
	SYN_WITH(r, &p, 2, 4, 1000 >> 8, 1000 & 255);
	assert_int_equal(first_segment(r, &p), 1000);
	SYN_WITH(r, &p, 2, 4, 9000 >> 8, 9000 & 255);
	assert_int_equal(first_segment(r, &p), 1460);
	SYN_WITH(r, &p, 2, 4, 0, 0);
	assert_int_equal(first_segment(r, &p), 536);
	SYN_WITH(r, &p, 2, 4, 0, 1);
	assert_int_equal(first_segment(r, &p), 48);
	p = rig_peer(r, 4100);
	peer_syn(&p, true);
	assert_int_equal(first_segment(r, &p), 1448);
	rig_free(r);
}

/* RFC 7323 2.2, 2.3: the SYN-ACK's window is not scaled; a shift above 14 is 14; scale is answered only where offered. */
static void rfc7323_s2_window_scale(void **state)
{
	struct tcp_spec spec = rig_spec();
	struct rig *r;
	struct peer p;
	const struct seen *s;

	(void)state;
	spec.receive_window = 1 << 20;
	spec.send_octets = 1 << 20;
	r = rig_new(&spec);
	s = SYN_WITH(r, &p, 3, 3, 200, 1, 2, 4, 1460 >> 8, 1460 & 255);
	assert_true(s->has_scale);
	assert_int_equal(s->scale, 5);
	assert_int_equal(s->wnd, 65535);
	peer_saw_syn_ack(&p, s);
	p.wnd = 1; /* << 14 */
	peer_ack(&p);
	peer_data(&p, rig_bytes(2000), 2000);
	rig_clear(r);
	tcp_send(r->t, r->conn, rig_bytes(131072), 131072);
	rig_flush(r);
	assert_in_range((uint32_t)rig_last(r)->wnd << 5, (1 << 20) - 32, 1 << 20);
	for (int i = 0; i < 10; i++) {
		p.ack = rig_last(r)->seq + rig_last(r)->n;
		rig_clear(r);
		peer_ack(&p);
		rig_flush(r);
		p.ack = rig_last(r)->seq + rig_last(r)->n;
	}
	assert_int_equal(r->n, 11); /* full segments in 16,384 octets */
	s = SYN_WITH(r, &p, 4, 2, 1, 1);
	assert_false(s->has_scale);
	rig_free(r);
}

/* ---- time stamps -------------------------------------------------------------------------------------------------------------------- */

/* RFC 7323 3.2: on every segment that is no reset. */
static void rfc7323_s3_time_stamp_on_every_segment(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);
	struct tcp_conn *c = peer_open(&p, true);

	(void)state;
	p.ts_val = 77777;
	peer_data(&p, rig_bytes(1448), 1448);
	peer_data(&p, rig_bytes(1448), 1448);
	rig_flush(r);
	tcp_send(r->t, c, rig_bytes(10), 10);
	rig_flush(r);
	peer_send(&p, ACK, p.seq + 100, p.ack, "x", 1);
	peer_send(&p, RST, p.seq + 10, 0, NULL, 0);
	rig_wait(r, 1500 * MS);
	tcp_close(r->t, c);
	rig_flush(r);
	assert_int_equal(r->n, 6);
	for (unsigned int i = 0; i < r->n; i++) {
		assert_true(r->seen[i].has_ts);
		assert_int_equal(r->seen[i].ts_ecr, 77777);
	}
	assert_int_equal(r->seen[4].ts_val - r->seen[0].ts_val, (r->seen[4].at - r->seen[0].at) / MS);
	rig_free(r);
}

static void rfc7323_s3_segment_without_time_stamp_is_dropped(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);

	(void)state;
	peer_open(&p, true);
	p.ts = false;
	peer_data(&p, "x", 1);
	assert_int_equal(r->taken_n, 0);
	assert_int_equal(r->closed, 0);
	assert_int_equal(r->book.c[TP_C_tcp_no_time_stamp], 1);
	peer_send(&p, RST, p.seq - 1, 0, NULL, 0); /* a reset needs none */
	assert_int_equal(r->closed, 1);
	rig_free(r);
}

static void rfc7323_time_stamp_of_no_agreement_is_ignored(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);

	(void)state;
	peer_open(&p, false);
	p.ts = true;
	p.ts_val = 9;
	peer_data(&p, rig_bytes(3000), 1460);
	p.ts_val = 3;
	peer_data(&p, rig_bytes(3000), 1460);
	rig_flush(r);
	assert_int_equal(r->taken_n, 2920);
	assert_false(rig_last(r)->has_ts);
	rig_free(r);
}

static void rfc7323_s5_paws_drops_and_acknowledges(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);

	(void)state;
	peer_open(&p, true);
	peer_data(&p, "abc", 3);
	rig_flush(r);
	rig_clear(r);
	p.ts_val -= 1;
	peer_send(&p, ACK, p.seq, p.ack, "old", 3);
	assert_int_equal(r->taken_n, 3);
	assert_int_equal(rig_only(r)->flags, ACK);
	assert_int_equal(r->book.c[TP_C_tcp_paws], 1);
	peer_send(&p, RST, p.seq, 0, NULL, 0); /* 5.3: not for resets */
	assert_int_equal(r->closed, 1);
	rig_free(r);
}

static void rfc7323_s5_paws_wraps(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);

	(void)state;
	peer_open(&p, true);
	for (int i = 0; i < 8; i++) {
		p.ts_val += 0x30000000;
		peer_data(&p, "abc", 3);
		rig_wait(r, 50 * MS); /* acknowledged */
	}
	assert_int_equal(r->taken_n, 24);
	rig_free(r);
}

/* 5.5: after 24 days of silence TS.Recent says nothing. */
static void rfc7323_s5_paws_24_days_idle(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);

	(void)state;
	peer_open(&p, true);
	p.ts_val -= 1000;
	rig_wait(r, UINT64_C(23) * 86400 * S);
	peer_data(&p, "abc", 3);
	assert_int_equal(r->taken_n, 0);
	p.seq -= 3;
	rig_wait(r, UINT64_C(2) * 86400 * S);
	peer_data(&p, "abc", 3);
	assert_int_equal(r->taken_n, 3);
	rig_free(r);
}

/* 4.3: TS.Recent is taken from a segment at or before Last.ACK.sent, so what is echoed is the earliest not acknowledged. */
static void rfc7323_s4_ts_recent_rule(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001);

	(void)state;
	peer_open(&p, true);
	p.ts_val = 60000;
	peer_data(&p, "a", 1);
	p.ts_val = 60001;
	peer_data(&p, "b", 1); /* its number is above Last.ACK.sent */
	rig_wait(r, 50 * MS);
	assert_int_equal(rig_last(r)->ts_ecr, 60000);
	p.ts_val = 60002;
	peer_send(&p, ACK, p.seq + 10, p.ack, "z", 1); /* out of order */
	assert_int_equal(rig_last(r)->ts_ecr, 60000);
	p.ts_val = 60003;
	peer_data(&p, rig_bytes(10), 10); /* fills the gap */
	rig_flush(r);
	assert_int_equal(rig_last(r)->ts_ecr, 60003);
	rig_free(r);
}

static void rfc7323_s7_time_stamp_offset_differs_by_connection(void **state)
{
	struct rig *r = rig_new(NULL);
	struct peer p = rig_peer(r, 4001), q = rig_peer(r, 4002);
	uint32_t a = peer_syn(&p, true)->ts_val, b = peer_syn(&q, true)->ts_val;

	(void)state;
	assert_int_not_equal(a, b);
	peer_saw_syn_ack(&p, &r->seen[0]);
	r->now += 5 * MS;
	peer_ack(&p);
	peer_data(&p, rig_bytes(1448), 1448);
	peer_data(&p, rig_bytes(1448), 1448);
	rig_flush(r);
	assert_int_equal(rig_last(r)->ts_val, a + 5);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(header_too_short_or_impossible),
	        cmocka_unit_test(must_4_5_6_64_68_options_are_read),
	        cmocka_unit_test(must_7_illegal_option_length_is_survived),
	        cmocka_unit_test(options_of_any_octets_are_survived),
	        cmocka_unit_test(must_14_65_mss_in_syn_ack_only),
	        cmocka_unit_test(must_67_mss_is_what_the_mtu_leaves),
	        cmocka_unit_test(must_69_padding_is_zero),
	        cmocka_unit_test(must_15_16_send_mss),
	        cmocka_unit_test(rfc7323_s2_window_scale),
	        cmocka_unit_test(rfc7323_s3_time_stamp_on_every_segment),
	        cmocka_unit_test(rfc7323_s3_segment_without_time_stamp_is_dropped),
	        cmocka_unit_test(rfc7323_time_stamp_of_no_agreement_is_ignored),
	        cmocka_unit_test(rfc7323_s5_paws_drops_and_acknowledges),
	        cmocka_unit_test(rfc7323_s5_paws_wraps),
	        cmocka_unit_test(rfc7323_s5_paws_24_days_idle),
	        cmocka_unit_test(rfc7323_s4_ts_recent_rule),
	        cmocka_unit_test(rfc7323_s7_time_stamp_offset_differs_by_connection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
