/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * trace: the next packets that match, step by step. A stream: one line a packet, as soon as all that came of it has ended, or when the time is over. One
 * trace at a time; it ends with its client.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "devices.h"
#include "tp_clock.h"
#include "tp_conf.h"
#include "tp_guard_live.h"
#include "tp_suggest.h"
#include "trace_story.h"

#define TRACE_TICK_MS 50
#define TRACE_NEAR    10000 /* devices among which one that was meant is looked for */
#define TRACE_READ_S  10    /* for the client to read, behind the end of the trace, what was traced: there is one trace at a time */

struct trace {
	struct story *first;
	uint32_t told, count;
	int64_t until_us; /* monotonic */
	bool said;        /* that it is armed */
};

/* ---- the filter --------------------------------------------------------------------------------------------------------------------- */
/* MQTT-4.7.1: + fills a level, # the rest. */
static bool trace_topic(const char *text)
{
	for (const char *p = text; p && *p; p++) {
		if (*p != '+' && *p != '#')
			continue;
		if ((p > text && p[-1] != '/') || (p[1] && p[1] != '/') || (*p == '#' && p[1]))
			return false;
	}
	return true;
}

static bool trace_listener(const struct tp_plan_spec *spec, const char *name, struct api_error *error)
{
	struct tp_suggestion near = tp_suggest_for(name);

	for (unsigned int i = 0; i < spec->n_listeners; i++) {
		if (strcmp(spec->listeners[i].name, name) == 0)
			return true;
		tp_suggest_try(&near, spec->listeners[i].name);
	}
	api_error_set(error, API_UNKNOWN, "listener: found '%s', expected the name of a listener of the configuration", name);
	if (near.best)
		snprintf(error->suggest, sizeof(error->suggest), "did you mean '%s'?", near.best);
	return false;
}

/* The configured device that was meant; "" where none is near, or there are too many to look for it. */
static void trace_near(const struct tp_plan_spec *spec, const char *device, char *near, size_t len)
{
	struct tp_suggestion found = tp_suggest_for(device);
	char name[TP_TRACE_NAME];

	near[0] = '\0';
	for (unsigned int s = 1; s < spec->n_sources && spec->n_sources <= TRACE_NEAR; s++) {
		unsigned int before = found.distance;

		snprintf(name, sizeof(name), "%.*s", (int)spec->sources[s].device.n, spec->sources[s].device.p);
		tp_suggest_try(&found, name);
		if (found.distance < before)
			snprintf(near, len, " (did you mean '%s'?)", name);
	}
}

/* A name that no source has is no mistake where MQTT clients bring their own; but it may be one. */
static void trace_say_device(json_t *lines, const char *device)
{
	char text[2 * TP_TRACE_NAME + 160], near[TP_TRACE_NAME + 32];

	if (!device || api_device(api_view()->spec, device) > 0)
		return;
	trace_near(api_view()->spec, device, near, sizeof(near));
	snprintf(text, sizeof(text),
	        "no device of the configuration is called '%s'%s; what matches can only be an MQTT client that is not configured",
	        device, near);
	json_array_append_new(lines, api_json_text(text, strlen(text)));
}

static void trace_text(char to[TP_TRACE_NAME], const char *text)
{
	snprintf(to, TP_TRACE_NAME, "%s", text ? text : "");
}

static bool trace_filter(const struct api_request *r, struct tp_trace_filter *f, struct api_error *error)
{
	const char *source = api_text(r, "source"), *listener = api_text(r, "listener"), *topic = api_text(r, "topic");
	struct tp_prefix prefix = {0};
	const char *expected = source ? tp_conf_prefix(source, &prefix) : NULL;

	if (expected) {
		api_error_set(error, API_INVALID, "source: found '%s', expected %s", source, expected);
		return false;
	}
	if (listener && !trace_listener(api_view()->spec, listener, error))
		return false;
	if (!trace_topic(topic)) {
		api_error_set(error, API_INVALID, "topic: found '%s', expected an MQTT topic filter", topic);
		return false;
	}
	*f = (struct tp_trace_filter){.family = prefix.family,
	        .length = prefix.length,
	        .port = (uint16_t)api_number(r, "port"),
	        .count = (uint32_t)api_number(r, "count")};
	memcpy(f->addr, prefix.addr, sizeof(f->addr));
	trace_text(f->listener, listener);
	trace_text(f->device, api_text(r, "device"));
	trace_text(f->topic, topic);
	return true;
}

