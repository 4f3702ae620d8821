/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_TEST_SINK_MOCK_H
#define TP_TEST_SINK_MOCK_H
/* librdkafka's mock cluster of one broker, with two topics, and the Kafka sink opened on it. Include it once a program. */
#include "sink_fixture.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#define PARTITIONS 4

static const struct tp_topic topics[] = {
        {.name = "raw.v2x.bsm.v1", .kind = TP_KIND_bsm},
        {.name = "dlq.v1", .kind = TP_KIND_dlq},
};
static const struct tp_plan_spec plan = {.topics = topics, .n_topics = 2};

static rd_kafka_t *mock_handle;
static rd_kafka_mock_cluster_t *mock;
static char brokers[256], why[1024];

static inline int mock_start(void **state)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();

	(void)state;
	rd_kafka_conf_set(conf, "bootstrap.servers", "127.0.0.1:1", NULL, 0); /* never asked: it only hosts the mock cluster */
	rd_kafka_conf_set(conf, "log_level", "0", NULL, 0);
	fixture_reset();
	mock_handle = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
	mock = rd_kafka_mock_cluster_new(mock_handle, 1);
	snprintf(brokers, sizeof(brokers), "%s", rd_kafka_mock_cluster_bootstraps(mock));
	for (unsigned int i = 0; i < plan.n_topics; i++)
		rd_kafka_mock_topic_create(mock, topics[i].name, PARTITIONS, 1);
	return 0;
}

static inline int mock_stop(void **state)
{
	(void)state;
	rd_kafka_mock_cluster_destroy(mock);
	rd_kafka_destroy(mock_handle);
	tp_ledger_fini();
	return 0;
}

static inline struct tp_conf make_conf(void)
{
	static char compression[] = "lz4";

	return (struct tp_conf){.kafka = {
	                                .brokers = brokers,
	                                .compression = compression,
	                                .linger_ms = 5,
	                                .delivery_timeout_ms = 600000,
	                                .connect_timeout_ms = 30000,
	                                .queue_messages = 10000,
	                                .partitions = PARTITIONS,
	                                .replication = 1,
	                        }};
}

static inline const struct tp_sink_ops *kafka(void)
{
	return tp_sink_by_name("kafka");
}

static inline struct tp_sink *open_with(const struct tp_conf *conf)
{
	struct tp_sink *sink = NULL;

	if (kafka()->open(conf, &plan, &sink, why, sizeof(why)) != 0)
		fail_msg("%s", why);
	return sink;
}

static inline void assert_refused(const struct tp_conf *conf, const char *what)
{
	struct tp_sink *sink = NULL;

	why[0] = '\0';
	assert_true(kafka()->open(conf, &plan, &sink, why, sizeof(why)) < 0);
	assert_null(sink);
	if (!strstr(why, what))
		fail_msg("'%s' is not in '%s'", what, why);
}

#endif
