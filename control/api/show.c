/* SPDX-License-Identifier: BSD-3-Clause */
/* Presentation travels with the answer, so that turnpikectl can show the answers of commands it knows nothing of. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api.h"

json_t *api_show(void)
{
	return json_array();
}

static json_t *show_columns(const struct api_column *columns, unsigned int n)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < n; i++)
		json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "key", columns[i].key, "title", columns[i].title, "unit",
		                                    tp_unit_words[columns[i].unit]));
	return list;
}

static void show_block(
        json_t *show, const char *kind, const char *path, const char *title, const struct api_column *columns, unsigned int n)
{
	json_array_append_new(show, json_pack("{s:s, s:s, s:s*, s:o}", "kind", kind, "path", path, "title", title, "columns",
	                                    show_columns(columns, n)));
}

void api_show_table(json_t *show, const char *path, const char *title, const struct api_column *columns, unsigned int n)
{
	show_block(show, "table", path, title, columns, n);
}

void api_show_pairs(json_t *show, const char *path, const char *title, const struct api_column *columns, unsigned int n)
{
	show_block(show, "pairs", path, title, columns, n);
}

void api_show_octets(json_t *show, const char *path, const char *to)
{
	show_block(show, "octets", path, NULL, NULL, 0);
	json_object_set_new(json_array_get(show, json_array_size(show) - 1), "to", json_string(to));
}

void api_show_lines(json_t *show, const char *path, const char *title)
{
	show_block(show, "lines", path, title, NULL, 0);
}

void api_show_line(json_t *show, const char *path, const struct api_column *columns, unsigned int n)
{
	show_block(show, "line", path, NULL, columns, n);
}

json_t *api_json_text(const char *text, size_t n)
{
	json_t *json = json_stringn(text, n);
	char *clean;

	if (json)
		return json;
	clean = strndup(text, n);
	for (char *c = clean; c && *c; c++)
		if ((unsigned char)*c >= 0x80)
			*c = '?';
	json = json_string(clean ? clean : "?");
	free(clean);
	return json;
}

json_t *api_json_slice(struct tp_slice text)
{
	return text.p && text.n ? api_json_text((const char *)text.p, text.n) : json_null();
}

json_t *api_json_count(uint64_t count)
{
	return json_integer(count > INT64_MAX ? INT64_MAX : (json_int_t)count);
}
