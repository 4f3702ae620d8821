/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_RECORD_AVRO_RUN_H
#define TP_RECORD_AVRO_RUN_H
/*
 * Runs: whole numbers that stand beside each other in a record, always there, encoded up to sixteen at a time with AVX-512.
 *
 * The octets of the fields are picked out of the 64 octets of the struct that begin with them into a vector of sixteen lanes of 32 bits.
 * There they become zigzag numbers, then groups of seven bits, an octet each; a field has four octets of room (a lane), or eight (two
 * lanes) where it is a LONG or its table says that it is `wide`. A bit mask of the groups that are not 0 says how many octets each number has and
 * which of them another follows; the octets that count are pushed together and stored at once. A value that does not fit its room is
 * found by one test; the vector's fields are then written one by one.
 *
 * What depends on the fields only is a struct avro_run a vector, made once from the rows of the field tables.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AVRO_RUN_LANES 16u
#define AVRO_RUN_LEAST 5   /* fields beside each other that are worth a vector */
#define AVRO_WINDOW    64u /* octets of the struct a vector is picked from */

/* A field as its table has it. */
struct avro_row {
	uint8_t type;    /* enum tp_type */
	bool wide;       /* takes two lanes */
	uint16_t offset; /* in the struct */
};

/* One vector of a run. */
struct avro_run {
	uint8_t pick[64];              /* octet of a lane -> octet of the window */
	uint8_t groups[64];            /* octet of a lane -> bit of the 64 bits around it where its group begins */
	uint32_t over[AVRO_RUN_LANES]; /* lane -> bits of a zigzag number that do not fit */
	uint64_t picked;               /* octets of lanes that come from the window; the others are 0 */
	uint64_t first;                /* the first octet of each number */
	uint64_t next1, next2, next4;  /* octets of a number that has another 1, 2, 4 octets on */
	uint8_t longs;                 /* pairs of lanes that hold 64 bits */
	bool more;                     /* the run goes on in the next vector */
	uint16_t offset;               /* of the window in the struct */
	const struct avro_row *rows;   /* the fields in it */
	uint32_t count;
} __attribute__((aligned(64)));

/* The runs of one struct, for avro_runs_make(). */
struct avro_struct {
	const struct avro_row *rows;
	uint32_t count;
	uint32_t size;              /* octets of the struct */
	uint64_t set;               /* fields that may stand in a run */
	const struct avro_run **at; /* made: by field, the first vector of the run that begins there */
};

struct avro_runs {
	const struct avro_struct *structs;
	uint32_t n_structs;
	struct avro_run *vectors; /* memory for them */
	uint32_t n_vectors;
};

/* Where field i stands: alone, first in a run, or behind its first. `set` is that of its struct. A constant where they are. */
enum avro_place { AVRO_ALONE, AVRO_FIRST, AVRO_BEHIND };
static inline __attribute__((always_inline)) enum avro_place avro_place(uint64_t set, unsigned int i)
{
	uint64_t up = set >> i, down = set << (63 - i);
	unsigned int behind, before;

	if (!(up & 1))
		return AVRO_ALONE;
	behind = ~up ? (unsigned int)__builtin_ctzll(~up) : 64;     /* from i on, itself included */
	before = ~down ? (unsigned int)__builtin_clzll(~down) : 64; /* up to i, itself included */
	if (behind + before - 1 < AVRO_RUN_LEAST)
		return AVRO_ALONE;
	return before == 1 ? AVRO_FIRST : AVRO_BEHIND;
}

/* Makes all vectors. At start, before a run is used. */
void avro_runs_make(struct avro_runs *runs);

/* The fields of a vector one by one. Pure. */
uint8_t *avro_run_plain(uint8_t *p, const void *record, const struct avro_run *run);

#ifdef __AVX512VBMI2__
#include <immintrin.h>

/* Which octets of the groups count: those that are not 0 and those in front of them in their number, and its first one. */
static inline __attribute__((always_inline)) uint64_t avro_run_count(uint64_t groups, const struct avro_run *run)
{
	groups |= groups >> 1 & run->next1;
	groups |= groups >> 2 & run->next2;
	groups |= groups >> 4 & run->next4;
	return groups | run->first;
}

/* Encodes a run of the struct at `record`. Writes up to 64 octets behind what counts. */
static inline __attribute__((always_inline)) uint8_t *avro_run(uint8_t *p, const void *record, const struct avro_run *run)
{
	for (;; run++) {
		__m512i value = _mm512_loadu_si512((const uint8_t *)record + run->offset), zigzag, groups;
		uint64_t count;

		value = _mm512_maskz_permutexvar_epi8(run->picked, _mm512_load_si512(run->pick), value);
		zigzag = _mm512_xor_si512(_mm512_add_epi32(value, value), _mm512_srai_epi32(value, 31));
		if (run->longs)
			zigzag = _mm512_mask_xor_epi64(
			        zigzag, run->longs, _mm512_add_epi64(value, value), _mm512_srai_epi64(value, 63));
		if (__builtin_expect(_mm512_test_epi32_mask(zigzag, _mm512_load_si512(run->over)) != 0, 0)) {
			p = avro_run_plain(p, record, run);
		} else {
			groups = _mm512_multishift_epi64_epi8(_mm512_load_si512(run->groups), zigzag);
			groups = _mm512_and_si512(groups, _mm512_set1_epi8(0x7f));
			count = avro_run_count(_mm512_test_epi8_mask(groups, groups), run);
			groups = _mm512_mask_add_epi8(groups, count >> 1 & run->next1, groups, _mm512_set1_epi8((char)0x80));
			_mm512_storeu_si512(p, _mm512_maskz_compress_epi8(count, groups));
			p += _mm_popcnt_u64(count);
		}
		if (!run->more)
			return p;
	}
}
#endif

#endif
