/* SPDX-License-Identifier: BSD-3-Clause */
/* Files of users: what is accepted, and what is said of the rest. */
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

#include "tp_login.h"

#define YESCRYPT "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$X3DX6M94c7o.9agCG9G317fhZg9SqC.5i5rd.RhAtQ7"
#define ARGON2ID "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub+b4dWRWJTmaaJObGRdescudvJCs"
#define LETTERS  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" /* 64 */

static char folder[] = "/tmp/login_users.XXXXXX", path[64];

static int setup(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/users", folder);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

/* Loads n octets as a file of a mode; the result is that of the load, and the users are counted. */
static int load(const char *text, size_t n, mode_t mode, uint32_t *count, char err[4096])
{
	struct tp_login_users *users = NULL;
	FILE *f;
	int rc;

	unlink(path);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, n, f), n);
	fclose(f);
	assert_int_equal(chmod(path, mode), 0);
	err[0] = '\0';
	rc = tp_login_users_load(path, &users, err, 4096);
	assert_int_equal(rc == 0, users != NULL);
	assert_int_equal(rc == 0, err[0] == '\0');
	*count = users == NULL ? 0 : tp_login_users_count(users);
	tp_login_users_release(users);
	return rc;
}

static void accepted(const char *text, uint32_t expected)
{
	char err[4096];
	uint32_t count;

	if (load(text, strlen(text), 0600, &count, err) != 0)
		fail_msg("%s", err);
	assert_int_equal(count, expected);
}

/* The whole message behind the path. */
static void refused(const char *text, const char *expected)
{
	char err[4096], whole[4096];
	uint32_t count;

	assert_int_equal(load(text, strlen(text), 0600, &count, err), -EINVAL);
	snprintf(whole, sizeof(whole), "%s:%s", path, expected);
	assert_string_equal(err, whole);
}

static void test_accepted(void **state)
{
	(void)state;
	accepted("", 0);
	accepted("# nobody\n\n\r\n", 0);
	accepted("a:" YESCRYPT, 1);
	accepted("a:" YESCRYPT "\r\n#b:\nc:" ARGON2ID "\n", 2);
	accepted("Köln Süd 7:" ARGON2ID "\n", 1);
	accepted(LETTERS LETTERS LETTERS LETTERS ":" ARGON2ID "\n", 1);
	accepted("b:" ARGON2ID "\na:" ARGON2ID "\naa:" ARGON2ID "\nA:" ARGON2ID "\n", 4);
}

static void test_lines(void **state)
{
	(void)state;
	refused("a:" ARGON2ID "\npassword\n", "2: found a line without a colon; expected name:hash");
	refused(":" ARGON2ID "\n", "1: found no name before the colon; expected name:hash");
	refused("a" LETTERS LETTERS LETTERS LETTERS ":" ARGON2ID "\n",
	        "1: found a name of 257 octets (\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...\"); expected at most 256");
	refused("a:" ARGON2ID "\nb:" ARGON2ID "\n\na:" YESCRYPT "\n",
	        "4: found user \"a\" again, who is in line 1; expected each name once");
}

static void test_methods(void **state)
{
	(void)state;
	refused("a:\n", "1: user \"a\": found no hash; expected $y$ (yescrypt) or $argon2id$");
	refused("a:secret\n", "1: user \"a\": found no method between $ and $; expected $y$ (yescrypt) or $argon2id$");
	refused("a:$6$salt$hash\n", "1: user \"a\": found the method $6$; expected $y$ (yescrypt) or $argon2id$");
	refused("a:$argon2i$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$abc\n",
	        "1: user \"a\": found the method $argon2i$; expected $y$ (yescrypt) or $argon2id$");
	refused("a\x1b[2J:$1$a$b\n", "1: user \"a?[2J\": found the method $1$; expected $y$ (yescrypt) or $argon2id$");
}

