/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_cycles.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "mqtt_clients.h"

#define ADDRESS_HERE  0x0a000001u /* the worker's */
#define CLIENT_PORT   40000
#define FLOOD_ADDRESS 0x0b000000u
#define SCALE         7
#define OPTIONS       12 /* two NOPs and the time stamp */
#define SYN_OPTIONS   20
#define TCP_HEADERS   (sizeof(struct rte_ether_hdr) + sizeof(struct rte_ipv4_hdr) + sizeof(struct rte_tcp_hdr))

enum { CLIENT_NEW, CLIENT_SYN_SENT, CLIENT_SYN_ACKED, CLIENT_CONNECTING, CLIENT_UP };

/* What the worker's segment says. */
struct answer {
	uint32_t client;
	uint32_t seq, ack, ts_val;
	uint16_t window;
	uint8_t flags, scale;
	const uint8_t *text;
	uint32_t n;
};

void clients_new(struct clients *c, struct wire *wire, uint32_t n, const uint8_t *payloads, uint32_t payload_n, uint32_t payloads_n)
{
	*c = (struct clients){.wire = wire, .n = n, .payloads = payloads, .payload_n = payload_n, .payloads_n = payloads_n};
	c->list = malloc(n * sizeof(*c->list));
	c->todo = malloc(n * sizeof(*c->todo));
	if (!c->list || !c->todo)
		wire_die("no memory for the clients");
	memset(c->list, 0, n * sizeof(*c->list)); /* in memory now, so that it is no growth of later */
	memset(c->todo, 0, n * sizeof(*c->todo));
	for (uint32_t i = 0; i < n; i++)
		c->list[i].seq = c->list[i].unacked = i * 2654435761u;
}

void clients_free(struct clients *c)
{
	free(c->list);
	free(c->todo);
}

void clients_id(uint32_t i, char *out)
{
	memcpy(out, "device-", 7);
	for (int k = CLIENTS_ID_N - 1; k >= 7; k--, i /= 10)
		out[k] = (char)('0' + i % 10);
}

static uint32_t clients_ms(void)
{
	return (uint32_t)(rte_rdtsc() / (rte_get_tsc_hz() / 1000));
}

/* ---- frames ------------------------------------------------------------------------------------------------------------------ */
static struct rte_ipv4_hdr *frame_ip(struct rte_mbuf *m, uint32_t client, uint8_t protocol, uint32_t n)
{
	static const uint8_t ether[14] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x08, 0x00};
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(frame + sizeof(ether));

	memcpy(frame, ether, sizeof(ether));
	*ip = (struct rte_ipv4_hdr){
	        .version_ihl = RTE_IPV4_VHL_DEF,
	        .total_length = rte_cpu_to_be_16((uint16_t)(sizeof(*ip) + n)),
	        .time_to_live = 64,
	        .next_proto_id = protocol,
	        .src_addr = rte_cpu_to_be_32(CLIENTS_ADDRESS + client),
	        .dst_addr = RTE_BE32(ADDRESS_HERE),
	};
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	m->data_len = (uint16_t)(sizeof(ether) + sizeof(*ip) + n);
	m->pkt_len = m->data_len;
	return ip;
}

/* Where the text of a segment lies that is not complete yet. */
static uint8_t *frame_text(struct rte_mbuf *m)
{
	return rte_pktmbuf_mtod_offset(m, uint8_t *, TCP_HEADERS + OPTIONS);
}

static uint8_t *frame_time_stamp(uint8_t *p, const struct client *k)
{
	uint32_t val = rte_cpu_to_be_32(clients_ms()), ecr = rte_cpu_to_be_32(k->ts_ecr);

	memcpy(p, (const uint8_t[]){8, 10}, 2);
	memcpy(p + 2, &val, 4);
	memcpy(p + 6, &ecr, 4);
	return p + 10;
}

