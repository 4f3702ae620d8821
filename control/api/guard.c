/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * guard: the rules that hold, what they have dropped, and changing them while packets pass.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "tp_guard_live.h"
#include "tp_worker.h"

static const struct api_column guard_rule_columns[] = {
        {"prefix", "prefix", TP_UNIT_TEXT}, {"verdict", "verdict", TP_UNIT_TEXT}, {"from", "from", TP_UNIT_TEXT}};
static const struct api_column guard_rate_columns[] = {
        {"of", "of", TP_UNIT_TEXT}, {"rate", "packets a second", TP_UNIT_COUNT}, {"burst", "at once", TP_UNIT_COUNT}};
static const struct api_column guard_count_columns[] = {{"where", "where", TP_UNIT_TEXT}, {"reason", "reason", TP_UNIT_TEXT},
        {"count", "packets", TP_UNIT_COUNT}, {"help", "what it counts", TP_UNIT_TEXT}};
static const struct api_column guard_done_columns[] = {
        {"prefix", "prefix", TP_UNIT_TEXT}, {"done", "result", TP_UNIT_TEXT}, {"until", "until", TP_UNIT_TEXT}};

/* ---- show ---------------------------------------------------------------------------------------------------------------------- */
static json_t *guard_rules(int64_t limit, unsigned int *n)
{
	struct tp_guard_row *rows = calloc((size_t)limit + 1, sizeof(*rows));
	json_t *array = json_array();
	char text[TP_GUARD_TEXT];

	*n = rows ? tp_guard_live_rows(rows, (unsigned int)limit) : 0;
	for (unsigned int i = 0; rows && i < *n && i < limit; i++)
		json_array_append_new(
		        array, json_pack("{s:s, s:s, s:s}", "prefix", tp_guard_text(&rows[i].rule, text), "verdict",
		                       rows[i].rule.deny ? "deny" : "allow", "from", rows[i].live ? "live" : "configuration"));
	free(rows);
	return array;
}

static void guard_add_rate(json_t *array, const char *of, struct tp_guard_limit limit)
{
	if (limit.rate)
		json_array_append_new(array, json_pack("{s:s, s:o, s:o}", "of", of, "rate", api_json_count(limit.rate), "burst",
		                                     api_json_count(limit.burst ? limit.burst : limit.rate)));
}

static json_t *guard_rates(const struct tp_guard_spec *spec)
{
	json_t *array = json_array();

	guard_add_rate(array, "each source", spec->source);
	guard_add_rate(array, "all SYNs", spec->syn);
	for (unsigned int i = 0; i < spec->n_listeners; i++)
		guard_add_rate(array, spec->listeners[i].name, spec->listeners[i].limit);
	return array;
}

#define GUARD_XDP(name, action, help) {#name, help},
static const struct {
	const char *name, *help;
} guard_xdp[TP_GUARD_REASON_COUNT] = {TP_GUARD_REASONS(GUARD_XDP)};

static void guard_add_count(json_t *array, const char *where, const char *reason, uint64_t count, const char *help)
{
	if (count)
		json_array_append_new(array, json_pack("{s:s, s:s, s:o, s:s}", "where", where, "reason", reason, "count",
		                                     api_json_count(count), "help", help));
}

static json_t *guard_counts(const struct tp_conf *conf)
{
	json_t *array = json_array();
	struct tp_port_stats stats;

	for (unsigned int i = 0; i < conf->dataplane.n_ports; i++)
		for (unsigned int k = 0; tp_port_stats(i, &stats) == 0 && k < TP_GUARD_REASON_COUNT; k++)
			guard_add_count(array, conf->dataplane.ports[i].name, guard_xdp[k].name, stats.guard[k], guard_xdp[k].help);
	for (unsigned int i = TP_C_guard_denied; i <= TP_C_guard_fragment; i++)
		guard_add_count(
		        array, "workers", tp_counter_descs[i].name, tp_book_sum(0, (enum tp_counter)i), tp_counter_descs[i].help);
	return array;
}

