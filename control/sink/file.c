/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * NDJSON files, one a topic: <directory>/<topic>.ndjson, appended to, one record a line.
 *
 * A batch is written when it is submitted, with as few writev() calls as the kernel's limit allows: its values lie between keys, so
 * each record is one vector for the value and one for the line end. When a record counts as acknowledged depends on the policy:
 *
 *   never     when the kernel has taken the whole line
 *   batch     after the fsync that follows the batch
 *   interval  after the fsync of its interval, or sooner when a quarter of a worker's batches wait for it: of those it may have
 *             half at most (node/batches.h); until then it is held
 *
 * A file that was renamed or removed is followed by a new one of its name before the next batch, so it can be taken away while turnpiked runs; what was written to
 * the old one is synced first. Where no new one can be made, records end as `write_error`: the old one may be nobody's any more.
 *
 * What cannot be written ends as `write_error` at once, and the file is cut back to the last whole line, so that it stays
 * NDJSON. What was written but could not be synced ends as `write_error` too: nobody knows whether it is on the disk. For a while behind either the
 * sink says that it is not reachable, so that traffic is sent elsewhere; then it may be tried again.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "sink.h"
#include "tp_clock.h"
#include "tp_conf.h"
#include "tp_log.h"

#define FILE_VECTORS           1024 /* IOV_MAX of Linux */
#define FILE_RECORDS_A_WRITE   (FILE_VECTORS / 2)
#define FILE_COMPLAIN_EVERY_MS 5000
#define FILE_UNREACHABLE_MS    10000 /* behind the last record that was lost */

struct file_topic {
	char *path;
	int fd;
	bool regular;        /* can be cut back */
	bool torn;           /* it may end within a line */
	bool dirty;          /* written since the last fsync */
	int sync_error;      /* of the fsync under way, 0: none */
	int64_t complain_at; /* no line about this file before that time, ms */
	uint64_t lost;       /* records since the last line about this file */
	const char *what;    /* why, and errno */
	int error;
};

struct tp_sink {
	enum tp_fsync fsync;
	int64_t interval_ms;
	int64_t sync_at;       /* next fsync of the policy `interval`, ms of the monotonic clock */
	unsigned int max_held; /* batches */
	unsigned int n_topics;
	struct file_topic *topics;
	struct batch_list held; /* written, not synced */
	uint64_t outstanding;   /* records in them */
	unsigned int ended;     /* since the last poll */
	int64_t failed_ms;      /* when records were lost last, monotonic; 0: never */
	struct tp_sink_state state;
	struct iovec vectors[FILE_VECTORS];
};

/* ---- opening ------------------------------------------------------------------------------------------------------------- */