/* ---- stories ------------------------------------------------------------------------------------------------------------------------ */
static struct story *trace_find(struct trace *t, uint32_t number)
{
	struct story *s = t->first;

	while (s && s->number != number)
		s = s->next;
	return s;
}

static struct story *trace_open(struct trace *t, uint32_t number)
{
	struct story *s = calloc(1, sizeof(*s)), **link = &t->first;

	if (!s)
		return NULL;
	s->number = number;
	while (*link)
		link = &(*link)->next;
	*link = s;
	return s;
}

static void trace_take(struct trace *t)
{
	struct tp_traced_end ends[64];
	unsigned int n = 0;
	struct tp_trace_step step;
	struct story *s;

	/* Ends are taken first: the steps before them are in the rings by then. */
	while (n < sizeof(ends) / sizeof(ends[0]) && tp_traced_take(&ends[n]))
		n += tp_trace_is(ends[n].trace); /* else of a trace before */
	while (tp_trace_take(&step)) {
		s = trace_find(t, step.trace);
		if (!s && tp_trace_is(step.trace))
			s = trace_open(t, step.trace);
		if (s)
			story_step(s, &step);
	}
	for (unsigned int i = 0; i < n; i++) {
		s = trace_find(t, ends[i].trace);
		if (s)
			story_end(s, &ends[i]);
	}
}

static const char *trace_port(uint16_t port)
{
	const struct tp_conf *conf = api_view()->conf;

	return port < conf->dataplane.n_ports ? conf->dataplane.ports[port].name : "?";
}

/* The rule of the guard that denies a sender now, which is not always that of when its packet came. */
static void trace_denied(uint8_t family, const uint8_t *addr, char *text)
{
	struct tp_guard_row *rows = calloc(TP_GUARD_RULES, sizeof(*rows));
	unsigned int n = rows ? tp_guard_live_rows(rows, TP_GUARD_RULES) : 0;
	const struct tp_guard_rule *longest = NULL;

	_Static_assert(STORY_PREFIX >= TP_GUARD_TEXT, "a prefix fits");
	text[0] = '\0';
	for (unsigned int i = 0; i < n; i++) {
		const struct tp_guard_rule *rule = &rows[i].rule;

		if ((!longest || rule->length > longest->length) &&
		        tp_prefix_holds(rule->family, rule->length, rule->addr, family, addr))
			longest = rule;
	}
	if (longest && longest->deny)
		tp_guard_text(longest, text);
	free(rows);
}

static void trace_sink(char *text, size_t len)
{
	struct tp_pulse pulse;

	tp_pulse_get(&pulse);
	if (pulse.sink.reachable == 0)
		snprintf(text, len, "is not reachable%s%s", pulse.sink.error_at_us ? ": " : "",
		        pulse.sink.error_at_us ? pulse.sink.error : "");
	else
		snprintf(text, len, pulse.sink_busy ? "takes no more for the moment" : "is reachable");
}

/* As far as the client reads: tells what is complete; all of them where `all`, and frees them. */
static void trace_tell(struct api_request *r, struct trace *t, bool all)
{
	const struct story_world world = {.spec = api_view()->spec,
	        .port = trace_port,
	        .denied = trace_denied,
	        .sink = trace_sink,
	        .covert = api_view()->covert};
	struct story **link = &t->first;
	json_t *show;

	while (*link && api_may_send(r)) {
		struct story *s = *link;

		if (!all && !story_complete(s)) {
			link = &s->next;
			continue;
		}
		*link = s->next;
		show = api_show();
		api_show_lines(show, "lines", NULL);
		api_more(r, story_tell(s, &world), show);
		t->told++;
		story_free(s);
	}
}

/* Where to look next. */
static const char *trace_nothing(const struct api_request *r)
{
	if (api_text(r, "listener") || api_text(r, "device") || api_text(r, "topic"))
		return "nothing of that name was seen; what is refused before its device is known, as a CONNECT, is found by "
		       "--source "
		       "ADDRESS, which shows whatever arrives";
	return "no packet that matches has reached a worker: 'turnpikectl ports' says what the port dropped, 'turnpikectl guard' "
	       "what its XDP program did, 'turnpikectl devices' who is heard";
}

