/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The rules of the guard from control to those who hold to them: as tables of one clock each, nanoseconds for XDP programs, ticks of the TSC for workers.
 *
 * Workers have the rules by a pointer that control publishes as it does a plan (mark.c); where there are no rules, it is NULL, and packets go past the guard.
 *
 * All or nothing: what workers are to use is made first, then XDP programs are told, and only when all of them have taken it do workers see it. Where one
 * refuses, those that were told get the tables back that held before.
 */
#include "tp_guard.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_cycles.h>

#include "packet_guard.h"
#include "worker.h"

#define NS_HZ   UINT64_C(1000000000)
#define PASS_MS 2000 /* for all workers to begin a walk */

/* What workers are to use, and what they used before, with the mark that they have to pass before it can go. */
static struct tp_guard_rules *guard_rules, *guard_replaced;
static uint64_t guard_mark;

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

static struct tp_guard_rate guard_listener_rate(const struct tp_guard_spec *spec, const char *name, uint64_t hz)
{
	for (unsigned int i = 0; i < spec->n_listeners; i++)
		if (strcmp(spec->listeners[i].name, name) == 0)
			return guard_rate(spec->listeners[i].limit, hz);
	return (struct tp_guard_rate){0};
}

/* MQTT listeners by index: retired, with nobody at them any more. */
static uint32_t guard_left;

static bool guard_is_left(const struct tp_plan_spec *plan, unsigned int i)
{
	return plan->mqtt_listeners[i].retired && guard_left >> i & 1;
}

/* One that has gone stays for those who are connected there; where another has taken its address since, that one's rate holds. */
static void guard_make_mqtt(
        struct guard_made *made, const struct tp_plan_spec *plan, const struct tp_guard_spec *spec, uint64_t hz, bool retired)
{
	for (unsigned int i = 0; i < plan->n_mqtt_listeners; i++) {
		const struct tp_mqtt_listener *l = &plan->mqtt_listeners[i];
		struct tp_guard_target target = guard_target(IPPROTO_TCP, l->family, l->addr, l->port);

		if (l->retired == retired && !guard_is_left(plan, i))
			guard_add_listener(made, &target, guard_listener_rate(spec, l->name, hz));
	}
}

/*
 * Where MQTT listeners have been in force since the start. One that moves keeps its connections, so what comes to where it was is still the appliance's; a port that
 * shares the host's addresses would leave it to the kernel, which resets them. It is given back when nobody is at any listener that was there; where all places
 * are taken, the oldest goes for a new one.
 */
#define GUARD_SERVED 64
static struct guard_served {
	struct tp_guard_target target;
	char name[65];        /* of the first listener, whose rate holds there, too */
	uint32_t of;          /* listeners that were there, by index */
} guard_served[GUARD_SERVED]; /* oldest first */
static unsigned int guard_n_served;

static void guard_unserve(unsigned int i)
{
	memmove(&guard_served[i], &guard_served[i + 1], (--guard_n_served - i) * sizeof(guard_served[0]));
}

static struct guard_served *guard_place(const struct tp_guard_target *target, const char *name)
{
	struct guard_served *place;

	for (unsigned int i = 0; i < guard_n_served; i++)
		if (memcmp(&guard_served[i].target, target, sizeof(*target)) == 0)
			return &guard_served[i];
	if (guard_n_served == GUARD_SERVED)
		guard_unserve(0);
	place = &guard_served[guard_n_served++];
	*place = (struct guard_served){.target = *target};
	snprintf(place->name, sizeof(place->name), "%s", name);
	return place;
}

static void guard_serve(const struct tp_plan_spec *plan)
{
	for (unsigned int i = 0; i < plan->n_mqtt_listeners; i++) {
		const struct tp_mqtt_listener *l = &plan->mqtt_listeners[i];
		struct tp_guard_target target = guard_target(IPPROTO_TCP, l->family, l->addr, l->port);

		if (!guard_is_left(plan, i))
			guard_place(&target, l->name)->of |= UINT32_C(1) << i;
		if (!l->retired)
			guard_left &= ~(UINT32_C(1) << i); /* it is back, or its index is another one's */
	}
}

void tp_guard_leave(uint32_t listeners)
{
	unsigned int i = 0;

	guard_left |= listeners;
	while (i < guard_n_served) {
		guard_served[i].of &= ~listeners;
		if (guard_served[i].of)
			i++;
		else
			guard_unserve(i);
	}
}

static void guard_make_served(struct guard_made *made, const struct tp_guard_spec *spec, uint64_t hz)
{
	for (unsigned int i = 0; i < guard_n_served; i++)
		guard_add_listener(made, &guard_served[i].target, guard_listener_rate(spec, guard_served[i].name, hz));
}

static void guard_make_listeners(
        struct guard_made *made, const struct tp_plan_spec *plan, const struct tp_guard_spec *spec, uint64_t hz)
{
	for (unsigned int i = 0; i < plan->n_listeners; i++) {
		const struct tp_listener *l = &plan->listeners[i];
		struct tp_guard_target target = guard_target(IPPROTO_UDP, l->family, l->addr, l->port);

		if (l->port) /* 0: of an MQTT route */
			guard_add_listener(made, &target, guard_listener_rate(spec, l->name, hz));
	}
	guard_make_mqtt(made, plan, spec, hz, false);
	guard_make_mqtt(made, plan, spec, hz, true);
	guard_make_served(made, spec, hz);
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
	made->listeners = calloc(plan->n_listeners + plan->n_mqtt_listeners + GUARD_SERVED + 1, sizeof(*made->listeners));
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
	made->tables.config.fragment = TP_GUARD_FRAGMENT_S * hz;
	made->tables.config.flags = spec->n_rules ? TP_GUARD_HAS_PREFIXES : 0;
	return 0;
}

