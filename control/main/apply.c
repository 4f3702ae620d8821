/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From asking for another configuration to its being in force. A thread loads it, says what is different, and builds all that is made of it; whatever is wrong ends
 * there, and nothing was touched. Control then gives users to the threads that check passwords, shows the new listeners to the guard, publishes the view to the
 * workers and shows it to admin. What was replaced is freed when the workers have settled; only then may the next one begin. So the answer waits for that a moment:
 * who goes on with the next one behind it is not told to try again, unless a worker has no CPU.
 */
#include "apply.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "asker_file.h"
#include "daemon.h"
#include "local_ports.h"
#include "setup.h"
#include "tp_changes.h"
#include "tp_clock.h"
#include "tp_guard_live.h"
#include "tp_log.h"
#include "tp_view.h"

#define APPLY_SETTLE_MS 1000 /* that an answer waits for the workers at most */
#define APPLY_LEAVE_MS  1000

/* One that is under way. The thread's until `ready`. */
struct tp_apply {
	enum tp_apply_what what;
	bool of_asker; /* the file is, or was, named by somebody: uid and gid */
	uid_t uid;
	gid_t gid;
	struct tp_setup_frame frame;
	char *path, *text; /* text NULL: read the file */
	size_t text_n;
	tp_apply_done done;
	void *ctx;
	pthread_t thread;
	bool ready;        /* atomic */
	bool quotes;       /* mistakes may be of files that the configuration names */
	bool finished;     /* in force, or not: what remains is to answer */
	int64_t answer_ms; /* CLOCK_MONOTONIC; at the latest then */
	bool lists_again;
	struct tp_setup *setup;
	int rc;
	struct tp_apply_change changes[TP_APPLY_CHANGES];
	unsigned int n_changes, n_kept, n_restart;
	char *mistakes;
	size_t mistakes_n;
	FILE *out;  /* writes mistakes */
	char *late; /* mistakes that showed only when it was put in force */
	size_t late_n;
};

static const char *apply_stage_now; /* atomic */

const char *tp_apply_stage(void)
{
	return __atomic_load_n(&apply_stage_now, __ATOMIC_ACQUIRE);
}

static void apply_stage(void *ctx, const char *what)
{
	struct tp_apply *a = ctx;

	/* What tp_setup_build() says begins with the files that the configuration names. */
	if (a)
		a->quotes = true;
	__atomic_store_n(&apply_stage_now, what, __ATOMIC_RELEASE);
}

/* ---- the thread -------------------------------------------------------------------------------------------------------------------- */
static char *apply_copy(const char *text)
{
	return text ? strdup(text) : NULL;
}

static void apply_change(void *ctx, const struct tp_conf_change *change)
{
	struct tp_apply *a = ctx;

	a->n_changes++;
	a->n_restart += change->restart;
	if (change->restart)
		fprintf(a->out, "%s: %s: %s -> %s: this needs a restart\n", a->path, change->path,
		        change->before ? change->before : "none", change->after ? change->after : "none");
	if (a->n_kept < TP_APPLY_CHANGES)
		a->changes[a->n_kept++] = (struct tp_apply_change){apply_copy(change->path), apply_copy(change->before),
		        apply_copy(change->after), change->note, change->restart};
}

static int apply_load(struct tp_apply *a)
{
	char err[16384] = "";
	struct stat file;
	int rc = a->of_asker ? tp_asker_file_read(a->path, a->uid, a->gid, &a->text, &a->text_n, &file, a->out) : 0;

	if (rc)
		return rc;
	rc = a->text ? tp_conf_load_text(a->path, a->text, a->text_n, a->of_asker ? &file : NULL, &a->setup->conf, err, sizeof(err))
	             : tp_conf_load(a->path, &a->setup->conf, err, sizeof(err));

	if (rc)
		fprintf(a->out, "%s\n", err);
	return rc;
}

static int apply_prepare(struct tp_apply *a)
{
	int rc = apply_load(a);

	if (rc)
		return rc;
	if (tp_conf_diff(&a->frame.now->conf, &a->setup->conf, apply_change, a) < 0)
		return -ENOMEM;
	return a->n_restart ? -ENOTSUP : tp_setup_build(a->setup, &a->frame, a->out);
}

