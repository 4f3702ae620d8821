/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * udp_input: RFC 768 and RFC 1122 4.1.3: length, listener, checksum, source. From here on a packet has a record, a listener and a source,
 * and is counted for that source.
 *
 * Edges: drop, spread_tx (the datagram belongs to another worker), then one decode node a format, see decode_edge in struct tp_worker.
 */
#include <rte_ip.h>
#include <rte_udp.h>

#include "checksum.h"
#include "node.h"
#include "spread.h"
#include "udp_flow.h"

enum { NEXT_DROP, NEXT_SPREAD };
_Static_assert(NEXT_SPREAD + 1 == TP_DECODE_EDGE_UDP, "the edges to the decoders come behind");

/* Addresses of the packet: where they lie and how long they are. */
struct udp_addresses {
	const uint8_t *from, *to;
	uint8_t family;
};

static inline struct udp_addresses udp_addresses(const struct rte_mbuf *m)
{
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, m->l2_len);

	if (likely(ip[0] >> 4 == 4))
		return (struct udp_addresses){
		        ip + offsetof(struct rte_ipv4_hdr, src_addr), ip + offsetof(struct rte_ipv4_hdr, dst_addr), 4};
	return (struct udp_addresses){
	        ip + offsetof(struct rte_ipv6_hdr, src_addr), ip + offsetof(struct rte_ipv6_hdr, dst_addr), 6};
}

static inline bool udp_checksum_ok(const struct rte_mbuf *m, uint32_t offset, uint16_t length)
{
	uint64_t verdict = m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;

	if (verdict == RTE_MBUF_F_RX_L4_CKSUM_GOOD)
		return true;
	return verdict != RTE_MBUF_F_RX_L4_CKSUM_BAD && tp_udp_checksum_usual_ok(m, offset, length);
}

/* The five fields of a record that a flow keeps, beside each other. */
_Static_assert(offsetof(struct tp_record, listener) == offsetof(struct tp_record, source) + 2 &&
                       offsetof(struct tp_record, source_port) == offsetof(struct tp_record, source) + 4 &&
                       offsetof(struct tp_record, source_family) == offsetof(struct tp_record, source) + 6 &&
                       offsetof(struct tp_record, transport) == offsetof(struct tp_record, source) + 7,
        "who of a flow");

/*
 * Listener, checksum and source, in this order, of a datagram whose flow is not known; an IPv4 flow is kept in `kept`. Returns the flow, or NULL with the
 * reason to drop it.
 */
static __rte_noinline const struct tp_flow *udp_flow_find(
        struct tp_worker *w, const struct rte_mbuf *m, uint16_t length, struct tp_flow *kept, enum tp_counter *why)
{
	uint32_t at = m->l2_len + m->l3_len;
	const struct rte_udp_hdr *udp = rte_pktmbuf_mtod_offset(m, const struct rte_udp_hdr *, at);
	struct udp_addresses addresses = udp_addresses(m);
	struct tp_record rec = {.source_family = addresses.family, .transport = TP_transport_udp};
	struct tp_flow *flow = addresses.family == 4 ? kept : &w->flow6;

	rec.source_port = rte_be_to_cpu_16(udp->src_port);
	rec.listener = tp_plan_listener(w->plan, addresses.family, addresses.to, rte_be_to_cpu_16(udp->dst_port));
	*why = TP_C_udp_no_listener;
	if (unlikely(rec.listener == TP_NO_LISTENER))
		return NULL;
	*why = TP_C_udp_checksum;
	if (unlikely(!udp_checksum_ok(m, at, length)))
		return NULL;
	rec.source = tp_plan_source(w->plan, rec.listener, addresses.family, addresses.from);
	*why = TP_C_unknown_source;
	if (unlikely(rec.source == 0))
		return NULL;
	memcpy(&flow->addresses, addresses.from, sizeof(flow->addresses));
	memcpy(&flow->ports, udp, sizeof(flow->ports));
	flow->port = m->port;
	flow->source = rec.source;
	flow->edge = w->decode_edge[w->decoder_of[rec.listener]];
	memcpy(&flow->who, &rec.source, sizeof(flow->who));
	tp_flow_set_head(flow);
	return flow;
}

/* The flow of a datagram whose checksum is right. Datagrams come from few senders, so it is mostly known. */
static __rte_always_inline const struct tp_flow *udp_flow(
        struct tp_worker *w, const struct rte_mbuf *m, uint32_t at, uint16_t length, enum tp_counter *why)
{
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, m->l2_len);
	struct tp_flow *flow;
	uint64_t addresses;
	uint32_t ports;

	memcpy(&addresses, ip + offsetof(struct rte_ipv4_hdr, src_addr), sizeof(addresses));
	memcpy(&ports, rte_pktmbuf_mtod_offset(m, const uint8_t *, at), sizeof(ports));
	flow = tp_flow_slot(w, addresses, ports);
	if (unlikely(ip[0] >> 4 != 4 || !tp_flow_is(flow, addresses, ports, m->port)))
		return udp_flow_find(w, m, length, flow, why);
	*why = TP_C_udp_checksum;
	return likely(udp_checksum_ok(m, at, length)) ? flow : NULL;
}
static inline uint16_t udp_input_stage(struct tp_worker *w, struct rte_mbuf *m)
{
	struct tp_record *rec = tp_rec(m);
	uint32_t at = m->l2_len + m->l3_len;
	enum tp_counter why = TP_C_udp_header;
	const struct rte_udp_hdr *udp;
	const struct tp_flow *flow;
	uint16_t length;

	if (unlikely(rte_pktmbuf_data_len(m) < at + sizeof(*udp)))
		goto drop;
	udp = rte_pktmbuf_mtod_offset(m, const struct rte_udp_hdr *, at);
	length = rte_be_to_cpu_16(udp->dgram_len);
	if (unlikely(length < sizeof(*udp) || length > rte_pktmbuf_pkt_len(m) - at))
		goto drop;
	flow = udp_flow(w, m, at, length, &why);
	if (unlikely(!flow))
		goto drop;
	/* A chain is made contiguous by the decode node, in the arena of the worker that decodes it. */
	tp_flow_fill_record(w, rec, likely(m->nb_segs == 1) ? (const uint8_t *)(udp + 1) : NULL, length - sizeof(*udp), flow);
	if (unlikely(m->ol_flags & TP_MBUF_REASSEMBLED))
		rec->flags = TP_FLAG_REASSEMBLED;
	if (unlikely(rec->source_family != 4))
		memcpy(rec->source_addr, udp_addresses(m).from, 16);
	w->books[0].c[TP_C_received]--; /* port_rx counted it for nobody */
	tp_flow_count(w, flow, length - sizeof(*udp));
	if (unlikely(w->spread_out && tp_spread_target(w, rec) != w->id))
		return NEXT_SPREAD;
	return flow->edge;
drop:
	tp_drop(w, m, why);
	return NEXT_DROP;
}

static uint16_t udp_input_process(struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++)
		rte_prefetch0(tp_rec(objs[i]));
	return tp_node_each(graph, node, objs, n, udp_input_stage);
}

static struct rte_node_register udp_input_node = {
        .name = "udp_input",
        .process = udp_input_process,
        .nb_edges = 2,
        .next_nodes = {[NEXT_DROP] = "drop", [NEXT_SPREAD] = "spread_tx"},
};
RTE_NODE_REGISTER(udp_input_node)
