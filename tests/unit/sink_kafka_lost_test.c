/* SPDX-License-Identifier: BSD-3-Clause */
/* What the Kafka sink says of records that it could not deliver: why, of which topic, and each in some line of the log; covert ones in none. */
#include "sink_mock.h"

#include <inttypes.h>
#include <time.h>

#include "tp_log.h"

#define PRODUCE_REQUEST 0
#define PATIENCE_S      120

static uint64_t said_before;

static int setup(void **state)
{
	said_before = tp_log_last();
	return mock_start(state);
}

/* Delivers n records, of which the last `covert` are covert, while the broker answers with that error; 0: with none. */
static void deliver(struct tp_sink *sink, unsigned int n, unsigned int covert, rd_kafka_resp_err_t error)
{
	struct tp_batch *batch = fixture_batch_new(n * 64, n);
	time_t until = time(NULL) + PATIENCE_S;

	for (unsigned int i = 0; i < n; i++) {
		fixture_batch_add(batch, 1, "4", "x", 1);
		batch->entries[i].covert = i + covert >= n;
	}
	batch->covert = covert > 0;
	for (unsigned int i = 0; error && i < n; i++) /* no more requests than records */
		rd_kafka_mock_push_request_errors(mock, PRODUCE_REQUEST, 1, error);
	kafka()->submit(sink, batch);
	while (kafka()->outstanding(sink) > 0 && time(NULL) < until)
		kafka()->poll(sink, 100);
	assert_int_equal(kafka()->outstanding(sink), 0);
	rd_kafka_mock_clear_request_errors(mock, PRODUCE_REQUEST);
}

/* How many records the lines since the start of the test tell of as lost; each of them names topic and reason. */
static uint64_t told(const char *reason)
{
	uint64_t at = said_before, sum = 0, n;
	char line[TP_LOG_LINE];
	const char *found;

	while ((at = tp_log_line(at + 1, line)) != 0) {
		found = strstr(line, "kafka: topic 'raw.v2x.bsm.v1': ");
		if (!found)
			continue;
		assert_int_equal(sscanf(found, "kafka: topic 'raw.v2x.bsm.v1': %" SCNu64, &n), 1);
		if (!strstr(found, reason))
			fail_msg("'%s' is not in '%s'", reason, found);
		sum += n;
	}
	return sum;
}

/* Twice, so that the second time is within the silence behind the first line. */
static void each_lost_record_is_told(void **state)
{
	struct tp_conf conf = make_conf();
	struct tp_sink_state is = {0};
	struct tp_sink *sink = open_with(&conf);
	uint64_t failed;

	(void)state;
	deliver(sink, 10, 0, RD_KAFKA_RESP_ERR_NO_ERROR);
	assert_int_equal(told(""), 0);
	deliver(sink, 20, 0, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
	failed = fixture_account(-1).failed_sum;
	assert_true(failed > 0);
	assert_int_equal(told("not delivered, counted as not_authorized: Broker: Topic authorization failed"), failed);
	kafka()->state(sink, &is);
	assert_string_equal(is.error, "topic 'raw.v2x.bsm.v1': Broker: Topic authorization failed");
	assert_true(is.error_at_us > 0);
	deliver(sink, 30, 0, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
	failed = fixture_account(-1).failed_sum;
	assert_true(failed > 20);
	kafka()->close(sink);
	assert_int_equal(told("counted as not_authorized"), failed);
}

static void covert_ones_are_not_told(void **state)
{
	struct tp_conf conf = make_conf();
	struct tp_sink *sink = open_with(&conf);
	struct tp_account account;

	(void)state;
	deliver(sink, 20, 7, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
	account = fixture_account(-1);
	assert_true(account.covert_failed[TP_FAILURE_too_large] > 0 &&
	            account.failed_sum > account.covert_failed[TP_FAILURE_too_large]);
	kafka()->close(sink);
	assert_int_equal(told("counted as too_large: Broker: Message size too large"),
	        account.failed_sum - account.covert_failed[TP_FAILURE_too_large]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(each_lost_record_is_told, setup, mock_stop),
	        cmocka_unit_test_setup_teardown(covert_ones_are_not_told, setup, mock_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
