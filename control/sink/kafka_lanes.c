/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lanes: one for each partition of a topic, so that librdkafka holds no more than it can send.
 *
 * An idempotent producer of librdkafka has one request a partition under way. Messages that wait behind it for longer than linger.ms make
 * its broker thread poll without a pause, and tens of thousands of them are out of the cache when their report comes. So the sink sorts the
 * records by partition and hands a lane's next chunk over when the last one is reported: at most one request's worth, of which librdkafka
 * makes one request at once (batch.num.messages is the size of a full chunk). A lane with less than a full chunk waits until its first record
 * has waited for linger_ms since it arrived, as the option says; a batch that was sealed for its age has done that already.
 *
 * Which partition a record goes to is librdkafka's decision alone, made by the same function when it gets the message. The lanes expect the
 * same one, and where they are wrong (partitions were added, or another partitioner is configured) only the gathering suffers: order is that
 * of the lanes, in which the records of a key stay in line. When the number of partitions changes, the lanes of the topic are emptied first.
 *
 * All lanes together hold as many records as librdkafka's queue (queue_messages). A lane may have no more than are free besides: half of them where one
 * partition takes nothing, a third each where two do not. A batch whose next record finds its lane full waits, and with it what came behind it from the
 * same worker, topic and bucket of partitions, so that the records of a key stay in line; all others go on.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kafka.h"
#include "tp_clock.h"
#include "tp_worker.h"

#define LANE_RING            256 /* records a lane has room for at first */
#define LANE_AHEAD           8   /* records: what the worker wrote is in another core's cache */
#define LANE_RECORD_OVERHEAD 40  /* octets a record takes in a request besides key and value, at most */

int kafka_lanes_open(struct tp_sink *sink, unsigned int n_topics)
{
	sink->topics = calloc(n_topics ? n_topics : 1, sizeof(*sink->topics));
	if (!sink->topics)
		return -ENOMEM;
	sink->n_topics = n_topics;
	return 0;
}

static void lanes_free(struct kafka_topic *topic)
{
	for (uint32_t i = 0; i < topic->n_lanes; i++)
		free(topic->lanes[i].ring);
	free(topic->lanes);
}

void kafka_lanes_close(struct tp_sink *sink)
{
	for (unsigned int i = 0; i < sink->n_topics; i++)
		lanes_free(&sink->topics[i]);
	free(sink->topics);
}

int32_t kafka_lanes_partition(
        const rd_kafka_topic_t *rkt, const void *key, size_t key_len, int32_t partitions, void *rkt_opaque, void *msg_opaque)
{
	struct kafka_topic *topic = rkt_opaque;

	if (__atomic_load_n(&topic->partitions, __ATOMIC_RELAXED) != partitions)
		__atomic_store_n(&topic->partitions, partitions, __ATOMIC_RELAXED);
	return rd_kafka_msg_partitioner_murmur2_random(rkt, key, key_len, partitions, NULL, msg_opaque);
}

/* ---- one lane -------------------------------------------------------------------------------------------------------------------- */
static inline struct kafka_waiting *lane_at(const struct kafka_lane *lane, uint32_t i)
{
	return &lane->ring[(lane->first + i) & (lane->size - 1)];
}

/* Twice the room. False where there is no memory. */
static bool lane_grow(struct kafka_lane *lane)
{
	uint32_t size = lane->size ? 2 * lane->size : LANE_RING;
	struct kafka_waiting *ring = malloc(size * sizeof(*ring));

	if (!ring)
		return false;
	for (uint32_t i = 0; i < lane->count; i++)
		ring[i] = *lane_at(lane, i);
	free(lane->ring);
	lane->ring = ring;
	lane->size = size;
	lane->first = 0;
	return true;
}

/* False where there is no memory. */
static bool lane_append(struct tp_sink *sink, struct kafka_lane *lane, struct kafka_waiting record)
{
	if (lane->count == lane->size && !lane_grow(lane))
		return false;
	*lane_at(lane, lane->count++) = record;
	lane->topic->waiting++;
	sink->sorted++;
	if (!lane->listed) {
		lane->listed = true;
		lane->next_listed = sink->listed;
		sink->listed = lane;
	}
	return true;
}

