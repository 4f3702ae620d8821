/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_DECODE_V2X_ENVELOPE_H
#define TP_DECODE_V2X_ENVELOPE_H
/*
 * What lies around a J2735 message in a datagram: optionally a WSMP header (IEEE 1609.3), optionally IEEE 1609.2 data, then the
 * MessageFrame. The place of the frame follows from the lengths; nothing is searched for.
 */
#include "tp_decoder.h"

struct v2x_frame {
	uint32_t offset;         /* of the MessageFrame in the datagram, octets */
	uint32_t len;            /* of the MessageFrame, octets */
	uint32_t content_offset; /* of the message in the datagram, octets */
	uint32_t content_len;    /* of the message, octets */
	uint16_t message_id;     /* DSRCmsgID */
	uint8_t security;        /* enum tp_v2x_security */
	bool has_psid;
	uint32_t psid; /* of the WSMP header, decoded */
};

/* Finds the frame. Returns 0, or TP_DECODE_REJECTED with the verdict. Pure. */
int v2x_envelope_open(struct tp_slice payload, struct v2x_frame *frame, struct tp_verdict *verdict);

/* Short name of a message that is known, or NULL: ids 18 to 50. */
const char *v2x_message_name(unsigned int message_id);

#endif
