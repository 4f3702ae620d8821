/* SPDX-License-Identifier: BSD-3-Clause */
/* The sum of 64 octets a step, with AVX-512; what is behind the end is masked, so that there is one way for all lengths. */
#include <immintrin.h>

#include "checksum.h"

#define VECTOR 64
#define MOST   (UINT64_C(1) << 16) /* octets whose 16-bit words, added, stay within 32 bits */

/* The two 16-bit halves of every 32-bit word, added. */
static inline __m512i checksum_halves(__m512i words)
{
	return _mm512_add_epi32(_mm512_and_si512(words, _mm512_set1_epi32(0xffff)), _mm512_srli_epi32(words, 16));
}

uint64_t tp_checksum_add_avx512(uint64_t sum, const void *data, size_t n)
{
	__m512i total = _mm512_setzero_si512();
	const uint8_t *p = data;

	if (__builtin_expect(n > MOST, 0))
		return tp_checksum_add_plain(sum, data, n);
	for (; n > VECTOR; n -= VECTOR, p += VECTOR)
		total = _mm512_add_epi32(total, checksum_halves(_mm512_loadu_si512(p)));
	total = _mm512_add_epi32(total, checksum_halves(_mm512_maskz_loadu_epi8(_bzhi_u64(~UINT64_C(0), (unsigned int)n), p)));
	return sum + (uint32_t)_mm512_reduce_add_epi32(total);
}
