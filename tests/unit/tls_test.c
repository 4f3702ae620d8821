/* SPDX-License-Identifier: BSD-3-Clause */
/* Sessions of dataplane/tls with OpenSSL's client over memory: octets both ways in any fragmentation, back pressure, refusals, ends. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "octets.h"
#include "tls_rig.h"

static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
#define VERSIONS (sizeof(versions) / sizeof(versions[0]))

static struct tls_context *context;

static int setup(void **state)
{
	char folder[] = "/tmp/tls_test.XXXXXX", path[64], err[512];
	struct certs_pair own = certs_make(&(struct certs_want){.cn = "turnpike"}, NULL);
	struct tls_spec spec = {.certificate = path, .key = path, .tls12 = true};
	int rc;

	(void)state;
	certs_need(mkdtemp(folder) != NULL, "no temporary folder");
	snprintf(path, sizeof(path), "%s/own.pem", folder);
	certs_write(path, own.cert, own.key, NULL);
	rc = tls_context_new(&spec, &context, err, sizeof(err));
	if (rc != 0)
		fprintf(stderr, "%s\n", err);
	unlink(path);
	rmdir(folder);
	certs_free(&own);
	return rc;
}

static int teardown(void **state)
{
	(void)state;
	tls_context_free(context);
	return 0;
}

static struct rig *rig_of(int version)
{
	return rig_new(context, &(struct rig_client){.version = version});
}

static struct rig *rig_open(int version)
{
	struct rig *r = rig_of(version);

	rig_run(r);
	assert_int_equal(tls_state(r->server), TLS_OPEN);
	return r;
}

/* ---- the handshake ------------------------------------------------------------------------------------------------------------- */
static void test_handshake_only_in_steps(void **state)
{
	(void)state;
	for (size_t v = 0; v < VERSIONS; v++) {
		struct rig *r = rig_of(versions[v]);

		rig_client_turn(r);
		rig_collect(r);
		rig_deliver(r);
		assert_int_equal(tls_state(r->server), TLS_PENDING);
		assert_int_equal(r->wired, 0);
		assert_int_equal(tls_send(r->server, (const uint8_t *)"x", 1), -EPIPE);
		rig_run(r);
		assert_int_equal(tls_state(r->server), TLS_OPEN);
		assert_int_equal(SSL_version(r->client), versions[v]);
		assert_int_equal(r->steps, 2);
		assert_false(r->input_signed);
		assert_int_equal(tls_step(r->server), TLS_OPEN);
		assert_string_equal(tls_error(r->server), "no error");
		rig_free(r);
	}
}

/* A record that is not complete is not worth a step. */
static void test_handshake_octet_by_octet(void **state)
{
	(void)state;
	for (size_t v = 0; v < VERSIONS; v++) {
		struct rig *r = rig_of(versions[v]);

		uint8_t last;

		r->fragment = 1;
		rig_client_turn(r);
		rig_collect(r);
		last = r->waiting[--r->waiting_n];
		rig_deliver(r);
		assert_int_equal(tls_state(r->server), TLS_HANDSHAKE);
		assert_int_equal(tls_step(r->server), TLS_HANDSHAKE);
		assert_int_equal(r->wired, 0);
		r->waiting[r->waiting_n++] = last;
		rig_deliver(r);
		assert_int_equal(tls_state(r->server), TLS_PENDING);
		rig_run(r);
		assert_int_equal(tls_state(r->server), TLS_OPEN);
		assert_false(r->input_signed);
		rig_free(r);
	}
}

static void test_handshake_limit(void **state)
{
	static uint8_t records[TLS_KEPT_MAX + 4096];
	struct rig *r = rig_of(TLS1_3_VERSION);
	enum tls_state now;

	(void)state;
	/* Handshake records of one octet each: the first of a message of 1 MiB. */
	for (uint32_t i = 0; i + 6 <= sizeof(records); i += 6)
		memcpy(records + i, "\x16\x03\x01\x00\x01\x01", 6);
	assert_int_equal(tls_input(r->server, records, sizeof(records), &now), TLS_KEPT_MAX);
	assert_int_equal(now, TLS_PENDING);
	assert_int_equal(tls_input(r->server, records, 1, &now), 0);
	assert_int_not_equal(tls_step(r->server), TLS_OPEN);
	rig_free(r);
}

