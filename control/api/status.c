/* SPDX-License-Identifier: BSD-3-Clause */
/* status: one look at the whole. */
#include <string.h>
#include <unistd.h>

#include "api.h"
#include "tp_books.h"
#include "tp_clock.h"
#include "tp_worker.h"

static const struct api_column status_columns[] = {
        {"name", "name", TP_UNIT_TEXT},
        {"version", "version", TP_UNIT_TEXT},
        {"state", "state", TP_UNIT_TEXT},
        {"pid", "process", TP_UNIT_TEXT},
        {"started_us", "started", TP_UNIT_TIME},
        {"uptime_s", "up for", TP_UNIT_SECONDS},
        {"configuration", "configuration", TP_UNIT_TEXT},
        {"configured_us", "read", TP_UNIT_TIME},
        {"workers", "workers", TP_UNIT_COUNT},
        {"ports", "ports", TP_UNIT_COUNT},
        {"listeners", "listeners", TP_UNIT_COUNT},
        {"devices", "devices", TP_UNIT_COUNT},
        {"sink", "sink", TP_UNIT_TEXT},
        {"reachable", "sink is reachable", TP_UNIT_TEXT},
        {"sink_error", "sink's last error", TP_UNIT_TEXT},
        {"sink_error_us", "it was", TP_UNIT_TIME},
        {"sink_busy", "sink is full", TP_UNIT_TEXT},
        {"outstanding", "records at the sink", TP_UNIT_COUNT},
        {"control_silent_s", "control's last turn", TP_UNIT_SECONDS},
        {"received", "received", TP_UNIT_COUNT},
        {"acknowledged", "acknowledged", TP_UNIT_COUNT},
        {"not_delivered", "not delivered", TP_UNIT_COUNT},
        {"plausible", "books are plausible", TP_UNIT_TEXT},
};

static unsigned int status_listeners(const struct tp_plan_spec *spec)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < spec->n_listeners; i++)
		n += spec->listeners[i].port != 0; /* 0: a route of an MQTT listener */
	for (unsigned int i = 0; i < spec->n_mqtt_listeners; i++)
		n += !spec->mqtt_listeners[i].retired;
	return n;
}

static json_t *status_books(const struct tp_view *view, json_t *data)
{
	struct tp_account total;

	tp_books_sum(&total, view->spec->n_sources);
	json_object_set_new(data, "received", api_json_count(total.c[TP_C_received]));
	json_object_set_new(data, "acknowledged", api_json_count(total.acknowledged));
	json_object_set_new(data, "not_delivered", api_json_count(total.failed_sum));
	json_object_set_new(data, "plausible", json_boolean(total.in_workers >= 0 && total.in_flight >= 0));
	return data;
}

void api_status(struct api_request *r)
{
	const struct tp_view *view = api_view();
	int64_t now_us = tp_clock_us(CLOCK_REALTIME), now_ms = tp_clock_ms(CLOCK_MONOTONIC);
	json_t *show = api_show(), *data;
	struct tp_pulse pulse;

	tp_pulse_get(&pulse);
	data = json_pack("{s:s, s:s, s:s, s:i, s:I, s:f, s:s, s:I, s:i, s:i, s:i, s:i, s:s, s:b, s:o, s:f}", "name",
	        view->conf->name, "version", TP_VERSION, "state", tp_life_names[pulse.life], "pid", (int)getpid(), "started_us",
	        (json_int_t)view->started_us, "uptime_s", (double)(now_us - view->started_us) / 1e6, "configuration",
	        view->conf->path, "configured_us", (json_int_t)view->configured_us, "workers", (int)tp_workers_count(), "ports",
	        (int)view->conf->dataplane.n_ports, "listeners", (int)status_listeners(view->spec), "devices", (int)view->devices,
	        "sink", view->conf->sink, "sink_busy", (int)pulse.sink_busy, "outstanding", api_json_count(pulse.outstanding),
	        "control_silent_s", (double)(now_ms - pulse.at_ms) / 1e3);
	json_object_set_new(data, "reachable", pulse.sink.reachable < 0 ? json_null() : json_boolean(pulse.sink.reachable));
	if (pulse.sink.error_at_us) {
		json_object_set_new(data, "sink_error", api_json_text(pulse.sink.error, strlen(pulse.sink.error)));
		json_object_set_new(data, "sink_error_us", json_integer(pulse.sink.error_at_us));
	}
	status_books(view, data);
	api_show_pairs(show, "", NULL, API_COLUMNS(status_columns));
	api_answer(r, data, show);
}
