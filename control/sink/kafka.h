/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_SINK_KAFKA_H
#define TP_SINK_KAFKA_H
/* What the files of the Kafka sink share. All of it belongs to the control thread. */
#include <librdkafka/rdkafka.h>

#include "sink.h"
#include "tp_conf.h"

/* Lets at most a few lines a second through to standard error, and says how many it held back. */
struct kafka_log {
	bool quiet;
	int64_t second; /* of the monotonic clock */
	unsigned int lines, held_back;
	char last[256]; /* the last error, for messages of open() */
};

struct tp_sink {
	rd_kafka_t *rk;
	rd_kafka_queue_t *events;  /* delivery reports, errors and log lines */
	rd_kafka_topic_t **topics; /* by topic index */
	unsigned int n_topics;
	struct batch_list waiting; /* batches with entries that librdkafka has not taken yet, in order */
	bool full;                 /* librdkafka's queue was full when last tried */
	uint64_t outstanding;      /* records without an end */
	unsigned int ended;        /* since the last poll */
	struct kafka_log log;
};

/* The producer as configured. NULL with the sentence in err. */
rd_kafka_t *kafka_conf_producer(const struct tp_conf_kafka *conf, char *err, size_t err_len);

/* Waits for a broker and sees to it that every topic of the plan is there. 0 or -errno with the sentence in err. */
int kafka_topics_prepare(
        struct tp_sink *sink, const struct tp_conf *conf, const struct tp_plan_spec *plan, char *err, size_t err_len);

/* Reads what waits in the event queue; waits at most timeout_ms for the first. Returns false where there was nothing. */
bool kafka_events(struct tp_sink *sink, int timeout_ms);

/* Milliseconds of the monotonic clock. */
int64_t kafka_now_ms(void);

#endif