/* ---- XDP programs ---------------------------------------------------------------------------------------------------------------- */
/* What all of them were given last. */
static struct guard_made guard_held;
static bool guard_holds;

/* Gives the programs of the ports in front of `ports` these tables; all of them where it is the number of ports. Returns the port that refused, with *rc. */
static unsigned int guard_tell(const struct tp_guard_tables *tables, unsigned int ports, int *rc)
{
	unsigned int i = 0;

	for (*rc = 0; i < ports; i++) {
		if (tp_ports[i].spec.type == TP_PORT_AF_XDP)
			*rc = tp_port_guard_apply(i, tables);
		if (*rc)
			break;
	}
	return i;
}

/* The tables from before, for the ports up to the one that refused the new ones, which may have some of them. */
static void guard_tell_back(unsigned int refused, char *err, size_t err_len)
{
	size_t used = strlen(err);
	unsigned int at;
	int rc;

	if (!guard_holds)
		return;
	at = guard_tell(&guard_held.tables, refused + 1, &rc);
	if (rc)
		snprintf(err + used, err_len - used,
		        "; the rules from before could not be put back on port '%s' (%s), which has some of the new ones",
		        tp_ports[at].spec.name, strerror(-rc));
	else
		snprintf(err + used, err_len - used, "; the rules from before hold");
}

static int guard_apply_xdp(const struct tp_plan_spec *plan, const struct tp_guard_spec *spec, char *err, size_t err_len)
{
	struct guard_made made;
	unsigned int refused;
	int rc = guard_make(&made, plan, spec, NS_HZ);

	if (rc) {
		snprintf(err, err_len, "no memory for the rules of the guard");
		return rc;
	}
	refused = guard_tell(&made.tables, tp_ports_count(), &rc);
	if (rc) {
		snprintf(err, err_len, "port '%s': the rules of the guard were not taken: %s", tp_ports[refused].spec.name,
		        strerror(-rc));
		guard_tell_back(refused, err, err_len);
		guard_unmake(&made);
		return rc;
	}
	guard_unmake(&guard_held);
	guard_held = made;
	guard_holds = true;
	return 0;
}

/* ---- workers ------------------------------------------------------------------------------------------------------------------- */
static bool guard_is_empty(const struct tp_guard_spec *spec)
{
	return spec->n_rules == 0 && spec->n_listeners == 0 && spec->source.rate == 0 && spec->syn.rate == 0;
}

/* The rules replaced last can go once every worker has begun a walk since. */
static int guard_release(void)
{
	for (int ms = 0; !tp_workers_passed(guard_mark); ms++) {
		if (ms == PASS_MS)
			return -EBUSY;
		usleep(1000);
	}
	tp_guard_rules_free(guard_replaced);
	guard_replaced = NULL;
	return 0;
}

static int guard_make_rules(const struct tp_plan_spec *plan, const struct tp_guard_spec *spec, struct tp_guard_rules **rules)
{
	struct guard_made made;
	int rc = guard_make(&made, plan, spec, rte_get_tsc_hz());

	if (rc)
		return rc;
	*rules = tp_guard_rules_new(&made.tables);
	for (unsigned int i = 0; *rules && i < tp_ports_count(); i++) {
		struct tp_guard_config *config = tp_guard_rules_config(*rules, tp_ports[i].id);

		*config = made.tables.config;
		tp_port_guard_config(&tp_ports[i], config);
		config->flags |=
		        TP_GUARD_OWN; /* no kernel is behind a port without XDP program: what nobody listens for is guarded, too */
	}
	guard_unmake(&made);
	return *rules ? 0 : -ENOMEM;
}

/* What workers are to use; NULL: nothing. Changes nothing yet. */
static int guard_make_workers(
        const struct tp_plan_spec *plan, const struct tp_guard_spec *spec, struct tp_guard_rules **rules, char *err, size_t err_len)
{
	int rc = guard_release();

	*rules = NULL;
	if (rc == 0 && !guard_is_empty(spec))
		rc = guard_make_rules(plan, spec, rules);
	if (rc)
		snprintf(err, err_len, "the rules of the guard were not taken: %s",
		        rc == -EBUSY ? "a worker does not move" : "no memory for them");
	return rc;
}

static void guard_publish(struct tp_guard_rules *rules)
{
	guard_replaced = guard_rules;
	__atomic_store_n(&guard_rules, rules, __ATOMIC_RELEASE);
	guard_mark = tp_worker_slots_n ? tp_workers_mark() : 0; /* marks begin anew with the workers */
}

void tp_worker_take_guard(struct tp_worker_slot *slot)
{
	slot->w.guard = __atomic_load_n(&guard_rules, __ATOMIC_ACQUIRE);
}

void tp_worker_guard_free(void)
{
	tp_guard_rules_free(guard_replaced);
	tp_guard_rules_free(guard_rules);
	guard_replaced = guard_rules = NULL;
	guard_mark = 0;
	guard_unmake(&guard_held);
	memset(&guard_held, 0, sizeof(guard_held));
	guard_holds = false;
	guard_n_served = 0;
	guard_left = 0;
}

int tp_guard_apply(const struct tp_plan_spec *plan, const struct tp_guard_spec *spec, char *err, size_t err_len)
{
	struct tp_guard_rules *rules;
	int rc = guard_make_workers(plan, spec, &rules, err, err_len);

	if (rc == 0)
		rc = guard_apply_xdp(plan, spec, err, err_len);
	if (rc) {
		tp_guard_rules_free(rules);
		return rc;
	}
	guard_publish(rules);
	guard_serve(plan);
	return 0;
}
