/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_API_DEVICES_H
#define TP_API_DEVICES_H
/* Devices by name and by how busy they are, for the commands that show some of them. Under the view. */
#include <stdint.h>

#include "tp_plan.h"

/* The sources with the greatest `by` of those that are offered; memory is the caller's, room for `limit`. */
struct api_ranked {
	uint64_t by;
	unsigned int source;
};
struct api_ranking {
	struct api_ranked *at;
	unsigned int n, limit;
};
void api_ranking_offer(struct api_ranking *ranking, uint64_t by, unsigned int source);
/* Puts them in order, the greatest first, behind the last offer. Returns how many there are. */
unsigned int api_ranking_end(struct api_ranking *ranking);

/*
 * Fills `to` with at most `limit` sources that have received something and whose device contains `part` (NULL: all), most received first. One
 * load a source and worker, and memory for what is asked for only. Returns how many.
 */
unsigned int api_busiest(const struct tp_plan_spec *spec, const char *part, struct api_ranked *to, unsigned int limit);
/* The first source of that device, or -1; "nobody" is 0. */
int api_device(const struct tp_plan_spec *spec, const char *device);

#endif
