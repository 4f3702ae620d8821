/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_PATTERN_PLATE_FILTER_H
#define TP_PATTERN_PLATE_FILTER_H
/*
 * A table of words; a plate of the lists sets three bits of one of them, all told by the hash of its normal form. Nearly all plates
 * that come by are on no list, and nearly all of these find a bit that is clear, so they need not be scanned; one load says so.
 * Three set bits say nothing: Hyperscan decides.
 *
 * Sixteen to 32 bits a plate let 3 to 12 of a thousand plates through that are on no list, so most vectors are not scanned at all.
 * 10,000 plates take 32 KiB.
 */
#include <immintrin.h>

#include "normal.h"

#define FILTER_BITS_MIN  12 /* as powers of two */
#define FILTER_BITS_MAX  25
#define FILTER_BITS_EACH 16

struct plate_filter {
	uint64_t *words;    /* NULL: everything may be on a list */
	unsigned int shift; /* leaves the number of a word of a hash */
};

/* Which word a plate has, and its bits. */
struct filter_place {
	uint64_t word;
	uint64_t bits;
};

/* n (1..NORMAL_BLOCK) octets of a normal form as a place in the table; NORMAL_BLOCK octets are readable. */
static inline struct filter_place filter_place(const struct plate_filter *f, const uint8_t *normal, uint32_t n)
{
	uint64_t low = _bzhi_u64(normal_load64(normal), n < 8 ? 8 * n : 64),
	         high = n > 8 ? _bzhi_u64(normal_load64(normal + 8), 8 * n - 64) : 0;
	uint64_t h = low * UINT64_C(0x9e3779b97f4a7c15) + high * UINT64_C(0xc2b2ae3d27d4eb4f);

	h = (h ^ h >> 32) * UINT64_C(0x9e3779b97f4a7c15);
	/* The upper bits depend on all of the plate; the uppermost 19, at most, are the word. */
	return (struct filter_place){
	        h >> f->shift, UINT64_C(1) << (h >> 39 & 63) | UINT64_C(1) << (h >> 33 & 63) | UINT64_C(1) << (h >> 27 & 63)};
}

static inline void filter_set(struct plate_filter *f, const uint8_t *normal, uint32_t n)
{
	struct filter_place place = filter_place(f, normal, n);

	f->words[place.word] |= place.bits;
}

/* False where the plate is on no list. Longer ones are rare and not in the table. */
static inline bool filter_maybe(const struct plate_filter *f, const uint8_t *normal, uint32_t n)
{
	struct filter_place place;

	if (f->words == NULL || n > NORMAL_BLOCK)
		return true;
	place = filter_place(f, normal, n);
	return (~f->words[place.word] & place.bits) == 0;
}

#endif
