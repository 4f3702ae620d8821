/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * turnpiked. The life of the daemon is one table: started from top to bottom, undone from bottom to top.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon.h"
#include "tp_guard_live.h"
#include "tp_log.h"
#include "tp_worker.h"

volatile sig_atomic_t tp_stop_asked, tp_reload_asked;

static void main_on_signal(int number)
{
	(void)number;
	tp_stop_asked++;
}

static void main_on_reload(int number)
{
	(void)number;
	tp_reload_asked = 1;
}

static void main_signals(void)
{
	struct sigaction stop = {.sa_handler = main_on_signal, .sa_flags = SA_RESTART}, ignore = {.sa_handler = SIG_IGN};
	struct sigaction reload = {.sa_handler = main_on_reload, .sa_flags = SA_RESTART};

	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGHUP, &reload, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
}

static int main_fail(const char *err)
{
	tp_log_at(TP_LOG_ERROR, "%s", err);
	return TP_EXIT_FAILED;
}

/* ---- steps: start returns an exit status; one that fails has undone itself -------------------------------------------------------------------------------------------- */
static void main_unconfigure(struct tp_daemon *d)
{
	if (!d->abandoned)
		tp_conf_free(&d->conf);
}

static void main_uncompile(struct tp_daemon *d)
{
	tp_patterns_put(d->patterns);
}

static void main_unplan(struct tp_daemon *d)
{
	d->abandoned = !tp_apply_end(d);
	if (!d->abandoned)
		tp_setup_free(d->now);
}

static int main_ledger(struct tp_daemon *d)
{
	return tp_ledger_init(d->conf.dataplane.n_sources) ? main_fail("no memory for the ledger") : TP_EXIT_OK;
}

static void main_unledger(struct tp_daemon *d)
{
	(void)d;
	tp_ledger_fini();
}

static int main_dataplane(struct tp_daemon *d)
{
	char err[1024] = "";

	return tp_dataplane_init(&d->conf.dataplane, err, sizeof(err)) ? main_fail(err) : TP_EXIT_OK;
}

static void main_undataplane(struct tp_daemon *d)
{
	(void)d;
	tp_dataplane_fini();
}

static int main_sink(struct tp_daemon *d)
{
	char err[1024] = "";

	d->ops = tp_sink_by_name(d->conf.sink);
	d->conf.stop_asked = &tp_stop_asked;
	if (d->ops->open(&d->conf, d->spec, &d->sink, err, sizeof(err)) == 0)
		return TP_EXIT_OK;
	d->sink = NULL;
	return tp_stop_asked ? TP_EXIT_OK : main_fail(err); /* no step follows a signal */
}

static void main_unsink(struct tp_daemon *d)
{
	if (d->sink)
		d->ops->close(d->sink);
	d->sink = NULL;
}

static int main_publisher(struct tp_daemon *d)
{
	if (d->conf.stats_interval_ms == 0)
		return TP_EXIT_OK;
	if (tp_stats_publisher_new(d->spec, d->conf.name, &d->publisher))
		return main_fail("no memory for the statistics");
	return TP_EXIT_OK;
}

static void main_unpublisher(struct tp_daemon *d)
{
	tp_stats_publisher_free(d->publisher);
}

static int main_workers(struct tp_daemon *d)
{
	char err[1024] = "";

	return tp_workers_start(d->now->plan, err, sizeof(err)) ? main_fail(err) : TP_EXIT_OK;
}

/* From here on AF_XDP ports get packets. */
static int main_guard(struct tp_daemon *d)
{
	char err[1024] = "";

	return tp_guard_live_apply(&d->conf, d->spec, err, sizeof(err)) ? main_fail(err) : TP_EXIT_OK;
}

static void main_unguard(struct tp_daemon *d)
{
	(void)d;
	tp_guard_live_fini();
}

/* The sink may hold batches of the workers, so it goes first. */
static void main_unworkers(struct tp_daemon *d)
{
	main_unsink(d);
	tp_workers_stop();
}

static const struct {
	int (*start)(struct tp_daemon *d);
	void (*stop)(struct tp_daemon *d);
} main_steps[] = {
        {tp_daemon_configure, main_unconfigure},
        {tp_daemon_credentials, tp_daemon_uncredentials},
        {tp_daemon_compile, main_uncompile},
        {tp_daemon_plan, main_unplan},
        {main_ledger, main_unledger},
        {main_dataplane, main_undataplane},
        {main_sink, main_unsink},
        {main_publisher, main_unpublisher},
        {main_guard, main_unguard}, /* in front of workers: no packet passes without the rules */
        {main_workers, main_unworkers},
        {tp_daemon_admin, tp_daemon_unadmin},
};
#define MAIN_STEPS       (sizeof(main_steps) / sizeof(main_steps[0]))
#define MAIN_STEPS_CHECK 4 /* --check ends with the plan */

/* From where on a signal ends the start. Behind workers packets are received, so the start goes on to its end and the stop is an orderly one. */
static bool main_stops_here(size_t step)
{
	return tp_stop_asked && (step == 0 || main_steps[step - 1].start != main_workers);
}

static int main_run(struct tp_daemon *d)
{
	if (d->command_line.check) {
		tp_daemon_check(d);
		return TP_EXIT_OK;
	}
	tp_daemon_announce(d);
	tp_log("turnpiked %s is running", TP_VERSION);
	tp_notify_ready(&d->notify);
	tp_daemon_loop(d);
	return tp_daemon_finish(d);
}

/* A signal came before anything was received. What the command line asked for once, a check or a replay, was not done. */
static int main_stopped_early(const struct tp_daemon *d)
{
	int status = d->command_line.check || d->command_line.replay ? TP_EXIT_FAILED : TP_EXIT_OK;

	tp_log("asked to stop while starting: nothing was received");
	tp_log("exit status %d", status);
	return status;
}

int main(int argc, char **argv)
{
	static struct tp_daemon d;
	int status = tp_command_line_read(&d.command_line, argc, argv);
	size_t step = 0, steps = d.command_line.check ? MAIN_STEPS_CHECK : MAIN_STEPS;

	if (status >= 0)
		return status;
	main_signals();
	for (status = TP_EXIT_OK; step < steps && status == TP_EXIT_OK && !main_stops_here(step); step += status == TP_EXIT_OK)
		status = main_steps[step].start(&d);
	if (status == TP_EXIT_OK && step == steps)
		status = main_run(&d);
	else if (status == TP_EXIT_OK)
		status = main_stopped_early(&d);
	while (step-- > 0)
		main_steps[step].stop(&d);
	if (d.abandoned) { /* a thread still works, and what it looks at has to stay */
		fflush(NULL);
		_exit(status);
	}
	return status;
}
