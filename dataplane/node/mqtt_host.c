/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the gateway asks of its worker. A message becomes a packet buffer without data, whose record points to the payload where it lies; it goes
 * through decoders, matching and batches like a datagram. There is room for it while batches are free beyond those that what is on its
 * way already may need.
 */
#define XXH_INLINE_ALL
#include <errno.h>
#include <xxhash.h>

#include "batches.h"
#include "mqtt.h"

/* ---- messages -------------------------------------------------------------------------------------------------------------- */
/*
 * Batches that the messages of this walk and one more may need: a record is at most four times as large as its message (it stands there twice, as
 * hex), and each open batch, one a topic and bucket, may be left behind because the next record is too large for its rest. No more than a quarter of
 * all batches is kept for the latter, so that an idle worker always has room.
 */
static uint64_t host_batches(const struct tp_mqtt_worker *q)
{
	const struct tp_worker *w = q->worker;
	uint32_t octets = w->n_batches ? tp_dataplane()->batch_bytes : 1;

	return RTE_MIN(w->spec->n_topics * w->n_buckets + 2U, w->n_batches / 4) + 4 * q->made_octets / octets;
}

static bool host_has_room(const struct tp_mqtt_worker *q, uint64_t batches)
{
	const struct tp_worker *w = q->worker;

	return q->n_made < TP_MQTT_MADE && q->n_on_way < TP_MQTT_MADE && w->free_count + rte_ring_count(w->free_batches) >= batches;
}

bool tp_mqtt_has_room(const struct tp_mqtt_worker *q)
{
	return host_has_room(q, host_batches(q));
}

static uint8_t *host_text(uint8_t *p, struct tp_slice *slice, struct tp_slice from)
{
	*slice = (struct tp_slice){p, from.n};
	memcpy(p, from.p, from.n);
	return p + from.n + TP_IDENTITY_PAD;
}

/* A device nobody listed, or site and lane from the topic. */
static bool host_is_other(const struct tp_source *known, const struct mqtt_message *message)
{
	return known->unknown || message->site.p || message->lane.p;
}

/* The source as the record shall show it, where that is not the plan's. NULL: the arena is full. */
static const struct tp_source *host_other(struct tp_mqtt_worker *q, const struct mqtt_message *message)
{
	const struct tp_source *known = &q->worker->spec->sources[message->source];
	struct tp_slice device = known->unknown ? message->device : known->device;
	struct tp_envelope env = {.site = message->site.p ? message->site : known->site,
	        .device = device,
	        .lane = message->lane.p ? message->lane : known->lane};
	size_t octets = env.site.n + 2 * (size_t)device.n + env.lane.n + 64 + 4 * TP_IDENTITY_PAD;
	struct tp_source *who;
	uint8_t *p, *end;

	who = tp_arena_get(&q->worker->arena, sizeof(*who));
	p = tp_arena_get(&q->worker->arena, octets);
	if (!who || !p)
		return NULL;
	*who = *known;
	who->site = env.site;
	who->lane = env.lane;
	p = host_text(p, &who->key, device);
	who->device = who->key;
	end = tp_envelope_identity(p, &env);
	who->identity = (struct tp_slice){p, (uint32_t)(end - p)};
	who->seed = known->unknown ? XXH3_64bits(device.p, device.n) : known->seed;
	return who;
}

/* User properties become headers: in the form that a batch has them. False where the arena is full. */
static bool host_headers(struct tp_mqtt_worker *q, struct tp_slice *properties)
{
	struct tp_slice area = *properties, name, value;
	uint8_t *p = tp_arena_get(&q->worker->arena, 2 * (size_t)area.n + 4);
	uint32_t at = 0, n = 0;

	if (!p)
		return false;
	while (mqtt_user_next(area, &at, &name, &value)) {
		uint16_t name_n = (uint16_t)name.n, value_n = (uint16_t)value.n;

		memcpy(p + n, &name_n, 2);
		memcpy(p + n + 2, name.p, name.n);
		memcpy(p + n + 2 + name.n, &value_n, 2);
		memcpy(p + n + 4 + name.n, value.p, value.n);
		n += 4 + name.n + value.n;
	}
	*properties = (struct tp_slice){p, n};
	return true;
}

static const struct tp_mqtt_meta *host_meta(struct tp_mqtt_worker *q, const struct mqtt_message *message)
{
	struct tp_mqtt_meta *meta = tp_arena_get(&q->worker->arena, sizeof(*meta));

	if (!meta)
		return NULL;
	*meta = message->meta;
	if (unlikely(meta->properties.n) && !host_headers(q, &meta->properties))
		return NULL;
	meta->seed = XXH3_64bits_withSeed(meta->topic.p, meta->topic.n, meta->packet_id);
	return meta;
}

void tp_mqtt_address(const struct tp_mqtt_conn *c, struct tp_record *rec)
{
	struct tcp_tuple tuple = {.family = 4};

	if (c && c->tcp)
		tcp_conn_tuple(c->q->tcp, c->tcp, &tuple);
	rec->source_family = tuple.family;
	rec->source_port = tuple.remote_port;
	memcpy(rec->source_addr, tuple.remote, 16);
}

