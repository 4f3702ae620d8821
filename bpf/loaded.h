/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_BPF_LOADED_H
#define TP_BPF_LOADED_H
/* A program that is loaded, between the files of bpf/ only. */
#include <stdbool.h>

#include "tp_xdp_guard.h"

#include "guard.skel.h"

/* One who is told of packets. */
struct loaded_watcher {
	struct ring_buffer *ring;               /* NULL: has never watched */
	uint64_t since;                         /* CLOCK_MONOTONIC, ns: what is older is another one's */
	uint64_t unseen[TP_GUARD_REASON_COUNT]; /* before it began */
	struct tp_guard_event *to;              /* where the next event goes */
	bool found;
};

struct tp_xdp_guard {
	struct guard_bpf *skeleton;
	int link; /* -1: not attached */
	bool pinned;
	char instance[64], port[64];
	char mode[256];
	struct loaded_watcher watchers[TP_GUARD_WATCHERS];
};

/* The counter of a map that has one for each CPU, of all of them. 0 or a negative errno. */
int loaded_sum(const struct bpf_map *map, uint32_t key, uint64_t *sum);
/* watch.c: gives back what watchers have. */
void loaded_unwatch_all(struct tp_xdp_guard *guard);

#endif
