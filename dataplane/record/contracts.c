/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * contracts: writes what the field tables say, as Avro schemas (one file a topic) or as one Markdown page.
 *
 *   contracts --avsc DIRECTORY     DIRECTORY/<topic>.avsc for every kind
 *   contracts --markdown           the page on standard output
 */
#include <errno.h>
#include <stdio.h>

#include "tp_record.h"

static const char *const avro_primitive[] = {[TP_TYPE_BOOL] = "\"boolean\"",
        [TP_TYPE_INT] = "\"int\"",
        [TP_TYPE_LONG] = "\"long\"",
        [TP_TYPE_FLOAT] = "\"double\"",
        [TP_TYPE_STR] = "\"string\"",
        [TP_TYPE_BYTES] = "\"bytes\"",
        [TP_TYPE_ID] = "{\"type\": \"fixed\", \"name\": \"event_hash\", \"size\": 16}",
        [TP_TYPE_TIME] = "{\"type\": \"long\", \"logicalType\": \"timestamp-micros\"}"};

/* Avro names a type once; later uses refer to it by name. */
struct names {
	const void *seen[128];
	unsigned int count;
};

static bool names_first(struct names *names, const void *what)
{
	for (unsigned int i = 0; i < names->count; i++)
		if (names->seen[i] == what)
			return false;
	names->seen[names->count++] = what;
	return true;
}

static void write_text(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', out);
		fputc(*text, out);
	}
}

static void avsc_fields(FILE *out, struct names *names, const struct tp_schema *schema, int depth, bool *first);

static void avsc_record(FILE *out, struct names *names, const struct tp_schema *schema, int depth)
{
	bool first = true;

	if (!names_first(names, schema)) {
		fprintf(out, "\"%s\"", schema->name);
		return;
	}
	fprintf(out, "{\"type\": \"record\", \"name\": \"%s\", \"fields\": [", schema->name);
	avsc_fields(out, names, schema, depth + 1, &first);
	fprintf(out, "\n%*s]}", depth * 2, "");
}

static void avsc_enum(FILE *out, struct names *names, const struct tp_enum *e)
{
	if (!names_first(names, e)) {
		fprintf(out, "\"%s\"", e->name);
		return;
	}
	fprintf(out, "{\"type\": \"enum\", \"name\": \"%s\", \"symbols\": [", e->name);
	for (unsigned int i = 0; i < e->count; i++)
		fprintf(out, "%s\"%s\"", i ? ", " : "", e->symbols[i]);
	fprintf(out, "]}");
}

static void avsc_type(FILE *out, struct names *names, const struct tp_field *f, int depth)
{
	switch (f->type) {
	case TP_TYPE_ENUM:
		avsc_enum(out, names, f->symbols);
		break;
	case TP_TYPE_GROUP:
		avsc_record(out, names, f->sub, depth);
		break;
	case TP_TYPE_ARRAY:
		fprintf(out, "{\"type\": \"array\", \"items\": ");
		avsc_record(out, names, f->sub, depth);
		fprintf(out, "}");
		break;
	case TP_TYPE_ID:
		fputs(names_first(names, &avro_primitive[TP_TYPE_ID]) ? avro_primitive[TP_TYPE_ID] : "\"event_hash\"", out);
		break;
	default:
		fputs(avro_primitive[f->type], out);
	}
}

static void avsc_fields(FILE *out, struct names *names, const struct tp_schema *schema, int depth, bool *first)
{
	for (unsigned int i = 0; i < schema->count; i++) {
		const struct tp_field *f = &schema->fields[i];

		fprintf(out, "%s\n%*s{\"name\": \"%s\", \"type\": ", *first ? "" : ",", depth * 2, "", f->name);
		*first = false;
		if (f->optional)
			fputs("[\"null\", ", out);
		avsc_type(out, names, f, depth);
		fprintf(out, "%s, \"doc\": \"", f->optional ? "], \"default\": null" : "");
		write_text(out, f->doc);
		fputs("\"}", out);
	}
}

static void avsc_kind(FILE *out, const struct tp_schema *schema)
{
	struct names names = {.count = 0};
	bool first = true;

	fprintf(out, "{\"type\": \"record\", \"name\": \"%s\", \"namespace\": \"org.turnpike\", \"doc\": \"", schema->name);
	write_text(out, schema->doc);
	fputs("\", \"fields\": [", out);
	avsc_fields(out, &names, &tp_schema_envelope, 1, &first);
	avsc_fields(out, &names, schema, 1, &first);
	fputs("\n]}\n", out);
}

static int write_avsc(const char *directory)
{
	for (int k = 0; k < TP_KIND_COUNT; k++) {
		char path[4096];
		FILE *out;

		snprintf(path, sizeof(path), "%s/%s.avsc", directory, tp_schema_of_kind[k].topic);
		out = fopen(path, "w");
		if (!out) {
			fprintf(stderr, "contracts: %s: %s\n", path, strerror(errno));
			return 1;
		}
		avsc_kind(out, &tp_schema_of_kind[k]);
		if (fclose(out) != 0)
			return 1;
	}
	return 0;
}

static void markdown_fields(const struct tp_schema *schema, const char *prefix)
{
	static const char *const names[] = {
	        "boolean", "int", "long", "double", "string", "bytes", "fixed(16)", "timestamp-micros", "enum", "record", "array"};

	for (unsigned int i = 0; i < schema->count; i++) {
		const struct tp_field *f = &schema->fields[i];
		char inner[256];

		printf("| `%s%s` | %s%s |", prefix, f->name, names[f->type], f->optional ? ", optional" : "");
		for (unsigned int s = 0; f->symbols && s < f->symbols->count; s++)
			printf("%s%s", s ? ", " : " one of ", f->symbols->symbols[s]);
		printf("%s %s |\n", f->symbols ? ":" : "", f->doc);
		if (f->sub) {
			snprintf(inner, sizeof(inner), "%s%s%s.", prefix, f->name, f->type == TP_TYPE_ARRAY ? "[]" : "");
			markdown_fields(f->sub, inner);
		}
	}
}

static int write_markdown(void)
{
	puts("<!-- SPDX-License-Identifier: BSD-3-Clause -->\n<!-- Generated from dataplane/include/record/ by the program "
	     "`contracts`. "
	     "-->\n"
	     "# Records\n\nEvery record starts with the envelope. A value on a topic is either one JSON object (null fields left "
	     "out) "
	     "or 0x00, the schema id as four octets, big-endian, and the Avro binary encoding of `contracts/<topic>.avsc`.\n\n"
	     "## Envelope\n\n| field | type | meaning |\n|---|---|---|");
	markdown_fields(&tp_schema_envelope, "");
	for (int k = 0; k < TP_KIND_COUNT; k++) {
		const struct tp_schema *s = &tp_schema_of_kind[k];

		printf("\n## `%s` on `%s`\n\n%s.\n\n| field | type | meaning |\n|---|---|---|\n", s->name, s->topic, s->doc);
		markdown_fields(s, "");
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "--avsc") == 0)
		return write_avsc(argv[2]);
	if (argc == 2 && strcmp(argv[1], "--markdown") == 0)
		return write_markdown();
	fputs("usage: contracts --avsc DIRECTORY | --markdown\n", stderr);
	return 2;
}
