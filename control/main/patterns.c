/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lists and rules are compiled once for as long as they are the same: a million plates take minutes, and a renewed certificate must not wait for them. What is the same is told by
 * the specification and by what the system says of the files: device, number, size and time of change.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "setup.h"

static void patterns_key_text(FILE *out, const char *text)
{
	fprintf(out, "%zu:%s,", text ? strlen(text) : 0, text ? text : "");
}

static void patterns_key_list(FILE *out, const struct tp_list_spec *list)
{
	struct stat st = {.st_size = -1};

	if (stat(list->path, &st) == 0)
		fprintf(out, "%llu.%llu.%lld.%lld.%ld,", (unsigned long long)st.st_dev, (unsigned long long)st.st_ino,
		        (long long)st.st_size, (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	patterns_key_text(out, list->path);
	patterns_key_text(out, list->name);
	fprintf(out, "%d;", list->covert);
}

static char *patterns_key(const struct tp_pattern_spec *spec)
{
	char *key = NULL;
	size_t n;
	FILE *out = open_memstream(&key, &n);

	if (!out)
		return NULL;
	for (unsigned int i = 0; i < spec->n_lists; i++)
		patterns_key_list(out, &spec->lists[i]);
	for (unsigned int i = 0; i < spec->n_rules; i++) {
		const struct tp_rule_spec *r = &spec->rules[i];

		patterns_key_text(out, r->name);
		patterns_key_text(out, r->regex);
		patterns_key_text(out, r->category);
		fprintf(out, "%d.%u.%d.%d;", r->priority, r->channel, r->caseless, r->covert);
	}
	fprintf(out, "%u", spec->n_channels);
	if (fclose(out) == 0)
		return key;
	free(key);
	return NULL;
}

/* A list's mistake names its file, a rule's gets the place of its expression. */
static void patterns_mistake(const struct tp_conf *conf, const char *text, FILE *out)
{
	unsigned int rule;
	char path[64];

	if (sscanf(text, "rule %u ", &rule) == 1 && rule > 0) {
		snprintf(path, sizeof(path), "rules[%u].regex", rule - 1);
		fprintf(out, "%s:%u: %s: ", conf->path, tp_conf_line(conf, path), path);
	}
	fprintf(out, "%s\n", text);
}

static int patterns_compile(const struct tp_conf *conf, struct tp_patterns *p, FILE *out)
{
	char err[16384] = "", *rest = err;
	int rc = tp_pattern_compile(conf->patterns, &p->db, err, sizeof(err));

	while (rc && rest)
		patterns_mistake(conf, strsep(&rest, "\n"), out);
	return rc;
}

int tp_patterns_get(const struct tp_conf *conf, struct tp_patterns *before, struct tp_patterns **patterns, FILE *out)
{
	char *key = conf->patterns ? patterns_key(conf->patterns) : NULL;
	struct tp_patterns *p;
	int rc = -ENOMEM;

	*patterns = NULL;
	if (!conf->patterns)
		return 0;
	if (key && before && strcmp(key, before->key) == 0) {
		free(key);
		before->users++;
		*patterns = before;
		return 0;
	}
	p = calloc(1, sizeof(*p));
	if (key && p)
		rc = patterns_compile(conf, p, out);
	else
		fprintf(out, "%s: out of memory\n", conf->path);
	if (rc) {
		free(key);
		free(p);
		return rc;
	}
	p->key = key;
	p->users = 1;
	*patterns = p;
	return 0;
}

void tp_patterns_put(struct tp_patterns *p)
{
	if (!p || --p->users > 0)
		return;
	tp_pattern_free(p->db);
	free(p->key);
	free(p);
}
