/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * guard: drops what the rules refuse, in front of eth_input, for ports that have no XDP program. port_rx goes past it where there are no rules.
 *
 * The verdict is that of the XDP program (bpf/include/tp_guard_verdict.h). What that program would leave to the kernel goes on here: the nodes behind have a
 * name for dropping it.
 */
#include "guard_tables.h"
#include "node.h"
#include "tp_guard_verdict.h"

enum { NEXT_DROP, NEXT_ETH };

/* ---- rules --------------------------------------------------------------------------------------------------------------------- */
static void guard_rules_length(struct tp_guard_rules *rules, const struct tp_guard_prefix *prefix)
{
	unsigned int family = prefix->family == 6, n = rules->n_lengths[family], at = 0;
	uint8_t *lengths = rules->lengths[family];

	while (at < n && lengths[at] > prefix->length)
		at++;
	if (at < n && lengths[at] == prefix->length)
		return;
	memmove(lengths + at + 1, lengths + at, n - at);
	lengths[at] = (uint8_t)prefix->length;
	rules->n_lengths[family]++;
}

struct tp_guard_rules *tp_guard_rules_new(const struct tp_guard_tables *tables)
{
	struct tp_guard_rules *rules = calloc(1, sizeof(*rules));

	if (!rules)
		return NULL;
	rules->prefix_mask = rte_align32pow2(2 * tables->n_prefixes + 1) - 1;
	rules->listener_mask = rte_align32pow2(2 * tables->n_listeners + 1) - 1;
	rules->prefixes = calloc(rules->prefix_mask + 1, sizeof(*rules->prefixes));
	rules->listeners = calloc(rules->listener_mask + 1, sizeof(*rules->listeners));
	if (!rules->prefixes || !rules->listeners) {
		tp_guard_rules_free(rules);
		return NULL;
	}
	for (unsigned int i = 0; i < tables->n_prefixes; i++) {
		guard_rules_length(rules, &tables->prefixes[i].prefix);
		rules->prefixes[guard_prefix_place(rules, &tables->prefixes[i].prefix)] = tables->prefixes[i];
	}
	for (unsigned int i = 0; i < tables->n_listeners; i++)
		rules->listeners[guard_listener_place(rules, &tables->listeners[i].target)] = tables->listeners[i];
	return rules;
}

void tp_guard_rules_free(struct tp_guard_rules *rules)
{
	if (!rules)
		return;
	free(rules->prefixes);
	free(rules->listeners);
	free(rules);
}

struct tp_guard_config *tp_guard_rules_config(struct tp_guard_rules *rules, uint16_t port)
{
	return &rules->config[port];
}

/* ---- state --------------------------------------------------------------------------------------------------------------------- */
struct tp_guard_state *tp_guard_state_new(uint32_t sources)
{
	uint32_t sets = rte_align32pow2(RTE_MAX(sources, (uint32_t)GUARD_WAYS) / GUARD_WAYS);
	size_t size = RTE_ALIGN(sizeof(struct tp_guard_state) + sets * sizeof(struct guard_source_set), RTE_CACHE_LINE_SIZE);
	struct tp_guard_state *state = aligned_alloc(RTE_CACHE_LINE_SIZE, size);

	if (!state)
		return NULL;
	memset(state, 0, size);
	state->source_mask = sets - 1;
	return state;
}

void tp_guard_state_free(struct tp_guard_state *state)
{
	free(state);
}

/* ---- the node ------------------------------------------------------------------------------------------------------------------ */
uint32_t tp_guard_judge(const struct tp_guard_rules *rules, struct tp_guard_state *state, uint16_t port, uint64_t now,
        const uint8_t *data, uint32_t n)
{
	struct guard_env env = {.rules = rules, .state = state, .now = now};

	return tp_guard_verdict(&env, &rules->config[port], data, data + n);
}

static inline uint16_t guard_stage(struct tp_worker *w, struct rte_mbuf *m)
{
	uint32_t verdict;

	if (unlikely(!w->guard)) /* the rules went while packets were on their way here */
		return NEXT_ETH;
	verdict = tp_guard_judge(w->guard, w->guard_state, m->port, w->now_tsc, rte_pktmbuf_mtod(m, const uint8_t *), m->data_len);
	if (likely(tp_guard_action_of(verdict) != TP_GUARD_DROP))
		return NEXT_ETH;
	tp_drop(w, m, tp_guard_counter(verdict));
	return NEXT_DROP;
}

static uint16_t guard_process(struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++)
		rte_prefetch0(rte_pktmbuf_mtod((struct rte_mbuf *)objs[i], void *));
	return tp_node_each(graph, node, objs, n, guard_stage);
}

static struct rte_node_register guard_node = {
        .name = "guard",
        .process = guard_process,
        .nb_edges = 2,
        .next_nodes = {[NEXT_DROP] = "drop", [NEXT_ETH] = "eth_input"},
};
RTE_NODE_REGISTER(guard_node)
