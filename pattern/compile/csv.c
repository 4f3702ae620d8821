/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "compile/csv.h"

enum csv_step {
	STEP_FIELD, /* another field follows */
	STEP_LINE,  /* the record is complete */
	STEP_MISTAKE,
};

void csv_open(struct csv *c, uint8_t *data, size_t n)
{
	*c = (struct csv){.next = data, .end = data + n, .next_line = 1};
	if (n >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0)
		c->next += 3;
}

static enum csv_step csv_mistake(struct csv *c, const char *found, const char *expected)
{
	c->found = found;
	c->expected = expected;
	return STEP_MISTAKE;
}

/* Octets of the line end at p: 0, 1 (LF) or 2 (CRLF). */
static size_t csv_line_end(const struct csv *c, const uint8_t *p)
{
	if (p < c->end && *p == '\n')
		return 1;
	return c->end - p >= 2 && p[0] == '\r' && p[1] == '\n' ? 2 : 0;
}

static void csv_pass_line(struct csv *c)
{
	uint8_t *lf = memchr(c->next, '\n', (size_t)(c->end - c->next));

	c->next = lf == NULL ? c->end : lf + 1;
	c->next_line++;
}

static bool csv_blank(const struct csv *c)
{
	const uint8_t *p = c->next;

	while (p < c->end && (*p == ' ' || *p == '\t'))
		p++;
	return p == c->end || csv_line_end(c, p) > 0;
}

/* What stands behind a field: a comma, a line end, the end. */
static enum csv_step csv_behind(struct csv *c, uint8_t *p)
{
	size_t line_end = csv_line_end(c, p);

	c->next = p + line_end;
	if (p == c->end || line_end > 0) {
		c->next_line++;
		return STEP_LINE;
	}
	if (*p == ',') {
		c->next = p + 1;
		return STEP_FIELD;
	}
	if (*p == '\r')
		return csv_mistake(c, "a carriage return within a line", "lines that end with LF or CRLF");
	if (*p == '"')
		return csv_mistake(c, "a quote within a value", "a value in quotes, with each quote in it doubled");
	return csv_mistake(c, "text behind a closing quote", "a comma or the end of the line");
}

static enum csv_step csv_plain(struct csv *c, struct csv_field *f)
{
	uint8_t *p = c->next;

	while (p < c->end && *p != ',' && *p != '\n' && *p != '\r' && *p != '"')
		p++;
	*f = (struct csv_field){.p = c->next, .n = (size_t)(p - c->next)};
	return csv_behind(c, p);
}

/* The opening quote is at next. */
static enum csv_step csv_quoted(struct csv *c, struct csv_field *f)
{
	uint8_t *p = c->next + 1, *o = p;

	f->p = o;
	for (; p < c->end; p++) {
		if (*p == '"' && (p + 1 == c->end || p[1] != '"'))
			break;
		if (*p == '"')
			p++;
		c->next_line += *p == '\n';
		*o++ = *p;
	}
	f->n = (size_t)(o - f->p);
	if (p == c->end) {
		c->next = p;
		return csv_mistake(c, "a quote that is not closed", "a closing quote before the end of the file");
	}
	p++;
	while (p < c->end && (*p == ' ' || *p == '\t'))
		p++;
	return csv_behind(c, p);
}

static enum csv_step csv_field(struct csv *c)
{
	struct csv_field f;
	uint8_t *start = c->next;
	enum csv_step step;

	if (c->n_fields == CSV_FIELDS)
		return csv_mistake(c, "more than 128 fields", "at most 128");
	while (c->next < c->end && (*c->next == ' ' || *c->next == '\t'))
		c->next++;
	if (c->next < c->end && *c->next == '"') {
		step = csv_quoted(c, &f);
	} else {
		c->next = start;
		step = csv_plain(c, &f);
	}
	if (step != STEP_MISTAKE)
		c->field[c->n_fields++] = f;
	return step;
}

enum csv_result csv_next(struct csv *c)
{
	enum csv_step step;

	while (c->next < c->end && csv_blank(c))
		csv_pass_line(c);
	if (c->next >= c->end)
		return CSV_END;
	c->line = c->next_line;
	c->n_fields = 0;
	do {
		step = csv_field(c);
	} while (step == STEP_FIELD);
	if (step == STEP_LINE)
		return CSV_RECORD;
	if (c->next < c->end)
		csv_pass_line(c);
	return CSV_MISTAKE;
}
