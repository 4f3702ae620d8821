/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_CONF_PRIVATE_H
#define TP_CONF_PRIVATE_H
/*
 * What the files of conf/ share. Loading goes through four stages, each of which stops the load where it found mistakes, so that one run
 * shows all mistakes of its kind:
 *
 *   document.c   the file, as libyaml's tree with lines
 *   check.c      every key and value against the option tables
 *   load.c       libcyaml fills struct conf_turnpike by the schema of the same tables; defaults go where nothing was given
 *   build_*.c    references, names, addresses; from struct conf_turnpike to struct tp_conf
 */
#include <sys/stat.h>
#include <yaml.h>

#include "options.h"
#include "tp_suggest.h"

#define CONF_PATH_MAX 256
#define CONF_FILE_MAX ((size_t)64 << 20) /* octets of the file, and of what its aliases make of it */

/* The file while it is being loaded, and the messages so far. */
struct conf_document {
	const char *path;
	char *text; /* the file; NUL-terminated */
	size_t size;
	struct stat file; /* that the text was read from; cleared: none */
	yaml_document_t yaml;
	bool parsed; /* yaml is there */
	char *err;
	size_t err_len;
	size_t err_used;
	unsigned int mistakes;
};

/* ---- document.c ---------------------------------------------------------------------------------------------------------------- */
/* Reads and parses; mistakes go to err. 0 or -EINVAL. */
int conf_document_open(struct conf_document *doc, const char *path, char *err, size_t err_len);
/* The same from a copy of that text; path: for messages. Which file it is from is for the caller to say. */
int conf_document_open_text(struct conf_document *doc, const char *path, const char *text, size_t n, char *err, size_t err_len);
void conf_document_close(struct conf_document *doc);
yaml_node_t *conf_node(struct conf_document *doc, int id);
yaml_node_t *conf_node_root(struct conf_document *doc);
/* Value of that key, or NULL. node: a mapping or NULL. */
yaml_node_t *conf_node_child(struct conf_document *doc, yaml_node_t *node, const char *key);
/* Entry of that number, or NULL. node: a sequence or NULL. */
yaml_node_t *conf_node_entry(struct conf_document *doc, yaml_node_t *node, unsigned int index);
/* Line (from 1) of the value at a path like "listeners[2].port", or of what of the path is there. */
unsigned int conf_line(struct conf_document *doc, const char *path);

