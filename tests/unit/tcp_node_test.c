/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Checksums of TCP (RFC 9293 3.1), which the nodes around the endpoint verify and make: frames go through eth_input, ip*_input and tcp_input into a real
 * endpoint, and what it answers comes back as frames. The sums here are added word by word, by code of this test alone.
 */
#include <netinet/in.h>

#define RIG_TCP
#include "graph_rig.h"

#include "mqtt.h"

#define PORT   1883
#define HEADER 20

static struct {
	struct tp_mqtt_worker q;
	struct rte_mbuf *spent[TP_MQTT_SPENT], *tx[TP_MQTT_TX], *buffers[2 * TP_MQTT_STOCK];
} node;

/* ---- stand-ins ------------------------------------------------------------------------------------------------------------- */
struct rte_mempool *tp_packet_pool(void)
{
	return rig.pool;
}

uint16_t tp_plan_mqtt_listener(const struct tp_plan *plan, uint8_t family, const uint8_t *addr, uint16_t port)
{
	RTE_SET_USED(plan);
	RTE_SET_USED(family);
	RTE_SET_USED(addr);
	return port == PORT ? 0 : TCP_NO_LISTENER;
}

void tp_mqtt_enqueue_made(struct tp_mqtt_worker *q, struct rte_graph *graph, struct rte_node *n)
{
	RTE_SET_USED(q);
	RTE_SET_USED(graph);
	RTE_SET_USED(n);
}

void tp_port_send(struct tp_worker *w, struct rte_mbuf **packets, uint16_t n)
{
	RTE_SET_USED(w);
	rte_pktmbuf_free_bulk(packets, n);
}

/* ---- frames ---------------------------------------------------------------------------------------------------------------- */
static uint32_t add(uint32_t sum, const uint8_t *p, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* Of segment and pseudo-header, the checksum field included: 0xffff where it is right. */
static uint16_t segment_sum(const uint8_t *ip, const uint8_t *tcp, uint32_t n)
{
	bool four = ip[0] >> 4 == 4;

	return fold(add(add(n + IPPROTO_TCP, ip + (four ? 12 : 8), four ? 8 : 32), tcp, n));
}

static uint8_t *frame_ip(uint8_t *ip, bool four, uint32_t payload)
{
	static const uint8_t from6[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 7}, to6[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 1};
	uint8_t head4[20] = {0x45, 0, (uint8_t)((20 + payload) >> 8), (uint8_t)(20 + payload), 0, 0, 0, 0, 64, IPPROTO_TCP, 0, 0,
	        198, 51, 100, 7, 192, 0, 2, 1};
	uint16_t sum = (uint16_t)~fold(add(0, head4, 20));

	if (four) {
		head4[10] = (uint8_t)(sum >> 8);
		head4[11] = (uint8_t)sum;
		memcpy(ip, head4, 20);
		return ip + 20;
	}
	memcpy(ip, (const uint8_t[8]){0x60, 0, 0, 0, (uint8_t)(payload >> 8), (uint8_t)payload, IPPROTO_TCP, 64}, 8);
	memcpy(ip + 8, from6, 16);
	memcpy(ip + 24, to6, 16);
	return ip + 40;
}

/* A SYN with `text` octets behind it; its whole length. */
static uint32_t frame_syn(uint8_t *frame, bool four, uint32_t text, uint32_t *at)
{
	static const uint8_t ether[14] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 9};
	uint8_t head[HEADER] = {0x30, 0x39, PORT >> 8, PORT & 0xff, 1, 2, 3, 4, 0, 0, 0, 0, 0x50, 0x02, 0xff, 0xff}, *tcp;
	uint16_t sum;

	memcpy(frame, ether, 14);
	memcpy(frame + 12, four ? "\x08\x00" : "\x86\xdd", 2);
	tcp = frame_ip(frame + 14, four, HEADER + text);
	memcpy(tcp, head, HEADER);
	memset(tcp + HEADER, 0xa5, text);
	sum = (uint16_t)~segment_sum(frame + 14, tcp, HEADER + text);
	tcp[16] = (uint8_t)(sum >> 8);
	tcp[17] = (uint8_t)sum;
	*at = (uint32_t)(tcp - frame);
	return *at + HEADER + text;
}

/* ---- tests ----------------------------------------------------------------------------------------------------------------- */
static int endpoint_start(void **state)
{
	static const struct tcp_app app = {.ctx = NULL};
	const struct tcp_io io = {.output = tp_tcp_frame, .ctx = &node.q};
	struct tcp_spec spec = {.connections = 4,
	        .half_open = 1024,
	        .time_wait = 4,
	        .chunks = 64,
	        .receive_window = 16384,
	        .reassembly_octets = 16384,
	        .reassembly_gaps = 8,
	        .send_octets = 8192,
	        .max_retries = 8,
	        .syn_retries = 3,
	        .time_wait_ms = 60000,
	        .fin_wait_2_ms = 10000,
	        .challenge_rate = 1000,
	        .mss4 = 1460,
	        .mss6 = 1440,
	        .secret = {1}};

	RTE_SET_USED(state);
	memset(&node, 0, sizeof(node));
	memset(&rig.book, 0, sizeof(rig.book));
	node.q = (struct tp_mqtt_worker){.worker = &rig.worker, .spent = node.spent, .tx = node.tx, .buffers = node.buffers};
	node.q.tcp = tcp_new(&spec, &io, &app, &rig.book, 0);
	assert_non_null(node.q.tcp);
	rig.worker.mqtt = &node.q;
	return 0;
}

