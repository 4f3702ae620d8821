/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Between the TCP endpoint, TLS and the gateway, of which stand-ins are here that only write down what is asked of them: in what order a connection that
 * ends is taken apart, and whose time runs.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "mqtt.h"

#define CONNS 4

struct tls {
	struct tls_io io;
	bool inside; /* in a call */
};

static struct {
	struct tp_mqtt_worker q;
	struct tp_worker worker;
	struct tp_book book;
	struct tp_plan_spec spec;
	struct tp_mqtt_listener listener;
	struct tls_context *context;
	struct tp_mqtt_conn conns[CONNS];
	uint32_t free_conns[CONNS + 4], resume[CONNS], stepping[CONNS]; /* room to see a place that is free twice */
	/* A TCP connection is where it keeps its application. */
	void *apps[CONNS];
	struct tls tls[CONNS];
	unsigned int steps[CONNS + 8], n_steps; /* whose they were */
	enum tls_state next;
	unsigned int made, freed, opened, closed, awaited, writable;
	uint32_t queued; /* in TCP */
	bool alive, abort, peer, speak, full;
} t;

/* ---- stand-ins ------------------------------------------------------------------------------------------------------------- */
#define TCP     ((struct tcp_conn *)&t.apps[0])
#define SESSION ((struct mqtt_session *)&t.opened)

void tcp_conn_set_app(struct tcp_conn *c, void *app)
{
	*(void **)c = app;
}

void *tcp_conn_app(const struct tcp_conn *c)
{
	return *(void *const *)c;
}

uint16_t tcp_conn_listener(const struct tcp_conn *c)
{
	(void)c;
	return 0;
}

int tcp_send(struct tcp *tcp, struct tcp_conn *c, const uint8_t *p, uint32_t n)
{
	(void)tcp;
	(void)c;
	(void)p;
	(void)n;
	return t.full ? -ENOBUFS : 0;
}

uint32_t tcp_unsent(const struct tcp_conn *c)
{
	(void)c;
	return t.queued;
}

void tcp_resume(struct tcp *tcp, struct tcp_conn *c, uint64_t now_us)
{
	(void)tcp;
	(void)c;
	(void)now_us;
	assert_true(t.alive);
}

void tcp_close(struct tcp *tcp, struct tcp_conn *c)
{
	(void)tcp;
	(void)c;
}

void tcp_abort(struct tcp *tcp, struct tcp_conn *c)
{
	(void)tcp;
	assert_true(t.alive);
	t.alive = false;
	tp_mqtt_tcp_app.closed(&t.q, c, TCP_CLOSED_ABORTED);
}

struct tls *tls_new(struct tls_context *context, const struct tls_io *io)
{
	struct tls *s = &t.tls[t.made++ % CONNS];

	(void)context;
	*s = (struct tls){.io = *io};
	return s;
}

void tls_free(struct tls *s)
{
	if (!s)
		return;
	assert_false(s->inside);
	t.freed++;
}

static enum tls_state tls_call(struct tls *s)
{
	s->inside = true;
	if (t.speak)
		s->io.plain(s->io.ctx, (const uint8_t *)"x", 1);
	assert_int_equal(t.freed, 0);
	s->inside = false;
	return t.next;
}

uint32_t tls_input(struct tls *s, const uint8_t *p, uint32_t n, enum tls_state *state)
{
	(void)p;
	*state = tls_call(s);
	return n;
}

void tls_writable(struct tls *s)
{
	assert_false(s->inside);
	t.writable++;
}

enum tls_state tls_step(struct tls *s)
{
	t.steps[t.n_steps++] = (unsigned int)(s - t.tls);
	return tls_call(s);
}

enum tls_state tls_resume(struct tls *s)
{
	return tls_call(s);
}

int tls_send(struct tls *s, const uint8_t *p, uint32_t n)
{
	(void)s;
	(void)p;
	(void)n;
	return 0;
}

void tls_close(struct tls *s)
{
	(void)s;
}

bool tls_waits(const struct tls *s)
{
	(void)s;
	return false;
}

bool tls_resumed(const struct tls *s)
{
	(void)s;
	return false;
}

struct mqtt_session *mqtt_opened(struct mqtt_gateway *g, void *conn, unsigned int listener, uint64_t now_us)
{
	(void)g;
	(void)conn;
	(void)listener;
	(void)now_us;
	t.opened++;
	return SESSION;
}

