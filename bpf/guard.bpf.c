// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * The XDP program of an AF_XDP port: the verdict of tp_guard_verdict.h with the kernel's maps, then to the socket of the queue, to the kernel, or
 * nowhere. Each verdict is counted, a CPU by itself. Of packets that go no further, those who watch are told, up to a rate; a packet that is taken never
 * comes to that.
 *
 * The program is called xsk_def_prog and has a map xsks_map because libxdp, which opens the sockets for DPDK, looks for these names: where a program of that
 * name is attached already it puts its sockets into that map and attaches none of its own.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "tp_guard_map.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, TP_GUARD_QUEUES);
	__type(key, __u32);
	__type(value, __u32);
} xsks_map SEC(".maps");

/* Two, of which guard_active says which one counts: the other one is written, then the number changes. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct tp_guard_config);
} guard_configs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} guard_active SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, TP_GUARD_LISTENERS);
	__type(key, struct tp_guard_target);
	__type(value, struct tp_guard_listener);
} guard_listeners SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, TP_GUARD_PREFIXES);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct tp_guard_prefix);
	__type(value, __u32);
} guard_prefixes SEC(".maps");

/* The loader sets how many there may be. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, __u64);
	__type(value, __u64);
} guard_sources SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, TP_GUARD_LISTENERS + 1);
	__type(key, __u32);
	__type(value, __u64);
} guard_buckets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, TP_GUARD_FRAGMENTS);
	__type(key, struct tp_guard_datagram);
	__type(value, struct tp_guard_first);
} guard_fragments SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, TP_GUARD_REASON_COUNT);
	__type(key, __u32);
	__type(value, __u64);
} guard_counts SEC(".maps");

/* Watchers, in the memory that the loader has mapped: reasons of watcher w from bit 32 * w on, 0 while nobody watches. */
volatile __u64 guard_watched = 0;
struct tp_guard_watch guard_watch[TP_GUARD_WATCHERS] = {};

/* By watcher and reason: packets that a watcher was to be told of, and was not. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, TP_GUARD_WATCHERS *TP_GUARD_REASON_COUNT);
	__type(key, __u32);
	__type(value, __u64);
} guard_unseen SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, TP_GUARD_RING);
} guard_captured SEC(".maps"), guard_traced SEC(".maps");

/* ---- storage ------------------------------------------------------------------------------------------------------------------- */
static __always_inline __u32 guard_prefix(void *env, const struct tp_guard_prefix *key)
{
	__u32 *found = bpf_map_lookup_elem(&guard_prefixes, key);

	return found ? *found : TP_GUARD_NO_PREFIX;
}

static __always_inline const struct tp_guard_listener *guard_listener(void *env, const struct tp_guard_target *key)
{
	return bpf_map_lookup_elem(&guard_listeners, key);
}

static __always_inline __u64 *guard_source(void *env, __u64 key)
{
	__u64 *found = bpf_map_lookup_elem(&guard_sources, &key), full = 0;

	if (found)
		return found;
	bpf_map_update_elem(&guard_sources, &key, &full, BPF_NOEXIST);
	return bpf_map_lookup_elem(&guard_sources, &key);
}

static __always_inline __u64 *guard_bucket(void *env, __u32 index)
{
	return bpf_map_lookup_elem(&guard_buckets, &index);
}

static __always_inline struct tp_guard_first *guard_fragment(void *env, const struct tp_guard_datagram *key)
{
	return bpf_map_lookup_elem(&guard_fragments, key);
}

static __always_inline void guard_fragment_is(void *env, const struct tp_guard_datagram *key, const struct tp_guard_first *first)
{
	bpf_map_update_elem(&guard_fragments, key, first, BPF_ANY);
}

static __always_inline __u64 guard_now(void *env)
{
	return bpf_ktime_get_ns();
}

static __always_inline int guard_swap(__u64 *p, __u64 old, __u64 value)
{
	return __sync_val_compare_and_swap(p, old, value) == old;
}

#include "tp_guard_verdict.h"

/* ---- watchers ------------------------------------------------------------------------------------------------------------------ */
static __always_inline void unseen(__u32 watcher, __u32 reason)
{
	__u32 key = watcher * TP_GUARD_REASON_COUNT + reason;
	__u64 *counter = bpf_map_lookup_elem(&guard_unseen, &key);

	if (counter)
		(*counter)++;
}

#define FRAME_LEAST                                                                                                                \
	14 /* octets: no driver hands over less than an Ethernet header. Older verifiers learn from "at least", not from "more than 0" */

static __always_inline void fill(struct xdp_md *ctx, struct tp_guard_event *event, __u64 now, __u32 reason)
{
	__u64 n = bpf_xdp_get_buff_len(ctx), kept = n;

	event->at = now;
	event->n = n;
	event->queue = ctx->rx_queue_index;
	event->reason = reason;
	event->kept = 0;
	asm volatile("" : "+r"(kept)); /* what is compared is what is used: else the verifier cannot know its bounds */
	if (kept > TP_GUARD_SNAP)
		kept = TP_GUARD_SNAP;
	if (kept >= FRAME_LEAST && bpf_xdp_load_bytes(ctx, 0, event->octets, kept) == 0)
		event->kept = kept;
}

