/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A story in words: for programs an object a step, for people a line a step with its time since the first one, and what came of it all in one word and
 * one sentence. What is worst counts: a packet of which one record was delivered and another was not has failed.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "api.h"
#include "tp_decoder.h"
#include "tp_guard_map.h"
#include "trace_story.h"

#define WORDS_LINE 512

/* What came of a packet, from best to worst; the names are those of the answer. */
enum result {
	RESULT_UNFINISHED,
	RESULT_ANSWERED,
	RESULT_KERNEL,
	RESULT_ACKNOWLEDGED,
	RESULT_REFUSED,
	RESULT_MALFORMED,
	RESULT_DROPPED,
	RESULT_FAILED
};
static const char *const result_names[] = {
        "unfinished", "answered", "left_to_kernel", "acknowledged", "refused", "malformed", "dropped", "failed"};

struct words {
	const struct story *s;
	const struct story_world *world;
	const struct tp_plan_spec *spec;
	json_t *steps, *lines;
	enum result result;
	bool lost_sight; /* of a record or an acknowledgement */
	uint8_t family;  /* of the sender: 4, 6; 0: not known */
	uint8_t sender[16];
	char why[WORDS_LINE];
};

static void words_result(struct words *w, enum result result, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static void words_result(struct words *w, enum result result, const char *fmt, ...)
{
	va_list args;

	if (result <= w->result)
		return;
	w->result = result;
	va_start(args, fmt);
	vsnprintf(w->why, sizeof(w->why), fmt, args);
	va_end(args);
}

static void words_line(struct words *w, int64_t at_us, const char *what, const char *text)
{
	char line[WORDS_LINE + 64];
	int n = snprintf(line, sizeof(line), "  %+10.3f ms  %-16s %s", (double)(at_us - w->s->began_us) / 1000, what, text);

	json_array_append_new(w->lines, api_json_text(line, (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1));
}

/* Appends to a text of WORDS_LINE octets. */
static void words_add(char *text, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void words_add(char *text, const char *fmt, ...)
{
	size_t n = strlen(text);
	va_list args;

	va_start(args, fmt);
	vsnprintf(text + n, WORDS_LINE - n, fmt, args);
	va_end(args);
}

static const char *words_topic(const struct words *w, uint16_t topic)
{
	return topic < w->spec->n_topics ? w->spec->topics[topic].name : "?";
}

/* ---- arrival ------------------------------------------------------------------------------------------------------------------------ */
static void words_address(char *text, size_t len, uint8_t family, const uint8_t *addr)
{
	if (!inet_ntop(family == 4 ? AF_INET : AF_INET6, addr, text, (socklen_t)len))
		snprintf(text, len, "?");
}

static void words_sender(struct words *w, uint8_t family, const uint8_t *addr)
{
	w->family = family;
	memcpy(w->sender, addr, family == 4 ? 4 : 16);
}

/* Sender, receiver and protocol of the octets of a frame, as far as they go. */
static void words_frame(struct words *w, const struct tp_trace_step *step, char *text)
{
	const uint8_t *p = step->arrived.head;
	uint32_t n = step->arrived.n < TP_TRACE_HEAD ? step->arrived.n : TP_TRACE_HEAD, at = 12;
	char from[INET6_ADDRSTRLEN], to[INET6_ADDRSTRLEN];
	uint8_t protocol;

	while (at + 6 <= n && (memcmp(p + at, "\x81\0", 2) == 0 || memcmp(p + at, "\x88\xa8", 2) == 0))
		at += 4;
	if (at + 22 <= n && p[at] == 8 && p[at + 1] == 0) {
		words_sender(w, 4, p + at + 14);
		words_address(from, sizeof(from), 4, p + at + 14);
		words_address(to, sizeof(to), 4, p + at + 18);
		protocol = p[at + 11];
		at += 2 + (p[at + 2] & 15u) * 4;
	} else if (at + 42 <= n && p[at] == 0x86 && p[at + 1] == 0xdd) {
		words_sender(w, 6, p + at + 10);
		words_address(from, sizeof(from), 6, p + at + 10);
		words_address(to, sizeof(to), 6, p + at + 26);
		protocol = p[at + 8];
		at += 42;
	} else {
		words_add(text, "EtherType 0x%02x%02x", at + 2 <= n ? p[at] : 0, at + 2 <= n ? p[at + 1] : 0);
		return;
	}
	if ((protocol == IPPROTO_UDP || protocol == IPPROTO_TCP) && at + 4 <= n)
		words_add(text, "%s %s port %u to %s port %u", protocol == IPPROTO_UDP ? "UDP" : "TCP", from,
		        p[at] << 8 | p[at + 1], to, p[at + 2] << 8 | p[at + 3]);
	else
		words_add(text, "protocol %u, %s to %s", protocol, from, to);
}

static void words_arrived(struct words *w, const struct tp_trace_step *step)
{
	char text[WORDS_LINE] = "", frame[WORDS_LINE] = "";
	json_t *row;

	words_frame(w, step, frame);
	words_add(text, "%s, %u octets, ", frame, step->arrived.n);
	row = json_pack("{s:s, s:I, s:s, s:I, s:i}", "step", "arrived", "at_us", (json_int_t)step->at_us, "frame", frame, "octets",
	        (json_int_t)step->arrived.n, "port", step->arrived.port);
	if (step->arrived.xdp) {
		words_add(text, "by queue %u of port %s", step->arrived.queue, w->world->port(step->arrived.port));
		json_object_set_new(row, "queue", json_integer(step->arrived.queue));
	} else {
		words_add(text, "by port %u on worker %u", step->arrived.port, step->worker);
		json_object_set_new(row, "worker", json_integer(step->worker));
	}
	words_line(w, step->at_us, "arrived", text);
	json_array_append_new(w->steps, row);
}

/* ---- in front of the workers ---------------------------------------------------------------------------------------------------------- */
#define WORDS_REASON(name, action, help) {#name, help},
static const struct {
	const char *name, *help;
} words_reasons[TP_GUARD_REASON_COUNT] = {TP_GUARD_REASONS(WORDS_REASON)};

static void words_steered(struct words *w, const struct tp_trace_step *step)
{
	const char *name = words_reasons[step->steered.reason].name, *help = words_reasons[step->steered.reason].help;
	bool drop = tp_guard_action_of(step->steered.reason) == TP_GUARD_DROP;
	char text[WORDS_LINE] = "", prefix[STORY_PREFIX] = "";
	json_t *row = json_pack("{s:s, s:I, s:s, s:I, s:s, s:{s:i}}", "step", "xdp", "at_us", (json_int_t)step->at_us, "port",
	        w->world->port(step->steered.port), "queue", (json_int_t)step->steered.queue, "next", drop ? "drop" : "kernel",
	        "counters", name, 1);

	if (step->steered.reason == TP_GUARD_guard_denied)
		w->world->denied(step->steered.family, step->steered.addr, prefix);
	if (*prefix)
		json_object_set_new(row, "prefix", json_string(prefix));
	words_add(text, "to %s; %s%s%s", drop ? "drop" : "the kernel", name, *prefix ? " by prefix " : "", prefix);
	words_line(w, step->at_us, drop ? "XDP guard" : "XDP steering", text);
	json_array_append_new(w->steps, row);
	words_result(w, drop ? RESULT_DROPPED : RESULT_KERNEL, "by the XDP program of port %s: %s (%s)%s%s",
	        w->world->port(step->steered.port), name, help, *prefix ? ", prefix " : "", prefix);
}

/* ---- nodes -------------------------------------------------------------------------------------------------------------------------- */
/* Why a CONNECT was refused; its segment was answered as any other. */
static void words_connect(struct words *w, const struct tp_trace_step *step, const char *node)
{
	const struct tp_counter_desc *why = &tp_counter_descs[TP_C_mqtt_connect_refused];

	for (uint16_t i = 0; i < step->n_counters; i++)
		if (step->counters[i].counter >= TP_C_mqtt_bad_login && step->counters[i].counter <= TP_C_mqtt_connect_memory)
			why = &tp_counter_descs[step->counters[i].counter];
	words_result(w, RESULT_REFUSED, "by %s: %s (%s)", node, why->name, why->help);
}

/* The prefix that denies the sender, where the guard of a node did; else "". */
static void words_denied(const struct words *w, enum tp_counter c, char *prefix)
{
	prefix[0] = '\0';
	if (c == TP_C_guard_denied && w->family)
		w->world->denied(w->family, w->sender, prefix);
}

static void words_counter(struct words *w, const struct tp_trace_step *step, enum tp_counter c, const char *node)
{
	const struct tp_counter_desc *d = &tp_counter_descs[c];
	char prefix[STORY_PREFIX];

	switch (d->class) {
	case TP_CLASS_FLOW:
		if (c == TP_C_mqtt_connect_refused)
			words_connect(w, step, node);
		break;
	case TP_CLASS_COVERT:
		break;
	case TP_CLASS_ANSWERED:
		words_result(w, RESULT_ANSWERED, "by %s: %s (%s)", node, d->name, d->help);
		break;
	case TP_CLASS_REFUSED:
	case TP_CLASS_REFUSED_BY_DECODER:
		words_result(w, RESULT_REFUSED, "by %s: %s (%s)", node, d->name, d->help);
		break;
	case TP_CLASS_DROPPED:
		words_denied(w, c, prefix);
		words_result(w, RESULT_DROPPED, "by %s: %s (%s)%s%s", node, d->name, d->help, *prefix ? ", prefix " : "", prefix);
		break;
	case TP_CLASS_MALFORMED:
		words_result(w, RESULT_MALFORMED, "at octet %u of its payload, by %s: %s (%s)", step->node.offset, node, d->name,
		        d->help);
		break;
	}
}

static json_t *words_counters(struct words *w, const struct tp_trace_step *step, const char *node, char *text)
{
	json_t *counters = json_object();
	char prefix[STORY_PREFIX];

	for (uint16_t i = 0; i < step->n_counters; i++) {
		enum tp_counter c = (enum tp_counter)step->counters[i].counter;

		json_object_set_new(counters, tp_counter_descs[c].name, json_integer(step->counters[i].by));
		words_denied(w, c, prefix);
		words_add(text, "%s%s%s%s", *text ? ", " : "", tp_counter_descs[c].name, *prefix ? " by prefix " : "", prefix);
		if (step->counters[i].by != 1)
			words_add(text, " +%u", step->counters[i].by);
		words_counter(w, step, c, node);
	}
	return counters;
}

/* Device and listener of a packet that has a record. */
static void words_source(const struct words *w, const struct tp_trace_step *step, char *text, json_t *row)
{
	struct tp_slice device = {NULL, 0};

	if (step->listener >= w->spec->n_listeners || step->source >= w->spec->n_sources)
		return;
	device = w->spec->sources[step->source].device;
	json_object_set_new(row, "device", api_json_text((const char *)device.p, device.n));
	json_object_set_new(row, "listener", json_string(w->spec->listeners[step->listener].name));
	if (strcmp(step->node.name, "udp_input") == 0)
		words_add(text, "%sdevice %.*s, listener %s", *text ? ", " : "", (int)device.n, (const char *)device.p,
		        w->spec->listeners[step->listener].name);
}

static void words_next(const struct tp_trace_step *step, char *text)
{
	if (strcmp(step->node.name, "spread_tx") == 0 && step->node.next[0] == '\0')
		words_add(text, "to worker %u", step->node.to_worker);
	else if (step->node.waits)
		words_add(text, "waits for the other fragments");
	else if (step->node.next[0])
		words_add(text, "to %s", step->node.next);
	if (step->node.n_next > 1)
		words_add(text, " (%u records)", step->node.n_next);
	if (step->node.joined)
		words_add(text, "%scompletes the datagram of trace %u", *text ? ", " : "", STORY_SHOWN(step->node.joined));
}

static void words_node(struct words *w, const struct tp_trace_step *step)
{
	char text[WORDS_LINE] = "", moved[WORDS_LINE] = "";
	json_t *row = json_pack("{s:s, s:I, s:i, s:s, s:s}", "step", "node", "at_us", (json_int_t)step->at_us, "worker",
	        step->worker, "node", step->node.name, "next", step->node.next);

	words_next(step, text);
	words_source(w, step, text, row);
	json_object_set_new(row, "counters", words_counters(w, step, step->node.name, moved));
	if (*moved)
		words_add(text, "%s%s", *text ? "; " : "", moved);
	if (step->node.reason < TP_COUNTER_COUNT) {
		json_object_set_new(row, "stage", json_string(tp_stage_names[step->node.stage]));
		json_object_set_new(row, "offset", json_integer(step->node.offset));
		words_add(text, " at octet %u of the payload (%s)", step->node.offset, tp_stage_names[step->node.stage]);
	}
	json_array_append_new(w->steps, row);
	words_line(w, step->at_us, step->node.name, text);
}

/* ---- records ------------------------------------------------------------------------------------------------------------------------ */
/* Whether where a record of that topic stands is told. */
static bool words_has_place(const struct words *w, uint16_t topic)
{
	return !w->world->covert || topic >= w->spec->n_topics || w->spec->topics[topic].kind != TP_KIND_alert_match;
}

/* The entry is null where it is not told. */
static json_t *words_place(const struct words *w, uint16_t topic, uint32_t entry, uint32_t batch, unsigned int worker, char *text)
{
	bool has = words_has_place(w, topic);

	if (has)
		words_add(text, "entry %u of ", entry);
	words_add(text, "batch %u of worker %u", batch, worker);
	return has ? json_integer(entry) : json_null();
}

static void words_hex(char *text, const uint8_t *octets, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		snprintf(text + 2 * i, 3, "%02x", octets[i]);
}

static void words_record(struct words *w, const struct tp_trace_step *step)
{
	const char *kind = step->record.kind < TP_KIND_COUNT ? tp_schema_of_kind[step->record.kind].name : "?";
	char text[WORDS_LINE] = "", id[33] = "";
	json_t *entry;

	words_hex(id, step->record.event_id, sizeof(step->record.event_id));
	words_add(text, "%s, event_id %s, %u octets for %s, ", kind, id, step->record.octets, words_topic(w, step->record.topic));
	entry = words_place(w, step->record.topic, step->record.entry, step->record.batch, step->worker, text);
	words_add(text, "%s", step->record.followed ? "" : "; its end is not followed");
	w->lost_sight |= !step->record.followed;
	words_line(w, step->at_us, "record", text);
	json_array_append_new(w->steps,
	        json_pack("{s:s, s:I, s:i, s:s, s:s, s:s, s:i, s:o, s:I}", "step", "record", "at_us", (json_int_t)step->at_us,
	                "worker", step->worker, "kind", kind, "event_id", id, "topic", words_topic(w, step->record.topic), "batch",
	                (int)step->record.batch, "entry", entry, "octets", (json_int_t)step->record.octets));
}

static void words_ended(struct words *w, const struct tp_traced_end *end)
{
	const char *outcome = end->outcome == TP_DELIVERED ? "acknowledged" : tp_failure_names[end->outcome];
	bool has_offset = end->offset >= 0 && words_has_place(w, end->topic);
	char text[WORDS_LINE] = "", where[WORDS_LINE] = "";
	json_t *entry;

	words_add(where, "%s", words_topic(w, end->topic));
	if (end->partition >= 0)
		words_add(where, ", partition %d", end->partition);
	if (has_offset)
		words_add(where, ", offset %lld", (long long)end->offset);
	words_add(text, "%s: %s (", outcome, where);
	entry = words_place(w, end->topic, end->entry, end->batch, end->worker, text);
	words_add(text, ")");
	words_line(w, end->at_us, "sink", text);
	json_array_append_new(
	        w->steps, json_pack("{s:s, s:I, s:s, s:s, s:I, s:I, s:i, s:o, s:i}", "step", "ended", "at_us",
	                          (json_int_t)end->at_us, "outcome", outcome, "topic", words_topic(w, end->topic), "partition",
	                          (json_int_t)end->partition, "offset", (json_int_t)(has_offset ? end->offset : -1), "batch",
	                          (int)end->batch, "entry", entry, "worker", (int)end->worker));
	if (end->outcome == TP_DELIVERED)
		words_result(w, RESULT_ACKNOWLEDGED, "%s", where);
	else
		words_result(w, RESULT_FAILED, "not delivered to %s: %s (%s)", words_topic(w, end->topic), outcome,
		        tp_failure_helps[end->outcome]);
}

/* ---- MQTT --------------------------------------------------------------------------------------------------------------------------- */
static void words_message(struct words *w, const struct tp_trace_step *step)
{
	const char *topic = step->message.text, *client = topic + step->message.topic_n;
	bool lost = step->message.waits && !step->message.followed;
	char text[WORDS_LINE] = "";
	json_t *row = json_pack("{s:s, s:I, s:i, s:i, s:i, s:I}", "step", "message", "at_us", (json_int_t)step->at_us, "worker",
	        step->worker, "qos", step->message.qos, "packet_id", step->message.packet_id, "octets",
	        (json_int_t)step->message.payload_n);

	words_add(text, "PUBLISH %u, QoS %u, topic %.*s, client %.*s, %u octets%s", step->message.packet_id, step->message.qos,
	        (int)step->message.topic_n, topic, (int)step->message.client_n, client, step->message.payload_n,
	        lost ? "; its acknowledgement is not followed" : "");
	w->lost_sight |= lost;
	json_object_set_new(row, "topic", api_json_text(topic, step->message.topic_n));
	json_object_set_new(row, "client_id", api_json_text(client, step->message.client_n));
	words_source(w, step, text, row);
	json_array_append_new(w->steps, row);
	words_line(w, step->at_us, "mqtt", text);
}

static void words_answer(struct words *w, const struct tp_trace_step *step)
{
	const char *packet = step->message.recorded ? "PUBREC" : "PUBACK";
	char text[WORDS_LINE] = "";

	words_add(text, "%s %u written to the connection, reason 0x%02x", packet, step->message.packet_id, step->message.reason);
	words_line(w, step->at_us, "mqtt", text);
	json_array_append_new(w->steps,
	        json_pack("{s:s, s:I, s:i, s:s, s:i, s:i}", "step", "answer", "at_us", (json_int_t)step->at_us, "worker",
	                step->worker, "packet", packet, "packet_id", step->message.packet_id, "reason", step->message.reason));
}

static void words_plain(struct words *w, const struct tp_trace_step *step, const char *name, const char *text)
{
	char moved[WORDS_LINE] = "";
	json_t *row = json_pack("{s:s, s:I, s:i}", "step", name, "at_us", (json_int_t)step->at_us, "worker", step->worker);

	json_object_set_new(row, "counters", words_counters(w, step, name, moved));
	if (*moved)
		words_add(moved, " ");
	words_add(moved, "%s", text);
	words_line(w, step->at_us, name, moved);
	json_array_append_new(w->steps, row);
}

static void words_refused(struct words *w, const struct tp_trace_step *step)
{
	char text[WORDS_LINE] = "";

	words_add(text, "(PUBLISH %u, QoS %u, topic %.*s, client %.*s)", step->message.packet_id, step->message.qos,
	        (int)step->message.topic_n, step->message.text, (int)step->message.client_n,
	        step->message.text + step->message.topic_n);
	words_plain(w, step, "gateway", text);
}

/* ---- all of it ---------------------------------------------------------------------------------------------------------------------- */
static void words_step(struct words *w, const struct tp_trace_step *step)
{
	switch ((enum tp_trace_what)step->what) {
	case TP_TRACE_ARRIVED:
		words_arrived(w, step);
		break;
	case TP_TRACE_NODE:
		words_node(w, step);
		break;
	case TP_TRACE_RECORD:
		words_record(w, step);
		break;
	case TP_TRACE_MESSAGE:
		words_message(w, step);
		break;
	case TP_TRACE_REFUSED:
		words_refused(w, step);
		break;
	case TP_TRACE_ANSWER:
		words_answer(w, step);
		break;
	case TP_TRACE_GONE:
		words_plain(w, step, "gone", "the connection ended before the acknowledgement");
		break;
	case TP_TRACE_STEERED:
		words_steered(w, step);
		break;
	case TP_TRACE_GIVEN_UP:
		words_plain(w, step, "given up", "while it waited for the other fragments");
		break;
	}
}

/* Steps and ends in the order of their time. */
static void words_all(struct words *w)
{
	unsigned int step = 0, end = 0;

	while (step < w->s->n_steps || end < w->s->n_ends) {
		if (end == w->s->n_ends || (step < w->s->n_steps && w->s->step[step].at_us <= w->s->end[end].at_us))
			words_step(w, &w->s->step[step++]);
		else
			words_ended(w, &w->s->end[end++]);
	}
}

/* What has not come: mostly the end of a record, and then it is the sink's affair. */
static void words_unfinished(struct words *w)
{
	unsigned int records = 0;
	char sink[320];

	w->result = RESULT_UNFINISHED;
	for (unsigned int i = 0; i < w->s->n_steps; i++)
		records += w->s->step[i].what == TP_TRACE_RECORD && w->s->step[i].record.followed;
	snprintf(w->why, sizeof(w->why), "it is still on its way: what it waits for has not come");
	if (records <= w->s->n_ends)
		return;
	w->world->sink(sink, sizeof(sink));
	snprintf(w->why, sizeof(w->why), "it is still on its way: %u of its records not acknowledged by the sink, which %s",
	        records - w->s->n_ends, sink);
}

json_t *story_tell(const struct story *s, const struct story_world *world)
{
	struct words w = {.s = s,
	        .world = world,
	        .spec = world->spec,
	        .steps = json_array(),
	        .lines = json_array(),
	        .why = "its end was not seen"};
	char text[2 * WORDS_LINE];
	int n = snprintf(text, sizeof(text), "trace %u", STORY_SHOWN(s->number));

	json_array_append_new(w.lines, api_json_text(text, (size_t)n));
	words_all(&w);
	if (w.lost_sight && w.result <= RESULT_ACKNOWLEDGED) {
		w.result = RESULT_UNFINISHED;
		snprintf(w.why, sizeof(w.why),
		        "more records or acknowledgements are traced at a time than can be followed to their end");
	}
	if (!story_complete(s) && w.result <= RESULT_ACKNOWLEDGED)
		words_unfinished(&w);
	n = snprintf(
	        text, sizeof(text), "  = %s: %s%s", result_names[w.result], w.why, s->left_out ? " (some steps are left out)" : "");
	json_array_append_new(w.lines, api_json_text(text, (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1));
	return json_pack("{s:I, s:s, s:o, s:I, s:o, s:o}", "trace", (json_int_t)STORY_SHOWN(s->number), "result",
	        result_names[w.result], "why", api_json_text(w.why, strlen(w.why)), "steps_left_out", (json_int_t)s->left_out,
	        "steps", w.steps, "lines", w.lines);
}
