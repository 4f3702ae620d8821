/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Workers: their memory, their rings, their start and their end. Everything a worker will ever need is allocated here, before it runs.
 */
#include <errno.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "packet_guard.h"
#include "worker.h"

#define SPREAD_RING  1024
#define ENTRY_OCTETS 64 /* a batch has one entry for so many octets of data: keys and values are longer */

struct tp_worker_slot *tp_worker_slots[TP_MAX_WORKERS];
unsigned int tp_worker_slots_n;
struct tp_worker_orders tp_worker_orders;
struct tp_worker_view *tp_workers_view;
static bool launched;

/* Zeroed, page-aligned, in huge pages where the kernel has them. */
static void *worker_map(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	madvise(p, size, MADV_HUGEPAGE);
	return p;
}

static struct rte_ring *worker_ring(const char *what, unsigned int from, unsigned int to, unsigned int size)
{
	char name[RTE_RING_NAMESIZE];

	snprintf(name, sizeof(name), "%s-%u-%u", what, from, to);
	return rte_ring_create(name, rte_align32pow2(size + 1), SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
}

/* As many buckets as half of the batches can be open at once, of all topics. */
static uint16_t worker_buckets(const struct tp_worker_slot *slot)
{
	uint16_t buckets = TP_BUCKETS;

	while (buckets > 1 && (uint32_t)buckets * slot->w.spec->n_topics > slot->w.n_batches / 2)
		buckets /= 2;
	return buckets;
}

static int worker_make_batches(struct tp_worker_slot *slot)
{
	const struct tp_dataplane_spec *spec = tp_dataplane();
	uint32_t entries = spec->batch_bytes / ENTRY_OCTETS + 1;
	bool mqtt = slot->w.spec->n_mqtt_listeners > 0;

	slot->batches = calloc(spec->batches, sizeof(*slot->batches));
	slot->batch_data = worker_map((size_t)spec->batches * spec->batch_bytes);
	slot->batch_entries = worker_map((size_t)spec->batches * entries * sizeof(*slot->batch_entries));
	slot->w.sealed = worker_ring("sealed", slot->w.id, 0, spec->batches);
	slot->w.free_batches = worker_ring("free", slot->w.id, 0, spec->batches);
	slot->w.free_stack = calloc(spec->batches, sizeof(*slot->w.free_stack));
	slot->w.n_batches = spec->batches;
	if (mqtt)
		slot->batch_waiters = worker_map((size_t)spec->batches * entries * sizeof(*slot->batch_waiters));
	if (mqtt && !slot->batch_waiters)
		return -ENOMEM;
	slot->w.n_buckets = mqtt ? worker_buckets(slot) : 1;
	if (!slot->w.free_stack || !slot->batches || !slot->batch_data || !slot->batch_entries || !slot->w.sealed ||
	        !slot->w.free_batches)
		return -ENOMEM;
	for (uint32_t i = 0; i < spec->batches; i++) {
		slot->batches[i].worker = slot->w.id;
		slot->batches[i].index = (uint16_t)i;
		slot->batches[i].capacity = spec->batch_bytes;
		slot->batches[i].entry_capacity = entries;
		slot->batches[i].data = slot->batch_data + (size_t)i * spec->batch_bytes;
		slot->batches[i].entries = slot->batch_entries + (size_t)i * entries;
		slot->batches[i].waiters = slot->batch_waiters ? slot->batch_waiters + (size_t)i * entries : NULL;
		slot->w.free_stack[slot->w.free_count++] = &slot->batches[i];
	}
	return 0;
}

static int worker_make(unsigned int id)
{
	const struct tp_dataplane_spec *spec = tp_dataplane();
	struct tp_worker_slot *slot = aligned_alloc(RTE_CACHE_LINE_SIZE, sizeof(*slot));
	struct tp_worker *w;
	int rc;

	if (!slot)
		return -ENOMEM;
	memset(slot, 0, sizeof(*slot));
	tp_worker_slots[id] = slot;
	w = &slot->w;
	w->id = (uint16_t)id;
	w->n_workers = (uint16_t)spec->n_workers;
	w->paced = spec->paced;
	w->tsc_hz = rte_get_tsc_hz();
	w->books = worker_map(spec->n_sources * sizeof(*w->books));
	w->open = calloc(TP_MAX_TOPICS * TP_BUCKETS, sizeof(struct tp_batch *));
	w->arena_base = worker_map(spec->arena_bytes);
	w->fragments =
	        tp_fragments_new(spec->fragment_datagrams, spec->fragment_packets, spec->fragment_timeout_ms * w->tsc_hz / 1000);
	w->hit_list = calloc(TP_WORKER_HITS, sizeof(*w->hit_list));
	w->guard_state = tp_guard_state_new(spec->guard_sources);
	if (!w->books || !w->open || !w->arena_base || !w->fragments || !w->hit_list || !w->guard_state)
		return -ENOMEM;
	slot->next_view = tp_workers_view;
	tp_worker_take_view(slot);
	tp_worker_take_guard(slot);
	w->arena.end = w->arena_base + spec->arena_bytes;
	rc = worker_make_batches(slot);
	return rc == 0 ? tp_worker_make_mqtt(w) : rc;
}

/* Spreading is needed where a port has fewer queues than there are workers. */
static bool workers_must_spread(void)
{
	for (unsigned int p = 0; p < tp_ports_count(); p++)
		if (tp_ports[p].rx_queues < tp_worker_slots_n)
			return true;
	return false;
}

static int workers_make_spread(void)
{
	for (unsigned int i = 0; i < tp_worker_slots_n; i++) {
		tp_worker_slots[i]->w.spread_out = calloc(tp_worker_slots_n, sizeof(struct rte_ring *));
		tp_worker_slots[i]->w.spread_in = calloc(tp_worker_slots_n, sizeof(struct rte_ring *));
		if (!tp_worker_slots[i]->w.spread_out || !tp_worker_slots[i]->w.spread_in)
			return -ENOMEM;
	}
	for (unsigned int from = 0; from < tp_worker_slots_n; from++) {
		for (unsigned int to = 0; to < tp_worker_slots_n; to++) {
			struct rte_ring *ring;

			if (from == to)
				continue;
			ring = worker_ring("spread", from, to, SPREAD_RING);
			if (!ring)
				return -ENOMEM;
			tp_worker_slots[from]->w.spread_out[to] = ring;
			tp_worker_slots[to]->w.spread_in[from] = ring;
		}
	}
	return 0;
}

static int workers_launch(void)
{
	unsigned int lcore, i = 0;

	RTE_LCORE_FOREACH_WORKER(lcore)
	{
		int rc;

		if (i == tp_worker_slots_n)
			break;
		tp_worker_slots[i]->lcore = lcore;
		rc = rte_eal_remote_launch(tp_worker_loop, tp_worker_slots[i], lcore);
		if (rc != 0)
			return rc;
		i++;
	}
	return i == tp_worker_slots_n ? 0 : -ENODEV;
}

int tp_workers_start(const struct tp_plan *plan, char *err, size_t err_len)
{
	int rc;

	tp_worker_slots_n = tp_dataplane()->n_workers;
	tp_worker_orders = (struct tp_worker_orders){0};
	rc = tp_worker_view_new(plan, tp_worker_slots_n, &tp_workers_view);
	for (unsigned int i = 0; rc == 0 && i < tp_worker_slots_n; i++)
		rc = worker_make(i);
	if (rc == 0 && tp_worker_slots_n > 1 && workers_must_spread())
		rc = workers_make_spread();
	if (rc == 0 && tp_worker_slots_n > 1)
		rc = tp_workers_make_notes();
	if (rc < 0) {
		snprintf(err, err_len, "no memory for the workers (%s): give batches, fragments or sources less", strerror(-rc));
		return rc;
	}
	rc = tp_graphs_make(err, err_len);
	if (rc < 0)
		return rc;
	launched = true;
	rc = workers_launch();
	if (rc < 0)
		snprintf(err, err_len, "cannot start the worker threads: %s", strerror(-rc));
	return rc;
}

void tp_workers_stop_rx(void)
{
	__atomic_store_n(&tp_worker_orders.stop_rx, true, __ATOMIC_RELEASE);
}

bool tp_workers_drained(void)
{
	for (unsigned int i = 0; i < tp_worker_slots_n; i++)
		if (!__atomic_load_n(&tp_worker_slots[i]->drained, __ATOMIC_ACQUIRE))
			return false;
	return true;
}

static void worker_free(struct tp_worker_slot *slot)
{
	const struct tp_dataplane_spec *spec = tp_dataplane();
	uint32_t entries = spec->batch_bytes / ENTRY_OCTETS + 1;
	struct tp_worker *w = &slot->w;

	tp_worker_free_mqtt(w);
	for (unsigned int i = 0; w->spread_out && i < tp_worker_slots_n; i++)
		rte_ring_free(w->spread_out[i]);
	free(w->spread_out);
	free(w->spread_in);
	rte_ring_free(w->sealed);
	rte_ring_free(w->free_batches);
	tp_fragments_free(w->fragments);
	tp_guard_state_free(w->guard_state);
	free(w->hit_list);
	free(w->free_stack);
	free(w->open);
	if (w->books)
		munmap(w->books, spec->n_sources * sizeof(*w->books));
	if (w->arena_base)
		munmap(w->arena_base, spec->arena_bytes);
	if (slot->batch_data)
		munmap(slot->batch_data, (size_t)spec->batches * spec->batch_bytes);
	if (slot->batch_entries)
		munmap(slot->batch_entries, (size_t)spec->batches * entries * sizeof(*slot->batch_entries));
	if (slot->batch_waiters)
		munmap(slot->batch_waiters, (size_t)spec->batches * entries * sizeof(*slot->batch_waiters));
	free(slot->batches);
	free(slot);
}

void tp_workers_stop(void)
{
	__atomic_store_n(&tp_worker_orders.stop, true, __ATOMIC_RELEASE);
	if (launched)
		rte_eal_mp_wait_lcore();
	launched = false;
	tp_graphs_destroy();
	for (unsigned int i = 0; i < tp_worker_slots_n; i++) {
		if (tp_worker_slots[i])
			worker_free(tp_worker_slots[i]);
		tp_worker_slots[i] = NULL;
	}
	tp_worker_guard_free();
	tp_worker_slots_n = 0;
	tp_worker_view_free(tp_workers_view);
	tp_workers_view = NULL;
}

unsigned int tp_workers_count(void)
{
	return tp_worker_slots_n;
}

uint64_t tp_book_sum(unsigned int source, enum tp_counter counter)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < tp_worker_slots_n; i++)
		sum += __atomic_load_n(&tp_worker_slots[i]->w.books[source].c[counter], __ATOMIC_RELAXED);
	return sum;
}

