/* SPDX-License-Identifier: BSD-3-Clause */
/* Files with secrets: which modes are refused, and that the command of the message mends them for the one who reads the file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tp_secret.h"

#define NOBODY 65534
#define OTHER  54321 /* a user and a group that this process is not */

static struct stat file_of(mode_t mode, uid_t uid, gid_t gid)
{
	return (struct stat){.st_mode = S_IFREG | mode, .st_uid = uid, .st_gid = gid};
}

static void said(const char *path, const struct stat *st, const char *expected)
{
	char why[TP_SECRET_WHY];

	assert_true(tp_secret_exposed(path, st, why, sizeof(why)));
	assert_string_equal(why, expected);
}

static void test_every_mode(void **state)
{
	char why[TP_SECRET_WHY], found[32];

	(void)state;
	for (mode_t mode = 0; mode <= 07777; mode++) {
		struct stat st = file_of(mode, geteuid(), getegid());

		assert_int_equal(tp_secret_exposed("/k", &st, why, sizeof(why)), mode % 8 != 0);
		snprintf(found, sizeof(found), "found mode %04o, ", (unsigned int)mode);
		assert_true(mode % 8 == 0 || strncmp(why, found, strlen(found)) == 0);
	}
}

/* The owner, root too, keeps what it may; group bits stay as they are. */
static void test_of_the_owner(void **state)
{
	struct stat st = file_of(0644, geteuid(), OTHER);

	(void)state;
	said("/etc/turnpike/a b.key", &st,
	        "found mode 0644, others may use it; expected 0640 or stricter: chmod o= '/etc/turnpike/a b.key'");
}

/* As a service that reads what root wrote. Where the test runs as root, it becomes nobody for the while. */
static void test_of_somebody_else(void **state)
{
	uid_t before = geteuid();
	struct stat ours, theirs;

	(void)state;
	if (before == 0)
		assert_int_equal(seteuid(NOBODY), 0);
	ours = file_of(0644, OTHER, getegid());
	theirs = file_of(0604, OTHER, OTHER);
	said("/k", &ours, "found mode 0644, others may use it; expected 0640 or stricter: chmod 0640 '/k'");
	if (getegid() == 0)
		said("/k", &theirs,
		        "found mode 0604, others may use it; expected 0640 or stricter: chgrp root '/k' && chmod 0640 '/k'");
	else {
		char why[TP_SECRET_WHY];

		assert_true(tp_secret_exposed("/k", &theirs, why, sizeof(why)));
		assert_non_null(strstr(why, "stricter: chgrp "));
		assert_non_null(strstr(why, " '/k' && chmod 0640 '/k'"));
	}
	if (before == 0)
		assert_int_equal(seteuid(before), 0);
}

static void test_a_path_with_quotes(void **state)
{
	struct stat st = file_of(0604, geteuid(), getegid());

	(void)state;
	said("/a'; reboot; '", &st,
	        "found mode 0604, others may use it; expected 0640 or stricter: chmod o= '/a'\\''; reboot; '\\'''");
}

/* A short buffer cuts the sentence and nothing else. */
static void test_short_buffer(void **state)
{
	struct stat st = file_of(0666, geteuid(), getegid());
	char why[300], path[512];

	(void)state;
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	for (size_t n = 0; n < 256; n++) {
		memset(why, '#', sizeof(why));
		assert_true(tp_secret_exposed(path, &st, why, n));
		assert_int_equal(why[n], '#');
		assert_true(n == 0 || strlen(why) == n - 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_every_mode),
	        cmocka_unit_test(test_of_the_owner),
	        cmocka_unit_test(test_of_somebody_else),
	        cmocka_unit_test(test_a_path_with_quotes),
	        cmocka_unit_test(test_short_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
