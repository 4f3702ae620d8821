/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reassembly, from eth_input to what udp_input gets: every order, overlaps, duplicates, contradictions, time and room. A datagram is cut
 * by the test itself, for IPv4 and for IPv6 with and without extension headers, in a VLAN and not.
 */
#include "fragment_maker.h"
#include "fragments.h"

/* ---- looking at what came out ---------------------------------------------------------------------------------------------- */

static void check_counters(enum tp_counter counter, uint64_t n)
{
	assert_int_equal(rig.book.c[counter], n);
	assert_int_equal(rig_counted(), n);
}

/* udp_input got the whole datagram, once, and nothing is left. */
static void check_whole(unsigned int pieces)
{
	static uint8_t buffer[65536];
	struct rte_mbuf *m = rig.udp.m[0];
	uint32_t at, n = the.n - udp_at(the.form);

	assert_int_equal(rig.udp.n, 1);
	assert_int_equal(m->nb_segs, pieces);
	assert_int_equal(rte_mempool_in_use_count(rig.pool), pieces);
	rte_mbuf_sanity_check(m, 1);
	at = m->l2_len + m->l3_len;
	assert_int_equal(m->pkt_len, at + n);
	assert_memory_equal(rte_pktmbuf_read(m, at, n, buffer), the.octets + udp_at(the.form), n);
	assert_int_equal(m->ol_flags & (TP_MBUF_REASSEMBLED | RTE_MBUF_F_RX_L4_CKSUM_MASK), TP_MBUF_REASSEMBLED);
	assert_true(tp_udp_checksum_ok(m, at, n));
	rte_pktmbuf_lastseg(m)->data_len--;
	m->pkt_len--;
	assert_false(tp_udp_checksum_ok(m, at, n));
	rte_pktmbuf_lastseg(m)->data_len++;
	m->pkt_len++;
	*rte_pktmbuf_mtod_offset(rte_pktmbuf_lastseg(m), uint8_t *, 0) ^= 1;
	assert_false(tp_udp_checksum_ok(m, at, n));
	rig_empty();
	assert_int_equal(rte_mempool_in_use_count(rig.pool), 0);
}

static void reset(void)
{
	rig_empty();
	tp_fragments_expire(&rig.worker, true);
	assert_int_equal(rte_mempool_in_use_count(rig.pool), 0);
	memset(&rig.book, 0, sizeof(rig.book));
}

/* ---- orders ---------------------------------------------------------------------------------------------------------------- */

static void check_order(const struct cut *cuts, const unsigned int *order, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		assert_int_equal(rig.udp.n, 0);
		give(cuts[order[i]]);
	}
	check_counters(TP_C_fragment_absorbed, n - 1);
	check_whole(n);
	memset(&rig.book, 0, sizeof(rig.book));
}

/* All orders of n pieces (Heap). */
static void permute(const struct cut *cuts, unsigned int *order, unsigned int k, unsigned int n)
{
	if (k == 1) {
		check_order(cuts, order, n);
		return;
	}
	for (unsigned int i = 0; i < k; i++) {
		unsigned int j = k % 2 ? 0 : i, swap;

		permute(cuts, order, k - 1, n);
		swap = order[j];
		order[j] = order[k - 1];
		order[k - 1] = swap;
	}
}

static void test_all_orders(void **state)
{
	struct cut cuts[PIECES_MAX];
	unsigned int order[PIECES_MAX];

	RTE_SET_USED(state);
	rig_store(4, 16);
	for (enum form form = IP4; form < FORMS; form++) {
		for (unsigned int pieces = 2; pieces <= 6; pieces++) {
			make_datagram(form, 24 * pieces - 8 - udp_at(form) - 5);
			assert_int_equal(cut_evenly(cuts, 24), pieces);
			for (unsigned int i = 0; i < pieces; i++)
				order[i] = i;
			permute(cuts, order, pieces, pieces);
		}
	}
	rig_store_end();
}

