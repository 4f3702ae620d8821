/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A trace over the nodes from the port to the decoder: every frame of packet_vectors.h, and those that udp_input refuses. Each that is dropped must be
 * traced to the node that dropped it under the name of the counter that moved; what the graph does with a frame must be the same with and
 * without a trace; a filter marks what it names and nothing else.
 */
#define RIG_DECODE
#include "graph_rig.h"

#include "frame_maker.h"
#include "mqtt.h"
#include "trace.h"

enum edge { EDGE_UDP, EDGE_TCP, EDGE_TX, EDGE_DROP, EDGE_HELD, EDGE_FREED };

struct vector {
	const char *name;
	enum edge edge;
	enum tp_counter counter;
	const char *in, *out;
};
#define NO_COUNTER TP_COUNTER_COUNT
#include "packet_vectors.h"

/* Of MQTT, which is not in this graph. */
void tp_mqtt_address(const struct tp_mqtt_conn *c, struct tp_record *rec)
{
	RTE_SET_USED(c);
	RTE_SET_USED(rec);
}

#define SOURCES 3
#define PORT    46800 /* of the datagrams in the vectors */

static struct tp_book books[SOURCES];
static struct tp_trace_shared shared;
static struct tp_trace *trace;
static bool provoked[TP_COUNTER_COUNT];

/* ---- arming ------------------------------------------------------------------------------------------------------------------------ */
static void arm(const struct tp_trace_filter *filter)
{
	shared = (struct tp_trace_shared){.filter = *filter, .left = (int32_t)filter->count};
	shared.topic = tp_slice_of(shared.filter.topic);
	trace = tp_trace_new(&rig.worker, rig.graph, &shared);
	assert_non_null(trace);
	tp_trace_install(trace);
}

static void disarm(void)
{
	struct tp_trace_step step;

	assert_false(tp_trace_next(trace, &step));
	assert_int_equal(trace->lost, 0);
	tp_trace_remove(trace);
	tp_trace_free(trace);
	assert_null(rig.worker.trace);
	assert_false(rig.worker.marked);
}

static void arm_all(void)
{
	const struct tp_trace_filter all = {.count = TP_TRACE_MOST};

	arm(&all);
}

/* ---- what a trace says --------------------------------------------------------------------------------------------------------------- */
struct story {
	unsigned int steps, arrived;
	uint32_t first;            /* number of the first packet */
	struct tp_trace_step last; /* a node */
	enum tp_counter reason;    /* dropped, refused or answered; TP_COUNTER_COUNT: none */
	bool waits;
	uint16_t source, listener; /* as udp_input said */
};

static void story_counters(struct story *s, const struct tp_trace_step *step)
{
	for (uint16_t i = 0; i < step->n_counters; i++)
		if (tp_counter_descs[step->counters[i].counter].class != TP_CLASS_FLOW)
			s->reason = (enum tp_counter)step->counters[i].counter;
}

static struct story story_read(void)
{
	struct story s = {.reason = TP_COUNTER_COUNT, .listener = TP_NO_LISTENER};
	struct tp_trace_step step;

	while (tp_trace_next(trace, &step)) {
		if (s.steps++ == 0) {
			assert_int_equal(step.what, TP_TRACE_ARRIVED);
			s.first = step.trace;
		}
		s.arrived += step.what == TP_TRACE_ARRIVED;
		story_counters(&s, &step);
		if (step.what == TP_TRACE_NODE)
			s.last = step;
		if (step.source)
			s.source = step.source;
		if (step.listener != TP_NO_LISTENER)
			s.listener = step.listener;
		s.waits = step.what == TP_TRACE_NODE && step.node.waits;
	}
	return s;
}

static const char *counter_name(enum tp_counter c)
{
	return c < TP_COUNTER_COUNT ? tp_counter_descs[c].name : "none";
}

