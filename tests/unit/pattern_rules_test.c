/* SPDX-License-Identifier: BSD-3-Clause */
/* Alert rules: a scan of a vector must find exactly what a scan of each text alone, by each rule alone, finds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <hs/hs.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "guard.h"
#include "pattern_check.h"

#define RULES  8
#define VECTOR 40
#define TEXT   24

static struct tp_pattern_db *must_compile(const struct tp_rule_spec *rules, unsigned int n, unsigned int channels)
{
	struct tp_pattern_spec spec = {.rules = rules, .n_rules = n, .n_channels = channels};
	struct tp_pattern_db *db;
	char err[2048] = "";

	if (tp_pattern_compile(&spec, &db, err, sizeof(err)) != 0)
		fail_msg("%s", err);
	return db;
}

/* A rule by itself, compiled here: the reference. */
struct lone_rule {
	hs_database_t *db;
	hs_scratch_t *scratch;
	uint64_t from, to;
};

static int lone_on_match(unsigned int id, unsigned long long from, unsigned long long to, unsigned int flags, void *context)
{
	struct lone_rule *r = context;

	(void)id;
	(void)flags;
	if (to < r->to || (to == r->to && from < r->from)) {
		r->from = from;
		r->to = to;
	}
	return 0;
}

static bool lone_compile(struct lone_rule *r, const char *regex, bool caseless)
{
	unsigned int flags = HS_FLAG_SOM_LEFTMOST | (caseless ? HS_FLAG_CASELESS : 0);
	hs_compile_error_t *error = NULL;

	*r = (struct lone_rule){0};
	if (hs_compile(regex, flags, HS_MODE_BLOCK, NULL, &r->db, &error) != HS_SUCCESS) {
		hs_free_compile_error(error);
		return false;
	}
	assert_int_equal(hs_alloc_scratch(r->db, &r->scratch), HS_SUCCESS);
	return true;
}

static void lone_free(struct lone_rule *r)
{
	hs_free_scratch(r->scratch);
	hs_free_database(r->db);
}

static bool lone_scan(struct lone_rule *r, struct tp_pattern_text t)
{
	r->from = r->to = UINT64_MAX;
	if (t.n > 0)
		assert_int_equal(hs_scan(r->db, (const char *)t.p, t.n, 0, r->scratch, lone_on_match, r), HS_SUCCESS);
	return r->to != UINT64_MAX;
}

static void assert_scan_equals_lone(const struct tp_pattern_db *db, struct tp_pattern_scratch *scratch, struct lone_rule *lone,
        unsigned int n_rules, const struct tp_pattern_text *texts, unsigned int n, unsigned int *all)
{
	struct tp_pattern_hit hits[VECTOR * RULES];
	unsigned int found = tp_pattern_scan_rules(db, scratch, 0, texts, n, hits, VECTOR * RULES), k = 0;

	for (unsigned int i = 0; i < n; i++)
		for (unsigned int r = 0; r < n_rules; r++) {
			if (!lone_scan(&lone[r], texts[i]))
				continue;
			assert_true(k < found);
			assert_int_equal(hits[k].item, i);
			assert_int_equal(hits[k].entry, r);
			assert_int_equal(hits[k].from, lone[r].from);
			assert_int_equal(hits[k++].to, lone[r].to);
		}
	assert_int_equal(found, k);
	*all += found;
}

/* Expressions of the pieces whose meaning depends on where a text begins and ends. */
static void random_regex(char *out)
{
	static const char *const pieces[] = {"a", "b", "ab", ".", "\\n", "[ab]", "[^a]", "a*", "b+", "a?", ".*", "(?:a|b)", "^",
	        "$", "\\b", "\\B", "a{2}", "\\s", "\\w", "(?:^a|b$)", "(?:\\n|b)", "\\r", "(?m:^a)", "(?s:.)", "|a"};
	static const char *const rare[] = {"\\A", "\\z", "\\Z", "(?-m)", "(?m)", "(?s)", "(?-m:a$)"};

	out[0] = '\0';
	for (unsigned int i = 1 + random_below(5); i > 0; i--)
		strcat(out, random_below(40) == 0 ? rare[random_below(7)] : pieces[random_below(25)]);
}

