/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_SAMPLE_H
#define TP_SAMPLE_H
/*
 * What moves, looked at once a second by the admin thread, for everybody who shows rates: top, devices, metrics, the page. However many ask, it is
 * read once; and it never takes more than about a fiftieth of a CPU: with so many sources that a look takes 40 ms there is one every 2 s.
 *
 * A sample holds the counters at two times, `seconds` apart. Of a source it holds what was received; the rest is read when it is asked for.
 */
#include "tp_books.h"
#include "tp_port.h"
#include "tp_worker.h"

struct tp_sample_side {
	int64_t at_us; /* us since 1970 UTC; 0: nothing yet */
	int64_t at_ms; /* monotonic */
	struct tp_account total;
	struct tp_worker_load load[TP_MAX_WORKERS];
	struct tp_port_stats port[TP_MAX_PORTS];
	enum tp_link_state link[TP_MAX_PORTS];
	uint64_t *received; /* by source */
	unsigned int n_sources, n_workers, n_ports;
};

struct tp_sample {
	struct tp_sample_side now, before;
	double seconds;   /* between them; 0: there is no `before` yet, and no rate */
	uint32_t cost_us; /* CPU time of the last look */
};

/* "down", "up", "gone" */
extern const char *const tp_link_names[];

/* The last one. Admin, until it returns to its loop. */
const struct tp_sample *tp_sample(void);
/* (now - before) / seconds, at least 0; 0 without a `before`. */
double tp_sample_rate(const struct tp_sample *sample, uint64_t now, uint64_t before);
/* What a source received between the two times; 0 for one that is new. "nobody" may have less than before, which is 0 too: a packet is its until its listener
 * is known. */
uint64_t tp_sample_moved(const struct tp_sample *sample, unsigned int source);
/* Busy share of a worker between the two times, 0 to 1. */
double tp_sample_busy(const struct tp_sample *sample, unsigned int worker);

#endif
