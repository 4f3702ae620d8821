/* SPDX-License-Identifier: BSD-3-Clause */
/* The audit log: who is named in it, and by whom: the accounts of this machine, never the name service, which may wait for another one. */
#include <errno.h>
#include <pwd.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "client.h"

#define NOBODYS_UID 3999999999u /* of no account */

static char path[64];
static unsigned int asked; /* the name service */

/* ---- stand-ins ------------------------------------------------------------------------------------------------------------------- */
uint64_t tp_control_counters[TP_CONTROL_COUNTER_COUNT];
const char *const api_error_words[API_ERROR_COUNT] = {[API_FAILED] = "failed"};

void tp_log(const char *fmt, ...)
{
	(void)fmt;
}

void tp_log_at(enum tp_log_level level, const char *fmt, ...)
{
	(void)level;
	(void)fmt;
}

json_t *api_json_text(const char *text, size_t n)
{
	return json_stringn(text, n);
}

int getpwuid_r(uid_t uid, struct passwd *user, char *room, size_t n, struct passwd **found)
{
	(void)uid;
	(void)user;
	(void)room;
	(void)n;
	asked++;
	*found = NULL;
	return ENOENT;
}

struct passwd *getpwuid(uid_t uid)
{
	(void)uid;
	asked++;
	return NULL;
}

/* ---- cases ------------------------------------------------------------------------------------------------------------------------ */
/* The only line that somebody of this uid leaves. */
static json_t *line_of(unsigned int uid, const struct api_error *error)
{
	const struct api_who who = {.pid = 17, .uid = uid, .gid = uid};
	json_t *args = json_pack("{s:s}", "prefix", "10.0.0.0/8"), *line;
	char err[256] = "";

	snprintf(path, sizeof(path), "/tmp/turnpike-audit-test-%d", (int)getpid());
	unlink(path);
	assert_int_equal(api_audit_open(path, err, sizeof(err)), 0);
	api_audit(&who, "guard deny", args, error);
	api_audit_close();
	json_decref(args);
	line = json_load_file(path, 0, NULL);
	unlink(path);
	assert_non_null(line);
	assert_int_equal(asked, 0);
	return line;
}

static const char *text_of(const json_t *line, const char *name)
{
	return json_string_value(json_object_get(line, name));
}

/* The first of root's names in the file. */
static void root_has_its_name(void **state)
{
	json_t *line = line_of(0, NULL);

	(void)state;
	assert_string_equal(text_of(line, "user"), "root");
	assert_int_equal(json_integer_value(json_object_get(line, "uid")), 0);
	assert_int_equal(json_integer_value(json_object_get(line, "pid")), 17);
	assert_string_equal(text_of(line, "command"), "guard deny");
	assert_string_equal(text_of(line, "outcome"), "ok");
	assert_null(text_of(line, "message"));
	assert_string_equal(text_of(json_object_get(line, "args"), "prefix"), "10.0.0.0/8");
	json_decref(line);
}

/* Every account of the file, whatever stands around it. */
static void accounts_have_their_names(void **state)
{
	FILE *accounts = fopen("/etc/passwd", "re");
	const struct passwd *user;
	unsigned int n = 0;

	(void)state;
	assert_non_null(accounts);
	while ((user = fgetpwent(accounts)) != NULL && n < 50) {
		char name[64];
		json_t *line;

		snprintf(name, sizeof(name), "%s", user->pw_name);
		line = line_of(user->pw_uid, NULL);
		assert_int_equal(json_integer_value(json_object_get(line, "uid")), user->pw_uid);
		if (user->pw_uid) /* root may have several */
			assert_string_equal(text_of(line, "user"), name);
		json_decref(line);
		n++;
	}
	fclose(accounts);
	assert_true(n > 1);
}

static void others_are_told_by_number(void **state)
{
	const struct api_error error = {.code = API_FAILED, .message = "no memory"};
	json_t *line = line_of(NOBODYS_UID, &error);

	(void)state;
	assert_string_equal(text_of(line, "user"), "3999999999");
	assert_string_equal(text_of(line, "outcome"), "failed");
	assert_string_equal(text_of(line, "message"), "no memory");
	json_decref(line);
}

static void record(unsigned int uid)
{
	const struct api_who who = {.pid = 17, .uid = uid, .gid = uid};
	json_t *args = json_object();

	api_audit(&who, "reload", args, NULL);
	json_decref(args);
}

/* The disk is full in the middle of a line: that one is lost and counted, the one behind it can be read. */
static void a_full_disk_costs_one_line(void **state)
{
	struct rlimit old, small;
	char text[2][1024], err[256] = "";
	json_t *line;
	FILE *file;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	snprintf(path, sizeof(path), "/tmp/turnpike-audit-test-%d", (int)getpid());
	assert_int_equal(api_audit_open(path, err, sizeof(err)), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = (struct rlimit){.rlim_cur = 20, .rlim_max = old.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	record(1);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(tp_control_counters[TP_CONTROL_audit_lost], 1);
	record(0);
	api_audit_close();
	file = fopen(path, "re");
	assert_non_null(file);
	assert_non_null(fgets(text[0], sizeof(text[0]), file));
	assert_int_equal(strlen(text[0]), 21); /* with its end */
	assert_non_null(fgets(text[1], sizeof(text[1]), file));
	fclose(file);
	unlink(path);
	line = json_loads(text[1], 0, NULL);
	assert_string_equal(text_of(line, "user"), "root");
	json_decref(line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(root_has_its_name),
	        cmocka_unit_test(accounts_have_their_names),
	        cmocka_unit_test(others_are_told_by_number),
	        cmocka_unit_test(a_full_disk_costs_one_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
