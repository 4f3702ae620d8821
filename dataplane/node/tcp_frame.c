/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Segments of the endpoint become frames: back to the MAC address and through the VLAN tags the peer's came with, so that no routing
 * table is needed. Checksums are made here. A frame for which there is no packet buffer is counted as tcp_no_buffer and not sent: TCP sends it again.
 */
#include <rte_ip.h>
#include <rte_tcp.h>

#include "checksum.h"
#include "mqtt.h"
#include "packet.h"

void tp_link_of(const struct rte_mbuf *m, struct tp_link *link)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
	unsigned int tags = (m->l2_len - sizeof(struct rte_ether_hdr)) / 4;

	memset(link, 0, sizeof(*link));
	memcpy(&link->mac, frame + RTE_ETHER_ADDR_LEN, RTE_ETHER_ADDR_LEN);
	link->port = m->port;
	for (unsigned int i = 0; i < tags && i < 2; i++)
		memcpy(&link->tag[i], frame + 12 + 4 * i, 4);
}

static uint8_t *frame_ethernet(uint8_t *p, const struct tp_link *link, uint8_t family)
{
	rte_be16_t type = family == 4 ? RTE_BE16(RTE_ETHER_TYPE_IPV4) : RTE_BE16(RTE_ETHER_TYPE_IPV6);

	memcpy(p, &link->mac, RTE_ETHER_ADDR_LEN);
	memcpy(p + RTE_ETHER_ADDR_LEN, &tp_port_by_id[link->port]->mac, RTE_ETHER_ADDR_LEN);
	p += 2 * RTE_ETHER_ADDR_LEN;
	for (unsigned int i = 0; i < 2 && link->tag[i]; i++, p += 4)
		memcpy(p, &link->tag[i], 4);
	memcpy(p, &type, sizeof(type));
	return p + sizeof(type);
}

static void frame_ip4(uint8_t *p, const struct tcp_tuple *tuple, uint32_t payload)
{
	struct rte_ipv4_hdr ip = {
	        .version_ihl = RTE_IPV4_VHL_DEF,
	        .total_length = rte_cpu_to_be_16((uint16_t)(sizeof(ip) + payload)),
	        .fragment_offset = RTE_BE16(RTE_IPV4_HDR_DF_FLAG),
	        .time_to_live = TP_HOP_LIMIT,
	        .next_proto_id = IPPROTO_TCP,
	};
	uint64_t sum = ip.total_length;

	memcpy(&ip.src_addr, tuple->local, 4);
	memcpy(&ip.dst_addr, tuple->remote, 4);
	/* Word by word, as the header would have to wait to be read back. */
	sum += RTE_BE16(RTE_IPV4_VHL_DEF << 8) + RTE_BE16(RTE_IPV4_HDR_DF_FLAG) + RTE_BE16(TP_HOP_LIMIT << 8 | IPPROTO_TCP);
	ip.hdr_checksum = (uint16_t)~tp_checksum_fold(sum + ip.src_addr + ip.dst_addr);
	memcpy(p, &ip, sizeof(ip));
}

static void frame_ip6(uint8_t *p, const struct tcp_tuple *tuple, uint32_t payload)
{
	struct rte_ipv6_hdr *ip = (struct rte_ipv6_hdr *)p;

	ip->vtc_flow = RTE_BE32(0x60000000);
	ip->payload_len = rte_cpu_to_be_16((uint16_t)payload);
	ip->proto = IPPROTO_TCP;
	ip->hop_limits = TP_HOP_LIMIT;
	memcpy(ip->src_addr, tuple->local, 16);
	memcpy(ip->dst_addr, tuple->remote, 16);
}

static uint8_t *frame_tcp(uint8_t *p, const struct tcp_output *out)
{
	memcpy(p, out->header, out->header_n);
	p += out->header_n;
	for (uint32_t i = 0; i < out->parts; i++) {
		memcpy(p, out->part[i].p, out->part[i].n);
		p += out->part[i].n;
	}
	return p;
}

static uint32_t frame_payload(const struct tcp_output *out)
{
	uint32_t n = out->header_n;

	for (uint32_t i = 0; i < out->parts; i++)
		n += out->part[i].n;
	return n;
}

static void frame_write(struct rte_mbuf *m, const struct tp_link *link, const struct tcp_output *out, uint32_t payload)
{
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *), *ip = frame_ethernet(frame, link, out->tuple->family);
	uint32_t ip_n = out->tuple->family == 4 ? sizeof(struct rte_ipv4_hdr) : sizeof(struct rte_ipv6_hdr);
	struct rte_tcp_hdr *tcp = (struct rte_tcp_hdr *)(ip + ip_n);

	if (out->tuple->family == 4)
		frame_ip4(ip, out->tuple, payload);
	else
		frame_ip6(ip, out->tuple, payload);
	frame_tcp((uint8_t *)tcp, out);
	tcp->cksum = 0;
	tcp->cksum = (uint16_t)~tp_checksum_fold(tp_checksum_add(tp_checksum_pseudo(ip, IPPROTO_TCP, payload), tcp, payload));
	m->data_len = (uint16_t)((const uint8_t *)tcp - frame + payload);
	m->pkt_len = m->data_len;
	m->port = link->port;
}

void tp_tcp_frame(void *ctx, const struct tcp_output *out)
{
	struct tp_mqtt_worker *q = ctx;
	struct tp_link link;
	struct rte_mbuf *m;
	uint32_t payload = frame_payload(out);

	memcpy(&link, out->link, sizeof(link));
	if (unlikely(q->n_tx == TP_MQTT_TX))
		tp_mqtt_transmit(q);
	m = tp_mqtt_buffer(q);
	/* Too long for a buffer it cannot be: the segment size is made from the MTU. */
	if (unlikely(!m || payload + 64 > rte_pktmbuf_tailroom(m))) {
		rte_pktmbuf_free(m);
		q->worker->books[0].c[TP_C_tcp_no_buffer]++;
		return;
	}
	frame_write(m, &link, out, payload);
	q->tx[q->n_tx++] = m;
}

/* Runs of frames of one port go out together. */
void tp_mqtt_transmit(struct tp_mqtt_worker *q)
{
	uint32_t from = 0;

	for (uint32_t i = 1; i <= q->n_tx; i++) {
		if (i < q->n_tx && q->tx[i]->port == q->tx[from]->port)
			continue;
		tp_port_send(q->worker, q->tx + from, (uint16_t)(i - from));
		from = i;
	}
	q->n_tx = 0;
}