static void trace_summary(struct api_request *r, const struct trace *t)
{
	struct tp_trace_state state;
	json_t *show = api_show(), *data;
	char text[192];
	int n;

	tp_trace_state(&state);
	n = snprintf(text, sizeof(text), "%u packets traced; %llu steps lost", t->told, (unsigned long long)state.lost);
	if (state.unseen)
		snprintf(text + n, sizeof(text) - (size_t)n,
		        "; not looked at: %llu packets that XDP programs dropped or left to the kernel",
		        (unsigned long long)state.unseen);
	data = json_pack("{s:I, s:I, s:I, s:[s]}", "traced", (json_int_t)t->told, "steps_lost", (json_int_t)state.lost,
	        "not_looked_at", (json_int_t)state.unseen, "lines", text);
	if (t->told == 0)
		json_array_append_new(json_object_get(data, "lines"), json_string(trace_nothing(r)));
	api_show_lines(show, "lines", NULL);
	api_more(r, data, show);
}

/* The client knows by it that packets that come from now on are seen. */
static void trace_say_armed(struct api_request *r, struct trace *t)
{
	json_t *show = api_show(), *data;
	char text[128];

	snprintf(text, sizeof(text), "armed for %u packets that match, %lld s at most", t->count,
	        (long long)api_number(r, "seconds"));
	api_show_lines(show, "lines", NULL);
	data = json_pack("{s:b, s:[s]}", "armed", 1, "lines", text);
	trace_say_device(json_object_get(data, "lines"), api_text(r, "device"));
	api_more(r, data, show);
	t->said = true;
}

static bool trace_is_given_up(const struct trace *t, int64_t now_us, struct api_error *error)
{
	if (now_us < t->until_us + TRACE_READ_S * 1000000)
		return false;
	api_error_set(
	        error, API_FAILED, "what was traced was not read within %d s behind its end: the trace is given up", TRACE_READ_S);
	return true;
}

static enum api_stream_next trace_tick(struct api_request *r, struct api_error *error)
{
	struct trace *t = r->state;
	int64_t now_us = tp_clock_us(CLOCK_MONOTONIC);
	bool late = now_us >= t->until_us;

	if (trace_is_given_up(t, now_us, error))
		return API_STREAM_FAILED;
	if (!t->said && api_may_send(r))
		trace_say_armed(r, t);
	trace_take(t);
	trace_tell(r, t, late);
	if ((!late && t->told < t->count) || (late && t->first) || !api_may_send(r))
		return API_STREAM_GOES_ON;
	trace_summary(r, t);
	return API_STREAM_END;
}

static void trace_stop(struct api_request *r)
{
	struct trace *t = r->state;
	int64_t now_us = tp_clock_us(CLOCK_MONOTONIC);

	if (now_us < t->until_us)
		t->until_us = now_us;
}

static void trace_end(struct api_request *r)
{
	struct trace *t = r->state;

	tp_trace_disarm();
	while (t->first) {
		struct story *s = t->first;

		t->first = s->next;
		story_free(s);
	}
	free(t);
}

static void trace_failed(struct api_request *r, int rc)
{
	if (rc == -EBUSY)
		api_failf(r, API_BUSY, "a trace is armed already: wait until it ends, or end its turnpikectl");
	else
		api_failf(r, API_FAILED, "cannot arm a trace: %s", strerror(-rc));
}

void api_trace(struct api_request *r)
{
	struct tp_trace_filter filter;
	struct api_error error;
	struct trace *t;
	int rc;

	if (!trace_filter(r, &filter, &error)) {
		api_fail(r, &error);
		return;
	}
	t = calloc(1, sizeof(*t));
	rc = t ? tp_trace_arm(&filter) : -ENOMEM;
	if (rc < 0) {
		free(t);
		trace_failed(r, rc);
		return;
	}
	t->count = filter.count;
	t->until_us = tp_clock_us(CLOCK_MONOTONIC) + api_number(r, "seconds") * 1000000;
	r->state = t;
	r->end = trace_end;
	r->stop = trace_stop;
	api_stream(r, TRACE_TICK_MS, trace_tick);
}
