/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_RECORD_H
#define TP_RECORD_H
/*
 * Records: the C structs of every kind, made from the field tables in record/, and the descriptions of them that the schema
 * writer, the JSON printer, the documentation and the alert rules walk.
 *
 * A struct tp_record lives in the private area of its mbuf (or on the stack of a test). It owns nothing: slices point into the
 * datagram, the plan or the arena of the worker's current walk, and are valid until that walk ends.
 * No DPDK in here: decoders, tests and the control plane include it.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "record/kinds.h"

/* Text or bytes that somebody else owns. p may be NULL where n is 0; for an OPT field, p == NULL means null. */
struct tp_slice {
	const uint8_t *p;
	uint32_t n; /* octets */
};

#define TP_SLICE(literal) ((struct tp_slice){(const uint8_t *)(literal), sizeof(literal) - 1})

static inline struct tp_slice tp_slice_of(const char *s)
{
	return (struct tp_slice){(const uint8_t *)s, s ? (uint32_t)strlen(s) : 0};
}

static inline bool tp_slice_is(struct tp_slice s, const char *text)
{
	return s.n == strlen(text) && memcmp(s.p, text, s.n) == 0;
}

/* ---- enums: enum tp_<name> { TP_<name>_<symbol>, ... }; the value is the Avro index --------------------------------------- */
#define TP_ENUM_SYMBOL(E, symbol) TP_##E##_##symbol,
#define TP_ENUM_DECLARE(E)        enum tp_##E{TP_SYMBOLS_##E(TP_ENUM_SYMBOL, E) TP_##E##_count};
TP_ENUMS(TP_ENUM_DECLARE)

/* ---- structs -------------------------------------------------------------------------------------------------------------- */
#define TP_C_BOOL(name, arg)  bool name;
#define TP_C_INT(name, arg)   int32_t name;
#define TP_C_LONG(name, arg)  int64_t name;
#define TP_C_FLOAT(name, arg) double name;
#define TP_C_STR(name, arg)   struct tp_slice name;
#define TP_C_BYTES(name, arg) struct tp_slice name;
#define TP_C_ID(name, arg)    uint8_t name[16];
#define TP_C_TIME(name, arg)  int64_t name;
#define TP_C_ENUM(name, arg)  uint8_t name;
#define TP_C_GROUP(name, arg) const struct tp_##arg *name;
#define TP_C_ARRAY(name, arg)                                                                                                      \
	struct {                                                                                                                   \
		const struct tp_##arg *items;                                                                                      \
		uint32_t count;                                                                                                    \
	} name;
#define TP_C_MEMBER(K, presence, type, name, arg, doc) TP_C_##type(name, arg)
#define TP_C_INDEX(K, presence, type, name, arg, doc)  TP_F_##K##_##name,

/*
 * struct tp_<kind>. `has` holds one bit a field, TP_HAS(kind, field), and says of OPT fields of the types BOOL, INT, LONG, FLOAT,
 * TIME and ENUM whether they are there; an OPT STR, BYTES, GROUP or ARRAY is null where its pointer is NULL. Bits of other
 * fields are ignored.
 */
