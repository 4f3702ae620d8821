/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_NODE_GUARD_H
#define TP_NODE_GUARD_H
/*
 * The guard of ports that have no XDP program: the rules, which all workers share and only read, and what a worker keeps by itself: token buckets and
 * fragments. So a rate is that of a worker; what one source sends meets one worker, because ports spread by address.
 *
 * Memory is bounded by what the state was made with. A new source takes the place of the one of its set whose bucket is fullest, which loses
 * least; a new datagram in fragments that of the oldest.
 */
#include <rte_config.h>

#include "tp_stats.h"
#include "tp_xdp_guard.h"

struct tp_guard_rules; /* of control; written before it is published */
struct tp_guard_state; /* of a worker */

/* The counter of the books for packets dropped for that reason; TP_COUNTER_COUNT: nothing is dropped for it. Pure. */
static inline enum tp_counter tp_guard_counter(uint32_t reason)
{
	switch (reason) {
	case TP_GUARD_guard_denied:
		return TP_C_guard_denied;
	case TP_GUARD_guard_source_rate:
		return TP_C_guard_source_rate;
	case TP_GUARD_guard_listener_rate:
		return TP_C_guard_listener_rate;
	case TP_GUARD_guard_syn_rate:
		return TP_C_guard_syn_rate;
	case TP_GUARD_guard_fragment:
		return TP_C_guard_fragment;
	default:
		return TP_COUNTER_COUNT;
	}
}

/* Rates of the tables are in ticks of the TSC. NULL: no memory. Control. */
struct tp_guard_rules *tp_guard_rules_new(const struct tp_guard_tables *tables);
void tp_guard_rules_free(struct tp_guard_rules *rules); /* NULL is fine */
/* Which of its rules a port has, by ethdev id; all 0 until then. Control, before the rules are published. */
struct tp_guard_config *tp_guard_rules_config(struct tp_guard_rules *rules, uint16_t port);

/* sources: whose rate is kept, rounded up. NULL: no memory. Control. */
struct tp_guard_state *tp_guard_state_new(uint32_t sources);
void tp_guard_state_free(struct tp_guard_state *state); /* NULL is fine */

/* The verdict, enum tp_guard_reason, on a frame of that port. now: TSC, never smaller than before. Worker. */
uint32_t tp_guard_judge(const struct tp_guard_rules *rules, struct tp_guard_state *state, uint16_t port, uint64_t now,
        const uint8_t *data, uint32_t n);

#endif
