/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A new plan under traffic. What workers need for it is made aside, by control: a view. Control publishes it and moves the mark (mark.c); a worker that sees
 * the mark move takes the view before its walk begins and forgets what it kept of the plan before: flows, senders, sources of names. So a walk
 * has one plan from its beginning to its end, and a walk without a new one pays nothing beyond the look at the mark.
 *
 * What was on its way when the plan changed refers to it by index: listener and source of datagrams that one worker handed to another, topic of a batch. The new
 * plan has the same indices for the same things (tp_conf_carry()), and what a configuration left out keeps its index until nothing refers to it. Only
 * messages that were made at the end of a walk, for the next one, may point to texts of the old plan; so it is freed two marks later.
 */
#include <errno.h>
#include <stdlib.h>

#include "mqtt.h"
#include "worker.h"

/* Where the rings between workers stood when all of them had the new view. */
static struct {
	uint64_t mark;
	bool sampled, settled; /* settled: admin looks at it too; true while rings are compared, when all workers have the view */
	uint32_t tail[TP_MAX_WORKERS][TP_MAX_WORKERS];
} view_swap = {.settled = true};

static void view_decoders(struct tp_worker_view *view)
{
	uint32_t listed = tp_pattern_listed_kinds(view->spec), ruled = tp_pattern_ruled_kinds(view->spec);

	for (unsigned int i = 0; tp_decoders[i] && i < TP_MAX_DECODERS; i++) {
		view->formats[i].decoder = tp_decoders[i];
		view->formats[i].listed = (tp_decoders[i]->kinds & listed) != 0;
		if (tp_decoders[i]->direct && !(tp_decoders[i]->kinds & ruled))
			view->formats[i].direct = tp_decoders[i]->direct();
	}
	for (unsigned int l = 0; l < view->spec->n_listeners; l++)
		for (unsigned int i = 0; tp_decoders[i]; i++)
			if (tp_decoders[i] == view->spec->listeners[l].decoder)
				view->decoder_of[l] = (uint8_t)i;
}

int tp_worker_view_new(const struct tp_plan *plan, unsigned int n_workers, struct tp_worker_view **out)
{
	struct tp_worker_view *view = calloc(1, sizeof(*view));
	int rc = 0;

	if (!view)
		return -ENOMEM;
	view->plan = plan;
	view->spec = tp_plan_spec(plan);
	view_decoders(view);
	view->routes = mqtt_routes_new(view->spec->mqtt_listeners, view->spec->n_mqtt_listeners);
	if (!view->routes)
		rc = -ENOMEM;
	for (unsigned int i = 0; view->spec->patterns && rc == 0 && i < n_workers; i++)
		rc = tp_pattern_scratch_new(view->spec->patterns, TP_BURST, &view->scratch[i]);
	if (rc < 0) {
		tp_worker_view_free(view);
		return rc;
	}
	*out = view;
	return 0;
}

void tp_worker_view_free(struct tp_worker_view *view)
{
	if (!view)
		return;
	for (unsigned int i = 0; i < TP_MAX_WORKERS; i++)
		tp_pattern_scratch_free(view->scratch[i]);
	mqtt_routes_free(view->routes);
	free(view);
}

/* ---- the worker's side ----------------------------------------------------------------------------------------------------------- */
void tp_worker_take_view(struct tp_worker_slot *slot)
{
	const struct tp_worker_view *view = __atomic_load_n(&slot->next_view, __ATOMIC_ACQUIRE);
	struct tp_worker *w = &slot->w;

	if (view == slot->view)
		return;
	slot->view = view;
	w->plan = view->plan;
	w->spec = view->spec;
	if (w->scratch && view->scratch[w->id])
		tp_pattern_scratch_carry(view->scratch[w->id], w->scratch);
	w->scratch = view->scratch[w->id];
	w->scans_refused = w->books[0].c[TP_C_scans_refused]; /* a new scratch counts from 0 */
	memcpy(w->decoder_of, view->decoder_of, sizeof(w->decoder_of));
	memcpy(w->formats, view->formats, sizeof(w->formats));
	memset(w->flows, 0, sizeof(w->flows));
	memset(w->senders, 0, sizeof(w->senders));
	memset(w->fronts, 0, sizeof(w->fronts));
	if (w->mqtt)
		mqtt_rebind(w->mqtt->gateway, view->routes);
}

/* ---- control's side -------------------------------------------------------------------------------------------------------------- */
struct tp_worker_view *tp_workers_set_view(struct tp_worker_view *view)
{
	struct tp_worker_view *before = tp_workers_view;

	__atomic_store_n(&view_swap.settled, false, __ATOMIC_RELAXED); /* is seen by who sees the view */
	__atomic_store_n(&tp_workers_view, view, __ATOMIC_RELEASE);
	for (unsigned int i = 0; i < tp_worker_slots_n; i++)
		__atomic_store_n(&tp_worker_slots[i]->next_view, view, __ATOMIC_RELEASE);
	view_swap.mark = tp_workers_mark();
	view_swap.sampled = false;
	return before;
}

uint64_t tp_workers_pattern_hits(const struct tp_pattern_db *db, uint32_t group)
{
	const struct tp_worker_view *view = __atomic_load_n(&tp_workers_view, __ATOMIC_ACQUIRE);
	uint64_t sum = 0;

	for (unsigned int i = 0; view && view->spec->patterns == db && i < TP_MAX_WORKERS; i++)
		if (view->scratch[i])
			sum += tp_pattern_hits(view->scratch[i], group);
	return sum;
}

bool tp_workers_pattern_count(const struct tp_pattern_db *db, uint64_t *hits)
{
	const struct tp_worker_view *view = __atomic_load_n(&tp_workers_view, __ATOMIC_ACQUIRE);

	if (!view || view->spec->patterns != db || !__atomic_load_n(&view_swap.settled, __ATOMIC_ACQUIRE))
		return false;
	for (uint32_t group = 0; group < tp_pattern_groups(db); group++)
		hits[group] = tp_workers_pattern_hits(db, group);
	return __atomic_load_n(&tp_workers_view, __ATOMIC_ACQUIRE) == view;
}

static void view_each_ring(void (*each)(const struct rte_ring *ring, uint32_t *tail))
{
	for (unsigned int to = 0; to < tp_worker_slots_n; to++)
		for (unsigned int from = 0; tp_worker_slots[to]->w.spread_in && from < tp_worker_slots_n; from++)
			if (tp_worker_slots[to]->w.spread_in[from])
				each(tp_worker_slots[to]->w.spread_in[from], &view_swap.tail[to][from]);
}

static void view_sample(const struct rte_ring *ring, uint32_t *tail)
{
	*tail = __atomic_load_n(&ring->prod.tail, __ATOMIC_ACQUIRE);
}

static void view_compare(const struct rte_ring *ring, uint32_t *tail)
{
	if ((int32_t)(__atomic_load_n(&ring->cons.tail, __ATOMIC_ACQUIRE) - *tail) < 0)
		__atomic_store_n(&view_swap.settled, false, __ATOMIC_RELEASE);
}

bool tp_workers_settled(void)
{
	if (view_swap.settled || !tp_workers_passed(view_swap.mark))
		return view_swap.settled;
	if (!view_swap.sampled) {
		view_each_ring(view_sample);
		view_swap.sampled = true;
		view_swap.mark = tp_workers_mark();
		return false;
	}
	__atomic_store_n(&view_swap.settled, true, __ATOMIC_RELEASE);
	view_each_ring(view_compare);
	return view_swap.settled;
}
