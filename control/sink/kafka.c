/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The Kafka sink: an idempotent producer that sends records from where the worker encoded them.
 *
 * A record becomes a message whose value points into its batch. librdkafka carries one pointer with a message: it holds the
 * batch in its lower 48 bits and the record's source in the upper 16, so a delivery report touches the batch's counter and the
 * ledger's line and nothing else. When the report of its last record is in, the batch goes back.
 *
 * librdkafka's queue is bounded. When it is full the batch keeps its position (batch->next) and waits in line with those behind
 * it; poll() goes on with them when reports have made room. So order is kept, nothing blocks, nothing is dropped; what the
 * workers do when no batch is left is their policy.
 *
 * What can be tried again librdkafka tries again, until delivery.timeout.ms; what comes back as an error is final and goes to
 * the ledger under its reason.
 */
#include "kafka.h"
#include "tp_clock.h"
#include "tp_log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KAFKA_LOG_LINES_A_SECOND 5
#define KAFKA_EVENTS_A_POLL      64   /* so that one poll cannot keep the control thread */
#define KAFKA_PURGE_MS           5000 /* how long the reports of purged messages may take */

/* ---- endings ------------------------------------------------------------------------------------------------------------- */

int kafka_outcome(rd_kafka_resp_err_t err)
{
	switch (err) {
	case RD_KAFKA_RESP_ERR_NO_ERROR:
		return TP_DELIVERED;
	case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
	case RD_KAFKA_RESP_ERR__TIMED_OUT:
	case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
		return TP_FAILURE_timed_out;
	case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
	case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
		return TP_FAILURE_too_large;
	case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
	case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
	case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
	case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
		return TP_FAILURE_topic_missing;
	case RD_KAFKA_RESP_ERR__AUTHENTICATION:
	case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
	case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
	case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
		return TP_FAILURE_not_authorized;
	case RD_KAFKA_RESP_ERR__PURGE_QUEUE:
	case RD_KAFKA_RESP_ERR__PURGE_INFLIGHT:
	case RD_KAFKA_RESP_ERR__DESTROY:
		return TP_FAILURE_purged;
	default:
		return TP_FAILURE_broker_error;
	}
}

void kafka_release(struct tp_batch *batch)
{
	if (--batch->outstanding == 0)
		tp_ledger_batch_done(batch);
}

void kafka_ended(struct tp_sink *sink, struct tp_batch *batch, uint32_t value_off, uint16_t source, int outcome)
{
	bool covert = batch->covert && tp_batch_entry_of(batch, value_off)->covert;

	if (covert)
		tp_ledger_covert(source, outcome);
	else
		tp_ledger_record(source, outcome);
	if (outcome != TP_DELIVERED) {
		tp_batch_entry_of(batch, value_off)->failed = 1;
		if (!covert)
			kafka_lost(sink, &sink->topics[batch->topic], outcome);
	}
	sink->outstanding--;
	sink->ended++;
	kafka_release(batch);
}

void kafka_traced(const struct tp_batch *batch, uint32_t value_off, int outcome, int32_t partition, int64_t offset)
{
	if (__builtin_expect(batch->n_traced != 0, 0))
		tp_ledger_traced(
		        batch, (uint32_t)(tp_batch_entry_of(batch, value_off) - batch->entries), outcome, partition, offset);
}

static void kafka_log_line(struct kafka_log *log, const char *text)
{
	int64_t second = tp_clock_ms(CLOCK_MONOTONIC) / 1000;

	if (log->quiet)
		return;
	if (second != log->second) {
		if (log->held_back)
			tp_log_at(TP_LOG_WARNING, "kafka: %u more lines", log->held_back);
		log->second = second;
		log->lines = 0;
		log->held_back = 0;
	}
	if (log->lines++ < KAFKA_LOG_LINES_A_SECOND)
		tp_log_at(TP_LOG_WARNING, "kafka: %s", text);
	else
		log->held_back++;
}

static void kafka_event_reports(struct tp_sink *sink, rd_kafka_event_t *event)
{
	const rd_kafka_message_t *message;

	while ((message = rd_kafka_event_message_next(event)) != NULL) {
		struct tp_batch *batch = kafka_opaque_batch(message->_private);

		int outcome = kafka_outcome(message->err);
		uint32_t value_off;

		if (outcome != TP_DELIVERED)
			kafka_lost_why(&sink->topics[batch->topic], outcome, message->err);
		if (sink->fatal && outcome == TP_FAILURE_purged)
			outcome = TP_FAILURE_broker_error; /* not for a lack of time, but because the producer cannot go on */
		sink->sorted--;
		kafka_lanes_reported(&sink->topics[batch->topic], message->partition);
		value_off = (uint32_t)((const uint8_t *)message->payload - batch->data);
		kafka_traced(batch, value_off, outcome, message->partition, outcome == TP_DELIVERED ? message->offset : -1);
		kafka_ended(sink, batch, value_off, kafka_opaque_source(message->_private), outcome);
	}
}

/* Why it does not get on, for the user: the error of a broker says more than that all of them are down. */
static void kafka_event_error(struct tp_sink *sink, rd_kafka_event_t *event)
{
	rd_kafka_resp_err_t code = rd_kafka_event_error(event);
	char why[200];

	if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN && sink->log.last[0]) {
		kafka_state_down(sink);
		return;
	}
	snprintf(sink->log.last, sizeof(sink->log.last), "%s", rd_kafka_event_error_string(event));
	if (rd_kafka_event_error_is_fatal(event) && rd_kafka_fatal_error(sink->rk, why, sizeof(why))) {
		snprintf(sink->log.last, sizeof(sink->log.last), "the producer cannot go on: %s", why);
		kafka_renew_ask(sink);
	}
	kafka_state_error(sink, code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN);
	kafka_log_line(&sink->log, sink->log.last);
}

