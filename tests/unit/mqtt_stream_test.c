/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connections between the endpoint, TLS and the gateway, all three of which the test stands in for: what ends within a call of TLS, lists in
 * which every connection stands, and the end of a stream behind octets that wait.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "mqtt.h"

#define CONNS  3
#define CANARY 0xdeadbeef

struct tcp_conn {
	void *app;
};
struct tls {
	struct tls_io io;
	bool free;
};

static struct {
	struct tp_mqtt_worker q;
	struct tp_worker w;
	struct tp_book book;
	struct tp_plan_spec spec;
	struct tp_mqtt_listener listener;
	struct tls_context *context;
	struct tp_mqtt_conn conns[CONNS];
	uint32_t free_conns[2 * CONNS], resume[CONNS + 1], stepping[CONNS + 1];
	uint8_t arena[4096];
	struct tcp_conn tcp[CONNS];
	struct tls tls[CONNS];
	unsigned int n_tls, depth, freed, ended, closed, steps;
	uint32_t order[16];
	bool abort_in_input, waits;
	enum tls_state state;
} rig;

/* ---- TLS ------------------------------------------------------------------------------------------------------------------- */
struct tls *tls_new(struct tls_context *context, const struct tls_io *io)
{
	struct tls *s = &rig.tls[rig.n_tls++ % CONNS];

	RTE_SET_USED(context);
	*s = (struct tls){.io = *io};
	return s;
}

void tls_free(struct tls *s)
{
	if (!s)
		return;
	assert_int_equal(rig.depth, 0); /* whoever is in a call of TLS uses the session when it returns */
	assert_false(s->free);
	s->free = true;
	rig.freed++;
}

static enum tls_state give(struct tls *s)
{
	uint8_t octet = 0;

	rig.depth++;
	if (rig.state == TLS_OPEN)
		s->io.plain(s->io.ctx, &octet, 1);
	rig.depth--;
	return rig.state;
}

uint32_t tls_input(struct tls *s, const uint8_t *p, uint32_t n, enum tls_state *state)
{
	RTE_SET_USED(p);
	*state = give(s);
	return n;
}

enum tls_state tls_resume(struct tls *s)
{
	return give(s);
}

enum tls_state tls_step(struct tls *s)
{
	rig.order[rig.steps++ % RTE_DIM(rig.order)] = (uint32_t)(s - rig.tls);
	return give(s);
}

bool tls_waits(const struct tls *s)
{
	RTE_SET_USED(s);
	return rig.waits;
}

int tls_send(struct tls *s, const uint8_t *p, uint32_t n)
{
	RTE_SET_USED(s);
	RTE_SET_USED(p);
	RTE_SET_USED(n);
	return 0;
}

void tls_close(struct tls *s)
{
	RTE_SET_USED(s);
}

bool tls_resumed(const struct tls *s)
{
	RTE_SET_USED(s);
	return false;
}

/* ---- the endpoint ---------------------------------------------------------------------------------------------------------- */
void tcp_abort(struct tcp *t, struct tcp_conn *c)
{
	RTE_SET_USED(t);
	rig.closed++;
	tp_mqtt_tcp_app.closed(&rig.q, c, TCP_CLOSED_ABORTED);
}

void tcp_close(struct tcp *t, struct tcp_conn *c)
{
	RTE_SET_USED(t);
	RTE_SET_USED(c);
}

void tcp_resume(struct tcp *t, struct tcp_conn *c, uint64_t now_us)
{
	RTE_SET_USED(t);
	RTE_SET_USED(c);
	RTE_SET_USED(now_us);
}

uint32_t tcp_unsent(const struct tcp_conn *c)
{
	(void)c;
	return 0;
}

void tls_writable(struct tls *s)
{
	(void)s;
}

int tcp_send(struct tcp *t, struct tcp_conn *c, const uint8_t *p, uint32_t n)
{
	RTE_SET_USED(t);
	RTE_SET_USED(c);
	RTE_SET_USED(p);
	RTE_SET_USED(n);
	return 0;
}

