/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A file of users. Its text stays as it was read, cut into strings at the colons and line ends; the table above it is sorted by name.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "mistakes.h"
#include "tp_secret.h"
#include "users.h"

#define USERS_FILE_MAX (64u << 20)
#define USERS_SHOWN    40 /* octets of a name in a message */

struct tp_login_users {
	uint32_t references;
	uint32_t n;
	uint32_t size; /* of table */
	struct login_user *table;
	char *text;
	size_t text_n; /* without the NUL behind it */
	uint64_t seed; /* of stand-ins */
};

uint32_t tp_login_users_count(const struct tp_login_users *users)
{
	return users->n;
}

void login_users_hold(struct tp_login_users *users)
{
	users->references++;
}

void tp_login_users_release(struct tp_login_users *users)
{
	if (users == NULL || --users->references > 0)
		return;
	if (users->text != NULL)
		explicit_bzero(users->text, users->text_n);
	free(users->text);
	free(users->table);
	free(users);
}

/* ---- looking up ------------------------------------------------------------------------------------------------------------------ */
const struct login_user *login_users_find(const struct tp_login_users *users, const uint8_t *name, size_t n)
{
	uint32_t from = 0, till = users->n;

	while (from < till) {
		uint32_t middle = from + (till - from) / 2;
		const struct login_user *user = &users->table[middle];
		size_t length = strlen(user->name);
		int order = memcmp(name, user->name, n < length ? n : length);

		if (order == 0)
			order = (n > length) - (n < length);
		if (order == 0)
			return user;
		if (order < 0)
			till = middle;
		else
			from = middle + 1;
	}
	return NULL;
}

const struct login_user *login_users_stand_in(const struct tp_login_users *users, const uint8_t *name, size_t n)
{
	return users->n == 0 ? NULL : &users->table[XXH3_64bits_withSeed(name, n, users->seed) % users->n];
}

/* ---- reading a line ---------------------------------------------------------------------------------------------------------------- */
/* The start of a name, fit for a terminal. */
static const char *users_show(const char *name, char shown[USERS_SHOWN + 4])
{
	size_t n = strnlen(name, USERS_SHOWN + 1);

	for (size_t i = 0; i < n && i < USERS_SHOWN; i++)
		shown[i] = (char)(((uint8_t)name[i] < 0x20 || name[i] == 0x7f) ? '?' : name[i]);
	strcpy(shown + (n < USERS_SHOWN ? n : USERS_SHOWN), n > USERS_SHOWN ? "..." : "");
	return shown;
}

/* What the text behind the colon is called in a message: the method it names, never the hash. */
static const char *users_show_method(const char *hash, char shown[USERS_SHOWN + 4])
{
	size_t n = hash[0] == '$' ? strcspn(hash + 1, "$") : 0;

	if (hash[0] == '\0')
		return "no hash";
	if (n == 0 || n > 16 || hash[1 + n] != '$')
		return "no method between $ and $";
	snprintf(shown, USERS_SHOWN + 4, "the method %.*s", (int)n + 2, hash);
	return shown;
}

static bool users_add(struct tp_login_users *users, const struct login_user *user)
{
	if (users->n == users->size) {
		uint32_t size = users->size == 0 ? 64 : users->size * 2;
		struct login_user *table = realloc(users->table, size * sizeof(*table));

		if (table == NULL)
			return false;
		users->table = table;
		users->size = size;
	}
	users->table[users->n++] = *user;
	return true;
}

static bool users_name_fit(const char *name, uint32_t line, struct login_mistakes *m)
{
	char shown[USERS_SHOWN + 4];
	size_t n = strlen(name);

	if (n == 0)
		login_mistake(m, line, "found no name before the colon; expected name:hash");
	else if (n > TP_LOGIN_USER_MAX)
		login_mistake(m, line, "found a name of %zu octets (\"%s\"); expected at most %d", n, users_show(name, shown),
		        TP_LOGIN_USER_MAX);
	else
		return true;
	return false;
}

/* One line, NUL-terminated. False only where there is no memory. */
static bool users_line(struct tp_login_users *users, char *text, uint32_t line, struct login_mistakes *m)
{
	struct login_user user = {.name = text, .line = line};
	char shown[USERS_SHOWN + 4], shown_method[USERS_SHOWN + 4];
	char *colon = strchr(text, ':');
	const char *expected;

	if (text[0] == '\0' || text[0] == '#')
		return true;
	if (colon == NULL) {
		/* Not shown: it may be a hash or a password that lost its name. */
		login_mistake(m, line, "found a line without a colon; expected name:hash");
		return true;
	}
	*colon = '\0';
	user.hash = colon + 1;
	if (!users_name_fit(text, line, m))
		return true;
	expected = login_hash_check(user.hash, &user.method);
	if (expected == NULL)
		return users_add(users, &user);
	login_mistake(m, line, "user \"%s\": found %s; expected %s", users_show(text, shown),
	        users_show_method(user.hash, shown_method), expected);
	return true;
}