/* A set of rules that can be compiled, and their references. */
static void random_rules(struct tp_rule_spec *rules, struct lone_rule *lone, char regex[][128], char name[][16], unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		struct tp_pattern_spec spec = {.rules = &rules[i], .n_rules = 1, .n_channels = 1};
		struct tp_pattern_db *db = NULL;
		char err[2048];

		snprintf(name[i], sizeof(name[i]), "r%u", i);
		do {
			random_regex(regex[i]);
			rules[i] = (struct tp_rule_spec){.name = name[i], .regex = regex[i], .caseless = random_below(4) == 0};
		} while (tp_pattern_compile(&spec, &db, err, sizeof(err)) != 0);
		tp_pattern_free(db);
		assert_true(lone_compile(&lone[i], regex[i], rules[i].caseless));
	}
}

static void random_texts(struct tp_pattern_text *texts, uint8_t bytes[][TEXT], unsigned int n)
{
	static const uint8_t letters[] = "aaabbbbcA\n\n\r _\0\xff";

	for (unsigned int i = 0; i < n; i++) {
		texts[i] = (struct tp_pattern_text){.p = bytes[i], .n = random_below(random_below(3) == 0 ? TEXT : 6)};
		for (uint32_t k = 0; k < texts[i].n; k++)
			bytes[i][k] = letters[random_below(sizeof(letters) - 1)];
	}
}

static void test_vector_equals_text_alone(void **state)
{
	struct tp_rule_spec rules[RULES];
	struct lone_rule lone[RULES];
	struct tp_pattern_text texts[VECTOR];
	static char regex[RULES][128], name[RULES][16];
	static uint8_t bytes[VECTOR][TEXT];
	unsigned int all = 0;

	(void)state;
	random_state = 20260529;
	for (int round = 0; round < 30; round++) {
		unsigned int n_rules = 1 + random_below(RULES);
		struct tp_pattern_scratch *scratch;
		struct tp_pattern_db *db;

		random_rules(rules, lone, regex, name, n_rules);
		db = must_compile(rules, n_rules, 1);
		scratch = must_scratch(db, VECTOR);
		for (int vector = 0; vector < 40; vector++) {
			unsigned int n = random_below(VECTOR + 1);

			random_texts(texts, bytes, n);
			assert_scan_equals_lone(db, scratch, lone, n_rules, texts, n, &all);
		}
		assert_int_equal(tp_pattern_scratch_errors(scratch), 0);
		tp_pattern_scratch_free(scratch);
		tp_pattern_free(db);
		for (unsigned int i = 0; i < n_rules; i++)
			lone_free(&lone[i]);
	}
	assert_true(all > 10000);
}

/* One rule over three texts that tempt a scan of them as one; the hits are "item:from-to ...". */
/* clang-format off */
static const struct {
	const char *regex;
	const char *texts[3];
	const char *hits;
} edges[] = {
	{"a\\nb", {"a", "b", "a\nb"}, "2:0-3"},
	{"ab", {"a", "b", "xab"}, "2:1-3"},
	{"^b", {"a\nb", "b", "ab"}, "1:0-1"},
	{"a$", {"a\nb", "xa", "a\n"}, "1:1-2 2:0-1"},
	{"(?m)^b", {"a\nb", "b", "ab"}, "0:2-3 1:0-1"},
	{"^a$", {"b\na\nb", "a", "aa"}, "1:0-1"},
	{"\\Ab", {"a\nb", "b", "b"}, "1:0-1 2:0-1"},
	{"a\\z", {"a\n", "a", "ba"}, "1:0-1 2:1-2"},
	{"a\\Z", {"a\n", "a\nb", "a"}, "0:0-1 2:0-1"},
	{"(?-m)^b", {"a\nb", "b", "ab"}, "1:0-1"},
	{"\\bab\\b", {"ab", "ab c", "cab"}, "0:0-2 1:0-2"},
	{"\\Bb", {"b", "ab", "a b"}, "1:1-2"},
	{"a.b", {"a", "b", "a\nb"}, ""},
	{"(?s)a.b", {"a", "b", "a\nb"}, "2:0-3"},
	{"a[^c]b", {"a", "b", "axb"}, "2:0-3"},
	{"b\\s*$", {"b", "b \n", "b c"}, "0:0-1 1:0-2"},
	{"a+", {"aaa", "", "baa"}, "0:0-1 2:1-2"},
};
/* clang-format on */

