/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The nodes between eth_input and udp_input, as a graph, over frames whose truth is in packet_vectors.h; and whatever can be made of
 * those frames by cutting, changing and splitting them: each packet ends in exactly one place.
 */
#include <netinet/in.h>

#include "graph_rig.h"

#include "chance.h"
#include "checksum.h"
#include "frame_maker.h"

enum edge { EDGE_UDP, EDGE_TCP, EDGE_TX, EDGE_DROP, EDGE_HELD, EDGE_FREED };

#define NO_COUNTER TP_COUNTER_COUNT

struct vector {
	const char *name;
	enum edge edge;
	enum tp_counter counter; /* the one that moves */
	const char *in;          /* hexadecimal */
	const char *out;
};

#include "packet_vectors.h"

static enum edge where(void)
{
	if (rig.udp.n == 1)
		return EDGE_UDP;
	if (rig.tcp.n == 1)
		return EDGE_TCP;
	if (rig.tx.n == 1)
		return EDGE_TX;
	if (rig.drop.n == 1)
		return EDGE_DROP;
	return rte_mempool_in_use_count(rig.pool) != 0 ? EDGE_HELD : EDGE_FREED;
}

/* Just one of: counted once, went on to UDP or TCP, in the reassembly store. The store is empty afterwards. */
static void check_one_place(void)
{
	unsigned int out = rig.udp.n + rig.tcp.n + rig.tx.n + rig.drop.n;
	uint64_t counted = rig_counted();

	assert_in_range(out, 0, 1);
	if (where() == EDGE_UDP || where() == EDGE_TCP || where() == EDGE_HELD)
		assert_int_equal(counted, 0);
	else
		assert_int_equal(counted, 1);
	rig_empty();
	tp_fragments_expire(&rig.worker, true);
	assert_int_equal(rte_mempool_in_use_count(rig.pool), 0);
	memset(&rig.book, 0, sizeof(rig.book));
}

/* ---- frames as they are ---------------------------------------------------------------------------------------------------- */

static void check_output(const struct vector *v, struct rig_sink *sink)
{
	uint8_t want[FRAME_MAX];
	uint32_t n = frame_unhex(v->out, want);
	struct rte_mbuf *m = sink->m[0];

	rig_check_packet(m, want, n);
	if (v->edge != EDGE_UDP)
		return;
	assert_int_equal(m->ol_flags & TP_MBUF_REASSEMBLED, 0);
	assert_memory_equal(rte_pktmbuf_mtod_offset(m, uint8_t *, m->l2_len + m->l3_len), "\x12\x34\xb6\xd0", 4);
	assert_true(tp_udp_checksum_ok(m, m->l2_len + m->l3_len, m->pkt_len - m->l2_len - m->l3_len));
}

static void check_vector(const struct vector *v)
{
	if (where() != v->edge)
		fail_msg("%s: edge %d, expected %d", v->name, where(), v->edge);
	for (enum tp_counter c = TP_C_arp; c < TP_COUNTER_COUNT; c++)
		if (rig.book.c[c] != (c == v->counter))
			fail_msg("%s: counter %d is %d", v->name, c, (int)rig.book.c[c]);
	if (v->edge == EDGE_UDP)
		check_output(v, &rig.udp);
	if (v->edge == EDGE_TX)
		check_output(v, &rig.tx);
	check_one_place();
}

static void test_vectors(void **state)
{
	RTE_SET_USED(state);
	rig_store(16, 64);
	for (size_t i = 0; i < RTE_DIM(vectors); i++) {
		uint8_t in[FRAME_MAX];
		uint32_t n = frame_unhex(vectors[i].in, in);

		rig_run_one(rig_packet(in, n, 0));
		check_vector(&vectors[i]);
	}
	rig_store_end();
}

/* All frames in one go, so that every node sees packets that take different edges. */
static void test_vectors_at_once(void **state)
{
	struct rte_mbuf *m[RTE_DIM(vectors)];
	unsigned int want[EDGE_FREED + 1] = {0}, held;
	uint64_t counters[TP_COUNTER_COUNT + 1] = {0};

	RTE_SET_USED(state);
	rig_store(256, 256);
	for (size_t i = 0; i < RTE_DIM(vectors); i++) {
		uint8_t in[FRAME_MAX];

		/* Fragments of the table overlap when they meet. */
		m[i] = rig_packet(in, frame_unhex(vectors[i].edge == EDGE_HELD ? vectors[0].in : vectors[i].in, in), 0);
		want[vectors[i].edge == EDGE_HELD ? vectors[0].edge : vectors[i].edge]++;
		counters[vectors[i].edge == EDGE_HELD ? vectors[0].counter : vectors[i].counter]++;
	}
	rig_run(m, RTE_DIM(vectors));
	held = rte_mempool_in_use_count(rig.pool) - rig.udp.n - rig.tcp.n - rig.tx.n - rig.drop.n;
	assert_int_equal(held, 0);
	assert_int_equal(rig.udp.n, want[EDGE_UDP]);
	assert_int_equal(rig.tcp.n, want[EDGE_TCP]);
	assert_int_equal(rig.tx.n, want[EDGE_TX]);
	assert_int_equal(rig.drop.n, want[EDGE_DROP]);
	assert_memory_equal(&rig.book.c[TP_C_arp], &counters[TP_C_arp], (TP_COUNTER_COUNT - TP_C_arp) * sizeof(uint64_t));
	rig_store_end();
}

