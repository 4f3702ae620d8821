/* SPDX-License-Identifier: BSD-3-Clause */
/* The fixed header, and the packets that are too short for a file of their own. */
#include "read.h"

int mqtt_fixed_read(const uint8_t *p, uint32_t n, struct mqtt_fixed *fixed)
{
	uint32_t length = 0;

	if (n == 0)
		return -EAGAIN;
	fixed->type = p[0] >> 4;
	fixed->flags = p[0] & 0xf;
	if (fixed->type == 0)
		return -EBADMSG;
	for (uint32_t i = 1; i < n; i++) {
		length |= (uint32_t)(p[i] & 0x7f) << 7 * (i - 1);
		if (p[i] < 0x80) {
			fixed->n = (uint8_t)(i + 1);
			fixed->length = length;
			return p[i] == 0 && i > 1 ? -EBADMSG : 0;
		}
		if (i == 4)
			return -EBADMSG;
	}
	return -EAGAIN;
}

int mqtt_empty_read(uint8_t flags, uint32_t n, struct mqtt_fault *fault)
{
	struct mqtt_reader r = {.n = n, .fault = fault};

	if (mqtt_read_flags(&r, MQTT_5, MQTT_PINGREQ, flags))
		mqtt_read_end(&r);
	return mqtt_read_result(&r);
}

/* $share/name/filter (4.8.2): a name without wildcards, and a filter behind it. Other filters are not shared. */
static bool packet_is_shared(struct tp_slice filter)
{
	return filter.n >= 7 && memcmp(filter.p, "$share/", 7) == 0;
}

static void packet_shared_check(struct mqtt_reader *r, struct tp_slice filter, uint32_t at)
{
	const uint8_t *name = filter.p + 7, *slash = memchr(name, '/', filter.n - 7);

	if (slash == name || (slash == NULL && filter.n == 7))
		mqtt_read_fail(r, MQTT_MALFORMED, "MQTT-4.8.2-1", at);
	else if (slash == NULL || slash + 1 == filter.p + filter.n)
		mqtt_read_fail(r, MQTT_MALFORMED, "MQTT-4.8.2-2", at);
	else if (memchr(name, '+', (size_t)(slash - name)) || memchr(name, '#', (size_t)(slash - name)))
		mqtt_read_fail(r, MQTT_MALFORMED, "MQTT-4.8.2-2", at);
}

/* Which of the two rules on wildcards a filter breaks. */
static const char *packet_filter_statement(struct tp_slice filter)
{
	const uint8_t *hash = filter.n > 0 ? memchr(filter.p, '#', filter.n) : NULL;

	if (filter.n == 0)
		return "MQTT-4.7.3-1";
	if (hash && (hash + 1 != filter.p + filter.n || (hash != filter.p && hash[-1] != '/')))
		return "MQTT-4.7.1-1";
	return "MQTT-4.7.1-2";
}

static struct tp_slice packet_filter(struct mqtt_reader *r, uint8_t version)
{
	uint32_t at = r->at;
	struct tp_slice filter = mqtt_read_string(r);

	if (r->failed)
		return filter;
	if (version == MQTT_5 && packet_is_shared(filter))
		packet_shared_check(r, filter, at);
	if (!mqtt_filter_valid(filter))
		mqtt_read_fail(r, filter.n == 0 ? MQTT_PROTOCOL_ERROR : MQTT_MALFORMED, packet_filter_statement(filter), at);
	return filter;
}

/* Subscription options of MQTT 5 (3.8.3.1), the requested QoS of the others. */
static void packet_options(struct mqtt_reader *r, uint8_t version, struct tp_slice filter)
{
	uint32_t at = r->at;
	uint8_t options = mqtt_read_u8(r);

	if (options & (version == MQTT_5 ? 0xc0 : 0xfc))
		mqtt_read_fail(r, MQTT_MALFORMED, "MQTT-3.8.3-5", at);
	else if ((options & 3) == 3 || (options >> 4 & 3) == 3)
		mqtt_read_fail(r, MQTT_PROTOCOL_ERROR, version == MQTT_5 ? MQTT_ST_MALFORMED : "MQTT-3.8.3-5", at);
	else if (options & 4 && packet_is_shared(filter))
		mqtt_read_fail(r, MQTT_PROTOCOL_ERROR, "MQTT-3.8.3-4", at);
}

int mqtt_subscribe_read(uint8_t version, uint8_t type, uint8_t flags, const uint8_t *p, uint32_t n,
        struct mqtt_subscribe *subscribe, struct mqtt_fault *fault)
{
	struct mqtt_reader r = {.p = p, .n = n, .fault = fault};
	struct tp_slice filter;

	memset(subscribe, 0, sizeof(*subscribe));
	if (!mqtt_read_flags(&r, version, type, flags))
		return -EBADMSG;
	subscribe->packet_id = mqtt_read_packet_id(&r);
	if (version == MQTT_5)
		mqtt_properties_read(&r, type == MQTT_SUBSCRIBE ? MQTT_IN_SUBSCRIBE : MQTT_IN_UNSUBSCRIBE, &subscribe->properties);
	while (r.at < r.n) {
		filter = packet_filter(&r, version);
		if (type == MQTT_SUBSCRIBE)
			packet_options(&r, version, filter);
		subscribe->filters++;
	}
	if (subscribe->filters == 0)
		mqtt_read_fail(&r, MQTT_PROTOCOL_ERROR, type == MQTT_SUBSCRIBE ? "MQTT-3.8.3-2" : "MQTT-3.10.3-2", n);
	return mqtt_read_result(&r);
}
