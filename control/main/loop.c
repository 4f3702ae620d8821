/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The control loop: sealed batches go to the sink, the sink moves on, and on their intervals the books are printed and published. Where
 * nothing moves, the loop waits in the sink, a millisecond at a time.
 */
#include <errno.h>
#include <string.h>

#include "daemon.h"
#include "tp_admin.h"
#include "tp_clock.h"
#include "tp_log.h"
#include "tp_worker.h"

#define LOOP_BATCHES 16 /* taken from a worker before the next one has its turn */
#define LOOP_IDLE_MS 1  /* longest wait with nothing to do */

static unsigned int loop_take(struct tp_daemon *d, unsigned int worker)
{
	unsigned int taken = 0;
	struct tp_batch *batch;

	while (taken < LOOP_BATCHES && !d->ops->busy(d->sink)) {
		batch = tp_channel_take(worker);
		if (!batch)
			break;
		d->ops->submit(d->sink, batch);
		taken++;
	}
	return taken;
}

unsigned int tp_daemon_turn(struct tp_daemon *d)
{
	unsigned int moved = 0;

	for (unsigned int w = 0; w < tp_workers_count(); w++)
		moved += loop_take(d, w);
	moved += tp_daemon_logins(d);
	moved += d->ops->poll(d->sink, moved ? 0 : LOOP_IDLE_MS);
	tp_tickets_turn(&d->now->conf, tp_clock_ms(CLOCK_MONOTONIC));
	tp_notify_watch(&d->notify, tp_clock_ms(CLOCK_MONOTONIC));
	return moved;
}

/* ---- on intervals ---------------------------------------------------------------------------------------------------------------- */
/* True once an interval; intervals missed while the loop was elsewhere are not made up for. */
static bool loop_due(int64_t now, int64_t *next, int64_t interval)
{
	if (interval == 0 || now < *next)
		return false;
	*next += interval;
	if (*next <= now)
		*next = now + interval;
	return true;
}

static void loop_intervals(struct tp_daemon *d)
{
	int64_t now = tp_clock_ms(CLOCK_MONOTONIC);
	bool print = loop_due(now, &d->next_books_ms, (int64_t)d->now->conf.books_interval_s * 1000);
	bool publish = loop_due(now, &d->next_stats_ms, d->now->conf.stats_interval_ms);
	struct tp_books_snapshot snap;

	if (now >= d->next_pulse_ms)
		tp_daemon_pulse(d, TP_LIFE_RUNNING);
	if (!print && !publish)
		return;
	if (tp_books_take(&snap, d->spec->n_sources, d->ops->outstanding(d->sink))) {
		tp_log_at(TP_LOG_ERROR, "no memory to take the books");
		return;
	}
	if (print)
		tp_books_print(&snap, d->spec, TP_BOOKS_INTERVAL, stderr);
	if (publish && d->publisher)
		tp_stats_publish(d->publisher, &snap, d->ops, d->sink);
	tp_books_release(&snap);
}

static bool loop_replayed(const struct tp_daemon *d)
{
	return d->command_line.replay && tp_port_ended(0);
}

static void loop_reloaded(void *ctx, const struct tp_apply_report *report)
{
	struct tp_daemon *d = ctx;

	(void)report;
	tp_notify_ready(&d->notify);
}

/* SIGHUP: the file in force as it is now. While another one is under way the signal waits. */
static void loop_reload(struct tp_daemon *d)
{
	int rc;

	tp_reload_asked = 0; /* one that comes from here on is another one: the file may be read already */
	rc = tp_apply_begin(d, &(struct tp_apply_wish){.what = TP_APPLY_FORCE}, loop_reloaded, d);

	if (rc == -EBUSY)
		tp_reload_asked = 1;
	else if (rc)
		tp_log_at(TP_LOG_ERROR, "cannot read the configuration again: %s", strerror(-rc));
	else
		tp_notify_reloading();
}

void tp_daemon_loop(struct tp_daemon *d)
{
	d->next_books_ms = tp_clock_ms(CLOCK_MONOTONIC) + (int64_t)d->now->conf.books_interval_s * 1000;
	d->next_stats_ms = tp_clock_ms(CLOCK_MONOTONIC) + d->now->conf.stats_interval_ms;
	while (!tp_stop_asked && !loop_replayed(d)) {
		tp_daemon_turn(d);
		loop_intervals(d);
		tp_jobs_run(d);
		tp_apply_turn(d);
		if (tp_reload_asked)
			loop_reload(d);
	}
}
