/* SPDX-License-Identifier: BSD-3-Clause */
/* What is a request of HTTP, what is not, and who may ask. Requests end at a PROT_NONE page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "guard.h"
#include "http.h"
#include "tp_conf.h"

#define GET  "GET /metrics HTTP/1.1\r\n"
#define HOST "Host: localhost\r\n"

/* At the end of readable memory. */
static int parse(const char *text, size_t n, struct http_request *r)
{
	static struct guard memory;

	if (!memory.map)
		memory = guard_new(4 * HTTP_HEAD_MAX);
	return http_parse((const char *)guard_put(&memory, text, n), n, r);
}

static int verdict(const char *text)
{
	struct http_request r;

	return parse(text, strlen(text), &r);
}

static bool is(struct http_text text, const char *word)
{
	return text.n == strlen(word) && memcmp(text.at, word, text.n) == 0;
}

static void a_request(void **state)
{
	const char *text =
	        "GET /metrics?a=b HTTP/1.1\r\nAccept: */*\r\nhOST:\t localhost:9464 \r\nAuthorization: Bearer x y\r\n\r\n";
	struct http_request r;

	(void)state;
	assert_int_equal(parse(text, strlen(text), &r), strlen(text));
	assert_true(is(r.path, "/metrics") && is(r.host, "localhost:9464") && is(r.authorization, "Bearer x y"));
	assert_true(r.keep_alive && !r.head);
}

static void every_beginning_is_incomplete(void **state)
{
	const char *text = GET HOST "Connection: close\r\n\r\nGET ";
	size_t whole = strlen(text) - 4;
	struct http_request r;

	(void)state;
	for (size_t n = 0; n < whole; n++)
		assert_int_equal(parse(text, n, &r), 0);
	assert_int_equal(parse(text, whole + 4, &r), whole);
	assert_false(r.keep_alive);
}

static void versions_and_methods(void **state)
{
	struct http_request r;
	const char *old = "HEAD / HTTP/1.0\r\n\r\n";

	(void)state;
	assert_int_equal(parse(old, strlen(old), &r), strlen(old));
	assert_true(r.head && !r.keep_alive);
	assert_int_equal(verdict("POST / HTTP/1.1\r\n" HOST "\r\n"), -405);
	assert_int_equal(verdict("get / HTTP/1.1\r\n" HOST "\r\n"), -405);
	assert_int_equal(verdict("GET / HTTP/2.0\r\n"), -505);
	assert_int_equal(verdict("GET / HTTP/1.2\r\n"), -505);
}

