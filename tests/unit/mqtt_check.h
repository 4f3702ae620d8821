/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_TEST_MQTT_CHECK_H
#define TP_TEST_MQTT_CHECK_H
/* What the gateway's tests say often, over mqtt_rig.h and cmocka. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mqtt_packets.h"

#define PUBACK     0x40
#define PUBREC     0x50
#define PUBREL     0x62
#define PUBCOMP    0x70
#define DISCONNECT 0xe0
#define QOS1       2
#define QOS2       4
#define DUP        8

/* The next packet is this one with exactly these octets behind the fixed header. */
static inline void check_packet(struct rig_conn *c, uint8_t first, const void *octets, uint32_t n)
{
	const uint8_t *body = NULL;
	uint32_t length = 0;

	assert_int_equal(rig_answer(c, &body, &length), first);
	assert_int_equal(length, n);
	if (n)
		assert_memory_equal(body, octets, n);
}

static inline void check_nothing(struct rig_conn *c)
{
	const uint8_t *body;
	uint32_t n;

	assert_int_equal(rig_answer(c, &body, &n), 0);
}

/* reason 0: in its short form. */
static inline void check_ack(struct rig_conn *c, uint8_t first, unsigned int id, uint8_t reason)
{
	const uint8_t octets[3] = {(uint8_t)(id >> 8), (uint8_t)id, reason};

	check_packet(c, first, octets, reason ? 3 : 2);
}

static inline void check_connack(struct rig_conn *c, bool present, uint8_t reason)
{
	const uint8_t *body = NULL;
	uint32_t n = 0;

	assert_int_equal(rig_answer(c, &body, &n), 0x20);
	assert_true(n >= 2);
	assert_int_equal(body[0], present);
	assert_int_equal(body[1], reason);
}

static inline void check_disconnect(struct rig_conn *c, uint8_t reason)
{
	const uint8_t *body = NULL;
	uint32_t n = 0;

	assert_int_equal(rig_answer(c, &body, &n), DISCONNECT);
	assert_int_equal(n ? body[0] : 0, reason);
	assert_true(c->closing);
}

static inline void check_event(bool connected, enum mqtt_gone why)
{
	const struct rig_event *e = &rig.events[(rig.n_events - 1) % RIG_EVENTS];

	assert_true(rig.n_events > 0);
	assert_int_equal(e->connected, connected);
	if (!connected)
		assert_int_equal(e->why, why);
}

/* A connected client on that worker. */
static inline struct rig_conn *up_with(unsigned int worker, const struct rig_connect *k, bool present)
{
	struct rig_conn *c = rig_open(worker);

	assert_non_null(c);
	rig_connect(c, k);
	rig_deliver_all();
	check_connack(c, present, 0);
	return c;
}

static inline struct rig_conn *up(uint8_t version, const char *id)
{
	const struct rig_connect k = {.version = version, .clean = true, .id = id};

	return up_with(0, &k, false);
}

static inline int check_setup(void **state)
{
	(void)state;
	rig_defaults();
	return 0;
}

#endif
