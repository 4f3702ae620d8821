/* SPDX-License-Identifier: BSD-3-Clause */
/* Plate lists against a matcher that compares every read with every entry, letter by letter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

#include "guard.h"
#include "pattern_check.h"

#define HITS 4096

static void write_file(char *template, const char *text, size_t n)
{
	int fd = mkstemp(template);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, n), n);
	close(fd);
}

/* Compiles one list from text; the file is gone afterwards. */
static int compile_list(const char *csv, size_t n, struct tp_pattern_db **db, char *err, size_t err_len)
{
	char path[] = "/tmp/pattern_test.XXXXXX";
	struct tp_list_spec list = {.path = path, .name = "stolen"};
	struct tp_pattern_spec spec = {.lists = &list, .n_lists = 1};
	int rc;

	write_file(path, csv, n);
	rc = tp_pattern_compile(&spec, db, err, err_len);
	unlink(path);
	return rc;
}

static struct tp_pattern_db *must_compile(const char *csv)
{
	struct tp_pattern_db *db;
	char err[1024] = "";

	if (compile_list(csv, strlen(csv), &db, err, sizeof(err)) != 0)
		fail_msg("%s", err);
	return db;
}

/* Normal form by the letter of its definition. */
static unsigned int plain_normal(const uint8_t *p, size_t n, uint8_t out[TP_PLATE_NORMAL_MAX])
{
	unsigned int length = 0;

	for (size_t i = 0; i < n; i++)
		if (p[i] < 0x20 || p[i] == 0x7f)
			return 0;
	for (size_t i = 0; i < n; i++) {
		if (p[i] == ' ' || p[i] == '-' || p[i] == '.' || p[i] == '\'')
			continue;
		if (length == TP_PLATE_NORMAL_MAX)
			return 0;
		out[length++] = p[i] >= 'a' && p[i] <= 'z' ? p[i] - 32 : p[i];
	}
	return length;
}

static void test_normal_equals_definition(void **state)
{
	static const uint8_t some[] = "ABCxyz019 -.'\x01\x7f\x7e\x1f\x80\xc3\xff`{@[";
	struct guard g = guard_new(128);
	uint8_t made[128] = {0}, got[TP_PLATE_NORMAL_MAX], want[TP_PLATE_NORMAL_MAX];

	(void)state;
	random_state = 11;
	for (int round = 0; round < 200000; round++) {
		size_t n = random_below(round % 4 == 0 ? 100 : 20);
		unsigned int common = random_below(3); /* control characters only in a third of the rounds */
		unsigned int length;

		for (size_t i = 0; i < n; i++) {
			made[i] = common == 0 ? some[random_below(sizeof(some) - 1)] : some[random_below(13)];
			if (common == 1)
				made[i] = (uint8_t)(0x80 | random_below(128));
		}
		length = tp_plate_normal((struct tp_pattern_text){.p = guard_put(&g, made, n), .n = (uint32_t)n}, got);
		assert_int_equal(length, plain_normal(made, n, want));
		assert_memory_equal(got, want, length);
	}
	for (unsigned int c = 0; c < 256; c++) {
		made[0] = (uint8_t)c;
		assert_int_equal(tp_plate_normal((struct tp_pattern_text){.p = made, .n = 1}, got), plain_normal(made, 1, want));
	}
}

static void test_normal_examples(void **state)
{
	uint8_t out[TP_PLATE_NORMAL_MAX];

	(void)state;
	assert_int_equal(tp_plate_normal(text_of("m-\xc3\xbc 12.3'4"), out), 7);
	assert_memory_equal(out,
	        "M\xc3\xbc"
	        "1234",
	        7);
	assert_int_equal(tp_plate_normal(text_of(""), out), 0);
	assert_int_equal(tp_plate_normal((struct tp_pattern_text){.p = NULL, .n = 0}, out), 0);
	assert_int_equal(tp_plate_normal(text_of(" -.'"), out), 0);
	assert_int_equal(tp_plate_normal(text_of("AB\n12"), out), 0);
	assert_int_equal(tp_plate_normal(text_of("12345678901234567890123456789012"), out), 32);
	assert_int_equal(tp_plate_normal(text_of("123456789012345678901234567890123"), out), 0);
	assert_int_equal(tp_plate_normal(text_of("1234-5678-9012-3456-7890-1234-5678-9012"), out), 32);
}

