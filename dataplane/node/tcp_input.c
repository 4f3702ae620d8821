/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tcp_input: RFC 9293 3.1 and RFC 1122 4.2: header length, addresses, checksum; then a vector of segments at a time goes to the endpoint. What the
 * messages in them became goes on to the decoders. Segments stay until the walk ends, because messages are decoded where they lie.
 *
 * Edges: drop, spread_tx (the segment belongs to another worker), then one decode node a format, as udp_input.
 */
#include <rte_ip.h>
#include <rte_tcp.h>

#include "checksum.h"
#include "mqtt.h"
#include "spread.h"

enum { NEXT_DROP, NEXT_SPREAD };

#define TCP_VECTOR 64

/* The segments of a vector, side by side. */
struct tcp_vector {
	struct tcp_segment segment[TCP_VECTOR];
	struct tcp_tuple tuple[TCP_VECTOR];
	struct tcp_link link[TCP_VECTOR];
	uint32_t n;
};

static void tcp_tuple_of(const struct rte_mbuf *m, const struct rte_tcp_hdr *tcp, struct tcp_tuple *t)
{
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, m->l2_len);

	memset(t, 0, sizeof(*t));
	if (likely(ip[0] >> 4 == 4)) {
		t->family = 4;
		memcpy(t->remote, ip + offsetof(struct rte_ipv4_hdr, src_addr), 4);
		memcpy(t->local, ip + offsetof(struct rte_ipv4_hdr, dst_addr), 4);
	} else {
		t->family = 6;
		memcpy(t->remote, ip + offsetof(struct rte_ipv6_hdr, src_addr), 16);
		memcpy(t->local, ip + offsetof(struct rte_ipv6_hdr, dst_addr), 16);
	}
	t->local_port = rte_be_to_cpu_16(tcp->dst_port);
	t->remote_port = rte_be_to_cpu_16(tcp->src_port);
}

static bool tcp_checksum_ok(const struct rte_mbuf *m, uint32_t at, uint32_t n)
{
	uint64_t verdict = m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, m->l2_len);
	uint64_t sum;

	if (verdict == RTE_MBUF_F_RX_L4_CKSUM_GOOD)
		return true;
	if (verdict == RTE_MBUF_F_RX_L4_CKSUM_BAD)
		return false;
	sum = tp_checksum_pseudo(ip, IPPROTO_TCP, n);
	if (likely(m->nb_segs == 1))
		sum = tp_checksum_add(sum, rte_pktmbuf_mtod_offset(m, const uint8_t *, at), n);
	else
		sum += tp_checksum_packet(m, at, n);
	return tp_checksum_fold(sum) == 0xffff;
}

/* RFC 1122, 4.2.3.10: a segment to a broadcast or multicast address is dropped; ip*_input has looked at the source. */
static bool tcp_to_one(const struct rte_mbuf *m, const struct tcp_tuple *t)
{
	static const uint8_t none[16];

	if (*rte_pktmbuf_mtod(m, const uint8_t *) & 1)
		return false;
	if (t->family == 4)
		return t->local[0] < 224 && t->local[0] != 0;
	return t->local[0] != 0xff && memcmp(t->local, none, 16) != 0 && memcmp(t->remote, none, 16) != 0;
}

/* Octets of header and payload in one piece. NULL: the arena is full. */
static const uint8_t *tcp_contiguous(struct tp_worker *w, const struct rte_mbuf *m, uint32_t at, uint32_t n)
{
	uint8_t *copy;

	if (likely(m->nb_segs == 1))
		return rte_pktmbuf_mtod_offset(m, const uint8_t *, at);
	copy = tp_arena_get(&w->arena, n);
	return copy ? rte_pktmbuf_read(m, at, n, copy) : NULL;
}

/* Fills one place of the vector. False with *why set where the packet is dropped. */
static bool tcp_take(struct tp_worker *w, const struct rte_mbuf *m, struct tcp_vector *v, enum tp_counter *why)
{
	uint32_t at = m->l2_len + m->l3_len, n = rte_pktmbuf_pkt_len(m) - at;
	struct tcp_segment *s = &v->segment[v->n];
	const struct rte_tcp_hdr *tcp = rte_pktmbuf_mtod_offset(m, const struct rte_tcp_hdr *, at);

	*why = TP_C_tcp_header;
	if (unlikely(rte_pktmbuf_data_len(m) < at + sizeof(*tcp) || (tcp->data_off >> 4) * 4U < sizeof(*tcp) ||
	             (tcp->data_off >> 4) * 4U > n))
		return false;
	tcp_tuple_of(m, tcp, &v->tuple[v->n]);
	*why = TP_C_tcp_address;
	if (unlikely(!tcp_to_one(m, &v->tuple[v->n])))
		return false;
	*why = TP_C_tcp_checksum;
	if (unlikely(!tcp_checksum_ok(m, at, n)))
		return false;
	*why = TP_C_arena_full;
	*s = (struct tcp_segment){.tuple = &v->tuple[v->n], .link = &v->link[v->n], .p = tcp_contiguous(w, m, at, n), .n = n};
	if (unlikely(!s->p))
		return false;
	s->listener = tp_plan_mqtt_listener(w->plan, s->tuple->family, s->tuple->local, s->tuple->local_port);
	tp_link_of(m, (struct tp_link *)&v->link[v->n]);
	v->n++;
	return true;
}

