/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * See trace.h. The vector of a node is run in pieces, in its order: what is not marked together, each marked packet alone. Around a marked packet's call
 * stand a copy of the books before it and a look at the books, at the next nodes and at the open batches behind it: what is different is what
 * the node decided.
 */
#include "trace.h"

#include <stdlib.h>

#include "mqtt_trace.h"
#include "spread.h"
#include "tp_clock.h"

enum trace_role {
	ROLE_PLAIN,
	ROLE_PORT,     /* a source of packets nobody has seen yet */
	ROLE_QUIET,    /* a source of others */
	ROLE_ETH,      /* has the short way */
	ROLE_FRAGMENT, /* keeps packets */
	ROLE_UDP,      /* gives a packet its record */
	ROLE_TCP,      /* makes messages */
	ROLE_DECODE,   /* from here on a packet has a record */
	ROLE_RECORD,
	ROLE_SPREAD,
};

static const struct {
	const char *name;
	enum trace_role role;
} trace_roles[] = {
        {"spread_rx", ROLE_QUIET},
        {"mqtt_poll", ROLE_QUIET},
        {"eth_input", ROLE_ETH},
        {"ip4_fragment", ROLE_FRAGMENT},
        {"ip6_fragment", ROLE_FRAGMENT},
        {"udp_input", ROLE_UDP},
        {"tcp_input", ROLE_TCP},
        {"decode", ROLE_DECODE}, /* and its clones */
        {"pattern_match", ROLE_RECORD},
        {"match_emitted", ROLE_RECORD},
        {"record_emit", ROLE_RECORD},
        {"spread_tx", ROLE_SPREAD},
};

/* What a node did with one packet. */
struct trace_call {
	struct rte_mbuf *m;
	struct rte_node *node;
	enum trace_role role;
	uint16_t source; /* of its record, before; 0: none */
	uint16_t before[TRACE_EDGES];
	uint8_t parts; /* messages of the segment */
	struct tp_trace_step step;
};

/* ---- the ring ------------------------------------------------------------------------------------------------------------------ */
static void trace_write(struct tp_trace *t, struct tp_trace_step *s)
{
	if (t->head - __atomic_load_n(&t->tail, __ATOMIC_ACQUIRE) == TRACE_STEPS) {
		__atomic_store_n(&t->lost, t->lost + 1, __ATOMIC_RELAXED);
		return;
	}
	if (s->at_us == 0)
		s->at_us = tp_clock_us(CLOCK_REALTIME);
	s->worker = t->worker->id;
	t->ring[t->head % TRACE_STEPS] = *s;
	__atomic_store_n(&t->head, t->head + 1, __ATOMIC_RELEASE);
}

bool tp_trace_next(struct tp_trace *t, struct tp_trace_step *step)
{
	if (__atomic_load_n(&t->head, __ATOMIC_ACQUIRE) == t->tail)
		return false;
	*step = t->ring[t->tail % TRACE_STEPS];
	__atomic_store_n(&t->tail, t->tail + 1, __ATOMIC_RELEASE);
	return true;
}

/* ---- marks --------------------------------------------------------------------------------------------------------------------- */
static void trace_mark(struct rte_mbuf *m, uint32_t number, uint8_t part)
{
	m->ol_flags |= TP_MBUF_TRACED;
	m->hash.fdir.hi = number;
	m->hash.fdir.lo = part;
}

/* The number of one more packet; 0: there are enough. */
static uint32_t trace_number(struct tp_trace *t)
{
	if (__atomic_load_n(&t->shared->left, __ATOMIC_RELAXED) <= 0 ||
	        __atomic_fetch_sub(&t->shared->left, 1, __ATOMIC_RELAXED) <= 0)
		return 0;
	return __atomic_add_fetch(&t->shared->numbers, 1, __ATOMIC_RELAXED);
}

static struct tp_trace_step trace_step_of(const struct rte_mbuf *m, enum tp_trace_what what)
{
	return (struct tp_trace_step){
	        .what = (uint8_t)what, .trace = m->hash.fdir.hi, .part = (uint8_t)m->hash.fdir.lo, .listener = TP_NO_LISTENER};
}

static void trace_record_of(struct tp_trace_step *s, const struct tp_record *rec)
{
	s->source = rec->source;
	s->listener = rec->listener;
	s->transport = rec->transport;
	s->result = rec->result;
}

