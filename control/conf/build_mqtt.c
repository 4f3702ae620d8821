/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * MQTT listeners. Each route, and what no route takes, becomes an entry of the plan's listeners, so that decoders and topics are chosen by the
 * same code as for datagrams; the names of devices become one list for all listeners.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"

#define MAX_PACKET_LEAST   1024
#define MAX_PACKET_DEFAULT 65536
#define MAX_PACKET_BESIDE  8192 /* room in a batch for everything of a record but the message */

/* ---- names and addresses --------------------------------------------------------------------------------------------------------- */
static void mqtt_name_alone(struct conf_build *b, unsigned int i)
{
	const char *name = b->raw->mqtt[i].name, *path = CONF_PATH("mqtt[%u].name", i);

	for (unsigned int j = 0; j < b->raw->listeners_count; j++)
		if (strcmp(name, b->raw->listeners[j].name) == 0)
			conf_mistake_at(b->doc, path, "found '%s', which listeners[%u] has already", name, j);
	for (unsigned int j = 0; j < i; j++)
		if (strcmp(name, b->raw->mqtt[j].name) == 0)
			conf_mistake_at(b->doc, path, "found '%s', which mqtt[%u] has already", name, j);
}

static void mqtt_port_alone(struct conf_build *b, unsigned int i)
{
	const struct tp_mqtt_listener *l = &b->owned->mqtt_listeners[i];
	const char *address = b->raw->mqtt[i].address;

	for (unsigned int j = 0; j < i; j++) {
		const struct tp_mqtt_listener *other = &b->owned->mqtt_listeners[j];

		if (l->port == other->port && l->family == other->family && memcmp(l->addr, other->addr, 16) == 0)
			conf_mistake_at(b->doc, CONF_PATH("mqtt[%u].port", i),
			        "found %u, where mqtt[%u] ('%s') listens already%s%s", l->port, j, other->name,
			        address ? " on " : "", address ? address : "");
	}
}

/* ---- routes ---------------------------------------------------------------------------------------------------------------------- */
unsigned int conf_mqtt_entries(const struct conf_turnpike *raw)
{
	unsigned int n = 0;

	for (uint32_t i = 0; i < raw->mqtt_count; i++)
		n += raw->mqtt[i].routes_count + (raw->mqtt[i].unmapped == CONF_UNMAPPED_RAW);
	return n;
}

/* The next entry of the plan's listeners: no datagram reaches it. */
static struct tp_listener *mqtt_entry(struct conf_build *b, const char *name, uint16_t *index)
{
	struct tp_listener *l = &b->owned->listeners[b->conf->plan.n_listeners];

	*index = (uint16_t)b->conf->plan.n_listeners++;
	l->name = name;
	l->next = TP_NO_LISTENER;
	return l;
}

static void mqtt_route_level(struct conf_build *b, const char *path, const char *filter, uint32_t level)
{
	bool more;
	unsigned int levels = conf_filter_levels(filter, &more);

	if (level > levels && !more)
		conf_mistake_at(b->doc, path, "found %u, expected at most %u: the filter has no further level", level, levels);
}

/* Whether the filter is one, and whether an earlier route leaves it anything. */
static void mqtt_route_filter(struct conf_build *b, unsigned int i, uint32_t k)
{
	const struct conf_route *routes = b->raw->mqtt[i].routes;
	const char *filter = routes[k].filter, *expected = conf_filter(filter);
	const char *path = CONF_PATH("mqtt[%u].routes[%u].filter", i, k);

	if (expected) {
		conf_mistake_at(b->doc, path, "found '%.80s', expected %s", filter, expected);
		return;
	}
	mqtt_route_level(b, CONF_PATH("mqtt[%u].routes[%u].site_level", i, k), filter, routes[k].site_level);
	mqtt_route_level(b, CONF_PATH("mqtt[%u].routes[%u].lane_level", i, k), filter, routes[k].lane_level);
	for (uint32_t j = 0; j < k; j++) {
		if (conf_filter(routes[j].filter) || !conf_filter_covers(routes[j].filter, filter))
			continue;
		conf_mistake_at(b->doc, path, "found '%.80s', of which routes[%u] ('%.80s') takes everything before it", filter, j,
		        routes[j].filter);
		return;
	}
}

