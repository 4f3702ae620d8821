/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The Kafka sink against librdkafka's mock cluster: whatever the brokers do, every record ends exactly once under the right
 * name, every batch comes back, and what is acknowledged is on the topic, in order for each key. A batch that comes back is
 * freed at once, so the address sanitizer finds a sink that still looks at it.
 */
#include "sink_mock.h"

#include "tp_log.h"

#include <time.h>

#define PRODUCE_REQUEST 0
#define KEYS            6
#define PATIENCE_S      120 /* until a test that cannot go on fails; nothing depends on how fast it goes */

/* Keys with their hash by Kafka's own Java partitioner (murmur2): what a Flink job would co-partition with. */
static const struct {
	const char *text;
	uint32_t murmur2;
} keys[KEYS] = {
        {"kafka", 0xd067cf64},
        {"giberish123456789", 0x8f552b0c},
        {"1234", 0x9fc97b14},
        {"234", 0xe7c009ca},
        {"34", 0x873930da},
        {"4", 0x5a4b5ca1},
};

static unsigned int submitted; /* batches */
static unsigned int next_number[KEYS];
static bool murmur2_expected;

static int setup(void **state)
{
	submitted = 0;
	murmur2_expected = true;
	memset(next_number, 0, sizeof(next_number));
	return mock_start(state);
}

/* Submits a batch of n records; each carries its key and a number that goes up by one for each record of that key. */
static void submit(struct tp_sink *sink, uint16_t topic, unsigned int n)
{
	struct tp_batch *batch = fixture_batch_new(n * 64, n);
	char value[40];

	batch->topic = topic;
	for (unsigned int i = 0; i < n; i++) {
		unsigned int key = i % KEYS;

		snprintf(value, sizeof(value), "%s %u", keys[key].text, next_number[key]++);
		fixture_batch_add(batch, (uint16_t)(1 + i % 3), keys[key].text, value, (uint32_t)strlen(value));
	}
	submitted++;
	kafka()->submit(sink, batch);
}

/* Polls until everything has ended; returns how many records poll() said did. */
static uint64_t drain(struct tp_sink *sink)
{
	time_t until = time(NULL) + PATIENCE_S;
	uint64_t ended = 0;

	while (kafka()->outstanding(sink) > 0) {
		ended += kafka()->poll(sink, 100);
		if (time(NULL) > until)
			fail_msg("%llu records have not ended", (unsigned long long)kafka()->outstanding(sink));
	}
	return ended + kafka()->poll(sink, 0);
}

/* Everything has ended once: no line of the books has anything under way, and the batches are back. */
static struct tp_account assert_all_ended(struct tp_sink *sink)
{
	struct tp_books_snapshot snap;
	struct tp_account total;

	assert_int_equal(kafka()->outstanding(sink), 0);
	assert_int_equal(fixture_given_back, submitted);
	assert_int_equal(tp_books_take(&snap, FIXTURE_SOURCES, kafka()->outstanding(sink)), 0);
	assert_true(tp_books_balanced(&snap, NULL, stderr));
	total = snap.total;
	tp_books_release(&snap);
	return total;
}

/* ---- reading back -------------------------------------------------------------------------------------------------------- */

static rd_kafka_t *consumer_new(const char *topic)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(PARTITIONS);
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	rd_kafka_t *consumer;

	rd_kafka_conf_set(conf, "bootstrap.servers", brokers, NULL, 0);
	rd_kafka_conf_set(conf, "group.id", "test", NULL, 0);
	rd_kafka_conf_set(conf, "enable.partition.eof", "true", NULL, 0);
	consumer = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof(why));
	assert_non_null(consumer);
	for (int i = 0; i < PARTITIONS; i++)
		rd_kafka_topic_partition_list_add(list, topic, i)->offset = RD_KAFKA_OFFSET_BEGINNING;
	assert_int_equal(rd_kafka_assign(consumer, list), 0);
	rd_kafka_topic_partition_list_destroy(list);
	return consumer;
}

