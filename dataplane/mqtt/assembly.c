/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packets that came in parts: first the octets of the fixed header, then a block of exactly the packet's size. The last part is taken only
 * if the packet is: a session that holds leaves it with its connection, and so no packet waits in here.
 */
#include "state.h"

static uint32_t assembly_min(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* Whoever has not connected yet may have a quarter of the arena in all. */
static bool assembly_budget(const struct mqtt_gateway *g, const struct mqtt_session *s, uint32_t n)
{
	return s->state != GW_OPENED || (uint64_t)(g->connecting + n) * 4 <= (uint64_t)g->arena.units * GW_UNIT;
}

/* Block for a packet whose fixed header is known; false: none now. */
static bool assembly_begin(struct mqtt_gateway *g, struct mqtt_session *s, const struct mqtt_fixed *f)
{
	uint32_t n = f->n + f->length;

	if (assembly_budget(g, s, n))
		s->part = gw_arena_get(&g->arena, n);
	if (s->part) {
		memcpy(gw_octets(&g->arena, s->part), s->head, f->n);
		s->part_have = f->n;
		s->head_n = 0;
		s->connecting = s->state == GW_OPENED;
		g->connecting += s->connecting ? n : 0;
		return true;
	}
	if (s->state == GW_UP)
		gw_hold(g, s, GW_HOLD_MEMORY);
	else
		gw_session_close(g, s, MQTT_GONE_REFUSED, 0);
	return false;
}

static void assembly_uncount(struct mqtt_gateway *g, struct mqtt_session *s)
{
	if (s->connecting)
		g->connecting -= gw_block(&g->arena, s->part)->n;
	s->connecting = false;
}

void gw_assembly_drop(struct mqtt_gateway *g, struct mqtt_session *s)
{
	s->head_n = 0;
	assembly_uncount(g, s);
	gw_arena_put(&g->arena, &s->part);
}

/* The packet is whole; it is given back where the session holds. */
static bool assembly_done(struct mqtt_gateway *g, struct mqtt_session *s)
{
	const uint8_t *p = gw_octets(&g->arena, s->part);
	uint32_t n = gw_block(&g->arena, s->part)->n, part = s->part;
	struct mqtt_fixed f;

	mqtt_fixed_read(p, n, &f);
	assembly_uncount(g, s);
	gw_arena_hold(&g->arena, part);
	if (gw_packet(g, s, &f, p + f.n)) {
		gw_arena_put(&g->arena, &s->part);
		gw_arena_put(&g->arena, &part);
		return true;
	}
	gw_arena_put(&g->arena, &part);
	return false;
}

static uint32_t assembly_body(struct mqtt_gateway *g, struct mqtt_session *s, const uint8_t *p, uint32_t n)
{
	uint32_t whole = gw_block(&g->arena, s->part)->n, part = assembly_min(n, whole - s->part_have);

	memcpy(gw_octets(&g->arena, s->part) + s->part_have, p, part);
	if (s->state == GW_UP && s->part_have / GW_PART_STEP != (s->part_have + part) / GW_PART_STEP)
		s->active = gw_tick_of(g, g->now_us);
	if (s->part_have + part == whole)
		return assembly_done(g, s) ? part : 0;
	s->part_have += part;
	return part;
}

/* One octet of the fixed header. */
static uint32_t assembly_head(struct mqtt_gateway *g, struct mqtt_session *s, uint8_t octet)
{
	struct mqtt_fixed f;
	int rc;

	s->head[s->head_n++] = octet;
	rc = mqtt_fixed_read(s->head, s->head_n, &f);
	if (rc == -EAGAIN)
		return 1;
	if (rc != 0) {
		gw_session_fault(g, s, MQTT_MALFORMED);
		return 0;
	}
	if (!gw_fixed_ok(g, s, &f))
		return 0;
	if (f.length == 0) {
		uint8_t n = s->head_n;

		s->head_n = 0;
		if (gw_packet(g, s, &f, s->head + f.n))
			return 1;
		s->head_n = (uint8_t)(n - 1); /* its last octet comes again */
		return 0;
	}
	if (assembly_begin(g, s, &f))
		return 1;
	s->head_n--;
	return 0;
}

uint32_t gw_assembly_take(struct mqtt_gateway *g, struct mqtt_session *s, const uint8_t *p, uint32_t n)
{
	uint32_t taken;

	if (s->part)
		return assembly_body(g, s, p, n);
	taken = assembly_head(g, s, p[0]);
	/* Without keep alive the wheel watches it only now. */
	if (s->state == GW_UP && s->keep_alive == 0 && s->head_n == 1) {
		s->active = gw_tick_of(g, g->now_us);
		gw_session_arm(g, s);
	}
	return taken;
}
