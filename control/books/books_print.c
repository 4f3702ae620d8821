/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The books as a table for people: the total, the busiest sources, every counter with a reason that is not zero, and at the end the
 * verdict. Columns are as wide as the total needs, the names take what 132 columns leave.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "books.h"

#define BOOKS_WIDTH    132
#define BOOKS_NAME_MIN 16
#define BOOKS_NAME_MAX 40
#define BOOKS_SOURCES  20 /* lines of sources in the table */

struct books_column {
	const char *title;
	int64_t (*value)(const struct tp_account *a);
};

#define BOOKS_VALUE(name, expression)                                                                                              \
	static int64_t books_value_##name(const struct tp_account *a)                                                              \
	{                                                                                                                          \
		return (int64_t)(expression);                                                                                      \
	}
BOOKS_VALUE(received, a->c[TP_C_received])
BOOKS_VALUE(extra, a->c[TP_C_extra])
BOOKS_VALUE(decoded, a->c[TP_C_decoded])
BOOKS_VALUE(malformed, a->malformed)
BOOKS_VALUE(refused, a->refused)
BOOKS_VALUE(dropped, a->dropped)
BOOKS_VALUE(answered, a->answered)
BOOKS_VALUE(emitted, a->emitted_all)
BOOKS_VALUE(acknowledged, a->acknowledged)
BOOKS_VALUE(failed, a->failed_sum)
BOOKS_VALUE(on_the_way, a->in_workers + a->in_flight)

static const struct books_column books_columns[] = {
        {"received", books_value_received},
        {"extra", books_value_extra},
        {"decoded", books_value_decoded},
        {"malformed", books_value_malformed},
        {"refused", books_value_refused},
        {"dropped", books_value_dropped},
        {"answered", books_value_answered},
        {"emitted", books_value_emitted},
        {"acked", books_value_acknowledged},
        {"failed", books_value_failed},
        {"under way", books_value_on_the_way},
};
#define BOOKS_COLUMNS (sizeof(books_columns) / sizeof(books_columns[0]))

struct books_layout {
	int name;
	int column[BOOKS_COLUMNS];
};

/* A number in digits; columns are sized for the total, which no source exceeds. */
static int books_digits(int64_t value)
{
	return snprintf(NULL, 0, "%" PRId64, value);
}

static void books_layout_set(struct books_layout *layout, const struct tp_account *total)
{
	int left = BOOKS_WIDTH;

	for (unsigned int i = 0; i < BOOKS_COLUMNS; i++) {
		int digits = books_digits(books_columns[i].value(total));
		int title = (int)strlen(books_columns[i].title);

		layout->column[i] = 2 + (digits > title ? digits : title);
		left -= layout->column[i];
	}
	layout->name = left < BOOKS_NAME_MIN ? BOOKS_NAME_MIN : left > BOOKS_NAME_MAX ? BOOKS_NAME_MAX : left;
}

static void books_print_line(const struct books_layout *layout, const char *name, const struct tp_account *a, FILE *out)
{
	fprintf(out, "%-*.*s", layout->name, layout->name, name);
	for (unsigned int i = 0; i < BOOKS_COLUMNS; i++)
		fprintf(out, "%*" PRId64, layout->column[i], books_columns[i].value(a));
	fputc('\n', out);
}

static void books_print_head(const struct books_layout *layout, int64_t at_us, FILE *out)
{
	time_t seconds = (time_t)(at_us / 1000000);
	struct tm tm;
	char text[40];

	gmtime_r(&seconds, &tm);
	strftime(text, sizeof(text), "books %H:%M:%S", &tm);
	fprintf(out, "%-*s", layout->name, text);
	for (unsigned int i = 0; i < BOOKS_COLUMNS; i++)
		fprintf(out, "%*s", layout->column[i], books_columns[i].title);
	fputc('\n', out);
}

/* ---- the sources --------------------------------------------------------------------------------------------------------- */

static bool books_busier(const struct tp_account *a, const struct tp_account *b)
{
	return books_value_received(a) > books_value_received(b);
}

