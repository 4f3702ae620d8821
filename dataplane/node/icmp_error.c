/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ICMP and ICMPv6 errors that quote a TCP segment of ours (RFC 792, RFC 1191, RFC 4443, RFC 5927): tuple and sequence number go to the endpoint, which
 * decides whether they can be true. An error that meets another worker than its connection, because a router sent it, is counted and has no
 * effect: TCP's own time-outs find out the same.
 */
#include <rte_ip.h>
#include <rte_tcp.h>

#include "icmp_error.h"

#define QUOTE_TCP 8 /* octets of the quoted segment that must be there: ports and sequence number */

#define ICMP_UNREACHABLE       3
#define ICMP_UNREACHABLE_PROTO 2
#define ICMP_UNREACHABLE_PORT  3
#define ICMP_FRAGMENTATION     4
#define ICMP6_UNREACHABLE      1
#define ICMP6_TOO_BIG          2
#define ICMP6_UNREACHABLE_PORT 4

static uint16_t error_u16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t error_u32(const uint8_t *p)
{
	return (uint32_t)error_u16(p) << 16 | error_u16(p + 2);
}

/* Ports and sequence number of the quoted segment: it went from us to the peer. */
static uint32_t error_segment(const uint8_t *tcp, struct tcp_tuple *tuple)
{
	tuple->local_port = error_u16(tcp);
	tuple->remote_port = error_u16(tcp + 2);
	return error_u32(tcp + 4);
}

static bool error_tell(struct tp_worker *w, const struct tcp_tuple *tuple, uint32_t seq, bool hard, uint16_t mtu)
{
	if (w->mqtt)
		tcp_icmp(w->mqtt->tcp, tuple, seq, hard, mtu, w->mqtt->now_us);
	w->books[0].c[TP_C_icmp_error]++;
	return true;
}

bool tp_icmp_error(struct tp_worker *w, const uint8_t *icmp, uint32_t n)
{
	const uint8_t *ip = icmp + 8;
	struct tcp_tuple tuple = {.family = 4};
	uint32_t header, seq;

	if (n < 8 + sizeof(struct rte_ipv4_hdr) || icmp[0] != ICMP_UNREACHABLE || ip[0] >> 4 != 4)
		return false;
	header = (ip[0] & 15) * 4U;
	if (header < sizeof(struct rte_ipv4_hdr) || n < 8 + header + QUOTE_TCP ||
	        ip[offsetof(struct rte_ipv4_hdr, next_proto_id)] != IPPROTO_TCP || (error_u16(ip + 6) & 0x1fff) != 0)
		return false;
	memcpy(tuple.local, ip + offsetof(struct rte_ipv4_hdr, src_addr), 4);
	memcpy(tuple.remote, ip + offsetof(struct rte_ipv4_hdr, dst_addr), 4);
	seq = error_segment(ip + header, &tuple);
	return error_tell(w, &tuple, seq, icmp[1] == ICMP_UNREACHABLE_PROTO || icmp[1] == ICMP_UNREACHABLE_PORT,
	        icmp[1] == ICMP_FRAGMENTATION ? error_u16(icmp + 6) : 0);
}

bool tp_icmp6_error(struct tp_worker *w, const uint8_t *icmp, uint32_t n)
{
	const uint8_t *ip = icmp + 8;
	struct tcp_tuple tuple = {.family = 6};
	uint32_t seq, mtu;

	if (n < 8 + sizeof(struct rte_ipv6_hdr) + QUOTE_TCP || (icmp[0] != ICMP6_UNREACHABLE && icmp[0] != ICMP6_TOO_BIG) ||
	        ip[0] >> 4 != 6 || ip[offsetof(struct rte_ipv6_hdr, proto)] != IPPROTO_TCP)
		return false;
	memcpy(tuple.local, ip + offsetof(struct rte_ipv6_hdr, src_addr), 16);
	memcpy(tuple.remote, ip + offsetof(struct rte_ipv6_hdr, dst_addr), 16);
	seq = error_segment(ip + sizeof(struct rte_ipv6_hdr), &tuple);
	mtu = icmp[0] == ICMP6_TOO_BIG ? error_u32(icmp + 4) : 0;
	return error_tell(w, &tuple, seq, icmp[0] == ICMP6_UNREACHABLE && icmp[1] == ICMP6_UNREACHABLE_PORT,
	        (uint16_t)RTE_MIN(mtu, (uint32_t)UINT16_MAX));
}