static void *apply_thread(void *arg)
{
	struct tp_apply *a = arg;

	apply_stage(NULL, "reading the configuration");
	a->rc = apply_prepare(a);
	if (fclose(a->out) && a->rc == 0)
		a->rc = -ENOMEM;
	apply_stage(NULL, NULL);
	__atomic_store_n(&a->ready, true, __ATOMIC_RELEASE);
	return NULL;
}

/* ---- in force ---------------------------------------------------------------------------------------------------------------------- */
static int apply_guard(const struct tp_conf *conf, const struct tp_plan_spec *spec, FILE *out)
{
	char err[1024] = "";
	int rc = tp_guard_live_apply(conf, spec, err, sizeof(err));

	if (rc)
		fprintf(out, "%s: guard: %s\n", conf->path, err);
	return rc;
}

/* What may fail, and changes nothing then. */
static int apply_ready(struct tp_daemon *d, const struct tp_setup *next, struct tp_stats_publisher **publisher, FILE *out)
{
	const struct tp_plan_spec *spec = tp_plan_spec(next->plan);
	int rc = tp_tickets_begin(d->spec, spec) ? tp_daemon_need_login(d, next->users) : -EIO;

	if (rc == 0 && next->conf.stats_interval_ms)
		rc = tp_stats_publisher_new(spec, next->conf.name, publisher);
	if (rc) {
		fprintf(out, rc == -EIO ? "%s: no random numbers for the keys of session tickets\n" : "%s: no memory for it\n",
		        next->conf.path);
		return rc;
	}
	rc = apply_guard(&next->conf, spec, out);
	if (rc) {
		apply_guard(&d->now->conf, d->spec, out);
		tp_stats_publisher_free(*publisher);
	}
	return rc;
}

static int apply_force(struct tp_daemon *d, struct tp_setup *next, FILE *out)
{
	struct tp_stats_publisher *publisher = NULL;
	int rc = apply_ready(d, next, &publisher, out);

	if (rc)
		return rc;
	tp_stats_publisher_free(d->publisher);
	d->publisher = publisher;
	tp_daemon_use_users(d, next->users);
	tp_http_use(next->http);
	next->http = NULL;
	d->replaced = d->now;
	d->replaced->view = tp_workers_set_view(next->view);
	next->view = NULL;
	d->left = 0; /* indices may mean others now */
	d->now = next;
	d->spec = tp_plan_spec(next->plan);
	d->next_books_ms = tp_clock_ms(CLOCK_MONOTONIC) + (int64_t)next->conf.books_interval_s * 1000;
	d->next_stats_ms = tp_clock_ms(CLOCK_MONOTONIC) + next->conf.stats_interval_ms;
	tp_daemon_view(d);
	return 0;
}

/* The text of the configuration before, for the way back. */
static void apply_remember(struct tp_daemon *d)
{
	const struct tp_conf *before = &d->replaced->conf, *now = &d->now->conf;
	size_t n, now_n;
	const char *text = tp_conf_text(before, &n), *now_text = tp_conf_text(now, &now_n);

	tp_rollback_remember(&d->rollback, before->path, text, n, now->path, now_text, now_n);
}

static void apply_retire(struct tp_daemon *d)
{
	if (!d->replaced || !tp_workers_settled())
		return;
	tp_setup_free(d->replaced);
	d->replaced = NULL;
}

/* ---- what it says ------------------------------------------------------------------------------------------------------------------ */
static void apply_log_change(const struct tp_apply_change *c)
{
	tp_log("%s: %s -> %s%s%s%s", c->path, c->before ? c->before : "none", c->after ? c->after : "none", c->note ? " (" : "",
	        c->note ? c->note : "", c->note ? ")" : "");
}