#define ENTRIES 300
#define VECTOR  64

/* Few letters and short plates, so that reads often hit, plates contain each other and several entries share one. */
static size_t random_plate(char *out)
{
	static const char *const pieces[] = {"A", "B", "a", "1", "-", " ", "\xc3\xbc", "\xe4\xba\xac"};
	size_t n = 0;

	for (unsigned int i = 1 + random_below(4); i > 0; i--) {
		const char *piece = pieces[random_below(8)];

		memcpy(out + n, piece, strlen(piece));
		n += strlen(piece);
	}
	out[n] = '\0';
	return n;
}

static const char *const jurisdictions[] = {"", "US-CA", "us-ca", "US-C", "US-CAL", "D"};

struct plain_entry {
	char plate[20];
	const char *jurisdiction;
	int64_t from, to;
};

static void random_list(struct plain_entry *entries, char *csv)
{
	char *o = csv + sprintf(csv, "valid_to,plate,note,valid_from,jurisdiction\n");
	uint8_t normal[TP_PLATE_NORMAL_MAX];

	for (unsigned int i = 0; i < ENTRIES; i++) {
		struct plain_entry *e = &entries[i];
		unsigned int from = random_below(4), to = from + 1 + random_below(3);

		while (plain_normal((const uint8_t *)e->plate, random_plate(e->plate), normal) == 0)
			;
		e->jurisdiction = jurisdictions[random_below(6)];
		e->from = from == 0 ? INT64_MIN : from;
		e->to = to == 4 ? INT64_MAX : to;
		o += to == 4 ? sprintf(o, ",") : sprintf(o, "1970-01-01T00:00:00.%06u,", to);
		o += sprintf(o, "\"%s\",x,", e->plate);
		o += from == 0 ? sprintf(o, ",") : sprintf(o, "1970-01-01T00:00:00.%06uZ,", from);
		o += sprintf(o, "%s\n", e->jurisdiction);
	}
}

static bool plain_match(const struct plain_entry *e, const struct tp_plate_query *q, struct tp_pattern_hit *hit)
{
	uint8_t a[TP_PLATE_NORMAL_MAX], b[TP_PLATE_NORMAL_MAX];
	unsigned int n = plain_normal((const uint8_t *)e->plate, strlen(e->plate), a);

	if (plain_normal(q->plate.p, q->plate.n, b) != n || memcmp(a, b, n) != 0)
		return false;
	if (q->event_time_us < e->from || q->event_time_us >= e->to)
		return false;
	hit->jurisdiction_known = e->jurisdiction[0] != '\0' && q->jurisdiction.p != NULL && q->jurisdiction.n > 0;
	hit->from = 0;
	hit->to = n;
	return !hit->jurisdiction_known ||
	       (strlen(e->jurisdiction) == q->jurisdiction.n &&
	               strncasecmp(e->jurisdiction, (const char *)q->jurisdiction.p, q->jurisdiction.n) == 0);
}

static unsigned int plain_scan(
        const struct plain_entry *entries, const struct tp_plate_query *q, unsigned int n, struct tp_pattern_hit *hits)
{
	unsigned int found = 0;

	for (uint32_t i = 0; i < n; i++)
		for (uint32_t k = 0; k < ENTRIES; k++)
			if (plain_match(&entries[k], &q[i], &hits[found])) {
				hits[found].item = i;
				hits[found++].entry = k;
			}
	return found;
}

static void random_reads(struct tp_plate_query *q, char plates[][20], unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		const char *j = jurisdictions[random_below(6)];
		size_t length = random_plate(plates[i]);

		if (random_below(20) == 0)
			plates[i][random_below((unsigned int)length)] = '\n';
		q[i].plate = text_of(plates[i]);
		q[i].plate.n -= random_below(30) == 0 ? q[i].plate.n : 0;
		q[i].jurisdiction = text_of(j);
		if (random_below(5) == 0)
			q[i].jurisdiction.p = NULL;
		q[i].event_time_us = random_below(6);
	}
}

static void assert_hits_equal(const struct tp_pattern_hit *a, const struct tp_pattern_hit *b, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		assert_int_equal(a[i].item, b[i].item);
		assert_int_equal(a[i].entry, b[i].entry);
		assert_int_equal(a[i].from, b[i].from);
		assert_int_equal(a[i].to, b[i].to);
		assert_int_equal(a[i].jurisdiction_known, b[i].jurisdiction_known);
	}
}

