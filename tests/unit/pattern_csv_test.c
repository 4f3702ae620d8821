/* SPDX-License-Identifier: BSD-3-Clause */
/* Plate lists as files: what is accepted, what is refused with which words; and the parsers under them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compile/csv.h"
#include "compile/list.h"
#include "compile/rfc3339.h"
#include "compile/utf8.h"
#include "guard.h"
#include "tp_pattern.h"

#define LONG_PLATE "123456789012345678901234567890123"
#define PLATE_HELP "a plate of 1 to 32 octets, not counting spaces, dashes, dots and apostrophes"
#define TIME_HELP  "a date (2026-05-31) or date and time (2026-05-31T18:00:00Z) of RFC 3339"

/* Records as "[field|field]", mistakes as "<line: found>". */
/* clang-format off */
static const struct {
	const char *csv, *records;
} csv_cases[] = {
	{"", ""},
	{"a", "[a]"},
	{"a\n", "[a]"},
	{"a,b\r\nc,d\r\n", "[a|b][c|d]"},
	{"\xef\xbb\xbf" "a\nb", "[a][b]"},
	{"\n\r\n \t \na\n\n\nb\n\n", "[a][b]"},
	{",", "[|]"},
	{",\n,,", "[|][||]"},
	{"a,", "[a|]"},
	{"\"\"", "[]"},
	{"\"a,b\",\"c\"\"d\",\"\"\"\"", "[a,b|c\"d|\"]"},
	{"\"a\r\nb\",c\nz", "[a\r\nb|c][z]"},
	{" \"a\" ,  b ", "[a|  b ]"},
	{"a\"b\nc", "<1: a quote within a value>[c]"},
	{"x\n\"a\"b,c\nz", "[x]<2: text behind a closing quote>[z]"},
	{"\"a\nb\"c\nz", "<1: text behind a closing quote>[z]"},
	{"a\n\"b\nc", "[a]<2: a quote that is not closed>"},
	{"\"", "<1: a quote that is not closed>"},
	{"a\rb\nc", "<1: a carriage return within a line>[c]"},
	{"a\r", "<1: a carriage return within a line>"},
	{"\"a\"\"\nb", "<1: a quote that is not closed>"},
};
/* clang-format on */

static void csv_show(const char *csv, char *out)
{
	struct guard g = guard_new(256);
	struct csv c;
	enum csv_result r;

	csv_open(&c, guard_put(&g, csv, strlen(csv)), strlen(csv));
	*out = '\0';
	while ((r = csv_next(&c)) != CSV_END) {
		if (r == CSV_MISTAKE)
			out += sprintf(out, "<%u: %s>", c.line, c.found);
		for (unsigned int i = 0; r == CSV_RECORD && i < c.n_fields; i++)
			out += sprintf(out, "%s%.*s", i == 0 ? "[" : "|", (int)c.field[i].n, (const char *)c.field[i].p);
		out += sprintf(out, "%s", r == CSV_RECORD ? "]" : "");
	}
	munmap(g.map, g.size + (size_t)sysconf(_SC_PAGESIZE));
}

static void test_csv(void **state)
{
	char got[512];

	(void)state;
	for (size_t i = 0; i < sizeof(csv_cases) / sizeof(csv_cases[0]); i++) {
		csv_show(csv_cases[i].csv, got);
		assert_string_equal(got, csv_cases[i].records);
	}
}

static void test_csv_field_limit(void **state)
{
	char text[2 * CSV_FIELDS + 16];
	struct csv c;

	(void)state;
	memset(text, ',', sizeof(text));
	memcpy(text + CSV_FIELDS - 1, "\nx", 3);
	csv_open(&c, (uint8_t *)text, strlen(text));
	assert_int_equal(csv_next(&c), CSV_RECORD);
	assert_int_equal(c.n_fields, CSV_FIELDS);
	assert_int_equal(csv_next(&c), CSV_RECORD);
	memset(text, ',', sizeof(text));
	memcpy(text + CSV_FIELDS, "\nx", 3);
	csv_open(&c, (uint8_t *)text, strlen(text));
	assert_int_equal(csv_next(&c), CSV_MISTAKE);
	assert_string_equal(c.found, "more than 128 fields");
	assert_int_equal(csv_next(&c), CSV_RECORD);
	assert_int_equal(c.line, 2);
}