static void test_random_orders(void **state)
{
	struct cut cuts[PIECES_MAX];
	uint32_t x = 2463534242;

	RTE_SET_USED(state);
	rig_store(4, 16);
	for (unsigned int round = 0; round < 2000; round++) {
		unsigned int n;

		make_datagram(round % FORMS, 16 + chance32(&x) % 1000);
		/* At least options and UDP header are in the first one. */
		n = cut_evenly(cuts, RTE_MAX(16U, (the.n / (2 + chance32(&x) % 7) + 8) & ~7U));
		shuffle(cuts, n, &x);
		for (unsigned int i = 0; i < n; i++)
			give(cuts[i]);
		check_counters(TP_C_fragment_absorbed, n - 1);
		check_whole(n);
		memset(&rig.book, 0, sizeof(rig.book));
	}
	rig_store_end();
}

/* The largest UDP payload over IPv4, in pieces of a 1,500-octet link, through one walk and in a random order. */
static void test_largest(void **state)
{
	struct cut cuts[PIECES_MAX];
	struct rte_mbuf *m[PIECES_MAX];
	uint32_t x = 88172645;

	RTE_SET_USED(state);
	rig_store(4, 64);
	for (enum form form = IP4; form < FORMS; form++) {
		unsigned int n;

		make_datagram(form, 65507);
		n = cut_evenly(cuts, form < IP6 ? 1480 : 1440);
		assert_in_range(n, 45, 46);
		shuffle(cuts, n, &x);
		for (unsigned int i = 0; i < n; i++)
			m[i] = fragment(cuts[i]);
		rig_run(m, n);
		check_counters(TP_C_fragment_absorbed, n - 1);
		check_whole(n);
		memset(&rig.book, 0, sizeof(rig.book));
	}
	rig_store_end();
}

/* Fragments of many datagrams mixed: each finds its own. */
static void test_interleaved(void **state)
{
	static struct cut cuts[PIECES_MAX];
	struct rte_mbuf *m[4 * 32];
	unsigned int n = 0;

	RTE_SET_USED(state);
	rig_store(32, 128);
	for (unsigned int i = 0; i < 32; i++) {
		make_datagram(i % FORMS, 500);
		assert_int_equal(cut_evenly(cuts, 136), 4);
		for (unsigned int k = 0; k < 4; k++)
			m[k * 32 + (k & 1 ? i : 31 - i)] = fragment(cuts[k]);
		n += 4;
	}
	rig_run(m, n);
	assert_int_equal(rig.udp.n, 32);
	check_counters(TP_C_fragment_absorbed, 32 * 3);
	for (unsigned int i = 0; i < 32; i++) {
		const struct rte_mbuf *d = rig.udp.m[i];

		assert_true(tp_udp_checksum_ok(d, d->l2_len + d->l3_len, 508));
	}
	rig_store_end();
}

/* What tells datagrams apart: id, addresses, protocol version. */
static void test_keys(void **state)
{
	RTE_SET_USED(state);
	rig_store(8, 16);
	make_datagram(IP4, 100);
	give((struct cut){0, 48, true});
	the.id++;
	give((struct cut){48, the.n, false});
	the.form = IP6;
	give((struct cut){48, the.n, false});
	assert_int_equal(rig.udp.n, 0);
	assert_int_equal(rte_mempool_in_use_count(rig.pool), 3);
	tp_fragments_expire(&rig.worker, true);
	check_counters(TP_C_fragment_timeout, 3);
	rig_store_end();
}

/* ---- what does not fit together -------------------------------------------------------------------------------------------- */

struct clash {
	const char *name;
	struct cut cuts[5];
	unsigned int n;
	enum tp_counter counter; /* all fragments end here */
};

/* The datagram has 100 octets. */
static const struct clash clashes[] = {
        {"tail of the one in front", {{0, 48, true}, {40, 64, true}}, 2, TP_C_fragment_overlap},
        {"head of the one behind", {{48, 100, false}, {0, 56, true}}, 2, TP_C_fragment_overlap},
        {"inside", {{0, 64, true}, {16, 32, true}}, 2, TP_C_fragment_overlap},
        {"around", {{16, 32, true}, {8, 64, true}}, 2, TP_C_fragment_overlap},
        {"around two", {{8, 16, true}, {24, 32, true}, {0, 48, true}}, 3, TP_C_fragment_overlap},
        {"same place, longer", {{16, 32, true}, {16, 40, true}}, 2, TP_C_fragment_overlap},
        {"same place, shorter", {{16, 40, true}, {16, 32, true}}, 2, TP_C_fragment_overlap},
        {"same place, now the last", {{16, 40, true}, {16, 40, false}}, 2, TP_C_fragment_overlap},
        {"the rest counts too", {{0, 48, true}, {40, 64, true}, {64, 100, false}, {48, 64, true}, {0, 48, true}}, 5,
                TP_C_fragment_overlap},
        {"two ends, then shorter", {{64, 100, false}, {48, 64, false}}, 2, TP_C_fragment_malformed},
        {"two ends, then longer", {{48, 64, false}, {64, 100, false}}, 2, TP_C_fragment_malformed},
        {"behind the end", {{48, 64, false}, {64, 80, true}}, 2, TP_C_fragment_malformed},
        {"up to the end, but not the last", {{48, 64, false}, {48, 64, true}}, 2, TP_C_fragment_malformed},
        {"end in front of what is held", {{64, 80, true}, {16, 48, false}}, 2, TP_C_fragment_malformed},
        {"the rest counts too", {{64, 80, true}, {16, 48, false}, {0, 16, true}}, 3, TP_C_fragment_malformed},
};

