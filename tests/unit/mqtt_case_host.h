/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_TEST_MQTT_CASE_HOST_H
#define TP_TEST_MQTT_CASE_HOST_H
/*
 * The gateways of one or two workers with a host of arrays: connections are buffers, messages are kept until a case has looked at
 * them, and records end when a case says so. Octets are given as copies that are freed behind mqtt_flush(), so that a slice kept
 * for too long is found. A case runs in modes that must not show: whole lines or octet by octet, one worker or two.
 */
#include <errno.h>

#include "gateway.h"
#include "mqtt_case_event.h"
#include "mqtt_case_said.h"

#define CASE_CONNS    8
#define CASE_MESSAGES 512
#define CASE_NOTES    64
#define CASE_SOURCES  4 /* nobody, unknown devices, known ones */
#define CASE_ROUTES   8
#define CASE_START_US UINT64_C(1000000000)

struct case_mode {
	const char *name;
	unsigned int workers;
	bool octets;
};

struct case_conn {
	unsigned int number, worker;
	struct mqtt_session *session;
	bool opened, ended; /* ended: mqtt_closed() was called */
	bool closing;       /* the gateway closed it */
	bool closed_seen;   /* a case has looked at that */
	bool deaf;          /* it does not read */
	uint8_t head[12];   /* the first octets of its CONNECT */
	uint8_t head_n;
	bool resumed;
	struct octets in;  /* not taken yet */
	struct octets out; /* not looked at yet */
	char certificate[256];
	uint8_t address[4];
};

struct case_message {
	struct mqtt_message m; /* slices are copies */
	unsigned int worker, conn;
	uint32_t open; /* records that have not ended */
	bool walking;  /* between the gateway and its records */
	bool seen;
	void *copies[16];
	unsigned int n_copies;
};

enum case_login { CASE_LOGIN_BY_LIST, CASE_LOGIN_LATER, CASE_LOGIN_BUSY };

struct case_run {
	struct case_mode mode;
	struct mqtt_spec spec;
	struct tp_mqtt_listener listener;
	struct tp_mqtt_route routes[CASE_ROUTES];
	const char *may[CASE_ROUTES];
	struct mqtt_gateway *gateways[2];
	struct mqtt_host hosts[2];
	struct case_self {
		struct case_run *run;
		unsigned int worker;
	} selves[2];
	struct tp_book *books[2];
	uint64_t now_us;
	struct case_conn conns[CASE_CONNS];
	struct case_message messages[CASE_MESSAGES];
	unsigned int n_messages;
	struct case_event events[CASE_MESSAGES];
	unsigned int n_events, events_seen;
	bool events_told; /* a case speaks of events */
	struct {
		struct mqtt_note note;
		unsigned int to;
	} notes[CASE_NOTES];
	unsigned int n_notes;
	bool notes_full; /* post says -EBUSY */
	struct {
		uint32_t ticket;
		unsigned int worker;
		bool ok, open;
	} logins[CASE_CONNS];
	enum case_login login;
	char users[8][2][64];
	unsigned int n_users;
	char known[8][64]; /* devices with a source of their own */
	unsigned int n_known;
	unsigned int records; /* a message becomes */
	bool no_room;
	bool activity;
	char *strings[32]; /* what listener, routes and patterns point to */
	unsigned int n_strings;
	struct octets_names names;
	unsigned int common_names; /* those of packets.txt */
	const char *broken;        /* the gateway did what no host can take */
};

static inline struct case_run *case_of(void *ctx, unsigned int *worker)
{
	struct case_self *self = ctx;

	*worker = self->worker;
	self->run->activity = true;
	return self->run;
}

static inline int case_send(void *ctx, void *conn, const uint8_t *p, uint32_t n)
{
	struct case_conn *c = conn;
	unsigned int worker;
	struct case_run *run = case_of(ctx, &worker);

	if (c->closing || c->ended || worker != c->worker)
		run->broken = "octets for a connection that is closed or another worker's";
	if (c->deaf)
		return -ENOBUFS;
	octets_add(&c->out, p, n);
	return 0;
}