/* clang-format off */
static const struct {
	const char *text;
	int64_t us;
} times[] = {
	{"1970-01-01", 0},
	{"1970-01-01T00:00:00Z", 0},
	{"1969-12-31T23:59:59.999999z", -1},
	{"2000-02-29", INT64_C(951782400000000)},
	{"2000-03-01", INT64_C(951868800000000)},
	{"2024-02-29T12:34:56.7890129+05:30", INT64_C(1709190296789012)},
	{"2026-05-31 18:00:00", INT64_C(1780250400000000)},
	{"2026-05-31t18:00:00-00:00", INT64_C(1780250400000000)},
	{"2016-12-31T23:59:60Z", INT64_C(1483228800000000)},
	{"1900-03-01", INT64_C(-2203891200000000)},
	{"0000-01-01", INT64_C(-62167219200000000)},
	{"0000-03-01", INT64_C(-62162035200000000)},
	{"9999-12-31T23:59:59Z", INT64_C(253402300799000000)},
};
/* clang-format on */

static const char *const no_times[] = {"", "2026", "2026-5-31", "2026-13-01", "2026-00-01", "2026-02-29", "1900-02-29",
        "2026-04-31", "2026-01-00", "2026-01-01T", "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z", "2026-01-01T00:00:61Z",
        "2026-01-01T00:00Z", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00+0100", "2026-01-01T00:00:00+24:00",
        "2026-01-01T00:00:00Zx", "2026-01-01x", "31.05.2026", "05/31/2026", "-001-01-01", "2026-01-01T00:00:00,5Z"};

static void test_rfc3339(void **state)
{
	struct guard g = guard_new(64);
	int64_t us;

	(void)state;
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		size_t n = strlen(times[i].text);

		if (!rfc3339_parse(guard_put(&g, times[i].text, n), n, &us) || us != times[i].us)
			fail_msg("%s: got %lld", times[i].text, (long long)us);
	}
	for (size_t i = 0; i < sizeof(no_times) / sizeof(no_times[0]); i++) {
		size_t n = strlen(no_times[i]);

		if (rfc3339_parse(guard_put(&g, no_times[i], n), n, &us))
			fail_msg("%s is accepted", no_times[i]);
	}
}

static void test_utf8(void **state)
{
	static const char *const good[] = {
	        "", "aZ", "\xc2\x80\xdf\xbf", "\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"};
	static const char *const bad[] = {"\x80", "\xc0\xaf", "\xc1\x81", "\xc3", "a\xc3z", "\xe0\x9f\xbf", "\xed\xa0\x80",
	        "\xe4\xba", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff",
	        "\xe4\xba"
	        "a"};
	struct guard g = guard_new(64);

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(utf8_valid(guard_put(&g, good[i], strlen(good[i])), strlen(good[i])));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(utf8_valid(guard_put(&g, bad[i], strlen(bad[i])), strlen(bad[i])));
}

