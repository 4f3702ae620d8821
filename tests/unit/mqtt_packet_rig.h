/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_TEST_MQTT_PACKET_RIG_H
#define TP_TEST_MQTT_PACKET_RIG_H
/* What the tests of the packet codec share: how octets are written, one reader for all packets of a client, dice. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "chance.h"
#include "guard.h"
#include "packet.h"

static struct guard guard;
static uint64_t seed = 0x9e3779b97f4a7c15;

static inline uint32_t dice(uint32_t sides)
{
	return (uint32_t)(chance64(&seed) >> 32) % sides;
}

#define OCTETS(literal) (literal), sizeof(literal) - 1
#define V5              "\x00\x04MQTT\x05"
#define V311            "\x00\x04MQTT\x04"
#define V31             "\x00\x06MQIsdp\x03"
#define FIRST(type, f)  ((uint8_t)((type) << 4 | (f)))

/* Any packet of a client. */
union any {
	struct mqtt_connect connect;
	struct mqtt_publish publish;
	struct mqtt_ack ack;
	struct mqtt_subscribe subscribe;
};

static inline int read_any(uint8_t version, uint8_t first, const uint8_t *p, uint32_t n, union any *any, struct mqtt_fault *fault)
{
	uint8_t type = first >> 4, flags = first & 15;

	memset(fault, 0, sizeof(*fault));
	switch (type) {
	case MQTT_CONNECT:
		return mqtt_connect_read(flags, p, n, &any->connect, fault);
	case MQTT_PUBLISH:
		return mqtt_publish_read(version, flags, p, n, &any->publish, fault);
	case MQTT_SUBSCRIBE:
	case MQTT_UNSUBSCRIBE:
		return mqtt_subscribe_read(version, type, flags, p, n, &any->subscribe, fault);
	case MQTT_PINGREQ:
		return mqtt_empty_read(flags, n, fault);
	default:
		return mqtt_ack_read(version, type, flags, p, n, &any->ack, fault);
	}
}

static inline void assert_slice(struct tp_slice s, const char *text)
{
	assert_non_null(s.p);
	assert_int_equal(s.n, strlen(text));
	assert_memory_equal(s.p, text, s.n);
}
/* Everything a CONNECT of MQTT 5 can have. */
static const char connect_full[] =
        V5 "\xf6\x00\x3c"                                                     /* user, password, will retain, QoS 2, clean; 60 s */
           "\x36"                                                             /* 54 octets of properties */
           "\x11\x00\x00\x0e\x10\x21\x00\x0a\x27\x00\x01\x00\x00\x22\x00\x05" /* expiry 3600, receive 10, packet 65536, alias 5 */
           "\x19\x01\x17\x00\x26\x00\x01"                                     /* response information, no problem information */
           "a\x00\x01"                                                        /* user property */
           "b\x26\x00\x04name\x00\x05value\x15\x00\x05SCRAM\x16\x00\x02\x00\xff" /* another; method and data */
           "\x00\x06lane-7"                                                      /* client identifier */
           "\x32"                                                                /* 50 octets of will properties */
           "\x18\x00\x00\x00\x1e\x01\x01\x02\x00\x00\x00\x78\x03\x00\x0a"        /* delay 30, text, expiry 120 */
           "text/plain\x08\x00\x05r/a/b\x09\x00\x03"                             /* content type, response topic */
           "\x00\x01\x02\x26\x00\x03"
           "key\x00\x03val\x00\x09" /* correlation, user property */
           "gone/lane\x00\x03"
           "off\x00\x05"
           "alice\x00\x04p\x00w!";

#endif