static void test_clashes(void **state)
{
	RTE_SET_USED(state);
	rig_store(4, 16);
	for (size_t i = 0; i < RTE_DIM(clashes); i++) {
		for (enum form form = IP4; form < IP6_EXTENSIONS; form++) {
			const struct clash *c = &clashes[i];

			make_datagram(form, 92);
			for (unsigned int k = 0; k < c->n; k++)
				give(c->cuts[k]);
			if (rig.book.c[c->counter] != c->n || rig.udp.n != 0)
				fail_msg("%s: %d of %u", c->name, (int)rig.book.c[c->counter], c->n);
			check_counters(c->counter, c->n);
			reset();
		}
	}
	rig_store_end();
}

/* An exact duplicate is given up alone; one with other octets takes the datagram with it. */
static void test_duplicates(void **state)
{
	RTE_SET_USED(state);
	rig_store(4, 16);
	for (enum form form = IP4; form < FORMS; form++) {
		make_datagram(form, 92);
		give((struct cut){0, 48, true});
		give((struct cut){0, 48, true});
		give((struct cut){64, the.n, false});
		give((struct cut){64, the.n, false});
		give((struct cut){0, 48, true});
		check_counters(TP_C_fragment_overlap, 3);
		give((struct cut){48, 64, true});
		assert_int_equal(rig.book.c[TP_C_fragment_absorbed], 2);
		check_whole(3);
		reset();

		give((struct cut){0, 48, true});
		give((struct cut){48, 64, true});
		the.octets[63] ^= 1;
		give((struct cut){48, 64, true});
		give((struct cut){64, the.n, false});
		check_counters(TP_C_fragment_overlap, 4);
		reset();
	}
	rig_store_end();
}

/* Duplicates whose segments are cut differently are compared across the segments. */
static void test_duplicates_in_segments(void **state)
{
	struct cut c = {16, 64, true};
	uint8_t frame[FRAME_MAX];
	uint32_t n, headers;

	RTE_SET_USED(state);
	rig_store(4, 16);
	make_datagram(IP4, 92);
	headers = put_headers(frame, the.form, the.id, &c);
	memcpy(frame + headers, the.octets + c.from, c.to - c.from);
	n = headers + c.to - c.from;
	rig_run_one(rig_packet_split(frame, n, headers));
	for (uint32_t at = headers; at < n; at++)
		rig_run_one(rig_packet_split(frame, n, at));
	check_counters(TP_C_fragment_overlap, n - headers);
	give((struct cut){0, 16, true});
	give((struct cut){64, the.n, false});
	assert_int_equal(rig.book.c[TP_C_fragment_absorbed], 2);
	check_whole(4);
	make_datagram(IP4, 92);
	put_headers(frame, the.form, the.id, &c);
	rig_run_one(rig_packet_split(frame, n, headers + 7));
	frame[n - 1] ^= 1;
	memset(&rig.book, 0, sizeof(rig.book));
	rig_run_one(rig_packet_split(frame, n, headers + 9));
	check_counters(TP_C_fragment_overlap, 2);
	rig_store_end();
}

/* ---- time and room --------------------------------------------------------------------------------------------------------- */

