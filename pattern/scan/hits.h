/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_PATTERN_HITS_H
#define TP_PATTERN_HITS_H
/* The caller's array of hits: counts all, keeps what has room. */
#include "tp_pattern.h"

struct hits {
	struct tp_pattern_hit *hit;
	unsigned int room;
	unsigned int n; /* may be more than room */
};

static inline void hits_add(struct hits *h, struct tp_pattern_hit hit)
{
	if (h->n < h->room)
		h->hit[h->n] = hit;
	h->n++;
}

#endif
