/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Words of 64 bits are added and their carries counted, two instructions a word. That is as short as vector instructions for long packets,
 * and shorter for the usual ones. The last octets are taken from the word that ends with them.
 */
#include "checksum.h"

#include <netinet/in.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_common.h>

#include "tp_cpu.h"

static inline uint64_t checksum_word(const uint8_t *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return word;
}

/* Adds a word and counts its carry. */
static __rte_always_inline void checksum_carry(uint64_t *sum, uint64_t *carries, uint64_t word)
{
	*sum += word;
	*carries += *sum < word;
}

uint64_t tp_checksum_add_plain(uint64_t sum, const void *data, size_t n)
{
	const uint8_t *p = data;
	uint64_t wide = 0, carries = 0, word = 0;

	if (unlikely(n < 8)) {
		memcpy(&word, p, n);
		return sum + (word & 0xffffffff) + (word >> 32);
	}
	for (; n >= 32; n -= 32, p += 32) {
		checksum_carry(&wide, &carries, checksum_word(p));
		checksum_carry(&wide, &carries, checksum_word(p + 8));
		checksum_carry(&wide, &carries, checksum_word(p + 16));
		checksum_carry(&wide, &carries, checksum_word(p + 24));
	}
	for (; n >= 8; n -= 8, p += 8)
		checksum_carry(&wide, &carries, checksum_word(p));
	if (n)
		checksum_carry(&wide, &carries, checksum_word(p + n - 8) >> 8 * (8 - n));
	return sum + (wide & 0xffffffff) + (wide >> 32) + carries;
}

tp_checksum_add_fn tp_checksum_add = tp_checksum_add_plain;

RTE_INIT(checksum_choose)
{
	if (tp_cpu_has_avx512())
		tp_checksum_add = tp_checksum_add_avx512;
}

uint16_t tp_checksum_packet(const struct rte_mbuf *m, uint32_t off, uint32_t len)
{
	uint64_t sum = 0;
	bool odd = false;

	for (; len > 0 && m != NULL; m = m->next) {
		uint32_t n;
		uint16_t part;

		if (off >= m->data_len) {
			off -= m->data_len;
			continue;
		}
		n = RTE_MIN(m->data_len - off, len);
		part = tp_checksum_fold(tp_checksum_add(0, rte_pktmbuf_mtod_offset(m, const uint8_t *, off), n));
		/* Behind an odd number of octets high and low octet of every word change places (RFC 1071, 2 (B)). */
		sum += odd ? rte_bswap16(part) : part;
		odd ^= n & 1;
		len -= n;
		off = 0;
	}
	return tp_checksum_fold(sum);
}

uint64_t tp_checksum_pseudo(const uint8_t *ip, uint8_t protocol, uint32_t upper_len)
{
	uint64_t sum = (uint64_t)rte_cpu_to_be_32(upper_len) + rte_cpu_to_be_16(protocol);

	if (likely(ip[0] >> 4 == 4)) {
		uint64_t addresses = checksum_word(ip + 12);

		return sum + (addresses & 0xffffffff) + (addresses >> 32);
	}
	return tp_checksum_add(sum, ip + 8, 32);
}

bool tp_udp_checksum_ok(const struct rte_mbuf *m, uint32_t l4_off, uint32_t udp_len)
{
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, m->l2_len);
	const uint8_t *udp = rte_pktmbuf_mtod_offset(m, const uint8_t *, l4_off);
	uint64_t sum;

	if (l4_off > m->pkt_len || udp_len > m->pkt_len - l4_off)
		return false;
	if (udp[6] == 0 && udp[7] == 0)
		return ip[0] >> 4 == 4;
	sum = tp_checksum_pseudo(ip, IPPROTO_UDP, udp_len);
	if (likely(l4_off + udp_len <= m->data_len))
		sum = tp_checksum_add(sum, udp, udp_len);
	else
		sum += tp_checksum_packet(m, l4_off, udp_len);
	return tp_checksum_fold(sum) == 0xffff;
}
