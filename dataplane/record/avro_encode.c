/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The Avro encoder: one straight line of stores a struct, made from the field tables, and the bound that goes with it.
 *
 * It is built twice, as AVRO_ENCODER: for every processor, field by field, and for AVX-512, where fields that are always there and stand beside
 * each other are written in vectors (avro_run.h). The primitives, tp_avro.h, store more than what counts; the bound has room for that.
 *
 * The envelope is three lines of stores, so that the middle one, which is the same for every record of a source, can be a copy.
 */
#include "avro_encode.h"
#include "tp_avro.h"

#define ALWAYS_INLINE static inline __attribute__((always_inline))

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

#ifdef __AVX512VBMI2__
/* Fields that may stand in a run: always there, and a whole number in Avro. A struct is at least as large as a vector. */
#define RUNS_REQ        1
#define RUNS_OPT        0
#define RUNS_BOOL       0
#define RUNS_INT        1
#define RUNS_LONG       1
#define RUNS_FLOAT      0
#define RUNS_TIME       1
#define RUNS_ENUM       1
#define RUNS_STR        0
#define RUNS_BYTES      0
#define RUNS_ID         0
#define RUNS_GROUP      0
#define RUNS_ARRAY      0
#define WIDE_BOOL(arg)  0
#define WIDE_INT(arg)   TP_INT_##arg
#define WIDE_LONG(arg)  1
#define WIDE_FLOAT(arg) 0
#define WIDE_TIME(arg)  1
#define WIDE_ENUM(arg)  0
#define WIDE_STR(arg)   0
#define WIDE_BYTES(arg) 0
#define WIDE_ID(arg)    0
#define WIDE_GROUP(arg) 0
#define WIDE_ARRAY(arg) 0

#define RUN_BIT(K, presence, type, name, arg, doc) | (uint64_t)(RUNS_##presence & RUNS_##type) << TP_F_##K##_##name
#define RUN_SET(K)                                 (sizeof(struct tp_##K) < AVRO_WINDOW ? UINT64_C(0) : (UINT64_C(0) TP_FIELDS_##K(RUN_BIT, K)))
#define RUN_ROW(K, presence, type, name, arg, doc) {TP_TYPE_##type, WIDE_##type(arg), offsetof(struct tp_##K, name)},
#define DEFINE_RUNS(K)                                                                                                             \
	static const struct avro_row rows_##K[] = {TP_FIELDS_##K(RUN_ROW, K)};                                                     \
	static const struct avro_run *runs_##K[TP_FCOUNT_##K];                                                                     \
	enum { run_set_##K = RUN_SET(K) };
#define DEFINE_KIND_RUNS(K, topic, doc) DEFINE_RUNS(K)
/* The envelope is written in parts, none of which has a run. */
static const struct avro_run *const *const runs_envelope = NULL;
enum { run_set_envelope = 0 };
TP_NESTED(DEFINE_RUNS)
TP_KINDS(DEFINE_KIND_RUNS)

#define PUT_REQ(K, type, name, arg)                                                                                                \
	switch (avro_place(run_set_##K, TP_F_##K##_##name)) {                                                                      \
	case AVRO_ALONE:                                                                                                           \
		p = PUT_##type(name, arg);                                                                                         \
		break;                                                                                                             \
	case AVRO_FIRST:                                                                                                           \
		p = avro_run(p, r, runs_##K[TP_F_##K##_##name]);                                                                   \
		break;                                                                                                             \
	case AVRO_BEHIND:                                                                                                          \
		break;                                                                                                             \
	}
#else
#define PUT_REQ(K, type, name, arg) p = PUT_##type(name, arg);
#endif
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

/* ---- the encoder ------------------------------------------------------------------------------------------------------------- */
#define DEFINE_ENTRIES(K, topic, doc)                                                                                              \
	static uint8_t *body_##K(uint8_t *out, const void *body)                                                                   \
	{                                                                                                                          \
		return avro_##K(out, body);                                                                                        \
	}                                                                                                                          \
	static size_t body_bound_##K(const void *body)                                                                             \
	{                                                                                                                          \
		return bound_##K(body);                                                                                            \
	}
TP_KINDS(DEFINE_ENTRIES)

static uint8_t *encode_times(uint8_t *out, const struct tp_envelope *env)
{
	return avro_envelope_times(out, env);
}

static uint8_t *encode_identity(uint8_t *out, const struct tp_envelope *env)
{
	return avro_envelope_identity(out, env);
}

static uint8_t *encode_arrival(uint8_t *out, const struct tp_envelope *env)
{
	return avro_envelope_arrival(out, env);
}

#ifdef __AVX512VBMI2__
#define RUN_STRUCT(K)                  {rows_##K, TP_FCOUNT_##K, sizeof(struct tp_##K), run_set_##K, runs_##K},
#define RUN_STRUCT_KIND(K, topic, doc) RUN_STRUCT(K)
static const struct avro_struct run_structs[] = {TP_NESTED(RUN_STRUCT) TP_KINDS(RUN_STRUCT_KIND)};

/* A vector holds at least half a window of fields, but for the last one of a run, and a run has AVRO_RUN_LEAST of them. */
#define RUN_FIELDS(K)                  +__builtin_popcountll(run_set_##K)
#define RUN_FIELDS_KIND(K, topic, doc) RUN_FIELDS(K)
enum { RUN_VECTORS = (0 TP_NESTED(RUN_FIELDS) TP_KINDS(RUN_FIELDS_KIND)) / 2 };
static struct avro_run run_vectors[RUN_VECTORS];
static struct avro_runs runs = {run_structs, sizeof(run_structs) / sizeof(run_structs[0]), run_vectors, RUN_VECTORS};
#define RUNS &runs
#else
#define RUNS NULL
#endif

#define BODY_ROW(K, topic, doc)  body_##K,
#define BOUND_ROW(K, topic, doc) body_bound_##K,
const struct avro_encoder AVRO_ENCODER = {
        .body = {TP_KINDS(BODY_ROW)},
        .body_bound = {TP_KINDS(BOUND_ROW)},
        .envelope_bound = bound_envelope,
        .times = encode_times,
        .identity = encode_identity,
        .arrival = encode_arrival,
        .runs = RUNS,
};