static void host_fill(struct tp_mqtt_worker *q, const struct mqtt_message *message, struct tp_record *rec)
{
	rec->payload = message->payload;
	rec->source = message->source;
	rec->listener = message->listener;
	rec->transport = TP_transport_mqtt;
	rec->received_at = q->worker->now_us;
	rec->waiter = message->waiter;
	rec->flags = message->flags;
	rec->result = 0;
	rec->has_device_time = 0;
	rec->trailing = 0;
	tp_mqtt_address(message->conn, rec);
}

/* Whether the partition its records go to takes more, `batches` at the most: devices of another one are not held with it. */
static bool host_bucket_open(const struct tp_worker *w, const struct mqtt_message *message, uint64_t batches)
{
	const struct tp_listener *listener = &w->spec->listeners[message->listener];
	const struct tp_source *known = &w->spec->sources[message->source];
	struct tp_slice key = known->unknown ? message->device : known->device;
	uint16_t topic = listener->topic[__builtin_ctz(listener->decoder->kinds)];

	return tp_batch_bucket_open(w, tp_batch_bucket(w, topic, key), (uint32_t)batches);
}

/* False where the arena is full. rec->who stays NULL where the plan's source is the one: such records have what is kept of their sender (emit.c). */
static bool host_who(struct tp_mqtt_worker *q, const struct mqtt_message *message, struct tp_record *rec)
{
	rec->who = NULL;
	if (!host_is_other(&q->worker->spec->sources[message->source], message))
		return true;
	rec->who = host_other(q, message);
	return rec->who != NULL;
}

static int host_publish(void *ctx, const struct mqtt_message *message)
{
	struct tp_mqtt_worker *q = ctx;
	uint64_t batches = host_batches(q); /* a division: once a message */
	bool room = host_has_room(q, batches) && host_bucket_open(q->worker, message, batches);
	struct rte_mbuf *m = room ? tp_mqtt_buffer(q) : NULL;
	struct tp_record *rec;

	if (unlikely(!m)) {
		q->held = true;
		return -EAGAIN;
	}
	tp_worker_read_clock(q->worker);
	rec = tp_rec(m);
	rec->mqtt = host_meta(q, message);
	if (unlikely(!rec->mqtt || !host_who(q, message, rec))) {
		q->buffers[q->n_buffers++] = m;
		q->held = true;
		return -EAGAIN;
	}
	host_fill(q, message, rec);
	tp_seen_arrival(&q->worker->books[message->source].seen, rec->received_at);
	q->made[q->n_made++] = m;
	if (message->waiter != TP_NOBODY_WAITS)
		q->on_way[q->n_on_way++] = message->waiter;
	q->made_octets += message->payload.n + 256;
	return 0;
}

/* ---- other threads --------------------------------------------------------------------------------------------------------- */
static int host_login(void *ctx, const struct mqtt_login *login)
{
	struct tp_mqtt_worker *q = ctx;
	struct tp_mqtt_login request = {.ticket = login->ticket,
	        .listener = login->listener,
	        .user_n = (uint16_t)login->user.n,
	        .password_n = (uint16_t)login->password.n};
	int rc;

	if (!q->logins || login->user.n > TP_MQTT_USER_MAX || login->password.n > TP_MQTT_PASSWORD_MAX)
		return -EBUSY;
	memcpy(request.user, login->user.p, login->user.n);
	memcpy(request.password, login->password.p, login->password.n);
	rc = rte_ring_sp_enqueue_elem(q->logins, &request, sizeof(request)) == 0 ? 0 : -EBUSY;
	explicit_bzero(&request, sizeof(request));
	/* Where it came from, a segment or memory for packets, is this worker's, and nobody reads it again: the CONNECT is taken. */
	explicit_bzero((uint8_t *)(uintptr_t)login->password.p, login->password.n);
	return rc;
}

static int host_post(void *ctx, uint16_t worker, const struct mqtt_note *note)
{
	struct tp_mqtt_worker *q = ctx;

	return rte_ring_sp_enqueue_elem(q->notes_out[worker], (void *)(uintptr_t)note, sizeof(*note)) == 0 ? 0 : -EBUSY;
}

/* ---- the connection -------------------------------------------------------------------------------------------------------- */
static int host_send(void *ctx, void *conn, const uint8_t *p, uint32_t n)
{
	RTE_SET_USED(ctx);
	return tp_mqtt_write(conn, p, n);
}

static void host_close(void *ctx, void *conn, bool at_once)
{
	RTE_SET_USED(ctx);
	tp_mqtt_hang_up(conn, at_once);
}

static void host_resume(void *ctx, void *conn)
{
	RTE_SET_USED(ctx);
	tp_mqtt_go_on_later(conn);
}

static int host_certificate(void *ctx, void *conn, unsigned int which, char *text, size_t len)
{
	const struct tp_mqtt_conn *c = conn;

	RTE_SET_USED(ctx);
	return c->tls ? tls_peer_name(c->tls, which, text, len) : 0;
}

