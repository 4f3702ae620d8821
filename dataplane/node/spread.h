/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_SPREAD_H
#define TP_SPREAD_H
/*
 * The software spread, for ports with fewer receive queues than there are workers: the worker that owns the queue hands a datagram to the
 * worker its source hashes to, through a ring that only the two of them use. The source address alone decides, so everything that one
 * device sends meets one worker and stays in order.
 */
#include "node.h"

/* What travels through the rings, in rec->transport of each packet: datagrams (udp), segments (mqtt), and frames to send. */
#define TP_SPREAD_FRAME UINT8_MAX

static inline uint16_t tp_spread_target(const struct tp_worker *w, const struct tp_record *rec)
{
	uint64_t high, low = 0;
	uint32_t v;

	if (rec->source_family == 4) {
		memcpy(&v, rec->source_addr, 4);
		high = v;
	} else {
		memcpy(&high, rec->source_addr, 8);
		memcpy(&low, rec->source_addr + 8, 8);
	}
	high = (high ^ low * 0x94d049bb133111eb) * 0x9e3779b97f4a7c15;
	return (uint16_t)((high >> 32) * w->n_workers >> 32);
}

#endif
