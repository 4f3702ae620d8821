/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ip4_input: RFC 791 and RFC 1122 3.2.1: version, header length with options, total length, checksum (the port's word is taken where it checks),
 * source and destination. Ethernet padding behind the total length is cut off. Sets m->l3_len.
 */
#include <rte_ip.h>

#include "checksum.h"
#include "node.h"
#include "packet.h"

enum { NEXT_DROP, NEXT_UDP, NEXT_TCP, NEXT_ICMP, NEXT_FRAGMENT };

static inline bool ip4_checksum_ok(const struct rte_mbuf *m, const struct rte_ipv4_hdr *ip, uint16_t header)
{
	uint64_t verdict = m->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK;

	if (verdict == RTE_MBUF_F_RX_IP_CKSUM_GOOD)
		return true;
	if (verdict == RTE_MBUF_F_RX_IP_CKSUM_BAD)
		return false;
	return tp_checksum_fold(likely(header == sizeof(*ip)) ? tp_checksum_twenty(ip) : tp_checksum_add(0, ip, header)) == 0xffff;
}

/* RFC 1122 3.2.1.3: a source is never multicast, broadcast or loopback; 0.0.0.0 sends only before it has an address. */
static inline bool ip4_source_ok(rte_be32_t from)
{
	uint8_t first = (uint8_t)from;

	return first != 0 && first != 127 && first < 224;
}

static inline bool ip4_for_us(const struct tp_port *port, rte_be32_t to)
{
	if (port->accept_any)
		return true;
	for (unsigned int i = 0; i < port->n_ip4; i++)
		if (port->ip4[i] == to)
			return true;
	return false;
}

static inline uint16_t ip4_input_stage(struct tp_worker *w, struct rte_mbuf *m)
{
	const struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(m, const struct rte_ipv4_hdr *, m->l2_len);
	uint16_t left = rte_pktmbuf_data_len(m) - m->l2_len, header, total;
	enum tp_counter why = TP_C_ip4_header;

	if (unlikely(left < sizeof(*ip)))
		goto drop;
	header = (ip->version_ihl & 15) * 4;
	total = rte_be_to_cpu_16(ip->total_length);
	if (unlikely(ip->version_ihl >> 4 != 4 || header < sizeof(*ip) || header > left || total < header ||
	             total > rte_pktmbuf_pkt_len(m) - m->l2_len))
		goto drop;
	why = TP_C_ip4_checksum;
	if (unlikely(!ip4_checksum_ok(m, ip, header)))
		goto drop;
	why = TP_C_ip4_source;
	if (unlikely(!ip4_source_ok(ip->src_addr)))
		goto drop;
	why = TP_C_ip4_not_ours;
	if (unlikely(!ip4_for_us(tp_port_by_id[m->port], ip->dst_addr)))
		goto drop;
	m->l3_len = header;
	if (unlikely(rte_pktmbuf_pkt_len(m) > m->l2_len + (uint32_t)total))
		tp_packet_trim(m, m->l2_len + total);
	if (unlikely(ip->fragment_offset & RTE_BE16(RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK)))
		return NEXT_FRAGMENT;
	if (likely(ip->next_proto_id == IPPROTO_UDP))
		return NEXT_UDP;
	if (ip->next_proto_id == IPPROTO_TCP)
		return NEXT_TCP;
	if (ip->next_proto_id == IPPROTO_ICMP)
		return NEXT_ICMP;
	why = TP_C_ip4_protocol;
drop:
	tp_drop(w, m, why);
	return NEXT_DROP;
}

static uint16_t ip4_input_process(struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n)
{
	return tp_node_each(graph, node, objs, n, ip4_input_stage);
}

static struct rte_node_register ip4_input_node = {
        .name = "ip4_input",
        .process = ip4_input_process,
        .nb_edges = 5,
        .next_nodes = {[NEXT_DROP] = "drop",
                [NEXT_UDP] = "udp_input",
                [NEXT_TCP] = "tcp_input",
                [NEXT_ICMP] = "icmp_input",
                [NEXT_FRAGMENT] = "ip4_fragment"},
};
RTE_NODE_REGISTER(ip4_input_node)