static void trace_arrived(struct tp_trace *t, struct rte_mbuf *m)
{
	uint32_t number = trace_number(t);
	struct tp_trace_step s;

	if (number == 0)
		return;
	trace_mark(m, number, 0);
	t->worker->marked = true;
	s = trace_step_of(m, TP_TRACE_ARRIVED);
	s.arrived.n = m->pkt_len;
	s.arrived.port = m->port;
	memcpy(s.arrived.head, rte_pktmbuf_mtod(m, const void *), RTE_MIN(m->data_len, (uint16_t)TP_TRACE_HEAD));
	trace_write(t, &s);
}

/* ---- MQTT messages --------------------------------------------------------------------------------------------------------------- */
/* False where so many are awaited that there is no room for one more. */
static bool trace_await(struct tp_trace *t, const struct tp_trace_step *s, uint32_t waiter)
{
	if (t->n_waiting == TRACE_OPEN)
		return false;
	t->waiting[t->n_waiting++] = (struct trace_waiting){.waiter = waiter, .trace = s->trace, .part = s->part};
	return true;
}

static void trace_text(struct tp_trace_step *s, struct tp_slice topic, struct tp_slice client)
{
	s->message.client_n = (uint8_t)RTE_MIN(client.n, 32U);
	s->message.topic_n = (uint8_t)RTE_MIN(topic.n, (uint32_t)sizeof(s->message.text) - s->message.client_n);
	memcpy(s->message.text, topic.p, s->message.topic_n);
	memcpy(s->message.text + s->message.topic_n, client.p, s->message.client_n);
}

static void trace_message(struct tp_trace *t, const struct rte_mbuf *m)
{
	const struct tp_record *rec = rte_mbuf_to_priv((struct rte_mbuf *)(uintptr_t)m);
	struct tp_trace_step s = trace_step_of(m, TP_TRACE_MESSAGE);

	trace_record_of(&s, rec);
	s.message.payload_n = rec->payload.n;
	s.message.packet_id = rec->mqtt->packet_id;
	s.message.qos = rec->mqtt->qos;
	s.message.waits = rec->waiter != TP_NOBODY_WAITS;
	s.message.followed = s.message.waits && trace_await(t, &s, rec->waiter);
	trace_text(&s, rec->mqtt->topic, rec->mqtt->client_id);
	trace_write(t, &s);
}

/* Messages that come from no marked segment: from one of several, or from what a connection had kept. */
static void trace_messages(struct tp_trace *t, void **objs, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *m = objs[i];
		uint32_t number;

		if (tp_traced(m) || tp_rec(m)->transport != TP_transport_mqtt || !tp_trace_message_fits(t, tp_rec(m)))
			continue;
		number = trace_number(t);
		if (number == 0)
			return;
		trace_mark(m, number, 0);
		trace_message(t, m);
	}
}

static void trace_answer(struct tp_trace *t, uint32_t waiter, struct tp_trace_step *s)
{
	for (uint32_t i = 0; i < t->n_waiting; i++) {
		if (t->waiting[i].waiter != waiter)
			continue;
		s->trace = t->waiting[i].trace;
		s->part = t->waiting[i].part;
		t->waiting[i] = t->waiting[--t->n_waiting];
		trace_write(t, s);
		return;
	}
}

static void trace_answered(struct tp_trace *t, uint32_t waiter, bool recorded, uint16_t packet_id, uint8_t reason)
{
	struct tp_trace_step s = {.what = TP_TRACE_ANSWER,
	        .listener = TP_NO_LISTENER,
	        .message = {.recorded = recorded, .packet_id = packet_id, .reason = reason}};

	trace_answer(t, waiter, &s);
}

static void trace_gone(struct tp_trace *t, uint32_t waiter)
{
	struct tp_trace_step s = {.what = TP_TRACE_GONE, .listener = TP_NO_LISTENER};

	trace_answer(t, waiter, &s);
}

static void trace_given_up(struct tp_trace *t, const struct rte_mbuf *m, enum tp_counter reason)
{
	struct tp_trace_step s = trace_step_of(m, TP_TRACE_GIVEN_UP);

	s.n_counters = 1;
	s.counters[0].counter = (uint16_t)reason;
	s.counters[0].by = 1;
	trace_write(t, &s);
}

/* An MQTT message that the gateway takes no further; of a marked segment or not, it has a number of its own. */
static void trace_ended(struct tp_trace *t, const struct tp_record *rec, enum tp_counter why)
{
	struct tp_trace_step s = {.what = TP_TRACE_REFUSED, .listener = TP_NO_LISTENER, .n_counters = 1};

	if (!tp_trace_message_fits(t, rec))
		return;
	s.trace = trace_number(t);
	if (s.trace == 0)
		return;
	s.counters[0].counter = (uint16_t)why;
	s.counters[0].by = 1;
	s.source = rec->source;
	s.message.payload_n = rec->payload.n;
	s.message.packet_id = rec->mqtt->packet_id;
	s.message.qos = rec->mqtt->qos;
	trace_text(&s, rec->mqtt->topic, rec->mqtt->client_id);
	trace_write(t, &s);
}