#define TP_STRUCT_DECLARE(kind)                                                                                                    \
	enum tp_fields_of_##kind{TP_FIELDS_##kind(TP_C_INDEX, kind) TP_FCOUNT_##kind};                                             \
	struct tp_##kind {                                                                                                         \
		uint64_t has;                                                                                                      \
		TP_FIELDS_##kind(TP_C_MEMBER, kind)                                                                                \
	};                                                                                                                         \
	_Static_assert(TP_FCOUNT_##kind <= 64, "a table has at most 64 fields: use a GROUP");
#define TP_HAS(kind, field) (UINT64_C(1) << TP_F_##kind##_##field)
/* Sets an OPT scalar and its presence bit. */
#define TP_SET(record, kind, field, value)                                                                                         \
	do {                                                                                                                       \
		(record)->field = (value);                                                                                         \
		(record)->has |= TP_HAS(kind, field);                                                                              \
	} while (0)

#define TP_KIND_STRUCT(kind, topic, doc) TP_STRUCT_DECLARE(kind)
TP_STRUCT_DECLARE(envelope)
TP_NESTED(TP_STRUCT_DECLARE)
TP_KINDS(TP_KIND_STRUCT)

#define TP_KIND_ENUM(kind, topic, doc) TP_KIND_##kind,
enum tp_kind { TP_KINDS(TP_KIND_ENUM) TP_KIND_COUNT };

/* ---- a record on its way through the graph --------------------------------------------------------------------------------- */
enum tp_record_flag {
	TP_FLAG_CLOCK_CLAMPED = 1,
	TP_FLAG_UNKNOWN_SOURCE = 2,
	TP_FLAG_REASSEMBLED = 4,
	TP_FLAG_TRAILING_BYTES = 8, /* written by decoders: octets behind the message (signature, padding) */
	TP_FLAG_ONE_OF_SEVERAL = 16,
	TP_FLAG_RETAINED = 32, /* MQTT: the message had the retain flag */
	TP_FLAG_WILL = 64,     /* MQTT: the will of a connection that died */
	TP_FLAG_DUP = 128,     /* MQTT: sent again by the client */
};

struct tp_mqtt_meta;
struct tp_source;

struct tp_record {
	/* Written by udp_input and mqtt_input, read by everyone after. */
	struct tp_slice payload; /* the datagram, contiguous */
	uint16_t source;         /* index into plan->sources */
	uint16_t listener;       /* index into plan->listeners */
	uint16_t source_port;    /* host order */
	uint8_t source_family;   /* 4 or 6 */
	uint8_t transport;       /* enum tp_transport */
	int64_t received_at;     /* us since 1970 UTC */
	uint8_t source_addr[16]; /* network order; IPv4 in the first four */
	/* The source as the record shall show it where that is not the plan's: a device or a site that a message named itself. Else NULL. */
	const struct tp_source *who;
	const struct tp_mqtt_meta *mqtt; /* what came with an MQTT message; NULL for datagrams */
	uint32_t waiter;                 /* who waits for the end of the record (tp_waiter.h); TP_NOBODY_WAITS for datagrams */
	/* Written by the decoder. */
	uint8_t kind;   /* enum tp_kind */
	uint8_t flags;  /* enum tp_record_flag */
	uint8_t result; /* 0 for the first record of a datagram, then 1, 2, ... */
	uint8_t has_device_time;
	uint32_t trailing;   /* octets behind the message */
	int64_t device_time; /* us since 1970 UTC as the device gave it; valid where has_device_time */
	/* Written by the decode node. */
	uint8_t event_id[16];
	int64_t event_time; /* device_time within the listener's clamp, or arrival */
	union {
#define TP_KIND_MEMBER(kind, topic, doc) struct tp_##kind kind;
		TP_KINDS(TP_KIND_MEMBER)
	};
};

/* ---- descriptions ---------------------------------------------------------------------------------------------------------- */
enum tp_type {
	TP_TYPE_BOOL,
	TP_TYPE_INT,
	TP_TYPE_LONG,
	TP_TYPE_FLOAT,
	TP_TYPE_STR,
	TP_TYPE_BYTES,
	TP_TYPE_ID,
	TP_TYPE_TIME,
	TP_TYPE_ENUM,
	TP_TYPE_GROUP,
	TP_TYPE_ARRAY,
};

struct tp_schema;

struct tp_enum {
	const char *name;
	const char *const *symbols;
	unsigned int count;
};

struct tp_field {
	const char *name;
	const char *doc;
	uint8_t type; /* enum tp_type */
	bool optional;
	uint8_t index;                 /* bit in `has` */
	uint16_t offset;               /* in the struct */
	const struct tp_schema *sub;   /* GROUP, ARRAY */
	const struct tp_enum *symbols; /* ENUM */
};

struct tp_schema {
	const char *name;
	const char *topic; /* default topic; NULL for nested structs and the envelope */
	const char *doc;
	const struct tp_field *fields;
	unsigned int count;
	size_t size; /* of the struct */
};

/* All static tables, immutable, any thread. */
extern const struct tp_schema tp_schema_envelope;
extern const struct tp_schema tp_schema_of_kind[TP_KIND_COUNT];

/* The kind of that name, or -ENOENT. */
int tp_kind_by_name(struct tp_slice name);

/* The field of a kind (the envelope's included with name "site", "device", "lane"...), or NULL. Control thread, at start. */
const struct tp_field *tp_field_by_name(const struct tp_schema *schema, struct tp_slice name);

/*
 * A field of `base` (a struct of the schema that `field` belongs to) as text to match against: STR and BYTES as they are, ENUM its
 * symbol, BOOL "true" or "false", INT, LONG and TIME in decimal (written to scratch, at least 24 octets). A slice with p == NULL
 * where the field is null or has no text form. Pure.
 */
struct tp_slice tp_field_text(const struct tp_field *field, const void *base, char *scratch);

/*
 * Upper bound in octets of what tp_*_avro / tp_*_json write for this record with this envelope. Pure.
 */
size_t tp_record_avro_bound(const struct tp_envelope *env, unsigned int kind, const void *body);
size_t tp_record_json_bound(const struct tp_envelope *env, unsigned int kind, const void *body);

/*
 * Encodes envelope and body, Avro 1.11 binary or one JSON object without a line end. `out` has room for the bound above. Returns the
 * end of what was written. Pure, any thread.
 */
uint8_t *tp_record_avro(uint8_t *out, const struct tp_envelope *env, unsigned int kind, const void *body);
uint8_t *tp_record_json(uint8_t *out, const struct tp_envelope *env, unsigned int kind, const void *body);

/*
 * Site, device and lane of an envelope are the same in every record of a source, so they are encoded once, ahead. tp_envelope_identity()
 * writes them as Avro; `out` has room for tp_record_avro_bound() with any kind. tp_record_avro_known() is tp_record_avro() with that
 * made before: it does not look at the three fields of env. TP_IDENTITY_PAD octets behind `identity` can be read; what they are does
 * not matter. Pure, any thread.
 */
#define TP_IDENTITY_PAD 64
uint8_t *tp_envelope_identity(uint8_t *out, const struct tp_envelope *env);
uint8_t *tp_record_avro_known(
        uint8_t *out, const struct tp_envelope *env, struct tp_slice identity, unsigned int kind, const void *body);

/*
 * What stands behind the envelope, and its bound, which holds TP_IDENTITY_PAD octets more than are used: room for an envelope's writer
 * that stores in full vectors. Pure, any thread.
 */
size_t tp_record_avro_body_bound(unsigned int kind, const void *body);
uint8_t *tp_record_avro_body(uint8_t *out, unsigned int kind, const void *body);

/* The same two for records of one kind, for callers that have many of them. To this bound, TP_AVRO_SLACK is to be added. Any thread. */
#define TP_AVRO_SLACK (TP_IDENTITY_PAD + 8) /* what encoders may write behind a record: they store more than what counts */
struct tp_avro_body {
	uint8_t *(*write)(uint8_t *out, const void *body);
	size_t (*bound)(const void *body);
};
struct tp_avro_body tp_record_avro_body_of(unsigned int kind);

#endif
