/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Listeners and the prefixes they accept.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"

/* ---- names and addresses ------------------------------------------------------------------------------------------------------------ */
static void listeners_alone(struct conf_build *b, unsigned int i)
{
	const struct conf_listener *raw = &b->raw->listeners[i];
	const struct tp_listener *l = &b->owned->listeners[i];

	for (unsigned int j = 0; j < i; j++) {
		const struct tp_listener *other = &b->owned->listeners[j];

		if (strcmp(raw->name, other->name) == 0)
			conf_mistake_at(b->doc, CONF_PATH("listeners[%u].name", i), "found '%s', which listeners[%u] has already",
			        raw->name, j);
		if (l->port == other->port && l->family == other->family && memcmp(l->addr, other->addr, 16) == 0)
			conf_mistake_at(b->doc, CONF_PATH("listeners[%u].port", i),
			        "found %u, where listeners[%u] ('%s') listens already%s%s", l->port, j, other->name,
			        raw->address ? " on " : "", raw->address ? raw->address : "");
	}
}

/* Whether a port owns that address, or takes every destination. */
static bool listeners_is_own(const struct conf_build *b, uint8_t family, const uint8_t addr[16])
{
	const struct tp_dataplane_spec *d = &b->conf->dataplane;

	for (unsigned int p = 0; p < d->n_ports; p++) {
		if (d->ports[p].n_addresses == 0)
			return true;
		for (unsigned int a = 0; a < d->ports[p].n_addresses; a++)
			if (d->ports[p].addresses[a].family == family && memcmp(d->ports[p].addresses[a].addr, addr, 16) == 0)
				return true;
	}
	return false;
}

uint8_t conf_own_address(struct conf_build *b, const char *path, const char *text, uint8_t addr[16])
{
	uint8_t family = conf_address(text, addr);

	if (family == 0)
		conf_mistake_at(b->doc, path, "found '%s', expected an IPv4 or IPv6 address", text);
	else if (!listeners_is_own(b, family, addr))
		conf_mistake_at(b->doc, path, "found %s, which is not among the addresses of any port", text);
	return family;
}

/* ---- format and topics -------------------------------------------------------------------------------------------------------------- */
const struct tp_decoder *conf_format(struct conf_build *b, const char *path, const char *format)
{
	const struct tp_decoder *decoder = tp_decoder_by_name(format);
	struct tp_suggestion s = tp_suggest_for(format);
	char names[CONF_PATH_MAX] = "";

	if (decoder)
		return decoder;
	for (unsigned int k = 0; tp_decoders[k]; k++) {
		size_t used = strlen(names);

		tp_suggest_try(&s, tp_decoders[k]->name);
		snprintf(names + used, sizeof(names) - used, "%s%s", k ? ", " : "", tp_decoders[k]->name);
	}
	conf_mistake_at(b->doc, path, "found %s, expected one of %s%s", format, names, CONF_DID_YOU_MEAN(&s));
	return NULL;
}

/* Index into conf->topics, or -1 with the mistake told. */
static int listeners_topic_index(struct conf_build *b, const char *name, const char *path)
{
	struct tp_suggestion s = tp_suggest_for(name);

	for (unsigned int t = 0; t < b->conf->topics_count; t++) {
		if (strcmp(name, b->conf->topics[t].name) == 0)
			return (int)t;
		tp_suggest_try(&s, b->conf->topics[t].name);
	}
	conf_mistake_at(b->doc, path, "found '%s', which is neither a default topic nor declared under topics%s", name,
	        CONF_DID_YOU_MEAN(&s));
	return -1;
}

static void listeners_topic(struct conf_build *b, const char *path, const char *name, struct tp_listener *l, uint32_t *given)
{
	uint32_t kinds = (l->decoder ? l->decoder->kinds : 0) | 1U << TP_KIND_alert_match | 1U << TP_KIND_dlq;
	int topic = listeners_topic_index(b, name, path), kind;

	if (topic < 0 || !l->decoder)
		return;
	kind = tp_kind_by_name(tp_slice_of(b->conf->topics[topic].kind));
	if (!(kinds >> kind & 1))
		conf_mistake_at(b->doc, path, "found '%s' for records of kind %s, which format %s does not make", name,
		        tp_schema_of_kind[kind].name, l->decoder->name);
	else if (*given >> kind & 1)
		conf_mistake_at(
		        b->doc, path, "found '%s', a second topic for records of kind %s", name, tp_schema_of_kind[kind].name);
	*given |= 1U << kind;
	l->topic[kind] = (uint16_t)topic;
}

