/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_TEST_MQTT_RIG_H
#define TP_TEST_MQTT_RIG_H
/*
 * Gateways of up to four workers over a host in memory: connections are arrays, messages are written down, notes wait in a queue for each
 * pair of workers until the test delivers them. Used by the tests and by the fuzz target, so it depends on neither.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway.h"

#define RIG_WORKERS  4
#define RIG_CONNS    64
#define RIG_MESSAGES 8192
#define RIG_NOTES    64
#define RIG_OCTETS   (1u << 17)
#define RIG_EVENTS   256
#define RIG_LOGINS   16
#define RIG_SOURCES  8
#define RIG_CHECK(condition)                                                                                                       \
	do {                                                                                                                       \
		if (!(condition)) {                                                                                                \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                                            \
			abort();                                                                                                   \
		}                                                                                                                  \
	} while (0)

struct rig_conn {
	struct mqtt_session *s;
	uint16_t worker;
	bool used, closing, closed_at_once, not_reading;
	uint8_t address[4];
	uint8_t *in, *out;
	uint32_t in_n, in_at, out_n, out_at;
	uint32_t resumes;
	uint32_t reserved; /* octets of answers */
};

struct rig_message {
	uint16_t worker, source, listener, packet_id;
	int conn; /* -1: none */
	uint8_t qos, flags;
	uint32_t waiter;
	bool ended, ok;
	int64_t expiry_s;
	char topic[64], device[64], client_id[64], site[32], lane[32], content_type[32];
	uint8_t payload[64];
	uint32_t payload_n, properties_n;
};

struct rig_event {
	bool connected;
	enum mqtt_gone why;
	char device[64];
	uint64_t messages;
};

static struct rig {
	struct mqtt_gateway *g[RIG_WORKERS];
	struct tp_book books[RIG_WORKERS][RIG_SOURCES];
	unsigned int workers;
	struct rig_conn conns[RIG_CONNS];
	struct rig_message messages[RIG_MESSAGES];
	unsigned int n_messages;
	struct mqtt_note notes[RIG_WORKERS][RIG_WORKERS][RIG_NOTES];
	unsigned int n_notes[RIG_WORKERS][RIG_WORKERS];
	unsigned int note_room; /* notes a queue takes */
	struct rig_event events[RIG_EVENTS];
	unsigned int n_events;
	uint32_t logins[RIG_LOGINS];
	uint16_t login_worker[RIG_LOGINS];
	unsigned int n_logins;
	char login_user[32], login_password[32];
	bool login_busy;
	int64_t room; /* messages that are taken; -1: all */
	uint32_t silence_ms;
	bool answers_short; /* no memory for answers */
	bool immediate;     /* messages end well at once */
	bool resume_late;   /* the test feeds after resume */
	uint32_t chunk;     /* octets given at once; 0: all */
	uint64_t now_us;
	uint16_t source; /* what host->source says */
	char certificate[64];
} rig;

static struct tp_mqtt_route rig_routes[] = {
        {.filter = "plates/+/+", .listener = 1, .site_level = 2, .lane_level = 3},
        {.filter = "shed/#", .listener = 2, .slow = TP_MQTT_SHED, .keep_properties = true},
        {.filter = "exact", .listener = 3},
};
static struct tp_mqtt_listener rig_listener;
static struct mqtt_spec rig_spec;

static inline int rig_index(const void *conn)
{
	return conn ? (int)((const struct rig_conn *)conn - rig.conns) : -1;
}

static inline void rig_text(char *out, size_t n, struct tp_slice text)
{
	snprintf(out, n, "%.*s", text.p ? (int)text.n : 1, text.p ? (const char *)text.p : "-");
}

static inline uint16_t rig_worker(const void *ctx)
{
	return (uint16_t)((struct mqtt_gateway *const *)ctx - rig.g);
}

/* ---- the host --------------------------------------------------------------------------------------------------------------------------- */

static inline int rig_send(void *ctx, void *conn, const uint8_t *p, uint32_t n)
{
	struct rig_conn *c = conn;

	(void)ctx;
	RIG_CHECK(c->used && !c->closing && n > 0);
	if (c->not_reading || c->out_n + n > RIG_OCTETS)
		return -ENOBUFS;
	memcpy(c->out + c->out_n, p, n);
	c->out_n += n;
	return 0;
}

