/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rules into the databases that db.h describes. A rule is compiled three times: with the rules of its channel for a vector of texts
 * (HS_FLAG_MULTILINE, so that ^ and $ hold at the separators), with them for one text, and by itself with the start of the match.
 *
 * A vector finds all that a text alone would, because what a rule says about a match is said about octets of the match or about its
 * edges, and at its edges a text has a '\n' on either side: ^ and $ hold there, and '\n' is as little a word character as the end
 * of the data is. Only \A, \z and \Z see the difference, and ^ and $ where the rule itself takes the option m back; such a channel
 * has no vector database.
 */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "compile/databases.h"
#include "compile/entries.h"

struct rule_set {
	const char **regex;
	unsigned int *flags, *ids;
	const struct tp_rule_spec **spec;
	unsigned int n;
};

static unsigned int rules_flags(const struct tp_rule_spec *rule)
{
	return rule->caseless ? HS_FLAG_CASELESS : 0;
}

/* Octet strings, so that an escaped backslash before an A is taken for \A too: slower than needed, never wrong. */
static bool rules_vector_safe(const char *regex)
{
	if (strstr(regex, "\\A") != NULL || strstr(regex, "\\z") != NULL || strstr(regex, "\\Z") != NULL ||
	        strstr(regex, "\\G") != NULL)
		return false;
	for (const char *option = strstr(regex, "(?"); option != NULL; option = strstr(option, "(?")) {
		option += 2;
		while (isalpha((unsigned char)*option))
			option++;
		if (*option == '-' || *option == '^')
			return false;
	}
	return true;
}

static void rules_mistake(const struct tp_rule_spec *rule, unsigned int index, const char *what, struct mistakes *m)
{
	char value[MISTAKES_VALUE];

	mistakes_add(m, -EINVAL, "rule %u \"%s\": found %s: %s", index + 1, rule->name != NULL ? rule->name : "",
	        mistakes_quote(value, (const uint8_t *)(rule->regex != NULL ? rule->regex : ""),
	                rule->regex != NULL ? strlen(rule->regex) : 0),
	        what);
}

static bool rules_name_taken(const struct tp_pattern_spec *spec, unsigned int index)
{
	for (unsigned int i = 0; i < index; i++)
		if (spec->rules[i].name != NULL && strcmp(spec->rules[i].name, spec->rules[index].name) == 0)
			return true;
	return false;
}

/* What Hyperscan says of the expression. */
static void rules_check_regex(const struct tp_rule_spec *rule, unsigned int index, struct mistakes *m)
{
	hs_compile_error_t *error = NULL;
	hs_expr_info_t *info = NULL;

	if (hs_expression_info(rule->regex, rules_flags(rule) | HS_FLAG_SOM_LEFTMOST, &info, &error) != HS_SUCCESS)
		rules_mistake(rule, index, error->message, m);
	else if (info->min_width == 0)
		rules_mistake(rule, index, "it matches the empty text, expected a rule that needs at least one octet", m);
	else if (info->min_width == UINT_MAX)
		rules_mistake(rule, index, "it can never match", m);
	hs_free_compile_error(error);
	free(info);
}

void rules_check(const struct tp_pattern_spec *spec, struct mistakes *m)
{
	for (unsigned int i = 0; i < spec->n_rules; i++) {
		const struct tp_rule_spec *rule = &spec->rules[i];

		if (rule->name == NULL || rule->name[0] == '\0')
			rules_mistake(rule, i, "the rule has no name", m);
		else if (rules_name_taken(spec, i))
			rules_mistake(rule, i, "there is another rule of this name", m);
		else if (rule->channel >= spec->n_channels)
			rules_mistake(rule, i, "the field that it looks at is not known", m);
		else if (rule->regex == NULL || rule->regex[0] == '\0')
			rules_mistake(rule, i, "the regular expression is empty", m);
		else if (strncmp(rule->regex, "(*", 2) == 0)
			rules_mistake(rule, i, "options in front such as (*UTF8) are not available, texts are octets", m);
		else
			rules_check_regex(rule, i, m);
	}
}

static int rules_exact(struct pattern_rule *out, const struct tp_rule_spec *rule, unsigned int index, struct mistakes *m)
{
	unsigned int flags = rules_flags(rule) | HS_FLAG_SOM_LEFTMOST;
	hs_compile_error_t *error = NULL;
	hs_expr_info_t *info = NULL;

	if (hs_compile(rule->regex, flags, HS_MODE_BLOCK, NULL, &out->exact, &error) != HS_SUCCESS)
		rules_mistake(rule, index, error->message, m);
	hs_free_compile_error(error);
	if (out->exact == NULL)
		return 0;
	error = NULL;
	if (hs_expression_info(rule->regex, flags, &info, &error) != HS_SUCCESS) {
		hs_free_compile_error(error);
		return -ENOMEM;
	}
	out->unordered = info->unordered_matches != 0;
	free(info);
	return 0;
}

/* Adds the rules of a channel to the set, their entries to the database, and compiles each by itself. */
static int rules_collect(struct tp_pattern_db *db, const struct tp_pattern_spec *spec, unsigned int channel, struct rule_set *set,
        struct mistakes *m)
{
	struct pattern_channel *c = &db->channels[channel];

