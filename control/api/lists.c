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

#define LISTS_MAX TP_PATTERN_LISTS /* shown; the entries of further ones are counted together */

struct lists_row {
	const char *name;
	uint64_t entries, valid;
	uint32_t group; /* of hits */
	bool covert;    /* some entry is */
};

static const struct api_column lists_columns[] = {{"list", "list", TP_UNIT_TEXT}, {"entries", "entries", TP_UNIT_COUNT},
        {"valid", "valid now", TP_UNIT_COUNT}, {"hits", "hits since it was compiled", TP_UNIT_COUNT},
        {"covert", "covert", TP_UNIT_TEXT}};

static const struct api_column lists_file_columns[] = {
        {"file", "file", TP_UNIT_TEXT}, {"name", "list where a line names none", TP_UNIT_TEXT}};

/* Most entries belong to the list of the entry before. */
static struct lists_row *lists_find(struct lists_row *rows, unsigned int *n, const char *name, unsigned int *last)
{
	unsigned int i;

	if (*n && strcmp(rows[*last].name, name) == 0)
		return &rows[*last];
	for (i = 0; i < *n && strcmp(rows[i].name, name) != 0; i++)
		;
	if (i == *n && *n < LISTS_MAX)
		rows[(*n)++] = (struct lists_row){.name = name};
	*last = i < LISTS_MAX ? i : LISTS_MAX;
	if (i >= LISTS_MAX)
		rows[LISTS_MAX].name = "(others)";
	return &rows[*last];
}

static json_t *lists_hits(const struct tp_pattern_db *db, const struct lists_row *row)
{
	return row->covert ? json_null() : api_json_count(tp_workers_pattern_hits(db, row->group));
}

static json_t *lists_rows(const struct tp_pattern_db *db)
{
	static struct lists_row rows[LISTS_MAX + 1];
	unsigned int n = 0, last = 0, entries = db ? tp_pattern_entries(db) : 0;
	int64_t now = tp_clock_us(CLOCK_REALTIME);
	json_t *list = json_array();

	memset(rows, 0, sizeof(rows));
	for (unsigned int i = 0; i < entries; i++) {
		const struct tp_pattern_entry *e = tp_pattern_entry(db, i);
		struct lists_row *row;

		if (!e->list)
			continue; /* a rule */
		row = lists_find(rows, &n, e->list, &last);
		row->entries++;
		row->group = e->group;
		row->covert |= e->covert;
		row->valid += e->valid_from_us <= now && now < e->valid_to_us;
	}
	for (unsigned int i = 0; i <= LISTS_MAX; i++)
		if (rows[i].entries)
			json_array_append_new(list,
			        json_pack("{s:o, s:o, s:o, s:o, s:b}", "list", api_json_text(rows[i].name, strlen(rows[i].name)),
			                "entries", api_json_count(rows[i].entries), "valid", api_json_count(rows[i].valid), "hits",
			                lists_hits(db, &rows[i]), "covert", (int)rows[i].covert));
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
