/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_SINK_PRIVATE_H
#define TP_SINK_PRIVATE_H
/* What the files of this folder share: the sinks, and a list of batches, first in first out, linked by their sink_data. */
#include "tp_sink.h"

extern const struct tp_sink_ops tp_sink_kafka;
extern const struct tp_sink_ops tp_sink_file;
extern const struct tp_sink_ops tp_sink_null;

struct batch_list {
	struct tp_batch *first, *last;
	unsigned int count;
};

static inline void batch_list_append(struct batch_list *list, struct tp_batch *batch)
{
	batch->sink_data = NULL;
	if (list->last)
		list->last->sink_data = batch;
	else
		list->first = batch;
	list->last = batch;
	list->count++;
}

static inline struct tp_batch *batch_list_remove(struct batch_list *list)
{
	struct tp_batch *batch = list->first;

	if (!batch)
		return NULL;
	list->first = batch->sink_data;
	if (!list->first)
		list->last = NULL;
	list->count--;
	batch->sink_data = NULL;
	return batch;
}

#endif
