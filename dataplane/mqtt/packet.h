/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_MQTT_PACKET_H
#define TP_MQTT_PACKET_H
/*
 * MQTT control packets, versions 3.1, 3.1.1 (OASIS 2014) and 5 (OASIS 2019): octets to structs and back. Pure: no state, no
 * allocation, no byte read outside what is given. Slices point into what was read. Everything a receiver can tell from one packet
 * alone is checked here: lengths, flags, UTF-8 (no U+0000, no surrogates, MQTT-1.5.4-1, -2), property identifiers allowed in that
 * packet and how often, reserved bits, reason codes. What needs the state of a session is checked in gateway.c.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tp_record.h"

enum mqtt_version { MQTT_3_1 = 3, MQTT_3_1_1 = 4, MQTT_5 = 5 };

enum mqtt_type {
	MQTT_CONNECT = 1,
	MQTT_CONNACK,
	MQTT_PUBLISH,
	MQTT_PUBACK,
	MQTT_PUBREC,
	MQTT_PUBREL,
	MQTT_PUBCOMP,
	MQTT_SUBSCRIBE,
	MQTT_SUBACK,
	MQTT_UNSUBSCRIBE,
	MQTT_UNSUBACK,
	MQTT_PINGREQ,
	MQTT_PINGRESP,
	MQTT_DISCONNECT,
	MQTT_AUTH,
};

/* Reason codes of MQTT 5, 2.4, that this gateway says or understands by name. */
enum mqtt_reason {
	MQTT_SUCCESS = 0x00,
	MQTT_DISCONNECT_WITH_WILL = 0x04,
	MQTT_NO_MATCHING_SUBSCRIBERS = 0x10,
	MQTT_NO_SUBSCRIPTION = 0x11,
	MQTT_UNSPECIFIED = 0x80,
	MQTT_MALFORMED = 0x81,
	MQTT_PROTOCOL_ERROR = 0x82,
	MQTT_IMPLEMENTATION = 0x83,
	MQTT_UNSUPPORTED_VERSION = 0x84,
	MQTT_BAD_CLIENT_ID = 0x85,
	MQTT_BAD_LOGIN = 0x86,
	MQTT_NOT_AUTHORIZED = 0x87,
	MQTT_UNAVAILABLE = 0x88,
	MQTT_BUSY = 0x89,
	MQTT_BANNED = 0x8a,
	MQTT_SHUTTING_DOWN = 0x8b,
	MQTT_BAD_METHOD = 0x8c,
	MQTT_KEEP_ALIVE_TIMEOUT = 0x8d,
	MQTT_TAKEN_OVER = 0x8e,
	MQTT_BAD_FILTER = 0x8f,
	MQTT_BAD_TOPIC = 0x90,
	MQTT_ID_IN_USE = 0x91,
	MQTT_ID_NOT_FOUND = 0x92,
	MQTT_RECEIVE_MAXIMUM = 0x93,
	MQTT_BAD_ALIAS = 0x94,
	MQTT_TOO_LARGE = 0x95,
	MQTT_RATE = 0x96,
	MQTT_QUOTA = 0x97,
	MQTT_ADMINISTRATIVE = 0x98,
	MQTT_BAD_PAYLOAD = 0x99,
	MQTT_NO_RETAIN = 0x9a,
	MQTT_NO_QOS = 0x9b,
	MQTT_CONNECT_RATE = 0x9f,
};

struct mqtt_fixed {
	uint8_t type;    /* enum mqtt_type */
	uint8_t flags;   /* low four bits of the first octet */
	uint8_t n;       /* octets of the fixed header: 2..5 */
	uint32_t length; /* remaining length, 0..268435455 */
};
/*
 * 0; -EAGAIN: more octets are needed; -EBADMSG: type 0, or a length of more than four octets or not in its shortest form
 * (MQTT-1.5.5-1; 2.2.3 of 3.1.1).
 */
int mqtt_fixed_read(const uint8_t *p, uint32_t n, struct mqtt_fixed *fixed);

/* What was wrong with a packet. */
struct mqtt_fault {
	enum mqtt_reason reason;
	/*
	 * "MQTT-3.1.2-3": of MQTT 5 where both have it, of 3.1.1 for what only that forbids. Malformed in a way no statement has:
	 * "MQTT-4.13.1-1". An empty topic has "MQTT-4.7.3-1". Always a literal.
	 */
	const char *statement;
	uint32_t offset; /* in the variable header and payload */
};

