/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The configuration file as libyaml's tree. libcyaml forgets where a value stood, so the tree stays in memory while the file is loaded:
 * lines for messages are found in it by path.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"

#define MISTAKES_SHOWN 20

const char *conf_path(char *buf, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(buf, CONF_PATH_MAX, fmt, args);
	va_end(args);
	return buf;
}

static void document_append(struct conf_document *doc, const char *fmt, va_list args)
{
	int n;

	if (doc->err_used >= doc->err_len)
		return;
	n = vsnprintf(doc->err + doc->err_used, doc->err_len - doc->err_used, fmt, args);
	if (n > 0)
		doc->err_used += (size_t)n;
	if (doc->err_used >= doc->err_len)
		doc->err_used = doc->err_len ? doc->err_len - 1 : 0;
}

static void document_print(struct conf_document *doc, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void document_print(struct conf_document *doc, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	document_append(doc, fmt, args);
	va_end(args);
}

bool conf_is_enough(const struct conf_document *doc)
{
	return doc->mistakes > MISTAKES_SHOWN;
}

void conf_mistake(struct conf_document *doc, unsigned int line, const char *path, const char *fmt, ...)
{
	va_list args;

	if (conf_is_enough(doc))
		return;
	if (doc->mistakes++ >= MISTAKES_SHOWN) {
		document_print(doc, "\n%s: further mistakes are not shown", doc->path);
		return;
	}
	document_print(doc, doc->err_used ? "\n%s:" : "%s:", doc->path);
	if (line)
		document_print(doc, "%u:", line);
	document_print(doc, path[0] ? " %s: " : " ", path);
	va_start(args, fmt);
	document_append(doc, fmt, args);
	va_end(args);
}

const char *conf_did_you_mean(char *buf, const struct tp_suggestion *s)
{
	return s->best ? conf_path(buf, "; did you mean '%s'?", s->best) : "";
}

/* ---- the tree ------------------------------------------------------------------------------------------------------------------ */
yaml_node_t *conf_node(struct conf_document *doc, int id)
{
	return yaml_document_get_node(&doc->yaml, id);
}

yaml_node_t *conf_node_root(struct conf_document *doc)
{
	return yaml_document_get_root_node(&doc->yaml);
}

yaml_node_t *conf_node_child(struct conf_document *doc, yaml_node_t *node, const char *key)
{
	if (!node || node->type != YAML_MAPPING_NODE)
		return NULL;
	for (yaml_node_pair_t *p = node->data.mapping.pairs.start; p < node->data.mapping.pairs.top; p++) {
		yaml_node_t *k = conf_node(doc, p->key);

		if (k->type == YAML_SCALAR_NODE && strcmp((const char *)k->data.scalar.value, key) == 0)
			return conf_node(doc, p->value);
	}
	return NULL;
}

yaml_node_t *conf_node_entry(struct conf_document *doc, yaml_node_t *node, unsigned int index)
{
	if (!node || node->type != YAML_SEQUENCE_NODE ||
	        index >= (size_t)(node->data.sequence.items.top - node->data.sequence.items.start))
		return NULL;
	return conf_node(doc, node->data.sequence.items.start[index]);
}

unsigned int conf_line(struct conf_document *doc, const char *path)
{
	yaml_node_t *node = doc->parsed ? conf_node_root(doc) : NULL, *next = node;
	char key[64];
	int n;

	while (next && *path) {
		unsigned int index;

		node = next;
		if (sscanf(path, "[%u]%n", &index, &n) == 1) {
			next = conf_node_entry(doc, node, index);
		} else if (sscanf(path, "%63[^.[]%n", key, &n) == 1) {
			next = conf_node_child(doc, node, key);
		} else {
			break;
		}
		path += n;
		path += *path == '.';
	}
	node = next ? next : node;
	return node ? (unsigned int)node->start_mark.line + 1 : 0;
}

/* ---- reading ----------------------------------------------------------------------------------------------------------------------- */
static int document_fail(struct conf_document *doc, const char *message)
{
	conf_mistake(doc, 0, "", "%s", message);
	return -EINVAL;
}

static int document_read(struct conf_document *doc)
{
	FILE *file = fopen(doc->path, "re");
	size_t room = 65536, n;
	char *more;
	int ret = 0;

	if (!file)
		return document_fail(doc, errno == ENOENT ? "there is no such file; name one with --config" : strerror(errno));
	do {
		room *= 2;
		more = realloc(doc->text, room + 1);
		if (!more) {
			ret = document_fail(doc, strerror(ENOMEM));
			goto end;
		}
		doc->text = more;
		n = fread(doc->text + doc->size, 1, room - doc->size, file);
		doc->size += n;
	} while (n > 0 && doc->size < CONF_FILE_MAX);
	doc->text[doc->size] = '\0';
	if (ferror(file) || fstat(fileno(file), &doc->file))
		ret = document_fail(doc, strerror(errno));
	else if (doc->size >= CONF_FILE_MAX)
		ret = document_fail(doc, "larger than 64 MiB: this is not a configuration file");
end:
	fclose(file);
	return ret;
}

static unsigned int document_line_of(const struct conf_document *doc, size_t offset)
{
	unsigned int line = 1;

	for (size_t i = 0; i < offset && i < doc->size; i++)
		line += doc->text[i] == '\n';
	return line;
}

/* A tab with nothing but indentation in front of it, where a column is an octet. libyaml's words for it name other things as often as a tab. */
static bool document_is_tab(const struct conf_document *doc, const yaml_mark_t *mark)
{
	const char *line = doc->text, *end = doc->text + doc->size;

	for (size_t n = mark->line; line && n > 0; n--) {
		line = memchr(line, '\n', (size_t)(end - line));
		line = line ? line + 1 : NULL;
	}
	return line && strspn(line, " \t-?:") > mark->column && line[mark->column] == '\t';
}

static int document_syntax(struct conf_document *doc, const yaml_parser_t *parser)
{
	const char *problem = parser->problem ? parser->problem : "unknown";

	if (parser->error == YAML_READER_ERROR)
		conf_mistake(doc, document_line_of(doc, parser->problem_offset), "", "not valid YAML: %s", problem);
	else if (parser->error == YAML_SCANNER_ERROR && document_is_tab(doc, &parser->problem_mark))
		conf_mistake(doc, (unsigned int)parser->problem_mark.line + 1, "",
		        "not valid YAML: column %zu: found a tab in the indentation, expected spaces",
		        parser->problem_mark.column + 1);
	else if (parser->context)
		conf_mistake(doc, (unsigned int)parser->problem_mark.line + 1, "",
		        "not valid YAML: column %zu: %s, %s that starts in line %zu", parser->problem_mark.column + 1, problem,
		        parser->context, parser->context_mark.line + 1);
	else
		conf_mistake(doc, (unsigned int)parser->problem_mark.line + 1, "", "not valid YAML: column %zu: %s",
		        parser->problem_mark.column + 1, problem);
	return -EINVAL;
}

/* A second document in the file would be ignored silently, so it is a mistake. */
static int document_ends(struct conf_document *doc, yaml_parser_t *parser)
{
	yaml_document_t second;
	yaml_node_t *root;

	if (!yaml_parser_load(parser, &second))
		return document_syntax(doc, parser);
	root = yaml_document_get_root_node(&second);
	if (root)
		conf_mistake(
		        doc, (unsigned int)root->start_mark.line + 1, "", "a second YAML document (---) starts here; expected one");
	yaml_document_delete(&second);
	return root ? -EINVAL : 0;
}

static int document_parse(struct conf_document *doc)
{
	yaml_parser_t parser;
	int ret = conf_extent(doc);

	if (ret == -EINVAL)
		return ret;
	if (ret || !yaml_parser_initialize(&parser))
		return document_fail(doc, strerror(ENOMEM));
	ret = -EINVAL;
	yaml_parser_set_input_string(&parser, (const unsigned char *)doc->text, doc->size);
	if (!yaml_parser_load(&parser, &doc->yaml)) {
		document_syntax(doc, &parser);
		goto end;
	}
	doc->parsed = true;
	if (!conf_node_root(doc))
		ret = document_fail(doc, "the file is empty; expected a configuration (turnpiked --dump-config prints one)");
	else
		ret = document_ends(doc, &parser);
end:
	yaml_parser_delete(&parser);
	return ret;
}

static void document_begin(struct conf_document *doc, const char *path, char *err, size_t err_len)
{
	memset(doc, 0, sizeof(*doc));
	doc->path = path;
	doc->err = err;
	doc->err_len = err_len;
	if (err_len)
		err[0] = '\0';
}

int conf_document_open(struct conf_document *doc, const char *path, char *err, size_t err_len)
{
	int ret;

	document_begin(doc, path, err, err_len);
	ret = document_read(doc);
	return ret ? ret : document_parse(doc);
}

int conf_document_open_text(struct conf_document *doc, const char *path, const char *text, size_t n, char *err, size_t err_len)
{
	document_begin(doc, path, err, err_len);
	doc->text = malloc(n + 1);
	if (!doc->text)
		return document_fail(doc, strerror(ENOMEM));
	memcpy(doc->text, text, n);
	doc->text[n] = '\0';
	doc->size = n;
	return document_parse(doc);
}

void conf_document_close(struct conf_document *doc)
{
	if (doc->parsed)
		yaml_document_delete(&doc->yaml);
	free(doc->text);
	memset(doc, 0, sizeof(*doc));
}
