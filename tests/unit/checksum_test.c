/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The Internet checksum against a plain one after RFC 1071, at every length and alignment with the data against a page nobody may read;
 * over chains cut anywhere; and the IPv6 extension walk with the headers against that page.
 */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "chance.h"
#include "checksum.h"
#include "guard.h"
#include "ip6_extension.h"
#include "tp_cpu.h"

/* RFC 1071, 4.1, on octets. Returns the folded sum as it lies in memory. */
static uint16_t plain_sum(const uint8_t *p, size_t n)
{
	uint32_t sum = 0;
	uint8_t out[2];
	uint16_t word;

	for (size_t i = 0; i < n; i++) {
		sum += i & 1 ? p[i] : (uint32_t)p[i] << 8;
		sum = (sum & 0xffff) + (sum >> 16);
	}
	out[0] = (uint8_t)(sum >> 8);
	out[1] = (uint8_t)sum;
	memcpy(&word, out, 2);
	return word;
}

static void check_add(tp_checksum_add_fn add)
{
	struct guard g = guard_new(4096);
	uint8_t data[400];
	uint32_t x = 2463534242;

	for (size_t n = 0; n <= sizeof(data); n++) {
		for (size_t i = 0; i < n; i++)
			data[i] = n % 3 ? (uint8_t)chance32(&x) : 0xff;
		assert_int_equal(tp_checksum_fold(add(0, guard_put(&g, data, n), n)), plain_sum(data, n));
	}
}

/* The largest sum there is: nothing may be lost on the way. */
static void check_largest(tp_checksum_add_fn add)
{
	static uint8_t data[1 << 17];

	memset(data, 0xff, sizeof(data));
	assert_int_equal(tp_checksum_fold(add(0, data, sizeof(data))), 0xffff);
	assert_int_equal(tp_checksum_fold(add(0, data, 1 << 16)), 0xffff); /* what still goes through the vectors */
	data[sizeof(data) - 1] = 0xfe;
	assert_int_equal(tp_checksum_fold(add(0, data, sizeof(data))), plain_sum(data, sizeof(data)));
	assert_int_equal(tp_checksum_fold(UINT64_MAX), 0xffff);
	assert_int_equal(tp_checksum_fold(0), 0);
}

static void test_plain(void **state)
{
	(void)state;
	check_add(tp_checksum_add_plain);
	check_largest(tp_checksum_add_plain);
}

static void test_avx512(void **state)
{
	(void)state;
	if (!tp_cpu_has_avx512()) {
		print_message("the processor has no AVX-512 VBMI2: only the plain sum runs here\n");
		skip();
	}
	check_add(tp_checksum_add_avx512);
	check_largest(tp_checksum_add_avx512);
}

/* RFC 1071, 3: the example. */
static void test_example(void **state)
{
	static const uint8_t data[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
	uint16_t sum = tp_checksum_fold(tp_checksum_add(0, data, sizeof(data)));

	(void)state;
	assert_memory_equal(&sum, ((uint8_t[]){0xdd, 0xf2}), 2);
}

static void test_adjust(void **state)
{
	uint8_t data[64];
	uint32_t x = 88172645;

	(void)state;
	for (int round = 0; round < 10000; round++) {
		uint16_t from, to, field;

		for (size_t i = 0; i < sizeof(data); i++)
			data[i] = (uint8_t)chance32(&x);
		field = (uint16_t)~plain_sum(data, sizeof(data));
		memcpy(&from, data + 6, 2);
		to = (uint16_t)chance32(&x);
		memcpy(data + 6, &to, 2);
		assert_int_equal(tp_checksum_adjust(field, from, to), (uint16_t)~plain_sum(data, sizeof(data)));
	}
}

/* ---- packets --------------------------------------------------------------------------------------------------------------- */

#define SEGMENTS 8

/* A chain over `data`, cut at random places, empty segments included. */
static struct rte_mbuf *chain(struct rte_mbuf *segs, uint8_t *data, uint32_t n, uint32_t first, uint32_t *x)
{
	uint32_t at = 0;

	memset(segs, 0, SEGMENTS * sizeof(*segs));
	for (int i = 0; i < SEGMENTS; i++) {
		uint32_t part = i == SEGMENTS - 1 ? n - at : chance32(x) % ((n - at) / 3 + 1);

		if (i == 0 && part < first)
			part = first;
		segs[i].buf_addr = data + at;
		segs[i].data_len = (uint16_t)part;
		segs[i].next = i == SEGMENTS - 1 ? NULL : &segs[i + 1];
		at += part;
	}
	segs[0].pkt_len = n;
	segs[0].nb_segs = SEGMENTS;
	return segs;
}

static void test_packet(void **state)
{
	struct rte_mbuf segs[SEGMENTS];
	uint8_t data[777];
	uint32_t x = 2463534242;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		uint32_t off = chance32(&x) % (sizeof(data) + 1), len = chance32(&x) % (sizeof(data) - off + 1);

		for (size_t i = 0; i < sizeof(data); i++)
			data[i] = (uint8_t)chance32(&x);
		chain(segs, data, sizeof(data), 0, &x);
		assert_int_equal(tp_checksum_packet(segs, off, len), plain_sum(data + off, len));
	}
}