static bool users_lines(struct tp_login_users *users, struct login_mistakes *m)
{
	char *next = users->text, *end = users->text + users->text_n;

	for (uint32_t line = 1; next < end; line++) {
		char *text = next, *lf = memchr(next, '\n', (size_t)(end - next));
		size_t n = (size_t)((lf == NULL ? end : lf) - text);

		next += n + 1;
		if (n > 0 && text[n - 1] == '\r')
			n--;
		text[n] = '\0';
		if (memchr(text, '\0', n) != NULL)
			login_mistake(m, line, "found a NUL; expected text");
		else if (!users_line(users, text, line, m))
			return false;
	}
	return true;
}

/* ---- the whole file ---------------------------------------------------------------------------------------------------------------- */
static int users_order(const void *a, const void *b)
{
	const struct login_user *one = a, *other = b;
	int order = strcmp(one->name, other->name);

	return order != 0 ? order : (one->line > other->line) - (one->line < other->line);
}

static void users_doubles(const struct tp_login_users *users, struct login_mistakes *m)
{
	char shown[USERS_SHOWN + 4];

	for (uint32_t i = 1; i < users->n; i++) {
		const struct login_user *one = &users->table[i - 1], *other = &users->table[i];

		if (strcmp(one->name, other->name) == 0)
			login_mistake(m, other->line, "found user \"%s\" again, who is in line %u; expected each name once",
			        users_show(one->name, shown), one->line);
	}
}

static int users_refuse(const struct login_mistakes *m, int rc, const char *found)
{
	snprintf(m->text, m->len, "%s: %s", m->path, found);
	return rc;
}

/* Opens it where only owner and group may use it. A descriptor or -errno. */
static int users_open(struct login_mistakes *m, size_t *n)
{
	char why[TP_SECRET_WHY];
	struct stat st;
	int fd = open(m->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), rc;

	if (fd < 0) {
		rc = -errno;
		return users_refuse(m, rc, strerror(-rc));
	}
	rc = fstat(fd, &st) == 0 ? 0 : -errno;
	if (rc != 0) {
		users_refuse(m, rc, strerror(-rc));
	} else if (!S_ISREG(st.st_mode)) {
		rc = users_refuse(m, -EINVAL, "found no regular file; expected one");
	} else if (tp_secret_exposed(m->path, &st, why, sizeof(why))) {
		rc = users_refuse(m, -EACCES, why);
	} else if (st.st_size > USERS_FILE_MAX) {
		rc = users_refuse(m, -EFBIG, "found more than 64 MiB; expected a file of users");
	}
	if (rc != 0) {
		close(fd);
		return rc;
	}
	*n = (size_t)st.st_size;
	return fd;
}

static int users_read(struct tp_login_users *users, struct login_mistakes *m)
{
	size_t n = 0;
	ssize_t got = 1;
	int fd = users_open(m, &n), rc = 0;

	if (fd < 0)
		return fd;
	users->text = malloc(n + 1);
	while (users->text != NULL && users->text_n < n && got > 0) {
		got = read(fd, users->text + users->text_n, n - users->text_n);
		if (got > 0)
			users->text_n += (size_t)got;
	}
	if (users->text == NULL)
		rc = users_refuse(m, -ENOMEM, "no memory to read it");
	else if (got < 0)
		rc = users_refuse(m, -EIO, "cannot be read");
	else
		users->text[users->text_n] = '\0';
	close(fd);
	return rc;
}

static int users_parse(struct tp_login_users *users, struct login_mistakes *m)
{
	int rc = users_read(users, m);

	if (rc != 0)
		return rc;
	if (!users_lines(users, m) || getrandom(&users->seed, sizeof(users->seed), 0) != sizeof(users->seed))
		return users_refuse(m, -ENOMEM, "no memory for its users");
	if (users->n > 1)
		qsort(users->table, users->n, sizeof(*users->table), users_order);
	users_doubles(users, m);
	login_mistakes_end(m);
	return m->count == 0 ? 0 : -EINVAL;
}

int tp_login_users_load(const char *path, struct tp_login_users **users, char *err, size_t err_len)
{
	struct login_mistakes mistakes = {.path = path, .text = err, .len = err_len};
	struct tp_login_users *made = calloc(1, sizeof(*made));
	int rc;

	if (err_len > 0)
		err[0] = '\0';
	if (made == NULL)
		return users_refuse(&mistakes, -ENOMEM, "no memory to read it");
	made->references = 1;
	rc = users_parse(made, &mistakes);
	if (rc != 0)
		tp_login_users_release(made);
	else
		*users = made;
	return rc;
}
