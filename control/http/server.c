/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * HTTP as a service of the admin thread. Where nobody asked for it (http.listen is unset) and its port is taken, turnpiked runs without and says so: several on one
 * machine need no configuration for it.
 */
#include <errno.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/listener.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

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
	http_access_close();
}

static int server_start(struct event_base *base, const struct tp_conf *all, char *err, size_t err_len)
{
	const struct tp_conf_http *conf = &all->http;
	int ret;

	if (conf->listen == NULL)
		return 0;
	server_max = conf->clients;
	ret = http_access_open(conf, err, err_len);
	if (ret == 0)
		ret = http_tls_new(conf, &server_tls, err, err_len);
	if (ret == 0)
		ret = server_listen(base, conf, err, err_len);
	if (ret == 0 && server_listener) {
		ret = http_lookback_start(base);
		snprintf(err, err_len, "no memory for the status page");
	}
	return ret;
}

int tp_http_check(const struct tp_conf *conf, char *err, size_t err_len)
{
	SSL_CTX *tls = NULL;
	int ret;

	if (conf->http.listen == NULL)
		return 0;
	ret = http_access_open(&conf->http, err, err_len);
	http_access_close();
	if (ret == 0)
		ret = http_tls_new(&conf->http, &tls, err, err_len);
	SSL_CTX_free(tls);
	return ret;
}

const struct tp_service tp_http = {.name = "http", .start = server_start, .stop = server_stop};
