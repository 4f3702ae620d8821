/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * IPv6 (RFC 8200): version, payload length, addresses, extension headers. Octets behind the payload (Ethernet padding) are cut off.
 * Sets m->l3_len to all headers up to UDP or ICMPv6, or for a fragment up to and with its Fragment header.
 */
#include <rte_ip.h>

#include "ip6_extension.h"
#include "node.h"
#include "packet.h"

enum { IP6_INPUT_UDP_INPUT, IP6_INPUT_TCP_INPUT, IP6_INPUT_ICMP6_INPUT, IP6_INPUT_IP6_FRAGMENT, IP6_INPUT_DROP, IP6_INPUT_EDGES };

static const uint8_t ip6_input_all_nodes[16] = {0xff, 0x02, [15] = 1};
static const uint8_t ip6_input_loopback[16] = {[15] = 1};
static const uint8_t ip6_input_unspecified[16];

static uint16_t ip6_input_drop(struct tp_worker *w, const struct rte_mbuf *m, enum tp_counter reason)
{
	tp_drop(w, m, reason);
	return IP6_INPUT_DROP;
}

static bool ip6_input_for_us(const struct tp_port *port, const uint8_t *to)
{
	return port->accept_any || tp_port_has_ip6(port, to) || tp_port_solicits_ip6(port, to) ||
	       memcmp(to, ip6_input_all_nodes, 16) == 0;
}

/* RFC 4291, 2.5.2, 2.5.3 and 2.7: never multicast, never loopback; unspecified just while an address is not yet tested (RFC 4862). */
static bool ip6_input_source_ok(const uint8_t *from, uint8_t upper)
{
	if (from[0] == 0xff || memcmp(from, ip6_input_loopback, 16) == 0)
		return false;
	return upper == IPPROTO_ICMPV6 || memcmp(from, ip6_input_unspecified, 16) != 0;
}

static inline uint16_t ip6_input_stage(struct tp_worker *w, struct rte_mbuf *m)
{
	const struct rte_ipv6_hdr *ip = rte_pktmbuf_mtod_offset(m, const struct rte_ipv6_hdr *, m->l2_len);
	struct tp_ip6_walk walk = {.off = sizeof(*ip)};
	uint32_t total;

	if (unlikely(m->data_len < m->l2_len + sizeof(*ip)))
		return ip6_input_drop(w, m, TP_C_ip6_header);
	total = sizeof(*ip) + rte_be_to_cpu_16(ip->payload_len);
	if (unlikely(*(const uint8_t *)ip >> 4 != 6 || total > m->pkt_len - m->l2_len))
		return ip6_input_drop(w, m, TP_C_ip6_header);
	if (unlikely(!ip6_input_for_us(tp_port_by_id[m->port], ip->dst_addr)))
		return ip6_input_drop(w, m, TP_C_ip6_not_ours);
	tp_packet_trim(m, m->l2_len + total);
	walk.next = ip->proto;
	if (unlikely(!tp_ip6_walk((const uint8_t *)ip, m->data_len - m->l2_len, &walk)))
		return ip6_input_drop(w, m, TP_C_ip6_extension);
	m->l3_len = walk.off;
	if (unlikely(!ip6_input_source_ok(ip->src_addr, walk.next)))
		return ip6_input_drop(w, m, TP_C_ip6_source);
	if (unlikely(walk.fragmented))
		return IP6_INPUT_IP6_FRAGMENT;
	if (likely(walk.next == IPPROTO_UDP))
		return IP6_INPUT_UDP_INPUT;
	if (walk.next == IPPROTO_TCP)
		return IP6_INPUT_TCP_INPUT;
	if (walk.next == IPPROTO_ICMPV6)
		return IP6_INPUT_ICMP6_INPUT;
	return ip6_input_drop(w, m, TP_C_ip6_protocol);
}

static uint16_t ip6_input_process(struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n)
{
	return tp_node_each(graph, node, objs, n, ip6_input_stage);
}

static struct rte_node_register ip6_input_node = {
        .name = "ip6_input",
        .process = ip6_input_process,
        .nb_edges = IP6_INPUT_EDGES,
        .next_nodes = {[IP6_INPUT_UDP_INPUT] = "udp_input",
                [IP6_INPUT_TCP_INPUT] = "tcp_input",
                [IP6_INPUT_ICMP6_INPUT] = "icmp6_input",
                [IP6_INPUT_IP6_FRAGMENT] = "ip6_fragment",
                [IP6_INPUT_DROP] = "drop"},
};
RTE_NODE_REGISTER(ip6_input_node)
