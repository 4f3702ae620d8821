/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_TEST_GRAPH_RIG_H
#define TP_TEST_GRAPH_RIG_H
/*
 * A graph without ports: the real nodes from eth_input on, a source that feeds them what the test puts into rig.in, and stand-ins for
 * udp_input, port_tx and drop that keep what they get. The program that includes this is linked with the files of the real nodes. Where it defines
 * RIG_DECODE, udp_input is a real one too, and rig.udp is what came to the decoder, "rig_decode"; where it defines RIG_TCP, tcp_input is.
 *
 * Port 0 owns the addresses below; port 1 accepts any, and has some only so that it could answer if that were not forbidden.
 */
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>
#include <rte_eal.h>
#include <rte_graph.h>
#include <rte_graph_worker.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>

#include "guard.h"
#include "node.h"

#define RIG_MAX     1024
#define RIG_TIMEOUT 1000 /* TSC units of the reassembly store */

struct rig_sink {
	struct rte_mbuf *m[RIG_MAX];
	unsigned int n;
};

static struct rig {
	struct rte_mempool *pool;
	struct rte_graph *graph;
	struct tp_worker worker;
	struct tp_book book;
	struct guard guard;
	struct rte_mbuf_ext_shared_info shared;
	struct rte_mbuf *in[RIG_MAX];
	unsigned int n_in;
	struct rig_sink udp, tcp, tx, drop, spread;
} rig;

struct tp_port *tp_port_by_id[RTE_MAX_ETHPORTS];

static struct tp_port rig_ports[2] = {
        {.id = 0,
                .tx_queues = 1,
                .mac = {{2, 0, 0, 0, 0, 1}},
                .n_ip4 = 2,
                .n_ip6 = 2,
                .ip4 = {RTE_BE32(0xc0000201), RTE_BE32(0xc0000202)},
                .ip6 = {{0x20, 0x01, 0x0d, 0xb8, [15] = 1}, {0xfe, 0x80, [15] = 1}}},
        {.id = 1,
                .tx_queues = 1,
                .accept_any = true,
                .mac = {{2, 0, 0, 0, 0, 1}},
                .n_ip4 = 1,
                .n_ip6 = 2,
                .ip4 = {RTE_BE32(0xc0000201)},
                .ip6 = {{0x20, 0x01, 0x0d, 0xb8, [15] = 1}, {0xfe, 0x80, [15] = 1}}},
};

/* ---- nodes ----------------------------------------------------------------------------------------------------------------- */

static uint16_t rig_source_process(struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n)
{
	RTE_SET_USED(objs);
	RTE_SET_USED(n);
	rte_node_enqueue(graph, node, 0, (void **)rig.in, (uint16_t)rig.n_in);
	return (uint16_t)rig.n_in;
}

static struct rte_node_register rig_source = {
        .name = "rig_source",
        .flags = RTE_NODE_SOURCE_F,
        .process = rig_source_process,
        .nb_edges = 1,
        .next_nodes = {"eth_input"},
};
RTE_NODE_REGISTER(rig_source)