static inline void case_close(void *ctx, void *conn, bool at_once)
{
	struct case_conn *c = conn;
	unsigned int worker;
	struct case_run *run = case_of(ctx, &worker);

	(void)at_once;
	if (c->closing || c->ended)
		run->broken = "a connection is closed twice";
	c->closing = true;
}

static inline void case_resume(void *ctx, void *conn)
{
	unsigned int worker;

	case_of(ctx, &worker);
	((struct case_conn *)conn)->resumed = true;
}

static inline void case_copy(struct case_message *kept, struct tp_slice *s)
{
	uint8_t *copy;

	if (s->p == NULL)
		return;
	copy = malloc(s->n + 1u);
	memcpy(copy, s->p, s->n);
	s->p = copy;
	kept->copies[kept->n_copies++] = copy;
}

static inline int case_publish(void *ctx, const struct mqtt_message *m)
{
	unsigned int worker;
	struct case_run *run = case_of(ctx, &worker);
	struct case_message *kept = &run->messages[run->n_messages];

	if (run->no_room)
		return -EAGAIN;
	if (run->n_messages == CASE_MESSAGES) {
		run->broken = "more messages than a case can have";
		return -EAGAIN;
	}
	*kept = (struct case_message){.m = *m, .worker = worker, .open = run->records};
	kept->walking = m->waiter != TP_NOBODY_WAITS;
	kept->conn = m->conn ? ((struct case_conn *)m->conn)->number : 0;
	case_copy(kept, &kept->m.device);
	case_copy(kept, &kept->m.site);
	case_copy(kept, &kept->m.lane);
	case_copy(kept, &kept->m.payload);
	case_copy(kept, &kept->m.meta.topic);
	case_copy(kept, &kept->m.meta.client_id);
	case_copy(kept, &kept->m.meta.properties);
	case_copy(kept, &kept->m.meta.content_type);
	case_copy(kept, &kept->m.meta.response_topic);
	case_copy(kept, &kept->m.meta.correlation);
	for (uint32_t i = 0; m->waiter != TP_NOBODY_WAITS && i < run->records; i++)
		tp_waiter_made(mqtt_waiters(run->gateways[worker]), m->waiter);
	run->n_messages++;
	return 0;
}

static inline int case_login(void *ctx, const struct mqtt_login *login)
{
	unsigned int worker, i = 0;
	struct case_run *run = case_of(ctx, &worker);

	if (run->login == CASE_LOGIN_BUSY)
		return -EBUSY;
	while (i < CASE_CONNS && run->logins[i].open)
		i++;
	if (i == CASE_CONNS)
		return -EBUSY;
	run->logins[i].open = true;
	run->logins[i].ok = false;
	run->logins[i].ticket = login->ticket;
	run->logins[i].worker = worker;
	for (unsigned int u = 0; u < run->n_users; u++)
		run->logins[i].ok |= tp_slice_is(login->user, run->users[u][0]) && tp_slice_is(login->password, run->users[u][1]);
	return 0;
}

static inline int case_post(void *ctx, uint16_t worker, const struct mqtt_note *note)
{
	unsigned int from;
	struct case_run *run = case_of(ctx, &from);

	if (worker >= run->mode.workers)
		run->broken = "a note to a worker that does not exist";
	if (run->notes_full || run->n_notes == CASE_NOTES)
		return -EBUSY;
	run->notes[run->n_notes].note = *note;
	run->notes[run->n_notes++].to = worker;
	return 0;
}

static inline void case_event(void *ctx, const struct mqtt_event *event)
{
	unsigned int worker;
	struct case_run *run = case_of(ctx, &worker);
	const char *wrong = run->n_events == CASE_MESSAGES ? "more events than a case can have"
	                                                   : case_event_keep(run->events, run->n_events++, event, run->now_us);

	if (wrong)
		run->broken = wrong;
}