static void mqtt_route(struct conf_build *b, unsigned int i, uint32_t k, struct tp_mqtt_route *route)
{
	const struct conf_route *raw = &b->raw->mqtt[i].routes[k];
	struct tp_listener *l = mqtt_entry(b, b->raw->mqtt[i].name, &route->listener);

	mqtt_route_filter(b, i, k);
	l->decoder = conf_format(b, CONF_PATH("mqtt[%u].routes[%u].format", i, k), raw->format);
	conf_listener_topics(b, CONF_PATH("mqtt[%u].routes[%u].topics", i, k), raw->topics, raw->topics_count, l);
	l->clamp_past_us = (int64_t)raw->clamp_past_ms * 1000;
	l->clamp_future_us = (int64_t)raw->clamp_future_ms * 1000;
	l->unknown_source = b->mqtt_sets[i].unknown;
	route->filter = raw->filter;
	route->site_level = (uint8_t)raw->site_level;
	route->lane_level = (uint8_t)raw->lane_level;
	route->slow = (enum tp_mqtt_slow)raw->when_slow;
	route->keep_properties = raw->keep_properties;
}

static void mqtt_unmapped(struct conf_build *b, unsigned int i, struct tp_mqtt_listener *l)
{
	struct tp_listener *entry;
	uint16_t index;

	l->unmapped = -1;
	if (b->raw->mqtt[i].unmapped != CONF_UNMAPPED_RAW)
		return;
	entry = mqtt_entry(b, b->raw->mqtt[i].name, &index);
	entry->decoder = tp_decoder_by_name("raw");
	entry->unknown_source = b->mqtt_sets[i].unknown;
	conf_listener_topics(b, "", NULL, 0, entry);
	l->unmapped = index;
}

static int mqtt_routes(struct conf_build *b, unsigned int i, struct tp_mqtt_listener *l)
{
	const struct conf_mqtt *raw = &b->raw->mqtt[i];
	struct tp_mqtt_route *routes = conf_alloc(b->owned, raw->routes_count, sizeof(*routes));

	if (!routes)
		return -ENOMEM;
	for (uint32_t k = 0; k < raw->routes_count; k++)
		mqtt_route(b, i, k, &routes[k]);
	mqtt_unmapped(b, i, l);
	l->routes = routes;
	l->n_routes = raw->routes_count;
	if (raw->routes_count == 0 && raw->unmapped == CONF_UNMAPPED_REFUSE)
		conf_mistake_at(b->doc, CONF_PATH("mqtt[%u].routes", i),
		        "there are no routes, and unmapped is refuse: no message would be accepted");
	return 0;
}

/* ---- the names of devices ------------------------------------------------------------------------------------------------------------ */
/* A name a listener knows, and where it was written. */
struct mqtt_named {
	const char *name;
	uint16_t source;
	int group; /* index, or -1: the listener's own sources */
	uint32_t index;
};

static int mqtt_compare(const void *one, const void *two)
{
	const struct mqtt_named *a = one, *b = two;
	int order = strcmp(a->name, b->name);

	if (order == 0)
		order = a->group - b->group;
	return order ? order : (a->index > b->index) - (a->index < b->index);
}

static const char *mqtt_where(char *buf, unsigned int listener, const struct mqtt_named *n)
{
	if (n->group < 0)
		return conf_path(buf, "mqtt[%u].sources[%u].identity", listener, n->index);
	return conf_path(buf, "groups[%d].sources[%u].identity", n->group, n->index);
}

static void mqtt_check_doubles(struct conf_build *b, unsigned int i, struct mqtt_named *list, size_t n)
{
	char first[CONF_PATH_MAX], second[CONF_PATH_MAX];

	qsort(list, n, sizeof(*list), mqtt_compare);
	for (size_t k = 1; k < n; k++) {
		if (strcmp(list[k - 1].name, list[k].name) != 0)
			continue;
		mqtt_where(first, i, &list[k - 1]);
		mqtt_where(second, i, &list[k]);
		conf_mistake_at(b->doc, second, "found '%s', which MQTT listener '%s' has already from %s in line %u", list[k].name,
		        b->raw->mqtt[i].name, first, conf_line(b->doc, first));
	}
}

