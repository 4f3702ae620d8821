/* SPDX-License-Identifier: BSD-3-Clause */
#include "arming.h"

#include <errno.h>
#include <stdlib.h>

static int arming_install(struct tp_arming *a, unsigned int worker)
{
	void *own = a->ops->make(tp_worker_slots[worker], a->shared);
	int rc = own ? tp_worker_ask(worker, a->ops->install, own) : -ENOMEM;

	if (rc == 0)
		a->own[a->n++] = own;
	else if (own)
		a->ops->free(own); /* the worker never took it */
	return rc;
}

int tp_arming_arm(struct tp_arming *a, void *shared)
{
	int rc = a->shared ? -EBUSY : tp_worker_slots_n == 0 ? -ENOTCONN : shared ? 0 : -ENOMEM;

	if (rc < 0) {
		free(shared);
		return rc;
	}
	a->shared = shared;
	while (rc == 0 && a->n < tp_worker_slots_n)
		rc = arming_install(a, a->n);
	if (rc < 0)
		tp_arming_disarm(a);
	return rc;
}

void tp_arming_disarm(struct tp_arming *a)
{
	bool late = false;

	if (!a->shared)
		return;
	a->ops->stop(a->shared);
	for (unsigned int i = 0; i < a->n; i++) {
		if (tp_worker_ask(i, a->ops->remove, a->own[i]) == 0)
			a->ops->free(a->own[i]);
		else
			late = true;
	}
	if (!late)
		free(a->shared);
	a->shared = NULL;
	a->n = 0;
}

bool tp_arming_take(struct tp_arming *a, void *to)
{
	for (unsigned int i = 0; i < a->n; i++)
		if (a->ops->next(a->own[(a->turn + i) % a->n], to)) {
			a->turn = (a->turn + i + 1) % a->n;
			return true;
		}
	return false;
}
