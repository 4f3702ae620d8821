/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RFC 9112 as far as GET and HEAD need it, and strict where leniency has been a source of attacks: lines end with CR LF, there is no space in front of a colon, a
 * field is not continued on a second line, Host stands exactly once, and no request has a body.
 */
#include <string.h>
#include <strings.h>

#include "http.h"

struct parse {
	const char *at, *end;
};

/* A line without its CR LF. False: no end of line is there, or (*bad) a CR or LF by itself. */
static bool parse_line(struct parse *p, struct http_text *line, bool *bad)
{
	const char *lf = memchr(p->at, '\n', (size_t)(p->end - p->at));

	*bad = lf && (lf == p->at || lf[-1] != '\r' || memchr(p->at, '\r', (size_t)(lf - p->at)) != lf - 1);
	if (!lf || *bad)
		return false;
	line->at = p->at;
	line->n = (size_t)(lf - 1 - p->at);
	p->at = lf + 1;
	return true;
}

static bool parse_is(const struct http_text *text, const char *word)
{
	return text->n == strlen(word) && memcmp(text->at, word, text->n) == 0;
}

/* A field's name, or one word of its value. */
static bool parse_is_nocase(const struct http_text *text, const char *word)
{
	return text->n == strlen(word) && strncasecmp(text->at, word, text->n) == 0;
}

/* What stands in front of the next space; the rest stays in *line. */
static struct http_text parse_word(struct http_text *line)
{
	const char *space = memchr(line->at, ' ', line->n);
	struct http_text word = {line->at, space ? (size_t)(space - line->at) : line->n};

	line->at += word.n + (space != NULL);
	line->n -= word.n + (space != NULL);
	return word;
}

static bool parse_is_visible(const struct http_text *text)
{
	for (size_t i = 0; i < text->n; i++)
		if (text->at[i] <= ' ' || text->at[i] > '~')
			return false;
	return true;
}

/* The method is the last thing to complain of: what has no form is no request. */
static int parse_request_line(struct http_text line, struct http_request *r)
{
	struct http_text method = parse_word(&line), target = parse_word(&line);
	const char *query;

	if (method.n == 0 || target.n == 0 || target.at[0] != '/' || !parse_is_visible(&method) || !parse_is_visible(&target))
		return -400;
	if (line.n != 8 || memcmp(line.at, "HTTP/", 5) != 0)
		return -400;
	if (memcmp(line.at, "HTTP/1.", 7) != 0 || (line.at[7] != '0' && line.at[7] != '1'))
		return -505;
	if (target.n > HTTP_TARGET_MAX)
		return -414;
	r->keep_alive = line.at[7] == '1';
	query = memchr(target.at, '?', target.n);
	r->path = (struct http_text){target.at, query ? (size_t)(query - target.at) : target.n};
	r->head = parse_is(&method, "HEAD");
	return r->head || parse_is(&method, "GET") ? 0 : -405;
}

static bool parse_is_token(const struct http_text *text)
{
	for (size_t i = 0; i < text->n; i++)
		if (!strchr("!#$%&'*+-.^_`|~", text->at[i]) && !(text->at[i] >= '0' && text->at[i] <= '9') &&
		        !((text->at[i] | 32) >= 'a' && (text->at[i] | 32) <= 'z'))
			return false;
	return text->n > 0 && !memchr(text->at, '\0', text->n);
}

static bool parse_is_value(const struct http_text *text)
{
	for (size_t i = 0; i < text->n; i++)
		if (((unsigned char)text->at[i] < ' ' && text->at[i] != '\t') || text->at[i] == 0x7f)
			return false;
	return true;
}

static struct http_text parse_trim(struct http_text text)
{
	while (text.n && (text.at[0] == ' ' || text.at[0] == '\t'))
		text.at++, text.n--;
	while (text.n && (text.at[text.n - 1] == ' ' || text.at[text.n - 1] == '\t'))
		text.n--;
	return text;
}

/* Takes a field once. */
static int parse_once(struct http_text *to, struct http_text value)
{
	if (to->at)
		return -400;
	*to = value;
	return 0;
}

static int parse_field(struct http_text line, struct http_request *r)
{
	const char *colon = memchr(line.at, ':', line.n);
	struct http_text name = {line.at, colon ? (size_t)(colon - line.at) : 0}, value;

	if (!colon || !parse_is_token(&name))
		return -400;
	value = parse_trim((struct http_text){colon + 1, line.n - name.n - 1});
	if (!parse_is_value(&value))
		return -400;
	if (parse_is_nocase(&name, "host"))
		return parse_once(&r->host, value);
	if (parse_is_nocase(&name, "authorization"))
		return parse_once(&r->authorization, value);
	if (parse_is_nocase(&name, "connection") && parse_is_nocase(&value, "close"))
		r->keep_alive = false;
	if (parse_is_nocase(&name, "transfer-encoding") || (parse_is_nocase(&name, "content-length") && !parse_is(&value, "0")))
		return -413;
	return 0;
}

static int parse_head(struct parse *p, struct http_request *r, bool *bad)
{
	struct http_text line;
	bool http11;
	int ret;

	if (!parse_line(p, &line, bad))
		return 0;
	ret = parse_request_line(line, r);
	http11 = r->keep_alive;
	for (unsigned int fields = 0; ret == 0; fields++) {
		if (!parse_line(p, &line, bad))
			return 0;
		if (line.n == 0)
			return http11 && !r->host.at ? -400 : 1;
		ret = fields == HTTP_FIELDS_MAX ? -431 : parse_field(line, r);
	}
	return ret;
}

int http_parse(const char *data, size_t n, struct http_request *request)
{
	struct parse p = {data, data + (n < HTTP_HEAD_MAX ? n : HTTP_HEAD_MAX)};
	bool bad = false;
	int ret;

	memset(request, 0, sizeof(*request));
	ret = parse_head(&p, request, &bad);
	if (ret == 1)
		return (int)(p.at - data);
	if (bad)
		return -400;
	if (ret == 0 && n >= HTTP_HEAD_MAX)
		return memchr(data, '\n', HTTP_HEAD_MAX) ? -431 : -414;
	return ret;
}
