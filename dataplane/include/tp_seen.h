/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_SEEN_H
#define TP_SEEN_H
/*
 * When a source was heard, and how its clock stands: one cache line a source and worker, in front of its counters (struct tp_book).
 *
 * Packets of one burst arrive at one moment, so a gap is the time between two moments at which something came. What a device's clock says is
 * held against the arrival of each record that carries a time and was handed to a batch. The usual case costs a few instructions: a second
 * packet of the same burst one compare, a time between the least and the greatest so far one compare and the mean.
 *
 * worker: rw; control: ro, each value whole, not all of one moment.
 */
#include <stdint.h>

#define TP_SEEN_SMOOTH 4 /* the mean moves by 1/16 of the difference */

struct tp_seen {
	int64_t last_us;       /* arrival of the last packet, wall clock; 0: none yet */
	int64_t first_us;      /* of the first one */
	int64_t gap_us;        /* between the last two moments at which packets came */
	int64_t longest_us;    /* longest of those */
	int64_t longest_at_us; /* when it ended */
	/* device_time - arrival. */
	int64_t skew_us; /* smoothed */
	int64_t skew_least_us;
	uint64_t skew_width; /* greatest - least + 1; 0: no record had a time */
};
_Static_assert(sizeof(struct tp_seen) == 64, "one cache line");

/* The first packet, or the end of the longest gap so far. Returns the gap. */
static __attribute__((noinline, unused)) int64_t tp_seen_longest(struct tp_seen *s, int64_t now_us, int64_t gap_us)
{
	if (s->last_us == 0) {
		s->first_us = now_us;
		return 0;
	}
	s->longest_us = gap_us;
	s->longest_at_us = now_us;
	return gap_us;
}

/* A packet of the source came. Worker. */
static inline void tp_seen_arrival(struct tp_seen *s, int64_t now_us)
{
	int64_t gap = now_us - s->last_us;

	if (gap == 0)
		return;
	if (__builtin_expect(gap > s->longest_us, 0))
		gap = tp_seen_longest(s, now_us, gap);
	s->gap_us = gap;
	s->last_us = now_us;
}

static __attribute__((noinline, unused)) void tp_seen_clock_widen(struct tp_seen *s, int64_t skew_us)
{
	int64_t most = s->skew_least_us + (int64_t)s->skew_width - 1;

	if (s->skew_width == 0) {
		s->skew_us = s->skew_least_us = most = skew_us;
	} else if (skew_us > most) {
		most = skew_us;
	} else {
		s->skew_least_us = skew_us;
	}
	s->skew_width = (uint64_t)(most - s->skew_least_us) + 1;
}

/* A record of the source says another time than its arrival by so much. Worker. */
static inline void tp_seen_clock(struct tp_seen *s, int64_t skew_us)
{
	if (__builtin_expect((uint64_t)(skew_us - s->skew_least_us) >= s->skew_width, 0))
		tp_seen_clock_widen(s, skew_us);
	s->skew_us += (skew_us - s->skew_us) >> TP_SEEN_SMOOTH;
}

/* What two workers saw of one source: the times of both, gap and mean of the one that heard it last. Any thread. */
static inline void tp_seen_join(struct tp_seen *to, const struct tp_seen *from)
{
	int64_t least = to->skew_least_us, most = least + (int64_t)to->skew_width - 1;
	int64_t other = from->skew_least_us + (int64_t)from->skew_width - 1;

	if (from->last_us == 0)
		return;
	if (to->first_us == 0 || from->first_us < to->first_us)
		to->first_us = from->first_us;
	if (from->longest_us > to->longest_us) {
		to->longest_us = from->longest_us;
		to->longest_at_us = from->longest_at_us;
	}
	if (from->skew_width) {
		least = to->skew_width && least < from->skew_least_us ? least : from->skew_least_us;
		most = to->skew_width && most > other ? most : other;
		to->skew_us = to->skew_width && to->last_us > from->last_us ? to->skew_us : from->skew_us;
		to->skew_least_us = least;
		to->skew_width = (uint64_t)(most - least) + 1;
	}
	if (from->last_us > to->last_us) {
		to->last_us = from->last_us;
		to->gap_us = from->gap_us;
	}
}

#endif
