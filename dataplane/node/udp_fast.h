/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_UDP_FAST_H
#define TP_UDP_FAST_H
/*
 * The short way of the usual datagram: untagged Ethernet, IPv4 without options, whole, in one segment without padding, UDP with a checksum,
 * of a flow that udp_input knows. Such a frame has all its fields in fixed places, so it goes from eth_input to its decoder in one step.
 *
 * Everything else is left untouched for eth_input, ip4_input and udp_input, which stay the reference: what they would drop, count or answer is
 * never decided here, and a test holds the records of both ways equal. A flow is kept only after ip4_input took its addresses on
 * that port, so they are not looked at again.
 */
#include <netinet/in.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_udp.h>

#include "checksum.h"
#include "udp_flow.h"

#define FAST_IP      14 /* octets of the frame at which the headers begin */
#define FAST_UDP     34
#define FAST_PAYLOAD 42

/* The 64 bits at octet 12 - EtherType, version and length of the header - and at octet 20 - fragment, protocol: what must be what. */
#define FAST_TYPE_MASK  RTE_BE64(UINT64_C(0xffffff0000000000))
#define FAST_TYPE       RTE_BE64(UINT64_C(0x0800450000000000))
#define FAST_PLAIN_MASK RTE_BE32(UINT32_C(0x3fff00ff))
#define FAST_PLAIN      RTE_BE32(UINT32_C(0x00000011)) /* IPPROTO_UDP */

/* True for a header that begins in place: its lengths say that the datagram is the frame. */
static __rte_always_inline bool fast_shape(const struct rte_mbuf *m, const uint8_t *frame)
{
	uint64_t type;
	uint32_t plain;
	uint16_t total, length;

	if (unlikely(m->data_len < FAST_PAYLOAD || m->nb_segs != 1))
		return false;
	memcpy(&type, frame + 12, sizeof(type));
	memcpy(&plain, frame + FAST_IP + 6, sizeof(plain));
	memcpy(&total, frame + FAST_IP + 2, sizeof(total));
	memcpy(&length, frame + FAST_UDP + 4, sizeof(length));
	return (type & FAST_TYPE_MASK) == FAST_TYPE && (plain & FAST_PLAIN_MASK) == FAST_PLAIN &&
	       rte_be_to_cpu_16(total) == m->data_len - FAST_IP && rte_be_to_cpu_16(length) == m->data_len - FAST_UDP;
}

/* Both checksums, taken from the port where it found both right. False leaves it to the nodes to find out which is wrong. */
static __rte_always_inline bool fast_checksums(const struct rte_mbuf *m, const uint8_t *frame, uint64_t addresses)
{
	const uint64_t good = RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD;
	uint64_t verdict = m->ol_flags & (RTE_MBUF_F_RX_IP_CKSUM_MASK | RTE_MBUF_F_RX_L4_CKSUM_MASK | TP_MBUF_REASSEMBLED), sum;
	uint16_t length = m->data_len - FAST_UDP;

	if (verdict == good)
		return true;
	if (unlikely(verdict != 0 || (frame[FAST_UDP + 6] | frame[FAST_UDP + 7]) == 0))
		return false;
	sum = (addresses & 0xffffffff) + (addresses >> 32) + rte_cpu_to_be_32(length) + rte_cpu_to_be_16(IPPROTO_UDP);
	sum = tp_checksum_add(sum, frame + FAST_UDP, length);
	return (tp_checksum_fold(sum) & tp_checksum_fold(tp_checksum_twenty(frame + FAST_IP))) == 0xffff;
}

/*
 * The edge of eth_input to the decoder of a usual datagram, whose record is then written and counted for its source but not taken back from nobody;
 * TP_NO_EDGE for any other frame, which is as it was. Not for workers that hand datagrams to others.
 */
static __rte_always_inline uint16_t tp_udp_fast(struct tp_worker *w, const struct rte_mbuf *m, struct tp_record *rec)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
	const struct tp_port *port = tp_port_by_id[m->port];
	const struct tp_flow *flow;
	uint64_t addresses;
	uint16_t payload_n;
	uint32_t ports;

	if (unlikely(!fast_shape(m, frame)))
		return TP_NO_EDGE;
	if (unlikely(port->mac_filter && !rte_is_same_ether_addr((const struct rte_ether_addr *)frame, &port->mac)))
		return TP_NO_EDGE;
	memcpy(&addresses, frame + FAST_IP + offsetof(struct rte_ipv4_hdr, src_addr), sizeof(addresses));
	memcpy(&ports, frame + FAST_UDP, sizeof(ports));
	flow = tp_flow_slot(w, addresses, ports);
	if (unlikely(!tp_flow_is(flow, addresses, ports, m->port) || !fast_checksums(m, frame, addresses)))
		return TP_NO_EDGE;
	payload_n = m->data_len - FAST_PAYLOAD;
	tp_flow_fill_record(w, rec, frame + FAST_PAYLOAD, payload_n, flow);
	tp_flow_count(w, flow, payload_n);
	return flow->edge - TP_DECODE_EDGE_UDP + TP_DECODE_EDGE_ETH;
}

/*
 * The same for the first of n frames, as many as have one edge: returns how many, and their edge where there are any. Less is decided here, so what it leaves is for
 * tp_udp_fast(). NULL: this processor has no such way.
 */
typedef uint16_t (*tp_udp_run_fn)(struct tp_worker *w, void **packets, uint16_t n, uint16_t *edge);
extern tp_udp_run_fn tp_udp_run;
uint16_t tp_udp_run_avx512(struct tp_worker *w, void **packets, uint16_t n, uint16_t *edge); /* needs AVX-512 */

#endif