/* Log lines of librdkafka without its thread names; a broker's failures come as error events already. */
static void kafka_event_log(struct tp_sink *sink, rd_kafka_event_t *event)
{
	const char *facility, *text, *behind;
	int level;

	if (rd_kafka_event_log(event, &facility, &text, &level) != 0 || strcmp(facility, "FAIL") == 0 ||
	        strcmp(facility, "ERROR") == 0)
		return;
	behind = strncmp(text, "[thrd:", 6) == 0 ? strstr(text, "]: ") : NULL;
	kafka_log_line(&sink->log, behind ? behind + 3 : text);
}

bool kafka_events(struct tp_sink *sink, int timeout_ms)
{
	rd_kafka_event_t *event = rd_kafka_queue_poll(sink->events, timeout_ms);

	if (!event)
		return false;
	switch (rd_kafka_event_type(event)) {
	case RD_KAFKA_EVENT_DR:
		kafka_event_reports(sink, event);
		break;
	case RD_KAFKA_EVENT_ERROR:
		kafka_event_error(sink, event);
		break;
	case RD_KAFKA_EVENT_STATS:
		kafka_state_read(sink, rd_kafka_event_stats(event));
		break;
	case RD_KAFKA_EVENT_LOG:
		kafka_event_log(sink, event);
		break;
	default:
		break;
	}
	rd_kafka_event_destroy(event);
	return true;
}

/* ---- sending ------------------------------------------------------------------------------------------------------------- */

static void kafka_submit(struct tp_sink *sink, struct tp_batch *batch)
{
	batch->next = 0;
	batch->outstanding = batch->count + 1; /* its records, and the line it stands in */
	sink->outstanding += batch->count;
	batch_list_append(&sink->waiting, batch);
	kafka_lanes_serve(sink);
}

static unsigned int kafka_poll(struct tp_sink *sink, int timeout_ms)
{
	unsigned int ended;

	for (int i = 0; i < KAFKA_EVENTS_A_POLL && kafka_events(sink, i == 0 && sink->ended == 0 ? timeout_ms : 0); i++)
		;
	kafka_renew_serve(sink);
	kafka_lanes_serve(sink);
	if (sink->lost)
		kafka_lost_tell(sink, tp_clock_ms(CLOCK_MONOTONIC));
	ended = sink->ended;
	sink->ended = 0;
	return ended;
}

static uint64_t kafka_outstanding(const struct tp_sink *sink)
{
	return sink->outstanding;
}

static bool kafka_busy(const struct tp_sink *sink)
{
	return sink->full;
}

/* ---- the end ------------------------------------------------------------------------------------------------------------- */

static void kafka_purge(struct tp_sink *sink)
{
	int64_t until = tp_clock_ms(CLOCK_MONOTONIC) + KAFKA_PURGE_MS;

	kafka_lanes_purge(sink);
	rd_kafka_purge(sink->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
	while (sink->outstanding > 0 && tp_clock_ms(CLOCK_MONOTONIC) < until)
		kafka_events(sink, 100);
	if (sink->outstanding > 0)
		tp_log_at(TP_LOG_WARNING, "kafka: %llu records have no end after the purge", (unsigned long long)sink->outstanding);
}

static void kafka_close(struct tp_sink *sink)
{
	if (sink->outstanding > 0)
		kafka_purge(sink);
	kafka_lost_tell(sink, INT64_MAX);
	for (unsigned int i = 0; i < sink->n_topics; i++)
		if (sink->topics[i].rkt)
			rd_kafka_topic_destroy(sink->topics[i].rkt);
	if (sink->events)
		rd_kafka_queue_destroy(sink->events);
	if (sink->rk)
		rd_kafka_destroy(sink->rk);
	kafka_lanes_close(sink); /* the partitioner is called no more */
	free(sink);
}

static int kafka_open(const struct tp_conf *conf, const struct tp_plan_spec *plan, struct tp_sink **out, char *err, size_t err_len)
{
	struct tp_sink *sink = calloc(1, sizeof(*sink));
	int rc = -EINVAL;

	if (!sink) {
		snprintf(err, err_len, "no memory for the Kafka sink");
		return -ENOMEM;
	}
	rc = kafka_conf_producer(sink, &conf->kafka, err, err_len);
	if (rc < 0)
		goto fail;
	rd_kafka_set_log_queue(sink->rk, NULL);
	sink->events = rd_kafka_queue_get_main(sink->rk);
	sink->log.quiet = true; /* what goes wrong now is in err */
	rc = kafka_lanes_open(sink, plan->n_topics);
	if (rc < 0) {
		snprintf(err, err_len, "no memory for the Kafka sink");
		goto fail;
	}
	rc = kafka_topics_prepare(sink, conf, plan, err, err_len);
	if (rc < 0)
		goto fail;
	sink->log.quiet = false;
	sink->state.reachable = 1; /* prepare has asked it */
	*out = sink;
	return 0;
fail:
	kafka_close(sink);
	return rc;
}

const struct tp_sink_ops tp_sink_kafka = {
        .name = "kafka",
        .open = kafka_open,
        .submit = kafka_submit,
        .poll = kafka_poll,
        .outstanding = kafka_outstanding,
        .busy = kafka_busy,
        .state = kafka_state,
        .purge = kafka_purge,
        .close = kafka_close,
};
