/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The rules of the guard from control to those who hold to them: as tables of one clock each, nanoseconds for XDP programs.
 */
#include "tp_guard.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker.h"

#define NS_HZ UINT64_C(1000000000)

/* The tables of one clock; what they point to is theirs. */
struct guard_made {
	struct tp_guard_tables tables;
	struct tp_guard_prefix_entry *prefixes;
	struct tp_guard_listener_entry *listeners;
};

static struct tp_guard_rate guard_rate(struct tp_guard_limit limit, uint64_t hz)
{
	struct tp_guard_rate rate = {0};

	if (limit.rate == 0)
		return rate;
	rate.interval = RTE_MAX(hz / limit.rate, UINT64_C(1));
	rate.tolerance = rate.interval * (limit.burst ? limit.burst : limit.rate);
	return rate;
}

static void guard_make_prefix(const struct tp_guard_rule *rule, struct tp_guard_prefix_entry *entry)
{
	*entry = (struct tp_guard_prefix_entry){.verdict = rule->deny ? TP_GUARD_DENY : TP_GUARD_ALLOW};
	entry->prefix.length = 8U + rule->length;
	entry->prefix.family = rule->family;
	memcpy(entry->prefix.addr, rule->addr, sizeof(entry->prefix.addr));
}

/* Where two listen on the same, the first is the one: so does the plan. */
static void guard_add_listener(struct guard_made *made, const struct tp_guard_target *target, struct tp_guard_rate rate)
{
	struct tp_guard_listener_entry *entry = &made->listeners[made->tables.n_listeners];

	for (unsigned int i = 0; i < made->tables.n_listeners; i++)
		if (memcmp(&made->listeners[i].target, target, sizeof(*target)) == 0)
			return;
	memset(entry, 0, sizeof(*entry));
	entry->target = *target;
	entry->listener.rate = rate;
	entry->listener.bucket = ++made->tables.n_listeners;
}

static struct tp_guard_target guard_target(uint8_t protocol, uint8_t family, const uint8_t *addr, uint16_t port)
{
	struct tp_guard_target target = {.protocol = protocol, .family = family, .port = htons(port)};

	memcpy(target.addr, addr, family == 4 ? 4 : family == 6 ? 16 : 0);
	return target;
}

static void guard_make_listeners(
        struct guard_made *made, const struct tp_plan_spec *plan, const struct tp_guard_spec *spec, uint64_t hz)
{
	static const struct tp_guard_limit none;

	for (unsigned int i = 0; i < plan->n_listeners; i++) {
		const struct tp_listener *l = &plan->listeners[i];
		struct tp_guard_target target = guard_target(IPPROTO_UDP, l->family, l->addr, l->port);

		if (l->port) /* 0: of an MQTT route */
			guard_add_listener(made, &target, guard_rate(spec->listeners ? spec->listeners[i] : none, hz));
	}
	for (unsigned int i = 0; i < plan->n_mqtt_listeners; i++) {
		const struct tp_mqtt_listener *l = &plan->mqtt_listeners[i];
		struct tp_guard_target target = guard_target(IPPROTO_TCP, l->family, l->addr, l->port);

		guard_add_listener(made, &target, guard_rate(spec->mqtt_listeners ? spec->mqtt_listeners[i] : none, hz));
	}
}

static void guard_unmake(struct guard_made *made)
{
	free(made->prefixes);
	free(made->listeners);
}

static int guard_make(struct guard_made *made, const struct tp_plan_spec *plan, const struct tp_guard_spec *spec, uint64_t hz)
{
	memset(made, 0, sizeof(*made));
	made->prefixes = calloc(spec->n_rules + 1, sizeof(*made->prefixes));
	made->listeners = calloc(plan->n_listeners + plan->n_mqtt_listeners + 1, sizeof(*made->listeners));
	if (!made->prefixes || !made->listeners) {
		guard_unmake(made);
		return -ENOMEM;
	}
	for (unsigned int i = 0; i < spec->n_rules; i++)
		guard_make_prefix(&spec->rules[i], &made->prefixes[i]);
	made->tables.n_prefixes = spec->n_rules;
	guard_make_listeners(made, plan, spec, hz);
	made->tables.prefixes = made->prefixes;
	made->tables.listeners = made->listeners;
	made->tables.config.source = guard_rate(spec->source, hz);
	made->tables.config.syn = guard_rate(spec->syn, hz);
	made->tables.config.flags = spec->n_rules ? TP_GUARD_HAS_PREFIXES : 0;
	return 0;
}

static int guard_apply_xdp(const struct tp_plan_spec *plan, const struct tp_guard_spec *spec, char *err, size_t err_len)
{
	struct guard_made made;
	int rc = guard_make(&made, plan, spec, NS_HZ);

	if (rc) {
		snprintf(err, err_len, "no memory for the rules of the guard");
		return rc;
	}
	for (unsigned int i = 0; rc == 0 && i < tp_ports_count(); i++) {
		if (tp_ports[i].spec.type != TP_PORT_AF_XDP)
			continue;
		rc = tp_port_guard_apply(i, &made.tables);
		if (rc)
			snprintf(err, err_len, "port '%s': the rules of the guard were not taken: %s", tp_ports[i].spec.name,
			        strerror(-rc));
	}
	guard_unmake(&made);
	return rc;
}

int tp_guard_apply(const struct tp_plan_spec *plan, const struct tp_guard_spec *spec, char *err, size_t err_len)
{
	return guard_apply_xdp(plan, spec, err, err_len);
}
