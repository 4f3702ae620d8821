/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef TP_GUARD_VERDICT_H
#define TP_GUARD_VERDICT_H
/*
 * One packet: parsed, steered, guarded. This is the one verdict function of the XDP program and of the graph node; what differs between the two is where
 * the tables are, so whoever includes this defines the functions of `storage` below in front of it.
 *
 * Steering: a port with addresses of its own (TP_GUARD_OWN) takes everything to them, and ARP requests and neighbour solicitations for them. A port that
 * shares the host's addresses, or has none, takes only what is listened for. All else is the kernel's: whatever is not understood, and what the
 * kernel has to see to work (ARP replies, multicast).
 *
 * Fragments: the first one has the ports, so its verdict is remembered and the later ones follow it, for as long as a datagram is put together. A later
 * fragment that comes before the first one, or after that time, is taken where the address alone decides (TP_GUARD_OWN), and left to the kernel otherwise: the port it is for cannot be known, and a host must
 * not lose its own datagrams to the appliance. Such a datagram is not complete on either side; it is counted as kernel_fragment_early.
 *
 * Guard: only of what was steered to the appliance, so that no rule can lock anybody out of the host. The longest prefix decides between allow and deny;
 * who is in none may send. Then the rates: of the source, of the listener, of SYNs. ARP and neighbour discovery are not limited: without them those who
 * may send could not. Neighbour discovery is only what comes from this link, with a hop limit of 255 (RFC 4861, 7.1); what says it is and was forwarded
 * is a packet like any other, or it would be a way around the guard for everybody.
 */
#include "tp_guard_map.h"

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif

/*
 * storage, all static inline; `env` is what tp_guard_verdict() was given:
 *   __u32 guard_prefix(env, const struct tp_guard_prefix *key)                    enum tp_guard_prefix_verdict of the longest
 *   const struct tp_guard_listener *guard_listener(env, const struct tp_guard_target *key)        NULL: none
 *   __u64 *guard_source(env, __u64 key)       token bucket of a source, a full one where it is new; NULL: no memory
 *   __u64 *guard_bucket(env, __u32 index)     token bucket of a listener or of SYNs
 *   struct tp_guard_first *guard_fragment(env, const struct tp_guard_datagram *key)     of the first fragment; NULL: not known
 *   void guard_fragment_is(env, const struct tp_guard_datagram *key, const struct tp_guard_first *first)
 *   __u64 guard_now(env)
 *   int guard_swap(__u64 *p, __u64 old, __u64 value)    compares and swaps; 0 where somebody else was faster
 */

#define GUARD_ETH_ARP   0x0806
#define GUARD_ETH_IP4   0x0800
#define GUARD_ETH_IP6   0x86dd
#define GUARD_TCP       6
#define GUARD_UDP       17
#define GUARD_ICMP6     58
#define GUARD_SOLICIT   135 /* RFC 4861, 4.3 */
#define GUARD_ND_FIRST  133
#define GUARD_ND_LAST   137
#define GUARD_TAGS      2
#define GUARD_EXTENSION 8   /* extension headers that are walked */
#define GUARD_HEADERS   640 /* octets from the frame's start at which a header may begin */
#define GUARD_SWAPS     4

enum guard_fragment_kind { GUARD_WHOLE, GUARD_FIRST, GUARD_LATER };

/* What the headers say. All 0 but for what was found. */
struct guard_packet {
	__u32 from[4], to[4];
	__u32 target[4]; /* of a neighbour solicitation */
	__u32 id;        /* of a datagram in fragments */
	__u32 l4;        /* octets in front of the transport header */
	__u16 dport;
	__u8 family;    /* 4 or 6 */
	__u8 protocol;  /* behind extension headers; 0: not known */
	__u8 fragment;  /* enum guard_fragment_kind */
	__u8 ports;     /* dport is there */
	__u8 syn;       /* SYN without ACK */
	__u8 neighbour; /* neighbour discovery; `target` where it is a solicitation */
	__u8 solicit;
	__u8 on_link; /* no router has forwarded it: its hop limit is still 255 */
};

static __always_inline __u32 guard_get16(const __u8 *p)
{
	return (__u32)p[0] << 8 | p[1];
}

static __always_inline void guard_copy(void *to, const __u8 *from, __u32 n)
{
	__builtin_memcpy(to, from, n);
}

/* ---- parsing ------------------------------------------------------------------------------------------------------------------- */
/* Offset of what is behind Ethernet and at most two tags, 0 where the frame ends first; *type: its EtherType. */
static __always_inline __u32 guard_parse_eth(const __u8 *data, const __u8 *end, __u32 *type)
{
	__u32 off = 14;

	if (data + 14 > end)
		return 0;
	*type = guard_get16(data + 12);
	for (int i = 0; i < GUARD_TAGS; i++) {
		if (*type != 0x8100 && *type != 0x88a8 && *type != 0x9100)
			break;
		if (data + off + 4 > end)
			return 0;
		*type = guard_get16(data + off + 2);
		off += 4;
	}
	return off;
}

