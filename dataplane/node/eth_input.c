/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * eth_input: Ethernet II, IEEE 802.1Q and 802.1ad tags (at most two), destination address. Sets m->l2_len.
 *
 * Usual datagrams go to their decoder at once (udp_fast.h). What a device sends keeps its order: where a frame that may become a datagram has
 * to take the way through the other nodes, all frames behind it in the vector do.
 */
#include <rte_ether.h>
#include <rte_ip.h>

#include "node.h"
#include "tp_cpu.h"
#include "udp_fast.h"

/* Behind them: one decode node a format. */
enum { NEXT_DROP, NEXT_IP4, NEXT_IP6, NEXT_ARP };
_Static_assert(NEXT_ARP + 1 == TP_DECODE_EDGE_ETH, "the edges to the decoders come behind");

static inline bool eth_is_tag(rte_be16_t type)
{
	return type == RTE_BE16(RTE_ETHER_TYPE_VLAN) || type == RTE_BE16(RTE_ETHER_TYPE_QINQ) || type == RTE_BE16(0x9100);
}

/* The EtherType behind the tags; *l2_len grows by them. 0 where the frame ends first or has more than two; then *why says it. */
static rte_be16_t eth_skip_tags(const struct rte_mbuf *m, rte_be16_t type, uint16_t *l2_len, enum tp_counter *why)
{
	for (int tags = 0; eth_is_tag(type); tags++) {
		if (tags == 2) {
			*why = TP_C_vlan_depth;
			return 0;
		}
		if (rte_pktmbuf_data_len(m) < *l2_len + sizeof(struct rte_vlan_hdr)) {
			*why = TP_C_eth_short;
			return 0;
		}
		type = rte_pktmbuf_mtod_offset(m, const struct rte_vlan_hdr *, *l2_len)->eth_proto;
		*l2_len += sizeof(struct rte_vlan_hdr);
	}
	return type;
}

static inline bool eth_for_us(const struct tp_port *port, const struct rte_ether_addr *to)
{
	return !port->mac_filter || rte_is_same_ether_addr(to, &port->mac) || rte_is_multicast_ether_addr(to);
}

static inline uint16_t eth_input_stage(struct tp_worker *w, struct rte_mbuf *m)
{
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);
	enum tp_counter why = TP_C_eth_type;
	uint16_t l2_len = sizeof(*eth);
	rte_be16_t type;

	if (unlikely(rte_pktmbuf_data_len(m) < sizeof(*eth))) {
		tp_drop(w, m, TP_C_eth_short);
		return NEXT_DROP;
	}
	if (unlikely(!eth_for_us(tp_port_by_id[m->port], &eth->dst_addr))) {
		tp_drop(w, m, TP_C_eth_not_ours);
		return NEXT_DROP;
	}
	type = eth->ether_type;
	if (unlikely(eth_is_tag(type)))
		type = eth_skip_tags(m, type, &l2_len, &why);
	m->l2_len = l2_len;
	if (likely(type == RTE_BE16(RTE_ETHER_TYPE_IPV4)))
		return NEXT_IP4;
	if (type == RTE_BE16(RTE_ETHER_TYPE_IPV6))
		return NEXT_IP6;
	if (type == RTE_BE16(RTE_ETHER_TYPE_ARP))
		return NEXT_ARP;
	tp_drop(w, m, why);
	return NEXT_DROP;
}

/* A segment of TCP, as nearly all of them are: no datagram comes of it. */
static inline bool eth_is_tcp(const struct rte_mbuf *m)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
	const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)(frame + sizeof(struct rte_ether_hdr));

	return m->data_len >= sizeof(struct rte_ether_hdr) + sizeof(*ip) && m->l2_len == sizeof(struct rte_ether_hdr) &&
	       ip->version_ihl >> 4 == 4 && ip->next_proto_id == IPPROTO_TCP;
}

static inline uint16_t eth_input_one(struct tp_worker *w, struct rte_mbuf *m)
{
	uint16_t edge = TP_NO_EDGE;

	if (likely(w->short_way))
		edge = tp_udp_fast(w, m, tp_rec(m));
	if (likely(edge != TP_NO_EDGE)) {
		w->short_way_taken++;
		return edge;
	}
	edge = eth_input_stage(w, m);
	if (edge == NEXT_IP6 || (edge == NEXT_IP4 && !eth_is_tcp(m)))
		w->short_way = false;
	return edge;
}

/* Whether a run may begin with it: segments of TCP come in runs, too, and are not to be looked at twice. */
static inline bool eth_is_udp(const struct rte_mbuf *m)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);

	return m->data_len >= FAST_PAYLOAD && frame[FAST_IP + offsetof(struct rte_ipv4_hdr, next_proto_id)] == IPPROTO_UDP;
}

/* The edge of the first of n packets, and how many behind it have the same. */
static inline uint16_t eth_input_run(struct tp_worker *w, void **packets, uint16_t n, uint16_t *edge)
{
	uint16_t taken = 0;

	if (likely(w->short_way && tp_udp_run && eth_is_udp(packets[0])))
		taken = tp_udp_run(w, packets, n, edge);
	if (likely(taken)) {
		w->short_way_taken += taken;
		return taken;
	}
	*edge = eth_input_one(w, packets[0]);
	return 1;
}

static uint16_t eth_input_process(struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n)
{
	struct tp_worker *w = tp_node_worker(node);
	uint16_t from = 0, edge = TP_NO_EDGE, next;

	if (unlikely(n == 0))
		return 0;
	for (uint16_t i = 0; i < n; i++) {
		rte_prefetch0(rte_pktmbuf_mtod((struct rte_mbuf *)objs[i], void *));
		rte_prefetch0(tp_rec(objs[i]));
	}
	w->short_way = w->spread_out == NULL && !w->marked;
	w->short_way_taken = 0;
	for (uint16_t i = 0, run; i < n; i += run) {
		run = eth_input_run(w, &objs[i], n - i, &next);
		if (likely(next == edge))
			continue;
		if (i > from)
			rte_node_enqueue(graph, node, edge, &objs[from], i - from);
		from = i;
		edge = next;
	}
	if (likely(from == 0))
		rte_node_next_stream_move(graph, node, edge);
	else
		rte_node_enqueue(graph, node, edge, &objs[from], n - from);
	w->books[0].c[TP_C_received] -= w->short_way_taken; /* port_rx counted them for nobody */
	return n;
}

tp_udp_run_fn tp_udp_run;

RTE_INIT(eth_input_choose)
{
	if (tp_cpu_has_avx512())
		tp_udp_run = tp_udp_run_avx512;
}

static struct rte_node_register eth_input_node = {
        .name = "eth_input",
        .process = eth_input_process,
        .nb_edges = 4,
        .next_nodes = {[NEXT_DROP] = "drop", [NEXT_IP4] = "ip4_input", [NEXT_IP6] = "ip6_input", [NEXT_ARP] = "arp_input"},
};
RTE_NODE_REGISTER(eth_input_node)
