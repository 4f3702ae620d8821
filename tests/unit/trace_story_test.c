/* SPDX-License-Identifier: BSD-3-Clause */
/* The story of a traced packet: when it has come to its end, and what it says of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tp_sink.h"
#include "trace_story.h"

/* In the place of the sinks, which have them in a file with the list of all sinks. */
#define STORY_FAILURE_NAME(id, help) #id,
#define STORY_FAILURE_HELP(id, help) help,
const char *const tp_failure_names[TP_FAILURE_COUNT] = {TP_FAILURES(STORY_FAILURE_NAME)};
const char *const tp_failure_helps[TP_FAILURE_COUNT] = {TP_FAILURES(STORY_FAILURE_HELP)};

static const struct tp_source sources[2];
static const struct tp_topic topics[] = {{.name = "one.v1"}, {.name = "two.v1", .kind = TP_KIND_alert_match}};
static const struct tp_plan_spec spec = {.sources = sources, .n_sources = 2, .topics = topics, .n_topics = 2};

static const char *port_name(uint16_t port)
{
	return port == 1 ? "road" : "?";
}

static void denied_by(uint8_t family, const uint8_t *addr, char *text)
{
	strcpy(text, family == 4 && addr[0] == 10 ? "10.0.0.0/8" : "");
}

static void sink_is(char *text, size_t len)
{
	snprintf(text, len, "is not reachable: refused");
}

static struct story_world world = {.spec = &spec, .port = port_name, .denied = denied_by, .sink = sink_is};

static int64_t at_us;
static struct story *story;

static struct tp_trace_step step_of(enum tp_trace_what what)
{
	return (struct tp_trace_step){.what = (uint8_t)what, .trace = 0x10001, .listener = TP_NO_LISTENER, .at_us = ++at_us};
}

static void arrives(void)
{
	struct tp_trace_step step = step_of(TP_TRACE_ARRIVED);

	story_step(story, &step);
}

/* Through a node, to n others. */
static void passes(const char *name, uint16_t n)
{
	struct tp_trace_step step = step_of(TP_TRACE_NODE);

	strcpy(step.node.name, name);
	strcpy(step.node.next, n ? "next" : "");
	step.node.n_next = n;
	step.node.reason = TP_COUNTER_COUNT;
	story_step(story, &step);
}

/* Comes to port 1 and ends in its XDP program. */
static void is_steered(enum tp_guard_reason reason, uint8_t first)
{
	struct tp_trace_step step = step_of(TP_TRACE_ARRIVED);

	step.arrived.xdp = true;
	step.arrived.port = 1;
	step.arrived.queue = 2;
	step.arrived.n = 1500;
	story_step(story, &step);
	assert_false(story_complete(story));
	step = step_of(TP_TRACE_STEERED);
	step.steered.port = 1;
	step.steered.queue = 2;
	step.steered.reason = (uint8_t)reason;
	step.steered.family = 4;
	step.steered.addr[0] = first;
	story_step(story, &step);
	assert_true(story_complete(story));
}

static void becomes_record(uint16_t topic, bool followed)
{
	struct tp_trace_step step = step_of(TP_TRACE_RECORD);

	step.record.topic = topic;
	step.record.followed = followed;
	story_step(story, &step);
}

static void ends(uint16_t topic, int outcome)
{
	const struct tp_traced_end end = {.at_us = ++at_us, .topic = topic, .outcome = outcome, .partition = 3, .offset = 17};

	story_end(story, &end);
}

static void is_message(bool followed)
{
	struct tp_trace_step step = step_of(TP_TRACE_MESSAGE);

	step.message.waits = 1;
	step.message.followed = followed;
	step.message.qos = 1;
	story_step(story, &step);
}

static void is_answered(void)
{
	struct tp_trace_step step = step_of(TP_TRACE_ANSWER);

	story_step(story, &step);
}

/* What it says now: the result, and a part of the reason. */
static void says(const char *result, const char *why)
{
	json_t *told = story_tell(story, &world);

	assert_string_equal(json_string_value(json_object_get(told, "result")), result);
	if (!strstr(json_string_value(json_object_get(told, "why")), why))
		fail_msg("'%s' is not in '%s'", why, json_string_value(json_object_get(told, "why")));
	assert_int_equal(json_integer_value(json_object_get(told, "trace")), 1);
	json_decref(told);
}