static void check_story(const struct vector *v, const struct story *s)
{
	static const char *const ends[] = {[EDGE_UDP] = "rig_decode", [EDGE_TCP] = "tcp_input", [EDGE_TX] = "port_tx"};
	enum tp_counter want = v->counter;

	if (s->arrived != 1 || s->steps < 2)
		fail_msg("%s: %u arrived, %u steps", v->name, s->arrived, s->steps);
	/* The vectors end in front of udp_input: what it refuses of them it may, under its own name. */
	if (v->edge == EDGE_UDP && strcmp(s->last.node.name, "udp_input") == 0 && s->reason != TP_COUNTER_COUNT)
		return;
	if (s->reason != want)
		fail_msg("%s: traced to '%s', counted as '%s'", v->name, counter_name(s->reason), counter_name(want));
	if (v->edge <= EDGE_TX && strcmp(s->last.node.name, ends[v->edge]) != 0 && strcmp(s->last.node.next, ends[v->edge]) != 0)
		fail_msg("%s: traced to %s > %s, expected %s", v->name, s->last.node.name, s->last.node.next, ends[v->edge]);
	if (v->edge == EDGE_DROP)
		assert_string_equal(s->last.node.next, "drop");
	assert_int_equal(s->waits, v->edge == EDGE_HELD);
	if (want < TP_COUNTER_COUNT)
		provoked[want] = true;
}

static void test_vectors(void **state)
{
	RTE_SET_USED(state);
	rig_store(16, 64);
	arm_all();
	for (size_t i = 0; i < RTE_DIM(vectors); i++) {
		uint8_t in[FRAME_MAX];
		struct story s;

		memset(books, 0, sizeof(books));
		shared.left = 1;
		rig_run_one(rig_packet(in, frame_unhex(vectors[i].in, in), 0));
		s = story_read();
		check_story(&vectors[i], &s);
		rig_empty();
		tp_fragments_expire(&rig.worker, true);
		if (vectors[i].edge == EDGE_HELD) {
			struct tp_trace_step step;

			assert_true(tp_trace_next(trace, &step));
			assert_int_equal(step.what, TP_TRACE_GIVEN_UP);
			assert_int_equal(step.counters[0].counter, TP_C_fragment_timeout);
			provoked[TP_C_fragment_timeout] = true;
		}
	}
	disarm();
	rig_store_end();
}

/* ---- udp_input ----------------------------------------------------------------------------------------------------------------------- */
static struct story run_usual(uint8_t host, uint16_t to, uint32_t n, int spoil)
{
	uint8_t frame[FRAME_MAX];
	uint32_t len = frame_usual(frame, host, to, n);
	struct story s;

	if (spoil >= 0)
		frame[spoil] ^= 1;
	memset(books, 0, sizeof(books));
	rig_run_one(rig_packet(frame, len, 0));
	s = story_read();
	rig_empty();
	return s;
}

static void test_udp(void **state)
{
	struct story s;

	RTE_SET_USED(state);
	rig_store(16, 64);
	arm_all();
	s = run_usual(99, PORT, 20, -1);
	assert_string_equal(s.last.node.name, "rig_decode");
	s = run_usual(99, PORT, 20, -1); /* its flow is known now: it would go the short way */
	assert_string_equal(s.last.node.name, "rig_decode");
	assert_int_equal(s.steps, 5); /* arrived, eth_input, ip4_input, udp_input, decode */
	s = run_usual(99, PORT + 1, 20, -1);
	assert_int_equal(s.reason, TP_C_udp_no_listener);
	provoked[s.reason] = true;
	s = run_usual(99, PORT, 20, 50);
	assert_int_equal(s.reason, TP_C_udp_checksum);
	provoked[s.reason] = true;
	s = run_usual(98, PORT, 20, -1);
	assert_int_equal(s.reason, TP_C_unknown_source);
	assert_string_equal(s.last.node.name, "udp_input");
	provoked[s.reason] = true;
	s = run_usual(99, PORT, 0, 38); /* a length beyond the packet */
	assert_int_equal(s.reason, TP_C_udp_header);
	provoked[s.reason] = true;
	disarm();
	rig_store_end();
}

static void check_reason(const uint8_t *frame, uint32_t n, enum tp_counter want)
{
	struct story s;

	rig_run_one(rig_packet(frame, n, 0));
	s = story_read();
	if (s.reason != want)
		fail_msg("traced to '%s', expected '%s'", counter_name(s.reason), counter_name(want));
	provoked[want] = true;
	rig_empty();
}

