/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_HTTP_PRIVATE_H
#define TP_HTTP_PRIVATE_H
/*
 * HTTP for monitoring and for people, on the admin thread: /metrics, /healthz, /readyz, the status page at / and its data at /api/status. It answers
 * GET and HEAD of HTTP/1.x without a body and nothing else, so a request is its head: one small strict parser reads it. libevent's own evhttp bounds
 * neither clients nor the time for a whole request, so what is used of libevent here is its sockets and TLS.
 *
 *   server.c   the service: listens, takes renewed files              parse.c    octets become a request; pure
 *   client.c   one connection: its times and its room                 access.c   who may: token, and Host where there is none
 *   route.c    path to handler, heads of answers                      metrics.c, health.c, status.c, page.c   the handlers
 *   tls.c      certificate and key
 *   lookback.c what handlers look back on: alerts of the last minute, devices that are silent or whose clock is off
 *
 * Everything here belongs to the admin thread, but for start and stop of the service.
 */
#include <event2/buffer.h>
#include <event2/event.h>
#include <jansson.h>
#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tp_plan.h"

struct tp_conf_http;
struct tp_view;
struct bufferevent;

/* What one client may take. */
#define HTTP_HEAD_MAX   8192 /* octets of a request */
#define HTTP_TARGET_MAX 1024 /* octets of its target */
#define HTTP_FIELDS_MAX 64   /* header fields of it */
#define HTTP_REQUEST_S  10   /* from the first octet of a request to its last, or for the TLS handshake and the first request */
#define HTTP_ANSWER_S   20   /* to read an answer */
#define HTTP_IDLE_S     60   /* between two requests */
#define HTTP_LEAVE_S    2    /* for a client to close, behind the last answer */
#define HTTP_A_CLIENT   1000 /* requests on one connection */

/* X(name, help) */
#define HTTP_COUNTERS(X)                                                                                                           \
	X(clients, "HTTP clients accepted")                                                                                        \
	X(too_many_clients, "HTTP clients closed to make room for new ones, or turned away, because http.clients were there")      \
	X(requests, "HTTP requests answered")                                                                                      \
	X(malformed, "HTTP requests that are none, or too long")                                                                   \
	X(not_permitted, "HTTP requests without the token, or under a host name that is not this machine's")                       \
	X(not_found, "HTTP requests for a path that is not there")                                                                 \
	X(too_slow, "HTTP clients closed because they took too long to ask or to read")                                            \
	X(tls_failed, "HTTP clients whose TLS failed")
#define HTTP_COUNTER_ENUM(name, help) HTTP_##name,
enum http_counter { HTTP_COUNTERS(HTTP_COUNTER_ENUM) HTTP_COUNTER_COUNT };
extern uint64_t http_counters[HTTP_COUNTER_COUNT];

/* ---- parse.c ------------------------------------------------------------------------------------------------------------------- */
struct http_text {
	const char *at; /* not terminated; NULL: not there */
	size_t n;
};

struct http_request {
	bool head;       /* HEAD */
	bool keep_alive; /* the client would ask again */
	struct http_text path, host, authorization;
};

/*
 * Reads one request from n octets. Returns how many it took (its texts point there), 0 where it is not complete, or a negative HTTP status: -400 it is no request,
 * -405 its method, -413 it has a body, -414 its target is too long, -431 its head is, -505 its version. Pure.
 */
int http_parse(const char *data, size_t n, struct http_request *request);

/* ---- access.c ------------------------------------------------------------------------------------------------------------------ */
#define HTTP_TOKEN_MIN 16
#define HTTP_TOKEN_MAX 512
struct http_token {
	char text[HTTP_TOKEN_MAX + 2];
	size_t n; /* 0: none */
};
/* Reads it. 0, or -errno with a sentence in err. conf->token_file may be NULL: everybody who reaches the socket may. Any thread. */
int http_token_read(const struct tp_conf_http *conf, struct http_token *token, char *err, size_t err_len);
/* From now on this one, of which a copy is made; NULL: it is forgotten. */
void http_access_use(const struct http_token *token);
/* 0 or a negative HTTP status: -401, -421. */
int http_access(const struct http_request *request);

/* ---- tls.c --------------------------------------------------------------------------------------------------------------------- */
/* *tls: a server's context, or NULL where the configuration names no certificate. 0, or -errno with a sentence in err and *tls NULL. */
int http_tls_new(const struct tp_conf_http *conf, SSL_CTX **tls, char *err, size_t err_len);

/* ---- route.c -------------------------------------------------------------------------------------------------------------------- */
struct http_reply {
	int status;
	const char *type;   /* NULL: text/plain */
	const char *policy; /* Content-Security-Policy; NULL: nothing may be loaded */
	struct evbuffer *body;
};

/* Writes head and body of the answer to `to`. status: of http_parse() or http_access(), 0 where both were fine. close: what the head says of the connection. */
void http_answer(int status, const struct http_request *request, bool close, struct evbuffer *to);

/* ---- handlers ------------------------------------------------------------------------------------------------------------------- */
void http_metrics(struct http_reply *reply);
void http_health(struct http_reply *reply);
void http_ready(struct http_reply *reply);
void http_status(struct http_reply *reply);
void http_page(struct http_reply *reply);

/* Whether turnpiked should be sent traffic: it receives, control turns, every worker walks, the sink is reachable. *why: a sentence where it should not. */
bool http_is_ready(const char **why);

/* ---- lookback.c ----------------------------------------------------------------------------------------------------------------- */
int http_lookback_start(struct event_base *base);
void http_lookback_stop(void);
/* What the timer does once a second, and forgetting all of it. */
void http_lookback_second(void);
void http_lookback_reset(void);
/* Alerts of the last 60 s that are not covert, or of less where it runs since then; *seconds says of how many. */
uint64_t http_lookback_alerts(unsigned int *seconds);
/* Devices that are silent or whose clock is off: how many, and the worst of them by name. Under the view. */
json_t *http_lookback_devices(const struct tp_view *view);
void http_lookback_counts(unsigned int *heard, unsigned int *silent, unsigned int *skewed);

/* ---- server.c ------------------------------------------------------------------------------------------------------------------- */
/* Takes what control has read anew, where there is something. In front of whatever needs token or certificate. */
void http_server_renew(void);
/* When the certificate that new connections get ends, as tls_not_after(). False where there is no TLS. */
bool http_server_not_after(int64_t *end);

/* ---- client.c ------------------------------------------------------------------------------------------------------------------- */
/* Takes bev over. 0 or -ENOMEM, then bev is freed. */
int http_client_new(struct event_base *base, struct bufferevent *bev);
void http_clients_close(void);
unsigned int http_clients(void);
/* Closes the client that has been waited for longest, so that nobody keeps others out by saying nothing. False: all of them are being answered. */
bool http_client_make_room(void);

#endif