void conf_listener_topics(struct conf_build *b, const char *path, char *const *topics, uint32_t count, struct tp_listener *l)
{
	uint32_t given = 0;

	for (int kind = 0; kind < TP_KIND_COUNT; kind++)
		l->topic[kind] = (uint16_t)kind;
	for (uint32_t k = 0; k < count; k++)
		listeners_topic(b, CONF_PATH("%s[%u]", path, k), topics[k], l, &given);
}

/* ---- accepted sources -------------------------------------------------------------------------------------------------------------- */
/* A prefix a listener accepts, and where it was written. */
struct listeners_prefix {
	struct tp_prefix prefix;
	int group; /* index, or -1: the listener's own sources */
	uint32_t index;
};

static int listeners_compare(const void *one, const void *two)
{
	const struct listeners_prefix *a = one, *b = two;
	int order = a->prefix.family - b->prefix.family;

	if (order == 0)
		order = memcmp(a->prefix.addr, b->prefix.addr, 16);
	if (order == 0)
		order = a->prefix.length - b->prefix.length;
	return order;
}

/* The same, and what stands first in the file first. */
static int listeners_compare_all(const void *one, const void *two)
{
	const struct listeners_prefix *a = one, *b = two;
	int order = listeners_compare(a, b);

	if (order == 0)
		order = a->group - b->group;
	return order ? order : (a->index > b->index) - (a->index < b->index);
}

static const char *listeners_where(char *buf, unsigned int listener, const struct listeners_prefix *p)
{
	if (p->group < 0)
		return conf_path(buf, "listeners[%u].sources[%u].address", listener, p->index);
	return conf_path(buf, "groups[%d].sources[%u].address", p->group, p->index);
}

static void listeners_check_doubles(struct conf_build *b, unsigned int i, struct listeners_prefix *p, size_t n)
{
	char first[CONF_PATH_MAX], second[CONF_PATH_MAX], address[64];

	qsort(p, n, sizeof(*p), listeners_compare_all);
	for (size_t k = 1; k < n; k++) {
		if (p[k].prefix.family == 0 || listeners_compare(&p[k - 1], &p[k]) != 0)
			continue;
		listeners_where(first, i, &p[k - 1]);
		listeners_where(second, i, &p[k]);
		snprintf(address, sizeof(address), "%s",
		        p[k].group < 0 ? b->raw->listeners[i].sources[p[k].index].address
		                       : b->raw->groups[p[k].group].sources[p[k].index].address);
		conf_mistake_at(b->doc, second, "found %s, which listener '%s' has already from %s in line %u", address,
		        b->raw->listeners[i].name, first, conf_line(b->doc, first));
	}
}

int conf_group(struct conf_build *b, const char *path, const char *name)
{
	struct tp_suggestion s = tp_suggest_for(name);

	for (uint32_t g = 0; g < b->raw->groups_count; g++) {
		if (strcmp(name, b->raw->groups[g].name) == 0)
			return (int)g;
		tp_suggest_try(&s, b->raw->groups[g].name);
	}
	conf_mistake_at(b->doc, path, "found '%s', which is not declared under groups%s", name, CONF_DID_YOU_MEAN(&s));
	return -1;
}

static int listeners_group(struct conf_build *b, unsigned int i, uint32_t k)
{
	const char *path = CONF_PATH("listeners[%u].groups[%u]", i, k), *name = b->raw->listeners[i].groups[k];
	int group = conf_group(b, path, name);
	const struct conf_set *set = group < 0 ? NULL : &b->group_sets[group];

	for (uint32_t n = 0; set && n < set->count; n++)
		if (set->raw[n].address)
			return group;
	if (set)
		conf_mistake_at(
		        b->doc, path, "found '%s', whose sources have no address, by which senders of datagrams are told", name);
	return -1;
}

/* A listener's own rows are for it alone, so that one without an address is a mistake. */
static void listeners_check_own(struct conf_build *b, unsigned int i)
{
	const struct conf_set *set = &b->listener_sets[i];

	for (uint32_t k = 0; k < set->count; k++)
		if (set->raw[k].identity && !set->raw[k].address)
			conf_mistake_at(b->doc, CONF_PATH("listeners[%u].sources[%u].identity", i, k),
			        "found '%s', expected an address, by which senders of datagrams are told", set->raw[k].identity);
}

