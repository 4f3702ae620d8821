/* SPDX-License-Identifier: BSD-3-Clause */
/* Records into batches: the flags of a record as its Avro value has them, and the order of a key's records when partitions become known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "batches.h"
#include "trace.h"

#define BATCHES 32
#define OCTETS  65536
#define ENTRIES 1024
#define DEVICE  "lane-3"

static struct {
	struct tp_worker w;
	struct tp_book books[2];
	struct tp_topic topic;
	struct tp_listener listener;
	struct tp_source source[2];
	struct tp_plan_spec spec;
	struct tp_batch batches[BATCHES], *open[TP_MAX_TOPICS * TP_BUCKETS], *free_stack[BATCHES];
	uint8_t identity[512], key[128];
} rig;

static struct rte_ring *ring_new(void)
{
	size_t octets = (size_t)rte_ring_get_memsize(2 * BATCHES);
	struct rte_ring *ring = aligned_alloc(RTE_CACHE_LINE_SIZE, RTE_ALIGN(octets, RTE_CACHE_LINE_SIZE));

	assert_non_null(ring);
	assert_int_equal(rte_ring_init(ring, "ring", 2 * BATCHES, RING_F_SP_ENQ | RING_F_SC_DEQ), 0);
	return ring;
}

static void rig_plan(void)
{
	struct tp_envelope env = {.site = TP_SLICE("site"), .device = TP_SLICE(DEVICE)};

	memcpy(rig.key, DEVICE, sizeof(DEVICE) - 1);
	rig.topic = (struct tp_topic){.name = "t", .encoding = TP_ENCODING_AVRO, .schema_id = 9};
	rig.source[1] = (struct tp_source){.site = env.site, .device = env.device, .key = {rig.key, sizeof(DEVICE) - 1}};
	rig.source[1].identity =
	        (struct tp_slice){rig.identity, (uint32_t)(tp_envelope_identity(rig.identity, &env) - rig.identity)};
	rig.spec = (struct tp_plan_spec){.topics = &rig.topic,
	        .n_topics = 1,
	        .listeners = &rig.listener,
	        .n_listeners = 1,
	        .sources = rig.source,
	        .n_sources = 2,
	        .batch_age_us = 1000000};
}

static int rig_start(void **state)
{
	struct tp_worker *w = &rig.w;

	RTE_SET_USED(state);
	memset(&rig, 0, sizeof(rig));
	rig_plan();
	*w = (struct tp_worker){.spec = &rig.spec,
	        .books = rig.books,
	        .open = rig.open,
	        .free_stack = rig.free_stack,
	        .sealed = ring_new(),
	        .free_batches = ring_new(),
	        .n_batches = BATCHES,
	        .n_buckets = TP_BUCKETS,
	        .tsc_hz = 1000000};
	for (unsigned int i = 0; i < BATCHES; i++) {
		rig.batches[i] = (struct tp_batch){.capacity = OCTETS, .entry_capacity = ENTRIES};
		rig.batches[i].data = malloc(OCTETS);
		rig.batches[i].entries = calloc(ENTRIES, sizeof(struct tp_batch_entry));
		rig.free_stack[w->free_count++] = &rig.batches[i];
	}
	tp_topic_partitions[0] = 0;
	return 0;
}

static int rig_stop(void **state)
{
	RTE_SET_USED(state);
	for (unsigned int i = 0; i < BATCHES; i++) {
		free(rig.batches[i].data);
		free(rig.batches[i].entries);
	}
	free(rig.w.sealed);
	free(rig.w.free_batches);
	return 0;
}

static struct tp_record *record_in(struct rte_mbuf *m, uint8_t flags)
{
	struct tp_record *rec = tp_rec(m);

	memset(rec, 0, sizeof(*rec));
	rec->source = 1;
	rec->source_family = 4;
	rec->transport = TP_transport_mqtt;
	rec->received_at = rec->event_time = 1700000000000000;
	rec->kind = TP_KIND_mqtt_message;
	rec->flags = flags;
	return rec;
}

static struct rte_mbuf *carrier_new(void)
{
	struct rte_mbuf *m =
	        aligned_alloc(RTE_CACHE_LINE_SIZE, RTE_ALIGN(sizeof(*m) + sizeof(struct tp_record), RTE_CACHE_LINE_SIZE));

	assert_non_null(m);
	memset(m, 0, sizeof(*m));
	return m;
}

static void emit(uint8_t flags)
{
	struct rte_mbuf *m = carrier_new();

	record_in(m, flags);
	tp_emit_records(&rig.w, &m, 1);
	free(m);
}

/* ---- flags ----------------------------------------------------------------------------------------------------------------- */

