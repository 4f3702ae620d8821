/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The plan and its look-ups.
 *
 * Listeners are found by a table of all 65,536 ports, then along a short chain of those that share a port, specific addresses first.
 *
 * Sources are found by longest prefix: one open-addressing table holds every (listener, family, length, prefix); a look-up tries the lengths
 * that the listener has, longest first. Devices are mostly host addresses, so the first try mostly hits, and the table stays as small as
 * the configuration, where a trie of full width would take 64 MiB a listener.
 *
 * MQTT has look-ups of its own, in mqtt.c.
 */
#define XXH_INLINE_ALL
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <xxhash.h>

#include "plan.h"

struct slot {
	uint64_t high, low; /* prefix, host order; IPv4 in low */
	uint32_t key;       /* listener, family, length; 0: free */
	uint32_t source;
};

/* The prefix lengths a listener has, longest first. */
struct lengths {
	uint8_t n;
	uint8_t length[129];
};

struct tp_plan {
	struct tp_plan_spec spec;
	struct slot *slots;
	uint64_t slot_mask;
	struct lengths (*lengths)[2]; /* a listener: [0] IPv4, [1] IPv6 */
	uint16_t by_port[65536];      /* first listener */
	struct tp_listener *listeners;
	struct tp_source *sources;
	uint8_t *identities; /* of all sources */
	struct plan_mqtt mqtt;
};

static inline uint32_t slot_key(uint16_t listener, uint8_t family, uint8_t length)
{
	return ((uint32_t)listener + 1) << 12 | (uint32_t)(family == 6) << 8 | length;
}

static inline uint64_t slot_hash(uint64_t high, uint64_t low, uint32_t key)
{
	uint64_t h = (high ^ 0x9e3779b97f4a7c15) * 0xbf58476d1ce4e5b9 + (low ^ key) * 0x94d049bb133111eb;

	return h ^ h >> 29;
}

static inline void address_words(uint8_t family, const uint8_t *addr, uint64_t *high, uint64_t *low)
{
	if (family == 4) {
		uint32_t v;

		memcpy(&v, addr, 4);
		*high = 0;
		*low = __builtin_bswap32(v);
		return;
	}
	memcpy(high, addr, 8);
	memcpy(low, addr + 8, 8);
	*high = __builtin_bswap64(*high);
	*low = __builtin_bswap64(*low);
}

static inline void address_mask(uint8_t family, uint8_t length, uint64_t *high, uint64_t *low)
{
	unsigned int width = family == 4 ? 32 : 128, host = width - length; /* bits to clear */

	if (family == 4) {
		*low &= ~UINT64_C(0) << host;
		return;
	}
	*low = host >= 64 ? 0 : *low & ~UINT64_C(0) << host;
	if (host > 64)
		*high = host == 128 ? 0 : *high & ~UINT64_C(0) << (host - 64);
}

static inline struct slot *slot_find(const struct tp_plan *plan, uint64_t high, uint64_t low, uint32_t key)
{
	uint64_t at = slot_hash(high, low, key);

	for (;; at++) {
		struct slot *s = &plan->slots[at & plan->slot_mask];

		if (s->key == 0 || (s->key == key && s->low == low && s->high == high))
			return s;
	}
}

/* Inlined for each family: what is zero in an IPv4 address costs nothing. */
static inline __attribute__((always_inline)) uint16_t plan_longest(
        const struct tp_plan *plan, uint16_t listener, uint8_t family, const uint8_t *addr)
{
	const struct lengths *lengths = &plan->lengths[listener][family == 6];
	uint64_t high, low;

	address_words(family, addr, &high, &low);
	for (unsigned int i = 0; i < lengths->n; i++) {
		const struct slot *s;

		address_mask(family, lengths->length[i], &high, &low); /* longest first: masking again loses nothing */
		s = slot_find(plan, high, low, slot_key(listener, family, lengths->length[i]));
		if (s->key)
			return (uint16_t)s->source;
	}
	return plan->listeners[listener].unknown_source;
}

static __attribute__((noinline)) uint16_t plan_longest6(const struct tp_plan *plan, uint16_t listener, const uint8_t *addr)
{
	return plan_longest(plan, listener, 6, addr);
}

