/* SPDX-License-Identifier: BSD-3-Clause */
/* The two sides of the sample change places with every look; so a rate is always between two looks that are both whole. */
#include "tp_sample.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "tp_admin.h"
#include "tp_clock.h"
#include "tp_conf.h"
#include "tp_log.h"
#include "tp_view.h"

#define SAMPLE_MS     1000
#define SAMPLE_LEAN   50 /* at least so many times the CPU time of a look lies between two */
#define SAMPLE_MAX_MS 10000

const char *const tp_link_names[] = {[TP_LINK_DOWN] = "down", [TP_LINK_UP] = "up", [TP_LINK_GONE] = "gone"};
static struct tp_sample sample_last;
static struct event *sample_timer;
static unsigned int sample_room; /* sources there is memory for */

const struct tp_sample *tp_sample(void)
{
	return &sample_last;
}

double tp_sample_rate(const struct tp_sample *sample, uint64_t now, uint64_t before)
{
	return sample->seconds > 0 && now > before ? (double)(now - before) / sample->seconds : 0;
}

uint64_t tp_sample_moved(const struct tp_sample *sample, unsigned int source)
{
	uint64_t now, before;

	if (source >= sample->now.n_sources || source >= sample->before.n_sources)
		return 0;
	now = sample->now.received[source];
	before = sample->before.received[source];
	return now > before ? now - before : 0;
}

double tp_sample_busy(const struct tp_sample *sample, unsigned int worker)
{
	const struct tp_worker_load *now = &sample->now.load[worker], *before = &sample->before.load[worker];
	uint64_t total = now->total_cycles - before->total_cycles, busy = now->busy_cycles - before->busy_cycles;

	if (sample->seconds <= 0 || total == 0)
		return 0;
	return busy > total ? 1 : (double)busy / (double)total;
}

static void sample_look(struct tp_sample_side *side, const struct tp_plan_spec *spec)
{
	side->at_us = tp_clock_us(CLOCK_REALTIME);
	side->at_ms = tp_clock_ms(CLOCK_MONOTONIC);
	side->n_sources = spec->n_sources < sample_room ? spec->n_sources : sample_room;
	side->n_workers = tp_workers_count();
	tp_books_sum(&side->total, spec->n_sources);
	for (unsigned int s = 0; s < side->n_sources; s++)
		side->received[s] = tp_book_sum(s, TP_C_received);
	for (unsigned int w = 0; w < side->n_workers; w++)
		tp_worker_load(w, &side->load[w]);
	for (side->n_ports = 0; side->n_ports < TP_MAX_PORTS; side->n_ports++)
		if (tp_port_stats(side->n_ports, &side->port[side->n_ports]))
			break;
	for (unsigned int i = 0; i < side->n_ports; i++)
		side->link[i] = tp_port_link(i);
}

/* Nothing arrives by a port that has no link, and no counter says so. */
static void sample_tell_links(
        const struct tp_sample_side *now, const struct tp_sample_side *before, const struct tp_dataplane_spec *spec)
{
	for (unsigned int i = 0; i < now->n_ports && i < spec->n_ports; i++) {
		enum tp_link_state was = i < before->n_ports ? before->link[i] : TP_LINK_UP;

		if (now->link[i] == was)
			continue;
		if (now->link[i] == TP_LINK_GONE)
			tp_log_at(TP_LOG_WARNING,
			        "port %s: its interface %s was removed; nothing comes by it until turnpiked is started anew",
			        spec->ports[i].name, spec->ports[i].device);
		else
			tp_log_at(now->link[i] == TP_LINK_UP ? TP_LOG_INFO : TP_LOG_WARNING, "port %s: its link is %s",
			        spec->ports[i].name, tp_link_names[now->link[i]]);
	}
}

static void sample_wait(uint32_t cost_us)
{
	int64_t wait_us = (int64_t)cost_us * SAMPLE_LEAN;
	struct timeval wait;

	if (wait_us < SAMPLE_MS * 1000)
		wait_us = SAMPLE_MS * 1000;
	if (wait_us > SAMPLE_MAX_MS * 1000)
		wait_us = SAMPLE_MAX_MS * 1000;
	wait = (struct timeval){.tv_sec = wait_us / 1000000, .tv_usec = wait_us % 1000000};
	evtimer_add(sample_timer, &wait);
}

static void sample_on_time(evutil_socket_t fd, short what, void *ctx)
{
	int64_t began = tp_clock_us(CLOCK_THREAD_CPUTIME_ID); /* not what others take meanwhile */
	struct tp_sample_side was = sample_last.before;
	const struct tp_view *view;

	(void)fd;
	(void)what;
	(void)ctx;
	sample_last.before = sample_last.now;
	sample_last.now = was;
	view = tp_view_hold();
	sample_look(&sample_last.now, view->spec);
	sample_tell_links(&sample_last.now, &sample_last.before, &view->conf->dataplane);
	tp_view_release();
	if (sample_last.before.at_us)
		sample_last.seconds = (double)(sample_last.now.at_ms - sample_last.before.at_ms) / 1e3;
	sample_last.cost_us = (uint32_t)(tp_clock_us(CLOCK_THREAD_CPUTIME_ID) - began);
	sample_wait(sample_last.cost_us);
}

static void sample_stop(void)
{
	if (sample_timer)
		event_free(sample_timer);
	sample_timer = NULL;
	free(sample_last.now.received);
	free(sample_last.before.received);
	sample_last = (struct tp_sample){.seconds = 0};
}

static int sample_start(struct event_base *base, const struct tp_conf *conf, char *err, size_t err_len)
{
	sample_room = conf->dataplane.n_sources;
	sample_last.now.received = calloc(sample_room + 1, sizeof(uint64_t));
	sample_last.before.received = calloc(sample_room + 1, sizeof(uint64_t));
	sample_timer = evtimer_new(base, sample_on_time, NULL);
	if (!sample_last.now.received || !sample_last.before.received || !sample_timer) {
		snprintf(err, err_len, "no memory for the rates");
		return -ENOMEM;
	}
	event_active(sample_timer, EV_TIMEOUT, 0);
	return 0;
}

const struct tp_service tp_sampler = {.name = "rates", .start = sample_start, .stop = sample_stop};