static void apply_log(const struct tp_apply_report *r, enum tp_apply_what what)
{
	if (what == TP_APPLY_CHECK && !r->quotes)
		return; /* who asked is told */
	if (r->rc) {
		if (r->mistakes) /* they may quote a file of users, so they are not among the lines that the control socket shows */
			tp_log_unkept(TP_LOG_ERROR, r->mistakes);
		tp_log_at(TP_LOG_ERROR, "%s: %s, nothing was changed", r->path,
		        r->rc == -ENOTSUP ? "differences that need a restart" : "not a configuration that can be put in force");
		return;
	}
	for (unsigned int i = 0; i < r->n_kept && what != TP_APPLY_CHECK; i++)
		apply_log_change(&r->changes[i]);
	if (what != TP_APPLY_CHECK)
		tp_log("%s: in force, %u differences; certificates and users were read again, lists and rules %s", r->path,
		        r->n_changes, r->lists_again ? "compiled again" : "are the same");
}

static void apply_free(struct tp_apply *a)
{
	for (unsigned int i = 0; i < a->n_kept; i++) {
		free(a->changes[i].path);
		free(a->changes[i].before);
		free(a->changes[i].after);
	}
	tp_setup_free(a->setup);
	free(a->mistakes);
	free(a->late);
	free(a->path);
	free(a->text);
	free(a);
}

/* Puts it in force, if that was asked for and nothing is in the way. */
static void apply_finish(struct tp_daemon *d, struct tp_apply *a)
{
	struct tp_setup *next = a->setup;
	FILE *out = open_memstream(&a->late, &a->late_n);

	a->lists_again = a->rc == 0 && next->patterns && next->patterns != d->now->patterns;
	if (a->rc == 0 && a->what != TP_APPLY_CHECK) {
		a->rc = out ? apply_force(d, next, out) : -ENOMEM;
		if (a->rc == 0) {
			a->setup = NULL;
			apply_remember(d);
			tp_local_ports_warn(&d->now->conf);
		}
	}
	if (out)
		fclose(out);
	a->finished = true;
	a->answer_ms = tp_clock_ms(CLOCK_MONOTONIC) + APPLY_SETTLE_MS;
}

static void apply_answer(struct tp_apply *a)
{
	bool late = a->late && *a->late;
	struct tp_apply_report report = {.path = a->path,
	        .rc = a->rc,
	        .changes = a->changes,
	        .n_changes = a->n_changes,
	        .n_kept = a->n_kept,
	        .n_restart = a->n_restart,
	        .lists_again = a->lists_again,
	        .mistakes = late ? a->late : a->mistakes,
	        .quotes = a->quotes && !late};

	apply_log(&report, a->what);
	if (a->done)
		a->done(a->ctx, &report);
	apply_free(a);
}

/* ---- from outside ------------------------------------------------------------------------------------------------------------------ */
static int apply_source(struct tp_daemon *d, struct tp_apply *a, const char *path)
{
	if (a->what == TP_APPLY_ROLLBACK)
		return tp_rollback_copy(&d->rollback, &a->path, &a->text, &a->text_n);
	/* The file in force may be one that somebody has named, and may be another one by now: only the file of the start is everybody's. */
	a->of_asker = path != NULL || strcmp(d->now->conf.path, d->command_line.config) != 0;
	a->path = strdup(path ? path : d->now->conf.path);
	return a->path ? 0 : -ENOMEM;
}

/* MQTT listeners that were left out and have nobody any more: their indices are free. */
static uint32_t apply_deserted(const struct tp_plan_spec *spec)
{
	uint32_t deserted = 0;

	for (unsigned int i = 0; i < spec->n_mqtt_listeners; i++)
		if (spec->mqtt_listeners[i].retired && tp_workers_mqtt_deserted(i))
			deserted |= UINT32_C(1) << i;
	return deserted;
}

int tp_apply_begin(struct tp_daemon *d, const struct tp_apply_wish *wish, tp_apply_done done, void *ctx)
{
	struct tp_apply *a;
	int rc = -ENOMEM;

	if (d->apply || d->replaced)
		return -EBUSY;
	a = calloc(1, sizeof(*a));
	if (!a)
		return -ENOMEM;
	*a = (struct tp_apply){.what = wish->what, .uid = wish->uid, .gid = wish->gid, .done = done, .ctx = ctx};
	a->frame = (struct tp_setup_frame){.start = &d->conf,
	        .now = d->now,
	        .deserted = apply_deserted(d->spec),
	        .sink = d->command_line.sink,
	        .http = !d->command_line.replay,
	        .stage = apply_stage,
	        .ctx = a};
	a->setup = calloc(1, sizeof(*a->setup));
	if (a->setup)
		rc = apply_source(d, a, wish->path);
	if (rc == 0)
		a->out = open_memstream(&a->mistakes, &a->mistakes_n);
	if (rc == 0)
		rc = a->out ? -pthread_create(&a->thread, NULL, apply_thread, a) : -ENOMEM;
	if (rc) {
		if (a->out)
			fclose(a->out);
		apply_free(a);
		return rc;
	}
	d->apply = a;
	return 0;
}

