/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Topics. At the index of each kind stands the topic its records go to: the first one the file declares for the kind, or the default. Behind
 * them stand the further ones of the file, for listeners that name them. Once the listeners have chosen, only topics in use stay:
 * nobody wants a topic created that nothing is sent to.
 */
#include <errno.h>
#include <string.h>

#include "conf.h"

static const char topics_letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

static void topics_set(struct tp_conf_topic *to, const struct conf_topic *raw, int kind)
{
	to->name = raw->name;
	to->kind = (char *)tp_schema_of_kind[kind].name;
	to->encoding = (enum tp_encoding)raw->encoding;
	to->schema_id = raw->schema_id;
	to->keep_payload = raw->keep_payload;
	to->partitions = (int32_t)raw->partitions;
	to->replication = (int32_t)raw->replication;
}

/* The kind whose default topic has this name, or -1 with the mistake told. */
static int topics_kind_of_name(struct conf_build *b, unsigned int i)
{
	const char *name = b->raw->topics[i].name;
	struct tp_suggestion s = tp_suggest_for(name);

	for (int k = 0; k < TP_KIND_COUNT; k++) {
		if (strcmp(name, tp_schema_of_kind[k].topic) == 0)
			return k;
		tp_suggest_try(&s, tp_schema_of_kind[k].topic);
	}
	conf_mistake_at(b->doc, CONF_PATH("topics[%u].name", i), "found '%s', which is no default topic: give its kind%s", name,
	        CONF_DID_YOU_MEAN(&s));
	return -1;
}

static bool topics_name_is_wrong(struct conf_build *b, unsigned int i)
{
	const char *name = b->raw->topics[i].name, *path = CONF_PATH("topics[%u].name", i);

	if (strspn(name, topics_letters) != strlen(name) || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
		conf_mistake_at(b->doc, path, "found '%s', expected letters, digits, '.', '_' and '-'", name);
		return true;
	}
	for (unsigned int j = 0; j < i; j++)
		if (strcmp(name, b->raw->topics[j].name) == 0) {
			conf_mistake_at(b->doc, path, "found '%s', which topics[%u] has already", name, j);
			return true;
		}
	return false;
}

static void topics_one(struct conf_build *b, unsigned int i, bool *declared)
{
	const struct conf_topic *raw = &b->raw->topics[i];
	int by_name = -1, kind = raw->kind;

	if (topics_name_is_wrong(b, i))
		return;
	for (int k = 0; k < TP_KIND_COUNT; k++)
		if (strcmp(raw->name, tp_schema_of_kind[k].topic) == 0)
			by_name = k;
	if (kind < 0)
		kind = by_name >= 0 ? by_name : topics_kind_of_name(b, i);
	if (kind < 0)
		return;
	if (by_name >= 0 && by_name != kind)
		conf_mistake_at(b->doc, CONF_PATH("topics[%u].kind", i), "found %s, but '%s' is the default topic of %s",
		        tp_schema_of_kind[kind].name, raw->name, tp_schema_of_kind[by_name].name);
	else
		topics_set(&b->conf->topics[declared[kind] ? b->conf->topics_count++ : (unsigned int)kind], raw, kind);
	declared[kind] = true;
}

int conf_build_topics(struct conf_build *b)
{
	struct tp_conf *conf = b->conf;
	bool declared[TP_KIND_COUNT] = {false};

	conf->topics = conf_alloc(b->owned, TP_KIND_COUNT + b->raw->topics_count, sizeof(*conf->topics));
	if (!conf->topics)
		return -ENOMEM;
	for (int k = 0; k < TP_KIND_COUNT; k++) {
		conf->topics[k].name = (char *)tp_schema_of_kind[k].topic;
		conf->topics[k].kind = (char *)tp_schema_of_kind[k].name;
	}
	conf->topics_count = TP_KIND_COUNT;
	for (unsigned int i = 0; i < b->raw->topics_count; i++)
		topics_one(b, i, declared);
	return 0;
}

/* ---- which are in use -------------------------------------------------------------------------------------------------------------- */
static uint32_t topics_kinds_of(const struct tp_listener *listener)
{
	return (listener->decoder ? listener->decoder->kinds : 0) | 1U << TP_KIND_alert_match | 1U << TP_KIND_dlq;
}

static void topics_mark(const struct conf_build *b, bool *used)
{
	if (b->conf->stats_interval_ms)
		used[TP_KIND_edge_stats] = true;
	if (b->raw->mqtt_count)
		used[TP_KIND_device_event] = true;
	for (unsigned int i = 0; i < b->conf->plan.n_listeners; i++)
		for (int k = 0; k < TP_KIND_COUNT; k++)
			if (topics_kinds_of(&b->owned->listeners[i]) >> k & 1)
				used[b->owned->listeners[i].topic[k]] = true;
}

static void topics_tell_unused(struct conf_build *b, const bool *used)
{
	for (unsigned int t = TP_KIND_COUNT; t < b->conf->topics_count; t++)
		for (unsigned int i = 0; i < b->raw->topics_count && !used[t]; i++)
			if (b->raw->topics[i].name == b->conf->topics[t].name)
				conf_mistake_at(b->doc, CONF_PATH("topics[%u].name", i),
				        "found '%s', a further topic of kind %s that no listener sends to: name it under "
				        "listeners[].topics",
				        b->conf->topics[t].name, b->conf->topics[t].kind);
}

static void topics_renumber(struct conf_build *b, const bool *used)
{
	struct tp_conf *conf = b->conf;
	uint16_t number[TP_KIND_COUNT + TP_MAX_TOPICS] = {0}, n = 0;

	for (unsigned int t = 0; t < conf->topics_count; t++)
		if (used[t]) {
			number[t] = n;
			conf->topics[n++] = conf->topics[t];
		}
	conf->topics_count = n;
	for (unsigned int i = 0; i < b->conf->plan.n_listeners; i++)
		for (int k = 0; k < TP_KIND_COUNT; k++)
			b->owned->listeners[i].topic[k] = number[b->owned->listeners[i].topic[k]];
}

int conf_build_topic_use(struct conf_build *b)
{
	struct tp_conf *conf = b->conf;
	bool used[TP_KIND_COUNT + TP_MAX_TOPICS] = {false};

	if (b->doc->mistakes)
		return 0;
	topics_mark(b, used);
	topics_tell_unused(b, used);
	topics_renumber(b, used);
	if (conf->topics_count > TP_MAX_TOPICS)
		conf_mistake_at(b->doc, "topics", "%u topics are in use, expected at most %d", conf->topics_count, TP_MAX_TOPICS);
	b->owned->topics = conf_alloc(b->owned, conf->topics_count, sizeof(*b->owned->topics));
	if (!b->owned->topics)
		return -ENOMEM;
	for (unsigned int t = 0; t < conf->topics_count; t++)
		b->owned->topics[t] = (struct tp_topic){.name = conf->topics[t].name,
		        .kind = (enum tp_kind)tp_kind_by_name(tp_slice_of(conf->topics[t].kind)),
		        .schema_id = conf->topics[t].schema_id,
		        .keep_payload = conf->topics[t].keep_payload};
	conf->plan.topics = b->owned->topics;
	conf->plan.n_topics = conf->topics_count;
	conf_encodings(conf);
	return 0;
}
