/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_SINK_KAFKA_H
#define TP_SINK_KAFKA_H
/* What the files of the Kafka sink share. All of it belongs to the control thread. */
#include <librdkafka/rdkafka.h>

#include "sink.h"
#include "tp_conf.h"
#include "tp_port.h"

/* Lets at most a few lines a second through to standard error, and says how many it held back. */
struct kafka_log {
	bool quiet;
	int64_t second; /* of the monotonic clock */
	unsigned int lines, held_back;
	char last[256]; /* the last error, for messages of open() */
};

/* How long no broker was reachable, until that is said. Milliseconds of the monotonic clock. */
struct kafka_away {
	int64_t since_ms;  /* 0: one is reachable */
	int64_t silent_ms; /* no line before that time */
	int64_t lasted_ms; /* of the times that are over and were not said yet */
	unsigned int times;
};

/* One record that waits for its turn: all that librdkafka is told of it, so that handing over reads what lies side by side. */
struct kafka_waiting {
	struct tp_batch *batch;
	int64_t timestamp_ms;
	uint32_t value_off, value_len;
	uint16_t key_len, source;
	uint32_t due_ms; /* monotonic clock, lower 32 bits: when it has waited long enough for others */
};
_Static_assert(sizeof(struct kafka_waiting) == 32, "two a cache line");

/* What goes to one partition of a topic, in order. */
struct kafka_lane {
	struct kafka_waiting *ring; /* NULL: never used; grows */
	uint32_t size;              /* of the ring, a power of two */
	uint32_t first, count;      /* of those that wait */
	uint32_t under_way;         /* handed to librdkafka and without a report */
	bool listed;                /* in the list of lanes with something to send */
	struct kafka_lane *next_listed;
	struct kafka_topic *topic;
};

struct kafka_topic {
	rd_kafka_topic_t *rkt;
	int32_t partitions; /* as last seen by the partitioner; atomic, librdkafka's own threads may call it */
	uint32_t n_lanes;
	struct kafka_lane *lanes;
	uint32_t waiting, under_way;     /* sums of the lanes */
	uint32_t parked[TP_MAX_WORKERS]; /* buckets of which a batch found its lane full: those behind it wait, too */
	uint64_t lost[TP_FAILURE_COUNT]; /* records that were not delivered and that no line has told of, covert ones left out */
	rd_kafka_resp_err_t lost_why[TP_FAILURE_COUNT]; /* what librdkafka said of the last of them; 0: it was not asked */
	int64_t lost_silent_ms;                         /* monotonic clock: no line about it before that time */
	bool astray;                                    /* a report came from another partition than expected */
};

struct tp_sink {
	rd_kafka_t *rk;
	rd_kafka_queue_t *events;   /* delivery reports, errors and log lines */
	struct kafka_topic *topics; /* by topic index */
	unsigned int n_topics;
	struct batch_list waiting;   /* batches with entries that are in no lane yet, in order */
	bool full;                   /* no more can be sorted into lanes now */
	bool fatal;                  /* the producer cannot go on: nothing is handed to it, and a new one is made */
	int64_t renew_at_ms;         /* not before that time */
	bool lost;                   /* some topic has lost records that no line has told of */
	bool forecast;               /* the partitioner is the one the lanes know */
	uint32_t sorted, sorted_max; /* records in lanes and under way */
	struct kafka_lane *listed;
	uint32_t chunk_records, chunk_octets; /* of one request */
	int64_t linger_ms, timeout_ms;
	uint64_t outstanding; /* records without an end */
	unsigned int ended;   /* since the last poll */
	struct kafka_log log;
	struct kafka_away away;
	struct tp_sink_state state;
};

/*
 * The pointer that travels with a message. The message's payload tells the entry: it begins at value_off of the batch's data.
 */

#define KAFKA_SOURCE_SHIFT 48 /* x86-64 has 47 bits of user space addresses */
_Static_assert(sizeof(void *) == 8, "the source travels in the upper 16 bits of a pointer");

static inline void *kafka_opaque(const struct tp_batch *batch, uint16_t source)
{
	return (void *)((uintptr_t)batch | (uintptr_t)source << KAFKA_SOURCE_SHIFT);
}

static inline struct tp_batch *kafka_opaque_batch(void *opaque)
{
	return (struct tp_batch *)((uintptr_t)opaque & ((UINT64_C(1) << KAFKA_SOURCE_SHIFT) - 1));
}

static inline uint16_t kafka_opaque_source(void *opaque)
{
	return (uint16_t)((uintptr_t)opaque >> KAFKA_SOURCE_SHIFT);
}

