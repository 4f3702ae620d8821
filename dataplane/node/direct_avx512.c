/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The short way of records, with AVX-512, in two forms. A sender of IPv4 datagrams whose topic keeps no payloads has the front of its records kept,
 * from the key to the octet in front of the body: it is copied as a whole, and what differs is written over it. Everything else - other
 * senders, the first record of a sender or of a moment, times that are clamped - is put together piece by piece. Both write the same.
 */
#include "direct.h"
#include "record_finish.h"

/* ---- piece by piece ---------------------------------------------------------------------------------------------------------- */

/* The open batch for the record where it certainly has room, or NULL. */
static inline struct tp_batch *direct_room(
        const struct tp_worker *w, const struct direct *d, const struct tp_source *source, uint32_t payload)
{
	size_t need = EMIT_HEAD + TP_AVRO_SLACK + TP_DIRECT_ROOM + source->key.n + source->identity.n + 2 * (size_t)payload;
	struct tp_batch *b = w->open[d->run.topic * w->n_buckets + tp_batch_bucket(w, d->run.topic, source->key)];

	return likely(b && b->capacity - b->used >= need && b->count < b->entry_capacity) ? b : NULL;
}

/* Two times of eight octets each; false where one has another length. */
static inline bool direct_times(uint8_t *p, const struct tp_record *rec)
{
	uint64_t event = tp_avro_time(rec->event_time), device = event;

	if (unlikely(rec->device_time != rec->event_time))
		device = tp_avro_time(rec->device_time);
	memcpy(p, &event, 8);
	p[8] = 2;
	memcpy(p + 9, &device, 8);
	return event && device;
}
#define DIRECT_TIMES 17

/* Puts the record of a datagram into its batch and counts it, or returns false. */
static bool direct_emit(struct tp_worker *w, struct direct *d, struct tp_record *rec)
{
	const struct tp_source *source = &w->spec->sources[rec->source];
	uint8_t *value, *times, *flags, *p;
	struct tp_batch *b;

	if (unlikely(!rec->payload.p || rec->mqtt || rec->who))
		return false;
	if (unlikely(rec->received_at != d->arrival.at))
		emit_arrival_set(&d->arrival, rec->received_at);
	if (unlikely(rec->listener != d->run.listener))
		tp_emit_run_set(w, &d->run, rec, d->kind);
	b = direct_room(w, d, source, rec->payload.n);
	if (unlikely(!b || !d->run.avro))
		return false;
	value = emit_front(b->data + b->used, source->key, &d->run);
	p = value + AVRO_PREFIX + sizeof(rec->event_id);
	memcpy(p, d->arrival.octets, 16);
	times = p + d->arrival.n;
	flags = emit_sender(w, times + DIRECT_TIMES, source, rec);
	p = flags + 1;
	*p++ = d->run.keep ? 2 : 0;
	if (unlikely(d->run.keep))
		p = tp_avro_slice(p, rec->payload);
	p = d->write(rec, p);
	if (unlikely(!p))
		return false;
	record_finish(w, rec);
	tp_avro_id(value + AVRO_PREFIX, rec->event_id);
	*flags = (uint8_t)((rec->flags | (source->unknown ? TP_FLAG_UNKNOWN_SOURCE : 0)) << 1);
	if (unlikely(!direct_times(times, rec)))
		return false;
	emit_entry(b, rec, rec->kind, d->arrival.ms, value, p, source->key.n);
	emit_count(w, rec, (uint32_t)(p - value));
	return true;
}

/* ---- with the front that is kept -------------------------------------------------------------------------------------------- */
/* Behind the key: prefix, id, three times, then from the site to the port, flags and no payload. */
#define FRONT_ID      AVRO_PREFIX
#define FRONT_ARRIVAL (FRONT_ID + 16)
#define FRONT_EVENT   (FRONT_ARRIVAL + 8)
#define FRONT_DEVICE  (FRONT_EVENT + 9)
#define FRONT_SENDER  (FRONT_DEVICE + 8)
#define FRONT_END     2 /* octets behind the port */

/* The entry of a batch is written in eights. */
_Static_assert(offsetof(struct tp_batch_entry, value_off) == 8 && offsetof(struct tp_batch_entry, value_len) == 12 &&
                       offsetof(struct tp_batch_entry, key_len) == 16 && offsetof(struct tp_batch_entry, headers_len) == 24 &&
                       sizeof(struct tp_batch_entry) == 32,
        "what direct_entry() writes");

