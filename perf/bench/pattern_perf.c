/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Cycles a plate of tp_pattern_scan_plates with a list of 10,000 plates, at 1, 8, 32 and 64 plates a scan, beside a bare hs_scan of the same
 * plates with the same literals, already in normal form in one buffer. The two are measured in turn; the best of RUNS rounds counts for
 * each. One read in 500 is on the list.
 *
 * Cycles are those of the time stamp counter. One JSON object a line: name, value, unit, reference, ratio, runs.
 */
#include <hs/hs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <x86intrin.h>

#include "tp_pattern.h"

#define LIST     10000
#define READS    65536
#define HIT_ONE  500 /* one read in so many is listed */
#define PLATE    7
#define SCAN_MAX 64
#define RUNS     51

struct bench {
	char list[LIST][PLATE + 1];
	char reads[READS][PLATE + 1];
	struct tp_pattern_db *db;
	struct tp_pattern_scratch *scratch;
	hs_database_t *hs;
	hs_scratch_t *hs_scratch;
	unsigned int hits;
};

static uint64_t perf_random(void)
{
	static uint64_t state = 0x2545f4914f6cdd1d;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state >> 11;
}

static void perf_plate(char *out)
{
	for (int i = 0; i < PLATE; i++)
		out[i] = (char)(i < 3 ? 'A' + perf_random() % 26 : '0' + perf_random() % 10);
	out[PLATE] = '\0';
}

static int perf_die(const char *what)
{
	fprintf(stderr, "pattern_perf: %s\n", what);
	return -1;
}

static void perf_fill(struct bench *b)
{
	for (int i = 0; i < LIST; i++)
		perf_plate(b->list[i]);
	for (int i = 0; i < READS; i++) {
		if (i % HIT_ONE == 0)
			memcpy(b->reads[i], b->list[perf_random() % LIST], PLATE + 1);
		else
			perf_plate(b->reads[i]);
	}
}

static int perf_ours(struct bench *b)
{
	char path[] = "/tmp/pattern_perf.XXXXXX", err[1024];
	struct tp_list_spec list = {.path = path, .name = "perf"};
	struct tp_pattern_spec spec = {.lists = &list, .n_lists = 1};
	int fd = mkstemp(path);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
	int rc;

	if (f == NULL)
		return perf_die("no temporary file");
	fputs("plate\n", f);
	for (int i = 0; i < LIST; i++)
		fprintf(f, "%s\n", b->list[i]);
	fclose(f);
	rc = tp_pattern_compile(&spec, &b->db, err, sizeof(err));
	unlink(path);
	if (rc != 0)
		return perf_die(err);
	return tp_pattern_scratch_new(b->db, SCAN_MAX, &b->scratch) == 0 ? 0 : perf_die("no scratch");
}

static int perf_bare(struct bench *b)
{
	static char text[LIST][PLATE + 3];
	static const char *literals[LIST];
	static unsigned int flags[LIST], ids[LIST];
	static size_t lengths[LIST];
	hs_compile_error_t *error;

	for (unsigned int i = 0; i < LIST; i++) {
		snprintf(text[i], sizeof(text[i]), "\n%s\n", b->list[i]);
		literals[i] = text[i];
		lengths[i] = PLATE + 2;
		ids[i] = i;
	}
	if (hs_compile_lit_multi(literals, flags, ids, lengths, LIST, HS_MODE_BLOCK, NULL, &b->hs, &error) != HS_SUCCESS)
		return perf_die(error->message);
	return hs_alloc_scratch(b->hs, &b->hs_scratch) == HS_SUCCESS ? 0 : perf_die("no scratch");
}

/* Cycles a plate of one round over all reads; filling in the queries, as a caller has to, counts as ours. */
static double perf_round_ours(struct bench *b, unsigned int n)
{
	struct tp_plate_query queries[SCAN_MAX] = {0};
	struct tp_pattern_hit hits[SCAN_MAX];
	uint64_t start = __rdtsc();

	for (unsigned int i = 0; i < READS; i += n) {
		for (unsigned int k = 0; k < n; k++)
			queries[k].plate = (struct tp_pattern_text){.p = (const uint8_t *)b->reads[i + k], .n = PLATE};
		b->hits += tp_pattern_scan_plates(b->db, b->scratch, queries, n, hits, SCAN_MAX);
	}
	return (double)(__rdtsc() - start) / READS;
}

static int perf_on_match(unsigned int id, unsigned long long from, unsigned long long to, unsigned int flags, void *context)
{
	struct bench *b = context;

	(void)id;
	(void)from;
	(void)to;
	(void)flags;
	b->hits++;
	return 0;
}

static double perf_round_bare(struct bench *b, unsigned int n, const char *texts)
{
	unsigned int octets = n * (PLATE + 1) + 1;
	uint64_t start = __rdtsc();

	for (unsigned int i = 0; i < READS / n; i++)
		hs_scan(b->hs, texts + (size_t)i * octets, octets, 0, b->hs_scratch, perf_on_match, b);
	return (double)(__rdtsc() - start) / READS;
}

/* All scans of n plates, one behind the other: "\nPLATE\nPLATE\n". */
static char *perf_texts(const struct bench *b, unsigned int n)
{
	char *texts = malloc(READS * (PLATE + 2)), *o = texts;

	for (unsigned int i = 0; texts != NULL && i < READS; i++) {
		if (i % n == 0)
			*o++ = '\n';
		memcpy(o, b->reads[i], PLATE);
		o += PLATE;
		*o++ = '\n';
	}
	return texts;
}

static int perf_measure(struct bench *b, unsigned int n)
{
	double ours = 1e9, bare = 1e9;
	char *texts = perf_texts(b, n);

	if (texts == NULL)
		return perf_die("out of memory");
	for (int run = 0; run < RUNS; run++) {
		unsigned int before = b->hits, by_ours, by_bare;
		double cycles = perf_round_ours(b, n);

		ours = cycles < ours ? cycles : ours;
		by_ours = b->hits - before;
		cycles = perf_round_bare(b, n, texts);
		bare = cycles < bare ? cycles : bare;
		by_bare = b->hits - before - by_ours;
		if (by_ours != by_bare || by_ours < READS / HIT_ONE) {
			free(texts);
			return perf_die("the two find different hits");
		}
	}
	printf("{\"name\": \"pattern.plate.10k.%u\", \"value\": %.1f, \"unit\": \"cycles/plate\", "
	       "\"reference\": \"hs_scan.10k.%u\", \"ratio\": %.3f, \"runs\": %d}\n",
	        n, ours, n, ours / bare, RUNS);
	free(texts);
	return 0;
}

int main(void)
{
	static const unsigned int sizes[] = {1, 8, 32, 64};
	struct bench *b = calloc(1, sizeof(*b));
	int rc = b == NULL ? perf_die("out of memory") : 0;

	if (rc == 0) {
		perf_fill(b);
		rc = perf_ours(b);
	}
	rc = rc == 0 ? perf_bare(b) : rc;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]) && rc == 0; i++)
		rc = perf_measure(b, sizes[i]);
	if (b != NULL) {
		tp_pattern_scratch_free(b->scratch);
		tp_pattern_free(b->db);
		hs_free_scratch(b->hs_scratch);
		hs_free_database(b->hs);
	}
	free(b);
	return rc == 0 ? 0 : 1;
}
