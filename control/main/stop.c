/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The orderly stop: ports are no longer read, workers finish what they hold, everything goes to the sink, and the sink delivers until all is
 * acknowledged or the time is over. What is left then is given up under the name `purged`. Only after that are the books closed, so
 * that each packet and record has its end in them.
 */
#include <inttypes.h>
#include <string.h>

#include "daemon.h"
#include "tp_admin.h"
#include "tp_clock.h"
#include "tp_log.h"
#include "tp_worker.h"

#define STOP_PURGE_MS 10000 /* given to a purge after the time to stop */
#define STOP_CLOSE_MS 20000 /* for what comes behind: the books, closing sink and ports */

/* Time is over, or a second signal came. */
static bool stop_hurries(int64_t deadline, int signals)
{
	return tp_clock_ms(CLOCK_MONOTONIC) >= deadline || tp_stop_asked > signals;
}

static void stop_pulse(struct tp_daemon *d)
{
	if (tp_clock_ms(CLOCK_MONOTONIC) >= d->next_pulse_ms)
		tp_daemon_pulse(d, TP_LIFE_STOPPING);
}

/* Until the workers hold nothing and every sealed batch is with the sink. */
static bool stop_drain(struct tp_daemon *d, int64_t deadline, int signals)
{
	for (;; stop_pulse(d)) {
		bool drained = tp_workers_drained();

		if (tp_daemon_turn(d) == 0 && drained && !d->ops->busy(d->sink))
			return true;
		if (stop_hurries(deadline, signals))
			return false;
	}
}

static void stop_publish(struct tp_daemon *d)
{
	struct tp_books_snapshot snap;

	if (!d->publisher || tp_books_take(&snap, d->spec->n_sources, d->ops->outstanding(d->sink)))
		return;
	tp_stats_publish(d->publisher, &snap, d->ops, d->sink);
	tp_books_release(&snap);
}

static void stop_deliver(struct tp_daemon *d, int64_t deadline, int signals)
{
	while (d->ops->outstanding(d->sink) > 0 && !stop_hurries(deadline, signals)) {
		d->ops->poll(d->sink, 10);
		tp_notify_watch(&d->notify, tp_clock_ms(CLOCK_MONOTONIC));
		stop_pulse(d);
	}
}

/* What was not delivered in time gets its end here, also what is still on its way out of the workers. */
static void stop_purge(struct tp_daemon *d)
{
	int64_t deadline = tp_clock_ms(CLOCK_MONOTONIC) + STOP_PURGE_MS;
	bool empty = false;

	tp_log_at(TP_LOG_WARNING, "the time to stop is over: %" PRIu64 " records are given up as purged",
	        d->ops->outstanding(d->sink));
	while (!empty && tp_clock_ms(CLOCK_MONOTONIC) < deadline) {
		bool drained = tp_workers_drained();

		d->ops->purge(d->sink);
		empty = tp_daemon_turn(d) == 0 && drained && d->ops->outstanding(d->sink) == 0;
	}
}

/* ---- the books -------------------------------------------------------------------------------------------------------------------- */
/* Packets of the recording that neither the workers received nor the port says it lost. */
static bool stop_recording_complete(const struct tp_daemon *d, const struct tp_books_snapshot *snap)
{
	uint64_t found = snap->total.c[TP_C_received];

	if (!d->command_line.replay || tp_stop_asked || found == d->capture.packets)
		return true; /* one that was stopped: stop_recording_cut() */
	tp_log_at(TP_LOG_ERROR,
	        "replay: the recording holds %" PRIu64 " packets, but %" PRIu64 " were received: difference %" PRId64
	        " (port: %" PRIu64 " missed, %" PRIu64 " without a buffer, %" PRIu64 " broken)",
	        d->capture.packets, found, (int64_t)(d->capture.packets - found), snap->port_missed, snap->port_no_mbuf,
	        snap->port_errors);
	return false;
}

/* A replay that a signal ended before the recording did: what was received is accounted for, but the rest was never read. */
static bool stop_recording_cut(const struct tp_daemon *d, const struct tp_books_snapshot *snap)
{
	uint64_t found = snap->total.c[TP_C_received];

	if (!d->command_line.replay || !tp_stop_asked || found == d->capture.packets)
		return false;
	tp_log_at(TP_LOG_ERROR, "replay: asked to stop behind %" PRIu64 " of the %" PRIu64 " packets of the recording", found,
	        d->capture.packets);
	return true;
}

static int stop_status(const struct tp_daemon *d, const struct tp_books_snapshot *snap)
{
	if (!tp_books_balanced(snap, d->spec, NULL) || !stop_recording_complete(d, snap))
		return TP_EXIT_BOOKS;
	if (stop_recording_cut(d, snap) && snap->total.failed_sum == 0)
		return TP_EXIT_FAILED;
	if (snap->total.failed_sum == 0)
		return TP_EXIT_OK;
	tp_log_at(TP_LOG_ERROR, "%" PRIu64 " records were not delivered", snap->total.failed_sum);
	return d->command_line.replay ? TP_EXIT_FAILED : TP_EXIT_OK;
}

static int stop_report(struct tp_daemon *d)
{
	const char *path = d->command_line.books;
	struct tp_books_snapshot snap;
	int status, ret;

	if (tp_books_take(&snap, d->spec->n_sources, d->ops->outstanding(d->sink))) {
		tp_log_at(TP_LOG_ERROR, "no memory to take the books");
		return TP_EXIT_FAILED;
	}
	tp_books_print(&snap, d->spec, TP_BOOKS_FINAL, stderr);
	status = stop_status(d, &snap);
	ret = path ? tp_books_write_json(&snap, d->spec, path) : 0;
	if (ret) {
		tp_log_at(TP_LOG_ERROR, "--books: cannot write '%s': %s", path, strerror(-ret));
		status = status ? status : TP_EXIT_FAILED;
	}
	tp_books_release(&snap);
	return status;
}

int tp_daemon_finish(struct tp_daemon *d)
{
	int64_t deadline = tp_clock_ms(CLOCK_MONOTONIC) + d->now->conf.stop_timeout_ms;
	int signals = tp_stop_asked;
	int status;

	tp_log("%s: finishing what was received", tp_stop_asked ? "asked to stop" : "the recording has ended");
	tp_notify_stopping((uint64_t)d->now->conf.stop_timeout_ms + STOP_PURGE_MS + STOP_CLOSE_MS);
	tp_jobs_close();
	tp_apply_cancel(d);
	tp_daemon_pulse(d, TP_LIFE_STOPPING);
	tp_workers_stop_rx();
	if (stop_drain(d, deadline, signals)) {
		stop_publish(d);
		stop_deliver(d, deadline, signals);
	}
	if (!tp_workers_drained() || d->ops->outstanding(d->sink) > 0)
		stop_purge(d);
	status = stop_report(d);
	tp_log_at(status == TP_EXIT_OK ? TP_LOG_INFO : TP_LOG_ERROR, "exit status %d", status);
	return status;
}