/* The partition is the one of Kafka's own hash, the numbers of a key only go up, the timestamp is the record's. */
static void check_message(const rd_kafka_message_t *m, int last[KEYS])
{
	char text[64], key[64];
	unsigned int k = 0;
	int number;

	snprintf(text, sizeof(text), "%.*s", (int)m->len, (const char *)m->payload);
	assert_int_equal(sscanf(text, "%63s %d", key, &number), 2);
	while (k < KEYS && strcmp(keys[k].text, key) != 0)
		k++;
	assert_true(k < KEYS);
	assert_int_equal(m->key_len, strlen(key));
	assert_memory_equal(m->key, key, m->key_len);
	if (murmur2_expected)
		assert_int_equal(m->partition, (keys[k].murmur2 & 0x7fffffff) % PARTITIONS);
	assert_true(number > last[k]);
	last[k] = number;
	assert_true(rd_kafka_message_timestamp(m, NULL) > 1700000000000 && rd_kafka_message_timestamp(m, NULL) < 1700001000000);
}

/* How many records are on the topic. */
static unsigned int read_back(const char *topic)
{
	rd_kafka_t *consumer = consumer_new(topic);
	time_t until = time(NULL) + PATIENCE_S;
	int last[KEYS] = {-1, -1, -1, -1, -1, -1}, ends = 0;
	unsigned int n = 0;

	while (ends < PARTITIONS && time(NULL) <= until) {
		rd_kafka_message_t *m = rd_kafka_consumer_poll(consumer, 100);

		if (!m)
			continue;
		if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
			ends++;
		else if (!m->err) {
			check_message(m, last);
			n++;
		}
		rd_kafka_message_destroy(m);
	}
	assert_int_equal(ends, PARTITIONS);
	rd_kafka_consumer_close(consumer);
	rd_kafka_destroy(consumer);
	return n;
}

/* ---- the tests ----------------------------------------------------------------------------------------------------------- */

/* More records than librdkafka's queue holds: what does not fit waits in order. */
static void every_record_once_and_in_order(void **state)
{
	struct tp_conf conf = make_conf();
	struct tp_sink *sink;
	struct tp_account total;

	(void)state;
	conf.kafka.queue_messages = 500;
	sink = open_with(&conf);
	assert_false(kafka()->busy(sink));
	submit(sink, 0, 150);
	drain(sink); /* partitions are known behind it */
	for (unsigned int i = 0; i < 39; i++)
		submit(sink, 0, 150);
	submit(sink, 1, 7);
	submit(sink, 1, 0);
	assert_true(kafka()->busy(sink));
	assert_int_equal(kafka()->outstanding(sink), 5857);
	assert_int_equal(drain(sink), 5857);
	assert_false(kafka()->busy(sink));
	total = assert_all_ended(sink);
	assert_int_equal(total.acknowledged, 6007);
	assert_int_equal(fixture_account(1).acknowledged, 40 * 50 + 3);
	kafka()->close(sink);
	assert_int_equal(read_back("raw.v2x.bsm.v1"), 6000);
	assert_int_equal(read_back("dlq.v1"), 7);
}

/* Chunks much smaller than what waits, and a partitioner that sends records elsewhere than the lanes expect. */
static void order_holds_in_small_chunks(void **state)
{
	char chunk[] = "batch.num.messages=7", elsewhere[] = "partitioner=fnv1a", *properties[] = {chunk, elsewhere};
	struct tp_conf conf = make_conf();
	struct tp_sink *sink;

	(void)state;
	conf.kafka.properties = properties;
	for (unsigned int n = 1; n <= 2; n++) {
		conf.kafka.properties_count = n;
		sink = open_with(&conf);
		for (unsigned int i = 0; i < 10; i++)
			submit(sink, n - 1, 60);
		assert_int_equal(drain(sink), 600);
		assert_all_ended(sink);
		kafka()->close(sink);
		if (n == 1)
			memset(next_number, 0, sizeof(next_number));
	}
	assert_int_equal(read_back("raw.v2x.bsm.v1"), 600);
	murmur2_expected = false;
	assert_int_equal(read_back("dlq.v1"), 600);
}

