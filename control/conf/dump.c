/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The option tables for people: --dump-config as a configuration that loads, and the manual as Markdown.
 */
#include <string.h>

#include "conf.h"

/* ---- in words -------------------------------------------------------------------------------------------------------------------- */
static void dump_choices(FILE *out, const struct conf_option *option)
{
	for (unsigned int i = 0; i < option->n_choices; i++)
		fprintf(out, "%s%s", i ? ", " : "", option->choices[i].str);
}

static void dump_unit(FILE *out, const struct conf_option *option)
{
	if (strcmp(option->unit, "_") != 0)
		fprintf(out, " of %s", option->unit);
}

static void dump_type(FILE *out, const struct conf_option *option)
{
	long long min = option->min, max = option->max;

	switch (option->type) {
	case CONF_TYPE_STR:
		fprintf(out, "text of %lld to %lld octets", min, max);
		break;
	case CONF_TYPE_UINT:
		fprintf(out, "number");
		dump_unit(out, option);
		fprintf(out, ", %lld to %lld", min, max);
		break;
	case CONF_TYPE_INT:
		fprintf(out, "number, %lld to %lld", min, max);
		break;
	case CONF_TYPE_BOOL:
		fprintf(out, "true or false");
		break;
	case CONF_TYPE_ENUM:
		dump_choices(out, option);
		break;
	case CONF_TYPE_SECTION:
		fprintf(out, "section");
		break;
	case CONF_TYPE_LIST:
		fprintf(out, "list of %lld to %lld entries", min, max);
		break;
	case CONF_TYPE_STRS:
		fprintf(out, "list of texts");
		break;
	case CONF_TYPE_INTS:
		fprintf(out, "list of numbers, %lld to %lld", min, max);
		break;
	}
}

static void dump_default(FILE *out, const struct conf_option *option)
{
	if (option->presence == CONF_REQ)
		fprintf(out, "mandatory");
	else if (option->presence == CONF_DEF && option->text)
		fprintf(out, "default %s", option->text);
	else
		fprintf(out, "optional");
}

/* ---- YAML ------------------------------------------------------------------------------------------------------------------------ */
/* Where the next line starts: its indentation, behind a # where it is a comment. */
struct dump_margin {
	unsigned int depth;
	bool comment;
	bool dash; /* the next key opens a list entry */
};

static void dump_line(FILE *out, struct dump_margin *m, const char *key, const char *value)
{
	fprintf(out, "%*s%s%s%s:%s%s\n", (int)m->depth * 2 - (m->dash ? 2 : 0), "", m->comment ? "# " : "", m->dash ? "- " : "",
	        key, value[0] ? " " : "", value);
	m->dash = false;
}

static void dump_help(FILE *out, const struct dump_margin *m, const struct conf_option *option)
{
	fprintf(out, "%*s# %s (", (int)m->depth * 2 - (m->dash ? 2 : 0), "", option->help);
	dump_type(out, option);
	fprintf(out, "; ");
	dump_default(out, option);
	fprintf(out, ")\n");
}

static void dump_section(FILE *out, const struct conf_section *section, struct dump_margin *m);

static void dump_formats(FILE *out, const struct dump_margin *m)
{
	for (unsigned int i = 0; tp_decoders[i]; i++)
		fprintf(out, "%*s#   %s: %s\n", (int)m->depth * 2 - (m->dash ? 2 : 0), "", tp_decoders[i]->name,
		        tp_decoders[i]->help);
}

static void dump_option(FILE *out, const struct conf_option *option, struct dump_margin *m)
{
	struct dump_margin inner = {.depth = m->depth + 1, .comment = m->comment};

	dump_help(out, m, option);
	if (strcmp(option->key, "format") == 0)
		dump_formats(out, m);
	if (option->type == CONF_TYPE_SECTION || option->type == CONF_TYPE_LIST) {
		inner.comment |= option->text != NULL;
		m->comment |= option->text != NULL;
		dump_line(out, m, option->key, "");
		inner.dash = option->type == CONF_TYPE_LIST;
		inner.depth += inner.dash;
		dump_section(out, option->sub, &inner);
	} else {
		bool comment = m->comment;

		m->comment |= option->presence == CONF_OPT;
		dump_line(out, m, option->key, option->text);
		m->comment = comment;
	}
}

static void dump_section(FILE *out, const struct conf_section *section, struct dump_margin *m)
{
	bool comment = m->comment;

	for (unsigned int i = 0; i < section->count; i++) {
		if (m->depth == 0 && i)
			fprintf(out, "\n");
		dump_option(out, &section->options[i], m);
		m->comment = comment;
	}
}

void tp_conf_dump(FILE *out)
{
	struct dump_margin margin = {0};

	fprintf(out, "# All options of turnpiked %s. Mandatory ones hold examples, the others their defaults.\n\n", TP_VERSION);
	dump_section(out, conf_root, &margin);
}

/* ---- Markdown -------------------------------------------------------------------------------------------------------------------- */
static void dump_table(FILE *out, const struct conf_section *section)
{
	fprintf(out, "\n| key | value | | |\n|---|---|---|---|\n");
	for (unsigned int i = 0; i < section->count; i++) {
		fprintf(out, "| `%s` | ", section->options[i].key);
		dump_type(out, &section->options[i]);
		fprintf(out, " | ");
		dump_default(out, &section->options[i]);
		fprintf(out, " | %s |\n", section->options[i].help);
	}
}

static void dump_manual_section(FILE *out, const struct conf_section *section, const char *path)
{
	for (unsigned int i = 0; i < section->count; i++) {
		const struct conf_option *option = &section->options[i];
		const char *here =
		        CONF_PATH("%s%s%s%s", path, path[0] ? "." : "", option->key, option->type == CONF_TYPE_LIST ? "[]" : "");

		if (!option->sub)
			continue;
		fprintf(out, "\n## `%s`\n\n%s.\n", here, option->help);
		dump_table(out, option->sub);
		dump_manual_section(out, option->sub, here);
	}
}

void tp_conf_manual(FILE *out)
{
	fprintf(out,
	        "<!-- SPDX-License-Identifier: BSD-3-Clause -->\n"
	        "<!-- Generated: turnpiked --dump-config=markdown -->\n"
	        "# Configuration\n\n"
	        "`turnpiked` reads one YAML file. `turnpiked --dump-config` prints one with every option, `turnpiked --config "
	        "FILE\n"
	        "--check` says whether a file is right; a mistake is answered with file, line, key, what was found and what "
	        "was expected.\n"
	        "Numbers are decimal; their unit stands in the name of the option. Relative paths start at the folder of the "
	        "file.\n"
	        "Indentation is made of spaces; YAML takes no tab there.\n"
	        "Anchors and aliases of YAML may be used: with all that its aliases stand for, a file may have 1,000,000 values "
	        "and 64 MiB\nof text, and 1,000 anchors.\n\n"
	        "Payload formats (`listeners[].format`, `mqtt[].routes[].format`):\n\n");
	for (unsigned int i = 0; tp_decoders[i]; i++)
		fprintf(out, "* `%s`: %s\n", tp_decoders[i]->name, tp_decoders[i]->help);
	fprintf(out, "\nKinds of records and their default topics:\n\n| kind | topic | |\n|---|---|---|\n");
	for (int k = 0; k < TP_KIND_COUNT; k++)
		fprintf(out, "| `%s` | `%s` | %s |\n", tp_schema_of_kind[k].name, tp_schema_of_kind[k].topic,
		        tp_schema_of_kind[k].doc);
	fprintf(out, "\n## Top level\n");
	dump_table(out, conf_root);
	dump_manual_section(out, conf_root, "");
}
