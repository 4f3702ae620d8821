/* SPDX-License-Identifier: BSD-3-Clause */
/* The busiest devices: a heap of the best so far with its least on top, so that memory is bounded by what is asked for and not by what there is. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "devices.h"
#include "tp_worker.h"

static void busiest_swap(struct api_ranked *a, struct api_ranked *b)
{
	struct api_ranked was = *a;

	*a = *b;
	*b = was;
}

static void busiest_rise(struct api_ranking *heap, unsigned int i)
{
	while (i > 0 && heap->at[i].by < heap->at[(i - 1) / 2].by) {
		busiest_swap(&heap->at[i], &heap->at[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
}

static void busiest_sink(struct api_ranking *heap)
{
	unsigned int i = 0, least = 0;

	do {
		i = least;
		for (unsigned int child = 2 * i + 1; child <= 2 * i + 2 && child < heap->n; child++)
			if (heap->at[child].by < heap->at[least].by)
				least = child;
		busiest_swap(&heap->at[i], &heap->at[least]);
	} while (least != i);
}

void api_ranking_offer(struct api_ranking *heap, uint64_t by, unsigned int source)
{
	const struct api_ranked one = {.by = by, .source = source};

	if (heap->n < heap->limit) {
		heap->at[heap->n] = one;
		busiest_rise(heap, heap->n++);
	} else if (heap->n && by > heap->at[0].by) {
		heap->at[0] = one;
		busiest_sink(heap);
	}
}

static int busiest_order(const void *a, const void *b)
{
	const struct api_ranked *x = a, *y = b;

	if (x->by != y->by)
		return x->by < y->by ? 1 : -1;
	return x->source < y->source ? -1 : 1;
}

unsigned int api_ranking_end(struct api_ranking *heap)
{
	qsort(heap->at, heap->n, sizeof(*heap->at), busiest_order);
	return heap->n;
}

static struct tp_slice busiest_device(const struct tp_plan_spec *spec, unsigned int source)
{
	return source ? spec->sources[source].device : TP_SLICE("nobody");
}

unsigned int api_busiest(const struct tp_plan_spec *spec, const char *part, struct api_ranked *to, unsigned int limit)
{
	struct api_ranking heap = {.at = to, .limit = limit};

	for (unsigned int s = 0; s < spec->n_sources; s++) {
		uint64_t received = tp_book_sum(s, TP_C_received);
		struct tp_slice device = busiest_device(spec, s);

		if (received && (!part || memmem(device.p, device.n, part, strlen(part))))
			api_ranking_offer(&heap, received, s);
	}
	return api_ranking_end(&heap);
}

int api_device(const struct tp_plan_spec *spec, const char *device)
{
	size_t n = strlen(device);

	for (unsigned int s = 0; s < spec->n_sources; s++) {
		struct tp_slice found = busiest_device(spec, s);

		if (found.n == n && memcmp(found.p, device, n) == 0)
			return (int)s;
	}
	return -1;
}