static int endpoint_stop(void **state)
{
	RTE_SET_USED(state);
	tp_mqtt_transmit(&node.q);
	rte_pktmbuf_free_bulk(node.spent, node.q.n_spent);
	rte_pktmbuf_free_bulk(node.buffers, node.q.n_buffers);
	tcp_free(node.q.tcp);
	rig_empty();
	rig.worker.mqtt = NULL;
	return rte_mempool_in_use_count(rig.pool) == 0 ? 0 : -1;
}

/* How many frames the endpoint answered it with. */
static uint32_t give(const uint8_t *frame, uint32_t n)
{
	uint32_t before = node.q.n_tx;

	rig_run_one(rig_packet(frame, n, 0));
	return node.q.n_tx - before;
}

/* A right one is answered; one with any bit changed that the sum covers is dropped, and counted as just that. */
static void must_3_checksum_is_verified(void **state)
{
	uint8_t frame[256], bad[256];
	uint32_t n, at, dropped = 0;

	RTE_SET_USED(state);
	for (unsigned int four = 0; four < 2; four++)
		for (uint32_t text = 0; text < 4; text++) {
			n = frame_syn(frame, four, text, &at);
			tcp_free(node.q.tcp);
			rte_pktmbuf_free_bulk(node.spent, node.q.n_spent);
			rte_pktmbuf_free_bulk(node.buffers, node.q.n_buffers);
			tp_mqtt_transmit(&node.q);
			endpoint_start(NULL);
			assert_int_equal(give(frame, n), 1);
			assert_int_equal(rig.book.c[TP_C_tcp_segments], 1);
			dropped = 0;
			for (uint32_t i = at; i < n; i++)
				for (unsigned int bit = 0; bit < 8; bit++) {
					if (i == at + 12) /* the header's length: another fault */
						continue;
					memcpy(bad, frame, n);
					bad[i] ^= (uint8_t)(1u << bit);
					assert_int_equal(give(bad, n), 0);
					assert_int_equal(rig.book.c[TP_C_tcp_checksum], ++dropped);
					rig_empty();
				}
			assert_int_equal(rig.book.c[TP_C_tcp_segments], 1);
		}
}

/* The pseudo-header is part of it: with addresses exchanged for others of the same host the sum is wrong. */
static void must_3_checksum_covers_addresses_and_length(void **state)
{
	uint8_t frame[256];
	uint32_t n, at;

	RTE_SET_USED(state);
	n = frame_syn(frame, false, 2, &at);
	frame[14 + 8 + 15] ^= 3; /* the sender's */
	assert_int_equal(give(frame, n), 0);
	assert_int_equal(rig.book.c[TP_C_tcp_checksum], 1);
	n = frame_syn(frame, false, 3, &at);
	frame[14 + 5]--; /* one octet of text less */
	assert_int_equal(give(frame, n), 0);
	assert_int_equal(rig.book.c[TP_C_tcp_checksum], 2);
}

static void check_frame(const struct rte_mbuf *m)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *), *ip = frame + 14;
	uint32_t ip_n = ip[0] >> 4 == 4 ? 20 : 40, n = m->pkt_len - 14 - ip_n;

	if (ip_n == 20)
		assert_int_equal(fold(add(0, ip, 20)), 0xffff);
	assert_int_equal(segment_sum(ip, ip + ip_n, n), 0xffff);
	assert_int_not_equal(ip[ip_n + 16] << 8 | ip[ip_n + 17], 0);
}

/* What the endpoint sends, SYN-ACKs and segments of any length in pieces, has the right sum. */
static void must_2_checksum_is_made(void **state)
{
	static const uint8_t text[1400] = {1, 2, 3};
	uint8_t frame[256], header[HEADER] = {7, 0x5b, 0x30, 0x39, 9, 9, 9, 9, 8, 8, 8, 8, 0x50, 0x10, 1, 1};
	struct tcp_tuple tuple = {.local = {192, 0, 2, 1}, .remote = {198, 51, 100, 7}, .local_port = PORT, .remote_port = 12345};
	struct tp_link link = {.port = 0};
	struct tcp_output out = {.tuple = &tuple, .link = (struct tcp_link *)&link, .header = header, .header_n = HEADER};
	uint32_t n, at;

	RTE_SET_USED(state);
	for (unsigned int four = 0; four < 2; four++) {
		n = frame_syn(frame, four, 0, &at);
		assert_int_equal(give(frame, n), 1);
		check_frame(node.tx[node.q.n_tx - 1]);
	}
	for (uint32_t first = 0; first < 40; first++)
		for (uint32_t second = 0; second < 1400; second += 333) {
			tuple.family = first & 1 ? 4 : 6;
			out.parts = (first > 0) + (second > 0);
			out.part[0].p = text;
			out.part[0].n = first ? first : second;
			out.part[1].p = text + 1;
			out.part[1].n = second;
			tp_tcp_frame(&node.q, &out);
			check_frame(node.tx[node.q.n_tx - 1]);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(must_2_checksum_is_made, endpoint_start, endpoint_stop),
	        cmocka_unit_test_setup_teardown(must_3_checksum_is_verified, endpoint_start, endpoint_stop),
	        cmocka_unit_test_setup_teardown(must_3_checksum_covers_addresses_and_length, endpoint_start, endpoint_stop),
	};

	return cmocka_run_group_tests(tests, rig_start, rig_stop);
}