/* A usual frame with one octet changed. */
static void test_spoilt(void **state)
{
	static const struct {
		uint32_t at;
		uint8_t octet;
		bool sum; /* made right again */
		enum tp_counter reason;
	} spoils[] = {
	        {12, 0x12, false, TP_C_eth_type},
	        {14, 0x35, true, TP_C_ip4_header},
	        {14, 0x44, true, TP_C_ip4_header},
	        {24, 0x00, false, TP_C_ip4_checksum},
	        {26, 127, true, TP_C_ip4_source},
	        {30, 193, true, TP_C_ip4_not_ours},
	        {23, 99, true, TP_C_ip4_protocol},
	};
	uint8_t frame[FRAME_MAX], tagged[FRAME_MAX];

	RTE_SET_USED(state);
	rig_store(16, 64);
	arm_all();
	for (size_t i = 0; i < RTE_DIM(spoils); i++) {
		uint32_t n = frame_usual(frame, 99, PORT, 20);

		frame[spoils[i].at] = spoils[i].octet;
		if (spoils[i].sum)
			frame_sum_ip4(frame);
		check_reason(frame, n, spoils[i].reason);
	}
	memcpy(tagged, frame, 12);
	memcpy(tagged + 12, "\x81\0\0\1\x81\0\0\2\x81\0\0\3", 12);
	memcpy(tagged + 24, frame + 12, 40);
	check_reason(tagged, 64, TP_C_vlan_depth);
	frame_usual(frame, 99, PORT, 20);
	frame_put16(frame + 20, 0x2000); /* the first fragment of more, twice with other octets */
	frame_put16(frame + 16, 44);
	frame_sum_ip4(frame);
	rig_run_one(rig_packet(frame, 58, 0));
	story_read();
	frame[50] ^= 1;
	check_reason(frame, 58, TP_C_fragment_overlap);
	disarm();
	rig_store_end();
}

/* What is no whole frame, or another's, has no addresses to filter by. */
static void test_ethernet(void **state)
{
	uint8_t frame[FRAME_MAX];
	uint32_t len = frame_usual(frame, 99, PORT, 20);
	struct story s;

	RTE_SET_USED(state);
	rig_store(16, 64);
	arm_all();
	for (uint32_t n = 1; n < 14; n++) {
		rig_run_one(rig_packet(frame, n, 0));
		s = story_read();
		assert_int_equal(s.reason, TP_C_eth_short);
	}
	rig_ports[0].mac_filter = true;
	frame[5] = 7;
	rig_run_one(rig_packet(frame, len, 0));
	s = story_read();
	assert_int_equal(s.reason, TP_C_eth_not_ours);
	rig_ports[0].mac_filter = false;
	provoked[TP_C_eth_short] = provoked[TP_C_eth_not_ours] = true;
	disarm();
	rig_store_end();
}

/* The source and the listener are known from udp_input on. */
static void test_names(void **state)
{
	struct story s;

	RTE_SET_USED(state);
	rig_store(16, 64);
	arm_all();
	s = run_usual(99, PORT, 20, -1);
	assert_int_equal(s.source, 1);
	assert_int_equal(s.listener, 0);
	s = run_usual(97, PORT, 20, -1);
	assert_int_equal(s.source, 2);
	s = run_usual(98, PORT, 20, -1);
	assert_int_equal(s.source, 0);
	assert_int_equal(s.listener, TP_NO_LISTENER);
	disarm();
	rig_store_end();
}

/* ---- filters ------------------------------------------------------------------------------------------------------------------------- */
static unsigned int marked(const struct tp_trace_filter *filter, uint8_t host, uint16_t to)
{
	struct story s;

	arm(filter);
	s = run_usual(host, to, 20, -1);
	disarm();
	return s.arrived;
}

static void test_filters(void **state)
{
	const struct tp_trace_filter host = {.family = 4, .length = 32, .addr = {192, 0, 2, 99}, .count = 5};
	const struct tp_trace_filter net = {.family = 4, .length = 25, .addr = {192, 0, 2}, .count = 5};
	const struct tp_trace_filter six = {.family = 6, .length = 0, .count = 5};
	const struct tp_trace_filter port = {.port = PORT, .count = 5};
	const struct tp_trace_filter listener = {.listener = "rig", .count = 5}, other = {.listener = "rig2", .count = 5};
	const struct tp_trace_filter device = {.device = "known", .count = 5}, none = {.device = "kn", .count = 5};
	const struct tp_trace_filter topic = {.topic = "#", .count = 5};

	RTE_SET_USED(state);
	rig_store(16, 64);
	assert_int_equal(marked(&host, 99, PORT), 1);
	assert_int_equal(marked(&host, 98, PORT), 0);
	assert_int_equal(marked(&net, 98, PORT), 1);
	assert_int_equal(marked(&net, 128, PORT), 0);
	assert_int_equal(marked(&six, 99, PORT), 0);
	assert_int_equal(marked(&port, 99, PORT), 1);
	assert_int_equal(marked(&port, 99, PORT + 1), 0);
	assert_int_equal(marked(&listener, 98, PORT), 1);
	assert_int_equal(marked(&listener, 98, PORT + 1), 0);
	assert_int_equal(marked(&other, 99, PORT), 0);
	assert_int_equal(marked(&device, 99, PORT), 1);
	assert_int_equal(marked(&device, 98, PORT), 0);
	assert_int_equal(marked(&none, 99, PORT), 0);
	assert_int_equal(marked(&topic, 99, PORT), 0);
	rig_store_end();
}

