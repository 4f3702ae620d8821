/* SPDX-License-Identifier: BSD-3-Clause */
/* See trace_story.h. What is open: the packet itself, each record until its end is reported, each message until it is acknowledged. */
#include "trace_story.h"

#include <stdlib.h>
#include <string.h>

static int story_opened(const struct tp_trace_step *step)
{
	switch ((enum tp_trace_what)step->what) {
	case TP_TRACE_ARRIVED:
		return 1;
	case TP_TRACE_NODE:
		if (step->node.waits || strcmp(step->node.name, "spread_tx") == 0)
			return step->node.next[0] == '\0' ? 0 : -1; /* goes on elsewhere; else it was dropped */
		return (int)step->node.n_next - 1;
	case TP_TRACE_MESSAGE: /* of a segment it was counted there; its acknowledgement comes on top */
		return (step->part == 0) + (step->message.followed != 0);
	case TP_TRACE_RECORD:
		return step->record.followed != 0;
	case TP_TRACE_ANSWER:
	case TP_TRACE_GONE:
	case TP_TRACE_GIVEN_UP:
	case TP_TRACE_STEERED:
		return -1;
	case TP_TRACE_REFUSED:
		break;
	}
	return 0;
}

/* Room for one more of n; false: there are enough, or no memory. */
static bool story_grow(void **list, unsigned int n, size_t size)
{
	void *more;

	if (n % STORY_GROWS != 0)
		return true;
	more = n < STORY_STEPS ? realloc(*list, (n + STORY_GROWS) * size) : NULL;
	if (more)
		*list = more;
	return more != NULL;
}

/* In the order of their time: steps of several workers come one worker after the other. */
static void story_insert(struct story *s, const struct tp_trace_step *step)
{
	unsigned int at = s->n_steps++;

	for (; at > 0 && s->step[at - 1].at_us > step->at_us; at--)
		s->step[at] = s->step[at - 1];
	s->step[at] = *step;
}

static bool story_begins(const struct tp_trace_step *step)
{
	return step->what == TP_TRACE_ARRIVED || step->what == TP_TRACE_REFUSED ||
	       (step->what == TP_TRACE_MESSAGE && step->part == 0);
}

void story_step(struct story *s, const struct tp_trace_step *step)
{
	s->begun |= story_begins(step);
	if (s->began_us == 0 || step->at_us < s->began_us)
		s->began_us = step->at_us;
	s->open += story_opened(step);
	if (story_grow((void **)&s->step, s->n_steps, sizeof(*step)))
		story_insert(s, step);
	else
		s->left_out++;
}

void story_end(struct story *s, const struct tp_traced_end *end)
{
	s->open--;
	if (story_grow((void **)&s->end, s->n_ends, sizeof(*end)))
		s->end[s->n_ends++] = *end;
	else
		s->left_out++;
}

void story_free(struct story *s)
{
	free(s->step);
	free(s->end);
	free(s);
}

bool story_complete(const struct story *s)
{
	return s->begun && s->open <= 0;
}
