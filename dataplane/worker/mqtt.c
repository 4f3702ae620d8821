/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a worker needs for TCP and MQTT: made before it runs, of the sizes of the configuration, and nothing where nothing listens.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include <rte_ring_elem.h>
#include <rte_ring_peek_zc.h>

#include "batches.h"
#include "mqtt.h"
#include "worker.h"

#define MQTT_NOTES      256 /* between two workers */
#define MQTT_HANDSHAKES 4   /* steps a walk: a walk stays under a millisecond or so */

/* ---- sizes ----------------------------------------------------------------------------------------------------------------- */
static void mqtt_tcp_spec(const struct tp_tcp_budget *b, struct tcp_spec *spec)
{
	*spec = (struct tcp_spec){
	        .connections = b->connections,
	        .half_open = b->half_open,
	        .time_wait = b->time_wait,
	        .chunks = b->chunks,
	        .receive_window = b->receive_window,
	        .reassembly_octets = b->reassembly_octets,
	        .reassembly_gaps = b->reassembly_gaps,
	        .send_octets = b->send_octets,
	        .max_retries = b->max_retries,
	        .syn_retries = b->syn_retries,
	        .time_wait_ms = b->time_wait_ms,
	        .fin_wait_2_ms = b->fin_wait_2_ms,
	        .challenge_rate = b->challenge_rate,
	        .reset_rate = b->reset_rate,
	        .mss4 = b->mss4,
	        .mss6 = b->mss6,
	};
}

static void mqtt_gateway_spec(const struct tp_dataplane_spec *d, struct mqtt_spec *spec)
{
	*spec = (struct mqtt_spec){
	        .connections = d->tcp.connections,
	        .clients = d->mqtt.clients,
	        .waiters = d->mqtt.waiters,
	        .assembly_octets = d->mqtt.assembly_octets,
	        .window = d->mqtt.window,
	        .prefixes = d->mqtt.prefixes,
	        .n_workers = (uint16_t)d->n_workers,
	};
}

/* Of a connection in struct tp_mqtt_worker: itself, its place among the free, and in two lists. */
#define MQTT_CONN_OCTETS (sizeof(struct tp_mqtt_conn) + 3 * sizeof(uint32_t))

uint64_t tp_workers_mqtt_memory(const struct tp_dataplane_spec *d, uint64_t *per_connection)
{
	struct tcp_spec tcp, more_tcp;
	struct mqtt_spec mqtt, more_mqtt;
	uint64_t all, more;

	*per_connection = 0;
	if (d->tcp.connections == 0)
		return 0;
	mqtt_tcp_spec(&d->tcp, &tcp);
	mqtt_gateway_spec(d, &mqtt);
	all = tcp_memory(&tcp) + mqtt_memory(&mqtt) + d->tcp.connections * MQTT_CONN_OCTETS;
	more_tcp = tcp;
	more_mqtt = mqtt;
	more_tcp.connections *= 2;
	more_mqtt.connections *= 2;
	more_mqtt.clients += tcp.connections;
	more = tcp_memory(&more_tcp) + mqtt_memory(&more_mqtt) + 2 * d->tcp.connections * MQTT_CONN_OCTETS;
	*per_connection = (more - all) / d->tcp.connections;
	return all * d->n_workers;
}

/* ---- one worker ------------------------------------------------------------------------------------------------------------ */
static struct rte_ring *mqtt_ring(const char *what, unsigned int from, unsigned int to, unsigned int octets, unsigned int size)
{
	char name[RTE_RING_NAMESIZE];