static void test_plates_equal_brute_force(void **state)
{
	static struct plain_entry entries[ENTRIES];
	static char csv[ENTRIES * 120], plates[VECTOR][20];
	static struct tp_pattern_hit got[VECTOR * ENTRIES], want[VECTOR * ENTRIES];
	struct tp_plate_query q[VECTOR];
	unsigned int all = 0;

	(void)state;
	random_state = 4711;
	for (int round = 0; round < 20; round++) {
		struct tp_pattern_scratch *scratch;
		struct tp_pattern_db *db;

		random_list(entries, csv);
		db = must_compile(csv);
		scratch = must_scratch(db, VECTOR);
		assert_int_equal(tp_pattern_entries(db), ENTRIES);
		for (int vector = 0; vector < 50; vector++) {
			unsigned int n = random_below(VECTOR + 1), found;

			random_reads(q, plates, n);
			found = tp_pattern_scan_plates(db, scratch, q, n, got, VECTOR * ENTRIES);
			assert_int_equal(found, plain_scan(entries, q, n, want));
			assert_hits_equal(got, want, found);
			all += found;
		}
		assert_int_equal(tp_pattern_scratch_errors(scratch), 0);
		tp_pattern_scratch_free(scratch);
		tp_pattern_free(db);
	}
	assert_true(all > 10000);
}

static void test_entry_is_as_written(void **state)
{
	struct tp_pattern_db *db =
	        must_compile("\xef\xbb\xbfPlate, Jurisdiction ,list,category,priority,valid_from,valid_to\r\n"
	                     " ab-123 ,US-CA,\"amber, \"\"live\"\"\",Stolen,-7,2026-01-01,2026-01-02T03:04:05.5+01:00\r\n"
	                     "\r\n \t\r\n"
	                     "\"XYZ 9\",,,,,,");
	const struct tp_pattern_entry *e = tp_pattern_entry(db, 0);

	(void)state;
	assert_int_equal(tp_pattern_entries(db), 2);
	assert_true(tp_pattern_has_lists(db));
	assert_true(tp_pattern_memory(db) > 1000);
	assert_string_equal(e->entry, "ab-123");
	assert_string_equal(e->jurisdiction, "US-CA");
	assert_string_equal(e->list, "amber, \"live\"");
	assert_string_equal(e->category, "Stolen");
	assert_int_equal(e->priority, -7);
	assert_true(e->valid_from_us == INT64_C(1767225600000000));
	assert_true(e->valid_to_us == INT64_C(1767319445500000));
	e = tp_pattern_entry(db, 1);
	assert_string_equal(e->entry, "XYZ 9");
	assert_string_equal(e->list, "stolen");
	assert_null(e->jurisdiction);
	assert_null(e->category);
	assert_int_equal(e->priority, 0);
	assert_true(e->valid_from_us == INT64_MIN && e->valid_to_us == INT64_MAX);
	tp_pattern_free(db);
}

/* The mark is of the file, whatever list a line of it names, and of the rule. */
static void test_covert_is_marked(void **state)
{
	char open[] = "/tmp/pattern_test.XXXXXX", covert[] = "/tmp/pattern_test.XXXXXX", err[1024] = "";
	struct tp_list_spec lists[] = {{.path = open, .name = "open"}, {.path = covert, .name = "covert", .covert = true}};
	struct tp_rule_spec rules[] = {{.name = "a", .regex = "a", .covert = true}, {.name = "b", .regex = "b"}};
	struct tp_pattern_spec spec = {.lists = lists, .n_lists = 2, .rules = rules, .n_rules = 2, .n_channels = 1};
	const bool want[] = {false, true, true, true, false};
	struct tp_pattern_db *db;

	(void)state;
	write_file(open, "plate\nA1\n", 9);
	write_file(covert, "plate,list\nA1,\nA2,open\n", 23);
	assert_int_equal(tp_pattern_compile(&spec, &db, err, sizeof(err)), 0);
	unlink(open);
	unlink(covert);
	assert_int_equal(tp_pattern_entries(db), 5);
	for (uint32_t i = 0; i < 5; i++)
		assert_int_equal(tp_pattern_entry(db, i)->covert, want[i]);
	tp_pattern_free(db);
}