	for (unsigned int i = 0; i < spec->n_rules; i++) {
		const struct tp_rule_spec *rule = &spec->rules[i];

		if (rule->channel != channel)
			continue;
		/* Entries are in the order of the rules, behind those of the lists. */
		c->rules[set->n].entry = db->n_entries - spec->n_rules + i;
		set->regex[set->n] = rule->regex;
		set->flags[set->n] = rules_flags(rule);
		set->ids[set->n] = set->n;
		set->spec[set->n] = rule;
		c->n_rules = ++set->n;
		if (rules_exact(&c->rules[set->n - 1], rule, i, m) != 0)
			return -ENOMEM;
	}
	c->words = (set->n + 63) / 64;
	return 0;
}

/* All rules of the set with more flags; NULL where Hyperscan cannot, with a mistake if m is not NULL. */
static hs_database_t *rules_together(
        const struct rule_set *set, unsigned int flags, const struct tp_pattern_spec *spec, struct mistakes *m)
{
	hs_compile_error_t *error = NULL;
	hs_database_t *hs = NULL;

	for (unsigned int i = 0; i < set->n; i++)
		set->flags[i] = rules_flags(set->spec[i]) | flags;
	if (hs_compile_multi(set->regex, set->flags, set->ids, set->n, HS_MODE_BLOCK, NULL, &hs, &error) != HS_SUCCESS &&
	        m != NULL) {
		unsigned int which = error->expression < 0 ? 0 : (unsigned int)error->expression;

		rules_mistake(set->spec[which], (unsigned int)(set->spec[which] - spec->rules), error->message, m);
	}
	hs_free_compile_error(error);
	return hs;
}

static void rules_databases(
        struct pattern_channel *c, const struct rule_set *set, const struct tp_pattern_spec *spec, struct mistakes *m)
{
	bool safe = true;

	c->alone = rules_together(set, HS_FLAG_SINGLEMATCH, spec, m);
	for (unsigned int i = 0; i < set->n; i++)
		safe = safe && rules_vector_safe(set->regex[i]);
	/* What cannot be compiled for several lines is scanned text by text. */
	if (safe && c->alone != NULL)
		c->vector = rules_together(set, HS_FLAG_MULTILINE, spec, NULL);
}

static int rules_channel(struct tp_pattern_db *db, const struct tp_pattern_spec *spec, unsigned int channel, struct mistakes *m)
{
	struct rule_set set = {.regex = calloc(spec->n_rules, sizeof(*set.regex)),
	        .flags = calloc(spec->n_rules, sizeof(*set.flags)),
	        .ids = calloc(spec->n_rules, sizeof(*set.ids)),
	        .spec = calloc(spec->n_rules, sizeof(*set.spec))};
	unsigned int before = m->n;
	int rc = -ENOMEM;

	db->channels[channel].rules = calloc(spec->n_rules, sizeof(struct pattern_rule));
	if (set.regex != NULL && set.flags != NULL && set.ids != NULL && set.spec != NULL && db->channels[channel].rules != NULL)
		rc = rules_collect(db, spec, channel, &set, m);
	if (rc == 0 && set.n > 0 && m->n == before)
		rules_databases(&db->channels[channel], &set, spec, m);
	free(set.spec);
	free(set.ids);
	free(set.flags);
	free(set.regex);
	return rc;
}

static int rules_entry(struct tp_pattern_db *db, const struct tp_rule_spec *rule)
{
	struct tp_pattern_entry e = {
	        .priority = rule->priority, .covert = rule->covert, .valid_from_us = INT64_MIN, .valid_to_us = INT64_MAX};

	e.entry = entries_string(db, (const uint8_t *)rule->name, strlen(rule->name));
	if (rule->category != NULL)
		e.category = entries_string(db, (const uint8_t *)rule->category, strlen(rule->category));
	if (e.entry == NULL || (rule->category != NULL && e.category == NULL))
		return -ENOMEM;
	return entries_add(db, &e);
}

int rules_compile(struct tp_pattern_db *db, const struct tp_pattern_spec *spec, struct mistakes *m)
{
	int rc = 0;

	if (spec->n_rules == 0)
		return 0;
	db->channels = calloc(spec->n_channels, sizeof(*db->channels));
	if (db->channels == NULL)
		return -ENOMEM;
	db->n_channels = spec->n_channels;
	for (unsigned int i = 0; i < spec->n_rules && rc == 0; i++)
		rc = rules_entry(db, &spec->rules[i]);
	for (unsigned int i = 0; i < spec->n_channels && rc == 0; i++)
		rc = rules_channel(db, spec, i, m);
	return rc;
}

void rules_free(struct tp_pattern_db *db)
{
	for (unsigned int i = 0; i < db->n_channels; i++) {
		struct pattern_channel *c = &db->channels[i];

		for (uint32_t k = 0; c->rules != NULL && k < c->n_rules; k++)
			hs_free_database(c->rules[k].exact);
		free(c->rules);
		hs_free_database(c->alone);
		hs_free_database(c->vector);
	}
	free(db->channels);
}

size_t rules_memory(const struct tp_pattern_db *db)
{
	size_t octets = db->n_channels * sizeof(*db->channels);

	for (unsigned int i = 0; i < db->n_channels; i++) {
		const struct pattern_channel *c = &db->channels[i];

		octets += database_octets(c->vector) + database_octets(c->alone) + c->n_rules * sizeof(*c->rules);
		for (uint32_t k = 0; k < c->n_rules; k++)
			octets += database_octets(c->rules[k].exact);
	}
	return octets;
}
