/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The guard: prefixes and rates from the options to struct tp_guard_spec.
 */
#include <errno.h>
#include <string.h>

#include "conf.h"

/* Adds the prefixes of one list. A prefix that is there already is a mistake, also where it is in the other list. */
static void guard_prefixes(struct conf_build *b, const char *key, char *const *texts, uint32_t count, struct tp_guard_rule *rules)
{
	struct tp_guard_spec *spec = &b->conf->guard;

	for (uint32_t i = 0; i < count; i++) {
		const char *path = CONF_PATH("guard.%s[%u]", key, i);
		struct tp_prefix prefix = {0};
		const char *expected = tp_conf_prefix(texts[i], &prefix);
		struct tp_guard_rule *rule = &rules[spec->n_rules];

		if (expected) {
			conf_mistake_at(b->doc, path, "found '%s', expected %s", texts[i], expected);
			continue;
		}
		*rule = (struct tp_guard_rule){.family = prefix.family, .length = prefix.length, .deny = key[0] == 'd'};
		memcpy(rule->addr, prefix.addr, sizeof(rule->addr));
		for (unsigned int j = 0; j < spec->n_rules; j++)
			if (tp_guard_same_prefix(rule, &rules[j]))
				conf_mistake_at(b->doc, path, "found '%s', which is in %s already", texts[i],
				        rules[j].deny ? "deny" : "allow");
		spec->n_rules++;
	}
}

static bool guard_is_listener(const struct conf_turnpike *raw, const char *name, struct tp_suggestion *s)
{
	for (uint32_t i = 0; i < raw->listeners_count; i++) {
		tp_suggest_try(s, raw->listeners[i].name);
		if (strcmp(raw->listeners[i].name, name) == 0)
			return true;
	}
	for (uint32_t i = 0; i < raw->mqtt_count; i++) {
		tp_suggest_try(s, raw->mqtt[i].name);
		if (strcmp(raw->mqtt[i].name, name) == 0)
			return true;
	}
	return false;
}

static void guard_listeners(struct conf_build *b, struct tp_guard_listener_limit *limits)
{
	const struct conf_guard *raw = &b->raw->guard;

	for (uint32_t i = 0; i < raw->listeners_count; i++) {
		const struct conf_guard_listener *row = &raw->listeners[i];
		struct tp_suggestion s = tp_suggest_for(row->listener);

		if (!guard_is_listener(b->raw, row->listener, &s))
			conf_mistake_at(b->doc, CONF_PATH("guard.listeners[%u].listener", i),
			        "found '%s', expected the name of a listener%s", row->listener, CONF_DID_YOU_MEAN(&s));
		for (uint32_t j = 0; j < i; j++)
			if (strcmp(raw->listeners[j].listener, row->listener) == 0)
				conf_mistake_at(b->doc, CONF_PATH("guard.listeners[%u].listener", i),
				        "found '%s', which listeners[%u] has already", row->listener, j);
		limits[i].name = row->listener;
		limits[i].limit = (struct tp_guard_limit){row->rate, row->burst};
	}
}

int conf_build_guard(struct conf_build *b)
{
	const struct conf_guard *raw = &b->raw->guard;
	struct tp_guard_spec *spec = &b->conf->guard;
	uint32_t n_rules = raw->deny_count + raw->allow_count;
	struct tp_guard_rule *rules;
	struct tp_guard_listener_limit *limits;

	if (n_rules > TP_GUARD_RULES) {
		conf_mistake_at(b->doc, "guard", "found %u prefixes, expected at most %u", n_rules, TP_GUARD_RULES);
		return 0;
	}
	rules = conf_alloc(b->owned, n_rules, sizeof(*rules));
	limits = conf_alloc(b->owned, raw->listeners_count, sizeof(*limits));
	if (!rules || !limits)
		return -ENOMEM;
	guard_prefixes(b, "deny", raw->deny, raw->deny_count, rules);
	guard_prefixes(b, "allow", raw->allow, raw->allow_count, rules);
	guard_listeners(b, limits);
	spec->rules = rules;
	spec->source = (struct tp_guard_limit){raw->source_rate, raw->source_burst};
	spec->syn = (struct tp_guard_limit){raw->syn_rate, raw->syn_burst};
	spec->listeners = limits;
	spec->n_listeners = raw->listeners_count;
	b->conf->dataplane.guard_sources = raw->sources;
	return 0;
}
