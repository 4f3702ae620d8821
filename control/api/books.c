/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * books: the total and the busiest devices. Only what is received is read of every device; the lines of those that are shown are read whole. The lines
 * move while they are read, so those of devices need not add up to the total to the last packet.
 */
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "devices.h"
#include "tp_books.h"
#include "tp_worker.h"

static const struct api_column books_columns[] = {
        {"device", "device", TP_UNIT_TEXT},
        {"received", "received", TP_UNIT_COUNT},
        {"extra", "extra", TP_UNIT_COUNT},
        {"decoded", "decoded", TP_UNIT_COUNT},
        {"malformed", "malformed", TP_UNIT_COUNT},
        {"refused", "refused", TP_UNIT_COUNT},
        {"dropped", "dropped", TP_UNIT_COUNT},
        {"answered", "answered", TP_UNIT_COUNT},
        {"suppressed", "suppressed", TP_UNIT_COUNT},
        {"emitted", "emitted", TP_UNIT_COUNT},
        {"acknowledged", "acked", TP_UNIT_COUNT},
        {"failed", "failed", TP_UNIT_COUNT},
        {"in_workers", "in workers", TP_UNIT_COUNT},
        {"in_flight", "in flight", TP_UNIT_COUNT},
};

static json_t *books_account(const char *name, const struct tp_account *a)
{
	json_t *row = json_object();

	json_object_set_new(row, "device", api_json_text(name, strlen(name)));
	json_object_set_new(row, "received", api_json_count(a->c[TP_C_received]));
	json_object_set_new(row, "extra", api_json_count(a->c[TP_C_extra]));
	json_object_set_new(row, "decoded", api_json_count(a->c[TP_C_decoded]));
	json_object_set_new(row, "malformed", api_json_count(a->malformed));
	json_object_set_new(row, "refused", api_json_count(a->refused));
	json_object_set_new(row, "dropped", api_json_count(a->dropped));
	json_object_set_new(row, "answered", api_json_count(a->answered));
	json_object_set_new(row, "suppressed", api_json_count(a->c[TP_C_suppressed]));
	json_object_set_new(row, "emitted", api_json_count(a->emitted_all));
	json_object_set_new(row, "acknowledged", api_json_count(a->acknowledged));
	json_object_set_new(row, "failed", api_json_count(a->failed_sum));
	json_object_set_new(row, "spooled", api_json_count(a->spooled));
	json_object_set_new(row, "in_workers", json_integer(a->in_workers));
	json_object_set_new(row, "in_flight", json_integer(a->in_flight));
	return row;
}

static void books_reasons(json_t *data, const struct tp_account *total)
{
	json_t *reasons = json_array();

	for (unsigned int i = 0; i < TP_COUNTER_COUNT; i++)
		if (total->c[i] && tp_counter_descs[i].class != TP_CLASS_FLOW)
			json_array_append_new(reasons, json_pack("{s:s, s:o, s:s}", "reason", tp_counter_descs[i].name, "count",
			                                       api_json_count(total->c[i]), "help", tp_counter_descs[i].help));
	for (unsigned int i = 0; i < TP_FAILURE_COUNT; i++)
		if (total->failed[i])
			json_array_append_new(reasons, json_pack("{s:s, s:o, s:s}", "reason", tp_failure_names[i], "count",
			                                       api_json_count(total->failed[i]), "help", tp_failure_helps[i]));
	json_object_set_new(data, "reasons", reasons);
}

/* In the order of what the rows say: lines move between the look that found the busiest and the one that is shown. */
static void books_place(json_t *rows, json_t *row)
{
	json_int_t received = json_integer_value(json_object_get(row, "received"));
	size_t at = json_array_size(rows);

	while (at && json_integer_value(json_object_get(json_array_get(rows, at - 1), "received")) < received)
		at--;
	json_array_insert_new(rows, at, row);
}

static const struct api_column books_reason_columns[] = {
        {"reason", "reason", TP_UNIT_TEXT}, {"count", "count", TP_UNIT_COUNT}, {"help", "what it counts", TP_UNIT_TEXT}};

void api_books(struct api_request *r)
{
	const struct tp_plan_spec *spec = api_view()->spec;
	unsigned int limit = (unsigned int)api_number(r, "limit"), n;
	struct api_ranked *busiest = calloc(limit + 1, sizeof(*busiest));
	json_t *data = json_object(), *rows = json_array(), *show = api_show();
	struct tp_account account;

	tp_books_sum(&account, spec->n_sources);
	json_object_set_new(data, "total", books_account("total", &account));
	books_reasons(data, &account);
	n = busiest ? api_busiest(spec, api_text(r, "device"), busiest, limit) : 0;
	for (unsigned int i = 0; i < n; i++) {
		char name[600];

		tp_books_line(&account, busiest[i].source);
		books_place(rows, books_account(tp_books_name(spec, busiest[i].source, name, sizeof(name)), &account));
	}
	free(busiest);
	json_object_set_new(data, "devices", rows);
	api_show_pairs(show, "total", "total", books_columns + 1, sizeof(books_columns) / sizeof(books_columns[0]) - 1);
	api_show_table(show, "reasons", "what did not become a record, by reason", API_COLUMNS(books_reason_columns));
	api_show_table(show, "devices", "the busiest devices", API_COLUMNS(books_columns));
	api_answer(r, data, show);
}
