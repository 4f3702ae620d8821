/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ICMPv6: echo (RFC 4443, 4.1) and the part of neighbour discovery that an end node without a neighbour table needs (RFC 4861): it
 * answers solicitations for the port's own addresses, duplicate address detection by others included (RFC 4862, 5.4), and counts
 * everything else of neighbour discovery without acting on it: replies go back to the MAC address the packet came from.
 *
 * Answers are written in place; extension headers do not travel back. ip6_input has checked the IPv6 headers and cut the packet to its
 * payload length.
 */
#include <rte_ip.h>

#include "checksum.h"
#include "icmp_error.h"
#include "node.h"
#include "packet.h"

enum { ICMP6_INPUT_PORT_TX, ICMP6_INPUT_DROP, ICMP6_INPUT_EDGES };

#define ECHO_REQUEST            128
#define ECHO_REPLY              129
#define ROUTER_SOLICITATION     133
#define NEIGHBOUR_SOLICITATION  135
#define NEIGHBOUR_ADVERTISEMENT 136
#define REDIRECT                137
#define OPTION_SOURCE_LINK      1
#define OPTION_TARGET_LINK      2
#define FLAG_SOLICITED          0x40
#define FLAG_OVERRIDE           0x20
#define DISCOVERY_HOP_LIMIT     255 /* RFC 4861, 7.1.1: proves that no router forwarded it */

struct icmp6_header {
	uint8_t type;
	uint8_t code;
	uint16_t checksum;
	uint32_t body;
} __rte_packed;

/* Neighbour Solicitation and Advertisement have the same form (RFC 4861, 4.3 and 4.4). */
struct icmp6_neighbour {
	struct icmp6_header icmp; /* body: flags in the first octet of an advertisement */
	uint8_t target[16];
	/* The one option of our advertisements: target link-layer address. */
	uint8_t option;
	uint8_t units; /* of 8 octets */
	uint8_t mac[RTE_ETHER_ADDR_LEN];
} __rte_packed;

#define SOLICITATION_MIN offsetof(struct icmp6_neighbour, option)

static const uint8_t icmp6_all_nodes[16] = {0xff, 0x02, [15] = 1};
static const uint8_t icmp6_unspecified[16];

static bool icmp6_is_unspecified(const uint8_t *addr)
{
	return memcmp(addr, icmp6_unspecified, 16) == 0;
}

static uint16_t icmp6_drop(struct tp_worker *w, const struct rte_mbuf *m, enum tp_counter reason)
{
	tp_drop(w, m, reason);
	return ICMP6_INPUT_DROP;
}

static bool icmp6_checksum_ok(const struct rte_mbuf *m, const uint8_t *ip, uint32_t off)
{
	uint32_t len = m->pkt_len - off;
	uint64_t sum = tp_checksum_pseudo(ip, IPPROTO_ICMPV6, len);

	return tp_checksum_fold(sum + tp_checksum_packet(m, off, len)) == 0xffff;
}

/* ---- echo ------------------------------------------------------------------------------------------------------------------ */

/*
 * The address an echo request is answered from: the one it was sent to, or for one to all nodes, which only a neighbour's link-local
 * address gets an answer to, the port's link-local address. NULL: no answer.
 */
static const uint8_t *icmp6_echo_source(const struct tp_port *port, const struct rte_ipv6_hdr *ip)
{
	if (port->accept_any)
		return NULL;
	if (tp_port_has_ip6(port, ip->dst_addr))
		return ip->dst_addr;
	if (memcmp(ip->dst_addr, icmp6_all_nodes, 16) != 0 || ip->src_addr[0] != 0xfe || (ip->src_addr[1] & 0xc0) != 0x80)
		return NULL;
	for (unsigned int i = 0; i < port->n_ip6; i++)
		if (port->ip6[i][0] == 0xfe && (port->ip6[i][1] & 0xc0) == 0x80)
			return port->ip6[i];
	return NULL;
}