/* Lists and the message that each gets; NULL: accepted, with so many entries. F stands for the path. */
/* clang-format off */
static const struct {
	const char *csv, *says;
	unsigned int entries;
} lists[] = {
	{"plate\n", NULL, 0},
	{"PLATE\r\nA1\r\n", NULL, 1},
	{"note, plate ,Jurisdiction\nx,A1,\ny,\"B2\",D\n", NULL, 2},
	{"plate,note\nA1,\"two\nlines \xff\"\n\nB2,\x01\n", NULL, 2},
	{"plate\nM\xc3\xbc" "123\n\xe4\xba\xac" "A12345\n", NULL, 2},
	{"plate\nA1\nA1\na-1\n", NULL, 3},
	{"plate,priority\nA1,+5\nA2,-2147483648\nA3,2147483647\nA4,\n", NULL, 4},
	{"plate\n12345678901234567890123456789-0-1-2\n", NULL, 1},
	{"", "F:1: found an empty file, expected a header line with a column plate", 0},
	{"\n \n", "F:1: found an empty file, expected a header line with a column plate", 0},
	{"state,number\nCA,A1\n", "F:1: found the header \"state\", ..., expected one with a column plate, separated by commas", 0},
	{"\nplate;state\nA1;CA\n", "F:2: found the header \"plate;state\", expected one with a column plate, separated by commas", 0},
	{"plate,list,Plate\n", "F:1: column plate: found \"Plate\", expected each column once", 0},
	{"\"plate\nA1\n", "F:1: found a quote that is not closed, expected a closing quote before the end of the file", 0},
	{"\xff\xfep\0l\0", "F:1: found UTF-16, expected UTF-8", 0},
	{"plate,list\nA1\n", "F:2: found 1 fields, expected 2 as in the header", 0},
	{"plate\nA1,x\n", "F:2: found 2 fields, expected 1 as in the header", 0},
	{"plate,list\n,x\n", "F:2: column plate: found \"\", expected " PLATE_HELP, 0},
	{"plate\n-.-\n", "F:2: column plate: found \"-.-\", expected " PLATE_HELP, 0},
	{"plate\n" LONG_PLATE "\n", "F:2: column plate: found \"" LONG_PLATE "\", expected " PLATE_HELP, 0},
	{"plate\n" LONG_PLATE LONG_PLATE "\n", "F:2: column plate: found \"" LONG_PLATE "1234567\"..., expected " PLATE_HELP, 0},
	{"plate\nAB*\n", "F:2: column plate: found \"AB*\", expected a whole plate, without wildcards", 0},
	{"plate\nAB?1\n", "F:2: column plate: found \"AB?1\", expected a whole plate, without wildcards", 0},
	{"plate\nM\xfc" "123\n", "F:2: column plate: found \"M\\xfc123\", expected valid UTF-8", 0},
	{"plate,category\nM\xc3\xbc,\xc3\n", "F:2: column category: found \"\\xc3\", expected valid UTF-8", 0},
	{"plate\n\"A\n1\"\nB2\n", "F:2: column plate: found \"A\\x0a1\", expected no control characters", 0},
	{"plate,priority\nA1,high\n", "F:2: column priority: found \"high\", expected a whole number from -2147483648 to 2147483647", 0},
	{"plate,priority\nA1,2147483648\n", "F:2: column priority: found \"2147483648\", expected a whole number", 0},
	{"plate,priority\nA1,-2147483649\n", "F:2: column priority: found \"-2147483649\", expected a whole number", 0},
	{"plate,priority\nA1,99999999999999999999999\n", "F:2: column priority: found \"99999999999999999999999\"", 0},
	{"plate,priority\nA1,-\n", "F:2: column priority: found \"-\", expected", 0},
	{"plate,priority\nA1,1.5\n", "F:2: column priority: found \"1.5\", expected", 0},
	{"plate,valid_from\nA1,31.5.2026\n", "F:2: column valid_from: found \"31.5.2026\", expected " TIME_HELP, 0},
	{"plate,valid_to\nA1,2026-02-30\n", "F:2: column valid_to: found \"2026-02-30\", expected " TIME_HELP, 0},
	{"plate,valid_from,valid_to\nA1,2026-02-02,2026-02-02\n",
		"F:2: column valid_to: found \"2026-02-02\", expected a time later than valid_from", 0},
	{"plate,priority\n,x\n",
		"2 mistakes:\nF:2: column plate: found \"\", expected " PLATE_HELP "\nF:2: column priority: found \"x\"", 0},
	{"plate\n\"a\"b\nB2\n*\n",
		"2 mistakes:\nF:2: found text behind a closing quote, expected a comma or the end of the line\nF:4: column", 0},
	{"plate\n*\n*\n*\n*\n*\n*\nA1\n", "6 mistakes, the first 5 are:\nF:2: column plate: found \"*\", ", 0},
};
/* clang-format on */

static char list_path[] = "/tmp/pattern_csv_test.XXXXXX";

/* Text with the path for each F at the beginning of a line. */
static void with_path(const char *says, char *out)
{
	for (const char *p = says; *p != '\0'; p++) {
		if (*p == 'F' && (p == says || p[-1] == '\n') && p[1] == ':')
			out += sprintf(out, "%s", list_path);
		else
			*out++ = *p;
	}
	*out = '\0';
}

static int compile_file(const char *path, struct tp_pattern_db **db, char *err, size_t err_len)
{
	struct tp_list_spec list = {.path = path, .name = "l"};
	struct tp_pattern_spec spec = {.lists = &list, .n_lists = 1};

	return tp_pattern_compile(&spec, db, err, err_len);
}

static void write_list(const char *csv, size_t n)
{
	FILE *f = fopen(list_path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(csv, 1, n, f), n);
	fclose(f);
}

static void test_lists(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		struct tp_pattern_db *db = NULL;
		char err[2048] = "", want[2048];
		int rc;

		write_list(lists[i].csv, strlen(lists[i].csv));
		rc = compile_file(list_path, &db, err, sizeof(err));
		if (lists[i].says == NULL) {
			if (rc != 0)
				fail_msg("%s: %s", lists[i].csv, err);
			assert_int_equal(tp_pattern_entries(db), lists[i].entries);
			tp_pattern_free(db);
			continue;
		}
		assert_int_equal(rc, -EINVAL);
		assert_null(db);
		with_path(lists[i].says, want);
		if (strncmp(err, want, strlen(want)) != 0)
			fail_msg("%s:\ngot      %s\nexpected %s", lists[i].csv, err, want);
	}
}