/* The busiest sources with traffic, in order, into top. Returns how many sources have traffic. */
static unsigned int books_busiest(const struct tp_books_snapshot *snap, unsigned int top[BOOKS_SOURCES], unsigned int *n_top)
{
	unsigned int with_traffic = 0, n = 0;

	for (unsigned int s = 0; s < snap->n_sources; s++) {
		unsigned int at;

		if (!books_has_traffic(&snap->source[s]))
			continue;
		with_traffic++;
		for (at = n; at > 0 && books_busier(&snap->source[s], &snap->source[top[at - 1]]); at--)
			if (at < BOOKS_SOURCES)
				top[at] = top[at - 1];
		if (at < BOOKS_SOURCES)
			top[at] = s;
		if (n < BOOKS_SOURCES)
			n++;
	}
	*n_top = n;
	return with_traffic;
}

static void books_print_sources(
        const struct books_layout *layout, const struct tp_books_snapshot *snap, const struct tp_plan_spec *plan, FILE *out)
{
	unsigned int top[BOOKS_SOURCES], n, with_traffic = books_busiest(snap, top, &n);
	char name[128];

	for (unsigned int i = 0; i < n; i++)
		books_print_line(layout, books_name(plan, (int)top[i], name, sizeof(name)), &snap->source[top[i]], out);
	if (with_traffic > n)
		fprintf(out, "... and %u more sources\n", with_traffic - n);
}

/* ---- the reasons --------------------------------------------------------------------------------------------------------- */

static void books_print_reason(const char *name, uint64_t count, const char *help, FILE *out)
{
	if (count)
		fprintf(out, "  %-24s %14" PRIu64 "  %s\n", name, count, help);
}

static bool books_in_a_column(unsigned int counter)
{
	return counter == TP_C_received || counter == TP_C_extra || counter == TP_C_decoded || counter == TP_C_received_bytes ||
	       counter == TP_C_emitted_bytes;
}

#define BOOKS_FAILURE_HELP(name, help) help,
static const char *const books_failure_help[TP_FAILURE_COUNT] = {TP_FAILURES(BOOKS_FAILURE_HELP)};

static void books_print_reasons(const struct tp_books_snapshot *snap, FILE *out)
{
	const struct tp_account *total = &snap->total;

	for (unsigned int i = 0; i < TP_COUNTER_COUNT; i++)
		if (!books_in_a_column(i))
			books_print_reason(tp_counter_descs[i].name, total->c[i], tp_counter_descs[i].help, out);
	books_print_reason("published", total->published, "Records of the books themselves handed to a batch", out);
	for (unsigned int i = 0; i < TP_FAILURE_COUNT; i++)
		books_print_reason(tp_failure_names[i], total->failed[i], books_failure_help[i], out);
	books_print_reason("spooled", total->spooled, "Records on disk, waiting for Kafka", out);
	books_print_reason("port_missed", snap->port_missed, "Packets the ports dropped because nobody took them", out);
	books_print_reason("port_no_mbuf", snap->port_no_mbuf, "Packets the ports dropped because no buffer was free", out);
	books_print_reason("port_errors", snap->port_errors, "Packets the ports received broken", out);
	for (unsigned int i = 0; i < TP_GUARD_REASON_COUNT; i++)
		books_print_reason(books_xdp[i].name, snap->port_xdp[i], books_xdp[i].help, out);
}

void tp_books_print(const struct tp_books_snapshot *snap, const struct tp_plan_spec *plan, enum tp_books_print when, FILE *out)
{
	struct books_layout layout;

	books_layout_set(&layout, &snap->total);
	books_print_head(&layout, snap->at_us, out);
	books_print_line(&layout, "total", &snap->total, out);
	books_print_sources(&layout, snap, plan, out);
	books_print_reasons(snap, out);
	if (when == TP_BOOKS_FINAL)
		fputs(tp_books_balanced(snap, plan, out) ? "the books balance\n" : "the books do NOT balance\n", out);
	fflush(out);
}
