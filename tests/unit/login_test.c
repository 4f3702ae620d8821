/* SPDX-License-Identifier: BSD-3-Clause */
/* Files of users and the threads that verify passwords: control/login. Hashes are of the lowest cost that the methods have. */
#include <argon2.h>
#include <crypt.h>
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

#define HASH 256

static char folder[] = "/tmp/login_test.XXXXXX", path[64];
static char hash_yescrypt[HASH], hash_argon2id[HASH]; /* of "open sesame" and of "two\0parts" */

static void make_yescrypt(char hash[HASH], const char *password)
{
	char setting[CRYPT_GENSALT_OUTPUT_SIZE];
	struct crypt_data *data = calloc(1, sizeof(*data));

	assert_non_null(crypt_gensalt_rn("$y$", 1, "0123456789abcdef", 16, setting, sizeof(setting)));
	snprintf(hash, HASH, "%s", crypt_r(password, setting, data));
	free(data);
}

static void make_argon2id(char hash[HASH], const void *password, size_t n)
{
	assert_int_equal(argon2id_hash_encoded(1, 64, 1, password, n, "saltsalt", 8, 32, hash, HASH), ARGON2_OK);
}

static int setup(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/users", folder);
	make_yescrypt(hash_yescrypt, "open sesame");
	make_argon2id(hash_argon2id, "two\0parts", 9);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

static void write_octets(const void *text, size_t n)
{
	FILE *f;

	unlink(path);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, n, f), n);
	fclose(f);
	chmod(path, 0640);
}

static struct tp_login_users *load(const char *text)
{
	struct tp_login_users *users = NULL;
	char err[4096] = "";

	write_octets(text, strlen(text));
	if (tp_login_users_load(path, &users, err, sizeof(err)) != 0)
		fail_msg("%s", err);
	return users;
}

static struct tp_login_users *usual_users(void)
{
	char text[4 * HASH];

	snprintf(text, sizeof(text), "# devices\n\nyes:%s\r\nargon:%s\n", hash_yescrypt, hash_argon2id);
	return load(text);
}

static struct tp_login *login_of(uint16_t threads, uint32_t queue, uint32_t cache, uint32_t cache_s)
{
	struct tp_login_spec spec = {.listeners = 2, .threads = threads, .queue = queue, .cache = cache, .cache_s = cache_s};
	struct tp_login_users *users = usual_users();
	struct tp_login *login;

	assert_int_equal(tp_login_new(&spec, &login), 0);
	tp_login_set_users(login, 0, users);
	tp_login_users_release(users);
	return login;
}

static int submit_n(struct tp_login *login, uint32_t ticket, uint16_t listener, const char *user, const void *password, size_t n)
{
	struct tp_login_request request = {.ticket = ticket,
	        .worker = (uint16_t)(ticket % 3),
	        .listener = listener,
	        .user = (const uint8_t *)user,
	        .user_n = (uint32_t)strlen(user),
	        .password = password,
	        .password_n = (uint32_t)n};

	return tp_login_submit(login, &request);
}

static int submit(struct tp_login *login, uint32_t ticket, const char *user, const char *password)
{
	return submit_n(login, ticket, 0, user, password, strlen(password));
}

/* Waits for the next verdict. */
static struct tp_login_result take(struct tp_login *login)
{
	struct tp_login_result result;

	while (tp_login_take(login, &result, 1) == 0)
		usleep(200);
	return result;
}

static enum tp_login_verdict verdict_n(struct tp_login *login, const char *user, const void *password, size_t n)
{
	struct tp_login_result result;

	assert_int_equal(submit_n(login, 71, 0, user, password, n), 0);
	result = take(login);
	assert_int_equal(result.ticket, 71);
	assert_int_equal(result.worker, 2);
	assert_int_equal(result.listener, 0);
	return result.verdict;
}

static enum tp_login_verdict verdict(struct tp_login *login, const char *user, const char *password)
{
	return verdict_n(login, user, password, strlen(password));
}

