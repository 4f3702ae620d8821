/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The graphs. Nodes register themselves; here they are cloned (port_rx a queue, decode a format), their edges joined, and each worker gets a
 * graph of the nodes that it can reach. A node's context is filled with its worker and what else the node needs.
 */
#include <errno.h>
#include <rte_ethdev.h>

#include "node_ctx.h"
#include "worker.h"

#define NAMES_MAX 96

static const char *const before_decode[] = {"eth_input", "udp_input", "spread_rx", "tcp_input", "mqtt_poll"};

/* Nodes of every worker that reads a port. */
static const char *const rx_nodes[] = {"guard", "eth_input", "arp_input", "ip4_input", "ip4_fragment", "icmp_input", "ip6_input",
        "ip6_fragment", "icmp6_input", "udp_input", "tcp_input", "spread_tx", "port_tx"};
/* Nodes of every worker. */
static const char *const tail_nodes[] = {"pattern_match", "match_emitted", "record_emit", "drop"};

static char names[TP_MAX_PORTS * TP_MAX_WORKERS + TP_MAX_DECODERS][RTE_NODE_NAMESIZE];
static unsigned int names_n;
static char decode_names[TP_MAX_DECODERS][RTE_NODE_NAMESIZE];
static unsigned int decoders_n;

static int graph_clone_decoders(void)
{
	const char *edges[TP_MAX_DECODERS];

	for (decoders_n = 0; tp_decoders[decoders_n]; decoders_n++) {
		if (decoders_n == TP_MAX_DECODERS)
			return -E2BIG;
		if (rte_node_clone(rte_node_from_name("decode"), tp_decoders[decoders_n]->name) == RTE_NODE_ID_INVALID)
			return -rte_errno;
		snprintf(decode_names[decoders_n], RTE_NODE_NAMESIZE, "decode-%s", tp_decoders[decoders_n]->name);
		edges[decoders_n] = decode_names[decoders_n];
	}
	for (size_t i = 0; i < RTE_DIM(before_decode); i++)
		rte_node_edge_update(rte_node_from_name(before_decode[i]), RTE_EDGE_ID_INVALID, edges, (uint16_t)decoders_n);
	return 0;
}

/* The clone of port_rx for one queue; its name stays in names[]. */
static const char *graph_clone_rx(unsigned int port, unsigned int queue)
{
	char *name = names[names_n++];
	char suffix[32];

	snprintf(suffix, sizeof(suffix), "%u-%u", port, queue);
	if (rte_node_clone(rte_node_from_name("port_rx"), suffix) == RTE_NODE_ID_INVALID)
		return NULL;
	snprintf(name, RTE_NODE_NAMESIZE, "port_rx-%s", suffix);
	return name;
}

static void graph_fill_rx(struct tp_worker_slot *slot, const char *name, unsigned int port, unsigned int queue)
{
	struct rte_node *node = rte_graph_node_get_by_name(slot->graph->name, name);
	struct tp_port_rx_ctx *ctx = (struct tp_port_rx_ctx *)node->ctx;

	ctx->port = tp_ports[port].id;
	ctx->queue = (uint16_t)queue;
	ctx->guarded = tp_ports[port].spec.type == TP_PORT_AF_XDP ? TP_PORT_RX_ETH : TP_PORT_RX_GUARD;
}

static void graph_fill_contexts(struct tp_worker_slot *slot)
{
	struct tp_worker *w = &slot->w;
	struct rte_node *node;
	rte_graph_off_t off;
	rte_node_t count;

	rte_graph_foreach_node(count, off, slot->graph, node) memcpy(node->ctx, &w, sizeof(w));
	for (unsigned int i = 0; i < decoders_n; i++) {
		node = rte_graph_node_get_by_name(slot->graph->name, decode_names[i]);
		((struct tp_decode_ctx *)node->ctx)->format = &w->formats[i];
		w->decode_edge[i] = (uint16_t)(TP_DECODE_EDGE_UDP + i);
	}
}

struct graph_patterns {
	const char *name[NAMES_MAX + TP_MAX_PORTS];
	uint16_t n;
	struct {
		const char *name;
		unsigned int port, queue;
	} rx[TP_MAX_PORTS * 8];
	unsigned int n_rx;
};

static void patterns_add(struct graph_patterns *p, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p->name[p->n++] = list[i];
}

