/* SPDX-License-Identifier: BSD-3-Clause */
/* HTTP: where it listens, and that nobody reaches it from elsewhere without TLS and a token. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"

#define HTTP_DEFAULT "127.0.0.1:9464"

/* 1 to 65535 without sign or leading zeros; 0 where it is something else. */
static uint16_t http_port(const char *text)
{
	size_t n = strlen(text);
	long port = n > 0 && n < 6 && text[0] != '0' && strspn(text, "0123456789") == n ? strtol(text, NULL, 10) : 0;

	return port <= 65535 ? (uint16_t)port : 0;
}

/* "192.0.2.1:9464" or "[2001:db8::1]:9464". */
static bool http_address(const char *text, struct tp_conf_http *http)
{
	struct sockaddr_in *in = (struct sockaddr_in *)&http->address;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&http->address;
	const char *colon = strrchr(text, ':');
	bool six = text[0] == '[';
	char host[64];
	uint16_t port = colon ? http_port(colon + 1) : 0;
	size_t n = colon ? (size_t)(colon - text) : 0;

	if (port == 0 || n >= sizeof(host) || (six && (n < 3 || text[n - 1] != ']')))
		return false;
	snprintf(host, sizeof(host), "%.*s", (int)(six ? n - 2 : n), text + six);
	http->address_n = six ? sizeof(*in6) : sizeof(*in);
	http->address.ss_family = six ? AF_INET6 : AF_INET;
	if (six)
		in6->sin6_port = htons(port);
	else
		in->sin_port = htons(port);
	return inet_pton(six ? AF_INET6 : AF_INET, host, six ? (void *)&in6->sin6_addr : (void *)&in->sin_addr) == 1;
}

static bool http_is_loopback(const struct tp_conf_http *http)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)&http->address;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&http->address;

	return http->address.ss_family == AF_INET ? ntohl(in->sin_addr.s_addr) >> 24 == 127 : IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
}

static int http_paths(struct conf_build *b, struct tp_conf_http *http)
{
	const struct conf_http *raw = &b->raw->http;

	http->certificate = raw->certificate ? conf_file_path(b->owned, raw->certificate) : NULL;
	http->key = raw->key ? conf_file_path(b->owned, raw->key) : NULL;
	http->token_file = raw->token_file ? conf_file_path(b->owned, raw->token_file) : NULL;
	return (raw->certificate && !http->certificate) || (raw->key && !http->key) || (raw->token_file && !http->token_file)
	               ? -ENOMEM
	               : 0;
}

static void http_together(struct conf_build *b, const struct tp_conf_http *http)
{
	if (http->certificate && !http->key)
		conf_mistake_at(b->doc, "http.certificate", "found a certificate, expected its key too");
	if (http->key && !http->certificate)
		conf_mistake_at(b->doc, "http.key", "found a key, expected its certificate too");
	if (!http_is_loopback(http) && (!http->certificate || !http->token_file))
		conf_mistake_at(b->doc, "http.listen",
		        "found '%s', which other machines can reach, expected certificate, key and token_file with it, or an "
		        "address of the loopback "
		        "network (127.0.0.1, [::1])",
		        http->listen);
}

/* Others would be let in by the token, or be us by the key. */
static void http_secrets(struct conf_build *b, const struct tp_conf_http *http)
{
	if (http->key)
		conf_secret(b, "http.key", http->key);
	if (http->token_file)
		conf_secret(b, "http.token_file", http->token_file);
}

int conf_build_http(struct conf_build *b)
{
	const struct conf_http *raw = &b->raw->http;
	struct tp_conf_http *http = &b->conf->http;

	http->clients = raw->clients;
	http->hits = raw->hits;
	http->is_default = !raw->listen;
	if (raw->listen && strcmp(raw->listen, "none") == 0)
		return 0;
	http->listen = raw->listen ? raw->listen : HTTP_DEFAULT;
	if (http_paths(b, http))
		return -ENOMEM;
	http_secrets(b, http);
	if (!http_address(http->listen, http))
		conf_mistake_at(b->doc, "http.listen",
		        "found '%s', expected an address and a port such as 127.0.0.1:9464 or [::1]:9464, or none", http->listen);
	else
		http_together(b, http);
	return 0;
}
