/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The next configuration gets the numbers of the one that is in force. Batches, connections, rings between workers and the books refer to sources, topics and
 * listeners by index, so what is the same in both keeps its index, what is new stands behind, and what is left out stays where it was:
 *
 *   sources          the same device, site and lane, or the unknown senders of the same listener. Left out: a line of the books that gets nothing more
 *   topics           the same name
 *   listeners        the same name; of routes, the same MQTT listener and filter. One left out gives its index to a new one at the next change
 *   MQTT listeners   the same name. One left out keeps its index, and as long as somebody is connected its routes. Where all indices are given away, a new one gets
 *                    that of the one that has been out longest of those that nobody is connected to; serials tell the two apart
 *
 * Nothing of the configuration in force is pointed to afterwards: texts of what was left out are copied.
 */
#include <errno.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"

#define CARRY_NONE 0xffff

struct carry {
	struct tp_conf *next;
	const struct tp_plan_spec *now;
	struct conf_owned *owned;
	/* New indices by those that the next configuration was built with; and how many there are then. */
	uint16_t *source, *topic, *listener, *mqtt;
	unsigned int n_sources, n_topics, n_listeners, n_mqtt;
	uint32_t deserted;   /* see tp_conf_carry() */
	uint32_t serial;     /* of the next new name */
	bool *kept_listener; /* of now: it has the same name in the next configuration, or a retired MQTT listener refers to it */
	char *err;
	size_t err_len;
	bool no_memory;
};

static void *carry_alloc(struct carry *c, size_t n, size_t size)
{
	void *p = conf_alloc(c->owned, n, size);

	c->no_memory |= p == NULL;
	return p;
}

static const char *carry_text(struct carry *c, const char *text)
{
	size_t n = text ? strlen(text) + 1 : 0;
	char *copy = text ? carry_alloc(c, n, 1) : NULL;

	return copy ? memcpy(copy, text, n) : NULL;
}

static struct tp_slice carry_slice(struct carry *c, struct tp_slice s)
{
	uint8_t *copy = s.p ? carry_alloc(c, s.n + 1, 1) : NULL;

	return copy ? (struct tp_slice){memcpy(copy, s.p, s.n), s.n} : (struct tp_slice){NULL, 0};
}

static int carry_full(struct carry *c, const char *what, unsigned int found, unsigned int room)
{
	snprintf(c->err, c->err_len, "%s: found %u with those that were there before, expected at most %u: this needs a restart",
	        what, found, room);
	return -ENOSPC;
}

/* ---- what is the same -------------------------------------------------------------------------------------------------------- */
static uint16_t carry_find_mqtt(const struct carry *c, const char *name)
{
	for (unsigned int k = 0; k < c->now->n_mqtt_listeners; k++)
		if (strcmp(c->now->mqtt_listeners[k].name, name) == 0)
			return (uint16_t)k;
	return CARRY_NONE;
}

static bool carry_has_mqtt(const struct carry *c, unsigned int k)
{
	for (unsigned int i = 0; i < c->next->plan.n_mqtt_listeners; i++)
		if (c->mqtt[i] == k)
			return true;
	return false;
}

/* Nobody needs its routes; one that comes back has it again all the same. */
static bool carry_is_deserted(const struct carry *c, unsigned int k)
{
	return c->now->mqtt_listeners[k].retired && c->deserted >> k & 1;
}

/* The one that has been out longest, or CARRY_NONE: so what is kept of a listener's clients is kept as long as can be. */
static uint16_t carry_free_mqtt(const struct carry *c)
{
	uint16_t best = CARRY_NONE;

	for (unsigned int k = 0; k < c->now->n_mqtt_listeners; k++)
		if (carry_is_deserted(c, k) && !carry_has_mqtt(c, k) &&
		        (best == CARRY_NONE || c->now->mqtt_listeners[k].retired_for > c->now->mqtt_listeners[best].retired_for))
			best = (uint16_t)k;
	return best;
}

static int carry_mqtt_full(struct carry *c)
{
	snprintf(c->err, c->err_len,
	        "mqtt: found %u listeners with those that were left out and still have connections or wills, expected at most %u: "
	        "apply it "
	        "again when they have gone, or restart",
	        c->n_mqtt, TP_MAX_MQTT_LISTENERS);
	return -ENOSPC;
}