static void icmp6_echo_answer(struct rte_mbuf *m, struct icmp6_header *icmp, const struct tp_port *port, const uint8_t *from)
{
	struct rte_ipv6_hdr *ip = rte_pktmbuf_mtod_offset(m, struct rte_ipv6_hdr *, m->l2_len);
	uint16_t was = tp_checksum_fold(tp_checksum_add(0, ip->dst_addr, 16));
	uint8_t own[16];

	memcpy(own, from, 16);
	icmp->type = ECHO_REPLY;
	icmp->checksum = tp_checksum_adjust(icmp->checksum, RTE_BE16(ECHO_REQUEST << 8), RTE_BE16(ECHO_REPLY << 8));
	icmp->checksum = tp_checksum_adjust(icmp->checksum, was, tp_checksum_fold(tp_checksum_add(0, own, 16)));
	tp_packet_turn(m, port);
	tp_packet_strip(m, sizeof(*ip));
	ip = rte_pktmbuf_mtod_offset(m, struct rte_ipv6_hdr *, m->l2_len);
	memcpy(ip->dst_addr, ip->src_addr, 16);
	memcpy(ip->src_addr, own, 16);
	ip->payload_len = rte_cpu_to_be_16((uint16_t)(m->pkt_len - m->l2_len - sizeof(*ip)));
	ip->proto = IPPROTO_ICMPV6;
	ip->hop_limits = TP_HOP_LIMIT;
}

static uint16_t icmp6_echo(struct tp_worker *w, struct rte_mbuf *m, const struct rte_ipv6_hdr *ip, struct icmp6_header *icmp)
{
	const struct tp_port *port = tp_port_by_id[m->port];
	const uint8_t *from;

	if (icmp->code != 0)
		return icmp6_drop(w, m, TP_C_icmp_malformed);
	if (icmp6_is_unspecified(ip->src_addr))
		return icmp6_drop(w, m, TP_C_ip6_source);
	from = icmp6_echo_source(port, ip);
	if (from == NULL)
		return icmp6_drop(w, m, TP_C_ip6_not_ours);
	if (tp_packet_to_group(m) && from == ip->dst_addr)
		return icmp6_drop(w, m, TP_C_eth_not_ours);
	icmp6_echo_answer(m, icmp, port, from);
	w->books[0].c[TP_C_icmp_echo]++;
	return ICMP6_INPUT_PORT_TX;
}

/* ---- neighbour discovery --------------------------------------------------------------------------------------------------- */

/* RFC 4861, 4.6: every option has a length other than zero and lies within the packet. *source_link: one of that type is there. */
static bool icmp6_options_ok(const uint8_t *p, const uint8_t *end, bool *source_link)
{
	*source_link = false;
	while (p < end) {
		if (end - p < 8 || p[1] == 0 || end - p < p[1] * 8)
			return false;
		*source_link |= p[0] == OPTION_SOURCE_LINK;
		p += p[1] * 8;
	}
	return true;
}

/* RFC 4861, 7.1.1. The checksum and the hop limit have been checked. */
static bool icmp6_solicitation_ok(
        const struct rte_mbuf *m, const struct rte_ipv6_hdr *ip, const struct icmp6_neighbour *ns, uint32_t len)
{
	const uint8_t *end = (const uint8_t *)ns + len;
	bool source_link;

	if (len < SOLICITATION_MIN || m->nb_segs != 1 || ns->icmp.code != 0 || ns->target[0] == 0xff)
		return false;
	if (!icmp6_options_ok((const uint8_t *)ns + SOLICITATION_MIN, end, &source_link))
		return false;
	/* From the unspecified address only to a solicited-node multicast address, and without a link-layer address. */
	return !icmp6_is_unspecified(ip->src_addr) || (!source_link && ip->dst_addr[0] == 0xff && ip->dst_addr[11] == 1);
}

static void icmp6_advertise(struct rte_mbuf *m, const struct tp_port *port, const uint8_t *target, const uint8_t *to)
{
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);
	struct rte_ipv6_hdr *ip = (struct rte_ipv6_hdr *)(frame + m->l2_len);
	struct icmp6_neighbour *na = (struct icmp6_neighbour *)(ip + 1);
	uint64_t sum;

	m->l3_len = sizeof(*ip);
	m->data_len = (uint16_t)(m->l2_len + sizeof(*ip) + sizeof(*na));
	m->pkt_len = m->data_len;
	ip->vtc_flow = RTE_BE32(0x60000000);
	ip->payload_len = RTE_BE16(sizeof(*na));
	ip->proto = IPPROTO_ICMPV6;
	ip->hop_limits = DISCOVERY_HOP_LIMIT;
	memcpy(ip->src_addr, target, 16);
	memcpy(ip->dst_addr, to, 16);
	*na = (struct icmp6_neighbour){.icmp.type = NEIGHBOUR_ADVERTISEMENT, .option = OPTION_TARGET_LINK, .units = 1};
	memcpy(na->mac, &port->mac, sizeof(na->mac));
	*(uint8_t *)&na->icmp.body = to[0] == 0xff ? FLAG_OVERRIDE : FLAG_SOLICITED | FLAG_OVERRIDE;
	memcpy(na->target, target, 16);
	sum = tp_checksum_add(tp_checksum_pseudo((uint8_t *)ip, IPPROTO_ICMPV6, sizeof(*na)), na, sizeof(*na));
	na->icmp.checksum = (uint16_t)~tp_checksum_fold(sum);
}

