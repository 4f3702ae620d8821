/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_GUARD_H
#define TP_GUARD_H
/*
 * Steering and guard as control sees them: which packets are the appliance's, and which of those are dropped in front of everything else. The
 * same rules hold in the XDP programs of AF_XDP ports and in the workers for all other ports; see bpf/include/tp_guard_verdict.h.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "tp_plan.h"

#define TP_GUARD_RULES 8192 /* at most, those of the configuration and those made live */

struct tp_guard_rule {
	uint8_t family;   /* 4 or 6 */
	uint8_t length;   /* bits, 0..32 or 0..128 */
	bool deny;        /* false: allow, an exception from a shorter prefix that is denied */
	uint8_t addr[16]; /* network order, bits behind the prefix 0 */
};

/* Whatever their verdict. Pure. */
static inline bool tp_guard_same_prefix(const struct tp_guard_rule *a, const struct tp_guard_rule *b)
{
	return a->family == b->family && a->length == b->length && memcmp(a->addr, b->addr, sizeof(a->addr)) == 0;
}

/* Packets a second, and how many may come at once. rate 0: no limit; burst 0: those of one second. */
struct tp_guard_limit {
	uint32_t rate, burst;
};

struct tp_guard_spec {
	const struct tp_guard_rule *rules; /* each prefix once */
	unsigned int n_rules;
	struct tp_guard_limit source; /* of each IPv4 address and each /64 of IPv6 */
	struct tp_guard_limit syn;    /* SYNs, of all sources together: on a port of AF_XDP, else on a worker */
	/* Of listeners, as source and syn; a name may be that of a UDP listener, of an MQTT listener, or of both. */
	const struct tp_guard_listener_limit {
		const char *name;
		struct tp_guard_limit limit;
	} * listeners;
	unsigned int n_listeners;
};

/*
 * Puts these rules, and the listeners of the plan, in the place of the last ones, on all ports and workers, while packets pass. Workers change from all of
 * the old rules to all of the new ones between two walks; on an AF_XDP port prefixes and listeners change one by one, new ones first. Returns 0 or a
 * negative errno with a sentence in err; then the rules from before hold everywhere, but where the sentence says that a port could not be given them back.
 * Control; before tp_workers_start(), so that no packet passes without them, and again when rules or
 * listeners change.
 */
int tp_guard_apply(const struct tp_plan_spec *plan, const struct tp_guard_spec *spec, char *err, size_t err_len);
/*
 * MQTT listeners (bits by their index in the plan that was applied last) that are retired, and nobody is at them nor will be (tp_workers_mqtt_deserted()): from the next
 * tp_guard_apply() on an AF_XDP port leaves to the kernel what comes to where only they were. Control.
 */
void tp_guard_leave(uint32_t listeners);

#endif
