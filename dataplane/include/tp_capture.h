/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_CAPTURE_H
#define TP_CAPTURE_H
/*
 * What was dropped, refused or malformed, as it came, with its reason. While a capture is armed, each worker copies what it gives up into a ring of its
 * own, which the admin thread empties; what the ring has no room for is counted by reason, so what was captured and what was not add up to the
 * books. While none is armed, a packet that is given up costs one test more, any other nothing.
 *
 * A frame stands there as it was when it was given up: Ethernet padding may be cut off, a datagram put together from fragments has the headers of the
 * first one. An MQTT message has no frame of its own: its payload stands there.
 *
 * What the XDP program of an AF_XDP port drops never reaches a worker. While a capture is armed that asks for reasons of the guard, the program tells of it: at most
 * TP_GUARD_SNAP octets of a packet and TP_GUARD_EVENT_RATE packets a second and port; the others are counted as those for which there was no room.
 */
#include <stdbool.h>
#include <stdint.h>

#include "tp_stats.h"

#define TP_CAPTURE_SNAP_MOST 16384 /* octets of a packet that may be kept */

struct tp_capture_filter {
	bool reason[TP_COUNTER_COUNT]; /* those to be captured */
	uint32_t snap;                 /* octets of a packet that are kept, 64..TP_CAPTURE_SNAP_MOST */
	uint32_t count;                /* packets in all, at least 1 */
};

struct tp_capture_packet {
	int64_t at_us; /* wall clock */
	uint32_t n;    /* octets it had */
	uint32_t kept;
	uint32_t offset;   /* of a decoder: first octet of the payload that could not be accepted */
	uint16_t reason;   /* enum tp_counter */
	uint16_t stage;    /* enum tp_stage; TP_CAPTURE_NO_STAGE: no decoder rejected it */
	uint16_t port;     /* of a frame: ethdev id */
	uint16_t source;   /* 0: nobody's, or not known yet */
	uint16_t listener; /* TP_NO_LISTENER: not known yet */
	uint16_t worker;
	int16_t xdp;    /* -1; else the port, by its place in the configuration, whose XDP program dropped it: no worker did */
	uint32_t queue; /* of that port */
	bool message;   /* an MQTT message's payload */
	uint8_t octets[];
};
#define TP_CAPTURE_NO_STAGE UINT16_MAX

/* ---- control's side. One capture at a time; one thread at a time ------------------------------------------------------------------------ */
/* 0; -EBUSY: one is armed; -ENOMEM; -ETIMEDOUT: a worker did not take it within a second; -ENOTCONN: no worker runs. */
int tp_capture_arm(const struct tp_capture_filter *filter);
/* The next packet of any worker, valid until the next call; NULL: none now. */
const struct tp_capture_packet *tp_capture_take(void);
/* Packets with that reason for which there was no room, or that came after `count`. */
uint64_t tp_capture_lost(enum tp_counter reason);
/* Nothing more is captured; what is in the rings can still be taken. */
void tp_capture_stop(void);
/* Back to how it was. What was not taken is gone. Fine where none is armed. */
void tp_capture_disarm(void);

#endif