static int carry_map_mqtt(struct carry *c)
{
	const struct tp_plan_spec *next = &c->next->plan;

	c->n_mqtt = c->now->n_mqtt_listeners;
	for (unsigned int i = 0; i < next->n_mqtt_listeners; i++)
		c->mqtt[i] = carry_find_mqtt(c, next->mqtt_listeners[i].name);
	for (unsigned int i = 0; i < next->n_mqtt_listeners; i++) {
		if (c->mqtt[i] == CARRY_NONE && c->n_mqtt >= TP_MAX_MQTT_LISTENERS)
			c->mqtt[i] = carry_free_mqtt(c);
		if (c->mqtt[i] == CARRY_NONE)
			c->mqtt[i] = (uint16_t)c->n_mqtt++;
	}
	return c->n_mqtt > TP_MAX_MQTT_LISTENERS ? carry_mqtt_full(c) : 0;
}

/* Of the plan in force, the listener that this one goes on, or NULL. */
static const struct tp_mqtt_listener *carry_same_mqtt(const struct carry *c, unsigned int i)
{
	uint16_t k = carry_find_mqtt(c, c->next->plan.mqtt_listeners[i].name);

	return k == CARRY_NONE ? NULL : &c->now->mqtt_listeners[k];
}

static void carry_hold_routes(struct carry *c, const struct tp_mqtt_listener *l)
{
	for (unsigned int r = 0; r < l->n_routes; r++)
		c->kept_listener[l->routes[r].listener] = true;
	if (l->unmapped >= 0)
		c->kept_listener[l->unmapped] = true;
}

/* MQTT listeners that the next configuration does not have: who is connected there is served until it is gone. */
static void carry_hold_retired(struct carry *c)
{
	for (unsigned int k = 0; k < c->now->n_mqtt_listeners; k++)
		if (!carry_has_mqtt(c, k) && !carry_is_deserted(c, k))
			carry_hold_routes(c, &c->now->mqtt_listeners[k]);
}

/* Index in force of a UDP listener of that name, or CARRY_NONE. One that was left out before is found again, if nobody has its index. */
static uint16_t carry_find_udp(const struct carry *c, const char *name)
{
	for (unsigned int k = 0; k < c->now->n_listeners; k++) {
		const struct tp_listener *l = &c->now->listeners[k];

		if ((l->port || l->retired) && !c->kept_listener[k] && strcmp(l->name, name) == 0)
			return (uint16_t)k;
	}
	return CARRY_NONE;
}

static void carry_take(struct carry *c, unsigned int i, uint16_t k)
{
	c->listener[i] = k;
	if (k != CARRY_NONE)
		c->kept_listener[k] = true;
}

static uint16_t carry_find_route(const struct tp_mqtt_listener *l, const char *filter)
{
	for (unsigned int r = 0; r < l->n_routes; r++)
		if (strcmp(l->routes[r].filter, filter) == 0)
			return l->routes[r].listener;
	return CARRY_NONE;
}

static void carry_map_routes(struct carry *c, unsigned int i)
{
	const struct tp_mqtt_listener *l = &c->next->plan.mqtt_listeners[i];
	const struct tp_mqtt_listener *before = carry_same_mqtt(c, i);

	for (unsigned int r = 0; r < l->n_routes; r++)
		carry_take(c, l->routes[r].listener, before ? carry_find_route(before, l->routes[r].filter) : CARRY_NONE);
	if (l->unmapped >= 0)
		carry_take(c, (unsigned int)l->unmapped, before && before->unmapped >= 0 ? (uint16_t)before->unmapped : CARRY_NONE);
}

