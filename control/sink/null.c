/* SPDX-License-Identifier: BSD-3-Clause */
/* The sink that keeps nothing: every record is acknowledged as it comes. For benchmarks and for trying a configuration. */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "sink.h"

struct tp_sink {
	unsigned int ended; /* since the last poll */
};

static int null_open(const struct tp_conf *conf, const struct tp_plan_spec *plan, struct tp_sink **sink, char *err, size_t err_len)
{
	(void)conf;
	(void)plan;
	(void)err;
	(void)err_len;
	*sink = calloc(1, sizeof(**sink));
	return *sink ? 0 : -ENOMEM;
}

static void null_submit(struct tp_sink *sink, struct tp_batch *batch)
{
	sink->ended += batch->count;
	tp_ledger_batch_delivered(batch);
	tp_ledger_batch_done(batch);
}

static unsigned int null_poll(struct tp_sink *sink, int timeout_ms)
{
	unsigned int ended = sink->ended;

	sink->ended = 0;
	if (ended == 0 && timeout_ms > 0)
		nanosleep(&(struct timespec){timeout_ms / 1000, timeout_ms % 1000 * 1000000L}, NULL);
	return ended;
}

static uint64_t null_outstanding(const struct tp_sink *sink)
{
	(void)sink;
	return 0;
}

static bool null_busy(const struct tp_sink *sink)
{
	(void)sink;
	return false;
}

static void null_purge(struct tp_sink *sink)
{
	(void)sink;
}

static void null_close(struct tp_sink *sink)
{
	free(sink);
}

const struct tp_sink_ops tp_sink_null = {
        .name = "null",
        .open = null_open,
        .submit = null_submit,
        .poll = null_poll,
        .outstanding = null_outstanding,
        .busy = null_busy,
        .purge = null_purge,
        .close = null_close,
};