/* What is written is what tp_record_avro_known() writes, whatever the flags: those of MQTT take a second octet. */
static void flags_are_those_of_the_record(void **state)
{
	uint8_t expected[4096];
	char ip[48];

	RTE_SET_USED(state);
	for (unsigned int flags = 0; flags < 256; flags++) {
		struct rte_mbuf *m = carrier_new();
		struct tp_record *rec = record_in(m, (uint8_t)flags);
		const struct tp_batch_entry *e;
		const struct tp_batch *b;
		struct tp_envelope env;
		uint32_t n;

		tp_emit_envelope(&rig.w, rec, &env, ip);
		n = (uint32_t)(tp_record_avro_known(expected, &env, rig.source[1].identity, rec->kind, &rec->plate_read) -
		               expected);
		tp_emit_records(&rig.w, &m, 1);
		b = rig.open[0];
		assert_non_null(b);
		e = &b->entries[b->count - 1];
		assert_int_equal(e->value_len, n + 5);
		assert_memory_equal(b->data + e->value_off + 5, expected, n);
		free(m);
	}
}

/* ---- order ----------------------------------------------------------------------------------------------------------------- */

static uint32_t sealed_next(void)
{
	void *batch = NULL;

	assert_int_equal(rte_ring_sc_dequeue(rig.w.sealed, &batch), 0);
	return ((struct tp_batch *)batch)->count;
}

/* Records of one key are never in two open batches: what came before the partitions were known is sealed before the key has another bucket. */
static void order_when_partitions_become_known(void **state)
{
	struct tp_slice key = rig.source[1].key;
	void *none;

	RTE_SET_USED(state);
	emit(0);
	tp_topic_partitions[0] = 12;
	emit(0);
	assert_ptr_equal(rig.open[0], &rig.batches[BATCHES - 1]);
	assert_int_equal(rig.open[0]->count, 2);
	tp_batches_seal(&rig.w, false);
	assert_int_equal(sealed_next(), 2);
	assert_int_not_equal(tp_batch_bucket(&rig.w, 0, key), 0);
	emit(0);
	tp_batches_seal(&rig.w, false);
	assert_int_equal(rte_ring_sc_dequeue(rig.w.sealed, &none), -ENOENT);
	assert_int_equal(rig.open[tp_batch_bucket(&rig.w, 0, key)]->count, 1);
	tp_batches_seal(&rig.w, true);
	assert_int_equal(sealed_next(), 1);
}

/* ---- trace ----------------------------------------------------------------------------------------------------------------- */

static struct tp_trace watching;
static uint32_t told_count[2], n_told;

static void watching_sealed(struct tp_trace *t, uint32_t index)
{
	assert_ptr_equal(t, &watching);
	assert_int_equal(rte_ring_count(rig.w.sealed), 0);
	told_count[n_told++] = rig.open[index]->count;
}