void mqtt_await(struct mqtt_gateway *g, struct mqtt_session *s, bool peer, uint64_t now_us)
{
	(void)g;
	(void)now_us;
	assert_ptr_equal(s, SESSION);
	t.awaited++;
	t.peer = peer;
}

/* As where an answer finds a peer that does not read. */
uint32_t mqtt_input(struct mqtt_gateway *g, struct mqtt_session *s, const uint8_t *p, uint32_t n, uint64_t now_us)
{
	(void)g;
	(void)p;
	(void)now_us;
	assert_ptr_equal(s, SESSION);
	if (t.abort)
		tp_mqtt_hang_up(t.apps[0], true);
	return n;
}

void mqtt_ended(struct mqtt_gateway *g, struct mqtt_session *s, uint64_t now_us)
{
	(void)g;
	(void)s;
	(void)now_us;
}

void mqtt_closed(struct mqtt_gateway *g, struct mqtt_session *s, enum mqtt_gone why, uint64_t now_us)
{
	(void)g;
	(void)s;
	(void)why;
	(void)now_us;
	t.closed++;
}

/* ---- tests ------------------------------------------------------------------------------------------------------------------- */
static int start(void **state)
{
	static uint8_t arena[4096];

	(void)state;
	memset(&t, 0, sizeof(t));
	t.listener.tls = &t.context;
	t.spec.mqtt_listeners = &t.listener;
	t.spec.n_mqtt_listeners = 1;
	t.worker = (struct tp_worker){.spec = &t.spec, .books = &t.book, .arena = {.next = arena, .end = arena + sizeof(arena)}};
	t.q = (struct tp_mqtt_worker){.worker = &t.worker,
	        .conns = t.conns,
	        .n_conns = CONNS,
	        .free_conns = t.free_conns,
	        .resume = {.index = t.resume},
	        .stepping = {.index = t.stepping},
	        .handshakes = 4};
	for (uint32_t i = 0; i < CONNS; i++)
		t.q.free_conns[t.q.n_free++] = i;
	return 0;
}

static void open_tls(void)
{
	t.alive = true;
	tp_mqtt_tcp_app.opened(&t.q, TCP);
	assert_int_equal(t.q.n_free, CONNS - 1);
}

static void input(enum tls_state next)
{
	t.next = next;
	assert_int_equal(tp_mqtt_tcp_app.data(&t.q, TCP, (const uint8_t *)"x", 1), 1);
}

/* What a connection had is free again, once. */
static void check_gone(void)
{
	assert_false(t.alive);
	assert_int_equal(t.freed, 1);
	assert_int_equal(t.closed, 1);
	assert_int_equal(t.q.n_free, CONNS);
}

/* The gateway's time for a CONNECT runs from the beginning, but not while a step of the handshake waits for this side. */
static void test_time_runs_through_the_handshake(void **state)
{
	(void)state;
	open_tls();
	assert_int_equal(t.opened, 1);
	input(TLS_HANDSHAKE);
	assert_true(t.peer);
	input(TLS_PENDING);
	assert_false(t.peer);
	t.next = TLS_HANDSHAKE;
	tp_mqtt_handshakes(&t.q);
	assert_true(t.peer);
	input(TLS_PENDING);
	t.next = TLS_OPEN;
	tp_mqtt_handshakes(&t.q);
	assert_true(t.peer);
	assert_int_equal(t.opened, 1);
	assert_int_equal(t.book.c[TP_C_tls_handshake], 1);
	tcp_abort(NULL, TCP);
	tp_mqtt_go_on(&t.q);
	check_gone();
}

/* Handshakes have a budget of steps a walk, so that plain traffic does not wait for all of them; who came first goes first, and behind the others afterwards. */
static void test_steps_a_walk_are_bounded(void **state)
{
	static const unsigned int turns[] = {0, 1, 2, 0, 1, 2};

	(void)state;
	t.q.handshakes = 2;
	t.next = TLS_PENDING;
	for (unsigned int i = 0; i < 3; i++) {
		t.alive = true;
		tp_mqtt_tcp_app.opened(&t.q, (struct tcp_conn *)&t.apps[i]);
		tp_mqtt_tcp_app.data(&t.q, (struct tcp_conn *)&t.apps[i], (const uint8_t *)"x", 1);
	}
	assert_int_equal(t.n_steps, 0); /* octets alone cost none */
	for (unsigned int walk = 1; walk <= 3; walk++) {
		tp_mqtt_handshakes(&t.q);
		assert_int_equal(t.n_steps, 2 * walk);
	}
	assert_memory_equal(t.steps, turns, sizeof(turns));
	t.next = TLS_OPEN;
	tp_mqtt_handshakes(&t.q);
	tp_mqtt_handshakes(&t.q);
	assert_int_equal(t.n_steps, 9);
	tp_mqtt_handshakes(&t.q);
	assert_int_equal(t.n_steps, 9);
	assert_int_equal(t.book.c[TP_C_tls_handshake], 3);
}