static inline int case_certificate(void *ctx, void *conn, unsigned int which, char *text, size_t len)
{
	(void)ctx;
	(void)which;
	snprintf(text, len, "%s", ((struct case_conn *)conn)->certificate);
	return (int)strlen(text);
}

static inline uint16_t case_source(void *ctx, unsigned int listener, struct tp_slice name)
{
	struct case_run *run = ((struct case_self *)ctx)->run;

	(void)listener;
	for (unsigned int i = 0; i < run->n_known; i++)
		if (tp_slice_is(name, run->known[i]))
			return 2;
	return 0;
}

static inline uint8_t case_address(void *ctx, void *conn, uint8_t addr[16])
{
	(void)ctx;
	memset(addr, 0, 16);
	memcpy(addr, ((struct case_conn *)conn)->address, 4);
	return 4;
}

static inline uint32_t case_silence_ms(void *ctx, void *conn)
{
	(void)ctx;
	(void)conn;
	return 0;
}

static inline int case_reserve(void *ctx, void *conn, uint32_t n)
{
	(void)ctx;
	(void)conn;
	(void)n;
	return 0;
}

/* ---- life ----------------------------------------------------------------------------------------------------------------- */
static inline void case_defaults(struct case_run *run, const struct case_mode *mode)
{
	struct octets_names names = run->names;
	unsigned int common = run->common_names;

	memset(run, 0, sizeof(*run));
	run->names = names;
	run->common_names = common;
	run->mode = *mode;
	run->now_us = CASE_START_US;
	run->records = 1;
	run->listener = (struct tp_mqtt_listener){.name = "case",
	        .port = 1883,
	        .identity = TP_MQTT_IDENTITY_CLIENT_ID,
	        .versions = TP_MQTT_3_1_1 | TP_MQTT_5,
	        .anonymous = true,
	        .unmapped = -1,
	        .unknown_source = 1,
	        .max_packet = 4096,
	        .in_flight = 8,
	        .alias_max = 4,
	        .expiry_max = 3600,
	        .connect_timeout_ms = 5000};
	run->spec = (struct mqtt_spec){.listeners = &run->listener,
	        .n_listeners = 1,
	        .connections = CASE_CONNS,
	        .clients = 16,
	        .waiters = 64,
	        .assembly_octets = 65536,
	        .window = 16,
	        .prefixes = 16,
	        .secret = "a case's secret"};
	for (unsigned int i = 0; i < CASE_CONNS; i++) {
		run->conns[i].number = i;
		run->conns[i].worker = i % mode->workers;
		memcpy(run->conns[i].address, ((uint8_t[]){192, 0, 2, (uint8_t)i}), 4);
	}
}

/* After what configures, before what happens. */
static inline bool case_start(struct case_run *run)
{
	if (run->gateways[0])
		return true;
	run->listener.routes = run->routes;
	run->listener.may_publish = run->may;
	if (run->listener.n_routes == 0)
		run->routes[run->listener.n_routes++] = (struct tp_mqtt_route){.filter = "t/#"};
	for (unsigned int w = 0; w < run->mode.workers; w++) {
		struct mqtt_spec spec = run->spec;

		spec.worker = (uint16_t)w;
		spec.n_workers = (uint16_t)run->mode.workers;
		run->selves[w] = (struct case_self){run, w};
		run->hosts[w] = (struct mqtt_host){case_send, case_close, case_resume, case_publish, case_login, case_post,
		        case_event, case_certificate, case_source, case_address, case_silence_ms, case_reserve, &run->selves[w]};
		run->books[w] = aligned_alloc(64, CASE_SOURCES * sizeof(struct tp_book));
		memset(run->books[w], 0, CASE_SOURCES * sizeof(struct tp_book));
		run->gateways[w] = mqtt_gateway_new(&spec, &run->hosts[w], run->books[w], run->now_us);
		if (run->gateways[w] == NULL)
			return false;
	}
	return true;
}

