/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TCP options (RFC 9293 3.1, 7323, 2018). Reading survives anything: an option whose length is impossible ends the list, what was read before
 * it holds, and unknown options are skipped by their length (MUST-5, 6, 7).
 */
#include "endpoint.h"

#include <arpa/inet.h>

enum { OPTION_END = 0, OPTION_NOP = 1, OPTION_MSS = 2, OPTION_SCALE = 3, OPTION_SACK_PERMITTED = 4, OPTION_TIME_STAMP = 8 };

#define USUAL_TIME_STAMP 0x0101080au /* NOP NOP kind 8 length 10 */
#define MAX_SCALE        14          /* RFC 7323 2.3 */

static uint8_t *write32(uint8_t *p, uint32_t v)
{
	v = htonl(v);
	memcpy(p, &v, 4);
	return p + 4;
}

static void options_time_stamp(struct tcp_options *o, const uint8_t *p)
{
	o->has_ts = true;
	o->ts_val = tcp_read32(p);
	o->ts_ecr = tcp_read32(p + 4);
}

/* An option of a known kind counts only with the length that kind has. */
static void options_one(struct tcp_options *o, const uint8_t *p, uint32_t length)
{
	if (p[0] == OPTION_MSS && length == 4) {
		o->mss = (uint16_t)(p[2] << 8 | p[3]);
	} else if (p[0] == OPTION_SCALE && length == 3) {
		o->has_scale = true;
		o->scale = p[2] < MAX_SCALE ? p[2] : MAX_SCALE;
	} else if (p[0] == OPTION_SACK_PERMITTED && length == 2) {
		o->sack_permitted = true;
	} else if (p[0] == OPTION_TIME_STAMP && length == 10) {
		options_time_stamp(o, p + 2);
	}
}

void tcp_options_read(struct tcp_options *o, const uint8_t *p, uint32_t n)
{
	*o = (struct tcp_options){0};
	if (n == TCP_TS_OCTETS && tcp_read32(p) == USUAL_TIME_STAMP) {
		options_time_stamp(o, p + 4);
		return;
	}
	while (n && *p != OPTION_END) {
		uint32_t length = 1;

		if (*p != OPTION_NOP) {
			if (n < 2 || p[1] < 2 || p[1] > n)
				return;
			length = p[1];
			options_one(o, p, length);
		}
		p += length;
		n -= length;
	}
}

uint8_t *tcp_options_time_stamp(uint8_t *p, uint32_t val, uint32_t ecr)
{
	return write32(write32(write32(p, USUAL_TIME_STAMP), val), ecr);
}

/* Of a SYN-ACK: what the peer offered, and nothing else (RFC 7323 2.2, 3.2; RFC 2018 2). */
uint8_t *tcp_options_syn(uint8_t *p, uint16_t mss, const struct tcp_half *h, uint8_t scale, uint32_t ts_val)
{
	p = write32(p, OPTION_MSS << 24 | 4u << 16 | mss);
	if (h->flags & TCP_H_SCALE)
		p = write32(p, OPTION_NOP << 24 | OPTION_SCALE << 16 | 3u << 8 | scale);
	if (h->flags & TCP_F_SACK)
		p = write32(p, OPTION_NOP << 24 | OPTION_NOP << 16 | OPTION_SACK_PERMITTED << 8 | 2u);
	if (h->flags & TCP_F_TS)
		p = tcp_options_time_stamp(p, ts_val, h->ts_recent);
	return p;
}
