/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The queue and the threads that verify.
 *
 * Requests stand in a ring in the order in which they came; threads take the next one, and verdicts leave the ring in the same order, so two
 * requests with one ticket can never be answered the wrong way round. A remembered login is answered beside the ring, at once, unless a
 * request that may be of the same ticket is still in it.
 *
 * One mutex guards the ring between control and these threads. Workers never see it.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cache.h"
#include "tp_clock.h"

#define LOGIN_THREADS_MAX 64
#define LOGIN_QUEUE_MAX   65536
#define LOGIN_CACHE_MAX   (1u << 22)
#define LOGIN_TICKETS     4096 /* counters of tickets in the ring; tickets share them */

enum slot_state { SLOT_WAITING, SLOT_RUNNING, SLOT_DONE };

struct login_slot {
	struct tp_login_result result;
	enum slot_state state; /* under the mutex */
	bool known;            /* user is the one who asks, not a stand-in */
	bool digested;
	uint16_t password_n;
	const struct login_user *user; /* NULL: refused without verifying */
	struct tp_login_users *users;  /* holds `user` */
	uint8_t digest[LOGIN_DIGEST];
	char password[TP_LOGIN_PASSWORD_MAX + 1];
};

struct tp_login {
	pthread_mutex_t mutex;
	pthread_cond_t more;
	uint64_t first, next, last; /* in the ring: to be taken, to be verified, to be filled; under the mutex */
	bool stopping;              /* under the mutex */
	struct tp_login_spec spec;
	struct login_slot *slots;       /* spec.queue of them */
	struct tp_login_result *beside; /* verdicts that need no verifying; spec.queue of them */
	uint64_t beside_first, beside_last;
	uint32_t tickets[LOGIN_TICKETS]; /* requests in the ring */
	struct tp_login_users **users;   /* a listener */
	struct login_cache *cache;       /* NULL: nothing is remembered */
	struct tp_login_stats stats;
	unsigned int n_threads;
	pthread_t threads[LOGIN_THREADS_MAX];
};

/* ---- the threads ------------------------------------------------------------------------------------------------------------------- */
static enum tp_login_verdict login_verify(struct login_scratch *scratch, const struct login_slot *slot)
{
	int rc;

	if (slot->user == NULL)
		return TP_LOGIN_REFUSED;
	if (scratch == NULL)
		return TP_LOGIN_FAILED;
	rc = login_hash_verify(scratch, slot->user->method, slot->user->hash, slot->password, slot->password_n);

	if (rc < 0)
		return TP_LOGIN_FAILED;
	return rc == 1 && slot->known ? TP_LOGIN_ACCEPTED : TP_LOGIN_REFUSED;
}

/* The next request, NULL when it is time to stop. */
static struct login_slot *login_next(struct tp_login *login)
{
	struct login_slot *slot = NULL;

	pthread_mutex_lock(&login->mutex);
	while (!login->stopping && login->next == login->last)
		pthread_cond_wait(&login->more, &login->mutex);
	if (!login->stopping) {
		slot = &login->slots[login->next++ % login->spec.queue];
		slot->state = SLOT_RUNNING;
	}
	pthread_mutex_unlock(&login->mutex);
	return slot;
}

static void login_done(struct tp_login *login, struct login_slot *slot, enum tp_login_verdict verdict)
{
	pthread_mutex_lock(&login->mutex);
	slot->result.verdict = verdict;
	slot->state = SLOT_DONE;
	pthread_mutex_unlock(&login->mutex);
}

static void *login_thread(void *argument)
{
	struct tp_login *login = argument;
	struct login_scratch *scratch = login_scratch_new();
	struct login_slot *slot;

	while ((slot = login_next(login)) != NULL) {
		enum tp_login_verdict verdict = login_verify(scratch, slot);

		explicit_bzero(slot->password, slot->password_n);
		login_done(login, slot, verdict);
	}
	login_scratch_free(scratch);
	return NULL;
}

/* ---- submitting -------------------------------------------------------------------------------------------------------------------- */
static uint32_t *login_ticket(struct tp_login *login, const struct tp_login_result *result)
{
	return &login->tickets[(result->ticket ^ (uint32_t)result->worker * 2654435761u) % LOGIN_TICKETS];
}

