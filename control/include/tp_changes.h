/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_CHANGES_H
#define TP_CHANGES_H
/* What control can be asked to change while turnpiked runs. Control thread: from a job (tp_admin.h). */

struct tp_daemon;

/*
 * Reads the files of certificates and users again, as SIGHUP does. 0, also where the configuration names none. -EINVAL: one of them has a mistake and
 * stays as it was, the others hold; the log says which. -EAGAIN: workers still hold what the last time replaced.
 */
int tp_change_reload(struct tp_daemon *d);

#endif