/* While it is still the worker's, because it may be back before the next one is opened; here it is the only one there is. */
static void a_trace_is_told_before_a_batch_is_sealed(void **state)
{
	static const struct tp_trace_told told = {.sealed = watching_sealed};
	void *back;
	int error;

	RTE_SET_USED(state);
	watching.told = &told;
	rig.w.trace = &watching;
	n_told = 0;
	rig.w.free_count = 1;
	emit(0);
	emit(0);
	assert_null(tp_batch_next(&rig.w, 0, 0, 1, &error));
	assert_int_equal(rte_ring_sc_dequeue(rig.w.sealed, &back), 0);
	assert_int_equal(rte_ring_sp_enqueue(rig.w.free_batches, back), 0);
	emit(0);
	assert_ptr_equal(rig.open[0], back);
	tp_batches_seal(&rig.w, true);
	assert_int_equal(n_told, 2);
	assert_int_equal(told_count[0], 2);
	assert_int_equal(told_count[1], 1);
}

/* ---- shares ---------------------------------------------------------------------------------------------------------------- */

/* A bucket that has used up its share takes no more messages; an alert or a dead letter of one that was taken still finds room. */
static void what_follows_a_message_finds_room(void **state)
{
	struct rte_mbuf *m = carrier_new();
	struct tp_record *rec = record_in(m, 0);
	struct tp_dlq dlq = {.bytes = TP_SLICE("x")};
	uint16_t bucket;
	struct tp_envelope env;
	char ip[48];

	RTE_SET_USED(state);
	tp_topic_partitions[0] = 12;
	tp_batches_seal(&rig.w, false);
	bucket = tp_batch_bucket(&rig.w, 0, rig.source[1].key);
	rig.w.under_way[bucket] = BATCHES;
	tp_emit_records(&rig.w, &m, 1);
	assert_null(rig.open[bucket]);
	tp_emit_envelope(&rig.w, rec, &env, ip);
	rig.topic.kind = TP_KIND_dlq;
	assert_int_equal(tp_emit(&rig.w, 0, &env, TP_KIND_dlq, &dlq, env.device, rec), 0);
	assert_int_equal(rig.open[bucket]->count, 1);
	free(m);
}

/* ---- headers --------------------------------------------------------------------------------------------------------------- */

/* User properties are headers whatever the encoding of the topic, and of the message's own record only. */
static void headers_in_every_encoding(void **state)
{
	static const uint8_t octets[] = {1, 0, 'a', 2, 0, 'b', 'c'};
	const struct tp_mqtt_meta meta = {.properties = {octets, sizeof(octets)}};
	struct rte_mbuf *m = carrier_new();
	struct tp_record *rec = record_in(m, 0);
	struct tp_dlq dlq = {.bytes = TP_SLICE("x")};
	struct tp_envelope env;
	char ip[48];

	RTE_SET_USED(state);
	rec->mqtt = &meta;
	for (unsigned int encoding = 0; encoding < 2; encoding++) {
		const struct tp_batch_entry *e;

		rig.topic.encoding = encoding ? TP_ENCODING_JSON : TP_ENCODING_AVRO;
		tp_emit_records(&rig.w, &m, 1);
		e = &rig.open[0]->entries[encoding];
		assert_int_equal(e->headers_len, sizeof(octets));
		assert_memory_equal(rig.open[0]->data + e->value_off + e->value_len, octets, sizeof(octets));
	}
	assert_true(rig.open[0]->headers);
	tp_emit_envelope(&rig.w, rec, &env, ip);
	assert_int_equal(tp_emit(&rig.w, 0, &env, TP_KIND_dlq, &dlq, env.device, rec), 0);
	assert_int_equal(rig.open[0]->entries[2].headers_len, 0);
	free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(flags_are_those_of_the_record, rig_start, rig_stop),
	        cmocka_unit_test_setup_teardown(headers_in_every_encoding, rig_start, rig_stop),
	        cmocka_unit_test_setup_teardown(order_when_partitions_become_known, rig_start, rig_stop),
	        cmocka_unit_test_setup_teardown(a_trace_is_told_before_a_batch_is_sealed, rig_start, rig_stop),
	        cmocka_unit_test_setup_teardown(what_follows_a_message_finds_room, rig_start, rig_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
