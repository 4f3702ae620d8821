/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Records into batches: a record is encoded where it will stay. Its key and its value are written behind each other into the batch, so there is one
 * copy from decoded fields to what Kafka sends.
 */
#define XXH_INLINE_ALL
#include <errno.h>
#include <xxhash.h>

#include "emit_avro.h"
#include "tp_copy.h"

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

/* How octets are counted; the entry of a covert alert is marked, so that its end is counted apart, too. */
static inline enum tp_counter emit_mark(struct tp_batch *b, bool covert)
{
	if (likely(!covert))
		return TP_C_emitted_bytes;
	b->entries[b->count - 1].covert = true;
	b->covert = true;
	return TP_C_covert_bytes;
}

static inline int emit_one(struct tp_worker *w, uint16_t topic_index, const struct tp_envelope *env, unsigned int kind,
        const void *body, struct tp_slice key, const struct tp_record *rec, bool covert)
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
	tp_book(w, rec)[emit_mark(b, covert)] += (uint64_t)(end - value);
	return 0;
}

int tp_emit(struct tp_worker *w, uint16_t topic, const struct tp_envelope *env, unsigned int kind, const void *body,
        struct tp_slice key, const struct tp_record *rec)
{
	return emit_one(w, topic, env, kind, body, key, rec, false);
}

int tp_emit_alert(struct tp_worker *w, const struct tp_envelope *env, const struct tp_alert_match *alert, struct tp_slice key,
        const struct tp_record *rec, bool covert)
{
	return emit_one(
	        w, w->spec->listeners[rec->listener].topic[TP_KIND_alert_match], env, TP_KIND_alert_match, alert, key, rec, covert);
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
uint8_t *tp_emit_sender_make(uint8_t *p, const struct tp_source *source, const struct tp_record *rec)
{
	uint32_t n;

	memcpy(p, source->identity.p, source->identity.n);
	p = tp_avro_enum(p + source->identity.n, rec->transport);
	n = rec->source_family == 4 ? ip4_text((char *)p + 1, rec->source_addr) : ip6_text((char *)p + 1, rec->source_addr);
	*p = (uint8_t)(n << 1);
	return tp_avro_int(p + 1 + n, rec->source_port);
}

uint8_t *tp_emit_times_unusual(uint8_t *p, const struct tp_record *rec)
{
	p = tp_avro_long(p, rec->event_time);
	*p++ = rec->has_device_time ? 2 : 0;
	return rec->has_device_time ? tp_avro_long(p, rec->device_time) : p;
}

void tp_emit_run_set(const struct tp_worker *w, struct emit_run *run, const struct tp_record *rec, uint8_t kind)
{
	uint16_t index = w->spec->listeners[rec->listener].topic[kind];
	const struct tp_topic *topic = &w->spec->topics[index];
	uint32_t id = rte_cpu_to_be_32(topic->schema_id);

	run->listener = rec->listener;
	run->kind = kind;
	run->keep = topic->keep_payload;
	run->topic = index;
	run->avro = topic->encoding == TP_ENCODING_AVRO;
	run->prefix[0] = 0;
	memcpy(run->prefix + 1, &id, sizeof(id));
	run->body = tp_record_avro_body_of(kind);
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
	value = emit_front(b->data + b->used, source->key, run);
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
		int rc;

		if (unlikely(rec->received_at != arrival.at))
			emit_arrival_set(&arrival, rec->received_at);
		if (unlikely(rec->listener != run.listener || rec->kind != run.kind))
			tp_emit_run_set(w, &run, rec, rec->kind);
		rc = likely(run.avro) ? emit_avro(w, &run, rec, &arrival) : emit_json(w, run.topic, rec);
		if (unlikely(rc < 0)) {
			emit_failed(w, packets[i], rec, rc);
			continue;
		}
		emit_count(w, rec, (uint32_t)rc);
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
