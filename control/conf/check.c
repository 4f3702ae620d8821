/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every key and value of the document against the option tables: unknown, misspelt, doubled and missing keys, types, ranges, choices. What
 * passes here loads without a complaint of libcyaml.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"

static void check_mapping(struct conf_document *doc, const struct conf_section *section, yaml_node_t *node, const char *path);

static unsigned int check_line(const yaml_node_t *node)
{
	return (unsigned int)node->start_mark.line + 1;
}

static const char *check_scalar(const yaml_node_t *node)
{
	return (const char *)node->data.scalar.value;
}

/* A text with "\0" in it is not the word that stands in front of it. */
static bool check_has_nul(const yaml_node_t *node)
{
	return strlen(check_scalar(node)) != node->data.scalar.length;
}

/* `key:` with nothing behind it, ~ or null. */
static bool check_is_nothing(const yaml_node_t *node)
{
	static const char *const words[] = {"", "~", "null", "Null", "NULL"};

	if (node->type != YAML_SCALAR_NODE || node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(check_scalar(node), words[i]) == 0)
			return true;
	return false;
}

/* ---- what was found, what was expected ------------------------------------------------------------------------------------------ */
static const char *check_found(char *buf, const yaml_node_t *node)
{
	if (node->type == YAML_MAPPING_NODE)
		return "a mapping";
	if (node->type == YAML_SEQUENCE_NODE)
		return "a list";
	if (check_is_nothing(node) && node->data.scalar.length == 0)
		return "nothing";
	conf_path(buf, node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE ? "%.80s" : "'%.80s'", check_scalar(node));
	for (char *c = buf; *c; c++) /* a message is one line, whatever the file says */
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	return buf;
}
#define CHECK_FOUND(node) check_found((char[CONF_PATH_MAX]){0}, node)

/* The same of a value of that option. What stands among the properties of librdkafka may be a password. */
static const char *check_found_of(char *buf, const struct conf_option *option, const yaml_node_t *node)
{
	bool hidden = option->type == CONF_TYPE_STRS && strcmp(option->key, "properties") == 0;

	return hidden && node->type == YAML_SCALAR_NODE && node->data.scalar.length ? "a text (hidden)" : check_found(buf, node);
}
#define CHECK_FOUND_OF(option, node) check_found_of((char[CONF_PATH_MAX]){0}, option, node)

static const char *check_choices(char *buf, const struct conf_option *option)
{
	size_t used = (size_t)snprintf(buf, CONF_PATH_MAX, "one of ");

	for (unsigned int i = 0; i < option->n_choices && used < CONF_PATH_MAX; i++)
		used += (size_t)snprintf(buf + used, CONF_PATH_MAX - used, "%s%s", i ? ", " : "", option->choices[i].str);
	return buf;
}

static const char *check_number_text(char *buf, const struct conf_option *option)
{
	bool unit = strcmp(option->unit, "_") != 0;

	return conf_path(buf, "a number%s%s from %lld to %lld", unit ? " of " : "", unit ? option->unit : "",
	        (long long)option->min, (long long)option->max);
}

static const char *check_expected(char *buf, const struct conf_option *option)
{
	switch (option->type) {
	case CONF_TYPE_UINT:
		return check_number_text(buf, option);
	case CONF_TYPE_INT:
	case CONF_TYPE_INTS:
		return conf_path(buf, "a number from %lld to %lld", (long long)option->min, (long long)option->max);
	case CONF_TYPE_BOOL:
		return "true or false";
	case CONF_TYPE_ENUM:
		return check_choices(buf, option);
	case CONF_TYPE_SECTION:
		return "a mapping of options";
	case CONF_TYPE_LIST:
		return "a list of mappings";
	case CONF_TYPE_STR:
	case CONF_TYPE_STRS:
		return conf_path(buf, "text of %lld to %lld octets", (long long)option->min, (long long)option->max);
	}
	return "";
}
#define CHECK_EXPECTED(option) check_expected((char[CONF_PATH_MAX]){0}, option)

static void check_wrong(struct conf_document *doc, const struct conf_option *option, const yaml_node_t *node, const char *path)
{
	conf_mistake(doc, check_line(node), path, "found %s, expected %s", CHECK_FOUND_OF(option, node), CHECK_EXPECTED(option));
}