uint16_t tp_plan_source(const struct tp_plan *plan, uint16_t listener, uint8_t family, const uint8_t *addr)
{
	return __builtin_expect(family == 4, 1) ? plan_longest(plan, listener, 4, addr) : plan_longest6(plan, listener, addr);
}

/* The listener from i on that takes this address. */
static __attribute__((noinline)) uint16_t plan_listener_at(
        const struct tp_plan *plan, uint16_t i, uint8_t family, const uint8_t *addr)
{
	while (i != TP_NO_LISTENER) {
		const struct tp_listener *l = &plan->listeners[i];

		if (l->family == 0 || (l->family == family && memcmp(l->addr, addr, family == 4 ? 4 : 16) == 0))
			return i;
		i = l->next;
	}
	return TP_NO_LISTENER;
}

uint16_t tp_plan_listener(const struct tp_plan *plan, uint8_t family, const uint8_t *addr, uint16_t port)
{
	uint16_t i = plan->by_port[port];

	if (__builtin_expect(i == TP_NO_LISTENER || plan->listeners[i].family == 0, 1))
		return i;
	return plan_listener_at(plan, i, family, addr);
}

const struct tp_plan_spec *tp_plan_spec(const struct tp_plan *plan)
{
	return &plan->spec;
}

uint16_t tp_plan_mqtt_listener(const struct tp_plan *plan, uint8_t family, const uint8_t *addr, uint16_t port)
{
	return plan_mqtt_listener(&plan->mqtt, family, addr, port);
}

uint16_t tp_plan_mqtt_source(const struct tp_plan *plan, uint16_t listener, struct tp_slice name)
{
	return plan_mqtt_source(&plan->mqtt, listener, name);
}

uint16_t tp_plan_topic(const struct tp_plan_spec *spec, enum tp_kind kind)
{
	for (unsigned int t = 0; t < spec->n_topics; t++)
		if (spec->topics[t].kind == kind)
			return (uint16_t)t;
	return TP_NO_TOPIC;
}

/* Listeners with an address of their own go to the front of the chain of their port. */
static int plan_add_listener(struct tp_plan *plan, uint16_t i, char *err, size_t err_len)
{
	struct tp_listener *l = &plan->listeners[i];
	uint16_t *at = &plan->by_port[l->port];

	l->next = TP_NO_LISTENER;
	if (l->port == 0) /* of an MQTT route */
		return 0;
	for (uint16_t k = *at; k != TP_NO_LISTENER; k = plan->listeners[k].next) {
		const struct tp_listener *other = &plan->listeners[k];

		if (other->family == l->family && memcmp(other->addr, l->addr, sizeof(l->addr)) == 0) {
			snprintf(err, err_len, "listeners '%s' and '%s' have the same address and port %u", other->name, l->name,
			        l->port);
			return -EINVAL;
		}
	}
	while (l->family == 0 && *at != TP_NO_LISTENER)
		at = &plan->listeners[*at].next;
	l->next = *at;
	*at = i;
	return 0;
}

static void lengths_add(struct lengths *set, uint8_t length)
{
	unsigned int i = 0;

	while (i < set->n && set->length[i] > length)
		i++;
	if (i < set->n && set->length[i] == length)
		return;
	memmove(&set->length[i + 1], &set->length[i], set->n - i);
	set->length[i] = length;
	set->n++;
}

static int plan_add_prefix(struct tp_plan *plan, const struct tp_prefix *prefix, char *err, size_t err_len)
{
	uint32_t key = slot_key(prefix->listener, prefix->family, prefix->length);
	uint64_t high, low;
	struct slot *s;

	address_words(prefix->family, prefix->addr, &high, &low);
	address_mask(prefix->family, prefix->length, &high, &low);
	s = slot_find(plan, high, low, key);
	if (s->key) {
		snprintf(err, err_len, "listener '%s' has one source prefix of length %u twice",
		        plan->listeners[prefix->listener].name, prefix->length);
		return -EINVAL;
	}
	*s = (struct slot){.high = high, .low = low, .key = key, .source = prefix->source};
	lengths_add(&plan->lengths[prefix->listener][prefix->family == 6], prefix->length);
	return 0;
}

