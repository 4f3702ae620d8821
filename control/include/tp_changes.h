/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_CHANGES_H
#define TP_CHANGES_H
/* What control can be asked to change while turnpiked runs. Control thread: from a job (tp_admin.h). */

struct tp_daemon;

/*
 * Puts the configuration file in force as it and what it names are now, as SIGHUP does. 0: begun, done is called on the control thread when it has ended; rc: 0, or a
 * negative errno where nothing was changed, and standard error says why; -ECANCELED: turnpiked stops. -EBUSY: another one is under way, or workers still hold what the
 * last one replaced; done is not called then.
 */
int tp_change_reload(struct tp_daemon *d, void (*done)(void *ctx, int rc), void *ctx);

#endif