static __always_inline int guard_parse_ip4(const __u8 *data, const __u8 *end, __u32 off, struct guard_packet *p)
{
	const __u8 *ip = data + off;
	__u32 fragment;

	if (ip + 20 > end || (ip[0] & 0xf0) != 0x40 || (ip[0] & 15) < 5)
		return -1;
	p->family = 4;
	guard_copy(p->from, ip + 12, 4);
	guard_copy(p->to, ip + 16, 4);
	p->protocol = ip[9];
	p->l4 = off + (ip[0] & 15) * 4;
	fragment = guard_get16(ip + 6) & 0x3fff;
	if (fragment) {
		p->fragment = fragment & 0x1fff ? GUARD_LATER : GUARD_FIRST;
		p->id = guard_get16(ip + 4);
	}
	return 0;
}

static __always_inline int guard_is_extension(__u32 next)
{
	return next == 0 || next == 43 || next == 44 || next == 60;
}

/* A chain that cannot be followed has protocol 0: the addresses are known all the same. */
static __always_inline void guard_walk_ip6(const __u8 *data, const __u8 *end, __u32 off, __u32 next, struct guard_packet *p)
{
	for (int i = 0; i < GUARD_EXTENSION && guard_is_extension(next); i++) {
		const __u8 *header = data + off;
		__u32 fragment = 0;

		if (off > GUARD_HEADERS || header + 8 > end)
			return;
		if (next == 44)
			fragment = guard_get16(header + 2) & 0xfff9;
		off += next == 44 ? 8 : 8 + header[1] * 8;
		next = header[0];
		if (fragment) {
			p->fragment = fragment & 0xfff8 ? GUARD_LATER : GUARD_FIRST;
			guard_copy(&p->id, header + 4, 4);
		}
		if (p->fragment == GUARD_LATER)
			break;
	}
	if (!guard_is_extension(next))
		p->protocol = next;
	p->l4 = off;
}

static __always_inline int guard_parse_ip6(const __u8 *data, const __u8 *end, __u32 off, struct guard_packet *p)
{
	const __u8 *ip = data + off;

	if (ip + 40 > end || (ip[0] & 0xf0) != 0x60)
		return -1;
	p->family = 6;
	p->on_link = ip[7] == 255;
	guard_copy(p->from, ip + 8, 16);
	guard_copy(p->to, ip + 24, 16);
	guard_walk_ip6(data, end, off + 40, ip[6], p);
	return 0;
}

static __always_inline void guard_parse_transport(const __u8 *data, const __u8 *end, struct guard_packet *p)
{
	__u32 off = p->l4;
	const __u8 *header = data + off;

	if (off > GUARD_HEADERS || header + 4 > end)
		return;
	if (p->protocol == GUARD_UDP || p->protocol == GUARD_TCP) {
		guard_copy(&p->dport, header + 2, 2);
		p->ports = 1;
		p->syn = p->protocol == GUARD_TCP && header + 14 <= end && (header[13] & 0x12) == 2;
	}
	if (p->protocol == GUARD_ICMP6) {
		p->neighbour = p->on_link && header[0] >= GUARD_ND_FIRST && header[0] <= GUARD_ND_LAST;
		p->solicit = p->neighbour && header[0] == GUARD_SOLICIT && header + 24 <= end;
		if (p->solicit)
			guard_copy(p->target, header + 8, 16);
	}
}

/* ---- whose it is --------------------------------------------------------------------------------------------------------------- */
static __always_inline int guard_same(const __u32 *a, const __u32 *b)
{
	return ((a[0] ^ b[0]) | (a[1] ^ b[1]) | (a[2] ^ b[2]) | (a[3] ^ b[3])) == 0;
}

static __always_inline int guard_has_ip4(const struct tp_guard_config *config, __u32 addr)
{
	for (__u32 i = 0; i < TP_GUARD_ADDRESSES && i < config->n_ip4; i++)
		if (config->ip4[i] == addr)
			return 1;
	return 0;
}

static __always_inline int guard_has_ip6(const struct tp_guard_config *config, const __u32 *addr)
{
	for (__u32 i = 0; i < TP_GUARD_ADDRESSES && i < config->n_ip6; i++)
		if (guard_same(config->ip6[i], addr))
			return 1;
	return 0;
}