/* TLS is not taken away from under itself. */
static void test_closed_inside_input(void **state)
{
	(void)state;
	open_tls();
	input(TLS_OPEN);
	t.abort = t.speak = true;
	input(TLS_OPEN);
	check_gone();
}

static void test_closed_inside_a_step(void **state)
{
	(void)state;
	open_tls();
	input(TLS_PENDING);
	t.abort = t.speak = true;
	t.next = TLS_OPEN;
	tp_mqtt_handshakes(&t.q);
	check_gone();
}

static void test_closed_inside_resume(void **state)
{
	(void)state;
	open_tls();
	input(TLS_OPEN);
	t.abort = t.speak = true;
	tp_mqtt_go_on_later(t.apps[0]);
	tp_mqtt_go_on(&t.q);
	check_gone();
}

static void test_closed_while_it_waits(void **state)
{
	(void)state;
	open_tls();
	input(TLS_PENDING);
	tp_mqtt_go_on_later(t.apps[0]);
	tcp_abort(NULL, TCP);
	assert_int_equal(t.q.n_free, CONNS - 1);
	tp_mqtt_go_on(&t.q);
	assert_int_equal(t.q.n_free, CONNS - 1);
	assert_int_equal(t.q.conns_of[0], 1); /* its place is not free, so its listener's is not either */
	tp_mqtt_handshakes(&t.q);
	assert_int_equal(t.q.conns_of[0], 0);
	check_gone();
}

/* Records that TCP refused leave when it has room, though the client says nothing. */
static void test_wire_has_room_again(void **state)
{
	(void)state;
	open_tls();
	input(TLS_OPEN);
	t.full = true;
	t.queued = 8000;
	assert_int_equal(t.tls[0].io.wire(t.apps[0], (const uint8_t *)"x", 1), -ENOBUFS);
	assert_int_equal(t.q.resume.n, 0);
	tp_mqtt_tcp_app.writable(&t.q, TCP);
	assert_int_equal(t.writable, 1);
	/* Nothing is under way whose acknowledgement could make room. */
	t.queued = 0;
	assert_int_equal(t.tls[0].io.wire(t.apps[0], (const uint8_t *)"x", 1), -ENOBUFS);
	assert_int_equal(t.q.resume.n, 1);
	tp_mqtt_go_on(&t.q);
	tcp_abort(NULL, TCP);
	check_gone();
}

/* As many as the listener allows; the place of one that has gone is free. There is a place for listeners that a later plan adds. */
static void test_tls_connections_are_bounded(void **state)
{
	uint32_t *tls_open = t.q.tls_open;

	(void)state;
	assert_int_equal(sizeof(t.q.tls_open), TP_MAX_MQTT_LISTENERS * sizeof(*tls_open));
	t.listener.tls_connections = 1;
	open_tls();
	assert_int_equal(*tls_open, 1);
	tcp_abort(NULL, TCP);
	check_gone();
	assert_int_equal(*tls_open, 0);
	*tls_open = 1;
	t.alive = true;
	tp_mqtt_tcp_app.opened(&t.q, TCP);
	assert_false(t.alive);
	assert_int_equal(t.book.c[TP_C_tls_full], 1);
	assert_int_equal(t.made, 1);
	assert_int_equal(*tls_open, 1);
	assert_int_equal(t.q.n_free, CONNS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup(test_time_runs_through_the_handshake, start),
	        cmocka_unit_test_setup(test_steps_a_walk_are_bounded, start),
	        cmocka_unit_test_setup(test_closed_inside_input, start),
	        cmocka_unit_test_setup(test_closed_inside_a_step, start),
	        cmocka_unit_test_setup(test_closed_inside_resume, start),
	        cmocka_unit_test_setup(test_closed_while_it_waits, start),
	        cmocka_unit_test_setup(test_wire_has_room_again, start),
	        cmocka_unit_test_setup(test_tls_connections_are_bounded, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