static inline void case_stop(struct case_run *run)
{
	for (unsigned int i = 0; i < run->n_messages; i++)
		while (run->messages[i].n_copies > 0)
			free(run->messages[i].copies[--run->messages[i].n_copies]);
	for (unsigned int i = 0; i < CASE_CONNS; i++) {
		octets_free(&run->conns[i].in);
		octets_free(&run->conns[i].out);
	}
	for (unsigned int w = 0; w < 2; w++) {
		mqtt_gateway_free(run->gateways[w]);
		free(run->books[w]);
	}
	while (run->n_strings > 0)
		free(run->strings[--run->n_strings]);
	octets_forget(&run->names, run->common_names);
	run->gateways[0] = run->gateways[1] = NULL;
	run->books[0] = run->books[1] = NULL;
}

/* ---- until nothing happens any more --------------------------------------------------------------------------------------- */
/* The end of a walk of the graph: messages handed over in it have become their records. */
static inline void case_flush(struct case_run *run, unsigned int worker)
{
	for (unsigned int i = 0; i < run->n_messages; i++)
		if (run->messages[i].walking && run->messages[i].worker == worker) {
			run->messages[i].walking = false;
			tp_waiter_ended(mqtt_waiters(run->gateways[worker]), run->messages[i].m.waiter, false);
		}
	mqtt_flush(run->gateways[worker], run->now_us);
}

static inline void case_feed(struct case_run *run, struct case_conn *c)
{
	uint32_t n = run->mode.octets && c->in.n > 0 ? 1 : c->in.n, taken;
	uint8_t *copy;

	if (n == 0 || c->closing || c->ended)
		return;
	copy = malloc(n);
	memcpy(copy, c->in.p, n);
	c->resumed = false;
	taken = mqtt_input(run->gateways[c->worker], c->session, copy, n, run->now_us);
	if (taken > n)
		run->broken = "more octets taken than there were";
	memmove(c->in.p, c->in.p + taken, c->in.n - taken);
	c->in.n -= taken;
	run->activity |= taken > 0;
	if (taken == n)
		c->resumed = true;
	case_flush(run, c->worker);
	memset(copy, 0xee, n);
	free(copy);
}

static inline void case_verdict(struct case_run *run, unsigned int i, bool ok)
{
	run->logins[i].open = false;
	mqtt_login_done(run->gateways[run->logins[i].worker], run->logins[i].ticket, ok, run->now_us);
}

static inline void case_conn_turn(struct case_run *run, struct case_conn *c)
{
	if (!c->opened || c->ended)
		return;
	if (c->closing) {
		c->ended = true;
		run->activity = true;
		mqtt_closed(run->gateways[c->worker], c->session, MQTT_GONE_CLOSED, run->now_us);
	} else if (c->resumed) {
		case_feed(run, c);
	}
}

static inline void case_settle(struct case_run *run)
{
	struct mqtt_note note;

	for (unsigned int round = 0; round < 100000; round++) {
		run->activity = false;
		for (unsigned int i = 0; i < CASE_CONNS; i++)
			case_conn_turn(run, &run->conns[i]);
		for (unsigned int i = 0; i < CASE_CONNS; i++)
			if (run->logins[i].open && run->login == CASE_LOGIN_BY_LIST)
				case_verdict(run, i, run->logins[i].ok);
		if (run->n_notes > 0) {
			unsigned int to = run->notes[0].to;

			note = run->notes[0].note;
			memmove(run->notes, run->notes + 1, --run->n_notes * sizeof(run->notes[0]));
			run->activity = true;
			mqtt_note(run->gateways[to], &note, run->now_us);
		}
		for (unsigned int w = 0; w < run->mode.workers; w++)
			case_flush(run, w);
		if (!run->activity)
			return;
	}
	run->broken = "it never comes to rest";
}

