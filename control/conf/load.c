/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tp_conf_load(): the stages of conf.h in order, and the memory of a configuration.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf.h"
#include "tp_secret.h"

void *conf_alloc(struct conf_owned *owned, size_t n, size_t size)
{
	void **blocks = realloc(owned->blocks, (owned->n_blocks + 1) * sizeof(*blocks));
	void *block;

	if (!blocks)
		return NULL;
	owned->blocks = blocks;
	block = calloc(n ? n : 1, size);
	if (block)
		blocks[owned->n_blocks++] = block;
	return block;
}

char *conf_file_path(struct conf_owned *owned, const char *path)
{
	size_t n = strlen(path) + strlen(owned->folder) + 1;
	char *full = conf_alloc(owned, n, 1);

	if (full)
		snprintf(full, n, "%s%s", path[0] == '/' ? "" : owned->folder, path);
	return full;
}

void conf_readable(struct conf_build *b, const char *path, const char *file)
{
	struct stat st;

	if (stat(file, &st) || access(file, R_OK))
		conf_mistake_at(b->doc, path, "cannot read '%s': %s", file, strerror(errno));
	else if (!S_ISREG(st.st_mode))
		conf_mistake_at(b->doc, path, "found '%s', expected a file", file);
}

void conf_secret(struct conf_build *b, const char *path, const char *file)
{
	char why[TP_SECRET_WHY];
	struct stat st;

	if (stat(file, &st) == 0 && S_ISREG(st.st_mode) && tp_secret_exposed(file, &st, why, sizeof(why)))
		conf_mistake_at(b->doc, path, "'%s': %s", file, why);
}

void conf_secret_here(struct conf_build *b, const char *path, const char *name)
{
	char why[TP_SECRET_WHY];

	if (S_ISREG(b->doc->file.st_mode) && tp_secret_exposed(b->doc->path, &b->doc->file, why, sizeof(why)))
		conf_mistake_at(b->doc, path, "found a secret (%s) in '%s': %s", name, b->doc->path, why);
}

/* ---- libcyaml ------------------------------------------------------------------------------------------------------------------ */
/* Nothing that passed conf_check() is refused by libcyaml; where the two disagree all the same, its own words are the message. */
static void load_log(cyaml_log_t level, void *ctx, const char *fmt, va_list args)
{
	struct conf_document *doc = ctx;
	char text[CONF_PATH_MAX];

	(void)level;
	vsnprintf(text, sizeof(text), fmt, args);
	text[strcspn(text, "\n")] = '\0';
	conf_mistake(doc, 0, "", "libcyaml: %s", text);
}

static cyaml_config_t load_config(struct conf_document *doc)
{
	return (cyaml_config_t){.log_fn = load_log, .log_ctx = doc, .log_level = CYAML_LOG_ERROR, .mem_fn = cyaml_mem};
}

static const cyaml_schema_value_t *load_schema(void)
{
	static cyaml_schema_value_t schema = {CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct conf_turnpike, NULL)};

	schema.mapping.fields = conf_root->fields;
	return &schema;
}

static int load_raw(struct conf_document *doc, struct conf_owned *owned)
{
	cyaml_config_t config = load_config(doc);
	cyaml_err_t ret =
	        cyaml_load_data((const uint8_t *)doc->text, doc->size, &config, load_schema(), (cyaml_data_t **)&owned->raw, NULL);

	if (ret != CYAML_OK) {
		conf_mistake(doc, 0, "", "libcyaml: %s", cyaml_strerror(ret));
		return -EINVAL;
	}
	return conf_defaults(doc, conf_root, owned->raw, conf_node_root(doc));
}