/* A port without addresses takes everything and answers nothing. */
static void test_accept_any(void **state)
{
	RTE_SET_USED(state);
	rig_store(16, 64);
	for (size_t i = 0; i < RTE_DIM(vectors); i++) {
		uint8_t in[FRAME_MAX];
		uint32_t n = frame_unhex(vectors[i].in, in);

		rig_run_one(rig_packet(in, n, 1));
		assert_int_equal(rig.tx.n, 0);
		if (vectors[i].edge == EDGE_UDP || vectors[i].edge == EDGE_HELD)
			assert_int_equal(where(), vectors[i].edge);
		check_one_place();
	}
	rig_store_end();
}

/* ---- frames cut, changed and split ----------------------------------------------------------------------------------------- */

static uint32_t header_at(const uint8_t *frame, uint32_t n)
{
	uint32_t at = 14;

	while (at + 4 <= n && frame[at - 2] == 0x81 && frame[at - 1] == 0)
		at += 4;
	if (at + 4 <= n && frame[at - 2] == 0x88 && frame[at - 1] == 0xa8)
		at = frame[at + 2] == 0x81 ? at + 8 : at + 4;
	return at;
}

static void put16(uint8_t *p, uint32_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

static void store_checksum(uint8_t *field, uint64_t pseudo, const uint8_t *data, uint32_t n)
{
	uint16_t sum;

	put16(field, 0);
	sum = (uint16_t)~tp_checksum_fold(tp_checksum_add(pseudo, data, n));
	memcpy(field, &sum, 2);
}

/* Makes the lengths and checksums of a cut or changed frame right again, so that what is behind them is looked at. */
static void mend(uint8_t *frame, uint32_t n)
{
	uint32_t at = header_at(frame, n), ihl, left;
	uint8_t *ip = frame + at;

	left = n > at ? n - at : 0;
	if (left >= 20 && ip[0] >> 4 == 4 && frame[at - 2] == 0x08 && frame[at - 1] == 0) {
		ihl = (ip[0] & 15) * 4U;
		put16(ip + 2, left);
		if (ihl >= 20 && left >= ihl)
			store_checksum(ip + 10, 0, ip, ihl);
		if (ihl >= 20 && left >= ihl + 4 && ip[9] == IPPROTO_ICMP)
			store_checksum(ip + ihl + 2, 0, ip + ihl, left - ihl);
	} else if (left >= 40 && ip[0] >> 4 == 6) {
		put16(ip + 4, left - 40);
		if (left >= 44 && ip[6] == IPPROTO_ICMPV6)
			store_checksum(ip + 42, tp_checksum_pseudo(ip, IPPROTO_ICMPV6, left - 40), ip + 40, left - 40);
	}
}

static void test_cut(void **state)
{
	uint8_t in[FRAME_MAX];

	RTE_SET_USED(state);
	rig_store(16, 64);
	for (size_t i = 0; i < RTE_DIM(vectors); i++) {
		uint32_t n = frame_unhex(vectors[i].in, in);

		for (uint32_t cut = 0; cut <= n; cut++) {
			uint8_t mended[FRAME_MAX];

			rig_run_one(rig_packet_guarded(in, cut, cut & 1));
			check_one_place();
			memcpy(mended, in, cut);
			mend(mended, cut);
			rig_run_one(rig_packet_guarded(mended, cut, 0));
			check_one_place();
		}
	}
	rig_store_end();
}

static void test_changed(void **state)
{
	uint32_t x = 2463534242;

	RTE_SET_USED(state);
	rig_store(16, 64);
	for (size_t i = 0; i < RTE_DIM(vectors); i++) {
		for (int round = 0; round < 300; round++) {
			uint8_t in[FRAME_MAX];
			uint32_t n = frame_unhex(vectors[i].in, in);

			for (int changes = 1 + round % 3; changes > 0; changes--)
				in[chance32(&x) % n] = (uint8_t)chance32(&x);
			if (round & 1)
				mend(in, n);
			rig_run_one(rig_packet_guarded(in, n, 0));
			check_one_place();
		}
	}
	rig_store_end();
}

static void check_split_solicitation(const char *name)
{
	if (strstr(name, "padded") == NULL)
		assert_int_equal(rig.book.c[TP_C_icmp_malformed], 1);
	check_one_place();
}

/*
 * Behind the headers a second segment changes nothing; within them it is not looked for, but the packet still ends in one place. Of a
 * solicitation everything is header.
 */
static void test_split(void **state)
{
	RTE_SET_USED(state);
	rig_store(16, 64);
	for (size_t i = 0; i < RTE_DIM(vectors); i++) {
		const struct vector *v = &vectors[i];
		uint8_t in[FRAME_MAX];
		uint32_t n = frame_unhex(v->in, in);

		for (uint32_t at = 1; at < n; at++) {
			rig_run_one(rig_packet_split(in, n, at));
			if (at + 5 >= n && v->counter == TP_C_icmp_echo)
				check_vector(v);
			else if (at + 5 >= n && v->counter == TP_C_neighbour && v->edge == EDGE_TX)
				check_split_solicitation(v->name);
			else
				check_one_place();
		}
	}
	rig_store_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_vectors),
	        cmocka_unit_test(test_vectors_at_once),
	        cmocka_unit_test(test_accept_any),
	        cmocka_unit_test(test_cut),
	        cmocka_unit_test(test_changed),
	        cmocka_unit_test(test_split),
	};

	return cmocka_run_group_tests(tests, rig_start, rig_stop);
}
