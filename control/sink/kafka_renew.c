/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A new producer in place of one that cannot go on. librdkafka calls an error fatal when it can no longer promise each record once and in order
 * (a broker that knows nothing of the producer's last sequence number, a producer id that was fenced): from then on that producer refuses
 * everything, and a sink that kept it would be dead until somebody restarts it.
 *
 * What it has under way gets no acknowledgement: it ends as broker_error, whether a broker has it or not. What still waits in lanes and batches
 * was never handed over; it goes to the new producer in the order it has. The new producer has the old one's configuration and
 * topics, and the old one is destroyed when its last report is in.
 */
#include <stdio.h>

#include "kafka.h"
#include "tp_clock.h"
#include "tp_log.h"

#define RENEW_AGAIN_MS 1000 /* after a producer that could not be made */

void kafka_renew_ask(struct tp_sink *sink)
{
	if (sink->fatal)
		return;
	sink->fatal = true;
	sink->renew_at_ms = 0;
	rd_kafka_purge(sink->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
}

static bool renew_settled(const struct tp_sink *sink)
{
	for (unsigned int i = 0; i < sink->n_topics; i++)
		if (sink->topics[i].under_way)
			return false;
	return true;
}

/* The same topics at another producer; NULL in rkt[i] where one could not be made. */
static bool renew_topics(struct tp_sink *sink, rd_kafka_t *rk, rd_kafka_topic_t **rkt)
{
	bool all = true;

	for (unsigned int i = 0; i < sink->n_topics; i++) {
		rkt[i] = kafka_topics_object(sink, rk, &sink->topics[i], rd_kafka_topic_name(sink->topics[i].rkt));
		all &= rkt[i] != NULL;
	}
	return all;
}

static void renew_drop(rd_kafka_t *rk, rd_kafka_topic_t *const *rkt, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		if (rkt[i])
			rd_kafka_topic_destroy(rkt[i]);
	rd_kafka_destroy(rk);
}

static void renew_swap(struct tp_sink *sink, rd_kafka_t *rk, rd_kafka_topic_t *const *rkt)
{
	rd_kafka_topic_t *old[TP_MAX_TOPICS];
	rd_kafka_t *gone = sink->rk;

	for (unsigned int i = 0; i < sink->n_topics; i++) {
		old[i] = sink->topics[i].rkt;
		sink->topics[i].rkt = rkt[i];
	}
	rd_kafka_queue_destroy(sink->events);
	sink->rk = rk;
	rd_kafka_set_log_queue(rk, NULL);
	sink->events = rd_kafka_queue_get_main(rk);
	renew_drop(gone, old, sink->n_topics);
}

void kafka_renew_serve(struct tp_sink *sink)
{
	rd_kafka_topic_t *rkt[TP_MAX_TOPICS];
	rd_kafka_conf_t *conf;
	rd_kafka_t *rk;
	char why[512];

	if (!sink->fatal || !renew_settled(sink) || tp_clock_ms(CLOCK_MONOTONIC) < sink->renew_at_ms)
		return;
	sink->renew_at_ms = tp_clock_ms(CLOCK_MONOTONIC) + RENEW_AGAIN_MS;
	conf = rd_kafka_conf_dup(rd_kafka_conf(sink->rk));
	rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
	if (!rk) {
		tp_log_at(TP_LOG_WARNING, "kafka: no new producer: %s", why);
		rd_kafka_conf_destroy(conf);
	} else if (!renew_topics(sink, rk, rkt)) {
		tp_log_at(TP_LOG_WARNING, "kafka: no new producer: %s", rd_kafka_err2str(rd_kafka_last_error()));
		renew_drop(rk, rkt, sink->n_topics);
	} else {
		renew_swap(sink, rk, rkt);
		sink->fatal = false;
		tp_log_at(TP_LOG_WARNING, "kafka: a new producer takes the place of the one that could not go on");
	}
}
