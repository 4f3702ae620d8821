/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>

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
	if (s->buffer == NULL || s->lines == NULL || s->maybe == NULL || scratch_hs(s, db) != 0) {
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
	free(scratch->maybe);
	free(scratch->lines);
	free(scratch->buffer);
	free(scratch);
}

uint64_t tp_pattern_scratch_errors(const struct tp_pattern_scratch *scratch)
{
	return atomic_load_explicit(&scratch->errors, memory_order_relaxed);
}