static void submit_fresh(struct tp_sink *sink, unsigned int n)
{
	struct tp_batch *batch = fixture_batch_new(n * 64, n);

	for (unsigned int i = 0; i < n; i++) {
		fixture_batch_add(batch, 1, "4", "x", 1);
		batch->entries[i].timestamp_ms = (int64_t)time(NULL) * 1000;
	}
	submitted++;
	kafka()->submit(sink, batch);
}

/* Records that just arrived wait for others until a chunk is full; those that have waited already go at once. */
static void records_wait_for_a_chunk(void **state)
{
	char property[] = "batch.num.messages=10", *properties[] = {property};
	struct tp_conf conf = make_conf();
	struct tp_sink *sink;

	(void)state;
	conf.kafka.linger_ms = 900000;
	conf.kafka.delivery_timeout_ms = 1800000;
	conf.kafka.properties = properties;
	conf.kafka.properties_count = 1;
	sink = open_with(&conf);
	submit(sink, 0, 6); /* long ago, and after it the number of partitions is known */
	assert_int_equal(drain(sink), 6);
	submit_fresh(sink, 9);
	for (unsigned int i = 0; i < 5; i++)
		assert_int_equal(kafka()->poll(sink, 20), 0);
	assert_int_equal(kafka()->outstanding(sink), 9);
	submit_fresh(sink, 1);
	assert_int_equal(drain(sink), 10);
	assert_all_ended(sink);
	kafka()->close(sink);
}

/* The mock cluster does not look at sequence numbers as a broker does: a second request could overtake the refused one. */
static void retriable_errors_are_tried_again(void **state)
{
	char property[] = "max.in.flight.requests.per.connection=1", *properties[] = {property};
	struct tp_conf conf = make_conf();
	struct tp_sink *sink;

	(void)state;
	conf.kafka.properties = properties;
	conf.kafka.properties_count = 1;
	sink = open_with(&conf);
	rd_kafka_mock_push_request_errors(mock, PRODUCE_REQUEST, 5, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
	        RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
	        RD_KAFKA_RESP_ERR__TRANSPORT);
	for (unsigned int i = 0; i < 10; i++)
		submit(sink, 0, 100);
	assert_int_equal(drain(sink), 1000);
	assert_int_equal(assert_all_ended(sink).acknowledged, 1000);
	kafka()->close(sink);
	assert_int_equal(read_back("raw.v2x.bsm.v1"), 1000);
}

/* One batch meets the error, the next one does not: the ledger has both under their names, the topic what was acknowledged. */
static void permanent_error(rd_kafka_resp_err_t error, enum tp_failure reason)
{
	struct tp_conf conf = make_conf();
	struct tp_sink *sink = open_with(&conf);
	struct tp_account total;

	rd_kafka_mock_push_request_errors(mock, PRODUCE_REQUEST, 1, error);
	submit(sink, 0, 60);
	drain(sink);
	submit(sink, 0, 60);
	drain(sink);
	total = assert_all_ended(sink);
	assert_true(total.failed[reason] > 0);
	assert_int_equal(total.failed[reason], total.failed_sum);
	assert_int_equal(total.acknowledged + total.failed_sum, 120);
	kafka()->close(sink);
	assert_int_equal(read_back("raw.v2x.bsm.v1"), total.acknowledged);
}

