/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_CONF_H
#define TP_CONF_H
/*
 * The configuration as the daemon uses it: the option tables of conf/ filled from one YAML file, checked, with defaults in place. Strings
 * belong to the struct. Control thread; immutable once loaded.
 */
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "tp_guard.h"
#include "tp_pattern.h"
#include "tp_plan.h"
#include "tp_port.h"

#define TP_CONF_NOBODY  "(nobody)" /* device of source 0 */
#define TP_CONF_UNKNOWN "unknown"  /* device of accepted unknown senders */

struct tp_conf_topic {
	char *name;
	char *kind; /* record kind */
	enum tp_encoding encoding;
	uint32_t schema_id;
	bool keep_payload;
	int32_t partitions;  /* when it is created; 0: sink.kafka.partitions */
	int32_t replication; /* 0: sink.kafka.replication */
};

struct tp_conf_kafka {
	char *brokers;
	char *client_id;
	char *compression; /* none, lz4, zstd, gzip, snappy */
	uint32_t linger_ms;
	uint32_t delivery_timeout_ms;
	uint32_t connect_timeout_ms; /* at start: how long to wait for a broker */
	uint32_t queue_messages;
	bool create_topics;
	int32_t partitions;
	int32_t replication;
	char **properties; /* "name=value" handed to librdkafka as they are */
	unsigned int properties_count;
};

enum tp_fsync { TP_FSYNC_NEVER, TP_FSYNC_INTERVAL, TP_FSYNC_BATCH };

struct tp_conf_file {
	char *directory;
	enum tp_fsync fsync;
	uint32_t fsync_interval_ms;
};

/* The values of enum tls_client_certificate and enum tls_name. */
enum tp_conf_tls_client { TP_CONF_TLS_NONE, TP_CONF_TLS_OPTIONAL, TP_CONF_TLS_REQUIRED };
enum tp_conf_certificate_name { TP_CONF_NAME_SUBJECT, TP_CONF_NAME_COMMON, TP_CONF_NAME_SAN };

/* What tls_context_new() is given; NULL where it was not. The files were there and readable. */
struct tp_conf_tls {
	const char *certificate;
	const char *key;
	const char *client_ca;
	const char *crl;
	const char *ciphers;
	const char *ciphersuites;
	enum tp_conf_tls_client client;
	bool tls12;
	bool tickets;
	uint32_t ticket_key_s;
};

/* What only control needs of an MQTT listener. */
#define TP_CONF_NO_ROW UINT32_MAX
struct tp_conf_mqtt {
	unsigned int row;              /* of the file, mqtt[row]; TP_CONF_NO_ROW: not there any more */
	const struct tp_conf_tls *tls; /* NULL: plain */
	const char *users;             /* file; NULL: nobody is checked */
	/* Where the plan's listener (.tls) looks for its context: NULL until control makes one, before the workers start. */
	struct tls_context *context;
};

/* The control socket. */
struct tp_conf_control {
	const char *socket;     /* path */
	bool socket_is_default; /* nobody asked for it */
	const char *group;      /* NULL: none */
	uint32_t clients;       /* 0: no control socket */
	const char *audit;      /* NULL: no file */
};

/* Metrics, health and the status page. */
struct tp_conf_http {
	const char *listen;              /* as in the file, or the default; NULL: no HTTP */
	bool is_default;                 /* nobody asked for it */
	struct sockaddr_storage address; /* of listen */
	uint32_t address_n;
	const char *certificate, *key; /* paths; NULL: no TLS */
	const char *token_file;        /* path; NULL: none */
	uint32_t clients;
	bool hits; /* by list and by rule, in /metrics */
};

