/* SPDX-License-Identifier: BSD-3-Clause */
#include "ip6_extension.h"

#include <netinet/in.h>

#define FIXED_HEADER  40
#define OPTION_PAD1   0
#define OPTION_ACTION 0xc0 /* RFC 8200, 4.2: 0 = skip over what you do not know, else discard */

/* Padding and router alert (RFC 2711) have action bits 0 like everything that may be skipped: only lengths and actions count. */
static bool ip6_options_ok(const uint8_t *p, const uint8_t *end)
{
	while (p < end) {
		if (*p == OPTION_PAD1) {
			p++;
			continue;
		}
		if (end - p < 2 || (*p & OPTION_ACTION) != 0 || end - p < 2 + p[1])
			return false;
		p += 2 + p[1];
	}
	return true;
}

/* seen: there was a Fragment header before. */
static bool ip6_header_ok(const uint8_t *header, uint32_t size, const struct tp_ip6_walk *walk, bool seen)
{
	switch (walk->next) {
	case IPPROTO_HOPOPTS:
		return walk->off == FIXED_HEADER && ip6_options_ok(header + 2, header + size);
	case IPPROTO_DSTOPTS:
		return ip6_options_ok(header + 2, header + size);
	case IPPROTO_ROUTING:
		return header[3] == 0;
	default:
		return !seen;
	}
}

static bool ip6_is_extension(uint8_t next)
{
	return next == IPPROTO_HOPOPTS || next == IPPROTO_DSTOPTS || next == IPPROTO_ROUTING || next == IPPROTO_FRAGMENT;
}

/* Offset 0 and no more fragments: all of it is here (RFC 6946). */
static bool ip6_is_atomic(const uint8_t *header)
{
	return header[2] == 0 && (header[3] & 0xf9) == 0;
}

bool tp_ip6_walk(const uint8_t *ip, uint32_t len, struct tp_ip6_walk *walk)
{
	bool seen = walk->fragmented;

	while (ip6_is_extension(walk->next)) {
		const uint8_t *header = ip + walk->off;
		bool fragment = walk->next == IPPROTO_FRAGMENT;
		uint32_t size;

		if (len < walk->off + 8U || walk->headers == TP_IP6_MAX_EXTENSIONS)
			return false;
		size = fragment ? 8 : 8 + header[1] * 8U;
		if (size > len - walk->off || walk->off + size > TP_IP6_MAX_HEADERS || !ip6_header_ok(header, size, walk, seen))
			return false;
		walk->off = (uint16_t)(walk->off + size);
		walk->next = header[0];
		walk->headers++;
		seen |= fragment;
		if (fragment && !ip6_is_atomic(header)) {
			walk->fragmented = true;
			return true;
		}
	}
	return true;
}
