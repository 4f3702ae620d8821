/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_TEST_FRAGMENT_MAKER_H
#define TP_TEST_FRAGMENT_MAKER_H
/*
 * UDP datagrams and the fragments of them: for IPv4, plain and in a VLAN, and for IPv6, plain and with extension headers in front of the
 * Fragment header and behind it. There is one datagram at a time, `the`.
 */
#include <netinet/in.h>

#include "graph_rig.h"

#include "chance.h"
#include "checksum.h"

#define FRAME_MAX  2048
#define PIECES_MAX 70

enum form { IP4, IP4_VLAN, IP6, IP6_EXTENSIONS, FORMS };

/* A UDP datagram (header and data) and the headers that go in front of its fragments. */
struct datagram {
	enum form form;
	uint32_t id;
	uint8_t octets[65535];
	uint32_t n;
};

struct cut {
	uint32_t from, to; /* octets of the datagram */
	bool more;
};

static struct datagram the;

/* ---- making fragments ------------------------------------------------------------------------------------------------------ */

static inline void put16(uint8_t *p, uint32_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

static inline uint32_t put_ethernet(uint8_t *p, enum form form)
{
	static const uint8_t macs[12] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0x99};
	uint32_t n = 12;

	memcpy(p, macs, sizeof(macs));
	if (form == IP4_VLAN) {
		put16(p + 12, 0x8100);
		put16(p + 14, 7);
		n = 16;
	}
	put16(p + n, form == IP4 || form == IP4_VLAN ? 0x0800 : 0x86dd);
	return n + 2;
}

static inline uint32_t put_ip4(uint8_t *p, uint32_t id, const struct cut *c)
{
	static const uint8_t fixed[20] = {0x45, [8] = 9, [9] = IPPROTO_UDP, [12] = 192, 0, 2, 99, 192, 0, 2, 1};
	uint16_t sum;

	memcpy(p, fixed, sizeof(fixed));
	put16(p + 2, 20 + c->to - c->from);
	put16(p + 4, id);
	put16(p + 6, c->from / 8 | (c->more ? 0x2000 : 0));
	sum = (uint16_t)~tp_checksum_fold(tp_checksum_add(0, p, 20));
	memcpy(p + 10, &sum, 2);
	return 20;
}

/* With extensions: destination options in front of the Fragment header, and as the first octets of the datagram. */
static inline uint32_t put_ip6(uint8_t *p, enum form form, uint32_t id, const struct cut *c)
{
	static const uint8_t fixed[40] = {0x60, [7] = 9, 0x20, 0x01, 0x0d, 0xb8, [23] = 0x99, 0x20, 0x01, 0x0d, 0xb8, [39] = 1};
	static const uint8_t options[8] = {IPPROTO_FRAGMENT, 0, 1, 4};
	uint32_t n = 40;

	memcpy(p, fixed, sizeof(fixed));
	p[6] = IPPROTO_FRAGMENT;
	if (form == IP6_EXTENSIONS) {
		p[6] = IPPROTO_DSTOPTS;
		memcpy(p + n, options, sizeof(options));
		n += 8;
	}
	memset(p + n, 0, 8);
	p[n] = form == IP6_EXTENSIONS ? IPPROTO_DSTOPTS : IPPROTO_UDP;
	put16(p + n + 2, c->from | c->more);
	put16(p + n + 6, id);
	put16(p + 4, n + 8 - 40 + c->to - c->from);
	return n + 8;
}

static inline uint32_t put_headers(uint8_t *p, enum form form, uint32_t id, const struct cut *c)
{
	uint32_t n = put_ethernet(p, form);

	return n + (form == IP4 || form == IP4_VLAN ? put_ip4(p + n, id, c) : put_ip6(p + n, form, id, c));
}

static inline uint32_t udp_at(enum form form)
{
	return form == IP6_EXTENSIONS ? 8 : 0;
}

/* A datagram of `payload` octets behind the UDP header, with a right checksum. */
static inline void make_datagram(enum form form, uint32_t payload)
{
	struct cut whole = {0, 0, false};
	uint8_t frame[FRAME_MAX];
	uint32_t at, l2 = put_ethernet(frame, form);
	uint16_t sum;

	the.form = form;
	the.id++;
	at = udp_at(form);
	the.n = at + 8 + payload;
	for (uint32_t i = 0; i < the.n; i++)
		the.octets[i] = (uint8_t)(i * 7 + (i >> 8) + the.id);
	if (at)
		memcpy(the.octets, (uint8_t[8]){IPPROTO_UDP, 0, 1, 4}, 8);
	memcpy(the.octets + at, (uint8_t[4]){0x12, 0x34, 0xb6, 0xd0}, 4);
	put16(the.octets + at + 4, 8 + payload);
	put16(the.octets + at + 6, 0);
	put_headers(frame, form, the.id, &whole);
	sum = (uint16_t)~tp_checksum_fold(
	        tp_checksum_add(tp_checksum_pseudo(frame + l2, IPPROTO_UDP, 8 + payload), the.octets + at, 8 + payload));
	memcpy(the.octets + at + 6, &sum, 2);
}

static inline struct rte_mbuf *fragment(struct cut c)
{
	uint8_t frame[FRAME_MAX];
	uint32_t n = put_headers(frame, the.form, the.id, &c);
	struct rte_mbuf *m;

	assert_true(c.to <= the.n && n + c.to - c.from <= FRAME_MAX);
	memcpy(frame + n, the.octets + c.from, c.to - c.from);
	m = rig_packet(frame, n + c.to - c.from, 0);
	m->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_GOOD; /* whatever a port means by that of a fragment */
	return m;
}

static inline void give(struct cut c)
{
	rig_run_one(fragment(c));
}

/* Pieces of `size` octets, the last one shorter. */
static inline unsigned int cut_evenly(struct cut *cuts, uint32_t size)
{
	unsigned int n = 0;

	for (uint32_t from = 0; from < the.n; from += size, n++) {
		assert_true(n < PIECES_MAX);
		cuts[n] = (struct cut){from, RTE_MIN(from + size, the.n), from + size < the.n};
	}
	return n;
}

static inline void shuffle(struct cut *cuts, unsigned int n, uint32_t *x)
{
	for (unsigned int i = n; i > 1; i--) {
		unsigned int j = chance32(x) % i;
		struct cut c = cuts[i - 1];

		cuts[i - 1] = cuts[j];
		cuts[j] = c;
	}
}

#endif
