/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pattern_match: compares a vector of records with the plate lists and the alert rules, each in one scan, and makes an alert record of every
 * hit. The records themselves go on unchanged. match_emitted does the same for records that went the short way (direct.h): they stand in their batch
 * already, so it is the end of the graph for their packets.
 *
 * An alert is made here, not in record_emit, because the hits of a scan are ordered by rule and not by record.
 */
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "batches.h"
#include "node.h"
#include "packet.h"

#define VECTOR TP_BURST /* texts a scan; longer vectors are scanned in pieces */

/* What is being scanned: item i belongs to record owner[i]. */
struct match_vector {
	unsigned int n;
	struct tp_record *owner[VECTOR];
	struct tp_pattern_text text[VECTOR]; /* what an alert shows */
};

static inline struct tp_pattern_text match_text(struct tp_slice s)
{
	return (struct tp_pattern_text){s.p, s.n};
}

/* ---- alerts ---------------------------------------------------------------------------------------------------------------- */
static struct tp_slice match_piece(struct tp_pattern_text text, const struct tp_pattern_hit *hit)
{
	return (struct tp_slice){text.p + hit->from, hit->to - hit->from};
}

static uint64_t match_text_hash(const char *text, uint64_t seed)
{
	return text ? XXH3_64bits_withSeed(text, strlen(text), seed) : seed * 31;
}

/* The same record and entry give the same event_id; two entries that differ just in their jurisdiction do not. */
static void alert_id(uint8_t *id, const struct tp_record *rec, const struct tp_pattern_entry *entry)
{
	uint64_t seed = match_text_hash(entry->entry, 1);
	XXH128_hash_t hash;

	seed = match_text_hash(entry->list, seed);
	seed = match_text_hash(entry->jurisdiction, seed);
	hash = XXH3_128bits_withSeed(rec->event_id, 16, seed);

	memcpy(id, &hash.low64, 8);
	memcpy(id + 8, &hash.high64, 8);
}

static void match_alert(struct tp_worker *w, const struct tp_record *rec, const struct tp_pattern_hit *hit, struct tp_slice field,
        struct tp_slice text)
{
	const struct tp_pattern_entry *entry = tp_pattern_entry(w->spec->patterns, hit->entry);
	struct tp_alert_match alert = {
	        .matched_by = entry->list ? TP_alert_source_list : TP_alert_source_rule,
	        .list = entry->list ? tp_slice_of(entry->list) : TP_SLICE("rules"),
	        .entry = tp_slice_of(entry->entry),
	        .category = tp_slice_of(entry->category),
	        .priority = entry->priority,
	        .jurisdiction = tp_slice_of(entry->jurisdiction),
	        .record_kind = tp_slice_of(tp_schema_of_kind[rec->kind].name),
	        .field = field,
	        .text = text,
	        .match_from = (int32_t)hit->from,
	        .match_to = (int32_t)hit->to,
	        .jurisdiction_known = hit->jurisdiction_known,
	};
	struct tp_envelope env;
	char ip[48];

	tp_pattern_count_hit(w->scratch, entry);
	tp_emit_envelope(w, rec, &env, ip);
	memcpy(alert.record_event_id, rec->event_id, 16);
	alert_id(env.event_id, rec, entry);
	if (tp_emit_alert(w, &env, &alert, entry->list ? text : alert.entry, rec, entry->covert) == 0) {
		tp_book(w, rec)[entry->covert ? TP_C_covert_alerts : TP_C_alerts]++;
		return;
	}
	tp_book(w, rec)[TP_C_alerts_lost]++;
	tp_record_lost(w, rec);
}

/* Whose alerts are missing is not known, so nobody is told that all went well. */
static void match_lost(struct tp_worker *w, const struct match_vector *v)
{
	for (unsigned int i = 0; i < v->n; i++)
		tp_record_lost(w, v->owner[i]);
}

/* Hits beyond the list are counted as lost for the last record that had one. What Hyperscan refused to scan may have had some, too. */
static unsigned int match_hits(struct tp_worker *w, const struct match_vector *v, unsigned int hits)
{
	uint64_t refused = w->scans_refused + tp_pattern_scratch_errors(w->scratch);

	if (unlikely(refused != w->books[0].c[TP_C_scans_refused])) {
		w->books[0].c[TP_C_scans_refused] = refused;
		match_lost(w, v);
	}
	if (likely(hits <= TP_WORKER_HITS))
		return hits;
	tp_book(w, v->owner[w->hit_list[TP_WORKER_HITS - 1].item])[TP_C_alerts_lost] += hits - TP_WORKER_HITS;
	match_lost(w, v);
	return TP_WORKER_HITS;
}

