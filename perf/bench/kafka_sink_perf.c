/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * kafka.sink_per_record: what a record costs in CPU time from its bytes in a batch to its acknowledgement by a real
 * broker.
 *
 *   (a) bare   the shortest librdkafka loop: rd_kafka_produce() with a copy of the value, a report callback, rd_kafka_poll()
 *   (b) sink   the record is appended to a batch, as a worker does, and the batch goes through the Kafka sink and the ledger
 *
 * Both send the same bytes with the same keys to the same topic with the same settings, in turns, each round with a producer of
 * its own; which of them begins changes from round to round. Measured is the time between the first record and the last
 * acknowledgement, all threads of the process (getrusage), after a short run that warms connection, topic and memory. The ratio
 * is that of the medians.
 *
 * usage: kafka_sink_perf BROKERS [RECORDS [ROUNDS [COMPRESSION]]]
 * Prints one JSON line: name, value, unit, reference, ratio, runs; and reference_value, values, reference_values with every round.
 */
#include <errno.h>
#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "tp_books.h"
#include "tp_conf.h"
#include "tp_port.h"
#include "tp_worker.h"

#define VALUE_OCTETS   200
#define DEVICES        64
#define MAX_ROUNDS     99
#define BATCHES        64
#define BATCH_OCTETS   (256 * 1024)
#define QUEUE_MESSAGES 100000
#define TOPIC          "turnpike.perf.kafka"

static const struct tp_topic topic = {.name = TOPIC, .kind = TP_KIND_bsm};
static const struct tp_plan_spec plan = {.topics = &topic, .n_topics = 1};

static struct tp_conf conf = {.kafka = {
                                      .linger_ms = 5,
                                      .delivery_timeout_ms = 120000,
                                      .connect_timeout_ms = 10000,
                                      .queue_messages = QUEUE_MESSAGES,
                                      .create_topics = true,
                                      .partitions = 3,
                                      .replication = 1,
                              }};

/* The bytes of the records: text of the size of an encoded plate read or BSM, no two alike, compressible as such records are. */
static uint8_t *values;
static char keys[DEVICES][16];
static unsigned int n_values;

static const uint8_t *value_of(unsigned int i)
{
	return values + (size_t)(i % n_values) * VALUE_OCTETS;
}

static void die(const char *what, const char *why)
{
	fprintf(stderr, "kafka_sink_perf: %s: %s\n", what, why);
	exit(1);
}

static void make_records(void)
{
	uint64_t x = 88172645463325252;

	n_values = 8192;
	values = malloc((size_t)n_values * VALUE_OCTETS);
	for (unsigned int i = 0; i < DEVICES; i++)
		snprintf(keys[i], sizeof(keys[i]), "rsu-%05u", i);
	for (size_t i = 0; i < (size_t)n_values * VALUE_OCTETS; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		values[i] = i % 2 ? (uint8_t)('0' + x % 10) : (uint8_t)(x >> 32);
	}
}

