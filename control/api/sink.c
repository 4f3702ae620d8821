/* SPDX-License-Identifier: BSD-3-Clause */
/* The sink as control last saw it. */
#include <string.h>

#include "rows.h"

static const struct api_column sink_columns[] = {
        {"sink", "sink", TP_UNIT_TEXT},
        {"reachable", "reachable", TP_UNIT_TEXT},
        {"brokers", "brokers", TP_UNIT_COUNT},
        {"brokers_up", "connected", TP_UNIT_COUNT},
        {"rtt_s", "round trip", TP_UNIT_SECONDS},
        {"outstanding", "records at the sink", TP_UNIT_COUNT},
        {"busy", "takes no more", TP_UNIT_TEXT},
        {"error_at_us", "last error at", TP_UNIT_TIME},
        {"error", "what it was", TP_UNIT_TEXT},
};

json_t *api_sink_object(void)
{
	json_t *sink = json_object();
	struct tp_pulse pulse;

	tp_pulse_get(&pulse);
	json_object_set_new(sink, "sink", json_string(api_view()->conf->sink));
	json_object_set_new(sink, "reachable", pulse.sink.reachable < 0 ? json_null() : json_boolean(pulse.sink.reachable));
	json_object_set_new(sink, "outstanding", api_json_count(pulse.outstanding));
	json_object_set_new(sink, "busy", json_boolean(pulse.sink_busy));
	if (pulse.sink.brokers > 0) {
		json_object_set_new(sink, "brokers", json_integer(pulse.sink.brokers));
		json_object_set_new(sink, "brokers_up", json_integer(pulse.sink.brokers_up));
		json_object_set_new(sink, "rtt_s", pulse.sink.rtt_us ? json_real(pulse.sink.rtt_us / 1e6) : json_null());
		json_object_set_new(sink, "queued", api_json_count(pulse.sink.queued));
		if (!api_view()->covert)
			json_object_set_new(sink, "sent_bytes", api_json_count(pulse.sink.sent_bytes));
	}
	if (pulse.sink.error_at_us) {
		json_object_set_new(sink, "error", api_json_text(pulse.sink.error, strlen(pulse.sink.error)));
		json_object_set_new(sink, "error_at_us", json_integer(pulse.sink.error_at_us));
	}
	return sink;
}

void api_show_sink(json_t *show)
{
	api_show_table(show, "sink", "sink", API_COLUMNS(sink_columns));
}
