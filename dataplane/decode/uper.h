/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_DECODE_UPER_H
#define TP_DECODE_UPER_H
/*
 * A reader of the unaligned packed encoding rules (ITU-T X.691), for the shapes that SAE J2735 uses.
 *
 * Its error is sticky: the first failure is kept with its place, the reader then stands at its end and every later read gives 0. So a
 * decoder reads a whole structure and looks at the error once. It never touches an octet outside [p, p + octets).
 */
#include <immintrin.h>

#include "tp_decoder.h"

#define UPER_NO_ROOM (-1) /* the arena is full */

struct uper {
	const uint8_t *p; /* first octet of the encoding */
	uint32_t bit;     /* next bit */
	uint32_t end;     /* bits that may be read: of the innermost open type, at most 8 * octets */
	uint32_t octets;  /* of memory that may be touched: to the end of the datagram */
	int32_t error;    /* 0, UPER_NO_ROOM, or enum tp_counter of class MALFORMED (0 is none of them) */
	uint32_t error_bit;
	struct tp_arena *arena;
};

static inline uint64_t uper_load64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return __builtin_bswap64(v);
}

/* Keeps the first error and moves to the end, so that nothing more is read. */
static inline void uper_fail(struct uper *u, int32_t error, uint32_t at)
{
	if (!u->error) {
		u->error = error;
		u->error_bit = at;
	}
	u->bit = u->end;
}

/* True where n more bits are there; else the error is set. */
static inline bool uper_need(struct uper *u, uint32_t n)
{
	if (__builtin_expect(u->end - u->bit >= n, 1))
		return true;
	uper_fail(u, TP_C_truncated, u->end);
	return false;
}

/* The 64 bits from an octet of the datagram, octet <= octets; zeros behind its end. Without a branch where it has eight octets. */
static inline uint64_t uper_word(const uint8_t *p, uint32_t octets, uint32_t octet)
{
	uint64_t v = 0;
	uint32_t at;

	if (__builtin_expect(octets >= 8, 1)) {
		at = octet < octets - 8 ? octet : octets - 8;
		v = uper_load64(p + at);
		return octet == octets ? 0 : v << 8 * (octet - at);
	}
	for (uint32_t i = 0; i < 8; i++)
		v = v << 8 | (octet + i < octets ? p[octet + i] : 0);
	return v;
}

/* The bits in front of bit `end`, the last of them lowest: 57 are right. At least eight octets must lie in front of it. */
static inline uint64_t uper_before(const uint8_t *p, uint32_t end)
{
	return uper_load64(p + ((end + 7) >> 3) - 8) >> (-end & 7);
}

/* The next n bits, 0 <= n <= 56, without moving. They must be there. */
static inline uint64_t uper_peek(const struct uper *u, unsigned int n)
{
	return n == 0 ? 0 : uper_word(u->p, u->octets, u->bit >> 3) << (u->bit & 7) >> (64 - n);
}

/* n bits, 0 <= n <= 56. */
static inline uint64_t uper_bits(struct uper *u, unsigned int n)
{
	uint64_t v;

	if (!uper_need(u, n))
		return 0;
	v = uper_peek(u, n);
	u->bit += n;
	return v;
}

static inline bool uper_bool(struct uper *u)
{
	return uper_bits(u, 1);
}

/* A constrained whole number of n bits: low + raw, where raw may be at most `max`. */
static inline int64_t uper_int(struct uper *u, unsigned int n, int64_t low, uint64_t max)
{
	uint32_t at = u->bit;
	uint64_t raw = uper_bits(u, n);

	if (__builtin_expect(raw > max, 0)) {
		uper_fail(u, TP_C_out_of_range, at);
		return low;
	}
	return low + (int64_t)raw;
}

/* A bit string of n bits, n <= 32, as a number in which named bit k counts 1 << k. */
static inline uint32_t uper_flags(struct uper *u, unsigned int n)
{
	uint64_t v = uper_bits(u, n);
	uint32_t flags = 0;

	for (unsigned int k = 0; k < n; k++)
		flags |= (uint32_t)(v >> (n - 1 - k) & 1) << k;
	return flags;
}

/* A general length determinant (X.691 11.9.3.6 to 11.9.3.8), below 16,384. A fragmented one is an error. */
static inline uint32_t uper_length(struct uper *u)
{
	uint32_t at = u->bit;
	uint32_t n = (uint32_t)uper_bits(u, 8);

	if (n < 0x80)
		return n;
	if (n < 0xc0)
		return (n & 0x3f) << 8 | (uint32_t)uper_bits(u, 8);
	uper_fail(u, TP_C_bad_length, at);
	return 0;
}

/* Moves over n bits. */
static inline void uper_skip(struct uper *u, uint32_t n)
{
	if (uper_need(u, n))
		u->bit += n;
}

/*
 * Enters an open type: from here on only its octets can be read. Returns the outer end for uper_leave(), which moves behind the open
 * type whatever was read of it.
 */
struct uper_outer {
	uint32_t end, next;
};

static inline struct uper_outer uper_enter(struct uper *u)
{
	uint32_t at = u->bit, octets = uper_length(u);
	struct uper_outer outer = {u->end, u->end};

	if (u->error)
		return outer;
	if (octets > (u->end - u->bit) / 8) {
		uper_fail(u, TP_C_bad_length, at);
		return outer;
	}
	outer.next = u->bit + octets * 8;
	u->end = outer.next;
	return outer;
}