static size_t mqtt_collect(const struct conf_set *set, int group, struct mqtt_named *out)
{
	size_t n = 0;

	for (uint32_t k = 0; k < set->count; k++)
		if (set->raw[k].identity)
			out[n++] = (struct mqtt_named){set->raw[k].identity, set->prefixes[k].source, group, k};
	return n;
}

/* The group's index; -1 where it is not there or has nobody for MQTT, which is told. */
static int mqtt_group(struct conf_build *b, unsigned int i, uint32_t k)
{
	const char *path = CONF_PATH("mqtt[%u].groups[%u]", i, k), *name = b->raw->mqtt[i].groups[k];
	int group = conf_group(b, path, name);
	const struct conf_set *set = group < 0 ? NULL : &b->group_sets[group];

	for (uint32_t n = 0; set && n < set->count; n++)
		if (set->raw[n].identity)
			return group;
	if (set)
		conf_mistake_at(b->doc, path, "found '%s', whose sources have no identity, by which clients are told", name);
	return -1;
}

static void mqtt_check_own(struct conf_build *b, unsigned int i)
{
	const struct conf_mqtt *raw = &b->raw->mqtt[i];

	for (uint32_t k = 0; k < raw->sources_count; k++)
		if (raw->sources[k].address && !raw->sources[k].identity)
			conf_mistake_at(b->doc, CONF_PATH("mqtt[%u].sources[%u].address", i, k),
			        "found %s, expected an identity, by which clients are told", raw->sources[k].address);
	if (raw->sources_count == 0 && raw->groups_count == 0 && raw->unknown_devices == CONF_UNKNOWN_REFUSE)
		conf_mistake_at(b->doc, CONF_PATH("mqtt[%u].sources", i),
		        "there are no sources and no groups, and unknown_devices is refuse: nobody would be accepted");
}

static int mqtt_append(struct conf_owned *owned, unsigned int i, const struct mqtt_named *list, size_t n)
{
	struct tp_mqtt_name *more = realloc(owned->mqtt_names, (owned->n_mqtt_names + n + 1) * sizeof(*more));

	if (!more)
		return -ENOMEM;
	owned->mqtt_names = more;
	for (size_t k = 0; k < n; k++)
		more[owned->n_mqtt_names++] = (struct tp_mqtt_name){(uint16_t)i, list[k].source, tp_slice_of(list[k].name)};
	return 0;
}

static size_t mqtt_most_names(const struct conf_build *b, const struct conf_mqtt *raw, const int *groups)
{
	size_t most = raw->sources_count;

	for (uint32_t k = 0; k < raw->groups_count; k++)
		most += groups[k] < 0 ? 0 : b->group_sets[groups[k]].count;
	return most;
}

static int mqtt_names(struct conf_build *b, unsigned int i)
{
	const struct conf_mqtt *raw = &b->raw->mqtt[i];
	int ret = -ENOMEM, *groups = calloc(raw->groups_count + 1, sizeof(*groups));
	struct mqtt_named *list = NULL;
	size_t n;

	if (!groups)
		return ret;
	for (uint32_t k = 0; k < raw->groups_count; k++)
		groups[k] = mqtt_group(b, i, k);
	list = calloc(mqtt_most_names(b, raw, groups) + 1, sizeof(*list));
	if (!list)
		goto end;
	mqtt_check_own(b, i);
	n = mqtt_collect(&b->mqtt_sets[i], -1, list);
	for (uint32_t k = 0; k < raw->groups_count; k++)
		if (groups[k] >= 0)
			n += mqtt_collect(&b->group_sets[groups[k]], groups[k], list + n);
	mqtt_check_doubles(b, i, list, n);
	ret = mqtt_append(b->owned, i, list, n);
end:
	free(list);
	free(groups);
	return ret;
}

/* ---- limits ---------------------------------------------------------------------------------------------------------------------- */
/*
 * A message that can never be delivered must not be accepted. At its largest it stands in a record twice, as body or dead letter and as payload
 * that its topic keeps, each time as hex. What is made of it in the arena (user properties as headers, names from its topic, its octets from TLS) must
 * find room there while nothing else is in it, or it would be held for ever.
 */