struct tp_conf {
	const char *path;
	const char *name; /* of the appliance */
	/* Not of the file: becomes other than 0 when the daemon is asked to stop, so that no wait at start outlasts it. NULL: never */
	const volatile sig_atomic_t *stop_asked;
	/* dataplane: ready for tp_dataplane_init() */
	struct tp_dataplane_spec dataplane;
	bool hugepages_auto; /* dataplane.hugepages is still to be decided by what the machine has free */
	/* sinks */
	char *sink; /* kafka, file, null */
	struct tp_conf_kafka kafka;
	struct tp_conf_file file;
	struct tp_conf_topic *topics; /* those in use; same index as plan.topics */
	unsigned int topics_count;
	struct tp_conf_mqtt *mqtt; /* of each MQTT listener; same index as plan.mqtt_listeners */
	unsigned int mqtt_count;
	struct tp_guard_spec guard;
	/* the plan, without patterns: ready for tp_plan_build() once spec.patterns is set */
	struct tp_plan_spec plan;
	struct tp_pattern_spec *patterns; /* lists and rules; NULL: none. channel numbers index plan.channels */
	/* books */
	uint32_t books_interval_s;  /* table on standard error; 0: only at exit */
	uint32_t stats_interval_ms; /* records on ops.edge.stats.v1; 0: none */
	uint32_t stop_timeout_ms;   /* SIGTERM: how long to wait for deliveries */
	struct tp_conf_control control;
	struct tp_conf_http http;
	void *owned; /* what conf/ allocated */
};

/* Loads and checks. On a mistake: -EINVAL and the whole message, several lines, in err. */
int tp_conf_load(const char *path, struct tp_conf *conf, char *err, size_t err_len);
void tp_conf_free(struct tp_conf *conf);
/* The same from a text; path: for messages, and relative paths start at its folder. file: that it was read from just now, NULL: from memory. */
int tp_conf_load_text(
        const char *path, const char *text, size_t n, const struct stat *file, struct tp_conf *conf, char *err, size_t err_len);
/* The text that it was loaded from, *n octets and a NUL. */
const char *tp_conf_text(const struct tp_conf *conf, size_t *n);
/*
 * Line of the file (from 1) where the value at a path like "rules[2].regex" stands, or 0 where it is not known: for mistakes that only a
 * later step can see.
 */
unsigned int tp_conf_line(const struct tp_conf *conf, const char *path);
/* "192.0.2.1" or "192.0.2.0/24", IPv6 likewise: family, length and addr. Returns NULL, or what was expected where it is no prefix. Pure. */
const char *tp_conf_prefix(const char *text, struct tp_prefix *prefix);
/*
 * Gives a configuration that takes the place of another one under traffic the indices of that one: of sources, topics, listeners and MQTT listeners. `now`: the plan in force, its
 * workers settled; deserted: bits of its retired MQTT listeners that have neither connection nor will any more, whose indices others may get;
 * room: sources that the books have room for. 0; or -ENOMEM, or -ENOSPC where a restart is needed, with a sentence in err. Afterwards it does not refer to `now`. Any thread.
 */
int tp_conf_carry(
        struct tp_conf *next, const struct tp_plan_spec *now, uint32_t deserted, unsigned int room, char *err, size_t err_len);
/*
 * Calls `each` for every difference of two configurations that were loaded, in the order of the manual. path: like "listeners[v2x].port"; before NULL: added; after NULL: left
 * out; texts are valid during the call and hold no secret; restart: it cannot change under traffic. Contents of files that options name (lists, certificates, users)
 * are not looked at. Returns how many there were, or -ENOMEM. Any thread.
 */
struct tp_conf_change {
	const char *path, *before, *after;
	const char *note; /* what else is to be known before it is made, of static storage; NULL: nothing */
	bool restart;
};
typedef void (*tp_conf_change_fn)(void *ctx, const struct tp_conf_change *change);
int tp_conf_diff(const struct tp_conf *now, const struct tp_conf *next, tp_conf_change_fn each, void *ctx);
/* All options with type, default, range and help, as YAML with comments that loads as it is. */
void tp_conf_dump(FILE *out);
/* The same as Markdown: docs/configuration.md. */
void tp_conf_manual(FILE *out);
/* --replay: replaces the ports by that pcap file, --sink: replaces the sink; encodings follow (files hold JSON). */
int tp_conf_replay(struct tp_conf *conf, const char *pcap, char *err, size_t err_len);
int tp_conf_sink(struct tp_conf *conf, const char *sink, char *err, size_t err_len);

#endif