static __always_inline int guard_is_ours(const struct tp_guard_config *config, const struct guard_packet *p)
{
	if (config->flags & TP_GUARD_ANY_ADDRESS)
		return 1;
	return p->family == 4 ? guard_has_ip4(config, p->to[0]) : guard_has_ip6(config, p->to);
}

/* To this MAC address or to a group. */
static __always_inline int guard_mac_fits(const struct tp_guard_config *config, const __u8 *to)
{
	__u32 differ = 0;

	if (!(config->flags & TP_GUARD_MAC) || (to[0] & 1))
		return 1;
	for (int i = 0; i < 6; i++)
		differ |= (__u32)(to[i] ^ config->mac[i]);
	return differ == 0;
}

/* RFC 826: a request for an address of our own. */
static __always_inline __u32 guard_arp(const struct tp_guard_config *config, const __u8 *data, const __u8 *end, __u32 off)
{
	const __u8 *arp = data + off;
	__u32 target;

	if (arp + 28 > end)
		return TP_GUARD_kernel_short;
	guard_copy(&target, arp + 24, 4);
	if (guard_get16(arp + 6) != 1 || !(config->flags & TP_GUARD_OWN) || !guard_has_ip4(config, target))
		return TP_GUARD_kernel_not_ip;
	return TP_GUARD_taken_neighbour;
}

static __always_inline const struct tp_guard_listener *guard_find_listener(void *env, const struct guard_packet *p)
{
	struct tp_guard_target key = {.protocol = p->protocol, .family = p->family, .port = p->dport};
	const struct tp_guard_listener *found;

	if (!p->ports)
		return 0;
	__builtin_memcpy(key.addr, p->to, sizeof(key.addr));
	found = guard_listener(env, &key);
	if (found)
		return found;
	key.family = 0;
	__builtin_memset(key.addr, 0, sizeof(key.addr));
	return guard_listener(env, &key);
}

/* ---- the guard ----------------------------------------------------------------------------------------------------------------- */
/*
 * Takes a token; 0: there is none. Where others are faster again and again, the packet passes: the rate is a bound on floods, not a bill. What a bucket
 * owes from an earlier, slower rate is cut down to an empty bucket of this one, and written down: else it would refuse all until the old debt is paid.
 */
static __always_inline int guard_take(__u64 *bucket, const struct tp_guard_rate *rate, __u64 now)
{
	for (int i = 0; i < GUARD_SWAPS; i++) {
		__u64 old = *(volatile __u64 *)bucket, due = old > now ? old : now;

		if (due - now > rate->tolerance) {
			guard_swap(bucket, old, now + rate->tolerance);
			return 0;
		}
		if (due - now + rate->interval > rate->tolerance)
			return 0;
		if (guard_swap(bucket, old, due + rate->interval))
			return 1;
	}
	return 1;
}

static __always_inline int guard_is_denied(void *env, const struct tp_guard_config *config, const struct guard_packet *p)
{
	struct tp_guard_prefix key = {.length = p->family == 4 ? 40 : 136, .family = p->family};

	if (!(config->flags & TP_GUARD_HAS_PREFIXES))
		return 0;
	__builtin_memcpy(key.addr, p->from, sizeof(key.addr));
	return guard_prefix(env, &key) == TP_GUARD_DENY;
}

/*
 * What a source is to its token bucket: an IPv4 address, a /64 of IPv6, or the interface identifier of a link-local address, because all of those are in
 * one /64. IPv4 has a key that no address in use has the upper half of (::/8 is reserved).
 */
static __always_inline __u64 guard_source_key(const struct guard_packet *p)
{
	const __u8 *first = (const __u8 *)p->from;

	if (p->family == 4)
		return 1ULL << 32 | p->from[0];
	if (first[0] == 0xfe && (first[1] & 0xc0) == 0x80)
		return (__u64)p->from[2] << 32 | p->from[3];
	return (__u64)p->from[0] << 32 | p->from[1];
}

static __always_inline __u32 guard_check_source(void *env, const struct tp_guard_config *config, const struct guard_packet *p)
{
	__u64 *bucket;

	if (guard_is_denied(env, config, p))
		return TP_GUARD_guard_denied;
	if (!config->source.interval)
		return TP_GUARD_taken;
	bucket = guard_source(env, guard_source_key(p));
	if (bucket && !guard_take(bucket, &config->source, guard_now(env)))
		return TP_GUARD_guard_source_rate;
	return TP_GUARD_taken;
}

static __always_inline __u32 guard_check(
        void *env, const struct tp_guard_config *config, const struct guard_packet *p, const struct tp_guard_listener *listener)
{
	__u32 verdict = guard_check_source(env, config, p);
	__u64 *bucket;

	if (verdict != TP_GUARD_taken)
		return verdict;
	if (listener && listener->rate.interval) {
		bucket = guard_bucket(env, listener->bucket);
		if (bucket && !guard_take(bucket, &listener->rate, guard_now(env)))
			return TP_GUARD_guard_listener_rate;
	}
	if (p->syn && config->syn.interval) {
		bucket = guard_bucket(env, 0);
		if (bucket && !guard_take(bucket, &config->syn, guard_now(env)))
			return TP_GUARD_guard_syn_rate;
	}
	return TP_GUARD_taken;
}

