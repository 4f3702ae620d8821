/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The books: one account a source from the workers' counters and the ledger's, the sums by class, and what is between the sides.
 *
 * Counters move while they are read. A packet first moves `received` and only later the counter of what became of it, a record
 * first `emitted` and only later `acknowledged`. So outcomes are read first and what came in last, which is the reverse of the
 * order of the counter list: a snapshot may show something on its way that has arrived meanwhile, never something that came from
 * nowhere.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "books.h"
#include "tp_clock.h"
#include "tp_port.h"
#include "tp_worker.h"

static void books_sum_class(struct tp_account *a, unsigned int counter)
{
	switch (tp_counter_descs[counter].class) {
	case TP_CLASS_ANSWERED:
		a->answered += a->c[counter];
		break;
	case TP_CLASS_REFUSED:
		a->refused += a->c[counter];
		break;
	case TP_CLASS_REFUSED_BY_DECODER:
		a->refused += a->c[counter];
		a->refused_by_decoder += a->c[counter];
		break;
	case TP_CLASS_DROPPED:
		a->dropped += a->c[counter];
		break;
	case TP_CLASS_MALFORMED:
		a->malformed += a->c[counter];
		break;
	case TP_CLASS_FLOW:
	case TP_CLASS_COVERT:
		break;
	}
}

static void books_derive(struct tp_account *a)
{
	a->answered = a->refused = a->refused_by_decoder = a->dropped = a->malformed = a->failed_sum = 0;
	for (unsigned int i = 0; i < TP_COUNTER_COUNT; i++)
		books_sum_class(a, i);
	for (unsigned int i = 0; i < TP_FAILURE_COUNT; i++)
		a->failed_sum += a->failed[i];
	a->emitted_all = a->c[TP_C_emitted] + a->c[TP_C_alerts] + a->c[TP_C_covert_alerts] + a->c[TP_C_dead_letters] +
	                 a->c[TP_C_device_events] + a->published;
	a->in_workers = (int64_t)(a->c[TP_C_received] + a->c[TP_C_extra] - a->c[TP_C_decoded] - a->malformed - a->refused -
	                          a->dropped - a->answered);
	a->in_flight = (int64_t)(a->emitted_all - a->acknowledged - a->failed_sum - a->spooled);
	a->decoded_difference = (int64_t)(a->c[TP_C_decoded] - a->c[TP_C_suppressed] - a->c[TP_C_emitted]);
	a->dead_letter_difference = (int64_t)(a->c[TP_C_dead_letters] + a->c[TP_C_dead_letters_limited] +
	                                      a->c[TP_C_dead_letters_lost] - a->malformed - a->refused_by_decoder);
}

/* They are read once, so that what is taken off again by tp_books_open() is what was added here. */
static void books_read_covert(struct tp_account *a, const struct ledger_line *line)
{
	uint64_t n = __atomic_load_n(&line->covert_acknowledged, __ATOMIC_RELAXED);

	a->acknowledged += n;
	a->covert_acknowledged += n;
	for (unsigned int i = 0; i < TP_FAILURE_COUNT; i++) {
		n = __atomic_load_n(&line->covert_failed[i], __ATOMIC_RELAXED);
		a->failed[i] += n;
		a->covert_failed[i] += n;
	}
}

void tp_books_open(struct tp_account *account)
{
	for (unsigned int i = 0; i < TP_COUNTER_COUNT; i++)
		if (tp_counter_descs[i].class == TP_CLASS_COVERT)
			account->c[i] = 0;
	account->acknowledged -= account->covert_acknowledged;
	account->covert_acknowledged = 0;
	for (unsigned int i = 0; i < TP_FAILURE_COUNT; i++) {
		account->failed[i] -= account->covert_failed[i];
		account->covert_failed[i] = 0;
	}
	books_derive(account);
}

/* Adds the ledger's side of a source to an account. */
static void books_read_ledger(struct tp_account *a, unsigned int source)
{
	const struct ledger_line *line = ledger_line(source);

	if (!line)
		return;
	a->acknowledged += __atomic_load_n(&line->acknowledged, __ATOMIC_RELAXED);
	a->published += __atomic_load_n(&line->published, __ATOMIC_RELAXED);
	for (unsigned int i = 0; i < TP_FAILURE_COUNT; i++)
		a->failed[i] += __atomic_load_n(&line->failed[i], __ATOMIC_RELAXED);
	books_read_covert(a, line);
}

static void books_add(struct tp_account *sum, const struct tp_account *a)
{
	for (unsigned int i = 0; i < TP_COUNTER_COUNT; i++)
		sum->c[i] += a->c[i];
	for (unsigned int i = 0; i < TP_FAILURE_COUNT; i++) {
		sum->failed[i] += a->failed[i];
		sum->covert_failed[i] += a->covert_failed[i];
	}
	sum->covert_acknowledged += a->covert_acknowledged;
	sum->acknowledged += a->acknowledged;
	sum->spooled += a->spooled;
	sum->published += a->published;
}

