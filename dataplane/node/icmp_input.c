/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ICMP (RFC 792): answers echo requests to the port's own addresses, in place; every other type is dropped by name. Requests to a
 * broadcast or multicast address are not answered, be it the IP or the MAC address (RFC 1122, 3.2.2.6 and 3.2.1.3). The reply carries no
 * IP options. ip4_input has checked the IP header and cut the packet to its total length.
 */
#include <rte_icmp.h>
#include <rte_ip.h>

#include "checksum.h"
#include "icmp_error.h"
#include "node.h"
#include "packet.h"

enum { ICMP_INPUT_PORT_TX, ICMP_INPUT_DROP, ICMP_INPUT_EDGES };

static uint16_t icmp_input_drop(struct tp_worker *w, const struct rte_mbuf *m, enum tp_counter reason)
{
	tp_drop(w, m, reason);
	return ICMP_INPUT_DROP;
}

static void icmp_input_answer(struct rte_mbuf *m, struct rte_icmp_hdr *icmp, const struct tp_port *port)
{
	struct rte_ipv4_hdr *ip;
	uint32_t own;

	icmp->icmp_type = RTE_IP_ICMP_ECHO_REPLY;
	/* Anew: a reply may be all zeros, and then a checksum made from that of the request would be the wrong zero (RFC 1624, 3). */
	icmp->icmp_cksum = 0;
	icmp->icmp_cksum = (uint16_t)~tp_checksum_packet(m, m->l2_len + m->l3_len, m->pkt_len - m->l2_len - m->l3_len);
	tp_packet_turn(m, port);
	tp_packet_strip(m, sizeof(*ip));
	ip = rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, m->l2_len);
	own = ip->dst_addr;
	ip->dst_addr = ip->src_addr;
	ip->src_addr = own;
	ip->version_ihl = RTE_IPV4_VHL_DEF;
	ip->total_length = rte_cpu_to_be_16((uint16_t)(m->pkt_len - m->l2_len));
	ip->fragment_offset = 0;
	ip->time_to_live = TP_HOP_LIMIT;
	ip->hdr_checksum = 0;
	ip->hdr_checksum = (uint16_t)~tp_checksum_fold(tp_checksum_add(0, ip, sizeof(*ip)));
}

static inline uint16_t icmp_input_stage(struct tp_worker *w, struct rte_mbuf *m)
{
	const struct tp_port *port = tp_port_by_id[m->port];
	const struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, m->l2_len);
	uint32_t off = m->l2_len + m->l3_len;
	struct rte_icmp_hdr *icmp = rte_pktmbuf_mtod_offset(m, struct rte_icmp_hdr *, off);

	if (m->data_len < off + sizeof(*icmp) || tp_checksum_packet(m, off, m->pkt_len - off) != 0xffff)
		return icmp_input_drop(w, m, TP_C_icmp_malformed);
	if (tp_icmp_error(w, (const uint8_t *)icmp, m->data_len - off))
		return ICMP_INPUT_DROP;
	if (icmp->icmp_type != RTE_IP_ICMP_ECHO_REQUEST)
		return icmp_input_drop(w, m, TP_C_icmp_type);
	if (icmp->icmp_code != 0)
		return icmp_input_drop(w, m, TP_C_icmp_malformed);
	if (port->accept_any || !tp_port_has_ip4(port, ip->dst_addr))
		return icmp_input_drop(w, m, TP_C_ip4_not_ours);
	if (tp_packet_to_group(m))
		return icmp_input_drop(w, m, TP_C_eth_not_ours);
	icmp_input_answer(m, icmp, port);
	w->books[0].c[TP_C_icmp_echo]++;
	return ICMP_INPUT_PORT_TX;
}

static uint16_t icmp_input_process(struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n)
{
	return tp_node_each(graph, node, objs, n, icmp_input_stage);
}

static struct rte_node_register icmp_input_node = {
        .name = "icmp_input",
        .process = icmp_input_process,
        .nb_edges = ICMP_INPUT_EDGES,
        .next_nodes = {[ICMP_INPUT_PORT_TX] = "port_tx", [ICMP_INPUT_DROP] = "drop"},
};
RTE_NODE_REGISTER(icmp_input_node)
