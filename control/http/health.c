/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two questions. /healthz: does the daemon live, or should somebody start it anew? That is about control's turn alone: a Kafka that is away is no reason to. /readyz: should
 * traffic be sent here?
 */

#include "http.h"
#include "tp_clock.h"
#include "tp_sample.h"
#include "tp_view.h"

#define HEALTH_SILENT_MS 10000 /* since control's last turn */

static bool health_control_turns(const struct tp_pulse *pulse)
{
	return tp_clock_ms(CLOCK_MONOTONIC) - pulse->at_ms < HEALTH_SILENT_MS;
}

/* Before there are two looks nothing can be said against a worker. */
static bool health_workers_walk(void)
{
	const struct tp_sample *s = tp_sample();

	for (unsigned int w = 0; s->seconds > 0 && w < s->now.n_workers; w++)
		if (s->now.load[w].walks == s->before.load[w].walks)
			return false;
	return true;
}

/* With one link it receives. */
static bool health_a_link(void)
{
	const struct tp_sample *s = tp_sample();

	for (unsigned int i = 0; i < s->now.n_ports; i++)
		if (s->now.link[i] == TP_LINK_UP)
			return true;
	return s->now.n_ports == 0;
}

bool http_is_ready(const char **why)
{
	struct tp_pulse pulse;

	tp_pulse_get(&pulse);
	*why = NULL;
	if (pulse.life != TP_LIFE_RUNNING)
		*why = pulse.life == TP_LIFE_STARTING ? "it is starting" : "it is stopping";
	else if (!health_control_turns(&pulse))
		*why = "the control thread stands still";
	else if (!health_workers_walk())
		*why = "a worker stands still";
	else if (!health_a_link())
		*why = "no port has a link";
	else if (pulse.sink.reachable == 0)
		*why = "the sink is not reachable";
	return *why == NULL;
}

static void health_say(struct http_reply *reply, const char *why)
{
	reply->status = why ? 503 : 200;
	evbuffer_add_printf(reply->body, "%s\n", why ? why : "ok");
}

void http_health(struct http_reply *reply)
{
	struct tp_pulse pulse;

	tp_pulse_get(&pulse);
	health_say(reply, health_control_turns(&pulse) ? NULL : "the control thread stands still");
}

void http_ready(struct http_reply *reply)
{
	const char *why;

	http_is_ready(&why);
	health_say(reply, why);
}
