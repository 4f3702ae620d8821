/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How much memory a specification needs. The EAL's share (-m) holds what DPDK allocates; it is sized with room to spare, because
 * ordinary memory that is not touched costs nothing and a pool that does not fit ends the start. Batches come from malloc.
 */
#include "setup.h"

#include "tp_batch.h"
#include "tp_decoder.h"
#include "tp_stats.h"

#define MEMORY_MIB        (UINT64_C(1) << 20)
#define MEMORY_BASE       (48 * MEMORY_MIB) /* what EAL, ethdev and graph take for themselves */
#define MEMORY_WORKER     (4 * MEMORY_MIB)  /* graph of a worker, its rings, its pattern scratch */
#define MEMORY_QUEUE      (1 * MEMORY_MIB)  /* descriptors and software rings of a queue pair */
#define MEMORY_BURST      64                /* packets a worker takes at once */
#define MEMORY_CACHE      (512 + 512 / 2)   /* buffers that lie in the cache of an lcore */
#define MEMORY_XDP_FILL   4096              /* the AF_XDP driver's fill ring of a queue */
#define MEMORY_FRAGMENT   256               /* store entry of a datagram or a fragment, octets, rounded up */
#define MEMORY_SPREAD_MAX 8192 /* buffers that may wait in front of a worker; what is above is dropped for want of buffers */
#define MEMORY_MBUFS_MIN  4096

uint16_t tp_port_queues_wanted(const struct tp_dataplane_spec *spec, const struct tp_host *host, unsigned int i)
{
	const struct tp_port_spec *port = &spec->ports[i];

	if (port->type == TP_PORT_PCAP)
		return 1;
	if (port->queues > 0)
		return port->queues;
	/* An AF_XDP queue that nobody opens keeps its packets from us, so all are. */
	if (port->type == TP_PORT_AF_XDP)
		return host->channels[i] > 0 ? host->channels[i] : 1;
	return (uint16_t)spec->n_workers;
}

/* Buffers that lie in the queues of a port while nobody takes them. */
static uint64_t memory_port_mbufs(const struct tp_dataplane_spec *spec, const struct tp_host *host, unsigned int i)
{
	const struct tp_port_spec *port = &spec->ports[i];
	uint64_t queues = tp_port_queues_wanted(spec, host, i);

	if (port->type == TP_PORT_PCAP)
		return port->pcap_repeat ? host->packets[i] : 0;
	return queues * (port->rx_descriptors + port->tx_descriptors + (port->type == TP_PORT_AF_XDP ? MEMORY_XDP_FILL : 0));
}

/* Buffers on their way through a worker: two bursts, one burst whose datagrams hold many records, fragments, what others hand over. */
static uint64_t memory_worker_mbufs(const struct tp_dataplane_spec *spec)
{
	return 2 * MEMORY_BURST + MEMORY_BURST * TP_RESULTS_MAX + spec->fragment_packets + MEMORY_CACHE +
	       RTE_MIN((spec->n_workers - 1) * TP_SPREAD_SLOTS, (unsigned int)MEMORY_SPREAD_MAX);
}

static uint32_t memory_clamp(uint64_t n)
{
	return n > INT32_MAX ? INT32_MAX : (uint32_t)n;
}

static uint64_t memory_queues(const struct tp_dataplane_spec *spec, const struct tp_host *host)
{
	uint64_t queues = 0;

	for (unsigned int i = 0; i < spec->n_ports; i++)
		queues += tp_port_queues_wanted(spec, host, i);
	return queues;
}

static void memory_mbufs(const struct tp_dataplane_spec *spec, const struct tp_host *host, struct tp_memory *memory)
{
	uint64_t ports = 0, all;

	for (unsigned int i = 0; i < spec->n_ports; i++)
		ports += memory_port_mbufs(spec, host, i);
	all = ports + spec->n_workers * memory_worker_mbufs(spec) + MEMORY_CACHE;
	all = RTE_MAX(all, (uint64_t)MEMORY_MBUFS_MIN);
	memory->mbufs_least = memory_clamp(ports + spec->n_workers * (2 * MEMORY_BURST + MEMORY_CACHE));
	memory->mbufs = spec->mbufs ? spec->mbufs : memory_clamp(all);
}

/* Private memory of a worker: books, arena, reassembly store. */
static uint64_t memory_worker(const struct tp_dataplane_spec *spec)
{
	uint64_t fragments = (uint64_t)spec->fragment_datagrams + spec->fragment_packets;

	return spec->n_sources * (uint64_t)sizeof(struct tp_book) + spec->arena_bytes + fragments * MEMORY_FRAGMENT + MEMORY_WORKER;
}

void tp_memory_size(const struct tp_dataplane_spec *spec, const struct tp_host *host, struct tp_memory *memory)
{
	uint64_t pool, ring, batch;
	struct tp_pool_layout layout;

	memory_mbufs(spec, host, memory);
	tp_pool_layout(spec, &layout);
	/* The pool's ring and, for a repeated capture, the driver's ring of packets: a pointer a buffer, sizes are powers of two. */
	ring = 2 * sizeof(void *) * (uint64_t)rte_align64pow2(memory->mbufs + 1);
	pool = (uint64_t)memory->mbufs * layout.total + 2 * ring + RTE_MAX_LCORE * sizeof(struct rte_mempool_cache);
	memory->eal = MEMORY_BASE + pool + memory_queues(spec, host) * MEMORY_QUEUE + spec->n_workers * memory_worker(spec);
	batch = spec->batch_bytes + spec->batch_bytes / 64 * sizeof(struct tp_batch_entry) + sizeof(struct tp_batch);
	memory->batches = (uint64_t)spec->n_workers * spec->batches * batch;
	memory->eal_mb = (uint32_t)((memory->eal + memory->eal / 32 + MEMORY_MIB - 1) / MEMORY_MIB);
	/* Whole megabytes, and an even number: hugepages have two. */
	memory->eal_mb += memory->eal_mb & 1;
}

uint64_t tp_dataplane_memory(const struct tp_dataplane_spec *spec)
{
	struct tp_memory memory;
	struct tp_host host;
	char err[256];

	/* A device that is missing counts as if it were there with one queue and no packets. */
	tp_host_read(spec, &host, err, sizeof(err));
	tp_memory_size(spec, &host, &memory);
	return (spec->memory_mb ? spec->memory_mb * MEMORY_MIB : memory.eal_mb * MEMORY_MIB) + memory.batches;
}
