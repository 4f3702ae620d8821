/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The bounded memory for what differs in size: names, packets in parts, wills, aliases, identifiers. Free blocks stand in lists by size classes, 16 to each
 * power of two, with a bit for each list that is not empty (two-level segregated fit), so taking and putting back cost the same however full it
 * is. A block is exactly as many units of GW_UNIT octets as it needs, and neighbours that are free become one.
 *
 * A quarter is for small blocks. They stay long, and would lie between large ones so that no large one is found any more; where it is used up they
 * go to the rest, where large blocks are, but never the other way round: names of new clients find room whatever the packets of others are.
 *
 * Slices into blocks travel with messages, so a block that is put back is garbage until the walk is over.
 */
#include "state.h"

#define ARENA_FIRST 1 /* marks of a unit: the first, the last of a free block */
#define ARENA_LAST  2
#define ARENA_SMALL (4096 / GW_UNIT)

/* In the first unit of a free block; in its last four octets, of its last unit, stands where it begins. */
struct arena_free {
	uint32_t next, prev, units;
};

uint64_t gw_arena_mark_octets(uint64_t octets)
{
	return octets / GW_UNIT + 1;
}

static struct arena_free *arena_head(const struct gw_arena *a, uint32_t unit)
{
	return (struct arena_free *)(a->base + (uint64_t)unit * GW_UNIT);
}

static uint32_t *arena_foot(const struct gw_arena *a, uint32_t last)
{
	return (uint32_t *)(a->base + (uint64_t)(last + 1) * GW_UNIT) - 1;
}

static unsigned int arena_class(uint32_t units)
{
	unsigned int power = 31 - (unsigned int)__builtin_clz(units);

	return units < 16 ? units : (power - 3) * 16 + ((units >> (power - 4)) - 16);
}

/* The first class all of whose blocks are large enough. */
static unsigned int arena_class_above(uint32_t units)
{
	unsigned int power = 31 - (unsigned int)__builtin_clz(units);

	return units < 16 ? units : arena_class(units + (UINT32_C(1) << (power - 4)) - 1);
}

static struct gw_area *arena_area(struct gw_arena *a, uint32_t unit)
{
	return &a->area[unit > a->fence];
}

static void arena_link(struct gw_arena *a, uint32_t unit, uint32_t units)
{
	struct gw_area *area = arena_area(a, unit);
	unsigned int class = arena_class(units);
	struct arena_free *f = arena_head(a, unit);

	*f = (struct arena_free){.next = area->first[class], .units = units};
	*arena_foot(a, unit + units - 1) = unit;
	if (f->next)
		arena_head(a, f->next)->prev = unit;
	area->first[class] = unit;
	area->bits[class / 64] |= UINT64_C(1) << class % 64;
	a->mark[unit] |= ARENA_FIRST;
	a->mark[unit + units - 1] |= ARENA_LAST;
}

static void arena_unlink(struct gw_arena *a, uint32_t unit)
{
	const struct arena_free *f = arena_head(a, unit);
	struct gw_area *area = arena_area(a, unit);
	unsigned int class = arena_class(f->units);

	if (f->next)
		arena_head(a, f->next)->prev = f->prev;
	if (f->prev)
		arena_head(a, f->prev)->next = f->next;
	else
		area->first[class] = f->next;
	if (area->first[class] == 0)
		area->bits[class / 64] &= ~(UINT64_C(1) << class % 64);
	a->mark[unit] = 0;
	a->mark[unit + f->units - 1] = 0;
}

/* Units 0 and fence belong to nobody: block 0 is "none", and the areas do not grow together. */
void gw_arena_new(struct gw_arena *a, uint8_t *base, uint8_t *mark, uint64_t octets)
{
	a->base = base;
	a->mark = mark;
	a->units = octets / GW_UNIT < UINT32_MAX ? (uint32_t)(octets / GW_UNIT) : UINT32_MAX - 1;
	a->fence = a->units / 4;
	if (a->fence > 1)
		arena_link(a, 1, a->fence - 1);
	if (a->units > a->fence + 1)
		arena_link(a, a->fence + 1, a->units - a->fence - 1);
}

/* A free block of at least that many units; 0: none. */
static uint32_t arena_find(const struct gw_arena *a, const struct gw_area *area, uint32_t units)
{
	unsigned int class = arena_class_above(units), word = class / 64;
	uint64_t bits = area->bits[word] & UINT64_MAX << class % 64;
	uint32_t same = area->first[arena_class(units)];

	while (bits == 0 && ++word < GW_CLASSES / 64)
		bits = area->bits[word];
	if (bits)
		return area->first[word * 64 + (unsigned int)__builtin_ctzll(bits)];
	return same && arena_head(a, same)->units >= units ? same : 0;
}

static uint32_t arena_units(uint32_t n)
{
	return (uint32_t)(((uint64_t)n + sizeof(struct gw_block) + GW_UNIT - 1) / GW_UNIT);
}

uint32_t gw_arena_get(struct gw_arena *a, uint32_t n)
{
	uint32_t units = arena_units(n), unit = units <= ARENA_SMALL ? arena_find(a, &a->area[0], units) : 0, rest;

	if (unit == 0)
		unit = arena_find(a, &a->area[1], units);
	if (unit == 0)
		return 0;
	rest = arena_head(a, unit)->units - units;
	arena_unlink(a, unit);
	if (rest)
		arena_link(a, unit + units, rest);
	a->used += units;
	*gw_block(a, unit) = (struct gw_block){.refs = 1, .n = n};
	return unit;
}

static void arena_free(struct gw_arena *a, uint32_t unit, uint32_t units)
{
	uint32_t end = unit + units;

	if (a->mark[unit - 1] & ARENA_LAST) {
		unit = *arena_foot(a, unit - 1);
		arena_unlink(a, unit);
	}
	if (end < a->units && a->mark[end] & ARENA_FIRST) {
		uint32_t next = end;

		end += arena_head(a, next)->units;
		arena_unlink(a, next);
	}
	arena_link(a, unit, end - unit);
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
		uint32_t unit = a->garbage, units = arena_units(gw_block(a, unit)->n);

		a->garbage = gw_block(a, unit)->refs;
		a->used -= units;
		a->freed = true;
		arena_free(a, unit, units);
	}
}
