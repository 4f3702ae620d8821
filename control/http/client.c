/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One connection. It reads a request, then nothing until the answer has left: so it holds at most one request and one answer. Each of these has a time, however busily a
 * client sends or reads octet by octet. A connection is closed for sending first, and what still comes is thrown away for a while: a close with octets unread would take the
 * answer with it.
 */
#include <errno.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include "http.h"

enum client_state { CLIENT_IDLE, CLIENT_ASKS, CLIENT_READS, CLIENT_LEAVES };

struct http_client {
	struct bufferevent *bev;
	struct event *timer;
	enum client_state state;
	unsigned int requests;
	bool close; /* behind this answer */
	TAILQ_ENTRY(http_client) link;
};

/* Who waits longest stands last. */
static TAILQ_HEAD(client_list, http_client) client_list = TAILQ_HEAD_INITIALIZER(client_list);
static unsigned int client_count;

unsigned int http_clients(void)
{
	return client_count;
}

static void client_free(struct http_client *c)
{
	TAILQ_REMOVE(&client_list, c, link);
	client_count--;
	event_free(c->timer);
	bufferevent_free(c->bev);
	free(c);
}

static void client_goes(struct http_client *c, enum client_state state, int seconds)
{
	struct timeval time = {.tv_sec = seconds};

	c->state = state;
	TAILQ_REMOVE(&client_list, c, link);
	TAILQ_INSERT_HEAD(&client_list, c, link);
	evtimer_add(c->timer, &time);
}

static void client_on_time(evutil_socket_t fd, short what, void *ctx)
{
	struct http_client *c = ctx;

	(void)fd;
	(void)what;
	if (c->state == CLIENT_ASKS || c->state == CLIENT_READS)
		http_counters[HTTP_too_slow]++;
	client_free(c);
}

static void client_answer(struct http_client *c, int status, const struct http_request *request)
{
	bufferevent_disable(c->bev, EV_READ);
	c->requests++;
	c->close = status < 0 || !request->keep_alive || c->requests >= HTTP_A_CLIENT;
	client_goes(c, CLIENT_READS, HTTP_ANSWER_S);
	http_answer(status, request, c->close, bufferevent_get_output(c->bev));
}

static void client_on_read(struct bufferevent *bev, void *ctx)
{
	struct evbuffer *input = bufferevent_get_input(bev);
	struct http_client *c = ctx;
	size_t n = evbuffer_get_length(input);
	struct http_request request;
	const char *data;
	int took;

	if (c->state == CLIENT_LEAVES)
		evbuffer_drain(input, n);
	if (n == 0 || c->state == CLIENT_READS || c->state == CLIENT_LEAVES)
		return;
	if (n > HTTP_HEAD_MAX)
		n = HTTP_HEAD_MAX;
	data = (const char *)evbuffer_pullup(input, (ev_ssize_t)n);
	took = data ? http_parse(data, n, &request) : -400;
	if (took == 0 && c->state == CLIENT_IDLE)
		client_goes(c, CLIENT_ASKS, HTTP_REQUEST_S);
	if (took == 0)
		return;
	http_server_renew();
	client_answer(c, took < 0 ? took : http_access(&request), &request);
	evbuffer_drain(input, took < 0 ? evbuffer_get_length(input) : (size_t)took);
}

/* Of TLS too (RFC 8446, 6.1): else the client must take it that the end was cut off. */
static void client_says_no_more(struct http_client *c)
{
	SSL *ssl = bufferevent_openssl_get_ssl(c->bev);

	if (ssl)
		SSL_shutdown(ssl);
	ERR_clear_error();
	shutdown(bufferevent_getfd(c->bev), SHUT_WR);
}

/* The answer has left. */
static void client_on_write(struct bufferevent *bev, void *ctx)
{
	struct http_client *c = ctx;

	if (c->state != CLIENT_READS || evbuffer_get_length(bufferevent_get_output(bev)) > 0)
		return;
	client_goes(c, c->close ? CLIENT_LEAVES : CLIENT_IDLE, c->close ? HTTP_LEAVE_S : HTTP_IDLE_S);
	bufferevent_enable(bev, EV_READ);
	if (c->close)
		client_says_no_more(c);
	client_on_read(bev, ctx); /* what came meanwhile */
}

/* libevent keeps an "error" of each end of TLS, an orderly one too; those of the protocol come from OpenSSL's own library. */
static bool client_failed_tls(struct bufferevent *bev)
{
	unsigned long error;
	bool failed = false;

	while ((error = bufferevent_get_openssl_error(bev)) != 0)
		failed = failed || ERR_GET_LIB(error) == ERR_LIB_SSL;
	return failed;
}

static void client_on_event(struct bufferevent *bev, short what, void *ctx)
{
	if (what & BEV_EVENT_CONNECTED)
		return;
	if (client_failed_tls(bev))
		http_counters[HTTP_tls_failed]++;
	client_free(ctx);
}

int http_client_new(struct event_base *base, struct bufferevent *bev)
{
	struct http_client *c = calloc(1, sizeof(*c));

	if (c)
		c->timer = evtimer_new(base, client_on_time, c);
	if (!c || !c->timer) {
		free(c);
		bufferevent_free(bev);
		return -ENOMEM;
	}
	c->bev = bev;
	TAILQ_INSERT_HEAD(&client_list, c, link);
	client_count++;
	http_counters[HTTP_clients]++;
	bufferevent_setcb(bev, client_on_read, client_on_write, client_on_event, c);
	bufferevent_setwatermark(bev, EV_READ, 0, HTTP_HEAD_MAX);
	client_goes(c, CLIENT_ASKS, HTTP_REQUEST_S);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
	return 0;
}

bool http_client_make_room(void)
{
	struct http_client *c;

	TAILQ_FOREACH_REVERSE(c, &client_list, client_list, link)
	{
		if (c->state == CLIENT_READS)
			continue;
		client_free(c);
		return true;
	}
	return false;
}

void http_clients_close(void)
{
	while (!TAILQ_EMPTY(&client_list))
		client_free(TAILQ_FIRST(&client_list));
}