/* A UDP datagram over IPv4 or IPv6 behind 18 octets of Ethernet, with the checksum of a sum over pseudo header and datagram. */
static uint32_t make_udp(uint8_t *frame, int family, uint32_t payload, uint32_t *x)
{
	uint8_t pseudo[40] = {0};
	uint32_t ip = family == 4 ? 20 : 40, addresses = family == 4 ? 8 : 32, len = 8 + payload, at = 18 + ip;
	static uint8_t all[70000];
	uint16_t sum;

	for (uint32_t i = 0; i < at + len; i++)
		frame[i] = (uint8_t)chance32(x);
	frame[18] = family == 4 ? 0x45 : 0x60;
	memcpy(pseudo, frame + at - addresses, addresses);
	memcpy(pseudo + addresses, (uint8_t[8]){0, 0, 0, 0, 0, 0, 0, IPPROTO_UDP}, 8);
	pseudo[addresses + 2] = (uint8_t)(len >> 8);
	pseudo[addresses + 3] = (uint8_t)len;
	memset(frame + at + 6, 0, 2);
	memcpy(all, pseudo, addresses + 8);
	memcpy(all + addresses + 8, frame + at, len);
	sum = (uint16_t)~plain_sum(all, addresses + 8 + len);
	if (sum == 0)
		sum = 0xffff;
	memcpy(frame + at + 6, &sum, 2);
	return at;
}

static void check_udp(const struct rte_mbuf *m, uint8_t *frame, uint32_t at, uint32_t len, int family, uint32_t *x)
{
	uint32_t where = at + chance32(x) % len;

	assert_true(tp_udp_checksum_ok(m, at, len));
	assert_false(tp_udp_checksum_ok(m, at, len + 1));
	if (where != at + 6 && where != at + 7) {
		frame[where] ^= (uint8_t)(1 + chance32(x) % 255);
		assert_false(tp_udp_checksum_ok(m, at, len));
	}
	memset(frame + at + 6, 0, 2);
	assert_int_equal(tp_udp_checksum_ok(m, at, len), family == 4);
}

static void test_udp(void **state)
{
	static uint8_t frame[70000];
	struct rte_mbuf segs[SEGMENTS];
	uint32_t x = 88172645;

	(void)state;
	for (int round = 0; round < 4000; round++) {
		int family = round & 1 ? 6 : 4;
		uint32_t payload = chance32(&x) % (round % 100 ? 300 : 60000), at = make_udp(frame, family, payload, &x);

		chain(segs, frame, at + 8 + payload, round & 2 ? at + 8 : at + 8 + payload, &x);
		segs[0].l2_len = 18;
		check_udp(segs, frame, at, 8 + payload, family, &x);
	}
}

/* ---- extension headers ----------------------------------------------------------------------------------------------------- */

/* A valid chain, cut at every length: the walk stays within what it was given and accepts the whole of it only. */
static void test_walk_cut(void **state)
{
	static const uint8_t headers[] = {
	        IPPROTO_DSTOPTS, 0, 5, 2, 0, 0, 1, 0,                                 /* hop-by-hop: router alert, padding */
	        IPPROTO_ROUTING, 1, 0x3e, 5, 1, 2, 3, 4, 5, 0, 1, 4, 0, 0, 0, 0,      /* an option to skip, Pad1, PadN */
	        IPPROTO_FRAGMENT, 2, 0, 0, [36] = 0xfe, [48] = IPPROTO_UDP, [55] = 1, /* no segment left; atomic fragment */
	};
	struct guard g = guard_new(4096);
	uint8_t packet[40 + sizeof(headers)] = {0x60, [6] = IPPROTO_HOPOPTS};

	(void)state;
	memcpy(packet + 40, headers, sizeof(headers));
	for (uint32_t n = 40; n <= sizeof(packet); n++) {
		struct tp_ip6_walk walk = {.off = 40, .next = IPPROTO_HOPOPTS};

		assert_int_equal(tp_ip6_walk(guard_put(&g, packet, n), n, &walk), n == sizeof(packet));
		if (n < sizeof(packet))
			continue;
		assert_int_equal(walk.off, sizeof(packet));
		assert_int_equal(walk.next, IPPROTO_UDP);
		assert_int_equal(walk.headers, 4);
		assert_false(walk.fragmented);
	}
}

static void test_walk_anything(void **state)
{
	static const uint8_t numbers[] = {IPPROTO_HOPOPTS, IPPROTO_DSTOPTS, IPPROTO_ROUTING, IPPROTO_FRAGMENT, IPPROTO_UDP};
	struct guard g = guard_new(4096);
	uint32_t x = 2463534242;
	unsigned int accepted = 0;

	(void)state;
	for (int round = 0; round < 200000; round++) {
		uint8_t packet[120];
		uint32_t n = 40 + chance32(&x) % 81;
		struct tp_ip6_walk walk = {.off = 40, .next = numbers[chance32(&x) % 5]};

		for (uint32_t i = 40; i < n; i++)
			packet[i] = i % 8 ? (uint8_t)(chance32(&x) & chance32(&x) & 0x3f) : numbers[chance32(&x) % 5];
		if (!tp_ip6_walk(guard_put(&g, packet, n), n, &walk))
			continue;
		assert_in_range(walk.off, 40, n);
		assert_in_range(walk.headers, 0, TP_IP6_MAX_EXTENSIONS);
		accepted++;
	}
	assert_in_range(accepted, 1000, 199999);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_plain),
	        cmocka_unit_test(test_avx512),
	        cmocka_unit_test(test_example),
	        cmocka_unit_test(test_adjust),
	        cmocka_unit_test(test_packet),
	        cmocka_unit_test(test_udp),
	        cmocka_unit_test(test_walk_cut),
	        cmocka_unit_test(test_walk_anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