/* A producer that lost count refuses everything from then on: what it had under way fails, a new one takes what waited and what comes. */
static void producer_that_cannot_go_on_is_replaced(void **state)
{
	struct tp_conf conf = make_conf();
	struct tp_sink *sink = open_with(&conf);
	struct tp_account total = {0};

	(void)state;
	for (uint64_t round = 1, before = 0; round <= 3; round++, before = total.acknowledged) {
		rd_kafka_mock_push_request_errors(mock, PRODUCE_REQUEST, 1, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER);
		submit(sink, 0, 60);
		assert_int_equal(drain(sink), 60);
		submit(sink, 0, 60);
		assert_int_equal(drain(sink), 60);
		total = assert_all_ended(sink);
		assert_int_equal(total.acknowledged + total.failed[TP_FAILURE_broker_error], 120 * round);
		assert_in_range(total.acknowledged, before + 60, before + 119);
	}
	kafka()->close(sink);
	assert_true(read_back("raw.v2x.bsm.v1") >= total.acknowledged);
}

static void not_authorized_is_named(void **state)
{
	(void)state;
	permanent_error(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, TP_FAILURE_not_authorized);
}

static void too_large_for_the_broker_is_named(void **state)
{
	(void)state;
	permanent_error(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, TP_FAILURE_too_large);
}

static void other_errors_are_the_brokers(void **state)
{
	(void)state;
	permanent_error(RD_KAFKA_RESP_ERR_INVALID_REQUIRED_ACKS, TP_FAILURE_broker_error);
}

/* librdkafka refuses a record larger than message.max.bytes at once: the batch comes back when nothing else of it is under way. */
static void too_large_for_the_producer_is_named(void **state)
{
	char property[] = "message.max.bytes=1000", *properties[] = {property}, large[2000];
	struct tp_conf conf = make_conf();
	struct tp_sink *sink;
	struct tp_batch *batch;
	struct tp_account total;

	(void)state;
	memset(large, 'x', sizeof(large));
	conf.kafka.properties = properties;
	conf.kafka.properties_count = 1;
	sink = open_with(&conf);
	batch = fixture_batch_new(10000, 1);
	fixture_batch_add(batch, 3, "4", large, sizeof(large));
	submitted++;
	kafka()->submit(sink, batch);
	assert_int_equal(fixture_given_back, 1);
	batch = fixture_batch_new(10000, 4);
	fixture_batch_add(batch, 1, "4", "4 0", 3);
	fixture_batch_add(batch, 2, "4", large, sizeof(large));
	fixture_batch_add(batch, 1, "4", "4 1", 3);
	fixture_batch_add(batch, 2, "4", large, sizeof(large));
	batch->covert = batch->entries[2].covert = batch->entries[3].covert = true; /* their ends are told apart */
	submitted++;
	kafka()->submit(sink, batch);
	assert_int_equal(drain(sink), 5);
	total = assert_all_ended(sink);
	assert_int_equal(total.covert_acknowledged, 1);
	assert_int_equal(fixture_account(1).covert_acknowledged, 1);
	assert_int_equal(total.covert_failed[TP_FAILURE_too_large], 1);
	assert_int_equal(fixture_account(2).covert_failed[TP_FAILURE_too_large], 1);
	assert_int_equal(total.failed[TP_FAILURE_too_large], 3);
	assert_int_equal(fixture_account(2).failed[TP_FAILURE_too_large], 2);
	assert_int_equal(total.acknowledged, 2);
	kafka()->close(sink);
	assert_int_equal(read_back("raw.v2x.bsm.v1"), 2);
}

static void broker_away_and_back(void **state)
{
	char property[] = "reconnect.backoff.max.ms=200", *properties[] = {property};
	struct tp_conf conf = make_conf();
	struct tp_sink *sink;

	(void)state;
	conf.kafka.properties = properties;
	conf.kafka.properties_count = 1;
	sink = open_with(&conf);
	submit(sink, 0, 30);
	drain(sink);
	rd_kafka_mock_broker_set_down(mock, 1);
	for (unsigned int i = 0; i < 5; i++)
		submit(sink, 0, 30);
	for (unsigned int i = 0; i < 10; i++)
		kafka()->poll(sink, 50);
	assert_int_equal(kafka()->outstanding(sink), 150);
	assert_int_equal(fixture_account(-1).in_flight, 150);
	rd_kafka_mock_broker_set_up(mock, 1);
	drain(sink);
	assert_int_equal(assert_all_ended(sink).acknowledged, 180);
	kafka()->close(sink);
	assert_int_equal(read_back("raw.v2x.bsm.v1"), 180);
}