/* ---- plates ---------------------------------------------------------------------------------------------------------------- */
/* The plate of a record and its jurisdiction; false where it has none. */
static inline bool match_plate_of(const struct tp_record *rec, struct tp_plate_query *query)
{
	if (rec->kind == TP_KIND_plate_read) {
		query->plate = match_text(rec->plate_read.plate);
		query->jurisdiction = match_text(rec->plate_read.jurisdiction);
	} else if (rec->kind == TP_KIND_toll_passage && rec->toll_passage.plate.p) {
		query->plate = match_text(rec->toll_passage.plate);
		query->jurisdiction = match_text(rec->toll_passage.plate_jurisdiction);
	} else {
		return false;
	}
	query->event_time_us = rec->event_time;
	return true;
}

static void match_plates(struct tp_worker *w, void **objs, uint16_t n)
{
	struct tp_plate_query queries[VECTOR];
	struct match_vector v; /* the arrays are not cleared: that would take longer than the scan of a few plates */
	unsigned int hits;

	v.n = 0;
	for (uint16_t i = 0; i < n; i++) {
		v.owner[v.n] = tp_rec(objs[i]);
		v.n += match_plate_of(v.owner[v.n], &queries[v.n]);
	}
	if (v.n == 0)
		return;
	hits = match_hits(w, &v, tp_pattern_scan_plates(w->spec->patterns, w->scratch, queries, v.n, w->hit_list, TP_WORKER_HITS));
	for (unsigned int h = 0; h < hits; h++) {
		const struct tp_pattern_hit *hit = &w->hit_list[h];
		uint8_t normal[TP_PLATE_NORMAL_MAX];
		unsigned int length = tp_plate_normal(queries[hit->item].plate, normal);

		match_alert(w, v.owner[hit->item], hit, TP_SLICE("plate"), (struct tp_slice){normal, length});
	}
}

/* ---- rules ----------------------------------------------------------------------------------------------------------------- */
static struct tp_slice match_field_of(
        struct tp_worker *w, const struct tp_record *rec, const struct tp_channel_spec *channel, char *scratch)
{
	struct tp_envelope env;
	char ip[48];

	if (!channel->field)
		return rec->payload;
	if (!channel->in_envelope)
		return tp_field_text(channel->field, &rec->plate_read, scratch); /* any member of the union: same address */
	tp_emit_envelope(w, rec, &env, ip);
	if (tp_field_text(channel->field, &env, scratch).p != env.source_ip.p)
		return tp_field_text(channel->field, &env, scratch);
	memcpy(scratch, env.source_ip.p, env.source_ip.n); /* source_ip would not outlive this function */
	return (struct tp_slice){(const uint8_t *)scratch, env.source_ip.n};
}

static void match_rules(struct tp_worker *w, unsigned int c, void **objs, uint16_t n)
{
	const struct tp_channel_spec *channel = &w->spec->channels[c];
	struct match_vector v;
	char scratch[VECTOR][48];
	unsigned int hits;

	v.n = 0;
	for (uint16_t i = 0; i < n; i++) {
		struct tp_record *rec = tp_rec(objs[i]);
		struct tp_slice text;

		if (rec->kind != channel->kind)
			continue;
		text = match_field_of(w, rec, channel, scratch[v.n]);
		v.owner[v.n] = rec;
		v.text[v.n] = match_text(text);
		v.n += text.p != NULL;
	}
	if (v.n == 0)
		return;
	hits = match_hits(w, &v, tp_pattern_scan_rules(w->spec->patterns, w->scratch, c, v.text, v.n, w->hit_list, TP_WORKER_HITS));
	for (unsigned int h = 0; h < hits; h++) {
		const struct tp_pattern_hit *hit = &w->hit_list[h];

		match_alert(w, v.owner[hit->item], hit, channel->field ? tp_slice_of(channel->field->name) : TP_SLICE("payload"),
		        match_piece(v.text[hit->item], hit));
	}
}

static void match_vector(struct tp_worker *w, void **objs, uint16_t n)
{
	for (uint16_t at = 0; w->scratch && at < n; at += VECTOR) {
		uint16_t piece = RTE_MIN(n - at, VECTOR);

		if (tp_pattern_has_lists(w->spec->patterns))
			match_plates(w, objs + at, piece);
		for (unsigned int c = 0; c < w->spec->n_channels; c++)
			match_rules(w, c, objs + at, piece);
	}
}

static uint16_t pattern_match_process(struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n)
{
	match_vector(tp_node_worker(node), objs, n);
	rte_node_next_stream_move(graph, node, 0);
	return n;
}

static uint16_t match_emitted_process(struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n)
{
	RTE_SET_USED(graph);
	match_vector(tp_node_worker(node), objs, n);
	tp_packets_give_back((struct rte_mbuf **)objs, n);
	return n;
}

static struct rte_node_register pattern_match_node = {
        .name = "pattern_match",
        .process = pattern_match_process,
        .nb_edges = 1,
        .next_nodes = {"record_emit"},
};
RTE_NODE_REGISTER(pattern_match_node)

static struct rte_node_register match_emitted_node = {
        .name = "match_emitted",
        .process = match_emitted_process,
};
RTE_NODE_REGISTER(match_emitted_node)
