/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_LOGIN_H
#define TP_LOGIN_H
/*
 * User names and passwords, checked off the packet path. Verifying a password is made to cost tens of milliseconds and megabytes, so threads of their
 * own do it; workers hand requests to control through rings, control submits them here and takes the verdicts.
 *
 * A file of users has a line `name:hash` each; blank lines and lines that start with # do not count. A hash is a crypt(5) string of yescrypt
 * ("$y$...", as `mkpasswd -m yescrypt` prints it) or a PHC string of Argon2id ("$argon2id$v=19$...", as `argon2 SALT -id -e` prints
 * it). A file that others may read, write or execute is refused.
 *
 * What an attacker learns: a user who is not in the file takes as long as one who is, because the password is then verified against the hash
 * of some user of the file, always the same for a name, and the result thrown away. Passwords are overwritten as soon as they are verified.
 *
 * A login that was right may be remembered for a while, so that a hundred thousand devices that come back at once do not cost an hour. What is
 * remembered is a keyed hash (HMAC-SHA-256 with a random key of this process, in memory only) over the user's line and the password. So a changed
 * or deleted line is not remembered as right. The number of entries is bounded, and using one does not make it live longer. Wrong passwords
 * are never remembered: each costs its whole verification.
 *
 * All functions are called by the control thread. The requests under way are bounded by the size of the queue, about 900 octets each.
 */
#include <stddef.h>
#include <stdint.h>

#define TP_LOGIN_USER_MAX     256 /* octets; longer names are refused, in the file and in requests */
#define TP_LOGIN_PASSWORD_MAX 511 /* octets, the limit of crypt(3); longer passwords are refused */

struct tp_login;
struct tp_login_users; /* what one file says; immutable, counted references */

/*
 * Reads a file. 0, or -errno with up to ten mistakes in err, a line each: file, line, what was found, what was expected; never a hash. -EACCES:
 * others may use it; -EINVAL: mistakes in it; -EFBIG: above 64 MiB; else why it cannot be read. The caller holds a reference.
 */
int tp_login_users_load(const char *path, struct tp_login_users **users, char *err, size_t err_len);
uint32_t tp_login_users_count(const struct tp_login_users *users);
/* Gives a reference back. NULL is fine. */
void tp_login_users_release(struct tp_login_users *users);

struct tp_login_spec {
	uint16_t listeners; /* requests name one below this; 1..65535 */
	uint16_t threads;   /* that verify; 1..64 */
	uint32_t queue;     /* requests submitted and not taken; 1..65536 */
	uint32_t cache;   /* logins that are remembered, rounded up to a multiple of 4; 0: none; at most 4194304, 32 octets each */
	uint32_t cache_s; /* seconds a login is remembered */
};

/* 0, -EINVAL, -ENOMEM, or why there are no threads. Nobody can log in until tp_login_set_users(). */
int tp_login_new(const struct tp_login_spec *spec, struct tp_login **login);
/* Waits for the verifications that have begun; the others get no verdict. NULL is fine. */
void tp_login_free(struct tp_login *login);
/* From now on these are the users of a listener; requests under way keep those they were submitted with. Takes a reference. NULL: nobody. */
void tp_login_set_users(struct tp_login *login, uint16_t listener, struct tp_login_users *users);

struct tp_login_request {
	uint32_t ticket; /* comes back with the verdict, and so do worker and listener */
	uint16_t worker;
	uint16_t listener;
	const uint8_t *user; /* copied, as is the password; the caller wipes its own */
	uint32_t user_n;
	const uint8_t *password;
	uint32_t password_n;
};

enum tp_login_verdict {
	TP_LOGIN_ACCEPTED,
	TP_LOGIN_REFUSED, /* unknown or wrong: nobody is told which */
	TP_LOGIN_FAILED,  /* could not be verified: no memory */
};

struct tp_login_result {
	uint32_t ticket;
	uint16_t worker;
	uint16_t listener;
	enum tp_login_verdict verdict;
};

/*
 * Never waits. 0: there will be exactly one verdict. -EBUSY: the queue is full. -EINVAL: no such listener. Requests with the same worker and ticket get their
 * verdicts in the order in which they were submitted; others may overtake each other: a remembered login does not wait for those that
 * are verified.
 */
int tp_login_submit(struct tp_login *login, const struct tp_login_request *request);
/* Verdicts that are there, at most n; returns how many. Never waits. */
uint32_t tp_login_take(struct tp_login *login, struct tp_login_result *results, uint32_t n);

struct tp_login_stats {
	uint64_t accepted, refused, failed; /* verdicts taken */
	uint64_t remembered;                /* of the accepted ones: from memory */
	uint64_t busy;                      /* not submitted, the queue was full */
	uint32_t waiting;                   /* submitted and not taken */
};
void tp_login_stats(const struct tp_login *login, struct tp_login_stats *stats);

#endif
