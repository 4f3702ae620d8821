/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Records into batches: a record is encoded where it will stay. Its key and its value are written behind each other into the batch, so there is one
 * copy from decoded fields to what Kafka sends.
 */
#define XXH_INLINE_ALL
#include <errno.h>
#include <xxhash.h>

#include "batches.h"
#include "node.h"
#include "tp_avro.h"
#include "tp_copy.h"

#define AVRO_PREFIX 5 /* 0x00, schema id */

static inline uint8_t *emit_value(const struct tp_topic *topic, uint8_t *at, const struct tp_envelope *env,
        struct tp_slice identity, unsigned int kind, const void *body)
{
	uint32_t id;

	if (topic->encoding == TP_ENCODING_JSON)
		return tp_record_json(at, env, kind, body);
	id = rte_cpu_to_be_32(topic->schema_id);
	at[0] = 0;
	memcpy(at + 1, &id, 4);
	return tp_record_avro_known(at + AVRO_PREFIX, env, identity, kind, body);
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

/* Headers of the entry appended last, behind its value; there is room. */
static __rte_noinline void emit_headers(struct tp_batch *b, struct tp_slice headers)
{
	memcpy(b->data + b->used, headers.p, headers.n);
	b->entries[b->count - 1].headers_len = headers.n;
	b->used += headers.n;
	b->headers = true;
}

/* User properties are headers of the message's own records, not of what else is made of it. */
static inline uint32_t emit_headers_octets(const struct tp_record *rec, unsigned int kind)
{
	return rec->mqtt && kind == rec->kind ? rec->mqtt->properties.n : 0;
}

int tp_emit(struct tp_worker *w, uint16_t topic_index, const struct tp_envelope *env, unsigned int kind, const void *body,
        struct tp_slice key, const struct tp_record *rec)
{
	const struct tp_topic *topic = &w->spec->topics[topic_index];
	uint32_t headers = emit_headers_octets(rec, kind);
	size_t need = key.n + AVRO_PREFIX + headers +
	              (topic->encoding == TP_ENCODING_JSON ? tp_record_json_bound(env, kind, body)
	                                                   : tp_record_avro_bound(env, kind, body));
	int error = 0;
	struct tp_batch *b = tp_batch_room(w, topic_index, key, need, &error);
	uint8_t *value, *end;

