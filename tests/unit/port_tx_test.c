/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * port_tx and drop in a graph, with ports made of rings: what goes out on which port, padding, and a port that does not take everything.
 */
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>
#include <rte_eal.h>
#include <rte_eth_ring.h>
#include <rte_ethdev.h>

#include "node.h"

#define RING_SIZE 16 /* holds 15 */

struct tp_port *tp_port_by_id[RTE_MAX_ETHPORTS];

static struct tp_port ports[2];
static struct rte_ring *rings[2];
static struct rte_mempool *pool;
static struct rte_graph *graph;
static struct tp_book book;
static struct tp_worker worker = {.books = &book, .n_workers = 1};
static struct rte_mbuf *in[64];
static unsigned int n_in;
static rte_edge_t edge;

static uint16_t source_process(struct rte_graph *g, struct rte_node *node, void **objs, uint16_t n)
{
	RTE_SET_USED(objs);
	RTE_SET_USED(n);
	rte_node_enqueue(g, node, edge, (void **)in, (uint16_t)n_in);
	return (uint16_t)n_in;
}

static struct rte_node_register source = {
        .name = "test_source",
        .flags = RTE_NODE_SOURCE_F,
        .process = source_process,
        .nb_edges = 2,
        .next_nodes = {"port_tx", "drop"},
};
RTE_NODE_REGISTER(source)

static void start_port(unsigned int i)
{
	struct rte_eth_conf conf = {0};
	char name[16];
	int id;

	snprintf(name, sizeof(name), "test%u", i);
	rings[i] = rte_ring_create(name, RING_SIZE, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
	assert_non_null(rings[i]);
	id = rte_eth_from_ring(rings[i]);
	assert_int_equal(id, i);
	assert_int_equal(rte_eth_dev_configure((uint16_t)id, 1, 1, &conf), 0);
	assert_int_equal(rte_eth_rx_queue_setup((uint16_t)id, 0, 16, SOCKET_ID_ANY, NULL, pool), 0);
	assert_int_equal(rte_eth_tx_queue_setup((uint16_t)id, 0, 16, SOCKET_ID_ANY, NULL), 0);
	assert_int_equal(rte_eth_dev_start((uint16_t)id), 0);
	ports[i] = (struct tp_port){.id = (uint16_t)id, .tx_queues = 1, .rx_queues = 1};
	tp_port_by_id[id] = &ports[i];
}

static int start(void **state)
{
	char cpu[16];
	char *argv[] = {(char[]){"port_tx_test"}, (char[]){"-l"}, cpu, (char[]){"--no-huge"}, (char[]){"-m"}, (char[]){"64"},
	        (char[]){"--no-pci"}, (char[]){"--no-shconf"}, (char[]){"--no-telemetry"}, (char[]){"--log-level=error"}, NULL};
	const char *patterns[] = {"test_source"};
	struct rte_graph_param param = {.socket_id = SOCKET_ID_ANY, .nb_node_patterns = 1, .node_patterns = patterns};
	struct tp_worker *w = &worker;
	struct rte_node *node;
	rte_graph_off_t off;
	rte_node_t count;

	RTE_SET_USED(state);
	snprintf(cpu, sizeof(cpu), "%d", sched_getcpu());
	if (rte_eal_init((int)RTE_DIM(argv) - 1, argv) < 0)
		return -1;
	pool = rte_pktmbuf_pool_create("test", 255, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	assert_non_null(pool);
	start_port(0);
	start_port(1);
	assert_int_not_equal(rte_graph_create("test", &param), RTE_GRAPH_ID_INVALID);
	graph = rte_graph_lookup("test");
	rte_graph_foreach_node(count, off, graph, node) memcpy(node->ctx, &w, sizeof(w));
	return 0;
}

static int stop(void **state)
{
	RTE_SET_USED(state);
	rte_graph_destroy(graph->id);
	for (uint16_t i = 0; i < RTE_DIM(ports); i++) {
		assert_int_equal(rte_eth_dev_stop(i), 0);
		assert_int_equal(rte_eth_dev_close(i), 0);
	}
	return rte_eal_cleanup();
}

static void put(unsigned int n, uint16_t port, uint32_t len)
{
	for (unsigned int i = 0; i < n; i++) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

		assert_non_null(m);
		memset(m->buf_addr, 0xaa, m->buf_len);
		m->port = port;
		rte_pktmbuf_append(m, (uint16_t)len);
		in[n_in++] = m;
	}
}

static void walk(rte_edge_t to)
{
	edge = to;
	memset(&book, 0, sizeof(book));
	rte_graph_walk(graph);
	n_in = 0;
}

/* Takes n packets of `len` octets out of a ring. The first `from` octets are ours, the rest is padding. */
static void take(unsigned int port, unsigned int n, uint32_t len, uint32_t from)
{
	assert_int_equal(rte_ring_count(rings[port]), n);
	for (unsigned int i = 0; i < n; i++) {
		void *obj = NULL;
		struct rte_mbuf *m;

		assert_int_equal(rte_ring_dequeue(rings[port], &obj), 0);
		m = obj;
		assert_int_equal(m->pkt_len, len);
		for (uint32_t k = 0; k < len; k++)
			assert_int_equal(rte_pktmbuf_mtod(m, uint8_t *)[k], k < from ? 0xaa : 0);
		rte_pktmbuf_free(m);
	}
}

static void test_ports(void **state)
{
	RTE_SET_USED(state);
	put(3, 0, 42);
	put(2, 1, 60);
	put(1, 0, 42);
	walk(0);
	take(0, 4, 60, 42);
	take(1, 2, 60, 60);
	put(1, 1, 1400);
	walk(0);
	take(1, 1, 1400, 1400);
	assert_int_equal(book.c[TP_C_tx_full], 0);
	assert_int_equal(rte_mempool_in_use_count(pool), 0);
}

static void test_full(void **state)
{
	RTE_SET_USED(state);
	put(20, 0, 100);
	put(2, 1, 100);
	walk(0);
	assert_int_equal(book.c[TP_C_tx_full], 20 - (RING_SIZE - 1));
	assert_int_equal(rte_mempool_in_use_count(pool), RING_SIZE - 1 + 2);
	take(0, RING_SIZE - 1, 100, 100);
	take(1, 2, 100, 100);
	assert_int_equal(rte_mempool_in_use_count(pool), 0);
}

/* A worker without a queue on the port sends nothing. */
static void test_no_queue(void **state)
{
	RTE_SET_USED(state);
	worker.id = 1;
	put(2, 0, 100);
	walk(0);
	worker.id = 0;
	assert_int_equal(book.c[TP_C_tx_full], 2);
	assert_int_equal(rte_ring_count(rings[0]), 0);
	assert_int_equal(rte_mempool_in_use_count(pool), 0);
}

static void test_drop(void **state)
{
	RTE_SET_USED(state);
	put(64, 0, 100);
	assert_int_equal(rte_mempool_in_use_count(pool), 64);
	walk(1);
	assert_int_equal(rte_mempool_in_use_count(pool), 0);
	for (unsigned int i = 0; i < TP_COUNTER_COUNT; i++)
		assert_int_equal(book.c[i], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_ports),
	        cmocka_unit_test(test_full),
	        cmocka_unit_test(test_no_queue),
	        cmocka_unit_test(test_drop),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