/* Makes the producer as configured, and sets what the sink needs to know of that. 0 or -EINVAL with the sentence in err. */
int kafka_conf_producer(struct tp_sink *sink, const struct tp_conf_kafka *conf, char *err, size_t err_len);

/* Waits for a broker and sees to it that every topic of the plan is there. 0 or -errno with the sentence in err. */
int kafka_topics_prepare(
        struct tp_sink *sink, const struct tp_conf *conf, const struct tp_plan_spec *plan, char *err, size_t err_len);

/* The object of a topic at a producer, whose messages go where the lanes expect. NULL: rd_kafka_last_error(). */
rd_kafka_topic_t *kafka_topics_object(const struct tp_sink *sink, rd_kafka_t *rk, struct kafka_topic *topic, const char *name);

/* The producer cannot go on: what it has under way fails. */
void kafka_renew_ask(struct tp_sink *sink);
/* Makes the new producer once nothing is under way. */
void kafka_renew_serve(struct tp_sink *sink);

/* Reads what waits in the event queue; waits at most timeout_ms for the first. Returns false where there was nothing. */
bool kafka_events(struct tp_sink *sink, int timeout_ms);

/* One record of a batch has ended, the one whose value begins there; where it failed, it is marked. The last one gives the batch back. */
void kafka_ended(struct tp_sink *sink, struct tp_batch *batch, uint32_t value_off, uint16_t source, int outcome);
/* The same for its trace, where it is traced; before kafka_ended(). */
void kafka_traced(const struct tp_batch *batch, uint32_t value_off, int outcome, int32_t partition, int64_t offset);
/* One of those who wait for the batch no longer does: a record, or the line it stands in. The last one gives it back. */
void kafka_release(struct tp_batch *batch);
/* The outcome that stands for an error of librdkafka. */
int kafka_outcome(rd_kafka_resp_err_t err);

/* ---- kafka_state.c --------------------------------------------------------------------------------------------------------- */
#define KAFKA_STATISTICS_MS "2000"
/* librdkafka's statistics came, as JSON. */
void kafka_state_read(struct tp_sink *sink, const char *text);
/* An error came; its text is in the log. all_down: there is no connection left. */
void kafka_state_error(struct tp_sink *sink, bool all_down);
/* There is no connection left: what the last statistics said of connections holds no more. */
void kafka_state_down(struct tp_sink *sink);
/*
 * Looks at state.reachable: a line says when brokers are reachable again and how long they were away. now_ms: the monotonic clock. A line at most in
 * KAFKA_AWAY_SILENT_MS; what came and went meanwhile is in the next one together.
 */
#define KAFKA_AWAY_SILENT_MS 60000
void kafka_state_away(struct tp_sink *sink, int64_t now_ms);
void kafka_state(const struct tp_sink *sink, struct tp_sink_state *state);

/* ---- kafka_lost.c ---------------------------------------------------------------------------------------------------------- */
#define KAFKA_LOST_SILENT_MS 5000
/* A record that is not covert was lost in that way, a TP_FAILURE_. */
void kafka_lost(struct tp_sink *sink, struct kafka_topic *topic, int outcome);
/* What librdkafka says of a record that is lost in that way. */
void kafka_lost_why(struct kafka_topic *topic, int outcome, rd_kafka_resp_err_t why);
/* Tells of them, a topic at most once in KAFKA_LOST_SILENT_MS. now_ms: the monotonic clock; INT64_MAX: whatever is left. */
void kafka_lost_tell(struct tp_sink *sink, int64_t now_ms);

/* ---- kafka_lanes.c --------------------------------------------------------------------------------------------------------- */
/* Memory for the topics. 0 or -ENOMEM. */
int kafka_lanes_open(struct tp_sink *sink, unsigned int n_topics);
void kafka_lanes_close(struct tp_sink *sink);
/* The partitioner of every topic: murmur2_random, which also tells the lanes how many partitions there are. Any thread. */
int32_t kafka_lanes_partition(
        const rd_kafka_topic_t *rkt, const void *key, size_t key_len, int32_t partitions, void *rkt_opaque, void *msg_opaque);
/* Sorts waiting batches into lanes and hands over what is due. */
void kafka_lanes_serve(struct tp_sink *sink);
/* A report came for a record of that topic from that partition. */
void kafka_lanes_reported(struct kafka_topic *topic, int32_t partition);
/* Ends what librdkafka never got as `purged`. */
void kafka_lanes_purge(struct tp_sink *sink);

#endif