/* Where an MQTT listener was that has nobody any more, what comes is the kernel's again on a port that it shares. */
static void apply_leave(struct tp_daemon *d)
{
	int64_t now = tp_clock_ms(CLOCK_MONOTONIC);
	uint32_t deserted;
	char err[1024] = "";

	if (d->apply || d->replaced || now < d->next_leave_ms)
		return;
	d->next_leave_ms = now + APPLY_LEAVE_MS;
	deserted = apply_deserted(d->spec);
	if ((deserted & ~d->left) == 0)
		return;
	d->left = deserted;
	tp_guard_leave(deserted);
	if (tp_guard_live_apply(&d->now->conf, d->spec, err, sizeof(err)))
		tp_log_at(TP_LOG_WARNING, "guard: where MQTT listeners were, what comes stays with turnpiked: %s", err);
}

void tp_apply_turn(struct tp_daemon *d)
{
	struct tp_apply *a = d->apply;

	apply_retire(d);
	apply_leave(d);
	if (!a || !__atomic_load_n(&a->ready, __ATOMIC_ACQUIRE))
		return;
	if (!a->finished) {
		pthread_join(a->thread, NULL);
		apply_finish(d, a);
	}
	if (d->replaced && tp_clock_ms(CLOCK_MONOTONIC) < a->answer_ms)
		return;
	d->apply = NULL;
	apply_answer(a);
}

static void apply_nobody(void *ctx, const struct tp_apply_report *report)
{
	(void)ctx;
	(void)report;
}

void tp_apply_cancel(struct tp_daemon *d)
{
	struct tp_apply *a = d->apply;
	const struct tp_apply_report report = {.path = a ? a->path : NULL, .rc = -ECANCELED};

	if (!a || !a->done)
		return;
	if (a->finished) {
		d->apply = NULL;
		apply_answer(a);
		return;
	}
	a->done(a->ctx, &report);
	a->done = apply_nobody;
}

/* ---- reload ------------------------------------------------------------------------------------------------------------------------ */
struct apply_reload {
	struct tp_daemon *d;
	void (*done)(void *ctx, int rc);
	void *ctx;
};

static void apply_reloaded(void *ctx, const struct tp_apply_report *report)
{
	struct apply_reload *reload = ctx;

	tp_notify_ready(&reload->d->notify);
	reload->done(reload->ctx, report->rc);
	free(reload);
}

int tp_change_reload(struct tp_daemon *d, void (*done)(void *ctx, int rc), void *ctx)
{
	struct apply_reload *reload = malloc(sizeof(*reload));
	int rc = -ENOMEM;

	if (reload) {
		*reload = (struct apply_reload){d, done, ctx};
		rc = tp_apply_begin(d, &(struct tp_apply_wish){.what = TP_APPLY_FORCE}, apply_reloaded, reload);
	}
	if (rc)
		free(reload);
	else
		tp_notify_reloading();
	return rc;
}

bool tp_apply_end(struct tp_daemon *d)
{
	struct tp_apply *a = d->apply;

	if (a && !__atomic_load_n(&a->ready, __ATOMIC_ACQUIRE)) {
		tp_log_at(TP_LOG_WARNING, "%s: given up while it was prepared", a->path);
		return false;
	}
	if (a && !a->finished)
		pthread_join(a->thread, NULL);
	if (a)
		apply_free(a);
	tp_setup_free(d->replaced);
	tp_rollback_free(&d->rollback);
	d->apply = NULL;
	d->replaced = NULL;
	return true;
}