static inline void rig_close(void *ctx, void *conn, bool at_once)
{
	struct rig_conn *c = conn;

	(void)ctx;
	RIG_CHECK(c->used && !c->closing);
	c->closing = true;
	c->closed_at_once = at_once;
}

static inline void rig_feed(struct rig_conn *c)
{
	while (c->used && !c->closing && c->in_at < c->in_n) {
		uint32_t left = c->in_n - c->in_at, n = rig.chunk && rig.chunk < left ? rig.chunk : left;
		uint32_t taken = mqtt_input(rig.g[c->worker], c->s, c->in + c->in_at, n, rig.now_us);

		RIG_CHECK(taken <= n);
		c->in_at += taken;
		if (taken == 0)
			break;
	}
}

static inline void rig_resume(void *ctx, void *conn)
{
	struct rig_conn *c = conn;

	(void)ctx;
	RIG_CHECK(c->used && !c->closing);
	c->resumes++;
	if (!rig.resume_late)
		rig_feed(c);
}

static inline void rig_end(unsigned int i, bool ok)
{
	struct rig_message *m = &rig.messages[i];

	RIG_CHECK(!m->ended);
	m->ended = true;
	m->ok = ok;
	if (m->waiter)
		tp_waiter_ended(mqtt_waiters(rig.g[m->worker]), m->waiter, !ok);
}

static inline int rig_publish(void *ctx, const struct mqtt_message *message)
{
	struct rig_message *m = &rig.messages[rig.n_messages];
	struct tp_waiters *waiters = mqtt_waiters(rig.g[rig_worker(ctx)]);

	if (rig.room == 0)
		return -EAGAIN;
	RIG_CHECK(rig.n_messages < RIG_MESSAGES);
	RIG_CHECK(message->payload.p && message->device.n && message->meta.topic.n && message->source);
	rig.room -= rig.room > 0;
	*m = (struct rig_message){
	        .worker = rig_worker(ctx),
	        .source = message->source,
	        .listener = message->listener,
	        .packet_id = message->meta.packet_id,
	        .conn = rig_index(message->conn),
	        .qos = message->meta.qos,
	        .flags = message->flags,
	        .waiter = message->waiter,
	        .payload_n = message->payload.n,
	        .properties_n = message->meta.properties.n,
	        .expiry_s = message->meta.expiry_s,
	};
	rig_text(m->topic, sizeof(m->topic), message->meta.topic);
	rig_text(m->device, sizeof(m->device), message->device);
	rig_text(m->client_id, sizeof(m->client_id), message->meta.client_id);
	rig_text(m->site, sizeof(m->site), message->site);
	rig_text(m->lane, sizeof(m->lane), message->lane);
	rig_text(m->content_type, sizeof(m->content_type), message->meta.content_type);
	memcpy(m->payload, message->payload.p, message->payload.n < 64 ? message->payload.n : 64);
	if (m->waiter) {
		RIG_CHECK(
		        waiters->list[m->waiter].open == 1 && waiters->list[m->waiter].owned && waiters->list[m->waiter].made == 0);
		tp_waiter_made(waiters, m->waiter);
		tp_waiter_ended(waiters, m->waiter, false);
	}
	rig.n_messages++;
	if (rig.immediate)
		rig_end(rig.n_messages - 1, true);
	return 0;
}

static inline int rig_login(void *ctx, const struct mqtt_login *login)
{
	if (rig.login_busy || rig.n_logins == RIG_LOGINS)
		return -EBUSY;
	rig_text(rig.login_user, sizeof(rig.login_user), login->user);
	rig_text(rig.login_password, sizeof(rig.login_password), login->password);
	rig.login_worker[rig.n_logins] = rig_worker(ctx);
	rig.logins[rig.n_logins++] = login->ticket;
	return 0;
}

static inline int rig_post(void *ctx, uint16_t worker, const struct mqtt_note *note)
{
	uint16_t from = rig_worker(ctx);

	RIG_CHECK(worker < rig.workers && note->from == from && worker != from);
	if (rig.n_notes[from][worker] >= rig.note_room)
		return -EBUSY;
	rig.notes[from][worker][rig.n_notes[from][worker]++] = *note;
	return 0;
}

static inline void rig_event(void *ctx, const struct mqtt_event *event)
{
	struct rig_event *e = &rig.events[rig.n_events++ % RIG_EVENTS];

	(void)ctx;
	*e = (struct rig_event){.connected = event->connected, .why = event->why, .messages = event->messages};
	rig_text(e->device, sizeof(e->device), event->device);
	RIG_CHECK(strcmp(event->listener->name, "test") == 0 && event->client_id.n);
}

