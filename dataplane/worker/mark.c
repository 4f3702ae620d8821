/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * When what workers read through a pointer has been replaced, may the old be freed? Control moves a mark; each worker writes down the mark that it sees when a walk
 * begins. A walk holds nothing of the one before, so a worker that has seen the mark holds nothing that was replaced before the mark was moved. A walk
 * costs one load of a line that it reads anyway.
 */
#include "worker.h"

uint64_t tp_workers_mark(void)
{
	return __atomic_add_fetch(&tp_worker_orders.mark, 1, __ATOMIC_ACQ_REL);
}

bool tp_workers_passed(uint64_t mark)
{
	for (unsigned int i = 0; i < tp_worker_slots_n; i++)
		if (__atomic_load_n(&tp_worker_slots[i]->mark, __ATOMIC_ACQUIRE) < mark)
			return false;
	return true;
}
