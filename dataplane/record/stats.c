/* SPDX-License-Identifier: BSD-3-Clause */
/* Names and help of the counters. */
#include "tp_stats.h"

#define DESC(cname, cclass, chelp) [TP_C_##cname] = {#cname, chelp, TP_CLASS_##cclass},
const struct tp_counter_desc tp_counter_descs[TP_COUNTER_COUNT] = {TP_COUNTERS(DESC)};