static __rte_always_inline struct tp_front *direct_slot(struct tp_worker *w, uint64_t who, uint32_t addr)
{
	struct tp_front *f = &w->fronts[(addr ^ (uint32_t)(who >> 32)) * 0x9e3779b1u >> 24];

	__asm__("" : "+r"(f)); /* or the compiler makes the address again for every field */
	return f;
}
_Static_assert(TP_FRONTS == 1 << 8, "eight bits of the hash are the index");

static uint64_t direct_seed(const struct tp_source *source, const struct tp_record *rec)
{
	return source->unknown ? source->seed ^ XXH3_64bits(rec->source_addr, 4) : source->seed;
}

/*
 * Keeps the front of a sender's records, where it has one of the usual form. The run is that of the record. With more senders than there are slots
 * most fronts would be replaced before they are used, so only some are learned.
 */
#define LEARN_MOST 4 /* a vector */
static __rte_noinline void direct_learn(struct tp_worker *w, struct direct *d, const struct tp_record *rec)
{
	const struct tp_source *source = &w->spec->sources[rec->source];
	const struct tp_listener *listener = &w->spec->listeners[rec->listener];
	struct tp_batch_entry entry = {.key_len = (uint16_t)source->key.n, .source = rec->source, .kind = d->kind};
	struct tp_front *f;
	uint64_t who;
	uint32_t addr;
	uint8_t *p;

	if (rec->source_family != 4 || d->run.keep ||
	        source->key.n + FRONT_SENDER + source->identity.n + SENDER_MOST + FRONT_END > sizeof(f->octets))
		return;
	memcpy(&who, &rec->source, sizeof(who));
	memcpy(&addr, rec->source_addr, sizeof(addr));
	f = direct_slot(w, who, addr);
	if ((f->who == who && f->addr == addr) || d->learned == LEARN_MOST)
		return;
	d->learned++;
	memset(f, 0, sizeof(*f));
	memcpy(f->octets, source->key.p, source->key.n);
	p = f->octets + source->key.n;
	memcpy(p, d->run.prefix, AVRO_PREFIX);
	p[FRONT_DEVICE - 1] = 2;
	p = tp_emit_sender_make(p + FRONT_SENDER, source, rec);
	f->flags = source->unknown ? TP_FLAG_UNKNOWN_SOURCE : 0;
	p[0] = p[1] = 0;
	f->n = (uint8_t)(p + FRONT_END - f->octets);
	f->key_n = (uint8_t)source->key.n;
	f->topic = d->run.topic;
	f->seed = direct_seed(source, rec);
	f->skew_least = -listener->clamp_past_us;
	f->skew_most = listener->clamp_future_us;
	f->room = EMIT_HEAD + TP_AVRO_SLACK + TP_DIRECT_ROOM + source->key.n + source->identity.n;
	f->book = &w->books[rec->source];
	memcpy(&f->entry, &entry.key_len, sizeof(f->entry));
	f->addr = addr;
	f->who = who;
}

/* The open batch where it certainly has room, or NULL. */
static __rte_always_inline struct tp_batch *direct_front_room(const struct tp_worker *w, const struct tp_front *f, uint32_t payload)
{
	struct tp_slice key = {f->octets, f->key_n};
	struct tp_batch *b = likely(w->n_buckets == 1) ? w->open[f->topic]
	                                               : w->open[f->topic * w->n_buckets + tp_batch_bucket(w, f->topic, key)];
	uint64_t need = f->room + 2 * (uint64_t)payload;

	return likely(b && b->capacity - b->used >= need && b->count < b->entry_capacity) ? b : NULL;
}

static __rte_always_inline void direct_entry(
        struct tp_batch *b, const struct tp_front *f, int64_t ms, uint32_t value_off, const uint8_t *end)
{
	uint8_t *entry = (uint8_t *)&b->entries[b->count++];
	uint64_t place, none = 0;

	b->used = (uint32_t)(end - b->data);
	place = value_off | (uint64_t)(b->used - value_off) << 32;
	memcpy(entry, &ms, 8);
	memcpy(entry + 8, &place, 8);
	memcpy(entry + 16, &f->entry, 8);
	memcpy(entry + 24, &none, 8);
}