/* What the client says right behind its Finished is there when the step that opens the session returns. */
static void test_octets_behind_finished(void **state)
{
	struct rig *r = rig_of(TLS1_3_VERSION);

	(void)state;
	rig_client_turn(r);
	rig_collect(r);
	rig_deliver(r);
	tls_step(r->server);
	rig_client_turn(r);
	rig_client_say(r, "hello", 5);
	r->fragment = 7;
	r->plain_room = 2;
	rig_deliver(r);
	assert_int_equal(tls_state(r->server), TLS_PENDING);
	assert_int_equal(r->said_n, 0);
	assert_int_equal(tls_step(r->server), TLS_OPEN);
	assert_int_equal(r->said_n, 2);
	r->plain_room = 100;
	assert_int_equal(tls_resume(r->server), TLS_OPEN);
	assert_int_equal(r->said_n, 5);
	assert_memory_equal(r->said, "hello", 5);
	rig_free(r);
}

/* More than is kept lies behind the Finished: nothing is lost, the rest is taken after the step. */
static void test_many_octets_behind_finished(void **state)
{
	static uint8_t many[3 * TLS_KEPT_MAX];
	struct rig *r = rig_of(TLS1_3_VERSION);

	(void)state;
	rig_fill(many, sizeof(many), 1);
	rig_client_turn(r);
	rig_collect(r);
	rig_deliver(r);
	tls_step(r->server);
	rig_client_turn(r);
	rig_client_say(r, many, sizeof(many));
	rig_deliver(r);
	assert_true(r->waiting_n > 0);
	rig_run(r);
	assert_int_equal(r->said_n, sizeof(many));
	assert_memory_equal(r->said, many, sizeof(many));
	rig_free(r);
}

/* ---- octets both ways ------------------------------------------------------------------------------------------------------------ */
static void both_ways(int version, uint32_t n, uint32_t fragment)
{
	struct rig *r = rig_of(version);
	uint8_t *up = malloc(n), *down = malloc(n);

	rig_fill(up, n, 2);
	rig_fill(down, n, 3);
	r->fragment = fragment;
	rig_run(r);
	assert_int_equal(tls_state(r->server), TLS_OPEN);
	rig_client_say(r, up, n);
	for (uint32_t at = 0; at < n;) {
		uint32_t part = n - at < TLS_SEND_MAX ? n - at : TLS_SEND_MAX;

		assert_int_equal(tls_send(r->server, down + at, part), 0);
		at += part;
	}
	rig_run(r);
	assert_int_equal(r->said_n, n);
	assert_memory_equal(r->said, up, n);
	assert_int_equal(r->heard_n, n);
	assert_memory_equal(r->heard, down, n);
	free(up);
	free(down);
	rig_free(r);
}

static void test_both_ways(void **state)
{
	static const uint32_t sizes[] = {1, 200, 16384, 16385, 300000};
	static const uint32_t fragments[] = {1, 5, 1448, 65536, UINT32_MAX};

	(void)state;
	for (size_t v = 0; v < VERSIONS; v++)
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
			for (size_t k = 0; k < sizeof(fragments) / sizeof(fragments[0]); k++)
				both_ways(versions[v], sizes[i], fragments[k]);
}

static void test_send_limits(void **state)
{
	static uint8_t many[TLS_SEND_MAX + 1];
	struct rig *r = rig_open(TLS1_3_VERSION);
	uint64_t wired = r->wired;

	(void)state;
	assert_int_equal(tls_send(r->server, many, TLS_SEND_MAX + 1), -EMSGSIZE);
	assert_int_equal(tls_send(r->server, many, 0), 0);
	assert_int_equal(r->wired, wired);
	assert_int_equal(tls_send(r->server, many, TLS_SEND_MAX), 0);
	rig_run(r);
	assert_int_equal(r->heard_n, TLS_SEND_MAX);
	rig_free(r);
}

/* ---- back pressure ----------------------------------------------------------------------------------------------------------------- */
static void test_plain_not_taken(void **state)
{
	static uint8_t many[100000];

	(void)state;
	rig_fill(many, sizeof(many), 4);
	for (size_t v = 0; v < VERSIONS; v++) {
		struct rig *r = rig_open(versions[v]);
		uint32_t taken = 0;

		r->fragment = 1448;
		r->plain_room = 0;
		rig_client_say(r, many, sizeof(many));
		rig_run(r);
		assert_int_equal(r->said_n, 0);
		assert_true(r->waiting_n > sizeof(many) - 2 * 17000); /* the session holds a record or two, not everything */
		while (r->said_n < sizeof(many)) {
			r->plain_room = 3001;
			assert_int_equal(tls_resume(r->server), TLS_OPEN);
			rig_run(r);
			assert_true(r->said_n > taken && r->said_n <= taken + 3001);
			taken = r->said_n;
		}
		assert_memory_equal(r->said, many, sizeof(many));
		assert_int_equal(r->waiting_n, 0);
		rig_free(r);
	}
}

