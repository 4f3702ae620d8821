/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_PLAN_PRIVATE_H
#define TP_PLAN_PRIVATE_H
/* What the files of this folder share. */
#include "tp_plan.h"

/* A copy of n entries, also where n is 0; NULL: no memory. */
void *plan_copy(const void *from, size_t n, size_t size);

/* ---- mqtt.c ---------------------------------------------------------------------------------------------------------------- */
#define PLAN_MQTT_BUCKETS 256
#define PLAN_SECRET       192 /* octets of the secret XXH3 hashes names with; its minimum is 136 */
#define PLAN_MQTT_NOBODY  0xff

struct plan_name {
	uint64_t hash;
	const struct tp_mqtt_name *name; /* NULL: free */
};

struct plan_mqtt {
	const struct tp_mqtt_listener *listeners;
	uint8_t by_port[PLAN_MQTT_BUCKETS]; /* first listener of a hash of the port, or PLAN_MQTT_NOBODY */
	uint8_t next[TP_MAX_MQTT_LISTENERS];
	struct plan_name *names; /* open addressing; at least half are free */
	uint64_t name_mask;
	uint8_t secret[PLAN_SECRET];
};

/*
 * Copies the listeners and names of the spec, which is the plan's own and gets the copies, and builds the tables. 0, -ENOMEM, or -EINVAL, with
 * the sentence in err.
 */
int plan_mqtt_build(struct plan_mqtt *m, struct tp_plan_spec *spec, char *err, size_t err_len);
void plan_mqtt_free(struct plan_mqtt *m, struct tp_plan_spec *spec);
uint16_t plan_mqtt_listener(const struct plan_mqtt *m, uint8_t family, const uint8_t *addr, uint16_t port);
uint16_t plan_mqtt_source(const struct plan_mqtt *m, uint16_t listener, struct tp_slice name);

#endif
