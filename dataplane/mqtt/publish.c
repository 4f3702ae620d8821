/* SPDX-License-Identifier: BSD-3-Clause */
/* PUBLISH (3.3), the packet all others are there for: two lengths, one compare of the topic, and the rest is payload. */
#include "read.h"

/* Flags that contradict each other. */
static void publish_flags(struct mqtt_reader *r, uint8_t version, const struct mqtt_publish *publish)
{
	if (publish->qos == 3)
		mqtt_read_fail(r, MQTT_MALFORMED, "MQTT-3.3.1-4", 0);
	else if (publish->qos == 0 && publish->dup && version != MQTT_3_1) /* 3.1 says only what DUP means with QoS above 0 */
		mqtt_read_fail(r, MQTT_MALFORMED, "MQTT-3.3.1-2", 0);
}

/* A PUBLISH of MQTT 5 needs a topic or an alias of one, and clients have no subscription identifiers. */
static void publish_properties(struct mqtt_reader *r, struct mqtt_publish *publish)
{
	uint32_t at = r->at;

	mqtt_properties_read(r, MQTT_IN_PUBLISH, &publish->properties);
	if (MQTT_HAS(&publish->properties, MQTT_P_SUBSCRIPTION_ID))
		mqtt_read_fail(r, MQTT_PROTOCOL_ERROR, "MQTT-3.3.4-6", at);
	if (publish->topic.n == 0 && !MQTT_HAS(&publish->properties, MQTT_P_TOPIC_ALIAS))
		mqtt_read_fail(r, MQTT_PROTOCOL_ERROR, "MQTT-4.7.3-1", 0);
}

int mqtt_publish_read(
        uint8_t version, uint8_t flags, const uint8_t *p, uint32_t n, struct mqtt_publish *publish, struct mqtt_fault *fault)
{
	struct mqtt_reader r = {.p = p, .n = n, .fault = fault};

	publish->qos = flags >> 1 & 3;
	publish->dup = flags >> 3;
	publish->retain = flags & 1;
	publish->packet_id = 0;
	publish_flags(&r, version, publish);
	publish->topic = mqtt_read_topic(&r, "MQTT-3.3.2-2");
	if (publish->qos > 0)
		publish->packet_id = mqtt_read_packet_id(&r);
	if (version == MQTT_5) {
		publish_properties(&r, publish);
	} else {
		mqtt_properties_clear(&publish->properties);
		if (publish->topic.n == 0)
			mqtt_read_fail(&r, MQTT_MALFORMED, "MQTT-4.7.3-1", 0);
	}
	publish->payload = (struct tp_slice){p + r.at, n - r.at};
	return mqtt_read_result(&r);
}
