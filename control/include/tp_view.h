/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_VIEW_H
#define TP_VIEW_H
/*
 * What the admin thread may look at. Two things cross the border between control and admin:
 *
 *   the view   what control alone changes and admin only reads: configuration and plan. Admin holds it while it reads; control waits for that
 *              before it puts another one in its place. Between tp_view_hold() and tp_view_release() nothing of it goes away, behind them
 *              everything may: nothing that points into it is kept.
 *   the pulse  a copy of what control knows and nobody else may ask, some times a second: how the sink is, that the loop turns.
 *
 * Counters of workers and of the ledger are read where they are (tp_worker.h, tp_books.h), by relaxed loads. No worker ever waits for any of this.
 */
#include <stdbool.h>
#include <stdint.h>

#include "tp_conf.h"
#include "tp_login.h"
#include "tp_plan.h"
#include "tp_sink.h"

struct tp_view {
	const struct tp_conf *conf;
	const struct tp_plan_spec *spec;
	unsigned int devices;    /* of the configuration, the unknown ones of a listener as one; not those that it left out */
	bool covert;             /* a list or rule is, or was since the start: what counts all records is not shown */
	int64_t started_us;      /* us since 1970 UTC */
	int64_t configured_us;   /* the same, of this configuration */
	unsigned int generation; /* 1 at start, one more with each configuration */
};

/* Admin; not nested. */
const struct tp_view *tp_view_hold(void);
void tp_view_release(void);
/* Control: waits until nobody holds the view, then changes it. What the old one pointed to is nobody's but control's from then on. */
void tp_view_set(const struct tp_view *view);
/* Control: keeps admin out where more than the view changes, such as the memory it points to. tp_view_set() may be called in between. */
void tp_view_exclude(void);
void tp_view_admit(void);

enum tp_life { TP_LIFE_STARTING, TP_LIFE_RUNNING, TP_LIFE_STOPPING };
extern const char *const tp_life_names[];

struct tp_pulse {
	int64_t at_ms; /* monotonic; 0: none yet */
	enum tp_life life;
	uint64_t outstanding; /* records the sink holds */
	bool sink_busy;       /* it takes no more for the moment */
	struct tp_sink_state sink;
	struct tp_login_stats login;
};

/* Control. */
void tp_pulse_set(const struct tp_pulse *pulse);
/* Any thread. */
void tp_pulse_get(struct tp_pulse *pulse);

#endif
