/* SPDX-License-Identifier: BSD-3-Clause */
/* From a path to its handler, and the head that every answer has. Nothing may be kept, framed, or read as another type than it says. */
#include <string.h>

#include "http.h"

static const struct {
	const char *path;
	void (*handler)(struct http_reply *reply);
} routes[] = {
        {"/", http_page},
        {"/api/status", http_status},
        {"/healthz", http_health},
        {"/metrics", http_metrics},
        {"/readyz", http_ready},
};

static const struct {
	int status;
	const char *phrase, *say; /* say: NULL: the handler does */
} route_phrases[] = {
        {200, "OK", NULL},
        {400, "Bad Request", "this is no request of HTTP/1.1\n"},
        {401, "Unauthorized", "expected the token of http.token_file, as Bearer or as the password of Basic\n"},
        {404, "Not Found", "there are /, /api/status, /healthz, /metrics and /readyz\n"},
        {405, "Method Not Allowed", "expected GET or HEAD\n"},
        {413, "Content Too Large", "expected no content\n"},
        {414, "URI Too Long", "expected a target of at most 1024 octets\n"},
        {421, "Misdirected Request", "expected an address or localhost as the host, since there is no token\n"},
        {431, "Request Header Fields Too Large", "expected at most 8192 octets and 64 fields\n"},
        {503, "Service Unavailable", NULL},
        {505, "HTTP Version Not Supported", "expected HTTP/1.1 or HTTP/1.0\n"},
};
#define ROUTE_PHRASES (sizeof(route_phrases) / sizeof(route_phrases[0]))

static void route_take(const struct http_request *request, struct http_reply *reply)
{
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
		if (strlen(routes[i].path) == request->path.n && memcmp(routes[i].path, request->path.at, request->path.n) == 0) {
			reply->status = 200;
			routes[i].handler(reply);
			return;
		}
	reply->status = 404;
	http_counters[HTTP_not_found]++;
}

static unsigned int route_phrase(int status)
{
	for (unsigned int i = 0; i < ROUTE_PHRASES; i++)
		if (route_phrases[i].status == status)
			return i;
	return 1;
}

static void route_count(int status)
{
	http_counters[HTTP_requests]++;
	if (status == -401 || status == -421)
		http_counters[HTTP_not_permitted]++;
	else if (status < 0)
		http_counters[HTTP_malformed]++;
}

void http_answer(int status, const struct http_request *request, bool close, struct evbuffer *to)
{
	struct http_reply reply = {.status = -status, .body = evbuffer_new()};
	unsigned int phrase;

	if (!reply.body)
		return;
	route_count(status);
	if (status == 0)
		route_take(request, &reply);
	phrase = route_phrase(reply.status);
	if (route_phrases[phrase].say)
		evbuffer_add_printf(reply.body, "%s", route_phrases[phrase].say);
	evbuffer_add_printf(to,
	        "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\nConnection: %s\r\n%s%s"
	        "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nX-Frame-Options: DENY\r\nReferrer-Policy: "
	        "no-referrer\r\n"
	        "Cross-Origin-Resource-Policy: same-origin\r\nContent-Security-Policy: %s\r\n\r\n",
	        reply.status, route_phrases[phrase].phrase, reply.type ? reply.type : "text/plain; charset=utf-8",
	        evbuffer_get_length(reply.body), close ? "close" : "keep-alive",
	        reply.status == 401 ? "WWW-Authenticate: Basic realm=\"turnpike\", charset=\"UTF-8\"\r\n" : "",
	        reply.status == 405 ? "Allow: GET, HEAD\r\n" : "",
	        reply.policy ? reply.policy : "default-src 'none'; frame-ancestors 'none'");
	if (!request->head)
		evbuffer_add_buffer(to, reply.body);
	evbuffer_free(reply.body);
}
