/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libcyaml leaves an option that is not in the file at zero. Here such an option gets the default of its row.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"

static int32_t defaults_choice(const struct conf_option *option)
{
	for (unsigned int i = 0; i < option->n_choices; i++)
		if (strcmp(option->choices[i].str, option->text) == 0)
			return (int32_t)option->choices[i].val;
	return -1;
}

/* An ENUM without default is -1 where it is unset, text is NULL, numbers are 0. */
static int defaults_set(const struct conf_option *option, void *member)
{
	bool set = option->presence == CONF_DEF;

	switch (option->type) {
	case CONF_TYPE_STR:
		*(char **)member = set ? strdup(option->text) : NULL;
		return set && !*(char **)member ? -ENOMEM : 0;
	case CONF_TYPE_UINT:
		*(uint32_t *)member = set ? (uint32_t)strtoul(option->text, NULL, 10) : 0;
		return 0;
	case CONF_TYPE_INT:
		*(int32_t *)member = set ? (int32_t)strtol(option->text, NULL, 10) : 0;
		return 0;
	case CONF_TYPE_BOOL:
		*(bool *)member = set && strcmp(option->text, "true") == 0;
		return 0;
	case CONF_TYPE_ENUM:
		*(int32_t *)member = set ? defaults_choice(option) : -1;
		return 0;
	default:
		return 0; /* lists stay empty */
	}
}

static int defaults_list(struct conf_document *doc, const struct conf_option *option, const char *member, yaml_node_t *node)
{
	char *entries;
	uint32_t count;

	/* The layout of CONF_MEMBER_LIST: the pointer, then the count. */
	memcpy(&entries, member, sizeof(entries));
	memcpy(&count, member + sizeof(entries), sizeof(count));
	for (uint32_t i = 0; i < count; i++) {
		int ret = conf_defaults(doc, option->sub, entries + i * option->sub->size, conf_node_entry(doc, node, i));

		if (ret)
			return ret;
	}
	return 0;
}

int conf_defaults(struct conf_document *doc, const struct conf_section *section, void *base, yaml_node_t *node)
{
	int ret = 0;

	for (unsigned int i = 0; i < section->count && ret == 0; i++) {
		const struct conf_option *option = &section->options[i];
		char *member = (char *)base + option->offset;
		yaml_node_t *value = conf_node_child(doc, node, option->key);

		if (option->type == CONF_TYPE_SECTION)
			ret = conf_defaults(doc, option->sub, member, value);
		else if (option->type == CONF_TYPE_LIST)
			ret = defaults_list(doc, option, member, value);
		else if (!value)
			ret = defaults_set(option, member);
	}
	return ret;
}
