/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Any octets as a stream of control packets of one version (the first octet). What is read must lie within what was given, be text
 * where it is text; an acknowledgement that is written anew is read the same.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int holds)
{
	if (!holds)
		abort();
}

static void within(struct tp_slice s, const uint8_t *p, uint32_t n)
{
	require(s.n == 0 || (s.p >= p && s.n <= n && s.p + s.n <= p + n));
}

static void properties(const struct mqtt_properties *props, const uint8_t *p, uint32_t n)
{
	struct tp_slice name, value;
	uint32_t at = 0, count = 0;

	for (; props->user_count > 0 && mqtt_user_next(props->user, &at, &name, &value); count++) {
		within(name, p, n);
		within(value, p, n);
	}
	require(count == props->user_count);
	within(props->content_type, p, n);
	within(props->response_topic, p, n);
	within(props->correlation, p, n);
	within(props->authentication_data, p, n);
	require(!MQTT_HAS(props, MQTT_P_TOPIC_ALIAS) || props->topic_alias > 0);
	require(!MQTT_HAS(props, MQTT_P_RECEIVE_MAXIMUM) || props->receive_maximum > 0);
}

static void topic(struct tp_slice name)
{
	struct mqtt_names names = {TP_SLICE("user"), name, TP_SLICE("device")};

	require(mqtt_topic_valid(name));
	require(name.p[0] == '$' || mqtt_filter_matches(TP_SLICE("#"), name));
	require(mqtt_filter_valid(name) && mqtt_filter_matches(name, name));
	(void)mqtt_filter_matches_names(TP_SLICE("+/%c/%u/#"), &names, name);
	(void)mqtt_topic_level(name, 3);
}

static int read_connect(uint8_t flags, const uint8_t *p, uint32_t n, struct mqtt_fault *fault)
{
	struct mqtt_connect c;
	int rc = mqtt_connect_read(flags, p, n, &c, fault);

	if (rc != 0)
		return rc;
	properties(&c.properties, p, n);
	properties(&c.will_properties, p, n);
	within(c.client_id, p, n);
	within(c.will_payload, p, n);
	within(c.user, p, n);
	within(c.password, p, n);
	if (c.has_will)
		topic(c.will_topic);
	return 0;
}

static int read_publish(uint8_t version, uint8_t flags, const uint8_t *p, uint32_t n, struct mqtt_fault *fault)
{
	struct mqtt_publish publish;
	int rc = mqtt_publish_read(version, flags, p, n, &publish, fault);

	if (rc != 0)
		return rc;
	require(publish.qos < 3 && (publish.qos == 0) == (publish.packet_id == 0));
	require(publish.payload.p >= p && publish.payload.p + publish.payload.n == p + n);
	properties(&publish.properties, p, n);
	if (publish.topic.n > 0)
		topic(publish.topic);
	else
		require(MQTT_HAS(&publish.properties, MQTT_P_TOPIC_ALIAS));
	return 0;
}

static int read_ack(uint8_t version, const struct mqtt_fixed *fixed, const uint8_t *p, uint32_t n, struct mqtt_fault *fault)
{
	struct mqtt_ack ack, again;
	uint8_t out[MQTT_ACK_ROOM], *end;
	int rc = mqtt_ack_read(version, fixed->type, fixed->flags, p, n, &ack, fault);

	if (rc != 0)
		return rc;
	properties(&ack.properties, p, n);
	if (fixed->type >= MQTT_PUBACK && fixed->type <= MQTT_PUBCOMP) {
		end = mqtt_ack_write(out, version, fixed->type, ack.packet_id, ack.reason);
		require(mqtt_ack_read(version, fixed->type, out[0] & 15, out + 2, (uint32_t)(end - out - 2), &again, fault) == 0);
		require(again.packet_id == ack.packet_id && again.reason == ack.reason);
	}
	return 0;
}

static int read_packet(uint8_t version, const struct mqtt_fixed *fixed, const uint8_t *p, uint32_t n, struct mqtt_fault *fault)
{
	struct mqtt_subscribe subscribe;

	switch (fixed->type) {
	case MQTT_CONNECT:
		return read_connect(fixed->flags, p, n, fault);
	case MQTT_PUBLISH:
		return read_publish(version, fixed->flags, p, n, fault);
	case MQTT_SUBSCRIBE:
	case MQTT_UNSUBSCRIBE:
		return mqtt_subscribe_read(version, fixed->type, fixed->flags, p, n, &subscribe, fault);
	case MQTT_PINGREQ:
		return mqtt_empty_read(fixed->flags, n, fault);
	default:
		return read_ack(version, fixed, p, n, fault);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mqtt_fixed fixed;
	struct mqtt_fault fault;
	uint8_t version, *copy;
	uint32_t n;

	if (size == 0)
		return 0;
	version = 3 + data[0] % 3;
	for (data++, size--; size > 0 && mqtt_fixed_read(data, (uint32_t)size, &fixed) == 0;) {
		data += fixed.n;
		size -= fixed.n;
		n = fixed.length < size ? fixed.length : (uint32_t)size;
		copy = malloc(n + 1); /* a piece of its own, so that reading too far shows */
		require(copy != NULL);
		memcpy(copy + 1, data, n);
		fault = (struct mqtt_fault){0};
		if (read_packet(version, &fixed, copy + 1, n, &fault) != 0)
			require(fault.reason >= 0x80 && fault.statement != NULL && fault.offset <= n);
		free(copy);
		data += n;
		size -= n;
	}
	return 0;
}
