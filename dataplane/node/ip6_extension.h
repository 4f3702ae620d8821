/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_IP6_EXTENSION_H
#define TP_IP6_EXTENSION_H
/*
 * IPv6 extension headers (RFC 8200, 4), walked by their lengths. Pure; no DPDK.
 */
#include <stdbool.h>
#include <stdint.h>

#define TP_IP6_MAX_EXTENSIONS 8
#define TP_IP6_MAX_HEADERS    511 /* octets of IPv6 header and extension headers: what m->l3_len holds */

struct tp_ip6_walk {
	uint16_t off;    /* octets from the start of the IPv6 header: in: where `next` starts; out: where the upper layer does */
	uint8_t next;    /* protocol number of what starts at off */
	uint8_t headers; /* extension headers walked so far */
	bool fragmented; /* in: a Fragment header was seen, no other may follow; out: stopped right behind one that is not atomic */
};

/*
 * Walks hop-by-hop options (first header only), destination options, routing headers with no segment left and Fragment headers from
 * walk->off on; stops at any other protocol number, and right behind the Fragment header of a true fragment. Atomic fragments (RFC 6946)
 * are walked over. ip: the IPv6 header, len octets of packet.
 *
 * False where a header is malformed, longer than the packet, out of place or one too many, where segments are left, and where an option
 * that we do not know asks to be discarded (RFC 8200, 4.2).
 */
bool tp_ip6_walk(const uint8_t *ip, uint32_t len, struct tp_ip6_walk *walk);

#endif