void api_guard(struct api_request *r)
{
	const struct tp_conf *conf = api_view()->conf;
	json_t *data = json_object(), *show = api_show();
	unsigned int n;

	json_object_set_new(data, "rules", guard_rules(api_number(r, "limit"), &n));
	json_object_set_new(data, "n_rules", json_integer(n));
	json_object_set_new(data, "rates", guard_rates(&conf->guard));
	json_object_set_new(data, "packets", guard_counts(conf));
	api_show_table(
	        show, "rules", "rules: of those that fit a source, the longest prefix counts", API_COLUMNS(guard_rule_columns));
	api_show_table(show, "rates", "rates", API_COLUMNS(guard_rate_columns));
	api_show_table(show, "packets", "packets, by port and reason", API_COLUMNS(guard_count_columns));
	api_answer(r, data, show);
}

/* ---- change -------------------------------------------------------------------------------------------------------------------- */
static void guard_outcome(struct api_outcome *outcome, const struct tp_guard_rule *rule, const char *done, int rc, const char *err)
{
	char text[TP_GUARD_TEXT];

	if (rc == 0) {
		outcome->data = json_pack("{s:s, s:s}", "prefix", tp_guard_text(rule, text), "done", done);
		if (strcmp(done, "removed"))
			json_object_set_new(outcome->data, "until",
			        json_string("the next start; to keep it, change guard in the configuration"));
		outcome->show = api_show();
		api_show_pairs(outcome->show, "", NULL, API_COLUMNS(guard_done_columns));
		return;
	}
	api_error_set(&outcome->error, rc == -ENOENT || rc == -EALREADY || rc == -EPERM ? API_INVALID : API_FAILED, "%s", err);
	if (rc == -EPERM)
		snprintf(outcome->error.suggest, sizeof(outcome->error.suggest),
		        "overrule it with guard %s, or change the file and apply it", strstr(err, "says deny") ? "allow" : "deny");
}

static void guard_set(const json_t *args, struct api_outcome *outcome, bool deny)
{
	struct tp_guard_rule rule;
	char err[512] = "";

	if (tp_guard_read(api_arg_text(args, "prefix"), &rule))
		return; /* checked before */
	rule.deny = deny;
	guard_outcome(outcome, &rule, deny ? "denied" : "allowed", tp_guard_live_set(&rule, err, sizeof(err)), err);
}

static void guard_run_deny(struct tp_daemon *d, const json_t *args, struct api_outcome *outcome)
{
	(void)d;
	guard_set(args, outcome, true);
}

static void guard_run_allow(struct tp_daemon *d, const json_t *args, struct api_outcome *outcome)
{
	(void)d;
	guard_set(args, outcome, false);
}

static void guard_run_remove(struct tp_daemon *d, const json_t *args, struct api_outcome *outcome)
{
	struct tp_guard_rule rule;
	char err[512] = "";

	(void)d;
	if (tp_guard_read(api_arg_text(args, "prefix"), &rule))
		return; /* checked before */
	guard_outcome(outcome, &rule, "removed", tp_guard_live_remove(&rule, err, sizeof(err)), err);
}

/* Has control do it, where the prefix is one. */
static void guard_change(struct api_request *r, void (*run)(struct tp_daemon *d, const json_t *args, struct api_outcome *outcome))
{
	struct tp_guard_rule rule;
	const char *text = api_text(r, "prefix"), *expected = tp_guard_read(text, &rule);

	if (expected)
		api_failf(r, API_INVALID, "prefix: found '%s', expected %s", text, expected);
	else
		api_change(r, run);
}

void api_guard_deny(struct api_request *r)
{
	guard_change(r, guard_run_deny);
}

void api_guard_allow(struct api_request *r)
{
	guard_change(r, guard_run_allow);
}

void api_guard_remove(struct api_request *r)
{
	guard_change(r, guard_run_remove);
}