static void assert_unreadable(const char *path, int error, const char *says)
{
	struct tp_pattern_db *db = NULL;
	char err[1024] = "";

	assert_int_equal(compile_file(path, &db, err, sizeof(err)), error);
	assert_null(db);
	if (strncmp(err, path, strlen(path)) != 0 || strstr(err, says) == NULL)
		fail_msg("%s", err);
}

static void test_unreadable_files(void **state)
{
	char pipe_path[] = "/tmp/pattern_csv_test_pipe.XXXXXX";

	(void)state;
	assert_unreadable("/nonexistent/list.csv", -ENOENT, "No such file or directory, expected a CSV file");
	assert_unreadable("/tmp", -EISDIR, "found a directory, expected a CSV file");
	assert_unreadable("/dev/null", -EINVAL, "found a device, pipe or socket, expected a CSV file");
	assert_int_equal(close(mkstemp(pipe_path)), 0);
	unlink(pipe_path);
	assert_int_equal(mkfifo(pipe_path, 0600), 0);
	assert_unreadable(pipe_path, -EINVAL, "found a device, pipe or socket, expected a CSV file");
	unlink(pipe_path);
	write_list("", 0);
	assert_int_equal(truncate(list_path, (INT64_C(1) << 30) + 1), 0);
	assert_unreadable(list_path, -EFBIG, "found 1073741825 octets, expected at most 1 GiB");
	if (geteuid() == 0)
		return; /* root reads everything */
	write_list("plate\n", 6);
	assert_int_equal(chmod(list_path, 0), 0);
	assert_unreadable(list_path, -EACCES, "Permission denied, expected a CSV file");
	assert_int_equal(chmod(list_path, 0600), 0);
}

/* Two lists: mistakes of both in one message; entries in the order of the lists. */
static void test_two_lists(void **state)
{
	struct tp_list_spec specs[2] = {{.path = list_path, .name = "one"}, {.path = list_path}};
	struct tp_pattern_spec spec = {.lists = specs, .n_lists = 2};
	struct tp_pattern_db *db;
	char err[1024];

	(void)state;
	write_list("plate\nA1\n", 9);
	assert_int_equal(tp_pattern_compile(&spec, &db, err, sizeof(err)), 0);
	assert_int_equal(tp_pattern_entries(db), 2);
	assert_string_equal(tp_pattern_entry(db, 0)->list, "one");
	assert_string_equal(tp_pattern_entry(db, 1)->list, list_path);
	tp_pattern_free(db);
	specs[0].path = "/nonexistent";
	write_list("plate\n*\n", 8);
	assert_int_equal(tp_pattern_compile(&spec, &db, err, sizeof(err)), -ENOENT);
	assert_int_equal(strncmp(err, "2 mistakes:\n/nonexistent: No such file", 38), 0);
}

/* Every octet of a list changed to every kind of other octet: nothing but entries or mistakes. */
static void test_changed_octets(void **state)
{
	static const char base[] = "plate,list,priority,valid_from\r\nAB-1,\"x \"\"y\"\"\",3,2026-01-01T00:00:00Z\r\nB2,,,\r\n";
	static const char others[] = "\",\r\n\0 \xc3\xff"
	                             "A*";
	struct tp_list_spec spec = {.path = "changed", .name = "l"};
	struct guard g = guard_new(sizeof(base));
	unsigned int refused = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(base) - 1; i++) {
		for (size_t k = 0; k < sizeof(others) - 1; k++) {
			struct mistakes *m = calloc(1, sizeof(*m));
			struct tp_pattern_db *db = calloc(1, sizeof(*db));
			uint8_t *data = guard_put(&g, base, sizeof(base) - 1);

			data[i] = (uint8_t)others[k];
			assert_int_equal(list_parse(db, &spec, data, sizeof(base) - 1, m), 0);
			assert_true(m->n > 0 || (db->n_entries >= 1 && db->n_entries <= 3));
			refused += m->n > 0;
			tp_pattern_free(db);
			free(m);
		}
	}
	assert_true(refused > 200);
}

static int setup(void **state)
{
	int fd = mkstemp(list_path);

	(void)state;
	return fd < 0 ? -1 : close(fd);
}

static int teardown(void **state)
{
	(void)state;
	return unlink(list_path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_csv),
	        cmocka_unit_test(test_csv_field_limit),
	        cmocka_unit_test(test_rfc3339),
	        cmocka_unit_test(test_utf8),
	        cmocka_unit_test(test_lists),
	        cmocka_unit_test(test_unreadable_files),
	        cmocka_unit_test(test_two_lists),
	        cmocka_unit_test(test_changed_octets),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