/* Behind that line of the log there is one that says that there is a broker again. */
static bool is_said_back(uint64_t said)
{
	char line[TP_LOG_LINE];

	while ((said = tp_log_line(said + 1, line)) != 0)
		if (strstr(line, "kafka: brokers are reachable again"))
			return true;
	return false;
}

/* A sink that says that nobody can be reached does not say that it is connected to somebody, whatever the last statistics said. */
static void no_broker_is_connected_when_none_is_reachable(void **state)
{
	struct tp_sink_state is = {0};
	struct tp_conf conf = make_conf();
	struct tp_sink *sink = open_with(&conf);
	time_t until = time(NULL) + PATIENCE_S;
	uint64_t said;

	(void)state;
	while (is.brokers_up == 0 && time(NULL) < until) {
		kafka()->poll(sink, 10);
		kafka()->state(sink, &is);
	}
	assert_int_equal(is.brokers_up, 1);
	assert_int_equal(is.reachable, 1);
	rd_kafka_mock_broker_set_down(mock, 1);
	while (is.reachable && time(NULL) < until) {
		kafka()->poll(sink, 1);
		kafka()->state(sink, &is);
	}
	assert_int_equal(is.reachable, 0);
	assert_int_equal(is.brokers_up, 0);
	said = tp_log_last();
	rd_kafka_mock_broker_set_up(mock, 1);
	until = time(NULL) + PATIENCE_S; /* where it came and went before, the line is held back for a minute */
	while ((!is.reachable || !is_said_back(said)) && time(NULL) < until) {
		kafka()->poll(sink, 10);
		kafka()->state(sink, &is);
	}
	assert_int_equal(is.reachable, 1);
	assert_true(is_said_back(said));
	kafka()->close(sink);
}

/* Records of one key, which all go to one partition. */
static void submit_key(struct tp_sink *sink, unsigned int key, uint16_t bucket, unsigned int n)
{
	struct tp_batch *batch = fixture_batch_new(n * 64, n);
	char value[40];

	batch->topic = 0;
	batch->bucket = bucket;
	for (unsigned int i = 0; i < n; i++) {
		snprintf(value, sizeof(value), "%s %u", keys[key].text, next_number[key]++);
		fixture_batch_add(batch, 1, keys[key].text, value, (uint32_t)strlen(value));
	}
	submitted++;
	kafka()->submit(sink, batch);
}

/* A partition without a leader gets more than the whole queue holds: the others go on, and it has all of its own in the end, in order. */
static void absent_partition_leaves_room_for_others(void **state)
{
	struct tp_conf conf = make_conf();
	int32_t absent = (int32_t)((keys[0].murmur2 & 0x7fffffff) % PARTITIONS);
	unsigned int other = 1;
	struct tp_sink *sink;

	(void)state;
	while ((int32_t)((keys[other].murmur2 & 0x7fffffff) % PARTITIONS) == absent)
		other++;
	conf.kafka.queue_messages = 10000;
	sink = open_with(&conf);
	submit(sink, 0, 60); /* the number of partitions is known behind it */
	drain(sink);
	assert_int_equal(rd_kafka_mock_partition_set_leader(mock, topics[0].name, absent, -1), 0);
	for (int i = 0; i < 6; i++)
		submit_key(sink, 0, 1, 3000);
	for (int i = 0; i < 6; i++) {
		time_t until = time(NULL) + PATIENCE_S;

		assert_false(kafka()->busy(sink));
		submit_key(sink, other, 2, 3000);
		while (kafka()->outstanding(sink) > 18000 && time(NULL) < until)
			kafka()->poll(sink, 100);
		assert_int_equal(kafka()->outstanding(sink), 18000); /* those of the absent one, and no others */
	}
	assert_int_equal(rd_kafka_mock_partition_set_leader(mock, topics[0].name, absent, 1), 0);
	drain(sink);
	assert_int_equal(assert_all_ended(sink).acknowledged, 60 + 36000);
	kafka()->close(sink);
	assert_int_equal(read_back(topics[0].name), 60 + 36000);
}

