/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_NODE_CAPTURE_H
#define TP_NODE_CAPTURE_H
/* The worker's side of a capture (tp_capture.h): a ring of slots of one size. A node that gives a packet up tells it through tp_given_up() in node.h. */
#include "node.h"
#include "tp_capture.h"

#define CAPTURE_RING_OCTETS (4u << 20) /* a worker */
#define CAPTURE_SLOTS_MOST  4096u

/* What all workers of a capture share. */
struct tp_capture_shared {
	struct tp_capture_filter filter;
	int32_t left; /* packets that may still be captured; atomic */
};

struct tp_capture {
	struct tp_capture_shared *shared;
	uint32_t slots, slot_octets;
	uint64_t lost[TP_COUNTER_COUNT];   /* worker: w, control: r */
	uint32_t head;                     /* worker: w, control: r */
	uint32_t tail __rte_cache_aligned; /* control: w, worker: r */
	bool held;                         /* control: the slot at the tail is in use */
	uint8_t ring[] __rte_cache_aligned;
};

struct tp_capture *tp_capture_new(struct tp_capture_shared *shared); /* NULL: no memory. Any thread */
void tp_capture_free(struct tp_capture *c);                          /* NULL is fine */
/* The worker, between walks. */
void tp_capture_install(struct tp_worker *w, struct tp_capture *c);
void tp_capture_remove(struct tp_worker *w);
/* The next packet, valid until the next call; NULL: none. Control. */
const struct tp_capture_packet *tp_capture_next(struct tp_capture *c);

#endif
