/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * devices: one line each: what it sends now, what it has sent and what was refused of it, when it was heard, its gaps and its clock. Of all devices only
 * what they are put in order by is looked at; the books of those that are shown are read whole, so the cost is bounded by `limit`.
 */
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "tp_books.h"
#include "tp_clock.h"
#include "tp_sample.h"
#include "tp_worker.h"

#define DEVICES_LEFT_OUT "left out of the configuration"

/* The last two only where there is something in them. */
static const struct api_column devices_columns[] = {
        {"device", "device", TP_UNIT_TEXT},
        {"site", "site", TP_UNIT_TEXT},
        {"lane", "lane", TP_UNIT_TEXT},
        {"rate", "packets/s", TP_UNIT_RATE},
        {"received", "received", TP_UNIT_COUNT},
        {"acknowledged", "acked", TP_UNIT_COUNT},
        {"bad", "malformed, refused, dropped", TP_UNIT_COUNT},
        {"worst", "mostly for", TP_UNIT_TEXT},
        {"last_seen_us", "last seen", TP_UNIT_TIME},
        {"silent_s", "silent for", TP_UNIT_SECONDS},
        {"longest_gap_s", "longest gap", TP_UNIT_SECONDS},
        {"clock_skew_s", "clock ahead", TP_UNIT_SECONDS},
        {"clock_skew_least_s", "least", TP_UNIT_SECONDS},
        {"clock_skew_greatest_s", "greatest", TP_UNIT_SECONDS},
        {"listener", "of listener", TP_UNIT_TEXT}, /* that they are the unknown senders of */
        {"note", "note", TP_UNIT_TEXT},
};

#define DEVICES_COLUMNS (sizeof(devices_columns) / sizeof(devices_columns[0]))

/* What the devices are put in order by. */
struct devices_one {
	unsigned int source;
	uint64_t key;
};

static const struct tp_plan_spec *devices_spec; /* for the order by name */

static int devices_by_key(const void *a, const void *b)
{
	const struct devices_one *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? 1 : -1;
	return x->source < y->source ? -1 : 1;
}

static int devices_by_name(const void *a, const void *b)
{
	unsigned int i = ((const struct devices_one *)a)->source, k = ((const struct devices_one *)b)->source;
	const struct tp_slice *x = &devices_spec->sources[i].device, *y = &devices_spec->sources[k].device;
	int order = memcmp(x->p, y->p, x->n < y->n ? x->n : y->n);

	if (order == 0 && x->n != y->n)
		order = x->n < y->n ? -1 : 1;
	return order ? order : i < k ? -1 : 1;
}

static bool devices_is(const struct api_request *r, const char *by)
{
	return strcmp(api_text(r, "by"), by) == 0;
}

/* The greatest stands first: of silence, that is who was heard longest ago, and who was never heard is last. */
static uint64_t devices_key(const struct api_request *r, unsigned int source)
{
	struct tp_seen seen;

	if (api_flag(r, "silent")) {
		tp_book_seen(source, &seen);
		return seen.last_us ? UINT64_MAX - (uint64_t)seen.last_us : 0;
	}
	return devices_is(r, "rate") ? tp_sample_moved(tp_sample(), source) : tp_book_sum(source, TP_C_received);
}

/* Who was left out of the configuration keeps a line, but nobody waits for it to speak. */
static bool devices_fits(const struct api_request *r, const struct tp_source *s, const char *part)
{
	if (!s->device.p || (s->retired && api_flag(r, "silent")))
		return false;
	return !part || memmem(s->device.p, s->device.n, part, strlen(part));
}

/* Those that fit, in order. NULL: no memory. */
static struct devices_one *devices_list(const struct api_request *r, unsigned int *n)
{
	const struct tp_plan_spec *spec = api_view()->spec;
	const char *part = api_text(r, "device");
	struct devices_one *list = calloc(spec->n_sources, sizeof(*list));

	*n = 0;
	for (unsigned int s = 1; list && s < spec->n_sources; s++)
		if (devices_fits(r, &spec->sources[s], part))
			list[(*n)++] = (struct devices_one){.source = s, .key = devices_key(r, s)};
	devices_spec = spec;
	if (*n)
		qsort(list, *n, sizeof(*list), devices_is(r, "name") && !api_flag(r, "silent") ? devices_by_name : devices_by_key);
	return list;
}

/* The name of the counter that most of its packets ended under, of those that did not become a record. */
static json_t *devices_worst(const struct tp_account *a)
{
	unsigned int worst = TP_COUNTER_COUNT;

	for (unsigned int i = 0; i < TP_COUNTER_COUNT; i++)
		if (tp_counter_descs[i].class != TP_CLASS_FLOW && tp_counter_descs[i].class != TP_CLASS_ANSWERED && a->c[i] &&
		        (worst == TP_COUNTER_COUNT || a->c[i] > a->c[worst]))
			worst = i;
	return worst < TP_COUNTER_COUNT ? json_string(tp_counter_descs[worst].name) : json_null();
}