#define BOOKS_XDP(name, action, help) {"xdp_" #name, help},
const struct books_xdp books_xdp[TP_GUARD_REASON_COUNT] = {TP_GUARD_REASONS(BOOKS_XDP)};

static void books_read_ports(struct tp_books_snapshot *snap)
{
	struct tp_port_stats stats;

	for (unsigned int port = 0; port < TP_MAX_PORTS && tp_port_stats(port, &stats) == 0; port++) {
		snap->port_received += stats.received;
		snap->port_missed += stats.missed;
		snap->port_no_mbuf += stats.no_mbuf;
		snap->port_errors += stats.errors;
		for (unsigned int i = 0; i < TP_GUARD_REASON_COUNT; i++)
			snap->port_xdp[i] += stats.guard[i];
	}
}

int tp_books_take(struct tp_books_snapshot *snap, unsigned int n_sources, uint64_t outstanding)
{
	*snap = (struct tp_books_snapshot){
	        .at_us = tp_clock_us(CLOCK_REALTIME), .n_sources = n_sources, .outstanding = outstanding};
	snap->source = calloc(n_sources ? n_sources : 1, sizeof(*snap->source));
	if (!snap->source)
		return -ENOMEM;
	for (unsigned int s = 0; s < n_sources; s++)
		books_read_ledger(&snap->source[s], s);
	for (unsigned int s = 0; s < n_sources; s++)
		tp_book_seen(s, &snap->source[s].seen);
	for (unsigned int s = 0; s < n_sources; s++)
		tp_book_add(s, snap->source[s].c);
	for (unsigned int s = 0; s < n_sources; s++) {
		books_add(&snap->total, &snap->source[s]);
		books_derive(&snap->source[s]);
	}
	books_derive(&snap->total);
	books_read_ports(snap);
	return 0;
}

void tp_books_release(struct tp_books_snapshot *snap)
{
	free(snap->source);
	snap->source = NULL;
	snap->n_sources = 0;
}

void tp_books_line(struct tp_account *account, unsigned int source)
{
	*account = (struct tp_account){.acknowledged = 0};
	books_read_ledger(account, source);
	tp_book_add(source, account->c);
	tp_book_seen(source, &account->seen);
	tp_books_open(account);
}

void tp_books_sum(struct tp_account *total, unsigned int n_sources)
{
	*total = (struct tp_account){.acknowledged = 0};
	for (unsigned int s = 0; s < n_sources; s++)
		books_read_ledger(total, s);
	for (unsigned int s = 0; s < n_sources; s++)
		tp_book_add(s, total->c);
	tp_books_open(total);
}

const struct tp_source *books_source(const struct tp_plan_spec *plan, unsigned int source)
{
	return plan && source < plan->n_sources ? &plan->sources[source] : NULL;
}

const char *books_name(const struct tp_plan_spec *plan, int line, char *text, size_t len)
{
	const struct tp_source *s = line > 0 ? books_source(plan, (unsigned int)line) : NULL;

	if (line <= 0)
		snprintf(text, len, "%s", line == BOOKS_TOTAL ? "total" : "nobody");
	else if (!s || !s->device.p)
		snprintf(text, len, "source %d", line);
	else
		snprintf(text, len, "%.*s%s%.*s%s%.*s%s%s%s", (int)s->device.n, (const char *)s->device.p, s->lane.p ? "/" : "",
		        (int)s->lane.n, s->lane.p ? (const char *)s->lane.p : "", s->site.n ? "@" : "", (int)s->site.n,
		        s->site.n ? (const char *)s->site.p : "", s->of ? " (" : "", s->of ? s->of : "", s->of ? ")" : "");
	for (char *c = text; *c; c++) /* a name is one line, whatever the configuration says */
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	return text;
}

const char *tp_books_name(const struct tp_plan_spec *plan, unsigned int source, char *text, size_t len)
{
	return books_name(plan, (int)source, text, len);
}

bool books_has_traffic(const struct tp_account *a)
{
	uint64_t any = a->acknowledged | a->failed_sum | a->spooled | a->published;

	for (unsigned int i = 0; i < TP_COUNTER_COUNT; i++)
		any |= a->c[i];
	return any != 0;
}

bool books_plausible(const struct tp_account *a)
{
	return a->in_workers >= 0 && a->in_flight >= 0;
}

/* ---- the verdict --------------------------------------------------------------------------------------------------------- */

/* Both sides of an equation in words, what they add up to, and what it means when the left one is larger or smaller. */
struct books_equation {
	char left[256], right[256];
	int64_t left_sum, right_sum;
	const char *larger, *smaller;
};