static void test_edges_of_texts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++) {
		struct tp_rule_spec rule = {.name = "r", .regex = edges[i].regex};
		struct tp_pattern_db *db = must_compile(&rule, 1, 1);
		struct tp_pattern_scratch *scratch = must_scratch(db, 3);
		struct tp_pattern_text texts[3];
		struct tp_pattern_hit hits[3];
		char got[64] = "";
		unsigned int n;

		for (int k = 0; k < 3; k++)
			texts[k] = text_of(edges[i].texts[k]);
		n = tp_pattern_scan_rules(db, scratch, 0, texts, 3, hits, 3);
		for (unsigned int k = 0; k < n; k++)
			sprintf(got + strlen(got), "%s%u:%u-%u", k > 0 ? " " : "", hits[k].item, hits[k].from, hits[k].to);
		if (strcmp(got, edges[i].hits) != 0)
			fail_msg("%s: got \"%s\", expected \"%s\"", edges[i].regex, got, edges[i].hits);
		tp_pattern_scratch_free(scratch);
		tp_pattern_free(db);
	}
}

/* Texts from nothing to the longest payload, more than the buffer holds; each begins and ends with what is looked for. */
static void test_long_texts_and_full_buffer(void **state)
{
	static const uint32_t sizes[] = {
	        4, 4096, 4097, 9000, 65507, 4095, 4096, 4096, 4096, 4096, 4096, 4096, 4096, 4096, 0, 4, 65507, 100};
	enum { N = sizeof(sizes) / sizeof(sizes[0]) };
	struct tp_rule_spec rules[] = {
	        {.name = "first", .regex = "^he"}, {.name = "last", .regex = "ad$"}, {.name = "both", .regex = "adhe"}};
	struct tp_pattern_db *db = must_compile(rules, 3, 1);
	struct tp_pattern_scratch *scratch = must_scratch(db, 8); /* fewer than texts */
	struct tp_pattern_text texts[N];
	struct tp_pattern_hit hits[3 * N];
	struct guard guards[N];
	unsigned int n, k = 0;

	(void)state;
	for (int i = 0; i < N; i++) {
		uint8_t *bytes = malloc(sizes[i] + 1);

		memset(bytes, '.', sizes[i]);
		if (sizes[i] > 0) {
			memcpy(bytes, "he", 2);
			memcpy(bytes + sizes[i] - 2, "ad", 2);
		}
		guards[i] = guard_new(sizes[i] + 1);
		texts[i] = (struct tp_pattern_text){.p = guard_put(&guards[i], bytes, sizes[i]), .n = sizes[i]};
		free(bytes);
	}
	n = tp_pattern_scan_rules(db, scratch, 0, texts, N, hits, 3 * N);
	for (unsigned int i = 0; i < N; i++) {
		if (sizes[i] == 0)
			continue;
		assert_true(k + 2 <= n);
		assert_true(hits[k].item == i && hits[k].entry == 0 && hits[k].from == 0 && hits[k].to == 2);
		k++;
		assert_true(hits[k].item == i && hits[k].entry == 1 && hits[k].from == sizes[i] - 2 && hits[k].to == sizes[i]);
		k++;
	}
	assert_int_equal(n, k);
	tp_pattern_scratch_free(scratch);
	tp_pattern_free(db);
	for (int i = 0; i < N; i++)
		munmap(guards[i].map, guards[i].size + (size_t)sysconf(_SC_PAGESIZE));
}

