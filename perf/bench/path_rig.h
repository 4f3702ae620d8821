/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_PERF_PATH_RIG_H
#define TP_PERF_PATH_RIG_H
/*
 * The packet path of one worker for benchmarks: a capture kept in memory and repeated for ever, one listener, a device for every host of a
 * prefix. Made from these arguments, which all programs take first:
 *
 *   CAPTURE FORMAT PORT PREFIX        PREFIX: a.b.c.d/n, at most 256 hosts
 */
#include "tp_pattern.h"
#include "tp_port.h"
#include "tp_worker.h"

#define HOSTS_MAX 256

struct path_options {
	const char *capture, *format;
	const char *plates; /* CSV; NULL: no list */
	const char *topic;  /* of plate reads; NULL: their default topic */
	uint16_t port;
	uint8_t network[4];
	unsigned int bits;
	int cpu; /* of the worker */
	bool keep_payload;
	bool paced; /* the worker waits for the sink; else it drops */
	uint32_t idle_sleep_us;
};

struct path {
	struct tp_port_spec port;
	struct tp_dataplane_spec dataplane;
	struct tp_topic topics[TP_KIND_COUNT];
	struct tp_source sources[HOSTS_MAX + 1];
	struct tp_prefix prefixes[HOSTS_MAX];
	char names[HOSTS_MAX][32];
	unsigned int hosts;
	struct tp_listener listener;
	struct tp_pattern_db *patterns;
	struct tp_plan *plan;
};

/* Ends the program with a sentence. */
__attribute__((noreturn)) void path_die(const char *what);
/* The four arguments; ends the program where they make no sense. */
void path_arguments(char **argv, struct path_options *o);
/* Builds plan, pool, port and starts the worker; ends the program where that fails. */
void path_start(struct path *p, const struct path_options *o);
/* After the worker was drained. */
void path_end(struct path *p);

#endif