/* Sender and port as the verdict has them, but for ports behind extension headers: to walk those is more than the verifier has patience for. -1: cannot be read. */
static __always_inline int parse_ends(const __u8 *data, const __u8 *end, __u32 off, __u32 type, struct guard_packet *p)
{
	const __u8 *ip = data + off;

	if (type == GUARD_ETH_IP4)
		return guard_parse_ip4(data, end, off, p);
	if (ip + 40 > end)
		return -1;
	p->family = 6;
	guard_copy(p->from, ip + 8, 16);
	if (ip[6] == GUARD_UDP || ip[6] == GUARD_TCP)
		p->protocol = ip[6];
	p->l4 = off + 40;
	return 0;
}

/* Whether a packet is from there and to that port, as far as its headers can be read. */
static __always_inline int fits(const struct tp_guard_watch *watch, const __u8 *data, const __u8 *end)
{
	struct guard_packet p = {0};
	__u32 type = 0, off, differ = 0;

	if (!watch->family && !watch->port)
		return 1;
	off = guard_parse_eth(data, end, &type);
	if (!off || (type != GUARD_ETH_IP4 && type != GUARD_ETH_IP6))
		return 0;
	if (parse_ends(data, end, off, type, &p))
		return 1;
	for (int i = 0; i < 4; i++)
		differ |= (p.from[i] ^ watch->from[i]) & watch->mask[i];
	if (watch->family && (watch->family != p.family || differ))
		return 0;
	if (!watch->port || p.fragment == GUARD_LATER)
		return 1;
	guard_parse_transport(data, end, &p);
	return !p.ports || p.dport == watch->port;
}

static __always_inline void tell(struct xdp_md *ctx, void *ring, __u32 watcher, __u32 reason)
{
	struct tp_guard_watch *watch = &guard_watch[watcher];
	struct tp_guard_event *event = 0;
	__u64 now = bpf_ktime_get_ns();

	if (guard_take(&watch->bucket[tp_guard_action_of(reason) == TP_GUARD_DROP], &watch->rate, now))
		event = bpf_ringbuf_reserve(ring, sizeof(*event), 0);
	if (!event) {
		unseen(watcher, reason);
		return;
	}
	fill(ctx, event, now, reason);
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP); /* who reads comes by itself */
}

/* A function of its own and for all callers, so that a packet nobody asks for has no room made for it, and the verifier looks at it once. */
__attribute__((noinline)) int tell_watchers(struct xdp_md *ctx, __u32 reason)
{
	__u64 watched = guard_watched >> (reason & 31);

	if (watched & 1ULL << 32 * TP_GUARD_CAPTURE)
		tell(ctx, &guard_captured, TP_GUARD_CAPTURE, reason);
	if ((watched & 1ULL << 32 * TP_GUARD_TRACE) &&
	        fits(&guard_watch[TP_GUARD_TRACE], (const __u8 *)(long)ctx->data, (const __u8 *)(long)ctx->data_end))
		tell(ctx, &guard_traced, TP_GUARD_TRACE, reason);
	return 0;
}

/* ---- the program --------------------------------------------------------------------------------------------------------------- */
static __always_inline void count(__u32 reason)
{
	__u64 *counter = bpf_map_lookup_elem(&guard_counts, &reason);

	if (counter)
		(*counter)++;
}

static __always_inline const struct tp_guard_config *active_config(void)
{
	__u32 zero = 0, *active = bpf_map_lookup_elem(&guard_active, &zero);

	return active ? bpf_map_lookup_elem(&guard_configs, active) : 0;
}

static __always_inline int leave(struct xdp_md *ctx, __u32 reason, int action)
{
	if (guard_watched)
		tell_watchers(ctx, reason);
	return action;
}

SEC("xdp")
int xsk_def_prog(struct xdp_md *ctx)
{
	const struct tp_guard_config *config = active_config();
	__u32 reason;
	int action;

	if (!config)
		return XDP_PASS;
	reason = tp_guard_verdict(0, config, (const __u8 *)(long)ctx->data, (const __u8 *)(long)ctx->data_end);
	count(reason);
	if (tp_guard_action_of(reason) == TP_GUARD_DROP)
		return leave(ctx, reason, XDP_DROP);
	if (tp_guard_action_of(reason) == TP_GUARD_KERNEL)
		return leave(ctx, reason, XDP_PASS);
	action = bpf_redirect_map(&xsks_map, ctx->rx_queue_index, XDP_PASS);
	if (action == XDP_REDIRECT)
		return action;
	count(TP_GUARD_no_socket);
	return leave(ctx, TP_GUARD_no_socket, action);
}

/* What libxdp wants to know before it uses the program: the version of the names above. */
__uint(xsk_prog_version, 1) SEC("xdp_metadata");
