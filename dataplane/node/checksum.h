/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_CHECKSUM_H
#define TP_CHECKSUM_H
/*
 * The Internet checksum (RFC 1071) over contiguous data and over chains of packet buffers, and the checks made of it.
 *
 * A running sum is 64 bits wide and counts 32-bit words of memory in host order, so up to 2^32 words never overflow it. Ones'
 * complement addition does not care for byte order: a folded sum compares with, and is stored into, a header field as it lies in memory.
 * Everything here is pure and may be called on any thread.
 */
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_mbuf.h>

/*
 * Adds n octets to a running sum. An odd last octet counts as if a zero followed: only the last piece may be odd. There are two that
 * fold to the same: tp_checksum_add is the one for this processor.
 */
typedef uint64_t (*tp_checksum_add_fn)(uint64_t sum, const void *data, size_t n);
extern tp_checksum_add_fn tp_checksum_add;
uint64_t tp_checksum_add_plain(uint64_t sum, const void *data, size_t n);
uint64_t tp_checksum_add_avx512(uint64_t sum, const void *data, size_t n); /* needs AVX-512 */

/* The running sum of 20 octets, an IPv4 header without options. */
static inline uint64_t tp_checksum_twenty(const void *data)
{
	uint64_t first, second;
	uint32_t third;

	memcpy(&first, data, 8);
	memcpy(&second, (const uint8_t *)data + 8, 8);
	memcpy(&third, (const uint8_t *)data + 16, 4);
	return (first & 0xffffffff) + (first >> 32) + (second & 0xffffffff) + (second >> 32) + third;
}

/* The 16-bit ones' complement sum; 0xffff over data that holds its own correct checksum. */
static inline uint16_t tp_checksum_fold(uint64_t sum)
{
	uint32_t half;

	/* Halves added to halves the other way round: the upper half then holds their sum with the carry of the lower one. */
	half = (uint32_t)((sum + (sum << 32 | sum >> 32)) >> 32);
	return (uint16_t)((half + (half << 16 | half >> 16)) >> 16);
}

/* Folded sum of len octets from off in a packet of one or more segments, odd ones too. off + len <= m->pkt_len. */
uint16_t tp_checksum_packet(const struct rte_mbuf *m, uint32_t off, uint32_t len);

/* RFC 1624, eqn. 3: the checksum field after a 16-bit word (or folded sum of words) went from `from` to `to`; all as in memory. */
static inline uint16_t tp_checksum_adjust(uint16_t field, uint16_t from, uint16_t to)
{
	return (uint16_t)~tp_checksum_fold((uint64_t)(uint16_t)~field + (uint16_t)~from + to);
}

/*
 * Sum of the pseudo header: IPv4 (RFC 768) or IPv6 (RFC 8200, 8.1) by the version of the IP header at ip, which is at least 20 or 40
 * octets. upper_len: octets of the upper-layer packet, protocol: its number.
 */
uint64_t tp_checksum_pseudo(const uint8_t *ip, uint8_t protocol, uint32_t upper_len);

/*
 * Is the checksum of the UDP datagram at l4_off (octets from the start of the frame) right? The IP header is at m->l2_len, udp_len is the
 * length of the UDP header. The UDP header is in the first segment, data may be in further ones. Over IPv4 a field of 0 means "not computed"
 * and is fine (RFC 768); over IPv6 it is wrong (RFC 8200, 8.1). False where the packet is shorter than udp_len says.
 */
bool tp_udp_checksum_ok(const struct rte_mbuf *m, uint32_t l4_off, uint32_t udp_len);

/* The same for what nearly all are, inlined: over IPv4, computed, in one segment. */
static inline bool tp_udp_checksum_usual_ok(const struct rte_mbuf *m, uint32_t l4_off, uint32_t udp_len)
{
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, m->l2_len);
	const uint8_t *udp = rte_pktmbuf_mtod_offset(m, const uint8_t *, l4_off);
	uint64_t addresses;

	if (unlikely(ip[0] >> 4 != 4 || l4_off + udp_len > m->data_len || (udp[6] | udp[7]) == 0))
		return tp_udp_checksum_ok(m, l4_off, udp_len);
	memcpy(&addresses, ip + 12, sizeof(addresses));
	return tp_checksum_fold(tp_checksum_add(
	               (addresses & 0xffffffff) + (addresses >> 32) + rte_cpu_to_be_32(udp_len) + rte_cpu_to_be_16(IPPROTO_UDP),
	               udp, udp_len)) == 0xffff;
}

#endif
