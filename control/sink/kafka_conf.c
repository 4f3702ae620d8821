/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The producer's configuration: what turnpike needs, then what the options say, then the user's own properties, which may
 * override any of it. librdkafka checks names and values, its sentence goes to the user together with the property.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kafka.h"

/* The lanes of the sink gather records; librdkafka only has to wait until a chunk is complete, which takes it less than this. */
#define KAFKA_LINGER_MS     "2"
#define KAFKA_CHUNK_RECORDS "4000"
/* A broker that is back is found this soon; librdkafka's default lets those who wait for it wait ten seconds longer. */
#define KAFKA_RECONNECT_MS "500"

static int kafka_conf_set(rd_kafka_conf_t *conf, const char *name, const char *value, char *err, size_t err_len)
{
	char why[512];

	if (rd_kafka_conf_set(conf, name, value, why, sizeof(why)) == RD_KAFKA_CONF_OK)
		return 0;
	snprintf(err, err_len, "sink.kafka: property '%s' = '%s': %s", name, value, why);
	return -1;
}

static int kafka_conf_set_number(rd_kafka_conf_t *conf, const char *name, uint32_t value, char *err, size_t err_len)
{
	char text[16];

	snprintf(text, sizeof(text), "%" PRIu32, value);
	return kafka_conf_set(conf, name, text, err, err_len);
}

/*
 * What the sink relies on. message.copy.max.bytes: librdkafka sends larger values from where they lie, even after a purge has ended
 * them and their batch went back; with everything copied into its request buffers the batch is free once its reports are in.
 */
static int kafka_conf_base(rd_kafka_conf_t *conf, char *err, size_t err_len)
{
	static const char *const base[][2] = {
	        {"enable.idempotence", "true"},
	        {"acks", "all"},
	        {"partitioner", "murmur2_random"},
	        {"message.copy.max.bytes", "1000000000"},
	        {"log.queue", "true"},
	        {"statistics.interval.ms", KAFKA_STATISTICS_MS},
	        {"linger.ms", KAFKA_LINGER_MS},
	        {"batch.num.messages", KAFKA_CHUNK_RECORDS},
	        {"reconnect.backoff.max.ms", KAFKA_RECONNECT_MS},
	};

	for (unsigned int i = 0; i < sizeof(base) / sizeof(base[0]); i++)
		if (kafka_conf_set(conf, base[i][0], base[i][1], err, err_len) != 0)
			return -1;
	return 0;
}

static int kafka_conf_options(rd_kafka_conf_t *rk_conf, const struct tp_conf_kafka *conf, char *err, size_t err_len)
{
	if (kafka_conf_set(rk_conf, "bootstrap.servers", conf->brokers, err, err_len) != 0 ||
	        kafka_conf_set_number(rk_conf, "delivery.timeout.ms", conf->delivery_timeout_ms, err, err_len) != 0)
		return -1;
	if (conf->client_id && kafka_conf_set(rk_conf, "client.id", conf->client_id, err, err_len) != 0)
		return -1;
	if (conf->compression && kafka_conf_set(rk_conf, "compression.codec", conf->compression, err, err_len) != 0)
		return -1;
	if (conf->queue_messages &&
	        kafka_conf_set_number(rk_conf, "queue.buffering.max.messages", conf->queue_messages, err, err_len) != 0)
		return -1;
	return 0;
}

/* "name=value" as the user wrote it. */
static int kafka_conf_property(rd_kafka_conf_t *conf, const char *property, char *err, size_t err_len)
{
	const char *equals = strchr(property, '=');
	char *name;
	int rc;

	if (!equals || equals == property) {
		snprintf(err, err_len, "sink.kafka.properties: '%s': expected name=value", property);
		return -1;
	}
	name = strndup(property, (size_t)(equals - property));
	if (!name) {
		snprintf(err, err_len, "no memory for the Kafka producer");
		return -1;
	}
	rc = kafka_conf_set(conf, name, equals + 1, err, err_len);
	free(name);
	return rc;
}

/* A property as it came out, 0 where it has no number. */
static uint32_t kafka_conf_number(const rd_kafka_conf_t *conf, const char *name)
{
	char text[32] = "";
	size_t n = sizeof(text);

	return rd_kafka_conf_get(conf, name, text, &n) == RD_KAFKA_CONF_OK ? (uint32_t)strtoul(text, NULL, 10) : 0;
}

/* What a chunk may hold so that librdkafka makes one request of it, and whether the lanes know which record goes where. */
static void kafka_conf_lanes(struct tp_sink *sink, const struct tp_conf_kafka *conf, const rd_kafka_conf_t *rk_conf)
{
	uint32_t octets = kafka_conf_number(rk_conf, "batch.size"), most = kafka_conf_number(rk_conf, "message.max.bytes");
	char partitioner[64] = "";
	size_t n = sizeof(partitioner);

	sink->chunk_records = kafka_conf_number(rk_conf, "batch.num.messages");
	sink->chunk_octets = octets < most ? octets : most;
	sink->sorted_max = kafka_conf_number(rk_conf, "queue.buffering.max.messages");
	if (sink->sorted_max == 0) /* librdkafka's word for no limit */
		sink->sorted_max = UINT32_MAX;
	sink->linger_ms = conf->linger_ms;
	sink->timeout_ms = conf->delivery_timeout_ms;
	sink->forecast = rd_kafka_conf_get(rk_conf, "partitioner", partitioner, &n) == RD_KAFKA_CONF_OK &&
	                 strcmp(partitioner, "murmur2_random") == 0;
}

int kafka_conf_producer(struct tp_sink *sink, const struct tp_conf_kafka *conf, char *err, size_t err_len)
{
	rd_kafka_conf_t *rk_conf = rd_kafka_conf_new();
	char why[512];

	rd_kafka_conf_set_events(rk_conf, RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG | RD_KAFKA_EVENT_STATS);
	if (kafka_conf_base(rk_conf, err, err_len) != 0 || kafka_conf_options(rk_conf, conf, err, err_len) != 0)
		goto fail;
	for (unsigned int i = 0; i < conf->properties_count; i++)
		if (kafka_conf_property(rk_conf, conf->properties[i], err, err_len) != 0)
			goto fail;
	kafka_conf_lanes(sink, conf, rk_conf);
	sink->rk = rd_kafka_new(RD_KAFKA_PRODUCER, rk_conf, why, sizeof(why));
	if (sink->rk)
		return 0;
	snprintf(err, err_len, "sink.kafka: %s", why);
fail:
	rd_kafka_conf_destroy(rk_conf);
	return -EINVAL;
}