static int64_t cpu_ns(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * INT64_C(1000000000) +
	       (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * INT64_C(1000);
}

/* ---- (a) a bare librdkafka loop ------------------------------------------------------------------------------------------ */

static unsigned int bare_acknowledged;

static void bare_report(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
	(void)rk;
	(void)opaque;
	if (message->err)
		die("bare loop", rd_kafka_err2str(message->err));
	bare_acknowledged++;
}

static rd_kafka_t *bare_open(void)
{
	char queue[16], linger[16], timeout[16], why[512];
	const char *const settings[][2] = {
	        {"bootstrap.servers", conf.kafka.brokers},
	        {"enable.idempotence", "true"},
	        {"acks", "all"},
	        {"partitioner", "murmur2_random"},
	        {"compression.codec", conf.kafka.compression},
	        {"linger.ms", linger},
	        {"delivery.timeout.ms", timeout},
	        {"queue.buffering.max.messages", queue},
	};
	rd_kafka_conf_t *rk_conf = rd_kafka_conf_new();
	rd_kafka_t *rk;

	snprintf(queue, sizeof(queue), "%u", conf.kafka.queue_messages);
	snprintf(linger, sizeof(linger), "%u", conf.kafka.linger_ms);
	snprintf(timeout, sizeof(timeout), "%u", conf.kafka.delivery_timeout_ms);
	for (unsigned int i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		if (rd_kafka_conf_set(rk_conf, settings[i][0], settings[i][1], why, sizeof(why)) != RD_KAFKA_CONF_OK)
			die(settings[i][0], why);
	rd_kafka_conf_set_dr_msg_cb(rk_conf, bare_report);
	rk = rd_kafka_new(RD_KAFKA_PRODUCER, rk_conf, why, sizeof(why));
	if (!rk)
		die("bare loop", why);
	return rk;
}

static void bare_send(rd_kafka_t *rk, rd_kafka_topic_t *rkt, unsigned int first, unsigned int n)
{
	bare_acknowledged = 0;
	for (unsigned int i = first; i < first + n; i++) {
		const char *key = keys[i % DEVICES];

		while (rd_kafka_produce(rkt, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, (void *)value_of(i), VALUE_OCTETS, key,
		               strlen(key), NULL) != 0) {
			if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL)
				die("bare loop", rd_kafka_err2str(rd_kafka_last_error()));
			rd_kafka_poll(rk, 1);
		}
		if (i % 1024 == 0)
			rd_kafka_poll(rk, 0);
	}
	while (bare_acknowledged < n)
		rd_kafka_poll(rk, 1);
}

static double bare_round(unsigned int records, unsigned int warm)
{
	rd_kafka_t *rk = bare_open();
	rd_kafka_topic_t *rkt = rd_kafka_topic_new(rk, TOPIC, NULL);
	int64_t start;

	bare_send(rk, rkt, 0, warm);
	start = cpu_ns();
	bare_send(rk, rkt, warm, records);
	start = cpu_ns() - start;
	rd_kafka_topic_destroy(rkt);
	rd_kafka_destroy(rk);
	return (double)start / records;
}

/* ---- (b) batches and the sink -------------------------------------------------------------------------------------------- */

static struct tp_batch *free_batches; /* linked by sink_data: what a worker's channel holds */
static unsigned int n_free;

void tp_topic_partitions_set(uint16_t index, uint32_t partitions)
{
	(void)index;
	(void)partitions;
}

void tp_channel_give_back(struct tp_batch *batch)
{
	batch->count = 0;
	batch->used = 0;
	batch->sink_data = free_batches;
	free_batches = batch;
	n_free++;
}

/* No workers here: the books are not taken. */
void tp_book_seen(unsigned int source, struct tp_seen *seen)
{
	(void)source;
	*seen = (struct tp_seen){0};
}

uint64_t tp_book_sum(unsigned int source, enum tp_counter counter)
{
	(void)source;
	(void)counter;
	return 0;
}

void tp_book_add(unsigned int source, uint64_t *c)
{
	(void)source;
	(void)c;
}

int tp_port_stats(unsigned int port, struct tp_port_stats *stats)
{
	(void)port;
	(void)stats;
	return -ENODEV;
}

static void make_batches(void)
{
	for (unsigned int i = 0; i < BATCHES; i++) {
		struct tp_batch *batch = calloc(1, sizeof(*batch));

		batch->capacity = BATCH_OCTETS;
		batch->data = malloc(BATCH_OCTETS);
		batch->entry_capacity = BATCH_OCTETS / VALUE_OCTETS;
		batch->entries = calloc(batch->entry_capacity, sizeof(*batch->entries));
		tp_channel_give_back(batch);
	}
}

/* Fills a batch from the record `from` on as a worker does; returns how many went in. */
static unsigned int fill(struct tp_batch *batch, unsigned int from, unsigned int n, int64_t now_ms)
{
	while (batch->count < n && batch->used + VALUE_OCTETS + sizeof(keys[0]) <= batch->capacity) {
		unsigned int i = from + batch->count;
		const char *key = keys[i % DEVICES];
		size_t key_len = strlen(key);
		struct tp_batch_entry *e = &batch->entries[batch->count++];

		memcpy(batch->data + batch->used, key, key_len);
		memcpy(batch->data + batch->used + key_len, value_of(i), VALUE_OCTETS);
		e->timestamp_ms = now_ms;
		e->value_off = batch->used + (uint32_t)key_len;
		e->value_len = VALUE_OCTETS;
		e->key_len = (uint16_t)key_len;
		e->source = (uint16_t)(1 + i % DEVICES);
		e->kind = TP_KIND_bsm;
		batch->used += (uint32_t)key_len + VALUE_OCTETS;
	}
	return batch->count;
}

static void sink_send(struct tp_sink *sink, const struct tp_sink_ops *ops, unsigned int first, unsigned int n)
{
	unsigned int done = 0;

	while (done < n) {
		struct tp_batch *batch = free_batches;

		if (!batch || ops->busy(sink)) {
			ops->poll(sink, 1);
			continue;
		}
		free_batches = batch->sink_data;
		n_free--;
		done += fill(batch, first + done, n - done, (int64_t)time(NULL) * 1000);
		ops->submit(sink, batch);
		ops->poll(sink, 0);
	}
	while (ops->outstanding(sink))
		ops->poll(sink, 1);
}

static double sink_round(unsigned int records, unsigned int warm)
{
	const struct tp_sink_ops *ops = tp_sink_by_name("kafka");
	struct tp_books_snapshot snap;
	struct tp_sink *sink;
	char why[1024];
	int64_t start;

	if (tp_ledger_init(DEVICES + 1) != 0 || ops->open(&conf, &plan, &sink, why, sizeof(why)) != 0)
		die("sink", why);
	sink_send(sink, ops, 0, warm);
	start = cpu_ns();
	sink_send(sink, ops, warm, records);
	start = cpu_ns() - start;
	ops->close(sink);
	if (tp_books_take(&snap, DEVICES + 1, 0) != 0 || snap.total.acknowledged != records + warm || n_free != BATCHES)
		die("sink", "not every record was acknowledged");
	tp_books_release(&snap);
	tp_ledger_fini();
	return (double)start / records;
}

/* ---- the result ---------------------------------------------------------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(const double *runs, unsigned int n)
{
	double sorted[MAX_ROUNDS];

	memcpy(sorted, runs, n * sizeof(*runs));
	qsort(sorted, n, sizeof(*sorted), by_value);
	return n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

static void print_values(const char *name, const double *runs, unsigned int n)
{
	printf(", \"%s\": [", name);
	for (unsigned int i = 0; i < n; i++)
		printf("%s%.1f", i ? ", " : "", runs[i]);
	putchar(']');
}

int main(int argc, char **argv)
{
	unsigned int records = argc > 2 ? (unsigned int)strtoul(argv[2], NULL, 10) : 300000;
	unsigned int rounds = argc > 3 ? (unsigned int)strtoul(argv[3], NULL, 10) : 7;
	char none[] = "none";
	double bare[MAX_ROUNDS], sink[MAX_ROUNDS];

	if (argc < 2 || records == 0 || rounds == 0 || rounds > MAX_ROUNDS) {
		fprintf(stderr, "usage: kafka_sink_perf BROKERS [RECORDS [ROUNDS [COMPRESSION]]]\n");
		return 2;
	}
	conf.kafka.brokers = argv[1];
	conf.kafka.compression = argc > 4 ? argv[4] : none;
	make_records();
	make_batches();
	sink_round(records / 10, 0); /* creates the topic */
	for (unsigned int i = 0; i < rounds; i++) {
		if (i % 2)
			sink[i] = sink_round(records, records / 10);
		bare[i] = bare_round(records, records / 10);
		if (i % 2 == 0)
			sink[i] = sink_round(records, records / 10);
	}
	printf("{\"name\": \"kafka.sink_per_record\", \"value\": %.1f, \"unit\": \"ns/record\", \"reference\": \"bare librdkafka "
	       "loop\"",
	        median(sink, rounds));
	printf(", \"reference_value\": %.1f, \"ratio\": %.3f", median(bare, rounds), median(sink, rounds) / median(bare, rounds));
	printf(", \"runs\": %u", rounds);
	print_values("values", sink, rounds);
	print_values("reference_values", bare, rounds);
	puts("}");
	return 0;
}
