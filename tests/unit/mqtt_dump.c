/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lines of version and packet ("5 300700..."), from standard input, to lines of JSON: what the codec read. Text and octets are
 * hexadecimal.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "packet.h"

static void put_number(const char *name, uint64_t v)
{
	printf(",\"%s\":%" PRIu64, name, v);
}

static void put_hex(struct tp_slice s)
{
	putchar('"');
	for (uint32_t i = 0; i < s.n; i++)
		printf("%02x", s.p[i]);
	putchar('"');
}

static void put_slice(const char *name, struct tp_slice s)
{
	printf(",\"%s\":", name);
	put_hex(s);
}

static void put_users(const char *prefix, const struct mqtt_properties *p)
{
	struct tp_slice name, value;
	uint32_t at = 0;

	printf(",\"%suser_properties\":[", prefix);
	for (const char *comma = ""; p->user_count > 0 && mqtt_user_next(p->user, &at, &name, &value); comma = ",") {
		printf("%s[", comma);
		put_hex(name);
		putchar(',');
		put_hex(value);
		putchar(']');
	}
	putchar(']');
}

static void put_properties(const char *prefix, const struct mqtt_properties *p)
{
	const struct {
		const char *name;
		enum mqtt_property id;
		uint64_t v;
	} numbers[] = {{"payload_format", MQTT_P_PAYLOAD_FORMAT, p->payload_format},
	        {"message_expiry", MQTT_P_MESSAGE_EXPIRY, p->message_expiry},
	        {"session_expiry", MQTT_P_SESSION_EXPIRY, p->session_expiry}, {"will_delay", MQTT_P_WILL_DELAY, p->will_delay},
	        {"receive_maximum", MQTT_P_RECEIVE_MAXIMUM, p->receive_maximum},
	        {"maximum_packet_size", MQTT_P_MAXIMUM_PACKET_SIZE, p->maximum_packet_size},
	        {"topic_alias_maximum", MQTT_P_TOPIC_ALIAS_MAXIMUM, p->topic_alias_maximum},
	        {"topic_alias", MQTT_P_TOPIC_ALIAS, p->topic_alias},
	        {"request_problem", MQTT_P_REQUEST_PROBLEM, p->request_problem},
	        {"request_response", MQTT_P_REQUEST_RESPONSE, p->request_response},
	        {"subscription_id", MQTT_P_SUBSCRIPTION_ID, p->subscription_id}};
	const struct {
		const char *name;
		enum mqtt_property id;
		struct tp_slice v;
	} slices[] = {{"content_type", MQTT_P_CONTENT_TYPE, p->content_type},
	        {"response_topic", MQTT_P_RESPONSE_TOPIC, p->response_topic}, {"correlation", MQTT_P_CORRELATION, p->correlation},
	        {"reason_string", MQTT_P_REASON_STRING, p->reason_string},
	        {"authentication_method", MQTT_P_AUTHENTICATION_METHOD, p->authentication_method},
	        {"authentication_data", MQTT_P_AUTHENTICATION_DATA, p->authentication_data}};
	char name[64];

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		snprintf(name, sizeof(name), "%s%s", prefix, numbers[i].name);
		if (MQTT_HAS(p, numbers[i].id))
			put_number(name, numbers[i].v);
	}
	for (size_t i = 0; i < sizeof(slices) / sizeof(slices[0]); i++) {
		snprintf(name, sizeof(name), "%s%s", prefix, slices[i].name);
		if (MQTT_HAS(p, slices[i].id))
			put_slice(name, slices[i].v);
	}
	put_users(prefix, p);
}

static int dump_connect(const struct mqtt_fixed *f, const uint8_t *body, struct mqtt_fault *fault)
{
	struct mqtt_connect c;
	int rc = mqtt_connect_read(f->flags, body, f->length, &c, fault);

	if (rc != 0)
		return rc;
	put_number("version", c.version);
	put_number("clean", c.clean);
	put_number("keep_alive", c.keep_alive);
	put_slice("client_id", c.client_id);
	if (c.has_user)
		put_slice("user", c.user);
	if (c.has_password)
		put_slice("password", c.password);
	put_properties("", &c.properties);
	if (c.has_will) {
		put_number("will_qos", c.will_qos);
		put_number("will_retain", c.will_retain);
		put_slice("will_topic", c.will_topic);
		put_slice("will_payload", c.will_payload);
		put_properties("will_", &c.will_properties);
	}
	return 0;
}

static int dump_publish(uint8_t version, const struct mqtt_fixed *f, const uint8_t *body, struct mqtt_fault *fault)
{
	struct mqtt_publish p;
	int rc = mqtt_publish_read(version, f->flags, body, f->length, &p, fault);

	if (rc != 0)
		return rc;
	put_number("qos", p.qos);
	put_number("dup", p.dup);
	put_number("retain", p.retain);
	put_number("id", p.packet_id);
	put_slice("topic", p.topic);
	put_slice("payload", p.payload);
	put_properties("", &p.properties);
	return 0;
}

static int dump_subscribe(uint8_t version, const struct mqtt_fixed *f, const uint8_t *body, struct mqtt_fault *fault)
{
	struct mqtt_subscribe s;
	int rc = mqtt_subscribe_read(version, f->type, f->flags, body, f->length, &s, fault);

	if (rc != 0)
		return rc;
	put_number("id", s.packet_id);
	put_number("filters", s.filters);
	put_properties("", &s.properties);
	return 0;
}

static int dump_ack(uint8_t version, const struct mqtt_fixed *f, const uint8_t *body, struct mqtt_fault *fault)
{
	struct mqtt_ack a;
	int rc = mqtt_ack_read(version, f->type, f->flags, body, f->length, &a, fault);

	if (rc != 0)
		return rc;
	put_number("id", a.packet_id);
	put_number("reason", a.reason);
	put_properties("", &a.properties);
	return 0;
}

static int dump(uint8_t version, const struct mqtt_fixed *f, const uint8_t *body, struct mqtt_fault *fault)
{
	switch (f->type) {
	case MQTT_CONNECT:
		return dump_connect(f, body, fault);
	case MQTT_PUBLISH:
		return dump_publish(version, f, body, fault);
	case MQTT_SUBSCRIBE:
	case MQTT_UNSUBSCRIBE:
		return dump_subscribe(version, f, body, fault);
	case MQTT_PINGREQ:
		return mqtt_empty_read(f->flags, f->length, fault);
	default:
		return dump_ack(version, f, body, fault);
	}
}

static void dump_line(const char *line)
{
	static uint8_t octets[1 << 20];
	uint8_t version = (uint8_t)(line[0] - '0');
	struct mqtt_fault fault = {.statement = ""};
	struct mqtt_fixed f = {0};
	unsigned int octet;
	uint32_t n = 0;

	for (line += 2; n < sizeof(octets) && sscanf(line, "%2x", &octet) == 1; line += 2)
		octets[n++] = (uint8_t)octet;
	if (mqtt_fixed_read(octets, n, &f) != 0 || f.n + f.length != n) {
		printf("{\"type\":0}\n");
		return;
	}
	printf("{\"type\":%u", f.type);
	if (dump(version, &f, octets + f.n, &fault) != 0)
		printf(",\"fault\":%u,\"statement\":\"%s\"", fault.reason, fault.statement);
	printf("}\n");
}

int main(void)
{
	char *line = NULL;
	size_t room = 0;

	while (getline(&line, &room, stdin) > 2)
		dump_line(line);
	free(line);
	return 0;
}