static size_t listeners_collect(const struct conf_set *set, unsigned int listener, int group, struct listeners_prefix *out)
{
	size_t n = 0;

	for (uint32_t k = 0; k < set->count; k++) {
		if (!set->raw[k].address)
			continue;
		out[n] = (struct listeners_prefix){.prefix = set->prefixes[k], .group = group, .index = k};
		out[n++].prefix.listener = (uint16_t)listener;
	}
	return n;
}

static int listeners_append(struct conf_owned *owned, const struct listeners_prefix *p, size_t n)
{
	struct tp_prefix *more = realloc(owned->prefixes, (owned->n_prefixes + n + 1) * sizeof(*more));

	if (!more)
		return -ENOMEM;
	owned->prefixes = more;
	for (size_t k = 0; k < n; k++)
		more[owned->n_prefixes++] = p[k].prefix;
	return 0;
}

static int listeners_sources(struct conf_build *b, unsigned int i)
{
	const struct conf_listener *raw = &b->raw->listeners[i];
	struct listeners_prefix *all;
	size_t most = raw->sources_count, n;
	int ret, *groups = calloc(raw->groups_count + 1, sizeof(*groups));

	if (!groups)
		return -ENOMEM;
	for (uint32_t k = 0; k < raw->groups_count; k++) {
		groups[k] = listeners_group(b, i, k);
		most += groups[k] < 0 ? 0 : b->group_sets[groups[k]].count;
	}
	all = calloc(most + 1, sizeof(*all));
	if (!all) {
		free(groups);
		return -ENOMEM;
	}
	listeners_check_own(b, i);
	n = listeners_collect(&b->listener_sets[i], i, -1, all);
	for (uint32_t k = 0; k < raw->groups_count; k++)
		if (groups[k] >= 0)
			n += listeners_collect(&b->group_sets[groups[k]], i, groups[k], all + n);
	listeners_check_doubles(b, i, all, n);
	if (most == 0 && raw->groups_count == 0 && raw->unknown_sources == CONF_UNKNOWN_REFUSE)
		conf_mistake_at(b->doc, CONF_PATH("listeners[%u].sources", i),
		        "there are no sources and no groups, and unknown_sources is refuse: nothing would be accepted");
	ret = listeners_append(b->owned, all, n);
	free(all);
	free(groups);
	return ret;
}

static int listeners_one(struct conf_build *b, unsigned int i)
{
	const struct conf_listener *raw = &b->raw->listeners[i];
	struct tp_listener *l = &b->owned->listeners[i];

	l->name = raw->name;
	l->port = (uint16_t)raw->port;
	l->clamp_past_us = (int64_t)raw->clamp_past_ms * 1000;
	l->clamp_future_us = (int64_t)raw->clamp_future_ms * 1000;
	l->unknown_source = b->listener_sets[i].unknown;
	l->next = TP_NO_LISTENER;
	if (raw->address)
		l->family = conf_own_address(b, CONF_PATH("listeners[%u].address", i), raw->address, l->addr);
	listeners_alone(b, i);
	l->decoder = conf_format(b, CONF_PATH("listeners[%u].format", i), raw->format);
	conf_listener_topics(b, CONF_PATH("listeners[%u].topics", i), raw->topics, raw->topics_count, l);
	return listeners_sources(b, i);
}

int conf_build_listeners(struct conf_build *b)
{
	unsigned int routes = conf_mqtt_entries(b->raw), n = b->raw->listeners_count;
	int ret = 0;

	if (n == 0 && b->raw->mqtt_count == 0)
		conf_mistake_at(b->doc, "listeners", "there are neither listeners nor mqtt: nothing would be accepted");
	if (n + routes > TP_MAX_LISTENERS) {
		conf_mistake_at(b->doc, "mqtt", "found %u routes of MQTT beside %u listeners, expected at most %d of both", routes,
		        n, TP_MAX_LISTENERS);
		return -EINVAL;
	}
	b->owned->listeners = conf_alloc(b->owned, n + routes, sizeof(*b->owned->listeners));
	if (!b->owned->listeners)
		return -ENOMEM;
	for (unsigned int i = 0; i < n && ret == 0; i++)
		ret = listeners_one(b, i);
	b->conf->plan.listeners = b->owned->listeners;
	b->conf->plan.n_listeners = n;
	b->conf->plan.prefixes = b->owned->prefixes;
	b->conf->plan.n_prefixes = b->owned->n_prefixes;
	return ret;
}