/* ---- scalars ----------------------------------------------------------------------------------------------------------------------- */
/* Decimal without sign (but for -), leading zeros, or letters: what C would read as octal or hexadecimal is a mistake here. */
static bool check_number(const struct conf_option *option, const char *text)
{
	const char *digits = text + (text[0] == '-');
	long long value;

	if (!digits[0] || strspn(digits, "0123456789") != strlen(digits) || strlen(digits) > 18 || (digits[0] == '0' && digits[1]))
		return false;
	value = strtoll(text, NULL, 10);
	return value >= option->min && value <= option->max;
}

static bool check_text(const struct conf_option *option, const yaml_node_t *node)
{
	size_t n = node->data.scalar.length;
	const char *text = check_scalar(node);

	if (n != strlen(text) || (int64_t)n < option->min || (int64_t)n > option->max)
		return false;
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			return false;
	return true;
}

static void check_enum(struct conf_document *doc, const struct conf_option *option, const yaml_node_t *node, const char *path)
{
	struct tp_suggestion s = tp_suggest_for(check_scalar(node));

	for (unsigned int i = 0; i < option->n_choices; i++) {
		if (strcmp(option->choices[i].str, check_scalar(node)) == 0 && !check_has_nul(node))
			return;
		tp_suggest_try(&s, option->choices[i].str);
	}
	conf_mistake(doc, check_line(node), path, "found %s, expected %s%s", CHECK_FOUND(node), CHECK_EXPECTED(option),
	        CONF_DID_YOU_MEAN(&s));
}

static bool check_plain(const struct conf_option *option, const yaml_node_t *node)
{
	const char *text = check_scalar(node);

	switch (option->type) {
	case CONF_TYPE_UINT:
	case CONF_TYPE_INT:
	case CONF_TYPE_INTS:
		return node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && check_number(option, text);
	case CONF_TYPE_BOOL:
		return (strcmp(text, "true") == 0 || strcmp(text, "false") == 0) && !check_has_nul(node);
	default:
		return check_text(option, node) && !check_is_nothing(node);
	}
}

static void check_value(struct conf_document *doc, const struct conf_option *option, const yaml_node_t *node, const char *path)
{
	if (node->type != YAML_SCALAR_NODE)
		check_wrong(doc, option, node, path);
	else if (option->type == CONF_TYPE_ENUM)
		check_enum(doc, option, node, path);
	else if (!check_plain(option, node))
		check_wrong(doc, option, node, path);
}

/* ---- lists and mappings ------------------------------------------------------------------------------------------------------------ */
static void check_list(struct conf_document *doc, const struct conf_option *option, yaml_node_t *node, const char *path)
{
	unsigned int count;

	if (node->type != YAML_SEQUENCE_NODE) {
		conf_mistake(doc, check_line(node), path, "found %s, expected a list", CHECK_FOUND_OF(option, node));
		return;
	}
	count = (unsigned int)(node->data.sequence.items.top - node->data.sequence.items.start);
	if (option->type == CONF_TYPE_LIST && (count < option->min || count > option->max))
		conf_mistake(doc, check_line(node), path, "found %u entries, expected %lld to %lld", count, (long long)option->min,
		        (long long)option->max);
	for (unsigned int i = 0; i < count; i++) {
		yaml_node_t *entry = conf_node_entry(doc, node, i);
		const char *entry_path = CONF_PATH("%s[%u]", path, i);

		if (option->type == CONF_TYPE_LIST)
			check_mapping(doc, option->sub, entry, entry_path);
		else
			check_value(doc, option, entry, entry_path);
	}
}

static void check_option(struct conf_document *doc, const struct conf_option *option, yaml_node_t *node, const char *path)
{
	switch (option->type) {
	case CONF_TYPE_SECTION:
		check_mapping(doc, option->sub, node, path);
		break;
	case CONF_TYPE_LIST:
	case CONF_TYPE_STRS:
	case CONF_TYPE_INTS:
		check_list(doc, option, node, path);
		break;
	default:
		check_value(doc, option, node, path);
	}
}

/* The option that was probably meant by a key nobody knows, or NULL. */
static struct tp_suggestion check_meant(const struct conf_section *section, const char *key)
{
	struct tp_suggestion s = tp_suggest_for(key);