/* As many as were asked for, and no more. */
static void test_count(void **state)
{
	const struct tp_trace_filter two = {.count = 2};
	struct rte_mbuf *m[5];
	uint8_t frame[FRAME_MAX];
	uint32_t len = frame_usual(frame, 99, PORT, 20);
	struct story s;

	RTE_SET_USED(state);
	rig_store(16, 64);
	arm(&two);
	for (size_t i = 0; i < RTE_DIM(m); i++)
		m[i] = rig_packet(frame, len, 0);
	rig_run(m, RTE_DIM(m));
	assert_int_equal(rig.udp.n, 5);
	s = story_read();
	assert_int_equal(s.arrived, 2);
	disarm();
	rig_store_end();
}

/* A worker that did not give a trace back in time still has it when the next one comes. */
static void test_left_behind(void **state)
{
	struct tp_trace *left = (arm_all(), trace);
	uint8_t frame[FRAME_MAX];
	struct rte_mbuf *m;

	RTE_SET_USED(state);
	rig_store(16, 64);
	arm_all();
	m = rig_packet(frame, frame_usual(frame, 99, PORT, 20), 0);
	rig_run(&m, 1);
	assert_int_equal(story_read().arrived, 1);
	disarm();
	tp_trace_free(left);
	rig_store_end();
}

/* Later fragments have no port; they are marked with the first one. */
static void test_fragments(void **state)
{
	const struct tp_trace_filter port = {.port = PORT, .count = 5};
	uint8_t frame[FRAME_MAX], first[FRAME_MAX], last[FRAME_MAX];
	struct rte_mbuf *m[2];
	struct story s;

	RTE_SET_USED(state);
	rig_store(16, 64);
	frame_usual(frame, 99, PORT, 64);
	memcpy(first, frame, 14 + 20 + 40);
	memcpy(last, frame, 34);
	memcpy(last + 34, frame + 14 + 20 + 40, 32);
	frame_put16(first + 16, 60);
	frame_put16(first + 20, 0x2000);
	frame_put16(last + 16, 52);
	frame_put16(last + 20, 40 / 8);
	for (int i = 0; i < 2; i++) {
		uint8_t *f = i ? last : first;

		frame_sum_ip4(f);
	}
	arm(&port);
	m[0] = rig_packet(first, 74, 0);
	m[1] = rig_packet(last, 66, 0);
	rig_run(m, 2);
	assert_int_equal(rig.udp.n, 1);
	s = story_read();
	assert_int_equal(s.arrived, 2);
	assert_string_equal(s.last.node.name, "rig_decode");
	assert_int_equal(s.last.trace, s.first); /* the datagram goes on under the number of its first fragment */
	rig_empty();
	disarm();
	rig_store_end();
}

/* ---- nothing is different ------------------------------------------------------------------------------------------------------------ */
struct outcome {
	unsigned int udp, tcp, tx, drop;
	struct tp_book books[SOURCES];
	uint32_t payloads[256];
};

