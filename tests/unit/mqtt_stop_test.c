/* SPDX-License-Identifier: BSD-3-Clause */
/* A stop sends the wills that waited for their delay: they are messages like others, and the stop is over when they have gone through the graph. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "batches.h"
#include "mqtt.h"

#define BATCHES 32

static struct {
	struct tp_mqtt_worker q;
	struct tp_worker w;
	struct tp_book book;
	struct tp_listener listener;
	struct tp_source source;
	struct tp_plan_spec spec;
	struct tp_waiters waiters;
	struct tp_dataplane_spec dataplane;
	struct rte_mbuf *carrier, *carriers[1], *made[4], *spent[1];
	uint8_t arena[4096];
	unsigned int wills, flushes;
	int published;
} rig;

/* ---- the gateway: one will ------------------------------------------------------------------------------------------------ */
bool mqtt_stop(struct mqtt_gateway *g, uint64_t now_us)
{
	const struct mqtt_message will = {.flags = TP_FLAG_WILL,
	        .device = TP_SLICE("device"),
	        .payload = TP_SLICE("gone"),
	        .meta = {.topic = TP_SLICE("t"), .expiry_s = -1, .text = -1}};

	RTE_SET_USED(g);
	RTE_SET_USED(now_us);
	if (rig.wills == 0)
		return true;
	rig.published = tp_mqtt_host.publish(&rig.q, &will);
	rig.wills -= rig.published == 0;
	return rig.wills == 0;
}

void mqtt_flush(struct mqtt_gateway *g, uint64_t now_us)
{
	RTE_SET_USED(g);
	RTE_SET_USED(now_us);
	rig.flushes++;
}

bool mqtt_user_next(struct tp_slice area, uint32_t *at, struct tp_slice *name, struct tp_slice *value)
{
	RTE_SET_USED(area);
	RTE_SET_USED(at);
	RTE_SET_USED(name);
	RTE_SET_USED(value);
	return false;
}

/* ---- what nothing here comes to, or what has no part in it ------------------------------------------------------------------- */
void tcp_flush(struct tcp *t, uint64_t now_us)
{
	RTE_SET_USED(t);
	RTE_SET_USED(now_us);
}

void tcp_conn_tuple(const struct tcp *t, const struct tcp_conn *c, struct tcp_tuple *tuple)
{
	RTE_SET_USED(t);
	RTE_SET_USED(c);
	RTE_SET_USED(tuple);
}

uint32_t tcp_silence_ms(const struct tcp *t, const struct tcp_conn *c)
{
	RTE_SET_USED(t);
	RTE_SET_USED(c);
	return 0;
}

int tcp_reserve(struct tcp *t, struct tcp_conn *c, uint32_t n)
{
	RTE_SET_USED(t);
	RTE_SET_USED(c);
	RTE_SET_USED(n);
	return 0;
}

int tls_peer_name(const struct tls *s, enum tls_name which, char *text, size_t len)
{
	RTE_SET_USED(s);
	RTE_SET_USED(which);
	RTE_SET_USED(text);
	RTE_SET_USED(len);
	return 0;
}

void tp_mqtt_transmit(struct tp_mqtt_worker *q)
{
	RTE_SET_USED(q);
}

void tp_mqtt_part_hung_up(struct tp_mqtt_worker *q)
{
	RTE_SET_USED(q);
}

int tp_mqtt_write(struct tp_mqtt_conn *c, const uint8_t *p, uint32_t n)
{
	RTE_SET_USED(c);
	RTE_SET_USED(p);
	RTE_SET_USED(n);
	return 0;
}

void tp_mqtt_hang_up(struct tp_mqtt_conn *c, bool at_once)
{
	RTE_SET_USED(c);
	RTE_SET_USED(at_once);
}

void tp_mqtt_go_on_later(struct tp_mqtt_conn *c)
{
	RTE_SET_USED(c);
}

struct rte_mempool *tp_packet_pool(void)
{
	return NULL;
}

const struct tp_dataplane_spec *tp_dataplane(void)
{
	return &rig.dataplane;
}

