/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The plan's look-ups of MQTT.
 *
 * A listener is asked for with every segment that belongs to no connection, so also by a flood: 256 buckets of a hash of the port, and a short
 * chain in each, specific addresses first.
 *
 * A device's name is what a client says about itself. The table holds the names of the configuration only, and is hashed with a secret of
 * this process, so that nobody outside knows which names meet in it.
 */
#define XXH_INLINE_ALL
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <xxhash.h>

#include "plan.h"

_Static_assert(PLAN_SECRET >= XXH3_SECRET_SIZE_MIN, "XXH3 refuses shorter secrets");
_Static_assert(TP_MAX_MQTT_LISTENERS < PLAN_MQTT_NOBODY, "a listener's index is one octet");

/* ---- listeners ------------------------------------------------------------------------------------------------------------- */
static inline unsigned int mqtt_bucket(uint16_t port)
{
	return (port ^ port >> 8) % PLAN_MQTT_BUCKETS;
}

uint16_t plan_mqtt_listener(const struct plan_mqtt *m, uint8_t family, const uint8_t *addr, uint16_t port)
{
	for (uint8_t i = m->by_port[mqtt_bucket(port)]; i != PLAN_MQTT_NOBODY; i = m->next[i]) {
		const struct tp_mqtt_listener *l = &m->listeners[i];

		if (l->port == port &&
		        (l->family == 0 || (l->family == family && memcmp(l->addr, addr, family == 4 ? 4 : 16) == 0)))
			return i;
	}
	return TP_NO_LISTENER;
}

static int mqtt_add_listener(struct plan_mqtt *m, uint8_t i, char *err, size_t err_len)
{
	const struct tp_mqtt_listener *l = &m->listeners[i];
	uint8_t *at = &m->by_port[mqtt_bucket(l->port)];

	if (l->retired)
		return 0;
	for (uint8_t k = *at; k != PLAN_MQTT_NOBODY; k = m->next[k]) {
		const struct tp_mqtt_listener *other = &m->listeners[k];

		if (other->port == l->port && other->family == l->family && memcmp(other->addr, l->addr, sizeof(l->addr)) == 0) {
			snprintf(err, err_len, "MQTT listeners '%s' and '%s' have the same address and port %u", other->name,
			        l->name, l->port);
			return -EINVAL;
		}
	}
	while (l->family == 0 && *at != PLAN_MQTT_NOBODY)
		at = &m->next[*at];
	m->next[i] = *at;
	*at = i;
	return 0;
}

/* What a worker would index with. */
static int mqtt_check_listener(const struct tp_plan_spec *spec, const struct tp_mqtt_listener *l, char *err, size_t err_len)
{
	bool ok = l->unmapped >= -1 && l->unmapped < (int64_t)spec->n_listeners &&
	          (l->unknown_source == 0 || l->unknown_source < spec->n_sources);

	for (unsigned int r = 0; r < l->n_routes; r++)
		ok &= l->routes[r].listener < spec->n_listeners;
	if (ok)
		return 0;
	snprintf(err, err_len, "MQTT listener '%s' refers to a listener or source that is not there", l->name);
	return -EINVAL;
}

/* ---- names ----------------------------------------------------------------------------------------------------------------- */
static inline uint64_t mqtt_name_hash(const struct plan_mqtt *m, uint16_t listener, struct tp_slice name)
{
	uint64_t hash = XXH3_64bits_withSecret(name.p, name.n, m->secret, sizeof(m->secret));

	return hash + (uint64_t)listener * 0x9e3779b97f4a7c15;
}

/* Where that name is, or would be. */
static inline struct plan_name *mqtt_name_find(const struct plan_mqtt *m, uint64_t hash, uint16_t listener, struct tp_slice name)
{
	for (uint64_t at = hash;; at++) {
		struct plan_name *slot = &m->names[at & m->name_mask];

		if (!slot->name || (slot->hash == hash && slot->name->listener == listener && slot->name->name.n == name.n &&
		                           memcmp(slot->name->name.p, name.p, name.n) == 0))
			return slot;
	}
}