static void no_requests(void **state)
{
	static const char *const wrong[] = {"\r\n", "GET\r\n", "GET /\r\n", "GET  / HTTP/1.1\r\n", "GET / HTTP/1.1 \r\n",
	        "GET http://x/ HTTP/1.1\r\n", "GET * HTTP/1.1\r\n", "GET /\t HTTP/1.1\r\n", "GET /\x80 HTTP/1.1\r\n",
	        "GET / HTTP/1.1\n", "GET / HTTP/1.1\r\r\n", GET "\n", GET HOST " folded\r\n", GET HOST "no colon\r\n",
	        GET HOST "Space : x\r\n", GET HOST ": x\r\n", GET HOST HOST, GET "\r\n", GET HOST "A: \x01\r\n",
	        GET HOST "A: \x7f\r\n", GET "Host: a\rb\r\n", GET HOST "Authorization: a\r\nAuthorization: b\r\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (verdict(wrong[i]) != -400)
			fail_msg("%zu: '%s' gives %d", i, wrong[i], verdict(wrong[i]));
}

static void zeros(void **state)
{
	static const char name[] = GET HOST "A\0: x\r\n", value[] = GET HOST "A: \0\r\n";
	static const char hello[] = "\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\n";
	struct http_request r;

	(void)state;
	assert_int_equal(parse(hello, sizeof(hello) - 1, &r), -400);
	assert_int_equal(parse(name, sizeof(name) - 1, &r), -400);
	assert_int_equal(parse(value, sizeof(value) - 1, &r), -400);
}

static void bodies(void **state)
{
	(void)state;
	assert_int_equal(verdict(GET HOST "Content-Length: 1\r\n"), -413);
	assert_int_equal(verdict(GET HOST "Content-Length: 00\r\n"), -413);
	assert_int_equal(verdict(GET HOST "Transfer-Encoding: chunked\r\n"), -413);
	assert_true(verdict(GET HOST "Content-Length: 0\r\n\r\n") > 0);
}

/* A request whose target or whose only field is that long. */
static int of_length(const char *before, size_t n, const char *behind)
{
	char *text = malloc(n + 200);
	struct http_request r;
	int ret;

	assert_non_null(text);
	strcpy(text, before);
	memset(text + strlen(before), 'a', n);
	strcpy(text + strlen(before) + n, behind);
	ret = parse(text, strlen(text), &r);
	free(text);
	return ret;
}

static void lengths(void **state)
{
	char fields[HTTP_FIELDS_MAX * 8 + 100] = GET HOST;

	(void)state;
	assert_true(of_length("GET /", HTTP_TARGET_MAX - 1, " HTTP/1.1\r\n" HOST "\r\n") > 0);
	assert_int_equal(of_length("GET /", HTTP_TARGET_MAX, " HTTP/1.1\r\n" HOST "\r\n"), -414);
	assert_int_equal(of_length("GET /", HTTP_HEAD_MAX, ""), -414);
	assert_int_equal(of_length(GET HOST "A: ", HTTP_HEAD_MAX, ""), -431);
	for (int i = 1; i < HTTP_FIELDS_MAX; i++)
		strcat(fields, "A: b\r\n");
	strcat(fields, "\r\n");
	assert_true(verdict(fields) > 0);
	strcpy(fields + strlen(fields) - 2, "A: b\r\n\r\n");
	assert_int_equal(verdict(fields), -431);
}

/* ---- access ---------------------------------------------------------------------------------------------------------------------- */
static int access_with(const char *host, const char *authorization)
{
	struct http_request r = {.host = {host, host ? strlen(host) : 0},
	        .authorization = {authorization, authorization ? strlen(authorization) : 0}};

	return http_access(&r);
}

static int use(const struct tp_conf_http *conf, char *err, size_t err_len)
{
	struct http_token token;
	int ret = http_token_read(conf, &token, err, err_len);

	if (ret == 0)
		http_access_use(&token);
	return ret;
}

static void hosts(void **state)
{
	static const char *const good[] = {
	        "127.0.0.1", "127.0.0.1:9464", "localhost", "LocalHost:1", "[::1]:9464", "[::1]", "192.0.2.1"};
	static const char *const bad[] = {
	        "evil.example", "evil.example:9464", "127.0.0.1.evil.example", "", "[::1", "[", "localhost.evil", ":", "a:b:c"};
	struct tp_conf_http conf = {.listen = "127.0.0.1:9464"};
	char err[200];

	(void)state;
	assert_int_equal(use(&conf, err, sizeof(err)), 0);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_int_equal(access_with(good[i], NULL), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(access_with(bad[i], NULL), -421);
	assert_int_equal(access_with(NULL, NULL), 0);
}

static int open_token(const char *token, char *err, size_t err_len)
{
	char path[] = "/tmp/http_test.XXXXXX";
	struct tp_conf_http conf = {.token_file = path};
	int fd = mkstemp(path), ret;

	assert_int_equal(write(fd, token, strlen(token)), strlen(token));
	close(fd);
	ret = use(&conf, err, err_len);
	unlink(path);
	return ret;
}

static void tokens(void **state)
{
	char err[200];

	(void)state;
	assert_int_equal(open_token("0123456789abcdef\n", err, sizeof(err)), 0);
	assert_int_equal(access_with("any.example", "Bearer 0123456789abcdef"), 0);
	assert_int_equal(access_with("any.example", "bearer 0123456789abcdef"), 0);
	assert_int_equal(access_with("any.example", "Basic b3BlcmF0b3I6MDEyMzQ1Njc4OWFiY2RlZg=="), 0); /* operator: */
	assert_int_equal(access_with("localhost", NULL), -401);
	assert_int_equal(access_with("localhost", "Bearer 0123456789abcdeg"), -401);
	assert_int_equal(access_with("localhost", "Bearer 0123456789abcdef0"), -401);
	assert_int_equal(access_with("localhost", "Bearer "), -401);
	assert_int_equal(access_with("localhost", "Basic MDEyMzQ1Njc4OWFiY2RlZg=="), -401); /* no colon */
	assert_int_equal(access_with("localhost", "Basic ===="), -401);
	assert_int_equal(access_with("localhost", "Basic b3Bl!mF0"), -401);
	assert_int_equal(access_with("localhost", "Digest 0123456789abcdef"), -401);
	assert_int_equal(open_token("fedcba9876543210\n", err, sizeof(err)), 0); /* in its place */
	assert_int_equal(access_with("localhost", "Bearer 0123456789abcdef"), -401);
	assert_int_equal(access_with("localhost", "Bearer fedcba9876543210"), 0);
	assert_int_equal(open_token("short\n", err, sizeof(err)), -22); /* changes nothing */
	assert_int_equal(access_with("localhost", "Bearer fedcba9876543210"), 0);
	http_access_use(NULL);
	assert_int_equal(access_with("localhost", NULL), 0);
}

static void wrong_token_files(void **state)
{
	struct tp_conf_http conf = {.token_file = "/nonexistent/token"};
	char err[300] = "";

	(void)state;
	assert_int_equal(open_token("short\n", err, sizeof(err)), -22);
	assert_non_null(strstr(err, "16 to 512"));
	assert_int_equal(open_token("", err, sizeof(err)), -22);
	assert_int_equal(use(&conf, err, sizeof(err)), -2);
	assert_non_null(strstr(err, "/nonexistent/token"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_request),
	        cmocka_unit_test(every_beginning_is_incomplete),
	        cmocka_unit_test(versions_and_methods),
	        cmocka_unit_test(no_requests),
	        cmocka_unit_test(zeros),
	        cmocka_unit_test(bodies),
	        cmocka_unit_test(lengths),
	        cmocka_unit_test(hosts),
	        cmocka_unit_test(tokens),
	        cmocka_unit_test(wrong_token_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