/* Who is verified against what; NULL where nothing could be right. */
static const struct login_user *login_opponent(
        const struct tp_login_users *users, const struct tp_login_request *request, bool *known)
{
	const struct login_user *user;

	if (users == NULL || request->user_n > TP_LOGIN_USER_MAX || request->password_n > TP_LOGIN_PASSWORD_MAX)
		return NULL;
	user = login_users_find(users, request->user, request->user_n);
	*known = user != NULL;
	return *known ? user : login_users_stand_in(users, request->user, request->user_n);
}

static void login_fill(struct tp_login *login, const struct tp_login_request *request, struct login_slot *slot)
{
	struct tp_login_users *users = login->users[request->listener];

	*slot = (struct login_slot){.state = SLOT_WAITING,
	        .users = users,
	        .result = {.ticket = request->ticket, .worker = request->worker, .listener = request->listener}};
	slot->user = login_opponent(users, request, &slot->known);
	if (slot->user == NULL)
		return;
	slot->password_n = (uint16_t)request->password_n;
	if (request->password_n > 0)
		memcpy(slot->password, request->password, request->password_n);
	/* A stand-in's digest is made too, so that a name's presence does not show in the time this takes. */
	slot->digested = login->cache != NULL && login_cache_digest(login->cache, slot->user, (const uint8_t *)slot->password,
	                                                 slot->password_n, slot->digest);
}

/* The verdict is known without verifying. */
static bool login_settled(struct tp_login *login, struct login_slot *slot)
{
	if (slot->user == NULL) {
		slot->result.verdict = TP_LOGIN_REFUSED;
		return true;
	}
	slot->result.verdict = TP_LOGIN_ACCEPTED;
	return slot->known && slot->digested && login_cache_knows(login->cache, slot->digest, tp_clock_ms(CLOCK_MONOTONIC));
}

/* The slot behind the last one becomes part of the ring. */
static void login_append(struct tp_login *login, struct login_slot *slot)
{
	if (slot->users != NULL)
		login_users_hold(slot->users);
	++*login_ticket(login, &slot->result);
	pthread_mutex_lock(&login->mutex);
	login->last++;
	pthread_cond_signal(&login->more);
	pthread_mutex_unlock(&login->mutex);
}

int tp_login_submit(struct tp_login *login, const struct tp_login_request *request)
{
	struct login_slot *slot;

	if (request->listener >= login->spec.listeners)
		return -EINVAL;
	if (login->stats.waiting == login->spec.queue) {
		login->stats.busy++;
		return -EBUSY;
	}
	/* Only this thread moves `last`, and nobody reads what is behind it. */
	slot = &login->slots[login->last % login->spec.queue];
	login_fill(login, request, slot);
	login->stats.waiting++;
	if (*login_ticket(login, &slot->result) > 0 || !login_settled(login, slot)) {
		login_append(login, slot);
		return 0;
	}
	login->stats.remembered += slot->result.verdict == TP_LOGIN_ACCEPTED;
	login->beside[login->beside_last++ % login->spec.queue] = slot->result;
	explicit_bzero(slot->password, slot->password_n);
	return 0;
}

/* ---- taking -------------------------------------------------------------------------------------------------------------------------- */
static void login_count(struct tp_login *login, const struct tp_login_result *result)
{
	login->stats.waiting--;
	login->stats.accepted += result->verdict == TP_LOGIN_ACCEPTED;
	login->stats.refused += result->verdict == TP_LOGIN_REFUSED;
	login->stats.failed += result->verdict == TP_LOGIN_FAILED;
}

/* The first of the ring, where it is done. */
static struct login_slot *login_first_done(struct tp_login *login)
{
	struct login_slot *slot = NULL;

	pthread_mutex_lock(&login->mutex);
	if (login->first < login->next && login->slots[login->first % login->spec.queue].state == SLOT_DONE)
		slot = &login->slots[login->first++ % login->spec.queue];
	pthread_mutex_unlock(&login->mutex);
	return slot;
}