static void test_yescrypt_strings(void **state)
{
	static const char cost[] = "parameters of yescrypt as crypt(5) makes them for a cost of 1 to 11";
	static const char hash[] = "a yescrypt hash of 43 characters (./0-9A-Za-z) at the end";
	static const char salt[] = "a salt of 1 to 86 characters (./0-9A-Za-z) and then $";
	const struct {
		const char *text, *expected;
	} cases[] = {
	        {"$y$", cost},
	        {"$y$$salt$" LETTERS, cost},
	        {"$y$jZZ$F5Jx5fExrKuPp53xLKQ..1$X3DX6M94c7o.9agCG9G317fhZg9SqC.5i5rd.RhAtQ7", cost},
	        {"$y$j9$F5Jx5fExrKuPp53xLKQ..1$X3DX6M94c7o.9agCG9G317fhZg9SqC.5i5rd.RhAtQ7", cost},
	        {"$y$j9T$$X3DX6M94c7o.9agCG9G317fhZg9SqC.5i5rd.RhAtQ7", salt},
	        {"$y$j9T$a+b$X3DX6M94c7o.9agCG9G317fhZg9SqC.5i5rd.RhAtQ7", salt},
	        {"$y$j9T$F5Jx5fExrKuPp53xLKQ..1", salt},
	        {"$y$j9T$F5Jx5fExrKuPp53xLKQ..1$X3DX6M94c7o.9agCG9G317fhZg9SqC.5i5rd.RhAtQ", hash},
	        {"$y$j9T$F5Jx5fExrKuPp53xLKQ..1$X3DX6M94c7o.9agCG9G317fhZg9SqC.5i5rd.RhAtQ7 ", hash},
	};
	char text[256], message[512];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(text, sizeof(text), "a:%s\n", cases[i].text);
		snprintf(message, sizeof(message), "1: user \"a\": found the method $y$; expected %s", cases[i].expected);
		refused(text, message);
	}
}

static void test_argon2id_strings(void **state)
{
	static const char costs[] = "m=8..1048576,t=1..64,p=1..16 and then $";
	static const char hash[] = "a hash of 16 to 64 octets in base64 without padding at the end";
	static const char salt[] = "a salt of 8 to 64 octets in base64 without padding, and then $";
	const struct {
		const char *text, *expected;
	} cases[] = {
	        {"m=65536,t=3,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub+b4dWQ", "v=19 behind $argon2id$"},
	        {"v=16$m=65536,t=3,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub+b4dWQ", "v=19 behind $argon2id$"},
	        {"v=19$m=1048577,t=3,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub+b4dWQ", costs},
	        {"v=19$m=065536,t=3,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub+b4dWQ", costs},
	        {"v=19$m=65536,t=0,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub+b4dWQ", costs},
	        {"v=19$m=65536,t=3,p=17$c29tZXNhbHQ$RdescudvJCsgt3ub+b4dWQ", costs},
	        {"v=19$m=65536,t=3$c29tZXNhbHQ$RdescudvJCsgt3ub+b4dWQ", costs},
	        {"v=19$m=4294967304,t=3,p=1$c29tZXNhbHQ$RdescudvJCsgt3ub+b4dWQ", costs},
	        {"v=19$m=31,t=3,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub+b4dWQ", "m of at least 8 times p"},
	        {"v=19$m=65536,t=3,p=4$c29tZQ$RdescudvJCsgt3ub+b4dWQ", salt},
	        {"v=19$m=65536,t=3,p=4$c29tZXNhbHQ=$RdescudvJCsgt3ub+b4dWQ", salt},
	        {"v=19$m=65536,t=3,p=4$c29tZXNhbHR$RdescudvJCsgt3ub+b4dWQ", salt}, /* bits behind the last octet */
	        {"v=19$m=65536,t=3,p=4$c29tZXNhbHQ", salt},
	        {"v=19$m=65536,t=3,p=4$c29tZXNhbHQ$", hash},
	        {"v=19$m=65536,t=3,p=4$c29tZXNhbHQ$RdescudvJCs", hash},
	        {"v=19$m=65536,t=3,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub+b4dWR", hash},
	        {"v=19$m=65536,t=3,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub+b4dW", hash},
	        {"v=19$m=65536,t=3,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub+b4dWQ$", hash},
	};
	char text[256], message[512];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(text, sizeof(text), "a:$argon2id$%s\n", cases[i].text);
		snprintf(message, sizeof(message), "1: user \"a\": found the method $argon2id$; expected %s", cases[i].expected);
		refused(text, message);
	}
}