static int start(void **state)
{
	(void)state;
	at_us = 1000;
	story = calloc(1, sizeof(*story));
	assert_non_null(story);
	story->number = 0x10001;
	return 0;
}

static int stop(void **state)
{
	(void)state;
	story_free(story);
	return 0;
}

/* ---- cases --------------------------------------------------------------------------------------------------------------------- */
static void a_datagram_ends_with_its_record(void **state)
{
	(void)state;
	arrives();
	passes("eth_input", 1);
	assert_false(story_complete(story));
	passes("record_emit", 0);
	becomes_record(1, true);
	assert_false(story_complete(story));
	says("unfinished", "still on its way: 1 of its records not acknowledged by the sink, which is not reachable: refused");
	ends(1, TP_DELIVERED);
	assert_true(story_complete(story));
	says("acknowledged", "two.v1, partition 3, offset 17");
}

static void the_worst_of_its_records_counts(void **state)
{
	(void)state;
	arrives();
	passes("decode-plate", 2);
	passes("record_emit", 0);
	becomes_record(0, true);
	passes("record_emit", 0);
	becomes_record(0, true);
	ends(0, TP_FAILURE_timed_out);
	assert_false(story_complete(story));
	ends(0, TP_DELIVERED);
	assert_true(story_complete(story));
	says("failed", "timed_out");
}

static void a_record_that_is_not_followed_is_not_called_acknowledged(void **state)
{
	(void)state;
	arrives();
	passes("record_emit", 0);
	becomes_record(0, false);
	assert_true(story_complete(story));
	says("unfinished", "than can be followed");
}

static void a_message_ends_with_its_acknowledgement(void **state)
{
	(void)state;
	is_message(true);
	passes("record_emit", 0);
	becomes_record(0, true);
	ends(0, TP_DELIVERED);
	assert_false(story_complete(story));
	is_answered();
	assert_true(story_complete(story));
	says("acknowledged", "one.v1");
}

static void a_message_whose_acknowledgement_is_not_followed_is_not_waited_for(void **state)
{
	(void)state;
	is_message(false);
	passes("record_emit", 0);
	becomes_record(0, true);
	ends(0, TP_DELIVERED);
	assert_true(story_complete(story));
	says("unfinished", "than can be followed");
}

/* Steps of another worker may come first. */
static void it_is_not_complete_before_its_beginning_was_seen(void **state)
{
	(void)state;
	passes("record_emit", 0);
	assert_false(story_complete(story));
	arrives();
	assert_true(story_complete(story));
}

/* A line for people that has both in it. */
static void has_line(const char *what, const char *text)
{
	json_t *told = story_tell(story, &world), *line;
	size_t i;
	bool found = false;

	json_array_foreach(json_object_get(told, "lines"), i, line) found |=
	        strstr(json_string_value(line), what) && strstr(json_string_value(line), text);
	if (!found)
		fail_msg("no line with '%s' and '%s': %s", what, text, json_dumps(told, 0));
	json_decref(told);
}

static void what_the_guard_drops_ends_there(void **state)
{
	(void)state;
	is_steered(TP_GUARD_guard_denied, 10);
	says("dropped", "by the XDP program of port road: guard_denied (");
	says("dropped", "), prefix 10.0.0.0/8");
	has_line("arrived", "1500 octets, by queue 2 of port road");
	has_line("XDP guard", "to drop; guard_denied by prefix 10.0.0.0/8");
}

/* The rule may have gone since; a rate has none. */
static void no_prefix_is_named_where_none_denies(void **state)
{
	(void)state;
	is_steered(TP_GUARD_guard_denied, 11);
	has_line("XDP guard", "to drop; guard_denied");
	says("dropped", "guard_denied (");
}

/* A frame of 10.1.2.3 or 2001:db8::, behind a VLAN tag, that the guard of a worker drops. */
static void is_denied_by_a_node(bool ip6)
{
	struct tp_trace_step step = step_of(TP_TRACE_ARRIVED);

	step.arrived.n = TP_TRACE_HEAD;
	memcpy(step.arrived.head + 12, ip6 ? "\x81\0\0\7\x86\xdd" : "\x81\0\0\7\x08\0\x45", 7);
	memcpy(step.arrived.head + (ip6 ? 26 : 30), ip6 ? "\x20\x01\x0d\xb8" : "\12\1\2\3", 4);
	story_step(story, &step);
	step = step_of(TP_TRACE_NODE);
	strcpy(step.node.name, "guard");
	strcpy(step.node.next, "drop");
	step.node.reason = TP_COUNTER_COUNT;
	step.n_counters = 1;
	step.counters[0].counter = TP_C_guard_denied;
	step.counters[0].by = 1;
	story_step(story, &step);
	assert_true(story_complete(story));
}

