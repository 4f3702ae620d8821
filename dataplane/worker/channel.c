/* SPDX-License-Identifier: BSD-3-Clause */
/* The way of batches between a worker and control: two single-producer single-consumer rings, one each way. */
#include "worker.h"

struct tp_batch *tp_channel_take(unsigned int worker)
{
	void *batch;

	return rte_ring_sc_dequeue(tp_worker_slots[worker]->w.sealed, &batch) == 0 ? batch : NULL;
}

void tp_channel_give_back(struct tp_batch *batch)
{
	rte_ring_sp_enqueue(tp_worker_slots[batch->worker]->w.free_batches, batch);
}
