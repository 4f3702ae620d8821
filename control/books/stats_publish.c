/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ops.edge.stats.v1: the books as records on a topic. A record is encoded into a batch of control's own; when it is full it goes
 * to the sink and the next one is taken, so thousands of sources need neither one huge buffer nor one batch each.
 *
 * The records are made by the appliance, not received: transport `internal`, device and key the appliance's name, and an event_id
 * from scope, source and time, so that the same snapshot has the same identity wherever it is read.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "books.h"

#define STATS_BATCH_OCTETS (256 * 1024)
#define STATS_AVRO_HEADER  5 /* 0x00 and the schema id in big-endian */
#define STATS_MAX_REASONS  (TP_COUNTER_COUNT + TP_FAILURE_COUNT + TP_GUARD_REASON_COUNT + 4)

struct tp_stats_publisher {
	const struct tp_plan_spec *plan;
	uint16_t topic;
	char appliance[256];
};

int tp_stats_publisher_new(const struct tp_plan_spec *plan, const char *appliance, struct tp_stats_publisher **publisher)
{
	struct tp_stats_publisher *p;
	unsigned int topic = 0;

	while (topic < plan->n_topics && plan->topics[topic].kind != TP_KIND_edge_stats)
		topic++;
	if (topic == plan->n_topics)
		return -ENOENT;
	p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->plan = plan;
	p->topic = (uint16_t)topic;
	if (appliance)
		snprintf(p->appliance, sizeof(p->appliance), "%s", appliance);
	else if (gethostname(p->appliance, sizeof(p->appliance) - 1) != 0)
		snprintf(p->appliance, sizeof(p->appliance), "turnpike");
	*publisher = p;
	return 0;
}

void tp_stats_publisher_free(struct tp_stats_publisher *publisher)
{
	free(publisher);
}

/* ---- a line of the books as a record ------------------------------------------------------------------------------------- */

static void stats_event_id(uint8_t id[16], const char *appliance, int line, int64_t at_us)
{
	struct {
		int64_t at_us;
		int64_t line;
		char appliance[256];
	} what = {.at_us = at_us, .line = line};
	XXH128_canonical_t canonical;
	size_t n = strlen(appliance);

	memcpy(what.appliance, appliance, n);
	XXH128_canonicalFromHash(&canonical, XXH3_128bits(&what, offsetof(__typeof__(what), appliance) + n));
	memcpy(id, canonical.digest, 16);
}

static void stats_envelope(const struct tp_stats_publisher *p, int line, int64_t at_us, struct tp_envelope *env)
{
	*env = (struct tp_envelope){
	        .received_at = at_us,
	        .event_time = at_us,
	        .site = TP_SLICE(""),
	        .device = tp_slice_of(p->appliance),
	        .transport = TP_transport_internal,
	        .source_ip = TP_SLICE(""),
	};
	stats_event_id(env->event_id, p->appliance, line, at_us);
}

static uint32_t stats_add_reason(struct tp_edge_counter *reasons, uint32_t n, const char *name, uint64_t count)
{
	if (count)
		reasons[n++] = (struct tp_edge_counter){.name = tp_slice_of(name), .count = (int64_t)count};
	return n;
}

/* Every counter that is not a column of the record already. */
static uint32_t stats_reasons(const struct tp_account *a, struct tp_edge_counter *reasons)
{
	uint32_t n = 0;

	for (unsigned int i = 0; i < TP_COUNTER_COUNT; i++)
		if (i != TP_C_received && i != TP_C_extra && i != TP_C_decoded && i != TP_C_suppressed)
			n = stats_add_reason(reasons, n, tp_counter_descs[i].name, a->c[i]);
	for (unsigned int i = 0; i < TP_FAILURE_COUNT; i++)
		n = stats_add_reason(reasons, n, tp_failure_names[i], a->failed[i]);
	return stats_add_reason(reasons, n, "published", a->published);
}

static void stats_ports(const struct tp_books_snapshot *snap, struct tp_edge_stats *r, struct tp_edge_counter *reasons)
{
	r->reasons.count = stats_add_reason(reasons, r->reasons.count, "port_missed", snap->port_missed);
	r->reasons.count = stats_add_reason(reasons, r->reasons.count, "port_no_mbuf", snap->port_no_mbuf);
	r->reasons.count = stats_add_reason(reasons, r->reasons.count, "port_errors", snap->port_errors);
	for (unsigned int i = 0; i < TP_GUARD_REASON_COUNT; i++)
		r->reasons.count = stats_add_reason(reasons, r->reasons.count, books_xdp[i].name, snap->port_xdp[i]);
}

static void stats_scope(const struct tp_plan_spec *plan, int line, struct tp_edge_stats *r)
{
	const struct tp_source *source = line > 0 ? books_source(plan, (unsigned int)line) : NULL;

	r->scope = line == BOOKS_TOTAL ? TP_stats_scope_total : line == 0 ? TP_stats_scope_nobody : TP_stats_scope_source;
	if (!source)
		return;
	r->source_site = source->site;
	r->source_device = source->device;
	r->source_lane = source->lane;
}

static void stats_record(const struct tp_books_snapshot *snap, const struct tp_plan_spec *plan, int line, struct tp_edge_stats *r,
        struct tp_edge_counter *reasons)
{
	struct tp_account open = line == BOOKS_TOTAL ? snap->total : snap->source[line], *a = &open;

