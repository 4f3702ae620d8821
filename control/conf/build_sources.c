/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sources. A device that stands in several groups or listeners with the same site and lane is one source: one line of the books. Prefixes
 * are per listener, so a group's are made once here and copied for every listener that accepts the group.
 */
#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"

static int sources_compare_slice(struct tp_slice a, struct tp_slice b)
{
	uint32_t n = a.n < b.n ? a.n : b.n;
	int order = n ? memcmp(a.p, b.p, n) : 0;

	if (!a.p || !b.p)
		return !b.p - !a.p;
	return order ? order : (a.n > b.n) - (a.n < b.n);
}

int conf_sources_compare(const void *one, const void *two)
{
	const struct tp_source *a = one, *b = two;
	int order = sources_compare_slice(a->device, b->device);

	if (order == 0)
		order = sources_compare_slice(a->site, b->site);
	if (order == 0)
		order = sources_compare_slice(a->lane, b->lane);
	return order ? order : strcmp(a->of ? a->of : "", b->of ? b->of : "");
}

static void sources_keep(void *node)
{
	(void)node; /* the array owns it */
}

/* Index of that source, a new one where there is none yet; -ENOMEM. */
static int sources_index(struct conf_build *b, const struct conf_source *raw)
{
	struct conf_owned *owned = b->owned;
	struct tp_source *s = &owned->sources[owned->n_sources];
	struct tp_source **found;

	*s = (struct tp_source){.device = tp_slice_of(raw->device),
	        .site = tp_slice_of(raw->site ? raw->site : b->raw->site),
	        .lane = tp_slice_of(raw->lane)};
	found = tsearch(s, &b->source_tree, conf_sources_compare);
	if (!found)
		return -ENOMEM;
	if (*found == s)
		owned->n_sources++;
	return (int)(*found - owned->sources);
}

static int sources_one(struct conf_build *b, const struct conf_source *raw, const char *path, struct tp_prefix *prefix)
{
	const char *expected = raw->address ? tp_conf_prefix(raw->address, prefix) : NULL;
	int index = sources_index(b, raw);

	if (index < 0)
		return index;
	prefix->source = (uint16_t)index;
	if (!raw->address == !raw->identity)
		conf_mistake_at(b->doc, path, "%s an address %s an identity; expected one of them",
		        raw->address ? "found" : "found neither", raw->address ? "and" : "nor");
	if (expected)
		conf_mistake_at(b->doc, CONF_PATH("%s.address", path), "found '%s', expected %s", raw->address, expected);
	if (strcmp(raw->device, TP_CONF_NOBODY) == 0 || strcmp(raw->device, TP_CONF_UNKNOWN) == 0)
		conf_mistake_at(b->doc, CONF_PATH("%s.device", path), "found '%s', expected another name: this one stands for %s",
		        raw->device, raw->device[0] == '(' ? "packets that never reached a listener" : "senders nobody listed");
	return 0;
}

static int sources_set(struct conf_build *b, const struct conf_source *raw, uint32_t count, const char *path, struct conf_set *set)
{
	int ret = 0;

	set->prefixes = conf_alloc(b->owned, count, sizeof(*set->prefixes));
	if (!set->prefixes)
		return -ENOMEM;
	set->raw = raw;
	set->count = count;
	for (uint32_t i = 0; i < count && ret == 0; i++)
		ret = sources_one(b, &raw[i], CONF_PATH("%s.sources[%u]", path, i), &set->prefixes[i]);
	return ret;
}

static void sources_check_groups(struct conf_build *b)
{
	for (uint32_t i = 0; i < b->raw->groups_count; i++)
		for (uint32_t j = 0; j < i; j++)
			if (strcmp(b->raw->groups[i].name, b->raw->groups[j].name) == 0)
				conf_mistake_at(b->doc, CONF_PATH("groups[%u].name", i), "found '%s', which groups[%u] has already",
				        b->raw->groups[i].name, j);
}

