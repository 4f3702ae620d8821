/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * config: another configuration is checked, compared, put in force, or taken back, while packets pass. Control prepares it on a thread of its own; the answer comes when it
 * has ended, and lines that say how far it is come before it where people look on. turnpiked reads the file, so its path is absolute; what the configuration says wrong
 * is answered, what stands in the files that it names is not.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "tp_changes.h"
#include "tp_guard_live.h"

#define CONFIG_TICK_MS 1000

#define CONFIG_COUNT(columns) (sizeof(columns) / sizeof((columns)[0]))

static const struct api_column config_columns[] = {
        {"path", "configuration", TP_UNIT_TEXT},
        {"result", "result", TP_UNIT_TEXT},
        {"differences", "differences", TP_UNIT_COUNT},
        {"need_restart", "of them need a restart", TP_UNIT_COUNT},
        {"lists", "lists and rules", TP_UNIT_TEXT},
        {"note", "note", TP_UNIT_TEXT},
};
static const struct api_column config_change_columns[] = {{"option", "option", TP_UNIT_TEXT}, {"before", "in force", TP_UNIT_TEXT},
        {"after", "new", TP_UNIT_TEXT}, {"needs", "needs", TP_UNIT_TEXT}, {"note", "note", TP_UNIT_TEXT}};
static const struct api_column config_changed_columns[] = {{"option", "option", TP_UNIT_TEXT}, {"before", "before", TP_UNIT_TEXT},
        {"after", "in force", TP_UNIT_TEXT}, {"note", "note", TP_UNIT_TEXT}};

/* notes: some change has one; without, there is no column for them. */
static json_t *config_show(bool changed, bool notes)
{
	const struct api_column *columns = changed ? config_changed_columns : config_change_columns;
	size_t n = changed ? CONFIG_COUNT(config_changed_columns) : CONFIG_COUNT(config_change_columns);
	json_t *show = api_show();

	api_show_lines(show, "progress", NULL);
	api_show_pairs(show, "", NULL, API_COLUMNS(config_columns));
	api_show_table(show, "changes", changed ? "what changed" : "differences", columns, (unsigned int)(notes ? n : n - 1));
	return show;
}

/* ---- how far it is ----------------------------------------------------------------------------------------------------------------- */
struct config_progress {
	bool begun;
	const char *told; /* of tp_apply_stage() */
};

/* A stage is told of when it takes longer than a tick. */
static enum api_stream_next config_tick(struct api_request *r, struct api_error *error)
{
	struct config_progress *p = r->state;
	const char *stage = tp_apply_stage();

	(void)error;
	if (p->begun && stage && stage != p->told) {
		api_more(r, json_pack("{s:[s]}", "progress", stage),
		        config_show(strcmp(r->command->words, "config apply") == 0, false));
		p->told = stage;
	}
	p->begun = true;
	return API_STREAM_GOES_ON;
}

static void config_end(struct api_request *r)
{
	free(r->state);
}

/* Has control do it. Programs get one line, people see the stages too. */
static void config_ask(struct api_request *r, void (*run)(struct tp_daemon *d, const json_t *args, struct api_outcome *outcome))
{
	const char *file = api_text(r, "file");
	struct config_progress *progress;

	if (file && file[0] != '/') {
		api_failf(r, API_INVALID, "file: found '%s', expected an absolute path, because turnpiked reads it", file);
		return;
	}
	if (!api_change(r, run) || !r->show)
		return;
	progress = calloc(1, sizeof(*progress));
	if (!progress)
		return; /* it goes on without */
	r->state = progress;
	r->end = config_end;
	api_stream(r, CONFIG_TICK_MS, config_tick);
}

/* ---- what came of it --------------------------------------------------------------------------------------------------------------- */
static json_t *config_text(const char *text)
{
	return text ? api_json_text(text, strlen(text)) : json_null();
}

static bool config_has_live_rules(void)
{
	struct tp_guard_row *rows = calloc(TP_GUARD_RULES, sizeof(*rows));
	unsigned int n = rows ? tp_guard_live_rows(rows, TP_GUARD_RULES) : 0;
	bool found = false;

	for (unsigned int i = 0; i < n; i++)
		found |= rows[i].live;
	free(rows);
	return found;
}

/* Prefixes of the configuration are not all that holds where others were made live: those count in place of the configuration's, and outlast it. */
static const char *config_note(const struct tp_apply_change *c)
{
	if (c->note || !c->path || (strncmp(c->path, "guard.deny", 10) != 0 && strncmp(c->path, "guard.allow", 11) != 0))
		return c->note;
	return config_has_live_rules() ? "rules made by 'turnpikectl guard' stay, and count in place of these; it lists them"
	                               : NULL;
}

static json_t *config_changes(const struct tp_apply_report *report)
{
	json_t *changes = json_array();

	for (unsigned int i = 0; i < report->n_kept; i++) {
		const struct tp_apply_change *c = &report->changes[i];

		json_array_append_new(
		        changes, json_pack("{s:o, s:o, s:o, s:b, s:s, s:s*}", "option", config_text(c->path), "before",
		                         config_text(c->before), "after", config_text(c->after), "restart", c->restart, "needs",
		                         c->restart ? "restart" : "nothing", "note", config_note(c)));
	}
	return changes;
}

