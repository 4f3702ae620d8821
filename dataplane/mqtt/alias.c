/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Topic aliases of MQTT 5 (3.3.2.3.4): a table a connection, taken with the first alias, of blocks with the topics. Their octets have a bound, so
 * that nobody keeps megabytes in 64 aliases.
 */
#include "state.h"

struct alias {
	uint32_t octets;
	uint32_t topic[]; /* [alias - 1]: block */
};

static struct alias *alias_of(const struct mqtt_gateway *g, const struct mqtt_session *s)
{
	return (struct alias *)gw_octets(&g->arena, s->alias);
}

static bool alias_table(struct mqtt_gateway *g, struct mqtt_session *s)
{
	uint32_t octets = (uint32_t)sizeof(struct alias) + 4u * gw_spec(g, s)->alias_max;

	if (s->alias)
		return true;
	s->alias = gw_arena_get(&g->arena, octets);
	if (s->alias)
		memset(alias_of(g, s), 0, octets);
	return s->alias != 0;
}

static uint8_t alias_set(struct mqtt_gateway *g, struct mqtt_session *s, uint32_t *slot, struct tp_slice topic)
{
	struct tp_slice old = gw_text(&g->arena, *slot);
	uint32_t octets = alias_of(g, s)->octets - old.n + topic.n;

	if (*slot && old.n == topic.n && memcmp(old.p, topic.p, topic.n) == 0)
		return 0;
	if (octets > GW_ALIAS_MAX)
		return MQTT_QUOTA;
	gw_arena_put(&g->arena, slot);
	*slot = gw_arena_text(&g->arena, topic);
	alias_of(g, s)->octets = *slot ? octets : octets - topic.n;
	return *slot ? 0 : MQTT_QUOTA;
}

uint8_t gw_alias(struct mqtt_gateway *g, struct mqtt_session *s, uint16_t alias, struct tp_slice *topic)
{
	uint32_t *slot;

	if (alias == 0 || alias > gw_spec(g, s)->alias_max)
		return MQTT_BAD_ALIAS; /* MQTT-3.3.2-8, -9 */
	if (!alias_table(g, s))
		return MQTT_QUOTA;
	slot = &alias_of(g, s)->topic[alias - 1];
	if (topic->n)
		return alias_set(g, s, slot, *topic);
	if (*slot == 0)
		return MQTT_PROTOCOL_ERROR;
	*topic = gw_text(&g->arena, *slot);
	return 0;
}

void gw_alias_drop(struct mqtt_gateway *g, struct mqtt_session *s)
{
	if (s->alias == 0)
		return;
	for (uint32_t i = 0; i < gw_spec(g, s)->alias_max; i++)
		gw_arena_put(&g->arena, &alias_of(g, s)->topic[i]);
	gw_arena_put(&g->arena, &s->alias);
}
