/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The books as one JSON object:
 *
 *   { "at": "...Z", "at_us": n, "balanced": b, "differences": ["sentence", ...], "outstanding": n, "ports": {...},
 *     "total": account, "sources": [ {"source": index, "device": d, "site": s, "lane": l or null, ["listener": that they are the unknown senders of,] ...account}, ... ] }
 *
 * An account holds every counter of tp_stats.h by its name, zero or not, the sums by class, and what is between the sides. It is
 * written beside its place and renamed, so that a reader sees a whole file or none.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "books.h"

static void books_json_text(struct tp_slice text, FILE *out)
{
	if (!text.p) {
		fputs("null", out);
		return;
	}
	fputc('"', out);
	for (uint32_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];

		if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			fprintf(out, "\\u%04x", c);
		else
			fputc(c, out);
	}
	fputc('"', out);
}

static void books_json_unsigned(const char *name, uint64_t value, FILE *out)
{
	fprintf(out, ", \"%s\": %" PRIu64, name, value);
}

static void books_json_signed(const char *name, int64_t value, FILE *out)
{
	fprintf(out, ", \"%s\": %" PRId64, name, value);
}

static void books_json_failures(const struct tp_account *a, FILE *out)
{
	fprintf(out, ", \"failed_by\": {");
	for (unsigned int i = 0; i < TP_FAILURE_COUNT; i++)
		fprintf(out, "%s\"%s\": %" PRIu64, i ? ", " : "", tp_failure_names[i], a->failed[i]);
	fputc('}', out);
}

/* The members of an account, without the braces. */
static void books_json_account(const struct tp_account *a, FILE *out)
{
	for (unsigned int i = 0; i < TP_COUNTER_COUNT; i++)
		fprintf(out, "%s\"%s\": %" PRIu64, i ? ", " : "", tp_counter_descs[i].name, a->c[i]);
	books_json_unsigned("answered", a->answered, out);
	books_json_unsigned("refused", a->refused, out);
	books_json_unsigned("refused_by_decoder", a->refused_by_decoder, out);
	books_json_unsigned("dropped", a->dropped, out);
	books_json_unsigned("malformed", a->malformed, out);
	books_json_unsigned("published", a->published, out);
	books_json_unsigned("emitted_all", a->emitted_all, out);
	books_json_unsigned("acknowledged", a->acknowledged, out);
	books_json_unsigned("failed", a->failed_sum, out);
	books_json_failures(a, out);
	books_json_unsigned("spooled", a->spooled, out);
	books_json_signed("in_workers", a->in_workers, out);
	books_json_signed("in_flight", a->in_flight, out);
	books_json_signed("decoded_difference", a->decoded_difference, out);
	books_json_signed("dead_letter_difference", a->dead_letter_difference, out);
}

/* When it was heard, and how its clock stands; nulls where it never was, or never said a time. */
static void books_json_seen(const struct tp_seen *seen, FILE *out)
{
	if (!seen->last_us) {
		fputs(", \"first_seen_us\": null, \"last_seen_us\": null", out);
		return;
	}
	books_json_signed("first_seen_us", seen->first_us, out);
	books_json_signed("last_seen_us", seen->last_us, out);
	books_json_signed("last_gap_us", seen->gap_us, out);
	books_json_signed("longest_gap_us", seen->longest_us, out);
	if (!seen->skew_width)
		return;
	books_json_signed("clock_skew_us", seen->skew_us, out);
	books_json_signed("clock_skew_least_us", seen->skew_least_us, out);
	books_json_signed("clock_skew_greatest_us", seen->skew_least_us + (int64_t)seen->skew_width - 1, out);
}