static void test_channels_and_entries(void **state)
{
	struct tp_rule_spec rules[] = {
	        {.name = "fire", .regex = "FIRE", .category = "hazard", .priority = 3, .channel = 2, .caseless = true},
	        {.name = "flood", .regex = "flood", .channel = 0}, {.name = "smoke", .regex = "smoke", .channel = 2}};
	struct tp_pattern_db *db = must_compile(rules, 3, 3);
	struct tp_pattern_scratch *scratch = must_scratch(db, 2);
	struct tp_pattern_text texts[2] = {text_of("smoke, no flood"), text_of("smoke and Fire")};
	struct tp_pattern_hit hits[4];
	const struct tp_pattern_entry *e = tp_pattern_entry(db, 0);

	(void)state;
	assert_int_equal(tp_pattern_entries(db), 3);
	assert_false(tp_pattern_has_lists(db));
	assert_string_equal(e->entry, "fire");
	assert_string_equal(e->category, "hazard");
	assert_null(e->list);
	assert_null(e->jurisdiction);
	assert_int_equal(e->priority, 3);
	assert_int_equal(tp_pattern_scan_rules(db, scratch, 0, texts, 2, hits, 4), 1);
	assert_int_equal(hits[0].entry, 1);
	assert_int_equal(tp_pattern_scan_rules(db, scratch, 1, texts, 2, hits, 4), 0);
	assert_int_equal(tp_pattern_scan_rules(db, scratch, 3, texts, 2, hits, 4), 0);
	assert_int_equal(tp_pattern_scan_rules(db, scratch, 2, texts, 2, hits, 2), 3);
	assert_true(hits[0].item == 0 && hits[0].entry == 2 && hits[1].item == 1 && hits[1].entry == 0);
	tp_pattern_scratch_free(scratch);
	tp_pattern_free(db);
}

static void test_many_rules(void **state)
{
	static char regex[200][16];
	struct tp_rule_spec rules[200];
	struct tp_pattern_text text = text_of("code 7; code 64; code 128; code 199;");
	struct tp_pattern_hit hits[4];
	struct tp_pattern_scratch *scratch;
	struct tp_pattern_db *db;

	(void)state;
	for (unsigned int i = 0; i < 200; i++) {
		snprintf(regex[i], sizeof(regex[i]), "code\\s%u;", i);
		rules[i] = (struct tp_rule_spec){.name = regex[i], .regex = regex[i]};
	}
	db = must_compile(rules, 200, 1);
	scratch = must_scratch(db, 1);
	assert_int_equal(tp_pattern_scan_rules(db, scratch, 0, &text, 1, hits, 4), 4);
	assert_int_equal(hits[0].entry, 7);
	assert_int_equal(hits[1].entry, 64);
	assert_int_equal(hits[2].entry, 128);
	assert_int_equal(hits[3].entry, 199);
	tp_pattern_scratch_free(scratch);
	tp_pattern_free(db);
}

struct worker {
	pthread_t thread;
	const struct tp_pattern_db *db;
	unsigned int found;
};

static void *worker_run(void *arg)
{
	struct worker *w = arg;
	struct tp_pattern_text texts[3] = {text_of("smoke"), text_of("no\nfire"), text_of("fire")};
	struct tp_pattern_scratch *scratch;
	struct tp_pattern_hit hits[4];

	if (tp_pattern_scratch_new(w->db, 3, &scratch) != 0)
		return NULL;
	for (int i = 0; i < 5000; i++)
		w->found += tp_pattern_scan_rules(w->db, scratch, 0, texts, 3, hits, 4);
	tp_pattern_scratch_free(scratch);
	return NULL;
}

