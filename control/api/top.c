/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * top: the sample of the admin thread, for people, as often as they want. It costs what a line of text costs, and a look over what each source received:
 * the counters are read once a second for everybody.
 */
#include <stdlib.h>
#include <string.h>

#include "devices.h"
#include "rows.h"

#define TOP_TICK_MS  100
#define TOP_DEVICES  100 /* shown at most, see tp_commands.h */
#define TOP_EARLY_MS 300 /* a look that is nearly due is taken, or every second one would be missed */

struct top_state {
	int64_t left; /* looks; -1: no end */
	int64_t interval_ms, last_ms;
	unsigned int devices;
};

/* The first TOP_FLOW of them are the flow, the others what went wrong and what is between. */
#define TOP_FLOW 7
static const struct api_column top_rates[] = {
        {"at_us", "at", TP_UNIT_TIME},
        {"received", "received/s", TP_UNIT_RATE},
        {"decoded", "decoded/s", TP_UNIT_RATE},
        {"emitted", "records/s", TP_UNIT_RATE},
        {"acknowledged", "acked/s", TP_UNIT_RATE},
        {"bytes", "octets/s", TP_UNIT_OCTETS},
        {"busy", "busiest", TP_UNIT_SHARE},
        {"malformed", "malformed/s", TP_UNIT_RATE},
        {"refused", "refused/s", TP_UNIT_RATE},
        {"dropped", "dropped/s", TP_UNIT_RATE},
        {"failed", "failed/s", TP_UNIT_RATE},
        {"missed", "missed/s", TP_UNIT_RATE},
        {"in_workers", "in workers", TP_UNIT_COUNT},
        {"in_flight", "in flight", TP_UNIT_COUNT},
};

static const struct api_column top_devices[] = {
        {"device", "device", TP_UNIT_TEXT}, {"rate", "packets/s", TP_UNIT_RATE}, {"received", "received", TP_UNIT_COUNT}};

static double top_missed(const struct tp_sample *sample)
{
	double missed = 0;

	for (unsigned int i = 0; i < sample->now.n_ports; i++)
		missed += tp_sample_rate(sample, sample->now.port[i].missed, sample->before.port[i].missed);
	return missed;
}

static double top_busiest(const struct tp_sample *sample)
{
	double busiest = 0;

	for (unsigned int w = 0; w < sample->now.n_workers; w++)
		if (tp_sample_busy(sample, w) > busiest)
			busiest = tp_sample_busy(sample, w);
	return busiest;
}

static json_t *top_totals(const struct tp_sample *sample)
{
	const struct tp_account *now = &sample->now.total, *before = &sample->before.total;
	json_t *o = json_object();

	json_object_set_new(o, "at_us", json_integer(sample->now.at_us));
#define TOP_RATE(name, member) json_object_set_new(o, name, json_real(tp_sample_rate(sample, now->member, before->member)))
	TOP_RATE("received", c[TP_C_received]);
	TOP_RATE("decoded", c[TP_C_decoded]);
	TOP_RATE("emitted", emitted_all);
	TOP_RATE("acknowledged", acknowledged);
	TOP_RATE("malformed", malformed);
	TOP_RATE("refused", refused);
	TOP_RATE("dropped", dropped);
	TOP_RATE("failed", failed_sum);
	TOP_RATE("bytes", c[TP_C_received_bytes]);
#undef TOP_RATE
	json_object_set_new(o, "missed", json_real(top_missed(sample)));
	json_object_set_new(o, "busy", json_real(top_busiest(sample)));
	json_object_set_new(o, "in_workers", json_integer(now->in_workers));
	json_object_set_new(o, "in_flight", json_integer(now->in_flight));
	return o;
}

static json_t *top_senders(const struct tp_sample *sample, unsigned int max)
{
	struct api_ranked best[TOP_DEVICES];
	struct api_ranking ranking = {.at = best, .limit = max < TOP_DEVICES ? max : TOP_DEVICES};
	unsigned int n, sources = api_view()->spec->n_sources;
	json_t *rows = json_array();

	for (unsigned int s = 0; s < sources; s++) {
		uint64_t moved = tp_sample_moved(sample, s);

		if (moved)
			api_ranking_offer(&ranking, moved, s);
	}
	n = api_ranking_end(&ranking);
	for (unsigned int i = 0; i < n; i++) {
		char name[600];

		tp_books_name(api_view()->spec, best[i].source, name, sizeof(name));
		json_array_append_new(rows, json_pack("{s:o, s:f, s:o}", "device", api_json_text(name, strlen(name)), "rate",
		                                    tp_sample_rate(sample, best[i].by, 0), "received",
		                                    api_json_count(sample->now.received[best[i].source])));
	}
	return rows;
}

static json_t *top_show(void)
{
	json_t *show = api_show();

	api_show_line(show, "rates", API_COLUMNS(top_rates));
	api_show_table(show, "rates", NULL, top_rates, TOP_FLOW);
	api_show_table(show, "rates", "", top_rates + TOP_FLOW, sizeof(top_rates) / sizeof(top_rates[0]) - TOP_FLOW);
	api_show_sink(show); /* in front: a small terminal shows no more than the first tables */
	api_show_workers(show);
	api_show_ports_rates(show);
	api_show_table(show, "devices", "devices that send most", API_COLUMNS(top_devices));
	return show;
}

static enum api_stream_next top_tick(struct api_request *r, struct api_error *error)
{
	const struct tp_sample *sample = tp_sample();
	struct top_state *state = r->state;
	json_t *data;

	(void)error;
	/* There is no rate in the first second, and nothing new before the next look of the sampler. */
	if (sample->seconds <= 0 || sample->now.at_ms - state->last_ms < state->interval_ms - TOP_EARLY_MS)
		return API_STREAM_GOES_ON;
	state->last_ms = sample->now.at_ms;

	data = json_object();
	json_object_set_new(data, "rates", top_totals(sample));
	json_object_set_new(data, "seconds", json_real(sample->seconds));
	json_object_set_new(data, "workers", api_workers_rows(sample));
	json_object_set_new(data, "ports", api_ports_rates(sample));
	json_object_set_new(data, "sink", api_sink_object());
	json_object_set_new(data, "devices", top_senders(sample, state->devices));
	api_more(r, data, r->show ? top_show() : NULL);
	if (state->left > 0)
		state->left--;
	return state->left == 0 ? API_STREAM_END : API_STREAM_GOES_ON;
}

static void top_end(struct api_request *r)
{
	free(r->state);
}

void api_top(struct api_request *r)
{
	struct top_state *state = calloc(1, sizeof(*state));

	r->state = state;
	r->end = top_end;
	if (!state) {
		api_failf(r, API_FAILED, "no memory");
		return;
	}
	state->left = api_number(r, "count") ? api_number(r, "count") : -1;
	state->devices = (unsigned int)api_number(r, "devices");
	state->interval_ms = api_number(r, "interval") * 1000;
	api_stream(r, TOP_TICK_MS, top_tick);
}
