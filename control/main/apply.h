/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_APPLY_H
#define TP_APPLY_H
/*
 * Another configuration under traffic. It is prepared by a thread of its own, so that the control loop goes on while a million plates compile; then control puts it in force in one
 * step, or nothing is changed. One at a time. Control thread, but for tp_apply_stage().
 */
#include <stdbool.h>
#include <stddef.h>

struct tp_daemon;

enum tp_apply_what {
	TP_APPLY_CHECK,    /* says what is wrong and what would change */
	TP_APPLY_FORCE,    /* puts it in force */
	TP_APPLY_ROLLBACK, /* puts the text of the configuration before in force again */
};

struct tp_apply_change {
	char *path, *before, *after; /* as struct tp_conf_change */
	bool restart;
};
#define TP_APPLY_CHANGES 1000 /* kept; further ones are counted */

struct tp_apply_report {
	const char *path; /* of the configuration */
	int rc;           /* 0: right, and where it was asked for in force; else a negative errno */
	const struct tp_apply_change *changes;
	unsigned int n_changes, n_kept, n_restart;
	bool lists_again;     /* lists and rules were compiled anew */
	const char *mistakes; /* lines */
};
/* The end of it; what the report points to is valid during the call. */
typedef void (*tp_apply_done)(void *ctx, const struct tp_apply_report *report);

/* Begins. path: NULL, the file in force. 0, -EBUSY: another one is under way, -ENOENT: no configuration was in force before, -ENOMEM. */
int tp_apply_begin(struct tp_daemon *d, enum tp_apply_what what, const char *path, tp_apply_done done, void *ctx);
/* Moves it on; once a turn of the loop. */
void tp_apply_turn(struct tp_daemon *d);
/* What it does at the moment, or NULL. Any thread. */
const char *tp_apply_stage(void);
/* The stop has begun: who waits for the end of it is told that it is given up. */
void tp_apply_cancel(struct tp_daemon *d);
/* At the end of the daemon's life. False where the thread is still at work: then nothing that it may look at can be freed. */
bool tp_apply_end(struct tp_daemon *d);

#endif