static inline int rig_certificate(void *ctx, void *conn, unsigned int which, char *text, size_t len)
{
	(void)ctx;
	(void)conn;
	(void)which;
	return snprintf(text, len, "%s", rig.certificate);
}

static inline uint16_t rig_source(void *ctx, unsigned int listener, struct tp_slice name)
{
	(void)ctx;
	(void)listener;
	return name.n ? rig.source : 0;
}

static inline uint8_t rig_address(void *ctx, void *conn, uint8_t addr[16])
{
	(void)ctx;
	memcpy(addr, ((const struct rig_conn *)conn)->address, 4);
	return 4;
}

static inline uint32_t rig_silence_ms(void *ctx, void *conn)
{
	(void)ctx;
	(void)conn;
	return rig.silence_ms;
}

static inline int rig_reserve(void *ctx, void *conn, uint32_t n)
{
	struct rig_conn *c = conn;

	(void)ctx;
	if (n > c->reserved && rig.answers_short)
		return -EAGAIN;
	c->reserved = n;
	return 0;
}

/* ---- life ------------------------------------------------------------------------------------------------------------------------------- */

static inline void rig_defaults(void)
{
	rig_listener = (struct tp_mqtt_listener){
	        .name = "test",
	        .versions = TP_MQTT_3_1 | TP_MQTT_3_1_1 | TP_MQTT_5,
	        .anonymous = true,
	        .routes = rig_routes,
	        .n_routes = sizeof(rig_routes) / sizeof(rig_routes[0]),
	        .unmapped = -1,
	        .max_packet = 65536,
	        .in_flight = 20,
	        .alias_max = 4,
	        .expiry_max = 3600,
	        .connect_timeout_ms = 5000,
	};
	rig_spec = (struct mqtt_spec){
	        .listeners = &rig_listener,
	        .n_listeners = 1,
	        .connections = 32,
	        .clients = 32,
	        .waiters = 256,
	        .assembly_octets = 1 << 20,
	        .window = 16,
	        .prefixes = 64,
	        .n_workers = 1,
	        .secret = "0123456789abcde",
	};
}

/* With rig_listener and rig_spec as they are. */
static inline void rig_start(unsigned int workers)
{
	memset(rig.books, 0, sizeof(rig.books));
	memset(rig.n_notes, 0, sizeof(rig.n_notes));
	for (unsigned int i = 0; i < RIG_WORKERS; i++) {
		mqtt_gateway_free(rig.g[i]);
		rig.g[i] = NULL;
	}
	for (unsigned int i = 0; i < RIG_CONNS; i++)
		rig.conns[i].used = false;
	rig.workers = workers;
	rig.n_messages = rig.n_events = rig.n_logins = 0;
	rig.note_room = RIG_NOTES;
	rig.room = -1;
	rig.immediate = rig.resume_late = rig.login_busy = rig.answers_short = false;
	rig.silence_ms = 0;
	rig.now_us = 1000000;
	rig.source = 1;
	rig_spec.n_workers = (uint16_t)workers;
	for (unsigned int i = 0; i < workers; i++) {
		const struct mqtt_host host = {rig_send, rig_close, rig_resume, rig_publish, rig_login, rig_post, rig_event,
		        rig_certificate, rig_source, rig_address, rig_silence_ms, rig_reserve, &rig.g[i]};

		rig_spec.worker = (uint16_t)i;
		rig.g[i] = mqtt_gateway_new(&rig_spec, &host, rig.books[i], rig.now_us);
		RIG_CHECK(rig.g[i]);
	}
}

static inline struct rig_conn *rig_open(unsigned int worker)
{
	for (unsigned int i = 0; i < RIG_CONNS; i++) {
		struct rig_conn *c = &rig.conns[i];
		uint8_t *in = c->in, *out = c->out;

		if (c->used)
			continue;
		*c = (struct rig_conn){.worker = (uint16_t)worker, .used = true, .address = {192, 0, 2, 1}};
		c->in = in ? in : malloc(RIG_OCTETS);
		c->out = out ? out : malloc(RIG_OCTETS);
		RIG_CHECK(c->in && c->out);
		c->s = mqtt_opened(rig.g[worker], c, 0, rig.now_us);
		if (c->s == NULL) {
			c->used = false;
			return NULL;
		}
		return c;
	}
	return NULL;
}

