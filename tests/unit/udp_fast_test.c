/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The short way of a datagram beside the way through eth_input, ip4_input and udp_input: every frame goes through the graph twice, first while no flow
 * is known, then with the flows of what was learned. Where it ends, its record, the books and its octets must be the same.
 */
#define RIG_DECODE
#include "graph_rig.h"

#include <netinet/in.h>

#include "chance.h"
#include "frame_maker.h"
#include "udp_fast.h"

enum edge { EDGE_UDP, EDGE_TCP, EDGE_TX, EDGE_DROP, EDGE_HELD, EDGE_FREED };

struct vector {
	const char *name;
	enum edge edge;
	enum tp_counter counter;
	const char *in, *out;
};
#define NO_COUNTER TP_COUNTER_COUNT
#include "packet_vectors.h"

#define SOURCES 3
#define PORT    46800 /* of the datagrams in the vectors */

static struct tp_book books[SOURCES];
static struct tp_flow learned[TP_FLOWS];

/* What became of one frame. */
struct outcome {
	unsigned int udp, tcp, tx, drop, held;
	struct tp_book books[SOURCES];
	struct tp_record rec;
	uint32_t payload_at, len;
	uint8_t frame[FRAME_MAX];
};

/* A usual frame: 192.0.2.99 to an address of port 0, `n` octets of data. */
static uint32_t usual(uint8_t *frame, uint16_t from, uint32_t n)
{
	static const uint8_t head[] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0x99, 8, 0, 0x45, 0, 0, 0, 0x12, 0x34, 0x40, 0, 64,
	        IPPROTO_UDP, 0, 0, 192, 0, 2, 99, 192, 0, 2, 1};

	memcpy(frame, head, sizeof(head));
	frame[34] = (uint8_t)(from >> 8);
	frame[35] = (uint8_t)from;
	frame[36] = PORT >> 8;
	frame[37] = PORT & 255;
	for (uint32_t i = 0; i < n; i++)
		frame[42 + i] = (uint8_t)(i * 31 + n);
	return 42 + n;
}

