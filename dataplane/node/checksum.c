/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The inner loop takes 32 octets a step: the even and the odd 32-bit words of a vector are added to four 64-bit lanes, which cannot
 * overflow, so there is no carry to look after until the end.
 */
#include "checksum.h"

#include <immintrin.h>
#include <netinet/in.h>
#include <string.h>

#include <rte_byteorder.h>

static uint64_t checksum_vectors(const uint8_t *p, size_t vectors)
{
	const __m256i low = _mm256_set1_epi64x(0xffffffff);
	__m256i even = _mm256_setzero_si256(), odd = even;
	uint64_t lane[4];

	for (; vectors > 0; vectors--, p += 32) {
		__m256i v = _mm256_loadu_si256((const __m256i *)p);

		even = _mm256_add_epi64(even, _mm256_and_si256(v, low));
		odd = _mm256_add_epi64(odd, _mm256_srli_epi64(v, 32));
	}
	_mm256_storeu_si256((__m256i *)lane, _mm256_add_epi64(even, odd));
	return lane[0] + lane[1] + lane[2] + lane[3];
}

uint64_t tp_checksum_add(uint64_t sum, const void *data, size_t n)
{
	const uint8_t *p = data;
	uint32_t word;

	if (n >= 32) {
		sum += checksum_vectors(p, n / 32);
		p += n & ~(size_t)31;
		n &= 31;
	}
	for (; n >= 4; n -= 4, p += 4) {
		memcpy(&word, p, 4);
		sum += word;
	}
	word = 0;
	memcpy(&word, p, n);
	return sum + word;
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

	if (ip[0] >> 4 == 4)
		return tp_checksum_add(sum, ip + 12, 8);
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
