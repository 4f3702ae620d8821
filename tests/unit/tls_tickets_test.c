/* SPDX-License-Identifier: BSD-3-Clause */
/* Keys of session tickets: how long a ticket is good while keys are renewed, what becomes of sessions meanwhile, and that keys which have served are wiped. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "own.h"
#include "tls_clock.h"
#include "tls_rig.h"

#define RENEWALS 40

static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
#define VERSIONS (sizeof(versions) / sizeof(versions[0]))

static struct tls_tickets *tickets;
static struct tls_context *context;

static int setup(void **state)
{
	char path[] = "/tmp/tls_tickets.XXXXXX", err[512] = "";
	struct certs_pair own = certs_make(&(struct certs_want){.cn = "turnpike"}, NULL);
	struct tls_spec spec = {.certificate = path, .key = path, .tls12 = true};
	int fd = mkstemp(path);

	(void)state;
	certs_need(fd >= 0, "no temporary file");
	close(fd);
	certs_write(path, own.cert, own.key, NULL);
	spec.tickets = tickets = tls_tickets_new();
	certs_need(tickets != NULL, "no keys of tickets");
	certs_need(tls_context_new(&spec, &context, err, sizeof(err)) == 0, err);
	unlink(path);
	certs_free(&own);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tls_context_free(context);
	tls_tickets_free(tickets);
	return 0;
}

/* A handshake, with a ticket or without, that opens in any case. The ticket it got; whether the one it had was good. */
static SSL_SESSION *handshake(int version, SSL_SESSION *ticket, bool *resumed)
{
	SSL_SESSION *copy = ticket ? SSL_SESSION_dup(ticket) : NULL, *got; /* OpenSSL's client uses a session only once */
	struct rig *r = rig_new(context, &(struct rig_client){.version = version, .session = copy});

	rig_run(r);
	assert_int_equal(tls_state(r->server), TLS_OPEN);
	*resumed = tls_resumed(r->server);
	assert_int_equal(*resumed, SSL_session_reused(r->client));
	rig_client_say(r, "here", 4);
	rig_run(r);
	assert_int_equal(r->said_n, 4);
	got = r->ticket != NULL ? r->ticket
	                        : SSL_get1_session(r->client); /* OpenSSL's client does not tell of a ticket that TLS 1.2 renews */
	r->ticket = NULL;
	rig_free(r);
	SSL_SESSION_free(copy);
	return got;
}

/* What a handshake with this ticket makes of it; the ticket it gets instead is not kept. */
static bool good(int version, SSL_SESSION *ticket)
{
	bool resumed;

	SSL_SESSION_free(handshake(version, ticket, &resumed));
	return resumed;
}

static SSL_SESSION *first_ticket(int version)
{
	bool resumed;
	SSL_SESSION *ticket = handshake(version, NULL, &resumed);

	assert_false(resumed);
	return ticket;
}

/* RFC 5077, 4: a ticket begins with the name of its key. */
static const uint8_t *key_name(const SSL_SESSION *ticket)
{
	const uint8_t *p;
	size_t n;

	SSL_SESSION_get0_ticket(ticket, &p, &n);
	assert_true(n > 2 * TLS_TICKETS_NAME);
	return p;
}

static void ticket_is_good_until_the_second_new_key(void **state)
{
	(void)state;
	for (size_t v = 0; v < VERSIONS; v++) {
		SSL_SESSION *first = first_ticket(versions[v]), *second;
		bool resumed;

		assert_true(good(versions[v], first));
		assert_true(tls_tickets_renew(tickets));
		second = handshake(versions[v], first, &resumed);
		assert_true(resumed);
		assert_true(tls_tickets_renew(tickets));
		assert_false(good(versions[v], first));
		assert_true(good(versions[v], second)); /* it was made by the newer key, though the one it came for was older */
		assert_true(tls_tickets_renew(tickets));
		assert_false(good(versions[v], second));
		SSL_SESSION_free(first);
		SSL_SESSION_free(second);
	}
}

