/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A record that goes straight into its batch (direct.h) beside the same one by way of decoder and record_emit: octets of the batch, entry and books are the
 * same, whatever the envelope holds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "direct.h"
#include "record_finish.h"

extern const struct tp_decoder tp_decoder_j2735, tp_decoder_plate;

#define OCTETS  65536
#define ENTRIES 64
#define SENT    INT64_C(1700000000123456)

/* A worker with one open batch. */
struct side {
	struct tp_worker w;
	struct tp_book books[2];
	struct tp_batch batch, *open[1];
	struct tp_batch_entry entries[ENTRIES];
	uint8_t data[OCTETS];
};

static struct {
	struct side direct, other;
	struct tp_topic topic;
	struct tp_listener listener;
	struct tp_source source[2];
	struct tp_plan_spec spec;
	struct tp_format format;
	uint8_t identity[512], key[512];
} rig;

/* Bare, one point with a heading; the second is 57.510. */
static const uint8_t bsm[] = {0x00, 0x14, 0x25, 0x0d, 0x4c, 0x4c, 0x67, 0x13, 0x8e, 0x0e, 0x29, 0x8d, 0xb4, 0x9c, 0xeb, 0x49, 0xd2,
        0x00, 0x00, 0x00, 0x7f, 0xff, 0xff, 0xff, 0x8f, 0xff, 0xf0, 0x80, 0xfd, 0xfa, 0x1f, 0xa1, 0x00, 0x7f, 0xff, 0x00, 0x00,
        0x64, 0x0f, 0xa0, 0xaa, 0xbb};

static int side_start(struct side *s)
{
	memset(s, 0, sizeof(*s));
	s->batch = (struct tp_batch){.capacity = OCTETS, .entry_capacity = ENTRIES, .data = s->data, .entries = s->entries};
	s->open[0] = &s->batch;
	s->w = (struct tp_worker){.spec = &rig.spec,
	        .books = s->books,
	        .open = s->open,
	        .n_buckets = 1,
	        .now_us = SENT,
	        .walk = 1,
	        .tsc_hz = 1000000};
	return 0;
}

static int rig_start_as(const struct tp_decoder *decoder, bool listed)
{
	memset(&rig, 0, sizeof(rig));
	rig.topic = (struct tp_topic){.name = "t", .encoding = TP_ENCODING_AVRO, .schema_id = 0x01020304};
	rig.listener = (struct tp_listener){.clamp_past_us = 3600000000, .clamp_future_us = 3600000000};
	rig.spec = (struct tp_plan_spec){.topics = &rig.topic,
	        .n_topics = 1,
	        .listeners = &rig.listener,
	        .n_listeners = 1,
	        .sources = rig.source,
	        .n_sources = 2};
	rig.format = (struct tp_format){decoder, decoder->direct(), listed};
	if (!rig.format.direct)
		print_message("the processor has no AVX-512 VBMI2: there is no short way here\n");
	return side_start(&rig.direct) + side_start(&rig.other);
}

static int rig_start(void **state)
{
	RTE_SET_USED(state);
	return rig_start_as(&tp_decoder_j2735, false);
}

static int rig_start_plates(void **state)
{
	RTE_SET_USED(state);
	return rig_start_as(&tp_decoder_plate, true);
}

static void source_is(const char *device, const char *lane, bool unknown)
{
	struct tp_envelope env = {.site = TP_SLICE("site"), .device = tp_slice_of(device), .lane = tp_slice_of(lane)};

	memcpy(rig.key, device, strlen(device));
	rig.source[1] = (struct tp_source){.site = env.site, .device = env.device, .lane = env.lane, .unknown = unknown, .seed = 7};
	rig.source[1].key = (struct tp_slice){rig.key, (uint32_t)strlen(device)};
	rig.source[1].identity =
	        (struct tp_slice){rig.identity, (uint32_t)(tp_envelope_identity(rig.identity, &env) - rig.identity)};
}

/* The datagram at hand: the message above, unless a test puts something behind it. */
static struct tp_slice sent = {bsm, sizeof(bsm)};

static struct rte_mbuf *packet(uint8_t family, int64_t at)
{
	static uint8_t memory[2][4096] __attribute__((aligned(RTE_CACHE_LINE_SIZE)));
	static unsigned int next;
	struct rte_mbuf *m = (struct rte_mbuf *)memory[next++ & 1];
	struct tp_record *rec = tp_rec(m);

