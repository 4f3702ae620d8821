/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_CHANGES_H
#define TP_CHANGES_H
/*
 * What control can be asked to change while turnpiked runs. Control thread: from a job (tp_admin.h), but for what says otherwise.
 *
 * Another configuration under traffic is prepared by a thread of its own, so that the control loop goes on while a million plates compile; then control puts it in
 * force in one step, or nothing is changed. One at a time.
 */
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct tp_daemon;

/*
 * Puts the configuration file in force as it and what it names are now, as SIGHUP does. 0: begun, done is called on the control thread when it has ended; rc: 0, or a
 * negative errno where nothing was changed, and standard error says why; -ECANCELED: turnpiked stops. -EBUSY: another one is under way, or workers still hold what the
 * last one replaced; done is not called then.
 */
int tp_change_reload(struct tp_daemon *d, void (*done)(void *ctx, int rc), void *ctx);

enum tp_apply_what {
	TP_APPLY_CHECK,    /* says what is wrong and what would change */
	TP_APPLY_FORCE,    /* puts it in force */
	TP_APPLY_ROLLBACK, /* puts the text of the configuration before in force again */
};

struct tp_apply_wish {
	enum tp_apply_what what;
	const char *path; /* NULL: the file in force. Copied. */
	/* Whose rights to read the file count beside those of turnpiked, unless it is the one of the start. 0: root, and a signal. */
	uid_t uid;
	gid_t gid;
};

struct tp_apply_change {
	char *path, *before, *after; /* as struct tp_conf_change */
	const char *note;
	bool restart;
};
#define TP_APPLY_CHANGES 1000 /* kept; further ones are counted */

struct tp_apply_report {
	const char *path; /* of the configuration */
	int rc; /* 0: right, and where it was asked for in force; -ENOTSUP: it needs a restart; -ECANCELED: turnpiked stops; another negative errno: mistakes */
	const struct tp_apply_change *changes;
	unsigned int n_changes, n_kept, n_restart;
	bool lists_again;     /* lists and rules were compiled anew */
	const char *mistakes; /* lines, or NULL */
	bool quotes;          /* the mistakes may quote a file that the configuration names: they are not for the control socket */
};
/*
 * The end of it, on the control thread; what the report points to is valid during the call. Of what was put in force: when workers hold nothing any more of what it
 * replaced, or a second later.
 */
typedef void (*tp_apply_done)(void *ctx, const struct tp_apply_report *report);

/*
 * Begins. 0, -EBUSY: another one is under way or workers still hold what the last one replaced, -ENOENT: no configuration was in force before, -ENOMEM; done is not called
 * where it is not 0.
 */
int tp_apply_begin(struct tp_daemon *d, const struct tp_apply_wish *wish, tp_apply_done done, void *ctx);
/* What it does at the moment, or NULL; the text lives for ever. Any thread. */
const char *tp_apply_stage(void);

#endif
