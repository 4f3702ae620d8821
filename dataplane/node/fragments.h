/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_FRAGMENTS_H
#define TP_FRAGMENTS_H
/*
 * The bounded reassembly store of a worker, as the fragment nodes see it (the rest of the workers sees tp_fragments_new, _free and
 * _expire in node.h). IPv4: RFC 791, 3.2 and RFC 815; IPv6: RFC 8200, 4.5 and RFC 5722.
 */
#include "node.h"

#define TP_FRAGMENTS_A_DATAGRAM 64
#define TP_FRAGMENTS_MAX_PACKET 65535 /* IPv4: octets with the header (RFC 791); IPv6: behind the fixed header (RFC 8200) */

/* What tells datagrams apart. No padding: it is hashed and compared as it lies in memory. */
struct tp_fragment_key {
	uint8_t from[16]; /* network order; IPv4 in the first four, the rest 0 */
	uint8_t to[16];
	uint32_t id;       /* as in the header */
	uint16_t family;   /* 4 or 6 */
	uint16_t protocol; /* IPv4; 0 for IPv6, where the first fragment alone says it (RFC 8200, 4.5) */
};

struct tp_fragment {
	struct tp_fragment_key key;
	uint32_t offset; /* of its payload in the payload of the datagram, octets */
	uint32_t length; /* of its payload, octets, at least 1; the packet ends there */
	uint16_t header; /* octets of the frame in front of the payload, all in the first segment */
	bool more;       /* not the last one */
};

/*
 * Takes one fragment over. Returns the whole datagram where this one completes it, else NULL; then the packet is in the store or was freed.
 *
 * The datagram is a chain made without a copy: the first fragment as it came, with all its headers (their length and fragment fields
 * still tell of the first fragment, so readers take lengths from m->pkt_len and the UDP header), then the payloads of the others.
 * pkt_len and nb_segs are right, l2_len and l3_len are those of the first fragment, TP_MBUF_REASSEMBLED is set, and what the port
 * said about the checksum of the upper layer is gone.
 *
 * Books (source 0): of the n fragments of a complete datagram n - 1 count as fragment_absorbed and one goes on as the datagram. All
 * others count under why they were given up:
 *   fragment_overlap     overlaps another one, or is at the same place with other octets: the whole datagram is given up, with what comes
 *                        of it later (RFC 5722, 4); an exact duplicate counts here too, but only the duplicate is given up (RFC 8200, 4.5)
 *   fragment_malformed   contradicts the end that the last fragment set: the whole datagram, with what comes of it later
 *   fragment_store_full  no room for another datagram (then only the fragment), for another packet, or the 65th of its datagram (then
 *                        the whole datagram, because it can no longer become complete and would only take the room of others)
 *   fragment_timeout     incomplete when the time was over, counted from its first fragment
 * A datagram given up is remembered until its time is over or the room is needed.
 */
struct rte_mbuf *tp_fragments_add(struct tp_worker *w, struct rte_mbuf *m, const struct tp_fragment *f);

#endif