void *plan_copy(const void *from, size_t n, size_t size)
{
	void *to = calloc(n ? n : 1, size);

	if (to && n)
		memcpy(to, from, n * size);
	return to;
}

static int plan_allocate(struct tp_plan *plan, const struct tp_plan_spec *spec)
{
	uint64_t slots = 16;

	while (slots < 2 * (uint64_t)spec->n_prefixes)
		slots *= 2;
	plan->spec = *spec;
	plan->slot_mask = slots - 1;
	plan->slots = calloc(slots, sizeof(*plan->slots));
	plan->lengths = calloc(spec->n_listeners ? spec->n_listeners : 1, sizeof(*plan->lengths));
	plan->listeners = plan_copy(spec->listeners, spec->n_listeners, sizeof(*spec->listeners));
	plan->sources = plan_copy(spec->sources, spec->n_sources, sizeof(*spec->sources));
	plan->spec.listeners = plan->listeners;
	plan->spec.sources = plan->sources;
	plan->spec.prefixes = plan_copy(spec->prefixes, spec->n_prefixes, sizeof(*spec->prefixes));
	plan->spec.topics = plan_copy(spec->topics, spec->n_topics, sizeof(*spec->topics));
	plan->spec.channels = plan_copy(spec->channels, spec->n_channels, sizeof(*spec->channels));
	memset(plan->by_port, 0xff, sizeof(plan->by_port));
	return plan->slots && plan->lengths && plan->listeners && plan->sources && plan->spec.prefixes && plan->spec.topics &&
	                       plan->spec.channels
	               ? 0
	               : -ENOMEM;
}

/* What every record of a source says about it, in the form in which it goes into the record. */
static int plan_encode_identities(struct tp_plan *plan)
{
	size_t size = TP_IDENTITY_PAD;
	uint8_t *at;

	for (unsigned int i = 0; i < plan->spec.n_sources; i++) {
		const struct tp_source *s = &plan->sources[i];

		size += 32 + s->site.n + 2 * (size_t)s->device.n + s->lane.n;
	}
	at = plan->identities = calloc(1, size);
	for (unsigned int i = 0; at && i < plan->spec.n_sources; i++) {
		struct tp_source *s = &plan->sources[i];
		struct tp_envelope env = {.site = s->site, .device = s->device, .lane = s->lane};
		uint8_t *end = tp_envelope_identity(at, &env);

		s->identity = (struct tp_slice){at, (uint32_t)(end - at)};
		s->key = (struct tp_slice){end, s->device.n};
		if (s->device.n)
			memcpy(end, s->device.p, s->device.n);
		at = end + s->device.n;
	}
	return at ? 0 : -ENOMEM;
}

int tp_plan_build(const struct tp_plan_spec *spec, struct tp_plan **out, char *err, size_t err_len)
{
	struct tp_plan *plan = calloc(1, sizeof(*plan));
	int rc = plan ? plan_allocate(plan, spec) : -ENOMEM;

	if (rc == 0)
		rc = plan_encode_identities(plan);
	if (rc < 0)
		snprintf(err, err_len, "no memory for the plan");
	for (unsigned int i = 0; rc == 0 && i < spec->n_sources; i++)
		plan->sources[i].seed = XXH3_64bits(spec->sources[i].device.p, spec->sources[i].device.n);
	for (unsigned int i = 0; rc == 0 && i < spec->n_listeners; i++)
		rc = plan_add_listener(plan, (uint16_t)i, err, err_len);
	for (unsigned int i = 0; rc == 0 && i < spec->n_prefixes; i++)
		rc = plan_add_prefix(plan, &spec->prefixes[i], err, err_len);
	if (rc == 0)
		rc = plan_mqtt_build(&plan->mqtt, &plan->spec, err, err_len);
	if (rc < 0) {
		tp_plan_free(plan);
		return rc;
	}
	*out = plan;
	return 0;
}

void tp_plan_free(struct tp_plan *plan)
{
	if (!plan)
		return;
	free(plan->slots);
	free(plan->lengths);
	free(plan->listeners);
	free(plan->sources);
	free(plan->identities);
	plan_mqtt_free(&plan->mqtt, &plan->spec);
	free((void *)plan->spec.prefixes);
	free((void *)plan->spec.topics);
	free((void *)plan->spec.channels);
	free(plan);
}
