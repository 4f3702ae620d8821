/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_PATTERN_PLATE_FILTER_H
#define TP_PATTERN_PLATE_FILTER_H
/*
 * A table of bits, one set for each plate of the lists at the hash of its normal form. Nearly all plates that come by are on no
 * list, and for nearly all of these the bit is clear, so they need not be scanned. A set bit says nothing: Hyperscan decides.
 *
 * Sixteen to 32 bits a plate let 3 to 6 of a hundred plates through that are on no list. 10,000 plates take 32 KiB.
 */
#include <immintrin.h>

#include "normal.h"

#define FILTER_BITS_MIN  12 /* as powers of two */
#define FILTER_BITS_MAX  25
#define FILTER_BITS_EACH 16

struct plate_filter {
	uint64_t *words; /* NULL: everything may be on a list */
	unsigned int shift;
};

/* n (1..NORMAL_BLOCK) octets of a normal form as a place in the table; NORMAL_BLOCK octets are readable. */
static inline uint64_t filter_place(const struct plate_filter *f, const uint8_t *normal, uint32_t n)
{
	uint64_t low = _bzhi_u64(normal_load64(normal), n < 8 ? 8 * n : 64),
	         high = n > 8 ? _bzhi_u64(normal_load64(normal + 8), 8 * n - 64) : 0;
	uint64_t h = low * UINT64_C(0x9e3779b97f4a7c15) + high * UINT64_C(0xc2b2ae3d27d4eb4f);

	return (h ^ h >> 32) * UINT64_C(0x9e3779b97f4a7c15) >> f->shift;
}

static inline void filter_set(struct plate_filter *f, const uint8_t *normal, uint32_t n)
{
	uint64_t place = filter_place(f, normal, n);

	f->words[place / 64] |= UINT64_C(1) << (place % 64);
}

/* False where the plate is on no list. Longer ones are rare and not in the table. */
static inline bool filter_maybe(const struct plate_filter *f, const uint8_t *normal, uint32_t n)
{
	uint64_t place;

	if (f->words == NULL || n > NORMAL_BLOCK)
		return true;
	place = filter_place(f, normal, n);
	return f->words[place / 64] >> (place % 64) & 1;
}

#endif