/* By list, whatever the order of its entries; in the scratch of a worker, and on from there in another one of the same lists. */
static void test_hits_are_counted_by_list(void **state)
{
	struct tp_pattern_db *db = must_compile("plate,list\nA1,red\nA2,blue\nA3,red\nA4,\n"), *other = must_compile("plate\nA1\n");
	static struct tp_pattern_list lists[TP_PATTERN_LISTS + 1];
	struct tp_pattern_scratch *one, *two, *of_other;
	const uint32_t red = tp_pattern_entry(db, 0)->group, blue = tp_pattern_entry(db, 1)->group,
	               own = tp_pattern_entry(db, 3)->group;

	(void)state;
	assert_int_equal(tp_pattern_groups(db), 4); /* and that of further lists */
	assert_int_equal(tp_pattern_entry(db, 2)->group, red);
	assert_true(red && blue && own && red != blue && blue != own && red != own);
	assert_int_equal(tp_pattern_scratch_new(db, 1, &one), 0);
	assert_int_equal(tp_pattern_scratch_new(db, 1, &two), 0);
	assert_int_equal(tp_pattern_scratch_new(other, 1, &of_other), 0);
	tp_pattern_count_hit(one, tp_pattern_entry(db, 0));
	tp_pattern_count_hit(one, tp_pattern_entry(db, 2));
	tp_pattern_count_hit(one, tp_pattern_entry(db, 1));
	assert_int_equal(tp_pattern_hits(one, red), 2);
	assert_int_equal(tp_pattern_hits(one, blue), 1);
	assert_int_equal(tp_pattern_hits(one, own), 0);
	assert_int_equal(tp_pattern_hits(two, red), 0); /* another worker's */
	tp_pattern_scratch_carry(two, one);
	tp_pattern_count_hit(two, tp_pattern_entry(db, 0));
	assert_int_equal(tp_pattern_hits(two, red), 3);
	assert_int_equal(tp_pattern_hits(two, blue), 1);
	tp_pattern_scratch_carry(of_other, one);
	assert_int_equal(tp_pattern_hits(of_other, tp_pattern_entry(other, 0)->group), 0);
	tp_pattern_lists(db, 0, lists);
	assert_string_equal(lists[red].name, "red");
	assert_int_equal(lists[red].entries, 2);
	assert_int_equal(lists[red].valid, 2);
	assert_int_equal(lists[red].group, red);
	assert_string_equal(lists[blue].name, "blue");
	assert_int_equal(lists[0].entries, 0); /* no further ones */
	tp_pattern_scratch_free(one);
	tp_pattern_scratch_free(two);
	tp_pattern_scratch_free(of_other);
	tp_pattern_free(db);
	tp_pattern_free(other);
}

/* The memory for counts is bounded, however many names a list has in it. */
static void test_lists_beyond_the_bound_share_a_count(void **state)
{
	const unsigned int names = TP_PATTERN_LISTS + 2;
	char *csv = malloc(names * 32 + 32), *at = csv;
	struct tp_pattern_db *db;

	(void)state;
	assert_non_null(csv);
	at += sprintf(at, "plate,list\n");
	for (unsigned int i = 0; i < names; i++)
		at += sprintf(at, "P%u,list-%u\n", i, i);
	sprintf(at, "AGAIN,list-0\n");
	db = must_compile(csv);
	assert_int_equal(tp_pattern_groups(db), TP_PATTERN_LISTS + 1);
	assert_int_equal(tp_pattern_entry(db, TP_PATTERN_LISTS - 1)->group, TP_PATTERN_LISTS);
	assert_int_equal(tp_pattern_entry(db, TP_PATTERN_LISTS)->group, 0);
	assert_int_equal(tp_pattern_entry(db, TP_PATTERN_LISTS + 1)->group, 0);
	assert_int_equal(tp_pattern_entry(db, names)->group, tp_pattern_entry(db, 0)->group);
	tp_pattern_free(db);
	free(csv);
}

static void test_validity_edges(void **state)
{
	struct tp_pattern_db *db = must_compile("plate,valid_from,valid_to\nA,2026-01-01,2026-01-02\n");
	struct tp_pattern_scratch *scratch = must_scratch(db, 4);
	const int64_t from = INT64_C(1767225600000000), to = from + INT64_C(86400000000);
	struct tp_plate_query q[4] = {
	        {.event_time_us = from - 1}, {.event_time_us = from}, {.event_time_us = to - 1}, {.event_time_us = to}};
	struct tp_pattern_hit hits[4];

	(void)state;
	for (int i = 0; i < 4; i++)
		q[i].plate = text_of("a");
	assert_int_equal(tp_pattern_scan_plates(db, scratch, q, 4, hits, 4), 2);
	assert_int_equal(hits[0].item, 1);
	assert_int_equal(hits[1].item, 2);
	tp_pattern_scratch_free(scratch);
	tp_pattern_free(db);
}