/* New ones take the index of one that was left out in an earlier change, which nothing refers to any more, or stand behind. */
static int carry_place_listeners(struct carry *c)
{
	unsigned int free_at = 0;

	c->n_listeners = c->now->n_listeners;
	for (unsigned int i = 0; i < c->next->plan.n_listeners; i++) {
		if (c->listener[i] != CARRY_NONE)
			continue;
		while (free_at < c->now->n_listeners && (c->kept_listener[free_at] || !c->now->listeners[free_at].retired))
			free_at++;
		if (free_at < c->now->n_listeners)
			carry_take(c, i, (uint16_t)free_at);
		else
			c->listener[i] = (uint16_t)c->n_listeners++;
	}
	return c->n_listeners > TP_MAX_LISTENERS ? carry_full(c, "listeners", c->n_listeners, TP_MAX_LISTENERS) : 0;
}

static int carry_map_listeners(struct carry *c)
{
	const struct tp_plan_spec *next = &c->next->plan;

	carry_hold_retired(c);
	for (unsigned int i = 0; i < next->n_mqtt_listeners; i++)
		carry_map_routes(c, i);
	for (unsigned int i = 0; i < next->n_listeners; i++)
		if (next->listeners[i].port)
			carry_take(c, i, carry_find_udp(c, next->listeners[i].name));
	return carry_place_listeners(c);
}

/* ---- sources ------------------------------------------------------------------------------------------------------------------ */
static void carry_keep_node(void *node)
{
	(void)node; /* the array owns it */
}

static int carry_map_same(struct carry *c)
{
	const struct tp_plan_spec *next = &c->next->plan, *now = c->now;
	void *tree = NULL;
	int rc = 0;

	for (unsigned int k = 1; rc == 0 && k < now->n_sources; k++)
		if (!tsearch(&now->sources[k], &tree, conf_sources_compare))
			rc = -ENOMEM;
	for (unsigned int i = 1; rc == 0 && i < next->n_sources; i++) {
		const struct tp_source **found = (void *)tfind(&next->sources[i], &tree, conf_sources_compare);

		if (found)
			c->source[i] = (uint16_t)(*found - now->sources);
	}
	tdestroy(tree, carry_keep_node);
	return rc;
}

static int carry_map_sources(struct carry *c, unsigned int room)
{
	unsigned int n = c->next->plan.n_sources;
	int rc;

	for (unsigned int i = 1; i < n; i++)
		c->source[i] = CARRY_NONE;
	rc = carry_map_same(c);
	c->n_sources = c->now->n_sources;
	for (unsigned int i = 1; i < n; i++)
		if (c->source[i] == CARRY_NONE)
			c->source[i] = (uint16_t)(c->n_sources++);
	return rc == 0 && c->n_sources > room ? carry_full(c, "sources (memory.sources_reserve)", c->n_sources - 1, room - 1) : rc;
}

/* ---- topics ------------------------------------------------------------------------------------------------------------------- */
static int carry_map_topics(struct carry *c)
{
	const struct tp_plan_spec *next = &c->next->plan, *now = c->now;

	c->n_topics = now->n_topics;
	for (unsigned int i = 0; i < next->n_topics; i++) {
		unsigned int k = 0;

		while (k < now->n_topics && strcmp(now->topics[k].name, next->topics[i].name) != 0)
			k++;
		c->topic[i] = (uint16_t)(k < now->n_topics ? k : c->n_topics++);
	}
	return c->n_topics > TP_MAX_TOPICS ? carry_full(c, "topics", c->n_topics, TP_MAX_TOPICS) : 0;
}

/* ---- writing ------------------------------------------------------------------------------------------------------------------ */
static void carry_write_sources(struct carry *c)
{
	struct tp_plan_spec *next = &c->next->plan;
	struct tp_source *all = carry_alloc(c, c->n_sources, sizeof(*all));
	bool *there = carry_alloc(c, c->n_sources, sizeof(*there));

	if (c->no_memory)
		return;
	for (unsigned int i = 0; i < next->n_sources; i++) {
		all[c->source[i]] = next->sources[i];
		there[c->source[i]] = true;
	}
	for (unsigned int k = 0; k < c->now->n_sources; k++) {
		const struct tp_source *s = &c->now->sources[k];

		if (!there[k])
			all[k] = (struct tp_source){.device = carry_slice(c, s->device),
			        .site = carry_slice(c, s->site),
			        .lane = carry_slice(c, s->lane),
			        .unknown = s->unknown,
			        .of = carry_text(c, s->of),
			        .retired = true};
	}
	for (unsigned int i = 0; i < next->n_prefixes; i++) {
		c->owned->prefixes[i].source = c->source[c->owned->prefixes[i].source];
		c->owned->prefixes[i].listener = c->listener[c->owned->prefixes[i].listener];
	}
	for (unsigned int i = 0; i < next->n_mqtt_names; i++) {
		c->owned->mqtt_names[i].source = c->source[c->owned->mqtt_names[i].source];
		c->owned->mqtt_names[i].listener = c->mqtt[c->owned->mqtt_names[i].listener];
	}
	c->owned->sources = all;
	next->sources = all;
	next->n_sources = c->n_sources;
}

