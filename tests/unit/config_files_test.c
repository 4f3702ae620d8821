/* SPDX-License-Identifier: BSD-3-Clause */
/* What rollback returns to, and reading a file for somebody who may read less than turnpiked. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "asker_file.h"
#include "rollback.h"

static void remember(struct tp_rollback *b, const char *path, const char *text, const char *next_path, const char *next_text)
{
	tp_rollback_remember(b, path, text, strlen(text), next_path, next_text, strlen(next_text));
}

static void expect_before(const struct tp_rollback *b, const char *path, const char *text)
{
	char *p = NULL, *t = NULL;
	size_t n = 0;

	assert_int_equal(tp_rollback_copy(b, &p, &t, &n), 0);
	assert_string_equal(p, path);
	assert_string_equal(t, text);
	assert_int_equal(n, strlen(text));
	free(p);
	free(t);
}

static void test_none(void **state)
{
	struct tp_rollback b = {.n = 0};
	char *p = NULL, *t = NULL;
	size_t n = 0;

	(void)state;
	assert_int_equal(tp_rollback_copy(&b, &p, &t, &n), -ENOENT);
	assert_null(p);
	assert_null(t);
	tp_rollback_free(&b);
}

/* A replaced by B, back to A, and back to B. */
static void test_there_and_back(void **state)
{
	struct tp_rollback b = {.n = 0};

	(void)state;
	remember(&b, "/one", "A", "/two", "B");
	expect_before(&b, "/one", "A");
	remember(&b, "/two", "B", "/one", "A");
	expect_before(&b, "/two", "B");
	tp_rollback_free(&b);
	assert_null(b.text);
}

/* A reload of the same text is no other configuration; the same text of another file is. */
static void test_same(void **state)
{
	struct tp_rollback b = {.n = 0};

	(void)state;
	remember(&b, "/one", "A", "/one", "B");
	remember(&b, "/one", "B", "/one", "B");
	expect_before(&b, "/one", "A");
	remember(&b, "/one", "B", "/two", "B");
	expect_before(&b, "/one", "B");
	remember(&b, "/two", "B", "/two", "Bb");
	expect_before(&b, "/two", "B");
	tp_rollback_free(&b);
}

/* ---- asker_file ------------------------------------------------------------------------------------------------------------------ */
static char folder[] = "/tmp/config_files_test.XXXXXX", file[64];

static int read_as(uid_t uid, gid_t gid, const char *path, char *said, size_t len)
{
	FILE *out = fmemopen(said, len, "w");
	struct stat st;
	char *text;
	size_t n = 0;
	int rc = tp_asker_file_read(path, uid, gid, &text, &n, &st, out);

	fclose(out);
	if (rc == 0) {
		assert_int_equal(n, 5);
		assert_string_equal(text, "name:");
	} else {
		assert_null(text);
	}
	free(text);
	return rc;
}

static void test_asker_file(void **state)
{
	const uid_t other = 3999999999U; /* no user of any system */
	const gid_t own = getegid();
	char said[512] = "";

	(void)state;
	chmod(file, 0640);
	assert_int_equal(read_as(geteuid(), own, file, said, sizeof(said)), 0);
	assert_int_equal(read_as(0, 0, file, said, sizeof(said)), 0);
	assert_int_equal(read_as(other, own, file, said, sizeof(said)), 0);
	assert_int_equal(read_as(other, other, file, said, sizeof(said)), -EACCES);
	assert_non_null(strstr(said, "you may not read it"));
	chmod(file, 0604); /* the group is shut out, others are not */
	assert_int_equal(read_as(other, own, file, said, sizeof(said)), -EACCES);
	assert_int_equal(read_as(other, other, file, said, sizeof(said)), 0);
}

/* A file that everybody may read, in a folder that not everybody may enter. */
static void test_shut_folder(void **state)
{
	const uid_t other = 3999999999U;
	char said[512] = "";

	(void)state;
	chmod(file, 0644);
	assert_int_equal(chmod(folder, 0750), 0);
	assert_int_equal(read_as(other, getegid(), file, said, sizeof(said)), 0);
	assert_int_equal(read_as(other, other, file, said, sizeof(said)), -EACCES);
	assert_non_null(strstr(said, "you may not read it"));
	assert_int_equal(read_as(0, 0, file, said, sizeof(said)), 0);
	assert_int_equal(chmod(folder, 0711), 0);
	assert_int_equal(read_as(other, other, file, said, sizeof(said)), 0);
}

static void test_no_file(void **state)
{
	char said[512] = "";

	(void)state;
	assert_int_equal(read_as(0, 0, "/nowhere/at/all", said, sizeof(said)), -ENOENT);
	assert_non_null(strstr(said, "cannot read '/nowhere/at/all': No such file or directory"));
	assert_int_equal(read_as(0, 0, folder, said, sizeof(said)), -EINVAL);
	assert_non_null(strstr(said, "found no regular file"));
}

static int setup(void **state)
{
	FILE *f;

	(void)state;
	assert_non_null(mkdtemp(folder));
	assert_int_equal(chmod(folder, 0711), 0);
	snprintf(file, sizeof(file), "%s/c.yaml", folder);
	f = fopen(file, "w");
	assert_non_null(f);
	fputs("name:", f);
	return fclose(f);
}

static int teardown(void **state)
{
	(void)state;
	return unlink(file) || rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_none),
	        cmocka_unit_test(test_there_and_back),
	        cmocka_unit_test(test_same),
	        cmocka_unit_test(test_asker_file),
	        cmocka_unit_test(test_shut_folder),
	        cmocka_unit_test(test_no_file),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