static void devices_seconds(json_t *row, const char *key, int64_t us)
{
	json_object_set_new(row, key, json_real((double)us / 1e6));
}

static void devices_seen(json_t *row, const struct tp_seen *seen, int64_t now_us)
{
	if (seen->last_us == 0)
		return;
	json_object_set_new(row, "first_seen_us", json_integer(seen->first_us));
	json_object_set_new(row, "last_seen_us", json_integer(seen->last_us));
	devices_seconds(row, "silent_s", now_us > seen->last_us ? now_us - seen->last_us : 0);
	devices_seconds(row, "last_gap_s", seen->gap_us);
	devices_seconds(row, "longest_gap_s", seen->longest_us);
	if (seen->longest_at_us)
		json_object_set_new(row, "longest_gap_ended_us", json_integer(seen->longest_at_us));
	if (seen->skew_width == 0)
		return;
	devices_seconds(row, "clock_skew_s", seen->skew_us);
	devices_seconds(row, "clock_skew_least_s", seen->skew_least_us);
	devices_seconds(row, "clock_skew_greatest_s", seen->skew_least_us + (int64_t)seen->skew_width - 1);
}

static void devices_account(json_t *row, const struct tp_account *a)
{
	json_object_set_new(row, "received", api_json_count(a->c[TP_C_received]));
	json_object_set_new(row, "received_bytes", api_json_count(a->c[TP_C_received_bytes]));
	json_object_set_new(row, "emitted", api_json_count(a->c[TP_C_emitted]));
	json_object_set_new(row, "alerts", api_json_count(a->c[TP_C_alerts]));
	json_object_set_new(row, "acknowledged", api_json_count(a->acknowledged));
	json_object_set_new(row, "failed", api_json_count(a->failed_sum));
	json_object_set_new(row, "malformed", api_json_count(a->malformed));
	json_object_set_new(row, "refused", api_json_count(a->refused));
	json_object_set_new(row, "dropped", api_json_count(a->dropped));
	json_object_set_new(row, "bad", api_json_count(a->malformed + a->refused + a->dropped));
	json_object_set_new(row, "worst", devices_worst(a));
}

static json_t *devices_row(unsigned int source, int64_t now_us)
{
	const struct tp_source *s = &api_view()->spec->sources[source];
	const struct tp_sample *sample = tp_sample();
	json_t *row = json_object();
	struct tp_account a;

	tp_books_line(&a, source);
	json_object_set_new(row, "device", api_json_slice(s->device));
	json_object_set_new(row, "site", api_json_slice(s->site));
	json_object_set_new(row, "lane", api_json_slice(s->lane));
	json_object_set_new(row, "rate", json_real(tp_sample_rate(sample, tp_sample_moved(sample, source), 0)));
	devices_account(row, &a);
	devices_seen(row, &a.seen, now_us);
	if (s->of)
		json_object_set_new(row, "listener", api_json_text(s->of, strlen(s->of)));
	if (s->retired)
		json_object_set_new(row, "note", json_string(DEVICES_LEFT_OUT));
	return row;
}

/* How many columns are shown when this one is, too. */
static unsigned int devices_wider(unsigned int columns, const struct tp_source *s)
{
	unsigned int of_this = s->retired ? DEVICES_COLUMNS : s->of ? DEVICES_COLUMNS - 1 : 0;

	return of_this > columns ? of_this : columns;
}

void api_devices(struct api_request *r)
{
	unsigned int n, skip = (unsigned int)api_number(r, "skip"), limit = (unsigned int)api_number(r, "limit");
	unsigned int columns = DEVICES_COLUMNS - 2;
	struct devices_one *list = devices_list(r, &n);
	int64_t now_us = tp_clock_us(CLOCK_REALTIME);
	json_t *rows, *show;

	if (!list) {
		api_failf(r, API_FAILED, "no memory for %u devices", api_view()->spec->n_sources);
		return;
	}
	rows = json_array();
	show = api_show();
	for (unsigned int i = skip; i < n && i - skip < limit; i++) {
		json_array_append_new(rows, devices_row(list[i].source, now_us));
		columns = devices_wider(columns, &api_view()->spec->sources[list[i].source]);
	}
	free(list);
	api_show_table(show, "devices", NULL, devices_columns, columns);
	api_answer(r, json_pack("{s:I, s:i, s:o}", "at_us", (json_int_t)now_us, "fit", (int)n, "devices", rows), show);
}
