/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How much a YAML text is once every alias (*name) stands for what its anchor (&name) marks. Nine lists of nine aliases in each other are a
 * thousand million values in half a kilobyte, and libcyaml makes every one of them; so they are counted, without being made, before anything else reads the text.
 * What an anchor marks is counted once and added wherever an alias names it.
 *
 * Depth has a limit of its own because what libyaml takes for each token grows with it: 100,000 brackets keep it busy for a quarter of a
 * minute. The number of anchors has one because libyaml and libcyaml look for each of them in a list.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"

#define DEPTH_MAX   64      /* of mappings and lists in each other; no configuration is as deep as ten */
#define VALUES_MAX  1000000 /* keys, values, lists and mappings; 65,000 sources with all that may be said of one are 715,000 */
#define ANCHORS_MAX 1000

struct extent_size {
	uint64_t values, octets; /* octets: of keys and values */
};

struct extent_anchor {
	char *name;
	struct extent_size size;
	bool open; /* its list or mapping has not ended: an alias of it would stand for itself */
};

struct extent {
	struct conf_document *doc;
	struct extent_size total;
	unsigned int depth, n_anchors;
	struct extent_level {
		struct extent_size before; /* the total when it began */
		struct extent_anchor *anchor;
	} level[DEPTH_MAX];
	struct extent_anchor anchors[ANCHORS_MAX];
};

static int extent_mistake(struct extent *x, const yaml_event_t *event, const char *what)
{
	conf_mistake(x->doc, (unsigned int)event->start_mark.line + 1, "", "%s; expected a configuration", what);
	return -EINVAL;
}

/* The anchor of that name (NULL: none) marks what begins here. */
static int extent_mark(struct extent *x, const yaml_event_t *event, const yaml_char_t *name, struct extent_anchor **anchor)
{
	*anchor = NULL;
	if (!name)
		return 0;
	if (x->n_anchors == ANCHORS_MAX)
		return extent_mistake(x, event, CONF_PATH("found more than %d anchors (&name)", ANCHORS_MAX));
	*anchor = &x->anchors[x->n_anchors];
	(*anchor)->name = strdup((const char *)name);
	if (!(*anchor)->name)
		return extent_mistake(x, event, strerror(ENOMEM));
	x->n_anchors++;
	return 0;
}

static int extent_scalar(struct extent *x, const yaml_event_t *event)
{
	struct extent_size size = {.values = 1, .octets = event->data.scalar.length};
	struct extent_anchor *anchor;
	int ret = extent_mark(x, event, event->data.scalar.anchor, &anchor);

	x->total.values += size.values;
	x->total.octets += size.octets;
	if (anchor)
		anchor->size = size;
	return ret;
}

static int extent_begin(struct extent *x, const yaml_event_t *event, const yaml_char_t *name)
{
	struct extent_anchor *anchor;
	int ret = extent_mark(x, event, name, &anchor);

	if (ret)
		return ret;
	if (x->depth == DEPTH_MAX)
		return extent_mistake(x, event, CONF_PATH("found more than %d lists and mappings in each other", DEPTH_MAX));
	if (anchor)
		anchor->open = true;
	x->level[x->depth++] = (struct extent_level){.before = x->total, .anchor = anchor};
	x->total.values++;
	return 0;
}

static int extent_end(struct extent *x)
{
	const struct extent_level *level = &x->level[--x->depth];

	if (level->anchor) {
		level->anchor->size.values = x->total.values - level->before.values;
		level->anchor->size.octets = x->total.octets - level->before.octets;
		level->anchor->open = false;
	}
	return 0;
}

/* One that names no anchor is for libyaml to tell. */
static int extent_alias(struct extent *x, const yaml_event_t *event)
{
	const char *name = (const char *)event->data.alias.anchor;

	for (unsigned int i = 0; i < x->n_anchors; i++) {
		const struct extent_anchor *anchor = &x->anchors[i];

		if (strcmp(anchor->name, name) != 0)
			continue;
		if (anchor->open)
			return extent_mistake(x, event, CONF_PATH("found the alias *%s within what it stands for", name));
		x->total.values += anchor->size.values;
		x->total.octets += anchor->size.octets;
		break;
	}
	return 0;
}

static int extent_event(struct extent *x, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return extent_scalar(x, event);
	case YAML_SEQUENCE_START_EVENT:
		return extent_begin(x, event, event->data.sequence_start.anchor);
	case YAML_MAPPING_START_EVENT:
		return extent_begin(x, event, event->data.mapping_start.anchor);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return extent_end(x);
	case YAML_ALIAS_EVENT:
		return extent_alias(x, event);
	default:
		return 0;
	}
}

static int extent_limits(struct extent *x, const yaml_event_t *event)
{
	if (x->total.values > VALUES_MAX)
		return extent_mistake(
		        x, event, CONF_PATH("found more than %d values, with those that an alias (*name) stands for", VALUES_MAX));
	if (x->total.octets > CONF_FILE_MAX)
		return extent_mistake(x, event,
		        CONF_PATH("found more than %zu MiB of text, with that which an alias (*name) stands for",
		                CONF_FILE_MAX >> 20));
	return 0;
}

static int extent_walk(struct extent *x, yaml_parser_t *parser)
{
	yaml_event_t event;
	bool more = true;
	int ret = 0;

	while (more && ret == 0 && yaml_parser_parse(parser, &event)) {
		more = event.type != YAML_STREAM_END_EVENT && event.type != YAML_NO_EVENT;
		ret = extent_event(x, &event);
		if (ret == 0)
			ret = extent_limits(x, &event);
		yaml_event_delete(&event);
	}
	return ret;
}

int conf_extent(struct conf_document *doc)
{
	struct extent *x = calloc(1, sizeof(*x));
	yaml_parser_t parser;
	int ret = -ENOMEM;

	if (x && yaml_parser_initialize(&parser)) {
		x->doc = doc;
		yaml_parser_set_input_string(&parser, (const unsigned char *)doc->text, doc->size);
		ret = extent_walk(x, &parser);
		yaml_parser_delete(&parser);
		for (unsigned int i = 0; i < x->n_anchors; i++)
			free(x->anchors[i].name);
	}
	free(x);
	return ret;
}
