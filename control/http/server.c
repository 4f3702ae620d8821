/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * HTTP as a service of the admin thread. Where nobody asked for it (http.listen is unset) and its port is taken, turnpiked runs without and says so: several on one
 * machine need no configuration for it.
 *
 * Token and certificate are read again with every configuration. Control leaves what it has read in one place; admin takes it from there before it looks at the next
 * connection or request, so neither waits for the other. A connection keeps the certificate that it began with.
 */
#include <errno.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/listener.h>
#include <openssl/crypto.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "certificate.h"
#include "http.h"
#include "tp_admin.h"
#include "tp_conf.h"
#include "tp_log.h"
#include "tp_view.h"

#define SERVER_BACKLOG 64

uint64_t http_counters[HTTP_COUNTER_COUNT];

static struct evconnlistener *server_listener;
static SSL_CTX *server_tls; /* NULL: plain */
static unsigned int server_max;

struct tp_http_files {
	struct http_token token;
	SSL_CTX *tls;
};
static struct tp_http_files *server_next; /* NULL: nothing new; atomic */

/* ---- files ------------------------------------------------------------------------------------------------------------------------- */
int tp_http_read(const struct tp_conf *conf, struct tp_http_files **files, char *err, size_t err_len)
{
	struct tp_http_files *read;
	int ret;

	*files = NULL;
	if (conf->http.listen == NULL)
		return 0;
	read = calloc(1, sizeof(*read));
	if (!read) {
		snprintf(err, err_len, "no memory for the files of http");
		return -ENOMEM;
	}
	ret = http_token_read(&conf->http, &read->token, err, err_len);
	if (ret == 0)
		ret = http_tls_new(&conf->http, &read->tls, err, err_len);
	if (ret == 0)
		*files = read;
	else
		tp_http_free(read);
	return ret;
}

void tp_http_free(struct tp_http_files *files)
{
	if (!files)
		return;
	SSL_CTX_free(files->tls);
	OPENSSL_cleanse(files, sizeof(*files));
	free(files);
}

/* Where the service does not run, nobody would take them. */
void tp_http_use(struct tp_http_files *files)
{
	if (files && server_listener)
		files = __atomic_exchange_n(&server_next, files, __ATOMIC_ACQ_REL);
	tp_http_free(files);
}

static void server_take(struct tp_http_files *files)
{
	http_access_use(&files->token);
	SSL_CTX_free(server_tls);
	server_tls = files->tls;
	files->tls = NULL;
	tp_http_free(files);
}

void http_server_renew(void)
{
	struct tp_http_files *next;

	if (!__atomic_load_n(&server_next, __ATOMIC_RELAXED))
		return;
	next = __atomic_exchange_n(&server_next, NULL, __ATOMIC_ACQ_REL);
	if (next)
		server_take(next);
}

bool http_server_not_after(int64_t *end)
{
	if (server_tls)
		*end = tls_not_after(server_tls);
	return server_tls != NULL;
}

/* ---- clients ----------------------------------------------------------------------------------------------------------------------- */
static struct bufferevent *server_connection(struct event_base *base, int fd)
{
	SSL *ssl = server_tls ? SSL_new(server_tls) : NULL;

	if (!server_tls)
		return bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
	return ssl ? bufferevent_openssl_socket_new(base, fd, ssl, BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE) : NULL;
}

static void server_on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address, int len, void *ctx)
{
	struct event_base *base = evconnlistener_get_base(listener);
	struct bufferevent *bev = NULL;

	(void)address;
	(void)len;
	(void)ctx;
	http_server_renew();
	if (http_clients() >= server_max)
		http_counters[HTTP_too_many_clients]++;
	if (http_clients() < server_max || http_client_make_room())
		bev = server_connection(base, fd);
	if (!bev)
		close(fd);
	else
		http_client_new(base, bev);
}

/* ---- the service ------------------------------------------------------------------------------------------------------------------- */
static int server_listen(struct event_base *base, const struct tp_conf_http *conf, char *err, size_t err_len)
{
	server_listener = evconnlistener_new_bind(base, server_on_accept, NULL,
	        LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE, SERVER_BACKLOG,
	        (const struct sockaddr *)&conf->address, (int)conf->address_n);
	if (server_listener)
		return 0;
	if (conf->is_default) {
		tp_log_at(TP_LOG_WARNING, "http.listen: cannot listen on %s: %s; there is no HTTP", conf->listen, strerror(errno));
		return 0;
	}
	snprintf(err, err_len, "http.listen: cannot listen on %s: %s", conf->listen, strerror(errno));
	return -errno;
}

static void server_stop(void)
{
	http_clients_close();
	if (server_listener)
		evconnlistener_free(server_listener);
	server_listener = NULL;
	SSL_CTX_free(server_tls);
	server_tls = NULL;
	http_lookback_stop();
	http_access_use(NULL);
	tp_http_free(__atomic_exchange_n(&server_next, NULL, __ATOMIC_ACQ_REL));
}

static int server_start(struct event_base *base, const struct tp_conf *all, char *err, size_t err_len)
{
	const struct tp_conf_http *conf = &all->http;
	struct tp_http_files *files;
	int ret = tp_http_read(all, &files, err, err_len);

	if (!files) /* none is wanted, or there is a mistake */
		return ret;
	server_max = conf->clients;
	server_take(files);
	ret = server_listen(base, conf, err, err_len);
	if (ret == 0 && server_listener) {
		ret = http_lookback_start(base);
		snprintf(err, err_len, "no memory for the status page");
	}
	return ret;
}

const struct tp_service tp_http = {.name = "http", .start = server_start, .stop = server_stop};
