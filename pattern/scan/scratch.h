/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_PATTERN_SCRATCH_H
#define TP_PATTERN_SCRATCH_H
/* What one worker scans with: everything that a scan needs, allocated once. */
#include <stdatomic.h>

#include "db.h"
#include "scan/plate_filter.h"

#define SCRATCH_TEXT  32768 /* octets of texts scanned at once: they stay in the first-level cache */
#define SCRATCH_ALONE 4096  /* a text of more octets is scanned where it lies */

/* Where a text ends in the buffer, the separator included, and which one it is. */
struct scratch_line {
	uint32_t end;
	uint32_t item;
};

struct tp_pattern_scratch {
	hs_scratch_t *hs;
	uint8_t *buffer; /* texts, each with a '\n' behind it */
	uint32_t buffer_size;
	uint32_t max_items;
	struct scratch_line *lines; /* [max_items], ascending */
	uint32_t n_lines;
	struct plate_filter filter;
	uint64_t *maybe;         /* [max_items][words of the channel]: a bit a rule that may match the text */
	_Atomic uint64_t errors; /* worker: rw, others: ro */
	const struct tp_pattern_db *db;
	_Atomic uint64_t *hits; /* [n_groups of db], lines of the cache of their own; worker: rw, others: ro */
};

/* The line that a match with end offset `to` belongs to: the first one that ends at or behind it. */
static inline uint32_t scratch_line_at(const struct tp_pattern_scratch *s, uint32_t to)
{
	uint32_t low = 0, high = s->n_lines - 1;

	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (s->lines[middle].end < to)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The one call of Hyperscan. */
static inline void scratch_scan(struct tp_pattern_scratch *s, const hs_database_t *db, const uint8_t *p, uint32_t n,
        match_event_handler on_match, void *context)
{
	hs_error_t r = hs_scan(db, (const char *)p, n, 0, s->hs, on_match, context);

	if (__builtin_expect(r != HS_SUCCESS && r != HS_SCAN_TERMINATED, 0))
		atomic_store_explicit(&s->errors, atomic_load_explicit(&s->errors, memory_order_relaxed) + 1, memory_order_relaxed);
}

#endif
