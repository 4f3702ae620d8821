/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Topic aliases of MQTT 5 (3.3.2.3.4): a table a connection, taken with the first alias, of blocks with the topics. Long topics are kept only while
 * half of the arena is free, so that nobody takes the room of others' packets with aliases; who wants more then is disconnected (0x97).
 */
#include "state.h"

/* [alias - 1]: block of the topic. */
static uint32_t *alias_topics(const struct mqtt_gateway *g, const struct mqtt_session *s)
{
	return (uint32_t *)gw_octets(&g->arena, s->alias);
}

static bool alias_table(struct mqtt_gateway *g, struct mqtt_session *s)
{
	uint32_t octets = 4u * s->alias_max;

	if (s->alias)
		return true;
	s->alias = gw_arena_get(&g->arena, octets);
	if (s->alias)
		memset(alias_topics(g, s), 0, octets);
	return s->alias != 0;
}

static bool alias_room(const struct gw_arena *a, uint32_t n)
{
	return n <= GW_ALIAS_SHORT || a->used + (uint64_t)n / GW_UNIT < a->units / 2;
}

static uint8_t alias_set(struct mqtt_gateway *g, uint32_t *slot, struct tp_slice topic)
{
	struct tp_slice old = gw_text(&g->arena, *slot);

	if (*slot && old.n == topic.n && memcmp(old.p, topic.p, topic.n) == 0)
		return 0;
	gw_arena_put(&g->arena, slot);
	if (alias_room(&g->arena, topic.n))
		*slot = gw_arena_text(&g->arena, topic);
	return *slot ? 0 : MQTT_QUOTA;
}

uint8_t gw_alias(struct mqtt_gateway *g, struct mqtt_session *s, uint16_t alias, struct tp_slice *topic)
{
	uint32_t *slot;

	if (alias == 0 || alias > s->alias_max)
		return MQTT_BAD_ALIAS; /* MQTT-3.3.2-8, -9 */
	if (!alias_table(g, s))
		return MQTT_QUOTA;
	slot = &alias_topics(g, s)[alias - 1];
	if (topic->n)
		return alias_set(g, slot, *topic);
	if (*slot == 0)
		return MQTT_PROTOCOL_ERROR;
	*topic = gw_text(&g->arena, *slot);
	return 0;
}

void gw_alias_drop(struct mqtt_gateway *g, struct mqtt_session *s)
{
	if (s->alias == 0)
		return;
	for (uint32_t i = 0; i < s->alias_max; i++)
		gw_arena_put(&g->arena, &alias_topics(g, s)[i]);
	gw_arena_put(&g->arena, &s->alias);
}