static void put16(uint8_t *p, uint32_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

/* Makes lengths and checksums of a frame right, as far as it has the headers in the usual places. */
static void mend(uint8_t *frame, uint32_t n, bool lengths)
{
	uint16_t sum;

	if (n < 42)
		return;
	if (lengths) {
		put16(frame + 16, n - 14);
		put16(frame + 38, n - 34);
	}
	put16(frame + 24, 0);
	sum = (uint16_t)~tp_checksum_fold(tp_checksum_add(0, frame + 14, 20));
	memcpy(frame + 24, &sum, 2);
	put16(frame + 40, 0);
	sum = (uint16_t)~tp_checksum_fold(tp_checksum_add(tp_checksum_pseudo(frame + 14, IPPROTO_UDP, n - 34), frame + 34, n - 34));
	memcpy(frame + 40, &sum, 2);
}

static uint64_t through_udp_input(void)
{
	return rte_graph_node_get_by_name("rig", "udp_input")->total_objs;
}

static void outcome_of(struct outcome *o, struct rte_mbuf *m)
{
	memset(o, 0, sizeof(*o));
	memset(books, 0, sizeof(books));
	memset(tp_rec(m), 0xa5, sizeof(struct tp_record));
	rig_run_one(m);
	o->udp = rig.udp.n;
	o->tcp = rig.tcp.n;
	o->tx = rig.tx.n;
	o->drop = rig.drop.n;
	o->held = rte_mempool_in_use_count(rig.pool) - (o->udp + o->tcp + o->tx + o->drop);
	memcpy(o->books, books, sizeof(books));
	if (o->udp == 1) {
		const struct rte_mbuf *out = rig.udp.m[0];

		memcpy(&o->rec, tp_rec(rig.udp.m[0]), sizeof(o->rec));
		o->payload_at =
		        o->rec.payload.p ? (uint32_t)(o->rec.payload.p - rte_pktmbuf_mtod(out, const uint8_t *)) : UINT32_MAX;
		o->rec.payload.p = NULL;
		o->len = out->pkt_len;
		memcpy(o->frame, rte_pktmbuf_mtod(out, const uint8_t *), out->data_len);
	}
	rig_empty();
	tp_fragments_expire(&rig.worker, true);
	assert_int_equal(rte_mempool_in_use_count(rig.pool), 0);
}

/* Both ways. Returns whether the second one was the short one. The frame teaches its flow where `learn`. */
static bool check_both(const char *name, const uint8_t *frame, uint32_t n, uint16_t port, uint64_t verdict, bool learn)
{
	static struct outcome reference, other;
	struct rte_mbuf *m = rig_packet_guarded(frame, n, port);
	uint64_t before;

	memset(rig.worker.flows, 0, sizeof(rig.worker.flows));
	m->ol_flags |= verdict;
	outcome_of(&reference, m);
	if (!learn)
		memcpy(rig.worker.flows, learned, sizeof(learned));
	before = through_udp_input();
	m = rig_packet_guarded(frame, n, port);
	m->ol_flags |= verdict;
	outcome_of(&other, m);
	if (memcmp(&reference, &other, sizeof(other)) != 0)
		fail_msg("%s: decoded %u and %u, dropped %u and %u, payload at %u and %u, %u and %u octets", name, reference.udp,
		        other.udp, reference.drop, other.drop, reference.payload_at, other.payload_at, reference.rec.payload.n,
		        other.rec.payload.n);
	return other.udp && through_udp_input() == before;
}

static const uint64_t verdicts[] = {0, RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD, RTE_MBUF_F_RX_IP_CKSUM_GOOD,
        RTE_MBUF_F_RX_L4_CKSUM_GOOD, RTE_MBUF_F_RX_L4_CKSUM_BAD, RTE_MBUF_F_RX_IP_CKSUM_BAD,
        RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_BAD, RTE_MBUF_F_RX_IP_CKSUM_BAD | RTE_MBUF_F_RX_L4_CKSUM_GOOD};

/* ---- tests ----------------------------------------------------------------------------------------------------------------- */
static void test_vectors(void **state)
{
	RTE_SET_USED(state);
	rig_store(16, 64);
	for (size_t i = 0; i < RTE_DIM(vectors); i++)
		for (size_t v = 0; v < RTE_DIM(verdicts); v++)
			for (uint16_t port = 0; port < 2; port++) {
				uint8_t in[FRAME_MAX];

				check_both(vectors[i].name, in, frame_unhex(vectors[i].in, in), port, verdicts[v], true);
			}
	rig_store_end();
}

/* The usual ones do go the short way, with any length; the port's word counts where it says that both checksums are right. */
static void test_usual(void **state)
{
	uint8_t frame[FRAME_MAX];

	RTE_SET_USED(state);
	rig_store(16, 64);
	for (uint32_t n = 0; n <= 1400; n += n < 300 ? 1 : 37) {
		uint32_t len = usual(frame, 5000, n);

		mend(frame, len, true);
		assert_true(check_both("usual", frame, len, 0, 0, true));
		assert_true(check_both("usual, checked by the port", frame, len, 0, verdicts[1], true));
		assert_false(check_both("usual, header checked by the port", frame, len, 0, verdicts[2], true));
		frame[40] ^= 1;
		assert_false(check_both("wrong checksum", frame, len, 0, 0, true));
		frame[40] ^= 1;
		frame[len - 1] ^= 0x80;
		assert_false(check_both("wrong octet at the end", frame, len, 0, 0, true));
		frame[len - 1] ^= 0x80;
		put16(frame + 40, 0);
		assert_false(check_both("no checksum", frame, len, 0, 0, true));
	}
	rig_store_end();
}

/* Frames changed at random, cut and padded, while the flow of the one they were made from is known. */
static void test_changed(void **state)
{
	uint32_t x = 2463534242, fast = 0;

	RTE_SET_USED(state);
	rig_store(16, 64);
	for (int round = 0; round < 60000; round++) {
		uint8_t frame[FRAME_MAX] = {0};
		uint32_t n = usual(frame, 5000, chance32(&x) % 120), changed = chance32(&x) % 4;
		uint16_t port = 0;

		mend(frame, n, true);
		check_both("original", frame, n, 0, 0, true);
		memcpy(learned, rig.worker.flows, sizeof(learned));
		while (changed--)
			frame[chance32(&x) % (changed & 1 ? n : 42)] = (uint8_t)chance32(&x);
		if (chance32(&x) % 4 == 0)
			n = chance32(&x) % (n + 8);
		if (chance32(&x) % 8 == 0)
			port = 1;
		if (chance32(&x) % 4)
			mend(frame, n, chance32(&x) & 1);
		fast += check_both("changed", frame, n, port, verdicts[chance32(&x) % 16 < 8 ? 0 : chance32(&x) % 8], false);
	}
	assert_in_range(fast, 5000, 55000);
	rig_store_end();
}

/* A known flow on a port that owns other addresses, or another MAC address, is not taken for ours. */
static void test_filters(void **state)
{
	uint8_t frame[FRAME_MAX];
	uint32_t n = usual(frame, 5000, 40);

	RTE_SET_USED(state);
	rig_store(16, 64);
	mend(frame, n, true);
	assert_true(check_both("original", frame, n, 0, 0, true));
	memcpy(learned, rig.worker.flows, sizeof(learned));
	rig_ports[0].mac_filter = true;
	assert_true(check_both("our address", frame, n, 0, 0, false));
	frame[5] = 7;
	assert_false(check_both("another's address", frame, n, 0, 0, false));
	frame[0] = 1;
	assert_false(check_both("a group's address", frame, n, 0, 0, false));
	rig_ports[0].mac_filter = false;
	assert_false(check_both("another port", frame, n, 1, 0, false));
	rig_store_end();
}

/* What stands in a vector keeps its order, whatever way it has to take. */
static void test_order(void **state)
{
	uint32_t x = 88172645;

	RTE_SET_USED(state);
	rig_store(16, 64);
	for (int round = 0; round < 2000; round++) {
		struct rte_mbuf *m[32];
		unsigned int next = 0;

		memset(books, 0, sizeof(books));
		for (unsigned int i = 0; i < RTE_DIM(m); i++) {
			uint8_t frame[FRAME_MAX];
			uint32_t n = usual(frame, (uint16_t)(5000 + chance32(&x) % 3), 20 + i);

			mend(frame, n, true);
			if (chance32(&x) % 16 == 0)
				put16(frame + 40, 0); /* no checksum: fine, but not usual */
			m[i] = rig_packet(frame, n, 0);
		}
		rig_run(m, RTE_DIM(m));
		assert_int_equal(rig.udp.n, RTE_DIM(m));
		for (unsigned int i = 0; i < rig.udp.n; i++)
			assert_int_equal(tp_rec(rig.udp.m[i])->payload.n, 20 + next++);
		assert_int_equal(books[1].c[TP_C_received], RTE_DIM(m));
		assert_int_equal(books[0].c[TP_C_received] + RTE_DIM(m), 0);
		rig_empty();
	}
	rig_store_end();
}

/* A worker that hands datagrams to others leaves all of them to udp_input, which knows whose they are. */
static void test_spread(void **state)
{
	struct rte_ring *none[1] = {NULL};
	uint8_t frame[FRAME_MAX];
	uint32_t n = usual(frame, 5000, 40);

	RTE_SET_USED(state);
	rig_store(16, 64);
	mend(frame, n, true);
	assert_true(check_both("one worker", frame, n, 0, 0, true));
	rig.worker.spread_out = none;
	assert_false(check_both("several workers", frame, n, 0, 0, true));
	rig.worker.spread_out = NULL;
	rig_store_end();
}

static int start(void **state)
{
	static const struct tp_decoder decoder = {.name = "rig"};
	static const struct tp_listener listener = {.name = "rig", .port = PORT, .decoder = &decoder, .unknown_source = 2};
	static const struct tp_source sources[SOURCES] = {{.device = {(const uint8_t *)"", 0}, .site = {(const uint8_t *)"", 0}},
	        {.device = {(const uint8_t *)"known", 5}, .site = {(const uint8_t *)"", 0}},
	        {.device = {(const uint8_t *)"others", 6}, .site = {(const uint8_t *)"", 0}, .unknown = true}};
	static const struct tp_prefix prefix = {.family = 4, .length = 32, .source = 1, .addr = {192, 0, 2, 99}};
	static struct tp_topic topic = {.name = "rig", .kind = TP_KIND_bsm};
	const struct tp_plan_spec spec = {.listeners = &listener,
	        .n_listeners = 1,
	        .sources = sources,
	        .n_sources = SOURCES,
	        .prefixes = &prefix,
	        .n_prefixes = 1,
	        .topics = &topic,
	        .n_topics = 1};

	return rig_start_plan(state, &spec, books);
}

/* As on a processor without AVX-512. */
static tp_udp_run_fn chosen;

static int plain(void **state)
{
	RTE_SET_USED(state);
	chosen = tp_udp_run;
	tp_udp_run = NULL;
	return 0;
}

static int plain_end(void **state)
{
	RTE_SET_USED(state);
	tp_udp_run = chosen;
	return 0;
}
#define PLAIN_TEST(test) cmocka_unit_test_setup_teardown(test, plain, plain_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_vectors),
	        cmocka_unit_test(test_usual),
	        cmocka_unit_test(test_changed),
	        cmocka_unit_test(test_filters),
	        cmocka_unit_test(test_order),
	        cmocka_unit_test(test_spread),
	        PLAIN_TEST(test_vectors),
	        PLAIN_TEST(test_usual),
	        PLAIN_TEST(test_changed),
	        PLAIN_TEST(test_filters),
	        PLAIN_TEST(test_order),
	};

	return cmocka_run_group_tests(tests, start, rig_stop_plan);
}
