/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_ICMP_ERROR_H
#define TP_ICMP_ERROR_H
/* ICMP errors about TCP segments of ours. Worker. */
#include "mqtt.h"

/*
 * icmp: n contiguous octets of an ICMP (ICMPv6) message whose checksum is right. True where it is an error that quotes a TCP segment: then it
 * has been counted, as icmp_error. False: it is something else, and nothing has happened.
 */
bool tp_icmp_error(struct tp_worker *w, const uint8_t *icmp, uint32_t n);
bool tp_icmp6_error(struct tp_worker *w, const uint8_t *icmp, uint32_t n);

#endif