/* ---- verdicts ---------------------------------------------------------------------------------------------------------------------- */
static void test_verdicts(void **state)
{
	struct tp_login *login = login_of(2, 16, 0, 0);
	struct tp_login_stats stats;

	(void)state;
	assert_int_equal(verdict(login, "yes", "open sesame"), TP_LOGIN_ACCEPTED);
	assert_int_equal(verdict(login, "yes", "open sesam"), TP_LOGIN_REFUSED);
	assert_int_equal(verdict(login, "yes", ""), TP_LOGIN_REFUSED);
	assert_int_equal(verdict_n(login, "yes", "open sesame\0more", 16), TP_LOGIN_REFUSED);
	assert_int_equal(verdict_n(login, "argon", "two\0parts", 9), TP_LOGIN_ACCEPTED);
	assert_int_equal(verdict(login, "argon", "two"), TP_LOGIN_REFUSED);
	assert_int_equal(verdict(login, "argon", "open sesame"), TP_LOGIN_REFUSED);
	tp_login_stats(login, &stats);
	assert_int_equal(stats.accepted, 2);
	assert_int_equal(stats.refused, 5);
	assert_int_equal(stats.failed + stats.busy + stats.waiting + stats.remembered, 0);
	tp_login_free(login);
}

/* With the password of the user whose hash stands in, whichever it is: still refused. */
static void test_unknown_users(void **state)
{
	struct tp_login *login = login_of(1, 16, 16, 60);
	char name[16];

	(void)state;
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "nobody%d", i);
		for (int again = 0; again < 2; again++) {
			assert_int_equal(verdict(login, name, "open sesame"), TP_LOGIN_REFUSED);
			assert_int_equal(verdict_n(login, name, "two\0parts", 9), TP_LOGIN_REFUSED);
		}
	}
	assert_int_equal(verdict(login, "", "open sesame"), TP_LOGIN_REFUSED);
	assert_int_equal(verdict(login, "ye", "open sesame"), TP_LOGIN_REFUSED);
	assert_int_equal(verdict(login, "yess", "open sesame"), TP_LOGIN_REFUSED);
	tp_login_free(login);
}

static void test_too_long(void **state)
{
	struct tp_login *login = login_of(1, 16, 16, 60);
	static char text[70000];

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	assert_int_equal(verdict_n(login, "yes", text, TP_LOGIN_PASSWORD_MAX), TP_LOGIN_REFUSED);
	assert_int_equal(verdict_n(login, "argon", text, TP_LOGIN_PASSWORD_MAX + 1), TP_LOGIN_REFUSED);
	assert_int_equal(verdict_n(login, "yes", text, 65536 + 11), TP_LOGIN_REFUSED);
	assert_int_equal(verdict(login, text, "open sesame"), TP_LOGIN_REFUSED);
	tp_login_free(login);
}

static void test_listeners(void **state)
{
	struct tp_login *login = login_of(1, 16, 0, 0);

	(void)state;
	assert_int_equal(submit_n(login, 1, 2, "yes", "open sesame", 11), -EINVAL);
	assert_int_equal(submit_n(login, 1, 1, "yes", "open sesame", 11), 0); /* has no users */
	assert_int_equal(take(login).verdict, TP_LOGIN_REFUSED);
	tp_login_set_users(login, 0, NULL);
	assert_int_equal(verdict(login, "yes", "open sesame"), TP_LOGIN_REFUSED);
	tp_login_free(login);
}

static void test_spec(void **state)
{
	const struct tp_login_spec wrong[] = {
	        {.listeners = 0, .threads = 1, .queue = 1},
	        {.listeners = 1, .threads = 0, .queue = 1},
	        {.listeners = 1, .threads = 65, .queue = 1},
	        {.listeners = 1, .threads = 1, .queue = 0},
	        {.listeners = 1, .threads = 1, .queue = 65537},
	        {.listeners = 1, .threads = 1, .queue = 1, .cache = (1u << 22) + 1},
	};
	struct tp_login *login;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(tp_login_new(&wrong[i], &login), -EINVAL);
	tp_login_free(NULL);
	tp_login_users_release(NULL);
}

/* ---- the queue ----------------------------------------------------------------------------------------------------------------------- */
static void test_every_ticket_has_its_verdict(void **state)
{
	struct tp_login *login = login_of(4, 64, 0, 0);
	uint8_t seen[200] = {0};
	uint32_t submitted = 0, taken = 0;

	(void)state;
	while (taken < 200) {
		struct tp_login_result results[7];
		uint32_t n;

		while (submitted < 200 && submit(login, submitted, "yes", submitted % 3 == 0 ? "open sesame" : "wrong") == 0)
			submitted++;
		n = tp_login_take(login, results, 7);
		for (uint32_t i = 0; i < n; i++) {
			assert_int_equal(seen[results[i].ticket]++, 0);
			assert_int_equal(results[i].worker, results[i].ticket % 3);
			assert_int_equal(results[i].verdict, results[i].ticket % 3 == 0 ? TP_LOGIN_ACCEPTED : TP_LOGIN_REFUSED);
		}
		taken += n;
		usleep(n == 0 ? 200 : 0);
	}
	tp_login_free(login);
}

