/* SPDX-License-Identifier: BSD-3-Clause */
/* The file sink and the null sink: lines on disk, when they count as acknowledged, and a disk that is full. */
#include "sink_fixture.h"
#include "tp_log.h"

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static const struct tp_topic topics[] = {
        {.name = "one.v1", .kind = TP_KIND_dlq, .encoding = TP_ENCODING_JSON},
        {.name = "two.v1", .kind = TP_KIND_bsm, .encoding = TP_ENCODING_JSON},
};
static const struct tp_plan_spec plan = {.topics = topics, .n_topics = 2};

static char folder[64];
static char sub[96]; /* the sink's folder, which it makes itself */
static char why[512];

static int sync_error; /* what fdatasync() says; 0: what the kernel does */

int fdatasync(int fd)
{
	if (sync_error == 0)
		return fsync(fd);
	errno = sync_error;
	return -1;
}

static struct timespec stopped; /* where the monotonic clock stands, whatever time a case takes; 0: it goes */

int clock_gettime(clockid_t id, struct timespec *now)
{
	if (id != CLOCK_MONOTONIC || stopped.tv_sec == 0)
		return (int)syscall(SYS_clock_gettime, id, now);
	*now = stopped;
	return 0;
}

static void stop_clock(void)
{
	syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &stopped);
}

static int cut_error; /* the same of ftruncate() */

int ftruncate(int fd, off_t size)
{
	if (cut_error == 0)
		return (int)syscall(SYS_ftruncate, fd, size);
	errno = cut_error;
	return -1;
}