static void test_two_workers(void **state)
{
	struct tp_rule_spec rules[] = {{.name = "fire", .regex = "^fi.e$"}, {.name = "smoke", .regex = "s[mn]oke"}};
	struct tp_pattern_db *db = must_compile(rules, 2, 1);
	struct worker workers[2] = {{.db = db}, {.db = db}};

	(void)state;
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&workers[i].thread, NULL, worker_run, &workers[i]), 0);
	for (int i = 0; i < 2; i++) {
		pthread_join(workers[i].thread, NULL);
		assert_int_equal(workers[i].found, 10000);
	}
	tp_pattern_free(db);
}

/* Rules that are refused, and what the message says. */
/* clang-format off */
static const struct {
	struct tp_rule_spec rule;
	const char *says;
} refused[] = {
	{{.name = "open", .regex = "a(b"}, "rule 1 \"open\": found \"a(b\": Missing close parenthesis for group started at index 1"},
	{{.name = "back", .regex = "(a)\\1"}, "rule 1 \"back\": found \"(a)\\1\": "},
	{{.name = "look", .regex = "a(?=b)"}, "rule 1 \"look\""},
	{{.name = "star", .regex = "a*"}, "it matches the empty text, expected a rule that needs at least one octet"},
	{{.name = "start", .regex = "^"}, "rule 1 \"start\""},
	{{.name = "either", .regex = "a|"}, "it matches the empty text"},
	{{.name = "never", .regex = "a\\zb"}, "rule 1 \"never\""},
	{{.name = "utf8", .regex = "(*UTF8)\xc3\xbc"}, "(*UTF8) are not available"},
	{{.name = "none", .regex = ""}, "the regular expression is empty"},
	{{.name = "null", .regex = NULL}, "the regular expression is empty"},
	{{.name = "", .regex = "a"}, "the rule has no name"},
	{{.name = "far", .regex = "a", .channel = 1}, "the field that it looks at is not known"},
};
/* clang-format on */

static void test_refused_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct tp_pattern_spec spec = {.rules = &refused[i].rule, .n_rules = 1, .n_channels = 1};
		struct tp_pattern_db *db = NULL;
		char err[1024] = "";

		assert_int_equal(tp_pattern_compile(&spec, &db, err, sizeof(err)), -EINVAL);
		assert_null(db);
		if (strstr(err, refused[i].says) == NULL)
			fail_msg("%s: got \"%s\", expected \"%s\"", refused[i].rule.regex, err, refused[i].says);
	}
}

static void test_all_mistakes_are_counted(void **state)
{
	struct tp_rule_spec rules[8];
	struct tp_pattern_spec spec = {.rules = rules, .n_rules = 8, .n_channels = 1};
	struct tp_pattern_db *db;
	char err[1024], small[20];
	unsigned int lines = 1;

	(void)state;
	for (int i = 0; i < 8; i++)
		rules[i] = (struct tp_rule_spec){.name = "same", .regex = i == 0 ? "a" : "b"};
	assert_int_equal(tp_pattern_compile(&spec, &db, err, sizeof(err)), -EINVAL);
	assert_non_null(
	        strstr(err, "7 mistakes, the first 5 are:\nrule 2 \"same\": found \"b\": there is another rule of this name\n"));
	for (const char *p = err; *p != '\0'; p++)
		lines += *p == '\n';
	assert_int_equal(lines, 6);
	assert_int_equal(tp_pattern_compile(&spec, &db, small, sizeof(small)), -EINVAL);
	assert_int_equal(strlen(small), sizeof(small) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_vector_equals_text_alone),
	        cmocka_unit_test(test_edges_of_texts),
	        cmocka_unit_test(test_long_texts_and_full_buffer),
	        cmocka_unit_test(test_channels_and_entries),
	        cmocka_unit_test(test_many_rules),
	        cmocka_unit_test(test_two_workers),
	        cmocka_unit_test(test_refused_rules),
	        cmocka_unit_test(test_all_mistakes_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