static int file_open_path(struct file_topic *topic)
{
	struct stat st;
	int fd = open(topic->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

	if (fd < 0 || fstat(fd, &st) != 0) {
		int rc = -errno;

		if (fd >= 0)
			close(fd);
		return rc;
	}
	if (topic->fd >= 0)
		close(topic->fd);
	topic->fd = fd;
	topic->regular = topic->torn = S_ISREG(st.st_mode);
	return 0;
}

/* A line that a crash or a full disk cut off is ended, so that the next record starts a line of its own. 0 or -errno. */
static int file_end_torn_line(struct file_topic *topic)
{
	struct stat st;
	char last = '\n';

	if (!topic->torn)
		return 0;
	if (fstat(topic->fd, &st) != 0 || (st.st_size > 0 && pread(topic->fd, &last, 1, st.st_size - 1) < 0))
		return -errno;
	if (last != '\n' && write(topic->fd, "\n", 1) != 1)
		return -errno;
	topic->torn = false;
	return 0;
}

static int file_open_topic(struct file_topic *topic, const char *directory, const struct tp_topic *spec, char *err, size_t err_len)
{
	int rc;

	if (spec->encoding != TP_ENCODING_JSON) {
		snprintf(err, err_len, "topic '%s' has encoding avro; the file sink writes JSON lines: set its encoding to json",
		        spec->name);
		return -EINVAL;
	}
	if (asprintf(&topic->path, "%s/%s.ndjson", directory, spec->name) < 0) {
		topic->path = NULL;
		return -ENOMEM;
	}
	rc = file_open_path(topic);
	if (rc == 0)
		rc = file_end_torn_line(topic);
	if (rc < 0)
		snprintf(err, err_len, "cannot open '%s' for appending: %s", topic->path, strerror(-rc));
	return rc;
}

static void file_free(struct tp_sink *sink)
{
	for (unsigned int i = 0; i < sink->n_topics; i++) {
		if (sink->topics[i].fd >= 0)
			close(sink->topics[i].fd);
		free(sink->topics[i].path);
	}
	free(sink->topics);
	free(sink);
}

static int file_open(const struct tp_conf *conf, const struct tp_plan_spec *plan, struct tp_sink **out, char *err, size_t err_len)
{
	struct tp_sink *sink = calloc(1, sizeof(*sink));
	int rc = -ENOMEM;

	if (!sink)
		return rc;
	sink->fsync = conf->file.fsync;
	sink->interval_ms = conf->file.fsync_interval_ms;
	sink->sync_at = tp_clock_ms(CLOCK_MONOTONIC) + sink->interval_ms;
	sink->max_held = conf->dataplane.batches / 4;
	sink->topics = calloc(plan->n_topics ? plan->n_topics : 1, sizeof(*sink->topics));
	if (!sink->topics)
		goto fail;
	sink->n_topics = plan->n_topics;
	for (unsigned int i = 0; i < plan->n_topics; i++)
		sink->topics[i].fd = -1;
	if (mkdir(conf->file.directory, 0755) != 0 && errno != EEXIST) {
		rc = -errno;
		snprintf(err, err_len, "cannot make the folder '%s': %s", conf->file.directory, strerror(errno));
		goto fail;
	}
	for (unsigned int i = 0; i < plan->n_topics; i++) {
		rc = file_open_topic(&sink->topics[i], conf->file.directory, &plan->topics[i], err, err_len);
		if (rc < 0)
			goto fail;
	}
	*out = sink;
	return 0;
fail:
	if (rc == -ENOMEM)
		snprintf(err, err_len, "no memory for the file sink");
	file_free(sink);
	return rc;
}

/* ---- endings ------------------------------------------------------------------------------------------------------------- */

static void file_tell(struct file_topic *topic)
{
	tp_log_at(TP_LOG_WARNING, "file sink: %s '%s': %s; %llu records lost, counted as write_error", topic->what, topic->path,
	        strerror(topic->error), (unsigned long long)topic->lost);
	topic->lost = 0;
	topic->complain_at = tp_clock_ms(CLOCK_MONOTONIC) + FILE_COMPLAIN_EVERY_MS;
}

/* Tells of lost records, at most once in a while and file; of those in between when that is over, see file_tell_rest(). */
static void file_complain(struct file_topic *topic, uint64_t lost, const char *what, int error)
{
	topic->lost += lost;
	topic->what = what;
	topic->error = error;
	if (tp_clock_ms(CLOCK_MONOTONIC) >= topic->complain_at)
		file_tell(topic);
}

/* Of every file that lost records which no line has told of before `now`. */
static void file_tell_rest(struct tp_sink *sink, int64_t now)
{
	for (unsigned int i = 0; i < sink->n_topics; i++)
		if (sink->topics[i].lost && now >= sink->topics[i].complain_at)
			file_tell(&sink->topics[i]);
}

/* How many of entries [from, to) lines of the log may count: covert ones are in none. */
static uint64_t file_open_entries(const struct tp_batch *batch, uint32_t from, uint32_t to)
{
	uint64_t n = to - from;

	for (uint32_t i = from; batch->covert && i < to; i++)
		n -= batch->entries[i].covert;
	return n;
}

/* Records that are lost. */
static void file_fail(struct tp_sink *sink, struct file_topic *topic, uint64_t lost, const char *what, int error)
{
	sink->failed_ms = tp_clock_ms(CLOCK_MONOTONIC);
	sink->state.error_at_us = tp_clock_us(CLOCK_REALTIME);
	snprintf(sink->state.error, sizeof(sink->state.error), "%s '%s': %s", what, topic->path, strerror(error));
	file_complain(topic, lost, what, error);
}

/* Entries [from, to) end in that way. */
static void file_end(struct tp_sink *sink, const struct tp_batch *batch, uint32_t from, uint32_t to, int outcome)
{
	for (uint32_t i = from; i < to; i++) {
		if (batch->entries[i].covert)
			tp_ledger_covert(batch->entries[i].source, outcome);
		else
			tp_ledger_record(batch->entries[i].source, outcome);
		if (batch->n_traced)
			tp_ledger_traced(batch, i, outcome, -1, -1);
		batch->entries[i].failed = outcome != TP_DELIVERED;
	}
	sink->ended += to - from;
}

/*
 * fsync of one file; one that cannot be synced (a pipe, a device) is as safe as it gets. Of a regular file the same answers mean that it is not on the disk: ext4 says
 * EROFS when errors have made it read-only. 0 or errno.
 */
static int file_sync(struct file_topic *topic)
{
	if (!topic->dirty)
		return 0;
	topic->dirty = false;
	if (fdatasync(topic->fd) == 0 || (!topic->regular && (errno == EINVAL || errno == EROFS)))
		return 0;
	return errno;
}

/* Syncs every file, then ends what was held for it. */
static void file_sync_held(struct tp_sink *sink)
{
	struct tp_batch *batch;

	for (unsigned int i = 0; i < sink->n_topics; i++)
		sink->topics[i].sync_error = file_sync(&sink->topics[i]);
	while ((batch = batch_list_remove(&sink->held)) != NULL) {
		struct file_topic *topic = &sink->topics[batch->topic];

		if (topic->sync_error)
			topic->lost += file_open_entries(batch, 0, batch->next);
		file_end(sink, batch, 0, batch->next, topic->sync_error ? TP_FAILURE_write_error : TP_DELIVERED);
		sink->outstanding -= batch->next;
		tp_ledger_batch_done(batch);
	}
	for (unsigned int i = 0; i < sink->n_topics; i++)
		if (sink->topics[i].sync_error)
			file_fail(sink, &sink->topics[i], 0, "cannot sync", sink->topics[i].sync_error);
	sink->sync_at = tp_clock_ms(CLOCK_MONOTONIC) + sink->interval_ms;
}

/* ---- writing ------------------------------------------------------------------------------------------------------------- */

/* Writes all of the vectors, which it changes. Returns the octets written; fewer than asked for: errno says why. */
static size_t file_write_all(int fd, struct iovec *vectors, int n)
{
	size_t done = 0;

	while (n > 0) {
		ssize_t written = writev(fd, vectors, n);

		if (written < 0 && errno == EINTR)
			continue;
		if (written == 0)
			errno = EIO;
		if (written <= 0)
			break;
		done += (size_t)written;
		while (n > 0 && (size_t)written >= vectors->iov_len) {
			written -= (ssize_t)vectors->iov_len;
			vectors++;
			n--;
		}
		if (n > 0) {
			vectors->iov_base = (char *)vectors->iov_base + written;
			vectors->iov_len -= (size_t)written;
		}
	}
	return done;
}

/* How many of the entries from `from` on lie within that many octets, and where the last of them ends. */
static uint32_t file_whole_lines(const struct tp_batch *batch, uint32_t from, uint32_t to, size_t octets, size_t *whole)
{
	uint32_t i = from;

	*whole = 0;
	while (i < to && *whole + batch->entries[i].value_len + 1 <= octets)
		*whole += batch->entries[i++].value_len + 1;
	return i;
}

/* Takes the octets written last off again. From where the file ends by now: somebody may have emptied it meanwhile. */
static void file_cut(struct file_topic *topic, size_t octets)
{
	struct stat st;

	if (fstat(topic->fd, &st) == 0 && ftruncate(topic->fd, st.st_size > (off_t)octets ? st.st_size - (off_t)octets : 0) == 0)
		return;
	topic->torn = true;
	file_complain(topic, 0, "cannot cut the torn line off", errno);
}

/* Writes entries [from, to), at most FILE_RECORDS_A_WRITE. Returns the first that was not written; errno where it is not `to`. */
static uint32_t file_write_some(
        struct tp_sink *sink, struct file_topic *topic, const struct tp_batch *batch, uint32_t from, uint32_t to)
{
	size_t asked = 0, written, whole;
	int n = 0, error;

	for (uint32_t i = from; i < to; i++) {
		const struct tp_batch_entry *e = &batch->entries[i];

		sink->vectors[n++] = (struct iovec){batch->data + e->value_off, e->value_len};
		sink->vectors[n++] = (struct iovec){(char *)"\n", 1};
		asked += e->value_len + 1;
	}
	written = file_write_all(topic->fd, sink->vectors, n);
	error = errno;
	to = file_whole_lines(batch, from, to, written, &whole);
	if (written != whole && topic->regular)
		file_cut(topic, written - whole);
	topic->dirty |= written > 0;
	errno = error;
	return to;
}

/* Whether the name of the file still leads to the one that is open. */
static bool file_is_there(const struct file_topic *topic)
{
	struct stat named, opened;

	return stat(topic->path, &named) == 0 && fstat(topic->fd, &opened) == 0 && named.st_ino == opened.st_ino &&
	       named.st_dev == opened.st_dev;
}

/* 0, or -errno where it is gone and no other can take its place. */
static int file_follow(struct tp_sink *sink, struct file_topic *topic)
{
	int rc;

	if (topic->regular && !file_is_there(topic)) {
		file_sync_held(sink);
		rc = file_open_path(topic);
		if (rc)
			return rc;
	}
	return file_end_torn_line(topic);
}

static void file_submit(struct tp_sink *sink, struct tp_batch *batch)
{
	struct file_topic *topic = &sink->topics[batch->topic];
	int rc = file_follow(sink, topic);

	batch->next = 0;
	if (rc)
		file_fail(sink, topic, file_open_entries(batch, 0, batch->count), "cannot open anew", -rc);
	while (rc == 0 && batch->next < batch->count) {
		uint32_t left = batch->count - batch->next;
		uint32_t to = batch->next + (left < FILE_RECORDS_A_WRITE ? left : FILE_RECORDS_A_WRITE);

		batch->next = file_write_some(sink, topic, batch, batch->next, to);
		if (batch->next != to) {
			file_fail(sink, topic, file_open_entries(batch, batch->next, batch->count), "cannot write to", errno);
			break;
		}
	}
	file_end(sink, batch, batch->next, batch->count, TP_FAILURE_write_error);
	if (sink->fsync == TP_FSYNC_NEVER) {
		file_end(sink, batch, 0, batch->next, TP_DELIVERED);
		tp_ledger_batch_done(batch);
		return;
	}
	batch_list_append(&sink->held, batch);
	sink->outstanding += batch->next;
	if (sink->fsync == TP_FSYNC_BATCH || sink->held.count >= sink->max_held)
		file_sync_held(sink);
}

static unsigned int file_poll(struct tp_sink *sink, int timeout_ms)
{
	unsigned int ended;

	if (sink->held.first) {
		int64_t wait = sink->sync_at - tp_clock_ms(CLOCK_MONOTONIC);

		if (timeout_ms > wait)
			timeout_ms = wait > 0 ? (int)wait : 0;
	}
	if (sink->ended == 0 && timeout_ms > 0)
		nanosleep(&(struct timespec){timeout_ms / 1000, timeout_ms % 1000 * 1000000L}, NULL);
	if (sink->held.first && tp_clock_ms(CLOCK_MONOTONIC) >= sink->sync_at)
		file_sync_held(sink);
	if (sink->failed_ms)
		file_tell_rest(sink, tp_clock_ms(CLOCK_MONOTONIC));
	ended = sink->ended;
	sink->ended = 0;
	return ended;
}

static uint64_t file_outstanding(const struct tp_sink *sink)
{
	return sink->outstanding;
}

static bool file_busy(const struct tp_sink *sink)
{
	(void)sink;
	return false;
}

static void file_state(const struct tp_sink *sink, struct tp_sink_state *state)
{
	*state = sink->state;
	state->reachable = sink->failed_ms == 0 || tp_clock_ms(CLOCK_MONOTONIC) - sink->failed_ms > FILE_UNREACHABLE_MS;
}

/* What is held is written already: a last fsync decides, nothing needs to be given up. */
static void file_purge(struct tp_sink *sink)
{
	if (sink->held.first)
		file_sync_held(sink);
}

static void file_close(struct tp_sink *sink)
{
	file_tell_rest(sink, INT64_MAX);
	file_free(sink);
}

const struct tp_sink_ops tp_sink_file = {
        .name = "file",
        .open = file_open,
        .submit = file_submit,
        .poll = file_poll,
        .outstanding = file_outstanding,
        .busy = file_busy,
        .state = file_state,
        .purge = file_purge,
        .close = file_close,
};