/* The times of a record that did not come when its device says; false where one of them is not of eight octets. */
static __rte_noinline bool direct_clamped(uint8_t *p, int64_t device, int64_t event)
{
	uint64_t octets = tp_avro_time(device), clamped = tp_avro_time(event);

	memcpy(p, &clamped, 8);
	memcpy(p + FRONT_DEVICE - FRONT_EVENT, &octets, 8);
	return octets && clamped;
}

static __rte_always_inline void direct_count(struct tp_book *book, uint32_t octets, int64_t skew)
{
	book->c[TP_C_decoded]++;
	book->c[TP_C_emitted]++;
	book->c[TP_C_emitted_bytes] += octets;
	tp_seen_clock(&book->seen, skew);
}

enum direct_end {
	DIRECT_DONE,  /* the record stands in its batch and is counted */
	DIRECT_OTHER, /* not with a front; nothing has happened */
	DIRECT_LEFT,  /* nor otherwise: the decoder has to read it; nothing has happened */
};

static __rte_always_inline enum direct_end direct_usual(struct tp_worker *w, const struct direct *d, struct tp_record *rec)
{
	const struct tp_front *f;
	uint8_t *front, *value, *end, *flags;
	struct tp_batch *b;
	uint64_t who, time;
	uint32_t addr;
	int64_t skew;

	memcpy(&who, &rec->source, sizeof(who));
	memcpy(&addr, rec->source_addr, sizeof(addr));
	f = direct_slot(w, who, addr);
	if (unlikely(f->who != who || f->addr != addr || rec->received_at != d->usual_at))
		return DIRECT_OTHER;
	if (unlikely(!rec->payload.p || ((uintptr_t)rec->mqtt | (uintptr_t)rec->who)))
		return DIRECT_OTHER;
	b = direct_front_room(w, f, rec->payload.n);
	if (unlikely(!b))
		return DIRECT_OTHER;
	front = b->data + b->used;
	memcpy(front, f->octets, 64);
	memcpy(front + 64, f->octets + 64, 64);
	if (unlikely(f->n > 128))
		memcpy(front + 128, f->octets + 128, 64);
	end = d->write(rec, front + f->n);
	if (unlikely(!end))
		return DIRECT_LEFT;
	value = front + f->key_n;
	memcpy(value + FRONT_ARRIVAL, d->arrival.octets, 8);
	flags = front + f->n - FRONT_END;
	*flags = (uint8_t)((rec->flags | f->flags) << 1);
	skew = rec->device_time - d->usual_at;
	time = tp_avro_time(rec->device_time);
	rec->event_time = rec->device_time;
	memcpy(value + FRONT_EVENT, &time, 8);
	memcpy(value + FRONT_DEVICE, &time, 8);
	if (unlikely(skew < f->skew_least || skew > f->skew_most)) {
		*flags |= TP_FLAG_CLOCK_CLAMPED << 1;
		rec->flags |= TP_FLAG_CLOCK_CLAMPED;
		rec->event_time = d->usual_at + (skew < 0 ? f->skew_least : f->skew_most);
		time = direct_clamped(value + FRONT_EVENT, rec->device_time, rec->event_time);
	}
	if (unlikely(!time))
		return DIRECT_LEFT;
	event_id(value + FRONT_ID, rec->payload.p, rec->payload.n, f->seed);
	if (d->listed)
		memcpy(rec->event_id, value + FRONT_ID, sizeof(rec->event_id));
	direct_entry(b, f, d->arrival.ms, (uint32_t)(value - b->data), end);
	direct_count(f->book, (uint32_t)(end - value), skew);
	return DIRECT_DONE;
}

/* A record that did not have the front: the next one of its sender and moment may. */
static __rte_noinline enum direct_end direct_other(struct tp_worker *w, struct direct *d, struct tp_record *rec)
{
	if (!direct_emit(w, d, rec))
		return DIRECT_LEFT;
	d->usual_at = d->arrival.n == 8 ? d->arrival.at : INT64_MIN;
	direct_learn(w, d, rec);
	return DIRECT_DONE;
}

uint16_t tp_direct_run(struct tp_worker *w, struct direct *d, void **packets, uint16_t n)
{
	uint16_t i = 0;

	for (; i < n; i++) {
		enum direct_end end = direct_usual(w, d, tp_rec(packets[i]));

		if (unlikely(end == DIRECT_OTHER))
			end = direct_other(w, d, tp_rec(packets[i]));
		if (unlikely(end == DIRECT_LEFT))
			break;
	}
	return i;
}