static void new_key_makes_the_tickets(void **state)
{
	(void)state;
	for (size_t v = 0; v < VERSIONS; v++) {
		SSL_SESSION *first = first_ticket(versions[v]), *same = first_ticket(versions[v]), *other;

		assert_memory_equal(key_name(first), key_name(same), TLS_TICKETS_NAME);
		assert_true(tls_tickets_renew(tickets));
		other = first_ticket(versions[v]);
		assert_memory_not_equal(key_name(first), key_name(other), TLS_TICKETS_NAME);
		SSL_SESSION_free(first);
		SSL_SESSION_free(same);
		SSL_SESSION_free(other);
	}
}

/* A name alone opens nothing: what was changed on its way is not taken, and the client is served in full. */
static void ticket_that_was_changed_is_not_taken(void **state)
{
	(void)state;
	for (size_t v = 0; v < VERSIONS; v++) {
		SSL_SESSION *ticket = first_ticket(versions[v]);
		uint8_t *p = (uint8_t *)(uintptr_t)key_name(ticket);

		for (size_t at = 0; at < 80; at += 16) { /* of the name, the IV, the ciphertext */
			p[at] ^= 1;
			assert_false(good(versions[v], ticket));
			p[at] ^= 1;
		}
		assert_true(good(versions[v], ticket));
		SSL_SESSION_free(ticket);
	}
}

/* Before the first renewal there is one key, and a place of octets 0 is none. */
static void key_that_is_not_there_opens_nothing(void **state)
{
	SSL_SESSION *ticket;
	static const uint8_t nothing[TLS_TICKETS_NAME];

	(void)state;
	teardown(NULL);
	setup(NULL);
	ticket = first_ticket(TLS1_2_VERSION);
	memcpy((uint8_t *)(uintptr_t)key_name(ticket), nothing, sizeof(nothing));
	assert_false(good(TLS1_2_VERSION, ticket));
	for (unsigned int i = 1; i < TLS_TICKETS_KEYS; i++)
		assert_false(tickets->keys[(tickets->current + i) % TLS_TICKETS_KEYS].there);
	SSL_SESSION_free(ticket);
}

static void sessions_outlive_their_keys(void **state)
{
	(void)state;
	for (size_t v = 0; v < VERSIONS; v++) {
		struct rig *open = rig_new(context, &(struct rig_client){.version = versions[v]}), *half;

		rig_run(open);
		half = rig_new(context, &(struct rig_client){.version = versions[v]});
		rig_client_turn(half);
		rig_collect(half);
		rig_deliver(half);
		for (int i = 0; i < TLS_TICKETS_KEYS; i++) {
			assert_true(tls_tickets_renew(tickets));
			tls_tickets_forget(tickets);
		}
		rig_run(half);
		assert_int_equal(tls_state(half->server), TLS_OPEN);
		rig_client_say(open, "still here", 10);
		rig_run(open);
		assert_int_equal(open->said_n, 10);
		assert_int_equal(tls_send(open->server, (const uint8_t *)"yes", 3), 0);
		rig_run(open);
		assert_int_equal(open->heard_n, 3);
		rig_free(open);
		rig_free(half);
	}
}

static bool holds(const struct tls_tickets *t, const uint8_t *secret, size_t n)
{
	const uint8_t *p = (const uint8_t *)t;

	for (size_t i = 0; i + n <= sizeof(*t); i++)
		if (memcmp(p + i, secret, n) == 0)
			return true;
	return false;
}

static void keys_that_have_served_are_wiped(void **state)
{
	const struct tls_tickets_key served = tickets->keys[tickets->current];

	(void)state;
	assert_true(tls_tickets_renew(tickets));
	tls_tickets_forget(tickets);
	assert_true(holds(tickets, served.cipher, sizeof(served.cipher)));
	assert_true(tls_tickets_renew(tickets));
	tls_tickets_forget(tickets);
	assert_false(holds(tickets, served.cipher, sizeof(served.cipher)));
	assert_false(holds(tickets, served.mac, sizeof(served.mac)));
	assert_false(holds(tickets, served.name, sizeof(served.name)));
}

