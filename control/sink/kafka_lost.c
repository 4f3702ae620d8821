/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lines about records that were not delivered: librdkafka has no log line of its own for most of them (a topic that is gone or that may not be written, a record
 * that is too large), so without these only the books would tell. The first loss of a topic is told at once, what follows within KAFKA_LOST_SILENT_MS
 * together; so each lost record stands in some line. Covert ones do not, and what is given up at the end is told by who gives it up.
 */
#include <inttypes.h>

#include "kafka.h"
#include "tp_clock.h"
#include "tp_log.h"

void kafka_lost(struct tp_sink *sink, struct kafka_topic *topic, int outcome)
{
	if (outcome == TP_FAILURE_purged)
		return;
	topic->lost[outcome]++;
	sink->lost = true;
}

void kafka_lost_why(struct kafka_topic *topic, int outcome, rd_kafka_resp_err_t why)
{
	topic->lost_why[outcome] = why;
}

static void lost_tell(struct tp_sink *sink, struct kafka_topic *topic, int reason)
{
	const char *name = rd_kafka_topic_name(topic->rkt);
	const char *why = topic->lost_why[reason] ? rd_kafka_err2str(topic->lost_why[reason]) : tp_failure_helps[reason];

	tp_log_at(TP_LOG_WARNING, "kafka: topic '%s': %" PRIu64 " records were not delivered, counted as %s: %s", name,
	        topic->lost[reason], tp_failure_names[reason], why);
	topic->lost[reason] = 0;
	if (reason == TP_FAILURE_timed_out) /* what kept the brokers away was said before, and says more */
		return;
	snprintf(sink->state.error, sizeof(sink->state.error), "topic '%s': %s", name, why);
	sink->state.error_at_us = tp_clock_us(CLOCK_REALTIME);
}

/* Returns whether all of them are told. */
static bool lost_tell_topic(struct tp_sink *sink, struct kafka_topic *topic, int64_t now_ms)
{
	bool some = false;

	for (int reason = 0; reason < TP_FAILURE_COUNT; reason++)
		some |= topic->lost[reason] > 0;
	if (!some)
		return true;
	if (now_ms < topic->lost_silent_ms)
		return false;
	for (int reason = 0; reason < TP_FAILURE_COUNT; reason++)
		if (topic->lost[reason])
			lost_tell(sink, topic, reason);
	topic->lost_silent_ms = now_ms == INT64_MAX ? INT64_MAX : now_ms + KAFKA_LOST_SILENT_MS;
	return true;
}

void kafka_lost_tell(struct tp_sink *sink, int64_t now_ms)
{
	bool all = true;

	if (!sink->lost)
		return;
	for (unsigned int i = 0; i < sink->n_topics; i++)
		all &= lost_tell_topic(sink, &sink->topics[i], now_ms);
	sink->lost = !all;
}