/* ---- what a node did ------------------------------------------------------------------------------------------------------------- */
/* What moves with every packet tells nothing of this one; a covert alert is not told of. */
static bool trace_shows(unsigned int counter)
{
	return tp_counter_descs[counter].class != TP_CLASS_COVERT && counter != TP_C_received && counter != TP_C_received_bytes &&
	       counter != TP_C_emitted_bytes;
}

static void trace_moved(struct tp_trace_step *s, const struct tp_book *before, const struct tp_book *now)
{
	for (unsigned int c = 0; c < TP_COUNTER_COUNT && s->n_counters < TP_TRACE_COUNTERS; c++) {
		if (now->c[c] == before->c[c] || !trace_shows(c))
			continue;
		s->counters[s->n_counters].counter = (uint16_t)c;
		s->counters[s->n_counters++].by = (uint16_t)(now->c[c] - before->c[c]);
	}
}

static bool trace_dropped(const struct tp_trace_step *s)
{
	for (uint16_t i = 0; i < s->n_counters; i++)
		if (tp_counter_descs[s->counters[i].counter].class >= TP_CLASS_REFUSED)
			return true;
	return false;
}

static void trace_before(struct tp_trace *t, struct trace_call *call)
{
	struct tp_worker *w = t->worker;

	t->nobody = w->books[0];
	if (call->source)
		t->source = w->books[call->source];
	w->rejected.reason = TP_COUNTER_COUNT;
	for (rte_edge_t e = 0; e < call->node->nb_edges; e++)
		call->before[e] = call->node->nodes[e]->idx;
	t->n_open = w->open ? (uint32_t)w->spec->n_topics * w->n_buckets : 0;
	for (uint32_t i = 0; i < t->n_open; i++)
		t->seen[i] = w->open[i] ? w->open[i]->count : 0;
	t->call = call;
}

/* A packet that goes on because of this one: itself, a record of its datagram, a datagram it completed, a message in it. */
static void trace_follow(struct tp_trace *t, struct trace_call *call, struct rte_mbuf *m)
{
	if (m == call->m)
		return;
	if (tp_traced(m) && m->hash.fdir.hi != call->step.trace) {
		call->step.node.joined = m->hash.fdir.hi;
		return;
	}
	if (call->role == ROLE_TCP)
		trace_mark(m, call->step.trace, call->parts += call->parts < UINT8_MAX); /* further ones are told as the last one */
	else
		trace_mark(m, call->step.trace, call->step.part);
	if (call->role == ROLE_TCP)
		trace_message(t, m);
}

static bool trace_edge_again(const struct rte_node *node, rte_edge_t e)
{
	for (rte_edge_t i = 0; i < e; i++)
		if (node->nodes[i] == node->nodes[e])
			return true;
	return false;
}

static void trace_next(struct tp_trace *t, struct trace_call *call)
{
	struct tp_trace_step *s = &call->step;

	for (rte_edge_t e = 0; e < call->node->nb_edges; e++) {
		struct rte_node *next = call->node->nodes[e];
		bool drop = strcmp(next->name, "drop") == 0;

		if (next->idx == call->before[e] || trace_edge_again(call->node, e))
			continue;
		for (uint16_t i = call->before[e]; i < next->idx; i++)
			trace_follow(t, call, next->objs[i]);
		s->node.n_next += drop ? 0 : next->idx - call->before[e];
		if (s->node.next[0] == '\0' || !drop)
			snprintf(s->node.next, sizeof(s->node.next), "%.31s", next->name);
	}
}

static uint8_t trace_batch_follow(struct tp_batch *b, uint32_t entry, uint32_t trace)
{
	if (b->n_traced == TP_BATCH_TRACED)
		return 0;
	b->traced[b->n_traced++] = (struct tp_batch_traced){.entry = entry, .trace = trace};
	return 1;
}

static uint8_t trace_hex(uint8_t digit)
{
	return (uint8_t)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
}

