/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_API_ROWS_H
#define TP_API_ROWS_H
/* Rows that more than one command shows. Under the view. */
#include "api.h"
#include "tp_sample.h"

/* workers.c: [{worker, cpu, busy, busy_since_start, walks_rate}] and their columns. */
json_t *api_workers_rows(const struct tp_sample *sample);
void api_show_workers(json_t *show);
/* ports.c: [{port, received, rate, missed, no_mbuf, errors, sent}], without what takes asking the driver. */
json_t *api_ports_rates(const struct tp_sample *sample);
void api_show_ports_rates(json_t *show);
/* sink.c: {sink, reachable, brokers, ...} */
json_t *api_sink_object(void);
void api_show_sink(json_t *show);

#endif