/* Headers around n octets of text that stand there already. */
static struct rte_mbuf *frame_segment(struct clients *c, struct rte_mbuf *m, uint32_t client, uint8_t flags, uint32_t n)
{
	struct client *k = &c->list[client];
	bool syn = flags & RTE_TCP_SYN_FLAG;
	uint32_t header = sizeof(struct rte_tcp_hdr) + (syn ? SYN_OPTIONS : OPTIONS);
	struct rte_ipv4_hdr *ip = frame_ip(m, client, IPPROTO_TCP, header + n);
	struct rte_tcp_hdr *tcp = (struct rte_tcp_hdr *)(ip + 1);
	uint8_t *options = (uint8_t *)(tcp + 1);

	*tcp = (struct rte_tcp_hdr){
	        .src_port = RTE_BE16(CLIENT_PORT),
	        .dst_port = RTE_BE16(CLIENTS_TCP_PORT),
	        .sent_seq = rte_cpu_to_be_32(k->seq),
	        .recv_ack = rte_cpu_to_be_32(k->ack),
	        .data_off = (uint8_t)(header / 4 << 4),
	        .tcp_flags = flags,
	        .rx_win = RTE_BE16(512),
	};
	if (syn) {
		memcpy(options, (const uint8_t[]){2, 4, 1460 >> 8, 1460 & 0xff, 4, 2}, 6);
		memcpy(frame_time_stamp(options + 6, k), (const uint8_t[]){1, 3, 3, SCALE}, 4);
	} else {
		memcpy(options, (const uint8_t[]){1, 1}, 2);
		frame_time_stamp(options + 2, k);
	}
	tcp->cksum = rte_ipv4_udptcp_cksum(ip, tcp);
	k->seq += n + syn;
	return m;
}

static struct rte_mbuf *frame_connect(struct clients *c, uint32_t client)
{
	static const uint8_t head[] = {
	        0x10, 12 + CLIENTS_ID_N, 0, 4, 'M', 'Q', 'T', 'T', 4, 0x02 /* clean session */, 0, 0, 0, CLIENTS_ID_N};
	struct rte_mbuf *m = wire_frame(c->wire);
	uint8_t *p = frame_text(m);

	memcpy(p, head, sizeof(head));
	clients_id(client, (char *)p + sizeof(head));
	return frame_segment(c, m, client, RTE_TCP_ACK_FLAG | RTE_TCP_PSH_FLAG, sizeof(head) + CLIENTS_ID_N);
}

static const uint8_t *clients_payload(struct clients *c)
{
	const uint8_t *p = c->payloads + (size_t)c->payload * c->payload_n;

	c->payload = c->payload + 1 < c->payloads_n ? c->payload + 1 : 0;
	return p;
}

static struct rte_mbuf *frame_publish(struct clients *c, uint32_t client, unsigned int qos)
{
	static const char before[] = "reads/", behind[] = "/plate";
	uint32_t topic = sizeof(before) - 1 + CLIENTS_ID_N + sizeof(behind) - 1;
	uint32_t length = 2 + topic + 2 * (qos > 0) + c->payload_n;
	struct rte_mbuf *m = wire_frame(c->wire);
	uint8_t *text = frame_text(m), *p = text;