	memset(m, 0xa5, sizeof(memory[0]));
	rec->payload = sent;
	rec->source = 1;
	rec->listener = 0;
	rec->source_port = 40000;
	rec->source_family = family;
	rec->transport = TP_transport_udp;
	rec->received_at = at;
	memset(rec->source_addr, 0x20, 16);
	rec->who = NULL;
	rec->mqtt = NULL;
	rec->waiter = TP_NOBODY_WAITS;
	rec->kind = rec->flags = rec->result = rec->has_device_time = 0;
	return m;
}

/* What plate lists and their alerts look at. */
static void same_for_lists(const struct tp_record *a, const struct tp_record *b)
{
	assert_int_equal(a->kind, b->kind);
	assert_int_equal(a->flags, b->flags);
	assert_int_equal(a->has_device_time, b->has_device_time);
	assert_true(a->device_time == b->device_time);
	assert_true(a->event_time == b->event_time);
	assert_memory_equal(a->event_id, b->event_id, sizeof(a->event_id));
	assert_ptr_equal(a->plate_read.plate.p, b->plate_read.plate.p);
	assert_int_equal(a->plate_read.plate.n, b->plate_read.plate.n);
	assert_ptr_equal(a->plate_read.jurisdiction.p, b->plate_read.jurisdiction.p);
	assert_int_equal(a->plate_read.jurisdiction.n, b->plate_read.jurisdiction.n);
}

/* Both ways, `times` times; whether the short one took them. */
static bool both(uint8_t family, int64_t at, unsigned int times)
{
	static uint8_t memory[65536];
	struct tp_verdict verdict;
	bool taken = true;

	for (unsigned int i = 0; i < times; i++) {
		struct tp_arena arena = {memory, memory + sizeof(memory)};
		struct rte_mbuf *m = packet(family, at + i % 2), *other = packet(family, at + i % 2);
		struct direct d;

		direct_begin(&d, &rig.direct.w, &rig.format);
		taken = tp_direct_run(&rig.direct.w, &d, (void **)&m, 1) == 1 && taken;
		assert_int_equal(rig.format.decoder->decode(tp_rec(other), &arena, &verdict), 1);
		record_finish(&rig.other.w, tp_rec(other));
		tp_emit_records(&rig.other.w, &other, 1);
		if (taken && rig.format.listed)
			same_for_lists(tp_rec(m), tp_rec(other));
	}
	if (!taken)
		return false;
	assert_int_equal(rig.direct.batch.count, times);
	assert_int_equal(rig.direct.batch.count, rig.other.batch.count);
	assert_int_equal(rig.direct.batch.used, rig.other.batch.used);
	assert_memory_equal(rig.direct.data, rig.other.data, rig.other.batch.used);
	assert_memory_equal(rig.direct.entries, rig.other.entries, times * sizeof(struct tp_batch_entry));
	assert_memory_equal(rig.direct.books, rig.other.books, sizeof(rig.other.books));
	return true;
}

static void usual(void **state)
{
	RTE_SET_USED(state);
	if (!rig.format.direct)
		skip();
	source_is("rsu-1", NULL, false);
	assert_true(both(4, SENT, 20));
	assert_int_equal(rig.direct.books[1].c[TP_C_emitted], 20);
}

static void unusual_envelopes(void **state)
{
	RTE_SET_USED(state);
	if (!rig.format.direct)
		skip();
	source_is("a device with a name that is longer than thirty-two octets, and even longer than most", "3", true);
	rig.topic.keep_payload = true;
	assert_true(both(6, SENT, 3));
}

static void clamped(void **state)
{
	RTE_SET_USED(state);
	if (!rig.format.direct)
		skip();
	source_is("rsu-1", NULL, false);
	rig.listener.clamp_past_us = rig.listener.clamp_future_us = 0;
	assert_true(both(4, SENT, 3));
	assert_true(rig.direct.data[rig.direct.entries[0].value_off + 5 + 16 + 8 + 8] == 2); /* its own time is there, too */
}

/* Names of all lengths, of known sources and of others: with the front that is kept, and without one where it would be too long. */
static void fronts(void **state)
{
	char device[160];

	RTE_SET_USED(state);
	if (!rig.format.direct)
		skip();
	for (uint32_t n = 0; n < sizeof(device); n++) {
		memset(device, 'd', n);
		device[n] = '\0';
		source_is(device, n & 2 ? "3" : NULL, n & 1);
		side_start(&rig.direct);
		side_start(&rig.other);
		assert_true(both(4, SENT, 8));
	}
}