uint16_t tp_plan_mqtt_source(const struct tp_plan *plan, uint16_t listener, struct tp_slice name)
{
	RTE_SET_USED(plan);
	RTE_SET_USED(listener);
	RTE_SET_USED(name);
	return 0;
}

uint16_t tp_plan_topic(const struct tp_plan_spec *spec, enum tp_kind kind)
{
	RTE_SET_USED(spec);
	RTE_SET_USED(kind);
	return TP_NO_TOPIC;
}

void tp_emit_envelope(struct tp_worker *w, const struct tp_record *rec, struct tp_envelope *env, char *ip)
{
	RTE_SET_USED(w);
	RTE_SET_USED(rec);
	RTE_SET_USED(env);
	RTE_SET_USED(ip);
}

int tp_emit(struct tp_worker *w, uint16_t topic, const struct tp_envelope *env, unsigned int kind, const void *body,
        struct tp_slice key, const struct tp_record *rec)
{
	RTE_SET_USED(w);
	RTE_SET_USED(topic);
	RTE_SET_USED(env);
	RTE_SET_USED(kind);
	RTE_SET_USED(body);
	RTE_SET_USED(key);
	RTE_SET_USED(rec);
	return -ENOBUFS;
}

uint8_t *tp_envelope_identity(uint8_t *out, const struct tp_envelope *env)
{
	RTE_SET_USED(env);
	return out;
}

/* ---- test ------------------------------------------------------------------------------------------------------------------ */
static int rig_start(void **state)
{
	static const struct tp_decoder decoder = {.kinds = 1};
	size_t octets = (size_t)rte_ring_get_memsize(BATCHES);

	RTE_SET_USED(state);
	memset(&rig, 0, sizeof(rig));
	rig.listener.decoder = &decoder;
	rig.dataplane.batch_bytes = 65536;
	rig.spec = (struct tp_plan_spec){.n_topics = 1, .listeners = &rig.listener, .n_listeners = 1, .sources = &rig.source};
	rig.w = (struct tp_worker){
	        .spec = &rig.spec, .books = &rig.book, .n_buckets = 1, .n_batches = BATCHES, .free_count = BATCHES};
	rig.w.arena = (struct tp_arena){rig.arena, rig.arena + sizeof(rig.arena)};
	rig.w.free_batches = aligned_alloc(RTE_CACHE_LINE_SIZE, RTE_ALIGN(octets, RTE_CACHE_LINE_SIZE));
	rte_ring_init(rig.w.free_batches, "free", BATCHES, RING_F_SP_ENQ | RING_F_SC_DEQ);
	octets = RTE_ALIGN(sizeof(struct rte_mbuf) + sizeof(struct tp_record), RTE_CACHE_LINE_SIZE);
	rig.carrier = rig.carriers[0] = aligned_alloc(RTE_CACHE_LINE_SIZE, octets);
	memset(rig.carrier, 0, octets);
	rig.q = (struct tp_mqtt_worker){.worker = &rig.w,
	        .waiters = &rig.waiters,
	        .made = rig.made,
	        .spent = rig.spent,
	        .buffers = rig.carriers,
	        .n_buffers = 1};
	rig.w.mqtt = &rig.q;
	return 0;
}

static int rig_stop(void **state)
{
	RTE_SET_USED(state);
	free(rig.carrier);
	free(rig.w.free_batches);
	return 0;
}

static void a_stop_sends_delayed_wills(void **state)
{
	RTE_SET_USED(state);
	rig.wills = 1;
	assert_false(tp_mqtt_stop(&rig.w));
	assert_int_equal(rig.published, 0);
	assert_int_equal(rig.q.n_made, 1);
	assert_int_equal(tp_rec(rig.carrier)->flags, TP_FLAG_WILL);
	assert_int_equal(rig.flushes, 0); /* the will's octets are the gateway's until then */
	assert_false(tp_mqtt_stop(&rig.w));
	rig.q.n_made = 0; /* the next walk took it */
	assert_true(tp_mqtt_stop(&rig.w));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(a_stop_sends_delayed_wills, rig_start, rig_stop)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