/* The listener that they belong to is another one now. */
static void keys_anew_open_no_ticket_from_before(void **state)
{
	(void)state;
	for (size_t v = 0; v < VERSIONS; v++) {
		SSL_SESSION *older = first_ticket(versions[v]), *newer;
		struct tls_tickets_key served;

		assert_true(tls_tickets_renew(tickets));
		newer = first_ticket(versions[v]);
		served = tickets->keys[tickets->current];
		assert_true(tls_tickets_anew(tickets));
		assert_false(holds(tickets, served.cipher, sizeof(served.cipher)));
		assert_false(good(versions[v], older));
		assert_false(good(versions[v], newer));
		SSL_SESSION_free(older);
		SSL_SESSION_free(newer);
		newer = first_ticket(versions[v]);
		assert_true(good(versions[v], newer));
		SSL_SESSION_free(newer);
	}
}

/* ---- a ticket is no substitute for a certificate ---------------------------------------------------------------------------------- */
/* Each time with the ticket of the time before: after two hours there is a handshake in full, whatever tickets there were between. */
static void tickets_of_tickets_end_with_the_first(void **state)
{
	(void)state;
	for (size_t v = 0; v < VERSIONS; v++) {
		SSL_SESSION *ticket = first_ticket(versions[v]), *next;
		bool resumed;

		for (int hours = 1; hours <= 4; hours++) {
			ahead += 3500;
			next = handshake(versions[v], ticket, &resumed);
			assert_int_equal(resumed, hours % 3 != 0); /* at the third it was served in full, and begins anew */
			SSL_SESSION_free(ticket);
			ticket = next;
		}
		SSL_SESSION_free(ticket);
	}
	ahead = 0;
}

struct authority {
	char ca[32], crl[32];
	struct certs_pair root, device;
	struct tls_context *context;
};

/* A device and its authority, which ends with `till`, and a revocation list of 7 days with nobody on it. */
static struct authority authority_new(long till_s)
{
	struct authority a = {.ca = "/tmp/tls_tickets.XXXXXX", .crl = "/tmp/tls_tickets.XXXXXX"};
	char own[] = "/tmp/tls_tickets.XXXXXX", err[512] = "";
	struct tls_spec spec = {.certificate = own, .key = own, .tls12 = true, .client = TLS_CLIENT_REQUIRED, .tickets = tickets};

	close(mkstemp(a.ca));
	close(mkstemp(a.crl));
	close(mkstemp(own));
	a.root = certs_make(&(struct certs_want){.cn = "root", .ca = true, .from_s = -60, .till_s = till_s}, NULL);
	a.device = certs_make(&(struct certs_want){.cn = "gantry-7"}, &a.root);
	certs_write(a.ca, a.root.cert, NULL, NULL);
	certs_write(own, a.root.cert, a.root.key, NULL);
	certs_write_crl(a.crl, &a.root, NULL);
	spec.client_ca = a.ca;
	spec.crl = a.crl;
	certs_need(tls_context_new(&spec, &a.context, err, sizeof(err)) == 0, err);
	unlink(own);
	return a;
}

static void authority_free(struct authority *a)
{
	unlink(a->ca);
	unlink(a->crl);
	tls_context_free(a->context);
	certs_free(&a->root);
	certs_free(&a->device);
}

/* Comes with `*ticket`, and has the next one afterwards. What the server said. */
static const char *device_comes(const struct authority *a, int version, SSL_SESSION **ticket, bool *resumed)
{
	struct rig *r = rig_new(a->context, &(struct rig_client){.version = version, .own = &a->device, .session = *ticket});
	const char *said;

	rig_run(r);
	*resumed = tls_resumed(r->server);
	said = tls_state(r->server) == TLS_OPEN ? "open" : tls_error(r->server);
	SSL_SESSION_free(*ticket);
	*ticket = r->ticket != NULL ? r->ticket : SSL_get1_session(r->client);
	r->ticket = NULL;
	rig_free(r);
	return said;
}

