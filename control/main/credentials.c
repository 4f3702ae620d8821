/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Certificates and users of MQTT listeners: read at start, and again on SIGHUP. What is read aside takes the place of the old by one pointer, so open
 * connections go on with what they began with; a file with a mistake changes nothing. Logins that workers send up are verified by threads of their own.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "daemon.h"
#include "tls.h"
#include "tp_changes.h"
#include "tp_log.h"
#include "tp_login.h"
#include "tp_worker.h"

#define CREDENTIALS_THREADS 2
#define CREDENTIALS_QUEUE   4096
#define CREDENTIALS_CACHE   262144 /* logins remembered, 32 octets each */
#define CREDENTIALS_CACHE_S 600
#define CREDENTIALS_A_TURN  64
#define CREDENTIALS_SOON_S  (14 * 86400L) /* certificates and lists that end before are told of */

_Static_assert(
        (int)TP_CONF_TLS_NONE == (int)TLS_CLIENT_NONE && (int)TP_CONF_TLS_REQUIRED == (int)TLS_CLIENT_REQUIRED, "the same values");
_Static_assert((int)TP_CONF_NAME_SUBJECT == (int)TLS_NAME_SUBJECT && (int)TP_CONF_NAME_SAN == (int)TLS_NAME_SAN, "the same values");

_Static_assert(TP_MQTT_USER_MAX == TP_LOGIN_USER_MAX && TP_MQTT_PASSWORD_MAX == TP_LOGIN_PASSWORD_MAX, "the same limits");

/* Shared by all contexts of this process, so that a reload keeps tickets valid. */
static uint8_t credentials_ticket_key[80];

static int credentials_context(const struct tp_conf_tls *conf, struct tls_context **context, char *err, size_t err_len)
{
	const struct tls_spec spec = {
	        .certificate = conf->certificate,
	        .key = conf->key,
	        .client_ca = conf->client_ca,
	        .crl = conf->crl,
	        .ciphers = conf->ciphers,
	        .ciphersuites = conf->ciphersuites,
	        .client = (enum tls_client_certificate)conf->client,
	        .tls12 = conf->tls12,
	        .ticket_key = conf->tickets ? credentials_ticket_key : NULL,
	};
	char soon[1024];
	int rc = tls_context_new(&spec, context, err, err_len);

	if (rc == 0 && tls_context_ending(*context, &spec, CREDENTIALS_SOON_S, soon, sizeof(soon)))
		tp_log_at(TP_LOG_WARNING, "%s", soon);
	return rc;
}

static void credentials_tell(const struct tp_daemon *d, unsigned int i, const char *key, const char *err)
{
	char path[64];

	snprintf(path, sizeof(path), "mqtt[%u].%s", i, key);
	fprintf(stderr, "%s:%u: %s: %s\n", d->conf.path, tp_conf_line(&d->conf, path), path, err);
}

/* ---- certificates ---------------------------------------------------------------------------------------------------------------- */
/* A replaced context is kept until every worker has passed the mark: one may be about to make a session from it. */
static bool credentials_load_tls(struct tp_daemon *d, unsigned int i)
{
	struct tp_conf_mqtt *mqtt = &d->conf.mqtt[i];
	struct tls_context *context;
	char err[2048] = "";

	if (!mqtt->tls)
		return true;
	if (credentials_context(mqtt->tls, &context, err, sizeof(err)) < 0) {
		credentials_tell(d, i, "tls", err);
		return false;
	}
	mqtt->replaced = mqtt->context;
	__atomic_store_n(&mqtt->context, context, __ATOMIC_RELEASE);
	return true;
}

static void credentials_free_replaced(struct tp_daemon *d)
{
	for (unsigned int i = 0; i < d->conf.mqtt_count; i++) {
		tls_context_free(d->conf.mqtt[i].replaced);
		d->conf.mqtt[i].replaced = NULL;
	}
	d->replaced = false;
}

bool tp_daemon_retire(struct tp_daemon *d)
{
	if (!d->replaced)
		return true;
	if (!tp_workers_passed(d->replaced_mark))
		return false;
	credentials_free_replaced(d);
	return true;
}

uint32_t tp_daemon_tls_connections(const struct tp_plan_spec *spec, const struct tp_dataplane_spec *dp)
{
	uint64_t n = 0;

	for (unsigned int i = 0; i < spec->n_mqtt_listeners; i++)
		if (spec->mqtt_listeners[i].tls)
			n += spec->mqtt_listeners[i].tls_connections ? spec->mqtt_listeners[i].tls_connections
			                                             : dp->tcp.connections;
	return n < dp->tcp.connections ? (uint32_t)n : dp->tcp.connections;
}

/* ---- users ----------------------------------------------------------------------------------------------------------------------- */
static bool credentials_load_users(struct tp_daemon *d, unsigned int i)
{
	const char *path = d->conf.mqtt[i].users;
	struct tp_login_users *users;
	char err[4096] = "";

	if (!path)
		return true;
	if (tp_login_users_load(path, &users, err, sizeof(err)) < 0) {
		credentials_tell(d, i, "users", err);
		return false;
	}
	tp_login_set_users(d->login, (uint16_t)i, users);
	tp_login_users_release(users);
	return true;
}

