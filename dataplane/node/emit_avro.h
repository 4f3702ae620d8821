/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_EMIT_AVRO_H
#define TP_EMIT_AVRO_H
/*
 * The pieces of a record in an Avro topic that the two ways to one share: emit.c, which encodes what decoders made, and direct.h. Worker only.
 */
#include "batches.h"
#include "tp_avro.h"

#define AVRO_PREFIX 5 /* 0x00, schema id */

/*
 * A record into an Avro topic, which is nearly every record: its envelope is written from where its parts lie, without a struct tp_envelope
 * in between. What is written is what tp_record_avro_known() writes.
 */
#define EMIT_TEXT 48 /* an address as text, and then some */
/* Key and source identity apart: prefix, id, three times, transport, address, port, flags, payload's length. */
#define EMIT_HEAD (AVRO_PREFIX + 16 + 10 + 10 + 11 + 1 + 5 + EMIT_TEXT + 5 + 2 + 6)

/* What the records that came at one time have in common. */
struct emit_arrival {
	int64_t at, ms;
	uint32_t n;         /* octets */
	uint8_t octets[32]; /* received_at in Avro; 16 count at most */
};

static inline void emit_arrival_set(struct emit_arrival *arrival, int64_t at)
{
	arrival->at = at;
	arrival->ms = at / 1000;
	arrival->n = (uint32_t)(tp_avro_long(arrival->octets, at) - arrival->octets);
}

/* From the site to the port. The address is written as 16 octets at least, whatever counts of them: there is room behind. */
uint8_t *tp_emit_sender_make(uint8_t *p, const struct tp_source *source, const struct tp_record *rec);
/* event_time and device_time of any record. */
uint8_t *tp_emit_times_unusual(uint8_t *p, const struct tp_record *rec);

/* What a sender is found by: five fields of a record that stand beside each other. */
_Static_assert(offsetof(struct tp_record, transport) + 1 == offsetof(struct tp_record, source) + sizeof(uint64_t) &&
                       offsetof(struct tp_record, listener) == offsetof(struct tp_record, source) + 2 &&
                       offsetof(struct tp_record, source_port) == offsetof(struct tp_record, source) + 4,
        "source, listener, source_port, source_family, transport");
#define SENDER_MOST 32 /* octets that tp_emit_sender_make() writes beside the identity */

/* Senders are few and send again and again: what their records have in common is kept. */
static inline uint8_t *emit_sender(struct tp_worker *w, uint8_t *p, const struct tp_source *source, const struct tp_record *rec)
{
	struct tp_sender *s;
	uint64_t who;
	uint32_t addr;

	if (unlikely(rec->who))
		return tp_emit_sender_make(p, source, rec);
	memcpy(&who, &rec->source, sizeof(who));
	memcpy(&addr, rec->source_addr, sizeof(addr));
	s = &w->senders[(addr ^ (uint32_t)(who >> 32)) * 0x9e3779b1u >> 24];
	if (unlikely(s->who != who || s->addr != addr || s->n == 0)) {
		if (rec->source_family != 4 || source->identity.n + SENDER_MOST > sizeof(s->octets))
			return tp_emit_sender_make(p, source, rec);
		s->who = who;
		s->addr = addr;
		s->n = (uint8_t)(tp_emit_sender_make(s->octets, source, rec) - s->octets);
	}
	memcpy(p, s->octets, 64);
	if (unlikely(s->n > 64))
		memcpy(p + 64, s->octets + 64, sizeof(s->octets) - 64);
	return p + s->n;
}
_Static_assert(TP_SENDERS == 1 << 8, "eight bits of the hash are the index");

/* event_time and device_time; they are the same where the device's time is within the clamp. */
static inline uint8_t *emit_times(uint8_t *p, const struct tp_record *rec)
{
	uint64_t octets = tp_avro_time(rec->event_time);

	if (unlikely(!octets || (rec->has_device_time && rec->device_time != rec->event_time)))
		return tp_emit_times_unusual(p, rec);
	memcpy(p, &octets, 8);
	p[8] = rec->has_device_time ? 2 : 0;
	memcpy(p + 9, &octets, 8);
	return p + 9 + (rec->has_device_time ? 8 : 0);
}

/* Below 64 they are one octet, and those of datagrams always are. */
static inline uint8_t *emit_flags(uint8_t *p, uint32_t flags)
{
	if (unlikely(flags >= 64))
		return tp_avro_int(p, (int32_t)flags);
	*p = (uint8_t)(flags << 1);
	return p + 1;
}

static inline uint8_t *emit_envelope_avro(struct tp_worker *w, uint8_t *p, const struct tp_source *source,
        const struct tp_record *rec, const struct emit_arrival *arrival)
{
	p = tp_avro_id(p, rec->event_id);
	memcpy(p, arrival->octets, 16);
	p = emit_times(p + arrival->n, rec);
	p = emit_sender(w, p, source, rec);
	return emit_flags(p, rec->flags | (source->unknown ? TP_FLAG_UNKNOWN_SOURCE : 0));
}

/* What the records of one listener and kind have in common. Most vectors are of one of each, so it is looked up once for all of them. */
struct emit_run {
	uint16_t listener;
	uint8_t kind; /* TP_KIND_COUNT: of none yet */
	uint8_t keep; /* the topic keeps payloads */
	uint16_t topic;
	bool avro;
	uint8_t prefix[8]; /* AVRO_PREFIX count */
	struct tp_avro_body body;
};

/* For records of that kind of the listener of rec. */
void tp_emit_run_set(const struct tp_worker *w, struct emit_run *run, const struct tp_record *rec, uint8_t kind);

/* Key and prefix, from the end of what is used; the key and the prefix are stored as 32 and 8 octets, there is room. Returns where the value begins. */
static inline uint8_t *emit_front(uint8_t *p, struct tp_slice key, const struct emit_run *run)
{
	memcpy(p, key.p, 32);
	if (unlikely(key.n > 32))
		memcpy(p, key.p, key.n);
	memcpy(p + key.n, run->prefix, sizeof(run->prefix));
	return p + key.n;
}

static inline void emit_count(struct tp_worker *w, const struct tp_record *rec, uint32_t octets)
{
	struct tp_book *book = &w->books[rec->source];

	book->c[TP_C_decoded]++;
	book->c[TP_C_emitted]++;
	book->c[TP_C_emitted_bytes] += octets; /* tp_emit() counts its own */
	if (rec->has_device_time)
		tp_seen_clock(&book->seen, rec->device_time - rec->received_at);
}

/* The entry of what has been written: a value with its key in front. */
static inline void emit_entry(struct tp_batch *b, const struct tp_record *rec, unsigned int kind, int64_t ms, const uint8_t *value,
        const uint8_t *end, uint32_t key_len)
{
	b->entries[b->count++] = (struct tp_batch_entry){
	        .timestamp_ms = ms,
	        .value_off = (uint32_t)(value - b->data),
	        .value_len = (uint32_t)(end - value),
	        .key_len = (uint16_t)key_len,
	        .source = rec->source,
	        .kind = (uint8_t)kind,
	};
	b->used = (uint32_t)(end - b->data);
}

#endif
