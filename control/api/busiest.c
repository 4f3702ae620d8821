/* SPDX-License-Identifier: BSD-3-Clause */
/* The busiest devices: a heap of the best so far with its least on top, so that memory is bounded by what is asked for and not by what there is. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "devices.h"
#include "tp_worker.h"

struct busiest_heap {
	struct api_ranked *at;
	unsigned int n, limit;
};

static void busiest_swap(struct api_ranked *a, struct api_ranked *b)
{
	struct api_ranked was = *a;

	*a = *b;
	*b = was;
}

static void busiest_rise(struct busiest_heap *heap, unsigned int i)
{
	while (i > 0 && heap->at[i].received < heap->at[(i - 1) / 2].received) {
		busiest_swap(&heap->at[i], &heap->at[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
}

static void busiest_sink(struct busiest_heap *heap)
{
	unsigned int i = 0, least = 0;

	do {
		i = least;
		for (unsigned int child = 2 * i + 1; child <= 2 * i + 2 && child < heap->n; child++)
			if (heap->at[child].received < heap->at[least].received)
				least = child;
		busiest_swap(&heap->at[i], &heap->at[least]);
	} while (least != i);
}

static void busiest_offer(struct busiest_heap *heap, struct api_ranked one)
{
	if (heap->n < heap->limit) {
		heap->at[heap->n] = one;
		busiest_rise(heap, heap->n++);
	} else if (heap->n && one.received > heap->at[0].received) {
		heap->at[0] = one;
		busiest_sink(heap);
	}
}

static int busiest_order(const void *a, const void *b)
{
	const struct api_ranked *x = a, *y = b;

	if (x->received != y->received)
		return x->received < y->received ? 1 : -1;
	return x->source < y->source ? -1 : 1;
}

static struct tp_slice busiest_device(const struct tp_plan_spec *spec, unsigned int source)
{
	return source ? spec->sources[source].device : TP_SLICE("nobody");
}

unsigned int api_busiest(const struct tp_plan_spec *spec, const char *part, struct api_ranked *to, unsigned int limit)
{
	struct busiest_heap heap = {.at = to, .limit = limit};

	for (unsigned int s = 0; s < spec->n_sources; s++) {
		struct api_ranked one = {.received = tp_book_sum(s, TP_C_received), .source = s};
		struct tp_slice device = busiest_device(spec, s);

		if (one.received && (!part || memmem(device.p, device.n, part, strlen(part))))
			busiest_offer(&heap, one);
	}
	qsort(to, heap.n, sizeof(*to), busiest_order);
	return heap.n;
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
