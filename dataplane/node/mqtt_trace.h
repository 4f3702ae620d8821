/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_NODE_MQTT_TRACE_H
#define TP_NODE_MQTT_TRACE_H
/*
 * What the MQTT gateway tells a trace and a capture: a segment may hold many messages, so books and nodes do not show what became of one. It tells of
 * single messages only while one of the two is armed on its worker.
 */
#include "node.h"

/* After a trace or a capture was armed or disarmed (w->trace, w->given_up). Worker, between walks. */
void tp_mqtt_trace_set(struct tp_worker *w);

#endif
