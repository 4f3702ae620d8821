/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Start of the Kafka sink: a broker must answer, and every topic of the plan must be there.
 *
 * All topics are listed before any topic object is made: asking a broker for one topic by name would let it create that topic
 * with its own defaults. What is missing is created through the Admin API with the configured partitions, where that is allowed.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kafka.h"
#include "tp_clock.h"
#include "tp_log.h"

#define KAFKA_TOPICS_VISIBLE_MS 10000 /* how long a created topic may take to show up */
#define KAFKA_ADMIN_TIMEOUT_MS  10000
/* A question to a broker waits this long, then twice as long, ...: a signal is seen soon, and a slow broker gets to answer. */
#define KAFKA_TOPICS_ASK_MS     250
#define KAFKA_TOPICS_ASK_MAX_MS 4000

/* The list of all topics from any broker, or NULL with the sentence in err. */
static const struct rd_kafka_metadata *kafka_topics_list(
        struct tp_sink *sink, const struct tp_conf *conf, char *err, size_t err_len)
{
	int64_t until = tp_clock_ms(CLOCK_MONOTONIC) + conf->kafka.connect_timeout_ms;
	const struct rd_kafka_metadata *list = NULL;
	rd_kafka_resp_err_t rc;
	int64_t left, ask = KAFKA_TOPICS_ASK_MS;

	while ((left = until - tp_clock_ms(CLOCK_MONOTONIC)) > 0) {
		if (conf->stop_asked && *conf->stop_asked)
			break;
		rc = rd_kafka_metadata(sink->rk, 1, NULL, &list, (int)(left < ask ? left : ask));
		ask = ask * 2 < KAFKA_TOPICS_ASK_MAX_MS ? ask * 2 : KAFKA_TOPICS_ASK_MAX_MS;
		if (rc == RD_KAFKA_RESP_ERR_NO_ERROR)
			return list;
		if (sink->log.last[0] == '\0')
			snprintf(sink->log.last, sizeof(sink->log.last), "%s", rd_kafka_err2str(rc));
		while (kafka_events(sink, 10))
			;
	}
	snprintf(err, err_len, "no Kafka broker answered at %s within %.3g s: %s", conf->kafka.brokers,
	        conf->kafka.connect_timeout_ms / 1000.0, sink->log.last[0] ? sink->log.last : "no answer");
	return NULL;
}

