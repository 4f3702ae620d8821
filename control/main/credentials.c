/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Certificates and users of MQTT listeners: read at start, and again with every configuration that is put in force (setup.h). Open connections go on with what they
 * began with. Logins that workers send up are verified by threads of their own.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon.h"
#include "tls.h"
#include "tp_admin.h"
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

static int credentials_context(
        const struct tp_conf_tls *conf, unsigned int listener, struct tls_context **context, char *err, size_t err_len)
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
	        .tickets = conf->tickets ? tp_tickets_of(listener) : NULL,
	};
	char soon[1024];
	int rc = tls_context_new(&spec, context, err, err_len);

	if (rc == 0 && tls_context_ending(*context, &spec, CREDENTIALS_SOON_S, soon, sizeof(soon)))
		tp_log_at(TP_LOG_WARNING, "%s", soon);
	return rc;
}

static void credentials_tell(const struct tp_conf *conf, unsigned int i, const char *key, const char *err, FILE *out)
{
	char path[64];

	snprintf(path, sizeof(path), "mqtt[%u].%s", conf->mqtt[i].row, key);
	fprintf(out, "%s:%u: %s: %s\n", conf->path, tp_conf_line(conf, path), path, err);
}

static bool credentials_load_tls(struct tp_conf *conf, unsigned int i, FILE *out)
{
	char err[2048] = "";

	if (!conf->mqtt[i].tls || credentials_context(conf->mqtt[i].tls, i, &conf->mqtt[i].context, err, sizeof(err)) == 0)
		return true;
	credentials_tell(conf, i, "tls", err, out);
	return false;
}

static bool credentials_load_users(const struct tp_conf *conf, unsigned int i, struct tp_login_users **users, FILE *out)
{
	char err[4096] = "";

	if (!conf->mqtt[i].users || tp_login_users_load(conf->mqtt[i].users, users, err, sizeof(err)) == 0)
		return true;
	credentials_tell(conf, i, "users", err, out);
	return false;
}

bool tp_credentials_load(struct tp_conf *conf, struct tp_login_users **users, FILE *out)
{
	bool ok = true;

	for (unsigned int i = 0; i < conf->mqtt_count; i++) {
		ok = credentials_load_tls(conf, i, out) && ok;
		ok = credentials_load_users(conf, i, &users[i], out) && ok;
	}
	return ok;
}

void tp_credentials_free(struct tp_conf *conf, struct tp_login_users **users)
{
	for (unsigned int i = 0; i < conf->mqtt_count; i++) {
		tls_context_free(conf->mqtt[i].context);
		conf->mqtt[i].context = NULL;
		tp_login_users_release(users[i]);
		users[i] = NULL;
	}
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
int tp_daemon_need_login(struct tp_daemon *d, struct tp_login_users *const *users)
{
	const struct tp_login_spec spec = {.listeners = TP_MAX_MQTT_LISTENERS,
	        .threads = CREDENTIALS_THREADS,
	        .queue = CREDENTIALS_QUEUE,
	        .cache = CREDENTIALS_CACHE,
	        .cache_s = CREDENTIALS_CACHE_S};
	bool any = false;

	for (unsigned int i = 0; i < TP_MAX_MQTT_LISTENERS; i++)
		any |= users[i] != NULL;
	return any && !d->login ? tp_login_new(&spec, &d->login) : 0;
}

void tp_daemon_use_users(struct tp_daemon *d, struct tp_login_users *const *users)
{
	for (unsigned int i = 0; d->login && i < TP_MAX_MQTT_LISTENERS; i++)
		if (users[i])
			tp_login_set_users(d->login, (uint16_t)i, users[i]);
}

/* ---- start and end --------------------------------------------------------------------------------------------------------------- */
/* Here and not only where HTTP starts: --check sees them, and a mistake in them is one of the configuration, with which the unit is not started again. */
static bool credentials_of_http(const struct tp_daemon *d)
{
	struct tp_http_files *files = NULL;
	char err[1024] = "";
	int rc = d->command_line.replay ? 0 : tp_http_read(&d->conf, &files, err, sizeof(err));

	tp_http_free(files);
	if (rc)
		tp_log_at(TP_LOG_ERROR, "%s", err);
	return rc == 0;
}

static bool credentials_at_start(struct tp_daemon *d)
{
	struct tp_log_unkept mistakes;
	bool loaded;

	tp_log_unkept_open(&mistakes);
	loaded = tp_credentials_load(&d->conf, d->users, mistakes.out);
	tp_log_unkept_close(&mistakes, TP_LOG_ERROR);
	return loaded;
}

int tp_daemon_credentials(struct tp_daemon *d)
{
	if (!credentials_of_http(d))
		return TP_EXIT_CONFIGURATION;
	if (!tp_tickets_start()) {
		tp_log_at(TP_LOG_ERROR, "no random numbers, or no memory, for the keys of session tickets");
		return TP_EXIT_FAILED;
	}
	if (!credentials_at_start(d)) {
		tp_daemon_uncredentials(d);
		return TP_EXIT_CONFIGURATION;
	}
	if (tp_daemon_need_login(d, d->users) < 0) {
		tp_log_at(TP_LOG_ERROR, "cannot start the threads that check passwords");
		tp_daemon_uncredentials(d);
		return TP_EXIT_FAILED;
	}
	tp_daemon_use_users(d, d->users);
	return TP_EXIT_OK;
}

void tp_daemon_uncredentials(struct tp_daemon *d)
{
	tp_credentials_free(&d->conf, d->users);
	tp_login_free(d->login);
	d->login = NULL;
	tp_tickets_stop();
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