static void carry_write_listeners(struct carry *c)
{
	struct tp_plan_spec *next = &c->next->plan;
	struct tp_listener *all = carry_alloc(c, c->n_listeners, sizeof(*all));
	bool *there = carry_alloc(c, c->n_listeners, sizeof(*there));

	if (c->no_memory)
		return;
	for (unsigned int i = 0; i < next->n_listeners; i++) {
		struct tp_listener *l = &all[c->listener[i]];

		*l = next->listeners[i];
		there[c->listener[i]] = true;
		l->unknown_source = c->source[l->unknown_source];
		for (int kind = 0; kind < TP_KIND_COUNT; kind++)
			l->topic[kind] = c->topic[l->topic[kind]];
	}
	for (unsigned int k = 0; k < c->now->n_listeners; k++) {
		if (there[k])
			continue;
		all[k] = c->now->listeners[k];
		all[k].name = carry_text(c, all[k].name);
		all[k].port = 0;
		all[k].retired = !c->kept_listener[k];
	}
	c->owned->listeners = all;
	next->listeners = all;
	next->n_listeners = c->n_listeners;
}

static void carry_write_topics(struct carry *c)
{
	struct tp_topic *all = carry_alloc(c, c->n_topics, sizeof(*all));
	struct tp_conf_topic *conf = carry_alloc(c, c->n_topics, sizeof(*conf));

	if (c->no_memory)
		return;
	for (unsigned int k = 0; k < c->now->n_topics; k++) {
		all[k] = c->now->topics[k];
		all[k].name = carry_text(c, all[k].name);
		conf[k] = (struct tp_conf_topic){.name = (char *)all[k].name,
		        .kind = (char *)tp_schema_of_kind[all[k].kind].name,
		        .encoding = all[k].encoding,
		        .schema_id = all[k].schema_id,
		        .keep_payload = all[k].keep_payload};
	}
	for (unsigned int i = 0; i < c->next->plan.n_topics; i++) {
		all[c->topic[i]] = c->next->plan.topics[i];
		conf[c->topic[i]] = c->next->topics[i];
	}
	c->owned->topics = all;
	c->next->plan.topics = all;
	c->next->topics = conf;
	c->next->plan.n_topics = c->next->topics_count = c->n_topics;
}

/* ---- MQTT listeners ----------------------------------------------------------------------------------------------------------- */
static void carry_desert_mqtt(struct carry *c, const struct tp_mqtt_listener *from, struct tp_mqtt_listener *l)
{
	*l = *from;
	l->name = carry_text(c, from->name);
	l->retired_for++;
	l->routes = NULL;
	l->may_publish = NULL;
	l->n_routes = l->n_may_publish = 0;
	l->unmapped = -1;
}

/* Nobody comes any more; who is there is served as before. */
static void carry_retire_mqtt(struct carry *c, const struct tp_mqtt_listener *from, struct tp_mqtt_listener *l)
{
	struct tp_mqtt_route *routes = carry_alloc(c, from->n_routes, sizeof(*routes));
	const char **may = carry_alloc(c, from->n_may_publish, sizeof(*may));

	if (c->no_memory)
		return;
	*l = *from;
	l->name = carry_text(c, from->name);
	l->retired = true;
	l->retired_for++;
	l->tls = NULL;
	l->routes = routes;
	l->may_publish = may;
	for (unsigned int r = 0; r < from->n_routes; r++) {
		routes[r] = from->routes[r];
		routes[r].filter = carry_text(c, from->routes[r].filter);
	}
	for (unsigned int m = 0; m < from->n_may_publish; m++)
		may[m] = carry_text(c, from->may_publish[m]);
}

