/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Plate lists and alert rules: what tp_pattern_compile() starts from. Rules that look at the same field of the same kind share a channel.
 */
#include <errno.h>
#include <string.h>

#include "conf.h"

static int patterns_lists(struct conf_build *b, struct tp_pattern_spec *spec)
{
	struct tp_list_spec *lists = conf_alloc(b->owned, b->raw->lists_count, sizeof(*lists));

	if (!lists)
		return -ENOMEM;
	for (unsigned int i = 0; i < b->raw->lists_count; i++) {
		lists[i].name = b->raw->lists[i].name;
		lists[i].covert = b->raw->lists[i].covert;
		lists[i].path = conf_file_path(b->owned, b->raw->lists[i].path);
		if (!lists[i].path)
			return -ENOMEM;
		conf_readable(b, CONF_PATH("lists[%u].path", i), lists[i].path);
		for (unsigned int j = 0; j < i; j++)
			if (strcmp(lists[i].path, lists[j].path) == 0)
				conf_mistake_at(b->doc, CONF_PATH("lists[%u].path", i), "found '%s', which lists[%u] has already",
				        lists[i].path, j);
	}
	spec->lists = lists;
	spec->n_lists = b->raw->lists_count;
	return 0;
}

/* ---- rules --------------------------------------------------------------------------------------------------------------------------- */
static bool patterns_has_text(const struct tp_field *field)
{
	return field->type != TP_TYPE_ID && field->type != TP_TYPE_FLOAT && field->type != TP_TYPE_GROUP &&
	       field->type != TP_TYPE_ARRAY;
}

static void patterns_try_fields(struct tp_suggestion *s, const struct tp_schema *schema)
{
	for (unsigned int k = 0; k < schema->count; k++)
		if (patterns_has_text(&schema->fields[k]))
			tp_suggest_try(s, schema->fields[k].name);
}

static void patterns_unknown_field(struct conf_build *b, unsigned int i, const struct tp_schema *kind)
{
	struct tp_suggestion s = tp_suggest_for(b->raw->rules[i].field);

	tp_suggest_try(&s, "payload");
	patterns_try_fields(&s, kind);
	patterns_try_fields(&s, &tp_schema_envelope);
	conf_mistake_at(b->doc, CONF_PATH("rules[%u].field", i),
	        "found '%s', expected payload or a field of %s or of the envelope%s", b->raw->rules[i].field, kind->name,
	        CONF_DID_YOU_MEAN(&s));
}

/* Fills what the rule looks at; false with the mistake told. */
static bool patterns_field(struct conf_build *b, unsigned int i, struct tp_channel_spec *channel)
{
	const struct conf_rule *raw = &b->raw->rules[i];
	const struct tp_schema *kind = &tp_schema_of_kind[raw->kind];

	*channel = (struct tp_channel_spec){.kind = (enum tp_kind)raw->kind};
	if (strcmp(raw->field, "payload") == 0)
		return true;
	channel->field = tp_field_by_name(kind, tp_slice_of(raw->field));
	if (!channel->field) {
		channel->field = tp_field_by_name(&tp_schema_envelope, tp_slice_of(raw->field));
		channel->in_envelope = channel->field != NULL;
	}
	if (!channel->field) {
		patterns_unknown_field(b, i, kind);
		return false;
	}
	if (!patterns_has_text(channel->field))
		conf_mistake_at(b->doc, CONF_PATH("rules[%u].field", i),
		        "found '%s', expected a field with text: this one is a group, list, id or fraction", raw->field);
	return patterns_has_text(channel->field);
}

static unsigned int patterns_channel(struct conf_build *b, const struct tp_channel_spec *want)
{
	struct tp_channel_spec *channels = b->owned->channels;
	unsigned int n = b->conf->plan.n_channels;

	for (unsigned int k = 0; k < n; k++)
		if (channels[k].kind == want->kind && channels[k].field == want->field)
			return k;
	channels[n] = *want;
	b->conf->plan.n_channels++;
	return n;
}

/* Rules look at what decoders make, not at what the appliance says itself. */
static bool patterns_is_decoded(int kind)
{
	for (unsigned int k = 0; tp_decoders[k]; k++)
		if (tp_decoders[k]->kinds >> kind & 1)
			return true;
	return false;
}

static void patterns_rule(struct conf_build *b, unsigned int i, struct tp_rule_spec *rule)
{
	const struct conf_rule *raw = &b->raw->rules[i];
	struct tp_channel_spec channel;

	for (unsigned int j = 0; j < i; j++)
		if (strcmp(raw->name, b->raw->rules[j].name) == 0)
			conf_mistake_at(
			        b->doc, CONF_PATH("rules[%u].name", i), "found '%s', which rules[%u] has already", raw->name, j);
	if (!patterns_is_decoded(raw->kind)) {
		conf_mistake_at(b->doc, CONF_PATH("rules[%u].kind", i), "found %s, expected a kind that a payload format makes",
		        tp_schema_of_kind[raw->kind].name);
		return;
	}
	if (!patterns_field(b, i, &channel))
		return;
	*rule = (struct tp_rule_spec){.name = raw->name,
	        .regex = raw->regex,
	        .category = raw->category,
	        .priority = (int32_t)raw->priority,
	        .channel = patterns_channel(b, &channel),
	        .caseless = raw->caseless,
	        .covert = raw->covert};
}

static int patterns_rules(struct conf_build *b, struct tp_pattern_spec *spec)
{
	struct tp_rule_spec *rules = conf_alloc(b->owned, b->raw->rules_count, sizeof(*rules));

	b->owned->channels = conf_alloc(b->owned, b->raw->rules_count, sizeof(*b->owned->channels));
	if (!rules || !b->owned->channels)
		return -ENOMEM;
	for (unsigned int i = 0; i < b->raw->rules_count; i++)
		patterns_rule(b, i, &rules[i]);
	spec->rules = rules;
	spec->n_rules = b->raw->rules_count;
	spec->n_channels = b->conf->plan.n_channels;
	b->conf->plan.channels = b->owned->channels;
	return 0;
}

int conf_build_patterns(struct conf_build *b)
{
	struct tp_pattern_spec *spec = conf_alloc(b->owned, 1, sizeof(*spec));
	int ret;

	if (!spec)
		return -ENOMEM;
	ret = patterns_lists(b, spec);
	if (ret == 0)
		ret = patterns_rules(b, spec);
	if (ret == 0 && spec->n_lists + spec->n_rules > 0)
		b->conf->patterns = spec;
	return ret;
}
