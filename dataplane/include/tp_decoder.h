/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_DECODER_H
#define TP_DECODER_H
/*
 * The contract of a decoder: a pure function from one datagram to a record, or to the byte at which it is malformed.
 *
 * A decoder reads rec->payload and rec->received_at, and writes kind, flags (TP_FLAG_TRAILING_BYTES only), trailing,
 * has_device_time, device_time and the body of its kind (all of it, `has` included: the struct is not cleared before).
 * Slices in the body point into the payload or into memory from the arena. It reads no byte outside the payload, calls no
 * allocator, takes no lock and keeps no state that shows: the same input gives the same output on any worker, whatever came before.
 */
#include "tp_record.h"
#include "tp_stats.h"

/* Where decoders stop, for the dead-letter topic. X(stage) */
#define TP_STAGES(X)                                                                                                               \
	X(envelope)                                                                                                                \
	X(wsmp)                                                                                                                    \
	X(ieee1609dot2) X(message_frame) X(bsm) X(spat) X(map) X(tim) X(rsm) X(v2x_message) X(json) X(plate) X(toll) X(telemetry)
#define TP_STAGE_ENUM(name) TP_STAGE_##name,
enum tp_stage { TP_STAGES(TP_STAGE_ENUM) TP_STAGE_COUNT };
extern const char *const tp_stage_names[TP_STAGE_COUNT];

/* A bump allocator for one walk of the graph. Worker only. */
struct tp_arena {
	uint8_t *next;
	uint8_t *end;
};

/* `size` octets aligned to 16, or NULL where the arena is full; then the decoder returns TP_DECODE_NO_ROOM. */
static inline void *tp_arena_get(struct tp_arena *arena, size_t size)
{
	uint8_t *p = arena->next;

	size = (size + 15) & ~(size_t)15;
	if ((size_t)(arena->end - p) < size)
		return NULL;
	arena->next = p + size;
	return p;
}

/* Why and where a datagram was not decoded. */
struct tp_verdict {
	enum tp_counter reason; /* of class MALFORMED or REFUSED_BY_DECODER */
	enum tp_stage stage;
	uint32_t offset; /* first octet of the payload that could not be accepted; payload.n where it ended too early */
};

#define TP_DECODE_REJECTED (-1) /* *verdict says why */
#define TP_DECODE_NO_ROOM  (-2) /* the arena is full */

/* A datagram holds at most this many records; more is malformed (too_many). */
#define TP_RESULTS_MAX 32

/*
 * A datagram straight to Avro, without the body of a record in between: writes at `out` the octets that tp_record_avro_body() makes of what decode()
 * makes of it, and returns the end of them; of the record it writes what decode() writes but the body, of which it writes just what plate lists look
 * at, and there is a device time. NULL where the datagram is not of the usual form, whether it is well formed or not: then decode() has to read it, and kind, flags, trailing and device time are
 * not to be looked at. One record a datagram. At `out` there is room for payload.n + TP_DIRECT_ROOM octets.
 */
typedef uint8_t *(*tp_direct_fn)(struct tp_record *rec, uint8_t *out);
#define TP_DIRECT_ROOM 256

struct tp_decoder {
	const char *name; /* `format` of a listener */
	const char *help; /* one line for --dump-config and the manual */
	uint32_t kinds;   /* bit set of 1 << enum tp_kind that it can produce */
	/*
	 * Decodes record number rec->result (0-based) of the datagram. Returns the number of records in the datagram (1..TP_RESULTS_MAX)
	 * or a TP_DECODE_ code. The whole datagram is checked in the call for result 0: calls for 1..n-1 of the same payload succeed
	 * or return TP_DECODE_NO_ROOM.
	 */
	int (*decode)(struct tp_record *rec, struct tp_arena *arena, struct tp_verdict *verdict);
	/* The short way for usual datagrams, or NULL. Its result is NULL where this processor has none. */
	tp_direct_fn (*direct)(void);
	uint8_t direct_kind; /* the kind of record it makes */
};

/* NULL-terminated list of all decoders (dataplane/decode/decoders.c). */
extern const struct tp_decoder *const tp_decoders[];

/* The decoder of that name, or NULL. Control, at start. */
const struct tp_decoder *tp_decoder_by_name(const char *name);

/* Shorthand for decoders: fill the verdict and return TP_DECODE_REJECTED. */
static inline int tp_reject(struct tp_verdict *v, enum tp_stage stage, enum tp_counter reason, size_t offset)
{
	*v = (struct tp_verdict){.reason = reason, .stage = stage, .offset = (uint32_t)offset};
	return TP_DECODE_REJECTED;
}

#endif