static void test_end_waits_for_plain(void **state)
{
	struct rig *r = rig_open(TLS1_3_VERSION);

	(void)state;
	r->plain_room = 3;
	rig_client_say(r, "abcdef", 6);
	SSL_shutdown(r->client);
	rig_run(r);
	assert_int_equal(tls_state(r->server), TLS_OPEN);
	r->plain_room = 100;
	tls_resume(r->server);
	rig_run(r);
	assert_int_equal(tls_state(r->server), TLS_ENDED);
	assert_int_equal(r->said_n, 6);
	rig_free(r);
}

/* The last record is so short that the wire would take it while those before it wait. */
static void test_wire_refuses(void **state)
{
	static uint8_t down[9 * 2048 + 100];

	(void)state;
	rig_fill(down, sizeof(down), 5);
	for (size_t v = 0; v < VERSIONS; v++) {
		struct rig *r = rig_open(versions[v]);

		r->wire_room = 5000;
		assert_int_equal(tls_send(r->server, down, sizeof(down)), 0);
		assert_int_equal(tls_send(r->server, down, 1), -ENOBUFS);
		assert_true(tls_unsent(r->server) > sizeof(down) - 5000);
		rig_run(r);
		assert_true(r->heard_n < 5000);
		while (tls_unsent(r->server) > 0) {
			r->wire_room = 1500;
			assert_int_equal(tls_resume(r->server), TLS_OPEN);
		}
		r->wire_room = UINT32_MAX;
		assert_int_equal(tls_send(r->server, down, 10), 0);
		rig_run(r);
		assert_int_equal(r->heard_n, sizeof(down) + 10);
		assert_memory_equal(r->heard, down, sizeof(down));
		assert_memory_equal(r->heard + sizeof(down), down, 10);
		rig_free(r);
	}
}

static void test_wire_refuses_the_handshake(void **state)
{
	(void)state;
	for (size_t v = 0; v < VERSIONS; v++) {
		struct rig *r = rig_of(versions[v]);

		r->wire_room = 0;
		rig_run(r);
		assert_int_equal(r->wired, 0);
		assert_true(tls_unsent(r->server) > 300);
		for (int i = 0; i < 100 && tls_state(r->server) != TLS_OPEN; i++) {
			r->wire_room = 1024;
			tls_resume(r->server);
			rig_run(r);
		}
		assert_int_equal(tls_state(r->server), TLS_OPEN);
		assert_true(r->refusals > 0);
		rig_free(r);
	}
}

/* The queue beside an array: added to and dropped from at random, so that it moves, grows and is let go. */
static void test_octets(void **state)
{
	static uint8_t source[1u << 20];
	struct tls_octets queue = {0};
	uint32_t first = 0, last = 0, random = 1;

	(void)state;
	rig_fill(source, sizeof(source), 9);
	while (last + 2000 < sizeof(source)) {
		uint32_t n = (random = random * 1664525u + 1013904223u) >> 21;

		if (random & 0x100) {
			assert_true(tls_octets_add(&queue, source + last, n % 2000));
			last += n % 2000;
		} else {
			n = n < last - first ? n : last - first;
			tls_octets_drop(&queue, n);
			first += n;
		}
		assert_int_equal(queue.n, last - first);
		assert_true(queue.at + queue.n <= queue.size);
		assert_int_equal(queue.n == 0, queue.p == NULL);
		if (queue.n > 0)
			assert_memory_equal(tls_octets_first(&queue), source + first, queue.n);
	}
	tls_octets_drop(&queue, queue.n);
	assert_null(queue.p);
}

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
	        cmocka_unit_test(test_handshake_only_in_steps),
	        cmocka_unit_test(test_handshake_octet_by_octet),
	        cmocka_unit_test(test_handshake_limit),
	        cmocka_unit_test(test_octets_behind_finished),
	        cmocka_unit_test(test_many_octets_behind_finished),
	        cmocka_unit_test(test_both_ways),
	        cmocka_unit_test(test_send_limits),
	        cmocka_unit_test(test_plain_not_taken),
	        cmocka_unit_test(test_end_waits_for_plain),
	        cmocka_unit_test(test_wire_refuses),
	        cmocka_unit_test(test_wire_refuses_the_handshake),
	        cmocka_unit_test(test_octets),
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