/* Takes the first record out; the caller has used it. */
static inline void lane_shift(struct kafka_lane *lane)
{
	lane->first = (lane->first + 1) & (lane->size - 1);
	lane->count--;
	lane->topic->waiting--;
}

/* Ends the first record without librdkafka. */
static void lane_give_up(struct tp_sink *sink, struct kafka_lane *lane, int outcome)
{
	struct kafka_waiting record = *lane_at(lane, 0);

	lane_shift(lane);
	sink->sorted--;
	kafka_traced(record.batch, record.value_off, outcome, -1, -1);
	kafka_ended(sink, record.batch, record.value_off, record.source, outcome);
}

static inline uint8_t *lane_key(const struct kafka_waiting *record)
{
	return record->batch->data + record->value_off - record->key_len;
}

/* The headers of a record for librdkafka, which owns them once it has taken the record. NULL: none. */
static rd_kafka_headers_t *lane_headers(const struct kafka_waiting *record)
{
	const struct tp_batch_entry *e = tp_batch_entry_of(record->batch, record->value_off);
	rd_kafka_headers_t *headers;
	const uint8_t *name, *value;
	uint16_t name_n, value_n;
	uint32_t at = 0;

	if (e->headers_len == 0)
		return NULL;
	headers = rd_kafka_headers_new(8);
	while (tp_batch_header_next(record->batch, e, &at, &name, &name_n, &value, &value_n))
		rd_kafka_header_add(headers, (const char *)name, name_n, value, value_n);
	return headers;
}

static rd_kafka_resp_err_t lane_produce(struct tp_sink *sink, const struct kafka_topic *topic, const struct kafka_waiting *record)
{
	uint8_t *key = lane_key(record);
	rd_kafka_vu_t message[] = {
	        {.vtype = RD_KAFKA_VTYPE_RKT, .u.rkt = topic->rkt},
	        {.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {key + record->key_len, record->value_len}},
	        {.vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {key, record->key_len}},
	        {.vtype = RD_KAFKA_VTYPE_TIMESTAMP, .u.i64 = record->timestamp_ms},
	        {.vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = kafka_opaque(record->batch, record->source)},
	        {.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = NULL},
	};
	size_t n = sizeof(message) / sizeof(message[0]);
	rd_kafka_headers_t *headers = record->batch->headers ? lane_headers(record) : NULL;
	rd_kafka_error_t *error;
	rd_kafka_resp_err_t rc;

	message[n - 1].u.headers = headers;
	error = rd_kafka_produceva(sink->rk, message, headers ? n : n - 1);
	if (!error)
		return RD_KAFKA_RESP_ERR_NO_ERROR;
	if (headers)
		rd_kafka_headers_destroy(headers);
	rc = rd_kafka_error_code(error);
	rd_kafka_error_destroy(error);
	return rc;
}

/* Hands the next chunk over. False where librdkafka takes no more: its queue is full, or the producer cannot go on. */
static bool lane_send(struct tp_sink *sink, struct kafka_lane *lane)
{
	struct kafka_topic *topic = lane->topic;
	uint32_t records = 0, octets = 0;

	while (lane->count && records < sink->chunk_records) {
		const struct kafka_waiting *record = lane_at(lane, 0);
		rd_kafka_resp_err_t rc;

		if (lane->count > LANE_AHEAD)
			__builtin_prefetch(lane_key(lane_at(lane, LANE_AHEAD)));
		octets += record->key_len + record->value_len + LANE_RECORD_OVERHEAD;
		if (records && octets > sink->chunk_octets)
			break;
		rc = lane_produce(sink, topic, record);
		if (rc == RD_KAFKA_RESP_ERR__QUEUE_FULL)
			return false;
		if (rc != RD_KAFKA_RESP_ERR_NO_ERROR && rd_kafka_fatal_error(sink->rk, NULL, 0) != RD_KAFKA_RESP_ERR_NO_ERROR) {
			kafka_renew_ask(sink);
			return false;
		}
		if (rc != RD_KAFKA_RESP_ERR_NO_ERROR) {
			kafka_lost_why(topic, kafka_outcome(rc), rc);
			lane_give_up(sink, lane, kafka_outcome(rc));
			continue;
		}
		records++;
		lane_shift(lane);
		lane->under_way++;
		topic->under_way++;
	}
	return true;
}