uint32_t tp_login_take(struct tp_login *login, struct tp_login_result *results, uint32_t n)
{
	uint32_t taken = 0;
	struct login_slot *slot;

	while (taken < n && login->beside_first < login->beside_last) {
		results[taken] = login->beside[login->beside_first++ % login->spec.queue];
		login_count(login, &results[taken++]);
	}
	while (taken < n && (slot = login_first_done(login)) != NULL) {
		results[taken] = slot->result;
		--*login_ticket(login, &slot->result);
		if (slot->result.verdict == TP_LOGIN_ACCEPTED && slot->digested)
			login_cache_add(login->cache, slot->digest, tp_clock_ms(CLOCK_MONOTONIC));
		tp_login_users_release(slot->users);
		login_count(login, &results[taken++]);
	}
	return taken;
}

void tp_login_stats(const struct tp_login *login, struct tp_login_stats *stats)
{
	*stats = login->stats;
}

/* ---- start and end --------------------------------------------------------------------------------------------------------------------- */
void tp_login_set_users(struct tp_login *login, uint16_t listener, struct tp_login_users *users)
{
	if (users != NULL)
		login_users_hold(users);
	tp_login_users_release(login->users[listener]);
	login->users[listener] = users;
}

/* Signals are control's business, so these threads have all of them blocked. */
static int login_start_threads(struct tp_login *login)
{
	sigset_t all, before;
	int rc = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (login->n_threads < login->spec.threads && rc == 0) {
		char name[16];

		rc = -pthread_create(&login->threads[login->n_threads], NULL, login_thread, login);
		snprintf(name, sizeof(name), "login-%u", login->n_threads % 100u);
		if (rc == 0)
			pthread_setname_np(login->threads[login->n_threads++], name);
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc;
}

static bool login_spec_fit(const struct tp_login_spec *spec)
{
	return spec->listeners > 0 && spec->threads > 0 && spec->threads <= LOGIN_THREADS_MAX && spec->queue > 0 &&
	       spec->queue <= LOGIN_QUEUE_MAX && spec->cache <= LOGIN_CACHE_MAX;
}

int tp_login_new(const struct tp_login_spec *spec, struct tp_login **login)
{
	struct tp_login *made;
	int rc = -ENOMEM;

	if (!login_spec_fit(spec))
		return -EINVAL;
	made = calloc(1, sizeof(*made));
	if (made == NULL)
		return -ENOMEM;
	made->spec = *spec;
	pthread_mutex_init(&made->mutex, NULL);
	pthread_cond_init(&made->more, NULL);
	made->slots = calloc(spec->queue, sizeof(*made->slots));
	made->beside = calloc(spec->queue, sizeof(*made->beside));
	made->users = calloc(spec->listeners, sizeof(struct tp_login_users *));
	if (spec->cache > 0)
		made->cache = login_cache_new(spec->cache, (int64_t)spec->cache_s * 1000);
	if (made->slots != NULL && made->beside != NULL && made->users != NULL && (spec->cache == 0 || made->cache != NULL))
		rc = login_start_threads(made);
	if (rc != 0) {
		tp_login_free(made);
		return rc;
	}
	*login = made;
	return 0;
}

static void login_stop_threads(struct tp_login *login)
{
	pthread_mutex_lock(&login->mutex);
	login->stopping = true;
	pthread_cond_broadcast(&login->more);
	pthread_mutex_unlock(&login->mutex);
	for (unsigned int i = 0; i < login->n_threads; i++)
		pthread_join(login->threads[i], NULL);
}

void tp_login_free(struct tp_login *login)
{
	if (login == NULL)
		return;
	login_stop_threads(login);
	for (uint64_t i = login->first; i < login->last; i++)
		tp_login_users_release(login->slots[i % login->spec.queue].users);
	for (uint16_t i = 0; login->users != NULL && i < login->spec.listeners; i++)
		tp_login_users_release(login->users[i]);
	if (login->slots != NULL)
		explicit_bzero(login->slots, login->spec.queue * sizeof(*login->slots));
	login_cache_free(login->cache);
	free(login->slots);
	free(login->beside);
	free(login->users);
	pthread_cond_destroy(&login->more);
	pthread_mutex_destroy(&login->mutex);
	free(login);
}