/*
 * Properties of MQTT 5, 2.2.2.2: bit set of 1 << identifier tells which are there; of others the field is 0 (which need not be the
 * default of the standard).
 */
struct mqtt_properties {
	uint64_t has;
	uint8_t payload_format, request_problem, request_response;
	uint16_t receive_maximum, topic_alias_maximum, topic_alias;
	uint32_t message_expiry, session_expiry, will_delay, maximum_packet_size, subscription_id;
	struct tp_slice content_type, response_topic, correlation, authentication_method, authentication_data, reason_string;
	struct tp_slice user; /* where user_count > 0: the area in which they stand among others; see mqtt_user_next() */
	uint32_t user_count;
};
#define MQTT_HAS(props, id) ((props)->has >> (id)&1)
enum mqtt_property {
	MQTT_P_PAYLOAD_FORMAT = 0x01,
	MQTT_P_MESSAGE_EXPIRY = 0x02,
	MQTT_P_CONTENT_TYPE = 0x03,
	MQTT_P_RESPONSE_TOPIC = 0x08,
	MQTT_P_CORRELATION = 0x09,
	MQTT_P_SUBSCRIPTION_ID = 0x0b,
	MQTT_P_SESSION_EXPIRY = 0x11,
	MQTT_P_ASSIGNED_CLIENT_ID = 0x12,
	MQTT_P_SERVER_KEEP_ALIVE = 0x13,
	MQTT_P_AUTHENTICATION_METHOD = 0x15,
	MQTT_P_AUTHENTICATION_DATA = 0x16,
	MQTT_P_REQUEST_PROBLEM = 0x17,
	MQTT_P_WILL_DELAY = 0x18,
	MQTT_P_REQUEST_RESPONSE = 0x19,
	MQTT_P_RESPONSE_INFORMATION = 0x1a,
	MQTT_P_SERVER_REFERENCE = 0x1c,
	MQTT_P_REASON_STRING = 0x1f,
	MQTT_P_RECEIVE_MAXIMUM = 0x21,
	MQTT_P_TOPIC_ALIAS_MAXIMUM = 0x22,
	MQTT_P_TOPIC_ALIAS = 0x23,
	MQTT_P_MAXIMUM_QOS = 0x24,
	MQTT_P_RETAIN_AVAILABLE = 0x25,
	MQTT_P_USER = 0x26,
	MQTT_P_MAXIMUM_PACKET_SIZE = 0x27,
	MQTT_P_WILDCARD_AVAILABLE = 0x28,
	MQTT_P_SUBSCRIPTION_ID_AVAILABLE = 0x29,
	MQTT_P_SHARED_AVAILABLE = 0x2a,
};
/* The next user property of a property area that has been read; false at the end. *at starts at 0. */
bool mqtt_user_next(struct tp_slice area, uint32_t *at, struct tp_slice *name, struct tp_slice *value);

struct mqtt_connect {
	uint8_t version; /* enum mqtt_version */
	bool clean;      /* Clean Session, Clean Start */
	bool has_will, will_retain, has_user, has_password;
	uint8_t will_qos;
	uint16_t keep_alive; /* seconds */
	struct tp_slice client_id, will_topic, will_payload, user, password;
	struct mqtt_properties properties, will_properties;
};
/*
 * In all readers: p (not NULL), n is what stands behind the fixed header, flags its low four bits. 0, or -EBADMSG with *fault set;
 * the struct then holds what was read until there and is good for nothing but a message. Versions other than 5 have no properties.
 *
 * A protocol version nobody knows gives MQTT_UNSUPPORTED_VERSION with the version in connect->version, a protocol name nobody knows
 * the same with version 0. MQTT_BAD_CLIENT_ID: an empty client identifier that this version does not allow (MQTT-3.1.3-8 of 3.1.1;
 * any of 3.1).
 */
int mqtt_connect_read(uint8_t flags, const uint8_t *p, uint32_t n, struct mqtt_connect *connect, struct mqtt_fault *fault);

struct mqtt_publish {
	uint8_t qos;
	bool dup, retain;
	uint16_t packet_id;             /* 0 where QoS is 0 */
	struct tp_slice topic, payload; /* never NULL */
	struct mqtt_properties properties;
};
int mqtt_publish_read(
        uint8_t version, uint8_t flags, const uint8_t *p, uint32_t n, struct mqtt_publish *publish, struct mqtt_fault *fault);

