/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who may ask. With a token: whoever shows it, as "Bearer TOKEN" or as the password of "Basic", which is what a browser asks its user for. Without one the socket is
 * on the loopback interface, and Host must be an address or localhost: else any page in a browser on this machine could be made to read ours by pointing its own name
 * at 127.0.0.1.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "http.h"
#include "tp_conf.h"

static struct http_token access_token;

static int access_fail(const struct tp_conf_http *conf, int error, const char *what, char *err, size_t err_len)
{
	snprintf(err, err_len, "http.token_file: '%s': %s", conf->token_file, what);
	return -error;
}

/* The first line of the file. */
int http_token_read(const struct tp_conf_http *conf, struct http_token *token, char *err, size_t err_len)
{
	FILE *file;
	size_t n;

	memset(token, 0, sizeof(*token));
	if (!conf->token_file)
		return 0;
	file = fopen(conf->token_file, "re");
	if (!file)
		return access_fail(conf, errno, strerror(errno), err, err_len);
	n = fread(token->text, 1, sizeof(token->text) - 1, file);
	fclose(file);
	token->text[n] = '\0';
	n = strcspn(token->text, "\r\n");
	if (n < HTTP_TOKEN_MIN || n > HTTP_TOKEN_MAX)
		return access_fail(conf, EINVAL, "expected one line of 16 to 512 octets: openssl rand -hex 32", err, err_len);
	token->n = n;
	return 0;
}

void http_access_use(const struct http_token *token)
{
	OPENSSL_cleanse(&access_token, sizeof(access_token));
	if (token)
		access_token = *token;
}

static bool access_is_token(const char *text, size_t n)
{
	return n == access_token.n && CRYPTO_memcmp(text, access_token.text, n) == 0;
}

/* user:password in base64; any user. */
static bool access_basic(const char *text, size_t n)
{
	unsigned char plain[(HTTP_TOKEN_MAX + 256) * 3 / 4 + 4];
	const char *colon;
	bool ok = false;
	int got;

	if (n == 0 || n % 4 || n / 4 * 3 > sizeof(plain))
		return false;
	got = EVP_DecodeBlock(plain, (const unsigned char *)text, (int)n);
	if (got > 0) {
		got -= (text[n - 1] == '=') + (text[n - 2] == '=');
		colon = memchr(plain, ':', (size_t)got);
		ok = colon && access_is_token(colon + 1, (size_t)got - (size_t)(colon + 1 - (const char *)plain));
	}
	OPENSSL_cleanse(plain, sizeof(plain));
	return ok;
}

static bool access_shows_token(const struct http_text *a)
{
	if (a->n > 7 && strncasecmp(a->at, "Bearer ", 7) == 0)
		return access_is_token(a->at + 7, a->n - 7);
	return a->n > 6 && strncasecmp(a->at, "Basic ", 6) == 0 && access_basic(a->at + 6, a->n - 6);
}

/* An address or localhost, with or without a port. */
static bool access_is_here(const struct http_text *host)
{
	bool six = host->n > 0 && host->at[0] == '[';
	const char *end = memchr(host->at, six ? ']' : ':', host->n);
	unsigned char address[16];
	char text[64];
	size_t n = end ? (size_t)(end - host->at) : host->n;

	if (n >= sizeof(text) || (six && !end))
		return false;
	snprintf(text, sizeof(text), "%.*s", (int)(n - six), host->at + six);
	return (!six && strcasecmp(text, "localhost") == 0) || inet_pton(six ? AF_INET6 : AF_INET, text, address) == 1;
}

int http_access(const struct http_request *request)
{
	if (access_token.n)
		return access_shows_token(&request->authorization) ? 0 : -401;
	return !request->host.at || access_is_here(&request->host) ? 0 : -421;
}
