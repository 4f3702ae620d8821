/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_RECORD_FINISH_H
#define TP_RECORD_FINISH_H
/* What every record gets behind its decoder. Worker only. */
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "node.h"

/* event_id and event_time: what does not depend on the format. */
static inline void record_finish(const struct tp_worker *w, struct tp_record *rec)
{
	const struct tp_source *source = tp_source_of(w, rec);
	const struct tp_listener *listener = &w->spec->listeners[rec->listener];
	uint64_t seed = source->seed + rec->result;
	XXH128_hash_t id;
	int64_t t;

	if (unlikely(rec->mqtt))
		seed ^= rec->mqtt->seed;
	else if (unlikely(source->unknown))
		seed ^= XXH3_64bits(rec->source_addr, rec->source_family == 4 ? 4 : 16);
	id = XXH3_128bits_withSeed(rec->payload.p, rec->payload.n, seed);
	memcpy(rec->event_id, &id.low64, 8);
	memcpy(rec->event_id + 8, &id.high64, 8);
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