/* The first field of every record, in whichever encoding its topic has. */
static void trace_event_id(uint8_t *id, size_t len, enum tp_encoding encoding, const uint8_t *value, uint32_t n)
{
	static const char json[] = "{\"event_id\":\"";
	const uint8_t *hex = value + sizeof(json) - 1;

	memset(id, 0, len);
	if (encoding == TP_ENCODING_AVRO && n >= 5 + len)
		memcpy(id, value + 5, len);
	if (encoding == TP_ENCODING_JSON && n >= sizeof(json) - 1 + 2 * len && memcmp(value, json, sizeof(json) - 1) == 0)
		for (size_t i = 0; i < len; i++)
			id[i] = (uint8_t)(trace_hex(hex[2 * i]) << 4 | trace_hex(hex[2 * i + 1]));
}

static void trace_record(struct tp_trace *t, const struct trace_call *call, struct tp_batch *b, uint32_t entry)
{
	const struct tp_batch_entry *e = &b->entries[entry];
	struct tp_trace_step s = call->step;

	s.what = TP_TRACE_RECORD;
	s.at_us += s.at_us != 0; /* behind the node; else now */
	s.n_counters = 0;
	s.record.topic = b->topic;
	s.record.kind = e->kind;
	s.record.batch = b->index;
	s.record.entry = entry;
	s.record.octets = e->value_len;
	s.record.followed = trace_batch_follow(b, entry, s.trace);
	trace_event_id(s.record.event_id, sizeof(s.record.event_id), t->worker->spec->topics[b->topic].encoding,
	        b->data + e->value_off, e->value_len);
	trace_write(t, &s);
}

/* What the call has put into an open batch since it was looked at. */
static void trace_records(struct tp_trace *t, uint32_t index)
{
	struct tp_batch *b = t->worker->open[index];

	for (; b && t->seen[index] < b->count; t->seen[index]++)
		if (!b->entries[t->seen[index]].covert)
			trace_record(t, t->call, b, t->seen[index]);
}

/* In the middle of a call, whose own step comes later, but is to stand in front of what is told here. */
static void trace_sealed(struct tp_trace *t, uint32_t index)
{
	if (!t->call)
		return;
	if (t->call->step.at_us == 0)
		t->call->step.at_us = tp_clock_us(CLOCK_REALTIME);
	trace_records(t, index);
	t->seen[index] = 0; /* of the next one */
}

static const struct tp_trace_told trace_told = {
        .given_up = trace_given_up, .answered = trace_answered, .gone = trace_gone, .ended = trace_ended, .sealed = trace_sealed};

static void trace_after(struct tp_trace *t, struct trace_call *call)
{
	struct tp_worker *w = t->worker;
	struct tp_trace_step *s = &call->step;

	trace_moved(s, &t->nobody, &w->books[0]);
	if (call->source)
		trace_moved(s, &t->source, &w->books[call->source]);
	trace_next(t, call);
	if (call->role == ROLE_UDP && s->node.n_next)
		trace_record_of(s, tp_rec(call->m));
	s->node.reason = (uint16_t)w->rejected.reason;
	s->node.stage = (uint16_t)w->rejected.stage;
	s->node.offset = w->rejected.offset;
	s->node.waits = call->role == ROLE_FRAGMENT && s->node.next[0] == '\0' && !trace_dropped(s);
	trace_write(t, s);
	for (uint32_t i = 0; i < t->n_open; i++)
		trace_records(t, i);
	t->call = NULL;
}

static void trace_one(struct tp_trace *t, struct rte_graph *graph, struct rte_node *node, struct rte_mbuf *m)
{
	struct trace_call call = {.m = m, .node = node, .role = t->role[node->id], .step = trace_step_of(m, TP_TRACE_NODE)};

	snprintf(call.step.node.name, sizeof(call.step.node.name), "%.31s", node->name);
	if (call.role >= ROLE_DECODE && (call.role != ROLE_SPREAD || tp_rec(m)->source)) {
		trace_record_of(&call.step, tp_rec(m));
		call.source = tp_rec(m)->source;
	}
	if (call.role == ROLE_SPREAD) {
		call.step.node.to_worker = tp_spread_target(t->worker, tp_rec(m));
		call.step.at_us = tp_clock_us(CLOCK_REALTIME); /* behind it the other worker may be done with the packet already */
	}
	trace_before(t, &call);
	node->objs[0] = m;
	node->idx = 1;
	t->process[node->id](graph, node, node->objs, 1);
	trace_after(t, &call);
}

/* ---- a node's vector ---------------------------------------------------------------------------------------------------------------- */
static bool trace_any(void **objs, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++)
		if (tp_traced(objs[i]))
			return true;
	return false;
}

static void trace_piece(struct tp_trace *t, struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n)
{
	memcpy(node->objs, objs, n * sizeof(*objs));
	node->idx = n;
	t->process[node->id](graph, node, node->objs, n);
}

