/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Answers for people, by the blocks that travel with them: tables, pairs of name and value, lines. A terminal that follows a stream shows one answer
 * in the place of the one before; into a pipe only the blocks of kind "line" go, one line each with the titles in front now and then.
 *
 * On a terminal a table that is wider comes in parts below one another, each with the columns that tell its rows apart; and a screen that is followed ends where the terminal does.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli.h"

#define RENDER_CELL   256
#define RENDER_TITLES 24 /* lines of a stream between titles */
#define RENDER_KEYS   3  /* columns in front of each part of a table at most */

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

/* Of a table in parts: what stands in front of each. widths: of the columns; limit: 0 where there is none. */
struct render_parts {
	const unsigned int *widths;
	size_t n, keys;
	unsigned int limit;
};

/* Whether no two rows are the same in the first `keys` columns. */
static bool render_tells_apart(const json_t *rows, const json_t *columns, size_t keys)
{
	json_t *seen = json_object();
	char text[RENDER_CELL], all[4 * RENDER_CELL];
	size_t r, used;

	for (r = 0; r < json_array_size(rows); r++) {
		used = 0;
		for (size_t c = 0; c < keys; c++) {
			render_cell(json_array_get(rows, r), json_array_get(columns, c), text);
			used += (size_t)snprintf(all + used, sizeof(all) - used, "%s\n", text);
		}
		if (json_object_get(seen, all) || json_object_set_new(seen, all, json_true()) != 0)
			break;
	}
	json_decref(seen);
	return r == json_array_size(rows);
}

/* As few columns as tell the rows apart, at most RENDER_KEYS and half of the terminal; else one. */
static size_t render_keys(const json_t *rows, const json_t *columns, const struct render_parts *p)
{
	unsigned int used = 0;

	for (size_t keys = 1; keys <= RENDER_KEYS && keys < p->n; keys++) {
		used += p->widths[keys - 1] + 2;
		if (used > p->limit / 2)
			break;
		if (render_tells_apart(rows, columns, keys))
			return keys;
	}
	return 1;
}

/* Columns from `from` on that fit behind the keys; at least one. */
static size_t render_part_end(const struct render_parts *p, size_t from)
{
	unsigned int used = 0;
	size_t to;

	for (size_t c = 0; from && c < p->keys; c++)
		used += p->widths[c] + 2;
	for (to = from; to < p->n; to++) {
		used += p->widths[to] + (to > from ? 2 : 0);
		if (p->limit && used > p->limit && to > from)
			break;
	}
	return to;
}

/* row: NULL for the titles. */
static void render_row(const json_t *row, const json_t *columns, const struct render_parts *p, size_t from, size_t to, FILE *out)
{
	char text[RENDER_CELL];

	for (size_t c = 0; c < to; c = from && c + 1 == p->keys ? from : c + 1) {
		const json_t *column = json_array_get(columns, c);

		if (row)
			render_cell(row, column, text);
		render_put(out, row ? text : render_text(column, "title"), p->widths[c], render_is_left(column), c + 1 == to);
	}
}

static void render_rows(const json_t *rows, const json_t *columns, struct render_parts *p, FILE *out)
{
	p->keys = p->limit ? render_keys(rows, columns, p) : 1;
	for (size_t from = 0, to; from < p->n; from = to) {
		to = render_part_end(p, from);
		if (from && json_array_size(rows) > 1)
			fputc('\n', out);
		render_row(NULL, columns, p, from, to, out);
		for (size_t r = 0; r < json_array_size(rows); r++)
			render_row(json_array_get(rows, r), columns, p, from, to, out);
	}
}

/* An object is a table of one row. */
static void render_table(json_t *rows, const json_t *columns, unsigned int limit, FILE *out)
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
		render_rows(rows, columns, &(struct render_parts){.widths = widths, .n = n, .limit = limit}, out);
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

static void render_block(json_t *data, const json_t *block, unsigned int n, unsigned int limit, FILE *out)
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
		render_table(data, columns, limit, out);
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

/* Columns and lines of the terminal; 0: there is none. */
static struct winsize render_terminal(FILE *out)
{
	struct winsize size = {0};

	if (!isatty(fileno(out)) || ioctl(fileno(out), TIOCGWINSZ, &size) != 0)
		size = (struct winsize){0};
	return size;
}

static unsigned int render_lines_taken(const char *line, size_t n, unsigned int columns)
{
	char text[1024];

	snprintf(text, sizeof(text), "%.*s", (int)n, line);
	return columns && cli_width(text) > columns ? (cli_width(text) + columns - 1) / columns : 1;
}

/* The screen anew; what it has no room for is said in its last line, so that nothing scrolls away above. */
static void render_screen(const char *text, struct winsize size, FILE *out)
{
	unsigned int left = size.ws_row > 2 ? size.ws_row - 2U : 0, more = 0;

	fputs("\033[H\033[J", out);
	for (const char *line = text, *end; *line; line = end + 1) {
		unsigned int taken;

		end = line + strcspn(line, "\n");
		taken = render_lines_taken(line, (size_t)(end - line), size.ws_col);
		if (more || (size.ws_row && taken > left))
			more++;
		else
			fprintf(out, "%.*s\n", (int)(end - line), line);
		left -= more ? 0 : taken;
	}
	if (more)
		fprintf(out, "(%u lines more, for which the terminal is too small)\n", more);
}

static void render_blocks(json_t *data, const json_t *show, bool lines, bool first, unsigned int limit, FILE *out)
{
	const json_t *block;
	size_t i;

	json_array_foreach(show, i, block)
	{
		bool is_line = strcmp(render_text(block, "kind"), "line") == 0;

		if (is_line && lines)
			render_line(render_at(data, render_text(block, "path")), json_object_get(block, "columns"), first, out);
		else if (!is_line && !lines)
			render_block(data, block, (unsigned int)i, limit, out);
	}
}

void cli_render(json_t *data, const json_t *show, bool stream, bool first, FILE *out)
{
	bool terminal = isatty(fileno(out)), lines = stream && render_has_line(show);
	struct winsize size = render_terminal(out);
	char *text = NULL;
	size_t n;
	FILE *screen = terminal && lines ? open_memstream(&text, &n) : NULL;

	if (screen) {
		render_blocks(data, show, false, first, size.ws_col, screen);
		fclose(screen);
		render_screen(text, size, out);
		free(text);
	} else {
		render_blocks(data, show, lines && !terminal, first, size.ws_col, out);
	}
	fflush(out);
}
