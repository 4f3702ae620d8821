/* SPDX-License-Identifier: BSD-3-Clause */
/* What the Kafka sink says of a cluster that it cannot start with: it refuses, names what is wrong, and leaves nothing behind. */
#include "sink_mock.h"

static void start_without_a_broker(void **state)
{
	struct tp_conf conf = make_conf();
	char nobody[] = "127.0.0.1:1";

	(void)state;
	conf.kafka.brokers = nobody;
	conf.kafka.connect_timeout_ms = 500;
	assert_refused(&conf, "no Kafka broker answered at 127.0.0.1:1 within 0.5 s: ");
}

static void start_with_a_wrong_property(void **state)
{
	char unknown[] = "queue.bufering=3", bad[] = "linger.ms=soon", shapeless[] = "linger.ms", *properties[1];
	struct tp_conf conf = make_conf();

	(void)state;
	conf.kafka.properties = properties;
	conf.kafka.properties_count = 1;
	properties[0] = unknown;
	assert_refused(&conf, "property 'queue.bufering' = '3': No such configuration property");
	properties[0] = bad;
	assert_refused(&conf, "property 'linger.ms' = 'soon': Invalid value");
	properties[0] = shapeless;
	assert_refused(&conf, "'linger.ms': expected name=value");
}

static void start_with_a_missing_topic(void **state)
{
	static const struct tp_topic more[] = {
	        {.name = "raw.v2x.bsm.v1", .kind = TP_KIND_bsm},
	        {.name = "absent.one.v1", .kind = TP_KIND_dlq},
	        {.name = "absent.two.v1", .kind = TP_KIND_dlq},
	};
	const struct tp_plan_spec wider = {.topics = more, .n_topics = 3};
	struct tp_conf conf = make_conf();
	struct tp_sink *sink = NULL;

	(void)state;
	assert_int_equal(kafka()->open(&conf, &wider, &sink, why, sizeof(why)), -ENOENT);
	assert_non_null(strstr(why, "'absent.one.v1', 'absent.two.v1'"));
	assert_null(strstr(why, "bsm"));
	assert_non_null(strstr(why, "create_topics"));
	/* The mock cluster cannot create topics: its refusal is passed on. */
	conf.kafka.create_topics = true;
	assert_int_equal(kafka()->open(&conf, &wider, &sink, why, sizeof(why)), -EACCES);
	assert_non_null(strstr(why, "topic 'absent.one.v1' could not be created: "));
}

static void start_with_a_forbidden_topic(void **state)
{
	struct tp_conf conf = make_conf();

	(void)state;
	rd_kafka_mock_topic_set_error(mock, "dlq.v1", RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
	assert_refused(&conf, "topic 'dlq.v1' cannot be used: ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(start_without_a_broker, mock_start, mock_stop),
	        cmocka_unit_test_setup_teardown(start_with_a_wrong_property, mock_start, mock_stop),
	        cmocka_unit_test_setup_teardown(start_with_a_missing_topic, mock_start, mock_stop),
	        cmocka_unit_test_setup_teardown(start_with_a_forbidden_topic, mock_start, mock_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
