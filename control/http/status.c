/* SPDX-License-Identifier: BSD-3-Clause */
/* /api/status: all that the page shows, of one look. It is made once a sample, however many pages are open. */
#include <string.h>
#include <time.h>

#include "http.h"
#include "tp_conf.h"
#include "tp_sample.h"
#include "tp_view.h"

static json_t *status_count(uint64_t count)
{
	return json_integer(count > INT64_MAX ? INT64_MAX : (json_int_t)count);
}

/* Names come from a file that was checked to be UTF-8; what is not becomes empty. */
static json_t *status_text(const char *text)
{
	json_t *json = text ? json_string(text) : NULL;

	return json ? json : json_string("");
}

/* ---- the books ------------------------------------------------------------------------------------------------------------------- */
#define STATUS_ACCOUNT(X)                                                                                                          \
	X(received, c[TP_C_received])                                                                                              \
	X(extra, c[TP_C_extra])                                                                                                    \
	X(decoded, c[TP_C_decoded])                                                                                                \
	X(malformed, malformed)                                                                                                    \
	X(refused, refused)                                                                                                        \
	X(dropped, dropped)                                                                                                        \
	X(answered, answered)                                                                                                      \
	X(emitted, c[TP_C_emitted])                                                                                                \
	X(acknowledged, acknowledged)                                                                                              \
	X(failed, failed_sum)                                                                                                      \
	X(spooled, spooled)

static json_t *status_books(const struct tp_sample *s)
{
	const struct tp_account *now = &s->now.total, *before = &s->before.total;
	json_t *list = json_array();

#define STATUS_LINE(name, field)                                                                                                   \
	json_array_append_new(list, json_pack("{s:s, s:o, s:f}", "name", #name, "count", status_count(now->field), "rate",         \
	                                    tp_sample_rate(s, now->field, before->field)));
	STATUS_ACCOUNT(STATUS_LINE)
	return list;
}

static const char *const status_classes[] = {[TP_CLASS_FLOW] = "flow",
        [TP_CLASS_ANSWERED] = "answered",
        [TP_CLASS_REFUSED] = "refused",
        [TP_CLASS_REFUSED_BY_DECODER] = "refused",
        [TP_CLASS_DROPPED] = "dropped",
        [TP_CLASS_MALFORMED] = "malformed"};

static void status_reason(json_t *list, const char *name, const char *class, const char *help, uint64_t count, double rate)
{
	if (count)
		json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:o, s:f}", "name", name, "class", class, "help", help,
		                                    "count", status_count(count), "rate", rate));
}

/* What XDP programs decided, all ports together, by the names that the books have for it: it never reached a worker. */
static void status_xdp(json_t *list, const struct tp_sample *s)
{
#define STATUS_XDP(name, action, help) {"xdp_" #name, TP_GUARD_##action == TP_GUARD_DROP ? "xdp dropped" : "xdp", help},
	static const struct {
		const char *name, *class, *help;
	} reasons[TP_GUARD_REASON_COUNT] = {TP_GUARD_REASONS(STATUS_XDP)};

	for (unsigned int i = 0; i < TP_GUARD_REASON_COUNT; i++) {
		uint64_t now = 0, before = 0;

		for (unsigned int port = 0; port < s->now.n_ports; port++) {
			now += s->now.port[port].guard[i];
			before += s->before.port[port].guard[i];
		}
		status_reason(list, reasons[i].name, reasons[i].class, reasons[i].help, now, tp_sample_rate(s, now, before));
	}
}

/* Counters that are not 0, but for those of covert alerts; the others are told apart by nothing, so neither are theirs. */
static json_t *status_counters(const struct tp_sample *s)
{
	const struct tp_account *now = &s->now.total, *before = &s->before.total;
	json_t *list = json_array();

	for (unsigned int i = 0; i < TP_COUNTER_COUNT; i++)
		if (tp_counter_descs[i].class != TP_CLASS_COVERT)
			status_reason(list, tp_counter_descs[i].name, status_classes[tp_counter_descs[i].class],
			        tp_counter_descs[i].help, now->c[i], tp_sample_rate(s, now->c[i], before->c[i]));
	for (unsigned int i = 0; i < TP_FAILURE_COUNT; i++)
		status_reason(list, tp_failure_names[i], "failed", tp_failure_helps[i], now->failed[i],
		        tp_sample_rate(s, now->failed[i], before->failed[i]));
	status_xdp(list, s);
	return list;
}