/* ---- the verdict --------------------------------------------------------------------------------------------------------------- */
static __always_inline void guard_datagram(const struct guard_packet *p, struct tp_guard_datagram *key)
{
	__builtin_memset(key, 0, sizeof(*key));
	__builtin_memcpy(key->from, p->from, sizeof(key->from));
	__builtin_memcpy(key->to, p->to, sizeof(key->to));
	key->id = p->id;
	key->family = p->family;
	key->protocol = p->family == 4 ? p->protocol : 0;
}

/* What became of the first fragment; NULL: not known, or too long ago. */
static __always_inline struct tp_guard_first *guard_first(
        void *env, const struct tp_guard_config *config, const struct guard_packet *p)
{
	struct tp_guard_datagram key;
	struct tp_guard_first *first;

	guard_datagram(p, &key);
	first = guard_fragment(env, &key);
	if (!first ||
	        (__s64)(guard_now(env) - first->at) >= (__s64)config->fragment) /* signed: another CPU may have seen it just now */
		return 0;
	return first;
}

/* Each fragment costs its source a token: else one first fragment would open the door for any number of later ones. */
static __always_inline __u32 guard_later(void *env, const struct tp_guard_config *config, const struct guard_packet *p)
{
	struct tp_guard_first *first = guard_first(env, config, p);
	__u32 verdict;

	if (!first && !(config->flags & TP_GUARD_OWN))
		return TP_GUARD_kernel_fragment_early;
	if (first && tp_guard_action_of(first->verdict) == TP_GUARD_KERNEL)
		return TP_GUARD_kernel_fragment;
	if (first && tp_guard_action_of(first->verdict) == TP_GUARD_DROP)
		return TP_GUARD_guard_fragment;
	verdict = guard_check_source(env, config, p);
	if (first && verdict != TP_GUARD_taken)
		first->verdict = verdict;
	return verdict;
}

static __always_inline void guard_remember(void *env, const struct guard_packet *p, __u32 verdict)
{
	struct tp_guard_first first = {.at = guard_now(env), .verdict = verdict};
	struct tp_guard_datagram key;

	guard_datagram(p, &key);
	guard_fragment_is(env, &key, &first);
}

static __always_inline __u32 guard_ip(void *env, const struct tp_guard_config *config, const struct guard_packet *p)
{
	const struct tp_guard_listener *listener;
	__u32 verdict = TP_GUARD_kernel_port;

	if ((config->flags & TP_GUARD_OWN) && p->solicit && guard_has_ip6(config, p->target))
		return TP_GUARD_taken_neighbour;
	if (!guard_is_ours(config, p))
		return TP_GUARD_kernel_address;
	if ((config->flags & TP_GUARD_OWN) && p->neighbour)
		return TP_GUARD_taken_neighbour;
	if (p->fragment == GUARD_LATER)
		return guard_later(env, config, p);
	listener = guard_find_listener(env, p);
	if (listener || (config->flags & TP_GUARD_OWN))
		verdict = guard_check(env, config, p, listener);
	if (p->fragment == GUARD_FIRST)
		guard_remember(env, p, verdict);
	return verdict;
}

/* The verdict, enum tp_guard_reason, on the frame from data to end; nothing behind end is read. */
static __always_inline __u32 tp_guard_verdict(void *env, const struct tp_guard_config *config, const __u8 *data, const __u8 *end)
{
	struct guard_packet p = {0};
	__u32 type = 0, off;
	int rc;

	if (!(config->flags & TP_GUARD_ON))
		return TP_GUARD_kernel_off;
	off = guard_parse_eth(data, end, &type);
	if (!off)
		return TP_GUARD_kernel_short;
	if (!guard_mac_fits(config, data))
		return TP_GUARD_kernel_mac;
	if (type == GUARD_ETH_ARP)
		return guard_arp(config, data, end, off);
	if (type != GUARD_ETH_IP4 && type != GUARD_ETH_IP6)
		return TP_GUARD_kernel_not_ip;
	rc = type == GUARD_ETH_IP4 ? guard_parse_ip4(data, end, off, &p) : guard_parse_ip6(data, end, off, &p);
	if (rc)
		return TP_GUARD_kernel_short;
	if (p.fragment != GUARD_LATER)
		guard_parse_transport(data, end, &p);
	return guard_ip(env, config, &p);
}

#endif