static void run_all(struct outcome *o, bool traced)
{
	const struct tp_trace_filter some = {.family = 4, .length = 32, .addr = {192, 0, 2, 99}, .count = 40};
	struct rte_mbuf *m[RTE_DIM(vectors) + 128];
	unsigned int n = 0;

	memset(o, 0, sizeof(*o));
	memset(books, 0, sizeof(books));
	memset(rig.worker.flows, 0, sizeof(rig.worker.flows));
	if (traced)
		arm(&some);
	for (size_t i = 0; i < RTE_DIM(vectors); i++) {
		uint8_t in[FRAME_MAX];

		if (vectors[i].edge != EDGE_HELD)
			m[n++] = rig_packet(in, frame_unhex(vectors[i].in, in), 0);
	}
	for (unsigned int i = 0; i < 128; i++) {
		uint8_t in[FRAME_MAX];

		m[n++] = rig_packet(in, frame_usual(in, i % 3 ? 99 : 97, PORT, i), 0);
	}
	rig_run(m, n);
	if (traced) {
		story_read();
		disarm();
	}
	o->udp = rig.udp.n;
	o->tcp = rig.tcp.n;
	o->tx = rig.tx.n;
	o->drop = rig.drop.n;
	memcpy(o->books, books, sizeof(books));
	for (unsigned int i = 0; i < rig.udp.n; i++)
		o->payloads[i] = tp_rec(rig.udp.m[i])->payload.n;
	rig_empty();
}

/* The same packets, in the same order, in the same books. */
static void test_same(void **state)
{
	static struct outcome plain, traced;

	RTE_SET_USED(state);
	rig_store(256, 256);
	run_all(&plain, false);
	run_all(&traced, true);
	assert_int_equal(plain.udp, traced.udp);
	assert_memory_equal(plain.books, traced.books, sizeof(plain.books));
	assert_memory_equal(plain.payloads, traced.payloads, sizeof(plain.payloads));
	assert_int_equal(plain.drop, traced.drop);
	assert_int_equal(plain.tx, traced.tx);
	assert_int_equal(plain.tcp, traced.tcp);
	rig_store_end();
}

/* In the decoder's place: a record that is the last one of its batch, which is sealed and comes back at once to take the next one. */
static struct tp_batch_entry back_entries[4];
static uint8_t back_octets[16];
static struct tp_batch back_batch = {.entries = back_entries, .data = back_octets}, *back_open[1] = {&back_batch};
static struct tp_batch_traced back_traced;

static uint16_t back_process(struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n)
{
	RTE_SET_USED(graph);
	RTE_SET_USED(node);
	back_batch.count++;
	trace->told->sealed(trace, 0);
	back_traced = back_batch.traced[0];
	back_batch.n_traced = 0;
	back_batch.count = 1;
	memcpy(&rig.udp.m[rig.udp.n], objs, n * sizeof(*objs));
	rig.udp.n += n;
	return n;
}

static rte_node_process_t back_put(rte_node_process_t process)
{
	struct rte_node *node = rte_graph_node_get_by_name("rig", "rig_decode");
	rte_node_process_t before = node->process;

	node->process = process;
	return before;
}

/* The steps are told in the order of their time: the node's, then the records of both batches. */
static void back_check(void)
{
	static const uint32_t entries[] = {3, 0};
	struct tp_trace_step step, node = {0};
	unsigned int records = 0;
	int64_t at_us = INT64_MAX;

	while (tp_trace_next(trace, &step)) {
		if (step.what == TP_TRACE_NODE)
			node = step;
		if (step.what != TP_TRACE_RECORD)
			continue;
		assert_true(records < RTE_DIM(entries));
		assert_int_equal(step.record.entry, entries[records++]);
		assert_int_equal(step.record.followed, 1);
		at_us = RTE_MIN(at_us, step.at_us);
	}
	assert_int_equal(records, RTE_DIM(entries));
	assert_string_equal(node.node.name, "rig_decode");
	assert_true(node.at_us < at_us);
	assert_int_equal(back_traced.entry, 3);
	assert_int_equal(back_traced.trace, node.trace);
	assert_int_equal(back_batch.n_traced, 1);
	assert_int_equal(back_batch.traced[0].entry, 0);
}

/* A batch that is sealed while a packet is in the node is told of before the sink has it; outside of a call nobody's records are in it. */
static void test_batch_came_back(void **state)
{
	rte_node_process_t before = back_put(back_process);
	uint8_t frame[FRAME_MAX];

	RTE_SET_USED(state);
	rig_store(16, 64);
	back_batch.count = 3;
	rig.worker.open = back_open;
	rig.worker.n_buckets = 1;
	arm_all();
	rig_run_one(rig_packet(frame, frame_usual(frame, 99, PORT, 20), 0));
	back_check();
	trace->told->sealed(trace, 0);
	disarm();
	rig.worker.open = NULL;
	rig.worker.n_buckets = 0;
	back_put(before);
	rig_store_end();
}