/* ---- stages ---------------------------------------------------------------------------------------------------------------------- */
static int load_owned(struct tp_conf *conf, const char *path)
{
	const char *slash = strrchr(path, '/');
	struct conf_owned *owned = calloc(1, sizeof(*owned));

	if (!owned)
		return -ENOMEM;
	conf->owned = owned;
	owned->folder = slash ? strndup(path, (size_t)(slash + 1 - path)) : strdup("");
	if (!owned->folder)
		return -ENOMEM;
	conf->path = conf_alloc(owned, strlen(path) + 1, 1);
	if (!conf->path)
		return -ENOMEM;
	memcpy((char *)conf->path, path, strlen(path) + 1);
	return 0;
}

static int load_build(struct conf_build *b)
{
	static int (*const stages[])(struct conf_build * b) = {conf_build_dataplane, conf_build_sinks, conf_build_control,
	        conf_build_http, conf_build_topics, conf_build_sources, conf_build_listeners, conf_build_mqtt, conf_build_budgets,
	        conf_build_guard, conf_build_patterns, conf_build_topic_use};
	int ret = 0;

	for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]) && ret == 0; i++)
		ret = stages[i](b);
	return ret ? ret : b->doc->mistakes ? -EINVAL : 0;
}

static int load_stages(struct conf_document *doc, struct tp_conf *conf)
{
	struct conf_build build = {.doc = doc, .conf = conf, .owned = conf->owned};
	int ret;

	conf_check(doc);
	if (doc->mistakes)
		return -EINVAL;
	ret = load_raw(doc, conf->owned);
	if (ret)
		return ret;
	build.raw = build.owned->raw;
	return load_build(&build);
}

static int load_document(struct conf_document *doc, const char *path, struct tp_conf *conf)
{
	struct conf_owned *owned;
	int ret = load_owned(conf, path);

	if (ret == 0)
		ret = load_stages(doc, conf);
	if (ret == -ENOMEM)
		conf_mistake(doc, 0, "", "out of memory");
	if (ret) {
		tp_conf_free(conf);
		return ret;
	}
	owned = conf->owned;
	owned->text = doc->text;
	owned->text_n = doc->size;
	doc->text = NULL;
	return 0;
}

int tp_conf_load(const char *path, struct tp_conf *conf, char *err, size_t err_len)
{
	struct conf_document doc;
	int ret;

	memset(conf, 0, sizeof(*conf));
	ret = conf_document_open(&doc, path, err, err_len);
	if (ret == 0)
		ret = load_document(&doc, path, conf);
	conf_document_close(&doc);
	return ret;
}

int tp_conf_load_text(
        const char *path, const char *text, size_t n, const struct stat *file, struct tp_conf *conf, char *err, size_t err_len)
{
	struct conf_document doc;
	int ret;

	memset(conf, 0, sizeof(*conf));
	ret = conf_document_open_text(&doc, path, text, n, err, err_len);
	if (file)
		doc.file = *file;
	if (ret == 0)
		ret = load_document(&doc, path, conf);
	conf_document_close(&doc);
	return ret;
}

const char *tp_conf_text(const struct tp_conf *conf, size_t *n)
{
	const struct conf_owned *owned = conf->owned;

	*n = owned->text_n;
	return owned->text;
}

unsigned int tp_conf_line(const struct tp_conf *conf, const char *path)
{
	const struct conf_owned *owned = conf->owned;
	struct conf_document doc;
	unsigned int line = 0;

	if (conf_document_open_text(&doc, conf->path, owned->text, owned->text_n, NULL, 0) == 0)
		line = conf_line(&doc, path);
	conf_document_close(&doc);
	return line;
}

void tp_conf_free(struct tp_conf *conf)
{
	struct conf_owned *owned = conf->owned;

	if (owned) {
		struct conf_document nowhere = {.path = ""};
		cyaml_config_t config = load_config(&nowhere);

		if (owned->raw)
			cyaml_free(&config, load_schema(), owned->raw, 0);
		for (unsigned int i = 0; i < owned->n_blocks; i++)
			free(owned->blocks[i]);
		free(owned->blocks);
		free(owned->prefixes);
		free(owned->mqtt_names);
		free(owned->folder);
		free(owned->text);
		free(owned);
	}
	memset(conf, 0, sizeof(*conf));
}