/*
 * PUBACK, PUBREC, PUBREL, PUBCOMP; DISCONNECT and AUTH have no packet id. Only reason codes that clients may send in that packet
 * are read.
 */
struct mqtt_ack {
	uint16_t packet_id;
	uint8_t reason;
	struct mqtt_properties properties;
};
int mqtt_ack_read(
        uint8_t version, uint8_t type, uint8_t flags, const uint8_t *p, uint32_t n, struct mqtt_ack *ack, struct mqtt_fault *fault);

/* SUBSCRIBE and UNSUBSCRIBE: all filters are checked; only their number matters to a gateway that refuses them. */
struct mqtt_subscribe {
	uint16_t packet_id;
	uint32_t filters;
	struct mqtt_properties properties;
};
int mqtt_subscribe_read(uint8_t version, uint8_t type, uint8_t flags, const uint8_t *p, uint32_t n,
        struct mqtt_subscribe *subscribe, struct mqtt_fault *fault);

/* PINGREQ: no content and no flags. */
int mqtt_empty_read(uint8_t flags, uint32_t n, struct mqtt_fault *fault);

/* ---- writing: each returns the end of what was written; the room needed is stated ----------------------------------------- */
struct mqtt_connack {
	uint8_t version;
	uint8_t reason;       /* enum mqtt_reason; turned into a return code for 3.1 and 3.1.1 */
	bool session_present; /* said only with MQTT_SUCCESS (MQTT-3.2.2-6), and not in 3.1 */
	/* MQTT 5 only; a number that is 0 is left out. */
	bool has_server_keep_alive, has_session_expiry;
	uint16_t receive_maximum, topic_alias_maximum, server_keep_alive;
	uint32_t maximum_packet_size, session_expiry;
	struct tp_slice assigned_client_id; /* n 0: none */
	struct tp_slice reason_string;      /* n 0: none */
};
#define MQTT_CONNACK_ROOM (64 + 2 * 256) /* with an identifier and a reason string of at most 255 octets */
/* Writes nothing where 3.1.1 has no return code for the reason: the connection is closed without one (MQTT-3.2.2-6 there). */
uint8_t *mqtt_connack_write(uint8_t *out, const struct mqtt_connack *connack);
/* PUBACK, PUBREC, PUBREL, PUBCOMP in their shortest form. */
#define MQTT_ACK_ROOM 8
uint8_t *mqtt_ack_write(uint8_t *out, uint8_t version, uint8_t type, uint16_t packet_id, uint8_t reason);
/* SUBACK or UNSUBACK with the same reason for every filter; n filters. Room: 16 + n. */
uint8_t *mqtt_suback_write(uint8_t *out, uint8_t version, uint8_t type, uint16_t packet_id, uint8_t reason, uint32_t filters);
#define MQTT_PINGRESP_ROOM 2
uint8_t *mqtt_pingresp_write(uint8_t *out);
/* MQTT 5 only. */
#define MQTT_DISCONNECT_ROOM (16 + 256)
uint8_t *mqtt_disconnect_write(uint8_t *out, uint8_t reason, struct tp_slice reason_string);

/* ---- topics (topic.c) ----------------------------------------------------------------------------------------------------- */
/*
 * Topic names have no wildcards and at least one octet (MQTT-3.3.2-2, MQTT-4.7.3-1); filters have them only where MQTT-4.7.1-1 to
 * -3 allow.
 */
bool mqtt_topic_valid(struct tp_slice topic);
bool mqtt_filter_valid(struct tp_slice filter);
/* MQTT-4.7: levels, + and #; a topic that begins with $ fits no filter that begins with a wildcard (MQTT-4.7.2-1). */
bool mqtt_filter_matches(struct tp_slice filter, struct tp_slice topic);
/* Level `level` of a topic, from 1; p == NULL where it has fewer. */
struct tp_slice mqtt_topic_level(struct tp_slice topic, unsigned int level);
/* filter with %u, %c, %d for whole or parts of levels (%% is one %); a value that is empty or holds /, + or # fits nothing. */
struct mqtt_names {
	struct tp_slice user, client_id, device; /* p == NULL or n 0: unknown, fits nothing */
};
bool mqtt_filter_matches_names(struct tp_slice filter, const struct mqtt_names *names, struct tp_slice topic);

#endif
