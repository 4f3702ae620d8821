/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * PUBACK, PUBREC, PUBREL, PUBCOMP (3.4 to 3.7), DISCONNECT (3.14) and AUTH (3.15): an identifier or none, and in MQTT 5 a reason
 * and properties.
 */
#include "read.h"

/* Reason codes a packet may have: 3.4.2.1, 3.5.2.1, 3.6.2.1, 3.7.2.1, 3.14.2.1, 3.15.2.1. Of AUTH, those that clients may send. */
static const uint8_t ack_publish_reasons[] = {MQTT_SUCCESS, MQTT_NO_MATCHING_SUBSCRIBERS, MQTT_UNSPECIFIED, MQTT_IMPLEMENTATION,
        MQTT_NOT_AUTHORIZED, MQTT_BAD_TOPIC, MQTT_ID_IN_USE, MQTT_QUOTA, MQTT_BAD_PAYLOAD};
static const uint8_t ack_release_reasons[] = {MQTT_SUCCESS, MQTT_ID_NOT_FOUND};
static const uint8_t ack_disconnect_reasons[] = {MQTT_SUCCESS, MQTT_DISCONNECT_WITH_WILL, MQTT_UNSPECIFIED, MQTT_MALFORMED,
        MQTT_PROTOCOL_ERROR, MQTT_IMPLEMENTATION, MQTT_BAD_TOPIC, MQTT_RECEIVE_MAXIMUM, MQTT_BAD_ALIAS, MQTT_TOO_LARGE, MQTT_RATE,
        MQTT_QUOTA, MQTT_ADMINISTRATIVE, MQTT_BAD_PAYLOAD};
static const uint8_t ack_auth_reasons[] = {0x18, 0x19};

struct ack_rule {
	uint8_t place; /* enum mqtt_place; 0: not a packet of this shape */
	uint8_t n;
	const uint8_t *reasons;
	const char *statement;
};

static const struct ack_rule ack_rules[16] = {
        [MQTT_PUBACK] = {MQTT_IN_ACK, sizeof(ack_publish_reasons), ack_publish_reasons, "MQTT-3.4.2-1"},
        [MQTT_PUBREC] = {MQTT_IN_ACK, sizeof(ack_publish_reasons), ack_publish_reasons, "MQTT-3.5.2-1"},
        [MQTT_PUBREL] = {MQTT_IN_ACK, sizeof(ack_release_reasons), ack_release_reasons, "MQTT-3.6.2-1"},
        [MQTT_PUBCOMP] = {MQTT_IN_ACK, sizeof(ack_release_reasons), ack_release_reasons, "MQTT-3.7.2-1"},
        [MQTT_DISCONNECT] = {MQTT_IN_DISCONNECT, sizeof(ack_disconnect_reasons), ack_disconnect_reasons, "MQTT-3.14.2-1"},
        [MQTT_AUTH] = {MQTT_IN_AUTH, sizeof(ack_auth_reasons), ack_auth_reasons, "MQTT-3.15.2-1"},
};

/*
 * The reason code, which may be left out where it is 0 and has no properties, and the properties, which may be left out where there
 * are none.
 */
static void ack_reason(struct mqtt_reader *r, const struct ack_rule *rule, struct mqtt_ack *ack)
{
	uint32_t at = r->at;

	if (r->at < r->n)
		ack->reason = mqtt_read_u8(r);
	if (!memchr(rule->reasons, ack->reason, rule->n))
		mqtt_read_fail(r, MQTT_PROTOCOL_ERROR, rule->statement, at);
	if (r->at < r->n)
		mqtt_properties_read(r, rule->place, &ack->properties);
}

int mqtt_ack_read(
        uint8_t version, uint8_t type, uint8_t flags, const uint8_t *p, uint32_t n, struct mqtt_ack *ack, struct mqtt_fault *fault)
{
	struct mqtt_reader r = {.p = p, .n = n, .fault = fault};
	const struct ack_rule *rule = &ack_rules[type & 15];

	memset(ack, 0, sizeof(*ack));
	if (rule->place == 0 || (type == MQTT_AUTH && version != MQTT_5)) { /* AUTH is reserved in 3.1.1, table 2.1 */
		mqtt_read_fail(&r, MQTT_PROTOCOL_ERROR, MQTT_ST_MALFORMED, 0);
		return -EBADMSG;
	}
	if (!mqtt_read_flags(&r, version, type, flags))
		return -EBADMSG;
	if (rule->place == MQTT_IN_ACK)
		ack->packet_id = mqtt_read_packet_id(&r);
	if (version == MQTT_5)
		ack_reason(&r, rule, ack);
	if (type == MQTT_AUTH && !MQTT_HAS(&ack->properties, MQTT_P_AUTHENTICATION_METHOD)) /* 3.15.2.2.2 */
		mqtt_read_fail(&r, MQTT_PROTOCOL_ERROR, "MQTT-4.12.0-5", r.at);
	mqtt_read_end(&r);
	return mqtt_read_result(&r);
}