static inline bool case_open(struct case_run *run, struct case_conn *c)
{
	if (c->opened)
		return true;
	c->opened = true;
	c->resumed = true;
	c->session = mqtt_opened(run->gateways[c->worker], c, 0, run->now_us);
	if (c->session == NULL)
		c->closing = c->ended = true;
	case_settle(run);
	return c->session != NULL;
}

/* In which version answers are read. */
static inline bool case_is_5(const struct case_conn *c)
{
	unsigned int at = 2;

	while (at < 5 && c->head[at - 1] & 0x80)
		at++;
	return c->head_n > at + 6 && memcmp(c->head + at, "\0\4MQTT", 6) == 0 && c->head[at + 6] > 4;
}

static inline void case_input(struct case_run *run, struct case_conn *c, const struct octets *in)
{
	for (uint32_t i = 0; i < in->n && c->head_n < sizeof(c->head); i++)
		c->head[c->head_n++] = in->p[i];
	if (!case_open(run, c))
		return;
	octets_add(&c->in, in->p, in->n);
	case_settle(run);
}

/* The connection is gone, as the transport tells it. */
static inline void case_gone(struct case_run *run, struct case_conn *c, enum mqtt_gone why)
{
	if (!c->opened || c->ended)
		return;
	c->ended = c->closing = c->closed_seen = true;
	mqtt_closed(run->gateways[c->worker], c->session, why, run->now_us);
	case_settle(run);
}

static inline void case_time(struct case_run *run, uint64_t us)
{
	uint64_t end = run->now_us + us, step;
	uint32_t next = 1000000;

	while (run->now_us < end) {
		for (unsigned int w = 0; w < run->mode.workers; w++) {
			uint32_t wish = mqtt_tick(run->gateways[w], run->now_us, 1u << 20);

			next = wish < next ? wish : next;
		}
		case_settle(run);
		step = next < 1000 ? 1000 : next;
		run->now_us = end - run->now_us < step ? end : run->now_us + step;
		next = 1000000;
	}
	for (unsigned int w = 0; w < run->mode.workers; w++)
		mqtt_tick(run->gateways[w], run->now_us, 1u << 20);
	case_settle(run);
}

/* One record of a message ends. */
static inline const char *case_record_ended(struct case_run *run, struct case_message *m, bool ok)
{
	if (m->m.waiter == TP_NOBODY_WAITS)
		return "nobody waits for that message";
	if (m->open == 0)
		return "all records of that message have ended";
	m->open--;
	tp_waiter_ended(mqtt_waiters(run->gateways[m->worker]), m->m.waiter, !ok);
	return NULL;
}

/* Everybody leaves, all records end, all sessions expire: nothing may be left of the budgets. */
static inline const char *case_leftovers(struct case_run *run)
{
	struct mqtt_usage usage;

	run->no_room = run->notes_full = false;
	run->login = CASE_LOGIN_BY_LIST;
	for (unsigned int i = 0; i < CASE_CONNS; i++)
		case_gone(run, &run->conns[i], MQTT_GONE_CLOSED);
	case_settle(run);
	for (unsigned int w = 0; w < run->mode.workers; w++)
		mqtt_room(run->gateways[w], run->now_us);
	for (unsigned int i = 0; i < run->n_messages; i++)
		while (run->messages[i].m.waiter != TP_NOBODY_WAITS && run->messages[i].open > 0)
			case_record_ended(run, &run->messages[i], true);
	case_settle(run);
	case_time(run, (2 * (uint64_t)run->listener.expiry_max + 60) * 1000000);
	for (unsigned int w = 0; w < run->mode.workers; w++) {
		mqtt_usage(run->gateways[w], &usage);
		if (usage.connections || usage.clients || usage.waiters || usage.assembly_octets)
			return "memory that is never given back";
	}
	return case_event_all_gone(run->events, run->n_events) ? NULL : "a device that connected is never gone";
}

#endif
