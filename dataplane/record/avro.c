/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The Avro encoder: one straight line of stores a struct, made from the field tables, and the bound that goes with it.
 *
 * The primitives, tp_avro.h, store more than what counts; the bound keeps SLACK octets for that.
 *
 * The envelope is three lines of stores, so that the middle one, which is the same for every record of a source, can be a copy.
 */
#include "tp_avro.h"
#include "tp_record.h"

#define SLACK (TP_IDENTITY_PAD + 8)

#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* By the number of leading zero bits of a number below 2^56: its groups, and what says in each but the last that another follows. */
#define GROUPS(zeros)      ((zeros) > 57 ? 1 : (70 - (zeros)) / 7)
#define FOLLOWS(zeros)     (UINT64_C(0x0080808080808080) >> 8 * (8 - GROUPS((zeros) < 8 ? 8 : (zeros))))
#define EIGHT(M, n)        M(n) M((n) + 1) M((n) + 2) M((n) + 3) M((n) + 4) M((n) + 5) M((n) + 6) M((n) + 7)
#define ALL(M)             EIGHT(M, 0) EIGHT(M, 8) EIGHT(M, 16) EIGHT(M, 24) EIGHT(M, 32) EIGHT(M, 40) EIGHT(M, 48) EIGHT(M, 56) M(64)
#define GROUPS_ROW(zeros)  GROUPS(zeros),
#define FOLLOWS_ROW(zeros) FOLLOWS(zeros),
const uint64_t tp_avro_groups[65] = {ALL(GROUPS_ROW)};
const uint64_t tp_avro_follows[65] = {ALL(FOLLOWS_ROW)};

#define CHECK_ENUM(E) _Static_assert((int)TP_##E##_count <= 64, "the index of an enum is one octet");
TP_ENUMS(CHECK_ENUM)

/* Whether an OPT field is there. */
#define THERE_BOOL(K, name)  (r->has & TP_HAS(K, name))
#define THERE_INT(K, name)   (r->has & TP_HAS(K, name))
#define THERE_LONG(K, name)  (r->has & TP_HAS(K, name))
#define THERE_FLOAT(K, name) (r->has & TP_HAS(K, name))
#define THERE_TIME(K, name)  (r->has & TP_HAS(K, name))
#define THERE_ENUM(K, name)  (r->has & TP_HAS(K, name))
#define THERE_STR(K, name)   (r->name.p != NULL)
#define THERE_BYTES(K, name) (r->name.p != NULL)
#define THERE_GROUP(K, name) (r->name != NULL)
#define THERE_ARRAY(K, name) (r->name.items != NULL)

#define PUT_BOOL(name, arg)  (*p = r->name, p + 1)
#define PUT_INT(name, arg)   tp_avro_int(p, r->name)
#define PUT_LONG(name, arg)  tp_avro_long(p, r->name)
#define PUT_FLOAT(name, arg) tp_avro_double(p, r->name)
#define PUT_TIME(name, arg)  tp_avro_long(p, r->name)
#define PUT_ENUM(name, arg)  tp_avro_enum(p, r->name)
#define PUT_STR(name, arg)   tp_avro_slice(p, r->name)
#define PUT_BYTES(name, arg) tp_avro_slice(p, r->name)
#define PUT_ID(name, arg)    tp_avro_id(p, r->name)
#define PUT_GROUP(name, arg) avro_##arg(p, r->name)
#define PUT_ARRAY(name, arg) avro_array_##arg(p, r->name.items, r->name.count)

#define PUT_REQ(K, type, name, arg) p = PUT_##type(name, arg);
#define PUT_OPT(K, type, name, arg)                                                                                                \
	if (THERE_##type(K, name)) {                                                                                               \
		*p++ = 2;                                                                                                          \
		p = PUT_##type(name, arg);                                                                                         \
	} else {                                                                                                                   \
		*p++ = 0;                                                                                                          \
	}
#define PUT_FIELD(K, presence, type, name, arg, doc) PUT_##presence(K, type, name, arg)

#define DEFINE_STRUCT(K)                                                                                                           \
	static inline uint8_t *avro_##K(uint8_t *p, const struct tp_##K *r)                                                        \
	{                                                                                                                          \
		TP_FIELDS_##K(PUT_FIELD, K) return p;                                                                              \
	}                                                                                                                          \
	__attribute__((unused)) static uint8_t *avro_array_##K(uint8_t *p, const struct tp_##K *items, uint32_t n)                 \
	{                                                                                                                          \
		if (n)                                                                                                             \
			p = tp_avro_long(p, n);                                                                                    \
		for (uint32_t i = 0; i < n; i++)                                                                                   \
			p = avro_##K(p, &items[i]);                                                                                \
		*p++ = 0;                                                                                                          \
		return p;                                                                                                          \
	}
#define DEFINE_KIND(K, topic, doc) DEFINE_STRUCT(K)