static uint32_t mqtt_max_packet(struct conf_build *b, unsigned int i)
{
	uint32_t most = (b->raw->memory.batch_bytes - MAX_PACKET_BESIDE) / 4, found = b->raw->mqtt[i].max_packet;
	uint32_t arena = b->raw->workers.arena_bytes / 4;
	const char *path = CONF_PATH("mqtt[%u].max_packet", i);

	if (found == 0) {
		most = most < MAX_PACKET_DEFAULT ? most : MAX_PACKET_DEFAULT;
		return most < arena ? most : arena;
	}
	if (found < MAX_PACKET_LEAST)
		conf_mistake_at(b->doc, path, "found %u, expected 0 or at least %d octets", found, MAX_PACKET_LEAST);
	else if (found > most)
		conf_mistake_at(b->doc, path,
		        "found %u, expected at most %u octets, so that any message fits into a batch of memory.batch_bytes (%u)",
		        found, most, b->raw->memory.batch_bytes);
	else if (found > arena)
		conf_mistake_at(b->doc, path, "found %u, expected at most %u octets, a quarter of workers.arena_bytes (%u)", found,
		        arena, b->raw->workers.arena_bytes);
	return found;
}

static void mqtt_limits(struct conf_build *b, unsigned int i, struct tp_mqtt_listener *l)
{
	const struct conf_mqtt *raw = &b->raw->mqtt[i];

	l->subscribe = (enum tp_mqtt_subscribe)raw->subscribe;
	l->max_packet = mqtt_max_packet(b, i);
	l->in_flight = (uint16_t)raw->in_flight;
	l->alias_max = (uint16_t)raw->alias_max;
	l->keep_alive_max = (uint16_t)raw->keep_alive_max_s;
	l->expiry_max = raw->session_expiry_max_s;
	l->connect_timeout_ms = raw->connect_timeout_ms;
	l->connect_rate = raw->connect_rate;
	l->connect_rate_prefix = raw->connect_rate_prefix;
	if (raw->connect_rate && raw->connect_rate_prefix > raw->connect_rate)
		conf_mistake_at(b->doc, CONF_PATH("mqtt[%u].connect_rate_prefix", i),
		        "found %u, expected at most connect_rate (%u)", raw->connect_rate_prefix, raw->connect_rate);
}

/* ---- listeners ------------------------------------------------------------------------------------------------------------------- */
static int mqtt_one(struct conf_build *b, unsigned int i)
{
	const struct conf_mqtt *raw = &b->raw->mqtt[i];
	struct tp_mqtt_listener *l = &b->owned->mqtt_listeners[i];
	int ret;

	b->conf->mqtt[i].row = i;
	l->name = raw->name;
	l->serial = i;
	l->port = (uint16_t)raw->port;
	l->unknown_source = b->mqtt_sets[i].unknown;
	if (raw->address)
		l->family = conf_own_address(b, CONF_PATH("mqtt[%u].address", i), raw->address, l->addr);
	mqtt_name_alone(b, i);
	mqtt_port_alone(b, i);
	mqtt_limits(b, i, l);
	ret = conf_build_mqtt_access(b, i);
	if (ret == 0)
		ret = mqtt_routes(b, i, l);
	return ret ? ret : mqtt_names(b, i);
}

int conf_build_mqtt(struct conf_build *b)
{
	struct tp_conf *conf = b->conf;
	int ret = 0;

	conf->mqtt = conf_alloc(b->owned, b->raw->mqtt_count, sizeof(*conf->mqtt));
	b->owned->mqtt_listeners = conf_alloc(b->owned, b->raw->mqtt_count, sizeof(*b->owned->mqtt_listeners));
	if (!conf->mqtt || !b->owned->mqtt_listeners)
		return -ENOMEM;
	for (unsigned int i = 0; i < b->raw->mqtt_count && ret == 0; i++)
		ret = mqtt_one(b, i);
	conf->mqtt_count = b->raw->mqtt_count;
	conf->plan.mqtt_listeners = b->owned->mqtt_listeners;
	conf->plan.n_mqtt_listeners = b->raw->mqtt_count;
	conf->plan.mqtt_names = b->owned->mqtt_names;
	conf->plan.n_mqtt_names = b->owned->n_mqtt_names;
	return ret;
}
