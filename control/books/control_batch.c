/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Batches that control fills itself. They look like a worker's to the sink, but their memory is the heap's and they come back
 * here. The pool is bounded, so that a sink that is away cannot make control grow.
 */
#include <stdlib.h>

#include "books.h"

#define CONTROL_BATCH_MIN_OCTETS   65536
#define CONTROL_BATCH_ENTRY_OCTETS 128 /* octets of data an entry: records of the books are larger */

static struct tp_batch *control_batch_free; /* linked by sink_data */
static unsigned int control_batch_made;

static struct tp_batch *control_batch_new(size_t octets)
{
	struct tp_batch *batch = calloc(1, sizeof(*batch));

	if (!batch)
		return NULL;
	batch->worker = TP_BATCH_OF_CONTROL;
	batch->capacity = (uint32_t)octets;
	batch->entry_capacity = (uint32_t)(octets / CONTROL_BATCH_ENTRY_OCTETS + 1);
	batch->data = malloc(octets);
	batch->entries = calloc(batch->entry_capacity, sizeof(*batch->entries));
	if (!batch->data || !batch->entries) {
		free(batch->data);
		free(batch->entries);
		free(batch);
		return NULL;
	}
	return batch;
}

static void control_batch_destroy(struct tp_batch *batch)
{
	free(batch->data);
	free(batch->entries);
	free(batch);
	control_batch_made--;
}

struct tp_batch *tp_control_batch_take(size_t octets)
{
	struct tp_batch *batch = control_batch_free;

	if (octets < CONTROL_BATCH_MIN_OCTETS)
		octets = CONTROL_BATCH_MIN_OCTETS;
	if (octets > UINT32_MAX)
		return NULL;
	if (batch) {
		control_batch_free = batch->sink_data;
		if (batch->capacity >= octets) {
			batch->sink_data = NULL;
			return batch;
		}
		control_batch_destroy(batch);
	}
	if (control_batch_made == TP_CONTROL_BATCHES)
		return NULL;
	batch = control_batch_new(octets);
	control_batch_made += batch != NULL;
	return batch;
}

void tp_control_batch_give_back(struct tp_batch *batch)
{
	batch->count = 0;
	batch->used = 0;
	batch->outstanding = 0;
	batch->next = 0;
	batch->sink_data = control_batch_free;
	control_batch_free = batch;
}

void control_batch_fini(void)
{
	while (control_batch_free) {
		struct tp_batch *batch = control_batch_free;

		control_batch_free = batch->sink_data;
		control_batch_destroy(batch);
	}
}
