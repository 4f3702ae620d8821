/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_MQTT_H
#define TP_MQTT_H
/*
 * What the plan says about MQTT: listeners, the topics they take and what becomes of them, and who may send. Made by control from the
 * configuration, immutable, read by workers.
 *
 * A route is where a topic filter meets a listener of the plan (struct tp_listener), which gives format, Kafka topics and the clamp: so decoders,
 * matching, batches and dead letters do not know how a message came.
 */
#include <stdbool.h>
#include <stdint.h>

#include "tp_record.h"

#define TP_MAX_MQTT_LISTENERS  32
#define TP_MQTT_PREFIXES_LEAST 4   /* of which a rate is kept, where it is of any */
#define TP_MAX_MQTT_ROUTES     256 /* of one listener */
#define TP_MQTT_CLIENT_ID_MAX  255 /* octets; longer ones are refused */
#define TP_MQTT_NAME_MAX       255 /* octets of a device's name */

enum tp_mqtt_identity { TP_MQTT_IDENTITY_CLIENT_ID, TP_MQTT_IDENTITY_USER, TP_MQTT_IDENTITY_CERTIFICATE };
/* What happens while Kafka is slow or away. */
enum tp_mqtt_slow {
	TP_MQTT_HOLD, /* nothing is acknowledged or dropped: the connection's window closes */
	TP_MQTT_SHED, /* QoS 0 is dropped and counted, the rest is held */
};
enum tp_mqtt_subscribe { TP_MQTT_SUBSCRIBE_REFUSE, TP_MQTT_SUBSCRIBE_CLOSE };
enum tp_mqtt_versions { TP_MQTT_3_1 = 1, TP_MQTT_3_1_1 = 2, TP_MQTT_5 = 4 };

struct tp_mqtt_route {
	const char *filter; /* MQTT topic filter (MQTT-4.7), of 1..65535 octets; + and # as the standard has them */
	uint16_t listener;  /* index into the plan's listeners */
	uint8_t site_level; /* level of the topic that names the site, from 1; 0: as the source has it */
	uint8_t lane_level; /* the same for the lane */
	enum tp_mqtt_slow slow;
	bool keep_properties; /* user properties travel as headers of the Kafka record */
};

struct tp_mqtt_listener {
	const char *name;
	/* Its name's, of all names since the start. What is kept of client identifiers is kept by it, for an index may become another name's. */
	uint32_t serial;
	bool retired; /* the configuration does not have it any more: nobody finds it, and who is connected is asked to go */
	uint32_t retired_for;           /* configurations that did not have it, without a break */
	uint16_t port;                  /* TCP port, host order */
	uint8_t family;                 /* 0: any own address, 4 or 6: just addr */
	uint8_t addr[16];               /* network order */
	struct tls_context *const *tls; /* NULL: plain. Control publishes a renewed context through the pointer it points to */
	uint32_t tls_connections;       /* of TLS on a worker at a time; 0: no limit but tcp.connections */
	enum tp_mqtt_identity identity;
	uint8_t certificate_name; /* enum tls_name: what of the certificate is the identity */
	uint8_t versions;         /* bit set of enum tp_mqtt_versions */
	bool anonymous;           /* without user and password; the certificate may still be demanded */
	bool check_users;         /* user and password are checked by control */
	enum tp_mqtt_subscribe subscribe;
	/* What a client may publish: topic filters in which %u, %c and %d stand for user, client id and device. None: everything a route takes. */
	const char *const *may_publish;
	unsigned int n_may_publish;
	const struct tp_mqtt_route *routes; /* the first that fits counts */
	unsigned int n_routes;
	int32_t unmapped;        /* index into the plan's listeners for topics of no route; -1: refuse them */
	uint16_t unknown_source; /* source for devices in no name of this listener; 0: refuse their CONNECT */
	uint32_t max_packet;     /* octets, 1024..16777216; announced as Maximum Packet Size */
	uint16_t
	        in_flight; /* PUBLISHes of QoS 1 and 2 a connection may have without acknowledgement; announced as Receive Maximum, at most MQTT_QOS2_MAX */
	uint16_t alias_max;           /* Topic Alias Maximum, 0..64 */
	uint16_t keep_alive_max;      /* seconds; longer or none: this one holds, and v5 is told so. 0: what the client says */
	uint32_t expiry_max;          /* seconds a session is kept after its connection; v5 is told so */
	uint32_t connect_timeout_ms;  /* from the connection to its CONNECT */
	uint32_t connect_rate;        /* CONNECTs a second and worker; 0: no limit */
	uint32_t connect_rate_prefix; /* the same for each /24 or /64 of senders; 0: no limit */
};

/* A device's name as a listener knows it, and its source: site, lane and the line of the books. */
struct tp_mqtt_name {
	uint16_t listener; /* index into mqtt_listeners */
	uint16_t source;
	struct tp_slice name;
};

/* What travels with the record of an MQTT message; rec->mqtt. Valid as long as the record. */
struct tp_mqtt_meta {
	struct tp_slice topic;
	struct tp_slice client_id;
	struct tp_slice
	        properties; /* from the gateway: where user properties stand among others, as they came; in a record: headers, as tp_batch.h has them */
	struct tp_slice content_type, response_topic, correlation; /* p == NULL: none */
	int64_t expiry_s;                                          /* message expiry interval; -1: none */
	uint16_t packet_id;                                        /* 0: QoS 0 */
	uint8_t qos;
	int8_t text; /* payload format indicator: 0, 1; -1: none */
	uint64_t
	        seed; /* of event_id: from topic and packet identifier, so that a redelivery has the same and a repetition has not */
};

/*
 * What a worker reserves for TCP and MQTT. All zero where the configuration has no MQTT listener: then nothing is reserved. Where it has,
 * every value is the one that holds (control has put derived ones in the place of 0). Meaning and ranges: struct tcp_spec, struct mqtt_spec.
 */
struct tp_tcp_budget {
	uint32_t connections; /* 0: no TCP */
	uint32_t half_open;
	uint32_t time_wait;
	uint32_t chunks;
	uint32_t receive_window;    /* octets, a connection */
	uint32_t reassembly_octets; /* a connection */
	uint32_t reassembly_gaps;   /* a connection */
	uint32_t send_octets;       /* a connection */
	uint32_t max_retries;
	uint32_t syn_retries;
	uint32_t time_wait_ms;
	uint32_t fin_wait_2_ms;
	uint32_t challenge_rate; /* a second */
	uint32_t reset_rate;     /* a second; 0: no limit */
	uint16_t mss4, mss6;     /* of the port with the smallest MTU */
};
struct tp_mqtt_budget {
	uint32_t clients;
	uint32_t waiters;
	uint64_t assembly_octets;
	uint16_t window;
	uint32_t prefixes; /* 0: no listener limits CONNECTs by prefix */
};

/* User and password that a client of that worker sent. Wipe it after use. */
#define TP_MQTT_USER_MAX     256 /* octets; longer ones cannot be right */
#define TP_MQTT_PASSWORD_MAX 511
struct tp_mqtt_login {
	uint32_t ticket;
	uint16_t listener; /* index into the plan's mqtt_listeners */
	uint16_t user_n, password_n;
	uint16_t reserved;
	uint8_t user[TP_MQTT_USER_MAX];
	uint8_t password[TP_MQTT_PASSWORD_MAX];
};
struct tp_mqtt_verdict { /* of control, about a login */
	uint32_t ticket;
	uint32_t ok;
};

#endif
