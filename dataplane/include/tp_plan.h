/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_PLAN_H
#define TP_PLAN_H
/*
 * The plan: everything the workers read and control writes, built aside from the configuration and immutable from then on. A new
 * configuration is a new plan; workers look at their plan pointer once a walk.
 *
 * Control makes it with tp_plan_build() and owns it; workers only read.
 */
#include "tp_decoder.h"
#include "tp_mqtt.h"
#include "tp_record.h"

struct tp_pattern_db;

#define TP_MAX_LISTENERS 1024 /* of UDP, and one for each route of MQTT */
#define TP_MAX_SOURCES   65000
#define TP_MAX_TOPICS    64
#define TP_NO_LISTENER   0xffff
#define TP_NO_TOPIC      0xffff

enum tp_encoding { TP_ENCODING_AVRO, TP_ENCODING_JSON };

/* A Kafka topic that records go to. */
struct tp_topic {
	const char *name;
	enum tp_kind kind;
	enum tp_encoding encoding;
	uint32_t schema_id; /* Avro: 0x00, this in big-endian, the body */
	bool keep_payload;  /* the original bytes travel in `payload` */
};

/* A device, or everything that sends from a prefix. Index 0 is "nobody": what never reached a listener. */
struct tp_source {
	struct tp_slice device; /* Kafka key */
	struct tp_slice site;
	struct tp_slice lane; /* p == NULL: none */
	bool unknown;         /* the accepted unknown sources of a listener */
	const char *of;       /* that listener's name; NULL where it is a known source */
	bool retired;         /* no configuration names it any more; its line of the books stays */
	uint64_t seed;        /* computed: of event_id, from the device; for unknown sources the address is mixed in */
	/* computed: site, device and lane as tp_envelope_identity() writes them, TP_IDENTITY_PAD octets behind */
	struct tp_slice key; /* computed: the device again, TP_IDENTITY_PAD octets behind */
	struct tp_slice identity;
};

/* One prefix of a listener's source list. */
struct tp_prefix {
	uint8_t family; /* 4 or 6 */
	uint8_t length; /* bits, 0..32 or 0..128 */
	uint16_t listener;
	uint16_t source;  /* index into sources */
	uint8_t addr[16]; /* network order, bits behind the prefix 0 */
};

/* Whether an address lies in a prefix; every one does in one of family 0. Addresses: 4 or 16 octets, network order. Pure. */
static inline bool tp_prefix_holds(uint8_t family, uint8_t length, const uint8_t *prefix, uint8_t addr_family, const uint8_t *addr)
{
	uint32_t whole = length / 8, rest = length % 8;

	if (family == 0)
		return true;
	if (family != addr_family || memcmp(prefix, addr, whole) != 0)
		return false;
	return rest == 0 || (prefix[whole] ^ addr[whole]) >> (8 - rest) == 0;
}

/* What a payload is, and where its records go. Met by UDP port, or by a route of an MQTT listener (struct tp_mqtt_route). */
struct tp_listener {
	const char *name;
	uint16_t port;    /* UDP destination port, host order; 0: of an MQTT route, no datagram reaches it */
	uint8_t family;   /* 0: any own address, 4 or 6: just addr */
	uint8_t addr[16]; /* network order */
	const struct tp_decoder *decoder;
	uint16_t topic[TP_KIND_COUNT]; /* index into topics, for the kinds of the decoder, alert_match and dlq */
	uint16_t unknown_source;       /* source index for senders in no prefix; 0 = refuse them */
	uint16_t next;                 /* next listener on the same port, or TP_NO_LISTENER */
	bool retired; /* the configuration does not have it any more: port is 0, and only what was on its way refers to it */
	int64_t clamp_past_us; /* device_time is held within [arrival - past, arrival + future] */
	int64_t clamp_future_us;
};

/* What the rules of one channel look at: a field of a record kind. */
struct tp_channel_spec {
	enum tp_kind kind;
	const struct tp_field *field; /* NULL: the payload as received */
	bool in_envelope;             /* field belongs to the envelope */
};

/* What tp_plan_build() starts from; arrays are copied, strings must outlive the plan. Index 0 of sources is reserved for "nobody". */
struct tp_plan_spec {
	const struct tp_listener *listeners; /* .next is computed */
	unsigned int n_listeners;
	const struct tp_source *sources;
	unsigned int n_sources;
	const struct tp_prefix *prefixes;
	unsigned int n_prefixes;
	const struct tp_topic *topics;
	unsigned int n_topics;
	const struct tp_pattern_db *patterns;   /* NULL: nothing to match */
	const struct tp_channel_spec *channels; /* what the rules look at; index = tp_rule_spec.channel */
	unsigned int n_channels;
	const struct tp_mqtt_listener *mqtt_listeners; /* what they point to must outlive the plan */
	unsigned int n_mqtt_listeners;
	const struct tp_mqtt_name *mqtt_names; /* each once a listener; the octets must outlive the plan */
	unsigned int n_mqtt_names;
	uint64_t dlq_rate;     /* dead letters a second and worker; above it they are counted only */
	uint32_t batch_age_us; /* an open batch is sealed at this age */
};

struct tp_plan;

/* Builds the look-up tables. Returns 0, -ENOMEM, or -EINVAL with a sentence in err (a NUL-terminated buffer of err_len octets). Control. */
int tp_plan_build(const struct tp_plan_spec *spec, struct tp_plan **plan, char *err, size_t err_len);
void tp_plan_free(struct tp_plan *plan); /* NULL is fine; no worker may use it any more */

const struct tp_plan_spec *tp_plan_spec(const struct tp_plan *plan); /* what it was built from, arrays in the plan's own copy */

/* Index of the listener for a datagram, or TP_NO_LISTENER. addr: 4 or 16 octets, network order. Workers; pure. */
uint16_t tp_plan_listener(const struct tp_plan *plan, uint8_t family, const uint8_t *addr, uint16_t port);
/* Index of the source for a sender at that listener by longest prefix; the listener's unknown_source where none fits. Workers; pure. */
uint16_t tp_plan_source(const struct tp_plan *plan, uint16_t listener, uint8_t family, const uint8_t *addr);
/* Index into mqtt_listeners for a TCP segment to that address and port, or TP_NO_LISTENER. addr: 4 or 16 octets, network order. Workers; pure. */
uint16_t tp_plan_mqtt_listener(const struct tp_plan *plan, uint8_t family, const uint8_t *addr, uint16_t port);
/* Index of the source of a device by its name at that MQTT listener (index into mqtt_listeners); 0 where it has no such name. Workers; pure. */
uint16_t tp_plan_mqtt_source(const struct tp_plan *plan, uint16_t listener, struct tp_slice name);
/* The first topic for records of that kind, or TP_NO_TOPIC: for records that no listener makes (device_event, edge_stats). Pure. */
uint16_t tp_plan_topic(const struct tp_plan_spec *spec, enum tp_kind kind);

#endif