void *tcp_conn_app(const struct tcp_conn *c)
{
	return c->app;
}

void tcp_conn_set_app(struct tcp_conn *c, void *app)
{
	c->app = app;
}

uint16_t tcp_conn_listener(const struct tcp_conn *c)
{
	RTE_SET_USED(c);
	return 0;
}

/* ---- the gateway ----------------------------------------------------------------------------------------------------------- */
struct mqtt_session *mqtt_opened(struct mqtt_gateway *g, void *conn, unsigned int listener, uint64_t now_us)
{
	RTE_SET_USED(g);
	RTE_SET_USED(listener);
	RTE_SET_USED(now_us);
	return conn; /* a session is its connection here */
}

uint32_t mqtt_input(struct mqtt_gateway *g, struct mqtt_session *s, const uint8_t *p, uint32_t n, uint64_t now_us)
{
	RTE_SET_USED(g);
	RTE_SET_USED(p);
	RTE_SET_USED(now_us);
	if (rig.abort_in_input)
		tp_mqtt_hang_up((struct tp_mqtt_conn *)s, true);
	return n;
}

void mqtt_await(struct mqtt_gateway *g, struct mqtt_session *s, bool peer, uint64_t now_us)
{
	(void)g;
	(void)s;
	(void)peer;
	(void)now_us;
}

void mqtt_ended(struct mqtt_gateway *g, struct mqtt_session *s, uint64_t now_us)
{
	RTE_SET_USED(g);
	RTE_SET_USED(s);
	RTE_SET_USED(now_us);
	rig.ended++;
}

void mqtt_closed(struct mqtt_gateway *g, struct mqtt_session *s, enum mqtt_gone why, uint64_t now_us)
{
	RTE_SET_USED(g);
	RTE_SET_USED(s);
	RTE_SET_USED(why);
	RTE_SET_USED(now_us);
}

/* ---- start ----------------------------------------------------------------------------------------------------------------- */
static int rig_start(void **state)
{
	RTE_SET_USED(state);
	memset(&rig, 0, sizeof(rig));
	rig.listener.tls = &rig.context;
	rig.spec = (struct tp_plan_spec){.mqtt_listeners = &rig.listener, .n_mqtt_listeners = 1};
	rig.w = (struct tp_worker){.spec = &rig.spec, .books = &rig.book, .arena = {rig.arena, rig.arena + sizeof(rig.arena)}};
	rig.resume[CONNS] = rig.stepping[CONNS] = CANARY;
	rig.q = (struct tp_mqtt_worker){.worker = &rig.w,
	        .conns = rig.conns,
	        .free_conns = rig.free_conns,
	        .n_conns = CONNS,
	        .resume = {.index = rig.resume},
	        .stepping = {.index = rig.stepping},
	        .handshakes = 2};
	for (uint32_t i = CONNS; i > 0; i--)
		rig.free_conns[rig.q.n_free++] = i - 1;
	return 0;
}

static void data(struct tcp_conn *tcp)
{
	uint8_t octet = 0;

	tp_mqtt_tcp_app.data(&rig.q, tcp, &octet, 1);
}

static struct tcp_conn *open_one(unsigned int i)
{
	rig.state = TLS_PENDING;
	tp_mqtt_tcp_app.opened(&rig.q, &rig.tcp[i]);
	data(&rig.tcp[i]);
	return &rig.tcp[i];
}

static struct tcp_conn *open_secured(unsigned int i)
{
	struct tcp_conn *tcp = open_one(i);

	rig.state = TLS_OPEN;
	tp_mqtt_handshakes(&rig.q);
	tp_mqtt_go_on(&rig.q);
	return tcp;
}

static void expect_all_free(unsigned int tls)
{
	bool seen[CONNS] = {false};

	assert_int_equal(rig.q.n_free, CONNS);
	for (unsigned int i = 0; i < CONNS; i++) {
		assert_false(seen[rig.free_conns[i]]);
		seen[rig.free_conns[i]] = true;
	}
	assert_int_equal(rig.freed, tls);
}

