/* SPDX-License-Identifier: BSD-3-Clause */
/* The timer wheel: see wheel.h. */
#include "wheel.h"

#define BITS 6
#define MASK (TCP_WHEEL_SLOTS - 1)

uint32_t tcp_wheel_timers(uint32_t items)
{
	return 1 + items + TCP_WHEEL_LEVELS * TCP_WHEEL_SLOTS;
}

static uint32_t wheel_head(const struct tcp_wheel *w, unsigned int level, unsigned int slot)
{
	return 1 + w->items + level * TCP_WHEEL_SLOTS + slot;
}

void tcp_wheel_init(struct tcp_wheel *w, struct tcp_timer *timers, uint32_t items, uint64_t now)
{
	*w = (struct tcp_wheel){.now = now, .timers = timers, .items = items};
	for (uint32_t head = 1 + items; head < tcp_wheel_timers(items); head++)
		timers[head] = (struct tcp_timer){head, head, 0};
}

static uint64_t wheel_due(const struct tcp_wheel *w, uint32_t item)
{
	return w->now + (uint32_t)(w->timers[item].due - (uint32_t)w->now);
}

static unsigned int wheel_level(uint64_t now, uint64_t due)
{
	unsigned int level = (unsigned int)(63 - __builtin_clzll((now ^ due) | 1)) / BITS;

	return level < TCP_WHEEL_LEVELS ? level : TCP_WHEEL_LEVELS - 1;
}

static void wheel_link(struct tcp_wheel *w, uint32_t item, uint64_t due)
{
	unsigned int level = wheel_level(w->now, due), slot = (due >> (level * BITS)) & MASK;
	uint32_t head = wheel_head(w, level, slot), last = w->timers[head].prev;

	w->timers[item] = (struct tcp_timer){head, last, (uint32_t)due};
	w->timers[last].next = item;
	w->timers[head].prev = item;
	w->occupied[level] |= UINT64_C(1) << slot;
}

void tcp_wheel_clear(struct tcp_wheel *w, uint32_t item)
{
	struct tcp_timer *timer = &w->timers[item];

	if (!timer->next)
		return;
	w->timers[timer->prev].next = timer->next;
	w->timers[timer->next].prev = timer->prev;
	if (timer->next == timer->prev && timer->next > w->items) {
		uint32_t head = timer->next - 1 - w->items;

		w->occupied[head / TCP_WHEEL_SLOTS] &= ~(UINT64_C(1) << (head & MASK));
	}
	timer->next = timer->prev = 0;
}

void tcp_wheel_set(struct tcp_wheel *w, uint32_t item, uint64_t due)
{
	tcp_wheel_clear(w, item);
	wheel_link(w, item, due > w->now ? due : w->now + 1);
}

/* The lowest level with something holds what is due first; `at` is when its slot begins. */
static bool wheel_first(const struct tcp_wheel *w, unsigned int *level, unsigned int *slot, uint64_t *at)
{
	for (unsigned int l = 0; l < TCP_WHEEL_LEVELS; l++) {
		unsigned int shift = l * BITS, here = (w->now >> shift) & MASK, distance;

		if (!w->occupied[l])
			continue;
		distance = (unsigned int)__builtin_ctzll(
		        w->occupied[l] >> here | (here ? w->occupied[l] << (TCP_WHEEL_SLOTS - here) : 0));
		*level = l;
		*slot = (here + distance) & MASK;
		*at = ((w->now >> shift) + distance) << shift;
		return true;
	}
	return false;
}

/* The wheel has come to a slot above the lowest level: its timers move down. */
static void wheel_cascade(struct tcp_wheel *w, unsigned int level, unsigned int slot)
{
	uint32_t head = wheel_head(w, level, slot), item;

	while ((item = w->timers[head].next) != head) {
		uint64_t due = wheel_due(w, item);

		tcp_wheel_clear(w, item);
		wheel_link(w, item, due);
	}
}

uint32_t tcp_wheel_pop(struct tcp_wheel *w, uint64_t now)
{
	unsigned int level, slot;
	uint64_t at;

	while (wheel_first(w, &level, &slot, &at) && at <= now) {
		if (at > w->now)
			w->now = at;
		if (level == 0) {
			uint32_t item = w->timers[wheel_head(w, 0, slot)].next;

			tcp_wheel_clear(w, item);
			return item;
		}
		wheel_cascade(w, level, slot);
	}
	if (now > w->now)
		w->now = now;
	return 0;
}

uint64_t tcp_wheel_next(const struct tcp_wheel *w, uint64_t now, uint64_t limit)
{
	unsigned int level, slot;
	uint64_t at;

	if (!wheel_first(w, &level, &slot, &at) || at >= now + limit)
		return now + limit;
	return at > now ? at : now;
}
