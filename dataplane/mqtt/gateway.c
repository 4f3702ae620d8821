/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The gateway's memory: one block, cut into tables by one function, which also says beforehand how large it is. Tables are used from their
 * start on and pages come from the system when they are first written, so that a gateway made for a million connections is cheap while it has ten.
 *
 * An idle plain connection costs a session, a client, two timers, a bucket or two, and two blocks for its client identifier: figures are checked below.
 */
#include <stdlib.h>

#include "state.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#define GATEWAY_ALIGN 64u

/* With an identifier of 23 octets, on the worker that is its home: 400 octets. */
_Static_assert(sizeof(struct mqtt_session) + sizeof(struct gw_client) + 2 * sizeof(struct gw_timer) + 2 * sizeof(uint32_t) +
                               2 * (sizeof(struct gw_block) + 23 <= GW_UNIT ? GW_UNIT : 2 * GW_UNIT) <=
                       400,
        "an idle connection is at most 400 octets");

struct gateway_cut {
	uint8_t *base; /* NULL: only count */
	uint64_t n;
};

static void *gateway_take(struct gateway_cut *cut, uint64_t count, uint64_t size)
{
	uint8_t *p = cut->base ? cut->base + cut->n : NULL;

	cut->n += (count * size + GATEWAY_ALIGN - 1) / GATEWAY_ALIGN * GATEWAY_ALIGN;
	return p;
}

static uint32_t gateway_buckets(const struct mqtt_spec *spec)
{
	uint32_t n = 16;

	while (n < spec->clients && n < UINT32_C(1) << 31)
		n *= 2;
	return n;
}

static void gateway_cut(struct mqtt_gateway *g, struct gateway_cut *cut, const struct mqtt_spec *spec)
{
	uint8_t *octets, *mark;

	gateway_take(cut, 1, sizeof(*g));
	g->sessions = gateway_take(cut, spec->connections, sizeof(*g->sessions));
	g->clients = gateway_take(cut, spec->clients, sizeof(*g->clients));
	g->buckets = gateway_take(cut, gateway_buckets(spec), sizeof(*g->buckets));
	g->timers = gateway_take(cut, 1 + GW_SLOTS + (uint64_t)spec->connections + spec->clients, sizeof(*g->timers));
	g->prefixes = gateway_take(cut, spec->prefixes, sizeof(*g->prefixes));
	g->flights = gateway_take(cut, spec->waiters + UINT64_C(1), sizeof(*g->flights));
	g->waiters.list = gateway_take(cut, spec->waiters + UINT64_C(1), sizeof(*g->waiters.list));
	g->waiters.ready = gateway_take(cut, spec->waiters + UINT64_C(1), sizeof(*g->waiters.ready));
	mark = gateway_take(cut, gw_arena_mark_octets(spec->assembly_octets), 1);
	octets = gateway_take(cut, spec->assembly_octets, 1);
	if (cut->base)
		gw_arena_new(&g->arena, octets, mark, spec->assembly_octets);
}

uint64_t mqtt_memory(const struct mqtt_spec *spec)
{
	struct gateway_cut cut = {NULL, 0};
	struct mqtt_gateway g;

	gateway_cut(&g, &cut, spec);
	return cut.n;
}

struct mqtt_gateway *mqtt_gateway_new(
        const struct mqtt_spec *spec, const struct mqtt_host *host, struct tp_book *books, uint64_t now_us)
{
	struct gateway_cut cut = {calloc(1, mqtt_memory(spec)), 0};
	struct mqtt_gateway *g = (struct mqtt_gateway *)cut.base;
	XXH128_hash_t seed = XXH3_128bits(spec->secret, sizeof(spec->secret));

	if (g == NULL)
		return NULL;
	gateway_cut(g, &cut, spec);
	g->spec = *spec;
	g->own_routes = mqtt_routes_new(spec->listeners, spec->n_listeners);
	if (g->own_routes == NULL) {
		free(g);
		return NULL;
	}
	if (g->spec.window > MQTT_WINDOW_MAX)
		g->spec.window = MQTT_WINDOW_MAX;
	g->host = *host;
	g->books = books;
	g->bucket_mask = gateway_buckets(spec) - 1;
	g->start_us = g->now_us = now_us;
	g->seed = seed.low64;
	g->seed_hi = seed.high64;
	g->session_free = g->room_first = g->room_last = g->answer_first = GW_NONE;
	g->flight_fresh = 1;
	g->waiters.count = spec->waiters + 1;
	gw_wheel_new(g);
	mqtt_rebind(g, g->own_routes);
	return g;
}

void mqtt_gateway_free(struct mqtt_gateway *g)
{
	if (g)
		mqtt_routes_free(g->own_routes);
	free(g);
}

void mqtt_set_watch(struct mqtt_gateway *g, const struct mqtt_watch *watch)
{
	g->watch = watch;
}

struct tp_waiters *mqtt_waiters(struct mqtt_gateway *g)
{
	return &g->waiters;
}

void mqtt_usage(const struct mqtt_gateway *g, struct mqtt_usage *usage)
{
	*usage = (struct mqtt_usage){
	        .connections = g->n_sessions,
	        .clients = g->n_clients,
	        .waiters = g->n_flights,
	        .assembly_octets = (uint64_t)g->arena.used * GW_UNIT,
	};
}
