/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sinks, books and the stop: options that go to struct tp_conf nearly as they are.
 */
#include <errno.h>
#include <string.h>

#include "conf.h"

#define NAME_OF_CHOICE(text, value) [value] = text,
static char *const sinks_names[] = {CONF_CHOICES_sink(NAME_OF_CHOICE)};
static char *const sinks_compressions[] = {CONF_CHOICES_compression(NAME_OF_CHOICE)};

/* librdkafka properties that must not be set behind the daemon's back: what sets them, or why they stand. */
static const struct {
	const char *property;
	const char *why;
} sinks_taken[] = {
        {"bootstrap.servers", "set it with sink.kafka.brokers"},
        {"metadata.broker.list", "set it with sink.kafka.brokers"},
        {"client.id", "set it with sink.kafka.client_id"},
        {"compression.codec", "set it with sink.kafka.compression"},
        {"compression.type", "set it with sink.kafka.compression"},
        {"linger.ms", "set it with sink.kafka.linger_ms"},
        {"queue.buffering.max.ms", "set it with sink.kafka.linger_ms"},
        {"delivery.timeout.ms", "set it with sink.kafka.delivery_timeout_ms"},
        {"message.timeout.ms", "set it with sink.kafka.delivery_timeout_ms"},
        {"queue.buffering.max.messages", "set it with sink.kafka.queue_messages"},
        {"acks", "it is always all, or records could be lost"},
        {"request.required.acks", "it is always all, or records could be lost"},
        {"enable.idempotence", "it is always true, or records could be doubled"},
        {"partitioner", "it is always murmur2_random, as stream processors expect"},
};

static void sinks_property(struct conf_build *b, uint32_t i)
{
	const char *text = b->raw->sink.kafka.properties[i], *equals = strchr(text, '=');
	const char *path = CONF_PATH("sink.kafka.properties[%u]", i);

	if (!equals || equals == text) {
		conf_mistake_at(b->doc, path, "found '%s', expected name=value", text);
		return;
	}
	for (size_t k = 0; k < sizeof(sinks_taken) / sizeof(sinks_taken[0]); k++)
		if (strlen(sinks_taken[k].property) == (size_t)(equals - text) &&
		        strncmp(text, sinks_taken[k].property, (size_t)(equals - text)) == 0)
			conf_mistake_at(b->doc, path, "found '%s': %s", text, sinks_taken[k].why);
}

static void sinks_kafka(struct conf_build *b)
{
	const struct conf_kafka *raw = &b->raw->sink.kafka;
	struct tp_conf_kafka *kafka = &b->conf->kafka;

	kafka->brokers = raw->brokers;
	kafka->client_id = raw->client_id;
	kafka->compression = sinks_compressions[raw->compression];
	kafka->linger_ms = raw->linger_ms;
	kafka->delivery_timeout_ms = raw->delivery_timeout_ms;
	kafka->connect_timeout_ms = raw->connect_timeout_ms;
	kafka->queue_messages = raw->queue_messages;
	kafka->create_topics = raw->create_topics;
	kafka->partitions = (int32_t)raw->partitions;
	kafka->replication = (int32_t)raw->replication;
	kafka->properties = raw->properties;
	kafka->properties_count = raw->properties_count;
	if (kafka->delivery_timeout_ms <= kafka->linger_ms)
		conf_mistake_at(b->doc, "sink.kafka.delivery_timeout_ms", "found %u, expected more than linger_ms (%u)",
		        kafka->delivery_timeout_ms, kafka->linger_ms);
	for (uint32_t i = 0; i < raw->properties_count; i++)
		sinks_property(b, i);
}

static int sinks_file(struct conf_build *b)
{
	const struct conf_file *raw = &b->raw->sink.file;
	struct tp_conf_file *file = &b->conf->file;

	file->directory = conf_file_path(b->owned, raw->directory);
	file->fsync = (enum tp_fsync)raw->fsync;
	file->fsync_interval_ms = raw->fsync_interval_ms;
	return file->directory ? 0 : -ENOMEM;
}

int conf_build_sinks(struct conf_build *b)
{
	struct tp_conf *conf = b->conf;

	conf->sink = sinks_names[b->raw->sink.type];
	sinks_kafka(b);
	conf->books_interval_s = b->raw->books.interval_s;
	conf->stats_interval_ms = b->raw->books.stats_interval_ms;
	conf->stop_timeout_ms = b->raw->stop.timeout_ms;
	conf->plan.dlq_rate = b->raw->dead_letters.rate;
	conf->plan.batch_age_us = b->raw->memory.batch_age_us;
	return sinks_file(b);
}