static inline void rig_flush(void)
{
	for (unsigned int i = 0; i < rig.workers; i++)
		mqtt_flush(rig.g[i], rig.now_us);
}

static inline void rig_give(struct rig_conn *c, const uint8_t *p, uint32_t n)
{
	if (c->in_at == c->in_n)
		c->in_at = c->in_n = 0;
	RIG_CHECK(c->in_n + n <= RIG_OCTETS);
	memcpy(c->in + c->in_n, p, n);
	c->in_n += n;
	rig_feed(c);
}

static inline void rig_gone(struct rig_conn *c, enum mqtt_gone why)
{
	mqtt_closed(rig.g[c->worker], c->s, why, rig.now_us);
	c->used = false;
}

/* One note from a worker to another; false: there is none. */
static inline bool rig_deliver(unsigned int from, unsigned int to)
{
	struct mqtt_note note;

	if (rig.n_notes[from][to] == 0)
		return false;
	note = rig.notes[from][to][0];
	memmove(&rig.notes[from][to][0], &rig.notes[from][to][1], --rig.n_notes[from][to] * sizeof(note));
	mqtt_note(rig.g[to], &note, rig.now_us);
	return true;
}

static inline void rig_deliver_all(void)
{
	bool any = true;

	while (any) {
		any = false;
		for (unsigned int from = 0; from < rig.workers; from++)
			for (unsigned int to = 0; to < rig.workers; to++)
				any |= rig_deliver(from, to);
	}
}

static inline void rig_pass(uint64_t us)
{
	rig.now_us += us;
	for (unsigned int i = 0; i < rig.workers; i++)
		while (mqtt_tick(rig.g[i], rig.now_us, 64) == 0)
			;
}

/* Connections that the gateway closed are closed. */
static inline void rig_reap(void)
{
	for (unsigned int i = 0; i < RIG_CONNS; i++)
		if (rig.conns[i].used && rig.conns[i].closing)
			rig_gone(&rig.conns[i], MQTT_GONE_CLOSED);
}

static inline uint64_t rig_counted(enum tp_counter counter)
{
	uint64_t n = 0;

	for (unsigned int w = 0; w < rig.workers; w++)
		for (unsigned int s = 0; s < RIG_SOURCES; s++)
			n += rig.books[w][s].c[counter];
	return n;
}

/* Every message that was received has one outcome: handed over, or one of these counters. */
static inline void rig_books(void)
{
	RIG_CHECK(rig_counted(TP_C_received) == rig.n_messages + rig_counted(TP_C_mqtt_duplicate) +
	                                                rig_counted(TP_C_mqtt_not_authorized) + rig_counted(TP_C_mqtt_unmapped) +
	                                                rig_counted(TP_C_mqtt_shed));
}

/*
 * Ends everything: messages, connections, notes, sessions; nothing may be left. What is kept of clients goes when expiry_max has passed twice (session, then window).
 */
static inline void rig_stop(void)
{
	struct mqtt_usage usage;

	rig.room = -1;
	rig.note_room = RIG_NOTES;
	rig.resume_late = false;
	for (unsigned int round = 0; round < 4; round++) {
		for (unsigned int i = 0; i < RIG_CONNS; i++)
			if (rig.conns[i].used)
				rig_gone(&rig.conns[i], MQTT_GONE_CLOSED);
		for (; rig.n_logins; rig.n_logins--)
			mqtt_login_done(rig.g[rig.login_worker[rig.n_logins - 1]], rig.logins[rig.n_logins - 1], true, rig.now_us);
		for (unsigned int i = 0; i < rig.workers; i++)
			mqtt_room(rig.g[i], rig.now_us);
		for (unsigned int i = 0; i < rig.n_messages; i++)
			if (!rig.messages[i].ended)
				rig_end(i, true);
		rig_flush();
		for (unsigned int i = 0; i < 12; i++) {
			rig_deliver_all();
			rig_pass(200000);
		}
		rig_pass((rig_listener.expiry_max + UINT64_C(1)) * 1000000);
		rig_deliver_all();
	}
	rig_flush();
	rig_books();
	for (unsigned int i = 0; i < rig.workers; i++) {
		mqtt_usage(rig.g[i], &usage);
		RIG_CHECK(usage.connections == 0 && usage.clients == 0 && usage.waiters == 0 && usage.assembly_octets == 0);
		mqtt_gateway_free(rig.g[i]);
		rig.g[i] = NULL;
	}
}

#endif