/* ---- tests ----------------------------------------------------------------------------------------------------------------- */

/* A client that does not read is aborted from within the call that read its packet. */
static void aborted_within_tls_input(void **state)
{
	struct tcp_conn *tcp = open_secured(0);

	RTE_SET_USED(state);
	rig.abort_in_input = true;
	data(tcp);
	assert_int_equal(rig.closed, 1);
	expect_all_free(1);
}

static void aborted_within_tls_resume(void **state)
{
	struct tcp_conn *tcp = open_secured(0);

	RTE_SET_USED(state);
	rig.abort_in_input = true;
	tp_mqtt_go_on_later(tcp->app);
	tp_mqtt_go_on(&rig.q);
	assert_int_equal(rig.closed, 1);
	expect_all_free(1);
}

/* It stands in the list of those that go on: its place is free when it has been taken out of there, and not before. */
static void aborted_while_listed(void **state)
{
	struct tcp_conn *tcp = open_secured(0);

	RTE_SET_USED(state);
	tp_mqtt_go_on_later(tcp->app);
	tp_mqtt_hang_up(tcp->app, true);
	assert_int_equal(rig.q.n_free, CONNS - 1);
	tp_mqtt_go_on(&rig.q);
	expect_all_free(1);
}

/* All connections wait for a step, and still do after it: the list has room for each of them once. */
static void all_connections_step_in_turn(void **state)
{
	const uint32_t expected[] = {0, 1, 2, 0, 1, 2, 0, 1};

	RTE_SET_USED(state);
	for (unsigned int i = 0; i < CONNS; i++)
		open_one(i);
	for (unsigned int i = 0; i < 4; i++)
		tp_mqtt_handshakes(&rig.q);
	assert_memory_equal(rig.order, expected, sizeof(expected));
	assert_int_equal(rig.stepping[CONNS], CANARY);
	assert_int_equal(rig.q.stepping.n, CONNS);
}

static void all_connections_go_on_again_and_again(void **state)
{
	RTE_SET_USED(state);
	for (unsigned int i = 0; i < CONNS; i++)
		open_secured(i);
	for (unsigned int turn = 0; turn < 4; turn++) {
		rig.w.arena.next = rig.w.arena.end; /* plain octets find no room: each goes on in the next walk */
		for (unsigned int i = 0; i < CONNS; i++)
			tp_mqtt_go_on_later(rig.tcp[i].app);
		tp_mqtt_go_on(&rig.q);
		assert_int_equal(rig.q.resume.n, CONNS);
	}
	assert_int_equal(rig.resume[CONNS], CANARY);
}

/* A FIN behind messages that found no room: the gateway hears of it when it has them. */
static void end_of_stream_waits_for_plain_octets(void **state)
{
	struct tcp_conn *tcp = open_secured(0);

	RTE_SET_USED(state);
	rig.waits = true;
	tp_mqtt_tcp_app.ended(&rig.q, tcp);
	tp_mqtt_go_on_later(tcp->app);
	tp_mqtt_go_on(&rig.q);
	assert_int_equal(rig.ended, 0);
	tp_mqtt_go_on_later(tcp->app);
	rig.waits = false;
	tp_mqtt_go_on(&rig.q);
	assert_int_equal(rig.ended, 1);
	tp_mqtt_go_on_later(tcp->app);
	tp_mqtt_go_on(&rig.q);
	assert_int_equal(rig.ended, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup(aborted_within_tls_input, rig_start),
	        cmocka_unit_test_setup(aborted_within_tls_resume, rig_start),
	        cmocka_unit_test_setup(aborted_while_listed, rig_start),
	        cmocka_unit_test_setup(all_connections_step_in_turn, rig_start),
	        cmocka_unit_test_setup(all_connections_go_on_again_and_again, rig_start),
	        cmocka_unit_test_setup(end_of_stream_waits_for_plain_octets, rig_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