static bool credentials_has_users(const struct tp_daemon *d)
{
	for (unsigned int i = 0; i < d->conf.mqtt_count; i++)
		if (d->conf.mqtt[i].users)
			return true;
	return false;
}

static int credentials_start_login(struct tp_daemon *d)
{
	const struct tp_login_spec spec = {.listeners = (uint16_t)d->conf.mqtt_count,
	        .threads = CREDENTIALS_THREADS,
	        .queue = CREDENTIALS_QUEUE,
	        .cache = CREDENTIALS_CACHE,
	        .cache_s = CREDENTIALS_CACHE_S};

	return credentials_has_users(d) ? tp_login_new(&spec, &d->login) : 0;
}

static bool credentials_load(struct tp_daemon *d)
{
	bool ok = true;

	for (unsigned int i = 0; i < d->conf.mqtt_count; i++) {
		ok = credentials_load_tls(d, i) && ok;
		ok = credentials_load_users(d, i) && ok;
	}
	return ok;
}

int tp_daemon_credentials(struct tp_daemon *d)
{
	if (d->conf.mqtt_count == 0)
		return TP_EXIT_OK;
	if (getrandom(credentials_ticket_key, sizeof(credentials_ticket_key), 0) != sizeof(credentials_ticket_key) ||
	        credentials_start_login(d) < 0) {
		tp_log("cannot start the threads that check passwords");
		return TP_EXIT_FAILED;
	}
	if (credentials_load(d))
		return TP_EXIT_OK;
	tp_daemon_uncredentials(d);
	return TP_EXIT_CONFIGURATION;
}

void tp_daemon_uncredentials(struct tp_daemon *d)
{
	credentials_free_replaced(d);
	for (unsigned int i = 0; i < d->conf.mqtt_count; i++) {
		tls_context_free(d->conf.mqtt[i].context);
		d->conf.mqtt[i].context = NULL;
	}
	tp_login_free(d->login);
	d->login = NULL;
	explicit_bzero(credentials_ticket_key, sizeof(credentials_ticket_key));
}

bool tp_daemon_reload(struct tp_daemon *d)
{
	bool ok;

	tp_notify_reloading();
	tp_log("asked to read certificates and users again");
	ok = credentials_load(d);
	if (ok)
		tp_log("certificates and users are those of the files now");
	else
		tp_log_at(TP_LOG_ERROR, "what has a mistake stays as it was");
	d->replaced_mark = tp_workers_mark();
	d->replaced = true;
	tp_notify_ready(&d->notify);
	return ok;
}

int tp_change_reload(struct tp_daemon *d)
{
	if (!tp_daemon_retire(d))
		return -EAGAIN;
	return tp_daemon_reload(d) ? 0 : -EINVAL;
}

/* ---- logins ---------------------------------------------------------------------------------------------------------------------- */
static void credentials_answer(unsigned int worker, uint32_t ticket, bool ok)
{
	const struct tp_mqtt_verdict verdict = {.ticket = ticket, .ok = ok};

	/* The ring of verdicts is as long as that of logins, which are taken only while there is room: this cannot fail. */
	tp_mqtt_login_answer(worker, &verdict);
}

/* Logins of a worker under way: as many as find room, so that none is called wrong because there were too many. Further ones wait in its ring. */
static unsigned int credentials_share(void)
{
	unsigned int share = CREDENTIALS_QUEUE / tp_workers_count();

	return share < TP_MQTT_LOGINS ? share : TP_MQTT_LOGINS;
}

static bool credentials_submit(struct tp_daemon *d, unsigned int worker)
{
	struct tp_mqtt_login from;
	struct tp_login_request request;
	int rc;

	if (d->logins_under_way[worker] >= credentials_share() || !tp_mqtt_login_take(worker, &from))
		return false;
	request = (struct tp_login_request){.ticket = from.ticket,
	        .worker = (uint16_t)worker,
	        .listener = from.listener,
	        .user = from.user,
	        .user_n = from.user_n,
	        .password = from.password,
	        .password_n = from.password_n};
	rc = tp_login_submit(d->login, &request);
	explicit_bzero(&from, sizeof(from));
	if (rc < 0)
		credentials_answer(worker, request.ticket, false);
	else
		d->logins_under_way[worker]++;
	return true;
}

unsigned int tp_daemon_logins(struct tp_daemon *d)
{
	struct tp_login_result results[CREDENTIALS_A_TURN];
	unsigned int moved = 0;
	uint32_t n;

	if (!d->login)
		return 0;
	for (unsigned int w = 0; w < tp_workers_count(); w++)
		for (unsigned int i = 0; i < CREDENTIALS_A_TURN && credentials_submit(d, w); i++)
			moved++;
	n = tp_login_take(d->login, results, CREDENTIALS_A_TURN);
	for (uint32_t i = 0; i < n; i++) {
		d->logins_under_way[results[i].worker]--;
		credentials_answer(results[i].worker, results[i].ticket, results[i].verdict == TP_LOGIN_ACCEPTED);
	}
	return moved + n;
}
