/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_RECORD_FINISH_H
#define TP_RECORD_FINISH_H
/* What every record gets behind its decoder. Worker only. */
#include "event_id.h"
#include "node.h"

/* event_id and event_time: what does not depend on the format. */
static inline void record_finish(const struct tp_worker *w, struct tp_record *rec)
{
	const struct tp_source *source = tp_source_of(w, rec);
	const struct tp_listener *listener = &w->spec->listeners[rec->listener];
	uint64_t seed = source->seed + rec->result;
	int64_t t;

	if (unlikely(rec->mqtt))
		seed ^= rec->mqtt->seed;
	else if (unlikely(source->unknown))
		seed ^= XXH3_64bits(rec->source_addr, rec->source_family == 4 ? 4 : 16);
	event_id(rec->event_id, rec->payload.p, rec->payload.n, seed);
	t = rec->has_device_time ? rec->device_time : rec->received_at;
	if (unlikely(t < rec->received_at - listener->clamp_past_us)) {
		t = rec->received_at - listener->clamp_past_us;
		rec->flags |= TP_FLAG_CLOCK_CLAMPED;
	} else if (unlikely(t > rec->received_at + listener->clamp_future_us)) {
		t = rec->received_at + listener->clamp_future_us;
		rec->flags |= TP_FLAG_CLOCK_CLAMPED;
	}
	rec->event_time = t;
}

#endif