/* RFC 4861, 7.2.4. Who has no address yet is answered through all nodes. */
static uint16_t icmp6_solicitation(
        struct tp_worker *w, struct rte_mbuf *m, const struct rte_ipv6_hdr *ip, const struct icmp6_neighbour *ns)
{
	static const struct rte_ether_addr all_nodes_mac = {{0x33, 0x33, 0, 0, 0, 1}};
	const struct tp_port *port = tp_port_by_id[m->port];
	uint8_t target[16], to[16];
	bool tested;

	if (!icmp6_solicitation_ok(m, ip, ns, m->pkt_len - m->l2_len - m->l3_len))
		return icmp6_drop(w, m, TP_C_icmp_malformed);
	if (port->accept_any || !tp_port_has_ip6(port, ns->target))
		return icmp6_drop(w, m, TP_C_neighbour_not_ours);
	if ((uint32_t)(m->buf_len - m->data_off) < m->l2_len + sizeof(*ip) + sizeof(*ns))
		return icmp6_drop(w, m, TP_C_icmp_malformed);
	tested = icmp6_is_unspecified(ip->src_addr);
	memcpy(target, ns->target, 16);
	memcpy(to, tested ? icmp6_all_nodes : ip->src_addr, 16);
	tp_packet_turn(m, port);
	if (tested)
		rte_pktmbuf_mtod(m, struct rte_ether_hdr *)->dst_addr = all_nodes_mac;
	icmp6_advertise(m, port, target, to);
	w->books[0].c[TP_C_neighbour]++;
	return ICMP6_INPUT_PORT_TX;
}

static uint16_t icmp6_discovery(
        struct tp_worker *w, struct rte_mbuf *m, const struct rte_ipv6_hdr *ip, const struct icmp6_header *icmp)
{
	if (ip->hop_limits != DISCOVERY_HOP_LIMIT)
		return icmp6_drop(w, m, TP_C_icmp_malformed);
	if (icmp->type == NEIGHBOUR_SOLICITATION)
		return icmp6_solicitation(w, m, ip, (const struct icmp6_neighbour *)icmp);
	w->books[0].c[TP_C_neighbour]++;
	return ICMP6_INPUT_DROP;
}

static inline uint16_t icmp6_input_stage(struct tp_worker *w, struct rte_mbuf *m)
{
	const struct rte_ipv6_hdr *ip = rte_pktmbuf_mtod_offset(m, const struct rte_ipv6_hdr *, m->l2_len);
	uint32_t off = m->l2_len + m->l3_len;
	struct icmp6_header *icmp = rte_pktmbuf_mtod_offset(m, struct icmp6_header *, off);

	if (m->data_len < off + sizeof(*icmp) || !icmp6_checksum_ok(m, (const uint8_t *)ip, off))
		return icmp6_drop(w, m, TP_C_icmp_malformed);
	if (icmp->type == ECHO_REQUEST)
		return icmp6_echo(w, m, ip, icmp);
	if (icmp->type >= ROUTER_SOLICITATION && icmp->type <= REDIRECT)
		return icmp6_discovery(w, m, ip, icmp);
	if (tp_icmp6_error(w, (const uint8_t *)icmp, m->data_len - off))
		return ICMP6_INPUT_DROP;
	return icmp6_drop(w, m, icmp6_is_unspecified(ip->src_addr) ? TP_C_ip6_source : TP_C_icmp_type);
}

static uint16_t icmp6_input_process(struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n)
{
	return tp_node_each(graph, node, objs, n, icmp6_input_stage);
}

static struct rte_node_register icmp6_input_node = {
        .name = "icmp6_input",
        .process = icmp6_input_process,
        .nb_edges = ICMP6_INPUT_EDGES,
        .next_nodes = {[ICMP6_INPUT_PORT_TX] = "port_tx", [ICMP6_INPUT_DROP] = "drop"},
};
RTE_NODE_REGISTER(icmp6_input_node)
