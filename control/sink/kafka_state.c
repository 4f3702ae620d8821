/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How Kafka is: librdkafka's own statistics, every KAFKA_STATISTICS_MS, of which only what the cluster as a whole says is kept. librdkafka connects
 * to brokers that it has something to send to, so fewer connections than brokers is nothing to worry about; none at all is.
 *
 * What keeps a broker away is said when librdkafka says it (kafka.c); that there is one again is said here, when the statistics show it: so the time that
 * they were away is known to KAFKA_STATISTICS_MS.
 */
#include <jansson.h>
#include <string.h>

#include "kafka.h"
#include "tp_clock.h"
#include "tp_log.h"

static bool state_is_up(const json_t *broker)
{
	const char *word = json_string_value(json_object_get(broker, "state"));

	return word && (strcmp(word, "UP") == 0 || strcmp(word, "UPDATE") == 0);
}

static int64_t state_number(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

/* Brokers that were only named in the configuration have no number yet, or stand in the list a second time. */
static void state_brokers(json_t *brokers, struct tp_sink_state *state)
{
	int64_t rtt_us = 0, measured = 0;
	const char *name;
	json_t *broker;

	state->brokers = state->brokers_up = 0;
	state->reachable = 0;
	json_object_foreach(brokers, name, broker)
	{
		int64_t average = state_number(json_object_get(broker, "rtt"), "avg");

		if (state_is_up(broker))
			state->reachable = 1;
		if (average > 0) {
			rtt_us += average;
			measured++;
		}
		if (state_number(broker, "nodeid") < 0)
			continue;
		state->brokers++;
		state->brokers_up += state_is_up(broker);
	}
	state->rtt_us = measured ? (uint32_t)(rtt_us / measured) : 0;
}

static void state_say_back(struct kafka_away *away)
{
	double s = (double)away->lasted_ms / 1000;

	if (away->times == 1)
		tp_log_at(TP_LOG_NOTICE, "kafka: brokers are reachable again, after %.1f s", s);
	else
		tp_log_at(TP_LOG_NOTICE, "kafka: brokers are reachable again; they were away %u times, %.1f s in all", away->times,
		        s);
	away->times = 0;
	away->lasted_ms = 0;
}

void kafka_state_away(struct tp_sink *sink, int64_t now_ms)
{
	struct kafka_away *away = &sink->away;

	if (sink->log.quiet)
		return;
	if (!sink->state.reachable) {
		if (away->since_ms == 0)
			away->since_ms = now_ms;
		return;
	}
	if (away->since_ms) {
		away->times++;
		away->lasted_ms += now_ms - away->since_ms;
		away->since_ms = 0;
	}
	if (away->times && now_ms >= away->silent_ms) {
		state_say_back(away);
		away->silent_ms = now_ms + KAFKA_AWAY_SILENT_MS;
	}
}

void kafka_state_read(struct tp_sink *sink, const char *text)
{
	json_t *all = json_loads(text, 0, NULL);

	if (!all)
		return;
	state_brokers(json_object_get(all, "brokers"), &sink->state);
	sink->state.queued = (uint64_t)state_number(all, "msg_cnt");
	sink->state.sent_records = (uint64_t)state_number(all, "txmsgs");
	sink->state.sent_bytes = (uint64_t)state_number(all, "tx_bytes");
	json_decref(all);
	kafka_state_away(sink, tp_clock_ms(CLOCK_MONOTONIC));
}

void kafka_state_error(struct tp_sink *sink, bool all_down)
{
	sink->state.error_at_us = tp_clock_us(CLOCK_REALTIME);
	snprintf(sink->state.error, sizeof(sink->state.error), "%s", sink->log.last);
	if (all_down)
		kafka_state_down(sink);
}

void kafka_state_down(struct tp_sink *sink)
{
	sink->state.reachable = 0;
	sink->state.brokers_up = 0;
	kafka_state_away(sink, tp_clock_ms(CLOCK_MONOTONIC));
}

void kafka_state(const struct tp_sink *sink, struct tp_sink_state *state)
{
	*state = sink->state;
}
