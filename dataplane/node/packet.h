/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_PACKET_H
#define TP_PACKET_H
/*
 * What nodes do to whole packets: whose address it is, shortening a packet, turning a frame around in place, giving buffers back.
 * Worker only. Nothing here counts.
 */
#include <stdbool.h>
#include <string.h>

#include <rte_ether.h>
#include <rte_mbuf.h>

#include "port.h"

#define TP_HOP_LIMIT 64 /* time to live and hop limit of what we send, but for neighbour discovery */

/* addr: network order. */
static inline bool tp_port_has_ip4(const struct tp_port *port, uint32_t addr)
{
	for (unsigned int i = 0; i < port->n_ip4; i++)
		if (port->ip4[i] == addr)
			return true;
	return false;
}

static inline bool tp_port_has_ip6(const struct tp_port *port, const uint8_t *addr)
{
	for (unsigned int i = 0; i < port->n_ip6; i++)
		if (memcmp(port->ip6[i], addr, 16) == 0)
			return true;
	return false;
}

/* True for ff02::1:ffXX:XXXX made from an address of the port (RFC 4291, 2.7.1). */
static inline bool tp_port_solicits_ip6(const struct tp_port *port, const uint8_t *addr)
{
	static const uint8_t prefix[13] = {0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x01, 0xff};

	if (memcmp(addr, prefix, sizeof(prefix)) != 0)
		return false;
	for (unsigned int i = 0; i < port->n_ip6; i++)
		if (memcmp(port->ip6[i] + 13, addr + 13, 3) == 0)
			return true;
	return false;
}

/* Did the frame come to a group MAC address, broadcast included? */
static inline bool tp_packet_to_group(const struct rte_mbuf *m)
{
	return (*rte_pktmbuf_mtod(m, const uint8_t *) & 1) != 0;
}

/* Shortens a packet of one or more segments to len octets; a shorter one stays as it is. Segments left empty are freed. */
static inline void tp_packet_trim(struct rte_mbuf *m, uint32_t len)
{
	struct rte_mbuf *seg = m;
	uint32_t before = 0;

	if (m->pkt_len <= len)
		return;
	for (m->nb_segs = 1; before + seg->data_len < len; m->nb_segs++) {
		before += seg->data_len;
		seg = seg->next;
	}
	rte_pktmbuf_free(seg->next);
	seg->next = NULL;
	seg->data_len = (uint16_t)(len - before);
	m->pkt_len = len;
}

/* Sends the frame back where it came from: VLAN tags stay as they are. */
static inline void tp_packet_turn(struct rte_mbuf *m, const struct tp_port *port)
{
	struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, struct rte_ether_hdr *);

	eth->dst_addr = eth->src_addr;
	eth->src_addr = port->mac;
}

/* Takes IPv4 options or IPv6 extension headers out: what stands behind the first `fixed` octets of the IP header, up to m->l3_len. */
static inline void tp_packet_strip(struct rte_mbuf *m, uint16_t fixed)
{
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);
	uint16_t extra = (uint16_t)(m->l3_len - fixed);

	if (extra == 0)
		return;
	memmove(frame + extra, frame, (size_t)m->l2_len + fixed);
	rte_pktmbuf_adj(m, extra);
	m->l3_len = fixed;
}

/*
 * Gives packets back. Nearly always all of them are whole, unshared and of the one pool there is: then they go back as they are; those
 * in front of the first other one, that is.
 */
static inline void tp_packets_give_back(struct rte_mbuf **m, uint16_t n)
{
	struct rte_mempool *pool;
	uint16_t i = 0;

	if (unlikely(n == 0))
		return;
	pool = m[0]->pool;
	while (i < n && m[i]->pool == pool && m[i]->next == NULL && RTE_MBUF_DIRECT(m[i]) && rte_mbuf_refcnt_read(m[i]) == 1)
		i++;
	rte_mempool_put_bulk(pool, (void **)m, i);
	if (unlikely(i < n))
		rte_pktmbuf_free_bulk(m + i, n - i);
}

#endif