static void worker_seen(const struct tp_seen *from, struct tp_seen *to)
{
	const int64_t *in = (const int64_t *)from;
	int64_t *out = (int64_t *)to;

	for (size_t i = 0; i < sizeof(*to) / sizeof(*out); i++)
		out[i] = __atomic_load_n(&in[i], __ATOMIC_RELAXED);
}

void tp_book_seen(unsigned int source, struct tp_seen *seen)
{
	*seen = (struct tp_seen){0};
	for (unsigned int i = 0; i < tp_worker_slots_n; i++) {
		struct tp_seen one;

		worker_seen(&tp_worker_slots[i]->w.books[source].seen, &one);
		tp_seen_join(seen, &one);
	}
}

void tp_book_add(unsigned int source, uint64_t *c)
{
	const struct tp_book *books[TP_MAX_WORKERS];
	unsigned int n = tp_worker_slots_n;

	for (unsigned int w = 0; w < n; w++)
		books[w] = &tp_worker_slots[w]->w.books[source];
	for (unsigned int i = TP_COUNTER_COUNT; i-- > 0;)
		for (unsigned int w = 0; w < n; w++)
			c[i] += __atomic_load_n(&books[w]->c[i], __ATOMIC_RELAXED);
}

void tp_worker_load(unsigned int worker, struct tp_worker_load *load)
{
	const struct tp_worker_load *now = &tp_worker_slots[worker]->load;

	load->busy_cycles = __atomic_load_n(&now->busy_cycles, __ATOMIC_RELAXED); /* before total: never more than it */
	load->total_cycles = __atomic_load_n(&now->total_cycles, __ATOMIC_RELAXED);
	load->walks = __atomic_load_n(&now->walks, __ATOMIC_RELAXED);
}
