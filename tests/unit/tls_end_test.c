/* SPDX-License-Identifier: BSD-3-Clause */
/* Sessions of dataplane/tls that end: octets that are not TLS, records that were changed, closed and cut connections. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tls_sessions.h"

/* ---- what is not TLS ---------------------------------------------------------------------------------------------------------------- */
static void refused(const void *p, uint32_t n, const char *why)
{
	for (uint32_t fragment = 1; fragment <= n; fragment = fragment == 1 ? n : n + 1) {
		struct rig *r = rig_of(TLS1_3_VERSION);

		memcpy(r->waiting, p, n);
		r->waiting_n = n;
		r->fragment = fragment;
		while (tls_state(r->server) != TLS_FAILED && r->waiting_n > 0) {
			rig_deliver(r);
			tls_step(r->server);
		}
		assert_int_equal(tls_state(r->server), TLS_FAILED);
		assert_string_equal(tls_error(r->server), why);
		assert_int_equal(r->said_n, 0);
		assert_int_equal(tls_send(r->server, p, 1), -EPIPE);
		rig_free(r);
	}
}

static void test_not_tls(void **state)
{
	/* CONNECT of MQTT 3.1.1, client identifier "a". */
	static const uint8_t connect[] = {0x10, 0x0d, 0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 60, 0, 1, 'a'};
	static uint8_t noise[4096];

	(void)state;
	refused(connect, sizeof(connect), "wrong version number");
	refused("GET / HTTP/1.1\r\n\r\n", 18, "http request");
	memset(noise, 0xff, sizeof(noise));
	refused(noise, sizeof(noise), "wrong version number");
	/* A handshake record that does not start with a ClientHello. */
	refused("\x16\x03\x01\x00\x04\x02\x00\x00\x00", 9, "unexpected message");
}