/* ---- workers, ports, sink ------------------------------------------------------------------------------------------------------------ */
static json_t *status_workers(const struct tp_sample *s)
{
	json_t *list = json_array();

	for (unsigned int w = 0; w < s->now.n_workers; w++)
		json_array_append_new(list, json_pack("{s:i, s:f, s:b}", "worker", (int)w, "busy", tp_sample_busy(s, w), "walks",
		                                    s->seconds <= 0 || s->now.load[w].walks != s->before.load[w].walks));
	return list;
}

static json_t *status_ports(const struct tp_sample *s, const struct tp_dataplane_spec *spec)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < s->now.n_ports && i < spec->n_ports; i++) {
		const struct tp_port_stats *now = &s->now.port[i], *before = &s->before.port[i];

		json_array_append_new(list,
		        json_pack("{s:o, s:s, s:o, s:f, s:o, s:o, s:o, s:o}", "name", status_text(spec->ports[i].name), "link",
		                tp_link_names[s->now.link[i]], "received", status_count(now->received), "rate",
		                tp_sample_rate(s, now->received, before->received), "missed", status_count(now->missed), "no_mbuf",
		                status_count(now->no_mbuf), "errors", status_count(now->errors), "sent", status_count(now->sent)));
	}
	return list;
}

static json_t *status_sink(const struct tp_pulse *pulse, const char *name)
{
	const struct tp_sink_state *sink = &pulse->sink;

	return json_pack("{s:o, s:i, s:b, s:o, s:i, s:i, s:f, s:I, s:o}", "name", status_text(name), "reachable", sink->reachable,
	        "busy", (int)pulse->sink_busy, "outstanding", status_count(pulse->outstanding), "brokers", (int)sink->brokers,
	        "brokers_up", (int)sink->brokers_up, "round_trip_ms", sink->rtt_us / 1e3, "error_at_us",
	        (json_int_t)sink->error_at_us, "error", status_text(sink->error));
}

/* ---- all of it ----------------------------------------------------------------------------------------------------------------------- */
static json_t *status_make(const struct tp_view *view, const struct tp_sample *s)
{
	unsigned int seconds;
	uint64_t alerts = http_lookback_alerts(&seconds);
	struct tp_pulse pulse;
	const char *why = "";
	bool ready = http_is_ready(&why);

	tp_pulse_get(&pulse);
	return json_pack("{s:o, s:s, s:s, s:b, s:s, s:I, s:I, s:f, s:o, s:o, s:I, s:I, s:o, s:o, s:o, s:{s:o, s:f}, s:o}", "name",
	        status_text(view->conf->name), "version", TP_VERSION, "state", tp_life_names[pulse.life], "ready", (int)ready,
	        "why", why ? why : "", "started_us", (json_int_t)view->started_us, "at_us", (json_int_t)s->now.at_us, "seconds",
	        s->seconds, "books", status_books(s), "counters", status_counters(s), "in_workers",
	        (json_int_t)s->now.total.in_workers, "in_flight", (json_int_t)s->now.total.in_flight, "workers", status_workers(s),
	        "ports", status_ports(s, &view->conf->dataplane), "sink", status_sink(&pulse, view->conf->sink), "alerts",
	        "a_minute", status_count(seconds ? alerts * 60 / seconds : 0), "over_s", (double)seconds, "devices",
	        http_lookback_devices(view));
}

void http_status(struct http_reply *reply)
{
	static int64_t made_at_us = -1;
	static char *made;
	const struct tp_sample *sample = tp_sample();
	json_t *status;

	reply->type = "application/json";
	if (sample->now.at_us != made_at_us || !made) {
		status = status_make(tp_view_hold(), sample);
		tp_view_release();
		free(made);
		made = json_dumps(status, JSON_COMPACT);
		made_at_us = sample->now.at_us;
		json_decref(status);
	}
	if (made)
		evbuffer_add(reply->body, made, strlen(made));
	reply->status = made ? 200 : 503;
}