static void test_timeout(void **state)
{
	RTE_SET_USED(state);
	rig_store(4, 16);
	rig.worker.now_tsc = 5000;
	make_datagram(IP4, 92);
	give((struct cut){0, 48, true});
	rig.worker.now_tsc += RIG_TIMEOUT - 1;
	give((struct cut){48, 64, true}); /* counts from the first fragment: this one does not prolong it */
	tp_fragments_expire(&rig.worker, false);
	check_counters(TP_C_fragment_timeout, 0);
	rig.worker.now_tsc++;
	give((struct cut){64, the.n, false}); /* too late: begins anew */
	check_counters(TP_C_fragment_timeout, 2);
	assert_int_equal(rig.udp.n, 0);
	give((struct cut){0, 48, true});
	give((struct cut){48, 64, true});
	assert_int_equal(rig.book.c[TP_C_fragment_absorbed], 2);
	check_whole(3);
	rig_store_end();
}

/* The older one goes, the younger one stays. */
static void test_timeout_order(void **state)
{
	RTE_SET_USED(state);
	rig_store(4, 16);
	make_datagram(IP4, 92);
	give((struct cut){0, 48, true});
	rig.worker.now_tsc += RIG_TIMEOUT / 2;
	the.id++;
	give((struct cut){0, 48, true});
	rig.worker.now_tsc += RIG_TIMEOUT / 2;
	tp_fragments_expire(&rig.worker, false);
	check_counters(TP_C_fragment_timeout, 1);
	give((struct cut){48, the.n, false});
	assert_int_equal(rig.udp.n, 1);
	rig_store_end();
}

/* What was given up is remembered just as long. */
static void test_remembered(void **state)
{
	RTE_SET_USED(state);
	rig_store(4, 16);
	make_datagram(IP6, 92);
	give((struct cut){0, 48, true});
	give((struct cut){40, 64, true});
	rig.worker.now_tsc += RIG_TIMEOUT - 1;
	give((struct cut){48, the.n, false});
	check_counters(TP_C_fragment_overlap, 3);
	rig.worker.now_tsc++;
	give((struct cut){48, the.n, false});
	give((struct cut){0, 48, true});
	assert_int_equal(rig.book.c[TP_C_fragment_absorbed], 1);
	check_whole(2);
	rig_store_end();
}

static void test_end(void **state)
{
	RTE_SET_USED(state);
	rig_store(4, 16);
	for (int i = 0; i < 3; i++) {
		make_datagram(i, 92);
		give((struct cut){0, 48, true});
		give((struct cut){56, the.n, false});
	}
	tp_fragments_expire(&rig.worker, false);
	check_counters(TP_C_fragment_timeout, 0);
	tp_fragments_expire(&rig.worker, true);
	check_counters(TP_C_fragment_timeout, 6);
	assert_int_equal(rte_mempool_in_use_count(rig.pool), 0);
	rig_store_end();
}

/* The store frees what it holds without counting it. */
static void test_store_end(void **state)
{
	RTE_SET_USED(state);
	rig_store(4, 16);
	make_datagram(IP4, 92);
	give((struct cut){0, 48, true});
	assert_int_equal(rte_mempool_in_use_count(rig.pool), 1);
	rig_store_end();
	tp_fragments_free(NULL);
}

/* No room for a datagram: those in the store still become complete, and time makes room. */
static void test_datagrams_full(void **state)
{
	RTE_SET_USED(state);
	rig_store(2, 16);
	make_datagram(IP4, 92);
	give((struct cut){0, 48, true});
	the.id++;
	give((struct cut){0, 48, true});
	the.id++;
	give((struct cut){0, 48, true});
	check_counters(TP_C_fragment_store_full, 1);
	the.id -= 2;
	give((struct cut){48, the.n, false});
	assert_int_equal(rig.udp.n, 1);
	the.id += 2;
	give((struct cut){0, 48, true});
	assert_int_equal(rig.book.c[TP_C_fragment_store_full], 1);
	the.id++;
	give((struct cut){0, 48, true});
	assert_int_equal(rig.book.c[TP_C_fragment_store_full], 2);
	rig.worker.now_tsc += RIG_TIMEOUT;
	give((struct cut){0, 48, true});
	assert_int_equal(rig.book.c[TP_C_fragment_store_full], 2);
	assert_int_equal(rig.book.c[TP_C_fragment_timeout], 2);
	reset();
	rig_store_end();
}

