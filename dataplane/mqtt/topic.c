/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Topic names and filters (4.7). A filter is walked beside the topic, octet by octet as MQTT-4.7.3-4 wants it, and names (%u, %c,
 * %d) are compared where they stand: nothing is put together, so nothing is allocated.
 */
#include "utf8.h"

#include "packet.h"

bool mqtt_topic_valid(struct tp_slice topic)
{
	uint32_t at;

	if (topic.n == 0 || topic.n > UINT16_MAX)
		return false;
	return mqtt_utf8_plain(topic.p, topic.n, true) || mqtt_utf8_check(topic.p, topic.n, true, &at) == MQTT_TEXT_OK;
}

/* Whether the octet at i is a whole level. */
static bool topic_whole_level(struct tp_slice filter, uint32_t i)
{
	return (i == 0 || filter.p[i - 1] == '/') && (i + 1 == filter.n || filter.p[i + 1] == '/');
}

bool mqtt_filter_valid(struct tp_slice filter)
{
	uint32_t at;

	if (filter.n == 0 || filter.n > UINT16_MAX)
		return false;
	if (!mqtt_utf8_plain(filter.p, filter.n, false) && mqtt_utf8_check(filter.p, filter.n, false, &at) != MQTT_TEXT_OK)
		return false;
	for (uint32_t i = 0; i < filter.n; i++) {
		if ((filter.p[i] == '+' || filter.p[i] == '#') && !topic_whole_level(filter, i))
			return false;
		if (filter.p[i] == '#' && i + 1 != filter.n)
			return false;
	}
	return true;
}

/* What % and the octet behind it stand for; p == NULL: nothing that could fit. */
static struct tp_slice topic_name(const struct mqtt_names *names, uint8_t which)
{
	struct tp_slice name = {0};

	if (which == '%')
		return TP_SLICE("%");
	if (which == 'u')
		name = names->user;
	else if (which == 'c')
		name = names->client_id;
	else if (which == 'd')
		name = names->device;
	for (uint32_t i = 0; i < name.n; i++)
		if (name.p[i] == '/' || name.p[i] == '+' || name.p[i] == '#')
			return (struct tp_slice){0};
	return name.n > 0 ? name : (struct tp_slice){0};
}

/* The octets of a filter from *f that stand for themselves or for one name, which the topic must have at *t. */
static bool topic_literal(struct tp_slice filter, uint32_t *f, const struct mqtt_names *names, struct tp_slice topic, uint32_t *t)
{
	struct tp_slice text = {filter.p + *f, 1};

	if (names && filter.p[*f] == '%' && *f + 1 < filter.n) {
		text = topic_name(names, filter.p[*f + 1]);
		*f += 1;
	}
	if (text.p == NULL || topic.n - *t < text.n || memcmp(topic.p + *t, text.p, text.n) != 0)
		return false;
	*f += 1;
	*t += text.n;
	return true;
}

static bool topic_walk(struct tp_slice filter, const struct mqtt_names *names, struct tp_slice topic)
{
	uint32_t f = 0, t = 0;
	const uint8_t *slash;

	while (f < filter.n) {
		if (filter.p[f] == '#')
			return true;
		if (filter.p[f] == '+') {
			slash = memchr(topic.p + t, '/', topic.n - t);
			t = slash ? (uint32_t)(slash - topic.p) : topic.n;
			f++;
		} else if (t == topic.n) {
			return filter.n - f == 2 && filter.p[f] == '/' && filter.p[f + 1] == '#'; /* # takes the parent level in */
		} else if (!topic_literal(filter, &f, names, topic, &t)) {
			return false;
		}
	}
	return t == topic.n;
}

/* MQTT-4.7.2-1: what a server keeps for itself is not found by a wildcard. */
static bool topic_hidden(struct tp_slice filter, struct tp_slice topic)
{
	return topic.p[0] == '$' && (filter.p[0] == '+' || filter.p[0] == '#');
}

bool mqtt_filter_matches(struct tp_slice filter, struct tp_slice topic)
{
	return filter.n > 0 && topic.n > 0 && !topic_hidden(filter, topic) && topic_walk(filter, NULL, topic);
}

bool mqtt_filter_matches_names(struct tp_slice filter, const struct mqtt_names *names, struct tp_slice topic)
{
	return filter.n > 0 && topic.n > 0 && !topic_hidden(filter, topic) && topic_walk(filter, names, topic);
}

struct tp_slice mqtt_topic_level(struct tp_slice topic, unsigned int level)
{
	const uint8_t *at = topic.p, *end = topic.p + topic.n, *slash;

	for (; level > 0; level--) {
		slash = memchr(at, '/', (size_t)(end - at));
		if (level == 1)
			return (struct tp_slice){at, (uint32_t)((slash ? slash : end) - at)};
		if (slash == NULL)
			break;
		at = slash + 1;
	}
	return (struct tp_slice){0};
}
