/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_NOTIFY_H
#define TP_NOTIFY_H
/*
 * What the service manager is told (sd_notify(3)). Where there is none, everything here does nothing. Control thread.
 */
#include <stdbool.h>
#include <stdint.h>

#include "tp_port.h"

struct tp_notify {
	int64_t interval_ms, next_ms;   /* between looks at the workers; 0: nobody watches */
	uint64_t walks[TP_MAX_WORKERS]; /* at the last look */
	bool still;                     /* a worker stood still then */
};

/* The daemon receives. Begins to watch the workers where the manager asked for it (WATCHDOG_USEC). */
void tp_notify_ready(struct tp_notify *n);
/* What the daemon is doing, in a few words. */
void tp_notify_status(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Certificates and users are read again, until tp_notify_ready(). */
void tp_notify_reloading(void);
/* The stop has begun and ends within so many milliseconds. */
void tp_notify_stopping(uint64_t within_ms);
/*
 * Says that all is well, four times within the manager's limit, but only where every worker has walked its graph since the last time. One that stands still is
 * named in the log once; after the limit the manager ends the daemon. Called every turn of the control loop, as now_ms of the monotonic clock.
 */
void tp_notify_watch(struct tp_notify *n, int64_t now_ms);

#endif