/* Whether the lane may be handed over: nothing under way, and a full chunk or a first record that has waited. */
static bool lane_due(const struct tp_sink *sink, const struct kafka_lane *lane, uint32_t now_ms)
{
	return lane->under_way == 0 && lane->count &&
	       (lane->count >= sink->chunk_records || (int32_t)(now_ms - lane_at(lane, 0)->due_ms) >= 0);
}

void kafka_lanes_reported(struct kafka_topic *topic, int32_t partition)
{
	topic->under_way--;
	if (partition >= 0 && (uint32_t)partition < topic->n_lanes && topic->lanes[partition].under_way)
		topic->lanes[partition].under_way--;
	else
		topic->astray = true;
	if (topic->under_way || !topic->astray)
		return;
	for (uint32_t i = 0; i < topic->n_lanes; i++) /* nothing is under way, whatever the lanes expected */
		topic->lanes[i].under_way = 0;
	topic->astray = false;
}

/* ---- all lanes ------------------------------------------------------------------------------------------------------------------- */
/* Sees to it that the topic has a lane for each partition. False where that has to wait until its lanes are empty, or for memory. */
static bool lanes_fit(struct tp_sink *sink, struct kafka_topic *topic)
{
	int32_t seen = __atomic_load_n(&topic->partitions, __ATOMIC_RELAXED);
	uint32_t n = seen > 0 ? (uint32_t)seen : 1;
	struct kafka_lane *lanes;

	if (n == topic->n_lanes)
		return true;
	if (topic->waiting || topic->under_way)
		return false;
	lanes = calloc(n, sizeof(*lanes));
	if (!lanes)
		return false;
	for (uint32_t i = 0; i < n; i++)
		lanes[i].topic = topic;
	lanes_free(topic);
	topic->lanes = lanes;
	topic->n_lanes = n;
	tp_topic_partitions_set((uint16_t)(topic - sink->topics), n);
	return true;
}

static struct kafka_lane *lanes_of(struct kafka_topic *topic, const struct kafka_waiting *record)
{
	if (topic->n_lanes == 1)
		return topic->lanes;
	return &topic->lanes[rd_kafka_msg_partitioner_murmur2_random(
	        topic->rkt, lane_key(record), record->key_len, (int32_t)topic->n_lanes, NULL, NULL)];
}

/* When a record that arrived then has waited for others long enough. A clock that was set does not make it wait longer. */
static uint32_t lanes_due_ms(const struct tp_sink *sink, int64_t arrival_ms, int64_t wall_ms, uint32_t now_ms)
{
	int64_t age = wall_ms - arrival_ms;

	return age < 0 || age >= sink->linger_ms ? now_ms : now_ms + (uint32_t)(sink->linger_ms - age);
}

/* Whether one partition may hold a record more of what all share. */
static bool lane_has_share(const struct tp_sink *sink, const struct kafka_lane *lane)
{
	uint32_t held = lane->count + lane->under_way;

	return held < sink->chunk_records || held < sink->sorted_max - sink->sorted;
}

enum lanes_sorted { SORTED_ALL, SORTED_PARKED, SORTED_FULL };

/* Sorts the rest of a batch, as far as there is room in its lanes and in all. */
static enum lanes_sorted lanes_sort(struct tp_sink *sink, struct tp_batch *batch, int64_t wall_ms, uint32_t now_ms)
{
	struct kafka_topic *topic = &sink->topics[batch->topic];

