/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_MURMUR2_H
#define TP_MURMUR2_H
/*
 * MurmurHash2, 32 bits, with the seed that Kafka's Java clients use: partition = (hash & 0x7fffffff) % partitions. Pure.
 */
#include <stdint.h>
#include <string.h>

static inline uint32_t tp_murmur2(const void *key, uint32_t n)
{
	const uint32_t m = 0x5bd1e995;
	const uint8_t *p = key;
	uint32_t h = 0x9747b28c ^ n, k;

	for (; n >= 4; n -= 4, p += 4) {
		memcpy(&k, p, 4); /* little-endian */
		k *= m;
		k ^= k >> 24;
		h = h * m ^ k * m;
	}
	if (n) {
		k = 0;
		memcpy(&k, p, n);
		h = (h ^ k) * m;
	}
	h ^= h >> 13;
	h *= m;
	return h ^ h >> 15;
}

#endif
