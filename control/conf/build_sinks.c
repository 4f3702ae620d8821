/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sinks, books and the stop: options that go to struct tp_conf nearly as they are.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <librdkafka/rdkafka.h>

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
        {"message.copy.max.bytes", "it is always so large that a batch can be used again once its reports are in"},
        {"delivery.report.only.error", "it is always false, or no record would be known as delivered"},
        {"transactional.id", "records are not sent in transactions"},
        {"log.queue", "it is always true, so that what librdkafka says is shown in order"},
        {"plugin.library.paths", "no plugin is loaded, or who may have a configuration checked could have turnpiked run any code"},
};

/* Properties that name a file with a secret. librdkafka takes a path as from the working folder. */
static const char *const sinks_secret_files[] = {"ssl.key.location", "ssl.keystore.location", "sasl.kerberos.keytab"};

/* Properties that are one themselves. */
static const char *const sinks_secrets[] = {
        "sasl.password", "sasl.oauthbearer.client.secret", "ssl.key.password", "ssl.key.pem", "ssl.keystore.password"};

/* ---- librdkafka properties -------------------------------------------------------------------------------------------------------- */
/* What stands behind a name that nobody knows may be a password whose name was mistyped: it is not shown. */
static void sinks_unknown_property(struct conf_build *b, rd_kafka_conf_t *all, const char *path, const char *name)
{
	struct tp_suggestion s = tp_suggest_for(name);
	size_t n;
	const char **names = rd_kafka_conf_dump(all, &n); /* name, value, name, value, ... */

	for (size_t i = 0; i < n; i += 2)
		tp_suggest_try(&s, names[i]);
	for (size_t k = 0; k < sizeof(sinks_taken) / sizeof(sinks_taken[0]); k++) /* its aliases are not in the list */
		tp_suggest_try(&s, sinks_taken[k].property);
	conf_mistake_at(b->doc, path, "found '%s=(hidden)', expected a property of librdkafka %s%s", name, rd_kafka_version_str(),
	        CONF_DID_YOU_MEAN(&s));
	rd_kafka_conf_dump_free(names, n);
}

/*
 * A property that cannot have its value. One with more than a word in it may hold a password: properties of Java's clients (sasl.jaas.config), or two of
 * them in one text. It is not shown then, nor what librdkafka says where that repeats it.
 */
static void sinks_wrong_property(struct conf_build *b, const char *path, const char *name, const char *value, const char *why)
{
	bool hide = strpbrk(value, " \t\n=") != NULL;
	char begin[9]; /* it may repeat no more than fits */

	snprintf(begin, sizeof(begin), "%s", value);
	conf_mistake_at(b->doc, path, "found '%s=%s': %s", name, hide ? "(hidden)" : value,
	        hide && strstr(why, begin) ? "librdkafka does not take this value" : why);
}

/* What librdkafka itself says of a property. */
static void sinks_try_property(struct conf_build *b, const char *path, const char *text, const char *equals)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char *name = strndup(text, (size_t)(equals - text)), why[256] = "out of memory";
	rd_kafka_conf_res_t found = name ? rd_kafka_conf_set(conf, name, equals + 1, why, sizeof(why)) : RD_KAFKA_CONF_INVALID;

	if (found == RD_KAFKA_CONF_UNKNOWN)
		sinks_unknown_property(b, conf, path, name);
	else if (found != RD_KAFKA_CONF_OK)
		sinks_wrong_property(b, path, name, equals + 1, why);
	free(name);
	rd_kafka_conf_destroy(conf);
}

/* Text is name=value. What stands behind that name, or NULL. */
static const char *sinks_value(const char *text, const char *name)
{
	size_t n = strlen(name);

	return strncmp(text, name, n) == 0 && text[n] == '=' ? text + n + 1 : NULL;
}

static void sinks_secret(struct conf_build *b, const char *path, const char *text)
{
	const char *file;

	for (size_t k = 0; k < sizeof(sinks_secret_files) / sizeof(sinks_secret_files[0]); k++) {
		file = sinks_value(text, sinks_secret_files[k]);
		if (file)
			conf_secret(b, path, file);
	}
	for (size_t k = 0; k < sizeof(sinks_secrets) / sizeof(sinks_secrets[0]); k++)
		if (sinks_value(text, sinks_secrets[k]))
			conf_secret_here(b, path, sinks_secrets[k]);
}

/* Whether it is one that is ours to set; says so then. */
static bool sinks_is_taken(struct conf_build *b, const char *path, const char *text)
{
	const char *value;

	for (size_t k = 0; k < sizeof(sinks_taken) / sizeof(sinks_taken[0]); k++) {
		value = sinks_value(text, sinks_taken[k].property);
		if (value) {
			sinks_wrong_property(b, path, sinks_taken[k].property, value, sinks_taken[k].why);
			return true;
		}
	}
	return false;
}

static void sinks_property(struct conf_build *b, uint32_t i)
{
	const char *text = b->raw->sink.kafka.properties[i], *equals = strchr(text, '=');
	const char *path = CONF_PATH("sink.kafka.properties[%u]", i);

	if (!equals || equals == text) {
		conf_mistake_at(
		        b->doc, path, "found a text %s (hidden), expected name=value", equals ? "that begins with =" : "without =");
		return;
	}
	if (sinks_is_taken(b, path, text))
		return;
	sinks_try_property(b, path, text, equals);
	sinks_secret(b, path, text);
}

/* ---- brokers ------------------------------------------------------------------------------------------------------------------------ */
/*
 * host, host:port or [IPv6 address]:port, with or without a protocol:// in front. librdkafka passes over what it does not understand
 * and takes a port modulo 65536.
 */
static bool sinks_is_broker(const char *text, size_t n)
{
	const char *end = text + n, *host = memmem(text, n, "://", 3), *digits = end;
	unsigned int colons = 0, port = 0;

	host = host ? host + 3 : text;
	for (const char *c = host; c < end; c++) {
		if (isspace((unsigned char)*c) || *c == '/' || *c == '\'' || *c == '"')
			return false;
		colons += *c == ':';
	}
	while (digits > host && isdigit((unsigned char)digits[-1]))
		digits--;
	/* The colons of an IPv6 address come before a port only where the address stands in brackets. */
	if (colons == 0 || (colons > 1 && (digits - host < 2 || digits[-2] != ']')))
		return end > host;
	for (const char *c = digits; c < end && port <= 65535; c++)
		port = port * 10 + (unsigned int)(*c - '0');
	return digits - host > 1 && digits[-1] == ':' && port >= 1 && port <= 65535;
}

static void sinks_brokers(struct conf_build *b, const char *text)
{
	for (;;) {
		size_t n = strcspn(text, ",");
		size_t front = strspn(text, " "), used = n;

		front = front < n ? front : n;
		while (used > front && text[used - 1] == ' ')
			used--;
		if (!sinks_is_broker(text + front, used - front))
			conf_mistake_at(b->doc, "sink.kafka.brokers",
			        "found '%.*s', expected host:port,host:port with ports from 1 to 65535", (int)n, text);
		if (text[n] == '\0')
			return;
		text += n + 1;
	}
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
	sinks_brokers(b, raw->brokers);
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
