/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * kafka_bare: the reference of kafka.cpu_per_record. Reads a topic into memory, then sends N of its keys and values, in the mix of partitions
 * that the topic was written in ("mixed") or one partition's in long runs, as a consumer gets them ("runs"), to another topic with the shortest librdkafka loop there is (rd_kafka_produce() with a copy, a report
 * callback, rd_kafka_poll()) and prints what a record cost in CPU time of all threads of this process, from the first record to the last
 * acknowledgement. All of it goes once before, to warm up.
 *
 * usage: kafka_bare BROKERS FROM-TOPIC TO-TOPIC RECORDS mixed|runs NAME=VALUE...     (properties of the producer)
 * Prints two lines: nanoseconds a record and octets of a value on average; the same time by thread.
 */
#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "thread_cpu.h"

#define WAIT_MS        10000
#define PARTITIONS_MAX 64

struct message {
	char *key, *value;
	size_t key_len, value_len;
	int32_t partition;
	double place; /* in its partition, 0..1 */
};

static struct message *messages;
static unsigned int n_messages, acknowledged;

static void die(const char *what, const char *why)
{
	fprintf(stderr, "kafka_bare: %s: %s\n", what, why);
	exit(1);
}

static void conf_set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
	char why[512];

	if (rd_kafka_conf_set(conf, name, value, why, sizeof(why)) != RD_KAFKA_CONF_OK)
		die(name, why);
}

static rd_kafka_t *kafka_new(rd_kafka_type_t type, rd_kafka_conf_t *conf)
{
	char why[512];
	rd_kafka_t *rk = rd_kafka_new(type, conf, why, sizeof(why));

	if (!rk)
		die("librdkafka", why);
	return rk;
}

static void *copy(const void *data, size_t n)
{
	void *p = malloc(n + 1);

	if (!p)
		die("memory", "exhausted");
	return memcpy(p, data, n);
}

/* ---- reading ------------------------------------------------------------------------------------------------------------------ */
static rd_kafka_t *reader_open(const char *brokers, const char *topic)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
	rd_kafka_t *rk;

	conf_set(conf, "bootstrap.servers", brokers);
	conf_set(conf, "group.id", topic);
	conf_set(conf, "auto.offset.reset", "earliest");
	conf_set(conf, "enable.auto.commit", "false");
	conf_set(conf, "enable.partition.eof", "true");
	rk = kafka_new(RD_KAFKA_CONSUMER, conf);
	rd_kafka_poll_set_consumer(rk);
	rd_kafka_topic_partition_list_add(topics, topic, RD_KAFKA_PARTITION_UA);
	if (rd_kafka_subscribe(rk, topics) != RD_KAFKA_RESP_ERR_NO_ERROR)
		die(topic, "cannot subscribe");
	rd_kafka_topic_partition_list_destroy(topics);
	return rk;
}

static bool keep(const rd_kafka_message_t *m, unsigned int room)
{
	if (n_messages == room || m->partition < 0 || m->partition >= PARTITIONS_MAX)
		return false;
	messages[n_messages++] = (struct message){
	        copy(m->key, m->key_len), copy(m->payload, m->len), m->key_len, m->len, m->partition, (double)m->offset};
	return true;
}

static int by_place(const void *a, const void *b)
{
	double x = ((const struct message *)a)->place, y = ((const struct message *)b)->place;

	return x < y ? -1 : x > y;
}

/*
 * A consumer gets a partition's records in long runs. Sent like that they would meet one partition at a time, so they are mixed again: each
 * partition's in order, all of them evenly from the first to the last.
 */
static void mix(const int64_t *n_of_partition)
{
	for (unsigned int i = 0; i < n_messages; i++)
		messages[i].place /= (double)n_of_partition[messages[i].partition];
	qsort(messages, n_messages, sizeof(*messages), by_place);
}

/* Puts the first n side by side in the order in which they will be sent. */
static void pack(unsigned int n)
{
	size_t octets = 0;
	char *to;

	for (unsigned int i = 0; i < n; i++)
		octets += messages[i].key_len + messages[i].value_len;
	to = malloc(octets + 1);
	if (!to)
		die("memory", "exhausted");
	for (unsigned int i = 0; i < n_messages; i++) {
		struct message *m = &messages[i];
		char *key = m->key, *value = m->value;

		if (i < n) {
			m->key = memcpy(to, key, m->key_len);
			m->value = memcpy(to + m->key_len, value, m->value_len);
			to += m->key_len + m->value_len;
		}
		free(key);
		free(value);
	}
	n_messages = n;
}

