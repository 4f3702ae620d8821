/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_TEST_FRAME_MAKER_H
#define TP_TEST_FRAME_MAKER_H
/* Frames made octet by octet, over cmocka: a usual datagram over IPv4, and its checksum made right again after it was changed. */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "checksum.h"

#define FRAME_MAX 1600

static inline uint32_t frame_unhex(const char *text, uint8_t *out)
{
	uint32_t n = (uint32_t)strlen(text) / 2;

	assert_true(n <= FRAME_MAX);
	for (uint32_t i = 0; i < n; i++) {
		char two[3] = {text[2 * i], text[2 * i + 1], 0};

		out[i] = (uint8_t)strtoul(two, NULL, 16);
	}
	return n;
}

static inline void frame_put16(uint8_t *p, uint32_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

/* The checksum of an IPv4 header without options behind an untagged Ethernet header. */
static inline void frame_sum_ip4(uint8_t *frame)
{
	uint16_t sum;

	frame_put16(frame + 24, 0);
	sum = (uint16_t)~tp_checksum_fold(tp_checksum_add(0, frame + 14, 20));
	memcpy(frame + 24, &sum, 2);
}

/* From 192.0.2.`host` port 5000 to 192.0.2.1, `n` octets of data, with right checksums. Returns the octets of the frame. */
static inline uint32_t frame_usual(uint8_t *frame, uint8_t host, uint16_t to, uint32_t n)
{
	static const uint8_t head[] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0x99, 8, 0, 0x45, 0, 0, 0, 0x12, 0x34, 0x40, 0, 64,
	        IPPROTO_UDP, 0, 0, 192, 0, 2, 99, 192, 0, 2, 1};
	uint16_t sum;

	memcpy(frame, head, sizeof(head));
	frame[29] = host;
	frame_put16(frame + 16, 28 + n);
	frame_put16(frame + 34, 5000);
	frame_put16(frame + 36, to);
	frame_put16(frame + 38, 8 + n);
	frame_put16(frame + 40, 0);
	memset(frame + 42, 0x41, n);
	frame_sum_ip4(frame);
	sum = (uint16_t)~tp_checksum_fold(tp_checksum_add(tp_checksum_pseudo(frame + 14, IPPROTO_UDP, 8 + n), frame + 34, 8 + n));
	memcpy(frame + 40, &sum, 2);
	return 42 + n;
}

#endif
