/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_NODE_GUARD_TABLES_H
#define TP_NODE_GUARD_TABLES_H
/* The tables behind the verdict function in a worker: its `storage`, which the XDP program has in the kernel's maps. */
#include <stdlib.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_ethdev.h>

#include "packet_guard.h"

#define GUARD_WAYS      4
#define GUARD_SETS_FRAG (TP_GUARD_FRAGMENTS / GUARD_WAYS)

/* Rules: open addressing, twice as many places as entries. */
struct tp_guard_rules {
	struct tp_guard_config config[RTE_MAX_ETHPORTS];
	struct tp_guard_prefix_entry *prefixes;    /* verdict 0: free */
	struct tp_guard_listener_entry *listeners; /* protocol 0: free */
	uint32_t prefix_mask, listener_mask;
	uint8_t n_lengths[2];    /* of IPv4 and IPv6 */
	uint8_t lengths[2][130]; /* in use, the longest first; with the 8 bits of the family */
};

/* The token buckets of a set of sources: one line of the cache. */
struct guard_source_set {
	uint64_t key[GUARD_WAYS]; /* 0: free */
	uint64_t bucket[GUARD_WAYS];
} __attribute__((aligned(64)));

struct guard_fragment_set {
	struct tp_guard_datagram key[GUARD_WAYS]; /* family 0: free */
	struct tp_guard_first first[GUARD_WAYS];
};

struct tp_guard_state {
	uint64_t buckets[TP_GUARD_LISTENERS + 1];
	struct guard_fragment_set fragments[GUARD_SETS_FRAG];
	uint32_t source_mask;
	struct guard_source_set sources[]; /* source_mask + 1 */
};

/* What the verdict function is given as env. */
struct guard_env {
	const struct tp_guard_rules *rules;
	struct tp_guard_state *state;
	uint64_t now;
};

static inline uint64_t guard_mix(uint64_t x)
{
	x = (x ^ x >> 32) * 0x9e3779b97f4a7c15;
	return x ^ x >> 29;
}

/* Of n octets, a multiple of 4. Where a sender can choose what is hashed, a set has a bounded number of places, so collisions cost nothing but memory. */
static inline uint32_t guard_hash(const void *key, uint32_t n)
{
	const uint8_t *p = key;
	uint64_t sum = n, word;
	uint32_t rest;

	for (; n >= 8; n -= 8, p += 8) {
		memcpy(&word, p, sizeof(word));
		sum = (sum ^ word) * 0x9e3779b97f4a7c15;
		sum ^= sum >> 32;
	}
	if (n) {
		memcpy(&rest, p, sizeof(rest));
		sum = (sum ^ rest) * 0x9e3779b97f4a7c15;
	}
	return (uint32_t)(sum ^ sum >> 29);
}

/* The first bits of 64, in network order. */
static inline uint64_t guard_mask64(uint32_t bits)
{
	return bits == 0 ? 0 : rte_cpu_to_be_64(~UINT64_C(0) << (64 - RTE_MIN(bits, 64U)));
}

/* Cuts the key of an address down to so many bits, the family's 8 included. */
static inline void guard_mask(struct tp_guard_prefix *key, uint32_t length)
{
	uint32_t bits = length - 8;
	uint64_t half[2];

	key->length = length;
	memcpy(half, key->addr, sizeof(half));
	half[0] &= guard_mask64(bits);
	half[1] &= guard_mask64(bits > 64 ? bits - 64 : 0);
	memcpy(key->addr, half, sizeof(half));
}

/* The place of a prefix, or the free one where it would be. */
static inline uint32_t guard_prefix_place(const struct tp_guard_rules *rules, const struct tp_guard_prefix *key)
{
	uint32_t at = guard_hash(key, sizeof(*key)) & rules->prefix_mask;

	while (rules->prefixes[at].verdict && memcmp(&rules->prefixes[at].prefix, key, sizeof(*key)) != 0)
		at = (at + 1) & rules->prefix_mask;
	return at;
}

