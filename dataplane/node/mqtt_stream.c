/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Octets between the TCP endpoint, TLS and the gateway.
 *
 * A connection that goes on does so at the start of the next walk, so that what its messages become goes through the graph like everything else. Plain
 * octets of TLS are copied into the arena: messages point into them until the walk ends.
 *
 * The gateway hears of a connection when it opens, also before TLS is there, so that its time for a CONNECT runs through the handshake. It does not run
 * while a handshake step waits for its turn here.
 */
#include <errno.h>

#include "mqtt.h"

static void stream_list_add(struct tp_mqtt_worker *q, struct tp_mqtt_list *list, bool *stands, uint32_t index)
{
	if (*stands)
		return;
	*stands = true;
	list->index[(list->first + list->n++) % q->n_conns] = index;
}

static struct tp_mqtt_conn *stream_list_take(struct tp_mqtt_worker *q, struct tp_mqtt_list *list)
{
	struct tp_mqtt_conn *c = &q->conns[list->index[list->first]];

	list->first = (list->first + 1) % q->n_conns;
	list->n--;
	return c;
}

/* ---- connections ----------------------------------------------------------------------------------------------------------- */
static void stream_counted(struct tp_mqtt_conn *c, int more)
{
	uint32_t *n = &c->q->conns_of[c->listener];

	__atomic_store_n(n, *n + (uint32_t)more, __ATOMIC_RELEASE);
}

static struct tp_mqtt_conn *stream_take(struct tp_mqtt_worker *q, struct tcp_conn *tcp)
{
	struct tp_mqtt_conn *c;

	if (q->n_free == 0)
		return NULL;
	c = &q->conns[q->free_conns[--q->n_free]];
	*c = (struct tp_mqtt_conn){.q = q, .tcp = tcp, .index = (uint32_t)(c - q->conns), .in_use = true};
	c->listener = tcp_conn_listener(tcp);
	stream_counted(c, 1);
	tcp_conn_set_app(tcp, c);
	return c;
}

/* Free again, unless it stands in a list or in a call of TLS: then who takes it out of there frees it. */
static void stream_release(struct tp_mqtt_conn *c)
{
	if (c->tcp || c->resume || c->stepping || c->in_tls || !c->in_use)
		return;
	if (c->tls)
		c->q->tls_open[c->listener]--;
	tls_free(c->tls);
	c->tls = NULL;
	c->in_use = false;
	stream_counted(c, -1);
	c->q->free_conns[c->q->n_free++] = c->index;
}

static void stream_start_session(struct tp_mqtt_conn *c)
{
	c->session = mqtt_opened(c->q->gateway, c, tcp_conn_listener(c->tcp), c->q->now_us);
	if (!c->session)
		tcp_abort(c->q->tcp, c->tcp);
}

/* ---- TLS ------------------------------------------------------------------------------------------------------------------- */
static uint32_t stream_plain(void *ctx, const uint8_t *p, uint32_t n)
{
	struct tp_mqtt_conn *c = ctx;
	uint8_t *copy;

	if (!c->session)
		return c->tcp ? 0 : n;
	copy = tp_arena_get(&c->q->worker->arena, n);
	if (!copy) { /* the next walk has room */
		stream_list_add(c->q, &c->q->resume, &c->resume, c->index);
		return 0;
	}
	memcpy(copy, p, n);
	return mqtt_input(c->q->gateway, c->session, copy, n, c->q->now_us);
}

static int stream_wire(void *ctx, const uint8_t *p, uint32_t n)
{
	struct tp_mqtt_conn *c = ctx;

	int rc = c->tcp ? tcp_send(c->q->tcp, c->tcp, p, n) : 0;

	/* With nothing under way no acknowledgement will make room: it is other connections that use up the memory. */
	if (rc == -ENOBUFS && tcp_unsent(c->tcp) == 0)
		stream_list_add(c->q, &c->q->resume, &c->resume, c->index);
	return rc;
}

static void stream_secured(struct tp_mqtt_conn *c)
{
	if (c->secured)
		return;
	c->secured = true;
	c->q->worker->books[0].c[TP_C_tls_handshake]++;
	c->q->worker->books[0].c[TP_C_tls_resumed] += tls_resumed(c->tls);
}