/* The identity, which is hashed by vectors here and by the library there, of datagrams of all lengths. */
static void identities(void **state)
{
	static uint8_t octets[300];

	RTE_SET_USED(state);
	if (!rig.format.direct)
		skip();
	source_is("rsu-1", NULL, false);
	memcpy(octets, bsm, sizeof(bsm));
	for (uint32_t i = sizeof(bsm); i < sizeof(octets); i++)
		octets[i] = (uint8_t)((i * 0x9e3779b1u) >> 11);
	for (uint32_t n = sizeof(bsm); n <= sizeof(octets); n++) {
		sent = (struct tp_slice){octets, n};
		rig.source[1].seed = n * UINT64_C(0x9e3779b97f4a7c15);
		side_start(&rig.direct);
		side_start(&rig.other);
		assert_true(both(4, SENT, 3));
	}
	sent = (struct tp_slice){bsm, sizeof(bsm)};
}

/* A plate read of so many octets, of a shape that is known. SENT is 2023-11-14T22:13:20.123456Z. */
static void plate_is(const char *time, int octets)
{
	static uint8_t memory[65536];
	static char text[512];
	struct tp_verdict verdict;
	struct tp_record rec;

	snprintf(text, sizeof(text),
	        "{\"plate\":\"A1\",\"time\":\"%s\",\"jurisdiction\":\"D\",\"confidence\":0.5,\"read_id\":\"%0*d\"}", time, octets,
	        7);
	sent = (struct tp_slice){(uint8_t *)text, (uint32_t)strlen(text)};
	for (unsigned int i = 0; i < 200; i++) {
		struct tp_arena arena = {memory, memory + sizeof(memory)};

		rec.payload = sent;
		rec.flags = rec.result = 0;
		assert_int_equal(rig.format.decoder->decode(&rec, &arena, &verdict), 1);
	}
}

/* Plate reads that lists look at: in the usual way, with every length of the datagram, from another sender, and with times out of the clamp. */
static void plates(void **state)
{
	RTE_SET_USED(state);
	if (!rig.format.direct)
		skip();
	source_is("cam-1", "3", false);
	for (int n = 1; n < 300; n++) {
		plate_is("2023-11-14T22:13:19.250Z", n);
		side_start(&rig.direct);
		side_start(&rig.other);
		assert_true(both(4, SENT, 4));
	}
	side_start(&rig.direct);
	side_start(&rig.other);
	source_is("2001:db8::1", NULL, true);
	assert_true(both(6, SENT, 4));
	for (int future = 0; future < 2; future++) {
		plate_is(future ? "2024-03-01T12:00:00.250Z" : "2021-03-01T12:00:00.250Z", 20);
		side_start(&rig.direct);
		side_start(&rig.other);
		assert_true(both(4, SENT, 4));
		assert_int_equal(rig.direct.entries[3].value_len, rig.other.entries[3].value_len);
	}
	sent = (struct tp_slice){bsm, sizeof(bsm)};
}

/* What the short way leaves has left nothing behind. */
static void left(void **state)
{
	RTE_SET_USED(state);
	if (!rig.format.direct)
		skip();
	source_is("rsu-1", NULL, false);
	assert_false(both(4, 1000000, 1)); /* 1970: a time of fewer octets */
	assert_int_equal(rig.other.batch.count, 1);
	rig.topic.encoding = TP_ENCODING_JSON;
	assert_false(both(4, SENT, 1));
	rig.topic.encoding = TP_ENCODING_AVRO;
	rig.direct.batch.capacity = 400; /* more than it takes, less than it might */
	assert_false(both(4, SENT, 1));
	assert_int_equal(rig.direct.batch.count, 0);
	assert_int_equal(rig.direct.batch.used, 0);
	assert_int_equal(rig.direct.books[1].c[TP_C_emitted] + rig.direct.books[1].c[TP_C_decoded], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test_setup(usual, rig_start),
	        cmocka_unit_test_setup(unusual_envelopes, rig_start), cmocka_unit_test_setup(clamped, rig_start),
	        cmocka_unit_test_setup(fronts, rig_start), cmocka_unit_test_setup(identities, rig_start),
	        cmocka_unit_test_setup(plates, rig_start_plates), cmocka_unit_test_setup(left, rig_start)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
