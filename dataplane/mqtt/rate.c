/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The budgets of CONNECTs, of a listener and of a prefix of senders: the time at which the budget would be whole again, one number each
 * (the generic cell rate algorithm; a burst is what a second allows). Prefixes are in a table of four ways: the one whose budget is whole soonest
 * gives way, which forgets nothing where it is whole already.
 */
#include "state.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#define RATE_WAYS      TP_MQTT_PREFIXES_LEAST
#define RATE_SECOND_US 1000000u

static bool rate_take(uint64_t *at, uint64_t now_us, uint32_t rate)
{
	uint64_t from = *at > now_us ? *at : now_us;

	if (from - now_us + RATE_SECOND_US / rate > RATE_SECOND_US)
		return false;
	*at = from + RATE_SECOND_US / rate;
	return true;
}

static struct gw_prefix *rate_prefix(struct mqtt_gateway *g, uint32_t serial, uint8_t family, const uint8_t *addr)
{
	uint64_t key = XXH3_64bits_withSeed(addr, family == 4 ? 3 : 8, g->seed + serial * UINT64_C(8) + family) | 1;
	uint32_t sets = g->spec.prefixes / RATE_WAYS;
	struct gw_prefix *set = &g->prefixes[(uint32_t)(key >> 32) % sets * RATE_WAYS], *oldest = set;

	for (unsigned int i = 0; i < RATE_WAYS; i++) {
		if (set[i].key == key)
			return &set[i];
		if (set[i].rate_at < oldest->rate_at)
			oldest = &set[i];
	}
	*oldest = (struct gw_prefix){.key = key};
	return oldest;
}

bool gw_rate_ok(struct mqtt_gateway *g, struct mqtt_session *s)
{
	const struct tp_mqtt_listener *l = gw_spec(g, s);
	uint8_t addr[16] = {0};
	uint8_t family;

	if (l->connect_rate_prefix && g->spec.prefixes >= RATE_WAYS) {
		family = g->host.address(g->host.ctx, s->conn, addr);
		if (family && !rate_take(&rate_prefix(g, l->serial, family, addr)->rate_at, g->now_us, l->connect_rate_prefix))
			return false;
	}
	return l->connect_rate == 0 || rate_take(&g->rate_at[s->listener], g->now_us, l->connect_rate);
}