static void stream_tls_failed(struct tp_mqtt_conn *c)
{
	if (c->hung_up)
		return;
	c->hung_up = true;
	c->q->worker->books[0].c[TP_C_tls_failed]++;
	tcp_close(c->q->tcp, c->tcp);
}

/* What the state of TLS asks for, after each call of it. The connection may have come to its end within the call. */
static void stream_follow(struct tp_mqtt_conn *c, enum tls_state state)
{
	c->in_tls = false;
	if (!c->tcp) {
		stream_release(c);
		return;
	}
	if (c->session && !c->secured)
		mqtt_await(c->q->gateway, c->session, state != TLS_PENDING, c->q->now_us);
	switch (state) {
	case TLS_PENDING:
		stream_list_add(c->q, &c->q->stepping, &c->stepping, c->index);
		break;
	case TLS_OPEN:
		stream_secured(c);
		break;
	case TLS_ENDED:
		if (c->session)
			mqtt_ended(c->q->gateway, c->session, c->q->now_us);
		else
			tcp_close(c->q->tcp, c->tcp);
		break;
	case TLS_FAILED:
		stream_tls_failed(c);
		break;
	case TLS_HANDSHAKE:
		break;
	}
}

static bool stream_tls_full(const struct tp_mqtt_conn *c)
{
	const struct tp_mqtt_worker *q = c->q;
	uint32_t most = q->worker->spec->mqtt_listeners[c->listener].tls_connections;

	return most && q->tls_open[c->listener] >= most;
}

static bool stream_start_tls(struct tp_mqtt_conn *c, struct tls_context *context)
{
	const struct tls_io io = {.plain = stream_plain, .wire = stream_wire, .ctx = c};

	if (stream_tls_full(c)) {
		c->q->worker->books[0].c[TP_C_tls_full]++;
		return false;
	}
	c->tls = tls_new(context, &io);
	if (c->tls)
		c->q->tls_open[c->listener]++;
	return c->tls != NULL;
}

/* Those that came first go first; what the steps add stands behind them. */
void tp_mqtt_handshakes(struct tp_mqtt_worker *q)
{
	uint32_t n = q->stepping.n < q->handshakes ? q->stepping.n : q->handshakes;

	while (n--) {
		struct tp_mqtt_conn *c = stream_list_take(q, &q->stepping);

		c->stepping = false;
		if (!c->tcp) {
			stream_release(c);
			continue;
		}
		c->in_tls = true;
		stream_follow(c, tls_step(c->tls));
		if (c->tcp) /* what came behind the handshake */
			stream_list_add(q, &q->resume, &c->resume, c->index);
	}
}

/* ---- what the endpoint calls ------------------------------------------------------------------------------------------------ */
static void stream_opened(void *ctx, struct tcp_conn *tcp)
{
	struct tp_mqtt_worker *q = ctx;
	const struct tp_mqtt_listener *listener = &q->worker->spec->mqtt_listeners[tcp_conn_listener(tcp)];
	struct tp_mqtt_conn *c = stream_take(q, tcp);

	if (!c || listener->retired || (listener->tls && !stream_start_tls(c, __atomic_load_n(listener->tls, __ATOMIC_ACQUIRE))))
		tcp_abort(q->tcp, tcp);
	else
		stream_start_session(c);
}

static uint32_t stream_data(void *ctx, struct tcp_conn *tcp, const uint8_t *p, uint32_t n)
{
	struct tp_mqtt_worker *q = ctx;
	struct tp_mqtt_conn *c = tcp_conn_app(tcp);
	enum tls_state state;
	uint32_t took;

	if (!c)
		return n;
	if (!c->tls)
		return c->session ? mqtt_input(q->gateway, c->session, p, n, q->now_us) : n;
	c->in_tls = true;
	took = tls_input(c->tls, p, n, &state);
	stream_follow(c, state);
	return took;
}

static void stream_ended(void *ctx, struct tcp_conn *tcp)
{
	struct tp_mqtt_worker *q = ctx;
	struct tp_mqtt_conn *c = tcp_conn_app(tcp);

	if (c)
		c->ended = c->tls && tls_waits(c->tls);
	if (c && c->ended)
		return; /* the application hears of it when it has taken what was before */
	if (c && c->session)
		mqtt_ended(q->gateway, c->session, q->now_us);
	else
		tcp_close(q->tcp, tcp);
}

