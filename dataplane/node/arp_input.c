/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ARP for IPv4 over Ethernet (RFC 826): answers requests for the port's own addresses, in place. We never ask and keep no table, because
 * replies go back to the MAC address the packet came from; so ARP replies and announcements (RFC 5227) are counted and forgotten.
 */
#include <rte_arp.h>

#include "node.h"
#include "packet.h"

enum { ARP_INPUT_PORT_TX, ARP_INPUT_DROP, ARP_INPUT_EDGES };

static bool arp_input_valid(const struct rte_mbuf *m, const struct rte_arp_hdr *arp)
{
	return m->data_len >= m->l2_len + sizeof(*arp) && arp->arp_hardware == RTE_BE16(RTE_ARP_HRD_ETHER) &&
	       arp->arp_protocol == RTE_BE16(RTE_ETHER_TYPE_IPV4) && arp->arp_hlen == RTE_ETHER_ADDR_LEN && arp->arp_plen == 4 &&
	       (arp->arp_opcode == RTE_BE16(RTE_ARP_OP_REQUEST) || arp->arp_opcode == RTE_BE16(RTE_ARP_OP_REPLY));
}

static void arp_input_answer(struct rte_mbuf *m, struct rte_arp_hdr *arp, const struct tp_port *port)
{
	struct rte_arp_ipv4 *data = &arp->arp_data;
	uint32_t own = data->arp_tip;

	data->arp_tha = data->arp_sha;
	data->arp_tip = data->arp_sip;
	data->arp_sha = port->mac;
	data->arp_sip = own;
	arp->arp_opcode = RTE_BE16(RTE_ARP_OP_REPLY);
	tp_packet_turn(m, port);
	tp_packet_trim(m, m->l2_len + sizeof(*arp));
}

static inline uint16_t arp_input_stage(struct tp_worker *w, struct rte_mbuf *m)
{
	struct rte_arp_hdr *arp = rte_pktmbuf_mtod_offset(m, struct rte_arp_hdr *, m->l2_len);
	const struct tp_port *port = tp_port_by_id[m->port];

	if (!arp_input_valid(m, arp)) {
		tp_drop(w, m, TP_C_arp_malformed);
		return ARP_INPUT_DROP;
	}
	if (arp->arp_opcode == RTE_BE16(RTE_ARP_OP_REQUEST) && !port->accept_any && tp_port_has_ip4(port, arp->arp_data.arp_tip)) {
		arp_input_answer(m, arp, port);
		w->books[0].c[TP_C_arp]++;
		return ARP_INPUT_PORT_TX;
	}
	if (arp->arp_opcode == RTE_BE16(RTE_ARP_OP_REQUEST) && arp->arp_data.arp_sip != arp->arp_data.arp_tip)
		tp_drop(w, m, TP_C_arp_not_ours);
	else
		w->books[0].c[TP_C_arp]++;
	return ARP_INPUT_DROP;
}

static uint16_t arp_input_process(struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n)
{
	return tp_node_each(graph, node, objs, n, arp_input_stage);
}

static struct rte_node_register arp_input_node = {
        .name = "arp_input",
        .process = arp_input_process,
        .nb_edges = ARP_INPUT_EDGES,
        .next_nodes = {[ARP_INPUT_PORT_TX] = "port_tx", [ARP_INPUT_DROP] = "drop"},
};
RTE_NODE_REGISTER(arp_input_node)