	if (unlikely(!b))
		return error;
	value = b->data + b->used + key.n;
	tp_copy_octets(b->data + b->used, key.p, key.n);
	end = emit_value(topic, value, env, tp_source_of(w, rec)->identity, kind, body);
	emit_entry(b, rec, kind, env->received_at / 1000, value, end, key.n);
	if (unlikely(headers))
		emit_headers(b, rec->mqtt->properties);
	tp_batch_wait(w, b, rec->waiter);
	tp_book(w, rec)[TP_C_emitted_bytes] += (uint64_t)(end - value);
	return 0;
}

/* ---- envelope -------------------------------------------------------------------------------------------------------------- */
/* Every octet as decimal text, its length in the fourth place. */
static uint8_t octet_text[256][4];

RTE_INIT(emit_octet_text)
{
	for (int i = 0; i < 256; i++) {
		char text[4];

		octet_text[i][3] = (uint8_t)snprintf(text, sizeof(text), "%d", i);
		memcpy(octet_text[i], text, 3);
	}
}

/* addr as in the packet; 16 octets of text can be written. Returns how many count. */
static uint32_t ip4_text(char *text, const uint8_t *addr)
{
	char *p = text;

	for (int i = 0; i < 4; i++) {
		memcpy(p, octet_text[addr[i]], 4); /* the fourth is overwritten by what follows */
		p += octet_text[addr[i]][3];
		*p++ = '.';
	}
	return (uint32_t)(p - 1 - text);
}

/* RFC 5952 in the plain: lower-case hex groups without leading zeros; the longest run of zero groups as "::". */
static uint32_t ip6_text(char *text, const uint8_t *addr)
{
	int best = -1, best_n = 1;
	char *p = text;

	for (int i = 0; i < 8; i++) {
		int n = 0;

		while (i + n < 8 && addr[2 * (i + n)] == 0 && addr[2 * (i + n) + 1] == 0)
			n++;
		if (n > best_n) {
			best = i;
			best_n = n;
		}
	}
	for (int i = 0; i < 8; i++) {
		unsigned int group = addr[2 * i] << 8 | addr[2 * i + 1];
		int digits = group > 0xfff ? 4 : group > 0xff ? 3 : group > 0xf ? 2 : 1;

		if (i == best) {
			*p++ = ':';
			if (i == 0)
				*p++ = ':';
			i += best_n - 1;
			continue;
		}
		while (digits--)
			*p++ = "0123456789abcdef"[group >> (4 * digits) & 15];
		if (i < 7)
			*p++ = ':';
	}
	return (uint32_t)(p - text);
}

void tp_emit_envelope(struct tp_worker *w, const struct tp_record *rec, struct tp_envelope *env, char *ip)
{
	const struct tp_source *source = tp_source_of(w, rec);

	env->has = rec->has_device_time ? TP_HAS(envelope, device_time) : 0;
	memcpy(env->event_id, rec->event_id, 16);
	env->received_at = rec->received_at;
	env->event_time = rec->event_time;
	env->device_time = rec->device_time;
	env->site = source->site;
	env->device = source->device;
	env->lane = source->lane;
	env->transport = rec->transport;
	env->source_ip.p = (const uint8_t *)ip;
	env->source_ip.n = rec->source_family == 4 ? ip4_text(ip, rec->source_addr) : ip6_text(ip, rec->source_addr);
	env->source_port = rec->source_port;
	env->flags = rec->flags | (source->unknown ? TP_FLAG_UNKNOWN_SOURCE : 0);
	env->payload = (struct tp_slice){NULL, 0};
}

/* ---- records --------------------------------------------------------------------------------------------------------------- */
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

static void emit_arrival_set(struct emit_arrival *arrival, int64_t at)
{
	arrival->at = at;
	arrival->ms = at / 1000;
	arrival->n = (uint32_t)(tp_avro_long(arrival->octets, at) - arrival->octets);
}

/* From the site to the port. The address is written as 16 octets at least, whatever counts of them: there is room behind. */
static __rte_noinline uint8_t *emit_sender_make(uint8_t *p, const struct tp_source *source, const struct tp_record *rec)
{
	uint32_t n;

	memcpy(p, source->identity.p, source->identity.n);
	p = tp_avro_enum(p + source->identity.n, rec->transport);
	n = rec->source_family == 4 ? ip4_text((char *)p + 1, rec->source_addr) : ip6_text((char *)p + 1, rec->source_addr);
	*p = (uint8_t)(n << 1);
	return tp_avro_int(p + 1 + n, rec->source_port);
}

/* What a sender is found by: five fields of a record that stand beside each other. */
_Static_assert(offsetof(struct tp_record, transport) + 1 == offsetof(struct tp_record, source) + sizeof(uint64_t) &&
                       offsetof(struct tp_record, listener) == offsetof(struct tp_record, source) + 2 &&
                       offsetof(struct tp_record, source_port) == offsetof(struct tp_record, source) + 4,
        "source, listener, source_port, source_family, transport");
#define SENDER_MOST 32 /* octets that emit_sender_make() writes beside the identity */

/* Senders are few and send again and again: what their records have in common is kept. */
static inline uint8_t *emit_sender(struct tp_worker *w, uint8_t *p, const struct tp_source *source, const struct tp_record *rec)
{
	struct tp_sender *s;
	uint64_t who;
	uint32_t addr;

	if (unlikely(rec->who))
		return emit_sender_make(p, source, rec);
	memcpy(&who, &rec->source, sizeof(who));
	memcpy(&addr, rec->source_addr, sizeof(addr));
	s = &w->senders[(addr ^ (uint32_t)(who >> 32)) * 0x9e3779b1u >> 24];
	if (unlikely(s->who != who || s->addr != addr || s->n == 0)) {
		if (rec->source_family != 4 || source->identity.n + SENDER_MOST > sizeof(s->octets))
			return emit_sender_make(p, source, rec);
		s->who = who;
		s->addr = addr;
		s->n = (uint8_t)(emit_sender_make(s->octets, source, rec) - s->octets);
	}
	memcpy(p, s->octets, 64);
	if (unlikely(s->n > 64))
		memcpy(p + 64, s->octets + 64, sizeof(s->octets) - 64);
	return p + s->n;
}
_Static_assert(TP_SENDERS == 1 << 8, "eight bits of the hash are the index");

static __rte_noinline uint8_t *emit_times_unusual(uint8_t *p, const struct tp_record *rec)
{
	p = tp_avro_long(p, rec->event_time);
	*p++ = rec->has_device_time ? 2 : 0;
	return rec->has_device_time ? tp_avro_long(p, rec->device_time) : p;
}

/* event_time and device_time; they are the same where the device's time is within the clamp. */
static inline uint8_t *emit_times(uint8_t *p, const struct tp_record *rec)
{
	uint64_t octets = tp_avro_time(rec->event_time);

	if (unlikely(!octets || (rec->has_device_time && rec->device_time != rec->event_time)))
		return emit_times_unusual(p, rec);
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

static __rte_noinline void emit_run_set(const struct tp_worker *w, struct emit_run *run, const struct tp_record *rec)
{
	uint16_t index = w->spec->listeners[rec->listener].topic[rec->kind];
	const struct tp_topic *topic = &w->spec->topics[index];
	uint32_t id = rte_cpu_to_be_32(topic->schema_id);

	run->listener = rec->listener;
	run->kind = rec->kind;
	run->keep = topic->keep_payload;
	run->topic = index;
	run->avro = topic->encoding == TP_ENCODING_AVRO;
	run->prefix[0] = 0;
	memcpy(run->prefix + 1, &id, sizeof(id));
	run->body = tp_record_avro_body_of(rec->kind);
}

/* The octets of its value, or a negative errno as tp_emit() has them. */
static __rte_always_inline int emit_avro(
        struct tp_worker *w, const struct emit_run *run, const struct tp_record *rec, const struct emit_arrival *arrival)
{
	const struct tp_source *source = tp_source_of(w, rec);
	const void *body = &rec->plate_read; /* any member of the union: same address */
	size_t need = EMIT_HEAD + TP_AVRO_SLACK + source->key.n + source->identity.n + run->body.bound(body);
	bool keep = unlikely(run->keep) && rec->payload.p, headers = unlikely(rec->mqtt != NULL) && rec->mqtt->properties.n;
	struct tp_batch *b;
	uint8_t *value, *p;
	int error = 0;

	if (unlikely(keep))
		need += rec->payload.n;
	if (unlikely(headers))
		need += rec->mqtt->properties.n;
	b = tp_batch_room(w, run->topic, source->key, need, &error);
	if (unlikely(!b))
		return error;
	p = b->data + b->used;
	value = p + source->key.n;
	memcpy(p, source->key.p, 32);
	if (unlikely(source->key.n > 32))
		memcpy(p, source->key.p, source->key.n);
	memcpy(value, run->prefix, sizeof(run->prefix));
	p = emit_envelope_avro(w, value + AVRO_PREFIX, source, rec, arrival);
	*p++ = keep ? 2 : 0;
	if (unlikely(keep))
		p = tp_avro_slice(p, rec->payload);
	p = run->body.write(p, body);
	emit_entry(b, rec, rec->kind, arrival->ms, value, p, source->key.n);
	if (unlikely(headers))
		emit_headers(b, rec->mqtt->properties);
	tp_batch_wait(w, b, rec->waiter);
	return (int)(p - value);
}

static __rte_noinline int emit_json(struct tp_worker *w, uint16_t topic, const struct tp_record *rec)
{
	struct tp_envelope env;
	char ip[EMIT_TEXT];

	tp_emit_envelope(w, rec, &env, ip);
	if (w->spec->topics[topic].keep_payload)
		env.payload = rec->payload;
	return tp_emit(w, topic, &env, rec->kind, &rec->plate_read, env.device, rec);
}

static __rte_noinline void emit_failed(struct tp_worker *w, const struct rte_mbuf *m, const struct tp_record *rec, int error)
{
	enum tp_counter reason = error == -EMSGSIZE ? TP_C_record_too_large : TP_C_batch_exhausted;

	tp_book(w, rec)[reason]++;
	tp_tell_given_up(w, m, rec, reason, NULL);
	tp_record_lost(w, rec);
}

void tp_emit_records(struct tp_worker *w, struct rte_mbuf **packets, uint16_t n)
{
	struct emit_run run = {.kind = TP_KIND_COUNT};
	struct emit_arrival arrival;

	emit_arrival_set(&arrival, w->now_us);
	for (uint16_t i = 0; i < n; i++) {
		const struct tp_record *rec = tp_rec(packets[i]);
		struct tp_book *book;
		int rc;

		if (unlikely(rec->received_at != arrival.at))
			emit_arrival_set(&arrival, rec->received_at);
		if (unlikely(rec->listener != run.listener || rec->kind != run.kind))
			emit_run_set(w, &run, rec);
		rc = likely(run.avro) ? emit_avro(w, &run, rec, &arrival) : emit_json(w, run.topic, rec);
		if (unlikely(rc < 0)) {
			emit_failed(w, packets[i], rec, rc);
			continue;
		}
		book = &w->books[rec->source];
		book->c[TP_C_decoded]++;
		book->c[TP_C_emitted]++;
		book->c[TP_C_emitted_bytes] += (unsigned int)rc; /* tp_emit() counts its own */
		if (rec->has_device_time)
			tp_seen_clock(&book->seen, rec->device_time - rec->received_at);
	}
}

/* ---- dead letters ---------------------------------------------------------------------------------------------------------- */
static bool dead_letter_allowed(struct tp_worker *w)
{
	if (w->now_tsc >= w->dlq_refill_tsc) {
		w->dlq_tokens = w->spec->dlq_rate;
		w->dlq_refill_tsc = w->now_tsc + w->tsc_hz;
	}
	if (w->dlq_tokens == 0)
		return false;
	w->dlq_tokens--;
	return true;
}

void tp_emit_dead_letter(struct tp_worker *w, const struct tp_record *rec, const struct tp_verdict *verdict)
{
	const struct tp_listener *listener = &w->spec->listeners[rec->listener];
	struct tp_dlq dlq = {
	        .listener = tp_slice_of(listener->name),
	        .stage = tp_slice_of(tp_stage_names[verdict->stage]),
	        .reason = tp_slice_of(tp_counter_descs[verdict->reason].name),
	        .offset = (int32_t)verdict->offset,
	        .suppressed = (int64_t)w->dlq_suppressed,
	        .bytes = rec->payload.n ? rec->payload : TP_SLICE(""),
	};
	struct tp_envelope env;
	char ip[48];

	tp_emit_envelope(w, rec, &env, ip);
	/* Who waits for a message may have its acknowledgement only where its bytes are kept: no rate applies. */
	if (rec->waiter == TP_NOBODY_WAITS && !dead_letter_allowed(w)) {
		tp_book(w, rec)[TP_C_dead_letters_limited]++;
		w->dlq_suppressed++;
		return;
	}
	if (tp_emit(w, listener->topic[TP_KIND_dlq], &env, TP_KIND_dlq, &dlq, env.device, rec) == 0) {
		tp_book(w, rec)[TP_C_dead_letters]++;
		w->dlq_suppressed = 0;
	} else {
		tp_book(w, rec)[TP_C_dead_letters_lost]++;
		tp_record_lost(w, rec);
		w->dlq_suppressed++;
	}
}
