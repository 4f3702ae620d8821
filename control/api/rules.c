/* SPDX-License-Identifier: BSD-3-Clause */
/* rules: the alert rules as they are compiled, and what of a record each looks at. */
#include <string.h>

#include "api.h"
#include "tp_pattern.h"
#include "tp_worker.h"

static const struct api_column rules_columns[] = {{"rule", "rule", TP_UNIT_TEXT}, {"kind", "kind", TP_UNIT_TEXT},
        {"field", "field", TP_UNIT_TEXT}, {"category", "category", TP_UNIT_TEXT}, {"priority", "priority", TP_UNIT_COUNT},
        {"hits", "hits since they were compiled", TP_UNIT_COUNT}, {"covert", "covert", TP_UNIT_TEXT},
        {"regex", "regex", TP_UNIT_TEXT}};

static json_t *rules_text(const char *text)
{
	return text ? api_json_text(text, strlen(text)) : json_null();
}

/* Rules are the last entries, in their order. */
static uint64_t rules_hits(const struct tp_pattern_db *db, unsigned int rule, unsigned int n)
{
	unsigned int entries = db ? tp_pattern_entries(db) : 0;

	return entries < n ? 0 : tp_workers_pattern_hits(db, tp_pattern_entry(db, entries - n + rule)->group);
}

static json_t *rules_row(const struct tp_plan_spec *spec, const struct tp_rule_spec *rule, uint64_t hits)
{
	const struct tp_channel_spec *channel = rule->channel < spec->n_channels ? &spec->channels[rule->channel] : NULL;

	return json_pack("{s:o, s:o, s:o, s:o, s:i, s:b, s:b, s:o, s:o}", "rule", rules_text(rule->name), "kind",
	        rules_text(channel ? tp_schema_of_kind[channel->kind].name : NULL), "field",
	        rules_text(channel && channel->field ? channel->field->name : "payload"), "category", rules_text(rule->category),
	        "priority", (int)rule->priority, "caseless", (int)rule->caseless, "covert", (int)rule->covert, "regex",
	        rules_text(rule->regex), "hits", rule->covert ? json_null() : api_json_count(hits));
}

void api_rules(struct api_request *r)
{
	const struct tp_pattern_spec *patterns = api_view()->conf->patterns;
	const char *match = api_text(r, "match");
	unsigned int limit = (unsigned int)api_number(r, "limit"), fit = 0;
	json_t *rows = json_array(), *show = api_show();

	for (unsigned int i = 0; patterns && i < patterns->n_rules; i++) {
		if (match && !strstr(patterns->rules[i].name, match))
			continue;
		if (fit++ < limit)
			json_array_append_new(rows, rules_row(api_view()->spec, &patterns->rules[i],
			                                    rules_hits(api_view()->spec->patterns, i, patterns->n_rules)));
	}
	api_show_table(show, "rules", NULL, API_COLUMNS(rules_columns));
	api_answer(r, json_pack("{s:o, s:i}", "rules", rows, "fit", (int)fit), show);
}