static uint16_t host_source(void *ctx, unsigned int listener, struct tp_slice name)
{
	const struct tp_mqtt_worker *q = ctx;

	return tp_plan_mqtt_source(q->worker->plan, (uint16_t)listener, name);
}

static uint8_t host_family_and_address(void *ctx, void *conn, uint8_t addr[16])
{
	const struct tp_mqtt_conn *c = conn;
	struct tcp_tuple tuple;

	RTE_SET_USED(ctx);
	tcp_conn_tuple(c->q->tcp, c->tcp, &tuple);
	memcpy(addr, tuple.remote, 16);
	return tuple.family;
}

static uint32_t host_silence_ms(void *ctx, void *conn)
{
	const struct tp_mqtt_worker *q = ctx;
	const struct tp_mqtt_conn *c = conn;

	return c->tcp ? tcp_silence_ms(q->tcp, c->tcp) : 0;
}

/* Of what a record of TLS is longer than what it says. What does not fit in the end is kept by the session until there is room. */
#define HOST_RECORD 48

static int host_reserve(void *ctx, void *conn, uint32_t n)
{
	struct tp_mqtt_worker *q = ctx;
	struct tp_mqtt_conn *c = conn;

	if (!c->tcp)
		return 0;
	if (likely(tcp_reserve(q->tcp, c->tcp, c->tls && n ? n + HOST_RECORD : n) == 0))
		return 0;
	q->held = true;
	return -EAGAIN;
}

/* ---- devices come and go --------------------------------------------------------------------------------------------------- */
_Static_assert((int)MQTT_GONE_SHUTTING_DOWN + 1 == (int)TP_device_gone_count, "device_gone has the order of enum mqtt_gone");

static struct tp_slice host_protocol(uint8_t version)
{
	if (version == MQTT_5)
		return TP_SLICE("MQTT 5");
	return version == MQTT_3_1 ? TP_SLICE("MQTT 3.1") : TP_SLICE("MQTT 3.1.1");
}

static void host_event_body(const struct mqtt_event *event, struct tp_device_event *body)
{
	*body = (struct tp_device_event){
	        .event = event->connected ? TP_device_change_connected : TP_device_change_disconnected,
	        .listener = tp_slice_of(event->listener->name),
	        .client_id = event->client_id,
	        .user = event->user,
	        .protocol = host_protocol(event->version),
	        .clean = event->clean,
	        .session_present = event->session_present,
	        .keep_alive = event->keep_alive,
	};
	if (event->connected)
		return;
	TP_SET(body, device_event, why, (uint8_t)event->why);
	TP_SET(body, device_event, messages, (int64_t)event->messages);
	TP_SET(body, device_event, connected_ms, event->connected_ms);
}

/* The record an event would have been received as. */
static bool host_event_record(struct tp_mqtt_worker *q, const struct mqtt_event *event, struct tp_record *rec)
{
	const struct mqtt_message from = {.conn = event->conn, .source = event->source, .device = event->device};
	struct {
		int64_t at;
		uint64_t n;
	} unique = {q->worker->now_us, ++q->events};
	XXH128_hash_t id;

	rec->source = event->source;
	rec->transport = TP_transport_mqtt;
	rec->received_at = q->worker->now_us;
	rec->event_time = rec->received_at;
	rec->waiter = TP_NOBODY_WAITS;
	if (!host_who(q, &from, rec))
		return false;
	id = XXH3_128bits_withSeed(&unique, sizeof(unique), tp_source_of(q->worker, rec)->seed);
	memcpy(rec->event_id, &id.low64, 8);
	memcpy(rec->event_id + 8, &id.high64, 8);
	tp_mqtt_address(event->conn, rec);
	return true;
}

static void host_event(void *ctx, const struct mqtt_event *event)
{
	struct tp_mqtt_worker *q = ctx;
	struct tp_worker *w = q->worker;
	uint16_t topic = tp_plan_topic(w->spec, TP_KIND_device_event);
	struct tp_device_event body;
	struct tp_envelope env;
	struct tp_record rec;
	char ip[48];

	memset(&rec, 0, offsetof(struct tp_record, plate_read));
	tp_worker_read_clock(w);
	host_event_body(event, &body);
	if (topic != TP_NO_TOPIC && host_event_record(q, event, &rec)) {
		tp_emit_envelope(w, &rec, &env, ip);
		if (tp_emit(w, topic, &env, TP_KIND_device_event, &body, env.device, &rec) == 0) {
			w->books[event->source].c[TP_C_device_events]++;
			return;
		}
	}
	w->books[event->source].c[TP_C_device_events_lost]++;
}

const struct mqtt_host tp_mqtt_host = {
        .send = host_send,
        .close = host_close,
        .resume = host_resume,
        .publish = host_publish,
        .login = host_login,
        .post = host_post,
        .event = host_event,
        .certificate = host_certificate,
        .source = host_source,
        .address = host_family_and_address,
        .silence_ms = host_silence_ms,
        .reserve = host_reserve,
};