/* Reads the topic to its end. */
static void read_messages(const char *brokers, const char *topic, unsigned int wanted, bool mixed)
{
	int64_t n_of_partition[PARTITIONS_MAX] = {0};
	rd_kafka_topic_partition_list_t *assigned;
	rd_kafka_t *rk = reader_open(brokers, topic);
	unsigned int room = 8 * wanted;
	int ends = 0, partitions = 1;

	messages = calloc(room, sizeof(*messages));
	while (ends < partitions) {
		rd_kafka_message_t *m = rd_kafka_consumer_poll(rk, WAIT_MS);

		if (!m)
			die(topic, "does not end");
		if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
			ends++;
			rd_kafka_assignment(rk, &assigned);
			partitions = assigned->cnt;
			rd_kafka_topic_partition_list_destroy(assigned);
		} else if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR && keep(m, room)) {
			n_of_partition[m->partition]++;
		}
		rd_kafka_message_destroy(m);
	}
	if (n_messages < wanted)
		die(topic, "holds fewer records than expected");
	if (mixed)
		mix(n_of_partition);
	pack(wanted);
	rd_kafka_consumer_close(rk);
	rd_kafka_destroy(rk);
}

/* ---- sending ------------------------------------------------------------------------------------------------------------------ */
static void report(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
	(void)rk;
	(void)opaque;
	if (message->err)
		die("not acknowledged", rd_kafka_err2str(message->err));
	acknowledged++;
}

static rd_kafka_t *writer_open(const char *brokers, char **properties)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();

	conf_set(conf, "bootstrap.servers", brokers);
	for (; *properties; properties++) {
		char *value = strchr(*properties, '=');

		if (!value)
			die(*properties, "expected NAME=VALUE");
		*value = '\0';
		conf_set(conf, *properties, value + 1);
	}
	rd_kafka_conf_set_dr_msg_cb(conf, report);
	return kafka_new(RD_KAFKA_PRODUCER, conf);
}

static void send_messages(rd_kafka_t *rk, rd_kafka_topic_t *topic)
{
	acknowledged = 0;
	for (unsigned int i = 0; i < n_messages; i++) {
		const struct message *m = &messages[i];

		while (rd_kafka_produce(topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, m->value, m->value_len, m->key,
		               m->key_len, NULL) != 0) {
			if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL)
				die("produce", rd_kafka_err2str(rd_kafka_last_error()));
			rd_kafka_poll(rk, 1);
		}
		if (i % 1024 == 0)
			rd_kafka_poll(rk, 0);
	}
	while (acknowledged < n_messages)
		rd_kafka_poll(rk, 10);
}

int main(int argc, char **argv)
{
	rd_kafka_topic_t *topic;
	static struct thread_cpu from, to;
	double octets = 0;
	rd_kafka_t *rk;

	if (argc < 6 || strtoul(argv[4], NULL, 10) == 0) {
		fprintf(stderr, "usage: kafka_bare BROKERS FROM-TOPIC TO-TOPIC RECORDS mixed|runs NAME=VALUE...\n");
		return 2;
	}
	read_messages(argv[1], argv[2], (unsigned int)strtoul(argv[4], NULL, 10), strcmp(argv[5], "mixed") == 0);
	for (unsigned int i = 0; i < n_messages; i++)
		octets += (double)messages[i].value_len;
	rk = writer_open(argv[1], argv + 6);
	topic = rd_kafka_topic_new(rk, argv[3], NULL);
	send_messages(rk, topic);
	thread_cpu_take(&from);
	send_messages(rk, topic);
	thread_cpu_take(&to);
	printf("%.1f %.1f\n", (to.process_ns - from.process_ns) / n_messages, octets / n_messages);
	thread_cpu_print(&from, &to, n_messages);
	rd_kafka_topic_destroy(topic);
	rd_kafka_destroy(rk);
	return 0;
}