uint16_t plan_mqtt_source(const struct plan_mqtt *m, uint16_t listener, struct tp_slice name)
{
	const struct plan_name *slot;

	if (name.n == 0)
		return 0;
	slot = mqtt_name_find(m, mqtt_name_hash(m, listener, name), listener, name);
	return slot->name ? slot->name->source : 0;
}

static int mqtt_add_name(
        struct plan_mqtt *m, const struct tp_plan_spec *spec, const struct tp_mqtt_name *name, char *err, size_t err_len)
{
	uint64_t hash = mqtt_name_hash(m, name->listener, name->name);
	const char *why = NULL;
	struct plan_name *slot;

	if (name->listener >= spec->n_mqtt_listeners || name->source == 0 || name->source >= spec->n_sources)
		why = "refers to a listener or source that is not there";
	else if (name->name.n == 0 || name->name.n > TP_MQTT_NAME_MAX)
		why = "is empty or too long";
	slot = mqtt_name_find(m, hash, name->listener, name->name);
	if (!why && slot->name)
		why = "is there twice";
	if (why) {
		snprintf(err, err_len, "MQTT listener %u: the name '%.*s' %s", name->listener, (int)name->name.n,
		        (const char *)name->name.p, why);
		return -EINVAL;
	}
	*slot = (struct plan_name){.hash = hash, .name = name};
	return 0;
}

/* ---- making ---------------------------------------------------------------------------------------------------------------- */
static int mqtt_allocate(struct plan_mqtt *m, struct tp_plan_spec *spec)
{
	uint64_t slots = 16;

	while (slots < 2 * (uint64_t)spec->n_mqtt_names)
		slots *= 2;
	m->name_mask = slots - 1;
	m->names = calloc(slots, sizeof(*m->names));
	if (!m->names)
		return -ENOMEM;
	spec->mqtt_listeners = plan_copy(spec->mqtt_listeners, spec->n_mqtt_listeners, sizeof(*spec->mqtt_listeners));
	spec->mqtt_names = plan_copy(spec->mqtt_names, spec->n_mqtt_names, sizeof(*spec->mqtt_names));
	m->listeners = spec->mqtt_listeners;
	memset(m->by_port, PLAN_MQTT_NOBODY, sizeof(m->by_port));
	memset(m->next, PLAN_MQTT_NOBODY, sizeof(m->next));
	return spec->mqtt_listeners && spec->mqtt_names ? 0 : -ENOMEM;
}

int plan_mqtt_build(struct plan_mqtt *m, struct tp_plan_spec *spec, char *err, size_t err_len)
{
	int rc = mqtt_allocate(m, spec);

	if (rc < 0) {
		snprintf(err, err_len, "no memory for the plan");
		return rc;
	}
	if (getrandom(m->secret, sizeof(m->secret), 0) != sizeof(m->secret)) {
		snprintf(err, err_len, "no random numbers for the plan");
		return -EINVAL;
	}
	if (spec->n_mqtt_listeners > TP_MAX_MQTT_LISTENERS) {
		snprintf(err, err_len, "%u MQTT listeners, at most %d", spec->n_mqtt_listeners, TP_MAX_MQTT_LISTENERS);
		return -EINVAL;
	}
	for (unsigned int i = 0; rc == 0 && i < spec->n_mqtt_listeners; i++) {
		rc = mqtt_check_listener(spec, &m->listeners[i], err, err_len);
		if (rc == 0)
			rc = mqtt_add_listener(m, (uint8_t)i, err, err_len);
	}
	for (unsigned int i = 0; rc == 0 && i < spec->n_mqtt_names; i++)
		rc = mqtt_add_name(m, spec, &spec->mqtt_names[i], err, err_len);
	return rc;
}

void plan_mqtt_free(struct plan_mqtt *m, struct tp_plan_spec *spec)
{
	if (!m->names) /* it did not come so far: the spec still points to the caller's */
		return;
	free(m->names);
	free((void *)spec->mqtt_listeners);
	free((void *)spec->mqtt_names);
}
