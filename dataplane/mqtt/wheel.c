/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Time: one wheel of GW_SLOTS slots of GW_TICK_US for sessions and clients. A slot is a ring of timers; what is due further away than the
 * wheel is round goes in again when it comes by. Signs of life do not move a timer: keep alive is looked at when it is due, so a message
 * costs no list operation. Nothing fires early; at most one tick and the distance between two calls late.
 */
#include "state.h"

/* Timer 0 is none: what never ran is all 0. */
static uint32_t wheel_slot(uint32_t tick)
{
	return 1 + tick % GW_SLOTS;
}

void gw_wheel_new(struct mqtt_gateway *g)
{
	for (uint32_t i = 1; i <= GW_SLOTS; i++)
		g->timers[i] = (struct gw_timer){i, i, 0};
}

void gw_timer_stop(struct mqtt_gateway *g, uint32_t timer)
{
	struct gw_timer *t = &g->timers[timer];

	if (t->next == 0)
		return;
	g->timers[t->prev].next = t->next;
	g->timers[t->next].prev = t->prev;
	t->next = t->prev = 0;
}

void gw_timer_start(struct mqtt_gateway *g, uint32_t timer, uint32_t due)
{
	struct gw_timer *t = &g->timers[timer];
	uint32_t ahead, slot;

	gw_timer_stop(g, timer);
	ahead = due > g->tick ? due - g->tick : 1;
	if (ahead >= GW_SLOTS)
		ahead = GW_SLOTS - 1;
	slot = wheel_slot(g->tick + ahead);
	t->due = due;
	t->next = slot;
	t->prev = g->timers[slot].prev;
	g->timers[t->prev].next = timer;
	g->timers[slot].prev = timer;
}

static void wheel_fire(struct mqtt_gateway *g, uint32_t timer)
{
	uint32_t i = timer - GW_SLOTS - 1;

	if (g->timers[timer].due > g->tick)
		gw_timer_start(g, timer, g->timers[timer].due);
	else if (i < g->spec.connections) {
		gw_timer_stop(g, timer);
		gw_session_due(g, &g->sessions[i]);
	} else {
		gw_timer_stop(g, timer);
		gw_client_due(g, &g->clients[i - g->spec.connections]);
	}
}

/* Microseconds until the next slot with a timer, at most a second. */
static uint32_t wheel_next(const struct mqtt_gateway *g)
{
	for (uint32_t i = 1; i <= 10; i++) {
		uint32_t slot = wheel_slot(g->tick + i);

		if (g->timers[slot].next != slot)
			return (uint32_t)((uint64_t)(g->tick + i) * GW_TICK_US - (g->now_us - g->start_us));
	}
	return 1000000;
}

uint32_t mqtt_tick(struct mqtt_gateway *g, uint64_t now_us, uint32_t budget)
{
	uint32_t target = gw_tick_of(g, now_us);

	g->now_us = now_us;
	gw_late(g);
	gw_stash(g);
	gw_sweep(g);
	for (;;) {
		uint32_t slot = wheel_slot(g->tick);

		while (g->timers[slot].next != slot) {
			if (budget-- == 0)
				return 0;
			wheel_fire(g, g->timers[slot].next);
		}
		if (g->tick >= target)
			return wheel_next(g);
		g->tick++;
	}
}
