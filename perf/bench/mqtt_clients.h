/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_PERF_MQTT_CLIENTS_H
#define TP_PERF_MQTT_CLIENTS_H
/*
 * Devices at the other end of a wire: as little of TCP and MQTT 3.1.1 as makes frames that a real client would send, and understands the answers.
 *
 * TCP as Linux does it: window scale, SACK and time stamps are negotiated, every segment has a time stamp, the handshake's ACK is a
 * segment of its own, CONNACK is acknowledged, PUBACKs are acknowledged by the next PUBLISH. One PUBLISH a segment. Checksums are right, and the
 * worker checks them, because a port of rings does not. Nothing is ever lost here, so nothing is sent again: what does not fit ends the program.
 *
 * Client i has the address 10.1.0.0 + i, the client identifier "device-<i, 7 digits>" and the topic "reads/device-<i>/plate".
 */
#include "wire_rig.h"

#define CLIENTS_TCP_PORT 1883
#define CLIENTS_UDP_PORT 5000
#define CLIENTS_FILTER   "reads/+/plate"
#define CLIENTS_ADDRESS  0x0a010000u /* of the first */
#define CLIENTS_ID_N     14
#define CLIENTS_FLIGHT   8    /* PUBLISHes of QoS 1 a client has without PUBACK */
#define CLIENTS_UNACKED  8000 /* octets a client has without ACK */

struct client {
	uint32_t seq;     /* of the next octet */
	uint32_t unacked; /* first octet that is not acknowledged */
	uint32_t ack;     /* next octet expected */
	uint32_t ts_ecr;
	uint32_t window; /* of the worker, octets */
	uint16_t packet_id;
	uint8_t in_flight, state, scale;
	bool todo;
};

struct clients {
	struct wire *wire;
	struct client *list;
	uint32_t n;
	uint32_t *todo; /* clients with a handshake step or an ACK to send; a ring of n */
	uint32_t todo_first, todo_n;
	uint32_t next;      /* who publishes next */
	uint32_t connected; /* have their CONNACK */
	const uint8_t *payloads;
	uint32_t payload_n, payloads_n, payload; /* octets of one, how many, the next */
	uint64_t sent;                           /* PUBLISHes and datagrams */
	uint64_t acknowledged;                   /* PUBACKs */
	uint64_t pings;                          /* PINGRESPs */
	uint64_t segments;                       /* that came from the worker */
	uint64_t syns, syn_acks;                 /* of nobody: clients_flood() */
	uint64_t random;
};

void clients_new(
        struct clients *c, struct wire *wire, uint32_t n, const uint8_t *payloads, uint32_t payload_n, uint32_t payloads_n);
void clients_free(struct clients *c);
/* Writes the identifier of client i, CLIENTS_ID_N octets. */
void clients_id(uint32_t i, char *out);

/* Each gives one round: at most WIRE_ROUND frames. How many. */
unsigned int clients_connect(struct clients *c, uint32_t *fresh);  /* steps under way first, then new clients from *fresh on */
unsigned int clients_publish(struct clients *c, unsigned int qos); /* 0 or 1, one client after the other */
unsigned int clients_datagrams(struct clients *c);                 /* the same payloads by UDP */
unsigned int clients_flood(struct clients *c);                     /* SYNs, each from an address where nobody is */
unsigned int clients_ping(struct clients *c, uint32_t *fresh);     /* PINGREQ */
unsigned int clients_settle(struct clients *c, uint32_t *fresh);   /* an ACK of each client from *fresh on */
/* Reads what the worker sent. */
void clients_read(struct clients *c);

#endif