static void test_overflow_tells_the_true_count(void **state)
{
	struct tp_pattern_db *db = must_compile("plate,list\nA1,x\nA1,y\nB2,x\nA-1,z\n");
	struct tp_pattern_scratch *scratch = must_scratch(db, 3);
	struct tp_plate_query q[3] = {{.plate = text_of("a1")}, {.plate = text_of("C3")}, {.plate = text_of("A1")}};
	struct tp_pattern_hit hits[6] = {[4] = {.item = 77}};

	(void)state;
	assert_int_equal(tp_pattern_scan_plates(db, scratch, q, 3, hits, 4), 6);
	assert_int_equal(hits[3].item, 2);
	assert_int_equal(hits[3].entry, 0);
	assert_int_equal(hits[4].item, 77);
	assert_int_equal(tp_pattern_scan_plates(db, scratch, q, 3, NULL, 0), 6);
	tp_pattern_scratch_free(scratch);
	tp_pattern_free(db);
}

static void test_more_reads_than_the_scratch_has_items(void **state)
{
	struct tp_pattern_db *db = must_compile("plate\nA1\n");
	struct tp_pattern_scratch *scratch = must_scratch(db, 3);
	struct tp_plate_query q[10];
	struct tp_pattern_hit hits[10];

	(void)state;
	for (int i = 0; i < 10; i++)
		q[i] = (struct tp_plate_query){.plate = text_of("12345678901234567890123456789012")};
	q[2].plate = q[3].plate = q[9].plate = text_of("A1");
	assert_int_equal(tp_pattern_scan_plates(db, scratch, q, 10, hits, 10), 3);
	assert_int_equal(hits[0].item, 2);
	assert_int_equal(hits[1].item, 3);
	assert_int_equal(hits[2].item, 9);
	tp_pattern_scratch_free(scratch);
	tp_pattern_free(db);
}

/* Plates of every length, read with other letters' case and a hyphen, and the same with one more letter, which are on no list. */
static void test_every_length(void **state)
{
	static char csv[TP_PLATE_NORMAL_MAX * (TP_PLATE_NORMAL_MAX + 2) + 16],
	        reads[2][TP_PLATE_NORMAL_MAX][TP_PLATE_NORMAL_MAX + 4];
	struct tp_plate_query q[2 * TP_PLATE_NORMAL_MAX] = {0};
	struct tp_pattern_hit hits[2 * TP_PLATE_NORMAL_MAX];
	struct tp_pattern_scratch *scratch;
	struct tp_pattern_db *db;
	char *o = csv + sprintf(csv, "plate\n");

	(void)state;
	for (int n = 1; n <= TP_PLATE_NORMAL_MAX; n++) {
		char upper[TP_PLATE_NORMAL_MAX + 1] = {0};

		for (int i = 0; i < n; i++)
			upper[i] = (char)((i * 7 + n) % 26 + 'A');
		o += sprintf(o, "%s\n", upper);
		sprintf(reads[1][n - 1], "%sZ", upper);
		for (int i = 0; i < n; i++)
			upper[i] |= 0x20;
		sprintf(reads[0][n - 1], "%c-%s", upper[0], upper + 1);
		q[2 * n - 2].plate = text_of(reads[0][n - 1]);
		q[2 * n - 1].plate = text_of(reads[1][n - 1]);
	}
	db = must_compile(csv);
	scratch = must_scratch(db, 2 * TP_PLATE_NORMAL_MAX);
	assert_int_equal(tp_pattern_scan_plates(db, scratch, q, 2 * TP_PLATE_NORMAL_MAX, hits, 2 * TP_PLATE_NORMAL_MAX),
	        TP_PLATE_NORMAL_MAX);
	for (uint32_t i = 0; i < TP_PLATE_NORMAL_MAX; i++) {
		assert_int_equal(hits[i].item, 2 * i);
		assert_int_equal(hits[i].entry, i);
		assert_int_equal(hits[i].to, i + 1);
	}
	tp_pattern_scratch_free(scratch);
	tp_pattern_free(db);
}

