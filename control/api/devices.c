/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * devices: when each was heard, how long it has been silent, its gaps and its clock, and what was refused of it. The busiest first, or those that are
 * silent longest; those that never were heard come last.
 */
#include "devices.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api.h"
#include "tp_books.h"
#include "tp_worker.h"

static const struct api_column devices_columns[] = {
        {"device", "device", TP_UNIT_TEXT},
        {"site", "site", TP_UNIT_TEXT},
        {"received", "received", TP_UNIT_COUNT},
        {"acknowledged", "acked", TP_UNIT_COUNT},
        {"bad", "malformed, refused, dropped", TP_UNIT_COUNT},
        {"last_seen_us", "last seen", TP_UNIT_TIME},
        {"silent_s", "silent for", TP_UNIT_SECONDS},
        {"last_gap_s", "last gap", TP_UNIT_SECONDS},
        {"longest_gap_s", "longest gap", TP_UNIT_SECONDS},
        {"clock_skew_s", "clock ahead", TP_UNIT_SECONDS},
        {"clock_skew_least_s", "least", TP_UNIT_SECONDS},
        {"clock_skew_greatest_s", "greatest", TP_UNIT_SECONDS},
};

static int64_t devices_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
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

static json_t *devices_row(const struct tp_plan_spec *spec, unsigned int source, int64_t now_us)
{
	const struct tp_source *s = &spec->sources[source];
	json_t *row = json_object();
	struct tp_account a;

	tp_books_line(&a, source);
	json_object_set_new(row, "device", api_json_text((const char *)s->device.p, s->device.n));
	json_object_set_new(row, "site", api_json_text((const char *)s->site.p, s->site.n));
	if (s->lane.p)
		json_object_set_new(row, "lane", api_json_text((const char *)s->lane.p, s->lane.n));
	json_object_set_new(row, "received", api_json_count(a.c[TP_C_received]));
	json_object_set_new(row, "acknowledged", api_json_count(a.acknowledged));
	json_object_set_new(row, "malformed", api_json_count(a.malformed));
	json_object_set_new(row, "refused", api_json_count(a.refused));
	json_object_set_new(row, "dropped", api_json_count(a.dropped));
	json_object_set_new(row, "bad", api_json_count(a.malformed + a.refused + a.dropped));
	devices_seen(row, &a.seen, now_us);
	return row;
}

/* Those that were never heard, too, as far as the limit goes. */
static void devices_silent(const struct tp_plan_spec *spec, const char *part, json_t *rows, size_t limit, int64_t now_us)
{
	for (unsigned int s = 1; s < spec->n_sources && json_array_size(rows) < limit; s++) {
		const struct tp_source *source = &spec->sources[s];

		if (tp_book_sum(s, TP_C_received) || (part && !memmem(source->device.p, source->device.n, part, strlen(part))))
			continue;
		json_array_append_new(rows, devices_row(spec, s, now_us));
	}
}

static int devices_by_silence(const void *a, const void *b)
{
	const struct api_ranked *one = a, *other = b;

	return (one->received > other->received) - (one->received < other->received);
}

/* In the order of their last packet, the oldest first. */
static void devices_sort(struct api_ranked *ranked, unsigned int n)
{
	struct tp_seen seen;

	for (unsigned int i = 0; i < n; i++) {
		tp_book_seen(ranked[i].source, &seen);
		ranked[i].received = (uint64_t)seen.last_us;
	}
	qsort(ranked, n, sizeof(*ranked), devices_by_silence);
}

void api_devices(struct api_request *r)
{
	const struct tp_plan_spec *spec = api_view()->spec;
	const char *part = api_text(r, "device");
	unsigned int limit = (unsigned int)api_number(r, "limit"), all = spec->n_sources, n;
	bool silent = api_flag(r, "silent");
	struct api_ranked *ranked = calloc((silent ? all : limit) + 1, sizeof(*ranked));
	json_t *rows = json_array(), *show = api_show();
	int64_t now_us = devices_now_us();

	n = ranked ? api_busiest(spec, part, ranked, silent ? all : limit) : 0;
	if (silent)
		devices_sort(ranked, n);
	for (unsigned int i = 0; i < n && i < limit; i++)
		if (ranked[i].source)
			json_array_append_new(rows, devices_row(spec, ranked[i].source, now_us));
	devices_silent(spec, part, rows, limit, now_us);
	free(ranked);
	api_show_table(show, "devices", NULL, API_COLUMNS(devices_columns));
	api_answer(r, json_pack("{s:I, s:o}", "at_us", (json_int_t)now_us, "devices", rows), show);
}