static const struct rd_kafka_metadata_topic *kafka_topics_find(const struct rd_kafka_metadata *list, const char *name)
{
	for (int i = 0; i < list->topic_cnt; i++)
		if (strcmp(list->topics[i].topic, name) == 0 && list->topics[i].err != RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
			return &list->topics[i];
	return NULL;
}

/* Partitions and replication as configured for that topic; -1: as the broker is configured. */
static void kafka_topics_shape(const struct tp_conf *conf, const char *name, int32_t *partitions, int32_t *replication)
{
	*partitions = conf->kafka.partitions;
	*replication = conf->kafka.replication;
	for (unsigned int i = 0; i < conf->topics_count; i++) {
		if (strcmp(conf->topics[i].name, name) != 0)
			continue;
		if (conf->topics[i].partitions)
			*partitions = conf->topics[i].partitions;
		if (conf->topics[i].replication)
			*replication = conf->topics[i].replication;
	}
	if (*partitions <= 0)
		*partitions = -1;
	if (*replication <= 0)
		*replication = -1;
}

/* ---- creating ------------------------------------------------------------------------------------------------------------ */

/* 0, or -EACCES with the first topic that was refused in err. One that somebody else made meanwhile is fine. */
static int kafka_topics_created(const rd_kafka_CreateTopics_result_t *result, char *err, size_t err_len)
{
	const rd_kafka_topic_result_t **topics;
	size_t n;

	topics = rd_kafka_CreateTopics_result_topics(result, &n);
	for (size_t i = 0; i < n; i++) {
		rd_kafka_resp_err_t rc = rd_kafka_topic_result_error(topics[i]);

		if (rc == RD_KAFKA_RESP_ERR_NO_ERROR || rc == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
			continue;
		snprintf(err, err_len, "topic '%s' could not be created: %s", rd_kafka_topic_result_name(topics[i]),
		        rd_kafka_topic_result_error_string(topics[i]) ? rd_kafka_topic_result_error_string(topics[i])
		                                                      : rd_kafka_err2str(rc));
		return -EACCES;
	}
	return 0;
}

/* Asks for n new topics and waits for the answer. 0 or -errno. */
static int kafka_topics_request(
        struct tp_sink *sink, rd_kafka_NewTopic_t **topics, size_t n, const char *first, char *err, size_t err_len)
{
	rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(sink->rk, RD_KAFKA_ADMIN_OP_CREATETOPICS);
	rd_kafka_queue_t *queue = rd_kafka_queue_new(sink->rk);
	rd_kafka_event_t *event;
	char why[256];
	int rc;

	rd_kafka_AdminOptions_set_request_timeout(options, KAFKA_ADMIN_TIMEOUT_MS, why, sizeof(why));
	rd_kafka_AdminOptions_set_operation_timeout(options, KAFKA_ADMIN_TIMEOUT_MS, why, sizeof(why));
	rd_kafka_CreateTopics(sink->rk, topics, n, options, queue);
	event = rd_kafka_queue_poll(queue, 2 * KAFKA_ADMIN_TIMEOUT_MS);
	if (!event || rd_kafka_event_error(event)) {
		snprintf(err, err_len, "topic '%s' could not be created: %s", first,
		        event ? rd_kafka_event_error_string(event) : "no answer");
		rc = -EACCES;
	} else {
		rc = kafka_topics_created(rd_kafka_event_CreateTopics_result(event), err, err_len);
	}
	if (event)
		rd_kafka_event_destroy(event);
	rd_kafka_queue_destroy(queue);
	rd_kafka_AdminOptions_destroy(options);
	return rc;
}

static int kafka_topics_create(
        struct tp_sink *sink, const struct tp_conf *conf, const char *const *names, unsigned int n, char *err, size_t err_len)
{
	rd_kafka_NewTopic_t *topics[TP_MAX_TOPICS];
	unsigned int made;
	int rc = 0;

	for (made = 0; made < n && rc == 0; made++) {
		int32_t partitions, replication;
		char why[256];

		kafka_topics_shape(conf, names[made], &partitions, &replication);
		topics[made] = rd_kafka_NewTopic_new(names[made], partitions, replication, why, sizeof(why));
		if (!topics[made]) {
			snprintf(err, err_len, "topic '%s' could not be created: %s", names[made], why);
			rc = -EINVAL;
			break;
		}
	}
	if (rc == 0)
		rc = kafka_topics_request(sink, topics, n, names[0], err, err_len);
	rd_kafka_NewTopic_destroy_array(topics, made);
	return rc;
}

/* ---- what is there ------------------------------------------------------------------------------------------------------- */

/* Checks a topic that is there. 0, or -EACCES with the sentence in err. */
static int kafka_topics_check(const struct tp_conf *conf, const struct rd_kafka_metadata_topic *topic, char *err, size_t err_len)
{
	int32_t partitions, replication;

	if (topic->err != RD_KAFKA_RESP_ERR_NO_ERROR && topic->err != RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE) {
		snprintf(err, err_len, "topic '%s' cannot be used: %s", topic->topic, rd_kafka_err2str(topic->err));
		return -EACCES;
	}
	kafka_topics_shape(conf, topic->topic, &partitions, &replication);
	if (topic->partition_cnt < partitions)
		tp_log_at(TP_LOG_WARNING, "kafka: topic '%s' has %d partitions, the configuration says %d: it is used as it is",
		        topic->topic, topic->partition_cnt, partitions);
	return 0;
}

/* Fills names with the plan's topics that are not in the list. Returns how many, or -errno where one cannot be used. */
static int kafka_topics_missing(const struct rd_kafka_metadata *list, const struct tp_conf *conf, const struct tp_plan_spec *plan,
        const char *names[TP_MAX_TOPICS], char *err, size_t err_len)
{
	int n = 0;

	for (unsigned int i = 0; i < plan->n_topics; i++) {
		const struct rd_kafka_metadata_topic *topic = kafka_topics_find(list, plan->topics[i].name);
		int rc;

		if (!topic) {
			names[n++] = plan->topics[i].name;
			continue;
		}
		rc = kafka_topics_check(conf, topic, err, err_len);
		if (rc < 0)
			return rc;
	}
	return n;
}

static bool kafka_topics_visible(const struct rd_kafka_metadata *list, const char *const *names, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		const struct rd_kafka_metadata_topic *topic = kafka_topics_find(list, names[i]);

		if (!topic || topic->err != RD_KAFKA_RESP_ERR_NO_ERROR || topic->partition_cnt == 0)
			return false;
	}
	return true;
}

/* Waits until the new topics can be used. 0 or -errno. */
static int kafka_topics_await(
        struct tp_sink *sink, const struct tp_conf *conf, const char *const *names, unsigned int n, char *err, size_t err_len)
{
	int64_t until = tp_clock_ms(CLOCK_MONOTONIC) + KAFKA_TOPICS_VISIBLE_MS;

	while (tp_clock_ms(CLOCK_MONOTONIC) < until) {
		const struct rd_kafka_metadata *list = kafka_topics_list(sink, conf, err, err_len);
		bool visible;

		if (!list)
			return -ETIMEDOUT;
		visible = kafka_topics_visible(list, names, n);
		rd_kafka_metadata_destroy(list);
		if (visible)
			return 0;
		kafka_events(sink, 100);
	}
	snprintf(err, err_len, "topic '%s' was created, but did not become usable within %d s", names[0],
	        KAFKA_TOPICS_VISIBLE_MS / 1000);
	return -ETIMEDOUT;
}

/* Names the topics that may not be created, as many as fit. */
static void kafka_topics_refuse(const char *brokers, const char *const *names, unsigned int n, char *err, size_t err_len)
{
	int at = snprintf(err, err_len, "no such topic at %s, and sink.kafka.create_topics is false:", brokers);

	for (unsigned int i = 0; i < n && at >= 0 && (size_t)at < err_len; i++)
		at += snprintf(err + at, err_len - (size_t)at, "%s '%s'", i ? "," : "", names[i]);
}

rd_kafka_topic_t *kafka_topics_object(const struct tp_sink *sink, rd_kafka_t *rk, struct kafka_topic *topic, const char *name)
{
	rd_kafka_topic_conf_t *conf = rd_kafka_default_topic_conf_dup(rk);
	rd_kafka_topic_t *rkt;

	rd_kafka_topic_conf_set_opaque(conf, topic);
	if (sink->forecast)
		rd_kafka_topic_conf_set_partitioner_cb(conf, kafka_lanes_partition);
	rkt = rd_kafka_topic_new(rk, name, conf);
	if (!rkt)
		rd_kafka_topic_conf_destroy(conf);
	return rkt;
}

/* A topic object for each topic of the plan. 0 or -errno. */
static int kafka_topics_open(struct tp_sink *sink, const struct tp_plan_spec *plan, char *err, size_t err_len)
{
	for (unsigned int i = 0; i < sink->n_topics; i++) {
		sink->topics[i].rkt = kafka_topics_object(sink, sink->rk, &sink->topics[i], plan->topics[i].name);
		if (!sink->topics[i].rkt) {
			snprintf(err, err_len, "topic '%s': %s", plan->topics[i].name, rd_kafka_err2str(rd_kafka_last_error()));
			return -EINVAL;
		}
	}
	return 0;
}

int kafka_topics_prepare(
        struct tp_sink *sink, const struct tp_conf *conf, const struct tp_plan_spec *plan, char *err, size_t err_len)
{
	const struct rd_kafka_metadata *list = kafka_topics_list(sink, conf, err, err_len);
	const char *missing[TP_MAX_TOPICS];
	int n, rc = 0;

	if (!list)
		return -ETIMEDOUT;
	n = kafka_topics_missing(list, conf, plan, missing, err, err_len);
	rd_kafka_metadata_destroy(list);
	if (n < 0)
		return n;
	if (n > 0 && !conf->kafka.create_topics) {
		kafka_topics_refuse(conf->kafka.brokers, missing, (unsigned int)n, err, err_len);
		return -ENOENT;
	}
	if (n > 0)
		rc = kafka_topics_create(sink, conf, missing, (unsigned int)n, err, err_len);
	if (rc == 0 && n > 0)
		rc = kafka_topics_await(sink, conf, missing, (unsigned int)n, err, err_len);
	return rc == 0 ? kafka_topics_open(sink, plan, err, err_len) : rc;
}
