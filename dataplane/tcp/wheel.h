/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_TCP_WHEEL_H
#define TP_TCP_WHEEL_H
/*
 * A hierarchical timer wheel of one timer an item: seven levels of 64 slots, a slot of level n being 64^n milliseconds. A timer lies at the level
 * of the highest digit (base 64) in which its time differs from the wheel's, and moves down when the wheel gets there. A bit a slot says
 * where there is something, so that time without timers costs nothing, however long.
 */
#include <stdbool.h>
#include <stdint.h>

#define TCP_WHEEL_LEVELS 7
#define TCP_WHEEL_SLOTS  64

struct tcp_timer {
	uint32_t next, prev; /* circular through the slot's head; next 0: not set */
	uint32_t due;        /* low 32 bits of milliseconds */
};

struct tcp_wheel {
	uint64_t now;             /* everything before has fired */
	struct tcp_timer *timers; /* 0 is unused, items from 1, then the heads of the slots */
	uint32_t items;
	uint64_t occupied[TCP_WHEEL_LEVELS];
};

uint32_t tcp_wheel_timers(uint32_t items); /* entries `timers` needs */
void tcp_wheel_init(struct tcp_wheel *w, struct tcp_timer *timers, uint32_t items, uint64_t now);
/* Sets or moves; a time that has passed fires at the next millisecond. At most 2^31 ms ahead. */
void tcp_wheel_set(struct tcp_wheel *w, uint32_t item, uint64_t due);
void tcp_wheel_clear(struct tcp_wheel *w, uint32_t item);
/* Takes out one item that is due at `now`; 0: none. */
uint32_t tcp_wheel_pop(struct tcp_wheel *w, uint64_t now);
/* When pop should be called again, at most `limit` from `now`. */
uint64_t tcp_wheel_next(const struct tcp_wheel *w, uint64_t now, uint64_t limit);

static inline bool tcp_wheel_is_set(const struct tcp_wheel *w, uint32_t item)
{
	return w->timers[item].next != 0;
}

#endif