static void test_random_octets(void **state)
{
	static uint8_t noise[600];

	(void)state;
	for (uint32_t i = 0; i < 300; i++) {
		struct rig *r = rig_of(TLS1_3_VERSION);

		rig_fill(noise, sizeof(noise), i);
		memcpy(noise, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc", i % 2 ? 9 : 0);
		memcpy(r->waiting, noise, sizeof(noise));
		r->waiting_n = sizeof(noise);
		rig_run(r);
		assert_int_not_equal(tls_state(r->server), TLS_OPEN);
		assert_int_equal(r->said_n, 0);
		rig_free(r);
	}
}

/* One octet of a record is another: the session ends with an alert, and nothing of the record is given on. */
static void test_corrupt_record(void **state)
{
	(void)state;
	for (size_t v = 0; v < VERSIONS; v++) {
		struct rig *r = rig_open(versions[v]);
		uint64_t wired = r->wired;

		rig_client_say(r, "good", 4);
		rig_run(r);
		rig_client_say(r, "evil", 4);
		r->waiting[r->waiting_n - 1] ^= 1;
		rig_run(r);
		assert_int_equal(tls_state(r->server), TLS_FAILED);
		assert_string_equal(tls_error(r->server), "decryption failed or bad record mac");
		assert_int_equal(r->said_n, 4);
		assert_true(r->wired > wired);
		assert_true(r->client_failed);
		rig_free(r);
	}
}

/* A cipher suite without forward secrecy is not in the default. */
static void test_no_static_rsa(void **state)
{
	struct rig *r = rig_of(TLS1_2_VERSION);

	(void)state;
	SSL_set_cipher_list(r->client, "AES128-GCM-SHA256:ECDHE-ECDSA-AES128-SHA");
	rig_run(r);
	assert_int_equal(tls_state(r->server), TLS_FAILED);
	assert_string_equal(tls_error(r->server), "no shared cipher");
	rig_free(r);
}

/* ---- ends ---------------------------------------------------------------------------------------------------------------------------- */
static void test_renegotiation_refused(void **state)
{
	struct rig *r = rig_open(TLS1_2_VERSION);
	uint32_t steps = r->steps;

	(void)state;
	assert_int_equal(SSL_renegotiate(r->client), 1);
	SSL_do_handshake(r->client);
	rig_run(r);
	assert_int_equal(r->steps, steps);
	assert_true(r->client_failed); /* it got the alert no_renegotiation */
	rig_free(r);
}

static void test_key_update(void **state)
{
	struct rig *r = rig_open(TLS1_3_VERSION);

	(void)state;
	assert_int_equal(SSL_key_update(r->client, SSL_KEY_UPDATE_REQUESTED), 1);
	rig_client_say(r, "new keys", 8);
	rig_run(r);
	assert_int_equal(r->said_n, 8);
	assert_int_equal(tls_send(r->server, (const uint8_t *)"mine too", 8), 0);
	rig_run(r);
	assert_int_equal(r->heard_n, 8);
	rig_free(r);
}

static void test_close_notify(void **state)
{
	(void)state;
	for (size_t v = 0; v < VERSIONS; v++) {
		struct rig *r = rig_open(versions[v]);

		rig_client_say(r, "bye", 3);
		SSL_shutdown(r->client);
		rig_run(r);
		assert_int_equal(tls_state(r->server), TLS_ENDED);
		assert_int_equal(r->said_n, 3);
		assert_int_equal(tls_send(r->server, (const uint8_t *)"ack", 3), 0);
		tls_close(r->server);
		tls_close(r->server);
		assert_int_equal(tls_send(r->server, (const uint8_t *)"x", 1), -EPIPE);
		rig_run(r);
		assert_int_equal(r->heard_n, 3);
		assert_int_equal(SSL_get_shutdown(r->client), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
		assert_false(r->client_failed);
		rig_free(r);
	}
}

/* Nobody may take a connection that was cut for one that was closed. */
static void test_truncated(void **state)
{
	(void)state;
	for (size_t v = 0; v < VERSIONS; v++) {
		struct rig *r = rig_open(versions[v]);

		rig_client_say(r, "all of it", 9);
		rig_run(r);
		rig_client_say(r, "not all of it", 13);
		r->waiting_n -= 3;
		rig_run(r);
		assert_int_equal(r->waiting_n, 0);
		assert_int_equal(r->said_n, 9);
		assert_int_equal(tls_state(r->server), TLS_OPEN);
		rig_free(r);
	}
}

static void test_close_while_the_wire_refuses(void **state)
{
	struct rig *r = rig_open(TLS1_3_VERSION);

	(void)state;
	r->wire_room = 0;
	assert_int_equal(tls_send(r->server, (const uint8_t *)"last", 4), 0);
	tls_close(r->server);
	assert_true(tls_unsent(r->server) > 4);
	r->wire_room = UINT32_MAX;
	tls_resume(r->server);
	rig_run(r);
	assert_int_equal(r->heard_n, 4);
	assert_true(SSL_get_shutdown(r->client) & SSL_RECEIVED_SHUTDOWN);
	rig_free(r);
}

static void test_ended_in_every_state(void **state)
{
	struct rig *r;

	(void)state;
	rig_free(rig_of(TLS1_3_VERSION));
	r = rig_of(TLS1_3_VERSION);
	rig_client_turn(r);
	rig_collect(r);
	rig_deliver(r);
	tls_close(r->server);
	assert_int_equal(r->wired, 0);
	rig_free(r);
	r = rig_open(TLS1_3_VERSION);
	r->plain_room = 1;
	r->wire_room = 1;
	rig_client_say(r, "three", 5);
	tls_send(r->server, (const uint8_t *)"four", 4);
	rig_run(r);
	rig_free(r);
	tls_free(NULL);
	tls_context_free(NULL);
}

/* What the host may do from within plain(). */
struct echo {
	struct rig *rig;
	uint32_t calls;
};

static uint32_t echo_plain(void *ctx, const uint8_t *p, uint32_t n)
{
	struct echo *e = ctx;

	e->calls++;
	assert_int_equal(tls_state(e->rig->server), TLS_OPEN);
	assert_int_equal(tls_send(e->rig->server, p, n), 0);
	if (p[n - 1] == '.')
		tls_close(e->rig->server);
	return n;
}

static int echo_wire(void *ctx, const uint8_t *p, uint32_t n)
{
	return rig_wire(((struct echo *)ctx)->rig, p, n);
}

static void test_send_and_close_from_plain(void **state)
{
	struct rig *r = rig_of(TLS1_3_VERSION);
	struct echo e = {.rig = r};

	(void)state;
	tls_free(r->server);
	r->server = tls_new(context, &(struct tls_io){.plain = echo_plain, .wire = echo_wire, .ctx = &e});
	rig_run(r);
	rig_client_say(r, "echo", 4);
	rig_client_say(r, "end.", 4);
	rig_run(r);
	assert_int_equal(e.calls, 2);
	assert_int_equal(r->heard_n, 8);
	assert_memory_equal(r->heard, "echoend.", 8);
	assert_true(SSL_get_shutdown(r->client) & SSL_RECEIVED_SHUTDOWN);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_not_tls),
	        cmocka_unit_test(test_random_octets),
	        cmocka_unit_test(test_corrupt_record),
	        cmocka_unit_test(test_no_static_rsa),
	        cmocka_unit_test(test_renegotiation_refused),
	        cmocka_unit_test(test_key_update),
	        cmocka_unit_test(test_close_notify),
	        cmocka_unit_test(test_truncated),
	        cmocka_unit_test(test_close_while_the_wire_refuses),
	        cmocka_unit_test(test_ended_in_every_state),
	        cmocka_unit_test(test_send_and_close_from_plain),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
