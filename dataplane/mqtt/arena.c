/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The bounded memory for what differs in size: names, packets in parts, wills, aliases, identifiers. Buddies over units of GW_UNIT octets; a
 * block is cut down to the units it needs and the rest goes back, so that a packet costs what it is long and not the power of two above.
 *
 * Slices into blocks travel with messages, so a block that is put back is garbage until the walk is over.
 */
#include "state.h"

#define ARENA_NOT_FREE 0xff

/* Links of a free block. */
struct arena_free {
	uint32_t next, prev;
};

uint64_t gw_arena_order_octets(uint64_t octets)
{
	return octets / GW_UNIT + 1;
}

static struct arena_free *arena_links(const struct gw_arena *a, uint32_t unit)
{
	return (struct arena_free *)(a->base + (uint64_t)unit * GW_UNIT);
}

static void arena_link(struct gw_arena *a, uint32_t unit, unsigned int order)
{
	struct arena_free *f = arena_links(a, unit);

	f->next = a->free[order];
	f->prev = GW_NONE;
	if (f->next != GW_NONE)
		arena_links(a, f->next)->prev = unit;
	a->free[order] = unit;
	a->order[unit] = (uint8_t)order;
}

static void arena_unlink(struct gw_arena *a, uint32_t unit)
{
	const struct arena_free *f = arena_links(a, unit);

	if (f->prev == GW_NONE)
		a->free[a->order[unit]] = f->next;
	else
		arena_links(a, f->prev)->next = f->next;
	if (f->next != GW_NONE)
		arena_links(a, f->next)->prev = f->prev;
	a->order[unit] = ARENA_NOT_FREE;
}

static void arena_free_buddy(struct gw_arena *a, uint32_t unit, unsigned int order)
{
	while (order + 1 < GW_ORDERS) {
		uint32_t buddy = unit ^ (UINT32_C(1) << order);

		if ((uint64_t)buddy + (UINT64_C(1) << order) > a->units || a->order[buddy] != order)
			break;
		arena_unlink(a, buddy);
		unit &= ~(UINT32_C(1) << order);
		order++;
	}
	arena_link(a, unit, order);
}

/* Units [unit, end) are free: as the largest aligned blocks. */
static void arena_free_range(struct gw_arena *a, uint32_t unit, uint32_t end)
{
	while (unit < end) {
		unsigned int order = unit ? (unsigned int)__builtin_ctz(unit) : GW_ORDERS - 1;

		while ((UINT64_C(1) << order) > end - unit)
			order--;
		arena_free_buddy(a, unit, order);
		unit += UINT32_C(1) << order;
	}
}

/* Unit 0 stays unused: block 0 is "none". */
void gw_arena_new(struct gw_arena *a, uint8_t *base, uint8_t *order, uint64_t octets)
{
	a->base = base;
	a->order = order;
	a->units = octets / GW_UNIT < UINT32_MAX ? (uint32_t)(octets / GW_UNIT) : UINT32_MAX - 1;
	for (unsigned int i = 0; i < GW_ORDERS; i++)
		a->free[i] = GW_NONE;
	memset(order, ARENA_NOT_FREE, gw_arena_order_octets(octets));
	if (a->units > 1)
		arena_free_range(a, 1, a->units);
}

/* Large blocks may have three quarters of the arena: names of new clients find room whatever the packets of others are. */
static bool arena_large(const struct gw_arena *a, uint32_t units)
{
	return units > 4096 / GW_UNIT && a->large + (uint64_t)units > a->units - a->units / 4;
}

uint32_t gw_arena_get(struct gw_arena *a, uint32_t n)
{
	uint32_t units = (uint32_t)((n + sizeof(struct gw_block) + GW_UNIT - 1) / GW_UNIT);
	unsigned int wanted = units > 1 ? 32 - (unsigned int)__builtin_clz(units - 1) : 0, order = wanted;
	uint32_t unit;

	while (order < GW_ORDERS && a->free[order] == GW_NONE)
		order++;
	if (order >= GW_ORDERS || arena_large(a, units))
		return 0;
	unit = a->free[order];
	arena_unlink(a, unit);
	arena_free_range(a, unit + units, unit + (UINT32_C(1) << order));
	a->used += units;
	if (units > 4096 / GW_UNIT)
		a->large += units;
	*gw_block(a, unit) = (struct gw_block){.refs = 1, .n = n};
	return unit;
}

uint32_t gw_arena_text(struct gw_arena *a, struct tp_slice text)
{
	uint32_t block = gw_arena_get(a, text.n);

	if (block && text.n)
		memcpy(gw_octets(a, block), text.p, text.n);
	return block;
}

void gw_arena_hold(struct gw_arena *a, uint32_t block)
{
	gw_block(a, block)->refs++;
}

void gw_arena_put(struct gw_arena *a, uint32_t *block)
{
	uint32_t unit = *block;

	*block = 0;
	if (unit == 0 || --gw_block(a, unit)->refs > 0)
		return;
	gw_block(a, unit)->refs = a->garbage;
	a->garbage = unit;
}

void gw_arena_flush(struct gw_arena *a)
{
	while (a->garbage) {
		uint32_t unit = a->garbage;
		uint32_t units = (uint32_t)((gw_block(a, unit)->n + sizeof(struct gw_block) + GW_UNIT - 1) / GW_UNIT);

		a->garbage = gw_block(a, unit)->refs;
		a->used -= units;
		if (units > 4096 / GW_UNIT)
			a->large -= units;
		a->freed = true;
		arena_free_range(a, unit, unit + units);
	}
}