#define DEFINE_ENVELOPE_PART(part, fields)                                                                                         \
	ALWAYS_INLINE uint8_t *avro_envelope_##part(uint8_t *p, const struct tp_envelope *r)                                       \
	{                                                                                                                          \
		fields(PUT_FIELD, envelope) return p;                                                                              \
	}

DEFINE_ENVELOPE_PART(times, TP_FIELDS_ENVELOPE_TIMES)
DEFINE_ENVELOPE_PART(identity, TP_FIELDS_ENVELOPE_IDENTITY)
DEFINE_ENVELOPE_PART(arrival, TP_FIELDS_ENVELOPE_ARRIVAL)
TP_NESTED(DEFINE_STRUCT)
TP_KINDS(DEFINE_KIND)

/* ---- the bound: what does not depend on the record is one constant a struct ------------------------------------------------ */
#define FIXED_BOOL                                     1
#define FIXED_INT                                      5
#define FIXED_LONG                                     10
#define FIXED_FLOAT                                    8
#define FIXED_TIME                                     10
#define FIXED_ENUM                                     1
#define FIXED_STR                                      5
#define FIXED_BYTES                                    5
#define FIXED_ID                                       16
#define FIXED_GROUP                                    0
#define FIXED_ARRAY                                    6
#define FIXED_REQ                                      0
#define FIXED_OPT                                      1
#define FIXED_FIELD(K, presence, type, name, arg, doc) +FIXED_##presence + FIXED_##type

#define MORE_BOOL(name, arg)
#define MORE_INT(name, arg)
#define MORE_LONG(name, arg)
#define MORE_FLOAT(name, arg)
#define MORE_TIME(name, arg)
#define MORE_ENUM(name, arg)
#define MORE_ID(name, arg)
#define MORE_STR(name, arg)   n += r->name.n;
#define MORE_BYTES(name, arg) n += r->name.n;
#define MORE_GROUP(name, arg)                                                                                                      \
	if (r->name)                                                                                                               \
		n += bound_##arg(r->name);
#define MORE_ARRAY(name, arg)                                                                                                      \
	for (uint32_t i = 0; i < r->name.count; i++)                                                                               \
		n += bound_##arg(&r->name.items[i]);
#define MORE_FIELD(K, presence, type, name, arg, doc) MORE_##type(name, arg)

#define DEFINE_BOUND(K)                                                                                                            \
	static inline size_t bound_##K(const struct tp_##K *r)                                                                     \
	{                                                                                                                          \
		size_t n = 0 TP_FIELDS_##K(FIXED_FIELD, K);                                                                        \
                                                                                                                                   \
		(void)r;                                                                                                           \
		TP_FIELDS_##K(MORE_FIELD, K) return n;                                                                             \
	}
#define DEFINE_KIND_BOUND(K, topic, doc) DEFINE_BOUND(K)

DEFINE_BOUND(envelope)
TP_NESTED(DEFINE_BOUND)
TP_KINDS(DEFINE_KIND_BOUND)

#define BOUND_CASE(K, topic, doc)                                                                                                  \
	case TP_KIND_##K:                                                                                                          \
		return n + bound_##K(body);
#define AVRO_CASE(K, topic, doc)                                                                                                   \
	case TP_KIND_##K:                                                                                                          \
		return avro_##K(out, body);

size_t tp_record_avro_body_bound(unsigned int kind, const void *body)
{
	size_t n = SLACK;

	switch (kind) {
		TP_KINDS(BOUND_CASE)
	}
	return n;
}

size_t tp_record_avro_bound(const struct tp_envelope *env, unsigned int kind, const void *body)
{
	return bound_envelope(env) + tp_record_avro_body_bound(kind, body);
}

ALWAYS_INLINE uint8_t *avro_body(uint8_t *out, unsigned int kind, const void *body)
{
	switch (kind) {
		TP_KINDS(AVRO_CASE)
	}
	return out;
}

uint8_t *tp_record_avro_body(uint8_t *out, unsigned int kind, const void *body)
{
	return avro_body(out, kind, body);
}

uint8_t *tp_record_avro(uint8_t *out, const struct tp_envelope *env, unsigned int kind, const void *body)
{
	out = avro_envelope_times(out, env);
	out = avro_envelope_identity(out, env);
	out = avro_envelope_arrival(out, env);
	return avro_body(out, kind, body);
}

uint8_t *tp_envelope_identity(uint8_t *out, const struct tp_envelope *env)
{
	return avro_envelope_identity(out, env);
}

uint8_t *tp_record_avro_known(
        uint8_t *out, const struct tp_envelope *env, struct tp_slice identity, unsigned int kind, const void *body)
{
	out = avro_envelope_times(out, env);
	if (__builtin_expect(identity.n <= TP_IDENTITY_PAD, 1))
		memcpy(out, identity.p, TP_IDENTITY_PAD);
	else
		memcpy(out, identity.p, identity.n);
	out = avro_envelope_arrival(out + identity.n, env);
	return avro_body(out, kind, body);
}