static void books_equation_input(const struct tp_account *a, struct books_equation *e)
{
	snprintf(e->left, sizeof(e->left), "received %" PRIu64 " + extra %" PRIu64, a->c[TP_C_received], a->c[TP_C_extra]);
	snprintf(e->right, sizeof(e->right),
	        "decoded %" PRIu64 " + malformed %" PRIu64 " + refused %" PRIu64 " + dropped %" PRIu64 " + answered %" PRIu64,
	        a->c[TP_C_decoded], a->malformed, a->refused, a->dropped, a->answered);
	e->left_sum = (int64_t)(a->c[TP_C_received] + a->c[TP_C_extra]);
	e->right_sum = e->left_sum - a->in_workers;
	e->larger = "lost in the workers";
	e->smaller = "accounted for without having come in";
}

static void books_equation_decoded(const struct tp_account *a, struct books_equation *e)
{
	snprintf(e->left, sizeof(e->left), "decoded %" PRIu64, a->c[TP_C_decoded]);
	snprintf(
	        e->right, sizeof(e->right), "suppressed %" PRIu64 " + emitted %" PRIu64, a->c[TP_C_suppressed], a->c[TP_C_emitted]);
	e->left_sum = (int64_t)a->c[TP_C_decoded];
	e->right_sum = e->left_sum - a->decoded_difference;
	e->larger = "never handed to a batch";
	e->smaller = "handed to a batch without having been decoded";
}

static void books_equation_output(const struct tp_account *a, struct books_equation *e)
{
	snprintf(e->left, sizeof(e->left),
	        "emitted %" PRIu64 " + alerts %" PRIu64 " + dead_letters %" PRIu64 " + device_events %" PRIu64
	        " + published %" PRIu64,
	        a->c[TP_C_emitted], a->c[TP_C_alerts], a->c[TP_C_dead_letters], a->c[TP_C_device_events], a->published);
	if (a->c[TP_C_covert_alerts])
		snprintf(e->left + strlen(e->left), sizeof(e->left) - strlen(e->left), " + covert_alerts %" PRIu64,
		        a->c[TP_C_covert_alerts]);
	snprintf(e->right, sizeof(e->right), "acknowledged %" PRIu64 " + failed %" PRIu64 " + spooled %" PRIu64, a->acknowledged,
	        a->failed_sum, a->spooled);
	e->left_sum = (int64_t)a->emitted_all;
	e->right_sum = e->left_sum - a->in_flight;
	e->larger = "neither acknowledged nor given up";
	e->smaller = "ended without having been emitted";
}

static void books_equation_dead_letters(const struct tp_account *a, struct books_equation *e)
{
	snprintf(e->left, sizeof(e->left),
	        "dead_letters %" PRIu64 " + dead_letters_limited %" PRIu64 " + dead_letters_lost %" PRIu64, a->c[TP_C_dead_letters],
	        a->c[TP_C_dead_letters_limited], a->c[TP_C_dead_letters_lost]);
	snprintf(e->right, sizeof(e->right), "malformed %" PRIu64 " + refused by a decoder %" PRIu64, a->malformed,
	        a->refused_by_decoder);
	e->left_sum = (int64_t)(a->c[TP_C_dead_letters] + a->c[TP_C_dead_letters_limited] + a->c[TP_C_dead_letters_lost]);
	e->right_sum = e->left_sum - a->dead_letter_difference;
	e->larger = "dead letters without a cause";
	e->smaller = "refused input without a dead letter";
}

unsigned int books_differences(const struct tp_account *a, const char *name, FILE *out)
{
	static void (*const equations[])(const struct tp_account *a, struct books_equation *e) = {
	        books_equation_input, books_equation_decoded, books_equation_output, books_equation_dead_letters};
	unsigned int n = 0;

	for (unsigned int i = 0; i < sizeof(equations) / sizeof(equations[0]); i++) {
		struct books_equation e;
		int64_t difference;

		equations[i](a, &e);
		difference = e.left_sum - e.right_sum;
		if (difference == 0)
			continue;
		n++;
		if (out)
			fprintf(out, "%s: %s = %" PRId64 ", but %s = %" PRId64 ": %" PRIu64 " %s\n", name, e.left, e.left_sum,
			        e.right, e.right_sum, (uint64_t)llabs(difference), difference > 0 ? e.larger : e.smaller);
	}
	return n;
}

bool tp_books_balanced(const struct tp_books_snapshot *snap, const struct tp_plan_spec *plan, FILE *out)
{
	char name[128];
	unsigned int n = books_differences(&snap->total, "total", out);

	for (unsigned int s = 0; s < snap->n_sources; s++)
		n += books_differences(&snap->source[s], books_name(plan, (int)s, name, sizeof(name)), out);
	if (snap->outstanding) {
		n++;
		if (out)
			fprintf(out, "sink: %" PRIu64 " records submitted have not ended\n", snap->outstanding);
	}
	return n == 0;
}
