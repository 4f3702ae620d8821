/* SPDX-License-Identifier: BSD-3-Clause */
/* The short way of records, with AVX-512. */
#include "direct.h"
#include "record_finish.h"

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
static __rte_always_inline bool direct_emit(struct tp_worker *w, struct direct *d, struct tp_record *rec)
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

uint16_t tp_direct_run(struct tp_worker *w, struct direct *d, void **packets, uint16_t n)
{
	uint16_t i = 0;

	while (i < n && direct_emit(w, d, tp_rec(packets[i])))
		i++;
	return i;
}
