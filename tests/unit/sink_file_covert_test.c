/* SPDX-License-Identifier: BSD-3-Clause */
/* What the file sink says of records that it lost: as many as were lost, less the covert ones, which are in no line of the log. */
#include "sink_fixture.h"

#include <inttypes.h>
#include <unistd.h>

#include "tp_log.h"

#define RECORDS 20
#define COVERT  7

static const struct tp_topic topics[] = {{.name = "one.v1", .encoding = TP_ENCODING_JSON}};
static const struct tp_plan_spec plan = {.topics = topics, .n_topics = 1};

static struct tp_batch *make_batch(void)
{
	struct tp_batch *batch = fixture_batch_new(RECORDS * 16, RECORDS);

	for (unsigned int i = 0; i < RECORDS; i++) {
		fixture_batch_add(batch, 1, "key", "{}", 2);
		batch->entries[i].covert = i < COVERT;
	}
	batch->covert = true;
	return batch;
}

/* What the lines behind that one say is lost, all together. */
static uint64_t told(uint64_t line_before)
{
	uint64_t sum = 0, n;
	char line[TP_LOG_LINE];

	while ((line_before = tp_log_line(line_before + 1, line)) != 0) {
		const char *end = strstr(line, " records lost, counted as write_error");

		if (!end)
			continue;
		while (end > line && end[-1] != ' ')
			end--;
		assert_int_equal(sscanf(end, "%" SCNu64, &n), 1);
		sum += n;
	}
	return sum;
}

/* A device that is always full: nothing can be written, as for each policy. */
static void covert_ones_are_not_told(void **state)
{
	const struct tp_sink_ops *ops = tp_sink_by_name("file");
	char folder[] = "/tmp/sink-file-XXXXXX", path[64], why[256];
	struct tp_conf conf = {.file.directory = folder, .dataplane.batches = 64};
	uint64_t before = tp_log_last();

	(void)state;
	fixture_reset();
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/one.v1.ndjson", folder);
	assert_int_equal(symlink("/dev/full", path), 0);
	for (int fsync = TP_FSYNC_NEVER; fsync <= TP_FSYNC_BATCH; fsync++) {
		struct tp_sink *sink = NULL;

		conf.file.fsync = (enum tp_fsync)fsync;
		if (ops->open(&conf, &plan, &sink, why, sizeof(why)) != 0)
			fail_msg("%s", why);
		ops->submit(sink, make_batch());
		ops->submit(sink, make_batch());
		ops->poll(sink, 0);
		ops->close(sink);
	}
	assert_int_equal(fixture_account(-1).failed[TP_FAILURE_write_error], 6 * RECORDS);
	assert_int_equal(fixture_account(-1).covert_failed[TP_FAILURE_write_error], 6 * COVERT);
	assert_int_equal(told(before), 6 * (RECORDS - COVERT));
	tp_ledger_fini();
	unlink(path);
	rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(covert_ones_are_not_told)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