static void test_empty_list(void **state)
{
	struct tp_pattern_db *db = must_compile("plate,list\n");
	struct tp_pattern_scratch *scratch = must_scratch(db, 1);
	struct tp_plate_query q = {.plate = text_of("A1")};
	struct tp_pattern_hit hit;

	(void)state;
	assert_int_equal(tp_pattern_entries(db), 0);
	assert_false(tp_pattern_has_lists(db));
	assert_int_equal(tp_pattern_scan_plates(db, scratch, &q, 1, &hit, 1), 0);
	tp_pattern_scratch_free(scratch);
	assert_int_equal(tp_pattern_scratch_new(db, 0, &scratch), -EINVAL);
	assert_null(scratch);
	tp_pattern_free(db);
}

/* 10,000 plates "AAA0000": entry i is the number i * 1757 + 3, its digits in base 10, 10, 10, 10, 26, 26, 26. */
static void big_plate(unsigned int i, char out[8])
{
	unsigned int v = i * 1757 + 3;

	for (int k = 6; k >= 0; k--) {
		unsigned int base = k < 3 ? 26 : 10;

		out[k] = (char)((k < 3 ? 'A' : '0') + v % base);
		v /= base;
	}
	out[7] = '\0';
}

static struct tp_pattern_db *big_db(void)
{
	static char csv[10000 * 9 + 16];
	char *o = csv + sprintf(csv, "plate\n");

	for (unsigned int i = 0; i < 10000; i++, o += 8) {
		big_plate(i, o);
		o[7] = '\n';
	}
	*o = '\0';
	return must_compile(csv);
}

struct big_scan {
	pthread_t thread;
	const struct tp_pattern_db *db;
	unsigned int seed, found, wrong;
};

/* Each listed plate and one beside it, vector by vector; counts what is not as it should be. */
static void *big_scan_run(void *arg)
{
	struct big_scan *b = arg;
	struct tp_pattern_scratch *scratch;
	struct tp_plate_query q[32] = {0};
	struct tp_pattern_hit hits[32];
	char plates[32][8];

	if (tp_pattern_scratch_new(b->db, 32, &scratch) != 0)
		return NULL;
	for (unsigned int first = 0; first < 10000; first += 16) {
		unsigned int n;

		for (unsigned int i = 0; i < 32; i++) {
			big_plate((first + i / 2 + b->seed) % 10000, plates[i]);
			plates[i][6] = i % 2 == 0 ? plates[i][6] : 'X';
			q[i].plate = text_of(plates[i]);
		}
		n = tp_pattern_scan_plates(b->db, scratch, q, 32, hits, 32);
		for (unsigned int i = 0; i < n; i++)
			b->wrong += hits[i].item != 2 * i || hits[i].entry != (first + i + b->seed) % 10000 || hits[i].to != 7;
		b->found += n;
	}
	tp_pattern_scratch_free(scratch);
	return NULL;
}

static void test_ten_thousand_plates_two_workers(void **state)
{
	struct tp_pattern_db *db = big_db();
	struct big_scan workers[2] = {{.db = db, .seed = 0}, {.db = db, .seed = 5000}};

	(void)state;
	assert_int_equal(tp_pattern_entries(db), 10000);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&workers[i].thread, NULL, big_scan_run, &workers[i]), 0);
	for (int i = 0; i < 2; i++) {
		pthread_join(workers[i].thread, NULL);
		assert_int_equal(workers[i].found, 10000);
		assert_int_equal(workers[i].wrong, 0);
	}
	tp_pattern_free(db);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_normal_equals_definition),
	        cmocka_unit_test(test_normal_examples),
	        cmocka_unit_test(test_plates_equal_brute_force),
	        cmocka_unit_test(test_entry_is_as_written),
	        cmocka_unit_test(test_covert_is_marked),
	        cmocka_unit_test(test_hits_are_counted_by_list),
	        cmocka_unit_test(test_lists_beyond_the_bound_share_a_count),
	        cmocka_unit_test(test_validity_edges),
	        cmocka_unit_test(test_overflow_tells_the_true_count),
	        cmocka_unit_test(test_more_reads_than_the_scratch_has_items),
	        cmocka_unit_test(test_every_length),
	        cmocka_unit_test(test_empty_list),
	        cmocka_unit_test(test_ten_thousand_plates_two_workers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