static uint16_t trace_apart(struct tp_trace *t, struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n)
{
	memcpy(t->vector, objs, n * sizeof(*objs));
	for (uint16_t i = 0, to; i < n; i = to) {
		to = i + 1;
		if (tp_traced(t->vector[i])) {
			trace_one(t, graph, node, t->vector[i]);
			continue;
		}
		while (to < n && to - i < TRACE_PIECE && !tp_traced(t->vector[to]))
			to++;
		trace_piece(t, graph, node, &t->vector[i], to - i);
	}
	return n;
}

/* Packets that come in are looked at where they stand for the next node. */
static uint16_t trace_port(struct tp_trace *t, struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n)
{
	uint16_t before[TRACE_EDGES];

	for (rte_edge_t e = 0; e < node->nb_edges; e++)
		before[e] = node->nodes[e]->idx;
	n = t->process[node->id](graph, node, objs, n);
	for (rte_edge_t e = 0; e < node->nb_edges; e++)
		for (uint16_t i = before[e]; i < node->nodes[e]->idx; i++)
			if (tp_trace_frame_fits(t, node->nodes[e]->objs[i]))
				trace_arrived(t, node->nodes[e]->objs[i]);
	return n;
}

static uint16_t trace_process(struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n)
{
	struct tp_trace *t = tp_node_worker(node)->trace;
	uint8_t role = t->role[node->id];

	if (role == ROLE_PORT)
		return trace_port(t, graph, node, objs, n);
	if (role == ROLE_DECODE)
		trace_messages(t, objs, n);
	if (role != ROLE_QUIET && n <= TRACE_VECTOR && trace_any(objs, n))
		n = trace_apart(t, graph, node, objs, n);
	else
		n = t->process[node->id](graph, node, objs, n);
	if (role == ROLE_ETH)
		t->worker->marked = false;
	return n;
}

/* ---- arming ------------------------------------------------------------------------------------------------------------------------- */
struct tp_trace *tp_trace_new(struct tp_worker *w, struct rte_graph *graph, struct tp_trace_shared *shared)
{
	struct tp_trace *t = aligned_alloc(RTE_CACHE_LINE_SIZE, RTE_CACHE_LINE_ROUNDUP(sizeof(*t)));

	if (!t)
		return NULL;
	memset(t, 0, sizeof(*t));
	t->worker = w;
	t->graph = graph;
	t->shared = shared;
	t->told = &trace_told;
	return t;
}

void tp_trace_free(struct tp_trace *t)
{
	free(t);
}

static uint8_t trace_role(const struct rte_node *node)
{
	for (size_t i = 0; i < RTE_DIM(trace_roles); i++)
		if (strcmp(node->name, trace_roles[i].name) == 0 ||
		        (trace_roles[i].role == ROLE_DECODE && strncmp(node->name, "decode-", 7) == 0))
			return (uint8_t)trace_roles[i].role;
	return ROLE_PLAIN;
}

/* Source nodes stand in front of the ring that the graph walks. */
static bool trace_is_source(const struct rte_graph *graph, const struct rte_node *node)
{
	for (int32_t head = (int32_t)graph->head; head < 0; head++)
		if (RTE_PTR_ADD(graph, graph->cir_start[head]) == node)
			return true;
	return false;
}

void tp_trace_install(struct tp_trace *t)
{
	struct rte_node *node;
	rte_graph_off_t off;
	rte_node_t count;

	/* One that was not taken out in time: its function must not be kept as that of the nodes, which would call itself. */
	if (t->worker->trace)
		tp_trace_remove(t->worker->trace);
	t->worker->trace = t;
	tp_mqtt_trace_set(t->worker);
	rte_graph_foreach_node(count, off, t->graph, node)
	{
		if (node->id >= TRACE_NODES || node->nb_edges > TRACE_EDGES || strcmp(node->name, "drop") == 0)
			continue;
		t->process[node->id] = node->process;
		t->role[node->id] = trace_role(node);
		if (t->role[node->id] == ROLE_PLAIN && trace_is_source(t->graph, node))
			t->role[node->id] = ROLE_PORT;
		node->process = trace_process;
	}
}

void tp_trace_remove(struct tp_trace *t)
{
	struct rte_node *node;
	rte_graph_off_t off;
	rte_node_t count;

	rte_graph_foreach_node(count, off, t->graph, node) if (node->process == trace_process) node->process = t->process[node->id];
	t->worker->trace = NULL;
	t->worker->marked = false;
	tp_mqtt_trace_set(t->worker);
}