	for (unsigned int i = 0; i < section->count; i++)
		tp_suggest_try(&s, section->options[i].key);
	return s;
}

static void check_unknown(struct conf_document *doc, const struct conf_section *section, const yaml_node_t *key, const char *path)
{
	struct tp_suggestion s = check_meant(section, check_scalar(key));

	conf_mistake(doc, check_line(key), path, "unknown key%s", CONF_DID_YOU_MEAN(&s));
}

/* Line of an earlier pair with the same key, or 0. */
static unsigned int check_earlier(struct conf_document *doc, const yaml_node_t *node, const yaml_node_pair_t *pair)
{
	const char *key = check_scalar(conf_node(doc, pair->key));

	for (const yaml_node_pair_t *p = node->data.mapping.pairs.start; p < pair; p++) {
		const yaml_node_t *other = conf_node(doc, p->key);

		if (other->type == YAML_SCALAR_NODE && strcmp(check_scalar(other), key) == 0)
			return check_line(other);
	}
	return 0;
}

static void check_pair(struct conf_document *doc, const struct conf_section *section, const yaml_node_t *node,
        const yaml_node_pair_t *pair, const char *path)
{
	yaml_node_t *key = conf_node(doc, pair->key);
	const struct conf_option *option;
	const char *here;
	unsigned int earlier;

	if (key->type != YAML_SCALAR_NODE) {
		conf_mistake(doc, check_line(key), path, "found %s, expected the name of an option", CHECK_FOUND(key));
		return;
	}
	if (check_has_nul(key) || key->data.scalar.length == 0) {
		conf_mistake(doc, check_line(key), path, "found %s, expected the name of an option",
		        key->data.scalar.length ? "a key with \\0 in it" : "an empty key");
		return;
	}
	here = CONF_PATH("%s%s%.80s", path, path[0] ? "." : "", check_scalar(key));
	earlier = check_earlier(doc, node, pair);
	if (earlier) {
		conf_mistake(doc, check_line(key), here, "given twice, first in line %u", earlier);
		return;
	}
	option = conf_option_by_key(section, check_scalar(key));
	if (option)
		check_option(doc, option, conf_node(doc, pair->value), here);
	else
		check_unknown(doc, section, key, here);
}

/* Whether that option is there under a misspelt name, which has been told already. */
static bool check_is_misspelt(struct conf_document *doc, const struct conf_section *section, yaml_node_t *node, const char *option)
{
	for (yaml_node_pair_t *p = node->data.mapping.pairs.start; p < node->data.mapping.pairs.top; p++) {
		const yaml_node_t *key = conf_node(doc, p->key);
		struct tp_suggestion s;

		if (key->type != YAML_SCALAR_NODE || conf_option_by_key(section, check_scalar(key)))
			continue;
		s = check_meant(section, check_scalar(key));
		if (s.best && strcmp(s.best, option) == 0)
			return true;
	}
	return false;
}

static void check_missing(struct conf_document *doc, const struct conf_section *section, yaml_node_t *node, const char *path)
{
	for (unsigned int i = 0; i < section->count; i++) {
		const struct conf_option *option = &section->options[i];

		if (option->presence == CONF_REQ && !conf_node_child(doc, node, option->key) &&
		        !check_is_misspelt(doc, section, node, option->key))
			conf_mistake(doc, check_line(node), CONF_PATH("%s%s%s", path, path[0] ? "." : "", option->key),
			        "missing; expected %s", CHECK_EXPECTED(option));
	}
}

static void check_mapping(struct conf_document *doc, const struct conf_section *section, yaml_node_t *node, const char *path)
{
	if (node->type != YAML_MAPPING_NODE) {
		conf_mistake(doc, check_line(node), path, "found %s, expected a mapping of options", CHECK_FOUND(node));
		return;
	}
	for (yaml_node_pair_t *p = node->data.mapping.pairs.start; p < node->data.mapping.pairs.top && !conf_is_enough(doc); p++)
		check_pair(doc, section, node, p, path);
	if (!conf_is_enough(doc))
		check_missing(doc, section, node, path);
}

void conf_check(struct conf_document *doc)
{
	check_mapping(doc, conf_root, conf_node_root(doc), "");
}