/* The queues of a worker: queue q belongs to worker q % n_workers. */
static int patterns_add_queues(struct graph_patterns *p, unsigned int worker)
{
	for (unsigned int port = 0; port < tp_ports_count(); port++) {
		for (unsigned int q = worker; q < tp_ports[port].rx_queues; q += tp_worker_slots_n) {
			if (p->n_rx == RTE_DIM(p->rx))
				return -E2BIG;
			p->rx[p->n_rx].name = graph_clone_rx(port, q);
			p->rx[p->n_rx].port = port;
			p->rx[p->n_rx].queue = q;
			if (!p->rx[p->n_rx].name)
				return -rte_errno;
			p->name[p->n++] = p->rx[p->n_rx++].name;
		}
	}
	return 0;
}

static int graph_make_one(unsigned int worker)
{
	struct tp_worker_slot *slot = tp_worker_slots[worker];
	struct graph_patterns p = {.n = 0};
	struct rte_graph_param param = {.socket_id = SOCKET_ID_ANY, .node_patterns = p.name};
	char name[RTE_GRAPH_NAMESIZE];
	int rc = patterns_add_queues(&p, worker);

	if (rc < 0)
		return rc;
	if (p.n_rx)
		patterns_add(&p, rx_nodes, RTE_DIM(rx_nodes));
	if (slot->w.spread_in)
		p.name[p.n++] = "spread_rx";
	if (slot->w.mqtt)
		p.name[p.n++] = "mqtt_poll";
	for (unsigned int i = 0; i < decoders_n; i++)
		p.name[p.n++] = decode_names[i];
	patterns_add(&p, tail_nodes, RTE_DIM(tail_nodes));
	param.nb_node_patterns = p.n;
	snprintf(name, sizeof(name), "worker-%u", worker);
	slot->graph_id = rte_graph_create(name, &param);
	if (slot->graph_id == RTE_GRAPH_ID_INVALID)
		return rte_errno ? -rte_errno : -EINVAL;
	slot->graph = rte_graph_lookup(name);
	graph_fill_contexts(slot);
	for (unsigned int i = 0; i < p.n_rx; i++)
		graph_fill_rx(slot, p.rx[i].name, p.rx[i].port, p.rx[i].queue);
	return 0;
}

int tp_graphs_make(char *err, size_t err_len)
{
	int rc = graph_clone_decoders();

	for (unsigned int i = 0; rc == 0 && i < tp_worker_slots_n; i++)
		rc = graph_make_one(i);
	if (rc < 0)
		snprintf(err, err_len, "cannot make the packet graph: %s", strerror(-rc));
	return rc;
}

void tp_graphs_destroy(void)
{
	for (unsigned int i = 0; i < tp_worker_slots_n; i++)
		if (tp_worker_slots[i]->graph)
			rte_graph_destroy(tp_worker_slots[i]->graph_id);
}

/* ---- costs ----------------------------------------------------------------------------------------------------------------- */
struct costs {
	struct tp_node_cost *to;
	unsigned int max, n;
};

static int costs_collect(bool is_first, bool is_last, void *cookie, const struct rte_graph_cluster_node_stats *stats)
{
	struct costs *costs = cookie;

	RTE_SET_USED(is_first);
	RTE_SET_USED(is_last);
	if (costs->n < costs->max) {
		struct tp_node_cost *c = &costs->to[costs->n];

		snprintf(c->name, sizeof(c->name), "%s", stats->name);
		c->calls = stats->calls;
		c->objects = stats->objs;
		c->cycles = stats->cycles;
	}
	costs->n++;
	return 0;
}

unsigned int tp_workers_node_costs(struct tp_node_cost *to, unsigned int max)
{
	struct costs costs = {.to = to, .max = max};
	const char *pattern = "worker-*";
	struct rte_graph_cluster_stats_param param = {.socket_id = SOCKET_ID_ANY,
	        .fn = costs_collect,
	        .cookie = &costs,
	        .nb_graph_patterns = 1,
	        .graph_patterns = &pattern};
	struct rte_graph_cluster_stats *stats = rte_graph_cluster_stats_create(&param);

	if (!stats)
		return 0;
	rte_graph_cluster_stats_get(stats, false);
	rte_graph_cluster_stats_destroy(stats);
	return costs.n;
}
