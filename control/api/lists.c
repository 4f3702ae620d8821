/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lists: how many entries each list has, how many of them hold now, and how often one was seen. Entries name their list themselves, a file may hold several; so they are
 * counted by name. What stands on a list is nobody's business here, nor
 * whether one was hit that has a covert entry.
 */
#include <string.h>

#include "api.h"
#include "tp_clock.h"
#include "tp_pattern.h"
#include "tp_worker.h"

static const struct api_column lists_columns[] = {{"list", "list", TP_UNIT_TEXT}, {"entries", "entries", TP_UNIT_COUNT},
        {"valid", "valid now", TP_UNIT_COUNT}, {"hits", "hits since it was compiled", TP_UNIT_COUNT},
        {"covert", "covert", TP_UNIT_TEXT}};

static const struct api_column lists_file_columns[] = {
        {"file", "file", TP_UNIT_TEXT}, {"name", "list where a line names none", TP_UNIT_TEXT}};

static json_t *lists_hits(const struct tp_pattern_db *db, const struct tp_pattern_list *row)
{
	return row->covert ? json_null() : api_json_count(tp_workers_pattern_hits(db, row->group));
}

static json_t *lists_row(const struct tp_pattern_db *db, const struct tp_pattern_list *row)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:b}", "list", api_json_text(row->name, strlen(row->name)), "entries",
	        api_json_count(row->entries), "valid", api_json_count(row->valid), "hits", lists_hits(db, row), "covert",
	        (int)row->covert);
}

/* In the order of the file, further ones at the end. */
static json_t *lists_rows(const struct tp_pattern_db *db)
{
	static struct tp_pattern_list rows[TP_PATTERN_LISTS + 1];
	json_t *list = json_array();

	if (!db)
		return list;
	tp_pattern_lists(db, tp_clock_us(CLOCK_REALTIME), rows);
	for (unsigned int i = 1; i <= TP_PATTERN_LISTS + 1; i++) {
		const struct tp_pattern_list *row = &rows[i % (TP_PATTERN_LISTS + 1)];

		if (row->entries)
			json_array_append_new(list, lists_row(db, row));
	}
	return list;
}

static json_t *lists_files(const struct tp_pattern_spec *spec)
{
	json_t *list = json_array();

	for (unsigned int i = 0; spec && i < spec->n_lists; i++)
		json_array_append_new(list,
		        json_pack("{s:o, s:o}", "file", api_json_text(spec->lists[i].path, strlen(spec->lists[i].path)), "name",
		                spec->lists[i].name ? api_json_text(spec->lists[i].name, strlen(spec->lists[i].name))
		                                    : json_null()));
	return list;
}

void api_lists(struct api_request *r)
{
	const struct tp_view *view = api_view();
	json_t *show = api_show(), *data = json_pack("{s:o, s:o, s:o}", "lists", lists_rows(view->spec->patterns), "files",
	                                   lists_files(view->conf->patterns), "memory_bytes",
	                                   api_json_count(view->spec->patterns ? tp_pattern_memory(view->spec->patterns) : 0));

	api_show_table(show, "lists", NULL, API_COLUMNS(lists_columns));
	api_show_table(show, "files", "files", API_COLUMNS(lists_file_columns));
	api_answer(r, data, show);
}