	tp_books_open(a); /* who reads the topic need not be one who may know of covert alerts */
	*r = (struct tp_edge_stats){
	        .balanced = books_plausible(a),
	        .received = (int64_t)a->c[TP_C_received],
	        .extra = (int64_t)a->c[TP_C_extra],
	        .decoded = (int64_t)a->c[TP_C_decoded],
	        .malformed = (int64_t)a->malformed,
	        .refused = (int64_t)a->refused,
	        .dropped = (int64_t)a->dropped,
	        .answered = (int64_t)a->answered,
	        .suppressed = (int64_t)a->c[TP_C_suppressed],
	        .emitted = (int64_t)a->emitted_all,
	        .acknowledged = (int64_t)a->acknowledged,
	        .in_workers = a->in_workers,
	        .in_flight = a->in_flight,
	        .spooled = (int64_t)a->spooled,
	        .failed = (int64_t)a->failed_sum,
	};
	stats_scope(plan, line, r);
	r->reasons.items = reasons;
	r->reasons.count = stats_reasons(a, reasons);
	if (line == BOOKS_TOTAL)
		stats_ports(snap, r, reasons);
}

/* ---- into batches -------------------------------------------------------------------------------------------------------- */

struct stats_writer {
	const struct tp_stats_publisher *publisher;
	const struct tp_sink_ops *ops;
	struct tp_sink *sink;
	struct tp_batch *batch;
	unsigned int submitted;
};

static void stats_submit(struct stats_writer *w)
{
	struct tp_batch *batch = w->batch;

	w->batch = NULL;
	if (!batch)
		return;
	if (batch->count == 0) {
		tp_control_batch_give_back(batch);
		return;
	}
	w->submitted += batch->count;
	tp_ledger_published(batch->count);
	w->ops->submit(w->sink, batch);
}

/* A batch with room for that many octets. 0 or -ENOBUFS. */
static int stats_room(struct stats_writer *w, size_t octets)
{
	if (w->batch && w->batch->used + octets <= w->batch->capacity && w->batch->count < w->batch->entry_capacity)
		return 0;
	stats_submit(w);
	w->batch = tp_control_batch_take(octets > STATS_BATCH_OCTETS ? octets : STATS_BATCH_OCTETS);
	if (!w->batch)
		return -ENOBUFS;
	w->batch->topic = w->publisher->topic;
	return 0;
}

static uint8_t *stats_encode(
        const struct tp_topic *topic, uint8_t *out, const struct tp_envelope *env, const struct tp_edge_stats *r)
{
	if (topic->encoding == TP_ENCODING_JSON)
		return tp_record_json(out, env, TP_KIND_edge_stats, r);
	*out++ = 0;
	for (int shift = 24; shift >= 0; shift -= 8)
		*out++ = (uint8_t)(topic->schema_id >> shift);
	return tp_record_avro(out, env, TP_KIND_edge_stats, r);
}

static int stats_append(struct stats_writer *w, const struct tp_envelope *env, const struct tp_edge_stats *r)
{
	const struct tp_topic *topic = &w->publisher->plan->topics[w->publisher->topic];
	struct tp_slice key = env->device;
	size_t bound = topic->encoding == TP_ENCODING_JSON ? tp_record_json_bound(env, TP_KIND_edge_stats, r)
	                                                   : STATS_AVRO_HEADER + tp_record_avro_bound(env, TP_KIND_edge_stats, r);
	struct tp_batch *batch;
	uint8_t *value, *end;
	int rc = stats_room(w, key.n + bound);

	if (rc < 0)
		return rc;
	batch = w->batch;
	memcpy(batch->data + batch->used, key.p, key.n);
	value = batch->data + batch->used + key.n;
	end = stats_encode(topic, value, env, r);
	batch->entries[batch->count++] = (struct tp_batch_entry){
	        .timestamp_ms = env->received_at / 1000,
	        .value_off = (uint32_t)(value - batch->data),
	        .value_len = (uint32_t)(end - value),
	        .key_len = (uint16_t)key.n,
	        .source = 0,
	        .kind = TP_KIND_edge_stats,
	};
	batch->used = (uint32_t)(end - batch->data);
	return 0;
}

static int stats_line(struct stats_writer *w, const struct tp_books_snapshot *snap, int line)
{
	struct tp_edge_counter reasons[STATS_MAX_REASONS];
	struct tp_edge_stats record;
	struct tp_envelope env;

	stats_envelope(w->publisher, line, snap->at_us, &env);
	stats_record(snap, w->publisher->plan, line, &record, reasons);
	return stats_append(w, &env, &record);
}

unsigned int tp_stats_publish(struct tp_stats_publisher *publisher, const struct tp_books_snapshot *snap,
        const struct tp_sink_ops *ops, struct tp_sink *sink)
{
	struct stats_writer w = {.publisher = publisher, .ops = ops, .sink = sink};
	int rc = stats_line(&w, snap, BOOKS_TOTAL);

	for (unsigned int s = 0; rc == 0 && s < snap->n_sources; s++)
		if (books_has_traffic(&snap->source[s]))
			rc = stats_line(&w, snap, (int)s);
	stats_submit(&w);
	return w.submitted;
}
