/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The short way of datagrams with AVX-512: the headers are compared with those of the flow at once, and one pass over the frame makes both checksums.
 * What is not decided here is left to tp_udp_fast().
 *
 * Sums of 16-bit words: a word becomes signed by taking 0x8000 from it, then pairs of words times their weights are added to lanes of 32 bits; what was
 * taken is given back at the end. A weight says how often a word counts: in one sum those of the IP header once, in the other addresses and datagram once and the
 * length twice, which makes the pseudo header but for the protocol.
 */
#include <immintrin.h>

#include "udp_fast.h"

#define VECTOR 64
#define MOST   8192 /* octets of a frame; the sums of more would not stay within 32 bits after all */

/* 16-bit words of the frame. */
#define WORD_IP     (FAST_IP / 2)
#define WORD_FROM   (FAST_IP / 2 + 6)
#define WORD_UDP    (FAST_UDP / 2)
#define WORD_LENGTH (WORD_UDP + 2)

static const struct {
	int16_t ip[VECTOR / 2], datagram[VECTOR / 2]; /* weights */
	uint8_t mask[32];                             /* of the head of a flow */
	uint32_t given_back[4];                       /* for the two sums over two vectors, and the protocol */
} fast __attribute__((aligned(VECTOR))) = {
        .mask = {[0 ... 2] = 0xff, [8] = 0x3f, [9] = 0xff, [11] = 0xff, [14 ... 25] = 0xff},
        .ip = {[WORD_IP... WORD_UDP - 1] = 1},
        .datagram = {[WORD_FROM... WORD_LENGTH - 1] = 1, [WORD_LENGTH] = 2, [WORD_LENGTH + 1 ... VECTOR / 2 - 1] = 1},
        .given_back = {0x8000 * (WORD_UDP - WORD_IP), 0x8000 * (VECTOR / 2 - WORD_FROM + 1 + VECTOR / 2) + RTE_BE16(IPPROTO_UDP)},
};

static inline __m512i fast_weighed(__m512i words, __m512i weights)
{
	return _mm512_madd_epi16(_mm512_xor_si512(words, _mm512_set1_epi16((int16_t)0x8000)), weights);
}

/* The two sums in the halves of 64 bits, from lanes of 32. */
static inline uint64_t fast_two_sums(__m512i ip, __m512i datagram)
{
	__m512i both = _mm512_add_epi32(datagram, _mm512_slli_epi64(datagram, 32));
	__m256i four;
	__m128i two;

	both = _mm512_mask_add_epi32(both, 0x5555, ip, _mm512_srli_epi64(ip, 32));
	four = _mm256_add_epi32(_mm512_castsi512_si256(both), _mm512_extracti64x4_epi64(both, 1));
	two = _mm_add_epi32(_mm256_castsi256_si128(four), _mm256_extracti128_si256(four, 1));
	two = _mm_add_epi32(two, _mm_unpackhi_epi64(two, two));
	return (uint64_t)_mm_cvtsi128_si64(_mm_add_epi32(two, _mm_load_si128((const __m128i *)fast.given_back)));
}

/* Both checksums of a frame of VECTOR to MOST octets. */
static inline bool fast_both_right(const uint8_t *frame, uint32_t n)
{
	const uint64_t halves = UINT64_C(0x0000ffff0000ffff);
	__m512i first = _mm512_loadu_si512(frame), ones = _mm512_set1_epi16(1);
	__m512i datagram = fast_weighed(first, _mm512_load_si512(fast.datagram));
	uint64_t sums;

	for (n -= VECTOR, frame += VECTOR; unlikely(n > VECTOR); n -= VECTOR, frame += VECTOR) {
		datagram = _mm512_add_epi32(datagram, fast_weighed(_mm512_loadu_si512(frame), ones));
		datagram = _mm512_add_epi32(datagram, _mm512_set1_epi32(2 * 0x8000));
	}
	datagram = _mm512_add_epi32(datagram, fast_weighed(_mm512_maskz_loadu_epi8(_bzhi_u64(~UINT64_C(0), n), frame), ones));
	sums = fast_two_sums(fast_weighed(first, _mm512_load_si512(fast.ip)), datagram);
	/* folded once: a sum that is a multiple of 0xffff, and below 2^32 by far, becomes 0xffff */
	return (sums & halves) + (sums >> 16 & halves) == halves;
}

/* Whether the flow is that of the frame, and both are in the shape of the short way. */
static inline bool fast_is(const struct tp_flow *flow, const struct rte_mbuf *m, const uint8_t *frame)
{
	__m256i head = _mm256_loadu_si256((const __m256i *)(frame + TP_FLOW_HEAD));
	uint16_t total, length;
	uint32_t came;

	memcpy(&came, &m->nb_segs, sizeof(came)); /* and the port behind it */
	memcpy(&total, frame + FAST_IP + 2, sizeof(total));
	memcpy(&length, frame + FAST_UDP + 4, sizeof(length));
	head = _mm256_xor_si256(head, _mm256_load_si256((const __m256i *)flow->head));
	return _mm256_testz_si256(head, _mm256_load_si256((const __m256i *)fast.mask)) && came == flow->came &&
	       rte_be_to_cpu_16(total) == m->data_len - FAST_IP && rte_be_to_cpu_16(length) == m->data_len - FAST_UDP;
}

/* The flow of a datagram that is to be taken here, or NULL. */
static inline const struct tp_flow *fast_flow(struct tp_worker *w, const struct rte_mbuf *m, const uint8_t *frame)
{
	const struct tp_port *port = tp_port_by_id[m->port];
	const struct tp_flow *flow;
	uint64_t addresses;
	uint32_t ports;

	if (unlikely(m->data_len < VECTOR || m->data_len > MOST))
		return NULL;
	memcpy(&addresses, frame + FAST_IP + offsetof(struct rte_ipv4_hdr, src_addr), sizeof(addresses));
	memcpy(&ports, frame + FAST_UDP, sizeof(ports));
	flow = tp_flow_slot(w, addresses, ports);
	if (unlikely(!fast_is(flow, m, frame)))
		return NULL;
	if (unlikely(port->mac_filter && !rte_is_same_ether_addr((const struct rte_ether_addr *)frame, &port->mac)))
		return NULL;
	if (unlikely(m->ol_flags & (RTE_MBUF_F_RX_IP_CKSUM_MASK | RTE_MBUF_F_RX_L4_CKSUM_MASK | TP_MBUF_REASSEMBLED)))
		return NULL;
	if (unlikely((frame[FAST_UDP + 6] | frame[FAST_UDP + 7]) == 0 || !fast_both_right(frame, m->data_len)))
		return NULL;
	return flow;
}

uint16_t tp_udp_run_avx512(struct tp_worker *w, void **packets, uint16_t n, uint16_t *edge)
{
	uint16_t i, to = TP_DECODE_EDGE_UDP;

	for (i = 0; i < n; i++) {
		struct rte_mbuf *m = packets[i];
		const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
		const struct tp_flow *flow = fast_flow(w, m, frame);
		uint16_t payload_n = m->data_len - FAST_PAYLOAD;

		if (unlikely(!flow || (i && flow->edge != to)))
			break;
		to = flow->edge;
		tp_flow_fill_record(w, tp_rec(m), frame + FAST_PAYLOAD, payload_n, flow);
		tp_flow_count(w, flow, payload_n);
	}
	*edge = to - TP_DECODE_EDGE_UDP + TP_DECODE_EDGE_ETH;
	return i;
}