/* A ring that nobody reads counts what it has no room for. */
static void test_overflow(void **state)
{
	uint8_t frame[FRAME_MAX];
	uint32_t len = frame_usual(frame, 99, PORT, 20);
	unsigned int sent = 0;
	struct story s;

	RTE_SET_USED(state);
	rig_store(16, 64);
	arm_all();
	shared.left = INT32_MAX;
	for (; trace->lost == 0 && sent < TRACE_STEPS; sent++) {
		rig_run_one(rig_packet(frame, len, 0));
		rig_empty();
	}
	assert_in_range(sent, TRACE_STEPS / 5, TRACE_STEPS / 5 + 2);
	s = story_read();
	assert_int_equal(s.steps, TRACE_STEPS);
	trace->lost = 0;
	disarm();
	rig_store_end();
}

/* What the vectors above are known to provoke; a reason in front of the decoders that is missing here has no test. */
static void test_every_reason(void **state)
{
	static const enum tp_counter elsewhere[] = {/* of TCP, of other threads, of memory, of the gateway */
	        TP_C_fragment_store_full, TP_C_spread_full, TP_C_arena_full, TP_C_mbuf_exhausted, TP_C_batch_exhausted,
	        TP_C_mqtt_shed, TP_C_record_too_large, TP_C_mqtt_not_authorized, TP_C_mqtt_unmapped,
	        /* of the guard, which this graph does not have */
	        TP_C_guard_denied, TP_C_guard_source_rate, TP_C_guard_listener_rate, TP_C_guard_syn_rate, TP_C_guard_fragment};

	unsigned int missing = 0;

	RTE_SET_USED(state);
	for (enum tp_counter c = 0; c < TP_COUNTER_COUNT; c++) {
		bool skip = tp_counter_descs[c].class != TP_CLASS_DROPPED && tp_counter_descs[c].class != TP_CLASS_REFUSED;

		for (size_t i = 0; i < RTE_DIM(elsewhere); i++)
			skip |= c == elsewhere[i];
		skip |= strncmp(tp_counter_descs[c].name, "tcp_", 4) == 0;
		if (skip || provoked[c])
			continue;
		print_error("no packet is traced to '%s'\n", tp_counter_descs[c].name);
		missing++;
	}
	assert_int_equal(missing, 0);
}

static int start(void **state)
{
	static const struct tp_decoder decoder = {.name = "rig"};
	static const struct tp_listener listener = {.name = "rig", .port = PORT, .decoder = &decoder};
	static const struct tp_source sources[SOURCES] = {{.device = {(const uint8_t *)"", 0}, .site = {(const uint8_t *)"", 0}},
	        {.device = {(const uint8_t *)"known", 5}, .site = {(const uint8_t *)"", 0}},
	        {.device = {(const uint8_t *)"other", 5}, .site = {(const uint8_t *)"", 0}}};
	static const struct tp_prefix prefixes[] = {{.family = 4, .length = 32, .source = 1, .addr = {192, 0, 2, 99}},
	        {.family = 4, .length = 32, .source = 2, .addr = {192, 0, 2, 97}}};
	static struct tp_topic topic = {.name = "rig", .kind = TP_KIND_bsm};
	const struct tp_plan_spec spec = {.listeners = &listener,
	        .n_listeners = 1,
	        .sources = sources,
	        .n_sources = SOURCES,
	        .prefixes = prefixes,
	        .n_prefixes = RTE_DIM(prefixes),
	        .topics = &topic,
	        .n_topics = 1};

	return rig_start_plan(state, &spec, books);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_vectors),
	        cmocka_unit_test(test_udp),
	        cmocka_unit_test(test_spoilt),
	        cmocka_unit_test(test_ethernet),
	        cmocka_unit_test(test_names),
	        cmocka_unit_test(test_filters),
	        cmocka_unit_test(test_count),
	        cmocka_unit_test(test_left_behind),
	        cmocka_unit_test(test_fragments),
	        cmocka_unit_test(test_same),
	        cmocka_unit_test(test_batch_came_back),
	        cmocka_unit_test(test_overflow),
	        cmocka_unit_test(test_every_reason),
	};

	return cmocka_run_group_tests(tests, start, rig_stop_plan);
}
