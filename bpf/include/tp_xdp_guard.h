/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_XDP_GUARD_H
#define TP_XDP_GUARD_H
/*
 * The XDP program of guard.bpf.c on one interface: loaded, attached, told its rules, asked for its counters, watched, taken off. Control thread only, but for
 * what says otherwise.
 *
 * It hangs on a BPF link that this process holds, so it is gone when the process is, however that ended. Its maps are pinned under
 * /sys/fs/bpf/turnpike/INSTANCE/PORT for bpftool; what a process that was killed left there goes at the next start.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tp_guard_map.h"

struct tp_xdp_guard;

struct tp_guard_prefix_entry {
	struct tp_guard_prefix prefix;
	__u32 verdict; /* enum tp_guard_prefix_verdict */
};

struct tp_guard_listener_entry {
	struct tp_guard_target target;
	struct tp_guard_listener listener;
};

/* All rules of a port. */
struct tp_guard_tables {
	struct tp_guard_config config;
	const struct tp_guard_prefix_entry *prefixes; /* each prefix once */
	unsigned int n_prefixes;
	const struct tp_guard_listener_entry *listeners; /* each target once */
	unsigned int n_listeners;
};

/* Removes what a killed process of that name left pinned. Nobody else may run under that name. */
void tp_xdp_guard_clean(const char *instance);

/*
 * Loads the program and attaches it in native mode, or in generic mode where the driver refuses. Until the first tp_xdp_guard_apply() it leaves all
 * packets to the kernel. sources: token buckets of sources it can hold, the least recently used one goes for a new one. Returns 0 or a negative
 * errno with a sentence, without its subject, in err.
 */
int tp_xdp_guard_attach(const char *instance, const char *port, const char *interface, uint32_t sources,
        struct tp_xdp_guard **guard, char *err, size_t err_len);
/* "native XDP", or "generic XDP (native: <why not>)", and why its maps are not pinned where they are not. Valid until detached. */
const char *tp_xdp_guard_mode(const struct tp_xdp_guard *guard);

/*
 * Puts these rules in the place of the last ones, while packets pass: what is in both is never gone, what is new is there before what is
 * old goes, and the configuration changes at once. Rates are in nanoseconds. Returns 0 or a negative errno; then some of the new rules may hold, until it is given
 * others.
 */
int tp_xdp_guard_apply(struct tp_xdp_guard *guard, const struct tp_guard_tables *tables);
/* Packets by reason since it was attached. Returns 0 or a negative errno. */
int tp_xdp_guard_counts(const struct tp_xdp_guard *guard, uint64_t counts[TP_GUARD_REASON_COUNT]);

/* Which packets a watcher is told of. Of a capture only the reasons count. */
struct tp_xdp_watch {
	uint32_t reasons; /* bits, 1 << enum tp_guard_reason, of those that are no reason to take a packet */
	uint16_t port;    /* destination; 0: any */
	uint8_t family;   /* of the sender's prefix: 4, 6; 0: any */
	uint8_t length;   /* bits, 0..32 or 0..128 */
	uint8_t addr[16]; /* network order; bits behind the prefix do not count */
};

/*
 * To be told of packets that the program drops or leaves to the kernel, while they pass. Each watcher is one thread, any, between attach and free; it knows
 * nothing of the other one.
 *
 * Of what fits, at most TP_GUARD_EVENT_RATE packets a second that are dropped are told, and as many that are the kernel's; none while the ring is full. The others are
 * counted. Packets that the program does not understand fit. What was not read before is gone. Returns 0 or a negative errno; then nobody watches.
 */
int tp_xdp_guard_watch(struct tp_xdp_guard *guard, enum tp_guard_watcher watcher, const struct tp_xdp_watch *of);
/* The next packet, also behind the end; false: none now. */
bool tp_xdp_guard_event(struct tp_xdp_guard *guard, enum tp_guard_watcher watcher, struct tp_guard_event *event);
/* Packets that fit and have that reason, of which the watcher was not told since it began. */
uint64_t tp_xdp_guard_unseen(const struct tp_xdp_guard *guard, enum tp_guard_watcher watcher, enum tp_guard_reason reason);
void tp_xdp_guard_unwatch(struct tp_xdp_guard *guard, enum tp_guard_watcher watcher); /* fine where nobody watches */

/* An event as it lies in the ring, n octets; false: it is not one. The octets behind `kept` are not written. Pure. */
bool tp_guard_event_read(const void *data, size_t n, struct tp_guard_event *event);

/* Takes it off the interface: from then on everything is the kernel's. Counters can still be read. */
void tp_xdp_guard_detach(struct tp_xdp_guard *guard);
void tp_xdp_guard_free(struct tp_xdp_guard *guard); /* NULL is fine */

/* For tests: the program, for BPF_PROG_TEST_RUN. Loaded, not attached to anything; to be freed with tp_xdp_guard_free(). */
int tp_xdp_guard_load(uint32_t sources, struct tp_xdp_guard **guard, char *err, size_t err_len);
int tp_xdp_guard_program(const struct tp_xdp_guard *guard);

#endif
