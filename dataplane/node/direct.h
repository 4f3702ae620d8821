/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_DIRECT_H
#define TP_DIRECT_H
/*
 * The short way of a record: from the bits of a usual datagram into its batch, without a body in between (tp_direct_fn). It is there where the format
 * has one, the topic is Avro, no alert rule looks at what the format makes, and an open batch has room; else nothing has happened, and
 * decoder and record_emit, which stay the reference, do it all. Both ways make the same octets and move the same counters. Plate lists look at the
 * record behind that (match_emitted): all that they and their alerts need of it is written, too.
 *
 * The envelope of such a record has a length that is known before its body: so both are written where they stay, in one pass. Formats have a short
 * way on processors with AVX-512 only, so all of it is compiled for them. Worker only.
 */
#include "emit_avro.h"

/* One vector of one format. */
struct direct {
	tp_direct_fn write; /* NULL: not for the rest of the vector */
	uint8_t kind;
	bool listed;          /* plate lists look at the records */
	uint16_t taken, left; /* packets so far: put into their batches, and those that had to be decoded */
	struct emit_run run;
	struct emit_arrival arrival;
	uint32_t learned; /* senders whose front was kept */
	int64_t usual_at; /* arrival.at where it takes eight octets; else a time that is never */
};

static inline void direct_begin(struct direct *d, const struct tp_worker *w, struct tp_format *format)
{
	d->write = format->rest || format->through == w->walk ? NULL : format->direct;
	format->rest -= format->rest != 0;
	d->taken = d->left = 0;
	if (!d->write)
		return;
	d->kind = format->decoder->direct_kind;
	d->listed = format->listed;
	d->run.kind = TP_KIND_COUNT;
	d->run.listener = TP_NO_LISTENER;
	emit_arrival_set(&d->arrival, w->now_us);
	d->learned = 0;
	d->usual_at = d->arrival.n == 8 ? d->arrival.at : INT64_MIN;
}

/*
 * Puts the records of the first of n packets into their batches and counts them, up to one that has to be decoded. Returns of how many. Only where
 * d->write is not NULL, so on a processor with AVX-512.
 */
uint16_t tp_direct_run(struct tp_worker *w, struct direct *d, void **packets, uint16_t n);

#endif