/* Above all that were ever given: the one given last is in the plan in force. */
static uint32_t carry_next_serial(const struct tp_plan_spec *now)
{
	uint32_t next = 0;

	for (unsigned int k = 0; k < now->n_mqtt_listeners; k++)
		next = now->mqtt_listeners[k].serial >= next ? now->mqtt_listeners[k].serial + 1 : next;
	return next;
}

static void carry_move_mqtt(struct carry *c, unsigned int i, struct tp_mqtt_listener *l, struct tp_conf_mqtt *conf)
{
	const struct tp_mqtt_listener *before = carry_same_mqtt(c, i);

	*l = c->next->plan.mqtt_listeners[i];
	*conf = c->next->mqtt[i];
	l->serial = before ? before->serial : c->serial++;
	if (l->tls)
		l->tls = &conf->context;
	l->unknown_source = c->source[l->unknown_source];
	if (l->unmapped >= 0)
		l->unmapped = c->listener[l->unmapped];
	for (unsigned int r = 0; r < l->n_routes; r++) /* conf_alloc()'s: nobody else's */
		((struct tp_mqtt_route *)l->routes)[r].listener = c->listener[l->routes[r].listener];
}

static void carry_write_mqtt(struct carry *c)
{
	struct tp_mqtt_listener *all = carry_alloc(c, c->n_mqtt, sizeof(*all));
	struct tp_conf_mqtt *conf = carry_alloc(c, c->n_mqtt, sizeof(*conf));

	if (c->no_memory)
		return;
	for (unsigned int i = 0; i < c->next->plan.n_mqtt_listeners; i++)
		carry_move_mqtt(c, i, &all[c->mqtt[i]], &conf[c->mqtt[i]]);
	for (unsigned int k = 0; k < c->n_mqtt; k++) {
		if (all[k].name)
			continue;
		if (carry_is_deserted(c, k))
			carry_desert_mqtt(c, &c->now->mqtt_listeners[k], &all[k]);
		else
			carry_retire_mqtt(c, &c->now->mqtt_listeners[k], &all[k]);
		conf[k].row = TP_CONF_NO_ROW;
	}
	c->owned->mqtt_listeners = all;
	c->next->plan.mqtt_listeners = all;
	c->next->mqtt = conf;
	c->next->plan.n_mqtt_listeners = c->next->mqtt_count = c->n_mqtt;
}

int tp_conf_carry(
        struct tp_conf *next, const struct tp_plan_spec *now, uint32_t deserted, unsigned int room, char *err, size_t err_len)
{
	struct carry c = {.next = next, .now = now, .owned = next->owned, .deserted = deserted, .err = err, .err_len = err_len};
	int rc;

	c.serial = carry_next_serial(now);
	c.source = carry_alloc(&c, next->plan.n_sources, sizeof(uint16_t));
	c.topic = carry_alloc(&c, TP_MAX_TOPICS, sizeof(uint16_t)); /* of kinds that a listener does not make it may be any */
	c.listener = carry_alloc(&c, next->plan.n_listeners, sizeof(uint16_t));
	c.mqtt = carry_alloc(&c, next->plan.n_mqtt_listeners, sizeof(uint16_t));
	c.kept_listener = carry_alloc(&c, now->n_listeners, sizeof(bool));
	rc = c.no_memory ? -ENOMEM : carry_map_mqtt(&c);
	if (rc == 0)
		rc = carry_map_listeners(&c);
	if (rc == 0)
		rc = carry_map_sources(&c, room);
	if (rc == 0)
		rc = carry_map_topics(&c);
	if (rc == 0) {
		carry_write_mqtt(&c);
		carry_write_sources(&c);
		carry_write_listeners(&c);
		carry_write_topics(&c);
		rc = c.no_memory ? -ENOMEM : 0;
	}
	if (rc == -ENOMEM)
		snprintf(err, err_len, "out of memory");
	return rc;
}