/* Those that librdkafka has, and those that wait behind them. */
static void broker_that_stays_away_is_a_time_out(void **state)
{
	char property[] = "batch.num.messages=4", *properties[] = {property};
	struct tp_conf conf = make_conf();
	struct tp_sink *sink;
	struct tp_account total;

	(void)state;
	conf.kafka.delivery_timeout_ms = 1000;
	conf.kafka.properties = properties;
	conf.kafka.properties_count = 1;
	sink = open_with(&conf);
	rd_kafka_mock_broker_set_down(mock, 1);
	submit(sink, 0, 30);
	assert_int_equal(drain(sink), 30);
	total = assert_all_ended(sink);
	assert_int_equal(total.failed[TP_FAILURE_timed_out], 30);
	kafka()->close(sink);
}

/* Some records are under way, some in librdkafka's queue, some not yet given to it: all end as purged. */
static void purge_ends_everything(void **state)
{
	struct tp_conf conf = make_conf();
	struct tp_sink *sink;
	struct tp_account total;

	(void)state;
	conf.kafka.queue_messages = 100;
	sink = open_with(&conf);
	rd_kafka_mock_broker_set_rtt(mock, 1, 3600 * 1000);
	for (unsigned int i = 0; i < 10; i++)
		submit(sink, 0, 60);
	for (unsigned int i = 0; i < 5; i++)
		kafka()->poll(sink, 50);
	assert_int_equal(kafka()->outstanding(sink), 600);
	kafka()->purge(sink);
	total = assert_all_ended(sink);
	assert_int_equal(total.failed[TP_FAILURE_purged], 600);
	kafka()->close(sink);
}

static void close_gives_everything_back(void **state)
{
	struct tp_conf conf = make_conf();
	struct tp_sink *sink = open_with(&conf);

	(void)state;
	rd_kafka_mock_broker_set_down(mock, 1);
	submit(sink, 0, 60);
	kafka()->close(sink);
	assert_int_equal(fixture_given_back, 1);
	assert_int_equal(fixture_account(-1).failed[TP_FAILURE_purged], 60);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(every_record_once_and_in_order, setup, mock_stop),
	        cmocka_unit_test_setup_teardown(order_holds_in_small_chunks, setup, mock_stop),
	        cmocka_unit_test_setup_teardown(records_wait_for_a_chunk, setup, mock_stop),
	        cmocka_unit_test_setup_teardown(retriable_errors_are_tried_again, setup, mock_stop),
	        cmocka_unit_test_setup_teardown(producer_that_cannot_go_on_is_replaced, setup, mock_stop),
	        cmocka_unit_test_setup_teardown(not_authorized_is_named, setup, mock_stop),
	        cmocka_unit_test_setup_teardown(too_large_for_the_broker_is_named, setup, mock_stop),
	        cmocka_unit_test_setup_teardown(other_errors_are_the_brokers, setup, mock_stop),
	        cmocka_unit_test_setup_teardown(too_large_for_the_producer_is_named, setup, mock_stop),
	        cmocka_unit_test_setup_teardown(broker_away_and_back, setup, mock_stop),
	        cmocka_unit_test_setup_teardown(no_broker_is_connected_when_none_is_reachable, setup, mock_stop),
	        cmocka_unit_test_setup_teardown(absent_partition_leaves_room_for_others, setup, mock_stop),
	        cmocka_unit_test_setup_teardown(broker_that_stays_away_is_a_time_out, setup, mock_stop),
	        cmocka_unit_test_setup_teardown(purge_ends_everything, setup, mock_stop),
	        cmocka_unit_test_setup_teardown(close_gives_everything_back, setup, mock_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