static bool config_has_notes(const struct tp_apply_report *report)
{
	for (unsigned int i = 0; i < report->n_kept; i++)
		if (config_note(&report->changes[i]))
			return true;
	return false;
}

static void config_answer(
        struct api_outcome *outcome, const struct tp_apply_report *report, const char *result, const char *note, bool changed)
{
	outcome->data = json_pack("{s:o, s:s, s:i, s:i, s:s, s:s*, s:o}", "path", config_text(report->path), "result", result,
	        "differences", (int)report->n_changes, "need_restart", (int)report->n_restart, "lists",
	        report->rc            ? "not looked at"
	        : report->lists_again ? "compiled again"
	                              : "the same",
	        "note", note, "changes", config_changes(report));
	outcome->show = config_show(changed, config_has_notes(report));
}

/* The lines, fit for a terminal. */
static json_t *config_lines(const char *text)
{
	json_t *lines = json_array();

	while (*text) {
		size_t n = strcspn(text, "\n");
		char *line = strndup(text, n);

		for (char *c = line; c && *c; c++)
			if ((unsigned char)*c < 0x20 || *c == 0x7f)
				*c = '?';
		if (n && line)
			json_array_append_new(lines, api_json_text(line, n));
		free(line);
		text += n + (text[n] == '\n');
	}
	return lines;
}

static void config_wrong(struct api_outcome *outcome, const struct tp_apply_report *report)
{
	if (report->rc == -ECANCELED) {
		api_error_set(&outcome->error, API_STOPPING, "turnpiked is stopping: nothing was changed");
		return;
	}
	if (report->rc == -ENOTSUP) {
		api_error_set(&outcome->error, API_FAILED, "differences that need a restart, nothing was changed");
	} else if (report->quotes) {
		api_error_set(&outcome->error, API_FAILED,
		        "a file that the configuration names has a mistake, nothing was changed: standard error of turnpiked says "
		        "which");
		return; /* the lines may quote that file */
	} else {
		api_error_set(&outcome->error, API_FAILED, "not a configuration that can be put in force, nothing was changed");
	}
	if (report->mistakes)
		outcome->details = config_lines(report->mistakes);
}

static void config_checked(void *ctx, const struct tp_apply_report *report)
{
	struct api_outcome *outcome = ctx;

	/* What needs a restart by its options is told as such; where something else does, there are no such differences. */
	if (report->rc == 0)
		config_answer(outcome, report, "right, it can be put in force", NULL, false);
	else if (report->rc == -ENOTSUP && report->n_restart)
		config_answer(outcome, report, "needs a restart",
		        "the files that it names were not looked at: turnpiked --check does that", false);
	else
		config_wrong(outcome, report);
	api_known(outcome);
}

static void config_in_force(struct api_outcome *outcome, const struct tp_apply_report *report, const char *note)
{
	if (report->rc)
		config_wrong(outcome, report);
	else
		config_answer(outcome, report, "in force", note, true);
	api_known(outcome);
}

static void config_applied(void *ctx, const struct tp_apply_report *report)
{
	config_in_force(ctx, report, NULL);
}

static void config_rolled_back(void *ctx, const struct tp_apply_report *report)
{
	config_in_force(ctx, report, "the file was not written: at the next reload or start it holds as it is");
}

/* ---- control ----------------------------------------------------------------------------------------------------------------------- */
static void config_begin(
        struct tp_daemon *d, const json_t *args, struct api_outcome *outcome, enum tp_apply_what what, tp_apply_done done)
{
	const struct api_who *who = api_asked_by(outcome);
	int rc = tp_apply_begin(d, &(struct tp_apply_wish){what, api_arg_text(args, "file"), who->uid, who->gid}, done, outcome);

	outcome->later = rc == 0;
	if (rc == -EBUSY)
		api_error_set(&outcome->error, API_BUSY,
		        "another configuration is under way, or workers still hold what the last one replaced: try again");
	else if (rc == -ENOENT)
		api_error_set(&outcome->error, API_FAILED, "no other configuration was in force before this one");
	else if (rc)
		api_error_set(&outcome->error, API_FAILED, "no memory for it");
}

static void config_run_check(struct tp_daemon *d, const json_t *args, struct api_outcome *outcome)
{
	config_begin(d, args, outcome, TP_APPLY_CHECK, config_checked);
}

static void config_run_apply(struct tp_daemon *d, const json_t *args, struct api_outcome *outcome)
{
	config_begin(d, args, outcome, TP_APPLY_FORCE, config_applied);
}

static void config_run_rollback(struct tp_daemon *d, const json_t *args, struct api_outcome *outcome)
{
	config_begin(d, args, outcome, TP_APPLY_ROLLBACK, config_rolled_back);
}

void api_config_check(struct api_request *r)
{
	config_ask(r, config_run_check);
}

void api_config_diff(struct api_request *r)
{
	config_ask(r, config_run_check);
}

void api_config_apply(struct api_request *r)
{
	config_ask(r, config_run_apply);
}

void api_config_rollback(struct api_request *r)
{
	config_ask(r, config_run_rollback);
}
