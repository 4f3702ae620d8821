/* SPDX-License-Identifier: BSD-3-Clause */
/* log: the lines that are kept in memory, and on demand those that come. A line that is no longer kept when its turn comes is said to be missing. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"

#define LOG_FOLLOW_MS 250
#define LOG_A_TICK    256 /* lines at once */

struct log_state {
	uint64_t next; /* number of the line that comes next */
};

static void log_end(struct api_request *r)
{
	free(r->state);
}

static json_t *log_lines(uint64_t *next, unsigned int max)
{
	json_t *lines = json_array();
	char text[TP_LOG_LINE];
	uint64_t number;

	while (json_array_size(lines) < max && (number = tp_log_line(*next, text)) != 0) {
		char missing[64];

		if (number > *next) {
			snprintf(missing, sizeof(missing), "(%" PRIu64 " lines are no longer kept)", number - *next);
			json_array_append_new(lines, json_string(missing));
		}
		json_array_append_new(lines, api_json_text(text, strlen(text)));
		*next = number + 1;
	}
	return lines;
}

static json_t *log_show(void)
{
	json_t *show = api_show();

	api_show_lines(show, "lines", NULL);
	return show;
}

static enum api_stream_next log_tick(struct api_request *r, struct api_error *error)
{
	struct log_state *state = r->state;
	json_t *lines;

	(void)error;
	if (!api_may_send(r))
		return API_STREAM_GOES_ON; /* nothing is left out: the lines wait where they are */
	lines = log_lines(&state->next, LOG_A_TICK);
	if (json_array_size(lines))
		api_more(r, json_pack("{s:o}", "lines", lines), r->show ? log_show() : NULL);
	else
		json_decref(lines);
	return API_STREAM_GOES_ON;
}

/* The line that `lines` lines from the end begin with. */
static uint64_t log_from(uint64_t lines)
{
	uint64_t last = tp_log_last();

	return last >= lines ? last - lines + 1 : 1;
}

void api_log(struct api_request *r)
{
	uint64_t next = log_from((uint64_t)api_number(r, "lines"));

	if (!api_flag(r, "follow")) {
		api_answer(r, json_pack("{s:o}", "lines", log_lines(&next, TP_LOG_LINES)), log_show());
		return;
	}
	r->end = log_end;
	r->state = calloc(1, sizeof(struct log_state));
	if (!r->state) {
		api_failf(r, API_FAILED, "no memory to follow the log");
		return;
	}
	((struct log_state *)r->state)->next = next;
	api_stream(r, LOG_FOLLOW_MS, log_tick);
}
