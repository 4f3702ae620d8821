/* SPDX-License-Identifier: BSD-3-Clause */
#include "notify.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <systemd/sd-daemon.h>

#include "tp_clock.h"
#include "tp_log.h"
#include "tp_worker.h"

#define NOTIFY_LOOKS 4 /* at the workers within the limit of the watchdog */

void tp_notify_ready(struct tp_notify *n)
{
	uint64_t limit_us = 0;

	if (sd_watchdog_enabled(0, &limit_us) > 0)
		n->interval_ms = limit_us / 1000 < NOTIFY_LOOKS ? 1 : (int64_t)(limit_us / 1000 / NOTIFY_LOOKS);
	sd_notify(0, "READY=1\nSTATUS=receiving");
}

void tp_notify_status(const char *fmt, ...)
{
	char text[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	sd_notifyf(0, "STATUS=%s", text);
}

void tp_notify_reloading(void)
{
	sd_notifyf(
	        0, "RELOADING=1\nMONOTONIC_USEC=%" PRId64 "\nSTATUS=reading the configuration again", tp_clock_us(CLOCK_MONOTONIC));
}

void tp_notify_stopping(uint64_t within_ms)
{
	sd_notifyf(0, "STOPPING=1\nEXTEND_TIMEOUT_USEC=%" PRIu64 "\nSTATUS=delivering what was received", within_ms * 1000);
}

/* The first worker that has not walked since the last look, or their number. */
static unsigned int notify_find_still(struct tp_notify *n)
{
	unsigned int workers = tp_workers_count(), still = workers;

	for (unsigned int w = workers; w-- > 0;) {
		struct tp_worker_load load;

		tp_worker_load(w, &load);
		if (load.walks == n->walks[w])
			still = w;
		n->walks[w] = load.walks;
	}
	return still;
}

void tp_notify_watch(struct tp_notify *n, int64_t now_ms)
{
	bool first = n->next_ms == 0;
	unsigned int still;

	if (n->interval_ms == 0 || now_ms < n->next_ms)
		return;
	n->next_ms = now_ms + n->interval_ms;
	still = notify_find_still(n);
	if (first)
		return; /* nothing to compare with: on a busy machine a worker may not have had its first walk yet */
	if (still == tp_workers_count())
		sd_notify(0, "WATCHDOG=1");
	else if (!n->still)
		tp_log_at(TP_LOG_ERROR, "worker %u stands still: the watchdog is not told that all is well", still);
	n->still = still != tp_workers_count();
}