static void test_queue_full(void **state)
{
	struct tp_login *login = login_of(1, 4, 0, 0);
	struct tp_login_stats stats;

	(void)state;
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(submit(login, i, "yes", "wrong"), 0);
	assert_int_equal(submit(login, 4, "yes", "wrong"), -EBUSY);
	assert_int_equal(submit_n(login, 4, 1, "yes", "wrong", 5), -EBUSY);
	tp_login_stats(login, &stats);
	assert_int_equal(stats.busy, 2);
	assert_int_equal(stats.waiting, 4);
	assert_int_equal(take(login).ticket, 0);
	assert_int_equal(submit(login, 4, "yes", "open sesame"), 0);
	for (uint32_t i = 1; i < 5; i++) {
		struct tp_login_result result = take(login);

		assert_int_equal(result.ticket, i);
		assert_int_equal(result.verdict, i == 4 ? TP_LOGIN_ACCEPTED : TP_LOGIN_REFUSED);
	}
	tp_login_free(login);
}

/* One ticket again and again: verdicts come in the order of the requests, also where a later one is remembered or needs no verifying. */
static void test_order_of_a_ticket(void **state)
{
	struct tp_login *login = login_of(4, 64, 16, 60);
	static const enum tp_login_verdict expected[] = {TP_LOGIN_REFUSED, TP_LOGIN_ACCEPTED, TP_LOGIN_REFUSED, TP_LOGIN_ACCEPTED};

	(void)state;
	assert_int_equal(verdict(login, "yes", "open sesame"), TP_LOGIN_ACCEPTED);
	for (int round = 0; round < 10; round++) {
		assert_int_equal(submit(login, 5, "yes", "wrong"), 0);
		assert_int_equal(submit(login, 5, "yes", "open sesame"), 0);
		assert_int_equal(submit_n(login, 5, 1, "yes", "open sesame", 11), 0);
		assert_int_equal(submit(login, 5, "yes", "open sesame"), 0);
		for (int i = 0; i < 4; i++)
			assert_int_equal(take(login).verdict, expected[i]);
	}
	tp_login_free(login);
}

static void test_end_with_requests_waiting(void **state)
{
	struct tp_login *login = login_of(2, 64, 16, 60);

	(void)state;
	for (uint32_t i = 0; i < 64; i++)
		assert_int_equal(submit(login, i, i % 2 ? "yes" : "nobody", "open sesame"), 0);
	tp_login_free(login);
}

/* ---- what is remembered ---------------------------------------------------------------------------------------------------------------- */
static uint64_t remembered(const struct tp_login *login)
{
	struct tp_login_stats stats;

	tp_login_stats(login, &stats);
	return stats.remembered;
}

/*
 * No thread has a part in it: the verdict is there when submit returns, before that of a request that waits, and before that of one that has
 * been verified meanwhile: pause_us gives the thread the time for it.
 */
static void remembered_beside_another(struct tp_login *login, useconds_t pause_us)
{
	struct tp_login_result results[2];
	uint32_t n;

	assert_int_equal(submit(login, 1, "yes", "wrong"), 0);
	assert_int_equal(submit(login, 2, "yes", "open sesame"), 0);
	usleep(pause_us);
	n = tp_login_take(login, results, 2);
	assert_in_range(n, 1, 2);
	assert_int_equal(results[0].ticket, 2);
	assert_int_equal(results[0].verdict, TP_LOGIN_ACCEPTED);
	if (n == 1)
		results[1] = take(login);
	assert_int_equal(results[1].ticket, 1);
	assert_int_equal(results[1].verdict, TP_LOGIN_REFUSED);
}

static void test_remembered(void **state)
{
	struct tp_login *login = login_of(1, 16, 4, 3600);

	(void)state;
	assert_int_equal(verdict(login, "yes", "wrong"), TP_LOGIN_REFUSED);
	assert_int_equal(verdict(login, "yes", "wrong"), TP_LOGIN_REFUSED);
	assert_int_equal(verdict(login, "yes", "open sesame"), TP_LOGIN_ACCEPTED);
	assert_int_equal(remembered(login), 0);
	remembered_beside_another(login, 0);
	assert_int_equal(remembered(login), 1);
	remembered_beside_another(login, 50000);
	assert_int_equal(remembered(login), 2);
	assert_int_equal(verdict(login, "yes", "open sesam"), TP_LOGIN_REFUSED);
	assert_int_equal(verdict(login, "nobody", "open sesame"), TP_LOGIN_REFUSED);
	assert_int_equal(verdict_n(login, "argon", "two\0parts", 9), TP_LOGIN_ACCEPTED);
	assert_int_equal(verdict_n(login, "argon", "two\0parts", 9), TP_LOGIN_ACCEPTED);
	assert_int_equal(verdict_n(login, "argon", "two\0party", 9), TP_LOGIN_REFUSED);
	assert_int_equal(remembered(login), 3);
	tp_login_free(login);
}

