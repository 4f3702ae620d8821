/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_API_TRACE_STORY_H
#define TP_API_TRACE_STORY_H
/* The story of one traced packet: its steps through the workers and how its records ended, put together for the trace command. Admin thread. */
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "tp_books.h"
#include "tp_plan.h"
#include "tp_trace.h"

#define STORY_STEPS 256 /* of one packet; more are counted */
#define STORY_GROWS 16

#define STORY_SHOWN(number) ((number)&0xffff)

struct story {
	uint32_t number;  /* of the packet, as workers know it; shown from 1 on, see STORY_SHOWN */
	int64_t began_us; /* wall clock of the first step */
	bool begun;       /* its first step was seen */
	int open;         /* packets, records and acknowledgements of it whose end is not known */
	unsigned int n_steps, n_ends, left_out;
	struct tp_trace_step *step; /* room for as many as there are, rounded up to STORY_GROWS */
	struct tp_traced_end *end;  /* the same */
	struct story *next;
};

void story_step(struct story *s, const struct tp_trace_step *step);
void story_end(struct story *s, const struct tp_traced_end *end);
void story_free(struct story *s);
/* Everything that came of it has ended. */
bool story_complete(const struct story *s);

/* ---- trace_story_words.c ---------------------------------------------------------------------------------------------------------------- */
/* What words need to know of what is in force while they are found. */
struct story_world {
	const struct tp_plan_spec *spec;
	const char *(*port)(uint16_t port);                              /* its name, by its place in the configuration */
	void (*denied)(uint8_t family, const uint8_t *addr, char *text); /* the prefix that denies a sender; "" where none does */
	void (*sink)(char *text, size_t len);                            /* behind "the sink, which": how it is now */
	bool covert; /* a list or rule is: the places of alerts are not told, or a gap between two would be a covert one */
};
#define STORY_PREFIX 64 /* octets of such a text at most */

/* {"trace", "result", "why", "steps": [...], "lines": [...]}; lines are for people. */
json_t *story_tell(const struct story *s, const struct story_world *world);

#endif
