/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * IPv6 fragments (RFC 8200, 4.5; RFC 5722; RFC 7112: the first fragment holds all headers). Takes every packet: complete datagrams go on,
 * the others are in the store or freed. Only UDP is reassembled.
 *
 * ip6_input has walked the headers up to the Fragment header, which ends at m->l3_len, and cut the packet to its payload length. In
 * the first fragment m->l3_len then moves on to the UDP header, so that it is right for the datagram.
 */
#include <rte_ip.h>

#include "fragments.h"
#include "ip6_extension.h"

enum { IP6_FRAGMENT_UDP_INPUT, IP6_FRAGMENT_EDGES };

struct ip6_fragment_header {
	uint8_t next;
	uint8_t reserved;
	uint16_t field; /* offset in units of 8 octets << 3, more fragments in bit 0 */
	uint32_t id;
} __rte_packed;

#define UDP_HEADER 8

/* Is the fragment one that can be part of a datagram? f: written in any case. */
static bool ip6_fragment_read(const struct rte_mbuf *m, const struct ip6_fragment_header *h, struct tp_fragment *f)
{
	const struct rte_ipv6_hdr *ip = rte_pktmbuf_mtod_offset(m, const struct rte_ipv6_hdr *, m->l2_len);
	uint16_t field = rte_be_to_cpu_16(h->field);
	uint32_t before = m->l3_len - sizeof(*ip) - sizeof(*h); /* extension headers that stay in front of the datagram */

	*f = (struct tp_fragment){
	        .key = {.id = h->id, .family = 6},
	        .offset = field & 0xfff8,
	        .length = m->pkt_len - m->l2_len - m->l3_len,
	        .header = (uint16_t)(m->l2_len + m->l3_len),
	        .more = (field & 1) != 0,
	};
	memcpy(f->key.from, ip->src_addr, 16);
	memcpy(f->key.to, ip->dst_addr, 16);
	return f->length > 0 && (!f->more || f->length % 8 == 0) && before + f->offset + f->length <= TP_FRAGMENTS_MAX_PACKET;
}

/* Finds the UDP header in a first fragment. Returns TP_C_received where it did, else the reason to drop it. */
static enum tp_counter ip6_fragment_headers(struct rte_mbuf *m, uint8_t next)
{
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, m->l2_len);
	struct tp_ip6_walk walk = {.off = (uint16_t)m->l3_len, .next = next, .fragmented = true};
	uint32_t here = m->data_len - m->l2_len;

	if (!tp_ip6_walk(ip, here, &walk))
		return TP_C_ip6_extension;
	if (walk.next != IPPROTO_UDP)
		return TP_C_ip6_protocol;
	if (here < walk.off + (uint32_t)UDP_HEADER)
		return TP_C_fragment_malformed;
	m->l3_len = walk.off;
	return TP_C_received;
}

/* Could a datagram whose fragments say this hold UDP? What the first one says counts in the end. */
static bool ip6_fragment_may_hold_udp(uint8_t next)
{
	return next == IPPROTO_UDP || next == IPPROTO_DSTOPTS || next == IPPROTO_ROUTING;
}

/* The completed datagram, or NULL. */
static struct rte_mbuf *ip6_fragment_take(struct tp_worker *w, struct rte_mbuf *m)
{
	const struct ip6_fragment_header *h =
	        rte_pktmbuf_mtod_offset(m, const struct ip6_fragment_header *, m->l2_len + m->l3_len - sizeof(*h));
	enum tp_counter reason = TP_C_received;
	struct tp_fragment f;

	if (!ip6_fragment_read(m, h, &f))
		reason = TP_C_fragment_malformed;
	else if (!ip6_fragment_may_hold_udp(h->next))
		reason = TP_C_ip6_protocol;
	else if (f.offset == 0)
		reason = ip6_fragment_headers(m, h->next);
	if (reason == TP_C_received)
		return tp_fragments_add(w, m, &f);
	tp_drop(w, m, reason);
	rte_pktmbuf_free(m);
	return NULL;
}

static uint16_t ip6_fragment_process(struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n)
{
	struct tp_worker *w = tp_node_worker(node);

	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *m = ip6_fragment_take(w, objs[i]);

		if (m != NULL)
			rte_node_enqueue_x1(graph, node, IP6_FRAGMENT_UDP_INPUT, m);
	}
	return n;
}

static struct rte_node_register ip6_fragment_node = {
        .name = "ip6_fragment",
        .process = ip6_fragment_process,
        .nb_edges = IP6_FRAGMENT_EDGES,
        .next_nodes = {[IP6_FRAGMENT_UDP_INPUT] = "udp_input"},
};
RTE_NODE_REGISTER(ip6_fragment_node)
