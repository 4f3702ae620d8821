/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_APPLY_H
#define TP_APPLY_H
/* Another configuration under traffic, as the loop of control and the end of turnpiked see it; who asks for one finds it in tp_changes.h. Control thread. */
#include "tp_changes.h"

/* Moves it on; once a turn of the loop. */
void tp_apply_turn(struct tp_daemon *d);
/* The stop has begun: who waits for the end of it is told that it is given up. */
void tp_apply_cancel(struct tp_daemon *d);
/* At the end of the daemon's life. False where the thread is still at work: then nothing that it may look at can be freed. */
bool tp_apply_end(struct tp_daemon *d);

#endif