/* The memory of datagrams given up goes first when room is needed. */
static void test_dead_make_room(void **state)
{
	RTE_SET_USED(state);
	rig_store(1, 16);
	make_datagram(IP4, 92);
	give((struct cut){0, 48, true});
	give((struct cut){40, 64, true});
	check_counters(TP_C_fragment_overlap, 2);
	make_datagram(IP4, 92);
	give((struct cut){0, 48, true});
	give((struct cut){48, the.n, false});
	assert_int_equal(rig.book.c[TP_C_fragment_absorbed], 1);
	check_whole(2);
	rig_store_end();
}

/* No room for a packet: its datagram is given up, so that others can become complete. */
static void test_packets_full(void **state)
{
	uint32_t first;

	RTE_SET_USED(state);
	rig_store(8, 3);
	make_datagram(IP4, 92);
	first = the.id;
	give((struct cut){0, 48, true});
	the.id++;
	give((struct cut){0, 48, true});
	give((struct cut){48, 64, true});
	the.id = first;
	give((struct cut){48, 64, true});
	check_counters(TP_C_fragment_store_full, 2);
	the.id = first + 1;
	give((struct cut){64, the.n, false});
	assert_int_equal(rig.book.c[TP_C_fragment_absorbed], 2);
	assert_int_equal(rig.udp.n, 1);
	the.id = first;
	give((struct cut){64, the.n, false});
	assert_int_equal(rig.book.c[TP_C_fragment_store_full], 3);
	rig_store_end();
}

/* 64 fragments make a datagram, 65 do not. */
static void test_pieces_full(void **state)
{
	RTE_SET_USED(state);
	rig_store(4, 1000);
	for (uint32_t pieces = TP_FRAGMENTS_A_DATAGRAM; pieces <= TP_FRAGMENTS_A_DATAGRAM + 1; pieces++) {
		struct cut cuts[PIECES_MAX];

		make_datagram(IP6, 8 * pieces - 8);
		assert_int_equal(cut_evenly(cuts, 8), pieces);
		for (uint32_t i = 0; i < pieces; i++)
			give(cuts[i]);
		if (pieces == TP_FRAGMENTS_A_DATAGRAM) {
			check_counters(TP_C_fragment_absorbed, pieces - 1);
			check_whole(pieces);
		} else {
			check_counters(TP_C_fragment_store_full, pieces);
		}
		reset();
	}
	rig_store_end();
}

/* Anything at all, in a small store: every fragment ends in one place, and nothing leaks. */
static void test_anything(void **state)
{
	uint32_t x = 88172645;

	RTE_SET_USED(state);
	rig_store(8, 20);
	for (unsigned int round = 0; round < 200; round++) {
		uint64_t went_on = 0;

		for (unsigned int i = 0; i < 200; i++) {
			uint32_t from, to;

			make_datagram(chance32(&x) % FORMS, 92);
			the.id = chance32(&x) % 12;
			from = chance32(&x) % (the.n / 8) * 8;
			to = RTE_MIN(from + 8 + chance32(&x) % 5 * 8, the.n);
			give((struct cut){from, to, to < the.n && to % 8 == 0});
			rig.worker.now_tsc += chance32(&x) % 40;
			went_on += rig.udp.n;
			rig_empty();
		}
		tp_fragments_expire(&rig.worker, true);
		assert_int_equal(rig_counted() + went_on, 200);
		assert_int_equal(rte_mempool_in_use_count(rig.pool), 0);
		memset(&rig.book, 0, sizeof(rig.book));
	}
	rig_store_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_all_orders),
	        cmocka_unit_test(test_random_orders),
	        cmocka_unit_test(test_largest),
	        cmocka_unit_test(test_interleaved),
	        cmocka_unit_test(test_keys),
	        cmocka_unit_test(test_clashes),
	        cmocka_unit_test(test_duplicates),
	        cmocka_unit_test(test_duplicates_in_segments),
	        cmocka_unit_test(test_timeout),
	        cmocka_unit_test(test_timeout_order),
	        cmocka_unit_test(test_remembered),
	        cmocka_unit_test(test_end),
	        cmocka_unit_test(test_store_end),
	        cmocka_unit_test(test_datagrams_full),
	        cmocka_unit_test(test_dead_make_room),
	        cmocka_unit_test(test_packets_full),
	        cmocka_unit_test(test_pieces_full),
	        cmocka_unit_test(test_anything),
	};

	return cmocka_run_group_tests(tests, rig_start, rig_stop);
}
