/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * When what workers read through a pointer has been replaced, may the old be freed? Quiescent-state reckoning, as rte_rcu_qsbr does it. Control moves a mark
 * (its token: rte_rcu_qsbr_start()); each worker writes down the mark that it sees when a walk begins (rte_rcu_qsbr_quiescent()). A walk holds nothing of the one
 * before, so a worker that has seen the mark holds nothing that was replaced before the mark was moved (rte_rcu_qsbr_check()).
 *
 * Our own, because the mark also tells the worker that there is something to take: a view, rules, an errand. rte_rcu_qsbr_quiescent() says nothing of
 * whether the token moved, so each of them would be one more load a walk. Here a walk costs one load, of the line with the orders that it reads anyway.
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