	if (!lanes_fit(sink, topic))
		return SORTED_PARKED;
	for (; batch->next < batch->count && sink->sorted < sink->sorted_max; batch->next++) {
		const struct tp_batch_entry *e = &batch->entries[batch->next];
		struct kafka_lane *lane;
		struct kafka_waiting record = {.batch = batch,
		        .timestamp_ms = e->timestamp_ms,
		        .value_off = e->value_off,
		        .value_len = e->value_len,
		        .key_len = e->key_len,
		        .source = e->source,
		        .due_ms = lanes_due_ms(sink, e->timestamp_ms, wall_ms, now_ms)};

		if (batch->next + LANE_AHEAD < batch->count)
			__builtin_prefetch(batch->data + e[LANE_AHEAD].value_off - e[LANE_AHEAD].key_len);
		lane = lanes_of(topic, &record);
		if (!lane_has_share(sink, lane))
			return SORTED_PARKED;
		if (!lane_append(sink, lane, record))
			return SORTED_FULL;
	}
	return batch->next == batch->count ? SORTED_ALL : SORTED_FULL;
}

/* The next one in line. What came before it from the same worker, topic and bucket goes first. */
static enum lanes_sorted lanes_sort_next(struct tp_sink *sink, struct tp_batch *batch, int64_t wall_ms, uint32_t now_ms)
{
	uint32_t *parked = &sink->topics[batch->topic].parked[batch->worker], bucket = 1u << batch->bucket % 32;
	enum lanes_sorted how = SORTED_PARKED;

	if (!(*parked & bucket))
		how = lanes_sort(sink, batch, wall_ms, now_ms);
	if (how == SORTED_PARKED)
		*parked |= bucket;
	return how;
}

static void lanes_sort_waiting(struct tp_sink *sink, uint32_t now_ms)
{
	struct batch_list line = sink->waiting;
	struct tp_batch *batch;
	int64_t wall_ms = tp_clock_ms(CLOCK_REALTIME);

	for (unsigned int i = 0; i < sink->n_topics; i++)
		memset(sink->topics[i].parked, 0, sizeof(sink->topics[i].parked));
	sink->waiting = (struct batch_list){NULL, NULL, 0};
	sink->full = false;
	while ((batch = batch_list_remove(&line)) != NULL) {
		enum lanes_sorted how = sink->full ? SORTED_FULL : lanes_sort_next(sink, batch, wall_ms, now_ms);

		sink->full |= how == SORTED_FULL;
		if (how == SORTED_ALL)
			kafka_release(batch);
		else
			batch_list_append(&sink->waiting, batch);
	}
}

/* What librdkafka did not take within the time a delivery may take is given up as what it gives up is. */
static void lanes_time_out(struct tp_sink *sink, struct kafka_lane *lane, uint32_t now_ms)
{
	while (lane->count && (int32_t)(now_ms - lane_at(lane, 0)->due_ms) >= (int32_t)sink->timeout_ms)
		lane_give_up(sink, lane, TP_FAILURE_timed_out);
}

void kafka_lanes_serve(struct tp_sink *sink)
{
	struct kafka_lane **at = &sink->listed;
	bool blocked = sink->fatal;
	uint32_t now_ms;

	if (!sink->waiting.first && !sink->listed)
		return;
	now_ms = (uint32_t)tp_clock_ms(CLOCK_MONOTONIC);
	if (sink->waiting.first)
		lanes_sort_waiting(sink, now_ms);
	while (*at) {
		struct kafka_lane *lane = *at;

		if (!blocked && lane_due(sink, lane, now_ms))
			blocked = !lane_send(sink, lane);
		lanes_time_out(sink, lane, now_ms);
		if (lane->count) {
			at = &lane->next_listed;
			continue;
		}
		*at = lane->next_listed;
		lane->listed = false;
	}
}

void kafka_lanes_purge(struct tp_sink *sink)
{
	struct tp_batch *batch;

	while (sink->listed) {
		struct kafka_lane *lane = sink->listed;

		while (lane->count)
			lane_give_up(sink, lane, TP_FAILURE_purged);
		sink->listed = lane->next_listed;
		lane->listed = false;
	}
	while ((batch = batch_list_remove(&sink->waiting)) != NULL) {
		while (batch->next < batch->count) {
			const struct tp_batch_entry *e = &batch->entries[batch->next++];

			kafka_traced(batch, e->value_off, TP_FAILURE_purged, -1, -1);
			kafka_ended(sink, batch, e->value_off, e->source, TP_FAILURE_purged);
		}
		kafka_release(batch);
	}
	sink->full = false;
}
