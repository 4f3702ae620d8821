/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_PERF_WIRE_RIG_H
#define TP_PERF_WIRE_RIG_H
/*
 * One worker on a port of two rings, all in the calling thread: what is given lies in memory as a NIC would have put it there, the worker walks its
 * own graph over it, and what it sends is taken. The worker is made as the program makes it; only its thread has ended before it began.
 *
 * Time of the worker is CPU time of this thread in its walks and in what its loop does between them, nothing else: frames are made, batches are
 * given back and answers are read outside of that.
 */
#include <rte_mbuf.h>

#include "tp_plan.h"
#include "tp_port.h"
#include "tp_worker.h"

#define WIRE_ROUND 256 /* frames given at a time: eight bursts of a worker */

struct wire {
	uint64_t ns; /* of the worker */
	uint64_t walks;
	uint64_t batches, records; /* that came out of it */
	uint16_t port;             /* ethdev id */
};

/* Ends the program with a sentence. */
__attribute__((noreturn)) void wire_die(const char *what);
/* Plan and dataplane without ports; both must outlive the rig. */
void wire_start(struct wire *w, const struct tp_dataplane_spec *spec, const struct tp_plan *plan);
void wire_end(struct wire *w);

/* An empty buffer for a frame; port and length are the caller's to write. */
struct rte_mbuf *wire_frame(const struct wire *w);
/* At most WIRE_ROUND frames, which the worker owns from then on. */
void wire_give(struct wire *w, struct rte_mbuf **frames, unsigned int n);
/* The worker walks until it has taken all frames, and once more for what came back from the sink. */
void wire_work(struct wire *w);
/* Open batches are sealed, however young. The worker's time. */
void wire_seal(struct wire *w);
/* The null sink: every record of every sealed batch is acknowledged at once. */
void wire_acknowledge(struct wire *w);
/* Frames that the worker sent, now the caller's. */
unsigned int wire_take(struct wire *w, struct rte_mbuf **frames, unsigned int n);

#endif