static void books_json_source(const struct tp_books_snapshot *snap, const struct tp_plan_spec *plan, unsigned int s, FILE *out)
{
	const struct tp_source *source = s ? books_source(plan, s) : NULL;
	struct tp_slice null = {NULL, 0};

	fprintf(out, "{\"source\": %u, \"device\": ", s);
	books_json_text(source ? source->device : s ? null : TP_SLICE("nobody"), out);
	fputs(", \"site\": ", out);
	books_json_text(source ? source->site : null, out);
	fputs(", \"lane\": ", out);
	books_json_text(source ? source->lane : null, out);
	if (source && source->of) {
		fputs(", \"listener\": ", out);
		books_json_text(tp_slice_of(source->of), out);
	}
	fputs(", ", out);
	books_json_account(&snap->source[s], out);
	books_json_seen(&snap->source[s].seen, out);
	fputc('}', out);
}

/* The sentences of the verdict as an array. 0 or -ENOMEM. */
static int books_json_verdict(const struct tp_books_snapshot *snap, const struct tp_plan_spec *plan, FILE *out)
{
	char *text = NULL, *line, *rest;
	size_t size;
	FILE *sentences = open_memstream(&text, &size);
	bool balanced, first = true;

	if (!sentences)
		return -ENOMEM;
	balanced = tp_books_balanced(snap, plan, sentences);
	if (fclose(sentences) != 0) {
		free(text);
		return -ENOMEM;
	}
	fprintf(out, "\"balanced\": %s,\n\"differences\": [", balanced ? "true" : "false");
	for (rest = text; (line = strsep(&rest, "\n")) != NULL;) {
		if (*line == '\0')
			continue;
		fputs(first ? "\n" : ",\n", out);
		books_json_text(tp_slice_of(line), out);
		first = false;
	}
	fputs("],\n", out);
	free(text);
	return 0;
}

static int books_json_write(const struct tp_books_snapshot *snap, const struct tp_plan_spec *plan, FILE *out)
{
	time_t seconds = (time_t)(snap->at_us / 1000000);
	struct tm tm;
	char at[32];
	bool first = true;
	int rc;

	gmtime_r(&seconds, &tm);
	strftime(at, sizeof(at), "%Y-%m-%dT%H:%M:%S", &tm);
	fprintf(out, "{\"at\": \"%s.%06dZ\",\n\"at_us\": %" PRId64 ",\n", at, (int)(snap->at_us % 1000000), snap->at_us);
	rc = books_json_verdict(snap, plan, out);
	if (rc < 0)
		return rc;
	fprintf(out, "\"outstanding\": %" PRIu64 ",\n\"ports\": {\"received\": %" PRIu64, snap->outstanding, snap->port_received);
	books_json_unsigned("missed", snap->port_missed, out);
	books_json_unsigned("no_mbuf", snap->port_no_mbuf, out);
	books_json_unsigned("errors", snap->port_errors, out);
	for (unsigned int i = 0; i < TP_GUARD_REASON_COUNT; i++)
		books_json_unsigned(books_xdp[i].name, snap->port_xdp[i], out);
	fputs("},\n\"total\": {", out);
	books_json_account(&snap->total, out);
	fputs("},\n\"sources\": [", out);
	for (unsigned int s = 0; s < snap->n_sources; s++) {
		if (!books_has_traffic(&snap->source[s]))
			continue;
		fputs(first ? "\n" : ",\n", out);
		books_json_source(snap, plan, s, out);
		first = false;
	}
	fputs("]}\n", out);
	return ferror(out) ? -EIO : 0;
}

int tp_books_write_json(const struct tp_books_snapshot *snap, const struct tp_plan_spec *plan, const char *path)
{
	char *beside;
	FILE *out;
	int rc;

	if (asprintf(&beside, "%s.part", path) < 0)
		return -ENOMEM;
	out = fopen(beside, "w");
	if (!out) {
		rc = -errno;
		goto end;
	}
	rc = books_json_write(snap, plan, out);
	if (fclose(out) != 0 && rc == 0)
		rc = -errno;
	if (rc == 0 && rename(beside, path) != 0)
		rc = -errno;
	if (rc < 0)
		unlink(beside);
end:
	free(beside);
	return rc;
}