	snprintf(name, sizeof(name), "%s-%u-%u", what, from, to);
	return rte_ring_create_elem(name, octets, size, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
}

/* Also where no listener checks users: the next plan may have one. */
static int mqtt_make_rings(struct tp_mqtt_worker *q)
{
	const struct tp_worker *w = q->worker;

	q->logins = mqtt_ring("logins", w->id, 0, sizeof(struct tp_mqtt_login), TP_MQTT_LOGINS);
	q->verdicts = mqtt_ring("verdicts", 0, w->id, sizeof(struct tp_mqtt_verdict), 2 * TP_MQTT_LOGINS);
	return q->logins && q->verdicts ? 0 : -ENOMEM;
}

static int mqtt_make_lists(struct tp_mqtt_worker *q)
{
	q->conns = calloc(q->n_conns, sizeof(*q->conns));
	q->free_conns = calloc(q->n_conns, sizeof(*q->free_conns));
	q->resume.index = calloc(q->n_conns, sizeof(uint32_t));
	q->stepping.index = calloc(q->n_conns, sizeof(uint32_t));
	q->made = calloc(TP_MQTT_MADE, sizeof(*q->made));
	q->on_way = calloc(TP_MQTT_MADE, sizeof(*q->on_way));
	q->spent = calloc(TP_MQTT_SPENT, sizeof(*q->spent));
	q->tx = calloc(TP_MQTT_TX, sizeof(*q->tx));
	q->buffers = calloc(2 * TP_MQTT_STOCK, sizeof(*q->buffers));
	if (!q->conns || !q->free_conns || !q->resume.index || !q->stepping.index || !q->made || !q->on_way || !q->spent ||
	        !q->tx || !q->buffers)
		return -ENOMEM;
	for (uint32_t i = q->n_conns; i > 0; i--)
		q->free_conns[q->n_free++] = i - 1;
	return 0;
}

static int mqtt_make_endpoint(struct tp_mqtt_worker *q, const struct tp_dataplane_spec *d)
{
	const struct tcp_io io = {.output = tp_tcp_frame, .ctx = q};
	struct tcp_app app = tp_mqtt_tcp_app;
	struct tcp_spec spec;

	mqtt_tcp_spec(&d->tcp, &spec);
	app.ctx = q;
	if (getrandom(spec.secret, sizeof(spec.secret), 0) != sizeof(spec.secret))
		return -EIO;
	q->tcp = tcp_new(&spec, &io, &app, q->worker->books, q->now_us);
	return q->tcp ? 0 : -ENOMEM;
}

/* The secret is the same for all workers: it decides which of them is a client identifier's home. */
static int mqtt_make_gateway(struct tp_mqtt_worker *q, const struct tp_dataplane_spec *d)
{
	static uint8_t secret[16];
	static bool made;
	struct mqtt_host host = tp_mqtt_host;
	struct mqtt_spec spec;

	if (!made && getrandom(secret, sizeof(secret), 0) != sizeof(secret))
		return -EIO;
	made = true;
	mqtt_gateway_spec(d, &spec);
	spec.listeners = q->worker->spec->mqtt_listeners;
	spec.n_listeners = q->worker->spec->n_mqtt_listeners;
	spec.worker = q->worker->id;
	memcpy(spec.secret, secret, sizeof(secret));
	host.ctx = q;
	q->gateway = mqtt_gateway_new(&spec, &host, q->worker->books, q->now_us);
	if (!q->gateway)
		return -ENOMEM;
	q->waiters = mqtt_waiters(q->gateway);
	q->worker->waiters = q->waiters;
	return 0;
}

int tp_worker_make_mqtt(struct tp_worker *w)
{
	const struct tp_dataplane_spec *d = tp_dataplane();
	struct tp_mqtt_worker *q;
	int rc;

	if (d->tcp.connections == 0 || w->spec->n_mqtt_listeners == 0)
		return 0;
	q = calloc(1, sizeof(*q));
	if (!q)
		return -ENOMEM;
	w->mqtt = q;
	q->worker = w;
	q->n_conns = d->tcp.connections;
	q->handshakes = MQTT_HANDSHAKES;
	q->us_per_cycle = (UINT64_C(1000000) << 32) / w->tsc_hz;
	tp_mqtt_clock(q, rte_rdtsc());
	rc = mqtt_make_lists(q);
	if (rc == 0)
		rc = mqtt_make_rings(q);
	if (rc == 0)
		rc = mqtt_make_endpoint(q, d);
	return rc == 0 ? mqtt_make_gateway(q, d) : rc;
}

void tp_worker_free_mqtt(struct tp_worker *w)
{
	struct tp_mqtt_worker *q = w->mqtt;

	if (!q)
		return;
	tcp_free(q->tcp);
	for (uint32_t i = 0; q->conns && i < q->n_conns; i++)
		tls_free(q->conns[i].tls); /* of those that still stand in a list */
	mqtt_gateway_free(q->gateway);
	if (q->buffers)
		rte_pktmbuf_free_bulk(q->buffers, q->n_buffers);
	rte_ring_free(q->logins);
	rte_ring_free(q->verdicts);
	for (unsigned int i = 0; q->notes_out && i < w->n_workers; i++)
		rte_ring_free(q->notes_out[i]);
	free(q->notes_out);
	free(q->notes_in);
	free(q->conns);
	free(q->free_conns);
	free(q->resume.index);
	free(q->stepping.index);
	free(q->made);
	free(q->on_way);
	free(q->spent);
	free(q->tx);
	free(q->buffers);
	free(q);
	w->mqtt = NULL;
}

/* ---- between workers ------------------------------------------------------------------------------------------------------- */
int tp_workers_make_notes(void)
{
	for (unsigned int i = 0; i < tp_worker_slots_n; i++) {
		struct tp_mqtt_worker *q = tp_worker_slots[i]->w.mqtt;

		if (!q)
			return 0;
		q->notes_out = calloc(tp_worker_slots_n, sizeof(struct rte_ring *));
		q->notes_in = calloc(tp_worker_slots_n, sizeof(struct rte_ring *));
		if (!q->notes_out || !q->notes_in)
			return -ENOMEM;
	}
	for (unsigned int from = 0; from < tp_worker_slots_n; from++) {
		for (unsigned int to = 0; to < tp_worker_slots_n; to++) {
			struct rte_ring *ring;

			if (from == to)
				continue;
			ring = mqtt_ring("notes", from, to, sizeof(struct mqtt_note), MQTT_NOTES);
			if (!ring)
				return -ENOMEM;
			tp_worker_slots[from]->w.mqtt->notes_out[to] = ring;
			tp_worker_slots[to]->w.mqtt->notes_in[from] = ring;
		}
	}
	return 0;
}

void tp_topic_partitions_set(uint16_t topic, uint32_t partitions)
{
	__atomic_store_n(&tp_topic_partitions[topic], partitions, __ATOMIC_RELAXED);
}

/* ---- control's side -------------------------------------------------------------------------------------------------------- */
bool tp_workers_mqtt_deserted(unsigned int listener)
{
	for (unsigned int i = 0; i < tp_worker_slots_n; i++) {
		const struct tp_mqtt_worker *q = tp_worker_slots[i]->w.mqtt;

		if (q && (__atomic_load_n(&q->conns_of[listener], __ATOMIC_ACQUIRE) || mqtt_sessions_of(q->gateway, listener)))
			return false;
	}
	return true;
}

bool tp_mqtt_login_take(unsigned int worker, struct tp_mqtt_login *login)
{
	struct tp_mqtt_worker *q = tp_worker_slots[worker]->w.mqtt;
	struct rte_ring_zc_data slot;

	if (!q || !q->logins || rte_ring_dequeue_zc_bulk_elem_start(q->logins, sizeof(*login), 1, &slot, NULL) == 0)
		return false;
	memcpy(login, slot.ptr1, sizeof(*login));
	explicit_bzero(slot.ptr1, sizeof(*login)); /* or the password would stay until the ring has gone round */
	rte_ring_dequeue_zc_elem_finish(q->logins, 1);
	return true;
}

bool tp_mqtt_login_answer(unsigned int worker, const struct tp_mqtt_verdict *verdict)
{
	struct tp_mqtt_worker *q = tp_worker_slots[worker]->w.mqtt;

	return rte_ring_sp_enqueue_elem(q->verdicts, (void *)(uintptr_t)verdict, sizeof(*verdict)) == 0;
}