#define RIG_SINK(member, node_name)                                                                                                \
	static uint16_t rig_##member##_process(struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n)            \
	{                                                                                                                          \
		RTE_SET_USED(graph);                                                                                               \
		RTE_SET_USED(node);                                                                                                \
		assert_true(rig.member.n + n <= RIG_MAX);                                                                          \
		memcpy(&rig.member.m[rig.member.n], objs, n * sizeof(*objs));                                                      \
		rig.member.n += n;                                                                                                 \
		return n;                                                                                                          \
	}                                                                                                                          \
	static struct rte_node_register rig_##member = {.name = node_name, .process = rig_##member##_process};                     \
	RTE_NODE_REGISTER(rig_##member)

#ifdef RIG_DECODE
RIG_SINK(udp, "rig_decode")
RIG_SINK(spread, "spread_tx")
#else
RIG_SINK(udp, "udp_input")
#endif
#ifdef RIG_TCP
RIG_SINK(spread, "spread_tx")
#else
RIG_SINK(tcp, "tcp_input")
#endif
RIG_SINK(tx, "port_tx")
RIG_SINK(drop, "drop")

/* ---- start and end --------------------------------------------------------------------------------------------------------- */

static inline int rig_eal(const char *program)
{
	char cpu[16];
	char *argv[] = {(char *)(uintptr_t)program, (char[]){"-l"}, cpu, (char[]){"--no-huge"}, (char[]){"-m"}, (char[]){"256"},
	        (char[]){"--no-pci"}, (char[]){"--no-shconf"}, (char[]){"--no-telemetry"}, (char[]){"--log-level=error"}, NULL};

	snprintf(cpu, sizeof(cpu), "%d", sched_getcpu());
	return rte_eal_init((int)RTE_DIM(argv) - 1, argv);
}

/* One node of each kind is enough: the contexts hold just the worker. */
static inline void rig_graph(void)
{
	const char *patterns[] = {"rig_source"};
	struct rte_graph_param param = {.socket_id = SOCKET_ID_ANY, .nb_node_patterns = 1, .node_patterns = patterns};
	struct tp_worker *w = &rig.worker;
	struct rte_node *node;
	rte_graph_off_t off;
	rte_node_t count;

#ifdef RIG_DECODE
	const char *decode[] = {"rig_decode"};

	rte_node_edge_update(rte_node_from_name("eth_input"), RTE_EDGE_ID_INVALID, decode, 1);
	rte_node_edge_update(rte_node_from_name("udp_input"), RTE_EDGE_ID_INVALID, decode, 1);
#endif
	assert_int_not_equal(rte_graph_create("rig", &param), RTE_GRAPH_ID_INVALID);
	rig.graph = rte_graph_lookup("rig");
	assert_non_null(rig.graph);
	rte_graph_foreach_node(count, off, rig.graph, node) memcpy(node->ctx, &w, sizeof(w));
}

static inline int rig_start(void **state)
{
	RTE_SET_USED(state);
	if (rig_eal("rig") < 0)
		return -1;
	rig.pool = rte_pktmbuf_pool_create(
	        "rig", 2047, 0, RTE_ALIGN(sizeof(struct tp_record), 8), RTE_PKTMBUF_HEADROOM + 2048, SOCKET_ID_ANY);
	assert_non_null(rig.pool);
	for (unsigned int i = 0; i < RTE_DIM(rig_ports); i++)
		tp_port_by_id[i] = &rig_ports[i];
	rig.guard = guard_new(4096);
	rig.worker = (struct tp_worker){.books = &rig.book, .now_tsc = 1, .n_workers = 1};
	rig_graph();
	return 0;
}

static inline int rig_stop(void **state)
{
	RTE_SET_USED(state);
	rte_graph_destroy(rig.graph->id);
	rte_mempool_free(rig.pool);
	return rte_eal_cleanup();
}

#ifdef RIG_DECODE
/* The same with a plan, which the real udp_input asks; books: n_sources of it. The plan is *state. */
static inline int rig_start_plan(void **state, const struct tp_plan_spec *spec, struct tp_book *books)
{
	struct tp_plan *plan;
	char err[256];

	if (rig_start(state) < 0 || tp_plan_build(spec, &plan, err, sizeof(err)) != 0)
		return -1;
	rig.worker.books = books;
	rig.worker.plan = plan;
	rig.worker.spec = tp_plan_spec(plan);
	rig.worker.now_us = INT64_C(1760000000000000);
	rig.worker.decode_edge[0] = TP_DECODE_EDGE_UDP;
	*state = plan;
	return 0;
}

static inline int rig_stop_plan(void **state)
{
	tp_plan_free(*state);
	return rig_stop(state);
}
#endif

static inline void rig_sink_empty(struct rig_sink *sink)
{
	rte_pktmbuf_free_bulk(sink->m, sink->n);
	sink->n = 0;
}

static inline void rig_empty(void)
{
	rig_sink_empty(&rig.udp);
	rig_sink_empty(&rig.tcp);
	rig_sink_empty(&rig.tx);
	rig_sink_empty(&rig.drop);
}

/* A store of its own and empty books for each test; what a failed one left is freed. */
static inline void rig_store(uint32_t datagrams, uint32_t packets)
{
	rig_empty();
	tp_fragments_free(rig.worker.fragments);
	rig.worker.fragments = tp_fragments_new(datagrams, packets, RIG_TIMEOUT);
	assert_non_null(rig.worker.fragments);
	memset(&rig.book, 0, sizeof(rig.book));
}

/* Frees what there is, and checks that no packet is left anywhere. */
static inline void rig_store_end(void)
{
	rig_empty();
	tp_fragments_free(rig.worker.fragments);
	rig.worker.fragments = NULL;
	assert_int_equal(rte_mempool_in_use_count(rig.pool), 0);
}

/* ---- packets --------------------------------------------------------------------------------------------------------------- */

static inline struct rte_mbuf *rig_packet(const uint8_t *data, uint32_t n, uint16_t port)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(rig.pool);

	assert_non_null(m);
	memcpy(rte_pktmbuf_append(m, (uint16_t)n), data, n);
	m->port = port;
	return m;
}

