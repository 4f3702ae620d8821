/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * IPv4 fragments (RFC 791, 3.2). Takes every packet: complete datagrams go on, the others are in the store or freed. Only UDP is
 * reassembled. ip4_input has checked the header and cut the packet to its total length.
 */
#include <rte_ip.h>

#include "fragments.h"

enum { IP4_FRAGMENT_UDP_INPUT, IP4_FRAGMENT_EDGES };

/* Is the fragment one that can be part of a datagram? f: written in any case. */
static bool ip4_fragment_read(const struct rte_mbuf *m, const struct rte_ipv4_hdr *ip, struct tp_fragment *f)
{
	uint16_t field = rte_be_to_cpu_16(ip->fragment_offset);

	*f = (struct tp_fragment){
	        .key = {.id = ip->packet_id, .family = 4, .protocol = ip->next_proto_id},
	        .offset = (field & RTE_IPV4_HDR_OFFSET_MASK) * (uint32_t)RTE_IPV4_HDR_OFFSET_UNITS,
	        .length = m->pkt_len - m->l2_len - m->l3_len,
	        .header = (uint16_t)(m->l2_len + m->l3_len),
	        .more = (field & RTE_IPV4_HDR_MF_FLAG) != 0,
	};
	memcpy(f->key.from, &ip->src_addr, 4);
	memcpy(f->key.to, &ip->dst_addr, 4);
	return f->length > 0 && (!f->more || f->length % RTE_IPV4_HDR_OFFSET_UNITS == 0) &&
	       m->l3_len + f->offset + f->length <= TP_FRAGMENTS_MAX_PACKET;
}

/* The completed datagram, or NULL. */
static struct rte_mbuf *ip4_fragment_take(struct tp_worker *w, struct rte_mbuf *m)
{
	const struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(m, const struct rte_ipv4_hdr *, m->l2_len);
	struct tp_fragment f;

	if (ip->next_proto_id != IPPROTO_UDP)
		tp_drop(w, m, TP_C_ip4_protocol);
	else if (!ip4_fragment_read(m, ip, &f))
		tp_drop(w, m, TP_C_fragment_malformed);
	else
		return tp_fragments_add(w, m, &f);
	rte_pktmbuf_free(m);
	return NULL;
}

static uint16_t ip4_fragment_process(struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n)
{
	struct tp_worker *w = tp_node_worker(node);

	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *m = ip4_fragment_take(w, objs[i]);

		if (m != NULL)
			rte_node_enqueue_x1(graph, node, IP4_FRAGMENT_UDP_INPUT, m);
	}
	return n;
}

static struct rte_node_register ip4_fragment_node = {
        .name = "ip4_fragment",
        .process = ip4_fragment_process,
        .nb_edges = IP4_FRAGMENT_EDGES,
        .next_nodes = {[IP4_FRAGMENT_UDP_INPUT] = "udp_input"},
};
RTE_NODE_REGISTER(ip4_fragment_node)