/* Half an hour before `end` somebody is verified, who comes back just before it and just behind it. */
static void comes_back_until(long till_s, long end_s, const char *said)
{
	for (size_t v = 0; v < VERSIONS; v++) {
		struct authority a = authority_new(till_s);
		SSL_SESSION *ticket = NULL;
		bool resumed;

		ahead = end_s - 1800;
		assert_string_equal(device_comes(&a, versions[v], &ticket, &resumed), "open");
		assert_false(resumed);
		ahead = end_s - 600;
		assert_string_equal(device_comes(&a, versions[v], &ticket, &resumed), "open");
		assert_true(resumed);
		ahead = end_s + 60;
		assert_string_equal(device_comes(&a, versions[v], &ticket, &resumed), said);
		ahead = 0;
		SSL_SESSION_free(ticket);
		authority_free(&a);
	}
}

/* docs/credentials.md: after nextUpdate nobody's certificate is accepted. */
static void list_that_has_ended_lets_nobody_resume(void **state)
{
	(void)state;
	comes_back_until(30 * CERTS_DAY, 7 * CERTS_DAY, "CRL has expired");
}

static void authority_that_has_ended_lets_nobody_resume(void **state)
{
	(void)state;
	comes_back_until(CERTS_DAY, CERTS_DAY, "certificate has expired");
}

/* ---- a worker and control --------------------------------------------------------------------------------------------------------- */
static unsigned int walks; /* handshakes that are done; atomic */
static bool stop;          /* atomic */

/* Comes back with the ticket of the time before, again and again. NULL, or what was wrong. */
static void *come_back(void *arg)
{
	bool resumed;
	SSL_SESSION *ticket = handshake(TLS1_3_VERSION, NULL, &resumed), *next;
	const char *wrong = NULL;

	(void)arg;
	while (!wrong && !__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
		next = handshake(TLS1_3_VERSION, ticket, &resumed);
		wrong = resumed ? NULL : "a ticket one key old was not taken";
		SSL_SESSION_free(ticket);
		ticket = next;
		__atomic_add_fetch(&walks, 1, __ATOMIC_RELEASE);
	}
	SSL_SESSION_free(ticket);
	__atomic_add_fetch(&walks, 1000000, __ATOMIC_RELEASE); /* nobody waits any more */
	return (void *)(uintptr_t)wrong;
}

static void wait_for_walks(unsigned int n)
{
	unsigned int from = __atomic_load_n(&walks, __ATOMIC_ACQUIRE);

	while (__atomic_load_n(&walks, __ATOMIC_ACQUIRE) - from < n)
		usleep(100);
}

/* Keys are renewed after every other handshake, so each ticket comes back one key old at most: each is taken. */
static void renewal_while_clients_come(void **state)
{
	pthread_t worker;
	void *wrong;

	(void)state;
	assert_int_equal(pthread_create(&worker, NULL, come_back, NULL), 0);
	for (int i = 0; i < RENEWALS; i++) {
		assert_true(tls_tickets_renew(tickets));
		wait_for_walks(2);
		tls_tickets_forget(tickets);
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELEASE);
	assert_int_equal(pthread_join(worker, &wrong), 0);
	if (wrong)
		fail_msg("%s", (const char *)wrong);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(ticket_is_good_until_the_second_new_key),
	        cmocka_unit_test(new_key_makes_the_tickets),
	        cmocka_unit_test(ticket_that_was_changed_is_not_taken),
	        cmocka_unit_test(key_that_is_not_there_opens_nothing),
	        cmocka_unit_test(sessions_outlive_their_keys),
	        cmocka_unit_test(keys_that_have_served_are_wiped),
	        cmocka_unit_test(keys_anew_open_no_ticket_from_before),
	        cmocka_unit_test(tickets_of_tickets_end_with_the_first),
	        cmocka_unit_test(list_that_has_ended_lets_nobody_resume),
	        cmocka_unit_test(authority_that_has_ended_lets_nobody_resume),
	        cmocka_unit_test(renewal_while_clients_come),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