/* Writes a path into buf (CONF_PATH_MAX octets) and returns it. */
const char *conf_path(char *buf, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
#define CONF_PATH(...) conf_path((char[CONF_PATH_MAX]){0}, __VA_ARGS__)

/* Adds "file:line: path: message" to the mistakes. */
void conf_mistake(struct conf_document *doc, unsigned int line, const char *path, const char *fmt, ...)
        __attribute__((format(printf, 4, 5)));
/* The same with the line of the path. */
#define conf_mistake_at(doc, path, ...) conf_mistake(doc, conf_line(doc, path), path, __VA_ARGS__)
/* True once so many mistakes were found that no further one is shown: looking for more is in vain. */
bool conf_is_enough(const struct conf_document *doc);
/* "; did you mean 'x'?", or nothing. */
const char *conf_did_you_mean(char *buf, const struct tp_suggestion *s);
#define CONF_DID_YOU_MEAN(s) conf_did_you_mean((char[CONF_PATH_MAX]){0}, s)

/* ---- extent.c ------------------------------------------------------------------------------------------------------------------ */
/* Whether the text is, with its aliases, as much as a configuration may be. 0, -EINVAL with the mistake in doc, or -ENOMEM. */
int conf_extent(struct conf_document *doc);

/* ---- check.c ------------------------------------------------------------------------------------------------------------------- */
/* The whole document against the tables. Mistakes are in doc. */
void conf_check(struct conf_document *doc);

/* ---- defaults.c ------------------------------------------------------------------------------------------------------------------ */
/* Fills options that the mapping `node` (NULL: an absent section) does not have. 0 or -ENOMEM. */
int conf_defaults(struct conf_document *doc, const struct conf_section *section, void *base, yaml_node_t *node);

/* ---- build_*.c ------------------------------------------------------------------------------------------------------------------- */
/* What struct tp_conf points to and nobody else owns. */
struct conf_owned {
	struct conf_turnpike *raw; /* libcyaml's; strings of struct tp_conf point here */
	char *text;                /* the file as it was read */
	size_t text_n;
	char *folder;  /* of the configuration file, with a slash behind; empty: the working folder */
	void **blocks; /* everything from conf_alloc() */
	unsigned int n_blocks;
	/* the plan while it is being built */
	struct tp_source *sources;
	unsigned int n_sources;
	struct tp_prefix *prefixes;
	unsigned int n_prefixes;
	struct tp_listener *listeners; /* of UDP, then of MQTT routes */
	struct tp_mqtt_listener *mqtt_listeners;
	struct tp_mqtt_name *mqtt_names;
	unsigned int n_mqtt_names;
	struct tp_topic *topics;
	struct tp_channel_spec *channels;
};

/* The sources of one group, or those written at one listener. */
struct conf_set {
	const struct conf_source *raw; /* count rows of the file */
	struct tp_prefix *prefixes; /* of each row; .listener is not set, .family is 0 where the row has an identity or a mistake */
	uint32_t count;
	uint16_t unknown; /* source index of a listener's accepted unknown senders; 0: refused */
};

struct conf_build {
	struct conf_document *doc;
	struct conf_turnpike *raw;
	struct tp_conf *conf;
	struct conf_owned *owned;
	struct conf_set *group_sets;
	struct conf_set *listener_sets;
	struct conf_set *mqtt_sets;
	void *source_tree; /* tsearch: finds a source that is there already */
};

/* Cleared memory that lives as long as the configuration; NULL where there is none. */
void *conf_alloc(struct conf_owned *owned, size_t n, size_t size);
/* The path itself where it is absolute, or behind the configuration's folder. NULL: no memory. */
char *conf_file_path(struct conf_owned *owned, const char *path);
/* A mistake at the path of the document where the file cannot be read or is none. */
void conf_readable(struct conf_build *b, const char *path, const char *file);
/* The same where others may use a file with a secret (tp_secret.h). One that is not there is for whoever reads it to tell. */
void conf_secret(struct conf_build *b, const char *path, const char *file);
/* The same where there is a secret of that name in the configuration file itself. */
void conf_secret_here(struct conf_build *b, const char *path, const char *name);

/* Each returns 0 or -ENOMEM; mistakes are in doc. */
int conf_build_dataplane(struct conf_build *b);
int conf_build_sinks(struct conf_build *b);
int conf_build_control(struct conf_build *b);
int conf_build_http(struct conf_build *b);
int conf_build_topics(struct conf_build *b);
int conf_build_sources(struct conf_build *b);
int conf_build_listeners(struct conf_build *b);
int conf_build_mqtt(struct conf_build *b);
/* Who may connect to MQTT listener i, and as whom: TLS, users, identity, may_publish. Called by conf_build_mqtt(). */
int conf_build_mqtt_access(struct conf_build *b, unsigned int i);
int conf_build_budgets(struct conf_build *b);
int conf_build_guard(struct conf_build *b);
int conf_build_topic_use(struct conf_build *b);
int conf_build_patterns(struct conf_build *b);

/* What tells two struct tp_source apart, device, site and lane: for trees. */
int conf_sources_compare(const void *one, const void *two);
/* Entries of the plan's listeners that MQTT routes need. */
unsigned int conf_mqtt_entries(const struct conf_turnpike *raw);
/* Mistakes are told at the path. The decoder of a format, or NULL; address: family 0 where it is none or nobody's; group: -1. */
const struct tp_decoder *conf_format(struct conf_build *b, const char *path, const char *format);
uint8_t conf_own_address(struct conf_build *b, const char *path, const char *text, uint8_t addr[16]);
int conf_group(struct conf_build *b, const char *path, const char *name);
/* Where the records of a listener of the plan go; texts are at path[0], path[1], ... */
void conf_listener_topics(struct conf_build *b, const char *path, char *const *topics, uint32_t count, struct tp_listener *l);

/* ---- override.c ------------------------------------------------------------------------------------------------------------------ */
/* Encodings of the plan's topics: those of the file, or JSON where the sink writes files. */
void conf_encodings(struct tp_conf *conf);

/* ---- filter.c -------------------------------------------------------------------------------------------------------------------- */
/* An MQTT topic filter (MQTT-4.7). Returns NULL, or what was expected where it is none. */
const char *conf_filter(const char *text);
/* The same for a pattern of may_publish, in which %u, %c and %d stand for something. */
const char *conf_filter_pattern(const char *text);
/* Levels every topic that fits has; *more: there may be further ones. */
unsigned int conf_filter_levels(const char *filter, bool *more);
/* Whether a takes every topic that b takes. */
bool conf_filter_covers(const char *a, const char *b);

/* ---- address.c ------------------------------------------------------------------------------------------------------------------- */
/* "192.0.2.1" or "2001:db8::1". Family 4 or 6, or 0 where it is neither. */
uint8_t conf_address(const char *text, uint8_t addr[16]);

#endif
