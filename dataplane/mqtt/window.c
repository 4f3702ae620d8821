/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The messages of a client that were acknowledged lately, as hashes of topic, packet identifier and payload: what comes again with DUP set
 * and is in here was acknowledged, and only the acknowledgement was lost. A ring in one block of the arena, which is taken with the first
 * entry. What was acknowledged on the connection itself does not count there (MQTT-4.3.2-5: a new message, whatever DUP says), but from the next one on; bit 0 of
 * an entry tells. Without room there is no window: then a message sent again makes a second record with the same event_id.
 */
#include "state.h"

#define WINDOW_COUNTS UINT64_C(1)

struct window {
	uint16_t n, at;
	uint32_t reserved;
	uint64_t hash[];
};

static struct window *window_of(const struct mqtt_gateway *g, uint32_t block)
{
	return (struct window *)gw_octets(&g->arena, block);
}

bool gw_window_has(const struct mqtt_gateway *g, uint32_t block, uint64_t hash, bool own)
{
	const struct window *w;

	if (block == 0)
		return false;
	w = window_of(g, block);
	for (uint32_t i = 0; i < w->n; i++)
		if ((w->hash[i] | own) == (hash | WINDOW_COUNTS))
			return true;
	return false;
}

void gw_window_add(struct mqtt_gateway *g, uint32_t *block, uint64_t hash, bool own)
{
	struct window *w;

	if (g->spec.window == 0)
		return;
	if (*block == 0) {
		*block = gw_arena_get(&g->arena, (uint32_t)sizeof(*w) + g->spec.window * 8u);
		if (*block == 0)
			return;
		w = window_of(g, *block);
		w->n = w->at = 0;
	}
	w = window_of(g, *block);
	w->hash[w->at] = own ? hash & ~WINDOW_COUNTS : hash | WINDOW_COUNTS;
	w->at = (uint16_t)((w->at + 1) % g->spec.window);
	w->n = (uint16_t)(w->n < g->spec.window ? w->n + 1 : w->n);
}

/* Oldest first. */
void gw_window_to_note(const struct mqtt_gateway *g, uint32_t block, struct mqtt_note *note)
{
	const struct window *w;

	note->n_window = 0;
	if (block == 0)
		return;
	w = window_of(g, block);
	for (uint32_t i = 0; i < w->n; i++)
		note->window[i] = w->hash[(w->at + g->spec.window - w->n + i) % g->spec.window];
	note->n_window = (uint8_t)w->n;
}

void gw_window_from_note(struct mqtt_gateway *g, uint32_t *block, const struct mqtt_note *note)
{
	gw_arena_put(&g->arena, block);
	for (uint32_t i = 0; i < note->n_window && i < MQTT_WINDOW_MAX; i++)
		gw_window_add(g, block, note->window[i], false);
}
