/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sessions of dataplane/tls with OpenSSL's client over memory: handshakes by steps, octets both ways in any fragmentation, back pressure on both
 * sides.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "octets.h"
#include "tls_sessions.h"

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
		for (bool by_itself = true; tls_unsent(r->server) > 0; by_itself = !by_itself) {
			uint32_t before = tls_unsent(r->server);

			r->wire_room = 1500;
			if (by_itself)
				tls_writable(r->server);
			else
				assert_int_equal(tls_resume(r->server), TLS_OPEN);
			assert_true(tls_unsent(r->server) < before);
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
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
