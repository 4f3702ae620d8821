/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_NODE_WATCH_H
#define TP_NODE_WATCH_H
/* The gateway tells of single messages only while a trace or a capture is armed on its worker. */
#include "node.h"

/* After a trace or a capture was armed or disarmed. Worker, between walks. */
void tp_watch_gateway(struct tp_worker *w);

#endif