static enum mqtt_gone stream_gone(enum tcp_closed why)
{
	switch (why) {
	case TCP_CLOSED_RESET:
		return MQTT_GONE_RESET;
	case TCP_CLOSED_TIMED_OUT:
		return MQTT_GONE_TIMED_OUT;
	case TCP_CLOSED_STOPPED:
		return MQTT_GONE_SHUTTING_DOWN;
	case TCP_CLOSED_DONE:
	case TCP_CLOSED_ABORTED:
	case TCP_CLOSED_NO_MEMORY:
		break;
	}
	return MQTT_GONE_CLOSED;
}

static void stream_closed(void *ctx, struct tcp_conn *tcp, enum tcp_closed why)
{
	struct tp_mqtt_worker *q = ctx;
	struct tp_mqtt_conn *c = tcp_conn_app(tcp);
	struct mqtt_session *session;

	if (!c)
		return;
	session = c->session;
	c->session = NULL;
	if (session)
		mqtt_closed(q->gateway, session, stream_gone(why), q->now_us);
	c->tcp = NULL;
	stream_release(c);
}

/* Records that TCP refused: a client that says nothing more would never get them otherwise. */
static void stream_writable(void *ctx, struct tcp_conn *tcp)
{
	struct tp_mqtt_conn *c = tcp_conn_app(tcp);

	RTE_SET_USED(ctx);
	if (c && c->tls)
		tls_writable(c->tls);
}

const struct tcp_app tp_mqtt_tcp_app = {
        .opened = stream_opened, .data = stream_data, .ended = stream_ended, .closed = stream_closed, .writable = stream_writable};

/* ---- what the gateway asks for ---------------------------------------------------------------------------------------------- */
int tp_mqtt_write(struct tp_mqtt_conn *c, const uint8_t *p, uint32_t n)
{
	if (!c->tcp)
		return 0;
	return c->tls ? tls_send(c->tls, p, n) : tcp_send(c->q->tcp, c->tcp, p, n);
}

/* While the appliance stops ports are not read any more: nobody would ever say that the peer has closed its side. */
static void stream_part(struct tp_mqtt_conn *c)
{
	struct mqtt_session *session = c->session;

	c->session = NULL;
	if (session)
		mqtt_closed(c->q->gateway, session, MQTT_GONE_SHUTTING_DOWN, c->q->now_us);
}

void tp_mqtt_hang_up(struct tp_mqtt_conn *c, bool at_once)
{
	if (!c->tcp)
		return;
	if (at_once) {
		tcp_abort(c->q->tcp, c->tcp);
		return;
	}
	if (c->tls)
		tls_close(c->tls);
	tcp_close(c->q->tcp, c->tcp);
	c->hung_up = true;
	if (c->q->stopping)
		stream_part(c);
}

void tp_mqtt_part_hung_up(struct tp_mqtt_worker *q)
{
	for (uint32_t i = 0; i < q->n_conns; i++)
		if (q->conns[i].tcp && q->conns[i].hung_up)
			stream_part(&q->conns[i]);
}

void tp_mqtt_go_on_later(struct tp_mqtt_conn *c)
{
	if (c->tcp)
		stream_list_add(c->q, &c->q->resume, &c->resume, c->index);
}

static void stream_go_on(struct tp_mqtt_worker *q, struct tp_mqtt_conn *c)
{
	if (c->tcp && c->tls) {
		c->in_tls = true;
		stream_follow(c, tls_resume(c->tls));
	}
	if (c->tcp)
		tcp_resume(q->tcp, c->tcp, q->now_us);
	if (c->tcp && c->ended)
		stream_ended(q, c->tcp);
	stream_release(c);
}

void tp_mqtt_go_on(struct tp_mqtt_worker *q)
{
	for (uint32_t n = q->resume.n; n > 0; n--) {
		struct tp_mqtt_conn *c = stream_list_take(q, &q->resume);

		c->resume = false;
		stream_go_on(q, c);
	}
}