static int sources_sets(struct conf_build *b)
{
	const struct conf_turnpike *raw = b->raw;
	int ret = 0;

	for (uint32_t i = 0; i < raw->groups_count && ret == 0; i++)
		ret = sources_set(
		        b, raw->groups[i].sources, raw->groups[i].sources_count, CONF_PATH("groups[%u]", i), &b->group_sets[i]);
	for (uint32_t i = 0; i < raw->listeners_count && ret == 0; i++)
		ret = sources_set(b, raw->listeners[i].sources, raw->listeners[i].sources_count, CONF_PATH("listeners[%u]", i),
		        &b->listener_sets[i]);
	for (uint32_t i = 0; i < raw->mqtt_count && ret == 0; i++)
		ret = sources_set(b, raw->mqtt[i].sources, raw->mqtt[i].sources_count, CONF_PATH("mqtt[%u]", i), &b->mqtt_sets[i]);
	return ret;
}

/* The accepted unknown senders of a listener are a source of their own. */
static void sources_add_unknown(struct conf_build *b, int32_t policy, const char *listener, struct conf_set *set)
{
	struct conf_owned *owned = b->owned;

	if (policy != CONF_UNKNOWN_ACCEPT)
		return;
	set->unknown = (uint16_t)owned->n_sources;
	owned->sources[owned->n_sources++] = (struct tp_source){
	        .device = TP_SLICE(TP_CONF_UNKNOWN), .site = tp_slice_of(b->raw->site), .unknown = true, .of = listener};
}

static void sources_unknown(struct conf_build *b)
{
	for (uint32_t i = 0; i < b->raw->listeners_count; i++)
		sources_add_unknown(b, b->raw->listeners[i].unknown_sources, b->raw->listeners[i].name, &b->listener_sets[i]);
	for (uint32_t i = 0; i < b->raw->mqtt_count; i++)
		sources_add_unknown(b, b->raw->mqtt[i].unknown_devices, b->raw->mqtt[i].name, &b->mqtt_sets[i]);
}

/* Lines of the books that no source of the file has: nobody, and the unknown senders of a listener. */
static uint64_t sources_of_others(const struct conf_turnpike *raw)
{
	return 1 + raw->listeners_count + raw->mqtt_count;
}

static uint64_t sources_most(const struct conf_turnpike *raw)
{
	uint64_t n = sources_of_others(raw);

	for (uint32_t i = 0; i < raw->groups_count; i++)
		n += raw->groups[i].sources_count;
	for (uint32_t i = 0; i < raw->listeners_count; i++)
		n += raw->listeners[i].sources_count;
	for (uint32_t i = 0; i < raw->mqtt_count; i++)
		n += raw->mqtt[i].sources_count;
	return n;
}

/* Lines of the books, for those that are there and those that may come. */
static unsigned int sources_room(unsigned int n, unsigned int reserve)
{
	return n + reserve < TP_MAX_SOURCES ? n + reserve : TP_MAX_SOURCES;
}

int conf_build_sources(struct conf_build *b)
{
	struct conf_owned *owned = b->owned;
	uint64_t most = sources_most(b->raw);
	int ret;

	if (most > TP_MAX_SOURCES) {
		uint64_t others = sources_of_others(b->raw);

		conf_mistake_at(b->doc, "listeners",
		        "found %llu sources in all groups and listeners, expected at most %llu with %u listeners",
		        (unsigned long long)(most - others), (unsigned long long)(TP_MAX_SOURCES - others),
		        b->raw->listeners_count + b->raw->mqtt_count);
		return -EINVAL;
	}
	owned->sources = conf_alloc(owned, most + 1, sizeof(*owned->sources));
	b->group_sets = conf_alloc(owned, b->raw->groups_count, sizeof(*b->group_sets));
	b->listener_sets = conf_alloc(owned, b->raw->listeners_count, sizeof(*b->listener_sets));
	b->mqtt_sets = conf_alloc(owned, b->raw->mqtt_count, sizeof(*b->mqtt_sets));
	if (!owned->sources || !b->group_sets || !b->listener_sets || !b->mqtt_sets)
		return -ENOMEM;
	owned->sources[0] = (struct tp_source){.device = TP_SLICE(TP_CONF_NOBODY), .site = tp_slice_of(b->raw->site)};
	owned->n_sources = 1;
	sources_check_groups(b);
	ret = sources_sets(b);
	tdestroy(b->source_tree, sources_keep);
	sources_unknown(b);
	b->conf->plan.sources = owned->sources;
	b->conf->plan.n_sources = owned->n_sources;
	b->conf->dataplane.n_sources = sources_room(owned->n_sources, b->raw->memory.sources_reserve);
	return ret;
}
