/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "normal.h"
#include "scan/scratch.h"

#define SCRATCH_ITEMS_MAX 65536

static hs_error_t scratch_grow(hs_scratch_t **hs, const hs_database_t *db)
{
	return db == NULL ? HS_SUCCESS : hs_alloc_scratch(db, hs);
}

/* One Hyperscan scratch that serves all databases. */
static int scratch_hs(struct tp_pattern_scratch *s, const struct tp_pattern_db *db)
{
	hs_error_t r = scratch_grow(&s->hs, db->plates.hs);

	for (unsigned int i = 0; i < db->n_channels; i++) {
		const struct pattern_channel *c = &db->channels[i];

		r = r != HS_SUCCESS ? r : scratch_grow(&s->hs, c->vector);
		r = r != HS_SUCCESS ? r : scratch_grow(&s->hs, c->alone);
		for (uint32_t k = 0; k < c->n_rules && r == HS_SUCCESS; k++)
			r = scratch_grow(&s->hs, c->rules[k].exact);
	}
	return r == HS_SUCCESS ? 0 : -ENOMEM;
}

static size_t scratch_words(const struct tp_pattern_db *db)
{
	size_t words = 1;

	for (unsigned int i = 0; i < db->n_channels; i++)
		words = db->channels[i].words > words ? db->channels[i].words : words;
	return words;
}

/* Plates: a separator in front, then at most TP_PLATE_NORMAL_MAX and one octets an item, and the slack of the last store. */
static uint32_t scratch_buffer_size(unsigned int max_items)
{
	uint32_t plates = 1 + max_items * (TP_PLATE_NORMAL_MAX + 1) + NORMAL_BLOCK;

	return plates > SCRATCH_TEXT ? plates : SCRATCH_TEXT;
}

/* Every entry of the lists that is short enough for the filter. */
static int scratch_filter(struct plate_filter *f, const struct tp_pattern_db *db)
{
	const struct pattern_plates *p = &db->plates;
	unsigned int bits = FILTER_BITS_MIN;

	if (p->n == 0)
		return 0;
	while (bits < FILTER_BITS_MAX && (UINT64_C(1) << bits) < (uint64_t)p->n * FILTER_BITS_EACH)
		bits++;
	f->shift = 64 - (bits - 6);
	f->words = calloc((size_t)1 << (bits - 6), sizeof(*f->words));
	if (f->words == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < p->n; i++) {
		const char *entry = db->entries[p->members[p->first[i]]].entry;
		uint8_t normal[NORMAL_ROOM] = {0};
		uint32_t n = normal_write((const uint8_t *)entry, (uint32_t)strlen(entry), normal);

		if (n > 0 && n <= NORMAL_BLOCK)
			filter_set(f, normal, n);
	}
	return 0;
}

#define SCRATCH_LINE 64 /* octets of a cache line */

static int scratch_hits(struct tp_pattern_scratch *s, const struct tp_pattern_db *db)
{
	size_t size = (db->n_groups * sizeof(*s->hits) + SCRATCH_LINE) / SCRATCH_LINE * SCRATCH_LINE;

	s->db = db;
	s->hits = aligned_alloc(SCRATCH_LINE, size);
	if (s->hits == NULL)
		return -ENOMEM;
	memset(s->hits, 0, size);
	return 0;
}

int tp_pattern_scratch_new(const struct tp_pattern_db *db, unsigned int max_items, struct tp_pattern_scratch **scratch)
{
	struct tp_pattern_scratch *s;

	*scratch = NULL;
	if (max_items == 0 || max_items > SCRATCH_ITEMS_MAX)
		return -EINVAL;
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return -ENOMEM;
	s->max_items = max_items;
	s->buffer_size = scratch_buffer_size(max_items);
	s->buffer = malloc(s->buffer_size);
	s->lines = calloc(max_items, sizeof(*s->lines));
	s->maybe = calloc(max_items * scratch_words(db), sizeof(*s->maybe));
	if (s->buffer == NULL || s->lines == NULL || s->maybe == NULL || scratch_hs(s, db) != 0 || scratch_hits(s, db) != 0 ||
	        scratch_filter(&s->filter, db) != 0) {
		tp_pattern_scratch_free(s);
		return -ENOMEM;
	}
	*scratch = s;
	return 0;
}

void tp_pattern_scratch_free(struct tp_pattern_scratch *scratch)
{
	if (scratch == NULL)
		return;
	hs_free_scratch(scratch->hs);
	free(scratch->hits);
	free(scratch->filter.words);
	free(scratch->maybe);
	free(scratch->lines);
	free(scratch->buffer);
	free(scratch);
}

uint64_t tp_pattern_scratch_errors(const struct tp_pattern_scratch *scratch)
{
	return atomic_load_explicit(&scratch->errors, memory_order_relaxed);
}

void tp_pattern_count_hit(struct tp_pattern_scratch *scratch, const struct tp_pattern_entry *entry)
{
	_Atomic uint64_t *hits = &scratch->hits[entry->group];

	atomic_store_explicit(hits, atomic_load_explicit(hits, memory_order_relaxed) + 1, memory_order_relaxed);
}

uint64_t tp_pattern_hits(const struct tp_pattern_scratch *scratch, uint32_t group)
{
	return atomic_load_explicit(&scratch->hits[group], memory_order_relaxed);
}

void tp_pattern_scratch_carry(struct tp_pattern_scratch *scratch, const struct tp_pattern_scratch *before)
{
	for (uint32_t i = 0; scratch->db == before->db && i < scratch->db->n_groups; i++)
		atomic_store_explicit(&scratch->hits[i], tp_pattern_hits(before, i), memory_order_relaxed);
}