static int setup(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/tp_file_XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(sub, sizeof(sub), "%s/out", folder);
	fixture_reset();
	stopped.tv_sec = 0;
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static int teardown(void **state)
{
	(void)state;
	tp_ledger_fini();
	return nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static struct tp_conf make_conf(enum tp_fsync fsync, uint32_t interval_ms)
{
	return (struct tp_conf){
	        .file = {.directory = sub, .fsync = fsync, .fsync_interval_ms = interval_ms},
	        .dataplane = {.batches = 16},
	};
}

static struct tp_sink *open_sink(enum tp_fsync fsync, uint32_t interval_ms)
{
	struct tp_conf conf = make_conf(fsync, interval_ms);
	struct tp_sink *sink = NULL;

	why[0] = '\0';
	if (tp_sink_by_name("file")->open(&conf, &plan, &sink, why, sizeof(why)) != 0)
		fail_msg("%s", why);
	return sink;
}

/* A batch of n lines {"n":first}, {"n":first+1}, ... padded to about `octets` each. */
static struct tp_batch *make_batch(uint16_t topic, unsigned int first, unsigned int n, unsigned int octets)
{
	struct tp_batch *batch = fixture_batch_new(n * (octets + 64), n);
	char *value = malloc(octets + 64);

	batch->topic = topic;
	for (unsigned int i = 0; i < n; i++) {
		int len = sprintf(value, "{\"n\":%u,\"pad\":\"%0*d\"}", first + i, (int)octets, 0);

		fixture_batch_add(batch, (uint16_t)(1 + i % 2), "device", value, (uint32_t)len);
	}
	free(value);
	return batch;
}

/* Counts the lines of a topic's file and checks that they are {"n":0.., in order, each whole. */
static unsigned int count_lines(const char *name)
{
	char path[160], *line = NULL;
	size_t size = 0;
	unsigned int n = 0;
	ssize_t len;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s.ndjson", sub, name);
	f = fopen(path, "r");
	assert_non_null(f);
	while ((len = getline(&line, &size, f)) > 0) {
		unsigned int got;

		assert_int_equal(sscanf(line, "{\"n\":%u,", &got), 1);
		assert_int_equal(got, n++);
		assert_string_equal(line + len - 3, "\"}\n");
		assert_ptr_equal(strrchr(line, '{'), line); /* and not behind a torn one */
	}
	free(line);
	fclose(f);
	return n;
}

static void lines_of_each_topic_in_order(void **state)
{
	const struct tp_sink_ops *ops = tp_sink_by_name("file");
	struct tp_sink *sink = open_sink(TP_FSYNC_NEVER, 0);

	(void)state;
	ops->submit(sink, make_batch(0, 0, 1500, 100)); /* more than one writev takes */
	ops->submit(sink, make_batch(1, 0, 3, 10));
	ops->submit(sink, make_batch(0, 1500, 1, 70000)); /* larger than a page of anything */
	ops->submit(sink, make_batch(0, 1501, 0, 1));     /* empty */
	assert_int_equal(ops->outstanding(sink), 0);
	assert_int_equal(ops->poll(sink, 0), 1504);
	assert_int_equal(ops->poll(sink, 0), 0);
	assert_int_equal(fixture_given_back, 4);
	assert_int_equal(count_lines("one.v1"), 1501);
	assert_int_equal(count_lines("two.v1"), 3);
	assert_int_equal(fixture_account(1).acknowledged, 753);
	assert_int_equal(fixture_account(2).acknowledged, 751);
	assert_int_equal(fixture_account(-1).in_flight, 0);
	ops->close(sink);

	/* What is there already stays. */
	sink = open_sink(TP_FSYNC_BATCH, 0);
	ops->submit(sink, make_batch(1, 3, 2, 10));
	assert_int_equal(count_lines("two.v1"), 5);
	assert_int_equal(ops->outstanding(sink), 0);
	assert_int_equal(fixture_account(-1).acknowledged, 1506);
	ops->close(sink);
}

static void torn_last_line_is_ended(void **state)
{
	const struct tp_sink_ops *ops = tp_sink_by_name("file");
	struct tp_sink *sink;
	char path[160], text[64] = "";
	int fd;

	(void)state;
	assert_int_equal(mkdir(sub, 0755), 0);
	snprintf(path, sizeof(path), "%s/one.v1.ndjson", sub);
	fd = open(path, O_RDWR | O_CREAT, 0644);
	assert_int_equal(write(fd, "{}\n{\"n\"", 7), 7);
	sink = open_sink(TP_FSYNC_NEVER, 0);
	ops->submit(sink, make_batch(0, 0, 1, 1));
	ops->close(sink);
	assert_true(pread(fd, text, sizeof(text) - 1, 0) > 0);
	assert_string_equal(text, "{}\n{\"n\"\n{\"n\":0,\"pad\":\"0\"}\n");
	close(fd);
}

/* Until the fsync of its interval a record is outstanding, and its batch stays. */
static void interval_acknowledges_after_the_fsync(void **state)
{
	const struct tp_sink_ops *ops = tp_sink_by_name("file");
	struct tp_sink *sink = open_sink(TP_FSYNC_INTERVAL, 3600 * 1000);

	(void)state;
	for (unsigned int i = 0; i < 3; i++)
		ops->submit(sink, make_batch(0, 10 * i, 10, 10));
	assert_int_equal(ops->poll(sink, 0), 0);
	assert_int_equal(ops->outstanding(sink), 30);
	assert_int_equal(fixture_given_back, 0);
	assert_int_equal(fixture_account(-1).acknowledged, 0);
	assert_int_equal(fixture_account(-1).in_flight, 30);
	/* A quarter of the worker's sixteen batches are held: they are synced before the hour is over. */
	ops->submit(sink, make_batch(1, 0, 10, 10));
	assert_int_equal(ops->outstanding(sink), 0);
	assert_int_equal(ops->poll(sink, 0), 40);
	assert_int_equal(fixture_given_back, 4);
	ops->submit(sink, make_batch(1, 10, 10, 10));
	ops->purge(sink);
	assert_int_equal(fixture_account(-1).acknowledged, 50);
	assert_int_equal(fixture_account(-1).failed_sum, 0);
	ops->close(sink);
	assert_int_equal(count_lines("one.v1"), 30);
}

static void interval_of_nothing_syncs_in_poll(void **state)
{
	const struct tp_sink_ops *ops = tp_sink_by_name("file");
	struct tp_sink *sink = open_sink(TP_FSYNC_INTERVAL, 0);

	(void)state;
	ops->submit(sink, make_batch(0, 0, 10, 10));
	assert_int_equal(ops->outstanding(sink), 10);
	assert_int_equal(ops->poll(sink, 50), 10);
	assert_int_equal(ops->outstanding(sink), 0);
	ops->close(sink);
}

/* A device that is always full: nothing can be written, everything ends as write_error. */
static void full_device_loses_nothing_silently(void **state)
{
	const struct tp_sink_ops *ops = tp_sink_by_name("file");
	struct tp_sink *sink;
	char path[160];

	(void)state;
	assert_int_equal(mkdir(sub, 0755), 0);
	snprintf(path, sizeof(path), "%s/one.v1.ndjson", sub);
	assert_int_equal(symlink("/dev/full", path), 0);
	for (int fsync = TP_FSYNC_NEVER; fsync <= TP_FSYNC_BATCH; fsync++) {
		sink = open_sink((enum tp_fsync)fsync, 0);
		ops->submit(sink, make_batch(0, 0, 700, 50));
		ops->submit(sink, make_batch(1, 7 * (unsigned int)fsync, 7, 50));
		assert_int_equal(ops->poll(sink, 0), 707);
		ops->close(sink);
	}
	assert_int_equal(fixture_given_back, 6);
	assert_int_equal(fixture_account(-1).failed[TP_FAILURE_write_error], 2100);
	assert_int_equal(fixture_account(-1).acknowledged, 21);
	assert_int_equal(fixture_account(-1).in_flight, 0);
	assert_int_equal(count_lines("two.v1"), 21);
}

/* The disk fills up in the middle of a line: what fitted counts, the torn line is cut off, later there is room again. */
static void full_in_the_middle_leaves_whole_lines(void **state)
{
	const struct tp_sink_ops *ops = tp_sink_by_name("file");
	struct tp_sink *sink = open_sink(TP_FSYNC_BATCH, 0);
	struct rlimit old, small;
	struct tp_account a;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = (struct rlimit){.rlim_cur = 10000, .rlim_max = old.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	ops->submit(sink, make_batch(0, 0, 1000, 100));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	a = fixture_account(-1);
	assert_true(a.acknowledged > 70 && a.acknowledged < 100);
	assert_int_equal(a.failed[TP_FAILURE_write_error], 1000 - a.acknowledged);
	assert_int_equal(count_lines("one.v1"), a.acknowledged);
	ops->submit(sink, make_batch(0, (unsigned int)a.acknowledged, 5, 100));
	assert_int_equal(count_lines("one.v1"), a.acknowledged + 5);
	assert_int_equal(fixture_account(-1).in_flight, 0);
	assert_int_equal(fixture_given_back, 2);
	ops->close(sink);
}

/* The same with a file that somebody has emptied meanwhile: what is cut off is the torn line, not what the file once held. */
static void full_behind_one_that_was_emptied(void **state)
{
	const struct tp_sink_ops *ops = tp_sink_by_name("file");
	struct tp_sink *sink = open_sink(TP_FSYNC_BATCH, 0);
	struct rlimit old, small;
	char path[160];
	uint64_t fitted;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	ops->submit(sink, make_batch(0, 0, 500, 100));
	snprintf(path, sizeof(path), "%s/one.v1.ndjson", sub);
	assert_int_equal(truncate(path, 0), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = (struct rlimit){.rlim_cur = 10000, .rlim_max = old.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	ops->submit(sink, make_batch(0, 0, 1000, 100));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	fitted = fixture_account(-1).acknowledged - 500;
	assert_true(fitted > 70 && fitted < 100);
	ops->submit(sink, make_batch(0, (unsigned int)fitted, 5, 100));
	assert_int_equal(count_lines("one.v1"), fitted + 5);
	assert_int_equal(fixture_account(-1).in_flight, 0);
	ops->close(sink);
}

/* Where it cannot be cut off, as in a file that may only grow, it is a line of its own. */
static void torn_line_that_stays_is_ended(void **state)
{
	const struct tp_sink_ops *ops = tp_sink_by_name("file");
	struct tp_sink *sink = open_sink(TP_FSYNC_BATCH, 0);
	char path[160], text[400] = "";
	struct rlimit old, small;
	FILE *file;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = (struct rlimit){.rlim_cur = 20, .rlim_max = old.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	cut_error = EPERM;
	ops->submit(sink, make_batch(0, 1, 2, 1));
	cut_error = 0;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	ops->submit(sink, make_batch(0, 3, 1, 1));
	snprintf(path, sizeof(path), "%s/one.v1.ndjson", sub);
	file = fopen(path, "r");
	assert_non_null(file);
	assert_true(fread(text, 1, sizeof(text) - 1, file) > 0);
	fclose(file);
	assert_string_equal(text, "{\"n\":1,\"pad\":\"0\"}\n{\"\n{\"n\":3,\"pad\":\"0\"}\n");
	assert_int_equal(fixture_account(-1).acknowledged, 2);
	assert_int_equal(fixture_account(-1).failed[TP_FAILURE_write_error], 1);
	ops->close(sink);
}

/* Who rotates files, or removes one, loses what he takes away and nothing else; and nothing is acknowledged that is in no file. */
static void files_may_be_taken_away(void **state)
{
	const struct tp_sink_ops *ops = tp_sink_by_name("file");
	struct tp_sink *sink = open_sink(TP_FSYNC_INTERVAL, 3600 * 1000);
	char path[160], moved[160];

	(void)state;
	snprintf(path, sizeof(path), "%s/one.v1.ndjson", sub);
	snprintf(moved, sizeof(moved), "%s/moved.ndjson", sub);
	ops->submit(sink, make_batch(0, 0, 3, 10));
	assert_int_equal(rename(path, moved), 0);
	assert_int_equal(ops->outstanding(sink), 3);
	ops->submit(sink, make_batch(0, 0, 5, 10));
	assert_int_equal(ops->outstanding(sink), 5); /* those of the old file were synced */
	assert_int_equal(count_lines("moved"), 3);
	assert_int_equal(count_lines("one.v1"), 5);
	assert_int_equal(remove(path), 0);
	ops->submit(sink, make_batch(0, 0, 2, 10));
	assert_int_equal(count_lines("one.v1"), 2);
	assert_int_equal(fixture_account(-1).acknowledged, 8);
	assert_int_equal(fixture_account(-1).failed_sum, 0);

	/* The folder is gone, too. */
	snprintf(moved, sizeof(moved), "%s/elsewhere", folder);
	assert_int_equal(rename(sub, moved), 0);
	ops->submit(sink, make_batch(0, 2, 4, 10));
	assert_int_equal(fixture_account(-1).acknowledged, 10);
	assert_int_equal(fixture_account(-1).failed[TP_FAILURE_write_error], 4);
	assert_int_equal(rename(moved, sub), 0);
	ops->submit(sink, make_batch(0, 2, 4, 10));
	ops->purge(sink);
	assert_int_equal(count_lines("one.v1"), 6);
	assert_int_equal(fixture_account(-1).acknowledged, 14);
	assert_int_equal(fixture_account(-1).in_flight, 0);
	ops->close(sink);
}

/* One that comes in place of another and ends within a line, on a disk that has no room to end it: nothing is written behind that until there is. */
static void torn_line_of_one_that_follows_is_ended(void **state)
{
	const struct tp_sink_ops *ops = tp_sink_by_name("file");
	struct tp_sink *sink = open_sink(TP_FSYNC_BATCH, 0);
	struct rlimit old, small;
	char path[160];
	FILE *file;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	snprintf(path, sizeof(path), "%s/one.v1.ndjson", sub);
	assert_int_equal(remove(path), 0);
	file = fopen(path, "w");
	assert_non_null(file);
	fprintf(file, "{\"n\":0,\"pad\":\"0\"}\n{\"n\":1,\"pad\":\"0\"}"); /* whole but for the end of the second line */
	fclose(file);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = (struct rlimit){.rlim_cur = 35, .rlim_max = old.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	ops->submit(sink, make_batch(0, 2, 3, 10));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(fixture_account(-1).failed[TP_FAILURE_write_error], 3);
	ops->submit(sink, make_batch(0, 2, 3, 10));
	assert_int_equal(count_lines("one.v1"), 5);
	assert_int_equal(fixture_account(-1).acknowledged, 3);
	assert_int_equal(fixture_account(-1).in_flight, 0);
	ops->close(sink);
}

/* What could not be synced is not delivered, whatever the file system says of it; a device cannot be synced, and is as good as it gets. */
static void what_is_not_synced_is_not_delivered(void **state)
{
	static const int errors[] = {EIO, EROFS, EINVAL, ENOSPC};
	const struct tp_sink_ops *ops = tp_sink_by_name("file");
	struct tp_sink *sink;
	char path[160];

	(void)state;
	assert_int_equal(mkdir(sub, 0755), 0);
	snprintf(path, sizeof(path), "%s/two.v1.ndjson", sub);
	assert_int_equal(symlink("/dev/null", path), 0);
	sink = open_sink(TP_FSYNC_BATCH, 0);
	for (unsigned int i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		sync_error = errors[i];
		ops->submit(sink, make_batch(0, 0, 3, 10));
		assert_int_equal(fixture_account(-1).failed[TP_FAILURE_write_error], 3 * (i + 1));
	}
	assert_int_equal(fixture_account(-1).acknowledged, 0);
	sync_error = EROFS;
	ops->submit(sink, make_batch(1, 0, 2, 10));
	sync_error = 0;
	assert_int_equal(fixture_account(-1).acknowledged, 2);
	assert_int_equal(fixture_account(-1).in_flight, 0);
	ops->close(sink);
}

static void is_reachable(const struct tp_sink *sink, int wanted, const char *error)
{
	struct tp_sink_state is = {.reachable = -1};

	tp_sink_by_name("file")->state(sink, &is);
	assert_int_equal(is.reachable, wanted);
	if (!strstr(is.error, error))
		fail_msg("'%s' is not in '%s'", error, is.error);
	assert_int_equal(is.error_at_us != 0, *error != 0);
}

/* Who sends traffic elsewhere hears of it, and may try again: nothing else would show that there is room once more. */
static void who_cannot_write_is_not_reachable_for_a_while(void **state)
{
	const struct tp_sink_ops *ops = tp_sink_by_name("file");
	struct tp_sink *sink;
	char path[160];

	(void)state;
	stop_clock();
	assert_int_equal(mkdir(sub, 0755), 0);
	snprintf(path, sizeof(path), "%s/one.v1.ndjson", sub);
	assert_int_equal(symlink("/dev/full", path), 0);
	sink = open_sink(TP_FSYNC_BATCH, 0);
	is_reachable(sink, 1, "");
	ops->submit(sink, make_batch(1, 0, 2, 10));
	is_reachable(sink, 1, "");
	ops->submit(sink, make_batch(0, 2, 3, 10));
	is_reachable(sink, 0, "one.v1.ndjson': No space left on device");
	stopped.tv_sec += 60;
	is_reachable(sink, 1, "one.v1.ndjson': No space left on device");
	sync_error = EIO;
	ops->submit(sink, make_batch(1, 5, 2, 10));
	sync_error = 0;
	is_reachable(sink, 0, "cannot sync");
	ops->close(sink);
}

/* How many lines say so, from line `first` on. */
static unsigned int said(uint64_t first, const char *what)
{
	char line[TP_LOG_LINE];
	unsigned int n = 0;

	for (uint64_t at = tp_log_line(first, line); at; at = tp_log_line(at + 1, line))
		n += strstr(line, what) != NULL;
	return n;
}

/* Losses between two lines about a file are told when it is time for the next, though no further one comes, and at the end. */
static void every_lost_record_is_told(void **state)
{
	const struct tp_sink_ops *ops = tp_sink_by_name("file");
	uint64_t first = tp_log_last() + 1;
	struct tp_sink *sink;
	char path[160];

	(void)state;
	stop_clock();
	assert_int_equal(mkdir(sub, 0755), 0);
	snprintf(path, sizeof(path), "%s/one.v1.ndjson", sub);
	assert_int_equal(symlink("/dev/full", path), 0);
	sink = open_sink(TP_FSYNC_BATCH, 0);
	ops->submit(sink, make_batch(0, 0, 3, 10));
	ops->submit(sink, make_batch(0, 3, 4, 10));
	ops->submit(sink, make_batch(0, 7, 5, 10));
	ops->poll(sink, 0);
	assert_int_equal(said(first, "records lost"), 1);
	assert_int_equal(said(first, "; 3 records lost"), 1);
	stopped.tv_sec += 6;
	ops->poll(sink, 0);
	ops->poll(sink, 0);
	assert_int_equal(said(first, "; 9 records lost"), 1);
	ops->submit(sink, make_batch(0, 12, 2, 10));
	assert_int_equal(said(first, "records lost"), 2);
	ops->close(sink);
	assert_int_equal(said(first, "one.v1.ndjson': No space left on device; 2 records lost"), 1);
	assert_int_equal(said(first, "records lost"), 3);
}

static void mistakes_are_named(void **state)
{
	const struct tp_sink_ops *ops = tp_sink_by_name("file");
	static const struct tp_topic avro = {.name = "avro.v1", .encoding = TP_ENCODING_AVRO};
	const struct tp_plan_spec avro_plan = {.topics = &avro, .n_topics = 1};
	struct tp_conf conf = make_conf(TP_FSYNC_NEVER, 0);
	struct tp_sink *sink = NULL;
	char path[160], nowhere[] = "/proc/nowhere";

	(void)state;
	assert_int_equal(ops->open(&conf, &avro_plan, &sink, why, sizeof(why)), -EINVAL);
	assert_non_null(strstr(why, "avro.v1"));
	conf.file.directory = nowhere;
	assert_true(ops->open(&conf, &plan, &sink, why, sizeof(why)) < 0);
	assert_non_null(strstr(why, "/proc/nowhere"));
	conf.file.directory = sub;
	snprintf(path, sizeof(path), "%s/two.v1.ndjson", sub);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(ops->open(&conf, &plan, &sink, why, sizeof(why)), -EISDIR);
	assert_non_null(strstr(why, path));
	assert_null(sink);
}

static void null_acknowledges_at_once(void **state)
{
	const struct tp_sink_ops *ops = tp_sink_by_name("null");
	struct tp_conf conf = make_conf(TP_FSYNC_NEVER, 0);
	struct tp_sink *sink;

	(void)state;
	assert_int_equal(ops->open(&conf, &plan, &sink, why, sizeof(why)), 0);
	ops->submit(sink, make_batch(0, 0, 9, 10));
	assert_int_equal(ops->poll(sink, 0), 9);
	assert_int_equal(ops->poll(sink, 1), 0);
	assert_int_equal(ops->outstanding(sink), 0);
	assert_int_equal(fixture_account(1).acknowledged, 5);
	assert_int_equal(fixture_account(2).acknowledged, 4);
	assert_int_equal(fixture_given_back, 1);
	ops->purge(sink);
	ops->close(sink);
}

static void sinks_are_found_by_name(void **state)
{
	(void)state;
	for (unsigned int i = 0; tp_sinks[i]; i++) {
		const struct tp_sink_ops *ops = tp_sinks[i];

		assert_ptr_equal(tp_sink_by_name(ops->name), ops);
		assert_true(ops->open && ops->submit && ops->poll && ops->outstanding && ops->busy && ops->purge && ops->close);
	}
	assert_null(tp_sink_by_name("pulsar"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(lines_of_each_topic_in_order, setup, teardown),
	        cmocka_unit_test_setup_teardown(torn_last_line_is_ended, setup, teardown),
	        cmocka_unit_test_setup_teardown(interval_acknowledges_after_the_fsync, setup, teardown),
	        cmocka_unit_test_setup_teardown(interval_of_nothing_syncs_in_poll, setup, teardown),
	        cmocka_unit_test_setup_teardown(full_device_loses_nothing_silently, setup, teardown),
	        cmocka_unit_test_setup_teardown(full_in_the_middle_leaves_whole_lines, setup, teardown),
	        cmocka_unit_test_setup_teardown(full_behind_one_that_was_emptied, setup, teardown),
	        cmocka_unit_test_setup_teardown(torn_line_that_stays_is_ended, setup, teardown),
	        cmocka_unit_test_setup_teardown(files_may_be_taken_away, setup, teardown),
	        cmocka_unit_test_setup_teardown(torn_line_of_one_that_follows_is_ended, setup, teardown),
	        cmocka_unit_test_setup_teardown(what_is_not_synced_is_not_delivered, setup, teardown),
	        cmocka_unit_test_setup_teardown(who_cannot_write_is_not_reachable_for_a_while, setup, teardown),
	        cmocka_unit_test_setup_teardown(every_lost_record_is_told, setup, teardown),
	        cmocka_unit_test_setup_teardown(mistakes_are_named, setup, teardown),
	        cmocka_unit_test_setup_teardown(null_acknowledges_at_once, setup, teardown),
	        cmocka_unit_test(sinks_are_found_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
