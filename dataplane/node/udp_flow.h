/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_UDP_FLOW_H
#define TP_UDP_FLOW_H
/*
 * What the two ways of a datagram share: udp_input, which takes every datagram, and the short way of udp_fast.h. A datagram whose flow is known
 * becomes a record here, so both make the same one. Worker only.
 */
#include <netinet/in.h>

#include <rte_ether.h>
#include <rte_ip.h>

#include "node.h"

/* Where a flow is, if it is known. */
static inline struct tp_flow *tp_flow_slot(struct tp_worker *w, uint64_t addresses, uint32_t ports)
{
	return &w->flows[((addresses ^ ports) * 0x9e3779b97f4a7c15) >> 56];
}
_Static_assert(TP_FLOWS == 1 << 8, "eight bits of the hash are the index");

static inline bool tp_flow_is(const struct tp_flow *flow, uint64_t addresses, uint32_t ports, uint16_t port)
{
	return flow->addresses == addresses && flow->ports == ports && flow->port == port && flow->source != 0;
}

/* Writes down how its frames begin, as the short way wants them (udp_fast.h). */
static inline void tp_flow_set_head(struct tp_flow *flow)
{
	memset(flow->head, 0, sizeof(flow->head));
	flow->head[0] = RTE_ETHER_TYPE_IPV4 >> 8;
	flow->head[1] = RTE_ETHER_TYPE_IPV4 & 0xff;
	flow->head[2] = RTE_IPV4_VHL_DEF;
	flow->head[11] = IPPROTO_UDP;
	memcpy(flow->head + 14, &flow->addresses, sizeof(flow->addresses));
	memcpy(flow->head + 22, &flow->ports, sizeof(flow->ports));
	flow->came = 1 | (uint32_t)flow->port << 16;
}

/* The record of a datagram of that flow, as far as it is known in front of the decoder; `payload` is NULL where it is a chain of buffers. */
static __rte_always_inline void tp_flow_fill_record(
        const struct tp_worker *w, struct tp_record *rec, const uint8_t *payload, uint16_t payload_n, const struct tp_flow *flow)
{
	rec->payload.p = payload;
	rec->payload.n = payload_n;
	memcpy(&rec->source, &flow->who, sizeof(flow->who));
	rec->received_at = w->now_us;
	memcpy(rec->source_addr, &flow->addresses, 4); /* of IPv6, udp_input writes all of it */
	rec->who = NULL;
	rec->mqtt = NULL;
	rec->waiter = TP_NOBODY_WAITS;
	rec->kind = 0; /* the decoder's; eight octets are cleared at once with it */
	rec->flags = 0;
	rec->result = 0;
	rec->has_device_time = 0;
	rec->trailing = 0;
}

/* Counts a datagram for its source. What port_rx counted for nobody is the caller's to take back. */
static __rte_always_inline void tp_flow_count(struct tp_worker *w, const struct tp_flow *flow, uint16_t payload_n)
{
	struct tp_book *book = &w->books[flow->source];

	book->c[TP_C_received]++;
	book->c[TP_C_received_bytes] += payload_n;
	tp_seen_arrival(&book->seen, w->now_us);
}

#endif