static inline void uper_leave(struct uper *u, struct uper_outer outer)
{
	u->end = outer.end;
	u->bit = u->error ? outer.end : outer.next;
}

/* Memory for `count` elements of `size` octets, or NULL with the error set. Not cleared. */
static inline void *uper_alloc(struct uper *u, size_t count, size_t size)
{
	void *p = tp_arena_get(u->arena, count * size);

	if (!p)
		uper_fail(u, UPER_NO_ROOM, u->bit);
	return p;
}

/*
 * The number of elements of a SEQUENCE OF with at least one: n bits and one more. Every element takes at least min_bits; a count that
 * cannot fit is refused here, before memory is taken for it. Returns 0 after an error only.
 */
static inline uint32_t uper_count(struct uper *u, unsigned int n, uint32_t max, uint32_t min_bits)
{
	uint32_t at = u->bit;
	uint32_t count = (uint32_t)uper_bits(u, n) + 1;

	if (u->error)
		return 0;
	if (count > max)
		uper_fail(u, TP_C_out_of_range, at);
	else if (count * min_bits > u->end - u->bit)
		uper_fail(u, TP_C_truncated, u->end);
	return u->error ? 0 : count;
}

/*
 * Copies bits, shifted to an octet boundary and filled with 0. Seven octets a step are taken from a word and stored with one octet
 * behind them: `out` has room for bits / 8 + UPER_COPY_SLACK octets. Words are taken by their ends, where that is not in front of `p`.
 */
#define UPER_COPY_SLACK 9
static inline void uper_copy_bits(uint8_t *out, const uint8_t *p, uint32_t octets, uint32_t from, uint32_t bits)
{
	uint64_t word;

	for (; bits > 56; bits -= 56, from += 56, out += 7) {
		word = from >= 8 ? uper_before(p, from + 56) << 8 : uper_word(p, octets, from >> 3) << (from & 7);
		word = __builtin_bswap64(word);
		memcpy(out, &word, sizeof(word));
	}
	word = from + bits >= 64 ? uper_before(p, from + bits) : uper_word(p, octets, from >> 3) << (from & 7) >> 1 >> (63 - bits);
	word = bits ? __builtin_bswap64(word << (64 - bits)) : 0;
	memcpy(out, &word, sizeof(word));
}

/*
 * Copies whole octets that begin at bit `from`, 32 a step and the last 32 once more: at least 32. One octet behind the last of them must be there.
 */
static inline void uper_copy_wide(uint8_t *out, const uint8_t *p, uint32_t from, uint32_t n)
{
	__m128i left = _mm_cvtsi32_si128((int)(from & 7)), right = _mm_cvtsi32_si128(8 - (int)(from & 7));
	__m256i high = _mm256_set1_epi8((char)(0xff << (from & 7))), low = _mm256_set1_epi8((char)~(0xff << (from & 7)));
	uint32_t i = 0;

	p += from >> 3;
	for (;;) { /* words of 16 bits are shifted: what comes from the other octet of one is masked */
		__m256i here = _mm256_sll_epi16(_mm256_loadu_si256((const __m256i *)(p + i)), left);
		__m256i next = _mm256_srl_epi16(_mm256_loadu_si256((const __m256i *)(p + i + 1)), right);

		here = _mm256_or_si256(_mm256_and_si256(here, high), _mm256_and_si256(next, low));
		_mm256_storeu_si256((__m256i *)(out + i), here);
		if (i == n - 32)
			return;
		i = i + 32 <= n - 32 ? i + 32 : n - 32;
	}
}

/* The same as uper_copy_bits(), for many bits. */
static inline void uper_copy_many_bits(uint8_t *out, const uint8_t *p, uint32_t octets, uint32_t from, uint32_t bits)
{
	uint32_t n = bits / 8;

	if (n < 32 || (from >> 3) + n >= octets) {
		uper_copy_bits(out, p, octets, from, bits);
		return;
	}
	uper_copy_wide(out, p, from, n);
	uper_copy_bits(out + n, p, octets, from + 8 * n, bits & 7);
}

/* Which extension additions follow (X.691 19.7, 19.8): bit k of the result for addition k. Up to 64; 0 where there are none. */
uint64_t uper_extension_map(struct uper *u, unsigned int *count);
/* Moves over all extension additions of a SEQUENCE whose extension bit was set. */
void uper_skip_extensions(struct uper *u);
/* Moves over SEQUENCE (SIZE(1..4)) OF RegionalExtension and returns how many there were. */
int32_t uper_regional(struct uper *u);
/* The index of an enumeration with extension marker and n bits for its root; `extension` for one that was added later. */
uint32_t uper_enum_ext(struct uper *u, unsigned int n, uint32_t last, uint32_t extension);
/* An extensible bit string whose root size is n <= 32: as uper_flags(), of a longer one the first 32 bits. */
uint32_t uper_flags_ext(struct uper *u, unsigned int n);
/* A copy of `octets` octets that need not start on an octet boundary, in the arena. */
struct tp_slice uper_octets(struct uper *u, uint32_t octets);
/* A copy of the bits [from, u->bit), shifted to an octet boundary and filled with 0, in the arena. */
struct tp_slice uper_copy(struct uper *u, uint32_t from);
/* An IA5String whose length has n bits and a lower bound of 1: its characters in the arena. */
struct tp_slice uper_ia5(struct uper *u, unsigned int n, uint32_t max);

#endif
