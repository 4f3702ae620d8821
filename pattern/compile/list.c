/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A list in memory into entries. The header says at which place in a line each column stands; a line is then checked column by
 * column, so that one mistake does not hide another one.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "compile/csv.h"
#include "compile/entries.h"
#include "compile/list.h"
#include "compile/rfc3339.h"
#include "compile/utf8.h"

enum column { PLATE, JURISDICTION, LIST, CATEGORY, PRIORITY, VALID_FROM, VALID_TO, N_COLUMNS };

static const char *const list_columns[N_COLUMNS] = {
        "plate", "jurisdiction", "list", "category", "priority", "valid_from", "valid_to"};

struct list {
	struct tp_pattern_db *db;
	const struct tp_list_spec *spec;
	struct mistakes *mistakes;
	struct csv csv;
	unsigned int n_fields;       /* of the header */
	int place[N_COLUMNS];        /* of a column in a line; -1: the file has no such column */
	const char *name;            /* spec->name, in the database */
	const char *last[N_COLUMNS]; /* the latest string of each column: mostly the next one is the same */
};

static void list_mistake(struct list *l, enum column column, struct csv_field f, const char *expected)
{
	char value[MISTAKES_VALUE];

	mistakes_add(l->mistakes, -EINVAL, "%s:%u: column %s: found %s, expected %s", l->spec->path, l->csv.line,
	        list_columns[column], mistakes_quote(value, f.p, f.n), expected);
}

static struct csv_field list_trim(struct csv_field f)
{
	while (f.n > 0 && (f.p[0] == ' ' || f.p[0] == '\t')) {
		f.p++;
		f.n--;
	}
	while (f.n > 0 && (f.p[f.n - 1] == ' ' || f.p[f.n - 1] == '\t'))
		f.n--;
	return f;
}

static bool list_header_column(struct list *l, unsigned int place)
{
	struct csv_field f = list_trim(l->csv.field[place]);

	for (unsigned int c = 0; c < N_COLUMNS; c++) {
		if (strlen(list_columns[c]) != f.n || strncasecmp(list_columns[c], (const char *)f.p, f.n) != 0)
			continue;
		if (l->place[c] >= 0) {
			list_mistake(l, c, f, "each column once");
			return false;
		}
		l->place[c] = (int)place;
	}
	return true;
}

/* Returns false with a mistake where the rest of the file cannot be understood. */
static bool list_header(struct list *l)
{
	enum csv_result r = csv_next(&l->csv);
	char value[MISTAKES_VALUE];

	memset(l->place, -1, sizeof(l->place));
	if (r == CSV_MISTAKE)
		mistakes_add(l->mistakes, -EINVAL, "%s:%u: found %s, expected %s", l->spec->path, l->csv.line, l->csv.found,
		        l->csv.expected);
	else if (r == CSV_END)
		mistakes_add(l->mistakes, -EINVAL, "%s:1: found an empty file, expected a header line with a column plate",
		        l->spec->path);
	if (r != CSV_RECORD)
		return false;
	l->n_fields = l->csv.n_fields;
	for (unsigned int i = 0; i < l->n_fields; i++)
		if (!list_header_column(l, i))
			return false;
	if (l->place[PLATE] >= 0)
		return true;
	mistakes_add(l->mistakes, -EINVAL, "%s:%u: found the header %s%s, expected one with a column plate, separated by commas",
	        l->spec->path, l->csv.line, mistakes_quote(value, l->csv.field[0].p, l->csv.field[0].n),
	        l->n_fields > 1 ? ", ..." : "");
	return false;
}

/* The value of a column, trimmed; empty where the file has none. False: it is not text. */
static bool list_value(struct list *l, enum column column, struct csv_field *f)
{
	*f = (struct csv_field){.p = (const uint8_t *)""};
	if (l->place[column] < 0)
		return true;
	*f = list_trim(l->csv.field[l->place[column]]);
	if (!utf8_valid(f->p, f->n)) {
		list_mistake(l, column, *f, "valid UTF-8");
		return false;
	}
	for (size_t i = 0; i < f->n; i++) {
		if (f->p[i] < 0x20 || f->p[i] == 0x7f) {
			list_mistake(l, column, *f, "no control characters");
			return false;
		}
	}
	return true;
}

/* The value as a string of the database, `none` where it is empty. */
static int list_string(struct list *l, enum column column, const char *none, const char **out)
{
	struct csv_field f;
	const char *last = l->last[column];

	*out = none;
	if (!list_value(l, column, &f) || f.n == 0)
		return 0;
	if (last == NULL || strlen(last) != f.n || memcmp(last, f.p, f.n) != 0)
		l->last[column] = entries_string(l->db, f.p, f.n);
	*out = l->last[column];
	return *out == NULL ? -ENOMEM : 0;
}