/* Two segments, the second from octet `at` on. */
static inline struct rte_mbuf *rig_packet_split(const uint8_t *data, uint32_t n, uint32_t at)
{
	struct rte_mbuf *m = rig_packet(data, at, 0);

	assert_int_equal(rte_pktmbuf_chain(m, rig_packet(data + at, n - at, 0)), 0);
	return m;
}

static inline void rig_guard_freed(void *addr, void *opaque)
{
	RTE_SET_USED(addr);
	RTE_SET_USED(opaque);
}

/*
 * A packet that ends at a page nobody may read, without room behind it; one octet in front of that page where n is odd, because frames
 * start at even addresses. One at a time.
 */
static inline struct rte_mbuf *rig_packet_guarded(const uint8_t *data, uint32_t n, uint16_t port)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(rig.pool);
	uint32_t even = n + (n & 1);
	uint8_t *at = rig.guard.map + rig.guard.size - even;

	assert_non_null(m);
	memcpy(at, data, n);
	rig.shared.free_cb = rig_guard_freed;
	rte_mbuf_ext_refcnt_set(&rig.shared, 1);
	rte_pktmbuf_attach_extbuf(m, at, RTE_BAD_IOVA, (uint16_t)n, &rig.shared);
	m->data_len = (uint16_t)n;
	m->pkt_len = n;
	m->port = port;
	return m;
}

static inline void rig_run(struct rte_mbuf **m, unsigned int n)
{
	assert_true(n <= RIG_MAX);
	memcpy(rig.in, m, n * sizeof(*m));
	rig.n_in = n;
	rte_graph_walk(rig.graph);
}

static inline void rig_run_one(struct rte_mbuf *m)
{
	rig_run(&m, 1);
}

/* ---- books ----------------------------------------------------------------------------------------------------------------- */

/* Sum of all counters in which a packet can end before udp_input. */
static inline uint64_t rig_counted(void)
{
	uint64_t sum = 0;

	for (unsigned int i = TP_C_arp; i < TP_COUNTER_COUNT; i++)
		sum += rig.book.c[i];
	return sum;
}

static inline void rig_check_packet(const struct rte_mbuf *m, const uint8_t *want, uint32_t n)
{
	static uint8_t buffer[1 << 17];
	const void *got = rte_pktmbuf_read(m, 0, m->pkt_len, buffer);

	rte_mbuf_sanity_check(m, 1);
	assert_int_equal(m->pkt_len, n);
	assert_memory_equal(got, want, n);
}

#endif
