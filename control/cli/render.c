/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Answers for people, by the blocks that travel with them: tables, pairs of name and value, lines. A terminal that follows a stream shows one answer
 * in the place of the one before; into a pipe only the blocks of kind "line" go, one line each with the titles in front now and then.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

#define RENDER_CELL   256
#define RENDER_TITLES 24 /* lines of a stream between titles */

/* What is at "a.b.c" of the data; "" is the data. */
static json_t *render_at(json_t *data, const char *path)
{
	char name[64];

	while (data && *path) {
		size_t n = strcspn(path, ".");

		snprintf(name, sizeof(name), "%.*s", (int)n, path);
		data = json_object_get(data, name);
		path += n + (path[n] == '.');
	}
	return data;
}

static const char *render_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static void render_cell(const json_t *row, const json_t *column, char *text)
{
	cli_value(json_object_get(row, render_text(column, "key")), render_text(column, "unit"), text, RENDER_CELL);
}

static void render_pad(FILE *out, unsigned int n)
{
	while (n--)
		fputc(' ', out);
}

static void render_put(FILE *out, const char *text, unsigned int width, bool left, bool last)
{
	unsigned int pad = width > cli_width(text) ? width - cli_width(text) : 0;

	if (!left)
		render_pad(out, pad);
	fputs(text, out);
	if (left && !last)
		render_pad(out, pad);
	fputs(last ? "\n" : "  ", out);
}

static bool render_is_left(const json_t *column)
{
	return strcmp(render_text(column, "unit"), "text") == 0;
}

/* ---- tables ------------------------------------------------------------------------------------------------------------------------ */
static unsigned int render_column_width(const json_t *rows, const json_t *column)
{
	unsigned int width = cli_width(render_text(column, "title"));
	char text[RENDER_CELL];

	for (size_t i = 0; i < json_array_size(rows); i++) {
		render_cell(json_array_get(rows, i), column, text);
		if (cli_width(text) > width)
			width = cli_width(text);
	}
	return width;
}

static void render_rows(const json_t *rows, const json_t *columns, const unsigned int *widths, FILE *out)
{
	size_t n = json_array_size(columns);
	char text[RENDER_CELL];

	for (size_t c = 0; c < n; c++) {
		const json_t *column = json_array_get(columns, c);

		render_put(out, render_text(column, "title"), widths[c], render_is_left(column), c + 1 == n);
	}
	for (size_t r = 0; r < json_array_size(rows); r++)
		for (size_t c = 0; c < n; c++) {
			const json_t *column = json_array_get(columns, c);

			render_cell(json_array_get(rows, r), column, text);
			render_put(out, text, widths[c], render_is_left(column), c + 1 == n);
		}
}

/* An object is a table of one row. */
static void render_table(json_t *rows, const json_t *columns, FILE *out)
{
	json_t *one = json_is_object(rows) ? json_pack("[O]", rows) : NULL;
	size_t n = json_array_size(columns);
	unsigned int *widths = calloc(n + 1, sizeof(*widths));

	rows = one ? one : rows;
	if (json_array_size(rows) == 0)
		fputs("(none)\n", out);
	else if (widths) {
		for (size_t c = 0; c < n; c++)
			widths[c] = render_column_width(rows, json_array_get(columns, c));
		render_rows(rows, columns, widths, out);
	}
	free(widths);
	json_decref(one);
}

/* ---- the others -------------------------------------------------------------------------------------------------------------------- */
static void render_pairs(const json_t *object, const json_t *columns, FILE *out)
{
	unsigned int width = 0;
	char text[RENDER_CELL];
	const json_t *column;
	size_t i;

	json_array_foreach(columns, i,
	        column) if (json_object_get(object, render_text(column, "key")) && cli_width(render_text(column, "title")) > width)
	        width = cli_width(render_text(column, "title"));
	json_array_foreach(columns, i, column)
	{
		if (!json_object_get(object, render_text(column, "key")))
			continue;
		render_put(out, render_text(column, "title"), width, true, false);
		render_cell(object, column, text);
		render_put(out, text, 0, true, true);
	}
}

static void render_lines(const json_t *lines, FILE *out)
{
	char text[4096];
	const json_t *line;
	size_t i;

	json_array_foreach(lines, i, line)
	{
		cli_value(line, "text", text, sizeof(text));
		fprintf(out, "%s\n", text);
	}
}

/* Of what comes later just the unit is known. */
static unsigned int render_line_width(const json_t *column, const char *title)
{
	unsigned int width = strcmp(render_text(column, "unit"), "time") == 0 ? 24 : 10;

	return cli_width(title) > width ? cli_width(title) : width;
}

static void render_line(const json_t *object, const json_t *columns, bool first, FILE *out)
{
	static unsigned int since_titles;
	size_t n = json_array_size(columns);
	char text[RENDER_CELL];

	since_titles = first ? 0 : since_titles;
	for (int titles = since_titles == 0; titles >= 0; titles--)
		for (size_t c = 0; c < n; c++) {
			const json_t *column = json_array_get(columns, c);
			const char *title = render_text(column, "title");

			if (!titles)
				render_cell(object, column, text);
			render_put(
			        out, titles ? title : text, render_line_width(column, title), render_is_left(column), c + 1 == n);
		}
	since_titles = (since_titles + 1) % RENDER_TITLES;
}

static void render_block(json_t *data, const json_t *block, unsigned int n, FILE *out)
{
	const char *kind = render_text(block, "kind"), *title = render_text(block, "title");
	const json_t *columns = json_object_get(block, "columns");

	data = render_at(data, render_text(block, "path"));
	if (!data || json_is_null(data))
		return;
	if (n && json_object_get(block, "title"))
		fputc('\n', out);
	if (*title)
		fprintf(out, "%s\n", title);
	if (strcmp(kind, "table") == 0)
		render_table(data, columns, out);
	else if (strcmp(kind, "pairs") == 0)
		render_pairs(data, columns, out);
	else if (strcmp(kind, "lines") == 0)
		render_lines(data, out);
}

/* ---- an answer --------------------------------------------------------------------------------------------------------------------- */
static bool render_has_line(const json_t *show)
{
	const json_t *block;
	size_t i;

	json_array_foreach(show, i, block) if (strcmp(render_text(block, "kind"), "line") == 0) return true;
	return false;
}

void cli_render(json_t *data, const json_t *show, bool stream, bool first, FILE *out)
{
	bool terminal = isatty(fileno(out)), lines = stream && !terminal && render_has_line(show);
	const json_t *block;
	size_t i;

	if (stream && terminal && render_has_line(show))
		fputs("\033[H\033[J", out);
	json_array_foreach(show, i, block)
	{
		bool is_line = strcmp(render_text(block, "kind"), "line") == 0;

		if (is_line && lines)
			render_line(render_at(data, render_text(block, "path")), json_object_get(block, "columns"), first, out);
		else if (!is_line && !lines)
			render_block(data, block, (unsigned int)i, out);
	}
	fflush(out);
}