static void what_a_node_denies_names_the_prefix_too(void **state)
{
	(void)state;
	is_denied_by_a_node(false);
	has_line("guard", "to drop; guard_denied by prefix 10.0.0.0/8");
	says("dropped", "by guard: guard_denied (");
	says("dropped", "), prefix 10.0.0.0/8");
}

static void no_prefix_is_named_of_another_family(void **state)
{
	(void)state;
	is_denied_by_a_node(true);
	says("dropped", "Packets of a source that the guard denies)");
	has_line("arrived", "2001:db8::");
}

static void a_refused_connect_says_why(void **state)
{
	struct tp_trace_step step;

	(void)state;
	arrives();
	step = step_of(TP_TRACE_NODE);
	strcpy(step.node.name, "tcp_input");
	step.node.reason = TP_COUNTER_COUNT;
	step.n_counters = 3;
	step.counters[0].counter = TP_C_mqtt_connect_refused;
	step.counters[1].counter = TP_C_mqtt_connect_device;
	step.counters[2].counter = TP_C_tcp_segments;
	story_step(story, &step);
	assert_true(story_complete(story));
	says("refused", "by tcp_input: mqtt_connect_device (MQTT CONNECTs of a client without a device name");
	story->step[1].counters[1].counter = TP_C_tcp_duplicate;
	says("refused", "by tcp_input: mqtt_connect_refused (");
}

static void what_is_the_kernels_ends_there(void **state)
{
	(void)state;
	is_steered(TP_GUARD_kernel_port, 10);
	says("left_to_kernel", "by the XDP program of port road: kernel_port (");
	has_line("XDP steering", "to the kernel; kernel_port");
}

/* Where records of a topic are said to be, in the steps and in the lines. */
static bool places_are_told(const char *topic)
{
	json_t *told = story_tell(story, &world), *row;
	bool found = false;
	size_t i;

	json_array_foreach(json_object_get(told, "steps"), i, row)
	{
		const char *name = json_string_value(json_object_get(row, "topic"));

		if (name && strcmp(name, topic) == 0)
			found |= json_is_integer(json_object_get(row, "entry")) ||
			         json_integer_value(json_object_get(row, "offset")) > 0;
	}
	json_array_foreach(json_object_get(told, "lines"), i, row)
	{
		const char *line = json_string_value(row);

		if (strstr(line, topic))
			found |= strstr(line, "entry ") || strstr(line, "offset ");
	}
	json_decref(told);
	return found;
}

static void places_of_alerts_are_not_told_where_lists_are_covert(void **state)
{
	(void)state;
	arrives();
	becomes_record(0, true);
	becomes_record(1, true);
	passes("record_emit", 0);
	ends(0, TP_DELIVERED);
	ends(1, TP_DELIVERED);
	assert_true(places_are_told("one.v1"));
	assert_true(places_are_told("two.v1"));
	world.covert = true;
	assert_true(places_are_told("one.v1"));
	assert_false(places_are_told("two.v1"));
	world.covert = false;
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        CASE(a_datagram_ends_with_its_record),
	        CASE(places_of_alerts_are_not_told_where_lists_are_covert),
	        CASE(the_worst_of_its_records_counts),
	        CASE(a_record_that_is_not_followed_is_not_called_acknowledged),
	        CASE(a_message_ends_with_its_acknowledgement),
	        CASE(a_message_whose_acknowledgement_is_not_followed_is_not_waited_for),
	        CASE(it_is_not_complete_before_its_beginning_was_seen),
	        CASE(what_the_guard_drops_ends_there),
	        CASE(no_prefix_is_named_where_none_denies),
	        CASE(what_a_node_denies_names_the_prefix_too),
	        CASE(no_prefix_is_named_of_another_family),
	        CASE(a_refused_connect_says_why),
	        CASE(what_is_the_kernels_ends_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