static void tcp_run(struct tp_mqtt_worker *q, struct tcp_vector *v)
{
	if (v->n)
		tcp_input_vector(q->tcp, v->segment, v->n, q->now_us);
	v->n = 0;
}

/*
 * While somebody asks for what is given up: one segment by itself, so that what the endpoint counts is known to be this one's. Its reasons stand beside
 * each other.
 */
static __rte_noinline void tcp_run_apart(struct tp_mqtt_worker *q, struct tcp_vector *v, const struct rte_mbuf *m)
{
	struct tp_worker *w = q->worker;
	uint64_t before[TP_C_tcp_gaps + 1 - TP_C_tcp_header];

	memcpy(before, &w->books[0].c[TP_C_tcp_header], sizeof(before));
	tcp_run(q, v);
	for (unsigned int i = 0; i < RTE_DIM(before); i++)
		if (w->books[0].c[TP_C_tcp_header + i] != before[i])
			tp_tell_given_up(w, m, NULL, TP_C_tcp_header + i, NULL);
}

/* True where another worker's connection; its record then says from where the packet came. */
static bool tcp_elsewhere(const struct tp_worker *w, struct rte_mbuf *m)
{
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, m->l2_len);
	struct tp_record *rec = tp_rec(m);

	if (likely(!w->spread_out))
		return false;
	rec->transport = TP_transport_mqtt;
	rec->source_family = ip[0] >> 4;
	if (rec->source_family == 4)
		memcpy(rec->source_addr, ip + offsetof(struct rte_ipv4_hdr, src_addr), 4);
	else
		memcpy(rec->source_addr, ip + offsetof(struct rte_ipv6_hdr, src_addr), 16);
	rec->source = 0;
	return tp_spread_target(w, rec) != w->id;
}

static void tcp_one(
        struct rte_graph *graph, struct rte_node *node, struct tp_mqtt_worker *q, struct rte_mbuf *m, struct tcp_vector *v)
{
	struct tp_worker *w = q->worker;
	enum tp_counter why = TP_C_tcp_memory_full;

	if (unlikely(tcp_elsewhere(w, m))) {
		rte_node_enqueue_x1(graph, node, NEXT_SPREAD, m);
		return;
	}
	if (likely(q->n_spent < TP_MQTT_SPENT && tcp_take(w, m, v, &why))) {
		q->spent[q->n_spent++] = m;
		if (unlikely(w->given_up))
			tcp_run_apart(q, v, m);
		return;
	}
	tp_drop(w, m, why);
	rte_node_enqueue_x1(graph, node, NEXT_DROP, m);
}

static uint16_t tcp_input_process(struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n)
{
	struct tp_worker *w = tp_node_worker(node);
	struct tp_mqtt_worker *q = w->mqtt;
	struct tcp_vector v;

	if (unlikely(!q)) {
		for (uint16_t i = 0; i < n; i++)
			tp_drop(w, objs[i], TP_C_tcp_no_listener);
		rte_node_next_stream_move(graph, node, NEXT_DROP);
		return n;
	}
	v.n = 0;
	tp_mqtt_clock(q, w->now_tsc);
	for (uint16_t i = 0; i < n; i++) {
		tcp_one(graph, node, q, objs[i], &v);
		if (v.n == TCP_VECTOR)
			tcp_run(q, &v);
	}
	tcp_run(q, &v);
	tp_mqtt_enqueue_made(q, graph, node);
	return n;
}

static struct rte_node_register tcp_input_node = {
        .name = "tcp_input",
        .process = tcp_input_process,
        .nb_edges = 2,
        .next_nodes = {[NEXT_DROP] = "drop", [NEXT_SPREAD] = "spread_tx"},
};
RTE_NODE_REGISTER(tcp_input_node)