static void test_nul(void **state)
{
	static const char text[] = "a:" ARGON2ID "\nb\0:" ARGON2ID "\n";
	char err[4096];
	uint32_t count;

	(void)state;
	assert_int_equal(load(text, sizeof(text) - 1, 0600, &count, err), -EINVAL);
	assert_non_null(strstr(err, ":2: found a NUL; expected text"));
}

static void test_many_mistakes(void **state)
{
	char text[4096] = "", err[4096], *p = err;
	uint32_t count, lines = 1;

	(void)state;
	for (int i = 0; i < 14; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "user%d:$5$a$b\n", i);
	assert_int_equal(load(text, strlen(text), 0600, &count, err), -EINVAL);
	while ((p = strchr(p, '\n')) != NULL) {
		p++;
		lines++;
	}
	assert_int_equal(lines, 11);
	assert_non_null(strstr(err, "user9"));
	assert_null(strstr(err, "user10"));
	assert_non_null(strstr(err, ": and 4 more"));
}

/* A short buffer cuts the message and nothing else. */
static void test_short_buffer(void **state)
{
	struct tp_login_users *users = NULL;
	char err[64];
	FILE *f = fopen(path, "w");

	(void)state;
	fputs("a:x\nb:x\nc:x\n", f);
	fclose(f);
	chmod(path, 0600);
	for (size_t len = 0; len <= 32; len++) {
		memset(err, '#', sizeof(err));
		assert_int_equal(tp_login_users_load(path, &users, err, len), -EINVAL);
		assert_int_equal(err[len], '#');
		assert_true(len == 0 || strlen(err) == len - 1);
	}
}

static void test_permissions(void **state)
{
	static const mode_t open_modes[] = {0644, 0604, 0602, 0601, 0660 | 0007};
	char err[4096], expected[256];
	uint32_t count;

	(void)state;
	for (size_t i = 0; i < sizeof(open_modes) / sizeof(open_modes[0]); i++) {
		assert_int_equal(load("", 0, open_modes[i], &count, err), -EACCES);
		snprintf(expected, sizeof(expected),
		        "%s: found mode %04o, others may use it; expected 0640 or stricter: chmod o= '%s'", path, open_modes[i],
		        path);
		assert_string_equal(err, expected);
	}
	assert_int_equal(load("", 0, 0640, &count, err), 0);
	assert_int_equal(load("", 0, 0400, &count, err), 0);
}

static void test_no_file(void **state)
{
	struct tp_login_users *users = NULL;
	char err[256];

	(void)state;
	assert_int_equal(tp_login_users_load("/nowhere/users", &users, err, sizeof(err)), -ENOENT);
	assert_string_equal(err, "/nowhere/users: No such file or directory");
	assert_int_equal(tp_login_users_load(folder, &users, err, sizeof(err)), -EINVAL);
	assert_non_null(strstr(err, ": found no regular file; expected one"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_accepted),
	        cmocka_unit_test(test_lines),
	        cmocka_unit_test(test_methods),
	        cmocka_unit_test(test_yescrypt_strings),
	        cmocka_unit_test(test_argon2id_strings),
	        cmocka_unit_test(test_nul),
	        cmocka_unit_test(test_many_mistakes),
	        cmocka_unit_test(test_short_buffer),
	        cmocka_unit_test(test_permissions),
	        cmocka_unit_test(test_no_file),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