static inline uint32_t guard_listener_place(const struct tp_guard_rules *rules, const struct tp_guard_target *key)
{
	uint32_t at = guard_hash(key, sizeof(*key)) & rules->listener_mask;

	while (rules->listeners[at].target.protocol && memcmp(&rules->listeners[at].target, key, sizeof(*key)) != 0)
		at = (at + 1) & rules->listener_mask;
	return at;
}

/* ---- storage ------------------------------------------------------------------------------------------------------------------- */
static inline uint32_t guard_prefix(void *env, const struct tp_guard_prefix *key)
{
	const struct tp_guard_rules *rules = ((const struct guard_env *)env)->rules;
	unsigned int family = key->family == 6;
	struct tp_guard_prefix cut = *key;

	for (unsigned int i = 0; i < rules->n_lengths[family]; i++) {
		uint32_t verdict;

		guard_mask(&cut, rules->lengths[family][i]);
		verdict = rules->prefixes[guard_prefix_place(rules, &cut)].verdict;
		if (verdict)
			return verdict;
	}
	return TP_GUARD_NO_PREFIX;
}

static inline const struct tp_guard_listener *guard_listener(void *env, const struct tp_guard_target *key)
{
	const struct tp_guard_rules *rules = ((const struct guard_env *)env)->rules;
	const struct tp_guard_listener_entry *found = &rules->listeners[guard_listener_place(rules, key)];

	return found->target.protocol ? &found->listener : NULL;
}

static inline __u64 *guard_source(void *env, uint64_t key)
{
	struct tp_guard_state *state = ((struct guard_env *)env)->state;
	struct guard_source_set *set;
	unsigned int at = 0;

	if (key == 0) /* ::/64; nobody in ff00::/8 may send */
		key = UINT64_MAX;
	set = &state->sources[guard_mix(key) & state->source_mask];

	for (unsigned int i = 0; i < GUARD_WAYS; i++)
		if (set->key[i] == key)
			return (__u64 *)&set->bucket[i];
	for (unsigned int i = 1; i < GUARD_WAYS; i++)
		if (set->key[at] && set->bucket[i] < set->bucket[at])
			at = i;
	set->key[at] = key;
	set->bucket[at] = 0;
	return (__u64 *)&set->bucket[at];
}

static inline __u64 *guard_bucket(void *env, uint32_t index)
{
	struct tp_guard_state *state = ((struct guard_env *)env)->state;

	return index <= TP_GUARD_LISTENERS ? (__u64 *)&state->buckets[index] : NULL;
}

static inline struct guard_fragment_set *guard_fragment_set(struct tp_guard_state *state, const struct tp_guard_datagram *key)
{
	return &state->fragments[guard_hash(key, sizeof(*key)) % GUARD_SETS_FRAG];
}

static inline struct tp_guard_first *guard_fragment(void *env, const struct tp_guard_datagram *key)
{
	struct guard_fragment_set *set = guard_fragment_set(((struct guard_env *)env)->state, key);

	for (unsigned int i = 0; i < GUARD_WAYS; i++)
		if (memcmp(&set->key[i], key, sizeof(*key)) == 0)
			return &set->first[i];
	return NULL;
}

/* In its own place, else in the one of the set that was written first. */
static inline void guard_fragment_is(void *env, const struct tp_guard_datagram *key, const struct tp_guard_first *first)
{
	struct guard_fragment_set *set = guard_fragment_set(((struct guard_env *)env)->state, key);
	unsigned int at = 0;

	for (unsigned int i = 0; i < GUARD_WAYS; i++) {
		if (memcmp(&set->key[i], key, sizeof(*key)) == 0) {
			at = i;
			break;
		}
		if (set->first[i].at < set->first[at].at)
			at = i;
	}
	set->key[at] = *key;
	set->first[at] = *first;
}

static inline uint64_t guard_now(void *env)
{
	return ((const struct guard_env *)env)->now;
}

/* A worker is alone with its buckets. */
static inline int guard_swap(__u64 *p, uint64_t old, uint64_t value)
{
	(void)old;
	*p = value;
	return 1;
}

#endif