static int list_plate(struct list *l, const char **out)
{
	uint8_t normal[TP_PLATE_NORMAL_MAX];
	struct csv_field f;

	*out = NULL;
	if (!list_value(l, PLATE, &f))
		return 0;
	if (memchr(f.p, '*', f.n) != NULL || memchr(f.p, '?', f.n) != NULL) {
		list_mistake(l, PLATE, f, "a whole plate, without wildcards");
		return 0;
	}
	if (tp_plate_normal((struct tp_pattern_text){.p = f.p, .n = (uint32_t)f.n}, normal) == 0) {
		list_mistake(l, PLATE, f, "a plate of 1 to 32 octets, not counting spaces, dashes, dots and apostrophes");
		return 0;
	}
	*out = entries_string(l->db, f.p, f.n);
	return *out == NULL ? -ENOMEM : 0;
}

static void list_priority(struct list *l, int32_t *out)
{
	struct csv_field f;
	int64_t value = 0;
	size_t i;

	if (!list_value(l, PRIORITY, &f) || f.n == 0)
		return;
	i = f.p[0] == '-' || f.p[0] == '+';
	for (; i < f.n && f.p[i] >= '0' && f.p[i] <= '9' && value <= INT32_MAX; i++)
		value = value * 10 + (f.p[i] - '0');
	value = f.p[0] == '-' ? -value : value;
	if (i < f.n || f.p[f.n - 1] < '0' || value > INT32_MAX || value < INT32_MIN)
		list_mistake(l, PRIORITY, f, "a whole number from -2147483648 to 2147483647");
	else
		*out = (int32_t)value;
}

static void list_time(struct list *l, enum column column, int64_t *out)
{
	struct csv_field f;

	if (list_value(l, column, &f) && f.n > 0 && !rfc3339_parse(f.p, f.n, out))
		list_mistake(l, column, f, "a date (2026-05-31) or date and time (2026-05-31T18:00:00Z) of RFC 3339");
}

static void list_validity(struct list *l, struct tp_pattern_entry *e)
{
	unsigned int before = l->mistakes->n;

	e->valid_from_us = INT64_MIN;
	e->valid_to_us = INT64_MAX;
	list_time(l, VALID_FROM, &e->valid_from_us);
	list_time(l, VALID_TO, &e->valid_to_us);
	if (l->mistakes->n == before && e->valid_to_us <= e->valid_from_us)
		list_mistake(l, VALID_TO, list_trim(l->csv.field[l->place[VALID_TO]]), "a time later than valid_from");
}

static int list_line(struct list *l)
{
	struct tp_pattern_entry e = {.covert = l->spec->covert};
	unsigned int before = l->mistakes->n;
	int rc;

	if (l->csv.n_fields != l->n_fields) {
		mistakes_add(l->mistakes, -EINVAL, "%s:%u: found %u fields, expected %u as in the header", l->spec->path,
		        l->csv.line, l->csv.n_fields, l->n_fields);
		return 0;
	}
	rc = list_plate(l, &e.entry);
	rc = rc != 0 ? rc : list_string(l, JURISDICTION, NULL, &e.jurisdiction);
	rc = rc != 0 ? rc : list_string(l, LIST, l->name, &e.list);
	rc = rc != 0 ? rc : list_string(l, CATEGORY, NULL, &e.category);
	list_priority(l, &e.priority);
	list_validity(l, &e);
	if (rc != 0 || l->mistakes->n != before)
		return rc;
	return entries_add(l->db, &e);
}

static int list_lines(struct list *l)
{
	enum csv_result r;
	int rc = 0;

	while (rc == 0 && (r = csv_next(&l->csv)) != CSV_END) {
		if (r == CSV_RECORD)
			rc = list_line(l);
		else
			mistakes_add(l->mistakes, -EINVAL, "%s:%u: found %s, expected %s", l->spec->path, l->csv.line, l->csv.found,
			        l->csv.expected);
	}
	return rc;
}

static bool list_utf16(const uint8_t *data, size_t n)
{
	return n >= 2 && ((data[0] == 0xff && data[1] == 0xfe) || (data[0] == 0xfe && data[1] == 0xff));
}

int list_parse(struct tp_pattern_db *db, const struct tp_list_spec *spec, uint8_t *data, size_t n, struct mistakes *m)
{
	struct list l = {.db = db, .spec = spec, .mistakes = m};
	const char *name = spec->name != NULL ? spec->name : spec->path;

	if (list_utf16(data, n)) {
		mistakes_add(m, -EINVAL, "%s:1: found UTF-16, expected UTF-8", spec->path);
		return 0;
	}
	l.name = entries_string(db, (const uint8_t *)name, strlen(name));
	if (l.name == NULL)
		return -ENOMEM;
	csv_open(&l.csv, data, n);
	return list_header(&l) ? list_lines(&l) : 0;
}