static void test_not_remembered_for_ever(void **state)
{
	struct tp_login *login = login_of(1, 16, 16, 1);

	(void)state;
	assert_int_equal(verdict(login, "yes", "open sesame"), TP_LOGIN_ACCEPTED);
	usleep(1100000);
	assert_int_equal(verdict(login, "yes", "open sesame"), TP_LOGIN_ACCEPTED);
	assert_int_equal(remembered(login), 0);
	tp_login_free(login);
}

/* More logins than there is room for: the first are forgotten, none is mistaken for another. */
static void test_memory_is_bounded(void **state)
{
	struct tp_login *login = login_of(2, 64, 4, 3600);
	char text[12 * HASH] = "", name[16];
	struct tp_login_users *users;

	(void)state;
	for (int i = 0; i < 10; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "user%d:%s\n", i, hash_argon2id);
	users = load(text);
	tp_login_set_users(login, 0, users);
	tp_login_users_release(users);
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < 10; i++) {
			snprintf(name, sizeof(name), "user%d", i);
			assert_int_equal(verdict_n(login, name, "two\0parts", 9), TP_LOGIN_ACCEPTED);
		}
	assert_in_range(remembered(login), 0, 4);
	assert_int_equal(verdict_n(login, "user9", "two\0parts", 9), TP_LOGIN_ACCEPTED);
	assert_in_range(remembered(login), 1, 5);
	tp_login_free(login);
}

/* ---- another file while requests are under way ------------------------------------------------------------------------------------------- */
static void test_reload(void **state)
{
	struct tp_login *login = login_of(2, 64, 16, 3600);
	struct tp_login_users *users;
	char text[2 * HASH], other[HASH];

	(void)state;
	assert_int_equal(verdict(login, "yes", "open sesame"), TP_LOGIN_ACCEPTED);
	for (uint32_t i = 0; i < 40; i++)
		assert_int_equal(submit(login, i, i % 2 ? "yes" : "argon", "wrong"), 0);
	assert_int_equal(submit(login, 40, "argon", "open sesame"), 0);
	make_yescrypt(other, "other words");
	snprintf(text, sizeof(text), "yes:%s\n", other);
	users = load(text);
	tp_login_set_users(login, 0, users);
	tp_login_users_release(users);
	for (uint32_t i = 0; i < 41; i++)
		assert_int_equal(take(login).ticket, i);
	/* What was remembered of the old line does not count for the new one. */
	assert_int_equal(verdict(login, "yes", "open sesame"), TP_LOGIN_REFUSED);
	assert_int_equal(verdict(login, "yes", "other words"), TP_LOGIN_ACCEPTED);
	assert_int_equal(verdict_n(login, "argon", "two\0parts", 9), TP_LOGIN_REFUSED);
	assert_int_equal(remembered(login), 0);
	tp_login_free(login);
}

/* A request is judged by the file it was submitted under. */
static void test_reload_does_not_touch_requests(void **state)
{
	struct tp_login *login = login_of(1, 64, 0, 0);

	(void)state;
	for (uint32_t i = 0; i < 20; i++)
		assert_int_equal(submit(login, i, "yes", "open sesame"), 0);
	tp_login_set_users(login, 0, NULL);
	for (uint32_t i = 0; i < 20; i++)
		assert_int_equal(take(login).verdict, TP_LOGIN_ACCEPTED);
	assert_int_equal(verdict(login, "yes", "open sesame"), TP_LOGIN_REFUSED);
	tp_login_free(login);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_verdicts),
	        cmocka_unit_test(test_unknown_users),
	        cmocka_unit_test(test_too_long),
	        cmocka_unit_test(test_listeners),
	        cmocka_unit_test(test_spec),
	        cmocka_unit_test(test_every_ticket_has_its_verdict),
	        cmocka_unit_test(test_queue_full),
	        cmocka_unit_test(test_order_of_a_ticket),
	        cmocka_unit_test(test_end_with_requests_waiting),
	        cmocka_unit_test(test_remembered),
	        cmocka_unit_test(test_not_remembered_for_ever),
	        cmocka_unit_test(test_memory_is_bounded),
	        cmocka_unit_test(test_reload),
	        cmocka_unit_test(test_reload_does_not_touch_requests),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