	*p++ = (uint8_t)(0x30 | qos << 1);
	for (uint32_t rest = length; rest || p == text + 1; rest >>= 7)
		*p++ = (uint8_t)((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
	*p++ = 0;
	*p++ = (uint8_t)topic;
	memcpy(p, before, sizeof(before) - 1);
	clients_id(client, (char *)p + sizeof(before) - 1);
	memcpy(p + sizeof(before) - 1 + CLIENTS_ID_N, behind, sizeof(behind) - 1);
	p += topic;
	if (qos) {
		struct client *k = &c->list[client];

		k->packet_id = k->packet_id == UINT16_MAX ? 1 : k->packet_id + 1;
		*p++ = (uint8_t)(k->packet_id >> 8);
		*p++ = (uint8_t)k->packet_id;
	}
	memcpy(p, clients_payload(c), c->payload_n);
	p += c->payload_n;
	return frame_segment(c, m, client, RTE_TCP_ACK_FLAG | RTE_TCP_PSH_FLAG, (uint32_t)(p - text));
}

static struct rte_mbuf *frame_datagram(struct clients *c, uint32_t client)
{
	struct rte_mbuf *m = wire_frame(c->wire);
	struct rte_ipv4_hdr *ip = frame_ip(m, client, IPPROTO_UDP, (uint32_t)sizeof(struct rte_udp_hdr) + c->payload_n);
	struct rte_udp_hdr *udp = (struct rte_udp_hdr *)(ip + 1);

	*udp = (struct rte_udp_hdr){.src_port = RTE_BE16(CLIENT_PORT),
	        .dst_port = RTE_BE16(CLIENTS_UDP_PORT),
	        .dgram_len = rte_cpu_to_be_16((uint16_t)(sizeof(*udp) + c->payload_n))};
	memcpy(udp + 1, clients_payload(c), c->payload_n);
	udp->dgram_cksum = rte_ipv4_udptcp_cksum(ip, udp);
	return m;
}

/* ---- rounds ------------------------------------------------------------------------------------------------------------------ */
static void clients_todo(struct clients *c, uint32_t client)
{
	if (c->list[client].todo)
		return;
	c->list[client].todo = true;
	c->todo[(c->todo_first + c->todo_n++) % c->n] = client;
}

/* The next step of a client; two frames at most. */
static unsigned int clients_step(struct clients *c, uint32_t client, struct rte_mbuf **frames)
{
	struct client *k = &c->list[client];

	k->todo = false;
	frames[0] = frame_segment(c, wire_frame(c->wire), client, RTE_TCP_ACK_FLAG, 0);
	if (k->state != CLIENT_SYN_ACKED)
		return 1;
	frames[1] = frame_connect(c, client);
	k->state = CLIENT_CONNECTING;
	return 2;
}

static unsigned int clients_steps(struct clients *c, struct rte_mbuf **frames)
{
	unsigned int n = 0;

	while (c->todo_n && n < WIRE_ROUND - 1) {
		n += clients_step(c, c->todo[c->todo_first], frames + n);
		c->todo_first = (c->todo_first + 1) % c->n;
		c->todo_n--;
	}
	return n;
}

unsigned int clients_connect(struct clients *c, uint32_t *fresh)
{
	struct rte_mbuf *frames[WIRE_ROUND];
	unsigned int n = clients_steps(c, frames);

	for (; n < WIRE_ROUND && *fresh < c->n; ++*fresh) {
		frames[n++] = frame_segment(c, wire_frame(c->wire), *fresh, RTE_TCP_SYN_FLAG, 0);
		c->list[*fresh].state = CLIENT_SYN_SENT;
	}
	wire_give(c->wire, frames, n);
	return n;
}

/* Sequence numbers, ports and 16 million addresses at random. */
static struct rte_mbuf *frame_flood(struct clients *c)
{
	static const uint8_t options[SYN_OPTIONS] = {
	        2, 4, 1460 >> 8, 1460 & 0xff, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, SCALE};
	struct rte_mbuf *m = wire_frame(c->wire);
	struct rte_ipv4_hdr *ip = frame_ip(m, 0, IPPROTO_TCP, sizeof(struct rte_tcp_hdr) + SYN_OPTIONS);
	struct rte_tcp_hdr *tcp = (struct rte_tcp_hdr *)(ip + 1);

	c->random = c->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	ip->src_addr = rte_cpu_to_be_32(FLOOD_ADDRESS | (uint32_t)(c->random >> 40));
	ip->hdr_checksum = 0;
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	*tcp = (struct rte_tcp_hdr){
	        .src_port = (uint16_t)(c->random >> 24),
	        .dst_port = RTE_BE16(CLIENTS_TCP_PORT),
	        .sent_seq = (uint32_t)(c->random >> 16),
	        .data_off = (sizeof(*tcp) + SYN_OPTIONS) / 4 << 4,
	        .tcp_flags = RTE_TCP_SYN_FLAG,
	        .rx_win = RTE_BE16(64240),
	};
	memcpy(tcp + 1, options, SYN_OPTIONS);
	tcp->cksum = rte_ipv4_udptcp_cksum(ip, tcp);
	return m;
}

unsigned int clients_flood(struct clients *c)
{
	struct rte_mbuf *frames[WIRE_ROUND];

	for (unsigned int n = 0; n < WIRE_ROUND; n++)
		frames[n] = frame_flood(c);
	c->syns += WIRE_ROUND;
	wire_give(c->wire, frames, WIRE_ROUND);
	return WIRE_ROUND;
}

unsigned int clients_ping(struct clients *c, uint32_t *fresh)
{
	struct rte_mbuf *frames[WIRE_ROUND];
	unsigned int n = clients_steps(c, frames);

	for (; n < WIRE_ROUND && *fresh < c->n; ++*fresh) {
		struct rte_mbuf *m = wire_frame(c->wire);

		memcpy(frame_text(m), (const uint8_t[]){0xc0, 0}, 2);
		frames[n++] = frame_segment(c, m, *fresh, RTE_TCP_ACK_FLAG | RTE_TCP_PSH_FLAG, 2);
	}
	wire_give(c->wire, frames, n);
	return n;
}

static bool client_may(const struct clients *c, const struct client *k, unsigned int qos)
{
	uint32_t unacked = k->seq - k->unacked, need = c->payload_n + 64;

	return unacked + need <= CLIENTS_UNACKED && unacked + need <= k->window && (!qos || k->in_flight < CLIENTS_FLIGHT);
}

unsigned int clients_publish(struct clients *c, unsigned int qos)
{
	struct rte_mbuf *frames[WIRE_ROUND];
	unsigned int steps = clients_steps(c, frames), n = steps;

	for (uint32_t tried = 0; n < WIRE_ROUND && tried < c->n; tried++) {
		uint32_t client = c->next;
		struct client *k = &c->list[client];

		c->next = c->next + 1 < c->n ? c->next + 1 : 0;
		if (!client_may(c, k, qos))
			continue;
		k->in_flight += qos > 0;
		frames[n++] = frame_publish(c, client, qos);
	}
	c->sent += n - steps;
	wire_give(c->wire, frames, n);
	return n;
}

unsigned int clients_settle(struct clients *c, uint32_t *fresh)
{
	struct rte_mbuf *frames[WIRE_ROUND];
	unsigned int n;

	for (n = 0; n < WIRE_ROUND && *fresh < c->n; n++, ++*fresh)
		clients_todo(c, *fresh);
	n = clients_steps(c, frames);
	wire_give(c->wire, frames, n);
	return n;
}

unsigned int clients_datagrams(struct clients *c)
{
	struct rte_mbuf *frames[WIRE_ROUND];

	for (unsigned int n = 0; n < WIRE_ROUND; n++) {
		frames[n] = frame_datagram(c, c->next);
		c->next = c->next + 1 < c->n ? c->next + 1 : 0;
	}
	c->sent += WIRE_ROUND;
	wire_give(c->wire, frames, WIRE_ROUND);
	return WIRE_ROUND;
}

/* ---- answers ----------------------------------------------------------------------------------------------------------------- */
static void answer_options(struct answer *a, const uint8_t *p, const uint8_t *end)
{
	while (p < end && *p != 0) {
		if (*p == 1) {
			p++;
			continue;
		}
		if (p + 2 > end || p[1] < 2 || p + p[1] > end)
			wire_die("an option without end");
		if (*p == 3)
			a->scale = p[2];
		if (*p == 8) {
			memcpy(&a->ts_val, p + 2, 4);
			a->ts_val = rte_be_to_cpu_32(a->ts_val);
		}
		p += p[1];
	}
}

static void answer_parse(const struct rte_mbuf *m, struct answer *a)
{
	const struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(m, const struct rte_ipv4_hdr *, sizeof(struct rte_ether_hdr));
	const struct rte_tcp_hdr *tcp = (const struct rte_tcp_hdr *)(ip + 1);
	uint32_t header = (uint32_t)(tcp->data_off >> 4) * 4, n = rte_be_to_cpu_16(ip->total_length) - (uint32_t)sizeof(*ip);
	const uint8_t *p = (const uint8_t *)tcp;

	if (ip->next_proto_id != IPPROTO_TCP || header < sizeof(*tcp) || header > n || n + 34 > m->data_len)
		wire_die("the worker sent something else than a segment");
	*a = (struct answer){
	        .client = rte_be_to_cpu_32(ip->dst_addr) - CLIENTS_ADDRESS,
	        .seq = rte_be_to_cpu_32(tcp->sent_seq),
	        .ack = rte_be_to_cpu_32(tcp->recv_ack),
	        .window = rte_be_to_cpu_16(tcp->rx_win),
	        .flags = tcp->tcp_flags,
	        .text = p + header,
	        .n = n - header,
	};
	answer_options(a, p + sizeof(*tcp), p + header);
}

/* PUBACK, CONNACK and PINGRESP; nothing else has a reason to come. */
static void answer_packets(struct clients *c, struct client *k, const uint8_t *p, uint32_t n)
{
	while (n >= 2 && n >= 2u + p[1]) {
		if (p[0] == 0x40) {
			k->in_flight--;
			c->acknowledged++;
		} else if (p[0] == 0x20 && p[3] == 0 && k->state == CLIENT_CONNECTING) {
			k->state = CLIENT_UP;
			c->connected++;
		} else if (p[0] == 0xd0) {
			c->pings++;
		} else {
			wire_die("an MQTT packet that nobody asked for");
		}
		n -= 2u + p[1];
		p += 2 + p[1];
	}
	if (n)
		wire_die("an MQTT packet that is cut in two");
}

static void clients_answer(struct clients *c, const struct answer *a)
{
	struct client *k = &c->list[a->client < c->n ? a->client : 0];

	if (a->client >= FLOOD_ADDRESS - CLIENTS_ADDRESS && a->flags & RTE_TCP_SYN_FLAG) {
		c->syn_acks++; /* nobody is there */
		return;
	}
	if (a->client >= c->n || a->flags & (RTE_TCP_RST_FLAG | RTE_TCP_FIN_FLAG))
		wire_die("a connection was closed");
	if (a->flags & RTE_TCP_SYN_FLAG) {
		if (k->state != CLIENT_SYN_SENT)
			return; /* again */
		k->state = CLIENT_SYN_ACKED;
		k->ack = a->seq + 1;
		k->scale = a->scale;
		clients_todo(c, a->client);
	} else if (a->n && a->seq != k->ack) {
		if ((int32_t)(a->seq - k->ack) > 0)
			wire_die("a segment is missing");
		clients_todo(c, a->client); /* again: its ACK is what was missing */
		return;
	}
	k->unacked = a->ack;
	k->ts_ecr = a->ts_val;
	k->window = a->flags & RTE_TCP_SYN_FLAG ? a->window : (uint32_t)a->window << k->scale;
	if (!a->n)
		return;
	k->ack += a->n;
	answer_packets(c, k, a->text, a->n);
	if (k->state != CLIENT_UP || *a->text != 0x40) /* PUBACKs are acknowledged by the next PUBLISH */
		clients_todo(c, a->client);
}

void clients_read(struct clients *c)
{
	struct rte_mbuf *frames[64];
	struct answer a;
	unsigned int n;

	while ((n = wire_take(c->wire, frames, 64)) != 0) {
		for (unsigned int i = 0; i < n; i++) {
			answer_parse(frames[i], &a);
			clients_answer(c, &a);
		}
		c->segments += n;
		rte_pktmbuf_free_bulk(frames, n);
	}
}
